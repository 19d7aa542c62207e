"""A learner's answer to a sentence about it: kind, shape and emptiness first, then the content.

A check is a function with the decorator `exercise`. Its body compares the answer with the right one
by one of the functions below, each for one form of answer: `share`, `number`, `count`, `sequence`,
`mapping`, `spans`, `choice` and `function`. Each returns nothing if the answer is right, and
otherwise raises `AnswerError` with a sentence.

An answer may have any reasonable form: lists, tuples, arrays, Series and tensors are alike, a
scalar may be one of NumPy, PyTorch or TensorFlow, and a number may be rounded to three digits.
"""

import math
import reprlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from numbers import Real
from typing import Any, Concatenate, ParamSpec

import pandas as pd

from helpers.tagging import Span
from helpers.translation import _

Data = ParamSpec("Data")
Mistakes = Mapping[str, Any]

_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxarray = 12
_SHORT.maxstring = _SHORT.maxother = 60


class AnswerError(Exception):
    """What is wrong with an answer, in sentences for the learner."""


class NotAnsweredError(AnswerError):
    """An answer that is not there yet."""


class Verdict(str):
    """What a learner is told about an answer; it shows itself without quotation marks.

    Attributes:
        is_right: Whether the answer is right.
    """

    __slots__ = ("is_right",)

    is_right: bool

    def __new__(cls, sentence: object, *, is_right: bool = False) -> "Verdict":
        """Turn a sentence, or an error that holds one, into a verdict."""
        verdict = super().__new__(cls, sentence)
        verdict.is_right = is_right
        return verdict

    def __repr__(self) -> str:
        return str(self)


def not_answered() -> str:
    """What a learner is told who has not replaced None."""
    return _("Not answered yet. Replace None in the cell above and run both cells again.")


def returns_none() -> str:
    """What a learner is told whose function returns None."""
    return _(
        "Not answered yet. The function returns None: return your answer and run both cells again."
    )


def exercise(
    check: Callable[Concatenate[Any, Data], str | None],
) -> Callable[Concatenate[Any, Data], Verdict]:
    """Turn a function that raises `AnswerError` into a check that returns a sentence.

    >>> @exercise
    ... def names(answer):
    ...     count(answer, 13, hint="Count the names.")
    >>> names(None)
    Not answered yet. Replace None in the cell above and run both cells again.
    >>> names(12)
    Not yet. Count the names.
    >>> names(13)
    Correct.

    Args:
        check: Takes the answer and the data of the lesson. What it returns, if anything, follows
            the word "Correct.".
    """

    @wraps(check)
    def verdict(answer: Any, /, *data: Data.args, **named: Data.kwargs) -> Verdict:
        values = answer.values() if isinstance(answer, dict) else [answer]
        if any(value is None for value in values):
            return Verdict(not_answered())
        try:
            remark = check(answer, *data, **named)
        except NotAnsweredError as missing:
            return Verdict(missing)
        except AnswerError as wrong:
            return Verdict(_("Not yet. {mistake}").format(mistake=wrong))
        right = _("Correct. {remark}").format(remark=remark) if remark else _("Correct.")
        return Verdict(right, is_right=True)

    return verdict


def share(answer: Any, right: float, *, hint: str, mistakes: Mistakes | None = None) -> None:
    """Compare a number between 0 and 1; ``mistakes`` maps a sentence to the wrong value it is for.

    >>> share(25, 0.25, hint="")
    Traceback (most recent call last):
    helpers.exercises.answers.AnswerError: That is a percentage. Divide it by 100.
    """
    given = as_number(answer)
    if not 0 <= given <= 1 and not math.isnan(right):
        raise AnswerError(
            _("That is a percentage. Divide it by 100.")
            if _close(given / 100, right)
            else _("Found {given:g}. A share lies between 0 and 1. {hint}").format(
                given=given, hint=hint
            )
        )
    others = {_("That is the share of all the others: subtract it from 1."): 1 - right}
    _compare(given, right, hint, {**(mistakes or {}), **others})


def number(answer: Any, right: float, *, hint: str, mistakes: Mistakes | None = None) -> None:
    """Compare a number, which may be rounded to three digits."""
    _compare(as_number(answer), right, hint, mistakes or {})


