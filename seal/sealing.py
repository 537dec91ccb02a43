"""The act of sealing a PDF (用印): may the seal be used, the signature, the time stamp, and the record of the use.

A use is recorded before the key signs and its outcome afterwards, each in a transaction of its own: a process that dies
in between leaves a use without an outcome, and never a seal without a use. Refusals are recorded as well.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import CertificateAuthority
from seal._tables import SealRow, SealUseOutcomeRow, SealUseRow
from seal.errors import (
    SealCertificateExpiredError,
    SealNotUsableError,
    SealTypeNotAllowedError,
)
from seal.long_term import SealLevel
from seal.pdf import Placement
from seal.press import SealPress
from seal.registry import Seal, SealRegistry, locked_seal, seal_of
from seal.states import SealState
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError


@dataclass(frozen=True)
class SealingOrder:
    """Who wants which document sealed with which seal."""

    seal_number: str
    caller: str
    """Who asks: a client or an officer."""
    document_type: str
    """Code of the type of document; has to be among those that the seal is granted for."""
    document_identifier: str
    placement: Placement
    reason: str
    """Stands in the signature, for the reader of the document."""
    level: SealLevel = SealLevel.B_T


@dataclass(frozen=True)
class SealedPdf:
    """A document under seal."""

    data: bytes
    digest: str
    """SHA-256 of the data, lowercase hexadecimal."""
    use_id: int
    sealed_at: datetime
    proof_until: datetime | None
    """When the certificate of its document time stamp ends; None where it has none."""


@dataclass(frozen=True)
class SealUse:
    """One line of a seal's record of uses (用印记录)."""

    id: int
    seal_number: str
    caller: str
    document_type: str
    document_identifier: str
    unsealed_digest: str
    at: datetime
    result: str | None
    """``sealed``, ``refused``, ``failed``, or None where it was cut short."""
    reason_code: str | None
    sealed_digest: str | None


class Sealer:
    """Seals documents, and keeps the record of it."""

    def __init__(
        self,
        database: Database,
        authority: CertificateAuthority,
        registry: SealRegistry,
        press: SealPress,
        clock: Clock,
    ) -> None:
        self._database = database
        self._authority = authority
        self._press = press
        self._clock = clock
        self._artwork = lru_cache(maxsize=256)(registry.artwork)

    def seal_pdf(self, pdf: bytes, order: SealingOrder) -> SealedPdf:
        """Put a seal on a document as a certifying PAdES signature of the level ordered.

        :raises SealUnknownError: there is no such seal.
        :raises SealNotUsableError: it is not active.
        :raises SealTypeNotAllowedError: it is not granted for this type of document.
        :raises SealCertificateExpiredError: its certificate is outside its validity.
        :raises DocumentUnsealableError: the bytes cannot take a certifying seal.
        :raises TimeStampError: no time stamp could be had.
        """
        seal, use_id, at = self._begin(pdf, order)
        try:
            data = self._seal(pdf, seal, order, at)
        except YinzhengError as error:
            self._end(use_id, "failed", reason_code=error.code)
            raise
        digest = hashlib.sha256(data).hexdigest()
        self._end(use_id, "sealed", sealed_digest=digest)
        proof_until = self._press.proof_until if order.level is SealLevel.B_LTA else None
        return SealedPdf(data, digest, use_id, at, proof_until)

    def uses(self, seal_number: str, *, limit: int = 100) -> list[SealUse]:
        """The latest uses of a seal, newest first."""
        statement = (
            sa.select(SealUseRow, SealUseOutcomeRow)
            .join(SealRow, SealRow.id == SealUseRow.seal_id)
            .outerjoin(SealUseOutcomeRow, SealUseOutcomeRow.use_id == SealUseRow.id)
            .where(SealRow.number == seal_number)
            .order_by(SealUseRow.id.desc())
            .limit(limit)
        )
        with self._database.transaction() as session:
            return [_use_of(seal_number, use, outcome) for use, outcome in session.execute(statement)]

    def _begin(self, pdf: bytes, order: SealingOrder) -> tuple[Seal, int, datetime]:
        now = self._clock.now()
        with self._database.transaction() as session:
            row = locked_seal(session, order.seal_number, shared=True)
            seal = seal_of(row)
            use = SealUseRow(
                seal_id=row.id,
                caller=order.caller,
                document_type=order.document_type,
                document_identifier=order.document_identifier,
                unsealed_digest=hashlib.sha256(pdf).hexdigest(),
                at=now,
            )
            session.add(use)
            session.flush()
            refusal = self._refusal(seal, order, now)
            if refusal is not None:
                self._record_outcome(session, use.id, "refused", reason_code=refusal.code)
        if refusal is not None:
            raise refusal
        return seal, use.id, now

    def _refusal(self, seal: Seal, order: SealingOrder, now: datetime) -> YinzhengError | None:
        if seal.state is not SealState.ACTIVE or seal.key_id is None or seal.certificate_id is None:
            return SealNotUsableError(number=seal.number, state=seal.state.value, state_zh=seal.state.zh)
        if order.document_type not in seal.licence_types:
            return SealTypeNotAllowedError(number=seal.number, document_type=order.document_type)
        certificate = self._authority.get(seal.certificate_id).certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return SealCertificateExpiredError(number=seal.number)
        return None

    def _seal(self, pdf: bytes, seal: Seal, order: SealingOrder, at: datetime) -> bytes:
        if seal.key_id is None or seal.certificate_id is None:
            raise SealNotUsableError(number=seal.number, state=seal.state.value, state_zh=seal.state.zh)
        target = io.BytesIO()
        self._press.press(
            io.BytesIO(pdf),
            target,
            artwork=self._artwork(seal),
            name=seal.name,
            key_id=seal.key_id,
            certificate_id=seal.certificate_id,
            placement=order.placement,
            reason=order.reason,
            at=at,
            level=order.level,
        )
        return target.getvalue()

    def _end(
        self, use_id: int, result: str, *, reason_code: str | None = None, sealed_digest: str | None = None
    ) -> None:
        with self._database.transaction() as session:
            self._record_outcome(session, use_id, result, reason_code=reason_code, sealed_digest=sealed_digest)

    def _record_outcome(
        self,
        session: Session,
        use_id: int,
        result: str,
        *,
        reason_code: str | None = None,
        sealed_digest: str | None = None,
    ) -> None:
        session.add(
            SealUseOutcomeRow(
                use_id=use_id,
                result=result,
                reason_code=reason_code,
                sealed_digest=sealed_digest,
                at=self._clock.now(),
            )
        )


def _use_of(seal_number: str, use: SealUseRow, outcome: SealUseOutcomeRow | None) -> SealUse:
    return SealUse(
        id=use.id,
        seal_number=seal_number,
        caller=use.caller,
        document_type=use.document_type,
        document_identifier=use.document_identifier,
        unsealed_digest=use.unsealed_digest,
        at=use.at,
        result=outcome.result if outcome else None,
        reason_code=outcome.reason_code if outcome else None,
        sealed_digest=outcome.sealed_digest if outcome else None,
    )
