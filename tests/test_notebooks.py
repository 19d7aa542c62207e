"""The lessons, run for real: with other parameters, solved, on real data, and on faulty input.

``pytest --nbmake notebooks`` runs them as they stand; here is what comes out that is looked at.
Every test starts a kernel and loads a model, so each takes seconds.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import own_data
import papermill
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from papermill.exceptions import PapermillExecutionError

ROOT = Path(__file__).resolve().parent.parent
LESSONS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))}
TAGS = ("exercise", "solution")
SMOKE = {"profile": "smoke", "max_sentences": 60}
# To save time, not every lesson runs on every data set of tests/own_data.py.
SKIPPED: dict[str, set[str]] = {
    "other_types": {"02", "04"},
    "one_type": set(),
    "japanese": {"03", "04"},
}


def run(lesson: Path, folder: Path, **parameters: Any) -> Any:
    """Run a lesson, in the kernel that it names, in a folder of its own."""
    kernel = nbformat.read(lesson, as_version=4).metadata.kernelspec
    if kernel.name not in KernelSpecManager().find_kernel_specs():
        pytest.skip(f"the kernel {kernel.display_name} is not set up; `make test` does it")
    folder.mkdir(parents=True, exist_ok=True)
    return papermill.execute_notebook(
        lesson,
        folder / lesson.name,
        parameters={**parameters, "output_dir": str(folder)},
        cwd=folder,
        progress_bar=False,
    )


def text_of(executed: Any) -> str:
    """Everything a learner sees below the cells, as text."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return "\n".join(map(text_of_output, outputs))


def text_of_output(output: Any) -> str:
    data = output.get("data", {})
    shown = [data.get(f"text/{kind}", "") for kind in ("plain", "markdown", "html")]
    return "\n".join([output.get("text", ""), *shown])


def noise_in(executed: Any) -> list[str]:
    """Lines of warnings that a learner would have to wonder about."""
    return [
        line
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
        for line in output["text"].splitlines()
        if re.search("warn|deprecat|error", line, re.IGNORECASE)
    ]


def solved(lesson: Path, folder: Path) -> Path:
    """Write the lesson with every solution in its exercise cell."""
    notebook = nbformat.read(lesson, as_version=4)
    exercises = [c for c in notebook.cells if "exercise" in c.metadata.get("tags", [])]
    solutions = [c for c in notebook.cells if "solution" in c.metadata.get("tags", [])]
    for exercise, solution in zip(exercises, solutions, strict=True):
        found = re.search(r"```python\n(.*?)```", solution.source, re.DOTALL)
        assert found, solution.source
        exercise.source = found[1]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"solved-{lesson.name}"
    nbformat.write(notebook, target)
    return target


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS.keys())
def test_a_lesson_says_how_long_it_takes(lesson: Path) -> None:
    """160 words and 10 lines of code a minute, 4 minutes an exercise, to the nearest 5."""
    cells = nbformat.read(lesson, as_version=4).cells
    said = re.search(
        r"\*\*Time:\*\* about (\d+) minutes to read, (\d+) minutes for the exercises, "
        r"\d+ minutes? to run\.",
        cells[0].source,
    )
    assert said
    kinds = {kind: [c for c in cells if kind in c.metadata.get("tags", [])] for kind in TAGS}
    prose = [c.source for c in cells if c.cell_type == "markdown" and c not in kinds["solution"]]
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    words = len(re.sub(r"\]\([^)]*\)", "]", "\n".join(prose)).split())  # no addresses of links
    lines = sum(bool(line.strip()) for line in code.splitlines())
    reading, exercises = words / 160 + lines / 10, 4 * len(kinds["exercise"])
    assert [int(minutes) for minutes in said.groups()] == [
        5 * round(minutes / 5) for minutes in (reading, exercises)
    ]


