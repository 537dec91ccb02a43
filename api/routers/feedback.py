"""Saying that a licence's data are wrong, and answering it (好差评)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from api.clients import Client, Scope
from api.errors import ScopeMissingError
from api.problems import responses
from api.routers.holder import HolderDep
from api.routers.verifier import CheckerDep
from api.schemas import IDENTIFIER_EXAMPLE, Strict
from api.security import ServicesDep, client_with
from verify.feedback import FeedbackEntry, FeedbackFigures, FeedbackState, Raiser

router = APIRouter(tags=["异议与评价 Feedback"])

NumberPath = Annotated[str, Path(max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


def _issuer(client: Annotated[Client, Depends(client_with(Scope.ISSUE))]) -> Client:
    if client.organisation_code is None:
        raise ScopeMissingError(scope=Scope.ISSUE.value)
    return client


IssuerDep = Annotated[Client, Depends(_issuer)]


class FeedbackRequest(Strict):
    """What is wrong with a licence."""

    identifier: str = Field(max_length=200, examples=[IDENTIFIER_EXAMPLE])
    field: str | None = Field(None, max_length=64, description="有误的字段 The field that is wrong, if one is.")
    text: Text


class AnswerRequest(Strict):
    """The issuer's answer, or its reason."""

    text: Text


class CorrectedRequest(Strict):
    """Which licence has the right data now."""

    identifier: str = Field(max_length=200, examples=[IDENTIFIER_EXAMPLE])


class FeedbackView(BaseModel):
    """One feedback and what came of it."""

    id: str
    identifier: str
    issuer_code: str
    raised_by: str
    field: str | None
    text: str
    state: FeedbackState
    opened_at: dt.datetime
    due_at: dt.datetime = Field(description="答复或更正的期限 When it has to be answered or corrected.")
    answer: str | None
    answered_at: dt.datetime | None
    corrected_at: dt.datetime | None
    corrected_by_licence: str | None

    @classmethod
    def of(cls, entry: FeedbackEntry) -> FeedbackView:
        return cls.model_validate(entry, from_attributes=True)


class FiguresView(BaseModel):
    """How a body deals with feedback."""

    counts: dict[FeedbackState, int]
    overdue: int
    mean_hours_to_answer: float | None

    @classmethod
    def of(cls, figures: FeedbackFigures) -> FiguresView:
        return cls.model_validate(figures, from_attributes=True)


@router.post(
    "/v1/feedback",
    status_code=201,
    summary="提出异议 Say what is wrong",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def open_feedback(services: ServicesDep, client: CheckerDep, body: FeedbackRequest) -> FeedbackView:
    """对核验过的证照提出异议，由发证机关在 7 日内答复。About a licence that the client checked."""
    raiser = Raiser(client_id=client.id)
    return FeedbackView.of(services.feedback.open(raiser, body.identifier, body.text, field=body.field))


@router.get("/v1/feedback", summary="已提出的异议 What one said", responses=responses(401, 403))
def raised_feedback(services: ServicesDep, client: CheckerDep) -> list[FeedbackView]:
    """本客户端提出的异议与答复。What this client said, with the answers."""
    return [FeedbackView.of(each) for each in services.feedback.raised_by(Raiser(client_id=client.id))]


@router.post(
    "/v1/wallet/feedback",
    status_code=201,
    summary="持证人提出异议 The holder says what is wrong",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def open_by_holder(services: ServicesDep, holder: HolderDep, body: FeedbackRequest) -> FeedbackView:
    """对本人（本单位）的证照提出异议。About a licence of the holder's own."""
    raiser = Raiser(holder=holder)
    return FeedbackView.of(services.feedback.open(raiser, body.identifier, body.text, field=body.field))


@router.get("/v1/wallet/feedback", summary="持证人的异议 What the holder said", responses=responses(401, 403))
def raised_by_holder(services: ServicesDep, holder: HolderDep) -> list[FeedbackView]:
    """持证人提出的异议与答复。What the holder said, with the answers."""
    return [FeedbackView.of(each) for each in services.feedback.raised_by(Raiser(holder=holder))]


@router.get("/v1/feedback/received", summary="待办异议 What was said", responses=responses(401, 403, 422))
def received(
    services: ServicesDep, client: IssuerDep, state: Annotated[FeedbackState | None, Query()] = None
) -> list[FeedbackView]:
    """对本机构证照的异议。What was said about the body's licences."""
    found = services.feedback.received(str(client.organisation_code), state=state)
    return [FeedbackView.of(each) for each in found]


@router.get("/v1/feedback/figures", summary="办理情况 Figures", responses=responses(401, 403))
def figures(services: ServicesDep, client: IssuerDep) -> FiguresView:
    """本机构的办理情况：数量、逾期、平均答复用时。How the body deals with feedback."""
    return FiguresView.of(services.feedback.figures(str(client.organisation_code)))


@router.post("/v1/feedback/{number}/accept", summary="采纳 Accept", responses=responses(401, 403, 404, 409, 413, 422))
def accept(services: ServicesDep, client: IssuerDep, number: NumberPath, body: AnswerRequest) -> FeedbackView:
    """认可数据有误，须在 15 日内更正。Agrees; the data have to be corrected within 15 days."""
    code, actor = str(client.organisation_code), f"client:{client.id}"
    return FeedbackView.of(services.feedback.accept(number, code, body.text, actor=actor))


@router.post(
    "/v1/feedback/{number}/reject", summary="不予采纳 Reject", responses=responses(401, 403, 404, 409, 413, 422)
)
def reject(services: ServicesDep, client: IssuerDep, number: NumberPath, body: AnswerRequest) -> FeedbackView:
    """说明数据无误的理由。Says why the data are right."""
    code, actor = str(client.organisation_code), f"client:{client.id}"
    return FeedbackView.of(services.feedback.reject(number, code, body.text, actor=actor))


@router.post(
    "/v1/feedback/{number}/corrected", summary="已更正 Corrected", responses=responses(401, 403, 404, 409, 413, 422)
)
def corrected(services: ServicesDep, client: IssuerDep, number: NumberPath, body: CorrectedRequest) -> FeedbackView:
    """指明数据正确的证照。Names the licence with the right data."""
    code, actor = str(client.organisation_code), f"client:{client.id}"
    return FeedbackView.of(services.feedback.corrected(number, code, body.identifier, actor=actor))
