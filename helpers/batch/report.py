"""The runs of a sweep side by side: the choice, a figure and tables on one page.

A setting is what runs that differ in nothing but the seed have in common. It is chosen on
validation. The test split is for the chosen setting alone: no other test score is shown.
"""

import base64
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from scipy.stats import tukey_hsd

from helpers import atomic, plots
from helpers.batch.sweep import MANIFEST, METRICS

SCORE = "validation.f1"
CHOSEN, NO_DIFFERENT, LOWER, UNKNOWN = "chosen", "no different", "lower", "unknown: one run"

_TEST = r"(?:^|\.)test"
_NO_SCORES = r"^(?:settings|data|versions)\."  # of metrics.json
_P = 0.05


@dataclass(frozen=True)
class Comparison:
    """The complete runs of a sweep, compared.

    Attributes:
        runs: A row for each run, by its name: ``lesson``, its parameters, ``seconds``, ``start``,
            ``host``, ``revision``, and every score in ``metrics.json``, named like
            ``validation.f1``.
        swept: The parameters that differ between runs, but the seed.
        fixed: The other parameters, in words.
        score: The column to compare by; higher is better.
        settings: The rows of each setting, by the setting in words, the best mean first.
        failed: The manifests of the runs that failed, by their names.
    """

    runs: pd.DataFrame
    swept: list[str]
    fixed: str
    score: str
    settings: dict[str, pd.DataFrame]
    failed: dict[str, dict[str, Any]]

    @property
    def chosen(self) -> pd.DataFrame:
        """The rows of the chosen setting."""
        return next(iter(self.settings.values()))

    @property
    def verdicts(self) -> dict[str, str]:
        """As `verdicts` gives them."""
        return verdicts({name: list(rows[self.score]) for name, rows in self.settings.items()})


def read(output: Path, *, score: str = SCORE, names: Collection[str] | None = None) -> Comparison:
    """Read and compare the runs of a sweep.

    Args:
        output: The sweep's folder.
        score: What to compare by; higher is better.
        names: The runs to compare; ``None`` is all.

    Raises:
        ValueError: No complete run, or no score of that name, or one of the test split.
    """
    manifests = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(output.glob(f"[!.]*/{MANIFEST}"))
        if names is None or path.parent.name in names
    }
    complete = {name: found for name, found in manifests.items() if found["error"] is None}
    if not complete:
        raise ValueError(f"no complete run (*/{MANIFEST}) in {output}; is it a sweep?")
    about = pd.DataFrame(complete.values(), index=list(complete)).rename(
        columns={"duration": "seconds"}
    )
    parameters = pd.DataFrame(
        [{"lesson": found["lesson"], **found["parameters"]} for found in complete.values()],
        index=about.index,
        dtype=object,
    ).map(_text)
    scores = _scores([output / name / METRICS for name in complete]).set_index(about.index)
    _check(score, scores)
    runs = parameters.join(about[["seconds", "start", "host", "revision"]])
    differs = parameters.nunique() > 1
    swept = list(parameters.columns[differs].drop("seed", errors="ignore"))
    fixed = parameters.columns[~differs].drop(["lesson", "seed"], errors="ignore")
    settings = parameters.apply(lambda row: in_words(row[swept].to_dict()), axis=1)
    ranked = scores[score].groupby(settings).mean().sort_values(ascending=False)
    taken = scores.columns.intersection(runs.columns)
    runs = runs.join(scores.rename(columns={name: f"{METRICS}: {name}" for name in taken}))
    return Comparison(
        runs=runs,
        swept=swept,
        fixed=in_words(parameters[fixed].iloc[0].to_dict()),
        score=score,
        settings={name: runs[settings == name] for name in ranked.index},
        failed={name: found for name, found in manifests.items() if found["error"] is not None},
    )


