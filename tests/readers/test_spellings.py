"""Tags in any spelling mean the same to readers, to `to_iob2` and, through it, to the scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import Annotated, sentences
from test_round_trip import SCHEMES, SPELLINGS, tags_of

from helpers import metrics, readers
from helpers.readers.split import Sentence, Split
from helpers.tagging import TagError, spans_to_tags, to_iob2

CORPUS = sentences(words=st.just("w"), types=["PER", "creative-work", "LOC"])


@given(
    corpus=CORPUS,
    scheme=st.sampled_from(SCHEMES),
    spelling=st.sampled_from([*SPELLINGS]),
    outside=st.sampled_from(["O", "o", "0", "_", "OTHER"]),
)
def test_one_rule_reads_all(
    corpus: list[Annotated], scheme: str, spelling: str, outside: str
) -> None:
    if spelling in ("suffix", "alone", "small, alone") and scheme == "IOB1":
        scheme = "IOB2"
    if "alone" in spelling:
        corpus = [(words, [("entity", *span[1:]) for span in spans]) for words, spans in corpus]
    written = [tags_of(one, scheme, SPELLINGS[spelling], outside) for one in corpus]
    expected = [spans_to_tags(spans, len(words)) for words, spans in corpus]
    split = Split(
        name="a",
        sentences=[
            Sentence(str(at), words, tags, [1] * len(words))
            for at, ((words, _), tags) in enumerate(zip(corpus, written, strict=True))
        ],
    )
    assert [one.tags for one in readers.in_iob2({"train": split})["train"].sentences] == expected
    together = [tag for tags in written for tag in [*tags, outside]]  # O ends every sentence
    assert to_iob2(together) == [tag for tags in expected for tag in [*tags, "O"]]
    assert metrics.entity_scores([to_iob2(together)], [to_iob2(together)])["f1"] == 1


@pytest.mark.parametrize("tags", [["O", "B", "I", "I", "O"], ["o", "b", "i", "i", "o"]])
def test_prefixes_alone_are_one_entity(tags: list[str]) -> None:
    assert to_iob2(tags) == ["O", "B-entity", "I-entity", "I-entity", "O"]


@pytest.mark.parametrize("tags", [["B-PER", "per", "O"], ["NN", "VB"], ["(PER", "*)"], ["1", "0"]])
def test_what_is_no_spelling_is_refused(tags: list[str]) -> None:
    with pytest.raises(TagError, match="the tag"):
        to_iob2(tags)


def test_what_scores_refuse_can_be_converted() -> None:
    gold = [["b", "i", "o"]]
    with pytest.raises(ValueError, match=r"found 'b'; .* helpers\.tagging\.to_iob2"):
        metrics.entity_scores(gold, gold)
    converted = [to_iob2(tags) for tags in gold]
    assert metrics.entity_scores(converted, converted)["types"]["entity"]["support"] == 1
