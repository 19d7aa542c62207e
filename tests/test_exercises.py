"""Every check knows the right answer in every form, and says what is wrong with wrong ones."""

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from itertools import pairwise, product
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory, mkdtemp
from types import SimpleNamespace
from typing import Any, NamedTuple

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import wordpiece
from lessons import english_in
from transformers import BertConfig, BertForTokenClassification

from helpers import data, metrics, settings
from helpers.exercises import exploration, inference, preprocessing, tensorflow, trainer
from helpers.exercises.answers import Verdict, not_answered, returns_none
from helpers.tagging import label_names, spans_to_tags

ROOT = Path(__file__).resolve().parent.parent
FOLDER = TemporaryDirectory()
FILES = Path(FOLDER.name)
MODULES = (exploration, preprocessing, trainer, tensorflow, inference)
LESSONS = dict(zip(sorted((ROOT / "notebooks").glob("0*.ipynb")), MODULES, strict=True))

# No check may call one of these right, nor fail on it.
NONSENSE: list[Any] = [
    [],
    (),
    {},
    set(),
    "",
    "nonsense",
    b"x",
    np.array([]),
    np.zeros((2, 0)),
    pd.Series([], dtype=float),
    pd.DataFrame({"a": [1, 2]}),
    float("nan"),
    float("inf"),
    np.nan,
    pd.NA,
    True,
    np.True_,
    1j,
    -3.5,
    10**400,
    ...,
    object(),
    int,
    np.ndarray,
    np.zeros((2, 3)),
    [None],
    [[]],
    [{}],
    [object()],
    {"a": object()},
    {1: {"x": 1}},
    iter([1]),
    lambda: 1,
    lambda *given: object(),
    lambda *given: 1 / 0,
    lambda *given: np.zeros((2, 2)),
    json,
]

TOKENS = [["Ada", "met", "Bo", "Li"], ["at", "Acme"], ["ADA", "met", "bo", "li"], ["so", "\ufe0f"]]
TAGS = [
    ["B-person", "O", "B-person", "I-person"],
    ["O", "B-group"],
    ["B-person", "O", "O", "O"],
    ["O", "O"],
]
SENTENCES = pd.DataFrame(
    {"split": ["train", "train", "test", "test"], "tokens": TOKENS, "tags": TAGS}
)
ENTITIES = pd.DataFrame(
    [
        ("train", "person", "Ada", 1),
        ("train", "person", "Bo Li", 2),
        ("train", "group", "Acme", 1),
        ("train", "group", "May", 1),
        ("train", "location", "Rome", 1),
        ("test", "person", "ADA", 1),
        ("test", "person", "May", 1),
        ("test", "location", "Rome", 1),
        ("test", "group", "Los Amigos Invisibles", 3),
        ("test", "group", "Eve", 1),
        ("test", "group", "Fa So", 2),
        ("test", "group", "Gil", 1),
        ("test", "location", "rome", 1),
    ],
    columns=["split", "type", "form", "words"],
)
FIRST = [["B-person", "I-person", "O"], ["B-group", "O"], ["O", "O"]]
SECOND = [["B-person", "I-person", "O"], ["B-person", "B-group"], ["O", "O"]]

NAMES = label_names(["location", "person"])
WORD_IDS = [None, 0, 0, 1, 2, 2, None]
WORD_TAGS = [3, 4, 0]
ALL_LABELS = [-100, 3, 4, 4, 0, 0, -100]
LENGTHS = [3, 9, 4, 8, 5, 5, 2, 9]
ORDER = [1, 0, 2, 3, 7, 5, 6, 4]

GOLD = ["B-person", "I-person", "O", "B-location", "I-location", "I-location", "O"]
GOLD += ["B-location", "O"]
PREDICTED = ["B-person", "I-person", "O", "B-location", "I-location", "O", "O", "O", "O"]
RUN = settings.load("offline", batch_size=8, epochs=3)

LOGITS = np.array([[[1.0, 3.0, 0.0], [0.0, 1.0, 2.0], [4.0, 0.0, 0.0], [0.0, 0.5, 0.0]]])
LABELS = np.array([[-100, 2, 1, -100]])
LOSS = (math.log(1 + math.e + math.e**2) - 2 + math.log(math.e**4 + 2)) / 2
FIRST_TAG = (math.log(math.e + math.e**3 + 1) - 1 + math.log(2 + math.e**0.5)) / 2  # it is O's
MEAN_OF_ALL = (LOSS + FIRST_TAG) / 2

LONG = ["a"] * 450  # 450 subwords: 30 in the first window, 20 more in each further one

PERSON = {"entity_group": "person", "start": 0, "end": 3, "score": 0.97}
GROUP = {"entity_group": "group", "start": 4, "end": 6, "score": 0.5}
PLACE = {"entity_group": "location", "start": 4, "end": 6, "score": 0.9}
IN_FILE = [{"entities": [PERSON, GROUP]}, {"entities": [PLACE]}, {"entities": []}]
HIGH = [{"entities": [PERSON]}, {"entities": [PLACE]}, {"entities": []}]
PAIRS = pd.DataFrame(
    [
        (("person", 0, 2), ("person", 0, 2), "right"),
        (("person", 0, 3), ("person", 0, 2), "wrong borders"),
        (("person", 4, 6), None, "missed"),
        (("group", 1, 4), None, "missed"),
        (("person", 4, 5), ("person", 4, 5), "right"),
        (("person", 2, 3), ("person", 2, 3), "right"),
        (None, ("group", 0, 2), "spurious"),
        (("group", 0, 1), None, "missed"),
    ],
    columns=["gold", "found", "kind"],
)
SCORED = pd.DataFrame(
    {"score": [0.95, 0.9, 0.8, 0.7, 0.6, 0.3], "right": [True, True, False, True, False, False]}
)


class Weights(NamedTuple):
    size: int
    requires_grad: bool

    def numel(self) -> int:
        return self.size


MODEL = SimpleNamespace(
    parameters=lambda: [
        Weights(50, False),
        Weights(10, False),
        Weights(30, True),
        Weights(10, True),
    ]
)

KERAS_NAMES = {0: "O", 1: "B-x", 2: "I-x"}


def keras_model(
    *, trained: str = "classifier", names: Any = None, random: bool = False, top: bool = True
) -> Any:
    """Stands for a model of TensorFlow: 3 arrays in its body, and 2 in its classifier."""
    numbers = np.random.default_rng(0)
    body = [numbers.normal(size=(4, 4)), np.zeros(4), np.ones(4)]
    if not random:
        body[1:] = numbers.normal(size=(2, 4))
    kernel, bias = numbers.normal(size=(4, 3)), np.array([0.1, 0.2, 0.3])
    arrays = {"body": body, "classifier": [kernel, bias], "embeddings": body[:1]}
    arrays |= {"all": [*body, kernel, bias], "nothing": [], "highest": [body[2], kernel, bias]}
    model = SimpleNamespace(
        config=SimpleNamespace(id2label=names or KERAS_NAMES),
        weights=arrays["all"],
        trainable_weights=arrays[trained],
    )
    if top:
        model.classifier = SimpleNamespace(kernel=kernel, bias=bias, weights=[kernel, bias])
    return model


KERAS = keras_model(trained="all")
KERNEL, BIAS = KERAS.classifier.kernel, KERAS.classifier.bias
BATCHES = [np.full((2, width), 7) for width in (3, 4, 5, 3, 4, 5)]


def tensorflow_forward(ids: Any) -> Any:
    return np.stack([ids, ids * 0.5], axis=-1)


def traced(
    forward: Callable[[Any], Any] = tensorflow_forward,
    *,
    widths: Sequence[int] = (),
    limit: int = 1,
) -> Any:
    """Stands for a function with the decorator tf.function.

    It is traced for every shape until it has ``limit`` graphs; the last serves all shapes. With
    ``widths``, it takes no others.
    """
    shapes: set[Any] = set()

    def run(ids: Any) -> Any:
        if widths and ids.shape[1] not in widths:
            raise TypeError(f"Can not cast shape {ids.shape}")
        if len(shapes) < limit:
            shapes.add(ids.shape)
        return forward(ids)

    run.experimental_get_tracing_count = lambda: len(shapes)  # type: ignore[attr-defined]
    return run


class KerasCallback:
    """Stands for tf_keras.callbacks.Callback."""

    model: Any

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, logs: Any) -> None: ...
    def on_epoch_end(self, epoch: int, logs: Any) -> None: ...
    def on_train_end(self, logs: Any) -> None: ...


class KeepBest(KerasCallback):
    best = -1.0
    weights: Any = None

    def value(self, logs: Any) -> float:
        return float(logs["f1"])

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        if self.value(logs) > self.best:
            self.best, self.weights = self.value(logs), self.model.get_weights()

    def on_train_end(self, logs: Any) -> None:
        self.model.set_weights(self.weights)


class KeepsLaterOfTwo(KeepBest):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        if logs["f1"] >= self.best:
            self.best, self.weights = logs["f1"], self.model.get_weights()


class KeepsBestInList(KerasCallback):
    def on_train_begin(self, logs: Any) -> None:
        self.epochs: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        self.epochs.append((logs["f1"], -epoch, self.model.get_weights()))

    def on_train_end(self, logs: Any) -> None:
        self.model.set_weights(max(self.epochs)[2])


class NeverRestores(KeepBest):
    def on_train_end(self, logs: Any) -> None: ...


class KeepsNoCopy(KeepBest):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        if logs["f1"] > self.best:
            self.best, self.weights = logs["f1"], self.model.weights


class NeverRaisesBest(KeepBest):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        if logs["f1"] > self.best:
            self.weights = self.model.get_weights()


