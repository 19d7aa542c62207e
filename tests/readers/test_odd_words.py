"""Words that hold spaces, and words that nobody sees: kept, counted and shown."""

from hypothesis import given
from hypothesis import strategies as st
from reading import heard

from helpers.readers.split import Sentence, Split

SPACES = [" ", "\u00a0", "\u3000", "\t", "\u2028"]
SEEN = st.text("ab\u200d'", min_size=1, max_size=4)


def said_of(words: list[str]) -> list[str]:
    lines = [*range(1, len(words) + 1)]
    with heard() as said:
        Split(name="a", sentences=[Sentence("0", words, ["O"] * len(words), lines)]).report_words()
    return said


@given(
    words=st.lists(SEEN, min_size=1, max_size=8),
    at=st.integers(0, 8),
    space=st.sampled_from(SPACES),
    form=st.sampled_from(["x y", "xy ", " xy", "x y z"]),
)
def test_spaces_are_told_with_the_first_word(
    words: list[str], at: int, space: str, form: str
) -> None:
    odd = form.replace(" ", space)
    words = [*words[:at], odd, *words[at:], "p q"]
    line = words.index(odd) + 1
    assert said_of(words) == [
        f"a: 2 words hold spaces, and are kept as one word each (first: {odd!r}, a, line {line})"
    ]


@given(
    words=st.lists(SEEN, min_size=1, max_size=8),
    at=st.integers(0, 8),
    blank=st.sampled_from(["", *SPACES]),
)
def test_blanks_are_told_with_the_first_place(words: list[str], at: int, blank: str) -> None:
    words = [*words[:at], blank, *words[at:], ""]
    line = words.index(blank) + 1
    assert said_of(words) == [
        f"a: 2 words are empty or white space, and are kept (first: a, line {line})"
    ]


@given(words=st.lists(SEEN, min_size=1, max_size=8))
def test_nothing_is_said_of_others(words: list[str]) -> None:
    assert said_of(words) == []
