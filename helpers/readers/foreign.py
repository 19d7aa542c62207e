"""What files look like that hold no table of words and tags, and how to turn them into one."""

import re
from itertools import pairwise

_EACH_LINE = "write each word and its tag on a separate line"
_OFFSETS = (
    "a table of offsets; write JSON Lines instead, such as "
    '{"text": "Ada spoke", "entities": [[0, 3, "person"]]}'
)
# The files of other programs, by how they begin.
_PROGRAMS = {
    r"#FORMAT=WebAnno": "a file of WebAnno or INCEpTION; export it from there as CoNLL 2002",
    r"\d+\|[ta]\|": "a file of PubTator; the Python library bconv turns it into CoNLL",
    r"<(.{0,500}<)?GateDocument": "a document of GATE; the Python library gatenlp opens it: "
    f"{_EACH_LINE}",
    r"<\?xml": f"XML; {_EACH_LINE}",
}
# A line, its cells separated by tabs; possessive where it would take for ever otherwise.
_LINES = {
    r"(?:(?=\S+[/|][A-Z])\S++ ?)++$": "words and tags joined by '/' or '|'; "
    f"{_EACH_LINE}, separated by a tab, and leave an empty line after each sentence",
    r"[TREAMN*]\d*\t\S+ \d+ \d+": "the annotations of BRAT; keep the .txt of the same name beside "
    "the .ann",
    r"[^\t]*<(ENAMEX|[A-Z]{2,})\b[^<>]*>[^<>]+</": f"text with tags of XML; {_EACH_LINE}",
    r"[^\t]*\{\{\w+:[^{}]+\}\}": f"text with marked entities; {_EACH_LINE}",
    r"[^\t]*\[[^][]+\]\(\w+\)": f"text with marked entities, as for Rasa; {_EACH_LINE}",
    r"\s*(\{\s*\"|\[\s*[\"\[{])": "JSON; give the file a name that ends in .jsonl or .json",
}
_NUMBER = re.compile("[0-9]{1,9}")


def looks_like_program(text: str) -> str | None:
    """Tell which other program wrote a file, by how it begins."""
    found = (looks for form, looks in _PROGRAMS.items() if re.match(form, text, re.DOTALL))
    return next(found, None)


def looks_like(line: str) -> str | None:
    """Tell what a line looks like, if that is no row of a table of words."""
    looks = next((looks for form, looks in _LINES.items() if re.match(form, line)), None)
    return looks or (_OFFSETS if _holds_offsets(line) else None)


def _holds_offsets(line: str) -> bool:
    """Tell whether two numbers that follow one another may be where an entity begins and ends.

    They lie apart, as the numbers of a sentence and of its first words do not.
    """
    numbers = [int(cell) if _NUMBER.fullmatch(cell) else -1 for cell in line.split("\t")]
    return len(numbers) > 2 and any(-1 < start < end - 1 for start, end in pairwise(numbers))
