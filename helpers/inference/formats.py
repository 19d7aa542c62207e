"""Text, JSON, tables and Parquet to parts of records, and records to Parquet.

One pass cuts a source into parts and keeps only where each part begins. One part is in memory at a
time, so it is limited both in records and in bytes.
"""

import base64
import codecs
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from pyarrow import parquet

Record = dict[str, Any]

ENTITIES = "entities"
_ENTITIES_TYPE = pa.list_(
    pa.struct(
        {
            "entity_group": pa.string(),
            "score": pa.float64(),
            "word": pa.string(),
            "start": pa.int64(),
            "end": pa.int64(),
        }
    )
)
_PARQUET = ".parquet"
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_TABLES = (".csv", ".tsv")
_TEXT = (".txt", ".text", "")
_PART_BYTES = 2**17
_UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
_ITEM_CHARACTERS = 2**24


class Part(NamedTuple):
    """A run of records of a source.

    Attributes:
        number: Its place among the parts, from 0.
        first: Number of its first record, from 1: a line, or a row of a Parquet file.
        n_records: How many records it has.
        offset: Where it begins: a byte of a file of lines, a row of a Parquet file.
    """

    number: int
    first: int
    n_records: int
    offset: int


class Content(NamedTuple):
    """What a part holds.

    Attributes:
        records: Those with a text, in order.
        rejected: One for each of the others: the number of its line or row, what is wrong with
            it, and the record as far as it can be shown.
    """

    part: Part
    records: list[Record]
    rejected: list[Record]


class Source(Protocol):
    """A file of records with a text each."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def text_field(self) -> str:
        """The field of a record that holds its text."""

    @property
    def schema(self) -> pa.Schema | None:
        """The columns, if the file says what they are."""

    def parts(self, size: int) -> list[Part]:
        """Cut it into parts of at most ``size`` records."""

    def read(self, parts: Sequence[Part]) -> Iterator[Content]:
        """Read parts, in the order of the file."""


def source_of(path: Path, text_field: str) -> Source:
    """Turn a file's name into the source that its suffix names, in any letter case.

    Args:
        path: ``.txt``, ``.text`` or no suffix is text, one per line; ``.jsonl``, ``.ndjson`` and
            ``.json`` are JSON Lines, and ``.json`` may be one array; ``.csv`` and ``.tsv`` are
            tables whose first row names the columns; ``.parquet`` is Parquet.
        text_field: The field that holds the text; a line of plain text becomes ``text``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Its suffix is unknown, or it is not what its suffix says, or has no such column
            of text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix == _PARQUET:
        rows = Rows(path, text_field)
        rows.check()
        return rows
    if suffix in _TABLES:
        table = Table(path, text_field, path)
        table.check()
        return table
    if suffix in _JSON_LINES:
        return Lines(path, text_field, path, is_json=True)
    if suffix in _TEXT:
        return Lines(path, "text", path, is_json=False)
    raise ValueError(
        f"{path}: the suffix {path.suffix} does not say what it holds; name it .txt (one text per "
        "line), .jsonl, .json, .csv, .tsv or .parquet"
    )


def is_parquet(target: Path) -> bool:
    """Whether a result is Parquet, rather than JSON Lines.

    Raises:
        ValueError: Its suffix is that of neither.
    """
    suffix = target.suffix.lower()
    if suffix not in (*_JSON_LINES, _PARQUET):
        raise ValueError(
            f"the result {target} has to be JSON Lines or Parquet; name it .jsonl or .parquet"
        )
    return suffix == _PARQUET


def rewritten(source: Source) -> Iterator[str] | None:
    """Give the text that replaces a source so that it can be read in parts.

    UTF-16 becomes UTF-8, and an array of JSON becomes a line for each of its items.

    Returns:
        Pieces of text; ``None`` if the source is read as it is.

    Raises:
        ValueError: While they are read: it is not the UTF-16 or the array that it begins as.
    """
    if isinstance(source, Rows):
        return None
    encoding = _encoding(source.path)
    if source.path.suffix.lower() == ".json" and _first_mark(source.path, encoding) == "[":
        return (f"{json.dumps(item)}\n" for item in _items(source.path, encoding))
    return _pieces(source.path, encoding) if encoding == "utf-16" else None


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in _UTF_16 else "utf-8-sig"


