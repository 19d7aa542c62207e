"""The exercises of lesson 5."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.decoding import Decoder, legal_transitions
from helpers.exercises.answers import (
    AnswerError,
    as_number,
    exercise,
    function,
    mapping,
    share,
)
from helpers.tagging import entity_spans
from helpers.translation import _


@exercise
def tags_from_logits(answer: Any, logits: Any, id2label: Mapping[int, str]) -> None:
    """Write the function that turns one text's logits and ``id2label`` into tags of positions."""
    function(
        answer,
        [
            ((scores, dict(id2label)), [id2label[index] for index in np.argmax(rows, axis=-1)])
            for scores in (logits, -logits, logits[:, ::2], logits[:, :1])
            for rows in scores.tolist()
        ],
        hint=_(
            "Take the index of the highest logit at each position of the first and only text, and "
            "look up its name. The result is a list of names."
        ),
    )


_WORDS = [
    [[0.55, 0.45, 0.0], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]],  # each strategy gives another tag
    [[0.2, 0.3, 0.5], [0.7, 0.3, 0.0]],
    [[0.5, 0.4, 0.1], [0.1, 0.9, 0.0], [0.5, 0.3, 0.2], [0.5, 0.4, 0.1]],
    [[0.05, 0.15, 0.8]],
]


@exercise
def word_tag(answer: Any) -> None:
    """Write the function that turns ``probabilities, strategy`` of a word into a tag's number."""
    function(
        answer,
        [
            ((np.array(word), strategy), int(reduced(np.array(word)).argmax()))
            for word in _WORDS
            for strategy, reduced in {
                "first": lambda rows: rows[0],
                "average": lambda rows: rows.mean(axis=0),
                "max": lambda rows: rows.max(axis=0),
            }.items()
        ],
        hint=_(
            "A row is a subword and a column is a tag. 'first' looks at one row, 'average' and "
            "'max' at all rows of each column. The result is the number of a column."
        ),
    )


_SENTENCES = [  # the probability of O, B-x, I-x, B-y and I-y for each word
    [[0.5, 0.4, 0.1], [0.3, 0.05, 0.65]],  # the path that is worse at first
    [[0.1, 0.3, 0.6], [0.9, 0.06, 0.04]],  # it cannot begin with I-x
    [[0.9, 0.06, 0.04], [0.15, 0.05, 0.8]],  # B-x is too rare for I-x, so it is O O
    [[0.4, 0.35, 0.25], [0.45, 0.05, 0.5], [0.3, 0.02, 0.68]],
    [[0.02, 0.9, 0.08]],
    [[0.05, 0.5, 0.05, 0.38, 0.02], [0.1, 0.05, 0.2, 0.05, 0.6], [0.9, 0.02, 0.02, 0.03, 0.03]],
]


@exercise
def decode(answer: Any) -> None:
    """Write the function that turns ``scores, allowed`` into the most probable legal path."""
    cases = []
    for scores in map(np.log, _SENTENCES):
        names = ["O", "B-x", "I-x", "B-y", "I-y"][: scores.shape[1]]
        [tags] = Decoder(names)(scores, np.ones(len(scores), dtype=bool), [len(scores)])
        path = [names.index(tag) for tag in tags]
        cases.append(((scores.round(2), legal_transitions(names)), path))
    function(
        answer,
        cases,
        hint=_(
            "Add the scores of the tags of a path. Of all paths in which each tag may follow the "
            "one before it, the first one as if behind O, return the one with the highest sum."
        ),
    )


@exercise
def conventions(answer: Any, tags: Sequence[str]) -> None:
    """Say how many entities a ``lenient`` and a ``strict`` scorer read in faulty tags."""
    mapping(
        answer,
        {
            "lenient": len(entity_spans(tags)),
            "strict": sum(tag.startswith("B-") for tag in tags),
        },
        hint=_("Give a count for 'lenient' and one for 'strict'."),
        hints={
            "lenient": _("Here an I- that continues nothing begins an entity."),
            "strict": _("Here an entity begins with B-. An I- that continues nothing is ignored."),
        },
    )


class _NearSighted:
    """A tagger of short windows that knows a word only if enough of its text is around it."""

    def __init__(self, words: Sequence[str], size: int, overlap: int) -> None:
        self.words, self.size, self.reach = words, size, overlap // 2

    def __call__(self, words: Sequence[str]) -> list[str]:
        if len(words) > self.size:
            raise ValueError(f"found {len(words)} words, and tag_window reads only {self.size}")
        return [
            _tag_of(word)
            if self._sees(words, place)
            else _("no context for {word}").format(word=word)
            for place, word in enumerate(words)
        ]

    def _sees(self, words: Sequence[str], place: int) -> bool:
        before, behind = place, len(words) - 1 - place
        return (before >= self.reach or words[0] == self.words[0]) and (
            behind >= self.reach or words[-1] == self.words[-1]
        )

    def __repr__(self) -> str:
        return "tag_window"


def _tag_of(word: str) -> str:
    return _("tag of {word}").format(word=word)


@exercise
def tag_long(answer: Any) -> None:
    """Write the function that tags a long text through a tagger of short windows."""
    cases = []
    for n_words, size, overlap in [(20, 8, 4), (20, 6, 2), (5, 8, 4), (8, 8, 4), (9, 8, 4)]:
        words = [f"w{number}" for number in range(n_words)]
        window = _NearSighted(words, size, overlap)
        cases.append(((words, window, size, overlap), [*map(_tag_of, words)]))
    function(
        answer,
        cases,
        hint=_(
            "The result has one tag for each word. Of the words that two windows share, the first "
            "half is read in the earlier window, the second half in the later one."
        ),
    )


