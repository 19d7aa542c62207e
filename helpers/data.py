"""Any source of tagged sentences to one form: a ``DatasetDict`` in IOB2.

Sources are data sets on the Hugging Face Hub, the sample that comes with this package, and files
in the formats of `helpers.readers`. `load` logs what it does to the data, such as converting
tags, as warnings of one line each. A notebook shows them.
"""

import logging
import random
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value, load_dataset

from helpers import hub, readers
from helpers.readers import Overlaps, Sentence, Split, files
from helpers.readers.draw import with_all_splits
from helpers.readers.files import SPLIT_OF, SPLITS
from helpers.tagging import OUTSIDE, entity_spans, label2id, label_names, split_tag

_SAMPLE_FOLDER = Path(__file__).with_name("sample")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_HUB_FILES = ("*.parquet", "*.arrow", "*.json", "*.jsonl", "*.csv", "*.tsv", "README.md")
_WNUT17_SENTENCES = {"train": 3394, "validation": 1009, "test": 1287}
_PARQUET_REVISION = "refs/convert/parquet"

logger = logging.getLogger(__name__)


def load(
    dataset: str | PathLike[str] | Mapping[str, str],
    *,
    max_sentences: int | None = None,
    seed: int = 42,
    revision: str | None = None,
    columns: Sequence[str] | None = None,
    tag_names: Sequence[str] | None = None,
    encoding: str | None = None,
    overlaps: Overlaps = "refuse",
) -> DatasetDict:
    """Turn the name of a data set into its train, validation and test splits in IOB2.

    >>> sample = load("sample", max_sentences=10)
    >>> sample["test"].num_rows
    10
    >>> sample["train"].features["ner_tags"].feature.names[:3]
    ['O', 'B-corporation', 'I-corporation']

    A validation or test split that is missing is a tenth of train, drawn with ``seed``. Tags in
    any scheme, and types without prefixes, are converted to IOB2, see `helpers.tagging`.

    Args:
        dataset: ``"wnut_17"`` or any other id on the Hub; ``"sample"``; a file; a folder with
            files (or folders of BRAT's) named for train, validation (or dev) and test; or a map
            from split to file.
        max_sentences: Keep this many sentences of each split, drawn with ``seed``, in their order;
            ``None`` keeps all.
        seed: For every random choice.
        revision: Branch, tag or commit on the Hub. ``None`` is the newest, which for WNUT 17 is
            that of the Hub's conversion to Parquet, ``refs/convert/parquet``.
        columns: For CoNLL and CSV files, the names of all their columns in order: ``"token"``,
            ``"tag"``, in CSV perhaps ``"sentence"``, and anything for the others, such as
            ``("_", "token", "_", "tag")``; ``None`` finds them by their content.
        tag_names: For tags that are ids without names, the tag of each id in order.
        encoding: How files are written, such as ``"latin-1"``; ``None`` is UTF-8.
        overlaps: For texts with entities by character: ``"refuse"`` those that overlap, or keep
            the ``"outermost"``.

    Returns:
        The splits ``train``, ``validation`` and ``test`` with the features ``id`` (string),
        ``tokens`` (list of strings) and ``ner_tags`` (list of `ClassLabel`, named by
        `helpers.tagging.label_names`).

    Raises:
        FileNotFoundError: No such file, folder or data set; the message says where it looked.
        ConnectionError: The Hub cannot be reached and the data set is not in the local cache.
        ValueError: A fault in the data, with file and line, or in a parameter.
    """
    if max_sentences is not None and max_sentences < 1:
        raise ValueError(f"max_sentences={max_sentences}: expected None or a number from 1")
    options = readers.ReadOptions(
        columns=columns, tag_names=tag_names, encoding=encoding, overlaps=overlaps
    )
    splits = readers.in_iob2(_read(dataset, revision, options))
    names = _known_tags(splits)
    parts = with_all_splits(splits, seed)
    chosen = {split: _draw(parts[split], max_sentences, seed) for split in SPLITS}
    for split, sentences in chosen.items():
        if not any(tag != OUTSIDE for sentence in sentences for tag in sentence.tags):
            logger.warning(
                "%s: none of the %d sentences holds an entity, so no model can be chosen or judged "
                "by them; give others",
                split,
                len(sentences),
            )
    return DatasetDict({split: _to_dataset(part, names) for split, part in chosen.items()})


