"""How the API of the Cloud Signature Consortium (CSC API v2) says things, and how it says what went wrong.

Its errors are JSON objects with ``error`` and ``error_description`` (2.0.0.2, 10.1), not problem details. Names that
version 1 had for the same thing (``hash``, ``hashAlgo``, ``OTP``, ``authMode``) are taken and given beside those of
version 2, since clients of either are about.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.errors import ClientUnknownError, ScopeMissingError, TokenMissingError
from api.problems import status_of
from keys.errors import TokenExpiredError, TokenInvalidError
from seal.signing_errors import (
    AuthorisationExpiredError,
    AuthorisationInvalidError,
    AuthorisationOtherDigestError,
    AuthorisationUsedError,
    CredentialLockedError,
    CredentialUnknownError,
    SecondFactorWrongError,
)
from store.errors import Kind, YinzhengError
from store.limits import RateLimitedError

SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
P256 = "1.2.840.10045.3.1.7"

_TEXTS: dict[type[YinzhengError], str] = {
    CredentialUnknownError: "Invalid parameter credentialID",
    AuthorisationInvalidError: "Invalid parameter SAD",
    AuthorisationUsedError: "Invalid parameter SAD: it was used",
    AuthorisationExpiredError: "SAD expired",
    AuthorisationOtherDigestError: "Hash is not authorized by the SAD",
    SecondFactorWrongError: "The OTP is invalid",
    CredentialLockedError: "OTP locked",
}
_NAMES: tuple[tuple[tuple[type[YinzhengError], ...], tuple[int, str]], ...] = (
    ((TokenMissingError, TokenInvalidError, TokenExpiredError, ClientUnknownError), (401, "invalid_token")),
    ((ScopeMissingError,), (403, "insufficient_scope")),
    ((RateLimitedError,), (429, "too_many_requests")),
    ((SecondFactorWrongError, CredentialLockedError), (400, "invalid_otp")),
)


class CscError(BaseModel):
    """What went wrong. Switch on ``code``, which the specification does not have, or else on ``error``."""

    error: str = Field(examples=["invalid_request"])
    error_description: str
    code: str | None = Field(None, examples=["seal.authorisation_used"])


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": CscError} for status in (400, 401, 403, 404, 409, 413, 429, 500, 503)
}


class CscRoute(APIRoute):
    """An endpoint whose errors are told as the specification has it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the errors of its dependencies as well."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _answer(400, "invalid_request", "; ".join(_findings(error)))
            except YinzhengError as error:
                return _told(error)

        return told


def _told(error: YinzhengError) -> JSONResponse:
    status, name = next(
        (said for kinds, said in _NAMES if isinstance(error, kinds)),
        (status_of(error), "server_error")
        if error.kind in (Kind.UNAVAILABLE, Kind.MISCONFIGURED)
        else (400, "invalid_request"),
    )
    headers = {}
    if status in (401, 403):
        headers["WWW-Authenticate"] = f'Bearer error="{name}"'
    if "retry_after" in error.params:
        headers["Retry-After"] = str(error.params["retry_after"])
    return _answer(status, name, _TEXTS.get(type(error), error.message_en), error.code, headers)


def _answer(
    status: int, error: str, description: str, code: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    body = CscError(error=error, error_description=description, code=code).model_dump(exclude_none=True)
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _findings(error: RequestValidationError) -> list[str]:
    """What is wrong, without repeating what was sent."""
    named = {str(each["loc"][1]) if len(each["loc"]) > 1 else "body": str(each["msg"]) for each in error.errors()[:10]}
    return [f"Missing or invalid parameter {name}: {text}" for name, text in named.items()]


def _digest(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("Invalid Base64 hash string parameter") from error
    return value


Digest = Annotated[StrictStr, Field(max_length=128), AfterValidator(_digest)]
Digests = Annotated[list[Digest], Field(min_length=1, max_length=1000, validation_alias=AliasChoices("hashes", "hash"))]
Identifier = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern="^[!-~]+$")]
Algorithm = Annotated[StrictStr, Field(max_length=64, validation_alias=AliasChoices("hashAlgorithmOID", "hashAlgo"))]


class _Body(BaseModel):
    """Members that are not known are passed over, as the specification wants."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class InfoBody(_Body):
    """``info``."""

    lang: StrictStr | None = Field(None, max_length=35)


class ListBody(_Body):
    """``credentials/list``."""

    user: Identifier | None = Field(None, alias="userID", description="A credential's number: to find one signer's.")
    most: StrictInt = Field(100, alias="maxResults", ge=1, le=1000)
    page: StrictStr | None = Field(None, alias="pageToken", pattern="^[0-9]{1,9}$")
    with_info: StrictBool = Field(False, alias="credentialInfo")
    certificates: StrictStr = Field("single", pattern="^(none|single|chain)$")
    certificate_info: StrictBool = Field(False, alias="certInfo")
    only_valid: StrictBool = Field(False, alias="onlyValid")


class CredentialBody(_Body):
    """``credentials/info``."""

    credential: Identifier = Field(alias="credentialID")
    certificates: StrictStr = Field("single", pattern="^(none|single|chain)$")
    certificate_info: StrictBool = Field(False, alias="certInfo")


class AuthData(_Body):
    """One answer of the signer."""

    id: StrictStr = Field(max_length=32, examples=["OTP"])
    value: StrictStr = Field(max_length=64)


class AuthorizeBody(_Body):
    """``credentials/authorize``."""

    credential: Identifier = Field(alias="credentialID")
    count: StrictInt = Field(alias="numSignatures", ge=1)
    hashes: Digests
    algorithm: Algorithm = SHA256
    answers: list[AuthData] = Field([], alias="authData", max_length=10)
    code: StrictStr | None = Field(None, alias="OTP", max_length=64, description="As version 1 has it.")

    def answer(self) -> tuple[str, str]:
        """The name of the second factor and what the signer entered."""
        if self.answers:
            return self.answers[0].id, self.answers[0].value
        return "OTP", self.code or ""


class SignBody(_Body):
    """``signatures/signHash``."""

    credential: Identifier = Field(alias="credentialID")
    token: StrictStr = Field(alias="SAD", max_length=256)
    hashes: Digests
    algorithm: Algorithm = SHA256
    signature: StrictStr = Field(ECDSA_WITH_SHA256, alias="signAlgo", max_length=64)
    mode: StrictStr = Field("S", alias="operationMode", max_length=8)


def digests_of(hashes: list[str]) -> list[bytes]:
    """The digests themselves."""
    return [base64.b64decode(each) for each in hashes]


def encoded(value: bytes) -> str:
    """Base64 without line breaks."""
    return base64.b64encode(value).decode("ascii")


def certificate_members(chain: list[Any], certificates: str, *, with_info: bool) -> dict[str, Any]:
    """The member ``cert`` of a credential."""
    first = chain[0]
    members: dict[str, Any] = {"status": "valid"}
    if certificates != "none":
        wanted = chain if certificates == "chain" else chain[:1]
        members["certificates"] = [encoded(each.public_bytes(Encoding.DER)) for each in wanted]
    if with_info:
        members |= {
            "issuerDN": first.issuer.rfc4514_string(),
            "serialNumber": f"{first.serial_number:x}",
            "subjectDN": first.subject.rfc4514_string(),
            "validFrom": f"{first.not_valid_before_utc:%Y%m%d%H%M%SZ}",
            "validTo": f"{first.not_valid_after_utc:%Y%m%d%H%M%SZ}",
        }
    return members
