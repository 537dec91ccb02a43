"""Making a sealed PDF last (长期验证): validation data and document time stamps in later revisions.

PAdES B-LT adds the certificates, OCSP answers and CRLs with which the seal was valid (document security store, DSS);
B-LTA adds a document time stamp over all of it (ETSI EN 319 142-1, 5.5 and 5.6). Both are written as one revision. The
same again, with the validation data of the last time stamp, extends a file before that stamp's certificate ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any

from asn1crypto import crl, ocsp, x509
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import SignatureValidationError

from seal.errors import DocumentUnsealableError
from seal.pdf import BROKEN, RevisionWriter


class SealLevel(StrEnum):
    """PAdES baseline levels (EN 319 142-1, 6)."""

    B_B = "B-B"
    """The signature alone."""
    B_T = "B-T"
    """With a time stamp over the signature."""
    B_LT = "B-LT"
    """With the validation data."""
    B_LTA = "B-LTA"
    """With a time stamp over everything."""

    @property
    def has_validation_data(self) -> bool:
        """Whether what shows that the certificates were valid stands in the document."""
        return self in (SealLevel.B_LT, SealLevel.B_LTA)


@dataclass(frozen=True)
class ValidationData:
    """What shows that certificates were valid at a moment; all DER."""

    certificates: tuple[bytes, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __add__(self, other: ValidationData) -> ValidationData:
        """Both, each thing once."""
        return ValidationData(
            tuple(dict.fromkeys(self.certificates + other.certificates)),
            tuple(dict.fromkeys(self.ocsp_answers + other.ocsp_answers)),
            tuple(dict.fromkeys(self.crls + other.crls)),
        )


@dataclass(frozen=True)
class DocumentStamp:
    """How the document time stamp of a revision is had."""

    size: int
    """An upper bound of the token's size in bytes."""
    stamp: Callable[[bytes], bytes] = field(repr=False)
    """A token over a SHA-256 digest."""


def add_validation_data(document: IO[bytes], data: ValidationData, stamp: DocumentStamp | None) -> None:
    """Add one revision with validation data, and with a document time stamp over all before it where one is given.

    What the document holds already is not written again.

    :param document: open for reading and writing; the revision is put at its end.
    :raises DocumentUnsealableError: it is no sound PDF.
    """
    try:
        writer = RevisionWriter(document)
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            None,
            certs=_loaded(x509.Certificate, data.certificates),
            ocsps=_loaded(ocsp.OCSPResponse, data.ocsp_answers),
            crls=_loaded(crl.CertificateList, data.crls),
        )
        if stamp is None:
            writer.write_in_place()  # type: ignore[no-untyped-call]  # untyped there
            return
        name = f"TimeStamp{secrets.token_hex(8)}"
        steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(name)).write_cms(name, writer)
        next(steps)
        steps.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=2 * stamp.size)))
        prepared, _ = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True))
    except BROKEN as error:
        raise DocumentUnsealableError(problem_zh="文件不是完好的 PDF。", problem_en="it is not a sound PDF.") from error
    steps.send(stamp.stamp(prepared.document_digest))


def signers_of(document: IO[bytes]) -> list[Certificate]:
    """The certificates, each once, that the signatures and document time stamps of a PDF say they were made with.

    :raises DocumentUnsealableError: it is no sound PDF.
    """
    try:
        signers = [signature.signer_cert.dump() for signature in PdfFileReader(document).embedded_signatures]
        return [load_der_x509_certificate(each) for each in dict.fromkeys(signers)]
    except (*BROKEN, SignatureValidationError) as error:
        raise DocumentUnsealableError(problem_zh="文件不是完好的 PDF。", problem_en="it is not a sound PDF.") from error


def last_stamp_signer(document: IO[bytes]) -> Certificate:
    """The certificate that the last document time stamp of a PDF says it was made with.

    :raises DocumentUnsealableError: it is no sound PDF, or has no document time stamp.
    """
    try:
        last = PdfFileReader(document).embedded_timestamp_signatures[-1]
        return load_der_x509_certificate(last.signer_cert.dump())
    except (*BROKEN, SignatureValidationError) as error:
        raise DocumentUnsealableError(problem_zh="文件没有文档时间戳。", problem_en="it has no time stamp.") from error


def _loaded(kind: Any, encoded: Iterable[bytes]) -> list[Any]:
    return [kind.load(each) for each in encoded]
