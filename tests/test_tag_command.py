"""The command that tags a file: what it prints, and what it says of a problem."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import CORPUS

from helpers.__main__ import main
from helpers.batch import tag_files


def run(*arguments: str | Path) -> int:
    return main(["tag", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("a\n", encoding="utf-8")
    return path


def test_the_command_tags_a_file_and_counts(
    tiny_model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "new folder" / "out.jsonl"
    records = [{"body": CORPUS[0]}, {"text": "no body"}]
    source.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    done = run(source, target, "--model", tiny_model_dir, "--text-field", "body", "--device", "cpu")
    assert done == 0
    [record] = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert record["body"] == CORPUS[0]
    assert record["entities"]
    printed = capsys.readouterr()
    assert (
        printed.out == f"1 texts tagged into {target}, 1 rejected (see {target}.rejected.jsonl)\n"
    )
    assert "Tagging in.jsonl" in printed.err
    assert "texts/s" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.txt", "out.jsonl"], "there is no file none.txt"),
        (["in.txt", "out.csv"], "the result out.csv has to be JSON Lines or Parquet; name it"),
        (["in.txt", "out.jsonl", "--device", "cuda:99"], "there is no device 'cuda:99' here: "),
        (["in.txt", "out.jsonl", "--device", "gpu!"], "there is no device 'gpu!' here: "),
        (
            ["in.txt", "out.jsonl", "--precision", "int8"],
            "precision='int8' is not offered with backend='torch'; choose 'auto' or",
        ),
        (
            ["in.txt", "out.jsonl", "--batch-size", "0"],
            "Invalid value for '--batch-size': 0 is not in the range x>=1.",
        ),
        (
            ["in.txt", "out.jsonl", "--min-score", "2"],
            "Invalid value for '--min-score': 2.0 is not in the range 0<=x<=1.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: list[str],
    message: str,
    source: Path,
    tiny_model_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(source.parent)
    assert run(*arguments, "--model", tiny_model_dir) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {message}")
    assert sorted(Path().iterdir()) == [Path(source.name)]


def test_an_interruption_is_told(
    source: Path,
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(parts: Any, **_: Any) -> Iterator[Any]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(tag_files, "_tag_here", stop)
    assert run(source, tmp_path / "out.jsonl", "--model", tiny_model_dir) == 130
    assert "interrupted; start it again to tag what is missing" in capsys.readouterr().err


def test_a_ray_that_does_not_start_is_said_in_a_line(
    source: Path,
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def init(*_: Any, **__: Any) -> None:
        raise Exception("The current node timed out\nduring startup")

    stand_in = SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    assert run(source, tmp_path / "out.jsonl", "--model", tiny_model_dir, "--engine", "ray") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: Ray does not start or does not answer (address None): The current node timed out "
        "during startup; check the address, or try again when the machine is less busy"
    )
