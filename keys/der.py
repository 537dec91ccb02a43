"""Writing DER (ITU-T X.690) where speed matters: each function returns the encoding of one value.

Reading untrusted DER is left to libraries; this module only writes, and what it writes is made of parts that never
change between signatures, so that a signature costs little more than its cryptography.
"""

from __future__ import annotations

from collections.abc import Iterable


def tlv(tag: int, *contents: bytes) -> bytes:
    """A value with a one-byte tag and the shortest length encoding, as DER requires."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*elements: bytes) -> bytes:
    """SEQUENCE of already encoded elements."""
    return tlv(0x30, *elements)


def set_of(elements: Iterable[bytes], *, tag: int = 0x31) -> bytes:
    """SET OF: the elements in ascending order of their encodings (X.690, 11.6); another tag makes it implicit."""
    return tlv(tag, *sorted(elements))


def integer(value: int) -> bytes:
    """INTEGER, of either sign, in the fewest octets (X.690, 8.3.2)."""
    magnitude = value if value >= 0 else ~value  # -128 fits in one octet, as 127 does
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def octet_string(value: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, value)


def null() -> bytes:
    """NULL."""
    return b"\x05\x00"


def explicit(number: int, *elements: bytes) -> bytes:
    """A constructed context-specific tag around already encoded elements."""
    return tlv(0xA0 | number, *elements)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    encoded = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | (arc & 0x7F))
        encoded += bytes(reversed(septets))
    return tlv(0x06, bytes(encoded))
