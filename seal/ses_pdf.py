"""A seal signature inside a PDF: our binding of GB/T 38540-2020, which itself binds seals to OFD only.

A signature field (``/Filter /GBT38540``, ``/SubFilter /SES.V4``) holds a SES_Signature. Its digest is SM3 over the byte
range, which is the whole file but the field's contents (ISO 32000-1, 12.8.1); its property is the field's name. The
certifying PAdES signature comes after it and covers it. The page ``docs/gbt38540.md`` says the same for implementers
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SM3, Hash
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import SigFieldSpec, enumerate_sig_fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData

from keys import strict_der as strict
from seal.errors import DocumentUnsealableError, SealError
from seal.esl import Esl
from seal.findings import Finding, Severity, finding
from seal.pdf import BROKEN, RevisionWriter
from seal.ses_signature import SesCheck, check_ses_signature, read_ses_signature

FIELD_NAME: Final = "GBT38540"
FILTER: Final = "/GBT38540"
SUBFILTER: Final = "/SES.V4"

_BESIDE_THE_SEAL: Final = 4096
"""Bytes of a SES_Signature beside seal, certificate and time stamp, generously."""


class _SesDictionary(PdfSignedData):
    """The signature dictionary with its room for a SES_Signature."""

    def __init__(self, *, at: datetime, size: int) -> None:
        super().__init__(obj_type=pdf_name("/Sig"), timestamp=at, bytes_reserved=2 * size)
        self[pdf_name("/Filter")] = pdf_name(FILTER)
        self[pdf_name("/SubFilter")] = pdf_name(SUBFILTER)


@dataclass(frozen=True, slots=True)
class SesFieldCheck:
    """What checking a field came to; no ``signature`` where the field holds none that can be read."""

    field_name: str
    signature: SesCheck | None
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether the seal signature stands and is in its place."""
        return (
            self.signature is not None
            and self.signature.passed
            and all(each.severity is not Severity.ERROR for each in self.findings)
        )


def room_for(esl: Esl, certificate: bytes, *, time_stamp: int = 0) -> int:
    """How many bytes a SES_Signature with a seal takes at most.

    :param time_stamp: the size of the token that goes with it.
    """
    return len(esl.encoded) + len(certificate) + time_stamp + _BESIDE_THE_SEAL


def write_ses_signature(
    source: IO[bytes],
    target: IO[bytes],
    *,
    make: Callable[[bytes], bytes],
    size: int,
    at: datetime,
    field_name: str = FIELD_NAME,
) -> None:
    """Add an invisible field with a seal signature to a PDF, as one incremental update.

    :param target: an empty file, open for reading and writing, that gets the document.
    :param make: makes the SES_Signature from the SM3 of the byte range; its property has to be the field's name. See
        :func:`seal.ses_signature.make_ses_signature`.
    :param size: the room to leave for it, in bytes; see :func:`room_for`.
    :param at: the time that the dictionary states, the same as in the signature.
    :raises DocumentUnsealableError: the source is no sound PDF, is encrypted, or has a signature already.
    """
    try:
        writer = RevisionWriter(source)
        if writer.prev.encrypted:
            raise DocumentUnsealableError(problem_zh="文件已加密。", problem_en="it is encrypted.")
        if next(enumerate_sig_fields(writer.prev, filled_status=True), None) is not None:
            raise DocumentUnsealableError(problem_zh="文件已有签名。", problem_en="it is signed already.")
        steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(sig_field_name=field_name)).write_cms(field_name, writer)
        next(steps)
        steps.send(SigObjSetup(sig_placeholder=_SesDictionary(at=at, size=size)))
        prepared, _ = steps.send(SigIOSetup(md_algorithm="sm3", output=target))
    except BROKEN as error:
        raise DocumentUnsealableError(problem_zh="文件不是完好的 PDF。", problem_en="it is not a sound PDF.") from error
    made = make(prepared.document_digest)
    if len(made) > size:
        raise DocumentUnsealableError(
            problem_zh="电子签章数据超出预留空间。",
            problem_en="the seal signature is larger than its room.",
        )
    steps.send(made)


def check_ses_field(
    pdf: bytes,
    *,
    field_name: str,
    byte_range: Sequence[int],
    now: datetime,
    anchors: Sequence[x509.Certificate] | None = None,
    others: Sequence[x509.Certificate] = (),
) -> SesFieldCheck:
    """Check the seal signature of one field, found by a reader that copes with hostile files.

    The contents are taken from the gap of the byte range and from nowhere else, so that what is checked is what the
    range leaves out. Whether changes came after the range is for who knows the document's revisions to say.

    :param pdf: the whole file.
    :param byte_range: the dictionary's ``/ByteRange``.
    :param anchors: roots that are trusted to certify makers and users of seals; nothing leaves chains unchecked.
    """
    contents = _contents(pdf, byte_range)
    if contents is None:
        return SesFieldCheck(field_name, None, (finding("ses.range_partial"),))
    try:
        signature = read_ses_signature(contents)
    except SealError:
        return SesFieldCheck(field_name, None, (finding("ses.unreadable"),))
    start, length, second, rest = byte_range
    digest = Hash(SM3())
    digest.update(memoryview(pdf)[start : start + length])
    digest.update(memoryview(pdf)[second : second + rest])
    check = check_ses_signature(signature, digest.finalize(), now=now, anchors=anchors, others=others)
    differs = () if signature.property == field_name else (finding("ses.property_differs"),)
    return SesFieldCheck(field_name, check, differs)


def _contents(pdf: bytes, byte_range: Sequence[int]) -> bytes | None:
    """The DER in the gap of a byte range that is the file up to some end but for one string of hexadecimal digits."""
    if len(byte_range) != 4:
        return None
    start, length, second, rest = byte_range
    if start != 0 or not 0 < length < second or rest <= 0 or second + rest > len(pdf):
        return None
    gap = pdf[length:second]
    ending = pdf[second + rest - 8 : second + rest].rstrip(b"\r\n")
    if gap[:1] != b"<" or gap[-1:] != b">" or not ending.endswith(b"%%EOF"):
        return None
    try:
        padded = bytes.fromhex(gap[1:-1].decode("ascii"))
        whole = strict.Reader(padded).read_whole(strict.SEQUENCE)
    except (ValueError, UnicodeDecodeError):
        return b""
    return whole if not padded[len(whole) :].strip(b"\x00") else b""
