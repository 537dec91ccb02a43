"""What the documentation tells people to type and to call is there, and each block of it is run or says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import urlsplit

import pytest
import typer
from fastapi import FastAPI
from starlette.routing import Match
from typer.main import get_command

from api.app import create_app
from api.cli import app as commands
from api.settings import Settings
from tests.docs.pages import ROOT, Block, blocks, pages, prose, read, words_of
from verify.reasons import CATALOGUE

COMMANDS: Final = get_command(commands)
SHELL: Final = [block for page in pages() for block in blocks(page)]
WHAT_TO_DO: Final = """
Each block of commands has to be run by a test, or to say why it is not. Put one of these on the line above its fence:

    <!-- run by: tests/docs/test_city.py -->   runs whole pages in one furnished service; see there
    <!-- run by: tests/…/test_….py -->         another test, which names the page and takes the block from it
    <!-- not run: needs a container engine -->
"""
BASES: Final = r"(?:http://127\.0\.0\.1:8000|https://HOST|https://…|\$BASE)"
ADDRESSES: Final = r"`(?:(GET|POST|PUT|PATCH|DELETE) )?(/(?:v1|csc|pki|status|log)/[^`\s]*)`"
BEGINNINGS: Final = {"/csc/v2", "/v1/sharing"}
"""What others are told to put in front of addresses."""
UsageError: Final = typer.BadParameter.__bases__[0]
"""What the library of ``typer`` that reads command lines raises; which one that is, is its own affair."""


def test_each_block_of_commands_is_run_by_a_test_or_says_why_not() -> None:
    for block in SHELL:
        assert block.run_by or block.not_run, f"{block.place} has no word on this. {WHAT_TO_DO}"
        if block.run_by:
            test = ROOT / block.run_by
            assert test.is_file(), f"{block.place}: there is no {block.run_by}. {WHAT_TO_DO}"
            named = block.page.split("/")[-1] in test.read_text("utf-8")
            assert named, f"{block.run_by} knows nothing of {block.place}. {WHAT_TO_DO}"


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    found: Any = COMMANDS
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        assert name in found.commands, f"there is no {name!r} among {', '.join(found.commands)}"
        found = found.commands[name]
    return found, words


def accept(words: list[str]) -> None:
    """Take the words as the command would.

    :raises AssertionError: they are none of its own.
    """
    found, rest = command_of(words)
    assert not hasattr(found, "commands"), "it wants another word"
    asked = [each for each in found.params if getattr(each, "prompt", None) and not {*each.opts} & {*rest}]
    try:
        found.make_context("yinzheng", [*rest, *(word for each in asked for word in (each.opts[0], "x"))])
    except UsageError as error:
        if "does not exist" in str(error):  # a file or directory; all words were read before it was looked for
            return
        raise AssertionError(str(error)) from error


def test_each_command_in_a_block_is_one_and_takes_what_it_is_given() -> None:
    for block in SHELL:
        for words in block.yinzheng():
            try:
                accept(words)
            except AssertionError as error:
                pytest.fail(f"{block.place}: yinzheng {' '.join(words)}: {error}")


def test_each_command_in_the_text_is_one_and_has_the_options_named() -> None:
    for page in pages():
        for span in re.findall(r"`(?:\.venv/bin/)?yinzheng ([a-z][^`]*)`", prose(page)):
            for words in words_of(span.replace("\n", " ")):
                found, rest = command_of([word for word in words if word != "…"])
                options = {option for each in found.params for option in (*each.opts, *each.secondary_opts)}
                named = {word.split("=")[0] for word in rest if word.startswith("--")}
                assert named <= options | {"--help"}, f"{page}: yinzheng {span}"


@pytest.fixture(scope="module")
def service() -> FastAPI:
    """The routes, with nothing behind them."""
    return create_app(cast(Any, SimpleNamespace(settings=Settings(builtin_provider=False))))


def is_served(service: FastAPI, method: str | None, path: str) -> bool:
    path = path.replace("/csc/v2/$1", "/csc/v2/info")  # a function of the shell that calls several
    path = re.sub(r"\{[^}]*\}|<[^>]*>|\$\{?\w+\}?", "1", path)
    scope = {"type": "http", "path": path, "method": method or "GET", "root_path": "", "headers": []}
    wanted = {Match.FULL} if method else {Match.FULL, Match.PARTIAL}
    return any(route.matches(scope)[0] in wanted for route in service.routes)


def calls(block: Block) -> Iterator[tuple[str, str]]:
    """The method and the path of each ``curl`` in a block."""
    script = block.script
    base = re.search(r"^BASE=(\S+)", script, re.MULTILINE)
    if base is not None:
        script = script.replace("$BASE", base[1])
    for found in re.finditer(r"\bcurl\b.*?(?=\bcurl\b|\n\S|\n\n|\Z)", script, re.DOTALL):
        method = re.search(r"-X (\w+)", found[0])
        sends = re.search(r"\s(?:-d|--data\S*)\s", found[0])
        for path in re.findall(BASES + r"(/[^\s\"'?\\|)]*)", found[0]):
            yield method[1] if method else "POST" if sends else "GET", path


def test_each_address_that_is_called_in_a_block_is_served(service: FastAPI) -> None:
    found = [(block, method, path) for block in SHELL for method, path in calls(block)]
    assert len(found) > 20
    for block, method, path in found:
        assert is_served(service, method, path), f"{block.place}: {method} {path}"


def test_each_address_in_the_text_is_served(service: FastAPI) -> None:
    count = 0
    for page in pages():
        for method, path in re.findall(ADDRESSES, read(page)):
            if "…" in path:
                continue
            count += 1
            plain = path.split("?")[0].split("[")[0]
            assert plain in BEGINNINGS or is_served(service, method or None, plain), f"{page}: {method} {path}"
    assert count > 50


def test_each_file_in_the_text_is_there() -> None:
    places = "api|benchmarks|deploy|docs|examples|keys|migrations|seal|store|tests|trust|verify|wallet|yinzheng|\\.ci"
    for page in pages():
        for path in re.findall(rf"`((?:{places})/[\w./-]*\w(?:\.\w+|/)?)`", read(page)):
            assert (ROOT / path).exists() or list(ROOT.glob(path + ".py")), f"{page} speaks of {path}"


def test_each_link_outside_has_the_form_of_one() -> None:
    for page in pages():
        for link in re.findall(r"\]\((\w+:[^)\s]*)\)", read(page)):
            parts = urlsplit(link)
            assert parts.scheme == "https", f"{page}: {link}"
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), f"{page}: {link}"


def test_each_target_of_make_in_a_block_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for block in SHELL:
        for name in re.findall(r"(?:^|\s)make ([a-z]+)", block.script):
            assert name in targets, f"{block.place}: make {name}"


def test_the_families_of_reasons_are_explained() -> None:
    table = read("docs/verify.md").split("## 命令行")[0]
    for family in {code.split(".")[0] for code in CATALOGUE}:
        assert f"`{family}.…`" in table, f"docs/verify.md does not say what to do about {family}.*"