def verdicts(scores: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """Say of each setting whether the spread of seeds tells it from the chosen one.

    >>> verdicts({"a": [0.50, 0.52], "b": [0.49, 0.52], "c": [0.1, 0.12], "d": [0.1]})
    {'a': 'chosen', 'b': 'no different', 'c': 'lower', 'd': 'unknown: one run'}

    Args:
        scores: The scores of the runs of each setting; the first setting is the chosen one.

    Source: Tukey's test of all pairs, which takes into account that the best of many was chosen;
        https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.tukey_hsd.html
    """
    chosen, *others = scores
    repeated = [name for name in scores if len(scores[name]) > 1]
    p: dict[str, float] = {}
    if chosen in repeated and len(repeated) > 1:
        with np.errstate(divide="ignore", invalid="ignore"):  # where seeds make no difference
            tested = tukey_hsd(*(scores[name] for name in repeated))
        p = dict(zip(repeated, tested.pvalue[0], strict=True))
    said = {True: LOWER, False: NO_DIFFERENT}
    return {chosen: CHOSEN} | {n: said[p[n] <= _P] if n in p else UNKNOWN for n in others}


def drop_other_models(output: Path, names: Collection[str]) -> int:
    """Remove the weights of the models that these runs left, but not those of the chosen setting.

    Returns:
        How many bytes that frees.

    Raises:
        ValueError: As for `read`: nothing can be chosen.
    """
    found = read(output, names=names)
    freed = 0
    for name in found.runs.index.difference(found.chosen.index):
        for weights in list((output / name).rglob("*.safetensors")):
            freed += weights.stat().st_size
            weights.unlink()
    return freed


def write(output: Path, *, score: str = SCORE) -> list[Path]:
    """Write the report of a sweep into its folder, compared by a score as by `read`.

    Returns:
        ``report.html``, and ``runs.csv`` with a row for each run and every score but those of the
        test split.

    Raises:
        ValueError: As for `read`.
    """
    found = read(output, score=score)
    runs = found.runs.loc[:, ~found.runs.columns.str.contains(_TEST)]
    contents = {"report.html": page(found), "runs.csv": runs.to_csv(index_label="run")}
    for name, content in contents.items():
        with atomic.file(output / name) as path:
            path.write_text(content, encoding="utf-8")
    return [output / name for name in contents]


def page(found: Comparison) -> str:
    """Render a comparison as one HTML page that needs no other file; every value is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figure = plots.settings_compared(
        {name or "all runs": list(rows[found.score]) for name, rows in found.settings.items()},
        score=found.score,
    )
    drawing = io.BytesIO()
    figure.savefig(drawing, format="svg")
    lessons = ", ".join(sorted(set(found.runs["lesson"])))
    failed = f", {len(found.failed)} failed" if found.failed else ""
    return environment.get_template("report.html.jinja").render(
        title=f"Sweep of {lessons}: {len(found.runs)} runs{failed}",
        choice=_choice(found),
        settings=_settings(found),
        figure=base64.b64encode(drawing.getvalue()).decode(),  # no script in it can run
        alt=figure.alt,
        runs=_runs(found),
        failed={
            f"{name}/{manifest['lesson']}.ipynb": (
                in_words({key: _text(value) for key, value in manifest["parameters"].items()}),
                manifest["error"],
            )
            for name, manifest in found.failed.items()
        },
    )


def in_words(parameters: Mapping[Any, str]) -> str:
    """Turn parameters into text for a reader.

    >>> in_words({"profile": "offline", "learning_rate": "0.0003"})
    'profile=offline, learning_rate=0.0003'
    """
    return ", ".join(f"{name}={value}" for name, value in parameters.items())


def _choice(found: Comparison) -> list[str]:
    """Say in sentences what was chosen, how well it does, and what is as good."""
    name, best = next(iter(found.settings.items()))
    of_test = found.score.replace("validation", "test", 1)
    sentences = [f"Chosen by the best mean {found.score}: {name}."] if name else []
    sentences.append(f"Mean {found.score}: {_mean(best[found.score])}.")
    if of_test != found.score and of_test in best:
        sentences.append(f"Mean {of_test}, which chose nothing: {_mean(best[of_test])}.")
    alike = [setting for setting, said in found.verdicts.items() if said == NO_DIFFERENT]
    if alike:
        sentences.append(f"No different within the spread of seeds: {'; '.join(alike)}.")
    if UNKNOWN in found.verdicts.values():
        sentences.append("One run of a setting proves little: give the grid several seeds.")
    return [*sentences, *([f"All runs: {found.fixed}."] if found.fixed else [])]


def _settings(found: Comparison) -> pd.DataFrame:
    """The table of the settings, as text, the best mean first."""
    settings = list(found.settings.values())
    scores = [rows[found.score] for rows in settings]
    return pd.DataFrame(
        {
            **{name: [rows[name].iloc[0] for rows in settings] for name in found.swept},
            "runs": list(map(len, settings)),
            f"mean {found.score}": [_number(runs.mean()) for runs in scores],
            "spread": [_number(runs.std()) for runs in scores],
            "mean seconds": [f"{rows['seconds'].mean():.1f}" for rows in settings],
            "verdict": list(found.verdicts.values()),
        }
    )


def _runs(found: Comparison) -> pd.DataFrame:
    """The table of the runs, as text, by the addresses of their notebooks, the best first."""
    runs = found.runs.sort_values(found.score, ascending=False)
    columns = [name for name in (*found.swept, "seed") if name in runs]
    return pd.DataFrame(
        {
            "run": runs.index.str.rpartition("-").get_level_values(2),
            **runs[columns],
            found.score: runs[found.score].map(_number),
            "seconds": runs["seconds"].map("{:.1f}".format),
            "host": runs["host"],
        },
    ).set_index(runs.index + "/" + runs["lesson"] + ".ipynb")


def _mean(scores: pd.Series) -> str:
    return f"{_number(scores.mean())} (runs: {len(scores)}, spread: {_number(scores.std())})"


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.4f}"


def _text(value: Any) -> str:
    """Turn the value of a parameter into text; one that was not given is a dash."""
    if isinstance(value, list | dict):
        return json.dumps(value)
    if pd.isna(value):
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scores(files: Sequence[Path]) -> pd.DataFrame:
    """Read every number of some ``metrics.json``, named by its path; settings are no scores."""
    read = [json.loads(path.read_text(encoding="utf-8")) if path.exists() else {} for path in files]
    numbers = pd.json_normalize(read).select_dtypes("number")
    return numbers.loc[:, ~numbers.columns.str.contains(_NO_SCORES)]


def _check(score: str, scores: pd.DataFrame) -> None:
    """Refuse a score that no run has, or that must not choose."""
    valid = list(scores.columns[~scores.columns.str.contains(_TEST)])
    if not valid:
        raise ValueError(f"the runs wrote no score but those of the test split into {METRICS}")
    if score not in valid:
        wrong = "is of the test split, which must not choose" if score in scores else "is no score"
        raise ValueError(f"{score} {wrong}; compare by one of: {', '.join(valid)}")
