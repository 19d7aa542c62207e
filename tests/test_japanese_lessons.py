"""The lessons of the Japanese edition, run for real: what they show is Japanese.

Each starts a kernel, and two train a model on a slice of the sample, so each takes seconds. These
two run as they stand, because their solutions train again; the others are solved.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lessons import JAPANESE, answers_of, english_in, noise_in, run, solved

from helpers import data

# What libraries print: progress, Keras' summary of a model.
OF_LIBRARIES = re.compile(r"\d+%\||params: ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all lessons write, so that lesson 5 finds the model of lesson 3."""
    return tmp_path_factory.mktemp("japanese")


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The words of the sample, of which examples are, and of the names of its tags."""
    corpus = data.load("sample")
    tokens = [word for part in corpus.values() for words in part["tokens"] for word in words]
    return set(re.findall(r"[a-z']+", " ".join([*tokens, *data.tag_names(corpus)]).lower()))


def sentences_of(executed: Any) -> Iterator[tuple[str, str]]:
    """What a learner reads below each cell, without tables and marked text, which are data."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            html = shown.get("text/html", "")
            if output.get("name") == "stderr" or "<table" in html or "<mark" in html:
                continue
            text = shown.get("text/markdown") or shown.get("text/plain") or output.get("text", "")
            for line in text.splitlines():
                if not OF_LIBRARIES.search(line):
                    yield cell.id, line


@pytest.mark.parametrize("number", JAPANESE)
def test_a_japanese_lesson_shows_japanese(number: str, folder: Path, known: set[str]) -> None:
    trains = number in ("03", "04")
    lesson = JAPANESE[number] if trains else solved(JAPANESE[number], folder)
    given: dict[str, Any] = {"epochs": 1} if trains else {}
    executed = run(lesson, folder, profile="smoke", max_sentences=40, **given)
    answers = answers_of(executed)
    assert len(answers) >= 3
    expected = "まだ答えがありません。" if trains else "正解です。"
    assert all(answer.startswith(expected) for answer in answers), answers
    assert not noise_in(executed)
    assert [(id_, line) for id_, line in sentences_of(executed) if english_in(line, known)] == []
    n_japanese = sum(bool(re.search("[ぁ-ん]", line)) for _, line in sentences_of(executed))
    assert n_japanese > len(answers)
