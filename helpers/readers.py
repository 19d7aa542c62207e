"""Files of tagged sentences, CoNLL, JSON Lines, CSV or Parquet, to words, tags and their places.

Every reader keeps the tags as they are spelled, in any scheme, and remembers the line (or the
row) of every word, so that whoever finds a fault later can still name its place.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from datasets import ClassLabel, Dataset, Value
from datasets.table import InMemoryTable
from pyarrow import ArrowInvalid, parquet

from helpers.tagging import OUTSIDE, spans_to_tags, split_tag

_ID_SUFFIXES = frozenset({".jsonl", ".json", ".parquet"})
_OTHER_SUFFIXES = _ID_SUFFIXES | {".csv"}
SUFFIXES = _OTHER_SUFFIXES | {".conll", ".conllu", ".txt", ".tsv", ".bio", ".iob2", ".annotated"}

_TOKEN_COLUMNS = ("token", "form", "word")
_TAG_COLUMNS = ("tag", "ner_tag", "ner", "label")
_TAG_LISTS = ("ner_tags", "tags", "labels")
_SPAN_LISTS = ("entities", "spans")
_SPAN_KEYS = ("start", "end", "label")

_DOCUMENT = "-DOCSTART-"
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
_COMMENT = re.compile(r"#(\s|$|begin document|end document|[\w.:]+\s*=)")

# Punctuation: that of ASCII but the underscore, Spanish marks, quotation marks, dashes, ellipsis.
_MARKS = r"!-/:-@\[-^`{-~¡¿«»\u2018-\u201f\u2013\u2014\u2026"
_WORD = re.compile(
    r"https?://\S+"
    rf"|[@#]?[^\s{_MARKS}]+(?:['\u2019.-][^\s{_MARKS}]+)*"
    rf"|(?:(?![@#]\w)[{_MARKS}])+"
)


class Sentence(NamedTuple):
    """A sentence as its source spells it.

    Attributes:
        id: Its name in the source, or else its number from 0.
        tokens: Its words.
        tags: One tag a word, in the scheme of the source.
        lines: For each word, the line or row on which it stands, from 1.
    """

    id: str
    tokens: list[str]
    tags: list[str]
    lines: list[int]


@dataclass(frozen=True, kw_only=True)
class Split:
    """The sentences of one file, or of one split of a data set on the Hub.

    Attributes:
        name: What messages call it, such as the file's path.
        sentences: All of them, in order.
        declared: The tags that the source declares, in the order of their ids; ``None`` where
            it only uses them.
        unit: What `Sentence.lines` counts, ``"line"`` or ``"row"``.
    """

    name: str
    sentences: list[Sentence]
    declared: Sequence[str] | None = None
    unit: str = "line"

    def __post_init__(self) -> None:
        """Refuse to be empty: no lesson can work on that."""
        if not self.sentences:
            raise ValueError(f"{self.name}: empty; expected at least one tagged sentence")

    def place(self, sentence: int, position: int = 0) -> str:
        """Turn the index of a sentence and of a word in it into words for a message."""
        return f"{self.name}, {self.unit} {self.sentences[sentence].lines[position]}"

    def with_tags(self, tags: Sequence[list[str]]) -> "Split":
        """Put other tags, one list a sentence, in the place of its own."""
        tagged = zip(self.sentences, tags, strict=True)
        return replace(self, sentences=[sentence._replace(tags=new) for sentence, new in tagged])


def read(
    path: Path, *, columns: Sequence[str] | None = None, tag_names: Sequence[str] | None = None
) -> Split:
    """Turn a file into its tagged sentences; the ending of its name tells the format.

    ``.jsonl`` and ``.json`` are JSON Lines, ``.csv`` and ``.parquet`` what they say, and any
    other ending is CoNLL.

    Args:
        path: The file.
        columns: For CoNLL, the names of its columns in order, see `read_conll`.
        tag_names: For JSON Lines and Parquet with tag ids, the tag of each id in order.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A fault in the file; the message names the file and the line.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path} (looked for {path.resolve()})")
    suffix = path.suffix.lower()
    if columns is not None and suffix in _OTHER_SUFFIXES:
        raise ValueError(f"columns= is for CoNLL files; {path} is none")
    if tag_names is not None and suffix not in _ID_SUFFIXES:
        raise ValueError(f"tag_names= is for tags that are ids; {path} holds none")
    if suffix == ".parquet":
        return read_parquet(path, tag_names=tag_names)
    if suffix == ".csv":
        return read_csv(path)
    if suffix in _ID_SUFFIXES:
        return read_jsonl(path, tag_names=tag_names)
    return read_conll(path, columns=columns)


