"""What the tests say about evidence."""

from __future__ import annotations

from verify.pdf import PdfEvidence


def codes(evidence: PdfEvidence) -> list[str]:
    return [reason.code for reason in evidence.reasons]


def assert_refused(evidence: PdfEvidence, code: str) -> None:
    """It does not pass, for this reason among others."""
    assert not evidence.passed, codes(evidence)
    assert code in codes(evidence), codes(evidence)
