"""Scores of a tagger: entities found in place, per type, and as surface forms.

An entity counts as found where its type and both its ends agree. Precision is the share of the
predicted entities that are right, recall the share of the gold entities that were found, F1 their
harmonic mean. Accuracy is the share of words with the right tag; since most words are ``O`` it is
high for a tagger that finds nothing. A ratio that divides by zero is 0.

``python -m helpers score GOLD PREDICTION`` prints the scores of one file against another; both
are read as `helpers.data` reads data.

Sources: Ramshaw and Marcus (1995) and the CoNLL evaluation script (entities in place);
Nakayama (2018), *seqeval* (its implementation); Derczynski et al. (2017), *Results of the
WNUT2017 Shared Task on Novel and Emerging Entity Recognition* (surface forms).
"""

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from helpers import readers
from helpers.decoding import to_tags
from helpers.settings import dataset_options, literal
from helpers.tagging import OUTSIDE, Span, entity_spans, spans_to_tags, split_tag
from helpers.windows import gather_words

if TYPE_CHECKING:
    import evaluate
    from datasets import Dataset
    from transformers import EvalPrediction

_IOB2_TAG = re.compile(rf"{OUTSIDE}|[BI]-.+")
_RATIOS = ("precision", "recall", "f1")

Sentences = Sequence[Sequence[str]]


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
    metric = _seqeval()(keep_in_memory=True)  # files would be shared with other processes
    scores: dict[str, Any] = metric.compute(references=gold, predictions=predicted)
    if strict:
        begun, predicted_begun = (
            [_well_begun(tags) for tags in tagged] for tagged in (gold, predicted)
        )
        return entity_scores(begun, predicted_begun, tokens) | {"accuracy": scores["accuracy"]}
    if tokens is not None:
        words = [list(sentence) for sentence in tokens]
        _check_shapes(gold, words, "tokens")
        scores |= _surface_scores(gold, predicted, words)
    return scores


class Interval(NamedTuple):
    """A score and the range in which it falls for most samples of as many sentences."""

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
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 42,
) -> Interval:
    """Turn gold and predicted tags into F1 with its bootstrap interval over sentences.

    As many sentences as there are get drawn from them, with replacement, and scored, ``resamples``
    times. The interval leaves out equally many of the lowest and of the highest scores. It says how
    much F1 depends on the sentences that happen to be in the split; that training with another seed
    gives another tagger is not in it.

    >>> f1_interval([["B-person", "O"]] * 50, [["B-person", "O"]] * 50)
    Interval(score=1.0, low=1.0, high=1.0)

    Args:
        references: The gold IOB2 tags of every sentence.
        predictions: The predicted tags of the same sentences.
        entity_type: The type to score; ``None`` scores all.
        confidence: Share of the resampled scores that lie in the interval.
        resamples: How often sentences are drawn.
        seed: For the draws.

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
    scores = [_f1(total) for total in _resampled(counts, resamples, seed)]
    return Interval(_f1(counts.sum(axis=0)), *_middle(scores, confidence))


def compare(
    references: Sentences,
    one: Sentences,
    other: Sentences,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 42,
) -> Comparison:
    """Turn the tags of two taggers for the same sentences into an answer to: is one better?

    The comparison is **paired**: a sentence that is hard is hard for both, so the difference varies
    less than two separate scores do. The interval is that of the paired bootstrap, which scores
    both taggers on the same draws. The p-value is that of approximate randomisation. If the two
    were equally good, it would not matter whose answer to a sentence is whose. So in each of
    ``resamples`` trials the answers to random sentences change sides.

    >>> gold = [["B-person"], ["B-group"]] * 20
    >>> compare(gold, gold, [["O"], ["B-group"]] * 20).p_value < 0.01
    True

    Args:
        references: The gold IOB2 tags of every sentence.
        one: The tags that one tagger predicts.
        other: The tags that the other predicts.
        confidence: Share of the resampled differences that lie in the interval.
        resamples: How often sentences are drawn, and how often answers change sides.
        seed: For both.

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
    drawn = [_difference(total) for total in _resampled(counts, resamples, seed)]
    rng = np.random.default_rng(seed)
    sides = counts - counts[:, ::-1]
    swapped = [
        _difference(
            counts.sum(axis=0) - np.tensordot(rng.integers(2, size=len(counts)), sides, axes=1)
        )
        for _ in range(resamples)
    ]
    as_large = int((np.abs(swapped) >= abs(difference) - 1e-12).sum())
    return Comparison(difference, *_middle(drawn, confidence), (as_large + 1) / (resamples + 1))


