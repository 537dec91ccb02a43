"""What a check comes to: the indications of ETSI EN 319 102-1, coded reasons, one report a signature, one verdict.

All of it is values: frozen, comparable, picklable. A verdict says of every reason whether it rests on the PDF
(evidence), on the register (the truth about a licence's status) or on a presentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from trust import LogProof

RestsOn = Literal["pdf", "register", "presentation", "consent", "status_list", "log"]


class Indication(StrEnum):
    """Main status indication, EN 319 102-1, 5.1.3."""

    TOTAL_PASSED = "TOTAL_PASSED"
    TOTAL_FAILED = "TOTAL_FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(StrEnum):
    """Why a check did not pass, EN 319 102-1, 5.1.3, tables 5 and 6."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    NO_POE = "NO_POE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


_SEVERITY = (Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED)


def worst(indications: Iterable[Indication]) -> Indication:
    """The most severe of some indications; passed where there are none."""
    return max(indications, key=_SEVERITY.index, default=Indication.TOTAL_PASSED)


class SignatureKind(StrEnum):
    """What a signature in a PDF is for."""

    SEAL = "seal"
    """It certifies the document (DocMDP), as our seals do."""
    TIMESTAMP = "timestamp"
    """A document time stamp."""
    SES = "ses"
    """A seal signature of GB/T 38540 (国密电子签章), within what a seal certifies."""
    OTHER = "other"
    """An approval signature, or one of a kind that is not known here."""


class Coverage(StrEnum):
    """How much of the file a signature protects."""

    WHOLE_FILE = "whole_file"
    WHOLE_FILE_BEFORE_LTV = "whole_file_before_ltv"
    """All but later revisions that hold only validation data and document time stamps."""
    PARTIAL = "partial"


class Level(StrEnum):
    """PAdES baseline level, EN 319 142-1."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class Changes(StrEnum):
    """The weightiest kind of change that the file has seen after a signature, lightest first."""

    NONE = "none"
    LONG_TERM_VALIDATION = "long_term_validation"
    """Validation data and document time stamps."""
    FORM_FILLING = "form_filling"
    """Form fields filled in, further signatures included."""
    ANNOTATIONS = "annotations"
    OTHER = "other"


class Text(NamedTuple):
    """A parameter of a reason that reads differently in each language."""

    zh: str
    en: str


Parameter: TypeAlias = str | int | date | datetime | Text | None
"""What a reason's texts are filled in with; a moment is written in UTC, to the second."""


