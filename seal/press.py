"""The seal press: puts a seal on a PDF at a PAdES level. Whether it may is decided elsewhere (:mod:`seal.sealing`)."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import IO, Protocol

from cryptography import x509

from keys import CertificateAuthority, KeyCustody, PkiEvidence
from keys.errors import CertificateRevokedError, CertificateUnknownError
from seal.cms import CmsSigner
from seal.long_term import DocumentStamp, SealLevel, ValidationData, add_validation_data, last_stamp_signer, signers_of
from seal.pdf import Placement, SealAppearance, signature_dictionary, write_sealed_pdf
from seal.pictures import SealPicture
from seal.time_stamps import TimeStampSource


class RevocationSource(Protocol):
    """Knows what shows that a certificate was not revoked."""

    def validation_data(self, *certificates: x509.Certificate) -> ValidationData:
        """The chains of certificates with fresh OCSP answers or CRLs for each but the roots.

        :raises CertificateRevokedError: one, or one above it, was revoked.
        :raises CertificateUnknownError: nothing is known of one.
        """
        ...


class SealPress:
    """Makes sealed PDFs. Safe to use from several threads."""

    write = staticmethod(write_sealed_pdf)

    def __init__(
        self,
        custody: KeyCustody,
        authority: CertificateAuthority,
        time_stamps: TimeStampSource,
        revocation: RevocationSource,
    ) -> None:
        self._custody = custody
        self._authority = authority
        self._time_stamps = time_stamps
        self._revocation = revocation
        self._certificate = lru_cache(maxsize=1024)(self._find_certificate)
        self._signer = lru_cache(maxsize=1024)(self._make_signer)
        self._appearance = lru_cache(maxsize=256)(SealAppearance)

    def press(
        self,
        source: IO[bytes],
        target: IO[bytes],
        *,
        artwork: SealPicture,
        name: str,
        key_id: int,
        certificate_id: int,
        placement: Placement,
        reason: str,
        at: datetime,
        level: SealLevel,
        evidence: ValidationData | None = None,
    ) -> None:
        """Certify a document with a visible seal.

        :param target: an empty file, open for reading and writing, that gets the sealed document.
        :param name: of the seal; stands in the signature dictionary.
        :param evidence: what :meth:`evidence` has just given, for who seals many documents at once.
        :raises DocumentUnsealableError: the bytes cannot take a certifying seal.
        :raises TimeStampError: no time stamp could be had.
        """
        signer = self._signer(certificate_id)
        stamped = level is not SealLevel.B_B

        def sign(document_digest: bytes) -> bytes:
            attributes = signer.signed_attributes(document_digest)
            signature = self._custody.sign(key_id, attributes)
            token = self._time_stamps.stamp(hashlib.sha256(signature).digest()) if stamped else None
            return signer.assemble(attributes, signature, token)

        size = signer.size_without_time_stamp + (self._time_stamps.size if stamped else 0)
        self.write(
            source,
            target,
            appearance=self._appearance(artwork),
            placement=placement,
            placeholder=signature_dictionary(signer_name=name, reason=reason, at=at, cms_size=size),
            sign=sign,
        )
        if level.has_validation_data:
            data = evidence if evidence is not None else self._evidence(target, certificate_id, at)
            self._add_validation_data(target, data, archive=level is SealLevel.B_LTA)

    @property
    def proof_until(self) -> datetime | None:
        """When the certificate that document time stamps are made with now ends; None where it is not known."""
        return min((each.not_valid_after_utc for each in self._time_stamps.certificates), default=None)

    def proof_of(self, document: IO[bytes]) -> datetime:
        """When the certificate of a document's last time stamp ends.

        :raises DocumentUnsealableError: it is no sound PDF, or has none.
        """
        known = self.proof_until
        return known if known is not None else last_stamp_signer(document).not_valid_after_utc

    def extend(self, document: IO[bytes], *, at: datetime) -> None:
        """Renew the proof of a B-LTA document, in place, before the certificate of its last time stamp ends.

        What is known now of the certificates that signed in it and have not ended goes in as well: the new time stamp
        then proves that they stood until now (EN 319 142-1, 5.5). Of one that was revoked since, the file says what
        was known when it signed.

        :param at: now.
        :raises DocumentUnsealableError: it is no sound PDF.
        :raises TimeStampError: no time stamp could be had.
        """
        data = self._standing(document, at) + self._revocation.validation_data(*self._time_stamps.certificates)
        self._add_validation_data(document, data, archive=True)

    def evidence(self, certificate_id: int) -> ValidationData:
        """What goes into a document that was just sealed with a certificate, so that its proof lasts.

        :raises CertificateRevokedError: it, one above it or one of the time stamps' was revoked.
        :raises CertificateUnknownError: nothing is known of one.
        """
        return self._revocation.validation_data(self._certificate(certificate_id), *self._time_stamps.certificates)

    def _evidence(self, document: IO[bytes], certificate_id: int, at: datetime) -> ValidationData:
        """What goes into this document, which was just sealed with a certificate."""
        return self.evidence(certificate_id)

    def _standing(self, document: IO[bytes], at: datetime) -> ValidationData:
        """What is known now of the certificates that signed in a document and have not ended."""
        data = ValidationData()
        for certificate in signers_of(document):
            if at < certificate.not_valid_after_utc:
                with suppress(CertificateRevokedError, CertificateUnknownError):
                    data += self._revocation.validation_data(certificate)
        return data

    def _add_validation_data(self, document: IO[bytes], data: ValidationData, *, archive: bool) -> None:
        stamp = DocumentStamp(self._time_stamps.size, self._time_stamps.stamp) if archive else None
        add_validation_data(document, data, stamp)

    def _find_certificate(self, certificate_id: int) -> x509.Certificate:
        return self._authority.get(certificate_id).certificate

    def _make_signer(self, certificate_id: int) -> CmsSigner:
        certificate = self._certificate(certificate_id)
        return CmsSigner(certificate, self._authority.chain(certificate)[1:])


class IssuedHere:
    """Validation data of certificates of our own authority."""

    def __init__(self, evidence: PkiEvidence) -> None:
        self._evidence = evidence

    def validation_data(self, *certificates: x509.Certificate) -> ValidationData:
        found = self._evidence.revocation_info(*certificates)
        return ValidationData(found.certificates, found.ocsp_answers, found.crls)
