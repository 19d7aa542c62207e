"""The runs of a sweep as data frames: parameters, scores, mean and spread over seeds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.batch.store import FAILURE, MANIFEST, Store

ALL = "all runs"  # where nothing but the seed was swept


@dataclass(frozen=True)
class Results:
    """The runs of a sweep; the frames have a row for each complete run, by its name.

    Attributes:
        parameters: ``lesson``, and a column for each parameter; lists and maps as JSON.
        scores: A column for each number in ``metrics.json``, named like ``test.f1``.
        about: ``seconds``, ``start``, ``host`` and ``revision``.
        failures: For each run that failed its ``lesson``, ``parameters`` and ``error``, as text.
        score: The column of ``scores`` to compare by.
    """

    parameters: pd.DataFrame
    scores: pd.DataFrame
    about: pd.DataFrame
    failures: Mapping[str, Mapping[str, str]]
    score: str

    @property
    def swept(self) -> list[str]:
        """The parameters that differ between runs."""
        differs = self.parameters.nunique(dropna=False) > 1
        return list(self.parameters.columns[differs])

    @property
    def configurations(self) -> pd.Series:
        """For each run the swept parameters but the seed, as text."""
        names = [name for name in self.swept if name != "seed"]
        rows = self.parameters[names].astype(object).to_dict("index")
        texts = [in_words(row) for row in rows.values()]
        return pd.Series(texts, index=self.parameters.index).replace("", ALL)

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each combination of parameters but the seed, the best mean first.

        It holds those parameters, ``runs`` (how many), and for each score and for ``seconds``
        the mean and the spread, named like ``test.f1 mean`` and ``test.f1 spread``: the standard
        deviation of a sample, missing if there is one run.
        """
        names = [name for name in self.swept if name != "seed"]
        groups = self.configurations
        numbers = pd.concat([self.scores, self.about[["seconds"]]], axis=1).groupby(groups)
        chosen = self.parameters[names].groupby(groups).head(1).set_axis(groups.drop_duplicates())
        frames = [
            chosen,
            numbers.size().rename("runs"),
            numbers.mean().add_suffix(" mean"),
            numbers.std().add_suffix(" spread"),
        ]
        return pd.concat(frames, axis=1).sort_values(f"{self.score} mean", ascending=False)


def read(store: Store, *, score: str | None = None) -> Results:
    """Read the runs of a sweep.

    Args:
        store: The sweep's folder.
        score: What to compare by; ``None`` is ``test.f1``, or the first score named ``f1``, or the
            first.

    Raises:
        ValueError: No complete run, no run that wrote a score, or no score of that name.
    """
    runs = list(store.records(MANIFEST))
    if not runs:
        raise ValueError(f"no complete run (*/{MANIFEST}) in {store.location}; is it a sweep?")
    parameters = _frame({name: _parameters(record) for name, record, _ in runs})
    about = _frame({name: _about(record) for name, record, _ in runs})
    scores = _frame({name: dict(_numbers(metrics)) for name, _, metrics in runs})
    taken = {*parameters.columns, *about.columns}
    scores.columns = pd.Index([f"metrics.{c}" if c in taken else c for c in scores.columns])
    return Results(
        parameters=parameters,
        scores=scores,
        about=about,
        failures={name: _failure(record) for name, record, _ in store.records(FAILURE)},
        score=_chosen(list(scores.columns), score, store.location),
    )


def as_text(value: Any) -> str:
    """Turn a value into text for a reader; a missing one is a dash."""
    if not isinstance(value, str) and pd.isna(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:g}"
    return str(value)


def in_words(parameters: Mapping[Any, Any]) -> str:
    """Turn parameters into text for a reader.

    >>> in_words({"profile": "offline", "learning_rate": 3e-4})
    'profile=offline, learning_rate=0.0003'
    """
    return ", ".join(f"{name}={as_text(value)}" for name, value in parameters.items())


def _frame(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows.values()), index=list(rows))


def _parameters(record: Mapping[str, Any]) -> dict[str, Any]:
    given = {"lesson": record["lesson"], **record["parameters"]}
    return {
        name: json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in given.items()
    }


def _about(record: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: record[name] for name in ("start", "host", "revision")}
    return {"seconds": record["duration"], **facts}


def _failure(record: Mapping[str, Any]) -> dict[str, str]:
    parameters = {name: str(value) for name, value in record["parameters"].items()}
    return {
        "lesson": record["lesson"],
        "parameters": in_words(parameters),
        "error": record["error"],
    }


def _numbers(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Name the numbers of nested metrics by their path; the settings among them are no scores."""
    for name, value in metrics.items():
        if isinstance(value, dict) and (prefix or name != "settings"):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, value


def _chosen(scores: Sequence[str], score: str | None, location: str) -> str:
    if not scores:
        raise ValueError(f"the runs in {location} wrote no metrics.json: nothing to compare")
    if score is None:
        preferred = [name for name in scores if name.split(".")[-1] == "f1"] or scores
        return "test.f1" if "test.f1" in preferred else preferred[0]
    if score not in scores:
        raise ValueError(f"no score {score!r}; the runs have: {', '.join(scores)}")
    return score
