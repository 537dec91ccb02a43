"""Many checks at once: a thousand in a call, or a stream of any length, in constant memory."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.check_schemas import IdentifierItem
from api.clients import Client
from api.errors import ClientUnknownError, LineInvalidError
from api.services import Services
from store.errors import YinzhengError
from verify import IdentifierCheck, Occasion, Verdict
from verify.receipts import new_receipt_id

LONGEST_LINE = 4096
"""Bytes of one line of a stream; a longer one is answered as wrong."""
_AT_ONCE = 200


@dataclass
class Batch:
    """One batch as it is being answered."""

    services: Services
    client: Client
    occasion: Occasion
    id: str = field(default_factory=new_receipt_id)
    answered: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def answer(self, values: Sequence[object]) -> list[dict[str, Any]]:
        """The answers to some checks, each as JSON: those that are wrong get the code of what is wrong.

        :raises QuotaUsedError: the client may not check that many today.
        """
        read = [_read(value) for value in values]
        checks = [each for each in read if isinstance(each, IdentifierCheck)]
        self.services.quotas.take(self.client, len(values))
        made = iter(self.services.department_checks.by_identifiers(self.occasion, checks, batch_id=self.id))
        answers = []
        for each in read:
            self.answered += 1
            outcome = next(made) if isinstance(each, IdentifierCheck) else each
            answers.append(_line(self.answered, outcome))
            self._digest.update(line_bytes(answers[-1]))
        return answers

    def receipt(self) -> str:
        """The receipt of all that was answered."""
        return self.services.department_checks.batch_receipt(
            self.occasion, batch_id=self.id, digest=self._digest.hexdigest(), checked=self.answered
        )

    def still_let_in(self) -> None:
        """:raises ClientUnknownError: the client was suspended since the stream began."""
        if not self.services.clients.get(self.client.id).active:
            raise ClientUnknownError


class FullDuplexResponse(StreamingResponse):
    """Answers while the request is still coming in.

    What it is made from waits for a client that goes away by reading the request, and would take lines off it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


async def answer_stream(batch: Batch, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The answers to a stream of JSON Lines, as they come; the last line has the receipt, or why the stream ended."""
    try:
        async for lines in _chunks(body):
            await run_in_threadpool(batch.still_let_in)
            for each in await run_in_threadpool(batch.answer, [_parsed(line) for line in lines]):
                yield line_bytes(each)
        end = {"receipt_id": batch.id, "receipt": await run_in_threadpool(batch.receipt)}
    except YinzhengError as error:
        end = {"error": error.code, "message_zh": error.message_zh, "message_en": error.message_en}
    yield line_bytes(end)


def line_bytes(value: dict[str, Any]) -> bytes:
    """A line in the one form over which a batch's digest is made: sorted keys, no spaces, a newline at the end."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


async def _chunks(body: AsyncIterator[bytes]) -> AsyncIterator[list[bytes | None]]:
    """Lines as they come, some at a time; None for one that is too long. Blank lines are passed over."""
    lines: list[bytes | None] = []
    rest, too_long = b"", False
    async for data in body:
        *complete, rest = (rest + data).split(b"\n")
        for line in complete:
            if too_long or len(line) > LONGEST_LINE:
                lines.append(None)
            elif line.strip():
                lines.append(line)
            too_long = False
        if len(rest) > LONGEST_LINE:
            rest, too_long = b"", True
        for start in range(0, len(lines), _AT_ONCE):
            yield lines[start : start + _AT_ONCE]
            await asyncio.sleep(0)
        lines = []
    if too_long:
        yield [None]
    elif rest.strip():
        yield [rest if len(rest) <= LONGEST_LINE else None]


def _parsed(line: bytes | None) -> object:
    try:
        return json.loads(line) if line is not None else None
    except (ValueError, RecursionError):
        return None


def _read(value: object) -> IdentifierCheck | YinzhengError:
    try:
        item = IdentifierItem.model_validate(value)
    except ValidationError:
        return LineInvalidError()
    return IdentifierCheck(item.identifier, item.holder)


def _line(number: int, outcome: Verdict | YinzhengError) -> dict[str, Any]:
    if isinstance(outcome, YinzhengError):
        return {"line": number, "verdict": None, "reasons": [], "licence": None, "error": outcome.code}
    return {
        "line": number,
        "verdict": outcome.indication.value,
        "reasons": [each.code for each in outcome.reasons],
        "licence": outcome.licence.to_json() if outcome.licence is not None else None,
        "error": None,
    }
