"""Text, JSON Lines, tables and Parquet to records with a text each, and records to files.

A file is read from its start, and a few records of it are in memory at a time. So a longer file
needs no more memory.
"""

import base64
import codecs
import csv
import json
import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from helpers.readers.delimiters import find_delimiter, has_quotes

logger = logging.getLogger(__name__)

Record = dict[str, Any]

ENTITIES = "entities"
_ENTITIES_TYPE = pa.array(
    [[{"entity_group": "", "score": 0.0, "word": "", "start": 0, "end": 0}]]
).type
_PARQUET = ".parquet"
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_TABLES = (".csv", ".tsv")
_TEXT = (".txt", ".text", "")
_TEXT_TYPES = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
_BATCH = 256  # records that Arrow takes or gives at once
_ROW_GROUP_BYTES = 2**24


class Rejected(NamedTuple):
    """A record that has no text: where it is, what is wrong with it, and what it is."""

    unit: Literal["line", "row"]
    number: int
    error: str
    record: Any


@dataclass(frozen=True)
class Source:
    """A file of records with a text each.

    Attributes:
        path: The file.
        text_field: The field of a record that holds its text.
        read: Gives all records, in order; in place of those without a text, what is wrong.
        columns: The columns and their types, if the file says what they are.
    """

    path: Path
    text_field: str
    read: Callable[[], Iterator[Record | Rejected]]
    columns: pa.Schema | None

    def schema(self) -> pa.Schema:
        """The columns that hold all records; to find them may take a pass over the file.

        Raises:
            pyarrow.ArrowException: A field has different types in different records.
        """
        if self.columns is not None:
            return self.columns
        schema = pa.schema({self.text_field: pa.string()})
        for some in _batches(record for record in self.read() if isinstance(record, dict)):
            columns = pa.schema(list(pa.array(some).type))
            schema = pa.unify_schemas([schema, columns], promote_options="permissive")
        return schema


