"""One verdict from many kinds of evidence: a PDF, an identifier, a presentation."""

from __future__ import annotations

from verify import _feedback_tables as _feedback_tables  # registers the tables
from verify import _objection_tables as _objection_tables
from verify import _tables as _tables  # registers the tables
from verify.anchors import TrustAnchors
from verify.callers import Caller, Occasion
from verify.checks import CheckedPresentation, Checker, Inspector, RevocationKnowledge
from verify.consents import Consent, ConsentBook
from verify.department_checks import CheckAnswer, DepartmentChecks, IdentifierCheck, IdentifierRequest
from verify.isolation import IsolatedWorkers
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.questions import Ask, Question
from verify.receipts import Receipt, ReceiptSigner, ReceiptVerifier
from verify.records import PUBLIC, CheckEntry, CheckRecord, CheckRecords
from verify.revocation import RevocationData
from verify.service_items import ServiceItem, ServiceItems
from verify.trust import SealMakerTrust
from verify.trust_list import AnchorPurpose, AnchorTerms, TrustedAuthority, TrustList
from verify.verdict import Indication, LicenceSummary, Reason, SignatureReport, Verdict

__all__ = [
    "PUBLIC",
    "AnchorPurpose",
    "AnchorTerms",
    "Ask",
    "Caller",
    "CheckAnswer",
    "CheckEntry",
    "CheckRecord",
    "CheckRecords",
    "CheckedPresentation",
    "Checker",
    "Consent",
    "ConsentBook",
    "DepartmentChecks",
    "IdentifierCheck",
    "IdentifierRequest",
    "Indication",
    "Inspector",
    "IsolatedWorkers",
    "LicenceSummary",
    "Occasion",
    "PdfEvidence",
    "Policy",
    "Question",
    "Reason",
    "Receipt",
    "ReceiptSigner",
    "ReceiptVerifier",
    "RevocationData",
    "RevocationKnowledge",
    "SealMakerTrust",
    "ServiceItem",
    "ServiceItems",
    "SignatureReport",
    "TrustAnchors",
    "TrustList",
    "TrustedAuthority",
    "Verdict",
    "inspect_pdf",
]
