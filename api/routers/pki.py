"""Public key infrastructure for anybody: certificates, revocation lists, status answers and time stamps.

The addresses under ``/pki/authorities`` and ``/pki/ocsp`` stand in the certificates and stay.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Body, Header, Path, Response

from api.errors import PathUnknownError, RequestTooLargeError
from api.problems import responses
from api.security import ServicesDep
from api.services import Services
from keys import CertificateRecord, OcspAnswer

router = APIRouter(prefix="/pki", tags=["公钥设施 PKI"])

_CERTIFICATE = "application/pkix-cert"
_PEM = "application/x-pem-file"
_LIST = "application/pkix-crl"
_OCSP_REQUEST, _OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
_STAMP_QUERY, _STAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"
_LARGEST_REQUEST = 16 * 1024
_DAY = 24 * 3600
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "未变 Not modified"}}

SerialPath = Annotated[str, Path(pattern="^[0-9a-f]{1,40}$", description="证书序列号 Serial number, hexadecimal.")]
EtagHeader = Annotated[str | None, Header(alias="If-None-Match", include_in_schema=False)]


def _binary(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


def _body(media_type: str) -> dict[str, Any]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {media_type: schema}}}


@router.get(
    "/root.pem", summary="根证书 Root certificate", response_class=Response, responses={**_binary(_PEM), **responses()}
)
def root(services: ServicesDep) -> Response:
    """信任锚。The trust anchor: what a reader needs to check our seals without us."""
    return _pem([services.keys.authority.root])


@router.get(
    "/anchors.pem",
    summary="全部信任锚 All trust anchors",
    response_class=Response,
    responses={**_binary(_PEM), **responses()},
)
def anchors(services: ServicesDep) -> Response:
    """历代根证书，用于核验早先的证照。Every root there ever was, to check what was sealed long ago."""
    return _pem([each.certificate for each in services.keys.authority.authorities() if _is_root(each)])


@router.get(
    "/issuing.pem",
    summary="签发机构证书 Issuing authority's certificate",
    response_class=Response,
    responses={**_binary(_PEM), **responses()},
)
def issuing(services: ServicesDep) -> Response:
    """签发印章证书的中间机构。The authority under the root that certifies seals."""
    return _pem([services.keys.authority.issuing])


@router.get(
    "/authorities/{serial}.crt",
    summary="机构证书 An authority's certificate",
    response_class=Response,
    responses={**_binary(_CERTIFICATE), **_UNCHANGED, **responses(404, 422)},
)
def authority(services: ServicesDep, serial: SerialPath, if_none_match: EtagHeader = None) -> Response:
    """DER 格式；证书中的 caIssuers 指向此处。DER; where caIssuers in our certificates leads."""
    record = _authority(services, serial)
    etag = f'"{record.serial}"'
    headers = {"Cache-Control": f"public, max-age={_DAY}, immutable", "ETag": etag}
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    return Response(record.certificate.public_bytes(Encoding.DER), media_type=_CERTIFICATE, headers=headers)


@router.get(
    "/authorities/{serial}.crl",
    summary="吊销列表 Certificate revocation list",
    response_class=Response,
    responses={**_binary(_LIST), **_UNCHANGED, **responses(404, 422)},
)
def revocation_list(services: ServicesDep, serial: SerialPath, if_none_match: EtagHeader = None) -> Response:
    """RFC 5280；吊销后立即更新。RFC 5280; new as soon as something is revoked."""
    found = services.keys.revocation_lists.current(_authority(services, serial))
    etag = f'"{found.issuer_id}-{found.number}"'
    headers = {
        # Held shortly, so that a revocation is known soon; the list itself says until when it is good at the most.
        **_cached(services.clock.now(), at_most=300, until=found.replaced_at),
        "ETag": etag,
        "Last-Modified": format_datetime(found.this_update, usegmt=True),
    }
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    return Response(found.der, media_type=_LIST, headers=headers)


@router.post(
    "/ocsp",
    summary="证书状态 Certificate status (OCSP)",
    response_class=Response,
    openapi_extra=_body(_OCSP_REQUEST),
    responses={**_binary(_OCSP_RESPONSE), **responses(413, 422)},
)
def ocsp_post(services: ServicesDep, request: Annotated[bytes, Body(media_type=_OCSP_REQUEST)] = b"") -> Response:
    """RFC 6960。"""
    return _status(services, request)


@router.get(
    "/ocsp/{request:path}",
    summary="证书状态 Certificate status (OCSP)",
    response_class=Response,
    responses={**_binary(_OCSP_RESPONSE), **responses(404, 413, 422)},
)
def ocsp_get(services: ServicesDep, request: str) -> Response:
    """RFC 6960，附录 A.1：请求为 Base64。The request in Base64, as appendix A.1 has it."""
    try:
        decoded = base64.b64decode(request.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        decoded = b""  # the answer is malformedRequest, in OCSP's own words
    return _status(services, decoded)


@router.post(
    "/tsa",
    summary="时间戳 Time stamp (RFC 3161)",
    response_class=Response,
    openapi_extra=_body(_STAMP_QUERY),
    responses={**_binary(_STAMP_REPLY), **responses(413, 422)},
)
def time_stamp(services: ServicesDep, request: Annotated[bytes, Body(media_type=_STAMP_QUERY)] = b"") -> Response:
    """SHA-256、SHA-384 或 SHA-512 摘要的时间戳。A time stamp over a SHA-256, SHA-384 or SHA-512 digest."""
    _check_size(request)
    reply = services.keys.timestamps.respond(request)
    return Response(reply, media_type=_STAMP_REPLY, headers={"Cache-Control": "no-store"})


def _status(services: Services, request: bytes) -> Response:
    _check_size(request)
    answer: OcspAnswer = services.keys.ocsp.respond(request)
    headers = {"Cache-Control": "no-store"}
    if answer.reused_until is not None and answer.this_update is not None:
        headers = {
            **_cached(services.clock.now(), at_most=3600, until=answer.reused_until),
            "Last-Modified": format_datetime(answer.this_update, usegmt=True),
        }
    return Response(answer.der, media_type=_OCSP_RESPONSE, headers=headers)


def _cached(now: datetime, *, at_most: int, until: datetime) -> dict[str, str]:
    """Caching headers (RFC 5019, 6.2) for what may be kept for some seconds, and no longer than until a moment."""
    seconds = max(0, min(at_most, int((until - now).total_seconds())))
    return {"Cache-Control": f"public, max-age={seconds}, no-transform, must-revalidate"}


def _check_size(request: bytes) -> None:
    if len(request) > _LARGEST_REQUEST:
        raise RequestTooLargeError(limit=_LARGEST_REQUEST)


def _authority(services: Services, serial: str) -> CertificateRecord:
    for record in services.keys.authority.authorities():
        if record.certificate.serial_number == int(serial, 16):
            return record
    raise PathUnknownError


def _is_root(record: CertificateRecord) -> bool:
    return bool(record.certificate.issuer == record.certificate.subject)


def _pem(certificates: list[x509.Certificate]) -> Response:
    content = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    return Response(content, media_type=_PEM, headers={"Cache-Control": "public, max-age=3600"})
