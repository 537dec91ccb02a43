"""What goes over the wire about seals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from seal import Person, PublicRecord, Seal, SealCertificate, SealUse, UseDay, UsePage, UseResult

NUMBER_EXAMPLE = "3702001234567"


class SealView(BaseModel):
    """A seal as those who administer seals see it."""

    number: str
    owner: str
    owner_code: str
    kind: str
    name: str
    purpose: str | None
    state: str
    artwork_digest: str
    valid_until: datetime | None

    @classmethod
    def of(cls, seal: Seal) -> SealView:
        person = isinstance(seal.owner, Person)
        return cls(
            number=seal.number,
            owner=seal.owner.name_masked if isinstance(seal.owner, Person) else seal.owner.name_zh,
            owner_code=seal.owner.reference if isinstance(seal.owner, Person) else seal.owner.code,
            kind=seal.kind.value,
            name=seal.title if person else seal.name,
            purpose=seal.purpose,
            state=seal.state.value,
            artwork_digest=seal.artwork_digest,
            valid_until=seal.valid_until,
        )


class SealCertificateView(BaseModel):
    """A certificate that a seal has or had."""

    serial: str = Field(description="Lower-case hexadecimal.")
    not_before: datetime
    not_after: datetime
    used_from: datetime
    used_until: datetime | None = Field(description="When another took over; null for the one in use.")
    compromised_since: datetime | None

    @classmethod
    def of(cls, certificate: SealCertificate) -> SealCertificateView:
        return cls(
            serial=certificate.serial,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            used_from=certificate.used_from,
            used_until=certificate.used_until,
            compromised_since=certificate.compromised_since,
        )


class SealRecordView(BaseModel):
    """The public record of a seal (备案信息)."""

    number: str = Field(examples=[NUMBER_EXAMPLE])
    owner_kind: Literal["department", "company", "person"]
    owner: str = Field(description="Full name; a person's masked.", examples=["青岛市市场监督管理局"])
    owner_code: str | None = Field(description="统一社会信用代码; null for a person.")
    kind: str = Field(examples=["special"])
    kind_zh: str = Field(examples=["专用章"])
    title: str = Field(examples=["青岛市市场监督管理局（电子证照专用章）"])
    artwork_digest: str | None = Field(
        description="SHA-256 of the picture; null where it shows a person's name, which could be guessed from it."
    )
    width_mm: float
    height_mm: float
    state: str = Field(description="Today's.", examples=["active"])
    state_zh: str = Field(examples=["启用"])
    valid_from: datetime | None
    valid_until: datetime | None
    registered_at: datetime
    certificates: list[SealCertificateView] = Field(description="All it has had, oldest first.")
    certificate_pem: str | None = Field(description="The one in use, or the last; null where a person's name is in it.")
    supersedes: str | None = Field(description="Number of the seal whose place it took.")
    superseded_by: str | None

    @classmethod
    def of(cls, record: PublicRecord) -> SealRecordView:
        return cls(
            number=record.number,
            owner_kind=record.owner_kind.value,
            owner=record.owner,
            owner_code=record.owner_code,
            kind=record.kind.value,
            kind_zh=record.kind.zh,
            title=record.title,
            artwork_digest=record.artwork_digest,
            width_mm=record.width_mm,
            height_mm=record.height_mm,
            state=record.state.value,
            state_zh=record.state.zh,
            valid_from=record.valid_from,
            valid_until=record.valid_until,
            registered_at=record.registered_at,
            certificates=[SealCertificateView.of(each) for each in record.certificates],
            certificate_pem=record.certificate_pem,
            supersedes=record.supersedes,
            superseded_by=record.superseded_by,
        )


class SealUseView(BaseModel):
    """One use of a seal."""

    id: int
    seal_number: str
    at: datetime
    day: date = Field(description="In China's calendar.")
    caller: str
    organisation_code: str | None = Field(description="Body on whose behalf, where it was not the owner.")
    client_id: str | None
    document_type: str
    document_identifier: str
    unsealed_digest: str = Field(description="SHA-256 of the document before sealing.")
    sealed_digest: str | None = Field(description="SHA-256 of the sealed document.")
    purpose: str | None
    grant_id: int | None = Field(description="The grant that allowed it.")
    result: UseResult
    reason_code: str | None = Field(examples=["seal.quota_used"])

    @classmethod
    def of(cls, use: SealUse) -> SealUseView:
        return cls.model_validate(use, from_attributes=True)


class SealUsePageView(BaseModel):
    """Some uses, newest first."""

    uses: list[SealUseView]
    next_cursor: str | None = Field(description="For the next page; null on the last.")

    @classmethod
    def of(cls, page: UsePage) -> SealUsePageView:
        return cls(uses=[SealUseView.of(each) for each in page.uses], next_cursor=page.next_cursor)


class SealUseDayView(BaseModel):
    """How often a seal was used on one day of China's calendar."""

    day: date
    sealed: int
    refused: int
    failed: int
    cut_short: int

    @classmethod
    def of(cls, day: UseDay) -> SealUseDayView:
        return cls.model_validate(day, from_attributes=True)
