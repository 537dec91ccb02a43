"""Errors of the edge: requests, clients and settings."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class SettingsError(YinzhengError):
    """The process is set up wrongly."""

    code = "api.settings"
    kind = Kind.MISCONFIGURED
    zh = "配置有误：{problem}"
    en = "The settings are wrong: {problem}"


class CeremonyRefusedError(YinzhengError):
    """A key ceremony cannot be held like this; nothing was done."""

    code = "api.ceremony_refused"
    kind = Kind.INVALID
    zh = "密钥仪式未进行：{problem_zh}。"
    en = "The key ceremony was not held: {problem_en}."


class ClockAstrayError(YinzhengError):
    """This machine's clock and the database server's are far apart."""

    code = "api.clock_astray"
    kind = Kind.UNAVAILABLE
    zh = "本机时钟与数据库服务器相差 {seconds} 秒，时间戳停发。请校准两台机器的时钟（NTP）。"
    en = (
        "This machine's clock is {seconds} s from the database server's, and no time stamps are given out. "
        "Set the clocks of both machines (NTP)."
    )


class PartSlowError(YinzhengError):
    """A part of the service did not answer in time."""

    code = "api.part_slow"
    kind = Kind.UNAVAILABLE
    zh = "{part} 未在 {seconds} 秒内应答。"
    en = "{part} did not answer within {seconds} s."


class PartFailedError(YinzhengError):
    """A part of the service failed in a way that has no code of its own."""

    code = "api.part_failed"
    kind = Kind.UNAVAILABLE
    zh = "{part} 不可用（{problem}），详见日志。"
    en = "{part} cannot be used ({problem}); the log has the circumstances."


class DemoRefusedError(YinzhengError):
    """Demo data have no place here."""

    code = "api.demo_refused"
    kind = Kind.MISCONFIGURED
    zh = "演示数据不装入生产环境；装入整座城市的演示数据还须 YINZHENG_BUILTIN_PROVIDER=true。"
    en = "Demo data never go into production; those of a whole city need YINZHENG_BUILTIN_PROVIDER=true as well."


class DemoDatabaseError(YinzhengError):
    """Production was started on a database that a demo has filled."""

    code = "api.demo_database"
    kind = Kind.MISCONFIGURED
    zh = "数据库中有演示数据，其客户端密钥曾显示在屏幕上。生产环境请另建空数据库，再运行 yinzheng db upgrade。"
    en = (
        "The database holds demo data, and secrets of its clients were shown on a screen. Make an empty database for "
        "production and run yinzheng db upgrade."
    )


class DemoNotAloneError(YinzhengError):
    """The register holds something already."""

    code = "api.demo_not_alone"
    kind = Kind.CONFLICT
    zh = (
        "登记簿中已有机构，或上次装入演示数据时中断，未再装入。如需演示，请删除 {place}，或以 YINZHENG_VAR 另指定目录。"
    )
    en = (
        "The register holds bodies already, or filling was interrupted before; no demo data were put in. To have them, "
        "delete {place}, or set YINZHENG_VAR to another directory."
    )


class RequestInvalidError(YinzhengError):
    """The request is not of the form that the API documents."""

    code = "api.request_invalid"
    kind = Kind.INVALID
    zh = "请求格式有误：{problem}"
    en = "The request is not of the documented form: {problem}"


class RequestTooLargeError(YinzhengError):
    """The body is larger than this endpoint takes."""

    code = "api.request_too_large"
    kind = Kind.TOO_LARGE
    zh = "请求内容过大，上限为 {limit} 字节。"
    en = "The request is too large; at most {limit} bytes are taken."


class DiskFullError(YinzhengError):
    """There is no space left for what came in with the request."""

    code = "api.disk_full"
    kind = Kind.UNAVAILABLE
    zh = "服务器磁盘已满，无法暂存上传的文件，本次操作未生效。请管理员腾出空间后重试；较小的文件照常受理。"
    en = (
        "The server's disk is full: what was sent cannot be kept for the time of the request, and nothing was changed. "
        "Have space made and try again; smaller files are still taken."
    )


class PathUnknownError(YinzhengError):
    """There is nothing at this address."""

    code = "api.path_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这个地址。"
    en = "There is nothing at this address."


class MethodNotAllowedError(YinzhengError):
    """The address exists and does not take this method."""

    code = "api.method_not_allowed"
    kind = Kind.INVALID
    zh = "该地址不支持此请求方法。"
    en = "This address does not take this method."


class TokenMissingError(YinzhengError):
    """The request carries no bearer token."""

    code = "api.token_missing"
    kind = Kind.UNAUTHENTICATED
    zh = "请求未携带访问令牌，请先从 /oauth/token 获取。"
    en = "The request has no access token; get one from /oauth/token."


class ClientUnknownError(YinzhengError):
    """The client's credentials are wrong, or it is suspended; which of the two is not told."""

    code = "api.client_unknown"
    kind = Kind.UNAUTHENTICATED
    zh = "客户端标识或凭据（密钥、签名断言、证书）不正确，或该客户端已停用。"
    en = "The client's identifier or its secret, assertion or certificate is wrong, or the client is suspended."


