"""Documents of BRAT, a text and its annotations in two files, to tagged sentences.

Source: https://brat.nlplab.org/standoff.html
"""

import logging
import re
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

from helpers import words
from helpers.readers.options import ReadOptions
from helpers.readers.spans import Aligner, Annotation
from helpers.readers.split import Sentence, Split
from helpers.readers.text import read_text, split_lines

logger = logging.getLogger(__name__)

_ENTITY = re.compile(
    r"T\S*\t(?P<type>\S+) (?P<offsets>\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*)(?:\t(?P<quote>.*))?"
)
_NO_ENTITY = ("R", "E", "A", "M", "N", "*", "#")  # relations, events, attributes, notes


def is_brat(path: Path) -> bool:
    """Tell whether a folder holds documents of BRAT, or a text has its annotations beside it."""
    if path.is_dir():
        return any(path.glob("*.ann"))
    return path.suffix.lower() == ".txt" and path.with_suffix(".ann").is_file()


def read_brat(path: Path, options: ReadOptions) -> Split:
    """Turn a document of BRAT, or a folder of them, into sentences, one for each document.

    Args:
        path: The ``.txt`` of a document that has an ``.ann`` beside it, or a folder.
        options: How to read it. An entity in several parts counts as one that overlaps.

    Raises:
        ValueError: A fault in a file; the message names the file and the line.
    """
    options.refuse("columns", "tag_names", source=f"BRAT ({path})")
    texts = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    lonely = [text.name for text in texts if not text.with_suffix(".ann").is_file()]
    if lonely:
        logger.warning("%s: left out %d texts without an .ann: %s", path, len(lonely), lonely[0])
    textless = [ann.name for ann in path.glob("*.ann") if not ann.with_suffix(".txt").is_file()]
    if textless:
        raise ValueError(
            f"{path}: {min(textless)} has no text beside it; put the .txt there, or remove the .ann"
        )
    aligner = Aligner(str(path), options.overlaps)
    sentences = []
    for document in texts:
        if document.name in lonely:
            continue
        text = read_text(document, options.encoding)
        ann = document.with_suffix(".ann")
        annotations = _annotations(ann, text, aligner, options)
        offsets = words.cut(text)
        tokens, tags = aligner.align(text, annotations, offsets)
        if tokens:
            ends = [at for at, character in enumerate(text) if character == "\n"]
            lines = [bisect_left(ends, start) + 1 for start, _ in offsets]
            sentences.append(Sentence(document.stem, tokens, tags, lines))
        else:
            logger.warning("%s: left out, since it holds no word", document)
    aligner.report()
    return Split(name=str(path), sentences=sentences, documents=path.is_dir())


def _annotations(path: Path, text: str, aligner: Aligner, options: ReadOptions) -> list[Annotation]:
    annotations = []
    for number, line in enumerate(split_lines(read_text(path, options.encoding)), start=1):
        place = f"{path}, line {number}"
        if not line or line.startswith(_NO_ENTITY):
            continue
        found = _ENTITY.fullmatch(line)
        if found is None:
            raise ValueError(
                f"{place}: expected an entity such as 'T1\\tperson 0 3\\tAda'; found {line!r:.80}"
            )
        parts = [tuple(map(int, part.split())) for part in found["offsets"].split(";")]
        gaps = [(end, start) for (_, end), (start, _) in pairwise(parts)]
        if all(end <= start and not text[end:start].strip() for end, start in gaps):
            # in parts only where a line ends
            start, end = parts[0][0], parts[-1][1]
            annotations.append(Annotation(start, end, found["type"], place, found["quote"]))
        elif options.overlaps == "outermost":
            aligner.leave_out(repr(line), place)
        else:
            raise ValueError(
                f"{place}: the entity {line!r:.80} has {len(parts)} parts, which tags cannot hold; "
                "remove it, or leave out all such: overlaps='outermost'"
            )
    return annotations