def _first_mark(path: Path, encoding: str) -> str:
    """Give the first character that is no white space."""
    with path.open(encoding=encoding, errors="replace") as file:
        return next((char for char in iter(partial(file.read, 1), "") if not char.isspace()), "")


def _pieces(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, newline="") as file:
        try:
            yield from iter(partial(file.read, _PART_BYTES), "")
        except UnicodeError as error:
            name = encoding.removesuffix("-sig").upper()
            raise ValueError(f"{path} is not {name}: {error}; save it as UTF-8") from None


def _items(path: Path, encoding: str) -> Iterator[Any]:
    """Give the items of a JSON array one by one, without holding it all."""
    decoder = json.JSONDecoder()
    text, mark, number = "", "[", 0  # the mark that comes next; none behind the array
    for piece in _pieces(path, encoding):
        text += piece
        while text := text.lstrip():
            if mark == "," and text[0] == "]":
                text, mark = text[1:], ""
                continue
            start = len(text) - len(text[1:].lstrip())
            if mark == "[" and text[start : start + 1] == "]":
                text, mark = text[start + 1 :], ""
                continue
            if text[0] != mark:
                raise ValueError(
                    f"{path} is not a JSON array: {text[0]!r} stands after item {number}"
                )
            try:
                item, end = decoder.raw_decode(text, start)
            except (json.JSONDecodeError, RecursionError):
                end = len(text)
            if not text[end:].strip():  # perhaps it goes on in the next piece
                break
            yield item
            text, mark, number = text[end:], ",", number + 1
        if len(text) > _ITEM_CHARACTERS:
            break
    if text or mark:
        raise ValueError(
            f"{path} is not a JSON array: after item {number} it is incomplete, not JSON, or too "
            "long"
        )


