"""What separates the cells of a table, and whether quotation marks enclose them.

Tables of tagged words and tables of texts to be tagged are read by this one rule.
"""

import re
from collections.abc import Iterable

_ENCLOSED = re.compile(r'"((?:[^"]|"")*+)"(?=\t|$)')


def find_delimiter(header: str) -> str:
    """Turn the first line of a table into what separates its cells: comma, semicolon or tab."""
    return max(",;\t", key=header.count)


def has_quotes(lines: Iterable[str], delimiter: str) -> bool:
    r"""Tell whether quotation marks enclose cells, rather than being a part of them.

    Between commas and semicolons they do. Between tabs a mark is usually a word of its own, or
    begins a text. So there they enclose cells only if every cell that begins with a mark is
    enclosed by two, and a doubled mark inside of one shows why.

    >>> has_quotes(['one\t"two', 'three\tfour'], "\t")
    False
    >>> has_quotes(['one\t"the ""two"" of us"', 'three\tfour'], "\t")
    True
    """
    if delimiter != "\t":
        return True
    shown = False
    for line in lines:
        at = 0 if '"' in line else len(line) + 1
        while at <= len(line):
            if line.startswith('"', at):
                cell = _ENCLOSED.match(line, at)
                if cell is None:
                    return False
                shown = shown or '""' in cell[1]
                at = cell.end()
            at = line.find("\t", at) + 1 or len(line) + 1
    return shown
