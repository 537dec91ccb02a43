"""Receipts (核验回执): a signed record of a check, which goes into the case file in place of the photocopy.

A receipt is a JWS (RFC 7515, ES256) by a key that signs nothing else. It has no end: it says what was found when, and
that stays true. It holds no personal data: what was checked is there as a digest, and a licence only by its identifier
where the client may know of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from keys import TokenSigner, TokenVerifier
from keys.errors import TokenInvalidError
from verify.callers import Occasion
from verify.check_errors import ReceiptInvalidError
from verify.verdict import Indication

RECEIPT_TYPE: Final = "check-receipt+jwt"
_REQUIRED: Final = ("evidence", "digest", "verdict", "reasons", "checked_at", "service_item", "case_number", "body")

Evidence = Literal["pdf", "identifier", "presentation", "materials", "batch", "query", "seal_signature"]


@dataclass(frozen=True)
class Receipt:
    """What a receipt says, after its signature was checked."""

    id: str
    issuer: str
    checked_at: datetime
    evidence: str
    digest: str
    """SHA-256 of what was checked: the file, or the request; lowercase hexadecimal."""
    identifier: str | None
    verdict: Indication
    reason_codes: tuple[str, ...]
    service_item: str
    service_item_version: int
    case_number: str
    client: str
    body: str
    """Unified social credit code of the body that checked."""
    log: Mapping[str, Any] | None
    """Where the check stands in the transparency log, if it does."""


@dataclass(frozen=True)
class Checked:
    """What a receipt is to be made of."""

    evidence: Evidence
    digest: str
    verdict: Indication
    reason_codes: Sequence[str]
    checked_at: datetime
    identifier: str | None = None
    log: Mapping[str, Any] | None = None


class ReceiptSigner:
    """Makes receipts.

    :param signer: with a key made for receipts.
    """

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def sign(self, occasion: Occasion, checked: Checked, *, receipt_id: str) -> str:
        """The receipt of a check."""
        claims: dict[str, object] = {
            "jti": receipt_id,
            "evidence": checked.evidence,
            "digest": checked.digest,
            "verdict": checked.verdict.value,
            "reasons": list(checked.reason_codes),
            "checked_at": checked.checked_at.isoformat(),
            "service_item": {"code": occasion.item.code, "version": occasion.item.version},
            "case_number": occasion.case_number,
            "client": occasion.caller.client_id,
            "body": occasion.caller.body_code,
        }
        if checked.identifier is not None:
            claims["identifier"] = checked.identifier
        if checked.log is not None:
            claims["log"] = dict(checked.log)
        return self._signer.sign_statement(claims, typ=RECEIPT_TYPE)


class ReceiptVerifier:
    """Checks receipts, here or anywhere else: the keys are public.

    :param verifier: with the public keys of receipts.
    """

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def verify(self, receipt: str) -> Receipt:
        """Check a receipt, and hand out what it says.

        :raises ReceiptInvalidError: it is none of this service's, or was changed.
        """
        try:
            verified = self._verifier.verify_statement(receipt, typ=RECEIPT_TYPE, required=_REQUIRED)
        except TokenInvalidError as error:
            raise ReceiptInvalidError from error
        claims = verified.claims
        return Receipt(
            id=verified.token_id,
            issuer=claims["iss"],
            checked_at=datetime.fromisoformat(claims["checked_at"]),
            evidence=claims["evidence"],
            digest=claims["digest"],
            identifier=claims.get("identifier"),
            verdict=Indication(claims["verdict"]),
            reason_codes=tuple(claims["reasons"]),
            service_item=claims["service_item"]["code"],
            service_item_version=claims["service_item"]["version"],
            case_number=claims["case_number"],
            client=claims["client"],
            body=claims["body"],
            log=claims.get("log"),
        )


def new_receipt_id() -> str:
    """A number for a receipt (回执编号): 128 random bits."""
    return secrets.token_hex(16)
