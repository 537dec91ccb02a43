"""What a licence type (证照类型) is: what it is called, who holds and issues it, how long it holds, how it is laid out.

A type is data: see :mod:`trust.type_definition` for the form in which it is written, and :mod:`trust.licence_types` for
the versions that the service keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from seal import SealLevel, SignatureProfile
from seal.regions import lies_within
from trust.errors import TypeForReferenceError

LONG_TERM = "长期"
"""What a licence says that has no end."""


class TypeState(StrEnum):
    """The states of one version of a type. It goes from one to the next and never back."""

    DRAFT = "draft"
    """草稿: may be previewed, not issued from."""
    PUBLISHED = "published"
    """已发布: licences are issued under it. At most one version of a type is."""
    RETIRED = "retired"
    """已停用: replaced, withdrawn or discarded. Licences issued under it stay as they are."""

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return {"draft": "草稿", "published": "已发布", "retired": "已停用"}[self.value]


class TypeOrigin(StrEnum):
    """Who wrote a version."""

    PACKAGE = "package"
    """Brought by the program; its templates are trusted as the program is."""
    ADMINISTRATOR = "administrator"
    """Made by an administrator; its templates run in a process of their own."""


@dataclass(frozen=True)
class HolderFields:
    """The fields that tell one holder (持证主体)."""

    name_field: str
    code_field: str
    code_type: Literal["citizen_id", "uscc", "either"]
    """``either``: a person or a body, as the code itself shows."""

    def __post_init__(self) -> None:
        if self.code_type not in ("citizen_id", "uscc", "either"):
            raise ValueError("a holder is known by a citizen_id, a uscc or either of them")


@dataclass(frozen=True)
class HolderRule(HolderFields):
    """Which fields tell the holder, or of several the first."""

    kind: Literal["person", "body", "both", "several"] = "person"
    """``both``: a person or a body; ``several``: more than one holder (the spouses of a marriage, co-owners)."""
    further: tuple[HolderFields, ...] = ()
    """The holders after the first, where each has fields of its own."""
    table: str | None = None
    """The field with one row a holder, where their number is open; ``name_field`` and ``code_field`` are columns of it.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        expected = {"person": ("citizen_id",), "body": ("uscc",), "both": ("either",)}
        if self.kind not in (*expected, "several"):
            raise ValueError("the holder is a person, a body, both or several")
        if self.kind != "several":
            if self.code_type not in expected[self.kind]:
                raise ValueError(f"a holder of kind {self.kind} is known by a {expected[self.kind][0]}")
            if self.further or self.table:
                raise ValueError("only a licence with several holders names further ones or a table of them")
        elif bool(self.further) == bool(self.table):
            raise ValueError("several holders are named by further fields or by a table")

    @property
    def each(self) -> tuple[HolderFields, ...]:
        """The fields of the first holder and of the further ones, where there is no table."""
        return (self, *self.further)


_VALIDITY_NEEDS: Mapping[str, frozenset[str]] = {
    "fixed": frozenset({"until"}),
    "length": frozenset({"years", "months", "days"}),
    "years": frozenset({"years"}),
    "until_field": frozenset({"until_field"}),
    "until_event": frozenset({"event_zh", "event_en"}),
    "yearly_endorsement": frozenset({"due"}),
    "unlimited": frozenset(),
}


@dataclass(frozen=True)
class ValidityRule:
    """How long a licence holds."""

    kind: Literal["fixed", "length", "years", "until_field", "until_event", "yearly_endorsement", "unlimited"]
    """``fixed``: until one date for all; ``length``: years, months and days from the first day, the last day being the
    day before the anniversary; ``years``: the same in years alone; ``until_field``: as the field says, a date or 长期;
    ``until_event``: until something happens that an authority records; ``yearly_endorsement``: until the next due day,
    and after each endorsement (年检) until the one after that; ``unlimited``: 长期.
    """
    years: int | None = None
    months: int | None = None
    days: int | None = None
    until: date | None = None
    """The last day, of a fixed validity."""
    until_field: str | None = None
    from_field: str | None = None
    """Where the first day stands; without one it is the issue date."""
    event_zh: str | None = None
    event_en: str | None = None
    """What ends it, of a validity until an event."""
    due: str | None = None
    """``MM-DD``: the day of each year by which it is to be endorsed."""

    def __post_init__(self) -> None:
        if self.kind not in _VALIDITY_NEEDS:
            raise ValueError(f"there is no validity rule {self.kind!r}")
        given = {name for name in _all_needs() if getattr(self, name)}
        needs = _VALIDITY_NEEDS[self.kind]
        complete = bool(given) if self.kind == "length" else given == needs
        if not complete or given - needs:
            raise ValueError(f"a validity of kind {self.kind} has to say {', '.join(sorted(needs)) or 'nothing more'}")
        if self.due is not None:
            date.fromisoformat(f"2001-{self.due}")  # a day that every year has
        if any((part or 0) < 0 for part in (self.years, self.months, self.days)):
            raise ValueError("a validity does not run backwards")


def _all_needs() -> frozenset[str]:
    return frozenset().union(*_VALIDITY_NEEDS.values())


