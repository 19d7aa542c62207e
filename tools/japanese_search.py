"""Search in Japanese pages, for Sphinx: text and queries are cut into pairs of letters.

Japanese puts no spaces between words, and Sphinx's own splitter finds no compound such as
固有表現認識. Pairs need no dictionary and find every word of two letters or more; single letters
are kept for queries of one.
"""

import re

from sphinx.search import SearchLanguage

# Iteration marks, hiragana, katakana with its long-vowel mark, and kanji.
_LETTERS = r"\u3005-\u3007\u3041-\u3096\u30a1-\u30ff\u3400-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_LETTERS}]+|[^\W{_LETTERS}]+")


class JapaneseSearch(SearchLanguage):
    """Words of Latin letters whole, runs of Japanese letters as overlapping pairs."""

    lang = "ja"
    language_name = "Japanese"
    # The same for queries, in the browser; a pair holds all that its letters hold.
    js_splitter_code = f"""
var splitQuery = (query) =>
  (query.match(/[{_LETTERS}]+|[^\\s\\p{{P}}\\p{{S}}{_LETTERS}]+/gu) || []).flatMap((run) =>
    /^[{_LETTERS}]{{2,}}$/.test(run)
      ? [...run].slice(1).map((letter, i) => run[i] + letter)
      : [run]);
"""

    def split(self, input: str) -> list[str]:
        """Turn text into what the index holds of it.

        >>> JapaneseSearch({}).split("F1 と再現率")
        ['F1', 'と再', '再現', '現率', 'と', '再', '現', '率']
        """
        found = []
        for run in _RUN.findall(input):
            if re.match(f"[{_LETTERS}]", run):
                found += [run[i : i + 2] for i in range(len(run) - 1)] + list(run)
            else:
                found.append(run)
        return found
