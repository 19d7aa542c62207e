"""What offsets count: characters, or something else that many programs count instead."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from helpers.words import Offsets

Convert = Callable[[int, int], Offsets]

_WIDTHS: Mapping[str, Callable[[str], int]] = {
    "count UTF-16 units": lambda character: 1 + (character > "\uffff"),
    "count bytes of UTF-8": lambda character: len(character.encode("utf-8", "surrogatepass")),
    "count a line end as one character": lambda character: character != "\r",
    "count a line end as two characters": lambda character: 1 + (character == "\n"),
}

CONSTANT: Mapping[str, Convert] = {  # those that change every offset
    "count a byte order mark": lambda start, end: (start - 1, end - 1),
    "have inclusive ends": lambda start, end: (start, end + 1),
}


def readings(text: str) -> Iterator[tuple[str, Convert]]:
    r"""Yield every other way to read offsets in a text: its name, and what makes them characters.

    An offset that cannot be read so becomes -1.

    >>> dict(readings("\N{GRINNING FACE} Ada"))["count UTF-16 units"](3, 6)
    (2, 5)
    """
    for name, width in _WIDTHS.items():
        yield name, _converter(map(width, text))
    yield from CONSTANT.items()


def _converter(widths: Iterable[int]) -> Convert:
    first: dict[int, int] = {}
    last: dict[int, int] = {}  # which differs where a character has no width
    for at, unit in enumerate(accumulate(widths, initial=0)):
        first.setdefault(unit, at)
        last[unit] = at
    return lambda start, end: (last.get(start, -1), first.get(end, -1))
