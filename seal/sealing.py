"""The act of sealing a PDF (用印): leave to use the seal and its record (:mod:`seal.uses`), then the press."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from seal.errors import DocumentUnsealableError
from seal.grants import OWNER, SealUser
from seal.long_term import SealLevel, ValidationData
from seal.pdf import Placement
from seal.press import SealPress
from seal.registry import SealRegistry
from seal.ses_signing import SesSigner, SignatureProfile
from seal.uses import AllowedUse, SealUse, SealUses, UseSearch, WantedUse
from store.errors import YinzhengError

if TYPE_CHECKING:
    from hashlib import _Hash

_PIECE = 1_000_000
_IN_MEMORY = 16_000_000


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
class SealedFile:
    """What is on record of a document under seal."""

    digest: str
    """SHA-256 of the sealed document, lowercase hexadecimal."""
    use_id: int
    sealed_at: datetime
    proof_until: datetime | None
    """When the certificate of its document time stamp ends; None where it has none."""


@dataclass(frozen=True)
class SealedPdf(SealedFile):
    """A document under seal."""

    data: bytes


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
        target = io.BytesIO()
        return _with_data(self.seal_file(io.BytesIO(pdf), target, order), target)

    def seal_file(self, source: IO[bytes], target: IO[bytes], order: SealingOrder) -> SealedFile:
        """Like :meth:`seal_pdf`, for a document of any size, of which only parts are in memory at a time.

        :param source: open for reading.
        :param target: empty and open for reading and writing; it gets the sealed document. Where this raises, what
            has been written to it is nothing to hand out.
        """
        source.seek(0)
        unsealed = _fed(hashlib.sha256(), source).hexdigest()
        size = source.tell()
        use = self._uses.begin(_wanted(order, unsealed))
        try:
            sealed = self._pressed(source, target, (size, unsealed), use, order)
        except YinzhengError as error:
            self._uses.failed(use, error.code)
            raise
        self._uses.sealed(use, sealed.digest)
        return sealed

    def seal_together(self, documents: Sequence[tuple[bytes, SealingOrder]]) -> list[SealedPdf]:
        """Put one seal on several documents as :meth:`seal_pdf` does on one: on all, or on none where this raises.

        What is the same for all is asked for once. A use that may not be leaves no record here: whoever is refused
        asks for each document by itself, which puts on record what was refused and what was not.

        :raises ValueError: the orders are not all for one seal.
        :raises YinzhengError: what :meth:`seal_pdf` raises, for whichever document it is.
        """
        digests = [hashlib.sha256(pdf).hexdigest() for pdf, _ in documents]
        orders = [order for _, order in documents]
        uses = self._uses.begin_together([_wanted(*each) for each in zip(orders, digests, strict=True)])
        made = []
        try:
            lasting = any(order.level.has_validation_data for order in orders)
            evidence = self._press.evidence(uses[0].certificate_id) if lasting else None
            for (pdf, order), unsealed, use in zip(documents, digests, uses, strict=True):
                target = io.BytesIO()
                sealed = self._pressed(io.BytesIO(pdf), target, (len(pdf), unsealed), use, order, evidence)
                made.append(_with_data(sealed, target))
        except YinzhengError as error:
            self._uses.failed_together(uses, error.code)
            raise
        self._uses.sealed_together([(use, sealed.digest) for use, sealed in zip(uses, made, strict=True)])
        return made

    def uses(self, seal_number: str, *, limit: int = 100) -> list[SealUse]:
        """The latest uses of a seal, newest first."""
        return list(self._uses.search(UseSearch(seal_number=seal_number), limit=limit).uses)

    @contextmanager
    def _marked(self, source: IO[bytes], size: int, use: AllowedUse, order: SealingOrder) -> Iterator[IO[bytes]]:
        """The document with a seal signature, where one is ordered."""
        if not order.signatures.has_seal_signature:
            yield source
            return
        # pyHanko reads digit by digit, which is slow through the layers of a spooled file
        with io.BytesIO() if size <= _IN_MEMORY else TemporaryFile() as marked:
            self._ses.sign_pdf(source, marked, seal_number=use.seal.number, at=use.at)
            yield marked

    def _pressed(
        self,
        source: IO[bytes],
        target: IO[bytes],
        unsealed: tuple[int, str],
        use: AllowedUse,
        order: SealingOrder,
        evidence: ValidationData | None = None,
    ) -> SealedFile:
        """Seal a document under a use that is on record.

        :param unsealed: size and SHA-256 of the document.
        """
        source.seek(0)
        with self._marked(source, unsealed[0], use, order) as marked:
            self._press.press(
                marked,
                target,
                artwork=self._artwork(use.seal),
                name=use.seal.name,
                key_id=use.key_id,
                certificate_id=use.certificate_id,
                placement=order.placement,
                reason=order.signatures.reason(order.reason),
                at=use.at,
                level=order.level,
                evidence=evidence,
            )
        digest = _digest_of(target, begins_with=unsealed)
        proof_until = self._press.proof_of(target) if order.level is SealLevel.B_LTA else None
        return SealedFile(digest, use.id, use.at, proof_until)


def _wanted(order: SealingOrder, unsealed: str) -> WantedUse:
    return WantedUse(
        seal_number=order.seal_number,
        caller=order.caller,
        user=order.user,
        document_type=order.document_type,
        document_identifier=order.document_identifier,
        document_digest=unsealed,
        purpose=order.purpose,
    )


def _with_data(sealed: SealedFile, document: io.BytesIO) -> SealedPdf:
    return SealedPdf(sealed.digest, sealed.use_id, sealed.sealed_at, sealed.proof_until, document.getvalue())


def _digest_of(document: IO[bytes], *, begins_with: tuple[int, str]) -> str:
    """SHA-256 of a sealed document.

    :param begins_with: size and SHA-256 of what was to be sealed.
    :raises DocumentUnsealableError: it is something else that was sealed.
    """
    size, unsealed = begins_with
    document.seek(0)
    digest = _fed(hashlib.sha256(), document, size)
    if digest.hexdigest() != unsealed:
        raise DocumentUnsealableError(
            problem_zh="文件在用印过程中被改动。", problem_en="it was changed while it was being sealed."
        )
    return _fed(digest, document).hexdigest()


def _fed(digest: _Hash, document: IO[bytes], size: int | None = None) -> _Hash:
    """A digest that took in so many bytes from where a file stands, or all."""
    while piece := document.read(_PIECE if size is None else min(size, _PIECE)):
        digest.update(piece)
        size = None if size is None else size - len(piece)
    return digest
