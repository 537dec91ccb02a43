"""The report for a case file (核验报告): one page in PDF/A-3b, with the whole verdict attached as ``verdict.json``.

Whatever the file that was checked says of itself (names of signers, of fields) is shown as text: shortened, without
control characters, and with a visible mark for each character that no font has.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import typst

from seal.fonts import FontLibrary, Role
from verify.errors import ReportFailedError
from verify.verdict import Indication, LicenceSummary, Reason, SignatureKind, SignatureReport, Verdict

_TEMPLATE: Final = Path(__file__).with_name("report.typ")
_STANDARD: Final = "a-3b"
_CHINA: Final = timezone(timedelta(hours=8))
_UNSHOWABLE: Final = "\N{WHITE SQUARE}"
_SIZES: Final = ((9, 5, 320), (7, 4, 320), (5, 3, 320), (3, 3, 320), (3, 2, 160), (2, 1, 80), (2, 1, 40))
"""How many reasons and signatures are shown, and characters of each text, most first; the last always fits."""

_LONG_RUN: Final = re.compile(r"[^\s\u2e80-\uffff]{25,}")
_KEPT: Final = re.compile(r"[0-9a-f]{64}|1\.2\.156\.3005\.2\.[0-9A-Z.]{10,70}")
"""Digests and identifiers."""
_RUN_PIECE: Final = 8
_BREAK: Final = "\N{ZERO WIDTH SPACE}"

_LONG: Final = 160
_SHORT: Final = 80
_SEVERITY: Final = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)
_WORDS: Final = {
    Indication.TOTAL_PASSED: ("核验通过", "Passed"),
    Indication.TOTAL_FAILED: ("核验不通过", "Failed"),
    Indication.INDETERMINATE: ("无法确认", "Not certain"),
}
_MEANINGS: Final = {
    Indication.TOTAL_PASSED: ("可以采信。", "You can rely on it."),
    Indication.TOTAL_FAILED: ("请勿采信。", "Do not rely on it."),
    Indication.INDETERMINATE: (
        "在查明以下原因之前，请勿采信。",
        "Do not rely on it until the reasons below are cleared up.",
    ),
}
_KINDS: Final = {
    SignatureKind.SEAL: "电子印章 Seal",
    SignatureKind.TIMESTAMP: "文档时间戳 Document time stamp",
    SignatureKind.SES: "国密电子签章 GB/T 38540 seal signature",
    SignatureKind.OTHER: "电子签名 Signature",
}
_RESTS_ON: Final = {
    "pdf": "文件 File",
    "register": "登记簿 Register",
    "presentation": "亮证码 QR code",
    "consent": "授权 Consent",
    "status_list": "状态列表 Status list",
    "log": "透明日志 Transparency log",
}
_STATES: Final = {
    "valid": "有效 in force",
    "suspended": "暂停 suspended",
    "revoked": "吊销或注销 revoked",
    "superseded": "已换发 superseded",
    "expired": "已过期 expired",
    "not_yet_valid": "尚未生效 not yet in force",
}


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a report says beside the verdict; each may be left out."""

    file_name: str | None = None
    checked_by: str | None = None
    purpose: str | None = None
    case: str | None = None
    """Service item and number of the case."""
    receipt_id: str | None = None
    receipt: str | None = None
    """The signed receipt, to stand in the attached ``verdict.json``."""


