"""Alignment of labels with subwords, against a plain word-by-word reference."""

import logging
from typing import Any

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
    expected = [
        [
            tag
            if tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
            else 0
            for word, tag in sentence
        ]
        for sentence in batch
    ]
    assert found == expected


def test_words_without_a_subword_are_reported_and_read_back_as_outside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    split = as_dataset([[("the", 1), (SELECTOR, 2), ("state", 2)], [(SELECTOR, 0)]])
    with caplog.at_level(logging.WARNING):
        encoded = alignment.encode(split, TOKENIZERS["wordpiece"])
    assert caplog.messages == [
        "2 of 4 words yield no subword, so that no model sees them: '\\ufe0f'"
    ]
    assert alignment.read_back(encoded["labels"], encoded, [3, 1]) == [[1, 0, 2], [0]]


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
