"""What a model predicts for words to one tag for every word.

The most probable label of each word by itself may be one that its scheme does not allow where it
stands, such as ``I-person`` behind ``O``. A `Decoder` finds the most probable labels among those
that form entities, by the algorithm of Viterbi. It knows the scheme, and nothing in it is learned.

A word that yields no subword is seen by no model. `to_tags` decides what becomes of it.

Source: Forney (1973), *The Viterbi Algorithm*.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from helpers.tagging import OUTSIDE, Scheme, Span, entity_spans, may_follow, split_tag

logger = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.floating]

_BIASES = sorted(np.linspace(-2, 2, 41).round(1).tolist(), key=abs)
_SENTENCES_AT_ONCE = 1024  # so that memory stays the same however many there are
_MANY = 20


def label_scheme(names: Sequence[str]) -> Scheme | None:
    """Turn a model's labels into the scheme that they are written in.

    >>> label_scheme(["O", "B-person", "I-person"]), label_scheme(["O", "B-x", "E-x", "S-x"])
    ('IOB2', 'IOBES')
    >>> label_scheme(["O", "I-person", "B-location", "I-location"])
    'IOB1'

    Returns:
        ``None`` where any label may follow any other: types without prefixes, or a scheme that
        is none of these.
    """
    prefixes: dict[str, set[str]] = {}
    for prefix, type_ in map(split_tag, names):
        if type_ and prefix:
            prefixes.setdefault(type_, set()).add(prefix)
    letters = set().union(*prefixes.values())
    if letters and letters <= set("BI"):
        return "IOB2" if all("B" in found for found in prefixes.values()) else "IOB1"
    if "S" in letters and letters <= set("BIES"):
        return "IOBES"
    return "BILOU" if "U" in letters and letters <= set("BILU") else None


def legal_transitions(names: Sequence[str], scheme: Scheme | None = None) -> Bools:
    """Turn a model's labels into the table of which may stand behind which.

    >>> legal_transitions(["O", "B-x", "I-x"])
    array([[ True,  True, False],
           [ True,  True,  True],
           [ True,  True,  True]])

    Args:
        names: The labels in the order of their ids.
        scheme: What they are written in; ``None`` is what `label_scheme` says.

    Returns:
        A row for each label, with a column for each that may follow it. The row of ``O`` is also
        that of the start of a sentence, and the column of ``O`` that of its end.

    Raises:
        ValueError: There is no such scheme.
    """
    if scheme not in (None, *get_args(Scheme)):
        raise ValueError(f"scheme={scheme!r} is none of {', '.join(get_args(Scheme))}")
    scheme = scheme or label_scheme(names)
    if scheme is None:
        return np.ones((len(names), len(names)), dtype=bool)
    # among labels with prefixes, one without is complete by itself, like O
    tags = [name if split_tag(name)[0] else OUTSIDE for name in names]
    return np.array([[may_follow(before, tag, scheme) for tag in tags] for before in tags])


def to_tags(
    ids: Ints, read: Bools, word_counts: Sequence[int] | Ints, names: Sequence[str]
) -> list[list[str]]:
    """Turn the id of a label for each word into the tags of sentences.

    A word that no model saw is ``O``. Between two words of one entity, it belongs to the entity.

    >>> to_tags(np.array([1, 0, 2, 0]), np.array([1, 0, 1, 0], bool), [4], ["O", "B-x", "I-x"])
    [['B-x', 'I-x', 'I-x', 'O']]

    Args:
        ids: The words of all sentences in order, as `helpers.windows.gather_words` returns them.
        read: For each word whether a model saw it, so that its id counts.
        word_counts: Number of words of each sentence.
        names: The labels in the order of their ids.

    Raises:
        ValueError: An id has no name, or no name is ``O``.
    """
    if OUTSIDE not in names:
        raise ValueError(
            f"names holds no {OUTSIDE!r}, found {', '.join(names)}; give the tags in the order of "
            "their ids, as helpers.tagging.label_names makes them"
        )
    unnamed = ids[read & ((ids < 0) | (ids >= len(names)))]
    if len(unnamed):
        raise ValueError(
            f"ids holds the id {unnamed[0]} where names has the ids 0 to {len(names) - 1}; give "
            "the names that the model was made with"
        )
    sentence = np.repeat(np.arange(len(word_counts)), word_counts)
    ids = np.where(read, ids, list(names).index(OUTSIDE))
    _continue_entities(ids, read, sentence, _labels_between(tuple(names)))
    tags = (names[index] for index in ids)
    return [list(islice(tags, count)) for count in word_counts]


class Decoder:
    """From log-probabilities of labels to one tag for each word.

    Attributes:
        names: The labels, in the order of their ids.
        outside_bias: Added to the log-probability of ``O`` before labels are compared: above 0
            fewer entities are found, below 0 more.
    """

    def __init__(
        self, names: Sequence[str], *, scheme: Scheme | None = None, outside_bias: float = 0.0
    ) -> None:
        self.names = list(names)
        self.outside_bias = outside_bias
        self._outside = self.names.index(OUTSIDE)
        self._allowed = legal_transitions(names, scheme)
        self._begins = np.array([split_tag(name)[0] == "B" for name in names])
        self._doubted = scheme is None and label_scheme(names) == "IOB2"

    def __call__(
        self, log_probabilities: Floats, read: Bools, word_counts: Sequence[int] | Ints
    ) -> list[list[str]]:
        """Find the most probable tags of sentences among those that form entities.

        Args:
            log_probabilities: Of shape (words, labels), the words of all sentences in order.
            read: For each word whether a model saw it, so that its row counts. Any other word gets
                its tag from `to_tags`.
            word_counts: Number of words of each sentence.

        Returns:
            The tags of each sentence. Where the best labels of the words by themselves form
            entities, it is those.
        """
        sentence = np.repeat(np.arange(len(word_counts)), word_counts)
        scores = log_probabilities[read].astype(np.float64).reshape(-1, len(self.names))
        scores[:, self._outside] += self.outside_bias
        ids = np.full(len(sentence), self._outside)
        if len(scores):
            ids[read] = self._decode(scores, sentence[read])
        return to_tags(ids, read, word_counts, self.names)

    def _decode(self, scores: Floats, sentence: Ints) -> Ints:
        """Take the best label of each word, and search where these form no entities."""
        ids = scores.argmax(axis=1)
        first = np.flatnonzero(np.diff(sentence, prepend=-1))
        last = np.append(first[1:], len(ids)) - 1
        before = np.roll(ids, 1)
        before[first] = self._outside
        wrong = ~self._allowed[before, ids]
        if self._doubted:
            self._check_scheme(ids, wrong)
        wrong[last] |= ~self._allowed[ids[last], self._outside]
        search = np.flatnonzero(np.logical_or.reduceat(wrong, first))
        search = search[np.argsort(first[search] - last[search], kind="stable")]  # longest first
        for start in range(0, len(search), _SENTENCES_AT_ONCE):
            some = search[start : start + _SENTENCES_AT_ONCE]
            self._search(scores, ids, first[some], last[some])
        return ids

    def _search(self, scores: Floats, ids: Ints, first: Ints, last: Ints) -> None:
        """Replace the labels of some sentences, longest first, by the best legal ones."""
        barrier = np.where(self._allowed, 0.0, -np.inf)
        best = scores[first] + barrier[self._outside]
        origins = []  # at each position the best label before each label
        positions = np.arange(1, last[0] - first[0] + 1)
        # how many sentences have a word there
        for position, count in zip(
            positions, np.searchsorted(first - last, -positions, side="right"), strict=True
        ):
            ways = best[:count, :, None] + barrier
            origins.append(ways.argmax(axis=1))
            best[:count] = ways.max(axis=1) + scores[first[:count] + position]
        label = (best + barrier[:, self._outside]).argmax(axis=1)
        for position in range(len(origins), 0, -1):
            count = len(origins[position - 1])
            ids[first[:count] + position] = label[:count]
            label[:count] = origins[position - 1][np.arange(count), label[:count]]
        ids[first] = label

    def _check_scheme(self, ids: Ints, wrong: Bools) -> None:
        """Say so, once, where a model was trained in a scheme that its labels do not show."""
        n_wrong = int(wrong.sum())
        if n_wrong >= _MANY and n_wrong > 9 * int(self._begins[ids].sum()):
            self._doubted = False
            logger.warning(
                "%d entities begin with I- and hardly any with B-: the model was trained on IOB1, "
                "so most are missed or cut short; give scheme='IOB1' (--scheme IOB1)",
                n_wrong,
            )


def choose_outside_bias(
    names: Sequence[str],
    log_probabilities: Floats,
    read: Bools,
    references: Sequence[Sequence[str]],
) -> float:
    """Find the bias on ``O``, from -2 to 2, with which the F1 of a split is highest.

    Cross-entropy asks a model for good probabilities, and most words are ``O``. F1 counts entities
    alone. So the labels that are most probable need not be those with the best F1.

    Args:
        names: The labels, in the order of their ids.
        log_probabilities: Of a validation split, as for `Decoder`; with the bias, scores on the
            same split are too high.
        read: As for `Decoder`.
        references: The gold tags of every sentence of the split.

    Returns:
        The bias, as for `Decoder`; of several equally good ones, the one nearest to 0.
    """
    decoder = Decoder(names)
    counts = [len(tags) for tags in references]
    gold = _entities(references)

    def f1(bias: float) -> float:
        decoder.outside_bias = bias
        found = _entities(decoder(log_probabilities, read, counts))
        return 2 * len(gold & found) / max(len(gold) + len(found), 1)

    return max(_BIASES, key=f1)


def _entities(sentences: Sequence[Sequence[str]]) -> set[tuple[int, Span]]:
    return {(number, span) for number, tags in enumerate(sentences) for span in entity_spans(tags)}


def _continue_entities(ids: Ints, read: Bools, sentence: Ints, between: Ints) -> None:
    """Give words that no model saw the label of the entity that goes on around them, in ``ids``."""
    unread, seen = np.flatnonzero(~read), np.flatnonzero(read)
    at = np.searchsorted(seen, unread)
    has_both = (at > 0) & (at < len(seen))
    unread, at = unread[has_both], at[has_both]
    before, after = seen[at - 1], seen[at]
    label = between[ids[before], ids[after]]
    goes_on = (sentence[before] == sentence[after]) & (label >= 0)
    ids[unread[goes_on]] = label[goes_on]


@lru_cache
def _labels_between(names: tuple[str, ...]) -> Ints:
    """For each two labels that one entity may hold, the label of a word between them; else -1."""
    ids = {name: index for index, name in enumerate(names)}
    return np.array(
        [
            [
                ids.get(f"I-{type_}" if prefix else type_, -1)
                if type_ and entity_spans([before, after]) == [(type_, 0, 2)]
                else -1
                for after in names
            ]
            for before, (prefix, type_) in zip(names, map(split_tag, names), strict=True)
        ]
    )
