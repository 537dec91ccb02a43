"""Errors over HTTP: problem details (RFC 9457) with the stable code of the error and both languages."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.errors import (
    ClientUnknownError,
    DiskFullError,
    InternalError,
    MethodNotAllowedError,
    PathUnknownError,
    QuotaUsedError,
    RequestInvalidError,
    TokenMissingError,
)
from api.languages import language_of
from api.security_headers import SECURITY_HEADERS
from keys.errors import TokenExpiredError, TokenInvalidError
from store.errors import Kind, YinzhengError
from store.limits import RateLimitedError
from trust.errors import FieldsInvalidError

_log = logging.getLogger("yinzheng.api")

_STATUS = {
    Kind.INVALID: 422,
    Kind.NOT_FOUND: 404,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.MISCONFIGURED: 500,
    Kind.INTERNAL: 500,
}
_RETRY_AFTER_SECONDS = 5


class FieldFinding(BaseModel):
    """One thing that is wrong with one field."""

    path: str = Field(examples=["established_on"])
    code: str = Field(examples=["date"])
    message_zh: str
    message_en: str


class Problem(BaseModel):
    """Problem details (RFC 9457). Switch on ``code``; it stays the same for good."""

    type: str = Field(examples=["/problems/trust.fields_invalid"])
    title: str
    status: int = Field(examples=[422])
    detail: str = Field(description="In the language that the request asked for.")
    code: str = Field(examples=["trust.fields_invalid"])
    message_zh: str
    message_en: str
    problems: list[FieldFinding] | None = Field(None, description="Where fields are wrong: all that is, at once.")


MEDIA_TYPE = "application/problem+json"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of an operation, for its OpenAPI description; whoever has to be known may call too often."""
    limited = {429} if 401 in statuses else set()
    return {
        status: {
            "description": "Problem details (RFC 9457)",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, *limited, 500, 503})
    }


def status_of(error: YinzhengError) -> int:
    """The HTTP status that fits an error."""
    return 405 if isinstance(error, MethodNotAllowedError) else _STATUS[error.kind]


def problem_response(request: Request, error: YinzhengError) -> JSONResponse:
    """The answer that tells an error."""
    status = status_of(error)
    chinese = language_of(request) == "zh"
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.code,
        "status": status,
        "detail": error.message_zh if chinese else error.message_en,
        "code": error.code,
        "message_zh": error.message_zh,
        "message_en": error.message_en,
    }
    if isinstance(error, FieldsInvalidError):
        body["problems"] = [
            {"path": each.path, "code": each.code, "message_zh": each.zh, "message_en": each.en}
            for each in error.problems
        ]
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TokenMissingError | TokenInvalidError | TokenExpiredError):
        headers["WWW-Authenticate"] = 'Bearer realm="yinzheng"'
    elif isinstance(error, ClientUnknownError):
        headers["WWW-Authenticate"] = 'Basic realm="yinzheng"'
    if isinstance(error, RateLimitedError | QuotaUsedError):
        headers["Retry-After"] = str(error.retry_after)
    elif status == 503:
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI, page: Callable[[Request, YinzhengError], Response | None]) -> None:
    """Make an application answer every error with problem details.

    :param page: the answer for who asked for a page; None where nobody did.
    """

    def answer(request: Request, error: YinzhengError, headers: Mapping[str, str] | None = None) -> Response:
        plain = problem_response(request, error)
        plain.headers.update(headers or {})
        shown = page(request, error)
        if shown is None:
            return plain
        kept = ("Retry-After", "Allow")
        shown.headers.update({name: plain.headers[name] for name in kept if name in plain.headers})
        return shown

    async def known(request: Request, error: Exception) -> Response:
        if not isinstance(error, YinzhengError):
            raise error
        if status_of(error) >= 500:
            _log.error("%s: %s", error.code, error.message_en)
        return answer(request, error)

    async def malformed(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return answer(request, RequestInvalidError(problem="; ".join(_findings(error))))

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if error.status_code == 404:
            return answer(request, PathUnknownError())
        if error.status_code == 405:
            return answer(request, MethodNotAllowedError(), error.headers)
        if _is_full(error.__cause__):  # while a form was read
            return await known(request, DiskFullError())
        return answer(request, RequestInvalidError(problem=str(error.detail)))

    async def system(request: Request, error: Exception) -> Response:
        if not _is_full(error):
            raise error
        return await known(request, DiskFullError())

    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        request_id = getattr(request.state, "request_id", "-")
        _log.exception("the request failed", exc_info=error)
        response = problem_response(request, InternalError(request_id=request_id))
        response.headers.update({"x-request-id": request_id, **SECURITY_HEADERS})  # it passes by what adds them
        return response

    app.add_exception_handler(YinzhengError, known)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OSError, system)
    app.add_exception_handler(Exception, unforeseen)


def all_errors() -> dict[str, type[YinzhengError]]:
    """Every error that a caller can meet, by code."""
    return {error.code: error for error in sorted(_subclasses(YinzhengError), key=lambda each: each.code)}


def _subclasses(of: type[YinzhengError]) -> Iterator[type[YinzhengError]]:
    for each in of.__subclasses__():
        yield from _subclasses(each)
        if "code" in each.__dict__:
            yield each


def _is_full(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _findings(error: RequestValidationError) -> Iterator[str]:
    """What is wrong with a request, without repeating what it said: that may be personal data."""
    for each in error.errors()[:10]:
        yield f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
