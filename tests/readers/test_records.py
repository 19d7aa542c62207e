"""JSON of data sets and of annotation tools."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import notices, pairs, read, write

from helpers import readers, words

ADA = [("Ada", "B-PER"), ("spoke", "O")]
NAMES = ["O", "B-PER", "I-PER"]
SPAN = {"start": 0, "end": 3, "label": "PER"}
TOKENS = [{"text": "Ada", "start": 0, "end": 3}, {"text": "spoke", "start": 4, "end": 9}]
STUDIO: dict[str, Any] = {
    "id": 7,
    "data": {"text": "Ada spoke"},
    "annotations": [
        {
            "result": [
                {"type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}},
                {"type": "relation", "from_id": "a", "to_id": "b"},
                {"type": "choices", "value": {"choices": ["good"]}},
            ]
        }
    ],
}

RECORDS: dict[str, Any] = {
    "tokens and ner_tags": {"tokens": ["Ada", "spoke"], "ner_tags": ["B-PER", "O"]},
    "words and ner": {"words": ["Ada", "spoke"], "ner": ["B-PER", "O"]},
    "tokens and labels": {"tokens": ["Ada", "spoke"], "labels": ["B-PER", "O"], "lang": "en"},
    "tokens, tags and text": {
        "text": "Ada spoke",
        "tokens": ["Ada", "spoke"],
        "tags": ["B-PER", "O"],
    },
    "doccano label": {"id": 3, "text": "Ada spoke", "label": [[0, 3, "PER"]], "Comments": []},
    "doccano labels": {"text": "Ada spoke", "labels": [[0, 3, "PER"]]},
    "doccano data": {"data": "Ada spoke", "label": [[0, 3, "PER"]]},
    "type": {"text": "Ada spoke", "entities": [{"start": 0, "end": 3, "type": "PER"}]},
    "entity_group": {"text": "Ada spoke", "ents": [{"start": 0, "end": 3, "entity_group": "PER"}]},
    "Prodigy": {"text": "Ada spoke", "spans": [SPAN], "tokens": TOKENS, "answer": "accept"},
    "spaCy's training pair": ["Ada spoke", {"entities": [[0, 3, "PER"]]}],
    "a pair with a list": ["Ada spoke", [[0, 3, "PER"]]],
    "Label Studio": STUDIO,
    "Label Studio, old": {**STUDIO, "annotations": None, "completions": STUDIO["annotations"]},
}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("form", ["lines", "array", "pretty"])
def test_every_form_is_read_in_lines_arrays_and_printed_prettily(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, form: str
) -> None:
    record = RECORDS[name]
    if isinstance(record, dict) and record.get("completions"):
        record = {key: value for key, value in record.items() if key != "annotations"}
    text = {
        "lines": "\n\n".join([json.dumps(record)] * 2),
        "array": json.dumps([record, record]),
        "pretty": json.dumps([record, record], indent=2),
    }[form]
    split = read(tmp_path, "a.json" if form != "lines" else "a.jsonl", text)
    assert pairs(readers.in_iob2({"train": split})["train"]) == [ADA, ADA]
    assert notices(caplog) == []
    assert [one.lines[0] for one in split.sentences] == {
        "lines": [1, 3],
        "array": [1, 1],
        "pretty": [2, 2 + json.dumps(record, indent=2).count("\n") + 1],
    }[form]


def test_objects_over_several_lines(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(record, indent=1) for record in [RECORDS["words and ner"]] * 2)
    assert pairs(read(tmp_path, "a.jsonl", text)) == [ADA, ADA]


def test_an_annotator_that_keeps_classes_and_annotations(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = json.dumps({"classes": ["PER"], "annotations": [RECORDS["spaCy's training pair"], None]})
    assert pairs(read(tmp_path, "a.json", text)) == [ADA]
    assert notices(caplog) == [
        f"{tmp_path}/a.json: 1 records are left out, since they are empty "
        f"(first: {tmp_path}/a.json, line 1)"
    ]


@pytest.mark.parametrize("key", ["ner_tags", "tags", "labels", "ner"])
def test_ids_are_spelled_out(tmp_path: Path, key: str) -> None:
    text = json.dumps({"id": "s7", "tokens": ["Ada", "spoke"], key: [1, 0]})
    split = read(tmp_path, "a.jsonl", text, tag_names=NAMES)
    assert pairs(split) == [ADA]
    assert (split.declared, split.sentences[0].id) == (NAMES, "s7")


def test_ner_is_told_from_other_tags(tmp_path: Path) -> None:
    record = {"tokens": ["Ada", "spoke"], "tags": ["NNP", "VBD"], "ner": ["B-PER", "O"]}
    assert pairs(read(tmp_path, "a.jsonl", json.dumps(record))) == [ADA]


# --- what is left out is counted


def lines(*records: object) -> str:
    return "\n".join(map(json.dumps, records))


def test_answers_that_were_not_accepted_are_no_gold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = lines(
        RECORDS["Prodigy"],
        {"text": "No", "spans": [{"start": 0, "end": 2, "label": "PER"}], "answer": "reject"},
        {"text": "Skip", "answer": "ignore"},
        {"text": "Skip", "answer": "ignore"},
        {"text": "None here", "answer": "accept"},
    )
    split = read(tmp_path, "a.jsonl", text)
    assert pairs(split) == [ADA, [("None", "O"), ("here", "O")]]
    assert notices(caplog) == [
        f"{tmp_path}/a.jsonl: 1 records are left out, since they were answered with 'reject' "
        f"(first: {tmp_path}/a.jsonl, line 2)",
        f"{tmp_path}/a.jsonl: 2 records are left out, since they were answered with 'ignore' "
        f"(first: {tmp_path}/a.jsonl, line 3)",
    ]


def test_tasks_of_label_studio(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    annotation: dict[str, Any] = STUDIO["annotations"][0]
    text = lines(
        STUDIO,
        {**STUDIO, "annotations": []},
        {**STUDIO, "annotations": [{**annotation, "was_cancelled": True}]},
        {**STUDIO, "annotations": [annotation, {"result": []}]},
        {**STUDIO, "annotations": [{"result": []}]},
    )
    split = read(tmp_path, "a.json", text)
    assert pairs(split) == [ADA, ADA, [("Ada", "O"), ("spoke", "O")]]
    path = f"{tmp_path}/a.json"
    assert notices(caplog) == [
        f"{path}: 2 records are left out, since they were not annotated (first: {path}, line 2)",
        f"{path}: 1 records were annotated more than once; took the first annotation (first: "
        f"{path}, line 4)",
    ]


def test_texts_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = lines({"text": " \n", "entities": []}, RECORDS["doccano label"])
    assert pairs(read(tmp_path, "a.jsonl", text)) == [ADA]
    assert notices(caplog) == [
        f"{tmp_path}/a.jsonl: 1 records are left out, since they hold no word "
        f"(first: {tmp_path}/a.jsonl, line 1)"
    ]


# --- entities by character


@settings(max_examples=25)
@given(text=st.text(st.characters(codec="utf-8"), max_size=20), data=st.data())
def test_words_do_not_depend_on_entities(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
) -> None:
    text = f"Ada {text}"
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [(start, end, "x") for start, end in zip(edges[::2], edges[1::2], strict=False)]
    path = write(
        tmp_path_factory.getbasetemp(), "spans.jsonl", json.dumps({"text": text, "spans": spans})
    )
    ((one,), cut) = readers.read(path).sentences, words.cut(text)
    assert one.tokens == [text[start:end] for start, end in cut]
    inside = {
        at
        for at, (start, end) in enumerate(cut)
        if any(start < to and first < end for first, to, _ in spans)
    }
    assert {at for at, tag in enumerate(one.tags) if tag != "O"} == inside


def entities(*spans: tuple[int, int, str], text: str) -> str:
    return json.dumps({"text": text, "entities": spans})


@pytest.mark.parametrize(
    ("text", "spans", "expected", "said"),
    [
        (
            "我爱北京天安门",
            [(2, 4, "LOC"), (4, 7, "LOC")],
            "我/O 爱/O 北/B-LOC 京/I-LOC 天/B-LOC 安/I-LOC 门/I-LOC",
            None,
        ),
        ("我爱北京天安门", [], "我/O 爱/O 北/O 京/O 天/O 安/O 门/O", None),
        (
            "in Oslo-Nord",
            [(3, 7, "LOC")],
            "in/O Oslo-Nord/B-LOC",
            "1 entities begin or end inside a word and take the whole word (first: 'Oslo' "
            "(LOC, 3 to 7) became 'Oslo-Nord', {place})",
        ),
        (
            "(São Paulo's)",
            [(1, 10, "LOC")],
            "(/O São/B-LOC Paulo/I-LOC 's/O )/O",
            None,
        ),
        (" Ada  spoke", [(0, 5, "PER")], "Ada/B-PER spoke/O", None),
        (
            "NYSE:IBM-led",
            [(5, 8, "a"), (8, 12, "b")],
            "NYSE/O :/O IBM-led/B-a",
            "1 entities share a word with the one before, which keeps it (first: '-led' (b, "
            "8 to 12), {place})",
        ),
        (
            "Ada  spoke",
            [(3, 5, "PER")],
            "Ada/O spoke/O",
            "1 entities hold no word and are left out (first: '  ' (PER, 3 to 5), {place})",
        ),
    ],
)
def test_entities_become_tags(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    spans: Sequence[tuple[int, int, str]],
    expected: str,
    said: str | None,
) -> None:
    split = read(tmp_path, "a.jsonl", entities(*spans, text=text))
    assert [f"{word}/{tag}" for word, tag in pairs(split)[0]] == expected.split(" ")
    found = " ".join(notices(caplog))
    assert (said is None) == (found == "")
    assert (said or "").format(place=f"{tmp_path}/a.jsonl, line 1") in found


NESTED = entities((0, 11, "ORG"), (5, 11, "LOC"), (15, 18, "PER"), text="Bank Sweden of Ada")


def test_entities_that_overlap_are_refused_and_named(tmp_path: Path) -> None:
    message = r"line 1: the entities 'Bank Sweden' \(ORG, 0 to 11\) and 'Sweden' \(LOC, 5 to 11\) o"
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "a.jsonl", NESTED)


def test_the_outermost_are_kept_and_the_others_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    split = read(tmp_path, "a.jsonl", NESTED, overlaps="outermost")
    assert [tag for _, tag in pairs(split)[0]] == ["B-ORG", "I-ORG", "O", "B-PER"]
    assert notices(caplog) == [
        f"{tmp_path}/a.jsonl: 1 entities are left out, since they lie inside, across or in parts "
        "around others, as overlaps='outermost' asks (first: 'Sweden' (LOC, 5 to 11), "
        f"{tmp_path}/a.jsonl, line 1)"
    ]


def test_the_words_that_a_tool_gives_are_kept(tmp_path: Path) -> None:
    tokens = [{"start": 0, "end": 2}, {"start": 2, "end": 5}, {"start": 5, "end": 7}]
    record = {"text": "can't.A", "spans": [{"start": 6, "end": 7, "label": "x"}], "tokens": tokens}
    assert [word for word, _ in pairs(read(tmp_path, "a.jsonl", json.dumps(record)))[0]] == [
        *("ca", "n't", ".A")
    ]


# --- faults


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", r"line 2: not JSON: Expecting property name .* at character 2; expected a JSON obj"),
        ("9" * 5000, "line 2: JSON that cannot be read: Exceeds the limit"),
        ("[" * 9000, "line 2: JSON that cannot be read: .*recursion"),
        ("7", "line 2: expected a JSON object that holds tokens or words .*; found 7"),
        ({"tokens": [], "tags": []}, "line 2: expected at least one word, and text only"),
        ({"tokens": [1], "tags": ["O"]}, "line 2: expected at least one word, and text only"),
        (
            {"tokens": "a", "tags": "O"},
            "line 2: expected .* tokens or words .* with one of ner_tags",
        ),
        (
            {"words": ["a"]},
            "line 2: expected .* tokens or words .* with one of ner_tags, ner, tags",
        ),
        ({"tokens": ["a"], "tags": [0]}, "line 2: the tags are ids without names; say which tag"),
        ({"tokens": ["a", "b"], "tags": [0, "O"]}, "all strings or all ids; found 'O'"),
        ({"tokens": ["a"], "tags": [None]}, "all strings or all ids; found None"),
        ({"tokens": ["a"], "tags": [True]}, "all strings or all ids; found True"),
        (
            {"spans": []},
            "line 2: expected .* tokens or words .* with one of .*, labels, annotations; found sp",
        ),
        ({"text": "ab", "spans": {}}, "line 2: expected a list of entities; found {}"),
        ({"text": "ab", "spans": [[1, 1, "x"]]}, "found start 1, end 1, type 'x'; correct or rem"),
        ({"text": "ab", "spans": [[-1, 1, "x"]]}, "expected an entity with 0 <= start"),
        ({"text": "ab", "spans": [[0, 1, ""]]}, "and a type; found start 0, end 1, type ''"),
        ({"text": "ab", "spans": [{"start": 0}]}, "expected an entity as start, end and one type"),
        ({"text": "ab", "spans": ["ab"]}, "expected an entity as start, end and one type"),
        ({"data": {"n": 1}, "annotations": [{}]}, "line 2: expected a text under data; found n"),
        ({"data": {"text": "a"}, "annotations": 1}, "line 2: expected a list of JSON objects; fo"),
        ({"data": {"text": "a"}, "annotations": [1]}, "line 2: expected a list of JSON objects"),
        ({"data": {"text": "a"}, "annotations": [{"result": 1}]}, "a list of JSON objects; found"),
        ({"classes": [], "annotations": None}, "line 2: expected .* tokens or words"),
    ],
)
def test_faults_of_records(tmp_path: Path, record: object, message: str) -> None:
    line = record if isinstance(record, str) else json.dumps(record)
    with pytest.raises(ValueError, match=rf"a\.jsonl, .*{message}"):
        read(tmp_path, "a.jsonl", '{"tokens": ["a"], "tags": ["O"]}\n' + line)


@pytest.mark.parametrize("text", ["", "[]"])
def test_no_records(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.json: empty; expected at least one tagged sentence"):
        read(tmp_path, "a.json", text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"tokens": ["a"], "tags": ["O"]}'),
        ("a.jsonl", '{"text": "a", "spans": [[0, 1, "x"]]}'),
        ("a.csv", "sentence_id,token,tag\n1,a,O\n"),
        ("a.conll", "a\tO\n"),
    ],
)
def test_names_of_ids_where_there_are_none(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ValueError, match="is for tags that are ids; .* has no ids; leave tag_na"):
        read(tmp_path, name, text, tag_names=["O"])


def test_a_second_list_of_tags_is_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = {"tokens": ["Ada", "spoke"], "ner_tags": ["B-PER", "O"], "pos_tags": ["NNP", "VBD"]}

    split = read(tmp_path, "a.jsonl", json.dumps(record))

    assert pairs(split) == [ADA]
    assert notices(caplog) == [
        f"{tmp_path}/a.jsonl: took the tags under ner_tags, and ignored pos_tags"
    ]


def test_a_key_of_any_length_leaves_a_short_message(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found xxx") as caught:
        read(tmp_path, "a.jsonl", json.dumps({"x" * 5000: 1}))

    assert len(str(caught.value)) < 1000
