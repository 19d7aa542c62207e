"""Every check knows the right answer in every form, and says what is wrong with wrong ones."""

import ast
import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import wordpiece

from helpers import settings
from helpers.exercises import exploration, inference, preprocessing, tensorflow, trainer
from helpers.exercises.answers import NOT_ANSWERED, Verdict
from helpers.tagging import label_names, spans_to_tags

ROOT = Path(__file__).resolve().parent.parent
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

TEXTS = ["Ada met Bo", "at Acme"]
IN_TEXTS = [
    [{"start": 0, "end": 2}, {"start": 4, "end": 7}],
    [{"start": 1, "end": 5}, {"start": 3, "end": 7}],
]
RECORDS = [
    {"entities": [{"entity_group": "person"}, {"entity_group": "person"}]},
    {"entities": [{"entity_group": "group"}]},
]
PAIRS = pd.DataFrame(
    [
        (("person", 0, 2), ("person", 0, 2), "right"),
        (("person", 0, 3), ("person", 0, 2), "right type, wrong place"),
        (("person", 4, 6), None, "missed"),
        (("group", 1, 4), None, "missed"),
        (("person", 4, 5), ("person", 4, 5), "right"),
        (("person", 2, 3), ("person", 2, 3), "right"),
        (None, ("group", 0, 2), "spurious"),
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
    parameters=lambda: [Weights(60, False), Weights(30, True), Weights(10, True)]
)
KERAS = SimpleNamespace(
    classifier=SimpleNamespace(
        kernel=np.zeros((384, 13)), weights=[np.zeros((384, 13)), np.zeros(13)]
    ),
    weights=[None] * 40,
)


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


def legal(before: str, tag: str) -> bool:
    return tag[0] != "I" or before in (f"B-{tag[2:]}", tag)


def marked(text: str, start: int, end: int, clean: Callable[[str], str] = escape) -> str:
    return f"{clean(text[:start])}<mark>{clean(text[start:end])}</mark>{clean(text[end:])}"


def twice(text: str) -> str:
    return escape(escape(text))


def best(history: Any) -> int:
    return int(np.argmax(history["f1"])) + 1


def f1_of_draw(found: Any, predicted: Any, gold: Any, rows: Any) -> Any:
    return 2 * found[rows].sum() / (predicted[rows].sum() + gold[rows].sum())


def mean_of_f1(found: Any, predicted: Any, gold: Any, rows: Any) -> Any:
    return np.mean(2 * found[rows] / np.maximum(predicted[rows] + gold[rows], 1))


def argmax_names(logits: Any, id2label: Any) -> list[str]:
    return [id2label[index] for index in np.asarray(logits)[0].argmax(-1).tolist()]


def numbers(value: float) -> list[Any]:
    """A number in the forms that a learner may give it."""
    return [value, round(value, 3), np.float32(value), np.array([value]), pd.Series([value])]


def wrong_number(*others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return [
        *others,
        ("0.5", "without quotation marks"),
        ([], "it is empty"),
        ([0.1, 0.2], "Found 2 values"),
        (float("nan"), "which is no number"),
        (True, "where a number is wanted"),
        ({"a": 1}, "Found a dict where a number is wanted"),
    ]


def wrong_choice(right: str, reasons: Sequence[tuple[str, str]]) -> list[tuple[Any, str]]:
    return [
        *reasons,
        ("z", "Give letters out of"),
        ("", "Give letters out of"),
        (2, "Give letters as a text"),
        (["a", "b"], "Choose one letter"),
        ({"a": "b"}, "Give letters as a text"),
    ]


def wrong_function(*others: tuple[Any, str]) -> list[tuple[Any, str]]:
    return [
        *others,
        (lambda *given: 1 / 0, "stops with ZeroDivisionError: division by zero"),
        (lambda: 0, "stops with TypeError"),
        (lambda *given: [...], "it returns"),
        (["O"], "Found a list where a function is wanted: its name, not a call"),
        ("def", "where a function is wanted"),
    ]


class Case(NamedTuple):
    check: Callable[..., Verdict]
    data: tuple[Any, ...]
    right: list[Any]
    wrong: list[tuple[Any, str]]


SIDE = ["B-person", "B-person", "I-person", "O", "B-location"]
SPANS = [("person", 0, 1), ("person", 1, 3), ("location", 4, 5)]
GOLDEN = {
    0: {"Ada": "person", "Bo Li": "person"},
    1: {"Acme": "group"},
    2: {"ADA": "person"},
    3: {},
}

CAUSES = {letter: run["cause"] for letter, run in trainer._recorded().items()}

CASES = [
    Case(
        exploration.side_by_side,
        (SIDE,),
        [
            SPANS,
            tuple(SPANS),
            [list(span) for span in reversed(SPANS)],
            np.array(SPANS, dtype=object),
            [("person", np.int64(0), 1.0), *SPANS[1:]],
        ],
        [
            ([], "It is empty"),
            (SPANS[:2], "2 of 3 spans are right, and you give 2"),
            ([(type_, start, end - 1) for type_, start, end in SPANS], "Your ends are the last"),
            ([(type_, start + 1, end + 1) for type_, start, end in SPANS], "words from 1"),
            ([("group", 0, 1), *SPANS[1:]], "a type is not"),
            (SPANS[0], "Found one span. Put it into a list"),
            ([(0, 1), (1, 3)], "where a span (type, start, end) is wanted"),
            ("person", "where a list is wanted"),
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
        ),
    ),
    Case(
        exploration.multi_word_share,
        (ENTITIES,),
        numbers(2 / 7),
        wrong_number(
            (200 / 7, "That is a percentage. Divide it by 100."),
            (3 / 12, "That is the share in all splits"),
            (1 / 7, "entities of two words"),
            (5 / 10, "a share of words"),
            (5 / 7, "share of all the others"),
            (2, "A share lies between 0 and 1"),
        ),
    ),
    Case(
        exploration.memory_ceiling,
        (ENTITIES,),
        numbers(2 / 7),
        wrong_number(
            (3 / 7, "leaves the type out"),
            (200 / 7, "percentage"),
            (0, "Form and type must both be known"),
        ),
    ),
    Case(
        exploration.outside_accuracy,
        (TAGS,),
        numbers(7 / 12),
        wrong_number(
            (1 / 4, "counts sentences"),
            (0, "That is its F1"),
            (5 / 12, "all the others"),
            (58.33, "percentage"),
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
            ([1, 1, 1], "Found a list where a dictionary is wanted"),
            ({"leaked": 0, "disputed": 1, "invisible": 1}, "leaked: found 0. Count the sentences"),
            ({"leaked": 1, "disputed": 2, "invisible": 1}, "disputed: found 2. Count a sentence"),
            ({"leaked": 1, "disputed": 1}, "invisible: it is missing"),
            ({"leaked": 1, "disputed": 1, "invisible": 1, "odd": 2}, "'odd' does not belong"),
        ],
    ),
    Case(
        exploration.agreement,
        (FIRST, SECOND),
        numbers(0.4),
        wrong_number(
            (5 / 7, "share of words"),
            (2 / 3, "mean over sentences"),
            (1 / 5, "once for each annotation"),
            (40, "percentage"),
        ),
    ),
    Case(
        exploration.annotations,
        (TOKENS, TAGS, ["person", "group"]),
        [GOLDEN, {0: {"Ada": "person", "Bo Li": "person"}, 1: {}, 2: {"ADA": "person"}, 3: {}}],
        [
            ([{}, {}, {}, {}], "Give a dictionary: for each sentence its number"),
            ({0: {}}, "Sentence 1: give a dictionary"),
            ({**GOLDEN, 0: {"Eve": "person"}}, "Sentence 0 does not hold 'Eve'"),
            ({**GOLDEN, 0: {"Ada": "human"}}, "no type 'human'; choose of person, group"),
            ({**GOLDEN, 3: ["so"]}, "Sentence 3: give a dictionary"),
            ({0: {}, 1: {}, 2: {}, 3: {}}, "You marked 0 entities and the annotators 4; 0"),
        ],
    ),
    Case(
        preprocessing.cut_words,
        (),
        [cut, lambda word_ids: np.array(cut(word_ids)), lambda word_ids: tuple(cut(word_ids))],
        wrong_function(
            (lambda word_ids: [*cut(word_ids), None], "None is no word"),
            (lambda word_ids: len(cut(word_ids)), "it returns 1"),
            (lambda word_ids: list(Counter(word_ids)), "it returns [None, 0, 1, 2]"),
        ),
    ),
    Case(
        preprocessing.all_subword_labels,
        (WORD_IDS, WORD_TAGS, NAMES),
        [ALL_LABELS, tuple(ALL_LABELS), np.array(ALL_LABELS), pd.Series(ALL_LABELS)],
        [
            ([], "It is empty"),
            ([-100, 3, 3, 4, 0, 0, -100], "copied the tag of each word"),
            ([-100, 3, -100, 4, 0, -100, -100], "first subwords only"),
            ([0, 3, 4, 4, 0, 0, 0], "Special tokens belong to no word"),
            (WORD_TAGS, "a label for each word"),
            ([-100, 3, 4, 4, 0, 0], "It has 6 items; expected 7, one for each position"),
            ([-100, 3, 4, 4, 0, 1, -100], "Item 5 is wrong: found 1"),
            (iter(ALL_LABELS), "Make a list of it"),
            ({1: 2}, "Found a dict where a list is wanted"),
        ],
    ),
    Case(
        preprocessing.ignored_label,
        (),
        ["b", "B", "(b)", ["b"], {"b"}, np.array(["b"])],
        wrong_choice("b", [("a", "skips -100 alone"), ("c", "nothing stops"), ("d", "mask")]),
    ),
    Case(
        preprocessing.labelled_share,
        (pd.Series({"first subword": 0.07, "all subwords": 0.09}),),
        ["a", "A", "a."],
        wrong_choice("a", [("b", "from 0.070 to 0.090"), ("c", "not cut equally often")]),
    ),
    Case(
        preprocessing.padding_share,
        (LENGTHS, ORDER, 1),
        numbers(1 - 45 / 72),
        wrong_number(
            (27 / 45, "per useful position"),
            (1 - 45 / 56, "rows sorted by length"),
            (0, "batches of the old size"),
            (37.5, "percentage"),
        ),
    ),
    Case(
        trainer.trained_share,
        (MODEL,),
        numbers(0.4),
        wrong_number((2 / 3, "counts arrays"), (0.6, "all the others"), (40, "percentage")),
    ),
    Case(
        trainer.loop_order,
        (),
        ["eabcd", "aebcd", list("eabcd"), ("a", "e", "b", "c", "d"), "E, A, B, C, D"],
        [
            ("baecd", "so the model comes first"),
            ("eacbd", "which backward() computes"),
            ("ebacd", "throws the new gradients away"),
            ("eabdc", "it follows the optimizer"),
            ("eabc", "Use each of the letters a, b, c, d, e once; found eabc"),
            ("eabcx", "Give letters out of"),
            (["e", 1], "Give letters as a text"),
        ],
    ),
    Case(
        trainer.f1_with_paris,
        (GOLD, PREDICTED),
        numbers(2 / 3),
        wrong_number((0.4, "F1 without Paris"), (1.0, "one word too early"), (66.7, "percentage")),
    ),
    Case(
        trainer.n_steps,
        (100, RUN),
        [21, 21.0, np.int32(21)],
        wrong_number(
            (7, "That is one epoch"), (39, "old size"), (18, "it is a step too"), (20.5, "whole")
        ),
    ),
    Case(
        trainer.curve_causes,
        (),
        [CAUSES, {letter.lower(): cause.upper() for letter, cause in CAUSES.items()}],
        [
            ({}, "It is empty"),
            ("rate too low", "where a dictionary is wanted"),
            (list(CAUSES.values()), "where a dictionary is wanted"),
            ({**CAUSES, "A": "bad luck"}, "The causes are rate too low, rate too high"),
            ({**CAUSES, "E": "rate too low"}, "The key 'E' does not belong there"),
            ({**CAUSES, "A": "rate too low"}, "A: found 'rate too low'. Its validation loss turns"),
            ({"B": CAUSES["B"]}, "A: it is missing"),
        ],
    ),
    Case(
        trainer.honest_report,
        (),
        ["c", "C)", ["c"]],
        wrong_choice("c", [("a", "partly luck"), ("b", "best of three"), ("d", "of no tagger")]),
    ),
    Case(
        trainer.resampled_f1,
        (),
        [f1_of_draw, lambda *given: round(f1_of_draw(*given), 3)],
        wrong_function(
            (mean_of_f1, "something else"),
            (
                lambda found, predicted, gold, rows: f1_of_draw(found, predicted, gold, set(rows)),
                "stops with IndexError",
            ),
            (lambda *given: f1_of_draw(*given) / 2, "it returns"),
        ),
    ),
    Case(
        trainer.published_files,
        (),
        ["abcd", "a, b, c, d", list("dcba"), {"a", "b", "c", "d"}],
        [
            ("abc", "1 missing. The model card"),
            ("acd", "Without its tokenizer"),
            ("abcde", "e: The state of the optimizer"),
            ("abcdf", "f: The token is the key"),
            ("abcdz", "Give letters out of a, b, c, d, e, f"),
            (4, "Give letters as a text"),
        ],
    ),
    Case(
        tensorflow.trained_arrays,
        (KERAS,),
        [2, 2.0, np.int64(2)],
        wrong_number((5005, "numbers these arrays hold"), (40, "whole model"), (1, "also adds")),
    ),
    Case(
        tensorflow.traces,
        ([8, None],),
        [2, np.int64(2)],
        wrong_number((6, "does not trace again"), (3, "needs none"), (1, "first width alone")),
    ),
    Case(
        tensorflow.loss_by_hand,
        (LOGITS, LABELS),
        numbers(LOSS),
        wrong_number((-LOSS, "not negative"), (2 * LOSS, "Take the mean"), (9.9, "a mask")),
    ),
    Case(
        tensorflow.best_epoch,
        (),
        [best, lambda history: np.argmax(history["f1"]) + 1],
        wrong_function(
            (lambda history: best(history) - 1, "Count from 1"),
            (lambda history: int(np.argmin(history["val_loss"])) + 1, "whatever the loss"),
            (lambda history: len(history["f1"]), "it returns 4"),
        ),
    ),
    Case(
        tensorflow.mean_probability,
        (LOGITS,),
        numbers((0.665241 + 0.964664) / 2),
        wrong_number((0.755, "special tokens"), (1 / 3, "over all tags"), (0.665, "least sure")),
    ),
    Case(
        tensorflow.exported_shape,
        (KERAS,),
        [(13, 384), [13, 384], np.array([13, 384])],
        [
            ((384, 13), "TensorFlow's layout"),
            ((13,), "It has 1 item; expected 2, one for each dimension"),
            ((13, 385), "Item 1 is wrong"),
            ("(13, 384)", "where a list is wanted"),
            (13 * 384, "where a list is wanted"),
            ((), "It is empty"),
        ],
    ),
    Case(
        inference.tags_from_logits,
        (LOGITS, {0: "O", 1: "B-x", 2: "I-x"}),
        [argmax_names, lambda *given: np.array(argmax_names(*given))],
        wrong_function(
            (lambda logits, names: logits[0].argmax(-1), "it returns [1, 2, 0, 1]"),
            (lambda logits, names: argmax_names(-logits, names), "it returns"),
            (lambda logits, names: [argmax_names(logits, names)], "a list of names"),
        ),
    ),
    Case(
        inference.inside_words,
        (TEXTS, IN_TEXTS),
        [2, 2.0, np.int64(2)],
        wrong_number(
            (3, "counts borders"),
            (1, "counts beginnings"),
            (4, "number of all entities"),
            (0, "isalnum"),
        ),
    ),
    Case(
        inference.may_follow,
        (),
        [legal, lambda before, tag: np.bool_(legal(before, tag))],
        wrong_function(
            (lambda before, tag: True, "For 'O', 'I-person' it returns True"),
            (lambda before, tag: tag[0] != "I" or before != "O", "of its own type"),
            (lambda before, tag: before[2:] == tag[2:], "it returns False"),
            (lambda before, tag: legal(before, tag) or None, "it returns None"),
        ),
    ),
    Case(
        inference.conventions,
        (["O", "I-person", "I-person", "B-group", "I-person"],),
        [{"lenient": 3, "strict": 1}, Counter(lenient=3, strict=1)],
        [
            ({"lenient": 1, "strict": 1}, "lenient: found 1. Here an I-"),
            ({"lenient": 3, "strict": 3}, "strict: found 3. Here an entity begins with B-"),
            ({"lenient": 3}, "strict: it is missing"),
            ({}, "It is empty"),
            ([3, 1], "where a dictionary is wanted"),
            ({"lenient": 3, "strict": 1, "seqeval": 2}, "'seqeval' does not belong there"),
        ],
    ),
    Case(
        inference.share_lost,
        ("one two three fourteen", 8),
        numbers(0.5),
        wrong_number((14 / 22, "counts characters"), (0.2, "Split it"), (50, "percentage")),
    ),
    Case(
        inference.types_found,
        (RECORDS,),
        [
            {"person": 2, "group": 1},
            Counter(person=2, group=1, location=0),
            pd.Series({"person": 2, "group": 1}),
        ],
        [
            ({}, "It is empty"),
            ({"person": 2}, "group: it is missing"),
            ({"person": 1, "group": 1}, "person: found 1"),
            ({"person": 2, "group": 1, "B-group": 1}, "'B-group' does not belong"),
            (3, "Found 3 where a dictionary is wanted"),
            ([("person", 2)], "where a dictionary is wanted"),
        ],
    ),
    Case(
        inference.safe_html,
        (),
        [marked, lambda *given: f"{marked(*given)}".replace("<mark>", '<mark title="x">')],
        wrong_function(
            (lambda text, start, end: marked(text, start, end, clean=str), "Escape the text"),
            (lambda text, start, end: escape(text), "it returns"),
            (lambda text, start, end: escape(marked(text, start, end, clean=str)), "it returns"),
            (lambda text, start, end: marked(text, start, end, clean=twice), "it returns"),
        ),
    ),
    Case(
        inference.multi_word_recall,
        (PAIRS,),
        numbers(1 / 4),
        wrong_number(
            (3 / 6, "recall of all entities"),
            (1.0, "of one word"),
            (1 / 6, "not by all"),
            (25, "percentage"),
        ),
    ),
    Case(
        inference.threshold,
        (SCORED, 4),
        [0.7, 0.65, 0.61, np.float32(0.7), np.array([0.7]), 0.7004],
        wrong_number(
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
    assert len(case.wrong) >= 6
    for answer, sentence in case.wrong:
        verdict = case.check(answer, *case.data)
        assert verdict.startswith("Not yet. "), (answer, verdict)
        assert sentence in verdict, (answer, verdict)


@cases
def test_nonsense_is_never_right_and_never_an_error(case: Case) -> None:
    for answer in NONSENSE:
        assert not case.check(answer, *case.data).startswith("Correct."), answer


@cases
def test_no_answer_is_no_answer(case: Case) -> None:
    assert case.check(None, *case.data) == NOT_ANSWERED


def test_windows_are_counted_by_room_and_stride() -> None:
    tokenizer = wordpiece()
    words = ["a"] * 60
    n_subwords = len(tokenizer(words, is_split_into_words=True)["input_ids"]) - 2
    assert n_subwords == 60  # 30 in the first window, 20 more in each further one
    for answer in (3, 3.0, np.int64(3)):
        assert preprocessing.n_windows(answer, words, tokenizer) == "Correct."
    for answer, sentence in wrong_number(
        (2, "the first window"), (4, "Round up"), (3.5, "whole number")
    ):
        assert sentence in preprocessing.n_windows(answer, words, tokenizer)


def test_every_check_is_in_the_table() -> None:
    checks = {
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in MODULES
        for name in checks_of(module)
    }
    assert checks - {"preprocessing.n_windows"} == set(BY_NAME)


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
    assert set(named) <= set(BY_NAME) | {"preprocessing.n_windows"}


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


def test_importing_the_checks_loads_no_framework() -> None:
    names = ", ".join(module.__name__ for module in MODULES)
    program = f"import sys, {names}; print('torch' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["False", "False"]
