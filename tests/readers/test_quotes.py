"""The words that a source says an entity has, against what stands at its offsets."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading import annotated, heard, in_iob2, notices, read, write

from helpers import readers, words

SPAN = {"start": 4, "end": 8, "label": "LOC", "text": "Lima"}
WORD = st.text("abcXYZä中", min_size=1, max_size=5).filter(lambda word: len(words.cut(word)) == 1)
GAP = st.sampled_from([" ", " \N{GRINNING FACE} ", "\n", " é ", "  ", " \n\n"])


def utf_16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# How a program may count what stands before an offset, and how much it adds to an end.
COUNTS: dict[str, tuple[Callable[[str], int], int]] = {
    "count UTF-16 units": (utf_16, 0),
    "count bytes of UTF-8": (lambda text: len(text.encode()), 0),
    "count a line end as two characters": (lambda text: len(text) + text.count("\n"), 0),
    "count a byte order mark": (lambda text: len(text) + 1, 0),
    "have inclusive ends": (len, -1),
}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text, and where its words that are entities begin and end; none of them stands twice."""
    text, entities = "", []
    for at in range(draw(st.integers(2, 9))):
        text += draw(GAP) if text else ""
        word = draw(WORD)
        if at % 2:
            entities.append((len(text), len(text) + len(word)))
        text += word
    plain = text.casefold()
    assume(all(plain.count(plain[start:end]) == 1 for start, end in entities))
    return text, entities


def record(text: str, entities: list[tuple[int, int]], way: str, *, quoted: bool = True) -> str:
    count, more = COUNTS[way]
    spans = [
        {"start": count(text[:start]), "end": count(text[:end]) + more, "label": "x"}
        | ({"text": text[start:end]} if quoted else {})
        for start, end in entities
    ]
    return json.dumps({"text": text, "entities": spans})


@settings(max_examples=150)
@given(document=documents(), way=st.sampled_from([*COUNTS]))
def test_any_way_to_count_is_read_where_quotes_show_it(
    tmp_path_factory: pytest.TempPathFactory,
    document: tuple[str, list[tuple[int, int]]],
    way: str,
) -> None:
    text, entities = document
    path = write(tmp_path_factory.getbasetemp(), "a.jsonl", record(text, entities, way))
    ((tokens, spans),) = annotated(in_iob2(path))
    assert [tokens[start] for _, start, _ in spans] == [text[start:end] for start, end in entities]


@pytest.mark.parametrize("way", COUNTS)
def test_a_notice_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str) -> None:
    text = "Puno é \N{FIRE}\N{FIRE}\nto Lima"
    entities = [(0, 4), (text.index("Lima"), len(text))]
    good = json.dumps({"text": "so", "entities": []})
    split = read(tmp_path, "a.jsonl", f"{good}\n{record(text, entities, way)}")
    assert [tag for tag in split.sentences[1].tags if tag != "O"] == ["B-x", "B-x"]
    assert notices(caplog) == [
        f"{tmp_path}/a.jsonl: 1 texts have offsets that {way}, as their entities show; read so "
        f"(first: {tmp_path}/a.jsonl, line 2)"
    ]


@pytest.mark.parametrize(
    ("text", "annotations", "counted"),
    [
        ("Off\r\nto\r\nLima", "T1\tLOC 7 11\tLima\n", "count a line end as one character"),
        ("Off\nto\nLima", "T1\tLOC 9 13\tLima\n", "count a line end as two characters"),
        ("\N{GRINNING FACE} Lima", "T1\tLOC 3 7\tLima\n", "count UTF-16 units"),
        ("Off to Lima", "T1\tLOC 8 12\tLima\n", "count a byte order mark"),
        ("Off to Lima", "T1\tLOC 7 10\tLima\n", "have inclusive ends"),
    ],
)
def test_documents_of_brat(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, annotations: str, counted: str
) -> None:
    write(tmp_path, "a.ann", annotations)
    split = read(tmp_path, "a.txt", text)
    assert dict(zip(split.sentences[0].tokens, split.sentences[0].tags, strict=True))["Lima"] == (
        "B-LOC"
    )
    assert [counted in line for line in notices(caplog)] == [True]


