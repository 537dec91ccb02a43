"""With which certificate, and so with which key, one of our own services signs now."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Final

from keys.authority import CertificateAuthority
from keys.certificates import CertificateRecord
from keys.custody import KeyPurpose
from keys.subjects import Subject
from store.clock import Clock

_LOOKED_AGAIN_AFTER: Final = timedelta(seconds=10)


class ServicePurpose(StrEnum):
    """The purposes whose keys the service chooses by itself, and finds again when they were changed."""

    TIMESTAMP = KeyPurpose.TIMESTAMP.value
    TOKEN = KeyPurpose.TOKEN.value
    RECEIPT = KeyPurpose.RECEIPT.value
    CONSENT = KeyPurpose.CONSENT.value
    STATUS_LIST = KeyPurpose.STATUS_LIST.value
    PRESENTATION = KeyPurpose.PRESENTATION.value
    SEAL_MAKER = KeyPurpose.SEAL_MAKER.value


class ServiceCertificate:
    """Looked up again every ten seconds, so that a key that was changed, or whose certificate was revoked, rests in
    every process soon after, without a restart. Safe to use from several threads.

    :param purpose: as :meth:`keys.CertificateAuthority.ensure_service` takes it.
    """

    def __init__(self, authority: CertificateAuthority, clock: Clock, purpose: KeyPurpose, subject: Subject) -> None:
        self._authority = authority
        self._clock = clock
        self._purpose = purpose
        self._subject = subject
        self._record: CertificateRecord | None = None
        self._read_at: datetime | None = None
        self._lock = Lock()

    def current(self) -> CertificateRecord:
        """The certificate; made, or renewed with a new key, when due."""
        record = self._record
        if record is None:
            with self._lock:
                return self._looked_up()
        # while one looks again the others go on: they may hold connections that the one has to wait for
        if self._is_due() and self._lock.acquire(blocking=False):
            try:
                return self._looked_up()
            finally:
                self._lock.release()
        return record

    def _looked_up(self) -> CertificateRecord:
        if self._record is None or self._is_due():
            now = self._clock.now()
            self._record = self._authority.ensure_service(self._purpose, self._subject)
            self._read_at = now
        return self._record

    def _is_due(self) -> bool:
        return self._read_at is None or abs(self._clock.now() - self._read_at) >= _LOOKED_AGAIN_AFTER
