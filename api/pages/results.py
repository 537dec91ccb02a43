"""Results of checks that a page may show again for a while: under an unguessable number, encrypted, and then gone.

The cache knows a result by a digest of its number and holds it encrypted, since a page's picture has personal data on
it. What the cache forgot, or holds under a key that is no longer, is a result whose time is up.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from api.errors import ResultGoneError
from api.services import Services
from keys.errors import KeysError
from store.errors import YinzhengError
from trust.offline_credential import OfflineCredential
from verify import Verdict
from verify.page_picture import PagePicture
from verify.receipts import Evidence

KEPT: Final = timedelta(minutes=15)
_NUMBER_BYTES: Final = 24
_LONGEST_NUMBER: Final = 64

_Held = TypeVar("_Held", bound="Held")


class Held(BaseModel):
    """What is held. Times of it are set by :func:`hold`."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", extra="forbid", frozen=True)


class ShownOffline(Held):
    """What an offline presentation says, once its signature was found to be good."""

    purpose: str
    facts: tuple[tuple[str, str, str], ...]
    """Name in Chinese and in English, and value; the credential has some names in Chinese alone."""


class HeldCheck(Held):
    """A public check."""

    verdict: Verdict
    evidence: Evidence
    reference: str
    """Its number in the record of checks."""
    picture: PagePicture | None = None
    shown: ShownOffline | None = None


def hold(services: Services, kind: str, what: Held, *, kept: timedelta = KEPT, number: str | None = None) -> str:
    """Keep something for a while.

    :param number: where it was kept before, to keep what it is now instead.
    :returns: its number, which is as good as the thing.
    """
    number = number or secrets.token_urlsafe(_NUMBER_BYTES)
    key = _key(kind, number)
    blob = services.keys.vault.encrypt(what.model_dump_json().encode(), context=key)
    services.cache.set(key, blob, kept)
    return number


def held(services: Services, kind: str, what: type[_Held], number: str) -> _Held:
    """What is kept under a number.

    :raises ResultGoneError: there is nothing, or its time is up.
    """
    if len(number) > _LONGEST_NUMBER:
        raise ResultGoneError
    key = _key(kind, number)
    blob = services.cache.get(key)
    if blob is None:
        raise ResultGoneError
    try:
        return what.model_validate_json(services.keys.vault.decrypt(blob, context=key))
    except (KeysError, ValidationError):
        raise ResultGoneError from None


def _key(kind: str, number: str) -> str:
    return f"{kind}:{hashlib.sha256(number.encode()).hexdigest()}"


def picture_of(draw: Callable[..., PagePicture], file: bytes | Path, verdict: Verdict) -> PagePicture | None:
    """The page with the seals; None where it cannot be drawn."""
    try:
        return draw(file, [each.field_name for each in verdict.signatures])
    except YinzhengError:
        return None


def shown_offline(credential: OfflineCredential) -> ShownOffline:
    """What a credential says, for a page."""
    facts = [
        ("证照名称", "Licence", f"{credential.name_zh} {credential.name_en}"),
        ("发证机关", "Issuer", credential.issuer),
        ("持证主体", "Holder", credential.holder_masked),
        ("证件号码", "Code", credential.code_masked),
        *((title, title, value) for title, value in credential.fields),
    ]
    return ShownOffline(purpose=credential.purpose, facts=tuple(facts))
