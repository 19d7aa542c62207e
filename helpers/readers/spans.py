"""Text with entities by character to words and tags.

The text is cut into words by `helpers.words`, which does not look at the entities. So annotated
text has the words that a tagger sees in new text.
"""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from helpers import words
from helpers.tagging import Span, spans_to_tags
from helpers.words import Offsets

logger = logging.getLogger(__name__)

Overlaps = Literal["refuse", "outermost"]

_MANY = 0.03  # a larger share of entities off the borders of words points to wrong offsets


class Entity(NamedTuple):
    """An entity by character: ``text[start:end]`` is of a type."""

    start: int
    end: int
    type: str


class Tagger:
    """Cuts texts into tagged words, and counts what the entities lost or gained by it."""

    def __init__(self, name: str, overlaps: Overlaps = "refuse") -> None:
        self._name = name
        self._overlaps = overlaps
        self._n_entities = 0
        self._widened: list[str] = []
        self._squeezed: list[str] = []
        self._wordless: list[str] = []
        self._left_out: list[str] = []

    def tag(
        self,
        text: str,
        entities: Sequence[Entity],
        place: str,
        *,
        cut: Sequence[Offsets] | None = None,
    ) -> tuple[list[str], list[str]]:
        """Turn a text and its entities into words and IOB2 tags.

        An entity that begins or ends inside a word takes the whole word.

        Args:
            text: The text.
            entities: In any order.
            place: Where they stand, for messages.
            cut: The places of the words, if the source gives them; ``None`` cuts the text.

        Raises:
            ValueError: Entities overlap, and the option says to refuse that.
        """
        places = words.cut(text) if cut is None else cut
        tokens = [text[start:end] for start, end in places]
        if not entities:
            return tokens, spans_to_tags([], len(places))
        starts, ends = zip(*places, strict=True) if places else ((), ())
        spans: list[Span] = []
        for entity in self._apart(entities, text, place):
            first, last = bisect_right(ends, entity.start), bisect_left(starts, entity.end)
            self._n_entities += 1
            if first >= last:
                self._wordless.append(f"{_show(entity, text)}, {place}")
                continue
            if spans and first < spans[-1][2]:
                first = spans[-1][2]
                self._squeezed.append(f"{_show(entity, text)}, {place}")
            elif text[starts[first] : ends[last - 1]] != text[entity.start : entity.end].strip():
                whole = text[starts[first] : ends[last - 1]]
                self._widened.append(f"{_show(entity, text)} became {whole!r}, {place}")
            if first < last:
                spans.append((entity.type, first, last))
        return tokens, spans_to_tags(spans, len(places))

    def leave_out(self, entity: str, place: str) -> None:
        """Count an entity that tags cannot hold."""
        self._left_out.append(f"{entity}, {place}")

    def report(self) -> None:
        """Log what happened to the entities, a line for each thing."""
        shares = {
            "begin or end inside a word and take the whole word": self._widened,
            "share a word with the one before, which keeps it": self._squeezed,
            "hold no word and are left out": self._wordless,
        }
        for what, cases in shares.items():
            if cases:
                many = len(cases) > _MANY * self._n_entities
                logger.warning(
                    "%s: %d of %d entities %s (first: %s)%s",
                    self._name,
                    len(cases),
                    self._n_entities,
                    what,
                    cases[0],
                    "; so many that the offsets may be wrong, or count bytes or UTF-16 units"
                    if many and cases is self._widened
                    else "",
                )
        if self._left_out:
            logger.warning(
                "%s: left out %d entities that lie inside, across or in parts around others, as "
                "overlaps='outermost' asks (first: %s)",
                self._name,
                len(self._left_out),
                self._left_out[0],
            )

    def _apart(self, entities: Sequence[Entity], text: str, place: str) -> list[Entity]:
        """Sort entities, and refuse or leave out those that overlap one before."""
        ordered = sorted(set(entities), key=lambda entity: (entity.start, -entity.end, entity.type))
        if self._overlaps == "outermost":
            kept: list[Entity] = []
            for entity in ordered:
                if kept and entity.start < kept[-1].end:
                    self.leave_out(_show(entity, text), place)
                else:
                    kept.append(entity)
            return kept
        for one, other in pairwise(ordered):
            if other.start < one.end:
                raise ValueError(
                    f"{place}: the entities {_show(one, text)} and {_show(other, text)} overlap, "
                    "and a word has one tag; keep one of them, or the outermost everywhere: "
                    "dataset_options={'overlaps': 'outermost'}"
                )
        return ordered


def check_entity(entity: Entity, text: str, place: str) -> Entity:
    """Refuse an entity that does not lie in its text."""
    if not (0 <= entity.start < entity.end <= len(text) and entity.type):
        raise ValueError(
            f"{place}: expected an entity with 0 <= start < end <= {len(text)}, the length of the "
            f"text, and a type; found start {entity.start}, end {entity.end}, type "
            f"{entity.type!r:.60}; correct or remove it"
        )
    return entity


def _show(entity: Entity, text: str) -> str:
    return (
        f"{text[entity.start : entity.end][:60]!r} ({entity.type}, {entity.start} to {entity.end})"
    )
