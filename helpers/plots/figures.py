"""Counts, curves and scores to the figures of the lessons."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots.drawing import (
    COLOURS,
    GREY,
    HATCHES,
    LIGHT_GREY,
    LINE_STYLES,
    PALETTE,
    RED,
    STYLE,
    Drawing,
    drawing,
    wrapped,
)
from helpers.tagging import OUTSIDE

Counts = Mapping[str, Mapping[str, int]]


def entity_counts(counts: Counts) -> Figure:
    """Turn ``counts[split][type]`` into bars: how many entities of each type a split has."""
    with drawing("Entities by type and split") as (figure, (axes,)):
        _grouped_bars(axes, pd.DataFrame(counts).fillna(0).sort_index(), "{:,.0f}")
        axes.set(xlabel="type", ylabel="entities")
    return figure


def entity_lengths(lengths: Mapping[str, Sequence[int]], *, longest: int = 6) -> Figure:
    """Turn ``lengths[split]``, the words of each entity, into bars: the share of each length.

    Args:
        lengths: For each split the number of words of every entity.
        longest: Entities of so many words or more share a bar.
    """
    shares = {
        split: 100 * pd.Series(values).clip(upper=longest).value_counts(normalize=True)
        for split, values in lengths.items()
    }
    frame = pd.DataFrame(shares).reindex(range(1, longest + 1)).fillna(0)
    frame.index = [*map(str, range(1, longest)), f"{longest} or more"]
    with drawing("Length of entities by split") as (figure, (axes,)):
        _grouped_bars(axes, frame, "{:.0f}")
        axes.set(xlabel="words in an entity", ylabel="share of the split's entities (%)")
    return figure


def seen_entities(counts: Counts) -> Figure:
    """Turn ``counts[type]["seen"]`` and ``["unseen"]`` into bars: what train has shown before.

    Args:
        counts: For each type how many test entities occur in train (seen) and how many do not.
    """
    with drawing("Test entities that occur in train, by type") as (figure, (axes,)):
        _share_bars(axes, pd.DataFrame(counts).T[["seen", "unseen"]].fillna(0))
        axes.set(xlabel="share of the type's test entities (%)", ylabel="type")
    return figure


def found_entities(counts: Counts) -> Figure:
    """Turn ``counts[group]["found"]`` and ``["not found"]`` into bars: the recall of each group.

    Args:
        counts: For each group, such as seen and unseen in train, how many gold entities the
            tagger found, type and place exactly right, and how many it did not.
    """
    with drawing("Gold entities that the tagger found", height=3) as (figure, (axes,)):
        _share_bars(axes, pd.DataFrame(counts).T[["found", "not found"]].fillna(0))
        axes.set(xlabel="share of the group's gold entities (%)", ylabel="group")
    return figure


def padding_costs(counts: Counts) -> Figure:
    """Turn ``counts[strategy]["subwords"]`` and ``["padding"]`` into bars: what padding costs.

    Args:
        counts: For each strategy of making batches how many of the positions that the model
            computes hold a subword and how many hold padding.
    """
    frame = pd.DataFrame(counts).T[["subwords", "padding"]]
    with drawing("What padding costs, by strategy", height=3) as (figure, (axes,)):
        bars = _stacked_bars(axes, frame)
        shares = frame["padding"] / frame.sum(axis=1)
        axes.bar_label(bars, [f"{share:.0%} padding" for share in shares], padding=4)
        axes.xaxis.set_major_formatter(lambda position, _: f"{position / 1000:,g}")
        axes.set(xlabel="positions that the model computes (thousands)", ylabel="strategy")
    return figure


def windows(cells: Any) -> Figure:
    """Turn the windows of one sentence into rows of cells: what each reads and what it only sees.

    Args:
        cells: A row for each window and a column for each subword of the sentence; 0 where the
            window does not hold the subword, 1 where it holds it as context, 2 where it reads it.
    """
    cells = np.asarray(cells)
    looks = {"read here": (2, GREY, ""), "context only": (1, LIGHT_GREY, "//")}
    with drawing("Windows of one sentence", height=3.5) as (figure, (axes,)):
        for label, (state, colour, hatch) in looks.items():
            rows, columns = np.nonzero(cells == state)
            axes.barh(
                rows,
                1,
                left=columns,
                label=label,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
            )
        axes.set_yticks(range(len(cells)))
        axes.invert_yaxis()
        axes.set(xlabel="subword of the sentence", ylabel="window")
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def learning_rates(rates: Sequence[float]) -> Figure:
    """Turn the learning rate of every step of a training run into its curve."""
    with drawing("Learning rate, step by step", height=3) as (figure, (axes,)):
        axes.plot(range(1, len(rates) + 1), rates, color=GREY, linewidth=2, label="learning rate")
        axes.grid(True, axis="y")
        axes.set(xlabel="step", ylabel="learning rate", xlim=(0, None), ylim=(0, None))
    return figure


def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Turn the history of a training run into its curves: the loss, and F1 on validation.

    Args:
        history: Rows with ``epoch`` and any of ``loss``, ``eval_loss`` and ``eval_f1``, such as
            ``trainer.state.log_history``; other rows and keys are passed over.

    Raises:
        ValueError: No row holds any of the three.
    """
    curves = {
        key: np.array([(row["epoch"], row[key]) for row in history if key in row])
        for key in ("loss", "eval_loss", "eval_f1")
    }
    if not any(len(points) for points in curves.values()):
        raise ValueError(
            "history has no row with 'loss', 'eval_loss' or 'eval_f1'; give "
            "trainer.state.log_history after training"
        )
    with drawing("Loss", "F1 on validation") as (figure, (losses, scores)):
        _curve(losses, curves["loss"], "training")
        _curve(losses, curves["eval_loss"], "validation")
        losses.legend()
        _curve(scores, curves["eval_f1"], "F1")
        for epoch, f1 in sorted(curves["eval_f1"], key=lambda point: point[1])[-1:]:
            scores.annotate(
                f"best: {f1:.3f}", (epoch, f1), (0, 6), textcoords="offset points", ha="center"
            )
        losses.set(ylabel="cross-entropy (nats per label)")
        scores.set(ylabel="F1 (0 to 1)")
        for panel in (losses, scores):
            panel.margins(0.12)
            panel.grid(True, axis="y")
            panel.set(xlabel="epoch", xlim=(0, None), ylim=(0, None))
    return figure


