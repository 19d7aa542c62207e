"""Tag schemes: any of IOB1, IOB2, IOBES and BILOU to IOB2, and tags to entity spans and back.

A **tag** is a string such as ``B-person`` (a prefix and a type) or ``O`` (outside every entity).
A **span** is ``(type, start_word, end_word)`` with the end exclusive.

Sources: Ramshaw and Marcus (1995), *Text Chunking using Transformation-Based Learning* (IOB1);
Ratnaparkhi (1998), *Maximum Entropy Models for Natural Language Ambiguity Resolution* (IOB2);
Ratinov and Roth (2009), *Design Challenges and Misconceptions in Named Entity Recognition*
(BILOU). IOBES is BILOU with the letters E and S for L and U.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

Span = tuple[str, int, int]
Scheme = Literal["IOB1", "IOB2", "IOBES", "BILOU", "bare"]

OUTSIDE = "O"
_PREFIXES: Mapping[Scheme, frozenset[str]] = {
    "IOB1": frozenset("BI"),
    "IOB2": frozenset("BI"),
    "IOBES": frozenset("BIES"),
    "BILOU": frozenset("BILU"),
    "bare": frozenset(),
}
_ALL_PREFIXES = frozenset("BIESLU")
_BEGINS = frozenset("BSU")
_ENDS = frozenset("ESLU")


class TagError(ValueError):
    """A tag that its scheme does not allow.

    Attributes:
        position: Index of the word in its sentence.
        sentence: Index of the sentence in the corpus; ``None`` where only one was looked at.
    """

    def __init__(self, message: str, *, position: int, sentence: int | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.sentence = sentence


def label_names(types: Iterable[str]) -> list[str]:
    """Turn entity types into the list of IOB2 tags whose order gives each tag its id.

    The outside tag comes first, then a B and an I tag for each type, types in alphabetical
    order. So ``B-x`` always has an odd id and ``I-x`` the one after it.

    >>> label_names(["person", "location"])
    ['O', 'B-location', 'I-location', 'B-person', 'I-person']
    """
    return [OUTSIDE, *(f"{prefix}-{type_}" for type_ in sorted(set(types)) for prefix in "BI")]


def id2label(names: Sequence[str]) -> dict[int, str]:
    """Turn the list of tags into the map from id to tag that a model's configuration keeps.

    >>> id2label(["O", "B-person", "I-person"])
    {0: 'O', 1: 'B-person', 2: 'I-person'}
    """
    return dict(enumerate(names))


def label2id(names: Sequence[str]) -> dict[str, int]:
    """Turn the list of tags into the map from tag to id.

    >>> label2id(["O", "B-person", "I-person"])
    {'O': 0, 'B-person': 1, 'I-person': 2}
    """
    return {name: index for index, name in enumerate(names)}


def split_tag(tag: str) -> tuple[str, str]:
    """Turn a tag into its prefix and type; ``O`` and a bare type have an empty one.

    >>> split_tag("B-creative-work"), split_tag("O"), split_tag("creative-work")
    (('B', 'creative-work'), ('O', ''), ('', 'creative-work'))
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    if len(tag) > 2 and tag[1] == "-" and tag[0] in _ALL_PREFIXES:
        return tag[0], tag[2:]
    return "", tag


def entity_spans(tags: Sequence[str]) -> list[Span]:
    """Turn the tags of a sentence, in any scheme with prefixes, into its entity spans.

    An entity that starts with the wrong tag is read as the CoNLL evaluation script and seqeval
    read it: an ``I-x`` after anything but ``B-x`` or ``I-x`` begins an entity of its own.

    >>> entity_spans(["B-person", "I-person", "O", "I-location"])
    [('person', 0, 2), ('location', 3, 4)]

    Source: https://www.clips.uantwerpen.be/conll2000/chunking/output.html
    """
    spans: list[Span] = []
    open_type, start, closed = "", 0, True
    for position, tag in enumerate(tags):
        prefix, type_ = split_tag(tag)
        continues = type_ == open_type and not closed and prefix not in _BEGINS
        if open_type and not continues:
            spans.append((open_type, start, position))
        if type_ and not continues:
            start = position
        open_type, closed = type_, prefix in _ENDS
    if open_type:
        spans.append((open_type, start, len(tags)))
    return spans


def spans_to_tags(spans: Iterable[Span], n_words: int) -> list[str]:
    """Turn the entity spans of a sentence of ``n_words`` words into its IOB2 tags.

    >>> spans_to_tags([("person", 0, 2)], n_words=3)
    ['B-person', 'I-person', 'O']

    Raises:
        ValueError: A span is empty, reaches past the sentence or overlaps another.
    """
    tags = [OUTSIDE] * n_words
    for type_, start, end in spans:
        if not 0 <= start < end <= n_words:
            raise ValueError(
                f"the span ({type_!r}, {start}, {end}) does not lie in a sentence of {n_words} "
                "words; a span is (type, start_word, end_word) with the end exclusive"
            )
        if any(tag != OUTSIDE for tag in tags[start:end]):
            raise ValueError(
                f"the span ({type_!r}, {start}, {end}) overlaps another; a word has one tag, so "
                "keep one of the two"
            )
        tags[start:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - start - 1)]
    return tags


