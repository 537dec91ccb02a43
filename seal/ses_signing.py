"""Signing with seal data (签章, GB/T 38540-2020): PDFs from within, and any other file by its digest.

Whether the seal may be used is decided before (:mod:`seal.uses`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import IO

from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateAuthority, CertificateState, KeyCustody
from seal.errors import SealCertificateExpiredError, SealCertificateStoppedError
from seal.esl import Esl, read_esl
from seal.seal_data import SealDataBook
from seal.ses_pdf import FIELD_NAME, room_for, write_ses_signature
from seal.ses_signature import make_ses_signature


class SignatureProfile(StrEnum):
    """By which signatures a document is sealed (签名体系)."""

    INTERNATIONAL = "international"
    """A certifying PAdES signature."""
    GM = "gm"
    """国密: a seal signature of GB/T 38540; the PAdES certification over it says that it only protects that one."""
    DUAL = "dual"
    """双签: a seal signature of GB/T 38540, and over it a PAdES certification in its own right."""

    @property
    def has_seal_signature(self) -> bool:
        """Whether a seal signature of GB/T 38540 stands within."""
        return self is not SignatureProfile.INTERNATIONAL

    def reason(self, reason: str) -> str:
        """What the certification over all states as its reason."""
        if self is not SignatureProfile.GM:
            return reason
        return f"{reason}（保护国密电子签章 protects the GB/T 38540 signature within）"


@dataclass(frozen=True)
class _Mark:
    """A seal at the moment of its use."""

    esl: Esl
    certificate: bytes
    key_id: int


class SesSigner:
    """Makes seal signatures with the data of our seals. Safe to use from several threads."""

    def __init__(self, data: SealDataBook, custody: KeyCustody, authority: CertificateAuthority) -> None:
        self._data = data
        self._custody = custody
        self._authority = authority

    def sign_digest(self, seal_number: str, digest: bytes, *, property_info: str, at: datetime) -> bytes:
        """A seal signature over data with an SM3 digest, which stands by itself.

        :param property_info: which data they are, in ASCII; in OFD the path of ``Signature.xml``.
        :raises SealDataMissingError: the seal has no data.
        :raises SealCertificateExpiredError: they, or their certificate, are outside their validity.
        :raises SealCertificateStoppedError: their certificate was revoked or retired.
        :raises EslNotMadeError: the property is not ASCII.
        """
        return self._make(self._mark(seal_number, at), digest, property_info, at)

    def sign_pdf(self, source: IO[bytes], target: IO[bytes], *, seal_number: str, at: datetime) -> None:
        """Put a seal signature into a PDF, invisible, as one incremental update; see :mod:`seal.ses_pdf`.

        :param target: an empty file, open for reading and writing, that gets the document.
        :raises DocumentUnsealableError: the source is no sound PDF, is encrypted, or has a signature already.
        :raises SealDataMissingError: the seal has no data.
        :raises SealCertificateExpiredError: they, or their certificate, are outside their validity.
        :raises SealCertificateStoppedError: their certificate was revoked or retired.
        """
        mark = self._mark(seal_number, at)
        write_ses_signature(
            source,
            target,
            make=lambda digest: self._make(mark, digest, FIELD_NAME, at),
            size=room_for(mark.esl, mark.certificate),
            at=at,
        )

    def _mark(self, seal_number: str, at: datetime) -> _Mark:
        found = self._data.current(seal_number)
        record = self._authority.get(found.certificate_id)
        esl = read_esl(found.data)
        if record.state is not CertificateState.ACTIVE:
            raise SealCertificateStoppedError(number=seal_number, state=record.state.value, state_zh=record.state.zh)
        if not (record.not_before <= at <= record.not_after and esl.valid_from <= at <= esl.valid_until):
            raise SealCertificateExpiredError(number=seal_number)
        return _Mark(esl, record.certificate.public_bytes(Encoding.DER), found.key_id)

    def _make(self, mark: _Mark, digest: bytes, property_info: str, at: datetime) -> bytes:
        return make_ses_signature(
            mark.esl,
            digest,
            property_info=property_info,
            certificate=mark.certificate,
            sign=partial(self._custody.sign, mark.key_id),
            at=at.replace(microsecond=0),
        )
