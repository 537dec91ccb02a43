"""Signing credentials (签名凭证): the key that a person or a company signs with, kept here and under their control.

The key never leaves custody and signs only what its owner has just authorised (:mod:`seal.authorisations`). The owner's
code and name rest encrypted; an owner is found by a blind index.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from cryptography import x509
from sqlalchemy.orm import Session

from keys import (
    CertificateAuthority,
    CertificateProfile,
    FieldVault,
    KeyAlgorithm,
    KeyCustody,
    KeyPurpose,
    Record,
    RecordLog,
    RevocationReason,
    Subject,
)
from keys.errors import AlreadyRevokedError
from seal._signing_tables import SigningCredentialEventRow, SigningCredentialRow
from seal.signing_errors import CredentialNotUsableError, CredentialUnknownError
from seal.totp import Totp, TotpEnrolment
from store.clock import Clock
from store.database import Database


class OwnerKind(StrEnum):
    """By which code an owner is known."""

    PERSON = "citizen_id"
    COMPANY = "uscc"


class CredentialState(StrEnum):
    """Whether a credential may sign."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"

    @property
    def zh(self) -> str:
        """As officials say it."""
        return {"active": "有效", "suspended": "停用", "cancelled": "注销"}[self.value]


@dataclass(frozen=True)
class Signatory:
    """Who signs: a person or a company."""

    kind: OwnerKind
    code: str = field(repr=False)
    """Citizen identity number or unified social credit code, checked by the caller."""
    name: str = field(repr=False)
    index: bytes = field(repr=False)
    """The blind index under which clients of this owner are enrolled."""


@dataclass(frozen=True)
class SigningCredential:
    """A key of an owner with its certificate."""

    id: int
    number: str
    kind: OwnerKind
    owner_index: bytes = field(repr=False)
    state: CredentialState
    key_id: int
    certificate_id: int
    created_at: datetime
    locked_until: datetime | None
    """Until when no code is looked at, after too many wrong ones."""


