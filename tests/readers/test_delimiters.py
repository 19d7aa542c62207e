"""Quotation marks enclose the cells of CSV, and those of a table with tabs if they show that."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import pairs, read, write

from helpers import readers
from helpers.readers.delimiters import find_delimiter, has_quotes

CELL = st.text("ab\"' ,;\t", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("id\ttext", "\t"), ("id,text", ","), ("id;text;a,b", ";"), ("text", ",")],
)
def test_the_delimiter_is_the_one_that_the_header_holds_most(header: str, delimiter: str) -> None:
    assert find_delimiter(header) == delimiter


@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=4))
def test_what_a_program_encloses_between_tabs_is_opened(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter="\t", lineterminator="\n").writerows(
        [*((word, "O", other) for word, other in rows), ("", "", ""), ('"', "B-x", "y")]
    )
    path = write(tmp_path_factory.getbasetemp(), "a.tsv", buffer.getvalue())
    options = readers.ReadOptions(columns=["token", "tag", "_"])
    words = [word for sentence in readers.read(path, options).sentences for word in sentence.tokens]
    assert words == [*(word for word, _ in rows), '"']


WORD = st.text("ab\"' ,;", min_size=1, max_size=5)


@given(words=st.lists(WORD, min_size=1, max_size=6), data=st.data())
def test_one_mark_that_encloses_nothing_makes_all_of_them_words(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(words)))
    words = [*words[:at], data.draw(st.sampled_from(['"', '"a', '"a"b', '"a""'])), *words[at:]]
    text = "".join(f"{word}\tO\n" for word in words)
    path = write(tmp_path_factory.getbasetemp(), "a.tsv", text + "Ada\tB-x\n")
    found = [word for sentence in readers.read(path).sentences for word in sentence.tokens]
    assert found == [*words, "Ada"]


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_marks_between_tabs_swallow_no_row(tmp_path: Path, name: str) -> None:
    text = 'one\tO\n"second\tO\n\nthird\tO\nsays "hi"\tB-x\n'
    assert [word for one in pairs(read(tmp_path, name, text)) for word, _ in one] == [
        *("one", '"second', "third", 'says "hi"')
    ]


def test_lemmas_that_are_marks_enclose_nothing() -> None:
    assert not has_quotes(['1\t"\t"\tPUNCT', "2\tso\tso\tADV"], "\t")


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_marks_between_commas_always_enclose(delimiter: str) -> None:
    assert has_quotes(['one,"second'], delimiter)
