"""What all commands share: the parts, the person at the terminal, and how things are printed."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.errors import FileUnreadableError
from api.services import Services
from api.settings import Settings

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]


@contextmanager
def open_services(settings: Settings | None = None) -> Iterator[Services]:
    """The parts, set up from the environment where no settings are given, for the length of a command."""
    with Services(settings or Settings.load()) as services:
        yield services


def person() -> str:
    """Who is at the terminal, for the records."""
    return f"cli:{getpass.getuser()}"


def print_json(value: Any) -> None:
    """A value for a program to read."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def read_bytes(path: Path, *, limit: int) -> bytes:
    """The content of a file of at most a number of bytes; one byte more is read, so that the excess shows.

    :raises FileUnreadableError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise FileUnreadableError(path=path, problem=error.strerror or type(error).__name__) from error


def in_place(path: Path, *, limit: int) -> bytes | Path:
    """A file to be read where it is, by another process too; what is no file on disk, such as a pipe, is read now.

    :raises FileUnreadableError: it cannot be read.
    """
    if not path.is_file():
        return read_bytes(path, limit=limit)
    try:
        with path.open("rb"):
            return path.absolute()
    except OSError as error:
        raise FileUnreadableError(path=path, problem=error.strerror or type(error).__name__) from error


def read_json_object(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file.

    :raises FileUnreadableError: it cannot be read or is something else.
    """
    try:
        value = json.loads(read_bytes(path, limit=1024 * 1024).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileUnreadableError(path=path, problem=f"not JSON ({type(error).__name__})") from error
    if not isinstance(value, dict):
        raise FileUnreadableError(path=path, problem="not a JSON object")
    return value


def write_bytes(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all.

    :param private: nobody but its owner may read it.
    :raises FileUnreadableError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(mode=0o600 if private else 0o666)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise FileUnreadableError(path=path, problem=error.strerror or type(error).__name__) from error


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write pieces of text to a file, whole or not at all, however many they are.

    :raises FileUnreadableError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise FileUnreadableError(path=path, problem=error.strerror or type(error).__name__) from error
