"""Showing a licence where there is no network (离线亮证): a signed credential that fits in one QR code.

Whoever checks it has our root certificate and asks nobody, so nothing can make it good for one look. What makes it
worth little to anybody else is that it holds for minutes, and says what to compare the person before one with.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateAuthority, KeyCustody, KeyPurpose, Subject, base45
from keys.cose import CoseSigner
from store.clock import Clock
from store.database import Database
from trust import Holder, HolderIndex, Licence, LicenceState, Register
from trust.codes import mask
from trust.holders import masked_name
from trust.offline_credential import LONGEST, PREFIX, SHORTEST, OfflineCredential
from trust.status_seats import StatusSeat
from wallet._tables import OfflinePresentationRow
from wallet.errors import LifetimeInvalidError, NotPresentableError, PurposeInvalidError, TooLargeForCodeError
from wallet.presentations import checked_purpose
from wallet.qr import Correction, QrCode
from wallet.wallet import Wallets

LIFETIME: Final = timedelta(minutes=5)
"""How long an offline presentation holds unless its holder wants it otherwise."""
LONGEST_PURPOSE: Final = 30
"""Characters of a purpose; the code has little room."""

# short, and without an organisation: the certificate travels within the code
_SUBJECT: Final = Subject(common_name="印证 离线亮证", organisation=None)


@dataclass(frozen=True)
class OfflinePresentation:
    """What the holder's telephone shows."""

    text: str
    credential: OfflineCredential
    correction: Correction

    @cached_property
    def qr(self) -> QrCode:
        """The text as a QR code of version 25 at most."""
        return QrCode(self.text, self.correction)

    def __repr__(self) -> str:
        return f"OfflinePresentation({self.credential.identifier})"


@dataclass(frozen=True)
class Minting:
    """That an offline presentation was made, as it stands on record."""

    id: str
    identifier: str
    purpose: str
    at: datetime
    expires_at: datetime


