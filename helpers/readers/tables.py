"""Tables with a word in each row, CoNLL in its many forms, TSV and CSV, to sentences."""

import csv
import logging
import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from helpers.readers import columns as finding
from helpers.readers.columns import Columns, Content
from helpers.readers.delimiters import find_delimiter, has_quotes
from helpers.readers.foreign import looks_like, looks_like_program
from helpers.readers.ids import TagIds
from helpers.readers.names import TAGS, TOKENS, find
from helpers.readers.notes import Notes
from helpers.readers.options import AS_FOUND, ReadOptions
from helpers.readers.split import Sentence, Split
from helpers.readers.text import read_text, split_lines
from helpers.tagging import OUTSIDE

logger = logging.getLogger(__name__)

_DOCUMENT = "-DOCSTART-"
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
_COMMENT = re.compile(r"#(\s|$|#|begin document|end document|DOCSTART|[\w.:]+\s*=)")
_NEW_DOCUMENT = re.compile(r"#\s*(?:newdoc|begin document|DOCSTART)")
_METADATA = re.compile(r"#\s*[\w.:-]+\s*=")

# CoNLL-U: ten columns, with tags in the last. Ids such as "3-4", which spans two words, and
# "8.1", which nobody spoke, stand for no word of their own.
_UD_WIDTH = 10
_UD_TAG = re.compile(r"(?:^|\|)(?:NE|NER|name)=([^|]*)", re.IGNORECASE)
_NO_WORD = re.compile(r"\d+[-.]\d+")

_QUOTE = 'write a cell that is a quotation mark as """"'
_LONG = 1000  # words; if a file is one sentence of so many, its borders may be missing
_WIDEST = 1000  # columns; a line of more is running text


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


def read_conll(path: Path, options: ReadOptions = AS_FOUND) -> Split:
    """Turn a CoNLL file, one word and its tag in a line, into its sentences.

    Columns are separated by tabs if the first word's line holds one, otherwise by spaces.
    `helpers.readers.columns` finds the word and the tag, unless an option, a header, or a first
    line ``# global.columns = ...`` (CoNLL-U Plus) names them. The tags of CoNLL-U stand in its last
    column, as ``NE=``, ``NER=`` or ``name=``. Lines that are blank or hold only white space, and
    ``-DOCSTART-`` lines, end a sentence. Comments before a sentence, and metadata
    (``# text = ...``), are left out; a line that starts with ``#`` but has a word's columns and a
    tag is a word, such as a hashtag. A file with tabs whose cells are quoted is read as CSV.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.

    Source: https://universaldependencies.org/ext-format.html
    """
    text = read_text(path, options.encoding)
    program = looks_like_program(text)
    if program is not None:
        raise ValueError(f"{path}: found {program}")
    lines = split_lines(text)
    words = (line for line in lines if line and not _is_border(line) and not _COMMENT.match(line))
    tabs = "\t" in next(words, lines[0])
    if tabs and has_quotes(lines, "\t"):
        return _read(_delimited(path, lines, "\t"), options)

    def rows() -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            if not line or _is_border(line):
                yield number, [], line
            elif tabs:
                yield number, line.split("\t"), line
            else:  # several spaces, which align columns, are one separator
                yield number, [cell for cell in line.split(" ") if cell], line

    declared = _GLOBAL_COLUMNS.match(lines[0])
    names = declared[1].split() if declared else None
    return _read(Table(str(path), rows, comments=True), options, names)


def read_csv(path: Path, options: ReadOptions = AS_FOUND) -> Split:
    """Turn a CSV file, one word and its tag in a row, into its sentences.

    Cells are separated by commas, semicolons or tabs. A column whose name is ``sentence_id`` or
    the like (``Sentence #``) tells sentences apart; an empty cell there continues the sentence.
    Without one, blank rows do. The word and the tag are found as in `read_conll`. Every value is
    text: a word ``NA`` or ``null`` stays what it is.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.
    """
    lines = split_lines(read_text(path, options.encoding))
    return _read(_delimited(path, lines, find_delimiter(lines[0])), options)


