"""People who are signed in: sessions kept in PostgreSQL, and the attempts to sign in that lead to them.

A session is known by 256 random bits in a cookie, of which only the SHA-256 is kept: a copy of the database lets nobody
in. Signing in always makes a new one, so that nobody can hand a browser a session beforehand (session fixation).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from api._tables import SessionRow, SignInAttemptRow, SignInRecordRow
from api.openid import Identity, Provider
from api.sign_in_errors import NextAddressError, SignInDeclinedError, SignInFailedError, SignInRequiredError
from keys import FieldVault
from store.clock import Clock
from store.database import Database
from trust import HolderIndex, UnifiedSocialCreditCode
from trust.codes import CitizenId
from trust.errors import CitizenIdInvalidError, UsccInvalidError
from trust.register import local_date

ATTEMPT_LIFETIME: Final = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_LONGEST_ADDRESS: Final = 1000


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in."""

    session_id: str
    """For records; nobody is let in by it."""
    subject_index: bytes = field(repr=False)
    holder: HolderIndex | None
    """As the holder of licences; None where the provider gave no valid citizen identity number."""
    name: str = field(repr=False)
    number_masked: str | None
    assurance: str
    roles: frozenset[str] | None
    """That the provider grants; None where it is not asked."""
    csrf_token: str = field(repr=False)
    """Proves that a request comes from a page of this session."""
    began_at: datetime
    expires_at: datetime
    bodies: frozenset[HolderIndex] = frozenset()
    """The bodies that the provider says this person represents."""
    acting_for: HolderIndex | None = None
    """The holder for whom the person said to act; whether it may is asked with each use."""


@dataclass(frozen=True)
class OpenSession:
    """Somewhere that somebody is signed in."""

    session_id: str
    name: str = field(repr=False)
    assurance: str
    began_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class SignInEntry:
    """That somebody signed in or out."""

    session_id: str
    act: str
    assurance: str
    at: datetime


