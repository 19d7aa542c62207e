"""What a refusal tells its reader to do makes the same data load."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import DatasetDict
from reading import advised_options, write

from helpers import data, settings

SPLITS = ("train", "validation", "test")


def load(path: Path, options: Mapping[str, Any] | None = None) -> DatasetDict:
    """Load a file as every split of a run, as a lesson, papermill and the command line do."""
    run = settings.load("smoke", dataset=dict.fromkeys(SPLITS, str(path)), dataset_options=options)
    return data.load(run.dataset, revision=run.dataset_revision, **run.dataset_options)


def tagged(dataset: DatasetDict) -> list[list[str]]:
    train = dataset["train"]
    rows = zip(train["tokens"], data.tags(train), strict=True)
    return [[f"{w}/{t}" for w, t in zip(words, row, strict=True)] for words, row in rows]


def lines(*rows: object) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n"


ADA = [["Ada/B-PER", "spoke/O"], ["Bo/B-PER", "left/O"]]
OPTIONS: dict[str, tuple[str, str | bytes, list[list[str]]]] = {
    "two columns of tags": (
        "a.tsv",
        "1\tAda\tB-PER\tB-ORG\n2\tspoke\tO\tO\n\n1\tBo\tB-PER\tO\n2\tleft\tO\tB-ORG\n",
        ADA,
    ),
    "two names for tags": (
        "a.tsv",
        "token\tner\ttag\nAda\tB-PER\tX\nspoke\tO\tY\n\nBo\tB-PER\tX\nleft\tO\tY\n",
        ADA,
    ),
    "no name for tags": (
        "a.conllup",
        "# global.columns = FORM LEMMA\nAda\tB-PER\nspoke\tO\n\nBo\tB-PER\nleft\tO\n",
        ADA,
    ),
    "two names for tags in CSV": (
        "a.csv",
        "word,label,tag\nAda,B-PER,X\nspoke,O,Y\n,,\nBo,B-PER,X\nleft,O,Y\n",
        ADA,
    ),
    "tags that are numbers": (
        "a.conll",
        "so\t0\nAda\t1\nspoke\t0\n\nBo\t1\nL\t2\nleft\t0\n",
        [["so/O", "Ada/B-person", "spoke/O"], ["Bo/B-person", "L/I-person", "left/O"]],
    ),
    "tags that are numbers, in CSV": (
        "a.csv",
        "sentence_id,word,tag\n1,Ada,1\n1,spoke,0\n2,Bo,1\n2,left,0\n",
        [["Ada/B-person", "spoke/O"], ["Bo/B-person", "left/O"]],
    ),
    "tags that are ids": (
        "a.jsonl",
        lines({"tokens": ["Ada", "spoke"], "tags": [1, 0]}),
        [["Ada/B-person", "spoke/O"]],
    ),
    "Latin-1": (
        "a.conll",
        "José\tB-PER\nhabló\tO\nen\tO\nCoruña\tB-LOC\n".encode("latin-1"),
        [["José/B-PER", "habló/O", "en/O", "Coruña/B-LOC"]],
    ),
    "Windows' Cyrillic": (
        "a.conll",
        ("Иван\tB-PER\nжил\tO\nдавно\tO\nв\tO\nМоскве\tB-LOC\n\n" * 3).encode("cp1251"),
        [["Иван/B-PER", "жил/O", "давно/O", "в/O", "Москве/B-LOC"]] * 3,
    ),
    "entities in others": (
        "a.jsonl",
        lines({"text": "Bank Oslo", "entities": [[0, 9, "ORG"], [5, 9, "LOC"]]}),
        [["Bank/B-ORG", "Oslo/I-ORG"]],
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_that_a_message_gives(tmp_path: Path, name: str) -> None:
    file, content, expected = OPTIONS[name]
    path = write(tmp_path, file, content)
    with pytest.raises(ValueError, match=file) as caught:
        load(path)
    options = advised_options(str(caught.value))
    assert settings.literal(str(options)) == options  # as the command line and papermill -y take it
    assert f"dataset_options={options}" in settings.as_parameters(str(caught.value))
    assert tagged(load(path, options)) == expected


def test_the_options_for_entities_in_parts(tmp_path: Path) -> None:
    write(tmp_path, "a.ann", "T1\tPER 0 3;10 12\tAda in\nT2\tPER 0 3\tAda\n")
    path = write(tmp_path, "a.txt", "Ada spoke in")
    with pytest.raises(ValueError, match="has 2 parts") as caught:
        load(path)
    options = advised_options(str(caught.value))
    assert tagged(load(path, options)) == [["Ada/B-PER", "spoke/O", "in/O"]]


SPAN = {"start": 0, "end": 3, "label": "X"}
GOOD = {"tokens": ["Ada", "spoke"], "tags": ["B-PER", "O"]}
EDITS: dict[str, tuple[str, str | bytes, str | bytes, str]] = {
    "a line of another width": (
        *("a.conll", "Ada\tB-PER\nspoke\n", "Ada\tB-PER\nspoke\tO\n"),
        "line 2: found 1 columns, expected 2, as in line 1: 'spoke'; correct the line",
    ),
    "one column": (
        *("a.txt", "Ada\nspoke\n", "Ada B-PER\nspoke O\n"),
        "line 2: found one column; expected a word and its tag, separated by a tab or spaces",
    ),
    "a word without a tag": (
        *("a.conll", "Ada\tB-PER\nspoke\t\nso\tO\n", "Ada\tB-PER\nspoke\tO\nso\tO\n"),
        "line 2: the word 'spoke' has no tag; give it one,",
    ),
    "one odd tag": (
        *("a.conll", "Ada\tB-PER\nso\tO\nBo\tPER\n", "Ada\tB-PER\nso\tO\nBo\tB-PER\n"),
        "line 3: the tag 'PER' .*; correct it to 'O', or",
    ),
    "two ways to write tags": (
        *("a.conll", "Ada\tB-PER\nso\tO\nBo\tB_PER\n", "Ada\tB-PER\nso\tO\nBo\tB-PER\n"),
        "line 3: .*write all as a prefix, a hyph",
    ),
    "brackets": (
        *("a.conll", "so\t*\nAda\t(PER*\nBo\t*)\n", "so\tO\nAda\tB-PER\nBo\tI-PER\n"),
        "write 'B-' and the type where a bracket opens",
    ),
    "parts of speech": (
        *("a.conll", "so\tRB\nAda\tNNP\nBo\tNNP\n", "so\tO\nAda\tB-NNP\nBo\tI-NNP\n"),
        "tag each word outside every entity 'O', or g",
    ),
    "types that do not repeat": (
        *("a.conll", "so\tO\nAda\tPER\nspoke\tO\n", "so\tO\nAda\tB-PER\nspoke\tO\n"),
        "give entities tags such as 'B-person'",
    ),
    "words joined to tags": (
        *("a.txt", "Ada/PER spoke/O\n", "Ada\tB-PER\nspoke\tO\n"),
        "write each word and its tag on a separate line",
    ),
    "offsets": (
        "a.tsv",
        "d\t0\t3\tAda\nd\t4\t6\tBo\n",
        '{"text": "Ada spoke", "entities": [[0, 3, "person"]]}',
        'write JSON Lines instead, such as {"text": ',
    ),
    "XML": (
        *("a.txt", "<PER>Ada</PER> spoke\n", "Ada\tB-PER\nspoke\tO\n"),
        "write each word and its tag on a separate line",
    ),
    "JSON by another name": (
        *("a.txt", lines(GOOD), lines(GOOD)),
        "JSON; give the file a name that ends in .jsonl or .json",
    ),
    "a quotation mark": (
        *("a.csv", 'word,tag\nAda,B-PER\n",O\n', 'word,tag\nAda,B-PER\n"""",O\n,\nBo,B-PER\n'),
        'write a cell that is a quotation mark as """"',
    ),
    "sentences of CSV without borders": (
        *("a.csv", "word,tag\nAda,B-PER\nspoke,O\n", "sentence,word,tag\n1,Ada,B-PER\n1,spoke,O\n"),
        "add one with a number for each",
    ),
    "a quote that is not there": (
        "a.jsonl",
        lines({"text": "Ada", "spans": [SPAN | {"text": "Bob"}]}),
        lines({"text": "Ada", "spans": [SPAN | {"text": "Ada"}]}),
        "line 1: the entity is 'Bob', but from 0 to 3 the text holds 'Ada'; correct the off",
    ),
    "a sentence that goes on later": (
        "a.csv",
        "sentence_id,word,tag\n1,Ada,B-PER\n2,so,O\n1,Bo,O\n",
        "sentence_id,word,tag\n1,Ada,B-PER\n1,Bo,O\n2,so,O\n",
        "line 4: the name '1' of the sentence is empty or was used before; keep the rows",
    ),
    "the tag of a multiword token": (
        "a.conllu",
        "1-2\tdel\t_\t_\t_\t_\t_\t_\t_\tNE=B-X\n1\tde\t_\t_\t_\t_\t_\t_\t_\tNE=O\n",
        "1-2\tdel\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\t_\t_\t_\t_\t_\t_\t_\tNE=B-X\n",
        "give the tag to the words that it spans, in the lines below",
    ),
    "the binary form of a text": (
        *("a.conll", b"A\x00d\x00a\x00", "Ada\tB-PER\nspoke\tO\n"),
        "export it as CoNLL, JSON Lines or CSV in UTF-8",
    ),
    "no encoding that fits": (
        *("a.conll", b"\x81\x8d\x8f\x90\x9d\tB-PER\n", "Ada\tB-PER\nspoke\tO\n"),
        "save the file as UTF-8",
    ),
    "half a character": (
        "a.jsonl",
        '{"tokens": ["\\ud83d"], "tags": ["B-X"]}',
        '{"tokens": ["\\ud83d\\ude00"], "tags": ["B-X"]}',
        r"line 1: holds '\\ud83d', half of a character .* or write the character whole",
    ),
    "no JSON": (
        *("a.jsonl", "{'tokens': []}", lines(GOOD)),
        "expected a JSON object in each line, or an array of them",
    ),
    "an array without an end": (
        *("a.json", f"[{lines(GOOD)}", f"[{lines(GOOD)}]"),
        "the array has no end; is the file complete. It should end in ]",
    ),
    "something behind an array": (
        *("a.json", f"[{lines(GOOD)}] x", f"[{lines(GOOD)}]"),
        "line 2: found something after the end of the array; remove it",
    ),
    "other keys": (
        "a.jsonl",
        lines({"toks": ["Ada"], "tags": ["B-X"]}),
        lines({"tokens": ["Ada"], "tags": ["B-X"]}),
        "expected .* tokens or words .* with one",
    ),
    "entities under another key": (
        "a.jsonl",
        lines({"text": "Ada", "marks": [[0, 3, "X"]]}),
        lines({"text": "Ada", "spans": [[0, 3, "X"]]}),
        "line 1: a text without entities, and no record has them; .* rename the key that holds",
    ),
    "nothing accepted": (
        "a.jsonl",
        lines({"text": "Ada", "answer": "ignore"}),
        lines({"text": "Ada", "spans": [[0, 3, "X"]], "answer": "accept"}),
        "no record is left to learn from: 1 records are left out, .* annotate and accept some",
    ),
    "more words than tags": (
        "a.jsonl",
        lines({"tokens": ["a", "b"], "tags": ["B-X"]}),
        lines({"tokens": ["a", "b"], "tags": ["B-X", "O"]}),
        "line 1: found 2 tokens and 1 tags; each word takes one tag",
    ),
    "an empty tag": (
        "a.jsonl",
        lines({"tokens": ["a", "b"], "tags": ["", "B-X"]}),
        lines({"tokens": ["a", "b"], "tags": ["O", "B-X"]}),
        "all strings or all ids; found ''; correct it; outside every entity",
    ),
    "an entity outside its text": (
        "a.jsonl",
        lines({"text": "Ada", "spans": [[0, 4, "X"]]}),
        lines({"text": "Ada", "spans": [[0, 3, "X"]]}),
        "0 <= start < end <= 3, the length of the text, .* correct or remove it",
    ),
    "an entity of two types": (
        "a.jsonl",
        lines({"text": "Ada", "spans": [[0, 3, ["X", "Y"]]]}),
        lines({"text": "Ada", "spans": [[0, 3, ["X"]]]}),
        "expected an entity as start, end and one type",
    ),
    "words without places": (
        "a.jsonl",
        lines({"text": "Ada", "tokens": ["Ada"], "spans": [[0, 3, "X"]]}),
        lines({"text": "Ada", "spans": [[0, 3, "X"]]}),
        "expected a token with start and end; .* leave out tokens",
    ),
    "no entity at all": (
        *("a.conll", "so\tO\n", "so\tB-X\n"),
        "every tag is O; expected entities in train",
    ),
    "an empty file": (
        *("a.conll", "", "so\tB-X\n"),
        r"a\.conll: empty; expected at least one tagged sentence",
    ),
}
RENAMED = {"offsets": "a.jsonl", "JSON by another name": "a.jsonl"}


