"""A client for departments' systems: ``from yinzheng.client import Yinzheng`` (or ``AsyncYinzheng``).

Tokens are fetched when needed and kept until they end; a client with a key of its own makes a new assertion for each
(RFC 7523). Checks are not repeated by themselves: a presentation is good for once.

    with Yinzheng("https://licences.example", Credentials("my-checker", secret=secret)) as city:
        case = Case("370200-0131-001", "2026-11-0001")
        if city.check_identifier(case, identifier, holder).passed: ...
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Self

import httpx2

from yinzheng import calls
from yinzheng.answers import Case, CheckResult, HolderCode, ServiceError
from yinzheng.calls import Call
from yinzheng.credentials import Credentials, Tokens

__all__ = ["AsyncYinzheng", "Case", "CheckResult", "Credentials", "HolderCode", "ServiceError", "Yinzheng"]


class Yinzheng:
    """Calls the service, one request at a time."""

    def __init__(self, base_url: str, credentials: Credentials, *, http: httpx2.Client | None = None) -> None:
        self._http = http or httpx2.Client(base_url=base_url, timeout=30.0)
        self._tokens = Tokens(base_url, credentials)

    def check_pdf(self, case: Case, data: bytes) -> CheckResult:
        """Check a sealed licence by its file."""
        return CheckResult.of(self._call(calls.pdf(case, data)))

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
        return CheckResult.of(self._call(calls.identifier(case, identifier, holder, questions, fields, consent)))

    def check_presentation(
        self, case: Case, token: str, *, questions: Sequence[Mapping[str, Any]] = (), fields: Sequence[str] = ()
    ) -> CheckResult:
        """Redeem what a holder showed; good for once."""
        return CheckResult.of(self._call(calls.presentation(case, token, questions, fields)))

    def check_materials(
        self,
        case: Case,
        application: Mapping[str, str],
        *,
        consents: Sequence[str] = (),
        applicant: HolderCode | None = None,
    ) -> CheckResult:
        """See which of the materials of the service item the city has.

        :param applicant: whose licences are looked at where the item names the law that does without consent.
        """
        return CheckResult.of(self._call(calls.materials(case, application, consents, applicant)))

    def check_many(self, case: Case, checks: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Check up to 1,000 pairs of identifier and holder."""
        answer: dict[str, Any] = self._call(calls.many(case, checks))
        return answer

    def check_stream(self, case: Case, checks: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Check any number of pairs of identifier and holder; the last line has the receipt or an error."""
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": calls.NDJSON}
        lines = (calls.line(each) for each in checks)
        with self._http.stream(
            "POST", "/v1/checks/stream", params=case.to_json(), content=lines, headers=headers
        ) as response:
            if response.status_code >= 400:
                response.read()
                calls.answer(response)
            for line in response.iter_lines():
                yield json.loads(line)

    def query(
        self, case: Case, holder: HolderCode, *, consents: Sequence[str] = (), licence_type: str | None = None
    ) -> list[dict[str, Any]]:
        """Which licences a holder has, as far as consents or the law let them be seen (查询, GB/T 36906)."""
        answer: dict[str, Any] = self._call(calls.query(case, holder, consents, licence_type))
        found: list[dict[str, Any]] = answer["licences"]
        return found

    def obtain(
        self, case: Case, identifier: str, holder: str, *, fields: Sequence[str], consent: str | None = None
    ) -> CheckResult:
        """A licence's fields, and its file where all that it says may be told (获取, GB/T 36906)."""
        return CheckResult.of(self._call(calls.obtain(case, identifier, holder, fields, consent)))

    def watch(self, identifier: str, until: date) -> None:
        """Have the client's webhooks told of changes to a licence that it checked, until a day."""
        self._call(calls.watch(identifier, until))

    def unwatch(self, identifier: str) -> None:
        """Be told no longer."""
        self._call(calls.unwatch(identifier))

    def say_wrong(self, identifier: str, text: str, *, field: str | None = None) -> dict[str, Any]:
        """Say that a licence's data are wrong (异议); the issuer has to answer."""
        answer: dict[str, Any] = self._call(calls.say_wrong(identifier, text, field))
        return answer

    def feedback(self) -> list[dict[str, Any]]:
        """What the client said was wrong, and what came of it."""
        answer: list[dict[str, Any]] = self._call(calls.feedback())
        return answer

    def verify_receipt(self, receipt: str) -> dict[str, Any]:
        """What a receipt says, once its signature is found to be right. Needs no permission."""
        answer: dict[str, Any] = calls.answer(self._http.request(**calls.receipt(receipt).arguments(None)))
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, call: Call) -> Any:
        return calls.answer(self._http.request(**call.arguments(self._token())))

    def _token(self) -> str:
        if self._tokens.in_hand is not None:
            return self._tokens.in_hand
        return self._tokens.keep(calls.answer(self._http.post("/oauth/token", data=self._tokens.form())))