def _delimited(path: Path, lines: Sequence[str], delimiter: str) -> Table:
    """Turn the lines of CSV into a table."""
    quotes = '"' if has_quotes(lines, delimiter) else None

    def rows() -> Iterator[Row]:
        reader = csv.reader(
            (f"{line}\n" for line in lines), strict=True, delimiter=delimiter, quotechar=quotes
        )
        number = 1
        try:
            for cells in reader:
                if reader.line_num > number:
                    raise ValueError(
                        f"{path}, line {number}: a quotation mark that opens here does not "
                        f"close in this line; {_QUOTE}"
                    )
                yield number, cells if any(cells) else [], ""
                number = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(f"{path}, line {number}: not CSV: {error}; {_QUOTE}") from None

    return Table(str(path), rows, comments=False)


def _read(table: Table, options: ReadOptions, names: Sequence[str] | None = None) -> Split:
    """Find the columns of a table, unless an option or the file names them, and read its words."""
    place = f"columns={options.columns!r}" if options.columns else f"{table.name}, line 1"
    names = options.columns or names
    survey = _survey(table)
    if survey is None:
        return Split(name=table.name, sentences=[])  # which refuses to be empty
    is_ud = names is None and _holds_ud_tags(survey.content)
    if names is not None:
        where = finding.by_name(names, place)
    elif is_ud:
        where = Columns(_UD_WIDTH, 1, _UD_WIDTH - 1)
    else:
        where = _find(table, survey, numbers=options.tag_names is not None)
    header = _is_header(table, survey, where)
    reader = _Reader(table, where, survey, header=header, is_ud=is_ud)
    split = Split(name=table.name, sentences=list(reader.sentences()))
    reader.report(named=names is not None)
    _check_borders(table, split, where)
    return split if options.tag_names is None else _spell_out(split, options.tag_names)


def _check_borders(table: Table, split: Split, where: Columns) -> None:
    """Refuse CSV, and doubt a long file of CoNLL, in which nothing ends a sentence."""
    n_words = len(split.sentences[0].tokens)
    if len(split.sentences) > 1 or where.sentence is not None or n_words < 2:
        return
    if not table.comments:
        names = list(where.names())
        raise ValueError(
            f"{table.name}: no column names the sentences, and no row is empty, so that all "
            f"{n_words} words would be one sentence; name the column of sentences, or add one with "
            f"a number for each: columns={['sentence', *names]}"
        )
    if n_words > _LONG:
        logger.warning(
            "%s: holds one sentence of %d words; an empty line ends a sentence", table.name, n_words
        )


def _spell_out(split: Split, names: Sequence[str]) -> Split:
    """Turn tags that are written as numbers into the tags that ``names`` gives them."""
    ids = TagIds(names)
    tags = [
        ids.spell_out([int(tag) if tag.isdecimal() else tag for tag in one.tags], split.place(at))
        for at, one in enumerate(split.sentences)
    ]
    ids.check_used(split.name)
    return replace(split.with_tags(tags), declared=names)


def _survey(table: Table) -> Survey | None:
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
            header = None if any(map(finding.is_tag, cells)) else first
        width = len(cells)
        if width > _WIDEST:
            raise ValueError(_no_table(table, row))
        if row is header or _is_no_word(cells[0]):
            continue
        if width not in contents:
            contents[width], usual[width] = Content(width), row
        contents[width].add(cells)
    if first is None:
        return None
    if not contents:  # the first row is the only one
        width = len(first[1])
        contents[width], usual[width] = Content(width), first
        contents[width].add(first[1])
    for content in contents.values():
        content.count()
    content = max(contents.values(), key=lambda content: content.n_rows)
    return Survey(content, first, usual[content.width], has_borders)


def _is_no_word(id_: str) -> bool:
    return not id_.isalnum() and _NO_WORD.fullmatch(id_) is not None


def _is_comment(table: Table, row: Row) -> bool:
    _, cells, source = row
    return (
        table.comments
        and _COMMENT.match(source) is not None
        and not finding.is_tag(cells[-1].strip())
    )


def _names_columns(survey: Survey) -> bool:
    """Tell whether the first row names columns: one is called token or word, and none is a tag."""
    _, names, _ = survey.first
    is_other = any(map(finding.is_tag, names)) or _looks(survey.first) is not None
    return bool(find(names, TOKENS)) and len(names) > 1 and not is_other


