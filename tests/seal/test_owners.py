"""Who owns seals: bodies in a tree, and people of whom nothing shows; and which seals each of them can have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from stdnum.cn import uscc

from seal import Organisation, SealApplication, SealKind, SealOwnerKind, SealState, StrokePoint
from seal.errors import (
    ArtworkError,
    OrganisationTreeError,
    OrganisationUnknownError,
    PersonInvalidError,
    PersonUnknownError,
    RegionCodeError,
    SealFieldError,
)
from seal.organisations import Organisations
from seal.regions import Level, lies_within
from store.errors import YinzhengError
from tests.house import APPLICANT, APPROVER, HEALTH, MARKET, House

CITIZEN = "11010519491231002X"


def body(number: int, region: str, parent: str | None = None, *, company: bool = False) -> Organisation:
    base = f"91370200990{number:06d}" if company else f"11370200990{number:06d}"
    kind = SealOwnerKind.COMPANY if company else SealOwnerKind.DEPARTMENT
    return Organisation(base + uscc.calc_check_digit(base), f"机构{number}", f"Body {number}", region, parent, kind)


@pytest.fixture
def bodies(house: House) -> Organisations:
    return house.services.organisations


def test_the_tree_goes_from_the_city_down_to_the_community(bodies: Organisations) -> None:
    city = bodies.enrol(body(1, "370200"))
    county = bodies.enrol(body(2, "370203", city.code))
    town = bodies.enrol(body(3, "370203001", county.code))
    community = bodies.enrol(body(4, "370203001002", town.code))
    assert [each.level for each in bodies.line(community.code)] == [
        *(Level.COMMUNITY, Level.TOWN, Level.COUNTY, Level.CITY),
    ]
    assert bodies.below(city.code) == [county]
    assert bodies.line(city.code) == [city]


def test_nobody_stands_below_themselves_outside_of_their_region_or_under_a_company(bodies: Organisations) -> None:
    city = bodies.enrol(body(1, "370200"))
    county = bodies.enrol(body(2, "370203", city.code))
    company = bodies.enrol(body(3, "370203", county.code, company=True))
    for wrong in (
        body(1, "370200", city.code),
        body(1, "370200", county.code),
        body(4, "370100", city.code),
        body(4, "370202", county.code),
        body(4, "370203", company.code),
        body(1, "370202"),
        Organisation(city.code, "x", "x", "370200", None, SealOwnerKind.COMPANY),
        Organisation(city.code, "x", "x", "370200", None, SealOwnerKind.PERSON),
    ):
        with pytest.raises(OrganisationTreeError):
            bodies.enrol(wrong)
    with pytest.raises(OrganisationUnknownError):
        bodies.enrol(body(4, "370203", "11370200MB28442160"))
    for region in ("", "37020", "3702000", "990200", "37020a", "３７０２００", "370200\n"):
        with pytest.raises(RegionCodeError):
            bodies.enrol(body(5, region))
    assert {each.code for each in bodies.all()} == {city.code, county.code, company.code}


def test_two_at_once_cannot_make_a_circle(bodies: Organisations) -> None:
    one, other = bodies.enrol(body(1, "370200")), bodies.enrol(body(2, "370200"))

    def under(pair: tuple[Organisation, Organisation]) -> bool:
        try:
            bodies.enrol(Organisation(pair[0].code, "x", "x", "370200", pair[1].code))
        except YinzhengError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(under, [(one, other), (other, one)])) == [False, True]
    assert len(bodies.line(one.code)) + len(bodies.line(other.code)) == 3


def test_regions_lie_within_regions() -> None:
    assert lies_within("370203001002", "370200")
    assert lies_within("370203", "370000")
    assert not lies_within("370203", "370211")
    assert not lies_within("370200", "370203")
    assert not lies_within("370203002", "370203001")


def test_a_person_is_entered_once_and_rests_encrypted(house: House) -> None:
    people = house.services.people
    person = people.enrol("张伟", CITIZEN, region_code="370203")
    assert people.enrol(" 张伟 ", CITIZEN.lower(), region_code="370203") == person
    assert (person.name_masked, person.code_masked) == ("张*", "1101**********002X")
    assert people.find(CITIZEN) == people.get(person.reference) == person
    assert people.all() == [person]
    with house.services.database.transaction() as session:
        row = session.execute(sa.text("SELECT * FROM seal_person")).one()
    assert CITIZEN not in str(row)
    assert "张" not in str(row)
    for name, code in (("", CITIZEN), ("张\0伟", CITIZEN), ("张" * 51, CITIZEN), ("张伟", "110105194912310021")):
        with pytest.raises(PersonInvalidError) as refused:
            people.enrol(name, code, region_code="370203")
        assert code not in str(refused.value)
    with pytest.raises(PersonUnknownError):
        people.get("P0000000000000000")


KINDS = {
    SealOwnerKind.DEPARTMENT: {SealKind.OFFICIAL, SealKind.SPECIAL},
    SealOwnerKind.COMPANY: {
        *(SealKind.COMPANY, SealKind.SPECIAL, SealKind.CONTRACT, SealKind.FINANCE, SealKind.LEGAL_REPRESENTATIVE),
    },
    SealOwnerKind.PERSON: {SealKind.SIGNATURE},
}


def test_each_owner_has_the_kinds_of_seals_that_are_its_own_and_no_others(house: House, bodies: Organisations) -> None:
    owners = {
        SealOwnerKind.DEPARTMENT: bodies.enrol(MARKET).code,
        SealOwnerKind.COMPANY: bodies.enrol(body(1, "370203", company=True)).code,
        SealOwnerKind.PERSON: house.services.people.enrol("张伟", CITIZEN, region_code="370203").reference,
    }
    seals = house.services.seals
    for owner, code in owners.items():
        for kind in SealKind:
            application = SealApplication(
                code,
                ["x"],
                purpose="电子证照专用章" if kind is SealKind.SPECIAL else None,
                kind=kind,
                name="李四" if kind is SealKind.LEGAL_REPRESENTATIVE else None,
            )
            if kind not in KINDS[owner]:
                with pytest.raises((SealFieldError, ArtworkError)):
                    seals.apply(application, officer=APPLICANT, reason="r")
                continue
            request = seals.apply(application, officer=APPLICANT, reason="r")
            seal = seals.approve(request.id, officer=APPROVER)
            assert (seal.kind, seal.owner_kind, seal.state) == (kind, owner, SealState.ACTIVE)
            record = house.services.public_register.find(seal.number)
            assert (record.artwork_digest is None) == kind.rules.personal
            assert (record.certificate_pem is None) == kind.rules.personal
            assert "张伟" not in str(record)
            assert "李四" not in str(record)


def test_a_drawn_signature_is_a_persons(house: House) -> None:
    person = house.services.people.enrol("张伟", CITIZEN, region_code="370203")
    strokes = [[StrokePoint(0, 0), StrokePoint(50, 20, 0.9), StrokePoint(100, 0)]]
    application = SealApplication(person.reference, ["x"], strokes=strokes)
    request = house.services.seals.apply(application, officer=APPLICANT, reason="r")
    seal = house.services.seals.approve(request.id, officer=APPROVER)
    assert house.services.seals.artwork(seal).width_mm > seal.height_mm
    house.services.organisations.enrol(MARKET)
    with pytest.raises(SealFieldError):
        house.services.seals.apply(SealApplication(MARKET.code, ["x"], strokes=strokes), officer=APPLICANT, reason="r")


def test_a_seal_takes_the_place_of_its_own_owners_seals_alone(house: House) -> None:
    number = house.seal().number
    house.services.organisations.enrol(HEALTH)
    with pytest.raises(SealFieldError):
        house.services.seals.apply(
            SealApplication(HEALTH.code, ["x"], supersedes=number), officer=APPLICANT, reason="r"
        )


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE seal SET reviewed_by = upper(applied_by)", "reviewed_by_another"),
        ("UPDATE seal SET reviewed_by = NULL", "reviewed_by_another"),
        ("UPDATE seal SET registered_at = NULL", "registered_before_use"),
        ("UPDATE seal SET certificate_id = NULL", "made_with_certificate"),
        ("UPDATE seal SET person_id = 1", "one_owner"),
        ("UPDATE seal SET state = 'stolen'", "state"),
    ],
)
def test_the_database_itself_holds_a_seal_to_the_rules(house: House, statement: str, rule: str) -> None:
    house.seal()
    with pytest.raises(IntegrityError, match=rule), house.services.database.transaction() as session:
        session.execute(sa.text(statement))