def source_of(path: Path, text_field: str) -> Source:
    """Turn a file's name into the source that its suffix names, in any letter case.

    `helpers.batch.tag_files.tag_file` lists the suffixes; ``.text`` and none are plain text too,
    each line of which becomes ``text``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Its suffix is unknown, or it is not what its suffix says, or has no such column
            of text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix == _PARQUET:
        return _parquet(path, text_field)
    if suffix not in (*_TABLES, *_JSON_LINES, *_TEXT):
        raise ValueError(
            f"{path}: the suffix {path.suffix} does not say what it holds; name it .txt (one text "
            "per line), .jsonl, .csv, .tsv or .parquet"
        )
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{path} is UTF-16; save it as UTF-8")
    if suffix == ".json" and start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        raise ValueError(
            f'{path} is an array of JSON; make JSON Lines of it: python -c "import json; '
            f"[print(json.dumps(record)) for record in json.load(open('{path}', 'rb'))]\" "
            f"> {path.with_suffix('.jsonl')}"
        )
    if suffix in _TABLES:
        return _table(path, text_field)
    if suffix in _JSON_LINES:
        return Source(path, text_field, partial(_read_lines, path, text_field, _object), None)
    read = partial(_read_lines, path, "text", _text)
    return Source(path, "text", read, pa.schema({"text": pa.string()}))


def _table(path: Path, text_field: str) -> Source:
    """Find out how a table is to be read."""
    with _open(path) as file:
        lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in file)
        header = next(lines, "")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else find_delimiter(header)
        quoted = has_quotes(chain([header], lines), delimiter)
    options = {
        # a header without one names one column, whose texts may hold commas
        "delimiter": delimiter if delimiter in header else "\t",
        "quoting": csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        "strict": True,
    }
    _, names, line = next(_rows(path, options), (1, [], b""))
    if isinstance(names, csv.Error):
        raise ValueError(f"{path}, line 1: not CSV: {names}: {_shown(line):.80}")
    _check_names(path, names, text_field)
    read = partial(_read_table, path, text_field, names, options)
    return Source(path, text_field, read, pa.schema(dict.fromkeys(names, pa.string())))


def _parquet(path: Path, text_field: str) -> Source:
    try:
        schema = parquet.read_schema(path).remove_metadata()  # what the writing program noted
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is not Parquet: {first_line(error)}") from None
    _check_names(path, schema.names, text_field)
    kind = schema.field(text_field).type
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not any(is_(values) for is_ in _TEXT_TYPES):
        raise ValueError(f"{path}: the column {text_field!r} is {kind}, not text")
    return Source(path, text_field, partial(_read_parquet, path, text_field), schema)


def _check_names(path: Path, names: Sequence[str], text_field: str) -> None:
    """Refuse columns that have a name twice, or no text, or entities already."""
    if len(set(names)) < len(names):
        raise ValueError(f"{path} has two columns with the same name among {', '.join(names)}")
    if text_field not in names:
        raise ValueError(
            f"{path} has no column {text_field!r}; its columns are {', '.join(names)}: choose one "
            "as text_field"
        )
    if ENTITIES in names:
        raise ValueError(f"{path} already has a column {ENTITIES!r}; rename or drop it")


def _read_lines(
    path: Path, text_field: str, read: Callable[[bytes], Record]
) -> Iterator[Record | Rejected]:
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            found = _record(text_field, read, line)
            yield Rejected("line", number, found, _shown(line)) if isinstance(found, str) else found


def _text(line: bytes) -> Record:
    return {"text": line.decode("utf-8").rstrip("\r\n")}


def _object(line: bytes) -> Record:
    record = json.loads(line.decode("utf-8").rstrip("\r\n"))  # else an error is in the next line
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    if rb"\u" in line:
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    return record


def _read_table(
    path: Path, text_field: str, names: Sequence[str], options: Mapping[str, Any]
) -> Iterator[Record | Rejected]:
    for number, row, line in islice(_rows(path, options), 1, None):
        found = _record(text_field, _cells, row, line, names)
        yield Rejected("line", number, found, _shown(line)) if isinstance(found, str) else found


def _cells(row: Sequence[str] | csv.Error, line: bytes, names: Sequence[str]) -> Record:
    if isinstance(row, csv.Error):
        raise row
    line.decode("utf-8")
    if len(row) != len(names):
        raise ValueError(f"{len(row)} cells where the first row names {len(names)} columns")
    return dict(zip(names, row, strict=True))


def _rows(
    path: Path, options: Mapping[str, Any]
) -> Iterator[tuple[int, list[str] | csv.Error, bytes]]:
    """Give the first line of each row, its cells, and its bytes; blank lines are no rows.

    The csv module looks for the end of a cell in the lines that follow. Where it finds a fault, or
    several lines are not as many cells as the first row, the row ends with its first line, and the
    next line is another row. The module looks no further than 131,072 characters, its limit of a
    cell, so no more is read again.
    """
    width = 0
    taken: list[bytes] = []  # the lines of the row at hand
    again: deque[bytes] = deque()
    with _open(path) as file:

        def lines() -> Iterator[str]:
            while line := again.popleft() if again else file.readline():
                taken.append(line)
                yield line.decode("utf-8", "replace")

        number, reader = 1, csv.reader(lines(), **options)
        while True:
            taken.clear()
            try:
                row = next(reader, None)
                if row and width and len(row) != width and len(taken) > 1:
                    raise csv.Error(f"{len(row)} cells in {len(taken)} lines")
            except csv.Error as error:
                yield number, error, taken[0]
                again.extendleft(reversed(taken[1:]))
                number, reader = number + 1, csv.reader(lines(), **options)
                continue
            if row is None:
                return
            if row:
                yield number, row, b"".join(taken)
                width = width or len(row)
            number += len(taken)


def _open(path: Path) -> BinaryIO:
    """Open a file behind its byte order mark."""
    file = path.open("rb")
    if file.read(3) != codecs.BOM_UTF8:
        file.seek(0)
    return file


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def _read_parquet(path: Path, text_field: str) -> Iterator[Record | Rejected]:
    # not `pre_buffer`, which holds whole row groups in memory
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**16) as file:
        rows = (row for some in file.iter_batches(_BATCH) for row in some.to_struct_array())
        for number, row in enumerate(rows, start=1):
            found = _record(text_field, row.as_py)
            if isinstance(found, str):
                shown = dict.fromkeys(row)
                for name, value in row.items():
                    with suppress(ValueError, OverflowError):  # that is why it was rejected
                        shown[name] = value.as_py()
                yield Rejected("row", number, found, shown)
            else:
                yield found


def _record(text_field: str, read: Callable[..., Record], *raw: Any) -> Record | str:
    """Read a record, or say why it cannot be tagged."""
    try:
        record = read(*raw)
    except UnicodeDecodeError:
        return "not UTF-8"
    except UnicodeEncodeError:
        return "half a character: a surrogate without its other half"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} (column {error.colno})"
    except RecursionError:
        return "not JSON that can be read: it is nested too deeply"
    except csv.Error as error:
        return (
            f"not CSV: {error}; perhaps a quotation mark does not close: if it is a part of its "
            "cell, write it twice, and enclose the cell in marks"
        )
    except OverflowError as error:
        return f"a value that Python cannot hold: {error}"
    except ValueError as error:
        return str(error)
    if text_field not in record:
        return f"no field {text_field!r}"
    if not isinstance(record[text_field], str):
        return f"no text in the field {text_field!r}: it holds {json.dumps(record[text_field])}"
    if ENTITIES in record:
        return f"it already has a field {ENTITIES!r}; rename or drop it"
    return record


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


def write(records: Iterable[Record], path: Path, schema: pa.Schema | None = None) -> None:
    """Turn records into JSON Lines, or with a schema of all but their entities into Parquet.

    Raises:
        pyarrow.ArrowException: A value does not fit into its column.
    """
    if schema is None:
        _write_json_lines(records, path)
        return
    schema = schema.append(pa.field(ENTITIES, _ENTITIES_TYPE))
    tables: list[pa.Table] = []
    with parquet.ParquetWriter(path, schema) as writer:
        for some in _batches(records):
            tables.append(pa.Table.from_pylist(some, schema))
            if sum(table.nbytes for table in tables) > _ROW_GROUP_BYTES:
                writer.write_table(pa.concat_tables(tables))
                tables.clear()
        writer.write_table(pa.concat_tables([*tables, schema.empty_table()]))


def _write_json_lines(records: Iterable[Record], path: Path) -> None:
    """Turn records into JSON Lines; dates become ISO 8601, bytes Base64, NaN and infinity null."""
    line = partial(json.dumps, ensure_ascii=False, allow_nan=False, default=_as_json)
    n_changed = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            try:
                file.write(f"{line(record)}\n")
            except ValueError:  # a number that JSON does not have
                file.write(f"{line(_without_nan(record))}\n")
                n_changed += 1
    if n_changed:
        logger.warning("%d records hold NaN or infinity, which are null in JSON Lines", n_changed)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    return iter(lambda: list(islice(iterator, _BATCH)), [])


def _as_json(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def first_line(error: Exception) -> str:
    """Take the first line of a message, where a library adds its own context."""
    return str(error).split("\n", 1)[0]
