"""The command ``python -m helpers.inference``."""

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from transformers.utils import logging as transformers_logging

from helpers.inference.backends import Backend, Precision
from helpers.inference.cluster import Ray
from helpers.inference.files import Engine, rejects_of, tag_file
from helpers.inference.formats import one_line
from helpers.inference.tagger import load_tagger
from helpers.tagging import Scheme

_ABOUT = """\
Find entities in texts with a model that a lesson trained.

  tag     a file of texts, of any size, to a file of their entities

`tag --help` shows its options and examples.
"""

_TAG = """\
Tag every text of a file: the result has each record with all its fields, and its entities.

  INPUT   one text per line (.txt); JSON Lines or an array of JSON (.jsonl, .ndjson, .json); a
          table whose first row names its columns (.csv, .tsv); Parquet (.parquet)
  OUTPUT  JSON Lines or Parquet, by the same suffixes

  {"text": "in Paris", "entities": [{"entity_group": "location", "score": 0.98, "word": "paris",
                                     "start": 3, "end": 8}]}

Longer files need no more memory, and records keep their order. OUTPUT appears when it is complete.
Until then, the tagged parts are in a hidden folder beside it. Start the same command again after an
interruption, and it does only the missing parts. If INPUT or the model has changed, it starts from
the beginning.

Files are UTF-8, or UTF-16 with a byte order mark. A record that has no text, or is not UTF-8 or not
JSON, is left out. OUTPUT.rejected.jsonl holds it, with its line and the reason. Such records are
counted at the end.

examples:
  python -m helpers.inference tag tweets.txt tweets.jsonl \\
      --model runs/offline/03_trainer_finetuning/model
  python -m helpers.inference tag news.parquet tagged.parquet --text-field body --device cuda \\
      --model stevhliu/my_awesome_wnut_model
  python -m helpers.inference tag tweets.txt tweets.jsonl --backend onnx --precision int8 \\
      --model runs/offline/03_trainer_finetuning/model
  python -m helpers.inference tag /shared/tweets.jsonl /shared/tagged.jsonl \\
      --model /shared/model --engine ray --address auto
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 if it failed."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    transformers_logging.disable_progress_bar()  # of loading a model; only tagging takes long
    try:
        _tag(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; start it again to tag what is missing", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.inference",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tag = commands.add_parser(
        "tag", description=_TAG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tag.add_argument("input", type=Path, metavar="INPUT", help="the file of texts, see above")
    tag.add_argument("output", type=Path, metavar="OUTPUT", help="the file to write, see above")
    tag.add_argument(
        "--model",
        required=True,
        metavar="DIR",
        help="the folder of a trained model, or its id on the Hub",
    )
    tag.add_argument(
        "--text-field",
        default="text",
        metavar="NAME",
        help="the field or column that holds the text, except in plain text (default text)",
    )
    tag.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="local (default): this process; ray: actors on a Ray cluster, one for each GPU, or "
        "for each core without GPUs",
    )
    tag.add_argument(
        "--address",
        help="ray: the cluster's address, such as auto or ray://host:10001; default: RAY_ADDRESS, "
        "or a cluster that runs on this machine, or a new one on this machine alone",
    )
    tag.add_argument(
        "--batch-size",
        type=_count,
        metavar="N",
        help="texts that go through the model at once (default: as many as suit the device, which "
        "are more short than long ones)",
    )
    tag.add_argument(
        "--min-score",
        type=_share,
        default=0.0,
        metavar="SCORE",
        help="leave out entities with a lower score, from 0 to 1 (default 0: none)",
    )
    tag.add_argument(
        "--scheme",
        choices=get_args(Scheme),
        help="what the model was trained on; you need to give only IOB1 (default: what the labels "
        "show)",
    )
    tag.add_argument(
        "--device",
        type=_device,
        help="such as cpu or cuda:1; default: the accelerator if there is one",
    )
    tag.add_argument(
        "--backend",
        choices=get_args(Backend),
        default="torch",
        help="torch (default): PyTorch; onnx: ONNX Runtime on the processor, which exports the "
        "model into its folder once and needs the extra [onnx]",
    )
    tag.add_argument(
        "--precision",
        choices=get_args(Precision),
        default="auto",
        help="fp32, bf16 (torch) or int8 (onnx); auto (default): bf16 with torch if the device "
        "has it natively, otherwise fp32",
    )
    return parser


def _tag(options: argparse.Namespace) -> None:
    if options.address and options.engine != "ray":
        raise ValueError("--address is the address of a Ray cluster; add --engine ray")
    load = partial(
        load_tagger,
        options.model,
        backend=options.backend,
        precision=options.precision,
        scheme=options.scheme,
    )
    engine: Engine | None = None
    device = options.device or ("cpu" if options.backend == "onnx" else None)
    if options.engine == "ray":
        engine = Ray(load, options.address, device, options.batch_size)
        device = "cpu"  # here the model is only checked; the actors load their own
    elif device is not None:
        _check_device(device)
    counts = tag_file(
        load(device=device),
        options.input,
        options.output,
        text_field=options.text_field,
        batch_size=options.batch_size,
        min_score=options.min_score,
        engine=engine,
    )
    side = f" (see {rejects_of(options.output)})" if counts.rejected else ""
    print(f"{counts.tagged} texts tagged into {options.output}, {counts.rejected} rejected{side}")


def _check_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:  # the first where PyTorch has no CUDA at all
        raise ValueError(f"there is no device {device!r} here: {one_line(error)}") from None


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number from 1; found {value!r}")
    return int(value)


def _share(value: str) -> float:
    with suppress(ValueError):
        if 0 <= float(value) <= 1:
            return float(value)
    raise argparse.ArgumentTypeError(f"takes a number from 0 to 1; found {value!r}")


def _device(value: str) -> str:
    try:
        torch.device(value)
    except RuntimeError:
        raise argparse.ArgumentTypeError(
            f"takes a device such as cpu or cuda:1; found {value!r}"
        ) from None
    return value


if __name__ == "__main__":
    sys.exit(main())
