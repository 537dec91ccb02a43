"""What a batch is: a file of licences to issue or to import, and what became of each of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from trust.errors import FieldProblem


class BatchKind(StrEnum):
    """What is done with the lines."""

    ISSUE = "issue"
    """批量签发."""
    IMPORT = "import"
    """历史数据归集."""

    @property
    def zh(self) -> str:
        """The kind as an official names it."""
        return {BatchKind.ISSUE: "批量签发", BatchKind.IMPORT: "历史数据归集"}[self]


class BatchState(StrEnum):
    """How far a batch is."""

    LOADING = "loading"
    """Its file is being read and checked."""
    READY = "ready"
    """Checked, and may be started."""
    REFUSED = "refused"
    """Lines of it are unsound: nothing of it will be issued."""
    CHECKED = "checked"
    """It was a dry run; what its lines said is not kept."""
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    """Each line has its result."""

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return _STATE_ZH[self]


_STATE_ZH = {
    BatchState.LOADING: "读入中",
    BatchState.READY: "待开始",
    BatchState.REFUSED: "校验未通过",
    BatchState.CHECKED: "试运行完成",
    BatchState.RUNNING: "办理中",
    BatchState.PAUSED: "已暂停",
    BatchState.CANCELLED: "已取消",
    BatchState.DONE: "已完成",
}


class BatchAct(StrEnum):
    """What is done to a batch."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"

    @property
    def zh(self) -> str:
        """The act as an official names it."""
        return {"start": "开始", "pause": "暂停", "resume": "恢复", "cancel": "取消"}[self.value]


NEXT_STATE: Mapping[tuple[BatchState, BatchAct], BatchState] = {
    (BatchState.READY, BatchAct.START): BatchState.RUNNING,
    (BatchState.RUNNING, BatchAct.PAUSE): BatchState.PAUSED,
    (BatchState.PAUSED, BatchAct.RESUME): BatchState.RUNNING,
    (BatchState.LOADING, BatchAct.CANCEL): BatchState.CANCELLED,
    (BatchState.READY, BatchAct.CANCEL): BatchState.CANCELLED,
    (BatchState.RUNNING, BatchAct.CANCEL): BatchState.CANCELLED,
    (BatchState.PAUSED, BatchAct.CANCEL): BatchState.CANCELLED,
}
"""The acts that are possible, and where each leads."""


class LineState(StrEnum):
    """What became of a line."""

    WAITING = "waiting"
    ISSUED = "issued"
    """This line made a licence."""
    EXISTING = "existing"
    """The very licence was there before."""
    FAILED = "failed"
    UNSOUND = "unsound"
    """The check found something wrong with it; of an import, it is set aside."""
    MENDED = "mended"
    """A corrected line took its place."""
    CANCELLED = "cancelled"

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return _LINE_ZH[self]


_LINE_ZH = {
    LineState.WAITING: "待办",
    LineState.ISSUED: "已签发",
    LineState.EXISTING: "此前已有",
    LineState.FAILED: "失败",
    LineState.UNSOUND: "有误",
    LineState.MENDED: "已订正",
    LineState.CANCELLED: "已取消",
}


@dataclass(frozen=True)
class Batch:
    """A batch as it stands."""

    id: int
    reference: str
    """批次号."""
    kind: BatchKind
    type_slug: str
    issuer_code: str | None
    issue_date: date | None
    sealed: bool
    actor: str
    file_name: str
    state: BatchState
    state_reason: str | None
    """The code of the error that paused it; None where a person did, or nothing."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancelled_by: str | None
    cancellation_reason: str | None
    """Why it was cancelled, as whoever did it said."""
    counts: Mapping[LineState, int]
    """How many lines are in each state."""

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """How many lines have their result."""
        return self.lines - self.counts.get(LineState.WAITING, 0)


@dataclass(frozen=True)
class LineResult:
    """What became of one line; holds nothing that the line said."""

    line: int
    state: LineState
    identifier: str | None
    findings: tuple[FieldProblem, ...]
