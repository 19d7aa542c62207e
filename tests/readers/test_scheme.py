"""How the tags of a source are written, and what is said of it."""

from pathlib import Path

import pytest
from reading import annotated, in_iob2, notices, pairs, read, write

from helpers import readers


def tagged(folder: Path, name: str, *sentences: str) -> Path:
    """A file with the words w0, w1, … and the tags of each sentence."""
    blocks = (
        "".join(f"w{at}\t{tag}\n" for at, tag in enumerate(tags.split())) for tags in sentences
    )
    return write(folder, name, "\n".join(blocks))


@pytest.mark.parametrize(
    ("tags", "types", "scheme", "example"),
    [
        ("I-x I-x B-x O", "x", "IOB1", ""),
        ("B-x E-x S-x O", "x", "IOBES", ""),
        ("B-x L-x U-x O", "x", "BILOU", ""),
        ("B I B O", "entity", "IOB2", ", 'B' read as 'B-entity'"),
        ("b i b o", "entity", "IOB2", ", 'b' read as 'B-entity'"),
        ("B_x I_x B_x O", "x", "IOB2", ", 'B_x' read as 'B-x'"),
        ("B:x I:x B:x O", "x", "IOB2", ", 'B:x' read as 'B-x'"),
        ("x-B x-I x-B O", "x", "IOB2", ", 'x-B' read as 'B-x'"),
        ("b-x i-x b-x o", "x", "IOB2", ", 'b-x' read as 'B-x'"),
        ("B-x E-x S-x o", "x", "IOBES", ", 'o' read as 'O'"),
        ("B-x M-x E-x S-x O", "x", "IOBES", ", 'M-x' read as 'I-x'"),
        ("B-x E-x W-x O", "x", "IOBES", ", 'W-x' read as 'S-x'"),
        ("B-x I-x B-x 0", "x", "IOB2", ", '0' read as 'O'"),
        ("B-x I-x B-x _", "x", "IOB2", ", '_' read as 'O'"),
        ("B-x I-x B-x OTHER", "x", "IOB2", ", 'OTHER' read as 'O'"),
        ("B-E-mail I-E-mail B-E-mail O", "E-mail", None, ""),
    ],
)
def test_every_spelling_becomes_iob2_and_one_line_says_so(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    tags: str,
    types: str,
    scheme: str | None,
    example: str,
) -> None:
    path = tagged(tmp_path, "a.conll", tags)
    ((_, spans),) = annotated(in_iob2(path))
    length = 3 if "M-" in tags else 2
    assert spans == [(types, 0, length), (types, length, length + 1)]
    said = f"{path}: converted the tags from {scheme} to IOB2{example}"
    if scheme == "IOB2":
        said = f"{path}: the tags are in IOB2{example}"
    assert notices(caplog) == ([said] if scheme else [])


@pytest.mark.parametrize("outside", ["O", "o", "0", "_", "OTHER"])
def test_types_without_prefixes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, outside: str
) -> None:
    path = tagged(tmp_path, "a.conll", f"{outside} x x E-mail x E-mail {outside}")
    assert [tag for _, tag in pairs(in_iob2(path))[0]] == [
        *("O", "B-x", "I-x", "B-E-mail", "B-x", "B-E-mail", "O")
    ]
    assert notices(caplog) == [f"{path}: converted the tags from types without prefixes to IOB2"]


def test_the_place_of_a_tag_that_shows_it(tmp_path: Path) -> None:
    path = tagged(tmp_path, "a.conll", "B-x O", "O O odd O")
    with pytest.raises(ValueError, match=r"a\.conll, line 6: the tag 'odd' is not written like"):
        in_iob2(path)


# --- near-valid tags


@pytest.mark.parametrize(
    ("sentences", "spans", "said"),
    [
        (
            ["B-x O I-x", "B-x I-y O"],
            [[("x", 0, 1), ("x", 2, 3)], [("x", 0, 1), ("y", 1, 2)]],
            "2 of 6 tags (33 %) do not fit IOB2 where they stand; read as conlleval reads them "
            "(first: 'I-x', {path}, line 3)",
        ),
        (
            ["I-x I-x B-x O", "O B-x", "I-x"],
            [[("x", 0, 2), ("x", 2, 3)], [("x", 1, 2)], [("x", 0, 1)]],
            "1 of 7 tags (14 %) do not fit IOB1 where they stand; read as conlleval reads them "
            "(first: 'B-x', {path}, line 7)",
        ),
        (
            ["B-x E-x B-x O", "S-x S-x", "B-x E-x S-x"],
            [
                [("x", 0, 2), ("x", 2, 3)],
                [("x", 0, 1), ("x", 1, 2)],
                [("x", 0, 2), ("x", 2, 3)],
            ],
            "1 of 9 tags (11 %) do not fit IOBES where they stand; read as conlleval reads them "
            "(first: 'O', {path}, line 4)",
        ),
        (
            ["B-x L-x U-x", "O L-x O"],
            [[("x", 0, 2), ("x", 2, 3)], [("x", 1, 2)]],
            "1 of 6 tags (17 %) do not fit BILOU where they stand; read as conlleval reads them "
            "(first: 'L-x', {path}, line 6)",
        ),
    ],
)
def test_tags_that_their_scheme_does_not_allow_are_read_and_counted(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    sentences: list[str],
    spans: list[object],
    said: str,
) -> None:
    path = tagged(tmp_path, "a.conll", *sentences)
    assert [found for _, found in annotated(in_iob2(path))] == spans
    assert f"{path}: {said.format(path=path)}" in notices(caplog)


# --- several splits


def test_splits_may_be_in_different_schemes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = {
        "train": tagged(tmp_path, "train.conll", "B-x E-x S-x O"),
        "validation": tagged(tmp_path, "dev.conll", "I-x I-x B-x O"),
        "test": tagged(tmp_path, "test.conll", "B_x I_x B_x O"),
    }
    splits = readers.in_iob2({name: readers.read(path) for name, path in paths.items()})
    for split in splits.values():
        assert [tag for _, tag in pairs(split)[0]] == ["B-x", "I-x", "B-x", "O"]
    assert notices(caplog) == [
        f"{paths['train']}: converted the tags from IOBES to IOB2",
        f"{paths['validation']}: converted the tags from IOB1 to IOB2",
        f"{paths['test']}: the tags are in IOB2, 'B_x' read as 'B-x'",
    ]


def test_a_split_that_shows_too_little_is_read_as_the_others(tmp_path: Path) -> None:
    paths = [
        tagged(tmp_path, "train.conll", "x x y O O x"),
        tagged(tmp_path, "test.conll", "O x", "O"),
    ]
    options = readers.ReadOptions(columns=["token", "tag"])
    splits = readers.in_iob2({path.stem: readers.read(path, options) for path in paths})
    assert [tag for _, tag in pairs(splits["test"])[0]] == ["O", "B-x"]


def test_declared_tags_become_iob2_too(tmp_path: Path) -> None:
    text = '{"tokens": ["a", "b", "c"], "tags": [1, 2, 0]}'
    names = ["O", "B-x", "E-x", "S-x", "S-y"]
    split = read(tmp_path, "a.jsonl", text, tag_names=names)
    read_ = readers.in_iob2({"train": split})["train"]
    assert pairs(read_) == [[("a", "B-x"), ("b", "I-x"), ("c", "O")]]
    assert read_.declared == names
