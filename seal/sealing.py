"""The act of sealing a PDF (用印): leave to use the seal and its record (:mod:`seal.uses`), then the press."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from seal.grants import OWNER, SealUser
from seal.long_term import SealLevel
from seal.pdf import Placement
from seal.press import SealPress
from seal.registry import SealRegistry
from seal.ses_signing import SesSigner, SignatureProfile
from seal.uses import AllowedUse, SealUse, SealUses, UseSearch, WantedUse
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
    user: SealUser = OWNER
    """On whose behalf; the seal's owner's where nothing is said."""
    purpose: str | None = None
    """Only a grant for this purpose allows the use; who uses its own seal may leave it out."""
    signatures: SignatureProfile = SignatureProfile.INTERNATIONAL
    """Whether a seal signature of GB/T 38540 stands within; the one use covers both."""


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


class Sealer:
    """Seals documents, and keeps the record of it."""

    def __init__(self, registry: SealRegistry, uses: SealUses, press: SealPress, ses: SesSigner) -> None:
        self._uses = uses
        self._press = press
        self._ses = ses
        self._artwork = lru_cache(maxsize=256)(registry.artwork)

    def seal_pdf(self, pdf: bytes, order: SealingOrder) -> SealedPdf:
        """Put a seal on a document as a certifying PAdES signature of the level ordered, over a seal signature of
        GB/T 38540 where the order wants one.

        :raises SealUnknownError: there is no such seal.
        :raises SealNotUsableError: it is not active.
        :raises SealCertificateExpiredError: its certificate is outside its validity.
        :raises SealCertificateStoppedError: its certificate was revoked or retired.
        :raises SealNotGrantedError: whoever asks has no grant that holds now.
        :raises SealTypeNotAllowedError: no grant is for this type of document.
        :raises SealQuotaUsedError: the grant's uses of today are used up.
        :raises DocumentUnsealableError: the bytes cannot take a certifying seal.
        :raises TimeStampError: no time stamp could be had.
        :raises SealDataMissingError: the order wants a seal signature and the seal has no data for it.
        """
        use = self._uses.begin(
            WantedUse(
                seal_number=order.seal_number,
                caller=order.caller,
                user=order.user,
                document_type=order.document_type,
                document_identifier=order.document_identifier,
                document_digest=hashlib.sha256(pdf).hexdigest(),
                purpose=order.purpose,
            )
        )
        try:
            data = self._seal(pdf, use, order)
        except YinzhengError as error:
            self._uses.failed(use, error.code)
            raise
        digest = hashlib.sha256(data).hexdigest()
        self._uses.sealed(use, digest)
        proof_until = self._press.proof_until if order.level is SealLevel.B_LTA else None
        return SealedPdf(data, digest, use.id, use.at, proof_until)

    def uses(self, seal_number: str, *, limit: int = 100) -> list[SealUse]:
        """The latest uses of a seal, newest first."""
        return list(self._uses.search(UseSearch(seal_number=seal_number), limit=limit).uses)

    def _seal(self, pdf: bytes, use: AllowedUse, order: SealingOrder) -> bytes:
        source, target = io.BytesIO(pdf), io.BytesIO()
        if order.signatures.has_seal_signature:
            marked = io.BytesIO()
            self._ses.sign_pdf(source, marked, seal_number=use.seal.number, at=use.at)
            source = marked
        self._press.press(
            source,
            target,
            artwork=self._artwork(use.seal),
            name=use.seal.name,
            key_id=use.key_id,
            certificate_id=use.certificate_id,
            placement=order.placement,
            reason=order.signatures.reason(order.reason),
            at=use.at,
            level=order.level,
        )
        return target.getvalue()
