"""What keeps a check from coming to a verdict at all.

A file that was read but does not hold is no error: it gets a verdict. These are for what cannot be judged.
"""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class VerifyError(YinzhengError):
    """Base of the errors of this package."""


class UnreadableError(VerifyError):
    """Base of what is wrong with a file so that no signature in it can be judged."""

    kind = Kind.INVALID


class EmptyFileError(UnreadableError):
    """The file has no bytes."""

    code = "verify.empty_file"
    zh = "文件为空（0 字节）。请重新选择文件后上传。"
    en = "The file is empty (0 bytes). Choose the file again."


class NotAPdfError(UnreadableError):
    """The file is no PDF, or too damaged to be read as one."""

    code = "verify.not_a_pdf"
    zh = "该文件不是 PDF，或已损坏无法读取。请上传签发时的 PDF 原文件，不要上传截图或扫描件。"
    en = (
        "The file is not a PDF, or too damaged to be read as one. "
        "Use the PDF as it was issued, not a picture or a scan of it."
    )


class NoSignatureError(UnreadableError):
    """The PDF bears no signature."""

    code = "verify.no_signature"
    zh = "该 PDF 中没有电子印章或电子签名，无法核验。打印后再扫描或另存的文件会失去印章，请使用签发时的原文件。"
    en = (
        "The PDF bears no seal or signature, so there is nothing to check. "
        "Printing or re-saving a file removes its seal: use the file as it was issued."
    )


class EncryptedError(UnreadableError):
    """The PDF is encrypted."""

    code = "verify.encrypted"
    zh = "该 PDF 已加密，无法核验。请使用未加密的原文件。"
    en = "The PDF is encrypted and cannot be checked. Use the original, unencrypted file."


class TooLargeError(VerifyError):
    """The file has more bytes than are read."""

    code = "verify.too_large"
    kind = Kind.TOO_LARGE
    zh = "文件超过 {limit_mb} MB，不予核验。"
    en = "The file is larger than {limit_mb} MB and is not checked."


class TooComplexError(VerifyError):
    """Reading the file would take more work than is spent on one file."""

    code = "verify.too_complex"
    kind = Kind.TOO_LARGE
    zh = "文件结构过于复杂（{what_zh}），不予核验。正常签发的文件不会如此。"
    en = "The file is too complex ({what_en}) and is not checked. No file that was properly issued is like that."


class AnchorInvalidError(VerifyError):
    """What was given as trust anchors are no certificates."""

    code = "verify.anchor_invalid"
    kind = Kind.MISCONFIGURED
    zh = "信任根无效：{problem_zh}。请提供 PEM 或 DER 格式的根证书。"
    en = "The trust anchors are not usable: {problem_en}. Give root certificates in PEM or DER."


class AnchorUnknownError(VerifyError):
    """No trust anchor in force has this number."""

    code = "verify.anchor_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {anchor} 的在用信任根。请用 yinzheng anchors list 查看。"
    en = "There is no trust anchor {anchor} in force. See yinzheng anchors list."


class AnchorKnownError(VerifyError):
    """The same certificate is trusted already."""

    code = "verify.anchor_known"
    kind = Kind.CONFLICT
    zh = "该证书已是信任根（编号 {anchor}）。如需改变用途或期限，请先移除。"
    en = "This certificate is a trust anchor already (number {anchor}). To change its terms, remove it first."


class AnchorTermsError(VerifyError):
    """The purposes, period or reason of a trust anchor cannot be taken."""

    code = "verify.anchor_terms"
    kind = Kind.INVALID
    zh = "信任根未能登记：{problem_zh}"
    en = "The trust anchor was not entered: {problem_en}"


class CheckTooSlowError(VerifyError):
    """Judging a file took longer than is spent on one."""

    code = "verify.too_slow"
    kind = Kind.INVALID
    zh = "该文件在 {seconds} 秒内无法核验完毕，已停止核验。请使用签发时的原文件。"
    en = "The file could not be judged within {seconds} seconds and was given up. Use the file as it was issued."


class CheckCrashedError(VerifyError):
    """Judging a file failed in a way that was not foreseen, without harm to anything else."""

    code = "verify.crashed"
    kind = Kind.INVALID
    zh = "该文件的内容使核验程序异常退出，按不通过处理。请使用签发时的原文件。"
    en = "The file's content broke the check; it is taken as not valid. Use the file as it was issued."


class ReportFailedError(VerifyError):
    """A report could not be set: a fault of this program, not of the file that was checked."""

    code = "verify.report_failed"
    kind = Kind.MISCONFIGURED
    zh = "核验报告无法生成：{problem}。核验结论不受影响，请改用 JSON 格式并告知管理员。"
    en = "The report could not be made: {problem}. The verdict stands; ask for it as JSON and tell the administrator."


class AuditError(VerifyError):
    """Base of what an audit of the transparency log finds."""

    kind = Kind.CONFLICT


class LogUnreadableError(AuditError):
    """The log cannot be fetched, or what was fetched is not in the form of a log."""

    code = "verify.log_unreadable"
    kind = Kind.UNAVAILABLE
    zh = "日志无法读取：{what_zh}。"
    en = "The log cannot be read: {what_en}."


class LogRolledBackError(AuditError):
    """The log is smaller than it was."""

    code = "verify.log_rolled_back"
    zh = "日志被回退：此前有 {before} 条，现在只有 {now} 条。请保留审计状态文件作为证据。"
    en = "The log was rolled back: it had {before} leaves and now has {now}. Keep the state file: it is the evidence."


class LogForkedError(AuditError):
    """The log does not begin with what it was."""

    code = "verify.log_forked"
    zh = "日志与此前的 {size} 条不一致：{what_zh}。请保留审计状态文件作为证据。"
    en = "The log does not go on from its first {size} leaves: {what_en}. Keep the state file: it is the evidence."


class LogLeafError(AuditError):
    """A leaf that is shown is not the one that the tree was made of."""

    code = "verify.log_leaf"
    zh = "日志第 {position} 条的内容与其散列不符。"
    en = "Leaf {position} of the log is not the one that its tree was made of."


class AuditStateError(VerifyError):
    """The file in which an auditor keeps what is known of a log cannot be used."""

    code = "verify.audit_state"
    kind = Kind.INVALID
    zh = "审计状态文件 {path} 无法读取或已被改动。"
    en = "The state file {path} of the audit cannot be read, or was altered."


class PictureUnreadableError(UnreadableError):
    """A file is no picture in which a QR code could be looked for."""

    code = "verify.picture_unreadable"
    zh = "无法读取图片。请使用 PNG 或 JPEG 格式，不超过 32 MB、6400 万像素。"
    en = "The picture cannot be read. Use a PNG or JPEG of at most 32 MB and 64 million pixels."


class PageUndrawableError(UnreadableError):
    """The pages of a PDF cannot be drawn."""

    code = "verify.page_undrawable"
    zh = "无法生成该文件的页面图片；不影响核验结论。"
    en = "No picture could be made of the file's pages; the verdict stands without one."


class NoCodeError(UnreadableError):
    """There is no QR code in a picture."""

    code = "verify.no_code"
    zh = "图片中没有可以识别的二维码。请对准屏幕、避免反光后重新拍摄。"
    en = "No QR code could be read in the picture. Take it again, straight on and without glare."


class SeveralCodesError(UnreadableError):
    """There are several QR codes in a picture."""

    code = "verify.several_codes"
    zh = "图片中有多个不同的二维码，无法确定核验哪一个。请只拍摄一个。"
    en = "There are several different QR codes in the picture. Take one of a single code."
