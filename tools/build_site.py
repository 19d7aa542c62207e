"""Turn executed lessons and ``docs`` into the site.

``python tools/build_site.py runs/offline`` builds ``build/site`` from what ``make lessons`` has
left in ``runs/offline``. Any warning of Sphinx, such as a broken link, fails the build.
"""

import argparse
import html
import re
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import colab
import nbformat
from fontTools import subset
from nbformat import NotebookNode
from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent
_API = """\
# {room}

```{{eval-rst}}
.. automodule:: helpers.{room}
```
"""
_VIEW = "application/vnd.jupyter.widget-view+json"
_ICON_SCRIPT = re.compile(r"<script[^>]*scripts/fontawesome\.js[^>]*></script>")
_STATE = "application/vnd.jupyter.widget-state+json"


def build(executed: Path, output: Path) -> int:
    """Build the site from a folder of executed lessons; return Sphinx's exit code.

    Raises:
        FileNotFoundError: A lesson was not run.
        ValueError: A lesson failed when it was run.
    """
    source = output.with_name(f"{output.name}-source")
    assemble(executed, source)
    shutil.rmtree(output, ignore_errors=True)
    options = ["-W", "--keep-going", "--quiet", "-j", "auto", "-d", str(source / ".doctrees")]
    code = build_main([*options, str(source), str(output)])
    if code == 0:
        lighten(output)
    return code


def lighten(site: Path) -> None:
    """Leave out the icons that no page shows: the theme brings thousands, as fonts and as a script.

    What is left of the fonts draws the same icons.
    """
    (site / "_static" / "scripts" / "fontawesome.js").unlink()
    texts = []
    for path in [*site.rglob("*.html"), *site.glob("_static/**/*.js")]:
        texts.append(_ICON_SCRIPT.sub("", path.read_text(encoding="utf-8")))
        path.write_text(texts[-1], encoding="utf-8")
    shown = set(re.findall(r"fa-[\w-]+", "\n".join(texts)))
    styles = "\n".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    icons = re.findall(r'([^{}]*)\{--fa:"\\([0-9a-f]+)"\}', styles)
    codes = {code for names, code in icons if shown & set(re.findall(r"fa-[\w-]+", names))}
    codes |= set(re.findall(r'content:\s*"\\([0-9a-f]{4})"', styles))
    for font in site.glob("_static/vendor/fontawesome/webfonts/*.woff2"):
        wanted = f"--unicodes={','.join(sorted(codes))}"
        subset.main([str(font), wanted, "--flavor=woff2", f"--output-file={font}"])


def assemble(executed: Path, source: Path) -> None:
    """Lay out what Sphinx reads: the pages of ``docs``, and the lessons with their outputs."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source)
    for page in source.glob("*.md"):  # the site has the pages of docs on top, above the lessons
        text = page.read_text(encoding="utf-8").replace("](../notebooks/", "](notebooks/")
        page.write_text(text, encoding="utf-8")
    (source / "api").mkdir()
    for room in _rooms():
        (source / "api" / f"{room}.md").write_text(_API.format(room=room), encoding="utf-8")
    (source / "notebooks").mkdir()
    (source / "downloads").mkdir()
    for lesson in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        shutil.copy(lesson, source / "downloads")
        shown = as_page(_read(executed / lesson.name), lesson.name)
        nbformat.write(shown, source / "notebooks" / lesson.name)


def _rooms() -> list[str]:
    """The rooms of ``helpers`` that this environment can import."""
    files = (ROOT / "helpers").glob("*.py")
    folders = (path.parent for path in (ROOT / "helpers").glob("*/__init__.py"))
    others = {"__init__", "__main__", "keras_training"}
    return sorted({path.stem for path in [*files, *folders]} - others)


def _read(executed: Path) -> NotebookNode:
    again = f"`make lessons PROFILE={executed.parent.name}` runs it"
    if not executed.is_file():
        raise FileNotFoundError(f"{executed} is not there, so the lesson was not run; {again}")
    notebook = nbformat.read(executed, as_version=4)
    if notebook.metadata.papermill.exception:
        raise ValueError(f"{executed} ends in an error; {again} again")
    return notebook


def as_page(notebook: NotebookNode, name: str) -> NotebookNode:
    """Turn an executed lesson into what MyST-NB renders: links, how it was run, plain outputs.

    Args:
        notebook: The lesson as papermill left it; it is changed.
        name: The lesson's file name.
    """
    first = notebook.cells[0]
    first.source, found = colab.BADGE.subn(f"{_links(name)}\n\n{_run(notebook)}", first.source)
    if found != 1:
        raise ValueError(f"{name}: expected a Colab badge in the first cell; `make lint` checks it")
    widgets = notebook.metadata.pop("widgets", {}).get(_STATE, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../docs/", "](../")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if _VIEW in data:
                data["text/plain"] = _bar(data.pop(_VIEW)["model_id"], widgets)
    notebook.metadata.pop("papermill")
    return notebook


def _links(name: str) -> str:
    repository, tag, _ = colab.addresses()
    path = f"{repository.removeprefix('https://github.com/')}/blob/{tag}/notebooks/{name}"
    return (
        "{.lesson-links}\n"
        f"[Open in Colab](https://colab.research.google.com/github/{path})\n"
        f"{{download}}`Download <../downloads/{name}>`\n"
        f"[View source](https://github.com/{path})"
    )


def _run(notebook: NotebookNode) -> str:
    """Say when, with what and in what time the lesson was run."""
    about = notebook.metadata.papermill
    day = datetime.fromisoformat(about.start_time)
    given = ", ".join(f"`{name}={value!r}`" for name, value in about.parameters.items())
    return (
        "{.lesson-run}\n"
        f"This page was run on {day:%d %B %Y} with {given or 'its defaults'} in "
        f"{about.duration:.0f} s."
    )


def _bar(model: str, widgets: Mapping[str, Any]) -> str:
    """Turn a progress bar, a box of widgets, into the text that it ended with."""
    box = widgets.get(model, {}).get("state", {})
    parts = [
        widgets[child.removeprefix("IPY_MODEL_")]["state"] for child in box.get("children", [])
    ]
    texts = [part["value"] for part in parts if isinstance(part.get("value"), str)]
    return html.unescape(" ".join(texts)).replace("\u2007", " ").strip()


def main() -> int:
    """Build the site and say where it is; the exit code is 1 where it could not be built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executed", type=Path, help="the folder of the executed lessons")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "site")
    options = parser.parse_args()
    try:
        code = build(options.executed, options.output)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"error: {error}")
    if code == 0:
        print(f"the site: {options.output / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
