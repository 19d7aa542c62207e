"""The rule that cuts running text into words."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers import words


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in words.cut(text)]


@given(st.text())
@example("\ufe0f a\u200bb \U0001f469\u200d\U0001f4bb\n\x00\x1c\u2028")
def test_nothing_but_white_space_lies_between_words(text: str) -> None:
    places = words.cut(text)
    assert all(start < end for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    inside = {at for start, end in places for at in range(start, end)}
    assert all(text[at].isspace() for at in range(len(text)) if at not in inside)
    assert not any(text[at].isspace() for at in inside)


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


def test_real_words_come_back(wnut17_dir: Path) -> None:
    """Words of a data set, joined by spaces, are cut into the same words again."""
    for split, share in {"train": 0.98, "validation": 0.999, "test": 0.998}.items():
        lines = (wnut17_dir / f"{split}.conll").read_text(encoding="utf-8").split("\n")
        known = [line.split("\t")[0] for line in lines if line.strip()]
        starts = {start: start + len(word) for start, word in _placed(known)}
        places = words.cut(" ".join(known))
        assert sum(starts.get(start) == end for start, end in places) > share * len(known)


def _placed(known: list[str]) -> list[tuple[int, str]]:
    placed, at = [], 0
    for word in known:
        placed.append((at, word))
        at += len(word) + 1
    return placed
