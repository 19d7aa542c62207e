"""The command ``python -m helpers.runs``."""

import argparse
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm

from helpers import settings
from helpers.runs import lessons, notebooks, spec, sweep
from helpers.runs.engines import Engine, Local, Ray
from helpers.runs.spec import Run
from helpers.runs.store import Store

_ABOUT = """\
Run lessons unattended.

  lessons   every lesson in order, as `make lessons` does
  sweep     one lesson over a grid of parameters, on this machine or a Ray cluster
  report    the runs of a sweep as one page with tables and figures

Each command has its own --help, with examples.
"""

_LESSONS = """\
Run the lessons in order and write each executed notebook. `make site` turns them into
pages.

A lesson that fails does not stop the next. The table at the end says where to look, and the exit
code is 1 if a lesson failed.

examples:
  python -m helpers.runs lessons
      all lessons on the small corpus of this repository, without a network
  python -m helpers.runs lessons 01 03 --profile smoke
      lessons 1 and 3 on a slice of it, in seconds
  python -m helpers.runs lessons --profile full -p epochs 3 -p learning_rate 3e-4
      on WNUT 17 with other parameters; each goes to the lessons that know it
  python -m helpers.runs lessons -p dataset my_data
      on your own data: a folder, as `make lessons DATASET=my_data`
"""

_SWEEP = """\
Run a lesson once for every combination of a grid of parameters.

Start it again after an interruption, and it does only the missing runs. Each run has a folder,
named by a hash of the lesson's code and the parameters. The folder holds the executed notebook,
metrics.json and manifest.json (parameters, versions, revision, seed, start, duration, host). Failed
runs are in the folder `failed` and are tried again the next time.

examples:
  python -m helpers.runs sweep rates.yaml --workers 2
  python -m helpers.runs sweep rates.yaml --engine ray --address auto --cpus-per-run 4 \\
      --output /shared/rates
  python -m helpers.runs report runs/sweeps/rates

rates.yaml holds the lesson, fixed parameters, and lists to combine; a seed is one of them:

  lesson: 03_trainer_finetuning
  parameters:
    profile: offline
  grid:
    learning_rate: [1e-4, 3e-4]
    seed: [1, 2, 3]
"""

