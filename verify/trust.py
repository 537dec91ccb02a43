"""What a check relies on besides the file: anchors, further certificates, words on revocation and the time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from verify.anchors import NO_ANCHORS, TrustAnchors
from verify.document import Document
from verify.file_evidence import stored_evidence
from verify.revocation import Revocations


@dataclass(frozen=True, slots=True)
class SealMakerTrust:
    """What checks of seal signatures (GB/T 38540) start from: authorities of SM2, and what they revoked. All DER."""

    anchors: TrustAnchors = NO_ANCHORS
    authorities: tuple[bytes, ...] = ()
    """Certificates that may stand between."""
    crls: tuple[bytes, ...] = ()
    complete: bool = True
    """If not, certificates of whose revocation nothing is known do not pass."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a check relies on."""

    anchors: TrustAnchors
    time_stamp_anchors: TrustAnchors
    intermediates: frozenset[bytes]
    """Certificates that may complete a chain, DER."""
    now: datetime
    revocation: Revocations = field(default_factory=Revocations)
    seal_makers: SealMakerTrust = field(default_factory=SealMakerTrust)

    def pool(self, embedded: tuple[bytes, ...]) -> frozenset[bytes]:
        """All certificates that may stand between a signer and an anchor."""
        return self.intermediates.union(embedded)


def with_evidence(trust: Trust, document: Document) -> Trust:
    """The same, with the words on revocation that a document's security store holds."""
    return replace(trust, revocation=trust.revocation.with_more(stored_evidence(document)))


def with_proof(trust: Trust, end: int, at: datetime) -> Trust:
    """The same, with a document time stamp that shows that what stands before an offset existed at a time."""
    return replace(trust, revocation=trust.revocation.with_proof(end, at))
