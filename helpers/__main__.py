"""The one command: ``python -m helpers``.

Every heavy import stands in the command that needs it, so that ``--help`` answers at once. Half of
this file is that help.
"""

import inspect
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from helpers import translation

_PROGRAM = "python -m helpers"
_FAILURE, _REFUSAL, _INTERRUPT, _CLOSED_PIPE = 1, 2, 130, 141  # exit codes, the last as a shell's
_EXPECTED = (ValueError, OSError, RuntimeError, ImportError)  # what a user can cause and mend


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, say what goes wrong in one line, and return the exit code.

    Returns:
        0; 1 if a run failed; 2 if the command could not do its work; 130 if it was interrupted; 141
        if whoever read its output stopped reading.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # words of all scripts, on a console that is not UTF-8
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Else Python complains when it flushes what nobody reads, see
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    return code


def _invoke(arguments: list[str]) -> int:
    try:
        with commands.make_context(_PROGRAM, arguments) as context:
            return commands.invoke(context) or 0
    except click.exceptions.Exit as ended:  # of --help
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return _REFUSAL
    except click.ClickException as error:
        return _refuse(error.format_message())
    except BrokenPipeError:
        raise
    except _EXPECTED as error:
        from helpers.settings import as_parameters

        return _refuse(as_parameters(str(error)))
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted", file=sys.stderr)
        return _INTERRUPT


def _refuse(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return _REFUSAL


class _Command(click.Command):
    """A command whose help is shown line by line as it is written here, examples included."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does."""
        formatter.write(f"\n{textwrap.indent(inspect.cleandoc(self.help or ''), '  ')}\n")


class _Commands(click.Group):
    command_class = _Command


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["--help", "-h"],
        "max_content_width": 100,
        "show_default": True,
    },
)
def commands() -> None:
    """Everything of the course that runs without a notebook.

    Each command has its own --help, with examples.
    """


