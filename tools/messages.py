"""Markdown to its messages, the pieces of text that are translated one by one, and back.

A message is the text of a paragraph, a heading, an item of a list, a cell of a table, a term or its
definition, a summary that unfolds, or a caption of a table of contents. Everything between the
messages (markers, code, blank lines) stays as it is, so that a page whose messages are put back
unchanged is the same to the last character.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from colab import BADGE
from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin

MARKDOWN = MarkdownIt("commonmark").enable("table").use(deflist_plugin)
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
# Where a link or an image leads; its text is read, this is not.
TARGET = re.compile(r"(?<=\])\([^()\s]*\)")

_SUMMARY = re.compile(r"<summary>(.*?)</summary>")
_CAPTION = re.compile(r"^:caption: (.*)$", re.MULTILINE)
_LETTER = re.compile(r"[A-Za-z]")


class Piece(NamedTuple):
    """A message and where it stands, ``source[start:end]``, with line breaks and their markers."""

    message: str
    start: int
    end: int


def pieces(source: str) -> list[Piece]:
    r"""Turn Markdown into its messages, from top to bottom.

    >>> [piece.message for piece in pieces("# Tags\n\n- `O` is\n  *outside*\n\n```\ncode\n```")]
    ['Tags', '`O` is *outside*']
    """
    return [piece for piece in _pieces(source) if is_prose(piece.message)]


def is_prose(message: str) -> bool:
    """Whether there is anything to translate: Latin letters outside code and addresses of links.

    >>> is_prose("`tokens`, [12](a.md)"), is_prose("the `tokens`")
    (False, True)
    """
    read = TARGET.sub("", CODE_SPAN.sub("", BADGE.sub("", message)))
    return bool(_LETTER.search(read))


def translated(source: str, translate: Callable[[str], str]) -> str:
    """Turn Markdown into the same with every message translated.

    A message that is translated to itself keeps its line breaks.
    """
    done, position = [], 0
    for message, start, end in pieces(source):
        text = translate(message)
        done += [source[position:start], source[start:end] if text == message else text]
        position = end
    return "".join([*done, source[position:]])


def _pieces(source: str) -> Iterator[Piece]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    position = 0
    for token in MARKDOWN.parse(source):
        if not token.map:
            continue
        top, bottom = token.map
        first, last = starts[top], starts[max(bottom, top + 1)]  # a term's map ends where it begins
        if token.type == "inline":
            start = position = max(position, first)
            for number, line in enumerate(token.content.split("\n")):
                found = source.index(line, position, last)
                start = start if number else found
                position = found + len(line)
            yield Piece(" ".join(token.content.split("\n")), start, position)
        elif token.type in ("html_block", "fence"):
            if token.type == "fence" and not token.info.startswith("{toctree}"):
                continue
            pattern = _SUMMARY if token.type == "html_block" else _CAPTION
            for match in pattern.finditer(source, first, last):
                yield Piece(match[1], *match.span(1))