def count(answer: Any, right: int, *, hint: str, mistakes: Mistakes | None = None) -> None:
    """Compare a whole number."""
    given = as_number(answer)
    if given != int(given):
        raise AnswerError(
            _("Found {given:g}. What you count is a whole number. {hint}").format(
                given=given, hint=hint
            )
        )
    for sentence, wrong in (mistakes or {}).items():
        if given == wrong != right:
            raise AnswerError(sentence)
    if given != right:
        raise AnswerError(hint)


def sequence(
    answer: Any,
    right: Sequence[Any],
    *,
    hint: str,
    each: str | None = None,
    mistakes: Mistakes | None = None,
) -> None:
    """Compare a list, item by item; ``each`` says what an item stands for: an "item"."""
    given = _items(answer)
    if not given and right:
        raise AnswerError(_("It is empty. {hint}").format(hint=hint))
    for sentence, wrong in (mistakes or {}).items():
        if _alike(given, wrong) and not _alike(wrong, right):
            raise AnswerError(sentence)
    if len(given) == 1 != len(right) and isinstance(given[0], list | tuple):
        raise AnswerError(_("It is a list inside a list. Give the inner one."))
    if len(given) != len(right):
        template = (
            _("It has 1 item; expected {expected:,}, one for each {each}. {hint}")
            if len(given) == 1
            else _("It has {n:,} items; expected {expected:,}, one for each {each}. {hint}")
        )
        values = {"n": len(given), "expected": len(right), "each": each or _("item")}
        raise AnswerError(template.format(**values, hint=hint))
    for place, (found, wanted) in enumerate(zip(given, right, strict=True)):
        if not _alike(found, wanted):
            raise AnswerError(
                _("Item {place} is wrong: found {found}. {hint}").format(
                    place=place, found=_SHORT.repr(found), hint=hint
                )
            )


def mapping(
    answer: Any, right: Mapping[Any, Any], *, hint: str, hints: Mapping[Any, str] | None = None
) -> None:
    """Compare a dictionary, a Counter or a Series; a count of 0 may be left out.

    Args:
        answer: The learner's.
        right: The right value of each key.
        hint: What to think of next.
        hints: The same for the value of a single key.
    """
    if isinstance(answer, pd.Series):
        answer = answer.to_dict()
    if not isinstance(answer, Mapping):
        raise AnswerError(
            _("Found {found}. Give a dictionary. {hint}").format(found=_kind(answer), hint=hint)
        )
    if not answer and any(right.values()):
        raise AnswerError(_("It is empty. {hint}").format(hint=hint))
    given = {str(key): value for key, value in answer.items()}
    expected = {str(key): value for key, value in right.items()}
    for key in given:
        if key not in expected and not _alike(given[key], 0):
            raise AnswerError(
                _("The key {key!r} does not belong there; expected {expected}. {hint}").format(
                    key=key, expected=", ".join(expected), hint=hint
                )
            )
    for key, wanted in expected.items():
        if not _alike(given.get(key, 0), wanted):
            template = (
                _("{key}: found {found}. {hint}")
                if key in given
                else _("{key}: it is missing. {hint}")
            )
            found, its_hint = _SHORT.repr(_plain(given.get(key))), (hints or {}).get(key, hint)
            raise AnswerError(template.format(key=key, found=found, hint=its_hint))


def spans(answer: Any, right: Sequence[Span], *, hint: str) -> None:
    """Compare entity spans ``(type, start, end)``, in any order."""
    given = _spans(answer)
    if not given and right:
        raise AnswerError(_("It is empty. {hint}").format(hint=hint))
    if sorted(given) == sorted(right):
        return
    if sorted((type_, start, end + 1) for type_, start, end in given) == sorted(right):
        raise AnswerError(
            _("Your ends are the last words. The end of a span is the word after its last.")
        )
    if sorted((type_, start - 1, end - 1) for type_, start, end in given) == sorted(right):
        raise AnswerError(_("You count words from 1. Python counts from 0."))
    if sorted(span[1:] for span in given) == sorted(span[1:] for span in right):
        raise AnswerError(_("The places are right, a type is not."))
    hits = len(set(given) & set(right))
    raise AnswerError(
        _("{hits} of {n_right} spans are right, and you give {n_given}. {hint}").format(
            hits=hits, n_right=len(right), n_given=len(given), hint=hint
        )
    )


