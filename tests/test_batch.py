"""Lessons run unattended: parameters checked, runs that survive a kill, results side by side.

Tests that start notebooks take seconds: each has a kernel of its own, and the processes that die
and are started again are what is tested.
"""

import csv
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from nbformat import v4

from helpers import plots
from helpers.__main__ import main
from helpers.batch import notebooks, parameters, report, results, spec, sweep
from helpers.batch.engines import Attempt, Outcome
from helpers.batch.notebooks import Lesson
from helpers.batch.spec import Run, SpecError
from helpers.batch.store import FAILURE, MANIFEST, Store

PARAMETERS = """\
profile = "offline"
epochs = None
learning_rate = None
seed = None
output_dir = None
wait_for = None
note = "plain"
"""
RESOLVE = """\
from helpers import settings

chosen = settings.from_notebook(globals())
"""
# Each start of the cell leaves a file, so that a test can count attempts and find the processes.
SCORE = """\
import json, os, time, uuid
from pathlib import Path

folder = Path(output_dir) / "toy" / "model"
folder.mkdir(parents=True)
(folder / "half-written").touch()
starts = Path(output_dir).parents[1] / "starts"
starts.mkdir(exist_ok=True)
start = starts / f"{seed}-{uuid.uuid4().hex}.json"
start.with_suffix(".tmp").write_text(json.dumps({"kernel": os.getpid(), "parent": os.getppid()}))
start.with_suffix(".tmp").rename(start)
while wait_for and not Path(wait_for).exists():
    time.sleep(0.05)
assert seed != 13, "an unlucky <seed>"
f1 = (seed or 0) / 10 + (epochs or 0) / 100
(folder / "metrics.json").write_text(
    json.dumps({"test": {"f1": f1, "types": {"person": {"f1": 0.5}}}, "settings": {"seed": seed}})
)
print("the model is in", folder)
"""


def notebook(*cells: str, parameters: str = PARAMETERS, kernel: str = "python3") -> Any:
    """A lesson: prose, an import, its parameters, and the cells given."""
    return v4.new_notebook(
        metadata={
            "kernelspec": {"name": kernel, "display_name": "Python", "language": "python"},
            "language_info": {"name": "python"},
        },
        cells=[
            v4.new_markdown_cell("# A lesson"),
            v4.new_code_cell("import sys"),
            v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(v4.new_code_cell(cell) for cell in cells),
        ],
    )


def lesson(*cells: str, **options: str) -> Lesson:
    return Lesson("toy", nbformat.writes(notebook(*cells, **options)))


def write_sweep(folder: Path, *cells: str, **content: Any) -> Path:
    """Write a lesson and a specification that sweeps it; return the specification."""
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook(*cells), folder / "toy.ipynb")
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump({"lesson": "toy.ipynb", **content}), encoding="utf-8")
    return path


