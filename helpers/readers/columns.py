"""Which column of a table holds the words, the tags and the sentences: the one place to decide.

Names decide if the user or the file gives them. Otherwise the content does: the one column that
holds tags of entities is the tag, and the first column that holds neither tags nor numbers nor
names of sentences or documents is the word.
"""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import eq
from typing import Literal, NamedTuple

from helpers.readers.names import SENTENCES, TAGS, TOKENS, find
from helpers.tagging import OUTSIDE, OUTSIDE_MARKS, TagError, find_spelling, split_tag

logger = logging.getLogger(__name__)

Kind = Literal["tags", "chunks", "types", "outside", "numbers", "ids", "values"]

# The phrases of CoNLL-2000's chunking, in English and as CoNLL-2003 has them in German.
_CHUNKS = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
).union(("NC", "VC", "PC"))
_PREFIXED = re.compile("[BIESLUMW][-_:].+|.+[-_:][BIESLUMW]", re.DOTALL)
_DIGITS = re.compile(r"\d+")
_TELLING = 20_000  # rows that show whether rows repeat those before
_ENOUGH = 50  # different words, from which on a table shows which columns could hold words
_KINDS: dict[Kind, str] = {
    "tags": "tags of entities",
    "chunks": "syntactic chunks",
    "types": "types of entities",
    "outside": "only outside marks",
    "numbers": "numbers",
    "ids": "names of words, sentences or documents",
    "values": "other values",
}


class Columns(NamedTuple):
    """Where a table holds what; positions from 0.

    Attributes:
        width: Number of columns.
        token: The column of words.
        tag: The column of tags.
        sentence: The column that names the sentence; ``None`` if blank lines end sentences.
        document: The column that names the document, if there is one.
    """

    width: int
    token: int
    tag: int
    sentence: int | None = None
    document: int | None = None

    def names(self) -> list[str]:
        """Write them as the option ``columns``."""
        names = ["_"] * self.width
        names[self.token], names[self.tag] = "token", "tag"
        if self.sentence is not None:
            names[self.sentence] = "sentence"
        return names


@dataclass
class Content:
    """What the columns of a table hold.

    Attributes:
        width: Number of columns.
        values: For each column the number of times that each value occurs.
        repeats: For each column how many of the first rows repeat the value of the row before.
        n_rows: Number of rows.
        n_pairs: Number of rows that were compared with the row before.
        waiting: Rows that follow one another, to be counted together.
    """

    width: int
    values: list[Counter[str]] = field(init=False)
    repeats: list[int] = field(init=False)
    n_rows: int = 0
    n_pairs: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        self.values = [Counter() for _ in range(self.width)]
        self.repeats = [0] * self.width
        self.waiting: list[Sequence[str]] = []
        self._kinds: dict[int, Kind] = {}

    def count(self) -> None:
        """Count the rows that wait."""
        columns = [*zip(*self.waiting, strict=True)]
        for counter, column in zip(self.values, columns, strict=False):
            counter.update(column)
        if self.n_pairs < _TELLING and self.waiting:
            self.n_pairs += len(self.waiting) - 1
            for at, column in enumerate(columns):
                self.repeats[at] += sum(map(eq, column, column[1:]))
        self.n_rows += len(self.waiting)
        self.waiting.clear()

    def steadiness(self, column: int) -> float:
        """Tell which share of rows repeats the value of the row before, or leaves it out.

        It is large for names of sentences and documents.
        """
        repeated = self.repeats[column] / max(1, self.n_pairs)
        return max(repeated, self.values[column][""] / max(1, self.n_rows))

    def kind(self, column: int) -> Kind:
        """Tell what a column holds, once all rows are counted."""
        if column not in self._kinds:
            self._kinds[column] = self._find_kind(column)
        return self._kinds[column]

    def _find_kind(self, column: int) -> Kind:
        counts: Counter[str] = Counter()
        for value, count in self.values[column].items():
            counts[value.strip()] += count
        if 2 * counts[""] < self.n_rows:  # a few words without a tag are a fault in the tags
            del counts[""]
        may_be_tag = self.width == 2 or column == self.width - 1
        if all(map(str.isdecimal, counts)) and not (may_be_tag and set(counts) == {"0"}):
            return "numbers"
        try:
            spelling = find_spelling(counts)
        except TagError:
            n_tags = sum(count for tag, count in counts.items() if is_tag(tag))
            begun = any(is_tag(tag) and tag != OUTSIDE for tag in counts)
            # a few odd ones are a fault, which is told with its line when tags are read
            if begun and 2 * n_tags > self.n_rows:
                return "tags"
            return self._other(column)
        usual = set(spelling.tags.values())
        types = {split_tag(tag)[1] for tag in usual - {OUTSIDE}}
        if not types:
            return self._other(column) if set(counts) == {"_"} else "outside"
        if not spelling.prefixed:
            # a hyphen or underscore fills the empty cells of many columns that hold no tags
            return self._other(column) if "_" in counts and self.width > 2 else "types"
        return "chunks" if types <= _CHUNKS else "tags"

    def _other(self, column: int) -> Kind:
        """Tell names, which hardly change or are alike but for their digits, from other values."""
        shapes = (_DIGITS.sub("0", value) for value in self.values[column])
        first = next(shapes)
        alike = self.steadiness(column) >= 1 / 2 or all(shape == first for shape in shapes)
        return "ids" if alike and self.width > 2 else "values"  # of two columns one holds words