def choice(answer: Any, right: str, reasons: Mapping[str, str]) -> None:
    """Compare the letter of an answer to choose; ``reasons`` says why each wrong one is wrong."""
    letters = _letters(answer, {right, *reasons})
    if len(letters) != 1:
        raise AnswerError(
            _("Choose one letter: {letters}.").format(letters=", ".join(sorted({right, *reasons})))
        )
    if letters != [right]:
        raise AnswerError(reasons[letters[0]])


def function(
    answer: Any,
    cases: Sequence[tuple[tuple[Any, ...], Any]],
    *,
    hint: str,
    alike: Callable[[Any, Any], bool] | None = None,
    mistakes: Mapping[str, Callable[..., Any]] | None = None,
) -> None:
    """Run a learner's function on cases, pairs of its arguments and the right result.

    An error inside the function becomes a sentence. Each call gets its own arguments, so a function
    may change them.

    Args:
        answer: The learner's function.
        cases: Arguments and right result of each call.
        hint: What to think of next.
        alike: Tells whether a result is as good as the right one; the default compares content.
        mistakes: Maps a sentence to the wrong function it is for.
    """
    refuse_other_than_function(answer)
    alike = alike or _alike
    results = [_call(answer, arguments) for arguments, wanted in cases]
    if all(result is None for result in results):
        raise NotAnsweredError(returns_none())
    if all(alike(result, right) for result, (arguments, right) in zip(results, cases, strict=True)):
        return
    for sentence, wrong in (mistakes or {}).items():
        wrong_results = [wrong(*deepcopy(arguments)) for arguments, wanted in cases]
        if all(map(alike, results, wrong_results)):
            raise AnswerError(sentence)
    for (arguments, wanted), result in zip(cases, results, strict=True):
        if not alike(result, wanted):
            raise AnswerError(
                _("For {arguments} it returns {result}. {hint}").format(
                    arguments=_arguments(arguments), result=_SHORT.repr(_plain(result)), hint=hint
                )
            )


def refuse_other_than_function(answer: Any) -> None:
    """Say what an answer is that is no function."""
    if not callable(answer) or isinstance(answer, type):
        raise AnswerError(
            _("Found {found}. Give a function: its name, not a call.").format(found=_kind(answer))
        )


