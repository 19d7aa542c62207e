"""English sentences to those of the edition that a reader has open.

What a reader reads (the sentences of lessons, figures, replies to exercises) is written in English
as ``_("…")``, a template where it holds values. The environment variable ``LESSON_LANGUAGE`` names
the edition; `_` looks a sentence up in its gettext catalogue, ``locale`` beside this file. What the
catalogue lacks stays English, and so do errors and logs, as those of the libraries do.
"""

import gettext
import os
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ja")
VARIABLE = "LESSON_LANGUAGE"


def language() -> str:
    """The language of the edition, such as ``"ja"``.

    Raises:
        ValueError: ``LESSON_LANGUAGE`` names a language that the course is not written in.
    """
    name = os.environ.get(VARIABLE) or "en"
    if name not in LANGUAGES:
        raise ValueError(
            f"{VARIABLE}={name!r} is no edition of the course; choose {' or '.join(LANGUAGES)}"
        )
    return name


def prefix(name: str) -> str:
    """Where an edition lies below a folder: the English one on top, any other one level down.

    >>> prefix("en"), prefix("ja")
    ('', 'ja/')
    """
    return "" if name == "en" else f"{name}/"


def _(message: str) -> str:
    """Turn an English sentence, or a template of one, into that of the edition.

    >>> _("Correct.")
    'Correct.'
    """
    return _catalogue(language()).gettext(message) if message else message


def text_of(sentences: Iterable[str]) -> str:
    """Put sentences together: with a space between them, or none in Japanese.

    >>> text_of(["It is so.", "It is not."])
    'It is so. It is not.'
    """
    return ("" if language() == "ja" else " ").join(sentences)


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    """The sentences of a language; one that waits for its translation (fuzzy) is not among them."""
    if name == "en":
        return gettext.NullTranslations()
    compiled = BytesIO()
    with (files("helpers") / f"locale/{name}/LC_MESSAGES/helpers.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
