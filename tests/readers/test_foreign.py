"""Files that hold no table of words are refused by their right name, with what to do."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import read, write

from helpers import readers

WEBANNO = (
    "#FORMAT=WebAnno TSV 3.3\n#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value\n"
    "\n\n#Text=Ada spoke\n1-1\t0-3\tAda\tPER\t\n1-2\t4-9\tspoke\t_\t\n"
)
GATE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- The document -->\n<GateDocument version="3">\n'
    '<TextWithNodes><Node id="0"/>Ada<Node id="3"/> spoke</TextWithNodes>\n</GateDocument>\n'
)
FOREIGN = {
    "WebAnno": (WEBANNO, "a file of WebAnno or INCEpTION; export it from there as CoNLL 2002"),
    "PubTator": (
        "1234|t|Ada spoke\n1234|a|Of cancer.\n1234\t13\t19\tcancer\tDisease\tD009369\n",
        "a file of PubTator; the Python library bconv turns it into CoNLL",
    ),
    "GATE": (GATE, "a document of GATE; the Python library gatenlp opens it"),
    "GATE without its first line": (GATE.partition("\n")[2].partition("\n")[2], "of GATE"),
    "XML": ('<?xml version="1.0"?>\n<text>Ada</text>\n', "found XML; write each word and its tag"),
    "tags of XML": ("<PER>Ada</PER> spoke\n", "text with tags of XML; write each word"),
    "braces": ("In {{LOC:Lima}} it rains\nSo what\n", "text with marked entities; write each wor"),
    "Rasa's brackets": ("- fly to [Lima](city) now\n", "text with marked entities, as for Rasa"),
    "words and tags": ("Ada/NNP spoke/VBD\n", "words and tags joined by '/' or '|'"),
    "BRAT": ("T1\tPER 0 3\tAda\nT2\tPER 4 6\tBo\n", "the annotations of BRAT; keep the .txt of"),
    "objects": ('{"text": "Ada"}\n', "JSON; give the file a name that ends in .jsonl or .json"),
    "an array over lines": ('[\n{"text": "Ada"}]\n', "JSON; give the file a name that ends in"),
    "an array in a line": ('[{"text": "Ada"}]\n', "JSON; give the file a name that ends in"),
    "CoNLL-2012": (
        "#begin document (a); part 000\na\t0\t0\tIn\t(TOP(PP*\t*\t-\na\t0\t1\tLima\t*\t(GPE)\t-\n"
        "a\t0\t2\t.\t*))\t*\t(1)\n#end document\n",
        "looks like the brackets of OntoNotes; write 'B-' and the type where a bracket opens",
    ),
    "plain text": ("Ada\nspoke\n", "expected a word and its tag, separated by a tab or spaces"),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("suffix", [".txt", ".tsv", ".yml", ".xml", ""])
def test_what_a_file_is_called(tmp_path: Path, name: str, suffix: str) -> None:
    text, message = FOREIGN[name]
    with pytest.raises(ValueError, match=f"a{suffix}.*{message}"):
        read(tmp_path, f"a{suffix}", text)


CELL = st.text("cdfgéXYZ.", min_size=2, max_size=9)


@given(
    rows=st.lists(
        st.tuples(CELL, st.integers(1, 90), st.integers(2, 9), CELL, st.sampled_from(["PER", "x"])),
        min_size=1,
        max_size=5,
    ),
    header=st.sampled_from(
        [None, ["text", "start", "end", "entity", "label"], ["Satz", "von", "bis", "Wort", "Art"]]
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_tables_of_offsets_in_any_form(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int, int, str, str]],
    header: list[str] | None,
    delimiter: str,
) -> None:
    buffer = io.StringIO()
    table = [[text, start, start + n, word, type_] for text, start, n, word, type_ in rows]
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerows([*([header] if header else []), *table])
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    path = write(tmp_path_factory.getbasetemp(), name, buffer.getvalue())
    with pytest.raises(ValueError, match="found a table of offsets; write JSON Lines instead"):
        readers.in_iob2({"train": readers.read(path)})


@pytest.mark.parametrize(
    "text",
    [
        "{{\tO\nLOC:\tO\nAda\tB-x\n",
        "[\tO\nLima](city)\tB-x\n",
        '{"\tO\nAda\tB-x\n',
        "7\t8\tAda\tB-x\n7\t9\tspoke\tO\n",
        "<PER>\tO\nAda\tB-x\n",
        "a/A\tO\nAda\tB-x\n",
        "#FORMAT=x\nAda\tB-x\n",
        "1|t|\tO\nAda\tB-x\n".replace("1|t|", "|t|"),
    ],
)
def test_words_that_look_so_are_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, "a.txt", text).sentences[0].tags[-1] in ("B-x", "O")
