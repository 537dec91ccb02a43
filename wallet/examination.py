"""Examining wallets against the register: each licence is with its holder, and with nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from store.findings import Finding, FindingKind, Findings
from store.outbox import unfinished
from trust import LICENCE_ISSUED
from trust.examination import holdings
from trust.licence_log import log_subject
from wallet._tables import CoHoldingRow, ReferenceRow, WalletRow

LICENCE_UNKNOWN: Final = FindingKind(
    "wallet.licence_unknown",
    "卡包条目 {entry} 指向登记簿中没有的证照 {identifier}。",
    "Entry {entry} of a wallet is for licence {identifier}, which the register has not.",
    "查明谁写入了该条目或删除了证照；证照应在登记簿中的，从备份恢复，否则删除该条目。",
    "Find out who made the entry or removed the licence; restore the licence if it should be there, else remove the "
    "entry.",
)
HOLDER_DIFFERS: Final = FindingKind(
    "wallet.holder_differs",
    "卡包条目 {entry} 把证照 {identifier} 放在了不是其持证人的卡包中。",
    "Entry {entry} puts licence {identifier} into the wallet of somebody who does not hold it.",
    "删除该条目；查明谁写入了它，持证人的信息可能已被他人看到。",
    "Remove the entry; find out who made it: somebody else may have seen the holder's data.",
)
LICENCE_MISSING: Final = FindingKind(
    "wallet.licence_missing",
    "证照 {identifier} 不在其持证人的卡包中。",
    "Licence {identifier} is not in the wallet of its holder.",
    "持证人重新开通卡包即可补齐；查明该条目为何缺失。",
    "Opening the wallet again takes it in; find out why the entry is missing.",
)

_PAGE: Final = 2000


def examine_wallets(session: Session, found: Findings, *, before: datetime) -> Iterator[Finding]:
    """Every entry is for a licence that its holder holds, and every licence is in its holder's wallet unless closed.

    :param found: what was found before; what is in doubt already is left out.
    :param before: licences that were issued since may still be on their way.
    """
    held = holdings()
    shared = sa.exists().where(
        CoHoldingRow.identifier == ReferenceRow.identifier, CoHoldingRow.holder_index == ReferenceRow.holder_index
    )
    entries = (
        sa.select(ReferenceRow.id, ReferenceRow.identifier, held.c.identifier.is_(None).label("unknown"))
        .outerjoin(held, held.c.identifier == ReferenceRow.identifier)
        .where(sa.or_(held.c.identifier.is_(None), sa.and_(held.c.holder_index != ReferenceRow.holder_index, ~shared)))
        .execution_options(yield_per=_PAGE)
    )
    for entry, identifier, unknown in session.execute(entries):
        if log_subject(identifier) not in found:
            kind = LICENCE_UNKNOWN if unknown else HOLDER_DIFFERS
            yield Finding(kind, f"wallet-entry:{entry}", {"entry": entry, "identifier": identifier})
    yield from _missing(session, found, before)


def _missing(session: Session, found: Findings, before: datetime) -> Iterator[Finding]:
    held = holdings()
    present = sa.exists().where(
        ReferenceRow.identifier == held.c.identifier, ReferenceRow.holder_index == held.c.holder_index
    )
    closed = sa.exists().where(WalletRow.holder_index == held.c.holder_index, WalletRow.closed_at.is_not(None))
    missing = sa.select(held.c.identifier).where(
        held.c.issued_at < before, ~present, ~closed, held.c.identifier.not_in(unfinished(LICENCE_ISSUED))
    )
    for identifier in session.scalars(missing.execution_options(yield_per=_PAGE)):
        if log_subject(identifier) not in found:
            yield Finding(LICENCE_MISSING, f"wallet:{identifier}", {"identifier": identifier})
