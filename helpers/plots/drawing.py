"""The look of every figure, and the card that shows it with its alt text."""

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
BLUE, ORANGE, GREEN, PINK, SKY, RED, _ = PALETTE
GREY, LIGHT_GREY = "#66758A", "#AEB8C6"
COLOURS = {
    **{"train": BLUE, "training": BLUE, "validation": ORANGE, "test": GREEN},
    **{"precision": SKY, "recall": PINK, "F1": RED},
    **dict.fromkeys(("seen", "found", "subwords", "read here"), GREY),
    **dict.fromkeys(("unseen", "not found", "padding", "context only"), LIGHT_GREY),
}
HATCHES = ("", "//", "..", "xx", "--", "++", "oo")
LINE_STYLES = ("-", "--", ":", "-.")
STYLE: dict[Any, Any] = {
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

    >>> from helpers.plots.figures import entity_counts
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


@contextmanager
def drawing(*titles: str, height: float = 4) -> Iterator[tuple[Drawing, Sequence[Axes]]]:
    """Open a figure with a titled panel for each title, in the style of the lessons.

    Pyplot does not know it, so Jupyter shows it where it is a cell's value and only there.
    """
    with plt.rc_context(STYLE):
        figure = Drawing(figsize=(8, height), layout="constrained")
        axes = figure.subplots(1, len(titles), squeeze=False)
        for panel, title in zip(axes[0], titles, strict=True):
            panel.set_title(title)
        yield figure, axes[0]


def wrapped(name: str, width: int) -> str:
    """Break a name into lines at its spaces."""
    lines = name.splitlines()
    return "\n".join(
        fill(line, max(width, 8), break_long_words=False, break_on_hyphens=False) for line in lines
    )
