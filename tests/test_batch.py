"""Lessons run unattended: parameters checked, and runs that survive a kill.

Tests that start notebooks take seconds: each has a kernel of its own, and the processes that die
and are started again are what is tested.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from helpers.__main__ import main
from helpers.batch import engines, notebooks, spec, sweep
from helpers.batch.engines import Attempt, Outcome
from helpers.batch.notebooks import Lesson
from helpers.batch.spec import Run
from helpers.batch.sweep import MANIFEST

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
starts = Path(output_dir).parent / "starts"
starts.mkdir(exist_ok=True)
start = starts / f"{seed}-{uuid.uuid4().hex}.json"
start.with_suffix(".tmp").write_text(json.dumps({"kernel": os.getpid(), "parent": os.getppid()}))
start.with_suffix(".tmp").rename(start)
while wait_for and not Path(wait_for).exists():
    time.sleep(0.05)
assert seed != 13, "an unlucky <seed>"
f1 = (seed or 0) / 10 + (epochs or 0) / 100
metrics = {"test": {"f1": f1}, "settings": {"output_dir": str(folder)}}
(folder / "metrics.json").write_text(json.dumps(metrics))
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
    manifests = [json.loads(path.read_text()) for path in output.glob(f"toy-*/{MANIFEST}")]
    return sorted(found["seed"] for found in manifests if found["error"] is None)


# Parameters


def test_a_parameters_cell_gives_names_and_values() -> None:
    cell = (
        'profile = "full"  # a "#" in a comment\nepochs: int | None = None\ntext = "#wnut"\nx = -1'
    )
    assert lesson(parameters=cell).defaults == {
        "profile": "full", "epochs": None, "text": "#wnut", "x": -1,
    }  # fmt: skip


def test_a_parameter_that_is_no_literal_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'x' the value `len\(y\)`; write a plain literal"):
        lesson(parameters="x = len(y)").settings({})


def test_parameters_that_a_lesson_takes() -> None:
    assert lesson().settings({}).profile == "offline"
    settings = lesson().settings({"profile": "smoke", "epochs": 2.5, "seed": None, "note": [1, 2]})
    assert (settings.profile, settings.epochs, settings.seed) == ("smoke", 2.5, 42)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"epohcs": 3}, "unknown parameter 'epohcs'; valid parameters: profile, epochs, learning"),
        ({"batch_size": 3}, "unknown parameter 'batch_size'"),  # a setting, but not this lesson's
        ({"epochs": "many"}, "epochs: .*'many'"),
        ({"profile": "fast"}, "unknown profile 'fast'; valid profiles: .*offline"),
        ({"profile": ["smoke"]}, r"unknown profile \['smoke'\]"),
    ],
)
def test_parameters_that_a_lesson_refuses(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lesson().settings(given_)


def test_without_a_parameters_cell_every_parameter_is_unknown() -> None:
    content = notebook()
    del content.cells[2]
    with pytest.raises(ValueError, match="valid parameters: none"):
        Lesson("toy", nbformat.writes(content)).settings({"x": 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "parameters.yaml", "-p", "learning_rate", "3e-4"], None),
        (["-p", "epohcs", "3"], "unknown parameter 'epohcs'; valid parameters: profile, epochs"),
    ],
)
def test_plain_papermill(arguments: list[str], message: str | None, tmp_path: Path) -> None:
    cells = RESOLVE, "print(chosen.epochs, chosen.learning_rate)"
    nbformat.write(notebook(*cells), tmp_path / "in.ipynb")
    (tmp_path / "parameters.yaml").write_text("epochs: 3\n")
    papermill = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", *arguments]
    done = subprocess.run(papermill, cwd=tmp_path, capture_output=True, text=True)
    if message is None:
        assert done.returncode == 0, done.stderr
        last = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1]
        assert last.outputs[0].text == "3.0 0.0003\n"
    else:
        assert done.returncode != 0
        assert f"ValueError: {message}" in done.stderr


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
        ("lesson: toy.ipynb\ngrid: {seed: []}", "grid.seed: List should have at least 1 item"),
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
    with pytest.raises(ValueError, match=message) as error:
        spec.load(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_specification_names_a_lesson_or_a_file(shelf: Path, tmp_path: Path) -> None:
    nbformat.write(notebook(), shelf / "03_trainer.ipynb")
    path = tmp_path / "x.yaml"
    path.write_text("lesson: 03_trainer")
    assert spec.load(path)[0].lesson.name == "03_trainer"
    path.write_text("lesson: 07")
    with pytest.raises(ValueError, match="lesson: Input should be a valid string"):
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


def test_a_run_has_a_folder_of_its_own_and_is_done_once(tmp_path: Path) -> None:
    (run,) = spec.load(write_sweep(tmp_path, SCORE, parameters={"epochs": 2}, grid={"seed": [7]}))
    output = tmp_path / "out"
    folder, killed = output / run.name, output / f".{run.name}.0123456789ab.partial"
    for half in (folder, killed):  # of a copy that was broken off, and of an attempt
        half.mkdir(parents=True)
        (half / "left").touch()
    assert not sweep.is_complete(folder)
    for _ in range(2):
        assert list(sweep.run([run], output, engines.local)) == [(run, None)]
    assert sweep.is_complete(folder)
    assert {path.name for path in folder.iterdir()} == {
        "toy.ipynb", "metrics.json", "manifest.json", "toy",
    }  # fmt: skip
    assert {path.name for path in output.iterdir()} == {run.name, "starts", ".locks"}
    assert len(starts(output)) == 1
    assert json.loads((folder / "metrics.json").read_text())["test"]["f1"] == pytest.approx(0.72)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["lesson"] == "toy"
    assert manifest["parameters"] == {"epochs": 2, "seed": 7}
    assert manifest["seed"] == 7
    assert manifest["error"] is None
    assert manifest["duration"] > 0
    assert manifest["versions"]["papermill"]
    assert {"start", "host", "platform", "revision"} <= manifest.keys()
    # What the lesson wrote leads to where its files are now.
    for file in ("toy.ipynb", "toy/model/metrics.json"):
        assert f"{folder}/toy/model" in (folder / file).read_text()
        assert ".partial" not in (folder / file).read_text()


def test_a_lesson_without_metrics_is_complete_and_one_with_two_fails(tmp_path: Path) -> None:
    (run,) = spec.load(write_sweep(tmp_path, "1"))
    assert list(sweep.run([run], tmp_path / "out", engines.local)) == [(run, None)]
    two = "from pathlib import Path\nfor n in 'ab':\n    (Path(output_dir) / n).mkdir()\n"
    two += "    (Path(output_dir) / n / 'metrics.json').touch()"
    (run,) = spec.load(write_sweep(tmp_path, two))
    ((_, error),) = sweep.run([run], tmp_path / "out", engines.local)
    assert error == (
        "the lesson wrote more than one metrics.json: a/metrics.json, b/metrics.json; "
        "let it write only one"
    )


def test_a_sweep_with_a_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """All through the command, with two workers, then again, then once what failed is mended."""
    path = write_sweep(tmp_path, SCORE, parameters={"epochs": 1}, grid={"seed": [1, 13, 2]})
    output = tmp_path / "out"
    arguments = ["sweep", str(path), "--output", str(output), "--workers", "2"]
    assert main(arguments) == 1
    printed = capfd.readouterr().out
    assert complete(output) == [1, 2]
    assert printed.startswith(f"3 runs, 0 of them complete, into {output}\n")
    (failed,) = [run for run in spec.load(path) if run.seed == 13]
    assert re.search(
        rf"{failed.name} +failed +{output / failed.name} +epochs=1, seed=13\n", printed
    )
    error = "cell In [4] `import json, os, time, uuid`: AssertionError: an unlucky <seed>"
    assert f"{failed.name} failed: {error}" in printed
    manifest = json.loads((output / failed.name / MANIFEST).read_text())
    assert manifest["error"] == error
    assert "an unlucky" in (output / failed.name / "toy.ipynb").read_text()

    assert main(arguments) == 1
    assert "3 runs, 2 of them complete" in capfd.readouterr().out
    assert sorted(start["seed"] for start in starts(output)) == [1, 2, 13, 13]

    (output / failed.name / MANIFEST).write_text(json.dumps({**manifest, "error": None}))
    assert main(arguments) == 0


def test_what_no_run_can_mend_stops_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    (run,) = spec.load(write_sweep(tmp_path, "1"))
    error = sweep.attempt(tmp_path / "full", None, tmp_path, run)
    assert error is not None
    assert re.match("(NotADirectory|FileExists)Error: .*full", error)


def test_a_terminal_shows_how_many_runs_are_done_and_failed(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect", reason="pexpect, which makes a terminal, is missing")
    path = write_sweep(tmp_path, "assert seed != 13", grid={"seed": [1, 13]})
    arguments = ["-m", "helpers", "sweep", str(path), "--output", str(tmp_path / "out")]
    terminal = pexpect.spawn(
        sys.executable, arguments, dimensions=(30, 120), encoding="utf-8", timeout=None
    )
    terminal.expect("1/2 .*failed=0")
    terminal.expect("2/2 .*failed=1")
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
    """Run 1 is complete and run 2 under way when the sweep's process ends."""
    output, gate = tmp_path / "out", tmp_path / "gate"
    cell = SCORE.replace("while wait_for", "while seed != 1 and wait_for")
    path = write_sweep(tmp_path, cell, parameters={"wait_for": str(gate)}, grid={"seed": [1, 2]})
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
    assert "2 runs, 1 of them complete" in printed
    assert complete(output) == [1, 2]
    assert sorted(start["seed"] for start in starts(output)) == [1, 2, 2]
    assert not list(output.glob(".*.partial"))


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


def test_a_run_that_cannot_be_seen_from_here_is_said(tmp_path: Path) -> None:
    def elsewhere(runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
        return ((run, None) for run in runs)

    runs = spec.load(write_sweep(tmp_path, "1"))
    ((_, error),) = sweep.run(runs, tmp_path / "out", elsewhere)
    assert error is not None
    assert re.match("complete on the machine that ran it, but not visible here in .*/out;", error)


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
    assert not list(output.glob(".*.partial"))


@pytest.mark.usefixtures("interruptible")
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
