"""Which files of a folder are read, and as which split."""

import json
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given
from hypothesis import strategies as st
from reading import notices, write

from helpers import data
from helpers.readers import files

WORDS = [f"{one}{two}" for one in "abcdefghij" for two in "vw"]
CONLL = "".join(f"{word}\tB-x\n\n" for word in WORDS)
JSON = "\n".join(json.dumps({"tokens": [word], "tags": ["B-x"]}) for word in WORDS)


def rows(words: list[str]) -> Dataset:
    return Dataset.from_dict({"tokens": [[word] for word in words], "tags": [["B-x"]] * len(words)})


@pytest.mark.parametrize(
    "name",
    [
        *("all.jsonl", "admin.jsonl", "project-1-at-2024-05-01-12-00-abcdef12.json", "export.json"),
        *("NER Daten.conll", "annotations.tsv", "data.parquet", "2024", "korpus.iobes"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_single_file_is_train(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, alone: bool
) -> None:
    if name.endswith(".parquet"):
        rows(WORDS).to_parquet(tmp_path / name)
    else:
        write(tmp_path, name, JSON if "json" in name else CONLL)
    write(tmp_path, "README.md", "# About")
    write(tmp_path, "readme.txt", "About")
    loaded = data.load(tmp_path if alone else tmp_path / name)
    assert [part.num_rows for part in loaded.values()] == [16, 2, 2]
    took, *others = [
        line
        for line in notices(caplog)
        if "took it" in line or "left out" in line or "comes without" in line or "took its" in line
    ]
    assert took == (
        f"{tmp_path}: took its only file {name} as train"
        if alone
        else f"{tmp_path / name}: took it as train"
    )
    assert "comes without validation and test; drew 2 and 2" in others[-1]


@pytest.mark.parametrize(
    "names", [("a.conll", "b.conll"), ("all.jsonl", "more.json"), ("test.txt",)]
)
def test_several_files_and_other_splits_are_not_taken_as_train(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        write(tmp_path, name, JSON if "json" in name else CONLL)
    with pytest.raises(ValueError, match=f"no train split; .*; found {', '.join(names)}. Rename"):
        data.load(tmp_path)


@given(
    suffix=st.text("abcdefgh0123", min_size=1, max_size=6).filter(
        lambda suffix: (
            f".{suffix}" not in (*files._NO_DATA, *files._USUAL, ".ann")
            and suffix not in files.SPLIT_OF
        )
    )
)
def test_a_file_with_any_ending_is_read(
    tmp_path_factory: pytest.TempPathFactory, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for split in ("train", "dev", "test"):
        write(folder, f"{split}.{suffix}", "Ada\tB-x\n")
    assert files.of_path(folder) == {
        split: folder / f"{name}.{suffix}"
        for split, name in zip(files.SPLITS, ("train", "dev", "test"), strict=True)
    }


@pytest.mark.parametrize("other", ["train.utf8", "train.log", "train.py", "train.yml", "train.md"])
def test_a_usual_ending_goes_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    write(tmp_path, "train.conll", CONLL)
    write(tmp_path, other, "lr: 1")
    assert files.of_path(tmp_path) == {"train": tmp_path / "train.conll"}
    assert notices(caplog) == [f"{tmp_path}: left out {other}"]


@pytest.mark.parametrize("n_shards", [1, 2, 3])
def test_shards_of_parquet_are_one_split(tmp_path: Path, n_shards: int) -> None:
    for shard in range(n_shards):
        part = rows(WORDS).shard(n_shards, shard, contiguous=True)
        part.to_parquet(tmp_path / f"train-{shard:05}-of-{n_shards:05}.parquet")
    rows(["Ada"]).to_parquet(tmp_path / "validation-00000-of-00001.parquet")
    rows(["Bo"]).to_parquet(tmp_path / "test-00000-of-00001.parquet")
    loaded = data.load(tmp_path)
    assert [words for (words,) in loaded["train"]["tokens"]] == WORDS
    assert loaded["validation"]["tokens"][:] == [["Ada"]]


def test_two_files_of_parquet_that_are_no_shards_are_refused(tmp_path: Path) -> None:
    rows(WORDS).to_parquet(tmp_path / "train-a.parquet")
    rows(WORDS).to_parquet(tmp_path / "train-b.parquet")
    with pytest.raises(ValueError, match="are both named for the split train; keep one, or give"):
        data.load(tmp_path)


def test_what_save_to_disk_writes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = DatasetDict({"train": rows(WORDS), "validation": rows(["Ada"]), "test": rows(["Bo"])})
    dataset.save_to_disk(tmp_path / "all")
    loaded = data.load(tmp_path / "all")
    assert {split: part.num_rows for split, part in loaded.items()} == {
        "train": 20,
        "validation": 1,
        "test": 1,
    }
    assert notices(caplog) == []
    dataset["train"].save_to_disk(tmp_path / "one")
    assert [part.num_rows for part in data.load(tmp_path / "one").values()] == [16, 2, 2]


def test_a_damaged_one_is_told_of(tmp_path: Path) -> None:
    write(tmp_path / "one", "state.json", "{")
    with pytest.raises(ValueError, match="one: not a saved data set that can be read: "):
        data.load(tmp_path / "one")


def test_options_that_a_saved_one_does_not_have(tmp_path: Path) -> None:
    rows(WORDS).save_to_disk(tmp_path / "one")
    with pytest.raises(
        ValueError, match="encoding='latin-1': is not for a saved data set .*; leav"
    ):
        data.load(tmp_path / "one", encoding="latin-1")
