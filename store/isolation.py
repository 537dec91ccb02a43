"""Work that may crash, loop or flood the memory, where it cannot take the service down.

Each worker is a process of its own with a bound on its memory; who does not answer in time is killed and replaced.
Workers are started by a fork server that has loaded nothing but what does the work, so they hold no keys and no
connections.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import queue
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, Final

from store.errors import YinzhengError

SECONDS: Final = 8.0
MEMORY_BYTES: Final = 3 * 1024**3
"""Address space of a worker; Python and its libraries take some 0.7 GB of it before the first file."""
_START_SECONDS: Final = 60.0
"""How long a process may take to load what it works with; no call's time runs meanwhile."""
_STOP_SECONDS: Final = 2.0


class IsolatedWorkers:
    """A few processes that do one kind of work. Safe to use from several threads.

    :param work: a function of a module, called with picklable arguments, that returns something picklable or raises a
        :class:`~store.errors.YinzhengError`.
    :param too_slow: the error of a call that took too long; made with ``seconds``.
    :param crashed: the error of a process that died or ran out of memory.
    :param seconds: how long one call may take.
    :param memory_bytes: address space of a worker, where the system can bound it.
    :param more_seconds: how much longer a call may take for its first argument.
    """

    def __init__(
        self,
        work: Callable[..., Any],
        *,
        too_slow: type[YinzhengError],
        crashed: type[YinzhengError],
        workers: int = 2,
        seconds: float = SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        more_seconds: Callable[[Any], float] = lambda _: 0.0,
    ) -> None:
        self._work = work
        self._too_slow = too_slow
        self._crashed = crashed
        self._seconds = seconds
        self._more_seconds = more_seconds
        self._memory_bytes = memory_bytes
        self._context = _context(work.__module__)
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        for _ in range(workers):
            self._idle.put(None)  # started when first needed
        atexit.register(self.close)

    def call(self, subject: Any, *args: Any, **kwargs: Any) -> Any:
        """Do the work in one of the processes; waits while all are busy.

        :raises YinzhengError: what the work raised; ``too_slow`` when it took too long and its process was killed;
            ``crashed`` when its process died or ran out of memory.
        """
        worker = self._idle.get()
        try:
            if worker is None or not worker.alive:
                worker = self._start(worker)
            seconds = self._seconds + self._more_seconds(subject)
            return worker.call((subject, *args), kwargs, seconds)
        except (self._too_slow, self._crashed):
            if worker is not None:
                self._all.discard(worker)
                worker.kill()
            worker = None
            raise
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the processes."""
        atexit.unregister(self.close)
        while self._all:
            self._all.pop().kill()

    def _start(self, dead: _Worker | None) -> _Worker:
        if dead is not None:
            self._all.discard(dead)
            dead.kill()
        worker = _Worker(self._context, self._work, self._memory_bytes, self._too_slow, self._crashed)
        self._all.add(worker)
        return worker


class _Worker:
    """One process, and our end of the pipe to it."""

    def __init__(
        self,
        context: BaseContext,
        work: Callable[..., Any],
        memory_bytes: int,
        too_slow: type[YinzhengError],
        crashed: type[YinzhengError],
    ) -> None:
        self._too_slow = too_slow
        self._crashed = crashed
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]  # every context has it
            target=_serve, args=(theirs, work, memory_bytes), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            if self._pipe.poll(_START_SECONDS):
                self._pipe.recv()
                return
        except (EOFError, OSError) as error:
            raise crashed from error
        self.kill()
        raise crashed

    @property
    def alive(self) -> bool:
        return bool(self._process.is_alive())

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], seconds: float) -> Any:
        try:
            self._pipe.send((args, kwargs))
            if not self._pipe.poll(seconds):
                raise self._too_slow(seconds=f"{seconds:g}")
            outcome = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._crashed from error
        if isinstance(outcome, _Raised):
            raise outcome.rebuild()
        if isinstance(outcome, _Crashed):
            raise self._crashed
        return outcome

    def kill(self) -> None:
        self._process.kill()
        self._process.join(_STOP_SECONDS)
        self._pipe.close()


class _Crashed:
    """What a worker says when the work failed in a way that nobody foresaw."""


class _Raised:
    """An error of ours on its way through a pipe."""

    def __init__(self, error: YinzhengError) -> None:
        self._kind = type(error)
        self._params = dict(error.params)

    def rebuild(self) -> YinzhengError:
        return self._kind(**self._params)


def _serve(pipe: Connection, work: Callable[..., Any], memory_bytes: int) -> None:
    # whoever ends the service may signal all its processes; it ends these when it has no more work for them
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    _bound_memory(memory_bytes)
    pipe.send(None)  # ready
    while True:
        try:
            args, kwargs = pipe.recv()
        except EOFError:
            return
        outcome: Any
        try:
            outcome = work(*args, **kwargs)
        except YinzhengError as error:
            outcome = _Raised(error)
        except Exception:
            outcome = _Crashed()
        pipe.send(outcome)


def _bound_memory(memory_bytes: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows; on macOS it is refused
        import resource  # noqa: PLC0415  not everywhere

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _context(module: str) -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    return context