def read_conll(path: Path, *, columns: Sequence[str] | None = None) -> Split:
    """Turn a CoNLL file, one word and its tag a line, into its sentences.

    Columns are separated by tabs where the first word's line holds one, else by spaces. The
    word is the first column and the tag the last, unless ``columns``, a line of names above the
    first word or a first line ``# global.columns = ...`` (CoNLL-U Plus) names them. Lines that
    are blank or hold only white space, and ``-DOCSTART-`` lines, end a sentence. Before a
    sentence, comment and metadata lines (``# text = ...``) are left out; a line that starts with
    ``#`` but has a word's columns is a word, such as a hashtag.

    Args:
        path: The file, UTF-8 with or without a byte order mark, LF or CRLF.
        columns: Names of all columns in order; one is ``"token"`` (or ``"form"``, ``"word"``)
            and one ``"tag"`` (or ``"ner_tag"``, ``"ner"``, ``"label"``), for example
            ``("tag", "token")``.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.

    Source: https://universaldependencies.org/ext-format.html
    """
    lines = _lines(path)
    layout = _layout(path, lines, columns)
    sentences: list[list[tuple[str, str, int]]] = [[]]
    for number, line in enumerate(lines, start=1):
        if _is_border(line) or number == layout.header:
            sentences.append([])
        elif sentences[-1] or not layout.is_comment(line):
            sentences[-1].append((*layout.word_and_tag(line, f"{path}, line {number}"), number))
    filled = [list(map(list, zip(*rows, strict=True))) for rows in sentences if rows]
    return Split(
        name=str(path),
        sentences=[Sentence(str(index), *rows) for index, rows in enumerate(filled)],
    )


def read_jsonl(path: Path, *, tag_names: Sequence[str] | None = None) -> Split:
    """Turn JSON Lines, one sentence a line, into its sentences.

    A record holds either ``tokens`` and, under ``ner_tags``, ``tags`` or ``labels``, a tag for
    each, as a string or an id; or ``text`` and, under ``entities`` or ``spans``, its entities as
    ``{"start": 0, "end": 5, "label": "person"}`` or ``[0, 5, "person"]``, in characters, the end
    exclusive. Such text is cut into words at white space and around punctuation marks
    (not inside ``don't``, ``3.5``, ``@handle``, ``#hashtag`` or a web address), and at the
    borders of its entities, so that no character of an entity is lost. An ``id`` is kept.

    Args:
        path: The file, UTF-8.
        tag_names: The tag of each id in order, where tags are ids.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.
    """
    sentences: list[Sentence] = []
    has_ids = False
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        record = _record(line, place)
        found = next((record[key] for key in _TAG_LISTS if key in record), None)
        spans = next((record[key] for key in _SPAN_LISTS if key in record), None)
        if found is None and spans is not None:
            tokens, tags = _tag_text(record.get("text"), spans, place)
        else:
            has_ids = has_ids or (isinstance(found, list) and not _all_strings(found))
            tokens, tags = _tokens_and_tags(record.get("tokens"), found, tag_names, place)
        name = str(record.get("id", len(sentences)))
        sentences.append(Sentence(name, tokens, tags, [number] * len(tokens)))
    if tag_names is not None and not has_ids:
        raise ValueError(f"tag_names= is for tags that are ids; {path} holds none")
    return Split(name=str(path), sentences=sentences, declared=tag_names)


