"""What the strict policy finds out about licences that are as they should be."""

from __future__ import annotations

import io
import pickle
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.pki import DOCUMENT_SIGNING, NOW, SEALED_AT, Pki, issue
from tests.verify.signing import seal_signer, time_stamp, tsa_signer
from tests.verify.status import good_data
from verify.pdf import Policy, inspect_pdf
from verify.verdict import Changes, Coverage, Indication, Level, SignatureKind


def test_a_sealed_licence_passes_and_says_what_it_rests_on(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    evidence = licence(sealed_pdf)
    assert evidence.passed
    assert codes(evidence) == ["seal.valid", "timestamp.valid"]
    assert evidence.licence_data == files.LICENCE
    (report,) = evidence.signatures
    assert report.kind is SignatureKind.SEAL
    assert report.indication is Indication.TOTAL_PASSED
    assert (report.certified, report.level, report.coverage) == (1, Level.B_T, Coverage.WHOLE_FILE)
    assert (report.intact, report.trusted, report.changes) == (True, True, Changes.NONE)
    assert report.proven_time == SEALED_AT
    assert report.claimed_time == SEALED_AT
    assert report.signer_subject == pki.seal.certificate.subject.rfc4514_string()
    assert report.signer_serial == f"{pki.seal.certificate.serial_number:x}"
    assert len(report.chain) == 3


def test_evidence_can_be_handed_from_one_process_to_another(sealed_pdf: bytes, licence: Inspect) -> None:
    evidence = licence(sealed_pdf)
    assert pickle.loads(pickle.dumps(evidence)) == evidence


def test_capital_digits_are_as_good_as_small_ones(pki: Pki, licence: Inspect) -> None:
    assert licence(files.sealed(seal_signer(pki).cms, upper=True)).passed


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_longer_digests_pass(pki: Pki, licence: Inspect, digest: str) -> None:
    assert licence(files.sealed(seal_signer(pki, digest=digest).cms, digest=digest)).passed


def test_a_licence_outlives_the_certificate_that_sealed_it(pki: Pki, licence: Inspect) -> None:
    short_lived = issue("短期章", pki.issuing, purposes=[DOCUMENT_SIGNING], days=(-60, -1))
    assert licence(files.sealed(seal_signer(pki, short_lived).cms)).passed


def test_validation_data_and_document_time_stamps_may_follow(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    extended = _extended(pki, sealed_pdf)
    evidence = licence(extended)
    assert evidence.passed, codes(evidence)
    seal, stamp = evidence.signatures
    assert (seal.level, seal.coverage) == (Level.B_LTA, Coverage.WHOLE_FILE_BEFORE_LTV)
    assert seal.changes is Changes.LONG_TERM_VALIDATION
    assert (stamp.kind, stamp.coverage) == (SignatureKind.TIMESTAMP, Coverage.WHOLE_FILE)
    assert evidence.licence_data == files.LICENCE


def test_certificates_alone_are_not_yet_level_lt(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    evidence = licence(files.with_validation_data(sealed_pdf, [pki.root.der]))
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].level is Level.B_T


def test_a_document_time_stamp_keeps_an_older_one_alive(pki: Pki, licence: Inspect) -> None:
    stamping = [ExtendedKeyUsageOID.TIME_STAMPING]
    ended = issue("旧时间戳", pki.issuing, days=(-90, -5), purposes=stamping, purposes_critical=True)
    signer = seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(pki, ended), signature))
    data = files.sealed(signer.cms)
    assert_refused(licence(data), "timestamp.certificate_out_of_bounds")
    extended = files.with_document_time_stamp(
        data,
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True, at=NOW - timedelta(days=10)),
        first=files.SIZE,
    )
    assert licence(extended).passed
    too_late = files.with_document_time_stamp(
        data,
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True, at=NOW - timedelta(days=2)),
        first=files.SIZE,
    )
    assert_refused(licence(too_late), "timestamp.certificate_out_of_bounds")


