"""For departments that check instead of asking for paper."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.clients import Client, Scope
from api.errors import ScopeMissingError
from api.problems import responses
from api.reports import JSON, REPORT_FORMS, form_asked_for, report_response
from api.schemas import CheckIdentifierRequest, CheckPresentationRequest, VerdictView
from api.security import ServicesDep, client_with
from api.uploads import BodyFile
from verify import Policy
from verify.report_pdf import CheckContext

router = APIRouter(prefix="/v1/checks", tags=["核验 Checking"])

CheckerDep = Annotated[Client, Depends(client_with(Scope.CHECK))]
_PDF_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/pdf",
    summary="核验文件 Check a PDF",
    openapi_extra=_PDF_BODY,
    response_model=VerdictView,
    responses=REPORT_FORMS | responses(401, 403, 413, 422),
)
def check_pdf(
    request: Request,
    services: ServicesDep,
    client: CheckerDep,
    file: BodyFile,
    purpose: Annotated[
        str | None, Query(max_length=200, description="What the check is for; stands in the PDF report.")
    ] = None,
    policy: Annotated[
        Policy, Query(description="licence: issued here; general: a PDF of other signers, by the trust list.")
    ] = Policy.LICENCE,
) -> VerdictView | Response:
    """请求体即 PDF 文件。先验文件与印章，再查登记簿的现状；policy=general 时核验其他机构签署的 PDF，只依信任列表。

    结论以 JSON 返回；请求头 Accept 可改为一页 PDF 核验报告（application/pdf）或 ETSI TS 119 102-2 报告
    （application/xml）。

    The body is the file. Its bytes and seal are checked first, then what the register says of the licence now; with
    policy=general it may be a PDF of other signers, judged by the trust list alone. The verdict comes as JSON, or,
    where the Accept header asks for it, as a one-page report for a case file (application/pdf) or as the report of
    ETSI TS 119 102-2 (application/xml).
    """
    checker = services.checker
    verdict = checker.check_pdf(file) if policy is Policy.LICENCE else checker.check_foreign_pdf(file)
    services.check_records.add(verdict, evidence="pdf", checked_by=f"client:{client.id}")
    form = form_asked_for(request)
    if form == JSON:
        return VerdictView.of(verdict)
    context = CheckContext(checked_by=f"{client.name}（{client.id}）", purpose=purpose)
    return report_response(form, verdict, context, services.report_printer)


@router.post("/identifier", summary="核验标识 Check an identifier", responses=responses(401, 403, 413, 422))
def check_identifier(services: ServicesDep, client: CheckerDep, body: CheckIdentifierRequest) -> VerdictView:
    """按电子证照标识查询登记簿的现状。What the register says now."""
    verdict = services.checker.check_identifier(body.identifier)
    services.check_records.add(verdict, evidence="identifier", checked_by=f"client:{client.id}")
    return VerdictView.of(verdict)


@router.post("/presentation", summary="核验亮证码 Redeem a QR code", responses=responses(401, 403, 413, 422))
def check_presentation(services: ServicesDep, client: CheckerDep, body: CheckPresentationRequest) -> VerdictView:
    """核销持证人出示的二维码。每个亮证码只能使用一次。

    Redeems what a holder showed. Each code is good for one redemption; a second one fails.
    """
    if client.organisation_code is None:
        raise ScopeMissingError(scope=Scope.CHECK.value)
    checked = services.checker.check_presentation(body.token, by=client.organisation_code)
    services.check_records.add(
        checked.verdict, evidence="presentation", checked_by=f"client:{client.id}", purpose=checked.purpose
    )
    return VerdictView.of(checked.verdict)
