"""Text with entities by character to words and tags.

The text is cut into words by `helpers.words`, which does not look at the entities. So annotated
text has the words that a tagger sees in new text.
"""

import logging
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from helpers import words
from helpers.readers.notes import Notes
from helpers.readers.offsets import CONSTANT, Convert, readings
from helpers.readers.options import Overlaps
from helpers.tagging import Span, spans_to_tags
from helpers.words import Offsets

logger = logging.getLogger(__name__)

_LEFT_OUT = (
    "entities are left out, since they lie inside, across or in parts around others, as "
    "overlaps='outermost' asks"
)
_WORDLESS = "entities hold no word and are left out"
_SQUEEZED = "entities share a word with the one before, which keeps it"
_WIDENED = "entities begin or end inside a word and take the whole word"
_FEW = 0.1  # the share of entities that may speak against what the others show


class Annotation(NamedTuple):
    """An entity by character, as its source describes it.

    Attributes:
        start: The first character.
        end: The character behind the last.
        type: Its type.
        place: Where the source describes it, for messages.
        quote: What the source says stands there; ``None`` if it does not say.
    """

    start: int
    end: int
    type: str
    place: str
    quote: str | None = None

    def within(self, text: str) -> str:
        """Take from a text what stands there."""
        return text[self.start : self.end] if 0 <= self.start <= self.end <= len(text) else ""

    def agrees(self, text: str) -> bool:
        """Tell whether the text holds what is quoted, white space and letter case aside."""
        found = self.within(text)
        return not self.quote or found == self.quote or _plain(found) == _plain(self.quote)

    def read(self, convert: Convert) -> "Annotation":
        """Read its offsets in another way."""
        start, end = convert(self.start, self.end)
        return self._replace(start=start, end=end)


