"""The commands of the README, of ``docs`` and of workflows: each is one that the project takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers import __main__
from helpers.batch import notebooks, spec
from helpers.settings import literal

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LESSONS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def blocks(language: str) -> Iterator[str]:
    for page in PAGES:
        yield from re.findall(
            rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S
        )


def commands() -> Iterator[str]:
    """Every line of the shell, and what stands between single backticks and looks like one."""
    for block in blocks("bash"):
        yield from block.replace("\\\n", " ").splitlines()
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        yield from (code for code in re.findall(r"`([^`]+)`", text) if code.startswith("python -m"))
        yield from re.findall(r"`(make [a-z]+[^`]*)`", text)
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        yield from re.findall(r"run: (make .*)", workflow.read_text(encoding="utf-8"))


COMMANDS = sorted({command for command in commands() if command.strip()})


@pytest.mark.parametrize("command", [c for c in COMMANDS if "-m helpers" in c])
def test_the_command_takes_it(command: str) -> None:
    words = shlex.split(command, comments=True)
    name, *arguments = words[words.index("-m") + 2 :]
    if name != "--help":
        __main__.commands.commands[name].make_context(
            name, arguments
        )  # an error where it does not fit


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("papermill ")])
def test_a_lesson_takes_the_parameters(command: str) -> None:
    _, lesson, output, *options = shlex.split(command)
    assert output.endswith(".ipynb")
    [found] = notebooks.find([str(ROOT / lesson)])
    given = {
        options[at + 1]: literal(options[at + 2])
        for at, option in enumerate(options)
        if option == "-p"
    }
    for at, option in enumerate(options):
        given |= yaml.safe_load(options[at + 1]) if option == "-y" else {}
    found.settings(given)
    assert given or "-f" in options


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_has_the_target(command: str) -> None:
    targets = [word for word in shlex.split(command, comments=True)[1:] if "=" not in word]
    assert set(targets) <= set(TARGETS)


def test_the_pages_have_such_commands() -> None:
    for name in __main__.commands.commands:
        assert any(f"-m helpers {name} " in f"{command} " for command in COMMANDS), name
    for start in ("papermill", "make lessons", "make test", "torchrun", "accelerate launch"):
        assert any(command.startswith(start) for command in COMMANDS), start


def test_the_files_of_the_pages_are_what_the_commands_take(tmp_path: Path) -> None:
    files = {text.splitlines()[0].removeprefix("# "): text for text in blocks("yaml")}
    assert set(files) == {"params.yaml", "rates.yaml"}
    [lesson] = notebooks.find(["01"])
    lesson.settings(yaml.safe_load(files["params.yaml"]))
    rates = tmp_path / "rates.yaml"
    rates.write_text(files["rates.yaml"], encoding="utf-8")
    assert len(spec.load(rates)) == 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert all((page.parent / target).exists() for target in local), local


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_what_the_exercises_prove_is_taught_in_sections_that_are_there(lesson: Path) -> None:
    page = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    rows = page.partition(f"\n## {int(lesson.stem[:2])}. ")[2].partition("\n## ")[0]
    cited = re.findall(r"^\| .* \| (.*) \| \w+ \| `", rows, re.MULTILINE)
    cells = nbformat.read(lesson, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert len(cited) >= 3
    assert set(cited) <= set(re.findall("^##+ (.*)$", prose, re.MULTILINE))


def test_the_home_page_says_how_long_each_lesson_takes() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"\(\.\./notebooks/(\S+)\).*\| (\d+) min \|", page))
    assert list(rows) == [lesson.name for lesson in LESSONS]
    for lesson in LESSONS:
        first = nbformat.read(lesson, as_version=4).cells[0].source
        said = re.search(r"about (\d+) minutes to read, (\d+) minutes for", first)
        assert said
        assert int(rows[lesson.name]) == sum(map(int, said.groups()))


# Terms of the course, and the cell that defines each, set in bold there.
DEFINED = {
    "01": {
        "whole-game-read": ["Token classification", "named entity recognition", "type"],
        "load-data-read": ["splits"],
        "example-read": ["tag"],
        "label-list-read": ["IOB2"],
        "example-tags-read": ["entity span"],
        "tables-intro": ["surface form"],
        "doubles-next": ["agreement", "F1"],
        "seen-intro": ["unseen"],
        "seen-next": ["Surface F1"],
        "nothing-intro": ["baseline", "accuracy", "precision", "recall"],
        "nothing-read": ["gazetteer", "interval"],
        "quality-intro": ["leak"],
    },
    "02": {
        "tokenizer-read": ["vocabulary"],
        "tokenize-read": ["special tokens"],
        "copy-tags-read": ["loss", "Softmax", "cross-entropy"],
        "truncation-small-read": ["windows", "Stride"],
        "batches-intro": ["batch", "padding"],
    },
    "03": {
        "load-intro": ["classifier", "logit"],
        "shapes-read": ["embeddings", "nat"],
        "untrained-loss-read": ["optimizer", "frozen", "gradient"],
        "compute-metrics-intro": ["epoch"],
        "hyperparameters-read": ["schedule"],
        "loop-next": ["checkpoint", "LayerNorm", "dropout"],
        "learning-curves-questions": ["overfitting"],
        "test-read": ["bootstrap"],
        "compare-intro": ["significant"],
    },
    "04": {"tracing-intro": ["graph", "tracing"], "permutation-intro": ["permutation test"]},
    "05": {
        "pipeline-read": ["offsets"],
        "follow-intro": ["legal"],
        "viterbi-intro": ["Viterbi"],
        "mistakes-read": ["calibrated"],
        "threshold-intro": ["threshold"],
    },
}


def test_a_term_is_defined_before_it_is_used() -> None:
    cells = [
        (
            path.stem[:2],
            cell.id,
            re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", cell.source, flags=re.S),
        )
        for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        and cell.id != "title"  # where a lesson says what it teaches
        and "solution" not in cell.metadata.get("tags", [])
    ]
    places = [cell[:2] for cell in cells]
    for lesson, terms_of in DEFINED.items():
        for cell_id, terms in terms_of.items():
            place = places.index((lesson, cell_id))
            for term in terms:
                assert f"**{term}" in cells[place][2], term
                used = re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE)
                assert [before[:2] for before in cells[:place] if used.search(before[2])] == [], (
                    term
                )
