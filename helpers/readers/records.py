"""JSON in the forms of data sets and of annotation tools, a sentence or a text in each record.

It reads words with tags, as 🤗 Datasets has them, and texts with entities by character, as
doccano, Label Studio, Prodigy and spaCy export them.

Sources: https://doccano.github.io/doccano/ , https://labelstud.io/guide/export.html ,
https://prodi.gy/docs/api-interfaces#ner , https://spacy.io/api/data-formats .
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from helpers.readers.ids import names_of, no_ids
from helpers.readers.spans import Entity, Overlaps, Tagger, check_entity
from helpers.readers.split import Sentence, Split
from helpers.readers.text import read_text
from helpers.words import Offsets

logger = logging.getLogger(__name__)

TOKEN_LISTS = ("tokens", "words")
TAG_LISTS = ("ner_tags", "ner", "tags", "labels", "label")
_TEXTS = ("text", "data", "sentence", "content", "full_text")
_SPAN_LISTS = ("entities", "spans", "ents", "label", "labels", "annotations")
_STARTS, _ENDS = ("start", "start_offset", "start_position"), ("end", "end_offset", "end_position")
_TYPES = ("label", "labels", "type", "entity_group", "entity_type", "entity")
_GAP = re.compile(r"[\s,]*")
_ARRAY = re.compile(r"\[(?!\s*\")")  # a line that is a list with a text first is spaCy's pair
_DECODER = json.JSONDecoder()


class Words(NamedTuple):
    """A record with words and a tag for each."""

    tokens: Any
    tags: Any
    key: str


class Text(NamedTuple):
    """A record with a text and its entities; ``None`` if it does not mention entities."""

    text: str
    entities: Sequence[Entity] | None
    words: Sequence[Offsets] | None = None
    n_annotations: int = 1


class Skipped(NamedTuple):
    """A record that is left out, and why."""

    reason: str


def read_json(
    path: Path,
    *,
    tag_names: Sequence[str] | None = None,
    encoding: str | None = None,
    overlaps: Overlaps = "refuse",
) -> Split:
    """Turn JSON Lines, a JSON array or JSON objects over several lines into sentences.

    A record holds either words (``tokens`` or ``words``) and a tag for each (``ner_tags``,
    ``tags``, ``labels``, ``ner``), as a string or an id; or ``text`` and its entities
    (``entities``, ``spans``, ``ents``, ``label``, ``labels``), each as ``[0, 5, "person"]`` or
    ``{"start": 0, "end": 5, "label": "person"}``, in characters, the end exclusive. An ``id`` is
    kept. See `helpers.readers.spans` for how text becomes words.

    Args:
        path: The file.
        tag_names: The tag of each id in order, if tags are ids.
        encoding: As for `helpers.readers.text.read_text`.
        overlaps: ``"refuse"`` entities that overlap, or keep the ``"outermost"``.

    Raises:
        ValueError: A fault in the file; the message names the file and the line.
    """
    records = _records(path, read_text(path, encoding=encoding))
    return read_records(records, name=str(path), tag_names=tag_names, overlaps=overlaps)


def read_records(
    records: Iterable[tuple[int, Any]],
    *,
    name: str,
    unit: str = "line",
    tag_names: Sequence[str] | None = None,
    overlaps: Overlaps = "refuse",
) -> Split:
    """Turn records, each with its line or row, into sentences; see `read_json`."""
    tagger = Tagger(name, overlaps)
    sentences: list[Sentence] = []
    skipped: Counter[str] = Counter()
    several: list[str] = []  # places of texts that were annotated more than once
    used: set[str] = set()  # keys of tags
    keys: set[str] = set()  # all keys beside tags
    has_ids = has_entities = False
    bare: str | None = None  # the place of the first text that says nothing of entities
    for number, record in records:
        place = f"{name}, {unit} {number}"
        found = _normal_form(record, place)
        match found:
            case Words(tokens, tags, key):
                used.add(key)
                keys.update(record)
                has_ids = has_ids or (isinstance(tags, list) and not _all_strings(tags))
                tokens, tags = tokens_and_tags(tokens, tags, tag_names, place)
            case Text(text, entities, cut, n_annotations):
                has_entities = has_entities or entities is not None
                bare = bare or (place if entities is None else None)
                several += [place] * (n_annotations > 1)
                tokens, tags = tagger.tag(text, entities or (), place, cut=cut)
                if not tokens:
                    skipped["hold no word"] += 1
                    continue
            case Skipped(reason):
                skipped[reason] += 1
                continue
        id_ = record.get("id") if isinstance(record, dict) else None
        sentences.append(
            Sentence(
                str(len(sentences) if id_ is None else id_), tokens, tags, [number] * len(tokens)
            )
        )
    if bare and not has_entities:
        raise ValueError(
            f"{bare}: a text without entities, and no record has them; expected entities under "
            f"one of {', '.join(_SPAN_LISTS)}; rename the key that holds them"
        )
    if several:
        logger.warning(
            "%s: %d records were annotated more than once; took the first annotation (first: %s)",
            name,
            len(several),
            several[0],
        )
    if used:
        report_tags(name, sorted(used), sorted(keys))
    for reason, count in skipped.items():
        logger.warning("%s: left out %d records that %s", name, count, reason)
    if not sentences and skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        raise ValueError(
            f"{name}: no record is left to learn from: {reasons}; annotate and accept some"
        )
    tagger.report()
    if tag_names is not None and not has_ids:
        raise ValueError(no_ids(name))
    return Split(name=name, sentences=sentences, declared=tag_names, unit=unit)


def tokens_and_tags(
    tokens: object, tags: object, names: Sequence[str] | None, place: str
) -> tuple[list[str], list[str]]:
    """Check the words and tags of one sentence, and spell out tags that are ids.

    Raises:
        ValueError: No words, an empty one, a different number of tags, or tags that are neither all
            strings nor all known ids.
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
    if not tokens or not _all_strings(tokens):
        raise ValueError(
            f"{place}: expected at least one word, and text only; found {tokens!r:.80}"
        )
    return tokens, tags if _all_strings(tags) and all(tags) else names_of(tags, names, place)


