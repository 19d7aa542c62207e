"""Any source of tagged sentences to one form: a ``DatasetDict`` in IOB2.

Sources are data sets on the Hugging Face Hub, the sample that comes with this package, and files
in the formats of `helpers.readers`. Whatever `load` does to the data on its own account, such as
converting tags, it logs as a warning, one line each, which a notebook shows.
"""

import logging
import random
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value, load_dataset
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

from helpers import readers
from helpers.readers import Sentence, Split
from helpers.tagging import TagError, detect_scheme, label2id, label_names, split_tag, to_iob2

_SPLITS = ("train", "validation", "test")
_SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "validation"),
    "test": "test",
}
_SAMPLE_FOLDER = Path(__file__).with_name("sample")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_HUB_FILES = ("*.parquet", "*.arrow", "*.json", "*.jsonl", "*.csv", "*.tsv", "README.md")
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
) -> DatasetDict:
    """Turn the name of a data set into its train, validation and test splits in IOB2.

    >>> sample = load("sample", max_sentences=10)
    >>> sample["test"].num_rows
    10
    >>> sample["train"].features["ner_tags"].feature.names[:3]
    ['O', 'B-corporation', 'I-corporation']

    A validation or test split that is missing is a tenth of train, drawn with ``seed``. Tags in
    IOB1, IOBES or BILOU, and types without prefixes, are converted to IOB2.

    Args:
        dataset: ``"wnut_17"`` or any other id on the Hub; ``"sample"``; a folder with files named
            for train, validation (or dev) and test; or a map from split to file.
        max_sentences: Keep so many sentences of each split, drawn with ``seed``, in their order;
            ``None`` keeps all.
        seed: For every random choice.
        revision: Branch, tag or commit on the Hub. ``None`` is the newest, which for WNUT 17 is
            that of the Hub's conversion to Parquet, ``refs/convert/parquet``.
        columns: For CoNLL files, the names of their columns in order, such as
            ``("tag", "token")``; ``None`` is the word first and the tag last.
        tag_names: For tags that are ids without names, the tag of each id in order.

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
    files = _local_files(dataset)
    if files is None:
        if columns is not None:
            raise ValueError(f"columns= is for CoNLL files; {dataset!r} is a data set on the Hub")
        splits = _read_hub(str(dataset), revision, tag_names)
    else:
        if revision is not None:
            raise ValueError(f"revision={revision!r} is for the Hub; {dataset!r} is local")
        splits = {
            split: readers.read(path, columns=columns, tag_names=tag_names)
            for split, path in files.items()
        }
    splits = _in_iob2(splits)
    names = _known_tags(splits)
    parts = _with_all_splits(splits, seed)
    return DatasetDict(
        {split: _to_dataset(_draw(parts[split], max_sentences, seed), names) for split in _SPLITS}
    )


def tag_names(dataset: DatasetDict) -> list[str]:
    """Turn a data set into the list of its tags, in the order of their ids."""
    names: list[str] = dataset["train"].features["ner_tags"].feature.names
    return names


def tags(split: Dataset) -> list[list[str]]:
    """Turn the ids of a split's ``ner_tags`` into tags."""
    names = split.features["ner_tags"].feature.names
    return [[names[index] for index in ids] for ids in split["ner_tags"]]


def _local_files(dataset: str | PathLike[str] | Mapping[str, str]) -> dict[str, Path] | None:
    """Find the file of each split; ``None`` where the name is one for the Hub."""
    if isinstance(dataset, Mapping):
        return _files_of(dataset)
    if dataset == "wnut_17":
        return None
    folder = _SAMPLE_FOLDER if dataset == "sample" else Path(dataset).expanduser()
    if folder.is_dir():
        return _files_in(folder)
    if folder.exists():
        raise ValueError(f"{folder} is a file; give its folder or a map from split to file")
    if isinstance(dataset, str) and _HUB_ID.fullmatch(dataset):
        return None
    raise FileNotFoundError(f"no such folder: {folder} (looked for {folder.resolve()})")


