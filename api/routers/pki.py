"""Public key infrastructure for anybody: certificates, revocation lists, status answers and time stamps.

The addresses under ``/pki/authorities`` and ``/pki/ocsp`` stand in the certificates and stay.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, Path, Request, Response

from api.caching import EtagHeader, kept
from api.errors import PathUnknownError, RequestTooLargeError
from api.problems import responses
from api.security import ServicesDep, remote_address
from api.services import Services
from keys import CertificateProfile, CertificateRecord
from keys.errors import AuthorityNotReadyError

router = APIRouter(prefix="/pki", tags=["公钥设施 PKI"])

_CERTIFICATE = "application/pkix-cert"
_PEM = "application/x-pem-file"
_LIST = "application/pkix-crl"
_OCSP_REQUEST, _OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
_STAMP_QUERY, _STAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"
_LARGEST_REQUEST = 16 * 1024

_FOREVER: Final = timedelta(days=365)
"""For what never changes at its address."""
_CURRENT: Final = timedelta(hours=1)
"""For what changes when keys do."""
_REVOCABLE: Final = timedelta(minutes=5)
"""For lists and status: kept shortly, so that a revocation is known soon. They say themselves until when they hold."""

SerialPath = Annotated[str, Path(pattern="^[0-9a-f]{1,40}$", description="证书序列号 Serial number, hexadecimal.")]


async def _raw_body(request: Request) -> bytes:
    """The body as it came, whatever type it claims to have."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_REQUEST:
            raise RequestTooLargeError(limit=_LARGEST_REQUEST)
    return body


RawBody = Annotated[bytes, Depends(_raw_body)]


def _limited(what: str) -> Any:
    """Bound how often one address may ask for something that costs a signature."""

    def hit(services: ServicesDep, request: Request) -> None:
        services.limiter.hit(services.settings.pki_rate, what, remote_address(request))

    return Depends(hit)


def _answers(media_type: str, *statuses: int, kept: bool = True) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {
        200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}},
        **responses(*statuses),
    }
    if kept:
        found[304] = {"description": "未变 Not modified"}
    return found


def _body(media_type: str) -> dict[str, Any]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {media_type: schema}}}


