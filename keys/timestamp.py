"""The time-stamping authority (时间戳机构) in the same process: RFC 3161 with the rules of RFC 5816."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from keys import _tsp as tsp
from keys._tables import TimestampClockRow
from keys._x509 import SIGNATURE_ALGORITHMS, random_serial, subject_of
from keys.authority import CertificateAuthority
from keys.certificate_checks import is_issued_by
from keys.certificates import CertificateRecord
from keys.custody import KeyAlgorithm, KeyCustody, KeyPurpose
from keys.subjects import Subject
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError

_LOG: Final = logging.getLogger(__name__)

SUBJECT: Final = Subject(common_name="印证时间戳服务 Yinzheng Time Stamping", organisation="印证 Yinzheng")

_SAVED_EVERY: Final = timedelta(seconds=10)
"""How often the latest time is written down; also how far back a clock can be set during a restart unnoticed."""

_ACCURACY: Final = timedelta(seconds=1)
"""What every token states, so also how far the clocks of several processes may be apart."""

_FAR_OFF: Final = timedelta(seconds=5)
"""From another machine's clock. More than that is a clock that runs wild; less may be the other one."""


@dataclass(frozen=True, slots=True)
class _Signer:
    record: CertificateRecord
    parts: tsp.SignerParts


class TimestampAuthority:
    """Answers time-stamp requests. Safe to use from several threads.

    :param algorithm: of its key, when one is made.
    :param reference: another clock, such as the database server's; while ours is far from it, nothing is stamped.
    """

    def __init__(
        self,
        custody: KeyCustody,
        authority: CertificateAuthority,
        database: Database,
        clock: Clock,
        *,
        subject: Subject = SUBJECT,
        algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256,
        reference: Callable[[], datetime] | None = None,
    ) -> None:
        self._custody = custody
        self._authority = authority
        self._database = database
        self._clock = clock
        self._subject = subject
        self._algorithm = algorithm
        self._reference = reference
        self._signer: _Signer | None = None
        self._last: datetime | None = None
        self._saved: datetime | None = None
        self._lock = Lock()
        self._saving = Lock()

    def ensure(self) -> None:
        """Make the key and certificate, or renew them when due; of two processes, one does."""
        record = self._authority.ensure_service(KeyPurpose.TIMESTAMP, self._subject, algorithm=self._algorithm)
        if self._signer is None or self._signer.record.id != record.id:
            self._signer = self._prepare(record)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that tokens are signed with now.

        :raises keys.errors.AuthorityNotReadyError: :meth:`ensure` was never called on this database.
        """
        return self._current().record.certificate

    def respond(self, request: bytes) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp, both DER; never raises.

        What cannot be stamped gets a rejection (RFC 3161 2.4.2): ``badAlg`` for other imprints than SHA-256, SHA-384
        and SHA-512, ``badDataFormat``, ``badRequest`` for another version, ``unacceptedPolicy``,
        ``unacceptedExtension``; ``timeNotAvailable`` when the clock went backwards or is far from the reference, or our
        certificate is not valid now, ``systemFailure`` when the key or the database cannot be used.
        """
        try:
            query = tsp.read_query(request)
            return self._stamp(query)
        except tsp.RefusalError as refusal:
            return tsp.rejection(refusal.failure)
        except (YinzhengError, SQLAlchemyError):
            _LOG.exception("a time stamp could not be made")
            return tsp.rejection(tsp.Failure.SYSTEM_FAILURE)

    def _stamp(self, query: tsp.TimestampQuery) -> bytes:
        at = self._time()
        signer = self._current()
        if not _covers(signer.record, at):
            # another process may have renewed it
            signer = self._signer = self._prepare(self._authority.current(KeyPurpose.TIMESTAMP))
            if not _covers(signer.record, at):
                raise tsp.RefusalError(tsp.Failure.TIME_NOT_AVAILABLE)
        info = tsp.token_info(query, random_serial(), at)
        attributes = signer.parts.attributes(hashlib.sha256(info).digest())
        signature = self._custody.sign(signer.record.key_id, attributes)
        return tsp.granted(query, info, attributes, signature, signer.parts)

    def _time(self) -> datetime:
        """The present moment, if it is not before one that was already issued, nor far from the reference."""
        with self._lock:
            # read inside, or a thread that was held up would look like a clock that went backwards
            now = self._clock.now()
            if self._last is not None and now < self._last:
                raise tsp.RefusalError(tsp.Failure.TIME_NOT_AVAILABLE)
        self._hold_against_others(now)
        with self._lock:
            # only now: a time that is not issued says nothing about those that are
            self._last = now if self._last is None else max(self._last, now)
        return now

    def _hold_against_others(self, now: datetime) -> None:
        saved = self._saved
        if saved is not None and now - saved < _SAVED_EVERY:
            return
        # at first, after a failure, a pause or a jump all wait for the word of others; else one thread asks and the
        # others go on
        if self._saving.acquire(blocking=saved is None or now - saved >= 2 * _SAVED_EVERY):
            try:
                # nobody else did meanwhile, or somebody did and was refused
                if self._saved is saved or self._saved is None:
                    self._check(now)
            except BaseException:
                self._saved = None
                raise
            finally:
                self._saving.release()

    def _check(self, now: datetime) -> None:
        """Hold a time against the other clocks, write it down, and see whether our certificate still stands."""
        if self._reference is not None:
            theirs = self._reference()
            # the answer took its time; theirs lies between
            if not now - _FAR_OFF <= theirs <= self._clock.now() + _FAR_OFF:
                _LOG.error("no time stamps: this machine's clock is %s from the reference", now - theirs)
                raise tsp.RefusalError(tsp.Failure.TIME_NOT_AVAILABLE)
        if self._save(now) - now > _ACCURACY:
            raise tsp.RefusalError(tsp.Failure.TIME_NOT_AVAILABLE)
        if self._signer is not None:
            self.ensure()
        self._saved = now

    def _save(self, now: datetime) -> datetime:
        """Write the time down unless a later one is; what is written then."""
        table = TimestampClockRow
        statement = insert(table).values(id=1, last_time=now)
        latest = sa.func.greatest(table.last_time, statement.excluded.last_time)
        with self._database.transaction() as session:
            return session.scalars(
                statement.on_conflict_do_update(index_elements=[table.id], set_={"last_time": latest}).returning(
                    table.last_time
                )
            ).one()

    def _current(self) -> _Signer:
        signer = self._signer
        if signer is None:
            signer = self._signer = self._prepare(self._authority.current(KeyPurpose.TIMESTAMP))
        return signer

    def _prepare(self, record: CertificateRecord) -> _Signer:
        path = self._authority.chain(record.certificate)
        # all but the root; a chain from outside may end before it
        sent = path[:-1] if is_issued_by(path[-1], path[-1]) else path
        encoded = [certificate.public_bytes(Encoding.DER) for certificate in sent]
        return _Signer(
            record,
            tsp.SignerParts.of(
                certificates=encoded,
                issuer=subject_of(path[1]),
                serial=record.certificate.serial_number,
                digest=hashlib.sha256(encoded[0]).digest(),
                algorithm=SIGNATURE_ALGORITHMS[self._custody.info(record.key_id).algorithm],
            ),
        )


def _covers(record: CertificateRecord, at: datetime) -> bool:
    return record.not_before <= at <= record.not_after
