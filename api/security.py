"""Who calls: the bearer token of a request, and the client behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2

from api.certificates import certificate_of
from api.client_proofs import thumbprint
from api.clients import Client, Scope, ShownToken
from api.errors import TokenMissingError
from api.gathered import gathered_of
from api.services import Services
from store.acting import Acting, become

bearer = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl="/oauth/token",
            scopes={
                Scope.ISSUE.value: "签发并管理本机构的证照 Issue and manage the body's licences",
                Scope.HOLD.value: "打开持证人的卡包并亮证 Open the holder's wallet and present from it",
                Scope.CHECK.value: "核验证照 Check licences",
                Scope.EXCHANGE.value: "获取全部机构的证照变更 Keep up with the licences of all bodies",
                Scope.SEALS.value: "管理本机构及下级机构的印章 Administer the seals of the body and those below it",
                Scope.SIGN.value: "请已同意的签署人签名 Ask for signatures of those who consented",
                Scope.SEAL_USE.value: "在已签名的文件上用印 Seal what people have signed",
                Scope.CATALOGUE.value: "管理证照目录 Draft, publish and retire licence types",
                Scope.SEALS_APPROVE.value: "审批印章事项 Approve what others asked for",
                Scope.OPERATE.value: "查看并运行定时任务 See and run scheduled work",
            },
        )
    ),
    auto_error=False,
    scheme_name="client",
)


def services_of(request: Request) -> Services:
    """The parts of this process."""
    services: Services = request.app.state.services
    return services


async def _services(request: Request) -> Services:
    return services_of(request)  # in the event loop: a thread for it would cost more than all that it does


ServicesDep = Annotated[Services, Depends(_services)]


def client_with(*scopes: Scope) -> Callable[..., Awaitable[Client]]:
    """A dependency that lets in clients with one of some scopes.

    It raises :class:`TokenMissingError`, the errors of a wrong token, :class:`~api.errors.ScopeMissingError`, or
    :class:`~store.limits.RateLimitedError` for a client that calls too often.
    """

    async def authenticate(
        request: Request,
        services: ServicesDep,
        authorization: str | None = Security(bearer, scopes=[scope.value for scope in scopes]),
    ) -> Client:
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenMissingError
        certificate = certificate_of(request, services.settings.client_certificate_header)
        shown = thumbprint(certificate) if certificate is not None else None
        client = await gathered_of(request).clients.ask(ShownToken(token, shown))
        client.require(*scopes)
        become(_acting(client))
        return client

    return authenticate


def _acting(client: Client) -> Acting:
    """For whom a client's request is: for its holder, where it is a wallet's system."""
    if client.holder is not None:
        return Acting.for_holder(client.holder.value)
    return Acting.for_client(client.id, client.organisation_code)


def remote_address(request: Request) -> str:
    """The address that a request came from, for rate limits."""
    return request.client.host if request.client is not None else "unknown"
