"""Errors of e-seals: what is wrong with a seal, its artwork or its use, and what to do about it."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class SealError(YinzhengError):
    """Base of the errors of this package."""


class FontPathMissingError(SealError):
    """A directory of fonts that an operator named is not there."""

    code = "seal.font_path_missing"
    kind = Kind.MISCONFIGURED
    zh = "字体目录 {path} 不存在或不是目录，请检查 YINZHENG_FONT_PATHS。"
    en = "The font directory {path} does not exist or is no directory; check YINZHENG_FONT_PATHS."


class FontMissingError(SealError):
    """No font of a kind that the service cannot do without."""

    code = "seal.font_missing"
    kind = Kind.MISCONFIGURED
    zh = "没有找到宋体字体，请重新安装依赖，或用 YINZHENG_FONT_PATHS 指明字体目录。"
    en = "No Song type was found; reinstall the dependencies, or name a directory of fonts in YINZHENG_FONT_PATHS."


class ArtworkError(SealError):
    """Base of the errors of drawing a seal or a signature."""

    kind = Kind.INVALID


class ArtworkEmptyError(ArtworkError):
    """Nothing to draw: no name, or strokes without points."""

    code = "seal.artwork_empty"
    zh = "{part}为空，无法制作印模。"
    en = "{part_en} is empty: there is nothing to draw."


class ArtworkTextError(ArtworkError):
    """A text holds characters that no seal shows, such as control characters."""

    code = "seal.artwork_text"
    zh = "{part}含有不可见或控制字符（{characters}），请删除后重试。"
    en = "{part_en} holds invisible or control characters ({characters}); remove them and try again."


class ArtworkNameTooLongError(ArtworkError):
    """A text has more characters than its place on the seal can show legibly."""

    code = "seal.artwork_name_too_long"
    zh = "{part}有 {length} 个字，最多 {limit} 个字，请改用规范化简称。"
    en = "{part_en} has {length} characters, at most {limit} fit; use the registered short form."


class ArtworkMissingGlyphError(ArtworkError):
    """The seal font has no glyph for some characters."""

    code = "seal.artwork_missing_glyph"
    zh = "印章字体缺少字形：{characters}，请在 YINZHENG_FONT_PATHS 中加入含有这些字的宋体字体。"
    en = "The seal font has no glyph for {characters}; add a Song font that has them to YINZHENG_FONT_PATHS."


class ArtworkSizeError(ArtworkError):
    """A size in millimetres, or a resolution, outside of what can be made."""

    code = "seal.artwork_size"
    zh = "{part}须在 {least} 至 {most} 之间。"
    en = "{part_en} must be between {least} and {most}."


class ArtworkNumberError(ArtworkError):
    """A seal number (印章编码) that is not the 13 digits of the public security registration."""

    code = "seal.artwork_number"
    zh = "印章编码应为 13 位数字。"
    en = "A seal number is 13 digits."


class ArtworkScriptError(ArtworkError):
    """A name seal is cut in Chinese characters only."""

    code = "seal.artwork_script"
    zh = "姓名章只能使用汉字和间隔号“·”，外文姓名请改用手写签名。"
    en = "A name seal takes Chinese characters and the middle dot only; use a signature for names in other scripts."


class ArtworkStrokesError(ArtworkError):
    """Drawn strokes that are no handwriting: too many points, or coordinates that are no numbers."""

    code = "seal.artwork_strokes"
    zh = "手写笔迹无效：{reason}。"
    en = "The drawn strokes are not usable: {reason_en}."


class OrganisationCodeInvalidError(SealError):
    """A unified social credit code (统一社会信用代码) whose form or check character is wrong."""

    code = "seal.organisation_code_invalid"
    kind = Kind.INVALID
    zh = "统一社会信用代码 {code} 不正确，请核对 18 位代码及其校验位。"
    en = "{code} is no unified social credit code; check its 18 characters and the check character."


class OrganisationUnknownError(SealError):
    """No organisation is registered under a code."""

    code = "seal.organisation_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有登记代码为 {code} 的机构，请先登记机构。"
    en = "No organisation is registered under {code}; register it first."


class SealFieldError(SealError):
    """A field of an application for a seal, or of an officer's decision, cannot be taken."""

    code = "seal.field_invalid"
    kind = Kind.INVALID
    zh = "填写有误：{problem_zh}"
    en = "A field is not usable: {problem_en}"


