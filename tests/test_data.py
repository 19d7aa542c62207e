"""From any source to the one form: what arrives, what is said on the way, and what is refused."""

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, List, Value
from hub import StandInHub
from reading import notices

from helpers import data
from helpers.exercises import exploration
from helpers.tagging import entity_spans, label_names

WNUT_TYPES = ["corporation", "creative-work", "group", "location", "person", "product"]
ONE = "Ada\tB-person\n\n"
WORDS = [f"{one}{two}" for one in "abcdefghij" for two in "vwxyz"]  # which differ, digits aside
FEATURES = {
    "id": Value("string"),
    "tokens": List(Value("string")),
    "ner_tags": List(ClassLabel(names=label_names(WNUT_TYPES))),
}


def folder(path: Path, files: Mapping[str, str]) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def forms(dataset: Dataset) -> list[tuple[str, str]]:
    """The surface string and type of every entity."""
    return [
        (" ".join(tokens[start:end]), type_)
        for tokens, row in zip(dataset["tokens"], data.tags(dataset), strict=True)
        for type_, start, end in entity_spans(row)
    ]


@pytest.fixture(scope="module")
def sample() -> DatasetDict:
    return data.load("sample")


class TestSample:
    def test_form(self, sample: DatasetDict) -> None:
        assert list(sample) == ["train", "validation", "test"]
        assert all(split.features == FEATURES for split in sample.values())
        assert sample["train"][0]["id"] == "0"

    def test_the_card_tells_the_truth(self, sample: DatasetDict) -> None:
        card = (Path(data.__file__).parent / "sample" / "README.md").read_text(encoding="utf-8")
        for name, split in sample.items():
            entities, words = len(forms(split)), sum(map(len, split["tokens"]))
            empty = sum(not entity_spans(row) for row in data.tags(split))
            assert (
                f"| `{name}.conll` | {split.num_rows} | {words:,} | {entities} | {empty} |" in card
            )
        counts = [Counter(type_ for _, type_ in forms(split)) for split in sample.values()]
        for type_ in WNUT_TYPES:
            assert f"| {type_} | {' | '.join(str(count[type_]) for count in counts)} |" in card

    def test_every_tag_occurs_in_train_and_every_type_in_each_split(
        self, sample: DatasetDict
    ) -> None:
        assert {tag for row in data.tags(sample["train"]) for tag in row} == set(
            label_names(WNUT_TYPES)
        )
        for split in sample.values():
            assert {type_ for _, type_ in forms(split)} == set(WNUT_TYPES)

    def test_most_test_entities_are_unseen_in_train(self, sample: DatasetDict) -> None:
        known = {form.lower() for form, _ in forms(sample["train"])}
        found = {form.lower() for form, _ in forms(sample["test"])}
        assert len(found - known) / len(found) >= 0.75

    def test_the_types_are_skewed_as_in_wnut_17(self, sample: DatasetDict) -> None:
        counts = Counter(type_ for _, type_ in forms(sample["train"]))
        assert 0.55 < (counts["person"] + counts["location"]) / counts.total() < 0.7
        assert min(counts.values()) / counts.total() < 0.1

    def test_small_letters_and_capitals_are_no_reliable_guide(self, sample: DatasetDict) -> None:
        names = [form for split in sample.values() for form, _ in forms(split)]
        small = sum(name == name.lower() for name in names)
        assert small / len(names) >= 1 / 6
        card = (Path(data.__file__).parent / "sample" / "README.md").read_text(encoding="utf-8")
        assert f"{small} of {len(names)} entities" in card
        capitals = [
            word
            for split in sample.values()
            for words, row in zip(split["tokens"], data.tags(split), strict=True)
            for word, tag in zip(words[1:], row[1:], strict=True)
            if tag == "O" and word[0].isupper() and len(word) > 1
        ]
        assert len(capitals) > 200

    def test_the_splits_differ_in_source(self, sample: DatasetDict) -> None:
        def per_sentence(split: str, pattern: str) -> float:
            rows = sample[split]["tokens"]
            return sum(bool(re.fullmatch(pattern, word)) for row in rows for word in row) / len(
                rows
            )

        assert per_sentence("train", r"[@#].+") > 3 * per_sentence("validation", r"[@#].+")
        assert per_sentence("test", r"\?") > 2 * per_sentence("train", r"\?")
        assert per_sentence("test", "@") > 5 * per_sentence("train", "@")

    def test_the_exercise_on_faults_finds_the_planted_ones(self, sample: DatasetDict) -> None:
        sentences = pd.DataFrame(
            [
                {"split": name, "tokens": words, "tags": row}
                for name, split in sample.items()
                for words, row in zip(split["tokens"], data.tags(split), strict=True)
            ]
        )
        planted = {"leaked": 2, "disputed": 7, "invisible": 3}
        assert exploration.faults(planted, sentences) == "Correct."
        texts = sentences["tokens"].map(" ".join)
        assert texts.duplicated().sum() == 14
        assert texts.str.contains("&gt;").sum() == 1

    def test_files_are_iob2_as_they_stand(
        self, sample: DatasetDict, caplog: pytest.LogCaptureFixture
    ) -> None:
        data.load("sample")
        assert notices(caplog) == []

    def test_noise_of_the_real_thing(self, sample: DatasetDict) -> None:
        words = [word for row in sample["train"]["tokens"] for word in row]
        assert any(word.startswith("#") for word in words)
        assert any(word.startswith("@") for word in words)
        assert any(word.startswith("http") for word in words)
        assert any(ord(character) > 0x1F000 for word in words for character in word)


