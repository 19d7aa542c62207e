"""Say how many words each lesson has, and how long it takes beside what the lesson says.

``python tools/reading_time.py`` prints a table. A reader takes a minute for 160 words or for 10
lines of code, and 4 minutes for an exercise; lessons say it in steps of 5 minutes.
"""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SAID = re.compile(r"\*\*Time:\*\* about (\d+) minutes to read, (\d+) minutes for the exercises")


class Size(NamedTuple):
    """What there is to read and to solve; solutions and the addresses of links do not count."""

    words: int
    lines: int
    exercises: int

    @property
    def minutes(self) -> tuple[int, int]:
        """Minutes to read, and minutes for the exercises."""
        reading = self.words / 160 + self.lines / 10
        return 5 * round(reading / 5), 5 * round(4 * self.exercises / 5)


def measure(lesson: NotebookNode) -> Size:
    """Count what a lesson has."""
    cells = [cell for cell in lesson.cells if "solution" not in cell.metadata.get("tags", [])]
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return Size(
        words=len(re.sub(r"\]\([^)]*\)", "]", prose).split()),
        lines=sum(bool(line.strip()) for line in code.splitlines()),
        exercises=sum("exercise" in cell.metadata.get("tags", []) for cell in cells),
    )


def main() -> None:
    """Print a row for each lesson."""
    print(f"{'lesson':<28}  words  lines  exercises  minutes    it says")
    total = 0
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        lesson = nbformat.read(path, as_version=4)
        size, said = measure(lesson), SAID.search(lesson.cells[0].source)
        total += size.words
        minutes, says = "{} + {}".format(*size.minutes), " + ".join(said.groups() if said else "?")
        print(f"{path.stem:<28}  {size.words:>5}  {size.lines:>5}  {size.exercises:>9}", end="")
        print(f"  {minutes:<9}  {says}")
    print(f"{'together':<28}  {total:>5}")


if __name__ == "__main__":
    main()
