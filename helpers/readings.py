"""Numbers of a run to the sentence that reads them, for the lessons.

A lesson shows a sentence with ``Markdown(readings.comparison(...))``. A sentence with branches, or
with numbers to format, is written here, as a template with named places, so that it can be
translated.
"""

# ruff: noqa: UP032 -- templates with named places can be translated, f-strings cannot

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.metrics import Comparison, Interval


# Lesson 3


def interval(split: str, found: "Interval") -> str:
    """Turn F1 on a split and its bootstrap interval into what they say about new sentences.

    >>> interval("test", (0.7, 0.605, 0.786))
    'F1 on test is **0.700**. The data agree with a true F1 between **0.605** and **0.786**.'

    Args:
        split: The split that was scored.
        found: As `helpers.metrics.f1_interval` returns it.
    """
    score, low, high = found
    return (
        "F1 on {split} is **{score:.3f}**. The data agree with a true F1 between **{low:.3f}** and "
        "**{high:.3f}**."
    ).format(split=split, score=score, low=low, high=high)


def comparison(one: str, other: str, found: "Comparison") -> str:
    """Turn the paired comparison of two taggers into an answer to: is one better?

    >>> comparison("ours", "the rule", (0.02, -0.01, 0.05, 0.2))  # doctest: +NORMALIZE_WHITESPACE
    'F1 of ours minus F1 of the rule is **+0.020** (interval -0.010 to +0.050, p = 0.200). The
    difference is not significant (p ≥ 0.05): these sentences do not show which one is better.'

    Args:
        one: A name of the first tagger.
        other: A name of the second tagger.
        found: As `helpers.metrics.compare` returns it for the two.
    """
    difference, low, high, p_value = found
    template = (
        "F1 of {one} minus F1 of {other} is **{difference:+.3f}** (interval {low:+.3f} to "
        "{high:+.3f}, p = {p:.3f}). "
    )
    if p_value >= 0.05:
        template += (
            "The difference is not significant (p ≥ 0.05): these sentences do not show which one "
            "is better."
        )
    elif difference > 0:
        template += "The difference is significant (p < 0.05): {one} has the higher F1."
    else:
        template += "The difference is significant (p < 0.05): {other} has the higher F1."
    numbers = {"difference": difference, "low": low, "high": high, "p": p_value}
    return template.format(one=one, other=other, **numbers)


def luck(n_entities: int, n_epochs: int, one: float, best: float) -> str:
    """Turn the simulated recall of equally good epochs into what the best of them gains by luck.

    >>> luck(100, 5, 0.5, 0.56)  # doctest: +NORMALIZE_WHITESPACE
    'With 100 entities, one epoch has a recall of **0.500** on average, and the best of 5 equally
    good epochs **0.560**.'

    Args:
        n_entities: Gold entities of the split.
        n_epochs: Epochs to choose from.
        one: Mean recall of one epoch.
        best: Mean recall of the best of them.
    """
    return (
        "With {n_entities:,} entities, one epoch has a recall of **{one:.3f}** on average, and the "
        "best of {n_epochs} equally good epochs **{best:.3f}**."
    ).format(n_entities=n_entities, n_epochs=n_epochs, one=one, best=best)


# Lesson 5


def training_data(is_same: bool | None, unknown: Collection[str]) -> str:
    """Turn what a model was trained on into what its scores on other data are worth.

    >>> training_data(True, [])
    'The model was trained on the training split of these data.'

    Args:
        is_same: As `helpers.model_folder.trained_on` returns it.
        unknown: Types of the data that the model does not know.
    """
    if is_same:
        return "The model was trained on the training split of these data."
    if is_same is None:
        template = (
            "The model does not say on which data it was trained. If these sentences were among "
            "them, the scores below are too high."
        )
    else:
        template = (
            "**The model was trained on other data than these.** If these sentences were among "
            "them, the scores below are too high. To score a model on these data, leave "
            "`model_dir` at `None`."
        )
    if unknown:
        template += " It does not know these types, so it finds none of them: {types}."
    return template.format(types=", ".join(sorted(unknown)))
