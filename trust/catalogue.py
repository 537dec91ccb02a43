"""The catalogue of licence types (证照目录): what a type is called, what it says and how it is laid out.

A type is data, ``trust/types/<slug>/type.json`` beside its Typst template, read once and checked as it is read. The
keys of that file are those of :class:`LicenceType`; ``fields`` is a JSON Schema (draft 2020-12) of an object whose
properties stand in the order in which a form shows them. Beyond the standard keywords a property has ``title``
(Chinese), ``x-title-en``, where it applies ``x-unit`` and ``x-past`` (a date that cannot lie in the future), and
where it applies one of these formats of ours: ``citizen-id``, ``uscc``, ``date-or-long-term`` (a date or 长期),
``photo`` (a PNG or JPEG in base64) and ``lines`` (text that may have line breaks; all other text has none). Every
field is text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from seal import SealLevel
from trust.codes import UnifiedSocialCreditCode
from trust.errors import TypeDefinitionError, TypeUnknownError, UsccInvalidError

LONG_TERM = "长期"
"""What a licence says that has no end."""

FORMAT_NAMES = frozenset({"citizen-id", "date", "date-or-long-term", "lines", "photo", "uscc"})


@dataclass(frozen=True)
class HolderRule:
    """Which fields tell the holder (持证主体)."""

    kind: Literal["person", "body"]
    name_field: str
    code_field: str
    code_type: Literal["citizen_id", "uscc"]

    def __post_init__(self) -> None:
        if self.kind not in ("person", "body") or self.code_type not in ("citizen_id", "uscc"):
            raise ValueError("the holder is a person or a body, known by a citizen_id or a uscc")


@dataclass(frozen=True)
class ValidityRule:
    """How long a licence holds.

    ``years``: that many years from the issue date, the last day being the day before the anniversary;
    ``until_field``: as the field says, a date or 长期; ``unlimited``: 长期.
    """

    kind: Literal["years", "until_field", "unlimited"]
    years: int | None = None
    until_field: str | None = None
    from_field: str | None = None
    """Where the first day stands; without one it is the issue date."""

    def __post_init__(self) -> None:
        if self.kind not in ("years", "until_field", "unlimited"):
            raise ValueError(f"there is no validity rule {self.kind!r}")
        if (self.kind == "years") != bool(self.years):
            raise ValueError("a validity in years has to say how many, and no other does")
        if (self.kind == "until_field") != bool(self.until_field):
            raise ValueError("a validity until a field has to name the field, and no other does")


@dataclass(frozen=True)
class Agreement:
    """A field that has to say what a citizen identity number in another field says."""

    field: str
    with_field: str
    what: Literal["birth_date", "sex"]


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


@dataclass(frozen=True)
class LicenceType:
    """One type of licence (证照类型)."""

    slug: str
    """The name by which programs know it, such as ``business_licence``."""
    code: str
    """证照类型代码, 21 characters (GB/T 36904)."""
    name_zh: str
    name_en: str
    template_version: int
    """Counts up with each change of the layout; stands in every licence's data."""
    page_width_mm: float
    page_height_mm: float
    holder: HolderRule
    number_field: str
    """The field with the licence's number (证照编号)."""
    validity: ValidityRule
    seal: SealPlace
    agreements: tuple[Agreement, ...]
    schema: Mapping[str, Any]
    """JSON Schema, draft 2020-12, of the fields."""
    template: Path
    """The Typst template of the page."""
    ornament: Path
    """The Typst drawing of the page's ground, the same under every licence of the type."""

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """The schemas of the fields by key, in the order of a form."""
        properties: Mapping[str, Mapping[str, Any]] = self.schema["properties"]
        return properties

    def title_zh(self, key: str) -> str:
        """The Chinese title of a field, or the key itself when there is no such field."""
        return str(self.fields.get(key, {}).get("title", key))

    def title_en(self, key: str) -> str:
        """The English title of a field, or the key itself when there is no such field."""
        return str(self.fields.get(key, {}).get("x-title-en", key))


