"""The catalogue as the database has it, followed while the process runs."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from store.database import Database
from trust._type_tables import TypeVersionRow
from trust.catalogue import Catalogue, Snapshot
from trust.licence_type import LicenceType, TypeOrigin, TypeState
from trust.type_definition import read_type
from trust.type_package import TypePackage

MAX_AGE = timedelta(seconds=1)
"""How long after a publication or retirement another process may still go by what was before."""


class PublishedCatalogue(Catalogue):
    """The versions that were published, read again as they change. Safe to use from several threads.

    The age of what is held is the machine's: it is no part of any rule. Issuing asks the database itself.
    """

    def __init__(self, database: Database, *, max_age: timedelta = MAX_AGE) -> None:
        super().__init__(())
        self._database = database
        self._max_age = max_age.total_seconds()
        self._looked_at = float("-inf")
        self._snapshot = Snapshot.of(())
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Look at the database with the next question, after a publication by this process."""
        self._looked_at = float("-inf")

    def _now(self, *, fresh: bool = False) -> Snapshot:
        if fresh or time.monotonic() - self._looked_at > self._max_age:
            with self._lock:
                if fresh or time.monotonic() - self._looked_at > self._max_age:
                    looked_at = time.monotonic()
                    self._snapshot = self._read(self._snapshot)
                    self._looked_at = looked_at
        return self._snapshot

    def _read(self, before: Snapshot) -> Snapshot:
        """What is in the database; the files of versions that are held are not read again."""
        ever_published = TypeVersionRow.published_at.is_not(None)
        statement = sa.select(TypeVersionRow.slug, TypeVersionRow.version, TypeVersionRow.state).where(ever_published)
        with self._database.transaction() as session:
            states = {(slug, version): TypeState(state) for slug, version, state in session.execute(statement)}
            held = {key: each for key, each in before.versions.items() if states.get(key) is each.state}
            if states.keys() == held.keys():
                return before
            missing = sa.tuple_(TypeVersionRow.slug, TypeVersionRow.version).in_(states.keys() - held.keys())
            rows = session.scalars(sa.select(TypeVersionRow).where(missing).options(undefer(TypeVersionRow.package)))
            return Snapshot.of([*held.values(), *(_type_of(row) for row in rows)])


def _type_of(row: TypeVersionRow) -> LicenceType:
    return read_type(
        row.slug,
        TypePackage.from_zip(row.package),
        version=row.version,
        state=TypeState(row.state),
        origin=TypeOrigin(row.origin),
    )
