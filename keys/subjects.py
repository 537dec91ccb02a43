"""Who a certificate is for: the subject's name, checked when made."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields
from typing import Final, NoReturn

from keys._der import PRINTABLE_STRING, utf8_string
from keys.der import oid, sequence, set_of, tlv
from keys.errors import SubjectInvalidError

_LIMITS: Final = {
    # upper bounds of RFC 5280 appendix A.1, in characters
    "province": 128,
    "locality": 128,
    "organisation": 64,
    "organisational_unit": 64,
    "common_name": 64,
    # X.520 sets none; EN 319 412-1 5.1.4 the form
    "organisation_identifier": 64,
    "serial_number": 64,
}
_UNNAMEABLE: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_IDENTIFIER: Final = re.compile(r"[A-Z]{3}[A-Z]{2}-[0-9A-Za-z.:/-]+", re.ASCII)
_SERIAL: Final = re.compile(r"[0-9A-Za-z-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """The distinguished name of a certificate, of an organisation or a person, in UTF-8.

    ``serial_number`` (2.5.4.5) tells people of one name apart; never an identity number, since certificates are public.

    ``organisation_identifier`` is the attribute 2.5.4.97 in the form of ETSI EN 319 412-1 5.1.4; for a body with a
    unified social credit code (统一社会信用代码) see :meth:`credit_code_identifier`.

    :raises SubjectInvalidError: a field is empty, too long, or has characters that no name has.
    """

    common_name: str
    organisation: str | None
    organisation_identifier: str | None = None
    organisational_unit: str | None = None
    locality: str | None = None
    province: str | None = None
    country: str = "CN"
    serial_number: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                object.__setattr__(self, field.name, _checked(field.name, value))
        if re.fullmatch(r"[A-Z]{2}", self.country, re.ASCII) is None:
            _refuse("country", "应为两位大写国家代码", "it must be two capital letters")
        identifier = self.organisation_identifier
        if identifier is not None and _IDENTIFIER.fullmatch(identifier) is None:
            _refuse("organisation_identifier", "格式应如 NTRCN-…", "it must look like NTRCN-…")
        if self.serial_number is not None and _SERIAL.fullmatch(self.serial_number) is None:
            _refuse("serial_number", "只能含字母、数字和连字符", "it consists of letters, digits and hyphens")

    @staticmethod
    def credit_code_identifier(code: str) -> str:
        """A unified social credit code as an organisation identifier: NTR, national trade register, of CN."""
        return f"NTRCN-{code}"

    def to_der(self) -> bytes:
        """The name as it stands in a certificate, from the country down to the common name."""
        attributes = (
            ("2.5.4.8", self.province),
            ("2.5.4.7", self.locality),
            ("2.5.4.10", self.organisation),
            ("2.5.4.97", self.organisation_identifier),
            ("2.5.4.11", self.organisational_unit),
            ("2.5.4.3", self.common_name),
        )
        # RFC 5280 appendix A.1: a country is a PrintableString, everything else may be UTF-8
        country = _attribute("2.5.4.6", tlv(PRINTABLE_STRING, self.country.encode("ascii")))
        named = (_attribute(kind, utf8_string(value)) for kind, value in attributes if value is not None)
        # X.520 6.2.9: a serial number is a PrintableString
        serial = self.serial_number
        told_apart = () if serial is None else (_attribute("2.5.4.5", tlv(PRINTABLE_STRING, serial.encode("ascii"))),)
        return sequence(country, *named, *told_apart)


def _attribute(kind: str, value: bytes) -> bytes:
    return set_of((sequence(oid(kind), value),))


def _checked(field: str, value: str) -> str:
    # RFC 5280 7.1 compares names in a normal form; storing that form leaves nothing to compare
    normal = unicodedata.normalize("NFC", value)
    if not normal or normal != normal.strip():
        _refuse(field, "不能为空，首尾不能有空格", "it must not be empty or begin or end with a space")
    if any(unicodedata.category(character) in _UNNAMEABLE for character in normal):
        _refuse(field, "含有控制字符或自造字", "it has control or private characters")
    limit = _LIMITS.get(field)
    if limit is not None and len(normal) > limit:
        _refuse(field, f"最多 {limit} 个字符，现为 {len(normal)} 个", f"at most {limit} characters, not {len(normal)}")
    return normal


def _refuse(field: str, problem_zh: str, problem_en: str) -> NoReturn:
    raise SubjectInvalidError(field=field, problem_zh=problem_zh, problem_en=problem_en)
