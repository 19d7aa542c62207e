"""All lessons in order, each with the parameters that it knows."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from helpers import atomic, settings
from helpers.batch import notebooks
from helpers.batch.notebooks import Lesson


@dataclass(frozen=True)
class Result:
    """How the run of a lesson ended.

    Attributes:
        lesson: Its name.
        seconds: How long it took.
        notebook: The executed notebook; ``None`` if it could not be started.
        error: What went wrong, with the cell; ``None`` if all cells ran.
    """

    lesson: str
    seconds: float
    notebook: Path | None
    error: str | None


def plan(
    lessons: Sequence[Lesson], given: Mapping[str, Any], *, common: Mapping[str, Any]
) -> list[tuple[Lesson, dict[str, Any]]]:
    """Give each lesson the parameters that it knows.

    Args:
        lessons: The lessons.
        given: Parameters that at least one lesson must know.
        common: More parameters, such as the profile, that lessons need not know.

    Raises:
        ValueError: A name that no lesson knows, or a value that a lesson cannot take.
    """
    valid = dict.fromkeys(name for lesson in lessons for name in lesson.defaults)
    settings.refuse_unknown(given, valid)
    planned, all_ = [], {**common, **given}
    for lesson in lessons:
        its_own = {name: value for name, value in all_.items() if name in lesson.defaults}
        lesson.settings(its_own)  # refuses what it cannot take
        planned.append((lesson, its_own))
    return planned


def run(planned: Sequence[tuple[Lesson, Mapping[str, Any]]], folder: Path) -> Iterator[Result]:
    """Run what `plan` planned, one after the other, into a folder of executed notebooks.

    A lesson that fails does not stop the next.

    Raises:
        RuntimeError: Another run is writing to the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            for left in folder.glob(".*.partial.ipynb"):  # of lessons that were killed
                left.unlink()
            for lesson, given in planned:
                yield _run(lesson, given, folder)
    except Timeout:
        raise RuntimeError(
            f"another run is writing to {folder}; wait for it, or choose another --output"
        ) from None


def _run(lesson: Lesson, given: Mapping[str, Any], folder: Path) -> Result:
    executed, is_there, error = folder / f"{lesson.name}.ipynb", False, None
    start = time.perf_counter()
    with suppress(FileNotFoundError), atomic.file(executed) as partial:
        error = notebooks.execute(lesson, partial, given, progress=True)
        is_there = partial.exists()  # not where the kernel could not start
    seconds = time.perf_counter() - start
    return Result(lesson.name, seconds, executed if is_there else None, error)
