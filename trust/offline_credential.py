"""What an offline presentation (离线亮证) says: few enough words for one QR code.

A CBOR Web Token (RFC 8392) without its signature: identifier (``sub``, 2), ``exp`` (4), ``iat`` (6), ``cti`` (7), the
place in the status list (``status``, 65535, draft-ietf-oauth-status-list 6.3), and one private claim (-65537) with the
rest in an array: purpose, name of the licence in Chinese and in English, issuer, holder, the holder's code, first and
last day as numbers (1 is the first day of the year 1; 0 for 长期), and the fields, each a title and a value.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, NoReturn

from keys import cbor

PREFIX: Final = "YZ1:"
"""What the text of an offline presentation begins with; Base45 (RFC 9285) of the signed credential follows."""
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=10)
"""How long a credential may hold, at most; one that says more is not taken."""

_SUB, _EXP, _IAT, _CTI, _STATUS, _SHOWN = 2, 4, 6, 7, 65535, -65537
_CLAIMS: Final = frozenset({_SUB, _EXP, _IAT, _CTI, _STATUS, _SHOWN})
_FIELD_KINDS: Final = [str, str]
_SHOWN_KINDS: Final = (str, str, str, str, str, str, int, int, list)
# without the check character, which is for who types an identifier: this one is signed
_IDENTIFIER: Final = re.compile(r"1\.2\.156\.3005\.2\.[0-9A-Z]{21}\.[0-9A-Z]{1,32}\.[0-9A-Z]{1,64}\.[0-9]{3}\.[0-9A-Z]")
_ID_SIZE: Final = 16
_MOST_FIELDS: Final = 8
_LONGEST_SECONDS: Final = int(LONGEST.total_seconds())
_END: Final = 253_402_300_800
"""The first second of the year 10000."""
_LAST_DAY: Final = date.max.toordinal()


class CredentialError(ValueError):
    """The bytes are no credential; the message names the part that is wrong."""


class OfflineCredential(NamedTuple):
    """A licence in a few words, for a few minutes."""

    id: bytes
    """16 random bytes, by which the minting is on record."""
    identifier: str
    purpose: str
    issued_at: datetime
    expires_at: datetime
    """In whole seconds both; it holds until before the second."""
    status_uri: str
    status_index: int
    name_zh: str
    """证照名称."""
    name_en: str
    issuer: str
    holder_masked: str
    """A body's name in full, a person's last character only."""
    code_masked: str
    """Four characters at each end of the holder's code: enough to compare with an identity card."""
    valid_from: date
    valid_until: date | None
    """The last day on which the licence holds; None for 长期."""
    fields: tuple[tuple[str, str], ...] = ()
    """Title in Chinese and value of what the type has shown."""

    @property
    def type_code(self) -> str:
        """证照类型代码, as the identifier has it."""
        return self.identifier.split(".")[5]

    def to_cbor(self) -> bytes:
        """The claims, in the one form that they have."""
        shown = (
            *(self.purpose, self.name_zh, self.name_en, self.issuer, self.holder_masked, self.code_masked),
            self.valid_from.toordinal(),
            self.valid_until.toordinal() if self.valid_until is not None else 0,
            self.fields,
        )
        return cbor.encode(
            {
                _SUB: self.identifier,
                _EXP: int(self.expires_at.timestamp()),
                _IAT: int(self.issued_at.timestamp()),
                _CTI: self.id,
                _STATUS: {"status_list": {"idx": self.status_index, "uri": self.status_uri}},
                _SHOWN: shown,
            }
        )

    @classmethod
    def from_cbor(cls, data: bytes) -> OfflineCredential:
        """Read claims, of which nothing is believed before the signature was verified.

        :raises CredentialError: they are not those of a credential.
        """
        try:
            claims = cbor.read(data)
        except cbor.CborError:
            _refuse("CBOR")
        if not isinstance(claims, dict) or claims.keys() != _CLAIMS:
            _refuse("claims")
        uri, index = _status(claims[_STATUS])
        issued_at, expires_at = claims[_IAT], claims[_EXP]
        if type(issued_at) is not int or type(expires_at) is not int or not 0 <= issued_at < _END:
            _refuse("time")
        if not 0 < expires_at - issued_at <= _LONGEST_SECONDS or expires_at >= _END:
            _refuse("exp")
        identifier, made = claims[_SUB], claims[_CTI]
        if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
            _refuse("sub")
        if not isinstance(made, bytes) or len(made) != _ID_SIZE:
            _refuse("cti")
        shown = claims[_SHOWN]
        if not isinstance(shown, list) or tuple(map(type, shown)) != _SHOWN_KINDS:
            _refuse("shown")
        purpose, name_zh, name_en, issuer, holder, code, valid_from, valid_until, fields = shown
        return cls(
            id=made,
            identifier=identifier,
            purpose=purpose,
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
            status_uri=uri,
            status_index=index,
            name_zh=name_zh,
            name_en=name_en,
            issuer=issuer,
            holder_masked=holder,
            code_masked=code,
            valid_from=_day(valid_from),
            valid_until=_day(valid_until) if valid_until else None,
            fields=_fields(fields),
        )

    def __repr__(self) -> str:
        return f"OfflineCredential({self.identifier})"


def _status(value: object) -> tuple[str, int]:
    reference = value.get("status_list") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(reference, dict) or reference.keys() != {"idx", "uri"}:
        _refuse("status")
    uri, index = reference["uri"], reference["idx"]
    if not isinstance(uri, str) or type(index) is not int or index < 0:
        _refuse("status")
    return uri, index


def _fields(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or len(value) > _MOST_FIELDS:
        _refuse("fields")
    fields = []
    for each in value:
        if type(each) is not list or [*map(type, each)] != _FIELD_KINDS:
            _refuse("fields")
        title, shown = each
        fields.append((title, shown))
    return tuple(fields)


def _day(number: int) -> date:
    if not 1 <= number <= _LAST_DAY:
        _refuse("day")
    return date.fromordinal(number)


def _refuse(part: str) -> NoReturn:
    raise CredentialError(part)
