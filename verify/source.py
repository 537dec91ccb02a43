"""The bytes of a file to check: in memory, or mapped from disk so that a gigabyte takes no memory of the process."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from verify.errors import EmptyFileError, TooLargeError

if TYPE_CHECKING:
    from hashlib import _Hash

Source: TypeAlias = bytes | mmap.mmap
"""Both are read by index, slice, ``find`` and regular expressions; what is sliced is copied."""

_MEGABYTE: Final = 1_000_000


@contextmanager
def opened(file: bytes | Path, limit: int) -> Iterator[Source]:
    """The bytes of a file, for the length of a block.

    :param limit: in bytes.
    :raises EmptyFileError: there are none.
    :raises TooLargeError: there are more than the limit.
    :raises OSError: the file cannot be read.
    """
    if isinstance(file, bytes):
        _check_size(len(file), limit)
        yield file
        return
    with file.open("rb") as stream:
        _check_size(stream.seek(0, 2), limit)
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        yield mapped
    finally:
        with suppress(BufferError):  # a view in the traceback of an error; the collector closes it
            mapped.close()


def stands_at(data: Source, word: bytes, at: int, end: int) -> bool:
    """Whether a word stands somewhere, before an end."""
    stop = at + len(word)
    return stop <= end and data[at:stop] == word


def reading_seconds(file: bytes | Path) -> float:
    """How much longer than a small file one takes for being read and hashed, on a slow disk."""
    if isinstance(file, bytes):
        return 0.0
    with suppress(OSError):
        return file.stat().st_size / (100 * _MEGABYTE)
    return 0.0


class PrefixDigests:
    """Digests that share their work: signatures of one file cover nearly the same bytes from its start."""

    def __init__(self, data: Source) -> None:
        self._data = data
        self._states: dict[tuple[str, int], _Hash] = {}

    def whole(self, algorithm: str) -> bytes:
        """Digest of the whole file."""
        return self._up_to(algorithm, len(self._data)).digest()

    def without(self, algorithm: str, gap: tuple[int, int], end: int) -> bytes:
        """Digest of the file from its start to an end, with a gap left out.

        :param algorithm: its name in :mod:`hashlib`.
        """
        digest = self._up_to(algorithm, gap[0]).copy()
        self._feed(digest, gap[1], end)
        return digest.digest()

    def _up_to(self, algorithm: str, end: int) -> _Hash:
        nearest = max((at for name, at in self._states if name == algorithm and at <= end), default=0)
        if nearest == end and end:
            return self._states[algorithm, end]
        digest = self._states[algorithm, nearest].copy() if nearest else hashlib.new(algorithm)
        self._feed(digest, nearest, end)
        self._states[algorithm, end] = digest
        return digest

    def _feed(self, digest: _Hash, start: int, end: int) -> None:
        with memoryview(self._data) as view, view[start:end] as part:
            digest.update(part)


def _check_size(size: int, limit: int) -> None:
    if not size:
        raise EmptyFileError
    if size > limit:
        raise TooLargeError(limit_mb=limit // _MEGABYTE)
