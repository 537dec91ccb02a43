"""What a policy makes of a document's signatures, and the reports on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from verify.certificates import load_certificate, subject_of
from verify.chains import Chain
from verify.fields import SignatureField
from verify.revocation import RevocationFinding
from verify.signature import CheckedSignature
from verify.signer import SignerCheck
from verify.timestamps import CheckedTimeStamp
from verify.verdict import Changes, Coverage, Level, Reason, SignatureKind, SignatureReport, main_reason, worst


@dataclass(frozen=True, slots=True)
class Judgement:
    """Reasons for the file as a whole, a report for each signature, the licence's data as it was sealed."""

    reasons: tuple[Reason, ...]
    signatures: tuple[SignatureReport, ...]
    licence_data: bytes | None = None


def level_of(checked: CheckedSignature, stamped_until: int | None) -> Level | None:
    """The PAdES level that a signature has reached; one without data for all certificates is not long-term.

    :param stamped_until: where what the last document time stamp that holds covers ends in the file.
    """
    if not checked.intact:
        return None
    stamp = checked.time_stamp
    if stamp is None or stamp.proven is None:
        return Level.B_B
    ends = (checked.revocation.stored_until, stamp.revocation.stored_until)
    if any(end is None for end in ends):
        return Level.B_T
    return Level.B_LTA if stamped_until and all(end <= stamped_until for end in ends if end) else Level.B_LT


@dataclass(frozen=True, slots=True)
class Standing:
    """How a signature stands in its file."""

    coverage: Coverage
    changes: Changes
    certified: int | None = None
    level: Level | None = None


def signature_report(
    field: SignatureField,
    checked: CheckedSignature | None,
    standing: Standing,
    reasons: tuple[Reason, ...],
    claimed_time: datetime | None,
) -> SignatureReport:
    """The report on a signature.

    :param reasons: all that were found about it; the weightiest decides.
    """
    kind = SignatureKind.SEAL if standing.certified is not None else SignatureKind.OTHER
    signer = checked.signer if checked else None
    stamp = checked.time_stamp if checked else None
    return _report(
        field,
        kind,
        standing,
        reasons,
        signer,
        checked.chain if checked else None,
        checked.revocation if checked else None,
        intact=checked is not None and checked.intact,
        trusted=checked is not None and checked.trusted,
        claimed_time=(signer.claimed_time if signer else None) or claimed_time,
        proven_time=stamp.proven if stamp else None,
    )


def time_stamp_report(
    field: SignatureField, checked: CheckedTimeStamp | None, standing: Standing, reasons: tuple[Reason, ...]
) -> SignatureReport:
    """The report on a document time stamp."""
    return _report(
        field,
        SignatureKind.TIMESTAMP,
        standing,
        reasons,
        checked.signer if checked else None,
        checked.chain if checked else None,
        checked.revocation if checked else None,
        intact=checked is not None and checked.intact,
        trusted=checked is not None and checked.fault is None,
        claimed_time=checked.at if checked else None,
        proven_time=checked.proven if checked else None,
    )


def _report(
    field: SignatureField,
    kind: SignatureKind,
    standing: Standing,
    reasons: tuple[Reason, ...],
    signer: SignerCheck | None,
    chain: Chain | None,
    revocation: RevocationFinding | None,
    *,
    intact: bool,
    trusted: bool,
    claimed_time: datetime | None,
    proven_time: datetime | None,
) -> SignatureReport:
    indication = worst(item.indication for item in reasons)
    chief = main_reason(reasons)
    subject, serial, digest = _identity(signer.certificate if signer else None)
    return SignatureReport(
        field_name=field.name,
        kind=kind,
        indication=indication,
        sub_indication=chief.sub_indication if chief else None,
        reasons=reasons,
        intact=intact,
        trusted=trusted,
        coverage=standing.coverage,
        changes=standing.changes,
        certified=standing.certified,
        level=standing.level,
        subfilter=field.subfilter,
        signer_subject=subject,
        signer_serial=serial,
        signer_sha256=digest,
        chain=chain.subjects if chain else (),
        claimed_time=claimed_time,
        proven_time=proven_time,
        digest_algorithm=signer.digest_algorithm if signer else None,
        signature_algorithm=signer.signature_algorithm if signer else None,
        revocation=revocation.uses if revocation else (),
    )


def _identity(certificate: bytes | None) -> tuple[str | None, str | None, str | None]:
    if certificate is None:
        return None, None, None
    digest = hashlib.sha256(certificate).hexdigest()
    try:
        return subject_of(certificate), f"{load_certificate(certificate).serial_number:x}", digest
    except ValueError:
        return None, None, digest
