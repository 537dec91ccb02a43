"""What an officer searches for, as an address can carry it: encrypted, so that addresses and logs name nobody."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from api.officers import Officer
from api.services import Services
from keys.errors import VaultDamagedError

FIELDS: Final = ("words", "type", "state", "issued_from", "issued_until", "order")
_LONGEST: Final = 1500


def kept(services: Services, officer: Officer, search: Mapping[str, str]) -> str:
    """A search as part of an address, good for this officer alone; empty where nothing is searched for."""
    said = {key: search[key] for key in FIELDS if search.get(key)}
    if not said:
        return ""
    blob = services.keys.vault.encrypt(json.dumps(said, ensure_ascii=False).encode(), context=_context(officer))
    return urlsafe_b64encode(blob).decode().rstrip("=")


def told(services: Services, officer: Officer, token: str) -> dict[str, str]:
    """The search that :func:`kept` made; one for everything where the token is none of this officer's."""
    try:
        blob = urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
        found = json.loads(services.keys.vault.decrypt(blob, context=_context(officer)))
    except (binascii.Error, ValueError, VaultDamagedError):
        found = {}
    return {key: str(found.get(key, "")) for key in FIELDS}


def _context(officer: Officer) -> str:
    return f"console.search:{officer.reference}"
