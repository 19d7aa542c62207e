"""Measure the tagging of files: memory against the length of the file, and speed.

Memory is the peak of a process of its own for each length, with a small model that nobody trained,
so that what grows with the file is not hidden behind the model. Speed is that of MiniLM on the
texts of WNUT 17's test split, from the folder that the environment variable WNUT17_DIR names or
else from the Hub, file to file, against Transformers' pipeline text by text.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import psutil
import torch
import transformers
from datasets import disable_progress_bars
from tqdm import tqdm
from transformers import AutoConfig, AutoModelForTokenClassification

from benchmarks import report
from benchmarks.report import Row, seconds
from helpers import data, models, tagging
from helpers.batch.tag_files import tag_file
from helpers.inference import load_tagger

_TAG = """\
import sys, time
from helpers.batch.tag_files import tag_file
from helpers.inference import load_tagger

model, source, target = sys.argv[1:]
tagger = load_tagger(model, device="cpu")
start = time.perf_counter()
tag_file(tagger, source, target)
print(time.perf_counter() - start)
"""


def save_model(folder: Path, names: Sequence[str], **sizes: int) -> Path:
    """Write a model that nobody trained: MiniLM, with other sizes where they are given."""
    minilm = models.locate("minilm")
    labels = {"id2label": tagging.id2label(names), "label2id": tagging.label2id(names)}
    config = AutoConfig.from_pretrained(minilm, **labels, **sizes)
    torch.manual_seed(0)
    if sizes:
        model = AutoModelForTokenClassification.from_config(config)
    else:
        model = AutoModelForTokenClassification.from_pretrained(minilm, config=config)
    model.save_pretrained(folder)
    models.load_tokenizer(minilm).save_pretrained(folder)
    return folder


def memory(model: Path, texts: Sequence[str], lengths: Sequence[int], work: Path) -> Iterator[Row]:
    """Peak memory of tagging a file of so many lines, for each length."""
    for length in lengths:
        source = work / f"{length}.txt"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in islice(cycle(texts), length))
        target = work / f"{length}.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-c", _TAG, str(model), str(source), str(target)],
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = peak_memory(process)
        printed, _ = process.communicate()
        taken = float(printed)
        with target.open("rb") as file:
            assert sum(1 for _ in file) == length
        yield {
            "lines": length,
            "source MB": source.stat().st_size / 1e6,
            "peak MB": peak / 1e6,
            "seconds": taken,
            "texts/s": length / taken,
        }


def peak_memory(process: subprocess.Popen[str]) -> int:
    """Watch a process until it ends: the most memory that it was seen to hold, in bytes.

    The system's own account (``ru_maxrss``) starts from what the parent held, which here is more.
    """
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            peak = max(peak, watched.memory_info().rss)
        time.sleep(0.05)
    return peak


def speed(model: Path, texts: Sequence[str], work: Path) -> Row:
    """Texts a second, of the pipeline text by text and of `tag_file`, file to file."""
    source, target = work / "texts.txt", work / "texts.jsonl"
    source.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    classify = transformers.pipeline(
        "token-classification", model=str(model), aggregation_strategy="first", device="cpu"
    )
    tagger = load_tagger(model, device="cpu")
    plain, _ = seconds(lambda: [classify(text) for text in tqdm(texts, desc="Pipeline")])
    ours, _ = seconds(lambda: tag_file(tagger, source, target))
    return {
        "texts": len(texts),
        "pipeline texts/s": len(texts) / plain,
        "tag_file texts/s": len(texts) / ours,
        "ratio": plain / ours,
    }


def main() -> None:
    """Measure, print the tables and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tag_files", description=__doc__)
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="of each file"
    )
    parser.add_argument("--max-sentences", type=int, help="a quick look at so many of the texts")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks_tag_files.json"))
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()

    dataset = data.load(
        os.environ.get("WNUT17_DIR", "wnut_17"), max_sentences=options.max_sentences
    )
    texts = [" ".join(words) for words in dataset["test"]["tokens"]]
    names = data.tag_names(dataset)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        fast = speed(save_model(work / "minilm", names), texts, work)
        small = save_model(
            work / "small",
            names,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
        )
        flat = list(memory(small, texts, options.lines, work))
    tables = {"speed": [fast], "memory": flat}
    report.write(tables, options.output, packages=["torch", "transformers"])


if __name__ == "__main__":
    main()
