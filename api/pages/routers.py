"""The routers of all pages."""

from __future__ import annotations

from api.pages import (
    acting,
    agents,
    audit,
    cases,
    codes,
    consents,
    design,
    installed,
    looks,
    operation,
    router,
    seal_application,
    seal_requests,
    seal_uses,
    seals,
    sign_in,
    waiting,
    wallet,
    wallet_life,
)
from api.pages.console import batches, feedback, issue, licences, types

ROUTERS = (
    router.router,
    cases.router,
    design.router,
    sign_in.router,
    acting.router,
    installed.router,
    wallet.router,
    seal_requests.router,
    seal_application.router,
    seals.router,
    codes.router,
    consents.router,
    looks.router,
    agents.router,
    wallet_life.router,
    licences.router,
    seal_uses.router,
    audit.router,
    waiting.router,
    operation.router,
    issue.router,
    batches.router,
    feedback.router,
    types.router,
)
