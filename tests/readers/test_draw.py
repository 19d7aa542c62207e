"""Splits that are drawn from train share no copies and no documents with it."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from reading import heard

from helpers import data
from helpers.readers.draw import with_all_splits
from helpers.readers.split import Sentence, Split

WORD = st.text("abAB17", min_size=1, max_size=3)
SEED = st.integers(0, 5)


def split(sentences: list[list[str]], documents: list[str] | None = None) -> dict[str, Split]:
    named = documents or [""] * len(sentences)
    return {
        "train": Split(
            name="a",
            sentences=[
                Sentence(str(at), words, ["O"] * len(words), [at] * len(words), document)
                for at, (words, document) in enumerate(zip(sentences, named, strict=True))
            ],
        )
    }


def plain(sentence: Sentence) -> str:
    return re.sub("[0-9]+", "0", " ".join(sentence.tokens).lower())


def drawn(splits: dict[str, Split], seed: int = 0) -> tuple[dict[str, list[Sentence]], str]:
    with heard() as said:
        parts = with_all_splits(splits, seed)
    (line,) = said
    return parts, line


@given(corpus=st.lists(st.lists(WORD, min_size=1, max_size=2), min_size=3, max_size=60), seed=SEED)
def test_copies_stay_together_and_no_sentence_is_lost(corpus: list[list[str]], seed: int) -> None:
    splits = split(corpus)
    sentences = splits["train"].sentences
    kinds = Counter(map(plain, sentences))
    if len(kinds) < 3:
        with pytest.raises(ValueError, match=f"and {len(kinds)} that differ in more than letter c"):
            with_all_splits(splits, seed)
        return
    parts, line = drawn(splits, seed)
    assert sorted(one.id for part in parts.values() for one in part) == sorted(
        one.id for one in sentences
    )
    found = [{plain(one) for one in part} for part in parts.values()]
    assert all(found)
    assert sum(map(len, found)) == len(kinds)
    together = sum(count for count in kinds.values() if count > 1)
    assert (f"kept together {together} sentences with copies" in line) == (together > 0)
    assert "documents" not in line
    for part in parts.values():
        assert [int(one.id) for one in part] == sorted(int(one.id) for one in part)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=20, max_size=40),
    shared=st.booleans(),
    seed=SEED,
)
def test_documents_stay_whole(sizes: list[int], shared: bool, seed: int) -> None:
    documents = [f"d{number}" for number, size in enumerate(sizes) for _ in range(size)]
    # a sentence that every document holds would keep all of them together
    corpus = [
        ["So", "."] if shared and at and documents[at - 1] != name else [f"{name}{'x' * at}"]
        for at, name in enumerate(documents)
    ]
    parts, line = drawn(split(corpus, documents), seed)
    found = [{one.document for one in part} for part in parts.values()]
    assert sum(map(len, found)) == len(sizes)
    if any(size > 1 for size in sizes):
        assert "sentences of documents" in line


@pytest.mark.parametrize("key", ["doc_id", "Document-ID", "document"])
@pytest.mark.parametrize("form", ["words", "texts", "rows"])
def test_records_name_their_documents(tmp_path: Path, key: str, form: str) -> None:
    records: list[dict[str, object]] = [
        {"text": f"{one}{two}", "entities": [[0, 1, "x"]], key: one}
        if form == "texts"
        else {"tokens": [f"{one}{two}"], "tags": ["B-x"], key: one}
        for one in "abcdefghijklmnopqrst"
        for two in "xyz"
    ]
    path = tmp_path / ("train.parquet" if form == "rows" else "train.jsonl")
    if form == "rows":
        Dataset.from_list(records).to_parquet(path)
    else:
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    loaded = data.load(path)
    parts = [{words[0][0] for words in part["tokens"]} for part in loaded.values()]
    assert sum(map(len, parts)) == 20


def test_documents_that_are_too_large_are_cut() -> None:
    parts, line = drawn(
        split([[word] for word in "abcdefghijklmnopqrst"], ["one"] * 10 + ["two"] * 10)
    )
    assert [len(part) for part in parts.values()] == [16, 2, 2]
    assert "documents" not in line


def test_a_few_templates_leave_whole_ones() -> None:
    """150 requests from six templates, with other numbers in each."""
    corpus = [
        [word, str(at)] for at in range(25) for word in ("buy", "sell", "hold", "a", "b", "c")
    ]
    parts, line = drawn(split(corpus))
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 100,
        "validation": 25,
        "test": 25,
    }
    assert "kept together 150 sentences with copies" in line