def _read(
    dataset: str | PathLike[str] | Mapping[str, str],
    revision: str | None,
    options: readers.ReadOptions,
) -> dict[str, Split]:
    """Read the splits that a data set has, their tags as it writes them."""
    found = _local_files(dataset)
    if found is None:
        options.refuse("columns", "encoding", source=f"{dataset!r}, a data set on the Hub")
        return _read_hub(str(dataset), revision, options)
    if revision is not None:
        raise ValueError(
            f"revision={revision!r}: is for the Hub, and {dataset!r} is local; leave it out"
        )
    return {split: readers.read(path, options) for split, path in found.items()}


def tag_names(dataset: DatasetDict) -> list[str]:
    """Turn a data set into the list of its tags, in the order of their ids."""
    names: list[str] = dataset["train"].features["ner_tags"].feature.names
    return names


def is_wnut17(n_sentences: Mapping[str, int]) -> bool:
    """Tell from the number of sentences in each split whether they are all of WNUT 17's.

    A copy in a folder counts, a slice does not.

    >>> is_wnut17({"validation": 1009, "test": 1287}), is_wnut17({"test": 100})
    (True, False)
    """
    return all(_WNUT17_SENTENCES.get(split) == n for split, n in n_sentences.items())


def tags(split: Dataset) -> list[list[str]]:
    """Turn the ids of a split's ``ner_tags`` into tags."""
    names = split.features["ner_tags"].feature.names
    return [[names[index] for index in ids] for ids in split["ner_tags"]]


def _local_files(dataset: str | PathLike[str] | Mapping[str, str]) -> dict[str, Path] | None:
    """Find the file of each split; ``None`` where the name is one for the Hub."""
    if isinstance(dataset, Mapping):
        return files.of_mapping(dataset)
    if dataset == "wnut_17":
        return None
    if dataset == "sample":
        return {split: _SAMPLE_FOLDER / f"{split}.conll" for split in SPLITS}
    path = Path(dataset).expanduser()
    if path.exists():
        return files.of_path(path)
    if isinstance(dataset, str) and _HUB_ID.fullmatch(dataset):
        return None
    raise FileNotFoundError(f"no such file or folder: {path} (looked for {path.resolve()})")


def _read_hub(repo: str, revision: str | None, options: readers.ReadOptions) -> dict[str, Split]:
    if revision is None and repo == "wnut_17":
        revision = _PARQUET_REVISION
    source = repo if revision is None else f"{repo} at revision {revision}"
    folder = _download(repo, revision, source)
    try:
        loaded = load_dataset(str(folder))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{source}: holds no data in a form that 🤗 Datasets reads, such as Parquet or JSON"
        ) from error
    splits: dict[str, Split] = {}
    for key, part in loaded.items():
        split = SPLIT_OF.get(str(key))
        if split is None or split in splits:
            logger.warning("%s: left out the split %s", source, key)
            continue
        splits[split] = readers.read_dataset(part, name=f"{source}, split {key}", options=options)
    if "train" not in splits:
        raise ValueError(f"{source}: no train split; found {', '.join(map(str, loaded))}")
    return splits


def _download(repo: str, revision: str | None, source: str) -> Path:
    """Bring the data files of a repository into the Hub's cache, or find them there.

    Datasets' own download of a repository is passed by: without a network it takes the newest
    revision in its cache for the one that was asked for, and it cannot read ids without a
    namespace, such as ``wnut_17``.
    Source: https://github.com/huggingface/datasets/issues/7928 and /8612.
    """
    script = f"{repo.rpartition('/')[2]}.py"
    folder = hub.download("dataset", repo, revision=revision, files=[*_HUB_FILES, script])
    if (folder / script).exists():
        raise ValueError(
            f"{source} comes as a loading script ({script}), which is code that this package does "
            f"not run; try its conversion to Parquet, revision={_PARQUET_REVISION!r}"
        )
    configurations = {path.parent.parent.name for path in folder.glob("*/*/[0-9]*.parquet")}
    if len(configurations) > 1:
        raise ValueError(
            f"{source} holds several data sets: {', '.join(sorted(configurations))}; download the "
            "files of one and give their folder"
        )
    return folder


