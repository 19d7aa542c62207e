"""The exercises of lesson 1."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.exercises.answers import AnswerError, exercise, function, mapping, share, spans
from helpers.tagging import OUTSIDE, Span, entity_spans, spans_to_tags
from helpers.translation import _

Sentences = Sequence[Sequence[str]]


@exercise
def side_by_side(answer: Any, tags: Sequence[str]) -> None:
    """Read the spans of a sentence in which two entities stand side by side."""
    spans(answer, entity_spans(tags), hint=_("Every B- opens a span of its own."))


@exercise
def to_tags(answer: Any) -> None:
    """Write the function that turns spans and the number of words into tags."""
    cases: list[tuple[list[Span], int]] = [
        ([("person", 1, 3)], 4),
        ([], 2),
        ([("person", 0, 1), ("person", 1, 3)], 3),
        ([("creative-work", 0, 4), ("location", 5, 6)], 6),
        ([("group", 4, 5), ("person", 0, 2)], 5),
    ]
    function(
        answer,
        [(case, spans_to_tags(*case)) for case in cases],
        hint=_("The first word of a span takes B-, its other words take I-, all others take O."),
    )


@exercise
def multi_word_share(answer: Any, entities: pd.DataFrame) -> None:
    """Compute the share of the test entities that have more than one word."""
    words = entities.loc[entities["split"] == "test", "words"]
    share(
        answer,
        (words > 1).mean(),
        hint=_("Keep the rows of test. The mean of a comparison is the share that is true."),
        mistakes={
            _("That is the share in all splits. Keep the test split."): (
                entities["words"] > 1
            ).mean(),
            _("That counts entities of two words. More than one can be three."): (
                words == 2
            ).mean(),
            _("That is a share of words. Count entities."): words[words > 1].sum()
            / max(words.sum(), 1),
        },
    )


@exercise
def memory_ceiling(answer: Any, entities: pd.DataFrame) -> None:
    """Compute the highest recall of a tagger that knows the entities of train by heart.

    A form is known, in any letter case, with the type that it has in train.
    """
    table = entities.assign(form=entities["form"].str.casefold())
    train, test = (table[table["split"] == split] for split in ("train", "test"))
    keys = [pd.MultiIndex.from_frame(part[["form", "type"]]) for part in (test, train)]
    known_form = test["form"].isin(train["form"])
    exact = entities["form"][test.index].isin(entities["form"][train.index])
    share(
        answer,
        pd.Series(keys[0].isin(keys[1]), dtype=float).mean(),
        hint=_("Form and type must both be known from train. Divide by the entities of test."),
        mistakes={
            _("That leaves the type out. It must be the type that the form has in train."): (
                known_form.mean()
            ),
            _("That tells capital and small letters apart. Ignore letter case."): exact.mean(),
        },
    )


@exercise
def score_nothing(answer: Any) -> None:
    """Write the function that gives accuracy and F1 of the tags ``O`` for every word."""
    tagged: list[Sentences] = [
        [["O", "B-person", "O", "O"], ["O"]],
        [["B-person", "I-person"], ["O", "O", "O", "O", "O", "O"]],
        [["O"] * 9, ["B-group", "O", "O"], ["B-location"]],
    ]

    def shares(of_sentence: Callable[[Sequence[str]], float]) -> Callable[[Sentences], Any]:
        return lambda tags: (sum(map(of_sentence, tags)) / len(tags), 0)

    def accuracy(tags: Sentences) -> float:
        words = [tag for sentence in tags for tag in sentence]
        return words.count(OUTSIDE) / len(words)

    function(
        answer,
        [((tags,), (accuracy(tags), 0)) for tags in tagged],
        hint=_("It is right on the words that are tagged O, and it finds no entity."),
        mistakes={
            _("Give both numbers: accuracy and F1."): accuracy,
            _("That is F1, then accuracy. Give accuracy first."): lambda tags: (0, accuracy(tags)),
            _(
                "That is a mean over sentences. Accuracy counts the words of all sentences "
                "together."
            ): shares(lambda tags: tags.count(OUTSIDE) / len(tags)),
            _("That is the share of sentences without an entity. Accuracy counts words."): (
                shares(lambda tags: {*tags} == {OUTSIDE})
            ),
            _("That is the share of words in entities. It is right on all the others."): (
                lambda tags: (1 - accuracy(tags), 0)
            ),
            _("F1 counts entities, and this tagger finds none."): (
                lambda tags: (accuracy(tags), accuracy(tags))
            ),
            _("That counts each entity as one word. Accuracy counts words."): lambda tags: (
                1 - sum(len(entity_spans(its)) for its in tags) / sum(map(len, tags)),
                0,
            ),
        },
    )


@exercise
def faults(answer: Any, sentences: pd.DataFrame) -> None:
    """Find what is wrong with the data: count ``leaked``, ``disputed`` and ``invisible``.

    ``leaked`` are the test sentences that also stand in train, and ``disputed`` the distinct
    sentences that occur with different tags, both in any letter case. ``invisible`` are the words
    that consist only of marks, spaces and control characters.
    """
    text = sentences["tokens"].map(" ".join).str.casefold()
    tags = sentences["tags"].map(" ".join)
    in_test = sentences["split"] == "test"
    mapping(
        answer,
        {
            "leaked": int(text[in_test].isin(text[sentences["split"] == "train"]).sum()),
            "disputed": int((tags.groupby(text).nunique() > 1).sum()),
            "invisible": sum(map(_is_invisible, sentences["tokens"].explode())),
        },
        hint=_("Compare sentences with str.casefold, so that case does not matter."),
        hints={
            "leaked": _(
                "Count the sentences of test that also stand in train, in any letter case."
            ),
            "disputed": _("Count a repeated sentence only once. Its tags must differ."),
            "invisible": _(
                "Count the words in which every character is a mark, a space or a "
                "control: the categories that begin with M, Z and C."
            ),
        },
    )


def _is_invisible(word: str) -> bool:
    return all(unicodedata.category(character)[0] in "MZC" for character in word)


@exercise
def agreement(answer: Any, first: Sentences, second: Sentences) -> None:
    """Compute the F1 of one annotation of some texts against another of the same texts."""
    pairs = [
        (set(entity_spans(a)), set(entity_spans(b))) for a, b in zip(first, second, strict=True)
    ]
    shared = sum(len(a & b) for a, b in pairs)
    total = sum(len(a) + len(b) for a, b in pairs)
    words = [x == y for a, b in zip(first, second, strict=True) for x, y in zip(a, b, strict=True)]
    each = [2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0 for a, b in pairs]
    share(
        answer,
        2 * shared / total if total else float("nan"),
        hint=_(
            "Count the entities of each annotation. Divide twice the entities that both have by "
            "the sum of these counts."
        ),
        mistakes={
            _("That is the share of words with the same tag. Count entities."): (
                sum(words) / max(len(words), 1)
            ),
            _("That is a mean over sentences. Count the entities of all sentences together."): (
                sum(each) / max(len(each), 1)
            ),
            _("Both have these entities, so they count twice: once for each annotation."): (
                shared / max(total, 1)
            ),
        },
    )


@exercise
def annotations(
    answer: Any, sentences: Sentences, tags: Sentences, types: Sequence[str]
) -> str | None:
    """Tag raw sentences, ``{number: {"its words": "type"}}``, and compare with the gold tags."""
    if not isinstance(answer, Mapping):
        raise AnswerError(_("Give a dictionary: for each sentence its number and its entities."))
    found = gold = both = 0
    missed: dict[str, tuple[str, int]] = {}  # for each type an entity, and in which sentence
    shared: set[str] = set()
    for row, (words, its_tags) in enumerate(zip(sentences, tags, strict=True)):
        mine = _marked(row, answer.get(row), words, types)
        theirs = set(entity_spans(its_tags))
        found, gold, both = found + len(mine), gold + len(theirs), both + len(mine & theirs)
        shared |= {type_ for type_, start, end in mine & theirs}
        for type_, start, end in theirs - mine:
            missed.setdefault(type_, (" ".join(words[start:end]), row))
    f1 = 2 * both / (found + gold) if found + gold else 1.0
    report = _(
        "You marked {found} entities and the annotators {gold}; {both} are the same (F1 {f1:.2f})."
    ).format(found=found, gold=gold, both=both, f1=f1)
    if f1 < 0.5:
        raise AnswerError(_("{report} Read the meaning of each type again.").format(report=report))
    for type_ in sorted(missed.keys() - shared):
        name, row = missed[type_]
        raise AnswerError(
            _(
                "{report} You and the annotators have no {type} in common; they marked {name} "
                "in sentence {row}. Read what {type} means, and look for it again."
            ).format(report=report, type=type_, name=name, row=row)
        )
    return report


def _marked(row: int, names: Any, words: Sequence[str], types: Sequence[str]) -> set[Span]:
    """Turn a learner's names in a sentence into spans, wherever they stand in it."""
    if not isinstance(names, Mapping):
        raise AnswerError(
            _("Sentence {row}: give a dictionary, {{}} if it has no entity.").format(row=row)
        )
    spans_found = set()
    for name, type_ in names.items():
        if not isinstance(type_, str) or type_ not in types:
            raise AnswerError(
                _("Sentence {row}: {type!r} is not a type; choose one of {types}.").format(
                    row=row, type=type_, types=", ".join(types)
                )
            )
        its_words = str(name).split()
        n_words = len(its_words)
        starts = [
            start
            for start in range(len(words) - n_words + 1)
            if its_words and list(words[start : start + n_words]) == its_words
        ]
        if not starts:
            raise AnswerError(
                _("Sentence {row} does not hold {name!r}. Copy its words exactly.").format(
                    row=row, name=name
                )
            )
        spans_found |= {(type_, start, start + n_words) for start in starts}
    return spans_found
