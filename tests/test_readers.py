"""Readers of tagged files: what they keep, and which fault they name where."""

import csv
import io
import json
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st

from helpers import readers

WORD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r \ufeff"), min_size=1
).filter(lambda word: word != "-DOCSTART-")
TAG = st.sampled_from(["O", "B-person", "I-person", "B-creative-work"])
SENTENCE = st.lists(st.tuples(WORD, TAG), min_size=1, max_size=4)
CORPUS = st.lists(SENTENCE, min_size=1, max_size=4)

# Words that a careless reader loses: line ends that are not LF, white space that is not ASCII,
# what looks like a comment, a missing value, a quotation mark, and an invisible character.
AWKWARD = ["a\x85b", "\u2028", "\u00a0", "#", "#tag", "#x=1", "NA", "null", '"', "'", ",", "\ufe0f"]


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def read_text(folder: Path, name: str, text: str | bytes, **options: object) -> readers.Split:
    return readers.read(write(folder, name, text), **options)  # type: ignore[arg-type]


def pairs(split: readers.Split) -> list[list[tuple[str, str]]]:
    return [list(zip(one.tokens, one.tags, strict=True)) for one in split.sentences]


class TestConll:
    @given(
        corpus=CORPUS,
        tabs=st.booleans(),
        extra=st.integers(0, 2),
        end=st.sampled_from(["\n", "\r\n"]),
        border=st.sampled_from(["", "\t", " ", "\u00a0", "\n-DOCSTART- -X- O\n"]),
        comment=st.sampled_from(["", "# text = a b\n", "# newdoc\n", "#begin document (x); 0\n"]),
        mark=st.sampled_from(["", "\ufeff"]),
        close=st.booleans(),
    )
    def test_every_form_keeps_every_word(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        corpus: list[list[tuple[str, str]]],
        tabs: bool,
        extra: int,
        end: str,
        border: str,
        comment: str,
        mark: str,
        close: bool,
    ) -> None:
        separator = "\t" if tabs else " "
        blocks = [
            comment + "\n".join(separator.join([word, *["x"] * extra, tag]) for word, tag in one)
            for one in corpus
        ]
        text = mark + f"\n{border}\n".join(blocks) + ("\n\n" if close else "")
        path = write(tmp_path_factory.getbasetemp(), "any.conll", text.replace("\n", end))
        split = readers.read_conll(path)
        assert pairs(split) == corpus
        lines = text.split("\n")
        for at, sentence in enumerate(split.sentences):
            assert all(
                word in lines[line - 1]
                for word, line in zip(sentence.tokens, sentence.lines, strict=True)
            )
            assert split.place(at) == f"{path}, line {sentence.lines[0]}"

    @pytest.mark.parametrize("word", AWKWARD)
    @pytest.mark.parametrize("separator", ["\t", " "])
    def test_awkward_words_stay(self, tmp_path: Path, word: str, separator: str) -> None:
        text = f"{word}{separator}O\nand{separator}O\n{word}{separator}O\n"
        split = read_text(tmp_path, "a.conll", text)
        assert pairs(split) == [[(word, "O"), ("and", "O"), (word, "O")]]

    def test_words_with_spaces_between_tabs(self, tmp_path: Path) -> None:
        split = read_text(tmp_path, "a.tsv", "New York\tB-location \n \tO\n")
        assert pairs(split) == [[("New York", "B-location"), (" ", "O")]]

    def test_aligned_columns_of_spaces(self, tmp_path: Path) -> None:
        split = read_text(tmp_path, "a.txt", "The    DT   O\nRhine  NNP  B-location  \n")
        assert pairs(split) == [[("The", "O"), ("Rhine", "B-location")]]

    @pytest.mark.parametrize(
        ("text", "columns"),
        [
            ("B-person\tAda\r\nO\tsaid\r\n", ("tag", "token")),
            ("1 Ada B-person x\n2 said O x\n", ("id", "form", "ner", "misc")),
            ("# global.columns = ID FORM NER\n# a = b\n1\tAda\tB-person\n2\tsaid\tO\n", None),
            ("ner_tag\tpos\ttoken\nB-person\tNNP\tAda\nO\tVBD\tsaid\n", None),
        ],
    )
    def test_named_columns(
        self, tmp_path: Path, text: str, columns: tuple[str, ...] | None
    ) -> None:
        split = read_text(tmp_path, "a.conll", text, columns=columns)
        assert pairs(split) == [[("Ada", "B-person"), ("said", "O")]]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a\tO\nb\n", r"a\.conll, line 2: found 1 columns, expected 2 as in line 1: 'b'"),
            ("\na O\nb X O\n", "line 3: found 3 columns, expected 2 as in line 2: 'b X O'"),
            ("a\tO\n# no comment inside\n", "line 2: found 1 columns, expected 2"),
            ("word\n", "line 1: found one column; expected a word and its tag"),
            ("a\tO\n\tO\n", r"line 2: empty word; found \('', 'O'\)"),
            ("a\tO\nb\t\n", r"line 2: empty tag; found \('b', ''\)"),
            ("# global.columns = ID FORM\na\tO\n", "line 1: expected one column named token"),
            ("", r"a\.conll: empty; expected at least one tagged sentence"),
            ("\n\t\n \r\n# text = x\n", "empty"),
            (b"a\tO\n\xff\tO\n", "line 2: not UTF-8: byte 0xff at offset 4; save the file as"),
            (b"\xef\xbb\xbfa\tO\nb\xe9\tO\n", "line 2: not UTF-8: byte 0xe9 at offset 8"),
        ],
    )
    def test_faults(self, tmp_path: Path, text: str | bytes, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            read_text(tmp_path, "a.conll", text)

    def test_columns_must_name_a_token_and_a_tag(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"columns=: expected one column named token .*found"):
            read_text(tmp_path, "a.conll", "a\tO\n", columns=("token", "pos"))
        with pytest.raises(
            ValueError, match=r"line 1: found 2 columns, expected 3 \(token x tag\)"
        ):
            read_text(tmp_path, "a.conll", "a\tO\n", columns=("token", "x", "tag"))


class TestJsonLines:
    @given(corpus=CORPUS, key=st.sampled_from(["ner_tags", "tags", "labels"]), ids=st.booleans())
    def test_words_and_tags(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        corpus: list[list[tuple[str, str]]],
        key: str,
        ids: bool,
    ) -> None:
        names = ["O", "B-person", "I-person", "B-creative-work"]
        lines = [
            json.dumps(
                {
                    "id": f"s{at}",
                    "tokens": [word for word, _ in one],
                    key: [names.index(tag) if ids else tag for _, tag in one],
                },
                ensure_ascii=at % 2 == 0,
            )
            for at, one in enumerate(corpus)
        ]
        path = write(tmp_path_factory.getbasetemp(), "any.jsonl", "\n\n".join(lines))
        split = readers.read(path, tag_names=names if ids else None)
        assert pairs(split) == corpus
        assert [one.id for one in split.sentences] == [f"s{at}" for at in range(len(corpus))]
        assert [one.lines[0] for one in split.sentences] == [
            2 * at + 1 for at in range(len(corpus))
        ]
        assert split.declared == (names if ids else None)

    def test_character_spans(self, tmp_path: Path) -> None:
        text = "I'm at (São Paulo's) @dj_k's #set :) see https://a.b/c?d=1 don't…"
        record = {
            "text": text,
            "entities": [[8, 17, "location"], {"start": 21, "end": 26, "label": "person"}],
        }
        split = read_text(tmp_path, "a.jsonl", json.dumps(record))
        assert pairs(split) == [
            [
                ("I'm", "O"),
                ("at", "O"),
                ("(", "O"),
                ("São", "B-location"),
                ("Paulo", "I-location"),
                ("'s", "O"),
                (")", "O"),
                ("@dj_k", "B-person"),
                ("'s", "O"),
                ("#set", "O"),
                (":)", "O"),
                ("see", "O"),
                ("https://a.b/c?d=1", "O"),
                ("don't", "O"),
                ("…", "O"),
            ]
        ]

    def test_entities_may_touch(self, tmp_path: Path) -> None:
        record = {"text": "NYSE:IBM", "spans": [[5, 8, "b"], [0, 2, "a"], [2, 5, "a"]]}
        split = read_text(tmp_path, "a.jsonl", json.dumps(record))
        assert pairs(split) == [[("NY", "B-a"), ("SE", "B-a"), (":", "I-a"), ("IBM", "B-b")]]

    @given(data=st.data(), text=st.text(min_size=1, max_size=25))
    def test_no_character_is_lost(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, text: str
    ) -> None:
        edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
        spans = [
            (start, end, "x")
            for start, end in zip(edges[::2], edges[1::2], strict=False)
            if text[start:end].strip()
        ]
        if not text.strip():
            return
        path = write(
            tmp_path_factory.getbasetemp(),
            "spans.jsonl",
            json.dumps({"text": text, "spans": spans}),
        )
        (sentence,) = readers.read(path).sentences
        assert "".join(sentence.tokens) == "".join(text.split())
        entities: list[str] = []
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            if tag == "B-x":
                entities.append(token)
            elif tag == "I-x":
                entities[-1] += token
        assert entities == ["".join(text[start:end].split()) for start, end, _ in spans]

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            ("{", r"line 2: expected one JSON object a line; Expecting property name"),
            ("[1]", r"line 2: expected one JSON object a line; found \[1\]"),
            ({"tokens": ["a", "b"], "tags": ["O"]}, "line 2: found 2 tokens and 1 tags"),
            ({"tokens": [], "tags": []}, "line 2: expected at least one word and none empty"),
            ({"tokens": ["a", ""], "tags": ["O", "O"]}, "line 2: expected at least one word"),
            ({"tokens": [1], "tags": ["O"]}, "line 2: expected at least one word"),
            ({"tokens": "a", "tags": "O"}, "line 2: expected the lists tokens and one of ner_tags"),
            ({"words": ["a"]}, "line 2: expected the lists tokens and one of ner_tags, tags"),
            ({"tokens": ["a"], "tags": [0]}, r"line 2: the tags are ids without names; give tag_n"),
            ({"tokens": ["a", "b"], "tags": [0, "O"]}, "all strings or all ids; found 'O'"),
            ({"tokens": ["a"], "tags": [None]}, "all strings or all ids; found None"),
            ({"tokens": ["a"], "tags": [""]}, "all strings or all ids; found ''"),
            ({"tokens": ["a"], "tags": [True]}, "all strings or all ids; found True"),
            ({"text": " ", "spans": []}, "line 2: expected text with a word in it"),
            ({"spans": []}, "line 2: expected text with a word in it and a list of entities"),
            ({"text": "ab", "spans": {}}, "line 2: expected text with a word in it"),
            ({"text": "ab", "spans": [[0, 3, "x"]]}, "0 <= start < end <= 2, the length of the"),
            ({"text": "ab", "spans": [[1, 1, "x"]]}, r"found \[1, 1, 'x'\]"),
            ({"text": "ab", "spans": [[-1, 1, "x"]]}, "expected an entity as start, end and label"),
            ({"text": "ab", "spans": [[0, 1, ""]]}, "expected an entity as start, end and label"),
            ({"text": "ab", "spans": [{"start": 0}]}, "expected an entity as start, end and label"),
            ({"text": "ab", "spans": ["ab"]}, "expected an entity as start, end and label"),
            ({"text": "a b", "spans": [[1, 2, "x"]]}, r"the entity x \(1 to 2\) holds no word"),
            (
                {"text": "a b", "spans": [[1, 3, "y"], [0, 2, "x"]]},
                r"line 2: the entities x \(0 to 2\) and y \(1 to 3\) overlap",
            ),
        ],
    )
    def test_faults(self, tmp_path: Path, record: object, message: str) -> None:
        line = record if isinstance(record, str) else json.dumps(record)
        with pytest.raises(ValueError, match=message):
            read_text(tmp_path, "a.jsonl", '{"tokens": ["a"], "tags": ["O"]}\n' + line)

    def test_ids_out_of_range(self, tmp_path: Path) -> None:
        text = '{"tokens": ["a", "b"], "tags": [0, 2]}'
        with pytest.raises(ValueError, match="line 1: the tag id 2 is not one of 0 to 1"):
            read_text(tmp_path, "a.json", text, tag_names=["O", "B-x"])


