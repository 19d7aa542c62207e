"""Words and their tags to labelled subwords.

The first subword of a word takes the word's tag. A long sentence becomes overlapping windows, see
`helpers.windows`, and over all of them each word is labelled exactly once.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from datasets.fingerprint import generate_random_fingerprint
from transformers import BatchEncoding, PreTrainedTokenizerBase

from helpers.windows import Ints, Subwords, tokenize_words

logger = logging.getLogger(__name__)

IGNORED = -100

Data = TypeVar("Data", Dataset, DatasetDict)


def tokenize_and_align_labels(
    examples: Mapping[str, Any],
    tokenizer: PreTrainedTokenizerBase,
    *,
    label_all_subwords: bool = False,
    max_length: int | None = None,
    stride: int = 0,
) -> BatchEncoding:
    """Turn sentences of words and tag ids into windows of subwords and their labels.

    The first subword of a word takes the word's tag. The others take -100, which the loss
    ignores, or with ``label_all_subwords`` the same tag continued (I where the word has B).
    Special tokens take -100, and so does a subword in a window where it is not read: over all
    windows, every word that yields a subword is labelled once.

    It fits `datasets.Dataset.map` with ``batched=True``; if sentences may exceed ``max_length``,
    also give ``remove_columns``, because a long sentence yields several rows.

    Args:
        examples: A batch with ``tokens`` (words) and ``ner_tags`` (ids, in the order that
            `helpers.tagging.label_names` gives: I is B + 1).
        tokenizer: As for `helpers.windows.tokenize_words`.
        label_all_subwords: Label every subword, not only the first of each word.
        max_length: As for `helpers.windows.tokenize_words`.
        stride: As for `helpers.windows.tokenize_words`.

    Returns:
        The model's inputs with ``labels``, as lists, one row for each window, unpadded, and
        ``overflow_to_sample_mapping``, the example each row comes from.

    Raises:
        ValueError: As for `helpers.windows.tokenize_words`; or different numbers of words and tags.

    Source: https://huggingface.co/docs/transformers/tasks/token_classification
    """
    encoding, subwords = tokenize_words(
        examples["tokens"], tokenizer, max_length=max_length, stride=stride
    )
    labels = _labels(examples["tokens"], examples["ner_tags"], subwords, label_all_subwords)
    encoding["labels"] = subwords.rows(labels)
    return encoding


def encode(
    dataset: Data,
    tokenizer: PreTrainedTokenizerBase,
    *,
    label_all_subwords: bool = False,
    max_length: int | None = None,
    stride: int = 0,
) -> Data:
    """Turn a data set of words and tags into one of windows, ready to train on and read back.

    One line of the log counts the words that yield no subword, which a model never sees. Another
    line warns if the tokenizer does not know the language of the text: if more than a tenth of the
    subwords are unknown, or a word takes more than four on average.

    The data set, one split or several, has the features ``tokens`` and ``ner_tags``. The other
    arguments are those of `tokenize_and_align_labels`.

    Returns:
        The same splits with the model's inputs, ``labels``, ``length`` (subwords in the row),
        ``sentence`` (index in the split of the row's sentence) and ``word_ids`` (for each
        position the word whose tag is read there, or -1).

    Raises:
        ValueError: As for `tokenize_and_align_labels`; or ``max_length`` is more than the
            tokenizer's limit, beyond which the model has no positions.
    """
    if max_length is not None and max_length > tokenizer.model_max_length:
        raise ValueError(
            f"max_length={max_length}: the model takes {tokenizer.model_max_length} subwords at "
            f"most; give a number up to {tokenizer.model_max_length}, or None"
        )
    splits = dataset if isinstance(dataset, DatasetDict) else {"": dataset}
    encoded = {
        name: _encode(split, tokenizer, label_all_subwords, max_length, stride)
        for name, split in splits.items()
    }
    _report_fit(splits, encoded, tokenizer)
    return DatasetDict(encoded) if isinstance(dataset, DatasetDict) else encoded[""]


def _encode(
    dataset: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    label_all_subwords: bool,
    max_length: int | None,
    stride: int,
) -> Dataset:
    """Turn one split into windows; see `encode`."""

    def encode_batch(examples: Mapping[str, Any], indices: Sequence[int]) -> dict[str, Any]:
        encoding, subwords = tokenize_words(
            examples["tokens"], tokenizer, max_length=max_length, stride=stride
        )
        labels = _labels(examples["tokens"], examples["ner_tags"], subwords, label_all_subwords)
        sample = encoding.pop("overflow_to_sample_mapping")
        return {
            **encoding,
            "labels": subwords.rows(labels),
            "length": subwords.lengths,
            "sentence": np.asarray(indices)[sample],
            "word_ids": subwords.word_ids(),
        }

    encoded = dataset.map(
        encode_batch,
        batched=True,
        with_indices=True,
        remove_columns=dataset.column_names,
        desc="Tokenizing",
        # one of its own, since working one out hashes the tokenizer, longer than the work takes
        new_fingerprint=generate_random_fingerprint(),
    )
    _report_unread(dataset, encoded)
    return encoded


def _labels(
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[int]],
    subwords: Subwords,
    label_all_subwords: bool,
) -> Ints:
    counts = np.array([len(words) for words in sentences], dtype=np.int64)
    for number, (n_words, ids) in enumerate(zip(counts, tags, strict=True)):
        if n_words != len(ids):
            raise ValueError(
                f"example {number} of the batch has {n_words} words in tokens and {len(ids)} tags "
                "in ner_tags; each word takes one tag"
            )
    flat_tags = np.array([tag for ids in tags for tag in ids], dtype=np.int64)
    labelled = subwords.read & (subwords.first | (label_all_subwords & (subwords.word >= 0)))
    starts = np.cumsum(counts) - counts
    tag = flat_tags[(starts[subwords.sentence] + subwords.word)[labelled]]
    continued = tag + (~subwords.first[labelled] & (tag % 2 == 1))  # B has an odd id, I the next
    labels = np.full(len(subwords.word), IGNORED, dtype=np.int64)
    labels[labelled] = continued
    return labels


def _report_fit(
    dataset: Mapping[str, Dataset],
    encoded: Mapping[str, Dataset],
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Log whether the tokenizer does not know the language of the text."""
    n_words = sum(len(words) for split in dataset.values() for words in split["tokens"])
    n_special = tokenizer.num_special_tokens_to_add()
    n_subwords = sum(
        pc.sum(split.data["length"]).as_py() - len(split) * n_special
        for split in encoded.values()
        if len(split)
    )
    n_unknown = sum(
        pc.sum(
            pc.equal(pc.list_flatten(split.data["input_ids"]), tokenizer.unk_token_id or -1)
        ).as_py()
        or 0
        for split in encoded.values()
    )
    if n_words and (n_unknown > n_subwords / 10 or n_subwords > 4 * n_words):
        logger.warning(
            "this model's tokenizer fits the text badly: %.0f %% of its subwords are unknown to "
            "it, and a word takes %.1f on average; choose a model of the text's language, or a "
            "multilingual one",
            100 * n_unknown / max(n_subwords, 1),
            n_subwords / n_words,
        )


def _report_unread(dataset: Dataset, encoded: Dataset) -> None:
    """Log how many words yield no subword, and which."""
    n_words = sum(len(words) for words in dataset["tokens"])
    read_here = pc.greater_equal(pc.list_flatten(encoded.data["word_ids"]), 0)
    if n_words == pc.sum(read_here).as_py():
        return
    read: list[set[int]] = [set() for _ in range(len(dataset))]
    for sentence, word_ids in zip(encoded["sentence"], encoded["word_ids"], strict=True):
        read[sentence].update(word_ids)
    unread = [
        word
        for words, seen in zip(dataset["tokens"], read, strict=True)
        for position, word in enumerate(words)
        if position not in seen
    ]
    logger.warning(
        "%d of %d words yield no subword, so no model sees them: %.200s",
        len(unread),
        n_words,
        ", ".join(ascii(word) for word in dict.fromkeys(unread)),
    )