@router.get("/root.pem", summary="根证书 Root certificate", response_class=Response, responses=_answers(_PEM))
def root(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """信任锚。The trust anchor: what a reader needs to check our seals without us."""
    return _pem(services, etags, [_newest(services, CertificateProfile.ROOT_CA)])


@router.get(
    "/root.crt",
    summary="根证书（DER） Root certificate in DER",
    response_class=Response,
    responses=_answers(_CERTIFICATE),
)
def root_der(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """信任锚，DER 格式。The trust anchor in DER."""
    return _certificate(services, etags, _newest(services, CertificateProfile.ROOT_CA), _CURRENT)


@router.get("/anchors.pem", summary="全部信任锚 All trust anchors", response_class=Response, responses=_answers(_PEM))
def anchors(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """历代根证书（含国密），用于核验早先的证照。Every root ever, SM2 among them, for what was sealed long ago."""
    records = services.keys.authority.authorities()
    return _pem(services, etags, [each for each in records if each.profile is CertificateProfile.ROOT_CA])


@router.get(
    "/issuing.pem",
    summary="签发机构证书 Issuing authority's certificate",
    response_class=Response,
    responses=_answers(_PEM),
)
def issuing(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """签发印章证书的中间机构。The authority under the root that certifies seals."""
    return _pem(services, etags, [_newest(services, CertificateProfile.ISSUING_CA)])


@router.get(
    "/issuing.crt",
    summary="签发机构证书（DER） Issuing authority's certificate in DER",
    response_class=Response,
    responses=_answers(_CERTIFICATE),
)
def issuing_der(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """签发印章证书的中间机构，DER 格式。The authority under the root that certifies seals, in DER."""
    return _certificate(services, etags, _newest(services, CertificateProfile.ISSUING_CA), _CURRENT)


@router.get(
    "/gm.pem",
    summary="国密证书链 SM2 authorities",
    response_class=Response,
    responses=_answers(_PEM, 404),
)
def gm(services: ServicesDep, etags: EtagHeader = None) -> Response:
    """国密根证书与签发机构证书，用于核验国密电子签章。SM2 root and issuing authority, to check seal signatures."""
    authority = services.keys.authority
    try:
        newest = [authority.gm_root, authority.gm_issuing]
    except AuthorityNotReadyError:
        raise PathUnknownError from None
    records = {each.certificate: each for each in authority.authorities()}
    return _pem(services, etags, [records[each] for each in newest])


@router.get(
    "/authorities/{serial}.crt",
    summary="机构证书 An authority's certificate",
    response_class=Response,
    responses=_answers(_CERTIFICATE, 404, 422),
)
def authority(services: ServicesDep, serial: SerialPath, etags: EtagHeader = None) -> Response:
    """DER 格式；证书中的 caIssuers 指向此处。DER; where caIssuers in our certificates leads."""
    return _certificate(services, etags, _authority(services, serial), _FOREVER)


@router.get(
    "/authorities/{serial}.crl",
    summary="吊销列表 Certificate revocation list",
    response_class=Response,
    responses=_answers(_LIST, 404, 422),
)
def revocation_list(services: ServicesDep, serial: SerialPath, etags: EtagHeader = None) -> Response:
    """RFC 5280；吊销后立即更新。RFC 5280; new as soon as something is revoked."""
    found = services.keys.revocation_lists.current(_authority(services, serial))
    now = services.clock.now()
    fresh_for = min(_REVOCABLE, found.replaced_at - now)
    return kept(etags, found.der, _LIST, modified=found.this_update, now=now, fresh_for=fresh_for)


@router.post(
    "/ocsp",
    dependencies=[_limited("ocsp")],
    summary="证书状态 Certificate status (OCSP)",
    response_class=Response,
    openapi_extra=_body(_OCSP_REQUEST),
    responses=_answers(_OCSP_RESPONSE, 413, 422, 429, kept=False),
)
def ocsp_post(services: ServicesDep, request: RawBody) -> Response:
    """RFC 6960；一次最多查询 16 张证书。RFC 6960; up to 16 certificates at once."""
    answer = services.keys.ocsp.respond(request)
    return Response(answer.der, media_type=_OCSP_RESPONSE, headers={"Cache-Control": "no-store"})


@router.get(
    "/ocsp/{request:path}",
    dependencies=[_limited("ocsp")],
    summary="证书状态 Certificate status (OCSP)",
    response_class=Response,
    responses=_answers(_OCSP_RESPONSE, 404, 422, 429),
)
def ocsp_get(services: ServicesDep, request: str, etags: EtagHeader = None) -> Response:
    """RFC 6960，附录 A.1：请求为 Base64。The request in Base64, as appendix A.1 has it."""
    try:
        decoded = base64.b64decode(request.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        decoded = b""  # the answer is malformedRequest, in OCSP's own words
    answer = services.keys.ocsp.respond(decoded)
    if answer.this_update is None or answer.reused_until is None:
        return Response(answer.der, media_type=_OCSP_RESPONSE, headers={"Cache-Control": "no-store"})
    now = services.clock.now()
    fresh_for = min(_REVOCABLE, answer.reused_until - now)
    return kept(etags, answer.der, _OCSP_RESPONSE, modified=answer.this_update, now=now, fresh_for=fresh_for)


@router.post(
    "/tsa",
    dependencies=[_limited("tsa")],
    summary="时间戳 Time stamp (RFC 3161)",
    response_class=Response,
    openapi_extra=_body(_STAMP_QUERY),
    responses=_answers(_STAMP_REPLY, 413, 422, 429, kept=False),
)
def time_stamp(services: ServicesDep, request: RawBody) -> Response:
    """SHA-256、SHA-384 或 SHA-512 摘要的时间戳。A time stamp over a SHA-256, SHA-384 or SHA-512 digest."""
    reply = services.keys.timestamps.respond(request)
    return Response(reply, media_type=_STAMP_REPLY, headers={"Cache-Control": "no-store"})


def _authority(services: Services, serial: str) -> CertificateRecord:
    for record in services.keys.authority.authorities():
        if record.serial == serial.lstrip("0"):
            return record
    raise PathUnknownError


def _newest(services: Services, profile: CertificateProfile) -> CertificateRecord:
    """The record of the certificate that the authority now goes by."""
    authority = services.keys.authority
    wanted = authority.root if profile is CertificateProfile.ROOT_CA else authority.issuing
    return next(each for each in authority.authorities() if each.certificate == wanted)


def _certificate(services: Services, etags: str | None, record: CertificateRecord, fresh_for: timedelta) -> Response:
    encoded = record.certificate.public_bytes(Encoding.DER)
    now = services.clock.now()
    return kept(etags, encoded, _CERTIFICATE, modified=record.created_at, now=now, fresh_for=fresh_for)


def _pem(services: Services, etags: str | None, records: list[CertificateRecord]) -> Response:
    content = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in records)
    modified = max(each.created_at for each in records)
    return kept(etags, content, _PEM, modified=modified, now=services.clock.now(), fresh_for=_CURRENT)
