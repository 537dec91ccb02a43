"""What a document says about its signatures: the filled signature fields, certification, pages, the licence's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verify.document import Document, text
from verify.limits import too_many
from verify.objects import PdfSyntaxError, Ref, Stream, Value

LICENCE_FILE = "licence.json"
"""Name of the attachment that holds a licence's data."""


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field that was filled (12.7.4.5), with its signature dictionary."""

    name: str
    reference: Ref | None
    """Where the signature dictionary is; None where it stands within the field."""
    value: dict[str, Value]

    @property
    def subfilter(self) -> str:
        """Format of the signature."""
        found = self.value.get("SubFilter")
        return found if isinstance(found, str) else "?"

    @property
    def is_time_stamp(self) -> bool:
        """Whether it is a document time stamp (ETSI EN 319 142-1, 5.4.3)."""
        return self.value.get("Type") == "DocTimeStamp" or self.subfilter == "ETSI.RFC3161"


def signature_fields(document: Document) -> list[SignatureField]:
    """All filled signature fields; a signature that several fields share counts once.

    :raises PdfSyntaxError: the form is broken.
    :raises TooComplexError: there are too many fields or signatures.
    """
    found: list[SignatureField] = []
    references: set[Ref] = set()
    for field in field_nodes(document):
        value = field.node.get("V") if field.kind == "Sig" else None
        if value is None or document.resolve(value) is None:
            continue
        reference = value if isinstance(value, Ref) else None
        if reference is not None and reference in references:
            continue
        if reference is not None:
            references.add(reference)
        found.append(SignatureField(field.name, reference, document.dictionary(value)))
        if len(found) > document.budget.limits.signatures:
            raise too_many("签名", "signatures")
    return found


@dataclass(frozen=True, slots=True)
class FieldNode:
    """A node of the form's field tree (12.7.3): a field, or a widget that shows one."""

    name: str
    """Fully qualified."""
    kind: Value
    """Field type, inherited too."""
    value: Value
    """Of the field, inherited too."""
    node: dict[str, Value]


def field_nodes(document: Document) -> Iterator[FieldNode]:
    """All nodes of the form, in its order, parents first.

    :raises PdfSyntaxError: the form is broken.
    :raises TooComplexError: there are too many.
    """
    form = document.resolve(document.root.get("AcroForm"))
    if form is None:
        return
    waiting: list[tuple[Value, str, Value, Value]] = [
        (item, "", None, None) for item in reversed(document.array(document.dictionary(form).get("Fields")))
    ]
    seen: set[Ref] = set()
    count = 0
    while waiting:
        item, prefix, kind, value = waiting.pop()
        count += 1
        if count > document.budget.limits.fields:
            raise too_many("表单域", "form fields")
        if isinstance(item, Ref):
            if item in seen:
                raise PdfSyntaxError("a form field that contains itself or stands twice")
            seen.add(item)
        node = document.resolve(item)
        if not isinstance(node, dict):
            continue
        part = text(document.resolve(node.get("T")))
        name = ".".join(filter(None, (prefix, part)))
        kind = document.resolve(node.get("FT")) or kind
        value = node.get("V", value)
        yield FieldNode(name, kind, value, node)
        waiting.extend((child, name, kind, value) for child in reversed(document.array(node.get("Kids"))))


def docmdp_level(document: Document, field: SignatureField) -> int | None:
    """What a certifying signature permits afterwards (12.8.2.2): 1 nothing, 2 forms, 3 annotations too.

    Nothing where it does not certify.

    :raises PdfSyntaxError: what it says is not understood.
    """
    for item in document.array(field.value.get("Reference")):
        reference = document.dictionary(item)
        if document.resolve(reference.get("TransformMethod")) != "DocMDP":
            continue
        parameters = document.dictionary(reference.get("TransformParams"))
        level = document.resolve(parameters.get("P", 2))
        if level not in (1, 2, 3):
            raise PdfSyntaxError("a certification of an unknown level")
        return int(level)
    return None


