"""The exercises of lesson 4."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.exercises.answers import count, exercise, function, number, sequence, share


@exercise
def trained_arrays(answer: Any, model: Any) -> None:
    """Predict how many arrays of weights are trained if only the classifier is."""
    weights = model.classifier.weights
    count(
        answer,
        len(weights),
        hint="A dense layer multiplies and then adds. What does it need for each?",
        mistakes={
            "That is how many numbers these arrays hold.": sum(
                int(np.prod(array.shape)) for array in weights
            ),
            "That is the whole model. Only the classifier is trained.": len(model.weights),
            "It multiplies by the kernel, and it also adds something.": 1,
        },
    )


@exercise
def traces(answer: Any, widths: Sequence[Any]) -> None:
    """Predict how often TensorFlow traces a function for batches of three widths, twice each.

    Args:
        answer: The learner's.
        widths: The width of each trace that was made.
    """
    count(
        answer,
        len(widths),
        hint="With reduce_retracing, TensorFlow makes a graph for any width when it sees a second "
        "one. Which calls trace?",
        mistakes={
            "A call with a width that a graph covers does not trace again.": 6,
            "The second graph is for any width, so the third width needs none.": 3,
            "The first graph is for the first width only.": 1,
        },
    )


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
        hint="Select the labelled positions with a mask, then the entry of each at its label.",
        mistakes={
            "A loss is not negative: check the sign of the logarithm.": -right,
            "That is the sum. Take the mean.": losses[labelled].sum(),
            "Leave the positions with -100 out. They are not of tag O.": losses.mean(),
        },
    )


@exercise
def best_epoch(answer: Any) -> None:
    """Write the function that says which epoch's weights ``EarlyStopping`` restores.

    Its argument is ``history.history`` with ``f1`` and ``val_loss``; epochs count from 1.
    """
    histories = [
        {"f1": [0.0, 0.2, 0.5, 0.4], "val_loss": [0.9, 0.5, 0.6, 0.7]},
        {"f1": [0.1, 0.3, 0.3], "val_loss": [0.9, 0.8, 0.7]},
        {"f1": [0.6, 0.5], "val_loss": [0.5, 0.4]},
        {"f1": [0.0, 0.0, 0.1], "val_loss": [0.3, 0.2, 0.1]},
    ]
    function(
        answer,
        [((history,), history["f1"].index(max(history["f1"])) + 1) for history in histories],
        hint="It is the first epoch with the highest F1. The loss does not count. Count from 1.",
    )


@exercise
def mean_probability(answer: Any, logits: Any) -> None:
    """Compute the mean probability of the predicted tag, between the special tokens."""
    scores = np.exp(np.asarray(logits, dtype=float)[0])
    highest = (scores / scores.sum(axis=-1, keepdims=True)).max(axis=-1)
    share(
        answer,
        highest[1:-1].mean(),
        hint="Take the highest probability at each position between the special tokens.",
        mistakes={
            "Leave the first and the last position out: they are special tokens.": highest.mean(),
            "That is the mean over all tags. Take the highest at each position.": (
                1 / scores.shape[-1]
            ),
            "That is the least sure position. Take the mean.": highest[1:-1].min(),
        },
    )


@exercise
def exported_shape(answer: Any, model: Any) -> None:
    """Predict the shape of the classifier's matrix in PyTorch's layout."""
    kernel = [int(size) for size in model.classifier.kernel.shape]
    sequence(
        answer,
        kernel[::-1],
        each="dimension",
        hint="PyTorch keeps the matrix of a linear layer as (outputs, inputs).",
        mistakes={"That is TensorFlow's layout, (inputs, outputs).": kernel},
    )
