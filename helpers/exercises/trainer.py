"""The exercises of lesson 3."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.exercises.answers import (
    AnswerError,
    choice,
    choices,
    count,
    exercise,
    function,
    mapping,
    order,
    share,
)
from helpers.tagging import entity_spans

if TYPE_CHECKING:
    from helpers.settings import Settings

CAUSES = ("rate too low", "rate too high", "labels shifted", "too many epochs")
_GONE_WRONG = Path(__file__).with_name("gone_wrong.json")


@exercise
def trained_share(answer: Any, model: Any) -> None:
    """Compute the share of a model's weights that is trained."""
    sizes = [(weights.numel(), weights.requires_grad) for weights in model.parameters()]
    arrays = [trained for _, trained in sizes]
    n_all = sum(size for size, _ in sizes)
    n_trained = sum(size for size, trained in sizes if trained)
    share(
        answer,
        n_trained / n_all,
        hint="Divide the trained weights of the model by all of them.",
        mistakes={
            "That counts arrays. Count the numbers in them.": sum(arrays) / len(arrays),
            "Divide by all weights, not by those that are kept as they are.": n_trained
            / max(n_all - n_trained, 1),
        },
    )


@exercise
def loop_order(answer: Any) -> None:
    """Put the lines of a training step into an order that works.

    The lines are ``a`` ``optimizer.zero_grad()``, ``b`` ``loss.backward()``, ``c``
    ``optimizer.step()``, ``d`` ``schedule.step()`` and ``e`` ``loss = model(**batch).loss``.
    """
    order(
        answer,
        "abcde",
        {
            ("e", "b"): "loss.backward() needs the loss, so the model comes first.",
            ("b", "c"): "The optimizer steps along the gradients, which backward() computes.",
            ("a", "b"): "zero_grad() after backward() throws the new gradients away.",
            ("c", "d"): "The schedule sets the rate of the next step, so it follows the optimizer.",
        },
    )


@exercise
def f1_with_paris(answer: Any, gold: Sequence[str], predicted: Sequence[str]) -> None:
    """Work out F1 with one more entity found, *Paris*, the last but one word."""
    found = [*predicted[:-2], "B-location", "O"]
    right = [tag == guess for tag, guess in zip(gold, found, strict=True)]
    share(
        answer,
        _f1(gold, found),
        hint="Two of three predicted entities would be right. How many gold ones are found?",
        mistakes={
            "That is F1 without Paris.": _f1(gold, predicted),
            "That is the accuracy. F1 counts entities.": sum(right) / len(right),
            "New York is not right: it ends one word too early.": 1.0,
        },
    )


def _f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    true, found = set(entity_spans(gold)), set(entity_spans(predicted))
    return 2 * len(true & found) / (len(true) + len(found))


@exercise
def n_steps(answer: Any, n_rows: int, run: "Settings") -> None:
    """Count the steps of a training with batches twice as large."""
    batches = math.ceil(n_rows / (2 * run.batch_size))
    right = math.ceil(batches * run.epochs)
    count(
        answer,
        right,
        hint="Count the batches of one epoch first. The last may be smaller. Then the epochs.",
        mistakes={
            "That is one epoch.": batches,
            "That is for batches of the old size.": math.ceil(
                math.ceil(n_rows / run.batch_size) * run.epochs
            ),
            "The last batch of an epoch may be smaller, and it is a step too.": int(
                n_rows // (2 * run.batch_size) * run.epochs
            ),
            "Round up in each epoch. The last batch of an epoch is not filled from the next.": (
                math.ceil(n_rows / (2 * run.batch_size) * run.epochs)
            ),
        },
    )


@cache
def gone_wrong() -> dict[str, list[dict[str, float]]]:
    """The histories of four runs that went wrong, by letter.

    They were recorded with MiniLM and seed 42 on 400 sentences of each split of WNUT 17. The run
    with too many epochs used 100.
    """
    return {letter: run["history"] for letter, run in _recorded().items()}


def _recorded() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(_GONE_WRONG.read_text(encoding="utf-8"))
    return recorded


@exercise
def curve_causes(answer: Any) -> None:
    """Match each run of `gone_wrong` with its cause, one of `CAUSES`."""
    if isinstance(answer, Mapping):
        answer = {str(key).upper(): str(value).strip().lower() for key, value in answer.items()}
        for value in answer.values():
            if value not in CAUSES:
                raise AnswerError(f"Found the cause {value!r}. The causes are {', '.join(CAUSES)}.")
    signs = {
        "rate too low": "Its losses fall together, slowly, and are still high at the end.",
        "rate too high": "Its training loss stays at the level of guessing by frequency.",
        "labels shifted": "Its training loss falls, its validation loss does not follow.",
        "too many epochs": "Its validation loss turns and rises, while F1 stays good.",
    }
    causes = {letter: run["cause"] for letter, run in _recorded().items()}
    mapping(
        answer,
        causes,
        hint="Look at both losses first, then at F1.",
        hints={letter: signs[cause] for letter, cause in causes.items()},
    )


@exercise
def honest_report(answer: Any) -> None:
    """Choose the report of three learning rates that can be trusted."""
    choice(
        answer,
        "c",
        {
            "a": "The test split chose the rate, so its score is partly luck.",
            "b": "The validation score chose the rate. The best of three is partly luck.",
            "d": "A mean over rates is not the score of a tagger that anyone will use.",
        },
    )


@exercise
def resampled_f1(answer: Any) -> None:
    """Write the function that turns counts by sentence and drawn rows into an F1.

    Its arguments are arrays of the entities ``found``, ``predicted`` and ``gold`` in each sentence,
    and the numbers of the drawn sentences, some of which come twice and some not at all.
    """
    found, predicted, gold = np.array([[1, 0, 2, 0], [1, 1, 2, 0], [2, 1, 2, 1]])
    draws = [[0, 1, 2, 3], [0, 0, 2, 1], [2, 2, 2, 2], [1, 3, 1, 0]]
    function(
        answer,
        [
            (
                (found, predicted, gold, np.array(rows)),
                2 * found[rows].sum() / (predicted[rows].sum() + gold[rows].sum()),
            )
            for rows in draws
        ],
        hint="Add up the counts of the drawn sentences first: counts[rows].sum(). F1 is 2 * found "
        "/ (predicted + gold) of these sums. A mean of the F1 of sentences is something else.",
    )


@exercise
def published_files(answer: Any) -> None:
    """Choose what belongs in a model's folder on the Hub."""
    choices(
        answer,
        "abcd",
        {
            "a": "The weights, as safetensors, are the model.",
            "b": "Without its tokenizer nobody can turn text into the ids that the model learned.",
            "c": "config.json holds id2label. Without it the tags have no names.",
            "d": "The model card says what the model is for, how it was made and how well it does.",
            "e": "The state of the optimizer helps to continue a training, not to use the model.",
            "f": "The token is the key to your account. It never goes into a folder you share.",
        },
    )
