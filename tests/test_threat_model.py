"""The threat model says for each threat which test shows that it is stopped; such a test has to be there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


@cache
def named_in(file: str) -> set[str]:
    """The names of a file's tests; those in a class after the class's and two colons."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for group in tree.body:
        if isinstance(group, ast.ClassDef):
            found |= {f"{group.name}::{node.name}" for node in group.body if isinstance(node, ast.FunctionDef)}
    return {name for name in found if name.split("::")[-1].startswith("test_")}


def flows() -> dict[str, list[list[str]]]:
    """The cells of each threat's row, by the flow that they are about."""
    parts = re.split(r"^## ", (DOCS / "threat-model.md").read_text("utf-8"), flags=re.MULTILINE)
    rows = {part.splitlines()[0]: re.findall(r"^\| ([STRIDE]) \| (.+) \|$", part, re.MULTILINE) for part in parts}
    return {
        title: [[letter, *cells.split(" | ")] for letter, cells in found]
        for title, found in rows.items()
        if title[0] in "①②③④⑤⑥⑦⑧⑨⑩"
    }


def test_every_flow_is_looked_at_from_all_six_sides() -> None:
    found = flows()
    assert len(found) == 10
    for title, rows in found.items():
        assert {row[0] for row in rows} == set("STRIDE"), title
    assert sum(len(rows) for rows in found.values()) > 90


@pytest.mark.parametrize("title", flows())
def test_each_threat_names_tests_that_are_there(title: str) -> None:
    for _, threat, stop, shown in flows()[title]:
        assert threat
        assert stop
        named = TEST.findall(shown)
        assert named, threat
        assert not TEST.sub("", shown).strip(" ,"), threat
        for file, name in named:
            assert name in named_in(file), f"{threat}: {file}::{name}"


@pytest.mark.parametrize("page", ["threat-model.md", "security.md", "cryptography.md", "dependencies.md"])
def test_files_of_tests_that_a_page_names_are_there(page: str) -> None:
    for name in re.findall(r"`(tests/[\w/.]+)[`:]", (DOCS / page).read_text("utf-8")):
        assert (ROOT / name).exists(), name


def test_the_picture_has_every_flow() -> None:
    picture = (DOCS / "images" / "data-flow.svg").read_text("utf-8")
    assert all(number in picture for number in "①②③④⑤⑥⑦⑧⑨⑩")
    assert not re.search(r"<script|href|@import|url\((?!#)", picture)
