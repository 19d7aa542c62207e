"""What is wrong with a Japanese translation, as far as rules can tell.

Whatever is not language must come through: code, links, places for values, numbers, HTML. The rest
are rules of writing: one term for one thing, a space between Japanese and Latin letters, full-width
punctuation, です・ます.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from messages import CODE_SPAN, MARKDOWN, TARGET

ROOT = Path(__file__).resolve().parent.parent
TERMS = ROOT / "locale" / "ja" / "terms.toml"

_JAPANESE = r"[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]"
_LATIN = r"[A-Za-z0-9]"
_KEPT = {
    "code": CODE_SPAN,
    "the address of a link": TARGET,
    "a place for a value": re.compile(r"\{\w*(?:[:!][^}]*)?\}"),
    "an HTML tag": re.compile(r"</?[a-zA-Z][^>]*>"),
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_IN_WORDS = re.compile(
    r"\b(?:an?|one|once|two|twice|both|three|four|five|six|seven|eight|nine|ten|dozen|tens?|"
    r"first|second|third|half|quarter|hundred|thousand|each|single|pairs?|[a-z]+teen)\b",
    re.IGNORECASE,
)
_RULES = {
    "two spaces": re.compile(r"  |\u3000"),
    "half-width kana": re.compile(r"[\uff61-\uff9f]"),
    "half-width punctuation after Japanese": re.compile(rf"{_JAPANESE}[,.!?:;](?!{_LATIN})"),
    "half-width parentheses around Japanese": re.compile(rf"\([^()]*{_JAPANESE}[^()]*\)"),
    "no space between Japanese and Latin": re.compile(
        rf"{_JAPANESE}{_LATIN}|{_LATIN}{_JAPANESE}|[%]{_JAPANESE}"
    ),
    "a space beside Japanese punctuation": re.compile(r" [、。，．」）]|[、。「（] "),
    "a space between Japanese letters": re.compile(rf"{_JAPANESE} {_JAPANESE}"),
    "not in です・ます": re.compile(
        r"(?:だ|である|(?<![まで])した|する|なる|ない|れる|せる|った|いる|ある)。"
    ),
    "full-width letters or digits": re.compile(r"[０-９Ａ-Ｚａ-ｚ]"),
}


def faults(english: str, japanese: str, comments: Collection[str] = ()) -> Iterator[str]:
    """Say what is wrong with the translation of a message.

    Args:
        english: The message.
        japanese: Its translation.
        comments: The translator's; ``free: pattern`` lifts a required term.
    """
    for what, pattern in _KEPT.items():
        theirs, ours = (_all(pattern, text) for text in (english, japanese))
        for text in sorted({*theirs} - {*ours}):
            yield f"{what} is lost: {text}"
        for text in sorted({*ours} - {*theirs}):
            yield f"{what} is not in the English: {text}"
    yield from _numbers(_plain(english), _plain(japanese))
    yield from _emphasis(english, japanese)
    if english == japanese:
        return  # a name, an address, a reference
    read = _read(japanese)
    for what, pattern in _RULES.items():
        if found := pattern.search(read):
            start = max(found.start() - 8, 0)
            yield f"{what}: …{read[start : found.end() + 8]}…"
    free = {comment.removeprefix("free: ") for comment in comments}
    plain = _plain(english)
    for text, (pattern, term) in required().items():
        if text not in free and term not in japanese and pattern.search(plain):
            yield f"the term {term} is missing ({text})"


@cache
def required() -> dict[str, tuple[re.Pattern[str], str]]:
    """The terms of the course: for each pattern of the English its compiled form and the term."""
    terms = tomllib.loads(TERMS.read_text(encoding="utf-8"))["required"]
    return {
        text: (re.compile(rf"\b(?:{text})\b", re.IGNORECASE), term) for text, term in terms.items()
    }


def _all(pattern: re.Pattern[str], text: str) -> list[str]:
    return [match[0] for match in pattern.finditer(text)]


def _plain(message: str) -> str:
    """A message without what is not language."""
    for pattern in _KEPT.values():
        message = pattern.sub(" ", message)
    return message


def _read(message: str) -> str:
    """A message as it is read, without emphasis and addresses; code and values become a letter."""
    message = TARGET.sub("", CODE_SPAN.sub("x", message))
    message = _KEPT["a place for a value"].sub("x", _KEPT["an HTML tag"].sub("", message))
    return re.sub(r"[*\[\]!]", "", message)


def _numbers(english: str, japanese: str) -> Iterator[str]:
    theirs, ours = (_all(_NUMBER, text) for text in (english, japanese))
    for number in sorted({*theirs} - {*ours}):
        yield f"a number is lost: {number}"
    added = Counter(ours) - Counter(theirs)
    if added.total() > len(_IN_WORDS.findall(english)):
        yield f"a number is not in the English: {', '.join(added)}"


def _emphasis(english: str, japanese: str) -> Iterator[str]:
    ours, theirs = (_marks(text) for text in (japanese, english))
    if ours["**"] != theirs["**"]:
        yield f"{theirs['**']} bold texts in English, {ours['**']} here"
    if ours["*"] > theirs["*"]:
        yield "an asterisk that is no emphasis: put a space or a letter beside it"


def _marks(message: str) -> Counter[str]:
    """Count bold texts and the asterisks that are left over."""
    found: Counter[str] = Counter()
    for token in MARKDOWN.parseInline(message)[0].children or []:
        found["**"] += token.type == "strong_open"
        found["*"] += token.content.count("*") if token.type == "text" else 0
    return found
