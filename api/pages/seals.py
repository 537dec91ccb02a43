"""Seals: the list of them, and each with its picture, certificates, life and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.errors import RequestInvalidError
from api.languages import language_of
from api.pages.frame import to
from api.pages.moments import moment_of
from api.pages.seal_office import ActorDep, ApplicantDep, OfficerDesk, ReaderDep, problem_of, show_seals, type_name
from api.pages.written import OneLineForm
from api.routers.seals import NumberPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from seal import Artwork, Move, Seal, SealCertificate, SealState
from seal.states import ON_REQUEST, possible_moves
from store.errors import YinzhengError

router = APIRouter(prefix="/seals", dependencies=[CsrfCheckedDep])

Text = Annotated[str, Form()]
_BY_ONE = (Move.FREEZE, Move.REGISTER, Move.ACTIVATE)
_SOON_DAYS = 60


@dataclass(frozen=True)
class CertificateLeft:
    """The certificate that a seal uses, and for how long it still may."""

    certificate: SealCertificate
    days: int

    @property
    def look(self) -> str:
        """How it is shown."""
        return "fail" if self.days <= 0 else "unsure" if self.days <= _SOON_DAYS else "pass"


@router.get("", response_class=HTMLResponse)
def seals(request: Request, services: ServicesDep, desk: ReaderDep) -> HTMLResponse:
    """Every seal that is this officer's business."""
    now = services.clock.now()
    found = [(each, each.state_at(now)) for each in desk.seals()]
    return show_seals(request, services, desk, "seals/seals.html", found=found)


@router.get("/{number}", response_class=HTMLResponse)
def one(request: Request, services: ServicesDep, desk: ReaderDep, number: NumberPath) -> HTMLResponse:
    """A seal."""
    return _one(request, services, desk, number)


@router.get("/{number}/artwork", response_class=Response)
def artwork(services: ServicesDep, desk: ReaderDep, number: NumberPath) -> Response:
    """A seal's picture, as it was approved."""
    return picture_response(services, desk.seal(number))


@router.post("/{number}/freeze", response_class=RedirectResponse)
def freeze(
    request: Request,
    services: ServicesDep,
    desk: ActorDep,
    number: NumberPath,
    reason: OneLineForm = "",
    document: Text = "",
) -> Response:
    """Stops a seal at once."""
    return _by_one(request, services, desk, number, Move.FREEZE, reason, document)


@router.post("/{number}/register", response_class=RedirectResponse)
def register(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    number: NumberPath,
    reason: OneLineForm = "",
    document: Text = "",
) -> Response:
    """Enters a seal that was made into the public register."""
    return _by_one(request, services, desk, number, Move.REGISTER, reason, document)


@router.post("/{number}/activate", response_class=RedirectResponse)
def activate(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    number: NumberPath,
    reason: OneLineForm = "",
    document: Text = "",
) -> Response:
    """Puts a registered seal into use."""
    return _by_one(request, services, desk, number, Move.ACTIVATE, reason, document)


@router.post("/{number}/ask", response_class=RedirectResponse)
def ask(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    number: NumberPath,
    move: Text = "",
    reason: OneLineForm = "",
    document: Text = "",
    compromised_since: Text = "",
) -> Response:
    """Asks for a move that wants a second officer."""
    desk.seal(number)
    try:
        if move not in ON_REQUEST:
            raise RequestInvalidError(problem="move")
        asked = services.seals.request(
            number,
            Move(move),
            officer=desk.name,
            reason=reason,
            document=document.strip() or None,
            compromised_since=moment_of(compromised_since),
        )
    except YinzhengError as error:
        filled = {"reason": reason, "document": document, "compromised_since": compromised_since}
        return _one(request, services, desk, number, filled, dialog=f"do-{move}", **problem_of(request, error))
    return to(f"/seals/requests/{asked.id}?done=asked")


def picture_response(services: Services, seal: Seal) -> Response:
    """The picture of a seal as a file, for pages that show it."""
    found = services.seals.artwork(seal)
    headers = {"Cache-Control": "private, no-store"}
    if isinstance(found, Artwork):
        return Response(found.to_svg(), media_type="image/svg+xml", headers=headers)
    return Response(found.png, media_type="image/png", headers=headers)


def certificate_left(services: Services, number: str, now: datetime) -> CertificateLeft | None:
    """The certificate that a seal uses; None where it has none."""
    used = [each for each in services.seals.certificates(number) if each.used_until is None]
    return CertificateLeft(used[-1], (used[-1].not_after - now).days) if used else None


def _by_one(
    request: Request, services: Services, desk: OfficerDesk, number: str, move: Move, reason: str, document: str
) -> Response:
    desk.seal(number)
    act = {
        Move.FREEZE: services.seals.freeze,
        Move.REGISTER: services.seals.register,
        Move.ACTIVATE: services.seals.activate,
    }[move]
    try:
        act(number, officer=desk.name, reason=reason, document=document.strip() or None)
    except YinzhengError as error:
        filled = {"reason": reason, "document": document}
        return _one(request, services, desk, number, filled, dialog=f"do-{move}", **problem_of(request, error))
    return to(f"/seals/{number}?done={move}")


def _one(
    request: Request,
    services: Services,
    desk: OfficerDesk,
    number: str,
    filled: Mapping[str, str] | None = None,
    **said: Any,
) -> HTMLResponse:
    seal = desk.seal(number)
    now = services.clock.now()
    state = seal.state_at(now)
    asked = [each for each in services.seals.requests(number) if each.decided_at is None]
    waits = {each.move for each in asked}
    moves = [each for each in possible_moves(state) if each not in waits] if desk.acts else []
    status = said.pop("status", 200)
    return show_seals(
        request,
        services,
        desk,
        "seals/seal.html",
        here="/seals",
        status=status,
        filled=filled or {},
        seal=seal,
        state=state,
        types=[type_name(services, each, language_of(request)) for each in seal.licence_types],
        left=certificate_left(services, number, now) if state not in (SealState.CANCELLED, SealState.CHANGED) else None,
        certificates=services.seals.certificates(number),
        successor=services.seals.successor(number),
        history=services.seals.history(number),
        asked=asked,
        freezes=Move.FREEZE in moves,
        by_one=[each for each in moves if each in _BY_ONE and each is not Move.FREEZE] if desk.applies else [],
        by_two=[each for each in moves if each in ON_REQUEST] if desk.applies else [],
        changes=desk.applies and Move.CHANGE in moves,
        **said,
    )