def by_name(names: Sequence[str], place: str) -> Columns:
    """Find columns by the names of all columns; the message says at which place these are given.

    Raises:
        ValueError: There is not exactly one column of words and one of tags.
    """
    tokens, tags = _named(names, TOKENS), _named(names, TAGS)
    if len(tokens) != 1 or len(tags) != 1:
        width = max(2, len(names))
        token = tokens[0] if tokens else 0
        tag = next(at for at in [*tags, width - 1, 0] if at != token)
        raise ValueError(
            f"{place}: expected one column named token (or word, form) and one named tag (or "
            f"ner, label); found {', '.join(map(repr, names)):.300}. Say which column is which, "
            f"such as columns={Columns(width, token, tag).names()}"
        )
    return Columns(len(names), tokens[0], tags[0], next(iter(_named(names, SENTENCES)), None))


def by_content(
    source: str,
    content: Content,
    *,
    header: Sequence[str],
    numbers: bool,
) -> Columns:
    """Find columns by what they hold.

    A header's names for words and sentences count too, so that only the tags are looked for.
    ``numbers`` tells whether these may be numbers.

    Raises:
        ValueError: No column holds tags, or several do; the message lists them all.
    """
    kinds = [content.kind(column) for column in range(content.width)]
    words = [column for column, kind in enumerate(kinds) if kind not in ("numbers", "ids")]
    rivals: list[int] = []
    for wanted in ("tags", "types", "chunks", "numbers" if numbers else "outside", "outside"):
        rivals = [column for column, kind in enumerate(kinds) if kind == wanted]
        if wanted == "types":  # words may repeat as types do
            rivals = [column for column in rivals if column not in words[:1]]
        if wanted == "numbers":  # numbers of words and sentences stand before them
            rivals = rivals[-1:]
        if rivals:
            break
    if len(rivals) != 1 and not (rivals and kinds[rivals[0]] == "outside"):
        raise ValueError(_refusal(source, content, kinds, rivals))
    tag = rivals[-1]
    # if need be, names are words sooner than numbers are
    others = sorted(range(content.width), key=lambda at: (kinds[at], content.repeats[at]))
    token = next(at for at in [*_named(header, TOKENS), *words, *others] if at != tag)
    _report_rivals(source, content, kinds, token)
    sentence = next(iter(_named(header, SENTENCES)), None)
    return Columns(content.width, token, tag, sentence)


