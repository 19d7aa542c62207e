"""The fine-tuning recipe with Keras, step by step: a model, its batches, its scores, its export.

Lesson 4 takes these steps and explains them. They need the environment of lesson 4: TensorFlow,
and the last release of Transformers that works with it.
"""

import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from packaging.version import Version
from safetensors.numpy import save_file
from scipy.special import log_softmax
from tqdm.auto import tqdm

_ADVICE = (
    'choose the kernel "Python 3 (TensorFlow)", which `make lessons` sets up, or install the '
    "course with the extra [tensorflow] in an environment of its own"
)
_ADVICE_IN_COLAB = (
    "run the first cell of the lesson, choose Restart session in the menu Runtime, and run the "
    "lesson from the top"
)


class KernelError(RuntimeError):
    """The kernel belongs to the other lessons and has no TensorFlow that works."""


_missing = [name for name in ("tensorflow", "tf_keras") if find_spec(name) is None]
# 4.55 and later load no PyTorch weights into TensorFlow: 'builtins.safe_open' is not iterable
if _missing or Version(transformers.__version__) >= Version("4.55"):
    _found = [f"Transformers {transformers.__version__}", *(f"no {name}" for name in _missing)]
    raise KernelError(
        "lesson 4 needs TensorFlow 2.21 and Transformers 4.54.1, and this kernel has "
        f"{' and '.join(_found)}; {_ADVICE_IN_COLAB if 'google.colab' in sys.modules else _ADVICE}"
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its libraries log fatal errors only

import tensorflow as tf  # noqa: E402
import tf_keras as keras  # noqa: E402
from transformers import (  # noqa: E402
    DataCollatorForTokenClassification,
    EvalPrediction,
    PreTrainedTokenizerBase,
    TFAutoModelForTokenClassification,
    TFPreTrainedModel,
    create_optimizer,
    set_seed,
)
from transformers.keras_callbacks import KerasMetricCallback  # noqa: E402
from transformers.modeling_tf_pytorch_utils import (  # noqa: E402
    apply_transpose,
    convert_tf_weight_name_to_pt_weight_name,
)

from helpers import data, metrics, model_folder, models, windows  # noqa: E402
from helpers.decoding import Decoder  # noqa: E402
from helpers.model_folder import TaggerOptions  # noqa: E402
from helpers.settings import Settings  # noqa: E402

# TensorFlow finds no gradient of the one, and the other wants places on a page.
_NOT_TRAINABLE = {"funnel", "layoutlmv3"}


def embeddings(model: TFPreTrainedModel) -> keras.layers.Layer:
    """Find a model's embeddings: all of them, or the subwords' if they are kept apart."""
    named = getattr(getattr(model, model.base_model_prefix), "embeddings", None)
    return named or model.get_input_embeddings()


def encoder_layers(model: TFPreTrainedModel) -> Sequence[keras.layers.Layer]:
    """Find the stack of layers above a model's embeddings, in any architecture.

    It is empty if there is no such stack, see `helpers.training.encoder_layers`.
    """
    for part in getattr(model, model.base_model_prefix).submodules:
        found = [
            value
            for value in vars(part).values()
            if isinstance(value, Sequence)
            and len(value) == model.config.num_hidden_layers
            and isinstance(value[0], keras.layers.Layer)
            and len({type(item) for item in value}) == 1
        ]
        if found:
            return found[0] if len(found) == 1 else []
    return []


def match_labels(model: TFPreTrainedModel, folder: str | Path) -> None:
    """Let the tags of a fine-tuned model continue from its labels of the same name.

    It works like `helpers.training.match_labels`.
    """
    names = [label for _, label in sorted(model.config.id2label.items())]
    stored = models.stored_rows(folder, "classifier", "np", names)
    if not stored:
        return
    layer = model.classifier
    kernel = layer.kernel_initializer(layer.kernel.shape).numpy()
    bias = np.zeros(len(names))
    for index, tag in enumerate(names):
        if tag in stored:
            kernel[:, index], bias[index] = stored[tag]
    layer.set_weights([kernel, bias])


def load_model(folder: str | Path, names: Sequence[str], settings: Settings) -> TFPreTrainedModel:
    """Turn a pretrained model into one with a new layer that scores every tag.

    The subword embeddings, and the lowest ``settings.frozen_layers`` layers above them, stay as
    they were pretrained if the settings say so. Arguments are those of
    `helpers.training.load_model`.

    Raises:
        ModelError: The model cannot be opened or trained, or has fewer layers than
            ``frozen_layers``.
    """
    kind = models.read_config(folder).model_type
    if kind in _NOT_TRAINABLE:
        raise models.ModelError(
            f"{folder} is a model of the type {kind!r}, which Keras cannot train; choose another, "
            "or train it in lesson 3"
        )
    set_seed(settings.seed)
    model = models.load_for_tags(TFAutoModelForTokenClassification, folder, names)
    match_labels(model, folder)
    if settings.freeze_embeddings:
        embeddings(model).trainable = False
    for layer in models.lowest_layers(encoder_layers(model), settings.frozen_layers):
        layer.trainable = False
    return model


def training_batches(
    tokenizer: PreTrainedTokenizerBase, encoded: Dataset, settings: Settings
) -> tf.data.Dataset:
    """Turn a split into padded batches of rows of similar length, drawn again for every epoch.

    They are drawn as Trainer does with ``group_by_length``, see
    `helpers.windows.grouped_by_length`. The settings give the size of a batch and the seed.
    """
    collate = DataCollatorForTokenClassification(tokenizer, return_tensors="np")
    names = [name for name in tokenizer.model_input_names if name in encoded.column_names]
    rows = encoded.select_columns([*names, "labels"]).to_list()
    random = np.random.default_rng(settings.seed)

    def an_epoch() -> Iterator[tuple[dict[str, Any], Any]]:
        for numbers in windows.grouped_by_length(encoded["length"], settings.batch_size, random):
            batch = collate([rows[number] for number in numbers])
            yield {name: batch[name] for name in names}, batch["labels"]

    spec = tf.TensorSpec((None, None), tf.int64)
    batches = tf.data.Dataset.from_generator(
        an_epoch, output_signature=(dict.fromkeys(names, spec), spec)
    )
    count = math.ceil(len(rows) / settings.batch_size)
    return batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(1)


def evaluation_batches(
    model: TFPreTrainedModel, tokenizer: PreTrainedTokenizerBase, encoded: Dataset
) -> tf.data.Dataset:
    """Turn a split into padded batches in the order in which its rows are stored."""
    batches = model.prepare_tf_dataset(
        encoded,
        shuffle=False,
        batch_size=64,
        collate_fn=DataCollatorForTokenClassification(tokenizer, return_tensors="tf"),
    )
    return batches.cache()


def optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    """Turn settings into AdamW with warm-up and linear decay over ``steps`` steps in all."""
    adam, _ = create_optimizer(
        init_lr=settings.learning_rate,
        num_train_steps=steps,
        num_warmup_steps=math.ceil(settings.warmup_ratio * steps),
        weight_decay_rate=settings.weight_decay,
        adam_global_clipnorm=1.0,
    )
    return adam


def whole_epochs(settings: Settings) -> int:
    """The number of epochs, which Keras counts in whole ones.

    Raises:
        ValueError: It is not whole.
    """
    if settings.epochs != int(settings.epochs):
        raise ValueError(f"epochs={settings.epochs}: Keras takes whole epochs; give a whole number")
    return int(settings.epochs)


class WordScores(KerasMetricCallback):
    """Scores over every word of a split after each epoch, among Keras's own logs.

    `KerasMetricCallback` keeps what the model predicts for the whole split; here that is one id
    for each subword instead of a float for each tag.
    """

    def __init__(self, split: Dataset, encoded: Dataset, batches: tf.data.Dataset) -> None:
        """Set up the scores of a split.

        ``encoded`` is the split as `helpers.alignment.encode` returns it, in any order of rows, and
        ``batches`` holds these rows in that order.
        """
        names = split.features["ner_tags"].feature.names
        score_words = metrics.compute_metrics(encoded, data.tags(split), names)
        super().__init__(lambda pair: score_words(EvalPrediction(*pair)), batches)

    def set_model(self, model: TFPreTrainedModel) -> None:
        """Take the model from Keras, which calls this before training."""
        super().set_model(_Ids(model))


class _Ids:
    """A model as `KerasMetricCallback` asks it, answering with ids."""

    def __init__(self, model: TFPreTrainedModel) -> None:
        self._model = model

    def predict_on_batch(self, batch: Any) -> NDArray[np.int64]:
        ids: NDArray[np.int64] = metrics.predicted_ids(self._model.predict_on_batch(batch).logits)
        return ids


class Progress(keras.callbacks.Callback):
    """One bar for a whole training, which a page made of a notebook can show too.

    `tqdm.keras.TqdmCallback` does the same, but takes its base class from Keras 3.
    """

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Show the bar."""
        steps = self.params["epochs"] * self.params["steps"]
        self._bar = tqdm(total=steps, desc="Training", unit="step")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Count a step."""
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Show the loss and the F1 of the epoch."""
        scores = {name: score for name, score in (logs or {}).items() if name in ("loss", "f1")}
        self._bar.set_postfix(epoch=epoch + 1, **scores)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def best_weights(settings: Settings) -> keras.callbacks.Callback:
    """A callback that ends a training with the weights of the epoch with the highest F1."""
    return keras.callbacks.EarlyStopping(
        monitor="f1", mode="max", patience=whole_epochs(settings), restore_best_weights=True
    )


def log_probabilities(
    model: TFPreTrainedModel, tokenizer: PreTrainedTokenizerBase, split: Dataset, encoded: Dataset
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Turn the sentences of a split into the log-probability of each label for every word.

    It returns what `helpers.inference.Tagger.log_probabilities` does. Here and below, ``encoded``
    is what `helpers.alignment.encode` makes of the words.
    """
    rows = windows.longest_first(encoded)
    scores = (
        row
        for batch, _ in evaluation_batches(model, tokenizer, rows)
        for row in log_softmax(model.predict_on_batch(batch).logits, axis=-1)
    )
    return windows.gather_words(scores, rows, [len(words) for words in split["tokens"]])


def tagger_options(
    model: TFPreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    dataset: DatasetDict,
    encoded: DatasetDict,
) -> TaggerOptions:
    """Find out how a tagger best uses a model that was trained on this data set.

    See `helpers.model_folder.choose_options`.
    """
    validation = dataset["validation"], encoded["validation"]
    return model_folder.choose_options(dataset, *log_probabilities(model, tokenizer, *validation))


def tag_words(
    model: TFPreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    split: Dataset,
    encoded: Dataset,
    options: TaggerOptions,
) -> list[list[str]]:
    """Turn the sentences of a split into exactly one tag for every word.

    The tags are the most probable ones that form entities, as in `helpers.inference`.
    """
    scores, read = log_probabilities(model, tokenizer, split, encoded)
    names = split.features["ner_tags"].feature.names
    decoder = Decoder(names, outside_bias=options.outside_bias)
    return decoder(scores, read, [len(words) for words in split["tokens"]])


def score(
    model: TFPreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    split: Dataset,
    encoded: Dataset,
    options: TaggerOptions,
) -> dict[str, Any]:
    """Turn a model and a split into its scores over every word of the split.

    They are those of `helpers.model_folder.scores`.
    """
    return model_folder.scores(split, tag_words(model, tokenizer, split, encoded, options))


def export(model: TFPreTrainedModel, folder: str | Path) -> None:
    """Write a TensorFlow model as PyTorch's weights and configuration, without PyTorch.

    TensorFlow names the same weights differently and keeps the matrices of dense layers
    transposed; Transformers knows both, and uses it in the other direction when it loads
    PyTorch's weights into TensorFlow. An existing folder takes ``model.safetensors`` and
    ``config.json``.
    """
    rename = getattr(model, "tf_to_pt_weight_rename", lambda name: (name,))
    weights = {}
    for variable in model.weights:
        name, transpose = convert_tf_weight_name_to_pt_weight_name(
            variable.name, tf_weight_shape=variable.shape
        )
        array = apply_transpose(transpose, variable.numpy(), pt_to_tf=False)
        weights[rename(name)[0]] = np.ascontiguousarray(array)
    save_file(weights, Path(folder) / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__.removeprefix("TF")]
    model.config.save_pretrained(folder)


def train(
    model: TFPreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    dataset: DatasetDict,
    encoded: DatasetDict,
    settings: Settings,
) -> float:
    """Train by the recipe; the model ends with the weights of its best epoch on validation.

    Returns:
        Seconds that the training took, with its evaluations.
    """
    start = time.perf_counter()
    train_batches = training_batches(tokenizer, encoded["train"], settings)
    validation = windows.longest_first(encoded["validation"])
    validation_batches = evaluation_batches(model, tokenizer, validation)
    epochs = whole_epochs(settings)
    model.compile(optimizer=optimizer(settings, epochs * len(train_batches)))
    model.fit(
        train_batches,
        validation_data=validation_batches,
        epochs=epochs,
        callbacks=[
            WordScores(dataset["validation"], validation, validation_batches),
            best_weights(settings),
            Progress(),
        ],
        verbose=0,
    )
    return time.perf_counter() - start
