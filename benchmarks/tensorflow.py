"""Measure lesson 4's recipe against the tutorial's TensorFlow code, in lesson 4's environment.

The tutorial's code has no more repairs than it needs to start: the data comes from `helpers.data`,
seqeval is asked directly since ``evaluate.load`` needs the Hub, and nothing is pushed there.
Source: https://huggingface.co/docs/transformers/tasks/token_classification
"""

import argparse
import os
import time
from pathlib import Path

import transformers
from datasets import DatasetDict, disable_progress_bars
from tqdm import tqdm

from benchmarks import report, tutorial
from benchmarks.report import RECIPE, Row
from helpers import alignment, data, keras_training, models, settings


def train_by_the_tutorial(dataset: DatasetDict, folder: Path, *, seed: int) -> tuple[float, float]:
    """Train with the tutorial's code, all its evaluations included.

    Returns:
        The seconds that it took, and F1 on the test split, as its own metric sees it.
    """
    transformers.set_seed(seed)
    tokenizer = models.load_tokenizer(folder)
    tokenized_wnut = tutorial.tokenize(dataset, tokenizer)
    label_list = data.tag_names(dataset)
    start = time.perf_counter()
    data_collator = transformers.DataCollatorForTokenClassification(
        tokenizer=tokenizer, return_tensors="tf"
    )
    batch_size = 16
    num_train_epochs = 3
    num_train_steps = (len(tokenized_wnut["train"]) // batch_size) * num_train_epochs
    optimizer, _ = transformers.create_optimizer(
        init_lr=2e-5, num_train_steps=num_train_steps, weight_decay_rate=0.01, num_warmup_steps=0
    )
    model = transformers.TFAutoModelForTokenClassification.from_pretrained(
        folder,
        num_labels=len(label_list),
        id2label=dict(enumerate(label_list)),
        label2id={label: index for index, label in enumerate(label_list)},
    )
    tf_train_set = model.prepare_tf_dataset(
        tokenized_wnut["train"], shuffle=True, batch_size=16, collate_fn=data_collator
    )
    tf_validation_set = model.prepare_tf_dataset(
        tokenized_wnut["validation"], shuffle=False, batch_size=16, collate_fn=data_collator
    )
    model.compile(optimizer=optimizer)
    compute_metrics = tutorial.metrics_for(label_list)
    metric_callback = transformers.KerasMetricCallback(
        metric_fn=compute_metrics, eval_dataset=tf_validation_set
    )
    model.fit(
        x=tf_train_set,
        validation_data=tf_validation_set,
        epochs=num_train_epochs,
        callbacks=[metric_callback],
        verbose=2,
    )
    seconds = time.perf_counter() - start

    tf_test_set = model.prepare_tf_dataset(
        tokenized_wnut["test"], shuffle=False, batch_size=16, collate_fn=data_collator
    )
    on_test = transformers.KerasMetricCallback(metric_fn=compute_metrics, eval_dataset=tf_test_set)
    on_test.set_model(model)
    logs: dict[str, float] = {}
    on_test.on_epoch_end(0, logs)
    return seconds, logs["f1"]


def train_by_the_lesson(dataset: DatasetDict, folder: Path, *, seed: int) -> tuple[float, float]:
    """Train by lesson 4's recipe.

    Returns:
        The seconds that it took, and F1 on the test split, over every word.
    """
    run = settings.load("offline", seed=seed, **RECIPE)
    tokenizer = models.load_tokenizer(folder)
    encoded = alignment.encode(dataset, tokenizer, stride=run.stride)
    start = time.perf_counter()
    model = keras_training.load_model(folder, data.tag_names(dataset), run)
    keras_training.train(model, tokenizer, dataset, encoded, run)
    seconds = time.perf_counter() - start
    options = keras_training.tagger_options(model, tokenizer, dataset, encoded)
    scores = keras_training.score(model, tokenizer, dataset["test"], encoded["test"], options)
    return seconds, scores["f1"]


def measure(*, seeds: int = 3, max_sentences: int | None = None) -> list[Row]:
    """Train both ways on WNUT 17, one after the other; the model is MiniLM.

    Args:
        seeds: Runs of each recipe.
        max_sentences: A quick look at so many sentences of each split.

    Returns:
        As `benchmarks.report.row` makes them.
    """
    dataset = data.load(os.environ.get("WNUT17_DIR", "wnut_17"), max_sentences=max_sentences)
    folder = models.locate("minilm")
    times: dict[str, list[float]] = {"tutorial": [], "lessons": []}
    scores: dict[str, list[float]] = {"tutorial": [], "lessons": []}
    for seed in tqdm(range(seeds), desc="Both recipes, a seed each"):
        for name, train in (("tutorial", train_by_the_tutorial), ("lessons", train_by_the_lesson)):
            taken, f1 = train(dataset, folder, seed=seed)
            times[name].append(taken)
            scores[name].append(f1)
    return report.recipes(times, scores, of=", TensorFlow")


def main() -> None:
    """Measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tensorflow", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe")
    parser.add_argument("--max-sentences", type=int, help="so many sentences of each split")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks_tensorflow.json"))
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    disable_progress_bars()
    rows = measure(seeds=options.seeds, max_sentences=options.max_sentences)
    packages = ["tf_keras", "transformers"]  # TensorFlow's own is of the same version as tf_keras
    report.write({"measures": rows}, options.output, packages=packages)


if __name__ == "__main__":
    main()
