"""What is looked for in the lines of an archive beyond what a new licence has to be (数据质量规则)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

from seal.errors import RegionCodeError
from seal.regions import level_of
from trust.batch_loading import field_problem
from trust.codes import CitizenId
from trust.errors import FieldProblem
from trust.holders import CodeType
from trust.licence_type import LicenceType
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.validation import CheckedFields

EARLIEST = date(1949, 10, 1)
_PLACEHOLDERS = frozenset({
    "无", "暂无", "不详", "未知", "不明", "待补", "待补充", "测试", "空", "略", "同上",
    "test", "null", "none", "nil", "n/a", "na", "unknown", "undefined", "tbd", "xxx",
})  # fmt: skip
_ONLY_SIGNS = re.compile(r"[\s/\\\-—_.,，。、?？*#×xX]+")
_GARBLED = re.compile(r"\ufffd|锟斤拷|烫烫|屯屯|\?{2,}|(?:[ÃÂäåæçèé][\x80-\xbf¡-ÿ]){2,}")
_NATIONAL = "100000"
_TAIWAN = "83"
"""Beginning of the citizen identity numbers of residents from Taiwan; those of foreigners with permanent residence
begin with 9 and the province that gave them."""

RULES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "columns": ("form", "行的列数", "Cells of the line"),
        "json": ("form", "行的格式", "Form of the line"),
        "formula": ("form", "单元格为公式", "Cells with formulas"),
        "cell_error": ("form", "单元格为错误值", "Cells with errors"),
        "number_precision": ("form", "数值失真", "Numbers that lost digits"),
        "part": ("form", "拆分缺少部分", "Parts that are missing"),
        "value_unknown": ("form", "取值不在对照表", "Values not in the table"),
        "type": ("form", "数据类型", "Type of the data"),
        "mends_unknown": ("form", "原行号不存在或已订正", "No such line set aside"),
        "unknown": ("form", "多余的项", "Unknown fields"),
        "invalid": ("form", "其他格式问题", "Other problems of form"),
        "required": ("completeness", "必填项缺失", "Required fields missing"),
        "empty": ("completeness", "必填项为空", "Required fields empty"),
        "placeholder": ("completeness", "以占位文字代替内容", "Placeholders in place of content"),
        "citizen_id": ("validity", "公民身份号码（GB 11643）", "Citizen identity numbers (GB 11643)"),
        "uscc": ("validity", "统一社会信用代码（GB 32100）", "Unified social credit codes (GB 32100)"),
        "disagrees": ("validity", "与身份号码不一致", "Disagreement with the identity number"),
        "pattern": ("validity", "编号格式", "Form of numbers"),
        "choice": ("validity", "取值范围", "Permitted values"),
        "too_short": ("validity", "过短", "Too short"),
        "too_long": ("validity", "过长", "Too long"),
        "characters": ("validity", "不可见字符", "Characters that cannot be seen"),
        "garbled": ("validity", "乱码", "Garbled text"),
        "photo": ("validity", "照片", "Photographs"),
        "character_missing": ("validity", "字库缺字", "Characters that no font has"),
        "date": ("dates", "日期不存在或格式不符", "Dates that do not exist"),
        "date_future": ("dates", "日期晚于今天", "Dates in the future"),
        "date_order": ("dates", "日期先后颠倒", "Dates out of order"),
        "date_early": ("dates", "日期过早", "Dates too early"),
        "duplicate": ("duplicates", "整行重复", "Lines that occur twice"),
        "repeated": ("duplicates", "证照编号重复", "Numbers that occur twice"),
        "in_use": ("duplicates", "与登记簿中的证照冲突", "Conflicts with the register"),
        "holder_conflict": ("holders", "同一证件号码，不同姓名或名称", "One code, different names"),
        "holder_register": ("holders", "与登记簿中的持证主体不一致", "Another name in the register"),
        "region_unknown": ("regions", "行政区划不存在", "Regions that do not exist"),
        "issuer_unknown": ("regions", "颁发机构不明", "Unknown issuers"),
        "issuer_not_allowed": ("regions", "颁发机构无权颁发", "Issuers that may not issue"),
        "scan_missing": ("scans", "缺少扫描件", "Scans that are missing"),
        "scan_unreadable": ("scans", "扫描件不是 PDF", "Scans that are no PDF"),
        "scan_shared": ("scans", "扫描件被多行引用", "Scans that several lines name"),
    }
)
"""Every rule by the code of its findings: its family, and its name in both languages."""

FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "form": ("格式", "Form"),
        "completeness": ("完整性", "Completeness"),
        "validity": ("有效性", "Validity"),
        "dates": ("日期", "Dates"),
        "duplicates": ("重复", "Duplicates"),
        "holders": ("持证主体", "Holders"),
        "regions": ("机构与区划", "Issuers and regions"),
        "scans": ("扫描件", "Scans"),
    }
)


def without_photographs(licence_type: LicenceType) -> LicenceType:
    """The type as archives are held to it: old records have no photographs in a form that could be printed."""
    photos = {key for key, schema in licence_type.fields.items() if schema.get("format") in PHOTOGRAPHS}
    required = [key for key in licence_type.schema["required"] if key not in photos]
    return replace(licence_type, schema=MappingProxyType({**licence_type.schema, "required": required}))


def suspicious_texts(licence_type: LicenceType, fields: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Texts that stand for nothing where something is required, or have lost what they stood for."""
    required = licence_type.schema["required"]
    for key, value in fields.items():
        if not isinstance(value, str) or licence_type.fields.get(key, {}).get("format") in PHOTOGRAPHS:
            continue
        text = value.strip()
        if key in required and (text.lower() in _PLACEHOLDERS or _ONLY_SIGNS.fullmatch(text)):
            zh, en = "是占位文字，不是内容", "is a placeholder and no content"
            yield field_problem(licence_type, key, "placeholder", zh, en)
        elif _GARBLED.search(text):
            zh, en = "含有乱码", "is garbled"
            yield field_problem(licence_type, key, "garbled", zh, en)


