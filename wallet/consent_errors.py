"""Errors of consent: why one counts for nothing, and what holders and departments cannot do."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class ConsentRefusedError(YinzhengError):
    """Base of the reasons for which a consent does not count; the codes are reasons of checks."""


class ConsentNotFoundError(ConsentRefusedError):
    """There is none with this number for this body; the two look alike."""

    code = "consent.unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这份授权，或它不是给本单位的。"
    en = "There is no such consent, or it was not given to this body."


class ConsentItemError(ConsentRefusedError):
    """It was given to this body for another service item."""

    code = "consent.wrong_item"
    kind = Kind.FORBIDDEN
    zh = "该授权是为其他事项给出的。"
    en = "The consent was given for another service item."


class ConsentWithdrawnError(ConsentRefusedError):
    """The holder took it back."""

    code = "consent.withdrawn"
    kind = Kind.CONFLICT
    zh = "持证人已撤回该授权。"
    en = "The holder has withdrawn the consent."


class ConsentExpiredError(ConsentRefusedError):
    """Its time is over."""

    code = "consent.expired"
    kind = Kind.CONFLICT
    zh = "该授权已过期。"
    en = "The consent has expired."


class ConsentUsedUpError(ConsentRefusedError):
    """It was made use of as often as the holder agreed to."""

    code = "consent.used_up"
    kind = Kind.CONFLICT
    zh = "该授权的使用次数已用完。"
    en = "The consent has been used as often as was agreed."


class ConsentTermsError(YinzhengError):
    """What is to be agreed to, or asked for, is not of the form that it has to be."""

    code = "wallet.consent_terms"
    kind = Kind.INVALID
    zh = "授权内容有误：{problem_zh}"
    en = "The terms of the consent are wrong: {problem_en}"


class ConsentUnknownError(YinzhengError):
    """The wallet has no such consent."""

    code = "wallet.consent_unknown"
    kind = Kind.NOT_FOUND
    zh = "您的卡包中没有这份授权。"
    en = "Your wallet has no such consent."


class RequestUnknownError(YinzhengError):
    """There is no such request for this holder, or of this body."""

    code = "wallet.request_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这项授权请求。"
    en = "There is no such request for consent."


class RequestOverError(YinzhengError):
    """The request was answered, or nobody did in time."""

    code = "wallet.request_over"
    kind = Kind.CONFLICT
    zh = "该授权请求已答复或已过期。"
    en = "The request has been answered, or has expired."


class NothingToShareError(YinzhengError):
    """The wallet has no licence in force of the types that are asked for."""

    code = "wallet.nothing_to_share"
    kind = Kind.CONFLICT
    zh = "您的卡包中没有所需类型的有效证照，可以拒绝该请求。"
    en = "Your wallet has no licence in force of the types asked for; you may refuse the request."


class TooManyRequestsError(YinzhengError):
    """A body asks a holder for more before it was answered."""

    code = "wallet.too_many_requests"
    kind = Kind.CONFLICT
    zh = "对该持证人尚有 {most} 项未答复的授权请求，请等待答复。"
    en = "{most} requests to this holder are still unanswered; wait for the answers."
