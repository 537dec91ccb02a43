"""Errors of the package: what is wrong with a licence's codes, its fields or its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.errors import Kind, YinzhengError


class CitizenIdInvalidError(YinzhengError):
    """A citizen identity number fails a check of GB 11643; ``params["reason"]`` says which."""

    code = "trust.citizen_id_invalid"
    kind = Kind.INVALID
    zh = "公民身份号码有误：{reason_zh}。请与身份证件核对后重新填写。"
    en = "The citizen identity number cannot be right: {reason_en}. Compare it with the identity card and try again."


class UsccInvalidError(YinzhengError):
    """A unified social credit code fails a check of GB 32100; ``params["reason"]`` says which."""

    code = "trust.uscc_invalid"
    kind = Kind.INVALID
    zh = "统一社会信用代码有误：{reason_zh}。请与登记证书核对后重新填写。"
    en = "The unified social credit code cannot be right: {reason_en}. Compare it with the certificate and try again."


class IdentifierInvalidError(YinzhengError):
    """A licence identifier is not one of GB/T 36904; ``params["reason"]`` says why."""

    code = "trust.identifier_invalid"
    kind = Kind.INVALID
    zh = "电子证照标识有误：{reason_zh}。"
    en = "This is not a licence identifier (GB/T 36904): {reason_en}."


class TypeUnknownError(YinzhengError):
    """No licence type has this name or code."""

    code = "trust.type_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有名称或代码为“{asked}”的证照类型。现有类型：{known_zh}。"
    en = "There is no licence type {asked!r}. Known types: {known}."


class TypeDefinitionError(YinzhengError):
    """A licence type's definition contradicts itself or the form that definitions have."""

    code = "trust.type_definition_invalid"
    kind = Kind.INVALID
    zh = "证照类型“{slug}”的定义有误：{problem}"
    en = "The definition of the licence type {slug!r} is wrong: {problem}"


class TypePackageError(YinzhengError):
    """The files of a licence type cannot be taken."""

    code = "trust.type_package_invalid"
    kind = Kind.INVALID
    zh = "证照类型文件包不可用：{problem_zh}。"
    en = "The package of the licence type cannot be taken: {problem_en}."


class TypeNotPublishedError(YinzhengError):
    """No version of a licence type is published, so nothing is issued under it."""

    code = "trust.type_not_published"
    kind = Kind.CONFLICT
    zh = "证照类型“{slug}”没有已发布的版本（草稿或已停用），不能据以签发。"
    en = "No version of the licence type {slug!r} is published; nothing can be issued from a draft or a retired type."


class TypeForReferenceError(YinzhengError):
    """A licence of this type is only referred to; it is issued elsewhere."""

    code = "trust.type_for_reference"
    kind = Kind.CONFLICT
    zh = "“{name_zh}”仅供引用，不在本系统签发、排版或用印。"
    en = "{name_en} is only referred to here: it is not issued, laid out or sealed by this service."


class TypeVersionUnknownError(YinzhengError):
    """A licence type has no such version."""

    code = "trust.type_version_unknown"
    kind = Kind.NOT_FOUND
    zh = "证照类型“{slug}”没有第 {version} 版。"
    en = "The licence type {slug!r} has no version {version}."


class TypeStateError(YinzhengError):
    """A version of a licence type is not in the state that an act needs."""

    code = "trust.type_state"
    kind = Kind.CONFLICT
    zh = "证照类型“{slug}”第 {version} 版{problem_zh}。"
    en = "Version {version} of the licence type {slug!r} {problem_en}."


class TypeCodeTakenError(YinzhengError):
    """The code of a licence type belongs to another type, or the type has another code."""

    code = "trust.type_code_taken"
    kind = Kind.CONFLICT
    zh = "证照类型“{slug}”与类型代码 {type_code} 不一致：一个类型只有一个代码，一个代码只属于一个类型。"
    en = "The licence type {slug!r} and the code {type_code} do not belong together: a type has one code for good."


