"""Keep the editions of the course in other languages beside the English one.

``python tools/editions.py update`` brings the catalogues in ``locale`` up to date with the English
sources: what is new is empty, and what has changed keeps its translation, marked *fuzzy*, with the
English that it was for. ``update --defer`` also marks what waits for its translation as deferred,
for whoever changes the English and does not write the other language.

``check`` fails where a catalogue is out of date, where a message waits for its translation and is
not deferred, where a translation has lost something or is written against the rules of the edition
(`faults`), and where a generated file is out of date.

``build`` writes what is generated from the catalogues and committed: the lessons, which Colab opens
from the repository, and a short README. A message that waits for its translation stays English
there, and is marked so. The pages of the site are translated when the site is built.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from io import BytesIO
from pathlib import Path

import click
import colab
import faults
import messages
import nbformat
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import denormalize, read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "ja"
LESSONS = colab.LESSONS
# Those of the API are English: docstrings are.
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if path.stem != "api")
README = ROOT / "README.md"
TRANSLATED_README = ROOT / f"README.{LANGUAGE}.md"
END_OF_README = "\n## Set-up without make\n"  # what follows is for whoever works on the course
UNTRANSLATED = "〔未訳〕"
DEFERRED = "deferred: stays English until it is translated"

_LINE = 10**6  # a message stands on one line, however long
_PREVIOUS = "| msgid "
_HEADER = f"""\
msgid ""
msgstr ""
"Language: {LANGUAGE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def path_of(domain: str) -> Path:
    """Where the catalogue of a domain is; that of `helpers` is part of the package."""
    folder = ROOT / "helpers" if domain == "helpers" else ROOT
    return folder / "locale" / LANGUAGE / "LC_MESSAGES" / f"{domain}.po"


def templates() -> dict[str, Catalog]:
    """Turn the English sources into a catalogue without translations for each domain."""
    found: dict[str, list[tuple[str, str]]] = {
        path.stem: [
            (piece.message, cell.id)
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "markdown"
            for piece in messages.pieces(cell.source)
        ]
        for path in LESSONS
    }
    for path in PAGES:
        source = path.read_text(encoding="utf-8")
        found[path.stem] = [(piece.message, "") for piece in messages.pieces(source)]
    found["README"] = [(piece.message, "") for piece in messages.pieces(short_readme())]
    found["helpers"] = list(_marked(sorted((ROOT / "helpers").rglob("*.py"))))
    found["site"] = list(_marked([ROOT / "tools" / "build_site.py"]))
    catalogues = {domain: Catalog(locale=LANGUAGE) for domain in found}
    for domain, its in found.items():
        for message, place in its:
            catalogues[domain].add(message, auto_comments=[place] if place else [])
    return catalogues


def short_readme() -> str:
    """The part of the README that is translated."""
    return README.read_text(encoding="utf-8").partition(END_OF_README)[0]


