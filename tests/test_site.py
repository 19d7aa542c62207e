"""The site in a real browser: its links, its search, and what a lesson's page offers.

The pages are built once, from the lessons that ``make lessons`` has run, or from lessons with an
output of each kind where it has not run them as they are now. That takes a minute.
"""

import base64
import gzip
import io
import re
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any
from urllib.parse import urldefrag, urljoin

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode, v4

from helpers import plots

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
JAPANESE = sorted((ROOT / "notebooks" / "ja").glob("0*.ipynb"))
RUNS = ROOT / "runs" / "offline"

pytest.importorskip("sphinx", reason="the extra [site] is not installed; `make test` does it")
axe_api = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

sys.path.insert(0, str(ROOT / "tools"))
import build_site  # noqa: E402

AXE = axe_api.Axe()
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WCAG = {"preload": False, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
BAR, BOX, TEXT = "a" * 32, "b" * 32, "c" * 32
WIDGETS = {
    BOX: {
        "model_name": "HBoxModel",
        "state": {"children": [f"IPY_MODEL_{TEXT}", f"IPY_MODEL_{BAR}"]},
    },
    TEXT: {"model_name": "HTMLModel", "state": {"value": "Map: 100%"}},
    BAR: {"model_name": "FloatProgressModel", "state": {"value": 3.0}},
}


def outputs() -> list[NotebookNode]:
    """An output of each kind that the lessons have."""
    figure, drawing = plots.baselines({"a list of names": 0.1, "the tagger": 0.7}), io.BytesIO()
    figure.savefig(drawing, format="png")
    png = base64.b64encode(drawing.getvalue()).decode()
    marked = plots.highlight_tags([["Ada", "in", "Paris"]], [["B-person", "O", "B-location"]])
    table = plots.text_table(pd.DataFrame({"word": ["<b>"] * 2, "a long name" * 9: [1, 2]}))
    shown: list[dict[str, Any]] = [
        {
            "text/html": f'<img alt="{figure.alt}" src="data:image/png;base64,{png}">',
            "text/plain": "-",
        },
        {"text/html": marked.data, "text/plain": "<IPython.core.display.HTML object>"},
        {"text/html": table.to_html(), "text/plain": "<Styler>"},
        {"text/markdown": "F1 is **0.5**.", "text/plain": "<Markdown>"},
        {build_site._VIEW: {"model_id": BOX}, "text/plain": "HBox()"},
    ]
    return [
        v4.new_output("stream", name="stdout", text="a word " * 60),
        v4.new_output("stream", name="stderr", text="train.txt: converted the tags\n"),
        *(v4.new_output("display_data", data=data) for data in shown),
    ]


def executed(lesson: NotebookNode) -> NotebookNode:
    """A lesson as papermill leaves it, without the time that running it takes."""
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    code[2].outputs = outputs()
    lesson.metadata["papermill"] = {
        "start_time": "2026-11-27T06:00:00+00:00",
        "duration": 1.5,
        "exception": None,
        "parameters": {"profile": "offline"},
    }
    lesson.metadata["widgets"] = {build_site._STATE: {"state": WIDGETS}}
    return lesson


def in_edition(lesson: Path) -> Path:
    """The path of a lesson below the folder of the English ones."""
    return lesson.relative_to(ROOT / "notebooks")


def ran_as_they_are(lesson: Path) -> bool:
    """Whether ``make lessons`` has run a lesson in its present form."""
    executed = RUNS / in_edition(lesson)
    if not executed.is_file():
        return False
    ran, is_ = (nbformat.read(path, as_version=4).cells for path in (executed, lesson))
    kept = [cell for cell in ran if "injected-parameters" not in cell.metadata.get("tags", [])]
    return [cell.source for cell in kept] == [cell.source for cell in is_]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    runs = RUNS
    if not all(map(ran_as_they_are, [*NOTEBOOKS, *JAPANESE])):
        runs = folder / "offline"
        (runs / "ja").mkdir(parents=True)
        for path in [*NOTEBOOKS, *JAPANESE]:
            done = RUNS / in_edition(path)
            if ran_as_they_are(path):
                shutil.copy(done, runs / in_edition(path))
            else:
                lesson = executed(nbformat.read(path, as_version=4))
                nbformat.write(lesson, runs / in_edition(path))
    assert build_site.build(runs, folder / "site") == 0
    return folder / "site"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site behind a server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = which("chromium") or which("google-chrome")
        try:  # else the browser that `playwright install chromium` brings
            launched = playwright.chromium.launch(executable_path=chromium)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium to drive: {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def names(site: Path) -> list[str]:
    """Every page, by its path."""
    return sorted(
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "_static" not in path.parts
    )


def test_every_page_in_every_look(address: str, browser: Any, names: list[str]) -> None:
    """No other host, no error, no sideways scrolling, wide and narrow, light and dark."""
    found = []
    for size, scheme in product((WIDE, PHONE), ("light", "dark")):
        page, heard = listened_to(browser, size, scheme, address)
        for name in names:
            page.goto(address + name)
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                heard.append("scrolls sideways")
            without = page.evaluate("[...document.images].filter(i => !i.alt).map(i => i.src)")
            heard += [f"an image without a text: {source[:80]}" for source in without]
            found += [f"{name} at {size['width']}, {scheme}: {what}" for what in heard]
            heard.clear()
        page.close()
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_no_page_has_a_barrier(address: str, browser: Any, names: list[str]) -> None:
    """Takes seconds a page: axe sees each one narrow and dark, and the home page wide and light.

    Coloured code takes longest and has the same colours everywhere: it sees that of one page.
    """
    found = []
    for size, scheme, pages in ((WIDE, "light", ["index.html"]), (PHONE, "dark", names)):
        page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        for name in pages:
            page.goto(address + name)
            code = [] if name == "contributing.html" else [["div.highlight"]]
            for rule in AXE.run(page, {"exclude": code}, WCAG).response["violations"]:
                found.append(f"{name}: {rule['id']}: {rule['nodes'][0]['html'][:200]}")
        page.close()
    assert not found, "\n".join(found)


def test_in_the_dark_figures_and_marked_text_stand_in_no_grey_box(
    address: str, browser: Any
) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{address}notebooks/01_exploration.html")
    style = (
        "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).filter]"
    )
    transparent = "rgba(0, 0, 0, 0)"
    for what, turned in ((".cell_output img", True), (".text_html:has(mark)", False)):
        ground, filters = page.locator(what).first.evaluate(style)
        assert ground == transparent
        assert ("invert" in filters) == turned
    page.close()


def listened_to(
    browser: Any, size: dict[str, int], scheme: str, address: str
) -> tuple[Any, list[str]]:
    """A page of a browser, and a list to which it adds its errors and requests elsewhere."""
    page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    heard: list[str] = []

    def note_request(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            heard.append(request.url)

    page.on("request", note_request)
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return page, heard


def test_every_link_within_the_site_leads_somewhere(site: Path, names: list[str]) -> None:
    links, places = set(), {}
    for name in names:
        page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        links |= {(name, urljoin(name, str(a["href"]))) for a in page.find_all("a", href=True)}
        places[name] = {element["id"] for element in page.find_all(id=True)}
    broken = []
    for name, link in sorted(links):
        target, place = urldefrag(link)
        if target in places:
            broken += [(name, link)] if place and place not in places[target] else []
        elif "://" not in target and not (site / target).is_file():
            broken.append((name, link))
    assert not broken


@pytest.mark.parametrize("path", [*NOTEBOOKS, *JAPANESE], ids=lambda path: str(in_edition(path)))
def test_a_solution_is_folded_and_opens_by_keyboard(path: Path, address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{address}{page_of(path)}")
    name = "解答" if path in JAPANESE else "Solution"
    solutions = page.locator("details", has=page.locator("summary", has_text=name))
    assert solutions.count() >= 3
    for solution in solutions.all():
        code = solution.locator("pre").first
        assert not code.is_visible()
        solution.locator("summary").focus()
        page.keyboard.press("Enter")
        assert code.is_visible()
    page.close()


RAN = {
    "en": r"This page was run on \d+ \w+ \d{4} with .*offline.* in \d+ s\.",
    "ja": r"実行日：\d{4}年\d+月\d+日、設定：.*offline.*、所要時間：\d+ 秒。",
}


@pytest.mark.parametrize("path", [*NOTEBOOKS, *JAPANESE], ids=lambda path: str(in_edition(path)))
def test_a_lesson_says_how_it_was_run_and_where_to_run_it(path: Path, site: Path) -> None:
    page = (site / page_of(path)).read_text(encoding="utf-8")
    language = "ja" if path in JAPANESE else "en"
    assert re.search(RAN[language], page)
    assert page.count("colab.research.google.com/github/") == 1
    assert {"en": "Download", "ja": "ダウンロード"}[language] in page
    assert "HBox(" not in page
    folder = site / "ja" if path in JAPANESE else site
    [download] = folder.glob(f"_downloads/*/{path.name}")
    assert download.read_bytes() == path.read_bytes()


def page_of(lesson: Path) -> str:
    """The page of a lesson, by its path on the site."""
    edition = "ja/" if lesson in JAPANESE else ""
    return f"{edition}notebooks/{lesson.stem}.html"


ENGLISH_ONLY = re.compile(r"api|genindex|py-modindex")


def test_a_page_leads_to_itself_in_the_other_language(
    site: Path, names: list[str], address: str, browser: Any
) -> None:
    for name in names:
        page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        here, bare = ("ja", name[3:]) if name.startswith("ja/") else ("en", name)
        assert page.html
        assert page.html["lang"] == here
        alternates = {str(link["hreflang"]): link["href"] for link in page.select("link[hreflang]")}
        switch = page.select("a.edition-switch")
        if ENGLISH_ONLY.match(bare):
            assert not alternates
            assert not switch
            continue
        assert alternates == {
            "en": f"{build_site.colab.pages()}{bare}",
            "ja": f"{build_site.colab.pages()}ja/{bare}",
        }
        [link] = switch
        other = bare if here == "ja" else f"ja/{bare}"
        assert urljoin(name, str(link["href"])) == other
        assert other in names
        assert link["lang"] == link["hreflang"] == ("en" if here == "ja" else "ja")
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{address}notebooks/02_preprocessing.html")
    page.get_by_text("日本語", exact=True).click()
    assert page.url == f"{address}ja/notebooks/02_preprocessing.html"
    assert page.locator("article h1").inner_text().startswith("2. 前処理")
    page.close()


def test_nothing_on_the_japanese_site_waits_for_its_translation(
    site: Path, names: list[str]
) -> None:
    japanese = [name for name in names if name.startswith("ja/")]
    assert len(japanese) > 12
    for name in japanese:
        assert build_site.editions.UNTRANSLATED not in (site / name).read_text(encoding="utf-8"), (
            name
        )


TERMS = [
    *("padding", "doccano", "papermill", "Keras", "IOB2", "stride", "tokenizer", "accuracy"),
    *("Kubernetes", "highlight_entities"),
]


def test_search_finds_the_terms_of_the_course(address: str, browser: Any) -> None:
    page = browser.new_page()
    for term in TERMS:
        page.goto(f"{address}search.html?q={term}")
        page.wait_for_selector("#search-results li a")
    page.close()


JAPANESE_TERMS = [
    *("固有表現認識", "再現率", "過学習", "学習率", "トークナイザ", "特殊トークン", "サブワード"),
    *("検証", "窓", "F1", "ウォームアップ", "表層形", "papermill", "対応表"),
]


def test_search_finds_japanese_terms(address: str, browser: Any) -> None:
    page = browser.new_page()
    for term in JAPANESE_TERMS:
        page.goto(f"{address}ja/search.html?q={term}")
        page.wait_for_selector("#search-results li a")
    page.goto(f"{address}ja/search.html?q=量子力学")
    page.wait_for_function(
        "document.querySelector('#search-results .search-summary, #search-results p')"
    )
    assert page.locator("#search-results li a").count() == 0
    page.close()


def test_the_site_is_light(site: Path, address: str, browser: Any) -> None:
    sizes = []
    page = browser.new_page()
    page.on("response", lambda response: sizes.append(len(gzip.compress(response.body()))))
    page.goto(f"{address}index.html", wait_until="networkidle")
    page.close()
    assert sum(sizes) < 300_000
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 25_000_000


def test_lessons_that_were_not_run_or_failed_are_refused(tmp_path: Path) -> None:
    runs = tmp_path / "offline"
    again = "`make lessons PROFILE=offline` runs it"
    with pytest.raises(FileNotFoundError, match=f"01_exploration.ipynb is not there, .*{again}"):
        build_site.assemble(runs, tmp_path / "source")
    runs.mkdir()
    failed = executed(nbformat.read(NOTEBOOKS[0], as_version=4))
    failed.metadata.papermill.exception = True
    nbformat.write(failed, runs / NOTEBOOKS[0].name)
    with pytest.raises(ValueError, match=f"ends in an error; {again} again"):
        build_site.assemble(runs, tmp_path / "source")


def test_a_lesson_without_a_badge_is_refused() -> None:
    cells = [v4.new_markdown_cell("# x"), *(v4.new_code_cell() for _ in range(3))]
    lesson = executed(v4.new_notebook(cells=cells))
    with pytest.raises(ValueError, match="x.ipynb: expected a Colab badge in the first cell"):
        build_site.as_page(lesson, "x.ipynb")
