"""Whether the bias on ``O``, which the recipe chooses on validation, helps on the test split.

``python -m benchmarks.outside_bias`` trains the recipe on WNUT 17 five times, with seeds 0 to 4.
It prints test F1 with the most probable tags and with those that the bias favours, and the mean of
the differences with its standard error. The data come from the folder that ``WNUT17_DIR`` names.
"""

import dataclasses
import os
import statistics
import tempfile

from benchmarks.report import RECIPE
from helpers import data, settings, training
from helpers.model_folder import TaggerOptions
from helpers.preparation import prepare

SEEDS = 5


def f1_without_and_with(run: settings.Settings) -> tuple[float, float, float]:
    """Train once; the bias, and test F1 without and with it."""
    dataset, folder, tokenizer, encoded = prepare(run)
    model = training.load_model(folder, data.tag_names(dataset), run)
    checkpoints = training.checkpoint_dir(run, dataset)
    args = training.arguments(run, checkpoints)
    training.train(training.build_trainer(model, tokenizer, dataset, encoded, args))
    chosen = training.tagger_options(model, tokenizer, dataset)
    without, biased = (
        training.score(model, tokenizer, dataset["test"], options)["f1"]
        for options in (TaggerOptions(), chosen)
    )
    return chosen.outside_bias, without, biased


def main() -> None:
    """Print a line for each seed and one for all."""
    source = os.environ.get("WNUT17_DIR", "wnut_17")
    differences = []
    with tempfile.TemporaryDirectory() as work:
        run = settings.load("offline", dataset=source, output_dir=work, **RECIPE)
        for seed in range(SEEDS):
            bias, without, biased = f1_without_and_with(dataclasses.replace(run, seed=seed))
            differences.append(biased - without)
            print(
                f"seed {seed}: bias {bias:+.1f}, test F1 {without:.4f} without, {biased:.4f} with"
            )
    error = statistics.stdev(differences) / len(differences) ** 0.5
    print(f"difference {statistics.mean(differences):+.4f}, standard error {error:.4f}")


if __name__ == "__main__":
    main()
