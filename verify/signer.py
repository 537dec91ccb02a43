"""Checking the one signer of a SignedData: the same for signatures and for time stamps.

What is checked is in the order in which it can be relied on: one signer, algorithms on the list, the certificate that
was signed for, the content, then the signature itself. The first fault ends it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from keys import der as write
from verify import cms, der
from verify.algorithms import AlgorithmIdentifier, WeakAlgorithmError, digest_of, scheme
from verify.certificates import load_certificate
from verify.reasons import Text

_TIME_FORMATS: Final = {der.UTC_TIME: "%y%m%d%H%M%SZ", der.GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}


class FaultKind(Enum):
    """What can be wrong with a signer."""

    MALFORMED = auto()
    SEVERAL_SIGNERS = auto()
    WEAK_ALGORITHM = auto()
    WEAK_KEY = auto()
    CERTIFICATE_MISSING = auto()
    CERTIFICATE_SWAPPED = auto()
    ATTRIBUTES = auto()
    HASH = auto()
    SIGNATURE = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a signer, and which."""

    kind: FaultKind
    detail: Text | str = ""


@dataclass(frozen=True, slots=True)
class SignerCheck:
    """What was found out about a signer; without a fault, the content is the certificate's owner's word."""

    fault: Fault | None
    certificate: bytes | None = None
    digest_algorithm: str | None = None
    signature_algorithm: str | None = None
    claimed_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Demands:
    """What a signer has to have."""

    content_type: str
    strict: bool
    """Each rule to the letter, as for licences."""
    attributes: bool
    """Signed attributes at all; old PDF signatures may be over the content directly."""
    reference: bool
    """A reference to the signer's certificate among the signed attributes."""
    old_reference: bool
    """The reference may be of the first version (RFC 2634), with SHA-1."""


class _FaultError(Exception):
    def __init__(self, kind: FaultKind, detail: Text | str = "") -> None:
        self.fault = Fault(kind, detail)
        super().__init__(kind.name)


def check_signer(data: cms.SignedData, content_digest: Callable[[str], bytes], demands: Demands) -> SignerCheck:
    """Check the one signer of a SignedData.

    :param content_digest: digest of what is signed, by the algorithm's name in :mod:`hashlib`.
    """
    known: dict[str, object] = {}
    try:
        _check(data, content_digest, demands, known)
    except _FaultError as error:
        return SignerCheck(error.fault, **known)  # type: ignore[arg-type]  # set by name in _check
    except (ValueError, TypeError, UnsupportedAlgorithm):
        malformed = Fault(FaultKind.MALFORMED, Text("编码有误", "it is not properly encoded"))
        return SignerCheck(malformed, **known)  # type: ignore[arg-type]  # set by name in _check
    return SignerCheck(None, **known)  # type: ignore[arg-type]  # set by name in _check


def _check(
    data: cms.SignedData, content_digest: Callable[[str], bytes], demands: Demands, known: dict[str, object]
) -> None:
    if len(data.signers) != 1:
        raise _FaultError(FaultKind.SEVERAL_SIGNERS, str(len(data.signers)))
    (signer,) = data.signers
    if data.content_type != demands.content_type:
        raise _malformed("内容类型不符", "its content is of another type")
    if signer.version not in (1, 3) or data.version not in (1, 3, 4, 5):
        raise _malformed("版本号有误", "a version that does not exist")
    encoded, certificate = _certificate(data, signer)
    known["certificate"] = encoded
    try:
        digest = signer.digest_algorithm.digest
        known["digest_algorithm"] = digest
        how = scheme(signer.signature_algorithm, digest, key_named=not demands.strict)
        known["signature_algorithm"] = how.name
    except WeakAlgorithmError as weak:
        raise _FaultError(FaultKind.WEAK_ALGORITHM, str(weak)) from None
    if signer.digest_algorithm.oid not in {item.oid for item in data.digest_algorithms}:
        raise _malformed("摘要算法前后不一致", "its digest algorithms do not agree")
    expected = content_digest(digest)
    attributes = signer.signed_attributes
    if attributes is None or signer.signed_bytes is None:
        if demands.attributes:
            raise _attributes("缺少签名属性", "there are none")
        intact = _verify(how.verify, certificate, signer.signature, expected, hashed=True)
    else:
        known["claimed_time"] = _time(cms.single(attributes, cms.SIGNING_TIME))
        _check_attributes(signer, attributes, encoded, demands)
        found = cms.single(attributes, cms.MESSAGE_DIGEST)
        if found is None:
            raise _attributes("缺少 message-digest", "message-digest is missing")
        if not hmac.compare_digest(der.octets(der.read_all(found)), expected):
            raise _FaultError(FaultKind.HASH)
        intact = any(
            _verify(how.verify, certificate, signer.signature, form, hashed=False)
            for form in _signed_forms(signer.signed_bytes, strict=demands.strict)
        )
    if not intact:
        raise _FaultError(FaultKind.SIGNATURE)


