"""A client for departments' systems: ``from api.client import Yinzheng`` (or ``AsyncYinzheng``).

Needs ``httpx2`` (``pip install 'yinzheng[client]'``). Tokens are fetched when needed and kept until they end; a client
with a key of its own makes a new assertion for each (RFC 7523). Checks are not repeated by themselves: a presentation
is good for once.

    with Yinzheng("https://licences.example", Credentials("my-checker", secret=secret)) as city:
        case = Case("370200-0131-001", "2026-11-0001")
        if city.check_identifier(case, identifier, holder).passed: ...
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import httpx2
from jose import jwt

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SPARE_SECONDS = 30.0
_NDJSON = "application/x-ndjson"


class ServiceError(Exception):
    """The service refused or could not answer (problem details, RFC 9457)."""

    def __init__(self, status: int, code: str, message_zh: str, message_en: str, retry_after: int | None) -> None:
        super().__init__(f"{code}: {message_en}")
        self.status = status
        self.code = code
        """Stable; switch on it."""
        self.message_zh = message_zh
        self.message_en = message_en
        self.retry_after = retry_after
        """Seconds to wait, where the service says."""


@dataclass(frozen=True)
class Credentials:
    """How the client proves who it is: a secret, or the PEM of a P-256 key with the id under which it is registered."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    key_pem: str | None = field(default=None, repr=False)
    key_id: str | None = None

    def form(self, token_endpoint: str) -> dict[str, str]:
        """What is sent to the token endpoint.

        :raises ValueError: there is neither a secret nor a key with its id.
        """
        form = {"grant_type": "client_credentials", "client_id": self.client_id}
        if self.key_pem is not None and self.key_id is not None:
            claims = {
                "iss": self.client_id,
                "sub": self.client_id,
                "aud": token_endpoint,
                "jti": secrets.token_urlsafe(16),
                "exp": int(time.time()) + 240,
            }
            made = jwt.encode(claims, self.key_pem, algorithm="ES256", headers={"kid": self.key_id})
            return {**form, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": made}
        if self.secret is None:
            raise ValueError("give a secret, or a key and its id")
        return {**form, "client_secret": self.secret}


@dataclass(frozen=True)
class Case:
    """What a check is for."""

    service_item: str
    case_number: str

    def to_json(self) -> dict[str, str]:
        """As requests name it."""
        return {"service_item": self.service_item, "case_number": self.case_number}


@dataclass(frozen=True)
class CheckResult:
    """The answer to a check, whatever was checked."""

    verdict: str
    reason_codes: tuple[str, ...]
    licence: Mapping[str, Any] | None
    fields: Mapping[str, Any]
    answers: tuple[bool | None, ...]
    """To the questions, in their order."""
    materials: Mapping[str, str]
    """The outcome for each material, by its code."""
    checked_at: datetime
    receipt_id: str
    receipt: str
    body: Mapping[str, Any]
    """The whole answer."""

    @property
    def passed(self) -> bool:
        """Only this lets you rely on what was checked."""
        return self.verdict == "TOTAL_PASSED"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            verdict=body["verdict"],
            reason_codes=tuple(each["code"] for each in body["reasons"]),
            licence=body["licence"],
            fields=body["fields"],
            answers=tuple(each["answer"] for each in body["answers"]),
            materials={each["code"]: each["outcome"] for each in body["materials"]},
            checked_at=datetime.fromisoformat(body["checked_at"]),
            receipt_id=body["receipt_id"],
            receipt=body["receipt"],
            body=body,
        )


@dataclass(frozen=True)
class _Call:
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


def _pdf(case: Case, data: bytes) -> _Call:
    return _Call("POST", "/v1/checks/pdf", content=data, content_type="application/pdf", params=case.to_json())


def _identifier(
    case: Case,
    identifier: str,
    holder: str,
    questions: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    consent: str | None,
) -> _Call:
    asked = {"questions": list(questions), "fields": list(fields), "consent": consent}
    body = {**case.to_json(), "identifier": identifier, "holder": holder, **asked}
    return _Call("POST", "/v1/checks/identifier", json=body)