def _values(
    context: click.Context, option: click.Parameter, pairs: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Turn what was given with -p into values by name."""
    from helpers.settings import literal

    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in values:
            raise click.UsageError(f"-p {name} is given twice; leave one out")
        values[name] = literal(text)
    return values


def _parameters(about: str) -> Callable[[Any], Any]:
    return click.option(
        "-p",
        "parameters",
        nargs=2,
        multiple=True,
        metavar="NAME VALUE",
        callback=_values,
        help=f"{about}; can be repeated.",
    )


_engine = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="local: this machine; ray: a Ray cluster.",
)
_address = click.option(
    "--address",
    metavar="ADDRESS",
    help="ray: the cluster's address, such as auto or ray://host:10001; without it RAY_ADDRESS, or "
    "a cluster that runs on this machine, or a new one on this machine alone.",
)


def _check_address(engine: str, address: str | None) -> None:
    if address and engine != "ray":
        raise click.UsageError("--address is the address of a Ray cluster; add --engine ray")


@commands.command("data")
@click.argument("dataset")
@_parameters("dataset_options or dataset_revision, as in a lesson")
def show_data(dataset: str, parameters: Mapping[str, Any]) -> None:
    r"""Show how a data set would be read: files, columns, tags, counts and first sentences.

    DATASET is a folder, a map from split to file, or an id on the Hub.

    Examples:
      python -m helpers data my_data
      python -m helpers data my_data -p dataset_options "{'columns': ['_', 'token', 'tag']}"
      python -m helpers data "{'train': 'a.conll', 'validation': 'b.conll', 'test': 'c.conll'}"
    """
    from helpers import data, settings

    settings.refuse_unknown(parameters, ["dataset_options", "dataset_revision"])
    data.describe(
        settings.literal(dataset),
        revision=parameters.get("dataset_revision"),
        **settings.dataset_options(parameters.get("dataset_options", {})),
    )


@commands.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.argument("prediction", type=click.Path(path_type=Path))
@_parameters("dataset_options, as in a lesson, for both files")
def score(gold: Path, prediction: Path, parameters: Mapping[str, Any]) -> None:
    r"""Score a file of predicted tags against a file of gold tags with the same words.

    Both are read as training data are: CoNLL in its forms, JSON Lines, CSV, Parquet.

    Examples:
      python -m helpers score gold.conll predicted.conll
      python -m helpers score gold.csv predicted.csv \
          -p dataset_options "{'columns': ['token', 'tag', '_']}"
    """
    from helpers import settings
    from helpers.batch.scoring import score_files

    settings.refuse_unknown(parameters, ["dataset_options"])
    options = settings.dataset_options(parameters.get("dataset_options", {}))
    print(score_files(gold, prediction, options))


@commands.command()
@click.option("--profile", default="full", help="full, offline or smoke.")
@_parameters("a setting, as the lesson's parameters")
def train(profile: str, parameters: Mapping[str, Any]) -> None:
    r"""Fine-tune a tagger by the recipe of lesson 3.

    Examples:
      python -m helpers train --profile offline -p epochs 3 -p learning_rate 2e-4
      python -m helpers train -p dataset my_data -p output_dir runs/mine
      torchrun --nproc_per_node 2 -m helpers train --profile offline
    """
    from helpers import metrics, model_folder, settings, training

    _refuse_profile(parameters)
    run = settings.load(profile, **parameters)
    report = training.fine_tune(run)
    if report:  # of several processes, the first has it
        print(metrics.scores_table(report["test"]).to_string())
        print(f"the model is in {model_folder.of_lesson(run, 3).resolve()}")


@commands.command()
@click.argument("input", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--model",
    required=True,
    metavar="DIR",
    help="The folder of a trained model, or its id on the Hub.",
)
@click.option(
    "--text-field",
    default="text",
    metavar="NAME",
    help="The field or column that holds the text, except in plain text.",
)
@_engine
@_address
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Texts that go through the model at once; without it, as many as suit the device, which "
    "are more short than long ones.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SCORE",
    help="Leave out entities with a lower score, from 0 to 1.",
)
@click.option(
    "--scheme",
    type=click.Choice(["IOB1", "IOB2", "IOBES", "BILOU"]),
    help="What the model was trained on; only IOB1 does not show in the labels.",
)
@click.option(
    "--device",
    metavar="DEVICE",
    help="Such as cpu or cuda:1; without it, the accelerator if there is one.",
)
@click.option(
    "--backend",
    type=click.Choice(["torch", "onnx"]),
    default="torch",
    help="torch: PyTorch; onnx: ONNX Runtime on the processor, which exports the model into its "
    "folder once and needs the extra [onnx].",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "int8"]),
    default="auto",
    help="fp32, bf16 (torch) or int8 (onnx); auto: bf16 with torch if the device has it natively, "
    "otherwise fp32.",
)
def tag(
    input: Path,
    output: Path,
    model: str,
    engine: str,
    address: str | None,
    scheme: Any,
    device: str | None,
    backend: Any,
    precision: Any,
    **how: Any,
) -> None:
    r"""Tag every text of a file: OUTPUT has each record with all its fields, and its entities.

    INPUT   one text per line (.txt); JSON Lines (.jsonl, .ndjson, .json); a table whose
            first row names its columns (.csv, .tsv); Parquet (.parquet)
    OUTPUT  JSON Lines or Parquet, by the same suffixes

    {"text": "in Paris", "entities": [{"entity_group": "location", "score": 0.98,
                                       "word": "paris", "start": 3, "end": 8}]}

    Longer files need no more memory, and records keep their order. OUTPUT appears when it is
    complete. Until then, the tagged parts are in a hidden folder beside it. Start the same command
    again after an interruption, and it does only the missing parts. If INPUT or the model has
    changed, it starts from the beginning.

    Files are UTF-8. A record that has no text, or is not UTF-8, not JSON or not a row of its
    table, is left out. OUTPUT.rejected.jsonl holds it, with its line and the reason. Such
    records are counted at the end.

    Examples:
      python -m helpers tag tweets.txt tweets.jsonl \
          --model runs/offline/03_trainer_finetuning/model
      python -m helpers tag news.parquet tagged.parquet --text-field body --device cuda \
          --model stevhliu/my_awesome_wnut_model
      python -m helpers tag tweets.txt tweets.jsonl --backend onnx --precision int8 \
          --model runs/offline/03_trainer_finetuning/model
      python -m helpers tag tweets.jsonl tagged.jsonl \
          --model /shared/model --engine ray --address auto
    """
    from functools import partial

    from transformers.utils import logging as transformers_logging

    from helpers.batch.tag_files import Engine, rejects_of, tag_file
    from helpers.batch.tag_on_ray import Ray
    from helpers.inference import load_tagger

    _check_address(engine, address)
    transformers_logging.disable_progress_bar()  # of loading a model; only tagging takes long
    load = partial(load_tagger, model, backend=backend, precision=precision, scheme=scheme)
    device = device or ("cpu" if backend == "onnx" else None)
    chosen: Engine | None = None
    if engine == "ray":
        chosen = Ray(load, address, device)
        device = "cpu"  # here the model is only checked; the machines load their own
    try:
        counts = tag_file(load(device=device), input, output, engine=chosen, **how)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; start it again to tag what is missing") from None
    side = f" (see {rejects_of(output)})" if counts.rejected else ""
    print(f"{counts.tagged} texts tagged into {output}, {counts.rejected} rejected{side}")


@commands.command()
@click.argument("lesson", nargs=-1)
@click.option("--profile", default="offline", help="offline, smoke or full.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder above the profile's; without it runs, in the checkout.",
)
@click.option(
    "--language",
    type=click.Choice(translation.LANGUAGES),
    default=translation.language,
    help="The edition; without it that of the environment variable LESSON_LANGUAGE, or English.",
)
@_parameters("a parameter, as papermill takes it")
def lessons(
    lesson: Sequence[str],
    profile: str,
    output: Path | None,
    language: str,
    parameters: Mapping[str, Any],
) -> int:
    r"""Run the lessons in order and write each executed notebook.

    LESSON is the beginning of a lesson's name; without it, all lessons run. `make site` turns the
    notebooks into pages. A lesson that fails does not stop the next. The table at the end says
    where to look, and the exit code is 1 if a lesson failed.

    Examples:
      python -m helpers lessons
          all lessons on the small corpus of this repository, without a network
      python -m helpers lessons 01 03 --profile smoke
          lessons 1 and 3 on a slice of it, in seconds
      python -m helpers lessons --profile full -p epochs 3 -p learning_rate 3e-4
          on WNUT 17 with other parameters; each goes to the lessons that know it
      python -m helpers lessons -p dataset my_data
          on your own data: a folder, as `make lessons DATASET=my_data`
      python -m helpers lessons --language ja
          the Japanese edition, into the folder ja below the profile's
    """
    from helpers import settings
    from helpers.batch import lessons, notebooks

    _refuse_profile(parameters)
    if "output_dir" in parameters:
        raise click.UsageError("-p output_dir: use --output instead")
    common = {"profile": profile}
    folder = settings.load(profile, dataset=parameters.get("dataset")).run_dir
    if output:
        folder = output.resolve() / profile
        common["output_dir"] = str(folder)
    if language != "en":
        folder /= language
        common["output_dir"] = str(folder if output else folder.relative_to(settings.project_dir()))
    found = notebooks.find(lesson, language=language)
    planned = lessons.plan(found, parameters, common=common)
    names = ", ".join(lesson.name for lesson, _ in planned)
    print(f"{names}: profile {profile}, into {folder}", flush=True)
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


@commands.command()
@click.argument("spec", type=click.Path(path_type=Path), metavar="SPEC.yaml")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the runs' folders appear; without it runs/sweeps/<name of the specification>, in "
    "the checkout. All machines of a cluster must see it.",
)
@_engine
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="local: runs at a time; they share the cores.",
)
@_address
@click.option(
    "--cpus-per-run", type=click.IntRange(min=1), default=1, metavar="N", help="ray: CPU cores."
)
@click.option(
    "--gpus-per-run",
    type=click.FloatRange(min=0),
    default=0,
    metavar="N",
    help="ray: GPUs; 0.5 lets two runs use the same one.",
)
@click.option(
    "--keep-models",
    is_flag=True,
    help="Keep the models of all runs, not only those of the setting that validation chose.",
)
def sweep(
    spec: Path,
    output: Path | None,
    engine: str,
    workers: int,
    address: str | None,
    cpus_per_run: int,
    gpus_per_run: float,
    keep_models: bool,
) -> int:
    r"""Run a lesson once for every combination of a grid of parameters.

    Start it again after an interruption, and it does the missing runs and those that failed. Each
    run has a folder, named by a hash of the lesson's code and the parameters. The folder holds the
    executed notebook, metrics.json and manifest.json (parameters, versions, revision, seed, start,
    duration, host, and the error of a run that failed).

    Examples:
      python -m helpers sweep rates.yaml --workers 2
      python -m helpers sweep rates.yaml --engine ray --address auto --cpus-per-run 4 \
          --output /shared/rates
      python -m helpers report runs/sweeps/rates

    rates.yaml holds the lesson, fixed parameters, and lists to combine; a seed is one of them:

      lesson: 03_trainer_finetuning
      parameters:
        profile: offline
      grid:
        learning_rate: [1e-4, 3e-4]
        seed: [1, 2, 3]
    """
    from functools import partial
    from shlex import quote

    from tqdm import tqdm

    from helpers.batch import engines, sweep
    from helpers.batch.spec import load
    from helpers.settings import project_dir

    _check_address(engine, address)
    runs = load(spec)
    output = (output or project_dir() / "runs" / "sweeps" / spec.stem).resolve()
    work = partial(engines.local, workers=workers)
    if engine == "ray":
        work = partial(engines.on_ray, address=address, cpus=cpus_per_run, gpus=gpus_per_run)
    missing = [run for run in runs if not sweep.is_complete(output / run.name)]
    n_there = len(runs) - len(missing)
    print(f"{len(runs)} runs, {n_there} of them complete, into {output}", flush=True)
    errors: dict[str, str] = {}
    # Time left from the mean of all runs, since a grid's runs take different times.
    with tqdm(total=len(runs), initial=n_there, unit="run", smoothing=0, disable=None) as bar:
        try:
            for run, error in sweep.run(missing, output, work):
                errors |= {run.name: error} if error else {}
                bar.set_postfix(failed=len(errors), refresh=False)
                bar.write(f"{run.name}: {_status(error)}")
                bar.update()
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; start it again to do the missing runs") from None
    _print_table(
        ("run", "status", "where to look", "parameters"),
        [
            (
                run.name,
                _status(errors.get(run.name)),
                str(output / run.name) if (output / run.name).exists() else "-",
                ", ".join(f"{name}={value}" for name, value in run.given.items()),
            )
            for run in runs
        ],
    )
    if not errors and not keep_models:
        _drop_other_models(output, [run.name for run in runs])
    print(f"\ncompare them: {_PROGRAM} report {quote(str(output))}")
    return _print_errors(errors)


def _drop_other_models(output: Path, names: Sequence[str]) -> None:
    from helpers.batch import report

    with suppress(ValueError):  # the lesson wrote no score, so nothing is chosen
        freed = report.drop_other_models(output, names)
        if freed:
            print(
                f"\nremoved the weights of the models that were not chosen: {freed / 1e6:.0f} MB; "
                "--keep-models keeps them"
            )


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--score",
    default="validation.f1",
    metavar="NAME",
    help="The score to compare by, where more is better.",
)
def report(folder: Path, score: str) -> None:
    r"""Turn the runs of a sweep into one page: the best setting, a figure and tables.

    FOLDER is a sweep's --output. Into it go report.html (one file, opens from disk) and runs.csv
    (every run with its scores on validation).

    The setting with the best mean over seeds is chosen, and its scores on test are shown. Other
    scores on test are not shown: who looks at them chooses by them. The page says which settings
    are no different from the chosen one, as far as the spread of seeds can tell.

    Examples:
      python -m helpers report runs/sweeps/rates
      python -m helpers report runs/sweeps/rates --score validation.recall
    """
    from helpers.batch import report

    for path in report.write(folder.resolve(), score=score):
        print(path)


def _refuse_profile(parameters: Mapping[str, Any]) -> None:
    if "profile" in parameters:
        raise click.UsageError("-p profile: use --profile instead")


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
    return _FAILURE if errors else 0


def _status(error: str | None) -> str:
    return "failed" if error else "ok"


if __name__ == "__main__":
    sys.exit(main())
