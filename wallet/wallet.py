"""A holder's wallet (电子卡包): references to licences, always with the register's present word on them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Licence, Register
from wallet._tables import ReferenceRow
from wallet.errors import NotInWalletError


class Wallets:
    """The wallets of all holders; each call names the one holder whose wallet it opens."""

    def __init__(self, database: Database, register: Register, clock: Clock) -> None:
        self._database = database
        self._register = register
        self._clock = clock

    def take_in(self, identifier: str) -> None:
        """Put a reference to a licence into the wallet of each of its holders; doing it twice changes nothing.

        :raises LicenceUnknownError: the register has no such licence.
        """
        licence = self._register.get(identifier)
        now = self._clock.now()
        holders = {licence.holder_index, *licence.co_holder_indexes}
        statement = insert(ReferenceRow).values(
            [
                {"holder_index": holder.value, "identifier": licence.identifier, "added_at": now}
                for holder in sorted(holders, key=lambda each: each.value)
            ]
        )
        with self._database.transaction() as session:
            session.execute(statement.on_conflict_do_nothing())

    def licences(self, holder: HolderIndex) -> list[Licence]:
        """The licences in a holder's wallet, newest first, each as the register has it now."""
        statement = (
            sa.select(ReferenceRow.identifier)
            .where(ReferenceRow.holder_index == holder.value)
            .order_by(ReferenceRow.id.desc())
        )
        with self._database.transaction() as session:
            identifiers = list(session.scalars(statement))
        found = self._register.get_many(identifiers)
        return [found[identifier] for identifier in identifiers]

    def licence(self, holder: HolderIndex, identifier: str) -> Licence:
        """One licence of a holder's wallet.

        :raises NotInWalletError: it is not this holder's, or does not exist.
        """
        statement = sa.select(ReferenceRow.id).where(
            ReferenceRow.holder_index == holder.value, ReferenceRow.identifier == identifier
        )
        with self._database.transaction() as session:
            if session.scalar(statement) is None:
                raise NotInWalletError
        return self._register.get(identifier)

    def pdf(self, holder: HolderIndex, identifier: str) -> bytes:
        """The sealed PDF of one licence of a holder's wallet. Raises like :meth:`licence`."""
        return self._register.pdf(self.licence(holder, identifier))
