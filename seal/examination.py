"""Examining seals and the record of their uses (用印记录) against the ledger, and certificates that are in use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys.examination import ends_soon
from seal._tables import SealCertificateRow, SealEventRow, SealRow, SealUseOutcomeRow, SealUseRow
from seal.registry import LOG_PREFIX as SEAL_PREFIX
from seal.states import SealState
from seal.uses import LOG_PREFIX
from store.findings import Finding, FindingKind, Findings
from store.ledger import began_at, first_entries, newest_entry
from store.ledger_examination import CUT_OFF

USE_MISSING: Final = FindingKind(
    "use.missing",
    "透明日志中有用印记录 {use}，用印登记表中没有。",
    "The transparency log has use {use} of a seal, and the record of uses has not.",
    "从备份恢复表 seal_use 与 seal_use_outcome 的该行；查明谁删除了它。",
    "Restore its rows of the tables seal_use and seal_use_outcome from a back-up; find out who removed them.",
)
USE_UNLOGGED: Final = FindingKind(
    "use.not_in_log",
    "用印记录 {use} 不在透明日志中。",
    "Use {use} of a seal is not in the transparency log.",
    "查明该次用印由谁写入；不可信的，冻结该印章（yinzheng seal freeze）。",
    "Find out who entered it; if it cannot be trusted, freeze the seal (yinzheng seal freeze).",
)
USE_DIFFERS: Final = FindingKind(
    "use.differs",
    "用印记录 {use} 与透明日志所记不同。",
    "Use {use} of a seal is not what the transparency log says.",
    "以透明日志为准，从备份恢复该行；查明谁改动了数据库。",
    "The log is right: restore the row from a back-up; find out who changed the database.",
)
SEAL_STATE_DIFFERS: Final = FindingKind(
    "seal.state_differs",
    "印章 {seal} 的状态为 {state}，透明日志最后一条记录为 {logged}。",
    "Seal {seal} is {state}, and {logged} by the newest record in the transparency log.",
    "有人绕过系统改动了印章：立即冻结（yinzheng seal freeze），以日志为准恢复该行，查明此后的每次用印。",
    "Somebody changed the seal past the log: freeze it (yinzheng seal freeze), restore its row as the log has it, and "
    "look into each use since.",
)
SEAL_UNLOGGED: Final = FindingKind(
    "seal.not_in_log",
    "印章 {seal} 的办理记录不在透明日志中。",
    "What was done with seal {seal} is not in the transparency log.",
    "查明由谁写入；不可信的，冻结该印章（yinzheng seal freeze）。",
    "Find out who entered it; if it cannot be trusted, freeze the seal (yinzheng seal freeze).",
)
SEAL_MISSING: Final = FindingKind(
    "seal.missing",
    "透明日志中有印章 {seal}，印章登记表中没有。",
    "The transparency log has seal {seal}, and the register of seals has not.",
    "从备份恢复表 seal 与 seal_event 的各行；查明谁删除了它。",
    "Restore its rows of the tables seal and seal_event from a back-up; find out who removed them.",
)

_PAGE: Final = 2000


def examine_seals(session: Session, found: Findings) -> Iterator[Finding]:
    """Every seal is in the state that the ledger says, and every one in the ledger is on record.

    :param found: what was found before; what is in doubt already is left out, and so is the ledger if it was cut off.
    """
    cut_off = found.found(CUT_OFF)
    entry = newest_entry(SEAL_PREFIX + SealRow.number)
    moved = sa.select(sa.func.max(SealEventRow.at)).where(SealEventRow.seal_id == SealRow.id).scalar_subquery()
    rows = (
        sa.select(SealRow.number, SealRow.state, entry.c.opening, moved.label("moved"), began_at().label("began"))
        .outerjoin(entry, sa.true())
        .order_by(SealRow.number)
        .execution_options(yield_per=_PAGE)
    )
    for number, state, opening, at, began in session.execute(rows):
        where = SEAL_PREFIX + number
        if where in found or cut_off:
            continue
        if opening is None:
            # what was done before the ledger is not in it
            if at is None or (began is not None and at >= began):
                yield Finding(SEAL_UNLOGGED, where, {"seal": number})
        elif (logged := json.loads(opening)["state"]) != state:
            yield Finding(SEAL_STATE_DIFFERS, where, {"seal": number, "state": state, "logged": logged})

    def is_recorded(number: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.exists().where(SealRow.number == number)

    for where, number in _only_logged(session, SEAL_PREFIX, is_recorded):
        if where not in found:
            yield Finding(SEAL_MISSING, where, {"seal": number})


def examine_uses(session: Session, found: Findings, *, told: Callable[[int], object]) -> Iterator[Finding]:
    """Every use that ended is in the ledger as it is on record, and every one in the ledger is on record.

    :param found: what was found before; what is in doubt already is left out, and so is the ledger if it was cut off.
    """
    cut_off = found.found(CUT_OFF)
    recorded = sa.select(SealUseOutcomeRow.use_id).join(SealUseRow, SealUseRow.id == SealUseOutcomeRow.use_id)

    def is_recorded(number: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return recorded.where(SealUseOutcomeRow.use_id == sa.cast(number, sa.BigInteger)).exists()

    for where, use in _only_logged(session, LOG_PREFIX, is_recorded):
        if where not in found:
            yield Finding(USE_MISSING, where, {"use": use})
    subject = LOG_PREFIX + sa.cast(SealUseOutcomeRow.use_id, sa.Text)
    entry = newest_entry(subject)
    rows = (
        sa.select(SealUseOutcomeRow, SealUseRow.document_identifier, entry.c.opening, began_at().label("began"))
        .join(SealUseRow, SealUseRow.id == SealUseOutcomeRow.use_id)
        .outerjoin(entry, sa.true())
        .order_by(SealUseOutcomeRow.use_id)
        .execution_options(yield_per=_PAGE)
    )
    for count, (outcome, identifier, opening, began) in enumerate(session.execute(rows), start=1):
        if count % _PAGE == 0:
            told(count)
        where, said = f"{LOG_PREFIX}{outcome.use_id}", {"use": outcome.use_id}
        if where in found:
            continue
        if opening is None:
            # uses from before the ledger are not in it
            if not cut_off and began is not None and outcome.at >= began:
                yield Finding(USE_UNLOGGED, where, said)
            continue
        record = json.loads(opening)
        logged = (record["result"], record["sealed_digest"], record["reason_code"], record["document_identifier"])
        if logged != (outcome.result, outcome.sealed_digest, outcome.reason_code, identifier):
            yield Finding(USE_DIFFERS, where, said)


def _only_logged(
    session: Session, prefix: str, is_recorded: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]]
) -> Iterator[tuple[str, str]]:
    """What the ledger has under a prefix and the tables have not: the subjects, and what follows the prefix in them."""
    subject = first_entries(prefix).c.subject
    rest: sa.ColumnElement[str] = sa.func.substr(subject, len(prefix) + 1)
    rows = sa.select(subject, rest).where(~is_recorded(rest)).execution_options(yield_per=_PAGE)
    return session.execute(rows)


def examine_seal_certificates(session: Session, *, before: datetime) -> Iterator[Finding]:
    """The certificates of seals in use that end before a moment."""
    rows = (
        sa.select(SealCertificateRow.certificate_id, SealRow.number, SealCertificateRow.not_after)
        .join(SealRow, SealRow.id == SealCertificateRow.seal_id)
        .where(
            SealCertificateRow.used_until.is_(None),
            SealCertificateRow.not_after < before,
            SealRow.state.in_([SealState.ACTIVE, SealState.FROZEN, SealState.REGISTERED]),
        )
        .order_by(SealRow.number)
    )
    for certificate_id, number, until in session.execute(rows):
        yield ends_soon(certificate_id, f"seal {number}", until)
