"""Licences of several departments: each seals, the last closes, and nothing else passes for one."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from seal import Organisation, Placement, SealApplication, SealingOrder, SealLevel
from seal.errors import SealNoneForTypeError
from seal.pdf import RevisionWriter
from seal.signing_errors import DocumentLockedError
from tests.house import APPLICANT, APPROVER, HEALTH, MARKET, House
from tests.pdfs import blank_pdf
from tests.verify.every_byte import anywhere, passes, run
from trust.type_package import DEFINITION, TypePackage
from verify import Indication, PdfEvidence, Policy, TrustAnchors, inspect_pdf
from verify.verdict import Level

SLUG = "business_licence"


def seal_of(house: House, organisation: Organisation) -> str:
    code = house.services.organisations.enrol(organisation).code
    found = house.services.seals.usable_for(SLUG, code)
    if not found:
        request = house.services.seals.apply(SealApplication(code, [SLUG], None), officer=APPLICANT, reason="联合发证")
        return house.services.seals.approve(request.id, officer=APPROVER).number
    return found[-1].number


def order(house: House, organisation: Organisation, x: float) -> SealingOrder:
    return SealingOrder(
        seal_number=seal_of(house, organisation),
        caller="tests",
        document_type=SLUG,
        document_identifier="1.2.3",
        placement=Placement(1, x, 200),
        reason="联合签发",
        level=SealLevel.B_LTA,
    )


def made(house: House) -> bytes:
    last = order(house, MARKET, 130)
    return house.services.joint_sealer.seal_pdf(blank_pdf(), [order(house, HEALTH, 50)], last).data


def checked(house: House, data: bytes) -> PdfEvidence:
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    return inspect_pdf(data, anchors, policy=Policy.LICENCE, now=house.services.clock.now())


def codes(evidence: PdfEvidence) -> list[str]:
    return [each.code for each in evidence.reasons if each.indication is not Indication.TOTAL_PASSED]


def ends(data: bytes) -> list[int]:
    """Where the revisions end."""
    return [found.end() for found in re.finditer(rb"%%EOF\n?", data)]


@pytest.mark.needs("pdfsig")
def test_two_departments_seal_and_every_reader_accepts_both(house: House, tmp_path: Path) -> None:
    path, data = tmp_path / "joint.pdf", made(house)
    path.write_bytes(data)
    evidence = checked(house, data)
    assert evidence.passed, evidence.reasons
    first, last, stamp = evidence.signatures
    assert (first.level, last.level, stamp.level) == (Level.B_LTA, Level.B_LTA, None)
    assert HEALTH.name_zh in (first.signer_subject or "")
    assert MARKET.name_zh in (last.signer_subject or "")
    for organisation in (HEALTH, MARKET):
        (use,) = house.services.sealer.uses(seal_of(house, organisation))
        assert (use.result, use.document_identifier) == ("sealed", "1.2.3")
    said = subprocess.run(["pdfsig", path], check=True, capture_output=True, text=True).stdout
    assert said.count("Signature is Valid") == 2
    root = Certificate.load(house.services.keys.authority.root.public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[root], moment=house.services.clock.now())
    for signature in PdfFileReader(io.BytesIO(data)).embedded_regular_signatures:
        status = validate_pdf_signature(signature, context)
        assert status.bottom_line, status.pretty_print_details()


def test_what_is_no_joint_licence_does_not_pass_for_one(house: House) -> None:
    services, data = house.services, made(house)
    assert codes(checked(house, data[: ends(data)[1]])) == ["seal.not_certifying"]
    co_sealer, counter_sealer = services.joint_sealer._first, services.joint_sealer._last
    certified = services.sealer.seal_pdf(blank_pdf(), order(house, MARKET, 130)).data
    with pytest.raises(DocumentLockedError):
        co_sealer.seal_pdf(certified, order(house, HEALTH, 50))
    with pytest.raises(DocumentLockedError):
        co_sealer.seal_pdf(data, order(house, HEALTH, 50))
    stamped = co_sealer.seal_pdf(blank_pdf(), replace(order(house, HEALTH, 50), level=SealLevel.B_T)).data
    left_open = co_sealer.seal_pdf(stamped, order(house, MARKET, 130)).data
    assert codes(checked(house, left_open)) == ["seal.several"]
    unstamped = co_sealer.seal_pdf(blank_pdf(), replace(order(house, HEALTH, 50), level=SealLevel.B_B)).data
    unproven = counter_sealer.seal_pdf(unstamped, order(house, MARKET, 130)).data
    assert codes(checked(house, unproven)) == ["seal.time_stamp_missing"]


@pytest.mark.parametrize("what", ["catalogue", "annotation"])
def test_what_comes_between_two_seals_fails_them(house: House, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    sealer = house.services.joint_sealer
    once = sealer._first.seal_pdf(blank_pdf(), replace(order(house, HEALTH, 50), level=SealLevel.B_T)).data
    writer = RevisionWriter(io.BytesIO(once))
    if what == "catalogue":
        writer.root["/Lang"] = generic.pdf_string("zh")
        writer.update_root()
    else:
        note = {pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Text")}
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Annots"].append(writer.add_object(generic.DictionaryObject(note)))
        writer.update_container(page["/Annots"])
    changed = io.BytesIO()
    writer.write(changed)
    assert len(ends(changed.getvalue())) == len(ends(once)) + 1
    monkeypatch.setattr("seal.countersealing._check_open", lambda *_: None)
    data = sealer._last.seal_pdf(changed.getvalue(), order(house, MARKET, 130)).data
    assert "structure.changed_after_seal" in codes(checked(house, data))


def test_a_changed_byte_fails_a_joint_licence_wherever_it_is(house: House) -> None:
    data = made(house)
    now, anchors = house.services.clock.now(), TrustAnchors.of([house.services.keys.authority.root])
    assert passes(data, anchors, now)
    tried, passed = run(data, anywhere(data, 60, random.Random(9)), lambda changed: passes(changed, anchors, now))
    assert (tried, passed) == (60, [])


def test_a_type_names_who_seals_with_the_issuer(house: House) -> None:
    types = house.services.licence_types
    files = types.package(SLUG, 1).files
    place = {"issuer": HEALTH.code, "page": 1, "x_mm": 250, "y_mm": 230, "diameter_mm": 42}
    definition = json.loads(files[DEFINITION]) | {"co_seals": [place]}
    package = TypePackage({**files, DEFINITION: json.dumps(definition).encode()})
    types.publish(SLUG, types.draft(SLUG, package, actor="a").version, actor="b")
    with pytest.raises(SealNoneForTypeError):
        house.issue()
    seal_of(house, HEALTH)
    licence = house.issue()
    assert licence.issuer_code == MARKET.code
    verdict = house.services.checker.check_pdf(house.pdf(licence))
    assert verdict.passed, verdict.reasons
    assert len(verdict.signatures) == 3
    for organisation in (HEALTH, MARKET):
        (use,) = house.services.sealer.uses(seal_of(house, organisation))
        assert use.document_identifier == licence.identifier
