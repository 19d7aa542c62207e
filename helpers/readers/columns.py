"""Which column of a table of words holds the words, and which the tags: the one place to decide.

Names decide if the user or the file gives them. Otherwise the content does: a first column that
counts the words of each sentence is an index, the one column that holds tags of entities is the
tag, and the first other column is the word.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from helpers.readers.names import SENTENCES, TAGS, TOKENS, find
from helpers.tagging import OUTSIDE, TagError, find_spelling, split_tag

Kind = Literal["index", "tags", "chunks", "types", "outside", "numbers", "values"]

# The phrases of CoNLL-2000's chunking, in English and as CoNLL-2003 has them in German.
_CHUNKS = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
).union(("NC", "VC", "PC"))
_PREFIXED = re.compile("[BIESLUMW][-_:].+", re.DOTALL)
_KINDS = {
    "index": "the numbers of the words",
    "tags": "tags of entities",
    "chunks": "syntactic chunks",
    "types": "types of entities",
    "outside": "only outside marks",
    "numbers": "numbers",
    "values": "other values",
}


class Columns(NamedTuple):
    """Where a table holds what; positions from 0.

    Attributes:
        width: Number of columns.
        token: The column of words.
        tag: The column of tags.
        sentence: The column that names the sentence; ``None`` if blank lines end sentences.
    """

    width: int
    token: int
    tag: int
    sentence: int | None = None


@dataclass
class Content:
    """What the columns of a table hold: how often each value stands in them.

    Attributes:
        width: Number of columns.
        values: For each column the number of times that each value occurs.
        n_rows: Number of rows.
        counts_words: Whether the first column counts the words of every sentence.
    """

    width: int
    values: list[Counter[str]] = field(init=False)
    n_rows: int = 0
    counts_words: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        self.values = [Counter() for _ in range(self.width)]

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Count rows."""
        self.n_rows += len(rows)
        for counter, column in zip(self.values, zip(*rows, strict=True), strict=False):
            counter.update(column)

    def kind(self, column: int) -> Kind:
        """Tell what a column holds."""
        counts: Counter[str] = Counter()
        for value, count in self.values[column].items():
            counts[value.strip()] += count
        if 2 * counts[""] < self.n_rows:  # a few words without a tag are a fault in the tags
            del counts[""]
        if column == 0 and self.counts_words and self.width > 2:
            return "index"
        if set(counts) != {"0"} and all(map(str.isdecimal, counts)):
            return "numbers"
        try:
            spelling = find_spelling(counts)
        except TagError:
            n_tags = sum(count for tag, count in counts.items() if is_tag(tag))
            begun = any(is_tag(tag) and tag != OUTSIDE for tag in counts)
            # a few odd ones are a fault, which is told with its line when tags are read
            return "tags" if begun and 2 * n_tags > self.n_rows else "values"
        usual = set(spelling.tags.values())
        types = {split_tag(tag)[1] for tag in usual - {OUTSIDE}}
        if not types:
            return "values" if set(counts) == {"_"} else "outside"
        if not spelling.prefixed:
            # a hyphen or underscore fills the empty cells of many columns that hold no tags
            return "values" if "_" in counts and self.width > 2 else "types"
        return "chunks" if types <= _CHUNKS else "tags"


def by_name(names: Sequence[str], place: str) -> Columns:
    """Find the column of words and the column of tags by their names.

    Args:
        names: The names of all columns in order.
        place: Where they are given, for the message.

    Raises:
        ValueError: There is not exactly one of each.
    """
    tokens, tags = named(names, TOKENS), named(names, TAGS)
    if len(tokens) != 1 or len(tags) != 1:
        width = max(2, len(names))
        token = tokens[0] if tokens else 0
        tag = next(at for at in [*tags, width - 1, 0] if at != token)
        raise ValueError(
            f"{place}: expected one column named token (or word, form) and one named tag (or "
            f"ner, label); found {', '.join(map(repr, names)):.300}. Say which column is which, "
            f"such as columns={describe(Columns(width, token, tag))}"
        )
    return Columns(len(names), tokens[0], tags[0], next(iter(named(names, SENTENCES)), None))


