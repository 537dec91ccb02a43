"""Errors of the e-signatures of people and companies."""

from __future__ import annotations

from seal.errors import SealError
from store.errors import Kind


class CredentialUnknownError(SealError):
    """There is no such credential, or it is another owner's; which of the two is not told."""

    code = "seal.credential_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有这个签名凭证，请核对编号。"
    en = "There is no such signing credential; check its number."


class ConsentUnknownError(SealError):
    """The owner did not consent to this client, or took the consent back."""

    code = "seal.consent_unknown"
    kind = Kind.NOT_FOUND
    zh = "签名凭证未授权客户端“{client}”，或授权已撤回。"
    en = "The credential's owner has not consented to the client {client!r}, or has taken the consent back."


class CredentialNotUsableError(SealError):
    """The credential is suspended or cancelled, or a move does not fit its state."""

    code = "seal.credential_not_usable"
    kind = Kind.CONFLICT
    zh = "签名凭证当前状态为“{state_zh}”，不能进行此操作。"
    en = "The signing credential is {state}; this cannot be done with it."


class CredentialExpiredError(SealError):
    """The certificate of the credential is not valid now."""

    code = "seal.credential_expired"
    kind = Kind.CONFLICT
    zh = "签名证书不在有效期内，请重新办理签名凭证。"
    en = "The signing certificate is not valid now; enrol a new credential."


class CredentialLockedError(SealError):
    """Too many wrong codes; for a while no code is looked at."""

    code = "seal.credential_locked"
    kind = Kind.FORBIDDEN
    zh = "动态口令连续输错次数过多，签名凭证已锁定，请在 {retry_after} 秒后重试。"
    en = "Too many wrong codes: the signing credential is locked; try again in {retry_after} seconds."


class SecondFactorWrongError(SealError):
    """The answer to the second factor is wrong, was used already, or there is nothing to check it with."""

    code = "seal.second_factor_wrong"
    kind = Kind.FORBIDDEN
    zh = "动态口令不正确或已使用过，请等待身份验证器显示新的口令后重试。"
    en = "The code is wrong or was used already; wait for your authenticator's next one and try again."


class SecondFactorUnknownError(SealError):
    """A second factor was named that the service does not have."""

    code = "seal.second_factor_unknown"
    kind = Kind.INVALID
    zh = "不支持该验证方式，请使用身份验证器的动态口令。"
    en = "This second factor is not supported; use the code of an authenticator."


class DigestsInvalidError(SealError):
    """What is to be authorised is no list of SHA-256 digests of bearable length."""

    code = "seal.digests_invalid"
    kind = Kind.INVALID
    zh = "待签摘要应为 1 至 {most} 个 SHA-256 值，且各不相同。"
    en = "What is signed are 1 to {most} SHA-256 digests, each of them once."


class AuthorisationInvalidError(SealError):
    """The signature activation data is nobody's, another client's, or for another credential."""

    code = "seal.authorisation_invalid"
    kind = Kind.FORBIDDEN
    zh = "签名授权无效，请重新授权。"
    en = "There is no such authorisation to sign; authorise the signature anew."


class AuthorisationUsedError(SealError):
    """The authorisation has signed already."""

    code = "seal.authorisation_used"
    kind = Kind.FORBIDDEN
    zh = "签名授权已使用，每次签名须重新授权。"
    en = "The authorisation has been used; each signature needs its own."


class AuthorisationExpiredError(SealError):
    """The authorisation is older than it may be."""

    code = "seal.authorisation_expired"
    kind = Kind.FORBIDDEN
    zh = "签名授权已过期，请重新授权。"
    en = "The authorisation has expired; authorise the signature anew."


class AuthorisationOtherDigestError(SealError):
    """Something else was authorised than is to be signed."""

    code = "seal.authorisation_other_digest"
    kind = Kind.FORBIDDEN
    zh = "待签内容与授权内容不一致，未予签名。请核对文件后重新授权。"
    en = "What is to be signed is not what was authorised; nothing was signed. Check the document and authorise anew."


class DocumentLockedError(SealError):
    """A PDF whose signatures forbid another one, or in which something was added after the last."""

    code = "seal.document_locked"
    kind = Kind.INVALID
    zh = "不能再在该文件上签名或盖章：{problem_zh}"
    en = "The document takes no further signature: {problem_en}"
