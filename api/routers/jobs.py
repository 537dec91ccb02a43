"""Scheduled work, for whoever runs the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.clients import Client, Scope
from api.job_schemas import ScheduledJobs, ScheduledJobView
from api.problems import responses
from api.security import ServicesDep, client_with

router = APIRouter(prefix="/v1/jobs", tags=["运行 Operation"])

OperatorDep = Annotated[Client, Depends(client_with(Scope.OPERATE))]
NamePath = Annotated[str, Path(max_length=64, examples=["retention"], description="任务名称 Name of the job.")]


@router.get("", summary="定时任务 Scheduled work", responses=responses(401, 403))
def list_jobs(services: ServicesDep, _: OperatorDep) -> ScheduledJobs:
    """全部定时任务，及其上次运行。All jobs, with what is known of their last run."""
    return ScheduledJobs(jobs=[ScheduledJobView.of(each) for each in services.schedule.overview()])


@router.post("/{name}/run", status_code=202, summary="尽快运行 Run soon", responses=responses(401, 403, 404, 422))
def ask_for(services: ServicesDep, _: OperatorDep, name: NamePath) -> ScheduledJobView:
    """使任务立即到期，由后台进程数秒内运行；正在运行的，结束后不再重复。

    Make a job due now; a worker runs it within seconds.
    """
    return ScheduledJobView.of(services.schedule.ask_for(name))