def compute_metrics(
    encoded: "Dataset",
    references: Sentences,
    label_names: Sequence[str],
    tokens: Sentences | None = None,
) -> Callable[["EvalPrediction"], dict[str, float]]:
    """Turn a split into the function by which Trainer scores predictions for it.

    Every word of the split counts once: windows are merged, and a word that yields no subword gets
    its tag from `helpers.decoding.to_tags`.

    Args:
        encoded: The split as `helpers.alignment.encode` returns it; the rows of the predictions.
        references: The gold IOB2 tags of every sentence of the split.
        label_names: The tags in the order of their ids.
        tokens: The words of every sentence, for the scores over surface forms.

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
        scores = entity_scores(references, tags, tokens)
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
) -> Any:
    """Count the entities of every sentence: found, predicted and gold, an array (sentences, 3)."""
    gold, predicted = _tags(references, "references"), _tags(predictions, "predictions")
    _check_shapes(gold, predicted, "predictions")
    if not gold:
        raise ValueError("references has no sentences; give those of a split")

    def entities(tags: list[str]) -> set[Span]:
        return {span for span in entity_spans(tags) if entity_type in (None, span[0])}

    pairs = ((entities(tags), entities(guess)) for tags, guess in zip(gold, predicted, strict=True))
    return np.array([(len(true & found), len(found), len(true)) for true, found in pairs])


def _resampled(counts: Any, resamples: int, seed: int) -> Iterator[Any]:
    """Draw as many sentences as there are, with replacement, and add up their counts."""
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = rng.integers(len(counts), size=len(counts))
        yield np.tensordot(np.bincount(drawn, minlength=len(counts)), counts, axes=1)


def _f1(total: Any) -> float:
    found, predicted, gold = total
    return float(2 * found / max(predicted + gold, 1))


def _difference(totals: Any) -> float:
    one, other = totals
    return _f1(one) - _f1(other)


def _middle(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Find the interval that leaves equally many values out below and above."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


@cache
def _seqeval() -> type["evaluate.Metric"]:
    """Make seqeval a metric of 🤗 Evaluate, from the installed packages.

    ``evaluate.load("seqeval")`` fetches such a class from the Hub at every start. Evaluate is
    imported here, when there is something to score, because it imports PyTorch for evaluators that
    no lesson uses.
    """
    import evaluate
    from datasets import Features, List, Value
    from seqeval.metrics import accuracy_score
    from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

    class Seqeval(evaluate.Metric):
        def _info(self) -> evaluate.MetricInfo:
            tags = List(Value("string"))
            return evaluate.MetricInfo(
                description="Precision, recall and F1 of entities found in place.",
                citation="Nakayama (2018), seqeval, https://github.com/chakki-works/seqeval",
                inputs_description="References and predictions: the tags of every sentence.",
                features=Features({"references": tags, "predictions": tags}),
            )

        def _compute(
            self, *, references: list[list[str]], predictions: list[list[str]]
        ) -> dict[str, Any]:
            pair = (references or [[]], predictions or [[]])  # seqeval refuses an empty list
            types = sorted({entity[0] for tags in pair for entity in get_entities(tags)})
            by_type = precision_recall_fscore_support(*pair, average=None, zero_division=0)
            overall = precision_recall_fscore_support(*pair, average="micro", zero_division=0)
            return {
                **_plain(overall),
                "accuracy": float(accuracy_score(*pair)) if any(references) else 0.0,
                "types": {
                    type_: {**_plain(row), "support": int(row[3])}
                    for type_, *row in zip(types, *by_type, strict=True)
                },
            }

    return Seqeval


def _plain(row: Sequence[Any]) -> dict[str, float]:
    """Turn the start of seqeval's row of numpy numbers into what JSON can hold."""
    return {name: float(value) for name, value in zip(_RATIOS, row, strict=False)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores of a file of predicted tags against a file of gold tags.

    Exits with code 2 and a message where a file cannot be read or the words of the two differ.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        options = dataset_options(literal(chosen.dataset_options))
        gold, predicted = (
            readers.read(path, **options) for path in (chosen.gold, chosen.prediction)
        )
        _check_same_words(gold, predicted)
        # a tagger may find nothing, so its tags are told by those of the gold file
        read = readers.in_iob2({"gold": gold, "prediction": predicted})
        references, predictions = ([one.tags for one in split.sentences] for split in read.values())
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    tokens = [sentence.tokens for sentence in gold.sentences]
    scores = entity_scores(references, predictions, tokens)
    n_words = sum(len(words) for words in tokens)
    print(scores_table(scores).to_string(float_format="{:.4f}".format))
    print(f"\naccuracy {scores['accuracy']:.4f} of {n_words:,} words in {len(tokens):,} sentences")
    if tokens:
        interval = f1_interval(references, predictions)
        print(f"F1 from {interval.low:.4f} to {interval.high:.4f} (95 % bootstrap interval)")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.metrics",
        description="Score predicted entities against gold ones: two CoNLL files (or JSON Lines, "
        "CSV, Parquet) with the same words.",
    )
    parser.add_argument("gold", type=Path, metavar="GOLD", help="file with the gold tags")
    parser.add_argument("prediction", type=Path, metavar="PREDICTION", help="with predicted tags")
    parser.add_argument(
        "--dataset-options",
        default="{}",
        metavar="DICT",
        help="how to read both, as in a lesson, such as \"{'columns': ['token', '_', 'tag']}\"",
    )
    return parser


def _check_same_words(gold: readers.Split, predicted: readers.Split) -> None:
    for (word, place), (other, other_place) in zip(_words(gold), _words(predicted), strict=False):
        if word != other:
            raise ValueError(
                f"the words differ: {place}: {word}; {other_place}: {other}; give two files of the "
                "same sentences"
            )


def _words(split: readers.Split) -> Iterator[tuple[str, str]]:
    """Yield what a file holds, word for word, and where it stands."""
    for number, sentence in enumerate(split.sentences):
        for position, word in enumerate(sentence.tokens):
            yield repr(word), split.place(number, position)
        yield "end of the sentence", f"after {split.place(number, -1)}"
    yield "end of the file", split.name


if __name__ == "__main__":
    main()
