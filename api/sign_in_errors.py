"""What can go wrong when people sign in."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class SignInRequiredError(YinzhengError):
    """Nobody is signed in, or the session is over."""

    code = "api.sign_in_required"
    kind = Kind.UNAUTHENTICATED
    zh = "尚未登录或登录已超时，请先登录。"
    en = "Nobody is signed in here, or the session is over; sign in first."


class SignInNotSetUpError(YinzhengError):
    """No identity provider is configured."""

    code = "api.sign_in_not_set_up"
    kind = Kind.NOT_FOUND
    zh = "本系统尚未接入统一身份认证，请联系运维人员（见 docs/sign-in.md）。"
    en = "No identity provider is configured here; tell the operator (docs/sign-in.md)."


class SignInFailedError(YinzhengError):
    """What came back from the identity provider does not prove who signed in."""

    code = "api.sign_in_failed"
    kind = Kind.UNAUTHENTICATED
    zh = "登录未完成（{reason}），请重新登录。"
    en = "Signing in was not completed ({reason}); sign in again."


class SignInDeclinedError(YinzhengError):
    """The identity provider says that nobody signed in there."""

    code = "api.sign_in_declined"
    kind = Kind.UNAUTHENTICATED
    zh = "统一身份认证未通过或已取消（{reason}），可重新登录。"
    en = "The identity provider did not sign you in ({reason}); you can try again."


class ProviderUnavailableError(YinzhengError):
    """The identity provider does not answer, or not as it has to."""

    code = "api.provider_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "统一身份认证暂时无法使用（{problem}），请稍后重试。"
    en = "The identity provider cannot be used at present ({problem}); try again later."


class AssuranceTooLowError(YinzhengError):
    """The person signed in by a way that is not strong enough."""

    code = "api.assurance_too_low"
    kind = Kind.FORBIDDEN
    zh = "登录方式的认证强度不足，请改用实名实人（如刷脸）方式登录。"
    en = "You signed in by a way that is not strong enough; use one that verifies you in person."


class IdentityNumberMissingError(YinzhengError):
    """The provider gave no ID number, or none that can be one, so that the person's licences cannot be found."""

    code = "api.identity_number_missing"
    kind = Kind.FORBIDDEN
    zh = "统一身份未提供有效的居民身份证号码，无法办理。请先在统一身份平台完成实名认证。"
    en = "Your identity has no valid ID number; have it verified with the identity provider first."


class NotAnOfficerError(YinzhengError):
    """Who signed in is not registered as an officer with one of the roles that this takes."""

    code = "api.not_an_officer"
    kind = Kind.FORBIDDEN
    zh = "您没有办理此事的岗位（{roles}），请联系本单位管理员。"
    en = "You are not registered with a role for this ({roles}); ask your body's administrator."


class OfficerInvalidError(YinzhengError):
    """What an officer is to be registered with is not of the form that it has to be."""

    code = "api.officer_invalid"
    kind = Kind.INVALID
    zh = "工作人员信息有误：{problem}"
    en = "An officer cannot be registered so: {problem}"


class OfficerExistsError(YinzhengError):
    """Somebody is an officer already; one person serves one body at a time."""

    code = "api.officer_exists"
    kind = Kind.CONFLICT
    zh = "此人已登记为工作人员（{reference}），请先撤销原登记。"
    en = "This person is registered already ({reference}); dismiss that registration first."


class OfficerUnknownError(YinzhengError):
    """There is no such officer in service."""

    code = "api.officer_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {reference} 的在岗工作人员。"
    en = "There is no officer {reference} in service."


class CsrfError(YinzhengError):
    """A request that changes something does not prove that it comes from a page of ours."""

    code = "api.csrf"
    kind = Kind.FORBIDDEN
    zh = "请求来源无法确认，未予办理。请刷新页面后重试。"
    en = "It is not certain that this request comes from our page; nothing was done. Reload the page and try again."


class NextAddressError(YinzhengError):
    """Where to go on after signing in is not a place of this service."""

    code = "api.next_address"
    kind = Kind.INVALID
    zh = "登录后的去向只能是本系统的页面。"
    en = "After signing in one goes on to pages of this service only."


class SignInLinkError(YinzhengError):
    """A link to sign in by was used, is over, or never was one."""

    code = "api.sign_in_link"
    kind = Kind.UNAUTHENTICATED
    zh = "登录链接已使用或已过期，请重新生成。"
    en = "This link was used, is over, or never was one; have a new one made."
