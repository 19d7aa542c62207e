"""Every figure and every HTML rendering of the lessons.

Each function turns plain data into a finished figure, table or rendering that is made to be the
last line of a cell; nothing is shown or saved besides. Counts in two levels are mappings of
mappings, which a data frame (columns, then index) is too.

Colours are the palette of Okabe and Ito, told apart with any colour vision; hatches, line styles
and printed names say the same without colour. In figures a colour has one meaning: a split, or a
score; what splits a whole into parts is grey. (Highlighted text has a tint for each type, and names
it.) A figure is a white card with dark letters, so that it reads alike on light and dark pages.

A figure shows itself as an image with a text that says what is drawn, for readers who do not see
it. It is HTML because JupyterLab and nbconvert pass over the alt text of other images.

Source of the palette: https://jfly.uni-koeln.de/color/
"""

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import cycle
from numbers import Real
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler
from pandas.io.formats.style_render import CSSDict

from helpers import settings
from helpers.settings import Settings
from helpers.tagging import OUTSIDE, entity_spans

Counts = Mapping[str, Mapping[str, int]]

WNUT_TYPES = ("corporation", "creative-work", "group", "location", "person", "product")

# blue, orange, green, pink, sky blue, red, yellow
_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_BLUE, _ORANGE, _GREEN, _PINK, _SKY, _RED, _ = _PALETTE
_GREY, _LIGHT_GREY = "#66758A", "#AEB8C6"
_COLOURS = {
    **{"train": _BLUE, "training": _BLUE, "validation": _ORANGE, "test": _GREEN},
    **{"precision": _SKY, "recall": _PINK, "F1": _RED},
    **dict.fromkeys(("seen", "found", "subwords", "read here"), _GREY),
    **dict.fromkeys(("unseen", "not found", "padding", "context only"), _LIGHT_GREY),
}
_HATCHES = ("", "//", "..", "xx", "--", "++", "oo")
_LINE_STYLES = ("-", "--", ":", "-.")
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid.axis": "y",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "grid.color": "#DDDDDD",
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
}


class Drawing(Figure):
    """A figure that shows itself with a text for readers who do not see it.

    Attributes:
        alt: What is drawn, in words and numbers; `describe` makes it where none was given.
    """

    alt = ""

    def _ipython_display_(self) -> None:
        alt = self.alt or describe(self)
        image = io.BytesIO()
        self.savefig(image, format="png", dpi=2 * self.dpi)  # sharp on a dense screen
        data = base64.b64encode(image.getvalue()).decode()
        html = (
            f'<img alt="{escape(alt)}" width="{self.get_figwidth() * self.dpi:.0f}" '
            f'src="data:image/png;base64,{data}">'
        )
        display({"text/html": html, "text/plain": alt}, raw=True)


def describe(figure: Figure) -> str:
    """Turn a figure into a text that says what is drawn: titles, axes, and the values of each mark.

    >>> describe(entity_counts({"train": {"person": 3, "group": 1}}))
    'Entities by type and split. Across: type; up: entities. train: group 1, person 3.'
    """
    return " ".join(_described(axes) for axes in figure.axes if axes.get_title(loc="left"))


def _described(axes: Axes) -> str:
    parts = [axes.get_title(loc="left")]
    parts.append(f"Across: {axes.get_xlabel()}; up: {axes.get_ylabel()}")
    for group in axes.containers:
        if isinstance(group, BarContainer) and not str(group.get_label()).startswith("_"):
            parts.append(f"{group.get_label()}: {_bars_in_words(axes, group)}")
    for line in axes.lines:
        label, ys = str(line.get_label()), np.asarray(line.get_ydata(), dtype=float)
        if not label.startswith("_") and len(ys):
            parts.append(
                f"{label}: {len(ys)} points from {ys[0]:.3g} to {ys[-1]:.3g}, "
                f"lowest {ys.min():.3g}, highest {ys.max():.3g}"
            )
    if axes.images:
        parts += _cells_in_words(axes)
    legend = axes.get_legend()
    if legend is not None and not axes.lines:
        parts += [text.get_text() for text in legend.get_texts()]
    return ". ".join(part.replace("\n", " ") for part in parts) + "."


def _bars_in_words(axes: Axes, bars: BarContainer) -> str:
    """Name each bar by its tick and value; more than 30 are only counted."""
    lying = bars.orientation == "horizontal"
    ticks = (axes.get_yticklabels() if lying else axes.get_xticklabels()) or []
    values = [bar.get_width() if lying else bar.get_height() for bar in bars]
    if len(values) != len(ticks) or len(values) > 30:
        return f"{len(values)} cells"
    names = [tick.get_text() for tick in ticks]
    texts = [f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" for value in values]
    return ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))