def _known_tags(splits: Mapping[str, Split]) -> list[str]:
    """List the tags to predict; validation and test may hold no other types than train.

    A source that declares its tags knows their types, even if train does not hold each.
    """
    train = splits["train"]
    used = {
        name: set(chain.from_iterable(sentence.tags for sentence in split.sentences))
        for name, split in splits.items()
    }
    types = {split_tag(tag)[1] for tag in train.declared or used["train"]} - {""}
    if not types:
        raise ValueError(f"{train.name}: every tag is O; expected entities in train")
    for name, split in splits.items():
        unknown = {tag for tag in used[name] - {OUTSIDE} if split_tag(tag)[1] not in types}
        for at, sentence in enumerate(split.sentences if unknown else ()):
            for position, tag in enumerate(sentence.tags):
                if tag in unknown:
                    raise ValueError(
                        f"{split.place(at, position)}: the type {split_tag(tag)[1]!r} does not "
                        f"occur in train ({train.name}), so no model can learn it; add an example "
                        "there or correct the tag"
                    )
    return label_names(types)


def _draw(sentences: list[Sentence], at_most: int | None, seed: int) -> list[Sentence]:
    if at_most is None or at_most >= len(sentences):
        return sentences
    rows = random.Random(seed).sample(range(len(sentences)), at_most)
    return [sentences[at] for at in sorted(rows)]


def _to_dataset(sentences: Sequence[Sentence], names: list[str]) -> Dataset:
    ids = label2id(names)
    features = Features(
        {
            "id": Value("string"),
            "tokens": List(Value("string")),
            "ner_tags": List(ClassLabel(names=names)),
        }
    )
    columns = {
        "id": [sentence.id for sentence in sentences],
        "tokens": [sentence.tokens for sentence in sentences],
        "ner_tags": [[ids[tag] for tag in sentence.tags] for sentence in sentences],
    }
    # Dataset.from_dict looks at every value once more, and takes twice as long
    return Dataset(pa.table(columns, schema=features.arrow_schema))


def describe(dataset: str | PathLike[str] | Mapping[str, str], **options: Any) -> None:
    """Print how a data set would be read: files, columns, tags, counts and first sentences.

    Arguments and errors are those of `load`; before an error, what was decided until then is shown.
    """
    with _notices_printed():
        loaded = load(dataset, **options)
    print(f"\n{_counts(loaded).to_string()}")
    for split, part in loaded.items():
        print(f"\nfirst of {split}:")
        for words, row in zip(
            part["tokens"][:3], tags(part.select(range(min(3, len(part))))), strict=True
        ):
            tagged = (w if t == OUTSIDE else f"{w}/{t}" for w, t in zip(words, row, strict=True))
            print(textwrap.shorten(" ".join(tagged), 300, placeholder=" …"))


@contextmanager
def _notices_printed() -> Iterator[None]:
    """Print what the package logs, also what it only says when it is asked to."""
    handler = logging.Handler()
    handler.emit = lambda record: print(f"- {record.getMessage()}")  # type: ignore[method-assign]
    package = logging.getLogger("helpers")
    package.addHandler(handler)
    level = package.level
    package.setLevel(logging.INFO)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)


def _counts(dataset: DatasetDict) -> pd.DataFrame:
    """Count sentences, words and the entities of each type in every split."""
    counts = {
        split: {
            "sentences": part.num_rows,
            "words": sum(map(len, part["tokens"])),
            **Counter(type_ for row in tags(part) for type_, _, _ in entity_spans(row)),
        }
        for split, part in dataset.items()
    }
    return pd.DataFrame(counts).fillna(0).astype(int)
