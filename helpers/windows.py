"""Long sentences to overlapping windows, and what is predicted for windows back to words.

A tokenizer cuts **words** into **subwords**; a sentence too long for the model becomes several
**windows** that overlap by ``stride`` subwords. Every subword is *read* in exactly one window, the
one in which its shorter side of context is longest. So each word is trained on, scored and tagged
exactly once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedTokenizerBase

UNLIMITED = 1_000_000  # tokenizers without a limit of their own claim one far above this

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Subwords:
    """Where each position of a batch of windows comes from, row by row.

    Attributes:
        lengths: Number of positions of each window; the other arrays have one value for each.
        window: Row of the position in the batch.
        sentence: Index of the sentence the row was cut from.
        word: Index of the word in that sentence; -1 for special tokens.
        first: Whether this is the first subword of its word.
        read: Whether the subword is read here rather than in a neighbouring window.
    """

    lengths: Ints
    window: Ints
    sentence: Ints
    word: Ints
    first: Bools
    read: Bools

    def rows(self, values: Ints) -> list[list[int]]:
        """Turn one value for each position into one list for each window."""
        return [row.tolist() for row in _split(values, self.lengths)]

    def word_ids(self) -> list[list[int]]:
        """Give for each window, position by position, the word whose tag is read there, or -1."""
        return self.rows(np.where(self.read & self.first, self.word, -1))


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
        encoding = BatchEncoding({name: [] for name in encoding})
    return encoding, _subwords(encoding, room, stride)


def gather_words(
    predictions: Iterable[Any], encoded: Dataset | Mapping[str, Any], word_counts: Sequence[int]
) -> tuple[NDArray[Any], Bools]:
    """Turn what is predicted for each subword into what is predicted for each word.

    A word takes what its first subword has in the window where it is read. `helpers.decoding` makes
    tags of the result.

    Args:
        predictions: A number for each subword, or an array such as the scores of its labels, one
            row for each window of ``encoded``; rows may be padded.
        encoded: A split as `helpers.alignment.encode` returns it, whose rows the predictions
            follow. Only its columns ``word_ids`` and ``sentence`` are used.
        word_counts: Number of words of each sentence of the split.

    Returns:
        The predictions for the words of all sentences, in order, and for each word whether there
        is one. A word that yields no subword has none; zeros stand in its place.

    Raises:
        ValueError: The number of rows differs, or a row of predictions is too short.
    """
    word_ids = list(encoded["word_ids"])
    lengths = np.array([len(ids) for ids in word_ids], dtype=np.int64)
    word = np.fromiter(chain.from_iterable(word_ids), dtype=np.int64)
    window, column = _grid(lengths)
    is_read = word >= 0
    columns = _split(column[is_read], np.bincount(window[is_read], minlength=len(lengths)))

    found, n_rows = [], 0
    for n_rows, row in enumerate(map(np.asarray, predictions), start=1):
        if n_rows <= len(lengths):
            if len(row) < lengths[n_rows - 1]:
                raise ValueError(
                    f"row {n_rows - 1} of predictions has {len(row)} ids for "
                    f"{lengths[n_rows - 1]} subwords; pad predictions at the end and do not "
                    "shorten them"
                )
            found.append(row[columns[n_rows - 1]])
    if n_rows != len(lengths):
        raise ValueError(
            f"predictions has {n_rows} rows and encoded {len(lengths)}; each window takes one "
            "row, in the same order"
        )

    counts = np.asarray(word_counts, dtype=np.int64)
    sentence = np.asarray(encoded["sentence"], dtype=np.int64)[window]
    index = ((np.cumsum(counts) - counts)[sentence] + word)[is_read]
    of_words = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    values = np.zeros((counts.sum(), *of_words.shape[1:]), dtype=of_words.dtype)
    read = np.zeros(len(values), dtype=bool)
    values[index], read[index] = of_words, True
    return values, read


def longest_first(encoded: Dataset) -> Dataset:
    """Turn an encoded split into the same rows, the longest first.

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
    """Turn windows into the table of where their positions come from.

    Each window of a sentence begins ``room - stride`` subwords after the one before. That tells
    the index of each subword in its sentence, and so which subwords of different windows are
    copies of the same one. The copy with most context is read, the earlier one of two equals.
    Without a ``room``, as `_room` counts it, each sentence has one window.
    """
    word_ids = [encoding.word_ids(row) for row in range(len(encoding["input_ids"]))]
    lengths = np.array([len(ids) for ids in word_ids], dtype=np.int64)
    word = np.array([-1 if id_ is None else id_ for ids in word_ids for id_ in ids], dtype=np.int64)
    sentence_of = np.array(encoding["overflow_to_sample_mapping"], dtype=np.int64)
    window, _ = _grid(lengths)
    sentence = sentence_of[window]

    position = np.flatnonzero(word >= 0)  # of each subword that is no special token
    n_subwords = np.bincount(window[position], minlength=len(lengths))
    its_window, index_in_window = _grid(n_subwords)
    nth_window = np.arange(len(lengths)) - np.searchsorted(sentence_of, sentence_of)
    step = 0 if room is None else room - stride
    index = index_in_window + step * nth_window[its_window]  # in its sentence
    context = np.minimum(index_in_window, n_subwords[its_window] - 1 - index_in_window)

    # the copies of each subword side by side, the one to read first
    order = np.lexsort((its_window, -context, index, sentence[position]))
    position, index = position[order], index[order]
    is_best = _changes(sentence[position], index)
    begins_word = _changes(sentence[position], word[position])
    first, read = np.zeros(len(word), dtype=bool), np.zeros(len(word), dtype=bool)
    read[position] = is_best
    # all copies of a subword begin their word if the best copy does
    first[position] = begins_word[is_best][np.cumsum(is_best) - 1]
    return Subwords(lengths, window, sentence, word, first, read)


def _grid(lengths: Ints) -> tuple[Ints, Ints]:
    """Turn the lengths of rows into the row and the column of each of their cells, in order."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _split(values: NDArray[Any], lengths: Ints) -> list[NDArray[Any]]:
    """Cut an array into pieces of these lengths."""
    return np.split(values, np.cumsum(lengths)[:-1]) if len(lengths) else []


def _changes(*keys: Ints) -> Bools:
    """Mark the positions at which any key differs from the position before."""
    changes = np.ones(len(keys[0]), dtype=bool)
    changes[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return changes
