"""Numbers of a run to the sentence that reads them, for the lessons.

A lesson shows a sentence with ``Markdown(readings.comparison(...))``. A sentence with branches, or
with numbers to format, is written here, as a template with named places, so that it can be
translated. Each template holds whole sentences.
"""

from typing import TYPE_CHECKING

from helpers.labels import label
from helpers.translation import _, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helpers.metrics import Comparison, Interval


# Lesson 3


def first_loss(by_model: float, by_hand: float, log_n: float) -> str:
    """Turn the loss before training into a line that compares it with two others.

    >>> first_loss(2.6, 2.6, 2.565)
    'by the model 2.60, by hand 2.60, log n 2.56'

    Args:
        by_model: As the model computes it.
        by_hand: As the lesson computes it.
        log_n: That of a model which takes each of n tags to be as probable as the others.
    """
    return _("by the model {by_model:.2f}, by hand {by_hand:.2f}, log n {log_n:.2f}").format(
        by_model=by_model, by_hand=by_hand, log_n=log_n
    )


def seconds(duration: float) -> str:
    """Turn the duration of a training into words.

    >>> seconds(12.3)
    '12 seconds'
    """
    return _("{n:.0f} seconds").format(n=duration)


def rule(type_: str) -> str:
    """Name the rule that takes capitalised words for entities of one type, for a figure.

    >>> rule("person")
    'rule (capitals are person)'
    """
    return _("rule (capitals are {type})").format(type=type_)


def the_rule(type_: str) -> str:
    """Name the same rule within a sentence.

    >>> the_rule("person")
    'the rule (capitals are person)'
    """
    return _("the rule (capitals are {type})").format(type=type_)


