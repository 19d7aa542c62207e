"""The language of what a learner reads, and that no sentence escapes it."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import translation
from helpers.exercises import exploration
from helpers.labels import label
from helpers.translation import _

HELPERS = Path(__file__).resolve().parent.parent / "helpers"
READ_BY_LEARNERS = [
    HELPERS / "readings.py",
    *sorted((HELPERS / "exercises").glob("*.py")),
    *sorted((HELPERS / "plots").glob("*.py")),
]

# Words of code that stay as they are, and why.
ALLOWED = {
    # what a learner types as an answer
    "rate too low": "a cause of `trainer.CAUSES`",
    "rate too high": "a cause of `trainer.CAUSES`",
    "labels shifted": "a cause of `trainer.CAUSES`",
    "too many epochs": "a cause of `trainer.CAUSES`",
    "no difference": "a verdict of `trainer.VERDICTS`",
    # names in code
    "Mapping[str, Mapping[str, int]]": "an annotation",
    "not found": "a key of counts",
    "read here": "a series, shown by `label`",
    "context only": "a series, shown by `label`",
    "learning rate": "a series, shown by `label`",
    "F1 without an interval": "a series, shown by `label`",
    "F1 that others report": "a series, shown by `label`",
    "outside lower center": "a place in matplotlib",
    "offset points": "a unit in matplotlib",
}
# Pieces of HTML: its elements, attributes and CSS.
MARKUP = re.compile(r"<\w+ [\w-]+=|[\w-]+: [\w#.-]+;|border-bottom: ")


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Let the course be read in Japanese, with a catalogue of these lines."""

    def write(lines: str) -> None:
        path = tmp_path / "locale/ja/LC_MESSAGES/helpers.po"
        path.parent.mkdir(parents=True)
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        path.write_text(head + lines, encoding="utf-8")

    monkeypatch.setattr(translation, "files", lambda package: tmp_path)
    monkeypatch.setenv("LESSON_LANGUAGE", "ja")
    translation._catalogue.cache_clear()
    yield write
    translation._catalogue.cache_clear()


@pytest.mark.parametrize("name", [None, "", "en"])
def test_the_course_is_english_unless_told_otherwise(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LESSON_LANGUAGE", raising=False)
    if name is not None:
        monkeypatch.setenv("LESSON_LANGUAGE", name)
    assert translation.language() == "en"
    assert _("Correct.") == "Correct."


def test_a_language_without_an_edition_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_LANGUAGE", "fr")
    message = "LESSON_LANGUAGE='fr' is no edition of the course; choose en or ja"
    with pytest.raises(ValueError, match=re.escape(message)):
        _("Correct.")


def test_a_sentence_is_looked_up_in_the_catalogue(catalogue: Callable[[str], None]) -> None:
    catalogue('msgid "Correct."\nmsgstr "正解です。"\n')
    assert _("Correct.") == "正解です。"


def test_what_the_catalogue_lacks_stays_english(catalogue: Callable[[str], None]) -> None:
    catalogue('msgid "Correct."\nmsgstr ""\n\nmsgid "seen"\nmsgstr "既出"\n')
    assert _("Correct.") == "Correct."
    assert _("unseen") == "unseen"
    assert _("") == ""


def test_a_fuzzy_sentence_stays_english(catalogue: Callable[[str], None]) -> None:
    catalogue('#, fuzzy\nmsgid "Correct."\nmsgstr "間違いです。"\n')
    assert _("Correct.") == "Correct."


def test_the_language_may_change_between_two_answers(
    catalogue: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue(
        'msgid "Not yet. {mistake}"\nmsgstr "まだです。{mistake}"\n\n'
        'msgid "Correct."\nmsgstr "正解です。"\n\n'
        'msgid "You count words from 1. Python counts from 0."\nmsgstr "Pythonは0から数えます。"\n'
    )
    tags, right, wrong = ["B-x", "O"], [("x", 0, 1)], [("x", 1, 2)]
    assert exploration.side_by_side(wrong, tags) == "まだです。Pythonは0から数えます。"
    assert exploration.side_by_side(right, tags) == "正解です。"
    assert exploration.side_by_side(right, tags).is_right
    monkeypatch.delenv("LESSON_LANGUAGE")
    assert exploration.side_by_side(right, tags) == "Correct."
    assert not exploration.side_by_side(wrong, tags).is_right
    assert not exploration.side_by_side(None, tags).is_right


def test_a_label_is_its_name_in_english() -> None:
    tree = ast.parse((HELPERS / "labels.py").read_text(encoding="utf-8"))
    [names] = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    keys = [key.value for key in names.keys if isinstance(key, ast.Constant)]
    assert len(keys) == len(names.keys) == len(set(keys))
    assert [label(str(key)) for key in keys] == keys


def calls_of_(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]


@pytest.mark.parametrize("path", sorted(HELPERS.rglob("*.py")), ids=lambda path: path.name)
def test_what_is_looked_up_can_be_extracted(path: Path) -> None:
    """Babel sees plain strings only."""
    for call in calls_of_(ast.parse(path.read_text(encoding="utf-8"))):
        [message] = call.args
        assert isinstance(message, ast.Constant), ast.unparse(call)
        assert isinstance(message.value, str), ast.unparse(call)


def escaped(source: str) -> list[str]:
    """The texts of two or more words that a reader may see and that are not looked up.

    Docstrings, logs, errors of Python's own and assertions are for those who write code.
    """
    found: list[str] = []

    def look(node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Name(id="_")) | ast.Assert():
                return
            case ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError" | "TypeError"))):
                return
            case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"))):
                return
            case ast.Expr(value=ast.Constant()):
                return  # a docstring
            case ast.Constant(value=str() as text) if re.search(r"\b[a-z]+,? [a-z]+\b", text):
                found.append(text)
        for child in ast.iter_child_nodes(node):
            look(child)

    look(ast.parse(source))
    return found


def test_an_escaped_sentence_is_found() -> None:
    source = '"""A module of these."""\nx = _("is looked up"), "all words", f"{x} of them {x}"\n'
    assert escaped(source) == ["all words", " of them "]
    assert escaped('raise ValueError("not a tag")\nassert x, "no such thing"\n') == []


@pytest.mark.parametrize("path", READ_BY_LEARNERS, ids=lambda path: path.name)
def test_no_sentence_escapes_the_translation(path: Path) -> None:
    texts = escaped(path.read_text(encoding="utf-8"))
    assert [text for text in texts if text not in ALLOWED and not MARKUP.search(text)] == []


def test_each_exception_is_still_needed() -> None:
    texts = {text for path in READ_BY_LEARNERS for text in escaped(path.read_text("utf-8"))}
    assert set(ALLOWED) <= texts