class SealUnknownError(SealError):
    """No seal is registered under a number."""

    code = "seal.unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编码为 {number} 的印章。"
    en = "There is no seal with the number {number}."


class SealRequestUnknownError(SealError):
    """No request of that number is waiting for a second officer."""

    code = "seal.request_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {request} 的待复核申请，可能已经处理。"
    en = "No request {request} is waiting for approval; it may have been decided already."


class SealMoveRefusedError(SealError):
    """The state of a seal does not allow what an officer wants to do to it."""

    code = "seal.move_refused"
    kind = Kind.CONFLICT
    zh = "印章 {number} 当前状态为“{state_zh}”，不能{move_zh}；可以进行的操作：{possible_zh}。"
    en = "Seal {number} is {state}: {move} is not possible now; possible: {possible}."


class SealSecondOfficerError(SealError):
    """The officer who asked for a step tried to approve it."""

    code = "seal.second_officer"
    kind = Kind.FORBIDDEN
    zh = "申请人不能复核自己的申请，请由另一位经办人复核。"
    en = "Whoever asked for this cannot approve it; a second officer has to."


class SealNotUsableError(SealError):
    """A seal is not active, so nothing may be sealed with it."""

    code = "seal.not_usable"
    kind = Kind.CONFLICT
    zh = "印章 {number} 当前状态为“{state_zh}”，不能用印。"
    en = "Seal {number} is {state} and cannot be used."


class SealTypeNotAllowedError(SealError):
    """A seal is not granted for a type of document."""

    code = "seal.type_not_allowed"
    kind = Kind.FORBIDDEN
    zh = "印章 {number} 未授权用于 {document_type}，请申请扩大用印范围或换用其他印章。"
    en = "Seal {number} may not be used for {document_type}; have it granted or use another seal."


class SealCertificateExpiredError(SealError):
    """The certificate of a seal is not valid at the present time."""

    code = "seal.certificate_expired"
    kind = Kind.CONFLICT
    zh = "印章 {number} 的数字证书不在有效期内，请更新证书后再用印。"
    en = "The certificate of seal {number} is outside its validity; renew it before sealing."


class SealNoneForTypeError(SealError):
    """No active seal is granted for a type of document."""

    code = "seal.none_for_type"
    kind = Kind.CONFLICT
    zh = "没有可用于{document_type}的有效印章，请先申请、制作并授权印章。"
    en = "No active seal may be used for {document_type}; apply for one and have it made and granted."


class SealAmbiguousError(SealError):
    """Several bodies have a seal for a type of document and none was named."""

    code = "seal.ambiguous"
    kind = Kind.INVALID
    zh = "有多个机构可签发{document_type}，请指明签发机构代码：{codes}。"
    en = "Several bodies can issue {document_type}; name the issuer by its code: {codes}."


class DocumentUnsealableError(SealError):
    """A document that cannot be sealed as it is."""

    code = "seal.document_unsealable"
    kind = Kind.INVALID
    zh = "文件无法用印：{problem_zh}"
    en = "The document cannot be sealed: {problem_en}"


class TimeStampError(SealError):
    """The time-stamp authority gave no usable token."""

    code = "seal.time_stamp"
    kind = Kind.UNAVAILABLE
    zh = "无法取得可信时间戳（{problem}），本次未用印，请稍后重试。"
    en = "No trusted time stamp could be had ({problem}); nothing was sealed. Try again later."
