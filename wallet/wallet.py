"""A holder's wallet (电子卡包): references to licences, always with the register's present word on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Licence, Register
from wallet._tables import CoHoldingRow, PresentationRow, ReferenceRow, WalletExportRow, WalletRow
from wallet.errors import NotInWalletError, WalletClosedError


@dataclass(frozen=True)
class WalletState:
    """Whether a wallet is open."""

    opened_at: datetime | None
    """None where the holder never opened it; licences are put there all the same."""
    closed_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """A licence, and how its holder wants to see it."""

    licence: Licence
    added_at: datetime
    pinned: bool
    hidden: bool


class Wallets:
    """The wallets of all holders; each call names the one holder whose wallet it opens."""

    def __init__(self, database: Database, register: Register, clock: Clock) -> None:
        self._database = database
        self._register = register
        self._clock = clock

    def open(self, holder: HolderIndex) -> int:
        """Open a wallet, or open it again, and take in all that the register has for its holder.

        :returns: how many licences were not in it before.
        """
        now = self._clock.now()
        made = insert(WalletRow).values(holder_index=holder.value, opened_at=now, closed_at=None)
        again = made.on_conflict_do_update(
            index_elements=[WalletRow.holder_index],
            set_={"opened_at": now, "closed_at": None},
            where=WalletRow.closed_at.is_not(None),
        )
        with self._database.transaction() as session:
            session.execute(again)
            return _refer(session, ((holder, each) for each in self._references_of(session, holder)), now)

    def close(self, holder: HolderIndex) -> None:
        """Close a wallet: no licence is in it, and what was handed out to be shown counts for nothing, from now on.

        What law requires to stay stays elsewhere: the licences, who looked at them, the signed records of consents.
        """
        now = self._clock.now()
        made = insert(WalletRow).values(holder_index=holder.value, opened_at=now, closed_at=now)
        closed = made.on_conflict_do_update(
            index_elements=[WalletRow.holder_index], set_={"closed_at": now}, where=WalletRow.closed_at.is_(None)
        )
        with self._database.transaction() as session:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock(holder))))
            session.execute(closed)
            session.execute(sa.delete(ReferenceRow).where(ReferenceRow.holder_index == holder.value))
            session.execute(
                sa.update(PresentationRow)
                .where(
                    PresentationRow.holder_index == holder.value,
                    PresentationRow.redeemed_at.is_(None),
                    PresentationRow.expires_at > now,
                )
                .values(expires_at=now)
            )

    def state(self, holder: HolderIndex) -> WalletState:
        """Whether a wallet is open."""
        with self._database.transaction() as session:
            row = session.get(WalletRow, holder.value)
            return WalletState(None, None) if row is None else WalletState(row.opened_at, row.closed_at)

    def hold_open(self, session: Session, holder: HolderIndex) -> None:
        """Keep a wallet from being closed as long as the caller's transaction lasts.

        :raises WalletClosedError: it is closed already.
        """
        if not _stays_open(session, holder):
            raise WalletClosedError

    def take_in(self, identifier: str) -> None:
        """Put a reference to a licence into the wallet of each of its holders; doing it twice changes nothing.

        A wallet that was closed stays empty.

        :raises LicenceUnknownError: the register has no such licence.
        """
        licence = self._register.get(identifier)
        holders = {licence.holder_index, *licence.co_holder_indexes}
        further = sorted(each.value for each in holders - {licence.holder_index})
        with self._database.transaction() as session:
            if further:
                rows = [{"identifier": identifier, "holder_index": each} for each in further]
                session.execute(insert(CoHoldingRow).values(rows).on_conflict_do_nothing())
            inside = sorted(holders, key=lambda each: each.value)
            receiving = [(each, identifier) for each in inside if _stays_open(session, each)]
            _refer(session, receiving, self._clock.now())

    def entries(self, holder: HolderIndex) -> list[Entry]:
        """What is in a wallet, pinned licences first and then the newest, each as the register has it now."""
        table = ReferenceRow
        statement = sa.select(table).where(table.holder_index == holder.value)
        with self._database.transaction() as session:
            rows = list(session.scalars(statement.order_by(table.pinned.desc(), table.id.desc())))
        found = self._register.get_many([row.identifier for row in rows])
        return [Entry(found[row.identifier], row.added_at, row.pinned, row.hidden) for row in rows]

    def licences(self, holder: HolderIndex) -> list[Licence]:
        """The licences in a holder's wallet, in the order of :meth:`entries`, hidden ones too."""
        return [each.licence for each in self.entries(holder)]

    def entry(self, holder: HolderIndex, identifier: str) -> Entry:
        """One licence of a holder's wallet.

        :raises NotInWalletError: it is not this holder's, or does not exist.
        """
        table = ReferenceRow
        statement = sa.select(table).where(table.holder_index == holder.value, table.identifier == identifier)
        with self._database.transaction() as session:
            row = session.scalar(statement)
        if row is None:
            raise NotInWalletError
        return Entry(self._register.get(identifier), row.added_at, row.pinned, row.hidden)

    def licence(self, holder: HolderIndex, identifier: str) -> Licence:
        """One licence of a holder's wallet. Raises like :meth:`entry`."""
        return self.entry(holder, identifier).licence

    def arrange(self, holder: HolderIndex, identifier: str, *, pinned: bool, hidden: bool) -> Entry:
        """Pin a licence to the top, or hide it from the list. Raises like :meth:`entry`."""
        statement = (
            sa.update(ReferenceRow)
            .where(ReferenceRow.holder_index == holder.value, ReferenceRow.identifier == identifier)
            .values(pinned=pinned, hidden=hidden)
        )
        with self._database.transaction() as session:
            session.execute(statement)
        return self.entry(holder, identifier)

    def pdf(self, holder: HolderIndex, identifier: str) -> bytes:
        """The sealed PDF of one licence of a holder's wallet. Raises like :meth:`entry`."""
        return self._register.pdf(self.licence(holder, identifier))

    def identifiers(self, holder: HolderIndex) -> list[str]:
        """The identifiers of all licences that somebody holds, in the wallet or not: for who looked at them."""
        with self._database.transaction() as session:
            return self._references_of(session, holder)

    def note_export(self, holder: HolderIndex) -> None:
        """Put on record that all that is stored about a holder is being handed out."""
        with self._database.transaction() as session:
            session.add(WalletExportRow(holder_index=holder.value, at=self._clock.now()))

    def exports(self, holder: HolderIndex) -> list[datetime]:
        """When that was, oldest first."""
        table = WalletExportRow
        with self._database.transaction() as session:
            return list(
                session.scalars(sa.select(table.at).where(table.holder_index == holder.value).order_by(table.id))
            )

    def _references_of(self, session: Session, holder: HolderIndex) -> list[str]:
        further = session.scalars(sa.select(CoHoldingRow.identifier).where(CoHoldingRow.holder_index == holder.value))
        return list(dict.fromkeys([*self._register.identifiers_held_by(holder), *further]))


def _lock(holder: HolderIndex) -> sa.Function[int]:
    return sa.func.hashtextextended(f"wallet:{holder.value.hex()}", 0)


def _stays_open(session: Session, holder: HolderIndex) -> bool:
    """Whether a wallet is open, and stays so as long as the transaction lasts."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_lock(holder))))
    closed = sa.select(WalletRow.closed_at.is_not(None)).where(WalletRow.holder_index == holder.value)
    return not session.scalar(closed)


def _refer(session: Session, held: Iterable[tuple[HolderIndex, str]], at: datetime) -> int:
    """Refer to licences that a wallet does not refer to yet, and tell how many those were."""
    rows = [{"holder_index": holder.value, "identifier": identifier, "added_at": at} for holder, identifier in held]
    if not rows:
        return 0
    made = insert(ReferenceRow).values(rows).on_conflict_do_nothing().returning(ReferenceRow.id)
    return len(session.scalars(made).all())
