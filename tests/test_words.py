"""The rules that cut running text into words."""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers import words
from helpers.words import WordRules

# of an English data set of the Penn treebank's kind, a biomedical one, and a French one
TREEBANK = WordRules(
    inside="&'.",
    inside_numbers="&',-.:/",
    clitics=("'s", "'m", "'re", "'ve", "'d", "'ll", "n't"),
    abbreviations=("7.", "Corp.", "M."),
)
BIOMEDICAL = WordRules(inside="", inside_numbers="", clitics=(), prefixes="", runs=False)
FRENCH = WordRules(inside="&-.", clitics=(), elisions=True)
EVIDENCE = """
AT&T don't I'm we're I've he'd he'll Ana's O'Neill l'Europe d'Italie well-known a.m 3.5 30,000 7:30
1/2 24-7 10'000 5&6 @home #set ... !! -- M. Bond of Acme Corp. 7. Mai (in Oslo/Bergen)
"""


def cut(text: str, rules: WordRules = words.DEFAULT) -> list[str]:
    return [text[start:end] for start, end in words.cut(text, rules)]


@given(st.text(), st.sampled_from([words.DEFAULT, TREEBANK, BIOMEDICAL, FRENCH]))
@example("\ufe0f a\u200bb \U0001f469\u200d\U0001f4bb\n\x00\x1c\u2028", words.DEFAULT)
def test_nothing_but_white_space_lies_between_words(text: str, rules: WordRules) -> None:
    offsets = words.cut(text, rules)
    assert all(start < end for start, end in offsets)
    assert all(end <= start for (_, end), (start, _) in pairwise(offsets))
    inside = {at for start, end in offsets for at in range(start, end)}
    assert all(text[at].isspace() for at in range(len(text)) if at not in inside)
    assert not any(text[at].isspace() for at in inside)


@given(
    st.text() | st.text("aB1.'-@#& \n\u0301\u200d我ท:)/s"),
    st.sampled_from([words.DEFAULT, TREEBANK, BIOMEDICAL, FRENCH]),
)
def test_what_stands_between_white_space_is_cut_as_in_the_whole_text(
    text: str, rules: WordRules
) -> None:
    whole = [match.span() for match in words._pattern(rules).finditer(text)]
    assert words.cut(text, rules) == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't I'm Ana's it\u2019s", "don't I'm Ana 's it \u2019s"),
        ("Müller-Lüdenscheid AT&T 3.5 30,000 7:30", "Müller-Lüdenscheid AT&T 3.5 30,000 7:30"),
        ("$100 50% C++", "$ 100 50 % C + +"),
        ("@dj_k's #set, @ home # 1", "@dj_k 's #set , @ home # 1"),
        ("(in Oslo/Bergen).", "( in Oslo / Bergen ) ."),
        ('He said: "U.S. e.g. no..."', 'He said : " U.S. e.g. no ... "'),
        ("see https://a.b/c?d=1. (https://t.co/x)", "see https://a.b/c?d=1 . ( https://t.co/x )"),
        (":) ;-) :Done a:b", ":) ;-) : Done a : b"),
        ("&amp; &#39; &", "&amp; &#39; &"),
        ("Ida\nOslo\u00a0x", "Ida Oslo x"),
        ("Paris❤️👍🏽👩‍💻!", "Paris ❤️ 👍🏽 👩‍💻 !"),
        ("我爱iPhone手机。東京タワー", "我 爱 iPhone 手 机 。 東 京 タ ワ ー"),
        ("ที่นี่", "ที่ นี่"),
        ("ကို", "ကို"),
        ("서울에서 살아요", "서울에서 살아요"),
        (
            "\u0645\u06cc\u200c\u062f\u0645\u060c \u0645",
            "\u0645\u06cc\u200c\u062f\u0645 \u060c \u0645",
        ),
    ],
)
def test_cuts_as_people_annotate(text: str, expected: str) -> None:
    assert cut(text) == expected.split(" ")


@pytest.mark.parametrize(
    ("rules", "text", "expected"),
    [
        (TREEBANK, "I can't, Ana's and I'm T-cell", "I ca n't , Ana 's and I 'm T - cell"),
        (TREEBANK, "Acme Corp. M. No. corp", "Acme Corp. M. No . corp"),
        (TREEBANK, "1/2 24-7 O'Neill non't", "1/2 24-7 O'Neill no n't"),
        (BIOMEDICAL, "56-year-old, 2.5 mg/kg", "56 - year - old , 2 . 5 mg / kg"),
        (BIOMEDICAL, "Ana's i.p. ... @x", "Ana ' s i . p . . . . @ x"),
        (FRENCH, "l'Europe et d\u2019Italie", "l' Europe et d\u2019 Italie"),
        (FRENCH, "quelqu'un 'un'", "quelqu' un ' un '"),
    ],
)
def test_cuts_by_other_rules(rules: WordRules, text: str, expected: str) -> None:
    assert cut(text, rules) == expected.split(" ")


@pytest.mark.parametrize("rules", [words.DEFAULT, TREEBANK, BIOMEDICAL, FRENCH])
def test_rules_are_learned_from_words_that_show_them(rules: WordRules) -> None:
    shown = words.learn([cut(line, rules) for line in EVIDENCE.splitlines()] * 10)
    assert cut(EVIDENCE, shown) == cut(EVIDENCE, rules)
    assert shown.abbreviations == rules.abbreviations


@pytest.mark.parametrize("sentences", [[], [[]], [["Ana", "-", "Maria"], ["@", "home"]]])
def test_without_enough_to_learn_from_rules_are_the_default(sentences: list[list[str]]) -> None:
    assert words.learn(sentences) == words.DEFAULT


def test_rules_become_json_and_come_back() -> None:
    for rules in (words.DEFAULT, TREEBANK, BIOMEDICAL, FRENCH):
        assert WordRules.from_dict(json.loads(json.dumps(asdict(rules)))) == rules


def test_real_words_come_back(wnut17_dir: Path) -> None:
    """Words of a data set, joined by spaces, are cut into the same words again."""
    for split, share in {"train": 0.98, "validation": 0.999, "test": 0.998}.items():
        lines = (wnut17_dir / f"{split}.conll").read_text(encoding="utf-8").split("\n")
        known = [line.split("\t")[0] for line in lines if line.strip()]
        starts = {start: start + len(word) for start, word in _placed(known)}
        for rules in (words.DEFAULT, words.learn([known])):
            offsets = words.cut(" ".join(known), rules)
            assert sum(starts.get(start) == end for start, end in offsets) > share * len(known)


def _placed(known: list[str]) -> list[tuple[int, str]]:
    placed, at = [], 0
    for word in known:
        placed.append((at, word))
        at += len(word) + 1
    return placed
