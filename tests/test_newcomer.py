"""The way of somebody with data of their own: four forms of German text to a model to hand on.

Every step starts a command or a lesson, so the whole takes minutes.
"""

import csv
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from lessons import LESSONS, answers_of, run, text_of

from helpers.words import cut

pytestmark = pytest.mark.slow

TYPES = {
    "PERSON": ["Frau Özdemir", "Herr Müller", "Jana", "Tim Groß", "Familie Weiß", "Elif"],
    "GERÄT": ["Heizlüfter", "Türschloss", "Kaffeeautomat X2", "Smartlampe", "Waage 300"],
    "ORT": ["Köln", "Bad Tölz", "Görlitz", "Übersee", "Lübeck"],
}
PATTERNS = [
    "{PERSON} aus {ORT} meldet: {GERÄT} lässt sich nicht einschalten.",
    "Wo in {ORT} kann man {GERÄT} reparieren lassen?",
    "Seit Montag piept {GERÄT}, schreibt {PERSON}.",
    "Vielen Dank für die schnelle Antwort!",
    "Die Rechnung ging an {PERSON} in {ORT}.",
    "{GERÄT} verliert die Verbindung, sobald es regnet.",
]
Texts = list[tuple[str, list[tuple[int, int, str]]]]


def support_texts(n: int = 96) -> Texts:
    """Texts of a support desk, each with its entities by character."""
    rng = random.Random(0)
    texts: Texts = []
    for number in range(n):
        text, entities = f"Nr. {number}: ", []
        for part in PATTERNS[number % len(PATTERNS)].split("{"):
            type_, closed, rest = part.partition("}")
            if not closed:
                type_, rest = "", part
            if type_:
                name = rng.choice(TYPES[type_])
                entities.append((len(text), len(text) + len(name), type_))
                text += name
            text += rest
        texts.append((text, entities))
    return texts


def doccano(folder: Path, texts: Texts) -> Path:
    path = folder / "all.jsonl"  # as the tool names it
    records = [{"text": text, "label": [list(entity) for entity in found]} for text, found in texts]
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def label_studio(folder: Path, texts: Texts) -> Path:
    def result(text: str, start: int, end: int, type_: str) -> dict[str, Any]:
        value = {"start": start, "end": end, "text": text[start:end], "labels": [type_]}
        return {"value": value, "from_name": "label", "to_name": "text", "type": "labels"}

    tasks = [
        {
            "id": number,
            "data": {"text": text},
            "annotations": [{"result": [result(text, *entity) for entity in found]}],
        }
        for number, (text, found) in enumerate(texts)
    ]
    path = folder / "project-1-at-2026-11-29-09-30.json"
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return path


def tagged_words(text: str, found: list[tuple[int, int, str]]) -> list[tuple[str, str]]:
    def tag(start: int) -> str:
        inside = [(first, type_) for first, end, type_ in found if first <= start < end]
        return f"{'B' if inside[0][0] == start else 'I'}-{inside[0][1]}" if inside else "O"

    return [(text[start:end], tag(start)) for start, end in cut(text)]


def excel(folder: Path, texts: Texts) -> Path:
    path = folder / "tickets.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["Satz", "Wort", "Tag"])
        for number, (text, found) in enumerate(texts):
            table.writerows((number, *pair) for pair in tagged_words(text, found))
    return path


def conll(folder: Path, texts: Texts) -> Path:
    blocks = [
        "".join(f"{word}\t{tag}\n" for word, tag in tagged_words(text, found))
        for text, found in texts
    ]
    path = folder / "tickets.conll"
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def command(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpers", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.mark.parametrize("write", [doccano, label_studio, excel, conll])
def test_the_command_shows_how_each_form_is_read(
    write: Callable[[Path, Texts], Path], tmp_path: Path
) -> None:
    texts = support_texts()
    path = write(tmp_path, texts)
    shown = command("data", path, cwd=tmp_path)
    if write is excel:  # the message says how to read it
        assert shown.returncode == 2
        remedy = "dataset_options={'encoding': 'cp1252'}"
        assert remedy in shown.stderr
        name, _, value = remedy.partition("=")
        shown = command("data", path, "-p", name, value, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"{path.name}: took it as train" in shown.stdout
    assert "comes without validation and test; drew" in shown.stdout
    counts = {line.split()[0]: line.split()[1:] for line in shown.stdout.splitlines() if line}
    for type_ in TYPES:
        expected = sum(entity[2] == type_ for _, found in texts for entity in found)
        assert sum(map(int, counts[type_])) == expected
    assert sum(map(int, counts["sentences"])) == len(texts)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data in a file, and the model that the command trains on them."""
    folder = tmp_path_factory.mktemp("support")
    path = label_studio(folder, support_texts())
    options: list[str | Path] = [
        "-p",
        "dataset",
        path,
        "-p",
        "output_dir",
        folder / "runs",
        "-p",
        "epochs",
        "12",
    ]
    done = command("train", "--profile", "smoke", *options, "-p", "max_sentences", "90", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "GERÄT" in done.stdout
    model = folder / "runs" / "03_trainer_finetuning" / "model"
    assert f"the model is in {model}" in done.stdout
    return path, model


def test_the_model_learned_and_its_card_says_on_what(trained: tuple[Path, Path]) -> None:
    path, model = trained
    report = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    assert report["validation"]["f1"] > 0.3
    assert report["data"]["types"] == sorted(TYPES)
    card = ModelCard.load(model / "README.md")
    assert "English" not in card.content
    assert str(path.parent) not in card.content
    assert path.name in card.text
    assert report["data"]["fingerprint"] in card.text
    assert card.data.base_model == "sentence-transformers/all-MiniLM-L6-v2"


def test_tagging_goes_on_after_an_interruption(trained: tuple[Path, Path], tmp_path: Path) -> None:
    source, target = tmp_path / "tickets.txt", tmp_path / "tagged.jsonl"
    texts = [text for text, _ in support_texts(6000)]
    source.write_text("\n".join(texts) + "\n", encoding="utf-8")
    arguments: list[str | Path] = ["tag", source, target, "--model", trained[1], "--device", "cpu"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    started = subprocess.Popen(
        [sys.executable, "-m", "helpers", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    signal.signal(signal.SIGINT, before)
    while started.poll() is None and not [*tmp_path.glob(".tagged*.parts/0*.json")]:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=120)
    assert started.returncode == 130
    assert "interrupted; start it again to tag what is missing" in said
    assert not target.exists()
    [parts] = tmp_path.glob(".tagged*.parts")
    first = {path: path.stat().st_mtime_ns for path in parts.glob("0*.json")}
    assert first
    again = command(*arguments, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{len(texts)} texts tagged into {target}, 0 rejected\n"
    records = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [record["text"] for record in records] == texts
    assert any(record["entities"] for record in records)


@pytest.mark.parametrize("number", ["01", "03"])
def test_the_lessons_speak_of_the_new_data(number: str, tmp_path: Path) -> None:
    path = excel(tmp_path, support_texts())
    given: dict[str, Any] = {"dataset": str(path), "dataset_options": {"encoding": "cp1252"}}
    given |= {"epochs": 2} if number == "03" else {}
    executed = run(LESSONS[number], tmp_path / "runs", profile="smoke", **given)
    assert "GERÄT" in text_of(executed)
    assert len(answers_of(executed)) >= 3
