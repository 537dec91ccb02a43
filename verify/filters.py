"""Unpacking streams as far as the structure of a file needs it: Flate, with the PNG predictors (ISO 32000-1, 7.4.4)."""

from __future__ import annotations

import zlib

from verify.errors import TooComplexError
from verify.limits import Budget
from verify.objects import PdfSyntaxError, Value
from verify.source import Source

_STEP = 1_000_000


def unpack(data: Source, start: int, stop: int, filters: Value, parameters: Value, budget: Budget) -> bytes:
    """A stream's data, unpacked.

    :param start: where it stands in the file, packed.
    :param filters: its ``Filter``, no reference.
    :param parameters: its ``DecodeParms``, no reference.
    :raises PdfSyntaxError: it is packed in a way that structures are not, or does not unpack.
    :raises TooComplexError: it unpacks to too much.
    """
    if filters is None or filters == []:
        if stop - start > budget.unpackable():
            raise TooComplexError(what_zh="数据流过大", what_en="a stream that is too large")
        return data[start:stop]
    if filters not in ("FlateDecode", ["FlateDecode"]):
        raise PdfSyntaxError("a stream with an unusual filter")
    result = _inflated(data, start, stop, budget.unpackable() + 1)
    budget.spend_unpacked(len(result))
    if isinstance(parameters, list):
        parameters = parameters[0] if len(parameters) == 1 else None
    return _unpredict(result, parameters, budget) if isinstance(parameters, dict) else result


def _inflated(data: Source, start: int, stop: int, most: int) -> bytes:
    """At most so many bytes; in steps, since what is not unpacked would be kept as well."""
    packer, result = zlib.decompressobj(), bytearray()
    try:
        for at in range(start, stop, _STEP):
            result += packer.decompress(data[at : min(at + _STEP, stop)], most - len(result))
            if packer.eof or len(result) >= most:
                break
    except zlib.error:
        raise PdfSyntaxError("a stream that does not unpack") from None
    return bytes(result)


def _unpredict(data: bytes, parameters: dict[str, Value], budget: Budget) -> bytes:
    predictor, columns = parameters.get("Predictor", 1), parameters.get("Columns", 1)
    if predictor == 1:
        return data
    plain = parameters.get("Colors", 1) == 1 and parameters.get("BitsPerComponent", 8) == 8
    usual = isinstance(predictor, int) and predictor >= 10 and plain
    if not usual or not isinstance(columns, int) or not 1 <= columns <= 1024:
        raise PdfSyntaxError("a stream with an unusual predictor")
    budget.spend_values(len(data) // 16)
    rows, above = bytearray(), bytes(columns)
    for start in range(0, len(data), columns + 1):
        row = data[start + 1 : start + 1 + columns].ljust(columns, b"\x00")
        above = _png_row(data[start], row, above)
        rows += above
    return bytes(rows)


def _png_row(kind: int, row: bytes, above: bytes) -> bytes:
    if kind == 0:
        return row
    if kind == 2:
        return bytes((value + up) & 0xFF for value, up in zip(row, above, strict=True))
    result = bytearray()
    left = corner = 0
    for value, up in zip(row, above, strict=True):
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            estimate = left + up - corner
            guess = min((left, up, corner), key=lambda near: abs(estimate - near))
        else:
            raise PdfSyntaxError("a stream with an unusual predictor")
        left, corner = (value + guess) & 0xFF, up
        result.append(left)
    return bytes(result)