def detect_scheme(sentences: Sequence[Sequence[str]]) -> Scheme:
    """Turn the tags of a corpus into the name of the scheme they are written in.

    ``bare`` is a column of types without prefixes, where neighbours of one type are one entity.

    >>> detect_scheme([["I-person", "I-person", "B-person"]])
    'IOB1'

    Args:
        sentences: The tags of every sentence; the more, the surer the answer.

    Raises:
        TagError: The tags fit no scheme; it names the first tag that does not.
    """
    prefixes = {split_tag(tag)[0] for tags in sentences for tag in tags} - {OUTSIDE}
    if "" in prefixes and len(prefixes) == 1:
        return "bare"
    if "" in prefixes:
        sentence, position, tag = _first(sentences, lambda prefix: prefix == "")
        raise TagError(
            f"the tag {tag!r} has no prefix where other tags do; expected {OUTSIDE!r} or a prefix "
            "and a type, such as 'B-person'",
            position=position,
            sentence=sentence,
        )
    candidates: list[Scheme]
    if prefixes <= _PREFIXES["IOB2"]:
        candidates = ["IOB2", "IOB1"]
    elif prefixes <= _PREFIXES["IOBES"]:
        candidates = ["IOBES"]
    elif prefixes <= _PREFIXES["BILOU"]:
        candidates = ["BILOU"]
    else:
        sentence, position, tag = _first(sentences, lambda prefix: prefix in "LU")
        raise TagError(
            f"the tag {tag!r} belongs to BILOU and other tags belong to IOBES; use one scheme",
            position=position,
            sentence=sentence,
        )
    errors = []
    for scheme in candidates:
        error = _first_error(sentences, scheme)
        if error is None:
            return scheme
        errors.append(error)
    raise errors[0]


def to_iob2(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Turn the tags of a sentence from ``scheme`` into IOB2.

    >>> to_iob2(["I-person", "I-person", "B-person", "O"], "IOB1")
    ['B-person', 'I-person', 'B-person', 'O']
    >>> to_iob2(["S-person", "O", "B-group", "E-group"], "IOBES")
    ['B-person', 'O', 'B-group', 'I-group']
    >>> to_iob2(["person", "person", "O"], "bare")
    ['B-person', 'I-person', 'O']

    Raises:
        TagError: A tag or a transition that the scheme does not allow.
    """
    error = _error_in(tags, scheme)
    if error is not None:
        raise error
    return spans_to_tags(entity_spans(tags), len(tags))


def _first(
    sentences: Sequence[Sequence[str]], wanted: Callable[[str], bool]
) -> tuple[int, int, str]:
    return next(
        (index, position, tag)
        for index, tags in enumerate(sentences)
        for position, tag in enumerate(tags)
        if wanted(split_tag(tag)[0])
    )


def _first_error(sentences: Sequence[Sequence[str]], scheme: Scheme) -> TagError | None:
    for index, tags in enumerate(sentences):
        error = _error_in(tags, scheme)
        if error is not None:
            error.sentence = index
            return error
    return None


def _error_in(tags: Sequence[str], scheme: Scheme) -> TagError | None:
    """Find the first tag that ``scheme`` does not allow where it stands."""
    allowed = _PREFIXES[scheme]
    closes = scheme in ("IOBES", "BILOU")
    before, before_type = OUTSIDE, ""
    for position, tag in enumerate([*tags, OUTSIDE]):
        prefix, type_ = split_tag(tag)
        if prefix != OUTSIDE and (prefix not in allowed if scheme != "bare" else prefix != ""):
            prefixes = ", ".join(f"{letter}-" for letter in sorted(allowed))
            expected = f"{prefixes} followed by a type" if prefixes else "a type without a prefix"
            return TagError(
                f"the tag {tag!r} is not one of {scheme}; expected {OUTSIDE!r} or {expected}",
                position=position,
            )
        inside = prefix in ("I", "E", "L")
        same = before in ("B", "I") and before_type == type_
        dangling = closes and before in ("B", "I") and not (inside and same)
        wrong_start = scheme not in ("IOB1", "bare") and inside and not same
        needless_b = scheme == "IOB1" and prefix == "B" and before_type != type_
        if dangling or wrong_start or needless_b:
            found = f"{tags[position - 1]!r} before it" if position else "nothing before it"
            where = f"the tag {tag!r}" if position < len(tags) else "the end of the sentence"
            return TagError(
                f"{where} cannot follow in {scheme}: found {found}",
                position=min(position, len(tags) - 1),
            )
        before, before_type = prefix, type_
    return None
