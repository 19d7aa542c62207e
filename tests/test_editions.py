"""The editions in other languages: what must come through, and what must be caught."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from lessons import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import editions
import faults
import messages

LESSONS, PAGES = editions.LESSONS, editions.PAGES
DOMAINS = list(editions.templates())


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", LESSONS, ids=name_of)
def test_a_lesson_translated_to_itself_is_unchanged(path: Path) -> None:
    n_messages = 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            pieces = messages.pieces(cell.source)
            n_messages += len(pieces)
            assert [cell.source[piece.start : piece.end] for piece in pieces] == [
                piece.message for piece in pieces
            ]
            assert messages.translated(cell.source, str) == cell.source
    assert n_messages > 100


@pytest.mark.parametrize("path", [*PAGES, editions.README], ids=name_of)
def test_a_page_translated_to_itself_is_unchanged(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert messages.translated(source, str) == source


LINES = st.text(st.sampled_from("ab *`_#>|-[]()<!\n 1.:\\{}"), max_size=60)


@given(LINES)
def test_any_markdown_translated_to_itself_is_unchanged(source: str) -> None:
    assert messages.translated(source, str) == source


@pytest.mark.parametrize("path", LESSONS, ids=name_of)
def test_a_lesson_has_the_same_code_in_each_edition(path: Path) -> None:
    """Byte for byte, but for the set-up cell, which chooses the language."""
    english = nbformat.read(path, as_version=4)
    japanese = nbformat.read(path.parent / "ja" / path.name, as_version=4)
    assert [cell.id for cell in japanese.cells] == [cell.id for cell in english.cells]
    assert japanese.metadata == english.metadata
    differ = [
        theirs.id
        for ours, theirs in zip(english.cells, japanese.cells, strict=True)
        if (ours.source != theirs.source and ours.cell_type == "code")
        or ours.cell_type != theirs.cell_type
        or ours.metadata != theirs.metadata
    ]
    assert differ == ["setup"]
    assert 'os.environ["LESSON_LANGUAGE"] = "ja"' in japanese.cells[1].source


def test_the_edition_is_up_to_date_and_without_a_fault() -> None:
    assert list(editions.problems(editions.templates())) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_catalogue_is_read_as_it_was_written(domain: str) -> None:
    text = editions.path_of(domain).read_text(encoding="utf-8")
    assert editions.written(editions.read(domain)) == text


# Planted changes


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A course of one lesson, translated, in a folder of its own."""
    lesson = tmp_path / "notebooks" / "01_x.ipynb"
    (tmp_path / "docs").mkdir()
    (tmp_path / "helpers").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "build_site.py").write_text("")
    lesson.parent.mkdir()
    sentence = "The tagger finds `B-x` in **12** words; see [Hub](https://hf.co)."
    cells = [
        nbformat.v4.new_markdown_cell("# Tags\n\n[![Open in Colab](a)](b)", id="title"),
        nbformat.v4.new_code_cell("", id="setup"),
        nbformat.v4.new_markdown_cell(sentence, id="one"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lesson)
    (tmp_path / "README.md").write_text("# Lessons\n\n## Set-up without make\n")
    for name, value in {
        "ROOT": tmp_path,
        "LESSONS": [lesson],
        "PAGES": [],
        "README": tmp_path / "README.md",
        "TRANSLATED_README": tmp_path / "README.ja.md",
    }.items():
        monkeypatch.setattr(editions, name, value)
    command("update")
    fill("01_x", "Tags", "タグ")
    fill("01_x", sentence, "タガーは **12** 語に `B-x` を見つけます（[Hub](https://hf.co)）。")
    fill("README", "Lessons", "レッスン")
    command("build")
    assert command("check") == ""
    yield tmp_path
    editions._catalogue.cache_clear()  # it holds what stood in this folder


def command(*words: str, code: int = 0) -> str:
    editions._catalogue.cache_clear()
    done = CliRunner().invoke(editions.main, words)
    assert done.exit_code == code, done.output
    return done.output


def fill(domain: str, english: str, japanese: str) -> None:
    """Do what a translator does in the file."""
    catalogue = editions.read(domain)
    message = catalogue[english]
    message.string, message.previous_id = japanese, []
    message.flags.discard("fuzzy")
    editions.path_of(domain).write_text(editions.written(catalogue), encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_paragraph_is_caught_until_its_translation_follows(course: Path) -> None:
    edit(editions.LESSONS[0], "finds `B-x`", "often finds `B-x`")
    assert "01_x.po: out of date; run `python tools/editions.py update`" in command("check", code=1)
    assert "01_x.po: 1 messages wait for translation" in command("update")
    catalogue = editions.path_of("01_x").read_text(encoding="utf-8")
    assert '#, fuzzy\n#| msgid "The tagger finds `B-x`' in catalogue
    assert "01_x.po: its English has changed: 'The tagger often finds" in command("check", code=1)
    command("update")
    assert editions.path_of("01_x").read_text(encoding="utf-8") == catalogue
    changed = "The tagger often finds `B-x` in **12** words; see [Hub](https://hf.co)."
    fill("01_x", changed, "タガーは **12** 語に `B-x` をよく見つけます（[Hub](https://hf.co)）。")
    assert "notebooks/ja/01_x.ipynb: out of date; run `python tools/editions.py build`" in command(
        "check", code=1
    )
    command("build")
    assert command("check") == ""


def test_whoever_writes_english_alone_defers_the_translation(course: Path) -> None:
    edit(editions.LESSONS[0], "finds `B-x`", "often finds `B-x`")
    edit(editions.README, "# Lessons\n", "# Lessons\n\nA new sentence.\n")
    command("update", "--defer")
    command("build")
    assert command("check") == "note: 2 messages are deferred and stay English\n"
    lesson = (course / "notebooks" / "ja" / "01_x.ipynb").read_text(encoding="utf-8")
    assert '〔未訳〕 <span lang=\\"en\\">The tagger often finds' in lesson
    assert "タグ" in lesson
    fill("README", "A new sentence.", "新しい文です。")
    command("update")
    command("build")
    assert command("check") == "note: 1 messages are deferred and stay English\n"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("`B-x`", "タグ", "code is lost: `B-x`"),
        ("**12**", "**13**", "a number is lost: 12"),
        ("hf.co", "hf.co/ja", "the address of a link is lost: (https://hf.co)"),
        ("タガー", "分類器", "the term タガー is missing (taggers?)"),
    ],
)
def test_a_planted_fault_is_caught(course: Path, old: str, new: str, complaint: str) -> None:
    edit(editions.path_of("01_x"), f"{old}", new) if old == "タガー" else _in_translation(old, new)
    assert complaint in command("check", code=1)