@pytest.mark.parametrize("name", EDITS)
def test_the_edit_that_a_message_asks_for(tmp_path: Path, name: str) -> None:
    file, content, edited, message = EDITS[name]
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, file, content))
    dataset = load(write(tmp_path, RENAMED.get(name, file), edited))
    assert any(not tag.endswith("/O") for sentence in tagged(dataset) for tag in sentence)


GIVEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "columns for JSON": ("a.jsonl", {"columns": ["token", "tag"]}, "leave columns out"),
    "names for tags that are none": ("a.jsonl", {"tag_names": ["O"]}, "leave tag_names out"),
    "columns of another number": (
        *(
            "a.conll",
            {"columns": ["token", "tag", "_"]},
            "correct the line or the names of the col",
        ),
    ),
    "columns without a tag": ("a.conll", {"columns": ["token", "_"]}, "Say which column is which"),
    "an unknown encoding": (
        "a.conll",
        {"encoding": "utf-9"},
        "utf-9': unknown; .* such as 'latin-1', '",
    ),
    "an unknown option": ("a.conll", {"column": []}, "valid options: columns, tag_names, enc"),
    "overlaps": ("a.conll", {"overlaps": "keep"}, "should be 'refuse' or 'outermost'"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_an_option_that_does_not_fit_is_left_out(tmp_path: Path, name: str) -> None:
    file, options, message = GIVEN[name]
    path = write(tmp_path, file, lines(GOOD) if file == "a.jsonl" else "Ada\tB-PER\nspoke\tO\n")
    with pytest.raises(ValueError, match=message):
        load(path, options)
    assert tagged(load(path)) == [ADA[0]]


def test_columns_without_a_tag_are_shown_with_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a.conll", "Ada\tB-PER\nspoke\tO\n")
    with pytest.raises(ValueError, match="Say which column is which") as caught:
        load(path, {"columns": ["token", "_"]})
    options = advised_options(str(caught.value).partition("Say which")[2])
    assert tagged(load(path, options)) == [ADA[0]]


def test_more_names_for_ids(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", lines({"tokens": ["Ada", "Bo"], "tags": [1, 2]}))
    with pytest.raises(
        ValueError, match="the tag id 2 has no name, .*give all of them in tag_names"
    ):
        load(path, {"tag_names": ["O", "B-PER"]})
    named = load(path, {"tag_names": ["O", "B-PER", "I-PER"]})
    assert tagged(named) == [["Ada/B-PER", "Bo/I-PER"]]


SENTENCES = "".join(f"{word}\tB-PER\n\n" for word in "abcdefghijklmnopqrst")


def test_a_type_that_train_does_not_hold(tmp_path: Path) -> None:
    train = write(tmp_path, "train.conll", SENTENCES)
    write(tmp_path, "test.conll", "Oslo\tB-LOC\n")
    with pytest.raises(ValueError, match="add an example there or correct the tag"):
        data.load(tmp_path)
    train.write_text(train.read_text() + "\nOslo\tB-LOC\n")
    assert data.tag_names(data.load(tmp_path)) == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_a_folder_without_train_takes_a_map_or_another_name(tmp_path: Path) -> None:
    mine = write(tmp_path, "mine.conll", SENTENCES)
    write(tmp_path, "yours.conll", SENTENCES)
    with pytest.raises(ValueError, match="Rename a file, or give a map from split to file"):
        data.load(tmp_path)
    assert data.load({"train": str(mine)})["train"].num_rows == 16
    mine.rename(tmp_path / "train.conll")
    assert data.load(tmp_path)["train"].num_rows == 16


def test_annotations_of_brat_under_their_own_name(tmp_path: Path) -> None:
    path = write(tmp_path, "train.tsv", "T1\tPER 0 3\tAda\nT2\tPER 4 6\tBo\n")
    with pytest.raises(ValueError, match="keep the .txt of the same name beside the .ann"):
        load(path)
    path.rename(tmp_path / "a.ann")
    assert tagged(load(write(tmp_path, "a.txt", "Ada Bo"))) == [["Ada/B-PER", "Bo/B-PER"]]