@exercise
def tagged_file(answer: Any, records: Sequence[Mapping[str, Any]], lowest: float = 0.9) -> None:
    """Tag a file again and keep only the entities with a high score.

    Args:
        answer: The learner's: the path of the file that was written.
        records: The same file with all entities.
        lowest: The lowest score to keep.
    """
    if isinstance(answer, bytes) or not isinstance(answer, str | os.PathLike):
        raise AnswerError(_("Give the path of the file that you wrote: a Path or a text."))
    path = Path(answer)
    if not path.is_file():
        raise AnswerError(
            _("There is no file {name!r}. Call tag_file with it as the target.").format(
                name=path.name
            )
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [[_place(entity) for entity in json.loads(line)["entities"]] for line in lines]
        scores = [e["score"] for line in lines for e in json.loads(line)["entities"]]
    except (ValueError, TypeError, KeyError):
        raise AnswerError(
            _(
                "{name} holds no texts with entities. Give the target, not the source, as JSON "
                "Lines."
            ).format(name=path.name)
        ) from None
    if len(found) != len(records):
        raise AnswerError(
            _(
                "It has {n_found:,} texts, and the source {n_source:,}. Tag the whole source."
            ).format(n_found=len(found), n_source=len(records))
        )
    if any(score < lowest for score in scores):
        raise AnswerError(
            _(
                "It holds an entity with a score of {score:.2f}. An option of tag_file leaves "
                "out what is below {lowest}."
            ).format(score=min(scores), lowest=lowest)
        )
    if found != [
        [_place(entity) for entity in record["entities"] if entity["score"] >= lowest]
        for record in records
    ]:
        raise AnswerError(
            _(
                "The entities are not those of the source with a score of at least {lowest}. "
                "Tag the same source, with this threshold."
            ).format(lowest=lowest)
        )


def _place(entity: Mapping[str, Any]) -> tuple[str, int, int]:
    return entity["entity_group"], entity["start"], entity["end"]


@exercise
def safe_html(answer: Any) -> None:
    """Write the function that turns ``text, start, end`` into HTML with a ``<mark>``."""
    texts = [
        "Ada met Bo",
        'Ada & Bo <script>alert("boo")</script>',
        "<b>Bo</b> < Ada",
        "2<3 &amp; Bo",
        "Bo, Bo & Bo",
    ]
    places = [(text, *match.span()) for text in texts for match in re.finditer("Bo", text)]
    function(
        answer,
        [(place, place) for place in places],
        hint=_(
            "Escape the text before the entity, the entity and the text after it, each with "
            "html.escape, and put <mark> and </mark> around the middle one."
        ),
        alike=_shows_marked,
    )


class _Page(HTMLParser):
    """What a browser makes of HTML: its elements, its text, and the places marked in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.marked: list[int] = []
        self.is_marked = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.add(tag)
        self.is_marked = tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self.is_marked = False

    def handle_data(self, data: str) -> None:
        if self.is_marked:
            self.marked += range(len(self.text), len(self.text) + len(data))
        self.text += data


def _shows_marked(html: Any, place: tuple[str, int, int]) -> bool:
    if not isinstance(html, str):
        return False
    text, start, end = place
    page = _Page(html)
    elements = page.elements - {"p", "div", "span"}  # they may hold the whole
    return (elements, page.text, page.marked) == ({"mark"}, text, list(range(start, end)))


@exercise
def multi_word_recall(answer: Any, pairs: pd.DataFrame) -> None:
    """Compute the recall of the gold entities that have more than one word.

    Args:
        answer: The learner's.
        pairs: For each pair of entities ``gold`` and ``found``, either of them None, and ``kind``,
            which is ``"right"`` if they agree.
    """
    gold = pairs[pairs["gold"].notna()]
    is_long = gold["gold"].map(lambda span: span[2] - span[1] > 1).astype(bool)
    is_right = gold["kind"] == "right"
    partly = gold["found"].notna()
    share(
        answer,
        is_right[is_long].mean(),
        hint=_("Of the pairs whose gold entity has more than one word, which share is 'right'?"),
        mistakes={
            _("That is the recall of all entities."): is_right.mean(),
            _("That is the recall of entities of one word."): is_right[~is_long].mean(),
            _("That also counts entities that are only partly right."): partly[is_long].mean(),
            _("Divide by the gold entities of more than one word, not by all."): (
                (is_right & is_long).mean()
            ),
        },
    )


@exercise
def threshold(answer: Any, predicted: pd.DataFrame, n_gold: int) -> str | None:
    """Choose the threshold with the highest F1 on validation.

    Args:
        answer: The learner's: entities with a lower score are dropped.
        predicted: ``score`` and ``right`` of each predicted entity.
        n_gold: The number of gold entities.
    """

    def f1(lowest: float) -> float:
        kept = predicted["score"] >= lowest
        return 2 * float(predicted["right"][kept].sum()) / max(int(kept.sum()) + n_gold, 1)

    by_threshold = {score: f1(score) for score in predicted["score"]}
    best = max(by_threshold.values(), default=0.0)
    near = [score for score, value in by_threshold.items() if value >= best - 1e-9]
    given = as_number(answer)
    if not 0 <= given <= 1:
        raise AnswerError(
            _("Found {given:g}. A score, and so a threshold, lies between 0 and 1.").format(
                given=given
            )
        )
    if f1(given) < best - 1e-9 and not any(abs(score - given) <= 0.0005 for score in near):
        raise AnswerError(
            _(
                "With {given:g} F1 is {f1:.3f}, and another threshold reaches {best:.3f}. Try "
                "each score as a threshold."
            ).format(given=given, f1=f1(given), best=best)
        )
    return _("It raises F1 on validation from {before:.3f} to {best:.3f}.").format(
        before=f1(0), best=best
    )
