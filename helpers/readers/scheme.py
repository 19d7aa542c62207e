"""How the tags of a source are written, and what they are in IOB2: the one place to decide."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

from helpers.readers.split import Split
from helpers.tagging import Spelling, TagError, find_scheme, find_spelling, to_iob2

logger = logging.getLogger(__name__)


def in_iob2(splits: Mapping[str, Split]) -> dict[str, Split]:
    """Turn the tags of all splits into IOB2, and log what was done to them.

    All splits together show how tags are written, because a small one may show too little. If they
    differ, each split is read by itself. Tags that their scheme does not allow where they stand are
    read as the CoNLL evaluation script reads them, and counted.

    Raises:
        ValueError: Tags that are written in an unknown way; the message names the first place.
    """
    for split in splits.values():
        split.report_words()
    counts = {name: _count(split) for name, split in splits.items()}
    total: Counter[str] = Counter()
    for of_split in counts.values():
        total.update(of_split)
    try:
        everywhere = find_spelling(total)
        spellings = dict.fromkeys(splits, everywhere)
    except TagError:
        spellings = {name: _spelling(split, counts[name]) for name, split in splits.items()}
    return {name: _convert(split, spellings[name]) for name, split in splits.items()}


def _count(split: Split) -> Counter[str]:
    """Count the tags of a split; those that it declares and does not use occur 0 times."""
    counts = Counter(dict.fromkeys(split.declared or (), 0))
    counts.update(chain.from_iterable(sentence.tags for sentence in split.sentences))
    return counts


def _spelling(split: Split, counts: Counter[str]) -> Spelling:
    try:
        return find_spelling(counts)
    except TagError as error:
        places = (
            split.place(at, sentence.tags.index(error.tag))
            for at, sentence in enumerate(split.sentences)
            if error.tag in sentence.tags
        )
        raise ValueError(f"{next(places, split.name)}: {error}") from None


def _convert(split: Split, spelling: Spelling) -> Split:
    written = [[spelling.tags[tag] for tag in sentence.tags] for sentence in split.sentences]
    reading = find_scheme(written)
    if spelling.prefixed:
        used = {tag: usual for tag, usual in spelling.tags.items() if tag != usual}
        found: str = reading.scheme
    else:
        used, found = {}, "types without prefixes"
    example = next((f"{tag!r} read as {usual!r}" for tag, usual in used.items()), "")
    if found != "IOB2":
        also = f", {example}" if example else ""
        logger.warning("%s: converted the tags from %s to IOB2%s", split.name, found, also)
    elif used:
        logger.warning("%s: the tags are in IOB2, %s", split.name, example)
    else:
        logger.info("%s: the tags are in IOB2", split.name)
    if reading.first is not None and spelling.prefixed:
        at, position = reading.first
        n_tags = sum(map(len, written))
        logger.warning(
            "%s: %d of %d tags (%.2g %%) do not fit %s where they stand; read as conlleval reads "
            "them (first: %r, %s)",
            split.name,
            reading.irregular,
            n_tags,
            100 * reading.irregular / n_tags,
            reading.scheme,
            split.sentences[at].tags[position],
            split.place(at, position),
        )
    if found == "IOB2" and not used and not reading.irregular:
        return split
    declared = split.declared and [spelling.tags[tag] for tag in split.declared]
    return replace(split.with_tags([to_iob2(tags) for tags in written]), declared=declared)
