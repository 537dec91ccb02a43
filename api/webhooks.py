"""Webhooks: telling departments' systems of changes to their licences, signed, in order, and until it is heard.

Each subscription has a place in the ledger. What comes after it is turned into jobs, and the place moved on, in one
transaction, so that no change is left out or sent under two names; a job is tried with growing waits and set aside when
nobody answers, to be sent again on command. Receivers see one ``webhook-id`` for a change, however often it comes.

Requests are signed as the Standard Webhooks specification has it: ``webhook-signature`` holds
``v1,`` and HMAC-SHA256 over ``id.timestamp.body`` in Base64; during the change of a secret, once with each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from api._tables import ClientRow, WatchRow, WebhookRow
from api.errors import ClientUnknownError, WebhookAddressError, WebhookFailedError, WebhookUnknownError
from keys import FieldVault
from store.clock import Clock
from store.database import Database
from store.outbox import Job, Outbox
from store.outgoing import direct_opener
from trust.feed import changes_after
from trust.register import local_date

DELIVER: Final = "webhook.deliver"
"""Topic of the outbox: a change to be told. Payload: ``{"webhook": ..., "body": ...}``."""

OVERLAP: Final = timedelta(days=7)
"""How long an old secret goes on to sign beside the new one."""

_BATCH: Final = 500
_SECONDS: Final = 5.0
_LONGEST_URL: Final = 500
_PREFIX: Final = "whsec_"


@dataclass(frozen=True)
class Webhook:
    """Where a client is told of changes."""

    id: int
    client_id: str
    url: str
    place: int
    """Of the last change in the ledger that was passed on."""
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class NewWebhook:
    """A subscription or a new secret of one; the secret is shown this once."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook({self.webhook.id})"


