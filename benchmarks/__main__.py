"""Measure the lessons against the tutorial's plain code, side by side on this machine.

Each measure takes both in one run, one after the other, and gives their ratio: seconds alone say
more of the machine than of the code. The data are WNUT 17, from the folder that the environment
variable WNUT17_DIR names or else from the Hub; the model is MiniLM.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import transformers
from datasets import DatasetDict, disable_progress_bars
from tqdm import tqdm

from benchmarks import report, tagging, tutorial
from benchmarks.report import RECIPE, Row, row, seconds
from helpers import alignment, data, models, settings, training


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
    times: dict[str, list[float]] = {"tutorial": [], "lessons": []}
    scores: dict[str, list[float]] = {"tutorial": [], "lessons": []}
    for seed in tqdm(range(seeds), desc="Both recipes, a seed each"):
        theirs = tutorial.trainer(
            folder, tokenizer, tokenized, work / f"tutorial-{seed}", seed=seed
        )
        times["tutorial"].append(seconds(theirs.train)[0])
        prediction = theirs.predict(tokenized["test"])
        scores["tutorial"].append(cast(dict[str, float], prediction.metrics)["test_f1"])

        run = settings.load("offline", seed=seed, output_dir=str(work / str(seed)), **RECIPE)
        model = training.load_model(folder, data.tag_names(dataset), run)
        encoded = alignment.encode(dataset, tokenizer, stride=run.stride)
        args = training.arguments(run, training.checkpoint_dir(run, dataset))
        ours = training.build_trainer(model, tokenizer, dataset, encoded, args)
        times["lessons"].append(training.train(ours))
        options = training.tagger_options(model, tokenizer, dataset)
        scores["lessons"].append(training.score(model, tokenizer, dataset["test"], options)["f1"])
    yield from report.recipes(times, scores)
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
    ours.save_model(str(work / "model"))  # with the tokenizer; the taggers take it from there


def main() -> None:
    """Measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe")
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
        tables = {
            "measures": [
                *preprocessing(dataset, folder),
                *recipe(dataset, folder, work, options.seeds),
            ],
            "tagging": tagging.compare(work / "model", dataset["test"]),
        }
    report.write(
        tables,
        options.output,
        packages=["torch", "transformers", "onnxruntime"],
        hardware=[tagging.processor()],
    )


if __name__ == "__main__":
    main()
