"""Licence types: their versions, and for administrators another version, written with its pages beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.languages import Language, language_of
from api.officers import Officer, Role
from api.pages.console.desk import ReaderDep, actor_names, back, said, show_page
from api.pages.console.previews import picture
from api.pages.frame import to
from api.pages.words import WORDS
from api.pages.written import LinesForm, plain_lines
from api.problems import status_of
from api.routers.licence_types import SlugPath, VersionPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep, officer_with
from store.errors import YinzhengError
from trust import LicenceType, TypePackage, TypeState
from trust.errors import TypeUnknownError, TypeVersionUnknownError
from trust.type_package import DEFINITION, ORNAMENT, TEMPLATE

router = APIRouter(prefix="/console/types", dependencies=[CsrfCheckedDep])
AdministratorDep = Annotated[Officer, Depends(officer_with(Role.ADMINISTRATOR))]
_LONGEST: Final = 400_000
SourceForm = Annotated[str, Form(max_length=_LONGEST)]
_FORMS: Final = {"png": "image/png", "pdf": "application/pdf"}


@dataclass(frozen=True)
class Sources:
    """What an administrator wrote, and the version that it began with."""

    base: int
    definition: str
    template: str
    ornament: str

    @classmethod
    def of(cls, package: TypePackage, base: int) -> Sources:
        """The sources of a version."""
        definition, template, ornament = (
            package.files.get(each, b"").decode(errors="replace") for each in (DEFINITION, TEMPLATE, ORNAMENT)
        )
        return cls(base, definition, template, ornament)

    def package(self, services: Services, slug: str) -> TypePackage:
        """The version that they make, with the other files of the one before."""
        files = dict(services.licence_types.package(slug, self.base).files)
        for name, text in ((DEFINITION, self.definition), (TEMPLATE, self.template), (ORNAMENT, self.ornament)):
            if text.strip():
                files[name] = plain_lines(text).encode()
        return TypePackage(files)

    def misplaced(self, language: Language) -> str | None:
        """Where the definition stops being JSON; None where it is."""
        try:
            json.loads(self.definition)
        except json.JSONDecodeError as error:
            place = WORDS[language]["types_json_place"]
            return place.replace("{line}", str(error.lineno)).replace("{column}", str(error.colno))
        except RecursionError:
            return WORDS[language]["types_json_deep"]
        return None


def _sources(
    base: Annotated[int, Form(ge=1, le=2**31)],
    definition: SourceForm = "",
    template: SourceForm = "",
    ornament: SourceForm = "",
) -> Sources:
    return Sources(base, definition, template, ornament)


SourcesDep = Annotated[Sources, Depends(_sources)]


@router.get("", response_class=HTMLResponse)
def types(request: Request, services: ServicesDep, officer: ReaderDep) -> HTMLResponse:
    """All types, with the version that is in force and the drafts that wait."""
    newest = {each.slug: each for each in services.licence_types.versions()}
    drafts = {each.slug for each in services.licence_types.versions() if each.state is TypeState.DRAFT}
    published = {each.slug: each.version for each in services.catalogue}
    found = [(each, published.get(each.slug), each.slug in drafts) for each in newest.values()]
    return show_page(request, services, officer, "types.html", types=found)


@router.get("/{slug}", response_class=HTMLResponse)
def one(request: Request, services: ServicesDep, officer: ReaderDep, slug: SlugPath, done: str = "") -> HTMLResponse:
    """A type: what it asks for, how it looks, and all its versions."""
    return _show(request, services, officer, slug, done=done if done in ("draft", "publish", "retire") else None)


@router.get("/{slug}/versions/{version}/specimen.{form}", response_class=Response)
def specimen(
    services: ServicesDep, _: ReaderDep, slug: SlugPath, version: VersionPath, form: Literal["png", "pdf"]
) -> Response:
    """A version with made-up data, 样本 across every page."""
    drawn = services.type_desk.preview(slug, version, None, form=form)
    return Response(drawn, media_type=_FORMS[form], headers={"Cache-Control": "no-store"})


@router.get("/{slug}/edit", response_class=HTMLResponse)
def edit(
    request: Request,
    services: ServicesDep,
    officer: AdministratorDep,
    slug: SlugPath,
    version: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> HTMLResponse:
    """The sources of a version, or of the newest, to make another from."""
    base = version or max((each.version for each in services.licence_types.versions(slug)), default=1)
    sources = Sources.of(services.licence_types.package(slug, base), base)
    return _editor(request, services, officer, slug, sources)


@router.post("/{slug}/edit", response_class=HTMLResponse)
def take(
    request: Request,
    services: ServicesDep,
    officer: AdministratorDep,
    slug: SlugPath,
    sources: SourcesDep,
    step: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Keeps a draft, or shows how it would look."""
    try:
        problem = sources.misplaced(language_of(request))
        if problem is None:
            package = sources.package(services, slug)
            if step == "draft":
                services.type_desk.draft(slug, package, actor=officer.actor)
                return to(f"/console/types/{slug}?done=draft")
            drawn = services.type_desk.try_out(slug, package, form="png")
            return _editor(request, services, officer, slug, sources, drawn=picture(drawn))
    except TypeVersionUnknownError:
        raise
    except YinzhengError as error:
        problem = said(request, error)
        return _editor(request, services, officer, slug, sources, problem=problem, status=status_of(error))
    return _editor(request, services, officer, slug, sources, problem=problem, status=422)


