"""Batches as they go over the wire."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.problems import FieldFinding
from trust.batch import Batch, LineResult


class BatchView(BaseModel):
    """批次: a file of licences, and how far it is."""

    reference: str = Field(description="批次号.", examples=["20261123-7H2K9QZ4MX"])
    kind: str = Field(examples=["issue"])
    type: str = Field(examples=["food_operation_permit"])
    issuer_code: str | None
    issue_date: date | None = Field(description="null: the day on which each is issued.")
    file_name: str
    state: str = Field(examples=["ready"])
    state_zh: str = Field(examples=["待开始"])
    state_reason: str | None = Field(description="Code of the error that paused it.")
    lines: int
    counts: dict[str, int] = Field(description="Lines by result.", examples=[{"issued": 9998, "failed": 2}])
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancellation_reason: str | None

    @classmethod
    def of(cls, batch: Batch) -> BatchView:
        return cls(
            reference=batch.reference,
            kind=batch.kind.value,
            type=batch.type_slug,
            issuer_code=batch.issuer_code,
            issue_date=batch.issue_date,
            file_name=batch.file_name,
            state=batch.state.value,
            state_zh=batch.state.zh,
            state_reason=batch.state_reason,
            lines=batch.lines,
            counts={state.value: count for state, count in batch.counts.items()},
            created_at=batch.created_at,
            started_at=batch.started_at,
            ended_at=batch.ended_at,
            cancellation_reason=batch.cancellation_reason,
        )


class LineView(BaseModel):
    """What became of one line; nothing that the line said."""

    line: int
    result: str = Field(examples=["issued"])
    result_zh: str = Field(examples=["已签发"])
    identifier: str | None = Field(description="电子证照标识 of the licence.")
    problems: list[FieldFinding]

    @classmethod
    def of(cls, result: LineResult) -> LineView:
        return cls(
            line=result.line,
            result=result.state.value,
            result_zh=result.state.zh,
            identifier=result.identifier,
            problems=[
                FieldFinding(path=each.path, code=each.code, message_zh=each.zh, message_en=each.en)
                for each in result.findings
            ],
        )