def read_csv(path: Path) -> Split:
    """Turn a CSV file with the columns ``sentence_id``, ``token`` and ``tag`` into its sentences.

    Rows of one sentence stand together. Every value is text: a token ``NA`` or ``null`` stays
    what it is. Other columns are left out.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.
    """
    rows = _csv_rows(path)
    header = [name.strip().lower() for name in next(rows, (1, []))[1]]
    if not header:
        return Split(name=str(path), sentences=[])
    if "sentence_id" not in header:
        raise ValueError(
            f"{path}, line 1: expected the columns sentence_id, token and tag; found {header}"
        )
    id_column = header.index("sentence_id")
    token_column, tag_column = _find_columns(header, f"{path}, line 1")
    sentences: dict[str, Sentence] = {}
    current = ""
    for number, row in rows:
        place = f"{path}, line {number}"
        if len(row) != len(header):
            raise ValueError(f"{place}: found {len(row)} columns, expected {len(header)}: {row}")
        name, token, tag = row[id_column], row[token_column], row[tag_column]
        if not name or (name != current and name in sentences):
            raise ValueError(
                f"{place}: the sentence_id {name!r} is empty or was used before line {number}; "
                "keep the rows of a sentence together and give each sentence its own id"
            )
        _check_word(token, tag, place)
        sentence = sentences.setdefault(name, Sentence(name, [], [], []))
        sentence.tokens.append(token)
        sentence.tags.append(tag)
        sentence.lines.append(number)
        current = name
    return Split(name=str(path), sentences=list(sentences.values()))


def read_parquet(path: Path, *, tag_names: Sequence[str] | None = None) -> Split:
    """Turn a Parquet file, one sentence a row, into its sentences; see `read_dataset`."""
    try:
        table = parquet.read_table(path)
    except ArrowInvalid as error:
        raise ValueError(f"{path}: not a Parquet file: {error}") from None
    return read_dataset(Dataset(InMemoryTable(table)), name=str(path), tag_names=tag_names)


