"""Sharing in the manner of GB/T 36906: 查询, 核验 and 获取, for systems that are built to it.

No text of the standard was at hand: the three services and what each is asked by are its own; names of members are this
API's.
"""

from __future__ import annotations

from base64 import b64encode

from fastapi import APIRouter

from api.check_schemas import (
    CheckIdentifierRequest,
    CheckView,
    ObtainRequest,
    ObtainView,
    QueryRequest,
    QueryView,
    summary_view,
)
from api.problems import responses
from api.routers.verifier import CheckerDep, occasion_of
from api.schemas import ReasonView
from api.security import ServicesDep
from trust import checked_code
from verify import IdentifierCheck

router = APIRouter(prefix="/v1/sharing", tags=["证照共享 Sharing (GB/T 36906)"])


@router.post("/query", summary="查询 Which licences a holder has", responses=responses(401, 403, 404, 413, 422))
def query(services: ServicesDep, client: CheckerDep, body: QueryRequest) -> QueryView:
    """按持证主体查询其证照，须有持证人授权或法定依据；看不到的证照不列出。

    By the holder's code: the licences that the holder's consents cover, or all that the client may check where the
    service item names the law. What may not be seen is not listed.
    """
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    today = services.register.today()
    code = checked_code(body.holder.code_type, body.holder.code, today=today)
    slug = services.catalogue.latest(body.licence_type).slug if body.licence_type is not None else None
    holder = (body.holder.code_type, code)
    answer, found = services.department_checks.query(occasion, holder, body.consents, slug)
    return QueryView(
        checked_at=answer.verdict.checked_at,
        licences=[summary_view(each, today) for each in found],
        reasons=[ReasonView.model_validate(each.to_json()) for each in answer.verdict.reasons],
        receipt_id=answer.receipt_id,
        receipt=answer.receipt,
    )


@router.post("/verify", summary="核验 Check a licence", responses=responses(401, 403, 413, 422))
def verify(services: ServicesDep, client: CheckerDep, body: CheckIdentifierRequest) -> CheckView:
    """按电子证照标识与持证主体核验，与 POST /v1/checks/identifier 相同。The same as POST /v1/checks/identifier."""
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    questions = [each.question() for each in body.questions]
    check = IdentifierCheck(body.identifier, body.holder)
    answer = services.department_checks.by_identifier(occasion, check, questions, body.fields, body.consent)
    return CheckView.of_answer(answer, services.register.today())


@router.post("/obtain", summary="获取 Obtain a licence's data", responses=responses(401, 403, 413, 422))
def obtain(services: ServicesDep, client: CheckerDep, body: ObtainRequest) -> ObtainView:
    """按电子证照标识与持证主体获取字段；客户端权限、事项与授权允许全部内容时一并给出 PDF。

    The fields wanted, as far as client, service item and consent, or the law, allow; and the sealed PDF where all three
    allow everything that it says.
    """
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    check = IdentifierCheck(body.identifier, body.holder)
    answer, pdf = services.department_checks.obtain(occasion, check, body.fields, body.consent)
    view = CheckView.of_answer(answer, services.register.today())
    return ObtainView(**dict(view), pdf=b64encode(pdf).decode() if pdf is not None else None)
