"""The picture (印模) of a seal: drawn from its data or uploaded, checked, and kept as it was approved."""

from __future__ import annotations

from collections.abc import Sequence

from keys import FieldVault
from seal._tables import SealPictureRow
from seal.artwork import Artwork, StrokePoint, company_seal, drawn_signature, name_seal, round_seal, typed_signature
from seal.errors import ArtworkSizeError, PictureRefusedError
from seal.fonts import FontLibrary
from seal.kinds import SealKind, SealOwnerKind
from seal.raster_artwork import PNG_SIGNATURE, RasterArtwork, covered, read_png
from seal.svg_artwork import read_svg

SealPicture = Artwork | RasterArtwork

_LEAST_INK, _MOST_INK = 0.002, 0.7
_TOLERANCE_MM = 0.1
_WIDEST_SIGNATURE = 6.0  # to its height


def drawn_picture(
    kind: SealKind,
    owner: SealOwnerKind,
    name: str,
    *,
    purpose: str | None,
    number: str,
    size_mm: float,
    strokes: Sequence[Sequence[StrokePoint]] | None,
    fonts: FontLibrary,
) -> Artwork:
    """Draw a seal from its data.

    :param size_mm: diameter, side, or a signature's height.
    :raises ArtworkError: the name cannot be set, or the strokes are no handwriting.
    """
    if kind is SealKind.SIGNATURE:
        if strokes is not None:
            artwork = drawn_signature(strokes, height_mm=size_mm)
        else:
            artwork = typed_signature(name, fonts=fonts, height_mm=size_mm)
    elif kind is SealKind.LEGAL_REPRESENTATIVE:
        artwork = name_seal(name, fonts=fonts, side_mm=size_mm)
    elif owner is SealOwnerKind.COMPANY:
        artwork = company_seal(name, fonts=fonts, purpose=purpose, number=number, diameter_mm=size_mm)
    else:
        artwork = round_seal(name, fonts=fonts, purpose=purpose, diameter_mm=size_mm)
    # In the form in which it is kept and read back, so that its digest stays the same.
    return read_svg(artwork.to_svg().encode())


def uploaded_picture(data: bytes, kind: SealKind, *, size_mm: float) -> SealPicture:
    """Read an uploaded PNG or SVG, and check it against what the seal has to be.

    :param size_mm: diameter, side, or a signature's height; an SVG has to say the same.
    :raises PictureRefusedError: it cannot be taken.
    """
    signature = kind is SealKind.SIGNATURE
    picture: SealPicture
    if data.startswith(PNG_SIGNATURE):
        picture = read_png(data, width_mm=size_mm * _proportion(data) if signature else size_mm)
    else:
        picture = read_svg(data)
    if abs(picture.height_mm - size_mm) > _TOLERANCE_MM:
        raise PictureRefusedError(
            problem_zh=f"印模高 {picture.height_mm:g} 毫米，应为 {size_mm:g} 毫米。",
            problem_en=f"it is {picture.height_mm:g} mm high instead of {size_mm:g} mm.",
        )
    if not signature and abs(picture.width_mm - picture.height_mm) > _TOLERANCE_MM:
        raise PictureRefusedError(problem_zh="印模的宽与高须相等。", problem_en="it has to be as wide as it is high.")
    if picture.width_mm > _WIDEST_SIGNATURE * picture.height_mm:
        raise PictureRefusedError(problem_zh="签名过宽。", problem_en="the signature is too wide.")
    ink = covered(picture.to_png(150))
    if not _LEAST_INK <= ink <= _MOST_INK:
        raise PictureRefusedError(
            problem_zh="印模几乎空白，或没有透明的底，请去除底色后重新导出。",
            problem_en="it is all but empty, or has no transparent ground; export it without its background.",
        )
    return picture


def checked_size(kind: SealKind, size_mm: float | None) -> float:
    """The size of a seal: the one wanted, or the usual one.

    :raises ArtworkSizeError: no seal of this kind is that large or small.
    """
    rules = kind.rules
    if size_mm is None:
        return rules.size_mm
    if not rules.least_mm <= size_mm <= rules.most_mm:
        raise ArtworkSizeError(
            part=f"{rules.zh}尺寸（毫米）", part_en="the size in mm", least=rules.least_mm, most=rules.most_mm
        )
    return size_mm


def picture_row(picture: SealPicture, number: str, *, uploaded: bool, vault: FieldVault) -> SealPictureRow:
    """The row that keeps a picture; it still has to be joined to its seal."""
    vector = isinstance(picture, Artwork)
    data = picture.to_svg().encode() if isinstance(picture, Artwork) else picture.png
    return SealPictureRow(
        format="svg" if vector else "png",
        uploaded=uploaded,
        digest=picture.digest,
        width_mm=picture.width_mm,
        height_mm=picture.height_mm,
        data_encrypted=vault.encrypt(data, context=_context(number)),
    )


def picture_of(row: SealPictureRow, number: str, vault: FieldVault) -> SealPicture:
    """The picture that a row keeps."""
    data = vault.decrypt(row.data_encrypted, context=_context(number))
    if row.format == "png":
        return RasterArtwork(row.width_mm, row.height_mm, data)
    return read_svg(data)


def _context(number: str) -> str:
    return f"seal_picture.data:{number}"


def _proportion(png: bytes) -> float:
    """Width to height, from the header of a PNG."""
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return width / height if width and height else 1.0
