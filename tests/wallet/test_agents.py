"""Who acts for a body or a child: decided by the register with each use, within limits, ended at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from stdnum.cn import ric

from store.clock import FixedClock
from tests.house import LAW, House
from trust import Act, ChangeOrder, Decision, HolderIndex, Licence
from trust.errors import CitizenIdInvalidError
from wallet import ActingPerson, Agents, Appointment, Capacity, WalletAct
from wallet.agent_errors import (
    AgentUnknownError,
    AppointmentInvalidError,
    BeyondAppointmentError,
    NamedPersonMismatchError,
    NamesNobodyError,
    NoRepresentativeError,
    NotActingError,
)
from wallet.agents import APPOINTABLE, MOST_AGENTS, of_age_on

MENG, FU, JI, SHU = "370214199412034682", "37020219920709113X", "370202199308123356", "37020219880817362X"
Person = Callable[..., ActingPerson]


@pytest.fixture
def person(house: House) -> Person:
    def made(name: str, number: str, *bodies: HolderIndex) -> ActingPerson:
        index = HolderIndex.of(house.services.keys.vault, "citizen_id", number)
        return ActingPerson(index, name, frozenset(bodies))

    return made


@pytest.fixture
def agents(house: House) -> Agents:
    return house.services.agents


@pytest.fixture
def shop(house: House) -> Licence:
    return house.issue()


@pytest.fixture
def terms(clock: FixedClock) -> Appointment:
    return Appointment("纪海岳", JI, APPOINTABLE, clock.now() + timedelta(days=30), "办理年报")


class TestTheLegalRepresentative:
    def test_a_name_alone_opens_nothing(self, agents: Agents, shop: Licence, person: Person) -> None:
        """There are many people of one name."""
        with pytest.raises(NotActingError):
            agents.acting(person("孟昭岚", MENG), shop.holder_index)
        assert agents.mandates(person("孟昭岚", MENG)) == []

    def test_the_issuers_word_or_the_providers_makes_the_name_a_person(
        self, agents: Agents, shop: Licence, person: Person
    ) -> None:
        claimed = agents.acting(person("孟昭岚", MENG, shop.holder_index), shop.holder_index)
        agents.confirm(shop, MENG, actor="tests")
        (confirmed,) = agents.mandates(person("孟昭岚", MENG))
        for acting in (claimed, confirmed):
            assert acting.capacity is Capacity.REPRESENTATIVE
            assert acting.name == shop.holder.name
            assert all(acting.permits(act) for act in WalletAct)

    def test_neither_is_enough_without_the_name(self, agents: Agents, shop: Licence, person: Person) -> None:
        agents.confirm(shop, FU, actor="tests")
        for who in (person("傅𬭎", FU, shop.holder_index), person("孟昭岚", MENG), person("孟昭岚", SHU)):
            with pytest.raises(NotActingError):
                agents.acting(who, shop.holder_index)

    def test_the_last_word_counts(self, agents: Agents, shop: Licence, person: Person) -> None:
        agents.confirm(shop, SHU, actor="tests")
        agents.confirm(shop, MENG, actor="tests")
        assert agents.mandates(person("孟昭岚", SHU)) == []
        assert len(agents.mandates(person("孟昭岚", MENG))) == 1

    def test_a_licence_that_does_not_hold_makes_nobody_a_representative(
        self, house: House, agents: Agents, shop: Licence, person: Person
    ) -> None:
        agents.confirm(shop, MENG, actor="tests")
        who = person("孟昭岚", MENG, shop.holder_index)
        assert agents.acting(who, shop.holder_index)
        house.services.register.suspend(shop.identifier, Decision("tests", "核查"))
        assert agents.mandates(who) == []

    def test_after_a_change_the_new_one_acts_and_the_old_one_does_not(
        self, house: House, agents: Agents, shop: Licence, person: Person
    ) -> None:
        agents.confirm(shop, MENG, actor="tests")
        changed = change_representative(house, shop, "傅静姝")
        assert agents.mandates(person("孟昭岚", MENG)) == []
        with pytest.raises(NotActingError):
            agents.acting(person("傅静姝", SHU), changed.holder_index)
        agents.confirm(changed, SHU, actor="tests")
        assert agents.acting(person("傅静姝", SHU), changed.holder_index).capacity is Capacity.REPRESENTATIVE

    def test_a_social_organisation_has_one_too(self, house: House, agents: Agents, person: Person) -> None:
        association = house.issue("social_organisation_certificate")
        agents.confirm(association, SHU, actor="tests")
        assert len(agents.mandates(person("纪念慈", SHU))) == 1

    def test_a_permit_makes_nobody_one(self, house: House, agents: Agents, person: Person) -> None:
        permit = house.issue("food_operation_permit")
        with pytest.raises(NamesNobodyError):
            agents.confirm(permit, MENG, actor="tests")
        with pytest.raises(NotActingError):
            agents.acting(person("孟昭岚", MENG, permit.holder_index), permit.holder_index)


def change_representative(house: House, licence: Licence, name: str) -> Licence:
    fields = {**licence.fields, "legal_representative": name}
    order = ChangeOrder(licence.identifier, Act.CHANGE, fields, Decision("tests", "变更法定代表人", LAW))
    return house.services.changing.change(order).licence


class TestAgents:
    def test_an_agent_acts_within_limits(
        self, agents: Agents, shop: Licence, person: Person, terms: Appointment
    ) -> None:
        limited = replace(
            terms,
            acts=frozenset({WalletAct.VIEW, WalletAct.CONSENT}),
            licence_types=frozenset({"business_licence"}),
            service_items=frozenset({"370200-0131-001"}),
        )
        made = agents.appoint(shop.holder_index, limited, actor="tests")
        (acting,) = agents.mandates(person("纪海岳", JI))
        assert (acting.capacity, acting.by) == (Capacity.AGENT, f"agent:{made.number}")
        acting.require(WalletAct.VIEW, licence_type="business_licence")
        acting.require(WalletAct.CONSENT, licence_type="business_licence", service_item="370200-0131-001")
        for act, kind, item in (
            (WalletAct.VIEW, "food_operation_permit", None),
            (WalletAct.PRESENT, "business_licence", None),
            (WalletAct.CONSENT, "business_licence", "370200-0723-004"),
            (WalletAct.MANAGE, None, None),
            (WalletAct.APPOINT, None, None),
        ):
            with pytest.raises(BeyondAppointmentError):
                acting.require(act, licence_type=kind, service_item=item)

    def test_it_has_to_be_the_person_by_number_and_name(
        self, agents: Agents, shop: Licence, person: Person, terms: Appointment
    ) -> None:
        agents.appoint(shop.holder_index, terms, actor="tests")
        for who in (person("纪海岳", FU), person("傅𬭎", JI)):
            with pytest.raises(NotActingError):
                agents.acting(who, shop.holder_index)

    def test_an_agent_is_dismissed_at_once_and_on_record(
        self, house: House, agents: Agents, shop: Licence, person: Person, terms: Appointment
    ) -> None:
        made = agents.appoint(shop.holder_index, terms, actor="tests")
        agents.acting(person("纪海岳", JI), shop.holder_index)
        other = house.issue("social_organisation_certificate").holder_index
        with pytest.raises(AgentUnknownError):
            agents.dismiss(other, made.number, actor="tests")
        assert agents.dismiss(shop.holder_index, made.number, actor="tests").dismissed_at is not None
        with pytest.raises(NotActingError):
            agents.acting(person("纪海岳", JI), shop.holder_index)
        with pytest.raises(AgentUnknownError):
            agents.dismiss(shop.holder_index, made.number, actor="tests")
        entries = house.services.ledger.entries_about(f"agent:{made.number}")
        assert [b'"agent.appoint"' in entries[0].data, b'"agent.dismiss"' in entries[1].data] == [True, True]

    def test_an_appointment_is_over_in_time_and_with_the_representative(
        self, house: House, agents: Agents, shop: Licence, person: Person, terms: Appointment, clock: FixedClock
    ) -> None:
        who = person("纪海岳", JI)
        agents.appoint(shop.holder_index, terms, actor="tests")
        clock.advance(timedelta(days=30))
        with pytest.raises(NotActingError):
            agents.acting(who, shop.holder_index)
        agents.appoint(shop.holder_index, replace(terms, until=clock.now() + timedelta(days=1)), actor="tests")
        assert len(agents.in_office(shop.holder_index)) == 1
        change_representative(house, shop, "傅静姝")
        with pytest.raises(NotActingError):
            agents.acting(who, shop.holder_index)
        assert agents.in_office(shop.holder_index) == []

    def test_what_is_not_right_appoints_nobody(
        self, house: House, agents: Agents, shop: Licence, terms: Appointment, clock: FixedClock
    ) -> None:
        for wrong in (
            {"name": " "},
            {"name": "a\nb"},
            {"purpose": ""},
            {"purpose": "长" * 101},
            {"acts": frozenset()},
            {"acts": frozenset({WalletAct.APPOINT})},
            {"licence_types": frozenset()},
            {"service_items": frozenset(str(each) for each in range(51))},
            {"until": clock.now()},
            {"until": clock.now() + timedelta(days=367)},
        ):
            with pytest.raises(AppointmentInvalidError):
                agents.appoint(shop.holder_index, replace(terms, **wrong), actor="tests")
        with pytest.raises(CitizenIdInvalidError):
            agents.appoint(shop.holder_index, replace(terms, citizen_id=JI[:-1] + "0"), actor="tests")
        physician = house.issue("physician_practice_certificate")
        with pytest.raises(NoRepresentativeError):
            agents.appoint(physician.holder_index, terms, actor="tests")
        assert agents.agents(shop.holder_index) == []

    def test_there_are_only_so_many(
        self, agents: Agents, shop: Licence, terms: Appointment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert MOST_AGENTS == 50
        monkeypatch.setattr("wallet.agents.MOST_AGENTS", 1)
        made = agents.appoint(shop.holder_index, terms, actor="tests")
        with pytest.raises(AppointmentInvalidError):
            agents.appoint(shop.holder_index, terms, actor="tests")
        agents.dismiss(shop.holder_index, made.number, actor="tests")
        agents.appoint(shop.holder_index, terms, actor="tests")

    def test_what_others_do_is_on_record_with_their_names_which_rest_encrypted(
        self, house: House, agents: Agents, shop: Licence, person: Person, terms: Appointment
    ) -> None:
        made = agents.appoint(shop.holder_index, terms, actor="tests")
        acting = agents.acting(person("纪海岳", JI), shop.holder_index)
        agents.note(acting, WalletAct.VIEW, shop.identifier)
        agents.note(agents.acting(person("纪海岳", JI), person("纪海岳", JI).index), WalletAct.VIEW)
        (entry,) = agents.record(shop.holder_index)
        assert (entry.by, entry.name, entry.subject) == (f"agent:{made.number}", "纪海岳", shop.identifier)
        with house.services.database.transaction() as session:
            rows = repr(session.execute(sa.text("SELECT * FROM wallet_agent, acting_record")).all())
            assert "纪海岳" not in rows
            assert JI not in rows
        for change in ("DELETE FROM acting_record", "UPDATE named_person SET confirmed_by = 'x'"):
            with pytest.raises(sa.exc.DBAPIError), house.services.database.transaction() as session:
                session.execute(sa.text(change))


class TestParents:
    @pytest.fixture
    def birth(self, house: House) -> Licence:
        return house.issue("birth_medical_certificate")

    @pytest.fixture
    def number(self) -> str:
        return numbered("37020320261102101")

    def test_both_parents_act_for_a_child_whom_the_issuer_has_named(
        self, agents: Agents, birth: Licence, number: str, person: Person
    ) -> None:
        father, mother = person("傅𬭎", FU), person("阿依古丽·买买提依明", "370203199402152643")
        child = person("傅云帆", number).index
        assert agents.mandates(father) == []
        agents.confirm(birth, number, actor="tests")
        for parent in (father, mother):
            (acting,) = agents.mandates(parent)
            assert (acting.capacity, acting.holder, acting.name) == (Capacity.PARENT, child, "傅云帆")
            assert acting.ends_on == date(2044, 11, 2)
            assert acting.permits(WalletAct.MANAGE)
            assert not acting.permits(WalletAct.APPOINT)
        for stranger in (person("孟昭岚", MENG), person("傅云帆", MENG)):
            with pytest.raises(NotActingError):
                agents.acting(stranger, child)

    def test_another_child_cannot_be_put_in_its_place(self, agents: Agents, birth: Licence) -> None:
        for wrong in (numbered("37020320261103101"), numbered("37020320261102102"), numbered("37020319261102101")):
            with pytest.raises(NamedPersonMismatchError):
                agents.confirm(birth, wrong, actor="tests")

    def test_it_ends_on_the_eighteenth_birthday(
        self, house: House, agents: Agents, person: Person, clock: FixedClock
    ) -> None:
        number = numbered("37020320081124101")
        birth = house.issue("birth_medical_certificate", birth_date="2008-11-24")
        agents.confirm(birth, number, actor="tests")
        father, child = person("傅𬭎", FU), person("傅云帆", number).index
        assert agents.acting(father, child).ends_on == date(2026, 11, 24)
        clock.advance(timedelta(hours=11, minutes=59))
        assert agents.acting(father, child)
        clock.advance(timedelta(minutes=1))  # midnight in China, on 24 November
        with pytest.raises(NotActingError):
            agents.acting(father, child)
        assert agents.mandates(father) == []

    def test_a_certificate_that_does_not_hold_makes_no_parent(
        self, house: House, agents: Agents, birth: Licence, number: str, person: Person
    ) -> None:
        agents.confirm(birth, number, actor="tests")
        house.services.register.suspend(birth.identifier, Decision("tests", "核查"))
        assert agents.mandates(person("傅𬭎", FU)) == []

    def test_leap_days(self) -> None:
        assert of_age_on(date(2008, 2, 29)) == date(2026, 2, 28)
        assert of_age_on(date(2008, 3, 1)) == date(2026, 3, 1)


def numbered(start: str) -> str:
    """A citizen identity number with its check character."""
    return start + str(ric.calc_check_digit(start + "0"))
