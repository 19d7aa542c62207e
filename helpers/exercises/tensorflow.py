"""The exercises of lesson 4.

TensorFlow is not imported: the checks use what the answers themselves can do.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.exercises.answers import (
    AnswerError,
    NotAnsweredError,
    exercise,
    function,
    number,
    refuse_other_than_function,
    returns_none,
)
from helpers.translation import _


@exercise
def classifier_alone(answer: Any, model: Any) -> str:
    """Load the pretrained model once more, and let only its classifier be trained.

    Args:
        answer: A model of TensorFlow.
        model: The one of the lesson, which the answer must not touch.
    """
    if answer is model:
        raise AnswerError(
            _("That is ner_model, which the lesson trains. Load the folder once more.")
        )
    if not all(hasattr(answer, name) for name in ("config", "weights", "trainable_weights")):
        raise AnswerError(
            _("That is no model of TensorFlow. Load it as the lesson loads ner_model.")
        )
    if not hasattr(answer, "classifier"):
        raise AnswerError(_("It has no classifier. Load it as a model ForTokenClassification."))
    if answer.config.id2label != model.config.id2label:
        names = ", ".join(map(str, answer.config.id2label.values()))
        raise AnswerError(
            _("Its tags are {names:.60}. Give it the tags of the lesson as well.").format(
                names=names
            )
        )
    on_top = {id(array) for array in answer.classifier.weights}
    body = [array for array in answer.weights if id(array) not in on_top]
    if all(np.ptp(np.asarray(array)) == 0 for array in body if len(array.shape) == 1):
        raise AnswerError(_("Its body holds random numbers. from_pretrained loads the folder's."))
    trained = {id(array) for array in answer.trainable_weights}
    n_of_body = sum(id(array) in trained for array in body)
    if not trained:
        raise AnswerError(_("Nothing is trained. The classifier has to be."))
    if not on_top & trained:
        raise AnswerError(
            _("It is the other way round: the classifier is frozen, the body is not.")
        )
    if n_of_body:
        template = (
            _("All arrays of the body are still trained.")
            if n_of_body == len(body)
            else _("{n} of {total} arrays of the body are still trained.")
        )
        raise AnswerError(template.format(n=n_of_body, total=len(body)))
    return _(
        "Of {n_all} arrays, {n_trained} are trained: the matrix and the bias of the classifier."
    ).format(n_all=len(answer.weights), n_trained=len(trained))


@exercise
def traced_once(answer: Any, forward: Callable[[Any], Any], batches: Sequence[Any]) -> str:
    """Write a function that TensorFlow traces once for batches of all widths.

    Args:
        answer: A function with the decorator ``tf.function``, from ids to logits.
        forward: The same from the lesson, which is traced for each width.
        batches: Ids of batches of several widths.
    """
    refuse_other_than_function(answer)
    logits = [_called(answer, batch) for batch in batches]
    if all(found is None for found in logits):
        raise NotAnsweredError(returns_none())
    for batch, found in zip(batches, logits, strict=True):
        wanted, given = np.asarray(forward(batch)), np.asarray(found)
        if given.shape != wanted.shape:
            raise AnswerError(
                _(
                    "For a batch of the shape {shape}, the logits have the shape {wanted}. It "
                    "returns {found}."
                ).format(
                    shape=tuple(batch.shape),
                    wanted=tuple(wanted.shape),
                    found=given.shape or type(found).__name__,
                )
            )
        if not np.allclose(given, wanted, atol=1e-3):
            raise AnswerError(_("It returns other numbers than forward. Call ner_model as there."))
    if not hasattr(answer, "experimental_get_tracing_count"):
        raise AnswerError(_("Python runs it at every call. The decorator tf.function is missing."))
    n_graphs, n_widths = answer.experimental_get_tracing_count(), len({b.shape[1] for b in batches})
    if n_graphs == n_widths > 1:
        raise AnswerError(
            _("It has {n_graphs} graphs, one for each width. Leave the width open: None.").format(
                n_graphs=n_graphs
            )
        )
    if n_graphs > 1:
        raise AnswerError(
            _(
                "It has {n_graphs} graphs. An input_signature leaves the width open before the "
                "first call. reduce_retracing does so when it sees a second width."
            ).format(n_graphs=n_graphs)
        )
    return _("One graph serves {n_widths} widths.").format(n_widths=n_widths)


def _called(answer: Callable[[Any], Any], batch: Any) -> Any:
    try:
        return answer(batch)
    except Exception as error:  # whatever a learner's code may raise
        what = " ".join(str(error).split())
        raise AnswerError(
            _(
                "For a batch of the shape {shape} and the type {type} it stops with {kind}: "
                "{what:.200}"
            ).format(
                shape=tuple(batch.shape), type=batch.dtype, kind=type(error).__name__, what=what
            )
        ) from None


@exercise
def loss_by_hand(answer: Any, logits: Any, labels: Any) -> None:
    """Compute the loss: the mean of -log p of the right tag over the labelled positions."""
    scores, gold = np.asarray(logits, dtype=float), np.asarray(labels)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    labelled = gold != -100
    losses = -np.take_along_axis(log_p, np.where(labelled, gold, 0)[..., None], axis=-1)[..., 0]
    right = losses[labelled].mean()
    number(
        answer,
        right,
        hint=_("Select the labelled positions with a mask, then the entry of each at its label."),
        mistakes={
            _("A loss is not negative: check the sign of the logarithm."): -right,
            _("That is the sum. Take the mean."): losses[labelled].sum(),
            _("Leave the positions with -100 out. They are not of tag O."): losses.mean(),
        },
    )


# F1 and validation loss of each epoch of a training.
_TRAININGS = (
    ([0.2, 0.1, 0.5, 0.4], [0.9, 0.5, 0.6, 0.7]),
    ([0.6, 0.5, 0.3], [0.5, 0.4, 0.6]),
    ([0.0, 0.0, 0.0], [0.3, 0.2, 0.4]),
    ([0.0, 0.3, 0.1, 0.2], [0.6, 0.9, 0.8, 0.7]),
)


@exercise
def keeps_best(answer: Any) -> None:
    """Write a callback that ends a training with the weights of the epoch with the highest F1."""
    if not isinstance(answer, type):
        raise AnswerError(
            _("Found a {type}. Give the class: its name, not a call.").format(
                type=type(answer).__name__
            )
        )
    for name in ("set_model", "on_train_begin", "on_epoch_end", "on_train_end"):
        if not hasattr(answer, name):
            raise AnswerError(
                _("It has no {name}. Let it inherit from tf_keras.callbacks.Callback.").format(
                    name=name
                )
            )
    ends = [_trained(answer, *scores) for scores in _TRAININGS]
    wrong = [
        (f1, losses, end)
        for (f1, losses), end in zip(_TRAININGS, ends, strict=True)
        if end == 0 or f1[end - 1] < max(f1)
    ]
    if not wrong:
        return
    f1, _losses, end = wrong[0]
    if all(end == len(f1) for (f1, losses), end in zip(_TRAININGS, ends, strict=True)):
        raise AnswerError(
            _(
                "The model ends with the weights of its last epoch. Keep what get_weights returns, "
                "a copy, whenever F1 is higher than before. on_train_end gives it back."
            )
        )
    if all(losses[end - 1] == min(losses) for f1, losses, end in wrong):
        raise AnswerError(_('It keeps the epoch with the lowest loss. Go by logs["f1"].'))
    if all(f1[end - 1] == min(f1) for f1, losses, end in wrong):
        raise AnswerError(_("It keeps the epoch with the lowest F1."))
    raise AnswerError(
        _(
            "F1 was {f1}, and the model ends with the weights of epoch {end}. Compare each F1 "
            "with the highest one before."
        ).format(f1=", ".join(map(str, f1)), end=end)
    )


def _trained(callback: type, f1: Sequence[float], losses: Sequence[float]) -> int:
    """Let a callback see a training; which epoch's weights does the model end with?"""
    weights = [np.zeros(1)]

    def set_weights(given: Sequence[Any]) -> None:
        weights[0][:] = given[0]

    model = SimpleNamespace(
        weights=weights, get_weights=lambda: [weights[0].copy()], set_weights=set_weights
    )
    try:
        made = callback()
        made.set_model(model)
        made.on_train_begin({})
        for epoch, (score, loss) in enumerate(zip(f1, losses, strict=True)):
            weights[0][:] = epoch + 1
            made.on_epoch_end(epoch, {"loss": 0.1, "f1": score, "val_loss": loss})
        made.on_train_end({})
    except Exception as error:  # whatever a learner's code may raise
        scores = ", ".join(map(str, f1))
        raise AnswerError(
            _("With F1 {scores}, it stops with {kind}: {error}").format(
                scores=scores, kind=type(error).__name__, error=error
            )
        ) from None
    return int(weights[0][0])


