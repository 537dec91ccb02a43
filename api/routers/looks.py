"""Who looked at a holder's licences (查验记录), and objections to it (异议)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.look_schemas import (
    LawfulCheckView,
    LookView,
    ObjectionAnswerRequest,
    ObjectionFiguresView,
    ObjectionView,
    ObjectRequest,
)
from api.problems import responses
from api.routers.holder import HolderDep
from api.routers.verifier import CheckerDep, caller_of
from api.security import ServicesDep
from verify.looks import MOST_LOOKS
from verify.objection_errors import LookUnknownError
from verify.objections import ObjectionState

wallet_router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])
router = APIRouter(prefix="/v1/objections", tags=["查验异议 Objections"])

StateQuery = Annotated[ObjectionState | None, Query()]


@wallet_router.get("/looks", summary="谁查过我 Who looked", responses=responses(401, 403, 422))
def looks(
    services: ServicesDep,
    holder: HolderDep,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="接着上一页最后一条的 number.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LOOKS)] = 100,
) -> list[LookView]:
    """每次查验：谁、何时、为何事项、依据什么、答复如何；法律规定不告知的除外。最近的在前。

    Every check of the holder's licences: by whom, when, for what, on what basis, with what answer; except those that
    the law keeps from the holder. Newest first.
    """
    names = services.names()
    found = services.looks.at(services.wallets.identifiers(holder), before=before, limit=limit)
    return [LookView.of(each, names) for each in found]


@wallet_router.get("/lawful-checks", summary="依法无需授权的查验 Checks without consent", responses=responses(401, 403))
def lawful_checks(services: ServicesDep, holder: HolderDep) -> list[LawfulCheckView]:
    """哪些事项依法无需授权即可查验、依据哪条法律、可查哪些字段。The items for which the law does without consent."""
    names = services.names()
    return [LawfulCheckView.of(each, names) for each in services.service_items.all() if each.without_consent]


@wallet_router.post(
    "/objections", status_code=201, summary="提出异议 Object", responses=responses(401, 403, 404, 409, 413, 422)
)
def object_to(services: ServicesDep, holder: HolderDep, body: ObjectRequest) -> ObjectionView:
    """对一次查验提出异议，由查验单位在 15 日内答复；公众查验由平台运营者答复。

    The body that checked answers within 15 days; the operator does, where nobody had to say who checked.
    """
    look = services.looks.find(body.look, services.wallets.identifiers(holder))
    if look is None:
        raise LookUnknownError
    return ObjectionView.of(services.objections.open(holder, look, body.text), services.names())


@wallet_router.get("/objections", summary="我的异议 My objections", responses=responses(401, 403))
def my_objections(services: ServicesDep, holder: HolderDep) -> list[ObjectionView]:
    """已提出的异议与答复。What the holder objected to, with the answers."""
    names = services.names()
    return [ObjectionView.of(each, names) for each in services.objections.of_holder(holder)]


@router.get("", summary="收到的异议 Objections received", responses=responses(401, 403, 422))
def received(services: ServicesDep, client: CheckerDep, state: StateQuery = None) -> list[ObjectionView]:
    """对本单位查验的异议。Objections to the body's checks."""
    names = services.names()
    found = services.objections.received(caller_of(client).body_code, state=state)
    return [ObjectionView.of(each, names) for each in found]


@router.get("/figures", summary="办理情况 Figures", responses=responses(401, 403))
def figures(services: ServicesDep, client: CheckerDep) -> ObjectionFiguresView:
    """本单位的办理情况：数量、逾期、平均答复用时。How the body deals with objections."""
    return ObjectionFiguresView.of(services.objections.figures(caller_of(client).body_code))


@router.post("/{number}/answer", summary="答复异议 Answer", responses=responses(401, 403, 404, 409, 413, 422))
def answer(
    services: ServicesDep,
    client: CheckerDep,
    number: Annotated[str, Path(max_length=64)],
    body: ObjectionAnswerRequest,
) -> ObjectionView:
    """说明为何查验，或如何处理。Says why it was checked, or what is done about it."""
    body_code, actor = caller_of(client).body_code, f"client:{client.id}"
    answered = services.objections.answer(number, body.text, actor=actor, body_code=body_code)
    return ObjectionView.of(answered, services.names())