def answers_of(executed: Any) -> list[str]:
    return [
        output["data"]["text/plain"].strip("'\"")
        for cell in executed.cells
        if "check" in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "text/plain" in output.get("data", {})
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that lesson 3, solved, trains on a slice of the sample."""
    return train("03", tmp_path_factory.mktemp("smoke"))


@pytest.fixture(scope="module")
def trained_with_keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of lesson 4."""
    return train("04", tmp_path_factory.mktemp("smoke"))


def train(number: str, folder: Path) -> Path:
    executed = run(solved(LESSONS[number], folder), folder, **SMOKE, epochs=8)
    assert len(answers_of(executed)) >= 3
    assert all(answer.startswith("Correct.") for answer in answers_of(executed))
    assert not noise_in(executed)
    return model_in(folder)


def model_in(folder: Path) -> Path:
    [model] = folder.glob("*/model")
    return model


@pytest.mark.parametrize("model", ["trained", "trained_with_keras"])
def test_training_leaves_a_tagger_better_than_tagging_nothing(
    model: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(model)
    report = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    for split in ("validation", "test"):
        assert 0 < report[split]["f1"] <= 1  # tagging nothing scores 0
    assert report["settings"]["epochs"] == 8
    assert report["settings"]["max_sentences"] == 60
    assert {path.name for path in folder.iterdir()} >= {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "README.md",
    }


@pytest.mark.parametrize("number", ["01", "02", "05"])
def test_solutions_are_correct(number: str, trained: Path, tmp_path: Path) -> None:
    given = {"model_dir": str(trained)} if number == "05" else {}
    executed = run(solved(LESSONS[number], tmp_path), tmp_path, **SMOKE, **given)
    assert len(answers_of(executed)) >= 3
    assert all(answer.startswith("Correct.") for answer in answers_of(executed))
    assert not noise_in(executed)


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05"])
def test_a_slice_of_the_real_data(
    number: str, wnut17_dir: Path, trained: Path, tmp_path: Path
) -> None:
    given = {"model_dir": str(trained)} if number == "05" else {}
    executed = run(
        LESSONS[number],
        tmp_path,
        profile="smoke",
        dataset=str(wnut17_dir),
        max_sentences=100,
        seed=7,
        **given,
    )
    assert set(answers_of(executed)) == {
        "Not answered yet. Replace None in the cell above and run both cells again."
    }
    if number in ("03", "04"):
        report = json.loads((model_in(tmp_path) / "metrics.json").read_text(encoding="utf-8"))
        assert sum(row["support"] for row in report["test"]["types"].values()) > 20


@pytest.fixture(scope="module", params=own_data.ALL, ids=lambda make: make.__name__)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that is not the course's; lesson 5 finds beside it what lesson 3 trained."""
    folder: Path = request.param(tmp_path_factory.mktemp("own") / request.param.__name__)
    return folder


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05"])
def test_a_lesson_on_data_of_your_own(number: str, own: Path) -> None:
    """Takes minutes in all: each run starts a kernel, and lessons 3 and 4 train a model."""
    if number in SKIPPED[own.name]:
        pytest.skip("runs on the data set with the fewest sentences, the hardest")
    folder = own.with_name("runs")
    lesson = solved(LESSONS[number], folder)
    training = {"epochs": 2} if number in {"03", "04"} else {}
    executed = run(lesson, folder, profile="smoke", dataset=str(own), **training)
    answers = answers_of(executed)
    assert [answer for answer in answers if not answer.startswith("Correct.")] == []
    assert not noise_in(executed)
    assert foreign_in(executed) == []
    if number == "05":
        assert str(folder) not in text_of(executed)


def foreign_in(executed: Any) -> list[str]:
    """What cells show that belongs to the course's own data; results labelled as recorded may."""
    foreign = re.compile("WNUT|the sample|creative-work|corporation")
    return [
        found[0]
        for cell in executed.cells
        if cell.cell_type == "code" and "recorded" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if (found := foreign.search(text_of_output(output)))
    ]


@pytest.mark.parametrize("model", ["trained", "trained_with_keras"])
def test_lesson_5_finds_entities(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(model)
    executed = run(LESSONS["05"], tmp_path, **SMOKE, model_dir=str(folder))
    assert "entity_group" in text_of(executed)
    tagged = [path for path in tmp_path.rglob("*.jsonl")]
    assert tagged
    records = [json.loads(line) for line in tagged[0].read_text(encoding="utf-8").splitlines()]
    assert any(record["entities"] for record in records)


def test_lesson_5_takes_the_model_of_lesson_3_from_the_same_folder(
    trained: Path, tmp_path: Path
) -> None:
    """As on a Drive that two machines see."""
    folder = tmp_path / "drive"
    shutil.copytree(trained, folder / "03_trainer_finetuning" / "model")
    before = (folder / "03_trainer_finetuning" / "model" / "metrics.json").read_bytes()
    run(LESSONS["05"], folder, **SMOKE)
    assert (model_in(folder) / "metrics.json").read_bytes() == before


def test_lesson_5_trains_the_model_of_lesson_3_where_there_is_none(tmp_path: Path) -> None:
    run(LESSONS["05"], tmp_path, **SMOKE)
    report = json.loads((model_in(tmp_path) / "metrics.json").read_text(encoding="utf-8"))
    assert report["settings"]["max_sentences"] == SMOKE["max_sentences"]


def test_lesson_5_without_the_model_that_it_was_given_says_so(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match="run lesson 3"):
        run(LESSONS["05"], tmp_path, **SMOKE, model_dir=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"profile": "ofline"}, "unknown profile 'ofline'; valid profiles: full, offline, smoke"),
        ({"epohcs": 3}, "unknown parameter 'epohcs'; valid parameters: profile, dataset"),
        ({"seed": "7"}, "seed: Input should be a valid integer; found '7'"),
    ],
)
def test_wrong_parameters_are_refused(
    parameters: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(PapermillExecutionError, match=re.escape(message)):
        run(LESSONS["01"], tmp_path, **{**SMOKE, **parameters})


def test_papermill_on_the_command_line(tmp_path: Path) -> None:
    """The README's example: parameters by name and from a file."""
    (tmp_path / "params.yaml").write_text("max_sentences: 40\nseed: 3\n", encoding="utf-8")
    command = [sys.executable, "-m", "papermill", str(LESSONS["02"]), "out.ipynb"]
    options = ["-p", "profile", "smoke", "-f", "params.yaml", "-p", "output_dir", str(tmp_path)]
    subprocess.run([*command, *options], cwd=tmp_path, check=True, capture_output=True)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert re.search(r"max_sentences\s+40\b", text_of(executed))
    assert re.search(r"seed\s+3\b", text_of(executed))
