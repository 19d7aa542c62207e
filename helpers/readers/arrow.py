"""Parquet files and data sets of 🤗 Datasets, a sentence in each row, to tagged sentences."""

from itertools import repeat
from pathlib import Path

from datasets import ClassLabel, Dataset
from datasets.table import InMemoryTable
from pyarrow import parquet

from helpers.readers.ids import TagIds
from helpers.readers.names import DOCUMENTS, TAGS, TEXTS, TOKENS, find
from helpers.readers.options import ReadOptions
from helpers.readers.records import check_words, read_records, report_tags
from helpers.readers.split import Sentence, Split


def is_saved(path: Path) -> bool:
    """Tell whether a folder is a data set, or one split of it, as `save_to_disk` writes it."""
    return (path / "state.json").is_file()


def read_saved(path: Path, options: ReadOptions) -> Split:
    """Turn a folder that `save_to_disk` wrote into its sentences; see `read_dataset`."""
    options.refuse("columns", "encoding", source=f"a saved data set ({path})")
    try:
        dataset = Dataset.load_from_disk(path)
    except Exception as error:  # of many kinds, as files are damaged in many ways
        raise ValueError(f"{path}: not a saved data set that can be read: {error}") from error
    return read_dataset(dataset, name=str(path), options=options)


def read_parquet(path: Path, options: ReadOptions) -> Split:
    """Turn a Parquet file, one sentence per row, into its sentences; see `read_dataset`.

    A star in its name stands for the numbers of the shards in which it was written.
    """
    options.refuse("columns", "encoding", source=f"Parquet ({path})")
    try:
        table = parquet.read_table(
            sorted(path.parent.glob(path.name)) if "*" in path.name else path
        )
        table.validate(full=True)
        dataset = Dataset(InMemoryTable(table))
    except Exception as error:  # of many kinds, as files are damaged in many ways
        raise ValueError(f"{path}: not a Parquet file that can be read: {error}") from error
    return read_dataset(dataset, name=str(path), options=options)


def read_dataset(dataset: Dataset, *, name: str, options: ReadOptions) -> Split:
    """Turn a data set with columns of words and tags into its sentences.

    The columns are ``tokens`` or ``words``, and one of ``ner_tags``, ``tags``, ``labels`` and
    ``ner``; tags are strings, `ClassLabel` ids, or ids that an option explains. An ``id`` is kept.
    Without a column of words, the rows are read as records with a text and its entities, see
    `helpers.readers.records`. Messages call the data set by its name.

    Raises:
        ValueError: A column is missing or a row is faulty; the message names the row.
    """
    keys = dataset.column_names
    of_tokens, of_tags = find(keys, TOKENS)[:1], find(keys, TAGS)[:1]
    if not of_tokens and find(keys, TEXTS):
        return read_records(enumerate(dataset, start=1), name=name, unit="row", options=options)
    if not of_tokens or not of_tags:
        raise ValueError(
            f"{name}: expected a column {' or '.join(TOKENS)} and one of {', '.join(TAGS)}; found "
            f"{', '.join(keys)}; rename the columns, and save the data with Dataset.to_parquet"
        )
    report_tags(name, of_tags, keys)
    feature = getattr(dataset.features[of_tags[0]], "feature", None)
    declared = options.tag_names
    if isinstance(feature, ClassLabel):
        options.refuse("tag_names", source=f"{name}, whose ids have names")
        declared = feature.names
    tag_ids = TagIds(declared)
    of_documents = find(keys, DOCUMENTS)[:1]
    ids = dataset["id"] if "id" in keys else range(len(dataset))
    documents = dataset[of_documents[0]] if of_documents else repeat("", len(dataset))
    rows = dataset.select_columns([*of_tokens, *of_tags]).to_dict()
    sentences = []
    for number, (id_, document, found_tokens, found_tags) in enumerate(
        zip(ids, documents, rows[of_tokens[0]], rows[of_tags[0]], strict=True), start=1
    ):
        place = f"{name}, row {number}"
        tokens, tags = check_words(found_tokens, found_tags, place)
        tags, lines = tag_ids.spell_out(tags, place), [number] * len(tokens)
        sentences.append(Sentence(str(id_), tokens, tags, lines, str(document or "")))
    split = Split(name=name, sentences=sentences, declared=declared, unit="row")
    tag_ids.check_used(name)
    return split