class ScopeMissingError(YinzhengError):
    """The client may not do this."""

    code = "api.scope_missing"
    kind = Kind.FORBIDDEN
    zh = "该客户端没有“{scope}”权限。"
    en = "This client does not have the scope {scope!r}."


class ClientTermsError(YinzhengError):
    """What a client is to be permitted is not of the form that it has to be."""

    code = "api.client_terms"
    kind = Kind.INVALID
    zh = "客户端权限有误：{problem}"
    en = "The client's terms are wrong: {problem}"


class QuotaUsedError(YinzhengError):
    """The client has checked as much today as it may."""

    code = "api.quota_used"
    kind = Kind.TOO_MANY
    zh = "今日核验次数将超过该客户端的每日配额（{quota} 次），本次未核验。请于次日重试或申请调整配额。"
    en = "This would exceed the client's daily quota of {quota} checks; nothing was checked. Try again tomorrow."

    def __init__(self, *, quota: int, retry_after: int) -> None:
        super().__init__(quota=quota, retry_after=retry_after)
        self.retry_after = retry_after
        """Whole seconds until the next day."""


class SignaturesNotGoodError(YinzhengError):
    """A document that is to be sealed carries a signature that does not pass."""

    code = "api.signatures_not_good"
    kind = Kind.CONFLICT
    zh = "文件上的签名未通过核验（{problem}），未予用印。请申请人重新签名后再提交。"
    en = "A signature on the document does not pass ({problem}); nothing was sealed. Have it signed anew."


class LineInvalidError(YinzhengError):
    """One of many checks is not of the documented form; the others are not touched by it."""

    code = "api.line_invalid"
    kind = Kind.INVALID
    zh = "此行格式有误，应为含 identifier 与 holder 的 JSON 对象，且不超过 4096 字节。"
    en = "This line is not of the documented form: a JSON object with identifier and holder, of at most 4096 bytes."


class WatchPeriodError(YinzhengError):
    """A licence is watched until a day that is not over, at most two years ahead."""

    code = "api.watch_period"
    kind = Kind.INVALID
    zh = "关注期限应为今天至两年之内的日期。"
    en = "A licence is watched until a day from today to two years ahead."


class WatchRefusedError(YinzhengError):
    """The client has not checked this licence; whether it exists is not told."""

    code = "api.watch_refused"
    kind = Kind.NOT_FOUND
    zh = "该客户端没有核验过或没有关注这份证照。"
    en = "This client has not checked this licence, or does not watch it."


class FileUnreadableError(YinzhengError):
    """A file named on the command line cannot be read."""

    code = "api.file_unreadable"
    kind = Kind.INVALID
    zh = "无法读取文件 {path}：{problem}"
    en = "The file {path} cannot be read: {problem}"


class InternalError(YinzhengError):
    """Something went wrong that nobody foresaw; the log has it under the request's id."""

    code = "api.internal"
    kind = Kind.INTERNAL
    zh = "系统内部错误，请将请求编号 {request_id} 告知运维人员。"
    en = "Something went wrong here; tell the operator the request id {request_id}."


class WebhookAddressError(YinzhengError):
    """A webhook's address is not one that is asked."""

    code = "api.webhook_address"
    kind = Kind.INVALID
    zh = "回调地址须为 https 地址，不含用户名、密码和片段，不超过 500 个字符，且不得指向本机。"
    en = "A webhook's address is one of https, without user, password and fragment, short, and not of this machine."


class WebhookUnknownError(YinzhengError):
    """There is no such webhook."""

    code = "api.webhook_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {webhook} 的回调。"
    en = "There is no webhook {webhook}."


