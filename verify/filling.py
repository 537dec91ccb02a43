"""Whether forms were filled in after a certification, and nothing else (ISO 32000-2, 12.8.2.2.2).

The difference analysis counts among form filling what a filled form has no need of, and what is known to be misused:
new signature fields, which can cover any part of a page, and new appearances of fields that still hold what they held.
"""

from __future__ import annotations

from verify.document import Document
from verify.fields import FieldNode, field_nodes
from verify.objects import Ref, Value, identical


def only_filled_in(before: Document, after: Document) -> bool:
    """Whether the fields are those that there were, and only those show something else that hold something else.

    :param before: the document as it was signed.
    :param after: the same, after changes that the difference analysis takes for form filling.
    :raises PdfSyntaxError: the form is broken.
    :raises TooComplexError: there are too many fields.
    """
    old, new = list(field_nodes(before)), list(field_nodes(after))
    return len(old) == len(new) and all(_filled_in(before, after, *pair) for pair in zip(old, new, strict=True))


def _filled_in(before: Document, after: Document, old: FieldNode, new: FieldNode) -> bool:
    if (old.name, old.kind) != (new.name, new.kind):
        return False
    if not identical(before.resolve(old.value), after.resolve(new.value)):
        return old.kind != "Sig"
    return _shown(before, old) == _shown(after, new)


def _shown(document: Document, field: FieldNode) -> list[object]:
    """Which appearances a field has (12.5.5), and where in the file each of them stands."""
    appearances = document.resolve(field.node.get("AP"))
    if not isinstance(appearances, dict):
        return [appearances]
    found: list[object] = []
    for kind, value in sorted(appearances.items()):
        states = document.resolve(value)
        each = states.items() if isinstance(states, dict) else [("", value)]
        found += [(kind, state, _place(document, item)) for state, item in each]
    return found


def _place(document: Document, value: Value) -> object:
    return (value, document.place(value.number)) if isinstance(value, Ref) else value
