"""For wallets of holders: what the holder has, and showing it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.clients import Client, Scope
from api.errors import ScopeMissingError
from api.problems import responses
from api.routers.issuer import PDF_ANSWER, IdentifierPath, pdf_response
from api.schemas import (
    ArrangeRequest,
    GroupView,
    MintingView,
    OfflinePresentationView,
    PresentationView,
    PresentOfflineRequest,
    PresentRequest,
    WalletLicenceView,
)
from api.security import ServicesDep, client_with
from trust import HolderIndex, LicenceState
from wallet import Entry

router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])


HoldingClientDep = Annotated[Client, Depends(client_with(Scope.HOLD))]


def _holder(client: HoldingClientDep) -> HolderIndex:
    if client.holder is None:
        raise ScopeMissingError(scope=Scope.HOLD.value)
    return client.holder


HolderDep = Annotated[HolderIndex, Depends(_holder)]


@router.get("/licences", summary="我的证照 My licences", responses=responses(401, 403, 422))
def licences(
    services: ServicesDep,
    holder: HolderDep,
    licence_type: Annotated[str | None, Query(alias="type", max_length=64, description="Slug of the type.")] = None,
    state: Annotated[LicenceState | None, Query(description="证照状态 today.")] = None,
    with_hidden: Annotated[bool, Query(description="含已隐藏的 Hidden ones too.")] = False,
) -> list[WalletLicenceView]:
    """卡包中的证照，置顶的在前，其余新的在前；状态取自登记簿。With their present status in the register."""
    today = services.register.today()
    return [
        WalletLicenceView.of_entry(each, today)
        for each in services.wallets.entries(holder)
        if licence_type in (None, each.licence.type.slug)
        and state in (None, each.licence.state_on(today))
        and (with_hidden or not each.hidden)
    ]


@router.get("/groups", summary="分组 Groups", responses=responses(401, 403, 422))
def groups(
    services: ServicesDep, holder: HolderDep, by: Annotated[Literal["type", "issuer", "state"], Query()] = "type"
) -> list[GroupView]:
    """按证照类型、发证机关或状态分组，不含已隐藏的。By type, issuer or state, without hidden ones."""
    today = services.register.today()

    def group(entry: Entry) -> tuple[str, str]:
        found = entry.licence
        if by == "issuer":
            return found.issuer_code, found.issuer_name
        current = found.state_on(today)
        return (found.type.slug, found.type.name_zh) if by == "type" else (current.value, current.zh)

    grouped: dict[tuple[str, str], list[str]] = {}
    for each in services.wallets.entries(holder):
        if not each.hidden:
            grouped.setdefault(group(each), []).append(each.licence.identifier)
    return [
        GroupView(key=key, name=name, count=len(found), identifiers=found) for (key, name), found in grouped.items()
    ]


@router.get("/licences/{identifier}", summary="证照详情 One licence", responses=responses(401, 403, 404, 422))
def licence(services: ServicesDep, holder: HolderDep, identifier: IdentifierPath) -> WalletLicenceView:
    """卡包中的一份证照。One licence of the wallet."""
    return WalletLicenceView.of_entry(services.wallets.entry(holder, identifier), services.register.today())


@router.put(
    "/licences/{identifier}/arrangement", summary="置顶或隐藏 Pin or hide", responses=responses(401, 403, 404, 413, 422)
)
def arrange(
    services: ServicesDep, holder: HolderDep, identifier: IdentifierPath, body: ArrangeRequest
) -> WalletLicenceView:
    """置顶或隐藏一份证照，不影响证照本身。Pins a licence to the top, or hides it from the list."""
    entry = services.wallets.arrange(holder, identifier, pinned=body.pinned, hidden=body.hidden)
    return WalletLicenceView.of_entry(entry, services.register.today())


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


@router.post(
    "/offline-presentations",
    status_code=201,
    summary="离线亮证 Show a licence offline",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def present_offline(
    services: ServicesDep, holder: HolderDep, body: PresentOfflineRequest, response: Response
) -> OfflinePresentationView:
    """生成供无网络场合核验的亮证码，默认五分钟有效。核验方只需根证书（docs/offline-presentations.md）。每次生成均有记录。

    A QR code that is checked without a network, with nothing but the root certificate. Each one made is on record.
    """
    response.headers["Cache-Control"] = "no-store"
    lifetime = timedelta(minutes=body.minutes)
    return OfflinePresentationView.of(
        services.offline_presentations.present(holder, body.identifier, purpose=body.purpose, lifetime=lifetime)
    )


@router.get(
    "/offline-presentations", summary="离线亮证记录 Offline presentations that were made", responses=responses(401, 403)
)
def offline_presentations(services: ServicesDep, holder: HolderDep) -> list[MintingView]:
    """本人生成过的离线亮证码，新的在前；谁核验过无从得知。Newest first; who checked them is not known."""
    return [MintingView.of(each) for each in services.offline_presentations.made_by(holder)]
