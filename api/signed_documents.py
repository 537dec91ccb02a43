"""Sealing what people have signed (在已签名文件上用印): first the signatures are checked, then the seal closes it."""

from __future__ import annotations

from api.errors import SignaturesNotGoodError
from api.services import Services
from seal import SealedPdf, SealingOrder


def seal_signed(services: Services, pdf: bytes, order: SealingOrder) -> SealedPdf:
    """Put a seal on a document whose signatures are all good, as one that locks it.

    :raises VerifyError: it cannot be read as a signed PDF at all.
    :raises SignaturesNotGoodError: a signature on it is not good, by the trust list; nothing was sealed.
    :raises SealError: the seal may not be used for this; see :meth:`seal.Sealer.seal_pdf`.
    """
    verdict = services.checker.check_foreign_pdf(pdf)
    if not verdict.passed:
        codes = [reason.code for reason in verdict.reasons if reason.indication is verdict.indication]
        raise SignaturesNotGoodError(problem=", ".join(codes[:5]))
    return services.counter_sealer.seal_pdf(pdf, order)