def certifies(document: Document, field: SignatureField) -> bool:
    """Whether the document names this signature as the one that certifies it (12.8.4)."""
    permissions = document.resolve(document.root.get("Perms"))
    return (
        field.reference is not None and isinstance(permissions, dict) and permissions.get("DocMDP") == field.reference
    )


def has_lock(document: Document, field: SignatureField) -> bool:
    """Whether the field of a signature has a lock of any kind (ISO 32000-2, 12.7.5.5)."""
    return any(node.get("V") == field.reference and "Lock" in node for node in _signature_nodes(document))


def locks(document: Document, field: SignatureField) -> bool:
    """Whether a signature locks all fields and lets nothing change from then on (ISO 32000-2, 12.7.5.5 and 12.8.2.4).

    :raises PdfSyntaxError: what it says is not understood.
    """
    nodes = [node for node in _signature_nodes(document) if field.reference and node.get("V") == field.reference]
    references = document.array(field.value.get("Reference"))
    if len(nodes) != 1 or nodes[0].get("Lock") is None or len(references) != 1:
        return False
    reference = document.dictionary(references[0])
    method = document.resolve(reference.get("TransformMethod"))
    return method == "FieldMDP" and all(
        _locks_all(document, value) for value in (nodes[0]["Lock"], reference.get("TransformParams"))
    )


def _signature_nodes(document: Document) -> Iterator[dict[str, Value]]:
    return (each.node for each in field_nodes(document) if each.kind == "Sig")


def _locks_all(document: Document, value: Value) -> bool:
    found = document.dictionary(value)
    permits = document.resolve(found.get("P"))
    return document.resolve(found.get("Action")) == "All" and isinstance(permits, int) and permits == 1


def count_pages(document: Document) -> int:
    """Number of pages.

    :raises PdfSyntaxError: the page tree loops, or something in it is no page.
    :raises TooComplexError: it has too many nodes.
    """
    waiting = [document.root.get("Pages")]
    seen: set[Ref] = set()
    pages = 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, Ref):
            if item in seen:
                raise PdfSyntaxError("a page tree that contains itself")
            seen.add(item)
            if len(seen) > document.budget.limits.pages:
                raise too_many("页面", "pages")
        node = document.dictionary(item)
        if document.resolve(node.get("Type")) == "Pages" or "Kids" in node:
            waiting.extend(reversed(document.array(node.get("Kids"))))
        else:
            pages += 1
    if pages == 0:
        raise PdfSyntaxError("no page")
    return pages


def licence_data(document: Document) -> bytes | None:
    """The data of the licence that is attached to the document, if there is exactly one.

    :raises PdfSyntaxError: the attachment is broken.
    :raises TooComplexError: it is too large.
    """
    streams = [stream for specification in _file_specifications(document) for stream in _named(document, specification)]
    if len(streams) != 1:
        return None
    data = document.unpacked(streams[0])
    if len(data) > document.budget.limits.attachment_bytes:
        raise too_many("附件内容", "bytes in the attachment")
    return data


def _named(document: Document, item: Value) -> Iterator[Stream]:
    specification = document.dictionary(item)
    names = {text(document.resolve(specification.get(key))) for key in ("F", "UF") if key in specification}
    if names != {LICENCE_FILE}:
        return
    stream = document.resolve(document.dictionary(specification.get("EF")).get("F"))
    if isinstance(stream, Stream):
        yield stream


def _file_specifications(document: Document) -> list[Value]:
    """Attachments of the document: from the catalogue's associated files, each once."""
    found = document.array(document.root.get("AF"))
    if len(found) > document.budget.limits.signatures * 16:
        raise too_many("附件", "attachments")
    unique: list[Value] = []
    for item in found:
        if item not in unique:
            unique.append(item)
    return unique
