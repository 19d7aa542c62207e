"""Files of texts to files of entities: every form, bad records, interruptions, and the command."""

import csv
import datetime
import decimal
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from conftest import CORPUS
from pyarrow import parquet

from helpers import inference
from helpers.__main__ import main
from helpers.inference import Tagger, cluster, files, formats

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tagger(tiny_model_dir: Path) -> Tagger:
    return inference.load_tagger(tiny_model_dir, device="cpu")


def write(path: Path, records: Records) -> Path:
    if path.suffix == ".parquet":
        # several row groups, none of which a part fits
        parquet.write_table(pa.Table.from_pylist(records), path, row_group_size=3)
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    else:
        path.write_text("".join(f"{record['text']}\n" for record in records), encoding="utf-8")
    return path


def read(path: Path) -> Records:
    if path.suffix == ".parquet":
        records: Records = parquet.read_table(path).to_pylist()
        return records
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def rejects(target: Path) -> Records:
    return read(files.rejects_of(target))


def scored(entities: Records) -> Records:
    """Scores differ in their last digits with the texts that share a batch."""
    return [{**entity, "score": pytest.approx(entity["score"], abs=1e-5)} for entity in entities]


# Forms


@pytest.mark.parametrize("to", [".jsonl", ".parquet"])
@pytest.mark.parametrize("form", [".txt", ".jsonl", ".parquet"])
def test_records_keep_their_order_and_their_other_fields(
    tagger: Tagger, tmp_path: Path, form: str, to: str
) -> None:
    texts = [*CORPUS, "", "a\u2028b\x85c", *reversed(CORPUS), "the state"]
    fields: Records = [{"id": 7 - n, "by": {"name": "ü", "ids": [n]}} for n in range(len(texts))]
    records: Records = [{"text": text} for text in texts]
    if form != ".txt":
        records = [record | more for record, more in zip(records, fields, strict=True)]
    source, target = write(tmp_path / f"in{form}", records), tmp_path / f"out{to}"
    assert inference.tag_file(tagger, source, target, buffer=4) == (len(texts), 0)
    found = read(target)
    for record, tagged, entities in zip(records, found, tagger(texts), strict=True):
        assert tagged == {**record, "entities": scored(entities)}
    assert any(tagged["entities"] for tagged in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == [source.name, target.name]


def test_lines_of_any_system_and_another_field(tagger: Tagger, tmp_path: Path) -> None:
    text, lines = tmp_path / "in.txt", tmp_path / "in.jsonl"
    text.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    lines.write_bytes(b'\xef\xbb\xbf{"body": "one"}\r\n{"body": "two"}')
    inference.tag_file(tagger, text, tmp_path / "text.jsonl")
    inference.tag_file(tagger, lines, tmp_path / "lines.jsonl", text_field="body")
    assert [record["text"] for record in read(tmp_path / "text.jsonl")] == ["one", "two"]
    assert [record["body"] for record in read(tmp_path / "lines.jsonl")] == ["one", "two"]


@pytest.mark.parametrize("form", [".txt", ".jsonl", ".parquet"])
@pytest.mark.parametrize("to", [".jsonl", ".parquet"])
def test_an_empty_file_gives_an_empty_result(
    tagger: Tagger, tmp_path: Path, form: str, to: str
) -> None:
    source, target = tmp_path / f"in{form}", tmp_path / f"out{to}"
    if form == ".parquet":
        parquet.write_table(pa.table({"text": pa.array([], pa.string())}), source)
    else:
        source.touch()
    assert inference.tag_file(tagger, source, target) == (0, 0)
    assert read(target) == []
    if to == ".parquet":
        assert parquet.read_schema(target).names == ["text", "entities"]


def test_parquet_to_parquet_keeps_the_types(tagger: Tagger, tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array(CORPUS[:2]).dictionary_encode(),
            "at": pa.array([1, None], pa.timestamp("ns", tz="UTC")),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "raw": pa.array([b"\xff", b""]),
            "pairs": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    inference.tag_file(tagger, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").drop_columns("entities") == table


def test_what_json_does_not_know_is_written_as_text(tagger: Tagger, tmp_path: Path) -> None:
    day = datetime.date(2024, 2, 29)
    record = {"text": "a", "day": day, "raw": b"\xff", "price": decimal.Decimal("1.50")}
    source, target = write(tmp_path / "in.parquet", [record]), tmp_path / "out.jsonl"
    inference.tag_file(tagger, source, target)
    (tagged,) = read(target)
    tagged.pop("entities")
    assert tagged == {"text": "a", "day": "2024-02-29", "raw": "/w==", "price": "1.50"}


def test_fields_that_only_some_records_have_are_null_in_parquet(
    tagger: Tagger, tmp_path: Path
) -> None:
    records: Records = [{"text": "a"}, {"text": "b", "n": 1}, {"text": "c", "n": 1.5, "m": ["x"]}]
    source, target = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    inference.tag_file(tagger, source, target, buffer=1)
    found = [(record["n"], record["m"]) for record in read(target)]
    assert found == [(None, None), (1, None), (1.5, ["x"])]


@pytest.mark.parametrize("buffer", [1, 9])
def test_what_parquet_cannot_hold_is_named_and_kept_for_json_lines(
    tagger: Tagger, tmp_path: Path, buffer: int
) -> None:
    records: Records = [{"text": "a", "n": 1}, {"text": "b", "n": "one"}]
    source, target = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    with pytest.raises(ValueError, match=r"out.parquet: Parquet cannot hold .*n.*; ask for .jsonl"):
        inference.tag_file(tagger, source, target, buffer=buffer)
    assert not target.exists()

    def nothing_is_left(job: files.Job, parts: Sequence[formats.Part]) -> Iterator[formats.Part]:
        assert not parts
        return iter(())

    target = target.with_suffix(".jsonl")
    inference.tag_file(tagger, source, target, buffer=buffer, engine=nothing_is_left)
    assert [record["n"] for record in read(target)] == [1, "one"]


def test_parts_are_bounded_in_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_PART_BYTES", 1000)
    texts = ["a" * 400, "b" * 400, "c" * 400, "d" * 2000, "e", "f"]
    lines = formats.source_of(write(tmp_path / "in.txt", [{"text": t} for t in texts]), "text")
    assert [part.n_records for part in lines.parts(100)] == [2, 1, 1, 2]
    assert [content.records[0]["text"][0] for content in lines.read(lines.parts(100))] == [*"acde"]
    even: Records = [{"text": str(n) + secrets.token_hex(200)} for n in range(20)]
    rows = formats.source_of(write(tmp_path / "in.parquet", even), "text")
    assert 1 <= max(part.n_records for part in rows.parts(100)) <= 2
    read_back = [record for content in rows.read(rows.parts(100)) for record in content.records]
    assert read_back == even


OTHER_FORMS = {
    "IN.TXT": "{0}\n{1}\n",
    "in": "{0}\r\n{1}",
    "in.JSONL": '{{"text": "{0}"}}\n{{"text": "{1}"}}\n',
    "in.json": '[\n  {{"text": "{0}"}},\n  {{\n    "text": "{1}"\n  }}\n]\n',
    "lines.json": '{{"text": "{0}"}}\n{{"text": "{1}"}}',
    "in.csv": 'text\n"{0}"\n{1}\n',
    "in.Tsv": "text\r\n{0}\r\n\r\n{1}\r\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", OTHER_FORMS)
def test_every_form_and_encoding_gives_the_same(
    tagger: Tagger, tmp_path: Path, name: str, encoding: str
) -> None:
    texts = [CORPUS[0], "the stäte 😀"]
    source, target = tmp_path / name, tmp_path / "out.JSONL"
    source.write_bytes(OTHER_FORMS[name].format(*texts).encode(encoding))
    assert inference.tag_file(tagger, source, target) == (2, 0)
    expected = [{"text": text, "entities": scored(tagger(text))} for text in texts]
    assert read(target) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out.JSONL"])


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_keeps_its_columns_and_what_is_in_quotes(
    tagger: Tagger, tmp_path: Path, mark: str
) -> None:
    rows = [["id", "body"], ["1", f'the "state"{mark}\nof'], ["2", ""], ["3", "san"]]
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(rows)
    assert inference.tag_file(tagger, source, target, text_field="body", buffer=2) == (3, 0)
    found = read(target)
    assert [[record["id"], record["body"]] for record in found] == rows[1:]
    assert found[0]["entities"] == scored(tagger(rows[1][1]))


def test_rows_of_a_table_that_fit_no_record_are_kept_aside(tagger: Tagger, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_bytes(b"text,id\nfine,1\nshort\ncaf\xe9,3\nlong,4,5\nfine too,5\n")
    assert inference.tag_file(tagger, source, target, buffer=2) == (2, 3)
    assert [record["id"] for record in read(target)] == ["1", "5"]
    assert rejects(target) == [
        {"row": 2, "error": "1 fields where the first row names 2 columns", "record": ["short"]},
        {"row": 3, "error": "not UTF-8", "record": ["caf\\xe9", "3"]},
        {"row": 4, "error": "3 fields where the first row names 2 columns",
         "record": ["long", "4", "5"]},
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "n_items"), [("[]", 0), (" [ ] ", 0), ('[1, {"text": "a"}]', 2)])
def test_an_array_may_be_empty_or_hold_what_is_no_record(
    tagger: Tagger, tmp_path: Path, text: str, n_items: int
) -> None:
    source = tmp_path / "in.json"
    source.write_text(text)
    assert sum(inference.tag_file(tagger, source, tmp_path / "out.jsonl")) == n_items


def test_an_array_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_PART_BYTES", 7)
    items = [{"text": "a, ]b" * n, "n": [n, {"x": -1.5e3}]} for n in range(30)]
    source = tmp_path / "in.json"
    source.write_text(json.dumps(items, indent=3))
    lines = formats.rewritten(formats.source_of(source, "text"))
    assert lines is not None
    assert [json.loads(line) for line in lines] == items


def test_entities_below_a_score_are_left_out_of_a_file(tagger: Tagger, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.txt", [{"text": CORPUS[0]}]), tmp_path / "out.jsonl"
    inference.tag_file(tagger, source, target, min_score=0.6)
    (record,) = read(target)
    assert record["entities"] == scored(tagger(CORPUS[0], min_score=0.6))
    assert 0 < len(record["entities"]) < len(tagger(CORPUS[0]))


# Records without a text

BAD_LINES = {
    b'{"id": 1}': "no field 'text'",
    b'{"text": 3}': "no text in the field 'text': it holds 3",
    b'{"text": null}': "no text in the field 'text': it holds null",
    b"[1, 2]": "not a JSON object with a field 'text'",
    b'{"text": "a"': "not JSON: Expecting ',' delimiter (column 13)",
    b"": "not JSON: Expecting value (column 1)",
    b'{"text": "caf\xe9"}': "not UTF-8 (byte 13 of the line)",
    b'{"text": "a\\ud800"}': "half a character: a surrogate without its other half",
    b'{"text": "a", "x": "\\udc00"}': "half a character: a surrogate without its other half",
    b'{"text": "a", "entities": 1}': "it already has a field 'entities'; rename or drop it",
    b"[" * 200_000: "not JSON that can be read: it is nested too deeply",
}


@pytest.mark.parametrize("to", [".jsonl", ".parquet"])
def test_bad_lines_are_told_with_their_number_and_kept_aside(
    tagger: Tagger, tmp_path: Path, to: str, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / f"out{to}"
    good = b'{"text": "the state"}\n'
    source.write_bytes(good + b"\n".join(BAD_LINES) + b"\n" + good)
    counts = inference.tag_file(tagger, source, target, buffer=3)
    assert counts == (2, len(BAD_LINES))
    assert [record["text"] for record in read(target)] == ["the state"] * 2
    assert rejects(target) == [
        {"line": number, "error": error, "record": line.decode("utf-8", "backslashreplace")}
        for number, (line, error) in enumerate(BAD_LINES.items(), start=2)
    ]
    assert caplog.messages[0] == f"{source}, line 2: no field 'text'"
    assert caplog.messages[-1] == (
        f"{len(BAD_LINES)} records are not in the result; they and the reasons are in "
        f"{files.rejects_of(target)}"
    )
    source.write_bytes(good)
    inference.tag_file(tagger, source, target)
    assert not files.rejects_of(target).exists()


def test_a_line_of_text_that_is_not_utf8_is_kept_aside(tagger: Tagger, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_bytes(b"fine\ncaf\xe9\nfine too\n")
    assert inference.tag_file(tagger, source, target) == (2, 1)
    assert [record["text"] for record in read(target)] == ["fine", "fine too"]
    wrong = {"line": 2, "error": "not UTF-8 (byte 3 of the line)", "record": "caf\\xe9"}
    assert rejects(target) == [wrong]


@pytest.mark.parametrize("to", [".jsonl", ".parquet"])
def test_rows_without_a_text_are_kept_aside(tagger: Tagger, tmp_path: Path, to: str) -> None:
    not_utf8 = pa.array([b"a", b"caf\xe9", None, b"b"]).view(pa.string())
    parquet.write_table(pa.table({"text": not_utf8, "id": [1, 2, 3, 4]}), tmp_path / "in.parquet")
    target = tmp_path / f"out{to}"
    assert inference.tag_file(tagger, tmp_path / "in.parquet", target) == (2, 2)
    assert [(record["text"], record["id"]) for record in read(target)] == [("a", 1), ("b", 4)]
    null = "no text in the field 'text': it holds null"
    assert rejects(target) == [
        {"row": 2, "error": "not UTF-8", "record": {"text": None, "id": 2}},
        {"row": 3, "error": null, "record": {"text": None, "id": 3}},
    ]


# Interruptions

KILLED = """\
import sys
from pathlib import Path
import torch
from helpers import inference

torch.set_num_threads(1)
model, source, target = sys.argv[1:]
tagger = inference.load_tagger(model, device="cpu")
inner = tagger._logits

def logits(inputs):
    if len(list(Path(target).parent.glob(".*.parts/*.jsonl"))) >= 3:
        print("halfway", flush=True)
        sys.stdin.read()
    return inner(inputs)

tagger._logits = logits
inference.tag_file(tagger, source, target, buffer=10)
"""


@pytest.mark.parametrize("text", ["short", "long " * 500])
def test_an_interruption_loses_a_few_hundred_texts_or_some_kilobytes(
    tagger: Tagger, tmp_path: Path, text: str
) -> None:
    source = write(tmp_path / "in.txt", [{"text": text}] * 1000)
    sizes: list[int] = []

    def engine(job: files.Job, parts: Sequence[formats.Part]) -> Iterator[formats.Part]:
        sizes.extend(part.n_records for part in parts)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inference.tag_file(tagger, source, tmp_path / "out.jsonl", engine=engine)
    assert sum(sizes) == 1000
    assert max(sizes) * len(text) <= 2**17
    assert max(sizes) <= 500


def test_a_killed_job_goes_on_with_what_is_missing(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path
) -> None:
    """Takes seconds, since another process has to load the model and be killed."""
    texts = [f"{text} {number}" for number in range(20) for text in CORPUS]
    source = write(tmp_path / "in.txt", [{"text": text} for text in texts])
    target, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tiny_model_dir), str(source), str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"halfway\n"
        process.send_signal(signal.SIGKILL)
    assert not target.exists()

    tagged = []

    def engine(job: files.Job, parts: Sequence[formats.Part]) -> Iterator[formats.Part]:
        for part in job.tag(parts, tagger):
            tagged.append(part.number)
            yield part

    again = inference.load_tagger(tiny_model_dir, device="cpu")
    assert inference.tag_file(again, source, target, buffer=10, engine=engine) == (60, 0)
    assert tagged == [3, 4, 5]
    inference.tag_file(tagger, source, whole, buffer=10)
    assert target.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))


def stop(job: files.Job, parts: Sequence[formats.Part]) -> Iterator[formats.Part]:
    """An engine that is interrupted after its first part."""
    yield next(iter(parts))
    raise KeyboardInterrupt


def test_what_one_job_left_is_not_taken_by_another(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"

    def missing_after_an_interruption() -> int:
        """Tag one part and stop, then look what a second run would have to do."""
        seen = []

        def engine(job: files.Job, parts: Sequence[formats.Part]) -> Iterator[formats.Part]:
            seen.append(len(parts))
            yield from job.tag(parts[:1], again)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            inference.tag_file(again, source, target, buffer=1, engine=engine)
        return seen[0]

    again = inference.load_tagger(tiny_model_dir, device="cpu")
    source.write_text("one\ntwo\n")
    assert missing_after_an_interruption() == 2
    assert missing_after_an_interruption() == 1
    source.write_text("six\nten\n")
    os.utime(source, ns=(0, 1))
    assert missing_after_an_interruption() == 2
    again = inference.load_tagger(tiny_model_dir, device="cpu")
    assert missing_after_an_interruption() == 1
    (tiny_model_dir / "config.json").touch()
    again = inference.load_tagger(tiny_model_dir, device="cpu")
    assert missing_after_an_interruption() == 2
    again = Tagger(tagger.model, tagger.tokenizer)
    assert missing_after_an_interruption() == 2


def test_an_interrupted_job_leaves_an_earlier_result_alone(tagger: Tagger, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.txt", [{"text": "a"}]), tmp_path / "out.jsonl"
    target.write_text("earlier")
    with pytest.raises(KeyboardInterrupt):
        inference.tag_file(tagger, source, target, engine=stop)
    assert target.read_text() == "earlier"


# The command


def run(*arguments: str | Path) -> int:
    return main(["tag", *map(str, arguments)])


def test_the_command_tags_a_file_and_counts(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.jsonl", [{"body": CORPUS[0]}, {"text": "no body"}])
    target = tmp_path / "new folder" / "out.jsonl"
    done = run(source, target, "--model", tiny_model_dir, "--text-field", "body", "--device", "cpu")
    assert done == 0
    assert read(target) == [{"body": CORPUS[0], "entities": scored(tagger(CORPUS[0]))}]
    printed = capsys.readouterr()
    assert (
        printed.out == f"1 texts tagged into {target}, 1 rejected (see {target}.rejected.jsonl)\n"
    )
    assert "Tagging in.jsonl" in printed.err
    assert "texts/s" in printed.err


PROBLEMS = {
    "there is no file none.txt": ["none.txt", "out.jsonl"],
    "the result out.csv has to be JSON Lines or Parquet; name it .jsonl or .parquet": [
        "in.txt", "out.csv",
    ],
    "tagging would overwrite its source in.jsonl; rename one": ["in.jsonl", "in.jsonl"],
    "tagging would overwrite its source x.jsonl.rejected.jsonl; rename one": [
        "x.jsonl.rejected.jsonl", "x.jsonl",
    ],
    "bad.parquet is not Parquet: ": ["bad.parquet", "out.jsonl"],
    "in.parquet has no column 'body'; its columns are text, n: choose one with --text-field": [
        "in.parquet", "out.jsonl", "--text-field", "body",
    ],
    "in.parquet: the column 'n' is int64, not text": [
        "in.parquet", "out.jsonl", "--text-field", "n",
    ],
    "tagged.parquet already has a column 'entities'; rename or drop it": [
        "tagged.parquet", "out.jsonl",
    ],
    "twice.parquet has two columns with the same name among text, text": [
        "twice.parquet", "out.jsonl",
    ],
    "in.docx: the suffix .docx does not say what it holds; name it .txt": [
        "in.docx", "out.jsonl",
    ],
    "in.csv has no column 'body'; its columns are text, n: choose one with --text-field": [
        "in.csv", "out.jsonl", "--text-field", "body",
    ],
    "empty.csv has no column 'text'; its columns are :": ["empty.csv", "out.jsonl"],
    "broken.json is not a JSON array: after item 1 it is incomplete, not JSON, or too long": [
        "broken.json", "out.jsonl",
    ],
    "more.json is not a JSON array: 'x' stands after item 1": ["more.json", "out.jsonl"],
    "half.txt is not UTF-16: ": ["half.txt", "out.jsonl"],
    "--address is the address of a Ray cluster; add --engine ray": [
        "in.txt", "out.jsonl", "--address", "auto",
    ],
    "there is no device 'cuda:99' here: ": ["in.txt", "out.jsonl", "--device", "cuda:99"],
    "there is no device 'gpu!' here: ": ["in.txt", "out.jsonl", "--device", "gpu!"],
    "precision='int8' is not offered with backend='torch'; choose 'auto' or": [
        "in.txt", "out.jsonl", "--precision", "int8",
    ],
}  # fmt: skip


@pytest.mark.parametrize("message", PROBLEMS)
def test_what_cannot_be_done_is_said_in_a_line(
    message: str,
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in.txt", "in.jsonl", "x.jsonl.rejected.jsonl", "in.parquet"):
        write(Path(name), [{"text": "a", "n": 1}])
    Path("bad.parquet").write_text("text")
    Path("in.docx").touch()
    Path("in.csv").write_text("text,n\na,1\n")
    Path("empty.csv").touch()
    Path("broken.json").write_text('[{"text": "a"}, {"text": "b"')
    Path("more.json").write_text('[{"text": "a"}] x')
    Path("half.txt").write_bytes("ab".encode("utf-16")[:-1])
    write(Path("tagged.parquet"), [{"text": "a", "entities": 1}])
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    parquet.write_table(twice, "twice.parquet")
    before = sorted(Path().iterdir())
    assert run(*PROBLEMS[message], "--model", tiny_model_dir) == 2
    printed = capsys.readouterr().err.splitlines()
    assert [line for line in printed if line.startswith(f"error: {message}")] == printed[-1:]
    assert sorted(Path().iterdir()) == before


def test_a_missing_model_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.txt", [{"text": "a"}])
    assert run(source, tmp_path / "out.jsonl", "--model", tmp_path / "no" / "model") == 2
    assert f"error: no such model: {tmp_path}/no/model is neither" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--batch-size", "0", "0 is not in the range x>=1."),
        ("--batch-size", "many", "'many' is not a valid integer range."),
        ("--min-score", "2", "2.0 is not in the range 0<=x<=1."),
    ],
)
def test_a_wrong_option_is_named(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("in.txt", "out.jsonl", "--model", "m", option, value) == 2
    assert f"error: Invalid value for '{option}': {message}" in capsys.readouterr().err


def test_an_interruption_is_told(
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(files, "_tag_here", lambda job, parts, **_: stop(job, parts))
    source = write(tmp_path / "in.txt", [{"text": "a"}])
    assert run(source, tmp_path / "out.jsonl", "--model", tiny_model_dir) == 130
    assert "interrupted; start it again to tag what is missing" in capsys.readouterr().err


def test_a_buffer_of_nothing_is_refused(tagger: Tagger, tmp_path: Path) -> None:
    source = write(tmp_path / "in.txt", [{"text": "a"}])
    with pytest.raises(ValueError, match="buffer takes a number of records from 1; found 0"):
        inference.tag_file(tagger, source, tmp_path / "out.jsonl", buffer=0)


def test_help_teaches_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "Examples:\n    python -m helpers tag tweets.txt" in capsys.readouterr().out


# Ray


def test_a_ray_that_does_not_start_is_said_in_a_line(
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def init(*_: Any, **__: Any) -> None:
        raise Exception("The current node timed out\nduring startup")

    stand_in = SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    source = write(tmp_path / "in.txt", [{"text": "a"}])
    assert run(source, tmp_path / "out.jsonl", "--model", tiny_model_dir, "--engine", "ray") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: Ray does not start or does not answer (address None): The current node timed out "
        "during startup; check the address, or try again when the machine is less busy"
    )


def test_without_ray_the_engine_says_how_to_get_it(
    tiny_model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    source = write(tmp_path / "in.txt", [{"text": "a"}])
    assert run(source, tmp_path / "out.jsonl", "--model", tiny_model_dir, "--engine", "ray") == 2
    assert "the engine 'ray' needs Ray: pip install 'token-class" in capsys.readouterr().err


def test_an_actor_that_does_not_see_the_job_says_what_to_do(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    source = formats.source_of(write(tmp_path / "in.txt", [{"text": "a"}]), "text")
    job = files.Job(source, tmp_path / "out.jsonl", tmp_path / "elsewhere", None)
    with pytest.raises(FileNotFoundError, match="does not see .*elsewhere; put the source, the"):
        cluster._Actor(job, partial(inference.load_tagger, tiny_model_dir), "cpu", 32)


def test_ray_gives_the_same_in_the_same_order(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path, ray_environment: dict[str, str]
) -> None:
    """Takes seconds, since it starts a real Ray on this machine and its actors."""
    lines = [str(number) for number in range(5000)]  # two parts
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_bytes("\n".join(lines).encode() + b"\ncaf\xe9\n")
    command = [sys.executable, "-m", "helpers.inference", "tag", str(source), str(target)]
    for _ in range(2):  # Ray gives itself 30 seconds to start, too few beside another test
        done = subprocess.run(
            [*command, "--model", str(tiny_model_dir), "--engine", "ray", "--address", "local"],
            env=ray_environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parent.parent,
        )
        if "timed out during startup" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert "5000 texts tagged" in done.stdout
    assert [record["line"] for record in rejects(target)] == [5001]
    found = read(target)
    assert [record["text"] for record in found] == lines
    assert found[-1]["entities"] == scored(tagger(lines[-1]))