def _is_header(table: Table, survey: Survey, where: Columns) -> bool:
    """Tell whether the first row names the columns that were found."""
    if _names_columns(survey):
        return True
    same_width = survey.content.width == where.width
    return same_width and finding.is_header(
        survey.first[1], survey.content, where.tag, expected=not table.comments
    )


def _find(table: Table, survey: Survey, *, numbers: bool) -> Columns:
    """Find the columns by their names in a header, or else by what they hold."""
    content, (number, first, _), _, has_borders = survey
    header = first if _names_columns(survey) else []
    if find(header, TAGS):
        where = finding.by_name(header, f"{table.name}, line {number}")
        same_width = where.width == content.width
        return finding.with_names(where, content, has_borders=has_borders) if same_width else where
    if content.width == 1:
        raise ValueError(_no_table(table, survey.usual))
    try:
        where = finding.by_content(table.name, content, header=header, numbers=numbers)
        return finding.with_names(where, content, has_borders=has_borders)
    except ValueError as error:
        odd = [row for row in (survey.first, survey.usual) if _looks(row)]
        if "tags" in map(content.kind, range(content.width)) or not odd:
            raise
        raise ValueError(f"{_no_table(table, odd[0])} ({error})") from None


def _looks(row: Row) -> str | None:
    """Tell what a row looks like, if that is none of a table of words."""
    return looks_like(row[2] or "\t".join(row[1]))


def _no_table(table: Table, row: Row) -> str:
    """Say what was found where a row of a table was expected."""
    number, cells, source = row
    width = "one column" if len(cells) == 1 else f"{len(cells)} columns"
    found = _looks(row) or f"{width}; expected a word and its tag, separated by a tab or spaces"
    return f"{table.name}, line {number}: found {found}: {source or cells!r:.80}"


def _holds_ud_tags(content: Content) -> bool:
    return content.width == _UD_WIDTH and any(map(_UD_TAG.search, content.values[-1]))


