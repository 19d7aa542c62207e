"""Words to subwords with aligned labels, windows over long sentences, and the way back.

A tokenizer cuts **words** into **subwords**; a sentence too long for the model becomes several
**windows** that overlap by ``stride`` subwords. Every subword is *read* in exactly one window, the
one in which its shorter side of context is longest. So each word is trained on, scored and tagged
exactly once.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from datasets.fingerprint import generate_random_fingerprint
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedTokenizerBase

from helpers.decoding import continue_entities

logger = logging.getLogger(__name__)

IGNORED = -100
UNLIMITED = 1_000_000  # tokenizers without a limit of their own claim one far above this

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Data = TypeVar("Data", Dataset, DatasetDict)


@dataclass(frozen=True, eq=False)
class Subwords:
    """Where each position of a batch of windows comes from; arrays of one length, row by row.

    Attributes:
        window: Row of the position in the batch.
        column: Place of the position in its row.
        sentence: Index of the sentence the row was cut from.
        word: Index of the word in that sentence; -1 for special tokens.
        first: Whether this is the first subword of its word.
        read: Whether the subword is read here rather than in a neighbouring window.
    """

    window: Ints
    column: Ints
    sentence: Ints
    word: Ints
    first: Bools
    read: Bools

    def rows(self, values: Ints) -> list[list[int]]:
        """Turn one value for each position into one list for each window."""
        if len(values) == 0:
            return []
        return [row.tolist() for row in np.split(values, np.flatnonzero(self.column == 0)[1:])]


def tokenize_words(
    sentences: Sequence[Sequence[str]],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None = None,
    stride: int = 0,
) -> tuple[BatchEncoding, Subwords]:
    """Turn sentences of words into windows of subwords and the table of their origins.

    Args:
        sentences: The words of each sentence.
        tokenizer: A fast tokenizer; a byte-level one (RoBERTa's family) needs
            ``add_prefix_space=True``.
        max_length: Subwords in a window, special tokens included; ``None`` is the tokenizer's
            own limit.
        stride: Subwords that neighbouring windows of a sentence share.

    Returns:
        The model's inputs as lists, one row for each window, unpadded, with
        ``overflow_to_sample_mapping`` (the sentence of each row); and their `Subwords`.

    Raises:
        ValueError: A slow tokenizer, one that lacks ``add_prefix_space``, one that truncates on
            the left, or a window too short for the stride.
    """
    room = _room(tokenizer, max_length, stride)
    # a tokenizer refuses an empty batch, so give it an empty sentence and take nothing of it
    encoding = tokenizer(
        [list(words) for words in sentences] or [[]],
        is_split_into_words=True,
        truncation=room is not None,
        max_length=max_length,
        stride=stride if room is not None else 0,
        return_overflowing_tokens=True,
    )
    if not len(sentences):
        nothing = np.empty(0, dtype=np.int64)
        no = nothing.astype(bool)
        empty = Subwords(nothing, nothing, nothing, nothing, no, no)
        return BatchEncoding({name: [] for name in encoding}), empty
    return encoding, _subwords(encoding, room, stride)


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
        tokenizer: As for `tokenize_words`.
        label_all_subwords: Label every subword, not only the first of each word.
        max_length: As for `tokenize_words`.
        stride: As for `tokenize_words`.

    Returns:
        The model's inputs with ``labels``, as lists, one row for each window, unpadded, and
        ``overflow_to_sample_mapping``, the example each row comes from.

    Raises:
        ValueError: As for `tokenize_words`; or different numbers of words and tags.

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

    One line of the log counts the words that yield no subword, which a model never sees (see
    `read_back`). Another line warns if the tokenizer does not know the language of the text: if
    more than a tenth of the subwords are unknown, or a word takes more than four on average.

    Args:
        dataset: Features ``tokens`` and ``ner_tags``; one split or several.
        tokenizer: As for `tokenize_words`.
        label_all_subwords: As for `tokenize_and_align_labels`.
        max_length: As for `tokenize_words`.
        stride: As for `tokenize_words`.

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
    if isinstance(dataset, DatasetDict):
        encoded = {
            name: _encode(split, tokenizer, label_all_subwords, max_length, stride)
            for name, split in dataset.items()
        }
        _report_fit(dataset, encoded, tokenizer)
        return DatasetDict(encoded)
    one = _encode(dataset, tokenizer, label_all_subwords, max_length, stride)
    _report_fit({"": dataset}, {"": one}, tokenizer)
    return one


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
            "length": [len(row) for row in encoding["input_ids"]],
            "sentence": np.asarray(indices)[sample],
            "word_ids": subwords.rows(np.where(subwords.read & subwords.first, subwords.word, -1)),
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


def read_back(
    predictions: Sequence[Any] | NDArray[np.int64],
    encoded: Dataset,
    word_counts: Sequence[int],
    *,
    outside: int = 0,
) -> list[list[int]]:
    """Turn one id for each subword into exactly one id for each word, windows merged.

    A word that yields no subword takes the id of ``outside``. Inside an entity, it continues the
    entity instead.

    Args:
        predictions: Ids, in the order that `helpers.tagging.label_names` gives where
            ``outside`` is 0, one row for each window of ``encoded``; rows may be padded.
        encoded: A split as `encode` returns it, whose rows the predictions follow.
        word_counts: Number of words of each sentence of the split.
        outside: Id for words that yield no subword.

    Returns:
        For each sentence the ids of its words.

    Raises:
        ValueError: The number of rows differs, or a row of predictions is too short.
    """
    ids, read = gather_words(predictions, encoded, word_counts)
    ids[~read] = outside
    if outside == 0 and len(ids):
        n_ids = ids.max() + 1
        inside = np.arange(2, n_ids, 2)  # I has an even id, and B the one before
        between = np.full((n_ids, n_ids), -1)
        between[inside, inside] = between[inside - 1, inside] = inside
        sentence = np.repeat(np.arange(len(word_counts)), word_counts)
        continue_entities(ids, read, sentence, between)
    ends = np.cumsum(word_counts)[:-1]
    return [some.tolist() for some in np.split(ids, ends)] if len(word_counts) else []


def gather_words(
    predictions: Iterable[Any], encoded: Dataset, word_counts: Sequence[int]
) -> tuple[NDArray[Any], Bools]:
    """Turn what is predicted for each subword into what is predicted for each word.

    Args:
        predictions: A number for each subword, or an array such as the scores of its labels, one
            row for each window of ``encoded``; rows may be padded.
        encoded: A split as `encode` returns it, whose rows the predictions follow.
        word_counts: Number of words of each sentence of the split.

    Returns:
        The predictions for the words of all sentences, in order, each from its first subword in
        the window where it is read; and for each word whether there is one.

    Raises:
        ValueError: The number of rows differs, or a row of predictions is too short.
    """
    starts = np.cumsum(word_counts) - word_counts
    read = np.zeros(np.sum(word_counts, dtype=np.int64), dtype=bool)
    values = np.zeros(len(read), dtype=np.int64)
    rows = zip_longest(map(np.asarray, predictions), encoded["word_ids"], encoded["sentence"])
    for number, (row, word_ids, sentence) in enumerate(rows):
        if row is None or word_ids is None:
            n_rows = number if row is None else number + 1 + sum(1 for _ in rows)
            raise ValueError(
                f"predictions has {n_rows} rows and encoded {len(encoded)}; each window takes "
                "one row, in the same order"
            )
        if len(row) < len(word_ids):
            raise ValueError(
                f"row {number} of predictions has {len(row)} ids for {len(word_ids)} subwords; "
                "pad predictions at the end and do not shorten them"
            )
        if number == 0:
            values = np.zeros((len(read), *row.shape[1:]), dtype=row.dtype)
        words = np.asarray(word_ids)
        values[starts[sentence] + words[words >= 0]] = row[: len(words)][words >= 0]
        read[starts[sentence] + words[words >= 0]] = True
    return values, read


def longest_first(encoded: Dataset) -> Dataset:
    """Turn a split, as `encode` returns it, into the same rows with the longest first.

    Batches of neighbouring rows then hold little padding.
    """
    return encoded.select(np.argsort(encoded["length"])[::-1])


def grouped_by_length(
    lengths: Sequence[int], batch_size: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw the random batches of an epoch, each of rows of similar length.

    Rows are drawn at random into groups of fifty batches, or of a quarter of all if that is less.
    Each group is sorted, the longest row first. The longest row of all comes first, so that an
    epoch that does not fit into memory fails at once.

    Args:
        lengths: Subwords of each row.
        batch_size: Rows of a batch; the last may have fewer.
        random: The source of random numbers.

    Returns:
        For each batch the numbers of its rows.

    Source: ``LengthGroupedSampler`` of Transformers, which needs PyTorch.
    """
    sizes = np.asarray(lengths)
    order = random.permutation(len(sizes))
    group = batch_size * max(1, min(50, len(sizes) // (4 * batch_size)))
    for start in range(0, len(order), group):
        rows = order[start : start + group]
        order[start : start + group] = rows[np.argsort(-sizes[rows], kind="stable")]
    if len(order):
        longest = int(np.argmax(sizes[order[::group]])) * group
        order[[0, longest]] = order[[longest, 0]]
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def reads_words_in_lists(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether the tokenizer cuts a word in a list as it cuts one after a space."""
    try:
        in_a_list = tokenizer(["a", "b"], is_split_into_words=True)["input_ids"]
    except AssertionError:  # RoBERTa's before Transformers 5, where it has no add_prefix_space
        return False
    return bool(tokenizer("a b")["input_ids"] == in_a_list)


def _room(tokenizer: PreTrainedTokenizerBase, max_length: int | None, stride: int) -> int | None:
    """Check the options and count the subwords of a window that are not special tokens."""
    if not tokenizer.is_fast:
        raise ValueError(
            f"{type(tokenizer).__name__} is a slow tokenizer, which cannot tell the word a "
            "subword comes from; load a fast one (AutoTokenizer.from_pretrained takes it by "
            "default if the model has one)"
        )
    if not reads_words_in_lists(tokenizer):
        raise ValueError(
            f"{type(tokenizer).__name__} reads a word in a list differently from one after a "
            "space, so words look unlike those it was trained on; load it with "
            "AutoTokenizer.from_pretrained(name, add_prefix_space=True)"
        )
    if tokenizer.truncation_side != "right":
        raise ValueError(
            f"the tokenizer has truncation_side={tokenizer.truncation_side!r}; windows are cut "
            "from left to right, so set truncation_side='right'"
        )
    limit = tokenizer.model_max_length if max_length is None else max_length
    if limit > UNLIMITED:
        return None
    room = limit - tokenizer.num_special_tokens_to_add()
    if not 0 <= stride < room:
        raise ValueError(
            f"stride={stride} does not fit max_length={limit}: a window has room for {room} "
            f"subwords beside the special tokens, so stride takes 0 to {room - 1}"
        )
    return room


def _subwords(encoding: BatchEncoding, room: int | None, stride: int) -> Subwords:
    word_ids = [encoding.word_ids(row) for row in range(len(encoding["input_ids"]))]
    lengths = np.array([len(ids) for ids in word_ids])
    # None, which marks special tokens, becomes not-a-number and then -1
    flat = np.array([word for ids in word_ids for word in ids], dtype=float)
    word = np.where(np.isnan(flat), -1, flat).astype(np.int64)
    window = np.repeat(np.arange(len(lengths)), lengths)
    column = np.arange(len(window)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    sample = np.array(encoding["overflow_to_sample_mapping"], dtype=np.int64)
    sentence = sample[window]

    # where each subword stands in its whole sentence: windows advance by room - stride
    content = word >= 0
    n_content = np.bincount(window[content], minlength=len(lengths))
    nth_content = np.cumsum(content) - 1 - np.repeat(np.cumsum(n_content) - n_content, lengths)
    nth_window = np.arange(len(sample)) - np.searchsorted(sample, sample)
    place = nth_content + (nth_window[window] * (room - stride) if room is not None else 0)

    context = np.minimum(nth_content, n_content[window] - 1 - nth_content)
    first, read = np.zeros(len(word), dtype=bool), np.zeros(len(word), dtype=bool)
    index = np.flatnonzero(content)
    # the copies of a subword side by side, the one with most context first, earlier window on ties
    order = index[np.lexsort((window[index], -context[index], place[index], sentence[index]))]
    new_place = _changes(sentence[order], place[order])
    read[order] = new_place
    begins_word = _changes(sentence[order], word[order])
    first[order] = begins_word[np.flatnonzero(new_place)][np.cumsum(new_place) - 1]
    return Subwords(window, column, sentence, word, first, read)


def _changes(*keys: Ints) -> Bools:
    """Mark the positions at which any key differs from the position before."""
    changes = np.ones(len(keys[0]), dtype=bool)
    changes[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return changes


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