class Sessions:
    """The sessions of all who are signed in.

    :param idle: how long a session lasts without a request.
    :param longest: how long it lasts in any case.
    """

    def __init__(
        self, database: Database, vault: FieldVault, clock: Clock, *, idle: timedelta, longest: timedelta
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._idle = idle
        self._longest = longest

    def begin(self, identity: Identity, *, instead_of: str | None = None) -> str:
        """Sign somebody in, and give the token for the cookie.

        :param instead_of: the token that the browser had until now, which is good for nothing from now on.
        """
        token, now = secrets.token_urlsafe(32), self._clock.now()
        number = self._number(identity)
        holder = HolderIndex.of(self._vault, "citizen_id", number.number) if number is not None else None
        row = SessionRow(
            token_digest=digest_of(token),
            id=secrets.token_hex(8),
            subject_index=subject_index(self._vault, identity.issuer, identity.subject),
            holder_index=holder.value if holder is not None else None,
            assurance=identity.assurance,
            roles=None if identity.roles is None else sorted(identity.roles),
            began_at=now,
            seen_at=now,
            expires_at=now + self._longest,
        )
        said = {
            "name": identity.name,
            "number": number.masked if number is not None else None,
            "bodies": [each.value.hex() for each in self._bodies(identity)],
        }
        row.identity = self._vault.encrypt(json.dumps(said).encode(), context=_context(row))
        with self._database.transaction() as session:
            session.execute(sa.delete(SessionRow).where(SessionRow.expires_at <= now))
            if instead_of is not None:
                session.execute(sa.delete(SessionRow).where(SessionRow.token_digest == digest_of(instead_of)))
            session.add(row)
            self._note(session, row, "sign_in")
        return token

    def find(self, token: str) -> SignedIn:
        """Who is signed in by a token, which counts as a use of the session.

        :raises SignInRequiredError: nobody, or no longer.
        """
        if not _TOKEN.fullmatch(token):
            raise SignInRequiredError
        now = self._clock.now()
        with self._database.transaction() as session:
            row = session.get(SessionRow, digest_of(token))
            if row is None or now >= row.expires_at or now >= row.seen_at + self._idle:
                raise SignInRequiredError
            if now >= row.seen_at + _SEEN_EVERY:
                seen = sa.update(SessionRow).where(SessionRow.token_digest == row.token_digest)
                session.execute(seen.values(seen_at=now).execution_options(synchronize_session=False))
        said = json.loads(self._vault.decrypt(row.identity, context=_context(row)))
        return SignedIn(
            session_id=row.id,
            subject_index=row.subject_index,
            holder=HolderIndex(row.holder_index) if row.holder_index is not None else None,
            name=said["name"],
            number_masked=said["number"],
            assurance=row.assurance,
            roles=None if row.roles is None else frozenset(row.roles),
            csrf_token=_csrf_token(token),
            began_at=row.began_at,
            expires_at=row.expires_at,
            bodies=frozenset(HolderIndex(bytes.fromhex(each)) for each in said.get("bodies", ())),
            acting_for=HolderIndex(row.acting_for) if row.acting_for is not None else None,
        )

    def act_for(self, signed_in: SignedIn, holder: HolderIndex | None) -> None:
        """Act for a holder from now on, or for oneself again."""
        value = holder.value if holder is not None else None
        changed = sa.update(SessionRow).where(SessionRow.id == signed_in.session_id).values(acting_for=value)
        with self._database.transaction() as session:
            session.execute(changed)

    def end(self, token: str) -> None:
        """Sign out here; whoever is not signed in stays so."""
        with self._database.transaction() as session:
            row = session.get(SessionRow, digest_of(token), with_for_update=True)
            if row is not None:
                session.delete(row)
                self._note(session, row, "sign_out")

    def end_everywhere(self, signed_in: SignedIn) -> int:
        """Sign somebody out in every browser, and tell how many sessions ended."""
        wanted = sa.select(SessionRow).where(SessionRow.subject_index == signed_in.subject_index)
        with self._database.transaction() as session:
            rows = session.scalars(wanted.with_for_update()).all()
            for row in rows:
                session.delete(row)
                self._note(session, row, "sign_out_everywhere")
            return len(rows)

    def count(self, signed_in: SignedIn) -> int:
        """In how many browsers somebody is signed in."""
        now = self._clock.now()
        wanted = sa.select(sa.func.count()).where(
            SessionRow.subject_index == signed_in.subject_index,
            SessionRow.expires_at > now,
            SessionRow.seen_at > now - self._idle,
        )
        with self._database.transaction() as session:
            return session.execute(wanted).scalar_one()

    def open_of(self, holder: HolderIndex) -> list[OpenSession]:
        """Where a holder is signed in, the oldest first."""
        now = self._clock.now()
        statement = sa.select(SessionRow).where(SessionRow.holder_index == holder.value, SessionRow.expires_at > now)
        with self._database.transaction() as session:
            return [
                OpenSession(
                    row.id,
                    json.loads(self._vault.decrypt(row.identity, context=_context(row)))["name"],
                    row.assurance,
                    row.began_at,
                    row.seen_at,
                    row.expires_at,
                )
                for row in session.scalars(statement.order_by(SessionRow.began_at))
            ]

    def record(self, holder: HolderIndex) -> list[SignInEntry]:
        """When a holder signed in and out, the newest first."""
        table = SignInRecordRow
        statement = sa.select(table).where(table.holder_index == holder.value).order_by(table.id.desc())
        with self._database.transaction() as session:
            return [SignInEntry(row.session_id, row.act, row.assurance, row.at) for row in session.scalars(statement)]

    def _bodies(self, identity: Identity) -> list[HolderIndex]:
        found = []
        for code in sorted(identity.bodies):
            with suppress(UsccInvalidError):
                number = UnifiedSocialCreditCode.parse(code).number
                found.append(HolderIndex.of(self._vault, "uscc", number))
        return found

    def _number(self, identity: Identity) -> CitizenId | None:
        if identity.number is None:
            return None
        try:
            return CitizenId.parse(identity.number, today=local_date(self._clock.now()))
        except CitizenIdInvalidError:
            return None

    def _note(self, session: Session, row: SessionRow, act: str) -> None:
        session.add(
            SignInRecordRow(
                subject_index=row.subject_index,
                holder_index=row.holder_index,
                session_id=row.id,
                act=act,
                assurance=row.assurance,
                at=self._clock.now(),
            )
        )


@dataclass(frozen=True)
class Attempt:
    """Where a browser is sent to sign in, and what it has to bring along when it comes back."""

    address: str
    browser: str = field(repr=False)
    """For a cookie."""


class SignIns:
    """Attempts to sign in, each bound to the browser that began it and good for one return."""

    def __init__(self, database: Database, vault: FieldVault, provider: Provider, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._provider = provider
        self._clock = clock

    def begin(self, *, onward: str, browser: str | None = None) -> Attempt:
        """Begin an attempt.

        :param onward: where to go on afterwards.
        :param browser: what the browser brings along from another attempt, so that two windows do not get in each
            other's way.
        :raises NextAddressError: that is not a place of this service.
        :raises ProviderUnavailableError: the provider cannot be asked.
        """
        onward = local_address(onward)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        if browser is None or not _TOKEN.fullmatch(browser):
            browser = secrets.token_urlsafe(32)
        address = self._provider.address(state=state, nonce=nonce, verifier=verifier)
        kept = json.dumps({"nonce": nonce, "verifier": verifier, "onward": onward}).encode()
        now, state_digest = self._clock.now(), digest_of(state)
        with self._database.transaction() as session:
            session.execute(sa.delete(SignInAttemptRow).where(SignInAttemptRow.expires_at <= now))
            session.add(
                SignInAttemptRow(
                    state_digest=state_digest,
                    browser_digest=digest_of(browser),
                    kept=self._vault.encrypt(kept, context=_attempt_context(state_digest)),
                    expires_at=now + ATTEMPT_LIFETIME,
                )
            )
        return Attempt(address, browser)

    def complete(
        self, *, state: str, code: str | None, error: str | None, issuer: str | None, browser: str | None
    ) -> tuple[Identity, str]:
        """Who signed in, and where to go on, for what a browser brought back; each state is good for once.

        :raises SignInFailedError: the state is not this browser's, came before or is over; or the rest is not right.
        :raises SignInDeclinedError: the provider says so.
        :raises AssuranceTooLowError: the person signed in by a way that is not strong enough.
        :raises ProviderUnavailableError: the provider cannot be asked.
        """
        if browser is None or not _TOKEN.fullmatch(state) or not _TOKEN.fullmatch(browser):
            raise SignInFailedError(reason="state")
        state_digest = digest_of(state)
        taken = (
            sa.delete(SignInAttemptRow)
            .where(
                SignInAttemptRow.state_digest == state_digest,
                SignInAttemptRow.browser_digest == digest_of(browser),
                SignInAttemptRow.expires_at > self._clock.now(),
            )
            .returning(SignInAttemptRow.kept)
        )
        with self._database.transaction() as session:
            blob = session.scalar(taken)
        if blob is None:
            raise SignInFailedError(reason="state")
        kept = json.loads(self._vault.decrypt(blob, context=_attempt_context(state_digest)))
        self._provider.check_issuer(issuer)
        if error is not None:
            raise SignInDeclinedError(reason=error if re.fullmatch(r"[a-z_]{1,40}", error) else "error")
        if code is None:
            raise SignInFailedError(reason="code")
        identity = self._provider.identify(code, verifier=kept["verifier"], nonce=kept["nonce"])
        return identity, kept["onward"]


def subject_index(vault: FieldVault, issuer: str, subject: str) -> bytes:
    """By what somebody is known whom a provider knows by a name of its own."""
    return vault.blind_index(f"{issuer}\n{subject}", context="sign_in.subject")


def local_address(address: str) -> str:
    """An address of this service: a path, with a query perhaps.

    Browsers take ``\\`` for ``/`` and drop tabs and line ends, and take what begins with two strokes for another host.

    :raises NextAddressError: it is something else.
    """
    plain = address.isascii() and address.isprintable() and " " not in address and len(address) <= _LONGEST_ADDRESS
    if not plain or not address.startswith("/") or address.startswith("//") or "\\" in address:
        raise NextAddressError
    return address


def digest_of(token: str) -> bytes:
    """What is kept of a token: enough for 256 bits that nobody chose."""
    return hashlib.sha256(token.encode()).digest()


def _csrf_token(token: str) -> str:
    """Follows from the session's token and tells nothing of it."""
    made = hashlib.sha256(b"yinzheng/csrf/1|" + token.encode()).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def _context(row: SessionRow) -> str:
    return f"sign_in_session:{row.id}"


def _attempt_context(state_digest: bytes) -> str:
    return f"sign_in_attempt:{state_digest.hex()}"
