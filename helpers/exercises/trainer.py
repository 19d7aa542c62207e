"""The exercises of lesson 3."""

import json
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import metrics, settings
from helpers.exercises.answers import (
    AnswerError,
    NotAnsweredError,
    exercise,
    function,
    mapping,
    refuse_other_than_function,
    returns_none,
    sequence,
    share,
)
from helpers.tagging import entity_spans
from helpers.translation import _

if TYPE_CHECKING:
    from helpers.settings import Settings

CAUSES = ("rate too low", "rate too high", "labels shifted", "too many epochs")
_GONE_WRONG = Path(__file__).with_name("gone_wrong.json")

# The training loss of a model that gives each label its frequency in the recorded runs' 400
# sentences: the entropy of the labels, in nats.
GUESSING = 0.29


@exercise
def trained_share(answer: Any, model: Any) -> None:
    """Compute the share of a model's weights that is trained."""
    sizes = [(weights.numel(), weights.requires_grad) for weights in model.parameters()]
    arrays = [trained for size, trained in sizes]
    n_all = sum(size for size, trained in sizes)
    n_trained = sum(size for size, trained in sizes if trained)
    share(
        answer,
        n_trained / n_all,
        hint=_("Divide the trained weights of the model by all of them."),
        mistakes={
            _("That counts arrays. Count the numbers in them."): sum(arrays) / len(arrays),
            _("Divide by all weights, not by those that are kept as they are."): n_trained
            / max(n_all - n_trained, 1),
        },
    )


# What a loop does after the loss of a batch: b backward(), c clip the gradients, o
# optimizer.step(), s schedule.step(), z zero_grad().
_RIGHT_ORDERS = ("bosz", "bcosz")


def _wrong_orders() -> dict[str, str]:
    """For each wrong order what is wrong with it."""
    return {
        "bos": _("zero_grad() is missing, so the gradients of all earlier batches are added up."),
        "boz": _("The schedule does not step, so the learning rate stays the same."),
        "bsoz": _("The schedule sets the rate of the next batch, so it steps after the optimizer."),
        "boosz": _("The optimizer steps twice for each batch."),
        "": _(
            "No weight moved. The optimizer uses the gradients that backward() has computed and "
            "that zero_grad() has not cleared yet."
        ),
    }


@exercise
def training_loop(answer: Any) -> str:
    """Write the four lines of a training loop: it trains a tiny model."""
    refuse_other_than_function(answer)
    try:
        with warnings.catch_warnings(action="ignore"):  # of a schedule that steps first
            losses, weights = _trained_by(answer)
    except Exception as error:  # whatever a learner's code may raise
        raise AnswerError(
            _("It stops with {kind}: {error}").format(kind=type(error).__name__, error=error)
        ) from None
    if losses is None:
        raise NotAnsweredError(returns_none())
    for order in _RIGHT_ORDERS:
        right_losses, right_weights = _trained_by(_loop(order))
        if np.allclose(weights, right_weights, atol=1e-5):
            hint = _("The weights are right. Return the loss of each batch, loss.item().")
            sequence(losses, right_losses, hint=hint, each=_("batch"))
            return _("On a tiny model, the loss falls from {first:.2f} to {last:.2f}.").format(
                first=losses[0], last=losses[-1]
            )
    for order, sentence in _wrong_orders().items():
        with warnings.catch_warnings(action="ignore"):
            wrong_weights = _trained_by(_loop(order))[1]
        if np.allclose(weights, wrong_weights, atol=1e-5):
            raise AnswerError(sentence)
    raise AnswerError(
        _(
            "The weights moved, but not as they should. For each batch: compute the gradients of "
            "its loss, step with the optimizer, step with the schedule, set the gradients to zero."
        )
    )


