"""A lesson as a file: read, and executed by papermill."""

import ast
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from helpers import settings, translation
from helpers.settings import Settings, project_dir

# Kernels talk over TCP; others on the machine must not be able to listen.
_KERNELS = Config({"KernelManager": {"transport_encryption": "auto"}})


@dataclass(frozen=True)
class Lesson:
    """A notebook that takes parameters.

    Attributes:
        name: Its file name without the extension.
        content: The notebook as JSON, so that a run needs no file of it.
    """

    name: str
    content: str

    @property
    def notebook(self) -> nbformat.NotebookNode:
        """A copy of the notebook, of its own."""
        return nbformat.reads(self.content, as_version=4)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The parameters that the lesson takes, and their values where none are given.

        Raises:
            ValueError: The parameters cell holds a value that is not a plain literal.
        """
        cells = self.notebook.cells
        sources = [c.source for c in cells if "parameters" in c.metadata.get("tags", [])]
        values = {}
        for name, node in settings.assigned(sources[0]).items() if sources else ():
            try:
                values[name] = ast.literal_eval(node)
            except ValueError:
                raise ValueError(
                    f"the parameters cell gives {name!r} the value `{ast.unparse(node)}`; write a "
                    "plain literal there"
                ) from None
        return values

    def settings(self, given: Mapping[str, Any]) -> Settings:
        """Turn parameters into the settings of a run, as the lesson itself does.

        A parameter that is no setting can have any value.

        Raises:
            ValueError: A name that the lesson does not have, or a value of the wrong type or out of
                range.
        """
        settings.refuse_unknown(given, self.defaults)
        names = {field.name for field in dataclasses.fields(Settings)}
        chosen = {name: v for name, v in {**self.defaults, **given}.items() if name in names}
        return settings.load(**chosen)

    @property
    def kernel(self) -> str:
        """The kernel that the notebook names; empty where it names none."""
        return str(self.notebook.metadata.get("kernelspec", {}).get("name", ""))

    @cached_property
    def digest(self) -> str:
        """A hash of what the lesson runs, in hexadecimal; prose and outputs do not count."""
        code = [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]
        return hashlib.sha256(json.dumps([self.kernel, code]).encode()).hexdigest()


def find(names: Sequence[str] = (), *, language: str = "en") -> list[Lesson]:
    """Turn names of lessons into the lessons, in order.

    Args:
        names: ``"03_trainer_finetuning"``, its beginning ``"03"``, or a path to a notebook; without
            one, all lessons in the checkout.
        language: The edition.

    Raises:
        FileNotFoundError: No lesson of that name, or more than one.
    """
    folder = project_dir() / "notebooks" / translation.prefix(language)
    known = sorted(folder.glob("0*.ipynb"))
    if not known and not names:
        raise FileNotFoundError(f"no lessons (0*.ipynb) in {folder}; run this in the checkout")
    return [_read(path) for path in ([_path(name, known) for name in names] or known)]


def _path(name: str, known: list[Path]) -> Path:
    if Path(name).is_file():
        return Path(name)
    found = [path for path in known if path.name.startswith(name)]
    if len(found) != 1:
        raise FileNotFoundError(
            f"{name!r} names {'more than one' if found else 'no'} lesson and is not a notebook; "
            f"lessons: {', '.join(path.stem for path in known) or 'none found'}"
        )
    return found[0]


def _read(path: Path) -> Lesson:
    try:
        lesson = Lesson(path.stem, path.read_text(encoding="utf-8"))
        lesson.notebook  # noqa: B018 -- reading it is the check
    except Exception as error:  # nbformat fails in its own ways on JSON that is no notebook
        raise ValueError(f"{path}: not a notebook: {error}") from None
    return lesson


def execute(
    lesson: Lesson,
    output: Path,
    given: Mapping[str, Any],
    *,
    progress: bool = False,
    cwd: str | None = None,
) -> str | None:
    """Run a lesson in the kernel that it names, and write the executed notebook.

    Args:
        lesson: The lesson.
        output: The file to write, cell after cell; half-written until the call returns.
        given: The lesson's parameters.
        progress: Show a bar that counts cells, where there is a terminal.
        cwd: The folder that the kernel starts in; ``None`` is the current one.

    Returns:
        What went wrong, with the cell; ``None`` if all cells ran.
    """
    try:
        KernelSpecManager().get_kernel_spec(lesson.kernel)  # papermill would log a stack trace
        papermill.execute_notebook(
            lesson.notebook,
            str(output).replace("{", "{{").replace("}", "}}"),  # papermill fills {names} in paths
            dict(given),
            progress_bar={"desc": lesson.name, "disable": None, "leave": False}
            if progress
            else False,
            cwd=cwd,
            config=_KERNELS,
        )
    except papermill.PapermillExecutionError as error:
        first_line = error.source.strip().partition("\n")[0]
        return f"cell In [{error.exec_count}] `{first_line}`: {error.ename}: {error.evalue}"
    except NoSuchKernel as error:
        return (
            f"the kernel {error.name!r} is not installed; `make lessons` sets it up, and "
            "`jupyter kernelspec list` shows all kernels"
        )
    except DeadKernelError:
        return "the kernel died during the run; was it out of memory?"
    except Exception as error:  # one lesson's trouble, whatever it is, must not stop the others
        return f"{type(error).__name__}: {error}"
    return None
