"""Documents of BRAT: a text and its annotations in two files."""

from pathlib import Path

import pytest
from reading import notices, pairs, read, write

from helpers import readers

TEXT = "Ada spoke in\nSão Paulo.\n"
ANNOTATIONS = (
    "T1\tPER 0 3\tAda\n"
    "T2\tLOC 13 16;17 22\tSão Paulo\n"
    "R1\tLives Arg1:T1 Arg2:T2\n"
    "E1\tSay:T1\n"
    "A1\tSure T1\n"
    "M1\tSure T1\n"
    "N1\tReference T1 Wiki:1\tAda\n"
    "*\tEquiv T1 T2\n"
    "#1\tAnnotatorNotes T1\tsee below\n"
)
TAGGED = [
    *(("Ada", "B-PER"), ("spoke", "O"), ("in", "O"), ("São", "B-LOC"), ("Paulo", "I-LOC")),
    (".", "O"),
]


def document(folder: Path, name: str, text: str = TEXT, annotations: str = ANNOTATIONS) -> None:
    write(folder, f"{name}.txt", text)
    write(folder, f"{name}.ann", annotations)


def test_a_document(tmp_path: Path) -> None:
    document(tmp_path, "a")
    split = readers.read(tmp_path / "a.txt")
    assert pairs(split) == [TAGGED]
    assert split.place(0, 3) == f"{tmp_path}/a.txt, line 2"


def test_a_folder_of_documents(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    document(tmp_path, "b")
    document(tmp_path, "a", text="Bo", annotations="")
    document(tmp_path, "blank", text=" ", annotations="")
    write(tmp_path, "readme.txt", "About")
    split = readers.read(tmp_path)
    assert [one.id for one in split.sentences] == ["a", "b"]
    assert pairs(split) == [[("Bo", "O")], TAGGED]
    assert split.place(1, 3) == f"{tmp_path}, b, line 2"
    assert notices(caplog) == [
        f"{tmp_path}: left out 1 texts without an .ann: readme.txt",
        f"{tmp_path}/blank.txt: left out, since it holds no word",
    ]


def test_the_encoding_is_that_of_both_files(tmp_path: Path) -> None:
    write(tmp_path, "a.ann", "T1\tÖrt 0 4\tLäby\n".encode("latin-1"))
    split = read(tmp_path, "a.txt", "Läby".encode("latin-1"), encoding="latin-1")
    assert pairs(split) == [[("Läby", "B-Ört")]]


PARTS = "T1\tLOC 0 3;10 12\tAda in\nT2\tPER 0 3\tAda\n"


def test_entities_in_parts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    document(tmp_path, "a", annotations=PARTS)
    with pytest.raises(ValueError, match=r"a\.ann, line 1: the entity 'T1.*has 2 parts, which tag"):
        readers.read(tmp_path)
    split = readers.read(tmp_path, readers.ReadOptions(overlaps="outermost"))
    assert pairs(split)[0][:2] == [("Ada", "B-PER"), ("spoke", "O")]
    (line,) = notices(caplog)
    assert f"{tmp_path}: 1 entities are left out, since they lie inside, across or in p" in line


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("T1\tPER 0\tAda\n", r"a\.ann, line 1: expected an entity such as 'T1\\tperson 0 3\\tAda'"),
        ("\nT1 PER 0 3 Ada\n", r"a\.ann, line 2: expected an entity such as"),
        (" T1\tPER 0 3\tAda\n", r"a\.ann, line 1: expected an entity such as"),
        (f"T1\tPER 0 {'9' * 5000}\tAda\n", r"a\.ann, line 1: expected an entity such as"),
        ("T1\tPER 0 99\n", r"a\.ann, line 1: expected an entity with 0 <= start < end <= 24"),
        ("T1\tPER 0 9\nT2\tPER 4 9\n", r"a\.ann, line 2: the entities 'Ada spoke' .* overlap"),
    ],
)
def test_faults_of_annotations(tmp_path: Path, annotations: str, message: str) -> None:
    document(tmp_path, "a", annotations=annotations)
    with pytest.raises(ValueError, match=message):
        readers.read(tmp_path)


def test_annotations_without_a_text(tmp_path: Path) -> None:
    document(tmp_path, "b")
    write(tmp_path, "a.ann", ANNOTATIONS)
    with pytest.raises(ValueError, match=r": a\.ann has no text beside it; put the .txt there"):
        readers.read(tmp_path)
