"""Signatures side by side: people sign a PDF one after the other, or departments seal it, and the last seal closes it.

The rule. A certifying seal has to be the first signature of a PDF (ISO 32000-1, 12.8.2.2), so a document that people
have signed is sealed differently: with an approval signature that locks all fields and permits no change from then on
(ISO 32000-2, 12.7.5.5, the signature field lock dictionary with ``/Action /All`` and ``/P 1``). It is the last one. So
is the issuer's on a licence of several departments (联合发证): were the first seal to certify, it would have to permit
signing, and thereby the filling in of forms, to everybody and for ever.

- A person's signature is an approval signature without a lock, so that others can follow. So is a department's seal
  under which another department's comes.
- Nobody signs over what nobody signed: the last signature has to cover the whole file as it is.
- After a certifying seal, or one that locks, nothing is signed or sealed.

Whether the signatures that are there are good is not asked here: that is the business of who takes the document in, who
checks it first and knows the authorities to rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import IO, Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.signers.cms_embedder import SigMDPSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from seal.errors import DocumentUnsealableError
from seal.long_term import ValidationData
from seal.pdf import BROKEN, Placement, RevisionWriter, SealAppearance, begin_signature, box_of
from seal.press import SealPress
from seal.signing_errors import DocumentLockedError

_MOST_SIGNATURES = 16
_ALL_FIELDS = FieldMDPSpec(FieldMDPAction.ALL)
_LOCKING = SigMDPSetup(md_algorithm="sha256", field_lock=_ALL_FIELDS, docmdp_perms=MDPPerm.NO_CHANGES)


@dataclass(frozen=True)
class Picture:
    """What shows of a signature, and where."""

    appearance: SealAppearance
    placement: Placement


def write_signed_pdf(
    source: IO[bytes],
    target: IO[bytes],
    *,
    picture: Picture | None,
    placeholder: SignatureObject,
    sign: Callable[[bytes], bytes],
) -> None:
    """Add an approval signature after which others may follow, as one incremental update.

    :param target: an empty file, open for reading and writing, that gets the signed document.
    :param sign: makes the CMS structure from the SHA-256 of the byte range.
    :raises DocumentUnsealableError: it is no sound PDF, or the picture would stick out of the page.
    :raises DocumentLockedError: its signatures permit no further one.
    """
    _add(source, target, "Signature", picture, placeholder, sign, locks=False)


def seal_signed_pdf(
    source: IO[bytes],
    target: IO[bytes],
    *,
    appearance: SealAppearance,
    placement: Placement,
    placeholder: SignatureObject,
    sign: Callable[[bytes], bytes],
) -> None:
    """Seal a document that people have signed, by the rule above; takes what :func:`seal.pdf.write_sealed_pdf` does.

    :raises DocumentUnsealableError: it is no sound PDF, nobody signed it, or the seal would stick out of the page.
    :raises DocumentLockedError: its signatures permit no further one, or something was added after the last.
    """
    _add(source, target, "Seal", Picture(appearance, placement), placeholder, sign, locks=True)


def add_seal(
    source: IO[bytes],
    target: IO[bytes],
    *,
    appearance: SealAppearance,
    placement: Placement,
    placeholder: SignatureObject,
    sign: Callable[[bytes], bytes],
) -> None:
    """Put on a seal under which others follow; takes and raises what :func:`seal_signed_pdf` does."""
    _add(source, target, "Seal", Picture(appearance, placement), placeholder, sign, locks=False)


class CoSealPress(SealPress):
    """Puts seals on a document whose last seal is another one's. Only a :class:`CounterSealPress` finishes it."""

    write = staticmethod(add_seal)


class CounterSealPress(SealPress):
    """Seals what others have signed or sealed. In the place of the other press, a :class:`seal.sealing.Sealer` is for
    those. The validation data are those of all of them.
    """

    write = staticmethod(seal_signed_pdf)

    def _evidence(self, document: IO[bytes], certificate_id: int, at: datetime) -> ValidationData:
        return super()._evidence(document, certificate_id, at) + self._standing(document, at)


def _add(
    source: IO[bytes],
    target: IO[bytes],
    kind: str,
    picture: Picture | None,
    placeholder: SignatureObject,
    sign: Callable[[bytes], bytes],
    *,
    locks: bool,
) -> None:
    try:
        writer = RevisionWriter(source)
        if writer.prev.encrypted:
            raise DocumentUnsealableError(problem_zh="文件已加密。", problem_en="it is encrypted.")
        signatures = list(_signatures(writer.prev))
        if locks and not signatures:
            raise DocumentUnsealableError(problem_zh="文件尚无签名。", problem_en="nobody has signed it yet.")
        _check_open(writer.prev, signatures)
        place: dict[str, Any] = {}
        if picture is not None:
            place["box"] = box_of(writer.prev, picture.appearance, picture.placement)
            place["on_page"] = picture.placement.page - 1
        if locks:
            place |= {"field_mdp_spec": _ALL_FIELDS, "doc_mdp_update_value": MDPPerm.NO_CHANGES}
        field = SigFieldSpec(_free_name(writer.prev, kind), **place)
        appearance = picture.appearance if picture is not None else None
        steps, digest = begin_signature(writer, target, field, appearance, placeholder, _LOCKING if locks else None)
    except (*BROKEN, SignatureValidationError) as error:
        raise DocumentUnsealableError(problem_zh="文件不是完好的 PDF。", problem_en="it is not a sound PDF.") from error
    steps.send(sign(digest))


def _signatures(reader: PdfFileReader) -> Iterator[EmbeddedPdfSignature]:
    if "/AcroForm" in reader.root:
        yield from reader.embedded_signatures


def _check_open(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature]) -> None:
    """:raises DocumentLockedError: no further signature may be added."""
    if not signatures:
        return
    if len(signatures) >= _MOST_SIGNATURES:
        raise DocumentLockedError(problem_zh="签名过多。", problem_en="it has too many already.")
    if "/Perms" in reader.root or any(_locks(each) for each in signatures):
        raise DocumentLockedError(
            problem_zh="已有的签名或印章不允许再签。", problem_en="a signature or seal on it forbids another."
        )
    if signatures[-1].evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
        raise DocumentLockedError(
            problem_zh="最后一个签名之后又添加了内容。", problem_en="something was added after its last signature."
        )


def _locks(signature: EmbeddedPdfSignature) -> bool:
    return "/Lock" in signature.sig_field or "/Reference" in signature.sig_object


def _free_name(reader: PdfFileReader, kind: str) -> str:
    taken = set()
    # unlike get(), the brackets follow references
    if "/AcroForm" in reader.root and "/Fields" in reader.root["/AcroForm"]:
        taken = {str(field.get_object().get("/T", "")) for field in reader.root["/AcroForm"]["/Fields"]}
    return next(name for number in count(1) if (name := f"{kind}{number}") not in taken)
