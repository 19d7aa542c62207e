"""Counts and scores to the figures of the lessons.

Counts in two levels are mappings of mappings, which a data frame (columns, then index) is too.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers.labels import label
from helpers.plots.drawing import (
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    Drawing,
    Panel,
    drawing,
    wrapped,
)
from helpers.tagging import OUTSIDE
from helpers.translation import _

Counts = Mapping[str, Mapping[str, int]]
Interval = tuple[float, float, float]  # a score, and the lower and the upper end of its interval

_BARS = {  # colour and hatch
    "train": (BLUE, ""),
    "validation": (ORANGE, "//"),
    "test": (GREEN, ".."),
    **dict.fromkeys(("seen", "subwords", "read here"), (GREY, "")),
    **dict.fromkeys(("unseen", "padding", "context only"), (LIGHT_GREY, "//")),
}
_POINTS = {  # marker, colour and filling
    "precision": (">", SKY, SKY),
    "recall": ("s", PINK, PINK),
    "F1": ("o", RED, RED),
    "F1 without an interval": ("D", RED, "white"),
    "F1 that others report": ("s", GREY, "white"),
}


class _Point(NamedTuple):
    """A score of a figure, and the ends of its interval where it has one."""

    name: str
    series: str
    score: float
    low: float = np.nan
    high: float = np.nan


def entity_counts(counts: Counts) -> Drawing:
    """Turn ``counts[split][type]`` into bars: how many entities of each type a split has."""
    table = pd.DataFrame(counts).fillna(0).sort_index()
    texts = table.map("{:,.0f}".format)
    title, x, y = _("Entities by type and split"), _("entities"), _("type")
    return _grouped_bars(title, table, texts, totals=table.sum(), x=x, y=y)


def entity_lengths(lengths: Mapping[str, Sequence[int]]) -> Drawing:
    """Turn ``lengths[split]``, the words of each entity, into bars: the share of each length."""
    longest = 6  # entities of so many words or more share a bar
    rows = [*map(str, range(1, longest)), _("{n} or more").format(n=longest)]
    counts = {
        split: np.bincount(np.minimum(its, longest).astype(int), minlength=longest + 1)[1:]
        for split, its in lengths.items()
    }
    table = pd.DataFrame(counts, index=rows)
    shares = 100 * table / table.sum().clip(lower=1)
    title, x = _("Length of entities by split"), _("share of the split's entities (%)")
    texts, y = shares.map(_percent), _("words in an entity")
    return _grouped_bars(title, shares, texts, totals=table.sum(), x=x, y=y)


def seen_entities(counts: Counts) -> Drawing:
    """Turn ``counts[type]["seen"]`` and ``["unseen"]`` into bars: what train has shown before.

    Args:
        counts: For each type how many test entities occur in train (seen) and how many do not.
    """
    table = _parts(counts, "seen", "unseen")
    texts = _texts(_("{seen:,} of {total:,} seen ({percent})"), table)
    title, x, y = _("Test entities that occur in train, by type"), _("test entities"), _("type")
    return _stacked_bars(title, table[["seen", "unseen"]], texts, x=x, y=y)


def found_entities(counts: Counts) -> Drawing:
    """Turn ``counts[group]["found"]`` and ``["not found"]`` into points: the recall of each group.

    Args:
        counts: For each group, such as seen and unseen in train, how many gold entities the
            tagger found, type and offsets exactly right, and how many it did not.
    """
    table = _parts(counts, "found", "not found").rename_axis("group").reset_index()
    table["group"] = table["group"].map(label)
    names = _texts(_("{group}\n{found:,} of {total:,}"), table)
    low, high = wilson_interval(table["found"], table["total"])
    points = map(_Point, names, cycle(["recall"]), table["share"], low, high)
    title = _("Gold entities that the tagger found (line: 95 % interval)")
    return _points(title, points, digits=2, x=_("recall (0 to 1)"), y=_("group"))


def padding_costs(counts: Counts) -> Drawing:
    """Turn ``counts[strategy]["subwords"]`` and ``["padding"]`` into bars: what padding costs.

    Args:
        counts: For each strategy of making batches how many of the positions that the model
            computes hold a subword and how many hold padding.
    """
    table = _parts(counts, "padding", "subwords").rename(index=label)
    texts = _texts(_("{percent} padding"), table)
    title, x = _("What padding costs, by strategy"), _("positions that the model computes")
    return _stacked_bars(title, table[["subwords", "padding"]], texts, x=x, y=_("strategy"))


def windows(cells: Any) -> Drawing:
    """Turn the windows of one sentence into rows of cells: what each reads and what it only sees.

    Args:
        cells: A row for each window and a column for each subword of the sentence; 0 where the
            window does not hold the subword, 1 where it holds it as context, 2 where it reads it.
    """
    cells = np.asarray(cells)
    states = {"read here": cells == 2, "context only": cells == 1}
    words = {
        str(window): {label(name): f"{holds[window].sum()}" for name, holds in states.items()}
        for window in range(len(cells))
    }
    title, x, y = _("Windows of one sentence"), _("subword of the sentence"), _("window")
    panel = Panel(title, x, y, words)
    with drawing(panel, height=1.5 + 0.35 * len(cells)) as (figure, (axes,)):
        for name, holds in states.items():
            rows, columns = np.nonzero(holds)
            colour, hatch = _BARS[name]
            axes.barh(rows, 1, left=columns, label=label(name), color=colour, hatch=hatch)
        _name_rows(axes, words)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def type_scores(scores: Mapping[str, Any], intervals: Mapping[str, Interval]) -> Drawing:
    """Turn the scores of `helpers.metrics.entity_scores` into points for each type and for all.

    Args:
        scores: As `helpers.metrics.entity_scores` returns them.
        intervals: For each type, and for ``"all"``, F1 with the lower and the upper end of its
            interval, as `helpers.metrics.f1_interval` gives them.
    """
    support = sum(row["support"] for row in scores["types"].values())
    points = []
    for type_, its in {**scores["types"], "all": {**scores, "support": support}}.items():
        name = f"{label(type_) if type_ == 'all' else type_}\nn = {its['support']:,}"
        points.append(_Point(name, "precision", its["precision"]))
        points.append(_Point(name, "recall", its["recall"]))
        points.append(_Point(name, "F1", *intervals[type_]))
    title = _("Scores by type (n: gold entities; line: 95 % interval)")
    return _points(title, points, digits=2, x=_("score (0 to 1)"), y=_("type"))


def baselines(
    f1: Mapping[str, float | Interval], *, published: Mapping[str, float] | None = None
) -> Drawing:
    """Turn the F1 of several taggers into points on one scale, in the order given.

    Args:
        f1: For each tagger its F1, or its F1 with the lower and the upper end of an interval, as
            `helpers.metrics.f1_interval` gives them.
        published: F1 of systems that others report, below the others.
    """
    points = [
        _Point(label(name), "F1", *score)
        if isinstance(score, tuple)
        else _Point(label(name), "F1 without an interval", score)
        for name, score in f1.items()
    ]
    points += [
        _Point(label(name), "F1 that others report", score)
        for name, score in (published or {}).items()
    ]
    title = _("F1 of each tagger (line: 95 % interval)")
    return _points(title, points, digits=3, x=_("F1 (0 to 1)"), y=_("tagger"))


def reliability(scores: Sequence[float], right: Sequence[bool]) -> Drawing:
    """Turn scores and what was right into a reliability diagram: can the scores be trusted?

    Predictions are put into ten bins of equal width by their score. A point stands at the mean
    score of a bin and the share of it that is right, with its interval; it grows with the number of
    predictions, which is printed below. On the diagonal score and share agree, below it the scores
    promise too much.

    Args:
        scores: The score of each predicted entity, from 0 to 1.
        right: Whether it is right.

    Raises:
        ValueError: Not one score for each answer, or none.

    Source: Guo et al. (2017), *On Calibration of Modern Neural Networks*.
    """
    if len(scores) != len(right) or not len(scores):
        raise ValueError(
            f"scores has {len(scores)} values and right {len(right)}; give one for each prediction"
        )
    table = pd.DataFrame({"score": np.asarray(scores), "right": np.asarray(right, dtype=int)})
    table["bin"] = np.minimum((10 * table["score"]).astype(int), 9)
    bins = table.groupby("bin", as_index=False).agg(
        score=("score", "mean"), right=("right", "sum"), n=("right", "size")
    )
    bins["share"] = bins["right"] / bins["n"]
    bins["low"], bins["high"] = wilson_interval(bins["right"], bins["n"])
    names = _texts(_("score {score:.2f}"), bins)
    texts = _texts(_("{right:,} of {n:,} right, {share:.2f} ({low:.2f} to {high:.2f})"), bins)
    panel = Panel(
        _("How far scores can be trusted (line: 95 % interval; n: predicted entities)"),
        x=_("mean score of the bin"),
        y=_("share that is right"),
        values=dict(zip(names, texts, strict=True)),
    )
    with drawing(panel, height=5) as (figure, (axes,)):
        diagonal = _("scores and shares agree; below, the scores promise too much")
        axes.plot([0, 1], [0, 1], color="black", linestyle=":", label=diagonal)
        axes.vlines(bins["score"], bins["low"], bins["high"], color=GREY, linewidth=2)
        areas = (10 + 3 * bins["n"]).clip(upper=300)
        axes.scatter(bins["score"], bins["share"], areas, color=GREY, zorder=3)
        for place, text in zip(bins["bin"], _texts("n = {n:,}", bins), strict=True):
            axes.text((place + 0.5) / 10, -0.09, text, ha="center", fontsize=8)
        axes.grid(True)
        axes.set(xlim=(0, 1), ylim=(-0.12, 1.03))
        figure.legend(loc="outside lower center")
    return figure


def type_confusion(counts: Mapping[tuple[str, str], int]) -> Drawing:
    """Turn the counts of (gold type, predicted type) into a heat map.

    A row is a gold type, with the number of its entities, and shaded by its shares; the numbers are
    counts. ``O`` as a gold type stands for predictions that are no entity, as a predicted type for
    entities that were missed.

    Args:
        counts: For each pair of types the number of entities.
    """
    types = [*sorted({type_ for pair in counts for type_ in pair} - {OUTSIDE}), OUTSIDE]
    cells = np.array([[counts.get((gold, found), 0) for found in types] for gold in types])
    cells[-1, -1] = 0  # what is O in both is no entity
    totals = cells.sum(axis=1)
    table = pd.DataFrame({"type": [*types[:-1], _("O (spurious)")], "n": totals})
    rows, columns = _texts("{type}\nn = {n:,}", table), [*types[:-1], _("O (missed)")]
    words = {
        row: {column: f"{n:,}" for column, n in zip(columns, its, strict=True) if n}
        for row, its in zip(rows, cells, strict=True)
        if its.any()
    }
    title, x, y = _("Gold types and what was predicted"), _("predicted type"), _("gold type")
    panel = Panel(title, x, y, words)
    with drawing(panel, height=2 + 0.5 * len(types)) as (figure, (axes,)):
        shares = 100 * cells / np.maximum(totals, 1)[:, None]
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        figure.colorbar(image, label=_("share of the row (%)"))
        size, angle = (10, 30) if len(types) < 10 else (7, 90)
        for (row, column), count in list(np.ndenumerate(cells))[:-1]:
            colour = "white" if shares[row, column] > 55 else "black"
            text = axes.text(column, row, f"{count:,}", color=colour, fontsize=size)
            text.set(ha="center", va="center")
        axes.set_yticks(range(len(types)), rows)
        axes.set_xticks(range(len(types)), columns)
        axes.tick_params(axis="x", rotation=angle)
    return figure


def wilson_interval(right: Any, n: Any) -> tuple[Any, Any]:
    """Turn counts, or arrays of counts, into the ends of the 95 % interval of their share.

    >>> "{:.2f} to {:.2f}".format(*wilson_interval(2, 3))
    '0.21 to 0.94'

    Source: Wilson (1927), *Probable Inference, the Law of Succession, and Statistical Inference*.
    """
    z = 1.96  # standard deviations to both sides that hold 95 % of a normal distribution
    centre = (right + z**2 / 2) / (n + z**2)
    reach = z * np.sqrt(right * (n - right) / np.maximum(n, 1) + z**2 / 4) / (n + z**2)
    return centre - reach, centre + reach


def _parts(counts: Counts, part: str, other: str) -> pd.DataFrame:
    """Turn counts of two parts into a table with their total and the share of the first."""
    table = pd.DataFrame(counts).T.reindex(columns=[part, other]).fillna(0).astype(int)
    total = table.sum(axis=1)
    share = table[part] / total.clip(lower=1)
    return table.assign(total=total, share=share, percent=(100 * share).map(_percent))


def _texts(template: str, table: pd.DataFrame) -> list[str]:
    """Fill a template with each row of a table."""
    return [template.format_map(row) for row in table.to_dict("records")]


def _percent(share: float) -> str:
    """Write a percentage, and one that is not 0 never as 0.

    >>> _percent(0.2), _percent(1), _percent(0)
    ('<1 %', '1 %', '0 %')
    """
    return "<1 %" if 0 < share < 0.5 else f"{share:.0f} %"


def _grouped_bars(
    title: str, table: pd.DataFrame, texts: pd.DataFrame, *, totals: pd.Series, x: str, y: str
) -> Drawing:
    """Draw a group of bars for each row, and in it a bar with its text for each split."""
    words = {
        str(split): dict(zip(map(str, table.index), its, strict=True))
        for split, its in texts.items()
    }
    size = 0.8 / max(len(words), 1)
    with drawing(Panel(title, x, y, words), height=1.5 + 0.23 * table.size) as (figure, (axes,)):
        for number, split in enumerate(words):
            colour, hatch = _BARS[split]
            name = f"{split} (n = {totals[split]:,.0f})"
            places = np.arange(len(table)) + (number + 0.5) * size - 0.4
            bars = axes.barh(places, table[split], size, label=name, color=colour, hatch=hatch)
            axes.bar_label(bars, texts[split], padding=3, fontsize=8)
        axes.locator_params(axis="x", integer=True)
        _name_rows(axes, table.index)
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def _stacked_bars(
    title: str, table: pd.DataFrame, texts: Sequence[str], *, x: str, y: str
) -> Drawing:
    """Draw a bar with its text for each row, and in it a part for each column."""
    words = dict(zip(map(str, table.index), texts, strict=True))
    with drawing(Panel(title, x, y, words), height=1.5 + 0.4 * len(table)) as (figure, (axes,)):
        rows, left = np.arange(len(table)), np.zeros(len(table))
        for part in map(str, table):
            colour, hatch = _BARS[part]
            bars = axes.barh(rows, table[part], left=left, color=colour, hatch=hatch)
            bars.set_label(label(part))
            left += table[part]
        axes.bar_label(bars, texts, padding=4)
        axes.locator_params(axis="x", integer=True, nbins=6)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        _name_rows(axes, words)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _points(title: str, points: Iterable[_Point], *, digits: int, x: str, y: str) -> Drawing:
    """Draw scores as points, their intervals as lines, and print them at the right.

    Scores of one name stand together.
    """
    table = pd.DataFrame(points)
    numbers = table[["score", "low", "high"]].map(f"{{:.{digits}f}}".format)
    intervals = _texts(_("{score} ({low} to {high})"), numbers)
    table["text"] = numbers["score"].where(table["low"].isna(), intervals)
    groups = table.groupby("name", sort=False)
    shift = (groups.cumcount() + 0.5) / groups["name"].transform("size")
    table["place"] = groups.ngroup() + 0.8 * shift - 0.4
    words = {
        str(name): dict(zip(its["series"].map(label), its["text"], strict=True))
        for name, its in groups
    }
    with drawing(Panel(title, x, y, words), height=1.5 + 0.22 * len(table)) as (figure, (axes,)):
        for series, its in table.groupby("series", sort=False):
            marker, colour, filling = _POINTS[str(series)]
            axes.hlines(its["place"], its["low"], its["high"], color=colour, linewidth=2)
            (drawn,) = axes.plot(its["score"], its["place"], marker, color=colour)
            drawn.set(markerfacecolor=filling, label=label(str(series)))
        _name_rows(axes, words)
        axes.set_xlim(-0.02, 1.02)
        printed = axes.secondary_yaxis("right")
        printed.set_yticks(table["place"], table["text"], fontsize=9)
        printed.tick_params(length=0)
        printed.spines["right"].set_visible(False)
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def _name_rows(axes: Axes, names: Iterable[Any]) -> None:
    """Name the rows of a figure, the first on top."""
    names = [wrapped(name, 34) for name in names]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(True, axis="x")
