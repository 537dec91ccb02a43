"""How a client proves who it is: a secret, its own key (RFC 7523, ``private_key_jwt``) or a certificate (RFC 8705).

The secret is for demonstrations and first steps; a key that never leaves the department is what production wants.
Whatever is wrong, the answer is the same: who asks does not learn whether the client exists.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode

import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from sqlalchemy.dialects.postgresql import insert

from api._tables import ClientAssertionRow, ClientCertificateRow, ClientKeyRow, ClientRow
from api.clients import Client, Clients, secret_digest
from api.errors import ClientUnknownError, RequestInvalidError
from keys import PublicKeySet, claimed_client, verify_assertion
from keys.errors import TokenExpiredError, TokenInvalidError
from store.clock import Clock
from store.database import Database
from verify.algorithms import WeakAlgorithmError, check_key

_NO_DIGEST = bytes(32)
_ID = re.compile(r"[!-~]{1,64}")


class ClientProofs:
    """Proofs of clients, and what they are checked with.

    :param token_endpoint: the address that assertions have to be made out to.
    """

    def __init__(self, database: Database, clients: Clients, clock: Clock, *, token_endpoint: str) -> None:
        self._database = database
        self._clients = clients
        self._clock = clock
        self._token_endpoint = token_endpoint

    def by_secret(self, client_id: str, secret: str) -> Client:
        """The client that knows a secret.

        :raises ClientUnknownError: it does not, is suspended, or does not exist.
        """
        with self._database.transaction() as session:
            row = session.get(ClientRow, _checked_id(client_id))
        known = (row.secret_digest if row is not None else None) or _NO_DIGEST
        if not hmac.compare_digest(known, secret_digest(secret)):
            raise ClientUnknownError
        return self._active(client_id)

    def by_assertion(self, assertion: str, client_id: str | None = None) -> Client:
        """The client that signed an assertion with a key of its own; each assertion is good for once.

        :param client_id: what the request says beside it; has to agree.
        :raises ClientUnknownError: the assertion is not right, came before, or the client is suspended.
        """
        try:
            claimed = _checked_id(claimed_client(assertion))
            if client_id not in (None, claimed):
                raise ClientUnknownError
            keys = self.keys(claimed)
            audience = self._token_endpoint
            proved = verify_assertion(assertion, keys, self._clock, client_id=claimed, audience=audience)
        except (TokenInvalidError, TokenExpiredError) as error:
            raise ClientUnknownError from error
        client = self._active(claimed)
        taken = (
            insert(ClientAssertionRow)
            .values(client_id=claimed, token_id=proved.token_id, expires_at=proved.expires_at)
            .on_conflict_do_nothing()
            .returning(ClientAssertionRow.token_id)
        )
        with self._database.transaction() as session:
            over = ClientAssertionRow.expires_at < self._clock.now()
            session.execute(sa.delete(ClientAssertionRow).where(ClientAssertionRow.client_id == claimed, over))
            if session.execute(taken).first() is None:
                raise ClientUnknownError
        return client

    def by_certificate(self, client_id: str, certificate: x509.Certificate) -> Client:
        """The client to which a certificate belongs that it showed over TLS.

        :raises ClientUnknownError: it is not registered for this client, not in its validity, or it is suspended.
        """
        if not self.holds(_checked_id(client_id), certificate):
            raise ClientUnknownError
        return self._active(client_id)

    def holds(self, client_id: str, certificate: x509.Certificate) -> bool:
        """Whether a certificate is registered for a client and in its validity."""
        now = self._clock.now()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        with self._database.transaction() as session:
            return session.get(ClientCertificateRow, (client_id, thumbprint(certificate))) is not None

    def keys(self, client_id: str) -> PublicKeySet:
        """The public keys of a client; none where there is no such client."""
        statement = sa.select(ClientKeyRow.jwk).where(ClientKeyRow.client_id == client_id).order_by(ClientKeyRow.kid)
        with self._database.transaction() as session:
            return PublicKeySet(tuple(session.scalars(statement)))

    def set_keys(self, client_id: str, keys: PublicKeySet, *, actor: str = "system") -> None:
        """Put a key set in place of the one that a client has. To rotate, hand in old and new, later the new alone.

        :raises ClientUnknownError: there is no such client.
        """
        now = self._clock.now()
        self._clients.get(client_id)
        with self._database.transaction() as session:
            session.execute(sa.delete(ClientKeyRow).where(ClientKeyRow.client_id == client_id))
            session.add_all(
                ClientKeyRow(client_id=client_id, kid=each["kid"], jwk=dict(each), added_at=now) for each in keys.jwks
            )
            self._clients.note(session, client_id, "keys", actor, {"kids": [each["kid"] for each in keys.jwks]})

    def add_certificate(self, client_id: str, certificate: x509.Certificate, *, actor: str = "system") -> str:
        """Know a client by a certificate too; adding it again changes nothing. Gives its thumbprint.

        :raises ClientUnknownError: there is no such client.
        :raises RequestInvalidError: its key is too weak to show who somebody is.
        """
        self._clients.get(client_id)
        try:
            check_key(certificate.public_key())
        except (WeakAlgorithmError, UnsupportedAlgorithm, ValueError) as error:
            raise RequestInvalidError(problem=f"the certificate's key does not count: {error}") from error
        value = thumbprint(certificate)
        row = insert(ClientCertificateRow).values(
            client_id=client_id,
            thumbprint=value,
            not_after=certificate.not_valid_after_utc,
            added_at=self._clock.now(),
        )
        with self._database.transaction() as session:
            session.execute(row.on_conflict_do_nothing())
            self._clients.note(session, client_id, "add_certificate", actor, {"thumbprint": value})
        return value

    def remove_certificate(self, client_id: str, value: str, *, actor: str = "system") -> None:
        """Know a client by a certificate no longer.

        :raises ClientUnknownError: it was not known by it.
        """
        wanted = sa.and_(ClientCertificateRow.client_id == client_id, ClientCertificateRow.thumbprint == value)
        with self._database.transaction() as session:
            gone = session.execute(
                sa.delete(ClientCertificateRow).where(wanted).returning(ClientCertificateRow.client_id)
            )
            if gone.first() is None:
                raise ClientUnknownError
            self._clients.note(session, client_id, "remove_certificate", actor, {"thumbprint": value})

    def _active(self, client_id: str) -> Client:
        client = self._clients.get(client_id)
        if not client.active:
            raise ClientUnknownError
        return client


def _checked_id(client_id: str) -> str:
    if not _ID.fullmatch(client_id):
        raise ClientUnknownError
    return client_id


def thumbprint(certificate: x509.Certificate) -> str:
    """``x5t#S256`` of a certificate (RFC 8705, 3.1)."""
    return urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode("ascii")
