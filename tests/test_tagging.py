"""Tag schemes, against plain encoders that write each scheme word by word."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import encode
from seqeval.metrics.sequence_labeling import get_entities

from helpers.tagging import (
    Scheme,
    Span,
    TagError,
    entity_spans,
    find_scheme,
    find_spelling,
    id2label,
    label2id,
    label_names,
    may_follow,
    spans_to_tags,
    split_tag,
    to_iob2,
)

TYPES = ["person", "creative-work", "E"]
SCHEMES: list[Scheme] = ["IOB1", "IOB2", "IOBES", "BILOU"]


@st.composite
def annotated(draw: st.DrawFn) -> tuple[list[Span], int]:
    """The spans of a sentence, with and without words between them, and its length."""
    spans: list[Span] = []
    end = 0
    for _ in range(draw(st.integers(0, 4))):
        start = end + draw(st.integers(0, 2))
        end = start + draw(st.integers(1, 3))
        spans.append((draw(st.sampled_from(TYPES)), start, end))
    return spans, end + draw(st.integers(0, 2))


def test_label_names_put_o_first_and_b_before_i() -> None:
    names = label_names(["product", "corporation", "product"])
    assert names == ["O", "B-corporation", "I-corporation", "B-product", "I-product"]
    assert label_names([]) == ["O"]


@given(st.sets(st.text(min_size=1), max_size=8))
def test_ids_and_labels_are_inverse_and_i_follows_b(types: set[str]) -> None:
    names = label_names(types)
    ids = label2id(names)
    assert {index: label for label, index in ids.items()} == id2label(names)
    assert all(
        ids[f"B-{type_}"] % 2 == 1 and ids[f"I-{type_}"] == ids[f"B-{type_}"] + 1 for type_ in types
    )


@pytest.mark.parametrize(
    ("tag", "parts"),
    [
        ("O", ("O", "")),
        ("B-person", ("B", "person")),
        ("L-creative-work", ("L", "creative-work")),
        ("I--", ("I", "-")),
        ("person", ("", "person")),
        ("creative-work", ("", "creative-work")),
        ("X-person", ("", "X-person")),
        ("b-person", ("", "b-person")),
        ("B-", ("", "B-")),
        ("B", ("", "B")),
        ("", ("", "")),
    ],
)
def test_split_tag(tag: str, parts: tuple[str, str]) -> None:
    assert split_tag(tag) == parts


@given(annotated(), st.sampled_from(SCHEMES))
def test_every_scheme_holds_the_spans_and_converts_to_iob2(
    sentence: tuple[list[Span], int], scheme: Scheme
) -> None:
    spans, n_words = sentence
    tags = encode(spans, n_words, scheme)
    assert entity_spans(tags) == spans
    assert to_iob2(tags) == encode(spans, n_words, "IOB2") == spans_to_tags(spans, n_words)


@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIES" for t in TYPES)]), max_size=9))
def test_entity_spans_reads_wrong_tags_as_seqeval_does(tags: list[str]) -> None:
    expected = [(type_, start, end + 1) for type_, start, end in get_entities(tags)]
    assert entity_spans(tags) == expected


ANY = [*(f"{prefix}-{type_}" for prefix in "BIESLU" for type_ in "xy")]


@given(st.lists(st.sampled_from(["O", *ANY]), max_size=9))
def test_any_tags_become_iob2_with_the_same_spans(tags: list[str]) -> None:
    converted = to_iob2(tags)
    assert entity_spans(converted) == entity_spans(tags)
    assert encode(entity_spans(tags), len(tags), "IOB2") == converted


@given(st.lists(annotated(), min_size=1, max_size=6), st.sampled_from(SCHEMES))
def test_the_scheme_of_well_formed_tags_is_found(
    corpus: list[tuple[list[Span], int]], scheme: Scheme
) -> None:
    tagged = [encode(spans, n_words, scheme) for spans, n_words in corpus]
    found, irregular, first = find_scheme(tagged)
    prefixes = {split_tag(tag)[0] for tags in tagged for tag in tags}
    if scheme in ("IOB1", "IOB2") or prefixes & set("ESLU"):
        assert (irregular, first) == (0, None)
        assert found == scheme or tagged == [encode(*one, found) for one in corpus]


@pytest.mark.parametrize(
    ("corpus", "found"),
    [
        ([["O"], []], ("IOB2", 0, None)),
        ([["B-a", "I-a"], ["B-a"]], ("IOB2", 0, None)),
        ([["I-a", "B-a"], ["O", "I-b"]], ("IOB1", 0, None)),
        ([["I-a", "I-a"], ["O", "B-b"], ["I-a"]], ("IOB1", 1, (1, 1))),
        ([["B-a", "I-a"], ["O", "I-a"], ["B-a"]], ("IOB2", 1, (1, 1))),
        ([["S-a"]], ("IOBES", 0, None)),
        ([["B-a", "E-a"], ["B-a", "O"]], ("IOBES", 1, (1, 1))),
        ([["S-a"], ["B-a"]], ("IOBES", 1, (1, 0))),
        ([["U-a"]], ("BILOU", 0, None)),
        ([["U-a", "L-a"]], ("BILOU", 1, (0, 1))),
    ],
)
def test_find_scheme(
    corpus: list[list[str]], found: tuple[Scheme, int, tuple[int, int] | None]
) -> None:
    assert find_scheme(corpus) == found


@given(st.lists(st.sampled_from(["O", *ANY]), max_size=7), st.sampled_from(SCHEMES))
def test_a_scheme_allows_exactly_what_its_encoder_writes(tags: list[str], scheme: Scheme) -> None:
    letters = {"IOB1": "BI", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}[scheme]
    tags = [tag for tag in tags if tag[0] in f"O{letters}"]
    allowed = all(
        may_follow(before, tag, scheme)
        for before, tag in zip(["O", *tags], [*tags, "O"], strict=True)
    )
    assert allowed == (encode(entity_spans(tags), len(tags), scheme) == tags)


@pytest.mark.parametrize(
    ("counts", "tags"),
    [
        ({"B-a": 1, "O": 3}, {"B-a": "B-a", "O": "O"}),
        ({"b_a": 1, "m_a": 1, "o": 3}, {"b_a": "B-a", "m_a": "I-a", "o": "O"}),
        ({"a:B": 1, "a:W": 1, "OTHER": 3}, {"a:B": "B-a", "a:W": "S-a", "OTHER": "O"}),
        ({"B": 1, "I": 1, "0": 3}, {"B": "B-entity", "I": "I-entity", "0": "O"}),
        ({"B-a": 1, "O": 3, "o": 1}, {"B-a": "B-a", "O": "O", "o": "O"}),
        ({"S-a": 1, "O": 3}, {"S-a": "S-a", "O": "O"}),
        ({"a": 9, "o": 3, "O": 9}, {"a": "I-a", "o": "I-o", "O": "O"}),
        (
            {"E-mail": 9, "person": 9, "O": 9},
            {"E-mail": "I-E-mail", "person": "I-person", "O": "O"},
        ),
        ({"E-mail": 9, "_": 9}, {"E-mail": "I-E-mail", "_": "O"}),
        ({"O": 3}, {"O": "O"}),
    ],
)
def test_find_spelling(counts: dict[str, int], tags: dict[str, str]) -> None:
    assert find_spelling(counts).tags == tags


@pytest.mark.parametrize(
    ("counts", "odd", "message"),
    [
        ({"O": 9, "B-a": 2, "a": 2}, "a", "the tag 'a' is not written like the others, such as 'B"),
        ({"O": 9, "B-a": 2, "B_a": 2}, "B_a", "the tag 'B_a' is not written like the others"),
        ({"O": 9, "B-a": 2, "S-a": 1, "a": 2}, "a", "the tag 'a' is not written like the others"),
        ({"O": 9, "1": 2, "2": 2}, None, "the tags are numbers, such as '1', '2'; say which tag"),
        ({"*": 9, "(PER": 2}, "(PER", "the tag '(PER' looks like the brackets of OntoNotes; writ"),
        ({"NN": 9, "VB": 9}, None, "no word is tagged 'O', and the tags ('NN', 'VB') have no"),
        ({"O": 9, "a": 1, "b": 1}, None, "('a', 'b'; 2 different ones on 2 words) do not look"),
        (
            {"O": 2, "B_x": 1, "B-x": 2},
            "B-x",
            "not written like the others, such as 'B_x'",
        ),
        ({"O": 1, "OTHER": 1, "B-x": 2}, "OTHER", "the tag 'OTHER' is not written like the others"),
        (
            {"O": 1, "B-": 3, "I-": 1},
            "B-",
            "do not look like types of entities, since types repeat",
        ),
        ({"O": 9, "a?": 9}, "a?", "do not look like types of entities, since types repeat; give"),
    ],
)
def test_what_is_no_spelling(counts: dict[str, int], odd: str | None, message: str) -> None:
    with pytest.raises(TagError, match=re.escape(message)) as caught:
        find_spelling(counts)
    assert odd is None or caught.value.tag == odd


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([("a", 1, 1)], r"\('a', 1, 1\) does not lie in a sentence of 3 words"),
        ([("a", -1, 1)], "does not lie"),
        ([("a", 2, 4)], "does not lie"),
        ([("a", 0, 2), ("b", 1, 3)], r"\('b', 1, 3\) overlaps another"),
    ],
)
def test_spans_to_tags_refuses_wrong_spans(spans: list[Span], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spans_to_tags(spans, 3)
