"""What is there before the first licence: bodies, officers, seals, service items, systems, wallets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from api.builtin_provider import OFFICERS, PEOPLE
from api.clients import ClientTerms, Scope
from api.demo_data.city import (
    APPROVAL,
    BODIES,
    CLINIC_ITEM,
    COMPANY,
    FOOD_ITEM,
    HEALTH,
    HYGIENE_ITEM,
    ISSUERS,
    MARKET,
    service_items,
)
from api.demo_data.invention import Invention
from api.officers import Officer, Role
from api.services import Services
from seal import GrantTerms, Organisation, SealApplication, SealUser
from trust import HolderIndex
from verify import Caller

ACTOR: Final = "demo"
"""Who enters in the records what no officer does."""
MARK: Final = "demo-province"
"""The client that is enrolled last: where it is, filling was done."""
_PURPOSE: Final = "电子证照专用章"


@dataclass
class Ground:
    """What acts rest on."""

    officers: dict[tuple[str, Role], Officer] = field(default_factory=dict)
    """By the code of the body, and the role."""
    callers: dict[str, Caller] = field(default_factory=dict)
    """The systems that check, by their identifier."""
    people: dict[str, HolderIndex] = field(default_factory=dict)
    """The invented people who sign in, by their key."""

    def officer(self, body: Organisation, role: Role) -> str:
        """Who acts for a body, for the records."""
        return self.officers[body.code, role].actor


def lay_ground(services: Services, invent: Invention) -> Ground:
    """Make all that is to be there first."""
    ground = Ground()
    for body in BODIES:
        services.organisations.enrol(body)
    _add_officers(services, invent, ground)
    _make_seals(services, ground)
    for item in service_items():
        services.service_items.publish(item, actor=ground.officer(HEALTH, Role.ADMINISTRATOR))
    _enrol_systems(services, ground)
    for key, person in PEOPLE.items():
        if person.role is None:
            ground.people[key] = HolderIndex.of(services.keys.vault, "citizen_id", person.number)
            services.wallets.open(ground.people[key])
    _enrol_company(services, ground)
    return ground


def _add_officers(services: Services, invent: Invention, ground: Ground) -> None:
    """The officers who sign in, and for every other body and role one who is only named in records."""
    invited = {(each.body, each.role): (each.name, each.number) for each in OFFICERS}
    for body in BODIES:
        for role in Role:
            citizen = invent.citizen()
            name, number = invited.get((body.code, role), (citizen.name, citizen.number))
            ground.officers[body.code, role] = services.officers.add(
                body.code, name, [role], citizen_id=number, actor=ACTOR
            )


def _make_seals(services: Services, ground: Ground) -> None:
    """One seal for each body that issues, applied for by one officer and approved by another."""
    for body in BODIES:
        types = [slug for slug, issuer in ISSUERS.items() if issuer == body]
        if types:
            request = services.seals.apply(
                SealApplication(body.code, types, _PURPOSE),
                officer=ground.officer(body, Role.SEAL_APPLICANT),
                reason="电子证照签发用印",
                document="青政办发〔2026〕12号",
            )
            services.seals.approve(
                request.id, officer=ground.officer(body, Role.SEAL_APPROVER), reason="材料齐全，同意"
            )
    seal = services.seals.usable_for("food_operation_permit", MARKET.code)[-1]
    services.grants.give(
        seal.number,
        GrantTerms(["food_operation_permit"], "行政审批委托用印", SealUser(APPROVAL.code), daily_quota=50),
        officer=ground.officer(MARKET, Role.SEAL_APPROVER),
        reason="委托行政审批服务局办理食品经营许可",
        document="青市监发〔2026〕7号",
    )


def _enrol_systems(services: Services, ground: Ground) -> None:
    """The systems of departments that check. They have no secret, so nobody can call in their name."""
    systems = (
        ("demo-clinic-inspection", "医疗机构监管系统", HEALTH, {CLINIC_ITEM, HYGIENE_ITEM}),
        ("demo-approval-hall", "政务服务大厅综合窗口", APPROVAL, {FOOD_ITEM}),
    )
    for client_id, name, body, items in systems:
        terms = ClientTerms(service_items=frozenset(items), fields=frozenset({"business_licence.*"}))
        services.clients.enrol(
            client_id,
            name=name,
            scopes=[Scope.CHECK],
            organisation_code=body.code,
            contact="信息中心 0532-00000000",
            terms=terms,
            with_secret=False,
        )
        ground.callers[client_id] = Caller(client_id, body.code, None, frozenset(items), terms.fields)


def mark(services: Services) -> None:
    """Note that filling is done, by enrolling the system that follows all bodies' licences."""
    services.clients.enrol(
        MARK, name="省级证照共享平台", scopes=[Scope.EXCHANGE], organisation_code=APPROVAL.code, with_secret=False
    )


def _enrol_company(services: Services, ground: Ground) -> None:
    """The company whose legal representative and agent sign in, as a body that has seals."""
    services.organisations.enrol(COMPANY)
    ground.people["company"] = HolderIndex.of(services.keys.vault, "uscc", COMPANY.code)
    services.wallets.open(ground.people["company"])
