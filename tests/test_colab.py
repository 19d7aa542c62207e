"""Every lesson in a runtime like Google Colab's, from its set-up cell on, alone on its machine.

It runs where the environment variable COLAB_RUNTIME names the folder of such a runtime, which
``make test-colab`` builds, and skips otherwise: each lesson takes minutes.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lessons import JAPANESE, LESSONS, ROOT, answers_of, text_of
from nbclient import NotebookClient

sys.path.insert(0, str(ROOT / "tools"))
import colab
import colab_runtime

NOWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.skipif(
    "COLAB_RUNTIME" not in os.environ,
    reason="COLAB_RUNTIME is not set: it names the runtime that `make test-colab` builds",
)

Machine = Callable[..., Any]


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it stands, as a repository whose one commit has the tag of its version."""
    folder = tmp_path_factory.mktemp("repository")
    author = ["-c", "user.name=Tests", "-c", "user.email=tests@localhost"]
    git = ["git", "--git-dir", str(folder / ".git"), "--work-tree", str(ROOT), *author]
    _, tag, _ = colab.addresses()
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "-qm", "."], ["tag", tag]):
        subprocess.run([*git, *command], check=True)
    return folder


@pytest.fixture
def machine(repository: Path, tmp_path: Path) -> Machine:
    """A new machine of Colab's: it runs the cells of a notebook and returns the notebook."""
    runtime = Path(os.environ["COLAB_RUNTIME"]).resolve()
    programs = colab_runtime.another(runtime, tmp_path / "runtime")
    address, _, _ = colab.addresses()
    ours = ("HF_", "TRANSFORMERS_", "PYTHON", "VIRTUAL_ENV", "PIP_", "COLAB_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(runtime / "share" / "jupyter"),
        "HF_HOME": str(tmp_path / "hub"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
    (tmp_path / "content").mkdir()

    def run(notebook: Any, *, allow_errors: bool = False, **variables: str) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUPYTER_PATH", environment["JUPYTER_PATH"])
            client = NotebookClient(
                notebook,
                kernel_name=colab_runtime.KERNEL,
                resources={"metadata": {"path": str(tmp_path / "content")}},
                allow_errors=allow_errors,
                timeout=None,
            )
            return client.execute(env={**environment, **variables})

    return run


def with_profile(number: str, profile: str, lessons: Mapping[str, Path] = LESSONS) -> Any:
    """A lesson as a learner leaves it who chooses a profile and nothing else."""
    lesson = nbformat.read(lessons[number], as_version=4)
    [cell] = [cell for cell in lesson.cells if "parameters" in cell.metadata.get("tags", [])]
    assert cell.source.startswith('profile = "full"')
    cell.source = cell.source.replace('profile = "full"', f'profile = "{profile}"', 1)
    return lesson


def errors_in(executed: Any) -> list[str]:
    """What each cell that failed shows, without blank lines."""
    shown = [
        "\n".join(output.traceback)
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    return ["\n".join(line for line in text.splitlines() if line) for text in shown]


@pytest.mark.parametrize(
    ("number", "profile"),
    [("01", "offline"), ("02", "offline"), ("03", "offline"), ("05", "offline"), ("04", "smoke")],
)
def test_a_lesson_runs_from_its_badge_alone(number: str, profile: str, machine: Machine) -> None:
    executed = machine(with_profile(number, profile))
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert "Successfully installed" in "".join(output.text for output in code[0].outputs)


def test_a_japanese_lesson_brings_its_language_and_its_letters(machine: Machine) -> None:
    executed = machine(with_profile("01", "smoke", JAPANESE))
    assert all(answer.startswith("まだ答えがありません。") for answer in answers_of(executed))
    assert "訓練データ" in text_of(executed)
    said = "".join(
        output.get("text", "") for cell in executed.cells for output in cell.get("outputs", [])
    )
    assert "no Japanese font" not in said
    assert "Glyph" not in said


def test_what_goes_wrong_is_one_message(machine: Machine) -> None:
    lesson = with_profile("03", "full")
    [setup, parameters] = [cell for cell in lesson.cells if cell.cell_type == "code"][:2]
    [settings, data] = [cell for cell in lesson.cells if cell.get("id") in ("settings", "data")]
    wrong = nbformat.v4.new_code_cell("settings.load('ofline')")
    kernel = nbformat.v4.new_code_cell("from helpers import keras_training")
    model = nbformat.v4.new_code_cell("models.locate(run.model)")
    trace = nbformat.v4.new_code_cell("%tb")
    theirs = nbformat.v4.new_code_cell("import nonono")
    token = nbformat.v4.new_code_cell("from huggingface_hub import get_token\n\nget_token()")
    lesson.cells = [setup, parameters, settings, wrong, kernel, data, model, trace, theirs, token]
    executed = machine(lesson, allow_errors=True, HF_ENDPOINT=NOWHERE, SECRET_HF_TOKEN="hf_secret")
    *short, traced, missing = errors_in(executed)
    for text, beginning in zip(
        short,
        [
            "unknown profile 'ofline'; valid profiles: full, offline, smoke",
            "lesson 4 needs TensorFlow 2.21 and Transformers 4.54.1",
            "cannot fetch the data set wnut_17",
            "cannot fetch the model distilbert/distilbert-base-uncased",
        ],
        strict=True,
    ):
        assert beginning in text
        assert len(text.splitlines()) == 2  # the other one names %tb
    assert "run the first cell of the lesson, choose Restart session" in short[1]
    assert 'set profile="offline"' in short[2]
    assert "Traceback (most recent call last)" in traced
    assert "Traceback (most recent call last)" in missing
    assert "NOTE: If your import is failing" in missing
    assert executed.cells[-1].outputs[-1].data["text/plain"] == "'hf_secret'"


@pytest.mark.parametrize("setuptools", [colab_runtime.SETUPTOOLS[0], "setuptools"])
def test_seqeval_is_built_whatever_setuptools_there_is(setuptools: str, tmp_path: Path) -> None:
    """With the set-up cell's option; without it, an older pip fails with the newest setuptools."""
    venv.create(tmp_path, with_pip=True)
    pip = [str(tmp_path / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    for packages in (
        [colab_runtime.PIP],
        ["--upgrade", setuptools, "wheel"],
        ["--no-cache-dir", "--no-deps", "--use-pep517", "seqeval"],
    ):
        subprocess.run([*pip, *packages], check=True)
    assert (colab_runtime.site_packages(tmp_path) / "seqeval").is_dir()
