"""Which form of a verdict a caller asked for, and the forms beside JSON (RFC 9110, 12.5.1)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from verify import Verdict
from verify.report_pdf import CheckContext, ReportPrinter
from verify.report_xml import report_xml

JSON: Final = "application/json"
PDF: Final = "application/pdf"
XML: Final = "application/xml"
_FORMS: Final = (JSON, PDF, XML)

REPORT_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The verdict: as JSON, as a page for a case file, or as the report of ETSI TS 119 102-2.",
        "content": {
            PDF: {"schema": {"type": "string", "format": "binary"}},
            XML: {"schema": {"type": "string"}},
        },
    }
}
"""For the OpenAPI description of an operation that answers in all forms."""


def form_asked_for(request: Request) -> str:
    """The form that the request's Accept header likes best; JSON where it names none of them."""
    liking = {JSON: 0.0, PDF: 0.0, XML: 0.0}
    for part in ",".join(request.headers.getlist("accept")).split(","):
        media_type, *parameters = (item.strip().lower() for item in part.split(";"))
        if media_type in liking:
            liking[media_type] = _quality(parameters)
        elif media_type in ("*/*", "application/*"):
            liking[JSON] = max(liking[JSON], _quality(parameters))
    return max(_FORMS, key=liking.__getitem__)


def report_response(form: str, verdict: Verdict, context: CheckContext, printer: ReportPrinter) -> Response:
    """The verdict as a file: as PDF, or as XML."""
    if form == PDF:
        content, name = printer.print(verdict, context), "verification-report.pdf"
    else:
        content, name = report_xml(verdict), "verification-report.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=form, headers=headers)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
