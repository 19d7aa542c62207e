"""Files of tagged sentences, in common forms, to words, tags and the lines they stand on.

Each family of forms has a module: `tables` (CoNLL, TSV, CSV), `records` (JSON), `brat` and `arrow`
(Parquet, and what 🤗 Datasets saves). Each decision has one too:

- `files`: which file is which split; `draw`: the splits that are missing.
- `text`: how a file is encoded; `foreign`: what it looks like if it is none that is read here.
- `delimiters`: what separates the cells of a table; `survey` and `columns`: which of its columns
  hold words and tags; `rows`: which rows are words; `names`: what columns and keys are called.
- `spans`: how a text with entities becomes words with tags; `offsets`: what its offsets count.
- `scheme`: how tags are written; `ids`: what numbers stand for.
"""

from pathlib import Path

from helpers.readers.arrow import is_saved, read_dataset, read_parquet, read_saved
from helpers.readers.brat import is_brat, read_brat
from helpers.readers.options import Overlaps, ReadOptions
from helpers.readers.records import read_json
from helpers.readers.scheme import in_iob2
from helpers.readers.split import Sentence, Split
from helpers.readers.tables import read_conll, read_csv

__all__ = [
    "Overlaps",
    "ReadOptions",
    "Sentence",
    "Split",
    "in_iob2",
    "read",
    "read_dataset",
]

_READERS = {
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), read_json),
    ".csv": read_csv,
    ".parquet": read_parquet,
}


def read(path: Path, options: ReadOptions = ReadOptions()) -> Split:  # noqa: B008, it is frozen
    """Turn a file into its tagged sentences; the ending of its name tells the format.

    ``.jsonl``, ``.ndjson`` and ``.json`` are JSON, ``.csv`` and ``.parquet`` are what they say, a
    ``.txt`` with an ``.ann`` beside it and a folder with ``.ann`` files are of BRAT, a folder may
    be what `datasets.Dataset.save_to_disk` writes, and anything else is CoNLL.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A fault in the file, with the line, or an option that the format does not
            have.
    """
    if is_brat(path):
        return read_brat(path, options)
    if is_saved(path):
        return read_saved(path, options)
    if not path.is_file() and "*" not in path.name:
        raise FileNotFoundError(f"no such file: {path} (looked for {path.resolve()})")
    return _READERS.get(path.suffix.lower(), read_conll)(path, options)
