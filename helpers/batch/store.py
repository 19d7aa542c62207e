"""A folder of runs, on a disk or behind any URL that fsspec knows.

A run is worked on in a hidden place and appears under its name when it is complete: on a disk by
renaming its folder, elsewhere by uploading the marker file last.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

MANIFEST = "manifest.json"
FAILURE = "failure.json"
METRICS = "metrics.json"
_FAILED = "failed"


class Store:
    """A folder of runs.

    Args:
        location: A folder, or a URL such as ``s3://bucket/folder``; a relative folder lies in
            the current one.

    Attributes:
        location: The URL, or the folder as an absolute path.
    """

    def __init__(self, location: str) -> None:
        self._fs, self._root = url_to_fs(location)
        self._local = Path(self._root) if isinstance(self._fs, LocalFileSystem) else None
        self.location = location if self._local is None else self._root

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Wait until nobody else works on a run; freed when the process ends in any way.

        An object store has no locks: there, two sweeps may do a run twice, and the last to end
        is kept.
        """
        if self._local is None:
            return nullcontext()
        folder = self._local / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")

    def is_complete(self, name: str) -> bool:
        """Whether the run is there, complete."""
        self._fs.invalidate_cache()
        return bool(self._fs.exists(self._path(name, MANIFEST)))

    def has_failed(self, name: str) -> bool:
        """Whether an attempt at the run failed and left something to look at."""
        return bool(self._fs.exists(self._path(_FAILED, name, FAILURE)))

    def scratch(self, name: str) -> Path:
        """Make an empty folder to work on a run in; what killed attempts left is removed.

        Hold the run's lock when you call it.
        """
        if self._local is None:
            return Path(tempfile.mkdtemp(prefix=f"{name}-"))
        partial = self._local / ".partial"
        for left in partial.glob(f"{name}-*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: the kernel of a killed attempt can write to the old one for a moment.
        folder = partial / f"{name}-{uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        return folder

    def complete(self, name: str, scratch: Path, manifest: dict[str, Any]) -> None:
        """Let a run appear under its name."""
        self._publish(scratch, name, MANIFEST, manifest)
        failed = self._path(_FAILED, name)
        if self._fs.exists(failed):
            self._fs.rm(failed, recursive=True)

    def fail(self, name: str, scratch: Path, failure: dict[str, Any]) -> None:
        """Keep what a failed run left, instead of what an earlier attempt left."""
        self._publish(scratch, f"{_FAILED}/{name}", FAILURE, failure)

    def where(self, name: str, *, failed: bool = False) -> str:
        """The address of a run's folder."""
        return "/".join([self.location.rstrip("/"), *([_FAILED] if failed else []), name])

    def records(self, marker: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Read all complete runs (`MANIFEST`) or failed ones (`FAILURE`).

        Yields:
            A run's name, its record, and its metrics, empty if the lesson wrote no metrics.
        """
        self._fs.invalidate_cache()
        above = [_FAILED] if marker == FAILURE else []
        for path in sorted(self._fs.glob(self._path(*above, "*", marker))):
            folder = path.rpartition("/")[0]
            metrics = f"{folder}/{METRICS}"
            yield (
                folder.rpartition("/")[2],
                json.loads(self._fs.cat_file(path)),
                json.loads(self._fs.cat_file(metrics)) if self._fs.exists(metrics) else {},
            )

    def write(self, name: str, content: str) -> str:
        """Write a file beside the runs, at once, and return its address."""
        if self._local is None:
            self._fs.pipe_file(self._path(name), content.encode())
        else:
            _write(self._local / name, content.encode())
        return self.where(name)

    def _path(self, *parts: str) -> str:
        return "/".join([self._root.rstrip("/"), *parts])

    def _publish(self, scratch: Path, name: str, marker: str, record: dict[str, Any]) -> None:
        content = (json.dumps(record, indent=2) + "\n").encode()
        if self._local is None:
            self._fs.put(f"{scratch}/", f"{self._path(name)}/", recursive=True)
            self._fs.pipe_file(self._path(name, marker), content)
            shutil.rmtree(scratch)
            return
        (scratch / marker).write_bytes(content)
        final = self._local / name
        final.parent.mkdir(exist_ok=True)
        if final.exists():  # an earlier failure, or a copy of a run that was broken off
            shutil.rmtree(final)
        os.replace(scratch, final)


def _write(target: Path, content: bytes) -> None:
    """Write a file that appears complete or not at all."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    os.replace(partial, target)