def _signed_forms(as_written: bytes, *, strict: bool) -> list[bytes]:
    """What the signature on signed attributes may be over: their DER, whatever order they stand in (RFC 5652, 5.4)."""
    if strict:
        return [as_written]
    attributes = der.read_all(as_written, ber=True).children()
    return list(dict.fromkeys((as_written, write.set_of(item.raw for item in attributes))))


def _verify(
    verify: Callable[..., bool], certificate: x509.Certificate, signature: bytes, message: bytes, *, hashed: bool
) -> bool:
    try:
        return verify(certificate.public_key(), signature, message, hashed=hashed)
    except WeakAlgorithmError as weak:
        raise _FaultError(FaultKind.WEAK_KEY, str(weak)) from None
    except UnsupportedAlgorithm:
        raise _FaultError(FaultKind.WEAK_KEY, Text("不支持的公钥", "an unsupported public key")) from None


def _check_attributes(signer: cms.SignerInfo, attributes: cms.Attributes, certificate: bytes, demands: Demands) -> None:
    content_type = cms.single(attributes, cms.CONTENT_TYPE)
    if content_type is None or der.oid(der.read_all(content_type)) != demands.content_type:
        raise _attributes("content-type 缺失或不符", "content-type is missing or wrong")
    _check_reference(attributes, certificate, demands)
    protection = cms.single(attributes, cms.ALGORITHM_PROTECTION)
    if protection is not None:
        fields = der.Fields(der.read_all(protection))
        digest = AlgorithmIdentifier.of(fields.take(der.SEQUENCE))
        algorithm = fields.take(0xA1)
        fields.end()
        first = der.oid(algorithm.children()[0])
        agrees = (digest.oid, first) == (signer.digest_algorithm.oid, signer.signature_algorithm.oid)
        to_the_letter = (
            digest.raw == signer.digest_algorithm.raw
            and algorithm.contents == der.read_all(signer.signature_algorithm.raw).contents
        )
        if not agrees or (demands.strict and not to_the_letter):
            raise _attributes("算法保护属性与所用算法不符", "the algorithms are not those that were signed for")


def _check_reference(attributes: cms.Attributes, certificate: bytes, demands: Demands) -> None:
    """The certificate is the one that was signed for (RFC 5035, 5.4)."""
    second = cms.single(attributes, cms.SIGNING_CERTIFICATE_V2)
    first = cms.single(attributes, cms.SIGNING_CERTIFICATE)
    if second is None and demands.reference and (first is None or not demands.old_reference):
        raise _attributes("缺少 signing-certificate-v2", "signing-certificate-v2 is missing")
    if second is not None:
        entry = der.Fields(_first_entry(second))
        algorithm = entry.optional(der.SEQUENCE)
        try:
            name = AlgorithmIdentifier.of(algorithm).digest if algorithm else "sha256"
        except WeakAlgorithmError as weak:
            raise _FaultError(FaultKind.WEAK_ALGORITHM, str(weak)) from None
        expected = digest_of(name, certificate)
        if not hmac.compare_digest(der.octets(entry.take(der.OCTET_STRING)), expected):
            raise _FaultError(FaultKind.CERTIFICATE_SWAPPED)
    if first is not None:
        entry = der.Fields(_first_entry(first))
        expected = hashlib.sha1(certificate, usedforsecurity=False).digest()
        if not hmac.compare_digest(der.octets(entry.take(der.OCTET_STRING)), expected):
            raise _FaultError(FaultKind.CERTIFICATE_SWAPPED)


def _first_entry(attribute: bytes) -> der.Element:
    entries = der.Fields(der.read_all(attribute)).take(der.SEQUENCE).children()
    if not entries:
        raise der.DerError("a reference to no certificate")
    return entries[0]


def _certificate(data: cms.SignedData, signer: cms.SignerInfo) -> tuple[bytes, x509.Certificate]:
    """The signer's certificate among the embedded ones."""
    for encoded in data.certificates:
        try:
            if signer.key_identifier is None:
                if cms.issuer_and_serial(encoded) == (signer.issuer, signer.serial):
                    return encoded, load_certificate(encoded)
                continue
            certificate = load_certificate(encoded)
            identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            if identifier.digest == signer.key_identifier:
                return encoded, certificate
        except (ValueError, x509.ExtensionNotFound):
            continue
    raise _FaultError(FaultKind.CERTIFICATE_MISSING)


def _time(value: bytes | None) -> datetime | None:
    if value is None:
        return None
    element = der.read_all(value)
    try:
        return datetime.strptime(element.contents.decode(), _TIME_FORMATS[element.tag]).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None


def _malformed(zh: str, en: str) -> _FaultError:
    return _FaultError(FaultKind.MALFORMED, Text(zh, en))


def _attributes(zh: str, en: str) -> _FaultError:
    return _FaultError(FaultKind.ATTRIBUTES, Text(zh, en))