class Here:
    """An engine that does the runs in the test's own process."""

    slots = 1

    def work(self, runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
        for run in runs:
            yield run, attempt(run)


def command(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def output_of(process: subprocess.Popen[str], *, code: int = 0) -> str:
    output, _ = process.communicate()
    assert process.returncode == code, output
    return output


def until(condition: Callable[[], Any], *processes: subprocess.Popen[str]) -> Any:
    """Wait for something that other processes do, none of which may end meanwhile."""
    while not (found := condition()):
        for process in processes:
            assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    return found


def starts(output: Path) -> list[dict[str, Any]]:
    """What each start of a run left: its seed and the processes."""
    return [
        {"seed": int(path.name.split("-")[0]), **json.loads(path.read_text())}
        for path in sorted(output.glob("starts/*.json"))
    ]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def complete(output: Path) -> list[int]:
    """The seeds of the complete runs."""
    return sorted(json.loads(path.read_text())["seed"] for path in output.glob(f"*/{MANIFEST}"))


# Parameters


def test_a_parameters_cell_gives_names_and_values() -> None:
    source = (
        'profile = "full"  # a "#" in a comment\nepochs: int | None = None\ntext = "#wnut"\nx = -1'
    )
    assert parameters.defaults(source) == {
        "profile": "full",
        "epochs": None,
        "text": "#wnut",
        "x": -1,
    }


def test_a_parameter_that_is_no_literal_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'x' the value `len\(y\)`; write a plain literal"):
        parameters.defaults("x = len(y)")


DEFAULTS = {"profile": "offline", "epochs": None, "seed": 1, "rate": 0.5, "note": "a", "free": None}


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"epochs": 3},
        {"epochs": 2.5, "rate": 1},
        {"free": [1, 2]},
        {"seed": None},
        {"profile": "smoke", "note": "b"},
    ],
)
def test_parameters_that_a_lesson_takes(given_: dict[str, Any]) -> None:
    settings = parameters.check(given_, DEFAULTS)
    assert settings.profile == given_.get("profile", "offline")
    if given_.get("epochs"):
        assert settings.epochs == given_["epochs"]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"epohcs": 3}, "unknown parameter 'epohcs'; valid parameters: profile, epochs, seed"),
        ({"batch_size": 3}, "unknown parameter 'batch_size'"),  # a setting, but not this lesson's
        ({"epochs": "many"}, "epochs: .*'many'"),
        ({"epochs": -1}, "epochs: .*-1"),
        ({"profile": "fast"}, "unknown profile 'fast'; valid profiles: .*offline"),
        ({"profile": ["smoke"]}, "invalid parameter profile: takes str, such as 'offline'"),
        ({"rate": "high"}, "invalid parameter rate: takes float, such as 0.5; found 'high'"),
        ({"rate": True}, "invalid parameter rate: takes float"),
        ({"note": 3}, "invalid parameter note: takes str, such as 'a'; found 3"),
        ({"note": None}, "invalid parameter note: takes str"),
    ],
)
def test_parameters_that_a_lesson_refuses(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters.check(given_, DEFAULTS)


def test_without_a_parameters_cell_every_parameter_is_unknown() -> None:
    with pytest.raises(ValueError, match="valid parameters: none"):
        parameters.check({"x": 1}, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "epochs", "3", "-p", "learning_rate", "3e-4"], None),
        (["-f", "parameters.yaml"], None),
        (
            ["-p", "epohcs", "3"],
            "unknown parameter 'epohcs'; valid parameters: profile, epochs, learning_rate, seed",
        ),
        (["-p", "epochs", "many"], "invalid setting epochs: .*'many'"),
    ],
)
def test_plain_papermill(arguments: list[str], message: str | None, tmp_path: Path) -> None:
    nbformat.write(notebook(RESOLVE, "print(chosen.epochs == 3)"), tmp_path / "in.ipynb")
    (tmp_path / "parameters.yaml").write_text("epochs: 3\nlearning_rate: 0.0003\n")
    papermill = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", *arguments]
    done = subprocess.run(papermill, cwd=tmp_path, capture_output=True, text=True)
    if message is None:
        assert done.returncode == 0, done.stderr
        assert nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs[0].text == "True\n"
    else:
        assert done.returncode != 0
        assert re.search(message, done.stderr), done.stderr


# Notebooks


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's folder of lessons, empty."""
    monkeypatch.setattr(notebooks, "project_dir", lambda: tmp_path)
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks"


def test_lessons_are_found_by_name_in_order(shelf: Path) -> None:
    for name in ("02_b", "01_a", "notes"):
        nbformat.write(notebook(), shelf / f"{name}.ipynb")
    assert [found.name for found in notebooks.find()] == ["01_a", "02_b"]
    assert [found.name for found in notebooks.find(["02", "01_a"])] == ["02_b", "01_a"]
    assert [found.name for found in notebooks.find([str(shelf / "notes.ipynb")])] == ["notes"]


