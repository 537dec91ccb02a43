"""Errors of feedback."""

from __future__ import annotations

from store.errors import Kind
from verify.errors import VerifyError


class FeedbackRefusedError(VerifyError):
    """Who says so has not checked the licence and does not hold it; whether it exists is not told."""

    code = "verify.feedback_refused"
    kind = Kind.NOT_FOUND
    zh = "只能对核验过的或本人持有的证照提出异议。"
    en = "Feedback is for licences that you checked or hold."


class FeedbackPendingError(VerifyError):
    """The same one has said so before, and it is not settled yet."""

    code = "verify.feedback_pending"
    kind = Kind.CONFLICT
    zh = "您对该证照的异议正在处理中，请等待答复。"
    en = "Your feedback on this licence is being dealt with; wait for the answer."


class FeedbackUnknownError(VerifyError):
    """There is no such feedback for this body."""

    code = "verify.feedback_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这条异议，或不由本机构处理。"
    en = "There is no such feedback, or it is not for this body."


class FeedbackStateError(VerifyError):
    """The step does not fit what was decided before."""

    code = "verify.feedback_state"
    kind = Kind.CONFLICT
    zh = "该异议当前状态为“{state}”，不能进行此操作。"
    en = "The feedback is {state}; this step is not possible."


class FeedbackTextError(VerifyError):
    """What is said is empty, too long, or has control characters."""

    code = "verify.feedback_text"
    kind = Kind.INVALID
    zh = "请填写说明，1 至 1000 字，不含控制字符。"
    en = "Say what is meant in 1 to 1000 characters without control characters."