class OfflinePresentations:
    """Makes offline presentations, and keeps on record that they were made.

    :param status_uri: the address of a status list, by its number.
    """

    def __init__(
        self,
        database: Database,
        wallets: Wallets,
        register: Register,
        custody: KeyCustody,
        authority: CertificateAuthority,
        clock: Clock,
        *,
        status_uri: Callable[[int], str],
    ) -> None:
        self._database = database
        self._wallets = wallets
        self._register = register
        self._custody = custody
        self._authority = authority
        self._clock = clock
        self._status_uri = status_uri

    def present(
        self,
        holder: HolderIndex,
        identifier: str,
        *,
        purpose: str,
        lifetime: timedelta = LIFETIME,
        fields: Collection[str] | None = None,
    ) -> OfflinePresentation:
        """Make an offline presentation of one licence of a holder's wallet.

        :param fields: which of those that its type has shown; None for all of them.
        :param lifetime: in whole minutes.
        :raises NotInWalletError: the licence is not this holder's.
        :raises NotPresentableError: it does not hold at present.
        :raises WalletClosedError: the wallet has been closed.
        :raises PurposeInvalidError: the purpose is empty, too long for a code, or has control characters.
        :raises LifetimeInvalidError: the lifetime is shorter or longer than may be.
        :raises TooLargeForCodeError: what has to be said does not fit in one code.
        """
        purpose = checked_purpose(purpose)
        if len(purpose) > LONGEST_PURPOSE:
            raise PurposeInvalidError(longest=LONGEST_PURPOSE)
        if not SHORTEST <= lifetime <= LONGEST or lifetime % timedelta(minutes=1):
            raise LifetimeInvalidError(shortest=_minutes(SHORTEST), longest=_minutes(LONGEST))
        # what does not hold would be refused below as well; here it costs no transaction that holds anything
        self._refuse_unless_valid(self._wallets.licence(holder, identifier))
        signer = self._signer()
        now = self._clock.now().replace(microsecond=0)
        with self._database.transaction() as session:
            self._wallets.hold_open(session, holder)
            licence, seat = self._register.hold(session, identifier)
            self._refuse_unless_valid(licence)
            full = self._credential(licence, seat, holder, purpose, now, lifetime, fields)
            made = _first_that_fits(signer, full)
            session.add(
                OfflinePresentationRow(
                    id=full.id.hex(),
                    holder_index=holder.value,
                    identifier=identifier,
                    purpose=purpose,
                    created_at=now,
                    expires_at=full.expires_at,
                )
            )
        return made

    def made_by(self, holder: HolderIndex) -> list[Minting]:
        """The offline presentations that a holder had made, newest first."""
        table = OfflinePresentationRow
        statement = sa.select(table).where(table.holder_index == holder.value)
        with self._database.transaction() as session:
            return [
                Minting(row.id, row.identifier, row.purpose, row.created_at, row.expires_at)
                for row in session.scalars(statement.order_by(table.created_at.desc(), table.id))
            ]

    def _refuse_unless_valid(self, licence: Licence) -> None:
        state = licence.state_on(self._register.today())
        if state is not LicenceState.VALID:
            raise NotPresentableError(state=state.value, state_zh=state.zh)

    def _signer(self) -> CoseSigner:
        """Looked up each time, so that a rotation takes effect at once and a certificate is renewed in time."""
        record = self._authority.ensure_service(KeyPurpose.PRESENTATION, _SUBJECT)
        chain = self._authority.chain(record.certificate)
        if len(chain) > 1:
            # the root is what the checker has
            chain = chain[:-1]
        encoded = [each.public_bytes(Encoding.DER) for each in chain]
        return CoseSigner(self._custody, self._custody.info(record.key_id), encoded)

    def _credential(
        self,
        licence: Licence,
        seat: StatusSeat,
        holder: HolderIndex,
        purpose: str,
        now: datetime,
        lifetime: timedelta,
        chosen: Collection[str] | None,
    ) -> OfflineCredential:
        who = _holder_of(licence, holder)
        return OfflineCredential(
            id=secrets.token_bytes(16),
            identifier=licence.identifier,
            purpose=purpose,
            issued_at=now,
            expires_at=now + lifetime,
            status_uri=self._status_uri(seat.list),
            status_index=seat.index,
            name_zh=licence.type.name_zh,
            name_en=licence.type.name_en,
            issuer=licence.issuer_name,
            holder_masked=masked_name(who.name, person=who.code_type == "citizen_id"),
            code_masked=mask(who.code),
            valid_from=licence.valid_from,
            valid_until=licence.valid_until,
            fields=tuple(_shown(licence, chosen)),
        )


def _holder_of(licence: Licence, holder: HolderIndex) -> Holder:
    """The one of a licence's holders whose wallet it is in."""
    indexes: Sequence[HolderIndex] = (licence.holder_index, *licence.co_holder_indexes)
    return (licence.holder, *licence.co_holders)[indexes.index(holder)]


def _shown(licence: Licence, chosen: Collection[str] | None) -> Iterator[tuple[str, str]]:
    for key in licence.type.shown:
        if chosen is not None and key not in chosen:
            continue
        value = licence.fields.get(key)
        if isinstance(value, str) and value:
            yield licence.type.title_zh(key), value


def _first_that_fits(signer: CoseSigner, full: OfflineCredential) -> OfflinePresentation:
    """A credential with as many of its fields as one code has room for, with as much correction as there is room for.

    What a type has shown can be left out, the least telling first; nothing else can.
    """
    for count in range(len(full.fields), -1, -1):
        credential = full._replace(fields=full.fields[:count])
        text = PREFIX + base45.encode(signer.sign(credential.to_cbor()))
        for correction in Correction:
            if len(text) <= correction.capacity:
                return OfflinePresentation(text, credential, correction)
    raise TooLargeForCodeError


def _minutes(lifetime: timedelta) -> int:
    return lifetime // timedelta(minutes=1)