class IssuerNotAllowedError(YinzhengError):
    """A body may not issue licences of a type."""

    code = "trust.issuer_not_allowed"
    kind = Kind.FORBIDDEN
    zh = "该机构（{issuer}）不在“{name_zh}”的颁发机构范围内。"
    en = "This body ({issuer}) is not among those that may issue {name_en}."


@dataclass(frozen=True)
class FieldProblem:
    """One thing that is wrong with one field of an application; never holds the value itself."""

    path: str
    """The field's key, in a table ``key.row.column`` with rows counted from 0; empty when all of the data is meant."""
    code: str
    """Stable: required, unknown, type, empty, too_short, too_long, pattern, choice, characters, date, date_order,
    date_future, citizen_id, uscc, holder_code, disagrees, photo or invalid."""
    zh: str
    en: str


class FieldsInvalidError(YinzhengError):
    """The fields of a licence cannot be taken; :attr:`problems` lists all that was found, not just the first."""

    code = "trust.fields_invalid"
    kind = Kind.INVALID
    zh = "有 {count} 处填写有误：{list_zh}"
    en = "{count} of the fields cannot be taken: {list_en}"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            count=len(self.problems),
            list_zh="；".join(problem.zh for problem in self.problems),
            list_en="; ".join(problem.en for problem in self.problems),
        )


class CharacterMissingError(YinzhengError):
    """No font of the service has a character that the licence needs."""

    code = "trust.character_missing"
    kind = Kind.INVALID
    zh = "现有字库缺少以下字符，无法制证：{characters}。请安装含有这些字符的字体并加入 YINZHENG_FONT_PATHS。"
    en = "No font here has these characters: {characters}. Add a font that has them to YINZHENG_FONT_PATHS."


class TextTooLongError(YinzhengError):
    """A text does not fit its place on the page even at the smallest size that can be read."""

    code = "trust.text_too_long"
    kind = Kind.INVALID
    zh = "“{title_zh}”内容过长，缩小到最小字号后仍无法排入版面，请精简。"
    en = "{title_en} is too long for its place on the page, even at the smallest size; shorten it."


class RenderingFailedError(YinzhengError):
    """The template of a licence type does not produce a page: a fault of the template, not of the data."""

    code = "trust.rendering_failed"
    kind = Kind.MISCONFIGURED
    zh = "证照类型“{slug}”的模板无法生成版面：{problem}"
    en = "The template of the licence type {slug!r} does not produce a page: {problem}"


class TemplateTooSlowError(YinzhengError):
    """A template that an administrator wrote takes too long."""

    code = "trust.template_too_slow"
    kind = Kind.INVALID
    zh = "模板排版超过 {seconds} 秒仍未完成，已停止。请检查模板中的循环。"
    en = "The template did not finish within {seconds} seconds and was stopped; look for loops in it."


class TemplateCrashedError(YinzhengError):
    """A template that an administrator wrote brought its process down, most likely by taking too much memory."""

    code = "trust.template_crashed"
    kind = Kind.INVALID
    zh = "模板使排版进程中止，可能占用内存过多。请简化模板。"
    en = "The template brought the process that laid it out down, most likely by its use of memory; make it simpler."


class LicenceUnknownError(YinzhengError):
    """The register has no licence with this identifier."""

    code = "trust.licence_unknown"
    kind = Kind.NOT_FOUND
    zh = "登记簿中没有该电子证照标识对应的证照，请核对标识。"
    en = "The register has no licence with this identifier; compare it with the licence."


class LicenceUnsealedError(YinzhengError):
    """An imported licence was not sealed: there is no file of it."""

    code = "trust.licence_unsealed"
    kind = Kind.NOT_FOUND
    zh = "该证照由历史数据归集，未加盖电子印章，没有电子证照文件。"
    en = "This licence was taken over from an archive and not sealed; there is no file of it."


