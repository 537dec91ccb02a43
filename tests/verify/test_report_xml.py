"""The ETSI report says what the verdict says, in the form of its schema: pyHanko's types of the schema judge."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from pyhanko.generated.etsi.ts_11910202 import ValidationReport, VOReferenceType
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from tests.house import LAW, House
from tests.verify import files
from tests.verify.conftest import Inspect
from tests.verify.pki import NOW, Pki
from tests.verify.signing import time_stamp, tsa_signer
from tests.verify.status import good_data
from trust import Decision
from verify.pdf import PdfEvidence
from verify.reasons import reason
from verify.report_xml import DS, OURS, VR, report_xml
from verify.verdict import Indication, Verdict, verdict

PASSED = "urn:etsi:019102:mainindication:total-passed"
FAILED = "urn:etsi:019102:mainindication:total-failed"


def of(evidence: PdfEvidence) -> Verdict:
    return verdict(
        evidence.reasons,
        checked_at=evidence.checked_at,
        signatures=evidence.signatures,
        document_digest=evidence.document_digest,
    )


def read(xml: bytes) -> ValidationReport:
    """Parse a report, and hold it to the schema: no element unknown, none that it demands missing, all in order."""
    report = XmlParser(config=ParserConfig(fail_on_unknown_properties=True)).from_bytes(xml, ValidationReport)
    _demand(report)
    again = XmlSerializer().render(report).encode()
    assert _tags(again) == _tags(xml)
    return report


def _demand(value: Any) -> None:
    if not dataclasses.is_dataclass(value) or not type(value).__module__.startswith("pyhanko."):
        return
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        assert inner is not None or not field.metadata.get("required"), f"{type(value).__name__}.{field.name}"
        if field.metadata.get("min_occurs") and field.name != "signers_document_representation":  # one of a choice
            assert len(inner) >= field.metadata["min_occurs"], f"{type(value).__name__}.{field.name}"
        for item in inner if isinstance(inner, tuple) else (inner,):
            _demand(item)
    if isinstance(value, VOReferenceType):
        assert value.voreference, "a reference to nothing"


def _tags(xml: bytes) -> list[str]:
    return [
        element.tag
        for element in ElementTree.fromstring(xml).iter()
        if element.tag.startswith((f"{{{VR}}}", f"{{{DS}}}"))
    ]


def test_a_sealed_licence_is_reported_with_signer_times_and_level(
    sealed_pdf: bytes, licence: Inspect, pki: Pki
) -> None:
    (report,) = read(report_xml(of(licence(sealed_pdf)))).signature_validation_report
    status = report.signature_validation_status
    assert status is not None
    assert (status.main_indication, status.sub_indication) == (PASSED, ())
    assert report.signature_validation_process is not None
    assert (
        report.signature_validation_process.signature_validation_process_id == "urn:etsi:019102:validationprocess:LTVM"
    )
    assert report.signer_information is not None
    assert "测试专用章" in (report.signer_information.signer or "")
    assert report.validation_time_info is not None
    assert str(report.validation_time_info.validation_time) == "2026-11-23T04:00:00Z"
    assert report.validation_time_info.best_signature_time is not None
    assert str(report.validation_time_info.best_signature_time.poetime) == "2026-10-24T04:00:00Z"
    assert report.signature_identifier is not None
    assert report.signature_identifier.daidentifier == f"{hashlib.sha256(sealed_pdf).hexdigest()}#Seal1"
    crypto = status.associated_validation_report_data[0].crypto_information
    assert crypto is not None
    assert crypto.algorithm == "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


def test_references_lead_to_the_signers_certificate(sealed_pdf: bytes, licence: Inspect, pki: Pki) -> None:
    root = ElementTree.fromstring(report_xml(of(licence(sealed_pdf))))
    names = {element.get("id") for element in root.iter()} - {None}
    used = {element.get("VOReference") for element in root.iter()} - {None}
    assert used <= names
    value = root.find(f".//{{{VR}}}ValidationObject//{{{DS}}}DigestValue")
    assert value is not None
    assert base64.b64decode(value.text or "") == hashlib.sha256(pki.seal.der).digest()


def test_each_signature_is_reported_by_itself(sealed_pdf: bytes, licence: Inspect, pki: Pki) -> None:
    words = good_data(pki)
    extended = files.with_document_time_stamp(
        files.with_validation_data(sealed_pdf, [pki.root.der], ocsp_answers=words.ocsp_answers, crls=words.crls),
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True),
        first=files.SIZE + 5,
    )
    seal, stamp = read(report_xml(of(licence(extended)))).signature_validation_report
    assert stamp.signature_attributes is not None
    assert seal.signature_validation_process is not None
    assert seal.signature_validation_process.signature_validation_process_id == "urn:etsi:019102:validationprocess:LTA"
    assert {seal.signature_identifier.id, stamp.signature_identifier.id} == {"S-1", "S-2"}  # type: ignore[union-attr]


def test_an_altered_file_is_reported_as_failed_with_its_sub_indication(sealed_pdf: bytes, licence: Inspect) -> None:
    altered = sealed_pdf.replace(b"Licence of the holder", b"Licence of the bearer")
    (report,) = read(report_xml(of(licence(altered)))).signature_validation_report
    assert report.signature_validation_status is not None
    assert report.signature_validation_status.main_indication == FAILED
    assert report.signature_validation_status.sub_indication == ("urn:etsi:019102:subindication:HASH_FAILURE",)


def test_what_speaks_against_the_file_counts_against_its_signatures(sealed_pdf: bytes, licence: Inspect) -> None:
    fine = of(licence(sealed_pdf))
    broken = replace(fine, reasons=(*fine.reasons, reason("structure.page_tree")), indication=Indication.TOTAL_FAILED)
    (report,) = read(report_xml(broken)).signature_validation_report
    assert report.signature_validation_status is not None
    assert report.signature_validation_status.main_indication == FAILED


def test_a_file_without_a_signature_to_report_on_gets_a_report(licence: Inspect, sealed_pdf: bytes) -> None:
    (report,) = read(report_xml(of(licence(b"\n" + sealed_pdf)))).signature_validation_report
    assert report.signature_identifier is None
    assert report.signature_validation_status is not None
    assert report.signature_validation_status.main_indication == FAILED


def test_the_registers_word_stands_beside_the_seal_that_holds(house: House) -> None:
    licence = house.issue()
    house.services.register.revoke(licence.identifier, Decision("a", "r", LAW))
    xml = report_xml(house.services.checker.check_pdf(house.pdf(licence)))
    assert all(
        report.signature_validation_status is not None and report.signature_validation_status.main_indication == PASSED
        for report in read(xml).signature_validation_report
    )
    ours = ElementTree.fromstring(xml).find(f".//{{{OURS}}}Verdict")
    assert ours is not None
    assert (ours.get("indication"), ours.get("status")) == ("TOTAL_FAILED", "revoked")
    assert "register.revoked" in {item.get("code") for item in ours}


@pytest.mark.parametrize(
    "hostile", ["</vr:Signer><x>", "&lt; ]]> <!--", "\x00\x1b[2J\ud800\uffff", "a" * 100_000, "\u202e"]
)
def test_no_text_of_a_certificate_breaks_the_report(sealed_pdf: bytes, licence: Inspect, hostile: str) -> None:
    fine = of(licence(sealed_pdf))
    (signature,) = fine.signatures
    forged = replace(fine, signatures=(replace(signature, signer_subject=hostile, field_name=hostile),))
    (report,) = read(report_xml(forged)).signature_validation_report
    assert report.signature_validation_status is not None
    assert report.signature_validation_status.main_indication == PASSED
    assert report.signer_information is not None
    assert len(report.signer_information.signer or "") == len(hostile)


def test_the_time_of_the_check_is_told_in_utc() -> None:
    bare = verdict([reason("register.unknown")], checked_at=NOW)
    (report,) = read(report_xml(bare)).signature_validation_report
    assert report.validation_time_info is not None
    assert str(report.validation_time_info.validation_time).endswith("Z")
