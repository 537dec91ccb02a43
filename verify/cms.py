"""CMS SignedData (RFC 5652) as signatures and time stamps use it, and the one form that a licence's may have.

Most of a SignedData is not signed: versions, lists of algorithms, certificates, unsigned attributes. A licence must not
change in a single byte unnoticed, so under the strict policy a structure is written anew from what was proven, and has
to come out as it came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from keys import der as write
from verify import der
from verify.algorithms import AlgorithmIdentifier
from verify.der import DerError, Element, Fields

DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
KNOWN_UNSIGNED = frozenset(
    {
        TIME_STAMP,
        "1.2.840.113549.1.9.6",  # countersignature
        "1.2.840.113583.1.1.8",  # Adobe's revocation data
        "0.4.0.1733.2.5",  # archive time stamp, version 3
        "1.0.32004.1.2",  # authentication code of an encrypted document, ISO/TS 32004
        *(f"1.2.840.113549.1.9.16.2.{number}" for number in (21, 22, 23, 24, 25, 26, 27, 48)),  # CAdES
    }
)
"""Unsigned attributes that others write (ETSI EN 319 122-1, RFC 5652)."""
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_SIGNED_DATA = "1.2.840.113549.1.7.2"

Attributes = dict[str, tuple[bytes, ...]]
"""Attribute values by type, each value as it stands."""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signer (RFC 5652, 5.3)."""

    version: int
    issuer: bytes | None
    """Name of the certificate's issuer, DER; None where the signer is named by key identifier."""
    serial: int | None
    key_identifier: bytes | None
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: Attributes | None
    signed_bytes: bytes | None
    """The signed attributes as the SET OF that the signature is over."""
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attributes: Attributes


