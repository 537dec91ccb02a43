"""The pages of the documentation: their blocks of commands, and what else in them can be held to the program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SHELL: Final = ("sh", "console")
_FENCE: Final = re.compile(
    r"(?:^<!-- (?P<how>run by|not run): (?P<what>.*?) -->\n+)?^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND: Final = re.compile(r"(?:^|[;|&(])\s*(?:[A-Z_]\w*=\S*\s+)*(?:\S*/)?yinzheng (?P<words>[^\n]*)", re.MULTILINE)
_HERE: Final = re.compile(r"<<'(\w+)'\n.*?^\1$", re.MULTILINE | re.DOTALL)
_CHOICE: Final = re.compile(r"(?<=\s)\w[\w-]*(?:\|\w[\w-]*)+")


@dataclass(frozen=True)
class Block:
    """What stands between two fences, and what the comment above them says of it."""

    page: str
    line: int
    language: str
    text: str
    run_by: str | None
    """The file of the test that runs it."""
    not_run: str | None
    """Why no test runs it."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def typed(self) -> str:
        """What is typed, to the letter: a ``console`` block with prompts has the commands behind them."""
        lines = self.text.splitlines(keepends=True)
        if self.language == "console" and any(line.startswith("$ ") for line in lines):
            kept, on = [], False
            for line in lines:
                on = on or line.startswith("$ ")
                if on:
                    kept.append(line.removeprefix("$ "))
                on = on and line.endswith("\\\n")
            return "".join(kept)
        return self.text

    @property
    def script(self) -> str:
        """Its commands, with lines that were broken made whole, without prompts, answers and documents in between."""
        text = _HERE.sub("", self.text.replace("\\\n", " "))
        if self.language == "console" and re.search(r"^\$ ", text, re.MULTILINE):
            text = "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ "))
        return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)

    def yinzheng(self) -> Iterator[list[str]]:
        """The words of each ``yinzheng`` in it; one that offers a choice, as ``pause|resume``, is several."""
        for found in _COMMAND.finditer(self.script):
            yield from words_of(found["words"])


def words_of(line: str) -> Iterator[list[str]]:
    """The words of a command up to where it ends; what may be left out in brackets is there."""
    line = re.sub(r"\$\([^()]*\)", "X", line)
    choice = _CHOICE.search(line)
    if choice is not None:
        for each in choice[0].split("|"):
            yield from words_of(line[: choice.start()] + each + line[choice.end() :])
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(";|&<>()"):
            break
        words.append(word.removeprefix("[").removesuffix("]"))
    yield words


def pages() -> list[str]:
    """Every page that belongs to the documentation."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str) -> list[Block]:
    """The blocks of commands of a page, in their order."""
    text = read(page)
    made = []
    for found in _FENCE.finditer(text):
        if found["language"] in SHELL:
            said = {"run by": None, "not run": None, found["how"]: found["what"]}
            line = text.count("\n", 0, found.start("text"))
            block = Block(page, line, found["language"], found["text"], said["run by"], said["not run"])
            made.append(block)
    return made


def statements(page: str) -> str:
    """What the page has a superuser of PostgreSQL do, in its one block of SQL."""
    [block] = (found["text"] for found in _FENCE.finditer(read(page)) if found["language"] == "sql")
    return block


def run_by(test: str) -> list[Block]:
    """The blocks that the file of a test says to run."""
    return [block for page in pages() for block in blocks(page) if block.run_by == test]


def prose(page: str) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", read(page))
