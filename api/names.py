"""Names of bodies and service items for people who read codes badly; each is looked up once in an answer."""

from __future__ import annotations

from api.clients import Clients
from seal import Organisations
from seal.errors import OrganisationUnknownError
from verify import ServiceItem, ServiceItems


class Names:
    """Made for one answer."""

    def __init__(self, organisations: Organisations, clients: Clients, items: ServiceItems) -> None:
        self._organisations = organisations
        self._clients = clients
        self._items = items
        self._bodies: dict[str, str] = {}
        self._found: dict[str, ServiceItem | None] = {}

    def body(self, code: str) -> str:
        """The name of a body; that of its system where the body is not enrolled, and its code where nothing is."""
        if code not in self._bodies:
            try:
                self._bodies[code] = self._organisations.get(code).name_zh
            except OrganisationUnknownError:
                acting = (each.name for each in self._clients.all() if each.organisation_code == code)
                self._bodies[code] = next(acting, code)
        return self._bodies[code]

    def item(self, code: str) -> str:
        """The name of a service item; its code where there is none."""
        found = self.service_item(code)
        return found.name.zh if found is not None else code

    def service_item(self, code: str) -> ServiceItem | None:
        """The newest version of a service item."""
        if code not in self._found:
            self._found[code] = self._items.find(code)
        return self._found[code]
