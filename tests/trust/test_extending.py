"""Extending the proof: the licence stays the same, old files stay good, two runs do the work once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import IO, Any

import pytest

from seal import InternalTimeStamps, SealPress
from seal.errors import TimeStampError
from store.clock import FixedClock
from tests.house import House
from trust import Act, Licence

ALL = timedelta(days=365 * 50)


def extensions(house: House, licence: Licence) -> int:
    return [each.act for each in house.services.register.history(licence.identifier)].count(Act.EXTEND)


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


def test_a_run_that_is_told_to_stop_leaves_the_rest(house: House) -> None:
    house.issue()
    stop = Event()
    stop.set()
    assert house.services.extending.run(actor="tests", margin=ALL, without_gain=True, stop=stop).extended == 0


def test_a_run_can_be_for_one_type(house: House) -> None:
    house.issue()
    house.issue("physician_practice_certificate")
    report = house.services.extending.run(actor="tests", margin=ALL, type_slug="business_licence", without_gain=True)
    assert report.extended == 1


def test_a_file_that_was_extended_meanwhile_is_left_alone(house: House) -> None:
    licence = house.issue()
    register = house.services.register
    assert register.replace_pdf(licence, digest="a" * 64, proof_until=None, actor="first")
    assert not register.replace_pdf(licence, digest="b" * 64, proof_until=None, actor="second")


def test_an_extended_licence_still_passes(house: House) -> None:
    licence = house.issue()
    house.services.extending.run(actor="tests", margin=ALL, without_gain=True)
    verdict = house.services.checker.check_pdf(house.pdf(house.services.register.get(licence.identifier)))
    assert verdict.passed, verdict.reasons


def test_a_file_does_not_grow_for_a_proof_that_would_last_no_longer(house: House) -> None:
    licence = house.issue()
    for _ in range(2):
        report = house.services.extending.run(actor="tests", margin=ALL)
        assert (report.extended, report.waiting) == (0, 1)
    assert house.services.register.get(licence.identifier).pdf_digest == licence.pdf_digest


@pytest.mark.parametrize("how", ["altered", "lost"])
def test_a_file_that_is_not_what_it_was_is_left_alone_and_reported(house: House, tmp_path: Path, how: str) -> None:
    broken, sound = house.issue(), house.issue("physician_practice_certificate")
    (path,) = (tmp_path / "objects").rglob(broken.pdf_digest)
    before = path.read_bytes()
    path.unlink()
    if how == "altered":
        path.write_bytes(before.replace(b"/Type", b"/Typo", 1))
    report = house.services.extending.run(actor="tests", margin=ALL, without_gain=True)
    assert report.extended == 1
    assert [each.identifier for each in report.broken] == [broken.identifier]
    assert (extensions(house, broken), extensions(house, sound)) == (0, 1)
    assert house.services.register.get(broken.identifier).pdf_digest == broken.pdf_digest


def test_a_run_that_is_killed_anywhere_leaves_nothing_half_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    licence, register = house.issue(), house.services.register
    for place in ((house.services.objects, "put"), (register, "replace_pdf")):
        with monkeypatch.context() as patched:

            def killed(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            patched.setattr(*place, killed)
            with pytest.raises(KeyboardInterrupt):
                house.services.extending.run(actor="tests", margin=ALL, without_gain=True)
        assert register.get(licence.identifier).pdf_digest == licence.pdf_digest
        assert house.services.checker.check_pdf(house.pdf(licence)).passed
    assert house.services.extending.run(actor="tests", margin=ALL, without_gain=True).extended == 1
    assert extensions(house, licence) == 1


def test_of_two_runs_at_once_one_extends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    licence, both, extend = house.issue(), Barrier(2), SealPress.extend

    def together(press: SealPress, document: IO[bytes], **words: Any) -> None:
        both.wait(timeout=20)
        extend(press, document, **words)

    monkeypatch.setattr(SealPress, "extend", together)
    run = house.services.extending.run
    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda name: run(actor=name, margin=ALL, without_gain=True), ("one", "two")))
    assert sorted((each.extended, each.overtaken) for each in reports) == [(0, 1), (1, 0)]
    assert extensions(house, licence) == 1
    assert house.services.checker.check_pdf(house.pdf(house.services.register.get(licence.identifier))).passed


def test_a_run_stops_where_no_time_stamp_can_be_had(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    licence = house.issue()

    def none(*_: object) -> bytes:
        raise TimeStampError(problem="down")

    monkeypatch.setattr(InternalTimeStamps, "stamp", none)
    with pytest.raises(TimeStampError):
        house.services.extending.run(actor="tests", margin=ALL, without_gain=True)
    assert extensions(house, licence) == 0


def test_the_end_of_a_proof_is_read_from_the_time_stamp_of_an_authority_outside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InternalTimeStamps, "certificates", ())
    licence = house.issue()
    assert licence.proof_until == house.services.keys.timestamps.certificate.not_valid_after_utc
    assert house.services.extending.run(actor="tests", margin=ALL).waiting == 1
    assert house.services.extending.run(actor="tests", margin=ALL, without_gain=True).extended == 1
