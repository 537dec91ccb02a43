"""Putting a certifying PAdES signature with a visible seal on a PDF.

The PDF side is pyHanko's: an incremental update with one signature field, DocMDP with no changes permitted
(ISO 32000-1, 12.8.2.2), the seal as the field's appearance. The CMS is :mod:`seal.cms`. Documents are streams, so that
one of a gigabyte takes no more memory than one of a page.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from seal.drawing import Artwork
from seal.errors import DocumentUnsealableError
from seal.pictures import SealPicture
from seal.raster_artwork import PdfImage

_POINTS_PER_MM = 72 / 25.4
_FIELD_NAME = "Seal1"
_DEEPEST_PAGE_TREE = 64
_CERTIFYING = SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
BROKEN = (PdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, AssertionError)
"""What pyHanko raises over a document that is not what it says."""


@dataclass(frozen=True)
class Placement:
    """Where on the document the seal stands."""

    page: int
    """Counted from 1."""
    x_mm: float
    """The seal's centre, from the left edge of the page."""
    y_mm: float
    """The seal's centre, from the top edge of the page."""


class SealAppearance:
    """A seal's picture as a PDF form XObject, packed once for all the documents that it goes on."""

    def __init__(self, artwork: SealPicture) -> None:
        self.width, self.height = artwork.size_pt
        self._packed = zlib.compress(b"/Multiply gs\n" + artwork.to_pdf_content(), 9)
        self._images = {} if isinstance(artwork, Artwork) else artwork.pdf_images()

    def form(self, writer: IncrementalPdfFileWriter) -> generic.StreamObject:
        """The XObject; multiplied onto the page, so that the print under it stays readable."""
        multiply = generic.DictionaryObject(
            {pdf_name("/Type"): pdf_name("/ExtGState"), pdf_name("/BM"): pdf_name("/Multiply")}
        )
        states = generic.DictionaryObject({pdf_name("/Multiply"): multiply})
        resources = generic.DictionaryObject({pdf_name("/ExtGState"): states})
        if self._images:
            resources[pdf_name("/XObject")] = generic.DictionaryObject(
                {pdf_name(f"/{name}"): _image_object(writer, image) for name, image in self._images.items()}
            )
        box = generic.ArrayObject(generic.FloatObject(round(value, 4)) for value in (0, 0, self.width, self.height))
        return generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): box,
                pdf_name("/Resources"): resources,
                pdf_name("/Filter"): pdf_name("/FlateDecode"),
            },
            encoded_data=self._packed,
        )


def _image_object(writer: IncrementalPdfFileWriter, image: PdfImage) -> generic.IndirectObject:
    """An image with its soft mask (ISO 32000-1, 11.6.5.3)."""
    common = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Image"),
        pdf_name("/Width"): generic.NumberObject(image.width),
        pdf_name("/Height"): generic.NumberObject(image.height),
        pdf_name("/BitsPerComponent"): generic.NumberObject(8),
        pdf_name("/Filter"): pdf_name("/FlateDecode"),
    }
    grey = {pdf_name("/ColorSpace"): pdf_name("/DeviceGray")}
    mask = writer.add_object(generic.StreamObject({**common, **grey}, encoded_data=image.alpha))
    coloured = {pdf_name("/ColorSpace"): pdf_name("/DeviceRGB"), pdf_name("/SMask"): mask}
    return writer.add_object(generic.StreamObject({**common, **coloured}, encoded_data=image.colours))


class RevisionWriter(IncrementalPdfFileWriter):
    """Adds a revision and leaves the document's own metadata alone: a seal says nothing new about the document.

    Rewriting the XMP packet would also put the conformance claim of PDF/A at risk.
    """

    def _update_meta(self) -> None:
        pass


