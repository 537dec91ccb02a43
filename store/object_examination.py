"""Examining the object store: what rows name is there and is what they name, and what no row names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from store.database import Base, Database
from store.findings import Finding, FindingKind, Severity
from store.objects import ObjectDamagedError, ObjectMissingError, ObjectStore

MISSING: Final = FindingKind(
    "object.missing",
    "对象 {digest} 不在对象存储中。",
    "Object {digest} is not in the object store.",
    "从备份（yinzheng restore DIR --objects-only）或存储桶的历史版本取回。",
    "Bring it back from a back-up (yinzheng restore DIR --objects-only), or from an earlier version of the bucket.",
)
DAMAGED: Final = FindingKind(
    "object.damaged",
    "对象 {digest} 的内容已被改动。",
    "The content of object {digest} was altered.",
    "从备份取回（yinzheng restore DIR --objects-only）；查明是磁盘故障还是有人改动。",
    "Bring it back from a back-up (yinzheng restore DIR --objects-only); find out whether the disk fails or somebody "
    "changed it.",
)
SWAPPED: Final = FindingKind(
    "object.swapped",
    "对象 {digest} 的位置上是另一个对象 {found}。",
    "In the place of object {digest} is another one, {found}.",
    "从备份取回（yinzheng restore DIR --objects-only）；查明谁能写入对象存储。",
    "Bring it back from a back-up (yinzheng restore DIR --objects-only); find out who can write to the object store.",
)
ORPHAN: Final = FindingKind(
    "object.orphan",
    "没有任何记录提到对象 {digest}。",
    "No row names object {digest}.",
    "无害：中断的制证或进行中的归集会留下这样的对象。可以保留。",
    "Harmless: issuing that was broken off, and imports that go on, leave such objects. It may stay.",
    Severity.NOTICE,
)

_PAGE: Final = 1000


def read_object(objects: ObjectStore, digest: str, *, known: Callable[[str], bool]) -> bytes | Finding:
    """An object, or what is wrong with it.

    :param known: whether a digest is that of another object that a row names.
    :raises ObjectsUnavailableError: the store could not be asked.
    """
    where = f"object:{digest}"
    try:
        return objects.get(digest)
    except ObjectMissingError:
        return Finding(MISSING, where, {"digest": digest})
    except ObjectDamagedError as error:
        found = str(error.params["found"])
        kind = SWAPPED if known(found) else DAMAGED
        return Finding(kind, where, {"digest": digest, "found": found})


def unnamed(database: Database, digests: Iterable[str]) -> Iterator[str]:
    """Those of some digests that no row names (:data:`store.database.OBJECT`) at this moment."""
    remaining = iter(digests)
    while page := list(islice(remaining, _PAGE)):
        listed = sa.func.unnest(sa.literal(page, ARRAY(sa.Text))).column_valued("listed")
        statement = sa.select(listed)
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if "object" in column.info:
                    statement = statement.where(~sa.exists().where(column == listed))
        with database.transaction() as session:
            yield from session.scalars(statement)


def examine_orphans(
    database: Database, objects: ObjectStore, *, settle_seconds: float, told: Callable[[int], object]
) -> Iterator[Finding]:
    """The objects that no row names, neither when they are come upon nor some time after the end.

    :param settle_seconds: how long after that; an object is put before the row that names it commits.
    :raises ObjectsUnavailableError: the store could not be asked.
    """

    def counted() -> Iterator[str]:
        for count, digest in enumerate(objects.digests(), start=1):
            if count % _PAGE == 0:
                told(count)
            yield digest

    found = list(unnamed(database, counted()))
    if found:
        time.sleep(settle_seconds)
    for digest in unnamed(database, found):
        yield Finding(ORPHAN, f"object:{digest}", {"digest": digest})