def with_names(columns: Columns, content: Content, *, has_borders: bool) -> Columns:
    """Find the columns that name sentences and documents: most rows repeat what stands in them.

    Where a file has borders, blank lines end sentences, and no column has to name them.
    """
    steady = [
        at
        for at in range(content.width)
        if content.steadiness(at) >= 1 / 4  # sentences may be short
        and len(content.values[at]) > 1
        and at not in columns[1:]
        and content.kind(at) in ("numbers", "ids")
    ]
    steady.sort(key=content.repeats.__getitem__)
    if columns.sentence is None and steady and not has_borders:
        columns = columns._replace(sentence=steady.pop(0))
    return columns._replace(document=steady[-1] if steady else None)


def is_header(cells: Sequence[str], content: Content, tag: int, *, expected: bool) -> bool:
    """Tell whether a first row names the columns, in any language.

    Its cell in the column of tags is then no tag. If tags have no prefixes, any word could be one,
    so that a header has to be expected, as tables of this form usually have one, or names a column
    of numbers.
    """
    names = [cell.strip().lower() for cell in cells]
    if len(names) != content.width or len({*names, ""}) <= len(names) or any(map(is_tag, cells)):
        return False
    values, kinds = content.values[tag], [content.kind(at) for at in range(content.width)]
    if cells[tag] in (*values, *OUTSIDE_MARKS) or any(
        split_tag(value)[1] == cells[tag] for value in values
    ):
        return False
    numbers = [name for name, kind in zip(names, kinds, strict=True) if kind == "numbers"]
    named = bool(numbers) and not any(map(str.isdecimal, names))
    return expected or named or kinds[tag] in ("tags", "chunks")


def is_tag(cell: str) -> bool:
    """Tell whether a cell is the outside mark or a type with a prefix, in any usual spelling."""
    return cell == OUTSIDE or _PREFIXED.fullmatch(cell) is not None


def _named(names: Sequence[str], wanted: tuple[str, ...]) -> list[int]:
    """Find the columns that have one of the names wanted."""
    return [column for column, name in enumerate(names) if find([name], wanted)]


def _report_rivals(source: str, content: Content, kinds: Sequence[Kind], token: int) -> None:
    """Log which other columns have as many different values as the words, or nearly as many."""
    n_words = len(content.values[token])
    rivals = [
        at + 1
        for at, kind in enumerate(kinds)
        if kind == "values" and at != token and 2 * len(content.values[at]) > n_words
    ]
    if rivals and n_words >= _ENOUGH:
        logger.warning(
            "%s: column %d was taken for the words; column %s could be the words too",
            source,
            token + 1,
            " or ".join(map(str, rivals)),
        )


def _refusal(source: str, content: Content, kinds: Sequence[Kind], rivals: Sequence[int]) -> str:
    held = "; ".join(
        f"column {number}: {_KINDS[kind]}, such as "
        + ", ".join(repr(value[:30]) for value in _examples(counts))
        for number, (kind, counts) in enumerate(zip(kinds, content.values, strict=True), 1)
    )
    tag = rivals[0] if rivals else content.width - 1
    others = [at for at, kind in enumerate(kinds) if kind not in ("numbers", "ids") and at != tag]
    token = next(at for at in [*others, 0, 1] if at != tag)
    if rivals:
        found = f"{len(rivals)} columns hold tags, and only one can be learned"
    else:
        found = "no column holds tags of entities"
        for column in range(content.width):
            try:
                find_spelling(content.values[column])
            except TagError as error:
                if column == tag or "brackets" in str(error):
                    found = f"{found} (in column {column + 1}, {error})"
                    break
        if kinds[tag] == "numbers":
            return f"{source}: {found}. {held}"
    return (
        f"{source}: {found}. {held}. Say which column is which, such as "
        f"columns={Columns(content.width, token, tag).names()}"
    )


def _examples(counts: Counter[str]) -> list[str]:
    """Take three values of a column, those that are no outside mark first."""
    values = [value for value, _ in counts.most_common(50)]
    return sorted(values, key=lambda value: value in (OUTSIDE, "_", ""))[:3]
