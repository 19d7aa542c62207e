"""Windows over long sentences and the way back, against windows taken one by one."""

from unittest.mock import patch

import numpy as np
import pytest
from conftest import byte_level, wordpiece
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from test_alignment import TOKENIZERS, words
from tokenizers import processors
from transformers import PreTrainedTokenizer, PreTrainedTokenizerBase

from helpers import windows


def first_subwords(tokenizer: PreTrainedTokenizerBase, sentence: list[str]) -> list[int | None]:
    """The index of each word's first subword in the whole sentence; none for a word without."""
    found: list[int | None] = []
    n_subwords = 0
    for word in sentence:
        ids = tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        found.append(n_subwords if ids else None)
        n_subwords += len(ids)
    return found


@given(
    st.sampled_from(sorted(TOKENIZERS)),
    st.lists(st.lists(words, max_size=25), max_size=4),
    st.integers(6, 20),
    st.integers(0, 3),
)
def test_a_word_takes_what_its_first_subword_has_where_it_has_most_context(
    name: str, sentences: list[list[str]], max_length: int, stride: int
) -> None:
    tokenizer = TOKENIZERS[name]
    encoding, subwords = windows.tokenize_words(
        sentences, tokenizer, max_length=max_length, stride=stride
    )
    lengths = [len(ids) for ids in encoding["input_ids"]]
    sample = encoding["overflow_to_sample_mapping"]
    # each position has a number of its own, and rows are padded
    predictions = np.arange(len(lengths) * 30).reshape(-1, 30)
    encoded = {"word_ids": subwords.word_ids(), "sentence": sample}
    counts = [len(sentence) for sentence in sentences]
    found, read = windows.gather_words(predictions, encoded, counts)

    expected: list[int | None] = []
    for number, sentence in enumerate(sentences):
        rows = [row for row, its_sentence in enumerate(sample) if its_sentence == number]
        for index in first_subwords(tokenizer, sentence):
            best = None
            for nth, row in enumerate(rows):
                at = index - nth * (max_length - 2 - stride) if index is not None else -1
                n_subwords = lengths[row] - 2
                if 0 <= at < n_subwords:
                    context = min(at, n_subwords - 1 - at)
                    if best is None or context > best[0]:
                        best = context, int(predictions[row, at + 1])
            expected.append(best and best[1])
    assert read.tolist() == [value is not None for value in expected]
    assert found.tolist() == [value or 0 for value in expected]


def test_what_is_gathered_has_the_form_of_what_is_predicted() -> None:
    encoded = Dataset.from_dict({"word_ids": [[-1, 1, -1], [-1, 0, 2]], "sentence": [1, 0]})
    scores = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    found, read = windows.gather_words((row for row in scores), encoded, [3, 2])
    assert found.dtype == np.float32
    assert found.tolist() == [[8, 9], [0, 0], [10, 11], [0, 0], [2, 3]]
    assert read.tolist() == [True, False, True, False, True]


def test_no_sentences_give_nothing() -> None:
    encoding, subwords = windows.tokenize_words([], TOKENIZERS["wordpiece"])
    assert encoding["input_ids"] == [] == subwords.word_ids()
    found, read = windows.gather_words([], {"word_ids": [], "sentence": []}, [])
    assert len(found) == len(read) == 0


def test_a_window_without_positions_is_a_row_like_any_other() -> None:
    """A tokenizer without special tokens gives one for an empty sentence."""
    tokenizer = wordpiece()
    tokenizer.backend_tokenizer.post_processor = processors.Sequence([])
    encoding, subwords = windows.tokenize_words([[], ["the"], []], tokenizer)
    assert [len(ids) for ids in encoding["input_ids"]] == [0, 1, 0]
    assert subwords.word_ids() == [[], [0], []]
    encoded = {"word_ids": subwords.word_ids(), "sentence": [0, 1, 2]}
    assert windows.gather_words([[], [7], []], encoded, [0, 1, 0])[0].tolist() == [7]


def test_predictions_that_do_not_match_the_windows_are_refused() -> None:
    encoded = {"word_ids": [[-1, 0, 1, -1]], "sentence": [0]}
    for rows in 0, 2:
        with pytest.raises(ValueError, match=f"predictions has {rows} rows and encoded 1"):
            windows.gather_words([[0] * 4] * rows, encoded, [2])
    with pytest.raises(ValueError, match="row 0 of predictions has 2 ids for 4 subwords"):
        windows.gather_words([[0] * 2], encoded, [2])


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
        windows.tokenize_words([["a"]], tokenizer, **options)


@given(st.lists(st.integers(1, 9), max_size=90), st.integers(1, 8), st.integers(0, 99))
def test_rows_are_grouped_by_length_as_trainer_does(
    lengths: list[int], batch_size: int, seed: int
) -> None:
    batches = windows.grouped_by_length(lengths, batch_size, np.random.default_rng(seed))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    order = [row for batch in batches for row in batch.tolist()]
    assert sorted(order) == list(range(len(lengths)))

    torch = pytest.importorskip("torch", reason="PyTorch is not in lesson 4's environment")
    from transformers.trainer_pt_utils import get_length_grouped_indices

    drawn = torch.from_numpy(np.random.default_rng(seed).permutation(len(lengths)))
    with patch.object(torch, "randperm", lambda *_, **__: drawn):
        assert not lengths or order == get_length_grouped_indices(lengths, batch_size)
