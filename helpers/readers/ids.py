"""Tags that are ids to the tags they stand for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helpers.readers.split import Split
from helpers.tagging import OUTSIDE


def names_of(ids: Sequence[Any], names: Sequence[str] | None, place: str) -> list[str]:
    """Turn the tag ids of a sentence into tags.

    Raises:
        ValueError: A tag is not an id, an id has no name, or there are no names.
    """
    wrong = next((tag for tag in ids if type(tag) is not int), None)
    if wrong is not None or None in ids:
        raise ValueError(
            f"{place}: expected a tag for each word, all strings or all ids; found {wrong!r:.60}; "
            f"correct it; outside every entity the tag is {OUTSIDE!r}"
        )
    if names is None:
        raise ValueError(
            f"{place}: the tags are ids without names; say which tag each id stands for: "
            "dataset_options={'tag_names': ['O', 'B-person', 'I-person']}, from id 0 on"
        )
    for tag in ids:
        if not 0 <= tag < len(names):
            raise ValueError(
                f"{place}: the tag id {tag} has no name, only 0 to {len(names) - 1} have one; "
                "correct it, or give 'tag_names' in dataset_options for all"
            )
    return [names[tag] for tag in ids]


def spell_out(split: Split, names: Sequence[str] | None) -> Split:
    """Turn tags that are written as numbers into the tags that ``names`` gives them.

    Raises:
        ValueError: There are names, but a tag is not a number.
    """
    if names is None:
        return split
    spelled = []
    for at, sentence in enumerate(split.sentences):
        if not all(tag.isdecimal() for tag in sentence.tags):
            raise ValueError(no_ids(split.place(at)))
        ids = [int(tag) for tag in sentence.tags]
        spelled.append(names_of(ids, names, split.place(at)))
    return replace(split.with_tags(spelled), declared=names)


def no_ids(place: str) -> str:
    """The message for names of ids if the tags are not ids."""
    return (
        f"dataset_options={{'tag_names': ...}}: is for tags that are ids; {place} has no ids; "
        "leave 'tag_names' out"
    )
