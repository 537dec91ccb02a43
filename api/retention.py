"""Everything that is deleted after a while, in one list; docs/operations.md has it as a table."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Final

from api._tables import (
    ClientAssertionRow,
    ClientUsageRow,
    SessionRow,
    SignInAttemptRow,
    SignInLinkRow,
    WatchRow,
    WebhookRow,
)
from store.clock import Clock
from store.database import Database
from store.retention import DONE_JOBS, ONCE_KEYS, Retention, forget
from trust.register import local_date
from wallet.retention import RETENTIONS as WALLET

_AT_ONCE: Final = timedelta(0)

RETENTIONS: Final = (
    Retention(
        "sessions",
        "过期的登录会话",
        "sessions that ended",
        _AT_ONCE,
        SessionRow,
        lambda at: SessionRow.expires_at <= at,
    ),
    Retention(
        "sign-in-attempts",
        "过期的登录尝试",
        "attempts to sign in that ended",
        _AT_ONCE,
        SignInAttemptRow,
        lambda at: SignInAttemptRow.expires_at <= at,
    ),
    Retention(
        "sign-in-links",
        "过期的试用登录链接",
        "sign-in links of invented people that ended",
        _AT_ONCE,
        SignInLinkRow,
        lambda at: SignInLinkRow.expires_at <= at,
    ),
    Retention(
        "client-assertions",
        "过期的客户端断言编号",
        "numbers of client assertions that ended",
        _AT_ONCE,
        ClientAssertionRow,
        lambda at: ClientAssertionRow.expires_at <= at,
    ),
    Retention(
        "webhook-secrets",
        "已更换且过渡期满的回调密钥",
        "secrets of webhooks that were replaced, after the time of both",
        _AT_ONCE,
        WebhookRow,
        lambda at: WebhookRow.previous_until <= at,
        values={"previous_secret": None, "previous_until": None},
    ),
    Retention(
        "watches",
        "到期的状态关注",
        "watches that ended",
        timedelta(days=30),
        WatchRow,
        lambda at: WatchRow.until < local_date(at),
    ),
    Retention(
        "client-usage",
        "客户端每日核验次数",
        "how many checks a client made on a day",
        timedelta(days=400),
        ClientUsageRow,
        lambda at: ClientUsageRow.day < local_date(at),
    ),
    DONE_JOBS,
    ONCE_KEYS,
    *WALLET,
)


def forget_all(database: Database, clock: Clock, stop: Event) -> int:
    """Delete everything that was kept for long enough, and tell how many rows that was.

    :raises DatabaseUnavailableError: the database cannot be reached; what was deleted stays so.
    """
    total = 0
    for each in RETENTIONS:
        if stop.is_set():
            break
        total += forget(database, each, clock)
    return total
