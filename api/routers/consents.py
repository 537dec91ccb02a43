"""Consent (授权用证): holders give and withdraw it, departments ask for it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from api.consent_schemas import (
    AgreeRequest,
    ConsentAskRequest,
    ConsentDetailView,
    ConsentGiveRequest,
    ConsentRecordView,
    ConsentRequestView,
    ConsentSearchRequest,
    ConsentUseView,
    ConsentView,
    shared,
)
from api.problems import responses
from api.routers.holder import HolderDep
from api.routers.verifier import CheckerDep, caller_of, occasion_of
from api.security import ServicesDep
from api.services import Services
from store.acting import crossing
from trust import CodeType, HolderIndex, checked_code
from verify import Occasion
from verify.check_errors import FieldsRefusedError
from wallet import Asked, ConsentTerms, RequestState

wallet_router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])
router = APIRouter(tags=["授权用证 Consent"])

NumberPath = Annotated[str, Path(max_length=64)]


@wallet_router.post(
    "/consents", status_code=201, summary="授权 Give consent", responses=responses(401, 403, 404, 409, 413, 422)
)
def give(services: ServicesDep, holder: HolderDep, body: ConsentGiveRequest) -> ConsentView:
    """预先授权：给哪个单位、为哪个事项、哪些证照与字段、可用几次、到何时为止。每项授权有签名记录，并载入透明日志。

    Agrees ahead: to whom, for which service item, which licences and fields, how often, until when. Each consent is a
    signed record, whose digest stands in the transparency log.
    """
    terms = ConsentTerms(body.body, body.service_item, shared(body.licences), body.max_uses, body.until)
    return ConsentView.of(services.licence_consents.give(holder, terms), services.names(), services.clock.now())


@wallet_router.get("/consents", summary="我的授权 My consents", responses=responses(401, 403))
def consents(services: ServicesDep, holder: HolderDep) -> list[ConsentView]:
    """全部授权，最近的在前。All consents, newest first."""
    names, now = services.names(), services.clock.now()
    return [ConsentView.of(each, names, now) for each in services.licence_consents.of_holder(holder)]


@wallet_router.get("/consents/{number}", summary="授权详情 One consent", responses=responses(401, 403, 404, 422))
def consent(services: ServicesDep, holder: HolderDep, number: NumberPath) -> ConsentDetailView:
    """一项授权及其使用记录与签名记录。One consent, when it was made use of, and its signed records."""
    book = services.licence_consents
    view = ConsentView.of(book.get(holder, number), services.names(), services.clock.now())
    return ConsentDetailView(
        **dict(view),
        use_record=[ConsentUseView.of(each) for each in book.uses(holder, number)],
        records=[ConsentRecordView.of(each) for each in book.records(holder, number)],
    )


@wallet_router.post(
    "/consents/{number}/withdraw", summary="撤回授权 Withdraw", responses=responses(401, 403, 404, 413, 422)
)
def withdraw(services: ServicesDep, holder: HolderDep, number: NumberPath) -> ConsentView:
    """撤回立即生效。Holds from this moment on; doing it twice changes nothing."""
    given = services.licence_consents.withdraw(holder, number)
    return ConsentView.of(given, services.names(), services.clock.now())


@wallet_router.get("/consent-requests", summary="授权请求 Requests", responses=responses(401, 403, 422))
def requests(
    services: ServicesDep, holder: HolderDep, state: Annotated[RequestState | None, Query()] = None
) -> list[ConsentRequestView]:
    """各单位请求授权的记录，最近的在前。What departments asked for, newest first."""
    names = services.names()
    found = services.consent_requests.of_holder(holder)
    return [ConsentRequestView.of(each, names) for each in found if state in (None, each.state)]


@wallet_router.get(
    "/consent-requests/{number}", summary="请求详情 One request", responses=responses(401, 403, 404, 422)
)
def request(services: ServicesDep, holder: HolderDep, number: NumberPath) -> ConsentRequestView:
    """一项授权请求。One request."""
    return ConsentRequestView.of(services.consent_requests.to_holder(holder, number), services.names())


@wallet_router.post(
    "/consent-requests/{number}/agree", summary="同意 Agree", responses=responses(401, 403, 404, 409, 413, 422)
)
def agree(services: ServicesDep, holder: HolderDep, number: NumberPath, body: AgreeRequest) -> ConsentRequestView:
    """全部同意，或只同意所选的证照与字段、更短、更少次。Wholly, or to what is named, for less long or less often."""
    chosen = None if body.licences is None else shared(body.licences)
    answered, _ = services.consent_requests.agree(holder, number, chosen, days=body.days, max_uses=body.max_uses)
    return ConsentRequestView.of(answered, services.names())


@wallet_router.post(
    "/consent-requests/{number}/refuse", summary="拒绝 Refuse", responses=responses(401, 403, 404, 409, 413, 422)
)
def refuse(services: ServicesDep, holder: HolderDep, number: NumberPath) -> ConsentRequestView:
    """拒绝授权请求。Nothing is told."""
    return ConsentRequestView.of(services.consent_requests.refuse(holder, number), services.names())


@router.post(
    "/v1/consent-requests",
    status_code=201,
    summary="请求授权 Ask for consent",
    responses=responses(401, 403, 409, 413, 422),
)
def ask(services: ServicesDep, client: CheckerDep, body: ConsentAskRequest) -> ConsentRequestView:
    """请持证人授权查看所需字段；无论其是否已开通卡包，答复相同。逾期未答复即失效。

    Asks a holder for the fields that the item needs. The answer is the same whether there is such a wallet or not; a
    request that nobody answers in time expires.
    """
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    _check_permitted(occasion, body)
    wanted: dict[str, frozenset[str]] = {}
    for each in body.wanted:
        wanted[each.type] = wanted.get(each.type, frozenset()) | frozenset(each.fields)
    asked = Asked(
        client_id=client.id,
        body_code=occasion.caller.body_code,
        service_item=occasion.item.code,
        case_number=occasion.case_number,
        purpose=body.purpose,
        wanted=wanted,
        max_uses=body.max_uses,
        days=body.days,
    )
    holder = _holder(services, body.holder.code_type, body.holder.code)
    within = dt.timedelta(seconds=body.answer_within)
    return ConsentRequestView.of(services.consent_requests.ask(holder, asked, answer_within=within), services.names())


@router.get("/v1/consent-requests/{number}", summary="请求结果 The answer", responses=responses(401, 403, 404, 422))
def answer(services: ServicesDep, client: CheckerDep, number: NumberPath) -> ConsentRequestView:
    """本单位的授权请求及答复；同意时给出授权编号。A request of the body; with the consent's number once agreed to."""
    body_code = caller_of(client).body_code
    return ConsentRequestView.of(services.consent_requests.of_body(body_code, number), services.names())


