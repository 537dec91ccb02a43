"""Errors of checks that departments ask for: service items, case numbers, questions, receipts."""

from __future__ import annotations

from store.errors import Kind
from verify.errors import VerifyError


class ServiceItemInvalidError(VerifyError):
    """The definition of a service item is not of the form that it has to be."""

    code = "verify.service_item_invalid"
    kind = Kind.INVALID
    zh = "事项定义有误：{problem}"
    en = "The definition of the service item is wrong: {problem}"


class ServiceItemRefusedError(VerifyError):
    """There is no such service item, or the client may not name it; which of the two is not told."""

    code = "verify.service_item_refused"
    kind = Kind.FORBIDDEN
    zh = "事项编码不存在，或该客户端无权办理此事项。请核对事项编码，或申请开通。"
    en = "There is no such service item, or this client may not act for it. Compare the code, or ask for leave."


class CaseNumberInvalidError(VerifyError):
    """A check has to name the case that it is for."""

    code = "verify.case_number_invalid"
    kind = Kind.INVALID
    zh = "请写明办件编号，1 至 64 个字符，不含空格与控制字符。"
    en = "Name the case (办件编号) in 1 to 64 characters without spaces or control characters."


class QuestionRefusedError(VerifyError):
    """A question that the service item does not provide for."""

    code = "verify.question_refused"
    kind = Kind.FORBIDDEN
    zh = "该事项不允许询问此字段。"
    en = "The service item does not provide for questions about this field."


class FieldsRefusedError(VerifyError):
    """A holder is asked for a field that the service item, or the client's permission, does not provide for."""

    code = "verify.fields_refused"
    kind = Kind.FORBIDDEN
    zh = "该事项或该客户端的权限不包含所请求的字段。"
    en = "The service item, or the permission of this client, does not provide for a field that is asked for."


class ConsentMissingError(VerifyError):
    """Materials were asked for without a consent, where the law does not do without one."""

    code = "verify.consent_missing"
    kind = Kind.FORBIDDEN
    zh = "此事项须经持证人授权方可查验材料，请提供持证人的授权或亮证码。"
    en = "This service item needs the holder's consent: give the holder's consent or presentation."


class ReceiptInvalidError(VerifyError):
    """What was shown is no receipt of this service, or it was changed."""

    code = "verify.receipt_invalid"
    kind = Kind.INVALID
    zh = "这不是本系统签发的核验回执，或其内容已被改动。"
    en = "This is no receipt of this service, or it has been changed."
