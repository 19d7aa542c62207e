"""Figures show what they were given, and HTML renderings escape it."""

import re
from collections import UserDict
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from helpers import plots, settings
from helpers.plots import drawing, figures
from helpers.plots.drawing import Drawing
from helpers.tagging import spans_to_tags

SCORES = {
    "precision": 0.5,
    "recall": 0.25,
    "f1": 1 / 3,
    "accuracy": 0.9,
    "types": {
        "location": {"precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 4},
        "person": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1200},
    },
}
INTERVALS = {"location": (2 / 3, 0.4, 0.8), "person": (0.0, 0.0, 0.1), "all": (1 / 3, 0.3, 0.4)}
HISTORY = [
    {"epoch": 1.0, "loss": 0.8, "learning_rate": 1e-4},
    {"epoch": 1.0, "eval_loss": 0.6, "eval_f1": 0.4},
    {"epoch": 2.0, "loss": 0.5},
    {"epoch": 2.0, "eval_loss": 0.7, "eval_f1": 0.3},
    {"epoch": 2.0, "train_runtime": 3.0, "train_loss": 0.65},
]
CURVES = [
    {"epoch": 1.0, "loss": 0.8, "eval_loss": 0.7, "eval_f1": 0.1},
    {"epoch": 2.0, "loss": 0.4, "eval_loss": 0.9, "eval_f1": 0.3},
]


class Encoding(UserDict[str, list[int]]):
    """What a tokenizer makes of a sentence."""

    def __init__(self, subwords: list[str], words: list[int | None]) -> None:
        super().__init__(input_ids=[100 + number for number in range(len(subwords))])
        self.tokens, self.word_ids = lambda: subwords, lambda: words


CONFIG = SimpleNamespace(hidden_size=384, num_hidden_layers=6, num_labels=13)
MARTA = Encoding(["[CLS]", "mart", "##a", "sings", "[SEP]"], [None, 0, 0, 1, None])


def shapes(words: Sequence[str] = ("Marta", "sings"), **changes: Any) -> Drawing:
    given = {"encoding": MARTA, "config": CONFIG, "tags": ["B-person", "O"], **changes}
    return plots.shapes(words, **given)


