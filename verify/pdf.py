"""From the bytes of a PDF to evidence: is it sealed, by whom, when, and is it as it was then?

A pure function of its arguments. It reads no database, no network and no clock, and its result can be pickled, so it
can run in a process of its own. Whatever the bytes are, it ends with evidence or with one of the errors of
:mod:`verify.errors`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from store.errors import YinzhengError
from verify.anchors import TrustAnchors
from verify.document import Document
from verify.errors import NoSignatureError, NotAPdfError, TooComplexError
from verify.fields import signature_fields
from verify.general_policy import judge_foreign
from verify.judgement import Judgement
from verify.licence_policy import judge_licence
from verify.limits import DEFAULT_LIMITS, Budget, Limits
from verify.objects import PdfSyntaxError
from verify.reasons import Text, reason
from verify.revocation import NOTHING_KNOWN, RevocationData, Revocations
from verify.source import PrefixDigests, Source, opened
from verify.structure import StructureError
from verify.trust import SealMakerTrust, Trust
from verify.verdict import Indication, Reason, SignatureReport, SubIndication, main_reason, worst

_LOG = logging.getLogger(__name__)
_HEADER_WITHIN = 1024


class Policy(StrEnum):
    """By which rules a PDF is judged."""

    LICENCE = "licence"
    """Strict, for what was sealed here."""
    GENERAL = "general"
    """For PDFs of other signers."""


@dataclass(frozen=True, slots=True)
class PdfEvidence:
    """What the bytes of a PDF prove; what the register says is another matter."""

    policy: Policy
    indication: Indication
    reasons: tuple[Reason, ...]
    signatures: tuple[SignatureReport, ...]
    licence_data: bytes | None
    """The attached ``licence.json`` as it was when the file was sealed. To be relied on only where this passed."""
    document_digest: str
    """SHA-256 of the whole file, lowercase hexadecimal."""
    checked_at: datetime

    @property
    def passed(self) -> bool:
        """Only a total pass is one."""
        return self.indication is Indication.TOTAL_PASSED

    @property
    def sub_indication(self) -> SubIndication | None:
        """The sub-indication of the weightiest reason."""
        chief = main_reason(self.reasons)
        return chief.sub_indication if chief else None


def inspect_pdf(
    file: bytes | Path,
    anchors: TrustAnchors,
    *,
    policy: Policy,
    now: datetime,
    timestamp_anchors: TrustAnchors | None = None,
    intermediates: Iterable[x509.Certificate] = (),
    revocation: RevocationData = NOTHING_KNOWN,
    require_revocation: bool = False,
    seal_makers: SealMakerTrust | None = None,
    max_bytes: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> PdfEvidence:
    """What a PDF proves (validation after ETSI EN 319 102-1).

    :param file: the bytes, or where they are on disk; from there they are read in place, in little memory.
    :param anchors: that signers have to lead to.
    :param now: when the check is made, aware.
    :param timestamp_anchors: that time-stamp authorities have to lead to; the same as the others where not given.
    :param intermediates: certificates that may complete a chain.
    :param revocation: status answers and revocation lists that are at hand besides those in the file.
    :param require_revocation: certificates of whose revocation nothing is known then fail the check as INDETERMINATE;
        otherwise they pass, as those of a licence without long-term data have to.
    :param seal_makers: what signers and makers of seals of GB/T 38540 have to lead to; nobody where not given.
    :param max_bytes: files larger than this are not read.
    :raises EmptyFileError: there are no bytes.
    :raises TooLargeError: there are too many.
    :raises NotAPdfError: they are no PDF, or none that can be read, and no signature is to be seen.
    :raises EncryptedError: the PDF is encrypted; under the general policy, only if it does not open without a password.
    :raises NoSignatureError: it bears no signature.
    :raises TooComplexError: reading it takes more than is spent on one file.
    :raises OSError: the file cannot be read.
    """
    if max_bytes is not None:
        limits = replace(limits, file_bytes=max_bytes)
    trust = Trust(
        anchors=anchors,
        time_stamp_anchors=anchors if timestamp_anchors is None else timestamp_anchors,
        intermediates=frozenset(item.public_bytes(Encoding.DER) for item in intermediates),
        now=now,
        revocation=Revocations.of(revocation, required=require_revocation),
        seal_makers=seal_makers or SealMakerTrust(),
    )
    with opened(file, limits.file_bytes) as data:
        digests = PrefixDigests(data)
        found = _judged(data, digests, trust, policy, limits)
        digest = digests.whole("sha256").hex()
    return PdfEvidence(
        policy=policy,
        indication=worst(item.indication for item in found.reasons),
        reasons=found.reasons,
        signatures=found.signatures,
        licence_data=found.licence_data,
        document_digest=digest,
        checked_at=now,
    )


def _judged(data: Source, digests: PrefixDigests, trust: Trust, policy: Policy, limits: Limits) -> Judgement:
    header = data.find(b"%PDF-", 0, _HEADER_WITHIN)
    traces = data.rfind(b"/ByteRange") >= 0
    if header < 0 or (header > 0 and not traces):
        raise NotAPdfError
    # what other signers' signatures cover from the file's first byte is as they signed it
    if header > 0 and policy is Policy.LICENCE:
        return Judgement((reason("structure.prefix"),), ())
    try:
        document = Document(data, Budget(limits), digests=digests)
        fields = signature_fields(document)
        if fields:
            judge = judge_licence if policy is Policy.LICENCE else judge_foreign
            return judge(document, fields, trust)
    except StructureError as error:
        return Judgement((error.reason,), ())
    except PdfSyntaxError as error:
        if not traces:
            raise NotAPdfError from None
        return _failed(Text("语法有误", str(error)))
    except (RecursionError, MemoryError):
        raise TooComplexError(what_zh="嵌套过深或过大", what_en="nested too deeply or too large") from None
    except YinzhengError:
        raise
    except Exception:
        # hostile bytes found a way into a library that was not foreseen: never a pass, never a traceback
        _LOG.exception("a PDF could not be judged")
        return _failed(Text("含有无法处理的数据", "it holds data that cannot be processed"))
    if not traces:
        raise NoSignatureError
    return Judgement((reason("structure.signature_removed"),), ())


def _failed(detail: Text) -> Judgement:
    return Judgement((reason("structure.malformed", detail=detail),), ())
