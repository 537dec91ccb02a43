"""Sealing: what a foreign judge says of the result, when it is refused, and the record it leaves."""

from __future__ import annotations

import hashlib
import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from keys import CertificateState, RevocationReason, held_state
from seal import Placement, SealedPdf, SealingOrder
from seal.cms import CmsSigner
from seal.errors import (
    DocumentUnsealableError,
    SealCertificateStoppedError,
    SealNotUsableError,
    SealTypeNotAllowedError,
    TimeStampError,
)
from seal.time_stamps import checked_token
from store.clock import FixedClock
from tests.house import APPLICANT, House
from tests.pdfs import blank_pdf, encrypted_pdf

POINTS_PER_MM = 72 / 25.4


def order(house: House, **changed: object) -> SealingOrder:
    values = {
        "seal_number": house.seal().number,
        "caller": "tests",
        "document_type": "business_licence",
        "document_identifier": "1.2.3",
        "placement": Placement(1, 100, 200),
        "reason": "签发营业执照",
    }
    return SealingOrder(**{**values, **changed})  # type: ignore[arg-type]  # checked by the dataclass's users


def sealed(house: House) -> SealedPdf:
    return house.services.sealer.seal_pdf(blank_pdf(), order(house))


def test_pyhanko_finds_the_seal_trusted_certifying_unmodified_and_time_stamped(house: House, tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed(house).data)
    root = house.services.keys.authority.root.public_bytes(Encoding.DER)
    context = ValidationContext(trust_roots=[Certificate.load(root)], moment=house.services.clock.now())
    with path.open("rb") as file:
        signature = PdfFileReader(file).embedded_signatures[0]
        status = validate_pdf_signature(signature, context)
    assert status.bottom_line
    assert status.trusted
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert status.modification_level is not None
    assert status.modification_level.name == "NONE"


@pytest.mark.needs("pdfsig")
def test_pdfsig_says_valid_and_total_document_signed(house: House, tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed(house).data)
    said = subprocess.run(["pdfsig", path], check=True, capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


@pytest.mark.needs("qpdf")
def test_qpdf_finds_no_error(house: House, tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed(house).data)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)


@pytest.mark.needs("openssl")
def test_openssl_verifies_the_cms_and_its_time_stamp(house: House, tmp_path: Path) -> None:
    data = sealed(house).data
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    start, length, second, rest = (int(value) for value in signature.byte_range)
    (tmp_path / "content").write_bytes(data[start : start + length] + data[second : second + rest])
    (tmp_path / "cms").write_bytes(cms.ContentInfo.load(signature.pkcs7_content).dump())
    (tmp_path / "root.pem").write_bytes(house.services.keys.authority.root.public_bytes(Encoding.PEM))
    command = "openssl cms -verify -binary -inform DER -in cms -content content -CAfile root.pem -purpose any -out out"
    at = str(int(house.services.clock.now().timestamp()))
    subprocess.run([*command.split(), "-attime", at], check=True, capture_output=True, cwd=tmp_path)


def test_the_visible_seal_has_its_true_size_and_place(house: House) -> None:
    reader = PdfFileReader(io.BytesIO(sealed(house).data))
    annotation = reader.root["/Pages"]["/Kids"][0]["/Annots"][0]
    left, bottom, right, top = (float(value) / POINTS_PER_MM for value in annotation["/Rect"])
    assert right - left == pytest.approx(42, abs=0.1)
    assert top - bottom == pytest.approx(42, abs=0.1)
    assert (left + right) / 2 == pytest.approx(100, abs=0.1)
    assert 297 - (top + bottom) / 2 == pytest.approx(200, abs=0.2)


def test_a_frozen_seal_does_not_seal_and_the_attempt_is_on_record(house: House) -> None:
    seal = house.seal()
    house.services.seals.freeze(seal.number, officer=APPLICANT, reason="疑似冒用")
    with pytest.raises(SealNotUsableError) as refused:
        house.services.sealer.seal_pdf(blank_pdf(), order(house, seal_number=seal.number))
    assert "冻结" in refused.value.message_zh
    (use,) = house.services.sealer.uses(seal.number)
    assert (use.result, use.reason_code) == ("refused", "seal.not_usable")


def test_a_seal_whose_certificate_was_revoked_or_retired_does_not_seal(house: House) -> None:
    authority, first = house.services.keys.authority, house.seal().certificate_id
    physician = house.seal("physician_practice_certificate")
    assert first is not None
    assert physician.certificate_id is not None
    with house.services.database.transaction() as session:
        authority.revoke(session, first, RevocationReason.KEY_COMPROMISE, actor="tests")
        authority.renew(session, physician.certificate_id)
    for slug, words in (("business_licence", "已被吊销"), ("physician_practice_certificate", "已停用")):
        seal = house.seal(slug)
        with pytest.raises(SealCertificateStoppedError, match=seal.number) as refused:
            house.services.sealer.seal_pdf(blank_pdf(), order(house, seal_number=seal.number, document_type=slug))
        assert words in refused.value.message_zh
        (use,) = house.services.sealer.uses(seal.number)
        assert (use.result, use.reason_code) == ("refused", "seal.certificate_stopped")


