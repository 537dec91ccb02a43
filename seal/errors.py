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


class PictureRefusedError(ArtworkError):
    """An uploaded picture of a seal cannot be taken."""

    code = "seal.picture_refused"
    zh = "上传的印模不能使用：{problem_zh}"
    en = "The uploaded picture cannot be used: {problem_en}"


class OrganisationCodeInvalidError(SealError):
    """A unified social credit code fails its check (GB 32100)."""

    code = "seal.organisation_code_invalid"
    kind = Kind.INVALID
    zh = "统一社会信用代码“{code}”的校验位不正确，请核对后重新填写。"
    en = "The unified social credit code {code!r} fails its check character; correct it and try again."


class OrganisationUnknownError(SealError):
    """No body with this code is enrolled."""

    code = "seal.organisation_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有登记代码为“{code}”的机构，请先登记该机构。"
    en = "No organisation with the code {code!r} is enrolled; enrol it first."


class OrganisationTreeError(SealError):
    """A body cannot stand in this place of the tree of bodies."""

    code = "seal.organisation_tree"
    kind = Kind.INVALID
    zh = "机构“{code}”不能列在此处：{problem_zh}"
    en = "The organisation {code!r} cannot stand there: {problem_en}"


class RegionCodeError(SealError):
    """A code of a region has the wrong form or belongs to no province."""

    code = "seal.region_code"
    kind = Kind.INVALID
    zh = "行政区划代码“{region}”无效：市、区、县为 6 位，街道、镇为 9 位，社区、村为 12 位数字。"
    en = "{region!r} is no code of a region: 6 digits for a city or county, 9 for a street or town, 12 for a community."


class PersonUnknownError(SealError):
    """No person is enrolled under this reference."""

    code = "seal.person_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为“{reference}”的个人，请先登记。"
    en = "No person is enrolled as {reference!r}; enrol the person first."


class PersonInvalidError(SealError):
    """A person's name or citizen identity number cannot be taken; the message repeats neither."""

    code = "seal.person_invalid"
    kind = Kind.INVALID
    zh = "个人信息有误：{problem_zh}"
    en = "The person cannot be enrolled: {problem_en}"


class SealUnknownError(SealError):
    """No seal has this number."""

    code = "seal.unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为“{number}”的印章。"
    en = "There is no seal with the number {number!r}."


class SealNotRegisteredError(SealError):
    """No seal with this number stands in the public register."""

    code = "seal.not_registered"
    kind = Kind.NOT_FOUND
    zh = "备案记录中没有编号为“{number}”的印章，请核对编号。"
    en = "No seal with the number {number!r} is registered; check the number."


class SealNoneForTypeError(SealError):
    """No active seal may be used for a type of document."""

    code = "seal.none_for_type"
    kind = Kind.CONFLICT
    zh = "没有可用于“{document_type}”的有效印章，请先申请并启用印章，或解冻已有印章。"
    en = "No active seal may be used for {document_type!r}; apply for one and have it approved, or thaw a frozen one."


class SealAmbiguousError(SealError):
    """Seals of several bodies may be used, so the issuer has to be named."""

    code = "seal.ambiguous"
    kind = Kind.INVALID
    zh = "有多个机构的印章可用于“{document_type}”，请指明发证机构：{codes}。"
    en = "Seals of several organisations may be used for {document_type!r}; name the issuer, one of {codes}."


class SealNotUsableError(SealError):
    """A seal was asked to seal while its state forbids it."""

    code = "seal.not_usable"
    kind = Kind.CONFLICT
    zh = "印章“{number}”当前状态为“{state_zh}”，不能用印。"
    en = "The seal {number!r} is {state}; it may not be used."


class SealTypeNotAllowedError(SealError):
    """A seal was asked to seal a type of document that it is not meant for."""

    code = "seal.type_not_allowed"
    kind = Kind.FORBIDDEN
    zh = "印章“{number}”未被授权用于“{document_type}”。"
    en = "The seal {number!r} is not granted for {document_type!r}."


class SealNotGrantedError(SealError):
    """Somebody asked to use a seal without leave that holds now."""

    code = "seal.not_granted"
    kind = Kind.FORBIDDEN
    zh = "申请方没有使用印章“{number}”的有效授权，请向印章所属单位申请授权。"
    en = "The caller has no grant for the seal {number!r} that holds now; ask its owner for one."


