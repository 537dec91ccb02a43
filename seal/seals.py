"""What is known of a seal, as values: the seal, its owner, an application, a request, an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from keys import FieldVault, KeyAlgorithm
from seal._tables import SealCertificateRow, SealEventRow, SealRequestRow, SealRow
from seal.artwork import StrokePoint
from seal.kinds import SealKind, SealOwnerKind
from seal.organisations import Organisation, organisation_of
from seal.people import Person, masked_name, person_of
from seal.states import Move, SealState, state_at

Owner = Organisation | Person


@dataclass(frozen=True)
class Seal:
    """An e-seal (电子印章) and its present state."""

    id: int
    number: str
    """Public number: region code and seven digits."""
    owner: Owner
    kind: SealKind
    name: str = field(repr=False)
    """What it says: the body's full name, or a person's."""
    purpose: str | None
    """The line under the star of a special-purpose seal (专用章)."""
    width_mm: float
    height_mm: float
    licence_types: tuple[str, ...]
    """Documents that it was applied for; what it may be used for is in its grants."""
    state: SealState
    """As the book has it; see :meth:`state_at`."""
    artwork_digest: str
    key_id: int | None
    certificate_id: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    registered_at: datetime | None
    supersedes: str | None
    """Number of the seal whose place it takes."""

    @property
    def organisation(self) -> Organisation:
        """The body that owns it.

        :raises TypeError: a person does.
        """
        if isinstance(self.owner, Person):
            raise TypeError(f"the seal {self.number} is a person's")
        return self.owner

    @property
    def owner_kind(self) -> SealOwnerKind:
        """Whether a department, a company or a person owns it."""
        return SealOwnerKind.PERSON if isinstance(self.owner, Person) else self.owner.kind

    @property
    def title(self) -> str:
        """What it is called in print: its name and purpose, a person's name masked."""
        name = masked_name(self.name) if self.kind.rules.personal else self.name
        return f"{name}（{self.purpose}）" if self.purpose else name

    def state_at(self, at: datetime) -> SealState:
        """The state at a moment: over when its validity is, though the book may not say so yet."""
        return state_at(self.state, self.valid_until, at)


@dataclass(frozen=True)
class SealApplication:
    """What somebody asks for when applying for a seal."""

    owner: str
    """Unified social credit code of a body, or the reference of a person."""
    licence_types: Sequence[str] = ()
    """Codes of the documents that the owner will put it on. A department names at least one."""
    purpose: str | None = None
    size_mm: float | None = None
    """Diameter, side, or a signature's height; the usual one of its kind where left out."""
    kind: SealKind | None = None
    """Follows from the owner and the purpose where left out."""
    name: str | None = field(default=None, repr=False)
    """Whose name a legal representative's seal shows; all others show their owner's."""
    picture: bytes | None = field(default=None, repr=False)
    """PNG or SVG to use instead of drawing the seal."""
    strokes: Sequence[Sequence[StrokePoint]] | None = field(default=None, repr=False)
    """The pen's path of a drawn signature."""
    valid_until: datetime | None = None
    """When it is to end, at the latest with its certificate."""
    algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256
    supersedes: str | None = None
    """Number of the seal that this one changes (变更)."""


@dataclass(frozen=True)
class SealRequest:
    """A move that waits for a second officer, or has had that officer's word."""

    id: int
    seal_number: str
    move: Move
    requested_by: str
    requested_at: datetime
    reason: str
    document: str | None
    compromised_since: datetime | None
    """Since when the key may have been in other hands; None where it never was."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    approved: bool | None = None
    decision_reason: str | None = None
    """Why it was turned down, or what the second officer said to it."""


@dataclass(frozen=True)
class SealEvent:
    """One step in the history of a seal."""

    move: Move
    state: SealState
    officer: str
    second_officer: str | None
    reason: str
    document: str | None
    at: datetime


@dataclass(frozen=True)
class SealCertificate:
    """A certificate that a seal has or had."""

    certificate_id: int
    key_id: int
    serial: str
    """Lower-case hexadecimal."""
    not_before: datetime
    not_after: datetime
    used_from: datetime
    used_until: datetime | None
    """When another took over; None for the one in use."""
    compromised_since: datetime | None


def seal_of(row: SealRow, vault: FieldVault) -> Seal:
    """The value that a row stands for."""
    owner: Owner
    if row.organisation is not None:
        owner = organisation_of(row.organisation)
    elif row.person is not None:
        owner = person_of(row.person, vault)
    else:
        raise LookupError("a seal without an owner")
    return Seal(
        id=row.id,
        number=row.number,
        owner=owner,
        kind=SealKind(row.kind),
        name=name_on(row, vault),
        purpose=row.purpose,
        width_mm=row.picture.width_mm,
        height_mm=row.picture.height_mm,
        licence_types=tuple(row.licence_types),
        state=SealState(row.state),
        artwork_digest=row.picture.digest,
        key_id=row.key_id,
        certificate_id=row.certificate_id,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        registered_at=row.registered_at,
        supersedes=row.supersedes.number if row.supersedes is not None else None,
    )


def name_on(row: SealRow, vault: FieldVault) -> str:
    """The name that a seal shows; a person's rests encrypted."""
    if row.name_encrypted is not None:
        return vault.decrypt(row.name_encrypted, context=name_context(row.number)).decode()
    return row.name or ""


def name_context(number: str) -> str:
    """What the encrypted name on a seal is bound to."""
    return f"seal.name:{number}"


def request_of(row: SealRequestRow, number: str) -> SealRequest:
    """The value that a row stands for."""
    return SealRequest(
        row.id,
        number,
        Move(row.move),
        row.requested_by,
        row.requested_at,
        row.reason,
        row.document,
        row.compromised_since,
        row.decided_by,
        row.decided_at,
        row.approved,
        row.decision_reason,
    )


def event_of(row: SealEventRow) -> SealEvent:
    """The value that a row stands for."""
    return SealEvent(
        Move(row.move), SealState(row.state), row.officer, row.second_officer, row.reason, row.document, row.at
    )


def certificate_of(row: SealCertificateRow) -> SealCertificate:
    """The value that a row stands for."""
    return SealCertificate(
        row.certificate_id,
        row.key_id,
        row.serial,
        row.not_before,
        row.not_after,
        row.used_from,
        row.used_until,
        row.compromised_since,
    )
