"""The runs of a sweep to a figure that compares them."""

from collections.abc import Mapping, Sequence
from statistics import mean

from helpers.plots.drawing import GREY, LIGHT_GREY, Drawing, Panel, drawing, wrapped
from helpers.translation import _


def settings_compared(scores: Mapping[str, Sequence[float]], *, score: str) -> Drawing:
    """Turn the scores of several settings into rows of points: a run each, and their mean.

    Args:
        scores: The scores of the runs of each setting, in the order to draw them.
        score: The score's name.
    """
    panel = Panel(
        _("{score} by setting").format(score=score),
        score,
        _("setting"),
        {
            name: _("mean {mean:.3f}, runs {runs}").format(
                mean=mean(runs), runs=", ".join(map("{:.3f}".format, runs))
            )
            for name, runs in scores.items()
        },
    )
    with drawing(panel, height=1.6 + 0.4 * len(scores)) as (figure, (axes,)):
        for place, runs in enumerate(scores.values()):
            last = place == len(scores) - 1
            axes.plot(runs, [place] * len(runs), "o", color=LIGHT_GREY, label=_("one seed") * last)
            axes.plot(mean(runs), place, "D", color=GREY, label=_("mean of the seeds") * last)
        axes.set_yticks(range(len(scores)), [wrapped(name, 40) for name in scores])
        axes.set_ylim(len(scores) - 0.5, -0.5)  # the first on top
        axes.grid(axis="x")
        figure.legend(loc="outside lower center", ncols=2)
    return figure
