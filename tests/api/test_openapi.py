"""The API holds to its own OpenAPI document, whatever is sent: schemathesis judges."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import Front

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/pdf", "application/timestamp-query", "application/ocsp-request")
def raw_bytes(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Sends bodies that are not JSON as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.parametrize("role", ["issuer", "holder", "checker"])
def test_no_answer_is_undocumented_and_none_is_a_server_error(front: Front, role: str) -> None:
    front.house.services.settings.token_rate = "100000/minute"
    front.house.services.settings.check_rate = "100000/minute"
    headers = {"issuer": front.issuer, "holder": front.holder, "checker": front.checker}[role]
    schema = schemathesis.openapi.from_asgi("/openapi.json", front.http.app)
    for operation in (each.ok() for each in schema.get_all_operations()):

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
