"""The one revision that may follow a licence's seal signature (GB/T 38540), or a seal under another: the next seal.

An allow-list like that of :mod:`verify.revisions`. Objects that were there stay as they were but for the three places
that have to name the seal: catalogue, form and page. New objects can then be reached through the seal's field alone.
"""

from __future__ import annotations

from verify.document import Document
from verify.fields import SignatureField
from verify.objects import Ref, Value
from verify.rows import appended, changed, check_trailer, is_page, read_row, same

_FIELD_KEYS = {"FT", "T", "Type", "Subtype", "F", "Rect", "P", "AP", "V", "Lock"}


def check_certification(before: Document, sealed: Document, seal: SignatureField) -> None:
    """Hold a sealed document to what it was when its seal signature was made.

    :param before: the document as of the end of the seal signature's revision.
    :param sealed: the same as of the end of the seal's.
    :raises StructureError: something else than the seal came to it.
    :raises PdfSyntaxError: it cannot be read.
    """
    section, end, numbers = read_row(before)
    if end != sealed.end:
        raise changed("国密电子签章与印章之间有其他修订", "other revisions stand between seal signature and seal")
    check_trailer(before, section)
    _Certification(before, sealed, seal).check({number for number in numbers if number < before.size})


class _Certification:
    def __init__(self, before: Document, sealed: Document, seal: SignatureField) -> None:
        self._before = before
        self._sealed = sealed
        self._seal = seal
        self._explained: set[int] = set()

    def check(self, rewritten: set[int]) -> None:
        before, sealed = self._before, self._sealed
        same(before.root, sealed.root, {"AcroForm", "Perms"}, "文档目录", "the catalogue")
        self._place(before.trailer.get("Root"), sealed.trailer.get("Root"))
        old, new = before.root.get("AcroForm"), sealed.root.get("AcroForm")
        self._place(old, new)
        old_form, new_form = before.dictionary(old), sealed.dictionary(new)
        same(old_form, new_form, {"Fields", "SigFlags"}, "表单", "the form")
        (field,) = self._appended(old_form.get("Fields"), new_form.get("Fields"), "表单域", "form fields", once=True)
        if not isinstance(field, Ref) or field.number < before.size:
            raise changed("改动了表单域", "a form field was changed")
        found = sealed.dictionary(field)
        if not set(found) <= _FIELD_KEYS or found.get("V") != self._seal.reference:
            raise changed("增加了表单域", "a form field was added")
        for number in sorted(rewritten - self._explained):
            self._check_page(Ref(number, 0), field)
        if rewritten - self._explained:
            raise changed("改动了原有内容", "content that was there was changed")

    def _check_page(self, ref: Ref, field: Ref) -> None:
        old, new = self._before.get(ref), self._sealed.get(ref)
        if not (is_page(old) and isinstance(old, dict) and isinstance(new, dict)):
            return
        same(old, new, {"Annots"}, "页面", "a page")
        added = self._appended(old.get("Annots"), new.get("Annots"), "批注", "annotations")
        if any(item != field for item in added):
            raise changed("增加了批注", "an annotation was added")
        self._explained.add(ref.number)

    def _appended(self, old: Value, new: Value, zh: str, en: str, *, once: bool = False) -> list[Value]:
        if old is not None:
            self._place(old, new)
        added = appended(self._before.array(old), self._sealed.array(new), zh, en)
        if once and len(added) != 1:
            raise changed(f"增加了{zh}", f"{en} were added")
        return added

    def _place(self, old: Value, new: Value) -> None:
        """What is referred to stays in its place; what stands directly stays direct."""
        if (isinstance(old, Ref) or isinstance(new, Ref)) and old != new:
            raise changed("替换了表单或批注列表", "the form or a list of annotations was replaced")
        if isinstance(new, Ref):
            self._explained.add(new.number)
