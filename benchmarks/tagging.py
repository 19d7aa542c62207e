"""Measure taggers of running text side by side: F1, texts a second, and memory.

The rivals are Transformers' pipeline, text by text and at its best setting, and `load_tagger` with
every backend and precision. Each has a process of its own, and they take turns: a round of one,
then of the next, so that what else the machine does meets all of them. The best round of each
counts. The texts are those of WNUT 17's test split, from the folder that the environment variable
WNUT17_DIR names or else from the Hub.
"""

import argparse
import multiprocessing
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers
from datasets import Dataset, disable_progress_bars
from sacremoses import MosesDetokenizer
from tqdm import tqdm

from benchmarks import report
from benchmarks.report import Row, seconds
from helpers import data
from helpers.inference import Entity, load_tagger
from helpers.tagging import entity_spans

Tag = Callable[[Sequence[str]], list[list[Entity]]]
Place = tuple[str, int, int]

PLAIN, SORTED = "pipeline, text by text", "pipeline, sorted, batches of 32"
_FEATURES = ("avx2", "avx512_f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


def pipeline(model_dir: str, *, batch_size: int | None = None, device: str = "cpu") -> Tag:
    """Make a tagger of Transformers' pipeline.

    Args:
        model_dir: The folder of a trained model.
        batch_size: ``None`` is text by text; else texts are sorted by length, as the tagger's
            windows are.
        device: Such as ``"cuda"``.
    """
    classify = transformers.pipeline(
        "token-classification", model=model_dir, aggregation_strategy="first", device=device
    )

    def tag_sorted(texts: Sequence[str]) -> list[list[Entity]]:
        order = sorted(range(len(texts)), key=lambda number: -len(texts[number]))
        found = classify([texts[number] for number in order], batch_size=batch_size)
        by_number = dict(zip(order, found, strict=True))
        return [by_number[number] for number in range(len(texts))]

    return tag_sorted if batch_size else lambda texts: [classify(text) for text in texts]


def tagger(model_dir: str, *, device: str = "cpu", **options: Any) -> Tag:
    """Make a tagger of `load_tagger` with some of its options."""
    return load_tagger(model_dir, device=device, **options)


RIVALS: dict[str, tuple[Callable[..., Tag], dict[str, Any]]] = {
    PLAIN: (pipeline, {}),
    SORTED: (pipeline, {"batch_size": 32}),
    "tagger": (tagger, {}),
    "tagger, fp32": (tagger, {"precision": "fp32"}),
    "tagger, ONNX, fp32": (tagger, {"backend": "onnx"}),
    "tagger, ONNX, int8": (tagger, {"backend": "onnx", "precision": "int8"}),
}


class Rival:
    """A tagger in a process of its own.

    Attributes:
        seconds: Of its fastest round.
        peak: The most memory that the process was seen to hold, in bytes.
    """

    def __init__(self, make: Callable[..., Tag], options: dict[str, Any]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, there = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(there, make, options), daemon=True)
        self._process.start()
        self.seconds, self.peak = float("inf"), 0

    def tag(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Take a round."""
        watched = psutil.Process(self._process.pid)
        self._connection.send(texts)
        answered = False
        while not answered:
            self.peak = max(self.peak, watched.memory_info().rss)
            answered = self._connection.poll(0.05)
        taken, found = self._connection.recv()
        self.seconds = min(self.seconds, taken)
        entities: list[list[Entity]] = found
        return entities


def _serve(connection: Connection, make: Callable[..., Tag], options: dict[str, Any]) -> None:
    transformers.logging.set_verbosity_error()
    tag = make(**options)
    with suppress(EOFError):  # the bench has ended, and with it its side of the pipe
        while True:
            connection.send(seconds(partial(tag, connection.recv())))


def compare(model_dir: Path, split: Dataset, *, rounds: int = 3) -> list[Row]:
    """Let all rivals tag the texts of a split, by turns.

    Args:
        model_dir: The folder of a trained model.
        split: Words and tags. A text is the words with a space between, and once, at the end,
            the words as people write them.
        rounds: How often each takes its turn.

    Returns:
        For each rival its F1 over entities in either kind of text, the texts a second of its
        fastest round, how many times as fast that is as either pipeline, and its peak memory.
    """
    texts, gold = annotated_texts(split)
    written, gold_written = annotated_texts(split, join=as_written)
    runners = {
        name: Rival(make, {"model_dir": str(model_dir), **options})
        for name, (make, options) in RIVALS.items()
    }
    scores = {}
    for _ in tqdm(range(rounds), desc="Rounds of tagging"):
        for name, rival in runners.items():
            scores[name] = f1(gold, rival.tag(texts))
    seconds_of = {name: rival.seconds for name, rival in runners.items()}
    return [
        {
            "tagger": name,
            "F1": scores[name],
            "F1 as written": f1(gold_written, rival.tag(written)),
            "texts/s": len(texts) / seconds_of[name],
            "times text by text": seconds_of[PLAIN] / seconds_of[name],
            "times sorted": seconds_of[SORTED] / seconds_of[name],
            "peak MB": rival.peak / 1e6,
        }
        for name, rival in runners.items()
    ]


def annotated_texts(
    split: Dataset, join: Callable[[list[str]], str] = " ".join
) -> tuple[list[str], list[set[Place]]]:
    """Turn a split into running texts and the places of their entities, in characters.

    Args:
        split: Words and tags.
        join: From the words of a sentence to its text, which holds them in order.
    """
    texts, places = [], []
    for words, tags in zip(split["tokens"], data.tags(split), strict=True):
        text, starts, end = join(words), [], 0
        for word in words:
            starts.append(text.index(word, end))
            end = starts[-1] + len(word)
        texts.append(text)
        places.append(
            {
                (type_, starts[first], starts[last - 1] + len(words[last - 1]))
                for type_, first, last in entity_spans(tags)
            }
        )
    return texts, places


def as_written(words: list[str]) -> str:
    """Join words as people write them, with no space before a period or inside quotation marks."""
    text: str = MosesDetokenizer(lang="en").detokenize(words, unescape=False)
    return text


def f1(gold: Sequence[set[Place]], found: Sequence[Sequence[Entity]]) -> float:
    """Score entities in running text; one counts if its type and both its ends are right."""
    predicted = [{(e["entity_group"], e["start"], e["end"]) for e in some} for some in found]
    right = sum(len(one & other) for one, other in zip(gold, predicted, strict=True))
    return 2 * right / max(1, sum(map(len, gold)) + sum(map(len, predicted)))


def processor() -> str:
    """Name the processor, and those of its features that decide which precision is fast."""
    has = torch.cpu.get_capabilities()
    features = [name for name in _FEATURES if has.get(name)]
    return (
        f"{has.get('cpu_name', has['architecture'])} with {', '.join(features) or 'none of those'}"
    )


def main() -> None:
    """Measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tagging", description=__doc__)
    parser.add_argument("model", type=Path, help="the folder of a trained model")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--max-sentences", type=int, help="a quick look at so many of the texts")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks_tagging.json"))
    options = parser.parse_args()
    disable_progress_bars()
    source = os.environ.get("WNUT17_DIR", "wnut_17")
    dataset = data.load(source, max_sentences=options.max_sentences)
    rows = compare(options.model, dataset["test"], rounds=options.rounds)
    report.write(
        {"tagging": rows},
        options.output,
        packages=["torch", "transformers", "onnxruntime"],
        hardware=[processor()],
    )


if __name__ == "__main__":
    main()
