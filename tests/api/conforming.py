"""Holds the API to its own OpenAPI document: schemathesis judges."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
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


def hold_to_its_description(app: Any, headers: dict[str, str], *, paths: str = "") -> None:
    """Call each operation whose path fits, with whatever comes to mind, as the caller that the headers name."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for operation in (each.ok() for each in schema.include(path_regex=paths).get_all_operations()):

        @settings(
            max_examples=12,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def exercise(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        exercise()
