"""One-time codes of an authenticator (动态口令) as the second factor of a signature: TOTP, RFC 6238.

SHA-1, six digits, thirty seconds, as all authenticators expect. A code is taken one step early or late, for clocks that
are not quite right, and never twice: after a code none of its own or an earlier step is (RFC 6238, 5.2).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import pyotp
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from keys import FieldVault
from seal._signing_tables import TotpRow

_SECRET_SIZE: Final = 20
"""Bytes; the size that RFC 4226 (4, R6) recommends, that of SHA-1's output."""

_DIGITS: Final = 6
_PERIOD: Final = 30
_SKEW: Final = 1
_ISSUER: Final = "印证 Yinzheng"
_NEVER: Final = -1


class SecondFactor(Protocol):
    """Something besides the client's token with which a person shows that it is them who signs."""

    @property
    def name(self) -> str:
        """Under which the factor is asked for, such as ``OTP``."""
        ...

    def check(
        self, session: Session, credential_id: int, answer: str, *, digests: tuple[str, ...], at: datetime
    ) -> bool:
        """Whether an answer is right, and use it up. The caller holds the credential's row, so no two run at once.

        :param digests: SHA-256, hexadecimal, of what is to be signed, for factors that show or sign it.
        """
        ...


@dataclass(frozen=True)
class TotpEnrolment:
    """What an authenticator is set up with; shown this once."""

    uri: str = field(repr=False)
    """``otpauth://totp/…``, as a QR code or by hand."""


class Totp:
    """The authenticators of signing credentials. Safe to use from several threads."""

    name = "OTP"

    def __init__(self, vault: FieldVault) -> None:
        self._vault = vault

    def enrol(self, session: Session, credential_id: int, *, label: str, at: datetime) -> TotpEnrolment:
        """Give a credential an authenticator; one that it had is of no use from now on.

        :param label: what the authenticator shows; no personal data.
        """
        secret = secrets.token_bytes(_SECRET_SIZE)
        values = {
            "secret": self._vault.encrypt(secret, context=_context(credential_id)),
            "last_step": _NEVER,
            "enrolled_at": at,
        }
        statement = insert(TotpRow).values(credential_id=credential_id, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["credential_id"], set_=values))
        return TotpEnrolment(_codes(secret).provisioning_uri(name=label, issuer_name=_ISSUER))

    def check(
        self, session: Session, credential_id: int, answer: str, *, digests: tuple[str, ...], at: datetime
    ) -> bool:
        """Whether a code is right; see :meth:`SecondFactor.check`. It says nothing about ``digests``."""
        row = session.get(TotpRow, credential_id, with_for_update=True)
        if row is None or not (answer.isascii() and answer.isdigit() and len(answer) == _DIGITS):
            return False
        codes = _codes(self._vault.decrypt(row.secret, context=_context(credential_id)))
        now = int(at.timestamp()) // _PERIOD
        matching = _NEVER
        # all are compared, whichever fits
        for step in range(now - _SKEW, now + _SKEW + 1):
            if hmac.compare_digest(codes.generate_otp(step), answer) and step > row.last_step:
                matching = step
        if matching == _NEVER:
            return False
        session.execute(sa.update(TotpRow).where(TotpRow.credential_id == credential_id).values(last_step=matching))
        return True


def _codes(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(secret).decode("ascii"), digits=_DIGITS, interval=_PERIOD)


def _context(credential_id: int) -> str:
    return f"signing_totp.secret:{credential_id}"
