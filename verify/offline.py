"""Checking a licence with nothing but files: the PDF, a trust anchor, and a status list that was saved before.

The register is not asked, so a verdict rests on the seal and on the list, and holds for the moment at which the list
was signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from verify.anchors import TrustAnchors
from verify.inclusion import inclusion_of
from verify.pdf import PdfEvidence, Policy
from verify.reasons import reason
from verify.status_list import StatusReference, status_in
from verify.trust import SealMakerTrust
from verify.verdict import Reason, Verdict, verdict


def check_offline(
    file: bytes | Path,
    anchors: TrustAnchors,
    status_list: bytes | None,
    *,
    log_proof: bytes | None = None,
    now: datetime,
    max_bytes: int,
    inspect: Callable[..., PdfEvidence],
) -> Verdict:
    """Check a sealed licence by its file and a saved status list.

    :param status_list: the list that the licence names, as it was fetched; without one the check cannot pass.
    :param log_proof: that the file stands in the transparency log, where the holder has it.
    :param inspect: :func:`verify.pdf.inspect_pdf`, or the same in a process of its own.
    :raises VerifyError: the file cannot be read as a signed PDF at all (see :mod:`verify.errors`).
    """
    evidence = inspect(
        file, anchors, policy=Policy.LICENCE, now=now, seal_makers=SealMakerTrust(anchors), max_bytes=max_bytes
    )
    reasons = [*evidence.reasons, _status(evidence.licence_data, status_list, anchors, now)]
    if log_proof is not None:
        reasons.append(inclusion_of(log_proof, evidence.document_digest, anchors, now=now))
    return verdict(
        reasons,
        checked_at=now,
        signatures=evidence.signatures,
        document_digest=evidence.document_digest,
    )


def _status(licence_data: bytes | None, status_list: bytes | None, anchors: TrustAnchors, now: datetime) -> Reason:
    reference = StatusReference.of(licence_data)
    if reference is None:
        return reason("status.none_named")
    if status_list is None:
        return reason("status.missing", uri=reference.uri)
    return status_in(status_list, reference, anchors, now=now)
