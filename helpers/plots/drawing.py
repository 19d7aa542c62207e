"""What all figures share: their look, and the card that shows one with its alt text.

Colours are the palette of Okabe and Ito, told apart with any colour vision; hatches, line styles,
markers and printed names say the same without colour. A colour has one meaning: a split, or a
score; what splits a whole into parts is grey. A figure is a white card with dark letters, so that
it reads alike on light and dark pages.

Source of the palette: https://jfly.uni-koeln.de/color/
"""

import base64
import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import Any

from IPython.display import display
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from helpers import translation
from helpers.translation import _, text_of

logger = logging.getLogger(__name__)

# blue, orange, green, pink, sky blue, red, yellow
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW = PALETTE
GREY, LIGHT_GREY = "#66758A", "#AEB8C6"
STYLE: list[Any] = [
    "default",  # whatever style a notebook has chosen for its own figures
    {
        "axes.axisbelow": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "grid.color": "#DDDDDD",
        "hatch.linewidth": 0.6,
        "legend.frameon": False,
        "patch.edgecolor": "white",  # of bars and of their hatches
        "patch.force_edgecolor": True,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    },
]


def _style() -> list[Any]:
    return [*STYLE, {"font.family": families("sans-serif")}]


@dataclass(frozen=True)
class Panel:
    """What a panel of a figure shows, in words; its labels and its alt text come from here.

    Attributes:
        title: What is drawn.
        x: What the axis across shows, with its unit.
        y: What the axis up shows, with its unit.
        values: For each row or series what is drawn of it: a text, or a text for each of its parts.

    >>> str(Panel("Entities", "number", "type", {"person": {"train": "3", "test": "1"}}))
    'Entities. Across: number; up: type. person: train 3, test 1.'
    """

    title: str
    x: str = ""
    y: str = ""
    values: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [_("{title}.").format(title=self.title)]
        if self.x:
            words.append(_("Across: {x}; up: {y}.").format(x=self.x, y=self.y))
        for name, text in self.values.items():
            if not isinstance(text, str):
                text = _(", ").join(f"{part} {its}" for part, its in text.items())
            words.append(_("{name}: {text}.").format(name=name, text=text))
        return " ".join(text_of(words).split())


class Drawing(Figure):
    """A figure that shows itself as an image with its alt text, for readers who do not see it.

    It is HTML because JupyterLab and nbconvert pass over the alt text of other images.

    Attributes:
        alt: What is drawn, in words and numbers.
    """

    alt: str

    def _ipython_display_(self) -> None:
        image = io.BytesIO()
        with style.context(_style()):  # matplotlib makes some ticks only now
            self.savefig(image, format="png", dpi=2 * self.dpi)  # sharp on a dense screen
        data = base64.b64encode(image.getvalue()).decode()
        html = (
            f'<img alt="{escape(self.alt)}" width="{self.get_figwidth() * self.dpi:.0f}" '
            f'src="data:image/png;base64,{data}">'
        )
        display({"text/html": html, "text/plain": self.alt}, raw=True)


@contextmanager
def drawing(*panels: Panel, height: float, **grid: Any) -> Iterator[tuple[Drawing, list[Axes]]]:
    """Open a figure with its panels, in the look of the lessons.

    Pyplot does not know it, so Jupyter shows it where it is a cell's value and only there.

    Args:
        panels: What the panels show, row by row.
        height: In inches.
        **grid: How the panels stand, as for ``Figure.subplots``.
    """
    with style.context(_style()):
        figure = Drawing(figsize=(8, height), layout="constrained")
        figure.alt = text_of(map(str, panels))
        axes = list(figure.subplots(squeeze=False, **grid).flat)
        for place, panel in zip(axes, panels, strict=True):
            place.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
        yield figure, axes


def families(generic: str) -> list[str]:
    """The fonts of figures: a generic family, and behind it one with Japanese letters.

    The second is that of matplotlib-fontja, if it is installed. Its package is not imported: that
    would change the fonts of all figures.
    """
    return [generic, *_japanese_font()]


@cache
def _japanese_font() -> tuple[str, ...]:
    package = find_spec("matplotlib_fontja")
    if package is None or not package.origin:
        if translation.language() == "ja":
            logger.warning("no Japanese font for figures: `pip install matplotlib-fontja`")
        return ()
    file = Path(package.origin).parent / "fonts" / "ipaexg.ttf"
    fontManager.addfont(file)
    regular = fontManager.ttflist[-1]
    fontManager.ttflist.append(replace(regular, weight="bold"))  # it has no bold letters
    return (regular.name,)


def drawable(text: str) -> str:
    """Put a box for each character that the fonts of code in figures lack.

    >>> drawable("Tōkyō \U0001f5fc")
    'Tōkyō □'
    """
    return "".join(letter if ord(letter) in _letters() else "□" for letter in text)


@cache
def _letters() -> frozenset[int]:
    fonts = [get_font(findfont(FontProperties(family=name))) for name in families("monospace")]
    return frozenset(code for font in fonts for code in font.get_charmap())


def wrapped(name: str, width: int) -> str:
    """Break each line of a name at its spaces."""
    lines = str(name).splitlines()
    return "\n".join(fill(line, width, break_long_words=False) for line in lines)