def _files_of(named: Mapping[str, str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for key, path in named.items():
        split = _SPLIT_OF.get(key)
        if split is None or split in files:
            raise ValueError(f"the split {key!r}: expected {', '.join(_SPLITS)}, each once")
        files[split] = Path(path)
    if "train" not in files:
        raise ValueError(f"no train split; found {', '.join(named) or 'no split'}")
    return files


def _files_in(folder: Path) -> dict[str, Path]:
    """Find the file of each split, one whose name holds the split's name as a word."""
    files: dict[str, Path] = {}
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in readers.SUFFIXES]
    for path in paths:
        words = re.findall("[a-z]+", path.stem.lower())
        for split in {_SPLIT_OF[word] for word in words if word in _SPLIT_OF}:
            if split in files:
                raise ValueError(
                    f"{folder}: {files[split].name} and {path.name} are both named for the split "
                    f"{split}; keep one, or give a map from split to file"
                )
            files[split] = path
    if "train" not in files:
        found = ", ".join(path.name for path in paths) or "none"
        raise ValueError(
            f"{folder}: no train split; looked for a file named for it, such as train.conll, "
            f"among those that end in {' '.join(sorted(readers.SUFFIXES))}; found {found}"
        )
    return files


def _read_hub(repo: str, revision: str | None, tag_names: Sequence[str] | None) -> dict[str, Split]:
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
        split = _SPLIT_OF.get(str(key))
        if split is None or split in splits:
            logger.warning("%s: left out the split %s", source, key)
            continue
        name = f"{source}, split {key}"
        splits[split] = readers.read_dataset(part, name=name, tag_names=tag_names)
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
    try:
        folder = Path(
            snapshot_download(
                repo, repo_type="dataset", revision=revision, allow_patterns=[*_HUB_FILES, script]
            )
        )
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"no such data set: {repo} is neither a folder (looked for {Path(repo).resolve()}) "
            f"nor open to you on the Hub ({constants.ENDPOINT}); a private or gated one needs "
            "`hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise ValueError(
            f"revision={revision!r}: {repo} has no such branch, tag or commit on the Hub"
        ) from error
    except Exception as error:  # the HTTP library differs between releases of huggingface_hub
        raise ConnectionError(
            f"cannot fetch the data set {source} from the Hub ({constants.ENDPOINT}), and neither "
            "the local cache nor a folder of that name holds it; without a Hub, use "
            f'profile="offline" or dataset="sample". Cause: {error}'
        ) from error
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


def _in_iob2(splits: Mapping[str, Split]) -> dict[str, Split]:
    """Convert the tags of all splits from the one scheme that fits them all."""
    places = [(split, at) for split in splits.values() for at in range(len(split.sentences))]
    try:
        scheme = detect_scheme([split.sentences[at].tags for split, at in places])
    except TagError as error:
        split, at = places[error.sentence or 0]
        raise ValueError(f"{split.place(at, error.position)}: {error}") from None
    if scheme == "IOB2":
        return dict(splits)
    found = "types without prefixes" if scheme == "bare" else scheme
    logger.warning("%s: converted the tags from %s to IOB2", splits["train"].name, found)
    return {
        name: split.with_tags([to_iob2(sentence.tags, scheme) for sentence in split.sentences])
        for name, split in splits.items()
    }


def _known_tags(splits: Mapping[str, Split]) -> list[str]:
    """List the tags to predict; validation and test may hold no others than train.

    A source that declares its tags knows them all, whether or not train holds each.
    """
    train = splits["train"]
    used = {tag for sentence in train.sentences for tag in sentence.tags}
    names = label_names({split_tag(tag)[1] for tag in train.declared or used} - {""})
    if len(names) == 1:
        raise ValueError(f"{train.name}: every tag is O; expected entities in train")
    known = set(names) if train.declared else used | {"O"}
    for split in splits.values():
        for at, sentence in enumerate(split.sentences):
            for position, tag in enumerate(sentence.tags):
                if tag not in known:
                    raise ValueError(
                        f"{split.place(at, position)}: the tag {tag!r} does not occur in train "
                        f"({train.name}), so no model can learn it; add an example there or "
                        "correct the tag"
                    )
    return names


def _with_all_splits(splits: Mapping[str, Split], seed: int) -> dict[str, list[Sentence]]:
    """Draw the splits that are missing from train, a tenth of it each."""
    parts = {split: part.sentences for split, part in splits.items()}
    missing = [split for split in _SPLITS if split not in parts]
    if not missing:
        return parts
    name, train = splits["train"].name, parts["train"]
    share = max(1, round(len(train) / 10))
    if len(train) <= share * len(missing):
        raise ValueError(
            f"{name}: holds {len(train)} sentences, too few to draw {' and '.join(missing)} from "
            "it; give more sentences or the missing splits"
        )
    order = random.Random(seed).sample(range(len(train)), len(train))
    drawn = {split: order[share * at : share * (at + 1)] for at, split in enumerate(missing)}
    drawn["train"] = order[share * len(missing) :]
    logger.warning(
        "%s: comes without %s; drew %d of its sentences for each (seed %d), train keeps %d",
        name,
        " and ".join(missing),
        share,
        seed,
        len(drawn["train"]),
    )
    return parts | {split: [train[at] for at in sorted(rows)] for split, rows in drawn.items()}


def _draw(sentences: list[Sentence], at_most: int | None, seed: int) -> list[Sentence]:
    if at_most is None or at_most >= len(sentences):
        return sentences
    rows = random.Random(seed).sample(range(len(sentences)), at_most)
    return [sentences[at] for at in sorted(rows)]


def _to_dataset(sentences: Sequence[Sentence], names: list[str]) -> Dataset:
    ids = label2id(names)
    return Dataset.from_dict(
        {
            "id": [sentence.id for sentence in sentences],
            "tokens": [sentence.tokens for sentence in sentences],
            "ner_tags": [[ids[tag] for tag in sentence.tags] for sentence in sentences],
        },
        features=Features(
            {
                "id": Value("string"),
                "tokens": List(Value("string")),
                "ner_tags": List(ClassLabel(names=names)),
            }
        ),
    )
