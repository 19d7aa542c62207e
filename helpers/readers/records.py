"""JSON in the forms of data sets and of annotation tools, a sentence or a text in each record.

It reads words with tags, as 🤗 Datasets has them, and texts with entities by character, as
doccano, Label Studio, Prodigy and spaCy export them.

Sources: https://doccano.github.io/doccano/ , https://labelstud.io/guide/export.html ,
https://prodi.gy/docs/api-interfaces#ner , https://spacy.io/api/data-formats .
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from helpers.readers.ids import TagIds
from helpers.readers.names import (
    DOCUMENTS,
    ENDS,
    ENTITIES,
    QUOTES,
    STARTS,
    TAGS,
    TEXTS,
    TOKENS,
    TYPES,
    find,
)
from helpers.readers.notes import Notes
from helpers.readers.options import ReadOptions
from helpers.readers.spans import Aligner, Annotation
from helpers.readers.split import Sentence, Split
from helpers.readers.text import read_text
from helpers.words import Offsets

logger = logging.getLogger(__name__)

_GAP = re.compile(r"[\s,]*")
_ARRAY = re.compile(r"\[(?!\s*\")")  # a line that is a list with a text first is spaCy's pair
_DECODER = json.JSONDecoder()


class Words(NamedTuple):
    """A record with words and a tag for each, under the key ``used``."""

    tokens: Any
    tags: Any
    used: str


class Text(NamedTuple):
    """A record with a text and its entities; ``None`` if it does not mention entities."""

    text: str
    annotations: Sequence[Annotation] | None
    offsets: Sequence[Offsets] | None = None
    n_versions: int = 1


class LeftOut(NamedTuple):
    """A record that holds nothing to learn from, and why."""

    reason: str


Found = Words | Text | LeftOut


def read_json(path: Path, options: ReadOptions) -> Split:
    """Turn JSON Lines, a JSON array or JSON objects over several lines into sentences.

    A record holds either words (``tokens`` or ``words``) and a tag for each (``ner_tags``,
    ``tags``, ``labels``, ``ner``), as a string or an id; or ``text`` and its entities
    (``entities``, ``spans``, ``ents``, ``label``, ``labels``), each as ``[0, 5, "person"]`` or
    ``{"start": 0, "end": 5, "label": "person"}``, in characters, the end exclusive. An ``id`` is
    kept. See `helpers.readers.spans` for how text becomes words.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.
    """
    options.refuse("columns", source=f"JSON ({path})")
    records = _records(path, read_text(path, options.encoding))
    return read_records(records, name=str(path), unit="line", options=options)


def read_records(
    records: Iterable[tuple[int, Any]], *, name: str, unit: str, options: ReadOptions
) -> Split:
    """Turn records, each with its line or row, into sentences; see `read_json`."""
    reader = _Reader(name, options)
    sentences: list[Sentence] = []
    for number, record in records:
        place = f"{name}, {unit} {number}"
        read = reader.read(record, place)
        if read:
            tokens, tags = read
            known = record if isinstance(record, dict) else {}
            id_ = str(len(sentences) if known.get("id") is None else known["id"])
            document = next((str(known[key] or "") for key in find(known, DOCUMENTS)), "")
            sentences.append(Sentence(id_, tokens, tags, [number] * len(tokens), document))
    reader.report(n_sentences=len(sentences))
    return Split(name=name, sentences=sentences, declared=options.tag_names, unit=unit)


def check_words(tokens: object, tags: object, place: str) -> tuple[list[str], list[Any]]:
    """Check that a sentence has words, and a tag for each.

    Raises:
        ValueError: There is no word, one that is no text, or another number of tags.
    """
    if not isinstance(tokens, list) or not isinstance(tags, list):
        raise ValueError(
            f"{place}: expected a list of words and a list of tags, found tokens={tokens!r:.80}, "
            f"tags={tags!r:.80}"
        )
    if len(tokens) != len(tags):
        raise ValueError(
            f"{place}: found {len(tokens)} tokens and {len(tags)} tags; each word takes one tag"
        )
    if set(map(type, tokens)) != {str}:
        raise ValueError(
            f"{place}: expected at least one word, and text only; found {tokens!r:.80}"
        )
    return tokens, tags


def report_tags(source: str, used: Iterable[str], keys: Iterable[str]) -> None:
    """Log which tags were ignored, because a word has one tag."""
    used = sorted(used)
    others = [key for key in keys if find([key], TAGS) or key.endswith("tags")]
    ignored = sorted({*others} - {*used})
    if used and ignored:
        taken = ", ".join(used)
        logger.warning(
            "%s: took the tags under %s, and ignored %s", source, taken, ", ".join(ignored)
        )


class _Reader:
    """Reads records, and counts what it left out or chose."""

    def __init__(self, source: str, options: ReadOptions) -> None:
        self._source = source
        self._ids = TagIds(options.tag_names)
        self._aligner = Aligner(source, options.overlaps)
        self._notes = Notes(source)
        self._used: set[str] = set()  # keys of tags
        self._keys: set[str] = set()  # all keys beside tags
        self._bare: str | None = None  # the place of the first text that says nothing of entities
        self._has_entities = False

    def read(self, record: Any, place: str) -> tuple[list[str], list[str]] | None:
        """Turn a record into words and tags; ``None`` where it is left out."""
        match _found(record, place):
            case Words(tokens, tags, used):
                self._used.add(used)
                self._keys.update(record)
                tokens, tags = check_words(tokens, tags, place)
                return tokens, self._ids.spell_out(tags, place)
            case Text(text, annotations, offsets, n_versions):
                if n_versions > 1:
                    kind = "records were annotated more than once; took the first annotation"
                    self._notes.add(kind, place)
                if annotations is None:
                    self._bare = self._bare or place
                else:
                    self._has_entities = True
                tokens, tags = self._aligner.align(text, annotations or (), offsets)
                if tokens:
                    return tokens, tags
                self._notes.add("records are left out, since they hold no word", place)
            case LeftOut(reason):
                self._notes.add(f"records are left out, since they {reason}", place)
            case _:
                keys = ", ".join(map(str, record)) if isinstance(record, dict) else repr(record)
                raise ValueError(
                    f"{place}: expected a JSON object that holds {' or '.join(TOKENS)} with one of "
                    f"{', '.join(TAGS)}, or text with one of {', '.join(ENTITIES)}; found "
                    f"{keys:.300}"
                )
        return None

    def report(self, *, n_sentences: int) -> None:
        """Log what was counted, and refuse what cannot be learned from.

        Raises:
            ValueError: No record has entities or is left, or names of ids have no use.
        """
        self._notes.report()
        self._aligner.report()
        report_tags(self._source, self._used, self._keys)
        if self._bare and not self._has_entities:
            raise ValueError(
                f"{self._bare}: a text without entities, and no record has them; expected entities "
                f"under one of {', '.join(ENTITIES)}; rename the key that holds them"
            )
        if not n_sentences and str(self._notes):
            raise ValueError(
                f"{self._source}: no record is left to learn from: {self._notes}; annotate and "
                "accept some"
            )
        if n_sentences:
            self._ids.check_used(self._source)


def _records(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Yield each record and the line on which it begins, of lines, of an array, or of objects."""
    at, line = _GAP.match(text).end(), 1  # type: ignore[union-attr]  # it matches anywhere
    in_array = _ARRAY.match(text, at) is not None
    line, at = line + text.count("\n", 0, at), at + in_array
    while True:
        start = _GAP.match(text, at).end()  # type: ignore[union-attr]
        line, at = line + text.count("\n", at, start), start
        if at == len(text) or (in_array and text[at] == "]"):
            break
        try:
            record, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{path}, line {error.lineno}: not JSON: {error.msg} at character {error.colno}; "
                "expected a JSON object in each line, or an array of them"
            ) from None
        except (RecursionError, ValueError) as error:  # lists in lists, a number of many digits
            raise ValueError(f"{path}, line {line}: JSON that cannot be read: {error}") from None
        match record:
            case {"classes": _, "annotations": list(records)}:  # of a NER annotator
                yield from ((line, one) for one in records)
            case _:
                yield line, record
        line, at = line + text.count("\n", at, end), end
    if in_array and at == len(text):
        raise ValueError(f"{path}: the array has no end; is the file complete? It should end in ]")
    rest = text[at + in_array :]
    if rest.strip():
        line += rest.count("\n", 0, len(rest) - len(rest.lstrip()))
        raise ValueError(
            f"{path}, line {line}: found something after the end of the array; remove it"
        )


