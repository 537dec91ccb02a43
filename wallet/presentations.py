"""Showing a licence (亮证): a signed token, short-lived and good for one look, that fits in a QR code.

What makes a presentation good for one look is the row in PostgreSQL, changed by one statement that only one of any
number of simultaneous readers can win. The token only carries it: signed by us (ES256), it names the licence, the
purpose and, where the holder chose one, the body that may redeem it.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from keys import TokenSigner, TokenVerifier
from keys.errors import TokenExpiredError, TokenInvalidError
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from trust import HolderIndex, LicenceState, Register
from wallet._tables import PresentationRow
from wallet.errors import (
    NotPresentableError,
    PresentationAudienceError,
    PresentationExpiredError,
    PresentationInvalidError,
    PresentationUsedError,
    PurposeInvalidError,
)
from wallet.qr import QrCode
from wallet.wallet import Wallets

LIFETIME = timedelta(seconds=60)
TOKEN_TYPE = "licence-presentation+jwt"  # noqa: S105  a word, no secret
AUDIENCE = "yinzheng:check"
"""The audience of every presentation token: it can be redeemed with us and is nobody's access token."""
_MAX_PURPOSE = 100


@dataclass(frozen=True)
class Presentation:
    """What the holder's telephone shows."""

    number: str
    """By which :meth:`Presentations.past` tells what became of it."""
    token: str
    identifier: str
    purpose: str
    audience: str | None
    """Unified social credit code of the only body that may redeem it; None for anybody that may check."""
    expires_at: datetime

    def qr_svg(self) -> str:
        """The token as a QR code: an SVG image."""
        return QrCode(self.token).svg()

    def qr_png(self) -> bytes:
        """The token as a QR code: a PNG image."""
        return QrCode(self.token).png()

    def __repr__(self) -> str:
        return f"Presentation({self.identifier})"


@dataclass(frozen=True)
class Redeemed:
    """What the checking department gets for a presentation."""

    identifier: str
    purpose: str
    presented_at: datetime
    presented_by: str
    """``holder``, or who showed it for the holder."""


@dataclass(frozen=True)
class PastPresentation:
    """A presentation that was handed out, and what became of it."""

    identifier: str
    purpose: str
    audience: str | None
    at: datetime
    expires_at: datetime
    redeemed_at: datetime | None
    redeemed_by: str | None
    """Unified social credit code of the body that redeemed it."""


class Presentations:
    """Hands out presentations and takes each back once."""

    def __init__(
        self,
        database: Database,
        wallets: Wallets,
        register: Register,
        signer: TokenSigner,
        verifier: TokenVerifier,
        clock: Clock,
    ) -> None:
        self._database = database
        self._wallets = wallets
        self._register = register
        self._signer = signer
        self._verifier = verifier
        self._clock = clock

    def present(
        self,
        holder: HolderIndex,
        identifier: str,
        *,
        purpose: str,
        audience: str | None = None,
        by: str = "holder",
    ) -> Presentation:
        """Make a presentation of one licence of a holder's wallet, good for :data:`LIFETIME` and one redemption.

        :param by: who shows it for the holder.
        :raises NotInWalletError: it is not this holder's.
        :raises NotPresentableError: it does not hold at present.
        :raises PurposeInvalidError: the purpose is empty, too long, or has control characters.
        """
        purpose = checked_purpose(purpose)
        licence = self._wallets.licence(holder, identifier)
        state = licence.state_on(self._register.today())
        if state is not LicenceState.VALID:
            raise NotPresentableError(state=state.value, state_zh=state.zh)
        now = self._clock.now()
        expires_at = now + LIFETIME
        presentation_id = secrets.token_hex(16)
        token = self._signer.sign(
            {"jti": presentation_id, "sub": identifier, "purpose": purpose},
            typ=TOKEN_TYPE,
            audience=AUDIENCE,
            lifetime=LIFETIME,
        )
        with self._database.transaction() as session:
            self._wallets.hold_open(session, holder)
            session.add(
                PresentationRow(
                    id=presentation_id,
                    holder_index=holder.value,
                    identifier=identifier,
                    purpose=purpose,
                    audience=audience,
                    created_at=now,
                    expires_at=expires_at,
                    presented_by=by,
                )
            )
        return Presentation(presentation_id, token, identifier, purpose, audience, expires_at)

    def made_by(self, holder: HolderIndex) -> list[PastPresentation]:
        """The presentations that a holder had made, oldest first."""
        table = PresentationRow
        statement = sa.select(table).where(table.holder_index == holder.value).order_by(table.created_at, table.id)
        with self._database.transaction() as session:
            return [_past(row) for row in session.scalars(statement)]

    def past(self, holder: HolderIndex, number: str, *, by: str = "holder") -> PastPresentation | None:
        """What became of a presentation of a holder's; None where there is none that this person had made."""
        with self._database.transaction() as session:
            row = session.get(PresentationRow, number)
            if row is None or row.holder_index != holder.value or row.presented_by != by:
                return None
            return _past(row)

    @crossing()
    def redeem(self, token: str, *, by: str) -> Redeemed:
        """Take a presentation, once.

        :param by: unified social credit code of the body that checks.
        :raises PresentationInvalidError: it is not ours.
        :raises PresentationExpiredError: it is too old.
        :raises PresentationAudienceError: it was made for another body. That does not use it up.
        :raises PresentationUsedError: it was redeemed before, or somebody else was faster.
        """
        try:
            verified = self._verifier.verify(token, typ=TOKEN_TYPE, audience=AUDIENCE)
        except TokenExpiredError as error:
            raise PresentationExpiredError from error
        except TokenInvalidError as error:
            raise PresentationInvalidError from error
        now = self._clock.now()
        statement = (
            sa.update(PresentationRow)
            .where(
                PresentationRow.id == verified.token_id,
                PresentationRow.redeemed_at.is_(None),
                PresentationRow.expires_at > now,
                sa.or_(PresentationRow.audience.is_(None), PresentationRow.audience == by),
            )
            .values(redeemed_at=now, redeemed_by=by)
            .returning(
                PresentationRow.identifier,
                PresentationRow.purpose,
                PresentationRow.created_at,
                PresentationRow.presented_by,
            )
        )
        with self._database.transaction() as session:
            taken = session.execute(statement).one_or_none()
            if taken is not None:
                return Redeemed(*taken)
            row = session.get(PresentationRow, verified.token_id)
        if row is None:
            raise PresentationInvalidError
        if row.redeemed_at is not None:
            raise PresentationUsedError
        if row.expires_at <= now:
            raise PresentationExpiredError
        raise PresentationAudienceError


def _past(row: PresentationRow) -> PastPresentation:
    return PastPresentation(
        row.identifier, row.purpose, row.audience, row.created_at, row.expires_at, row.redeemed_at, row.redeemed_by
    )


def checked_purpose(purpose: str) -> str:
    """A purpose in its normal form.

    :raises PurposeInvalidError: it is empty, too long, or has control characters.
    """
    text = unicodedata.normalize("NFC", purpose).strip()
    if not text or len(text) > _MAX_PURPOSE or any(unicodedata.category(char).startswith("C") for char in text):
        raise PurposeInvalidError(longest=_MAX_PURPOSE)
    return text
