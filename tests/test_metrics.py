"""Scores agree with a plain count of spans and forms, and with seqeval itself."""

import json
import timeit
import warnings
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import seqeval.metrics
from conftest import wordpiece
from datasets import Dataset
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from seqeval.scheme import IOB2
from transformers import EvalPrediction, PreTrainedTokenizerFast

from helpers import alignment, baselines, metrics, readers, tagging

NAMES = tagging.label_names(["person", "creative-work", "group"])
GOLD = [["B-person", "I-person", "O"], ["B-group", "O"], ["O"]]
PREDICTED = [["B-person", "I-person", "O"], ["B-person", "O"], ["B-group"]]
TOKENS = [["Ada", "Byron", "wrote"], ["Acme", "hired"], ["her"]]

# sentences of (word, gold tag, predicted tag); few words and tags, so that all cases come up
corpora = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["a", "A", "b"]), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        max_size=6,
    ),
    max_size=5,
)


def columns(corpus: list[list[tuple[str, str, str]]]) -> tuple[list[list[str]], ...]:
    """The words, gold tags and predicted tags of a corpus."""
    return tuple([[word[part] for word in sentence] for sentence in corpus] for part in range(3))


def ratios(found: int, predicted: int, gold: int) -> tuple[Fraction, Fraction, Fraction]:
    """Precision, recall and F1 by their definitions, in exact numbers."""
    return (
        Fraction(found, predicted) if predicted else Fraction(0),
        Fraction(found, gold) if gold else Fraction(0),
        Fraction(2 * found, predicted + gold) if predicted + gold else Fraction(0),
    )


def in_place(sentences: list[list[str]], type_: str | None = None) -> set[tuple[int, Any]]:
    return {
        (number, span)
        for number, tags in enumerate(sentences)
        for span in tagging.entity_spans(tags)
        if type_ in (None, span[0])
    }


def forms(spans: set[tuple[int, Any]], tokens: list[list[str]]) -> set[tuple[tuple[str, ...], str]]:
    return {(tuple(tokens[number][start:end]), type_) for number, (type_, start, end) in spans}


@given(corpora)
def test_scores_are_those_of_a_plain_count_of_spans(corpus: list[Any]) -> None:
    _, gold, predicted = columns(corpus)
    scores = metrics.entity_scores(gold, predicted)
    types = {span[0] for _, span in in_place(gold) | in_place(predicted)}
    assert set(scores["types"]) == types
    for row, type_ in [(scores, None), *((scores["types"][type_], type_) for type_ in types)]:
        true, guessed = in_place(gold, type_), in_place(predicted, type_)
        expected = ratios(len(true & guessed), len(guessed), len(true))
        assert [row["precision"], row["recall"], row["f1"]] == pytest.approx(
            [float(ratio) for ratio in expected]
        )
        assert type_ is None or row["support"] == len(true)
    pairs = [(tag, guess) for sentence in corpus for _, tag, guess in sentence]
    right = sum(tag == guess for tag, guess in pairs)
    assert scores["accuracy"] == pytest.approx(right / len(pairs) if pairs else 0)


@given(corpora)
def test_surface_scores_are_those_of_a_plain_count_of_forms(corpus: list[Any]) -> None:
    tokens, gold, predicted = columns(corpus)
    scores = metrics.entity_scores(gold, predicted, tokens)
    true, guessed = in_place(gold), in_place(predicted)
    found = forms(true & guessed, tokens)
    expected = ratios(len(found), len(forms(guessed, tokens)), len(forms(true, tokens)))
    names = ("surface_precision", "surface_recall", "surface_f1")
    assert [scores[name] for name in names] == pytest.approx([float(ratio) for ratio in expected])


@given(corpora.filter(lambda corpus: any(corpus)))
def test_strict_scores_are_those_of_seqevals_strict_mode(corpus: list[Any]) -> None:
    tokens, gold, predicted = columns(corpus)
    scores = metrics.entity_scores(gold, predicted, tokens, strict=True)
    for name in ("precision", "recall", "f1"):
        score = getattr(seqeval.metrics, f"{name}_score")
        expected = score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0)
        assert scores[name] == pytest.approx(expected)
    assert scores["accuracy"] == metrics.entity_scores(gold, predicted)["accuracy"]
    legal = [tagging.to_iob2(tags) for tags in gold], [tagging.to_iob2(tags) for tags in predicted]
    same = metrics.entity_scores(*legal, tokens)
    assert metrics.entity_scores(*legal, tokens, strict=True) == same


