"""The FastAPI application."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.limits import BodyLimit
from api.pages import router as pages
from api.problems import Problem
from api.routers import (
    batches,
    changes,
    consents,
    csc,
    feedback,
    health,
    holder,
    imports,
    issuer,
    licence_life,
    licence_types,
    log,
    looks,
    oauth,
    pki,
    receipts,
    seal_office,
    seal_signatures,
    seal_uses,
    seals,
    service_items,
    sharing,
    status,
    verifier,
    wallet_life,
    watches,
)
from api.services import Services

_log = logging.getLogger("yinzheng.http")
_STATIC = Path(__file__).parent / "static"

_DESCRIPTION = """
印证为城市提供电子证照签发、用印、亮证与核验服务。

Yinzheng issues a city's electronic licences under e-seals, lets holders show them, and lets departments check them.
Errors are problem details (RFC 9457); switch on `code`.
"""

_SECURITY_HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; "
            b"frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def create_app(services: Services, *, with_worker: bool = False) -> FastAPI:
    """The application over the parts of one process.

    :param with_worker: do the jobs of the outbox, and sequence the ledger, in threads of this process as well.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = Event()
        worked = {
            "worker": services.worker.run,
            "sequencer": services.keep_ledger,
            "batches": services.batch_worker.run,
            "changes": services.webhooks.run,
            "webhooks": services.webhook_worker.run,
            "expiries": services.watches.run,
            "proofs": services.keep_proofs,
        }
        jobs = worked if with_worker else {}
        threads = [Thread(target=job, args=(stop,), name=name) for name, job in jobs.items()]
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join()

    app = FastAPI(
        title="印证 Yinzheng",
        version="0.1.0",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services = services
    problems.install(app)
    for router in (
        oauth.router,
        issuer.router,
        licence_types.router,
        licence_life.router,
        changes.router,
        batches.router,
        imports.router,
        holder.router,
        consents.wallet_router,
        wallet_life.router,
        looks.wallet_router,
        looks.router,
        consents.router,
        verifier.router,
        watches.router,
        feedback.router,
        service_items.router,
        sharing.router,
        receipts.router,
        pki.router,
        seals.router,
        seal_signatures.router,
        seal_office.router,
        seal_uses.router,
        csc.router,
        log.router,
        status.router,
        health.router,
    ):
        app.include_router(router)
    app.include_router(pages.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(BodyLimit, max_upload_bytes=services.settings.max_upload_bytes)
    app.add_middleware(_RequestLog)
    _describe_problem(app)
    return app


class _RequestLog:
    """Gives each request an id, logs it without its body or query, and sets the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_SECURITY_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "-")
            _log.info(
                "%s %s %s %d %.1fms", request_id, scope["method"], path, status, (time.perf_counter() - started) * 1e3
            )


def _describe_problem(app: FastAPI) -> None:
    """Add the schema of problem details to the OpenAPI document, to which every error answer refers."""
    plain = app.openapi

    def described() -> dict[str, object]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas["Problem"] = schema
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
