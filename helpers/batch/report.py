"""The runs of a sweep side by side: tables, figures, and one page that opens from disk."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from helpers import plots
from helpers.batch import results
from helpers.batch.results import Results, as_text
from helpers.batch.store import Store

Rows = Sequence[Sequence[str]]  # the first is the head


def write(store: Store, *, score: str | None = None) -> list[str]:
    """Write the report of a sweep into its folder.

    Args:
        store: The sweep's folder.
        score: What to compare by, as for `helpers.batch.results.read`.

    Returns:
        The addresses of ``report.html``, ``report.md``, ``runs.csv`` and ``summary.csv``.

    Raises:
        ValueError: As for `helpers.batch.results.read`.
    """
    found = results.read(store, score=score)
    runs = found.parameters.join([found.scores, found.about]).rename_axis("run")
    return [
        store.write("report.html", page(found)),
        store.write("report.md", markdown(found)),
        store.write("runs.csv", runs.to_csv()),
        store.write("summary.csv", found.summary.to_csv(index=False)),
    ]


def figures(found: Results) -> Mapping[str, Figure]:
    """Draw the score against each swept parameter, and against time, each by its caption."""
    scores, drawn = found.scores[found.score], {}
    for name in found.swept:
        values = found.parameters[name].astype(object)
        if name == "seed":  # a name: the distance between two of them means nothing
            values = values.sort_values().map(as_text)
        drawn[f"{found.score} by {name}"] = plots.score_by_parameter(
            list(values), list(scores[values.index]), parameter=name, score=found.score
        )
    drawn[f"{found.score} by time"] = plots.score_by_time(
        list(found.about["seconds"]), list(scores), list(found.configurations), score=found.score
    )
    return drawn


def page(found: Results) -> str:
    """Render the report as one HTML page that needs no other file; every value is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lessons = found.parameters["lesson"]
    return environment.get_template("report.html.jinja").render(
        title=_title(found),
        best=_best(found),
        summary=_summary(found),
        figures=[(caption, _data_url(figure)) for caption, figure in figures(found).items()],
        runs=_runs(found),
        links={name: f"{name}/{lesson}.ipynb" for name, lesson in lessons.items()},
        failures=found.failures,
    )


def markdown(found: Results) -> str:
    """Render the tables of the report as Markdown."""
    sections = {"Over seeds": _summary(found), "Runs": _runs(found)}
    if found.failures:
        rows = [(name, row["parameters"], row["error"]) for name, row in found.failures.items()]
        sections["Failed"] = [("run", "parameters", "error"), *rows]
    tables = [f"## {name}\n\n{_markdown_table(rows)}" for name, rows in sections.items()]
    opening = [f"# {_escaped(_title(found))}", _escaped(_best(found))]
    return "\n\n".join([*opening, *tables]) + "\n"


def _title(found: Results) -> str:
    lessons = ", ".join(sorted(set(found.parameters["lesson"])))
    failed = f", {len(found.failures)} failed" if found.failures else ""
    return f"Sweep of {lessons}: {len(found.parameters)} runs{failed}"


def _best(found: Results) -> str:
    """Say in a sentence which combination has the best mean, and what all runs share."""
    (name, best), score = next(found.summary.iterrows()), found.score
    shared = found.parameters.drop(columns=["lesson", *found.swept]).iloc[0]
    fixed = results.in_words(shared.to_dict())
    spread = best[f"{score} spread"]
    return (
        f"Best mean {score}: {best[f'{score} mean']:.4f}"
        + (f" ± {spread:.4f}" if spread == spread else "")
        + f" over {best['runs']:.0f} run{'s' if best['runs'] > 1 else ''}"
        + ("." if name == results.ALL else f", with {name}.")
        + (f" All runs: {fixed}." if fixed else "")
    )


def _summary(found: Results) -> Rows:
    score = found.score
    columns = [name for name in found.swept if name != "seed"]
    numbers = {"runs": "{}", f"{score} mean": "{:.4f}", f"{score} spread": "{:.4f}"}
    numbers["seconds mean"] = "{:.1f}"
    return [
        [*columns, *numbers],
        *(
            [
                *(as_text(row[name]) for name in columns),
                *(_number(row[name], form) for name, form in numbers.items()),
            ]
            for row in found.summary.to_dict("records")
        ),
    ]


def _runs(found: Results) -> Rows:
    # Scores by type (test.types.person.f1) would make it unreadable; the CSV file has them all.
    others = found.scores.columns.drop(found.score)
    scores = [found.score, *(name for name in others if name.count(".") < 2)]
    rows = found.parameters.join([found.scores, found.about]).astype(object)
    rows = rows.sort_values(found.score, ascending=False)
    return [
        ["run", *found.swept, "seconds", *scores, "host"],
        *(
            [
                str(name),
                *(as_text(row[column]) for column in found.swept),
                f"{row['seconds']:.1f}",
                *(_number(row[column], "{:.4f}") for column in scores),
                row["host"],
            ]
            for name, row in zip(rows.index, rows.to_dict("records"), strict=True)
        ),
    ]


def _number(value: float, form: str) -> str:
    return "-" if value != value else form.format(value)


def _data_url(figure: Figure) -> str:
    """Turn a figure into an address that holds its drawing, in which no script can run."""
    drawing = io.BytesIO()
    figure.savefig(drawing, format="svg")
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.getvalue()).decode()


def _markdown_table(rows: Rows) -> str:
    head, *body = [[_escaped(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """Keep text from being read as Markdown's table bars, line breaks or HTML."""
    return " ".join(html.escape(text, quote=False).replace("|", "\\|").split())
