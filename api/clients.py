"""API clients: systems of departments and wallets, what they may ask for, and the access tokens they get.

OAuth 2 client credentials (RFC 6749, 4.4). Access tokens are JWTs of RFC 9068, signed with ES256, short-lived, for one
audience and the scopes that were asked for; the client's row is looked at with each request, so that a suspended client
is out at once. How a client proves who it is: :mod:`api.client_proofs`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from api._tables import ClientEventRow, ClientRow
from api.errors import ClientTermsError, ClientUnknownError, ScopeMissingError
from keys import TokenSigner, TokenVerifier
from keys.errors import TokenInvalidError
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from trust import HolderIndex

DEMO_CLIENTS = ("demo-province", "demo-checker", "demo-issuer", "demo-wallet")
"""Clients that a demo enrols; where one of them is, production does not start."""
TOKEN_LIFETIME = timedelta(minutes=15)
_TOKEN_TYPE = "at+jwt"  # noqa: S105  a word, no secret
_AUDIENCE = "yinzheng:api"
_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")
_NAMED = sa.select(ClientRow).where(ClientRow.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Text))))
_FIELD = re.compile(r"[a-z0-9_]{1,64}\.([a-z0-9_]{1,64}|\*)")


class Scope(StrEnum):
    """What a client may do."""

    ISSUE = "licences:issue"
    """Issue, see and change the status of the licences of its body."""
    HOLD = "wallet"
    """Open one holder's wallet and present from it."""
    CHECK = "licences:check"
    """Check licences."""
    EXCHANGE = "licences:exchange"
    """Keep up with the changes to the licences of all bodies, as the province does."""
    SEALS = "seals:administer"
    """Apply for the seals of its body and of those below it, ask for their moves, freeze them, grant their use."""
    SIGN = "signatures:sign"
    """Ask for signatures of those who consented to it, by the API of the Cloud Signature Consortium."""
    SEAL_USE = "seals:use"
    """Put seals that its body owns or was granted on documents that people have signed."""
    CATALOGUE = "catalogue:administer"
    """Draft, preview, publish and retire licence types."""
    SEALS_APPROVE = "seals:approve"
    """Give or refuse the second officer's word on what others asked for."""
    OPERATE = "operations:run"
    """See the scheduled work of the service, and have it done."""


@dataclass(frozen=True)
class ClientTerms:
    """What a client may ask for when it checks. None: without limit."""

    licence_types: frozenset[str] | None = None
    """Slugs of licence types."""
    service_items: frozenset[str] | None = None
    """Codes of service items (政务服务事项)."""
    fields: frozenset[str] = frozenset()
    """Fields that it may be told: ``type.field``, or ``type.*``; none where it is empty."""
    rate: str | None = None
    """How often it may call, such as ``600/minute``; the setting ``client_rate`` where it is None."""
    daily_quota: int | None = None
    """How many licences it may check a day."""

    def __post_init__(self) -> None:
        """:raises ClientTermsError: a term is not of the form that it has to be."""
        for each in self.fields:
            if not _FIELD.fullmatch(each):
                raise ClientTermsError(problem="a permitted field is written type.field or type.*")
        if self.rate is not None and not _RATE.fullmatch(self.rate):
            raise ClientTermsError(problem="a rate is written like 600/minute")
        if self.daily_quota is not None and self.daily_quota < 1:
            raise ClientTermsError(problem="a daily quota is at least 1")


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
    contact: str | None = None
    terms: ClientTerms = ClientTerms()
    active: bool = True

    def require(self, *scopes: Scope) -> None:
        """:raises ScopeMissingError: the client has none of these scopes."""
        if self.scopes.isdisjoint(scopes):
            raise ScopeMissingError(scope=scopes[0].value)


@dataclass(frozen=True)
class NewClient:
    """A client that was just enrolled, with the secret that is shown this once; "" where it gets none."""

    client: Client
    secret: str

    def __repr__(self) -> str:
        return f"NewClient({self.client.id})"