# Words of one subword and of several, and one that a tokenizer would cut at the apostrophe.
_SENTENCES = (
    ["Ada", "Lovelace", "isn't", "in", "Paramaribo", "now"],
    ["ok"],
    ["Wolfeschlegelsteinhausenbergerdorff", "!"],
)


@exercise
def tags_by_hand(answer: Any, tokenizer: Any, model: Any) -> None:
    """Write the function that turns words into a tag for each, with a tokenizer and a model.

    Args:
        answer: A function of the words of a sentence, a tokenizer and a model.
        tokenizer: The lesson's.
        model: The lesson's. The function is run with a stand-in that has its tags.
    """
    refuse_other_than_function(answer)
    names, stand_in = model.config.id2label, _ById(model.config)

    def subwords(words: Sequence[str]) -> list[tuple[int | None, int]]:
        encoding = tokenizer(words, is_split_into_words=True)
        numbers = [index % len(names) for index in encoding["input_ids"]]
        return list(zip(encoding.word_ids(), numbers, strict=True))

    def first(words: Sequence[str]) -> list[int]:
        ids = {word: number for word, number in reversed(subwords(words)) if word is not None}
        return [ids[word] for word in sorted(ids)]

    def last(words: Sequence[str]) -> list[int]:
        ids = {word: number for word, number in subwords(words) if word is not None}
        return list(ids.values())

    def named(ids: Sequence[int]) -> list[str]:
        return [names[index] for index in ids]

    function(
        lambda words: answer(words, tokenizer, stand_in),
        [((words,), named(first(words))) for words in _SENTENCES],
        hint=_(
            "Tokenize the list of words, take the highest logit at the first subword of each "
            "word, and look up its name."
        ),
        mistakes={
            _("These are the numbers of the tags. id2label has their names."): first,
            _(
                "That is a tag for each position, with the special tokens. word_ids says which "
                "position belongs to which word."
            ): lambda words: named([n for word, n in subwords(words)]),
            _("That is a tag for each subword. Keep the first subword of each word."): (
                lambda words: named([n for word, n in subwords(words) if word is not None])
            ),
            _("That is the tag of the last subword of each word. We trained the first."): (
                lambda words: named(last(words))
            ),
            _(
                "These are the tags of the first positions. The first position is a special token."
            ): (lambda words: named([n for word, n in subwords(words)][: len(words)])),
        },
    )


