"""What goes over the wire when departments check; the domain's own values never do."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas import IDENTIFIER_EXAMPLE, LicenceSummaryView, ReasonView, Strict, VerdictView
from trust import Licence
from verify import CheckAnswer, Question, Receipt, ServiceItem
from verify.checks import summarised
from verify.materials import MaterialFinding
from verify.questions import Answered, Ask

ITEM_EXAMPLE = "370200-0131-001"
CASE_EXAMPLE = "2026-11-0001"

ServiceItemCode = Annotated[
    str, Field(max_length=64, description="事项编码 Code of the service item.", examples=[ITEM_EXAMPLE])
]
CaseNumber = Annotated[
    str, Field(min_length=1, max_length=64, description="办件编号 Number of the case.", examples=[CASE_EXAMPLE])
]
Token = Annotated[str, StringConstraints(max_length=10_000)]
HolderFact = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="持证主体的代码或名称 Code or name of the holder.",
        examples=["91370200MA3CQ5EX4A"],
    ),
]


class QuestionRequest(Strict):
    """A question that is answered yes or no, in place of data."""

    ask: Ask = Field(description="What is asked; each kind has one or two of the members below.")
    date: dt.date | None = Field(None, description="valid_on: 在该日是否有效.")
    holder: str | None = Field(None, max_length=200, description="holder_is: 代码或名称 code or name.")
    age: int | None = Field(None, ge=1, le=150, description="holder_at_least: 周岁 years.")
    field: str | None = Field(None, max_length=64, description="includes: 字段 the field, such as business_scope.")
    text: str | None = Field(None, max_length=200, description="includes: 其中的一项 one of the things it lists.")

    def question(self) -> Question:
        return Question(self.ask, self.date, self.holder, self.age, self.field, self.text)


Questions = Annotated[list[QuestionRequest], Field(max_length=10)]
Wanted = Annotated[
    list[Annotated[str, StringConstraints(max_length=64)]],
    Field(max_length=50, description="想要获取的字段；客户端权限、事项与授权都允许的才返回 Fields wanted."),
]


class _ForACase(Strict):
    service_item: ServiceItemCode
    case_number: CaseNumber


class IdentifierItem(Strict):
    """A licence by its identifier, with a second fact."""

    identifier: str = Field(max_length=200, examples=[IDENTIFIER_EXAMPLE])
    holder: HolderFact


class CheckIdentifierRequest(_ForACase, IdentifierItem):
    """An identifier to check, and what is to be known."""

    questions: Questions = Field(default_factory=list)
    fields: Wanted = Field(default_factory=list)
    consent: Token | None = Field(None, description="持证人的授权，获取字段时需要 The holder's consent, for fields.")


class CheckPresentationRequest(_ForACase):
    """What was read from a holder's QR code, and what is to be known."""

    token: Token
    questions: Questions = Field(default_factory=list)
    fields: Wanted = Field(default_factory=list)


class ApplicantRequest(Strict):
    """Who applies, where the law lets the department look without consent."""

    code_type: Literal["citizen_id", "uscc"]
    code: str = Field(max_length=18)


class CheckMaterialsRequest(_ForACase):
    """Which of the materials of a service item does the city have?"""

    consents: list[Token] = Field([], max_length=20, description="申请人的授权或亮证码 Consents or presentations.")
    applicant: ApplicantRequest | None = Field(None, description="仅用于依法无需授权的事项 Without consent, by law.")
    application: dict[
        Annotated[str, StringConstraints(max_length=64)], Annotated[str, StringConstraints(max_length=2000)]
    ] = Field({}, max_length=100, description="申请表字段，用于与证照比对 Fields of the application to compare with.")


class CheckIdentifiersRequest(_ForACase):
    """Up to a thousand identifiers."""

    checks: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=1000,
        description="每项含 identifier 与 holder；某一项有误不影响其他 Each with identifier and holder.",
        examples=[[{"identifier": IDENTIFIER_EXAMPLE, "holder": "91370200MA3CQ5EX4A"}]],
    )


class AnsweredView(BaseModel):
    """A question and its answer."""

    ask: Ask
    date: dt.date | None
    holder: str | None
    age: int | None
    field: str | None
    text: str | None
    answer: bool | None = Field(description="null: 无法回答 cannot be said.")

    @classmethod
    def of(cls, answered: Answered) -> AnsweredView:
        asked = answered.question
        return cls(
            ask=asked.ask,
            date=asked.date,
            holder=asked.holder,
            age=asked.age,
            field=asked.field,
            text=asked.text,
            answer=answered.answer,
        )


class MaterialView(BaseModel):
    """What became of one required material."""

    code: str
    name_zh: str
    name_en: str
    required: bool
    outcome: Literal["satisfied", "doubtful", "expired", "missing"]
    reasons: list[ReasonView]
    licences: list[LicenceSummaryView]

    @classmethod
    def of(cls, finding: MaterialFinding, today: dt.date) -> MaterialView:
        return cls.model_validate(
            {
                "code": finding.material.code,
                "name_zh": finding.material.name.zh,
                "name_en": finding.material.name.en,
                "required": finding.material.required,
                "outcome": finding.outcome.value,
                "reasons": [each.to_json() for each in finding.reasons],
                "licences": [summarised(each, today).to_json() for each in finding.licences],
            }
        )


