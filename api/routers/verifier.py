"""For departments that check instead of asking for paper."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.check_batches import Batch, FullDuplexResponse, answer_stream
from api.check_schemas import (
    BatchLine,
    BatchView,
    CaseNumber,
    CheckIdentifierRequest,
    CheckIdentifiersRequest,
    CheckMaterialsRequest,
    CheckPresentationRequest,
    CheckView,
    ServiceItemCode,
)
from api.clients import Client, Scope
from api.errors import ScopeMissingError
from api.gathered import WantedCheck, gathered_of
from api.problems import responses
from api.reports import JSON, REPORT_FORMS, XML, form_asked_for, report_response
from api.security import ServicesDep, client_with
from api.services import Services
from api.uploads import BodyFile
from trust import checked_code
from verify import Caller, CheckAnswer, IdentifierCheck, Occasion, Policy
from verify.report_pdf import CheckContext

router = APIRouter(prefix="/v1/checks", tags=["核验 Checking"])

CheckerDep = Annotated[Client, Depends(client_with(Scope.CHECK))]
NDJSON = "application/x-ndjson"
_PDF_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_LINES_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string", "format": "binary"}}}}
}
_LINES_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "One line an answer; the last has the receipt.", "content": {NDJSON: {"schema": {}}}}
}


@router.post(
    "/pdf",
    summary="核验文件 Check a PDF",
    openapi_extra=_PDF_BODY,
    response_model=CheckView,
    responses=REPORT_FORMS | responses(401, 403, 413, 422),
)
def check_pdf(
    request: Request,
    services: ServicesDep,
    client: CheckerDep,
    file: BodyFile,
    service_item: Annotated[ServiceItemCode, Query()],
    case_number: Annotated[CaseNumber, Query()],
    purpose: Annotated[
        str | None, Query(max_length=200, description="What the check is for; stands in the PDF report.")
    ] = None,
    policy: Annotated[
        Policy, Query(description="licence: issued here; general: a PDF of other signers, by the trust list.")
    ] = Policy.LICENCE,
) -> CheckView | Response:
    """请求体即 PDF 文件。先验文件与印章，再查登记簿的现状；policy=general 时核验其他机构签署的 PDF，只依信任列表。

    结论以 JSON 返回；请求头 Accept 可改为一页 PDF 核验报告（application/pdf）或 ETSI TS 119 102-2 报告
    （application/xml）。

    The body is the file. Its bytes and seal are checked first, then what the register says of the licence now; with
    policy=general it may be a PDF of other signers, judged by the trust list alone. The verdict comes as JSON, or,
    where the Accept header asks for it, as a one-page report for a case file (application/pdf) or as the report of
    ETSI TS 119 102-2 (application/xml).
    """
    occasion = occasion_of(services, client, service_item, case_number)
    checks = services.department_checks
    answer = checks.by_pdf(occasion, file) if policy is Policy.LICENCE else checks.by_foreign_pdf(occasion, file)
    return _answered(request, services, client, occasion, answer, purpose)


@router.post(
    "/identifier",
    summary="核验标识 Check an identifier",
    response_model=CheckView,
    responses=REPORT_FORMS | responses(401, 403, 413, 422),
)
async def check_identifier(
    request: Request, services: ServicesDep, client: CheckerDep, body: CheckIdentifierRequest
) -> CheckView | Response:
    """按电子证照标识与持证主体（代码或名称）查询登记簿的现状，并可提问或获取获准的字段。

    What the register says now, by identifier and holder. A licence that does not exist, one of another holder and one
    that the client may not see look alike. Questions are answered yes or no; fields come as far as the client's
    permission, the service item and the holder's consent, or the law, allow.
    """
    if body.consent is not None:
        return await run_in_threadpool(_check_with_consent, request, services, client, body)
    questions = [each.question() for each in body.questions]
    wanted = WantedCheck(
        client,
        caller_of(client),
        body.service_item,
        body.case_number,
        IdentifierCheck(body.identifier, body.holder),
        questions,
        body.fields,
    )
    occasion, answer = await gathered_of(request).identifier_checks.ask(wanted)
    if form_asked_for(request) != JSON:
        return await run_in_threadpool(_answered, request, services, client, occasion, answer)
    # as it is: the framework would read and check it once more
    view = CheckView.of_answer(answer, services.register.today())
    return Response(view.model_dump_json(), media_type=JSON)


def _check_with_consent(
    request: Request, services: Services, client: Client, body: CheckIdentifierRequest
) -> CheckView | Response:
    """By itself, since a use of the consent is counted."""
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    questions = [each.question() for each in body.questions]
    check = IdentifierCheck(body.identifier, body.holder)
    answer = services.department_checks.by_identifier(occasion, check, questions, body.fields, body.consent)
    return _answered(request, services, client, occasion, answer)


@router.post(
    "/presentation",
    summary="核验亮证码 Redeem a QR code",
    response_model=CheckView,
    responses=REPORT_FORMS | responses(401, 403, 413, 422),
)
def check_presentation(
    request: Request, services: ServicesDep, client: CheckerDep, body: CheckPresentationRequest
) -> CheckView | Response:
    """核销持证人出示的二维码。每个亮证码只能使用一次。

    Redeems what a holder showed. Each code is good for one redemption; a second one fails.
    """
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    questions = [each.question() for each in body.questions]
    answer = services.department_checks.by_presentation(occasion, body.token, questions, body.fields)
    return _answered(request, services, client, occasion, answer)


@router.post(
    "/materials",
    summary="核验材料清单 Check a list of materials",
    response_model=CheckView,
    responses=REPORT_FORMS | responses(401, 403, 413, 422),
)
def check_materials(
    request: Request, services: ServicesDep, client: CheckerDep, body: CheckMaterialsRequest
) -> CheckView | Response:
    """按事项的材料要求逐项说明：哪份证照满足要求，哪项缺少、过期或存疑，已有的无需申请人再提交。

    For each material that the service item asks for: the licence that satisfies it, or that it is missing, has run out
    or is doubtful. What the city has already need not be handed in.
    """
    occasion = occasion_of(services, client, body.service_item, body.case_number)
    applicant = None
    if body.applicant is not None:
        code_type = body.applicant.code_type
        applicant = (code_type, checked_code(code_type, body.applicant.code, today=services.register.today()))
    answer = services.department_checks.by_materials(occasion, body.application, body.consents, applicant)
    return _answered(request, services, client, occasion, answer)


@router.post("/identifiers", summary="批量核验标识 Check many identifiers", responses=responses(401, 403, 413, 422))
def check_identifiers(services: ServicesDep, client: CheckerDep, body: CheckIdentifiersRequest) -> BatchView:
    """一次至多 1000 个标识，逐条答复，互不影响。Up to a thousand identifiers, each answered by itself."""
    occasion = occasion_of(services, client, body.service_item, body.case_number, checks=0)
    batch = Batch(services, client, occasion)
    checked_at = services.clock.now()
    results = [BatchLine.model_validate(each) for each in batch.answer(body.checks)]
    return BatchView(checked_at=checked_at, results=results, receipt_id=batch.id, receipt=batch.receipt())


@router.post(
    "/stream",
    summary="流式批量核验 Check a stream of identifiers",
    openapi_extra=_LINES_BODY,
    response_class=FullDuplexResponse,
    responses=_LINES_ANSWER | responses(401, 403, 413, 422),
)
def check_stream(
    request: Request,
    services: ServicesDep,
    client: CheckerDep,
    service_item: Annotated[ServiceItemCode, Query()],
    case_number: Annotated[CaseNumber, Query()],
) -> FullDuplexResponse:
    """请求体为 JSON Lines，每行含 identifier 与 holder，数量不限；逐行答复，最后一行为回执或中止原因。

    The body is JSON Lines of any length, each with identifier and holder. Answers come as they are found, one a line;
    one bad line does not fail the rest. The last line has the receipt, or says why the stream was broken off.
    """
    occasion = occasion_of(services, client, service_item, case_number, checks=0)
    return FullDuplexResponse(answer_stream(Batch(services, client, occasion), request.stream()), media_type=NDJSON)


def caller_of(client: Client) -> Caller:
    """The client as checks know it.

    :raises ScopeMissingError: it acts for no body.
    """
    if client.organisation_code is None:
        raise ScopeMissingError(scope=Scope.CHECK.value)
    terms = client.terms
    return Caller(client.id, client.organisation_code, terms.licence_types, terms.service_items, terms.fields)


def occasion_of(services: Services, client: Client, item: str, case_number: str, *, checks: int = 1) -> Occasion:
    """What the check is for, within the client's quota."""
    occasion = services.department_checks.occasion(caller_of(client), item, case_number)
    if checks:
        services.quotas.take(client, checks)
    return occasion


def _answered(
    request: Request,
    services: Services,
    client: Client,
    occasion: Occasion,
    answer: CheckAnswer,
    purpose: str | None = None,
) -> CheckView | Response:
    form = form_asked_for(request)
    if form == JSON:
        return CheckView.of_answer(answer, services.register.today())
    context = CheckContext(
        checked_by=f"{client.name}（{client.id}）",
        purpose=purpose or occasion.item.name.zh,
        case=f"{occasion.item.code} · {occasion.case_number}",
        receipt_id=answer.receipt_id,
        receipt=answer.receipt,
    )
    if form == XML:
        return report_response(form, answer.verdict, context, services.report_printer)
    page = services.report_printer.print(answer.verdict, context)
    sealed = services.receipt_pages.seal(page, receipt_id=answer.receipt_id)
    headers = {"Content-Disposition": 'attachment; filename="check-receipt.pdf"'}
    return Response(sealed, media_type=form, headers=headers)
