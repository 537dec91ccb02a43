"""The artwork of seals and signatures: everything that draws one, under one name."""

from __future__ import annotations

from seal.drawing import Artwork, Shape
from seal.name_artwork import name_seal
from seal.round_artwork import SEAL_RED, company_seal, round_seal
from seal.signature_artwork import INK, StrokePoint, drawn_signature, typed_signature

__all__ = [
    "INK",
    "SEAL_RED",
    "Artwork",
    "Shape",
    "StrokePoint",
    "company_seal",
    "drawn_signature",
    "name_seal",
    "round_seal",
    "typed_signature",
]
