"""API clients: systems of departments and wallets, their secrets, and the access tokens they get for them.

OAuth 2 client credentials (RFC 6749, 4.4). A secret is 256 random bits, shown once and kept as its SHA-256, which is
enough for a secret that nobody chose. Access tokens are JWTs of RFC 9068, signed with ES256, short-lived; the client's
row is looked at with each request, so that a suspended client is out at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa

from api._tables import ClientRow
from api.errors import ClientUnknownError, ScopeMissingError
from keys import TokenSigner, TokenVerifier
from store.clock import Clock
from store.database import Database
from trust import HolderIndex

TOKEN_LIFETIME = timedelta(minutes=15)
_TOKEN_TYPE = "at+jwt"
_AUDIENCE = "yinzheng:api"
_NO_DIGEST = bytes(32)


class Scope(StrEnum):
    """What a client may do."""

    ISSUE = "licences:issue"
    """Issue, see and change the status of the licences of its body."""
    HOLD = "wallet"
    """Open one holder's wallet and present from it."""
    CHECK = "licences:check"
    """Check licences."""


@dataclass(frozen=True)
class Client:
    """A system that was let in."""

    id: str
    name: str
    scopes: frozenset[Scope]
    organisation_code: str | None
    """The body for which an issuing or checking system acts."""
    holder: HolderIndex | None
    """The holder whose wallet a wallet's system opens."""

    def require(self, scope: Scope) -> None:
        """:raises ScopeMissingError: the client may not do this."""
        if scope not in self.scopes:
            raise ScopeMissingError(scope=scope.value)


@dataclass(frozen=True)
class NewClient:
    """A client that was just enrolled, with the secret that is shown this once."""

    client: Client
    secret: str

    def __repr__(self) -> str:
        return f"NewClient({self.client.id})"


class Clients:
    """The clients of the API."""

    def __init__(self, database: Database, signer: TokenSigner, verifier: TokenVerifier, clock: Clock) -> None:
        self._database = database
        self._signer = signer
        self._verifier = verifier
        self._clock = clock

    def enrol(
        self,
        client_id: str,
        *,
        name: str,
        scopes: Iterable[Scope],
        organisation_code: str | None = None,
        holder: HolderIndex | None = None,
    ) -> NewClient | None:
        """Enrol a client for a body or a holder; None when the identifier is taken, and nothing is changed then."""
        secret = secrets.token_urlsafe(32)
        row = ClientRow(
            id=client_id,
            name=name,
            secret_digest=_digest(secret),
            scopes=sorted(scopes),
            organisation_code=organisation_code,
            holder_index=holder.value if holder else None,
            active=True,
            created_at=self._clock.now(),
        )
        with self._database.transaction() as session:
            if session.get(ClientRow, client_id) is not None:
                return None
            session.add(row)
        return NewClient(_client_of(row), secret)

    def token(self, client_id: str, secret: str) -> str:
        """An access token for a client that knows its secret.

        :raises ClientUnknownError: it does not, is suspended, or does not exist.
        """
        with self._database.transaction() as session:
            row = session.get(ClientRow, client_id)
        known = row.secret_digest if row is not None else _NO_DIGEST
        if not hmac.compare_digest(known, _digest(secret)) or row is None or not row.active:
            raise ClientUnknownError
        return self._signer.sign(
            {"sub": row.id, "client_id": row.id, "scope": " ".join(row.scopes)},
            typ=_TOKEN_TYPE,
            audience=_AUDIENCE,
            lifetime=TOKEN_LIFETIME,
        )

    def authenticate(self, token: str) -> Client:
        """The client that an access token was given to.

        :raises TokenInvalidError: the token is not ours, or for another use.
        :raises TokenExpiredError: it is too old.
        :raises ClientUnknownError: the client was suspended since.
        """
        verified = self._verifier.verify(token, typ=_TOKEN_TYPE, audience=_AUDIENCE, required=["sub"])
        with self._database.transaction() as session:
            row = session.get(ClientRow, str(verified.claims["sub"]))
        if row is None or not row.active:
            raise ClientUnknownError
        return _client_of(row)

    def suspend(self, client_id: str) -> None:
        """Let a client in no longer, tokens that it holds included.

        :raises ClientUnknownError: there is none.
        """
        with self._database.transaction() as session:
            statement = sa.update(ClientRow).where(ClientRow.id == client_id).values(active=False)
            if session.execute(statement.returning(ClientRow.id)).one_or_none() is None:
                raise ClientUnknownError


def _client_of(row: ClientRow) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        organisation_code=row.organisation_code,
        holder=HolderIndex(row.holder_index) if row.holder_index is not None else None,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
