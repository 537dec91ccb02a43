"""How much work is spent on one file of unknown origin.

Every loop and every expansion in this package draws on these bounds, so that no file can keep a checker busy or fill
its memory. They are far above what any real licence or contract needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from verify.errors import TooComplexError


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds."""

    file_bytes: int = 1_100_000_000
    """A gigabyte by either count, and what sealing adds."""
    objects: int = 500_000
    """Entries of all cross-reference sections together."""
    revisions: int = 100
    """Cross-reference sections."""
    signatures: int = 16
    fields: int = 20_000
    """Nodes of the form's field tree."""
    pages: int = 50_000
    """Nodes of the page tree."""
    nesting: int = 100
    """Arrays and dictionaries within each other."""
    values: int = 1_000_000
    """Names, numbers, strings, arrays and so on that are read, repeated reading included."""
    string_bytes: int = 8_000_000
    """One string or name, as it is written."""
    stream_bytes: int = 64_000_000
    """One stream, unpacked."""
    unpacked_bytes: int = 256_000_000
    """All streams, unpacked."""
    signature_bytes: int = 1_000_000
    """The CMS structure of one signature."""
    certificates: int = 32
    """Embedded in one signature."""
    attachment_bytes: int = 10_000_000
    """The licence's data."""


DEFAULT_LIMITS = Limits()


class Budget:
    """What is left of the work allowed for one file; shared by all that read it."""

    __slots__ = ("_unpacked", "_values", "limits")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._values = limits.values
        self._unpacked = limits.unpacked_bytes

    def spend_values(self, count: int) -> None:
        """:raises TooComplexError: more values were read than are allowed."""
        self._values -= count
        if self._values < 0:
            raise TooComplexError(what_zh="对象过多", what_en="too many objects")

    def unpackable(self) -> int:
        """How many bytes the next stream may unpack to."""
        return min(self.limits.stream_bytes, self._unpacked)

    def spend_unpacked(self, count: int) -> None:
        """Record what a stream unpacked to.

        :raises TooComplexError: that was more than is allowed.
        """
        if count > self.unpackable():
            raise TooComplexError(what_zh="压缩内容展开后过大", what_en="compressed content that unpacks to too much")
        self._unpacked -= count


def too_many(what_zh: str, what_en: str) -> TooComplexError:
    """The error for more of something than is allowed."""
    return TooComplexError(what_zh=f"{what_zh}过多", what_en=f"too many {what_en}")