def _trained_by(train: Callable[..., Any]) -> tuple[Any, Any]:
    """Let a loop train a tiny model: what it returns, and the weights as one array."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    sizes: dict[str, Any] = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    sizes |= {"intermediate_size": 8, "vocab_size": 12, "max_position_embeddings": 8}
    sizes |= {"num_labels": 3}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertForTokenClassification(BertConfig(**sizes)).eval()
        ids = torch.randint(1, 12, (8, 4, 5))  # 8 batches of 4 rows of 5 subwords
    batches = [
        {"input_ids": batch, "attention_mask": torch.ones_like(batch), "labels": batch % 3}
        for batch in ids
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.2, len(batches))
    losses = train(model, batches, optimizer, schedule)
    weights = np.concatenate([w.detach().flatten().numpy() for w in model.parameters()])
    return losses, weights


def _loop(order: str) -> Callable[..., list[float]]:
    """Write a training loop, right or wrong, that takes its steps in this order."""
    from torch.nn.utils import clip_grad_norm_

    def train(model: Any, batches: Any, optimizer: Any, schedule: Any) -> list[float]:
        losses = []
        for batch in batches:
            loss = model(**batch).loss
            steps = {"b": loss.backward, "o": optimizer.step, "s": schedule.step}
            steps |= {
                "z": optimizer.zero_grad,
                "c": partial(clip_grad_norm_, model.parameters(), 1),
            }
            for step in order:
                steps[step]()
            losses.append(loss.item())
        return losses

    return train


@exercise
def f1_with_paris(answer: Any, gold: Sequence[str], predicted: Sequence[str]) -> None:
    """Work out F1 with one more entity found, *Paris*, the last but one word."""
    found = [*predicted[:-2], "B-location", "O"]
    right = [tag == guess for tag, guess in zip(gold, found, strict=True)]
    share(
        answer,
        _f1(gold, found),
        hint=_("Two of three predicted entities would be right. How many gold ones are found?"),
        mistakes={
            _("That is F1 without Paris."): _f1(gold, predicted),
            _("That is the accuracy. F1 counts entities."): sum(right) / len(right),
            _("New York is not right: it ends one word too early."): 1.0,
        },
    )


def _f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    true, found = set(entity_spans(gold)), set(entity_spans(predicted))
    return 2 * len(true & found) / (len(true) + len(found))


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
                raise AnswerError(
                    _("Found the cause {value!r}. The causes are {causes}.").format(
                        value=value, causes=", ".join(CAUSES)
                    )
                )
    signs = {
        "rate too low": _("Its losses fall together, slowly, and are still high at the end."),
        "rate too high": _(
            "Its training loss stops falling at the level of guessing by frequency."
        ),
        "labels shifted": _("Its training loss falls, its validation loss does not follow."),
        "too many epochs": _("Its validation loss turns and rises, while F1 stays good."),
    }
    causes = {letter: run["cause"] for letter, run in _recorded().items()}
    mapping(
        answer,
        causes,
        hint=_("Look at both losses first, then at F1."),
        hints={letter: signs[cause] for letter, cause in causes.items()},
    )


@exercise
def score_to_report(answer: Any) -> None:
    """Write the function that turns the scores of several models into the one to report.

    Its arguments are lists: the F1 of each model on validation, and on test.
    """
    cases = [
        ([0.41, 0.52, 0.47], [0.44, 0.40, 0.46]),
        ([0.30, 0.21], [0.28, 0.33]),
        ([0.55, 0.56, 0.61, 0.58], [0.57, 0.50, 0.54, 0.49]),
    ]
    function(
        answer,
        [((validation, test), test[int(np.argmax(validation))]) for validation, test in cases],
        hint=_("One split chooses the model, another gives its score."),
        mistakes={
            _(
                "That is the best test score. Then test chose the model, and its score is partly "
                "luck."
            ): lambda validation, test: max(test),
            _(
                "That is the best validation score. It chose the model, so it is partly luck."
            ): lambda validation, test: max(validation),
            _("That is a mean. It is not the score of a model that anyone will use."): (
                lambda validation, test: sum(test) / len(test)
            ),
            _(
                "That is the validation score of the model that is best on test. It is the other "
                "way round."
            ): lambda validation, test: validation[int(np.argmax(test))],
            _("That is the number of the model. Return its score."): (
                lambda validation, test: int(np.argmax(validation))
            ),
            _("That is the last model. The last is not always the best on validation."): (
                lambda validation, test: test[-1]
            ),
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
        hint=_(
            "Add up the counts of the drawn sentences first: counts[rows].sum(). F1 is 2 * found "
            "/ (predicted + gold) of these sums. A mean of the F1 of sentences is something else."
        ),
    )


RECIPE = (
    *("epochs", "learning_rate", "warmup_ratio", "weight_decay", "batch_size"),
    *("freeze_embeddings", "frozen_layers", "seed"),
)
VERDICTS = ("better", "worse", "no difference")


@exercise
def one_change(answer: Any, run: "Settings", n_layers: int) -> str:
    """Choose a setting of the recipe and its new value, and predict what it does to F1.

    Args:
        answer: ``change``, such as ``{"weight_decay": 0.1}``, and ``prediction``, one of
            `VERDICTS`.
        run: The settings of the lesson.
        n_layers: The layers of its model.
    """
    change, prediction = _fields(answer, "change", "prediction")
    if not isinstance(change, Mapping):
        raise AnswerError(_('Give the change as a dictionary, such as {"weight_decay": 0.1}.'))
    if len(change) != 1:
        raise AnswerError(_("Found {n} changes. Change one setting.").format(n=len(change)))
    [(name, value)] = change.items()
    if name not in RECIPE:
        raise AnswerError(
            _("{name!r} is no setting of the recipe. Choose from {settings}.").format(
                name=name, settings=", ".join(RECIPE)
            )
        )
    try:
        trial = settings.load(**{**run.to_dict(), name: value})
    except ValueError as error:
        raise AnswerError(_("That value is not possible: {error}.").format(error=error)) from None
    if getattr(trial, name) == getattr(run, name):
        raise AnswerError(
            _("{name} is {value} in this run already.").format(name=name, value=getattr(run, name))
        )
    if trial.epochs > 2 * run.epochs:
        raise AnswerError(
            _("That takes long. Choose at most {most:g} epochs.").format(most=2 * run.epochs)
        )
    if trial.frozen_layers > n_layers:
        raise AnswerError(
            _("The model has {n_layers} layers. Freeze no more than that.").format(
                n_layers=n_layers
            )
        )
    _verdict(prediction)
    return _("Now a model is trained with it.")


@exercise
def is_better(
    answer: Any,
    references: Sequence[Sequence[str]],
    trial: Sequence[Sequence[str]] | None,
    own: Sequence[Sequence[str]],
) -> None:
    """Compare two taggers on the same sentences, and say whether the first is better.

    Args:
        answer: ``comparison``, what `helpers.metrics.compare` returns, and ``verdict``, one of
            `VERDICTS`.
        references: The gold tags.
        trial: The tags of the first tagger; ``None`` if it was not trained.
        own: The tags of the second tagger.
    """
    if trial is None:
        raise AnswerError(
            _("Nothing is trained yet. Give a change and a prediction first, and run that cell.")
        )
    given, verdict = _fields(answer, "comparison", "verdict")
    right = metrics.compare(references, trial, own)
    try:
        difference, *_ends, p_value = (float(number) for number in given)
    except (TypeError, ValueError):
        raise AnswerError(_("Give as comparison what metrics.compare(...) returns.")) from None
    if not math.isclose(difference, right.difference, abs_tol=0.0005):
        raise AnswerError(
            _("You compared the other way round. The first tagger is the one with the change.")
            if math.isclose(difference, -right.difference, abs_tol=0.0005)
            else _(
                "The difference is {difference:+.3f}; found {found:+.3f}. Compare the tags of "
                "both models, in this order: gold, with the change, without it."
            ).format(difference=right.difference, found=difference)
        )
    if not math.isclose(p_value, right.p_value, abs_tol=0.03):
        raise AnswerError(
            _("The p-value is {p:.3f}; found {found:.3f}.").format(p=right.p_value, found=p_value)
        )
    said = _verdict(verdict)
    if right.p_value >= 0.05 and said != "no difference":
        raise AnswerError(
            _(
                "p is {p:.3f}: two equally good taggers differ by as much in more than 5 of 100 "
                "cases. These sentences show no difference."
            ).format(p=right.p_value)
        )
    if right.p_value < 0.05 and said != ("better" if right.difference > 0 else "worse"):
        raise AnswerError(
            _("The difference is {difference:+.3f}, and p is {p:.3f}, below 0.05.").format(
                difference=right.difference, p=right.p_value
            )
        )


def _fields(answer: Any, *names: str) -> list[Any]:
    """Take the parts of an answer that the check cell puts together."""
    if not isinstance(answer, Mapping) or set(answer) != set(names):
        first, second = names
        raise AnswerError(_("Give both {first} and {second}.").format(first=first, second=second))
    return [answer[name] for name in names]


def _verdict(answer: Any) -> str:
    if not isinstance(answer, str) or answer.strip().lower() not in VERDICTS:
        raise AnswerError(
            _("Found {found!r:.40}. Give one of {verdicts}.").format(
                found=answer, verdicts=", ".join(VERDICTS)
            )
        )
    return answer.strip().lower()


_OF_A_CHECKPOINT = (
    *("optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state.pth", "trainer_state.json"),
    "training_args.bin",
)


@exercise
def shared_folder(answer: Any, model: Any, tokenizer: Any, f1: float) -> None:
    """Save a trained model as a folder that anyone can open.

    Args:
        answer: The folder's path.
        model: The trained model.
        tokenizer: Its tokenizer.
        f1: Its F1 on test, which the folder's ``README.md`` has to name.
    """
    if not isinstance(answer, str | Path) or not str(answer).strip():
        raise AnswerError(_("Give the path of the folder, as a text or a Path."))
    folder = Path(answer)
    if not folder.is_dir():
        raise AnswerError(
            _("There is no folder {folder!r:.60}. Save the model into it first.").format(
                folder=str(folder)
            )
        )
    names = {path.name for path in folder.iterdir()}
    for name in _OF_A_CHECKPOINT:
        if name in names:
            raise AnswerError(
                _("{name} helps to continue a training, not to use the model.").format(name=name)
            )
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise AnswerError(
            _("It holds no config.json with model.safetensors. model.save_pretrained writes both.")
        )
    if "tokenizer.json" not in names:
        raise AnswerError(
            _(
                "Without its tokenizer nobody can turn text into the ids that the model learned. "
                "tokenizer.save_pretrained writes it."
            )
        )
    opened, its_tokenizer = _opened(folder)
    if opened.config.id2label != model.config.id2label:
        raise AnswerError(
            _(
                "The model opens with the tags {tags:.80}. These are not those of your model."
            ).format(tags=", ".join(opened.config.id2label.values()))
        )
    ours, theirs = model.state_dict(), opened.state_dict()
    if ours.keys() != theirs.keys() or not all(
        (ours[name].cpu() == theirs[name]).all() for name in ours
    ):
        raise AnswerError(
            _("The model opens, but its weights are not those of your trained model.")
        )
    if its_tokenizer.get_vocab() != tokenizer.get_vocab():
        raise AnswerError(_("The tokenizer opens, but it is not that of your model."))
    if "README.md" not in names:
        raise AnswerError(
            _("There is no README.md. It says what the model is for, and its scores.")
        )
    card = (folder / "README.md").read_text(encoding="utf-8")
    if re.search(r"hf_\w{20}", card):
        raise AnswerError(_("README.md holds an access token, the key to your account. Delete it."))
    if f"{f1:.2f}" not in card and f"{f1:.3f}" not in card:
        raise AnswerError(
            _("README.md does not say the F1 on test, which is {f1:.3f}.").format(f1=f1)
        )


def _opened(folder: Path) -> tuple[Any, Any]:
    """Open a model and its tokenizer as a stranger does."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        opened = AutoModelForTokenClassification.from_pretrained(folder, use_safetensors=True)
        return opened.eval(), AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # each broken file fails in its own way
        raise AnswerError(
            _("It does not open: {kind}: {error!s:.200}").format(
                kind=type(error).__name__, error=error
            )
        ) from None
    finally:
        logging.enable_progress_bar()
