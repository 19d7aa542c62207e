"""Sentences that read numbers: each branch, and what they claim is what the numbers say."""

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


# Lesson 5


@pytest.mark.parametrize(
    ("same", "said"),
    [(True, "train split of these data"), (False, "**other data**"), (None, "does not say")],
)
def test_scores_of_a_model_of_other_data_are_marked(same: bool | None, said: str) -> None:
    assert said in readings.training_data(same)
    assert ("too high" in readings.training_data(same)) == (not same)
    score = readings.score_on_test(metrics.Interval(0.7, 0.6, 0.8), same)
    assert score.startswith("F1 on test is **0.700**")
    assert ("may be no test score" in score) == (not same)


@pytest.mark.parametrize(
    ("seen", "unseen", "said", "unsaid"),
    [
        (
            (30, 10),
            (20, 20),
            "**0.75** of 40 seen entities and **0.50** of 40 unseen",
            "say little",
        ),
        ((2, 1), (20, 20), "Fewer than 30 seen entities say little.", "30 unseen"),
        ((30, 10), (1, 0), "Fewer than 30 unseen entities say little.", "30 seen"),
        ((0, 0), (1, 0), "All entities of this split are unseen", "Recall"),
        ((1, 0), (0, 0), "All entities of this split are seen", "Recall"),
    ],
)
def test_recall_of_few_entities_is_called_so(
    seen: tuple[int, int], unseen: tuple[int, int], said: str, unsaid: str
) -> None:
    groups = {"seen": seen, "unseen": unseen}
    counts = {name: {"found": a, "not found": b} for name, (a, b) in groups.items()}
    read = readings.recall_of_unseen(counts)
    assert said in read
    assert unsaid not in read


@pytest.mark.parametrize(("p_value", "verdict"), [(0.049, "is significant"), (0.05, "not signif")])
def test_the_widest_gap_is_read_by_its_p_value(p_value: float, verdict: str) -> None:
    read = readings.widest_gap("A", "B", metrics.Interval(0.1, 0.05, 0.2), p_value)
    assert verdict in read
    assert "*A* and *B*: **0.100** (interval +0.050 to +0.200" in read


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.2, "**overconfident**"),
        (-0.2, -0.01, "**underconfident**"),
        (-0.1, 0.1, "the interval holds 0"),
        (0.0, 0.1, "the interval holds 0"),
    ],
)
def test_confidence_is_read_by_its_interval(low: float, high: float, verdict: str) -> None:
    assert verdict in readings.confidence(0.8, 0.75, low, high)
