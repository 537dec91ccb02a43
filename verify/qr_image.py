"""Reading a QR code off a picture: a file from a telephone, or a photograph of its screen."""

from __future__ import annotations

import io
import warnings
from typing import Final

import zxingcpp
from PIL import Image, ImageOps

from verify.errors import NoCodeError, PictureUnreadableError, SeveralCodesError

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of a picture."""
_MOST_PIXELS: Final = 64_000_000


def text_in(picture: bytes) -> str:
    """What the one QR code in a picture says.

    :param picture: PNG or JPEG. Its size in pixels is looked at before any pixel is decoded.
    :raises PictureUnreadableError: it is no such picture, or too large.
    :raises NoCodeError: there is no QR code in it.
    :raises SeveralCodesError: there are several that say different things.
    """
    if len(picture) > LARGEST:
        raise PictureUnreadableError
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as image:
            warnings.simplefilter("error")
            if image.width * image.height > _MOST_PIXELS:
                raise PictureUnreadableError
            pixels = ImageOps.exif_transpose(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        raise PictureUnreadableError from None
    found = {
        code.text
        for code in zxingcpp.read_barcodes(pixels, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        if code.text
    }
    if not found:
        raise NoCodeError
    if len(found) > 1:
        raise SeveralCodesError
    return str(found.pop())