def _call(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return answer(*deepcopy(arguments))
    except Exception as error:  # whatever a learner's code may raise
        raise AnswerError(
            _("For {arguments} it stops with {kind}: {error}").format(
                arguments=_arguments(arguments), kind=type(error).__name__, error=error
            )
        ) from None


def _arguments(arguments: tuple[Any, ...]) -> str:
    return ", ".join(_SHORT.repr(_plain(argument)) for argument in arguments)


def _plain(answer: Any) -> Any:
    """Turn an array, a Series, a tensor, its shape or a scalar of one into Python's own."""
    if isinstance(answer, type):
        return answer
    if hasattr(answer, "as_list"):
        return answer.as_list()  # the shape of a tensor of TensorFlow
    if not hasattr(answer, "tolist") and hasattr(answer, "numpy"):
        answer = answer.numpy()  # a tensor of TensorFlow
    return answer.tolist() if hasattr(answer, "tolist") else answer


def _kind(answer: Any) -> str:
    """Name what was found, for a sentence."""
    value = _plain(answer)
    if isinstance(value, bool | str | int | float):
        return _SHORT.repr(value)
    name = type(value).__name__
    template = _("an {type}") if name[0] in "aeiouAEIOU" else _("a {type}")
    return template.format(type=name)


def as_number(answer: Any) -> float:
    """Turn an answer into a number, or say why it is not one."""
    value = _plain(answer)
    while isinstance(value, list | tuple) and len(value) == 1:
        value = _plain(value[0])
    if isinstance(value, str):
        raise AnswerError(
            _("Found the text {found}. Give a number, without quotation marks.").format(
                found=_SHORT.repr(value)
            )
        )
    if isinstance(value, list | tuple):
        template = (
            _("Found {n:,} values. Give one number.")
            if value
            else _("Found nothing: it is empty. Give one number.")
        )
        raise AnswerError(template.format(n=len(value)))
    if isinstance(value, bool) or not isinstance(value, Real):
        raise AnswerError(_("Found {found}. Give a number.").format(found=_kind(answer)))
    given = _float(value)
    if not math.isfinite(given):
        raise AnswerError(
            _("Found {given}, which is not a number. Was something divided by zero?").format(
                given=given
            )
        )
    return given


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def _items(answer: Any) -> list[Any]:
    value = _plain(answer)
    if isinstance(value, Iterator):
        raise AnswerError(
            _("Found {found}. Make a list of it with list(...).").format(found=_kind(value))
        )
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise AnswerError(_("Found {found}. Give a list.").format(found=_kind(answer)))
    return [_plain(item) for item in value]


def _spans(answer: Any) -> list[Span]:
    given = _items(list(answer) if isinstance(answer, set | frozenset) else answer)
    if given and isinstance(given[0], str):
        raise AnswerError(_("Found one span. Put it into a list: [(type, start, end)]."))
    found = []
    for item in given:
        match list(item) if isinstance(item, list | tuple) else None:
            case [str() as type_, start, end]:
                found.append((type_, _place(start, answer), _place(end, answer)))
            case _:
                raise AnswerError(
                    _("Found {found}. Give a span (type, start, end).").format(
                        found=_SHORT.repr(item)
                    )
                )
    return found


def _place(border: Any, answer: Any) -> int:
    """Turn a border of a span into a whole number, also where an array made a text of it."""
    is_text = hasattr(answer, "dtype") and isinstance(border, str) and border.isdecimal()
    place = as_number(int(border) if is_text else border)
    if place != int(place):
        raise AnswerError(
            _("Found {place:g}. Words are counted in whole numbers.").format(place=place)
        )
    return int(place)


def _letters(answer: Any, allowed: Collection[str]) -> list[str]:
    """Turn a text, or several, into its letters: ``"(b)"`` and ``["a", "B"]`` will do."""
    value = sorted(answer, key=str) if isinstance(answer, set | frozenset) else _plain(answer)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise AnswerError(
            _("Found {found}. Give letters as a text, such as 'a'.").format(found=_kind(answer))
        )
    words = "".join(texts).lower()
    letters = [letter for letter in words if letter.isalnum()]
    if not letters or set(letters) - set(allowed):
        raise AnswerError(
            _("Found {found}. Give letters out of {letters}.").format(
                found=_SHORT.repr(words), letters=", ".join(sorted(allowed))
            )
        )
    return letters


def _close(given: float, right: float) -> bool:
    """Tell whether two numbers agree, one of them perhaps rounded to three digits."""
    if right == 0:
        return abs(given) < 1e-9
    digits = 0.5 * 10.0 ** (math.floor(math.log10(abs(right))) - 2)  # significant ones
    decimals = 0.0005 if abs(right) >= 0.01 else 0.0
    return abs(given - right) <= max(digits, decimals) * (1 + 1e-6)


def _compare(given: float, right: float, hint: str, mistakes: Mistakes) -> None:
    if math.isnan(right):
        return  # the data hold nothing to count, so no answer is wrong
    if _close(given, right):
        return
    for sentence, wrong in mistakes.items():
        if _close(given, wrong):
            raise AnswerError(sentence)
    raise AnswerError(hint)


def _alike(found: Any, wanted: Any) -> bool:
    """Tell whether two values hold the same, whatever they are made of."""
    found, wanted = _plain(found), _plain(wanted)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return isinstance(found, bool) and isinstance(wanted, bool) and found == wanted
    if isinstance(found, Real) and isinstance(wanted, Real):
        whole = isinstance(wanted, int)
        return found == wanted if whole else _close(_float(found), _float(wanted))
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(_alike, found, wanted))
    return isinstance(found, str) and found == wanted
