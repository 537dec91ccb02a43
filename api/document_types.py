"""What a seal can be put on: licences of the catalogue, and what people have signed."""

from __future__ import annotations

from typing import Final

from trust import Catalogue

APPLICATION: Final = "application"
"""申请材料: an application or undertaking that its applicant signed, and that a department seals on taking it in."""


def document_type(catalogue: Catalogue, name: str) -> str:
    """The name by which grants and records know a type of document.

    :raises TypeUnknownError: there is no such type.
    """
    return APPLICATION if name == APPLICATION else catalogue.latest(name).slug
