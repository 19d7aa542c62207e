"""Tables with a word in each row, CoNLL in its many forms, TSV and CSV, to sentences."""

import csv
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from helpers.readers import survey
from helpers.readers.columns import Columns
from helpers.readers.delimiters import find_delimiter, has_quotes
from helpers.readers.foreign import looks_like_program
from helpers.readers.ids import TagIds
from helpers.readers.options import ReadOptions
from helpers.readers.rows import RowReader
from helpers.readers.split import Split
from helpers.readers.survey import COMMENT, DOCUMENT, Row, Table
from helpers.readers.text import read_text, split_lines

logger = logging.getLogger(__name__)

_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
_QUOTE = 'write a cell that is a quotation mark as """"'
_HEAD = 9  # lines that show which program wrote a file
_LONG = 1000  # words; if a file is one sentence of so many, its borders may be missing


def read_conll(path: Path, options: ReadOptions) -> Split:
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
    lines = split_lines(read_text(path, options.encoding))
    program = looks_like_program("\n".join(lines[:_HEAD]))
    if program is not None:
        raise ValueError(f"{path}: found {program}")
    words = (line for line in lines if line and not _is_border(line) and not COMMENT.match(line))
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


def read_csv(path: Path, options: ReadOptions) -> Split:
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
        reader = csv.reader(lines, strict=True, delimiter=delimiter, quotechar=quotes)
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
    seen = survey.look_at(table)
    if seen is None:
        return Split(name=table.name, sentences=[])  # which refuses to be empty
    if options.columns:
        where = survey.by_name(options.columns, f"columns={options.columns!r}")
    elif names:
        where = survey.by_name(names, f"{table.name}, line 1")
    else:
        where = survey.find_columns(table, seen, numbers=options.tag_names is not None)
    named = bool(options.columns or names)
    reader = RowReader(table, seen, where, named=named)
    split = Split(name=table.name, sentences=list(reader.sentences()))
    reader.report()
    _check_borders(table, split, where)
    return split if options.tag_names is None else _spell_out(split, options.tag_names)


def _check_borders(table: Table, split: Split, where: Columns) -> None:
    """Refuse CSV, and doubt a long file of CoNLL, in which nothing ends a sentence."""
    n_words = len(split.sentences[0].tokens)
    if len(split.sentences) > 1 or where.sentence is not None or n_words < 2:
        return
    if not table.comments:
        raise ValueError(
            f"{table.name}: no column names the sentences, and no row is empty, so that all "
            f"{n_words} words would be one sentence; name the column of sentences, or add one with "
            f"a number for each: columns={['sentence', *where.names()]}"
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


def _is_border(line: str) -> bool:
    return line.isspace() or (DOCUMENT in line and DOCUMENT in re.split("[ \t]", line))
