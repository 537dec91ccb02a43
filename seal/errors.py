"""Errors of e-seals: what is wrong with a seal, its artwork or its use, and what to do about it."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class SealError(YinzhengError):
    """Base of the errors of this package."""


class FontPathMissingError(SealError):
    """A directory of fonts that an operator named is not there."""

    code = "seal.font_path_missing"
    kind = Kind.MISCONFIGURED
    zh = "字体目录 {path} 不存在或不是目录，请检查 YINZHENG_FONT_PATHS"
    en = "The font directory {path} does not exist or is no directory; check YINZHENG_FONT_PATHS"


class FontMissingError(SealError):
    """No font of a kind that the service cannot do without."""

    code = "seal.font_missing"
    kind = Kind.MISCONFIGURED
    zh = "没有找到宋体字体，请重新安装依赖，或用 YINZHENG_FONT_PATHS 指明字体目录"
    en = "No Song type was found; reinstall the dependencies, or name a directory of fonts in YINZHENG_FONT_PATHS"


class ArtworkError(SealError):
    """Base of the errors of drawing a seal or a signature."""

    kind = Kind.INVALID


class ArtworkEmptyError(ArtworkError):
    """Nothing to draw: no name, or strokes without points."""

    code = "seal.artwork_empty"
    zh = "{part}为空，无法制作印模"
    en = "{part_en} is empty: there is nothing to draw"


class ArtworkTextError(ArtworkError):
    """A text holds characters that no seal shows, such as control characters."""

    code = "seal.artwork_text"
    zh = "{part}含有不可见或控制字符（{characters}），请删除后重试"
    en = "{part_en} holds invisible or control characters ({characters}); remove them and try again"


class ArtworkNameTooLongError(ArtworkError):
    """A text has more characters than its place on the seal can show legibly."""

    code = "seal.artwork_name_too_long"
    zh = "{part}有 {length} 个字，最多 {limit} 个字，请改用规范化简称"
    en = "{part_en} has {length} characters, at most {limit} fit; use the registered short form"


class ArtworkMissingGlyphError(ArtworkError):
    """The seal font has no glyph for some characters."""

    code = "seal.artwork_missing_glyph"
    zh = "印章字体缺少字形：{characters}，请在 YINZHENG_FONT_PATHS 中加入含有这些字的宋体字体"
    en = "The seal font has no glyph for {characters}; add a Song font that has them to YINZHENG_FONT_PATHS"


class ArtworkSizeError(ArtworkError):
    """A size in millimetres, or a resolution, outside of what can be made."""

    code = "seal.artwork_size"
    zh = "{part}须在 {least} 至 {most} 之间"
    en = "{part_en} must be between {least} and {most}"


class ArtworkNumberError(ArtworkError):
    """A seal number (印章编码) that is not the 13 digits of the public security registration."""

    code = "seal.artwork_number"
    zh = "印章编码应为 13 位数字"
    en = "A seal number is 13 digits"


class ArtworkScriptError(ArtworkError):
    """A name seal is cut in Chinese characters only."""

    code = "seal.artwork_script"
    zh = "姓名章只能使用汉字和间隔号“·”，外文姓名请改用手写签名"
    en = "A name seal takes Chinese characters and the middle dot only; use a signature for names in other scripts"


class ArtworkStrokesError(ArtworkError):
    """Drawn strokes that are no handwriting: too many points, or coordinates that are no numbers."""

    code = "seal.artwork_strokes"
    zh = "手写笔迹无效：{reason}"
    en = "The drawn strokes are not usable: {reason_en}"


class TimeStampError(YinzhengError):
    """The time-stamp authority gave no usable token."""

    code = "seal.time_stamp"
    kind = Kind.UNAVAILABLE
    zh = "无法取得可信时间戳（{problem}），本次未用印，请稍后重试。"
    en = "No trusted time stamp could be had ({problem}); nothing was sealed. Try again later."
