"""A file to its text: encodings, and files that are not text."""

import codecs
import re
from pathlib import Path

import charset_normalizer

# The longer ones first: that of UTF-32 begins as one of UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SPACY = (
    "the binary form of spaCy; write json.dumps(doc.to_json()) on a line for each doc of "
    "spacy.tokens.DocBin().from_disk(path).get_docs(nlp.vocab), into a file that ends in .jsonl"
)
_PICKLE = "a pickle, which can run code when it is opened; write JSON Lines instead"
_EXCEL = "a workbook of Excel; save its sheet as CSV in UTF-8"
# The first bytes of files that are no text, and what to do with them.
_BINARY = (
    (b"\x1f\x8b", "compressed by gzip; unpack it (gunzip)"),
    (b"BZh9", "compressed by bzip2; unpack it (bunzip2)"),
    (b"\xfd7zXZ", "compressed by xz; unpack it (unxz)"),
    (b"PK\x03\x04", "a ZIP archive; unpack it (unzip) and give the folder of its files"),
    (b"PAR1\x15", "a Parquet file; give it a name that ends in .parquet"),
    (b"ARROW1\x00", "an Arrow file; write it with Dataset.to_parquet"),
    (b"%PDF-", "a PDF file, which cannot hold tags of words"),
    *((bytes([0x80, protocol]), _PICKLE) for protocol in range(2, 6)),
)
# Encodings in use: the library would also guess at some of the last century's.
_COMMON = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("iso8859_2", "iso8859_5", "iso8859_7", "iso8859_15", "koi8_r", "koi8_u"),
    *("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp949", "cp874"),
)
_LAST_CELL = re.compile(rb"[\t ][!-~]+\r?$", re.MULTILINE)  # its Latin letters mislead the guess
_BY_SUFFIX = {".spacy": _SPACY, ".xlsx": _EXCEL, ".xls": _EXCEL}
BINARY_SUFFIXES = frozenset({*_BY_SUFFIX, ".gz", ".bz2", ".xz", ".zip", ".pkl", ".arrow"})


def read_text(path: Path, encoding: str | None) -> str:
    """Turn a file into its text.

    Args:
        path: The file.
        encoding: How it is written; ``None`` is UTF-8, or UTF-16 or UTF-32 if a byte order mark
            says so.

    Raises:
        ValueError: Not text, or in another encoding; the message names the likely one.
    """
    content = path.read_bytes()
    if encoding is None:
        encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    looks = _BY_SUFFIX.get(path.suffix.lower()) or _binary(content, encoding)
    if looks:
        raise ValueError(f"{path}: this is not text but {looks}")
    try:
        return content.decode(encoding or "utf-8").removeprefix("\ufeff")
    except LookupError:
        raise ValueError(
            f"encoding={encoding!r}: unknown; expected the name of an encoding in Python, such as "
            "'latin-1', 'cp1252' or 'utf-16'"
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: not {(encoding or 'utf-8').upper()}: byte "
            f"0x{content[error.start]:02x} at offset {error.start}; {_remedy(content, error.start)}"
        ) from None


def split_lines(text: str) -> list[str]:
    """Cut text at its line feeds only: other characters that end lines may stand in words."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _binary(content: bytes, encoding: str | None) -> str | None:
    known = next((looks for start, looks in _BINARY if content.startswith(start)), None)
    if known is None and encoding is None and b"\x00" in content:
        return "binary, since it holds zero bytes; export it as CoNLL, JSON Lines or CSV in UTF-8"
    return known


def _remedy(content: bytes, at: int) -> str:
    """Name the likely encoding, and show how the text around the byte then reads."""
    save = "save the file as UTF-8"
    found = charset_normalizer.from_bytes(_LAST_CELL.sub(b"", content), cp_isolation=[*_COMMON])
    best = found.best()
    if best is None:
        return save
    likely = best.encoding
    for match in found:  # of those that fit equally well, the commonest one
        equal = (match.chaos, match.coherence) == (best.chaos, best.coherence)
        if equal and "cp1252" in match.could_be_from_charset:
            likely = "cp1252"
    shown = content[max(0, at - 12) : at + 12].decode(likely, errors="replace")
    return f"it may be {likely}, which reads {shown!r} here: give encoding={likely!r}, or {save}"
