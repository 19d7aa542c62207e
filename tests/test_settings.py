"""Settings: profiles, overrides, and what is refused."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from helpers import settings

PROFILES = ["full", "offline", "smoke"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_loads(profile: str) -> None:
    run = settings.load(profile)
    assert run.profile == profile
    assert run.run_dir == settings.project_dir() / "runs" / profile


def test_the_profiles_use_what_the_readme_says() -> None:
    assert settings.load().dataset == "wnut_17"
    assert "/" in settings.load("full").model  # on the Hub
    for offline in ("offline", "smoke"):
        run = settings.load(offline)
        assert (run.dataset, run.model) == ("sample", "minilm")
    assert settings.load("smoke").max_sentences is not None


def test_none_leaves_the_profiles_choice_and_a_value_replaces_it() -> None:
    assert settings.load("smoke", max_sentences=None, epochs=None) == settings.load("smoke")
    run = settings.load("offline", epochs=2, dataset={"train": "a.conll"}, output_dir="elsewhere")
    assert (run.epochs, run.dataset) == (2, {"train": "a.conll"})
    assert run.run_dir == settings.project_dir() / "elsewhere"
    assert settings.load("offline", output_dir="/somewhere").run_dir == Path("/somewhere")


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("sample", "smoke"),
        ("mydata/de", "smoke-mydata-de"),
        ("../mydata/de/", "smoke-mydata-de"),
        ("/home/ana/Daten für NER", "smoke-home-ana-Daten-für-NER"),
        ({"train": "a/b.conll", "test": "c.conll"}, "smoke-a-b-conll-c-conll"),
    ],
)
def test_other_data_have_a_folder_of_their_own(dataset: Any, name: str) -> None:
    run = settings.load("smoke", dataset=dataset)
    assert run.run_dir == settings.project_dir() / "runs" / name
    given = settings.load("smoke", dataset=dataset, output_dir="elsewhere")
    assert given.run_dir == settings.project_dir() / "elsewhere"


def test_settings_are_frozen_and_become_a_plain_dictionary() -> None:
    run = settings.load("smoke")
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.epochs = 1  # type: ignore[misc]
    assert run.to_dict()["profile"] == "smoke"
    assert list(run.to_dict()) == [field.name for field in dataclasses.fields(run)]


@pytest.mark.parametrize(
    ("profile", "overrides", "message"),
    [
        ("fulll", {}, "unknown profile 'fulll'; valid profiles: full, offline, smoke"),
        ("smoke", {"epohcs": 3}, "unknown setting 'epohcs'; valid settings: dataset, .*epochs"),
        ("smoke", {"epochs": "3"}, "epochs: Input should be a valid number; found '3'"),
        ("smoke", {"epochs": 0}, "epochs: Input should be greater than 0; found 0"),
        ("smoke", {"seed": True}, "seed: Input should be a valid integer; found True"),
        ("smoke", {"batch_size": 2.5}, "batch_size: Input should be a valid integer; found 2.5"),
        ("smoke", {"learning_rate": 2}, "learning_rate: Input should be less than 1; found 2"),
        ("smoke", {"warmup_ratio": 1.0}, "warmup_ratio: Input should be less than 1"),
        ("smoke", {"max_sentences": 0}, "max_sentences: .* greater than or equal to 1; found 0"),
        ("smoke", {"max_length": 3}, "max_length: .* greater than or equal to 8; found 3"),
        ("smoke", {"stride": -1}, "stride: .* greater than or equal to 0; found -1"),
        ("smoke", {"dataset": 3}, "dataset: Input should be a valid .*; found 3"),
        (
            "smoke",
            {"dataset_options": {"column": ["token", "tag"]}},
            "dataset_options: column: no such option; valid options: columns, tag_names, encoding",
        ),
        ("smoke", {"dataset_options": {"columns": "token"}}, "dataset_options: columns: .*; found"),
        (
            "smoke",
            {"dataset_options": {"overlaps": "all"}},
            "overlaps: Input should be 'refuse' or",
        ),
        ("smoke", {"dataset_options": "latin-1"}, "dataset_options: Input should be a valid dict"),
    ],
)
def test_what_is_unknown_or_of_the_wrong_type_is_refused(
    profile: str, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        settings.load(profile, **overrides)


OPTIONS = {
    "columns": ["token", "tag"],
    "tag_names": ["O", "B-x"],
    "encoding": "latin-1",
    "overlaps": "outermost",
}


def test_options_of_the_data_are_a_mapping() -> None:
    run = settings.load("smoke", dataset_options=OPTIONS)
    assert run.dataset_options == settings.dataset_options(OPTIONS) == OPTIONS
    assert settings.load("smoke").dataset_options == settings.dataset_options({}) == {}
    assert run.to_dict()["dataset_options"] == OPTIONS


PARAMETERS = 'profile = "smoke"\nepochs = None\nmodel_dir = None'


@pytest.mark.parametrize(
    "cells",
    [
        None,  # a plain script
        ["", "import sys", PARAMETERS],
        ["", PARAMETERS, "# Parameters\nepochs = 2\n"],
        ["", "b: int = 1", PARAMETERS, "# Parameters\nepochs = 2\nb = 2\n", "later = 1"],
        ["", "if (", PARAMETERS, "# Parameters\nepochs = 2\n"],  # a cell that did not run
        ["", PARAMETERS, "# Parameters\nz = 2\n", PARAMETERS, "# Parameters\nepochs = 2\n"],
    ],
)
def test_a_notebook_gives_the_settings_of_its_parameters(cells: list[str] | None) -> None:
    namespace = {"profile": "smoke", "epochs": 2, "model_dir": "a", "seed": None, "words": ["a"]}
    given = namespace if cells is None else {**namespace, "In": cells}
    assert settings.from_notebook(given) == settings.load("smoke", epochs=2)


def test_a_notebook_refuses_an_injected_name_that_it_does_not_have() -> None:
    cells = ["", "import sys", PARAMETERS, "# Parameters\nepohcs = 3\n", "now = 1"]
    message = r"unknown parameter 'epohcs'; valid parameters: profile, epochs, model_dir$"
    with pytest.raises(ValueError, match=message):
        settings.from_notebook({"In": cells, "profile": "smoke"})
