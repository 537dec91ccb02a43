"""Who acts for a holder: the legal representative of a body, agents (经办人) whom it appoints, parents of a minor.

What decides is the register, asked with each use. A business licence and a registration certificate name the legal
representative, and a medical certificate of birth the newborn, **by name only**, and names are shared by many people.
So the name alone opens nothing: who signs in as the legal representative bears that name, and besides either the
identity provider says that this person represents this body, or the body that issued the licence has confirmed the
person's number for it (:meth:`Agents.confirm`). For a newborn it is the issuer who confirms the child's number; the
parents are holders of the certificate by their own. A confirmation is for one version of a licence and ends with it.

An agent's appointment ends when it is dismissed or over, and also when the body's licence is no longer in force or
names another legal representative: whoever follows appoints anew.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault, Record, RecordLog, canonical_json
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Licence, LicenceState, Register
from trust.codes import CitizenId
from wallet._agent_tables import ActingRow, AgentRow, NamedPersonRow
from wallet.agent_errors import (
    AgentUnknownError,
    AppointmentInvalidError,
    BeyondAppointmentError,
    NamedPersonMismatchError,
    NamesNobodyError,
    NoRepresentativeError,
    NotActingError,
)
from wallet.wallet import Wallets

REPRESENTATIVE_FIELDS: Final = {
    "business_licence": "legal_representative",
    "social_organisation_certificate": "legal_representative",
}
"""The licence types that make a body, and the field of each that names its legal representative."""
BIRTH_CERTIFICATE: Final = "birth_medical_certificate"
OF_AGE: Final = 18
LONGEST: Final = timedelta(days=366)
"""How long an agent may be appointed for."""
MOST_AGENTS: Final = 50
MOST_LISTED: Final = 500
_LONGEST_NAME: Final = 50
LONGEST_REASON: Final = 100
_LONGEST_PURPOSE: Final = 100
_MOST_LIMITS: Final = 50
_POINTS: Final = str.maketrans(dict.fromkeys("•・‧", "·"))


class Capacity(StrEnum):
    """As what somebody acts."""

    HOLDER = "holder"
    REPRESENTATIVE = "representative"
    AGENT = "agent"
    PARENT = "parent"


class WalletAct(StrEnum):
    """What is done with a wallet."""

    VIEW = "view"
    """See licences and who looked at them, and download."""
    PRESENT = "present"
    CONSENT = "consent"
    """Agree to what departments ask, refuse, withdraw."""
    MANAGE = "manage"
    """Open and close the wallet, object, export."""
    APPOINT = "appoint"
    """Appoint and dismiss agents."""


APPOINTABLE: Final = frozenset({WalletAct.VIEW, WalletAct.PRESENT, WalletAct.CONSENT})
"""What an agent may be appointed for."""


@dataclass(frozen=True)
class ActingPerson:
    """A natural person who has proved who it is."""

    index: HolderIndex
    name: str = field(repr=False)
    bodies: frozenset[HolderIndex] = frozenset()
    """The bodies that the identity provider says this person represents."""


@dataclass(frozen=True)
class Appointment:
    """Whom a body appoints, and within which limits."""

    name: str = field(repr=False)
    citizen_id: str = field(repr=False)
    acts: frozenset[WalletAct]
    until: datetime
    purpose: str
    licence_types: frozenset[str] | None = None
    """Slugs; None for all."""
    service_items: frozenset[str] | None = None
    """What consent may be given for; None for all."""


@dataclass(frozen=True)
class Agent:
    """Somebody who was appointed."""

    number: str
    holder: HolderIndex
    person: HolderIndex
    name: str = field(repr=False)
    number_masked: str
    acts: frozenset[WalletAct]
    licence_types: frozenset[str] | None
    service_items: frozenset[str] | None
    purpose: str
    until: datetime
    appointed_at: datetime
    appointed_by: str
    representative: str = field(repr=False)
    """The legal representative when the agent was appointed."""
    dismissed_at: datetime | None
    dismissal_reason: str | None = field(default=None, repr=False)

    def permits(self, act: WalletAct, licence_type: str | None, service_item: str | None) -> bool:
        """Whether something is within the limits; None for a type or item where it is about none."""
        types, items = self.licence_types, self.service_items
        return (
            act in self.acts
            and (licence_type is None or types is None or licence_type in types)
            and (service_item is None or items is None or service_item in items)
        )


@dataclass(frozen=True)
class Acting:
    """Somebody who may act for a holder, at the moment when that was looked up."""

    holder: HolderIndex
    capacity: Capacity
    person: ActingPerson
    name: str = field(repr=False)
    """Of the holder."""
    agent: Agent | None = None
    ends_on: date | None = None
    """The day from which a parent acts no longer."""

    @property
    def by(self) -> str:
        """Who acts, for records: tells nothing without the key of the blind index."""
        if self.capacity is Capacity.HOLDER:
            return Capacity.HOLDER.value
        if self.agent is not None:
            return f"{Capacity.AGENT}:{self.agent.number}"
        return _by(self.capacity, self.person.index)

    def permits(self, act: WalletAct, *, licence_type: str | None = None, service_item: str | None = None) -> bool:
        """Whether something may be done; an agent within limits, others of the holder's wallet altogether."""
        if self.agent is not None:
            return self.agent.permits(act, licence_type, service_item)
        return act is not WalletAct.APPOINT or self.capacity is Capacity.REPRESENTATIVE

    def require(self, act: WalletAct, *, licence_type: str | None = None, service_item: str | None = None) -> None:
        """:raises BeyondAppointmentError: it may not be done."""
        if not self.permits(act, licence_type=licence_type, service_item=service_item):
            raise BeyondAppointmentError