class ReasonKind(NamedTuple):
    """One line of the catalogue of reasons (:mod:`verify.reasons`)."""

    zh: str
    en: str
    rests_on: RestsOn
    indication: Indication
    sub_indication: SubIndication | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a check found; made by :func:`verify.reasons.reason`.

    Its texts are written when they are read, since most who check read one of them or none.
    """

    code: str
    """Stable, for machines: ``family.what``."""
    kind: ReasonKind
    parameters: tuple[tuple[str, Parameter], ...] = ()

    @property
    def message_zh(self) -> str:
        """In Chinese."""
        return self.kind.zh.format_map({name: _written(value, 0) for name, value in self.parameters})

    @property
    def message_en(self) -> str:
        """In English."""
        return self.kind.en.format_map({name: _written(value, 1) for name, value in self.parameters})

    @property
    def rests_on(self) -> RestsOn:
        """The evidence that it comes from."""
        return self.kind.rests_on

    @property
    def indication(self) -> Indication:
        """What this alone makes of the verdict."""
        return self.kind.indication

    @property
    def sub_indication(self) -> SubIndication | None:
        """Why it does not pass; None where it does."""
        return self.kind.sub_indication

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "code": self.code,
            "message_zh": self.message_zh,
            "message_en": self.message_en,
            "rests_on": self.rests_on,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
        }


def _written(value: Parameter, language: Literal[0, 1]) -> Parameter:
    if isinstance(value, Text):
        return value[language]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "seconds").replace("+00:00", "Z")
    return value


def main_reason(reasons: Iterable[Reason]) -> Reason | None:
    """The first of the most severe reasons, whose sub-indication speaks for all."""
    return max(reasons, key=lambda item: _SEVERITY.index(item.indication), default=None)


@dataclass(frozen=True, slots=True)
class RevocationUse:
    """A word on the revocation of a certificate that a check rests on."""

    subject: str
    """Of the certificate; distinguished name, RFC 4514."""
    status: str
    """``good``, ``revoked`` or ``unknown`` (RFC 6960, 2.2)."""
    source: str
    """``ocsp`` or ``crl``."""
    in_file: bool
    """The file brought it along."""
    produced_at: datetime
    this_update: datetime
    """The moment of which it is true."""
    next_update: datetime | None
    revoked_at: datetime | None = None
    invalid_since: datetime | None = None
    """Since when the key was in other hands."""
    reason: str | None = None
    """CRLReason by its name in RFC 5280, 5.3.1."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "subject": self.subject,
            "status": self.status,
            "source": self.source,
            "in_file": self.in_file,
            "produced_at": _iso(self.produced_at),
            "this_update": _iso(self.this_update),
            "next_update": _iso(self.next_update),
            "revoked_at": _iso(self.revoked_at),
            "invalid_since": _iso(self.invalid_since),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class SealDataReport:
    """The seal in a seal signature of GB/T 38540, as its data say."""

    version: int
    id: str
    name: str
    kind: int
    """1 a body's, 2 a person's; others are in use."""
    valid_from: datetime
    valid_until: datetime
    maker_subject: str | None
    """Distinguished name, RFC 4514; nothing where the maker's certificate cannot be read."""
    maker_chain: tuple[str, ...]
    """Subjects from the maker to the trust anchor; empty where it leads to none."""
    document_digest: str
    """SM3 that was signed, lowercase hexadecimal."""
    findings: tuple[str, ...]
    """Codes of all that the check found, see docs/gbt38540.md."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "version": self.version,
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "valid_from": _iso(self.valid_from),
            "valid_until": _iso(self.valid_until),
            "maker": {"subject": self.maker_subject, "chain": list(self.maker_chain)},
            "document_digest": self.document_digest,
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What was found out about one signature or document time stamp."""

    field_name: str
    kind: SignatureKind
    indication: Indication
    sub_indication: SubIndication | None
    reasons: tuple[Reason, ...]
    intact: bool
    """The bytes it covers are those that were signed, and the signature is the signer's."""
    trusted: bool
    """Its certificate leads to a trust anchor, and was valid when it counted."""
    coverage: Coverage
    changes: Changes
    certified: int | None = None
    """DocMDP level (1: no changes, 2: forms, 3: forms and annotations) of a certifying signature."""
    level: Level | None = None
    subfilter: str | None = None
    signer_subject: str | None = None
    """Distinguished name, RFC 4514."""
    signer_serial: str | None = None
    """The certificate's serial number, lowercase hexadecimal."""
    signer_sha256: str | None = None
    """SHA-256 of the certificate, lowercase hexadecimal."""
    chain: tuple[str, ...] = ()
    """Subjects from the signer to the trust anchor."""
    claimed_time: datetime | None = None
    """What the signer says."""
    proven_time: datetime | None = None
    """What a valid time stamp of a trusted authority proves."""
    digest_algorithm: str | None = None
    signature_algorithm: str | None = None
    revocation: tuple[RevocationUse, ...] = ()
    """Words on the revocation of the chain's certificates that this rests on."""
    seal_data: SealDataReport | None = None
    """Of a seal signature that can be read."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "field_name": self.field_name,
            "kind": self.kind.value,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "reasons": [item.to_json() for item in self.reasons],
            "intact": self.intact,
            "trusted": self.trusted,
            "coverage": self.coverage.value,
            "changes": self.changes.value,
            "certified": self.certified,
            "level": self.level.value if self.level else None,
            "subfilter": self.subfilter,
            "signer": {
                "subject": self.signer_subject,
                "serial": self.signer_serial,
                "sha256": self.signer_sha256,
                "chain": list(self.chain),
            },
            "claimed_time": _iso(self.claimed_time),
            "proven_time": _iso(self.proven_time),
            "digest_algorithm": self.digest_algorithm,
            "signature_algorithm": self.signature_algorithm,
            "revocation": [item.to_json() for item in self.revocation],
            "seal_data": self.seal_data.to_json() if self.seal_data else None,
        }


class LicenceSummary(NamedTuple):
    """What the register says of the licence in question; the holder is shown masked only."""

    identifier: str
    type_code: str
    title_zh: str
    title_en: str
    issuer: str
    holder_masked: str
    status: str
    number: str | None = None
    issuer_code: str | None = None
    issued_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    """Last day; None where it has no end."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "identifier": self.identifier,
            "type_code": self.type_code,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "number": self.number,
            "issuer": self.issuer,
            "issuer_code": self.issuer_code,
            "holder_masked": self.holder_masked,
            "status": self.status,
            "issued_on": _iso(self.issued_on),
            "valid_from": _iso(self.valid_from),
            "valid_until": _iso(self.valid_until),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "may I rely on this?", from whatever evidence was shown."""

    indication: Indication
    reasons: tuple[Reason, ...]
    checked_at: datetime
    signatures: tuple[SignatureReport, ...] = field(default=())
    licence: LicenceSummary | None = None
    document_digest: str | None = None
    """SHA-256 of the PDF that was shown, lowercase hexadecimal."""
    log_proof: LogProof | None = None
    """That the register's newest record of the licence stands in the transparency log."""

    @property
    def passed(self) -> bool:
        """Only a total pass is one."""
        return self.indication is Indication.TOTAL_PASSED

    @property
    def sub_indication(self) -> SubIndication | None:
        """The sub-indication of the weightiest reason."""
        chief = main_reason(self.reasons)
        return chief.sub_indication if chief and not self.passed else None

    def to_json(self) -> dict[str, Any]:
        """As the JSON object that the command line and the interface give out."""
        sub = self.sub_indication
        return {
            "verdict": self.indication.value,
            "sub_indication": sub.value if sub else None,
            "reasons": [item.to_json() for item in self.reasons],
            "signatures": [item.to_json() for item in self.signatures],
            "licence": self.licence.to_json() if self.licence else None,
            "checked_at": _iso(self.checked_at),
            "document_digest": self.document_digest,
            "log_proof": self.log_proof.to_json() if self.log_proof else None,
        }


def verdict(
    reasons: Iterable[Reason],
    *,
    checked_at: datetime,
    signatures: Iterable[SignatureReport] = (),
    licence: LicenceSummary | None = None,
    document_digest: str | None = None,
    log_proof: LogProof | None = None,
) -> Verdict:
    """The verdict that some reasons come to: the most severe of them decides.

    :raises ValueError: there is no reason at all; a pass has to say what it rests on.
    """
    found = tuple(reasons)
    chief = main_reason(found)
    if chief is None:
        raise ValueError("a verdict needs at least one reason")
    return Verdict(
        indication=chief.indication,
        reasons=found,
        checked_at=checked_at,
        signatures=tuple(signatures),
        licence=licence,
        document_digest=document_digest,
        log_proof=log_proof,
    )


def _iso(at: date | datetime | None) -> str | None:
    return at.isoformat() if at else None