class _ById:
    """Stands for a model: the highest logit of a position is that of its id modulo the tags."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def __call__(self, inputs: Any = None, **named: Any) -> SimpleNamespace:
        ids = named["input_ids"] if inputs is None else inputs
        ids = ids["input_ids"] if isinstance(ids, Mapping) else ids
        n_tags = len(self.config.id2label)
        # arithmetic alone, so that the logits are a tensor of the framework that the ids come in
        distance = abs(ids[..., None] % n_tags - np.arange(n_tags, dtype="int32"))
        return SimpleNamespace(logits=distance / -1)


@exercise
def pytorch_layout(answer: Any, model: Any) -> None:
    """Turn the classifier of a TensorFlow model into PyTorch's names and arrays.

    Args:
        answer: From name to array.
        model: The model.
    """
    kernel, bias = np.asarray(model.classifier.kernel), np.asarray(model.classifier.bias)
    if not isinstance(answer, Mapping):
        raise AnswerError(_("Give a dictionary from the name of each array to the array."))
    for name in answer:
        if name not in ("classifier.weight", "classifier.bias"):
            raise AnswerError(
                _(
                    "{name!r:.60} is no name in PyTorch's layout. Dots separate the levels, and "
                    "a kernel is called weight there."
                ).format(name=name)
            )
    for name in ("classifier.weight", "classifier.bias"):
        if name not in answer:
            raise AnswerError(
                _("{name} is missing: a dense layer multiplies and adds.").format(name=name)
            )
    weight = _array(answer, "classifier.weight", kernel.shape[::-1])
    if not np.allclose(weight, kernel.T, atol=1e-6):
        raise AnswerError(
            _("reshape changes the shape and keeps the order of the numbers. Transpose the matrix.")
            if np.allclose(weight, kernel.reshape(weight.shape), atol=1e-6)
            else _("The numbers of classifier.weight are not those of the trained ner_model.")
        )
    if not np.allclose(_array(answer, "classifier.bias", bias.shape), bias, atol=1e-6):
        raise AnswerError(
            _("The numbers of classifier.bias are not those of the trained ner_model.")
        )


def _array(answer: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> Any:
    """Take an array of this shape from an answer."""
    try:
        array = np.asarray(answer[name], dtype=float)
    except (TypeError, ValueError):
        raise AnswerError(_("{name} holds no numbers. Give the array.").format(name=name)) from None
    if array.shape != shape:
        transposed = array.shape == shape[::-1] and len(shape) == 2
        template = (
            _(
                "{name} has the shape {found}; PyTorch keeps it as {shape}. "
                "That is TensorFlow's layout, (inputs, outputs)."
            )
            if transposed
            else _("{name} has the shape {found}; PyTorch keeps it as {shape}.")
        )
        raise AnswerError(template.format(name=name, found=array.shape, shape=shape))
    return array
