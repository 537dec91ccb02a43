"""HEAD on public documents, over a real server: a wrong length would leave the connection unusable."""

from __future__ import annotations

import logging
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.live import Live


def test_head_answers_as_get_does_without_the_body(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="yinzheng")
    live.house.issue()
    serial = f"{live.house.services.keys.authority.issuing.serial_number:x}"
    documents = (
        "/pki/root.pem",
        "/pki/root.crt",
        "/pki/anchors.pem",
        "/pki/issuing.pem",
        f"/pki/authorities/{serial}.crt",
        f"/pki/authorities/{serial}.crl",
        "/status",
        "/status/1",
        "/log/checkpoint",
        "/log/key",
        "/.well-known/jwks.json",
        "/.well-known/receipt-jwks.json",
        "/pki/authorities/1.crl",
        "/status/999",
    )
    connection = HTTPConnection(urlsplit(live.url).netloc)
    for path in documents:
        answers = []
        for method in ("GET", "HEAD"):
            connection.request(method, path)
            answer = connection.getresponse()
            kept = ("content-type", "content-length", "cache-control", "etag", "content-security-policy")
            answers.append((answer.status, {name: answer.headers[name] for name in kept}))
            body = answer.read()
            assert bool(body) is (method == "GET"), (method, path)
        assert answers[0] == answers[1], path
    tag = tag_of(connection, f"/pki/authorities/{serial}.crl")
    connection.request("HEAD", f"/pki/authorities/{serial}.crl", headers={"If-None-Match": tag})
    assert connection.getresponse().status == 304
    connection.close()
    logged = [record.fields for record in caplog.records if getattr(record, "fields", {}).get("method") == "HEAD"]
    assert "/pki/authorities/{serial}.crl" in {each["route"] for each in logged}


def tag_of(connection: HTTPConnection, path: str) -> str:
    connection.request("HEAD", path)
    answer = connection.getresponse()
    answer.read()
    return answer.headers["ETag"]


def test_head_elsewhere_would_count_as_a_look_and_is_refused(live: Live) -> None:
    connection = HTTPConnection(urlsplit(live.url).netloc)
    connection.request("HEAD", "/c/1.2.156.3005.2.x")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["cache-control"]) == (405, "no-store")
    connection.close()