class Webhooks:
    """The subscriptions and their deliveries. Safe to use from several threads and processes.

    :param loopback: whether addresses of this machine are allowed, over plain HTTP, for development.
    """

    def __init__(
        self, database: Database, outbox: Outbox, vault: FieldVault, clock: Clock, *, loopback: bool = False
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._loopback = loopback
        self._opener = direct_opener()

    def add(self, client_id: str, url: str, *, actor: str, place: int) -> NewWebhook:
        """Tell a client of changes to its body's licences from now on.

        :param place: in the ledger after which to begin.
        :raises ClientUnknownError: there is no such client of a body.
        :raises WebhookAddressError: the address is not one of https, or may not be asked.
        """
        self._check(url)
        with self._database.transaction() as session:
            client = session.get(ClientRow, client_id)
            if client is None or client.organisation_code is None:
                raise ClientUnknownError
            row = WebhookRow(
                client_id=client_id,
                url=url,
                secret=b"",
                active=True,
                place=place,
                created_at=self._clock.now(),
                created_by=actor,
            )
            session.add(row)
            session.flush()
            secret = self._new_secret(row)
            return NewWebhook(_webhook(row), secret)

    def all(self) -> list[Webhook]:
        """The subscriptions, oldest first."""
        statement = sa.select(WebhookRow).where(WebhookRow.active).order_by(WebhookRow.id)
        with self._database.transaction() as session:
            return [_webhook(row) for row in session.scalars(statement)]

    def rotate(self, webhook_id: int) -> NewWebhook:
        """Give a subscription a new secret; the old one signs beside it for :data:`OVERLAP`.

        :raises WebhookUnknownError: there is no such subscription.
        """
        with self._database.transaction() as session:
            row = _row(session, webhook_id)
            old = self._vault.decrypt(row.secret, context=_context(row.id))
            row.previous_secret = self._vault.encrypt(old, context=_context(row.id))
            row.previous_until = self._clock.now() + OVERLAP
            return NewWebhook(_webhook(row), self._new_secret(row))

    def remove(self, webhook_id: int) -> None:
        """Tell of nothing more, not even of what waits.

        :raises WebhookUnknownError: there is no such subscription.
        """
        with self._database.transaction() as session:
            _row(session, webhook_id).active = False

    def replay(self, webhook_id: int, after: int) -> None:
        """Tell of everything again that came after a place in the ledger.

        :raises WebhookUnknownError: there is no such subscription.
        """
        with self._database.transaction() as session:
            row = _row(session, webhook_id)
            row.place = min(row.place, after)
            row.round += 1

    def pass_on(self) -> int:
        """Make jobs of the changes that no subscription has been told of, and tell how many those were."""
        with self._database.transaction() as session:
            numbers = session.scalars(sa.select(WebhookRow.id).where(WebhookRow.active).order_by(WebhookRow.id)).all()
        return sum(self._pass_on(number) for number in numbers)

    def deliver(self, job: Job) -> None:
        """Tell of one change.

        :raises WebhookFailedError: nobody heard it; the job is tried again later.
        """
        with self._database.transaction() as session:
            row = session.get(WebhookRow, job.payload["webhook"])
            if row is None or not row.active:
                return
            url, keys = row.url, self._secrets(row)
        body = json.dumps(job.payload["body"], ensure_ascii=False, separators=(",", ":")).encode()
        self._check(url)
        name = job.payload.get("name") or f"{row.id}_{job.payload['body']['data']['position']}"
        self._post(url, body, keys, message_id=f"msg_{name}")

    def _pass_on(self, webhook_id: int) -> int:
        with self._database.transaction() as session:
            row = session.get(WebhookRow, webhook_id, with_for_update={"skip_locked": True})
            if row is None or not row.active:
                return 0
            client = session.get_one(ClientRow, row.client_id)
            if not client.active or client.organisation_code is None:
                return 0
            watched = sa.select(WatchRow.identifier, WatchRow.place).where(
                WatchRow.client_id == client.id, WatchRow.until >= local_date(self._clock.now())
            )
            page = changes_after(
                session, row.place, issuer_code=client.organisation_code, watched=watched, limit=_BATCH
            )
            for change in page.changes:
                body = {
                    "type": f"licence.{change.act}",
                    "timestamp": f"{change.at:%Y-%m-%dT%H:%M:%SZ}",
                    "data": change.to_json(),
                }
                key = f"{row.id}:{row.round}:{change.position}"
                self._outbox.add(session, DELIVER, {"webhook": row.id, "body": body}, key=key)
            row.place = page.next
            return len(page.changes)

    def _post(self, url: str, body: bytes, keys: list[bytes], *, message_id: str) -> None:
        timestamp = str(int(self._clock.now().timestamp()))
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "yinzheng-webhook/1",
                "webhook-id": message_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
            },
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                if not 200 <= answer.status < 300:
                    raise WebhookFailedError(problem=f"HTTP {answer.status}")
        except urllib.error.HTTPError as error:
            with error:
                raise WebhookFailedError(problem=f"HTTP {error.code}") from None
        except (OSError, http.client.HTTPException) as error:
            raise WebhookFailedError(problem=type(error).__name__) from None

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname
        plain = parts.username is None and parts.password is None and not parts.fragment and len(url) <= _LONGEST_URL
        if not plain or not host or not url.isascii() or not url.isprintable():
            raise WebhookAddressError
        here = _is_loopback(host)
        if (here and not self._loopback) or parts.scheme not in ({"http", "https"} if here else {"https"}):
            raise WebhookAddressError

    def _new_secret(self, row: WebhookRow) -> str:
        key = secrets.token_bytes(32)
        row.secret = self._vault.encrypt(key, context=_context(row.id))
        return _PREFIX + base64.b64encode(key).decode()

    def _secrets(self, row: WebhookRow) -> list[bytes]:
        found = [self._vault.decrypt(row.secret, context=_context(row.id))]
        until = row.previous_until
        if row.previous_secret is not None and until is not None and self._clock.now() < until:
            found.append(self._vault.decrypt(row.previous_secret, context=_context(row.id)))
        return found


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message by a key, as it stands in ``webhook-signature``."""
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _context(webhook_id: int) -> str:
    return f"webhook.secret:{webhook_id}"


def _row(session: Session, webhook_id: int) -> WebhookRow:
    row = session.get(WebhookRow, webhook_id, with_for_update=True)
    if row is None or not row.active:
        raise WebhookUnknownError(webhook=webhook_id)
    return row


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(row.id, row.client_id, row.url, row.place, row.created_at, row.created_by)
