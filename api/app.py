"""The FastAPI application."""

from __future__ import annotations

import importlib.metadata
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from api import problems
from api.builtin_provider.router import router as builtin_provider
from api.gathered import Gathered
from api.head_requests import HeadRequests
from api.limits import BodyLimit
from api.pages.assets import Assets
from api.pages.failures import failure
from api.pages.routers import ROUTERS as PAGES
from api.problems import Problem
from api.proxies import BehindProxies
from api.request_log import RequestLog
from api.routers import (
    agents,
    batches,
    changes,
    consents,
    csc,
    feedback,
    health,
    holder,
    imports,
    issuer,
    jobs,
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
from api.security_headers import SecurityHeaders
from api.services import Services

_DESCRIPTION = """
印证为城市提供电子证照签发、用印、亮证与核验服务。

Yinzheng issues a city's electronic licences under e-seals, lets holders show them, and lets departments check them.
Errors are problem details (RFC 9457); switch on `code`.
"""


def create_app(services: Services, *, with_worker: bool = False) -> FastAPI:
    """The application over the parts of one process.

    :param with_worker: do the scheduled work in threads of this process as well.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = Event()
        threads = services.work(stop) if with_worker else []
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join()

    app = FastAPI(
        title="印证 Yinzheng",
        version=importlib.metadata.version("yinzheng"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services = services
    app.state.gathered = Gathered(services)
    problems.install(app, failure)
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
        agents.wallet_router,
        agents.router,
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
        jobs.router,
        health.router,
    ):
        app.include_router(router)
    for pages in PAGES:
        app.include_router(pages, include_in_schema=False)
    if services.settings.builtin_provider:
        app.include_router(builtin_provider, include_in_schema=False)
    app.mount("/static", GZipMiddleware(Assets(), minimum_size=500), name="static")
    app.add_middleware(BodyLimit, max_upload_bytes=services.settings.max_upload_bytes)
    app.add_middleware(HeadRequests)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(BehindProxies, settings=services.settings)
    _describe_problem(app)
    return app


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document.get("paths", {}).values():
        yield from path.values()


def _describe_problem(app: FastAPI) -> None:
    """Add to the OpenAPI document the schema of problem details, to which every error answer refers.

    Where one of several scopes is enough, the document says so: scopes that stand together would all be wanted. An
    operation that does not name 422 among its answers has none: what FastAPI would add refers to what is not there.
    """
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
            for operation in _operations(document):
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]  # FastAPI's own, which nothing here answers with
                if "security" in operation:
                    wanted = [(name, scope) for each in operation["security"] for name in each for scope in each[name]]
                    operation["security"] = [{name: [scope]} for name, scope in wanted]
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
