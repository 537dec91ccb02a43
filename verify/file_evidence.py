"""What a file itself brings along to check its signatures with: certificates, status answers, revocation lists.

They stand in the document security store (DSS, EN 319 142-1, 5.4.2) or within a signature. None of it is trusted for
being there: certificates only complete chains, and statements count by who signed them (:mod:`verify.revocation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from verify import cms, der
from verify.document import Document
from verify.objects import PdfSyntaxError, Ref, Stream
from verify.revocation import MOST, Held

_MOST_CERTIFICATES: Final = 64
_ADOBE_REVOCATION: Final = "1.2.840.113583.1.1.8"
_REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
_KINDS: Final[dict[int, Literal["ocsp", "crl"]]] = {0xA0: "crl", 0xA1: "ocsp"}
_LISTS: Final[tuple[tuple[Literal["ocsp", "crl"], str], ...]] = (("ocsp", "OCSPs"), ("crl", "CRLs"))


def stored_certificates(document: Document) -> frozenset[bytes]:
    """Certificates of the document security store.

    :raises PdfSyntaxError: it cannot be read.
    """
    store = document.resolve(document.root.get("DSS"))
    if not isinstance(store, dict):
        return frozenset()
    found = []
    for item in document.array(store.get("Certs"))[:_MOST_CERTIFICATES]:
        stream = document.resolve(item) if isinstance(item, Ref) else None
        if isinstance(stream, Stream):
            found.append(document.unpacked(stream))
    return frozenset(found)


def stored_evidence(document: Document) -> Iterator[Held]:
    """Evidence on revocation in the document security store; what cannot be read is passed over."""
    try:
        store = document.resolve(document.root.get("DSS"))
    except PdfSyntaxError:
        return
    if not isinstance(store, dict):
        return
    for source, name in _LISTS:
        try:
            items = document.array(store.get(name))[:MOST]
        except PdfSyntaxError:
            continue
        for item in items:
            try:
                stream = document.resolve(item) if isinstance(item, Ref) else None
                if isinstance(stream, Stream):
                    _, end = document.extent(stream)
                    yield Held(source, document.unpacked(stream), end=end)
            except PdfSyntaxError:
                continue


def embedded_evidence(data: cms.SignedData, *, signed: datetime, known: datetime) -> Iterator[Held]:
    """Evidence on revocation within a signature; what cannot be read is passed over.

    :param signed: when the signature existed at the latest, and with it what is among its signed attributes.
    :param known: when the rest of it did.
    """
    (signer,) = data.signers
    for source, encoded in data.revocation:
        yield Held(source, encoded, since=known)
    for attributes, since in ((signer.signed_attributes or {}, signed), (signer.unsigned_attributes, known)):
        for kind in (_ADOBE_REVOCATION, _REVOCATION_VALUES):
            for value in attributes.get(kind, ()):
                yield from _listed(value, since)


def _listed(value: bytes, since: datetime) -> Iterator[Held]:
    """RevocationInfoArchival of ISO 32000-2, 12.8.3.3.2, and RevocationValues of EN 319 122-1, which is alike."""
    try:
        for part in der.read_all(value, ber=True).expect(der.SEQUENCE).children():
            if part.tag in _KINDS:
                (items,) = part.children()
                for item in items.children()[:MOST]:
                    yield Held(_KINDS[part.tag], item.raw, since=since)
    except ValueError:
        return
