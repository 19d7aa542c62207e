"""The model card, which describes the run and names no path of a machine; and sharing it all."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import RepoUrl

from helpers import model_folder, settings
from helpers.model_folder import TaggerOptions
from helpers.models import ModelError
from helpers.words import Habits

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


@pytest.mark.parametrize(
    ("given", "name"),
    [({}, "offline-04_tensorflow_finetuning"), ({"hub_model_id": "tagger"}, "tagger")],
)
def test_a_push_shares_the_folder_under_the_name_given(
    given: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    class Api:
        def create_repo(self, name: str, **options: Any) -> RepoUrl:
            calls.append({"name": name, **options})
            return RepoUrl(f"https://huggingface.co/someone/{name}")

        def upload_folder(self, **options: Any) -> None:
            calls.append(options)

    monkeypatch.setattr(model_folder, "HfApi", Api)
    folder = Path("04_tensorflow_finetuning/model")
    address = model_folder.push(folder, settings.load("offline", **given))
    assert address == f"https://huggingface.co/someone/{name}"
    assert calls == [
        {"name": name, "exist_ok": True},
        {"repo_id": f"someone/{name}", "folder_path": folder},
    ]


def test_how_a_tagger_uses_a_model_is_kept_in_its_folder(tmp_path: Path) -> None:
    assert model_folder.read_tagger_options(tmp_path) == TaggerOptions()
    options = TaggerOptions(Habits(inside="", abbreviations=("Corp.",)), outside_bias=0.25)
    model_folder.write_tagger_options(tmp_path, options)
    assert model_folder.read_tagger_options(tmp_path) == options


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"habits": {"tempo": 1}, "outside_bias": 0}',
        '{"habits": {}, "outside_bias": "x"}',
    ],
)
def test_another_tagger_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "tagger.json").write_text(content)
    with pytest.raises(
        ModelError, match="tagger.json does not say how .* remove it to use the def"
    ):
        model_folder.read_tagger_options(tmp_path)
