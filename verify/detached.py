"""Checking seal signatures that stand by themselves (GB/T 38540-2020)."""

from __future__ import annotations

from datetime import datetime

from seal.ses_signature import read_ses_signature
from verify.reasons import reason
from verify.seal_checks import check_seal, seal_report
from verify.trust import SealMakerTrust
from verify.verdict import Changes, Coverage, Verdict, verdict


def check_detached(
    signature: bytes, digest: bytes, makers: SealMakerTrust, *, now: datetime, property_info: str | None = None
) -> Verdict:
    """The verdict on a seal signature over data; its one report is named by the property that was signed.

    The time is the signer's own word: nothing else proves it, so certificates have to be valid still.

    :param signature: SES_Signature in DER, of version 1, 4 or 5.
    :param digest: SM3 of the data as they are now.
    :param property_info: what the signature has to name as its data; whatever it does where nothing is said.
    :raises seal.esl_errors.EslUnreadableError: it is not strict DER of a known form.
    :raises seal.esl_errors.EslTooLargeError: it is larger than any.
    :raises seal.esl_errors.EslVersionUnknownError: its seal is of a version that is not known.
    """
    read = read_ses_signature(signature)
    checked = check_seal(read, digest, makers, now=now)
    against = [] if property_info in (None, read.property) else [reason("ses.other_field")]
    report = seal_report(read.property, checked, against, coverage=Coverage.WHOLE_FILE, changes=Changes.NONE)
    return verdict(report.reasons, checked_at=now, signatures=[report])
