"""Columns that name words, sentences and documents hold no words, in any form of table."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Annotated, annotated, in_iob2, notices, pairs, read, sentences, write

from helpers.tagging import spans_to_tags

WORD = st.text("abcdefgäß中Привет", min_size=2, max_size=6)
CORPUS = sentences(words=WORD, types=["PER", "LOC"]).map(
    lambda corpus: [*corpus, *[(["some", "more", "words", "follow"], [])] * 3]
)
# What a column may hold: from the number of a sentence and of a word to a cell.
NAMES: dict[str, Callable[[int, int], str]] = {
    "one document": lambda sentence, word: "doc1",
    "documents": lambda sentence, word: f"train/doc-{'ab'[sentence > 2]}.txt",
    "sentences": lambda sentence, word: f"Satz {sentence}",
    "numbers of sentences": lambda sentence, word: str(sentence + 90),
    "numbers of words": lambda sentence, word: str(word + 1),
    "names of words": lambda sentence, word: f"s{sentence}w{word}",
    "offsets": lambda sentence, word: f"{9 * word}:{9 * word + 5}",
    "nothing": lambda sentence, word: "_",
}


def rows(corpus: list[Annotated], names: list[str]) -> list[list[list[str]]]:
    return [
        [
            [*(NAMES[name](number, at) for name in names), word, tag]
            for at, (word, tag) in enumerate(
                zip(words, spans_to_tags(spans, len(words)), strict=True)
            )
        ]
        for number, (words, spans) in enumerate(corpus)
    ]


@settings(max_examples=120)
@given(
    corpus=CORPUS,
    names=st.lists(st.sampled_from([*NAMES]), min_size=1, max_size=3),
    separator=st.sampled_from(["\t", ",", ";"]),
)
def test_names_are_no_words(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Annotated],
    names: list[str],
    separator: str,
) -> None:
    blocks = (
        "\n".join(separator.join(row) for row in sentence) for sentence in rows(corpus, names)
    )
    name = "a.conll" if separator == "\t" else "a.csv"
    path = write(tmp_path_factory.getbasetemp(), name, "\n\n".join(blocks))
    assert annotated(in_iob2(path)) == corpus


@settings(max_examples=60)
@given(
    corpus=CORPUS,
    name=st.sampled_from(["sentences", "numbers of sentences"]),
    others=st.lists(st.sampled_from(["one document", "numbers of words", "nothing"]), max_size=2),
    fill=st.booleans(),
    form=st.sampled_from([("a.conll", "\t"), ("a.csv", ","), ("a.csv", "\t")]),
)
def test_without_borders_the_column_that_changes_slowly_ends_sentences(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Annotated],
    name: str,
    others: list[str],
    fill: bool,
    form: tuple[str, str],
) -> None:
    long = [one for one in corpus if len(one[0]) > 2]  # else names change with most words
    table = [
        ["" if fill and at and form[1] != "\t" else row[0], *row[1:]]
        for sentence in rows(long, [name, *others])
        for at, row in enumerate(sentence)
    ]
    text = "\n".join(form[1].join(row) for row in table)
    path = write(tmp_path_factory.getbasetemp(), form[0], text)
    assert annotated(in_iob2(path)) == long


SMALLEST = "doc1\tAna\tB-PER\ndoc1\tlives\tO\ndoc1\tin\tO\ndoc1\tLima\tB-LOC\n"


def test_the_columns_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    split = read(tmp_path, "a.tsv", f"{SMALLEST}\n{SMALLEST.replace('doc1', 'doc2')}")
    assert [word for word, _ in pairs(split)[0]] == ["Ana", "lives", "in", "Lima"]
    assert [one.document for one in split.sentences] == ["doc1", "doc2"]
    assert notices(caplog) == [
        f"{tmp_path}/a.tsv: column 2 holds the words and column 3 the tags, as with "
        "columns=['_', 'token', 'tag']"
    ]


@pytest.mark.parametrize("header", ["", "sentence_no,word,tag\n", "Satznummer,Wort,Etikett\n"])
def test_the_column_of_sentences_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    caplog.set_level(logging.INFO)
    split = read(tmp_path, "a.csv", f"{header}7,Ada,B-PER\n7,spoke,O\n8,Bo,B-PER\n8,left,O\n")
    assert [one.id for one in split.sentences] == ["7", "8"]
    path = f"{tmp_path}/a.csv"
    assert (
        f"{path}: column 2 holds the words and column 3 the tags, and column 1 the sentences, as "
        "with columns=['sentence', 'token', 'tag']"
    ) in [record.getMessage() for record in caplog.records]


def test_sentences_may_be_short(tmp_path: Path) -> None:
    rows = "1,Müller,B-PER\n1,prüft,O\n2,Köln,B-LOC\n2,schläft,O\n3,So,O\n4,Bo,B-PER\n"
    assert [len(one) for one in pairs(read(tmp_path, "a.csv", rows))] == [2, 2, 1, 1]


@pytest.mark.parametrize("n_words", [2, 9, 2000])
@pytest.mark.parametrize("header", ["word,tag\n", "", "Wort,Etikett\n"])
def test_csv_that_would_be_one_sentence_is_refused(
    tmp_path: Path, n_words: int, header: str
) -> None:
    text = header + "Ada,B-PER\n" + "".join(f"word{at},O\n" for at in range(1, n_words))
    with pytest.raises(ValueError, match=f"so that all {n_words} words would be one sentence; na"):
        read(tmp_path, "a.csv", text)


@pytest.mark.parametrize("text", ["Ada,B-PER\n", "Ada,B-PER\nso,O\n,\nBo,B-PER\n"])
def test_csv_of_one_word_or_with_borders_is_read(tmp_path: Path, text: str) -> None:
    assert pairs(read(tmp_path, "a.csv", text))[0][0] == ("Ada", "B-PER")


def test_two_columns_that_could_be_the_words_are_both_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [f"w{one}{two}" for one in "abcdefgh" for two in "stuvwxyz"]
    text = "".join(f"{word}\tlemma-{word}\tO\n" for word in words) + "Ada\tada\tB-PER\n"
    split = read(tmp_path, "a.tsv", text)
    assert split.sentences[0].tokens == [*words, "Ada"]
    assert notices(caplog) == [
        f"{tmp_path}/a.tsv: column 1 was taken for the words; column 2 could be the words too"
    ]


def test_parts_of_speech_are_no_rival_of_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [f"w{one}{two}" for one in "abcdefgh" for two in "stuvwxyz"]
    tags = ["NN", "VBD", "DT", "JJ", "IN"]
    text = "".join(f"{word}\t{tags[at % 5]}\tO\n" for at, word in enumerate(words))
    read(tmp_path, "a.tsv", text + "Ada\tNNP\tB-PER\n")
    assert notices(caplog) == []


def test_words_are_kept_where_no_other_column_could_hold_them(tmp_path: Path) -> None:
    split = read(tmp_path, "a.tsv", "ha\tO\nha\tO\nha\tB-x\nha\tI-x\n")
    assert split.sentences[0].tokens == ["ha"] * 4


@pytest.mark.parametrize(
    ("border", "expected"),
    [
        ("-DOCSTART- O\n\n", ["line 1", "line 1", "line 9"]),
        ("# newdoc id = x\n", ["line 1", "line 1", "line 8"]),
        ("#begin document (a); part 0\n", ["line 1", "line 1", "line 8"]),
        ("", ["", "", ""]),
    ],
)
def test_documents_by_what_begins_them(tmp_path: Path, border: str, expected: list[str]) -> None:
    text = f"{border}Ada\tB-x\nso\tO\n\nBo\tB-x\nso\tO\n\n{border}Cy\tB-x\n"
    assert [one.document for one in read(tmp_path, "a.conll", text).sentences] == expected
