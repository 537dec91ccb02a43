"""What the service answers, as values."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


class ServiceError(Exception):
    """The service refused or could not answer (problem details, RFC 9457)."""

    def __init__(self, status: int, code: str, message_zh: str, message_en: str, retry_after: int | None) -> None:
        super().__init__(f"{code}: {message_en}")
        self.status = status
        self.code = code
        """Stable; switch on it."""
        self.message_zh = message_zh
        self.message_en = message_en
        self.retry_after = retry_after
        """Seconds to wait, where the service says."""


@dataclass(frozen=True)
class Case:
    """What a check is for: the service item (事项) and the number of the case (办件编号)."""

    service_item: str
    case_number: str

    def to_json(self) -> dict[str, str]:
        """As requests name it."""
        return {"service_item": self.service_item, "case_number": self.case_number}


@dataclass(frozen=True)
class HolderCode:
    """A holder by the code: ``citizen_id`` (公民身份号码) or ``uscc`` (统一社会信用代码)."""

    code_type: str
    code: str

    def to_json(self) -> dict[str, str]:
        """As requests name it."""
        return {"code_type": self.code_type, "code": self.code}

    def __repr__(self) -> str:
        return f"HolderCode({self.code_type})"


@dataclass(frozen=True)
class CheckResult:
    """The answer to a check, whatever was checked."""

    verdict: str
    reason_codes: tuple[str, ...]
    licence: Mapping[str, Any] | None
    fields: Mapping[str, Any]
    answers: tuple[bool | None, ...]
    """To the questions, in their order."""
    materials: Mapping[str, str]
    """The outcome for each material, by its code."""
    checked_at: datetime
    receipt_id: str
    receipt: str
    body: Mapping[str, Any]
    """The whole answer."""

    @property
    def passed(self) -> bool:
        """Only this lets you rely on what was checked."""
        return self.verdict == "TOTAL_PASSED"

    @property
    def pdf(self) -> bytes | None:
        """The sealed file, where it was asked for and may be told (获取)."""
        found = self.body.get("pdf")
        return None if found is None else b64decode(found)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read an answer."""
        return cls(
            verdict=body["verdict"],
            reason_codes=tuple(each["code"] for each in body["reasons"]),
            licence=body["licence"],
            fields=body["fields"],
            answers=tuple(each["answer"] for each in body["answers"]),
            materials={each["code"]: each["outcome"] for each in body["materials"]},
            checked_at=datetime.fromisoformat(body["checked_at"]),
            receipt_id=body["receipt_id"],
            receipt=body["receipt"],
            body=body,
        )
