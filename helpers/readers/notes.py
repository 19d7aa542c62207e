"""What a reader did to a source: counted, and logged in a line for each kind."""

import logging

logger = logging.getLogger(__name__)


class Notes:
    """Counts cases of a kind, and keeps where the first stands."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._cases: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, first: str) -> None:
        """Count a case of a kind, such as ``"words are empty"``; where the first stands is kept."""
        count, place = self._cases.get(kind, (0, first))
        self._cases[kind] = count + 1, place

    def __str__(self) -> str:
        return "; ".join(f"{count} {kind}" for kind, (count, _) in self._cases.items())

    def report(self) -> None:
        """Log what was counted."""
        for kind, (count, first) in self._cases.items():
            logger.warning("%s: %d %s (first: %s)", self._source, count, kind, first)
