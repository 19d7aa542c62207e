"""Sentences that read numbers: each branch, and what they claim is what the numbers say."""

from collections.abc import Collection

import numpy as np
import pytest

from helpers import metrics, readings

# Lesson 3


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((0.2, 0.1, 0.3, 0.001), "significant (p < 0.05): one has the higher F1."),
        ((-0.2, -0.3, -0.1, 0.001), "significant (p < 0.05): other has the higher F1."),
        ((0.2, -0.1, 0.5, 0.05), "not significant (p ≥ 0.05): these sentences do not show"),
        ((0.0, 0.0, 0.0, 1.0), "not significant"),
    ],
)
def test_a_comparison_is_read_by_its_p_value(
    found: tuple[float, float, float, float], verdict: str
) -> None:
    read = readings.comparison("one", "other", metrics.Comparison(*found))
    assert verdict in read
    assert f"**{found[0]:+.3f}** (interval {found[1]:+.3f} to {found[2]:+.3f}" in read


def test_an_interval_holds_the_true_f1_about_as_often_as_it_says() -> None:
    """Of 100 intervals over samples of 95 sentences, about 95 hold the F1 of all sentences."""
    rng = np.random.default_rng(0)
    gold = [["B-x", "O"], ["O", "O"], ["B-x", "B-x"]]
    predicted = [["B-x", "O"], ["O", "B-x"], ["B-x", "O"]]
    true_f1 = 2 * 2 / (3 + 3)  # 2 entities found, 3 predicted and 3 gold
    n_samples = 100
    held = 0
    for _ in range(n_samples):
        rows = rng.integers(len(gold), size=95)
        found = metrics.f1_interval([gold[row] for row in rows], [predicted[row] for row in rows])
        held += found.low <= true_f1 <= found.high
    assert 0.9 <= held / n_samples < 1


@pytest.mark.parametrize(
    ("is_same", "unknown", "said", "not_said"),
    [
        (True, [], "on the training split of these data", "too high"),
        (None, [], "does not say on which data", "these types"),
        (False, {"b", "a"}, "other data than these.**", "does not say"),
        (False, {"b", "a"}, "It does not know these types, so it finds none of them: a, b.", "{"),
    ],
)
def test_a_model_is_introduced_with_its_training_data(
    is_same: bool | None, unknown: Collection[str], said: str, not_said: str
) -> None:
    sentence = readings.training_data(is_same, unknown)
    assert said in sentence
    assert not_said not in sentence
