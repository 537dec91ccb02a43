"""Collects what the service logs while tests run, and fails the run where any of it is personal data or a secret.

Each process of the tests logs as the service does (:func:`api.logs.configure`), into a file of its own; servers that
tests start in processes write into files beside it (:func:`output`). At the end the first process compares every line
with what the tests know of people: resident identity numbers and telephone numbers by their form, names and passphrases
as they stand in the tests, the examples and the invented people who sign in, and by their form keys, tokens and opaque
secrets.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, Final, TextIO, cast

import pytest

from api import logs

ROOT: Final = Path(__file__).resolve().parent.parent
_DIRECTORY: Final = "LOGS_OF_TESTS"
"""Environment variable with the directory of the files; not a setting of the service, so that tests pass it on."""
_MOST_TOLD: Final = 20

_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_TELEPHONE: Final = re.compile(r"(?<![\w.])1[3-9]\d{9}(?![\w.])")
_TOKEN: Final = re.compile(r"eyJ[\w-]{10,}")
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_OPAQUE: Final = re.compile(r"(?<![\w/+=-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{43}(?![\w/+=-])", re.ASCII)
"""32 random bytes, as secrets and tokens of sessions are given out."""
_FORMS: Final = {"a token": _TOKEN, "a private key": _KEY, "a secret": _OPAQUE, "a telephone number": _TELEPHONE}
_SECRET_NAMES: Final = re.compile(r"pass(word|phrase|wd)|secret|\bpin\b|^words$", re.IGNORECASE)
_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏苏潘葛范彭郎鲁韦马苗方俞任袁柳鲍史唐"
    "费岑薛雷贺倪汤滕罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛狄米贝臧计成戴宋庞熊纪舒屈项祝董"
    "梁杜阮蓝闵季贾路江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍卢莫房裘缪解应宗丁宣邓洪包左石崔吉程邢裴陆荣翁"
)
_NO_PEOPLE: Final = {"卫健委", "时间戳", "范围"}
_PERSON: Final = re.compile(f"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}")


class _Lines:
    """A stream that begins each line with the test that runs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        if text.strip():
            self._file.write(f"{current_test()}\t{text.rstrip()}\n")
            self._file.flush()

    def flush(self) -> None:
        self._file.flush()


def current_test() -> str:
    """The test that runs in this process, as pytest names it."""
    return os.environ.get("PYTEST_CURRENT_TEST", "-").rpartition(" (")[0] or "-"


def output(name: str) -> IO[bytes]:
    """A file for what a process that a test starts writes to its standard output and error."""
    directory = Path(os.environ[_DIRECTORY])
    file = (directory / f"{name}-{os.getpid()}-{len(list(directory.iterdir()))}.out").open("ab")
    file.write(f"{current_test()}\n".encode())
    file.flush()
    return file


def pytest_configure(config: pytest.Config) -> None:
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None:
        os.environ[_DIRECTORY] = mkdtemp(prefix="yinzheng-logs-")
    name = "controller" if worker is None else worker["workerid"]
    file = (Path(os.environ[_DIRECTORY]) / f"{name}.log").open("a", encoding="utf-8")
    logs.configure(cast(TextIO, _Lines(file)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The first process looks, after the others have ended."""
    if hasattr(session.config, "workerinput"):
        return
    directory = Path(os.environ[_DIRECTORY])
    found = list(leaks(directory))
    if not found:
        shutil.rmtree(directory)
    session.config.stash[_FOUND] = found
    if found and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_FOUND: Final = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash.get(_FOUND, [])
    if not found:
        return
    terminalreporter.section("personal data or secrets in the log", red=True, bold=True)
    for test, what, line in found[:_MOST_TOLD]:
        terminalreporter.line(f"{what}, while {test} ran:")
        terminalreporter.line(f"    {line}")
    terminalreporter.line(f"{len(found)} lines; all logs are in {os.environ[_DIRECTORY]}")


def leaks(directory: Path) -> Iterator[tuple[str, str, str]]:
    """The test, what is wrong, and the line, for each line that should not be there."""
    for path in sorted(directory.iterdir()):
        test = "-"
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines()):
            if path.suffix == ".log":
                test, _, said = line.partition("\t")
            elif number == 0:
                test, said = line, ""
            else:
                said = line
            if what := judged(said):
                yield test, what, said


def judged(line: str) -> str | None:
    """What is wrong with a line of the log; nothing, as a rule."""
    said = _readable(line)
    for what, form in (
        ("a token", _TOKEN),
        ("a private key", _KEY),
        ("a secret", _OPAQUE),
        ("a telephone", _TELEPHONE),
    ):
        if form.search(said):
            return what
    if any(_is_citizens(each) for each in _NUMBER.findall(said)):
        return "an identity number"
    if _known().search(said):
        return "a name or passphrase of the tests"
    return None


def _readable(line: str) -> str:
    """A line without the escapes of JSON."""
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return line


def _is_citizens(number: str) -> bool:
    from trust.codes import CitizenId  # noqa: PLC0415  loaded where a line looks suspicious, not in every process
    from trust.errors import CitizenIdInvalidError  # noqa: PLC0415

    try:
        CitizenId.parse(number, today=date(2100, 1, 1))
    except CitizenIdInvalidError:
        return False
    return True


@cache
def _known() -> re.Pattern[str]:
    from api.builtin_provider import PEOPLE  # noqa: PLC0415  at the end of a run

    words = {person.name for person in PEOPLE.values()}
    for path in (ROOT / "examples").rglob("*.json"):
        words.update(each for each in _texts(json.loads(path.read_text("utf-8"))) if _PERSON.fullmatch(each))
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__).resolve():
            words.update(_in_source(ast.parse(path.read_text("utf-8"))))
    return re.compile("|".join(re.escape(each) for each in sorted(words - _NO_PEOPLE, key=len, reverse=True)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _in_source(tree: ast.AST) -> Iterator[str]:
    """Names of people among the strings of a program, and what is given as a secret."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PERSON.fullmatch(node.value):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg and _SECRET_NAMES.search(node.arg):
            yield from _secret(node.value)
        elif isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
            if any(_SECRET_NAMES.search(each) for each in names):
                yield from _secret(node.value)
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            defaults = [*zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True)]
            for argument, default in (*defaults, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
                if default is not None and _SECRET_NAMES.search(argument.arg):
                    yield from _secret(default)
        elif isinstance(node, ast.Call) and node.args and _SECRET_NAMES.search(ast.unparse(node.func)):
            yield from _secret(node.args[0])
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and _SECRET_NAMES.search(str(key.value)):
                    yield from _secret(value)


def _secret(node: ast.expr) -> Iterable[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.strip()) >= 8:
        yield node.value.strip()
