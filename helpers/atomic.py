"""Files and folders that appear complete or not at all.

What is written goes to a hidden neighbour of the target and takes the target's name at the end. So
nobody sees half of it, and a run that dies leaves what was there before.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def file(target: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes ``target`` if the block ends without an error.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "scores.json"
    >>> with file(target) as partial:
    ...     _ = partial.write_text("{}")
    ...     target.exists()
    False
    >>> target.read_text()
    '{}'

    Args:
        target: The file; an older one is replaced. Its folder must exist.
    """
    partial = _beside(target)
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """Give an empty folder, which becomes ``target`` if the block ends without an error.

    Args:
        target: The folder; an older one is replaced, and the folders above it are made.
    """
    partial = _beside(target)
    partial.mkdir(parents=True)
    try:
        yield partial
        if target.exists():
            older = _beside(target)
            os.replace(target, older)
            os.replace(partial, target)
            shutil.rmtree(older)
        else:
            os.replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _beside(target: Path) -> Path:
    """A hidden name in the target's folder, with the target's suffix, that nothing else has."""
    return target.with_name(f".{target.stem}.{uuid4().hex[:12]}.partial{target.suffix}")
