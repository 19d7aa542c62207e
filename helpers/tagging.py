"""Tag schemes: the tags of any source to IOB2, and tags to entity spans and back.

A **tag** is a string such as ``B-person`` (a prefix and a type) or ``O`` (outside every entity).
A **span** is ``(type, start_word, end_word)`` with the end exclusive.

Sources: Ramshaw and Marcus (1995), *Text Chunking using Transformation-Based Learning* (IOB1);
Ratnaparkhi (1998), *Maximum Entropy Models for Natural Language Ambiguity Resolution* (IOB2);
Ratinov and Roth (2009), *Design Challenges and Misconceptions in Named Entity Recognition*
(BILOU). IOBES is BILOU with the letters E and S for L and U; BMES is IOBES with M for I, and
BMEWO has W for S as well.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Literal, NamedTuple

Span = tuple[str, int, int]
Scheme = Literal["IOB1", "IOB2", "IOBES", "BILOU"]

OUTSIDE = "O"
ONE_TYPE = "entity"  # where a source has prefixes and no types
_ALL_PREFIXES = frozenset("BIESLU")
_BEGINS = frozenset("BSU")
_ENDS = frozenset("ESLU")

_USUAL_PREFIX = {"M": "I", "W": "S"}
OUTSIDE_MARKS = (OUTSIDE, "o", "0", "_", "OTHER")
_FORMS = [
    re.compile(form, re.DOTALL)
    for form in (
        "(?P<prefix>[BIESLUMW])(?P<separator>[-_:])(?P<type>.+)",
        "(?P<prefix>[bieslumw])(?P<separator>[-_:])(?P<type>.+)",
        "(?P<type>.+)(?P<separator>[-_:])(?P<prefix>[BIESLUMW])",
        "(?P<prefix>[BIESLUMW])",
        "(?P<prefix>[bieslumw])",
    )
]
_BRACKET = re.compile(r"(\([\w-]+)+[*)]*")  # of OntoNotes
_TYPE = re.compile(r"[^\W\d_](?:[\w .,:&/+-]*[\w.+])?")


class TagError(ValueError):
    """Tags that are written in an unknown way.

    Attributes:
        tag: The first tag that shows it.
    """

    def __init__(self, message: str, *, tag: str) -> None:
        super().__init__(message)
        self.tag = tag


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


def may_follow(before: str, tag: str, scheme: Scheme = "IOB2") -> bool:
    """Tell whether a scheme allows a tag where it stands.

    >>> may_follow("B-person", "I-person"), may_follow("O", "I-person")
    (True, False)
    >>> may_follow("O", "I-person", "IOB1"), may_follow("O", "B-person", "IOB1")
    (True, False)

    Args:
        before: The tag of the word before, ``O`` at the start of a sentence.
        tag: The tag of the word, ``O`` after the end of a sentence.
        scheme: The scheme of both.
    """
    prefix_before, type_before = split_tag(before)
    prefix, type_ = split_tag(tag)
    begins = prefix in _BEGINS
    touches = type_before == type_ and prefix_before not in _ENDS and bool(type_before)
    match scheme:
        case "IOB1":
            return not begins or touches
        case "IOB2":
            return begins or touches or prefix == OUTSIDE
        case _:  # an entity that has begun goes on to its end, and no other tag goes on
            open_before = prefix_before in ("B", "I")
            goes_on = not begins and touches
            return goes_on if open_before else begins or prefix == OUTSIDE


class Reading(NamedTuple):
    """How to read the tags of a corpus.

    Attributes:
        scheme: The scheme that they fit best.
        irregular: The number of neighbouring tags that do not fit it.
        first: The sentence and the word of the first of them; ``None`` if all fit.
    """

    scheme: Scheme
    irregular: int
    first: tuple[int, int] | None


def find_scheme(sentences: Sequence[Sequence[str]]) -> Reading:
    """Turn the tags of a corpus, with a prefix each or ``O``, into the scheme that they fit best.

    >>> find_scheme([["I-person", "I-person", "B-person"]])
    Reading(scheme='IOB1', irregular=0, first=None)
    >>> find_scheme([["B-person", "O", "I-person"]])
    Reading(scheme='IOB2', irregular=1, first=(0, 2))
    """
    # an O before and behind each sentence, counted in one call for speed
    stream = chain([OUTSIDE], chain.from_iterable(chain(tags, [OUTSIDE]) for tags in sentences))
    pairs = Counter(pairwise(stream))
    prefixes = {split_tag(tag)[0] for _, tag in pairs}
    candidates: list[Scheme] = ["IOB2", "IOB1"]
    if prefixes & set("LU"):
        candidates = ["BILOU"]
    elif prefixes & set("ES"):
        candidates = ["IOBES"]
    wrong = {
        scheme: {pair: count for pair, count in pairs.items() if not may_follow(*pair, scheme)}
        for scheme in candidates
    }
    scheme = min(candidates, key=lambda candidate: sum(wrong[candidate].values()))
    return Reading(scheme, sum(wrong[scheme].values()), _first(sentences, wrong[scheme]))


def _first(
    sentences: Sequence[Sequence[str]], wrong: Container[tuple[str, str]]
) -> tuple[int, int] | None:
    found = (
        (sentence, min(position, len(tags) - 1))
        for sentence, tags in enumerate(sentences)
        for position, pair in enumerate(
            zip([OUTSIDE, *tags], [*tags, OUTSIDE], strict=True) if wrong else ()
        )
        if pair in wrong
    )
    return next(found, None)


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Turn the tags of a sentence, in any scheme and spelling, into IOB2; see `find_spelling`.

    Tags that their scheme does not allow where they stand are read as `entity_spans` reads them.

    >>> to_iob2(["I-person", "I-person", "B-person", "O"])
    ['B-person', 'I-person', 'B-person', 'O']
    >>> to_iob2(["S-person", "O", "B-group", "E-group"])
    ['B-person', 'O', 'B-group', 'I-group']
    >>> to_iob2(["o", "b", "i", "o"])
    ['O', 'B-entity', 'I-entity', 'O']

    Raises:
        TagError: The tags are written in another way.
    """
    if not all(split_tag(tag)[0] for tag in set(tags)):
        usual = find_spelling(Counter(tags)).tags
        tags = [usual[tag] for tag in tags]
    return spans_to_tags(entity_spans(tags), len(tags))


