"""Certificate revocation lists (证书撤销列表, RFC 5280): one full list for each authority, signed by it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self, TypeGuard

import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy.orm import Session, defer

from keys._certifying import issuer_of
from keys._crl import make_list
from keys._locks import take_turns
from keys._tables import RevocationListRow, RevocationRow
from keys.certificate_checks import sm2_key_of
from keys.certificates import CertificateRecord
from keys.custody import KeyCustody
from keys.errors import IssuerExpiredError, KeyDamagedError, Sm2KeyInvalidError
from keys.revocation import revocations_by
from keys.sm2 import SM2_WITH_SM3
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError

_LOG: Final = logging.getLogger(__name__)

LIST_LIFETIME: Final = timedelta(days=7)
"""From one list to the moment by which the next one is out (nextUpdate)."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as it is published; ``replaced_at`` is when the next one is due, if nothing is revoked before."""

    issuer_id: int
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    der: bytes

    @classmethod
    def of(cls, row: RevocationListRow) -> Self:
        """The list of a row."""
        return cls(row.issuer_id, row.number, row.this_update, row.next_update, row.entries, row.der)

    @property
    def replaced_at(self) -> datetime:
        return self.this_update + (self.next_update - self.this_update) / 2


class RevocationLists:
    """Makes and keeps the lists. Safe to use from several threads and processes.

    Every list that was published stays in the database. A new one is made when somebody asks and the last one has
    lived half of its time, or does not name all that was revoked by then.
    """

    def __init__(
        self, database: Database, custody: KeyCustody, clock: Clock, *, lifetime: timedelta = LIST_LIFETIME
    ) -> None:
        self._database = database
        self._custody = custody
        self._clock = clock
        self._lifetime = lifetime
        self._held: dict[int, RevocationList] = {}

    def current(self, issuer: CertificateRecord) -> RevocationList:
        """The list of an authority that names everything it has revoked.

        When no new one can be signed, one that is complete serves until its end; after an authority's own end its last
        complete one does.

        :raises IssuerExpiredError: the authority's certificate ended and its last list is not complete.
        :raises YinzhengError: the authority's key cannot be used, and there is no complete list that is still valid.
        """
        now = self._clock.now()
        with self._database.transaction() as session:
            found = self._complete(session, issuer.id)
        if _serves(found, issuer, now):
            return found
        try:
            return self._renew(issuer, now)
        except YinzhengError:
            if found is None or now >= found.next_update:
                raise
            _LOG.exception("the revocation list of authority %d could not be renewed; the last one serves", issuer.id)
            return found

    def kept(self, session: Session, issuer: CertificateRecord) -> RevocationList | None:
        """What :meth:`current` gives, within the caller's transaction; None where it would make a new list."""
        found = self._complete(session, issuer.id)
        return found if _serves(found, issuer, self._clock.now()) else None

    def _renew(self, issuer: CertificateRecord, now: datetime) -> RevocationList:
        if now > issuer.not_after:
            raise IssuerExpiredError
        with self._database.transaction() as session:
            take_turns(session, f"crl.{issuer.id}")
            found = self._complete(session, issuer.id)
            if found is not None and now < found.replaced_at:
                return found
            made = self._make(session, issuer, now)
            session.add(
                RevocationListRow(
                    issuer_id=made.issuer_id,
                    number=made.number,
                    this_update=made.this_update,
                    next_update=made.next_update,
                    entries=made.entries,
                    der=made.der,
                )
            )
        self._held[issuer.id] = made
        return made

    def _make(self, session: Session, issuer: CertificateRecord, now: datetime) -> RevocationList:
        last = _last(session, issuer.id)
        revocations = revocations_by(session, issuer.id)
        number = 1 if last is None else last.number + 1
        # a list is never older than the one before it, whatever the clock did
        this_update = now.replace(microsecond=0) if last is None else max(now.replace(microsecond=0), last.this_update)
        next_update = this_update + self._lifetime
        signer = issuer_of(self._custody, issuer)
        encoded = make_list(
            signer,
            revocations,
            number=number,
            this_update=this_update,
            next_update=next_update,
            complete_since=issuer.not_before,
        )
        if not is_signed_by(encoded, issuer.certificate):
            raise KeyDamagedError(key_id=issuer.key_id)
        return RevocationList(issuer.id, number, this_update, next_update, len(revocations), encoded)

    def _complete(self, session: Session, issuer_id: int) -> RevocationList | None:
        """The last list, if it names all that is revoked."""
        revoked = sa.select(sa.func.count()).where(RevocationRow.issuer_id == issuer_id).scalar_subquery()
        row = session.execute(_newest(issuer_id).add_columns(revoked)).one_or_none()
        if row is None or row[0].entries != row[1]:
            return None
        held = self._held.get(issuer_id)
        if held is None or held.number != row[0].number:
            held = self._held[issuer_id] = RevocationList.of(row[0])
        return held


def _serves(found: RevocationList | None, issuer: CertificateRecord, now: datetime) -> TypeGuard[RevocationList]:
    return found is not None and (now < found.replaced_at or now > issuer.not_after)


def is_signed_by(encoded: bytes, issuer: x509.Certificate) -> bool:
    """Whether an authority's key made the signature of a revocation list."""
    parsed = x509.load_der_x509_crl(encoded)
    try:
        if parsed.signature_algorithm_oid.dotted_string == SM2_WITH_SM3:
            return sm2_key_of(issuer).verify(parsed.signature, parsed.tbs_certlist_bytes)
        return parsed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # a key that cannot sign raises
    except (UnsupportedAlgorithm, Sm2KeyInvalidError, TypeError, ValueError):
        return False


def _newest(issuer_id: int) -> sa.Select[RevocationListRow]:
    return (
        sa.select(RevocationListRow)
        .options(defer(RevocationListRow.der))
        .where(RevocationListRow.issuer_id == issuer_id)
        .order_by(RevocationListRow.number.desc())
        .limit(1)
    )


def _last(session: Session, issuer_id: int) -> RevocationListRow | None:
    return session.scalars(_newest(issuer_id)).one_or_none()