def write_sealed_pdf(
    source: IO[bytes],
    target: IO[bytes],
    *,
    appearance: SealAppearance,
    placement: Placement,
    placeholder: SignatureObject,
    sign: Callable[[bytes], bytes],
) -> None:
    """Add a certifying signature as one incremental update; no part of the document is rewritten.

    :param target: an empty file, open for reading and writing, that gets the sealed document.
    :param placeholder: the signature dictionary, from :func:`signature_dictionary`.
    :param sign: makes the CMS structure from the SHA-256 of the byte range.
    :raises DocumentUnsealableError: it is no PDF, is encrypted or signed already, or the seal would stick out of the
        page.
    """
    try:
        writer = RevisionWriter(source)
        if writer.prev.encrypted:
            raise DocumentUnsealableError(problem_zh="文件已加密。", problem_en="it is encrypted.")
        if "/AcroForm" in writer.root and next(iter(writer.prev.embedded_signatures), None) is not None:
            raise DocumentUnsealableError(problem_zh="文件已有签名。", problem_en="it is signed already.")
        box = box_of(writer.prev, appearance, placement)
        field = SigFieldSpec(sig_field_name=_FIELD_NAME, on_page=placement.page - 1, box=box)
        steps, digest = begin_signature(writer, target, field, appearance, placeholder, _CERTIFYING)
    except BROKEN as error:
        raise DocumentUnsealableError(problem_zh="文件不是完好的 PDF。", problem_en="it is not a sound PDF.") from error
    steps.send(sign(digest))


def signature_dictionary(*, signer_name: str, reason: str, at: datetime, cms_size: int) -> SignatureObject:
    """The signature dictionary of a seal, with room for a CMS structure of a number of bytes."""
    return SignatureObject(
        timestamp=at, subfilter=SigSeedSubFilter.PADES, name=signer_name, reason=reason, bytes_reserved=2 * cms_size
    )


def begin_signature(
    writer: IncrementalPdfFileWriter,
    target: IO[bytes],
    field: SigFieldSpec,
    appearance: SealAppearance | None,
    placeholder: SignatureObject,
    protection: SigMDPSetup | None,
) -> tuple[Generator[Any, Any, None], bytes]:
    """Write all of a signature but the CMS structure; the generator waits for it.

    :param protection: what the signature forbids to change afterwards.
    :returns: the generator, and the SHA-256 of the byte range.
    """
    steps = PdfCMSEmbedder(new_field_spec=field).write_cms(field.sig_field_name, writer)
    widget = next(steps).get_object()
    if appearance is not None:
        widget["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(appearance.form(writer))})
    steps.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=protection))
    prepared, _ = steps.send(SigIOSetup(md_algorithm="sha256", output=target))
    return steps, prepared.document_digest


def box_of(reader: PdfFileReader, appearance: SealAppearance, placement: Placement) -> Any:
    """The rectangle of the seal in points. pyHanko declares whole numbers and writes fractions just as well."""
    pages = int(reader.root["/Pages"]["/Count"])
    if not 1 <= placement.page <= pages:
        raise DocumentUnsealableError(
            problem_zh=f"文件只有 {pages} 页，印章应在第 {placement.page} 页。",
            problem_en=f"it has {pages} pages and the seal belongs on page {placement.page}.",
        )
    left, bottom, right, top = _media_box(reader.find_page_for_modification(placement.page - 1)[0].get_object())
    centre_x = left + placement.x_mm * _POINTS_PER_MM
    centre_y = top - placement.y_mm * _POINTS_PER_MM
    half_width, half_height = appearance.width / 2, appearance.height / 2
    box = (centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height)
    if box[0] < left or box[1] < bottom or box[2] > right or box[3] > top:
        raise DocumentUnsealableError(problem_zh="印章超出页面。", problem_en="the seal would stick out of the page.")
    return tuple(round(value, 4) for value in box)


def _media_box(page: generic.DictionaryObject) -> tuple[float, float, float, float]:
    """The size of a page, which it may have from a node above it."""
    for _ in range(_DEEPEST_PAGE_TREE):
        if "/MediaBox" in page:
            left, bottom, right, top = (float(value) for value in page["/MediaBox"])
            return left, bottom, right, top
        page = page["/Parent"]
    raise ValueError("the page tree is too deep")
