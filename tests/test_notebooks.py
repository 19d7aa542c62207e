"""The lessons, run for real: with other parameters, solved, on real data, and on faulty input.

``pytest --nbmake notebooks`` runs them as they stand; here is what comes out that is looked at.
Every test starts a kernel, and most load a model, so each takes seconds.
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
import pytest
from lessons import LESSONS, answers_of, noise_in, run, solved, text_of
from papermill.exceptions import PapermillExecutionError

from helpers.exercises.answers import not_answered, returns_none

SMOKE: dict[str, Any] = {"profile": "smoke", "max_sentences": 60}


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
    check_solutions(executed)
    return model_in(folder)


def model_in(folder: Path) -> Path:
    [model] = folder.glob("*/model")
    return model


def report_in(folder: Path) -> Any:
    return json.loads((model_in(folder) / "metrics.json").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("number", ["01", "02"])
def test_solutions_are_correct(number: str, tmp_path: Path) -> None:
    check_solutions(run(solved(LESSONS[number], tmp_path), tmp_path, **SMOKE))


def check_solutions(executed: Any) -> None:
    assert len(answers_of(executed)) >= 3
    assert all(answer.startswith("Correct.") for answer in answers_of(executed))
    assert not noise_in(executed)


@pytest.mark.parametrize("number", ["01", "03", "05"])
def test_a_slice_of_the_real_data(
    number: str, wnut17_dir: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Lesson 5 does with the model of lesson 4."""
    given: dict[str, Any] = {"dataset": str(wnut17_dir), "max_sentences": 100, "seed": 7}
    if number == "05":
        given["model_dir"] = str(request.getfixturevalue("trained_with_keras"))
    executed = run(LESSONS[number], tmp_path, profile="smoke", **given)
    assert set(answers_of(executed)) == {not_answered(), returns_none()}
    if number == "03":
        report = report_in(tmp_path)
        assert sum(row["support"] for row in report["test"]["types"].values()) > 20
    if number == "05":
        assert "entity_group" in text_of(executed)


def test_lesson_5_takes_the_model_of_lesson_3_from_the_same_folder(
    trained: Path, tmp_path: Path
) -> None:
    """As on a Drive that two machines see."""
    shutil.copytree(trained, tmp_path / "03_trainer_finetuning" / "model")
    before = (model_in(tmp_path) / "metrics.json").read_bytes()
    executed = run(solved(LESSONS["05"], tmp_path), tmp_path, **SMOKE)
    assert (model_in(tmp_path) / "metrics.json").read_bytes() == before
    check_solutions(executed)
    assert "entity_group" in text_of(executed)
    [tagged, *_] = tmp_path.rglob("*.jsonl")
    records = [json.loads(line) for line in tagged.read_text(encoding="utf-8").splitlines()]
    assert any(record["entities"] for record in records)


def test_lesson_5_trains_the_model_of_lesson_3_where_there_is_none(tmp_path: Path) -> None:
    run(LESSONS["05"], tmp_path, until="model", profile="smoke", max_sentences=20)
    assert report_in(tmp_path)["settings"]["max_sentences"] == 20


def test_lesson_5_without_the_model_that_it_was_given_says_so(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as caught:
        run(LESSONS["05"], tmp_path, until="model", **SMOKE, model_dir=str(tmp_path / "nowhere"))
    assert "nowhere" in caught.value.evalue
    assert "run lesson 3" in caught.value.evalue


def test_lesson_5_uses_no_model_of_other_data_unseen(trained: Path, tmp_path: Path) -> None:
    """Two data sets in one checkout: each finds the other's model in the folder of lesson 3."""
    mine = {"profile": "smoke", "dataset": str(own_data.other_types(tmp_path / "own"))}
    shutil.copytree(trained, tmp_path / "first" / "03_trainer_finetuning" / "model")
    run(LESSONS["05"], tmp_path / "second", until="model", **mine)  # trains
    for folder, parameters in (("first", mine), ("second", SMOKE)):
        with pytest.raises(PapermillExecutionError) as refused:
            run(LESSONS["05"], tmp_path / folder, until="model", **parameters)
        assert "was trained on other data" in refused.value.evalue
        assert "run lesson 3 again with the same parameters" in refused.value.evalue
    given = {**mine, "model_dir": str(trained)}
    said = text_of(run(LESSONS["05"], tmp_path / "first", until="test-tags", **given))
    assert "The model was trained on **other data**" in said
    assert "This may be no test score" in said


def test_nonsense_answers_break_no_later_cell(trained: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(LESSONS["05"], as_version=4)
    for number, cell in reversed([*enumerate(notebook.cells)]):
        if "exercise" in cell.metadata.get("tags", []):
            found = re.match(r"(?:def )?(\w+)", cell.source)
            assert found
            cell.source = f"{found[1]} = []"
        if cell.id == "test-the-threshold":
            notebook.cells[number:number] = [
                nbformat.v4.new_code_cell(f"threshold = {answer}\n{cell.source}")
                for answer in ("()", "'42'", "pd.DataFrame({'a': [1, 2]})", "[0.5, 0.6]")
            ]
    nbformat.write(notebook, tmp_path / "nonsense.ipynb")
    parameters = {**SMOKE, "model_dir": str(trained)}
    answers = answers_of(run(tmp_path / "nonsense.ipynb", tmp_path / "runs", **parameters))
    assert len(answers) >= 8
    assert all(answer.startswith("Not yet. ") for answer in answers)


def test_papermill_on_the_command_line(tmp_path: Path) -> None:
    """The README's example: parameters by name and from a file."""
    (tmp_path / "params.yaml").write_text("max_sentences: 40\nseed: 3\n", encoding="utf-8")
    command = [sys.executable, "-m", "papermill", str(LESSONS["02"]), "out.ipynb"]
    options = ["-p", "profile", "smoke", "-f", "params.yaml", "-p", "output_dir", str(tmp_path)]
    subprocess.run([*command, *options], cwd=tmp_path, check=True, capture_output=True)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert re.search(r"max_sentences\s+40\b", text_of(executed))
    assert re.search(r"seed\s+3\b", text_of(executed))
