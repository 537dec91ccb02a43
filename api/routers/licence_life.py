"""For departments that issue: what is done to a licence after it was issued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.clients import Client
from api.marks import DigestDep, IfMatchHeader, KeyHeader, once, revision_of
from api.problems import responses
from api.routers.issuer import IdentifierPath, IssuerDep, made, own, shown
from api.schemas import ChangeRequest, EndingRequest, LicenceView, ReasonRequest
from api.security import ServicesDep
from store.once import Once
from trust import Act, ChangeOrder, Decision

router = APIRouter(prefix="/v1/licences/{identifier}", tags=["证照变动 Life of a licence"])

_ANSWERS = responses(401, 403, 404, 409, 413, 422)
_AGAIN: dict[int | str, dict[str, Any]] = {
    200: {"description": "此请求此前已办理。The same request was carried out before.", "model": LicenceView}
}


@dataclass(frozen=True)
class Marks:
    """Who asks, and the marks of the request."""

    client: Client
    revision: int | None
    once: Once | None

    def decision(self, reason: str, legal_basis: str | None = None) -> Decision:
        """What the request decides."""
        return Decision(f"client:{self.client.id}", reason, legal_basis, self.revision, self.once)


def _marks(
    services: ServicesDep,
    client: IssuerDep,
    identifier: IdentifierPath,
    digest: DigestDep,
    key: KeyHeader = None,
    if_match: IfMatchHeader = None,
) -> Marks:
    """The marks of a request about a licence of the client's own body."""
    own(services, client.organisation_code, identifier)
    return Marks(client, revision_of(if_match), once(client, key, digest))


MarksDep = Annotated[Marks, Depends(_marks)]


@router.post("/suspend", summary="暂停 Suspend", responses=_ANSWERS)
def suspend(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ReasonRequest, response: Response
) -> LicenceView:
    """暂停后核验不通过，可恢复。A suspended licence fails every check until it is resumed."""
    return shown(services, services.register.suspend(identifier, marks.decision(body.reason)), response)


@router.post("/resume", summary="恢复 Resume", responses=_ANSWERS)
def resume(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ReasonRequest, response: Response
) -> LicenceView:
    """恢复已暂停的证照。Lets a suspended licence hold again."""
    return shown(services, services.register.resume(identifier, marks.decision(body.reason)), response)


@router.post("/endorse", summary="年检 Endorse", responses=_ANSWERS)
def endorse(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ReasonRequest, response: Response
) -> LicenceView:
    """须年检的证照办理年检，有效至下一期限。Lets a licence that is endorsed yearly hold until the next due day."""
    return shown(services, services.register.endorse(identifier, marks.decision(body.reason)), response)


@router.post("/revoke", summary="吊销 Revoke", responses=_ANSWERS)
def revoke(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: EndingRequest, response: Response
) -> LicenceView:
    """由机关依法终止，不可恢复。Ends the licence for good, against its holder."""
    decision = marks.decision(body.reason, body.legal_basis)
    return shown(services, services.register.revoke(identifier, decision), response)


@router.post("/cancel", summary="注销 Cancel", responses=_ANSWERS)
def cancel(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: EndingRequest, response: Response
) -> LicenceView:
    """因申请、期满或主体终止等注销，不可恢复。Ends the licence for good, because nobody needs it any more."""
    decision = marks.decision(body.reason, body.legal_basis)
    return shown(services, services.register.cancel(identifier, decision), response)


@router.post("/correct", status_code=201, summary="更正 Correct", responses=_AGAIN | _ANSWERS)
def correct(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ChangeRequest, response: Response
) -> LicenceView:
    """签发改正差错的新版本，原版本失效。A new version without the error; the old one is superseded."""
    return _new_version(services, marks, Act.CORRECT, identifier, body, response)


@router.post("/change", status_code=201, summary="变更 Change", responses=_AGAIN | _ANSWERS)
def change(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ChangeRequest, response: Response
) -> LicenceView:
    """登记事项变更，签发新版本，原版本失效。A new version that says what has changed; the old one is superseded."""
    return _new_version(services, marks, Act.CHANGE, identifier, body, response)


@router.post("/renew", status_code=201, summary="延续 Renew", responses=_AGAIN | _ANSWERS)
def renew(
    services: ServicesDep, marks: MarksDep, identifier: IdentifierPath, body: ChangeRequest, response: Response
) -> LicenceView:
    """签发有效期延续的新版本，已过期的亦可。A new version with a new term, also of one that ran out."""
    return _new_version(services, marks, Act.RENEW, identifier, body, response)


def _new_version(
    services: ServicesDep, marks: Marks, act: Act, identifier: str, body: ChangeRequest, response: Response
) -> LicenceView:
    decision = marks.decision(body.reason, body.legal_basis)
    order = ChangeOrder(identifier, act, body.fields, decision, body.issue_date)
    return made(services, services.changing.change(order), response)
