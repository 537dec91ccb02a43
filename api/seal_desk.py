"""Whose seals somebody administers, and what waits there: the same for programs and for pages."""

from __future__ import annotations

from api.services import Services
from seal import Organisation, Person, Seal, SealOwnerKind, SealRequest, SealState
from seal.errors import OrganisationUnknownError, PersonUnknownError, SealRequestUnknownError, SealUnknownError
from seal.people import is_reference
from seal.regions import lies_within
from seal.texts import same_officer


class SealDesk:
    """Somebody who works with the seals of a body and of the bodies below it; in a department, also with those of the
    companies and people of its region.
    """

    def __init__(self, services: Services, body_code: str, name: str) -> None:
        """
        :param name: who it is, for records.
        """
        self._services = services
        self.body = services.organisations.get(body_code)
        self.name = name
        self._known: dict[str, bool] = {}

    def administers(self, owner: Organisation | Person) -> bool:
        """Whether the seals of an owner are this desk's business; each owner is looked up once."""
        key = owner.reference if isinstance(owner, Person) else owner.code
        if key not in self._known:
            self._known[key] = self._administers(owner)
        return self._known[key]

    def _administers(self, owner: Organisation | Person) -> bool:
        whole_region = self.body.kind is SealOwnerKind.DEPARTMENT and lies_within(
            owner.region_code, self.body.region_code
        )
        if isinstance(owner, Person):
            return whole_region
        if owner.kind is SealOwnerKind.COMPANY and whole_region:
            return True
        return any(each.code == self.body.code for each in self._services.organisations.line(owner.code))

    def concerns(self, number: str) -> bool:
        """Whether a seal is this desk's business."""
        return self.administers(self._services.seals.get(number).owner)

    def seal(self, number: str) -> Seal:
        """:raises SealUnknownError: there is no such seal, or it is none of this desk's business."""
        found = self._services.seals.get(number)
        if not self.administers(found.owner):
            raise SealUnknownError(number=number)
        return found

    def owner(self, code: str) -> Organisation | Person:
        """The body with a code, or the person with a reference, whosever business it is."""
        return self._services.people.get(code) if is_reference(code) else self._services.organisations.get(code)

    def require_application(self, owner: str, supersedes: str | None) -> None:
        """Make sure that a seal is applied for whose owner, and whose predecessor, are this desk's business.

        :raises OrganisationUnknownError: there is no such body, or it is none of this desk's business.
        :raises PersonUnknownError: nor is there such a person.
        :raises SealUnknownError: nor such a seal to take the place of.
        """
        if not self.administers(self.owner(owner)):
            raise PersonUnknownError(reference=owner) if is_reference(owner) else OrganisationUnknownError(code=owner)
        if supersedes is not None:
            self.seal(supersedes)

    def owners(self) -> list[Organisation]:
        """The bodies whose seals are this desk's business."""
        return [each for each in self._services.organisations.all() if self.administers(each)]

    def people(self) -> list[Person]:
        """The people whose signatures are this desk's business."""
        return [each for each in self._services.people.all() if self.administers(each)]

    def request(self, request_id: int) -> SealRequest:
        """:raises SealRequestUnknownError: there is no such request, or it is none of this desk's business."""
        found = self._services.seals.find_request(request_id)
        if not self.concerns(found.seal_number):
            raise SealRequestUnknownError(request=request_id)
        return found

    def waiting(self) -> list[SealRequest]:
        """What waits for a second officer, oldest first."""
        found = self._services.seals.waiting()
        own = {number for number in {each.seal_number for each in found} if self.concerns(number)}
        return [each for each in found if each.seal_number in own]

    def may_decide(self, request: SealRequest) -> bool:
        """Whether a request waits for somebody else than who asked, and this is somebody else."""
        return request.decided_at is None and not same_officer(request.requested_by, self.name)

    def seals(self, state: SealState | None = None) -> list[Seal]:
        """The seals that are this desk's business, by number.

        :param state: only those in it now.
        """
        now = self._services.clock.now()
        found = [each for each in self._services.seals.all() if state is None or each.state_at(now) is state]
        return [each for each in found if self.administers(each.owner)]
