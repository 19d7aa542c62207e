"""Any words and entities, written in any form that is supported, come back as they were."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from datasets.utils.logging import disable_progress_bar
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading import LETTERS, Annotated, annotated, encode, heard, in_iob2, sentences, write

from helpers import metrics, words
from helpers.tagging import spans_to_tags, to_iob2

disable_progress_bar()

TYPES = ["PER", "creative-work", "E-mail"]
PLAIN = st.text("abcdefgXYZ", min_size=2, max_size=6)  # words that `words.cut` leaves whole
UNUSUAL = st.text("aB7é中#'\"-/.,;:|_()\u200d\N{GRINNING FACE}", min_size=1, max_size=4)
UNUSUAL = UNUSUAL.filter(lambda word: word != '""""')  # shows quoted cells in a table
SPREAD = sentences(words=PLAIN, types=TYPES)


SPELLINGS: dict[str, Callable[[str, str], str]] = {
    "hyphen": lambda letter, type_: f"{letter}-{type_}",
    "underscore": lambda letter, type_: f"{letter}_{type_}",
    "colon": lambda letter, type_: f"{letter}:{type_}",
    "suffix": lambda letter, type_: f"{type_}-{letter}",
    "small": lambda letter, type_: f"{letter.lower()}-{type_}",
    "alone": lambda letter, type_: letter,
    "small, alone": lambda letter, type_: letter.lower(),
}
Row = tuple[int, str, str]
ORDERS: dict[str, Callable[[Row], list[str]]] = {
    "word, tag": lambda row: [row[1], row[2]],
    "tag, word": lambda row: [row[2], row[1]],
    "index from 1": lambda row: [str(row[0] + 1), row[1], row[2]],
    "index from 0": lambda row: [str(row[0]), row[1], row[2]],
    "parts of speech and chunks": lambda row: [row[1], "NN", "I-NP", row[2]],
    "columns behind": lambda row: [row[1], row[2], "-", "lemma"],
    "an empty one behind": lambda row: [row[1], row[2], "_"],
}


def spelled(
    corpus: list[Annotated], scheme: str, spelling: str, outside: str
) -> tuple[list[Annotated], list[list[str]]]:
    """A corpus as far as a spelling can hold it, and the tags of each sentence."""
    if spelling in ("suffix", "alone", "small, alone") and scheme == "IOB1":
        scheme = "IOB2"  # "I" alone shows no scheme, and "PER-I" may be a type
    if "alone" in spelling:
        corpus = [(tokens, [("entity", *span[1:]) for span in spans]) for tokens, spans in corpus]
    spell = SPELLINGS[spelling]
    return corpus, [
        encode(spans, len(tokens), scheme, spell=spell, outside=outside) for tokens, spans in corpus
    ]


@given(
    corpus=sentences(words=st.just("w"), types=TYPES),
    scheme=st.sampled_from([*LETTERS]),
    spelling=st.sampled_from([*SPELLINGS]),
    outside=st.sampled_from(["O", "o", "0", "_", "OTHER"]),
)
def test_tags_alone(corpus: list[Annotated], scheme: str, spelling: str, outside: str) -> None:
    """Tags mean the same to whoever has no file, and so to the scores."""
    corpus, tagged = spelled(corpus, scheme, spelling, outside)
    together = [tag for tags in tagged for tag in [*tags, outside]]  # O ends every sentence
    expected = [tag for one in corpus for tag in [*iob2(one), "O"]]
    assert to_iob2(together) == expected
    assert metrics.entity_scores([expected], [to_iob2(together)])["f1"] == 1


