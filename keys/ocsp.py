"""The status service (证书状态服务, OCSP): RFC 6960 in the light profile of RFC 5019, with delegated responders.

Each authority lets a responder of its own sign, so that its key is not at work for every question. Answers without a
nonce are kept and given again for a while; that the status in them still holds is asked of the books every time, so a
revocation is never hidden by a kept answer.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.exc import SQLAlchemyError

from keys import _der
from keys import _ocsp as messages
from keys._x509 import SIGNATURE_ALGORITHMS, subject_of
from keys.authority import CertificateAuthority
from keys.certificate_checks import is_valid_at, public_key_info
from keys.certificates import CertificateRecord
from keys.custody import KeyCustody
from keys.errors import IssuerExpiredError
from keys.revocation import statuses
from store.clock import Clock
from store.database import Database, DatabaseUnavailableError
from store.errors import YinzhengError

_LOG: Final = logging.getLogger(__name__)

ANSWER_LIFETIME: Final = timedelta(days=1)
"""From an answer to its nextUpdate."""

REUSED_FOR: Final = timedelta(hours=1)
"""How long an answer is given again."""

_UNKNOWN_LIFETIME: Final = timedelta(minutes=5)
_CHECKED_EVERY: Final = timedelta(minutes=1)
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """An OCSPResponse in DER; one that may be kept and given to others as well says from when to when it holds."""

    der: bytes
    this_update: datetime | None = None
    next_update: datetime | None = None
    reused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Responder:
    issuer: CertificateRecord
    record: CertificateRecord
    name: bytes
    algorithm: bytes
    certificate: bytes
    checked_at: datetime


class OcspResponder:
    """Answers what the status of a certificate is. Safe to use from several threads."""

    def __init__(self, custody: KeyCustody, authority: CertificateAuthority, database: Database, clock: Clock) -> None:
        self._custody = custody
        self._authority = authority
        self._database = database
        self._clock = clock
        self._issuers: dict[tuple[str, bytes, bytes], CertificateRecord] = {}
        self._responders: dict[int, _Responder] = {}
        self._kept: OrderedDict[tuple[int, messages.Status], OcspAnswer] = OrderedDict()
        self._lock = Lock()

    def respond(self, request: bytes) -> OcspAnswer:
        """Answer an OCSPRequest; never raises.

        ``malformedRequest`` for what is not one, asks about more than 16 certificates or has a nonce of more than
        32 bytes; ``unauthorized`` for certificates of other authorities than ours, or of several at once, since no
        one responder may speak for them; ``tryLater`` when the database is away, ``internalError`` when the key
        cannot be used. A serial number that its authority never issued is ``unknown``.
        """
        try:
            query = messages.read_query(request)
            return self._answer(query)
        except messages.RefusalError as refusal:
            return OcspAnswer(messages.failure(refusal.failure))
        except DatabaseUnavailableError:
            _LOG.exception("the status of a certificate could not be looked up")
            return OcspAnswer(messages.failure(messages.Failure.TRY_LATER))
        except (YinzhengError, SQLAlchemyError):
            _LOG.exception("a status could not be answered")
            return OcspAnswer(messages.failure(messages.Failure.INTERNAL_ERROR))

    def good_status_of(self, issuer: CertificateRecord, serial: int) -> OcspAnswer:
        """An answer about a certificate unasked, to be put into a document.

        The caller has just seen in the books that the authority issued it and has not revoked it.

        :raises YinzhengError: it cannot be signed now.
        """
        name, key = _hashes("sha256", issuer)
        status = messages.Status(messages.certificate_id(name, key, serial), True, None)
        return self._answer_with(issuer, [status], None)

    def _answer(self, query: messages.StatusQuery) -> OcspAnswer:
        found = {self._issuer(each.issuer) for each in query.certificates}
        issuer = found.pop()
        if found or issuer is None:
            raise messages.RefusalError(messages.Failure.UNAUTHORIZED)
        try:
            return self._answer_for(issuer, query)
        except IssuerExpiredError:
            # nobody can be authorised any more to answer in its name
            raise messages.RefusalError(messages.Failure.UNAUTHORIZED) from None

    def _answer_for(self, issuer: CertificateRecord, query: messages.StatusQuery) -> OcspAnswer:
        with self._database.transaction() as session:
            found = statuses(session, issuer.id, [each.serial for each in query.certificates])
        answers = [messages.Status(each, each.serial in found, found.get(each.serial)) for each in query.certificates]
        return self._answer_with(issuer, answers, query.nonce)

    def _answer_with(
        self, issuer: CertificateRecord, answers: Sequence[messages.Status], nonce: bytes | None
    ) -> OcspAnswer:
        now = self._clock.now()
        responder = self._responder(issuer, now)
        kept_under = (responder.record.id, answers[0])
        # only the plain question about one certificate is one that others ask as well
        shared = nonce is None and len(answers) == 1 and answers[0].known
        if shared:
            with self._lock:
                kept = self._kept.get(kept_under)
                if kept is not None and _may_be_reused(kept, now):
                    self._kept.move_to_end(kept_under)
                    return kept
        answer = self._sign(responder, answers, nonce, now)
        if not shared:
            return OcspAnswer(answer.der)
        with self._lock:
            self._kept[kept_under] = answer
            self._kept.move_to_end(kept_under)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer

    def _sign(
        self, responder: _Responder, answers: Sequence[messages.Status], nonce: bytes | None, now: datetime
    ) -> OcspAnswer:
        at = now.replace(microsecond=0)
        lifetime = ANSWER_LIFETIME if all(each.known for each in answers) else _UNKNOWN_LIFETIME
        until = min(at + lifetime, responder.record.not_after)
        data = messages.to_be_signed(
            responder.name,
            answers,
            produced_at=at,
            next_update=until,
            archive_cutoff=responder.issuer.not_before,
            nonce=nonce,
        )
        signature = self._custody.sign(responder.record.key_id, data)
        encoded = messages.response(data, responder.algorithm, signature, responder.certificate)
        return OcspAnswer(encoded, at, until, min(at + REUSED_FOR, until))

    def _issuer(self, named: tuple[str, bytes, bytes]) -> CertificateRecord | None:
        found = self._issuers.get(named)
        if found is None:
            self._issuers = {
                (function, *_hashes(function, record)): record
                for record in self._authority.authorities()
                for function in ("sha1", "sha256")
            }
            found = self._issuers.get(named)
        return found

    def _responder(self, issuer: CertificateRecord, now: datetime) -> _Responder:
        held = self._responders.get(issuer.id)
        if (
            held is not None
            and abs(now - held.checked_at) < _CHECKED_EVERY
            and is_valid_at(held.record.certificate, now)
        ):
            return held
        record = self._authority.ensure_responder(issuer)
        if not is_valid_at(record.certificate, now):
            raise IssuerExpiredError
        algorithm = SIGNATURE_ALGORITHMS[self._custody.info(record.key_id).algorithm]
        certificate = record.certificate
        made = _Responder(
            issuer, record, subject_of(certificate), algorithm, certificate.public_bytes(Encoding.DER), now
        )
        self._responders[issuer.id] = made
        return made


def _may_be_reused(answer: OcspAnswer, now: datetime) -> bool:
    return (
        answer.this_update is not None
        and answer.reused_until is not None
        and answer.this_update <= now < answer.reused_until
    )


def _hashes(function: str, issuer: CertificateRecord) -> tuple[bytes, bytes]:
    """Of an authority's name and of its public key's bits, as a CertID names it."""
    key = _der.Reader(_der.Reader(public_key_info(issuer.certificate)).read(_der.SEQUENCE))
    key.read(_der.SEQUENCE)
    bits = key.read(_der.BIT_STRING)[1:]
    name = subject_of(issuer.certificate)
    return (
        hashlib.new(function, name, usedforsecurity=False).digest(),
        hashlib.new(function, bits, usedforsecurity=False).digest(),
    )
