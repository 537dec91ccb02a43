"""The CMS structure of a PAdES signature, written straight as DER.

ETSI EN 319 142-1 (PAdES baseline) on top of EN 319 122-1 (CAdES) and RFC 5652. Only what a baseline signature needs is
written: content type, message digest, signing-certificate-v2 (RFC 5035) and the algorithm protection of RFC 6211 as
signed attributes, the signature time stamp as the one unsigned attribute. There is one way to write each signature, so
that a verifier can hold the bytes against the only form that we make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from keys.certificate_checks import is_issued_by
from keys.der import explicit, integer, null, octet_string, oid, sequence, set_of, tlv

_DATA = oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52")
_SIGNATURE_TIME_STAMP = oid("1.2.840.113549.1.9.16.2.14")

_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
_ECDSA_WITH_SHA256 = (oid("1.2.840.10045.4.3.2"),)
_RSA_WITH_SHA256 = (oid("1.2.840.113549.1.1.11"), null())


class CmsSigner:
    """Writes the signatures of one certificate; what never changes between them is encoded once.

    :param certificate: the signer's; EC or RSA.
    :param issuers: those above it, the nearest first. A root at the end is not embedded: who relies on it has it.
    """

    def __init__(self, certificate: x509.Certificate, issuers: Sequence[x509.Certificate]) -> None:
        key = certificate.public_key()
        algorithm: tuple[bytes, ...]
        if isinstance(key, ec.EllipticCurvePublicKey):
            algorithm = _ECDSA_WITH_SHA256
        elif isinstance(key, rsa.RSAPublicKey):
            algorithm = _RSA_WITH_SHA256
        else:
            raise TypeError("a seal's certificate holds an EC or RSA key")
        if issuers and is_issued_by(issuers[-1], issuers[-1]):
            issuers = issuers[:-1]
        encoded = certificate.public_bytes(Encoding.DER)
        signing_certificate = sequence(sequence(sequence(octet_string(hashlib.sha256(encoded).digest()))))
        self._fixed_attributes = (
            _attribute(_CONTENT_TYPE, _DATA),
            _attribute(_SIGNING_CERTIFICATE_V2, signing_certificate),
            _attribute(_ALGORITHM_PROTECTION, sequence(_SHA256, tlv(0xA1, *algorithm))),
        )
        self._signature_algorithm = sequence(*algorithm)
        self._identifier = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
        self._certificates = set_of((encoded, *(item.public_bytes(Encoding.DER) for item in issuers)), tag=0xA0)

    @property
    def size_without_time_stamp(self) -> int:
        """An upper bound of a signature's size in bytes, its time stamp left out."""
        return len(self._certificates) + len(self._identifier) + sum(map(len, self._fixed_attributes)) + 1024

    def signed_attributes(self, document_digest: bytes) -> bytes:
        """The attributes to sign, as the SET OF whose DER the signature is made over (RFC 5652, 5.4).

        :param document_digest: SHA-256 of the document's byte range.
        """
        return set_of((*self._fixed_attributes, _attribute(_MESSAGE_DIGEST, octet_string(document_digest))))

    def assemble(self, signed_attributes: bytes, signature: bytes, time_stamp: bytes | None = None) -> bytes:
        """The whole ContentInfo.

        :param signed_attributes: from :meth:`signed_attributes`.
        :param signature: over them; ECDSA in DER, RSA as PKCS #1 v1.5.
        :param time_stamp: the RFC 3161 token over the signature, for level B-T.
        """
        signer_info = [
            integer(1),
            self._identifier,
            _SHA256,
            b"\xa0" + signed_attributes[1:],  # [0] IMPLICIT instead of the SET OF tag
            self._signature_algorithm,
            octet_string(signature),
        ]
        if time_stamp is not None:
            signer_info.append(tlv(0xA1, _attribute(_SIGNATURE_TIME_STAMP, time_stamp)))
        signed_data = sequence(
            integer(1),
            set_of((_SHA256,)),
            sequence(_DATA),
            self._certificates,
            set_of((sequence(*signer_info),)),
        )
        return sequence(_SIGNED_DATA, explicit(0, signed_data))


def _attribute(kind: bytes, value: bytes) -> bytes:
    return sequence(kind, set_of((value,)))
