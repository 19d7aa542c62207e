"""The taggers that need no training tag what they say and nothing else."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import baselines
from helpers.tagging import entity_spans, label_names

WORDS = st.sampled_from(["a", "A", "b", "B"])
TAGS = st.sampled_from(label_names(["person", "group"]))
corpora = st.lists(st.lists(st.tuples(WORDS, TAGS), max_size=6), max_size=5)


def columns(corpus: list[list[tuple[str, str]]]) -> tuple[list[list[str]], list[list[str]]]:
    words, tags = ([[pair[part] for pair in sentence] for sentence in corpus] for part in (0, 1))
    return words, tags


@given(st.lists(st.lists(WORDS, max_size=7), max_size=4))
def test_the_rule_tags_capitalised_words_behind_the_first(sentences: list[list[str]]) -> None:
    tags = baselines.capitalised_runs(sentences, "x")
    for words, its_tags in zip(sentences, tags, strict=True):
        assert [tag != "O" for tag in its_tags] == [
            at > 0 and word.isupper() for at, word in enumerate(words)
        ]
        for before, tag in pairwise(its_tags):
            assert tag != "B-x" or before == "O"


def plain_gazetteer(sentences: Any, tags: Any, words: list[str]) -> list[tuple[str, int, int]]:
    """The same by trying every span at every word, the longest first."""
    names = [
        (" ".join(its[start:end]).lower(), type_)
        for its, its_tags in zip(sentences, tags, strict=True)
        for type_, start, end in entity_spans(its_tags)
    ]
    found, at = [], 0
    while at < len(words):
        for end in range(len(words), at, -1):
            types = [type_ for name, type_ in names if name == " ".join(words[at:end]).lower()]
            if types:
                found.append((max(types, key=types.count), at, end))
                at = end
                break
        else:
            at += 1
    return found


@given(corpora, st.lists(WORDS, max_size=8))
def test_the_gazetteer_finds_the_longest_known_name(corpus: Any, words: list[str]) -> None:
    sentences, tags = columns(corpus)
    [found] = baselines.gazetteer(sentences, tags)([words])
    assert entity_spans(found) == plain_gazetteer(sentences, tags, words)


def test_the_most_frequent_type() -> None:
    assert baselines.most_frequent_type([["B-x"], ["B-y", "I-y", "I-y", "B-x"]]) == "x"
    with pytest.raises(ValueError, match="tags holds no entity"):
        baselines.most_frequent_type([["O"]])
