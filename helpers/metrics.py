"""Scores of a tagger: entities found in place, per type, and as surface forms.

An entity counts as found where its type and both its ends agree. Precision is the share of the
predicted entities that are right, recall the share of the gold entities that were found, F1 their
harmonic mean. Accuracy is the share of words with the right tag; since most words are ``O`` it is
high for a tagger that finds nothing. A ratio that divides by zero is 0.

Sources: Ramshaw and Marcus (1995) and the CoNLL evaluation script (entities in place);
Nakayama (2018), *seqeval* (its implementation); Derczynski et al. (2017), *Results of the
WNUT2017 Shared Task on Novel and Emerging Entity Recognition* (surface forms).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from seqeval.metrics import accuracy_score, classification_report

from helpers.decoding import to_tags
from helpers.tagging import OUTSIDE, Span, entity_spans, spans_to_tags, split_tag
from helpers.windows import gather_words

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import EvalPrediction

_IOB2_TAG = re.compile(rf"{OUTSIDE}|[BI]-.+")
_RATIOS = {"precision": "precision", "recall": "recall", "f1": "f1-score"}  # seqeval's names
_RESAMPLES = 1000
_CONFIDENCE = 0.95
_SEED = 42

Sentences = Sequence[Sequence[str]]
Counts = NDArray[np.int64]  # on the last axis entities found, predicted and gold


def entity_scores(
    references: Sentences,
    predictions: Sentences,
    tokens: Sentences | None = None,
    *,
    strict: bool = False,
) -> dict[str, Any]:
    """Turn gold and predicted tags into precision, recall, F1 and accuracy, overall and per type.

    With the words it adds the scores over **surface forms**, the second measure of the WNUT 2017
    shared task, which counts a name once however often it occurs. A form is a distinct pair of an
    entity's words, joined by a space with their case kept, and its type. The forms of the entities
    predicted correctly in place, divided by all predicted forms, are its precision; divided by all
    gold forms, its recall.

    >>> gold = [["B-person", "I-person", "O", "B-location"]]
    >>> scores = entity_scores(gold, [["B-person", "I-person", "O", "O"]])
    >>> scores["precision"], scores["recall"], scores["accuracy"]
    (1.0, 0.5, 0.75)
    >>> scores["types"]["location"]
    {'precision': 0.0, 'recall': 0.0, 'f1': 0.0, 'support': 1}

    Args:
        references: The gold IOB2 tags of every sentence. An ``I-x`` that follows neither ``B-x``
            nor ``I-x`` begins an entity, as in the CoNLL evaluation script.
        predictions: The predicted tags of the same sentences.
        tokens: The words of the same sentences.
        strict: Count only entities that begin with ``B-``, as seqeval's strict mode.

    Returns:
        ``precision``, ``recall``, ``f1`` and ``accuracy``; with ``tokens`` also
        ``surface_precision``, ``surface_recall`` and ``surface_f1``; and ``types``, a dictionary
        of the same first three and ``support`` (number of gold entities) for every type in either
        of the two. Scores lie between 0 and 1.

    Raises:
        ValueError: A different number of sentences, sentences of different length, or something
            that is no IOB2 tag.
    """
    gold, predicted = _tags(references, "references"), _tags(predictions, "predictions")
    _check_shapes(gold, predicted, "predictions")
    accuracy = accuracy_score(gold, predicted) if any(gold) else 0.0
    if strict:
        gold, predicted = ([_well_begun(tags) for tags in part] for part in (gold, predicted))
    types = _seqeval(gold, predicted)
    overall = types.pop("micro avg")
    scores: dict[str, Any] = {name: overall[name] for name in _RATIOS}
    scores |= {"accuracy": float(accuracy), "types": types}
    if tokens is not None:
        words = [list(sentence) for sentence in tokens]
        _check_shapes(gold, words, "tokens")
        scores |= _surface_scores(gold, predicted, words)
    return scores


class Interval(NamedTuple):
    """A score of some sentences, and a range that holds the score on all such text.

    Of a hundred such ranges, of as many samples of sentences, about 95 do.
    """

    score: float
    low: float
    high: float


class Comparison(NamedTuple):
    """The F1 of one tagger less that of another, on the same sentences.

    Attributes:
        difference: Above 0 where the first is better.
        low: Lower end of its interval.
        high: Upper end of its interval.
        p_value: How often two taggers that are equally good differ by as much or more.
    """

    difference: float
    low: float
    high: float
    p_value: float


def f1_interval(
    references: Sentences,
    predictions: Sentences,
    *,
    entity_type: str | None = None,
) -> Interval:
    """Turn gold and predicted tags into F1 with its 95 % bootstrap interval over sentences.

    As many sentences as there are get drawn from them, with replacement, and scored, a thousand
    times. The interval leaves out equally many of the lowest and of the highest scores. It says how
    much F1 depends on the sentences that happen to be in the split; that training with another seed
    gives another tagger is not in it.

    >>> f1_interval([["B-person", "O"]] * 50, [["B-person", "O"]] * 50)
    Interval(score=1.0, low=1.0, high=1.0)

    Args:
        references: As for `entity_scores`.
        predictions: As for `entity_scores`.
        entity_type: The type to score; ``None`` scores all.

    Raises:
        ValueError: As `entity_scores`; or no sentences; or no entity of the type.

    Source: Efron (1979), *Bootstrap Methods: Another Look at the Jackknife*.
    """
    counts = _sentence_counts(references, predictions, entity_type)
    if entity_type is not None and not counts.any():
        raise ValueError(
            f"entity_type={entity_type!r}: neither references nor predictions hold an entity of "
            "this type; give one that occurs"
        )
    scores = [_f1(total) for total in _resampled(counts)]
    return Interval(_f1(counts.sum(axis=0)), *_middle(scores))


def compare(references: Sentences, one: Sentences, other: Sentences) -> Comparison:
    """Turn the tags of two taggers for the same sentences into an answer to: is one better?

    The comparison is **paired**: a sentence that is hard is hard for both, so the difference varies
    less than two separate scores do. The interval is that of the paired bootstrap, which scores
    both taggers on the same draws. The p-value is that of approximate randomisation. If the two
    were equally good, it would not matter whose answer to a sentence is whose. So in each of a
    thousand trials the answers to random sentences change sides.

    >>> gold = [["B-person"], ["B-group"]] * 20
    >>> compare(gold, gold, [["O"], ["B-group"]] * 20).p_value < 0.01
    True

    Args:
        references: The gold IOB2 tags of every sentence.
        one: The tags that one tagger predicts.
        other: The tags that the other predicts.

    Raises:
        ValueError: As `entity_scores`; or no sentences.

    Sources: Koehn (2004), *Statistical Significance Tests for Machine Translation Evaluation*
    (paired bootstrap); Noreen (1989), *Computer-Intensive Methods for Testing Hypotheses*
    (approximate randomisation); Berg-Kirkpatrick et al. (2012), *An Empirical Investigation of
    Statistical Significance in NLP*, and Dror et al. (2018), *The Hitchhiker's Guide to Testing
    Statistical Significance in Natural Language Processing* (when to take which).
    """
    counts = np.stack([_sentence_counts(references, tags) for tags in (one, other)], axis=1)
    difference = _difference(counts.sum(axis=0))
    drawn = [_difference(total) for total in _resampled(counts)]
    rng = np.random.default_rng(_SEED)
    sides = counts - counts[:, ::-1]
    swapped = [
        _difference(
            counts.sum(axis=0) - np.tensordot(rng.integers(2, size=len(counts)), sides, axes=1)
        )
        for _ in range(_RESAMPLES)
    ]
    as_large = int((np.abs(swapped) >= abs(difference) - 1e-12).sum())
    return Comparison(difference, *_middle(drawn), (as_large + 1) / (_RESAMPLES + 1))


def compute_metrics(
    encoded: "Dataset",
    references: Sentences,
    label_names: Sequence[str],
) -> Callable[["EvalPrediction"], dict[str, float]]:
    """Turn a split into the function by which Trainer scores predictions for it.

    Every word of the split counts once: windows are merged, and a word that yields no subword gets
    its tag from `helpers.decoding.to_tags`.

    Args:
        encoded: The split as `helpers.alignment.encode` returns it; the rows of the predictions.
        references: The gold IOB2 tags of every sentence of the split.
        label_names: The tags in the order of their ids.

    Returns:
        A function from an ``EvalPrediction`` whose predictions are ids of shape (rows, width), as
        `predicted_ids` makes them, to the scores of `entity_scores` without those per type. It
        raises ValueError for anything but such ids.

    Raises:
        ValueError: The two hold different numbers of sentences.
    """
    n_sentences = max(encoded["sentence"], default=-1) + 1
    if n_sentences != len(references):
        raise ValueError(
            f"encoded holds {n_sentences} sentences and references {len(references)}; give both "
            "for the same split"
        )
    word_counts = [len(tags) for tags in references]

    def compute(prediction: "EvalPrediction") -> dict[str, float]:
        ids: Any = prediction.predictions
        if not (isinstance(ids, np.ndarray) and ids.ndim == 2 and ids.dtype.kind in "iu"):
            found = f"{ids.ndim} dimensions of {ids.dtype}" if hasattr(ids, "dtype") else type(ids)
            raise ValueError(
                f"predictions holds {found} where ids of shape (rows, width) belong; give Trainer "
                "preprocess_logits_for_metrics=helpers.metrics.predicted_ids"
            )
        words, read = gather_words(ids, encoded, word_counts)
        tags = to_tags(words, read, word_counts, label_names)
        scores = entity_scores(references, tags)
        del scores["types"]
        return scores

    return compute


def predicted_ids(logits: Any, labels: Any = None) -> Any:
    """Turn logits into the id of the highest, on the device where they are.

    It is Trainer's ``preprocess_logits_for_metrics``: one integer for each subword is kept for
    the scores, instead of one float for each label.

    >>> predicted_ids(np.array([[[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]]]))
    array([[1, 0]])

    Args:
        logits: A tensor of shape (rows, width, labels), or a tuple that starts with one.
        labels: Not used; Trainer passes them.

    Returns:
        A tensor of ids of shape (rows, width).
    """
    return (logits[0] if isinstance(logits, tuple) else logits).argmax(-1)


def scores_table(scores: dict[str, Any]) -> pd.DataFrame:
    """Turn the scores of `entity_scores` into a table: a row for each type and for all of them.

    Scores over surface forms, where there are any, take the last row, without a support.

    >>> print(scores_table(entity_scores([["B-person", "O"]], [["B-person", "O"]])))
                  precision  recall   f1  support
    person              1.0     1.0  1.0        1
    all entities        1.0     1.0  1.0        1
    """
    support = sum(row["support"] for row in scores["types"].values())
    rows = {**scores["types"], "all entities": {**scores, "support": support}}
    if "surface_f1" in scores:
        surface = {name: scores[f"surface_{name}"] for name in _RATIOS}
        rows["surface forms"] = {**surface, "support": ""}
    return pd.DataFrame.from_dict(rows, orient="index")[[*_RATIOS, "support"]]


def _seqeval(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, dict[str, Any]]:
    """Ask seqeval for the scores of each type, and of all entities as ``micro avg``.

    ``evaluate.load("seqeval")`` calls the same function, but fetches its own code from the Hub.
    """
    if all(tag == OUTSIDE for tags in (*gold, *predicted) for tag in tags):
        return {"micro avg": dict.fromkeys(_RATIOS, 0.0)}  # seqeval refuses it
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    del report["macro avg"], report["weighted avg"]
    return {
        name: {ours: float(row[theirs]) for ours, theirs in _RATIOS.items()}
        | {"support": int(row["support"])}
        for name, row in report.items()
    }


def _well_begun(tags: list[str]) -> list[str]:
    """Keep of the tags of a sentence the entities that begin with ``B-``."""
    spans = [span for span in entity_spans(tags) if split_tag(tags[span[1]])[0] == "B"]
    return spans_to_tags(spans, len(tags))


def _tags(sentences: Sentences, name: str) -> list[list[str]]:
    """Turn sentences of tags into lists, as seqeval wants them, each tag checked."""
    for number, tags in enumerate(sentences):
        wrong = [tags] if isinstance(tags, str) else [tag for tag in tags if not _is_iob2(tag)]
        if wrong:
            raise ValueError(
                f"sentence {number} of {name}: found {wrong[0]!r}; a sentence is a list of IOB2 "
                "tags such as 'O', 'B-person', 'I-person' (ids become tags through the names of "
                "their ClassLabel, tags of another scheme through helpers.tagging.to_iob2)"
            )
    return [list(tags) for tags in sentences]


def _is_iob2(tag: object) -> bool:
    return isinstance(tag, str) and _IOB2_TAG.fullmatch(tag) is not None


def _check_shapes(gold: list[list[str]], other: list[list[str]], name: str) -> None:
    """Refuse ``other`` where it has not one item for every word of ``gold``."""
    if len(gold) != len(other):
        raise ValueError(
            f"references has {len(gold)} sentences and {name} {len(other)}; give the same "
            "sentences in the same order"
        )
    for number, (tags, items) in enumerate(zip(gold, other, strict=True)):
        if len(tags) != len(items):
            raise ValueError(
                f"sentence {number} has {len(tags)} tags in references and {len(items)} items in "
                f"{name}; each word takes one"
            )


def _surface_scores(
    gold: list[list[str]], predicted: list[list[str]], tokens: list[list[str]]
) -> dict[str, float]:
    gold_forms: set[tuple[str, str]] = set()
    predicted_forms: set[tuple[str, str]] = set()
    found_forms: set[tuple[str, str]] = set()
    for gold_tags, predicted_tags, words in zip(gold, predicted, tokens, strict=True):
        in_gold, in_predicted = set(entity_spans(gold_tags)), set(entity_spans(predicted_tags))
        form = {
            span: (" ".join(words[span[1] : span[2]]), span[0]) for span in in_gold | in_predicted
        }
        gold_forms.update(form[span] for span in in_gold)
        predicted_forms.update(form[span] for span in in_predicted)
        found_forms.update(form[span] for span in in_gold & in_predicted)
    precision = len(found_forms) / max(len(predicted_forms), 1)
    recall = len(found_forms) / max(len(gold_forms), 1)
    f1 = 2 * precision * recall / ((precision + recall) or 1)
    return {"surface_precision": precision, "surface_recall": recall, "surface_f1": f1}


def _sentence_counts(
    references: Sentences, predictions: Sentences, entity_type: str | None = None
) -> Counts:
    """Count the entities of every sentence: found, predicted and gold, an array (sentences, 3)."""
    gold, predicted = _tags(references, "references"), _tags(predictions, "predictions")
    _check_shapes(gold, predicted, "predictions")
    if not gold:
        raise ValueError("references has no sentences; give those of a split")

    def entities(tags: list[str]) -> set[Span]:
        return {span for span in entity_spans(tags) if entity_type in (None, span[0])}

    pairs = ((entities(tags), entities(guess)) for tags, guess in zip(gold, predicted, strict=True))
    return np.array([(len(true & found), len(found), len(true)) for true, found in pairs])


def _resampled(counts: Counts) -> Iterator[Counts]:
    """Draw as many sentences as there are, with replacement, and add up their counts."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(counts), size=len(counts))
        yield np.tensordot(np.bincount(drawn, minlength=len(counts)), counts, axes=1)


def _f1(total: Counts) -> float:
    found, predicted, gold = total
    return float(2 * found / max(predicted + gold, 1))


def _difference(totals: Counts) -> float:
    one, other = totals
    return _f1(one) - _f1(other)


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Find the interval that leaves equally many values out below and above."""
    low, high = np.quantile(values, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)