def _found(record: Any, place: str) -> Found | None:
    """Turn a record of any form into what it holds; ``None`` if it is of no known form."""
    match record:
        case None:
            return LeftOut("are empty")
        case {"answer": str(answer)} if answer != "accept":  # which Prodigy keeps
            return LeftOut(f"were answered with {answer!r}")
        case {"data": dict()}:
            return _task(record, place)
        case dict():
            return _sentence(record, place)
        case [str(text), {"entities": list(spans)}] | [str(text), list(spans)]:  # spaCy's pair
            return Text(text, _annotations(spans, place))
    return None


def _task(record: dict[str, Any], place: str) -> Found:
    """Label Studio has a text among the data of a task, and any number of annotations of it."""
    versions = _objects(record.get("annotations", record.get("completions")), place)
    done = [one for one in versions if not (one.get("was_cancelled") or one.get("skipped"))]
    if not done:
        return LeftOut("were not annotated")
    data = record["data"]
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if not texts:
        raise ValueError(f"{place}: expected a text under data; found {', '.join(data)}")
    text = texts.get("text", next(iter(texts.values())))
    values = [one.get("value") for one in _objects(done[0].get("result"), place)]
    spans = [value for value in values if isinstance(value, dict) and "start" in value]
    return Text(text, _annotations(spans, place), n_versions=len(done))