@router.post("/v1/consents/search", summary="可用授权 Consents for a case", responses=responses(401, 403, 413, 422))
def search(services: ServicesDep, client: CheckerDep, body: ConsentSearchRequest) -> list[ConsentView]:
    """持证人已给本单位、为该事项、现仍可用的授权。A holder's consents for this body and item that may be used now."""
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    holder = _holder(services, body.holder.code_type, body.holder.code)
    given = services.licence_consents.for_body(occasion.caller.body_code, occasion.item.code, holder)
    named = sorted({identifier for each in given for identifier in each.terms.licences})
    with crossing():
        held = services.register.get_many(named).values()
    visible = {each.identifier for each in held if occasion.caller.may_check(each.type.slug)}
    names, now = services.names(), services.clock.now()
    views = [ConsentView.of(each, names, now) for each in given]
    for view in views:
        view.licences = [each for each in view.licences if each.identifier in visible]
    return [view for view in views if view.licences]


@router.get("/.well-known/consent-jwks.json", summary="授权记录公钥 Keys of consents", responses=responses())
def consent_jwks(services: ServicesDep, response: Response) -> dict[str, Any]:
    """验证授权记录签名的公钥（RFC 7517）。The keys of consents' records; old ones stay."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return dict(services.consent_keys.jwks())


def _holder(services: Services, code_type: CodeType, code: str) -> HolderIndex:
    checked = checked_code(code_type, code, today=services.register.today())
    return HolderIndex.of(services.keys.vault, code_type, checked)


def _check_permitted(occasion: Occasion, body: ConsentAskRequest) -> None:
    """:raises FieldsRefusedError: a field is asked for that client or item do not provide for."""
    for each in body.wanted:
        for field in each.fields:
            if not (occasion.item.needs(each.type, field) and occasion.caller.may_know(each.type, field)):
                raise FieldsRefusedError
