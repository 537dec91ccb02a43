"""Who checks, and what for: a department's client with its permissions, the service item, the case (办件)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Self

from verify.check_errors import CaseNumberInvalidError, ServiceItemRefusedError
from verify.requirements import licences_in
from verify.service_items import ServiceItem

FindItem = Callable[[str], ServiceItem | None]
"""The newest version of a service item; None where there is none."""

_LONGEST_CASE_NUMBER = 64


@dataclass(frozen=True)
class Caller:
    """A department's client, or an officer, and what it may ask for. None: without limit."""

    client_id: str
    """Of the client; the reference of an officer."""
    body_code: str
    """Unified social credit code."""
    licence_types: frozenset[str] | None = None
    service_items: frozenset[str] | None = None
    fields: frozenset[str] = frozenset()
    """``type.field`` or ``type.*``."""
    kind: Literal["client", "officer"] = "client"

    @classmethod
    def of_officer(cls, reference: str, body_code: str, items: Iterable[ServiceItem]) -> Self:
        """An officer, who may name the items that the body is in charge of, and see what these ask for: no more.

        :param items: all that there are.
        """
        own = [each for each in items if each.body_code == body_code]
        needed = {(slug, field) for each in own for slug, fields in each.fields.items() for field in fields}
        asked = {
            wanted.type_slug for each in own for part in each.materials for wanted in licences_in(part.requirement)
        }
        questioned = {slug for each in own for slug in each.questions}
        return cls(
            reference,
            body_code,
            licence_types=frozenset({slug for slug, _ in needed} | asked | questioned),
            service_items=frozenset(each.code for each in own),
            fields=frozenset(f"{slug}.{field}" for slug, field in needed),
            kind="officer",
        )

    @property
    def actor(self) -> str:
        """Who checked, for records."""
        return f"{self.kind}:{self.client_id}"

    def may_check(self, type_slug: str) -> bool:
        """Whether licences of a type exist for it."""
        return self.licence_types is None or type_slug in self.licence_types

    def may_know(self, type_slug: str, field: str) -> bool:
        """Whether it may be told a field."""
        return self.may_check(type_slug) and not self.fields.isdisjoint({f"{type_slug}.{field}", f"{type_slug}.*"})


@dataclass(frozen=True)
class Occasion:
    """What a check is made for."""

    caller: Caller
    item: ServiceItem
    case_number: str
    """办件编号."""


def occasion(find: FindItem, caller: Caller, item_code: str, case_number: str) -> Occasion:
    """What a check is to be made for, once it is found to be allowed.

    :raises ServiceItemRefusedError: there is no such item, or the caller may not name it.
    :raises CaseNumberInvalidError: the number of the case is not one.
    """
    if not 1 <= len(case_number) <= _LONGEST_CASE_NUMBER or any(
        unicodedata.category(char)[0] in "CZ" for char in case_number
    ):
        raise CaseNumberInvalidError
    return Occasion(caller, permitted_item(find, caller, item_code), case_number)


def permitted_item(find: FindItem, caller: Caller, code: str) -> ServiceItem:
    """A service item that a caller may name.

    :raises ServiceItemRefusedError: there is none, or it may not.
    """
    item = find(code)
    if item is None or (caller.service_items is not None and item.code not in caller.service_items):
        raise ServiceItemRefusedError
    return item
