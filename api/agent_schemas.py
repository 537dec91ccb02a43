"""What goes over the wire about those who act for a holder; the domain's own values never do."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas import Strict
from wallet import ActingEntry, Agent, Appointment, WalletAct

_Act = Literal["view", "present", "consent"]
_Limit = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=64)]], Field(max_length=50)]


class AppointRequest(Strict):
    """Whom a body appoints, and within which limits."""

    name: str = Field(min_length=1, max_length=50, description="经办人姓名 The agent's name, as when signing in.")
    id_number: str = Field(max_length=18, description="居民身份证号码 The agent's citizen identity number.")
    acts: list[_Act] = Field(min_length=1, max_length=3, description="查看、亮证、授权用证 View, present, consent.")
    licence_types: _Limit | None = Field(None, description="证照类型；省略为全部 Slugs; all where left out.")
    service_items: _Limit | None = Field(None, description="可授权用证的事项；省略为全部 Items; all where left out.")
    purpose: str = Field(min_length=1, max_length=100, description="用途 What for.")
    until: AwareDatetime = Field(description="截止时间 Until when, at most 366 days from now.")

    def appointment(self) -> Appointment:
        """The request, as the wallet knows it."""
        return Appointment(
            name=self.name,
            citizen_id=self.id_number,
            acts=frozenset(WalletAct(each) for each in self.acts),
            until=self.until,
            purpose=self.purpose,
            licence_types=None if self.licence_types is None else frozenset(self.licence_types),
            service_items=None if self.service_items is None else frozenset(self.service_items),
        )


class AgentView(BaseModel):
    """Somebody who was appointed."""

    number: str
    name: str
    id_number_masked: str
    acts: list[str]
    licence_types: list[str] | None
    service_items: list[str] | None
    purpose: str
    until: dt.datetime
    appointed_at: dt.datetime
    dismissed_at: dt.datetime | None
    in_office: bool = Field(description="现在能否办理 Whether the agent may act now.")

    @classmethod
    def of(cls, agent: Agent, in_office: bool) -> AgentView:
        return cls(
            number=agent.number,
            name=agent.name,
            id_number_masked=agent.number_masked,
            acts=sorted(agent.acts),
            licence_types=None if agent.licence_types is None else sorted(agent.licence_types),
            service_items=None if agent.service_items is None else sorted(agent.service_items),
            purpose=agent.purpose,
            until=agent.until,
            appointed_at=agent.appointed_at,
            dismissed_at=agent.dismissed_at,
            in_office=in_office,
        )


class ActView(BaseModel):
    """Something that was done for the holder."""

    by: str = Field(description="representative:…、agent:经办人编号 或 or parent:…")
    name: str
    act: str
    subject: str | None = Field(description="证照、授权或经办人编号 The licence, consent or agent that it was about.")
    at: dt.datetime

    @classmethod
    def of(cls, entry: ActingEntry) -> ActView:
        return cls(by=entry.by, name=entry.name, act=entry.act.value, subject=entry.subject, at=entry.at)


class NamedPersonRequest(Strict):
    """The number of the person whom a licence names by name only."""

    id_number: str = Field(max_length=18, description="居民身份证号码 Citizen identity number.")
