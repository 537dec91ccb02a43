"""What checking seal data and seal signatures (GB/T 38540-2020) can find: coded, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"
    """Good to know."""
    WARNING = "warning"
    """Odd, or past; the seal is the maker's all the same."""
    ERROR = "error"
    """The seal or the signature must not be relied on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check, for a machine by its code and for a person by its messages."""

    code: str
    severity: Severity
    message_zh: str
    message_en: str

    def to_json(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message_zh": self.message_zh,
            "message_en": self.message_en,
        }


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO
CATALOGUE: Final[dict[str, tuple[Severity, str, str]]] = {
    "esl.maker_signature_valid": (_I, "制章者签名验证通过", "The maker's signature verifies"),
    "esl.maker_signature_invalid": (
        _E,
        "制章者签名验证不通过，印章数据不可信",
        "The maker's signature does not verify",
    ),
    "esl.maker_algorithm_unsupported": (
        _E,
        "制章者的签名算法或公钥不是 SM2，本系统无法验证",
        "The maker's signature is of another algorithm than SM2-with-SM3, and was not checked",
    ),
    "esl.maker_certificate_unreadable": (_E, "制章者证书无法解析", "The maker's certificate cannot be read"),
    "esl.maker_certificate_expired": (_W, "制章者证书已过期", "The maker's certificate has expired"),
    "esl.maker_certificate_not_yet_valid": (_W, "制章者证书尚未生效", "The maker's certificate is not valid yet"),
    "esl.maker_certificate_not_valid_when_made": (
        _W,
        "制章时制章者证书不在有效期内",
        "The maker's certificate was not valid when the seal was made",
    ),
    "esl.maker_key_usage": (_E, "制章者证书的密钥用法不允许签名", "The maker's certificate may not sign data"),
    "esl.maker_trusted": (_I, "制章者证书可追溯到信任的根证书", "The maker's certificate leads to a trusted root"),
    "esl.maker_untrusted": (
        _E,
        "制章者证书不能追溯到信任的根证书",
        "The maker's certificate leads to no trusted root",
    ),
    "esl.maker_trust_not_checked": (
        _I,
        "未提供信任的根证书，没有验证制章者的证书链",
        "No trusted roots were given, so the maker's certificate chain was not checked",
    ),
    "esl.expired": (_W, "印章已过有效期", "The seal has expired"),
    "esl.not_yet_valid": (_W, "印章尚未生效", "The seal is not valid yet"),
    "esl.dates_reversed": (_E, "印章的有效期起止颠倒", "The seal ends before it begins"),
    "esl.form_differs": (
        _W,
        "印章头信息的版本号与数据结构不一致，已按结构读取",
        "The header's version and the form of the data differ; they were read by their form",
    ),
    "esl.version_unsettled": (
        _W,
        "版本 5 没有标准文本可据，按已知软件的写法读取和验证",
        "Version 5 was read and checked as software in use writes it; no text of a standard was at hand",
    ),
    "esl.time_stamp_not_checked": (
        _I,
        "所带时间戳未作验证",
        "The time stamp that comes with it was not checked",
    ),
    "esl.critical_extension": (
        _E,
        "含有本系统不认识的关键扩展",
        "There is a critical extension that is not understood here",
    ),
    "esl.picture_differs": (
        _W,
        "印章图片的内容与所称格式不符",
        "The picture is not of the format that the data name",
    ),
    "esl.no_users": (_W, "印章没有列出签章者证书", "The seal names no certificate that may use it"),
    "ses.signature_valid": (_I, "签章者签名验证通过", "The signer's signature verifies"),
    "ses.signature_invalid": (_E, "签章者签名验证不通过", "The signer's signature does not verify"),
    "ses.algorithm_unsupported": (
        _E,
        "签章者的签名算法或公钥不是 SM2，本系统无法验证",
        "The signature is of another algorithm than SM2-with-SM3, and was not checked",
    ),
    "ses.certificate_unreadable": (_E, "签章者证书无法解析", "The signer's certificate cannot be read"),
    "ses.certificate_not_valid_when_signed": (
        _E,
        "签章时签章者证书不在有效期内",
        "The signer's certificate was not valid when it signed",
    ),
    "ses.key_usage": (_E, "签章者证书的密钥用法不允许签名", "The signer's certificate may not sign data"),
    "ses.signer_not_listed": (
        _E,
        "签章者证书不在印章的证书列表中",
        "The signer's certificate is not among those that may use the seal",
    ),
    "ses.signer_trusted": (_I, "签章者证书可追溯到信任的根证书", "The signer's certificate leads to a trusted root"),
    "ses.signer_untrusted": (
        _E,
        "签章者证书不能追溯到信任的根证书",
        "The signer's certificate leads to no trusted root",
    ),
    "ses.signer_trust_not_checked": (
        _I,
        "未提供信任的根证书，没有验证签章者的证书链",
        "No trusted roots were given, so the signer's certificate chain was not checked",
    ),
    "ses.seal_not_valid_when_signed": (_E, "签章时印章不在有效期内", "The seal was not valid when it was used"),
    "ses.signed_in_the_future": (_E, "签章时间晚于当前时间", "The time of signing lies in the future"),
    "ses.time_unknown": (_E, "签章时间无法确定", "The time of signing cannot be told"),
    "ses.version_differs": (_W, "签章与印章的版本号不一致", "The signature and its seal name different versions"),
    "ses.digest_matches": (_I, "原文未被改动", "The data are as they were when signed"),
    "ses.digest_differs": (_E, "原文杂凑值不符，原文已被改动", "The digest differs: the data were changed"),
    "ses.property_differs": (
        _E,
        "签章的属性信息与所在的签名域不符",
        "The signature was made for another signature field",
    ),
    "ses.range_partial": (
        _E,
        "签章没有覆盖它之前的全部文件内容",
        "The signature does not cover the whole of the document before it",
    ),
    "ses.unreadable": (_E, "签名域中的电子签章数据无法解析", "The seal signature in the field cannot be read"),
}


def finding(code: str) -> Finding:
    """The finding of a code."""
    severity, message_zh, message_en = CATALOGUE[code]
    return Finding(code, severity, message_zh, message_en)
