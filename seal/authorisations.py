"""Authorisations to sign (签名授权): what an owner agreed to, proved with a second factor.

An authorisation names the SHA-256 digests that may be signed, holds for five minutes and works once. Its token (the
signature activation data of EN 419 241-1) is 256 random bits, of which only the hash is kept. Wrong answers are counted
in the database, so that all processes together allow five; then the credential is locked, each time twice as long.
Every request is recorded before its result is known to the caller.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault, Record, RecordLog
from seal._signing_tables import SignatureAuthorisationRow, SignatureRecordRow, SigningCredentialRow
from seal.credentials import CredentialState, SigningCredential, locked_credential, not_usable
from seal.signing_errors import (
    AuthorisationExpiredError,
    AuthorisationInvalidError,
    AuthorisationOtherDigestError,
    AuthorisationUsedError,
    CredentialLockedError,
    DigestsInvalidError,
    SecondFactorUnknownError,
    SecondFactorWrongError,
)
from seal.totp import SecondFactor
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError

LIFETIME: Final = timedelta(minutes=5)
MOST_DIGESTS: Final = 10
"""How many signatures one authorisation covers at most."""

_WRONG_ANSWERS: Final = 5
_FIRST_LOCK: Final = timedelta(minutes=15)
_LONGEST_LOCK: Final = timedelta(days=1)
_TOKEN_SIZE: Final = 32


class SignedSubject(StrEnum):
    """What the digests of an authorisation are of; one cannot pass for the other."""

    DOCUMENT = "document"
    """Documents, from which the service makes what is signed."""
    HASH = "hash"
    """What is signed itself, as remote clients send it."""
    CONSENT = "consent"
    """Statements that let a client ask for signatures; nothing is signed under them."""


@dataclass(frozen=True)
class Authorisation:
    """An authorisation that was just given."""

    token: str = field(repr=False)
    """Signature activation data; shown this once."""
    expires_at: datetime


@dataclass(frozen=True)
class SignatureRecord:
    """One line of the record of a credential."""

    id: int
    client: str
    step: str
    """``authorise``, ``sign`` when the authorisation is used, ``signed`` when it has or has not worked."""
    digests: tuple[str, ...]
    result: str
    """``granted``, ``refused`` or ``failed``."""
    reason_code: str | None
    at: datetime


class Authorisations:
    """Gives and redeems authorisations to sign. Safe to use from several threads."""

    def __init__(self, database: Database, factors: Iterable[SecondFactor], vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._log = RecordLog(vault)
        self._factors = {factor.name: factor for factor in factors}
        self._clock = clock

    def authorise(
        self,
        credential: SigningCredential,
        digests: Sequence[bytes],
        *,
        subject: SignedSubject,
        factor: str,
        answer: str,
        client: str,
    ) -> Authorisation:
        """Take an owner's word, given with a second factor, that these digests may be signed.

        :param factor: name of the second factor.
        :param answer: what the owner entered.
        :param client: the system that asks; only it can use the authorisation.
        :raises DigestsInvalidError: there are none or too many digests, or some are not SHA-256.
        :raises SecondFactorUnknownError: there is no such factor.
        :raises CredentialNotUsableError: the credential is not active.
        :raises CredentialLockedError: too many answers were wrong.
        :raises SecondFactorWrongError: this one is.
        """
        named = _hexadecimal(digests)
        checker = self._factors.get(factor)
        if checker is None:
            raise SecondFactorUnknownError
        token = secrets.token_bytes(_TOKEN_SIZE)
        now = self._clock.now()
        with self._database.transaction() as session:
            row = locked_credential(session, credential.number)
            refusal = self._refusal(session, row, checker, answer, named, now)
            if refusal is None:
                given = SignatureAuthorisationRow(
                    credential_id=row.id,
                    token_digest=hashlib.sha256(token).digest(),
                    client=client,
                    subject=subject.value,
                    digests=list(named),
                    created_at=now,
                    expires_at=now + LIFETIME,
                )
                session.add(given)
                session.flush()
                self._record(session, row.id, given.id, client, "authorise", named)
            else:
                self._record(session, row.id, None, client, "authorise", named, refusal)
        if refusal is not None:
            raise refusal
        return Authorisation(token.hex(), now + LIFETIME)

    def redeem(
        self,
        credential: SigningCredential,
        token: str,
        digests: Sequence[bytes],
        *,
        subject: SignedSubject,
        client: str,
    ) -> int:
        """Use an authorisation up; of several who try at once, one does. The caller signs next, and then says so.

        :returns: the number of the authorisation, for :meth:`finish`.
        :raises CredentialNotUsableError: the credential is not active any more.
        :raises AuthorisationInvalidError: there is none with this token for this credential and client.
        :raises AuthorisationExpiredError: it is too old.
        :raises AuthorisationUsedError: it was used.
        :raises AuthorisationOtherDigestError: something else was authorised.
        """
        named = _hexadecimal(digests)
        now = self._clock.now()
        table = SignatureAuthorisationRow
        its = (
            table.token_digest == _token_digest(token),
            table.credential_id == credential.id,
            table.client == client,
            table.subject == subject.value,
        )
        usable = (table.used_at.is_(None), table.expires_at > now, table.digests == list(named))
        with self._database.transaction() as session:
            refusal: YinzhengError | None = None
            # shared: signatures with one credential need not wait for each other, a suspension has to
            row = session.get_one(SigningCredentialRow, credential.id, with_for_update={"read": True})
            used = None
            if row.state != CredentialState.ACTIVE:
                refusal = not_usable(row)
            else:
                statement = sa.update(table).where(*its, *usable).values(used_at=now).returning(table.id)
                used = session.scalar(statement)
                if used is None:
                    refusal = _why_not(session.scalar(sa.select(table).where(*its)), now)
            self._record(session, credential.id, used, client, "sign", named, refusal)
        if refusal is not None or used is None:
            raise refusal or AuthorisationInvalidError()
        return used

    def refuse(
        self, credential: SigningCredential, digests: Sequence[bytes], *, client: str, refusal: YinzhengError
    ) -> None:
        """Record that a signature was refused before its authorisation was looked at."""
        with self._database.transaction() as session:
            self._record(session, credential.id, None, client, "sign", _hexadecimal(digests), refusal)

    def finish(
        self,
        credential: SigningCredential,
        authorisation_id: int,
        digests: Sequence[bytes],
        *,
        client: str,
        failure: str | None,
    ) -> None:
        """Record how signing under an authorisation ended.

        :param failure: code of the error, or None where it went well.
        """
        with self._database.transaction() as session:
            self._add(
                session,
                credential.id,
                authorisation_id,
                client,
                "signed",
                _hexadecimal(digests),
                "granted" if failure is None else "failed",
                failure,
            )

    def records(self, credential: SigningCredential, *, limit: int | None = 100) -> list[SignatureRecord]:
        """The latest requests to authorise and sign, newest first."""
        statement = (
            sa.select(SignatureRecordRow)
            .where(SignatureRecordRow.credential_id == credential.id)
            .order_by(SignatureRecordRow.id.desc())
            .limit(limit)
        )
        with self._database.transaction() as session:
            return [
                SignatureRecord(row.id, row.client, row.step, tuple(row.digests), row.result, row.reason_code, row.at)
                for row in session.scalars(statement)
            ]

    def _refusal(
        self,
        session: Session,
        row: SigningCredentialRow,
        factor: SecondFactor,
        answer: str,
        digests: tuple[str, ...],
        now: datetime,
    ) -> YinzhengError | None:
        if row.state != CredentialState.ACTIVE:
            return not_usable(row)
        if row.locked_until is not None and now < row.locked_until:
            return _locked(row.locked_until - now)
        if factor.check(session, row.id, answer, digests=digests, at=now):
            row.wrong_answers, row.lockouts, row.locked_until = 0, 0, None
            return None
        row.wrong_answers += 1
        if row.wrong_answers < _WRONG_ANSWERS:
            return SecondFactorWrongError()
        span = min(_FIRST_LOCK * 2 ** min(row.lockouts, 16), _LONGEST_LOCK)
        row.wrong_answers, row.lockouts, row.locked_until = 0, row.lockouts + 1, now + span
        return _locked(span)

    def _record(
        self,
        session: Session,
        credential_id: int,
        authorisation_id: int | None,
        client: str,
        step: str,
        digests: tuple[str, ...],
        refusal: YinzhengError | None = None,
    ) -> None:
        result, code = ("granted", None) if refusal is None else ("refused", refusal.code)
        self._add(session, credential_id, authorisation_id, client, step, digests, result, code)

    def _add(
        self,
        session: Session,
        credential_id: int,
        authorisation_id: int | None,
        client: str,
        step: str,
        digests: tuple[str, ...],
        result: str,
        reason_code: str | None,
    ) -> None:
        now = self._clock.now()
        said = {"step": step, "result": result, "reason_code": reason_code, "digests": list(digests)}
        row = SignatureRecordRow(
            credential_id=credential_id, authorisation_id=authorisation_id, client=client, at=now, **said
        )
        session.add(row)
        session.flush()
        particulars = {"credential_id": credential_id, "authorisation_id": authorisation_id, "client": client}
        record = Record(f"signature.{step}", f"signature:{row.id}", now, said, particulars)
        self._log.add(session, record, number=1)


def _hexadecimal(digests: Sequence[bytes]) -> tuple[str, ...]:
    whole = all(len(digest) == hashlib.sha256().digest_size for digest in digests)
    if not whole or not 1 <= len(digests) <= MOST_DIGESTS or len(set(digests)) != len(digests):
        raise DigestsInvalidError(most=MOST_DIGESTS)
    return tuple(digest.hex() for digest in digests)


def _token_digest(token: str) -> bytes:
    """What a token would be stored as; of what is none, something that nothing is stored as."""
    try:
        raw = bytes.fromhex(token) if len(token) == 2 * _TOKEN_SIZE else b""
    except ValueError:
        raw = b""
    return hashlib.sha256(raw).digest()


def _why_not(found: SignatureAuthorisationRow | None, now: datetime) -> YinzhengError:
    if found is None:
        return AuthorisationInvalidError()
    if found.used_at is not None:
        return AuthorisationUsedError()
    if found.expires_at <= now:
        return AuthorisationExpiredError()
    return AuthorisationOtherDigestError()


def _locked(span: timedelta) -> CredentialLockedError:
    return CredentialLockedError(retry_after=max(int(span.total_seconds()), 1))
