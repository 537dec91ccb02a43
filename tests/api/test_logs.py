"""What is logged: lines of JSON with request ids, and nothing about people."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from api import logs
from api.errors import FileUnreadableError
from store.database import Database, DatabaseUnavailableError
from tests.api.conftest import Front

OURS = "3f2504e04f8911d39a0c0305e82c3301"


class Written(io.StringIO):
    """What was logged."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def text(self) -> str:
        return json.dumps(self.lines(), ensure_ascii=False)

    def answered(self) -> dict[str, Any]:
        (line,) = (line for line in self.lines() if line["message"] == "answered")
        return line


@pytest.fixture
def written() -> Iterator[Written]:
    root, stream = logging.getLogger(), Written()
    handlers, level = list(root.handlers), root.level
    logs.configure(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_request_is_logged_by_its_route_and_id_without_its_values(shared: Front, written: Written) -> None:
    path = f"/v1/licences/{shared.licence.identifier}"
    answer = shared.http.get(path, params={"name": "李四"}, headers=shared.issuer)
    assert answer.status_code == 200
    line = written.answered()
    assert line["request"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/licences/{identifier}", 200)
    assert line["milliseconds"] > 0
    assert str(shared.licence.identifier) not in written.text()
    assert "李四" not in written.text()


@pytest.mark.parametrize("given", [OURS, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"])
def test_the_callers_request_id_is_taken_over(shared: Front, written: Written, given: str) -> None:
    answer = shared.http.get("/v1/wallet/licences", headers={**shared.holder, "X-Request-Id": given})
    assert answer.headers.get_list("x-request-id") == [given]
    assert written.answered()["request"] == given


@pytest.mark.parametrize(
    "given", ["37020219900307451X", "张三", 'x"}\r\n{"level":"error', "a" * 10_000, "", OURS.upper(), f"{OURS}\t"]
)
def test_what_could_be_a_number_or_a_line_of_its_own_is_not(shared: Front, written: Written, given: str) -> None:
    headers = [(b"x-request-id", given.encode())]
    answer = shared.http.get("/healthz", headers=headers)
    assert answer.headers["x-request-id"] != given
    line = written.answered()
    assert line["request"] == answer.headers["x-request-id"]
    assert len(line["request"]) == 32
    assert not given or given not in written.text()


def test_two_request_ids_are_none(shared: Front) -> None:
    headers = [(b"x-request-id", OURS.encode()), (b"x-request-id", (OURS[::-1]).encode())]
    assert shared.http.get("/healthz", headers=headers).headers["x-request-id"] not in {OURS, OURS[::-1]}


def test_what_is_logged_in_a_thread_of_a_request_has_its_id(
    shared: Front, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.house.services.database, "ping", fail_to_connect)
    answer = shared.http.get("/readyz", headers={"X-Request-Id": OURS})
    assert answer.status_code == 503
    (line,) = (line for line in written.lines() if line["level"] == "warning")
    assert line["request"] == OURS
    assert "store.database_unavailable" in line["message"]


def fail_to_connect() -> None:
    raise DatabaseUnavailableError


def test_an_unforeseen_error_tells_places_and_no_words_and_keeps_the_headers(
    shared: Front, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            _ = {}["37020219900307451X"]
        except KeyError as error:
            raise RuntimeError("no page for 张三") from error

    monkeypatch.setattr(shared.house.services.wallets, "entries", fail)
    answer = shared.http.get("/v1/wallet/licences", headers={**shared.holder, "X-Request-Id": OURS})
    assert answer.status_code == 500
    assert answer.json()["code"] == "api.internal"
    assert answer.headers["x-request-id"] == OURS
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    (line,) = (line for line in written.lines() if line["message"] == "the request failed")
    assert line["request"] == OURS
    assert [each["type"] for each in line["exceptions"]] == ["builtins.RuntimeError", "builtins.KeyError"]
    assert any(place.startswith("api/routers/holder.py:") for place in line["exceptions"][0]["where"])
    assert "张三" not in written.text()
    assert "37020219900307451X" not in written.text()


def test_errors_of_the_database_keep_the_row_to_themselves(database: Database, written: Written) -> None:
    name = "欧阳初晴"
    with database.engine.begin() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE people (name text UNIQUE)"))
        put = sa.text("INSERT INTO people VALUES (:name)")
        connection.execute(put, {"name": name})
        with pytest.raises(IntegrityError) as caught:
            connection.execute(put, {"name": name})
    logging.getLogger("yinzheng.test").error("no row", exc_info=caught.value)
    (line,) = written.lines()
    assert line["exceptions"][0]["type"] == "sqlalchemy.exc.IntegrityError"
    assert name not in written.text()


def test_a_known_error_is_told_by_its_code(written: Written) -> None:
    error = FileUnreadableError(path="张三", problem="gone")
    logging.getLogger("yinzheng.test").error("line\nbreak \u2028 and \x1b[31m", exc_info=error)
    (line,) = written.lines()
    assert line["exceptions"][0]["code"] == FileUnreadableError.code
    assert "张三" not in written.text()
    assert written.getvalue().isascii()
    assert len(written.getvalue().splitlines()) == 1
