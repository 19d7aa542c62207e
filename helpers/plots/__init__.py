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

from helpers.plots.drawing import Drawing, describe
from helpers.plots.figures import (
    baselines,
    entity_counts,
    entity_lengths,
    found_entities,
    learning_curves,
    learning_rates,
    padding_costs,
    reliability,
    runs_compared,
    seen_entities,
    type_confusion,
    type_scores,
    windows,
)
from helpers.plots.sweeps import score_by_parameter, score_by_time
from helpers.plots.text import highlight_entities, highlight_tags, settings_table, text_table

__all__ = [
    "Drawing",
    "baselines",
    "describe",
    "entity_counts",
    "entity_lengths",
    "found_entities",
    "highlight_entities",
    "highlight_tags",
    "learning_curves",
    "learning_rates",
    "padding_costs",
    "reliability",
    "runs_compared",
    "score_by_parameter",
    "score_by_time",
    "seen_entities",
    "settings_table",
    "text_table",
    "type_confusion",
    "type_scores",
    "windows",
]
