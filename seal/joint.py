"""Several departments' seals on one document (联合发证); the rule is that of :mod:`seal.countersealing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seal.long_term import SealLevel
from seal.sealing import SealedPdf, Sealer, SealingOrder


class JointSealer:
    """Seals one after the other, each seal with its own leave and its own use on record.

    A use whose seal is on the document stays on record as one, also where a later seal is refused and nothing is
    handed out.

    :param first: with a :class:`~seal.countersealing.CoSealPress`.
    :param last: with a :class:`~seal.countersealing.CounterSealPress`.
    """

    def __init__(self, first: Sealer, last: Sealer) -> None:
        self._first = first
        self._last = last

    def seal_pdf(self, pdf: bytes, others: Sequence[SealingOrder], order: SealingOrder) -> SealedPdf:
        """Put on the seals of other departments, at level B-T, and then the one that closes the document.

        :param others: in the order in which they seal; at least one.
        :param order: of the last seal; its level is the document's.
        :raises YinzhengError: what :meth:`seal.sealing.Sealer.seal_pdf` does.
        """
        for each in others:
            pdf = self._first.seal_pdf(pdf, replace(each, level=SealLevel.B_T)).data
        return self._last.seal_pdf(pdf, order)
