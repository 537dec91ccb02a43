"""Byte-level rules on one signature: what it covers, and how its value is written (ISO 32000-1, 12.8.1).

The covered range is the file from its first byte to the end of the signature's revision, with nothing left out but the
signature's own hexadecimal string. Its digits are all written in one way and padded with zeros only, so that no byte of
the file is free.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verify import der
from verify.algorithms import DIGESTS, WeakAlgorithmError
from verify.document import Document
from verify.objects import HexString, Value
from verify.reasons import Text, reason
from verify.source import Source
from verify.verdict import Reason

_DIGITS = re.compile(rb"<(?:[0-9a-f]*+|[0-9A-F]*+)>")
_END_OF_FILE = re.compile(rb"%%EOF(?:\r\n|\n|\r)?")


class StructureError(Exception):
    """A rule that is broken; carries the reason."""

    def __init__(self, found: Reason) -> None:
        self.reason = found
        super().__init__(found.code)


@dataclass(frozen=True, slots=True)
class SignedRange:
    """What a signature covers, and the signature."""

    gap_start: int
    gap_end: int
    end: int
    """Where the covered range ends in the file."""
    contents: bytes
    """The CMS structure, without its padding."""

    def digest(self, document: Document, algorithm: str) -> bytes:
        """Digest of the covered bytes of the file that a document is a state of."""
        if algorithm not in DIGESTS.values():
            raise WeakAlgorithmError(algorithm)
        return document.digests.without(algorithm, (self.gap_start, self.gap_end), self.end)


def signed_range(document: Document, value: dict[str, Value], *, strict: bool) -> SignedRange:
    """What a signature dictionary's signature covers.

    :param strict: its CMS structure has to be DER.
    :raises StructureError: the range or the signature's value is not written as it has to be.
    """
    contents = value.get("Contents")
    if not isinstance(contents, HexString) or contents.span is None:
        raise _contents("不是文件中的十六进制字符串", "it is no hexadecimal string in the file itself")
    numbers = document.resolve(value.get("ByteRange"))
    if numbers is None:
        raise _byte_range("缺失", "it is missing")
    if not isinstance(numbers, list) or len(numbers) != 4:
        raise _byte_range("应为四个数", "it has to be four numbers")
    start, length, gap_end, rest = numbers
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise _byte_range("应为四个整数", "it has to be four whole numbers")
    assert isinstance(start, int) and isinstance(length, int) and isinstance(gap_end, int) and isinstance(rest, int)  # noqa: S101, PT018  seen above
    if min(start, length, gap_end, rest) < 0:
        raise _byte_range("含有负数", "it has a negative number")
    if start != 0:
        raise _byte_range("未从文件开头算起", "it does not start at the beginning of the file")
    end = gap_end + rest
    if end > document.end:
        raise _byte_range("超出文件末尾", "it goes beyond the end of the file")
    if (length, gap_end) != contents.span:
        raise _byte_range("空缺之处不恰好是签名本身", "what it leaves out is not exactly the signature")
    if len(contents) > document.budget.limits.signature_bytes:
        raise _contents("过长", "it is too long")
    raw = document.data[length:gap_end]
    if not _DIGITS.fullmatch(raw) or len(raw) % 2:
        raise _contents("十六进制数字写法不一致", "its hexadecimal digits are not all written in one way")
    return SignedRange(length, gap_end, end, _unpadded(bytes(contents), strict=strict))


def ends_revision(data: Source, end: int) -> bool:
    """Whether a revision of the file ends exactly here, with its end-of-file marker."""
    marker = data.rfind(b"%%EOF", max(0, end - 7), end)
    return marker >= 0 and _END_OF_FILE.fullmatch(data, marker, end) is not None


def _unpadded(contents: bytes, *, strict: bool) -> bytes:
    try:
        element = der.read(contents, ber=not strict)
    except ValueError:
        raise _contents("不是 DER 编码", "it is not DER") from None
    if contents[element.end :].strip(b"\x00"):
        raise _contents("填充部分不全为零", "its padding is not all zeros")
    return element.raw


def _byte_range(zh: str, en: str) -> StructureError:
    return StructureError(reason("structure.byte_range", detail=Text(zh, en)))


def _contents(zh: str, en: str) -> StructureError:
    return StructureError(reason("structure.contents", detail=Text(zh, en)))