@dataclass(frozen=True, slots=True)
class SignedData:
    """What is signed by whom (RFC 5652, 5.1)."""

    raw: bytes
    version: int
    digest_algorithms: tuple[AlgorithmIdentifier, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    revocation: tuple[tuple[Literal["ocsp", "crl"], bytes], ...]
    """Revocation lists and status answers (RFC 5652, 10.2.1, and RFC 5940)."""
    signers: tuple[SignerInfo, ...]


def read_signed_data(data: bytes, *, strict: bool) -> SignedData:
    """Read a ContentInfo that holds SignedData.

    :param strict: only DER will do; otherwise BER is read too.
    :raises DerError: it is something else.
    """
    outer = der.read_all(data, ber=not strict)
    info = Fields(outer)
    if der.oid(info.take(der.OID)) != _SIGNED_DATA:
        raise DerError("no SignedData")
    (content,) = info.take(0xA0).children()
    info.end()
    fields = Fields(content)
    version = der.integer(fields.take(der.INTEGER))
    digests = tuple(AlgorithmIdentifier.of(item) for item in fields.take(der.SET).children())
    encapsulated = Fields(fields.take(der.SEQUENCE))
    content_type = der.oid(encapsulated.take(der.OID))
    wrapped = encapsulated.optional(0xA0)
    encapsulated.end()
    certificates = fields.optional(0xA0)
    revocation = fields.optional(0xA1)
    if strict and revocation is not None:
        raise DerError("revocation data where none should be")
    signers = tuple(_signer(item) for item in fields.take(der.SET).children())
    fields.end()
    return SignedData(
        raw=data,
        version=version,
        digest_algorithms=digests,
        content_type=content_type,
        content=_only_octets(wrapped),
        certificates=tuple(item.expect(der.SEQUENCE).raw for item in certificates.children()) if certificates else (),
        revocation=tuple(_revocation(revocation)) if revocation else (),
        signers=signers,
    )


def single(attributes: Attributes, kind: str) -> bytes | None:
    """The value of an attribute, if there is one.

    :raises DerError: there are several.
    """
    values = attributes.get(kind)
    if values is None:
        return None
    if len(values) != 1:
        raise DerError("an attribute with several values")
    return values[0]


def issuer_and_serial(certificate: bytes) -> tuple[bytes, int]:
    """By what a certificate is named: its issuer's name as it stands, and its serial number.

    :raises DerError: it is no certificate.
    """
    body = Fields(Fields(der.read_all(certificate)).take(der.SEQUENCE))
    body.optional(0xA0)
    serial = int.from_bytes(body.take(der.INTEGER).contents, "big", signed=True)
    body.take(der.SEQUENCE)
    return body.take(der.SEQUENCE).raw, serial


def canonical(data: SignedData, certificates: Sequence[bytes]) -> bytes:
    """The one encoding of what was proven about a SignedData with one signer.

    :param certificates: what it has to embed: the certificates of the validated chain, the signer's first.
    :raises DerError: it has no such form.
    """
    (signer,) = data.signers
    issuer, serial = issuer_and_serial(certificates[0])
    if signer.signed_bytes is None:
        raise DerError("no signed attributes")
    for certificate in certificates:
        check_outer_form(certificate)
    digest = signer.digest_algorithm.raw
    info = [
        write.integer(1),
        write.sequence(issuer, write.integer(serial)),
        digest,
        b"\xa0" + signer.signed_bytes[1:],
        signer.signature_algorithm.raw,
        write.octet_string(signer.signature),
    ]
    if signer.unsigned_attributes:
        # which ones may stand here is for the caller to say; each has one value
        attributes = (
            write.sequence(write.oid(kind), write.set_of(values))
            for kind, values in signer.unsigned_attributes.items()
            if len(values) == 1
        )
        info.append(write.set_of(attributes, tag=0xA1))
    content = b"" if data.content is None else write.explicit(0, write.octet_string(data.content))
    signed = write.sequence(
        write.integer(1 if data.content is None else 3),
        write.set_of((digest,)),
        write.sequence(write.oid(data.content_type), content),
        write.set_of(certificates, tag=0xA0),
        write.set_of((write.sequence(*info),)),
    )
    return write.sequence(write.oid(_SIGNED_DATA), write.explicit(0, signed))


def check_outer_form(certificate: bytes) -> None:
    """Hold the unsigned shell of a certificate to its one form: libraries do not look at all of it.

    :raises DerError: it is written otherwise.
    """
    fields = Fields(der.read_all(certificate))
    body = Fields(fields.take(der.SEQUENCE))
    body.optional(0xA0)
    body.take(der.INTEGER)
    algorithm = fields.take(der.SEQUENCE).raw
    signature = fields.take(der.BIT_STRING).contents
    fields.end()
    if body.take(der.SEQUENCE).raw != algorithm or signature[:1] != b"\x00":
        raise DerError("a certificate whose shell is not as it should be")


def _signer(element: Element) -> SignerInfo:
    fields = Fields(element)
    version = der.integer(fields.take(der.INTEGER))
    issuer = serial = None
    identifier = fields.optional(0x80)
    if identifier is None:
        name = Fields(fields.take(der.SEQUENCE))
        issuer = name.take(der.SEQUENCE).raw
        serial = int.from_bytes(name.take(der.INTEGER).contents, "big", signed=True)
        name.end()
    digest = AlgorithmIdentifier.of(fields.take(der.SEQUENCE))
    signed = fields.optional(0xA0)
    algorithm = AlgorithmIdentifier.of(fields.take(der.SEQUENCE))
    signature = der.octets(fields.take_any())
    unsigned = fields.optional(0xA1)
    fields.end()
    return SignerInfo(
        version=version,
        issuer=issuer,
        serial=serial,
        key_identifier=identifier.contents if identifier else None,
        digest_algorithm=digest,
        signed_attributes=_attributes(signed, repeated=False) if signed else None,
        signed_bytes=write.tlv(der.SET, signed.contents) if signed else None,
        signature_algorithm=algorithm,
        signature=signature,
        unsigned_attributes=_attributes(unsigned, repeated=True) if unsigned else {},
    )


def _attributes(element: Element, *, repeated: bool) -> Attributes:
    found: Attributes = {}
    for item in element.children():
        fields = Fields(item)
        kind = der.oid(fields.take(der.OID))
        values = tuple(value.raw for value in fields.take(der.SET).children())
        fields.end()
        if not values:
            raise DerError("an attribute without a value")
        if kind in found and not repeated:
            raise DerError("an attribute twice")
        found[kind] = found.get(kind, ()) + values
    return found


def _revocation(element: Element) -> Iterator[tuple[Literal["ocsp", "crl"], bytes]]:
    for item in element.children():
        if item.tag == der.SEQUENCE:
            yield "crl", item.raw
        elif item.tag == 0xA1:
            kind, *rest = item.children()
            if len(rest) == 1 and der.oid(kind) == _OCSP_RESPONSE:
                yield "ocsp", rest[0].raw


def _only_octets(element: Element | None) -> bytes | None:
    if element is None:
        return None
    (inner,) = element.children()
    return der.octets(inner)
