"""Files scored against each other."""

from pathlib import Path

import pytest

from helpers.batch.scoring import score_files


def conll(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def row(name: str, printed: str) -> list[str]:
    """The cells of one row of the printed table."""
    return next(line for line in printed.splitlines() if line.startswith(name))[len(name) :].split()


def refusal(gold: Path, prediction: Path) -> str:
    """Why two files are not scored."""
    with pytest.raises((OSError, ValueError)) as refused:
        score_files(gold, prediction, {})
    return str(refused.value)


def test_the_scores_have_a_row_for_each_type_and_for_all(tmp_path: Path) -> None:
    gold = conll(tmp_path / "gold.conll", "Ada\tB-person\nsaw\tO\nAcme\tB-group\n\nParis\tO\n")
    guess = conll(tmp_path / "guess", "Ada B-person\r\nsaw O\r\nAcme O\r\n\r\nParis B-location")
    printed = [line.split() for line in score_files(gold, guess, {}).splitlines()]
    assert printed == [
        ["precision", "recall", "f1", "support"],
        ["group", "0.0000", "0.0000", "0.0000", "1"],
        ["location", "0.0000", "0.0000", "0.0000", "0"],
        ["person", "1.0000", "1.0000", "1.0000", "1"],
        ["all", "entities", "0.5000", "0.5000", "0.5000", "2"],
        ["surface", "forms", "0.5000", "0.5000", "0.5000"],
        [],
        ["accuracy", "0.5000", "of", "4", "words", "in", "2", "sentences"],
        ["F1", "from", "0.0000", "to", "0.6667", "(95", "%", "bootstrap", "interval)"],
    ]


def test_it_reads_each_file_in_its_own_scheme(tmp_path: Path) -> None:
    gold = conll(tmp_path / "gold", "Ada B-person\nByron E-person\nand O\nAcme S-group\n")
    guess = conll(tmp_path / "guess", "Ada I-person\nByron I-person\nand O\nAcme I-group\n")
    assert row("all entities", score_files(gold, guess, {})) == [
        "1.0000",
        "1.0000",
        "1.0000",
        "2",
    ]


def test_it_forgives_entities_that_start_wrongly(tmp_path: Path) -> None:
    gold = conll(tmp_path / "gold", "a B-person\nb O\nc B-group\nd O\n")
    guess = conll(tmp_path / "guess", "a B-person\nb O\nc I-group\nd I-person\n")
    assert row("all entities", score_files(gold, guess, {})) == [
        "0.6667",
        "1.0000",
        "0.8000",
        "2",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\n\nc O\n", "{gold}, line 3: 'b'; {guess}, line 3: 'c'"),
        ("a O\nb O\n", "after {gold}, line 1: end of the sentence; {guess}, line 2: 'b'"),
        ("a O\n", "{gold}, line 3: 'b'; {guess}: end of the file"),
        ("a O\n\nb O\n\nc O\n", "{gold}: end of the file; {guess}, line 5: 'c'"),
    ],
)
def test_it_refuses_files_whose_words_differ(tmp_path: Path, text: str, message: str) -> None:
    gold, guess = conll(tmp_path / "gold", "a O\n\nb O\n"), conll(tmp_path / "guess", text)
    error = refusal(gold, guess)
    assert f"the words differ: {message.format(gold=gold, guess=guess)}; give two" in error


def test_it_names_what_it_cannot_read(tmp_path: Path) -> None:
    good = conll(tmp_path / "good", "a B-x\nb O\nc O\n")
    mixed = conll(tmp_path / "mixed", "a B-x\nb y\nc O\n")
    assert f"no such file: {tmp_path / 'none'}" in refusal(good, tmp_path / "none")
    empty = conll(tmp_path / "empty", "")
    assert f"{empty}: empty" in refusal(empty, good)
    error = refusal(good, mixed)
    assert f"{mixed}, line 2: the tag 'y' is not written like the others" in error


def test_every_word_of_the_test_split_is_scored(wnut17_dir: Path) -> None:
    """Takes a second: it draws a thousand samples of 1,287 sentences."""
    test = wnut17_dir / "test.conll"
    printed = score_files(test, test, {})
    assert row("all entities", printed) == ["1.0000", "1.0000", "1.0000", "1079"]
    assert "accuracy 1.0000 of 23,394 words in 1,287 sentences" in printed


def test_options_say_how_both_files_are_read(tmp_path: Path) -> None:
    gold = conll(tmp_path / "gold", "a B-x B-y\nb O B-y\n")
    assert "2 columns hold tags" in refusal(gold, gold)
    printed = score_files(gold, gold, {"columns": ["token", "tag", "_"]})
    assert row("all entities", printed) == ["1.0000", "1.0000", "1.0000", "1"]
