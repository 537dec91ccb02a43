"""Scheduled jobs as the API and the command line tell of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from store.schedule import JobOutcome, JobState


class ScheduledJobView(BaseModel):
    """A scheduled job, and its last run."""

    name: str
    does_zh: str = Field(description="做什么。What it does, in Chinese.")
    does_en: str
    every_seconds: float = Field(description="两次运行的间隔。From the end of one run to the next.")
    always: bool = Field(description="各机器同时持续进行。Done by all machines all the time; the last minute is told.")
    outcome: JobOutcome = Field(description="上次如何结束。How the last run ended, or that it runs.")
    due_at: datetime | None = Field(description="下次运行时间；空为立即。When it runs next; null: at once.")
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None = Field(description="上次用时。How long the last run took.")
    succeeded_at: datetime | None = Field(description="上次成功的时间。End of the last run that did not fail.")
    done: int | None = Field(description="上次办理的件数。How much the last run did.")
    error: str | None = Field(description="失败的代码，详情见日志。Code of the failure; the log has more.")
    by: str | None = Field(description="机器与进程。Machine and process.")

    @classmethod
    def of(cls, state: JobState) -> ScheduledJobView:
        """What is told of a job."""
        job, seconds = state.job, None
        if state.started_at is not None and state.ended_at is not None:
            seconds = (state.ended_at - state.started_at).total_seconds()
        return cls(
            name=job.name,
            does_zh=job.zh,
            does_en=job.en,
            every_seconds=job.every.total_seconds(),
            always=job.shared,
            outcome=state.outcome,
            due_at=state.due_at,
            started_at=state.started_at,
            ended_at=state.ended_at,
            seconds=seconds,
            succeeded_at=state.succeeded_at,
            done=state.done,
            error=state.error,
            by=state.by,
        )


class ScheduledJobs(BaseModel):
    """All scheduled jobs."""

    jobs: list[ScheduledJobView]
