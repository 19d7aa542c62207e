"""One sentence on its way through a model, from words to tags, with the shape of every step."""

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from helpers.labels import label
from helpers.plots.drawing import GREY, SKY, Drawing, Panel, drawable, drawing, families
from helpers.translation import _

STEPS = ("words", "subwords", "ids", "vectors", "layers", "logits", "tags")

_ROOM = 74  # letters that fit side by side; of a longer sentence only the beginning is drawn


def shapes(
    words: Sequence[str],
    encoding: Any,
    config: Any,
    *,
    tags: Sequence[str],
    highlight: Collection[str] = (),
) -> Drawing:
    """Turn a sentence and the sizes of a model into a picture of the way from words to tags.

    Every step has a row with its shape at the right: words, subwords, ids, vectors, layers, logits
    and tags. The tag of a word comes from the logits of its first subword.

    Args:
        words: The words of the sentence.
        encoding: What the tokenizer made of it: ``tokenizer(words, is_split_into_words=True)``.
        config: The sizes of the model: ``model.config``.
        tags: For each word its tag.
        highlight: The steps that stand out.

    Raises:
        ValueError: A step that does not exist, or not one tag for each word.
    """
    if unknown := sorted(set(highlight).difference(STEPS)):
        raise ValueError(f"highlight holds {unknown}; the steps are {', '.join(STEPS)}")
    if len(words) != len(tags):
        raise ValueError(f"words has {len(words)} words and tags {len(tags)}; each takes one tag")
    n, size = len(encoding["input_ids"]), config.hidden_size
    shape_of = {
        "words": ((len(words),), _("words")),
        "subwords": ((1, n), _("rows, subwords")),
        "ids": ((1, n), _("rows, subwords")),
        "vectors": ((1, n, size), _("rows, subwords, numbers")),
        "layers": ((1, n, size), _("rows, subwords, numbers")),
        "logits": ((1, n, config.num_labels), _("rows, subwords, tags")),
        "tags": ((len(tags),), _("tags")),
    }
    layers = _("{n} layers: every vector is computed from all vectors").format(
        n=config.num_hidden_layers
    )
    texts = {"words": words, "subwords": encoding.tokens(), "layers": [layers], "tags": tags}
    shown = {step: f"{shape}\n{names}" for step, (shape, names) in shape_of.items()}
    values = {
        label(step): " ".join([shape, *map(str, texts.get(step, ()))])
        for step, shape in shown.items()
    }
    title = _("One sentence from words to tags, with the shape of every step")
    with drawing(Panel(title, values=values), height=4.6) as (figure, (axes,)):
        for row, (step, shape) in enumerate(shown.items()):
            weight = "bold" if step in highlight else "normal"
            if step in highlight:
                axes.axhspan(row - 0.45, row + 0.45, color=SKY, alpha=0.35, linewidth=0)
            axes.text(-1, row, label(step), ha="right", va="center", weight=weight)
            axes.text(_ROOM + 1, row, shape, va="center", fontsize=8, weight=weight)
        _draw_steps(axes, _columns(words, encoding, tags), layers)
    return figure


def _columns(words: Sequence[str], encoding: Any, tags: Sequence[str]) -> pd.DataFrame:
    """Give each subword a column that is wide enough for all that stands in it."""
    word_ids = encoding.word_ids()
    words, tags = [*map(drawable, words)], [*map(drawable, tags)]
    subwords = map(drawable, encoding.tokens())
    table = pd.DataFrame({"subword": subwords, "id": map(str, encoding["input_ids"])})
    table["width"] = table.map(len).max(axis=1) + 1.5
    table["at"] = [-1 if word is None else word for word in word_ids]
    table["word"] = [None if word is None else words[word] for word in word_ids]
    table["tag"] = [None if word is None else tags[word] for word in word_ids]
    for word in set(word_ids) - {None}:
        own = table["at"] == word
        letters = table.loc[own, ["word", "tag"]].map(len).to_numpy().max()
        missing = letters + 1.5 - table.loc[own, "width"].sum()
        table.loc[own, "width"] += max(missing, 0) / own.sum()
    if table["width"].sum() > _ROOM:
        gap, last = pd.DataFrame({"subword": ["…"], "id": ["…"], "at": -1, "width": 4}), table[-1:]
        fits = table["width"].cumsum() + gap["width"].sum() + last["width"].sum() <= _ROOM
        cut = set(table.loc[~fits, "at"]) - {-1}  # a word is drawn whole or not at all
        table = pd.concat([table[fits & ~table["at"].isin(cut)], gap, last], ignore_index=True)
    table["right"] = table["width"].cumsum() * _ROOM / table["width"].sum()
    table["left"] = table["right"].shift(fill_value=0)
    table["middle"] = (table["left"] + table["right"]) / 2
    return table


def _draw_steps(axes: Axes, columns: pd.DataFrame, layers: str) -> None:
    """Draw the boxes of every step, and the arrows from one step to the next."""
    of_words = columns[columns["at"] >= 0]
    first, last = (of_words.drop_duplicates("at", keep=keep) for keep in ("first", "last"))
    by_word = first.assign(right=last["right"].to_numpy())
    whole = pd.DataFrame({"left": [0], "right": [_ROOM], "text": [layers]})
    boxes = {0: (by_word, "word"), 1: (columns, "subword"), 2: (columns, "id")}
    boxes |= {4: (whole, "text"), 6: (by_word, "tag")}
    for row, (places, text) in boxes.items():
        left, width = places["left"] + 0.4, places["right"] - places["left"] - 0.8
        bars = axes.barh([row] * len(places), width, 0.56, left, color="white", edgecolor=GREY)
        axes.bar_label(
            bars, places[text], label_type="center", fontsize=8, family=families("monospace")
        )
    for row in (3, 5):  # a vector for every subword, drawn as a pile of numbers
        left, rows = columns["middle"] - 1, [row] * len(columns)
        axes.barh(rows, 2, 0.56, left, color="white", edgecolor=GREY, hatch="----")
    arrows = [of_words, columns, columns, columns, columns, first]
    for row, places in enumerate(arrows):
        ends = places["middle"]
        axes.vlines(ends, row + 0.3, row + 0.64, color=GREY, linewidth=1)
        axes.plot(ends, [row + 0.64] * len(ends), "v", color=GREY, markersize=3)
    axes.set(xlim=(-10, _ROOM + 25), ylim=(6.5, -0.5))
    axes.set_axis_off()
