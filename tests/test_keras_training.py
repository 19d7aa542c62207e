"""The Keras recipe on a tiny model: it learns, repeats, scores every word and exports.

Most of these tests run in lesson 4's environment. The last ones run in the other lessons'
environment, call that one, and open what it wrote under their own Transformers.
"""

import dataclasses
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import NAMES, WordByWord, tiny_config, tiny_run, wordpiece
from datasets import Dataset, DatasetDict
from transformers import PreTrainedTokenizerBase

from helpers import alignment, data, model_folder, models, windows
from helpers.model_folder import TaggerOptions
from helpers.preparation import prepare
from helpers.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
OTHER_PYTHON = ROOT / ".venv-tensorflow" / "bin" / "python"
SOURCE = os.environ.get("WNUT17_DIR", "sample")  # of real sentences
HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None

if HAS_TENSORFLOW:
    from helpers import keras_training

with_tensorflow = pytest.mark.skipif(
    not HAS_TENSORFLOW, reason="needs TensorFlow: lesson 4's environment, .venv-tensorflow, has it"
)
with_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or not OTHER_PYTHON.is_file(),
    reason="needs the other lessons' environment, and lesson 4's in .venv-tensorflow beside it",
)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small BERT in PyTorch's layout, with its tokenizer."""
    from transformers import TFBertForTokenClassification, set_seed

    folder = tmp_path_factory.mktemp("tiny") / "model"
    folder.mkdir()
    set_seed(0)
    model = TFBertForTokenClassification(tiny_config(wordpiece()))
    model.build_in_name_scope()
    keras_training.export(model, folder)
    wordpiece().save_pretrained(folder)
    return folder


@pytest.fixture
def run(tiny_folder: Path, tmp_path: Path) -> Settings:
    return tiny_run(tiny_folder, tmp_path / "run")


@pytest.fixture
def tokenizer(tiny_folder: Path) -> PreTrainedTokenizerBase:
    return models.load_tokenizer(tiny_folder)


def fine_tuned(run: Settings) -> dict[str, Any]:
    """Take every step of lesson 4."""
    dataset, pretrained, tokenizer, encoded = prepare(run)
    model = keras_training.load_model(pretrained, data.tag_names(dataset), run)
    seconds = keras_training.train(model, tokenizer, dataset, encoded, run)
    options = keras_training.tagger_options(model, tokenizer, dataset, encoded)
    report = {
        name: keras_training.score(model, tokenizer, dataset[name], encoded[name], options)
        for name in ("validation", "test")
    }
    folder = model_folder.of_lesson(run, 4)
    export = partial(keras_training.export, model)
    content = {**report, "seconds": seconds}
    model_folder.write(folder, export, tokenizer, dataset, run, content, options)
    return report


