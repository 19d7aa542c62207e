"""The one command: help, exit codes, errors in one line, and output that nobody can show."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from helpers import data, training
from helpers.__main__ import commands, main
from helpers.inference import backends
from helpers.settings import Settings
from helpers.tagging import Scheme

LINES = "Ada\tB-person\nsaw\tO\n北京\tB-location\n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set with a word that a Western console cannot print."""
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.conll").write_text(LINES, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", commands.commands)
def test_help_teaches_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"Examples:\n    python -m helpers {name}" in capsys.readouterr().out


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed for name in commands.commands)


def test_help_comes_at_once() -> None:
    """Takes half a second, since only a process of its own shows what is imported."""
    program = "import sys; from helpers.__main__ import main; main(['tag', '--help']); "
    heavy = ("torch", "transformers", "datasets", "pandas", "pydantic", "papermill")
    program += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_choices_are_those_of_the_tagger() -> None:
    options = {option.name: option.type for option in commands.commands["tag"].params}
    for name, valid in [
        ("backend", backends.Backend),
        ("precision", backends.Precision),
        ("scheme", Scheme),
    ]:
        choices: Any = options[name]
        assert tuple(choices.choices) == get_args(valid)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["date"], "No such command 'date'."),
        (["data"], "Missing argument 'DATASET'."),
        (["data", "sample", "--columns"], "No such option '--columns'."),
        (["data", "./no"], "no such file or folder: no (looked for"),
        (["data", "x", "-p", "epochs", "1"], "unknown parameter 'epochs'; valid parameters: data"),
        (["data", "x", "-p", "dataset_options", "{'column': 1}"], "column: no such option; valid"),
        (["score", "none", "none"], "no such file: none"),
        (["score", "a", "b", "-p", "seed", "1"], "unknown parameter 'seed'; valid parameters: dat"),
        (["train", "-p", "profile", "smoke"], "-p profile: use --profile instead"),
        (["train", "-p", "seed", "1", "-p", "seed", "2"], "-p seed is given twice; leave one out"),
        (["train", "-p", "seed"], "Option '-p' requires 2 arguments."),
        (["lessons", "-p", "profile", "smoke"], "-p profile: use --profile instead"),
        (["tag", "a", "b", "--model", "m", "--address", "x"], "--address is the address of a Ray"),
        (["sweep", "none.yaml"], "No such file or directory: 'none.yaml'"),
        (["sweep", "a.yaml", "--workers", "0"], "Invalid value for '--workers': 0 is not in the r"),
        (["sweep", "a.yaml", "--workers", "two"], "'two' is not a valid integer range."),
        (["sweep", "a.yaml", "--gpus-per-run", "-1"], "'--gpus-per-run': -1.0 is not in the range"),
        (["sweep", "a.yaml", "--engine", "slurm"], "'slurm' is not one of 'local', 'ray'."),
    ],
)
def test_what_a_user_can_cause_is_said_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert message in written.err
    assert written.err.count("\n") == 1


@pytest.mark.parametrize("said", ["", "the checkpoint is there"])
def test_an_interrupted_command_ends_in_one_line(
    said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: Settings) -> None:
        raise KeyboardInterrupt(*filter(None, [said]))

    monkeypatch.setattr(training, "fine_tune", interrupt)
    assert main(["train", "--profile", "smoke"]) == 130
    assert capsys.readouterr().err == f"{said or 'interrupted'}\n"


def test_an_interruption_at_the_start_ends_in_one_line(tmp_path: Path) -> None:
    """While the libraries are loaded, which takes seconds; here one of them interrupts itself."""
    (tmp_path / "torch.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "train"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_a_console_that_is_not_utf_8(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="cp1252"))
    assert main(["data", str(folder)]) == 0
    assert rb"Ada/B-person saw \u5317\u4eac/B-location" in console.getvalue()


@pytest.mark.parametrize("arguments", [["data", "sample"], ["--help"]])
def test_a_reader_that_stops_reading(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in `python -m helpers data sample | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert main(arguments) == 141
    assert capsys.readouterr().err == ""


def test_train_and_score_print_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = folder / "test.conll"
    assert main(["score", str(gold), str(gold)]) == 0
    assert "accuracy 1.0000 of 3 words in 1 sentences" in capsys.readouterr().out
    types: dict[str, Any] = {"person": dict.fromkeys(("precision", "recall", "f1", "support"), 0.5)}
    scores = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "types": types}
    monkeypatch.setattr(training, "fine_tune", lambda run: {"test": scores})
    assert main(["train", "--profile", "smoke"]) == 0
    table, model = capsys.readouterr().out.rsplit("\n", 2)[:2]
    assert "person" in table
    assert model.endswith("runs/smoke/03_trainer_finetuning/model")


def test_the_data_command_takes_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {}

    def load(dataset: Any, *, revision: str | None, **options: Any) -> Any:
        found.update(dataset=dataset, revision=revision, **options)
        raise ValueError("read enough")

    monkeypatch.setattr(data, "load", load)
    options = ["-p", "dataset_revision", "v2", "-p", "dataset_options", "{'encoding': 'latin-1'}"]
    assert main(["data", "me/corpus", *options]) == 2
    assert found == {"dataset": "me/corpus", "revision": "v2", "encoding": "latin-1"}
