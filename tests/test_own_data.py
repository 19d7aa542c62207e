"""The lessons on data sets that are not the course's, with every exercise solved.

``pytest -m slow`` runs them, in minutes: each run starts a kernel, and lessons 3 and 4 train.
"""

import re
from pathlib import Path
from typing import Any

import own_data
import pytest
from lessons import LESSONS, answers_of, noise_in, run, solved, text_of, text_of_output

pytestmark = pytest.mark.slow

# To save time, not every lesson runs on every data set of tests/own_data.py.
SKIPPED: dict[str, set[str]] = {
    "other_types": {"02", "04"},
    "one_type": set(),
    "japanese": {"03", "04"},
}


@pytest.fixture(scope="module", params=own_data.ALL, ids=lambda make: make.__name__)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that is not the course's; lesson 5 finds beside it what lesson 3 trained."""
    folder: Path = request.param(tmp_path_factory.mktemp("own") / request.param.__name__)
    return folder


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05"])
def test_a_lesson_on_data_of_your_own(number: str, own: Path) -> None:
    if number in SKIPPED[own.name]:
        pytest.skip("runs on the data set with the fewest sentences, the hardest")
    folder = own.with_name("runs")
    lesson = solved(LESSONS[number], folder)
    training: dict[str, Any] = {"epochs": 2} if number in {"03", "04"} else {}
    executed = run(lesson, folder, profile="smoke", dataset=str(own), **training)
    answers = answers_of(executed)
    assert [answer for answer in answers if not answer.startswith("Correct.")] == []
    assert not noise_in(executed)
    assert foreign_in(executed) == []
    if number == "05":
        assert str(folder) not in text_of(executed)


def foreign_in(executed: Any) -> list[str]:
    """What cells show that belongs to the course's own data; results labelled as recorded may."""
    foreign = re.compile("WNUT|the sample|creative-work|corporation")
    return [
        found[0]
        for cell in executed.cells
        if cell.cell_type == "code" and "recorded" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if (found := foreign.search(text_of_output(output)))
    ]
