"""Measure training and tagging on a GPU, in fp32 and in bf16; it takes some minutes.

MiniLM, and a DistilBERT with its weights, are trained by lesson 3's recipe on WNUT 17, and the
texts of its test split are tagged with the pipeline and with the tagger, in batches of several
sizes. The data come from the folder that the environment variable WNUT17_DIR names or else from
the Hub. Without a GPU it measures the processor.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import transformers
from datasets import Dataset, disable_progress_bars
from tqdm import tqdm

from benchmarks import report, tagging
from benchmarks.distilbert import save_distilbert
from benchmarks.report import RECIPE, Row, seconds
from helpers import models, settings, training
from helpers.data import load, tag_names
from helpers.inference import Tagger, load_tagger
from helpers.inference.backends import Precision
from helpers.preparation import prepare
from helpers.settings import Settings

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
DEVICE = torch.accelerator.current_accelerator() or torch.device("cpu")


def train(name: str, run: Settings, work: Path) -> Iterator[Row]:
    """Train a model in each precision, and leave each in a folder of ``work`` named for it.

    Args:
        name: Of the model, in the table.
        run: The recipe, model and data.
        work: Where the trained models go.
    """
    corpus, folder, tokenizer, encoded = prepare(run)
    for precision in PRECISIONS:
        model = training.load_model(folder, tag_names(corpus), run)
        args = training.arguments(run, work / "checkpoints" / precision)
        args = replace(args, bf16=precision == "bf16")
        trainer = training.build_trainer(model, tokenizer, corpus, encoded, args)
        taken = training.train(trainer)
        options = training.tagger_options(model, tokenizer, corpus)
        model.save_pretrained(work / precision)
        tokenizer.save_pretrained(work / precision)
        yield {
            "model": name,
            "precision": precision,
            "seconds": taken,
            "validation F1": training.score(model, tokenizer, corpus["validation"], options)["f1"],
            "test F1": training.score(model, tokenizer, corpus["test"], options)["f1"],
        }


def tag(
    name: str, model: Path, test: Dataset, *, batch_sizes: Sequence[int], rounds: int
) -> Iterator[Row]:
    """Tag the texts of a split in every way, by turns; the best round counts.

    Args:
        name: Of the model, in the table.
        model: The folder of the trained model.
        test: Words and tags.
        batch_sizes: Texts that go through the model at once.
        rounds: How often each way takes its turn, after one that does not count.
    """
    texts, gold = tagging.annotated_texts(test)
    pipeline = partial(tagging.pipeline, str(model), device=str(DEVICE))
    ways: dict[tuple[str, str, int], tagging.Tag] = {
        ("pipeline, text by text", "fp32", 1): pipeline()
    }
    for size in batch_sizes:
        ways["pipeline, sorted", "fp32", size] = pipeline(batch_size=size)
        for precision in PRECISIONS:
            tagger = load_tagger(model, device=DEVICE, precision=precision)
            ways["tagger", precision, size] = in_batches(tagger, size)
    scores = {way: tagging.f1(gold, find(texts)) for way, find in ways.items()}
    best = dict.fromkeys(ways, float("inf"))
    for _ in tqdm(range(rounds), desc=f"Rounds of tagging with {name}"):
        for way, find in ways.items():
            best[way] = min(best[way], seconds(partial(find, texts))[0])
    for way in ways:
        columns = dict(zip(("tagger", "precision", "batch size"), way, strict=True))
        yield {"model": name, **columns, "F1": scores[way], "texts/s": len(texts) / best[way]}


def in_batches(tagger: Tagger, size: int) -> tagging.Tag:
    """Make a tagger that has only texts to be given."""
    return lambda texts: tagger(texts, batch_size=size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--bert", default="minilm", help="the BERT to start from (default minilm)")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 128, 512])
    parser.add_argument("--rounds", type=int, default=3, help="of tagging (default 3)")
    parser.add_argument("--max-sentences", type=int, help="so many sentences of each split")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks_gpu.json"))
    options = parser.parse_args(arguments)
    transformers.logging.set_verbosity_error()
    disable_progress_bars()

    dataset = os.environ.get("WNUT17_DIR", "wnut_17")
    data_options: Row = {"dataset": dataset, "max_sentences": options.max_sentences}
    test = load(**data_options)["test"]
    trained: list[Row] = []
    tagged: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        distilbert = save_distilbert(models.locate(options.bert), work / "distilbert")
        for kind, model in ("BERT", options.bert), ("DistilBERT", str(distilbert)):
            run = settings.load("offline", model=model, **data_options, **RECIPE)
            trained += train(kind, run, work / kind)
            tagged += tag(
                kind,
                work / kind / "fp32",
                test,
                batch_sizes=options.batch_sizes,
                rounds=options.rounds,
            )
    on_gpu = DEVICE.type == "cuda"
    report.write(
        {"training": trained, "tagging": tagged},
        options.output,
        packages=["torch", "transformers"],
        hardware=[torch.cuda.get_device_name(DEVICE) if on_gpu else tagging.processor()],
    )


if __name__ == "__main__":
    main()
