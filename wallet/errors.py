"""Errors of the package: what a holder may not do, and why a presentation is not taken."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class NotInWalletError(YinzhengError):
    """The wallet has no such licence; whether the register has it is not told."""

    code = "wallet.not_in_wallet"
    kind = Kind.NOT_FOUND
    zh = "您的卡包中没有这份证照。"
    en = "Your wallet has no such licence."


class WalletClosedError(YinzhengError):
    """The holder has closed the wallet."""

    code = "wallet.closed"
    kind = Kind.CONFLICT
    zh = "卡包已注销。如需使用，请重新开通。"
    en = "The wallet has been closed. Open it again to use it."


class NotPresentableError(YinzhengError):
    """The licence does not hold at present, so it cannot be shown."""

    code = "wallet.not_presentable"
    kind = Kind.CONFLICT
    zh = "该证照当前状态为“{state_zh}”，不能亮证。"
    en = "The licence is {state}; it cannot be shown."


class PurposeInvalidError(YinzhengError):
    """A presentation needs a purpose, so that the holder knows what it is for."""

    code = "wallet.purpose_invalid"
    kind = Kind.INVALID
    zh = "请写明用途，1 至 {longest} 字，不含控制字符。"
    en = "Say what the presentation is for, in 1 to {longest} characters without control characters."


class LifetimeInvalidError(YinzhengError):
    """An offline presentation is to hold for too short or too long a time."""

    code = "wallet.lifetime_invalid"
    kind = Kind.INVALID
    zh = "离线亮证码的有效期应为 {shortest} 至 {longest} 分钟的整分钟数。"
    en = "An offline presentation holds for {shortest} to {longest} whole minutes."


class TooLargeForCodeError(YinzhengError):
    """What an offline presentation has to say does not fit in one QR code."""

    code = "wallet.too_large_for_code"
    kind = Kind.CONFLICT
    zh = "该证照内容过长，无法放入一个离线亮证码。请缩短用途，或改用联网亮证码。"
    en = "The licence says too much for one offline code. Shorten the purpose, or show it online."


class PresentationError(YinzhengError):
    """Base of the reasons for which a presentation is not taken."""


class PresentationInvalidError(PresentationError):
    """Not a presentation of ours: forged, damaged, or something else altogether."""

    code = "presentation.invalid"
    kind = Kind.INVALID
    zh = "这不是本系统签发的亮证码，或其内容已被改动。"
    en = "This is no presentation of this service, or it has been changed."


class PresentationExpiredError(PresentationError):
    """It was shown too late."""

    code = "presentation.expired"
    kind = Kind.CONFLICT
    zh = "亮证码已过期，请持证人重新出示。"
    en = "The presentation has expired; ask the holder to show a new one."


class PresentationUsedError(PresentationError):
    """It was redeemed before."""

    code = "presentation.already_used"
    kind = Kind.CONFLICT
    zh = "亮证码已被使用过，请持证人重新出示。"
    en = "The presentation has been used before; ask the holder to show a new one."


class PresentationAudienceError(PresentationError):
    """It was made for somebody else."""

    code = "presentation.wrong_audience"
    kind = Kind.FORBIDDEN
    zh = "该亮证码是向其他单位出示的。"
    en = "The presentation was made for another body."