class Spelling(NamedTuple):
    """How a source writes its tags.

    Attributes:
        tags: For each of its tags the usual one: a prefix of IOB2, IOBES or BILOU, a hyphen and a
            type, or ``O``. Tags without prefixes get ``I-``.
        prefixed: Whether its tags have prefixes.
    """

    tags: Mapping[str, str]
    prefixed: bool


def find_spelling(counts: Mapping[str, int]) -> Spelling:
    """Turn the tags of a source in any spelling, and how often each occurs, into the usual ones.

    >>> find_spelling({"b_per": 9, "i_per": 2, "o": 70}).tags
    {'b_per': 'B-per', 'i_per': 'I-per', 'o': 'O'}

    It reads ``B-person``, ``B_person`` and ``B:person``; ``person-B``; small letters; prefixes
    alone, which leave one type, ``entity``; the letters ``M`` and ``W`` of BMES and BMEWO; and
    types without prefixes, if they repeat and the words outside are marked. The outside mark is
    ``O``, or else ``o``, ``0``, ``_`` or ``OTHER``.

    Raises:
        TagError: The tags are not written in such a way; the message says what they look like.
    """
    outside = [mark for mark in OUTSIDE_MARKS if mark in counts]
    if OUTSIDE in counts:
        outside = [mark for mark in outside if mark in (OUTSIDE, "o", "0")]
    rest = [tag for tag in counts if tag not in outside]
    for form in _FORMS:
        usual = _usual(rest, form)
        if usual is not None:
            return Spelling(usual | dict.fromkeys(outside, OUTSIDE), prefixed=True)
    if OUTSIDE in counts:  # then "o" and "0" may be types like any other
        outside, rest = [OUTSIDE], [tag for tag in counts if tag != OUTSIDE]
    problem = _problem(rest, outside, counts)
    if problem is not None:
        raise problem
    bare = {tag: f"I-{tag}" for tag in rest}
    return Spelling(bare | dict.fromkeys(outside, OUTSIDE), prefixed=False)


def _usual(tags: Sequence[str], form: re.Pattern[str]) -> dict[str, str] | None:
    """Turn tags that are all of one form, with one separator, into the usual ones."""
    usual, letters, separators = {}, set(), set()
    telling = {"B", "I"} if form is not _FORMS[0] else {"B", "I", "S", "U", "W"}
    for tag in tags:
        match = form.fullmatch(tag)
        if match is None:
            return None
        parts = match.groupdict()
        letter = parts["prefix"].upper()
        letters.add(letter)
        separators.add(parts.get("separator"))
        usual[tag] = f"{_USUAL_PREFIX.get(letter, letter)}-{parts.get('type', ONE_TYPE)}"
    one_form = len(separators) < 2 and (letters & telling or not tags)
    return usual if one_form else None


def _problem(
    rest: Sequence[str], outside: Sequence[str], counts: Mapping[str, int]
) -> TagError | None:
    """Say why tags are no entity types without prefixes; ``None`` where they may well be."""
    total = sum(counts[tag] for tag in rest)
    shown = ", ".join(f"{tag!r:.40}" for tag in rest[:3])
    bracket = next((tag for tag in rest if _BRACKET.fullmatch(tag)), None)
    prefixed = [tag for tag in rest if _FORMS[0].fullmatch(tag) and tag[0] in "BI"]
    odd = next((tag for tag in rest if not _TYPE.fullmatch(tag)), rest[0])
    if all(tag.isdecimal() for tag in rest):
        looks = (
            f"the tags are numbers, such as {shown}; say which tag each number stands for: "
            "tag_names=['O', 'B-person', 'I-person'], from number 0 on"
        )
    elif bracket is not None:
        odd = bracket
        looks = (
            f"the tag {odd!r:.60} looks like the brackets of OntoNotes; write 'B-' and the type "
            "where a bracket opens, 'I-' and the type up to where it closes, and 'O' elsewhere"
        )
    elif prefixed:
        usual = re.compile(f"[BIESLUMW]{prefixed[0][1]}.+", re.DOTALL)
        odd = next(tag for tag in rest if not usual.fullmatch(tag))
        looks = (
            f"the tag {odd!r:.60} is not written like the others, such as {prefixed[0]!r:.60}; "
            f"correct it to {OUTSIDE!r}, or write all as a prefix, a hyphen and a type"
        )
    elif not outside:
        looks = (
            f"no word is tagged 'O', and the tags ({shown}) have no prefixes, so they look like "
            "parts of speech or labels of whole texts; tag each word outside every entity 'O', "
            "or give entities tags such as 'B-person'"
        )
    elif (odd is not None and not _TYPE.fullmatch(odd)) or 2 * len(rest) > total:
        looks = (
            f"the tags ({shown}; {len(rest)} different ones on {total} words) do not look like "
            "types of entities, since types repeat; give entities tags such as 'B-person'"
        )
    else:
        return None
    return TagError(looks, tag=odd)
