"""What one licence says: the value that is laid out on the page, embedded in it as data and kept in the register."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from trust.identifier import LicenceIdentifier
from trust.licence_type import LicenceType
from trust.photographs import FORMATS as PHOTOGRAPHS

FORMAT = "yinzheng-licence/1"
"""Names the form of the embedded data, so that a reader in twenty years knows what it has."""

METADATA_TITLES: Mapping[str, str] = {
    "name": "证照名称",
    "type_code": "证照类型代码",
    "number": "证照编号",
    "identifier": "证照标识",
    "issuer": "证照颁发机构",
    "issuer_code": "证照颁发机构代码",
    "issue_date": "证照颁发日期",
    "valid_from": "证照有效期起始日期",
    "valid_until": "证照有效期截止日期",
    "holder": "持证主体",
    "holder_code": "持证主体代码",
    "holder_code_type": "持证主体代码类型",
    "co_holders": "共同持证主体",
    "status_at_issue": "证照状态（颁发时）",
    "version": "证照版本号",
}
"""The keys of the metadata and what GB/T 36903-2018 calls each. No text of the standard was at hand: the Chinese names
follow published licences, the keys are ours, and this is the one place where they stand. The status is that of the
moment of sealing: what holds today only the register can say. ``valid_until`` is null for 长期."""


@dataclass(frozen=True)
class Holder:
    """Who holds a licence (持证主体)."""

    name: str
    code: str
    """A citizen identity number or a unified social credit code, checked. Never log it."""
    code_type: Literal["citizen_id", "uscc"]

    def __repr__(self) -> str:
        return f"Holder({self.code_type})"


@dataclass(frozen=True, slots=True)
class LicenceReferences:
    """Where a licence's status and its record in the log are found, for whoever checks it without asking us."""

    status_list: int
    status_index: int
    status_uri: str
    """Address of the status list (draft-ietf-oauth-status-list, 6.2)."""
    log_origin: str
    """Name of the transparency log."""
    log_salt: bytes
    """Opens the record of the licence's issue in the log."""


@dataclass(frozen=True, repr=False)
class LicenceContent:
    """All that a licence says. Made by :meth:`trust.validation.CheckedFields.content`."""

    type: LicenceType
    identifier: LicenceIdentifier
    number: str
    """证照编号."""
    issuer_name: str
    issuer_code: str
    """Unified social credit code of the issuer."""
    issue_date: date
    """In the zone of the holder."""
    valid_from: date
    valid_until: date | None
    """The last day on which it holds; None for 长期."""
    holder: Holder
    fields: Mapping[str, Any]
    """The fields of the type, checked; dates as ``YYYY-MM-DD``, the photo as base64, a table as a list of its rows."""
    check_url: str
    """Where the QR code leads."""
    co_holders: tuple[Holder, ...] = ()
    """The holders after the first, of a licence with several."""
    imported_on: date | None = None
    """The day on which it was taken over from an archive (历史数据归集); the page and the data say so."""
    references: LicenceReferences | None = None
    """None where nothing is sealed: a preview, or an archive."""

    @property
    def version(self) -> int:
        """证照版本号: 1, and one more for each licence that supersedes the one before."""
        return self.identifier.version

    def metadata(self) -> dict[str, Any]:
        """The licence as data: the items of GB/T 36903-2018 that every licence has, then the fields of its type.

        Titles are included, so that the data can be read without this program. A photo is told by its SHA-256, since
        the page already shows it.
        """
        return {
            "format": FORMAT,
            "name": self.type.name_zh,
            "type": self.type.slug,
            "type_code": self.type.code,
            "number": self.number,
            "identifier": str(self.identifier),
            "issuer": self.issuer_name,
            "issuer_code": self.issuer_code,
            "issue_date": self.issue_date.isoformat(),
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "holder": self.holder.name,
            "holder_code": self.holder.code,
            "holder_code_type": self.holder.code_type,
            "co_holders": [_as_holder(each) for each in self.co_holders],
            "status_at_issue": "valid",
            "version": self.version,
            "type_version": self.type.version,
            "check_url": self.check_url,
            **({"imported_on": self.imported_on.isoformat()} if self.imported_on is not None else {}),
            "fields": {key: self._as_data(key, value) for key, value in self.fields.items()},
            "titles": {**METADATA_TITLES, "fields": dict(self._titles())},
            **_as_data(self.references),
        }

    def canonical_json(self) -> bytes:
        """:meth:`metadata` as UTF-8 with sorted keys and no spaces: the same content is always the same bytes."""
        text = json.dumps(self.metadata(), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode()

    def _titles(self) -> Iterator[tuple[str, str]]:
        """The title of each field, and of each column of a table as ``table.column``."""
        for key in self.fields:
            yield key, self.type.title_zh(key)
            columns = self.type.fields[key].get("items", {}).get("properties", {})
            yield from ((f"{key}.{column}", str(each["title"])) for column, each in columns.items())

    def _as_data(self, key: str, value: Any) -> Any:
        if self.type.fields[key].get("format") in PHOTOGRAPHS:
            return {"sha256": hashlib.sha256(base64.b64decode(value)).hexdigest()}
        return value

    def __repr__(self) -> str:
        return f"LicenceContent({self.identifier})"


def _as_holder(holder: Holder) -> dict[str, str]:
    return {"holder": holder.name, "holder_code": holder.code, "holder_code_type": holder.code_type}


def _as_data(references: LicenceReferences | None) -> dict[str, Any]:
    if references is None:
        return {}
    return {
        "status": {"status_list": {"idx": references.status_index, "uri": references.status_uri}},
        "log": {"origin": references.log_origin, "salt": references.log_salt.hex()},
    }