def _in_translation(old: str, new: str) -> None:
    catalogue = editions.read("01_x")
    [message] = [its for its in editions.entries(catalogue) if "B-x" in str(its.id)]
    message.string = str(message.string).replace(old, new)
    editions.path_of("01_x").write_text(editions.written(catalogue), encoding="utf-8")


def test_a_message_that_is_gone_leaves_the_catalogue(course: Path) -> None:
    edit(editions.LESSONS[0], "# Tags\\n", "# Words and more\\n")
    command("update")
    catalogue = editions.path_of("01_x").read_text(encoding="utf-8")
    assert "タグ" not in catalogue
    assert 'msgid "Words and more"\nmsgstr ""' in catalogue


def test_a_catalogue_without_a_source_is_noticed(course: Path) -> None:
    (course / "locale" / "ja" / "LC_MESSAGES" / "gone.po").write_text("")
    assert "gone.po: there is no source of this name; delete it" in command("check", code=1)


def test_two_mistakes_of_one_exercise_are_told_apart() -> None:
    """A check finds a mistake by its sentence, so that two equal ones would be one."""
    seen: dict[tuple[str, str], str] = {}
    for message in editions.entries(editions.read("helpers")):
        for file in message.auto_comments:
            if "exercises" in file and str(message.string).endswith("。"):
                key = (file, str(message.string))
                assert key not in seen, (seen.get(key), message.id)
                seen[key] = str(message.id)


# Rules of writing


