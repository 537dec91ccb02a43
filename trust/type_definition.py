"""How a licence type is written down: ``type.json``, read and checked as a whole.

The keys are ``code``, ``name`` (``zh``, ``en``), ``holder``, ``number_field``, ``validity``, ``fields``, and for a type
that is issued ``page`` (``width_mm``, ``height_mm``, ``most_pages``) and ``seal``; where they apply ``issuers``
(``codes``, ``regions``), ``agreements``, ``shown``, and ``"use": "reference"`` for a type that is only referred to.
They mean what :mod:`trust.licence_type` says. No text of GB/T 36903 was at hand; see
:data:`trust.content.METADATA_TITLES`.

``fields`` is a JSON Schema (draft 2020-12) of an object whose properties stand in the order in which a form shows them.
A field is text, or a table: an array of objects whose properties are text. Beyond the standard keywords a property has
``title`` (Chinese), ``x-title-en``, where it applies ``x-unit`` (what it counts, as it stands behind the value),
``x-past`` (a date that cannot lie in the future), ``examples`` (the first is the sample of a preview), and where it
applies one of these formats of ours: ``citizen-id``, ``uscc``, ``holder-code`` (either of them), ``date-or-long-term``
(a date or 长期), ``photo`` (an upright PNG or JPEG in base64), ``photo-wide`` (of two people) and
``lines`` (text that may have line breaks; all other text has none).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from seal import SealLevel, SignatureProfile
from seal.errors import RegionCodeError
from seal.regions import level_of
from trust.codes import UnifiedSocialCreditCode
from trust.errors import TypeDefinitionError, UsccInvalidError
from trust.licence_type import (
    Agreement,
    CoSeal,
    HolderFields,
    HolderRule,
    IssuerRule,
    Layout,
    LicenceType,
    SealPlace,
    TypeOrigin,
    TypeState,
    ValidityRule,
)
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.type_package import DEFINITION, ORNAMENT, TEMPLATE, TypePackage

FORMAT_NAMES = frozenset({"citizen-id", "date", "date-or-long-term", "holder-code", "lines", "uscc"}) | PHOTOGRAPHS
MAX_ROWS = 2000
"""The most rows that a table may allow."""
MAX_PAGES = 60

_KEYS = frozenset(
    {
        "code",
        "name",
        "use",
        "page",
        "holder",
        "number_field",
        "shown",
        "validity",
        "seal",
        "co_seals",
        "issuers",
        "agreements",
        "fields",
    }
)
_SLUG = re.compile(r"[a-z][a-z0-9_]{1,62}[a-z0-9]")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MM = (20, 900)
_MAX_VARYING = 3
_MOST_CO_SEALS = 4
_MOST_SHOWN = 3
_LONGEST_SHOWN = 80


def read_type(
    slug: str,
    package: TypePackage,
    *,
    version: int = 1,
    state: TypeState = TypeState.PUBLISHED,
    origin: TypeOrigin = TypeOrigin.PACKAGE,
) -> LicenceType:
    """The type that a package describes.

    :raises TypePackageError: ``type.json`` is not a JSON object.
    :raises TypeDefinitionError: it is not of the form above.
    """
    raw = package.definition
    try:
        return _build(slug, package, raw, version, state, origin)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TypeDefinitionError(slug=slug, problem=f"{type(error).__name__}: {str(error)[:200]}") from error


def check_definition(found: LicenceType, package: TypePackage) -> None:
    """Make sure that a definition does not contradict itself, before licences rest on it.

    :raises TypeDefinitionError: it does; the first contradiction is told.
    """
    try:
        Draft202012Validator.check_schema(dict(found.schema))
        UnifiedSocialCreditCode.parse(found.code[:18])
        for problem in _contradictions(found, package):
            raise TypeDefinitionError(slug=found.slug, problem=problem)
    except (SchemaError, UsccInvalidError, RegionCodeError, re.error, KeyError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {str(error)[:200]}"
        raise TypeDefinitionError(slug=found.slug, problem=problem) from error


def _build(
    slug: str, package: TypePackage, raw: Mapping[str, Any], version: int, state: TypeState, origin: TypeOrigin
) -> LicenceType:
    if unknown := sorted(set(raw) - _KEYS):
        raise ValueError(f"there is no key {unknown[0]!r}")
    if raw.get("use") not in (None, "reference"):
        raise ValueError("the only use that can be named is reference")
    validity = dict(raw["validity"])
    if "until" in validity:
        validity["until"] = date.fromisoformat(validity["until"])
    holder = dict(raw["holder"])
    further = tuple(HolderFields(**each) for each in holder.pop("further", ()))
    issuers = raw.get("issuers", {})
    return LicenceType(
        slug=slug,
        version=version,
        state=state,
        origin=origin,
        digest=package.digest,
        code=raw["code"],
        name_zh=raw["name"]["zh"],
        name_en=raw["name"]["en"],
        holder=HolderRule(**holder, further=further),
        number_field=raw["number_field"],
        shown=tuple(raw.get("shown", ())),
        validity=ValidityRule(**validity),
        issuers=IssuerRule(**{key: tuple(codes) for key, codes in issuers.items()}),
        agreements=tuple(Agreement(**each) for each in raw.get("agreements", ())),
        schema=raw["fields"],
        layout=_layout(package, raw) if raw.get("use") is None else None,
    )


def _layout(package: TypePackage, raw: Mapping[str, Any]) -> Layout:
    seal, page = raw["seal"], raw["page"]
    return Layout(
        width_mm=page["width_mm"],
        height_mm=page["height_mm"],
        most_pages=page.get("most_pages", 1),
        seal=SealPlace(
            **{
                **seal,
                "level": SealLevel(seal.get("level", SealLevel.B_LTA)),
                "signatures": SignatureProfile(seal.get("signatures", SignatureProfile.INTERNATIONAL)),
            }
        ),
        co_seals=tuple(CoSeal(**each) for each in raw.get("co_seals", ())),
        files={path: data for path, data in package.files.items() if path != DEFINITION},
    )


def _contradictions(found: LicenceType, package: TypePackage) -> Iterator[str]:
    """What a definition says that cannot be."""
    if not _SLUG.fullmatch(found.slug):
        yield "the name has to be 3 to 64 small letters, digits and underscores"
    if not all(isinstance(name, str) and 0 < len(name) <= 80 for name in (found.name_zh, found.name_en)):
        yield "the name has to have 1 to 80 characters in each language"
    if len(found.code) != 21 or not re.fullmatch("[0-9A-Z]{3}", found.code[18:]):
        yield "the code has to be an 18-character unified social credit code and 3 more characters"
    for code in found.issuers.codes:
        UnifiedSocialCreditCode.parse(code)
    for region in found.issuers.regions:
        level_of(region)
    yield from _contradictions_of_the_schema(found)
    if found.layout is not None:
        yield from _contradictions_of_the_layout(found.layout, package)
    elif TEMPLATE in package.files:
        yield "a type that is only referred to has no template"


def _contradictions_of_the_layout(layout: Layout, package: TypePackage) -> Iterator[str]:
    for path in (TEMPLATE, ORNAMENT):
        if path not in package.files:
            yield f"there is no {path} beside {DEFINITION}"
    if not all(_MM[0] <= side <= _MM[1] for side in (layout.width_mm, layout.height_mm)):
        yield f"a side of the page has to measure {_MM[0]} to {_MM[1]} mm"
    if not 1 <= layout.most_pages <= MAX_PAGES:
        yield f"a licence has 1 to {MAX_PAGES} pages"
    places: tuple[SealPlace | CoSeal, ...] = (layout.seal, *layout.co_seals)
    for place in places:
        radius = place.diameter_mm / 2
        if not (
            1 <= place.page <= layout.most_pages
            and radius <= place.x_mm <= layout.width_mm - radius
            and radius <= place.y_mm <= layout.height_mm - radius
        ):
            yield "a seal does not lie on the page"
    yield from _contradictions_of_co_seals(layout)


def _contradictions_of_co_seals(layout: Layout) -> Iterator[str]:
    issuers = [UnifiedSocialCreditCode.parse(each.issuer).number for each in layout.co_seals]
    if len(set(issuers)) < len(issuers) or len(issuers) > _MOST_CO_SEALS:
        yield f"at most {_MOST_CO_SEALS} other departments seal a licence, each once"
    if issuers and layout.seal.signatures is not SignatureProfile.INTERNATIONAL:
        yield "a licence that several departments seal has international signatures alone"
    if issuers and layout.seal.level is SealLevel.B_B:
        yield "a licence that several departments seal has time stamps"


def _contradictions_of_the_schema(found: LicenceType) -> Iterator[str]:
    for key, schema in found.fields.items():
        yield from (f"the field {key!r} {problem}" for problem in _contradictions_of_a_field(key, schema))
    yield from _contradictions_of_an_object(found.schema)
    for key in _resting_on(found):
        if key not in found.fields:
            yield f"the field {key!r} is named but not defined"
        elif key not in found.schema.get("required", ()):
            yield f"the field {key!r} has to be required, since the licence rests on it"
    yield from _contradictions_of_what_is_shown(found)
    for each in found.holder.further:
        for one, other in ((each.name_field, each.code_field), (each.code_field, each.name_field)):
            together = {*found.schema.get("dependentRequired", {}).get(one, ()), *found.schema.get("required", ())}
            if one not in found.fields or other not in together:
                yield f"the fields {one!r} and {other!r} have to be required, or each where the other is given"
    if (table := found.holder.table) is not None and table in found.fields:
        columns = found.fields[table].get("items", {})
        for key in (found.holder.name_field, found.holder.code_field):
            if key not in columns.get("required", ()):
                yield f"the column {key!r} of {table!r} has to be required, since it names a holder"


def _contradictions_of_what_is_shown(found: LicenceType) -> Iterator[str]:
    if len(set(found.shown)) < len(found.shown) or len(found.shown) > _MOST_SHOWN:
        yield f"at most {_MOST_SHOWN} fields are shown offline, each once"
    for key in found.shown:
        schema = found.fields.get(key, {})
        short = "enum" in schema or "pattern" in schema or schema.get("maxLength", _LONGEST_SHOWN + 1) <= _LONGEST_SHOWN
        if schema.get("format") != "date" and ("format" in schema or schema.get("type") != "string" or not short):
            yield f"the field {key!r} is shown offline, so it has to be a date or a line of {_LONGEST_SHOWN} characters"


def _resting_on(found: LicenceType) -> list[str]:
    """The fields that the licence cannot be without."""
    holder = found.holder
    named = [found.number_field, *(key for each in found.agreements for key in (each.field, each.with_field))]
    named += [key for key in (found.validity.until_field, found.validity.from_field) if key is not None]
    if holder.table is not None:
        named.append(holder.table)
    else:
        named += [holder.name_field, holder.code_field]
    return named


def _contradictions_of_an_object(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield "the schema has to refuse unknown fields (additionalProperties: false)"
    for key in schema.get("required", ()):
        if key not in schema["properties"]:
            yield f"the field {key!r} is required but not defined"


def _contradictions_of_a_field(key: str, schema: Mapping[str, Any], *, column: bool = False) -> Iterator[str]:
    if not _FIELD.fullmatch(key):
        yield "has to be named in small letters, digits and underscores"
    if "title" not in schema or "x-title-en" not in schema:
        yield "has no title in both languages"
    if schema.get("type") == "array" and not column:
        yield from _contradictions_of_a_table(schema)
        return
    if schema.get("type") != "string":
        yield "is not text"
    if schema.get("format", "lines") not in FORMAT_NAMES:
        yield f"has a format that is not known: {schema['format']!r}"
    if column and schema.get("format") in PHOTOGRAPHS | {"lines"}:
        yield "cannot be a picture or have line breaks in a table"
    if schema.get("x-past") and schema.get("format") != "date":
        yield "is said to lie in the past but is not a date"
    if "pattern" in schema and not schema.get("examples"):
        yield "has a pattern, and therefore needs an example"
    if "pattern" in schema and not _is_quick(schema["pattern"]):
        yield "has a pattern that can take long: repeat single characters only, up to a number that is given"


def _contradictions_of_a_table(schema: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= schema.get("maxItems", 0) <= MAX_ROWS:
        yield f"has to say how many rows it may have (maxItems, at most {MAX_ROWS})"
    yield from _contradictions_of_an_object(schema["items"])
    for column, each in schema["items"]["properties"].items():
        yield from (
            f"has a column {column!r} that {problem}"
            for problem in _contradictions_of_a_field(column, each, column=True)
        )


def _is_quick(pattern: str) -> bool:
    """Whether a pattern is done with any text in a bounded time: no group is repeated, nothing without end, and few
    parts a number of times that varies.
    """
    re.compile(pattern)
    plain = re.sub(r"\[[^\]]*\]", "x", re.sub(r"\\.", "x", pattern))
    endless = re.search(r"[*+]|\{[0-9]*,\}|\)\{|\(\?(?!:)", plain)
    return endless is None and len(re.findall(r"\?(?!:)|\{[0-9]*,[0-9]+\}", plain)) <= _MAX_VARYING