DRAWN: dict[str, tuple[Callable[[], Drawing], str]] = {
    "entity_counts": (
        lambda: plots.entity_counts({"train": {"person": 3}, "test": {"group": 2000}}),
        "Entities by type and split. Across: entities; up: type. "
        "train: group 0, person 3. test: group 2,000, person 0.",
    ),
    "entity_lengths": (
        lambda: plots.entity_lengths({"train": [1, 1, 1, 2], "test": [9]}),
        "Length of entities by split. Across: share of the split's entities (%); up: words in an "
        "entity. train: 1 75 %, 2 25 %, 3 0 %, 4 0 %, 5 0 %, 6 or more 0 %. "
        "test: 1 0 %, 2 0 %, 3 0 %, 4 0 %, 5 0 %, 6 or more 100 %.",
    ),
    "seen_entities": (
        lambda: plots.seen_entities({"person": {"seen": 1, "unseen": 3}}),
        "Test entities that occur in train, by type. Across: test entities; up: type. "
        "person: 1 of 4 seen (25 %).",
    ),
    "found_entities": (
        lambda: plots.found_entities({"unseen": {"found": 2, "not found": 1}}),
        "Gold entities that the tagger found (line: 95 % interval). Across: recall (0 to 1); "
        "up: group. unseen 2 of 3: recall 0.67 (0.21 to 0.94).",
    ),
    "padding_costs": (
        lambda: plots.padding_costs({"per batch": {"subwords": 60, "padding": 40}}),
        "What padding costs, by strategy. Across: positions that the model computes; up: strategy. "
        "per batch: 40 % padding.",
    ),
    "windows": (
        lambda: plots.windows([[2, 2, 1, 0], [0, 1, 2, 2]]),
        "Windows of one sentence. Across: subword of the sentence; up: window. "
        "0: read here 2, context only 1. 1: read here 2, context only 1.",
    ),
    "learning_rates": (
        lambda: plots.learning_rates([1e-4, 2e-4, 1e-5]),
        "Learning rate, step by step. Across: step; up: learning rate. "
        "learning rate: first 0.0001, last 1e-05, lowest 1e-05, highest 0.0002.",
    ),
    "learning_curves": (
        lambda: plots.learning_curves(HISTORY),
        "Loss. Across: epoch; up: cross-entropy (nats per label). "
        "training: first 0.8, last 0.5, lowest 0.5, highest 0.8. "
        "validation: first 0.6, last 0.7, lowest 0.6, highest 0.7. "
        "F1 on validation. Across: epoch; up: F1 (0 to 1). "
        "F1: first 0.4, last 0.3, lowest 0.3, highest 0.4.",
    ),
    "type_scores": (
        lambda: plots.type_scores(SCORES, INTERVALS),
        "Scores by type (n: gold entities; line: 95 % interval). Across: score (0 to 1); up: type. "
        "location n = 4: precision 1.00, recall 0.50, F1 0.67 (0.40 to 0.80). "
        "person n = 1,200: precision 0.00, recall 0.00, F1 0.00 (0.00 to 0.10). "
        "all n = 1,204: precision 0.50, recall 0.25, F1 0.33 (0.30 to 0.40).",
    ),
    "baselines": (
        lambda: plots.baselines({"all O": (0, 0, 0.1), "old": 0.4}, published={"theirs": 0.5}),
        "F1 of each tagger (line: 95 % interval). Across: F1 (0 to 1); up: tagger. "
        "all O: F1 0.000 (0.000 to 0.100). old: F1 without an interval 0.400. "
        "theirs: F1 that others report 0.500.",
    ),
    "reliability": (
        lambda: plots.reliability([0.2, 0.9, 0.95], [False, True, False]),
        "How far scores can be trusted (line: 95 % interval; n: predicted entities). "
        "Across: mean score of the bin; up: share that is right. "
        "score 0.20: 0 of 1 right, 0.00 (0.00 to 0.79). "
        "score 0.93: 1 of 2 right, 0.50 (0.09 to 0.91).",
    ),
    "runs_compared": (
        lambda: plots.runs_compared({"A": CURVES, "B": CURVES[1:]}, guessing=0.292),
        "Run A: loss. Across: epoch; up: cross-entropy. "
        "training: first 0.8, last 0.4, lowest 0.4, highest 0.8. "
        "validation: first 0.7, last 0.9, lowest 0.7, highest 0.9. "
        "Run B: loss. Across: epoch; up: cross-entropy. "
        "training: first 0.4, last 0.4, lowest 0.4, highest 0.4. "
        "validation: first 0.9, last 0.9, lowest 0.9, highest 0.9. "
        "Run A: F1. Across: epoch; up: F1 (0 to 1). "
        "F1: first 0.1, last 0.3, lowest 0.1, highest 0.3. "
        "Run B: F1. Across: epoch; up: F1 (0 to 1). "
        "F1: first 0.3, last 0.3, lowest 0.3, highest 0.3. guessing by frequency: 0.29.",
    ),
    "shapes": (
        shapes,
        "One sentence from words to tags, with the shape of every step. "
        "words: (2,) words Marta sings. "
        "subwords: (1, 5) rows, subwords [CLS] mart ##a sings [SEP]. "
        "ids: (1, 5) rows, subwords. "
        "vectors: (1, 5, 384) rows, subwords, numbers. "
        "layers: (1, 5, 384) rows, subwords, numbers "
        "6 layers: every vector is computed from all vectors. "
        "logits: (1, 5, 13) rows, subwords, tags. tags: (2,) tags B-person O.",
    ),
    "settings_compared": (
        lambda: plots.settings_compared({"epochs=3": [0.2, 0.4], "epochs=1": [0.1]}, score="f1"),
        "f1 by setting. Across: f1; up: setting. epochs=3: mean 0.300, runs 0.200, 0.400. "
        "epochs=1: mean 0.100, runs 0.100.",
    ),
    "type_confusion": (
        lambda: plots.type_confusion({("person", "O"): 2, ("person", "person"): 3, ("O", "O"): 9}),
        "Gold types and what was predicted. Across: predicted type; up: gold type. "
        "person n = 5: person 3, O (missed) 2.",
    ),
}


def panel(figure: Figure) -> Axes:
    """The first panel of a figure."""
    return figure.axes[0]


def bars(figure: Figure) -> dict[str, BarContainer]:
    """The bars of a figure by the name of their series."""
    groups = [item for item in panel(figure).containers if isinstance(item, BarContainer)]
    return {str(group.get_label()): group for group in groups}


