"""The steps and epochs of a training to curves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from helpers.labels import label
from helpers.plots.drawing import BLUE, GREY, ORANGE, RED, Drawing, Panel, drawing
from helpers.translation import _, text_of

Curves = dict[str, np.ndarray[Any, Any]]  # for each series its points

_LINES = {"training": (BLUE, "-o"), "validation": (ORANGE, "--s"), "F1": (RED, ":^")}


def learning_rates(rates: Sequence[float]) -> Drawing:
    """Turn the learning rate of every step of a training run into its curve."""
    curve = {"learning rate": np.column_stack([np.arange(1, len(rates) + 1), rates])}
    title = _("Learning rate, step by step")
    panel = _curve_panel(title, curve, x=_("step"), y=_("learning rate"))
    with drawing(panel, height=3) as (figure, (axes,)):
        _draw_curves(axes, curve)
        _scale([axes])
    return figure


def learning_curves(history: Sequence[Mapping[str, float]]) -> Drawing:
    """Turn the history of a training run into its curves: the loss, and F1 on validation.

    Args:
        history: Rows with ``epoch`` and any of ``loss``, ``eval_loss`` and ``eval_f1``, such as
            ``trainer.state.log_history``; other rows and keys are passed over.

    Raises:
        ValueError: No row holds any of the three.
    """
    losses, f1 = _losses_and_f1(history)
    if not losses and not f1:
        raise ValueError(
            "history has no row with 'loss', 'eval_loss' or 'eval_f1'; give "
            "trainer.state.log_history after training"
        )
    panels = [
        _curve_panel(_("Loss"), losses, x=_("epoch"), y=_("cross-entropy (nats per label)")),
        _curve_panel(_("F1 on validation"), f1, x=_("epoch"), y=_("F1 (0 to 1)")),
    ]
    with drawing(*panels, height=4, ncols=2) as (figure, (left, right)):
        _draw_curves(left, losses)
        _draw_curves(right, f1)
        _scale([left, right])
        left.legend(*left.get_legend_handles_labels())
        for points in f1.values():
            best = max(points, key=lambda point: point[1])
            text = _("best: {f1:.3f}").format(f1=best[1])
            right.annotate(text, best, (0, 6), textcoords="offset points", ha="center")
    return figure


def runs_compared(
    histories: Mapping[str, Sequence[Mapping[str, float]]], *, guessing: float
) -> Drawing:
    """Turn the histories of several runs into small figures side by side, one for each run.

    Each has the losses above and F1 on validation below, on scales that all runs share.

    Args:
        histories: For each run rows with ``epoch``, ``loss``, ``eval_loss`` and ``eval_f1``.
        guessing: The training loss of a model that gives each tag its frequency in train: the
            entropy of the tags in nats.
    """
    losses, f1 = zip(*map(_losses_and_f1, histories.values()), strict=True)
    panels = [
        _curve_panel(title.format(name=name), curves, x=_("epoch"), y=y)
        for title, y, curves_of_runs in (
            (_("Run {name}: loss"), _("cross-entropy"), losses),
            (_("Run {name}: F1"), _("F1 (0 to 1)"), f1),
        )
        for name, curves in zip(histories, curves_of_runs, strict=True)
    ]
    line = _("guessing by frequency: {loss:.2f}").format(loss=guessing)
    grid = {"nrows": 2, "ncols": len(histories), "sharex": "col", "sharey": "row"}
    with drawing(*panels, height=4.5, **grid) as (figure, axes):
        for panel, curves in zip(axes, (*losses, *f1), strict=True):
            _draw_curves(panel, curves, markersize=3)
            panel.label_outer()
        _scale(axes)
        for panel in axes[: len(losses)]:
            panel.axhline(guessing, color="black", linestyle=":", label=line)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.alt = text_of([figure.alt, _("{line}.").format(line=line)])
    return figure


def _losses_and_f1(history: Sequence[Mapping[str, float]]) -> tuple[Curves, Curves]:
    """Turn a history into the curves (epoch, value) that it holds."""

    def curves(**keys: str) -> Curves:
        points = {
            series: [(row["epoch"], row[key]) for row in history if key in row]
            for series, key in keys.items()
        }
        return {series: np.array(its) for series, its in points.items() if its}

    return curves(training="loss", validation="eval_loss"), curves(F1="eval_f1")


def _curve_panel(title: str, curves: Curves, *, x: str, y: str) -> Panel:
    words = {}
    for series, points in curves.items():
        ys = points[:, 1]
        values = {
            _("first"): ys[0],
            _("last"): ys[-1],
            _("lowest"): min(ys),
            _("highest"): max(ys),
        }
        words[label(series)] = {name: f"{value:.3g}" for name, value in values.items()}
    return Panel(title, x, y, words)


def _draw_curves(axes: Axes, curves: Curves, *, markersize: float = 6) -> None:
    for series, points in curves.items():
        colour, line = _LINES.get(series, (GREY, "-"))
        axes.plot(*points.T, line, color=colour, label=label(series), markersize=markersize)
    axes.margins(0.12)
    axes.grid(True, axis="y")


def _scale(panels: Iterable[Axes]) -> None:
    """Let scales begin at 0, and steps and epochs be whole numbers; when all curves are drawn."""
    for panel in panels:
        panel.set(xlim=(0, None), ylim=(0, None))
        panel.locator_params(axis="x", integer=True)
