"""What shows only when the lines of an archive are seen beside each other and beside the register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from store.database import Database
from trust._batch_tables import BatchLineRow
from trust._tables import LicenceRow
from trust.batch import Batch

_PAGE = 1000
_IN_ORDER = "line ORDER BY line"


def duplicates(database: Database, batch: Batch) -> Iterator[tuple[int, int]]:
    """Lines that say the same as an earlier one, each with that one."""
    lines = sa.func.array_agg(sa.text(_IN_ORDER))
    statement = _grouped(batch, BatchLineRow.content_index, lines).having(sa.func.count() > 1)
    for (found,) in _rows(database, statement):
        for line in found[1:]:
            yield line, found[0]


def contradicting_numbers(database: Database, batch: Batch) -> Iterator[tuple[int, int]]:
    """Lines with the same number that do not say the same, each with another of them."""
    return _contradicting(database, batch, BatchLineRow.number_index, BatchLineRow.content_index)


def contradicting_holders(database: Database, batch: Batch) -> Iterator[tuple[int, int]]:
    """Lines with the same holder's code under different names, each with another of them."""
    return _contradicting(database, batch, BatchLineRow.holder_index, BatchLineRow.name_index)


def holders_in_register(database: Database, batch: Batch) -> Iterator[tuple[int, str]]:
    """Lines whose holder has licences already, each with the identifier of the latest."""
    latest = (
        sa.select(BatchLineRow.line, sa.func.max(LicenceRow.id).label("licence_id"))
        .join(LicenceRow, LicenceRow.holder_index == BatchLineRow.holder_index)
        .where(BatchLineRow.batch_id == batch.id)
        .group_by(BatchLineRow.line)
        .subquery()
    )
    statement = sa.select(latest.c.line, LicenceRow.identifier).join(LicenceRow, LicenceRow.id == latest.c.licence_id)
    yield from ((line, identifier) for line, identifier in _rows(database, statement))


def _contradicting(database: Database, batch: Batch, same: Any, other: Any) -> Iterator[tuple[int, int]]:
    lines, others = sa.func.array_agg(sa.text(_IN_ORDER)), sa.func.array_agg(sa.text(f"{other.key} ORDER BY line"))
    statement = _grouped(batch, same, lines, others).having(sa.func.count(other.distinct()) > 1)
    for found, values in _rows(database, statement):
        for line, value in zip(found, values, strict=True):
            yield line, next(each for each, its in zip(found, values, strict=True) if bytes(its) != bytes(value))


def _grouped(batch: Batch, index: Any, *columns: Any) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(BatchLineRow.__table__)
        .where(BatchLineRow.batch_id == batch.id, index.is_not(None))
        .group_by(index)
    )


def _rows(database: Database, statement: Any) -> Iterator[Any]:
    with database.transaction() as session:
        yield from session.execute(statement.execution_options(yield_per=_PAGE))
