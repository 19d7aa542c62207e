"""What separates the cells of a table, and whether quotation marks enclose them.

Tables of tagged words and tables of texts to be tagged are read by this one rule.
"""

import re
from collections.abc import Iterable

_ENCLOSED = re.compile(r'"(?:[^"]|"")*+"')


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
        for cell in line.split("\t") if '"' in line else ():
            if cell.startswith('"'):
                if not _ENCLOSED.fullmatch(cell):
                    return False
                shown = shown or '""' in cell[1:-1]
    return shown