class SealQuotaUsedError(SealError):
    """A grant's uses of the day are used up."""

    code = "seal.quota_used"
    kind = Kind.TOO_MANY
    zh = "印章“{number}”今日授权用印次数（{quota} 次）已用完，请明日再试或申请增加。"
    en = "Today's {quota} uses of the seal {number!r} are used up; try again tomorrow or ask for more."


class SealGrantInvalidError(SealError):
    """What a grant says cannot be taken."""

    code = "seal.grant_invalid"
    kind = Kind.INVALID
    zh = "用印授权有误：{problem_zh}"
    en = "The grant cannot be taken: {problem_en}"


class SealUseUnknownError(SealError):
    """The seal has no such use on record."""

    code = "seal.use_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {use} 的用印记录，请在该印章的用印记录中查找。"
    en = "The seal has no use {use}; look for it among the uses of the seal."


class SealGrantUnknownError(SealError):
    """There is no such grant, or it was revoked."""

    code = "seal.grant_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {grant} 的用印授权，或该授权已撤销。"
    en = "There is no grant {grant}, or it was revoked already."


class UseSearchError(SealError):
    """A search in the record of uses that cannot be made."""

    code = "seal.use_search"
    kind = Kind.INVALID
    zh = "用印记录查询条件有误：{problem_zh}"
    en = "The record of uses cannot be searched like this: {problem_en}"


class SealCertificateExpiredError(SealError):
    """The certificate of a seal is outside its validity."""

    code = "seal.certificate_expired"
    kind = Kind.CONFLICT
    zh = "印章“{number}”的证书不在有效期内，请先更换证书。"
    en = "The certificate of the seal {number!r} is not within its validity; replace it first."


class SealCertificateStoppedError(SealError):
    """The certificate of a seal was revoked, or retired for another."""

    code = "seal.certificate_stopped"
    kind = Kind.CONFLICT
    zh = "印章“{number}”的证书{state_zh}，不能用印，请先更换证书。"
    en = "The certificate of the seal {number!r} is {state} and seals no more; replace it first."


class SealMoveRefusedError(SealError):
    """A move does not fit the seal's present state."""

    code = "seal.move_refused"
    kind = Kind.CONFLICT
    zh = "印章“{number}”当前状态为“{state_zh}”，不能执行“{move_zh}”；可执行：{possible_zh}。"
    en = "The seal {number!r} is {state}; it cannot {move}. Possible now: {possible}."


class SealRequestWaitingError(SealError):
    """The same move was asked for already and waits for its second officer."""

    code = "seal.request_waiting"
    kind = Kind.CONFLICT
    zh = "印章“{number}”的“{move_zh}”已有待批申请（{request}），请另一名经办人先行审批。"
    en = "For the seal {number!r}, {move} waits already as request {request}; a second officer has to decide it first."


class SealRequestUnknownError(SealError):
    """No request waits for a decision under this number."""

    code = "seal.request_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {request} 的待批申请，或该申请已有处理结果。"
    en = "No request {request} is waiting for a decision; it may have been decided already."


class SealSecondOfficerError(SealError):
    """The officer who asked for a move tried to approve it as well."""

    code = "seal.second_officer_needed"
    kind = Kind.FORBIDDEN
    zh = "申请人不能审批自己的申请，须由另一名经办人审批。"
    en = "Who asked for a move cannot approve it; a second officer has to."


class SealFieldError(SealError):
    """What an application for a seal says cannot be taken."""

    code = "seal.application_invalid"
    kind = Kind.INVALID
    zh = "印章申请有误：{problem_zh}"
    en = "The application for the seal cannot be taken: {problem_en}"


class DocumentUnsealableError(SealError):
    """The bytes to be sealed are not a PDF that can take a certifying seal."""

    code = "seal.document_unsealable"
    kind = Kind.INVALID
    zh = "该文件不能加盖印章：{problem_zh}"
    en = "This document cannot be sealed: {problem_en}"


class TimeStampError(SealError):
    """The time-stamp authority gave no usable token."""

    code = "seal.time_stamp"
    kind = Kind.UNAVAILABLE
    zh = "无法取得可信时间戳（{problem}），本次未用印，请稍后重试。"
    en = "No trusted time stamp could be had ({problem}); nothing was sealed. Try again later."


class TimeStampAddressError(SealError):
    """The address of a time-stamp authority is not one."""

    code = "seal.time_stamp_address"
    kind = Kind.MISCONFIGURED
    zh = "时间戳机构地址“{url}”有误，应以 http:// 或 https:// 开头。"
    en = "The address {url!r} of a time-stamp authority is not of the form http(s)://host/path."
