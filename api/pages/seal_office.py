"""What the pages of the office of seals share: who works there, and the frame with what waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from api.actors import Actors
from api.document_types import APPLICATION
from api.languages import Language, language_of, words_of
from api.officers import Officer, Role
from api.pages.frame import SEAL_READERS, Area, show
from api.pages.words import WORDS
from api.problems import status_of
from api.seal_desk import SealDesk
from api.security import ServicesDep
from api.services import Services
from api.sessions import SignedInDep, officer_with
from seal import Seal
from store.errors import YinzhengError
from trust.errors import TypeUnknownError


class OfficerDesk(SealDesk):
    """An officer at the desk of a body."""

    def __init__(self, services: Services, officer: Officer) -> None:
        super().__init__(services, officer.organisation_code, officer.actor)
        self.officer = officer

    @property
    def applies(self) -> bool:
        """Whether the officer applies for seals, asks for moves and grants use."""
        return Role.SEAL_APPLICANT in self.officer.roles

    @property
    def approves(self) -> bool:
        """Whether the officer decides what another asked for."""
        return Role.SEAL_APPROVER in self.officer.roles

    @property
    def audits(self) -> bool:
        """Whether the officer reads the log."""
        return Role.AUDITOR in self.officer.roles

    @property
    def acts(self) -> bool:
        """Whether the officer may freeze a seal, as either of the two."""
        return self.applies or self.approves


def desk_with(*roles: Role) -> Callable[..., OfficerDesk]:
    """A dependency that lets in officers with one of some roles; see :func:`api.sessions.officer_with`."""

    known = officer_with(*roles)

    def desk(services: ServicesDep, found: SignedInDep) -> OfficerDesk:
        return OfficerDesk(services, known(services, found))

    return desk


ReaderDep = Annotated[OfficerDesk, Depends(desk_with(*SEAL_READERS))]
ApplicantDep = Annotated[OfficerDesk, Depends(desk_with(Role.SEAL_APPLICANT))]
ApproverDep = Annotated[OfficerDesk, Depends(desk_with(Role.SEAL_APPROVER))]
ActorDep = Annotated[OfficerDesk, Depends(desk_with(Role.SEAL_APPLICANT, Role.SEAL_APPROVER))]


def show_seals(
    request: Request,
    services: Services,
    desk: OfficerDesk,
    template: str,
    *,
    here: str | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page of the office, with how much waits for this officer."""
    given: Mapping[str, Any] = {
        "desk": desk,
        "who": Actors(services.officers, services.clients).name,
        "owner_of": partial(owner_of, language=language_of(request)),
        "problem": None,
        "problem_code": None,
        "done": done_word(request),
        **values,
    }
    waits = sum(desk.may_decide(each) for each in desk.waiting()) if desk.approves else 0
    counts = {"seal_requests": waits} if waits else {}
    return show(request, template, area=Area.SEALS, here=here, counts=counts, status=status, **given)


def done_word(request: Request) -> str | None:
    """What the page before has done, in the reader's words; None where it says nothing that we know."""
    return WORDS[language_of(request)].get(f"seal_done_{request.query_params.get('done', '')}")


def owner_of(seal: Seal, *, language: Language) -> str:
    """Who owns a seal, as may be shown."""
    return getattr(seal.owner, f"name_{language}", None) or getattr(seal.owner, "name_zh", None) or seal.title


def type_name(services: Services, slug: str, language: str) -> str:
    """What a type of document is called."""
    if slug == APPLICATION:
        return WORDS["zh" if language == "zh" else "en"]["seal_type_application"]
    try:
        found = services.catalogue.latest(slug)
    except TypeUnknownError:
        return slug
    return found.name_zh if language == "zh" else found.name_en


def problem_of(request: Request, error: YinzhengError) -> dict[str, Any]:
    """What a page says of an act that was refused.

    :raises YinzhengError: the error itself, where it is the service's.
    """
    if status_of(error) >= 500:
        raise error
    message = words_of(request, error)
    return {"problem": message, "problem_code": error.code, "status": status_of(error)}