class WebhookFailedError(YinzhengError):
    """A receiver did not take a message."""

    code = "api.webhook_failed"
    kind = Kind.UNAVAILABLE
    zh = "对方系统未接收通知：{problem}。"
    en = "The receiver did not take the message: {problem}."


class BackupUnusableError(YinzhengError):
    """The directory of back-ups cannot be read or written."""

    code = "api.backup_unusable"
    kind = Kind.UNAVAILABLE
    zh = "备份目录 {directory} 无法读写：{problem}。请检查目录、权限和剩余空间后重试；已复制的对象不会重复复制。"
    en = (
        "The directory of back-ups {directory} cannot be used: {problem}. Check the directory, its permissions and the "
        "space left, and try again; objects that were copied stay so."
    )


class BackupMissingError(YinzhengError):
    """There is no such back-up."""

    code = "api.backup_missing"
    kind = Kind.NOT_FOUND
    zh = "{directory} 中没有所指的完整备份，现有：{known}。"
    en = "There is no such whole back-up in {directory}; those there are: {known}."


class BackupIncompleteError(YinzhengError):
    """An object of a back-up is missing or damaged."""

    code = "api.backup_incomplete"
    kind = Kind.INVALID
    zh = "备份中对象 {digest} 缺失、不完整或已被改动，数据库未改动。请从备份的另一副本取回该文件后重试。"
    en = (
        "Object {digest} of the back-up is missing, cut or altered; the database was left as it is. "
        "Fetch the file from another copy of the back-up and try again."
    )


class CheckpointUnusableError(YinzhengError):
    """A file is no checkpoint of this installation's log."""

    code = "api.checkpoint_unusable"
    kind = Kind.INVALID
    zh = (
        "{path} 不是本系统透明日志的检查点（yinzheng log checkpoint 的输出，或 yinzheng log audit 的状态文件），"
        "或其签名无效。请给出当时保存的原文件。"
    )
    en = (
        "{path} is no checkpoint of this installation's log (what yinzheng log checkpoint prints, or the state file of "
        "yinzheng log audit), or its signature is wrong. Give the file as it was kept."
    )


class ResultGoneError(YinzhengError):
    """The result of a check is kept no longer, or there never was one under its number."""

    code = "api.result_gone"
    kind = Kind.NOT_FOUND
    zh = "该核验结果已过保留时间，或链接不完整。请重新核验。"
    en = "The result of this check is kept no longer, or the link is not whole. Check again."


class CodeElsewhereError(YinzhengError):
    """A code leads to another site, where pages of ours do not go."""

    code = "api.code_elsewhere"
    kind = Kind.INVALID
    zh = "该二维码指向其他网站，不是本系统的核验地址，请勿采信。请扫描证照上的二维码，或输入电子证照标识。"
    en = (
        "This code leads to another site and is no verification address of this service: do not rely on it. "
        "Scan the code on the licence, or type its identifier."
    )


class PresentationHereError(YinzhengError):
    """A presentation is for departments, within a case."""

    code = "api.presentation_for_departments"
    kind = Kind.FORBIDDEN
    zh = (
        "这是持证人出示的亮证码，只供部门在办件中核验一次，未被使用。公众请扫描证照页面上的二维码，"
        "或请对方出示离线亮证码；部门工作人员请登录后在“办件核验”中扫描。"
    )
    en = (
        "This is a holder's presentation, which a department may redeem once within a case; it was not used up. Scan "
        "the code printed on the licence instead, or ask for an offline code. Officers scan it in a case after signing "
        "in."
    )


class CaseChangedError(YinzhengError):
    """Another window has changed what a case says of its application since this one was opened."""

    code = "api.case_changed"
    kind = Kind.CONFLICT
    zh = "本办件的申请人或申请内容已在另一窗口改动，尚未保存。请将您填写的与已存的核对，再次保存即以您填写的为准。"
    en = (
        "Another window has changed the applicant or the application of this case, so nothing was saved. Compare what "
        "you wrote with what is there; saving again puts yours in its place."
    )


class ApplicantMissingError(YinzhengError):
    """A case does not say yet who applies."""

    code = "api.applicant_missing"
    kind = Kind.INVALID
    zh = "请先填写申请人的证件号码或统一社会信用代码并保存。"
    en = "Give the applicant's citizen identity number or unified social credit code first, and save it."