class ReportPrinter:
    """Prints reports. One printer serves many threads, one at a time."""

    def __init__(self, fonts: FontLibrary) -> None:
        self._fonts = fonts
        roles: tuple[Role, ...] = ("song", "hei", "kai", "fang")
        self._families = list(dict.fromkeys(family for role in roles for family in fonts.typst_families(role)))
        self._lock = threading.Lock()
        self._compiler = typst.Compiler(font_paths=fonts.typst_fonts, ignore_system_fonts=True)

    def print(self, verdict: Verdict, context: CheckContext | None = None) -> bytes:
        """The report on a check as a PDF/A-3b of exactly one page.

        Where there are more reasons or signatures than fit, the weightiest are shown with a count of all, and the
        attached ``verdict.json`` has every one.

        :raises ReportFailedError: the page could not be set: a fault of this program, not of what was checked.
        """
        signed = {"receipt": context.receipt} if context is not None and context.receipt is not None else {}
        attached = json.dumps({**verdict.to_json(), **signed}, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        problem = ""
        for reasons, signatures, length in _SIZES:
            page = _page(verdict, context or CheckContext(), reasons, signatures)
            page = self._showable(_map(page, lambda text, length=length: _shortened(text, length)))
            page |= {"fonts": self._families, "footer": _footer(attached)}
            try:
                return self._compile(page, attached, verdict.checked_at)
            except typst.TypstError as error:
                problem = error.message.splitlines()[0][:200]
                if "more-than-one-page" not in error.message:
                    break
        raise ReportFailedError(problem=problem)

    def _compile(self, page: dict[str, Any], attached: bytes, at: datetime) -> bytes:
        inputs = {"report": json.dumps(page, ensure_ascii=False), "verdict": attached.decode()}
        with self._lock:
            made = self._compiler.compile(
                _TEMPLATE,
                root=_TEMPLATE.parent,
                format="pdf",
                pdf_standards=_STANDARD,
                timestamp=at.replace(microsecond=0),
                sys_inputs=inputs,
            )
        if not isinstance(made, bytes):
            raise ReportFailedError(problem="no document")
        return made

    def _showable(self, page: dict[str, Any]) -> dict[str, Any]:
        """A page's texts with a mark in place of each character that cannot be shown."""
        plain = _map(page, _plain)
        missing = self._fonts.missing_characters("".join(_texts(plain)))
        table = str.maketrans(dict.fromkeys(missing, _UNSHOWABLE))
        shown: dict[str, Any] = _map(plain, lambda text: _breakable(text.translate(table)))
        return shown


def _page(verdict: Verdict, context: CheckContext, reasons: int, signatures: int) -> dict[str, Any]:
    """What the template reads as ``report``."""
    weighty = sorted(verdict.reasons, key=lambda item: _SEVERITY.index(item.indication))
    signed = sorted(verdict.signatures, key=lambda item: _SEVERITY.index(item.indication))
    zh, en = _WORDS[verdict.indication]
    sub = verdict.sub_indication
    return {
        "title": "核验报告 Verification report",
        "author": "印证 Yinzheng",
        "service": "印证电子证照核验 Yinzheng",
        "summary": f"{zh} {en}",
        "verdict": verdict.indication.value,
        "words": {"zh": zh, "en": en},
        "meaning": dict(zip(("zh", "en"), _MEANINGS[verdict.indication], strict=True)),
        "indication": verdict.indication.value + (f" · {sub.value}" if sub else "") + " · ETSI EN 319 102-1",
        "check": _check(verdict, context),
        "licence": _licence(verdict.licence) if verdict.licence else None,
        "reasons": [_reason(item) for item in weighty[:reasons]],
        "reasons_note": _note(reasons, len(weighty)),
        "signatures": [_signature(item) for item in signed[:signatures]],
        "signatures_note": _note(signatures, len(signed)),
    }


def _footer(attached: bytes) -> list[str]:
    return [
        "本报告只反映核验当时的情况；证照状态可能变化，日后采信前请重新核验。结论全文见附件 verdict.json。",
        (
            "This tells what held when the file was checked; check again before relying on it later. "
            "The verdict in full is in the attached verdict.json."
        ),
        f"verdict.json SHA-256 {hashlib.sha256(attached).hexdigest()}",
    ]


def _check(verdict: Verdict, context: CheckContext) -> list[dict[str, Any]]:
    at = verdict.checked_at
    rows = [("文件名", "File", _cut(context.file_name, _SHORT), False)]
    rows.append(("文件摘要", "SHA-256", verdict.document_digest, True))
    china = f"{at.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}（北京时间 UTC+8）"
    rows.append(("核验时间", "Checked at", f"{china}  {_utc(at)}", False))
    rows.append(("核验人", "Checked by", _cut(context.checked_by, _SHORT), False))
    rows.append(("用途", "Purpose", _cut(context.purpose, _LONG), False))
    rows.append(("事项与办件", "Case", _cut(context.case, _LONG), False))
    rows.append(("回执编号", "Receipt", context.receipt_id, True))
    return _rows(rows)


def _licence(licence: LicenceSummary) -> list[dict[str, Any]]:
    title = f"{licence.title_zh} {licence.title_en}"
    until = _day(licence.valid_until) if licence.valid_until else "长期 no end"
    validity = f"{_day(licence.valid_from)} — {until}" if licence.valid_from else until
    return _rows(
        [
            ("证照", "Licence", _cut(title, _SHORT), False),
            ("电子证照标识", "Identifier", _cut(licence.identifier, 120), True),
            ("证照编号", "Number", _cut(licence.number, _SHORT), False),
            ("持证主体", "Holder", _cut(licence.holder_masked, _SHORT), False),
            ("发证机关", "Issuer", _cut(licence.issuer, _SHORT), False),
            ("有效期", "Valid", validity, False),
            ("状态", "Status", _STATES.get(licence.status, licence.status), False),
        ]
    )


def _rows(rows: Sequence[tuple[str, str, str | None, bool]]) -> list[dict[str, Any]]:
    return [{"zh": zh, "en": en, "value": value, "small": small} for zh, en, value, small in rows if value]


def _reason(reason: Reason) -> dict[str, str]:
    return {
        "indication": reason.indication.value,
        "zh": _cut(reason.message_zh, _LONG) or "",
        "en": _cut(reason.message_en, 2 * _LONG) or "",
        "rests_on": _RESTS_ON[reason.rests_on],
        "code": reason.code,
    }


def _signature(signature: SignatureReport) -> dict[str, str]:
    chief = next((item for item in signature.reasons if item.indication is signature.indication), None)
    proven, claimed = signature.proven_time, signature.claimed_time
    if proven:
        times = f"时间戳证明 proven {_utc(proven)}"
    else:
        times = f"自称时间 claimed {_utc(claimed)}" if claimed else "时间未知 time unknown"
    form = [signature.level.value if signature.level else None, signature.subfilter, signature.signature_algorithm]
    if signature.seal_data:
        form.append(f"印章 {signature.seal_data.id}")
    return {
        "indication": signature.indication.value,
        "kind": _KINDS[signature.kind],
        "name": _cut(signature.field_name, 40) or "",
        "signer": _cut(_spaced(signature.signer_subject), _LONG) or "签名者不明 signer not known",
        "times": times,
        "form": _cut(" · ".join(item for item in form if item), _SHORT) or (chief.code if chief else ""),
    }


def _shortened(text: str, length: int) -> str:
    return text if _KEPT.fullmatch(text) else _cut(text, length) or ""


def _spaced(subject: str | None) -> str | None:
    """A distinguished name with room to break lines between its parts."""
    return subject.replace(",", ", ") if subject else None


def _note(shown: int, all_: int) -> str | None:
    if shown >= all_:
        return None
    return f"共 {all_} 项，列出 {shown} 项，其余见附件 {shown} of {all_} shown, all in verdict.json"


def _cut(text: str | None, length: int) -> str | None:
    if text is None or len(text) <= length:
        return text
    return text[: length - 1] + "…"


def _plain(text: str) -> str:
    """Text as one line of visible characters: nothing that steers the layout or the direction of reading."""
    return "".join(_visible(character) for character in unicodedata.normalize("NFC", text))


def _breakable(text: str) -> str:
    """Text whose long runs without a space may be broken to stay in their columns; digests fit as they are."""
    return _LONG_RUN.sub(lambda run: run[0] if _KEPT.fullmatch(run[0]) else _BREAK.join(_pieces(run[0])), text)


def _pieces(run: str) -> list[str]:
    return [run[at : at + _RUN_PIECE] for at in range(0, len(run), _RUN_PIECE)]


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    # marks that are left after normalisation would pile up on each other
    return _UNSHOWABLE if category[0] in "CM" else character


def _map(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: _map(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_map(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _texts(value: Any) -> list[str]:
    found: list[str] = []
    _map(value, found.append)
    return found


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
