"""Alignment of labels with subwords, against a plain word-by-word reference."""

import logging
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from conftest import NAMES, byte_level, sentencepiece, wordpiece
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    DataCollatorForTokenClassification,
    PreTrainedTokenizer,
    PreTrainedTokenizerBase,
)

from helpers import alignment

TOKENIZERS = {
    tokenizer.__name__: tokenizer() for tokenizer in (wordpiece, byte_level, sentencepiece)
}
SELECTOR = "\ufe0f"  # yields no subword in BERT's vocabulary

words = st.one_of(
    st.sampled_from(["the", "state", "sanfrancisco", "@paulwalk", "'s", "😀", "24agj38", SELECTOR]),
    st.text("abcdz09.,@ü", min_size=1, max_size=12),
)
sentences = st.lists(
    st.lists(st.tuples(words, st.integers(0, len(NAMES) - 1)), max_size=25), min_size=1, max_size=4
)
tokenizers = st.sampled_from(sorted(TOKENIZERS))


def plain_labels(
    tokenizer: PreTrainedTokenizerBase, words: list[str], tags: list[int], *, all_subwords: bool
) -> tuple[list[int], list[int]]:
    """Take one word after the other: its subwords and a label for each."""
    pieces, labels = [], []
    for word, tag in zip(words, tags, strict=True):
        ids = tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        inside = NAMES.index(NAMES[tag].replace("B-", "I-"))
        pieces += ids
        labels += [tag, *[inside if all_subwords else -100] * (len(ids) - 1)][: len(ids)]
    return pieces, labels


def as_batch(batch: list[list[tuple[str, int]]]) -> dict[str, Any]:
    return {
        "tokens": [[word for word, _ in sentence] for sentence in batch],
        "ner_tags": [[tag for _, tag in sentence] for sentence in batch],
    }


def as_dataset(batch: list[list[tuple[str, int]]]) -> Dataset:
    features = Features(
        {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=NAMES))}
    )
    return Dataset.from_dict(as_batch(batch), features=features)


@given(tokenizers, sentences, st.booleans())
def test_whole_sentences_equal_the_plain_reference(
    name: str, batch: list[list[tuple[str, int]]], all_subwords: bool
) -> None:
    tokenizer = TOKENIZERS[name]
    encoding = alignment.tokenize_and_align_labels(
        as_batch(batch), tokenizer, label_all_subwords=all_subwords, max_length=10_000
    )
    for row, sentence in enumerate(batch):
        pieces, labels = plain_labels(
            tokenizer,
            [word for word, _ in sentence],
            [tag for _, tag in sentence],
            all_subwords=all_subwords,
        )
        assert encoding["input_ids"][row][1:-1] == pieces
        assert encoding["labels"][row] == [-100, *labels, -100]


@given(tokenizers, sentences, st.booleans(), st.integers(4, 20), st.data())
def test_windows_label_every_subword_once_where_it_has_most_context(
    name: str,
    batch: list[list[tuple[str, int]]],
    all_subwords: bool,
    max_length: int,
    data: st.DataObject,
) -> None:
    tokenizer = TOKENIZERS[name]
    room = max_length - 2
    stride = data.draw(st.integers(0, room - 1))
    encoding = alignment.tokenize_and_align_labels(
        as_batch(batch),
        tokenizer,
        label_all_subwords=all_subwords,
        max_length=max_length,
        stride=stride,
    )
    rows = encoding["overflow_to_sample_mapping"]
    for index, sentence in enumerate(batch):
        pieces, labels = plain_labels(
            tokenizer,
            [word for word, _ in sentence],
            [tag for _, tag in sentence],
            all_subwords=all_subwords,
        )
        windows = [
            (nth * (room - stride), encoding["input_ids"][row][1:-1], encoding["labels"][row][1:-1])
            for nth, row in enumerate(row for row, sample in enumerate(rows) if sample == index)
        ]
        for place, (piece, label) in enumerate(zip(pieces, labels, strict=True)):
            holding = [
                (
                    min(place - start, start + len(ids) - 1 - place),
                    -start,
                    ids[place - start],
                    found,
                )
                for start, ids, labels_here in windows
                if start <= place < start + len(ids)
                for found in [labels_here[place - start]]
            ]
            assert {held[2] for held in holding} == {piece}
            best = max(holding)
            assert best[3] == label
            assert all(held[3] == -100 for held in holding if held is not best)


