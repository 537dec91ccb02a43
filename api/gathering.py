"""Work that several requests wait for at the same moment, done for all of them in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Generic, TypeAlias, TypeVar

from anyio import CapacityLimiter, to_thread
from opentelemetry.trace import SpanContext

from store import traces

_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")
_Waiting: TypeAlias = tuple[_Asked, asyncio.Future[_Found], SpanContext | None]


class Gathering(Generic[_Asked, _Found]):
    """Hands over to a thread what has been asked for while that thread was busy with what was asked before.

    Nothing waits for others to come: a request by itself is worked on at once. The more requests there are, the more
    share one transaction, its round trips and its flush to disk.

    :param work: finds one answer for each thing asked, in order; an error in its place is raised to the one that asked.
        What it raises itself is raised to all.
    :param most: how many it is given at the most.
    """

    def __init__(self, work: Callable[[Sequence[_Asked]], Sequence[_Found | Exception]], *, most: int = 64) -> None:
        self._work = work
        self._most = most
        self._waiting: dict[asyncio.AbstractEventLoop, list[_Waiting[_Asked, _Found]]] = {}

    async def ask(self, asked: _Asked) -> _Found:
        """The answer to one of the things asked."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Found] = loop.create_future()
        queue = self._waiting.get(loop)
        if queue is not None:
            queue.append((asked, future, traces.here()))
        else:
            self._waiting[loop] = [(asked, future, traces.here())]
            # of no request's own context: what one request is must not mark the work for the others
            task = loop.create_task(self._work_on(loop), context=Context())
            task.add_done_callback(lambda _: None)
        return await future

    async def _work_on(self, loop: asyncio.AbstractEventLoop) -> None:
        queue = self._waiting[loop]
        limiter = CapacityLimiter(1)
        try:
            while queue:
                taken, queue[:] = queue[: self._most], queue[self._most :]
                await self._answer(taken, limiter)
        finally:
            del self._waiting[loop]

    async def _answer(self, taken: Sequence[_Waiting[_Asked, _Found]], limiter: CapacityLimiter) -> None:
        try:
            with traces.shared("together", [asker for _, _, asker in taken]):
                answers = await to_thread.run_sync(self._work, [asked for asked, _, _ in taken], limiter=limiter)
        except Exception as error:
            answers = [error] * len(taken)
        for (_, future, _), answer in zip(taken, answers, strict=True):
            if future.cancelled():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