def widths(figure: Figure) -> dict[str, list[float]]:
    return {name: [bar.get_width() for bar in group] for name, group in bars(figure).items()}


def row_names(figure: Figure) -> list[str]:
    return [label.get_text() for label in panel(figure).get_yticklabels()]


def printed(figure: Figure) -> list[str]:
    return [text.get_text() for text in panel(figure).texts]


def printed_at_the_right(figure: Figure) -> list[str]:
    [right] = panel(figure).child_axes
    return [label.get_text() for label in right.get_yticklabels()]


def points(figure: Figure) -> dict[str, list[float]]:
    """The scores of each series of a figure of points."""
    lines = panel(figure).lines
    return {str(line.get_label()): np.asarray(line.get_xdata()).tolist() for line in lines}


def intervals(figure: Figure) -> list[list[float]]:
    """The intervals that a figure of points draws, series by series."""
    drawn = [item for item in panel(figure).collections if isinstance(item, LineCollection)]
    segments = [np.asarray(segment) for lines in drawn for segment in lines.get_segments()]
    return [segment[:, 0].tolist() for segment in segments if segment.size]


def curves(axes: Axes) -> dict[str, list[list[float]]]:
    return {str(line.get_label()): np.asarray(line.get_xydata()).tolist() for line in axes.lines}


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_says_in_words_what_it_draws(name: str) -> None:
    draw, alt = DRAWN[name]
    assert draw().alt == alt


def test_every_public_function_that_draws_is_looked_at_here() -> None:
    functions = {
        name
        for name, value in vars(plots).items()
        if getattr(value, "__annotations__", {}).get("return") is Drawing
    }
    assert functions == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_every_panel_is_titled_and_its_axes_are_named(name: str) -> None:
    draw, _ = DRAWN[name]
    panels = [axes for axes in draw().axes if axes.get_label() != "<colorbar>"]
    assert all(axes.get_title(loc="left") for axes in panels)
    left, bottom = panels[0], panels[-1]
    assert (left.get_ylabel() and bottom.get_xlabel()) or name == "shapes"


def test_no_figure_stays_open_for_jupyter_to_show_again() -> None:
    plots.learning_curves(HISTORY)
    with pytest.raises(KeyError), drawing.drawing(drawing.Panel("a title"), height=2):
        raise KeyError
    assert plt.get_fignums() == []


def test_a_figure_is_an_opaque_card_whatever_style_the_notebook_has() -> None:
    with plt.style.context("dark_background"):
        figure = plots.learning_curves(HISTORY)
    assert figure.get_facecolor() == to_rgba("white")
    assert panel(figure).xaxis.label.get_color() == "black"


