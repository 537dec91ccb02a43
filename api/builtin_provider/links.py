"""Links by which an invented person signs in once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from api._tables import SignInLinkRow
from api.builtin_provider.people import PEOPLE, InventedPerson
from api.sign_in_errors import SignInLinkError
from api.signed_in import digest_of
from store.clock import Clock
from store.database import Database

LIFETIME: Final = timedelta(minutes=15)
_LONGEST: Final = 64


class SignInLinks:
    """Makes links and takes each once.

    :param base_url: the address of the service.
    """

    def __init__(self, database: Database, clock: Clock, *, base_url: str) -> None:
        self._database = database
        self._clock = clock
        self._base_url = base_url

    def make(self, person: InventedPerson) -> str:
        """A link, good for one use within :data:`LIFETIME`."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with self._database.transaction() as session:
            session.execute(sa.delete(SignInLinkRow).where(SignInLinkRow.expires_at <= now))
            session.add(SignInLinkRow(token_digest=digest_of(token), person=person.key, expires_at=now + LIFETIME))
        return f"{self._base_url}/sign-in/link/{token}"

    def take(self, token: str) -> InventedPerson:
        """Whose link it is, once.

        :raises SignInLinkError: it was used, is over, or never was one.
        """
        if len(token) > _LONGEST:
            raise SignInLinkError
        taken = (
            sa.delete(SignInLinkRow)
            .where(SignInLinkRow.token_digest == digest_of(token), SignInLinkRow.expires_at > self._clock.now())
            .returning(SignInLinkRow.person)
        )
        with self._database.transaction() as session:
            key = session.scalar(taken)
        if key is None or key not in PEOPLE:
            raise SignInLinkError
        return PEOPLE[key]
