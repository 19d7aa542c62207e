"""Running text to words with their offsets, by rules that know no labels.

The same rules cut annotated text (`helpers.readers`) and new text (`helpers.inference`), so a
model reads new text cut as its training text was. Data sets are not all cut alike, so a few rules
are a choice, `WordRules`; `learn` finds those of a data set in its words.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import regex  # re knows neither scripts nor grapheme clusters

Offsets = tuple[int, int]
Cutter = Callable[[str], list[Offsets]]

_APOSTROPHE = "['\N{RIGHT SINGLE QUOTATION MARK}]"
_UNSPACED = "".join(
    rf"\p{{{script}}}"
    for script in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
# A letter, digit or underscore, with what modifies it or joins it (accents, ZWNJ).
_LETTER = rf"[[\p{{L}}\p{{N}}\p{{M}}\p{{Cf}}_]--[{_UNSPACED}]]"
_SPACE = r"\s\x1c-\x1f"  # what str.isspace says
_CLITICS = ("'s", "'m", "'re", "'ve", "'d", "'ll", "n't")

# How much rarer words with a mark inside may be than the mark as a word between words, to be the
# rule. Periods, commas, colons and ampersands stand between words behind a space too; whether
# hyphens, slashes and apostrophes did, a list of words does not say.
_RARER = {".": 100, ",": 100, ":": 100, "&": 100, "-": 3, "/": 3, "'": 3}
_ENOUGH = 5  # words that show a rule

# How many chunks of text are remembered once they are cut. A long one hardly ever comes again, and
# in a script without spaces a chunk is a whole sentence, so that many would fill the memory.
_REMEMBERED, _LONGEST = 20_000, 20


@dataclass(frozen=True)
class WordRules:
    """The word-splitting rules that data sets choose differently.

    Attributes:
        inside: Marks that stay inside a word, as in ``well-known`` and ``don't``.
        inside_numbers: The same between two digits, as in ``30,000``.
        clitics: Ends that are words of their own, as in ``Ana 's``.
        elisions: Whether a word ends with its apostrophe, as in ``l' Europe``.
        abbreviations: Words that keep a period at their end, beside those like ``U.S.``
        prefixes: Marks that begin the word behind them, as in ``@handle``.
        runs: Whether a repeated mark is one word, as in ``...`` and ``!!!``.
    """

    inside: str = "&'-."
    inside_numbers: str = "&',-.:"
    clitics: tuple[str, ...] = ("'s",)
    elisions: bool = False
    abbreviations: tuple[str, ...] = ()
    prefixes: str = "#@"
    runs: bool = True

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "WordRules":
        """Take rules back from JSON, which has lists for tuples.

        Raises:
            TypeError: There is no such rule.
        """
        rules: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**rules)


DEFAULT = WordRules()


def cut(text: str, word_rules: WordRules = DEFAULT) -> list[Offsets]:
    """Turn running text into the offsets of its words, in order.

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
        word_rules: Other rules, as `learn` finds them.

    Returns:
        Pairs of start and end, in characters, the end exclusive. Between two words stands
        nothing but white space.
    """
    cut_long, cut_short = _cutters(word_rules)
    offsets: list[Offsets] = []
    end = 0
    for chunk in text.split():  # no rule looks beyond white space
        start = text.index(chunk, end)
        end = start + len(chunk)
        cut_chunk = cut_short if len(chunk) <= _LONGEST else cut_long
        words = cut_chunk(chunk)
        if len(words) == 1:  # the usual chunk, for speed
            offsets.append((start, end))
        else:
            offsets.extend((start + first, start + last) for first, last in words)
    return offsets


def learn(sentences: Iterable[Sequence[str]]) -> WordRules:
    """Turn the words of a data set into the rules by which they were cut.

    >>> learn([["a", "56", "-", "year", "-", "old", "T", "-", "cell"]] * 3).inside
    "&'."

    As far as the words show no other rules, they are the default ones.
    """
    corpus = "\n\n".join("\n".join(words) for words in sentences)
    corpus = f"\n{corpus}\n".replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")

    def stays(whole: str, parts: str, default: bool, *, rarer: int = 1) -> bool:
        """Tell whether something is one word rather than two or three."""
        n_whole, n_parts = (len(regex.findall(pattern, corpus)) for pattern in (whole, parts))
        return n_whole * rarer >= n_parts if n_whole + n_parts >= _ENOUGH else default

    def inside(kind: str, default: str, *, more: str = "") -> str:
        """Choose the marks that stay between two letters, or between two digits."""
        return "".join(
            mark
            for mark in default + more
            if stays(
                rf"(?<={kind}){regex.escape(mark)}(?={kind})",
                rf"(?<={kind}\n){regex.escape(mark)}(?=\n{kind})",
                mark in default,
                rarer=_RARER[mark],
            )
        )

    letters = inside(r"\p{L}", DEFAULT.inside)
    elisions = not stays(r"\p{L}'\p{L}", r"\n\p{L}+'\n\p{L}", not DEFAULT.elisions)
    usual_clitics = DEFAULT.clitics if "'" in letters and not elisions else ()
    return WordRules(
        inside=letters,
        inside_numbers=inside(r"\p{N}", DEFAULT.inside_numbers, more="/"),
        clitics=tuple(
            end
            for end in _CLITICS
            if not stays(rf"(?i)\p{{L}}{end}\n", rf"(?i)\n{end}\n", end not in usual_clitics)
        ),
        elisions=elisions,
        abbreviations=_abbreviations(corpus),
        prefixes="".join(
            mark
            for mark in DEFAULT.prefixes
            if stays(rf"\n{mark}\w", rf"\n{mark}\n\w", default=True)
        ),
        runs=stays(r"\n([.!?*~-])\1+\n", r"\n([.!?*~-])\n(?=\1\n)", DEFAULT.runs),
    )


def _abbreviations(corpus: str) -> tuple[str, ...]:
    """Find the words of a corpus that more often keep a period than have one behind them."""
    kept = Counter(regex.findall(r"(?<=\n)[\p{L}\p{N}][^\s.]*\.(?=\n)", corpus))
    split = Counter(regex.findall(r"(?<=\n)[\p{L}\p{N}]\S*(?=\n\.\n)", corpus))
    return tuple(sorted(word for word, n in kept.items() if n > max(1, split[word[:-1]])))


@cache
def _cutters(rules: WordRules) -> tuple[Cutter, Cutter]:
    """Make what cuts a chunk of text without white space, and the same with a memory, for speed."""
    pattern = _pattern(rules)

    def cut_chunk(chunk: str) -> list[Offsets]:
        return [match.span() for match in pattern.finditer(chunk)]

    return cut_chunk, lru_cache(maxsize=_REMEMBERED)(cut_chunk)


def _pattern(rules: WordRules) -> regex.Pattern[str]:
    """Write the rules as a regular expression."""
    ends = rf"(?i:{'|'.join(rules.clitics) or '(?!)'})(?!{_LETTER})".replace("'", _APOSTROPHE)
    letters = rf"(?:(?!{ends}){_LETTER})+" if "n't" in rules.clitics else rf"{_LETTER}+"
    prefix = f"[{regex.escape(rules.prefixes)}]?" if rules.prefixes else ""
    marks = sorted({*rules.inside, *rules.inside_numbers})
    joined = "|".join(_joint(mark, rules) for mark in marks) or "(?!)"
    kinds = {
        rf"[A-Za-z]++(?![^{_SPACE}])": True,  # the usual word, for speed
        rf"(?i:https?)://[^{_SPACE}]*[^{_SPACE}\p{{P}}]/?…?": True,  # an address, no mark after it
        rf"[{_UNSPACED}][\p{{M}}\p{{Cf}}]*": True,  # a character of an unspaced script
        r"&#?\w+;": True,  # a character written for HTML
        rf"[:;=][-'Oo^]?[()\[\]DdPp|/\\]+(?!{_LETTER})": True,  # an emoticon
        rf"(?:\p{{L}}\.){{2,}}(?!{_LETTER})": "." in rules.inside,  # an abbreviation, U.S.
        rf"(?i:\L<abbreviations>)(?!{_LETTER})": bool(rules.abbreviations),
        ends: bool(rules.clitics),
        # the end of a word that was cut before
        rf"{_APOSTROPHE}(?i:s|m|d|t|re|ve|ll)(?!{_LETTER})": "'" in rules.inside,
        rf"{letters}(?!{ends}){_APOSTROPHE}(?={_LETTER})": rules.elisions,
        rf"{prefix}{letters}(?:(?!{ends})(?:{joined}){letters})*": True,
        r"[.!?…]+|-+|\*+|~+": rules.runs,
        rf"(?![{_SPACE}])\X": True,  # any other character: a mark, an emoji
    }
    return regex.compile(
        "|".join(kind for kind, wanted in kinds.items() if wanted),
        regex.VERSION1,  # which subtracts sets
        ignore_unused=True,
        abbreviations=rules.abbreviations,
    )


def _joint(mark: str, rules: WordRules) -> str:
    """Write where a mark stays inside a word."""
    written = _APOSTROPHE if mark == "'" else regex.escape(mark)
    if mark not in rules.inside_numbers:
        return rf"(?<!\d){written}|{written}(?!\d)"
    return written if mark in rules.inside else rf"(?<=\d){written}(?=\d)"
