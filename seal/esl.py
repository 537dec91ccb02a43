"""Seal data (电子印章数据, ``.esl``): reading GB/T 38540-2020 and its predecessor GM/T 0031-2014.

The bytes are read strictly as DER and kept as they stand, for what was signed is checked as it stands. Three forms are
known. The oldest has two elements, seal and signature, and what is signed takes in the certificate and the algorithm;
its header says 1, and 2 has been seen. The form of 2020 has four elements and says 4. The coming one says 5, may carry
a time stamp, and has been seen in software only, so that what is said of it here is not from a standard's text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from keys import der
from keys import strict_der as strict
from seal._esl_der import (
    Extension,
    check_picture,
    read_bits,
    read_extensions,
    read_integer,
    read_oid,
    read_text,
    read_time,
    reading,
)
from seal.esl_errors import EslVersionUnknownError

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of seal data that are read; a picture at print resolution is a small part of it."""

_CERTIFICATES, _DIGESTS = 1, 2
_MOST_CERTIFICATES: Final = 1000


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """A user's certificate, named by its digest; ``kind`` is text that the maker chose."""

    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class SealPicture:
    """The seal's picture: format as the data name it (PNG, OFD, SVG, ...), and its size on paper in millimetres."""

    format: str
    data: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class Esl:
    """Seal data that were read; nothing in them has been checked yet, see :func:`seal.esl_checks.check_esl`.

    ``version`` is what the header says, ``form`` the version whose form the data have: 1, 4 or 5.
    ``kind`` is the seal's type: 1 a body's, 2 a person's, others are in use. Users are named by ``certificates`` or by
    ``certificate_digests``. ``signed_part`` is what the maker signed.
    """

    version: int
    form: int
    vendor: str
    id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    certificate_digests: tuple[CertificateDigest, ...]
    created_at: datetime
    valid_from: datetime
    valid_until: datetime
    picture: SealPicture
    extensions: tuple[Extension, ...]
    maker_certificate: bytes = field(repr=False)
    signature_algorithm: str
    signature: bytes = field(repr=False)
    time_stamp: bytes | None = field(repr=False)
    signed_part: bytes = field(repr=False)
    encoded: bytes = field(repr=False)


def read_esl(data: bytes) -> Esl:
    """Read seal data.

    :raises seal.esl_errors.EslUnreadableError: they are not strict DER of a known form.
    :raises seal.esl_errors.EslTooLargeError: they are larger than :data:`LARGEST`.
    :raises seal.esl_errors.EslVersionUnknownError: their header names a version that is not known.
    """
    with reading(data, LARGEST):
        outer = strict.Reader(data)
        encoded = outer.read_whole(strict.SEQUENCE)
        outer.end()
        return read_esl_element(encoded)


def read_esl_element(encoded: bytes) -> Esl:
    """The same for a SESeal within other data; for the modules of this package.

    :raises keys.strict_der.DerError: it is not strict DER of a known form.
    """
    fields = strict.Reader(strict.Reader(encoded).read(strict.SEQUENCE))
    information = fields.read_whole(strict.SEQUENCE)
    inside = strict.Reader(strict.Reader(information).read(strict.SEQUENCE))
    version, vendor = _read_header(inside.read(strict.SEQUENCE))
    identifier = read_text(inside)
    oldest = fields.peek() == strict.SEQUENCE
    kind, name, certificates, digests, times = _read_property(inside.read(strict.SEQUENCE))
    picture = _read_picture(inside.read(strict.SEQUENCE))
    extensions = read_extensions(inside)
    inside.end()
    rest = fields
    if oldest:
        rest = strict.Reader(fields.read(strict.SEQUENCE))
        fields.end()
    certificate = rest.read(strict.OCTET_STRING)
    algorithm = read_oid(rest)
    signature = read_bits(rest)
    time_stamp = None
    if version == 5 and rest.peek() == 0xA0:
        wrapped = strict.Reader(rest.read(0xA0))
        time_stamp = read_bits(wrapped)
        wrapped.end()
    rest.end()
    signed = information
    if oldest:
        signed = der.sequence(information, der.octet_string(certificate), der.oid(algorithm))
    return Esl(
        version=version,
        form=1 if oldest else max(4, version),
        vendor=vendor,
        id=identifier,
        kind=kind,
        name=name,
        certificates=certificates,
        certificate_digests=digests,
        created_at=times[0],
        valid_from=times[1],
        valid_until=times[2],
        picture=picture,
        extensions=extensions,
        maker_certificate=certificate,
        signature_algorithm=algorithm,
        signature=signature,
        time_stamp=time_stamp,
        signed_part=signed,
        encoded=encoded,
    )


def _read_header(contents: bytes) -> tuple[int, str]:
    fields = strict.Reader(contents)
    if read_text(fields) != "ES":
        raise strict.DerError("the header does not say ES")
    version = read_integer(fields)
    vendor = read_text(fields)
    fields.end()
    if not 1 <= version <= 5:
        raise EslVersionUnknownError(version=version)
    return version, vendor


def _read_property(
    contents: bytes,
) -> tuple[int, str, tuple[bytes, ...], tuple[CertificateDigest, ...], tuple[datetime, datetime, datetime]]:
    fields = strict.Reader(contents)
    kind = read_integer(fields)
    name = read_text(fields)
    # the oldest form has certificates only, and so no number that tells which
    list_type = read_integer(fields) if fields.peek() == strict.INTEGER else _CERTIFICATES
    listed = strict.Reader(fields.read(strict.SEQUENCE))
    certificates: list[bytes] = []
    digests: list[CertificateDigest] = []
    while listed.peek() is not None:
        if list_type not in (_CERTIFICATES, _DIGESTS):
            raise strict.DerError("an unknown kind of certificate list")
        # what stands there says by itself which it is
        if listed.peek() == strict.OCTET_STRING:
            certificates.append(listed.read(strict.OCTET_STRING))
        else:
            digests.append(_read_digest(listed.read(strict.SEQUENCE)))
        if len(certificates) + len(digests) > _MOST_CERTIFICATES:
            raise strict.DerError("too many certificates")
    times = (read_time(fields), read_time(fields), read_time(fields))
    fields.end()
    return kind, name, tuple(certificates), tuple(digests), times


def _read_digest(contents: bytes) -> CertificateDigest:
    fields = strict.Reader(contents)
    digest = CertificateDigest(read_text(fields), fields.read(strict.OCTET_STRING))
    fields.end()
    return digest


def _read_picture(contents: bytes) -> SealPicture:
    fields = strict.Reader(contents)
    picture = SealPicture(
        read_text(fields), fields.read(strict.OCTET_STRING), read_integer(fields), read_integer(fields)
    )
    fields.end()
    check_picture(picture.width_mm, picture.height_mm)
    return picture
