"""Doing a thing once, however often it is asked for: the keys with which callers mark what they may have to repeat.

The key and what came of it are written in the transaction that does the thing. Of two that ask at the same moment one
does it; the other waits for that and is told what came of it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store._tables import OnceRow
from store.errors import Kind, YinzhengError


class OnceKeyReusedError(YinzhengError):
    """A key that marked one request came with another."""

    code = "store.once_key_reused"
    kind = Kind.CONFLICT
    zh = "该幂等键已用于另一个请求。新的请求请换用新的键。"
    en = "This idempotency key was used for another request. Use a new key for a new request."


@dataclass(frozen=True, slots=True)
class Once:
    """The mark of one request."""

    scope: str
    """Who asks; keys of two callers never meet."""
    key: str
    """Chosen by the caller."""
    digest: str
    """Of what is asked for, so that a key used twice by mistake is noticed."""


def result_of(session: Session, once: Once) -> str | None:
    """What came of a request that was done before; None for one that was not.

    :raises OnceKeyReusedError: the key was used for another request.
    """
    row = session.get(OnceRow, (once.scope, once.key))
    if row is None:
        return None
    if not hmac.compare_digest(row.digest, once.digest):
        raise OnceKeyReusedError
    return row.result


def settle(session: Session, once: Once, result: str, at: datetime) -> str | None:
    """Write down what comes of a request within the transaction that does it.

    :returns: None, or what came of it where another was faster; the caller's own work is then to be undone.
    :raises OnceKeyReusedError: the key was used for another request.
    """
    values = {"scope": once.scope, "key": once.key, "digest": once.digest, "result": result, "at": at}
    made = session.scalar(insert(OnceRow).values(values).on_conflict_do_nothing().returning(OnceRow.key))
    return None if made is not None else result_of(session, once)