def _marked(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Messages that Python files hold as ``_("…")``."""
    for path in paths:
        for _, message, _, _ in extract_from_file("python", path, keywords={"_": None}):
            assert isinstance(message, str)
            yield message, str(path.relative_to(ROOT))


def read(domain: str) -> Catalog:
    """Read the catalogue of a domain; one that is not there is empty."""
    path = path_of(domain)
    if not path.is_file():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as file:
        catalogue = read_po(file, locale=LANGUAGE, abort_invalid=True)
    for message in catalogue:  # Babel writes the previous English, and reads it as a comment
        previous = [text for text in message.user_comments if text.startswith(_PREVIOUS)]
        message.previous_id = [denormalize(text.removeprefix(_PREVIOUS)) for text in previous]
        message.user_comments = [text for text in message.user_comments if text not in previous]
    return catalogue


def written(catalogue: Catalog) -> str:
    """Turn a catalogue into the text of its file."""
    text = BytesIO()
    write_po(text, catalogue, width=_LINE, include_previous=True, omit_header=True)
    return _HEADER + text.getvalue().decode().rstrip() + "\n"


def updated(old: Catalog, template: Catalog, *, defer: bool = False) -> Catalog:
    """Give the messages of a template the translations of an older catalogue.

    Args:
        old: Translations, perhaps of other messages.
        template: The messages as they are now.
        defer: Mark what waits for its translation as deferred.
    """
    known = {str(message.id): message for message in entries(old)}
    gone = [id_ for id_ in known if id_ not in template and known[id_].string]
    new = Catalog(locale=LANGUAGE)
    for message in entries(template):
        new.add(message.id, auto_comments=message.auto_comments)
        its = new[message.id]
        if before := known.get(str(message.id)):
            its.string, its.flags = before.string, before.flags
            its.previous_id, its.user_comments = before.previous_id, before.user_comments
        elif close := get_close_matches(str(message.id), gone, n=1, cutoff=0.6):
            its.string, its.previous_id = known[close[0]].string, list(close)
            its.flags.add("fuzzy")
        if not waits(its):
            its.previous_id = []
            its.user_comments = [text for text in its.user_comments if text != DEFERRED]
        elif defer and DEFERRED not in its.user_comments:
            its.user_comments = [*its.user_comments, DEFERRED]
    return new


def entries(catalogue: Catalog) -> list[Message]:
    """The messages of a catalogue without its header."""
    return [message for message in catalogue if message.id]


def waits(message: Message) -> bool:
    """Whether a message waits for its translation: it has none, or one of an older English."""
    return not message.string or message.fuzzy


def translation(domain: str, language: str = LANGUAGE) -> Callable[[str], str]:
    """The messages of a domain to those of an edition; what waits stays English, marked so."""
    if language == "en":
        return str
    catalogue = _catalogue(domain)

    def translate(message: str) -> str:
        found = catalogue.get(message)
        if found is None or waits(found):
            return (
                message if domain == "site" else f'{UNTRANSLATED} <span lang="en">{message}</span>'
            )
        return str(found.string)

    return translate


@cache
def _catalogue(domain: str) -> Catalog:
    return read(domain)


def lesson(path: Path) -> str:
    """Turn an English lesson into that of the edition, as the text of its file."""
    notebook = nbformat.read(path, as_version=4)
    translate = translation(path.stem)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _to_pages(messages.translated(cell.source, translate))
    notebook.cells[0].source = colab.BADGE.sub(
        colab.badge(path.name, LANGUAGE), notebook.cells[0].source
    )
    notebook.cells[1].source = colab.setup(path.name, LANGUAGE)
    return str(nbformat.writes(notebook)) + "\n"


def readme() -> str:
    """Turn the README into the short one of the edition."""
    text = messages.translated(short_readme(), translation("README"))
    text = text.replace(colab.pages(), f"{colab.pages()}{LANGUAGE}/")
    text = text.replace(f"[日本語]({TRANSLATED_README.name})", f"[English]({README.name})")
    text = re.sub(r"\]\(notebooks/(?=\d)", f"](notebooks/{LANGUAGE}/", text)
    return _to_pages(text) + "\n"


def _to_pages(text: str) -> str:
    """Lead links to pages of ``docs`` to those pages on the site, which are in the language."""
    site = f"{colab.pages()}{LANGUAGE}/"
    return re.sub(r"\]\((?:\.\./)?docs/([\w-]+)\.md\)", rf"]({site}\1.html)", text)


def to_sources(text: str) -> str:
    """The way back, for the site: lead links to pages of the site to the pages of ``docs``."""
    return re.sub(rf"\]\({colab.pages()}{LANGUAGE}/([\w-]+)\.html\)", r"](../docs/\1.md)", text)


def generated() -> dict[Path, str]:
    """The files that are generated and committed, with the text that each should have."""
    folder = ROOT / "notebooks" / LANGUAGE
    return {TRANSLATED_README: readme(), **{folder / path.name: lesson(path) for path in LESSONS}}


def problems(sources: Mapping[str, Catalog]) -> Iterator[str]:
    """Say what speaks against the edition as it is; ``sources`` are the `templates`."""
    for domain, template in sources.items():
        path, old = path_of(domain).relative_to(ROOT), read(domain)
        if written(old) != written(updated(old, template)):
            yield f"{path}: out of date; run `python tools/editions.py update`"
        for message in entries(old):
            english, japanese = str(message.id), str(message.string)
            if not waits(message):
                for fault in faults.faults(english, japanese, message.user_comments):
                    yield f"{path}: {fault}: {english!r}"
            elif DEFERRED not in message.user_comments:
                state = "its English has changed" if japanese else "it is not translated"
                yield f"{path}: {state}: {english!r}"
    for path in (ROOT / "locale" / LANGUAGE / "LC_MESSAGES").glob("*.po"):
        if path.stem not in sources:
            yield f"{path.relative_to(ROOT)}: there is no source of this name; delete it"
    for target, text in generated().items():
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            name = target.relative_to(ROOT)
            yield f"{name}: out of date; run `python tools/editions.py build`"


@click.group(help=(__doc__ or "").split("\n\n")[0])
def main() -> None:
    """Keep the editions in other languages beside the English one."""


@main.command()
@click.option("--defer", is_flag=True, help="Let what is not translated stay English for now.")
def update(defer: bool) -> None:
    """Bring the catalogues up to date with the English sources."""
    for domain, template in templates().items():
        new = updated(read(domain), template, defer=defer)
        path = path_of(domain)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(new), encoding="utf-8")
        if n_waiting := sum(map(waits, entries(new))):
            click.echo(f"{path.relative_to(ROOT)}: {n_waiting} messages wait for translation")


@main.command()
def check() -> None:
    """Say what is untranslated, stale or wrong; fail if anything is."""
    sources = templates()
    found = list(problems(sources))
    for problem in found:
        click.echo(problem)
    n_deferred = sum(
        DEFERRED in message.user_comments for domain in sources for message in entries(read(domain))
    )
    if n_deferred:
        click.echo(f"note: {n_deferred} messages are deferred and stay English")
    sys.exit(1 if found else 0)


@main.command()
def build() -> None:
    """Write the lessons and the README of the edition."""
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
