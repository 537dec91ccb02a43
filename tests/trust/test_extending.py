"""Extending the proof: the licence stays the same, old files stay good, two runs do the work once."""

from __future__ import annotations

from datetime import timedelta

from store.clock import FixedClock
from tests.house import House
from trust import Act


def test_a_proof_that_ends_is_extended_and_old_files_stay_good(house: House, clock: FixedClock) -> None:
    licence = house.issue()
    old = house.pdf(licence)
    assert licence.proof_until is not None
    assert house.services.extending.run(actor="tests").extended == 0
    clock.advance(licence.proof_until - clock.now() - timedelta(days=100))
    house.services.keys.timestamps.ensure()
    report = house.services.extending.run(actor="tests", margin=timedelta(days=120))
    assert report.extended == 1
    extended = house.services.register.get(licence.identifier)
    new = house.pdf(extended)
    assert new.startswith(old)
    assert extended.fields == licence.fields
    assert house.services.register.history(licence.identifier)[-1].act is Act.EXTEND
    for file in (old, new):
        assert house.services.register.has_pdf(extended, house.services.checker.check_pdf(file).document_digest or "")


def test_a_run_can_be_for_one_type(house: House) -> None:
    house.issue()
    house.issue("physician_practice_certificate")
    margin = timedelta(days=365 * 50)
    report = house.services.extending.run(actor="tests", margin=margin, type_slug="business_licence")
    assert report.extended == 1


def test_a_file_that_was_extended_meanwhile_is_left_alone(house: House) -> None:
    licence = house.issue()
    register = house.services.register
    assert register.replace_pdf(licence, digest="a" * 64, proof_until=None, actor="first")
    assert not register.replace_pdf(licence, digest="b" * 64, proof_until=None, actor="second")


def test_an_extended_licence_still_passes(house: House) -> None:
    licence = house.issue()
    house.services.extending.run(actor="tests", margin=timedelta(days=365 * 50))
    verdict = house.services.checker.check_pdf(house.pdf(house.services.register.get(licence.identifier)))
    assert verdict.passed, verdict.reasons