def type_scores(
    scores: Mapping[str, Any], intervals: Mapping[str, tuple[float, float, float]] | None = None
) -> Figure:
    """Turn the scores of `helpers.metrics.entity_scores` into bars for each type and for all.

    Args:
        scores: As `helpers.metrics.entity_scores` returns them.
        intervals: For each type, and for ``"all"``, F1 with the lower and the upper end of its
            interval, as `helpers.metrics.f1_interval` gives them; drawn as lines on the bars.
    """
    support = sum(row["support"] for row in scores["types"].values())
    rows = {**scores["types"], "all": {**scores, "support": support}}
    frame = pd.DataFrame(
        {
            f"{type_}\nn = {row['support']:,}": [row["precision"], row["recall"], row["f1"]]
            for type_, row in rows.items()
        },
        index=["precision", "recall", "F1"],
    ).T
    title = "Scores by type (n: gold entities" + ("; line: interval of F1)" if intervals else ")")
    with drawing(title) as (figure, (axes,)):
        ends = [intervals[type_] for type_ in rows] if intervals else []
        reach = [(max(f1 - low, 0), max(high - f1, 0)) for f1, low, high in ends]
        _grouped_bars(axes, frame, "{:.2f}", reach={"F1": reach} if reach else None)
        axes.set(xlabel="type", ylabel="score (0 to 1)", ylim=(0, 1.1))
    return figure


def baselines(
    f1: Mapping[str, float | tuple[float, float, float]],
    *,
    published: Mapping[str, float] | None = None,
) -> Figure:
    """Turn the F1 of several taggers into points on one scale, in the order given.

    Args:
        f1: For each tagger its F1, or its F1 with the lower and the upper end of an interval, as
            `helpers.metrics.f1_interval` gives them.
        published: F1 of systems that others report; drawn hollow, below the others.
    """
    published = published or {}
    names = [*f1, *published]
    with drawing("F1 against the baselines", height=1.2 + 0.4 * len(names)) as (figure, (axes,)):
        for place, score in enumerate([*f1.values(), *published.values()]):
            value, *ends = score if isinstance(score, tuple) else (score,)
            if ends:
                axes.plot(ends, [place, place], color=RED, linewidth=2)
            axes.plot(
                value,
                place,
                "o",
                color=RED,
                markerfacecolor=RED if place < len(f1) else "none",
                markersize=7,
            )
            text = f"{value:.3f}" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")
            axes.annotate(
                text, (max([value, *ends]), place), (8, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(names)), [wrapped(name, 34) for name in names])
        axes.invert_yaxis()
        axes.grid(True, axis="x")
        axes.set(xlabel="F1 (0 to 1)", ylabel="tagger", xlim=(-0.02, 1.02))
    texts = [text.get_text() for text in axes.texts]
    rows = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    figure.alt = f"F1 against the baselines: {rows}."
    return figure


