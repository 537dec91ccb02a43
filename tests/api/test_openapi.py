"""The API holds to its own OpenAPI document, whatever is sent: schemathesis judges."""

from __future__ import annotations

import pytest

from tests.api.conforming import hold_to_its_description
from tests.api.conftest import Front


@pytest.mark.parametrize("role", ["issuer", "holder", "checker"])
def test_no_answer_is_undocumented_and_none_is_a_server_error(front: Front, role: str) -> None:
    front.house.services.settings.token_rate = "100000/minute"
    front.house.services.settings.check_rate = "100000/minute"
    headers = {"issuer": front.issuer, "holder": front.holder, "checker": front.checker}[role]
    hold_to_its_description(front.http.app, headers)
