"""Why somebody may not act for a holder."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class NotActingError(YinzhengError):
    """Somebody does not act for this holder, or no longer; whether there is such a holder is not told."""

    code = "wallet.not_acting"
    kind = Kind.FORBIDDEN
    zh = "您现在不能代表该持证主体办理。请核对法定代表人、授权期限，或由发证机关确认身份后重试。"
    en = (
        "You cannot act for this holder at present: check who is the legal representative and until when you are "
        "appointed, or have the issuer confirm who you are."
    )


class BeyondAppointmentError(YinzhengError):
    """Who acts for a holder may not do this."""

    code = "wallet.beyond_appointment"
    kind = Kind.FORBIDDEN
    zh = "此事不在您的办理权限之内，请由法定代表人办理或扩大授权。"
    en = "This is beyond what you were appointed for; the legal representative may do it, or appoint you for it."


class AppointmentInvalidError(YinzhengError):
    """An agent cannot be appointed so."""

    code = "wallet.appointment_invalid"
    kind = Kind.INVALID
    zh = "经办人授权有误：{problem_zh}"
    en = "An agent cannot be appointed so: {problem_en}"


class NoRepresentativeError(YinzhengError):
    """The register has no licence in force that names the legal representative of this holder."""

    code = "wallet.no_representative"
    kind = Kind.CONFLICT
    zh = "登记簿中没有该单位有效的营业执照或社会团体法人登记证书，无法授权经办人。"
    en = "The register has no business licence or registration certificate in force of this holder: nobody can appoint."


class AgentUnknownError(YinzhengError):
    """The holder has no such agent."""

    code = "wallet.agent_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {number} 的在任经办人。"
    en = "There is no agent {number} in office."


class NamesNobodyError(YinzhengError):
    """A licence of this type names nobody whose number would have to be confirmed."""

    code = "wallet.names_nobody"
    kind = Kind.INVALID
    zh = "此类证照没有需要确认身份的人员。"
    en = "Licences of this type name nobody whose identity has to be confirmed."


class NamedPersonMismatchError(YinzhengError):
    """The number is not one of the person whom the licence names."""

    code = "wallet.named_person_mismatch"
    kind = Kind.CONFLICT
    zh = "该身份证号码的出生日期或性别与证照所载不符，未予确认。"
    en = "The date of birth or the sex in this number is not that on the licence; nothing was confirmed."