def _presentation(case: Case, token: str, questions: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> _Call:
    body = {**case.to_json(), "token": token, "questions": list(questions), "fields": list(fields)}
    return _Call("POST", "/v1/checks/presentation", json=body)


def _materials(case: Case, application: Mapping[str, str], consents: Sequence[str]) -> _Call:
    body = {**case.to_json(), "application": dict(application), "consents": list(consents)}
    return _Call("POST", "/v1/checks/materials", json=body)


def _many(case: Case, checks: Iterable[tuple[str, str]]) -> _Call:
    listed = [{"identifier": identifier, "holder": holder} for identifier, holder in checks]
    return _Call("POST", "/v1/checks/identifiers", json={**case.to_json(), "checks": listed})


def _receipt(receipt: str) -> _Call:
    return _Call("POST", "/v1/receipts/verify", json={"receipt": receipt})


def _line(check: tuple[str, str]) -> bytes:
    return json.dumps({"identifier": check[0], "holder": check[1]}, ensure_ascii=False).encode() + b"\n"


def _answer(response: httpx2.Response) -> Any:
    """:raises ServiceError: the service said no."""
    if response.status_code < 400:
        return response.json()
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


class _Tokens:
    """The access token in hand, and until when it is good."""

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self._endpoint = f"{base_url.rstrip('/')}/oauth/token"
        self._credentials = credentials
        self._token = ""
        self._good_until = 0.0

    @property
    def in_hand(self) -> str | None:
        return self._token if time.monotonic() < self._good_until else None

    def form(self) -> dict[str, str]:
        return self._credentials.form(self._endpoint)

    def keep(self, body: Mapping[str, Any]) -> str:
        self._token = body["access_token"]
        self._good_until = time.monotonic() + body["expires_in"] - _SPARE_SECONDS
        return self._token


class Yinzheng:
    """Calls the service, one request at a time."""

    def __init__(self, base_url: str, credentials: Credentials, *, http: httpx2.Client | None = None) -> None:
        self._http = http or httpx2.Client(base_url=base_url, timeout=30.0)
        self._tokens = _Tokens(base_url, credentials)

    def check_pdf(self, case: Case, data: bytes) -> CheckResult:
        """Check a sealed licence by its file."""
        return CheckResult.of(self._call(_pdf(case, data)))

    def check_identifier(
        self,
        case: Case,
        identifier: str,
        holder: str,
        *,
        questions: Sequence[Mapping[str, Any]] = (),
        fields: Sequence[str] = (),
        consent: str | None = None,
    ) -> CheckResult:
        """Check a licence by its identifier and its holder's code or name."""
        return CheckResult.of(self._call(_identifier(case, identifier, holder, questions, fields, consent)))

    def check_presentation(
        self, case: Case, token: str, *, questions: Sequence[Mapping[str, Any]] = (), fields: Sequence[str] = ()
    ) -> CheckResult:
        """Redeem what a holder showed; good for once."""
        return CheckResult.of(self._call(_presentation(case, token, questions, fields)))

    def check_materials(
        self, case: Case, application: Mapping[str, str], *, consents: Sequence[str] = ()
    ) -> CheckResult:
        """See which of the materials of the service item the city has."""
        return CheckResult.of(self._call(_materials(case, application, consents)))

    def check_many(self, case: Case, checks: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Check up to 1,000 pairs of identifier and holder."""
        answer: dict[str, Any] = self._call(_many(case, checks))
        return answer

    def check_stream(self, case: Case, checks: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Check any number of pairs of identifier and holder; the last line has the receipt or an error."""
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": _NDJSON}
        lines = (_line(each) for each in checks)
        with self._http.stream(
            "POST", "/v1/checks/stream", params=case.to_json(), content=lines, headers=headers
        ) as response:
            if response.status_code >= 400:
                response.read()
                _answer(response)
            for line in response.iter_lines():
                yield json.loads(line)

    def verify_receipt(self, receipt: str) -> dict[str, Any]:
        """What a receipt says, once its signature is found to be right. Needs no permission."""
        answer: dict[str, Any] = _answer(self._http.request(**_receipt(receipt).arguments(None)))
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, call: _Call) -> Any:
        return _answer(self._http.request(**call.arguments(self._token())))

    def _token(self) -> str:
        if self._tokens.in_hand is not None:
            return self._tokens.in_hand
        return self._tokens.keep(_answer(self._http.post("/oauth/token", data=self._tokens.form())))


class AsyncYinzheng:
    """The same as :class:`Yinzheng`, for asyncio."""

    def __init__(self, base_url: str, credentials: Credentials, *, http: httpx2.AsyncClient | None = None) -> None:
        self._http = http or httpx2.AsyncClient(base_url=base_url, timeout=30.0)
        self._tokens = _Tokens(base_url, credentials)

    async def check_pdf(self, case: Case, data: bytes) -> CheckResult:
        """Check a sealed licence by its file."""
        return CheckResult.of(await self._call(_pdf(case, data)))

    async def check_identifier(
        self,
        case: Case,
        identifier: str,
        holder: str,
        *,
        questions: Sequence[Mapping[str, Any]] = (),
        fields: Sequence[str] = (),
        consent: str | None = None,
    ) -> CheckResult:
        """Check a licence by its identifier and its holder's code or name."""
        return CheckResult.of(await self._call(_identifier(case, identifier, holder, questions, fields, consent)))

    async def check_presentation(
        self, case: Case, token: str, *, questions: Sequence[Mapping[str, Any]] = (), fields: Sequence[str] = ()
    ) -> CheckResult:
        """Redeem what a holder showed; good for once."""
        return CheckResult.of(await self._call(_presentation(case, token, questions, fields)))

    async def check_materials(
        self, case: Case, application: Mapping[str, str], *, consents: Sequence[str] = ()
    ) -> CheckResult:
        """See which of the materials of the service item the city has."""
        return CheckResult.of(await self._call(_materials(case, application, consents)))

    async def check_many(self, case: Case, checks: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Check up to 1,000 pairs of identifier and holder."""
        answer: dict[str, Any] = await self._call(_many(case, checks))
        return answer

    async def check_stream(self, case: Case, checks: AsyncIterable[tuple[str, str]]) -> AsyncIterator[dict[str, Any]]:
        """Check any number of pairs of identifier and holder; the last line has the receipt or an error."""
        async with self._stream(case, checks) as response:
            async for line in response.aiter_lines():
                yield json.loads(line)

    async def verify_receipt(self, receipt: str) -> dict[str, Any]:
        """What a receipt says, once its signature is found to be right. Needs no permission."""
        answer: dict[str, Any] = _answer(await self._http.request(**_receipt(receipt).arguments(None)))
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @asynccontextmanager
    async def _stream(self, case: Case, checks: AsyncIterable[tuple[str, str]]) -> AsyncIterator[httpx2.Response]:
        headers = {"Authorization": f"Bearer {await self._token()}", "Content-Type": _NDJSON}

        async def lines() -> AsyncIterator[bytes]:
            async for each in checks:
                yield _line(each)

        async with self._http.stream(
            "POST", "/v1/checks/stream", params=case.to_json(), content=lines(), headers=headers
        ) as response:
            if response.status_code >= 400:
                await response.aread()
                _answer(response)
            yield response

    async def _call(self, call: _Call) -> Any:
        return _answer(await self._http.request(**call.arguments(await self._token())))

    async def _token(self) -> str:
        if self._tokens.in_hand is not None:
            return self._tokens.in_hand
        return self._tokens.keep(_answer(await self._http.post("/oauth/token", data=self._tokens.form())))