class Aligner:
    """Turns annotated texts into tagged words, and counts what entities lost or gained by it."""

    def __init__(self, source: str, overlaps: Overlaps) -> None:
        self._source = source
        self._overlaps = overlaps
        self._notes = Notes(source)
        self._n_widened = 0
        self._n_elsewhere = 0  # entities in texts without a widened one
        self._explained: Counter[str] = Counter()  # widened entities, by what explains them
        self._contradicted: Counter[str] = Counter()

    def align(
        self, text: str, annotations: Sequence[Annotation], offsets: Sequence[Offsets] | None = None
    ) -> tuple[list[str], list[str]]:
        """Turn a text and its entities into words and IOB2 tags.

        An entity that begins or ends inside a word takes the whole word. Where the source quotes
        its entities, offsets that count something else than characters are converted. Without the
        offsets of words, the text is cut into words.

        Raises:
            ValueError: An entity does not lie in the text, or the text does not hold what is
                quoted; or entities overlap, and the option says to refuse that.
        """
        offsets = words.cut(text) if offsets is None else offsets
        tokens = [text[start:end] for start, end in offsets]
        if not annotations:
            return tokens, spans_to_tags([], len(tokens))
        borders = _Borders(text, offsets)
        spans: list[Span] = []
        fitting, widened = [], []
        for one in self._apart(self._checked(text, annotations), text):
            first, last = borders.cover(one)
            if first >= last:
                self._notes.add(_WORDLESS, f"{_show(one, text)}, {one.place}")
                continue
            if spans and first < spans[-1][2]:
                first = spans[-1][2]
                self._notes.add(_SQUEEZED, f"{_show(one, text)}, {one.place}")
            elif borders.fit(one):
                fitting.append(one)
            else:
                widened.append(one)
                whole = text[offsets[first][0] : offsets[last - 1][1]]
                self._notes.add(_WIDENED, f"{_show(one, text)} became {whole!r}, {one.place}")
            if first < last:
                spans.append((one.type, first, last))
        self._explain(borders, fitting, [one for one in widened if not one.quote])
        return tokens, spans_to_tags(spans, len(tokens))

    def leave_out(self, entity: str, place: str) -> None:
        """Count an entity that tags cannot hold."""
        self._notes.add(_LEFT_OUT, f"{entity}, {place}")

    def report(self) -> None:
        """Log what happened to the entities, a line for each thing."""
        self._notes.report()
        for reading, count in self._explained.most_common(1):
            few = _FEW * self._n_widened
            contradicted = self._contradicted[reading]
            contradicted += self._n_elsewhere if reading in CONSTANT else 0
            if count > 1 and count >= self._n_widened - few and contradicted <= few:
                logger.warning(
                    "%s: %d of the entities that take the whole word would not need it if all "
                    "offsets %s; compare the offsets of some with the text",
                    self._source,
                    count,
                    reading,
                )

    def _checked(self, text: str, annotations: Sequence[Annotation]) -> Sequence[Annotation]:
        """Convert offsets as quotes show, and refuse entities that do not lie in their text."""
        odd = next((one for one in annotations if not one.agrees(text)), None)
        if odd is not None:
            annotations = self._converted(text, annotations, odd)
        for one in annotations:
            if not (0 <= one.start < one.end <= len(text) and one.type):
                raise ValueError(
                    f"{one.place}: expected an entity with 0 <= start < end <= {len(text)}, the "
                    f"length of the text, and a type; found start {one.start}, end {one.end}, type "
                    f"{one.type!r:.60}; correct or remove it"
                )
        return annotations

    def _converted(
        self, text: str, annotations: Sequence[Annotation], odd: Annotation
    ) -> Sequence[Annotation]:
        """Read the offsets in the one way that explains all quotes of a text, if there is one."""
        for reading, convert in readings(text):
            converted = [one.read(convert) for one in annotations]
            if all(one.agrees(text) for one in converted):
                kind = f"texts have offsets that {reading}, as their entities show; read so"
                self._notes.add(kind, odd.place)
                return converted
        raise ValueError(
            f"{odd.place}: the entity is {odd.quote!r:.60}, but from {odd.start} to {odd.end} the "
            f"text holds {odd.within(text)!r:.60}; correct the offsets or the words of the entity"
        )

    def _apart(self, annotations: Sequence[Annotation], text: str) -> list[Annotation]:
        """Sort entities, and refuse or leave out those that overlap one before."""
        ordered = sorted(set(annotations), key=lambda one: (one.start, -one.end, one.type))
        apart = ordered[:1]
        for one in ordered[1:]:
            if one[:3] == apart[-1][:3]:  # the same again
                continue
            if one.start >= apart[-1].end:
                apart.append(one)
            elif self._overlaps == "outermost":
                self.leave_out(_show(one, text), one.place)
            else:
                raise ValueError(
                    f"{one.place}: the entities {_show(apart[-1], text)} and {_show(one, text)} "
                    "overlap, and a word has one tag; keep one of them, or the outermost "
                    "everywhere: overlaps='outermost'"
                )
        return apart

    def _explain(
        self, borders: "_Borders", fitting: Sequence[Annotation], widened: Sequence[Annotation]
    ) -> None:
        """Count which other reading of the offsets would make entities begin and end with words."""
        self._n_widened += len(widened)
        if not widened:  # to save time, other readings are not tried on each text
            self._n_elsewhere += len(fitting)
            return
        for reading, convert in readings(borders.text):
            self._explained[reading] += sum(borders.fit(one.read(convert)) for one in widened)
            self._contradicted[reading] += sum(one.read(convert) != one for one in fitting)


class _Borders:
    """Where the words of a text begin and end."""

    def __init__(self, text: str, offsets: Sequence[Offsets]) -> None:
        self.text = text
        self._starts = [start for start, _ in offsets]
        self._ends = [end for _, end in offsets]

    def cover(self, one: Annotation) -> Offsets:
        """Find the first word of an entity, and the word behind its last."""
        return bisect_right(self._ends, one.start), bisect_left(self._starts, one.end)

    def fit(self, one: Annotation) -> bool:
        """Tell whether an entity begins and ends with a word, white space aside."""
        first, last = self.cover(one)
        if first >= last:
            return False
        whole = self.text[self._starts[first] : self._ends[last - 1]]
        return whole == one.within(self.text).strip()


def _show(one: Annotation, text: str) -> str:
    return f"{one.within(text)[:60]!r} ({one.type}, {one.start} to {one.end})"


def _plain(text: str) -> str:
    """Turn a quote into what has to agree; some tools write a line end as two characters."""
    return "".join(unicodedata.normalize("NFKC", text.replace("\\n", " ")).casefold().split())
