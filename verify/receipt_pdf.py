"""The receipt as a page (核验回执): the report of a check under a seal of its own, with the signed receipt attached.

The seal is a certifying PAdES signature by the key of receipts. It is the service's word that it made this page, not an
official seal of any body, and is square so that nobody takes it for one.
"""

from __future__ import annotations

import io
from functools import cached_property
from typing import Final

from keys import ServiceCertificate
from seal.artwork import Artwork
from seal.fonts import FontLibrary
from seal.long_term import SealLevel
from seal.name_artwork import name_seal
from seal.pdf import Placement
from seal.press import SealPress
from store.clock import Clock

_NAME: Final = "核验回执"
_PLACE: Final = Placement(page=1, x_mm=173.0, y_mm=44.5)
_SIDE_MM: Final = 20.0


class ReceiptPages:
    """Seals the pages of receipts. Safe to use from several threads.

    :param certificate: of the key of receipts.
    """

    def __init__(self, press: SealPress, fonts: FontLibrary, certificate: ServiceCertificate, clock: Clock) -> None:
        self._press = press
        self._fonts = fonts
        self._certificate = certificate
        self._clock = clock

    def seal(self, page: bytes, *, receipt_id: str) -> bytes:
        """The page under the seal of receipts, time-stamped.

        :raises TimeStampError: no time stamp could be had.
        """
        target = io.BytesIO()
        certificate = self._certificate.current()
        self._press.press(
            io.BytesIO(page),
            target,
            artwork=self._artwork,
            name=_NAME,
            key_id=certificate.key_id,
            certificate_id=certificate.id,
            placement=_PLACE,
            reason=f"核验回执 {receipt_id}",
            at=self._clock.now(),
            level=SealLevel.B_T,
        )
        return target.getvalue()

    @cached_property
    def _artwork(self) -> Artwork:
        return name_seal(_NAME, fonts=self._fonts, side_mm=_SIDE_MM)