@given(tokenizers, sentences, st.integers(6, 20), st.integers(0, 3))
def test_reading_back_returns_each_words_tag(
    name: str, batch: list[list[tuple[str, int]]], max_length: int, stride: int
) -> None:
    tokenizer = TOKENIZERS[name]
    _, subwords = alignment.tokenize_words(
        as_batch(batch)["tokens"], tokenizer, max_length=max_length, stride=stride
    )
    encoding = alignment.tokenize_and_align_labels(
        as_batch(batch), tokenizer, max_length=max_length, stride=stride
    )
    encoded = {
        "sentence": encoding["overflow_to_sample_mapping"],
        "word_ids": subwords.rows(np.where(subwords.read & subwords.first, subwords.word, -1)),
    }
    table = Dataset.from_dict(encoded)
    padded = [[*row, *[7] * 3] for row in encoding["labels"]]
    found = alignment.read_back(padded, table, [len(sentence) for sentence in batch])
    assert [len(ids) for ids in found] == [len(sentence) for sentence in batch]
    for ids, sentence in zip(found, batch, strict=True):
        for index, (word, tag) in zip(ids, sentence, strict=True):
            # what becomes of the other words, a test below says
            if tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]:
                assert index == tag


def test_words_without_a_subword_are_reported_and_read_back_as_outside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    split = as_dataset([[("the", 1), (SELECTOR, 2), ("state", 2)], [(SELECTOR, 0)]])
    with caplog.at_level(logging.WARNING):
        encoded = alignment.encode(split, TOKENIZERS["wordpiece"])
    (line,) = caplog.messages
    assert line == "2 of 4 words yield no subword, so no model sees them: '\\ufe0f'"
    assert alignment.read_back(encoded["labels"], encoded, [3, 1]) == [[1, 2, 2], [0]]


