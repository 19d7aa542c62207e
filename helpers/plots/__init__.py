"""Every figure and every HTML rendering of the lessons.

Each function turns plain data into a finished figure, table or rendering that is made to be the
last line of a cell; nothing is shown or saved besides. What a reader sees is written as
templates with named places, so that it can be translated; names that code has for rows and series
are turned into a reader's by `helpers.labels`.
"""

from helpers.plots.curves import learning_curves, learning_rates, runs_compared
from helpers.plots.figures import (
    baselines,
    entity_counts,
    entity_lengths,
    found_entities,
    padding_costs,
    reliability,
    seen_entities,
    type_confusion,
    type_scores,
    windows,
)
from helpers.plots.steps import shapes
from helpers.plots.sweeps import settings_compared
from helpers.plots.text import highlight_entities, highlight_tags, settings_table, text_table

__all__ = [
    "baselines",
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
    "seen_entities",
    "settings_compared",
    "settings_table",
    "shapes",
    "text_table",
    "type_confusion",
    "type_scores",
    "windows",
]