def test_a_revocation_waits_for_a_use_that_is_being_recorded_and_none_comes_after_it(house: House) -> None:
    certificate_id = house.seal().certificate_id
    assert certificate_id is not None
    with ThreadPoolExecutor(1) as other:
        with house.services.database.transaction() as session:
            assert held_state(session, certificate_id) is CertificateState.ACTIVE
            revoking = other.submit(_revoke, house, certificate_id)
            with pytest.raises(TimeoutError):
                revoking.result(timeout=0.3)
        revoking.result(timeout=10)
    with pytest.raises(SealCertificateStoppedError):
        sealed(house)


def _revoke(house: House, certificate_id: int) -> None:
    with house.services.database.transaction() as session:
        house.services.keys.authority.revoke(session, certificate_id, RevocationReason.UNSPECIFIED, actor="tests")


@pytest.mark.parametrize("rooted", [True, False])
def test_all_of_a_chain_but_its_root_is_embedded(house: House, rooted: bool) -> None:
    """A chain from an authority outside may end before its root."""
    certificate_id = house.seal().certificate_id
    assert certificate_id is not None
    leaf, issuing, root = house.services.keys.authority.chain(
        house.services.keys.authority.get(certificate_id).certificate
    )
    signer = CmsSigner(leaf, [issuing, root] if rooted else [issuing])
    signed = cms.ContentInfo.load(signer.assemble(signer.signed_attributes(bytes(32)), b"", None))["content"]
    embedded = {item.chosen.dump() for item in signed["certificates"]}
    assert embedded == {each.public_bytes(Encoding.DER) for each in (leaf, issuing)}


def test_a_seal_is_refused_for_a_type_that_it_was_not_made_for(house: House) -> None:
    with pytest.raises(SealTypeNotAllowedError):
        house.services.sealer.seal_pdf(blank_pdf(), order(house, document_type="driving_licence"))


def test_a_use_names_the_document_before_and_after(house: House) -> None:
    pdf = blank_pdf()
    result = house.services.sealer.seal_pdf(pdf, order(house))
    (use,) = house.services.sealer.uses(house.seal().number)
    assert use.result == "sealed"
    assert use.unsealed_digest == hashlib.sha256(pdf).hexdigest()
    assert use.sealed_digest == result.digest == hashlib.sha256(result.data).hexdigest()
    assert result.data.startswith(pdf)


@pytest.mark.parametrize(
    "document",
    [b"", b"not a pdf", b"%PDF-1.7\n" + b"\0" * 1000, blank_pdf()[:-200], encrypted_pdf()],
    ids=["empty", "text", "zeros", "truncated", "encrypted"],
)
def test_what_is_no_sound_pdf_is_refused_and_on_record(house: House, document: bytes) -> None:
    with pytest.raises(DocumentUnsealableError):
        house.services.sealer.seal_pdf(document, order(house))
    (use,) = house.services.sealer.uses(house.seal().number)
    assert (use.result, use.reason_code) == ("failed", "seal.document_unsealable")


def test_a_sealed_document_is_not_certified_again(house: House) -> None:
    once = sealed(house).data
    with pytest.raises(DocumentUnsealableError, match="signed already"):
        house.services.sealer.seal_pdf(once, order(house))


@pytest.mark.parametrize("placement", [Placement(2, 100, 100), Placement(0, 100, 100), Placement(1, 5, 100)])
def test_a_seal_stays_on_the_page(house: House, placement: Placement) -> None:
    with pytest.raises(DocumentUnsealableError):
        house.services.sealer.seal_pdf(blank_pdf(), order(house, placement=placement))


def test_without_a_time_stamp_nothing_is_sealed(house: House, clock: FixedClock) -> None:
    result = sealed(house)
    clock.advance(timedelta(seconds=-30))  # a clock that runs backwards stops the time-stamp authority
    with pytest.raises(TimeStampError):
        house.services.sealer.seal_pdf(blank_pdf(), order(house))
    latest = house.services.sealer.uses(house.seal().number)[0]
    assert (latest.id, latest.result) == (result.use_id + 1, "failed")


def test_an_answer_to_another_request_is_no_time_stamp(house: House) -> None:
    digest = hashlib.sha256(b"data").digest()
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 7, "cert_req": True})
    response = house.services.keys.timestamps.respond(request.dump())
    assert checked_token(response, digest=digest, nonce=7)
    for wrong in ({"digest": hashlib.sha256(b"other").digest(), "nonce": 7}, {"digest": digest, "nonce": 8}):
        with pytest.raises(TimeStampError):
            checked_token(response, **wrong)  # type: ignore[arg-type]  # a dict of both kinds
    for junk in (b"", b"\x30\x00", response[:-5], bytes(100)):
        with pytest.raises(TimeStampError):
            checked_token(junk, digest=digest, nonce=7)