def test_a_form_counts_once_and_must_be_found_in_place_once() -> None:
    gold = [["B-person"], ["B-person"], ["B-person"], ["B-person"]]
    predicted = [["B-person"], ["B-person"], ["O"], ["B-group"]]
    scores = metrics.entity_scores(gold, predicted, [["Ada"], ["Ada"], ["Ada"], ["ada"]])
    # gold: Ada, ada; predicted: Ada, and ada as a group; found in place: Ada
    assert scores["surface_precision"] == 1 / 2
    assert scores["surface_recall"] == 1 / 2
    assert scores["recall"] == 2 / 4


def test_scores_are_plain_numbers_under_the_documented_names() -> None:
    scores = metrics.entity_scores(GOLD, PREDICTED, TOKENS)
    surface = ["surface_precision", "surface_recall", "surface_f1"]
    assert set(scores) == {"precision", "recall", "f1", "accuracy", "types", *surface}
    assert json.loads(json.dumps(scores)) == scores
    assert all(type(scores[name]) is float for name in scores if name != "types")
    assert all(type(row["support"]) is int for row in scores["types"].values())
    assert not set(surface) & set(metrics.entity_scores(GOLD, PREDICTED))


def test_scoring_warns_of_nothing_and_leaves_its_input_alone() -> None:
    gold, predicted = (("O", "B-person"),), [["O", "O"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.entity_scores(gold, predicted)
    assert gold == (("O", "B-person"),)
    assert predicted == [["O", "O"]]


@pytest.mark.parametrize(
    ("references", "predictions", "tokens", "message"),
    [
        ([["O"]], [["O"], ["O"]], None, "references has 1 sentences and predictions 2"),
        ([["O"]], [["O"]], [["a"], ["b"]], "references has 1 sentences and tokens 2"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], None,
         "sentence 1 has 2 tags in references and 1 items in predictions"),
        ([["O"], ["O"]], [["O"], ["O"]], [["a"], ["b", "c"]],
         "sentence 1 has 1 tags in references and 2 items in tokens"),
        ([["O"], [3]], [["O"], ["O"]], None, "sentence 1 of references: found 3; .* ClassLabel"),
        ([["O"]], [["person"]], None, "sentence 0 of predictions: found 'person'; .* IOB2 tags"),
        ([["O"]], [["S-person"]], None, "found 'S-person'; .* helpers.tagging.to_iob2"),
        ([["O"]], [["B-"]], None, "found 'B-'"),
        ([["O"]], ["O"], None, "sentence 0 of predictions: found 'O'; a sentence is a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_named(
    references: Any, predictions: Any, tokens: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.entity_scores(references, predictions, tokens)


def test_the_table_has_a_row_for_each_type_and_for_all() -> None:
    scores = metrics.entity_scores(GOLD, PREDICTED, TOKENS)
    table = metrics.scores_table(scores)
    assert list(table.index) == ["group", "person", "all entities", "surface forms"]
    assert list(table.columns) == ["precision", "recall", "f1", "support"]
    assert table.loc["person", "recall"] == 1
    assert table.loc["all entities", "f1"] == scores["f1"]
    assert table.loc["surface forms", "precision"] == scores["surface_precision"]
    assert table["support"].tolist()[:3] == [1, 1, 2]
    assert "surface forms" not in metrics.scores_table(metrics.entity_scores(GOLD, GOLD)).index


# --- Trainer


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """Letters as subwords, six of them in a window; a variation selector yields none."""
    tokenizer = wordpiece()
    tokenizer.model_max_length = 6
    return tokenizer


def encoded_split(tokenizer: Any, tokens: list[list[str]], tags: list[list[str]]) -> Dataset:
    ids = [[NAMES.index(tag) for tag in sentence] for sentence in tags]
    split = Dataset.from_dict({"tokens": tokens, "ner_tags": ids})
    return alignment.encode(split, tokenizer, stride=1)


def ids_for(encoded: Dataset, tags: list[list[str]], filler: int = -100) -> Any:
    """Predictions as a model would give them for these tags: padded, junk where none is read."""
    width = max(encoded["length"]) + 2
    ids = np.full((len(encoded), width), filler)
    for row, (word_ids, sentence) in enumerate(
        zip(encoded["word_ids"], encoded["sentence"], strict=True)
    ):
        for column, word in enumerate(word_ids):
            ids[row, column] = NAMES.index(tags[sentence][word]) if word >= 0 else 1
    return ids


def prediction(ids: Any) -> EvalPrediction:
    return EvalPrediction(predictions=ids, label_ids=np.empty(0))


def test_trainer_gets_the_scores_of_every_word_once(tokenizer: Any) -> None:
    tokens = [["aba", "b", "\ufe0f", "ab", "a"], ["b"], []]  # the first needs several windows
    gold = [["B-person", "I-person", "O", "B-group", "O"], ["B-person"], []]
    guess = [["B-person", "I-person", "O", "O", "B-group"], ["B-group"], []]
    encoded = encoded_split(tokenizer, tokens, gold)
    assert len(encoded) > len(tokens)
    compute = metrics.compute_metrics(encoded, gold, NAMES)
    expected = metrics.entity_scores(gold, guess)
    del expected["types"]
    assert compute(prediction(ids_for(encoded, guess))) == expected
    assert compute(prediction(ids_for(encoded, guess, filler=0))) == expected
    assert set(expected) == {"precision", "recall", "f1", "accuracy"}


def test_a_word_that_the_model_never_sees_counts_as_o(tokenizer: Any) -> None:
    gold = [["O", "B-person"]]
    encoded = encoded_split(tokenizer, [["a", "\ufe0f"]], gold)
    names = [*reversed(NAMES)]  # O is not id 0 here
    compute = metrics.compute_metrics(encoded, gold, names)
    ids = np.full((1, 8), names.index("O"))
    assert compute(prediction(ids)) == {"precision": 0, "recall": 0, "f1": 0, "accuracy": 0.5}


@pytest.mark.parametrize(
    ("predictions", "found"),
    [
        (np.zeros((1, 3, 7), dtype=np.float32), "3 dimensions of float32"),
        (np.zeros((1, 3)), "2 dimensions of float64"),
        ((np.zeros((1, 3, 7)), np.zeros(2)), "tuple"),
    ],
)
def test_logits_are_refused(tokenizer: Any, predictions: Any, found: str) -> None:
    compute = metrics.compute_metrics(encoded_split(tokenizer, [["a"]], [["O"]]), [["O"]], NAMES)
    with pytest.raises(ValueError, match=f"{found}.*preprocess_logits_for_metrics"):
        compute(prediction(predictions))


def test_references_of_another_split_are_refused(tokenizer: Any) -> None:
    encoded = encoded_split(tokenizer, [["a"], ["b"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="encoded holds 2 sentences and references 1"):
        metrics.compute_metrics(encoded, [["O"]], NAMES)


def test_predicted_ids_takes_numpy_tensors_and_tuples() -> None:
    logits = np.array([[[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]]])
    assert metrics.predicted_ids(logits, np.array([[1, 0]])).tolist() == [[1, 0]]
    assert metrics.predicted_ids((logits, "hidden states"), None).tolist() == [[1, 0]]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ids = metrics.predicted_ids(torch.tensor(logits))
    assert ids.tolist() == [[1, 0]]
    assert not ids.is_floating_point()


# --- how sure a score is

few = examples(max_examples=40)  # each is scored again for every draw

non_empty = corpora.filter(lambda corpus: len(corpus) > 0)


def plain_f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    true, guessed = in_place(gold), in_place(predicted)
    return float(ratios(len(true & guessed), len(guessed), len(true))[2])


def drawn(sentences: list[Any], rng: np.random.Generator) -> list[Any]:
    return [sentences[row] for row in rng.integers(len(sentences), size=len(sentences))]


@few
@given(non_empty)
def test_the_interval_is_that_of_scoring_drawn_sentences(corpus: list[Any]) -> None:
    rng = np.random.default_rng(metrics._SEED)
    scores = []
    for _ in range(20):
        _, gold, predicted = columns(drawn(corpus, rng))
        scores.append(plain_f1(gold, predicted))
    _, gold, predicted = columns(corpus)
    with patch.object(metrics, "_RESAMPLES", 20):
        interval = metrics.f1_interval(gold, predicted)
    assert interval.score == pytest.approx(plain_f1(gold, predicted))
    assert interval[1:] == pytest.approx(np.quantile(scores, [0.025, 0.975]))


@few
@given(non_empty)
def test_a_comparison_is_that_of_scoring_the_same_draws(corpus: list[Any]) -> None:
    def difference(sentences: list[Any]) -> float:
        _, gold, one = columns(sentences)
        ours, theirs = (plain_f1(gold, tags) for tags in (one, shorter(gold)))
        return ours - theirs

    def shorter(gold: list[list[str]]) -> list[list[str]]:
        return [[tag if tag[0] == "B" else "O" for tag in tags] for tags in gold]

    rng = np.random.default_rng(metrics._SEED)
    differences = [difference(drawn(corpus, rng)) for _ in range(10)]
    _, gold, one = columns(corpus)
    with patch.object(metrics, "_RESAMPLES", 10):
        found = metrics.compare(gold, one, shorter(gold))
    assert found.difference == pytest.approx(difference(corpus))
    assert found[1:3] == pytest.approx(np.quantile(differences, [0.025, 0.975]))


@examples(max_examples=10)
@given(non_empty.filter(lambda corpus: len(corpus) <= 4))
def test_the_p_value_is_the_share_of_all_exchanges_that_differ_as_much(corpus: list[Any]) -> None:
    _, gold, one = columns(corpus)
    other = one[::-1] if list(map(len, one)) == list(map(len, one[::-1])) else gold

    def difference(sides: tuple[bool, ...]) -> float:
        pairs = [(b, a) if side else (a, b) for a, b, side in zip(one, other, sides, strict=True)]
        ours, theirs = ([pair[at] for pair in pairs] for at in (0, 1))
        return plain_f1(gold, ours) - plain_f1(gold, theirs)

    observed = abs(difference((False,) * len(gold)))
    exchanges = list(product((False, True), repeat=len(gold)))
    exact = sum(abs(difference(sides)) >= observed - 1e-12 for sides in exchanges) / len(exchanges)
    assert metrics.compare(gold, one, other).p_value == pytest.approx(exact, abs=0.1)


def test_one_tagger_is_not_better_than_itself() -> None:
    same = metrics.compare(GOLD, PREDICTED, PREDICTED)
    assert same == (0, 0, 0, 1)


def test_the_order_of_two_taggers_is_the_sign_of_their_difference() -> None:
    gold = [["B-person", "O"], ["O", "B-group"]] * 15
    worse = [["B-person", "O"], ["B-group", "O"]] * 15
    one, other = metrics.compare(gold, gold, worse), metrics.compare(gold, worse, gold)
    assert one.difference == -other.difference == 0.5
    assert 0 < one.low < 0.5 < one.high
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == other.p_value == 1 / 1001


def test_the_interval_of_a_type_is_that_of_its_entities_alone() -> None:
    gold = [["B-person", "B-group", "O"], ["B-group", "O", "B-person"]] * 10
    found = [["B-person", "O", "B-group"], ["B-group", "I-group", "O"]] * 10
    for type_ in ("person", "group"):
        alone = [
            [[tag if tag.endswith(type_) else "O" for tag in tags] for tags in sentences]
            for sentences in (gold, found)
        ]
        interval = metrics.f1_interval(gold, found, entity_type=type_)
        assert interval == metrics.f1_interval(*alone)
        assert interval.score == metrics.entity_scores(gold, found)["types"][type_]["f1"]
    with pytest.raises(ValueError, match="entity_type='event': neither .* give one that occurs"):
        metrics.f1_interval(gold, found, entity_type="event")


@pytest.mark.parametrize("call", [metrics.f1_interval, metrics.compare])
def test_no_sentences_have_no_interval(call: Any) -> None:
    taggers: list[list[list[str]]] = [[]] if call is metrics.f1_interval else [[], []]
    with pytest.raises(ValueError, match="references has no sentences; give those of a split"):
        call([], *taggers)


def test_an_interval_takes_the_same_tags_as_a_score() -> None:
    with pytest.raises(ValueError, match="sentence 0 of predictions: found 'person'"):
        metrics.f1_interval([["O"]], [["person"]])
    with pytest.raises(ValueError, match="references has 1 sentences and predictions 2"):
        metrics.compare([["O"]], [["O"]], [["O"], ["O"]])


def test_a_thousand_resamples_of_the_test_split_take_less_than_a_second(wnut17_dir: Path) -> None:
    split = readers.read(wnut17_dir / "test.conll")
    gold = [sentence.tags for sentence in split.sentences]
    rule = baselines.capitalised_runs([one.tokens for one in split.sentences], "person")
    seconds = min(timeit.repeat(lambda: metrics.f1_interval(gold, rule), number=1, repeat=3))
    assert seconds < 1
    assert metrics.f1_interval(gold, rule).score == pytest.approx(0.1567, abs=1e-4)
