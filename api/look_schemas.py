"""What goes over the wire about who looked, and about objections; the domain's own values never do."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from api.names import Names
from api.schemas import Strict
from verify import ServiceItem
from verify.consents import Basis
from verify.looks import Look
from verify.objections import Objection, ObjectionFigures, ObjectionState
from verify.reasons import CATALOGUE


class ReasonCodeView(BaseModel):
    """A reason of the answer that was given; texts of the catalogue as it is now."""

    code: str
    rests_on: str | None


class LookView(BaseModel):
    """One check of one of the holder's licences."""

    number: int = Field(description="Names the check in an objection.")
    at: dt.datetime
    identifier: str
    by: str = Field(description="查验单位 The body that checked, or the public.")
    body: str | None = Field(description="Unified social credit code of the body.")
    evidence: str = Field(description="How it was checked.", examples=["identifier"])
    service_item: str | None
    service_item_name: str | None
    case_number: str | None
    purpose: str | None
    verdict: str
    reasons: list[ReasonCodeView]
    basis: Basis | None = Field(
        description="依据：授权、亮证、法定，或仅凭标识与持证主体。null: before that was noted What it rested on."
    )
    law: str | None = Field(description="法定依据 The law, where it was checked without consent.")
    consent: str | None = Field(description="授权编号.")
    shown_by: str | None = Field(
        description="亮证人：holder，或代办人，姓名见 /acts Who showed it: the holder, or who acts for it."
    )
    receipt_id: str | None

    @classmethod
    def of(cls, look: Look, names: Names) -> LookView:
        item = names.service_item(look.service_item) if look.service_item is not None else None
        law = item.without_consent if item is not None and look.basis is Basis.LAW else None
        return cls(
            number=look.number,
            at=look.at,
            identifier=look.identifier,
            by=names.checker(look.checked_by, look.body_code),
            body=look.body_code,
            evidence=look.evidence,
            service_item=look.service_item,
            service_item_name=item.name.zh if item is not None else None,
            case_number=look.case_number,
            purpose=look.purpose,
            verdict=look.verdict,
            reasons=[
                ReasonCodeView(code=code, rests_on=CATALOGUE[code].rests_on if code in CATALOGUE else None)
                for code in look.reason_codes
            ],
            basis=look.basis,
            law=law.zh if law is not None else None,
            consent=look.consent_number,
            shown_by=look.agreed_by,
            receipt_id=look.receipt_id,
        )


class LawfulCheckView(BaseModel):
    """A service item for which the law lets a department check without consent (依法无需授权)."""

    code: str
    name_zh: str
    name_en: str
    body: str
    body_name: str
    law_zh: str
    law_en: str
    kept_from_holder_zh: str | None = Field(
        description="依法不告知的依据；有此项的查验不在查验记录中 Not shown to holders."
    )
    kept_from_holder_en: str | None
    fields: dict[str, list[str]]

    @classmethod
    def of(cls, item: ServiceItem, names: Names) -> LawfulCheckView:
        law, quiet = item.without_consent, item.kept_from_holder
        return cls(
            code=item.code,
            name_zh=item.name.zh,
            name_en=item.name.en,
            body=item.body_code,
            body_name=names.body(item.body_code),
            law_zh=law.zh if law is not None else "",
            law_en=law.en if law is not None else "",
            kept_from_holder_zh=quiet.zh if quiet is not None else None,
            kept_from_holder_en=quiet.en if quiet is not None else None,
            fields={slug: sorted(found) for slug, found in item.fields.items()},
        )


class ObjectRequest(Strict):
    """What the holder says against a check."""

    look: int = Field(ge=1, le=2**63 - 1, description="Its number in GET /v1/wallet/looks.")
    text: str = Field(max_length=1000, examples=["本人未在该单位办理此事。"])


class ObjectionAnswerRequest(Strict):
    """What the body that checked says to it."""

    text: str = Field(max_length=1000)


class ObjectionView(BaseModel):
    """An objection, as the holder and the body see it."""

    number: str
    look: LookView
    text: str
    state: ObjectionState
    opened_at: dt.datetime
    due_at: dt.datetime
    answer: str | None
    answered_at: dt.datetime | None
    answered_by: Literal["body", "operator"] | None
    contact: str | None = Field(description="查验单位的联系方式 Whom to call at the body about its system.")

    @classmethod
    def of(cls, objection: Objection, names: Names) -> ObjectionView:
        by = objection.answered_by
        return cls(
            number=objection.number,
            look=LookView.of(objection.look, names),
            text=objection.text,
            state=objection.state,
            opened_at=objection.opened_at,
            due_at=objection.due_at,
            answer=objection.answer,
            answered_at=objection.answered_at,
            answered_by=None if by is None else "operator" if by.startswith("cli:") else "body",
            contact=names.contact(objection.look.checked_by),
        )


class ObjectionFiguresView(BaseModel):
    """How a body deals with objections."""

    counts: dict[ObjectionState, int]
    overdue: int
    mean_hours_to_answer: float | None

    @classmethod
    def of(cls, figures: ObjectionFigures) -> ObjectionFiguresView:
        return cls.model_validate(figures, from_attributes=True)
