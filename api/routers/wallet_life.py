"""Opening a wallet, closing it, and taking along all that is stored about its holder."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.problems import responses
from api.routers.holder import HolderDep
from api.schemas import CloseRequest, WalletStateView
from api.security import ServicesDep
from api.services import Services
from api.wallet_export import export_of
from trust import HolderIndex
from wallet import ConsentState, RequestState

router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])

EXPORT_RATE = "20/hour"
"""Exports of one holder: each reads all that there is."""


@router.get("", summary="卡包状态 The wallet", responses=responses(401, 403))
def state(services: ServicesDep, holder: HolderDep) -> WalletStateView:
    """卡包是否开通，有多少证照与待答复的授权请求。Whether it is open, and what waits there."""
    return _view(services, holder)


@router.post("/open", summary="开通 Open", responses=responses(401, 403, 413))
def open_wallet(services: ServicesDep, holder: HolderDep) -> WalletStateView:
    """开通卡包（注销后可重新开通），归入登记簿中本人（本单位）的全部证照，含开通前签发的。

    Opens the wallet, also after it was closed, and takes in all licences that the register has for the holder, those
    from before too. Doing it again takes in what is new.
    """
    found = services.wallets.open(holder)
    return _view(services, holder).model_copy(update={"found": found})


@router.post("/close", summary="注销 Close", responses=responses(401, 403, 413, 422))
def close_wallet(services: ServicesDep, holder: HolderDep, _: CloseRequest) -> WalletStateView:
    """注销卡包：移除证照引用，撤回全部授权，拒绝待答复的请求，未使用的亮证码失效。证照本身、查验记录与签名记录依法保留。

    Removes the references, withdraws every consent, refuses what was asked for, and voids codes that were not used.
    Licences, the record of checks and signed records stay, as the law requires. It can be opened again.
    """
    services.wallets.close(holder)
    services.licence_consents.withdraw_all(holder)
    services.consent_requests.refuse_all(holder)
    return _view(services, holder)


@router.post(
    "/export",
    summary="导出所存信息 Export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
        **responses(401, 403, 413),
    },
)
def export(services: ServicesDep, holder: HolderDep) -> StreamingResponse:
    """系统所存的本人（本单位）全部信息：证照数据与 PDF、授权及其签名记录、亮证、查验记录、异议。

    每次导出均有记录；卡包注销后仍可导出。

    All that is stored about the holder, as a ZIP: licences with their PDFs, consents with their signed records, what
    was shown, who looked, objections. Each export is on record. Works for a closed wallet too.
    """
    services.limiter.hit(EXPORT_RATE, "wallet-export", holder.value.hex())
    services.wallets.note_export(holder)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="wallet.zip"'}
    return StreamingResponse(export_of(services, holder), media_type="application/zip", headers=headers)


def _view(services: Services, holder: HolderIndex) -> WalletStateView:
    now, found = services.clock.now(), services.wallets.state(holder)
    requests = services.consent_requests.of_holder(holder)
    consents = services.licence_consents.of_holder(holder)
    return WalletStateView(
        state="closed" if found.closed_at is not None else "open" if found.opened_at is not None else "not_opened",
        opened_at=found.opened_at,
        closed_at=found.closed_at,
        licences=len(services.wallets.entries(holder)),
        open_requests=sum(each.state is RequestState.OPEN for each in requests),
        active_consents=sum(each.state_at(now) is ConsentState.ACTIVE for each in consents),
    )