class _Reader:
    """Reads the words of a table whose columns are known, and counts what it did to them."""

    def __init__(
        self, table: Table, where: Columns, survey: Survey, *, header: bool, is_ud: bool
    ) -> None:
        self._table, self._where, self._is_ud = table, where, is_ud
        self._header = survey.first[0] if header else None
        self._named_tags = bool(find(survey.first[1], TAGS))
        self._usual = survey.usual[0]
        same_width = survey.content.width == where.width
        self._values = survey.content.values if same_width else []
        self._kind = survey.content.kind(where.tag) if same_width else None
        self._notes = Notes(table.name)

    def sentences(self) -> Iterator[Sentence]:
        """Yield the sentences, as blank lines or a column of their names tell them apart."""
        width, token_at, tag_at, sentence_at, document_at = self._where
        same: dict[str, str] = {}  # one string for each word and tag, however often it occurs
        names: set[str] = set()
        count = 0
        document = ""
        cell: str | None = None  # what names the sentence
        sentence = Sentence("0", [], [], [])
        for row in self._table.rows():
            number, cells, source = row
            if cells and (
                len(cells) != width or source[:1] == "#" or number == self._header or self._is_ud
            ):
                cells = self._regular(row, inside=bool(sentence.tokens))
                if not cells:
                    document = f"line {number}" if _NEW_DOCUMENT.match(source) else document
                    continue
            if not cells:
                document = f"line {number}" if _DOCUMENT in source else document
                if sentence.tokens and sentence_at is None:
                    yield sentence
                    count += 1
                    sentence = Sentence(str(count), [], [], [])
                continue
            token, tag = cells[token_at], cells[tag_at].strip()
            if not tag:
                raise ValueError(
                    f"{self._table.name}, line {number}: the word {token!r} has no tag; give it "
                    f"one, such as {OUTSIDE!r}"
                )
            if sentence_at is not None and cells[sentence_at] != cell:
                cell = cells[sentence_at]
                name = cell.strip()
                if not names or name not in ("", sentence.id):
                    if sentence.tokens:
                        yield sentence
                    self._check_name(name, names, number)
                    names.add(name)
                    sentence = Sentence(name, [], [], [])
            if not sentence.tokens and (document or document_at is not None):
                name = document if document_at is None else cells[document_at]
                sentence = sentence._replace(document=name)
            sentence.tokens.append(same.setdefault(token, token))
            sentence.tags.append(same.setdefault(tag, tag))
            sentence.lines.append(number)
        if sentence.tokens:
            yield sentence

    def report(self, *, named: bool) -> None:
        """Log what was decided, a line for each thing."""
        table, where = self._table.name, self._where
        if self._header is not None:
            level = logging.INFO if self._named_tags else logging.WARNING
            logger.log(level, "%s, line %d: read as a header", table, self._header)
        expected = (where.token, where.tag) == (0, where.width - 1)
        known = named or self._is_ud or self._named_tags or expected
        by = "" if where.sentence is None else f", and column {where.sentence + 1} the sentences"
        logger.log(
            logging.INFO if known else logging.WARNING,
            "%s: column %d holds the words and column %d the tags%s, as with columns=%s",
            table,
            where.token + 1,
            where.tag + 1,
            by,
            where.names(),
        )
        if self._kind == "chunks":
            logger.warning("%s: the tags are those of syntactic chunks, not of entities", table)
        self._notes.report()

    def _regular(self, row: Row, *, inside: bool) -> list[str]:
        """Turn a line that is not like most into the cells that it stands for, if any."""
        number, cells, source = row
        cells = self._fit(cells)
        if self._holds_no_word(source, cells, number, inside=inside):
            return []
        if len(cells) != self._where.width:
            cells = self._cut((number, cells, source))
        if self._is_ud:
            found = _UD_TAG.search(cells[-1])
            cells = [*cells[:-1], found[1] if found else OUTSIDE]
        return cells

    def _fit(self, cells: list[str]) -> list[str]:
        """Make a line as wide as others, if only empty cells at its end differ."""
        width = self._where.width
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            return cells[:width]
        if len(cells) < width and self._values and not any(map(any, self._values[len(cells) :])):
            return cells + [""] * (width - len(cells))
        return cells

    def _cut(self, row: Row) -> list[str]:
        """Cut a line at spaces where others have a tab."""
        number, cells, source = row
        width, _, tag_at, *_ = self._where
        cut = source.split()
        known = self._values and len(cells) == 1 and len(cut) == width
        if known and cut[tag_at] in self._values[tag_at]:
            kind = "lines have spaces where others have a tab, and were still read"
            self._notes.add(kind, f"line {number}")
            return cut
        expected = f"as in line {self._usual}" if self._values else "one for each name"
        raise ValueError(
            f"{self._table.name}, line {number}: found {len(cells)} columns, expected {width}, "
            f"{expected}: {source or cells!r:.80}; correct the line or the names of the columns"
        )

    def _holds_no_word(
        self, source: str, cells: Sequence[str], number: int, *, inside: bool
    ) -> bool:
        """Tell a header, a comment, or a line of CoNLL-U that stands for no word."""
        if number == self._header:
            return True
        if self._is_ud and _is_no_word(cells[0]):
            self._check_passed(cells, number)
            kind = "lines are multiword tokens or empty nodes, and hold no word of their own"
            self._notes.add(kind, f"line {number}")
            return True
        if not self._table.comments or source[0] != "#":
            return False
        if not (_METADATA if inside else _COMMENT).match(source):
            return False
        # a word that begins with "#" has a tag
        if len(cells) != self._where.width:
            return True
        tag = cells[self._where.tag].strip()
        return not (
            finding.is_tag(tag) or (bool(self._values) and tag in self._values[self._where.tag])
        )

    def _check_passed(self, cells: Sequence[str], number: int) -> None:
        """Refuse to pass by a line whose tag would be lost."""
        found = _UD_TAG.search(cells[-1])
        if found and found[1] != OUTSIDE:
            raise ValueError(
                f"{self._table.name}, line {number}: the multiword token {cells[1]!r} has the tag "
                f"{found[1]!r}; give the tag to the words that it spans, in the lines below"
            )

    def _check_name(self, name: str, names: Container[str], number: int) -> None:
        if not name or name in names:
            raise ValueError(
                f"{self._table.name}, line {number}: the name {name!r} of the sentence is empty "
                "or was used before; keep the rows of a sentence together and give each sentence "
                "its own"
            )


def _is_border(line: str) -> bool:
    return line.isspace() or (_DOCUMENT in line and _DOCUMENT in re.split("[ \t]", line))
