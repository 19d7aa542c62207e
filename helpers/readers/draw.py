"""Splits that a data set lacks, drawn from its train split."""

import logging
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from helpers.readers.files import SPLITS
from helpers.readers.split import Sentence, Split

logger = logging.getLogger(__name__)

Name = Callable[[Sentence], str | None]
Group = list[int]  # sentences of train, by their index, that stay in one split


def with_all_splits(splits: Mapping[str, Split], seed: int) -> dict[str, list[Sentence]]:
    """Draw the splits that are missing from train, a tenth of it each.

    Copies of a sentence, letter case and digits aside, stay in one split, since a model that has
    seen one in training knows the others. So do the sentences of a document, where documents have
    names and are small enough.

    Raises:
        ValueError: Train holds too few sentences that differ.
    """
    parts = {split: part.sentences for split, part in splits.items()}
    missing = [split for split in SPLITS if split not in parts]
    if not missing:
        return parts
    name, train = splits["train"].name, parts["train"]
    share = max(1, round(len(train) / 10))
    kept, groups = _grouped(train, share, n_splits=len(missing))
    if len(groups) <= len(missing):
        raise ValueError(
            f"{name}: holds {len(train)} sentences, and {len(groups)} that differ in more than "
            f"letter case and digits, too few to draw {' and '.join(missing)} from it; give more "
            "sentences or the missing splits"
        )
    groups = random.Random(seed).sample(groups, len(groups))
    drawn = {}
    for split in missing:
        drawn[split], groups = _take(groups, share)
    drawn["train"] = [at for group in groups for at in group]
    logger.warning(
        "%s: comes without %s; drew %s of its sentences (seed %d), train keeps %d%s",
        name,
        " and ".join(missing),
        " and ".join(str(len(drawn[split])) for split in missing),
        seed,
        len(drawn["train"]),
        kept,
    )
    return parts | {split: [train[at] for at in sorted(rows)] for split, rows in drawn.items()}


def _grouped(train: Sequence[Sentence], share: int, *, n_splits: int) -> tuple[str, list[Group]]:
    """Group sentences by all that should keep them together and leaves enough small groups.

    Returns:
        What is kept together, for the log, and the groups.
    """
    ways: dict[Name, str] = {_copy: "sentences with copies", _document: "sentences of documents"}
    choices: list[tuple[Name, ...]] = [(_copy,)]
    if any(sentence.document for sentence in train):
        choices = [(_copy, _document), (_document,), (_copy,)]
    for names in choices:
        groups = _groups(train, names)
        small = sum(len(group) for group in groups if len(group) <= share)
        if small >= share * n_splits:
            break
    kept = {ways[name]: _n_together(train, name) for name in names}
    return "".join(f"; kept together {n} {what}" for what, n in kept.items() if n), groups


def _groups(sentences: Sequence[Sentence], names: Sequence[Name]) -> list[Group]:
    """Group sentences that share a name, be it through others."""
    parents = list(range(len(sentences)))

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = at = parents[parents[at]]
        return at

    for name in names:
        first: dict[str, int] = {}
        for at, sentence in enumerate(sentences):
            called = name(sentence)
            if called is not None:
                parents[root(at)] = root(first.setdefault(called, at))
    groups: dict[int, Group] = {}
    for at in range(len(sentences)):
        groups.setdefault(root(at), []).append(at)
    return list(groups.values())


def _take(groups: Sequence[Group], share: int) -> tuple[list[int], list[Group]]:
    """Take as many groups as make up a share, at least the smallest one, and leave the others."""
    taken: list[int] = []
    left = []
    for group in groups:
        if len(taken) + len(group) <= share:
            taken += group
        else:
            left.append(group)
    if not taken:
        taken = min(left, key=len)
        left.remove(taken)
    return taken, left


def _n_together(train: Sequence[Sentence], name: Name) -> int:
    """Count the sentences that share a name with another."""
    counts = Counter(map(name, train))
    del counts[None]
    return sum(count for count in counts.values() if count > 1)


def _document(sentence: Sentence) -> str | None:
    return sentence.document or None


def _copy(sentence: Sentence) -> str | None:
    return re.sub(r"\d+", "0", " ".join(sentence.tokens).casefold())
