"""The runs of a sweep to figures that compare them."""

from collections.abc import Sequence
from itertools import cycle
from numbers import Real
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from helpers.plots.drawing import GREY, LIGHT_GREY, PALETTE, drawing, wrapped


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
    with drawing(f"{score} by {parameter}") as (figure, (axes,)):
        axes.plot(places, scores, "o", color=LIGHT_GREY, label="one run")
        axes.plot(
            means.index,
            means,
            color=GREY,
            marker="D",
            linestyle="-" if is_scale else "none",
            label="mean of the runs",
        )
        if not is_scale:
            axes.set_xticks(range(len(names)), [wrapped(name, 90 // len(names)) for name in names])
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
    looks = zip(cycle(PALETTE), cycle("os^Dvp"), strict=False)  # 42 until one comes again
    with drawing(f"{score} by time", height=4 + 0.2 * len(groups)) as (figure, (axes,)):
        for (name, group), (colour, marker) in zip(groups, looks, strict=False):
            axes.plot(group["seconds"], group["score"], marker, color=colour, label=name)
        axes.grid(axis="y")
        axes.set(xlabel="time of a run (seconds)", ylabel=score, xlim=(0, 1.05 * max(seconds)))
        figure.legend(loc="outside lower center", ncols=2)
    return figure