@given(
    corpus=st.lists(
        st.lists(st.tuples(st.integers(-1, 4), st.booleans()), min_size=1, max_size=7), max_size=4
    )
)
def test_an_entity_goes_on_over_words_without_a_subword(
    corpus: list[list[tuple[int, bool]]],
) -> None:
    """Against a plain reading, word by word, of ids of which some (-1) are missing."""
    ids = [[id_ if is_read else -1 for id_, is_read in sentence] for sentence in corpus]
    expected = []
    for sentence in ids:
        row = list(sentence)
        for at, id_ in enumerate(sentence):
            before = next((other for other in sentence[:at][::-1] if other >= 0), 0)
            after = next((other for other in sentence[at + 1 :] if other >= 0), 0)
            goes_on = after in (2, 4) and before in (after, after - 1)
            row[at] = id_ if id_ >= 0 else after if goes_on else 0
        expected.append(row)
    special = (-1, 0)
    windows = [[special, *((at, id_) for at, id_ in enumerate(row) if id_ >= 0)] for row in ids]
    encoded = Dataset.from_dict(
        {
            "word_ids": [[at for at, _ in window] for window in windows],
            "sentence": list(range(len(ids))),
        }
    )
    predictions = [[id_ for _, id_ in window] for window in windows]
    assert alignment.read_back(predictions, encoded, [len(row) for row in ids]) == expected


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["the", "state"], False),
        (["\u1230\u120b\u121d", "the"], True),
        (["x" * 40, "y" * 40], True),
    ],
)
def test_text_that_the_tokenizer_does_not_know_is_reported(
    caplog: pytest.LogCaptureFixture, words: list[str], reported: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        alignment.encode(as_dataset([[(word, 0) for word in words]]), TOKENIZERS["wordpiece"])
    assert reported == any("fits the text badly" in message for message in caplog.messages)
    assert not reported or "choose a model of the text's language" in caplog.messages[-1]


def test_a_selection_is_encoded_as_what_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    split = as_dataset([[(SELECTOR, 0)], [("the", 1), ("san", 0)]])
    with caplog.at_level(logging.WARNING):
        assert alignment.encode(split.select([1, 1]), TOKENIZERS["wordpiece"])["sentence"][:] == [
            0,
            1,
        ]
    assert not caplog.messages


def test_encode_takes_every_split_and_keeps_what_training_needs() -> None:
    split = as_dataset([[("the", 0), ("sanfrancisco", 7)]] * 3)
    encoded = alignment.encode(DatasetDict(train=split, test=split), TOKENIZERS["wordpiece"])
    assert set(encoded) == {"train", "test"}
    row = encoded["test"][2]
    assert row["sentence"] == 2
    assert row["length"] == len(row["input_ids"]) == len(row["labels"]) == len(row["word_ids"])
    assert [word for word in row["word_ids"] if word >= 0] == [0, 1]


def test_it_fits_map_and_the_collator_as_in_the_tutorial() -> None:
    tokenizer = TOKENIZERS["wordpiece"]
    split = as_dataset([[("the", 0)] * 40, [("state", 7)]])
    mapped = split.map(
        lambda examples: alignment.tokenize_and_align_labels(examples, tokenizer, max_length=16),
        batched=True,
        remove_columns=split.column_names,
    )
    assert len(mapped) == 4  # 40 words, 14 to a window, and the short sentence
    rows = mapped.remove_columns("overflow_to_sample_mapping").to_list()
    batch = DataCollatorForTokenClassification(tokenizer, return_tensors="np")(rows)
    assert (batch["labels"] != -100).sum() == 41


def test_an_empty_batch_and_an_empty_sentence_yield_nothing() -> None:
    empty = alignment.tokenize_and_align_labels(
        {"tokens": [], "ner_tags": []}, TOKENIZERS["wordpiece"]
    )
    assert empty["input_ids"] == []
    one = alignment.tokenize_and_align_labels(
        {"tokens": [[]], "ner_tags": [[]]}, TOKENIZERS["wordpiece"]
    )
    assert one["labels"] == [[-100, -100]]


def test_real_sentences_lose_no_word(wnut17_dir: Any) -> None:
    from helpers import data

    test = data.load(str(wnut17_dir))["test"]
    encoded = alignment.encode(test, TOKENIZERS["byte_level"], max_length=32, stride=8)
    read = alignment.read_back(encoded["labels"], encoded, [len(words) for words in test["tokens"]])
    assert sum(len(ids) for ids in read) == 23_394
    assert read == list(test["ner_tags"])


def slow_tokenizer() -> PreTrainedTokenizerBase:
    class Slow(PreTrainedTokenizer):
        vocab_size = 1

        def get_vocab(self) -> dict[str, int]:
            return {"a": 0}

    return Slow()


def left_truncating() -> PreTrainedTokenizerBase:
    tokenizer = wordpiece()
    tokenizer.truncation_side = "left"
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "options", "message"),
    [
        (slow_tokenizer(), {}, "is a slow tokenizer, which cannot tell the word"),
        (byte_level(add_prefix_space=False), {}, "add_prefix_space=True"),
        (left_truncating(), {}, "truncation_side='left'; windows are cut from left to right"),
        (wordpiece(), {"max_length": 10, "stride": 8}, "stride takes 0 to 7"),
        (wordpiece(), {"max_length": 10, "stride": -1}, "stride takes 0 to 7"),
    ],
)
def test_tokenizers_and_options_that_would_lose_words_are_refused(
    tokenizer: PreTrainedTokenizerBase, options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        alignment.tokenize_words([["a"]], tokenizer, **options)


def test_windows_longer_than_the_model_are_refused() -> None:
    split = as_dataset([[("the", 0)]])
    with pytest.raises(ValueError, match=r"max_length=65: the model takes 64 subwords at most"):
        alignment.encode(split, TOKENIZERS["wordpiece"], max_length=65)
    assert len(alignment.encode(split, TOKENIZERS["wordpiece"], max_length=64)) == 1


def test_words_and_tags_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="example 1 of the batch has 2 words in tokens and 1 tags"):
        alignment.tokenize_and_align_labels(
            {"tokens": [["a"], ["a", "b"]], "ner_tags": [[0], [0]]}, TOKENIZERS["wordpiece"]
        )


def test_predictions_that_do_not_match_the_windows_are_refused() -> None:
    encoded = alignment.encode(as_dataset([[("the", 1), ("san", 0)]]), TOKENIZERS["wordpiece"])
    with pytest.raises(ValueError, match="predictions has 2 rows and encoded 1"):
        alignment.read_back([[0] * 4] * 2, encoded, [2])
    with pytest.raises(ValueError, match="row 0 of predictions has 2 ids for 4 subwords"):
        alignment.read_back([[0] * 2], encoded, [2])


@given(st.lists(st.integers(1, 9), max_size=90), st.integers(1, 8), st.integers(0, 99))
def test_rows_are_grouped_by_length_as_trainer_does(
    lengths: list[int], batch_size: int, seed: int
) -> None:
    batches = alignment.grouped_by_length(lengths, batch_size, np.random.default_rng(seed))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    order = [row for batch in batches for row in batch.tolist()]
    assert sorted(order) == list(range(len(lengths)))

    torch = pytest.importorskip("torch", reason="PyTorch is not in lesson 4's environment")
    from transformers.trainer_pt_utils import get_length_grouped_indices

    drawn = torch.from_numpy(np.random.default_rng(seed).permutation(len(lengths)))
    with patch.object(torch, "randperm", lambda *_, **__: drawn):
        assert not lengths or order == get_length_grouped_indices(lengths, batch_size)
