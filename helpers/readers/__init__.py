"""Files of tagged sentences, in common forms, to words, tags and their places.

Each family of forms has a module: `tables` (CoNLL, TSV, CSV), `records` (JSON), `brat` and `arrow`
(Parquet). `columns` decides which column of a table holds what, `scheme` how tags are written, and
`spans` how a text with entities becomes words with tags.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.readers.arrow import read_dataset, read_parquet
from helpers.readers.brat import is_brat, read_brat
from helpers.readers.records import read_json
from helpers.readers.scheme import in_iob2
from helpers.readers.spans import Overlaps
from helpers.readers.split import Sentence, Split
from helpers.readers.tables import read_conll, read_csv
from helpers.readers.text import BINARY_SUFFIXES

__all__ = [
    "SUFFIXES",
    "Overlaps",
    "Sentence",
    "Split",
    "in_iob2",
    "is_brat",
    "read",
    "read_dataset",
]

_JSON = frozenset({".jsonl", ".json", ".ndjson"})
_CSV = frozenset({".csv"})
_CONLL = frozenset(
    f".{name}"
    for name in (
        *("conll", "conllu", "conllup", "txt", "tsv", "data", "ner", "annotated"),
        *("bio", "iob", "iob2", "bmes", "bioes", "bilou", "bieo"),
    )
)
SUFFIXES = _JSON | _CSV | _CONLL | {".parquet"} | BINARY_SUFFIXES
"""Endings of names that `helpers.data` takes for data; a name may also have no ending."""


def read(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    tag_names: Sequence[str] | None = None,
    encoding: str | None = None,
    overlaps: Overlaps = "refuse",
) -> Split:
    """Turn a file into its tagged sentences; the ending of its name tells the format.

    ``.jsonl``, ``.ndjson`` and ``.json`` are JSON, ``.csv`` and ``.parquet`` are what they say, a
    ``.txt`` with an ``.ann`` beside it and a folder with ``.ann`` files are of BRAT, and anything
    else is CoNLL.

    Args:
        path: The file, or a folder of BRAT's.
        columns: For CoNLL and CSV, the names of its columns in order, see `tables.read_conll`.
        tag_names: For tags that are ids, the tag of each id in order.
        encoding: How the file is written; ``None`` is UTF-8.
        overlaps: For text with entities by character: ``"refuse"`` those that overlap, or keep
            the ``"outermost"``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A fault in the file, with the line, or an option that the format does not
            have.
    """
    if is_brat(path):
        _refuse(path, "BRAT", columns=columns, tag_names=tag_names)
        return read_brat(path, encoding=encoding, overlaps=overlaps)
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path} (looked for {path.resolve()})")
    suffix = path.suffix.lower()
    if suffix in _JSON:
        _refuse(path, "JSON", columns=columns)
        return read_json(path, tag_names=tag_names, encoding=encoding, overlaps=overlaps)
    if suffix == ".parquet":
        _refuse(path, "Parquet", columns=columns, encoding=encoding)
        return read_parquet(path, tag_names=tag_names, overlaps=overlaps)
    reader = read_csv if suffix in _CSV else read_conll
    return reader(path, columns=columns, tag_names=tag_names, encoding=encoding)


def _refuse(path: Path, format_: str, **options: Any) -> None:
    """Refuse options that a format does not have."""
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        raise ValueError(
            f"dataset_options={{{name!r}: {value!r}}}: {path} is {format_}, which has no such "
            f"option; leave {name!r} out"
        )
