"""Settings, tables and tagged text to what a lesson shows as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import accumulate, cycle
from typing import Any

import pandas as pd
from IPython.display import HTML
from pandas.io.formats.style import Styler
from pandas.io.formats.style_render import CSSDict

from helpers import settings
from helpers.plots.drawing import PALETTE
from helpers.settings import Settings
from helpers.tagging import entity_spans
from helpers.translation import _

WNUT_TYPES = ("corporation", "creative-work", "group", "location", "person", "product")


def settings_table(run: Settings) -> pd.DataFrame:
    """Turn the settings of a run into a table: profile, data, model, and what differs from these.

    The folder for what the run writes is left out: it has no influence on a result.
    """
    usual = settings.load(run.profile).to_dict()
    values = {
        name: str(value)
        for name, value in run.to_dict().items()
        if name in ("profile", "dataset", "model")
        or (value != usual[name] and name != "output_dir")
    }
    return pd.DataFrame({_("value"): values}).rename_axis(_("setting"))


def text_table(frame: pd.DataFrame) -> Styler:
    """Turn a table with columns of text into one whose text is aligned to the left.

    Numbers stay at the right. Text is escaped, so nothing in it is read as HTML.
    """
    left: list[CSSDict] = [{"selector": "", "props": "text-align: left"}]
    text = frame.select_dtypes(exclude="number").columns
    shown = frame.style.format(precision=3, escape="html").format_index(escape="html")
    shown.set_table_attributes('class="dataframe"')  # as pandas has it, for whatever styles tables
    return shown.set_table_styles(dict.fromkeys(text, left)).set_table_styles(
        [{"selector": "th.row_heading", "props": "text-align: left"}], overwrite=False
    )


def highlight_entities(texts: str | Sequence[str], entities: Sequence[Any]) -> HTML:
    """Turn texts and their entities into HTML that marks each entity and names its type.

    Text and names are escaped, so nothing in them is read as HTML; spaces and line breaks are kept.

    Args:
        texts: One text or several.
        entities: The entities of the text, or a list of them for each text, as a tagger or a
            pipeline with aggregation gives them: ``entity_group``, ``start`` and ``end``
            (characters), and, shown when the pointer rests on it, ``score``.

    Raises:
        ValueError: An entity that reaches past its text or overlaps another; or not one list of
            entities for each text.
    """
    tagged = [entities] if isinstance(texts, str) else list(entities)
    texts = [texts] if isinstance(texts, str) else texts
    if len(texts) != len(tagged):
        raise ValueError(
            f"texts has {len(texts)} texts and entities {len(tagged)} lists; each text takes one"
        )
    present = {entity["entity_group"] for found in tagged for entity in found}
    order = [*WNUT_TYPES, *sorted(present.difference(WNUT_TYPES))]
    colours = dict(zip(order, cycle(PALETTE), strict=False))
    legend = " ".join(_mark("", type_, colours[type_]) for type_ in order if type_ in present)
    paragraphs = "\n".join(
        '<div style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4em 0">'
        f"{_marked(text, found, colours)}</div>"
        for text, found in zip(texts, tagged, strict=True)
    )
    return HTML(f'<div style="line-height: 2">\n<div>{legend}</div>\n{paragraphs}\n</div>')


def highlight_tags(sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> HTML:
    """Turn sentences of words and their tags into HTML that marks each entity and names its type.

    Args:
        sentences: The words of each sentence; they are shown with a space between them.
        tags: The tags of each sentence.

    Raises:
        ValueError: Words and tags of different number.
    """
    texts, entities = [], []
    for number, (words, its_tags) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(its_tags):
            raise ValueError(
                f"sentence {number} has {len(words)} words and {len(its_tags)} tags; each word "
                "takes one tag"
            )
        texts.append(" ".join(words))
        starts = [0, *accumulate(len(word) + 1 for word in words)]
        entities.append(
            [
                {"entity_group": type_, "start": starts[start], "end": starts[end] - 1}
                for type_, start, end in entity_spans(its_tags)
            ]
        )
    return highlight_entities(texts, entities)


def _marked(text: str, entities: Iterable[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """Turn a text into HTML with its entities marked."""
    pieces, position = [], 0
    for entity in sorted(entities, key=lambda entity: entity["start"]):
        type_, start, end = entity["entity_group"], entity["start"], entity["end"]
        if not position <= start < end <= len(text):
            raise ValueError(
                f"the entity ({type_!r}, {start}, {end}) overlaps another or reaches past its "
                f"text of {len(text)} characters; were text and entities paired wrongly?"
            )
        title = _("score {score:.2f}").format(score=entity["score"]) if "score" in entity else ""
        marked = _mark(text[start:end], type_, colours[type_], title)
        pieces += [escape(text[position:start]), marked]
        position = end
    return "".join([*pieces, escape(text[position:])])


def _mark(text: str, type_: str, colour: str, title: str = "") -> str:
    """Turn an entity into HTML: tinted text that keeps the theme's own colour, and its type."""
    return (
        f'<mark title="{title}" style="color: inherit; background: {colour}40; '
        f"border-bottom: 2px solid {colour}; border-radius: 0.2em; padding: 0.1em 0.2em"
        f'">{escape(text)}<small style="font-weight: bold; margin-left: 0.4em; '
        f'user-select: none">{escape(type_)}</small></mark>'
    )
