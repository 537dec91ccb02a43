"""Checking a QR code: ``verify --qr``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api.commands.common import console, read_bytes
from api.errors import RequestInvalidError
from api.services import Services
from trust.offline_credential import PREFIX, OfflineCredential
from verify import TrustAnchors, Verdict
from verify.offline_presentation import check_offline_presentation
from verify.qr_image import LARGEST, text_in

_LARGEST_ANCHORS = 1024 * 1024
_LARGEST_LIST = 64 * 1024 * 1024


def check_qr(
    services: Services,
    picture: Path,
    *,
    offline: bool,
    trust: Path | None,
    status_list: Path | None,
    body: str | None,
) -> tuple[Verdict, OfflineCredential | None]:
    """The verdict on a QR code in a picture, and what an offline one says.

    :param body: unified social credit code of the body that checks; a presentation made online is redeemed for it.
    :raises RequestInvalidError: something has to be said as well: the anchors, or who checks.
    :raises VerifyError: there is no code in the picture.
    """
    text = text_in(read_bytes(picture, limit=LARGEST))
    if offline:
        if trust is None:
            raise RequestInvalidError(problem="--offline: --trust ROOT.pem")
        anchors = TrustAnchors.from_bytes(read_bytes(trust, limit=_LARGEST_ANCHORS))
        saved = None if status_list is None else read_bytes(status_list, limit=_LARGEST_LIST)
        found = check_offline_presentation(text, anchors, saved, now=services.clock.now())
        return found.verdict, found.credential
    if text.startswith(PREFIX):
        judged = services.checker.check_offline_code(text)
        return judged.verdict, judged.credential
    if body is None:
        raise RequestInvalidError(problem="--qr: --body 统一社会信用代码 (unified social credit code)")
    return services.checker.check_presentation(text, by=body).verdict, None


def as_object(credential: OfflineCredential) -> dict[str, Any]:
    """What an offline presentation says, as a JSON object."""
    return {
        "id": credential.id.hex(),
        "purpose": credential.purpose,
        "issued_at": credential.issued_at.isoformat(),
        "expires_at": credential.expires_at.isoformat(),
        "holder_masked": credential.holder_masked,
        "code_masked": credential.code_masked,
        "fields": dict(credential.fields),
        "status_list": {"uri": credential.status_uri, "idx": credential.status_index},
    }


def print_credential(credential: OfflineCredential) -> None:
    """What there is to compare the person with."""
    console.print(f"用途 purpose: {credential.purpose}", markup=False)
    console.print(f"持证主体 holder: {credential.holder_masked} {credential.code_masked}", markup=False)
    for title, value in credential.fields:
        console.print(f"{title}: {value}", markup=False)
