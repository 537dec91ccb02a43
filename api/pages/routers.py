"""The routers of all pages."""

from __future__ import annotations

from api.pages import acting, design, router, seal_requests, seals, sign_in, wallet

ROUTERS = (
    router.router,
    design.router,
    sign_in.router,
    acting.router,
    wallet.router,
    seal_requests.router,
    seals.router,
)
