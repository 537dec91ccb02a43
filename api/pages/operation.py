"""How the service stands (运行状况), for officers: whether one can work, and what operations have to see to."""

from __future__ import annotations

import importlib.metadata
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.officers import Officer, Role
from api.pages.frame import OPERATION_READERS, SEAL_READERS, Area, show
from api.security import ServicesDep
from api.sessions import officer_with
from store.schedule import JobOutcome

router = APIRouter()

_SOON_DAYS: Final = 30
_GONE_WRONG: Final = (JobOutcome.FAILED, JobOutcome.CUT_SHORT)


@router.get("/operation", response_class=HTMLResponse)
def operation(
    request: Request, services: ServicesDep, officer: Annotated[Officer, Depends(officer_with(*OPERATION_READERS))]
) -> HTMLResponse:
    """Parts, scheduled work, what waits, and which certificates end; no address, secret or word of anybody."""
    now, standing = services.clock.now(), services.readiness.standing()
    jobs = services.schedule.overview()
    ends = sorted(services.keys.authority.next_ends().items(), key=lambda each: each[1])
    waiting, given_up = services.outbox.waiting(), services.outbox.given_up()
    well = not (
        standing.missing
        or given_up
        or any(each.outcome in _GONE_WRONG for each in jobs)
        or any((at - now).days < _SOON_DAYS for _, at in ends)
    )
    at_console = not officer.roles.isdisjoint({Role.ISSUER, Role.APPROVER, Role.ADMINISTRATOR})
    return show(
        request,
        "operation.html",
        area=Area.CONSOLE if at_console or officer.roles.isdisjoint(SEAL_READERS) else Area.SEALS,
        standing=standing,
        well=well,
        now=now,
        jobs=jobs,
        wrong=_GONE_WRONG,
        waiting=waiting,
        given_up=given_up,
        head=services.ledger.head(),
        unplaced=services.ledger.waiting(),
        ends=[(purpose.value.replace("-", "_"), at, (at - now).days) for purpose, at in ends],
        soon=_SOON_DAYS,
        version=importlib.metadata.version("yinzheng"),
    )