def test_a_figure_shows_itself_with_its_alt_text(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(drawing, "display", lambda data, raw: shown.append(data))
    figure = plots.baselines({'"><script>': 0.3})
    figure._ipython_display_()
    [data] = shown
    assert "<script>" not in data["text/html"]
    image = _Image(data["text/html"]).attributes
    assert image["alt"] == data["text/plain"] == figure.alt
    assert "<script>: F1 without an interval 0.300" in image["alt"]
    assert image["src"].startswith("data:image/png;base64,")


class _Image(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        assert tag == "img"
        self.attributes = {name: value or "" for name, value in attrs}


def test_a_colour_has_one_meaning() -> None:
    splits = {name: look[0] for name, look in figures._BARS.items()}
    scores = {name: figures._POINTS[name][1] for name in ("precision", "recall", "F1")}
    used = [splits.pop(name) for name in ("train", "validation", "test")] + [*scores.values()]
    assert len(set(used)) == len(used)
    assert set(used) <= set(drawing.PALETTE)
    assert set(splits.values()) == {drawing.GREY, drawing.LIGHT_GREY}


def test_entity_counts_has_a_bar_for_each_type_and_split() -> None:
    figure = plots.entity_counts({"train": {"person": 3, "group": 1}, "test": {"person": 2}})
    assert row_names(figure) == ["group", "person"]
    assert widths(figure) == {"train (n = 4)": [1, 3], "test (n = 2)": [0, 2]}
    assert printed(figure) == ["1", "3", "0", "2"]


def test_entity_lengths_puts_the_long_ones_together() -> None:
    figure = plots.entity_lengths({"train": [1, 1, 6, 9], "test": []})
    assert row_names(figure) == ["1", "2", "3", "4", "5", "6 or more"]
    assert widths(figure) == {"train (n = 4)": [50, 0, 0, 0, 0, 50], "test (n = 0)": [0] * 6}


def test_a_bar_that_can_be_seen_has_no_zero_beside_it() -> None:
    figure = plots.entity_lengths({"train": [1] * 500 + [2]})
    assert printed(figure)[:3] == ["100 %", "<1 %", "0 %"]


def test_seen_entities_shows_and_prints_counts() -> None:
    figure = plots.seen_entities(
        {"person": {"seen": 1, "unseen": 3}, "group": {"unseen": 2}, "product": {}}
    )
    assert row_names(figure) == ["person", "group", "product"]
    assert widths(figure) == {"seen": [1, 0, 0], "unseen": [3, 2, 0]}
    assert printed(figure) == ["1 of 4 seen (25 %)", "0 of 2 seen (0 %)", "0 of 0 seen (0 %)"]


def test_found_entities_shows_the_recall_of_each_group_with_its_interval() -> None:
    figure = plots.found_entities(
        {"seen": {"found": 3, "not found": 1}, "unseen": {"not found": 4}, "none": {}}
    )
    assert row_names(figure) == ["seen\n3 of 4", "unseen\n0 of 4", "none\n0 of 0"]
    assert points(figure) == {"recall": [0.75, 0, 0]}
    assert intervals(figure)[0] == pytest.approx([0.301, 0.954], abs=0.001)
    assert printed_at_the_right(figure)[1:] == ["0.00 (0.00 to 0.49)", "0.00 (0.00 to 1.00)"]


@given(st.integers(1, 10_000), st.data())
def test_a_wilson_interval_holds_the_share_and_narrows(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    low, high = figures.wilson_interval(right, n)
    ends = [0, low, right / n, high, 1]
    assert all(one <= other + 1e-9 for one, other in pairwise(ends))
    low_of_more, high_of_more = figures.wilson_interval(10 * right, 10 * n)
    assert high_of_more - low_of_more < high - low


def test_padding_costs_shows_positions_and_prints_the_share_of_padding() -> None:
    figure = plots.padding_costs(
        {
            "to the maximum": {"subwords": 600, "padding": 1400},
            "grouped by length": {"subwords": 600, "padding": 0},
        }
    )
    assert widths(figure) == {"subwords": [600, 600], "padding": [1400, 0]}
    assert printed(figure) == ["70 % padding", "0 % padding"]


def test_windows_draws_each_subword_where_its_window_stands() -> None:
    figure = plots.windows([[2, 2, 1, 0], [0, 1, 2, 2]])
    drawn = {
        name: [(round(bar.get_y() + 0.4), bar.get_x()) for bar in group]
        for name, group in bars(figure).items()
    }
    assert drawn == {
        "read here": [(0, 0), (0, 1), (1, 2), (1, 3)],
        "context only": [(0, 2), (1, 1)],
    }


def test_learning_rates_counts_steps_from_one() -> None:
    (axes,) = plots.learning_rates([1e-4, 2e-4, 1e-4]).axes
    assert curves(axes) == {"learning rate": [[1, 1e-4], [2, 2e-4], [3, 1e-4]]}


def test_learning_curves_draws_the_points_of_a_log_history() -> None:
    losses, scores = plots.learning_curves(HISTORY).axes
    assert curves(losses) == {"training": [[1, 0.8], [2, 0.5]], "validation": [[1, 0.6], [2, 0.7]]}
    assert curves(scores) == {"F1": [[1, 0.4], [2, 0.3]]}
    assert [text.get_text() for text in scores.texts] == ["best: 0.400"]


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 8, 40])
def test_the_ticks_of_epochs_are_whole_numbers(epochs: int) -> None:
    figure = plots.learning_curves(
        [{"epoch": float(epoch), "loss": 1.0, "eval_f1": 0.1} for epoch in range(1, epochs + 1)]
    )
    for axes in figure.axes:
        assert all(tick == int(tick) for tick in axes.get_xticks())


def test_learning_curves_refuses_a_history_without_any_curve() -> None:
    with pytest.raises(ValueError, match=r"history has no row .* trainer\.state\.log_history"):
        plots.learning_curves([{"epoch": 1.0, "train_loss": 0.3}])


def test_runs_stand_side_by_side_and_share_their_scales() -> None:
    worse = [{**row, "loss": 9.0} for row in CURVES]
    figure = plots.runs_compared({"A": CURVES, "B": worse}, guessing=0.3)
    loss_a, loss_b, f1_a, f1_b = figure.axes
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Run A: loss", "Run B: loss", "Run A: F1", "Run B: F1"]
    assert curves(loss_b)["training"] == [[1, 9], [2, 9]]
    assert curves(loss_b)["validation"] == [[1, 0.7], [2, 0.9]]
    assert curves(f1_b) == {"F1": [[1, 0.1], [2, 0.3]]}
    assert loss_a.get_ylim() == loss_b.get_ylim() != f1_a.get_ylim() == f1_b.get_ylim()
    assert loss_a.get_ylim()[1] > 9  # the highest of all


def test_runs_compared_draws_the_loss_of_guessing_beside_every_loss() -> None:
    figure = plots.runs_compared({"A": CURVES, "B": CURVES}, guessing=0.292)
    drawn = [curves(axes).get("guessing by frequency: 0.29") for axes in figure.axes]
    assert drawn == [[[0, 0.292], [1, 0.292]]] * 2 + [None] * 2  # across the panel
    [legend] = figure.legends
    assert "guessing by frequency: 0.29" in [text.get_text() for text in legend.get_texts()]


def test_type_scores_has_three_points_for_each_type_and_an_interval_of_f1() -> None:
    figure = plots.type_scores(SCORES, INTERVALS)
    assert row_names(figure) == ["location\nn = 4", "person\nn = 1,200", "all\nn = 1,204"]
    assert points(figure) == {
        "precision": [1.0, 0.0, 0.5],
        "recall": [0.5, 0.0, 0.25],
        "F1": [2 / 3, 0.0, 1 / 3],
    }
    assert intervals(figure) == [[0.4, 0.8], [0.0, 0.1], [0.3, 0.4]]
    assert printed_at_the_right(figure)[:3] == ["1.00", "0.50", "0.67 (0.40 to 0.80)"]


def test_baselines_are_points_that_differ_where_they_have_no_interval() -> None:
    figure = plots.baselines(
        {"ours": (0.4, 0.35, 1.0), "recorded": 0.3}, published={"theirs": 0.42}
    )
    assert row_names(figure) == ["ours", "recorded", "theirs"]
    assert printed_at_the_right(figure) == ["0.400 (0.350 to 1.000)", "0.300", "0.420"]
    assert list(points(figure).values()) == [[0.4], [0.3], [0.42]]
    assert intervals(figure) == [[0.35, 1.0]]
    looks = {(line.get_marker(), line.get_markerfacecolor()) for line in panel(figure).lines}
    assert len(looks) == 3


def test_reliability_has_a_point_with_its_interval_for_each_bin_that_holds_something() -> None:
    figure = plots.reliability([0.0, 0.12, 0.18, 0.95, 1.0], [False, False, True, True, True])
    lines, marks = panel(figure).collections
    assert isinstance(marks, PathCollection)
    assert np.asarray(marks.get_offsets()) == pytest.approx(
        np.array([[0, 0], [0.15, 0.5], [0.975, 1]])
    )
    assert isinstance(lines, LineCollection)
    ends = [segment[:, 1].tolist() for segment in lines.get_segments()]
    assert ends[1] == pytest.approx([0.095, 0.905], abs=0.001)
    assert printed(figure) == ["n = 1", "n = 2", "n = 2"]
    small, *larger = marks.get_sizes()
    assert all(small < size for size in larger)
    assert len(panel(figure).lines) == 1  # the diagonal; nothing joins the bins


@pytest.mark.parametrize("right", [[True], [True, False, True]])
def test_reliability_takes_a_score_for_each_answer(right: list[bool]) -> None:
    with pytest.raises(ValueError, match=f"scores has 2 values and right {len(right)}"):
        plots.reliability([0.1, 0.2], right)


def test_type_confusion_counts_and_shades_by_row() -> None:
    figure = plots.type_confusion(
        {("person", "person"): 3, ("person", "O"): 1, ("O", "group"): 2, ("O", "O"): 999}
    )
    columns = [label.get_text() for label in panel(figure).get_xticklabels()]
    assert columns == ["group", "person", "O (missed)"]
    assert row_names(figure) == ["group\nn = 0", "person\nn = 4", "O (spurious)\nn = 2"]
    assert printed(figure) == ["0", "0", "0", "0", "3", "1", "2", "0"]
    shades = panel(figure).images[0].get_array()
    assert shades is not None
    assert shades.tolist() == [[0, 0, 0], [0, 75, 25], [100, 0, 0]]


def test_names_with_dollar_signs_are_no_formulas() -> None:
    figure = plots.baselines({r"$\bad{$": 0.1, r"$\frac$": 0.2})
    figure.canvas.draw()
    assert row_names(figure) == [r"$\bad{$", r"$\frac$"]


def test_shapes_draws_each_step_and_a_tag_below_the_first_subword_of_each_word() -> None:
    figure = shapes(highlight=["logits"])
    texts = [text for text in printed(figure) if text]
    assert texts[:4] == ["words", "(2,)\nwords", "subwords", "(1, 5)\nrows, subwords"]
    assert texts[14:] == [
        *("Marta", "sings", "[CLS]", "mart", "##a", "sings", "[SEP]"),
        *("100", "101", "102", "103", "104"),
        "6 layers: every vector is computed from all vectors",
        *("B-person", "O"),
    ]
    arrows = [len(np.asarray(line.get_xdata())) for line in panel(figure).lines]
    assert arrows == [3, 5, 5, 5, 5, 2]
    bold = [text.get_text() for text in panel(figure).texts if text.get_fontweight() == "bold"]
    assert bold == ["logits", "(1, 5, 13)\nrows, subwords, tags"]


def test_shapes_cuts_a_long_sentence_between_words() -> None:
    subwords = ["[CLS]", *["mart", "##a"] * 30, "[SEP]"]
    encoding = Encoding(subwords, [None, *np.repeat(range(30), 2), None])
    figure = shapes(["Marta"] * 30, encoding=encoding, tags=["B-creative-work"] * 30)
    drawn = printed(figure)
    n_words = drawn.count("Marta")
    assert 2 <= n_words < 30
    assert drawn.count("##a") == drawn.count("B-creative-work") == n_words
    assert "…" in drawn
    assert "[SEP]" in drawn
    assert "(1, 62)\nrows, subwords" in drawn


def test_shapes_keeps_its_boxes_inside_the_drawing() -> None:
    figure = shapes(["Marta" * 40, "x"], tags=["B-" + "person" * 10, "O"])
    boxes = [bar for group in panel(figure).containers for bar in group]
    edges = [(box.get_x(), box.get_x() + box.get_width()) for box in boxes]
    assert min(left for left, _ in edges) >= 0
    assert max(right for _, right in edges) <= 75


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"highlight": ["logits", "loss"]}, r"highlight holds \['loss'\]; the steps are words, "),
        ({"tags": ["O"]}, "words has 2 words and tags 1; each takes one tag"),
    ],
)
def test_shapes_refuses_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shapes(**changes)