def read_dataset(dataset: Dataset, *, name: str, tag_names: Sequence[str] | None = None) -> Split:
    """Turn a data set with columns of words and tags into its sentences.

    Args:
        dataset: With the columns ``tokens`` and ``ner_tags``, ``tags`` or ``labels``; tags are
            strings, `ClassLabel` ids, or ids that ``tag_names`` explains. An ``id`` is kept.
        name: What messages call it.
        tag_names: The tag of each id in order, where tags are ids without names.

    Raises:
        ValueError: A column is missing or a row is at fault; the message names the row.
    """
    tag_column = next((key for key in _TAG_LISTS if key in dataset.column_names), None)
    if "tokens" not in dataset.column_names or tag_column is None:
        raise ValueError(
            f"{name}: expected a column tokens and one of {', '.join(_TAG_LISTS)}; found "
            f"{', '.join(dataset.column_names)}"
        )
    feature = getattr(dataset.features[tag_column], "feature", None)
    declared = feature.names if isinstance(feature, ClassLabel) else None
    has_ids = isinstance(feature, Value) and "int" in feature.dtype
    if tag_names is not None and not has_ids:
        raise ValueError(f"tag_names= is for tags that are ids without names; {name} holds none")
    kept = [key for key in ("id", "tokens", tag_column) if key in dataset.column_names]
    columns = dataset.select_columns(kept).to_dict()
    ids = columns.get("id", range(len(dataset)))
    rows = zip(ids, columns["tokens"], columns[tag_column], strict=True)
    sentences = []
    for number, (id_, found_tokens, found_tags) in enumerate(rows, start=1):
        tokens, tags = _tokens_and_tags(
            found_tokens, found_tags, declared or tag_names, f"{name}, row {number}"
        )
        sentences.append(Sentence(str(id_), tokens, tags, [number] * len(tokens)))
    return Split(name=name, sentences=sentences, declared=declared or tag_names, unit="row")


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where the word and the tag stand in the lines of one CoNLL file."""

    tabs: bool
    width: int
    token: int
    tag: int
    header: int | None
    expected: str

    def is_comment(self, line: str) -> bool:
        if not _COMMENT.match(line):
            return False
        cells = _cells(line, tabs=self.tabs)
        tagged = len(cells) == self.width and (self.tabs or _looks_like_tag(cells[self.tag]))
        return not tagged

    def word_and_tag(self, line: str, place: str) -> tuple[str, str]:
        cells = _cells(line, tabs=self.tabs)
        if len(cells) != self.width:
            raise ValueError(
                f"{place}: found {len(cells)} columns, expected {self.expected}: {line!r}"
            )
        token, tag = cells[self.token], cells[self.tag].strip()
        _check_word(token, tag, place)
        return token, tag


def _layout(path: Path, lines: Sequence[str], columns: Sequence[str] | None) -> _Layout:
    """Tell the columns of a file from what the caller, its first line or its first word says."""
    rows = [(number, line) for number, line in enumerate(lines, 1) if not _is_border(line)]
    words = [row for row in rows if not _COMMENT.match(row[1])]
    number, first = next(iter(words or rows), (1, ""))
    tabs = "\t" in first
    cells = _cells(first, tabs=tabs)
    header = columns is None and _names_columns(cells)
    declared = _GLOBAL_COLUMNS.match(lines[0])
    names = columns or (declared[1].split() if declared else cells if header else None)
    if names is not None:
        place = "columns=" if columns else f"{path}, line {number if header else 1}"
        token, tag = _find_columns(names, place)
        expected = f"{len(names)} ({' '.join(names)})"
    elif rows and len(cells) < 2:
        raise ValueError(
            f"{path}, line {number}: found one column; expected a word and its tag, separated by "
            f"a tab or spaces: {first!r}"
        )
    else:
        token, tag = 0, len(cells) - 1
        expected = f"{len(cells)} as in line {number}"
    return _Layout(
        tabs=tabs,
        width=len(names or cells),
        token=token,
        tag=tag,
        header=number if header else None,
        expected=expected,
    )


def _cells(line: str, *, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else re.split(" +", line.strip(" "))


def _names_columns(cells: Sequence[str]) -> bool:
    names = {cell.strip().lower() for cell in cells}
    return not names.isdisjoint(_TOKEN_COLUMNS) and not names.isdisjoint(_TAG_COLUMNS)


def _is_border(line: str) -> bool:
    return not line.strip() or (_DOCUMENT in line and _DOCUMENT in re.split("[ \t]", line))


def _looks_like_tag(text: str) -> bool:
    return text == OUTSIDE or split_tag(text)[0] != ""


def _find_columns(names: Sequence[str], place: str) -> tuple[int, int]:
    """Find the one column of words and the one column of tags."""
    known = [name.strip().lower() for name in names]
    tokens = [index for index, name in enumerate(known) if name in _TOKEN_COLUMNS]
    tags = [index for index, name in enumerate(known) if name in _TAG_COLUMNS]
    if len(tokens) != 1 or len(tags) != 1:
        raise ValueError(
            f"{place}: expected one column named {' or '.join(_TOKEN_COLUMNS)} and one named "
            f"{' or '.join(_TAG_COLUMNS)}; found {list(names)}"
        )
    return tokens[0], tags[0]


def _check_word(token: str, tag: str, place: str) -> None:
    if not token or not tag:
        raise ValueError(f"{place}: empty {'tag' if token else 'word'}; found {(token, tag)}")


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: not UTF-8: byte 0x{content[error.start]:02x} at offset "
            f"{error.start}; save the file as UTF-8"
        ) from None


def _lines(path: Path) -> list[str]:
    """Cut a file at its line feeds only: other characters that end lines may stand in words."""
    return [line.removesuffix("\r") for line in _text(path).split("\n")]


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which a row starts and its cells; blank lines are left out."""
    reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{path}, line {number}: not CSV: {error}") from None
        if row is None:
            return
        if any("\n" in cell for cell in row):
            raise ValueError(
                f"{path}, line {number}: a quotation mark opened here runs on into the next "
                'line; write a quotation mark as """"'
            )
        if row:
            yield number, row


