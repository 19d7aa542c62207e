"""The recipe of lessons 3 and 4 on WNUT 17 over several seeds, in the framework that is there.

``python -m benchmarks.seeds`` trains once for each seed, and writes test F1 without and with the
bias on ``O``, which the recipe chooses on validation. In lesson 4's environment it trains with
TensorFlow. ``python -m benchmarks.seeds --compare ONE OTHER`` reads two files that it wrote, and
says how often chance alone makes two groups of runs so different. The data come from the folder
that ``WNUT17_DIR`` names, or else from the Hub.
"""

import argparse
import dataclasses
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

from benchmarks import report
from benchmarks.report import RECIPE, Row
from helpers import data, settings
from helpers.model_folder import TaggerOptions
from helpers.preparation import prepare
from helpers.settings import Settings

FRAMEWORK = "torch" if find_spec("torch") else "tensorflow"


def measure(run: Settings) -> Row:
    """Train once, and score test without and with the bias on ``O``."""
    dataset, folder, tokenizer, encoded = prepare(run)
    names = data.tag_names(dataset)
    if FRAMEWORK == "torch":
        from helpers import training

        model = training.load_model(folder, names, run)
        args = training.arguments(run, training.checkpoint_dir(run, dataset))
        seconds = training.train(training.build_trainer(model, tokenizer, dataset, encoded, args))
        chosen = training.tagger_options(model, tokenizer, dataset)
        without, biased = (
            training.score(model, tokenizer, dataset["test"], options)["f1"]
            for options in (TaggerOptions(), chosen)
        )
    else:
        from helpers import keras_training

        model = keras_training.load_model(folder, names, run)
        seconds = keras_training.train(model, tokenizer, dataset, encoded, run)
        chosen = keras_training.tagger_options(model, tokenizer, dataset, encoded)
        test = dataset["test"], encoded["test"]
        without, biased = (
            keras_training.score(model, tokenizer, *test, options)["f1"]
            for options in (TaggerOptions(), chosen)
        )
    return {
        "seed": run.seed,
        "bias": chosen.outside_bias,
        "F1 without it": without,
        "F1": biased,
        "seconds": seconds,
    }


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """The share of all ways to deal the scores to two groups that differ as much, or more.

    >>> p_value([0.3, 0.4], [0.1, 0.2])
    0.3333333333333333
    """
    scores = [*one, *other]

    def difference(rows: Sequence[int]) -> float:
        mean = sum(scores[row] for row in rows) / len(rows)
        others = (sum(scores) - mean * len(rows)) / (len(scores) - len(rows))
        return abs(mean - others)

    found = difference(range(len(one))) - 1e-12
    deals = [difference(rows) >= found for rows in combinations(range(len(scores)), len(one))]
    return sum(deals) / len(deals)


def compare(files: Sequence[Path]) -> None:
    """Print the difference between the runs of two files, and how often chance gives as much."""
    one, other = (
        [row["F1"] for row in json.loads(file.read_text(encoding="utf-8"))["seeds"]]
        for file in files
    )
    difference = statistics.mean(one) - statistics.mean(other)
    print(f"difference of mean F1 {difference:+.4f}, p = {p_value(one, other):.3f}")


def main() -> None:
    """Train for each seed, or compare what two runs of this wrote."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="so many, from 0 on")
    parser.add_argument("--output", type=Path, default=Path(f"runs/seeds_{FRAMEWORK}.json"))
    parser.add_argument("--compare", type=Path, nargs=2, help="two files that this wrote")
    options = parser.parse_args()
    if options.compare:
        compare(options.compare)
        return
    source = os.environ.get("WNUT17_DIR", "wnut_17")
    with tempfile.TemporaryDirectory() as work:
        run = settings.load("offline", dataset=source, output_dir=work, **RECIPE)
        rows = [measure(dataclasses.replace(run, seed=seed)) for seed in range(options.seeds)]
    gains = [row["F1"] - row["F1 without it"] for row in rows]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    print(f"gain by the bias {statistics.mean(gains):+.4f}, standard error {error:.4f}")
    packages = ["transformers", "torch" if FRAMEWORK == "torch" else "tf_keras"]
    report.write({"seeds": rows}, options.output, packages=packages)


if __name__ == "__main__":
    main()
