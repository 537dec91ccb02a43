"""Search in pages that are written in Chinese and English.

Sphinx cuts Chinese into words with ``jieba``, which has had no release since 2020 and has no wheel, while nothing
cuts what is searched for in the browser. Pairs of neighbouring characters do in both places: 印章管理 is found by 印章,
章管 and 管理.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sphinx.search import languages
from sphinx.search.en import SearchEnglish

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_WORDS: Final = re.compile(r"[一-鿿]+|(?:(?![一-鿿])\w)+")


class BilingualSearch(SearchEnglish):
    """English by its stems, Chinese by characters and pairs of them."""

    lang = "bilingual"
    language_name = "English"  # names the stemmer in the browser as well
    js_splitter_code = r"""
function splitQuery(query) {
  return (query.match(/[\u4e00-\u9fff]+|(?:(?![\u4e00-\u9fff])[\p{L}\p{N}_])+/gu) || []).flatMap((word) => {
    const characters = [...word];
    if (!/[\u4e00-\u9fff]/.test(word) || characters.length === 1) return [word];
    return characters.slice(1).map((character, index) => characters[index] + character);
  });
}
"""

    def split(self, input: str) -> list[str]:  # noqa: A002  the name that Sphinx gives it
        """The words of a text: what is looked for is a part of these."""
        found: list[str] = []
        for word in _WORDS.findall(input):
            if "一" <= word[0] <= "鿿":
                found.extend(word)
                found.extend(first + second for first, second in pairwise(word))
            else:
                found.append(word)
        return found


def setup(_: Sphinx) -> dict[str, bool]:
    """Make the language known to Sphinx."""
    languages[BilingualSearch.lang] = BilingualSearch
    return {"parallel_read_safe": True, "parallel_write_safe": True}
