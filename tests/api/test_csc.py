"""Remote signing: pyHanko's client signs through it, and nothing is signed but what the signer has just allowed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pyotp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi.testclient import TestClient
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)

from api.app import create_app
from api.clients import Scope
from api.services import Services
from keys import RevocationReason
from seal import OwnerKind, Signatory, SigningCredential
from seal.signing_errors import ConsentUnknownError, CredentialUnknownError, SecondFactorWrongError
from store.clock import FixedClock
from tests.api.conforming import hold_to_its_description
from tests.house import HEALTH, House
from tests.live import Live
from tests.pdfs import blank_pdf
from verify import Policy, TrustAnchors, inspect_pdf

PERSON = Signatory(OwnerKind.PERSON, "11010519491231002X", "张伟", b"p" * 32)
COMPANY = Signatory(OwnerKind.COMPANY, "91370203990100361X", "青岛印证科技有限公司", b"c" * 32)
SHA256_OID = "2.16.840.1.101.3.4.2.1"


def b64(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Signer:
    """A person with an authenticator."""

    def __init__(self, services: Services, signatory: Signatory = PERSON) -> None:
        self.services = services
        self.credential, enrolment = services.credentials.enrol(signatory, actor="officer", reason="现场核验")
        self.codes = pyotp.TOTP(parse_qs(urlsplit(enrolment.uri).query)["secret"][0])

    def code(self) -> str:
        return self.codes.generate_otp(int(self.services.clock.now().timestamp()) // 30)

    def consent(self, client: str, code: str | None = None) -> None:
        answer = self.code() if code is None else code
        self.services.consents.give(self.credential, client, factor="OTP", answer=answer, actor="cli:clerk")


@dataclass
class Portal:
    """Two systems that ask for signatures, and a signer who consented to the first."""

    http: TestClient
    house: House
    clock: FixedClock
    signer: Signer
    tokens: dict[str, str]

    @property
    def credential(self) -> SigningCredential:
        return self.signer.credential

    def call(self, method: str, client: str = "portal", **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[client]}"} if client in self.tokens else {}
        return self.http.post(f"/csc/v2/{method}", headers=headers, json=body)

    def authorize(self, *texts: str, client: str = "portal", code: str | None = None, **more: Any) -> Any:
        if code is None:
            self.clock.advance(timedelta(seconds=30))
        said = {
            "credentialID": self.credential.number,
            "numSignatures": len(texts),
            "hashes": [b64(each) for each in texts],
            "hashAlgorithmOID": SHA256_OID,
            "authData": [{"id": "OTP", "value": self.signer.code() if code is None else code}],
        }
        return self.call("credentials/authorize", client, **{**said, **more})

    def sad(self, *texts: str) -> str:
        answer = self.authorize(*texts)
        assert answer.status_code == 200, answer.text
        assert answer.json()["expiresIn"] <= 300
        return str(answer.json()["SAD"])

    def sign(self, sad: str, *texts: str, client: str = "portal", **more: Any) -> Any:
        said = {
            "credentialID": self.credential.number,
            "SAD": sad,
            "hashes": [b64(each) for each in texts],
            "hashAlgorithmOID": SHA256_OID,
            "signAlgo": "1.2.840.10045.4.3.2",
        }
        return self.call("signatures/signHash", client, **{**said, **more})


@pytest.fixture
def portal(house: House, clock: FixedClock) -> Iterator[Portal]:
    services = house.services
    services.organisations.enrol(HEALTH)
    tokens = {}
    for name, scope in (("portal", Scope.SIGN), ("other", Scope.SIGN), ("checker", Scope.CHECK)):
        new = services.clients.enrol(name, name=name, scopes=[scope], organisation_code=HEALTH.code)
        assert new is not None
        tokens[name] = services.clients.token(new.client)
    signer = Signer(services)
    signer.consent("portal")
    with TestClient(create_app(services), raise_server_exceptions=False) as http:
        yield Portal(http, house, clock, signer, tokens)


def refused(answer: Any, error: str, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error, answer.text
    assert answer.headers["content-type"] == "application/json"
    return str(answer.json()["error_description"])


def test_the_service_tells_what_it_does(portal: Portal) -> None:
    said = portal.call("info", "nobody").json()
    assert said["specs"].startswith("2.0")
    assert said["authType"] == ["oauth2client"]
    for method in said["methods"]:
        assert portal.call(method, "nobody").status_code == 401
    assert portal.http.post("/csc/v2/info").status_code == 200


def test_a_credential_is_described_as_the_specification_has_it(portal: Portal) -> None:
    said = portal.call("credentials/list").json()
    assert said == {"credentialIDs": [portal.credential.number]}
    info = portal.call(
        "credentials/info", credentialID=portal.credential.number, certificates="chain", certInfo=True
    ).json()
    assert info["key"] == {
        "status": "enabled",
        "algo": ["1.2.840.10045.4.3.2"],
        "len": 256,
        "curve": "1.2.840.10045.3.1.7",
    }
    assert (info["SCAL"], info["multisign"], info["authMode"]) == ("2", 10, "explicit")
    assert (info["auth"]["mode"], info["auth"]["objects"][0]["type"]) == ("explicit", "OTP")
    chain = [x509.load_der_x509_certificate(base64.b64decode(each)) for each in info["cert"]["certificates"]]
    for below, above in pairwise(chain):
        below.verify_directly_issued_by(above)
    assert chain[-1] == portal.house.services.keys.authority.root
    assert info["cert"]["subjectDN"] == chain[0].subject.rfc4514_string()
    assert info["cert"]["status"] == "valid"
    assert PERSON.code not in str(info)
    portal.house.services.credentials.suspend(portal.credential.number, actor="o", reason="r")
    info = portal.call("credentials/info", credentialID=portal.credential.number, certificates="none").json()
    assert (info["key"]["status"], info["cert"]) == ("disabled", {"status": "suspended"})
    assert portal.call("credentials/list", onlyValid=True).json() == {"credentialIDs": [], "onlyValid": True}


def test_the_list_goes_page_by_page(portal: Portal) -> None:
    services = portal.house.services
    more = [Signer(services, COMPANY) for _ in range(2)]
    for each in more:
        each.consent("portal")
    first = portal.call("credentials/list", maxResults=2, credentialInfo=True, certificates="single").json()
    assert len(first["credentialIDs"]) == len(first["credentialInfos"]) == 2
    second = portal.call("credentials/list", maxResults=2, pageToken=first["nextPageToken"]).json()
    numbers = [portal.credential.number, *(each.credential.number for each in more)]
    assert first["credentialIDs"] + second["credentialIDs"] == numbers
    assert "nextPageToken" not in second
    assert portal.call("credentials/list", userID=numbers[1]).json() == {"credentialIDs": [numbers[1]]}


def test_what_the_signer_allowed_is_signed(portal: Portal) -> None:
    answer = portal.sign(portal.sad("one", "two"), "one", "two")
    key = portal.house.services.credentials.chain(portal.credential)[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    for text, signature in zip(("one", "two"), answer.json()["signatures"], strict=True):
        digest = hashlib.sha256(text.encode()).digest()
        key.verify(base64.b64decode(signature), digest, ec.ECDSA(Prehashed(SHA256())))
    records = portal.house.services.authorisations.records(portal.credential)
    assert [(each.step, each.result, each.client) for each in records[:3]] == [
        ("signed", "granted", "client:portal"),
        ("sign", "granted", "client:portal"),
        ("authorise", "granted", "client:portal"),
    ]


def test_names_of_version_one_are_understood(portal: Portal) -> None:
    portal.clock.advance(timedelta(seconds=30))
    number, hashes = portal.credential.number, [b64("one")]
    said = portal.call(
        "credentials/authorize", credentialID=number, numSignatures=1, hash=hashes, OTP=portal.signer.code()
    ).json()
    answer = portal.call(
        "signatures/signHash",
        credentialID=number,
        SAD=said["SAD"],
        hash=hashes,
        hashAlgo=SHA256_OID,
        signAlgo="1.2.840.10045.4.3.2",
    )
    assert len(answer.json()["signatures"]) == 1


def test_a_sad_is_good_once_for_what_it_names_and_for_whom(portal: Portal) -> None:
    services = portal.house.services
    sad = portal.sad("one", "two")
    for texts in (("one",), ("two", "one"), ("one", "other"), ("one", "two", "three")):
        assert refused(portal.sign(sad, *texts), "invalid_request") == "Hash is not authorized by the SAD"
    second = Signer(services, COMPANY)
    portal.clock.advance(timedelta(seconds=30))
    second.consent("portal")
    answer = portal.sign(sad, "one", "two", credentialID=second.credential.number)
    assert refused(answer, "invalid_request") == "Invalid parameter SAD"
    portal.clock.advance(timedelta(seconds=30))
    portal.signer.consent("other")
    assert refused(portal.sign(sad, "one", "two", client="other"), "invalid_request") == "Invalid parameter SAD"
    assert portal.sign(sad, "one", "two").status_code == 200
    assert "used" in refused(portal.sign(sad, "one", "two"), "invalid_request")


def test_a_sad_ends_after_five_minutes(portal: Portal) -> None:
    sad = portal.sad("one")
    portal.clock.advance(timedelta(minutes=5))
    assert refused(portal.sign(sad, "one"), "invalid_request") == "SAD expired"


def test_of_twenty_at_once_one_is_signed(portal: Portal) -> None:
    sad = portal.sad("one")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: portal.sign(sad, "one").status_code, range(20)))
    assert sorted(answers) == [200] + [400] * 19


def test_fifty_wrong_codes_lock_the_credential_and_are_on_record(portal: Portal) -> None:
    answers = [portal.authorize("one", code=f"{each:06d}") for each in range(100, 150)]
    said = [refused(each, "invalid_otp") for each in answers]
    assert said[:4] == ["The OTP is invalid"] * 4
    assert said[4:] == ["OTP locked"] * 46
    assert int(answers[-1].headers["retry-after"]) > 60
    assert refused(portal.authorize("one"), "invalid_otp") == "OTP locked"
    records = portal.house.services.authorisations.records(portal.credential)
    assert len([each for each in records if each.result == "refused"]) == 51


def test_fifty_guesses_at_once_are_no_more_than_five(portal: Portal) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda each: portal.authorize("one", code=f"{each:06d}"), range(100, 150)))
    said = sorted(refused(each, "invalid_otp") for each in answers)
    assert said == ["OTP locked"] * 46 + ["The OTP is invalid"] * 4


def test_no_code_no_factor_or_a_used_one_is_refused(portal: Portal) -> None:
    portal.sad("one")
    for code in (portal.signer.code(), "", "１２３４５６"):
        refused(portal.authorize("one", code=code), "invalid_otp")
    refused(portal.authorize("one", code="", authData=[]), "invalid_otp")
    answer = portal.authorize("one", authData=[{"id": "PIN", "value": "1"}])
    assert answer.json()["code"] == "seal.second_factor_unknown"


def test_who_has_no_consent_sees_and_gets_nothing(portal: Portal) -> None:
    services, number = portal.house.services, portal.credential.number
    assert portal.call("credentials/list", "other").json() == {"credentialIDs": []}
    for method, more in (
        ("credentials/info", {}),
        ("credentials/authorize", {"numSignatures": 1, "hashes": [b64("one")], "OTP": portal.signer.code()}),
        ("signatures/signHash", {"SAD": "0" * 64, "hashes": [b64("one")]}),
    ):
        said = refused(portal.call(method, "other", credentialID=number, **more), "invalid_request")
        assert said == "Invalid parameter credentialID"
        refused(portal.call(method, "checker", credentialID=number, **more), "insufficient_scope", 403)
        refused(portal.call(method, "nobody", credentialID=number, **more), "invalid_token", 401)
    sad = portal.sad("one")
    services.consents.withdraw(portal.credential, "portal", actor="cli:clerk")
    assert refused(portal.sign(sad, "one"), "invalid_request") == "Invalid parameter credentialID"
    assert portal.call("credentials/list").json() == {"credentialIDs": []}
    with pytest.raises(ConsentUnknownError):
        services.consents.withdraw(portal.credential, "portal", actor="cli:clerk")
    (consent,) = services.consents.of(portal.credential)
    assert consent.withdrawn_by == "cli:clerk"


def test_consent_wants_the_signers_own_code(portal: Portal) -> None:
    portal.clock.advance(timedelta(seconds=30))
    with pytest.raises(SecondFactorWrongError):
        portal.signer.consent("other", "000000")
    with pytest.raises(CredentialUnknownError):
        portal.house.services.consents.credential("other", portal.credential.number)


def test_a_suspended_client_is_out_at_once(portal: Portal) -> None:
    sad = portal.sad("one")
    portal.house.services.clients.suspend("portal", actor="tests")
    refused(portal.sign(sad, "one"), "invalid_token", 401)


def test_a_cancelled_credential_signs_nothing_and_its_certificate_is_revoked(portal: Portal) -> None:
    sad = portal.sad("one")
    services = portal.house.services
    services.credentials.cancel(portal.credential.number, actor="officer", reason="本人申请")
    answer = portal.sign(sad, "one")
    refused(answer, "invalid_request")
    assert answer.json()["code"] == "seal.credential_not_usable"
    assert portal.authorize("one").json()["code"] == "seal.credential_not_usable"
    revocation = services.keys.authority.revocation(portal.credential.certificate_id)
    assert revocation is not None
    assert revocation.reason is RevocationReason.CESSATION_OF_OPERATION
    info = portal.call("credentials/info", credentialID=portal.credential.number).json()
    assert (info["cert"]["status"], info["key"]["status"]) == ("revoked", "disabled")


WRONG: list[dict[str, Any]] = [
    {"numSignatures": 2},
    {"numSignatures": "1"},
    {"numSignatures": 0},
    {"hashes": []},
    {"hashes": "x"},
    {"hashes": None},
    {"hashes": ["not base64!"]},
    {"hashes": ["AAAA"]},
    {"hashes": [1]},
    {"hashAlgorithmOID": "1.3.14.3.2.26"},
    {"credentialID": 7},
    {"credentialID": ""},
    {"credentialID": "\x00"},
    {"credentialID": "sc-0000000000000000"},
    {"authData": "123456"},
    {"authData": [{"id": "OTP", "value": "1" * 65}]},
    {"numSignatures": 11, "hashes": [b64(str(each)) for each in range(11)]},
    {"numSignatures": 2, "hashes": [b64("one"), b64("one")]},
    {"numSignatures": 5000, "hashes": [b64(str(each)) for each in range(5000)]},
]


def test_what_is_no_request_is_refused_and_costs_no_code(portal: Portal) -> None:
    portal.clock.advance(timedelta(seconds=30))
    for wrong in WRONG:
        refused(portal.authorize("one", code=portal.signer.code(), **wrong), "invalid_request")
    assert portal.authorize("one", code=portal.signer.code()).status_code == 200


def test_a_list_without_end_is_turned_away(portal: Portal) -> None:
    answer = portal.authorize("one", numSignatures=50000, hashes=[b64(str(each)) for each in range(50000)])
    assert answer.status_code == 413


def test_what_is_not_json_or_not_ours_is_refused(portal: Portal) -> None:
    headers = {"Authorization": f"Bearer {portal.tokens['portal']}"}
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"credentialID": {}}', b"[" * 100000):
        answer = portal.http.post("/csc/v2/signatures/signHash", content=body, headers=headers)
        refused(answer, "invalid_request")
    sad = portal.sad("one")
    refused(portal.sign(sad, "one", signAlgo="1.2.840.113549.1.1.11"), "invalid_request")
    refused(portal.sign(sad, "one", operationMode="A"), "invalid_request")
    refused(portal.sign("x" * 257, "one"), "invalid_request")
    refused(portal.sign("ＡＢ" * 32, "one"), "invalid_request")
    assert portal.sign(sad, "one").status_code == 200


def test_schemathesis_finds_no_answer_undocumented(portal: Portal) -> None:
    portal.house.services.settings.client_rate = "100000/minute"
    headers = {"Authorization": f"Bearer {portal.tokens['portal']}"}
    hold_to_its_description(portal.http.app, headers, paths="^/csc/")


class CodeEntered(CSCAuthorizationManager):
    """Asks the service with the code that the signer enters, as an application around pyHanko would."""

    def __init__(self, session: aiohttp.ClientSession, code: str, *about: Any) -> None:
        super().__init__(*about)
        self._session, self._code = session, code

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        body = self.format_csc_auth_request(hash_b64s=hash_b64s, otp=self._code)
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        async with self._session.post(url, headers=self.auth_headers, json=body, raise_for_status=True) as answer:
            return self.parse_csc_auth_response(await answer.json())


def test_pyhankos_own_client_signs_a_pdf_through_a_running_server(live: Live) -> None:
    services = live.house.services
    services.organisations.enrol(HEALTH)
    new = services.clients.enrol("portal", name="申报系统", scopes=[Scope.SIGN], organisation_code=HEALTH.code)
    assert new is not None
    signer = Signer(services)
    # a step early, so that the code of this step is still good for the signature
    early = signer.codes.generate_otp(int(services.clock.now().timestamp()) // 30 - 1)
    signer.consent("portal", early)

    async def sign() -> bytes:
        async with aiohttp.ClientSession() as session:
            form = {"grant_type": "client_credentials", "client_id": "portal", "client_secret": new.secret}
            async with session.post(f"{live.url}/oauth/token", data=form) as answer:
                token = (await answer.json())["access_token"]
            about = CSCServiceSessionInfo(live.url, signer.credential.number, oauth_token=token, api_ver="v2")
            credential = await fetch_certs_in_csc_credential(session, about)
            assert credential.hash_pinning_required
            manager = CodeEntered(session, signer.code(), about, credential)
            metadata = PdfSignatureMetadata(
                field_name="Signature1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
            )
            out = io.BytesIO()
            await PdfSigner(metadata, CSCSigner(session, manager, sign_timeout=30)).async_sign_pdf(
                IncrementalPdfFileWriter(io.BytesIO(blank_pdf())), output=out
            )
            return out.getvalue()

    signed = asyncio.run(sign())
    anchors = TrustAnchors.of([services.keys.authority.root])
    evidence = inspect_pdf(signed, anchors, policy=Policy.GENERAL, now=services.clock.now())
    assert [(each.intact, each.trusted) for each in evidence.signatures] == [(True, True)]
    assert "张伟" in str(evidence.signatures[0].signer_subject)
