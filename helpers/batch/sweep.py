"""A grid of parameters over one lesson: every combination a run with a folder of its own."""

import json
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager

from helpers.batch import notebooks
from helpers.batch.engines import Engine, Outcome
from helpers.batch.notebooks import Lesson
from helpers.batch.spec import OUTPUT, Run
from helpers.batch.store import METRICS, Store
from helpers.settings import project_dir

_PRINT_VERSIONS = """
import importlib.metadata, json, platform
packages = {package.name: package.version for package in importlib.metadata.distributions()}
print(json.dumps({"python": platform.python_version(), **dict(sorted(packages.items()))}))
"""


def run(runs: Sequence[Run], store: Store, engine: Engine) -> Iterator[Outcome]:
    """Do runs and let the folder of each appear in the store; one that fails does not stop another.

    Args:
        runs: What is missing of a sweep.
        store: Where the folders appear.
        engine: Where the runs are done.

    Yields:
        Each run as it ends, with what went wrong; ``None`` if it is complete.
    """
    for run, error in engine.work(runs, partial(attempt, store.location, _origin())):
        if error is None and not store.is_complete(run.name):
            error = (
                f"complete on the machine that ran it, but not visible here in "
                f"{store.location}; choose an --output that all machines share"
            )
        yield run, error


def attempt(location: str, origin: Mapping[str, Any], run: Run) -> str | None:
    """Do one run, if nobody has done it yet, and let its folder appear when it is complete.

    Args:
        location: The folder for the runs, or a URL that fsspec can write.
        origin: Where the sweep comes from: ``revision`` and ``cwd``.
        run: What to do.

    Returns:
        What went wrong, with the cell; ``None`` if the run is complete.
    """
    store = Store(location)
    with store.lock(run.name):
        if store.is_complete(run.name):
            return None
        folder = store.scratch(run.name)
        start, clock = datetime.now(UTC), time.perf_counter()
        error = _execute(run, folder, origin["cwd"])
        duration = time.perf_counter() - clock
        executed = folder / f"{run.lesson.name}.ipynb"
        if executed.exists():
            address = store.where(run.name, failed=error is not None)
            _readdress(executed, str(folder), address)
        record = {
            "lesson": run.lesson.name,
            "parameters": run.given,
            "seed": run.seed,
            "start": start.isoformat(timespec="seconds"),
            "duration": round(duration, 3),
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "revision": origin["revision"],
            "versions": _versions(run.lesson),
        }
        if error is None:
            store.complete(run.name, folder, record)
        else:
            store.fail(run.name, folder, {**record, "error": error})
    return error


def _execute(run: Run, folder: Path, cwd: str) -> str | None:
    given = dict(run.given)
    if OUTPUT in run.lesson.defaults:
        given[OUTPUT] = str(folder)
    error = notebooks.execute(
        run.lesson,
        folder / f"{run.lesson.name}.ipynb",
        given,
        cwd=cwd if Path(cwd).is_dir() else None,  # a cluster's machine may not have it
    )
    return error or _keep_metrics(folder)


def _keep_metrics(folder: Path) -> str | None:
    """Put the one ``metrics.json`` that a lesson wrote, wherever, on top of the run's folder."""
    found = sorted(folder.rglob(METRICS))
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        return f"the lesson wrote more than one {METRICS}: {names}; let it write only one"
    if found and found[0].parent != folder:
        shutil.copy2(found[0], folder / METRICS)
    return None


def _readdress(executed: Path, scratch: str, address: str) -> None:
    """Name the run's folder in the executed notebook as it is called from now on."""
    old, new = (json.dumps(path)[1:-1] for path in (scratch, address))
    executed.write_text(executed.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _origin() -> dict[str, Any]:
    """The revision of the checkout, if it is one, and the folder that relative paths start from."""
    command = ["git", "-C", str(project_dir()), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        revision = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        revision = ""
    return {"revision": revision.strip() or None, "cwd": str(Path.cwd())}


def _versions(lesson: Lesson) -> dict[str, str]:
    """The versions of Python and of all packages in the lesson's kernel, where it has one."""
    kernel = KernelManager(kernel_name=lesson.kernel)
    try:
        python = kernel.format_kernel_cmd()[0]
        printed = subprocess.run([python, "-c", _PRINT_VERSIONS], capture_output=True, check=True)
    except (NoSuchKernel, OSError, subprocess.CalledProcessError):
        return {}
    return dict(json.loads(printed.stdout))
