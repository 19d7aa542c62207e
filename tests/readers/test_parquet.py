"""Parquet files, and data sets as 🤗 Datasets loads them."""

from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from reading import notices, pairs, read, write

from helpers import readers

NAMES = ["O", "B-x", "I-x"]


def save(folder: Path, rows: dict[str, list[object]], tag: object = None) -> Path:
    features = None
    if tag is not None:
        features = Features({"tokens": List(Value("string")), "ner_tags": List(tag)})
    Dataset.from_dict(rows, features=features).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


@pytest.mark.parametrize(
    ("tag", "tags", "names", "declared"),
    [
        (ClassLabel(names=NAMES), [[1, 2], [0]], None, NAMES),
        (Value("int64"), [[1, 2], [0]], NAMES, NAMES),
        (Value("int8"), [[1, 2], [0]], NAMES, NAMES),
        (Value("uint8"), [[1, 2], [0]], NAMES, NAMES),
        (Value("string"), [["B-x", "I-x"], ["O"]], None, None),
    ],
)
def test_words_and_tags(
    tmp_path: Path,
    tag: object,
    tags: list[object],
    names: list[str] | None,
    declared: list[str] | None,
) -> None:
    path = save(tmp_path, {"tokens": [["a", "b"], ["NA"]], "ner_tags": tags}, tag)
    split = readers.read(path, readers.ReadOptions(tag_names=names))
    assert pairs(split) == [[("a", "B-x"), ("b", "I-x")], [("NA", "O")]]
    assert split.declared == declared
    assert split.place(1) == f"{path}, row 2"


def test_texts_with_entities(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spans = [[{"start": 0, "end": 3, "label": "PER"}], []]
    path = save(tmp_path, {"text": ["Ada spoke", " "], "entities": list(spans)})
    assert pairs(readers.read(path)) == [[("Ada", "B-PER"), ("spoke", "O")]]
    assert notices(caplog) == [
        f"{path}: 1 records are left out, since they hold no word (first: {path}, row 2)"
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"tokens": [["a"]]},
            "expected a column tokens or words or token .* and one of ner_tags, ner, tags",
        ),
        ({"toks": [["a"]], "tags": [["O"]]}, "expected a column tokens .*; found toks, tags; rena"),
        ({"tokens": [["a"], ["b"]], "tags": [[0], [0]]}, "row 1: the tags are ids without"),
        ({"tokens": [["a"], ["b"]], "tags": [["O"], None]}, "row 2: expected a list of words and"),
        ({"tokens": [["a"], [None]], "tags": [["O"], ["O"]]}, "row 2: expected at least one"),
        ({"tokens": [["a"], ["b", "c"]], "tags": [["O"], ["O"]]}, "row 2: found 2 tokens and"),
        ({"tokens": ["a"], "tags": ["O"]}, "row 1: expected a list of words and a list of tags"),
    ],
)
def test_faults(tmp_path: Path, rows: dict[str, list[object]], message: str) -> None:
    path = save(tmp_path, rows)
    with pytest.raises(ValueError, match=message):
        readers.read(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_damaged_file(tmp_path: Path, share: float) -> None:
    content = save(tmp_path, {"tokens": [["a"]], "ner_tags": [["O"]]}).read_bytes()
    damaged = content[: round(share * len(content))]
    with pytest.raises(ValueError, match=r"a\.parquet: not a Parquet file that can be read: "):
        read(tmp_path, "a.parquet", damaged)


def test_words_that_are_not_utf_8(tmp_path: Path) -> None:
    content = save(tmp_path, {"tokens": [["qqqq"]], "ner_tags": [["O"]]}).read_bytes()
    path = write(tmp_path, "b.parquet", content.replace(b"qqqq", b"q\xff\xffq"))
    with pytest.raises(ValueError, match=r"b\.parquet: not a Parquet file that can be read: "):
        readers.read(path)


def test_no_rows(tmp_path: Path) -> None:
    rows: dict[str, list[object]] = {"tokens": [], "ner_tags": []}
    with pytest.raises(ValueError, match=r"a\.parquet: empty"):
        readers.read(save(tmp_path, rows, Value("string")))


def test_names_of_ids_that_have_names() -> None:
    features = Features({"tokens": List(Value("string")), "tags": List(ClassLabel(names=["O"]))})
    dataset = Dataset.from_dict({"tokens": [["a"]], "tags": [[0]]}, features=features)
    with pytest.raises(ValueError, match="is not for d, whose ids have names; leave tag_names out"):
        readers.read_dataset(dataset, name="d", options=readers.ReadOptions(tag_names=["O"]))


def test_a_second_column_of_tags_is_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save(tmp_path, {"tokens": [["Ada"]], "ner_tags": [["B-x"]], "tags": [["NNP"]]})

    assert pairs(readers.read(path)) == [[("Ada", "B-x")]]
    assert notices(caplog) == [f"{path}: took the tags under ner_tags, and ignored tags"]
