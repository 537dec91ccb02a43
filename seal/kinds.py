"""Kinds of seals (印章种类) and of those who own them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SealOwnerKind(StrEnum):
    """Who owns a seal."""

    DEPARTMENT = "department"
    """机关、事业单位、社会组织."""
    COMPANY = "company"
    """企业."""
    PERSON = "person"
    """个人."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return _OWNER_ZH[self]


class SealKind(StrEnum):
    """What a seal is."""

    OFFICIAL = "official"
    SPECIAL = "special"
    COMPANY = "company"
    CONTRACT = "contract"
    FINANCE = "finance"
    LEGAL_REPRESENTATIVE = "legal_representative"
    SIGNATURE = "signature"

    @property
    def zh(self) -> str:
        """As an official names it."""
        return self.rules.zh

    @property
    def rules(self) -> KindRules:
        """What holds for seals of this kind."""
        return _RULES[self]


@dataclass(frozen=True)
class KindRules:
    """What holds for seals of one kind."""

    zh: str
    owners: frozenset[SealOwnerKind]
    size_mm: float
    """Usual diameter, side, or height of a signature."""
    least_mm: float
    most_mm: float
    purpose: str | None = None
    """The line under the star, where the application names none."""
    personal: bool = False
    """Shows a person's name."""


_OWNER_ZH = {SealOwnerKind.DEPARTMENT: "部门", SealOwnerKind.COMPANY: "企业", SealOwnerKind.PERSON: "个人"}
_DEPARTMENT, _COMPANY, _PERSON = (frozenset({kind}) for kind in SealOwnerKind)
_RULES = {
    SealKind.OFFICIAL: KindRules("公章", _DEPARTMENT, 42.0, 20.0, 60.0),
    SealKind.SPECIAL: KindRules("专用章", _DEPARTMENT | _COMPANY, 42.0, 20.0, 60.0),
    SealKind.COMPANY: KindRules("公司公章", _COMPANY, 40.0, 20.0, 60.0),
    SealKind.CONTRACT: KindRules("合同专用章", _COMPANY, 40.0, 20.0, 60.0, purpose="合同专用章"),
    SealKind.FINANCE: KindRules("财务专用章", _COMPANY, 38.0, 20.0, 60.0, purpose="财务专用章"),
    SealKind.LEGAL_REPRESENTATIVE: KindRules("法定代表人名章", _COMPANY, 20.0, 12.0, 30.0, personal=True),
    SealKind.SIGNATURE: KindRules("个人签名", _PERSON, 10.0, 5.0, 30.0, personal=True),
}


def usual_kind(owner: SealOwnerKind, purpose: str | None) -> SealKind:
    """The kind that an application means that names none."""
    if owner is SealOwnerKind.PERSON:
        return SealKind.SIGNATURE
    if purpose is not None:
        return SealKind.SPECIAL
    return SealKind.OFFICIAL if owner is SealOwnerKind.DEPARTMENT else SealKind.COMPANY
