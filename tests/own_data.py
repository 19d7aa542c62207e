"""Small data sets that are not the course's: other types, one type and few sentences, Japanese.

Each function writes one into a folder, as a user might have it, and returns the folder.
"""

import json
import random
from pathlib import Path

from helpers.tagging import spans_to_tags

_PEOPLE = ["Ada Lovelace", "Grace Hopper", "Kofi", "Mei Lin", "Omar Haddad", "Sofia", "Lars Berg"]
_PLACES = ["Lisbon", "New Delhi", "Lake Victoria", "Oslo", "Cape Town", "Kyoto", "Quito"]
_DATES = ["Monday", "3 May", "last spring", "June 1999", "tomorrow", "Friday the 13th"]
_ENGLISH = {
    "PER": _PEOPLE,
    "LOC": _PLACES,
    "DATE": _DATES,
}
_ENGLISH_PATTERNS = [
    "{PER} travelled to {LOC} on {DATE} .",
    "On {DATE} the train from {LOC} was late .",
    "I have not seen {PER} since {DATE} .",
    "Nobody in {LOC} knew that {PER} and {PER} were married .",
    "The weather was fine , so we stayed at home .",
]

_JAPANESE = {
    "PSN": ["田中 花子", "鈴木", "佐藤 健", "山田 太郎", "ゆかり"],
    "LOC": ["東京", "大阪 城", "北海道", "京都", "富士 山"],
    "ORG": ["青空 銀行", "緑 大学", "みなと 新聞"],
}
_JAPANESE_PATTERNS = [
    "{PSN} さん は {LOC} に 行き まし た 。",
    "{ORG} の 本社 は {LOC} に ある 。",
    "昨日 、 {PSN} が {ORG} に 入社 し た 。",
    "今日 は とても 天気 が いい です 。",
]

_SYMPTOMS = ["headache", "dry cough", "fever", "sore throat", "back pain", "nausea"]
_SYMPTOM_PATTERNS = [
    "The patient complained of {}.",
    "No {} was reported today.",
    "After two days the {} went away.",
    "She slept well and went home.",
]


def other_types(folder: Path) -> Path:
    """CoNLL's columns in English: persons, places and dates."""
    return _write_conll(folder, _ENGLISH_PATTERNS, _ENGLISH)


def one_type(folder: Path) -> Path:
    """A single file of two dozen texts, with one type of entity by character."""
    rng = random.Random(0)
    folder.mkdir(parents=True)
    with (folder / "train.jsonl").open("w", encoding="utf-8") as file:
        for number in range(24):
            pattern = _SYMPTOM_PATTERNS[number % len(_SYMPTOM_PATTERNS)]
            symptom, start = rng.choice(_SYMPTOMS), pattern.find("{}")
            label = [] if start < 0 else [[start, start + len(symptom), "SYMPTOM"]]
            record = {"text": pattern.format(symptom), "label": label}
            file.write(json.dumps(record) + "\n")
    return folder


def japanese(folder: Path) -> Path:
    """CoNLL's columns in Japanese, whose words know no capitals."""
    return _write_conll(folder, _JAPANESE_PATTERNS, _JAPANESE)


ALL = (other_types, one_type, japanese)


def _write_conll(folder: Path, patterns: list[str], names: dict[str, list[str]]) -> Path:
    rng = random.Random(0)
    folder.mkdir(parents=True)
    for split, n_sentences in (("train", 40), ("dev", 12), ("test", 12)):
        with (folder / f"{split}.conll").open("w", encoding="utf-8") as file:
            for _ in range(n_sentences):
                words, spans = _sentence(rng.choice(patterns), names, rng)
                tags = spans_to_tags(spans, len(words))
                lines = [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)]
                file.writelines([*lines, "\n"])
    return folder


def _sentence(
    pattern: str, names: dict[str, list[str]], rng: random.Random
) -> tuple[list[str], list[tuple[str, int, int]]]:
    words: list[str] = []
    spans = []
    for word in pattern.split():
        type_ = word.strip("{}")
        if word == type_:
            words.append(word)
            continue
        name = rng.choice(names[type_]).split()
        spans.append((type_, len(words), len(words) + len(name)))
        words += name
    return words, spans
