"""A first look at a table: what its columns hold, and which of them hold words and tags."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from helpers.readers import columns
from helpers.readers.columns import Columns, Content, by_name, is_tag
from helpers.readers.foreign import looks_like
from helpers.readers.names import TAGS, TOKENS, find

DOCUMENT = "-DOCSTART-"
COMMENT = re.compile(r"#(\s|$|#|begin document|end document|DOCSTART|[\w.:]+\s*=)")
_PART = 256  # rows counted together; many more at once keep the garbage collector busy
_WIDEST = 1000  # columns; a line of more is running text

# CoNLL-U: ten columns, with tags in the last. Ids such as "3-4", which spans two words, and
# "8.1", which nobody spoke, stand for no word of their own.
UD_TAG = re.compile(r"(?:^|\|)(?:NE|NER|name)=([^|]*)", re.IGNORECASE)
_UD_WIDTH = 10
_NO_WORD = re.compile(r"\d+[-.]\d+")

Row = tuple[int, list[str], str]
"""A line of a table: its number from 1, its cells (none in a border), and in CoNLL its text."""


class Table(NamedTuple):
    """A file as rows; it is read twice, to find its columns and then its words.

    Attributes:
        name: What messages call it.
        rows: Makes an iterator over its rows.
        comments: Whether lines that begin with ``#`` may be comments.
    """

    name: str
    rows: Callable[[], Iterator[Row]]
    comments: bool


class Survey(NamedTuple):
    """What a first look at a table shows.

    Attributes:
        content: What the columns hold, in the rows that have the usual number of them; the very
            first row does not count where it may be a header, since it holds no tag.
        first: That row.
        usual: The first row with the usual number of columns.
        has_borders: Whether a row is empty, so that it ends a sentence.
    """

    content: Content
    first: Row
    usual: Row
    has_borders: bool

    def has_ud_tags(self) -> bool:
        """Tell whether the table is CoNLL-U with tags in its last column."""
        return self.content.width == _UD_WIDTH and any(map(UD_TAG.search, self.content.values[-1]))

    def names_columns(self) -> bool:
        """Tell whether the first row is a header by its names: one of them is token or word."""
        _, names, _ = self.first
        is_other = any(map(is_tag, names)) or _looks(self.first) is not None
        return bool(find(names, TOKENS)) and len(names) > 1 and not is_other


def look_at(table: Table) -> Survey | None:
    """Count what the columns hold; ``None`` where the table holds nothing."""
    first: Row | None = None
    header: Row | None = None
    usual: dict[int, Row] = {}
    contents: dict[int, Content] = {}
    border, has_borders = False, False
    for row in table.rows():
        _, cells, source = row
        if not cells or (source[:1] == "#" and _is_comment(table, row)):
            border = border or (not cells and first is not None)
            continue
        has_borders = has_borders or border
        if first is None:
            first = row
            header = None if any(map(is_tag, cells)) else first
        width = len(cells)
        if width not in contents:
            if width > _WIDEST:
                raise ValueError(_no_table(table, row))
            contents[width] = Content(width)
        if row is header or (not cells[0].isalnum() and is_no_word(cells[0])):
            continue
        if width not in usual:
            usual[width] = row
        content = contents[width]
        content.waiting.append(cells)
        if len(content.waiting) == _PART:
            content.count()
    if first is None:
        return None
    if not usual:  # the first row is the only one
        usual[len(first[1])] = first
        contents[len(first[1])].waiting.append(first[1])
    for content in contents.values():
        content.count()
    content = max(contents.values(), key=lambda content: content.n_rows)
    return Survey(content, first, usual[content.width], has_borders)


def is_no_word(id_: str) -> bool:
    """Tell whether an id of CoNLL-U is that of several words, or of one that nobody spoke."""
    return _NO_WORD.fullmatch(id_) is not None


def _is_comment(table: Table, row: Row) -> bool:
    _, cells, source = row
    return table.comments and COMMENT.match(source) is not None and not is_tag(cells[-1].strip())


def is_header(table: Table, survey: Survey, where: Columns) -> bool:
    """Tell whether the first row names the columns that were found."""
    return survey.names_columns() or (
        survey.content.width == where.width
        and columns.is_header(
            survey.first[1], survey.content, where.tag, expected=not table.comments
        )
    )


def find_columns(table: Table, survey: Survey, *, numbers: bool) -> Columns:
    """Find the columns by their names in a header, or else by what they hold.

    ``numbers`` tells whether tags may be numbers.

    Raises:
        ValueError: No column holds tags, or several do; the message says what the file looks like.
    """
    content, (number, first, _), _, has_borders = survey
    if survey.has_ud_tags():
        return Columns(_UD_WIDTH, 1, _UD_WIDTH - 1)
    header = first if survey.names_columns() else []
    if find(header, TAGS):
        where = by_name(header, f"{table.name}, line {number}")
    elif content.width == 1:
        raise ValueError(_no_table(table, survey.usual))
    else:
        try:
            where = columns.by_content(table.name, content, header=header, numbers=numbers)
        except ValueError as error:
            odd = [row for row in (survey.first, survey.usual) if _looks(row)]
            if "tags" in map(content.kind, range(content.width)) or not odd:
                raise
            raise ValueError(f"{_no_table(table, odd[0])} ({error})") from None
    if where.width != content.width:
        return where
    return columns.with_names(where, content, has_borders=has_borders)


def _looks(row: Row) -> str | None:
    """Tell what a row looks like, if that is none of a table of words."""
    return looks_like(row[2] or "\t".join(row[1]))


def _no_table(table: Table, row: Row) -> str:
    """Say what was found where a row of a table was expected."""
    number, cells, source = row
    width = "one column" if len(cells) == 1 else f"{len(cells)} columns"
    found = _looks(row) or f"{width}; expected a word and its tag, separated by a tab or spaces"
    return f"{table.name}, line {number}: found {found}: {source or cells!r:.80}"
