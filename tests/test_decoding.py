"""Decoding, against all legal sequences of short sentences tried one by one."""

import itertools
import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, IOBES, Entities

from helpers import tagging
from helpers.decoding import (
    Decoder,
    choose_outside_bias,
    label_scheme,
    legal_transitions,
    to_tags,
)
from helpers.tagging import entity_spans

LABELS = {
    "IOB2": ["O", "B-x", "I-x", "B-y-z", "I-y-z"],
    "IOB2 in another order": ["I-O", "B-x", "O", "B-O", "I-x"],
    "IOB1": ["O", "I-x", "B-x", "I-y"],
    "IOBES": ["O", "B-x", "I-x", "E-x", "S-x"],
    "BILOU": ["B-x", "I-x", "L-x", "U-x", "O"],
    "bare": ["O", "x", "y"],
    "a label more": ["O", "B-x", "I-x", "PAD"],
}


def best_by_trying(names: list[str], scores: Any) -> list[int]:
    """The legal sequence with the highest sum; the first label of those that are as good."""
    allowed = legal_transitions(names)
    outside = names.index("O")
    legal = [
        labels
        for labels in itertools.product(range(len(names)), repeat=len(scores))
        if all(allowed[pair] for pair in itertools.pairwise((outside, *labels, outside)))
    ]
    return list(max(legal, key=lambda labels: sum(scores[range(len(scores)), labels])))


@st.composite
def scored_sentences(draw: st.DrawFn) -> tuple[list[str], list[Any]]:
    """Labels, and for each sentence the scores of its words; sums have no equals."""
    names = LABELS[draw(st.sampled_from(sorted(LABELS)))]
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.lists(st.integers(0, 5), max_size=6))
    return names, [log_softmax(random.normal(size=(n, len(names))) * 3, axis=-1) for n in lengths]


@given(scored_sentences())
def test_the_best_legal_sequence_is_found(case: tuple[list[str], list[Any]]) -> None:
    names, sentences = case
    scores = np.concatenate([*sentences, np.empty((0, len(names)))])
    lengths = [len(sentence) for sentence in sentences]
    found = Decoder(names)(scores, np.ones(len(scores), dtype=bool), lengths)
    assert found == [
        [names[label] for label in best_by_trying(names, sentence)] for sentence in sentences
    ]


@given(scored_sentences(), st.data())
def test_a_word_that_no_model_saw_is_outside_or_goes_on(
    case: tuple[list[str], list[Any]], data: st.DataObject
) -> None:
    """It costs nothing and says nothing: the others are labelled as if it were not there."""
    names, sentences = case
    scores = np.concatenate([*sentences, np.empty((0, len(names)))])
    lengths = [len(sentence) for sentence in sentences]
    size = len(scores)
    read = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=bool)
    tagged = Decoder(names)(np.where(read[:, None], scores, np.nan), read, lengths)
    ends = np.cumsum(lengths).tolist()
    for tags, start, end in zip(tagged, [0, *ends], ends, strict=False):
        seen = np.flatnonzero(read[start:end])
        tags_seen = [tags[at] for at in seen]
        expected = best_by_trying(names, scores[start:end][seen])
        assert tags_seen == [names[label] for label in expected]
        spans = {
            (type_, seen[first], seen[last - 1] + 1)
            for type_, first, last in entity_spans(tags_seen)
        }
        assert set(entity_spans(tags)) == spans


@given(
    st.lists(st.lists(st.sampled_from([None, *range(5)]), max_size=7), max_size=4),
    st.sampled_from([LABELS["IOB2"], [*reversed(LABELS["IOB2"])]]),
)
def test_an_entity_goes_on_over_words_that_no_model_saw(
    corpus: list[list[int | None]], names: list[str]
) -> None:
    """Against a plain reading, word by word, of ids of which some are missing."""
    expected = []
    for sentence in corpus:
        tags = ["O" if id_ is None else names[id_] for id_ in sentence]
        for at, id_ in enumerate(sentence):
            before = next((names[id_] for id_ in sentence[:at][::-1] if id_ is not None), "O")
            after = next((names[id_] for id_ in sentence[at + 1 :] if id_ is not None), "O")
            if id_ is None and after[0] == "I" and before[1:] == after[1:]:
                tags[at] = after
        expected.append(tags)
    words = [id_ for sentence in corpus for id_ in sentence]
    ids = np.array([99 if id_ is None else id_ for id_ in words], dtype=np.int64)
    read = np.array([id_ is not None for id_ in words], dtype=bool)
    assert to_tags(ids, read, [len(sentence) for sentence in corpus], names) == expected


