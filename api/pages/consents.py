"""Pages on consent (授权用证): what departments ask for, and what the holder agreed to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.consent_schemas import ConsentRequestView, ConsentView
from api.pages.wallet_frame import (
    answerable,
    licences_of,
    may_consent,
    show_wallet,
    to,
)
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from wallet import Acting, GivenConsent, WalletAct
from wallet.agent_errors import BeyondAppointmentError

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

NumberPath = Annotated[str, Path(max_length=64)]


@router.get("/consents", response_class=HTMLResponse)
def consents(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What departments ask for, and what the holder agreed to; an agent sees what is within its limits."""
    names, now = services.names(), services.clock.now()
    asked = [ConsentRequestView.of(each, names) for each in answerable(services, acting)]
    given = [ConsentView.of(each, names, now) for each in _within_limits(services, acting)]
    return show_wallet(request, services, acting, "wallet/consents.html", asked=asked, given=given)


@router.post("/consents/{number}/withdraw", response_class=RedirectResponse)
def withdraw(services: ServicesDep, acting: ActingDep, number: NumberPath) -> Response:
    """Withdraws a consent from this moment on."""
    given = services.licence_consents.get(acting.holder, number)
    if not _may_see(services, acting, given):
        raise BeyondAppointmentError
    services.licence_consents.withdraw(acting.holder, number, by=acting.by)
    services.agents.note(acting, WalletAct.CONSENT, number)
    return to("/wallet/consents")


@router.post("/requests/{number}", response_class=RedirectResponse)
def answer(
    services: ServicesDep, acting: ActingDep, number: NumberPath, agree: Annotated[str, Form(pattern="^(yes|no)$")]
) -> Response:
    """Agrees to what a department asks for, or refuses it."""
    found = services.consent_requests.to_holder(acting.holder, number)
    asked = found.asked
    if not may_consent(acting, asked.wanted, asked.service_item):
        raise BeyondAppointmentError
    if agree == "yes":
        services.consent_requests.agree(acting.holder, number, by=acting.by)
    else:
        services.consent_requests.refuse(acting.holder, number, by=acting.by)
    services.agents.note(acting, WalletAct.CONSENT, number)
    return to("/wallet/consents")


def _may_see(services: Services, acting: Acting, given: GivenConsent) -> bool:
    held = licences_of(services, [given])
    slugs = [each.type.slug for each in held.values()]
    return may_consent(acting, slugs, given.terms.service_item)


def _within_limits(services: Services, acting: Acting) -> list[GivenConsent]:
    given = services.licence_consents.of_holder(acting.holder)
    if acting.agent is None:
        return given
    held = licences_of(services, given)
    return [
        each
        for each in given
        if may_consent(acting, [held[key].type.slug for key in each.terms.licences], each.terms.service_item)
    ]
