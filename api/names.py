"""Names of bodies and service items for people who read codes badly; each is looked up once in an answer."""

from __future__ import annotations

from api.clients import Client, Clients
from api.errors import ClientUnknownError
from api.languages import Language
from seal import Organisations
from seal.errors import OrganisationUnknownError
from verify import ServiceItem, ServiceItems


class Names:
    """Made for one answer, in one language: Chinese, or English as far as there is a name in it."""

    def __init__(
        self, organisations: Organisations, clients: Clients, items: ServiceItems, language: Language = "zh"
    ) -> None:
        self._english = language == "en"
        self._organisations = organisations
        self._clients = clients
        self._items = items
        self._bodies: dict[str, str] = {}
        self._found: dict[str, ServiceItem | None] = {}

    def body(self, code: str) -> str:
        """The name of a body; that of its system where the body is not enrolled, and its code where nothing is."""
        if code not in self._bodies:
            try:
                found = self._organisations.get(code)
                self._bodies[code] = (found.name_en if self._english else None) or found.name_zh
            except OrganisationUnknownError:
                acting = (each.name for each in self._clients.all() if each.organisation_code == code)
                self._bodies[code] = next(acting, code)
        return self._bodies[code]

    def checker(self, checked_by: str, body_code: str | None) -> str:
        """Who checked, as a holder reads it."""
        if body_code is not None:
            return self.body(body_code)
        client = self._client(checked_by)
        return client.name if client is not None else self._public

    @property
    def _public(self) -> str:
        return "the public" if self._english else "公众"

    def contact(self, checked_by: str) -> str | None:
        """Whom to call about the system that checked."""
        client = self._client(checked_by)
        return client.contact if client is not None else None

    def _client(self, checked_by: str) -> Client | None:
        kind, _, client_id = checked_by.partition(":")
        try:
            return self._clients.get(client_id) if kind == "client" else None
        except ClientUnknownError:
            return None

    def item(self, code: str) -> str:
        """The name of a service item; its code where there is none."""
        found = self.service_item(code)
        if found is None:
            return code
        return found.name.en if self._english else found.name.zh

    def service_item(self, code: str) -> ServiceItem | None:
        """The newest version of a service item."""
        if code not in self._found:
            self._found[code] = self._items.find(code)
        return self._found[code]
