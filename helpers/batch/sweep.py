"""A grid of parameters over one lesson: every combination a run with a folder of its own.

The folder of a run appears when the run has ended, well or not; its manifest says how. So a sweep
that was killed does what is missing when it is started again.
"""

import json
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from filelock import FileLock
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager

from helpers import atomic
from helpers.batch import notebooks
from helpers.batch.engines import Engine, Outcome
from helpers.batch.spec import OUTPUT, Run
from helpers.settings import project_dir

MANIFEST = "manifest.json"
METRICS = "metrics.json"

_WITH_PATHS = {".ipynb", ".json", ".md"}
_PRINT_VERSIONS = """
import importlib.metadata, json, platform
packages = {package.name: package.version for package in importlib.metadata.distributions()}
print(json.dumps({"python": platform.python_version(), **dict(sorted(packages.items()))}))
"""


def run(runs: Sequence[Run], output: Path, engine: Engine) -> Iterator[Outcome]:
    """Do runs and let the folder of each appear in ``output``, which all machines must see.

    One that fails does not stop another.

    Yields:
        Each run as it ends, with what went wrong; ``None`` if it is complete.
    """
    if not runs:  # no engine is needed
        return
    for run, error in engine(runs, partial(attempt, output, _revision(), Path.cwd())):
        if error is None and not is_complete(output / run.name):
            error = (
                f"complete on the machine that ran it, but not visible here in {output}; choose an "
                "--output that all machines share"
            )
        yield run, error


def is_complete(folder: Path) -> bool:
    """Whether the folder of a run is there and the run did not fail."""
    path = folder / MANIFEST
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["error"] is None


def attempt(output: Path, revision: str | None, cwd: Path, run: Run) -> str | None:
    """Do one run, if nobody has done it yet, and let its folder appear when it has ended.

    ``revision`` is that of the code, and relative paths start from ``cwd``.

    Returns:
        What went wrong, with the cell; ``None`` if the run is complete.
    """
    try:
        (output / ".locks").mkdir(parents=True, exist_ok=True)
        with FileLock(output / ".locks" / f"{run.name}.lock"):
            if is_complete(output / run.name):
                return None
            for left in output.glob(f".{run.name}.*"):  # of attempts that were killed
                shutil.rmtree(left, ignore_errors=True)
            with atomic.folder(output / run.name) as folder:
                return _attempt(run, folder, output / run.name, revision, cwd)
    except Exception as error:  # such as a full disk, which must not stop the other runs
        return f"{type(error).__name__}: {error}"


def _attempt(run: Run, folder: Path, final: Path, revision: str | None, cwd: Path) -> str | None:
    """Do a run in a folder that gets its final name later, and describe it in its manifest."""
    start, clock = datetime.now(UTC), time.perf_counter()
    given = dict(run.given)
    if OUTPUT in run.lesson.defaults:
        given[OUTPUT] = str(folder)
    error = notebooks.execute(
        run.lesson,
        folder / f"{run.lesson.name}.ipynb",
        given,
        cwd=str(cwd) if cwd.is_dir() else None,  # a cluster's machine may not have it
    )
    error = error or _keep_metrics(folder)
    manifest = {
        "lesson": run.lesson.name,
        "parameters": run.given,
        "seed": run.seed,
        "error": error,
        "start": start.isoformat(timespec="seconds"),
        "duration": round(time.perf_counter() - clock, 3),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "revision": revision,
        "versions": _versions(run.lesson.kernel),
    }
    _readdress(folder, final)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return error


def _keep_metrics(folder: Path) -> str | None:
    """Put the one ``metrics.json`` that a lesson wrote, wherever, on top of the run's folder."""
    found = sorted(folder.rglob(METRICS))
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        return f"the lesson wrote more than one {METRICS}: {names}; let it write only one"
    if found and found[0].parent != folder:
        shutil.copy2(found[0], folder / METRICS)
    return None


def _readdress(folder: Path, final: Path) -> None:
    """Name the folder in what the lesson wrote as it is called from now on."""
    old, new = (json.dumps(str(path))[1:-1].encode() for path in (folder, final))
    for path in folder.rglob("*"):
        if path.suffix in _WITH_PATHS and old in (content := path.read_bytes()):
            path.write_bytes(content.replace(old, new))


def _revision() -> str | None:
    """The revision of the checkout, if it is one."""
    command = ["git", "-C", str(project_dir()), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def _versions(kernel: str) -> dict[str, str]:
    """The versions of Python and of all packages in a kernel, where it has one."""
    try:
        python = KernelManager(kernel_name=kernel).format_kernel_cmd()[0]
        printed = subprocess.run([python, "-c", _PRINT_VERSIONS], capture_output=True, check=True)
    except (NoSuchKernel, OSError, subprocess.CalledProcessError):
        return {}
    return dict(json.loads(printed.stdout))
