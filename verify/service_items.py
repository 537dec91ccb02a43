"""Service items (政务服务事项): what licences are checked for, which materials are asked for, and what may be known.

An item is data. Each publication is a version that stays on record, so that a receipt can be read by the rules of its
time; the newest version counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from store.clock import Clock
from store.database import Database
from trust import Catalogue, UnifiedSocialCreditCode
from trust.errors import TypeUnknownError, UsccInvalidError
from verify._tables import ServiceItemRow
from verify.check_errors import ServiceItemInvalidError
from verify.reasons import Text
from verify.requirements import Requirement, licences_in, read_requirement

ALL_FIELDS: Final = "*"
_CODE: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{3,63}")
_MATERIAL_CODE: Final = re.compile(r"[0-9A-Za-z_-]{1,40}")
_MEMBERS: Final = frozenset(
    {"code", "name", "body", "without_consent", "kept_from_holder", "fields", "questions", "materials"}
)
_MOST_MATERIALS: Final = 50

_NEWEST: Final = (
    sa.select(ServiceItemRow)
    .ext(distinct_on(ServiceItemRow.code))
    .order_by(ServiceItemRow.code, ServiceItemRow.version.desc())
)
_NEWEST_OF_SOME: Final = _NEWEST.where(ServiceItemRow.code == sa.any_(sa.bindparam("codes", type_=ARRAY(sa.Text))))


@dataclass(frozen=True)
class Material:
    """One required material (申请材料)."""

    code: str
    name: Text
    required: bool
    requirement: Requirement


@dataclass(frozen=True)
class ServiceItem:
    """One version of a service item."""

    code: str
    """Base code or implementing code (事项编码)."""
    version: int
    name: Text
    body_code: str
    """Unified social credit code of the body that is in charge of it."""
    without_consent: Text | None
    """The law by which licences may be checked for it without the holder's consent; None where none does."""
    kept_from_holder: Text | None
    """The law by which the holder is not told of checks for it; None where none says so."""
    fields: Mapping[str, frozenset[str]]
    """Fields that it needs to know, by licence type."""
    questions: Mapping[str, frozenset[str]]
    """Fields about which may be asked, by licence type."""
    materials: tuple[Material, ...]

    def needs(self, type_slug: str, field: str) -> bool:
        """Whether the item needs to know a field; ``*`` in its list stands for all."""
        return not self.fields.get(type_slug, frozenset()).isdisjoint({field, ALL_FIELDS})


class ServiceItems:
    """The service items."""

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clock = clock

    def publish(self, definition: Mapping[str, Any], *, actor: str) -> ServiceItem:
        """Publish an item, or a new version of it; the same definition again changes nothing.

        :raises ServiceItemInvalidError: the definition is wrong, or names types or fields that there are not.
        """
        item = read_item(definition)
        self._check_against_catalogue(item)
        with self._database.transaction() as session:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"service_item:{item.code}"))))
            newest = session.scalar(_newest(item.code))
            if newest is not None and newest.definition == dict(definition):
                return read_item(newest.definition, version=newest.version)
            version = newest.version + 1 if newest is not None else 1
            session.add(
                ServiceItemRow(
                    code=item.code,
                    version=version,
                    definition=dict(definition),
                    published_by=actor,
                    published_at=self._clock.now(),
                )
            )
        return read_item(definition, version=version)

    def find(self, code: str) -> ServiceItem | None:
        """The newest version of an item; None where there is none."""
        return self.find_many([code]).get(code)

    def find_many(self, codes: Iterable[str]) -> dict[str, ServiceItem]:
        """The newest versions of those items that there are, by code."""
        written = [code for code in codes if _CODE.fullmatch(code)]
        if not written:
            return {}
        with self._database.transaction() as session:
            rows = session.scalars(_NEWEST_OF_SOME, {"codes": written})
            return {row.code: read_item(row.definition, version=row.version) for row in rows}

    def all(self) -> list[ServiceItem]:
        """The newest version of every item, by code."""
        with self._database.transaction() as session:
            return [read_item(row.definition, version=row.version) for row in session.scalars(_NEWEST)]

    def _check_against_catalogue(self, item: ServiceItem) -> None:
        for slug, field in _named(item):
            try:
                known = self._catalogue.latest(slug).fields
            except TypeUnknownError:
                raise ServiceItemInvalidError(problem=f"there is no licence type {slug!r}") from None
            if field not in (None, ALL_FIELDS) and field not in known:
                raise ServiceItemInvalidError(problem=f"the licence type {slug!r} has no field {field!r}")


