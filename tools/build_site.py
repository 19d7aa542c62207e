"""Turn executed lessons and ``docs`` into the site, with an edition in each language.

``python tools/build_site.py runs/offline`` builds ``build/site`` from what ``make lessons`` has
left in ``runs/offline``, and the Japanese edition, in ``build/site/ja``, from ``runs/offline/ja``.
Any warning of Sphinx, such as a broken link, fails the build.
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
import editions
import messages
import nbformat
from babel.dates import format_date
from fontTools import subset
from nbformat import NotebookNode
from sphinx.cmd.build import build_main

from helpers.translation import LANGUAGES, VARIABLE, prefix

ROOT = Path(__file__).resolve().parent.parent
_API = """\
# {room}

```{{eval-rst}}
.. automodule:: helpers.{room}
```
"""
_VIEW = "application/vnd.jupyter.widget-view+json"
_LOCALES = {"en": "en_GB", "ja": "ja"}  # how dates are written
_ICON_SCRIPT = re.compile(r"<script[^>]*scripts/fontawesome\.js[^>]*></script>")
_STATE = "application/vnd.jupyter.widget-state+json"


def build(executed: Path, output: Path) -> int:
    """Build the site from a folder of executed lessons; return Sphinx's exit code.

    Raises:
        FileNotFoundError: A lesson was not run.
        ValueError: A lesson failed when it was run.
    """
    sources = output.with_name(f"{output.name}-source")
    shutil.rmtree(output, ignore_errors=True)
    for language in LANGUAGES:
        source, target = sources / language, output / prefix(language)
        assemble(executed / prefix(language), source, language)
        options = ["-W", "--keep-going", "--quiet", "-j", "auto", "-d", str(source / ".doctrees")]
        _ = editions.translation("site", language)
        named = {
            "language": language,
            "html_title": _("Token classification lessons"),
            "author": _("the authors of the course"),
            "copyright": _("the authors of the course"),
        }
        options += [f"-D{name}={value}" for name, value in named.items()]
        if code := build_main([*options, str(source), str(target)]):
            return code
        lighten(target)
    return 0


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


def assemble(executed: Path, source: Path, language: str = "en") -> None:
    """Lay out what Sphinx reads: the pages of ``docs``, and the lessons with their outputs.

    Args:
        executed: The folder of the executed lessons.
        source: Takes what Sphinx reads.
        language: In which language the pages are; docstrings are English, so the pages of the API
            are in the English edition only.
    """
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source)
    for page in source.glob("*.md"):  # the site has the pages of docs on top, above the lessons
        text = page.read_text(encoding="utf-8")
        if language != "en":
            text = messages.translated(text, editions.translation(page.stem))
            text = text.replace("\napi\n", f"\nAPI <{colab.pages()}api.html>\n")
        page.write_text(text.replace("](../notebooks/", "](notebooks/"), encoding="utf-8")
    if language == "en":
        (source / "api").mkdir()
        for room in _rooms():
            (source / "api" / f"{room}.md").write_text(_API.format(room=room), encoding="utf-8")
    else:
        (source / "api.md").unlink()
    (source / "notebooks").mkdir()
    (source / "downloads").mkdir()
    for lesson in sorted((ROOT / "notebooks" / prefix(language)).glob("0*.ipynb")):
        shutil.copy(lesson, source / "downloads")
        shown = as_page(_read(executed / lesson.name, language), lesson.name, language)
        nbformat.write(shown, source / "notebooks" / lesson.name)


def _rooms() -> list[str]:
    """The rooms of ``helpers`` that this environment can import."""
    files = (ROOT / "helpers").glob("*.py")
    folders = (path.parent for path in (ROOT / "helpers").glob("*/__init__.py"))
    others = {"__init__", "__main__", "keras_training"}
    return sorted({path.stem for path in [*files, *folders]} - others)


def _read(executed: Path, language: str) -> NotebookNode:
    folder = executed.parent if language == "en" else executed.parent.parent
    again = f"make lessons PROFILE={folder.name}"
    if language != "en":
        again += f" {VARIABLE}={language}"
    if not executed.is_file():
        raise FileNotFoundError(
            f"{executed} is not there, so the lesson was not run; `{again}` runs it"
        )
    notebook = nbformat.read(executed, as_version=4)
    if notebook.metadata.papermill.exception:
        raise ValueError(f"{executed} ends in an error; `{again}` runs it again")
    return notebook


def as_page(notebook: NotebookNode, name: str, language: str = "en") -> NotebookNode:
    """Turn an executed lesson into what MyST-NB renders: links, how it was run, plain outputs.

    Args:
        notebook: The lesson as papermill left it; it is changed.
        name: The lesson's file name.
        language: That of the lesson.
    """
    first = notebook.cells[0]
    opening = f"{_links(name, language)}\n\n{_run(notebook, language)}"
    first.source, found = colab.BADGE.subn(opening, first.source)
    if found != 1:
        raise ValueError(f"{name}: expected a Colab badge in the first cell; `make lint` checks it")
    widgets = notebook.metadata.pop("widgets", {}).get(_STATE, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = editions.to_sources(cell.source).replace("](../docs/", "](../")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if _VIEW in data:
                data["text/plain"] = _bar(data.pop(_VIEW)["model_id"], widgets)
    notebook.metadata.pop("papermill")
    return notebook


def _links(name: str, language: str) -> str:
    _ = editions.translation("site", language)
    path = colab.on_github(name, language)
    return """\
{{.lesson-links}}
[{open}](https://colab.research.google.com/github/{path})
{{download}}`{download} <../downloads/{name}>`
[{source}](https://github.com/{path})""".format(
        open=_("Open in Colab"),
        download=_("Download"),
        source=_("View source"),
        path=path,
        name=name,
    )


def _run(notebook: NotebookNode, language: str) -> str:
    """Say when, with what and in what time the lesson was run."""
    _ = editions.translation("site", language)
    about = notebook.metadata.papermill
    day = format_date(datetime.fromisoformat(about.start_time), "long", _LOCALES[language])
    given = ", ".join(f"`{name}={value!r}`" for name, value in about.parameters.items())
    said = _("This page was run on {day} with {parameters} in {seconds} s.").format(
        day=day, parameters=given or _("its defaults"), seconds=f"{about.duration:.0f}"
    )
    return f"{{.lesson-run}}\n{said}"


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
