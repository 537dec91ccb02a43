"""Requests before they are sent and answers before they are read, the same for threads and for asyncio."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx2

from yinzheng.answers import Case, HolderCode, ServiceError

NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class Call:
    """One request, before it is sent by either client."""

    method: str
    path: str
    json: Any = None
    content: bytes | None = None
    content_type: str = "application/json"
    params: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, token: str | None) -> dict[str, Any]:
        headers = {"Content-Type": self.content_type} if self.content is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = {"json": self.json} if self.json is not None else {"content": self.content}
        return {"method": self.method, "url": self.path, "params": dict(self.params), "headers": headers, **body}


def pdf(case: Case, data: bytes) -> Call:
    return Call("POST", "/v1/checks/pdf", content=data, content_type="application/pdf", params=case.to_json())


def identifier(
    case: Case,
    identifier: str,
    holder: str,
    questions: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    consent: str | None,
) -> Call:
    asked = {"questions": list(questions), "fields": list(fields), "consent": consent}
    body = {**case.to_json(), "identifier": identifier, "holder": holder, **asked}
    return Call("POST", "/v1/checks/identifier", json=body)


def presentation(case: Case, token: str, questions: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> Call:
    body = {**case.to_json(), "token": token, "questions": list(questions), "fields": list(fields)}
    return Call("POST", "/v1/checks/presentation", json=body)


def materials(
    case: Case, application: Mapping[str, str], consents: Sequence[str], applicant: HolderCode | None
) -> Call:
    body = {**case.to_json(), "application": dict(application), "consents": list(consents)}
    if applicant is not None:
        body["applicant"] = applicant.to_json()
    return Call("POST", "/v1/checks/materials", json=body)


def many(case: Case, checks: Iterable[tuple[str, str]]) -> Call:
    listed = [{"identifier": identifier, "holder": holder} for identifier, holder in checks]
    return Call("POST", "/v1/checks/identifiers", json={**case.to_json(), "checks": listed})


def query(case: Case, holder: HolderCode, consents: Sequence[str], licence_type: str | None) -> Call:
    asked = {"holder": holder.to_json(), "consents": list(consents), "licence_type": licence_type}
    return Call("POST", "/v1/sharing/query", json={**case.to_json(), **asked})


def obtain(case: Case, identifier: str, holder: str, fields: Sequence[str], consent: str | None) -> Call:
    asked = {"identifier": identifier, "holder": holder, "fields": list(fields), "consent": consent}
    return Call("POST", "/v1/sharing/obtain", json={**case.to_json(), **asked})


def watch(identifier: str, until: date) -> Call:
    return Call("PUT", f"/v1/watches/{quote(identifier, safe='')}", json={"until": until.isoformat()})


def unwatch(identifier: str) -> Call:
    return Call("DELETE", f"/v1/watches/{quote(identifier, safe='')}")


def say_wrong(identifier: str, text: str, field: str | None) -> Call:
    return Call("POST", "/v1/feedback", json={"identifier": identifier, "field": field, "text": text})


def feedback() -> Call:
    return Call("GET", "/v1/feedback")


def receipt(receipt: str) -> Call:
    return Call("POST", "/v1/receipts/verify", json={"receipt": receipt})


def line(check: tuple[str, str]) -> bytes:
    return json.dumps({"identifier": check[0], "holder": check[1]}, ensure_ascii=False).encode() + b"\n"


def answer(response: httpx2.Response) -> Any:
    """:raises ServiceError: the service said no."""
    if response.status_code < 400:
        return response.json() if response.content else None
    try:
        body = response.json()
    except ValueError:
        body = {}
    wait = response.headers.get("retry-after", "")
    raise ServiceError(
        response.status_code,
        body.get("code", "unknown"),
        body.get("message_zh", ""),
        body.get("message_en", f"HTTP {response.status_code}"),
        int(wait) if wait.isdecimal() else None,
    )
