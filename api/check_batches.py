"""Many checks at once: a thousand in a call, or a stream of any length, in constant memory."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Any, Self

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
_PIECE = 64 * 1024
_MOST_UNREAD = 512 * 1024 * 1024
"""Bytes of answers that wait in a file for a client that does not read; some 1.5 million of them."""


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
    """Answers while the request is still coming in, to clients that read meanwhile and to those that send all first.

    What it is made from waits for a client that goes away by reading the request, and would take lines off it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with _Unread() as unread:
            filling = asyncio.create_task(unread.fill(self.body_iterator))
            try:
                while data := await unread.next():
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            finally:
                filling.cancel()
                with suppress(asyncio.CancelledError):
                    await filling
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Unread:
    """Answers that were found and not sent yet, in a file.

    A client that sends its whole request before it reads would wait for ever for a service that waits for it to read.
    """

    def __init__(self) -> None:
        self._file = TemporaryFile(prefix="yinzheng-")  # noqa: SIM115  closed with this
        self._sent = self._found = 0
        self._changed = asyncio.Condition()
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    async def fill(self, answers: AsyncIterable[str | bytes | memoryview]) -> None:
        """Take the answers in as they are found; waits while too much lies unread."""
        try:
            async for each in answers:
                data = each.encode() if isinstance(each, str) else each
                async with self._changed:
                    await self._changed.wait_for(lambda: self._found - self._sent < _MOST_UNREAD)
                    self._file.seek(self._found)
                    self._file.write(data)
                    self._found += len(data)
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def next(self) -> bytes:
        """What comes next; nothing at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._found > self._sent or self._ended)
            self._file.seek(self._sent)
            data = self._file.read(_PIECE)
            self._sent += len(data)
            if self._sent == self._found:
                self._file.truncate(0)
                self._sent = self._found = 0
            self._changed.notify_all()
            return data


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
