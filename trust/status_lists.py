"""Status lists (状态列表): the status of a million licences in one signed file that anybody may keep for a while.

IETF Token Status List (draft-ietf-oauth-status-list): two bits a licence, packed, deflated, in a signed token. A
licence names its list and its place in it, so that whoever has both can tell its status without asking, and without
telling us which licence he looks at.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys import CertificateAuthority, KeyCustody, KeyPurpose, Subject, TokenSigner
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from trust._tables import LicenceRow, StatusListRow, StatusSeatRow
from trust.errors import StatusListUnknownError
from trust.licence import LicenceState
from trust.register import local_date
from trust.status_seats import LIST_SIZE, StatusSeat, allot_seats

BITS: Final = 2
TYPE: Final = "statuslist+jwt"
LIFETIME: Final = timedelta(minutes=15)
"""How long a list may be relied on."""
LOOKED_AFTER: Final = timedelta(seconds=20)
"""How long a list is given out before the register is looked at again."""
RENEWED_AFTER: Final = timedelta(minutes=5)
"""How old a list gets where nothing has changed; until then it stays the same, byte for byte."""

_LOCK: Final = 0x5354415455530000
_SUBJECT: Final = Subject(common_name="印证 状态列表", organisation="印证电子证照服务")


class Status(IntEnum):
    """What two bits say (draft-ietf-oauth-status-list, 7.1)."""

    VALID = 0
    INVALID = 1
    """Revoked or cancelled, for good."""
    SUSPENDED = 2
    NOT_IN_FORCE = 3
    """Of our own: expired, superseded by another version, or not yet valid; the licence's dates tell which."""


STATUS_OF: Final = {
    LicenceState.VALID: Status.VALID,
    LicenceState.REVOKED: Status.INVALID,
    LicenceState.CANCELLED: Status.INVALID,
    LicenceState.SUSPENDED: Status.SUSPENDED,
    LicenceState.EXPIRED: Status.NOT_IN_FORCE,
    LicenceState.SUPERSEDED: Status.NOT_IN_FORCE,
    LicenceState.NOT_YET_VALID: Status.NOT_IN_FORCE,
}


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list as it was signed."""

    token: bytes
    """A JWT in compact form."""
    made_at: datetime
    looked_at: datetime
    """When it was last found to say what the register says."""


def pack(statuses: Iterable[tuple[int, int]], size: int = LIST_SIZE) -> bytes:
    """A list's bits, from the statuses that are not 0; the first licence in the lowest bits of the first byte."""
    bits = bytearray(size * BITS // 8)
    for index, status in statuses:
        bits[index >> 2] |= status << ((index & 3) * BITS)
    return bytes(bits)


def compress(bits: bytes) -> str:
    """As the claim ``lst`` has it: deflated in the form of zlib, in Base64 for URLs."""
    return base64.urlsafe_b64encode(zlib.compress(bits, 9)).rstrip(b"=").decode()


class StatusLists:
    """Makes, signs and keeps the lists. Safe to use from several threads and processes."""

    def __init__(
        self,
        database: Database,
        custody: KeyCustody,
        authority: CertificateAuthority,
        clock: Clock,
        *,
        base_url: str,
    ) -> None:
        self._database = database
        self._custody = custody
        self._authority = authority
        self._clock = clock
        self._base_url = base_url
        self._kept: dict[int, StatusList] = {}

    def uri(self, number: int) -> str:
        """The address of a list, which licences in it name."""
        return status_list_uri(self._base_url, number)

    def uris(self) -> list[str]:
        """The addresses of all lists."""
        with self._database.transaction() as session:
            newest = session.scalar(sa.select(sa.func.max(StatusSeatRow.list))) or 0
        return [self.uri(number) for number in range(1, newest + 1)]

    def allot(self, count: int) -> list[StatusSeat]:
        """Places for licences that are about to be made."""
        with self._database.transaction() as session:
            # a crash that loses the places loses with them the licences that were to have them
            session.execute(sa.text("SET LOCAL synchronous_commit = off"))
            return allot_seats(session, count)

    def current(self, number: int) -> StatusList:
        """A list that says what the register said at most :data:`LOOKED_AFTER` ago.

        :raises StatusListUnknownError: there is no such list.
        """
        now = self._clock.now()
        held = self._kept.get(number)
        if held is None or not _fresh(held, now):
            held = self._kept[number] = self._looked_after(number, now)
        return held

    def refresh(self) -> int:
        """Hold every list to the register and sign those anew that need it; tell how many lists there are."""
        with self._database.transaction() as session:
            newest = session.scalar(sa.select(sa.func.max(StatusSeatRow.list))) or 0
        for number in range(1, newest + 1):
            self.current(number)
        return newest

    @crossing()
    def _looked_after(self, number: int, now: datetime) -> StatusList:
        with self._database.transaction() as session:
            if session.scalar(sa.select(StatusSeatRow.index).where(StatusSeatRow.list == number).limit(1)) is None:
                raise StatusListUnknownError(number=number)
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK + number)))
            row = session.get(StatusListRow, number)
            if row is not None and _fresh(_list_of(row), now):
                return _list_of(row)
            bits = pack(statuses_in(session, number, now))
            digest = hashlib.sha256(bits).digest()
            if row is None or row.digest != digest or not row.made_at <= now < row.made_at + RENEWED_AFTER:
                made = StatusListRow(number=number, digest=digest, token=self._sign(number, bits), made_at=now)
                row = session.merge(made)
            row.looked_at = now
            return _list_of(row)

    def _sign(self, number: int, bits: bytes) -> bytes:
        record = self._authority.ensure_service(KeyPurpose.STATUS_LIST, _SUBJECT)
        chain = self._authority.chain(record.certificate)[:-1]
        signer = TokenSigner(
            self._custody,
            self._custody.info(record.key_id),
            self._clock,
            issuer=self._base_url,
            chain=[each.public_bytes(Encoding.DER) for each in chain],
        )
        claims = {
            "sub": self.uri(number),
            "ttl": int(timedelta(minutes=1).total_seconds()),
            "status_list": {"bits": BITS, "lst": compress(bits), "aggregation_uri": f"{self._base_url}/status"},
        }
        return signer.sign(claims, typ=TYPE, lifetime=LIFETIME).encode()


def status_list_uri(base_url: str, number: int) -> str:
    """The address of a list of the service at a public address."""
    return f"{base_url}/status/{number}"


def statuses_in(session: Session, number: int, at: datetime) -> Iterator[tuple[int, int]]:
    """The places in a list whose status on the day of a moment is another than 0, by the register as it is now."""
    today = local_date(at)
    seated = sa.select(LicenceRow.status_index, LicenceRow.state).where(LicenceRow.status_list == number)
    decided = seated.where(LicenceRow.state != LicenceState.VALID)
    for index, state in session.execute(decided):
        yield index, STATUS_OF[LicenceState(state)]
    for outside in (LicenceRow.valid_until < today, LicenceRow.valid_from > today):
        for index, _ in session.execute(seated.where(LicenceRow.state == LicenceState.VALID, outside)):
            yield index, Status.NOT_IN_FORCE


def _fresh(held: StatusList, now: datetime) -> bool:
    # a clock that was set back makes a list anew
    return held.looked_at <= now < min(held.looked_at + LOOKED_AFTER, held.made_at + RENEWED_AFTER)


def _list_of(row: StatusListRow) -> StatusList:
    return StatusList(row.token, row.made_at, row.looked_at)
