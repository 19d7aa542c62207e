"""How readily a tagger finds entities, chosen on a validation split."""

from collections.abc import Iterable, Sequence
from copy import copy

import numpy as np

from helpers.inference.tagger import Tagger
from helpers.tagging import Span, entity_spans

_BIASES: list[float] = np.linspace(-2, 2, 41).round(1).tolist()


def choose_outside_bias(
    tagger: Tagger, sentences: Iterable[Sequence[str]], references: Iterable[Sequence[str]]
) -> float:
    """Find the bias on ``O``, from -2 to 2, with which a tagger's F1 is highest.

    The tagger stays as it is. ``tagger.decoder.outside_bias = bias`` sets the bias there.
    `helpers.model_folder.write_tagger_options` sets it in the model's folder, for every tagger that
    is loaded from it.

    Args:
        tagger: The tagger.
        sentences: The words of the sentences of a validation split; scores on the same sentences
            are too high.
        references: The gold tags of the same sentences.

    Returns:
        The bias, as for `helpers.decoding.Decoder`; of several equally good ones, the one nearest
        to 0.

    Raises:
        ValueError: Not one tag for each word.
    """
    words, gold = [list(some) for some in sentences], [list(tags) for tags in references]
    counts = [len(some) for some in words]
    if counts != [len(tags) for tags in gold]:
        raise ValueError(
            f"sentences holds {sum(counts)} words in {len(words)} sentences, and references "
            f"{sum(map(len, gold))} tags in {len(gold)}; give one tag for each word"
        )
    scores, read = tagger.log_probabilities(words)
    decoder = copy(tagger.decoder)
    right = _entities(gold)

    def f1(bias: float) -> float:
        decoder.outside_bias = bias
        found = _entities(decoder(scores, read, counts))
        return 2 * len(right & found) / max(len(right) + len(found), 1)

    return max(sorted(_BIASES, key=abs), key=f1)


def _entities(sentences: Sequence[Sequence[str]]) -> set[tuple[int, Span]]:
    return {(number, span) for number, tags in enumerate(sentences) for span in entity_spans(tags)}
