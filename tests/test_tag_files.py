"""Files of texts to files of entities: every form, bad records, interruptions, and Ray."""

import csv
import datetime
import decimal
import io
import json
import math
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from conftest import CORPUS
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet
from tqdm import tqdm

from helpers.batch import corpus_formats, tag_files, tag_on_ray
from helpers.batch.tag_files import Part, TaggedPart, tag_file
from helpers.inference import Tagger, load_tagger

ROOT = Path(__file__).parent.parent
Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tagger(tiny_model_dir: Path) -> Tagger:
    return load_tagger(tiny_model_dir, device="cpu")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_files, "_PART", 4)
    monkeypatch.setattr(corpus_formats, "_BATCH", 3)


def write(path: Path, records: Records) -> Path:
    if path.suffix == ".parquet":
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
    return read(tag_files.rejects_of(target))


def scored(entities: Records) -> Records:
    """Scores differ in their last digits with the texts that share a batch."""
    return [{**entity, "score": pytest.approx(entity["score"], abs=1e-5)} for entity in entities]


# Forms


@pytest.mark.usefixtures("small_parts")
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
    source, target = write(tmp_path / f"in{form}", records), tmp_path / "new" / f"out{to}"
    assert tag_file(tagger, source, target) == (len(texts), 0)
    found = read(target)
    for record, tagged, entities in zip(records, found, tagger(texts), strict=True):
        assert tagged == {**record, "entities": scored(entities)}
    assert any(tagged["entities"] for tagged in found)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