def interval(split: str, found: "Interval") -> str:
    """Turn F1 on a split and its bootstrap interval into what they say about new sentences.

    >>> interval("test", (0.7, 0.605, 0.786))
    'F1 on test is **0.700**. The data agree with a true F1 between **0.605** and **0.786**.'

    Args:
        split: The split that was scored.
        found: As `helpers.metrics.f1_interval` returns it.
    """
    score, low, high = found
    return _(
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
    measured = _(
        "F1 of {one} minus F1 of {other} is **{difference:+.3f}** (interval {low:+.3f} to "
        "{high:+.3f}, p = {p:.3f})."
    )
    if p_value >= 0.05:
        verdict = _(
            "The difference is not significant (p ≥ 0.05): these sentences do not show which one "
            "is better."
        )
    else:
        verdict = _("The difference is significant (p < 0.05): {better} has the higher F1.")
    one, other = label(one), label(other)
    numbers = {"difference": difference, "low": low, "high": high, "p": p_value}
    better = one if difference > 0 else other
    return text_of([measured, verdict]).format(one=one, other=other, better=better, **numbers)


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
    return _(
        "With {n_entities:,} entities, one epoch has a recall of **{one:.3f}** on average, and the "
        "best of {n_epochs} equally good epochs **{best:.3f}**."
    ).format(n_entities=n_entities, n_epochs=n_epochs, one=one, best=best)


def not_pushed() -> str:
    """Say that nothing was shared, and why."""
    return _("push_to_hub is off: the model stays here.")


# Lesson 4


def batches(n_training: int, n_validation: int) -> str:
    """Turn the numbers of batches into words.

    >>> batches(8, 1)
    '8 training batches, 1 validation batches'
    """
    return _("{n_training} training batches, {n_validation} validation batches").format(
        n_training=n_training, n_validation=n_validation
    )


def no_model_of_lesson_3() -> str:
    """Say that there is no model to compare with."""
    return _("The model of lesson 3 with these settings is not there.")


def permutations(difference: float, n_as_large: int, n_ways: int, p_value: float) -> str:
    """Turn the counts of a permutation test into words.

    >>> permutations(0.012, 9_200, 184_756, 0.0498)
    'difference 0.012: 9,200 of 184,756 ways, p = 0.050'

    Args:
        difference: The difference that was found.
        n_as_large: Ways that give a difference as large as that, in either direction.
        n_ways: All ways.
        p_value: The share of these ways.
    """
    return _("difference {difference:.3f}: {n:,} of {n_ways:,} ways, p = {p:.3f}").format(
        difference=difference, n=n_as_large, n_ways=n_ways, p=p_value
    )


def largest_difference(difference: float) -> str:
    """Turn the largest difference between the logits of two models into words.

    >>> largest_difference(2e-6)
    'largest difference between two logits: 2e-06'
    """
    return _("largest difference between two logits: {difference:.1g}").format(
        difference=difference
    )


# Lesson 5

_FEW = 30  # entities; the recall of fewer says little


def training_data(same: bool | None) -> str:
    """Turn what a model's folder says of its data into what scores on these data are worth.

    Args:
        same: As `helpers.model_folder.trained_on` returns it.
    """
    if same:
        return _("The model was trained on the train split of these data.")
    if same is None:
        return _(
            "The model does not say on what data it was trained. It may have seen these sentences "
            "in training, and then its scores are **too high**."
        )
    return _(
        "The model was trained on **other data**. It may have seen these sentences in training, "
        "and then its scores are **too high**."
    )


def behind_limit(name: str, n_entities: int, n_behind: int) -> str:
    """Turn the entities of a text longer than a model reads into how many lie behind its limit.

    >>> behind_limit("tagger", 1200, 900)
    'tagger: 1,200 entities, 900 of them behind the limit'

    Args:
        name: The name of what found them.
        n_entities: All entities that were found.
        n_behind: Those behind the limit.
    """
    return _("{name}: {n_entities:,} entities, {n_behind:,} of them behind the limit").format(
        name=label(name), n_entities=n_entities, n_behind=n_behind
    )


def score_on_test(found: "Interval", same: bool | None) -> str:
    """Turn F1 on the test split into a sentence that marks a score which may be too high.

    Args:
        found: As `helpers.metrics.f1_interval` returns it.
        same: As `helpers.model_folder.trained_on` returns it.
    """
    score = interval("test", found)
    if same:
        return score
    doubt = _(
        "**This may be no test score:** the model was not trained on these data, as far as it "
        "says, and may have seen the sentences."
    )
    return text_of([score, doubt])


def recall_of_unseen(counts: "Mapping[str, Mapping[str, int]]") -> str:
    """Turn the entities that a tagger found into what to expect of names that train lacks.

    >>> recall_of_unseen({
    ...     "seen": {"found": 9, "not found": 1}, "unseen": {"found": 30, "not found": 30},
    ... })  # doctest: +NORMALIZE_WHITESPACE
    'Recall is **0.90** of 10 seen entities and **0.50** of 60 unseen ones. The second is the better
    estimate of recall on new names. Fewer than 30 seen entities say little.'

    Args:
        counts: For ``"seen"`` and ``"unseen"`` how many gold entities are ``"found"`` and
            ``"not found"``.
    """
    n = {group: its["found"] + its["not found"] for group, its in counts.items()}
    if not n["seen"]:
        return _("All entities of this split are unseen, so there is nothing to compare.")
    if not n["unseen"]:
        return _("All entities of this split are seen, so there is nothing to compare.")
    template = _(
        "Recall is **{seen:.2f}** of {n_seen:,} seen entities and **{unseen:.2f}** of {n_unseen:,} "
        "unseen ones. The second is the better estimate of recall on new names."
    )
    sentences = [
        template.format(
            **{group: counts[group]["found"] / n[group] for group in n},
            **{f"n_{group}": number for group, number in n.items()},
        )
    ]
    caveats = {
        "seen": _("Fewer than {few} seen entities say little."),
        "unseen": _("Fewer than {few} unseen entities say little."),
    }
    sentences += [caveats[group].format(few=_FEW) for group in n if n[group] < _FEW]
    return text_of(sentences)


def no_entity() -> str:
    """What stands in a table where there is no entity."""
    return _("none")


def widest_gap(one: str, other: str, gap: "Interval", p_value: float) -> str:
    """Turn the widest of several gaps in recall into whether it is more than chance.

    >>> widest_gap("A", "B", (0.1, 0.02, 0.2), 0.3)  # doctest: +NORMALIZE_WHITESPACE
    'The widest gap lies between *A* and *B*: **0.100** (interval +0.020 to +0.200, p = 0.300). The
    gap is not significant (p ≥ 0.05): these places do not show that recall depends on the list.'

    Args:
        one: The list with the highest recall.
        other: The list with the lowest recall.
        gap: Their difference, with the ends of its interval.
        p_value: How often the widest gap is as wide if the lists make no difference.
    """
    measured = _(
        "The widest gap lies between *{one}* and *{other}*: **{gap:.3f}** (interval {low:+.3f} to "
        "{high:+.3f}, p = {p:.3f})."
    )
    if p_value >= 0.05:
        verdict = _(
            "The gap is not significant (p ≥ 0.05): these places do not show that recall depends "
            "on the list."
        )
    else:
        verdict = _(
            "The gap is significant (p < 0.05), although we picked the widest: recall depends on "
            "the list."
        )
    score, low, high = gap
    numbers = {"gap": score, "low": low, "high": high, "p": p_value}
    return text_of([measured, verdict]).format(one=one, other=other, **numbers)


def confidence(score: float, right: float, low: float, high: float) -> str:
    """Turn the mean score of entities and the share that is right into how far to trust scores.

    >>> confidence(0.9, 0.7, 0.1, 0.3)  # doctest: +NORMALIZE_WHITESPACE
    'The mean score is **0.90**, and **0.70** of the entities are right. The difference is +0.20
    (interval +0.10 to +0.30), so the tagger is **overconfident**.'

    Args:
        score: The mean score of predicted entities.
        right: The share of them that is right.
        low: The lower end of the interval of their difference.
        high: The upper end.
    """
    means = _("The mean score is **{score:.2f}**, and **{right:.2f}** of the entities are right.")
    if low > 0:
        verdict = _(
            "The difference is {difference:+.2f} (interval {low:+.2f} to {high:+.2f}), so the "
            "tagger is **overconfident**."
        )
    elif high < 0:
        verdict = _(
            "The difference is {difference:+.2f} (interval {low:+.2f} to {high:+.2f}), so the "
            "tagger is **underconfident**."
        )
    else:
        verdict = _(
            "The difference is {difference:+.2f} (interval {low:+.2f} to {high:+.2f}), and the "
            "interval holds 0: these entities do not show that scores are too high or too low on "
            "average."
        )
    numbers = {"score": score, "right": right, "difference": score - right}
    return text_of([means, verdict]).format(low=low, high=high, **numbers)


# Lesson 1


def meanings(types: "Iterable[str]") -> list[str]:
    """Turn types into what the guidelines of WNUT 17 say about each.

    >>> meanings(["PER", "LOC"])
    ['see the guidelines of these data', 'see the guidelines of these data']

    Args:
        types: The types of the data; the guidelines hold if these are the types of WNUT 17.
    """
    of_wnut = {
        "person": _("people, real or invented, by their own name"),
        "location": _("places by their own name, real or invented, buildings included"),
        "corporation": _("companies and brands, as the ones that act"),
        "product": _("tangible goods and well-defined services, by their official name"),
        "creative-work": _("songs, films, books and other works, by their own title"),
        "group": _("bands, teams and other groups that are not companies"),
    }
    types = list(types)
    known = of_wnut if set(types) == set(of_wnut) else {}
    return [known.get(type_, _("see the guidelines of these data")) for type_ in types]


def capitals(small_share: float, n_capitals: int, n_outside: int) -> str:
    """Turn counts of capitals into what they say about names.

    >>> capitals(0.25, 200, 50)  # doctest: +NORMALIZE_WHITESPACE
    '**25 %** of the entities in train have no capital letter. 200 words inside sentences begin with
    a capital letter; **25 %** of them are tagged `O`.'

    Args:
        small_share: Share of the entities without a capital letter.
        n_capitals: Words that begin with a capital letter, the first of each sentence left out.
        n_outside: How many of them are tagged ``O``.
    """
    without = _("**{small:.0f} %** of the entities in train have no capital letter.")
    if n_capitals:
        others = _(
            "{n_capitals:,} words inside sentences begin with a capital letter; "
            "**{outside:.0f} %** of them are tagged `O`."
        )
    else:
        others = _("No word inside a sentence begins with a capital letter.")
    outside = 100 * n_outside / max(n_capitals, 1)
    numbers = {"small": 100 * small_share, "n_capitals": n_capitals, "outside": outside}
    return text_of([without, others]).format(**numbers)


def unseen(n_unseen: int, n_entities: int) -> str:
    """Turn the number of unseen test entities into what a tagger must be able to do.

    >>> unseen(90, 100)[:68]
    'Train holds none of **90 of 100** entities of test. A tagger that on'

    Args:
        n_unseen: Entities of test whose form is no entity in train.
        n_entities: All entities of test.
    """
    counted = _("Train holds none of **{n_unseen:,} of {n_entities:,}** entities of test.")
    if n_unseen > n_entities / 2:
        meaning = _(
            "A tagger that only remembers misses these. It must recognise a name by its form and "
            "its context."
        )
    else:
        meaning = _(
            "A high score on such a split can come from memory. Score seen and unseen entities "
            "apart."
        )
    return text_of([counted, meaning]).format(n_unseen=n_unseen, n_entities=n_entities)


def baselines(f1: "Mapping[str, Interval]") -> str:
    """Turn the intervals of baselines into what a trained tagger has to beat.

    >>> f1 = {"all O": (0.0, 0.0, 0.0), "rule": (0.2, 0.1, 0.3)}
    >>> baselines(f1)  # doctest: +NORMALIZE_WHITESPACE
    'The highest F1 in the figure is 0.200 (**rule**, interval 0.100 to 0.300). A trained tagger has
    to beat it.'

    Args:
        f1: For each baseline what `helpers.metrics.f1_interval` returns.
    """
    name, (score, low, high) = max(f1.items(), key=lambda item: item[1][0])
    if not score:
        return _("None of the baselines finds an entity, so any tagger that finds one is better.")
    return _(
        "The highest F1 in the figure is {score:.3f} (**{name}**, interval {low:.3f} to "
        "{high:.3f}). A trained tagger has to beat it."
    ).format(score=score, name=label(name), low=low, high=high)


# Lesson 2


def equal_labels(n_equal: int, n_sentences: int) -> str:
    """Turn the comparison of two ways to align labels into how often they agree.

    >>> equal_labels(1000, 1000)
    '1,000 of 1,000 sentences have equal labels'

    Args:
        n_equal: Sentences with equal labels.
        n_sentences: Sentences that were compared.
    """
    return _("{n_equal:,} of {n_sentences:,} sentences have equal labels").format(
        n_equal=n_equal, n_sentences=n_sentences
    )


def words_back(n_windows: int, n_tags: int, n_words: int, n_sentences: int, n_right: int) -> str:
    """Turn what came back from windows into how many words have a tag, and their own.

    >>> words_back(3, 20, 20, 2, 19)
    '3 windows gave 20 tags for 20 words in 2 sentences; 19 are the tag of the word itself.'

    Args:
        n_windows: Rows that went in.
        n_tags: Tags that came back.
        n_words: Words of the split.
        n_sentences: Sentences of the split.
        n_right: Tags that are the gold tag of their word.
    """
    return _(
        "{n_windows:,} windows gave {n_tags:,} tags for {n_words:,} words in {n_sentences:,} "
        "sentences; {n_right:,} are the tag of the word itself."
    ).format(
        n_windows=n_windows,
        n_tags=n_tags,
        n_words=n_words,
        n_sentences=n_sentences,
        n_right=n_right,
    )
