"""The documentation as a site: ``make docs``. The pages are plain Markdown, and read as well where the code is kept."""

import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

project = "印证 Yinzheng"
author = "Yinzheng"
project_copyright = "Apache-2.0"
language = "zh_CN"

extensions = ["myst_parser", "sphinx_external_toc", "bilingual", "reference"]
external_toc_path = "docs/site/toc.yml"
include_patterns = ["*.md", "docs/*.md", "docs/decisions/*.md", "docs/reference/*.md"]
exclude_patterns = [".*", "api", "benchmarks", "build", "deploy", "examples", "keys", "migrations", "seal", "store"]
exclude_patterns += ["tests", "trust", "var", "verify", "wallet", "yinzheng"]

myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto"]
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # examples leave out with … what no grammar lets be left out

html_theme = "furo"
html_title = "印证 Yinzheng"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_favicon = "../../api/static/icon.svg"
html_extra_path = ["extra"]
html_copy_source = False
html_use_index = False
html_show_sphinx = False
html_search_language = "bilingual"
highlight_language = "text"
pygments_style = "friendly"