OTHER_FORMS = {
    "IN.TXT": "{0}\n{1}\n",
    "in": "{0}\r\n{1}",
    "in.JSONL": '{{"text": "{0}"}}\n{{"text": "{1}"}}\n',
    "lines.json": '{{"text": "{0}"}}\r\n{{"text": "{1}"}}',
    "in.csv": 'text\n"{0}"\n{1}\n',
    "in.Tsv": "text\r\n{0}\r\n\r\n{1}\r\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("name", OTHER_FORMS)
def test_every_form_gives_the_same(
    tagger: Tagger, tmp_path: Path, name: str, encoding: str
) -> None:
    texts = [CORPUS[0], "the stäte, 😀"]
    source, target = tmp_path / name, tmp_path / "out.JSONL"
    source.write_bytes(OTHER_FORMS[name].format(*texts).encode(encoding))
    assert tag_file(tagger, source, target) == (2, 0)
    expected = [{"text": text, "entities": scored(tagger(text))} for text in texts]
    assert read(target) == expected


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
    assert tag_file(tagger, source, target) == (0, 0)
    assert read(target) == []
    if to == ".parquet":
        assert parquet.read_schema(target).names == ["text", "entities"]


@pytest.mark.usefixtures("small_parts")
def test_parquet_to_parquet_keeps_the_types(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_formats, "_ROW_GROUP_BYTES", 1)
    table = pa.table(
        {
            "text": pa.array([*CORPUS, *CORPUS[:2]]).dictionary_encode(),
            "at": pa.array([1, None, 2, 3, 4], pa.timestamp("ns", tz="UTC")),
            "price": pa.array([decimal.Decimal("1.50"), None] + [decimal.Decimal("2.00")] * 3),
            "raw": pa.array([b"\xff", b"", b"", b"", b""]),
            "pairs": pa.array([[("a", 1)], [], [], [], []], pa.map_(pa.string(), pa.int32())),
            "share": pa.array([math.inf, 0.5, 0.5, 0.5, 0.5]),
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    tag_file(tagger, tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = parquet.read_table(tmp_path / "out.parquet").drop_columns("entities")
    assert found.combine_chunks() == table.combine_chunks()


def test_what_json_does_not_know_is_written_as_text_or_null(
    tagger: Tagger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records: Records = [
        {"text": "a", "day": datetime.date(2024, 2, 29), "raw": b"\xff", "x": [math.nan, 1.5]},
        {"text": "b", "price": decimal.Decimal("1.50"), "y": {"z": -math.inf}},
        {"text": "c"},
    ]
    schema = pa.schema(list(pa.array(records).type))
    parquet.write_table(pa.Table.from_pylist(records, schema), tmp_path / "in.parquet")
    target = tmp_path / "out.jsonl"
    tag_file(tagger, tmp_path / "in.parquet", target)
    assert "NaN" not in target.read_text()
    assert "Infinity" not in target.read_text()
    first, second, _ = read(target)
    assert (first["day"], first["raw"], first["x"]) == ("2024-02-29", "/w==", [None, 1.5])
    assert (second["price"], second["y"]) == ("1.50", {"z": None})
    assert caplog.messages == ["2 records hold NaN or infinity, which are null in JSON Lines"]


@pytest.mark.usefixtures("small_parts")
def test_fields_that_only_some_records_have_are_null_in_parquet(
    tagger: Tagger, tmp_path: Path
) -> None:
    records: Records = [{"text": "a"}, *[{"text": "b", "n": 1}] * 3, {"text": "c", "n": 1.5}]
    source, target = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    tag_file(tagger, source, target)
    assert [record["n"] for record in read(target)] == [None, 1, 1, 1, 1.5]


@pytest.mark.parametrize("n_between", [0, 300])
def test_what_parquet_cannot_hold_is_said_before_anything_is_tagged(
    tagger: Tagger, tmp_path: Path, n_between: int
) -> None:
    records: Records = [{"text": "a", "n": 1}] * (n_between + 1) + [{"text": "b", "n": "one"}]
    source, target = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    with pytest.raises(ValueError, match=r"out.parquet: Parquet cannot hold .*; ask for .jsonl"):
        tag_file(tagger, source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_entities_below_a_score_are_left_out_of_a_file(tagger: Tagger, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.txt", [{"text": CORPUS[0]}]), tmp_path / "out.jsonl"
    tag_file(tagger, source, target, min_score=0.6)
    (record,) = read(target)
    assert record["entities"] == scored(tagger(CORPUS[0], min_score=0.6))
    assert 0 < len(record["entities"]) < len(tagger(CORPUS[0]))


# Tables


def texts_of(name: str, table: str) -> list[str | int]:
    """The texts of a table, and in place of each rejected record its line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(table.encode("utf-8"))
        found = corpus_formats.source_of(path, "text").read()
        return [row["text"] if isinstance(row, dict) else row.number for row in found]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_keeps_its_columns_and_what_is_in_quotes(
    tagger: Tagger, tmp_path: Path, mark: str
) -> None:
    rows = [["id", "body"], ["1", f'the "state"{mark} of'], ["2", ""], ["3", "san"]]
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(rows)
    assert tag_file(tagger, source, target, text_field="body") == (3, 0)
    found = read(target)
    assert [[record["id"], record["body"]] for record in found] == rows[1:]
    assert found[0]["entities"] == scored(tagger(rows[1][1]))


in_a_line = st.text(st.sampled_from("ab ,;\"'ü😀"), max_size=8)


@given(st.lists(in_a_line, max_size=6), st.integers(0, 6))
def test_a_quotation_mark_in_a_tsv_is_a_part_of_the_text(texts: list[str], at: int) -> None:
    texts.insert(at, '"second')  # which no cell in quotation marks can be
    rows = "".join(f"{number}\t{text}\n" for number, text in enumerate(texts))
    assert texts_of("in.tsv", f"id\ttext\n{rows}") == texts
    assert texts_of("in.csv", f"id\ttext\n{rows}") == texts


@given(st.lists(in_a_line, max_size=6), st.sampled_from(",;\t"))
def test_a_table_that_a_program_wrote_is_read_as_it_was(texts: list[str], mark: str) -> None:
    texts.append('says "hi"')
    file = io.StringIO()
    csv.writer(file, delimiter=mark).writerows([("id", "text"), *enumerate(texts)])
    assert texts_of("in.tsv" if mark == "\t" else "in.csv", file.getvalue()) == texts


@given(
    st.lists(in_a_line, max_size=6),
    st.integers(0, 6),
    st.sampled_from(['1,"second', '"1,second', '1,"second" of', '1,"a, b', '1,"" second']),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_a_mark_in_a_csv_that_never_closes_takes_no_other_row(
    texts: list[str], at: int, stray: str, quoting: Any
) -> None:
    # else its mark closes at that of the next row, and the two are one row with two cells
    assume(stray != '"1,second' or not any(text.startswith(",") for text in texts))
    file = io.StringIO()
    csv.writer(file, quoting=quoting).writerows([("id", "text"), *enumerate(texts)])
    lines = file.getvalue().splitlines(keepends=True)
    lines.insert(1 + min(at, len(texts)), f"{stray}\n")
    expected: list[str | int] = [*texts]
    expected.insert(min(at, len(texts)), 2 + min(at, len(texts)))
    assert texts_of("in.csv", "".join(lines)) == expected


def test_a_cell_may_hold_lines_and_the_line_of_a_row_is_its_first() -> None:
    assert texts_of("in.csv", 'id,text\n1,"a\r\n\nb"\n2\n\n3,"c\n4\n') == ["a\r\n\nb", 5, 7, 8]


def test_a_mark_that_never_closes_is_looked_for_only_so_far() -> None:
    """Else every such mark takes the rest of the file into memory."""
    rows = "".join(f"{number},{'word ' * 100}\n" for number in range(1000))
    found = texts_of("in.csv", f'id,text\n0,"second\n{rows}')
    assert found[0] == 2
    assert found[1:] == ["word " * 100] * 1000


# Records without a text

NO_TABLE_ROWS = {
    b"short": "1 cells where the first row names 2 columns",
    b"caf\xe9,3": "not UTF-8",
    b"long,4,5": "3 cells where the first row names 2 columns",
    b'"open,6': "not CSV: unexpected end of data; perhaps a quotation mark does not close: if it "
    "is a part of its cell, write it twice, and enclose the cell in marks",
}
NO_JSON_LINES = {
    b'{"id": 1}': "no field 'text'",
    b'{"text": 3}': "no text in the field 'text': it holds 3",
    b'{"text": null}': "no text in the field 'text': it holds null",
    b"[1, 2]": "not a JSON object",
    b'{"text": "a"': "not JSON: Expecting ',' delimiter (column 13)",
    b"": "not JSON: Expecting value (column 1)",
    b'{"text": "caf\xe9"}': "not UTF-8",
    b'{"text": "a\\ud800"}': "half a character: a surrogate without its other half",
    b'{"text": "a", "x": "\\udc00"}': "half a character: a surrogate without its other half",
    b'{"text": "a", "entities": 1}': "it already has a field 'entities'; rename or drop it",
    b"[" * 200_000: "not JSON that can be read: it is nested too deeply",
}
BAD_LINES = {
    "in.jsonl": (b'{"text": "the state"}\n', NO_JSON_LINES),
    "in.csv": (b"text,id\nthe state,1\n", NO_TABLE_ROWS),
    "in.txt": (b"the state\n", {b"caf\xe9": "not UTF-8"}),
}


@pytest.mark.parametrize("to", [".jsonl", ".parquet"])
@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_lines_are_told_with_their_number_and_kept_aside(
    tagger: Tagger, tmp_path: Path, name: str, to: str, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = tmp_path / name, tmp_path / f"out{to}"
    good, bad = BAD_LINES[name]
    last = good.splitlines(keepends=True)[-1]
    source.write_bytes(good + b"\n".join(bad) + b"\n" + last)
    assert tag_file(tagger, source, target) == (2, len(bad))
    assert [record["text"] for record in read(target)] == ["the state"] * 2
    assert rejects(target) == [
        {"line": number, "error": error, "record": line.decode("utf-8", "backslashreplace")}
        for number, (line, error) in enumerate(bad.items(), start=good.count(b"\n") + 1)
    ]
    first = rejects(target)[0]
    assert caplog.messages[0] == f"{source}, line {first['line']}: {first['error']}"
    assert len(caplog.messages) == min(5, len(bad)) + 1
    assert caplog.messages[-1] == (
        f"{len(bad)} records are not in the result; they and the reasons are in "
        f"{tag_files.rejects_of(target)}"
    )
    source.write_bytes(good)
    tag_file(tagger, source, target)
    assert not tag_files.rejects_of(target).exists()


def test_rows_of_parquet_without_a_text_are_kept_aside(tagger: Tagger, tmp_path: Path) -> None:
    not_utf8 = pa.array([b"a", b"caf\xe9", None, b"b"]).view(pa.string())
    parquet.write_table(pa.table({"text": not_utf8, "id": [1, 2, 3, 4]}), tmp_path / "in.parquet")
    target = tmp_path / "out.jsonl"
    assert tag_file(tagger, tmp_path / "in.parquet", target) == (2, 2)
    assert [(record["text"], record["id"]) for record in read(target)] == [("a", 1), ("b", 4)]
    null = "no text in the field 'text': it holds null"
    assert rejects(target) == [
        {"row": 2, "error": "not UTF-8", "record": {"text": None, "id": 2}},
        {"row": 3, "error": null, "record": {"text": None, "id": 3}},
    ]


PROBLEMS = {
    "there is no file none.txt": "none.txt",
    "bad.parquet is not Parquet: ": "bad.parquet",
    "in.parquet has no column 'text'; its columns are n, m: choose one as text_field": "in.parquet",
    "number.parquet: the column 'text' is int64, not text": "number.parquet",
    "tagged.parquet already has a column 'entities'; rename or drop it": "tagged.parquet",
    "twice.csv has two columns with the same name among text, text": "twice.csv",
    "in.docx: the suffix .docx does not say what it holds; name it .txt": "in.docx",
    "empty.csv has no column 'text'; its columns are : choose": "empty.csv",
    'open.csv, line 1: not CSV: unexpected end of data: text,"id': "open.csv",
    "utf16.txt is UTF-16; save it as UTF-8": "utf16.txt",
    "tagging would overwrite its source out.jsonl.rejected.jsonl; rename one": (
        "out.jsonl.rejected.jsonl"
    ),
}


@pytest.mark.parametrize("message", PROBLEMS)
def test_what_cannot_be_tagged_is_refused(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bad.parquet", "in.docx", "empty.csv", "out.jsonl.rejected.jsonl"):
        Path(name).touch()
    write(Path("in.parquet"), [{"n": 1, "m": "a"}])
    write(Path("number.parquet"), [{"text": 1}])
    write(Path("tagged.parquet"), [{"text": "a", "entities": 1}])
    Path("twice.csv").write_text("text,text\na,1\n")
    Path("open.csv").write_text('text,"id\na,1\n')
    Path("utf16.txt").write_bytes("ab".encode("utf-16"))
    before = sorted(Path().iterdir())
    with pytest.raises((ValueError, FileNotFoundError)) as refusal:
        tag_file(tagger, PROBLEMS[message], "out.jsonl")
    assert str(refusal.value).startswith(message)
    assert sorted(Path().iterdir()) == before


def test_an_array_of_json_is_refused_with_a_command_that_makes_lines_of_it(
    tagger: Tagger, tmp_path: Path
) -> None:
    (tmp_path / "in.json").write_text('\n[{"text": "ü"},\n {"text": "b"}]', encoding="utf-8")
    with pytest.raises(ValueError, match="is an array of JSON; make JSON Lines of it: ") as refusal:
        tag_file(tagger, tmp_path / "in.json", tmp_path / "out.jsonl")
    command = str(refusal.value).partition("of it: python")[2]
    subprocess.run(f"{sys.executable}{command}", shell=True, check=True)
    assert tag_file(tagger, tmp_path / "in.jsonl", tmp_path / "out.jsonl") == (2, 0)
    assert [record["text"] for record in read(tmp_path / "out.jsonl")] == ["ü", "b"]


# Interruptions


@pytest.mark.parametrize(("text", "n_texts"), [("short", 256), ("long " * 500, 52)])
def test_an_interruption_loses_a_few_hundred_texts_or_some_kilobytes(
    tagger: Tagger, tmp_path: Path, text: str, n_texts: int
) -> None:
    sizes: list[int] = []

    def engine(parts: Iterable[Part], **_: Any) -> Iterator[TaggedPart]:
        sizes.extend(len(texts) for _, texts in parts)
        raise KeyboardInterrupt

    source = write(tmp_path / "in.txt", [{"text": text}] * 1000)
    with pytest.raises(KeyboardInterrupt):
        tag_file(tagger, source, tmp_path / "out.jsonl", engine=engine)
    assert sum(sizes) == 1000
    assert max(sizes) == n_texts


@pytest.mark.usefixtures("small_parts")
def test_an_interrupted_job_goes_on_with_what_is_missing_and_takes_nothing_of_another(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    target.write_text("earlier")
    load = partial(load_tagger, tiny_model_dir, device="cpu")

    def missing(tagger: Tagger, target: Path = target, n_done: int = 1) -> list[int]:
        """Tag some parts, and then stop if any is left; the parts that were missing before."""
        seen = []

        def engine(parts: Iterable[Part], **how: Any) -> Iterator[TaggedPart]:
            for number, texts in parts:
                seen.append(number)
                if len(seen) <= n_done:
                    yield number, tagger(texts, **how)
            if len(seen) > n_done:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            tag_file(tagger, source, target, engine=engine)
        return seen

    write(source, [{"text": text} for text in CORPUS * 4])
    assert missing(load()) == [0, 1, 2]
    assert missing(load()) == [1, 2]
    assert missing(load(), target.with_suffix(".parquet")) == [2]
    source.write_text("two\n" * 12)
    os.utime(source, ns=(0, 1))
    assert missing(load()) == [0, 1, 2]
    (tiny_model_dir / "config.json").touch()
    assert missing(load()) == [0, 1, 2]
    assert missing(Tagger(tagger.model, tagger.tokenizer)) == [0, 1, 2]
    assert target.read_text() == "earlier"
    assert missing(load(), n_done=2) == [1, 2]
    again = tmp_path / "again.jsonl"
    tag_file(tagger, source, again)
    assert target.read_bytes() == again.read_bytes()


def test_a_source_that_changes_meanwhile_is_refused(tagger: Tagger, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.txt", [{"text": "a"}]), tmp_path / "out.jsonl"

    def engine(parts: Iterable[Part], **how: Any) -> Iterator[TaggedPart]:
        for number, texts in parts:
            yield number, tagger(texts, **how)
        source.write_text("b, c\n")

    with pytest.raises(ValueError, match="in.txt was changed while it was tagged; start again"):
        tag_file(tagger, source, target, engine=engine)
    assert not target.exists()


def test_the_bar_moves_within_a_part_and_ends_with_the_texts(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["", "long " * 100, *CORPUS * 20]
    seen: list[int] = []

    class Bar(tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            moved: bool | None = super().update(n)
            seen.append(self.n)
            return moved

    monkeypatch.setattr(tag_files, "tqdm", Bar)
    source = write(tmp_path / "in.txt", [{"text": text} for text in texts])
    tag_file(tagger, source, tmp_path / "out.jsonl", batch_size=4)
    assert seen == sorted(seen)
    assert max(step - before for before, step in zip([0, *seen], seen, strict=False)) <= 4
    assert seen[-1] == len(texts)


# Ray


class StandIn:
    """What the engine uses of Ray, in this process; it counts the tasks that are not fetched."""

    cloudpickle, exceptions = pickle, SimpleNamespace(RayError=Exception)
    waiting = most = 0

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, **_: Any) -> Callable[..., Any]:
        return lambda do: SimpleNamespace(remote=partial(self.start, do))

    def start(self, do: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return partial(do, *arguments)

    def wait(self, tasks: list[Any]) -> tuple[list[Any], list[Any]]:
        return tasks[-1:], tasks[:-1]  # the last one is the fastest

    def get(self, task: Callable[[], Any]) -> Any:
        self.waiting -= 1
        return task()


@pytest.mark.usefixtures("small_parts")
def test_a_cluster_gets_a_few_parts_at_a_time(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tagger: Tagger
) -> None:
    ray = StandIn()
    monkeypatch.setattr(tag_on_ray, "connect", lambda _: ray)
    lines = [str(number) for number in range(40)]
    source = write(tmp_path / "in.txt", [{"text": line} for line in lines])
    target, engine = tmp_path / "out.jsonl", tag_on_ray.Ray(partial(load_tagger, tiny_model_dir))
    assert tag_file(tagger, source, target, engine=engine) == (40, 0)
    assert [record["text"] for record in read(target)] == lines
    assert read(target)[-1]["entities"] == scored(tagger(lines[-1]))
    assert (ray.waiting, ray.most) == (0, 4)
    engine = tag_on_ray.Ray(partial(load_tagger, tmp_path / "elsewhere"))
    with pytest.raises(RuntimeError, match="the cluster could not tag the texts: there is no"):
        tag_file(tagger, source, tmp_path / "again.jsonl", engine=engine)


ON_RAY = """\
import sys
from functools import partial
from helpers.batch import tag_files, tag_on_ray
from helpers.inference import load_tagger

model, source, target = sys.argv[1:]
engine = tag_on_ray.Ray(partial(load_tagger, model), address="local")
print(*tag_files.tag_file(load_tagger(model, device="cpu"), source, target, engine=engine))
"""


def test_ray_gives_the_same_in_the_same_order(
    tagger: Tagger, tiny_model_dir: Path, tmp_path: Path, ray_environment: dict[str, str]
) -> None:
    """Takes seconds, since it starts a real Ray on this machine."""
    lines = [str(number) for number in range(5000)]
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_bytes("\n".join(lines).encode() + b"\ncaf\xe9\n")
    for _ in range(2):  # Ray gives itself 30 seconds to start, too few beside another test
        done = subprocess.run(
            [sys.executable, "-c", ON_RAY, str(tiny_model_dir), str(source), str(target)],
            env=ray_environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if "timed out during startup" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["5000", "1"]
    assert [record["line"] for record in rejects(target)] == [5001]
    found = read(target)
    assert [record["text"] for record in found] == lines
    assert found[-1]["entities"] == scored(tagger(lines[-1]))
