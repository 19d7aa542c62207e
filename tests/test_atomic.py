"""What is written whole or not at all."""

import re
from pathlib import Path

import pytest

from helpers import atomic


class DiedError(Exception):
    """What ends a block before its time."""


def write_half(partial: Path, name: str = "") -> None:
    (partial / name).write_text("half of the new", encoding="utf-8")
    raise DiedError


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end_and_replaces_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "entities.jsonl"
    for content in ("one", "two"):
        with atomic.file(target) as partial:
            assert partial.parent == tmp_path  # on the same disk, so that renaming is one step
            assert re.fullmatch(r"\.entities\..*\.partial\.jsonl", partial.name)
            partial.write_text(content, encoding="utf-8")
        assert target.read_text(encoding="utf-8") == content
        assert names_in(tmp_path) == ["entities.jsonl"]


def test_an_error_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "entities.jsonl"
    target.write_text("older", encoding="utf-8")
    with pytest.raises(DiedError), atomic.file(target) as partial:
        write_half(partial)
    assert target.read_text(encoding="utf-8") == "older"
    assert names_in(tmp_path) == ["entities.jsonl"]


def test_a_folder_appears_at_the_end_and_replaces_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "03" / "model"
    for name in ("one", "two"):
        with atomic.folder(target) as partial:
            assert names_in(partial) == []
            (partial / name).touch()
            assert not (target / name).exists()
        assert names_in(target) == [name]
        assert names_in(target.parent) == ["model"]


def test_an_error_leaves_the_older_folder_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "older").touch()
    with pytest.raises(DiedError), atomic.folder(target) as partial:
        write_half(partial, "new")
    assert names_in(target) == ["older"]
    assert names_in(tmp_path) == ["model"]
