"""Examining what anybody relies on: the files of licences, with their seals, and the status lists."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from store.findings import Finding, FindingKind, Findings
from store.object_examination import read_object, unnamed
from store.objects import ObjectStore
from trust import Register
from trust.examination import (
    SealedLicence,
    SignedList,
    chosen_licences,
    sealed_licences,
    seated_at,
    signed_lists,
)
from trust.licence_log import log_subject
from trust.photographs import FORMATS as PHOTOGRAPHS
from verify.anchors import TrustAnchors
from verify.checks import Inspector, lacks_seal_signature
from verify.pdf import Policy
from verify.status_list import statuses_of
from verify.trust_list import AnchorPurpose
from verify.verdict import Reason, main_reason

SEAL_INVALID: Final = FindingKind(
    "file.seal_invalid",
    "证照 {identifier} 的文件未通过核验：{reason}。",
    "The file of licence {identifier} does not pass a check: {reason}.",
    "以 yinzheng verify 查看完整结论；文件与登记簿一致而印章无效的，查明证书是否被吊销，必要时换发。",
    "See the whole verdict by yinzheng verify; where the file is the one in the register, find out whether a "
    "certificate was revoked, and issue the licence anew if need be.",
)
FILE_DIFFERS: Final = FindingKind(
    "file.differs",
    "证照 {identifier} 的文件与登记簿不一致：{items}。",
    "The file of licence {identifier} says something else than the register: {items}.",
    "文件上的印章有效，登记簿的该行不可信：从备份恢复，查明谁改动了数据库。",
    "The seal on the file holds and the row of the register cannot be trusted: restore it from a back-up and find "
    "out who changed the database.",
)
LIST_UNTRUSTED: Final = FindingKind(
    "status_list.untrusted",
    "状态列表 {number} 的签名或格式不正确：{reason}。",
    "Status list {number} is not signed or formed as it should be: {reason}.",
    "删除表 status_list 的该行，下一次取用时重新签发；查明谁改动了数据库。",
    "Remove its row of the table status_list: it is signed anew for whoever asks next. Find out who changed the row.",
)
LIST_DIFFERS: Final = FindingKind(
    "status_list.differs",
    "状态列表 {number} 第 {index} 位为 {listed}，按登记簿应为 {expected}。",
    "Status list {number} says {listed} in place {index}, and the register {expected}.",
    "删除表 status_list 的该行，下一次取用时重新签发；查明谁用列表密钥签了名。",
    "Remove its row of the table status_list: it is signed anew for whoever asks next. Find out who signed it.",
)

_COMMITTED_WITHIN: Final = timedelta(minutes=1)
"""An act has the time at which it began; a list that was looked at before it was committed could not have it."""
_ITEMS: Final = (
    "type",
    "type_version",
    "number",
    "identifier",
    "issuer_code",
    "issue_date",
    "valid_from",
    "holder",
    "holder_code",
    "holder_code_type",
    "co_holders",
    "fields",
    "status_list",
)
"""What a file and the register both tell; the end of validity is not among it, since endorsements move it."""


@dataclass(frozen=True)
class FileExaminer:
    """Examines the files of licences.

    :param inspector: safe to be used by several threads at once; what it does may go on in other processes.
    :param status_uri: the address of a status list, which files name.
    :param threads: how many files are examined at once.
    """

    database: Database
    register: Register
    objects: ObjectStore
    inspector: Inspector
    clock: Clock
    status_uri: Callable[[int], str]
    threads: int

    def run(self, found: Findings, *, sample: int | None, told: Callable[[int], object]) -> Iterator[Finding]:
        """The file of every licence is there, is the one that the register names, is sealed and says the same.

        Licences are read page by page, so that nothing is held up meanwhile: files are only ever added.

        :param found: what was found before; what is in doubt already is left out.
        :param sample: of so many licences, chosen at random, instead of all.
        :raises ObjectsUnavailableError: the object store could not be asked.
        """
        ids = chosen_licences(self.database, sample) if sample is not None else None
        count = 0
        with ThreadPoolExecutor(self.threads) as pool:
            for page in sealed_licences(self.database, self.register, found, ids=ids):
                for outcome in pool.map(self._examine, page):
                    count += 1
                    told(count)
                    if outcome is not None:
                        yield outcome

    def read(self, digest: str) -> bytes | Finding:
        """An object, or what is wrong with it."""
        return read_object(self.objects, digest, known=lambda other: not list(unnamed(self.database, [other])))

    def _examine(self, each: SealedLicence) -> Finding | None:
        licence = each.licence
        data = self.read(licence.pdf_digest or "")
        if isinstance(data, Finding):
            return Finding(data.kind, data.where, data.said, (log_subject(licence.identifier),))
        where, said = log_subject(licence.identifier), {"identifier": licence.identifier}
        try:
            evidence = self.inspector.evidence(data, Policy.LICENCE, AnchorPurpose.LICENCE, self.clock.now())
        except YinzhengError as error:
            return Finding(SEAL_INVALID, where, {**said, "reason": error.code})
        if not evidence.passed:
            chief = main_reason(evidence.reasons)
            return Finding(SEAL_INVALID, where, {**said, "reason": chief.code if chief else "—"})
        if lacks_seal_signature(licence, evidence):
            return Finding(SEAL_INVALID, where, {**said, "reason": "ses.missing"})
        shown = _shown(evidence.licence_data or b"{}")
        expected = _expected(each, self.status_uri)
        # files from before the status lists name none
        items = [item for item in _ITEMS if item in shown and shown[item] != expected[item]]
        return Finding(FILE_DIFFERS, where, {**said, "items": ", ".join(items)}) if items else None


def _shown(data: bytes) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(data)
    if "status" in shown:
        shown["status_list"] = shown["status"]["status_list"]
    return {"identifier": None, **shown}


def _expected(each: SealedLicence, status_uri: Callable[[int], str]) -> dict[str, Any]:
    licence, seat = each.licence, each.seat
    photographs = {key for key, field in licence.type.fields.items() if field.get("format") in PHOTOGRAPHS}
    return {
        "type": licence.type.slug,
        "type_version": licence.type.version,
        "number": licence.number,
        "identifier": licence.identifier,
        "issuer_code": licence.issuer_code,
        "issue_date": licence.issue_date.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "holder": licence.holder.name,
        "holder_code": licence.holder.code,
        "holder_code_type": licence.holder.code_type,
        "co_holders": [
            {"holder": other.name, "holder_code": other.code, "holder_code_type": other.code_type}
            for other in licence.co_holders
        ],
        "fields": {
            key: {"sha256": hashlib.sha256(base64.b64decode(value)).hexdigest()} if key in photographs else value
            for key, value in licence.fields.items()
        },
        "status_list": {"idx": seat.index, "uri": status_uri(seat.list)},
    }


def examine_status_lists(
    session: Session, anchors: TrustAnchors, found: Findings, *, uri: Callable[[int], str]
) -> Iterator[Finding]:
    """Every status list that was signed says what the register said when it was last held to it.

    :param found: what was found before; what is in doubt already is left out.
    """
    for each in signed_lists(session):
        statuses = statuses_of(each.token, uri(each.number), anchors, now=each.made_at)
        if isinstance(statuses, Reason):
            where = f"status-list:{each.number}"
            yield Finding(LIST_UNTRUSTED, where, {"number": each.number, "reason": statuses.code})
            continue
        for index in _differing(statuses, each.expected):
            yield from _difference(session, each, index, statuses, found)


def _differing(one: bytes, other: bytes) -> Iterator[int]:
    """The places of two bits in which two lists differ."""
    if one == other:
        return
    for at in range(max(len(one), len(other))):
        bits = (one[at] if at < len(one) else 0) ^ (other[at] if at < len(other) else 0)
        yield from (at * 4 + place for place in range(4) if bits >> place * 2 & 3)


def _difference(session: Session, each: SignedList, index: int, statuses: bytes, found: Findings) -> Iterator[Finding]:
    seated = seated_at(session, each.number, index)
    if seated is not None and (
        seated.since > each.looked_at - _COMMITTED_WITHIN or log_subject(seated.identifier) in found
    ):
        return
    at, place = divmod(index, 4)
    listed, expected = (bits[at] >> place * 2 & 3 if at < len(bits) else 0 for bits in (statuses, each.expected))
    said: dict[str, object] = {"number": each.number, "index": index, "listed": listed, "expected": expected}
    yield Finding(LIST_DIFFERS, f"status-list:{each.number}/{index}", said)