class TestWnut17:
    def test_nothing_is_lost(self, wnut17_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
        wnut = data.load(wnut17_dir)
        assert {name: split.num_rows for name, split in wnut.items()} == {
            "train": 3394,
            "validation": 1009,
            "test": 1287,
        }
        assert sum(map(len, wnut["test"]["tokens"])) == 23_394
        assert len(forms(wnut["test"])) == 1_079
        assert all(split.features == FEATURES for split in wnut.values())
        said = [line for line in notices(caplog) if "left out" not in line]
        assert said == []  # of the files for splits
        first = wnut["train"][0]
        assert first["tokens"][:3] == ["@paulwalk", "It", "'s"]
        assert [first["ner_tags"][at] for at in (14, 15, 16, 18)] == [7, 8, 8, 7]

    def test_every_line_arrives_as_it_stands(self, wnut17_dir: Path) -> None:
        wnut = data.load(wnut17_dir)
        for name, split in wnut.items():
            text = (wnut17_dir / f"{name}.conll").read_bytes().decode("utf-8")
            expected = [line for line in text.split("\n") if line.strip()]
            rows = zip(split["tokens"], data.tags(split), strict=True)
            found = [f"{w}\t{t}" for words, row in rows for w, t in zip(words, row, strict=True)]
            assert found == expected

    def test_the_names_its_authors_gave(self, wnut17_dir: Path, tmp_path: Path) -> None:
        for ours, theirs in {
            "train.conll": "wnut17train.conll",
            "validation.conll": "emerging.dev.conll",
            "test.conll": "emerging.test.annotated",
        }.items():
            (tmp_path / theirs).symlink_to(wnut17_dir / ours)
        assert data.load(tmp_path, max_sentences=5)["test"].num_rows == 5
        wnut = data.load(str(tmp_path))
        assert [split.num_rows for split in wnut.values()] == [3394, 1009, 1287]


class TestSources:
    def test_formats_can_be_mixed(self, tmp_path: Path) -> None:
        row = {"tokens": ["Ada"], "ner_tags": ["B-person"]}
        files = {
            "Train_data.TSV": "Ada\tB-person\nL.\tI-person\n",
            "my-dev.jsonl": json.dumps(row),
            "notes.txt": "no split",
        }
        Dataset.from_list([row, row]).to_parquet(folder(tmp_path, files) / "test.parquet")
        loaded = data.load(tmp_path)
        assert [split.num_rows for split in loaded.values()] == [1, 1, 2]
        assert loaded["train"].features["ner_tags"].feature.names == ["O", "B-person", "I-person"]
        assert loaded["train"][0] == {"id": "0", "tokens": ["Ada", "L."], "ner_tags": [1, 2]}

    def test_a_map_from_split_to_file(self, tmp_path: Path) -> None:
        made = folder(tmp_path, {"eng.train": ONE * 2, "eng.testa": ONE, "eng.testb": ONE * 3})
        files = {"train": "eng.train", "dev": "eng.testa", "test": "eng.testb"}
        loaded = data.load({split: str(made / name) for split, name in files.items()})
        assert {name: split.num_rows for name, split in loaded.items()} == {
            "train": 2,
            "validation": 1,
            "test": 3,
        }

    def test_columns_and_names_of_ids_reach_the_files(self, tmp_path: Path) -> None:
        made = folder(
            tmp_path, {"train.conll": "B-x\ta\n", "dev.conll": "O\tb\n", "test.tsv": "O\tc"}
        )
        assert data.load(made, columns=("tag", "token"))["test"]["tokens"][:] == [["c"]]
        row = json.dumps({"tokens": ["a", "b"], "labels": [1, 0]})
        made = folder(tmp_path / "ids", {"train.json": row, "valid.jsonl": row, "test.jsonl": row})
        loaded = data.load(made, tag_names=["O", "B-x", "I-x", "B-a"])
        assert loaded["train"].features["ner_tags"].feature.names == label_names(["x", "a"])
        assert data.tags(loaded["train"]) == [["B-x", "O"]]

    def test_a_tag_whose_type_train_knows_is_known(self, tmp_path: Path) -> None:
        files = {"train.conll": "a\tB-x\n", "dev.conll": "b\tB-x\nc\tI-x\n", "test.conll": "d\tO"}
        assert data.tags(data.load(folder(tmp_path, files))["validation"]) == [["B-x", "I-x"]]

    @pytest.mark.parametrize(
        "names",
        [
            ("train.tsv", "devel.tsv", "test.tsv"),
            ("train.iob", "dev.iob", "test.iob"),
            ("train.bmes", "valid.bmes", "test.bmes"),
            ("train.bioes", "validate.bioes", "test.bioes"),
            ("train.conllup", "val.conllup", "test.conllup"),
            ("training.txt", "development.txt", "testing.txt"),
            ("train", "eval", "test"),
            ("eng.train", "eng.testa", "eng.testb"),
            ("ned.train", "ned.testa", "ned.testb"),
        ],
    )
    def test_names_that_splits_have(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, names: tuple[str, str, str]
    ) -> None:
        files = {name: ONE * count for count, name in enumerate(names, start=1)}
        loaded = data.load(folder(tmp_path, files))
        assert [split.num_rows for split in loaded.values()] == [1, 2, 3]
        assert notices(caplog) == []

    def test_what_is_left_alone_is_named(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        files = dict.fromkeys(("train.conll", "dev.conll", "test.conll"), ONE)
        others = {"README.md": "", "train.py": "", "extra.conll": ONE, ".hidden": ""}
        data.load(folder(tmp_path, files | others))
        assert notices(caplog) == [f"{tmp_path}: left out README.md, extra.conll, train.py"]

    def test_folders_of_brat(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        for split in ("train", "dev", "test"):
            folder(tmp_path / split, {"a.txt": "Ada spoke", "a.ann": "T1\tPER 0 3\tAda\n"})
        loaded = data.load(tmp_path)
        assert all(data.tags(split) == [["B-PER", "O"]] for split in loaded.values())
        documents = {f"{name}.txt": f"Ada {name}" for name in "abcd"}
        notes = {f"{name}.ann": "T1\tPER 0 3\tAda\n" for name in "abcd"}
        whole = folder(tmp_path / "whole", documents | notes)
        assert sum(split.num_rows for split in data.load(whole).values()) == 4
        assert notices(caplog)[0] == f"{whole}: took it as train"

    @pytest.mark.parametrize(
        ("given", "sizes", "missing"),
        [
            (["train"], (40, 5, 5), "validation and test"),
            (["train", "test"], (45, 5, 2), "validation"),
            (["train", "validation"], (45, 2, 5), "test"),
        ],
    )
    def test_missing_splits_are_drawn_from_train(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        given: list[str],
        sizes: tuple[int, int, int],
        missing: str,
    ) -> None:
        drawn = " and ".join("5" for _ in missing.split(" and "))
        train = "".join(f"{word}\tB-x\n\n" for word in WORDS)
        files = {
            f"{split}.conll": train if split == "train" else ONE.replace("person", "x") * 2
            for split in given
        }
        made = folder(tmp_path, files)
        loaded = data.load(made)
        assert tuple(split.num_rows for split in loaded.values()) == sizes
        (line,) = notices(caplog)
        assert line == (
            f"{made / 'train.conll'}: comes without {missing}; drew {drawn} of its sentences "
            f"(seed 42), train keeps {sizes[0]}"
        )
        words = [row[0] for split in loaded.values() for row in split["tokens"] if row != ["Ada"]]
        assert sorted(words) == sorted(WORDS)
        kept = [int(name) for name in loaded["train"]["id"]]
        assert kept == sorted(kept)
        again, other = data.load(made), data.load(made, seed=7)
        assert again["train"]["id"][:] == loaded["train"]["id"][:] != other["train"]["id"][:]

    def test_a_rare_tag_may_leave_train_in_the_draw(self, tmp_path: Path) -> None:
        text = "".join(f"{word}\tB-t{word}\n\n" for word in WORDS[:10])
        loaded = data.load(folder(tmp_path, {"train.conll": text}))
        assert len(loaded["train"].features["ner_tags"].feature.names) == 21

    @pytest.mark.parametrize("split", ["validation", "test"])
    @pytest.mark.parametrize("empty", [True, False])
    def test_a_split_without_entities_is_told_of(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, split: str, empty: bool
    ) -> None:
        files = {f"{name}.conll": ONE for name in ("train", "validation", "test")}
        files[f"{split}.conll"] = "so\tO\n\nwhat\tO\n" + ("" if empty else f"\n{ONE}")
        data.load(folder(tmp_path, files))
        said = (
            f"{split}: none of the 2 sentences holds an entity, so no model can be chosen or "
            "judged by them; give others"
        )
        assert notices(caplog) == ([said] if empty else [])

    def test_max_sentences_draws_and_keeps_the_order(self) -> None:
        whole, some = data.load("sample"), data.load("sample", max_sentences=90)
        assert [split.num_rows for split in some.values()] == [90, 90, 90]
        ids = [int(name) for name in some["train"]["id"]]
        assert ids == sorted(set(ids)) != list(range(90))
        assert some["train"][5]["tokens"] == whole["train"][ids[5]]["tokens"]
        assert data.load("sample", max_sentences=90)["train"]["id"][:] == some["train"]["id"][:]
        assert (
            data.load("sample", max_sentences=90, seed=1)["train"]["id"][:]
            != some["train"]["id"][:]
        )
        assert some["train"].features == whole["train"].features
        assert data.load("sample", max_sentences=999)["test"].num_rows == whole["test"].num_rows


class TestDescribe:
    def test_files_decisions_counts_and_first_sentences(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = "Ada\tI-x\nBo\tB-x\nleft\tO\n\n"
        names = ("train.conll", "dev.conll", "test.conll")
        made = folder(tmp_path, dict.fromkeys(names, text * 4))
        data.describe(made)
        decided, counts, *_, last = capsys.readouterr().out.rstrip().split("\n\n")
        assert f"- {made}: validation is dev.conll, test is test.conll, train is train.c" in decided
        assert f"- {made / 'dev.conll'}: converted the tags from IOB1 to IOB2" in decided
        assert [line.split() for line in counts.split("\n")[1:]] == [
            ["sentences", "4", "4", "4"],
            ["words", "12", "12", "12"],
            ["x", "8", "8", "8"],
        ]
        assert last.split("\n") == ["first of test:", *["Ada/B-x Bo/B-x left"] * 3]

    def test_what_was_decided_before_a_fault_is_shown(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = folder(tmp_path, {"train.conll": "Ada\n", "notes.md": ""})
        with pytest.raises(ValueError, match="expected a word and its tag"):
            data.describe(made)
        logging.getLogger("helpers.data").info("later")
        train = f"- {made}: train is train.conll"
        assert capsys.readouterr().out == f"{train}\n- {made}: left out notes.md\n"

    def test_options_reach_the_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(ValueError, match="revision='main': is for the Hub"):
            data.describe("sample", revision="main")
        data.describe("sample", max_sentences=10)
        assert "first of test:" in capsys.readouterr().out


class TestFaults:
    def expect(self, path: Path, files: Mapping[str, str], message: str, **options: Any) -> None:
        with pytest.raises(ValueError, match=message):
            data.load(folder(path, files), **options)

    def test_parameters(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="max_sentences=0: expected None or a number from 1"):
            data.load("sample", max_sentences=0)
        with pytest.raises(ValueError, match="revision='main': is for the Hub, and 'sam"):
            data.load("sample", revision="main")
        with pytest.raises(ValueError, match="is not for 'wnut_17', a data set on the Hub"):
            data.load("wnut_17", columns=("tag", "token"))

    def test_no_such_path(self, tmp_path: Path) -> None:
        missing = tmp_path / "mine"
        with pytest.raises(FileNotFoundError, match=rf"no such file or folder: {missing} \(looked"):
            data.load(missing)
        with pytest.raises(FileNotFoundError, match=r"file or folder: mine \(looked for /.*/mine"):
            data.load("./mine")
        with pytest.raises(FileNotFoundError, match=rf"no such file: {missing}/a\.conll"):
            data.load({"train": str(missing / "a.conll")})

    def test_splits_of_a_map(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="the split 'more': expected train, validation, test"):
            data.load({"train": "a", "more": "b"})
        with pytest.raises(ValueError, match="the split 'dev': expected train, validation, test"):
            data.load({"train": "a", "validation": "b", "dev": "c"})
        with pytest.raises(ValueError, match="no train split; found test"):
            data.load({"test": "a"})
        with pytest.raises(ValueError, match="no train split; found no split"):
            data.load({})

    def test_splits_of_a_folder(self, tmp_path: Path) -> None:
        two = {"train.conll": ONE, "train.jsonl": ""}
        self.expect(tmp_path / "a", two, r"train\.conll and train\.jsonl are both named for the sp")
        self.expect(tmp_path / "b", {"test.conll": ONE}, r"no train split; .*; found test\.conll")
        self.expect(
            tmp_path / "c",
            {"train.md": ""},
            r"no train split; looked for .*; found train\.md\. Ren",
        )
        self.expect(tmp_path / "d", {}, r"no train split; .*; found none\. Rename a file, or give")

    def test_an_empty_split(self, tmp_path: Path) -> None:
        self.expect(tmp_path, {"train.conll": ONE, "test.conll": "\n"}, r"test\.conll: empty; exp")

    @pytest.mark.parametrize(
        ("train", "test", "message"),
        [
            ("Ada\tB-x\nB\tO\nL\tx\n", "a\tO", r"train\.conll, line 3: the tag 'x' is not written"),
            ("Ada\tB-x\n", "a\tB-y\n", r"test\.conll, line 1: the type 'y' does not occur in tra"),
            ("Ada\tO\n", "a\tB-y\n", r"train\.conll: every tag is O; expected entities in train"),
        ],
    )
    def test_tags(self, tmp_path: Path, train: str, test: str, message: str) -> None:
        self.expect(tmp_path, {"train.conll": train, "test.conll": test}, message)

    def test_the_whole_split_is_checked_before_a_slice_is_drawn(self, tmp_path: Path) -> None:
        files = {"train.conll": "a\tB-x\n\n" * 9, "dev.conll": "a\tO\n\n" * 99 + "a\tB-y"}
        self.expect(tmp_path, files, r"line 199: the type 'y' does not occur", max_sentences=1)

    def test_too_few_to_split(self, tmp_path: Path) -> None:
        two = {"train.conll": "Ada\tB-x\n\nBo\tB-x\n"}
        self.expect(tmp_path, two, "holds 2 sentences, and 2 that differ .*, too few to draw valid")
        self.expect(tmp_path, {"train.conll": ONE * 50}, "holds 50 sentences, and 1 that differ")
        one = {"train.conll": ONE, "dev.conll": ONE}
        self.expect(tmp_path, one, "holds 1 sentences, and 1 that differ .* draw test from it")


def parquet(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.to_parquet(buffer)
    return buffer.getvalue()


def jsonl(*words: str) -> bytes:
    rows = [{"id": word, "tokens": [word, "NA"], "labels": ["B-x", "O"]} for word in words]
    return "\n".join(json.dumps(row) for row in rows).encode()


CARD = b"""---
configs:
- config_name: default
  data_files:
  - {split: train, path: a.jsonl}
  - {split: test, path: a.jsonl}
  - {split: unlabelled, path: a.jsonl}
---
"""
PROGRAM = """
import logging, sys
from helpers import data
from helpers.exercises import exploration
frameworks = [name for name in ("torch", "tensorflow", "transformers") if name in sys.modules]
logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
data.logger.addHandler(handler)
def ask(name, revision=None):
    try:
        loaded = data.load(name, revision=revision)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return {split: part.to_dict() for split, part in loaded.items()}
"""
QUESTIONS = {
    "wnut_17": ("wnut_17",),
    "wnut_17 again": ("wnut_17",),
    "script": ("wnut_17", "main"),
    "branch": ("wnut_17", "v9"),
    "new": ("me/json",),
    "old": ("me/json", "v1"),
    "card": ("me/card",),
    "unknown": ("me/unknown",),
    "columns": ("me/columns",),
    "many": ("me/many",),
    "nothing": ("me/nothing",),
    "no train": ("me/test",),
}


@pytest.fixture(scope="module")
def sample_20() -> DatasetDict:
    return data.load("sample", max_sentences=20)


@pytest.fixture(scope="module")
def answers(
    sample_20: DatasetDict, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What `load` says of the Hub: online, then out of reach, and out of reach from the start.

    This takes seconds: each is a process of its own, since the libraries read ``HF_ENDPOINT``
    when they are imported. So every question is asked in each.
    """
    asked = ", ".join(f"{key!r}: ask(*{question!r})" for key, question in QUESTIONS.items())
    program = f"{PROGRAM}report({{{asked}, 'logged': logged, 'frameworks': frameworks}})"
    folders = {name: parquet(part) for name, part in sample_20.items()}
    home = tmp_path_factory.mktemp("home")
    with StandInHub() as hub:
        wnut = {f"wnut_17/{name}/0000.parquet": content for name, content in folders.items()}
        hub.add("dataset", "leondz/wnut_17", wnut, revision="refs/convert/parquet")
        hub.add("dataset", "leondz/wnut_17", {"wnut_17.py": b"1 / 0", "README.md": b""})
        hub.redirect("dataset", "wnut_17", "leondz/wnut_17")
        three = {"train.jsonl": jsonl("a"), "dev.jsonl": jsonl("b"), "test.jsonl": jsonl("c")}
        hub.add("dataset", "me/json", three)
        hub.add("dataset", "me/json", {"train.jsonl": jsonl(*"defghijklm")}, revision="v1")
        hub.add("dataset", "me/card", {"README.md": CARD, "a.jsonl": jsonl(*"nopqrstuvw")})
        hub.add("dataset", "me/columns", {"train.jsonl": b'{"toks": ["a"]}'})
        many = {f"{name}/train/0000.parquet": folders["train"] for name in ("de", "en")}
        hub.add("dataset", "me/many", many)
        hub.add("dataset", "me/nothing", {"weights.bin": b"", "README.md": b""})
        hub.add("dataset", "me/test", {"test.jsonl": jsonl("a")})
        online = hub.python(program, home=home)
        online["requests"] = list(hub.requests)
        hub.stop()
        offline = hub.python(program, home=home)
        fresh = hub.python(program, home=tmp_path_factory.mktemp("fresh"))
    return {"online": online, "offline": offline, "fresh": fresh}


class TestHub:
    def test_wnut_17_is_its_parquet_conversion(
        self, answers: dict[str, dict[str, Any]], sample_20: DatasetDict
    ) -> None:
        expected = {name: part.to_dict() for name, part in sample_20.items()}
        assert answers["online"]["wnut_17"] == expected

    def test_files_travel_over_http_once(self, answers: dict[str, dict[str, Any]]) -> None:
        assert answers["online"]["wnut_17 again"] == answers["online"]["wnut_17"]
        got = [line for line in answers["online"]["requests"] if line.startswith("GET /datasets")]
        parquet_files = [line for line in got if line.endswith(".parquet") and "wnut" in line]
        assert len(parquet_files) == len(set(parquet_files)) == 3

    @pytest.mark.parametrize("network", ["online", "offline"])
    def test_each_revision_is_itself_with_a_network_and_from_the_cache(
        self, answers: dict[str, dict[str, Any]], network: str
    ) -> None:
        new, old = answers[network]["new"], answers[network]["old"]
        assert new["train"] == {"id": ["a"], "tokens": [["a", "NA"]], "ner_tags": [[1, 0]]}
        assert [part["id"] for part in new.values()] == [["a"], ["b"], ["c"]]
        assert sorted(name for part in old.values() for name in part["id"]) == list("defghijklm")

    def test_the_cache_serves_without_a_network(self, answers: dict[str, dict[str, Any]]) -> None:
        assert answers["offline"]["wnut_17"] == answers["online"]["wnut_17"]

    @pytest.mark.parametrize(
        ("network", "question"),
        [("fresh", question) for question in ("wnut_17", "new", "old", "unknown")]
        + [("offline", "branch"), ("offline", "unknown")],
    )
    def test_out_of_reach_and_not_in_the_cache(
        self, answers: dict[str, dict[str, Any]], network: str, question: str
    ) -> None:
        message = answers[network][question]
        name = QUESTIONS[question][0]
        assert message.startswith(f"ConnectionError: cannot fetch the data set {name}")
        assert 'profile="offline"' in message
        assert "http://127.0.0.1:" in message

    @pytest.mark.parametrize(
        ("question", "parts"),
        [
            ("script", ["ValueError: wnut_17 at revision main", "'refs/convert/parquet'"]),
            (
                "branch",
                ["ValueError: revision='v9': the data set wnut_17 has no such branch, tag or "],
            ),
            ("unknown", ["FileNotFoundError: no such data set: me/unknown", "hf auth login"]),
            ("columns", ["ValueError: me/columns, split train: expected a column tokens or wor"]),
            ("many", ["ValueError: me/many holds several data sets: de, en; download the files"]),
            ("nothing", ["FileNotFoundError: me/nothing: holds no data in a form that"]),
            ("no train", ["ValueError: me/test: no train split; found test"]),
        ],
    )
    def test_what_the_hub_does_not_have(
        self, answers: dict[str, dict[str, Any]], question: str, parts: list[str]
    ) -> None:
        for part in parts:
            assert part in answers["online"][question]

    def test_splits_of_other_names_are_left_out_and_one_line_says_so(
        self, answers: dict[str, dict[str, Any]]
    ) -> None:
        assert len(answers["online"]["card"]["test"]["id"]) == 10
        assert "me/card: left out the split unlabelled" in answers["online"]["logged"]

    def test_the_room_needs_no_framework(self, answers: dict[str, dict[str, Any]]) -> None:
        assert answers["online"]["frameworks"] == []