def reliability(scores: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> Figure:
    """Turn scores and what was right into a reliability diagram: can the scores be trusted?

    Predictions are put into bins of equal width by their score. A point stands at the mean score of
    a bin and the share of it that is right; its size grows with the number of predictions. On the
    diagonal the two agree, below it the scores promise too much.

    Args:
        scores: The score of each predicted entity, from 0 to 1.
        right: Whether it is right.
        bins: How many bins share the range from 0 to 1.

    Raises:
        ValueError: Not one score for each answer, or none.

    Source: Guo et al. (2017), *On Calibration of Modern Neural Networks*.
    """
    if len(scores) != len(right) or not len(scores):
        raise ValueError(
            f"scores has {len(scores)} values and right {len(right)}; give one for each prediction"
        )
    table = pd.DataFrame({"score": np.asarray(scores), "right": np.asarray(right, dtype=float)})
    bin_of = np.minimum((table["score"] * bins).astype(int), bins - 1)
    means = table.groupby(bin_of).agg(
        score=("score", "mean"), right=("right", "mean"), n=("right", "size")
    )
    with drawing("How far scores can be trusted", height=5) as (figure, (axes,)):
        axes.plot([0, 1], [0, 1], color="black", linestyle=":", label="_as promised")
        axes.plot(means["score"], means["right"], color=GREY, label="_joined")
        axes.scatter(
            means["score"],
            means["right"],
            30 + 400 * means["n"] / len(table),
            color=GREY,
            zorder=3,
        )
        for row in means.itertuples():
            axes.annotate(
                f"n = {row.n:,}", (row.score, row.right), (9, -12), textcoords="offset points"
            )
        axes.text(0.03, 0.9, "says too little", style="italic")
        axes.text(0.72, 0.08, "promises too much", style="italic")
        axes.grid(True, axis="both")
        axes.set(
            xlabel="mean score of the bin",
            ylabel="share that is right",
            xlim=(0, 1.05),
            ylim=(-0.08, 1.05),
        )
    rows = ", ".join(
        f"score {row.score:.2f}: {row.right:.2f} right of {row.n:,}" for row in means.itertuples()
    )
    figure.alt = f"How far scores can be trusted. {rows}."
    return figure


def runs_compared(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Turn the histories of several runs into small figures side by side, one for each run.

    Each has the losses above and F1 on validation below, on scales that all runs share.

    Args:
        histories: For each run rows with ``epoch``, ``loss``, ``eval_loss`` and ``eval_f1``.
    """
    with plt.rc_context(STYLE):
        figure = Drawing(figsize=(9, 4.5), layout="constrained")
        axes = figure.subplots(2, len(histories), squeeze=False, sharex="col", sharey="row")
        for (name, history), (losses, scores) in zip(histories.items(), axes.T, strict=True):
            rows = pd.DataFrame(history)
            for key, label in (("loss", "training"), ("eval_loss", "validation")):
                _curve(losses, rows[["epoch", key]].dropna().to_numpy(), label)
            _curve(scores, rows[["epoch", "eval_f1"]].dropna().to_numpy(), "F1")
            losses.set_title(f"Run {name}")
            scores.set(xlabel="epoch", xlim=(0, None))
            for line in (*losses.lines, *scores.lines):
                line.set_markersize(3)
        for panel in axes.flat:  # when all are drawn, because the panels of a row share their scale
            panel.grid(True, axis="y")
            panel.set_ylim(0, None)
        axes[0, 0].set_ylabel("cross-entropy")
        axes[1, 0].set_ylabel("F1 (0 to 1)")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.alt = " ".join(_run_in_words(name, rows) for name, rows in histories.items())
    return figure


def _run_in_words(name: str, history: Sequence[Mapping[str, float]]) -> str:
    first, last = history[0], history[-1]
    return (
        f"Run {name}, epoch {first['epoch']:g} to {last['epoch']:g}: training loss "
        f"{first['loss']:.2f} to {last['loss']:.2f}, validation loss {first['eval_loss']:.2f} to "
        f"{last['eval_loss']:.2f}, lowest {min(row['eval_loss'] for row in history):.2f}; F1 "
        f"{first['eval_f1']:.2f} to {last['eval_f1']:.2f}."
    )


def type_confusion(counts: Mapping[tuple[str, str], int]) -> Figure:
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
    shares = 100 * cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    with drawing("Gold types and what was predicted", height=5) as (figure, (axes,)):
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        figure.colorbar(image, label="share of the row (%)")
        for (row, column), count in np.ndenumerate(cells):
            colour = "white" if shares[row, column] > 55 else "black"
            number = "" if row == column == len(types) - 1 else f"{count:,}"
            axes.text(column, row, number, ha="center", va="center", color=colour)
        axes.set_xticks(range(len(types)), [*types[:-1], f"{OUTSIDE} (missed)"])
        names = [*types[:-1], f"{OUTSIDE} (spurious)"]
        totals = [
            f"{name}\nn = {total:,}" for name, total in zip(names, cells.sum(axis=1), strict=True)
        ]
        axes.set_yticks(range(len(types)), totals)
        axes.tick_params(axis="x", labelrotation=30)
        axes.set(xlabel="predicted type", ylabel="gold type")
    return figure


def _grouped_bars(
    axes: Axes,
    frame: pd.DataFrame,
    label: str,
    *,
    reach: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> None:
    """Draw a group of bars for each row of ``frame``, one bar in it for each column.

    ``reach`` says for columns how far an interval goes below and above each value.
    """
    n_columns = len(frame.columns)
    width = 0.84 / n_columns
    crowded = frame.size > 30
    looks = zip(_colours(map(str, frame.columns)), cycle(HATCHES), strict=False)
    for number, ((name, values), (colour, hatch)) in enumerate(
        zip(frame.items(), looks, strict=False)
    ):
        ends = (reach or {}).get(str(name))
        bars = axes.bar(
            np.arange(len(frame)) + (number - (n_columns - 1) / 2) * width,
            values,
            width,
            yerr=np.transpose(ends) if ends else None,
            error_kw={"ecolor": plt.rcParams["text.color"], "elinewidth": 1, "capsize": 2},
            label=name,
            color=colour,
            hatch=hatch,
            edgecolor="white",
        )
        if not crowded:
            axes.bar_label(
                bars,
                [_number(value, label) for value in values],
                fontsize=8 if n_columns < 3 else 7,
            )
    axes.set_xticks(range(len(frame)), [wrapped(name, 90 // len(frame)) for name in frame.index])
    axes.tick_params(axis="x", length=0, labelsize=9, labelrotation=45 if crowded else 0)
    axes.grid(True, axis="y")
    if n_columns > 1:
        axes.figure.legend(loc="outside lower center", ncols=n_columns)


def _stacked_bars(axes: Axes, frame: pd.DataFrame) -> Any:
    """Draw a bar across for each row of ``frame``, first row on top; return the last pieces."""
    left = np.zeros(len(frame))
    looks = zip(_colours(map(str, frame.columns)), HATCHES, strict=False)
    for (name, values), (colour, hatch) in zip(frame.items(), looks, strict=False):
        bars = axes.barh(
            range(len(frame)),
            values,
            left=left,
            label=name,
            color=colour,
            hatch=hatch,
            edgecolor="white",
        )
        left += values.to_numpy()
    axes.set_yticks(range(len(frame)), [wrapped(name, 24) for name in frame.index])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.figure.legend(loc="outside lower center", ncols=len(frame.columns))
    return bars


def _share_bars(axes: Axes, counts: pd.DataFrame) -> None:
    """Draw the shares of each row's first and second column, and print the counts beside."""
    totals = counts.sum(axis=1)
    bars = _stacked_bars(axes, counts.div(totals.clip(lower=1), axis=0) * 100)
    first = counts.columns[0]
    axes.bar_label(
        bars,
        [
            f"{n:,.0f} of {total:,.0f} {first}"
            for n, total in zip(counts[first], totals, strict=True)
        ],
        padding=4,
    )


def _curve(axes: Axes, points: Any, label: str) -> None:
    """Draw points of (epoch, value), where there are any, in the look that belongs to the name."""
    look = ("training", "validation", "F1").index(label)
    if len(points):
        axes.plot(
            *points.T,
            label=label,
            color=COLOURS[label],
            linestyle=LINE_STYLES[look],
            marker="os^"[look],
        )


def _colours(names: Iterable[str]) -> list[str]:
    """Give each name the colour of its meaning, and names without one those that are left."""
    names = list(names)
    free = cycle(colour for colour in PALETTE if colour not in map(COLOURS.get, names))
    return [COLOURS.get(name) or next(free) for name in names]


def _number(value: float, label: str) -> str:
    """Write a number, and one that is not 0 never as 0.

    >>> _number(0.2, "{:.0f}"), _number(0.2, "{:.2f}"), _number(0, "{:.0f}")
    ('<1', '0.20', '0')
    """
    text = label.format(value)
    if value > 0 and not float(text.replace(",", "")):
        decimals = len(text.partition(".")[2])
        return f"<{10**-decimals:g}"
    return text
