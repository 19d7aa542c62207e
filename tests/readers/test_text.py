"""Files to text: encodings, and files that are no text."""

from pathlib import Path

import pytest
from reading import advised_options, pairs, read, write

from helpers import readers

TEXT = "# text = Müller in Łódź\nMüller\tB-PER\nin\tO\nŁódź\tB-LOC\n"
TAGGED = [[("Müller", "B-PER"), ("in", "O"), ("Łódź", "B-LOC")]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_a_byte_order_mark_says_is_read(tmp_path: Path, encoding: str) -> None:
    assert pairs(read(tmp_path, "a.conll", TEXT.encode(encoding))) == TAGGED


@pytest.mark.parametrize("encoding", ["cp1250", "iso-8859-2", "utf-16-le", "gb18030"])
def test_any_encoding_can_be_named(tmp_path: Path, encoding: str) -> None:
    text = TEXT.replace("ź", "z").replace("ó", "o") if encoding == "gb18030" else TEXT
    text = text.replace("Ł", "L") if encoding == "gb18030" else text
    split = read(tmp_path, "a.conll", text.encode(encoding), encoding=encoding)
    assert pairs(split)[0][0] == ("Müller", "B-PER")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.spacy", b"\x82", "the binary form of spaCy; write json.dumps"),
        ("train.xlsx", b"PK\x03\x04", "a workbook of Excel; save its sheet as CSV in UTF-8"),
        ("train.conll.gz", b"\x1f\x8b\x08", r"compressed by gzip; unpack it \(gunzip\)"),
        ("train.bz2", b"BZh91AY", "compressed by bzip2"),
        ("train.xz", b"\xfd7zXZ\x00", "compressed by xz"),
        ("train.zip", b"PK\x03\x04", r"a ZIP archive; unpack it \(unzip\)"),
        ("train.conll", b"PAR1\x15\x00", "a Parquet file; give it a name that ends in .parquet"),
        ("train.arrow", b"ARROW1\x00\x00", "an Arrow file; write it with Dataset.to_parquet"),
        ("train", b"%PDF-1.7", "a PDF file"),
        ("train.pkl", b"\x80\x04\x95", "a pickle, which can run code when it is opened"),
        ("train.txt", b"a\x00b\tO\n", "binary, since it holds zero bytes; export it as CoNLL"),
    ],
)
def test_binary_files_say_what_they_are(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=rf"{name}: this is not text but {message}"):
        read(tmp_path, name, content)


@pytest.mark.parametrize("word", ["BZhou", "PAR1", "ARROW1", "%PDF", "€uro"])
def test_words_that_begin_as_binary_files_do(tmp_path: Path, word: str) -> None:
    text = f"{word}\tB-x\nand\tO\n".encode("cp1252")
    assert pairs(read(tmp_path, "a.conll", text, encoding="cp1252"))[0][0] == (word, "B-x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\tO\n\xff\tO\n", "line 2: not UTF-8: byte 0xff at offset 4; "),
        (b"\xef\xbb\xbfa\tO\nb\xe9\tO\n", "line 2: not UTF-8: byte 0xe9 at offset 8; "),
        (b"\xff\xfea\x00\n", "line 1: not UTF-16: byte 0x0a at offset 4; "),
    ],
)
def test_the_byte_that_is_no_text_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "a.conll", content)


SPANISH = "La\tO\nciudad\tO\nde\tO\nA\tB-LOC\nCoruña\tI-LOC\npidió\tO\nmás\tO\naños\tO\n"
CZECH = "V\tO\nčeském\tB-LOC\nměstě\tO\nžije\tO\nJiří\tB-PER\nDvořák\tI-PER\nšťastně\tO\n"
RUSSIAN = "В\tO\nгороде\tO\nМоскве\tB-LOC\nжил\tO\nпоэт\tO\nПушкин\tB-PER\nдавно\tO\n"
CHINESE = (
    "\n".join(f"{character}\tO" for character in "我们今天在北京开会讨论中国的经济发展问题") + "\n"
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SPANISH, "latin-1"),
        (SPANISH * 200, "cp1252"),
        ("a\tO\n" * 500 + "café\tB-x\n", "latin-1"),
        (RUSSIAN, "cp1251"),
        (CHINESE * 5, "gb18030"),
        (CZECH * 5, "cp1250"),
    ],
)
def test_the_likely_encoding_reads_the_words(tmp_path: Path, text: str, encoding: str) -> None:
    path = write(tmp_path, "a.conll", text.encode(encoding))
    with pytest.raises(ValueError, match="not UTF-8") as caught:
        readers.read(path)
    split = readers.read(path, readers.ReadOptions(**advised_options(str(caught.value))))
    expected = [line.split("\t")[0] for line in text.splitlines()]
    assert [word for sentence in split.sentences for word in sentence.tokens] == expected


def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"no such file: a.conll .looked for {tmp_path}"):
        readers.read(Path("a.conll"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jsonl", {"columns": ["token", "tag"]}),
        ("a.parquet", {"columns": ["token", "tag"]}),
        ("a.parquet", {"encoding": "utf-8"}),
        ("a.txt", {"columns": ["token", "tag"]}),
        ("a.txt", {"tag_names": ["O"]}),
    ],
)
def test_options_that_a_format_does_not_have(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    write(tmp_path, "a.ann", "")
    with pytest.raises(
        ValueError, match="is not for (JSON|Parquet|BRAT) .*; leave (columns|enc|tag_n)"
    ):
        read(tmp_path, name, "", **options)