def test_a_lesson_that_is_not_there(shelf: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no lessons \(0\*.ipynb\) in .*notebooks"):
        notebooks.find()
    nbformat.write(notebook(), shelf / "01_a.ipynb")
    nbformat.write(notebook(), shelf / "01_b.ipynb")
    with pytest.raises(FileNotFoundError, match=r"'07' names no lesson .* lessons: 01_a, 01_b"):
        notebooks.find(["07"])
    with pytest.raises(FileNotFoundError, match="'01' names more than one lesson"):
        notebooks.find(["01"])


@pytest.mark.parametrize("content", ["no JSON", "{}", "[]", '{"nbformat": 4, "cells": 3}'])
def test_a_file_that_is_no_notebook(content: str, tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text(content)
    with pytest.raises(ValueError, match=r"x\.ipynb: not a notebook"):
        notebooks.find([str(tmp_path / "x.ipynb")])


def test_the_digest_of_a_lesson_is_of_what_it_runs() -> None:
    content = notebook("1 + 1")
    same = notebook("1 + 1")
    same.cells[0].source = "# Another title"
    same.cells[-1].outputs = [v4.new_output("stream", text="2")]
    same.cells[-1].execution_count = 7
    digests = [Lesson("toy", nbformat.writes(node)).digest for node in (content, same)]
    assert digests[0] == digests[1]
    assert lesson("1 + 2").digest != digests[0]
    assert lesson("1 + 1", kernel="other").digest != digests[0]


def test_a_run_leaves_an_executed_notebook(tmp_path: Path) -> None:
    folder = tmp_path / "{braces} & blanks"  # papermill fills {names} in a path
    folder.mkdir()
    executed = folder / "toy.ipynb"
    assert notebooks.execute(lesson("print(2 * epochs)"), executed, {"epochs": 21}) is None
    assert nbformat.read(executed, 4).cells[-1].outputs[0].text == "42\n"
    assert [path.name for path in folder.iterdir()] == ["toy.ipynb"]


@pytest.mark.parametrize(
    ("cell", "kernel", "message"),
    [
        ("\n# why\n1 / 0", "python3", r"cell In \[3\] `# why`: ZeroDivisionError: division by"),
        ("1", "no-such", "the kernel 'no-such' is not installed; `make lessons` sets it up"),
        ("import os\nos.kill(os.getpid(), 9)", "python3", "the kernel died during the run"),
    ],
)
def test_what_goes_wrong_in_a_run_is_said(
    cell: str, kernel: str, message: str, tmp_path: Path
) -> None:
    error = notebooks.execute(lesson(cell, kernel=kernel), tmp_path / "toy.ipynb", {})
    assert error is not None
    assert re.match(message, error)


# All lessons


@pytest.fixture
def course(shelf: Path) -> Path:
    """A course of four lessons; the second fails, the third's kernel is not there."""
    nbformat.write(
        notebook("print(profile, epochs)", parameters='profile = "full"\nepochs = None'),
        shelf / "01_first.ipynb",
    )
    only_profile = 'profile = "full"\noutput_dir = None'
    nbformat.write(
        notebook("raise OSError('no disk')", parameters=only_profile), shelf / "02_fails.ipynb"
    )
    nbformat.write(
        notebook("1", parameters=only_profile, kernel="no-such"), shelf / "03_kernel.ipynb"
    )
    nbformat.write(notebook("print(output_dir)", parameters=only_profile), shelf / "04_last.ipynb")
    return shelf


def test_the_lessons(course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "runs"
    arguments = ["--profile", "smoke", "--output", str(output), "-p", "epochs", "3"]
    assert main(["lessons", *arguments]) == 1
    printed = capsys.readouterr().out
    executed = output / "smoke" / "01_first.ipynb"
    rows = [re.split(" {2,}", line) for line in printed.splitlines()]
    table = {row[0]: row[1:] for row in rows if len(row) == 4}
    assert list(table) == [
        "lesson", "-" * 9, "01_first", "02_fails", "03_kernel", "04_last",
    ]  # fmt: skip
    assert [row[0] for row in table.values()][2:] == ["ok", "failed", "failed", "ok"]
    assert table["01_first"][2] == str(executed)
    assert float(table["01_first"][1]) > 0
    assert "02_fails failed: cell In [4] `raise OSError('no disk')`: OSError: no disk" in printed
    assert "03_kernel failed: the kernel 'no-such' is not installed; `make lessons`" in printed
    assert "smoke 3" in executed.read_text()
    assert "OSError" in (output / "smoke" / "02_fails.ipynb").read_text()
    executed = nbformat.read(output / "smoke" / "04_last.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == f"{output / 'smoke'}\n"
    assert not list(output.rglob("*partial*"))


def test_chosen_lessons(course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons", "01", "--output", str(tmp_path / "runs")]) == 0
    assert "02_fails" not in capsys.readouterr().out
    assert (tmp_path / "runs" / "offline" / "01_first.ipynb").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-p", "epohcs", "3"],
            "unknown parameter 'epohcs'; valid parameters: profile, epochs, ou",
        ),
        (["-p", "epochs", "many"], "epochs: .*'many'"),
        (["-p", "output_dir", "x"], "-p output_dir: use --output instead"),
        (["--profile", "fast"], "unknown profile 'fast'; valid profiles"),
        (["05"], "'05' names no lesson"),
    ],
)
def test_lessons_refused_before_any_starts(
    arguments: list[str],
    message: str,
    course: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lessons", "--output", str(tmp_path / "runs"), *arguments]) == 2
    assert re.match(f"error: .*{message}", capsys.readouterr().err)
    assert not (tmp_path / "runs").exists()


def test_one_run_of_the_lessons_at_a_time(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    folder = tmp_path / "runs" / "offline"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        assert main(["lessons", "01", "--output", str(tmp_path / "runs")]) == 2
    assert f"another run is writing to {folder}; wait for it, or" in capsys.readouterr().err


# Specifications


def test_a_grid_is_every_combination(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    nbformat.write(notebook(), tmp_path / "toy.ipynb")
    path.write_text(
        "lesson: toy.ipynb\n"
        "parameters: {profile: smoke}\n"
        "grid:\n  learning_rate: [1e-4, 0.0003]\n  seed: [1, 2, 3]\n"
    )
    runs = spec.load(path)
    assert [run.given for run in runs] == [
        {"profile": "smoke", "learning_rate": rate, "seed": seed}
        for rate, seed in product([0.0001, 0.0003], [1, 2, 3])
    ]
    assert [run.seed for run in runs] == [1, 2, 3, 1, 2, 3]
    assert len({run.name for run in runs}) == 6


def test_without_a_grid_there_is_one_run_with_the_seed_of_the_settings(tmp_path: Path) -> None:
    (run,) = spec.load(write_sweep(tmp_path, parameters={"epochs": 1}))
    assert run.given == {"epochs": 1}
    assert run.seed == 42


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file: Input should be a valid dictionary"),
        ("lesson: [", "toy.yaml: while parsing"),
        ("grid: {seed: [1]}", "lesson: Field required; a specification holds lesson, parameters"),
        ("lesson: toy.ipynb\nseeds: [1]", "seeds: Extra inputs are not permitted"),
        ("lesson: toy.ipynb\ngrid: {seed: 1}", "grid.seed: Input should be a valid list"),
        ("lesson: toy.ipynb\ngrid: {seed: []}", "grid.seed is empty; give at least one value"),
        ("lesson: toy.ipynb\ngrid: {seed: [1, 2, 1]}", "grid.seed holds a value twice"),
        (
            "lesson: toy.ipynb\ngrid:\n  seed: [1]\n  seed: [2]",
            "'seed' is given twice(.|\n)*line 4",
        ),
        (
            "lesson: toy.ipynb\nparameters: {seed: 1}\ngrid: {seed: [2]}",
            "'seed' is in parameters and in grid; choose one",
        ),
        ("lesson: toy.ipynb\nparameters: {output_dir: x}", "the sweep gives 'output_dir'"),
        ("lesson: toy.ipynb\ngrid: {epohcs: [1]}", "unknown parameter 'epohcs'; valid.*epochs"),
        ("lesson: toy.ipynb\ngrid: {epochs: [1, many]}", "epochs: .*'many'"),
    ],
)
def test_a_specification_that_cannot_run(text: str, message: str, tmp_path: Path) -> None:
    path = write_sweep(tmp_path)
    path.write_text(text)
    with pytest.raises(SpecError, match=message) as error:
        spec.load(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_specification_names_a_lesson_or_a_file(shelf: Path, tmp_path: Path) -> None:
    nbformat.write(notebook(), shelf / "03_trainer.ipynb")
    path = tmp_path / "x.yaml"
    path.write_text("lesson: 03_trainer")
    assert spec.load(path)[0].lesson.name == "03_trainer"
    path.write_text("lesson: 07")
    with pytest.raises(SpecError, match="lesson: Input should be a valid string"):
        spec.load(path)  # 07 is a number in YAML
    path.write_text("lesson: missing")
    with pytest.raises(FileNotFoundError, match="'missing' names no lesson"):
        spec.load(path)


TOY = lesson("1")


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=4), st.randoms())
def test_the_name_of_a_run_is_that_of_its_parameters(given_: dict[str, Any], random: Any) -> None:
    shuffled = list(given_.items())
    random.shuffle(shuffled)
    name = Run(TOY, given_, None).name
    assert Run(TOY, dict(shuffled), None).name == name
    assert re.fullmatch("toy-[0-9a-f]{12}", name)
    assert Run(TOY, {**given_, "another": 1.5}, None).name != name
    assert Run(lesson("2"), given_, None).name != name


# Sweeps


def test_a_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    runs = spec.load(write_sweep(tmp_path, SCORE, parameters={"epochs": 2}, grid={"seed": [7]}))
    store = Store(str(tmp_path / "out"))
    assert list(sweep.run(runs, store, Here())) == [(runs[0], None)]
    folder = tmp_path / "out" / runs[0].name
    assert {path.name for path in folder.iterdir()} == {
        "toy.ipynb", "metrics.json", "manifest.json", "toy",
    }  # fmt: skip
    assert json.loads((folder / "metrics.json").read_text())["test"]["f1"] == pytest.approx(0.72)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["lesson"] == "toy"
    assert manifest["parameters"] == {"epochs": 2, "seed": 7}
    assert manifest["seed"] == 7
    assert manifest["duration"] > 0
    assert manifest["versions"]["papermill"]
    assert {"start", "host", "platform", "revision"} <= manifest.keys()
    # What the lesson printed leads to where its files are now.
    assert f"the model is in {folder}/toy/model" in (folder / "toy.ipynb").read_text()
    assert not list((tmp_path / "out").glob(".partial/*"))


def test_a_complete_run_is_not_done_again(tmp_path: Path) -> None:
    runs = spec.load(write_sweep(tmp_path, SCORE, grid={"seed": [1]}))
    store = Store(str(tmp_path / "out"))
    for _ in range(2):
        assert list(sweep.run(runs, store, Here())) == [(runs[0], None)]
    assert len(starts(tmp_path / "out")) == 1


def test_a_half_written_run_is_done_again(tmp_path: Path) -> None:
    runs = spec.load(write_sweep(tmp_path, SCORE, grid={"seed": [1]}))
    store = Store(str(tmp_path / "out"))
    half = tmp_path / "out" / runs[0].name
    half.mkdir(parents=True)
    (half / "metrics.json").write_text("{}")
    (half / "left").touch()
    killed = tmp_path / "out" / ".partial" / f"{runs[0].name}-00000000"
    killed.mkdir(parents=True)
    assert not store.is_complete(runs[0].name)
    assert list(sweep.run(runs, store, Here())) == [(runs[0], None)]
    assert store.is_complete(runs[0].name)
    assert not (half / "left").exists()
    assert not killed.exists()


def test_a_lesson_without_metrics_is_complete_and_one_with_two_fails(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "out"))
    (run,) = spec.load(write_sweep(tmp_path, "1"))
    assert list(sweep.run([run], store, Here())) == [(run, None)]
    two = "from pathlib import Path\nfor n in 'ab':\n    (Path(output_dir) / n).mkdir()\n"
    two += "    (Path(output_dir) / n / 'metrics.json').touch()"
    (run,) = spec.load(write_sweep(tmp_path, two))
    ((_, error),) = sweep.run([run], store, Here())
    assert error == (
        "the lesson wrote more than one metrics.json: a/metrics.json, b/metrics.json; "
        "let it write only one"
    )


def test_a_sweep_with_a_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """All through the command, with two workers, then again, then once what failed is mended."""
    path = write_sweep(tmp_path, SCORE, parameters={"epochs": 1}, grid={"seed": [1, 13, 2]})
    arguments = ["sweep", str(path), "--output", str(tmp_path / "out"), "--workers", "2"]
    assert main(arguments) == 1
    printed = capfd.readouterr().out
    assert complete(tmp_path / "out") == [1, 2]
    assert printed.startswith(f"3 runs, 0 of them complete, into {tmp_path / 'out'}\n")
    (failed,) = (tmp_path / "out" / "failed").iterdir()
    assert re.search(rf"{failed.name} +failed +{failed} +epochs=1, seed=13\n", printed)
    error = "cell In [4] `import json, os, time, uuid`: AssertionError: an unlucky <seed>"
    assert f"{failed.name} failed: {error}" in printed
    assert json.loads((failed / FAILURE).read_text())["error"] == error
    assert "an unlucky" in (failed / "toy.ipynb").read_text()

    assert main(arguments) == 1
    assert "3 runs, 2 of them complete" in capfd.readouterr().out
    assert sorted(start["seed"] for start in starts(tmp_path / "out")) == [1, 2, 13, 13]

    store = Store(str(tmp_path / "out"))
    store.complete(failed.name, store.scratch(failed.name), {"seed": 13})
    assert not failed.exists()
    assert main(arguments) == 0


def test_a_worker_that_dies_takes_no_other_run_with_it(tmp_path: Path) -> None:
    die = "import os, signal\nif seed == 13:\n    os.kill(os.getppid(), signal.SIGKILL)\n"
    path = write_sweep(tmp_path, die + SCORE, grid={"seed": [13, 1]})
    printed = output_of(command("sweep", path, "--output", tmp_path / "out"), code=1)
    assert re.search(r"failed +- +seed=13\n", printed)
    assert "the process ended before its run did (SIGKILL); was it killed, or out of" in printed
    assert complete(tmp_path / "out") == [1]


def test_a_terminal_shows_what_is_running_done_and_failed(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect", reason="pexpect, which makes a terminal, is missing")
    path = write_sweep(tmp_path, "assert seed != 13", grid={"seed": [1, 13]})
    arguments = ["-m", "helpers", "sweep", str(path), "--output", str(tmp_path / "out")]
    terminal = pexpect.spawn(
        sys.executable, arguments, dimensions=(30, 120), encoding="utf-8", timeout=None
    )
    for shown in ("0/2 .*done=0, failed=0, running=1", "1/2 .*done=1, failed=0, running=1"):
        terminal.expect(shown)
    terminal.expect(r"2/2 .*done=1, failed=1, running=0")
    terminal.expect(pexpect.EOF)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let processes heed SIGINT, which a shell makes those in its background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_sweep_that_is_killed_does_what_is_missing(
    how: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Run 1 is complete, run 2 under way and run 3 waiting when the sweep's process ends."""
    output, gate = tmp_path / "out", tmp_path / "gate"
    cell = SCORE.replace("while wait_for", "while seed != 1 and wait_for")
    path = write_sweep(tmp_path, cell, parameters={"wait_for": str(gate)}, grid={"seed": [1, 2, 3]})
    process = command("sweep", path, "--output", output, start_new_session=True)
    until(lambda: len(starts(output)) == 2, process)
    if how == signal.SIGINT:  # a terminal sends it to the workers too
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    assert "Traceback" not in output_of(process, code=code)
    assert complete(output) == [1]
    under_way = next(start for start in starts(output) if start["seed"] == 2)
    until(lambda: not is_running(under_way["parent"]) and not is_running(under_way["kernel"]))

    gate.touch()
    printed = output_of(command("sweep", path, "--output", output))
    assert "3 runs, 1 of them complete" in printed
    assert complete(output) == [1, 2, 3]
    assert sorted(start["seed"] for start in starts(output)) == [1, 2, 2, 3]
    assert not list(output.glob(".partial/*"))


def test_two_sweeps_on_one_folder_do_each_run_once(tmp_path: Path) -> None:
    output, gate = tmp_path / "out", tmp_path / "gate"
    path = write_sweep(tmp_path, SCORE, parameters={"wait_for": str(gate)}, grid={"seed": [1, 2]})
    both = [command("sweep", path, "--output", output) for _ in range(2)]
    until(lambda: len(list(output.glob(".locks/*"))) == 1 and len(starts(output)) == 1, *both)
    gate.touch()
    for process in both:
        output_of(process)
    assert complete(output) == [1, 2]
    assert sorted(start["seed"] for start in starts(output)) == [1, 2]


def test_a_sweep_into_what_is_no_disk(tmp_path: Path) -> None:
    """Behind a URL there is no renaming: the manifest is uploaded last."""
    scores = "import json\nfrom pathlib import Path\n"
    scores += "(Path(output_dir) / 'metrics.json').write_text(json.dumps({'f1': seed / 10}))\n"
    runs = spec.load(write_sweep(tmp_path, scores + "assert seed < 3", grid={"seed": [1, 2, 3]}))
    store = Store("memory://bucket/sweep")
    errors = {run.seed: error for run, error in sweep.run(runs, store, Here())}
    assert errors[1] is None
    assert errors[2] is None
    assert "AssertionError" in str(errors[3])
    assert [store.is_complete(run.name) for run in runs] == [True, True, False]
    assert sorted(metrics["f1"] for _, _, metrics in store.records(MANIFEST)) == [0.1, 0.2]
    ((name, record, _),) = store.records(FAILURE)
    assert (name, record["error"]) == (runs[2].name, errors[3])
    assert report.write(store)[0] == "memory://bucket/sweep/report.html"
    store.complete(name, store.scratch(name), record)  # mended, the failure is gone
    assert list(store.records(FAILURE)) == []


def test_a_run_that_cannot_be_seen_from_here_is_said(tmp_path: Path) -> None:
    class Elsewhere(Here):
        def work(self, runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
            return ((run, None) for run in runs)

    runs = spec.load(write_sweep(tmp_path, "1"))
    ((_, error),) = sweep.run(runs, Store(str(tmp_path / "out")), Elsewhere())
    assert error is not None
    assert re.match("complete on the machine that ran it, but not visible here in .*/out;", error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such.yaml"], "No such file or directory: 'no-such.yaml'"),
        (["toy.yaml", "--workers", "0"], "'--workers': 0 is not in the range x>=1."),
        (["toy.yaml", "--workers", "two"], "'two' is not a valid integer range."),
        (["toy.yaml", "--gpus-per-run", "-1"], "-1.0 is not in the range x>=0."),
        (["toy.yaml", "--engine", "slurm"], "'slurm' is not one of 'local', 'ray'."),
    ],
)
def test_a_sweep_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["lessons", "sweep", "report"])
def test_help_teaches_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"Examples:\n    python -m helpers {name}" in capsys.readouterr().out


# Ray

CLUSTER = """\
import sys
from ray.cluster_utils import Cluster

cluster = Cluster(
    initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
)
for _ in range(2):
    cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def ray_cluster(ray_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A head and two nodes of one core each, as processes; the environment to reach them."""
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        env=ray_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert cluster.stdout is not None
    address = next(line for line in cluster.stdout if re.match(r"[\d.]+:\d+$", line)).strip()
    yield {**ray_environment, "RAY_ADDRESS": address}
    cluster.communicate()


def test_a_run_whose_ray_worker_is_lost_is_done_again(
    ray_cluster: dict[str, str], tmp_path: Path
) -> None:
    """A failing run fails once, and all others are there once although a worker was killed."""
    output, gate = tmp_path / "out", tmp_path / "gate"
    seeds = [1, 2, 13, 3]
    path = write_sweep(tmp_path, SCORE, parameters={"wait_for": str(gate)}, grid={"seed": seeds})
    process = command(
        "sweep", path, "--output", output, "--engine", "ray", "--cpus-per-run", "1",
        env=ray_cluster,
    )  # fmt: skip
    under_way = until(lambda: len(starts(output)) == 2 and starts(output)[0], process)
    assert not complete(output)
    os.kill(under_way["parent"], signal.SIGKILL)
    until(lambda: not is_running(under_way["kernel"]))
    gate.touch()
    printed = output_of(process, code=1)
    assert "AssertionError: an unlucky <seed>" in printed
    assert complete(output) == [1, 2, 3]
    assert sorted(start["seed"] for start in starts(output)) == sorted([*seeds, under_way["seed"]])
    assert not list(output.glob(".partial/*"))


def test_ray_says_what_a_run_needs_that_no_machine_has(
    ray_cluster: dict[str, str], tmp_path: Path
) -> None:
    path = write_sweep(tmp_path, SCORE)
    needs = ["--engine", "ray", "--gpus-per-run", "1", "--output", str(tmp_path / "out")]
    process = command("sweep", path, *needs, env=ray_cluster)
    assert process.stdout is not None
    said = next(line for line in process.stdout if "GPUs" in line)
    process.send_signal(signal.SIGINT)
    output_of(process, code=130)
    assert said == "no machine of the cluster has 1 CPUs and 1 GPUs for a run; waiting for one\n"


def test_without_ray_the_engine_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    path = write_sweep(tmp_path, "1")
    assert main(["sweep", str(path), "--engine", "ray", "--output", str(tmp_path / "out")]) == 2
    assert "the engine 'ray' needs Ray: pip install 'token-class" in capsys.readouterr().err


# Reports


def finished(
    folder: Path, *, failed: Sequence[dict[str, Any]] = (), **columns: Sequence[Any]
) -> Store:
    """A store whose runs have these parameters, and an F1 for each."""
    store = Store(str(folder))
    about = {"lesson": "toy", "host": "h", "start": "2024-01-01T00:00:00+00:00", "revision": None}
    scores, seconds = columns.pop("f1"), columns.pop("seconds", None)
    for number, score in enumerate(scores):
        name, scratch = f"toy-{number:012x}", store.scratch(f"toy-{number:012x}")
        metrics = {
            "test": {"f1": score, "types": {"person": {"f1": 0.25}}},
            "settings": {"seed": 1},
        }
        (scratch / "metrics.json").write_text(json.dumps({**metrics, "seconds": 9, "ok": True}))
        record = {
            **about,
            "parameters": {parameter: values[number] for parameter, values in columns.items()},
            "duration": seconds[number] if seconds else 1.0,
        }
        store.complete(name, scratch, record)
    for number, parameters_ in enumerate(failed):
        name = f"toy-f{number:011x}"
        record = {
            **about,
            "parameters": parameters_,
            "duration": 1.0,
            "error": "In [4]: <boom> | a",
        }
        store.fail(name, store.scratch(name), record)
    return store


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_mean_and_spread_over_seeds(tmp_path: Path) -> None:
    rates, seeds = [1e-4, 1e-4, 1e-4, 3e-4, 3e-4], [1, 2, 3, 1, 2]
    f1, seconds = [0.1, 0.2, 0.4, 0.5, 0.6], [1.0, 2.0, 3.0, 5.0, 7.0]
    store = finished(tmp_path, learning_rate=rates, seed=seeds, f1=f1, seconds=seconds)
    report.write(store)
    best, other = rows_of(tmp_path / "summary.csv")
    assert float(best["learning_rate"]) == 3e-4
    assert "seed" not in best
    for row, its_f1, its_seconds in ((best, f1[3:], seconds[3:]), (other, f1[:3], seconds[:3])):
        assert int(row["runs"]) == len(its_f1)
        assert float(row["test.f1 mean"]) == pytest.approx(statistics.mean(its_f1))
        assert float(row["test.f1 spread"]) == pytest.approx(statistics.stdev(its_f1))
        assert float(row["seconds mean"]) == pytest.approx(statistics.mean(its_seconds))
    runs = rows_of(tmp_path / "runs.csv")
    assert [float(row["test.f1"]) for row in runs] == f1
    assert [int(row["seed"]) for row in runs] == seeds
    # Every score by its path; what is no score (settings, a flag) stays out, a clash is renamed.
    assert {name for name in runs[0] if "f1" in name or "metrics" in name} == {
        "test.f1", "test.types.person.f1", "metrics.seconds",
    }  # fmt: skip


def test_one_run_has_no_spread(tmp_path: Path) -> None:
    store = finished(tmp_path, profile=["smoke"], f1=[0.3])
    found = results.read(store)
    assert found.swept == []
    assert "Best mean test.f1: 0.3000 over 1 run. All runs: profile=smoke." in (
        report.markdown(found)
    )
    assert rows_of(Path(report.write(store)[3]))[0]["test.f1 spread"] == ""


@pytest.mark.parametrize(
    ("scores", "asked", "chosen"),
    [
        (["test.f1", "f1"], None, "test.f1"),
        (["test.loss", "validation.f1", "f1"], None, "validation.f1"),
        (["loss", "accuracy"], None, "loss"),
        (["test.f1", "loss"], "loss", "loss"),
    ],
)
def test_the_score_to_compare_by(
    scores: list[str], asked: str | None, chosen: str, tmp_path: Path
) -> None:
    store = Store(str(tmp_path))
    scratch = store.scratch("toy-0")
    (scratch / "metrics.json").write_text(json.dumps(dict.fromkeys(scores, 0.5)))
    about = {"lesson": "toy", "parameters": {}, "duration": 1.0}
    store.complete("toy-0", scratch, {**about, "start": "", "host": "", "revision": ""})
    assert results.read(store, score=asked).score == chosen


class Page(HTMLParser):
    """Collects the elements, the text and the addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>|*x*"
    failed = [{"note": evil, "seed": 9}]
    store = finished(tmp_path, note=["a", evil], seed=[1, 1], f1=[0.1, 0.2], failed=failed)
    html, markdown, *_ = (Path(address).read_text() for address in report.write(store))
    page = Page(html)
    assert "script" not in page.tags
    assert page.tags.count("img") == 2  # by note, by time
    assert page.text.count(evil) >= 3  # the best, both tables, the failure
    assert "In [4]: <boom> | a" in page.text
    links = [address for address in page.addresses if not address.startswith("data:")]
    assert links == [
        "toy-000000000001/toy.ipynb",
        "toy-000000000000/toy.ipynb",
        "failed/toy-f00000000000/toy.ipynb",
    ]
    assert "<script>" not in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("| toy-")]
    assert len(rows) == 3
    assert all("\\|" in row for row in (rows[0], rows[2]))
    assert "1 failed" in markdown.splitlines()[0]


def test_lists_and_maps_are_parameters_too(tmp_path: Path) -> None:
    files = [{"train": "a.txt"}, {"train": "b.txt"}]
    found = results.read(finished(tmp_path, dataset=files, layers=[[1], [2, 3]], f1=[0.1, 0.2]))
    assert found.swept == ["dataset", "layers"]
    assert list(found.parameters["dataset"]) == ['{"train": "a.txt"}', '{"train": "b.txt"}']
    assert report.page(found)


def test_a_parameter_that_some_runs_leave_to_the_lesson(tmp_path: Path) -> None:
    found = results.read(
        finished(tmp_path, epochs=[None, 3, 3], seed=[1, 1, 2], f1=[0.1, 0.2, 0.4])
    )
    assert list(found.configurations) == ["epochs=-", "epochs=3", "epochs=3"]
    assert list(found.summary["runs"]) == [2, 1]
    assert report.page(found)


def test_a_report_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert f"no complete run (*/manifest.json) in {tmp_path}" in capsys.readouterr().err
    store = finished(tmp_path, seed=[1], f1=[0.1])
    assert main(["report", str(tmp_path), "--score", "f2"]) == 2
    assert "no score 'f2'; the runs have: test.f1, test.types" in capsys.readouterr().err
    (tmp_path / "toy-000000000000" / "metrics.json").unlink()
    with pytest.raises(ValueError, match=r"wrote no metrics\.json: nothing to compare"):
        results.read(store)


def test_the_report_command_prints_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(tmp_path, seed=[1, 2], f1=[0.1, 0.2])
    assert main(["report", str(tmp_path)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in written] == [
        "report.html", "report.md", "runs.csv", "summary.csv",
    ]  # fmt: skip
    assert all(path.parent == tmp_path and path.is_file() for path in written)


def points(figure: Figure, line: int) -> list[tuple[float, float]]:
    """The points of a line of a figure with one panel."""
    drawn = figure.axes[0].lines[line]
    xs, ys = (np.asarray(values, dtype=float).tolist() for values in drawn.get_data())
    return list(zip(xs, ys, strict=True))


@pytest.mark.parametrize(
    ("values", "scale", "places", "labels"),
    [
        ([1, 2, 2], "linear", [1, 2, 2], ["1", "2"]),
        ([1e-5, 1e-3, 1e-3], "log", [1e-5, 1e-3, 1e-3], ["1e-05", "0.001"]),
        ([0, 50, 50], "linear", [0, 50, 50], ["0", "50"]),  # no logarithm of nought
        (["b", "a", "a"], "linear", [0, 1, 1], ["b", "a"]),
        ([None, 3, 3], "linear", [0, 1, 1], ["None", "3"]),
    ],
)
def test_score_by_parameter(
    values: list[Any], scale: str, places: list[float], labels: list[str]
) -> None:
    figure = plots.score_by_parameter(values, [0.1, 0.2, 0.4], parameter="x", score="test.f1")
    panel = figure.axes[0]
    assert panel.get_xscale() == scale
    assert points(figure, 0) == list(zip(places, [0.1, 0.2, 0.4], strict=True))
    assert points(figure, 1) == [(places[0], 0.1), (places[1], pytest.approx(0.3))]
    assert [label.get_text() for label in panel.get_xticklabels()] == labels
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("x", "test.f1")


def test_score_by_time() -> None:
    figure = plots.score_by_time([9, 5, 7], [0.1, 0.2, 0.3], ["a", "$b$", "a"], score="f1")
    assert points(figure, 0) == [(9, 0.1), (7, 0.3)]
    assert points(figure, 1) == [(5, 0.2)]
    assert [line.get_marker() for line in figure.axes[0].lines] == ["o", "s"]  # not colour alone
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "$b$"]
    assert figure.axes[0].get_xlim()[0] == 0
    assert figure.axes[0].get_xlim()[1] > 9
