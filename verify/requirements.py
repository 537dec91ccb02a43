"""What a service item asks of a licence (材料要求): a tree of any-of and all-of over licence types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_DEEPEST: Final = 8
_MOST: Final = 50


class Mode(StrEnum):
    """How a group of requirements is met."""

    ANY_OF = "any_of"
    ALL_OF = "all_of"


@dataclass(frozen=True)
class LicenceRequirement:
    """One licence of a type."""

    type_slug: str
    matches: Mapping[str, str]
    """Fields of the licence by fields of the application that they have to agree with."""
    valid_on: str | None = None
    """The application's field with the date on which it has to hold; today where it is None."""


@dataclass(frozen=True)
class RequirementGroup:
    """Several requirements of which one, or all, have to be met."""

    mode: Mode
    parts: tuple[Requirement, ...]


Requirement = LicenceRequirement | RequirementGroup


def read_requirement(raw: Any, *, depth: int = 0) -> Requirement:
    """Read a requirement from JSON: ``{"any_of": [...]}``, ``{"all_of": [...]}`` or
    ``{"type": ..., "matches": {...}, "valid_on": ...}``.

    :raises ValueError: it is none.
    """
    if not isinstance(raw, dict) or depth > _DEEPEST:
        raise ValueError("a requirement is an object, nested at most eight deep")
    for mode in Mode:
        if mode in raw:
            parts = raw[mode]
            if len(raw) != 1 or not isinstance(parts, list) or not 1 <= len(parts) <= _MOST:
                raise ValueError(f"{mode.value} has a list of 1 to {_MOST} requirements and stands alone")
            return RequirementGroup(mode, tuple(read_requirement(each, depth=depth + 1) for each in parts))
    matches, valid_on = raw.get("matches", {}), raw.get("valid_on")
    if not raw.keys() <= {"type", "matches", "valid_on"} or not isinstance(raw.get("type"), str):
        raise ValueError("a requirement has any_of, all_of or type")
    if not isinstance(matches, dict) or not all(isinstance(each, str) for pair in matches.items() for each in pair):
        raise ValueError("matches maps fields of the licence to fields of the application")
    if valid_on is not None and not isinstance(valid_on, str):
        raise ValueError("valid_on names a field of the application")
    return LicenceRequirement(raw["type"], matches, valid_on)


def licences_in(requirement: Requirement) -> Iterator[LicenceRequirement]:
    """Every requirement of one licence in a tree."""
    if isinstance(requirement, LicenceRequirement):
        yield requirement
    else:
        for part in requirement.parts:
            yield from licences_in(part)