class LowestLoss(KeepBest):
    best = -100.0

    def value(self, logs: Any) -> float:
        return -float(logs["val_loss"])


class LowestF1(LowestLoss):
    def value(self, logs: Any) -> float:
        return -float(logs["f1"])


class FirstEpoch(KeepBest):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        self.weights = self.weights or self.model.get_weights()


class BetterThanTheEpochBefore(KeepBest):
    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        if logs["f1"] > self.best:
            self.weights = self.model.get_weights()
        self.best = logs["f1"]


class BeginsAtZero(KeepBest):
    best = 0.0


class AsksForTrainersName(KeepBest):
    def value(self, logs: Any) -> float:
        return float(logs["eval_f1"])


class NoCallback:
    def on_epoch_end(self, epoch: int, logs: Any) -> None: ...


def positions_of(words: Any, tokenizer: Any, model: Any) -> tuple[list[int], list[Any]]:
    inputs = tokenizer(words, is_split_into_words=True, return_tensors="np")
    return model(**inputs).logits[0].argmax(-1).tolist(), inputs.word_ids()


def tags_of_words(words: Any, tokenizer: Any, model: Any) -> list[str]:
    ids, word_ids = positions_of(words, tokenizer, model)
    return [model.config.id2label[ids[word_ids.index(word)]] for word in range(len(words))]


def tags_of_positions(words: Any, tokenizer: Any, model: Any) -> list[str]:
    return [model.config.id2label[index] for index in positions_of(words, tokenizer, model)[0]]


def tags_of_subwords(words: Any, tokenizer: Any, model: Any) -> list[str]:
    return tags_of_positions(words, tokenizer, model)[1:-1]


def tags_of_last_subwords(words: Any, tokenizer: Any, model: Any) -> list[str]:
    ids, word_ids = positions_of(words, tokenizer, model)
    return [
        model.config.id2label[index] for index in dict(zip(word_ids, ids, strict=True)).values()
    ][1:]


def ids_of_words(words: Any, tokenizer: Any, model: Any) -> list[int]:
    ids, word_ids = positions_of(words, tokenizer, model)
    return [ids[word_ids.index(word)] for word in range(len(words))]


def of_running_text(words: Any, tokenizer: Any, model: Any) -> list[str]:
    inputs = tokenizer(" ".join(words), return_tensors="np")
    ids, word_ids = model(inputs).logits[0].argmax(-1).tolist(), inputs.word_ids()
    n_words = 1 + max(word for word in word_ids if word is not None)
    return [model.config.id2label[ids[word_ids.index(word)]] for word in range(n_words)]


def to_tags(spans: Any, n_words: int) -> list[str]:
    return spans_to_tags(spans, n_words)


def b_everywhere(spans: Any, n_words: int) -> list[str]:
    return [tag.replace("I-", "B-") for tag in to_tags(spans, n_words)]


def one_too_many(spans: Any, n_words: int) -> list[str]:
    tags = ["O"] * (n_words + 1)
    for type_, start, end in spans:
        tags[start : end + 1] = [f"B-{type_}", *[f"I-{type_}"] * (end - start)]
    return tags[:n_words]


def cut(word_ids: Any) -> list[int]:
    counts = Counter(word for word in word_ids if word is not None)
    return [word for word, number in counts.items() if number > 1]


def word_tag(rows: Any, strategy: str) -> Any:
    if strategy == "first":
        return rows[0].argmax()
    return (rows.mean(axis=0) if strategy == "average" else rows.max(axis=0)).argmax()


def decode(scores: Any, allowed: Any, start: Sequence[int] = (0,)) -> list[int]:
    paths = {tag: (0.0, [tag]) for tag in start}
    for row in scores:
        paths = {
            tag: max(
                (score + row[tag], [*tags, tag])
                for before, (score, tags) in paths.items()
                if allowed[before, tag]
            )
            for tag in range(len(row))
            if any(allowed[before, tag] for before in paths)
        }
    return max(paths.values())[1][1:]


def all_paths(scores: Any, allowed: Any) -> Any:
    paths = product(range(scores.shape[1]), repeat=len(scores))
    legal = [path for path in paths if all(allowed[pair] for pair in pairwise((0, *path)))]
    return max(legal, key=lambda path: sum(scores[range(len(path)), path]))


def greedily(scores: Any, allowed: Any) -> list[int]:
    """The best tag of each word among those that may follow the one before it."""
    path = [0]
    for row in scores:
        path.append(int(np.where(allowed[path[-1]], row, -np.inf).argmax()))
    return path[1:]


def illegal_to_outside(scores: Any, allowed: Any) -> list[int]:
    path = [0, *scores.argmax(1)]
    return [int(tag) if allowed[before, tag] else 0 for before, tag in pairwise(path)]


def illegal_to_beginning(scores: Any, allowed: Any) -> list[int]:
    path = [0, *scores.argmax(1)]
    return [tag if allowed[before, tag] else tag - 1 for before, tag in pairwise(path)]


def tag_long(words: Any, window: Any, size: int, overlap: int, keep: float = 0.5) -> Any:
    """A share ``keep`` of what two windows hold is read in the earlier one."""
    tags = window(words[:size])
    step = size - overlap
    for start in range(step, len(words) - overlap, step):
        kept = int(keep * overlap)
        tags = tags[: start + kept] + window(words[start : start + size])[kept:]
    return tags


def nearest_window(words: Any, window: Any, size: int, overlap: int) -> list[str]:
    """For each word the window in which its shorter side of context is longest."""
    starts = range(0, max(len(words) - overlap, 1), size - overlap)
    tagged = {start: window(words[start : start + size]) for start in starts}

    def margin(start: int, place: int) -> int:
        last = start + len(tagged[start]) - 1
        before = place - start if start else size
        return min(before, last - place if last < len(words) - 1 else size)

    return [
        tagged[best][place - best]
        for place in range(len(words))
        for best in [
            max(
                (s for s in starts if s <= place < s + len(tagged[s])),
                key=lambda start: (margin(start, place), start),
            )
        ]
    ]


def without_overlap(words: Any, window: Any, size: int, overlap: int) -> Any:
    starts = range(0, len(words), size)
    return [tag for start in starts for tag in window(words[start : start + size])]


def both_tags(words: Any, window: Any, size: int, overlap: int) -> Any:
    starts = range(0, max(len(words) - overlap, 1), size - overlap)
    return [tag for start in starts for tag in window(words[start : start + size])]


