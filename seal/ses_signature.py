"""Seal signatures (电子签章数据, SES_Signature): reading, making and checking them (GB/T 38540-2020, GM/T 0031-2014).

One is the mark of a seal on some data: the whole seal, the time, the SM3 digest of the data and a word on which data
they are, signed by a key whose certificate the seal lists. It stands by itself, so that it serves for any file.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash, HashAlgorithm

from keys import der
from keys import strict_der as strict
from keys.certificate_checks import is_valid_at, may_sign_data
from keys.sm2 import SM2_WITH_SM3
from seal._esl_der import (
    Extension,
    read_bits,
    read_extensions,
    read_integer,
    read_oid,
    read_text,
    read_time,
    reading,
)
from seal.esl import LARGEST as LARGEST_ESL
from seal.esl import Esl, read_esl_element
from seal.esl_checks import EslCheck, SignatureState, check_esl, trust_code, verify
from seal.esl_errors import EslNotMadeError, EslTooLargeError, EslUnreadableError
from seal.esl_making import encode_extensions, ia5_string
from seal.findings import Finding, Severity, finding

LARGEST: Final = LARGEST_ESL + 1024 * 1024

_DIGESTS: Final[dict[str, type[HashAlgorithm]]] = {"SM3": SM3, "SHA256": SHA256}


@dataclass(frozen=True, slots=True)
class SesSignature:
    """A seal signature that was read; nothing in it has been checked yet, see :func:`check_ses_signature`.

    ``signed_at`` is what the signer says; nothing where version 1 holds something else than a time. ``property`` names
    the data. ``signed_part`` is what was signed.
    """

    version: int
    esl: Esl
    signed_at: datetime | None
    digest: bytes
    property: str
    extensions: tuple[Extension, ...]
    certificate: bytes = field(repr=False)
    signature_algorithm: str
    signature: bytes = field(repr=False)
    time_stamp: bytes | None = field(repr=False)
    signed_part: bytes = field(repr=False)
    encoded: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SesCheck:
    """What checking a seal signature came to; ``seal`` is the check of the seal in it."""

    signature: SignatureState
    signer: x509.Certificate | None
    seal: EslCheck
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether the signature stands: both signatures verify and nothing speaks against them."""
        return (
            self.signature is SignatureState.VALID
            and self.seal.signature is SignatureState.VALID
            and self.seal.sound
            and all(each.severity is not Severity.ERROR for each in self.findings)
        )


def read_ses_signature(data: bytes) -> SesSignature:
    """Read a seal signature of version 1, 4 or 5.

    :raises seal.esl_errors.EslUnreadableError: it is not strict DER of a known form.
    :raises seal.esl_errors.EslTooLargeError: it is larger than :data:`LARGEST`.
    :raises seal.esl_errors.EslVersionUnknownError: the seal in it is of a version that is not known.
    """
    with reading(data, LARGEST):
        outer = strict.Reader(data)
        fields = strict.Reader(outer.read(strict.SEQUENCE))
        outer.end()
        signed = fields.read_whole(strict.SEQUENCE)
        inside = strict.Reader(strict.Reader(signed).read(strict.SEQUENCE))
        version = read_integer(inside)
        esl = read_esl_element(inside.read_whole(strict.SEQUENCE))
        oldest = fields.peek() == strict.BIT_STRING
        signed_at = _read_bit_time(inside) if oldest else read_time(inside)
        digest = read_bits(inside)
        text = read_text(inside)
        extensions = () if oldest else read_extensions(inside)
        own = inside if oldest else fields
        certificate = own.read(strict.OCTET_STRING)
        algorithm = read_oid(own)
        signature = read_bits(fields)
        time_stamp = None
        if not oldest and fields.peek() == 0xA0:
            tagged = strict.Reader(fields.read(0xA0))
            time_stamp = read_bits(tagged)
            tagged.end()
        inside.end()
        fields.end()
    return SesSignature(
        version=version,
        esl=esl,
        signed_at=signed_at,
        digest=digest,
        property=text,
        extensions=extensions,
        certificate=certificate,
        signature_algorithm=algorithm,
        signature=signature,
        time_stamp=time_stamp,
        signed_part=signed,
        encoded=data,
    )