def _cells_in_words(axes: Axes) -> list[str]:
    """Name the cells of a heat map that hold something, row by row."""
    columns = [tick.get_text() for tick in axes.get_xticklabels()]
    rows: dict[int, list[str]] = {}
    for text in axes.texts:
        column, row = (round(place) for place in text.get_position())
        if text.get_text() not in ("", "0"):
            rows.setdefault(row, []).append(f"{columns[column]} {text.get_text()}")
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    return [f"{names[row]}: {', '.join(cells)}" for row, cells in rows.items()]


def settings_table(run: Settings) -> pd.DataFrame:
    """Turn the settings of a run into a table: profile, data, model, and what differs from these.

    The folder for what the run writes is left out: it has no influence on a result.
    """
    usual = settings.load(run.profile).to_dict()
    values = {
        name: str(value)
        for name, value in run.to_dict().items()
        if name in ("profile", "dataset", "model")
        or (value != usual[name] and name != "output_dir")
    }
    return pd.DataFrame({"value": values}).rename_axis("setting")


def text_table(frame: pd.DataFrame) -> Styler:
    """Turn a table with columns of text into one whose text is aligned to the left.

    Numbers stay at the right. Text is escaped, so nothing in it is read as HTML.
    """
    left: list[CSSDict] = [{"selector": "", "props": "text-align: left"}]
    text = frame.select_dtypes(exclude="number").columns
    shown = frame.style.format(precision=3, escape="html").format_index(escape="html")
    shown.set_table_attributes('class="dataframe"')  # as pandas has it, for whatever styles tables
    return shown.set_table_styles(dict.fromkeys(text, left)).set_table_styles(
        [{"selector": "th.row_heading", "props": "text-align: left"}], overwrite=False
    )


def highlight_entities(
    texts: str | Sequence[str],
    entities: Sequence[Any],
    *,
    types: Sequence[str] = WNUT_TYPES,
) -> HTML:
    """Turn texts and their entities into HTML that marks each entity and names its type.

    Text and names are escaped, so nothing in them is read as HTML; spaces and line breaks are kept.

    Args:
        texts: One text or several.
        entities: The entities of the text, or a list of them for each text, as a tagger or a
            pipeline with aggregation gives them: ``entity_group``, ``start`` and ``end``
            (characters), and, shown when the pointer rests on it, ``score``.
        types: The types in the order that gives them their colours; others follow in
            alphabetical order.

    Raises:
        ValueError: An entity that reaches past its text or overlaps another; or not one list of
            entities for each text.
    """
    tagged = [entities] if isinstance(texts, str) else list(entities)
    texts = [texts] if isinstance(texts, str) else texts
    if len(texts) != len(tagged):
        raise ValueError(
            f"texts has {len(texts)} texts and entities {len(tagged)} lists; each text takes one"
        )
    present = {entity["entity_group"] for found in tagged for entity in found}
    order = [*types, *sorted(present.difference(types))]
    colours = dict(zip(order, cycle(_PALETTE), strict=False))
    legend = " ".join(_mark("", type_, colours[type_]) for type_ in order if type_ in present)
    paragraphs = "\n".join(
        '<div style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4em 0">'
        f"{_marked(text, found, colours)}</div>"
        for text, found in zip(texts, tagged, strict=True)
    )
    return HTML(f'<div style="line-height: 2">\n<div>{legend}</div>\n{paragraphs}\n</div>')


def highlight_tags(
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    *,
    types: Sequence[str] = WNUT_TYPES,
) -> HTML:
    """Turn sentences of words and their tags into HTML that marks each entity and names its type.

    Args:
        sentences: The words of each sentence; they are shown with a space between them.
        tags: The tags of each sentence.
        types: As for `highlight_entities`.

    Raises:
        ValueError: Words and tags of different number.
    """
    texts, entities = [], []
    for number, (words, its_tags) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(its_tags):
            raise ValueError(
                f"sentence {number} has {len(words)} words and {len(its_tags)} tags; each word "
                "takes one tag"
            )
        texts.append(" ".join(words))
        ends = np.cumsum([len(word) + 1 for word in words]) - 1
        entities.append(
            [
                {
                    "entity_group": type_,
                    "start": ends[start] - len(words[start]),
                    "end": ends[end - 1],
                }
                for type_, start, end in entity_spans(its_tags)
            ]
        )
    return highlight_entities(texts, entities, types=types)


