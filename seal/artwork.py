"""The artwork of seals and signatures: everything that draws one, under one name."""

from __future__ import annotations

from seal.drawing import Artwork, Shape
from seal.round_artwork import SEAL_RED, company_seal, round_seal

__all__ = ["SEAL_RED", "Artwork", "Shape", "company_seal", "round_seal"]
