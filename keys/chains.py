"""Chains of certificates from outside: read, put in order, and checked before anything is signed with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys._x509 import key_identifier
from keys.certificate_checks import (
    has_strong_key,
    has_strong_signature,
    is_issued_by,
    is_valid_at,
    load_certificate,
    path_problem,
    public_key_info,
)
from keys.chain_errors import (
    ChainBrokenError,
    ChainNotAuthorityError,
    ChainNotValidNowError,
    ChainUnreadableError,
    ChainUsageError,
    ChainWeakError,
    ChainWrongKeyError,
)
from keys.custody import KeyInfo
from keys.errors import CertificateUnreadableError
from keys.profiles import DOCUMENT_SIGNING, CertificateProfile

LONGEST: Final = 8
"""Certificates of a chain, both ends counted."""

_LARGEST: Final = 256 * 1024
_PEM: Final = b"-----BEGIN "
_DOCUMENT_PURPOSES: Final = frozenset(
    {
        DOCUMENT_SIGNING,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),
    }
)
_UNDERSTOOD: Final = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.CertificatePolicies,
    x509.PolicyConstraints,
    x509.InhibitAnyPolicy,
)
"""Extensions that may be critical."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def read_chain(data: bytes) -> list[x509.Certificate]:
    """The certificates of a file: PEM, one in DER, or PKCS #7 (``.p7b``) in either, in the order of the file.

    :raises ChainUnreadableError: there are none, or more than a chain has.
    """
    if len(data) > _LARGEST:
        raise ChainUnreadableError
    try:
        if b"-----BEGIN PKCS7-----" in data:
            found = pkcs7.load_pem_pkcs7_certificates(data)
        elif _PEM in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = _from_der(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ChainUnreadableError from None
    if not 1 <= len(found) <= LONGEST:
        raise ChainUnreadableError
    return found


def checked_chain(
    certificates: Sequence[x509.Certificate], key: KeyInfo, profile: CertificateProfile, *, at: datetime
) -> list[x509.Certificate]:
    """The chain for a key in order, the key's certificate first, once all of it was checked.

    The public key is the key's own; each certificate is signed by the next, and there is none that does not belong; all
    are valid at the moment, strong enough, and the authorities may issue (RFC 5280 6.1); the first may be used for what
    the profile says.

    :param certificates: in any order; the root may be left out, but not the authority that issued.
    :raises keys.chain_errors.ChainRefusedError: one of that is not so; each reason has its own class and code.
    """
    chain = _in_order(certificates, key)
    for position, certificate in enumerate(chain, start=1):
        if not is_valid_at(certificate, at):
            raise ChainNotValidNowError(
                position=position,
                not_before=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
                not_after=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
            )
        # nobody relies on the signature that a root puts on itself
        if not has_strong_key(certificate) or not (has_strong_signature(certificate) or _is_root(certificate)):
            raise ChainWeakError(position=position)
    if path_problem(chain[0], chain[-1:], chain[1:-1], at=at) is not None:
        raise ChainNotAuthorityError
    _check_usage(chain[0], key, profile)
    return chain


def _from_der(data: bytes) -> list[x509.Certificate]:
    try:
        return [load_certificate(data)]
    except CertificateUnreadableError:
        return pkcs7.load_der_pkcs7_certificates(data)


def _in_order(certificates: Sequence[x509.Certificate], key: KeyInfo) -> list[x509.Certificate]:
    left = list(dict.fromkeys(certificates))
    if not 1 <= len(left) <= LONGEST:
        raise ChainUnreadableError
    try:
        own = [each for each in left if public_key_info(each) == key.public_key]
    except ValueError:
        raise ChainUnreadableError from None
    if not own:
        raise ChainWrongKeyError(key_id=key.id)
    if len(own) > 1 or _is_root(own[0]):
        raise ChainBrokenError(position=1)
    chain = own
    left.remove(own[0])
    while left:
        issuer = next((each for each in left if is_issued_by(chain[-1], each)), None)
        if issuer is None or _is_root(chain[-1]):
            raise ChainBrokenError(position=len(chain))
        left.remove(issuer)
        chain.append(issuer)
    if len(chain) == 1:
        raise ChainBrokenError(position=1)
    return chain


def _is_root(certificate: x509.Certificate) -> bool:
    return is_issued_by(certificate, certificate)


def _check_usage(certificate: x509.Certificate, key: KeyInfo, profile: CertificateProfile) -> None:
    problem = _usage_problem(certificate, key, profile)
    if problem is not None:
        raise ChainUsageError(profile=profile.value, problem_zh=problem[0], problem_en=problem[1])


def _usage_problem(certificate: x509.Certificate, key: KeyInfo, profile: CertificateProfile) -> tuple[str, str] | None:
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return "扩展无法解析", "its extensions cannot be read"
    if any(each.critical and not isinstance(each.value, _UNDERSTOOD) for each in extensions):
        return "含有不认识的关键扩展", "it has a critical extension that is not understood"
    usage = _find(extensions, x509.KeyUsage)
    if usage is None:
        return "缺少密钥用法", "it has no key usage"
    if profile.rules.authority:
        return _authority_problem(extensions, key, usage.value)
    return _holder_problem(extensions, usage.value) or _purpose_problem(extensions, profile)


def _holder_problem(extensions: x509.Extensions, usage: x509.KeyUsage) -> tuple[str, str] | None:
    constraints = _find(extensions, x509.BasicConstraints)
    if usage.key_cert_sign or (constraints is not None and constraints.value.ca):
        return "是机构证书", "it is an authority's"
    if not (usage.digital_signature or usage.content_commitment):
        return "密钥用法不含签名", "its key usage does not include signing"
    return None


def _authority_problem(extensions: x509.Extensions, key: KeyInfo, usage: x509.KeyUsage) -> tuple[str, str] | None:
    constraints = _find(extensions, x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        return "不是机构证书", "it is not an authority's"
    if not (usage.key_cert_sign and usage.crl_sign):
        return "密钥用法须含证书签发与吊销列表签发", "its key usage must include signing certificates and lists"
    identifier = _find(extensions, x509.SubjectKeyIdentifier)
    # what was issued with the key names it so; a path is found by that
    if identifier is None or identifier.value.digest != key_identifier(key.public_key):
        return "主体密钥标识与证书请求不同", "its subject key identifier is not that of the request"
    return None


def _purpose_problem(extensions: x509.Extensions, profile: CertificateProfile) -> tuple[str, str] | None:
    purposes = _find(extensions, x509.ExtendedKeyUsage)
    if profile is CertificateProfile.TIMESTAMP:
        # RFC 3161 2.3
        alone = purposes is not None and list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
        if purposes is None or not alone or not purposes.critical:
            return (
                "须有且仅有时间戳扩展用法，并标为关键",
                "it must have the critical extended usage time stamping alone",
            )
    if profile is CertificateProfile.SEAL and (purposes is None or _DOCUMENT_PURPOSES.isdisjoint(purposes.value)):
        return "须有文档签名或电子邮件保护扩展用法", "it needs an extended usage for documents or e-mail protection"
    return None


def _find(extensions: x509.Extensions, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