@pytest.mark.parametrize(
    ("english", "japanese", "fault"),
    [
        ("Read `x` first.", "`x` を先に読みます。", None),
        ("Read `x` first.", "y を先に読みます。", "code is lost: `x`"),
        ("Read it.", "`x` を読みます。", "code is not in the English: `x`"),
        ("Found {n:,} of it.", "{n} 個ありました。", "a place for a value is lost: {n:,}"),
        ("See [a](b.md) now.", "[a](c.md) を見ます。", "the address of a link is lost: (b.md)"),
        ("<b>Bold</b> it is.", "太字です。", "an HTML tag is lost: </b>"),
        ("It takes 12 minutes.", "20 分かかります。", "a number is lost: 12"),
        ("It takes minutes.", "20 分かかります。", "a number is not in the English: 20"),
        ("It takes two minutes.", "2 分かかります。", None),
        ("The **rule** holds.", "**規則** が成り立ちます。", "a space between Japanese letters: "),
        ("The **rule** holds.", "**規則**が成り立ちます。", None),
        ("The **rule** holds.", "規則が成り立ちます。", "1 bold texts in English, 0 here"),
        (
            "The **rule** holds.",
            "この**「規則」**が成り立ちます。",
            "an asterisk that is no emphasis",
        ),
        ("It holds.", "成り立ち  ます。", "two spaces"),
        ("It holds.", "ｶﾅ です。", "half-width kana"),
        ("It holds, so read.", "成り立つので,読みます。", "half-width punctuation after Japanese"),
        ("It holds (here).", "成り立ちます (ここで)。", "half-width parentheses around Japanese"),
        ("The CPU is busy.", "CPUは忙しいです。", "no space between Japanese and Latin"),
        ("The CPU is busy.", "CPU 、忙しいです。", "a space beside Japanese punctuation"),
        ("The CPU is busy.", "CPU は忙しい状態である。", "not in です・ます"),
        ("The CPU was busy.", "CPU は忙しい状態でした。", None),
        ("The CPU was busy.", "ＣＰＵ は忙しい状態でした。", "full-width letters or digits"),
        ("It has high precision.", "精度が高いです。", "the term 適合率 is missing (precision)"),
        ("It has high precision.", "適合率が高いです。", None),
        ("The `precision` is high.", "`precision` が高いです。", None),
    ],
)
def test_a_rule_of_writing(english: str, japanese: str, fault: str | None) -> None:
    found = list(faults.faults(english, japanese))
    assert bool(found) == bool(fault), found
    assert not fault or any(fault in text for text in found), found


def test_a_translator_can_free_a_message_of_a_term() -> None:
    english, japanese = "Do it with precision.", "正確に行います。"
    assert list(faults.faults(english, japanese, ["free: precision"])) == []
    assert list(faults.faults(english, japanese)) == ["the term 適合率 is missing (precision)"]


def test_the_glossary_shows_the_terms_in_both_languages() -> None:
    catalogue = editions.read("glossary")
    shown = {
        str(message.id): str(message.string)
        for message in editions.entries(catalogue)
        if re.match(r"\*\*.*\[[\d, –]+\]$", str(message.id))
    }
    assert len(shown) > 80
    for english, japanese in shown.items():
        for pattern, term in faults.required().values():
            names = english.strip("*").split("**")[0].split(", ")
            if any(pattern.fullmatch(name) for name in names):
                assert term in japanese, (english, japanese)


# Search in Japanese pages


def search() -> Callable[[str], list[str]]:
    pytest.importorskip("sphinx", reason="the extra [site] is not installed; `make test` does it")
    from japanese_search import JapaneseSearch

    return JapaneseSearch({}).split


@given(st.text(st.sampled_from("固有表現のタグ a1ー、。"), max_size=20))
def test_every_part_of_a_text_is_in_the_index(text: str) -> None:
    split = search()
    index = set(split(text))
    for run in re.findall(r"[固有表現のタグー]+", text):
        assert {run[i : i + 2] for i in range(len(run) - 1)} <= index
        assert set(run) <= index
    assert set(re.findall(r"[a1]+", text)) <= index
