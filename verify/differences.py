"""What changed in a PDF after a signature, as pyHanko's difference analysis tells it, with bounds on the work.

The analysis walks the whole object graph along every path, which a hostile file can make endless; so the objects that
it may visit are counted. It also lets the document's information and XMP metadata change as part of a long-term update:
here only the dates and the name of the program may.
"""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

from pyhanko.pdf_utils.generic import NullObject, PdfObject, Reference
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    DiffResult,
    ModificationLevel,
    StandardDiffPolicy,
)
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.validation.errors import SignatureValidationError

from verify.document import Document
from verify.errors import TooComplexError
from verify.fields import signature_fields
from verify.objects import PdfSyntaxError, Stream, Value
from verify.source import Source
from verify.structure import SignedRange
from verify.verdict import Changes

# what the library logs about hostile files, tracebacks included, is told by our reasons
for _name in ("pyhanko.pdf_utils", "pyhanko.sign.diff_analysis", "pyhanko.sign.validation"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_VISITS = 300_000
_READS = 3_000_000
"""The library reads strings and numbers byte by byte."""
_READ_BYTES = 256_000_000
"""It keeps each stream that it visits in memory."""
_LARGE = 16_000_000
_OBJECTS = 200_000
_SECTIONS = 50
_LEVELS = {
    ModificationLevel.NONE: Changes.NONE,
    ModificationLevel.LTA_UPDATES: Changes.LONG_TERM_VALIDATION,
    ModificationLevel.FORM_FILLING: Changes.FORM_FILLING,
    ModificationLevel.ANNOTATIONS: Changes.ANNOTATIONS,
    ModificationLevel.OTHER: Changes.OTHER,
}
_LIBRARY_ERRORS = (
    PdfError,
    SignatureValidationError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
    RecursionError,
)
_UNDER_A_CERTIFICATION = StandardDiffPolicy(
    [
        CatalogModificationRule(ignored_keys=ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"}),
        *(rule for rule in DEFAULT_DIFF_POLICY.global_rules if not isinstance(rule, CatalogModificationRule)),
    ],
    DEFAULT_DIFF_POLICY.form_rule,
)
"""After a seal signature of GB/T 38540 a certification may come, which the library takes to be the first signature."""
_FREE_INFO = {"ModDate", "Producer", "CreationDate"}
_XMP_FREE = re.compile(
    rb"<(xmp:ModifyDate|xmp:MetadataDate|xmp:CreateDate|pdf:Producer|xmpMM:InstanceID)>[^<]*</\1>"
    rb"|(?:xmp:ModifyDate|xmp:MetadataDate|xmp:CreateDate|pdf:Producer|xmpMM:InstanceID)=\"[^\"]*\""
)
_XMP_TEXT = re.compile(rb">([^<>]+)<|=\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed after each signature, by where its covered range ends."""

    document: Document
    by_end: dict[int, Changes]

    def after(self, covered: SignedRange) -> Changes | None:
        """What changed after a signature; nothing where it could not be told."""
        found = self.by_end.get(covered.end)
        if found is not Changes.LONG_TERM_VALIDATION:
            return found
        try:
            before = self.document.until(covered.end)
            if _metadata_changed(before, self.document):
                return Changes.OTHER
            # in encrypted files the library takes any signature for a time stamp
            return found if _signed(before) == _signed(self.document) else Changes.FORM_FILLING
        except (PdfSyntaxError, TooComplexError):
            return None


class _VisitsSpentError(PdfError):
    def __init__(self) -> None:
        super().__init__("too many objects visited")


class _Window:
    """The beginning of a file that is mapped from disk."""

    def __init__(self, data: Source, end: int) -> None:
        self._data = data
        self._end = end
        self._at = 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        if start + offset < 0:
            raise ValueError("before the start")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = None, /) -> bytes:
        stop = self._end if size is None or size < 0 else min(self._at + size, self._end)
        found = self._data[self._at : stop]
        self._at += len(found)
        return found


class _Counted:
    """A file of which so many bytes can be read, in so many pieces, and no more.

    For a large stream that the library reads only to compare it with another, a digest stands in, made with a key so
    that no file can hold it.
    """

    def __init__(self, data: Source, end: int) -> None:
        file = io.BytesIO(data[:end]) if isinstance(data, bytes) else _Window(data, end)
        self._read = file.read
        self._pieces = _READS
        self._bytes = _READ_BYTES
        self._key = token_bytes(32)
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = None, /) -> bytes:
        found = self._stand_in(size) if size is not None and size > _LARGE else self._read(size)
        self._pieces -= 1
        self._bytes -= len(found)
        if self._pieces < 0 or self._bytes < 0:
            raise _VisitsSpentError
        return found

    def _stand_in(self, size: int) -> bytes:
        digest = blake2b(key=self._key)
        while size > 0 and (piece := self._read(min(size, _LARGE))):
            digest.update(piece)
            size -= len(piece)
        return digest.digest()

    def readinto(self, buffer: memoryview) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


class _Visits:
    def __init__(self) -> None:
        self.left = _VISITS

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise _VisitsSpentError


class _Reader(PdfFileReader):
    """Counts the objects that are visited in earlier states of the file."""

    def __init__(self, document: Document) -> None:
        self.visits = _Visits()
        self._resolvers: dict[int, HistoricalResolver] = {}
        super().__init__(_Counted(document.data, document.end), strict=True)
        introduced = self.xrefs.get_introducing_revision

        def since(ref: Reference) -> int:
            return introduced(ref) if self.xrefs[ref] is not None else -1

        self.xrefs.get_introducing_revision = since  # type: ignore[method-assign]  # has no answer for references to nothing
        if document.encrypted:
            self.decrypt("")

    def _read_object(self, ref: Any, marker: Any, *settings: Any, **more: Any) -> Any:
        if marker is not None:
            return super()._read_object(ref, marker, *settings, **more)
        nothing = NullObject()  # 7.3.10; the library makes an error of a reference to what is not there
        nothing.container_ref = ref
        return nothing

    def get_historical_resolver(self, revision: int) -> HistoricalResolver:
        found = self._resolvers.get(revision)
        if found is None:
            found = self._resolvers[revision] = _Resolver(self, revision)
        return found


class _Resolver(HistoricalResolver):
    def __init__(self, reader: _Reader, revision: int) -> None:
        self._visits = reader.visits
        self._weights: dict[int, int] = {}
        super().__init__(reader, revision)

    def get_object(self, ref: Any, as_metadata_stream: bool = False) -> Any:
        found = super().get_object(ref, as_metadata_stream=as_metadata_stream)
        weight = self._weights.get(ref.idnum)
        if weight is None:
            weight = self._weights[ref.idnum] = _weight(found)
        self._visits.spend(weight)
        return found


def changes_after(document: Document) -> Differences:
    """What changed after each signature of a document that does not cover all of it."""
    by_end: dict[int, Changes] = {}
    objects = sum(len(section.places) for section in document.sections)
    if len(document.sections) > _SECTIONS or objects > _OBJECTS:
        return Differences(document, by_end)
    try:
        reader = _Reader(document)
        for signature in reader.embedded_signatures:
            signature.coverage = signature.evaluate_signature_coverage()
            result = signature.evaluate_modifications(DEFAULT_DIFF_POLICY)
            end = int(signature.byte_range[2]) + int(signature.byte_range[3])
            found = _LEVELS[result.modification_level] if isinstance(result, DiffResult) else Changes.OTHER
            by_end[end] = max(found, by_end.get(end, found), key=list(Changes).index)
    except _LIBRARY_ERRORS:
        return Differences(document, by_end)
    return Differences(document, by_end)


def changes_since(document: Document, end: int) -> Changes | None:
    """What changed in a document since a revision of it ended; nothing where it could not be told.

    A certification that was added counts like any other signature.
    """
    if len(document.sections) > _SECTIONS or sum(len(each.places) for each in document.sections) > _OBJECTS:
        return None
    try:
        before = document.until(end)
        reader = _Reader(document)
        starts = [reader.xrefs.get_startxref_for_revision(each) for each in range(reader.total_revisions)]
        result = _UNDER_A_CERTIFICATION.review_file(reader, starts.index(before.start_of_table))
        if not isinstance(result, DiffResult) or _metadata_changed(before, document):
            return Changes.OTHER
    except (*_LIBRARY_ERRORS, TooComplexError):
        return None
    return _LEVELS[result.modification_level]


def _weight(value: PdfObject, depth: int = 0) -> int:
    """How many values an object holds directly."""
    if depth > 50:
        return 1
    if isinstance(value, dict):
        return 1 + sum(_weight(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return 1 + sum(_weight(item, depth + 1) for item in value)
    return 1


def _metadata_changed(before: Document, after: Document) -> bool:
    return _information(before) != _information(after) or _xmp(before) != _xmp(after)


def _signed(document: Document) -> set[str]:
    """The fields that hold a signature other than a time stamp."""
    return {field.name for field in signature_fields(document) if not field.is_time_stamp}


def _information(document: Document) -> dict[str, Value]:
    found = document.resolve(document.trailer.get("Info"))
    if not isinstance(found, dict):
        return {}
    return {key: document.resolve(value) for key, value in found.items() if key not in _FREE_INFO}


def _xmp(document: Document) -> set[bytes]:
    """The texts and attribute values of the XMP packet, without those that every program renews."""
    found = document.resolve(document.root.get("Metadata"))
    if not isinstance(found, Stream):
        return set()
    packet = _XMP_FREE.sub(b"", document.unpacked(found))
    values = (match[1] or match[2] or b"" for match in _XMP_TEXT.finditer(packet))
    return {value.strip() for value in values if value.strip()}