class Catalogue:
    """The licence types that the service knows."""

    def __init__(self, types: Mapping[str, LicenceType]) -> None:
        self._by_slug = dict(types)
        self._by_code = {each.code: each for each in types.values()}
        if len(self._by_code) != len(self._by_slug):
            raise TypeDefinitionError(slug="*", problem="two types have the same code")

    @classmethod
    def load(cls, directory: Path | None = None) -> Catalogue:
        """Read every type of a directory; without one, those that the package brings.

        :raises TypeDefinitionError: a definition is not well formed or contradicts itself.
        """
        root = directory if directory is not None else types_directory()
        return cls({path.parent.name: _read(path) for path in sorted(root.glob("*/type.json"))})

    def get(self, slug_or_code: str) -> LicenceType:
        """The type with a slug or a 21-character type code.

        :raises TypeUnknownError: there is none; the message names those that there are.
        """
        found = self._by_slug.get(slug_or_code) or self._by_code.get(slug_or_code)
        if found is None:
            raise TypeUnknownError(
                asked=slug_or_code[:40],
                known=", ".join(self._by_slug),
                known_zh="、".join(f"{each.name_zh}（{each.slug}）" for each in self),
            )
        return found

    def __iter__(self) -> Iterator[LicenceType]:
        return iter(self._by_slug.values())

    def __len__(self) -> int:
        return len(self._by_slug)


def types_directory() -> Path:
    """The directory of the types that come with the package; Typst reads templates from within it only."""
    return Path(str(files("trust"))) / "types"


def _read(path: Path) -> LicenceType:
    slug = path.parent.name
    try:
        raw = json.loads(path.read_text("utf-8"))
        found = _build(slug, path, raw)
        Draft202012Validator.check_schema(raw["fields"])
        UnifiedSocialCreditCode.parse(found.code[:18])
    except (ValueError, KeyError, TypeError, SchemaError, UsccInvalidError) as error:
        raise TypeDefinitionError(slug=slug, problem=f"{type(error).__name__}: {str(error)[:200]}") from error
    for problem in _contradictions(found):
        raise TypeDefinitionError(slug=slug, problem=problem)
    return found


def _build(slug: str, path: Path, raw: dict[str, Any]) -> LicenceType:
    name, page, holder, seal, validity = (raw[key] for key in ("name", "page", "holder", "seal", "validity"))
    return LicenceType(
        slug=slug,
        code=raw["code"],
        name_zh=name["zh"],
        name_en=name["en"],
        template_version=raw["template_version"],
        page_width_mm=page["width_mm"],
        page_height_mm=page["height_mm"],
        holder=HolderRule(**holder),
        number_field=raw["number_field"],
        validity=ValidityRule(**validity),
        seal=SealPlace(**{**seal, "level": SealLevel(seal.get("level", SealLevel.B_LTA))}),
        agreements=tuple(Agreement(**each) for each in raw.get("agreements", ())),
        schema=MappingProxyType(raw["fields"]),
        template=path.with_name("template.typ"),
        ornament=path.with_name("ornament.typ"),
    )


def _contradictions(found: LicenceType) -> Iterator[str]:
    """What a definition says that cannot be."""
    if len(found.code) != 21 or not found.code[18:].isalnum():
        yield "the code has to be an 18-character unified social credit code and 3 more characters"
    for path in (found.template, found.ornament):
        if not path.is_file():
            yield f"there is no {path.name} beside type.json"
    if found.schema.get("additionalProperties") is not False:
        yield "the schema has to refuse unknown fields (additionalProperties: false)"
    named = [found.holder.name_field, found.holder.code_field, found.number_field]
    named += [key for key in (found.validity.until_field, found.validity.from_field) if key is not None]
    named += [key for each in found.agreements for key in (each.field, each.with_field)]
    for key in named:
        if key not in found.fields:
            yield f"the field {key!r} is named but not defined"
        elif key not in found.schema.get("required", ()):
            yield f"the field {key!r} has to be required, since the licence rests on it"
    for key, schema in found.fields.items():
        yield from (f"the field {key!r} {problem}" for problem in _contradictions_of_a_field(schema))
    radius = found.seal.diameter_mm / 2
    if not (
        radius <= found.seal.x_mm <= found.page_width_mm - radius
        and radius <= found.seal.y_mm <= found.page_height_mm - radius
    ):
        yield "the seal does not lie on the page"


def _contradictions_of_a_field(schema: Mapping[str, Any]) -> Iterator[str]:
    if "title" not in schema or "x-title-en" not in schema:
        yield "has no title in both languages"
    if schema.get("type") != "string":
        yield "is not text"
    if schema.get("format", "lines") not in FORMAT_NAMES:
        yield f"has a format that is not known: {schema['format']!r}"
    if schema.get("x-past") and schema.get("format") != "date":
        yield "is said to lie in the past but is not a date"
