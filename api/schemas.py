"""What goes over the wire; the domain's own values never do."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from trust import Licence, LicenceEvent, LicenceState, LicenceType
from trust.feed import FeedPage
from verify import Verdict
from wallet import Entry, Minting, OfflinePresentation, Presentation

IDENTIFIER_EXAMPLE = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


class Strict(BaseModel):
    """A request body: unknown members are refused, so that a typing error does not go unnoticed.

    So is text with U+0000, which PostgreSQL does not keep.
    """

    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000)

    @field_validator("*", mode="before")
    @classmethod
    def _without_null(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("text does not contain U+0000")
        return value


class TokenAnswer(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  a word, no secret
    expires_in: int = Field(description="Seconds.", examples=[900])
    scope: str = Field(examples=["licences:check"])


class IssueRequest(Strict):
    """A licence to issue."""

    type: str = Field(description="Slug or 21-character code of the licence type.", examples=["business_licence"])
    fields: dict[str, Any] = Field(description="The fields of the type; see GET /v1/licence-types/{type}.")
    issue_date: date | None = Field(None, description="颁发日期; today where it is left out.")


class ReasonRequest(Strict):
    """Why the status changes; goes on record."""

    reason: str = Field(min_length=1, max_length=500, examples=["有待核查"])


class EndingRequest(ReasonRequest):
    """Why a licence ends, and on what law; goes on record."""

    legal_basis: str = Field(
        min_length=1,
        max_length=500,
        description="法律依据.",
        examples=["《中华人民共和国行政许可法》第七十条第四项"],
    )


class ChangeRequest(ReasonRequest):
    """A new version of a licence."""

    fields: dict[str, Any] = Field(description="What is to be different. null takes a field out.", default_factory=dict)
    issue_date: date | None = Field(
        None, description="颁发日期 of the new version; today where it is left out, of a correction the old one."
    )
    legal_basis: str | None = Field(None, max_length=500, description="法律依据.")


class HolderView(BaseModel):
    """持证主体."""

    name: str
    code: str
    code_type: Literal["citizen_id", "uscc"]


class LicenceView(BaseModel):
    """A licence as its issuer and its holder see it."""

    identifier: str = Field(description="电子证照标识, GB/T 36904.", examples=[IDENTIFIER_EXAMPLE])
    type: str = Field(examples=["business_licence"])
    type_code: str
    name: str = Field(description="证照名称.", examples=["营业执照"])
    number: str = Field(description="证照编号.")
    holder: HolderView
    issuer: str
    issuer_code: str
    issue_date: date
    valid_from: date
    valid_until: date | None = Field(description="null: 长期.")
    state: str = Field(description="证照状态 today.", examples=["valid"])
    state_zh: str = Field(examples=["有效"])
    state_since: datetime
    state_reason: str | None
    fields: dict[str, Any]
    origin: str = Field(description="issued, or imported (历史数据归集).", examples=["issued"])
    pdf_digest: str | None = Field(description="SHA-256 of the sealed PDF; null for one imported without a seal.")
    issued_at: datetime
    revision: int = Field(description="Counts up with every act; the ETag, for If-Match.", examples=[1])
    supersedes: str | None = Field(description="Identifier of the version whose place it took.")
    superseded_by: str | None = Field(description="Identifier of the version that took its place.")

    @classmethod
    def of(cls, licence: Licence, today: date) -> LicenceView:
        state = licence.state_on(today)
        return cls(
            identifier=licence.identifier,
            type=licence.type.slug,
            type_code=licence.type.code,
            name=licence.type.name_zh,
            number=licence.number,
            holder=HolderView(name=licence.holder.name, code=licence.holder.code, code_type=licence.holder.code_type),
            issuer=licence.issuer_name,
            issuer_code=licence.issuer_code,
            issue_date=licence.issue_date,
            valid_from=licence.valid_from,
            valid_until=licence.valid_until,
            state=state.value,
            state_zh=state.zh,
            state_since=licence.state_since,
            state_reason=licence.state_reason,
            fields=dict(licence.fields),
            origin=licence.origin.value,
            pdf_digest=licence.pdf_digest,
            issued_at=licence.issued_at,
            revision=licence.revision,
            supersedes=licence.supersedes,
            superseded_by=licence.superseded_by,
        )


class WalletLicenceView(LicenceView):
    """A licence in a wallet, and how its holder wants to see it."""

    pinned: bool
    hidden: bool

    @classmethod
    def of_entry(cls, entry: Entry, today: date) -> WalletLicenceView:
        return cls(**dict(LicenceView.of(entry.licence, today)), pinned=entry.pinned, hidden=entry.hidden)


class ArrangeRequest(Strict):
    """How the holder wants to see a licence."""

    pinned: bool = Field(False, description="置顶.")
    hidden: bool = Field(False, description="不在列表中显示.")


class CloseRequest(Strict):
    """That the holder means it."""

    confirm: Literal[True] = Field(description="须为 true，以免误操作.")


class GroupView(BaseModel):
    """Licences of a wallet that have something in common."""

    key: str = Field(examples=["business_licence"])
    name: str = Field(examples=["营业执照"])
    count: int
    identifiers: list[str]


class WalletStateView(BaseModel):
    """Whether a wallet is open, and what waits there for its holder."""

    state: Literal["open", "closed", "not_opened"]
    opened_at: datetime | None
    closed_at: datetime | None
    licences: int
    found: int = Field(0, description="开通时新归入的证照数 Licences that were taken in by this call.")
    open_requests: int = Field(description="待答复的授权请求数.")
    active_consents: int


class SearchRequest(Strict):
    """What licences to find; everything said has to hold."""

    identifier: str | None = Field(None, max_length=200)
    number: str | None = Field(None, max_length=200, description="证照编号, whole.")
    holder_code: str | None = Field(None, max_length=18, description="持证主体代码, whole.")
    type: str | None = Field(None, max_length=64, description="Slug or code of the type.")
    region: str | None = Field(None, max_length=12, description="行政区划代码 of the issuer, or its beginning.")
    issued_from: date | None = Field(None, description="颁发日期 from.")
    issued_until: date | None = Field(None, description="颁发日期 to, included.")
    valid_on: date | None = Field(None, description="A day within the term.")
    state: LicenceState | None = Field(None, description="证照状态 today.")
    cursor: str | None = Field(None, max_length=40, description="From the page before.")
    limit: int = Field(100, ge=1, le=1000)


class LicencePageView(BaseModel):
    """Some licences, newest first."""

    licences: list[LicenceView]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class EventView(BaseModel):
    """One entry in the history of a licence."""

    act: str
    act_zh: str
    state: str
    actor: str
    reason: str
    legal_basis: str | None
    at: datetime

    @classmethod
    def of(cls, event: LicenceEvent) -> EventView:
        return cls(
            act=event.act.value,
            act_zh=event.act.zh,
            state=event.state.value,
            actor=event.actor,
            reason=event.reason,
            legal_basis=event.legal_basis,
            at=event.at,
        )


class TypeView(BaseModel):
    """A licence type (证照类型)."""

    slug: str
    code: str
    name_zh: str
    name_en: str
    version: int = Field(description="The version under which licences are issued now.")
    reference_only: bool = Field(description="仅供引用: licences of the type are not issued here.")
    holder_kind: Literal["person", "body", "both", "several"]
    validity: str = Field(description="The rule of validity.", examples=["length"])
    fields: dict[str, Any] = Field(description="JSON Schema (draft 2020-12) of the fields.")

    @classmethod
    def of(cls, licence_type: LicenceType) -> TypeView:
        return cls(
            slug=licence_type.slug,
            code=licence_type.code,
            name_zh=licence_type.name_zh,
            name_en=licence_type.name_en,
            version=licence_type.version,
            reference_only=licence_type.reference_only,
            holder_kind=licence_type.holder.kind,
            validity=licence_type.validity.kind,
            fields=dict(licence_type.schema),
        )


class PresentRequest(Strict):
    """What the holder agrees to show, and for what."""

    identifier: str = Field(examples=[IDENTIFIER_EXAMPLE])
    purpose: str = Field(description="用途, for the holder's and the checker's records.", examples=["办理银行开户"])
    audience: str | None = Field(
        None, description="Unified social credit code of the only body that may redeem it; anybody where left out."
    )


class PresentationView(BaseModel):
    """A presentation, to be shown as a QR code."""

    token: str
    qr_svg: str = Field(description="The token as a QR code, an SVG image.")
    purpose: str
    audience: str | None
    expires_at: datetime

    @classmethod
    def of(cls, presentation: Presentation) -> PresentationView:
        return cls(
            token=presentation.token,
            qr_svg=presentation.qr_svg(),
            purpose=presentation.purpose,
            audience=presentation.audience,
            expires_at=presentation.expires_at,
        )


class PresentOfflineRequest(Strict):
    """What the holder shows where there is no network, for what, and how long."""

    identifier: str = Field(examples=[IDENTIFIER_EXAMPLE])
    purpose: str = Field(description="用途, 30 characters at most; stands in the code.", examples=["住宿登记"])
    minutes: int = Field(5, ge=1, le=10, description="有效期（分钟） How long it holds.")


class OfflinePresentationView(BaseModel):
    """An offline presentation, to be shown as a QR code."""

    text: str = Field(description="What the QR code says: `YZ1:` and Base45 (RFC 9285) of a COSE_Sign1 (RFC 9052).")
    qr_svg: str = Field(description="The QR code, an SVG image.")
    qr_png: str = Field(description="The QR code, a PNG image in Base64.")
    id: str
    identifier: str
    purpose: str
    expires_at: datetime
    shown: dict[str, str] = Field(description="Fields of the licence that it shows, by title; the rest stays unsaid.")

    @classmethod
    def of(cls, presentation: OfflinePresentation) -> OfflinePresentationView:
        credential = presentation.credential
        return cls(
            text=presentation.text,
            qr_svg=presentation.qr.svg(),
            qr_png=b64encode(presentation.qr.png()).decode(),
            id=credential.id.hex(),
            identifier=credential.identifier,
            purpose=credential.purpose,
            expires_at=credential.expires_at,
            shown=dict(credential.fields),
        )


class MintingView(BaseModel):
    """That an offline presentation was made."""

    id: str
    identifier: str
    purpose: str
    at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, minting: Minting) -> MintingView:
        return cls(**vars(minting))


class ReasonView(BaseModel):
    """A coded reason. Switch on ``code``."""

    code: str = Field(examples=["register.revoked"])
    message_zh: str
    message_en: str
    rests_on: Literal["pdf", "register", "presentation", "consent", "status_list", "log"] = Field(
        description="What it rests on."
    )
    indication: str = Field(description="What this alone makes of the verdict.")
    sub_indication: str | None = Field(description="As ETSI EN 319 102-1 names it.")


class SignerView(BaseModel):
    """Who signed."""

    subject: str | None
    serial: str | None
    sha256: str | None = Field(description="SHA-256 of the certificate.")
    chain: list[str] = Field(description="Subjects from the signer to the trust anchor.")


class RevocationView(BaseModel):
    """A word on the revocation of a certificate that the check rests on."""

    subject: str
    status: Literal["good", "revoked", "unknown"]
    source: Literal["ocsp", "crl"]
    in_file: bool = Field(description="The file brought it along.")
    produced_at: datetime
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    invalid_since: datetime | None = Field(description="Since when the key was in other hands.")
    reason: str | None = Field(description="As RFC 5280, 5.3.1 names it.", examples=["keyCompromise"])


class SealMakerView(BaseModel):
    """Who made a seal."""

    subject: str | None
    chain: list[str] = Field(description="Subjects from the maker to the trust anchor; empty where it leads to none.")


class SealDataView(BaseModel):
    """The seal in a seal signature of GB/T 38540 (国密印章), as its data say."""

    version: int = Field(examples=[4])
    id: str
    name: str
    kind: int = Field(description="1 a body's, 2 a person's; others are in use.")
    valid_from: datetime
    valid_until: datetime
    maker: SealMakerView
    document_digest: str = Field(description="SM3 that was signed.")
    findings: list[str] = Field(description="Codes of all that was found, see docs/gbt38540.md.")


class SignatureView(BaseModel):
    """One seal, signature or time stamp in a PDF."""

    field_name: str
    kind: Literal["seal", "timestamp", "ses", "other"]
    indication: str
    sub_indication: str | None
    reasons: list[ReasonView]
    intact: bool
    trusted: bool
    coverage: str
    changes: str
    certified: int | None = Field(description="DocMDP level.")
    level: str | None = Field(description="PAdES level.", examples=["B-T"])
    subfilter: str | None
    signer: SignerView
    claimed_time: datetime | None
    proven_time: datetime | None
    digest_algorithm: str | None
    signature_algorithm: str | None
    revocation: list[RevocationView]
    seal_data: SealDataView | None = Field(description="Of a seal signature of GB/T 38540.")


class LicenceSummaryView(BaseModel):
    """What the register says of the licence, as far as anybody may know."""

    identifier: str
    type_code: str
    title_zh: str
    title_en: str
    number: str | None
    issuer: str
    issuer_code: str | None
    holder_masked: str
    status: str
    issued_on: date | None
    valid_from: date | None
    valid_until: date | None


class VerdictView(BaseModel):
    """The answer to "may I rely on this?"."""

    verdict: Literal["TOTAL_PASSED", "TOTAL_FAILED", "INDETERMINATE"]
    sub_indication: str | None
    reasons: list[ReasonView]
    signatures: list[SignatureView]
    licence: LicenceSummaryView | None
    checked_at: datetime
    document_digest: str | None = Field(description="SHA-256 of the PDF that was shown.")
    log_proof: dict[str, Any] | None = Field(
        description="Proof that the newest record of the licence stands in the transparency log (docs/transparency.md)."
    )

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictView:
        return cls.model_validate(verdict.to_json())


class ChangeView(BaseModel):
    """An act on a licence, and what the register says of it now."""

    position: int = Field(description="Its place in the log.")
    act: str = Field(examples=["suspend"])
    at: datetime
    identifier: str = Field(examples=[IDENTIFIER_EXAMPLE])
    type: str
    issuer_code: str
    region_code: str
    state: str = Field(description="On record now; an expiry shows by valid_until.")
    valid_from: date
    valid_until: date | None
    revision: int
    pdf_digest: str | None
    supersedes: str | None
    superseded_by: str | None


class FeedView(BaseModel):
    """Some changes in order."""

    changes: list[ChangeView]
    next: int = Field(description="Ask with this as `after` for what comes later.")

    @classmethod
    def of(cls, page: FeedPage) -> FeedView:
        return cls(changes=[ChangeView(**each.to_json()) for each in page.changes], next=page.next)
