"""Names of those who acted, for people who read records: officers, clients, the service itself."""

from __future__ import annotations

from api.clients import Clients
from api.errors import ClientUnknownError
from api.officers import Officers
from api.sign_in_errors import OfficerUnknownError

_CALENDAR = "system:calendar"


class Actors:
    """Made for one answer; each is looked up once."""

    def __init__(self, officers: Officers, clients: Clients) -> None:
        self._officers = officers
        self._clients = clients
        self._names: dict[str, str] = {}

    def name(self, actor: str) -> str:
        """Who acted: an officer's or client's name; what stands in the record where neither is known."""
        if actor not in self._names:
            self._names[actor] = self._find(actor)
        return self._names[actor]

    def _find(self, actor: str) -> str:
        kind, colon, rest = actor.partition(":")
        try:
            if kind == "officer":
                return self._officers.get(rest).name
            if kind == "client":
                return self._clients.get(rest).name
        except (OfficerUnknownError, ClientUnknownError):
            return rest
        if actor == _CALENDAR:
            return "系统 the calendar"
        return rest if colon and kind.isascii() and kind.isalpha() else actor
