"""Writing small PDFs by hand: a base document, revisions on top, seals and time stamps. No library has a say in it."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LICENCE = b'{"identifier": "1.2.156.3005.2.x"}'
CATALOGUE, PAGES, PAGE, CONTENT, FONT, FILE_SPECIFICATION, FILE, XMP, INFO = range(1, 10)
FORM, FIELD, SIGNATURE, APPEARANCE = range(10, 14)
SIZE = 14
"""Number of objects (the free one included) of a sealed document."""

CATALOGUE_KEYS = b"/Type /Catalog /Pages 2 0 R /AF [6 0 R] /Metadata 8 0 R"
PAGE_KEYS = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"
SEALED_CATALOGUE = CATALOGUE_KEYS + b" /AcroForm 10 0 R /Perms << /DocMDP 12 0 R >>"
_NUMBERS = re.compile(rb"startxref\s+(\d+)\s+%%EOF")


def dictionary(keys: bytes) -> bytes:
    return b"<< " + keys + b" >>"


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), keys, data)


def packed_stream(data: bytes, keys: bytes = b"") -> bytes:
    return stream(zlib.compress(data), keys + b" /Filter /FlateDecode")


def xmp(title: bytes) -> bytes:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        b'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>'
        b"<xmp:ModifyDate>2026-10-24T04:00:00Z</xmp:ModifyDate></rdf:Description></rdf:RDF></x:xmpmeta>"
    ) % title
    return stream(packet, b"/Type /Metadata /Subtype /XML")


def base_objects() -> dict[int, bytes]:
    return {
        CATALOGUE: dictionary(CATALOGUE_KEYS),
        PAGES: dictionary(b"/Type /Pages /Count 1 /Kids [3 0 R]"),
        PAGE: dictionary(PAGE_KEYS),
        CONTENT: stream(b"BT /F1 18 Tf 40 200 Td (Licence of the holder) Tj ET"),
        FONT: dictionary(b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica"),
        FILE_SPECIFICATION: dictionary(
            b"/Type /Filespec /F (licence.json) /UF (licence.json) /EF << /F 7 0 R >> /AFRelationship /Data"
        ),
        FILE: packed_stream(LICENCE, b"/Type /EmbeddedFile"),
        XMP: xmp(b"Licence"),
        INFO: dictionary(b"/Title (Licence) /Producer (hand)"),
    }


def write(objects: Mapping[int, bytes], *, at: int = 0) -> tuple[bytes, dict[int, int]]:
    body, offsets = bytearray(), {}
    for number, value in objects.items():
        offsets[number] = at + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    return bytes(body), offsets


def table(offsets: Mapping[int, int], trailer: bytes, at: int) -> bytes:
    lines = [b"xref\n0 1\n0000000000 65535 f \n"]
    lines.extend(b"%d 1\n%010d 00000 n \n" % (number, offset) for number, offset in sorted(offsets.items()))
    return b"".join(lines) + b"trailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, at)


def whole(objects: Mapping[int, bytes] | None = None, trailer: bytes = b"") -> bytes:
    """A document of one revision."""
    objects = base_objects() if objects is None else objects
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    body, offsets = write(objects, at=len(head))
    keys = b"/Size %d /Root 1 0 R /Info 9 0 R /ID [<00> <00>] %s" % (max(objects) + 1, trailer)
    return head + body + table(offsets, keys, len(head + body))


def last_table(data: bytes) -> int:
    return int(_NUMBERS.findall(data)[-1])


def append(
    data: bytes,
    objects: Mapping[int, bytes],
    *,
    size: int | None = None,
    trailer: bytes = b"/Root 1 0 R /Info 9 0 R",
    junk: bytes = b"",
) -> bytes:
    """One more revision on top of a document."""
    body, offsets = write(objects, at=len(data))
    size = size or max(SIZE, *(number + 1 for number in objects))
    keys = b"/Size %d /Prev %d %s" % (size, last_table(data), trailer)
    return data + body + junk + table(offsets, keys, len(data + body + junk))


@dataclass(frozen=True)
class Placeholder:
    """A signature dictionary to be filled in."""

    keys: bytes
    reserved: int = 12000
    """Hexadecimal digits."""

    @property
    def value(self) -> bytes:
        return dictionary(b"%s /ByteRange [%s] /Contents <%s>" % (self.keys, b" " * 40, b"0" * self.reserved))


def fill(
    data: bytes,
    sign: Callable[[bytes], bytes],
    *,
    byte_range: Callable[[int, int, int], bytes] | None = None,
    digest: str = "sha256",
    upper: bool = False,
) -> bytes:
    """Fill in the signature that was prepared last.

    :param byte_range: writes the range from where the gap starts and ends and where the file does.
    """
    gap = re.search(rb"<0{64,}>", data[data.rindex(b"/ByteRange") :])
    assert gap is not None
    base = data.rindex(b"/ByteRange")
    start, end = base + gap.start(), base + gap.end()
    numbers = (byte_range or (lambda a, b, c: b"0 %d %d %d" % (a, b, c - b)))(start, end, len(data))
    place = data.rindex(b"/ByteRange [") + len(b"/ByteRange [")
    data = data[:place] + numbers.ljust(40) + data[place + 40 :]
    contents = sign(hashlib.new(digest, _covered(data, numbers)).digest()).hex()
    digits = (contents.upper() if upper else contents).encode().ljust(end - start - 2, b"0")
    assert len(digits) == end - start - 2, "too little room"
    return data[: start + 1] + digits + data[end - 1 :]


def _covered(data: bytes, numbers: bytes) -> bytes:
    """What a byte range covers, as far as it makes sense; a forger signs for what he states."""
    parts = numbers.split()
    if not all(part.isdigit() for part in parts):
        return data
    values = [int(part) for part in parts]
    return b"".join(data[at : at + length] for at, length in zip(values[::2], values[1::2], strict=False))


def seal_keys(*, subfilter: bytes = b"ETSI.CAdES.detached", level: int | None = 1) -> bytes:
    keys = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /%s /M (D:20261024040000Z) /Name (Seal)" % subfilter
    if level is not None:
        keys += (
            b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP"
            b" /TransformParams << /Type /TransformParams /V /1.2 /P %d >> >>]" % level
        )
    return keys


def seal_objects(placeholder: Placeholder, *, certifies: bool = True) -> dict[int, bytes]:
    """The objects of the revision that a seal is."""
    return {
        CATALOGUE: dictionary(SEALED_CATALOGUE if certifies else CATALOGUE_KEYS + b" /AcroForm 10 0 R"),
        PAGE: dictionary(PAGE_KEYS + b" /Annots [11 0 R]"),
        FORM: dictionary(b"/Fields [11 0 R] /SigFlags 3"),
        FIELD: dictionary(
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (Seal1) /F 132 /P 3 0 R /Rect [200 50 300 150]"
            b" /V 12 0 R /AP << /N 13 0 R >>"
        ),
        SIGNATURE: placeholder.value,
        APPEARANCE: stream(b"1 0 0 rg 0 0 100 100 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]"),
    }


def sealed(
    sign: Callable[[bytes], bytes],
    *,
    base: bytes | None = None,
    level: int | None = 1,
    subfilter: bytes = b"ETSI.CAdES.detached",
    certifies: bool = True,
    reserved: int = 12000,
    **filling: object,
) -> bytes:
    """A sealed licence."""
    placeholder = Placeholder(seal_keys(subfilter=subfilter, level=level), reserved)
    prepared = append(base or whole(), seal_objects(placeholder, certifies=certifies))
    return fill(prepared, sign, **filling)  # type: ignore[arg-type]


def with_validation_data(
    data: bytes,
    certificates: Sequence[bytes],
    *,
    first: int = SIZE,
    ocsp_answers: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
) -> bytes:
    """A revision with a document security store."""
    objects: dict[int, bytes] = {}
    keys = b"/Type /DSS"
    for key, items in ((b"Certs", certificates), (b"OCSPs", ocsp_answers), (b"CRLs", crls)):
        numbers = range(first + len(objects), first + len(objects) + len(items))
        objects.update(zip(numbers, map(packed_stream, items), strict=True))
        keys += b" /%s [%s]" % (key, b" ".join(b"%d 0 R" % number for number in numbers))
    store = first + len(objects)
    objects[store] = dictionary(keys)
    objects[CATALOGUE] = dictionary(SEALED_CATALOGUE + b" /DSS %d 0 R" % store)
    return append(data, objects)


def with_document_time_stamp(
    data: bytes, stamp: Callable[[bytes], bytes], *, first: int, dss: bytes = b"", annotations: bytes = b"11 0 R"
) -> bytes:
    """A revision with a document time stamp; ``first`` is the first free number."""
    objects = {
        FORM: dictionary(b"/Fields [11 0 R %d 0 R] /SigFlags 3" % first),
        PAGE: dictionary(PAGE_KEYS + b" /Annots [%s %d 0 R]" % (annotations, first)),
        first: dictionary(
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (Stamp1) /F 132 /P 3 0 R /Rect [0 0 0 0] /V %d 0 R"
            % (first + 1)
        ),
        first + 1: Placeholder(b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161").value,
    }
    return fill(append(data, objects), stamp)