def make_ses_signature(
    esl: Esl,
    digest: bytes,
    *,
    property_info: str,
    certificate: bytes,
    sign: Callable[[bytes], bytes],
    at: datetime,
    extensions: Sequence[Extension] = (),
    time_stamp: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Put a seal on data (签章): a SES_Signature of version 4, read back and verified before it leaves.

    :param esl: the seal, of version 4.
    :param digest: SM3 of the data; see :func:`keys.sm2.sm3`.
    :param property_info: which data they are, in ASCII: a file's path, a field's name.
    :param certificate: of the key that signs, in DER; among those that the seal lists.
    :param sign: SM2-with-SM3 by that key, in DER.
    :param time_stamp: gives a token for the signature value, to go with it.
    :raises EslNotMadeError: the seal is of another version, does not list the certificate, or the signature is not of
        the certificate's key.
    """
    if esl.version != 4 or len(digest) != 32:
        raise EslNotMadeError(
            problem_zh="印章须为版本 4，原文杂凑值须为 32 字节",
            problem_en="the seal has to be of version 4, and the digest of 32 bytes",
        )
    if not _lists(esl, certificate):
        raise EslNotMadeError(
            problem_zh="印章的证书列表中没有该签章者证书", problem_en="the seal does not list the signer's certificate"
        )
    try:
        text = ia5_string(property_info)
    except UnicodeEncodeError as error:
        raise EslNotMadeError(
            problem_zh="原文属性信息只能是 ASCII 字符", problem_en="the property has to be in ASCII"
        ) from error
    signed = der.sequence(
        der.integer(esl.version),
        esl.encoded,
        strict.generalized_time(at),
        strict.bit_string(digest),
        text,
        encode_extensions(extensions),
    )
    signature = sign(signed)
    token = b"" if time_stamp is None else der.explicit(0, strict.bit_string(time_stamp(signature)))
    encoded = der.sequence(
        signed, der.octet_string(certificate), der.oid(SM2_WITH_SM3), strict.bit_string(signature), token
    )
    try:
        made = read_ses_signature(encoded)
    except (EslUnreadableError, EslTooLargeError) as error:
        raise EslNotMadeError(problem_zh=error.message_zh, problem_en=error.message_en) from error
    if verify(made.certificate, made.signature_algorithm, made.signature, made.signed_part)[0] is not (
        SignatureState.VALID
    ):
        raise EslNotMadeError(
            problem_zh="签章者的签名与其证书不符",
            problem_en="the signature is not of the key in the signer's certificate",
        )
    return encoded


def check_ses_signature(
    signature: SesSignature,
    digest: bytes,
    *,
    now: datetime,
    anchors: Sequence[x509.Certificate] | None = None,
    others: Sequence[x509.Certificate] = (),
) -> SesCheck:
    """Check a seal signature over data, in the order of the standard: signature, signer, seal, dates, digest.

    Seal and certificates have to be valid at the time of signing, which is the signer's own word; a time stamp that
    comes with the signature is reported but not checked.

    :param digest: SM3 of the data as they are now.
    :param anchors: roots that are trusted to certify both makers and users of seals; nothing leaves chains unchecked.
    """
    esl, at = signature.esl, signature.signed_at
    state, signer = verify(
        signature.certificate, signature.signature_algorithm, signature.signature, signature.signed_part
    )
    codes = [_SIGNATURE_CODES[state]]
    if signer is not None:
        codes += _signer_codes(signer, at)
        codes.append("ses.signer_" + trust_code(signer, anchors, others, now if at is None else at))
    found = {
        "ses.signer_not_listed": not _lists(esl, signature.certificate),
        "ses.time_unknown": at is None,
        "ses.signed_in_the_future": at is not None and at > now,
        "ses.seal_not_valid_when_signed": at is not None and not esl.valid_from <= at <= esl.valid_until,
        "ses.version_differs": signature.version != esl.version,
        "esl.critical_extension": any(extension.critical for extension in signature.extensions),
        "esl.time_stamp_not_checked": signature.time_stamp is not None,
    }
    codes += [code for code, holds in found.items() if holds]
    codes.append("ses.digest_matches" if hmac.compare_digest(signature.digest, digest) else "ses.digest_differs")
    return SesCheck(
        state,
        signer,
        check_esl(esl, at=now if at is None else at, anchors=anchors, others=others),
        tuple(finding(code) for code in codes),
    )


_SIGNATURE_CODES: Final = {
    SignatureState.VALID: "ses.signature_valid",
    SignatureState.INVALID: "ses.signature_invalid",
    SignatureState.UNSUPPORTED: "ses.algorithm_unsupported",
    SignatureState.UNREADABLE: "ses.certificate_unreadable",
}


def _signer_codes(signer: x509.Certificate, at: datetime | None) -> list[str]:
    codes = []
    if at is not None and not is_valid_at(signer, at):
        codes.append("ses.certificate_not_valid_when_signed")
    if not may_sign_data(signer):
        codes.append("ses.key_usage")
    return codes


def _lists(esl: Esl, certificate: bytes) -> bool:
    """Whether the seal names this certificate, by itself or by its digest."""
    if certificate in esl.certificates:
        return True
    return any(_digest(each.kind, certificate) == each.value for each in esl.certificate_digests)


def _digest(kind: str, certificate: bytes) -> bytes:
    """The digest of a certificate by the algorithm that a text names; SM3 for a text that names none we know."""
    name = kind.upper().replace("-", "")
    digest = Hash(_DIGESTS.get(name, SM3)())
    digest.update(certificate)
    return digest.finalize()


def _read_bit_time(fields: strict.Reader) -> datetime | None:
    """The time in version 1: a BIT STRING with UTCTime, GeneralizedTime, or a time stamp, which is left alone."""
    contents = read_bits(fields)
    if contents[:1] not in (b"\x17", b"\x18"):
        return None
    inside = strict.Reader(contents)
    at = read_time(inside)
    inside.end()
    return at
