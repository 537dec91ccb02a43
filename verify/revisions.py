"""What may follow a seal: revisions of validation data (DSS) and document time stamps, and nothing else.

ISO 32000-2, 12.8.2.2 lets these through whatever a certification permits. Everything here is an allow-list, on two
levels. Bytes: a revision is a row of objects, their cross-reference section and the end marker, without anything in
between. Objects: each new or changed one has to be explained as part of the DSS, of an invisible document time stamp's
field, or of the three places that have to name them (catalogue, form, page).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verify import der
from verify.document import Document
from verify.objects import Ref, Stream, Value
from verify.reasons import Text, reason
from verify.rows import appended, changed, check_trailer, is_page, read_row, same
from verify.structure import StructureError

_FIELD_KEYS = {"FT", "T", "TU", "Type", "Subtype", "F", "Rect", "P", "V"}
_STAMP_KEYS = {"Type", "Filter", "SubFilter", "Contents", "ByteRange"}
_DSS_LISTS = ("Certs", "OCSPs", "CRLs")
_VRI_LISTS = ("Cert", "OCSP", "CRL")


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision that follows a seal and may do so."""

    document: Document
    """The file as of its end."""
    stamps: frozenset[Ref]
    """Signature dictionaries of the document time stamps that it adds."""


def later_revisions(sealed: Document) -> Iterator[Revision]:
    """The revisions after a sealed one, oldest first.

    :raises StructureError: one is something else than what may follow.
    :raises PdfSyntaxError: it cannot be read.
    """
    before = sealed
    while before.end < len(before.data):
        section, end, numbers = read_row(before)
        after = before.until(end)
        if after.start_of_table != section.offset or after.marker_end > end:
            raise changed("交叉引用表不合规", "its cross-reference table is not the one that counts")
        check_trailer(before, section)
        stamps = _Explanation(before, after, numbers).stamps()
        yield Revision(after, stamps)
        before = after


class _Explanation:
    """Explains every object of a revision, or says which cannot be."""

    def __init__(self, before: Document, after: Document, numbers: set[int]) -> None:
        self._before = before
        self._after = after
        self._open = set(numbers)
        self._stamps: set[Ref] = set()
        self._widgets: list[Ref] = []

    def stamps(self) -> frozenset[Ref]:
        """The document time stamps that the revision adds.

        :raises StructureError: an object has no explanation.
        """
        before, after = self._before, self._after
        root = before.trailer.get("Root")
        if isinstance(root, Ref):
            self._open.discard(root.number)
        same(before.root, after.root, {"DSS", "AcroForm", "Extensions"}, "文档目录", "the catalogue")
        if _has_reference(after.root.get("Extensions")):
            raise changed("改动了文档目录", "the catalogue was changed")
        self._explain_form()
        self._explain_pages()
        self._explain_dss()
        for number in sorted(self._open):
            raise StructureError(reason("structure.changed_after_seal", detail=_describe(after, number)))
        return frozenset(self._stamps)

    def _explain_form(self) -> None:
        old, new = self._before.root.get("AcroForm"), self._after.root.get("AcroForm")
        self._same_place(old, new)
        old_form, new_form = self._before.dictionary(old), self._after.dictionary(new)
        same(old_form, new_form, {"Fields"}, "表单", "the form")
        old_fields, new_fields = old_form.get("Fields"), new_form.get("Fields")
        self._same_place(old_fields, new_fields)
        for added in appended(self._before.array(old_fields), self._after.array(new_fields), "表单域", "form fields"):
            self._explain_stamp(added)

    def _explain_stamp(self, item: Value) -> None:
        """A field that was added to the form: an invisible document time stamp."""
        field = self._new_dictionary(item, _FIELD_KEYS)
        visible = field.get("Rect", [0, 0, 0, 0]) != [0, 0, 0, 0]
        if field.get("T") in self._names():
            raise changed("增加了同名的表单域", "a form field of the same name was added")
        if field.get("FT") != "Sig" or field.get("Subtype", "Widget") != "Widget" or visible:
            raise changed("增加了表单域", "a form field was added")
        page = field.get("P")
        if page is not None and not (isinstance(page, Ref) and is_page(self._before.get(page))):
            raise changed("增加了表单域", "a form field was added")
        stamp = self._new_dictionary(field.get("V"), _STAMP_KEYS)
        if stamp.get("Type") != "DocTimeStamp" or stamp.get("SubFilter") != "ETSI.RFC3161":
            raise changed("增加了签名", "a signature was added")
        reference = field["V"]
        assert isinstance(item, Ref) and isinstance(reference, Ref)  # noqa: S101, PT018  or the dictionaries were not new
        self._stamps.add(reference)
        self._widgets.append(item)

    def _names(self) -> list[Value]:
        """Names of the fields that the form had."""
        form = self._before.dictionary(self._before.root.get("AcroForm"))
        fields = (self._before.resolve(item) for item in self._before.array(form.get("Fields")))
        return [field.get("T") for field in fields if isinstance(field, dict)]

    def _explain_pages(self) -> None:
        """Pages whose annotations name the fields of new time stamps."""
        for number in sorted(self._open):
            ref = Ref(number, 0)
            old, new = self._before.get(ref), self._after.get(ref)
            if not (is_page(old) and isinstance(old, dict) and isinstance(new, dict)):
                continue
            same(old, new, {"Annots"}, "页面", "a page")
            if old.get("Annots") is not None:
                self._same_place(old.get("Annots"), new.get("Annots"))
            self._explain_annotations(old.get("Annots"), new.get("Annots"))
            self._open.discard(number)
        for number in sorted(self._open):
            ref = Ref(number, 0)
            if isinstance(self._before.get(ref), list) and self._is_annotations(ref):
                self._explain_annotations(ref, ref)
                self._open.discard(number)

    def _is_annotations(self, ref: Ref) -> bool:
        """Whether an array is the list of annotations of a page that a new time stamp names."""
        for widget in self._widgets:
            page = self._before.resolve(self._after.dictionary(widget).get("P"))
            if isinstance(page, dict) and page.get("Annots") == ref:
                return True
        return False

    def _explain_annotations(self, old: Value, new: Value) -> None:
        added = appended(self._before.array(old), self._after.array(new), "批注", "annotations")
        if any(item not in self._widgets for item in added):
            raise changed("增加了批注", "an annotation was added")

    def _explain_dss(self) -> None:
        """The document security store (ETSI EN 319 142-1, 5.4.2)."""
        dss = self._after.root.get("DSS")
        if dss is None:
            if self._before.root.get("DSS") is not None:
                raise changed("删除了验证数据", "validation data was taken away")
            return
        store = self._owned_dictionary(dss, {"Type", "VRI", *_DSS_LISTS})
        for key in _DSS_LISTS:
            self._explain_streams(store.get(key))
        related = store.get("VRI")
        if related is None:
            return
        for entry in self._owned_dictionary(related, None).values():
            detail = self._owned_dictionary(entry, {"Type", "TU", "TS", *_VRI_LISTS})
            for key in _VRI_LISTS:
                self._explain_streams(detail.get(key))
            if "TS" in detail:
                self._explain_streams([detail["TS"]])

    def _explain_streams(self, value: Value) -> None:
        self._own(value)
        for item in self._after.array(value):
            stream = self._after.resolve(item)
            if not isinstance(item, Ref) or not isinstance(stream, Stream):
                raise changed("验证数据不合规", "validation data is not as it should be")
            if item.number not in self._open:
                continue
            if item.number < self._before.size or set(stream.dictionary) - {"Length", "Filter"}:
                raise changed("验证数据不合规", "validation data is not as it should be")
            try:
                der.read_all(self._after.unpacked(stream))
            except ValueError:
                raise changed("验证数据不合规", "validation data is not as it should be") from None
            self._open.discard(item.number)

    def _owned_dictionary(self, value: Value, keys: set[str] | None) -> dict[str, Value]:
        self._own(value)
        found = self._after.dictionary(value)
        if keys is not None and not set(found) <= keys:
            raise changed("验证数据不合规", "validation data is not as it should be")
        return found

    def _own(self, value: Value) -> None:
        """An object of the DSS: new, or one of the DSS before."""
        if isinstance(value, Ref) and value.number in self._open:
            if value.number < self._before.size and value not in _dss_objects(self._before):
                raise changed("验证数据覆盖了其他内容", "validation data overwrites other content")
            self._open.discard(value.number)

    def _new_dictionary(self, item: Value, keys: set[str]) -> dict[str, Value]:
        if not isinstance(item, Ref) or item.number not in self._open or item.number < self._before.size:
            raise changed("改动了表单域", "a form field was changed")
        found = self._after.get(item)
        if not isinstance(found, dict) or not set(found) <= keys:
            raise changed("增加了表单域", "a form field was added")
        self._open.discard(item.number)
        return found

    def _same_place(self, old: Value, new: Value) -> None:
        """What is referred to stays in its place; what stands directly stays direct."""
        if (isinstance(old, Ref) or isinstance(new, Ref)) and old != new:
            raise changed("替换了表单或批注列表", "the form or a list of annotations was replaced")
        if isinstance(new, Ref):
            self._open.discard(new.number)