@settings(max_examples=150)
@given(
    corpus=sentences(words=UNUSUAL, types=TYPES),
    scheme=st.sampled_from([*LETTERS]),
    spelling=st.sampled_from([*SPELLINGS]),
    outside=st.sampled_from(["O", "o", "0", "_", "OTHER"]),
    order=st.sampled_from([*ORDERS]),
    header=st.booleans(),
    separator=st.sampled_from(["\t", " ", "   "]),
    trailing=st.booleans(),
    comment=st.sampled_from(["", "# id = 1\n", "## text\n", "-DOCSTART- -X- O\n\n"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_conll(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[Annotated],
    scheme: str,
    spelling: str,
    outside: str,
    order: str,
    header: bool,
    separator: str,
    trailing: bool,
    comment: str,
    end: str,
) -> None:
    hashes = any(set(word) == {"#"} for tokens, _ in corpus for word in tokens)
    assume(not hashes or spelling in ("hyphen", "underscore", "colon"))  # "# b" may be a comment
    if order == "an empty one behind" and outside == "_":
        outside = "O"
    words_ = [word for tokens, _ in corpus for word in tokens]
    like_tags = [word for word in words_ if re.search("^B[-_:]|[-_:]B$", word)]
    assume(2 * len(like_tags) < len(words_))  # else theirs is a column of tags too
    corpus, tagged = spelled(corpus, scheme, spelling, outside)
    blocks = []
    for one, tags in zip(corpus, tagged, strict=True):
        rows = [
            separator.join(ORDERS[order](row)) + ("\t" if trailing and separator == "\t" else "")
            for row in zip(range(len(tags)), one[0], tags, strict=True)
        ]
        blocks.append(comment + "\n".join(rows) + "\n")
    text = "\n".join(blocks)
    if header and not comment:
        names = ORDERS[order]((-1, "token", "tag"))
        if "NN" not in names and "lemma" not in names:
            text = (
                separator.join(name if name in ("token", "tag") else "x" for name in names)
                + "\n"
                + text
            )
    path = write(tmp_path_factory.getbasetemp(), "any.conll", text.replace("\n", end))
    assert annotated(in_iob2(path)) == corpus


@settings(max_examples=40)
@given(corpus=SPREAD, outside=st.sampled_from(["O", "o", "0", "_", "OTHER"]))
def test_types_without_prefixes(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Annotated], outside: str
) -> None:
    apart = [
        (tokens, [span for at, span in enumerate(spans) if not at or spans[at - 1][2] < span[1]])
        for tokens, spans in corpus
    ] + [(["w", "w", "v", "w"], [(type_, 0, 3)]) for type_ in TYPES]
    blocks = []
    for tokens, spans in apart:
        tags = encode(spans, len(tokens), "IOB2", spell=lambda _, type_: type_, outside=outside)
        blocks.append("".join(f"{word}\t{tag}\n" for word, tag in zip(tokens, tags, strict=True)))
    path = write(tmp_path_factory.getbasetemp(), "any.conll", "\n".join(blocks))
    assert annotated(in_iob2(path)) == apart


# --- forms that keep words


def iob2(one: Annotated) -> list[str]:
    return spans_to_tags(one[1], len(one[0]))


def conll_u(corpus: list[Annotated]) -> str:
    blocks = []
    for number, one in enumerate(corpus):
        rows = [f"# sent_id = {number}"]
        rows += ["1-2\tdel" + "\t_" * 8] if len(one[0]) > 1 else []
        for at, (word, tag) in enumerate(zip(one[0], iob2(one), strict=True), 1):
            misc = f"SpaceAfter=No|NER={tag}" if at % 2 else f"NER={tag}"
            rows.append("\t".join([str(at), word, word, "NOUN", "_", "_", "0", "root", "_", misc]))
        rows.append(f"{len(one[0])}.1\tunsaid" + "\t_" * 8)
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n\n"


def objects(corpus: list[Annotated]) -> list[dict[str, Any]]:
    return [{"tokens": one[0], "ner_tags": iob2(one)} for one in corpus]


KEEP_WORDS: dict[str, tuple[str, Callable[[list[Annotated]], str]]] = {
    "JSON Lines": ("a.jsonl", lambda corpus: "\n".join(map(json.dumps, objects(corpus)))),
    "a JSON array": ("a.json", lambda corpus: json.dumps(objects(corpus))),
    "pretty JSON": ("a.json", lambda corpus: json.dumps(objects(corpus), indent=2)),
    "CoNLL-U": ("a.conllu", conll_u),
}


@pytest.mark.parametrize("form", KEEP_WORDS)
@settings(max_examples=12)
@given(corpus=sentences(words=UNUSUAL, types=TYPES))
def test_forms_that_keep_words(
    tmp_path_factory: pytest.TempPathFactory, form: str, corpus: list[Annotated]
) -> None:
    name, writer = KEEP_WORDS[form]
    path = write(tmp_path_factory.getbasetemp(), name, writer(corpus))
    assert annotated(in_iob2(path)) == corpus


@pytest.mark.parametrize("ids", [True, False])
@settings(max_examples=6)
@given(corpus=sentences(words=UNUSUAL, types=TYPES))
def test_parquet(
    tmp_path_factory: pytest.TempPathFactory, ids: bool, corpus: list[Annotated]
) -> None:
    names = ["O", *(f"{prefix}-{type_}" for type_ in TYPES for prefix in "BI")]
    tag = ClassLabel(names=names) if ids else Value("string")
    rows = {
        "tokens": [one[0] for one in corpus],
        "ner_tags": [[names.index(t) for t in iob2(one)] if ids else iob2(one) for one in corpus],
    }
    features = Features({"tokens": List(Value("string")), "ner_tags": List(tag)})
    path = tmp_path_factory.getbasetemp() / "a.parquet"
    Dataset.from_dict(rows, features=features).to_parquet(path)
    assert annotated(in_iob2(path)) == corpus


# --- forms of texts with entities by character


Span = tuple[int, int, str]


def text_of(one: Annotated) -> tuple[str, list[Span], list[tuple[int, int]]]:
    """The words joined by spaces, the entities by character, and the places of the words."""
    text = " ".join(one[0])
    places = words.cut(text)
    assert [text[start:end] for start, end in places] == one[0]
    return text, [(places[a][0], places[b - 1][1], type_) for type_, a, b in one[1]], places


def named(spans: list[Span], start: str = "start", end: str = "end") -> list[dict[str, Any]]:
    return [{start: first, end: last, "label": type_} for first, last, type_ in spans]


def quoted(text: str, spans: list[Span]) -> list[dict[str, Any]]:
    """Entities as Label Studio writes them."""
    return [
        {"start": start, "end": end, "text": text[start:end], "labels": [type_]}
        for start, end, type_ in spans
    ]


CUT_TEXTS: dict[str, Callable[[str, list[Span], list[tuple[int, int]]], Any]] = {
    "doccano": lambda text, spans, _: {"id": 1, "text": text, "label": spans},
    "doccano with relations": lambda text, spans, _: {
        "text": text,
        "entities": named(spans, "start_offset", "end_offset"),
        "relations": [{"id": 1, "from_id": 1, "to_id": 1, "type": "is"}],
    },
    "Label Studio": lambda text, spans, _: {
        "data": {"text": text},
        "annotations": [{"result": [{"value": value} for value in quoted(text, spans)]}],
    },
    "Label Studio's JSON_MIN": lambda text, spans, _: (
        {"text": text} | ({"label": quoted(text, spans)} if spans else {})
    ),
    "Prodigy": lambda text, spans, places: {
        **{"text": text, "answer": "accept", "spans": named(spans)},
        "tokens": [{"text": text[start:end], "start": start, "end": end} for start, end in places],
    },
    "Prodigy without tokens": lambda text, spans, _: (
        {"text": text, "answer": "accept"} | ({"spans": named(spans)} if spans else {})
    ),
    "spaCy's training list": lambda text, spans, _: [text, {"entities": spans}],
    "spaCy's Doc.to_json": lambda text, spans, places: {
        **{"text": text, "ents": named(spans), "sents": [{"start": 0, "end": len(text)}]},
        "tokens": [{"id": at, "start": a, "end": b} for at, (a, b) in enumerate(places)],
    },
}


@pytest.mark.parametrize("form", CUT_TEXTS)
@settings(max_examples=12)
@given(corpus=SPREAD, array=st.booleans())
def test_texts_with_entities(
    tmp_path_factory: pytest.TempPathFactory, form: str, corpus: list[Annotated], array: bool
) -> None:
    records = [CUT_TEXTS[form](*text_of(one)) for one in corpus]
    text = json.dumps(records, indent=1) if array else "\n".join(map(json.dumps, records))
    path = write(tmp_path_factory.getbasetemp(), "texts.json", text)
    with heard() as said:
        assert annotated(in_iob2(path)) == corpus
    assert said == []


@settings(max_examples=12)
@given(corpus=SPREAD)
def test_brat(tmp_path_factory: pytest.TempPathFactory, corpus: list[Annotated]) -> None:
    folder: Path = tmp_path_factory.mktemp("brat")
    for number, one in enumerate(corpus):
        text, spans, _ = text_of(one)
        annotations = "".join(
            f"T{at}\t{type_} {start} {end}\t{text[start:end]}\n"
            for at, (start, end, type_) in enumerate(spans, 1)
        )
        write(folder, f"{number}.txt", text)
        write(folder, f"{number}.ann", annotations)
    assert annotated(in_iob2(folder)) == corpus
