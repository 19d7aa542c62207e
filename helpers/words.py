"""Running text to words with their places, by one rule that knows no labels.

The same rule cuts annotated text (`helpers.readers`) and new text (`helpers.inference`), so a
model reads new text cut as its training text was.
"""

import regex  # re knows neither scripts nor grapheme clusters

Place = tuple[int, int]

_APOSTROPHE = "'\N{RIGHT SINGLE QUOTATION MARK}"
_UNSPACED = "".join(
    rf"\p{{{script}}}"
    for script in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
# A letter, digit or underscore, with what modifies it or joins it (accents, ZWNJ).
_LETTER = rf"[[\p{{L}}\p{{N}}\p{{M}}\p{{Cf}}_]--[{_UNSPACED}]]"
_SPACE = r"\s\x1c-\x1f"  # what str.isspace says
_WORD = regex.compile(
    rf"""
    [a-z]+(?=[{_SPACE}])                            # most words, found fast
  | https?://[^{_SPACE}]*[^{_SPACE}\p{{P}}]/?…?    # a web address, without the mark after it
  | [{_UNSPACED}][\p{{M}}\p{{Cf}}]*                 # a character of an unspaced script
  | &\#?\w+;                                       # a character written for HTML
  | [:;=][-'o^]?[()\[\]DPp|/\\]+(?!{_LETTER})      # an emoticon
  | (?:\p{{L}}\.){{2,}}(?!{_LETTER})               # an abbreviation such as U.S.
  | [{_APOSTROPHE}](?:s|m|d|t|re|ve|ll)(?!{_LETTER})  # the end of a word that was cut before
  | [@\#]?{_LETTER}+(?:(?:[.&-]|[{_APOSTROPHE}](?!s(?!{_LETTER}))|(?<=\d)[,:](?=\d)){_LETTER}+)*
  | [.!?…]+ | -+ | \*+ | ~+
  | (?![{_SPACE}])\X                               # any other character: a mark, an emoji
    """,
    regex.VERBOSE | regex.IGNORECASE | regex.VERSION1,  # version 1 subtracts sets
)


def cut(text: str) -> list[Place]:
    """Turn running text into the places of its words, in order.

    Words end at white space, and marks are words of their own: ``(Oslo/Bergen).`` is six words.
    These stay whole: ``don't``, ``well-known``, ``3.5``, ``AT&T``, ``U.S.``, ``@handle``,
    ``#hashtag``, ``:-)``, ``...`` and web addresses. A possessive ``'s`` is a word. Scripts that
    are written without spaces (Han, Kana, Thai, Lao, Khmer, Burmese) get one word for each
    character, with the marks above and below it.

    >>> text = "Ana's in São Paulo."
    >>> [text[start:end] for start, end in cut(text)]
    ['Ana', "'s", 'in', 'São', 'Paulo', '.']

    Args:
        text: Any text.

    Returns:
        Pairs of start and end, in characters, the end exclusive. Between two words stands
        nothing but white space.
    """
    return [match.span() for match in _WORD.finditer(text)]