def _dss_objects(document: Document) -> set[Value]:
    """References of the dictionaries and arrays of a document's DSS."""
    store = document.root.get("DSS")
    if store is None:
        return set()
    values: list[Value] = [store]
    dss = document.dictionary(store)
    values.extend(dss.get(key) for key in _DSS_LISTS)
    related = dss.get("VRI")
    values.append(related)
    if related is not None:
        values.extend(document.dictionary(related).values())
    return {value for value in values if isinstance(value, Ref)}


def _has_reference(value: Value) -> bool:
    if isinstance(value, Ref):
        return True
    if isinstance(value, dict):
        return any(_has_reference(item) for item in value.values())
    return isinstance(value, list) and any(_has_reference(item) for item in value)


def _describe(document: Document, number: int) -> Text:
    """What an object without an explanation is, for a person."""
    value = document.get(Ref(number, 0))
    dictionary = value.dictionary if isinstance(value, Stream) else value
    if not isinstance(dictionary, dict):
        return Text(f"增加或改动了对象 {number}", f"object {number} was added or changed")
    kind = dictionary.get("Type")
    telling = (
        ("FT" in dictionary, "增加或改动了表单域", "a form field was added or changed"),
        (
            kind == "Annot" or {"Subtype", "Rect"} <= set(dictionary),
            "增加或改动了批注",
            "an annotation was added or changed",
        ),
        (kind in ("Page", "Pages"), "增加或改动了页面", "a page was added or changed"),
        (kind == "Metadata", "改动了元数据", "metadata was changed"),
        (
            bool({"Producer", "Creator", "ModDate"} & set(dictionary)),
            "改动了文档信息",
            "document information was changed",
        ),
        (kind in ("Font", "FontDescriptor"), "改动了字体", "a font was changed"),
        (isinstance(value, Stream), "增加或改动了内容流", "a content stream was added or changed"),
    )
    for applies, zh, en in telling:
        if applies:
            return Text(zh, en)
    return Text(f"增加或改动了对象 {number}", f"object {number} was added or changed")
