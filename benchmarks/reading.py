"""Measure how files of tagged text are read, beside a plain loop that splits lines.

The words are WNUT 17's train split several times over, in each family of forms. Time is that of
the process, the best of three; memory is what Python holds at most, for each word.
"""

import argparse
import json
import os
import tempfile
import time
import timeit
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from benchmarks import report
from benchmarks.report import Row
from helpers import data, readers
from helpers.tagging import entity_spans

COPIES = 4  # of 62,730 words


def plain(path: Path) -> list[tuple[list[str], list[str]]]:
    """Read CoNLL as a tutorial does."""
    sentences: list[tuple[list[str], list[str]]] = [([], [])]
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.strip():
            sentences.append(([], []))
        else:
            token, tag = line.split("\t")
            sentences[-1][0].append(token)
            sentences[-1][1].append(tag)
    return sentences


def ours(path: Path) -> dict[str, readers.Split]:
    """Read any form, with columns and scheme found."""
    return readers.in_iob2({"train": readers.read(path)})


def write(dataset: DatasetDict, folder: Path) -> dict[str, Path]:
    """Write the sentences in each family of forms."""
    rows = list(zip(dataset["train"]["tokens"], data.tags(dataset["train"]), strict=True)) * COPIES
    texts: dict[str, str] = {
        "CoNLL, 2 columns|conll": "\n\n".join(
            "\n".join(f"{word}\t{tag}" for word, tag in zip(*row, strict=True)) for row in rows
        ),
        "CoNLL, 4 columns|txt": "\n\n".join(
            "\n".join(f"{word} NN B-NP {tag}" for word, tag in zip(*row, strict=True))
            for row in rows
        ),
        "CSV|csv": "sentence_id,token,tag\n"
        + "".join(
            f'{at},"{word.replace(chr(34), chr(34) * 2)}",{tag}\n'
            for at, row in enumerate(rows)
            for word, tag in zip(*row, strict=True)
        ),
        "JSON, words|jsonl": "\n".join(
            json.dumps({"tokens": words, "tags": tags}) for words, tags in rows
        ),
        "JSON, text|jsonl": "\n".join(json.dumps(_text(words, tags)) for words, tags in rows),
    }
    paths = {}
    for number, (name, text) in enumerate(texts.items()):
        form, suffix = name.split("|")
        paths[form] = folder / f"{number}.{suffix}"
        paths[form].write_text(text, encoding="utf-8")
    return paths


def _text(words: list[str], tags: list[str]) -> dict[str, Any]:
    starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
    spans = [
        [starts[start], starts[end - 1] + len(words[end - 1]), type_]
        for type_, start, end in entity_spans(tags)
    ]
    return {"text": " ".join(words), "entities": spans}


def measures(dataset: DatasetDict, folder: Path) -> Iterator[Row]:
    """Seconds for 100,000 words, and bytes for each word."""
    paths = write(dataset, folder)
    n_words = COPIES * sum(map(len, dataset["train"]["tokens"])) / 1e5
    plain_seconds = _best(plain, paths["CoNLL, 2 columns"]) / n_words
    for form, path in paths.items():
        our_seconds = _best(ours, path) / n_words
        tracemalloc.start()
        kept = ours(path)
        peak = tracemalloc.get_traced_memory()[1] / (n_words * 1e5)
        tracemalloc.stop()
        del kept
        note = f"a plain loop over CoNLL against any form; {peak:.0f} bytes a word at most"
        yield report.row(
            f"reading {form}", "s/100k words", plain_seconds, our_seconds, faster=True, note=note
        )


def _best(task: Callable[[Path], Any], path: Path) -> float:
    return min(timeit.repeat(lambda: task(path), timer=time.process_time, number=1, repeat=3))


def main() -> None:
    """Measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks-reading.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = list(measures(data.load(os.environ.get("WNUT17_DIR", "wnut_17")), Path(name)))
    report.write({"measures": rows}, options.output, packages=["datasets", "regex"])


if __name__ == "__main__":
    main()