def entity_counts(counts: Counts) -> Figure:
    """Turn ``counts[split][type]`` into bars: how many entities of each type a split has."""
    with _drawing("Entities by type and split") as (figure, (axes,)):
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
    with _drawing("Length of entities by split") as (figure, (axes,)):
        _grouped_bars(axes, frame, "{:.0f}")
        axes.set(xlabel="words in an entity", ylabel="share of the split's entities (%)")
    return figure


def seen_entities(counts: Counts) -> Figure:
    """Turn ``counts[type]["seen"]`` and ``["unseen"]`` into bars: what train has shown before.

    Args:
        counts: For each type how many test entities occur in train (seen) and how many do not.
    """
    with _drawing("Test entities that occur in train, by type") as (figure, (axes,)):
        _share_bars(axes, pd.DataFrame(counts).T[["seen", "unseen"]].fillna(0))
        axes.set(xlabel="share of the type's test entities (%)", ylabel="type")
    return figure


def found_entities(counts: Counts) -> Figure:
    """Turn ``counts[group]["found"]`` and ``["not found"]`` into bars: the recall of each group.

    Args:
        counts: For each group, such as seen and unseen in train, how many gold entities the
            tagger found, type and place exactly right, and how many it did not.
    """
    with _drawing("Gold entities that the tagger found", height=3) as (figure, (axes,)):
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
    with _drawing("What padding costs, by strategy", height=3) as (figure, (axes,)):
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
    looks = {"read here": (2, _GREY, ""), "context only": (1, _LIGHT_GREY, "//")}
    with _drawing("Windows of one sentence", height=3.5) as (figure, (axes,)):
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
    with _drawing("Learning rate, step by step", height=3) as (figure, (axes,)):
        axes.plot(range(1, len(rates) + 1), rates, color=_GREY, linewidth=2, label="learning rate")
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
    with _drawing("Loss", "F1 on validation") as (figure, (losses, scores)):
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
    with _drawing(title) as (figure, (axes,)):
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
    with _drawing("F1 against the baselines", height=1.2 + 0.4 * len(names)) as (figure, (axes,)):
        for place, score in enumerate([*f1.values(), *published.values()]):
            value, *ends = score if isinstance(score, tuple) else (score,)
            if ends:
                axes.plot(ends, [place, place], color=_RED, linewidth=2)
            axes.plot(
                value,
                place,
                "o",
                color=_RED,
                markerfacecolor=_RED if place < len(f1) else "none",
                markersize=7,
            )
            text = f"{value:.3f}" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")
            axes.annotate(
                text, (max([value, *ends]), place), (8, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(names)), [_wrapped(name, 34) for name in names])
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
    with _drawing("How far scores can be trusted", height=5) as (figure, (axes,)):
        axes.plot([0, 1], [0, 1], color="black", linestyle=":", label="_as promised")
        axes.plot(means["score"], means["right"], color=_GREY, label="_joined")
        axes.scatter(
            means["score"],
            means["right"],
            30 + 400 * means["n"] / len(table),
            color=_GREY,
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
    with plt.rc_context(_STYLE):
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
    with _drawing("Gold types and what was predicted", height=5) as (figure, (axes,)):
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


def score_by_parameter(
    values: Sequence[Any], scores: Sequence[float], *, parameter: str, score: str
) -> Figure:
    """Turn the runs of a sweep into points: the score against one parameter, the means joined.

    Numbers stand on a scale, logarithmic where they span more than a factor of 20; anything else
    stands side by side.

    Args:
        values: The parameter of each run.
        scores: The score of each run.
        parameter: The parameter's name.
        score: The score's name.
    """
    is_scale = all(isinstance(value, Real) and value == value for value in values)
    names = list(dict.fromkeys(map(str, values)))
    places = list(values) if is_scale else [names.index(str(value)) for value in values]
    means = pd.Series(scores).groupby(places).mean()
    with _drawing(f"{score} by {parameter}") as (figure, (axes,)):
        axes.plot(places, scores, "o", color=_LIGHT_GREY, label="one run")
        axes.plot(
            means.index,
            means,
            color=_GREY,
            marker="D",
            linestyle="-" if is_scale else "none",
            label="mean of the runs",
        )
        if not is_scale:
            axes.set_xticks(range(len(names)), [_wrapped(name, 90 // len(names)) for name in names])
            axes.set_xlim(-0.5, len(names) - 0.5)
        else:
            if 0 < 20 * min(places) < max(places):
                axes.set_xscale("log")
            axes.set_xticks(means.index, [f"{value:g}" for value in means.index])
            axes.minorticks_off()
        axes.grid(axis="y")
        axes.set(xlabel=parameter, ylabel=score)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def score_by_time(
    seconds: Sequence[float], scores: Sequence[float], names: Sequence[str], *, score: str
) -> Figure:
    """Turn the runs of a sweep into points: the score against the time that it took.

    Args:
        seconds: The time of each run.
        scores: The score of each run.
        names: What each run is a run of; runs of the same name look the same.
        score: The score's name.
    """
    runs = pd.DataFrame({"seconds": seconds, "score": scores, "name": names})
    groups = runs.groupby("name", sort=False)
    looks = zip(cycle(_PALETTE), cycle("os^Dvp"), strict=False)  # 42 until one comes again
    with _drawing(f"{score} by time", height=4 + 0.2 * len(groups)) as (figure, (axes,)):
        for (name, group), (colour, marker) in zip(groups, looks, strict=False):
            axes.plot(group["seconds"], group["score"], marker, color=colour, label=name)
        axes.grid(axis="y")
        axes.set(xlabel="time of a run (seconds)", ylabel=score, xlim=(0, 1.05 * max(seconds)))
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _marked(text: str, entities: Iterable[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """Turn a text into HTML with its entities marked."""
    pieces, position = [], 0
    for entity in sorted(entities, key=lambda entity: entity["start"]):
        type_, start, end = entity["entity_group"], entity["start"], entity["end"]
        if not position <= start < end <= len(text):
            raise ValueError(
                f"the entity ({type_!r}, {start}, {end}) overlaps another or reaches past its "
                f"text of {len(text)} characters; were text and entities paired wrongly?"
            )
        score = f"score {entity['score']:.2f}" if "score" in entity else ""
        pieces += [
            escape(text[position:start]),
            _mark(text[start:end], type_, colours[type_], score),
        ]
        position = end
    return "".join([*pieces, escape(text[position:])])


def _mark(text: str, type_: str, colour: str, title: str = "") -> str:
    """Turn an entity into HTML: tinted text that keeps the theme's own colour, and its type."""
    return (
        f'<mark title="{title}" style="color: inherit; background: {colour}40; '
        f"border-bottom: 2px solid {colour}; border-radius: 0.2em; padding: 0.1em 0.2em"
        f'">{escape(text)}<small style="font-weight: bold; margin-left: 0.4em; '
        f'user-select: none">{escape(type_)}</small></mark>'
    )


@contextmanager
def _drawing(*titles: str, height: float = 4) -> Iterator[tuple[Drawing, Sequence[Axes]]]:
    """Open a figure with a titled panel for each title, in the style of the lessons.

    Pyplot does not know it, so Jupyter shows it where it is a cell's value and only there.
    """
    with plt.rc_context(_STYLE):
        figure = Drawing(figsize=(8, height), layout="constrained")
        axes = figure.subplots(1, len(titles), squeeze=False)
        for panel, title in zip(axes[0], titles, strict=True):
            panel.set_title(title)
        yield figure, axes[0]


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
    looks = zip(_colours(map(str, frame.columns)), cycle(_HATCHES), strict=False)
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
    axes.set_xticks(range(len(frame)), [_wrapped(name, 90 // len(frame)) for name in frame.index])
    axes.tick_params(axis="x", length=0, labelsize=9, labelrotation=45 if crowded else 0)
    axes.grid(True, axis="y")
    if n_columns > 1:
        axes.figure.legend(loc="outside lower center", ncols=n_columns)


def _stacked_bars(axes: Axes, frame: pd.DataFrame) -> Any:
    """Draw a bar across for each row of ``frame``, first row on top; return the last pieces."""
    left = np.zeros(len(frame))
    looks = zip(_colours(map(str, frame.columns)), _HATCHES, strict=False)
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
    axes.set_yticks(range(len(frame)), [_wrapped(name, 24) for name in frame.index])
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
            color=_COLOURS[label],
            linestyle=_LINE_STYLES[look],
            marker="os^"[look],
        )


def _colours(names: Iterable[str]) -> list[str]:
    """Give each name the colour of its meaning, and names without one those that are left."""
    names = list(names)
    free = cycle(colour for colour in _PALETTE if colour not in map(_COLOURS.get, names))
    return [_COLOURS.get(name) or next(free) for name in names]


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


def _wrapped(name: str, width: int) -> str:
    """Break a name into lines at its spaces."""
    lines = name.splitlines()
    return "\n".join(
        fill(line, max(width, 8), break_long_words=False, break_on_hyphens=False) for line in lines
    )