class CheckView(VerdictView):
    """The one form of answer, whatever was checked."""

    fields: dict[str, Any] = Field(description="获准获取的字段 Fields that were asked for and may be told.")
    answers: list[AnsweredView]
    materials: list[MaterialView]
    purpose: str | None = Field(description="What the holder showed the licence for, where it was shown.")
    receipt_id: str = Field(description="回执编号 Number of the receipt.")
    receipt: str = Field(description="核验回执 The signed receipt, a JWS; keep it in the case file.")

    @classmethod
    def of_answer(cls, answer: CheckAnswer, today: dt.date) -> CheckView:
        return cls.model_validate(
            {
                **answer.verdict.to_json(),
                "fields": dict(answer.fields),
                "answers": [AnsweredView.of(each) for each in answer.answers],
                "materials": [MaterialView.of(each, today) for each in answer.materials],
                "purpose": answer.purpose,
                "receipt_id": answer.receipt_id,
                "receipt": answer.receipt,
            }
        )


class BatchLine(BaseModel):
    """The answer to one of many."""

    line: int = Field(description="1 is the first.")
    verdict: Literal["TOTAL_PASSED", "TOTAL_FAILED", "INDETERMINATE"] | None = Field(description="null: 见 error.")
    reasons: list[str] = Field(description="Codes.")
    licence: LicenceSummaryView | None
    error: str | None = Field(description="Code of what is wrong with the line.", examples=["trust.identifier_invalid"])


class BatchView(BaseModel):
    """The answers to many, in their order."""

    checked_at: dt.datetime
    results: list[BatchLine]
    receipt_id: str
    receipt: str = Field(description="回执，digest 为 results 各行 JSON 的 SHA-256 Its digest is over the results.")


class QueryRequest(_ForACase):
    """查询: which licences a holder has."""

    holder: ApplicantRequest
    licence_type: str | None = Field(None, max_length=64, description="证照类型 Slug or 21-character code.")
    consents: list[Token] = Field(
        default_factory=list, max_length=20, description="持证人的授权；依法无需授权的事项可不给 The holder's consents."
    )


class QueryView(BaseModel):
    """The licences that may be seen."""

    checked_at: dt.datetime
    licences: list[LicenceSummaryView]
    reasons: list[ReasonView]
    receipt_id: str
    receipt: str


class ObtainRequest(_ForACase, IdentifierItem):
    """获取: a licence's data, and its file."""

    fields: Wanted = Field(default_factory=list)
    consent: Token | None = None


class ObtainView(CheckView):
    """The answer to a check, with the file where everything that it says may be told."""

    pdf: str | None = Field(
        description="加盖电子印章的 PDF，Base64；不允许获取全部内容时为 null The sealed PDF, base64."
    )


class ReceiptRequest(Strict):
    """A receipt to verify."""

    receipt: Token


class ProofView(BaseModel):
    """Where the check stands in the transparency log (RFC 6962), and the proof."""

    leaf: str = Field(description="The leaf, base64.")
    salt: str = Field(description="Hexadecimal; SHA-256 over salt and opening is the leaf's digest.")
    opening: str = Field(description="What the digest was made of; holds the SHA-256 of the receipt.")
    position: int
    tree_size: int
    root: str = Field(description="Base64.")
    hashes: list[str] = Field(description="The inclusion proof, base64.")


class ReceiptView(BaseModel):
    """What a receipt says, after its signature was checked."""

    receipt_id: str
    checked_at: dt.datetime
    evidence: Literal["pdf", "identifier", "presentation", "materials", "batch", "query"]
    digest: str = Field(description="SHA-256 of what was checked.")
    identifier: str | None
    verdict: Literal["TOTAL_PASSED", "TOTAL_FAILED", "INDETERMINATE"]
    reasons: list[str]
    service_item: str
    service_item_version: int
    case_number: str
    client: str
    body: str
    log: ProofView | None = Field(description="null: 尚未进入透明日志 not in the log yet.")

    @classmethod
    def of(cls, receipt: Receipt, log: ProofView | None) -> ReceiptView:
        return cls.model_validate(
            {
                "receipt_id": receipt.id,
                "checked_at": receipt.checked_at,
                "evidence": receipt.evidence,
                "digest": receipt.digest,
                "identifier": receipt.identifier,
                "verdict": receipt.verdict.value,
                "reasons": list(receipt.reason_codes),
                "service_item": receipt.service_item,
                "service_item_version": receipt.service_item_version,
                "case_number": receipt.case_number,
                "client": receipt.client,
                "body": receipt.body,
                "log": log,
            }
        )


class ServiceItemView(BaseModel):
    """A service item (政务服务事项)."""

    code: str
    version: int
    name_zh: str
    name_en: str
    body: str = Field(description="Unified social credit code of the body in charge.")
    without_consent_zh: str | None = Field(description="依法无需授权的依据 The law that does without consent.")
    without_consent_en: str | None
    kept_from_holder_zh: str | None = Field(
        description="依法不告知持证人的依据 The law that keeps checks from holders."
    )
    kept_from_holder_en: str | None
    fields: dict[str, list[str]]
    questions: dict[str, list[str]]
    materials: list[dict[str, Any]]

    @classmethod
    def of(cls, item: ServiceItem) -> ServiceItemView:
        basis, quiet = item.without_consent, item.kept_from_holder
        return cls(
            code=item.code,
            version=item.version,
            name_zh=item.name.zh,
            name_en=item.name.en,
            body=item.body_code,
            without_consent_zh=basis.zh if basis is not None else None,
            without_consent_en=basis.en if basis is not None else None,
            kept_from_holder_zh=quiet.zh if quiet is not None else None,
            kept_from_holder_en=quiet.en if quiet is not None else None,
            fields={slug: sorted(names) for slug, names in item.fields.items()},
            questions={slug: sorted(names) for slug, names in item.questions.items()},
            materials=[
                {"code": each.code, "name_zh": each.name.zh, "name_en": each.name.en, "required": each.required}
                for each in item.materials
            ],
        )


def summary_view(licence: Licence, today: dt.date) -> LicenceSummaryView:
    """What may be said of a licence."""
    return LicenceSummaryView.model_validate(summarised(licence, today).to_json())
