"""Errors of objections."""

from __future__ import annotations

from store.errors import Kind
from verify.errors import VerifyError


class LookUnknownError(VerifyError):
    """There is no such check of a licence of this holder."""

    code = "verify.look_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这条查验记录。"
    en = "There is no such check of your licences."


class ObjectionMadeError(VerifyError):
    """The holder has objected to this check before."""

    code = "verify.objection_made"
    kind = Kind.CONFLICT
    zh = "您已对这次查验提出过异议。"
    en = "You have objected to this check before."


class ObjectionUnknownError(VerifyError):
    """There is no such objection for this body."""

    code = "verify.objection_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这条异议，或不由本机构处理。"
    en = "There is no such objection, or it is not for this body."


class ObjectionAnsweredError(VerifyError):
    """It was answered before."""

    code = "verify.objection_answered"
    kind = Kind.CONFLICT
    zh = "该异议已答复。"
    en = "The objection has been answered."


class ObjectionTextError(VerifyError):
    """What is said is empty, too long, or has control characters."""

    code = "verify.objection_text"
    kind = Kind.INVALID
    zh = "请填写说明，1 至 1000 字，不含控制字符。"
    en = "Say what is meant in 1 to 1000 characters without control characters."