def written(name: str, records: Any, **changes: Any) -> Path:
    """Write what `tag_file` might have written; ``None`` is a file of texts."""
    path = FILES / (name if "." in name else f"{name}.jsonl")
    changed = [
        {"entities": [{**entity, **changes} for entity in record["entities"]]}
        for record in records or []
    ]
    lines = map(json.dumps, changed) if records else ["Ada met Bo", "at Acme"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def marked(text: str, start: int, end: int, clean: Callable[[str], str] = escape) -> str:
    return f"{clean(text[:start])}<mark>{clean(text[start:end])}</mark>{clean(text[end:])}"


def twice(text: str) -> str:
    return escape(escape(text))


def f1_of_draw(found: Any, predicted: Any, gold: Any, rows: Any) -> Any:
    return 2 * found[rows].sum() / (predicted[rows].sum() + gold[rows].sum())


def mean_of_f1(found: Any, predicted: Any, gold: Any, rows: Any) -> Any:
    return np.mean(2 * found[rows] / np.maximum(predicted[rows] + gold[rows], 1))


def argmax_names(logits: Any, id2label: Any) -> list[str]:
    return [id2label[index] for index in np.asarray(logits)[0].argmax(-1).tolist()]


def numbers(value: float) -> list[Any]:
    """A number in the forms that a learner may give it."""
    scalars = [value, round(value, 3), float(f"{value:.3g}"), np.float64(value), np.float32(value)]
    return [*scalars, [value], (value,), np.array(value), np.array([value]), pd.Series([value])]


def counts(value: int) -> list[Any]:
    return [value, float(value), np.int64(value), np.int32(value), *numbers(value)]


def lists(items: Sequence[Any]) -> list[Any]:
    """A list in the forms that a learner may give it."""
    array = np.array(items)
    return [list(items), tuple(items), array, pd.Series(items), list(array)]


def letters(right: str) -> list[Any]:
    """The letters of an answer in the forms that a learner may give them."""
    spaced = [", ".join(right), f"({right})", f" {right.upper()}.", np.str_(right)]
    return [right, *spaced, *lists(list(right)), [right.upper()]]


def wrong_number(*others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return [
        *others,
        ("0.5", "without quotation marks"),
        ("", "Found the text ''"),
        ([], "it is empty"),
        (pd.Series([], dtype=float), "it is empty"),
        ([0.1, 0.2], "Found 2 values"),
        (np.zeros((2, 3)), "Found 2 values. Give one number"),
        (float("nan"), "which is not a number"),
        (True, "Give a number"),
        ({"a": 1}, "Found a dict. Give a number"),
        (len, "Give a number"),
    ]


def wrong_share(right: float, *others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return wrong_number(
        *others,
        (100 * right, "That is a percentage. Divide it by 100."),
        (round(100 * right, 1), "That is a percentage. Divide it by 100."),
        (f"{right:.1%}", "without quotation marks"),
        (1 - right, "That is the share of all the others"),
        (-right, "A share lies between 0 and 1"),
    )


def wrong_count(*others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return wrong_number(*others, (2.5, "Found 2.5. What you count is a whole number"))


def wrong_choice(*reasons: tuple[str, str]) -> list[tuple[Any, str]]:
    return [
        *reasons,
        *((letter.upper(), reason) for letter, reason in reasons),
        ("z", "Give letters out of"),
        ("", "Give letters out of"),
        ([], "Give letters out of"),
        ("b: because", "Give letters out of"),
        (2, "Give letters as a text"),
        (["a", "b"], "Choose one letter"),
        ("abc", "Choose one letter"),
        (["a", None], "Give letters as a text"),
        ({"a": "b"}, "Give letters as a text"),
    ]


def wrong_function(*others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return [
        *others,
        (lambda *given: 1 / 0, "stops with ZeroDivisionError: division by zero"),
        (lambda: 0, "stops with TypeError"),
        (lambda *given: [...], "it returns"),
        (lambda *given: [], "it returns []"),
        (lambda *given: "", "it returns ''"),
        (lambda *given: print, "it returns <built-in function print>"),
        (["O"], "Found a list. Give a function: its name, not a call"),
        ([], "Found a list. Give a function"),
        ("def", "Give a function"),
        (dict, "Give a function"),
    ]


class Case(NamedTuple):
    check: Callable[..., Verdict]
    data: tuple[Any, ...]
    right: list[Any]
    wrong: list[tuple[Any, str]]


SIDE = ["B-person", "B-person", "I-person", "O", "B-location"]
SPANS = [("person", 0, 1), ("person", 1, 3), ("location", 4, 5)]


def later_by(later: Callable[[int], int], special: int = -100) -> Callable[..., list[int]]:
    """Label the first subword of a word with its tag, and the others by a rule."""

    def label(word_ids: Sequence[int | None], tags: Sequence[int]) -> list[int]:
        labels = []
        for before, word in pairwise([None, *word_ids]):
            is_first = word != before
            labels.append(
                special if word is None else tags[word] if is_first else later(tags[word])
            )
        return labels

    return label


def windows_by_hand(n_subwords: int, room: int, stride: int) -> list[tuple[int, int]]:
    cut = [(0, min(room, n_subwords))]
    while cut[-1][1] < n_subwords:
        start = cut[-1][0] + room - stride
        cut.append((start, min(start + room, n_subwords)))
    return cut


def in_order(rows: Sequence[int], size: int) -> list[list[int]]:
    return [[*rows[start : start + size]] for start in range(0, len(rows), size)]


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    return in_order(sorted(range(len(lengths)), key=lambda row: lengths[row]), size)


# "state" is a subword of the tokenizer, "abc" are three, and so are the special tokens around.
WEIGHED = {
    "tokens": [["the", "state", "san"], ["abc", "the", "."]],
    "ner_tags": [[0, 0, 1], [1, 0, 0]],
}


def score_nothing(tags: Sequence[Sequence[str]]) -> tuple[float, int]:
    words = [tag for sentence in tags for tag in sentence]
    return words.count("O") / len(words), 0


GOLDEN = {
    0: {"Ada": "person", "Bo Li": "person"},
    1: {"Acme": "group"},
    2: {"ADA": "person"},
    3: {},
}


def first_batch_only(model: Any, batches: Any, optimizer: Any, schedule: Any) -> list[float]:
    return trainer._loop("bosz")(model, batches[:1] * len(batches), optimizer, schedule)


def best_on_validation(validation: list[float], test: list[float]) -> float:
    return test[validation.index(max(validation))]


GOLD_TAGS = [["B-x", "O"], ["O", "B-y"]] * 12
GOOD_TAGS = [*GOLD_TAGS[:20], *[["O", "O"]] * 4]
BAD_TAGS = [["B-x", "O"], ["O", "O"]] * 12


def compared(one: Any, other: Any) -> tuple[float, ...]:
    return metrics.compare(GOLD_TAGS, one, other)


def tiny_bert(*, seed: int = 0, names: bool = True) -> Any:
    torch = pytest.importorskip("torch")
    sizes: dict[str, Any] = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    labels: dict[str, Any] = {"id2label": dict(enumerate(["O", "B-x", "I-x"]))}
    torch.manual_seed(seed)
    return BertForTokenClassification(
        BertConfig(vocab_size=99, **sizes, **(labels if names else {"num_labels": 3}))
    )


TINY = tiny_bert()
FOLDERS = TemporaryDirectory()


def model_folder(
    model: Any = None,
    *,
    card: str = "F1 on test: 0.701",
    drop: str | None = None,
    add: str | None = None,
    break_: str | None = None,
) -> str:
    """The path of a folder that holds a model, complete or not."""
    folder = Path(mkdtemp(dir=FOLDERS.name))
    (model or TINY).save_pretrained(folder)
    wordpiece().save_pretrained(folder)
    (folder / "README.md").write_text(card, encoding="utf-8")
    if drop:
        (folder / drop).unlink()
    for name in (add, break_):
        if name:
            (folder / name).write_bytes(b"x")
    return str(folder)


CAUSES = {letter: run["cause"] for letter, run in trainer._recorded().items()}

CASES = [
    Case(
        exploration.side_by_side,
        (SIDE,),
        [
            SPANS,
            tuple(SPANS),
            set(SPANS),
            [list(span) for span in reversed(SPANS)],
            np.array(SPANS),
            np.array(SPANS, dtype=object),
            pd.Series(SPANS),
            [("person", np.int64(0), 1.0), *SPANS[1:]],
        ],
        [
            ([], "It is empty"),
            (SPANS[:2], "2 of 3 spans are right, and you give 2"),
            ([(type_, start, end - 1) for type_, start, end in SPANS], "Your ends are the last"),
            ([(type_, start + 1, end + 1) for type_, start, end in SPANS], "words from 1"),
            ([("group", 0, 1), *SPANS[1:]], "a type is not"),
            ([("B-person", 0, 1), *SPANS[1:]], "a type is not"),
            ([("person", 0, 3), SPANS[2]], "1 of 3 spans are right, and you give 2. Every B-"),
            ([*SPANS, ("O", 3, 4)], "3 of 3 spans are right, and you give 4"),
            ([("person", 0.5, 1.5), *SPANS[1:]], "Found 0.5. Words are counted in whole numbers"),
            ([("person", "0", "1"), *SPANS[1:]], "Found the text '0'"),
            ([("person", 0, None), *SPANS[1:]], "Give a number"),
            ([(0, 1, "person"), *SPANS[1:]], "Give a span (type, start, end)"),
            (SIDE, "Found one span"),
            ({"person": (0, 1)}, "Found a dict. Give a list"),
            (iter(SPANS), "Make a list of it"),
            (SPANS[0], "Found one span. Put it into a list"),
            ([(0, 1), (1, 3)], "Give a span (type, start, end)"),
            ("person", "Give a list"),
        ],
    ),
    Case(
        exploration.to_tags,
        (),
        [to_tags, lambda *given: tuple(to_tags(*given)), lambda *given: np.array(to_tags(*given))],
        wrong_function(
            (b_everywhere, "it returns ['O', 'B-person', 'B-person', 'O']"),
            (one_too_many, "take I-"),
            (lambda spans, n_words: to_tags(spans, n_words)[:-1], "it returns"),
            (lambda spans, n_words: ["O"] * n_words, "it returns ['O', 'O', 'O', 'O']"),
            (lambda spans, n_words: " ".join(to_tags(spans, n_words)), "it returns 'O B-person"),
            (lambda spans, n_words: [tag[2:] for tag in to_tags(spans, n_words)], "takes B-"),
            (lambda spans, n_words: [f"I-{type_}" for type_, *_ in spans], "['I-person']"),
            (lambda spans, n_words: spans, "it returns [('person', 1, 3)]"),
        ),
    ),
    Case(
        exploration.multi_word_share,
        (ENTITIES,),
        numbers(2 / 8),
        wrong_share(
            2 / 8,
            (3 / 13, "That is the share in all splits"),
            (1 / 8, "entities of two words"),
            (5 / 11, "a share of words"),
            (1 / 5, "Keep the rows of test"),  # train
            (1.0, "Keep the rows of test"),  # one word and more
            (2, "Found 2. A share lies between 0 and 1"),
            (ENTITIES["words"] > 1, "Found 13 values"),
        ),
    ),
    Case(
        exploration.memory_ceiling,
        (ENTITIES,),
        numbers(3 / 8),
        wrong_share(
            3 / 8,
            (4 / 8, "leaves the type out"),
            (2 / 8, "tells capital and small letters apart"),
            (2 / 5, "Divide by the entities of test"),  # those of train
            (0, "Form and type must both be known"),
            (3, "Found 3. A share lies between 0 and 1"),
        ),
    ),
    Case(
        exploration.score_nothing,
        (),
        [
            score_nothing,
            lambda tags: [*score_nothing(tags)],
            lambda tags: np.array(score_nothing(tags)),
            lambda tags: (round(score_nothing(tags)[0], 3), 0.0),
        ],
        wrong_function(
            (lambda tags: score_nothing(tags)[0], "Give both numbers"),
            (lambda tags: score_nothing(tags)[::-1], "Give accuracy first"),
            (lambda tags: (mean(ts.count("O") / len(ts) for ts in tags), 0), "mean over sentences"),
            (lambda tags: (mean({*ts} == {"O"} for ts in tags), 0), "sentences without an entity"),
            (lambda tags: (1 - score_nothing(tags)[0], 0), "share of words in entities"),
            (lambda tags: (score_nothing(tags)[0],) * 2, "this tagger finds none"),
            (lambda tags: (0.9, 0), "It is right on the words that are tagged O"),
            (lambda tags: (100 * score_nothing(tags)[0], 0), "it returns (80"),
            (lambda tags: (score_nothing(tags[:1])[0], 0), "it returns (0.75"),
            (
                lambda tags: (
                    1 - sum(t[0] == "B" for ts in tags for t in ts) / sum(map(len, tags)),
                    0,
                ),
                "each entity as one word",
            ),
        ),
    ),
    Case(
        exploration.faults,
        (SENTENCES,),
        [
            {"leaked": 1, "disputed": 1, "invisible": 1},
            Counter(leaked=1, disputed=1, invisible=1),
            pd.Series({"leaked": 1, "disputed": np.int64(1), "invisible": 1.0}),
        ],
        [
            ({}, "It is empty"),
            ([1, 1, 1], "Found a list. Give a dictionary"),
            ({"leaked": 0, "disputed": 1, "invisible": 1}, "leaked: found 0. Count the sentences"),
            ({"leaked": 1, "disputed": 2, "invisible": 1}, "disputed: found 2. Count a repeated"),
            ({"leaked": 1, "disputed": 1}, "invisible: it is missing"),
            ({"leaked": 1, "disputed": 1, "invisible": 1, "odd": 2}, "'odd' does not belong"),
            ({"leaked": 0.5, "disputed": 1, "invisible": 1}, "leaked: found 0.5"),  # a share
            ({"leaked": "1", "disputed": 1, "invisible": 1}, "leaked: found '1'"),
            ({"leaked": True, "disputed": 1, "invisible": 1}, "leaked: found True"),
            ({"leaked": [2], "disputed": 1, "invisible": 1}, "leaked: found [2]"),  # rows
            (
                {"leaked": 1, "disputed": pd.Series([True, False]), "invisible": 1},
                "disputed: found [True, False]",
            ),
            ({"leaked": 1, "disputed": 1, "invisible": np.array([])}, "invisible: found []"),
            ({"leaked": 1, "disputed": 1, "invisible": 0}, "every character is a mark"),
            ((1, 1, 1), "Found a tuple. Give a dictionary"),
            (3, "Found 3. Give a dictionary"),
        ],
    ),
    Case(
        exploration.agreement,
        (FIRST, SECOND),
        numbers(0.4),
        wrong_share(
            0.4,
            (5 / 7, "share of words"),
            (2 / 3, "mean over sentences"),
            (1 / 5, "once for each annotation"),
            (1 / 4, "Divide twice the entities that both have"),  # of those that either has
            (1 / 2, "Divide twice the entities that both have"),  # of those of the first
            (2, "Found 2. A share lies between 0 and 1"),
        ),
    ),
    Case(
        exploration.annotations,
        (TOKENS, TAGS, ["person", "group"]),
        [
            GOLDEN,
            {**GOLDEN, 2: {}},  # one person less is a matter of opinion
            {**GOLDEN, 0: {"Bo  Li ": "person", np.str_("Ada"): np.str_("person")}},
            dict(reversed(GOLDEN.items())),
        ],
        [
            ([{}, {}, {}, {}], "Give a dictionary: for each sentence its number"),
            ({0: {}}, "Sentence 1: give a dictionary"),
            ({**GOLDEN, 0: {"Eve": "person"}}, "Sentence 0 does not hold 'Eve'"),
            ({**GOLDEN, 0: {"Ada": "human"}}, "'human' is not a type; choose one of person, group"),
            ({**GOLDEN, 3: ["so"]}, "Sentence 3: give a dictionary"),
            ({0: {}, 1: {}, 2: {}, 3: {}}, "You marked 0 entities and the annotators 4; 0"),
            ({}, "Sentence 0: give a dictionary, {} if it has no entity"),
            ("Ada", "Give a dictionary: for each sentence its number"),
            ({**GOLDEN, 0: {"Ada": "B-person"}}, "'B-person' is not a type"),
            ({**GOLDEN, 0: {"person": "Ada"}}, "'Ada' is not a type"),
            ({**GOLDEN, 0: {"Ada": pd.NA}}, "<NA> is not a type"),
            ({**GOLDEN, 0: {"Ada": np.array(["person", "group"])}}, "choose one of person, group"),
            ({**GOLDEN, 0: {"": "person"}}, "Sentence 0 does not hold ''"),
            ({**GOLDEN, 0: {"ada": "person"}}, "Copy its words exactly"),
            ({**GOLDEN, 0: {("Bo", "Li"): "person"}}, "Copy its words exactly"),
            (
                {0: {"Ada": "person", "Bo Li": "person"}, 1: {}, 2: {"ADA": "person"}, 3: {}},
                "You and the annotators have no group in common; they marked Acme in sentence 1",
            ),
            (
                {**GOLDEN, 1: {"Acme": "person"}},  # every entity is a person
                "You and the annotators have no group in common",
            ),
            (
                {0: {"Ada": "group", "Li": "person"}, 1: {}, 2: {}, 3: {}},
                "You marked 2 entities and the annotators 4; 0 are the same (F1 0.00). Read",
            ),
        ],
    ),
    Case(
        preprocessing.cut_words,
        (),
        [cut, lambda word_ids: np.array(cut(word_ids)), lambda word_ids: tuple(cut(word_ids))],
        wrong_function(
            (lambda word_ids: [*cut(word_ids), None], "None is not a word"),
            (lambda word_ids: len(cut(word_ids)), "it returns 1"),
            (lambda word_ids: list(Counter(word_ids)), "it returns [None, 0, 1, 2]"),
            (lambda word_ids: set(cut(word_ids)), "it returns {1}. A word was cut"),
            (lambda word_ids: (word for word in cut(word_ids)), "The result is a list"),
            (lambda word_ids: [str(word) for word in cut(word_ids)], "it returns ['1']"),
            (lambda word_ids: [word + 1 for word in cut(word_ids)], "it returns [2]"),
            (lambda word_ids: cut(word_ids)[::-1], "it returns [3, 0]"),
            (lambda word_ids: [word for word in word_ids if word_ids.count(word) > 1], "None, 1"),
            (lambda word_ids: sorted(word_ids), "stops with TypeError"),
        ),
    ),
    Case(
        preprocessing.label_all,
        (),
        [
            later_by(lambda tag: tag + tag % 2),
            lambda *given: np.array(later_by(lambda tag: tag + tag % 2)(*given)),
            lambda *given: tuple(later_by(lambda tag: tag + tag % 2)(*given)),
        ],
        wrong_function(
            (later_by(lambda tag: tag + 1), "not the next"),
            (later_by(lambda tag: tag + bool(tag)), "word with I- takes that I-"),
            (later_by(lambda tag: 2), "Every later subword has the same label"),
            (later_by(lambda tag: tag), "copied the tag of each word"),
            (later_by(lambda tag: -100), "first subwords only"),
            (later_by(lambda tag: tag + tag % 2, special=0), "Special tokens belong to no word"),
            (lambda word_ids, tags: tags, "a label for each word"),
            (lambda word_ids, tags: [tags] * len(word_ids), "it returns"),
            (lambda word_ids, tags: word_ids, "it returns [None, 0, 0, 1, None]"),
            (lambda word_ids, tags: [tags[word] for word in word_ids], "stops with TypeError"),
        ),
    ),
    Case(
        preprocessing.ignored_label,
        (),
        [*letters("b"), {"b"}],
        wrong_choice(("a", "skips only -100"), ("c", "nothing stops"), ("d", "mask")),
    ),
    Case(
        preprocessing.entity_weights,
        (WEIGHED, wordpiece()),
        [
            {"first": 1 / 3, "all": 1 / 2, "more": "all"},
            {"first": 0.333, "all": 0.5, "more": np.str_("all")},
            pd.Series({"more": "all", "all": np.float32(1 / 2), "first": 1 / 3}),
        ],
        [
            ({"first": 1 / 2, "all": 1 / 3, "more": "all"}, "first: You swapped the two choices"),
            ({"first": 1 / 3, "all": 1 / 2, "more": "first"}, "Compare your two shares"),
            ({"first": 1 / 3, "all": 1 / 2, "more": "equal"}, "Compare your two shares"),
            ({"first": 1 / 6, "all": 1 / 2, "more": "all"}, "first: Leave out the labels -100"),
            ({"first": 1 / 3, "all": 1 / 3, "more": "equal"}, "all: "),
            ({"first": 33.3, "all": 50.0, "more": "all"}, "first: That is a percentage"),
            ({"first": 2 / 3, "all": 1 / 2, "more": "all"}, "first: That is the share of all the"),
            ({"first": "1/3", "all": 1 / 2, "more": "all"}, "first: "),
            ({"first": 1 / 3, "all": 1 / 2}, "more: it is missing"),
            ({"first": 0.4, "all": 0.5, "more": "equal"}, "Divide the labels above 0"),
            ("all", "Give a dictionary"),
            ([1 / 3, 1 / 2, "all"], "Give a dictionary"),
            ({}, "It is empty"),
            ([], "Give a dictionary"),
            (("first", "all"), "Give a dictionary"),
            (pd.DataFrame({"first": [1]}), "Give a dictionary"),
        ],
    ),
    Case(
        preprocessing.cut_windows,
        (),
        [
            windows_by_hand,
            lambda *given: np.array(windows_by_hand(*given)),
            lambda *given: [list(pair) for pair in windows_by_hand(*given)],
        ],
        wrong_function(
            (lambda n, room, stride: windows_by_hand(n, room, 0), "do not overlap"),
            (
                lambda n, room, stride: [
                    (at, min(at + room, n)) for at in range(0, n, room - stride)
                ],
                "lie within the one before",
            ),
            (
                lambda *given: [(a, a + given[1]) for a, _ in windows_by_hand(*given)],
                "reaches beyond the sentence",
            ),
            (
                lambda *given: [(max(b - given[1], 0), b) for _, b in windows_by_hand(*given)],
                "pushed back",
            ),
            (
                lambda *given: [(a, b) for a, b in windows_by_hand(*given) if b - a == given[1]],
                "in no window",
            ),
            (lambda *given: [(a, b - 1) for a, b in windows_by_hand(*given)], "end is exclusive"),
            (lambda *given: len(windows_by_hand(*given)), "it returns 4"),
            (lambda n, room, stride: [(0, n)], "it returns [(0, 10)]"),
            (lambda n, room, stride: windows_by_hand(n, room, 1), "it returns"),
        ),
    ),
    Case(
        preprocessing.make_batches,
        (LENGTHS, 2),
        [
            by_length,
            lambda lengths, size: by_length(lengths, size)[::-1],
            lambda lengths, size: [np.array(batch) for batch in by_length(lengths, size)],
            lambda lengths, size: (batch for batch in by_length(lengths, size)),
        ],
        [
            (lambda lengths, size: in_order(range(len(lengths)), size), "of similar length should"),
            (lambda lengths, size: in_order(sorted(lengths), size), "The batches hold lengths"),
            (lambda lengths, size: by_length(lengths, size)[:-1], "are missing, and 0"),
            (lambda lengths, size: by_length(lengths, size) * 2, "stand there twice"),
            (lambda lengths, size: by_length(lengths, 1), "All batches are full except one"),
            (lambda lengths, size: by_length(lengths, len(lengths)), "have 50 to 50 rows"),
            (lambda lengths, size: [], "of 50 rows 50 are missing"),
            (lambda lengths, size: [1, 2, 3], "It stops with TypeError"),
            (lambda lengths, size: sum(lengths), "It stops with TypeError"),
            (lambda lengths: lengths, "It stops with TypeError"),
            (lambda *given: 1 / 0, "It stops with ZeroDivisionError"),
            (lambda *given: "", "are missing"),
            ([[0, 1]], "Give a function: its name, not a call"),
            ([], "Give a function"),
            ("sorted", "Give a function"),
        ],
    ),
    Case(
        trainer.trained_share,
        (MODEL,),
        numbers(0.4),
        wrong_share(
            0.4,
            (1 / 2, "counts arrays"),
            (2 / 3, "Divide by all weights, not by those that are kept"),
            (1, "Divide the trained weights of the model by all of them"),
            (0, "Divide the trained weights"),
            (100, "Found 100. A share lies between 0 and 1"),
            ((40, 100), "Found 2 values"),
        ),
    ),
    Case(
        trainer.training_loop,
        (),
        [*map(trainer._loop, ("bosz", "zbos", "bozs", "bcosz"))],
        [
            (trainer._loop("bos"), "the gradients of all earlier batches are added up"),
            (trainer._loop("boz"), "the learning rate stays the same"),
            (trainer._loop("bsoz"), "so it steps after the optimizer"),
            (trainer._loop("sboz"), "so it steps after the optimizer"),
            (trainer._loop("bzos"), "zero_grad() has not cleared yet"),
            (trainer._loop("osz"), "No weight moved"),
            (trainer._loop("bsz"), "No weight moved"),
            (trainer._loop(""), "No weight moved"),
            (trainer._loop("boosz"), "steps twice"),
            (trainer._loop("bo"), "not as they should. For each batch"),
            (trainer._loop("bbosz"), "It stops with RuntimeError: Trying to backward"),
            (first_batch_only, "not as they should"),
            (lambda *given: trainer._loop("bosz")(*given)[-1], "Found 0."),
            (lambda *given: trainer._loop("bosz")(*given)[:-1], "It has 7 items; expected 8"),
            (lambda: None, "It stops with TypeError"),
            (lambda *given: 1 / 0, "It stops with ZeroDivisionError"),
            (lambda *given: [], "No weight moved"),
            ("bosz", "Give a function: its name, not a call"),
            ([0.1], "Found a list. Give a function"),
            (dict, "Give a function"),
        ],
    ),
    Case(
        trainer.f1_with_paris,
        (GOLD, PREDICTED),
        numbers(2 / 3),
        wrong_share(
            2 / 3,
            (0.4, "F1 without Paris"),
            (1.0, "one word too early"),
            (8 / 9, "That is the accuracy"),
            (0.5, "Two of three predicted entities would be right"),
            (0.8, "How many gold ones are found?"),  # New York half right
            (2, "Found 2. A share lies between 0 and 1"),
            ((2 / 3, 2 / 3), "Found 2 values"),  # precision and recall
        ),
    ),
    Case(
        trainer.curve_causes,
        (),
        [
            CAUSES,
            {letter.lower(): f" {cause.upper()} " for letter, cause in CAUSES.items()},
            {letter: np.str_(cause) for letter, cause in reversed(CAUSES.items())},
            pd.Series(CAUSES),
        ],
        [
            ({}, "It is empty"),
            ("rate too low", "Give a dictionary"),
            (list(CAUSES.values()), "Give a dictionary"),
            ({**CAUSES, "A": "bad luck"}, "The causes are rate too low, rate too high"),
            ({**CAUSES, "E": "rate too low"}, "The key 'E' does not belong there"),
            ({**CAUSES, "A": "rate too low"}, "A: found 'rate too low'. Its validation loss turns"),
            ({"B": CAUSES["B"]}, "A: it is missing"),
            ({cause: letter for letter, cause in CAUSES.items()}, "The causes are"),
            (dict.fromkeys("ABCD", "rate too low"), "A: found 'rate too low'"),
            ({**CAUSES, "C": "rate too high"}, "Its training loss falls, its validation loss does"),
            ({**CAUSES, "B": CAUSES["D"], "D": CAUSES["B"]}, "Its losses fall together, slowly"),
            ({**CAUSES, "D": "rate too low"}, "Its training loss stops falling at the level"),
            ({**CAUSES, "A": ["too many epochs"]}, "The causes are"),
            ({**CAUSES, "A": np.array(["too many epochs", "rate too low"])}, "The causes are"),
            ({**CAUSES, "A": ""}, "Found the cause ''"),
            (set(CAUSES.values()), "Found a set. Give a dictionary"),
            (list(CAUSES.items()), "Found a list. Give a dictionary"),
        ],
    ),
    Case(
        trainer.score_to_report,
        (),
        [
            best_on_validation,
            lambda *given: np.float32(best_on_validation(*given)),
            lambda *given: np.array([best_on_validation(*given)])[0],
        ],
        wrong_function(
            (lambda validation, test: max(test), "Then test chose the model"),
            (lambda validation, test: max(validation), "It chose the model, so it is partly luck"),
            (lambda validation, test: np.mean(test), "That is a mean"),
            (lambda validation, test: validation[np.argmax(test)], "the other way round"),
            (lambda validation, test: np.argmax(validation), "the number of the model"),
            (lambda validation, test: test[-1], "That is the last model"),
            (lambda validation, test: test[0], "One split chooses the model"),
            (lambda validation, test: test[np.argmin(validation)], "One split chooses the model"),
            (lambda validation, test: max(*validation, *test), "One split chooses the model"),
            (lambda validation, test: test, "it returns [0.44, 0.4, 0.46]"),
            (lambda *given: 100 * best_on_validation(*given), "it returns 40"),
        ),
    ),
    Case(
        trainer.resampled_f1,
        (),
        [
            f1_of_draw,
            lambda *given: round(f1_of_draw(*given), 3),
            lambda *given: np.array([f1_of_draw(*given)])[0].astype(np.float32),
            lambda *given: float(f1_of_draw(*given)),
        ],
        wrong_function(
            (mean_of_f1, "something else"),
            (
                lambda found, predicted, gold, rows: f1_of_draw(found, predicted, gold, set(rows)),
                "stops with IndexError",
            ),
            (lambda *given: f1_of_draw(*given) / 2, "it returns"),
            (lambda *given: 100 * f1_of_draw(*given), "it returns 60.0"),
            (lambda *given: [float(f1_of_draw(*given))], "it returns [0.6]"),
            (lambda found, predicted, gold, rows: found[rows].sum() / gold[rows].sum(), "0.5"),
            (
                lambda found, predicted, gold, rows: found[rows].sum() / predicted[rows].sum(),
                "0.75",
            ),
            (
                lambda found, predicted, gold, rows: f1_of_draw(found, predicted, gold, ...),
                "0.6. Add up",
            ),
            (
                lambda found, predicted, gold, rows: f1_of_draw(
                    found, predicted, gold, np.unique(rows)
                ),
                "of the drawn sentences",
            ),
            (lambda found, *given: 2 * found / (given[0] + given[1]), "it returns [0.666"),
        ),
    ),
    Case(
        trainer.one_change,
        (RUN, 6),
        [
            {"change": {"weight_decay": 0.1}, "prediction": "no difference"},
            {"change": {"learning_rate": 2e-5}, "prediction": " Worse"},
            {"change": {"freeze_embeddings": False}, "prediction": "better"},
            {"change": {"seed": 1}, "prediction": "no difference"},
        ],
        [
            ({"change": change, "prediction": prediction}, sentence)
            for change, prediction, sentence in [
                (
                    {"learning_rate": 1e-4},
                    "it rises",
                    "Found 'it rises'. Give one of better, worse",
                ),
                ({"learning_rate": 1e-4}, ["better"], "Give one of better, worse"),
                ({"learning_rate": 1e-4}, "", "Give one of better, worse"),
                ({"learning_rate": 3e-4}, "better", "learning_rate is 0.0003 in this run already"),
                ({"learning_rate": 3}, "better", "learning_rate: Input should be less than 1"),
                ({"batch_size": 8.5}, "better", "That value is not possible"),
                ({"rate": 1e-4}, "better", "'rate' is no setting of the recipe"),
                ({"max_sentences": 9}, "worse", "'max_sentences' is no setting of the recipe"),
                ({"epochs": 2, "seed": 1}, "worse", "Found 2 changes. Change one"),
                ({}, "worse", "Found 0 changes"),
                ("learning_rate", "worse", "Give the change as a dictionary"),
                (("learning_rate", 1e-4), "worse", "Give the change as a dictionary"),
                ({"epochs": 1000}, "better", "Choose at most 6 epochs"),
                ({"frozen_layers": 7}, "worse", "The model has 6 layers"),
            ]
        ]
        + [
            ({"weight_decay": 0.1}, "Give both change and prediction"),
            ("better", "Give both change and prediction"),
        ],
    ),
    Case(
        trainer.is_better,
        (GOLD_TAGS, GOOD_TAGS, BAD_TAGS),
        [
            {"comparison": compared(GOOD_TAGS, BAD_TAGS), "verdict": "better"},
            {"comparison": np.array(compared(GOOD_TAGS, BAD_TAGS)), "verdict": "BETTER"},
            {"comparison": list(compared(GOOD_TAGS, BAD_TAGS)), "verdict": np.str_("better")},
        ],
        [
            ({"comparison": comparison, "verdict": verdict}, sentence)
            for comparison, verdict, sentence in [
                (compared(BAD_TAGS, GOOD_TAGS), "better", "You compared the other way round"),
                (compared(GOOD_TAGS, GOLD_TAGS), "better", "in this order: gold, with the change"),
                (compared(GOOD_TAGS, GOOD_TAGS), "no difference", "The difference is +0."),
                (compared(GOOD_TAGS, BAD_TAGS)[:1] * 4, "better", "The p-value is 0."),
                (compared(GOOD_TAGS, BAD_TAGS), "worse", "below 0.05"),
                (compared(GOOD_TAGS, BAD_TAGS), "no difference", "below 0.05"),
                (compared(GOOD_TAGS, BAD_TAGS), "yes", "Found 'yes'. Give one of better, worse"),
                (0.2, "better", "what metrics.compare(...) returns"),
                ("better", "better", "what metrics.compare(...) returns"),
                ([], "better", "what metrics.compare(...) returns"),
                ((0.2, 0.01), "better", "The difference is"),
            ]
        ]
        + [("better", "Give both comparison and verdict")],
    ),
    Case(
        trainer.shared_folder,
        (TINY, wordpiece(), 0.7012),
        [model_folder(), Path(model_folder()), model_folder(card="F1 0.70")],
        [
            (model_folder(drop="tokenizer.json"), "Without its tokenizer"),
            (model_folder(drop="model.safetensors"), "no config.json with model.safetensors"),
            (model_folder(drop="config.json"), "no config.json with model.safetensors"),
            (model_folder(drop="README.md"), "There is no README.md"),
            (model_folder(add="optimizer.pt"), "optimizer.pt helps to continue a training"),
            (model_folder(card="A good model"), "does not say the F1 on test, which is 0.701"),
            (model_folder(card="F1 0.70 hf_" + "a" * 34), "holds an access token"),
            (model_folder(tiny_bert(seed=1)), "are not those of your trained model"),
            (model_folder(tiny_bert(names=False)), "opens with the tags LABEL_0, LABEL_1"),
            (model_folder(break_="model.safetensors"), "It does not open"),
            ("runs/nowhere", "There is no folder 'runs/nowhere'"),
            ("", "Give the path of the folder"),
            (["abcd"], "Give the path of the folder"),
            (TINY, "Give the path of the folder"),
        ],
    ),
    Case(
        tensorflow.classifier_alone,
        (KERAS,),
        [keras_model(), keras_model(names=dict(KERAS_NAMES))],
        [
            (keras_model(trained="all"), "All arrays of the body are still trained"),
            (keras_model(trained="highest"), "1 of 3 arrays of the body are still trained"),
            (keras_model(trained="nothing"), "Nothing is trained"),
            (keras_model(trained="body"), "the other way round"),
            (keras_model(trained="embeddings"), "the other way round"),
            (keras_model(names={0: "LABEL_0", 1: "LABEL_1"}), "Its tags are LABEL_0, LABEL_1"),
            (keras_model(names={0: "B-x", 1: "I-x", 2: "O"}), "Its tags are B-x, I-x, O"),
            (keras_model(random=True), "Its body holds random numbers"),
            (keras_model(top=False), "It has no classifier"),
            (KERAS, "That is ner_model"),
            (TINY, "no model of TensorFlow"),
            ("minilm", "no model of TensorFlow"),
            (keras_model, "no model of TensorFlow"),
            (2, "no model of TensorFlow"),
        ],
    ),
    Case(
        tensorflow.traced_once,
        (tensorflow_forward, BATCHES),
        [traced(), traced(lambda ids: tensorflow_forward(ids).tolist())],
        [
            (traced(limit=2), "It has 2 graphs. An input_signature"),
            (traced(limit=9), "It has 3 graphs, one for each width"),
            (tensorflow_forward, "The decorator tf.function is missing"),
            (traced(widths=(3,)), "the shape (2, 4) and the type int64 it stops with TypeError"),
            (traced(lambda ids: 1 / 0), "it stops with ZeroDivisionError"),
            (traced(lambda ids: tensorflow_forward(ids[:, :3])), "It returns (2, 3, 2)"),
            (traced(lambda ids: ids), "the logits have the shape (2, 3, 2). It returns (2, 3)"),
            (traced(lambda ids: 1 + tensorflow_forward(ids)), "other numbers than forward"),
            (traced(lambda ids: SimpleNamespace(logits=1)), "It returns SimpleNamespace"),
            (traced()(BATCHES[0]), "Give a function: its name, not a call"),
            (1, "Give a function"),
            ([traced()], "Give a function"),
        ],
    ),
    Case(
        tensorflow.loss_by_hand,
        (LOGITS, LABELS),
        numbers(LOSS),
        wrong_number(
            (-LOSS, "not negative"),
            (2 * LOSS, "Take the mean"),
            (MEAN_OF_ALL, "Leave the positions with -100 out"),
            (math.exp(-LOSS), "the entry of each at its label"),  # a probability
            (LOSS / math.log(2), "the entry of each at its label"),  # bits
            (-0.5, "the entry of each at its label"),  # the mean of the logits
            (0, "a mask"),
            ([LOSS, LOSS], "Found 2 values"),  # a loss for each position
        ),
    ),
    Case(
        tensorflow.keeps_best,
        (),
        [KeepBest, KeepsLaterOfTwo, KeepsBestInList],
        [
            (NeverRestores, "ends with the weights of its last epoch"),
            (KeepsNoCopy, "get_weights returns, a copy"),
            (NeverRaisesBest, "ends with the weights of its last epoch"),
            (LowestLoss, "the epoch with the lowest loss"),
            (LowestF1, "the epoch with the lowest F1"),
            (
                FirstEpoch,
                "F1 was 0.2, 0.1, 0.5, 0.4, and the model ends with the weights of epoch 1",
            ),
            (BetterThanTheEpochBefore, "F1 was 0.0, 0.3, 0.1, 0.2"),
            (BeginsAtZero, "With F1 0.0, 0.0, 0.0, it stops with TypeError"),
            (AsksForTrainersName, "it stops with KeyError: 'eval_f1'"),
            (NoCallback, "It has no set_model. Let it inherit from tf_keras.callbacks.Callback"),
            (KerasCallback, "ends with the weights of its last epoch"),
            (KeepBest(), "Found a KeepBest. Give the class: its name, not a call"),
            (lambda: KeepBest, "Give the class"),
            ("KeepBest", "Give the class"),
        ],
    ),
    Case(
        tensorflow.tags_by_hand,
        (wordpiece(), KERAS),
        [
            tags_of_words,
            lambda *given: np.array(tags_of_words(*given)),
            lambda *given: tuple(tags_of_words(*given)),
        ],
        wrong_function(
            (tags_of_positions, "with the special tokens"),
            (tags_of_subwords, "a tag for each subword"),
            (tags_of_last_subwords, "the last subword of each word"),
            (ids_of_words, "the numbers of the tags"),
            (
                lambda words, *given: tags_of_positions(words, *given)[: len(words)],
                "The first position is a special token",
            ),
            (of_running_text, "Tokenize the list of words"),
            (lambda *given: [tags_of_words(*given)], "it returns [['"),
            (lambda *given: " ".join(tags_of_words(*given)), "it returns '"),
            (lambda words, *given: ["O"] * len(words), "it returns ['O', 'O'"),
        ),
    ),
    Case(
        tensorflow.pytorch_layout,
        (KERAS,),
        [
            {"classifier.weight": KERNEL.T, "classifier.bias": BIAS},
            {"classifier.bias": BIAS.tolist(), "classifier.weight": KERNEL.T.tolist()},
            {"classifier.weight": KERNEL.T.astype("float32"), "classifier.bias": pd.Series(BIAS)},
        ],
        [
            (
                {"classifier.weight": KERNEL, "classifier.bias": BIAS},
                "has the shape (4, 3); PyTorch keeps it as (3, 4). That is TensorFlow's layout",
            ),
            (
                {"classifier.weight": KERNEL.reshape(3, 4), "classifier.bias": BIAS},
                "reshape changes the shape and keeps the order",
            ),
            (
                {"classifier.kernel": KERNEL.T, "classifier.bias": BIAS},
                "'classifier.kernel' is no name in PyTorch's layout",
            ),
            ({"classifier/kernel:0": KERNEL.T, "classifier/bias:0": BIAS}, "Dots separate"),
            ({"weight": KERNEL.T, "bias": BIAS}, "'weight' is no name"),
            ({"classifier.weight": KERNEL.T}, "classifier.bias is missing"),
            ({"classifier.bias": BIAS}, "classifier.weight is missing"),
            ({}, "classifier.weight is missing"),
            (
                {"classifier.weight": BIAS, "classifier.bias": KERNEL.T},
                "classifier.weight has the shape (3,)",
            ),
            (
                {"classifier.weight": KERNEL.T + 0.01, "classifier.bias": BIAS},
                "The numbers of classifier.weight are not those",
            ),
            (
                {"classifier.weight": KERNEL.T, "classifier.bias": BIAS[::-1]},
                "The numbers of classifier.bias are not those",
            ),
            (
                {"classifier.weight": KERNEL.T.shape, "classifier.bias": BIAS.shape},
                "classifier.weight has the shape (2,)",
            ),
            ({"classifier.weight": "x", "classifier.bias": BIAS}, "holds no numbers"),
            (KERNEL.T, "Give a dictionary"),
            ([KERNEL.T, BIAS], "Give a dictionary"),
        ],
    ),
    Case(
        inference.tags_from_logits,
        (LOGITS, {0: "O", 1: "B-x", 2: "I-x"}),
        [
            argmax_names,
            lambda *given: tuple(argmax_names(*given)),
            lambda *given: np.array(argmax_names(*given)),
            lambda *given: pd.Series(argmax_names(*given)),
        ],
        wrong_function(
            (lambda logits, names: logits[0].argmax(-1), "it returns [1, 2, 0, 1]"),
            (lambda logits, names: argmax_names(-logits, names), "it returns"),
            (lambda logits, names: [argmax_names(logits, names)], "a list of names"),
            (lambda logits, names: argmax_names(logits, names)[1:-1], "it returns ['I-x', 'O']"),
            (lambda logits, names: " ".join(argmax_names(logits, names)), "it returns 'B-x I-x"),
            (lambda logits, names: ["O"] * logits.shape[1], "it returns ['O', 'O', 'O', 'O']"),
            (lambda logits, names: [names[i] for i in logits.argmax(-1)], "stops with TypeError"),
            (lambda logits, names: names[int(logits[0].max(0).argmax())], "it returns 'O'"),
            (lambda logits, names: logits.max(-1)[0], "it returns [3.0, 2.0, 4.0, 0.5]"),
        ),
    ),
    Case(
        inference.word_tag,
        (),
        [
            word_tag,
            lambda *given: int(word_tag(*given)),
            lambda rows, strategy: (
                rows.sum(0).argmax() if strategy == "average" else word_tag(rows, strategy)
            ),
            lambda rows, strategy: (  # as the pipeline does it
                max(rows.tolist(), key=max).index(rows.max())
                if strategy == "max"
                else word_tag(rows, strategy)
            ),
        ],
        wrong_function(
            (lambda rows, strategy: rows[0].argmax(), "'average' it returns 0"),
            (lambda rows, strategy: rows.mean(0).argmax(), "'first' it returns 1"),
            (lambda rows, strategy: rows.max(0).argmax(), "'first' it returns 2"),
            (lambda rows, strategy: word_tag(rows[::-1], strategy), "it returns 2"),
            (lambda rows, strategy: word_tag(rows[1:2], strategy), "stops with IndexError"),
            (lambda rows, strategy: word_tag(rows.T, strategy), "A row is a subword"),
            (  # the place in the whole array
                lambda rows, strategy: (
                    rows.argmax() if strategy == "max" else word_tag(rows, strategy)
                ),
                "'max' it returns 8",
            ),
            (  # the number of the subword
                lambda rows, strategy: (
                    rows.max(1).argmax() if strategy == "max" else word_tag(rows, strategy)
                ),
                "'max' it returns 1",
            ),
            (  # most votes
                lambda rows, strategy: (
                    np.bincount(rows.argmax(1)).argmax()
                    if strategy == "average"
                    else word_tag(rows, strategy)
                ),
                "'average' it returns 0",
            ),
            (lambda rows, strategy: rows[0].max(), "The result is the number of a column"),
            (lambda rows, strategy: [word_tag(rows, strategy)], "it returns ["),
        ),
    ),
    Case(
        inference.decode,
        (),
        [decode, all_paths, lambda *given: np.array(decode(*given))],
        wrong_function(
            (lambda scores, allowed: scores.argmax(1), "Of all paths in which each tag may follow"),
            (greedily, "it returns"),
            (illegal_to_outside, "it returns [0, 0]"),
            (illegal_to_beginning, "it returns"),
            (
                lambda scores, allowed: decode(scores, allowed, start=range(len(allowed))),
                "as if behind O",
            ),
            (lambda scores, allowed: decode(scores, allowed.T), "it returns"),
            (lambda scores, allowed: decode(scores, allowed | True), "it returns [0, 2]"),
            (lambda scores, allowed: decode(-scores, allowed), "it returns"),
            (lambda scores, allowed: decode(scores, allowed)[::-1], "it returns"),
            (lambda scores, allowed: [0, *decode(scores, allowed)], "it returns [0, 1, 2]"),
            (lambda scores, allowed: decode(scores, allowed)[-1], "it returns 2"),
            (lambda scores, allowed: [0] * len(scores), "it returns [0, 0]"),
        ),
    ),
    Case(
        inference.conventions,
        (["O", "I-person", "I-person", "B-group", "I-person"],),
        [
            {"lenient": 3, "strict": 1},
            Counter(lenient=3, strict=1),
            pd.Series({"lenient": 3, "strict": 1}),
            {"strict": np.int64(1), "lenient": 3.0},
        ],
        [
            ({"lenient": 1, "strict": 1}, "lenient: found 1. Here an I-"),
            ({"lenient": 3, "strict": 3}, "strict: found 3. Here an entity begins with B-"),
            ({"lenient": 3}, "strict: it is missing"),
            ({}, "It is empty"),
            ([3, 1], "Give a dictionary"),
            ({"lenient": 3, "strict": 1, "seqeval": 2}, "'seqeval' does not belong there"),
            ({"lenient": 1, "strict": 3}, "lenient: found 1"),  # mixed up
            ({"lenient": 4, "strict": 1}, "lenient: found 4. Here an I-"),  # words
            ({"lenient": 3, "strict": 2}, "An I- that continues nothing is ignored"),
            ({"lenient": 3, "strict": 0}, "strict: found 0"),
            ({"lenient": "3", "strict": "1"}, "lenient: found '3'"),
            ({"lenient": 3, "strict": ["B-group"]}, "strict: found ['B-group']"),
            ({"lenient": np.array([1, 2, 3]), "strict": 1}, "lenient: found [1, 2, 3]"),
            (3, "Found 3. Give a dictionary"),
            ("", "Give a dictionary"),
        ],
    ),
    Case(
        inference.tag_long,
        (),
        [tag_long, lambda *given: tuple(tag_long(*given)), nearest_window],
        wrong_function(
            (lambda words, window, size, overlap: window(words), "window reads only 8"),
            (lambda words, window, size, overlap: window(words[:size]), "one tag for each word"),
            (partial(tag_long, keep=0), "'no context for w4'"),  # the later window
            (partial(tag_long, keep=1), "no context for w6"),  # the earlier window
            (without_overlap, "no context for w6"),
            (lambda *given: tag_long(*given)[::-1], "it returns"),
            (both_tags, "one tag for each word"),
            (lambda *given: tag_long(*given)[:-1], "one tag for each word"),
            (lambda words, window, size, overlap: ["O"] * len(words), "it returns ['O', 'O'"),
            (
                lambda words, window, size, overlap: tag_long(words, window, size + 1, overlap),
                "9 words",
            ),
            (lambda *given: [[tag] for tag in tag_long(*given)], "it returns"),
        ),
    ),
    Case(
        inference.tagged_file,
        (IN_FILE,),
        [str(written("right", HIGH)), written("right", HIGH), written("same", HIGH, score=0.95)],
        [
            (str(written("all", IN_FILE)), "an entity with a score of 0.50"),
            (written("all", IN_FILE), "leaves out what is below 0.9"),
            (written("none", [{"entities": []}] * 3), "The entities are not those"),
            (written("stricter", [*HIGH[:1], {"entities": []}, *HIGH[2:]]), "with this threshold"),
            (written("short", HIGH[:-1]), "It has 2 texts, and the source 3"),
            (written("twice", HIGH * 2), "It has 6 texts"),
            (written("order", HIGH[::-1]), "The entities are not those of the source"),
            (written("source.txt", None), "holds no texts with entities"),
            (
                written("missing", HIGH).with_name("nowhere.jsonl"),
                "There is no file 'nowhere.jsonl'",
            ),
            (written("right", HIGH).parent, "There is no file"),
            (HIGH, "Give the path of the file"),
            ((2, 0), "Give the path of the file"),  # what tag_file returns
            (0.9, "Give the path"),
            ("", "There is no file"),
        ],
    ),
    Case(
        inference.safe_html,
        (),
        [
            marked,
            lambda *given: f"{marked(*given)}".replace("<mark>", '<mark title="x">'),
            lambda text, start, end: marked(text, start, end, partial(escape, quote=False)),
            lambda *given: f"<p>{marked(*given)}</p>",
        ],
        wrong_function(
            (lambda text, start, end: marked(text, start, end, clean=str), "Escape the text"),
            (lambda text, start, end: escape(text), "it returns"),
            (lambda text, start, end: escape(marked(text, start, end, clean=str)), "it returns"),
            (lambda text, start, end: marked(text, start, end, clean=twice), "it returns"),
            (lambda text, start, end: marked(text, start, end + 1), "<mark>Bo </mark>"),
            (lambda text, start, end: marked(escape(text), start, end, clean=str), "a<mark>mp"),
            (
                lambda text, start, end: escape(text).replace(
                    escape(text[start:end]), f"<mark>{escape(text[start:end])}</mark>"
                ),
                "For 'Bo, Bo & Bo', 0, 2 it returns '<mark>Bo</mark>, <mark>Bo</mark>",
            ),
            (lambda text, start, end: f"<mark>{escape(text[start:end])}</mark>", "the text after"),
            (
                lambda *given: marked(*given).replace("mark>", "b>"),
                "it returns 'Ada met <b>Bo</b>'",
            ),
            (lambda *given: [marked(*given)], "it returns ['Ada met <mark>Bo</mark>']"),
            (lambda *given: marked(*given).encode(), "it returns b'Ada met"),
        ),
    ),
    Case(
        inference.multi_word_recall,
        (PAIRS,),
        numbers(1 / 4),
        wrong_share(
            1 / 4,
            (3 / 7, "recall of all entities"),
            (2 / 3, "of one word"),
            (1 / 7, "not by all"),
            (2 / 4, "only partly right"),
            (3 / 5, "Of the pairs whose gold entity"),  # precision
            (0, "Of the pairs whose gold entity has more than one word"),
            (4, "Found 4. A share lies between 0 and 1"),
            (PAIRS["kind"] == "right", "Found 8 values"),
        ),
    ),
    Case(
        inference.threshold,
        (SCORED, 4),
        [*numbers(0.7), 0.65, 0.61, 0.7004],
        wrong_number(
            (0.75, "With 0.75 F1 is 0.571"),  # the highest F1 itself
            (0.6, "With 0.6 F1 is 0.667"),  # the next lower score
            (0.0, "With 0 F1 is 0.600"),
            (1, "With 1 F1 is 0.000"),
            (3, "Found 3. A score"),  # its row
            (SCORED["score"], "Found 6 values"),
            (0.9, "With 0.9 F1 is 0.667, and another threshold reaches 0.750"),
            (0.5, "Try each score"),
            (70, "lies between 0 and 1"),
            (-1, "lies between 0 and 1"),
        ),
    ),
]
BY_NAME = {f"{case.check.__module__.split('.')[-1]}.{case.check.__name__}": case for case in CASES}
cases = pytest.mark.parametrize("case", CASES, ids=BY_NAME)


def checks_of(module: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, "__wrapped__") and "answer" in value.__annotations__
    }


@cases
def test_right_answers_are_right_in_every_form(case: Case) -> None:
    for answer in case.right:
        verdict = case.check(answer, *case.data)
        assert verdict.startswith("Correct."), (answer, verdict)


@cases
def test_wrong_answers_are_told_what_is_wrong(case: Case) -> None:
    for answer, sentence in case.wrong:
        verdict = case.check(answer, *case.data)
        assert verdict.startswith("Not yet. "), (answer, verdict)
        assert sentence in verdict, (answer, verdict)


@cases
def test_nonsense_is_never_right_and_never_an_error(case: Case) -> None:
    for answer in NONSENSE:
        verdict = case.check(answer, *case.data)
        assert re.match(r"Not yet\. \S.{8}|Not answered yet\. ", verdict), (answer, verdict)


@cases
def test_no_answer_is_no_answer(case: Case) -> None:
    assert case.check(None, *case.data) == not_answered()


@cases
def test_a_reply_is_in_the_language_of_the_edition(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESSON_LANGUAGE", "ja")
    assert case.check(None, *case.data).startswith("まだ答えがありません。")
    replies = [case.check(answer, *case.data) for answer, _ in case.wrong]
    assert all(reply.startswith("まだ違います。") for reply in replies)
    replies.append(case.check(case.right[0], *case.data))
    assert replies[-1].startswith("正解です。")
    typed = " ".join([*CAUSES.values(), *trainer.VERDICTS]).split()  # answers that are chosen
    assert [(reply, found) for reply in replies if (found := english_in(reply, typed))] == []


@pytest.mark.parametrize(("framework", "tensor"), [("torch", "tensor"), ("tensorflow", "constant")])
def test_a_tensor_is_right_where_its_numbers_are(framework: str, tensor: str) -> None:
    make = getattr(pytest.importorskip(framework), tensor)
    numeric = [case for case in CASES if isinstance(case.right[0], list | int | float)]
    numeric = [case for case in numeric if case.check is not exploration.side_by_side]
    assert len(numeric) >= 5
    for case in numeric:
        assert case.check(make(case.right[0]), *case.data).startswith("Correct."), case.check
        assert case.check(make([[]]), *case.data).startswith("Not yet. "), case.check


def test_a_function_without_a_result_is_no_answer() -> None:
    functions = [c for c in CASES if callable(c.right[0]) and not isinstance(c.right[0], type)]
    assert len(functions) >= 7
    for case in functions:
        assert case.check(lambda *given: None, *case.data) == returns_none()


def test_each_check_has_eight_wrong_forms_and_two_right_ones() -> None:
    names = [
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in MODULES
        for name in checks_of(module)
    ]
    assert sorted(names) == sorted(BY_NAME)
    assert len(CASES) == len(BY_NAME)
    for name in names:
        case = BY_NAME[name]
        replies = {case.check(answer, *case.data) for answer, _ in case.wrong}
        assert len(case.right) >= 2, name
        assert len(case.wrong) >= 8, name
        assert len(replies) >= 6, (name, replies)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_asks_each_exercise_by_its_name_alone(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    sources = [c.source for c in lesson.cells if "check" in c.metadata.get("tags", [])]
    room = LESSONS[path].__name__.split(".")[-1]
    assert sources[0].startswith(f"from helpers.exercises import {room} as check\n\n")
    calls = [ast.parse(source).body[-1] for source in sources]
    asked = []
    for call in calls:
        assert isinstance(call, ast.Expr)
        assert isinstance(call.value, ast.Call)
        asked.append(ast.unparse(call.value.func).removeprefix("check."))
        assert not call.value.keywords  # the answer and the lesson's data, nothing to explain
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(checks_of(LESSONS[path]))


def test_every_promise_has_an_exercise_of_its_own() -> None:
    page = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    named = re.findall(r"\| `(\w+\.\w+)` \|$", page, re.M)
    assert len(set(named)) == len(named) >= 27
    assert set(named) <= set(BY_NAME)


def test_recorded_runs_are_what_their_causes_say() -> None:
    runs = {run["cause"]: run["history"] for run in trainer._recorded().values()}
    assert set(runs) == set(trainer.CAUSES)
    assert trainer.gone_wrong().keys() == trainer._recorded().keys()
    low, high, shifted, many = (runs[cause] for cause in trainer.CAUSES)
    assert low[0]["loss"] > low[-1]["loss"] > 0.3
    assert max(row["eval_f1"] for row in (*low, *high)) < 0.05
    assert min(row["loss"] for row in high) > 2 * many[-1]["loss"] + 0.25
    assert shifted[-1]["eval_loss"] > 2 * shifted[-1]["loss"]
    losses = [row["eval_loss"] for row in many]
    assert losses[-1] > 1.2 * min(losses)
    assert many[-1]["loss"] < 0.1 * losses[-1]


def test_an_answer_shows_itself_without_quotation_marks() -> None:
    verdict = exploration.side_by_side(SPANS, SIDE)
    assert repr(verdict) == str(verdict) == "Correct."


def test_data_with_nothing_to_count_make_no_answer_wrong() -> None:
    empty = ENTITIES[ENTITIES["split"] == "train"]
    assert exploration.multi_word_share(0, empty) == "Correct."
    assert exploration.memory_ceiling(0, empty) == "Correct."


def test_a_function_may_change_its_arguments() -> None:
    def emptying(spans: list[Any], n_words: int) -> list[str]:
        tags = to_tags(spans, n_words)
        spans.clear()
        return tags

    for _ in range(2):
        assert exploration.to_tags(emptying) == "Correct."


def test_guessing_by_frequency_costs_what_the_figure_of_the_recorded_runs_says(
    wnut17_dir: Path,
) -> None:
    corpus = data.load(str(wnut17_dir), max_sentences=400, seed=42)
    counts = Counter(tag for tags in corpus["train"]["ner_tags"] for tag in tags)
    shares = np.array(list(counts.values())) / sum(counts.values())
    assert -(shares * np.log(shares)).sum() == pytest.approx(trainer.GUESSING, abs=0.005)


def test_a_change_that_was_not_trained_cannot_be_compared() -> None:
    answer = {"comparison": compared(GOOD_TAGS, BAD_TAGS), "verdict": "better"}
    assert "Nothing is trained yet. Give a change" in trainer.is_better(
        answer, GOLD_TAGS, None, BAD_TAGS
    )


def test_a_difference_that_may_be_chance_is_no_difference() -> None:
    almost = [*GOLD_TAGS[:23], ["O", "O"]]
    found = compared(almost, GOLD_TAGS)
    for verdict in ("worse", "better"):
        answer = {"comparison": found, "verdict": verdict}
        assert "show no difference" in trainer.is_better(answer, GOLD_TAGS, almost, GOLD_TAGS)
    answer = {"comparison": found, "verdict": "no difference"}
    assert trainer.is_better(answer, GOLD_TAGS, almost, GOLD_TAGS) == "Correct."
