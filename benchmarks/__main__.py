"""Measure the lessons against the tutorial's plain code, side by side on this machine.

Each measure takes both in one run, one after the other, and gives their ratio: seconds alone say
more of the machine than of the code. The data are WNUT 17, from the folder that the environment
variable WNUT17_DIR names or else from the Hub; the model is MiniLM.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import psutil
import torch
import transformers
from datasets import DatasetDict, disable_progress_bars
from tqdm import tqdm

from benchmarks import tutorial
from helpers import alignment, data, models, settings, training
from helpers.inference import load_tagger

RECIPE = {"epochs": 2, "batch_size": 16}  # for WNUT 17, which is ten times the sample
Row = dict[str, Any]


def seconds(task: Callable[[], Any]) -> tuple[float, Any]:
    """Run a task and take its time."""
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def row(measure: str, unit: str, plain: float, ours: float, *, faster: bool, note: str) -> Row:
    """One line of the table; the ratio says how many times better the lessons do."""
    return {
        "measure": measure,
        "unit": unit,
        "tutorial": plain,
        "lessons": ours,
        "ratio": plain / ours if faster else ours / plain,
        "note": note,
    }


def preprocessing(dataset: DatasetDict, folder: Path) -> Iterator[Row]:
    """Words to labelled subwords, all splits."""
    tokenizer = models.load_tokenizer(folder)

    plain, ours = (
        min(seconds(partial(task, dataset, tokenizer))[0] for _ in range(3))
        for task in (tutorial.tokenize, alignment.encode)
    )
    note = "best of 3; the lessons' adds windows and read-back"
    yield row("preprocessing", "s", plain, ours, faster=True, note=note)


def recipe(dataset: DatasetDict, folder: Path, work: Path, seeds: int) -> Iterator[Row]:
    """Training with its evaluations, the score on test, and what evaluation keeps in memory."""
    tokenizer = models.load_tokenizer(folder)
    tokenized = tutorial.tokenize(dataset, tokenizer)
    theirs = tutorial.trainer(folder, tokenizer, tokenized, work / "tutorial")
    plain_seconds, _ = seconds(theirs.train)
    prediction = theirs.predict(tokenized["test"])
    plain_f1 = cast(dict[str, float], prediction.metrics)["test_f1"]

    times, scores = [], []
    for seed in tqdm(range(seeds), desc="The lessons' recipe, a seed each"):
        run = settings.load("offline", seed=seed, output_dir=str(work / str(seed)), **RECIPE)
        model = training.load_model(folder, training.tag_names(dataset), run)
        encoded = alignment.encode(dataset, tokenizer, stride=run.stride)
        args = training.arguments(run, training.checkpoint_dir(run, dataset))
        ours = training.build_trainer(model, tokenizer, dataset, encoded, args)
        times.append(training.train(ours))
        report = training.score(model, tokenizer, dataset["test"])
        scores.append(report["f1"])
    spread = ", ".join(f"{score:.3f}" for score in scores)
    share = statistics.mean(times) / plain_seconds
    yield row(
        "test F1",
        "0 to 1",
        plain_f1,
        statistics.mean(scores),
        faster=False,
        note=f"seeds of the lessons: {spread}",
    )
    yield row(
        "training",
        "s",
        plain_seconds,
        statistics.mean(times),
        faster=True,
        note=f"with its evaluations; the lessons' time is {share:.2f} of the tutorial's",
    )
    ours.compute_metrics = None  # it knows the validation split's words, and here are the test's
    ids = ours.predict(encoded["test"])
    yield row(
        "kept by evaluation",
        "MB",
        np.asarray(prediction.predictions).nbytes / 1e6,
        np.asarray(ids.predictions).nbytes / 1e6,
        faster=True,
        note="predictions of the test split",
    )
    ours.save_model(str(work / "model"))  # with the tokenizer; `tagging` takes it from there


def tagging(dataset: DatasetDict, model_dir: Path) -> Iterator[Row]:
    """Entities in the texts of the test split, and whether they are the pipeline's."""
    texts = [" ".join(words) for words in dataset["test"]["tokens"]]
    tagger = load_tagger(model_dir, device="cpu")
    classify = transformers.pipeline(
        "token-classification",
        model=str(model_dir),
        aggregation_strategy="first",
        device="cpu",
    )
    plain_seconds, plain = seconds(
        lambda: [classify(text) for text in tqdm(texts, desc="Pipeline")]
    )
    our_seconds, found = seconds(lambda: tagger(texts))
    same = sum(_spans(one) == _spans(other) for one, other in zip(plain, found, strict=True))
    yield row(
        "tagging",
        "texts/s",
        len(texts) / plain_seconds,
        len(texts) / our_seconds,
        faster=False,
        note=f"same entities in {same} of {len(texts)} texts",
    )


def _spans(entities: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(entity["entity_group"], entity["start"], entity["end"]) for entity in entities]


def machine() -> str:
    """Name the machine: its processor as the system calls it, cores and memory."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{torch.get_num_threads()} threads, {gigabytes:.0f} GiB"
    )


def main() -> None:
    """Measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of the lessons' recipe")
    parser.add_argument(
        "--max-sentences", type=int, help="a quick look at so many sentences of each split"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks.json"))
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    disable_progress_bars()

    source = os.environ.get("WNUT17_DIR", "wnut_17")
    dataset = data.load(source, max_sentences=options.max_sentences)
    folder = models.locate("minilm")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        rows = [
            *preprocessing(dataset, folder),
            *recipe(dataset, folder, work, options.seeds),
            *tagging(dataset, work / "model"),
        ]
    table = pd.DataFrame(rows)
    print(f"\n{date.today()}, {machine()}, torch {torch.__version__}")
    print(table.to_string(index=False, float_format="{:.3f}".format))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentences": {split: len(dataset[split]) for split in dataset},
        "measures": rows,
    }
    options.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
