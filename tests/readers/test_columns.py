"""Tables of words: which column holds what, and what is no word."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import in_iob2, notices, pairs, read, write
from test_round_trip import ORDERS

from helpers import readers
from helpers.readers.delimiters import has_quotes

WORD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\r \ufeff"), min_size=1
).filter(lambda word: word != "-DOCSTART-" and not has_quotes([word], "\t"))
TAG = st.sampled_from(["O", "B-person", "I-person", "B-creative-work"])
# The first sentence shows what the columns hold, where the others hold next to nothing.
CORPUS = st.lists(st.lists(st.tuples(WORD, TAG), min_size=1, max_size=4), max_size=3).map(
    lambda corpus: [[("Ada", "B-person"), ("spoke", "O")], *corpus]
)
ADA = [("Ada", "B-PER"), ("spoke", "O"), ("in", "O"), ("Oslo", "B-LOC")]
TAGGED = [ADA, [("Bo", "B-PER"), ("left", "O")]]

# Words that a careless reader loses: line ends that are not LF, white space that is not ASCII,
# what looks like a comment, a missing value, a quotation mark, and an invisible character.
AWKWARD = ["a\x85b", "\u2028", "\u00a0", "#", "#tag", "#x=1", "NA", "null", '"', "'", ",", "\ufe0f"]


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
def test_every_form_keeps_every_word_and_its_line(
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
    split = readers.read(path)
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
def test_awkward_words_stay(tmp_path: Path, word: str, separator: str) -> None:
    text = f"{word}{separator}O\nand{separator}O\n{word}{separator}O\n"
    split = read(tmp_path, "a.conll", text)
    assert pairs(split) == [[(word, "O"), ("and", "O"), (word, "O")]]


def test_words_may_hold_spaces_between_tabs(tmp_path: Path) -> None:
    split = read(tmp_path, "a.tsv", "New York\tB-location \nand\tO\n")
    assert pairs(split) == [[("New York", "B-location"), ("and", "O")]]


def test_words_that_nobody_sees_are_kept_and_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, "a.tsv", "Ada\tI-PER\n \tI-PER\n\tI-PER\n")
    assert pairs(in_iob2(path)) == [[("Ada", "B-PER"), (" ", "I-PER"), ("", "I-PER")]]
    assert notices(caplog) == [
        f"{path}: 2 words are empty or white space, and are kept (first: {path}, line 2)",
        f"{path}: converted the tags from IOB1 to IOB2",
    ]


# --- which column holds what: each table holds TAGGED


# What is said of each order of columns: nothing of the two that are expected.
SAID = {
    "word, tag": None,
    "tag, word": ("2", "1", "['tag', 'token']"),
    "index from 1": ("2", "3", "['_', 'token', 'tag']"),
    "index from 0": ("2", "3", "['_', 'token', 'tag']"),
    "parts of speech and chunks": None,
    "columns behind": ("1", "2", "['token', 'tag', '_', '_']"),
    "an empty one behind": ("1", "2", "['token', 'tag', '_']"),
}


@pytest.mark.parametrize("name", SAID)
def test_columns_are_told_by_what_they_hold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    blocks = [
        ["\t".join(ORDERS[name]((at, word, tag))) for at, (word, tag) in enumerate(one)]
        for one in TAGGED
    ]
    path = write(tmp_path, "a.tsv", "\n\n".join(map("\n".join, blocks)))
    assert pairs(readers.read(path)) == TAGGED
    found = SAID[name]
    assert notices(caplog) == (
        [
            f"{path}: column {found[0]} holds the words and column {found[1]} the tags, as with "
            f"columns={found[2]}"
        ]
        if found
        else []
    )


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("Ada B-PER |spoke O |in O |Oslo B-LOC ||Bo B-PER |left O", "['token', 'tag', '_']"),
        (
            "1 Ada B-PER|2 spoke O|3 in O|4 Oslo B-LOC||1 Bo B-PER |2 left O",
            "['_', 'token', 'tag']",
        ),
    ],
)
def test_rows_may_be_a_tab_longer_than_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rows: str, columns: str
) -> None:
    split = read(tmp_path, "a.tsv", rows.replace(" ", "\t").replace("|", "\n"))
    assert pairs(split) == TAGGED
    assert notices(caplog)[0].endswith(f"as with columns={columns}")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("B-PER\tAda\r\nO\tspoke\r\n", ["tag", "token"]),
        ("1 Ada B-PER x\n2 spoke O x\n", ["id", "form", "ner", "misc"]),
        ("# global.columns = ID FORM NER\n# a = b\n1\tAda\tB-PER\n2\tspoke\tO\n", None),
        ("ner_tag\tpos\ttoken\nB-PER\tNNP\tAda\nO\tVBD\tspoke\n", None),
        ("TOKEN\tCOARSE\tFINE\n# id = 1\nAda\tB-PER\tB-x\nspoke\tO\tO\n", ["token", "tag", "_"]),
    ],
)
def test_names_decide(tmp_path: Path, text: str, columns: list[str] | None) -> None:
    split = read(tmp_path, "a.conll", text, columns=columns)
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O")]]


def test_a_header_without_a_name_for_tags_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    split = read(tmp_path, "a.tsv", "Word\tPOS\tX\nAda\tNNP\tB-PER\nspoke\tVBD\tO\n")
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O")]]
    assert notices(caplog) == [f"{tmp_path}/a.tsv, line 1: read as a header"]


def test_sentences_by_the_column_that_a_header_names(tmp_path: Path) -> None:
    text = "sentence_id\ttoken\ttag\n7\tAda\tB-PER\n7\tspoke\tO\n8\tBo\tO\n"
    split = read(tmp_path, "a.tsv", text)
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O")], [("Bo", "O")]]
    assert [one.id for one in split.sentences] == ["7", "8"]


def test_chunks_are_tags_where_there_are_no_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    split = read(tmp_path, "a.txt", "Ada NNP B-NP\nspoke VBD B-VP\n. . O\n")
    assert pairs(split) == [[("Ada", "B-NP"), ("spoke", "B-VP"), (".", "O")]]
    (line,) = notices(caplog)
    assert line == f"{tmp_path}/a.txt: the tags are those of syntactic chunks, not of entities"


def test_numbers_are_tags_where_names_are_given(tmp_path: Path) -> None:
    names = ["O", "B-PER", "I-PER"]
    split = read(tmp_path, "a.conll", "Ada\t1\nspoke\t0\nBo\t1\n", tag_names=names)
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O"), ("Bo", "B-PER")]]


def test_one_long_sentence_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, "a.conll", "Ada\tB-PER\n" + "and\tO\n" * 1000)
    assert notices(caplog) == [
        f"{tmp_path}/a.conll: holds one sentence of 1001 words; an empty line ends a sentence"
    ]


# --- comments and endings


@pytest.mark.parametrize(
    "comment",
    [
        "# id",
        "## text",
        "#",
        "#\thttp://a.b\t[2020-01-01]",
        "###MEDLINE:1",
        "#DOCSTART",
        "#begin document (x); part 0",
        "# sent_id = 1",
        "#id=1",
        "# Ada B-PER said so",
        "-DOCSTART- -X- -X- O",
        "-DOCSTART-\tO",
    ],
)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_comments_are_no_words(tmp_path: Path, comment: str, separator: str) -> None:
    text = f"{comment}\nAda B-PER\nspoke O\n\n{comment}\n# second = yes\nBo B-PER\n"
    split = read(
        tmp_path,
        "a.conll",
        text.replace(" B-PER\n", f"{separator}B-PER\n").replace(" O\n", f"{separator}O\n"),
    )
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O")], [("Bo", "B-PER")]]


def test_metadata_inside_a_sentence_is_no_word(tmp_path: Path) -> None:
    split = read(tmp_path, "a.conll", "Ada\tB-PER\n# text = spoke\nspoke\tO\n")
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O")]]


@pytest.mark.parametrize("line", ["#\tO", "#\tB-PER", "# \tO", "#\tO\t", "##\tO\t\t", "#text\tO"])
def test_a_line_with_a_tag_is_a_word(tmp_path: Path, line: str) -> None:
    split = read(tmp_path, "a.conll", f"Ada\tB-PER\nspoke\tO\n\n{line}\nBo\tO\n")
    (word, tag), _ = pairs(split)[1]
    assert [word, tag] == line.rstrip("\t").split("\t")


def test_a_word_with_a_type_that_begins_with_a_hash(tmp_path: Path) -> None:
    split = read(tmp_path, "a.conll", "Ada\tPER\nBo\tPER\nin\tO\n\n#\tPER\nBo\tPER\n")
    assert pairs(split)[1] == [("#", "PER"), ("Bo", "PER")]


def test_lines_with_spaces_among_tabs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    split = read(tmp_path, "a.conll", "Ada\tB-PER\nspoke O\nin\tO\n")
    assert pairs(split) == [[("Ada", "B-PER"), ("spoke", "O"), ("in", "O")]]
    assert notices(caplog) == [
        f"{tmp_path}/a.conll: 1 lines have spaces where others have a tab, and were still "
        "read (first: line 2)"
    ]


def test_columns_aligned_by_spaces(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", "The    DT   O\nRhine  NNP  B-location  \n")
    assert pairs(split) == [[("The", "O"), ("Rhine", "B-location")]]


# --- CoNLL-U


def ud(*rows: tuple[str, str, str]) -> str:
    return "".join(
        "\t".join([id_, word, "_", "NOUN", "_", "_", "0", "root", "_", misc]) + "\n"
        for id_, word, misc in rows
    )


@pytest.mark.parametrize("key", ["NE", "NER", "name", "Name"])
def test_tags_in_the_last_column_of_conll_u(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    text = "# sent_id = 1\n# text = Ada del Bo\n" + ud(
        ("1", "Ada", f"{key}=B-PER"),
        ("2-3", "del", "SpaceAfter=No"),
        ("2", "de", f"SpaceAfter=No|{key}=O"),
        ("3", "el", "_"),
        ("3.1", "unsaid", "_"),
        ("4", "Bo", f"Other=1|{key}=B-PER|SpaceAfter=No"),
    )
    split = read(tmp_path, "a.conllu", text)
    assert pairs(split) == [[("Ada", "B-PER"), ("de", "O"), ("el", "O"), ("Bo", "B-PER")]]
    assert notices(caplog) == [
        f"{tmp_path}/a.conllu: 2 lines are multiword tokens or empty nodes, and hold no word of "
        "their own (first: line 4)"
    ]


# --- CSV


@given(corpus=CORPUS, delimiter=st.sampled_from(",;\t"), fill=st.booleans())
def test_csv_keeps_every_word(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[list[tuple[str, str]]],
    delimiter: str,
    fill: bool,
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["Sentence #", "note", "Word", "Tag"])
    for at, one in enumerate(corpus):
        for position, (word, tag) in enumerate(one):
            writer.writerow(["" if fill and position else f"s{at}", "", word, tag])
    path = write(tmp_path_factory.getbasetemp(), "any.csv", buffer.getvalue())
    split = readers.read(path)
    assert pairs(split) == corpus
    assert [one.id for one in split.sentences] == [f"s{at}" for at in range(len(corpus))]
    lines = [line for one in split.sentences for line in one.lines]
    assert lines == list(range(2, len(lines) + 2))


@pytest.mark.parametrize("word", AWKWARD)
def test_csv_keeps_awkward_words(tmp_path: Path, word: str) -> None:
    quoted = '"' + word.replace('"', '""') + '"'
    split = read(tmp_path, "a.csv", f"\ufeffsentence_id,token,tag\n1,{quoted},O\n")
    assert pairs(split) == [[(word, "O")]]


def test_csv_without_a_header_ends_sentences_at_blank_rows(tmp_path: Path) -> None:
    split = read(tmp_path, "a.csv", "Ada;B-PER\nspoke;O\n;\nBo;B-PER\nleft;O\n")
    assert pairs(split) == [
        [("Ada", "B-PER"), ("spoke", "O")],
        [("Bo", "B-PER"), ("left", "O")],
    ]


# --- faults; the remedies of many stand in test_remedies


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\na O\nb X O\n", "line 3: found 3 columns, expected 2, as in line 2: 'b X O'"),
        ("a\tO\n# no comment inside\n", "line 2: found 1 columns, expected 2"),
        ("# global.columns = ID FORM\na\tO\n", "line 1: expected one column named token"),
        ("token\tner\ttag\na\tO\tO\n", "line 1: expected one column named token"),
        ("\n\t\n \r\n# text = x\n", "empty"),
        ("a " * 1001 + "\n", "line 1: found 1001 columns; expected a word and its tag"),
        (
            "Kiel\tB-ORG\tB-LOC\nist\tO\tO\n",
            "2 columns hold tags, and only one can be learned. col",
        ),
        ("a\tb\tc\nd\te\tf\n", "no column holds tags of entities"),
    ],
)
def test_faults_of_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "a.conll", text)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,a,O\n1,b\n", r"a\.csv, line 3: found 2 columns, expected 3"),
        (",a,O\n", "line 2: the name '' of the sentence is empty"),
        ("1,a,\n", "line 2: the word 'a' has no tag"),
        ('1,",O\n1,",O\n', "line 2: a quotation mark that opens here does not close in this line"),
        ('1,",O\n1,b,O\n', "line 2: not CSV: unexpected end of data; write a cell that is"),
        ('1,"a"b,O\n', "line 2: not CSV"),
        ("", "empty; expected at least one tagged sentence"),
    ],
)
def test_faults_of_csv(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "a.csv", "sentence_id,token,tag\n" + rows)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["token", "pos"], r"columns=\['token', 'pos'\]: expected one column named token"),
        (["token", "x", "tag"], "line 1: found 2 columns, expected 3, one for each name"),
    ],
)
def test_faults_of_named_columns(tmp_path: Path, columns: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "a.conll", "a\tO\n", columns=columns)


def test_the_tag_of_a_multiword_token_is_not_lost(tmp_path: Path) -> None:
    text = ud(("1-2", "del", "NE=B-PER"), ("1", "de", "NE=O"), ("2", "el", "NE=O"))
    with pytest.raises(ValueError, match="line 1: the multiword token 'del' has the tag 'B-PER'"):
        read(tmp_path, "a.conllu", text)


SIZE = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "a/A/A " * (SIZE // 6) + "x y",
        "a/A" * (SIZE // 3) + " x",
        "<AA " * (SIZE // 4),
        "1" * SIZE,
        "a\tO\nb\tO" + "\t" * SIZE,
        "#\n" * (SIZE // 2),
        "\n" * SIZE,
    ],
    ids=["slashes", "slash", "xml", "digits", "tabs", "comments", "lines"],
)
def test_no_line_takes_for_ever(tmp_path: Path, text: str) -> None:
    """Each took minutes with expressions that backtrack, or would with a rescan of each line."""
    with pytest.raises(ValueError, match=r"a\.txt"):
        read(tmp_path, "a.txt", text)