@dataclass(frozen=True)
class ActingEntry:
    """Something that was done for a holder."""

    by: str
    name: str = field(repr=False)
    act: WalletAct
    subject: str | None
    """The licence, consent or agent that it was about."""
    at: datetime


@dataclass(frozen=True)
class Acted:
    """Something that somebody did for another."""

    by: str
    act: WalletAct
    subject: str | None
    at: datetime


class Agents:
    """Says who may act for whom, and keeps what they did."""

    def __init__(
        self, database: Database, vault: FieldVault, register: Register, wallets: Wallets, clock: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._register = register
        self._wallets = wallets
        self._clock = clock
        self._log = RecordLog(vault)

    def confirm(self, licence: Licence, citizen_id: str, *, actor: str) -> None:
        """Take the issuer's word on the number of the person whom a licence names; a later word counts in its place.

        :raises NamesNobodyError: licences of this type name nobody by name only.
        :raises NamedPersonMismatchError: the number is not one of the newborn whom the licence names.
        :raises CitizenIdInvalidError: the number fails its check.
        """
        number = CitizenId.parse(citizen_id, today=self._register.today())
        if licence.type.slug == BIRTH_CERTIFICATE:
            male = int(number.number[16]) % 2 == 1
            said = (licence.fields["birth_date"], licence.fields["sex"])
            if said != (number.birth_date.isoformat(), "男" if male else "女"):
                raise NamedPersonMismatchError
        elif licence.type.slug not in REPRESENTATIVE_FIELDS:
            raise NamesNobodyError
        with self._database.transaction() as session:
            session.add(
                NamedPersonRow(
                    identifier=licence.identifier,
                    person_index=self._index(number).value,
                    confirmed_by=actor,
                    confirmed_at=self._clock.now(),
                )
            )

    @crossing()
    def mandates(self, person: ActingPerson) -> list[Acting]:
        """All for whom somebody may act now, other than for himself."""
        holders = [*person.bodies, *self._confirmed_bodies(person), *self._children(person), *self._appointing(person)]
        found = []
        for holder in dict.fromkeys(each for each in holders if each != person.index):
            try:
                found.append(self.acting(person, holder))
            except NotActingError:
                continue
        return found

    @crossing()
    def acting(self, person: ActingPerson, holder: HolderIndex) -> Acting:
        """As what somebody may act for a holder now. To be asked with each use.

        :raises NotActingError: as nothing.
        """
        if holder == person.index:
            return Acting(holder, Capacity.HOLDER, person, person.name)
        founding = self._founding(holder)
        if founding is None:
            return self._as_parent(person, holder)
        body = founding.holder.name
        known = holder in person.bodies or self._named(founding.identifier) == person.index
        if known and _same(person.name, representative_of(founding)):
            return Acting(holder, Capacity.REPRESENTATIVE, person, body)
        for agent in self.agents(holder):
            if self._in_office(agent, founding) and agent.person == person.index and _same(agent.name, person.name):
                return Acting(holder, Capacity.AGENT, person, body, agent)
        raise NotActingError

    def appoint(self, holder: HolderIndex, appointment: Appointment, *, actor: str) -> Agent:
        """Appoint an agent of a body. Whether the actor may do so was seen to before (:meth:`Acting.require`).

        :raises AppointmentInvalidError: name, limits or period are not of the form that they have to be.
        :raises NoRepresentativeError: no licence in force names the body's legal representative.
        :raises CitizenIdInvalidError: the agent's number fails its check.
        """
        now = self._clock.now()
        _check(appointment, now)
        founding = self._founding(holder)
        if founding is None:
            raise NoRepresentativeError
        if sum(self._in_office(each, founding) for each in self.agents(holder)) >= MOST_AGENTS:
            _invalid(f"经办人最多 {MOST_AGENTS} 名", f"at most {MOST_AGENTS} agents")
        number = CitizenId.parse(appointment.citizen_id, today=self._register.today())
        row = AgentRow(
            number=secrets.token_hex(16),
            holder_index=holder.value,
            person_index=self._index(number).value,
            acts=sorted(appointment.acts),
            licence_types=_listed(appointment.licence_types),
            service_items=_listed(appointment.service_items),
            purpose=appointment.purpose.strip(),
            until=appointment.until,
            appointed_at=now,
            appointed_by=actor,
        )
        names = {
            "agent": appointment.name.strip(),
            "masked": number.masked,
            "representative": representative_of(founding),
        }
        row.names = self._vault.encrypt(json.dumps(names).encode(), context=_agent_context(row.number))
        terms = {"acts": row.acts, "types": row.licence_types, "items": row.service_items, "until": str(row.until)}
        with self._database.transaction() as session:
            session.add(row)
            self._enter(session, row.number, 1, "appoint", actor, terms)
        return self._agent_of(row)

    def dismiss(self, holder: HolderIndex, number: str, *, actor: str, reason: str | None = None) -> Agent:
        """Dismiss an agent of a body, from this moment on.

        :param reason: kept with the agent's name, for the body to read; at most :data:`LONGEST_REASON` characters.
        :raises AgentUnknownError: the body has none in office with this number.
        :raises AppointmentInvalidError: the reason is empty, too long, or has control characters.
        """
        if reason is not None:
            reason = reason.strip()
            if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
                _invalid(f"请写明解除理由，不超过 {LONGEST_REASON} 字", "say why the agent is dismissed")
        with self._database.transaction() as session:
            row = session.get(AgentRow, number, with_for_update=True)
            if row is None or row.holder_index != holder.value or row.dismissed_at is not None:
                raise AgentUnknownError(number=number[:32])
            row.dismissed_at, row.dismissed_by = self._clock.now(), actor
            if reason is not None:
                names = {**self._names(row), "dismissal_reason": reason}
                row.names = self._vault.encrypt(json.dumps(names).encode(), context=_agent_context(number))
            self._enter(session, number, 2, "dismiss", actor, {})
        return self._agent_of(row)

    def agents(self, holder: HolderIndex, *, at_most: int | None = MOST_LISTED) -> list[Agent]:
        """All whom a body ever appointed, newest first."""
        statement = sa.select(AgentRow).where(AgentRow.holder_index == holder.value)
        with self._database.transaction() as session:
            rows = session.scalars(statement.order_by(AgentRow.appointed_at.desc()).limit(at_most))
            return [self._agent_of(row) for row in rows]

    def agent(self, holder: HolderIndex, number: str) -> Agent:
        """One whom a body appointed, in office or not.

        :raises AgentUnknownError: the body never appointed one with this number.
        """
        with self._database.transaction() as session:
            row = session.get(AgentRow, number)
            if row is None or row.holder_index != holder.value:
                raise AgentUnknownError(number=number[:32])
            return self._agent_of(row)

    def in_office(self, holder: HolderIndex) -> list[Agent]:
        """The agents who may act for a body now."""
        founding = self._founding(holder)
        return [each for each in self.agents(holder) if founding is not None and self._in_office(each, founding)]

    def note(self, acting: Acting, act: WalletAct, subject: str | None = None) -> None:
        """Put on record what somebody did for a holder; what holders do for themselves is not."""
        if acting.capacity is Capacity.HOLDER:
            return
        name = self._vault.encrypt(acting.person.name.encode(), context=_acting_context(acting.holder))
        row = ActingRow(
            holder_index=acting.holder.value,
            by=acting.by,
            name=name,
            act=act.value,
            subject=subject,
            at=self._clock.now(),
        )
        with self._database.transaction() as session:
            session.add(row)

    @crossing()
    def appointments_of(self, person: HolderIndex) -> list[Agent]:
        """All appointments that somebody ever had, newest first."""
        statement = sa.select(AgentRow).where(AgentRow.person_index == person.value)
        with self._database.transaction() as session:
            return [self._agent_of(row) for row in session.scalars(statement.order_by(AgentRow.appointed_at.desc()))]

    def named(self, person: HolderIndex) -> list[tuple[str, datetime]]:
        """The licences of which their issuers said that they name this person, and when they said so."""
        table = NamedPersonRow
        statement = sa.select(table.identifier, table.confirmed_at).where(table.person_index == person.value)
        with self._database.transaction() as session:
            return [(identifier, at) for identifier, at in session.execute(statement.order_by(table.id))]

    @crossing()
    def acted(self, person: HolderIndex) -> list[Acted]:
        """What somebody did for others, newest first."""
        names = [f"{Capacity.AGENT}:{each.number}" for each in self.appointments_of(person)]
        names += [_by(capacity, person) for capacity in (Capacity.REPRESENTATIVE, Capacity.PARENT)]
        statement = sa.select(ActingRow).where(ActingRow.by.in_(names)).order_by(ActingRow.id.desc())
        with self._database.transaction() as session:
            return [Acted(row.by, WalletAct(row.act), row.subject, row.at) for row in session.scalars(statement)]

    def record(self, holder: HolderIndex, *, limit: int | None = MOST_LISTED) -> list[ActingEntry]:
        """What others did for a holder, newest first."""
        statement = sa.select(ActingRow).where(ActingRow.holder_index == holder.value)
        context = _acting_context(holder)
        with self._database.transaction() as session:
            return [
                ActingEntry(
                    by=row.by,
                    name=self._vault.decrypt(row.name, context=context).decode(),
                    act=WalletAct(row.act),
                    subject=row.subject,
                    at=row.at,
                )
                for row in session.scalars(statement.order_by(ActingRow.id.desc()).limit(limit))
            ]

    def _founding(self, holder: HolderIndex) -> Licence | None:
        """The newest licence in force that makes a body and names its legal representative."""
        today = self._register.today()
        held = self._register.held_by(holder, types=REPRESENTATIVE_FIELDS)
        return next((each for each in held if each.state_on(today) is LicenceState.VALID), None)

    def _in_office(self, agent: Agent, founding: Licence) -> bool:
        now = self._clock.now()
        in_time = agent.dismissed_at is None and now < agent.until
        return in_time and _same(agent.representative, representative_of(founding))

    def _as_parent(self, person: ActingPerson, child: HolderIndex) -> Acting:
        today = self._register.today()
        statement = sa.select(NamedPersonRow.identifier).where(NamedPersonRow.person_index == child.value)
        with self._database.transaction() as session:
            identifiers = list(session.scalars(statement))
        for licence in self._register.get_many(identifiers).values():
            if licence.type.slug != BIRTH_CERTIFICATE or licence.state_on(today) is not LicenceState.VALID:
                continue
            parents = {licence.holder_index, *licence.co_holder_indexes}
            ends_on = of_age_on(date.fromisoformat(licence.fields["birth_date"]))
            if person.index in parents and today < ends_on and self._named(licence.identifier) == child:
                name = str(licence.fields["newborn_name"])
                return Acting(child, Capacity.PARENT, person, name, ends_on=ends_on)
        raise NotActingError

    def _named(self, identifier: str) -> HolderIndex | None:
        """Who the person is that a licence names; None where nobody has confirmed it."""
        table = NamedPersonRow
        statement = sa.select(table.person_index).where(table.identifier == identifier).order_by(table.id.desc())
        with self._database.transaction() as session:
            value = session.scalar(statement.limit(1))
        return HolderIndex(value) if value is not None else None

    def _confirmed_bodies(self, person: ActingPerson) -> list[HolderIndex]:
        statement = sa.select(NamedPersonRow.identifier).where(NamedPersonRow.person_index == person.index.value)
        with self._database.transaction() as session:
            identifiers = list(session.scalars(statement.distinct().limit(MOST_LISTED)))
        found = self._register.get_many(identifiers).values()
        return [each.holder_index for each in found if each.type.slug in REPRESENTATIVE_FIELDS]

    def _children(self, person: ActingPerson) -> list[HolderIndex]:
        held = self._wallets.identifiers(person.index)
        statement = sa.select(NamedPersonRow.person_index).where(NamedPersonRow.identifier.in_(held))
        with self._database.transaction() as session:
            return [HolderIndex(value) for value in session.scalars(statement.distinct())]

    def _appointing(self, person: ActingPerson) -> list[HolderIndex]:
        statement = sa.select(AgentRow.holder_index).where(
            AgentRow.person_index == person.index.value,
            AgentRow.dismissed_at.is_(None),
            AgentRow.until > self._clock.now(),
        )
        with self._database.transaction() as session:
            return [HolderIndex(value) for value in session.scalars(statement.distinct())]

    def _index(self, number: CitizenId) -> HolderIndex:
        return HolderIndex.of(self._vault, "citizen_id", number.number)

    def _enter(
        self, session: Session, number: str, place: int, act: str, actor: str, terms: Mapping[str, object]
    ) -> None:
        facts = {"terms_sha256": hashlib.sha256(canonical_json(terms)).hexdigest()}
        entry = Record(f"agent.{act}", f"agent:{number}", self._clock.now(), facts, {"by": actor})
        self._log.add(session, entry, number=place)

    def _names(self, row: AgentRow) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._vault.decrypt(row.names, context=_agent_context(row.number)))
        return found

    def _agent_of(self, row: AgentRow) -> Agent:
        names = self._names(row)
        return Agent(
            number=row.number,
            holder=HolderIndex(row.holder_index),
            person=HolderIndex(row.person_index),
            name=names["agent"],
            number_masked=names["masked"],
            acts=frozenset(WalletAct(each) for each in row.acts),
            licence_types=None if row.licence_types is None else frozenset(row.licence_types),
            service_items=None if row.service_items is None else frozenset(row.service_items),
            purpose=row.purpose,
            until=row.until,
            appointed_at=row.appointed_at,
            appointed_by=row.appointed_by,
            representative=names["representative"],
            dismissed_at=row.dismissed_at,
            dismissal_reason=names.get("dismissal_reason"),
        )