class NumberInUseError(YinzhengError):
    """A licence of the type holds with this number and says something else."""

    code = "trust.number_in_use"
    kind = Kind.CONFLICT
    zh = "该证照编号已有在用证照（{identifier}），内容与本次不同；请先吊销原证照或办理变更。"
    en = "A licence with this number already holds ({identifier}) and says something else; revoke or change it first."


class ActRefusedError(YinzhengError):
    """An act does not fit the licence's present state."""

    code = "trust.act_refused"
    kind = Kind.CONFLICT
    zh = "证照当前状态为“{state_zh}”，不能{act_zh}；可办理：{possible_zh}。"
    en = "The licence is {state}; it is not possible to {act} it. Possible now: {possible}."


class LicenceChangedError(YinzhengError):
    """Somebody changed the licence after the caller had looked at it."""

    code = "trust.licence_changed"
    kind = Kind.CONFLICT
    zh = "该证照在您查看之后已被他人办理过其他事项（现为第 {revision} 次修订）。请重新查看后再办理。"
    en = "The licence was changed after you looked at it (it is at revision {revision} now). Look again, then decide."


class LegalBasisMissingError(YinzhengError):
    """An act that has to name the law it rests on does not."""

    code = "trust.legal_basis_missing"
    kind = Kind.INVALID
    zh = "{act_zh}证照须写明法律依据（不超过 500 字）。"
    en = "To {act} a licence, name the law it rests on, in at most 500 characters."


class EndorsementNotDueError(YinzhengError):
    """The type needs no endorsement, or the licence has the next one already."""

    code = "trust.endorsement_not_due"
    kind = Kind.CONFLICT
    zh = "该证照无需年检，或下一期年检已经办理。"
    en = "The licence needs no endorsement, or has the next one already."


class NothingChangedError(YinzhengError):
    """A new version would say what the old one says."""

    code = "trust.nothing_changed"
    kind = Kind.CONFLICT
    zh = "新内容与现有证照完全相同，无须{act_zh}。"
    en = "The new content is that of the licence as it is; there is nothing to {act}."


class HolderChangedError(YinzhengError):
    """A new version cannot have another holder."""

    code = "trust.holder_changed"
    kind = Kind.CONFLICT
    zh = "持证主体代码不得变更。请注销原证照，另行签发。"
    en = "A licence keeps its holder's code. Cancel this one and issue another."


class SearchInvalidError(YinzhengError):
    """A search cannot be made as it was asked for."""

    code = "trust.search_invalid"
    kind = Kind.INVALID
    zh = "查询条件有误：{problem_zh}"
    en = "The search cannot be made: {problem_en}"


class ReasonMissingError(YinzhengError):
    """What has to be accounted for came without a usable reason."""

    code = "trust.reason_missing"
    kind = Kind.INVALID
    zh = "{act_zh}必须写明理由，1 至 500 字。"
    en = "To {act} needs a reason of 1 to 500 characters."


class ExchangeInvalidError(YinzhengError):
    """A file of exchanged licences is not whole, or not signed by whom it should be."""

    code = "trust.exchange_invalid"
    kind = Kind.INVALID
    zh = "交换文件第 {line} 行无效：{problem_zh}。"
    en = "Line {line} of the exchange file is not valid: {problem_en}."


class StatusListUnknownError(YinzhengError):
    """There is no status list with this number."""

    code = "trust.status_list_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {number} 的状态列表。"
    en = "There is no status list {number}."


class FilesBrokenError(YinzhengError):
    """Files of licences are not what they were."""

    code = "trust.files_broken"
    kind = Kind.UNAVAILABLE
    zh = "有 {count} 份证照的文件与登记簿不符，未作改动。运行 yinzheng doctor 查明是哪些，并从备份取回。"
    en = (
        "The files of {count} licences are not those in the register and were left as they are. "
        "Find out which by yinzheng doctor, and bring them back from a back-up."
    )
