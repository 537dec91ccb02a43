"""Errors of what is done in bulk: files of many lines, batches, imports."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class TableUnreadableError(YinzhengError):
    """A file is no table that is read here; ``params`` say why."""

    code = "trust.table_unreadable"
    kind = Kind.INVALID
    zh = "无法读取数据文件：{problem_zh}"
    en = "The file of data cannot be read: {problem_en}"


class TableTooLargeError(YinzhengError):
    """A file holds more than is read at once."""

    code = "trust.table_too_large"
    kind = Kind.TOO_LARGE
    zh = "数据文件超出上限：{limit_zh}。请拆分后分次提交。"
    en = "The file of data is too large: {limit_en}. Split it and send it in parts."


class BatchUnknownError(YinzhengError):
    """There is no batch with this reference."""

    code = "trust.batch_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有该批次，请核对批次号。"
    en = "There is no such batch; compare its reference."


class BatchSentBeforeError(YinzhengError):
    """A file was sent a second time by the same form; the batch that it made first is named."""

    code = "trust.batch_sent_before"
    kind = Kind.CONFLICT
    zh = "该文件已提交，批次号 {reference}。"
    en = "The file was sent before; its batch is {reference}."


class BatchActRefusedError(YinzhengError):
    """A batch is in a state in which this cannot be done with it."""

    code = "trust.batch_act_refused"
    kind = Kind.CONFLICT
    zh = "批次当前为“{state_zh}”，不能{act_zh}。"
    en = "The batch is {state}; it is not possible to {act} it."


class LineLostError(YinzhengError):
    """A line whose workers all ended in the middle of it; stands in the results, is never raised."""

    code = "trust.batch_line_lost"
    kind = Kind.UNAVAILABLE
    zh = "多次办理均异常中断，已停止重试；原因见日志。"
    en = "Every attempt at this line ended abnormally; it is not tried again. The log tells more."


class ScanUnknownError(YinzhengError):
    """A licence was not taken over from a scan."""

    code = "trust.scan_unknown"
    kind = Kind.NOT_FOUND
    zh = "该证照没有原证照的扫描件。"
    en = "There is no scan of the paper of this licence."


class MappingInvalidError(YinzhengError):
    """A mapping file contradicts itself, the type or the form that mappings have."""

    code = "trust.mapping_invalid"
    kind = Kind.INVALID
    zh = "映射文件有误（{place}）：{problem_zh}"
    en = "The mapping file is wrong ({place}): {problem_en}"