class Credentials:
    """The signing credentials. Safe to use from several threads."""

    def __init__(
        self, database: Database, custody: KeyCustody, authority: CertificateAuthority, vault: FieldVault, clock: Clock
    ) -> None:
        self._database = database
        self._custody = custody
        self._authority = authority
        self._vault = vault
        self._clock = clock
        self._log = RecordLog(vault)
        self.totp = Totp(vault)

    def enrol(self, signatory: Signatory, *, actor: str, reason: str) -> tuple[SigningCredential, TotpEnrolment]:
        """Make a key, its certificate and an authenticator for an owner whose identity was proved.

        :param actor: the officer who saw the proof.
        :returns: the credential, and what the owner's authenticator is set up with, shown this once.
        :raises SubjectInvalidError: the name cannot stand in a certificate.
        """
        number = f"sc-{secrets.token_hex(8)}"
        now = self._clock.now()
        with self._database.transaction() as session:
            key = self._custody.generate(
                session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.PERSON, label=f"signature {number}"
            )
            record = self._authority.issue(session, key.id, CertificateProfile.PERSON, _subject(signatory, number))
            row = SigningCredentialRow(
                number=number,
                owner_kind=signatory.kind.value,
                owner_index=signatory.index,
                owner_code=self._vault.encrypt(signatory.code.encode(), context=f"signing_credential.code:{number}"),
                owner_name=self._vault.encrypt(signatory.name.encode(), context=f"signing_credential.name:{number}"),
                state=CredentialState.ACTIVE.value,
                key_id=key.id,
                certificate_id=record.id,
                wrong_answers=0,
                lockouts=0,
                created_at=now,
            )
            session.add(row)
            session.flush()
            self._record(session, row, "enrol", actor, reason)
            return credential_of(row), self.totp.enrol(session, row.id, label=number, at=now)

    def renew_authenticator(self, number: str, *, actor: str, reason: str) -> TotpEnrolment:
        """Give an owner whose identity was proved anew another authenticator; it also ends a lock.

        :raises CredentialUnknownError: there is no such credential.
        :raises CredentialNotUsableError: it was cancelled.
        """
        with self._database.transaction() as session:
            row = locked_credential(session, number)
            if row.state == CredentialState.CANCELLED:
                raise not_usable(row)
            row.wrong_answers, row.lockouts, row.locked_until = 0, 0, None
            self._record(session, row, "authenticator", actor, reason)
            return self.totp.enrol(session, row.id, label=number, at=self._clock.now())

    def suspend(self, number: str, *, actor: str, reason: str) -> SigningCredential:
        """Stop a credential at once; authorisations that were given are of no use while it is.

        :raises CredentialUnknownError: there is no such credential.
        :raises CredentialNotUsableError: it is not active.
        """
        return self._move(number, {CredentialState.ACTIVE}, CredentialState.SUSPENDED, actor, reason)

    def resume(self, number: str, *, actor: str, reason: str) -> SigningCredential:
        """Let a suspended credential sign again.

        :raises CredentialUnknownError: there is no such credential.
        :raises CredentialNotUsableError: it is not suspended.
        """
        return self._move(number, {CredentialState.SUSPENDED}, CredentialState.ACTIVE, actor, reason)

    def cancel(self, number: str, *, actor: str, reason: str) -> SigningCredential:
        """End a credential for good, and revoke its certificate with it. What it signed before stays good.

        :raises CredentialUnknownError: there is no such credential.
        :raises CredentialNotUsableError: it was cancelled before.
        """
        usable = {CredentialState.ACTIVE, CredentialState.SUSPENDED}
        cessation = RevocationReason.CESSATION_OF_OPERATION
        return self._move(number, usable, CredentialState.CANCELLED, actor, reason, revoked_for=cessation)

    def get(self, number: str, *, owner: bytes | None = None) -> SigningCredential:
        """A credential by its number.

        :param owner: blind index of the owner for whom is asked; others' credentials are then as if there were none.
        :raises CredentialUnknownError: there is no such credential.
        """
        with self._database.transaction() as session:
            row = session.scalar(sa.select(SigningCredentialRow).where(SigningCredentialRow.number == number))
        if row is None or (owner is not None and not secrets.compare_digest(row.owner_index, owner)):
            raise CredentialUnknownError
        return credential_of(row)

    def all(self, *, owner: bytes | None = None) -> list[SigningCredential]:
        """All credentials, or those of one owner, oldest first."""
        statement = sa.select(SigningCredentialRow).order_by(SigningCredentialRow.id)
        if owner is not None:
            statement = statement.where(SigningCredentialRow.owner_index == owner)
        with self._database.transaction() as session:
            return [credential_of(row) for row in session.scalars(statement)]

    def name(self, credential: SigningCredential) -> str:
        """The owner's name, as it stands in the certificate."""
        with self._database.transaction() as session:
            row = session.get_one(SigningCredentialRow, credential.id)
        return self._vault.decrypt(row.owner_name, context=f"signing_credential.name:{row.number}").decode()

    def chain(self, credential: SigningCredential) -> list[x509.Certificate]:
        """The certificate and those above it, ending with the root."""
        return self._authority.chain(self._authority.get(credential.certificate_id).certificate)

    def _move(
        self,
        number: str,
        before: set[CredentialState],
        after: CredentialState,
        actor: str,
        reason: str,
        *,
        revoked_for: RevocationReason | None = None,
    ) -> SigningCredential:
        with self._database.transaction() as session:
            row = locked_credential(session, number)
            if row.state not in before:
                raise not_usable(row)
            row.state = after.value
            if revoked_for is not None:
                with suppress(AlreadyRevokedError):  # by an administrator of certificates, which is as good
                    self._authority.revoke(session, row.certificate_id, revoked_for, actor=actor)
            self._record(session, row, after.value, actor, reason)
            return credential_of(row)

    def _record(self, session: Session, row: SigningCredentialRow, move: str, actor: str, reason: str) -> None:
        now = self._clock.now()
        session.add(SigningCredentialEventRow(credential_id=row.id, move=move, actor=actor, reason=reason, at=now))
        facts, particulars = {"state": row.state}, {"actor": actor, "reason": reason}
        record = Record(f"signing-credential.{move}", f"signing-credential:{row.number}", now, facts, particulars)
        self._log.add(session, record)


def locked_credential(session: Session, number: str) -> SigningCredentialRow:
    """The row of a credential, held until the transaction ends.

    :raises CredentialUnknownError: there is no such credential.
    """
    statement = sa.select(SigningCredentialRow).where(SigningCredentialRow.number == number)
    row = session.scalar(statement.with_for_update())
    if row is None:
        raise CredentialUnknownError
    return row


def not_usable(row: SigningCredentialRow) -> CredentialNotUsableError:
    """The error that tells a credential's state."""
    state = CredentialState(row.state)
    return CredentialNotUsableError(state=state.value, state_zh=state.zh)


def credential_of(row: SigningCredentialRow) -> SigningCredential:
    """The value that a row stands for."""
    return SigningCredential(
        id=row.id,
        number=row.number,
        kind=OwnerKind(row.owner_kind),
        owner_index=row.owner_index,
        state=CredentialState(row.state),
        key_id=row.key_id,
        certificate_id=row.certificate_id,
        created_at=row.created_at,
        locked_until=row.locked_until,
    )


def _subject(signatory: Signatory, number: str) -> Subject:
    """A company's code is public and stands in its certificate; a person's does not."""
    if signatory.kind is OwnerKind.COMPANY:
        identifier = Subject.credit_code_identifier(signatory.code)
        return Subject(signatory.name, signatory.name, organisation_identifier=identifier, serial_number=number)
    return Subject(signatory.name, None, serial_number=number)
