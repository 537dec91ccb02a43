"""Errors of seal data and seal signatures (GB/T 38540-2020): what cannot be read, and what cannot be made."""

from __future__ import annotations

from seal.errors import SealError
from store.errors import Kind


class EslUnreadableError(SealError):
    """Bytes that are not the seal data, or the seal signature, that they should be."""

    code = "seal.esl_unreadable"
    kind = Kind.INVALID
    zh = "不是可读取的电子印章或电子签章数据：{problem_zh}。"
    en = "These are not seal data or a seal signature that can be read: {problem_en}."


class EslTooLargeError(SealError):
    """Seal data larger than any seal."""

    code = "seal.esl_too_large"
    kind = Kind.TOO_LARGE
    zh = "印章数据超过 {limit} 字节，不予读取。"
    en = "The seal data are larger than {limit} bytes and are not read."


class EslVersionUnknownError(SealError):
    """Seal data of a version that is not known here."""

    code = "seal.esl_version_unknown"
    kind = Kind.INVALID
    zh = "印章数据的版本为 {version}，本系统只能读取版本 1 至 5。"
    en = "The seal data are of version {version}; versions 1 to 5 are read here."


class EslNotMadeError(SealError):
    """Seal data, or a seal signature, that would not check out after it was made."""

    code = "seal.esl_not_made"
    kind = Kind.INVALID
    zh = "无法制作电子印章或电子签章数据：{problem_zh}。"
    en = "The seal data or seal signature cannot be made: {problem_en}."


class DigestInvalidError(SealError):
    """What is to be signed is no SM3 digest."""

    code = "seal.digest_invalid"
    kind = Kind.INVALID
    zh = "杂凑值须为 SM3 的 32 字节，以 64 位十六进制数表示。"
    en = "The digest has to be an SM3 of 32 bytes, as 64 hexadecimal digits."


class SealDataMissingError(SealError):
    """A seal that has no data of GB/T 38540."""

    code = "seal.data_missing"
    kind = Kind.CONFLICT
    zh = "印章 {number} 没有国密印章数据：个人签名、未制作或已注销的印章没有，制作时没有 SM2 密钥的须更换密钥后才有。"
    en = (
        "The seal {number} has no seal data of GB/T 38540: it is a person's, not made yet or cancelled, or no SM2 key "
        "could be had when it was made; then a new key brings them."
    )
