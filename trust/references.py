"""What a licence says of where its status and its place in the log are found, for whoever checks it without us."""

from __future__ import annotations

from collections.abc import Sequence

from trust.content import LicenceReferences
from trust.identifier import LicenceIdentifier
from trust.licence_log import LicenceLog
from trust.status_lists import StatusLists


class References:
    """Allots each new licence its place in a status list and the salt of its record in the log."""

    def __init__(self, status_lists: StatusLists, records: LicenceLog, *, log_origin: str) -> None:
        self._status_lists = status_lists
        self._records = records
        self._log_origin = log_origin

    def of(self, identifiers: Sequence[LicenceIdentifier]) -> list[LicenceReferences]:
        """The references of licences that are about to be made."""
        return [
            LicenceReferences(
                status_list=seat.list,
                status_index=seat.index,
                status_uri=self._status_lists.uri(seat.list),
                log_origin=self._log_origin,
                log_salt=self._records.salt(str(identifier), 1),
            )
            for identifier, seat in zip(identifiers, self._status_lists.allot(len(identifiers)), strict=True)
        ]
