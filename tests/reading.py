"""What the tests of the readers share: files of a few lines, and what is read from them."""

import ast
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from helpers import readers
from helpers.tagging import Span, entity_spans

Words = list[str]
Annotated = tuple[Words, list[Span]]
Pairs = list[list[tuple[str, str]]]


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def read(folder: Path, name: str, text: str | bytes, **options: Any) -> readers.Split:
    """The sentences of a file, their tags as it writes them."""
    return readers.read(write(folder, name, text), readers.ReadOptions(**options))


def in_iob2(path: Path, **options: Any) -> readers.Split:
    """The sentences of a file in IOB2."""
    return readers.in_iob2({"train": readers.read(path, readers.ReadOptions(**options))})["train"]


def pairs(split: readers.Split) -> Pairs:
    return [list(zip(one.tokens, one.tags, strict=True)) for one in split.sentences]


# Of an entity: how it begins, goes on and ends, and what it is if it has one word.
LETTERS = {
    **{"IOB1": "IIII", "IOB2": "BIIB", "IOBES": "BIES", "BILOU": "BILU"},
    **{"BMES": "BMES", "BMEWO": "BMEW"},
}


def encode(
    spans: Sequence[Span],
    n_words: int,
    scheme: str,
    *,
    spell: Callable[[str, str], str] = "{}-{}".format,
    outside: str = "O",
) -> list[str]:
    """The tags of a sentence: the scheme's definition, read aloud."""
    first, inside, last, single = tuple(LETTERS[scheme])
    tags = [outside] * n_words
    for type_, start, end in spans:
        letters = single if end - start == 1 else first + inside * (end - start - 2) + last
        if scheme == "IOB1" and any((type_, start) == (other, stop) for other, _, stop in spans):
            letters = "B" + letters[1:]
        tags[start:end] = [spell(letter, type_) for letter in letters]
    return tags


def annotated(split: readers.Split) -> list[Annotated]:
    """The words and the spans of every sentence."""
    return [(one.tokens, entity_spans(one.tags)) for one in split.sentences]


def notices(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the package said, without what it only says when it is asked to."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("helpers") and record.levelno >= logging.WARNING
    ]


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect what the package says inside a test of many examples, where `caplog` adds it up."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("helpers")
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def advised_options(message: str) -> Mapping[str, Any]:
    """The options that a message tells its reader to give."""
    found = re.findall(r"\b(columns|tag_names|encoding|overlaps)=(\[.*?\]|'.*?')", message)
    assert found, message
    name, value = found[-1]
    return {name: ast.literal_eval(value)}


@st.composite
def sentences(
    draw: st.DrawFn, *, words: st.SearchStrategy[str], types: Sequence[str]
) -> list[Annotated]:
    """Sentences with entities, at least one of them of two words.

    Such an entity shows the scheme: without one, ``S-x`` could be a type with a hyphen.
    """
    corpus: list[Annotated] = [(["then", "Ada", "Bo", "said"], [(types[0], 1, 3)])]
    for _ in range(draw(st.integers(0, 3))):
        tokens = draw(st.lists(words, min_size=1, max_size=6))
        spans: list[Span] = []
        at = draw(st.integers(0, 2))
        while at < len(tokens):
            end = draw(st.integers(at + 1, len(tokens)))
            spans.append((draw(st.sampled_from(types)), at, end))
            at = end + draw(st.integers(0, 2))
        corpus.append((tokens, spans))
    return corpus
