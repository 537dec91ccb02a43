"""All scheduled work (定时任务) of the service, in one list; ``yinzheng worker`` does it, on one machine or several.

What follows from the calendar by itself is no job: that a licence has expired, a consent or a session has ended, is
known by its dates whenever somebody asks. Checkpoints and status answers (OCSP) are signed for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Final

from api.retention import forget_all
from store.errors import YinzhengError
from store.schedule import ScheduledJob
from trust import LicenceLog
from trust.errors import FilesBrokenError
from trust.extending import AUTOMATIC

if TYPE_CHECKING:
    from api.services import Services

OUTBOX: Final = "outbox"
_SOON: Final = timedelta(seconds=0.5)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def scheduled_jobs(services: Services) -> tuple[ScheduledJob, ...]:
    """The jobs over the parts of a process, which are made when they are first needed."""
    return (
        ScheduledJob(
            "log",
            "为透明日志的新条目定序，载入日志启用前的证照",
            "give new entries of the transparency log their places, and enter licences from before the log",
            _SOON,
            lambda _: _sequence(services),
            shared=True,
        ),
        ScheduledJob(
            OUTBOX,
            "签发之后的事：把证照放入卡包",
            "what follows from issuing: put licences into wallets",
            _SOON,
            lambda _: services.worker.run_once(at_most=1),
            shared=True,
        ),
        ScheduledJob(
            "batches",
            "办理批量签发与归集的各行",
            "do the lines of batches and imports",
            _SOON,
            lambda stop: services.batch_worker.run_once(stop=stop),
            shared=True,
        ),
        ScheduledJob(
            "changes",
            "把证照变更写成待发通知",
            "make messages of changes to licences",
            timedelta(seconds=1),
            lambda _: services.webhooks.pass_on(),
            shared=True,
        ),
        ScheduledJob(
            "webhooks",
            "送达通知",
            "deliver messages",
            _SOON,
            lambda _: services.webhook_worker.run_once(at_most=1),
            shared=True,
        ),
        ScheduledJob(
            "expiries",
            "告知关注者证照已过期",
            "tell those who watch licences of expiries",
            timedelta(minutes=1),
            lambda stop: _until_none(services.watches.tell_expiries, stop),
        ),
        ScheduledJob(
            "status-lists",
            "使状态列表与登记簿一致并重新签名",
            "hold the status lists to the register, and sign them anew",
            timedelta(minutes=5),
            lambda _: services.status_lists.refresh(),
        ),
        ScheduledJob(
            "revocation-lists",
            "在到期一半时重新签发吊销列表",
            "make the revocation lists anew when half of their time is over",
            _HOUR,
            lambda _: _revocation_lists(services),
        ),
        ScheduledJob(
            "certificates",
            "更换即将到期的服务证书（时间戳、令牌、回执、授权记录、状态应答）",
            "renew certificates of services before they end: time stamps, tokens, receipts, consents, status answers",
            _DAY,
            lambda _: services.renew_certificates(),
            retry=_HOUR,
        ),
        ScheduledJob(
            "proofs",
            "延续 180 天内到期的长期签名证明",
            "extend long-term proofs that end within 180 days",
            _DAY,
            lambda stop: _extend(services, stop),
            retry=_HOUR,
        ),
        ScheduledJob(
            "retention",
            "删除保存期满的数据",
            "delete what was kept for long enough",
            _DAY,
            lambda stop: forget_all(services.database, services.clock, stop),
            retry=_HOUR,
        ),
    )


def _sequence(services: Services) -> int:
    done = services.ledger.sequence()
    return done + LicenceLog(services.keys.vault).adopt(services.database, services.clock)


def _until_none(work: Callable[[], int], stop: Event) -> int:
    """Do something until nothing is left of it."""
    total = 0
    while not stop.is_set() and (done := work()):
        total += done
    return total


def _revocation_lists(services: Services) -> int:
    """Have each authority's list made where it is due; one that cannot does not keep the others from it."""
    failed: YinzhengError | None = None
    done = 0
    for record in services.keys.authority.authorities():
        if record.not_after > services.clock.now():
            try:
                services.keys.revocation_lists.current(record)
                done += 1
            except YinzhengError as error:
                failed = error
    if failed is not None:
        raise failed
    return done


def _extend(services: Services, stop: Event) -> int:
    services.keys.timestamps.ensure()
    report = services.extending.run(actor=AUTOMATIC, stop=stop)
    if report.broken:
        raise FilesBrokenError(count=len(report.broken))
    return report.extended
