"""Consents (委托授权): which systems may ask for signatures with a credential, by the word of its owner.

A consent lets a client see a credential and put hashes before its owner, and nothing more: each signature still wants
the owner's code. It is given with a code of the owner's, over a statement that names the client.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from seal._signing_tables import SigningConsentRow, SigningCredentialRow
from seal.authorisations import Authorisations, SignedSubject
from seal.credentials import SigningCredential, credential_of
from seal.signing_errors import ConsentUnknownError, CredentialUnknownError
from store.clock import Clock
from store.database import Database


@dataclass(frozen=True)
class Consent:
    """An owner's word that a client may ask for signatures."""

    client: str
    given_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class Consents:
    """Gives, withdraws and asks for consents. Safe to use from several threads."""

    def __init__(self, database: Database, authorisations: Authorisations, clock: Clock) -> None:
        self._database = database
        self._authorisations = authorisations
        self._clock = clock

    def give(self, credential: SigningCredential, client: str, *, factor: str, answer: str, actor: str) -> None:
        """Let a client ask for signatures; what its owner entered proves that the owner says so.

        :raises CredentialNotUsableError: the credential is not active.
        :raises CredentialLockedError: too many answers were wrong.
        :raises SecondFactorWrongError: this one is.
        """
        statement = f"consent:{credential.number}:{client}".encode()
        self._authorisations.authorise(
            credential,
            [hashlib.sha256(statement).digest()],
            subject=SignedSubject.CONSENT,
            factor=factor,
            answer=answer,
            client=actor,
        )
        values = {"credential_id": credential.id, "client": client, "given_at": self._clock.now()}
        with self._database.transaction() as session:
            session.execute(insert(SigningConsentRow).values(values).on_conflict_do_nothing())

    def withdraw(self, credential: SigningCredential, client: str, *, actor: str) -> None:
        """Take a consent back; the very next request of the client is refused.

        :raises ConsentUnknownError: there is none.
        """
        statement = (
            sa.update(SigningConsentRow)
            .where(
                SigningConsentRow.credential_id == credential.id,
                SigningConsentRow.client == client,
                SigningConsentRow.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=self._clock.now(), withdrawn_by=actor)
            .returning(SigningConsentRow.id)
        )
        with self._database.transaction() as session:
            if session.scalar(statement) is None:
                raise ConsentUnknownError(client=client)

    def of(self, credential: SigningCredential) -> list[Consent]:
        """All consents of a credential, those withdrawn too, oldest first."""
        statement = (
            sa.select(SigningConsentRow)
            .where(SigningConsentRow.credential_id == credential.id)
            .order_by(SigningConsentRow.id)
        )
        with self._database.transaction() as session:
            return [
                Consent(row.client, row.given_at, row.withdrawn_at, row.withdrawn_by)
                for row in session.scalars(statement)
            ]

    def credentials(self, client: str, *, after: int = 0, limit: int = 100) -> list[SigningCredential]:
        """The credentials whose owners consented to a client, oldest first.

        :param after: the last one's number in the table, of the page before.
        """
        statement = (
            sa.select(SigningCredentialRow)
            .join(SigningConsentRow, SigningConsentRow.credential_id == SigningCredentialRow.id)
            .where(
                SigningConsentRow.client == client,
                SigningConsentRow.withdrawn_at.is_(None),
                SigningCredentialRow.id > after,
            )
            .order_by(SigningCredentialRow.id)
            .limit(limit)
        )
        with self._database.transaction() as session:
            return [credential_of(row) for row in session.scalars(statement)]

    def credential(self, client: str, number: str) -> SigningCredential:
        """A credential whose owner consented to a client.

        :raises CredentialUnknownError: there is none, or its owner did not.
        """
        statement = (
            sa.select(SigningCredentialRow)
            .join(SigningConsentRow, SigningConsentRow.credential_id == SigningCredentialRow.id)
            .where(
                SigningConsentRow.client == client,
                SigningConsentRow.withdrawn_at.is_(None),
                SigningCredentialRow.number == number,
            )
        )
        with self._database.transaction() as session:
            row = session.scalar(statement)
        if row is None:
            raise CredentialUnknownError
        return credential_of(row)
