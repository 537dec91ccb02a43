"""The frame of the pages: words, assets, headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api.pages
from api.pages.frame import STATIC, asset
from api.pages.words import TABLES, WORDS
from tests.api.conftest import Front
from trust import LicenceState

TEMPLATES = sorted((Path(api.pages.__file__).parent / "templates").rglob("*.html"))


def test_every_word_is_in_both_languages_and_named_once() -> None:
    keys = [key for table in TABLES for key in table]
    assert len(keys) == len(set(keys))
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    assert all(zh.strip() and en.strip() for table in TABLES for zh, en in table.values())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_inline_or_names_another_host(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", text)


def test_scripts_build_no_html_from_text() -> None:
    for script in (STATIC / "js").rglob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script.read_text("utf-8")
        )


def test_only_the_tokens_name_colours() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        if sheet.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\([^)]*\)", sheet.read_text("utf-8"))) <= {"#fff", "#000"}


def test_the_design_page_shows_every_component_in_both_languages(front: Front) -> None:
    for language in ("zh", "en"):
        page = front.http.get("/design", params={"lang": language})
        assert page.status_code == 200
        assert WORDS[language]["design_lead"] in page.text
    components = (TEMPLATES[0].parent / "components.html").read_text("utf-8")
    shown = (TEMPLATES[0].parent / "design.html").read_text("utf-8")
    elsewhere = {"moment", "day", "reasons", "verdict", "tabs", "facts", "form_token"}
    for macro in re.findall(r"macro (\w+)\(", components):
        assert f"ui.{macro}(" in shown or macro in elsewhere


def test_every_state_of_a_licence_has_a_word_and_a_shape(front: Front) -> None:
    page = front.http.get("/design").text
    assert all(WORDS["zh"][state.value] in page for state in LicenceState)


def test_an_asset_is_kept_for_good_under_its_digest_only(front: Front) -> None:
    kept = front.http.get(asset("css/tokens.css"))
    assert "immutable" in kept.headers["cache-control"]
    for address in ("/static/css/tokens.css", "/static/css/tokens.css?v=0"):
        assert front.http.get(address).headers["cache-control"] == "no-cache"
    assert front.http.get("/static/../app.py").status_code == 404


def test_a_page_takes_nothing_from_elsewhere(front: Front) -> None:
    policy = front.http.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"unsafe|https?:|\*", policy)


def test_the_language_is_switched_in_place(front: Front) -> None:
    page = front.http.get("/design?lang=en")
    assert 'href="/design?lang=zh"' in page.text
    assert "界面规范" in front.http.get("/design?lang=zh").text
