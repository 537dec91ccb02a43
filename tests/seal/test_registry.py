"""A seal's life: who may do what to it, and that two people stand behind what matters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from seal import Move, SealApplication, SealState
from seal.errors import (
    ArtworkError,
    OrganisationCodeInvalidError,
    OrganisationUnknownError,
    SealFieldError,
    SealMoveRefusedError,
    SealRequestUnknownError,
    SealSecondOfficerError,
    SealUnknownError,
)
from seal.organisations import Organisation
from store.errors import YinzhengError
from tests.house import APPLICANT, APPROVER, MARKET, House


def test_a_seal_is_made_when_a_second_officer_approves(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    request = house.services.seals.apply(
        SealApplication(MARKET.code, ["business_licence"]), officer=APPLICANT, reason="启用电子印章"
    )
    assert house.services.seals.get(request.seal_number).state is SealState.APPLIED
    seal = house.services.seals.approve(request.id, officer=APPROVER)
    assert seal.state is SealState.ACTIVE
    assert seal.number.startswith("370200")
    assert len(seal.number) == 13
    certificate = house.services.keys.authority.get(seal.certificate_id or 0).certificate
    assert MARKET.name_zh in certificate.subject.rfc4514_string()
    history = house.services.seals.history(seal.number)
    assert [event.move for event in history] == [Move.APPLY, Move.REVIEW, Move.MAKE, Move.REGISTER, Move.ACTIVATE]
    assert {event.reason for event in history} == {"启用电子印章"}
    made = history[2]
    assert (made.officer, made.second_officer) == (APPLICANT, APPROVER)


def test_who_applies_cannot_approve(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    request = house.services.seals.apply(SealApplication(MARKET.code, ["x"]), officer=APPLICANT, reason="r")
    with pytest.raises(SealSecondOfficerError):
        house.services.seals.approve(request.id, officer=f" {APPLICANT} ")
    assert house.services.seals.get(request.seal_number).state is SealState.APPLIED


def test_a_request_is_decided_once(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    request = house.services.seals.apply(SealApplication(MARKET.code, ["x"]), officer=APPLICANT, reason="r")
    assert house.services.seals.reject(request.id, officer=APPROVER, reason="印章种类不符").state is SealState.REJECTED
    with pytest.raises(SealRequestUnknownError):
        house.services.seals.approve(request.id, officer=APPROVER)


def test_freezing_takes_one_officer_and_thawing_two(house: House) -> None:
    seal = house.seal()
    assert house.services.seals.freeze(seal.number, officer=APPLICANT, reason="疑似冒用").state is SealState.FROZEN
    request = house.services.seals.request(seal.number, Move.THAW, officer=APPLICANT, reason="查明无误")
    assert house.services.seals.get(seal.number).state is SealState.FROZEN
    assert [each.id for each in house.services.seals.waiting()] == [request.id]
    assert house.services.seals.approve(request.id, officer=APPROVER).state is SealState.ACTIVE


def test_a_wrong_move_is_refused_and_says_which_are_possible(house: House) -> None:
    seal = house.seal()
    with pytest.raises(SealMoveRefusedError) as refused:
        house.services.seals.request(seal.number, Move.THAW, officer=APPLICANT, reason="r")
    assert "freeze, rotate, change, cancel, expire" in refused.value.message_en
    assert "冻结、更换密钥、变更、注销、到期" in refused.value.message_zh
    request = house.services.seals.request(seal.number, Move.CANCEL, officer=APPLICANT, reason="机构撤销")
    house.services.seals.approve(request.id, officer=APPROVER)
    with pytest.raises(SealMoveRefusedError):
        house.services.seals.freeze(seal.number, officer=APPLICANT, reason="r")


def test_a_request_that_was_overtaken_is_refused(house: House) -> None:
    seal = house.seal()
    cancel = house.services.seals.request(seal.number, Move.CANCEL, officer=APPLICANT, reason="r")
    house.services.seals.freeze(seal.number, officer=APPROVER, reason="r")
    thaw = house.services.seals.request(seal.number, Move.THAW, officer=APPLICANT, reason="r")
    house.services.seals.approve(cancel.id, officer=APPROVER)
    with pytest.raises(SealMoveRefusedError):
        house.services.seals.approve(thaw.id, officer=APPROVER)
    assert house.services.seals.get(seal.number).state is SealState.CANCELLED


def test_of_two_officers_at_once_one_acts(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    request = house.services.seals.apply(SealApplication(MARKET.code, ["x"]), officer=APPLICANT, reason="r")

    def approve(number: int) -> str:
        try:
            return house.services.seals.approve(request.id, officer=f"officer:{number}").state.value
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(approve, range(8)))
    assert results == ["active"] + ["seal.request_unknown"] * 7
    assert len(house.services.seals.history(request.seal_number)) == 5


@pytest.mark.parametrize(("officer", "reason"), [("", "r"), ("o", " "), ("o", "r" * 501), ("o\x00", "r")])
def test_officer_and_reason_have_to_be_told(house: House, officer: str, reason: str) -> None:
    seal = house.seal()
    with pytest.raises(SealFieldError):
        house.services.seals.freeze(seal.number, officer=officer, reason=reason)


def test_an_application_that_cannot_be_met_leaves_nothing(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    apply = house.services.seals.apply
    with pytest.raises(OrganisationUnknownError):
        apply(SealApplication("11370200990100288Y", ["x"]), officer=APPLICANT, reason="r")
    with pytest.raises(SealFieldError):
        apply(SealApplication(MARKET.code, []), officer=APPLICANT, reason="r")
    with pytest.raises(ArtworkError):
        apply(SealApplication(MARKET.code, ["x"], "\U0010ffff专用章"), officer=APPLICANT, reason="r")
    with pytest.raises(ArtworkError):
        apply(SealApplication(MARKET.code, ["x"], None, 400.0), officer=APPLICANT, reason="r")
    assert house.services.seals.all() == []
    assert house.services.seals.waiting() == []


def test_unknown_seals_and_wrong_codes_are_named(house: House) -> None:
    with pytest.raises(SealUnknownError):
        house.services.seals.get("0000000000000")
    with pytest.raises(OrganisationCodeInvalidError):
        house.services.organisations.enrol(Organisation("113702009901001140", "名", "Name", "370200"))


def test_the_history_of_a_seal_cannot_be_rewritten(house: House) -> None:
    house.seal()
    for statement in ("UPDATE seal_event SET reason = 'x'", "DELETE FROM seal_event", "TRUNCATE seal_event"):
        with pytest.raises(IntegrityError, match="append-only"), house.services.database.transaction() as session:
            session.execute(sa.text(statement))


def test_the_database_itself_wants_two_officers(house: House) -> None:
    seal = house.seal()
    house.services.seals.request(seal.number, Move.CANCEL, officer=APPLICANT, reason="r")
    with pytest.raises(IntegrityError, match="two_officers"), house.services.database.transaction() as session:
        session.execute(
            sa.text(
                "UPDATE seal_request SET decided_by = requested_by, decided_at = requested_at, approved = true"
                " WHERE decided_by IS NULL"
            )
        )
