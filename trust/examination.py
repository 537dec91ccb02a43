"""Examining the register of licences (证照登记簿) against the ledger, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault
from keys.errors import VaultDamagedError
from store.database import Database
from store.findings import Finding, FindingKind, Findings
from store.ledger import first_entries, newest_entry
from store.ledger_examination import CUT_OFF
from trust._tables import LicencePdfRow, LicenceRow, StatusListRow, StatusSeatRow
from trust.holders import HolderIndex, number_index
from trust.licence import Licence
from trust.licence_log import LOG_PREFIX, log_subject
from trust.register import Register, data_context
from trust.status_lists import pack, statuses_in
from trust.status_seats import StatusSeat

STATE_DIFFERS: Final = FindingKind(
    "licence.state_differs",
    "登记簿中证照 {identifier} 的状态为 {state}，透明日志最后一条记录为 {logged}。",
    "The register has licence {identifier} as {state}, and the newest record in the transparency log as {logged}.",
    "有人绕过系统改动了登记簿：以日志为准恢复该行，查明谁改动了数据库。核验在此期间不予通过。",
    "Somebody changed the register past the log: restore the row as the log has it and find out who changed the "
    "database. Checks do not pass meanwhile.",
)
DIGEST_DIFFERS: Final = FindingKind(
    "licence.digest_differs",
    "登记簿中证照 {identifier} 的文件摘要与透明日志所记不同。",
    "The register names another file for licence {identifier} than the transparency log.",
    "以日志为准恢复该行，查明谁改动了数据库。核验在此期间不予通过。",
    "Restore the row as the log has it and find out who changed the database. Checks do not pass meanwhile.",
)
FILE_OF_ANOTHER: Final = FindingKind(
    "licence.file_of_another",
    "登记簿中证照 {identifier} 的文件是另一份证照的文件。",
    "The file that the register names for licence {identifier} is that of another licence.",
    "以日志为准恢复该行，查明谁改动了数据库。",
    "Restore the row as the log has it and find out who changed the database.",
)
UNLOGGED: Final = FindingKind(
    "licence.not_in_log",
    "证照 {identifier} 不在透明日志中。",
    "Licence {identifier} is not in the transparency log.",
    "日志启用前的证照由 yinzheng worker 逐批载入；其他的，查明由谁写入登记簿。",
    "The worker enters licences from before the log by and by; of others, find out who put them into the register.",
)
MISSING: Final = FindingKind(
    "licence.missing",
    "透明日志中有证照 {identifier}，登记簿中没有。",
    "The transparency log has licence {identifier}, and the register has not.",
    "从备份恢复该证照的各行；查明谁删除了它。",
    "Restore its rows from a back-up; find out who removed them.",
)
DATA_DAMAGED: Final = FindingKind(
    "licence.data_damaged",
    "证照 {identifier} 的加密内容无法解密，或与其索引不符。",
    "The encrypted content of licence {identifier} does not decrypt, or its indexes are those of another.",
    "从备份恢复该行；查明谁改动了数据库。",
    "Restore its row from a back-up; find out who changed the database.",
)
SEAT_MISSING: Final = FindingKind(
    "licence.seat_missing",
    "证照 {identifier} 在状态列表中的位置没有登记为已占用，可能被再次分配。",
    "The place of licence {identifier} in the status lists is not on record as taken, and may be given out again.",
    "从备份恢复表 status_seat 的该行。",
    "Restore its row of the table status_seat from a back-up.",
)

_PAGE: Final = 1000


@dataclass(frozen=True)
class SealedLicence:
    """A licence that has a file, and its place in the status lists."""

    id: int
    licence: Licence
    seat: StatusSeat


def holdings() -> sa.Subquery:
    """``identifier``, ``holder_index`` and ``issued_at`` of every licence, to join with what refers to them."""
    return sa.select(LicenceRow.identifier, LicenceRow.holder_index, LicenceRow.issued_at).subquery("holdings")


def count_licences(session: Session) -> int:
    """How many there are."""
    return session.scalars(sa.select(sa.func.count()).select_from(LicenceRow)).one()


def examine_licences(
    session: Session, database: Database, vault: FieldVault, found: Findings, *, told: Callable[[int], object]
) -> Iterator[Finding]:
    """Every licence is what the newest entry of the ledger says, can be read, and has its place in the status lists.

    :param database: where a row is read afresh that does not decrypt: its data key may have been changed meanwhile.
    :param found: what was found before; what is in doubt already is left out, and so is the ledger if it was cut off.
    """
    cut_off = found.found(CUT_OFF)
    entry = newest_entry(LOG_PREFIX + LicenceRow.identifier)
    owner = sa.select(LicencePdfRow.licence_id).where(LicencePdfRow.digest == LicenceRow.pdf_digest).scalar_subquery()
    seated = sa.exists().where(
        StatusSeatRow.list == LicenceRow.status_list, StatusSeatRow.index == LicenceRow.status_index
    )
    rows = (
        sa.select(LicenceRow, entry.c.opening, owner, seated)
        .outerjoin(entry, sa.true())
        .order_by(LicenceRow.id)
        .execution_options(yield_per=_PAGE)
    )
    for count, (row, opening, owner_id, has_seat) in enumerate(session.execute(rows), start=1):
        subject = log_subject(row.identifier)
        if subject not in found:
            kind = (
                _file_of_another(row, owner_id)
                or (None if cut_off else _unlike(row, opening, owner_id))
                or (None if has_seat else SEAT_MISSING)
                or (_unreadable(row, vault) and _unreadable(_afresh(database, row), vault))
            )
            if kind is not None:
                logged = json.loads(opening)["state"] if opening is not None else None
                said = {"identifier": row.identifier, "state": row.state, "logged": logged}
                yield Finding(kind, subject, said, (f"object:{row.pdf_digest}",))
        if count % _PAGE == 0:
            told(count)
    yield from _missing(session, found)


def _file_of_another(row: LicenceRow, owner_id: int | None) -> FindingKind | None:
    return FILE_OF_ANOTHER if owner_id not in (None, row.id) else None


def _unlike(row: LicenceRow, opening: bytes | None, owner_id: int | None) -> FindingKind | None:
    """What the register says otherwise than the ledger."""
    if opening is None:
        return UNLOGGED
    logged = json.loads(opening)
    if row.pdf_digest != logged["pdf_sha256"] or (row.pdf_digest is not None and owner_id is None):
        return DIGEST_DIFFERS
    return STATE_DIFFERS if row.state != logged["state"] else None


def _unreadable(row: LicenceRow, vault: FieldVault) -> FindingKind | None:
    try:
        data = json.loads(vault.decrypt(row.data, context=data_context(row.identifier)))
        holder = HolderIndex.of(vault, data["holder"]["code_type"], data["holder"]["code"])
        indexes = (holder.value, number_index(vault, row.type_slug, data["number"]))
    except (VaultDamagedError, ValueError, KeyError, TypeError):
        return DATA_DAMAGED
    return None if indexes == (row.holder_index, row.number_index) else DATA_DAMAGED


def _afresh(database: Database, row: LicenceRow) -> LicenceRow:
    with database.transaction() as session:
        return session.get_one(LicenceRow, row.id)


def _missing(session: Session, found: Findings) -> Iterator[Finding]:
    logged = first_entries(LOG_PREFIX)
    known = sa.exists().where(LicenceRow.identifier == sa.func.substr(logged.c.subject, len(LOG_PREFIX) + 1))
    statement = sa.select(logged.c.subject).where(~known)
    for subject in session.scalars(statement.execution_options(yield_per=_PAGE)):
        if subject not in found:
            yield Finding(MISSING, subject, {"identifier": subject.removeprefix(LOG_PREFIX)})


def sealed_licences(
    database: Database, register: Register, found: Findings, *, ids: list[int] | None = None
) -> Iterator[list[SealedLicence]]:
    """All licences that have a file, or those among some, page by page; each page as it is when it is asked for.

    :param found: what was found before; what is in doubt already is left out.
    """
    after = 0
    while True:
        statement = sa.select(LicenceRow).where(LicenceRow.pdf_digest.is_not(None), LicenceRow.id > after)
        if ids is not None:
            statement = statement.where(LicenceRow.id.in_(ids))
        with database.transaction() as session:
            rows = session.scalars(statement.order_by(LicenceRow.id).limit(_PAGE)).all()
        if not rows:
            return
        after = rows[-1].id
        certain = [row for row in rows if log_subject(row.identifier) not in found]
        yield [
            SealedLicence(row.id, register.licence_of(row), StatusSeat(row.status_list, row.status_index))
            for row in certain
            if f"object:{row.pdf_digest}" not in found
        ]


def chosen_licences(database: Database, count: int) -> list[int]:
    """The numbers of some licences that have a file, chosen at random."""
    statement = sa.select(LicenceRow.id).where(LicenceRow.pdf_digest.is_not(None))
    with database.transaction() as session:
        return list(session.scalars(statement.order_by(sa.func.random()).limit(count)))


def other_files(database: Database) -> Iterator[str]:
    """The digests of files that licences had before their present ones, and of the scans of paper."""
    present = sa.exists().where(LicenceRow.pdf_digest == LicencePdfRow.digest)
    earlier = sa.select(LicencePdfRow.digest).where(~present)
    scans = sa.select(LicenceRow.scan_digest).where(LicenceRow.scan_digest.is_not(None)).distinct()
    with database.still() as session:
        for statement in (earlier, scans):
            for digest in session.scalars(statement.execution_options(yield_per=_PAGE)):
                if digest is not None:
                    yield digest


@dataclass(frozen=True)
class SignedList:
    """A status list as it was last signed, and what the register says about it now."""

    number: int
    token: bytes
    made_at: datetime
    expected: bytes
    """Its bits as they should be, on the day on which it was last held to the register."""
    looked_at: datetime
    """When that was; what was decided afterwards is not in it yet."""


@dataclass(frozen=True)
class Seated:
    """Who has a place in a status list."""

    identifier: str
    since: datetime
    """When the register last changed what its status follows from."""


def signed_lists(session: Session) -> Iterator[SignedList]:
    """The status lists that were signed."""
    numbers = session.scalars(sa.select(StatusListRow.number).order_by(StatusListRow.number)).all()
    for number in numbers:
        row = session.get_one(StatusListRow, number)
        expected = pack(statuses_in(session, number, row.looked_at))
        yield SignedList(number, row.token, row.made_at, expected, row.looked_at)


def seated_at(session: Session, number: int, index: int) -> Seated | None:
    """Who has a place in a status list; None where no licence has it."""
    row = session.execute(
        sa.select(LicenceRow.identifier, LicenceRow.state_since).where(
            LicenceRow.status_list == number, LicenceRow.status_index == index
        )
    ).one_or_none()
    return Seated(row.identifier, row.state_since) if row is not None else None
