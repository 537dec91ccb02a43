"""Traces, as a collector of OpenTelemetry receives them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from api.settings import Settings
from api.traces import sending_traces
from store.database import DatabaseUnavailableError
from store.traces import piece_of_work, span
from tests.api.conftest import CASE, Front
from tests.store.redis_server import free_port

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[bytes] = []

    @property
    def spans(self) -> list[Span]:
        requests = map(ExportTraceServiceRequest.FromString, self.received)
        return [
            each
            for request in requests
            for of in request.resource_spans
            for in_ in of.scope_spans
            for each in in_.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def settings(port: int, **more: object) -> Settings:
    return Settings(traces_url=f"http://127.0.0.1:{port}/v1/traces", **{"traces_share": 1.0, **more})  # type: ignore[arg-type]


def attributes(one: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in one.attributes}


def test_a_check_is_traced_without_a_word_of_whom_it_is_about(shared: Front) -> None:
    licence = shared.house.issue()
    body = {**CASE, "identifier": licence.identifier, "holder": licence.holder.code}
    with collecting() as collector:
        with sending_traces(settings(collector.server_port), "api"):
            headers = {**shared.checker, "traceparent": PARENT}
            assert shared.http.post("/v1/checks/identifier", json=body, headers=headers).status_code == 200
            assert shared.http.get("/v1/nothing?name=x").status_code == 404
            shared.house.services.schedule.run("status-lists")
            with pytest.raises(DatabaseUnavailableError), piece_of_work("outbox test"), span("transaction"):
                raise DatabaseUnavailableError
        spans = collector.spans
    by_name = {each.name: each for each in spans}
    check = by_name["POST /v1/checks/identifier"]
    assert check.trace_id.hex() == PARENT.split("-")[1]
    assert check.parent_span_id.hex() == PARENT.split("-")[2]
    assert attributes(check) == {
        "http.request.method": "POST",
        "http.route": "/v1/checks/identifier",
        "http.response.status_code": 200,
    }
    within = [each for each in spans if each.trace_id == check.trace_id]
    assert {"transaction", "signature"} <= {each.name for each in within}
    assert any(event.name == "verdict" for each in within for event in each.events)
    assert attributes(by_name["GET none"])["http.response.status_code"] == 404
    assert "job status-lists" in by_name
    assert by_name["outbox test"].status.code == Status.STATUS_CODE_ERROR
    assert attributes(by_name["outbox test"])["error.type"] == "store.database_unavailable"
    told = "".join(map(str, spans))
    assert licence.identifier not in told
    assert licence.holder.code not in told
    assert "name=x" not in told
    assert "SELECT" not in told


def test_a_caller_cannot_ask_to_be_recorded_and_idle_looks_make_no_trace(shared: Front) -> None:
    with collecting() as collector:
        with sending_traces(settings(collector.server_port, traces_share=0.0), "api"):
            assert shared.http.get("/healthz", headers={"traceparent": PARENT}).status_code == 200
        with sending_traces(settings(collector.server_port), "api"):
            shared.house.services.database.ping()
            for wrong in ("00-0", PARENT.replace("0", "\x7f"), "x" * 5000):
                assert shared.http.get("/healthz", headers={"traceparent": wrong}).status_code == 200
        spans = collector.spans
    assert {each.name for each in spans} == {"GET /healthz"}
    assert len({each.trace_id for each in spans}) == 3
    assert not any(each.parent_span_id for each in spans)


def test_nobody_waits_for_a_collector_that_is_not_there(shared: Front) -> None:
    with sending_traces(settings(free_port()), "api"):
        assert shared.http.get("/healthz").status_code == 200


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="traces_url"):
        Settings(traces_url="collector:4318")