@dataclass(frozen=True)
class Lines:
    """Plain text or JSON Lines.

    Attributes:
        file: What is read, a copy of `path` or itself.
    """

    path: Path
    text_field: str
    file: Path
    is_json: bool
    schema: None = None

    def parts(self, size: int) -> list[Part]:
        """Cut it into parts of at most ``size`` lines, and about 128 kibibytes."""
        found: list[Part] = []
        first, offset, count, n_bytes = 1, 0, 0, 0
        with self.file.open("rb") as file:
            for line in file:
                if count == size or (count and n_bytes + len(line) > _PART_BYTES):
                    found.append(Part(len(found), first, count, offset))
                    first, offset, count, n_bytes = first + count, offset + n_bytes, 0, 0
                count += 1
                n_bytes += len(line)
        if count:
            found.append(Part(len(found), first, count, offset))
        return found

    def read(self, parts: Sequence[Part]) -> Iterator[Content]:
        """Read parts, in the order of the file."""
        with self.file.open("rb") as file:
            for part in parts:
                file.seek(part.offset)
                if part.offset == 0 and file.peek(3).startswith(b"\xef\xbb\xbf"):
                    file.seek(3)  # the mark that some editors put before UTF-8
                lines = islice(file, part.n_records)
                yield _sort_out(part, lines, self._record, _shown_line, unit="line")

    def _record(self, line: bytes) -> Record:
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"not UTF-8 (byte {error.start} of the line)") from None
        if not self.is_json:
            return {self.text_field: text}
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"not JSON: {error.msg} (column {error.colno})") from None
        except RecursionError:
            raise ValueError("not JSON that can be read: it is nested too deeply") from None
        if not isinstance(record, dict):
            raise ValueError(f"not a JSON object with a field {self.text_field!r}")
        try:
            json.dumps(record, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half a character: a surrogate without its other half") from None
        return _with_text(record, self.text_field)


@dataclass(frozen=True)
class Table:
    """Rows of fields between commas, semicolons or tabs, the first with the columns' names.

    Attributes:
        file: What is read, a copy of `path` or itself.
    """

    path: Path
    text_field: str
    file: Path
    schema: None = None

    def check(self) -> None:
        """Refuse a file that has no column of text.

        Raises:
            ValueError: It has no first row, or names no such column in it.
        """
        with self.path.open(encoding=_encoding(self.path), errors="replace", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            names = next(csv.reader(file, delimiter=delimiter), [])
        _check_names(names, self)

    def parts(self, size: int) -> list[Part]:
        """Cut it into parts of at most ``size`` rows, and about 128 kibibytes."""
        found: list[Part] = []
        first, offset, count, last = 1, self._header()[1], 0, 0
        for _, end in self._rows(offset):
            if count and (count == size or end - offset > _PART_BYTES):
                found.append(Part(len(found), first, count, offset))
                first, offset, count = first + count, last, 0
            count, last = count + 1, end
        if count:
            found.append(Part(len(found), first, count, offset))
        return found

    def read(self, parts: Sequence[Part]) -> Iterator[Content]:
        """Read parts, in the order of the file."""
        record = partial(self._record, self._header()[0])
        for part in parts:
            rows = (row for row, _ in islice(self._rows(part.offset), part.n_records))
            yield _sort_out(part, rows, record, _shown_fields, unit="row")

    def _header(self) -> tuple[list[str], int]:
        """Give the names of the columns, and where the rows below them begin."""
        return next(self._rows(0), ([], 0))

    def _rows(self, offset: int) -> Iterator[tuple[list[str], int]]:
        """Give rows from a byte of the file on, and the byte behind each; blank lines are none."""
        csv.field_size_limit(sys.maxsize)
        place = offset
        with self.file.open("rb") as file:
            delimiter = _delimiter(file.readline().decode("utf-8", "replace"))
            file.seek(offset)

            def lines() -> Iterator[str]:
                nonlocal place
                for line in file:
                    place += len(line)
                    text = line.decode("utf-8", "surrogateescape")
                    yield text.removeprefix("\ufeff") if place == len(line) else text

            for row in csv.reader(lines(), delimiter=delimiter):
                if row:
                    yield row, place

    def _record(self, names: Sequence[str], row: Sequence[str]) -> Record:
        if len(row) != len(names):
            raise ValueError(f"{len(row)} fields where the first row names {len(names)} columns")
        try:
            "".join(row).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("not UTF-8") from None
        return _with_text(dict(zip(names, row, strict=True)), self.text_field)


def _delimiter(line: str) -> str:
    """Tell what separates the fields of a table by its first line."""
    return max("\t,;", key=line.count)


@dataclass(frozen=True)
class Rows:
    """A Parquet file."""

    path: Path
    text_field: str

    @property
    def schema(self) -> pa.Schema:
        """The columns, without what the writing program noted about them."""
        return parquet.read_schema(self.path).remove_metadata()

    def check(self) -> None:
        """Refuse a file that has no column of text.

        Raises:
            ValueError: It is not Parquet, or the column is missing or of another type.
        """
        try:
            schema = self.schema
        except pa.ArrowInvalid as error:
            raise ValueError(f"{self.path} is not Parquet: {one_line(error)}") from None
        _check_names(schema.names, self)
        kind = schema.field(self.text_field).type
        values = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not any(is_(values) for is_ in _TEXT_TYPES):
            raise ValueError(f"{self.path}: the column {self.text_field!r} is {kind}, not text")

    def parts(self, size: int) -> list[Part]:
        """Cut it into parts of at most ``size`` rows, and about 128 kibibytes."""
        about = parquet.read_metadata(self.path)
        n_bytes = sum(
            about.row_group(group).total_byte_size for group in range(about.num_row_groups)
        )
        size = max(1, min(size, _PART_BYTES * about.num_rows // max(1, n_bytes)))
        starts = range(0, about.num_rows, size)
        return [
            Part(number, start + 1, min(size, about.num_rows - start), start)
            for number, start in enumerate(starts)
        ]

    def read(self, parts: Sequence[Part]) -> Iterator[Content]:
        """Read parts, in the order of the file, in one pass over it."""
        stream = self._stream(parts[0]) if parts else iter(())
        at, rows = 0, pa.array([])
        for part in parts:
            start, end = part.offset, part.offset + part.n_records
            pieces = []
            while start < end:
                while at + len(rows) <= start:
                    at, rows = next(stream)
                pieces.append(rows.slice(start - at, end - start))
                start += len(pieces[-1])
            rows_of_part = chain.from_iterable(pieces)
            yield _sort_out(part, rows_of_part, self._record, _shown_row, unit="row")

    def _stream(self, first: Part) -> Iterator[tuple[int, pa.StructArray]]:
        """Read rows from the row group where a part begins, with the number of the first."""
        # not `pre_buffer`, which holds whole row groups in memory
        with parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=2**16) as file:
            at, group = 0, 0
            while at + file.metadata.row_group(group).num_rows <= first.offset:
                at += file.metadata.row_group(group).num_rows
                group += 1
            groups = range(group, file.num_row_groups)
            for batch in file.iter_batches(first.n_records, row_groups=groups):
                yield at, batch.to_struct_array()
                at += len(batch)

    def _record(self, row: pa.StructScalar) -> Record:
        try:
            record: Record = row.as_py()
        except UnicodeDecodeError:
            raise ValueError("not UTF-8") from None
        except OverflowError as error:
            raise ValueError(f"a value that Python cannot hold: {error}") from None
        return _with_text(record, self.text_field)


def _check_names(names: Sequence[str], source: Source) -> None:
    """Refuse columns that have a name twice, or no text, or entities already."""
    if len(set(names)) < len(names):
        raise ValueError(
            f"{source.path} has two columns with the same name among {', '.join(names)}"
        )
    if source.text_field not in names:
        raise ValueError(
            f"{source.path} has no column {source.text_field!r}; its columns are "
            f"{', '.join(names)}: choose one with --text-field"
        )
    if ENTITIES in names:
        raise ValueError(f"{source.path} already has a column {ENTITIES!r}; rename or drop it")


_TEXT_TYPES = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view


def _sort_out(
    part: Part,
    raws: Iterable[Any],
    read: Callable[[Any], Record],
    show: Callable[[Any], Any],
    *,
    unit: str,
) -> Content:
    records, rejected = [], []
    for number, raw in enumerate(raws, start=part.first):
        try:
            records.append(read(raw))
        except ValueError as error:
            rejected.append({unit: number, "error": str(error), "record": show(raw)})
    return Content(part, records, rejected)


def _with_text(record: Record, field: str) -> Record:
    """Refuse a record that has no text, or a field for entities already."""
    if field not in record:
        raise ValueError(f"no field {field!r}")
    if not isinstance(record[field], str):
        raise ValueError(f"no text in the field {field!r}: it holds {json_line(record[field])}")
    if ENTITIES in record:
        raise ValueError(f"it already has a field {ENTITIES!r}; rename or drop it")
    return record


def _shown_fields(row: Sequence[str]) -> list[str]:
    return [_shown_line(field.encode("utf-8", "surrogateescape")) for field in row]


def _shown_line(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def _shown_row(row: pa.StructScalar) -> Record:
    shown: Record = {}
    for name, value in row.items():
        shown[name] = None
        with suppress(ValueError, OverflowError):  # that is why it was rejected
            shown[name] = value.as_py()
    return shown


def json_line(value: Any) -> str:
    """Turn a record into a line of JSON; dates become ISO 8601, bytes Base64."""
    return json.dumps(value, ensure_ascii=False, default=_as_json)


def _as_json(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def write_json_lines(records: Iterable[Record], path: Path) -> None:
    """Turn records into JSON Lines."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{json_line(record)}\n" for record in records)


def read_json_lines(path: Path) -> list[Record]:
    """Turn JSON Lines back into records."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def with_entities(schema: pa.Schema) -> pa.Schema:
    """Add the column of entities to those of a source."""
    return schema.append(pa.field(ENTITIES, _ENTITIES_TYPE))


def schema_of(batches: Iterable[Sequence[Record]], text_field: str) -> pa.Schema:
    """Find the columns that hold all records, a batch at a time.

    Raises:
        pyarrow.ArrowException: A field has different types in different records.
    """
    schema = pa.schema({text_field: pa.string()})
    for records in batches:
        names = dict.fromkeys(name for record in records for name in record if name != ENTITIES)
        columns = {name: _column_type(name, records) for name in names}
        schema = pa.unify_schemas([schema, pa.schema(columns)], promote_options="permissive")
    return with_entities(schema)


def _column_type(name: str, records: Sequence[Record]) -> pa.DataType:
    try:
        return pa.array([record.get(name) for record in records]).type
    except (pa.ArrowException, OverflowError) as error:
        raise pa.ArrowInvalid(f"field {name}: {one_line(error)}") from None


def one_line(error: Exception) -> str:
    """Take the first line of a message, where a library adds its own context."""
    return str(error).split("\n", 1)[0]
