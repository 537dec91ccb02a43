"""The public register of seals (备案): what anybody may know of a seal, by its number.

Of a person only the first character of the name is told, and of a seal that shows a person's name no certificate, in
which it stands, and no digest of its picture: who knows the fonts could draw the seals of likely names and compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateAuthority
from seal.errors import SealNotRegisteredError, SealUnknownError
from seal.kinds import SealKind, SealOwnerKind
from seal.people import Person
from seal.registry import SealRegistry
from seal.seals import Seal, SealCertificate
from seal.states import SealState
from store.clock import Clock


@dataclass(frozen=True)
class PublicRecord:
    """What the public may know of a seal (备案信息)."""

    number: str
    owner_kind: SealOwnerKind
    owner: str
    """The owner's full name; a person's masked."""
    owner_code: str | None
    """Unified social credit code; None of a person."""
    kind: SealKind
    title: str
    """What the seal says: name and purpose."""
    artwork_digest: str | None
    """SHA-256 of the picture; None where it shows a person's name."""
    width_mm: float
    height_mm: float
    state: SealState
    """Today's, whatever the book has caught up with."""
    valid_from: datetime | None
    valid_until: datetime | None
    registered_at: datetime
    certificates: tuple[SealCertificate, ...]
    """All it has had, oldest first."""
    certificate_pem: str | None
    """The one in use, or the last; None where a person's name stands in it."""
    supersedes: str | None
    superseded_by: str | None


class PublicRegister:
    """Looks seals up for the public."""

    def __init__(self, seals: SealRegistry, authority: CertificateAuthority, clock: Clock) -> None:
        self._seals = seals
        self._authority = authority
        self._clock = clock

    def find(self, number: str) -> PublicRecord:
        """The record of a seal.

        :raises SealNotRegisteredError: there is no such seal, or it was never registered.
        """
        try:
            seal = self._seals.get(number)
        except SealUnknownError:
            raise SealNotRegisteredError(number=number) from None
        if seal.registered_at is None:
            raise SealNotRegisteredError(number=number)
        person = isinstance(seal.owner, Person)
        return PublicRecord(
            number=seal.number,
            owner_kind=seal.owner_kind,
            owner=_owner_name(seal),
            owner_code=None if person else seal.organisation.code,
            kind=seal.kind,
            title=seal.title,
            artwork_digest=None if seal.kind.rules.personal else seal.artwork_digest,
            width_mm=seal.width_mm,
            height_mm=seal.height_mm,
            state=seal.state_at(self._clock.now()),
            valid_from=seal.valid_from,
            valid_until=seal.valid_until,
            registered_at=seal.registered_at,
            certificates=tuple(self._seals.certificates(number)),
            certificate_pem=self._certificate(seal),
            supersedes=seal.supersedes,
            superseded_by=self._seals.successor(number),
        )

    def _certificate(self, seal: Seal) -> str | None:
        if seal.certificate_id is None or seal.kind.rules.personal:
            return None
        return self._authority.get(seal.certificate_id).certificate.public_bytes(Encoding.PEM).decode("ascii")


def _owner_name(seal: Seal) -> str:
    return seal.owner.name_masked if isinstance(seal.owner, Person) else seal.owner.name_zh