class AsyncYinzheng:
    """The same as :class:`Yinzheng`, for asyncio."""

    def __init__(self, base_url: str, credentials: Credentials, *, http: httpx2.AsyncClient | None = None) -> None:
        self._http = http or httpx2.AsyncClient(base_url=base_url, timeout=30.0)
        self._tokens = Tokens(base_url, credentials)

    async def check_pdf(self, case: Case, data: bytes) -> CheckResult:
        """Check a sealed licence by its file."""
        return CheckResult.of(await self._call(calls.pdf(case, data)))

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
        return CheckResult.of(await self._call(calls.identifier(case, identifier, holder, questions, fields, consent)))

    async def check_presentation(
        self, case: Case, token: str, *, questions: Sequence[Mapping[str, Any]] = (), fields: Sequence[str] = ()
    ) -> CheckResult:
        """Redeem what a holder showed; good for once."""
        return CheckResult.of(await self._call(calls.presentation(case, token, questions, fields)))

    async def check_materials(
        self,
        case: Case,
        application: Mapping[str, str],
        *,
        consents: Sequence[str] = (),
        applicant: HolderCode | None = None,
    ) -> CheckResult:
        """See which of the materials of the service item the city has.

        :param applicant: whose licences are looked at where the item names the law that does without consent.
        """
        return CheckResult.of(await self._call(calls.materials(case, application, consents, applicant)))

    async def check_many(self, case: Case, checks: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Check up to 1,000 pairs of identifier and holder."""
        answer: dict[str, Any] = await self._call(calls.many(case, checks))
        return answer

    async def check_stream(self, case: Case, checks: AsyncIterable[tuple[str, str]]) -> AsyncIterator[dict[str, Any]]:
        """Check any number of pairs of identifier and holder; the last line has the receipt or an error."""
        async with self._stream(case, checks) as response:
            async for line in response.aiter_lines():
                yield json.loads(line)

    async def query(
        self, case: Case, holder: HolderCode, *, consents: Sequence[str] = (), licence_type: str | None = None
    ) -> list[dict[str, Any]]:
        """Which licences a holder has, as far as consents or the law let them be seen (查询, GB/T 36906)."""
        answer: dict[str, Any] = await self._call(calls.query(case, holder, consents, licence_type))
        found: list[dict[str, Any]] = answer["licences"]
        return found

    async def obtain(
        self, case: Case, identifier: str, holder: str, *, fields: Sequence[str], consent: str | None = None
    ) -> CheckResult:
        """A licence's fields, and its file where all that it says may be told (获取, GB/T 36906)."""
        return CheckResult.of(await self._call(calls.obtain(case, identifier, holder, fields, consent)))

    async def watch(self, identifier: str, until: date) -> None:
        """Have the client's webhooks told of changes to a licence that it checked, until a day."""
        await self._call(calls.watch(identifier, until))

    async def unwatch(self, identifier: str) -> None:
        """Be told no longer."""
        await self._call(calls.unwatch(identifier))

    async def say_wrong(self, identifier: str, text: str, *, field: str | None = None) -> dict[str, Any]:
        """Say that a licence's data are wrong (异议); the issuer has to answer."""
        answer: dict[str, Any] = await self._call(calls.say_wrong(identifier, text, field))
        return answer

    async def feedback(self) -> list[dict[str, Any]]:
        """What the client said was wrong, and what came of it."""
        answer: list[dict[str, Any]] = await self._call(calls.feedback())
        return answer

    async def verify_receipt(self, receipt: str) -> dict[str, Any]:
        """What a receipt says, once its signature is found to be right. Needs no permission."""
        answer: dict[str, Any] = calls.answer(await self._http.request(**calls.receipt(receipt).arguments(None)))
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
        headers = {"Authorization": f"Bearer {await self._token()}", "Content-Type": calls.NDJSON}

        async def lines() -> AsyncIterator[bytes]:
            async for each in checks:
                yield calls.line(each)

        async with self._http.stream(
            "POST", "/v1/checks/stream", params=case.to_json(), content=lines(), headers=headers
        ) as response:
            if response.status_code >= 400:
                await response.aread()
                calls.answer(response)
            yield response

    async def _call(self, call: Call) -> Any:
        return calls.answer(await self._http.request(**call.arguments(await self._token())))

    async def _token(self) -> str:
        if self._tokens.in_hand is not None:
            return self._tokens.in_hand
        return self._tokens.keep(calls.answer(await self._http.post("/oauth/token", data=self._tokens.form())))