def _record(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{place}: expected one JSON object a line; {error.msg} at character {error.pos}"
        ) from None
    if not isinstance(record, dict):
        raise ValueError(f"{place}: expected one JSON object a line; found {line[:60]}")
    return record


def _tokens_and_tags(
    tokens: object, tags: object, names: Sequence[str] | None, place: str
) -> tuple[list[str], list[str]]:
    """Check the words and tags of one sentence and spell out tags that are ids."""
    if not isinstance(tokens, list) or not isinstance(tags, list):
        raise ValueError(
            f"{place}: expected the lists tokens and one of {', '.join(_TAG_LISTS)}, or text and "
            f"one of {', '.join(_SPAN_LISTS)}; found tokens={tokens!r}, tags={tags!r}"
        )
    if len(tokens) != len(tags):
        raise ValueError(f"{place}: found {len(tokens)} tokens and {len(tags)} tags")
    if not tokens or not _all_strings(tokens) or not all(tokens):
        raise ValueError(f"{place}: expected at least one word and none empty; found {tokens}")
    return tokens, tags if _all_strings(tags) and all(tags) else _names_of(tags, names, place)


def _names_of(ids: list[Any], names: Sequence[str] | None, place: str) -> list[str]:
    wrong = next((tag for tag in ids if type(tag) is not int), None)
    if wrong is not None or None in ids:
        raise ValueError(f"{place}: expected tags, all strings or all ids; found {wrong!r}")
    if names is None:
        raise ValueError(
            f"{place}: the tags are ids without names; give tag_names=[...], the tag of each id "
            "in order, such as ['O', 'B-person', 'I-person']"
        )
    for tag in ids:
        if not 0 <= tag < len(names):
            raise ValueError(f"{place}: the tag id {tag} is not one of 0 to {len(names) - 1}")
    return [names[tag] for tag in ids]


def _all_strings(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _tag_text(text: object, spans: object, place: str) -> tuple[list[str], list[str]]:
    """Cut text into words, also at the borders of its entities, and tag them."""
    if not isinstance(text, str) or not text.strip() or not isinstance(spans, list):
        raise ValueError(
            f"{place}: expected text with a word in it and a list of entities; found {text!r} and "
            f"{spans!r}"
        )
    entities = sorted(_character_span(span, len(text), place) for span in spans)
    for (start, end, label), (next_start, next_end, next_label) in pairwise(entities):
        if next_start < end:
            raise ValueError(
                f"{place}: the entities {label} ({start} to {end}) and {next_label} "
                f"({next_start} to {next_end}) overlap; a word has one tag, so keep one of them"
            )
    borders = sorted({border for start, end, _ in entities for border in (start, end)})
    words: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        inner = [border for border in borders if match.start() < border < match.end()]
        words += pairwise([match.start(), *inner, match.end()])
    word_spans = []
    for start, end, label in entities:
        inside = [at for at, word in enumerate(words) if start <= word[0] < end]
        if not inside:
            raise ValueError(f"{place}: the entity {label} ({start} to {end}) holds no word")
        word_spans.append((label, inside[0], inside[-1] + 1))
    return [text[start:end] for start, end in words], spans_to_tags(word_spans, len(words))


def _character_span(span: object, length: int, place: str) -> tuple[int, int, str]:
    values = [span.get(key) for key in _SPAN_KEYS] if isinstance(span, dict) else span
    match values:
        case [int(start), int(end), str(label)] if label and 0 <= start < end <= length:
            return start, end, label
    raise ValueError(
        f"{place}: expected an entity as start, end and label with 0 <= start < end <= {length}, "
        f"the length of the text; found {span!r}"
    )
