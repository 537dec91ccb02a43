"""Health, problems and the OpenAPI document."""

from __future__ import annotations

from pydantic import SecretStr

from api.problems import all_errors
from tests.api.conftest import Front


def test_alive_and_ready(front: Front) -> None:
    assert front.http.get("/healthz").json() == {"status": "ok"}
    assert front.http.get("/readyz").json() == {"status": "ready", "missing": []}


def test_a_lost_database_shows_in_readiness_and_as_503(front: Front) -> None:
    engine = front.house.services.database.engine
    engine.dispose()
    front.house.services.database.__init__(  # type: ignore[misc]  # the server moves away under the process
        SecretStr("postgresql://nobody@127.0.0.1:1/none").get_secret_value()
    )
    answer = front.http.get("/readyz")
    assert answer.status_code == 503
    assert "database" in answer.json()["missing"]
    answer = front.http.get("/v1/wallet/licences", headers=front.holder)
    assert (answer.status_code, answer.json()["code"]) == (503, "store.database_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_unknown_addresses_and_methods_are_problems_too(front: Front) -> None:
    answer = front.http.get("/nope")
    assert (answer.status_code, answer.json()["code"]) == (404, "api.path_unknown")
    answer = front.http.delete("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (405, "api.method_not_allowed")
    assert "allow" in answer.headers


def test_the_type_of_a_problem_leads_to_a_page_about_it(front: Front) -> None:
    page = front.http.get(front.http.get("/nope").json()["type"])
    assert page.status_code == 200
    assert "没有这个地址" in page.text


def test_every_error_has_a_code_of_its_package_and_both_languages() -> None:
    errors = all_errors()
    assert len(errors) > 40
    for code, error in errors.items():
        assert code.count(".") == 1, code
        assert error.zh
        assert error.en
        assert error.kind


def test_the_language_of_the_detail_is_the_readers(front: Front) -> None:
    assert "没有" in front.http.get("/nope").json()["detail"]
    assert "nothing" in front.http.get("/nope", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()["detail"]


def test_the_openapi_document_describes_problems_and_gives_examples(front: Front) -> None:
    document = front.http.get("/openapi.json").json()
    assert "Problem" in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation.get("description"), (method, path)
    assert document["components"]["schemas"]["IssueRequest"]["properties"]["type"]["examples"]
