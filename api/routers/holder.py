"""For wallets of holders: what the holder has, and showing it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.clients import Client, Scope
from api.errors import ScopeMissingError
from api.problems import responses
from api.routers.issuer import PDF_ANSWER, IdentifierPath, pdf_response
from api.schemas import LicenceView, PresentationView, PresentRequest
from api.security import ServicesDep, client_with
from trust import HolderIndex

router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])


def _holder(client: Annotated[Client, Depends(client_with(Scope.HOLD))]) -> HolderIndex:
    if client.holder is None:
        raise ScopeMissingError(scope=Scope.HOLD.value)
    return client.holder


HolderDep = Annotated[HolderIndex, Depends(_holder)]


@router.get("/licences", summary="我的证照 My licences", responses=responses(401, 403))
def licences(services: ServicesDep, holder: HolderDep) -> list[LicenceView]:
    """卡包中的证照，状态取自登记簿。The wallet's licences with their present status in the register."""
    today = services.register.today()
    return [LicenceView.of(licence, today) for licence in services.wallets.licences(holder)]


@router.get("/licences/{identifier}", summary="证照详情 One licence", responses=responses(401, 403, 404, 422))
def licence(services: ServicesDep, holder: HolderDep, identifier: IdentifierPath) -> LicenceView:
    """卡包中的一份证照。One licence of the wallet."""
    return LicenceView.of(services.wallets.licence(holder, identifier), services.register.today())


@router.get(
    "/licences/{identifier}/pdf",
    summary="下载 Download",
    response_class=Response,
    responses={**PDF_ANSWER, **responses(401, 403, 404, 422)},
)
def download(services: ServicesDep, holder: HolderDep, identifier: IdentifierPath) -> Response:
    """加盖电子印章的 PDF。The sealed PDF."""
    return pdf_response(services.wallets.pdf(holder, identifier), identifier)


@router.get("/licences/{identifier}/log", summary="日志证明 Log proofs", responses=responses(401, 403, 404, 422))
def log_proofs(services: ServicesDep, holder: HolderDep, identifier: IdentifierPath) -> list[dict[str, Any]]:
    """证照各项记录载入透明日志的证明，含盐值，勿公开。Proofs of all records, with their salts: not for everybody."""
    held = services.wallets.licence(holder, identifier)
    return [proof.to_json() for proof in services.transparency_log.prove(held.identifier)]


@router.post(
    "/presentations", status_code=201, summary="亮证 Show a licence", responses=responses(401, 403, 404, 409, 413, 422)
)
def present(services: ServicesDep, holder: HolderDep, body: PresentRequest, response: Response) -> PresentationView:
    """生成 60 秒内有效、只能使用一次的亮证码。A QR code that holds for 60 seconds and can be redeemed once."""
    response.headers["Cache-Control"] = "no-store"
    presentation = services.presentations.present(holder, body.identifier, purpose=body.purpose, audience=body.audience)
    return PresentationView.of(presentation)
