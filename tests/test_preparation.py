"""The settings of a run to its data."""

from pathlib import Path

import pytest

from helpers import data, preparation, settings


def test_the_data_of_a_run_are_those_of_its_settings() -> None:
    run = settings.load("smoke", max_sentences=12, seed=3)
    loaded = preparation.load_data(run)
    expected = data.load("sample", max_sentences=12, seed=3)
    assert {name: split.to_list() for name, split in loaded.items()} == {
        name: split.to_list() for name, split in expected.items()
    }


def test_a_fault_in_the_data_is_said_in_the_parameters_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_bytes("Köln\tB-place\nliegt\tO\n".encode("cp1252") * 9)
    with pytest.raises(ValueError, match="encoding='cp1252'"):
        data.load(tmp_path)
    run = settings.load("smoke", dataset=str(tmp_path))
    with pytest.raises(ValueError, match="dataset_options={'encoding': 'cp1252'}"):
        preparation.load_data(run)