@pytest.mark.needs("pdfsig")
def test_pdfsig_agrees(sealed_pdf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed_pdf)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said


@pytest.mark.needs("qpdf")
def test_qpdf_finds_the_fixture_sound(pki: Pki, sealed_pdf: bytes, tmp_path: Path) -> None:
    for number, data in enumerate((sealed_pdf, _extended(pki, sealed_pdf))):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(data)
        result = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("extended", [False, True])
def test_pyhanko_agrees(pki: Pki, sealed_pdf: bytes, extended: bool) -> None:
    data = _extended(pki, sealed_pdf) if extended else sealed_pdf
    root = asn1_x509.Certificate.load(pki.root.der)
    context = ValidationContext(trust_roots=[root], moment=NOW, revocation_mode="soft-fail")
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    status = validate_pdf_signature(signature, context, context)
    assert status.bottom_line
    assert status.docmdp_ok


def inner_seal_data(pki: Pki) -> tuple[bytes, bytes]:
    """A file with seal data of GB/T 38540, and the same certified."""
    inner = {
        files.CATALOGUE: files.dictionary(files.CATALOGUE_KEYS + b" /AcroForm 10 0 R"),
        files.FORM: files.dictionary(b"/Fields [20 0 R] /SigFlags 3"),
        20: files.dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (GBT38540) /Rect [0 0 0 0] /V 21 0 R"),
        21: files.Placeholder(b"/Type /Sig /Filter /GBT38540 /SubFilter /SES.V4").value,
    }
    base = files.fill(files.append(files.whole(), inner), lambda _: b"\x30\x03\x02\x01\x04")
    objects = files.seal_objects(files.Placeholder(files.seal_keys()))
    objects[files.FORM] = files.dictionary(b"/Fields [20 0 R 11 0 R] /SigFlags 3")
    return base, files.fill(files.append(base, objects, size=22), seal_signer(pki).cms)


def test_seal_data_within_the_seal_that_are_none_fail_the_file(pki: Pki, licence: Inspect) -> None:
    _, data = inner_seal_data(pki)
    evidence = licence(data)
    assert_refused(evidence, "ses.malformed")
    inner, seal = evidence.signatures
    assert (inner.kind, inner.indication) == (SignatureKind.SES, Indication.TOTAL_FAILED)
    assert (seal.kind, seal.indication) == (SignatureKind.SEAL, Indication.TOTAL_PASSED)


def test_seal_data_after_the_seal_is_refused(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    base, _ = inner_seal_data(pki)
    assert_refused(licence(base), "seal.missing")
    later = {
        files.FORM: files.dictionary(b"/Fields [20 0 R 11 0 R] /SigFlags 3"),
        20: files.dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (GBT38540) /Rect [0 0 0 0] /V 21 0 R"),
        21: files.Placeholder(b"/Type /Sig /Filter /GBT38540 /SubFilter /SES.V4").value,
    }
    data = files.fill(files.append(sealed_pdf, later), lambda _: b"\x30\x03\x02\x01\x04")
    assert_refused(licence(data), "seal.several")
    assert_refused(licence(data), "structure.changed_after_seal")


def test_the_clock_is_the_one_that_is_passed_in(pki: Pki, sealed_pdf: bytes) -> None:
    early = inspect_pdf(sealed_pdf, pki.anchors, policy=Policy.LICENCE, now=SEALED_AT - timedelta(days=1))
    assert_refused(early, "timestamp.in_the_future")


def _extended(pki: Pki, data: bytes) -> bytes:
    words = good_data(pki)
    with_data = files.with_validation_data(
        data, [pki.root.der, pki.issuing.der], ocsp_answers=words.ocsp_answers, crls=words.crls
    )
    return files.with_document_time_stamp(
        with_data,
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True, at=NOW - timedelta(days=10)),
        first=files.SIZE + 6,
    )
