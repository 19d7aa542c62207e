"""Tags that are ids to the tags they stand for."""

from collections.abc import Sequence
from typing import Any

from helpers.tagging import OUTSIDE


class TagIds:
    """Turns the ids of tags into tags, and knows whether there were any."""

    def __init__(self, names: Sequence[str] | None) -> None:
        self.names = names
        self._used = False

    def spell_out(self, tags: list[Any], place: str) -> list[str]:
        """Turn the tags of a sentence, all strings or all ids, into strings.

        Raises:
            ValueError: A tag is neither, an id has no name, or there are no names.
        """
        if all(tags) and set(map(type, tags)) <= {str}:
            return tags
        self._used = True
        wrong = [tag for tag in tags if type(tag) is not int]
        if wrong:
            raise ValueError(
                f"{place}: expected a tag for each word, all strings or all ids; found "
                f"{wrong[0]!r:.60}; correct it; outside every entity the tag is {OUTSIDE!r}"
            )
        if self.names is None:
            raise ValueError(
                f"{place}: the tags are ids without names; say which tag each id stands for: "
                "tag_names=['O', 'B-person', 'I-person'], from id 0 on"
            )
        unknown = [tag for tag in tags if not 0 <= tag < len(self.names)]
        if unknown:
            raise ValueError(
                f"{place}: the tag id {unknown[0]} has no name, only 0 to {len(self.names) - 1} "
                "have one; correct it, or give all of them in tag_names"
            )
        return [self.names[tag] for tag in tags]

    def check_used(self, source: str) -> None:
        """Refuse names of ids if no tag is an id.

        Raises:
            ValueError: There are such names.
        """
        if self.names is not None and not self._used:
            raise ValueError(
                f"tag_names={self.names!r:.60}: is for tags that are ids; {source} has no ids; "
                "leave tag_names out"
            )
