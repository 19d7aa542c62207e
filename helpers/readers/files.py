"""Which file of a data set holds which of its splits."""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers.readers.arrow import is_saved
from helpers.readers.brat import is_brat
from helpers.readers.text import BINARY_SUFFIXES

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(
        ("validation", "validate", "valid", "val", "dev", "devel", "development", "testa"),
        "validation",
    ),
    **dict.fromkeys(("test", "testing", "testb"), "test"),
    "eval": "validation",
}
_USUAL = BINARY_SUFFIXES | {
    *(".conll", ".conllu", ".conllup", ".txt", ".tsv", ".data", ".ner", ".annotated"),
    *(".bio", ".iob", ".iob2", ".bmes", ".bioes", ".bilou", ".bieo", ".iobes"),
    *(".csv", ".json", ".jsonl", ".ndjson", ".parquet"),
}
_NO_DATA = {
    *(".md", ".rst", ".html", ".pdf", ".png", ".jpg", ".svg", ".log"),
    *(".py", ".ipynb", ".sh", ".toml", ".ini", ".cfg", ".lock"),
}


def of_mapping(named: Mapping[str, str]) -> dict[str, Path]:
    """Check the names of splits, and turn what they are called into train, validation and test."""
    files: dict[str, Path] = {}
    for key, path in named.items():
        split = SPLIT_OF.get(key)
        if split is None or split in files:
            raise ValueError(f"the split {key!r}: expected {', '.join(SPLITS)}, each once")
        files[split] = Path(path).expanduser()
    if "train" not in files:
        raise ValueError(f"no train split; found {', '.join(named) or 'no split'}")
    return files


def of_path(path: Path) -> dict[str, Path]:
    """Find the file of each split: in a folder one whose name holds the split's name as a word.

    A single file is train, whatever its name. A line of the log names what is left out.
    """
    if path.is_dir() and not _is_data_folder(path):
        return _in_folder(path)
    logger.warning("%s: took it as train", path)
    return {"train": path}


def _in_folder(folder: Path) -> dict[str, Path]:
    named: dict[str, list[Path]] = {}
    others: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix == ".ann":  # hidden, or read with its .txt
            continue
        # of two names for splits the first counts, as in "train-dev.conll"
        split = next((split for word in _words(path) if (split := SPLIT_OF.get(word))), None)
        if split is None or not _may_be_data(path):
            others.append(path)
        else:
            named.setdefault(split, []).append(path)
    alone = [path for path in others if _is_usual(path) and "readme" not in _words(path)]
    if not named and len(alone) == 1:
        others.remove(alone[0])
        named["train"] = alone
        logger.warning("%s: took its only file %s as train", folder, alone[0].name)
    files = {}
    for split, paths in named.items():
        usual = [path for path in paths if _is_usual(path)] or paths
        others += [path for path in paths if path not in usual]
        files[split] = _one(usual, split)
    left = [path.name for path in others if path.name != "dataset_dict.json"]
    if "train" not in files:
        found = [*(path.name for path in files.values()), *left]
        raise ValueError(
            f"{folder}: no train split; looked for a file named for it, such as train.conll; "
            f"found {', '.join(found) or 'none'}. Rename a file, or give a map from split to file"
        )
    logger.info("%s: %s", folder, ", ".join(f"{one} is {path.name}" for one, path in files.items()))
    if left:
        logger.warning("%s: left out %s", folder, ", ".join(left))
    return files


def _one(paths: Sequence[Path], split: str) -> Path:
    """Take the only file of a split, or the pattern of the shards in which Parquet is written."""
    if len(paths) == 1:
        return paths[0]
    patterns = {path.with_name(re.sub(r"\d+", "*", path.name)) for path in paths}
    if len(patterns) == 1 and paths[0].suffix.lower() == ".parquet":
        return patterns.pop()
    raise ValueError(
        f"{paths[0].parent}: {paths[0].name} and {paths[1].name} are both named for the split "
        f"{split}; keep one, or give a map from split to file"
    )


def _words(path: Path) -> list[str]:
    """Cut a file's name into words; in eng.testa the ending is the split, in a.txt it is none."""
    name = path.stem if path.suffix.lower() in _USUAL else path.name
    return re.findall("[a-z]+", name.lower())


def _is_data_folder(path: Path) -> bool:
    return is_brat(path) or is_saved(path)


def _may_be_data(path: Path) -> bool:
    return _is_data_folder(path) if path.is_dir() else path.suffix.lower() not in _NO_DATA


def _is_usual(path: Path) -> bool:
    suffix = path.suffix.lower()
    return path.is_dir() or not suffix or suffix in _USUAL or suffix[1:] in SPLIT_OF