def representative_of(licence: Licence) -> str:
    """The legal representative whom a licence names."""
    return str(licence.fields[REPRESENTATIVE_FIELDS[licence.type.slug]])


def of_age_on(born: date) -> date:
    """The day on which somebody is of age; for who was born on a leap day the last of February."""
    try:
        return born.replace(year=born.year + OF_AGE)
    except ValueError:
        return date(born.year + OF_AGE, 2, 28)


def _same(name: str, other: str) -> bool:
    """Whether two names are the same, however their parts are set apart."""
    return _plain(name) == _plain(other) != ""


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).translate(_POINTS).strip()


def _listed(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)


def _check(appointment: Appointment, now: datetime) -> None:
    name, purpose = appointment.name.strip(), appointment.purpose.strip()
    limits = [each for each in (appointment.licence_types, appointment.service_items) if each is not None]
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        _invalid("请写明经办人姓名", "name the agent")
    if not purpose or len(purpose) > _LONGEST_PURPOSE or not purpose.isprintable():
        _invalid(f"请写明用途，不超过 {_LONGEST_PURPOSE} 字", "say what it is for")
    if not appointment.acts or not appointment.acts <= APPOINTABLE:
        _invalid("可授权查看、亮证、授权用证", "an agent may view, present and consent")
    if any(not each or len(each) > _MOST_LIMITS for each in limits):
        _invalid("证照类型与事项各为 1 至 50 项，或不限", "1 to 50 types and items, or no limit")
    if not now < appointment.until <= now + LONGEST:
        _invalid("期限为现在起 366 天之内", "within 366 days from now")


def _invalid(zh: str, en: str) -> None:
    raise AppointmentInvalidError(problem_zh=zh, problem_en=en)


def _by(capacity: Capacity, person: HolderIndex) -> str:
    return f"{capacity}:{person.value.hex()[:32]}"


def _agent_context(number: str) -> str:
    return f"wallet_agent:{number}"


def _acting_context(holder: HolderIndex) -> str:
    return f"acting_record:{holder.value.hex()}"
