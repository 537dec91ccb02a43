"""The columns whose values rest encrypted, as their tables declare them by :func:`store.database.encrypted`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from keys.vault import HEADER_SIZE
from store.database import Base

_PLACE: Final = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass(frozen=True)
class EncryptedColumn:
    """One such column."""

    column: sa.Column[Any]
    template: str

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.column.table.name}.{self.column.name}"

    @property
    def table(self) -> sa.Table:
        """Where it is."""
        table = self.column.table
        if not isinstance(table, sa.Table):
            raise TypeError(f"{self.name} is not a column of a table")
        return table

    @cached_property
    def key(self) -> tuple[sa.Column[Any], ...]:
        """The columns of the primary key."""
        return tuple(self.table.primary_key.columns)

    @property
    def header(self) -> sa.ColumnElement[bytes]:
        """The beginning of a value, which names its data key."""
        return sa.func.substring(self.column, sa.text("1"), sa.text(str(HEADER_SIZE)))

    def page(self, *, other_than: bytes, after: Sequence[Any] | None, at_most: int) -> sa.Select[Any]:
        """Rows by primary key, locked: the key, the column, what it is bound to. Rows that others hold are passed over.

        :param other_than: those whose value begins like this are left out.
        :param after: the primary key after which the page begins.
        """
        source: sa.FromClause = self.table
        bound = []
        for column, other in self._places:
            if other is None:
                bound.append(column)
                continue
            (reference,) = column.foreign_keys
            source = source.join(reference.column.table, column == reference.column)
            bound.append(reference.column.table.c[other])
        statement = (
            sa.select(*self.key, self.column, *(each.label(f"bound_{n}") for n, each in enumerate(bound)))
            .select_from(source)
            .where(self.column.is_not(None), self.header != other_than)
            .order_by(*self.key)
            .limit(at_most)
            .with_for_update(of=self.table, skip_locked=True)
        )
        if after is None:
            return statement
        return statement.where(sa.tuple_(*self.key) > sa.tuple_(*(sa.literal(*each) for each in self._typed(after))))

    def context(self, values: Sequence[object]) -> str:
        """What a value is bound to, from the last columns of :meth:`page`."""
        rest = iter(values)
        return _PLACE.sub(lambda _: _word(next(rest)), self.template)

    def replacing(self) -> sa.Update:
        """Puts ``blob`` in the row whose primary key is ``key_0``, ``key_1`` …"""
        of_row = [each == sa.bindparam(f"key_{number}") for number, each in enumerate(self.key)]
        return sa.update(self.table).where(*of_row).values({self.column: sa.bindparam("blob")})

    @cached_property
    def _places(self) -> list[tuple[sa.Column[Any], str | None]]:
        return [(self.table.c[found[1]], found[2]) for found in _PLACE.finditer(self.template)]

    def _typed(self, values: Sequence[Any]) -> list[tuple[Any, sa.types.TypeEngine[Any]]]:
        return [(value, column.type) for value, column in zip(values, self.key, strict=True)]


def encrypted_columns() -> list[EncryptedColumn]:
    """All of them, in the order of the tables' names."""
    tables = sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    return [
        EncryptedColumn(column, column.info["encrypted"])
        for table in tables
        for column in table.columns
        if "encrypted" in column.info
    ]


def _word(value: object) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
