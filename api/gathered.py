"""What requests of many clients are answered together: who they are, and the checks by identifier that they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from api.clients import Client, ShownToken
from api.gathering import Gathering
from api.services import Services
from store.acting import crossing
from store.errors import YinzhengError
from store.limits import RateLimitedError
from verify import Caller, CheckAnswer, IdentifierCheck, IdentifierRequest, Occasion, Question


@dataclass(frozen=True)
class WantedCheck:
    """A check by identifier, without a consent, as a client asks for it."""

    client: Client
    caller: Caller
    service_item: str
    case_number: str
    check: IdentifierCheck
    questions: Sequence[Question]
    fields: Sequence[str]


class Gathered:
    """The work of one process that is done for several requests at once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.clients: Gathering[ShownToken, Client] = Gathering(self._let_in)
        """The client that shows a token. Raises like :meth:`api.clients.Clients.authenticate`, or
        :class:`~store.limits.RateLimitedError` for one that calls too often."""
        self.identifier_checks: Gathering[WantedCheck, tuple[Occasion, CheckAnswer]] = Gathering(self._check)
        """What a check was for, and its answer. Raises like :meth:`verify.DepartmentChecks.occasion` and
        :meth:`~verify.DepartmentChecks.by_identifier`, or :class:`~api.errors.QuotaUsedError`."""

    def _let_in(self, shown: Sequence[ShownToken]) -> list[Client | Exception]:
        found: list[Client | Exception] = []
        for each in self._services.clients.authenticate_each(shown):
            found.append(each if isinstance(each, YinzhengError) else self._within_rate(each))
        return found

    def _within_rate(self, client: Client) -> Client | RateLimitedError:
        try:
            self._services.limiter.hit(client.terms.rate or self._services.settings.client_rate, "client", client.id)
        except RateLimitedError as error:
            return error
        return client

    def _check(self, wanted: Sequence[WantedCheck]) -> list[tuple[Occasion, CheckAnswer] | Exception]:
        checks = self._services.department_checks
        # across clients: what each may see is decided for each licence by whom the check is for
        with crossing(), self._services.database.together():
            occasions = checks.occasions([(each.caller, each.service_item, each.case_number) for each in wanted])
            outcomes: dict[int, tuple[Occasion, CheckAnswer] | Exception] = {}
            meant: list[tuple[int, Occasion]] = []
            for number, found in enumerate(occasions):
                if isinstance(found, YinzhengError):
                    outcomes[number] = found
                else:
                    meant.append((number, found))
            quotas = self._services.quotas.take_each([wanted[number].client for number, _ in meant])
            made: list[tuple[int, Occasion]] = []
            for (number, occasion), refusal in zip(meant, quotas, strict=True):
                if refusal is not None:
                    outcomes[number] = refusal
                else:
                    made.append((number, occasion))
            answers = checks.by_identifier_at_once(
                [
                    IdentifierRequest(occasion, wanted[number].check, wanted[number].questions, wanted[number].fields)
                    for number, occasion in made
                ]
            )
            for (number, occasion), answer in zip(made, answers, strict=True):
                outcomes[number] = answer if isinstance(answer, YinzhengError) else (occasion, answer)
        return [outcomes[number] for number in range(len(wanted))]


def gathered_of(request: Request) -> Gathered:
    """The gathered work of this process."""
    gathered: Gathered = request.app.state.gathered
    return gathered
