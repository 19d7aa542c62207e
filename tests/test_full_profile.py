"""The default profile: all lessons on the real WNUT 17 and a DistilBERT, from a stand-in Hub.

The DistilBERT has the weights of MiniLM, so it computes what MiniLM does, as a test of the
benchmarks shows, and can learn. The lessons run on a slice, and take some minutes in all.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from conftest import NAMES, TYPES
from hub import StandInHub
from lessons import LESSONS, run, text_of

from benchmarks.distilbert import save_distilbert
from helpers import data, models, settings

pytestmark = pytest.mark.slow
MODEL = settings.load("full").model
SLICE = {
    "max_sentences": 300,
    "epochs": 5,
    "learning_rate": 3e-4,
    "batch_size": 8,
    "frozen_layers": 2,
}
SHARED = {"push_to_hub": True, "hub_private": True}


class Course(NamedTuple):
    """All lessons, run one after the other.

    Attributes:
        executed: The notebook of each by its number.
        folder: What they wrote.
        hub: What they read and where they shared their models.
    """

    executed: dict[str, Any]
    folder: Path
    hub: StandInHub


def serve_wnut17(hub: StandInHub, source: Path, folder: Path) -> None:
    """Put the three files of WNUT 17 on the hub, as the real one converts them."""
    files = {}
    for split, part in data.load(str(source)).items():
        part.to_parquet(folder / f"{split}.parquet")
        files[f"wnut_17/{split}/0000.parquet"] = (folder / f"{split}.parquet").read_bytes()
    hub.add("dataset", "leondz/wnut_17", files, revision="refs/convert/parquet")
    hub.redirect("dataset", "wnut_17", "leondz/wnut_17")


@pytest.fixture(scope="module")
def course(wnut17_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """The lessons with ``profile="full"``, by someone who is logged in and shares the models."""
    pytest.importorskip("torch", reason="PyTorch is not in lesson 4's environment")
    folder = tmp_path_factory.mktemp("full")
    distilbert = save_distilbert(models.locate("minilm"), folder / "distilbert")
    with StandInHub() as hub:
        serve_wnut17(hub, wnut17_dir, folder)
        files = {path.name: path.read_bytes() for path in distilbert.iterdir()}
        hub.add("model", MODEL, files, commit=models._PINNED[MODEL])
        environment = hub.environment(home=folder / "home", logged_in=True)
        executed = {}
        with mock.patch.dict(os.environ, environment, clear=True):
            for number, lesson in LESSONS.items():
                given: dict[str, Any] = dict(SLICE) if number in ("03", "04") else {}
                given |= SHARED if number in ("03", "04") else {}
                given |= {"max_sentences": SLICE["max_sentences"], "profile": "full"}
                executed[number] = run(lesson, folder / "runs", **given)
        yield Course(executed, folder, hub)


def test_the_lessons_read_wnut_17_and_the_pinned_distilbert_from_the_hub(course: Course) -> None:
    got = {request for request in course.hub.requests if request.startswith("GET /")}
    for split in ("train", "validation", "test"):
        assert any(f"/wnut_17/{split}/0000.parquet" in request for request in got)
    weights = f"GET /{MODEL}/resolve/{models._PINNED[MODEL]}/model.safetensors"
    assert weights in got
    shown = text_of(course.executed["01"])
    assert not [type_ for type_ in TYPES if type_ not in shown]


@pytest.mark.parametrize("lesson", ["03_trainer_finetuning", "04_tensorflow_finetuning"])
def test_a_distilbert_learns_the_tags_of_wnut_17(course: Course, lesson: str) -> None:
    folder = course.folder / "runs" / lesson / "model"
    report = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (report["settings"]["profile"], report["settings"]["dataset"]) == ("full", "wnut_17")
    assert set(report["test"]["types"]) == set(TYPES)
    assert 0.05 < report["test"]["f1"] < 1  # a tagger that has learned nothing finds none
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["DistilBertForTokenClassification"]
    assert list(config["id2label"].values()) == NAMES


def test_lesson_5_tags_with_the_distilbert_of_lesson_3(course: Course) -> None:
    assert "entity_group" in text_of(course.executed["05"])
    assert list((course.folder / "runs").rglob("*.jsonl"))


@pytest.mark.parametrize("lesson", ["03_trainer_finetuning", "04_tensorflow_finetuning"])
def test_the_models_are_on_the_hub_as_private_ones(course: Course, lesson: str) -> None:
    folder = course.folder / "runs" / lesson / "model"
    name = f"someone/full-{lesson}"
    assert name in course.hub.private
    files = [path for path in folder.iterdir() if path.is_file()]  # lesson 5 adds onnx/ later
    assert course.hub.files(name) == {path.name: path.read_bytes() for path in files}


def test_the_token_is_in_no_notebook_log_or_file(course: Course) -> None:
    files = [path for path in course.folder.rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".ipynb"]) == len(LESSONS)
    token = course.hub.token.encode()
    assert not [path for path in files if token in path.read_bytes()]
