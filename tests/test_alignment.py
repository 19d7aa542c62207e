"""Alignment of labels with subwords, against a plain word-by-word reference."""

import logging
from typing import Any

import pytest
from conftest import NAMES, byte_level, sentencepiece, wordpiece
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st
from transformers import DataCollatorForTokenClassification, PreTrainedTokenizerBase

from helpers import alignment, data, windows

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


def test_words_without_a_subword_are_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    split = as_dataset([[("the", 1), (SELECTOR, 2), ("state", 2)], [(SELECTOR, 0)]])
    with caplog.at_level(logging.WARNING):
        encoded = alignment.encode(split, TOKENIZERS["wordpiece"])
    (line,) = caplog.messages
    assert line == "2 of 4 words yield no subword, so no model sees them: '\\ufe0f'"
    assert encoded["word_ids"][:] == [[-1, 0, 2, -1], [-1, -1]]


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
    test = data.load(str(wnut17_dir))["test"]
    encoded = alignment.encode(test, TOKENIZERS["byte_level"], max_length=32, stride=8)
    word_counts = [len(words) for words in test["tokens"]]
    ids, read = windows.gather_words(encoded["labels"], encoded, word_counts)
    assert read.all()
    assert ids.tolist() == [tag for tags in test["ner_tags"] for tag in tags]
    assert len(ids) == 23_394


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