def test_label_studio_counts_units_of_javascript(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    value = {"start": 9, "end": 15, "text": "Lisbon", "labels": ["LOC"]}
    task = {
        "data": {"text": "So hot\N{FIRE} Lisbon"},
        "annotations": [{"result": [{"type": "labels", "value": value}]}],
    }
    split = read(tmp_path, "a.json", json.dumps([task]))
    assert split.sentences[0].tags == ["O", "O", "O", "B-LOC"]
    assert "count UTF-16 units" in notices(caplog)[0]


@pytest.mark.parametrize(
    "quote",
    ["Lima", "lima", " Lima\n", "Li ma", "Li\\nma", "\N{FULLWIDTH LATIN CAPITAL LETTER L}ima"],
)
def test_white_space_letter_case_and_width_do_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, quote: str
) -> None:
    record_ = {"text": "off Lima", "spans": [SPAN | {"text": quote}]}
    assert read(tmp_path, "a.jsonl", json.dumps(record_)).sentences[0].tags == ["O", "B-LOC"]
    assert notices(caplog) == []


@pytest.mark.parametrize("quote", [None, "", 7])
def test_a_source_need_not_quote(tmp_path: Path, quote: object) -> None:
    record_ = {"text": "off Lima", "spans": [SPAN | {"text": quote}]}
    assert read(tmp_path, "a.jsonl", json.dumps(record_)).sentences[0].tags == ["O", "B-LOC"]


@settings(max_examples=50)
@given(document=documents(), data=st.data())
def test_what_no_way_to_count_explains_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    document: tuple[str, list[tuple[int, int]]],
    data: st.DataObject,
) -> None:
    text, entities = document
    at = data.draw(st.integers(0, len(entities) - 1))
    spans = [
        {"start": start, "end": end, "label": "x", "text": text[start:end] + "Q" * (number == at)}
        for number, (start, end) in enumerate(entities)
    ]
    content = json.dumps({"text": text, "entities": spans})
    with pytest.raises(ValueError, match=r"line 1: the entity is '.*Q', but from \d+ to \d+ the t"):
        read(tmp_path_factory.getbasetemp(), "a.jsonl", content)


@pytest.mark.parametrize("overlaps", ["refuse", "outermost"])
def test_fragments_that_overlap_are_several_parts(tmp_path: Path, overlaps: str) -> None:
    write(tmp_path, "a.ann", "T1\tLOC 0 6;4 11\tOff to to Lima\nT2\tLOC 7 11\tLima\n")
    path = write(tmp_path, "a.txt", "Off to Lima")
    options = readers.ReadOptions(overlaps=overlaps)  # type: ignore[arg-type]
    if overlaps == "refuse":
        with pytest.raises(ValueError, match=r"line 1: the entity 'T1.*has 2 parts"):
            readers.read(path, options)
    else:
        assert readers.read(path, options).sentences[0].tags == ["O", "O", "B-LOC"]


# --- sources that do not quote: nothing is changed, and a doubt is voiced where a count explains it


def unquoted(n: int, way: str) -> str:
    """Texts with entities behind an emoji, and in front of it."""
    text = "Lima, \N{GRINNING FACE} é\nCuzco and Puno"
    entities = [(text.index(word), text.index(word) + len(word)) for word in ("Lima", "Cuzco")]
    return "\n".join([record(text, entities, way, quoted=False)] * n)


@pytest.mark.parametrize("way", ["count UTF-16 units", "have inclusive ends"])
def test_a_doubt_is_voiced(tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str) -> None:
    read(tmp_path, "a.jsonl", unquoted(3, way))
    (*_, doubt) = notices(caplog)
    assert f"would not need it if all offsets {way}; compare the offsets of some" in doubt


COMPOUNDS = ["SmartHome-Zentrale-Anleitung", "Akku-Laufzeit", "USB-Kabel", "E-Mail-Adresse"]


@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.sampled_from(COMPOUNDS), min_size=2, max_size=8))
def test_no_doubt_is_voiced_of_compounds(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    lines = [
        json.dumps({"text": f"Die {word} \N{FIRE}", "entities": [[4, 4 + word.index("-"), "x"]]})
        for word in words
    ]
    path = write(tmp_path_factory.getbasetemp(), "a.jsonl", "\n".join(lines))
    with heard() as said:
        readers.read(path)
    (widened,) = said
    assert f"{len(words)} entities begin or end inside a word and take the whole word" in widened


def test_no_doubt_is_voiced_where_other_entities_contradict_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    apples = json.dumps({"text": "Apples", "entities": [[0, 5, "x"]]})
    lima = json.dumps({"text": "Lima now", "entities": [[0, 4, "x"]]})
    read(tmp_path, "a.jsonl", "\n".join([apples, apples, *[lima] * 3]))
    (widened,) = notices(caplog)
    assert "2 entities begin or end inside a word" in widened
