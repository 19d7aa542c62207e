"""How a user says that data should be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Overlaps = Literal["refuse", "outermost"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a reader is told, where it should not find out by itself.

    Attributes:
        columns: For CoNLL and CSV, the names of all columns in order.
        tag_names: For tags that are ids, the tag of each id in order.
        encoding: How a file is written; ``None`` is UTF-8.
        overlaps: ``"refuse"`` entities that overlap, or keep the ``"outermost"``.
    """

    columns: Sequence[str] | None = None
    tag_names: Sequence[str] | None = None
    encoding: str | None = None
    overlaps: Overlaps = "refuse"

    def __post_init__(self) -> None:
        """Check the one option that has only a few values."""
        if self.overlaps not in get_args(Overlaps):
            expected = ", ".join(map(repr, get_args(Overlaps)))
            raise ValueError(f"overlaps={self.overlaps!r}: expected one of {expected}")

    def refuse(self, *names: str, source: str) -> None:
        """Refuse options that do not apply to a source.

        Raises:
            ValueError: One of them was given.
        """
        for name in names:
            value = getattr(self, name)
            if value is not None:
                raise ValueError(f"{name}={value!r}: is not for {source}; leave {name} out")
