"""The runs of a sweep to figures that compare them; the report has their numbers beside them."""

# ruff: noqa: UP032 -- templates with named places can be translated, f-strings cannot

from collections.abc import Sequence
from itertools import cycle
from numbers import Real
from typing import Any

import pandas as pd

from helpers.plots.drawing import GREY, LIGHT_GREY, PALETTE, Drawing, Panel, drawing, wrapped


def score_by_parameter(
    values: Sequence[Any], scores: Sequence[float], *, parameter: str, score: str
) -> Drawing:
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
    ticks = [f"{value:g}" for value in means.index] if is_scale else names
    title = "{score} by {parameter}".format(score=score, parameter=parameter)
    with drawing(Panel(title, parameter, score), height=4) as (figure, (axes,)):
        axes.plot(places, scores, "o", color=LIGHT_GREY, label="one run")
        line = "-" if is_scale else "none"
        axes.plot(means.index, means, "D", color=GREY, linestyle=line, label="mean of the runs")
        if not is_scale:
            axes.set_xlim(-0.5, len(names) - 0.5)
        elif 0 < 20 * min(places) < max(places):
            axes.set_xscale("log")
        axes.set_xticks(means.index, [wrapped(tick, max(90 // len(ticks), 8)) for tick in ticks])
        axes.minorticks_off()
        axes.grid(axis="y")
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def score_by_time(
    seconds: Sequence[float], scores: Sequence[float], names: Sequence[str], *, score: str
) -> Drawing:
    """Turn the runs of a sweep into points: the score against the time that it took.

    Args:
        seconds: The time of each run.
        scores: The score of each run.
        names: What each run is a run of; runs of the same name look the same.
        score: The score's name.
    """
    runs = pd.DataFrame({"seconds": seconds, "score": scores, "name": names})
    groups = list(runs.groupby("name", sort=False))
    panel = Panel("{score} by time".format(score=score), "time of a run (seconds)", score)
    looks = zip(cycle(PALETTE), cycle("os^Dvp"), strict=False)  # 42 until one comes again
    with drawing(panel, height=4 + 0.2 * len(groups)) as (figure, (axes,)):
        for (name, group), (colour, marker) in zip(groups, looks, strict=False):
            axes.plot(group["seconds"], group["score"], marker, color=colour, label=name)
        axes.grid(axis="y")
        axes.set(xlim=(0, 1.05 * max(seconds)))
        figure.legend(loc="outside lower center", ncols=2)
    return figure