@router.post("/{slug}/preview", response_class=JSONResponse)
def live(
    request: Request, services: ServicesDep, _: AdministratorDep, slug: SlugPath, sources: SourcesDep
) -> dict[str, str | None]:
    """How it looks while it is written, or what is wrong with it and where."""
    try:
        problem = sources.misplaced(language_of(request))
        if problem is not None:
            return {"picture": None, "problem": problem}
        drawn = services.type_desk.try_out(slug, sources.package(services, slug), form="png")
    except YinzhengError as error:
        return {"picture": None, "problem": said(request, error)}
    return {"picture": picture(drawn), "problem": None}


@router.get("/{slug}/versions/{version}/{act}", response_class=RedirectResponse)
def after_refusal(
    request: Request, _: ReaderDep, slug: SlugPath, version: VersionPath, act: Literal["publish", "retire"]
) -> Response:
    """The type again."""
    del version, act
    return back(request, f"/console/types/{slug}")


@router.post("/{slug}/versions/{version}/{act}", response_class=RedirectResponse)
def decide(
    request: Request,
    services: ServicesDep,
    officer: AdministratorDep,
    slug: SlugPath,
    version: VersionPath,
    act: Annotated[Literal["publish", "retire"], Path()],
    reason: LinesForm = "",
) -> Response:
    """Publishes a draft, or retires a version for a reason."""
    try:
        if act == "publish":
            services.type_desk.publish(slug, version, actor=officer.actor)
        else:
            services.type_desk.retire(slug, version, actor=officer.actor, reason=reason)
    except TypeVersionUnknownError:
        raise
    except YinzhengError as error:
        answer = _show(
            request,
            services,
            officer,
            slug,
            problem=said(request, error),
            reason=reason,
            dialog=f"{act}-{version}",
        )
        answer.status_code = status_of(error)
        return answer
    return to(f"/console/types/{slug}?done={act}")


def _show(
    request: Request,
    services: Services,
    officer: Officer,
    slug: str,
    *,
    problem: str | None = None,
    reason: str = "",
    dialog: str | None = None,
    done: str | None = None,
) -> HTMLResponse:
    versions = services.licence_types.versions(slug)
    if not versions:
        raise TypeUnknownError(asked=slug[:40], known="", known_zh="")
    shown = next((each for each in versions if each.state is TypeState.PUBLISHED), versions[-1])
    return show_page(
        request,
        services,
        officer,
        "type.html",
        here="/console/types",
        dialog=dialog,
        type=services.licence_types.get(slug, shown.version),
        versions=versions[::-1],
        administers=Role.ADMINISTRATOR in officer.roles,
        name=actor_names(services, officer, language_of(request)),
        problem=problem,
        reason=reason,
        done=done,
    )


def _editor(
    request: Request,
    services: Services,
    officer: Officer,
    slug: str,
    sources: Sources,
    *,
    drawn: str | None = None,
    problem: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    kind: LicenceType | Any = services.licence_types.get(slug, sources.base)
    answer = show_page(
        request,
        services,
        officer,
        "type_edit.html",
        here="/console/types",
        type=kind,
        sources=sources,
        drawn=drawn,
        problem=problem,
    )
    answer.status_code = status
    return answer
