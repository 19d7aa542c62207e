"""Sphinx's configuration of the site, which ``tools/build_site.py`` builds in each language."""

from typing import Any

import colab  # tools/, where the builder lies
from japanese_search import JapaneseSearch
from sphinx.application import Sphinx

from helpers.translation import prefix

_EDITIONS = {"en": "English", "ja": "日本語"}
_ENGLISH_ONLY = ("api", "genindex", "py-modindex")  # docstrings are English

project = "Token classification lessons"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_templates", "downloads"]

# The lessons come with their outputs.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings name what they speak of in single backticks.
napoleon_use_ivar = True
default_role = "py:obj"
autodoc_member_order = "bysource"
# Matplotlib gives every kind of figure a `set`, described in roles of its own.
autodoc_default_options = {"members": True, "exclude-members": "set"}
autodoc_typehints_format = "short"

html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "article_header_end": ["edition-switch", "article-header-buttons"],
    "max_navbar_depth": 1,  # the buttons that unfold more have no name for screen readers
    "navbar_persistent": [],  # the side bar has the search already
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "repository_url": colab.addresses()[0],
    "show_toc_level": 2,
    "use_download_button": False,  # every lesson has a line of links of its own
    "use_repository_button": True,
}


def setup(app: Sphinx) -> None:
    """Lead each page to itself in the other language, and search in Japanese."""
    app.add_search_language(JapaneseSearch)
    app.connect("html-page-context", _add_editions)


def _add_editions(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: Any) -> None:
    here = app.config.language
    top = "../" * (page.count("/") + (here != "en"))
    context["editions"] = []
    if not page.startswith(_ENGLISH_ONLY):
        for language, name in _EDITIONS.items():
            path = f"{prefix(language)}{page}.html"
            context["editions"].append(
                {
                    "language": language,
                    "name": name,
                    "here": language == here,
                    "href": top + path,
                    "address": colab.pages() + path,
                }
            )
