"""The rows of a table whose columns are known, to sentences."""

import logging
import re
from collections.abc import Container, Iterator, Sequence

from helpers.readers.columns import Columns, is_tag
from helpers.readers.names import TAGS, find
from helpers.readers.notes import Notes
from helpers.readers.split import Sentence
from helpers.readers.survey import (
    COMMENT,
    DOCUMENT,
    UD_TAG,
    Row,
    Survey,
    Table,
    is_header,
    is_no_word,
)
from helpers.tagging import OUTSIDE

logger = logging.getLogger(__name__)

_NEW_DOCUMENT = re.compile(r"#\s*(?:newdoc|begin document|DOCSTART)")
_METADATA = re.compile(r"#\s*(?:[\w.:-]+\s*=|(?:begin|end) document)")


class RowReader:
    """Reads the words of a table whose columns are known, and counts what it did to them."""

    def __init__(self, table: Table, survey: Survey, where: Columns, *, named: bool) -> None:
        """Take a table, what a first look shows, its columns, and whether they were named."""
        self._table, self._where = table, where
        self._is_ud = not named and survey.has_ud_tags()
        number, cells, _ = survey.first
        self._header = number if is_header(table, survey, where) else None
        names_tags = self._header is not None and bool(find(cells, TAGS))
        expected = (where.token, where.tag) == (0, where.width - 1)
        self._is_known = named or self._is_ud or names_tags or expected
        self._header_level = logging.INFO if names_tags else logging.WARNING
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
                document = f"line {number}" if DOCUMENT in source else document
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
            if (document or document_at is not None) and not sentence.tokens:
                name = document if document_at is None else cells[document_at]
                sentence = sentence._replace(document=name)
            sentence.tokens.append(same.setdefault(token, token))
            sentence.tags.append(same.setdefault(tag, tag))
            sentence.lines.append(number)
        if sentence.tokens:
            yield sentence

    def report(self) -> None:
        """Log what was decided, a line for each thing."""
        table, where = self._table.name, self._where
        if self._header is not None:
            logger.log(self._header_level, "%s, line %d: read as a header", table, self._header)
        by = "" if where.sentence is None else f", and column {where.sentence + 1} the sentences"
        logger.log(
            logging.INFO if self._is_known else logging.WARNING,
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
            found = UD_TAG.search(cells[-1])
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
        if self._is_ud and is_no_word(cells[0]):
            self._check_passed(cells, number)
            kind = "lines are multiword tokens or empty nodes, and hold no word of their own"
            self._notes.add(kind, f"line {number}")
            return True
        if not self._table.comments or source[0] != "#":
            return False
        if not (_METADATA if inside else COMMENT).match(source):
            return False
        # a word that begins with "#" has a tag
        if len(cells) != self._where.width:
            return True
        tag = cells[self._where.tag].strip()
        return not (is_tag(tag) or (bool(self._values) and tag in self._values[self._where.tag]))

    def _check_passed(self, cells: Sequence[str], number: int) -> None:
        """Refuse to pass by a line whose tag would be lost."""
        found = UD_TAG.search(cells[-1])
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
