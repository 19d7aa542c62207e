"""What the benchmarks share: taking times, a row that compares, and the table at the end."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

Row = dict[str, Any]

RECIPE = {"epochs": 2, "batch_size": 16}  # for WNUT 17, which is ten times the sample


def seconds(task: Callable[[], Any]) -> tuple[float, Any]:
    """Run a task and take its time."""
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def row(measure: str, unit: str, plain: float, ours: float, *, faster: bool, note: str) -> Row:
    """One line of the table; the ratio says how many times better the lessons do."""
    better, worse = (plain, ours) if faster else (ours, plain)
    return {
        "measure": measure,
        "unit": unit,
        "tutorial": plain,
        "lessons": ours,
        "ratio": better / worse if worse else None,
        "note": note,
    }


def recipes(
    times: Mapping[str, Sequence[float]], scores: Mapping[str, Sequence[float]], *, of: str = ""
) -> list[Row]:
    """Compare the recipes of ``tutorial`` and ``lessons`` over some seeds, by their means.

    Args:
        times: The seconds that each training took.
        scores: F1 of each on the test split.
        of: What to add to the name of a measure.
    """
    seeds = "; ".join(
        f"{name}: {', '.join(f'{score:.3f}' for score in some)}" for name, some in scores.items()
    )
    plain_f1, our_f1 = (statistics.mean(scores[name]) for name in ("tutorial", "lessons"))
    plain, ours = (statistics.mean(times[name]) for name in ("tutorial", "lessons"))
    share = f"with its evaluations; the lessons' time is {ours / plain:.2f} of the tutorial's"
    return [
        row(f"test F1{of}", "0 to 1", plain_f1, our_f1, faster=False, note=f"by seed, {seeds}"),
        row(f"training{of}", "s", plain, ours, faster=True, note=share),
    ]


def machine() -> str:
    """Name the machine: its processor as the system calls it, cores and memory."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {gigabytes:.0f} GiB"


def write(
    tables: Mapping[str, Sequence[Row]],
    output: Path,
    *,
    packages: Sequence[str],
    hardware: Sequence[str] = (),
) -> None:
    """Print tables and write them as JSON, with the date, the machine and versions of packages.

    Args:
        tables: Rows by the name of their table.
        output: The file to write.
        packages: Whose versions matter.
        hardware: What else is to be said of the machine.
    """
    versions = {package: version(package) for package in packages}
    about = {
        "date": date.today().isoformat(),
        "machine": "; ".join([machine(), *hardware]),
        **versions,
    }
    print("\n" + ", ".join([about["date"], about["machine"], *(map(" ".join, versions.items()))]))
    for rows in tables.values():
        print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format), end="\n\n")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({**about, **tables}, indent=2) + "\n", encoding="utf-8")
    print(f"written to {output}")