_REPORT = """\
Turn the runs of a sweep into report.html (one file, opens from disk), report.md, runs.csv (every
run, every score) and summary.csv (mean and spread over seeds), all in the sweep's folder.

examples:
  python -m helpers.runs report runs/sweeps/rates
  python -m helpers.runs report runs/sweeps/rates --score validation.f1
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 if a run failed, 2 if no run began."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; start a sweep again to do what is missing", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.runs",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        added.set_defaults(command=command)
        return added

    of_lessons = add("lessons", _run_lessons, _LESSONS)
    of_lessons.add_argument(
        "lesson", nargs="*", help="which, by the beginning of the name; all if none is given"
    )
    of_lessons.add_argument("--profile", default="offline", help="offline (default), smoke or full")
    of_lessons.add_argument(
        "--output", type=Path, help="the folder above the profile's; default: runs, in the checkout"
    )
    of_lessons.add_argument(
        "-p",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        dest="parameters",
        help="a parameter, as papermill takes it; can be repeated",
    )

    of_sweep = add("sweep", _run_sweep, _SWEEP)
    of_sweep.add_argument("spec", type=Path, metavar="SPEC.yaml", help="what to combine, see above")
    of_sweep.add_argument(
        "--output",
        help="a folder, or a URL that fsspec can write, such as s3://bucket/rates; default: "
        "runs/sweeps/<name of the specification>, in the checkout",
    )
    of_sweep.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="local (default): processes on this machine; ray: tasks on a Ray cluster",
    )
    of_sweep.add_argument(
        "--workers",
        type=_count,
        default=1,
        metavar="N",
        help="local: runs at a time (default 1); they share the cores",
    )
    of_sweep.add_argument(
        "--address",
        help="ray: the cluster's address, such as auto or ray://host:10001; default: RAY_ADDRESS, "
        "or a cluster that runs on this machine, or a new one on this machine alone",
    )
    of_sweep.add_argument(
        "--cpus-per-run", type=_count, default=1, metavar="N", help="ray: CPU cores (default 1)"
    )
    of_sweep.add_argument(
        "--gpus-per-run",
        type=_share,
        default=0,
        metavar="N",
        help="ray: GPUs (default 0); 0.5 lets two runs use the same one",
    )

    of_report = add("report", _write_report, _REPORT)
    of_report.add_argument("folder", metavar="FOLDER", help="a sweep's --output, or its URL")
    of_report.add_argument(
        "--score", help="the score to compare by; default: test.f1, or else the first named f1"
    )
    return parser


def _run_lessons(options: argparse.Namespace) -> int:
    given = {name: settings.literal(value) for name, value in options.parameters}
    reserved = given.keys() & {"profile", "output_dir"}
    if reserved:
        raise ValueError(f"-p {min(reserved)}: use --profile and --output instead")
    common = {"profile": options.profile}
    folder = settings.load(options.profile).run_dir
    if options.output:
        folder = options.output.resolve() / options.profile
        common["output_dir"] = str(folder)
    planned = lessons.plan(notebooks.find(options.lesson), given, common=common)
    names = ", ".join(lesson.name for lesson, _ in planned)
    print(f"{names}: profile {options.profile}, into {folder}", flush=True)
    results = []
    for result in lessons.run(planned, folder):
        results.append(result)
        print(f"{result.lesson}: {_status(result.error)} after {result.seconds:.0f} s", flush=True)
    _print_table(
        ("lesson", "status", "seconds", "where to look"),
        [
            (
                result.lesson,
                _status(result.error),
                f"{result.seconds:.1f}",
                str(result.notebook or "-"),
            )
            for result in results
        ],
    )
    return _print_errors({result.lesson: result.error for result in results if result.error})


def _run_sweep(options: argparse.Namespace) -> int:
    runs = spec.load(options.spec)
    output = options.output or settings.project_dir() / "runs" / "sweeps" / options.spec.stem
    store = Store(str(output))
    engine: Engine = Local(options.workers)
    if options.engine == "ray":
        engine = Ray(options.address, cpus=options.cpus_per_run, gpus=options.gpus_per_run)
    missing = [run for run in runs if not store.is_complete(run.name)]
    n_there = len(runs) - len(missing)
    print(f"{len(runs)} runs, {n_there} of them complete, into {store.location}", flush=True)
    errors = _sweep(missing, n_there, store, engine) if missing else {}
    _print_table(
        ("run", "status", "where to look", "parameters"),
        [
            (
                run.name,
                _status(errors.get(run.name)),
                _where(store, run, failed=run.name in errors),
                ", ".join(f"{name}={value}" for name, value in run.given.items()),
            )
            for run in runs
        ],
    )
    print(f"\ncompare them: python -m helpers.runs report {shlex.quote(store.location)}")
    return _print_errors(errors)


def _where(store: Store, run: Run, *, failed: bool) -> str:
    if failed and not store.has_failed(run.name):  # its process was killed
        return "-"
    return store.where(run.name, failed=failed)


def _sweep(missing: Sequence[Run], n_there: int, store: Store, engine: Engine) -> dict[str, str]:
    """Do the missing runs of a sweep behind a bar, and return the errors by the run's name."""
    errors: dict[str, str] = {}
    with _bar(total=n_there + len(missing), initial=n_there) as bar:
        for n_ended, outcome in enumerate(chain([None], sweep.run(missing, store, engine))):
            if outcome:
                run, error = outcome
                errors |= {run.name: error} if error else {}
                bar.write(f"{run.name}: {_status(error)}")
                bar.update()
            bar.set_postfix(
                running=min(engine.slots, len(missing) - n_ended),
                done=n_there + n_ended - len(errors),
                failed=len(errors),
            )
    return errors


@contextmanager
def _bar(*, total: int, initial: int) -> Iterator[tqdm]:
    """Show a bar of runs on a terminal, redrawn every second: a run can take long."""
    ended = threading.Event()

    def redraw() -> None:
        while not ended.wait(1):
            bar.refresh()

    # Time left from the mean of all runs, since a grid's runs take different times.
    with tqdm(total=total, initial=initial, unit="run", smoothing=0, disable=None) as bar:
        thread = threading.Thread(target=redraw, daemon=True)
        thread.start()
        try:
            yield bar
        finally:
            ended.set()
            thread.join()


def _write_report(options: argparse.Namespace) -> int:
    from helpers.runs import report  # pandas and matplotlib, which no process of a run needs

    for address in report.write(Store(options.folder), score=options.score):
        print(address)
    return 0


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    print()
    for row in (head, ["-" * width for width in widths], *rows):
        print(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _print_errors(errors: Mapping[str, str]) -> int:
    for name, error in errors.items():
        print(f"\n{name} failed: {error}")
    return 1 if errors else 0


def _status(error: str | None) -> str:
    return "failed" if error else "ok"


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number from 1; found {value!r}")
    return int(value)


def _share(value: str) -> float:
    number = settings.literal(value)
    if not isinstance(number, int | float) or not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number from 0; found {value!r}")
    return number


if __name__ == "__main__":
    sys.exit(main())