def by_content(
    name: str,
    content: Content,
    *,
    header: Sequence[str],
    numbers: bool,
) -> Columns:
    """Find the column of words and the column of tags by what they hold.

    A header's names for words and sentences count too, so that only the tags are looked for.

    Args:
        name: The file, for messages.
        content: What its columns hold.
        header: The names of the columns; none if the file has none.
        numbers: Whether tags may be numbers.

    Raises:
        ValueError: No column holds tags, or several do; the message lists them all.
    """
    kinds = [content.kind(column) for column in range(content.width)]
    words = [column for column, kind in enumerate(kinds) if kind != "index"]
    tokens = named(header, TOKENS)
    rivals: list[int] = []
    for wanted in ("tags", "types", "chunks", "numbers" if numbers else "outside", "outside"):
        rivals = [column for column, kind in enumerate(kinds) if kind == wanted]
        if wanted in ("types", "numbers"):  # words may repeat as types do
            rivals = [column for column in rivals if column != words[0]]
        if rivals:
            break
    if len(rivals) != 1 and not (rivals and kinds[rivals[0]] == "outside"):
        raise ValueError(_refusal(name, content, kinds, rivals))
    tag = rivals[-1]
    token = next(column for column in [*tokens, *words] if column != tag)
    if content.width > 2 and kinds[token] == "numbers" and not tokens:
        raise ValueError(_refusal(name, content, kinds, rivals))
    return Columns(content.width, token, tag, next(iter(named(header, SENTENCES)), None))


def describe(columns: Columns) -> list[str]:
    """Turn what columns hold into names for the option ``columns``."""
    names = ["_"] * columns.width
    names[columns.token], names[columns.tag] = "token", "tag"
    if columns.sentence is not None:
        names[columns.sentence] = "sentence"
    return names


def is_tag(cell: str) -> bool:
    """Tell whether a cell is the outside mark or a type with a prefix, in any usual spelling."""
    return cell == OUTSIDE or _PREFIXED.fullmatch(cell) is not None


def named(names: Sequence[str], wanted: tuple[str, ...]) -> list[int]:
    """Find the columns that have one of the names wanted."""
    return [column for column, name in enumerate(names) if find([name], wanted)]


def _refusal(name: str, content: Content, kinds: Sequence[Kind], rivals: Sequence[int]) -> str:
    held = "; ".join(
        f"column {number}: {_KINDS[kind]}, such as "
        + ", ".join(repr(value[:30]) for value in _examples(counts))
        for number, (kind, counts) in enumerate(zip(kinds, content.values, strict=True), 1)
    )
    tag = rivals[0] if rivals else content.width - 1
    others = [at for at, kind in enumerate(kinds) if kind not in ("index", "numbers") and at != tag]
    token = next(at for at in [*others, 0, 1] if at != tag)
    sentence = None
    if len(rivals) > 1:
        found = f"{len(rivals)} columns hold tags, and only one can be learned"
    elif rivals:
        number = kinds.index("numbers")
        found = f"column {number + 1} may hold the numbers of sentences, or other numbers"
        sentence = number if 2 * len(content.values[number]) < content.n_rows else None
    else:
        try:
            find_spelling(content.values[tag])
            found = "no column holds tags"
        except TagError as error:
            found = f"no column holds tags of entities (in the last, {error})"
        if kinds[tag] == "numbers":
            return f"{name}: {found}. {held}"
    names = describe(Columns(content.width, token, tag, sentence))
    return f"{name}: {found}. {held}. Say which column is which, such as columns={names}"


def _examples(counts: Counter[str]) -> list[str]:
    """Take three values of a column, those that are no outside mark first."""
    values = [value for value, _ in counts.most_common(50)]
    return sorted(values, key=lambda value: value in (OUTSIDE, "_", ""))[:3]