@pytest.mark.parametrize(
    ("id_", "names", "message"),
    [
        (3, ["O", "B-x", "I-x"], "ids holds the id 3 where names has the ids 0 to 2"),
        (-1, ["O", "B-x", "I-x"], "ids holds the id -1 where names has the ids 0 to 2"),
        (0, ["B-x", "I-x"], "names holds no 'O', found B-x, I-x; give the tags in the order of"),
    ],
)
def test_ids_and_names_that_do_not_fit_are_refused(
    id_: int, names: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        to_tags(np.array([id_]), np.array([True]), [1], names)


@pytest.mark.parametrize("name", ["IOB2", "IOBES"])
@given(data=st.data())
def test_what_is_allowed_is_what_strict_seqeval_reads_whole(name: str, data: st.DataObject) -> None:
    """Every word of a legal sequence is in an entity or outside, by seqeval's strict rules."""
    names = LABELS[name]
    tags = data.draw(st.lists(st.sampled_from(names), max_size=6))
    allowed = legal_transitions(names)
    around = [names.index("O"), *map(names.index, tags), names.index("O")]
    legal = all(allowed[pair] for pair in itertools.pairwise(around))
    strict = Entities([tags], scheme={"IOB2": IOB2, "IOBES": IOBES}[name]).entities[0]
    in_strict = sum(entity.end - entity.start for entity in strict)
    assert legal == (in_strict == sum(tag != "O" for tag in tags))
    if legal:
        assert [entity.to_tuple()[1:] for entity in strict] == [
            (type_, start, end + 1) for type_, start, end in get_entities(tags)
        ]


def test_a_bias_finds_fewer_entities_or_more() -> None:
    scores = np.log([[0.5, 0.4, 0.1], [0.2, 0.7, 0.1]])
    both = np.ones(2, dtype=bool)
    found = [
        Decoder(["O", "B-x", "I-x"], outside_bias=bias)(scores, both, [2]) for bias in (-0.5, 0, 2)
    ]
    assert found == [[["B-x", "B-x"]], [["O", "B-x"]], [["O", "O"]]]


def test_the_bias_with_the_highest_f1_is_chosen() -> None:
    names = LABELS["IOB2"]
    shares = np.full((4, len(names)), 0.01)
    # an entity is found from -0.3 on (the logarithm of 0.4 / 0.5), and from -1.4 on a wrong one
    shares[:, 0], shares[:, 1] = [0.5, 0.8, 0.8, 0.1], [0.4, 0.2, 0.01, 0.7]
    read = np.ones(4, dtype=bool)
    gold = [["B-x", "O"], ["O", "B-x"]]
    assert choose_outside_bias(names, np.log(shares), read, gold) == -0.3
    without = [["O", "O"], ["O", "B-x"]]
    assert choose_outside_bias(names, np.log(shares), read, without) == 0


def test_a_text_of_many_words_and_extreme_scores_is_decoded() -> None:
    """Takes a second: a hundred thousand words, one by one."""
    names = LABELS["IOB2"]
    scores = np.random.default_rng(0).normal(size=(100_000, len(names))) * 1e4
    [tags] = Decoder(names)(scores, np.ones(len(scores), dtype=bool), [len(scores)])
    assert all(map(tagging.may_follow, ["O", *tags], [*tags, "O"]))
    [alone] = Decoder(names)(scores[:7], np.ones(7, dtype=bool), [7])
    assert tags[:5] == alone[:5]


@pytest.mark.parametrize(
    ("names", "scheme"),
    [
        (LABELS["IOB2"], "IOB2"),
        (LABELS["IOB1"], "IOB1"),
        (LABELS["IOBES"], "IOBES"),
        (LABELS["BILOU"], "BILOU"),
        (LABELS["bare"], None),
        (LABELS["a label more"], "IOB2"),
        (["O", "I-x"], "IOB1"),
        (["O", "B-x", "I-x", "E-x"], None),
        (["O", "B-x", "E-x", "L-x", "U-x", "S-x"], None),
        (["O"], None),
    ],
)
def test_label_scheme(names: list[str], scheme: str | None) -> None:
    assert label_scheme(names) == scheme


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme='IOB3' is none of IOB1, IOB2, IOBES, BILOU"):
        Decoder(["O", "B-x", "I-x"], scheme="IOB3")  # type: ignore[arg-type]


def test_a_model_trained_on_iob1_is_noticed_once(caplog: pytest.LogCaptureFixture) -> None:
    names = tagging.label_names(["x"])
    scores = np.log(np.tile([[0.98, 0.01, 0.01], [0.04, 0.01, 0.95]], (20, 1)))
    read = np.ones(len(scores), dtype=bool)
    with caplog.at_level(logging.WARNING):
        decoder = Decoder(names)
        assert decoder(scores, read, [40]) == [["O"] * 40]
        decoder(scores, read, [40])
        assert Decoder(names, scheme="IOB1")(scores, read, [40]) == [["O", "I-x"] * 20]
    assert caplog.messages == [
        "20 entities begin with I- and hardly any with B-: the model was trained on IOB1, so most "
        "are missed or cut short; give scheme='IOB1' (--scheme IOB1)"
    ]