def read_item(raw: Mapping[str, Any], *, version: int = 0) -> ServiceItem:
    """Read the definition of an item.

    :raises ServiceItemInvalidError: it is not of the form that it has to be.
    """
    try:
        return _read(raw, version)
    except (ValueError, KeyError, TypeError, AttributeError, UsccInvalidError) as error:
        problem = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
        raise ServiceItemInvalidError(problem=problem[:200]) from error


def _read(raw: Mapping[str, Any], version: int) -> ServiceItem:
    if not raw.keys() <= _MEMBERS:
        raise ValueError(f"unknown members: {', '.join(sorted(raw.keys() - _MEMBERS))}")
    if not _CODE.fullmatch(raw["code"]):
        raise ValueError("the code has 4 to 64 digits, capitals and hyphens")
    materials = raw.get("materials", [])
    if not isinstance(materials, list) or len(materials) > _MOST_MATERIALS:
        raise ValueError(f"materials is a list of at most {_MOST_MATERIALS}")
    read = tuple(_material(each) for each in materials)
    if len({each.code for each in read}) != len(read):
        raise ValueError("two materials have the same code")
    basis, quiet = raw.get("without_consent"), raw.get("kept_from_holder")
    if quiet is not None and basis is None:
        raise ValueError("a check that the holder agrees to is not kept from the holder")
    return ServiceItem(
        code=raw["code"],
        version=version,
        name=_text(raw["name"]),
        body_code=UnifiedSocialCreditCode.parse(raw["body"]).number,
        without_consent=_text(basis) if basis is not None else None,
        kept_from_holder=_text(quiet) if quiet is not None else None,
        fields=_field_lists(raw.get("fields", {})),
        questions=_field_lists(raw.get("questions", {})),
        materials=read,
    )


def _material(raw: Any) -> Material:
    if not raw.keys() <= {"code", "name", "required", "requirement"} or not _MATERIAL_CODE.fullmatch(raw["code"]):
        raise ValueError("a material has code, name, required and requirement")
    required = raw.get("required", True)
    if not isinstance(required, bool):
        raise TypeError("required is true or false")
    return Material(raw["code"], _text(raw["name"]), required, read_requirement(raw["requirement"]))


def _text(raw: Any) -> Text:
    zh, en = raw["zh"], raw["en"]
    if not (isinstance(zh, str) and isinstance(en, str) and 1 <= len(zh) <= 300 and 1 <= len(en) <= 300):
        raise ValueError("a text has zh and en of 1 to 300 characters")
    return Text(zh, en)


def _field_lists(raw: Any) -> dict[str, frozenset[str]]:
    if any(isinstance(each, str) or not all(isinstance(name, str) for name in each) for each in raw.values()):
        raise ValueError("fields and questions map licence types to lists of fields")
    return {slug: frozenset(names) for slug, names in raw.items()}


def _named(item: ServiceItem) -> Iterator[tuple[str, str | None]]:
    """Every licence type, and every field of one, that an item names."""
    for listed in (item.fields, item.questions):
        for slug, fields in listed.items():
            yield slug, None
            yield from ((slug, field) for field in fields)
    for material in item.materials:
        for each in licences_in(material.requirement):
            yield each.type_slug, None
            yield from ((each.type_slug, field) for field in each.matches)


def _newest(code: str) -> sa.Select[ServiceItemRow]:
    return sa.select(ServiceItemRow).where(ServiceItemRow.code == code).order_by(ServiceItemRow.version.desc()).limit(1)