def dates_out_of_order(checked: CheckedFields, issue_date: date) -> Iterator[FieldProblem]:
    """Dates that cannot be in this order, or this old."""
    licence_type = checked.type
    if issue_date < EARLIEST:
        yield FieldProblem(
            "issue_date", "date_early", "“颁发日期”早于 1949 年 10 月 1 日", "Issue date lies before 1949-10-01"
        )
    for key, schema in licence_type.fields.items():
        if schema.get("x-past") and key in checked.fields and date.fromisoformat(checked.fields[key]) > issue_date:
            zh, en = "晚于颁发日期", "lies after the issue date"
            yield field_problem(licence_type, key, "date_order", zh, en)
    for holder in (checked.holder, *checked.co_holders):
        born = CitizenId(holder.code).birth_date if holder.code_type == "citizen_id" else None
        if born is not None and born > issue_date:
            zh, en = "“颁发日期”早于持证人出生日期", "Issue date lies before the holder's birth"
            yield FieldProblem("issue_date", "date_order", zh, en)


def unknown_regions(licence_type: LicenceType, checked: CheckedFields) -> Iterator[FieldProblem]:
    """Codes of people and bodies that begin with a region that there is not."""
    for key, schema in licence_type.fields.items():
        kind = {"citizen-id": "citizen_id", "uscc": "uscc"}.get(str(schema.get("format")))
        code = checked.fields.get(key)
        if isinstance(code, str) and kind is not None and not _region_exists(code, kind):
            zh, en = "中的行政区划不存在", "names a region that does not exist"
            yield field_problem(licence_type, key, "region_unknown", zh, en)


def _region_exists(code: str, kind: str | CodeType) -> bool:
    region = code[:6] if kind == "citizen_id" else code[2:8]
    if region == _NATIONAL or (kind == "citizen_id" and region.startswith(_TAIWAN)):
        return True
    if kind == "citizen_id" and region.startswith("9"):
        region = f"{region[1:3]}0000"
    try:
        level_of(region)
    except RegionCodeError:
        return False
    return True
