"""A first row that names columns is a header, in any language, with or without the option."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading import Annotated, annotated, in_iob2, notices, pairs, read, sentences, write

from helpers.tagging import spans_to_tags

HEADERS = [
    ["Satz", "Wort", "Tag"],
    ["Satznummer", "Wort", "Etikett"],
    ["phrase", "mot", "étiquette"],
    ["oración", "palabra", "etiqueta"],
    ["предложение", "слово", "метка"],
    ["文", "単語", "タグ"],
    ["cümle", "kelime", "etiket"],
    ["sentence_id", "token", "ner_tag"],
    ["x1", "x2", "x3"],
]
WORD = st.text("abcdefgäß中Привет", min_size=2, max_size=6)
CORPUS = sentences(words=WORD, types=["PER", "LOC"]).map(lambda corpus: [*corpus, corpus[0]])


def table(corpus: list[Annotated], separator: str, *, prefixed: bool, number: bool) -> list[str]:
    rows = []
    for at, (words, spans) in enumerate(corpus):
        tags = spans_to_tags(spans, len(words))
        tags = tags if prefixed else [tag.rpartition("-")[2] for tag in tags]
        for word, tag in zip(words, tags, strict=True):
            rows.append(separator.join([str(at)] * number + [word, tag]))
        rows += [] if number else [""]
    return rows


@settings(max_examples=120)
@given(
    corpus=CORPUS,
    header=st.sampled_from(HEADERS),
    form=st.sampled_from([("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")]),
    prefixed=st.booleans(),
    number=st.booleans(),
    named=st.booleans(),
)
def test_a_header_is_no_row(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Annotated],
    header: list[str],
    form: tuple[str, str],
    prefixed: bool,
    number: bool,
    named: bool,
) -> None:
    if not prefixed:  # neighbours of one type would become one entity, and types have to repeat
        corpus = [(["so", "Ada", "came"], [("PER", 1, 2)])] * 2
        # among tabs, a first word without prefixes could be an entity
        assume(form[0] == "a.csv" or number)
    names = header if number else header[1:]
    rows = table(corpus, form[1], prefixed=prefixed, number=number)
    text = "\n".join([form[1].join(names), *rows])
    path = write(tmp_path_factory.getbasetemp(), form[0], text)
    options: dict[str, Any] = {}
    if named:
        options["columns"] = (["sentence"] if number else []) + ["token", "tag"]
    assert annotated(in_iob2(path, **options)) == corpus


@settings(max_examples=80)
@given(
    corpus=CORPUS,
    form=st.sampled_from([("a.csv", ","), ("a.tsv", "\t"), ("a.conll", " ")]),
    named=st.booleans(),
    number=st.booleans(),
)
def test_a_first_row_with_a_tag_is_a_row(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Annotated],
    form: tuple[str, str],
    named: bool,
    number: bool,
) -> None:
    rows = table(corpus, form[1], prefixed=True, number=number)
    path = write(tmp_path_factory.getbasetemp(), form[0], "\n".join(rows))
    options: dict[str, Any] = {}
    if named:
        options["columns"] = (["sentence"] if number else []) + ["token", "tag"]
    assert annotated(in_iob2(path, **options)) == corpus


GERMAN = "Satz;Wort;Etikett\n1;Müller;B-PER\n1;prüft;O\n2;Köln;B-LOC\n2;schläft;O\n"


@pytest.mark.parametrize("columns", [None, ["sentence", "token", "tag"]])
def test_what_excel_writes_in_german(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, columns: list[str] | None
) -> None:
    path = write(tmp_path, "a.csv", GERMAN.encode("cp1252"))
    with pytest.raises(ValueError, match="give encoding='cp1252', or save the file as UTF-8"):
        in_iob2(path)
    options = {"columns": columns} if columns else {}
    split = in_iob2(path, encoding="cp1252", **options)
    assert pairs(split) == [
        [("Müller", "B-PER"), ("prüft", "O")],
        [("Köln", "B-LOC"), ("schläft", "O")],
    ]
    assert f"{path}, line 1: read as a header" in notices(caplog)


@pytest.mark.parametrize("tag", ["PER", "_", "OTHER", "LOC"])
def test_a_tag_that_is_not_written_like_the_others_names_no_column(
    tmp_path: Path, tag: str
) -> None:
    text = f"Ada\t{tag}\nso\tO\nBo\tB-PER\nOslo\tB-LOC\n"
    with pytest.raises(ValueError, match="line 1: the tag .* is not written like the others"):
        in_iob2(write(tmp_path, "a.tsv", text))


def test_a_first_word_with_a_rare_type_is_kept(tmp_path: Path) -> None:
    text = "Ada\tPER\nso\tO\nOslo\tLOC\nBonn\tLOC\nin\tO\n"
    split = read(tmp_path, "a.tsv", text)
    assert pairs(split)[0][0] == ("Ada", "PER")
