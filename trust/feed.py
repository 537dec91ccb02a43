"""The change feed (变更数据流): every act on a licence, in the order of the ledger, for systems that keep up with the
register by asking for what came after the last place that they saw."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from store import ledger
from store.database import Database
from trust._tables import LicenceRow
from trust.errors import SearchInvalidError
from trust.licence_log import LOG_PREFIX

MOST_A_PAGE = 1000


@dataclass(frozen=True)
class LicenceChange:
    """An act on a licence, and what the register says of it now. No personal data: who may see more asks for it."""

    position: int
    """Its place in the ledger."""
    act: str
    at: datetime
    identifier: str
    type: str
    """Slug of the licence's type."""
    issuer_code: str
    region_code: str
    state: str
    """On record now; an expiry shows by ``valid_until``."""
    valid_from: date
    valid_until: date | None
    revision: int
    pdf_digest: str | None
    """SHA-256 of its file; None where it has none here."""
    supersedes: str | None
    superseded_by: str | None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            **asdict(self),
            "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }


@dataclass(frozen=True)
class FeedPage:
    """Some changes in order, and the place after which to go on."""

    changes: tuple[LicenceChange, ...]
    next: int


class ChangeFeed:
    """Tells what was done to licences."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, place: int, *, issuer_code: str | None = None, limit: int = 100) -> FeedPage:
        """The changes after a place in the ledger; those of one body's licences where a body is named.

        :param place: -1 for the beginning.
        :raises SearchInvalidError: the place or the limit cannot be.
        """
        if not -1 <= place < 1 << 62 or not 1 <= limit <= MOST_A_PAGE:
            raise SearchInvalidError(
                problem_zh=f"起始位置或条数无效（每页 1 至 {MOST_A_PAGE} 条）。",
                problem_en=f"the place or the limit cannot be (a page has 1 to {MOST_A_PAGE} changes).",
            )
        with self._database.transaction() as session:
            return changes_after(session, place, issuer_code=issuer_code, limit=limit)


def changes_after(
    session: Session, place: int, *, issuer_code: str | None, limit: int, watched: sa.Select[str, int] | None = None
) -> FeedPage:
    """Like :meth:`ChangeFeed.after`, within the caller's transaction.

    :param watched: identifiers of licences whose changes are wanted too, whoever issued them, each with the place in
        the ledger from which on they are.
    """
    places = ledger.places()
    statement = (
        sa.select(places.c.position, places.c.data, LicenceRow)
        .join(LicenceRow, places.c.subject == sa.literal(LOG_PREFIX) + LicenceRow.identifier)
        .where(places.c.position > place)
        .order_by(places.c.position)
        .limit(limit)
    )
    if issuer_code is not None:
        wanted = LicenceRow.issuer_code == issuer_code
        if watched is not None:
            since = watched.subquery()
            named = (since.c.identifier == LicenceRow.identifier, since.c.place <= places.c.position)
            wanted |= sa.exists().where(*named)
        statement = statement.where(wanted)
    changes = tuple(_change(position, data, row) for position, data, row in session.execute(statement))
    return FeedPage(changes, changes[-1].position if changes else place)


def _change(position: int, leaf: bytes, row: LicenceRow) -> LicenceChange:
    said = json.loads(leaf)
    return LicenceChange(
        position=position,
        act=said["kind"].partition(".")[2],
        at=datetime.fromisoformat(said["at"]),
        identifier=row.identifier,
        type=row.type_slug,
        issuer_code=row.issuer_code,
        region_code=row.region_code,
        state=row.state,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revision=row.revision,
        pdf_digest=row.pdf_digest,
        supersedes=row.supersedes,
        superseded_by=row.superseded_by,
    )
