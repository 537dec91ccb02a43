"""What goes over the wire between officers and the office of seals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Base64Bytes, BaseModel, Field

from api.schemas import Strict
from api.seal_views import SealCertificateView, SealView
from seal import (
    Grant,
    GrantTerms,
    Move,
    SealApplication,
    SealEvent,
    SealKind,
    SealRequest,
    SealUser,
    StrokePoint,
)

Reason = Annotated[str, Field(min_length=1, max_length=500, examples=["启用电子印章"])]
Document = Annotated[
    str | None,
    Field(max_length=200, description="What the act rests on.", examples=["青政办发〔2026〕12号"]),
]
Words = Annotated[str, Field(min_length=1, max_length=100)]


class ActBody(Strict):
    """Why an officer does something, and on what document; who the officer is follows from the token."""

    reason: Reason
    document: Document = None


class ApplicationBody(ActBody):
    """An application for a seal (申请)."""

    owner: str = Field(pattern="^[0-9A-Za-z]{17,18}$", description="统一社会信用代码, or the reference of a person.")
    licence_types: list[Words] = Field(default=[], max_length=200, description="Documents that it will be put on.")
    kind: SealKind | None = Field(None, description="Follows from the owner and the purpose where left out.")
    purpose: str | None = Field(None, max_length=40, examples=["电子证照专用章"])
    size_mm: float | None = Field(None, gt=0, le=100, description="Diameter, side, or a signature's height.")
    name: str | None = Field(None, max_length=40, description="Whose name a legal representative's seal shows.")
    picture: Base64Bytes | None = Field(None, description="PNG or SVG to use instead of drawing the seal.")
    strokes: list[list[StrokePoint]] | None = Field(None, max_length=500, description="Of a drawn signature.")
    valid_until: AwareDatetime | None = None
    supersedes: str | None = Field(None, pattern="^[0-9]{13}$", description="Number of the seal that this one changes.")

    def application(self, licence_types: list[str]) -> SealApplication:
        """The application, with its types as the catalogue names them."""
        return SealApplication(
            self.owner,
            licence_types,
            self.purpose,
            self.size_mm,
            self.kind,
            self.name,
            picture=self.picture,
            strokes=self.strokes,
            valid_until=self.valid_until,
            supersedes=self.supersedes,
        )


class MoveBody(ActBody):
    """A move that wants a second officer."""

    move: Literal[Move.MAKE, Move.THAW, Move.ROTATE, Move.CANCEL]
    compromised_since: AwareDatetime | None = Field(
        None, description="For a new key or a cancellation: since when the key may have been in other hands."
    )


class ApprovalBody(Strict):
    """The second officer's word."""

    reason: Annotated[str | None, Field(min_length=1, max_length=500)] = None


class RejectionBody(Strict):
    """The second officer's refusal, with its reason."""

    reason: Reason


class GrantBody(ActBody):
    """Leave to use a seal."""

    licence_types: list[Words] = Field(min_length=1, max_length=200)
    purpose: str = Field(min_length=1, max_length=200, examples=["联合执法"])
    organisation: str | None = Field(
        None, pattern="^[0-9A-Za-z]{18}$", description="The body that may use it; the owner if left out."
    )
    client: str | None = Field(None, pattern="^[!-~]{1,64}$", description="Only this API client of the body.")
    daily_quota: int | None = Field(None, ge=1, le=10_000_000, description="Uses on one day of China's calendar.")
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None

    def terms(self, licence_types: list[str]) -> GrantTerms:
        """The terms, with the types as the catalogue names them."""
        return GrantTerms(
            licence_types,
            self.purpose,
            SealUser(self.organisation, self.client),
            self.daily_quota,
            self.valid_from,
            self.valid_until,
        )


class SealRequestView(BaseModel):
    """A move that waits for a second officer, or has had that officer's word."""

    id: int
    seal_number: str
    move: Move
    requested_by: str
    requested_at: datetime
    reason: str
    document: str | None
    compromised_since: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    approved: bool | None
    decision_reason: str | None

    @classmethod
    def of(cls, request: SealRequest) -> SealRequestView:
        return cls.model_validate(request, from_attributes=True)


class SealEventView(BaseModel):
    """One step of a seal's life."""

    move: Move
    state: str
    officer: str
    second_officer: str | None
    reason: str
    document: str | None
    at: datetime

    @classmethod
    def of(cls, event: SealEvent) -> SealEventView:
        return cls.model_validate(event, from_attributes=True)


class SealFileView(BaseModel):
    """All that is known of a seal: for its administrators."""

    seal: SealView
    possible_moves: list[Move]
    history: list[SealEventView]
    requests: list[SealRequestView]
    certificates: list[SealCertificateView]


class GrantView(BaseModel):
    """Leave to use a seal."""

    id: int
    seal_number: str
    organisation: str | None = Field(description="The body that may use it; null for the owner.")
    client: str | None
    licence_types: list[str]
    daily_quota: int | None
    valid_from: datetime
    valid_until: datetime | None
    purpose: str
    granted_by: str
    granted_at: datetime
    document: str | None
    revoked_by: str | None
    revoked_at: datetime | None
    revocation_reason: str | None
    holds: bool = Field(description="Whether it may be used now, its quota aside.")

    @classmethod
    def of(cls, grant: Grant, now: datetime) -> GrantView:
        return cls.model_validate(
            {
                **{name: getattr(grant, name) for name in cls.model_fields if hasattr(grant, name)},
                "organisation": grant.user.organisation_code,
                "client": grant.user.client_id,
                "holds": grant.holds_at(now),
            }
        )
