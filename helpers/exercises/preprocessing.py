"""The exercises of lesson 2."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.exercises.answers import choice, count, exercise, function, sequence, share
from helpers.windows import tokenize_words

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WordIds = Sequence[int | None]


@exercise
def cut_words(answer: Any) -> None:
    """Write the function that turns ``word_ids`` into the words that were cut, in their order."""
    cases: list[tuple[WordIds, list[int]]] = [
        ([None, 0, 1, 1, 2, None], [1]),
        ([None, 0, 1, 2, None], []),
        ([None, 0, 0, 0, 2, 3, 3, None], [0, 3]),
        ([4, 4, 7, None, None, None], [4]),
        ([None, None], []),
    ]
    function(
        answer,
        [((word_ids,), cut) for word_ids, cut in cases],
        hint="A word was cut if its number stands at more than one position. None is not a word. "
        "The result is a list.",
    )


@exercise
def all_subword_labels(
    answer: Any, word_ids: WordIds, tags: Sequence[int], label_list: Sequence[str]
) -> None:
    """Build the labels of a sentence with all its subwords labelled."""
    continued = [
        label_list.index(f"I-{name[2:]}") if name.startswith("B-") else label
        for label, name in enumerate(label_list)
    ]
    places = list(zip([None, *word_ids], word_ids, strict=False))

    def labels(later: Sequence[int], special: int = -100) -> list[int]:
        return [
            special if word is None else tags[word] if word != before else later[tags[word]]
            for before, word in places
        ]

    sequence(
        answer,
        labels(continued),
        each="position",
        hint="A later subword has the word_id of the one before. If its word has B-, it takes "
        "the I- of the same type, otherwise the tag of its word.",
        mistakes={
            "You copied the tag of each word. A later subword must not begin an entity.": labels(
                range(len(label_list))
            ),
            "You labelled first subwords only.": labels([-100] * len(label_list)),
            "Special tokens belong to no word. They take -100.": labels(continued, special=0),
            "You give a label for each word. Give one for each position.": list(tags),
        },
    )


@exercise
def ignored_label(answer: Any) -> None:
    """Choose what would happen with the label 0 where now -100 stands."""
    choice(
        answer,
        "b",
        {
            "a": "The loss skips only -100. It would count 0, which is the tag O.",
            "c": "0 is a label like any other, so nothing stops.",
            "d": "The attention mask decides what the model reads. Labels do not.",
        },
    )


@exercise
def labelled_share(answer: Any, shares: Mapping[str, float]) -> None:
    """Predict what labelling all subwords does to the share of entities among the labels.

    Args:
        answer: ``a`` it rises, ``b`` it falls, ``c`` it stays the same.
        shares: The share by ``"first subword"`` and by ``"all subwords"``.
    """
    change = shares["all subwords"] - shares["first subword"]
    right = "c" if abs(change) < 0.0005 else "a" if change > 0 else "b"
    seen = f"It goes from {shares['first subword']:.3f} to {shares['all subwords']:.3f}."
    choice(
        answer,
        right,
        {
            "a": f"{seen} Some words outside entities also come in very many pieces.",
            "b": f"{seen} Names come in more pieces than other words do.",
            "c": f"{seen} Words in entities and words outside are not cut equally often.",
        },
    )


@exercise
def n_windows(answer: Any, words: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> None:
    """Work out the windows of a sentence with 32 positions to a window and a stride of 10."""

    def n(max_length: int, stride: int) -> int:
        windows, _ = tokenize_words([words], tokenizer, max_length=max_length, stride=stride)
        return len(windows["input_ids"])

    right = n(32, 10)
    special = tokenizer.num_special_tokens_to_add()
    count(
        answer,
        right,
        hint="A window has room for 32 positions less the special tokens. Each further window adds "
        "room - stride. Round up.",
        mistakes={
            "Count the first window as well.": right - 1,
            "Take the special tokens off the 32 positions.": n(32 + special, 10),
            "The windows overlap by 10, so a further one adds less than it holds.": n(32, 0),
        },
    )


@exercise
def padding_share(
    answer: Any, lengths: Sequence[int], order: Sequence[int], batch_size: int
) -> None:
    """Compute the share of padding in batches of four times the size.

    Args:
        answer: The learner's.
        lengths: The positions of each row.
        order: The rows in the order in which batches take them.
        batch_size: Rows in a batch, before it is four times as large.
    """

    def share_of(size: int, rows: Sequence[int]) -> float:
        batches = [
            [lengths[row] for row in rows[start : start + size]]
            for start in range(0, len(rows), size)
        ]
        return 1 - sum(map(sum, batches)) / sum(max(batch) * len(batch) for batch in batches)

    right = share_of(4 * batch_size, order)
    by_length = sorted(order, key=lambda row: lengths[row])
    share(
        answer,
        right,
        hint="Give padding_cost the new batch size, and share_of_padding what it returns.",
        mistakes={
            "That is the share for batches of the old size.": share_of(batch_size, order),
            "That is padding per useful position. Divide by all positions.": right / (1 - right),
            "That is the share with the rows sorted by length. Take the order as it is.": share_of(
                4 * batch_size, by_length
            ),
        },
    )
