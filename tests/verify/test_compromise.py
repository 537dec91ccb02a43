"""A seal's key fell into other hands: what was sealed before stays good, what was sealed afterwards does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stdnum.cn import uscc

from keys import CertificateRecord, RevocationReason
from keys.errors import KeyDamagedError
from seal import Move, Placement, Seal, SealingOrder, SealLevel
from store.clock import FixedClock
from tests.house import APPLICANT, APPROVER, House
from tests.pdfs import blank_pdf
from verify import Indication, Verdict

HOUR = timedelta(hours=1)


def issued(house: House, serial: int) -> bytes:
    """The file of a licence of its own."""
    code = f"91370202MA3QYH7{serial}"
    return house.pdf(house.issue(unified_social_credit_code=f"{code}{uscc.calc_check_digit(code)}"))


def rotate(house: House, seal: Seal, **terms: object) -> None:
    request = house.services.seals.request(
        seal.number,
        Move.ROTATE,
        officer=APPLICANT,
        reason="更换密钥",
        **terms,  # type: ignore[arg-type]
    )
    house.services.seals.approve(request.id, officer=APPROVER)


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def checked(house: House, data: bytes) -> Verdict:
    return house.services.checker.check_pdf(data)


@pytest.mark.parametrize("lists_only", [False, True])
def test_only_what_was_sealed_after_the_key_leaked_fails(house: House, clock: FixedClock, lists_only: bool) -> None:
    seal = house.seal()
    before = issued(house, 10)
    clock.advance(2 * HOUR)
    leaked = clock.now() - HOUR
    stolen = issued(house, 11)
    assert checked(house, stolen).passed
    clock.advance(HOUR)
    if lists_only:  # an administrator of certificates acts alone, and the seal goes on with its certificate
        with house.services.database.transaction() as session:
            house.services.keys.authority.revoke(
                session,
                seal.certificate_id or 0,
                RevocationReason.KEY_COMPROMISE,
                actor="cli:admin",
                invalid_since=leaked,
            )
    else:
        rotate(house, seal, compromised_since=leaked)
        assert checked(house, issued(house, 12)).passed
    assert checked(house, before).passed
    refused = checked(house, stolen)
    assert refused.indication is Indication.TOTAL_FAILED
    (found,) = [use for use in refused.signatures[0].revocation if use.status == "revoked"]
    assert (found.reason, found.invalid_since) == ("keyCompromise", leaked)
    assert found.source == "crl"
    assert not found.in_file
    assert "certificate.revoked" in codes(refused)


def test_old_licences_outlive_the_rotation_of_a_key(house: House, clock: FixedClock) -> None:
    seal = house.seal()
    old = issued(house, 20)
    clock.advance(HOUR)
    rotate(house, seal)
    new = issued(house, 21)
    clock.advance(HOUR)
    first, second = checked(house, old), checked(house, new)
    assert first.passed
    assert second.passed
    assert first.signatures[0].signer_serial != second.signatures[0].signer_serial


def test_a_seal_that_was_cancelled_leaves_its_licences_good(house: House, clock: FixedClock) -> None:
    seal = house.seal()
    old = issued(house, 30)
    clock.advance(HOUR)
    request = house.services.seals.request(seal.number, Move.CANCEL, officer=APPLICANT, reason="机构撤并")
    house.services.seals.approve(request.id, officer=APPROVER)
    clock.advance(HOUR)
    verdict = checked(house, old)
    assert verdict.passed
    assert "certificate.revoked_later" in codes(verdict)


def test_while_its_lists_cannot_be_had_only_files_that_bring_their_proof_pass(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = house.services
    seal = house.seal()
    whole = issued(house, 40)
    order = SealingOrder(seal.number, "tests", "business_licence", "T-1", Placement(1, 100, 100), "测试", SealLevel.B_T)
    bare = services.sealer.seal_pdf(blank_pdf(), order).data
    assert services.checker.check_foreign_pdf(bare).passed

    def broken(record: CertificateRecord) -> None:
        raise KeyDamagedError(key_id=record.key_id)

    monkeypatch.setattr(services.keys.revocation_lists, "current", broken)
    assert checked(house, whole).passed
    refused = services.checker.check_foreign_pdf(bare)
    assert refused.indication is Indication.INDETERMINATE
    assert "certificate.revocation_unknown" in codes(refused)