def report_tags(name: str, used: Sequence[str], keys: Sequence[str]) -> None:
    """Log which tags were ignored, because a word has one tag."""
    others = [key for key in keys if key in TAG_LISTS or key.endswith("tags")]
    passed = [key for key in others if key not in used]
    if passed:
        logger.warning(
            "%s: took the tags under %s, and ignored %s",
            name,
            ", ".join(used),
            ", ".join(passed),
        )


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


def _normal_form(record: Any, place: str) -> Words | Text | Skipped:
    """Turn a record of any form into one of three."""
    match record:
        case {"answer": str(answer)} if answer != "accept":  # Prodigy
            return Skipped(f"were answered with {answer!r}")
        case {"data": dict(data)}:
            return _label_studio(record, data, place)
        case dict():
            pass
        case None:
            return Skipped("are empty")
        case [str(text), {"entities": list(spans)}] | [str(text), list(spans)]:  # spaCy
            return Text(text, _entities(spans, text, place))
        case _:
            raise ValueError(f"{place}: expected a JSON object; found {record!r:.60}")
    tokens = next((record[key] for key in TOKEN_LISTS if key in record), None)
    lists = [key for key in TAG_LISTS if isinstance(record.get(key), list)]
    texts = [record[key] for key in _TEXTS if isinstance(record.get(key), str)]
    given = [key for key in _SPAN_LISTS if key in record]
    if isinstance(tokens, list) and lists and (not texts or not given or _flat(record[lists[0]])):
        return Words(tokens, record[lists[0]], lists[0])
    if not texts:
        raise ValueError(
            f"{place}: expected {' or '.join(TOKEN_LISTS)} with one of {', '.join(TAG_LISTS)}, or "
            f"text with one of {', '.join(_SPAN_LISTS)}; found {', '.join(map(str, record)):.300}"
        )
    text = texts[0]
    words = _given_words(tokens, text, place)
    spans = [record[key] for key in given if record[key] is not None]
    if not spans:
        return Text(text, () if given or "answer" in record else None, words)
    return Text(text, _entities(spans[0], text, place), words)


def _label_studio(task: Mapping[str, Any], data: Mapping[str, Any], place: str) -> Text | Skipped:
    """Turn a task of Label Studio into its text and the entities of its first annotation."""
    annotations = _objects(task.get("annotations", task.get("completions")), place)
    done = [one for one in annotations if not (one.get("was_cancelled") or one.get("skipped"))]
    if not done:
        return Skipped("were not annotated")
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if not texts:
        raise ValueError(f"{place}: expected a text under data; found {', '.join(data)}")
    text = texts.get("text", next(iter(texts.values())))
    values = [one.get("value") for one in _objects(done[0].get("result"), place)]
    spans = [value for value in values if isinstance(value, dict) and "start" in value]
    return Text(text, _entities(spans, text, place), n_annotations=len(done))


def _objects(value: object, place: str) -> list[dict[str, Any]]:
    """Check that a value is a list of objects, or not there."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"{place}: expected a list of JSON objects; found {value!r:.80}")
    return value


def _given_words(tokens: object, text: str, place: str) -> list[Offsets] | None:
    """Take the places of words that a tool gives, as Prodigy and spaCy do.

    ``None`` where it gives none, or not in the order in which they stand in the text.
    """
    if not isinstance(tokens, list) or not tokens:
        return None
    places = []
    end_before = 0
    for token in tokens:
        match token:
            case {"start": int(start), "end": int(end)} if end_before <= start < end <= len(text):
                places.append((start, end))
                end_before = end
            case {"start": int(), "end": int()}:
                return None
            case _:
                raise ValueError(
                    f"{place}: expected a token with start and end; found {token!r:.60}; leave out "
                    "tokens to have the text cut into words"
                )
    return places


def _entities(spans: object, text: str, place: str) -> list[Entity]:
    if not isinstance(spans, list):
        raise ValueError(f"{place}: expected a list of entities; found {spans!r:.80}")
    return [check_entity(_entity(span, place), text, place) for span in spans]


def _entity(span: object, place: str) -> Entity:
    """Turn an entity, a list or an object with any of the usual names, into start, end, type."""
    values: list[Any]
    if isinstance(span, dict):
        values = [_value(span, _STARTS), _value(span, _ENDS), _value(span, _TYPES)]
    else:
        values = list(span) if isinstance(span, list) else []
    match values:
        case [int(start), int(end), str(type_) | [str(type_)]]:
            return Entity(start, end, type_)
    raise ValueError(
        f"{place}: expected an entity as start, end and one type, such as [0, 3, 'person']; found "
        f"{span!r:.80}"
    )


def _value(span: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((span[name] for name in names if name in span), None)


def _flat(values: Sequence[object]) -> bool:
    return all(isinstance(value, str | int) for value in values)


def _all_strings(values: Sequence[object]) -> bool:
    return set(map(type, values)) <= {str}
