"""Parquet files and data sets of 🤗 Datasets, a sentence in each row, to tagged sentences."""

from collections.abc import Sequence
from pathlib import Path

from datasets import ClassLabel, Dataset, Value
from datasets.table import InMemoryTable
from pyarrow import parquet

from helpers.readers.ids import no_ids
from helpers.readers.records import (
    TAG_LISTS,
    TOKEN_LISTS,
    read_records,
    report_tags,
    tokens_and_tags,
)
from helpers.readers.spans import Overlaps
from helpers.readers.split import Sentence, Split


def read_parquet(
    path: Path, *, tag_names: Sequence[str] | None = None, overlaps: Overlaps = "refuse"
) -> Split:
    """Turn a Parquet file, one sentence per row, into its sentences; see `read_dataset`."""
    try:
        table = parquet.read_table(path)
        table.validate(full=True)
        dataset = Dataset(InMemoryTable(table))
    except Exception as error:  # of many kinds, as files are damaged in many ways
        raise ValueError(f"{path}: not a Parquet file that can be read: {error}") from error
    return read_dataset(dataset, name=str(path), tag_names=tag_names, overlaps=overlaps)


def read_dataset(
    dataset: Dataset,
    *,
    name: str,
    tag_names: Sequence[str] | None = None,
    overlaps: Overlaps = "refuse",
) -> Split:
    """Turn a data set with columns of words and tags into its sentences.

    Without a column of words, its rows are read as records with a text and its entities, see
    `helpers.readers.records`.

    Args:
        dataset: With a column ``tokens`` or ``words``, and one of ``ner_tags``, ``tags``,
            ``labels`` and ``ner``; tags are strings, `ClassLabel` ids, or ids that ``tag_names``
            explains. An ``id`` is kept.
        name: What messages call it.
        tag_names: The tag of each id in order, if tags are ids without names.
        overlaps: As for `helpers.readers.records.read_json`.

    Raises:
        ValueError: A column is missing or a row is faulty; the message names the row.
    """
    names = dataset.column_names
    token_column = next((key for key in TOKEN_LISTS if key in names), None)
    tag_column = next((key for key in TAG_LISTS if key in names), None)
    if token_column is None and "text" in names:
        rows = enumerate(dataset, start=1)
        return read_records(rows, name=name, unit="row", tag_names=tag_names, overlaps=overlaps)
    if token_column is None or tag_column is None:
        raise ValueError(
            f"{name}: expected a column {' or '.join(TOKEN_LISTS)} and one of "
            f"{', '.join(TAG_LISTS)}; found {', '.join(names)}; rename the columns, and save the "
            "data with Dataset.to_parquet"
        )
    report_tags(name, [tag_column], names)
    feature = getattr(dataset.features[tag_column], "feature", None)
    declared = feature.names if isinstance(feature, ClassLabel) else None
    has_ids = isinstance(feature, Value) and "int" in feature.dtype
    if tag_names is not None and not has_ids:
        raise ValueError(no_ids(name))
    kept = [key for key in ("id", token_column, tag_column) if key in names]
    columns = dataset.select_columns(kept).to_dict()
    ids = columns.get("id", range(len(dataset)))
    sentences = []
    for number, (id_, found_tokens, found_tags) in enumerate(
        zip(ids, columns[token_column], columns[tag_column], strict=True), start=1
    ):
        tokens, tags = tokens_and_tags(
            found_tokens, found_tags, declared or tag_names, f"{name}, row {number}"
        )
        sentences.append(Sentence(str(id_), tokens, tags, [number] * len(tokens)))
    return Split(name=name, sentences=sentences, declared=declared or tag_names, unit="row")
