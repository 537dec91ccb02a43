"""Holds the API to its own OpenAPI document: schemathesis judges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer(
    "application/pdf",
    "application/timestamp-query",
    "application/ocsp-request",
    "application/x-ndjson",
    "application/zip",
)
def raw_bytes(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Sends bodies that are not JSON as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


def operations_of(app: Any, *, paths: str = "") -> Iterator[APIOperation]:
    """The operations of an application's document whose path fits."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    yield from (each.ok() for each in schema.include(path_regex=paths).get_all_operations())


def exercise(
    operation: APIOperation, headers: Mapping[str, str], *, examples: int, known: Mapping[str, str] | None = None
) -> set[int]:
    """Call an operation with whatever comes to mind, and tell with which statuses it answered.

    :param known: what the parameters of the path are in these calls; whatever comes to mind where left out.
    """
    seen: set[int] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def call(case: schemathesis.Case) -> None:
        if known:
            case.path_parameters = {**(case.path_parameters or {}), **known}
        seen.add(case.call_and_validate(headers=dict(headers), checks=CHECKS).status_code)

    call()
    return seen


def hold_to_its_description(app: Any, headers: dict[str, str], *, paths: str = "") -> None:
    """Call each operation whose path fits, as the caller that the headers name."""
    for operation in operations_of(app, paths=paths):
        exercise(operation, headers, examples=12)


def filled(path: str, known: Mapping[str, str]) -> str:
    """A path with its parameters: what is known of them, 1 for the others."""
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), path)
