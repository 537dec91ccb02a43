"""Applying for a seal: a form whose picture is drawn while it is filled in."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.document_types import APPLICATION, document_type
from api.errors import RequestInvalidError
from api.languages import language_of
from api.pages.frame import to
from api.pages.moments import day_of, end_of
from api.pages.seal_office import ApplicantDep, OfficerDesk, problem_of, show_seals
from api.pages.seal_uses import type_choices
from api.pages.written import OneLineForm
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from seal import Artwork, Person, SealApplication, SealKind
from store.errors import YinzhengError

router = APIRouter(prefix="/seals/new", dependencies=[CsrfCheckedDep])

_DRAWING_RATE: Final = "120/minute"
"""Of one officer: as fast as somebody types, and no faster."""
_LARGEST_PICTURE: Final = 900_000


@dataclass(frozen=True)
class Filled:
    """The form, as it was filled in."""

    owner: str = ""
    kind: str = ""
    purpose: str = ""
    name: str = field(default="", repr=False)
    size_mm: str = ""
    valid_until: str = ""
    supersedes: str = ""
    reason: str = ""
    document: str = ""
    licence_types: list[str] = field(default_factory=list)
    picture: bytes | None = field(default=None, repr=False)

    def application(self, services: Services, *, drawing: bool) -> SealApplication:
        """What is asked for.

        :param drawing: it is only to be drawn, so that it may say less.
        :raises RequestInvalidError: a field is not of its form.
        :raises TypeUnknownError: there is no such type of document.
        """
        types = [document_type(services.catalogue, each) for each in self.licence_types]
        return SealApplication(
            self.owner,
            types or ([APPLICATION] if drawing else []),
            self.purpose.strip() or None,
            _size(self.size_mm),
            _kind(self.kind),
            self.name.strip() or None,
            picture=self.picture,
            valid_until=None if drawing else end_of(day_of(self.valid_until)),
            supersedes=None if drawing else self.supersedes.strip() or None,
        )


def _filled(
    owner: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    size_mm: Annotated[str, Form()] = "",
    valid_until: Annotated[str, Form()] = "",
    supersedes: Annotated[str, Form()] = "",
    reason: OneLineForm = "",
    document: Annotated[str, Form()] = "",
    licence_types: Annotated[list[str] | None, Form()] = None,
    picture: UploadFile | None = None,
) -> Filled:
    data = picture.file.read(_LARGEST_PICTURE + 1) if picture is not None and picture.filename else None
    if data is not None and len(data) > _LARGEST_PICTURE:
        raise RequestInvalidError(problem=f"picture: {_LARGEST_PICTURE} B")
    return Filled(
        owner,
        kind,
        purpose,
        name,
        size_mm,
        valid_until,
        supersedes,
        reason,
        document,
        licence_types or [],
        data or None,
    )


FilledDep = Annotated[Filled, Depends(_filled)]


@router.get("", response_class=HTMLResponse)
def form(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    supersedes: Annotated[str, Query(pattern="^([0-9]{13})?$")] = "",
) -> HTMLResponse:
    """The form; to change a seal, filled in with what that one is."""
    if not supersedes:
        return _form(request, services, desk, Filled(owner=desk.body.code))
    old = desk.seal(supersedes)
    code = old.owner.reference if isinstance(old.owner, Person) else old.owner.code
    usual = old.kind.rules.purpose
    filled = Filled(
        code,
        old.kind.value,
        old.purpose or "" if old.purpose != usual else "",
        size_mm=f"{old.height_mm:g}",
        supersedes=supersedes,
        licence_types=list(old.licence_types),
    )
    return _form(request, services, desk, filled)


@router.post("", response_class=RedirectResponse)
def apply(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    filled: FilledDep,
    act: Annotated[str, Form()] = "",
) -> Response:
    """Applies; or shows the form again with the picture, for who asked for that."""
    if act == "draw":
        return _form(request, services, desk, filled)
    try:
        desk.require_application(filled.owner, filled.supersedes.strip() or None)
        asked = services.seals.apply(
            filled.application(services, drawing=False),
            officer=desk.name,
            reason=filled.reason,
            document=filled.document.strip() or None,
        )
    except YinzhengError as error:
        return _form(request, services, desk, filled, **problem_of(request, error))
    return to(f"/seals/requests/{asked.id}?done=applied")


@router.post("/artwork", response_class=JSONResponse)
def drawn(services: ServicesDep, desk: ApplicantDep, filled: FilledDep) -> JSONResponse:
    """The picture for what is filled in so far, as an address that holds it."""
    found = _draw(services, desk, filled)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


def _draw(services: Services, desk: OfficerDesk, filled: Filled) -> dict[str, str]:
    services.limiter.hit(_DRAWING_RATE, "seal-drawing", desk.officer.reference)
    desk.require_application(filled.owner, None)
    found = services.seals.draw(filled.application(services, drawing=True))
    if isinstance(found, Artwork):
        kind, data = "image/svg+xml", found.to_svg().encode()
    else:
        kind, data = "image/png", found.png
    size = f"{found.width_mm:g} × {found.height_mm:g} mm"
    return {"picture": f"data:{kind};base64,{b64encode(data).decode()}", "size": size}


def _form(request: Request, services: Services, desk: OfficerDesk, filled: Filled, **said: str | int) -> HTMLResponse:
    chinese = language_of(request) == "zh"
    picture: dict[str, Any] = {}
    if "problem" not in said:
        try:
            picture = _draw(services, desk, filled)
        except YinzhengError as error:
            picture = {"problem": problem_of(request, error)["problem"]}
    status = int(said.pop("status", 200))
    owners = [(each.code, each.name_zh if chinese else each.name_en or each.name_zh) for each in desk.owners()]
    owners += [(each.reference, f"{each.name_masked} {each.code_masked}") for each in desk.people()]
    return show_seals(
        request,
        services,
        desk,
        "seals/new.html",
        here="/seals",
        status=status,
        filled=filled,
        drawn=picture,
        owners=owners,
        kinds=list(SealKind),
        types=type_choices(services, language_of(request)),
        **said,
    )


def _size(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        size = float(text)
    except ValueError:
        raise RequestInvalidError(problem="size_mm") from None
    if not 0 < size <= 100:
        raise RequestInvalidError(problem="size_mm")
    return size


def _kind(text: str) -> SealKind | None:
    if not text:
        return None
    try:
        return SealKind(text)
    except ValueError:
        raise RequestInvalidError(problem="kind") from None
