"""What somebody typed, a hand scanner typed for him, or a QR code says: which kind of code it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from api.errors import CodeElsewhereError
from api.services import Services
from trust.offline_credential import PREFIX as OFFLINE
from verify.errors import PictureUnreadableError
from verify.qr_image import LARGEST

_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_OF_BROWSERS: Final = (b"RIFF", b"GIF8", b"BM")
"""Pictures that are none of those that are read; who drops one is told so."""
_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_HELD_BY: Final = "/c/"


class CodeKind(Enum):
    """What can be typed or scanned."""

    IDENTIFIER = "identifier"
    PRESENTATION = "presentation"
    OFFLINE = "offline"


@dataclass(frozen=True)
class Code:
    """A code and its kind."""

    kind: CodeKind
    text: str
    """The identifier, the token, or the offline presentation."""


def read_text(text: str, *, origin: str) -> Code:
    """Tell which kind of code a text is; what is of no kind is taken for an identifier, and found to be none.

    :param origin: of this service: an address elsewhere is never one of ours, whatever its path says.
    :raises CodeElsewhereError: it is an address of another site, or none of a licence.
    """
    trimmed = text.strip()
    if trimmed.startswith(OFFLINE):
        # the alphabet has the space, which may stand at the end
        return Code(CodeKind.OFFLINE, text.strip("\r\n\t").lstrip())
    if _TOKEN.fullmatch(trimmed):
        return Code(CodeKind.PRESENTATION, trimmed)
    if re.match(r"[a-z][a-z0-9+.-]*:", trimmed, re.IGNORECASE):
        return Code(CodeKind.IDENTIFIER, _named_by(trimmed, origin))
    return Code(CodeKind.IDENTIFIER, trimmed)


def _named_by(address: str, origin: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise CodeElsewhereError from None
    if f"{parts.scheme}://{parts.netloc}".lower() != origin.lower() or not parts.path.startswith(_HELD_BY):
        raise CodeElsewhereError
    return unquote(parts.path.removeprefix(_HELD_BY))


def is_picture(file: bytes | Path) -> bool:
    """Whether a file begins as pictures do."""
    if isinstance(file, bytes):
        start = file[:8]
    else:
        with file.open("rb") as opened:
            start = opened.read(8)
    return start.startswith(_PICTURES + _OF_BROWSERS) or start[4:8] == b"ftyp"


def code_in(services: Services, file: bytes | Path) -> str:
    """What the QR code in a picture says. Raises like :func:`verify.qr_image.text_in`."""
    if isinstance(file, Path):
        if file.stat().st_size > LARGEST:
            raise PictureUnreadableError
        file = file.read_bytes()
    return services.read_code(file)
