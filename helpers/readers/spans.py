"""Text with entities by character to words and tags.

The text is cut into words by `helpers.words`, which does not look at the entities. So annotated
text has the words that a tagger sees in new text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from helpers import words
from helpers.readers.notes import Notes
from helpers.readers.options import Overlaps
from helpers.tagging import Span, spans_to_tags
from helpers.words import Offsets

_LEFT_OUT = (
    "entities are left out, since they lie inside, across or in parts around others, as "
    "overlaps='outermost' asks"
)


class Annotation(NamedTuple):
    """An entity by character: ``text[start:end]`` is of a type."""

    start: int
    end: int
    type: str


class Aligner:
    """Turns annotated texts into tagged words, and counts what entities lost or gained by it."""

    def __init__(self, source: str, overlaps: Overlaps) -> None:
        self._overlaps = overlaps
        self._notes = Notes(source)

    def align(
        self,
        text: str,
        annotations: Sequence[Annotation],
        place: str,
        *,
        offsets: Sequence[Offsets] | None = None,
    ) -> tuple[list[str], list[str]]:
        """Turn a text and its entities into words and IOB2 tags.

        An entity that begins or ends inside a word takes the whole word.

        Args:
            text: The text.
            annotations: Its entities, in any order.
            place: Where they stand, for messages.
            offsets: Where each word begins and ends; ``None`` cuts the text into words.

        Raises:
            ValueError: Entities overlap, and the option says to refuse that.
        """
        offsets = words.cut(text) if offsets is None else offsets
        tokens = [text[start:end] for start, end in offsets]
        starts, ends = zip(*offsets, strict=True) if offsets else ((), ())
        spans: list[Span] = []
        for one in self._apart(annotations, text, place):
            first, last = bisect_right(ends, one.start), bisect_left(starts, one.end)
            shown = f"{_show(one, text)}, {place}"
            if first >= last:
                self._notes.add("entities hold no word and are left out", shown)
                continue
            if spans and first < spans[-1][2]:
                first = spans[-1][2]
                kind = "entities share a word with the one before, which keeps it"
                self._notes.add(kind, shown)
            elif (whole := text[starts[first] : ends[last - 1]]) != text[
                one.start : one.end
            ].strip():
                kind = "entities begin or end inside a word and take the whole word"
                self._notes.add(kind, f"{_show(one, text)} became {whole!r}, {place}")
            if first < last:
                spans.append((one.type, first, last))
        return tokens, spans_to_tags(spans, len(tokens))

    def leave_out(self, entity: str, place: str) -> None:
        """Count an entity that tags cannot hold."""
        self._notes.add(_LEFT_OUT, f"{entity}, {place}")

    def report(self) -> None:
        """Log what happened to the entities, a line for each thing."""
        self._notes.report()

    def _apart(self, annotations: Sequence[Annotation], text: str, place: str) -> list[Annotation]:
        """Sort entities, and refuse or leave out those that overlap one before."""
        ordered = sorted(set(annotations), key=lambda one: (one.start, -one.end, one.type))
        if self._overlaps == "outermost":
            kept: list[Annotation] = []
            for one in ordered:
                if kept and one.start < kept[-1].end:
                    self.leave_out(_show(one, text), place)
                else:
                    kept.append(one)
            return kept
        for one, other in pairwise(ordered):
            if other.start < one.end:
                raise ValueError(
                    f"{place}: the entities {_show(one, text)} and {_show(other, text)} overlap, "
                    "and a word has one tag; keep one of them, or the outermost everywhere: "
                    "overlaps='outermost'"
                )
        return ordered


def check_annotation(one: Annotation, text: str, place: str) -> Annotation:
    """Refuse an entity that does not lie in its text."""
    if not (0 <= one.start < one.end <= len(text) and one.type):
        raise ValueError(
            f"{place}: expected an entity with 0 <= start < end <= {len(text)}, the length of the "
            f"text, and a type; found start {one.start}, end {one.end}, type {one.type!r:.60}; "
            "correct or remove it"
        )
    return one


def _show(one: Annotation, text: str) -> str:
    return f"{text[one.start : one.end][:60]!r} ({one.type}, {one.start} to {one.end})"
