"""The report of a sweep: what it chooses, what it shows, and what it must not show."""

import csv
import json
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from helpers.__main__ import main
from helpers.batch import report
from helpers.batch.sweep import MANIFEST


def sweep(
    folder: Path,
    scores: Sequence[float],
    *,
    failed: Sequence[dict[str, Any]] = (),
    **parameters: Sequence[Any],
) -> Path:
    """Write the folders of runs with these parameters and scores; F1 on test is 100 more."""
    for number, score in enumerate(scores):
        given = {name: values[number] for name, values in parameters.items()}
        run = write_run(folder / f"toy-{number:012x}", given, seconds=number + 1)
        metrics = {
            "validation": {"f1": score, "types": {"person": {"f1": 0.25}}},
            "test": {"f1": 100 + score, "types": {"person": {"f1": 100.25}}},
            "settings": {"epochs": 1},
            "train_seconds": 9,
            "ok": True,
        }
        (run / "metrics.json").write_text(json.dumps(metrics))
        (run / "model").mkdir()
        (run / "model" / "model.safetensors").write_bytes(b"12345678")
        (run / "model" / "config.json").touch()
    for number, given in enumerate(failed):
        write_run(folder / f"toy-f{number:011x}", given, error="In [4]: <boom> | a")
    return folder


def write_run(
    folder: Path, given: dict[str, Any], *, seconds: float = 1.0, error: str | None = None
) -> Path:
    folder.mkdir(parents=True)
    manifest = {
        "lesson": "toy",
        "parameters": given,
        "error": error,
        "duration": seconds,
        "host": "h",
        "start": "2024-01-01T00:00:00+00:00",
        "revision": None,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


class Page:
    """What a page shows."""

    def __init__(self, path: Path) -> None:
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.text = page.get_text()
        self.alts = [str(image["alt"]) for image in page.find_all("img")]
        self.links = [str(link["href"]) for link in page.find_all("a")]
        self.tables = [
            [
                [cell.get_text() for cell in row.find_all(["th", "td"])]
                for row in table.find_all("tr")
            ]
            for table in page.find_all("table")
        ]
        self.loads = [str(tag.get("src", "")) for tag in page.find_all(["img", "script", "link"])]


RATES: dict[str, Any] = {"learning_rate": [1e-4] * 3 + [3e-4] * 3, "seed": [1, 2, 3] * 2}


def test_the_best_mean_on_validation_is_chosen_and_no_other_test_score_is_shown(
    tmp_path: Path,
) -> None:
    """Test F1 is 100 more than on validation, so that any that is shown is found."""
    scores = [0.30, 0.31, 0.35, 0.50, 0.51, 0.55]
    html, table = report.write(sweep(tmp_path, scores, **RATES))
    page = Page(html)
    assert "Chosen by the best mean validation.f1: learning_rate=0.0003." in page.text
    assert "Mean validation.f1: 0.5200 (runs: 3, spread: 0.0265)." in page.text
    assert "Mean test.f1, which chose nothing: 100.5200 (runs: 3, spread: 0.0265)." in page.text
    assert re.findall(r"10\d\.\d+", page.text) == ["100.5200"]
    assert not re.findall(r"10\d\.\d+", table.read_text() + " ".join(page.alts))
    assert "test" not in table.read_text()


def test_the_tables(tmp_path: Path) -> None:
    scores = [0.30, 0.31, 0.35, 0.50, 0.51, 0.55]
    html, table = report.write(sweep(tmp_path, scores, **RATES))
    (head, *settings), (head_of_runs, best, *others) = Page(html).tables
    assert head == [
        "learning_rate", "runs", "mean validation.f1", "spread", "mean seconds", "verdict",
    ]  # fmt: skip
    spread = f"{statistics.stdev(scores[3:]):.4f}"
    assert settings == [
        ["0.0003", "3", "0.5200", spread, "5.0", "chosen"],
        ["0.0001", "3", "0.3200", spread, "2.0", "lower"],
    ]
    assert head_of_runs == ["run", "learning_rate", "seed", "validation.f1", "seconds", "host"]
    assert best == ["000000000005", "0.0003", "3", "0.5500", "6.0", "h"]
    assert [row[3] for row in others] == ["0.5100", "0.5000", "0.3500", "0.3100", "0.3000"]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [f"toy-{number:012x}" for number in range(6)]
    assert [float(row["validation.f1"]) for row in rows] == scores
    assert [row["seed"] for row in rows] == ["1", "2", "3"] * 2
    assert list(rows[0]) == [
        "run", "lesson", "learning_rate", "seed", "seconds", "start", "host", "revision",
        "train_seconds", "validation.f1", "validation.types.person.f1",
    ]  # fmt: skip


def test_the_figure_has_the_seeds_of_every_setting(tmp_path: Path) -> None:
    html, _ = report.write(sweep(tmp_path, [0.3, 0.31, 0.35, 0.5, 0.51, 0.55], **RATES))
    assert Page(html).alts == [
        "validation.f1 by setting. Across: validation.f1; up: setting. "
        "learning_rate=0.0003: mean 0.520, runs 0.500, 0.510, 0.550. "
        "learning_rate=0.0001: mean 0.320, runs 0.300, 0.310, 0.350."
    ]


def test_settings_within_the_spread_of_seeds_are_said_to_be_no_different(tmp_path: Path) -> None:
    html, _ = report.write(sweep(tmp_path, [0.50, 0.55, 0.60, 0.51, 0.57, 0.60], **RATES))
    page = Page(html)
    assert "Chosen by the best mean validation.f1: learning_rate=0.0003." in page.text
    assert "No different within the spread of seeds: learning_rate=0.0001." in page.text
    assert [row[-1] for row in page.tables[0][1:]] == ["chosen", "no different"]


def test_settings_without_repeated_seeds_are_not_compared(tmp_path: Path) -> None:
    html, _ = report.write(sweep(tmp_path, [0.5, 0.1], learning_rate=[1e-4, 3e-4]))
    page = Page(html)
    assert [row[-1] for row in page.tables[0][1:]] == ["chosen", "unknown: one run"]
    assert "One run of a setting proves little: give the grid several seeds." in page.text
    assert "(runs: 1, spread: -)" in page.text


@pytest.mark.parametrize(
    ("scores", "verdicts"),
    [
        ({"a": [0.5, 0.6]}, ["chosen"]),
        ({"a": [0.5, 0.5], "b": [0.5, 0.5]}, ["chosen", "no different"]),  # seeds change nothing
        ({"a": [0.6, 0.6], "b": [0.5, 0.5]}, ["chosen", "lower"]),
        ({"a": [0.6], "b": [0.5, 0.5]}, ["chosen", "unknown: one run"]),
        (
            # p of a against b alone is 0.03, but the best of four is better by chance more often
            {"a": [0.50, 0.54], "b": [0.46, 0.46], "c": [0.43, 0.46], "d": [0.45, 0.48]},
            ["chosen", "no different", "no different", "no different"],
        ),
    ],
)
def test_verdicts(scores: dict[str, list[float]], verdicts: list[str]) -> None:
    assert list(report.verdicts(scores).values()) == verdicts


def test_a_sweep_over_seeds_alone_has_one_setting(tmp_path: Path) -> None:
    html, _ = report.write(sweep(tmp_path, [0.3, 0.5], seed=[1, 2], profile=["smoke"] * 2))
    page = Page(html)
    assert "Chosen" not in page.text
    assert "Mean validation.f1: 0.4000 (runs: 2, spread: 0.1414)." in page.text
    assert "All runs: profile=smoke." in page.text


def test_the_page_stands_alone_and_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>|*x*"
    failed = [{"note": evil, "seed": 9}]
    html, _ = report.write(sweep(tmp_path, [0.1, 0.2], note=["a", evil], failed=failed))
    page = Page(html)
    assert [address.partition(";")[0] for address in page.loads] == ["data:image/svg+xml"]
    assert page.text.count(evil) == 4  # the choice, both tables, the failure
    assert "In [4]: <boom> | a" in page.text
    assert "Sweep of toy: 2 runs, 1 failed" in page.text
    assert page.links == [
        "toy-000000000001/toy.ipynb",
        "toy-000000000000/toy.ipynb",
        "toy-f00000000000/toy.ipynb",
    ]


def test_parameters_of_all_kinds(tmp_path: Path) -> None:
    """Maps and lists are written as JSON, and what a run left to the lesson as a dash."""
    found = report.read(
        sweep(
            tmp_path,
            [0.1, 0.2, 0.4],
            dataset=[{"train": "a.txt"}] * 3,
            layers=[[1], [2, 3], [2, 3]],
            epochs=[None, 3, 3],
        )
    )
    assert found.swept == ["layers", "epochs"]
    assert {name: len(rows) for name, rows in found.settings.items()} == {
        "layers=[2, 3], epochs=3": 2,
        "layers=[1], epochs=-": 1,
    }
    assert found.fixed == 'dataset={"train": "a.txt"}'
    assert report.page(found)


def test_another_score_chooses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, [0.1, 0.2], seed=[1, 2])
    assert main(["report", str(tmp_path), "--score", "validation.types.person.f1"]) == 0
    assert [Path(line) for line in capsys.readouterr().out.splitlines()] == [
        tmp_path / "report.html", tmp_path / "runs.csv",
    ]  # fmt: skip
    text = Page(tmp_path / "report.html").text
    assert "Mean validation.types.person.f1: 0.2500 (runs: 2, spread: 0.0000)." in text
    assert "Mean test.types.person.f1, which chose nothing: 100.2500" in text