class TestCsv:
    @given(corpus=CORPUS)
    def test_words_and_tags(
        self, tmp_path_factory: pytest.TempPathFactory, corpus: list[list[tuple[str, str]]]
    ) -> None:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(["Sentence_ID", "note", "token", "tag"])
        for at, one in enumerate(corpus):
            writer.writerows([f"s{at}", "", word, tag] for word, tag in one)
        path = write(tmp_path_factory.getbasetemp(), "any.csv", buffer.getvalue())
        split = readers.read(path)
        assert pairs(split) == corpus
        assert [one.id for one in split.sentences] == [f"s{at}" for at in range(len(corpus))]
        lines = [line for one in split.sentences for line in one.lines]
        assert lines == list(range(2, len(lines) + 2))

    @pytest.mark.parametrize("word", AWKWARD)
    def test_awkward_words_stay(self, tmp_path: Path, word: str) -> None:
        quoted = '"' + word.replace('"', '""') + '"'
        split = read_text(tmp_path, "a.csv", f"\ufeffsentence_id,token,tag\n1,{quoted},O\n")
        assert pairs(split) == [[(word, "O")]]

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ("1,a,O\n1,b\n", r"a\.csv, line 3: found 2 columns, expected 3: \['1', 'b'\]"),
            ("1,a,O\n\n2,b,O\n1,c,O\n", "line 5: the sentence_id '1' is empty or was used before"),
            (",a,O\n", "line 2: the sentence_id '' is empty"),
            ("1,,O\n", "line 2: empty word"),
            ("1,a,\n", "line 2: empty tag"),
            ('1,",O\n1,",O\n', "line 2: a quotation mark opened here runs on into the next line"),
            ('1,",O\n1,b,O\n', "line 2: not CSV: unexpected end of data"),
            ('1,"a"b,O\n', "line 2: not CSV"),
            ("", "empty; expected at least one tagged sentence"),
        ],
    )
    def test_faults(self, tmp_path: Path, rows: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            read_text(tmp_path, "a.csv", "sentence_id,token,tag\n" + rows)

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("id,token,tag", "line 1: expected the columns sentence_id, token and tag; found"),
            ("sentence_id,token,pos", "line 1: expected one column named token or form or word"),
            ("sentence_id,token,word,tag", "expected one column named token"),
            ("", "empty"),
        ],
    )
    def test_faults_of_the_header(self, tmp_path: Path, header: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            read_text(tmp_path, "a.csv", header)


class TestParquet:
    NAMES = ("O", "B-x", "I-x")

    def save(self, folder: Path, rows: dict[str, list[object]], tag: object = None) -> Path:
        features = None
        if tag is not None:
            features = Features({"tokens": List(Value("string")), "ner_tags": List(tag)})
        Dataset.from_dict(rows, features=features).to_parquet(folder / "a.parquet")
        return folder / "a.parquet"

    @pytest.mark.parametrize(
        ("tag", "tags", "names", "declared"),
        [
            (ClassLabel(names=list(NAMES)), [[1, 2], [0]], None, list(NAMES)),
            (Value("int64"), [[1, 2], [0]], list(NAMES), list(NAMES)),
            (Value("int8"), [[1, 2], [0]], list(NAMES), list(NAMES)),
            (Value("string"), [["B-x", "I-x"], ["O"]], None, None),
        ],
    )
    def test_words_and_tags(
        self,
        tmp_path: Path,
        tag: object,
        tags: list[object],
        names: list[str] | None,
        declared: list[str] | None,
    ) -> None:
        path = self.save(tmp_path, {"tokens": [["a", "b"], ["NA"]], "ner_tags": tags}, tag)
        split = readers.read(path, tag_names=names)
        assert pairs(split) == [[("a", "B-x"), ("b", "I-x")], [("NA", "O")]]
        assert split.declared == declared
        assert split.place(1) == f"{path}, row 2"

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ({"tokens": [["a"]]}, "expected a column tokens and one of ner_tags, tags, labels; f"),
            ({"words": [["a"]], "tags": [["O"]]}, "expected a column tokens .*; found words, tags"),
            ({"tokens": [["a"], ["b"]], "tags": [[0], [0]]}, "row 1: the tags are ids without"),
            ({"tokens": [["a"], ["b"]], "tags": [["O"], None]}, "row 2: expected the lists tokens"),
            ({"tokens": [["a"], [None]], "tags": [["O"], ["O"]]}, "row 2: expected at least one"),
            ({"tokens": [["a"], ["b", "c"]], "tags": [["O"], ["O"]]}, "row 2: found 2 tokens and"),
            ({"tokens": ["a"], "tags": ["O"]}, "row 1: expected the lists tokens and one of"),
        ],
    )
    def test_faults(self, tmp_path: Path, rows: dict[str, list[object]], message: str) -> None:
        path = self.save(tmp_path, rows)
        with pytest.raises(ValueError, match=message):
            readers.read(path)

    def test_no_parquet(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"a\.parquet: not a Parquet file"):
            read_text(tmp_path, "a.parquet", "PAR1")

    def test_no_rows(self, tmp_path: Path) -> None:
        rows: dict[str, list[object]] = {"tokens": [], "ner_tags": []}
        with pytest.raises(ValueError, match=r"a\.parquet: empty"):
            readers.read(self.save(tmp_path, rows, Value("string")))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"tokens": ["a"], "tags": ["O"]}'),
        ("a.csv", "sentence_id,token,tag\n1,a,O\n"),
        ("a.conll", "a\tO\n"),
    ],
)
def test_names_of_ids_where_there_are_none(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"tag_names= is for tags that are ids; .* holds none"):
        read_text(tmp_path, name, text, tag_names=["O"])


def test_names_of_ids_that_have_names(tmp_path: Path) -> None:
    features = Features({"tokens": List(Value("string")), "tags": List(ClassLabel(names=["O"]))})
    dataset = Dataset.from_dict({"tokens": [["a"]], "tags": [[0]]}, features=features)
    with pytest.raises(ValueError, match="tag_names= is for tags that are ids without names; d h"):
        readers.read_dataset(dataset, name="d", tag_names=["O"])


def test_columns_where_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"columns= is for CoNLL files; .*a\.csv is none"):
        read_text(tmp_path, "a.csv", "", columns=("tag", "token"))


def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"no such file: a.conll .looked for {tmp_path}"):
        readers.read(Path("a.conll"))
