"""What a check relies on besides the file: anchors, further certificates and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verify.anchors import TrustAnchors


@dataclass(frozen=True, slots=True)
class Trust:
    """What a check relies on."""

    anchors: TrustAnchors
    time_stamp_anchors: TrustAnchors
    intermediates: frozenset[bytes]
    """Certificates that may complete a chain, DER."""
    now: datetime

    def pool(self, embedded: tuple[bytes, ...]) -> frozenset[bytes]:
        """All certificates that may stand between a signer and an anchor."""
        return self.intermediates.union(embedded)