@dataclass(frozen=True)
class Agreement:
    """A field that has to say what a citizen identity number in another field says."""

    field: str
    with_field: str
    what: Literal["birth_date", "sex"]


@dataclass(frozen=True)
class IssuerRule:
    """Who may issue. Without any restriction: every body that has a seal for the type."""

    codes: tuple[str, ...] = ()
    """Unified social credit codes of bodies."""
    regions: tuple[str, ...] = ()
    """Codes of regions (GB/T 2260); bodies of those and of the regions within them."""

    def allows(self, code: str, region: str) -> bool:
        """Whether a body may issue."""
        if not self.codes and not self.regions:
            return True
        return code in self.codes or any(lies_within(region, wider) for wider in self.regions)


@dataclass(frozen=True)
class SealPlace:
    """Where the seal is put: the centre, in millimetres from the top left corner of the page."""

    page: int
    """1 is the first page."""
    x_mm: float
    y_mm: float
    diameter_mm: float
    """The diameter for which the template keeps room."""
    profile: str
    """Which seal of the issuer is meant: ``official`` (公章) or a special-purpose one (专用章)."""
    level: SealLevel
    """PAdES baseline level of the seal."""
    signatures: SignatureProfile = SignatureProfile.INTERNATIONAL
    """By which signatures it is sealed: ``international``, ``gm`` or ``dual``."""


@dataclass(frozen=True)
class CoSeal:
    """A further seal on a licence that several departments issue together (联合发证)."""

    issuer: str
    """Unified social credit code of the department whose seal it is."""
    page: int
    x_mm: float
    y_mm: float
    diameter_mm: float


@dataclass(frozen=True)
class Layout:
    """The page of a type."""

    width_mm: float
    height_mm: float
    most_pages: int
    """How many pages a licence may take; most types have one."""
    seal: SealPlace
    co_seals: tuple[CoSeal, ...]
    """Of the departments that issue it together with the issuer, in the order in which they seal; the issuer's own is
    the last, and closes the document."""
    files: Mapping[str, bytes] = field(repr=False)
    """By path, with ``/`` between: ``template.typ``, the Typst template of the pages; ``ornament.typ``, the Typst
    drawing of their ground, the same under every licence; and what these two read."""


@dataclass(frozen=True)
class LicenceType:
    """One version of one type of licence."""

    slug: str
    """The name by which programs know it, such as ``business_licence``."""
    version: int
    """Counts up from 1 with each draft of the type; stands in every licence's data."""
    state: TypeState
    origin: TypeOrigin
    digest: str
    """SHA-256 of the files that the version consists of."""
    code: str
    """证照类型代码, 21 characters (GB/T 36904)."""
    name_zh: str
    name_en: str
    holder: HolderRule
    number_field: str
    """The field with the licence's number (证照编号)."""
    validity: ValidityRule
    issuers: IssuerRule
    agreements: tuple[Agreement, ...]
    schema: Mapping[str, Any]
    """JSON Schema, draft 2020-12, of the fields."""
    layout: Layout | None
    """None for a type that is only referred to: never issued or sealed here."""
    shown: tuple[str, ...] = ()
    """The few fields that an offline presentation (离线亮证) shows, the most telling first."""

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """The schemas of the fields by key, in the order of a form."""
        properties: Mapping[str, Mapping[str, Any]] = self.schema["properties"]
        return properties

    @property
    def reference_only(self) -> bool:
        """Whether licences of this type are only referred to (the identity card), never issued here."""
        return self.layout is None

    @property
    def page(self) -> Layout:
        """The layout of a type that has one.

        :raises TypeForReferenceError: the type is only referred to.
        """
        if self.layout is None:
            raise TypeForReferenceError(name_zh=self.name_zh, name_en=self.name_en)
        return self.layout

    @property
    def seal(self) -> SealPlace:
        """Where the seal goes. Raises like :attr:`page`."""
        return self.page.seal

    @property
    def page_width_mm(self) -> float:
        """Raises like :attr:`page`."""
        return self.page.width_mm

    @property
    def page_height_mm(self) -> float:
        """Raises like :attr:`page`."""
        return self.page.height_mm

    def title_zh(self, path: str) -> str:
        """The Chinese title of a field; of ``buildings.0.use`` with the row, counted from 1; else the path itself."""
        return self._title(path, "title", "{table}第 {row} 行{column}")

    def title_en(self, path: str) -> str:
        """The English title of a field; of ``buildings.0.use`` with the row, counted from 1; else the path itself."""
        return self._title(path, "x-title-en", "{table}, row {row}: {column}")

    def _title(self, path: str, keyword: str, in_row: str) -> str:
        key, _, place = path.partition(".")
        schema = self.fields.get(key, {})
        title = str(schema.get(keyword, key))
        index, _, column = place.partition(".")
        if not index.isdecimal():
            return title
        columns = schema.get("items", {}).get("properties", {})
        said = str(columns.get(column, {}).get(keyword, column))
        return in_row.format(table=title, row=int(index) + 1, column=said).rstrip(": ")
