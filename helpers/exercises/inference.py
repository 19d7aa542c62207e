"""The exercises of lesson 5."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from helpers.exercises.answers import (
    AnswerError,
    as_number,
    count,
    exercise,
    function,
    mapping,
    share,
)
from helpers.tagging import entity_spans

Entity = Mapping[str, Any]


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
        hint="Take the index of the highest logit at each position of the first and only text, and "
        "look up its name. The result is a list of names.",
    )


@exercise
def inside_words(answer: Any, texts: Sequence[str], entities: Sequence[Sequence[Entity]]) -> None:
    """Count the entities that begin or end inside a word."""
    borders = [
        [f" {text} "[at : at + 2].isalnum() for at in (entity["start"], entity["end"])]
        for text, found in zip(texts, entities, strict=True)
        for entity in found
    ]
    count(
        answer,
        sum(map(any, borders)),
        hint="With a space at both ends, f' {text} '[border : border + 2] is the character before "
        "the border and the one after it. isalnum() tells whether both are letters or digits.",
        mistakes={
            "That counts borders. An entity with two of them counts once.": sum(map(sum, borders)),
            "That counts beginnings. An entity may also end inside a word.": sum(
                start for start, _ in borders
            ),
            "That is the number of all entities.": len(borders),
        },
    )


@exercise
def may_follow(answer: Any) -> None:
    """Write the rule of IOB2: may the second tag follow the first?

    At the start of a sentence the tag before is ``O``.
    """
    types = ("person", "work", "creative-work")
    tags = ["O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BI")]
    function(
        answer,
        [
            ((before, tag), not tag.startswith("I-") or before[1:] == tag[1:])
            for before, tag in product(tags, tags)
        ],
        hint="O and B- may follow anything. I- continues an entity of its own type: only B- or I- "
        "of that type may stand before it. Return True or False.",
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
        hint="Give a count for 'lenient' and one for 'strict'.",
        hints={
            "lenient": "Here an I- that continues nothing begins an entity.",
            "strict": "Here an entity begins with B-. An I- that continues nothing is ignored.",
        },
    )


@exercise
def share_lost(answer: Any, text: str, read_to: int) -> None:
    """Compute the share of the words of a text that a plain pipeline does not read."""
    words = text.split()
    share(
        answer,
        len(text[read_to:].split()) / len(words),
        hint="text[read_to:] is the part that is not read. Split it, and the whole, into words.",
        mistakes={"That counts characters. Count words.": (len(text) - read_to) / len(text)},
    )


@exercise
def types_found(answer: Any, records: Sequence[Mapping[str, Any]]) -> None:
    """Count the entities of each type in a file of tagged texts."""
    types = (entity["entity_group"] for record in records for entity in record["entities"])
    mapping(
        answer,
        Counter(types),
        hint="Each record has a list of entities, and each entity its type as 'entity_group'.",
    )


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
        hint="Escape the text before the entity, the entity and the text after it, each with "
        "html.escape, and put <mark> and </mark> around the middle one.",
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
        hint="Of the pairs whose gold entity has more than one word, which share is 'right'?",
        mistakes={
            "That is the recall of all entities.": is_right.mean(),
            "That is the recall of entities of one word.": is_right[~is_long].mean(),
            "That also counts entities that are only partly right.": partly[is_long].mean(),
            "Divide by the gold entities of more than one word, not by all.": (
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
        raise AnswerError(f"Found {given:g}. A score, and so a threshold, lies between 0 and 1.")
    if f1(given) < best - 1e-9 and not any(abs(score - given) <= 0.0005 for score in near):
        raise AnswerError(
            f"With {given:g} F1 is {f1(given):.3f}, and another threshold reaches {best:.3f}. Try "
            "each score as a threshold."
        )
    return f"It raises F1 on validation from {f1(0):.3f} to {best:.3f}."
