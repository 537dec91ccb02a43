"""Choosing for whom one acts: for oneself, for a body, for a child."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.pages.frame import show, to
from api.security import ServicesDep
from api.sessions import CsrfCheckedDep, PersonDep
from api.signed_in import local_address
from trust import HolderIndex
from wallet.agent_errors import NotActingError

router = APIRouter(dependencies=[CsrfCheckedDep])


@router.get("/acting", response_class=HTMLResponse)
def choose(request: Request, services: ServicesDep, person: PersonDep) -> HTMLResponse:
    """All for whom the person may act now."""
    mandates = services.agents.mandates(person.acting)
    chosen = person.signed_in.acting_for or person.holder
    return show(request, "acting.html", person=person, mandates=mandates, chosen=chosen)


@router.post("/acting", response_class=RedirectResponse)
def chosen(
    services: ServicesDep,
    person: PersonDep,
    holder: Annotated[str, Form(max_length=64, pattern="^([0-9a-f]{64})?$")] = "",
    onward: Annotated[str, Form(alias="next", max_length=1000)] = "/acting",
) -> Response:
    """Acts for a holder from now on, or for oneself where none is named."""
    wanted = HolderIndex(bytes.fromhex(holder)) if holder else None
    if wanted is not None and wanted not in {each.holder for each in services.agents.mandates(person.acting)}:
        raise NotActingError
    services.sessions.act_for(person.signed_in, wanted)
    return to(local_address(onward))
