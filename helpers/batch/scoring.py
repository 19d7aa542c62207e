"""A file of predicted tags and one of gold tags to the scores of the first, as text."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers import metrics, readers


def score_files(gold: Path, prediction: Path, options: Mapping[str, Any]) -> str:
    """Turn two files with the same words into a table of scores and the interval of F1.

    Args:
        gold: A file with the gold tags, in any form that `helpers.readers` reads.
        prediction: A file with the predicted tags, in any such form.
        options: How to read both, such as ``{"columns": ["token", "_", "tag"]}``.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file holds something else, or the words of the two differ; the message names
            the place.
    """
    how = readers.ReadOptions(**options)
    files = {"gold": readers.read(gold, how), "prediction": readers.read(prediction, how)}
    _check_same_words(files["gold"], files["prediction"])
    # a tagger may find nothing, so its tags are told by those of the gold file
    read = readers.in_iob2(files)
    references, predictions = ([one.tags for one in split.sentences] for split in read.values())
    tokens = [sentence.tokens for sentence in files["gold"].sentences]
    scores = metrics.entity_scores(references, predictions, tokens)
    n_words = sum(map(len, tokens))
    lines = [
        metrics.scores_table(scores).to_string(float_format="{:.4f}".format),
        "",
        f"accuracy {scores['accuracy']:.4f} of {n_words:,} words in {len(tokens):,} sentences",
    ]
    if tokens:
        _, low, high = metrics.f1_interval(references, predictions)
        lines.append(f"F1 from {low:.4f} to {high:.4f} (95 % bootstrap interval)")
    return "\n".join(lines)


def _check_same_words(gold: readers.Split, predicted: readers.Split) -> None:
    """Refuse two files at the first word in which they differ."""
    for (word, place), (other, other_place) in zip(_words(gold), _words(predicted), strict=False):
        if word != other:
            raise ValueError(
                f"the words differ: {place}: {word}; {other_place}: {other}; give two files of the "
                "same sentences"
            )


def _words(split: readers.Split) -> Iterator[tuple[str, str]]:
    """Yield what a file holds, word for word, and where it stands."""
    for number, sentence in enumerate(split.sentences):
        for position, word in enumerate(sentence.tokens):
            yield repr(word), split.place(number, position)
        yield "end of the sentence", f"after {split.place(number, -1)}"
    yield "end of the file", split.name
