"""Seal data are made with a body's seal, renewed and ended with its keys, and hold before foreign eyes."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from esl_house import openssl_verifies

from keys import KeyAlgorithm, KeyCustody
from keys.errors import Sm2UnavailableError
from seal import Move, SealApplication
from seal.errors import SealUnknownError
from seal.esl import read_esl
from seal.esl_checks import SignatureState, check_esl
from seal.esl_errors import SealDataMissingError
from seal.kinds import SealKind, SealOwnerKind
from seal.organisations import Organisation
from store.clock import FixedClock
from tests.house import APPLICANT, APPROVER, MARKET, House

COMPANY = Organisation("91370200MA3Q0T1X8T", "青岛示例有限公司", "Example", "370202", kind=SealOwnerKind.COMPANY)


def made(house: House, application: SealApplication) -> str:
    request = house.services.seals.apply(application, officer=APPLICANT, reason="r")
    return house.services.seals.approve(request.id, officer=APPROVER).number


def anchors(house: House) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    authority = house.services.keys.authority
    return [authority.gm_root], [authority.gm_issuing]


def test_they_say_what_the_seal_is_and_check_out(house: House, clock: FixedClock) -> None:
    seal = house.seal()
    found = house.services.seal_data.current(seal.number)
    esl = read_esl(found.data)
    assert (esl.version, esl.id, esl.kind, esl.name) == (4, seal.number, 1, seal.title)
    assert (esl.picture.format, esl.picture.width_mm, esl.picture.height_mm) == ("PNG", 42, 42)
    assert esl.created_at == esl.valid_from == clock.now()
    assert esl.valid_until == seal.valid_until == found.valid_until
    record = house.services.keys.authority.get(found.certificate_id)
    assert esl.certificates == (record.certificate.public_bytes(Encoding.DER),)
    assert house.services.keys.custody.info(found.key_id).algorithm is KeyAlgorithm.SM2
    assert MARKET.name_zh in record.certificate.subject.rfc4514_string()
    roots, others = anchors(house)
    check = check_esl(esl, at=clock.now(), anchors=roots, others=others)
    assert check.signature is SignatureState.VALID
    assert {each.code for each in check.findings} == {"esl.maker_signature_valid", "esl.maker_trusted"}


@pytest.mark.needs("openssl")
def test_openssl_agrees_on_the_makers_signature(house: House, tmp_path: Path) -> None:
    esl = read_esl(house.services.seal_data.current(house.seal().number).data)
    assert openssl_verifies(esl.maker_certificate, esl.signed_part, esl.signature, tmp_path)
    assert not openssl_verifies(esl.maker_certificate, esl.signed_part + b"\x00", esl.signature, tmp_path)


def test_a_new_key_brings_new_data_and_ends_the_old(house: House, clock: FixedClock) -> None:
    seal = house.seal()
    data = house.services.seal_data
    old = data.current(seal.number)
    clock.advance(timedelta(hours=1))
    request = house.services.seals.request(seal.number, Move.ROTATE, officer=APPLICANT, reason="r")
    house.services.seals.approve(request.id, officer=APPROVER)
    new = data.current(seal.number)
    assert new.digest != old.digest
    assert new.key_id != old.key_id
    assert house.services.keys.authority.revocation(old.certificate_id) is None


def test_a_compromise_revokes_the_certificate_of_the_old_data_too(house: House, clock: FixedClock) -> None:
    seal = house.seal()
    old = house.services.seal_data.current(seal.number)
    since = clock.now() - timedelta(days=3)
    request = house.services.seals.request(
        seal.number, Move.ROTATE, officer=APPLICANT, reason="r", compromised_since=since
    )
    house.services.seals.approve(request.id, officer=APPROVER)
    revocation = house.services.keys.authority.revocation(old.certificate_id)
    assert revocation is not None
    assert revocation.reason.value == "keyCompromise"
    assert revocation.invalid_since == house.services.keys.authority.get(old.certificate_id).not_before


def test_a_cancelled_seal_has_none_and_its_certificate_is_revoked(house: House) -> None:
    seal = house.seal()
    old = house.services.seal_data.current(seal.number)
    request = house.services.seals.request(seal.number, Move.CANCEL, officer=APPLICANT, reason="r")
    house.services.seals.approve(request.id, officer=APPROVER)
    with pytest.raises(SealDataMissingError):
        house.services.seal_data.current(seal.number)
    assert house.services.keys.authority.revocation(old.certificate_id) is not None


def test_bodies_have_them_and_people_do_not(house: House) -> None:
    house.services.organisations.enrol(COMPANY)
    name = "欧阳明远"
    legal = made(house, SealApplication(COMPANY.code, name=name, kind=SealKind.LEGAL_REPRESENTATIVE))
    esl = read_esl(house.services.seal_data.current(legal).data)
    assert (esl.kind, esl.name, esl.picture.width_mm) == (2, name, 20)
    company = made(house, SealApplication(COMPANY.code))
    assert read_esl(house.services.seal_data.current(company).data).kind == 1
    person = house.services.people.enrol("王小明", "370202199003078814", region_code="370202")
    signature = made(house, SealApplication(person.reference))
    with pytest.raises(SealDataMissingError):
        house.services.seal_data.current(signature)
    with pytest.raises(SealUnknownError):
        house.services.seal_data.current("3702000000000")


def test_they_rest_encrypted(house: House) -> None:
    found = house.services.seal_data.current(house.seal().number)
    with house.services.database.transaction() as session:
        stored = bytes(session.execute(sa.text("SELECT data_encrypted FROM seal_data")).scalar_one())
    esl = read_esl(found.data)
    for part in (esl.picture.data[:64], esl.name.encode(), esl.maker_certificate[:64]):
        assert part in found.data
        assert part not in stored


def test_without_sm2_a_seal_is_made_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    custody = type(house.services.keys.custody)
    generate = custody.generate

    def refuse(self: KeyCustody, *args: object, **more: object) -> object:
        if more["algorithm"] is KeyAlgorithm.SM2:
            raise Sm2UnavailableError
        return generate(self, *args, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(custody, "generate", refuse)
    with caplog.at_level(logging.WARNING):
        seal = house.seal()
    assert seal.number in caplog.text
    with pytest.raises(SealDataMissingError):
        house.services.seal_data.current(seal.number)
    monkeypatch.undo()
    request = house.services.seals.request(seal.number, Move.ROTATE, officer=APPLICANT, reason="r")
    house.services.seals.approve(request.id, officer=APPROVER)
    assert house.services.seal_data.current(seal.number).seal_number == seal.number
