"""Taggers without training, which a trained tagger has to beat.

A **rule** takes every run of capitalised words for an entity. A **gazetteer**, a list of names,
tags the entities that train holds and nothing else.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby

from helpers.tagging import Span, entity_spans, spans_to_tags

Sentences = Sequence[Sequence[str]]


def most_frequent_type(tags: Sentences) -> str:
    """Find the type with most entities; if several have as many, the first that occurs.

    >>> most_frequent_type([["B-person", "O"], ["B-group", "B-person"]])
    'person'

    Raises:
        ValueError: The tags hold no entity.
    """
    types = Counter(type_ for sentence in tags for type_, _, _ in entity_spans(sentence))
    if not types:
        raise ValueError("tags holds no entity; give the tags of a train split with entities")
    return types.most_common(1)[0][0]


def capitalised_runs(sentences: Sentences, type_: str) -> list[list[str]]:
    """Tag every run of capitalised words as one entity of ``type_``.

    The first word of a sentence is always capitalised, so it does not begin a run.

    >>> capitalised_runs([["We", "met", "Ada", "Byron", "in", "London"]], "person")
    [['O', 'O', 'B-person', 'I-person', 'O', 'B-person']]
    """
    tags = []
    for words in sentences:
        is_capital = [at > 0 and word[:1].isupper() for at, word in enumerate(words)]
        runs = groupby(range(len(words)), key=is_capital.__getitem__)
        capital_runs = [list(run) for capital, run in runs if capital]
        spans = [(type_, run[0], run[-1] + 1) for run in capital_runs]
        tags.append(spans_to_tags(spans, len(words)))
    return tags


def gazetteer(sentences: Sentences, tags: Sentences) -> Callable[[Sentences], list[list[str]]]:
    """Turn words and IOB2 tags into a tagger that knows the entities by heart, in any letter case.

    If several names begin at a word, it takes the longest. A name gets its most frequent type; if
    several are as frequent, the first that occurs.

    >>> tag = gazetteer([["Ada", "Byron"], ["ada"]], [["B-person", "I-person"], ["B-group"]])
    >>> tag([["ADA", "Byron", "met", "Ada"]])
    [['B-person', 'I-person', 'O', 'B-group']]
    """
    types: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for words, its_tags in zip(sentences, tags, strict=True):
        for type_, start, end in entity_spans(its_tags):
            types[_folded(words[start:end])][type_] += 1
    names = {name: counts.most_common(1)[0][0] for name, counts in types.items()}
    longest = max(map(len, names), default=0)

    def tag(sentences: Sentences) -> list[list[str]]:
        return [
            spans_to_tags(_names_in(_folded(words), names, longest), len(words))
            for words in sentences
        ]

    return tag


def _folded(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


def _names_in(
    words: tuple[str, ...], names: dict[tuple[str, ...], str], longest: int
) -> list[Span]:
    """Find known names from left to right, the longest first at each word."""
    spans: list[Span] = []
    at = 0
    while at < len(words):
        ends = range(min(at + longest, len(words)), at, -1)
        end = next((end for end in ends if words[at:end] in names), None)
        if end is not None:
            spans.append((names[words[at:end]], at, end))
        at = end or at + 1
    return spans
