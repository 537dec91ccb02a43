"""The invented people: some of the holders in ``examples/``, and an officer of each role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.officers import Role
from api.openid import Identity

ACR: Final = "urn:yinzheng:builtin:high"
"""The one level of assurance of invented people."""


@dataclass(frozen=True)
class InventedPerson:
    """Somebody who does not exist."""

    key: str
    name: str
    number: str
    """Citizen identity number with a right check character."""
    zh: str
    en: str
    body: str | None = None
    """Of an officer: unified social credit code of the body."""
    role: Role | None = None

    def identity(self, issuer: str) -> Identity:
        """The person as the provider says who it is."""
        return Identity(issuer, self.key, self.name, self.number, ACR)


_MARKET, _HEALTH = "11370200990100114M", "11370200990100288Y"

HOLDERS: Final = (
    InventedPerson("meng", "孟昭岚", "370214199412034682", "企业法定代表人", "a company's legal representative"),
    InventedPerson("fu", "傅𬭎", "37020219920709113X", "父亲，不动产共有人", "a father who owns a home with others"),
    InventedPerson("jingshu", "傅静姝", "37020219880817362X", "执业医师", "a physician"),
    InventedPerson("ji", "纪海岳", "370202199308123356", "企业经办人", "who may act for a company"),
)
OFFICERS: Final = tuple(
    InventedPerson(role.value, name, number, role.zh, role.en, body, role)
    for role, name, number, body in (
        (Role.ISSUER, "卢青禾", "370202198604121027", _MARKET),
        (Role.APPROVER, "宋知远", "370203197909272012", _HEALTH),
        (Role.SEAL_APPLICANT, "王海宁", "370212199102033024", _MARKET),
        (Role.SEAL_APPROVER, "李沐阳", "370202198206154018", _MARKET),
        (Role.AUDITOR, "唐若水", "370211198811195025", _MARKET),
        (Role.ADMINISTRATOR, "顾北辰", "370203197512306018", _MARKET),
    )
)
PEOPLE: Final = {person.key: person for person in (*HOLDERS, *OFFICERS)}
