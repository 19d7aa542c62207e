"""The model card, which describes the run and names no path of a machine; and sharing it all."""

from pathlib import Path
from typing import Any

import pytest
from hub import StandInHub

from helpers import model_folder, settings
from helpers.model_folder import TaggerOptions
from helpers.models import ModelError
from helpers.words import WordRules

ROW = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": 4}
REPORT: dict[str, Any] = {"test": {**ROW, "accuracy": 0.9, "surface_f1": 0.3, "types": {"x": ROW}}}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["`sample`; all sentences", "the subword embeddings and the lowest 2 layers."]),
        ({"max_sentences": 9}, ["at most 9 sentences"]),
        ({"freeze_embeddings": False, "frozen_layers": 0}, ["Kept as pretrained: nothing."]),
        ({"dataset": "wnut_17"}, ["`wnut_17`; all", "datasets:\n- wnut_17"]),
        ({"model": "someone/encoder"}, ["base_model: someone/encoder", "`someone/encoder`, fine"]),
    ],
)
def test_the_card_says_what_the_run_used(chosen: dict[str, Any], expected: list[str]) -> None:
    card = model_folder.model_card(settings.load("offline", **chosen), REPORT)
    for text in expected:
        assert text in card.content
    assert "| x | 0.500 | 0.250 | 0.333 | 4 |" in card.content


def test_the_card_names_no_folder_of_the_author(tmp_path: Path) -> None:
    for dataset in (str(tmp_path), {"train": str(tmp_path / "train.conll")}):
        run = settings.load("offline", dataset=dataset, model=str(tmp_path))
        card = model_folder.model_card(run, REPORT)
        assert str(tmp_path) not in card.content
        assert "Files of the author's own; all sentences" in card.content


PUSH = """
from pathlib import Path
from helpers import model_folder, settings
run = settings.load("offline", **{given!r})
push = lambda: model_folder.push(Path({folder!r}), run)
problem = message(push)
report([problem, push() if problem == "no error" else None])
"""
FILES = {"config.json": b"{}", "metrics.json": b"{}", "model.safetensors": b"weights" * 1000}
FILES |= {"README.md": b"---\nlibrary_name: transformers\n---\n# A tagger\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trained model, as far as uploading goes."""
    made = tmp_path / "04_tensorflow_finetuning" / "model"
    made.mkdir(parents=True)
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    return made


def test_a_push_creates_a_repository_with_the_files_and_leaves_no_token(
    folder: Path, tmp_path: Path
) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    with StandInHub() as hub:
        program = PUSH.format(given={}, folder=str(folder))
        name = "someone/offline-04_tensorflow_finetuning"
        found = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert found == ["no error", f"{hub.endpoint}/{name}"]
        assert hub.files(name) == FILES
        assert name not in hub.private

        private = PUSH.format(
            given={"hub_private": True, "hub_model_id": "someone/mine"}, folder=str(folder)
        )
        hub.python(private, home=tmp_path / "home", logged_in=True)
        assert hub.private == {"someone/mine"}
        assert hub.files("someone/mine") == FILES
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and holds(path, hub)]


def holds(path: Path, hub: StandInHub) -> bool:
    return hub.token.encode() in path.read_bytes()


def test_a_push_that_was_cut_off_is_done_by_the_next(folder: Path, tmp_path: Path) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    name = "someone/offline-04_tensorflow_finetuning"
    program = PUSH.format(given={}, folder=str(folder))
    with StandInHub() as hub:
        hub.drop = "/commit/"
        problem, _ = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert problem != "no error"
        assert hub.files(name) == {}  # nothing until all of it is there
        assert [request for request in hub.requests if request.startswith("PUT")]

        hub.drop = None
        hub.requests.clear()
        assert hub.python(program, home=tmp_path / "home", logged_in=True)[0] == "no error"
        assert hub.files(name) == FILES
        assert not [request for request in hub.requests if request.startswith("PUT")]


def test_a_push_that_may_not_be_is_refused(folder: Path, tmp_path: Path) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    given = {"hub_private": True, "hub_model_id": "someone/seen"}
    program = PUSH.format(given=given, folder=str(folder))
    with StandInHub() as hub:
        hub.add("model", "someone/seen", {})
        problem, _ = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert "hub_private=True, but" in problem
        assert "someone/seen already exists and is public; choose another hub_model_id" in problem
        assert hub.files("someone/seen") == {}

        absent = PUSH.format(given={"hub_model_id": "someone/new"}, folder=str(folder))
        problem, _ = hub.python(absent, home=tmp_path / "home")
        assert "401" in problem
        assert ("models", "someone/new") not in hub.commits


def test_how_a_tagger_uses_a_model_is_kept_in_its_folder(tmp_path: Path) -> None:
    assert model_folder.read_tagger_options(tmp_path) == TaggerOptions()
    options = TaggerOptions(WordRules(inside="", abbreviations=("Corp.",)), outside_bias=0.25)
    model_folder.write_tagger_options(tmp_path, options)
    assert model_folder.read_tagger_options(tmp_path) == options


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"word_rules": {"tempo": 1}, "outside_bias": 0}',
        '{"word_rules": {}, "outside_bias": "x"}',
    ],
)
def test_another_tagger_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "tagger.json").write_text(content)
    with pytest.raises(
        ModelError, match="tagger.json does not say how .* remove it to use the def"
    ):
        model_folder.read_tagger_options(tmp_path)