def test_a_report_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert main(["report", str(tmp_path), *arguments]) == 2
        return capsys.readouterr().err

    assert f"no complete run (*/manifest.json) in {tmp_path}" in said()
    sweep(tmp_path, [0.1], seed=[1])
    valid = "compare by one of: train_seconds, validation.f1, validation.types.person.f1\n"
    assert f"f2 is no score; {valid}" in said("--score", "f2")
    assert f"test.f1 is of the test split, which must not choose; {valid}" in said(
        "--score", "test.f1"
    )
    (tmp_path / "toy-000000000000" / "metrics.json").unlink()
    assert "wrote no score but those of the test split into metrics.json" in said()
    assert not (tmp_path / "report.html").exists()


def test_only_the_models_of_the_chosen_setting_are_kept(tmp_path: Path) -> None:
    sweep(tmp_path, [0.30, 0.31, 0.35, 0.50, 0.51, 0.55], **RATES)
    names = [f"toy-{number:012x}" for number in (0, 1, 3, 4)]  # the others are another sweep's
    assert report.drop_other_models(tmp_path, names) == 2 * 8
    kept = [path.parts[-3][-1] for path in tmp_path.rglob("*.safetensors")]
    assert sorted(kept) == ["2", "3", "4", "5"]
    assert len(list(tmp_path.rglob("config.json"))) == 6
