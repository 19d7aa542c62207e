"""Figures show what they were given, and HTML renderings escape it."""

import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from helpers import plots, settings
from helpers.plots import drawing
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
FIGURES: dict[str, Callable[[], Figure]] = {
    "entity_counts": lambda: plots.entity_counts({"train": {"person": 3}, "test": {"group": 2}}),
    "entity_lengths": lambda: plots.entity_lengths({"train": [1, 1, 2], "test": [9]}),
    "seen_entities": lambda: plots.seen_entities({"person": {"seen": 1, "unseen": 3}}),
    "found_entities": lambda: plots.found_entities({"unseen": {"found": 1, "not found": 3}}),
    "padding_costs": lambda: plots.padding_costs({"per batch": {"subwords": 60, "padding": 40}}),
    "windows": lambda: plots.windows([[2, 2, 1, 0], [0, 1, 2, 2]]),
    "learning_rates": lambda: plots.learning_rates([1e-4, 2e-4, 1e-4]),
    "learning_curves": lambda: plots.learning_curves(HISTORY),
    "type_scores": lambda: plots.type_scores(
        SCORES, {"location": (2 / 3, 0.4, 0.8), "person": (0, 0, 0.1), "all": (1 / 3, 0.3, 0.4)}
    ),
    "baselines": lambda: plots.baselines({"all O": 0.0, "this lesson": 0.4}),
    "reliability": lambda: plots.reliability([0.2, 0.9, 0.95], [False, True, False]),
    "runs_compared": lambda: plots.runs_compared({"A": CURVES, "B": CURVES}),
    "score_by_parameter": lambda: plots.score_by_parameter(
        [1e-4, 3e-4], [0.1, 0.2], parameter="learning_rate", score="test.f1"
    ),
    "score_by_time": lambda: plots.score_by_time([5, 9], [0.1, 0.2], ["a", "b"], score="test.f1"),
    "type_confusion": lambda: plots.type_confusion({("person", "O"): 2, ("person", "person"): 3}),
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


def heights(figure: Figure) -> dict[str, list[float]]:
    """The heights of upright bars by the name of their series."""
    groups = [item for item in figure.axes[0].containers if isinstance(item, BarContainer)]
    return {str(bars.get_label()): [bar.get_height() for bar in bars] for bars in groups}


def widths(figure: Figure) -> dict[str, list[float]]:
    """The widths of lying bars by the name of their series."""
    groups = [item for item in figure.axes[0].containers if isinstance(item, BarContainer)]
    return {str(bars.get_label()): [bar.get_width() for bar in bars] for bars in groups}


def tick_labels(figure: Figure, axis: str = "x") -> list[str]:
    return [label.get_text() for label in getattr(figure.axes[0], f"get_{axis}ticklabels")()]


def printed(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", FIGURES)
def test_every_panel_has_a_title_and_both_axes_are_named(name: str) -> None:
    figure = FIGURES[name]()
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    for axes in panels:
        assert axes.get_title(loc="left") or axes.get_title() or name == "runs_compared"
        assert axes.get_xlabel() or name == "runs_compared"  # shared by the panels of a column
        assert axes.get_ylabel() or name == "runs_compared"  # and of a row


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_stays_open_for_jupyter_to_show_again(name: str) -> None:
    before = plt.get_fignums()
    FIGURES[name]()
    assert plt.get_fignums() == before


def test_every_public_function_that_draws_is_looked_at_here() -> None:
    drawing = {
        name
        for name, value in vars(plots).items()
        if callable(value) and getattr(value, "__annotations__", {}).get("return") is Figure
    }
    assert drawing == set(FIGURES)


def test_a_figure_that_cannot_be_drawn_is_closed_too() -> None:
    before = plt.get_fignums()
    with pytest.raises(KeyError), drawing.drawing("a title"):
        raise KeyError
    assert plt.get_fignums() == before


def test_entity_counts_has_a_bar_for_each_type_and_split() -> None:
    figure = plots.entity_counts({"train": {"person": 3, "group": 1}, "test": {"person": 2}})
    assert tick_labels(figure) == ["group", "person"]
    assert heights(figure) == {"train": [1, 3], "test": [0, 2]}


def test_entity_lengths_puts_the_long_ones_together() -> None:
    figure = plots.entity_lengths({"train": [1, 1, 2, 9]}, longest=3)
    assert tick_labels(figure) == ["1", "2", "3 or more"]
    assert heights(figure) == {"train": [50, 25, 25]}


def test_seen_entities_shows_shares_and_prints_counts() -> None:
    figure = plots.seen_entities(
        {"person": {"seen": 1, "unseen": 3}, "group": {"unseen": 2}, "product": {}}
    )
    assert tick_labels(figure, "y") == ["person", "group", "product"]
    assert widths(figure) == {"seen": [25, 0, 0], "unseen": [75, 100, 0]}
    assert printed(figure) == ["1 of 4 seen", "0 of 2 seen", "0 of 0 seen"]


def test_found_entities_shows_the_recall_of_each_group() -> None:
    figure = plots.found_entities(
        {"seen": {"found": 3, "not found": 1}, "unseen": {"not found": 4}}
    )
    assert widths(figure) == {"found": [75, 0], "not found": [25, 100]}
    assert printed(figure) == ["3 of 4 found", "0 of 4 found"]


def test_padding_costs_shows_positions_and_prints_the_share_of_padding() -> None:
    figure = plots.padding_costs(
        {
            "to the maximum": {"subwords": 600, "padding": 1400},
            "grouped by length": {"subwords": 600, "padding": 0},
        }
    )
    assert widths(figure) == {"subwords": [600, 600], "padding": [1400, 0]}
    assert printed(figure) == ["70% padding", "0% padding"]


def test_windows_draws_each_subword_where_its_window_stands() -> None:
    (axes,) = plots.windows([[2, 2, 1, 0], [0, 1, 2, 2]]).axes
    drawn = {
        str(bars.get_label()): [(round(bar.get_y() + 0.4), bar.get_x()) for bar in bars]
        for bars in axes.containers
        if isinstance(bars, BarContainer)
    }
    assert drawn == {
        "read here": [(0, 0), (0, 1), (1, 2), (1, 3)],
        "context only": [(0, 2), (1, 1)],
    }


def test_learning_rates_counts_steps_from_one() -> None:
    (axes,) = plots.learning_rates([1e-4, 2e-4, 1e-4]).axes
    assert np.asarray(axes.lines[0].get_xydata()).tolist() == [[1, 1e-4], [2, 2e-4], [3, 1e-4]]


def test_learning_curves_draws_the_points_of_a_log_history() -> None:
    losses, scores = plots.learning_curves(HISTORY).axes
    drawn = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in losses.lines}
    assert drawn == {"training": [[1, 0.8], [2, 0.5]], "validation": [[1, 0.6], [2, 0.7]]}
    assert np.asarray(scores.lines[0].get_xydata()).tolist() == [[1, 0.4], [2, 0.3]]
    assert [text.get_text() for text in scores.texts] == ["best: 0.400"]


def test_learning_curves_refuses_a_history_without_any_curve() -> None:
    with pytest.raises(ValueError, match=r"history has no row .* trainer\.state\.log_history"):
        plots.learning_curves([{"epoch": 1.0, "train_loss": 0.3}])


def test_type_scores_has_three_bars_for_each_type_and_for_all() -> None:
    figure = plots.type_scores(SCORES)
    assert tick_labels(figure) == ["location\nn = 4", "person\nn = 1,200", "all\nn = 1,204"]
    assert heights(figure) == {
        "precision": [1.0, 0.0, 0.5],
        "recall": [0.5, 0.0, 0.25],
        "F1": [2 / 3, 0.0, 1 / 3],
    }


def test_type_scores_draws_the_intervals_of_f1() -> None:
    ends = {"location": (2 / 3, 0.4, 0.8), "person": (0.0, 0.0, 0.1), "all": (1 / 3, 0.3, 0.4)}
    figure = plots.type_scores(SCORES, ends)
    bars = [item for item in figure.axes[0].containers if isinstance(item, BarContainer)]
    assert [group.errorbar is not None for group in bars] == [False, False, True]
    assert bars[2].errorbar is not None
    drawn = bars[2].errorbar.lines[2][0].get_segments()
    assert [tuple(line[:, 1]) for line in drawn] == [pytest.approx(e[1:]) for e in ends.values()]


def test_baselines_are_points_with_intervals_and_published_ones_are_hollow() -> None:
    figure = plots.baselines({"all O": 0.0, "ours": (0.4, 0.35, 0.45)}, published={"theirs": 0.42})
    (axes,) = figure.axes
    assert tick_labels(figure, "y") == ["all O", "ours", "theirs"]
    assert printed(figure) == ["0.000", "0.400 (0.350 to 0.450)", "0.420"]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [np.asarray(line.get_xdata()).item() for line in points] == [0.0, 0.4, 0.42]
    assert [line.get_markerfacecolor() == "none" for line in points] == [False, False, True]
    [interval] = [line for line in axes.lines if line.get_marker() == "None"]
    assert np.asarray(interval.get_xydata()).tolist() == [[0.35, 1], [0.45, 1]]


def test_reliability_has_a_point_for_each_bin_that_holds_something() -> None:
    figure = plots.reliability([0.0, 0.12, 0.18, 0.95, 1.0], [False, False, True, True, True])
    points = np.asarray(figure.axes[0].collections[0].get_offsets())
    assert points == pytest.approx(np.array([[0, 0], [0.15, 0.5], [0.975, 1]]))
    assert [text for text in printed(figure) if "n =" in text] == ["n = 1", "n = 2", "n = 2"]


@pytest.mark.parametrize("right", [[True], [True, False, True]])
def test_reliability_takes_a_score_for_each_answer(right: list[bool]) -> None:
    with pytest.raises(ValueError, match=f"scores has 2 values and right {len(right)}"):
        plots.reliability([0.1, 0.2], right)


def test_runs_side_by_side_share_their_scales() -> None:
    figure = plots.runs_compared({"A": CURVES, "B": [{**row, "loss": 9.0} for row in CURVES]})
    losses = figure.axes[:2]
    assert losses[0].get_ylim() == losses[1].get_ylim()
    assert losses[0].get_ylim()[1] > 9  # the highest of all
    drawn = [np.asarray(line.get_ydata()).tolist() for line in losses[1].lines]
    assert drawn == [[9.0, 9.0], [0.7, 0.9]]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_in_words_what_it_draws(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(drawing, "display", lambda data, raw: shown.append(data))
    figure = FIGURES[name]()
    assert isinstance(figure, plots.Drawing)
    figure._ipython_display_()
    [data] = shown
    image = _Image(data["text/html"])
    assert image.attributes["alt"] == data["text/plain"]
    assert re.search(r"\d", image.attributes["alt"])  # the values, not only the title
    assert len(image.attributes["alt"]) > 30
    assert image.attributes["src"].startswith("data:image/png;base64,")


def test_alt_text_holds_the_values_that_were_given() -> None:
    described = plots.describe(plots.type_confusion({("person", "O"): 2, ("person", "person"): 3}))
    assert "person n = 5: person 3, O (missed) 2" in described
    curves = plots.describe(plots.learning_curves(HISTORY))
    assert "validation: 2 points from 0.6 to 0.7, lowest 0.6, highest 0.7" in curves
    assert "seen: person 25. unseen: person 75" in plots.describe(FIGURES["seen_entities"]())


def test_names_are_escaped_in_alt_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(drawing, "display", lambda data, raw: shown.append(data))
    figure = plots.entity_counts({'"><script>': {"person": 3}})
    assert isinstance(figure, plots.Drawing)
    figure._ipython_display_()
    assert "<script>" not in shown[0]["text/html"]
    assert "<script>" in _Image(shown[0]["text/html"]).attributes["alt"]


def test_a_colour_has_one_meaning() -> None:
    def colours(figure: Figure) -> dict[str, Any]:
        return {
            str(bars.get_label()): bars[0].get_facecolor()
            for bars in figure.axes[0].containers
            if isinstance(bars, BarContainer)
        }

    splits = colours(plots.entity_counts({s: {"x": 1} for s in ("train", "validation", "test")}))
    scores = colours(plots.type_scores(SCORES))
    parts = colours(FIGURES["seen_entities"]())
    every = [*splits.values(), *scores.values(), *parts.values()]
    assert len(set(every)) == len(every)
    assert colours(plots.entity_counts({"test": {"x": 1}}))["test"] == splits["test"]


def test_a_bar_that_can_be_seen_has_no_zero_above_it() -> None:
    figure = plots.entity_lengths({"train": [1] * 500 + [2]})
    assert printed(figure)[:3] == ["100", "<1", "0"]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_an_opaque_card_on_light_and_dark_pages(name: str) -> None:
    assert FIGURES[name]().get_facecolor() == (1, 1, 1, 1)


class _Image(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        assert tag == "img"
        self.attributes = {name: value or "" for name, value in attrs}


def test_type_confusion_counts_and_shades_by_row() -> None:
    figure = plots.type_confusion(
        {("person", "person"): 3, ("person", "O"): 1, ("O", "group"): 2, ("O", "O"): 999}
    )
    assert tick_labels(figure) == ["group", "person", "O (missed)"]
    assert tick_labels(figure, "y") == [
        "group\nn = 0",
        "person\nn = 4",
        "O (spurious)\nn = 2",
    ]
    assert printed(figure) == ["0", "0", "0", "0", "3", "1", "2", "0", ""]
    shades = figure.axes[0].images[0].get_array()
    assert shades is not None
    assert shades.tolist() == [[0, 0, 0], [0, 75, 25], [100, 0, 0]]


def test_names_with_dollar_signs_are_no_formulas() -> None:
    figure = plots.entity_counts({r"$\bad{$": {r"$\frac$": 1}, "test": {r"$\frac$": 1}})
    figure.canvas.draw()
    assert tick_labels(figure) == [r"$\frac$"]


def test_a_crowded_figure_leaves_the_numbers_out() -> None:
    many = {f"type-{number:02}": number for number in range(18)}
    assert printed(plots.entity_counts({"train": many, "test": many})) == []


def test_settings_table_shows_what_differs_from_the_profile() -> None:
    chosen = settings.load("offline", epochs=2, batch_size=8, output_dir="somewhere")
    table = plots.settings_table(chosen)
    assert table["value"].to_dict() == {
        "profile": "offline",
        "dataset": "sample",
        "model": "minilm",
        "epochs": "2.0",
    }


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
    def colours(*types: str, **options: Any) -> dict[str, str]:
        html = plots.highlight_tags([list(types)], [[f"B-{type_}" for type_ in types]], **options)
        marks = html.data.split("<mark")[1:]
        return {
            type_: mark.split("background: ")[1][:7]
            for mark in marks
            for type_ in types
            if f">{type_}</small>" in mark
        }

    both, one = colours("corporation", "person"), colours("person")
    assert one["person"] == both["person"] != both["corporation"]
    order = ["LOC", "PER"]
    assert colours("PER", types=order)["PER"] == colours("PER", "LOC", types=order)["PER"]


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