@with_tensorflow
def test_a_run_leaves_a_model_that_opens(
    run: Settings, dataset: DatasetDict, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Takes seconds: it traces and trains a model, and loads the result."""
    from transformers import TFAutoModelForTokenClassification

    untrained = keras_training.load_model(run.model, NAMES, run)
    encoded = alignment.encode(dataset, tokenizer, stride=run.stride)
    before = keras_training.score(
        untrained, tokenizer, dataset["test"], encoded["test"], TaggerOptions()
    )
    report = fine_tuned(run)
    assert before["accuracy"] < report["test"]["accuracy"] <= 1

    folder = model_folder.of_lesson(run, 4)
    stored = model_folder.read_report(folder)
    assert stored["test"] == report["test"]
    assert stored["settings"] == run.to_dict()
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors", ".md"}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]

    model = TFAutoModelForTokenClassification.from_pretrained(folder, use_safetensors=True)
    assert model.config.id2label == dict(enumerate(NAMES))
    assert model.config.architectures == ["BertForTokenClassification"]
    options = model_folder.read_tagger_options(folder)
    again = keras_training.score(model, tokenizer, dataset["test"], encoded["test"], options)
    assert again == report["test"]


@with_tensorflow
def test_the_same_seed_gives_the_same_scores(run: Settings) -> None:
    """Takes seconds: it trains three times."""
    first = fine_tuned(run)
    second = fine_tuned(run)
    assert second["test"] == first["test"]
    assert second["validation"] == first["validation"]
    other = fine_tuned(dataclasses.replace(run, seed=7))
    assert other["test"]["accuracy"] != first["test"]["accuracy"]


@with_tensorflow
def test_only_what_the_settings_say_is_frozen(run: Settings) -> None:
    def trained(**changes: Any) -> set[str]:
        model = keras_training.load_model(run.model, NAMES, dataclasses.replace(run, **changes))
        # the first part of a name counts the models of this process
        return {weights.name.partition("/")[2] for weights in model.trainable_weights}

    everything = trained(freeze_embeddings=False, frozen_layers=0)
    assert everything - trained(freeze_embeddings=True, frozen_layers=0) == {
        name for name in everything if name.startswith("bert/embeddings/")
    }
    assert everything - trained(freeze_embeddings=False, frozen_layers=1) == {
        name for name in everything if "/layer_._0/" in name
    }


@with_tensorflow
def test_what_keras_cannot_do_is_refused(run: Settings) -> None:
    with pytest.raises(ValueError, match="frozen_layers=3, but the model has 2 layers"):
        keras_training.load_model(run.model, NAMES, dataclasses.replace(run, frozen_layers=3))
    with pytest.raises(ValueError, match=r"epochs=2.5: Keras takes whole epochs"):
        keras_training.whole_epochs(dataclasses.replace(run, epochs=2.5))


@with_tensorflow
def test_training_batches_are_drawn_as_trainers_are_and_anew_every_epoch(
    run: Settings, dataset: DatasetDict, tokenizer: PreTrainedTokenizerBase
) -> None:
    encoded = alignment.encode(dataset, tokenizer, stride=run.stride)["train"]
    batches = keras_training.training_batches(tokenizer, encoded, run)
    random = np.random.default_rng(run.seed)
    for _ in range(2):
        drawn = windows.grouped_by_length(encoded["length"], run.batch_size, random)
        assert len(batches) == len(drawn)
        for (inputs, labels), numbers in zip(batches, drawn, strict=True):
            mask = inputs["attention_mask"].numpy() == 1
            pairs = zip(inputs["input_ids"].numpy(), labels.numpy(), mask, strict=True)
            found = [(ids[real].tolist(), of_row[real].tolist()) for ids, of_row, real in pairs]
            rows = [encoded[int(number)] for number in numbers]
            assert found == [(row["input_ids"], row["labels"]) for row in rows]
            assert mask.any(axis=0).all()  # as wide as the longest row


@with_tensorflow
def test_the_learning_rate_rises_and_falls(run: Settings) -> None:
    schedule = keras_training.optimizer(run, 100).learning_rate
    rates = [float(schedule(step)) for step in (0, 5, 10, 55, 100)]
    peak = run.learning_rate
    assert rates == pytest.approx([0, peak / 2, peak, peak / 2, 0])


@with_tensorflow
def test_keras_sees_the_scores_of_every_word_and_keeps_the_best_weights(
    run: Settings,
    dataset: DatasetDict,
    tokenizer: PreTrainedTokenizerBase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Takes seconds: it traces a model."""
    encoded = alignment.encode(dataset, tokenizer, max_length=20, stride=5)["validation"]
    rows = windows.longest_first(encoded)
    model = keras_training.load_model(run.model, NAMES, run)
    batches = keras_training.evaluation_batches(model, tokenizer, rows)
    callback = keras_training.WordScores(dataset["validation"], rows, batches)
    callback.set_model(model)
    logs: dict[str, float] = {}
    callback.on_epoch_end(0, logs)
    monkeypatch.setattr(keras_training, "Decoder", WordByWord)
    expected = keras_training.score(
        model, tokenizer, dataset["validation"], encoded, TaggerOptions()
    )
    for name in ("precision", "recall", "f1", "accuracy"):
        assert logs[name] == pytest.approx(expected[name])

    best = keras_training.best_weights(run)
    best.set_model(model)
    best.on_train_begin()
    classifier = model.classifier.kernel
    for epoch, f1 in enumerate([0.2, 0.5, 0.3]):
        classifier.assign(np.full(classifier.shape, epoch))
        best.on_epoch_end(epoch, {"f1": f1})
    best.on_train_end()
    assert (classifier.numpy() == 1).all()


@with_tensorflow
def test_a_training_shows_one_bar_that_ends_with_the_scores(
    run: Settings,
    dataset: DatasetDict,
    tokenizer: PreTrainedTokenizerBase,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Takes seconds: it traces and trains a model."""
    encoded = alignment.encode(dataset, tokenizer, stride=run.stride)
    model = keras_training.load_model(run.model, NAMES, run)
    capsys.readouterr()
    keras_training.train(model, tokenizer, dataset, encoded, run)
    printed = capsys.readouterr()
    assert printed.out == ""  # Keras's own bars write over themselves with backspaces
    last = printed.err.split("\r")[-1]
    steps = run.epochs * math.ceil(len(encoded["train"]) / run.batch_size)
    assert re.match(
        rf"Training: 100%.* {steps:g}/{steps:g} .*epoch=2, f1=[\d.]+, loss=[\d.]+]", last
    )


@with_tensorflow
@pytest.mark.parametrize(
    "labels", [[*NAMES[5:], *NAMES[:5]], ["I-person", "O", "B-MISC"], ["LABEL_0", "LABEL_1"]]
)
def test_tags_go_on_from_the_labels_of_the_same_name(
    labels: list[str], run: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from transformers import TFBertForTokenClassification

    config = tiny_config(wordpiece())
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: index for index, label in enumerate(labels)}
    old = TFBertForTokenClassification(config)
    old.build_in_name_scope()
    numbers = np.arange(1.0, len(labels) + 1)
    old.classifier.set_weights([np.tile(numbers, (config.hidden_size, 1)), -numbers])
    keras_training.export(old, tmp_path)

    kernel, bias = keras_training.load_model(tmp_path, NAMES, run).classifier.get_weights()
    for index, tag in enumerate(NAMES):
        if tag in labels:
            number = labels.index(tag) + 1
            assert set(kernel[:, index]) == {number}
            assert bias[index] == -number
        else:
            assert 0 < np.abs(kernel[:, index]).max() < 0.2
            assert bias[index] == 0
    [notice] = [record.message for record in caplog.records if record.name == "helpers.models"]
    assert notice.startswith("the model was fine-tuned before; tags that ")


@with_tensorflow
def test_a_model_that_keras_cannot_train_is_refused(run: Settings, tmp_path: Path) -> None:
    from transformers import FunnelConfig

    FunnelConfig().save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="'funnel', which Keras cannot train; choose an"):
        keras_training.load_model(tmp_path, NAMES, run)


@with_tensorflow
def test_every_word_gets_a_tag_however_long_its_sentence(
    run: Settings, dataset: DatasetDict, tokenizer: PreTrainedTokenizerBase
) -> None:
    words = [["the"] * 150, ["san", "\ufe0f", "."]]
    split = Dataset.from_dict(
        {"tokens": words, "ner_tags": [[0] * len(sentence) for sentence in words]},
        features=dataset["test"].remove_columns("id").features,
    )
    encoded = alignment.encode(split, tokenizer, stride=run.stride)
    model = keras_training.load_model(run.model, NAMES, run)
    tags = keras_training.tag_words(model, tokenizer, split, encoded, TaggerOptions())
    assert [len(sentence) for sentence in tags] == [150, 3]
    assert len(set(tags[0])) > 1  # the model has an opinion in every window
    behind = tags[1][2]  # an entity goes on over a word that no model sees
    assert tags[1][1] == (behind if behind.startswith("I-") else "O")


RIGHT_KERNEL = 'choose the kernel "Python 3 (TensorFlow)", which `make lessons` sets up'


@pytest.mark.parametrize(
    ("program", "found", "advice"),
    [
        ("sys.modules['tensorflow'] = None", "and no tensorflow", RIGHT_KERNEL),
        (
            "import transformers; transformers.__version__ = '4.55.0'",
            "Transformers 4.55.0",
            RIGHT_KERNEL,
        ),
        (
            "sys.modules['tensorflow'] = None; sys.modules['google.colab'] = sys",
            "and no tensorflow",
            "run the first cell of the lesson, choose Restart session",
        ),
    ],
)
def test_the_kernel_error_is_shown_as_one_sentence(program: str, found: str, advice: str) -> None:
    """The wrong kernel is made in either environment; Colab has no other to choose."""
    program = f"""
import sys
{program}
from IPython.core.interactiveshell import InteractiveShell
from helpers.errors import show_messages_alone
shell = InteractiveShell.instance()
show_messages_alone()
shell.run_cell("from helpers import keras_training")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "Traceback" not in done.stdout
    shown = done.stdout.strip().splitlines()[-1]
    assert "lesson 4 needs TensorFlow 2.21 and Transformers 4.54.1" in shown
    assert found in shown
    assert advice in shown


# What lesson 4's environment does for the tests below: models of several architectures with random
# weights, and MiniLM with a random classifier, exported, with their logits and tags.
EXPORT = """
import json, sys
from pathlib import Path
import numpy as np
from helpers import keras_training
from helpers import alignment, data, model_folder, models, settings
import tensorflow as tf
import transformers

transformers.logging.set_verbosity_error()
folder, source = Path(sys.argv[1]), sys.argv[2]
request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
minilm = models.locate("minilm")
tokenizer = models.load_tokenizer(minilm)
split = data.load(source, max_sentences=100)["test"]
names = split.features["ner_tags"].feature.names
inputs = tokenizer(
    list(split["tokens"]), is_split_into_words=True, padding=True, truncation=True, max_length=64,
    return_tensors="tf", return_token_type_ids=False,
)

def export(name, model):
    (folder / name).mkdir()
    keras_training.export(model, folder / name)
    tokenizer.save_pretrained(folder / name)
    np.save(folder / name / "logits.npy", model(**inputs).logits.numpy())

for name, options in request.items():
    tf.random.set_seed(0)
    config = transformers.AutoConfig.for_model(name, vocab_size=len(tokenizer), **options)
    model = transformers.TFAutoModelForTokenClassification.from_config(config)
    model.build_in_name_scope()
    for weights in model.weights:  # so that no weight can stand for another
        weights.assign_add(tf.random.normal(weights.shape, stddev=0.05))
    export(name, model)

model = keras_training.load_model(minilm, names, settings.load("offline"))
model.classifier.kernel.assign(tf.random.normal(model.classifier.kernel.shape))
export("minilm", model)
encoded = alignment.encode(split, tokenizer, stride=32)
options = model_folder.TaggerOptions()
tags = keras_training.tag_words(model, tokenizer, split, encoded, options)
(folder / "minilm" / "tags.json").write_text(json.dumps(tags), encoding="utf-8")
assert "torch" not in sys.modules
"""
_TINY = {"num_attention_heads": 2, "hidden_size": 32, "num_hidden_layers": 2}
_TINY |= {"intermediate_size": 48, "max_position_embeddings": 70}
ARCHITECTURES: dict[str, dict[str, int]] = {
    "bert": _TINY,
    "roberta": _TINY,
    "electra": {**_TINY, "embedding_size": 24},
    "distilbert": {"n_heads": 2, "dim": 32, "n_layers": 2, "hidden_dim": 48},
    "deberta-v2": _TINY,
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that lesson 4's environment exported."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "request.json").write_text(json.dumps(ARCHITECTURES), encoding="utf-8")
    done = subprocess.run(
        [OTHER_PYTHON, "-c", EXPORT, str(folder), SOURCE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return folder


@with_torch
@pytest.mark.parametrize("name", [*ARCHITECTURES, "minilm"])
def test_an_export_has_the_logits_of_the_original(exported: Path, name: str) -> None:
    """The first takes half a minute: lesson 4's environment starts and makes the models."""
    import torch
    from transformers import AutoModelForTokenClassification

    folder = exported / name
    model, report = AutoModelForTokenClassification.from_pretrained(
        folder, output_loading_info=True, use_safetensors=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    tokenizer = models.load_tokenizer(folder)
    sentences = list(data.load(SOURCE, max_sentences=100)["test"]["tokens"])
    inputs = tokenizer(
        sentences,
        is_split_into_words=True,
        padding=True,
        truncation=True,
        max_length=64,
        return_tensors="pt",
        return_token_type_ids=False,
    )
    with torch.no_grad():
        logits = model.eval()(**inputs).logits.numpy()
    original = np.load(folder / "logits.npy")
    real = inputs["attention_mask"].numpy() == 1
    assert len(set(original[real].argmax(-1))) > 1
    np.testing.assert_allclose(logits[real], original[real], atol=1e-4)
    assert (logits[real].argmax(-1) == original[real].argmax(-1)).all()


@with_torch
def test_an_export_is_a_tagger_with_the_tags_of_the_original(exported: Path) -> None:
    from helpers.inference import load_tagger

    split = data.load(SOURCE, max_sentences=100)["test"]
    tagger = load_tagger(exported / "minilm", device="cpu", precision="fp32")
    tags = json.loads((exported / "minilm" / "tags.json").read_text(encoding="utf-8"))
    assert len({tag for words in tags for tag in words}) > 5
    assert tagger.tag_words(split["tokens"]) == tags
