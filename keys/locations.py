"""Where a private key lives: wrapped in the database, or in a PKCS #11 token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

SOFT: Final = "soft"
"""Location of a key that rests in the database, wrapped."""

_SCHEME: Final = "pkcs11"


@dataclass(frozen=True, slots=True)
class TokenLocation:
    """A key pair in a token: the token's label and the CKA_ID that both halves have."""

    token: str
    object_id: bytes

    def __str__(self) -> str:
        return f"{_SCHEME}:{self.token}:{self.object_id.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place that a location names, or nothing where it names no token."""
        scheme, _, rest = text.partition(":")
        # a label may have a colon in it
        token, _, identifier = rest.rpartition(":")
        if scheme != _SCHEME or not token or not identifier:
            return None
        try:
            return cls(token, bytes.fromhex(identifier))
        except ValueError:
            return None
