"""What goes over the wire about consent; the domain's own values never do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.check_schemas import ApplicantRequest, CaseNumber, ServiceItemCode
from api.names import Names
from api.schemas import IDENTIFIER_EXAMPLE, Strict
from wallet import ConsentRecord, ConsentRequest, ConsentState, ConsentUse, GivenConsent, RequestState

FieldName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
FieldNames = Annotated[list[FieldName], Field(min_length=1, max_length=50)]


class SharedLicence(Strict):
    """A licence, and the fields of it that may be told."""

    identifier: str = Field(max_length=200, examples=[IDENTIFIER_EXAMPLE])
    fields: FieldNames | None = Field(None, description="可提供的字段；省略为全部 Fields; all where left out.")


SharedLicences = Annotated[list[SharedLicence], Field(min_length=1, max_length=20)]


class ConsentGiveRequest(Strict):
    """What the holder agrees to, ahead of being asked."""

    body: str = Field(max_length=18, description="被授权单位 Unified social credit code of the body that may look.")
    service_item: ServiceItemCode
    licences: SharedLicences
    max_uses: int = Field(1, ge=1, le=1000, description="可使用次数 How often.")
    until: AwareDatetime = Field(description="截止时间 Until when, at most 366 days from now.")


class AgreeRequest(Strict):
    """What of a request the holder agrees to."""

    licences: SharedLicences | None = Field(
        None, description="同意提供的证照与字段；省略为全部同意 All that is asked for, where left out."
    )
    days: int | None = Field(None, ge=1, le=366, description="有效天数，不超过所请求的 At most those asked for.")
    max_uses: int | None = Field(None, ge=1, le=1000, description="使用次数，不超过所请求的 At most those asked for.")


class ConsentView(BaseModel):
    """A consent, as its holder and the body it is for see it."""

    number: str = Field(description="授权编号: what the body names in its checks.")
    body: str
    body_name: str
    service_item: str
    service_item_name: str
    licences: list[SharedLicence]
    max_uses: int
    uses: int
    given_at: dt.datetime
    until: dt.datetime
    withdrawn_at: dt.datetime | None
    state: ConsentState

    @classmethod
    def of(cls, given: GivenConsent, names: Names, now: dt.datetime) -> ConsentView:
        terms = given.terms
        return cls(
            number=given.number,
            body=terms.body_code,
            body_name=names.body(terms.body_code),
            service_item=terms.service_item,
            service_item_name=names.item(terms.service_item),
            licences=[
                SharedLicence(identifier=key, fields=None if fields is None else sorted(fields))
                for key, fields in terms.licences.items()
            ],
            max_uses=terms.max_uses,
            uses=given.uses,
            given_at=given.given_at,
            until=terms.until,
            withdrawn_at=given.withdrawn_at,
            state=given.state_at(now),
        )


class ConsentUseView(BaseModel):
    """One use of a consent."""

    number: int
    case_number: str
    at: dt.datetime

    @classmethod
    def of(cls, use: ConsentUse) -> ConsentUseView:
        return cls(number=use.number, case_number=use.case_number, at=use.at)


class ConsentRecordView(BaseModel):
    """A signed record of what the holder decided."""

    act: Literal["give", "withdraw", "refuse"]
    by: str
    at: dt.datetime
    statement: str = Field(description="A JWS; the keys are at /.well-known/consent-jwks.json.")

    @classmethod
    def of(cls, record: ConsentRecord) -> ConsentRecordView:
        return cls(act=record.act.value, by=record.by, at=record.at, statement=record.statement)


class ConsentDetailView(ConsentView):
    """A consent with all that was done by it."""

    use_record: list[ConsentUseView] = Field(description="使用记录.")
    records: list[ConsentRecordView] = Field(description="签名记录.")


class WantedType(Strict):
    """Fields of licences of one type that a department asks for."""

    type: str = Field(max_length=64, description="Slug of the licence type.", examples=["business_licence"])
    fields: FieldNames


class ConsentAskRequest(Strict):
    """What a department asks a holder to agree to."""

    service_item: ServiceItemCode
    case_number: CaseNumber
    holder: ApplicantRequest
    purpose: str = Field(
        min_length=1, max_length=200, description="告知持证人的用途 What the holder is told it is for."
    )
    wanted: list[WantedType] = Field(min_length=1, max_length=20)
    max_uses: int = Field(1, ge=1, le=1000)
    days: int = Field(1, ge=1, le=366, description="同意后有效的天数 Days that the consent holds from the answer.")
    answer_within: int = Field(600, ge=60, le=604_800, description="答复期限，秒 Seconds within which it is answered.")


class ConsentRequestView(BaseModel):
    """A request, as the holder and the body that asks see it."""

    number: str
    body: str
    body_name: str
    service_item: str
    service_item_name: str
    case_number: str
    purpose: str
    wanted: list[WantedType]
    max_uses: int
    days: int
    state: RequestState
    created_at: dt.datetime
    expires_at: dt.datetime
    answered_at: dt.datetime | None
    consent: str | None = Field(description="授权编号, where the holder agreed.")

    @classmethod
    def of(cls, request: ConsentRequest, names: Names) -> ConsentRequestView:
        asked = request.asked
        return cls(
            number=request.number,
            body=asked.body_code,
            body_name=names.body(asked.body_code),
            service_item=asked.service_item,
            service_item_name=names.item(asked.service_item),
            case_number=asked.case_number,
            purpose=asked.purpose,
            wanted=[WantedType(type=slug, fields=sorted(fields)) for slug, fields in asked.wanted.items()],
            max_uses=asked.max_uses,
            days=asked.days,
            state=request.state,
            created_at=request.created_at,
            expires_at=request.expires_at,
            answered_at=request.answered_at,
            consent=request.consent_number,
        )


class ConsentSearchRequest(Strict):
    """Which consents of a holder may be used for a case?"""

    service_item: ServiceItemCode
    case_number: CaseNumber
    holder: ApplicantRequest


def shared(licences: list[SharedLicence]) -> Mapping[str, frozenset[str] | None]:
    """The licences and fields of a request, as the wallet knows them."""
    return {each.identifier: None if each.fields is None else frozenset(each.fields) for each in licences}