@dataclass(frozen=True)
class ShownToken:
    """An access token as a request brings it."""

    token: str
    thumbprint: str | None = None
    """Of the certificate of the TLS connection that it came through, if there was one."""

    def __repr__(self) -> str:
        return "ShownToken()"


@dataclass(frozen=True)
class _Granted:
    """What a token that is ours says."""

    client_id: str
    scopes: frozenset[str]

    def of(self, client: Client) -> Client:
        return replace(client, scopes=frozenset(each for each in client.scopes if each.value in self.scopes))


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
        contact: str | None = None,
        terms: ClientTerms | None = None,
        with_secret: bool = True,
        actor: str = "system",
    ) -> NewClient | None:
        """Enrol a client for a body or a holder; None when the identifier is taken, and nothing is changed then.

        :param contact: whom to call about the system: an office and its telephone, not a person's private data.
        :param with_secret: make a secret of 256 random bits for it, kept as its SHA-256, which is enough for a secret
            that nobody chose; without one it has to prove a key or a certificate.
        """
        terms = terms or ClientTerms()
        secret = secrets.token_urlsafe(32) if with_secret else ""
        row = ClientRow(
            id=client_id,
            name=name,
            contact=contact,
            secret_digest=secret_digest(secret) if secret else None,
            scopes=sorted(scopes),
            organisation_code=organisation_code,
            holder_index=holder.value if holder else None,
            active=True,
            created_at=self._clock.now(),
        )
        _set_terms(row, terms)
        with self._database.transaction() as session:
            if session.get(ClientRow, client_id) is not None:
                return None
            session.add(row)
            session.flush()
            self.note(session, client_id, "enrol", actor, {"scopes": list(row.scopes), **_terms_json(terms)})
        return NewClient(_client_of(row), secret)

    def get(self, client_id: str) -> Client:
        """:raises ClientUnknownError: there is none with this identifier."""
        with self._database.transaction() as session:
            return _client_of(_row(session, client_id))

    def all(self) -> list[Client]:
        """All clients by their identifiers, those that are suspended too."""
        with self._database.transaction() as session:
            return [_client_of(row) for row in session.scalars(sa.select(ClientRow).order_by(ClientRow.id))]

    def of_holder(self, holder: HolderIndex) -> list[Client]:
        """The systems that open a holder's wallet."""
        statement = sa.select(ClientRow).where(ClientRow.holder_index == holder.value).order_by(ClientRow.id)
        with self._database.transaction() as session:
            return [_client_of(row) for row in session.scalars(statement)]

    def token(self, client: Client, *, scope: str | None = None, thumbprint: str | None = None) -> str:
        """An access token for a client that has proved who it is.

        :param scope: the scopes wanted, separated by spaces; all that the client has where it is None.
        :param thumbprint: of the certificate of its TLS connection, to which the token is bound (RFC 8705, 3.1).
        :raises ScopeMissingError: it wants one that it does not have.
        """
        wanted = set(client.scopes) if scope is None else set(scope.split())
        for each in wanted - client.scopes:
            raise ScopeMissingError(scope=each[:40])
        if not wanted:
            raise ScopeMissingError(scope="")
        claims: dict[str, object] = {"sub": client.id, "client_id": client.id, "scope": " ".join(sorted(wanted))}
        if thumbprint is not None:
            claims["cnf"] = {"x5t#S256": thumbprint}
        return self._signer.sign(claims, typ=_TOKEN_TYPE, audience=_AUDIENCE, lifetime=TOKEN_LIFETIME)

    def authenticate(self, token: str, *, thumbprint: str | None = None) -> Client:
        """The client that an access token was given to, with the scopes of the token.

        :param thumbprint: of the certificate of the TLS connection that the token came through, if there was one.
        :raises TokenInvalidError: the token is not ours, for another use, or bound to another certificate.
        :raises TokenExpiredError: it is too old.
        :raises ClientUnknownError: the client was suspended since.
        """
        (found,) = self.authenticate_each([ShownToken(token, thumbprint)])
        if isinstance(found, YinzhengError):
            raise found
        return found

    def authenticate_each(self, shown: Sequence[ShownToken]) -> list[Client | YinzhengError]:
        """The clients that some access tokens were given to; what :meth:`authenticate` raises stands in its place."""
        granted = [self._granted(each) for each in shown]
        named = {each.client_id for each in granted if isinstance(each, _Granted)}
        rows: dict[str, ClientRow] = {}
        if named:
            with self._database.transaction() as session:
                rows = {row.id: row for row in session.scalars(_NAMED, {"ids": sorted(named)})}
        clients = {row.id: _client_of(row) for row in rows.values() if row.active}
        return [
            each
            if not isinstance(each, _Granted)
            else each.of(clients[each.client_id])
            if each.client_id in clients
            else ClientUnknownError()
            for each in granted
        ]

    def _granted(self, shown: ShownToken) -> _Granted | YinzhengError:
        try:
            verified = self._verifier.verify(
                shown.token, typ=_TOKEN_TYPE, audience=_AUDIENCE, required=["sub", "scope"]
            )
        except YinzhengError as error:
            return error
        bound = verified.claims.get("cnf")
        if bound is not None and bound != {"x5t#S256": shown.thumbprint}:
            return TokenInvalidError(reason="certificate")
        return _Granted(str(verified.claims["sub"]), frozenset(str(verified.claims["scope"]).split()))

    def permit(self, client_id: str, terms: ClientTerms, *, actor: str = "system") -> None:
        """Set anew what a client may ask for.

        :raises ClientUnknownError: there is none.
        """
        with self._database.transaction() as session:
            _set_terms(_row(session, client_id), terms)
            self.note(session, client_id, "permit", actor, _terms_json(terms))

    def suspend(self, client_id: str, *, actor: str = "system") -> None:
        """Let a client in no longer, tokens that it holds included.

        :raises ClientUnknownError: there is none.
        """
        self._set_active(client_id, actor, active=False)

    def resume(self, client_id: str, *, actor: str = "system") -> None:
        """Let a suspended client in again. Raises like :meth:`suspend`."""
        self._set_active(client_id, actor, active=True)

    def note(self, session: Session, client_id: str, act: str, actor: str, detail: dict[str, Any]) -> None:
        """Put on record what was done to a client, within the transaction that does it."""
        event = ClientEventRow(client_id=client_id, act=act, actor=actor, detail=detail, at=self._clock.now())
        session.add(event)

    def _set_active(self, client_id: str, actor: str, *, active: bool) -> None:
        with self._database.transaction() as session:
            _row(session, client_id).active = active
            self.note(session, client_id, "resume" if active else "suspend", actor, {})


def secret_digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def _row(session: Session, client_id: str) -> ClientRow:
    row = session.get(ClientRow, client_id, with_for_update=True)
    if row is None:
        raise ClientUnknownError
    return row


def _set_terms(row: ClientRow, terms: ClientTerms) -> None:
    row.licence_types = None if terms.licence_types is None else sorted(terms.licence_types)
    row.service_items = None if terms.service_items is None else sorted(terms.service_items)
    row.fields = sorted(terms.fields)
    row.rate, row.daily_quota = terms.rate, terms.daily_quota


def _terms_json(terms: ClientTerms) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(terms).items()}


def _client_of(row: ClientRow) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        organisation_code=row.organisation_code,
        holder=HolderIndex(row.holder_index) if row.holder_index is not None else None,
        contact=row.contact,
        terms=ClientTerms(
            licence_types=None if row.licence_types is None else frozenset(row.licence_types),
            service_items=None if row.service_items is None else frozenset(row.service_items),
            fields=frozenset(row.fields),
            rate=row.rate,
            daily_quota=row.daily_quota,
        ),
        active=row.active,
    )