def test_settings_table_shows_what_differs_from_the_profile() -> None:
    chosen = settings.load("offline", epochs=2, batch_size=8, output_dir="somewhere")
    table = plots.settings_table(chosen)
    assert table["value"].to_dict() == {
        "profile": "offline",
        "dataset": "sample",
        "model": "minilm",
        "epochs": "2.0",
    }


def test_a_table_of_text_is_aligned_to_the_left_and_escaped() -> None:
    frame = pd.DataFrame({"what": ["<b>x", "y"], "share": [0.12345, 1]}, index=["<i>", "z"])
    html = plots.text_table(frame).to_html()
    assert 'class="dataframe"' in html
    assert re.search(r"\.col0 \{\s*text-align: left", html)
    assert not re.search(r"\.col1 \{", html)
    assert "<b>" not in html
    assert "&lt;b&gt;x" in html
    assert "<i>" not in html
    assert "0.123<" in html


class _Rendered(HTMLParser):
    """What a reader of the HTML sees: elements, the text without the names of types, the names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.text = ""
        self.names: list[str] = []
        self.titles: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.elements.add(tag)
        if tag == "mark":
            self.titles.append(dict(attrs)["title"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "small" in self.open:
            self.names.append(data)
        else:
            self.text += data


def rendered(html: Any) -> _Rendered:
    seen = _Rendered(html.data)
    assert seen.elements <= {"div", "mark", "small"}
    return seen


def body(seen: _Rendered) -> str:
    """The text below the legend."""
    return seen.text.split("\n", maxsplit=2)[2].removesuffix("\n")


def test_an_entity_is_marked_and_named_and_its_score_is_at_hand() -> None:
    text = "Ada met Grace  in Paris"
    entities = [
        {"entity_group": "location", "start": 18, "end": 23, "score": 0.5},
        {"entity_group": "person", "start": 0, "end": 3, "score": 0.987, "word": "ada"},
    ]
    seen = rendered(plots.highlight_entities(text, entities))
    assert seen.names == ["location", "person", "person", "location"]  # legend, then the text
    assert seen.titles[2:] == ["score 0.99", "score 0.50"]
    assert body(seen) == text


def test_several_texts_share_one_legend() -> None:
    person = {"entity_group": "person", "start": 0, "end": 3}
    seen = rendered(plots.highlight_entities(["Ada", "none", "Eve"], [[person], [], [person]]))
    assert seen.names == ["person"] * 3
    assert body(seen) == "Ada\nnone\nEve"


def test_text_and_type_names_are_escaped() -> None:
    evil = "<script>alert('x')</script> & \"<b>\""
    seen = rendered(
        plots.highlight_entities(
            evil, [{"entity_group": '<img src="x">', "start": 0, "end": 8, "score": 1.0}]
        )
    )
    assert seen.names == ['<img src="x">'] * 2
    assert body(seen) == evil
    seen = rendered(plots.highlight_tags([["<script>", "&amp;"]], [["B-<b>", "O"]]))
    assert seen.names == ["<b>"] * 2
    assert body(seen) == "<script> &amp;"


@examples(max_examples=50)
@given(st.text(), st.lists(st.integers(0, 30), max_size=6), st.text(min_size=1))
def test_the_text_of_a_rendering_is_the_text_given(text: str, cuts: list[int], type_: str) -> None:
    borders = sorted({cut for cut in cuts if cut <= len(text)})
    entities = [
        {"entity_group": type_, "start": start, "end": end}
        for start, end in zip(borders[::2], borders[1::2], strict=False)
    ]
    seen = rendered(plots.highlight_entities(text, entities))
    assert body(seen) == text
    assert "".join(seen.names) == type_ * (len(entities) + (1 if entities else 0))


def test_words_are_joined_by_a_space_and_spans_are_marked() -> None:
    tags = spans_to_tags([("person", 0, 2), ("location", 3, 4)], 5)
    html = plots.highlight_tags([["Ada", "Byron", "of", "London", "!"]], [tags])
    assert body(rendered(html)) == "Ada Byron of London !"
    assert ">Ada Byron<small" in html.data
    assert ">London<small" in html.data


def test_a_type_keeps_its_colour_from_one_rendering_to_the_next() -> None:
    def colours(*types: str) -> dict[str, str]:
        html = plots.highlight_tags([list(types)], [[f"B-{type_}" for type_ in types]])
        marks = html.data.split("<mark")[1:]
        return {
            type_: mark.split("background: ")[1][:7]
            for mark in marks
            for type_ in types
            if f">{type_}</small>" in mark
        }

    both, one = colours("corporation", "person"), colours("person")
    assert one["person"] == both["person"] != both["corporation"]


def test_entities_that_do_not_fit_their_text_are_refused() -> None:
    first = {"entity_group": "person", "start": 0, "end": 3}
    with pytest.raises(ValueError, match=r"\('group', 2, 5\) overlaps another"):
        plots.highlight_entities(
            "Ada Byron", [first, {"entity_group": "group", "start": 2, "end": 5}]
        )
    with pytest.raises(ValueError, match=r"\('person', 0, 3\).* reaches past its text of 2"):
        plots.highlight_entities("Ad", [first])


def test_entities_for_another_number_of_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="texts has 2 texts and entities 1 lists"):
        plots.highlight_entities(["a", "b"], [[]])


def test_words_and_tags_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="sentence 1 has 2 words and 1 tags"):
        plots.highlight_tags([["a"], ["a", "b"]], [["O"], ["O"]])
