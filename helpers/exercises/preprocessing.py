"""The exercises of lesson 2."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.alignment import tokenize_and_align_labels
from helpers.exercises.answers import (
    AnswerError,
    NotAnsweredError,
    choice,
    exercise,
    function,
    mapping,
    refuse_other_than_function,
    returns_none,
    share,
)
from helpers.translation import _

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
        hint=_(
            "A word was cut if its number stands at more than one position. None is not a word. "
            "The result is a list."
        ),
    )


# Tags by their numbers: O is 0, a B- has an odd number, and the I- of its type the next one.
_LABELLED: list[tuple[WordIds, list[int], list[int]]] = [
    ([None, 0, 0, 1, None], [1, 0], [-100, 1, 2, 0, -100]),
    ([None, 0, 1, 1, 1, 2, 2, None], [3, 4, 0], [-100, 3, 4, 4, 4, 0, 0, -100]),
    ([None, 0, 1, 2, 2, 2, None], [0, 5, 1], [-100, 0, 5, 1, 2, 2, -100]),
    ([None, 0, 0, 1, 1, 2, None, None], [3, 3, 4], [-100, 3, 4, 3, 4, 4, -100, -100]),
]


@exercise
def label_all(answer: Any) -> None:
    """Write the function that labels every subword of a sentence."""

    def by(later: Callable[[int], int], special: int = -100) -> Callable[..., list[int]]:
        def label(word_ids: WordIds, tags: Sequence[int]) -> list[int]:
            pairs = zip([None, *word_ids], word_ids, strict=False)
            return [
                special if word is None else later(tags[word]) if word == before else tags[word]
                for before, word in pairs
            ]

        return label

    def continued(tag: int) -> int:
        return tag + tag % 2

    function(
        answer,
        [((word_ids, tags), labels) for word_ids, tags, labels in _LABELLED],
        hint=_(
            "A later subword has the word_id of the one before. If its word has B-, it takes the "
            "I- of the same type, otherwise the tag of its word."
        ),
        mistakes={
            _("You copied the tag of each word. A later subword must not begin an entity."): by(
                int
            ),
            _("You labelled first subwords only."): by(lambda tag: -100),
            _(
                "A later subword of a word with I- or O takes the tag of its word, not the next."
            ): by(lambda tag: tag + 1),
            _("A later subword of a word with I- takes that I-, not the next tag."): by(
                lambda tag: tag + bool(tag)
            ),
            _("Every later subword has the same label. It depends on the tag of its word."): by(
                lambda tag: 2
            ),
            _("Special tokens belong to no word. They take -100."): by(continued, special=0),
            _(
                "You give a label for each word. Give one for each position."
            ): lambda word_ids, tags: tags,
        },
    )


@exercise
def ignored_label(answer: Any) -> None:
    """Choose what would happen with the label 0 where now -100 stands."""
    choice(
        answer,
        "b",
        {
            "a": _("The loss skips only -100. It would count 0, which is the tag O."),
            "c": _("0 is a label like any other, so nothing stops."),
            "d": _("The attention mask decides what the model reads. Labels do not."),
        },
    )


@exercise
def entity_weights(
    answer: Any, train: Mapping[str, Any], tokenizer: "PreTrainedTokenizerBase"
) -> None:
    """Compute the share of labels in entities for both choices, and name the larger.

    Args:
        answer: ``{"first": share, "all": share, "more": "first", "all" or "equal"}``.
        train: Words and tags, as ``tokens`` and ``ner_tags``.
        tokenizer: What cuts the words.
    """
    rows = {
        choice: tokenize_and_align_labels(train, tokenizer, label_all_subwords=choice == "all")
        for choice in ("first", "all")
    }
    labels = {
        choice: [label for row in found["labels"] for label in row]
        for choice, found in rows.items()
    }
    counted = {choice: [label for label in its if label != -100] for choice, its in labels.items()}
    shares = {
        choice: sum(label > 0 for label in its) / max(len(its), 1)
        for choice, its in counted.items()
    }
    change = shares["all"] - shares["first"]
    more = "equal" if abs(change) < 0.0005 else "all" if change > 0 else "first"
    if isinstance(answer, Mapping):
        for choice in (name for name in ("first", "all") if name in answer):
            of_positions = sum(label > 0 for label in labels[choice]) / max(len(labels[choice]), 1)
            mistakes = {
                _("Leave out the labels -100: they do not count."): of_positions,
                _("You swapped the two choices."): shares["all" if choice == "first" else "first"],
            }
            try:
                share(
                    answer[choice],
                    shares[choice],
                    hint=_("Divide the labels above 0 by all labels but -100."),
                    mistakes=mistakes,
                )
            except AnswerError as wrong:
                raise AnswerError(f"{choice}: {wrong}") from None
    mapping(
        answer,
        {**shares, "more": more},
        hint=_("Give first, all and more."),
        hints={"more": _("Compare your two shares: first, all, or equal to three digits.")},
    )


@exercise
def cut_windows(answer: Any) -> None:
    """Write the function that cuts a number of subwords into windows that overlap."""

    def cut(n: int, room: int, stride: int) -> list[tuple[int, int]]:
        starts = range(0, max(n - stride, 1), room - stride)
        return [(start, min(start + room, n)) for start in starts]

    def unclipped(n: int, room: int, stride: int) -> list[tuple[int, int]]:
        return [(start, start + room) for start, end in cut(n, room, stride)]

    def pushed_back(n: int, room: int, stride: int) -> list[tuple[int, int]]:
        return [(max(end - room, 0), end) for start, end in cut(n, room, stride)]

    def too_many(n: int, room: int, stride: int) -> list[tuple[int, int]]:
        return [(start, min(start + room, n)) for start in range(0, n, room - stride)]

    cases = [(10, 4, 2), (5, 8, 3), (8, 8, 3), (30, 10, 3), (9, 4, 0), (12, 5, 4)]
    function(
        answer,
        [(case, cut(*case)) for case in cases],
        hint=_(
            "Each window begins room - stride subwords after the one before. Stop when a window "
            "reaches the end."
        ),
        mistakes={
            _("The windows do not overlap. Neighbours share stride subwords."): (
                lambda n, room, stride: cut(n, room, 0)
            ),
            _("The last windows lie within the one before. Stop when a window reaches the end."): (
                too_many
            ),
            _("The last window reaches beyond the sentence."): unclipped,
            _("The last window is pushed back, and shares more than stride with the one before."): (
                pushed_back
            ),
            _("The end of the sentence is in no window."): lambda *case: [
                pair
                for pair, full in zip(cut(*case), unclipped(*case), strict=True)
                if pair == full
            ],
            _("A window is (start, end), and end is exclusive."): lambda *case: [
                (start, end - 1) for start, end in cut(*case)
            ],
        },
    )


@exercise
def make_batches(answer: Any, lengths: Sequence[int], size: int) -> str:
    """Write the function that puts rows of similar length into batches.

    Args:
        answer: The learner's.
        lengths: The positions of each row of the run.
        size: Rows in a batch.
    """
    refuse_other_than_function(answer)
    hidden = [(7 * row) % 31 + 2 for row in range(50)]
    for its_lengths, its_size in ((hidden, 8), ([5, 90, 6, 80], 2), (list(lengths), size)):
        batches = _batches(answer, its_lengths, its_size)
    unsorted = [*range(0, len(lengths), size)]
    as_stored = [[*range(start, min(start + size, len(lengths)))] for start in unsorted]
    return _(
        "On this run's rows, your batches hold {yours:.1%} padding; batches of the rows as "
        "they are stored hold {stored:.1%}."
    ).format(yours=_padding(batches, lengths), stored=_padding(as_stored, lengths))


def _batches(answer: Any, lengths: list[int], size: int) -> list[list[int]]:
    """Make a learner's batches; refuse those that lose rows, are not full, or waste much."""
    try:
        made = answer(list(lengths), size)
        if made is None:
            raise NotAnsweredError(returns_none())
        batches = [[int(row) for row in batch] for batch in made]
    except AnswerError:
        raise
    except Exception as error:  # whatever a learner's code may raise or return
        raise AnswerError(
            _("It stops with {kind}: {error}. Return a list of lists of row numbers.").format(
                kind=type(error).__name__, error=error
            )
        ) from None
    rows = sorted(row for batch in batches for row in batch)
    if rows != list(range(len(lengths))):
        if rows == sorted(lengths):
            raise AnswerError(_("The batches hold lengths. Give the numbers of the rows."))
        missing = len(set(range(len(lengths))) - set(rows))
        raise AnswerError(
            _(
                "Each row stands in one batch, by its number from 0: of {n_rows:,} rows "
                "{n_missing:,} are missing, and {n_twice:,} stand there twice."
            ).format(n_rows=len(lengths), n_missing=missing, n_twice=len(rows) - len(set(rows)))
        )
    sizes = sorted(map(len, batches))
    if sizes[-1] > size or len(batches) != -(-len(lengths) // size):
        raise AnswerError(
            _(
                "With size {size}, your {n_batches:,} batches have {smallest} to {largest} "
                "rows. All batches are full except one."
            ).format(size=size, n_batches=len(batches), smallest=sizes[0], largest=sizes[-1])
        )
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    best = [order[start : start + size] for start in range(0, len(order), size)]
    waste, least = _padding(batches, lengths), _padding(best, lengths)
    if waste > 2 * least + 0.02:
        raise AnswerError(
            _(
                "Your batches hold {waste:.1%} padding; {least:.1%} is possible. Rows of "
                "similar length should share a batch."
            ).format(waste=waste, least=least)
        )
    return batches


def _padding(batches: Sequence[Sequence[int]], lengths: Sequence[int]) -> float:
    """The share of padding in batches that are as long as their longest row."""
    computed = sum(max(lengths[row] for row in batch) * len(batch) for batch in batches if batch)
    return 1 - sum(lengths) / max(computed, 1)
