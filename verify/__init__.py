"""One verdict from many kinds of evidence: a PDF, an identifier, a presentation."""

from __future__ import annotations

from verify import _tables as _tables  # registers the tables
from verify.anchors import TrustAnchors
from verify.checks import CheckedPresentation, Checker, RevocationKnowledge
from verify.isolation import IsolatedWorkers
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.records import CheckRecord, CheckRecords
from verify.revocation import RevocationData
from verify.trust import SealMakerTrust
from verify.trust_list import AnchorPurpose, AnchorTerms, TrustedAuthority, TrustList
from verify.verdict import Indication, LicenceSummary, Reason, SignatureReport, Verdict

__all__ = [
    "AnchorPurpose",
    "AnchorTerms",
    "CheckRecord",
    "CheckRecords",
    "CheckedPresentation",
    "Checker",
    "Indication",
    "IsolatedWorkers",
    "LicenceSummary",
    "PdfEvidence",
    "Policy",
    "Reason",
    "RevocationData",
    "RevocationKnowledge",
    "SealMakerTrust",
    "SignatureReport",
    "TrustAnchors",
    "TrustList",
    "TrustedAuthority",
    "Verdict",
    "inspect_pdf",
]
