"""The lessons as tests run them and read what comes out."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.kernelspec import KernelSpecManager

ROOT = Path(__file__).resolve().parent.parent
JAPANESE = {path.stem[:2]: path for path in sorted((ROOT / "notebooks/ja").glob("0*.ipynb"))}
LESSONS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))}


def run(lesson: Path, folder: Path, *, until: str | None = None, **parameters: Any) -> Any:
    """Run a lesson in the kernel that it names, in a folder of its own, to a cell or to its end."""
    notebook = nbformat.read(lesson, as_version=4)
    kernel = notebook.metadata.kernelspec
    if kernel.name not in KernelSpecManager().find_kernel_specs():
        pytest.skip(f"the kernel {kernel.display_name} is not set up; `make test` does it")
    if until:
        del notebook.cells[[cell.id for cell in notebook.cells].index(until) + 1 :]
    folder.mkdir(parents=True, exist_ok=True)
    return papermill.execute_notebook(
        notebook,
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
    """The same of one output."""
    data = output.get("data", {})
    shown = [data.get(f"text/{kind}", "") for kind in ("plain", "markdown", "html")]
    return "\n".join([output.get("text", ""), *shown])


_PHRASE = re.compile(r"(?<![#\w])[A-Za-z][a-z']+(?: [a-z][a-z']+)+")
_NO_PROSE = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|<[^>]*>|&\w+;|(?:で止まります|開けません|使えません)：.*"
)


def english_in(text: str, known: Collection[str] = ()) -> list[str]:
    """Phrases of two or more English words in a text that should be Japanese.

    Code, what is quoted, the texts of Python's errors and words of the data are none.

    >>> english_in("`a b` は 'two words' です。 Not yet. In the end 正解です。")
    ['Not yet', 'In the end']
    """
    phrases = _PHRASE.findall(_NO_PROSE.sub(" | ", text))
    return [its for its in phrases if not {*re.findall(r"[a-z']+", its.lower())} <= {*known}]


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


def answers_of(executed: Any) -> list[str]:
    """What the checks say to the answers."""
    return [
        output["data"]["text/plain"].strip("'\"")
        for cell in executed.cells
        if "check" in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "text/plain" in output.get("data", {})
    ]
