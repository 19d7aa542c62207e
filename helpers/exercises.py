"""A learner's answer to a word on it."""

from typing import Any

import numpy as np


def check(answer: Any, expected: Any, *, hint: str) -> str:
    """Turn an answer to an exercise into what a learner needs to hear of it.

    >>> check(None, 13, hint="Count the names.")
    'Not answered yet. Replace None in the cell above and run both cells again.'
    >>> check(12, 13, hint="Count the names.")
    'Not yet. Count the names.'
    >>> check(13, 13, hint="Count the names.")
    'Correct.'

    Args:
        answer: The learner's value; ``None`` where there is none yet.
        expected: The right value; numbers may differ in the sixth digit.
        hint: What to think of next, where the answer is wrong.
    """
    if answer is None:
        return "Not answered yet. Replace None in the cell above and run both cells again."
    numbers = isinstance(expected, float) and isinstance(answer, int | float | np.number)
    right = np.isclose(answer, expected) if numbers else answer == expected
    return "Correct." if bool(np.all(right)) else f"Not yet. {hint}"
