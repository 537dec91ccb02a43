"""Traces of OpenTelemetry (链路追踪): what a request or a job spent its time on, where somebody collects that.

Spans have the names of kinds of work, and attributes of small, closed sets: never an identifier, an address, a query or
the words of an exception. Where no collector was named (:mod:`api.traces`), nothing is made and nothing is spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation import tracecontext

from store.errors import YinzhengError

TRACE_PARENT: Final = "traceparent"
"""The header of W3C Trace Context by which a caller says which trace its request belongs to."""

_PROPAGATOR: Final = tracecontext.TraceContextTextMapPropagator()


class _Tracing:
    tracer: Tracer | None = None


def trace_with(tracer: Tracer | None) -> None:
    """Make the spans of this process with a tracer from now on, or none."""
    _Tracing.tracer = tracer


@contextmanager
def piece_of_work(
    name: str, /, *, kind: SpanKind = SpanKind.INTERNAL, caller: str | None = None, **attributes: str | int
) -> Iterator[None]:
    """A block that a trace begins with: a request, a job.

    :param caller: the caller's ``traceparent``, whose trace is gone on with; what is none is passed over.
    """
    tracer = _Tracing.tracer
    if tracer is None:
        yield
        return
    context = _PROPAGATOR.extract({TRACE_PARENT: caller}) if caller is not None else None
    with _recorded(tracer, name, context, kind, attributes):
        yield


@contextmanager
def span(name: str, /, **attributes: str | int) -> Iterator[None]:
    """A block within a piece of work that is traced; by itself it makes no trace, so that idle looks make none."""
    tracer = _Tracing.tracer
    if tracer is None or not get_current_span().is_recording():
        yield
        return
    with _recorded(tracer, name, None, SpanKind.INTERNAL, attributes):
        yield


def here() -> SpanContext | None:
    """The block of work that is on, for :func:`shared`; None where it is not recorded."""
    current = get_current_span()
    return current.get_span_context() if current.is_recording() else None


@contextmanager
def shared(name: str, /, askers: Iterable[SpanContext | None]) -> Iterator[None]:
    """A block that is done once for several pieces of work: it stands in the trace of the first that is recorded, and
    names the others.
    """
    tracer, found = _Tracing.tracer, [each for each in askers if each is not None]
    if tracer is None or not found:
        yield
        return
    context = set_span_in_context(NonRecordingSpan(found[0]), Context())
    with _recorded(tracer, name, context, SpanKind.INTERNAL, {}, [Link(each) for each in found[1:]]):
        yield


@contextmanager
def _recorded(
    tracer: Tracer,
    name: str,
    context: Context | None,
    kind: SpanKind,
    attributes: Mapping[str, str | int],
    links: Sequence[Link] = (),
) -> Iterator[None]:
    """A span. Of what is raised it tells the code or the type, and no word."""
    with tracer.start_as_current_span(
        name, context, kind, attributes, links, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            code = error.code if isinstance(error, YinzhengError) else type(error).__name__
            current.set_attribute("error.type", code)
            current.set_status(Status(StatusCode.ERROR))
            raise


def note(name: str, /, **attributes: str | int) -> None:
    """Something that happened at one moment of the block of work that is on."""
    current = get_current_span()
    if current.is_recording():
        current.add_event(name, attributes)


def describe(attributes: Mapping[str, str | int], *, name: str | None = None, failed: bool = False) -> None:
    """More about the block of work that is on, which shows only while it is done."""
    current: Span = get_current_span()
    if not current.is_recording():
        return
    if name is not None:
        current.update_name(name)
    current.set_attributes(attributes)
    if failed:
        current.set_status(Status(StatusCode.ERROR))


def trace_id() -> str | None:
    """The id of the trace that the work belongs to, where one is recorded: 32 hexadecimal digits."""
    current = get_current_span()
    return f"{current.get_span_context().trace_id:032x}" if current.is_recording() else None
