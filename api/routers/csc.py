"""Remote signing by the API of the Cloud Signature Consortium, version 2 (云签名).

A client with the scope ``signatures:sign`` asks for signatures of those who consented to it. It never has their keys:
``credentials/authorize`` takes the hashes and the signer's code and gives signature activation data that are good for
these hashes, once, for five minutes (SCAL 2); ``signatures/signHash`` trades them for signatures.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from cryptography import x509
from fastapi import APIRouter, Body, Depends, Response

from api.clients import Client, Scope
from api.csc import (
    ECDSA_WITH_SHA256,
    P256,
    RESPONSES,
    SHA256,
    AuthorizeBody,
    CredentialBody,
    CscRoute,
    InfoBody,
    ListBody,
    SignBody,
    certificate_members,
    digests_of,
    encoded,
)
from api.errors import RequestInvalidError
from api.security import ServicesDep, client_with
from api.services import Services
from seal import CredentialState, SignedSubject, SigningCredential
from seal.authorisations import LIFETIME, MOST_DIGESTS

router = APIRouter(prefix="/csc/v2", tags=["远程签名 Remote signing (CSC API v2)"], route_class=CscRoute)

SignerDep = Annotated[Client, Depends(client_with(Scope.SIGN))]
_METHODS = ["credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash"]


@router.post("/info", summary="服务信息 About the service", responses=RESPONSES)
def info(services: ServicesDep, body: Annotated[InfoBody | None, Body()] = None) -> dict[str, Any]:
    """本服务支持的方法与算法，无须登录。What is supported. Nobody has to log in."""
    return {
        "specs": "2.0.0.2",
        "name": "印证 Yinzheng",
        "logo": f"{services.settings.base_url}/static/icon.svg",
        "region": "CN",
        "lang": "zh-CN",
        "description": "为个人与企业提供远程电子签名。Remote signatures of people and companies.",
        "authType": ["oauth2client"],
        "oauth2": services.settings.base_url,
        "asynchronousOperationMode": False,
        "methods": _METHODS,
        "validationInfo": False,
        "signAlgorithms": {"algos": [ECDSA_WITH_SHA256]},
        "signature_formats": {"formats": [], "envelope_properties": []},
        "conformance_levels": [],
    }


@router.post("/credentials/list", summary="签名凭证列表 Credentials", responses=RESPONSES)
def credentials(services: ServicesDep, client: SignerDep, body: ListBody) -> dict[str, Any]:
    """已同意本客户端的签署人的凭证。Those whose owners consented to the client."""
    after = int(body.page) if body.page is not None else 0
    found = services.consents.credentials(client.id, after=after, limit=body.most + 1)
    page = found[: body.most]
    answer: dict[str, Any] = {}
    if len(found) > body.most:
        answer["nextPageToken"] = str(page[-1].id)
    if body.user is not None:
        page = [each for each in page if each.number == body.user]
    if body.only_valid:
        page = [each for each in page if _usable(services, each)]
        answer["onlyValid"] = True
    answer["credentialIDs"] = [each.number for each in page]
    if body.with_info:
        answer["credentialInfos"] = [
            {
                "credentialID": each.number,
                **_members(services, each, body.certificates, with_info=body.certificate_info),
            }
            for each in page
        ]
    return answer


@router.post("/credentials/info", summary="签名凭证 One credential", responses=RESPONSES)
def credential(services: ServicesDep, client: SignerDep, body: CredentialBody) -> dict[str, Any]:
    """密钥、证书与授权方式。Its key, certificate, and how it is authorised."""
    found = services.consents.credential(client.id, body.credential)
    return _members(services, found, body.certificates, with_info=body.certificate_info)


@router.post("/credentials/authorize", summary="授权签名 Authorise", responses=RESPONSES)
def authorize(services: ServicesDep, client: SignerDep, body: AuthorizeBody, response: Response) -> dict[str, Any]:
    """签署人以动态口令同意对这些摘要签名；所得 SAD 只对这些摘要有效，五分钟内可用一次。

    The signer's one-time code for exactly these hashes. The SAD is good for them alone, once, within five minutes.
    """
    found = services.consents.credential(client.id, body.credential)
    _require_sha256(body.algorithm)
    if body.count != len(body.hashes):
        raise RequestInvalidError(problem="numSignatures is not the number of hashes")
    factor, answer = body.answer()
    given = services.authorisations.authorise(
        found,
        digests_of(body.hashes),
        subject=SignedSubject.HASH,
        factor=factor,
        answer=answer,
        client=_name(client),
    )
    response.headers["Cache-Control"] = "no-store"
    return {"SAD": given.token, "expiresIn": int(LIFETIME.total_seconds())}


@router.post("/signatures/signHash", summary="对摘要签名 Sign hashes", responses=RESPONSES)
def sign_hash(services: ServicesDep, client: SignerDep, body: SignBody, response: Response) -> dict[str, Any]:
    """以 SAD 换取签名（ECDSA P-256，DER）。Trades the SAD for signatures: ECDSA with P-256 in DER, in Base64."""
    found = services.consents.credential(client.id, body.credential)
    _require_sha256(body.algorithm)
    if body.signature != ECDSA_WITH_SHA256:
        raise RequestInvalidError(problem="Invalid parameter signAlgo")
    if body.mode != "S":
        raise RequestInvalidError(problem="Invalid parameter operationMode")
    signatures = services.signing.sign_hashes(found, body.token, digests_of(body.hashes), client=_name(client))
    response.headers["Cache-Control"] = "no-store"
    return {"signatures": [encoded(each) for each in signatures]}


def _name(client: Client) -> str:
    return f"client:{client.id}"


def _require_sha256(algorithm: str) -> None:
    if algorithm != SHA256:
        raise RequestInvalidError(problem="Invalid parameter hashAlgorithmOID")


def _members(
    services: Services, credential: SigningCredential, certificates: str, *, with_info: bool
) -> dict[str, Any]:
    chain = services.credentials.chain(credential)
    usable = credential.state is CredentialState.ACTIVE
    cert = certificate_members(chain, certificates, with_info=with_info)
    cert["status"] = _certificate_status(credential, chain[0], services.clock.now())
    code = {
        "type": "OTP",
        "id": "OTP",
        "format": "N",
        "label": "动态口令",
        "description": "身份验证器显示的 6 位数字 The six digits that the authenticator shows",
        "generator": "totp",
    }
    return {
        "key": {"status": "enabled" if usable else "disabled", "algo": [ECDSA_WITH_SHA256], "len": 256, "curve": P256},
        "cert": cert,
        "auth": {"mode": "explicit", "expression": "OTP", "objects": [code]},
        "authMode": "explicit",
        "OTP": {"presence": "true", "type": "offline", "format": "N", "label": "动态口令"},
        "SCAL": "2",
        "multisign": MOST_DIGESTS,
        "lang": "zh-CN",
    }


def _certificate_status(credential: SigningCredential, certificate: x509.Certificate, now: datetime) -> str:
    if credential.state is CredentialState.CANCELLED:
        return "revoked"
    if credential.state is CredentialState.SUSPENDED:
        return "suspended"
    return "valid" if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc else "expired"


def _usable(services: Services, credential: SigningCredential) -> bool:
    certificate = services.credentials.chain(credential)[0]
    return _certificate_status(credential, certificate, services.clock.now()) == "valid"