def _sentence(record: dict[str, Any], place: str) -> Found | None:
    """Words with tags, or a text with entities, under names that many tools share."""
    tokens = next((record[key] for key in find(record, TOKENS)), None)
    tags = [key for key in find(record, TAGS) if isinstance(record[key], list)]
    texts = [record[key] for key in find(record, TEXTS) if isinstance(record[key], str)]
    given = find(record, ENTITIES) if texts else ()
    if isinstance(tokens, list) and tags and (not texts or not given or _flat(record[tags[0]])):
        return Words(tokens, record[tags[0]], tags[0])
    if not texts:
        return None
    spans = [record[key] for key in given if record[key] is not None]
    annotations = _annotations(spans[0], place) if spans else []
    is_bare = not given and "answer" not in record
    return Text(texts[0], None if is_bare else annotations, _given_offsets(tokens, texts[0], place))


def _objects(value: object, place: str) -> list[dict[str, Any]]:
    """Check that a value is a list of objects, or not there."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"{place}: expected a list of JSON objects; found {value!r:.80}")
    return value


def _given_offsets(tokens: object, text: str, place: str) -> list[Offsets] | None:
    """Take the offsets of words that a tool gives, as Prodigy and spaCy do.

    ``None`` where it gives none, or not in the order in which they stand in the text.
    """
    if not isinstance(tokens, list) or not tokens:
        return None
    offsets = []
    end_before = 0
    for token in tokens:
        match token:
            case {"start": int(start), "end": int(end)} if end_before <= start < end <= len(text):
                offsets.append((start, end))
                end_before = end
            case {"start": int(), "end": int()}:
                return None
            case _:
                raise ValueError(
                    f"{place}: expected a token with start and end; found {token!r:.60}; leave out "
                    "tokens to have the text cut into words"
                )
    return offsets


def _annotations(spans: object, place: str) -> list[Annotation]:
    if not isinstance(spans, list):
        raise ValueError(f"{place}: expected a list of entities; found {spans!r:.80}")
    return [_annotation(span, place) for span in spans]


def _annotation(span: object, place: str) -> Annotation:
    """Turn an entity, a list or an object with any of the usual names, into start, end, type."""
    values, quote = list(span) if isinstance(span, list) else [], None
    if isinstance(span, dict):
        values = [span[key] for names in (STARTS, ENDS, TYPES) for key in find(span, names)[:1]]
        quote = next((span[key] for key in find(span, QUOTES)), None)
    match values:
        case [int(start), int(end), str(type_) | [str(type_)]]:
            return Annotation(start, end, type_, place, quote if isinstance(quote, str) else None)
    raise ValueError(
        f"{place}: expected an entity as start, end and one type, such as [0, 3, 'person']; found "
        f"{span!r:.80}"
    )


def _flat(values: Sequence[object]) -> bool:
    return all(isinstance(value, str | int) for value in values)
