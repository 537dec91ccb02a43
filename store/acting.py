"""For whom rows are read and written: the second fence behind the filters of queries.

Each transaction tells PostgreSQL, in settings that end with it, for whom it works. Policies on the tables with the rows
of holders and clients (migration 0022) let through what is theirs, so that a query that forgot its filter finds nothing
of others. A transaction that tells nothing sees none of those rows.

A process says once what its own work is for (:class:`store.database.Database`). Within a request, :func:`becoming`
opens a place that says "nobody", and :func:`become` fills in who was let in, whichever thread of the request does so.
Code that has to look across, and itself decides what of it is told, says so by :func:`crossing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

_PLAIN: Final = re.compile(r"[\w:.@+-]{0,200}", re.ASCII)


@dataclass(frozen=True)
class Acting:
    """For whom a transaction works."""

    kind: Literal["service", "holder", "client", "nobody"]
    holder: str = ""
    """Blind index of the holder, in hexadecimal."""
    client: str = ""
    body: str = ""
    """Unified social credit code of the client's body."""

    def __post_init__(self) -> None:
        """:raises ValueError: a value could be more than a name within a statement."""
        for value in (self.holder, self.client, self.body):
            if not _PLAIN.fullmatch(value):
                raise ValueError("a name in the setting of a transaction has other characters than names have")

    @classmethod
    def for_holder(cls, index: bytes) -> Acting:
        """For a holder, by blind index."""
        return cls("holder", holder=index.hex())

    @classmethod
    def for_client(cls, client_id: str, body_code: str | None) -> Acting:
        """For a system of a body."""
        return cls("client", client=client_id, body=body_code or "")

    def opening(self) -> bytes:
        """The statements with which a transaction for it begins."""
        settings = [f"SET LOCAL yinzheng.acting = '{self.kind}'"]
        settings += [
            f"SET LOCAL yinzheng.{name} = '{value}'"
            for name, value in (("holder", self.holder), ("client", self.client), ("body", self.body))
            if value
        ]
        return "; ".join(["BEGIN", *settings]).encode()


SERVICE: Final = Acting("service")
"""The service's own work, such as jobs and commands, and looks across that code itself answers for."""
NOBODY: Final = Acting("nobody")
"""Whoever was not let in yet."""


@dataclass
class _Place:
    """Who acts in a request. Its threads share it, while each has a copy of the variable."""

    acting: Acting


_place: ContextVar[_Place | None] = ContextVar("acting", default=None)


def acting_now() -> Acting | None:
    """For whom the work at hand is; None outside of requests."""
    place = _place.get()
    return place.acting if place is not None else None


@contextmanager
def becoming() -> Iterator[None]:
    """A request: for nobody, until :func:`become` says for whom."""
    token = _place.set(_Place(NOBODY))
    try:
        yield
    finally:
        _place.reset(token)


def become(acting: Acting) -> None:
    """Say for whom the request at hand is; outside of a request nothing happens."""
    place = _place.get()
    if place is not None:
        place.acting = acting


@contextmanager
def crossing() -> Iterator[None]:
    """Look at the rows of all for the length of a block: whoever writes this decides in code what is told of them."""
    token = _place.set(_Place(SERVICE))
    try:
        yield
    finally:
        _place.reset(token)
