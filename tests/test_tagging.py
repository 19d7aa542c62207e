"""Tag schemes, against plain encoders that write each scheme word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from helpers.tagging import (
    Scheme,
    Span,
    TagError,
    detect_scheme,
    entity_spans,
    id2label,
    label2id,
    label_names,
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


def encode(spans: list[Span], n_words: int, scheme: Scheme) -> list[str]:
    """The scheme's definition, read aloud."""
    tags = ["O"] * n_words
    for type_, start, end in spans:
        for position in range(start, end):
            first, last = position == start, position == end - 1
            if scheme == "IOB1":
                touches = any(other == type_ and stop == start for other, _, stop in spans)
                prefix = "B" if first and touches else "I"
            elif scheme == "IOB2":
                prefix = "B" if first else "I"
            else:
                close, single = ("E", "S") if scheme == "IOBES" else ("L", "U")
                prefix = single if first and last else "B" if first else close if last else "I"
            tags[position] = f"{prefix}-{type_}"
    return tags


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
    assert to_iob2(tags, scheme) == encode(spans, n_words, "IOB2") == spans_to_tags(spans, n_words)


@given(annotated())
def test_bare_types_join_neighbours_of_one_type(sentence: tuple[list[Span], int]) -> None:
    spans, n_words = sentence
    bare = [split_tag(tag)[1] or "O" for tag in encode(spans, n_words, "IOB2")]
    converted = to_iob2(bare, "bare")
    assert [split_tag(tag)[1] or "O" for tag in converted] == bare
    before = ["O", *bare]
    assert [tag[0] for tag in converted] == [
        "O" if tag == "O" else "I" if tag == before[at] else "B" for at, tag in enumerate(bare)
    ]


@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIES" for t in TYPES)]), max_size=9))
def test_entity_spans_reads_wrong_tags_as_seqeval_does(tags: list[str]) -> None:
    expected = [(type_, start, end + 1) for type_, start, end in get_entities(tags)]
    assert entity_spans(tags) == expected


@given(st.lists(annotated(), min_size=1, max_size=6), st.sampled_from(SCHEMES))
def test_detected_scheme_keeps_the_spans(
    corpus: list[tuple[list[Span], int]], scheme: Scheme
) -> None:
    tagged = [encode(spans, n_words, scheme) for spans, n_words in corpus]
    detected = detect_scheme(tagged)
    read = [entity_spans(to_iob2(tags, detected)) for tags in tagged]
    assert read == [spans for spans, _ in corpus]
    prefixes = {split_tag(tag)[0] for tags in tagged for tag in tags}
    if prefixes & set("ESLU"):
        assert detected == scheme


@pytest.mark.parametrize(
    ("corpus", "scheme"),
    [
        ([["O"], []], "IOB2"),
        ([["B-a", "I-a"], ["B-a"]], "IOB2"),
        ([["I-a", "I-a"], ["O", "B-b"]], None),
        ([["I-a", "B-a"], ["O", "I-b"]], "IOB1"),
        ([["S-a"]], "IOBES"),
        ([["B-a", "E-a"], ["O"]], "IOBES"),
        ([["U-a"]], "BILOU"),
        ([["B-a", "L-a"], ["O"]], "BILOU"),
        ([["a", "O", "b-c"]], "bare"),
    ],
)
def test_detect_scheme(corpus: list[list[str]], scheme: Scheme | None) -> None:
    if scheme is None:
        with pytest.raises(TagError):
            detect_scheme(corpus)
    else:
        assert detect_scheme(corpus) == scheme


@pytest.mark.parametrize(
    ("corpus", "sentence", "position", "message"),
    [
        ([["O"], ["B-a", "a"]], 1, 1, "the tag 'a' has no prefix"),
        ([["B-a", "I-a"], ["O", "I-a"]], 1, 1, "the tag 'I-a' cannot follow in IOB2: found 'O'"),
        ([["I-b", "B-a"]], 0, 0, "the tag 'I-b' cannot follow in IOB2: found nothing before it"),
        ([["B-a", "E-a"], ["B-a", "O"]], 1, 1, "the tag 'O' cannot follow in IOBES: found 'B-a'"),
        ([["S-a"], ["B-a"]], 1, 0, "the end of the sentence cannot follow in IOBES: found 'B-a'"),
        ([["U-a", "L-a"]], 0, 1, "the tag 'L-a' cannot follow in BILOU: found 'U-a'"),
        ([["B-a", "E-a", "U-a"]], 0, 2, "the tag 'U-a' belongs to BILOU"),
    ],
)
def test_faults_are_named_with_their_place(
    corpus: list[list[str]], sentence: int, position: int, message: str
) -> None:
    with pytest.raises(TagError, match=message) as caught:
        detect_scheme(corpus)
    assert (caught.value.sentence, caught.value.position) == (sentence, position)


@pytest.mark.parametrize(
    ("tags", "scheme", "position", "message"),
    [
        (["O", "S-a"], "IOB2", 1, "the tag 'S-a' is not one of IOB2; expected 'O' or B-, I-"),
        (["a"], "IOBES", 0, "the tag 'a' is not one of IOBES; expected 'O' or B-, E-, I-, S-"),
        (["a", "B-a"], "bare", 1, "not one of bare; expected 'O' or a type without a prefix"),
        (["O", "B-a"], "IOB1", 1, "the tag 'B-a' cannot follow in IOB1"),
        (["B-a", "I-b"], "IOB2", 1, "the tag 'I-b' cannot follow in IOB2: found 'B-a'"),
    ],
)
def test_to_iob2_refuses_what_the_scheme_does_not_allow(
    tags: list[str], scheme: Scheme, position: int, message: str
) -> None:
    with pytest.raises(TagError, match=message) as caught:
        to_iob2(tags, scheme)
    assert caught.value.position == position


@given(
    st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIESLU" for t in "xy")]), max_size=7),
    st.sampled_from(SCHEMES),
)
def test_a_scheme_allows_exactly_what_its_encoder_writes(tags: list[str], scheme: Scheme) -> None:
    allowed = encode(entity_spans(tags), len(tags), scheme) == tags
    try:
        to_iob2(tags, scheme)
    except TagError:
        assert not allowed
    else:
        assert allowed


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
