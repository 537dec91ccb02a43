"""The certificate authority (证书机构) of the embedded default: a root, an issuing authority and what it certifies.

It is there so that the system seals from the first minute. A deployment with certificates of a licensed authority
brings those, and this one then serves tests and rehearsals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys import _books as books
from keys import revocation as revocations
from keys._certifying import Certifier, UrlsBelow
from keys._locks import take_turns
from keys._tables import CertificateRow, SigningKeyRow
from keys._x509 import key_identifier, subject_of
from keys.certificate_checks import is_gm, is_issued_by, public_key_info
from keys.certificates import CertificateRecord, CertificateState, KeyOverview
from keys.chain_errors import ForeignIssuerError
from keys.custody import KeyAlgorithm, KeyCustody, KeyPurpose
from keys.errors import (
    AnchorFixedError,
    AuthorityNotReadyError,
    CertificateRetiredError,
    CertificateUnknownError,
    PurposeMismatchError,
    ServiceKeyMissingError,
)
from keys.foreign import ForeignCertificates
from keys.profiles import CertificateProfile, profile_for
from keys.revocation import Revocation, RevocationReason
from keys.subjects import Subject
from store.clock import Clock
from store.database import Database

ROOT_SUBJECT: Final = Subject(common_name="印证根证书 Yinzheng Root CA", organisation="印证 Yinzheng")
GM_ROOT_SUBJECT: Final = Subject(common_name="印证国密根证书 Yinzheng SM2 Root CA", organisation="印证 Yinzheng")
GM_ISSUING_SUBJECT: Final = Subject(common_name="印证国密签发 Yinzheng SM2 Issuing CA", organisation="印证 Yinzheng")
ISSUING_SUBJECT: Final = Subject(common_name="印证签发证书 Yinzheng Issuing CA", organisation="印证 Yinzheng")
RESPONDER_SUBJECT: Final = Subject(common_name="印证证书状态服务 Yinzheng OCSP", organisation="印证 Yinzheng")

_RENEWED_BEFORE: Final = timedelta(days=30)
"""A service's certificate is replaced when less of its life is left."""
_STAMPS_RENEWED_BEFORE: Final = timedelta(days=365)
"""The same of time stamps: whoever renews proofs before they end needs a certificate that lasts longer by then."""


class CertificateAuthority:
    """Issues certificates and knows the ones it issued. Safe to use from several threads.

    :param algorithm: of the keys of the root and the issuing authority, when they are first made.
    :param urls: written into certificates from now on; nothing leaves those extensions out.
    """

    def __init__(
        self,
        database: Database,
        custody: KeyCustody,
        clock: Clock,
        *,
        algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256,
        root_subject: Subject = ROOT_SUBJECT,
        issuing_subject: Subject = ISSUING_SUBJECT,
        urls: UrlsBelow | None = None,
    ) -> None:
        self._database = database
        self._custody = custody
        self._clock = clock
        self._algorithm = algorithm
        self._root_subject = root_subject
        self._issuing_subject = issuing_subject
        self._certifier = Certifier(custody, clock, urls)
        self._foreign = ForeignCertificates(database)
        self._known: dict[bytes, x509.Certificate] = {}
        self._lock = Lock()

    def ensure(self) -> None:
        """Make the root and the issuing authority if they are not there; of two processes, one does.

        An issuing authority that was revoked gets a successor under the same root.
        """
        self._ensure(gm=False)

    def ensure_gm(self) -> None:
        """Make the root and the issuing authority of SM2 (国密) if they are not there; of two processes, one does.

        Certificates for SM2 keys come from these, signed with SM2-with-SM3 (GB/T 20518-2018).
        """
        self._ensure(gm=True)

    @property
    def root(self) -> x509.Certificate:
        """The newest root certificate.

        :raises AuthorityNotReadyError: :meth:`ensure` was never called on this database.
        """
        return self._authority(CertificateProfile.ROOT_CA).certificate

    @property
    def issuing(self) -> x509.Certificate:
        """The certificate of the authority that issues now.

        :raises AuthorityNotReadyError: :meth:`ensure` was never called on this database.
        """
        return self._authority(CertificateProfile.ISSUING_CA).certificate

    @property
    def gm_root(self) -> x509.Certificate:
        """The newest SM2 root certificate.

        :raises AuthorityNotReadyError: :meth:`ensure_gm` was never called on this database.
        """
        return self._authority(CertificateProfile.ROOT_CA, gm=True).certificate

    @property
    def gm_issuing(self) -> x509.Certificate:
        """The certificate of the authority that issues for SM2 keys now.

        :raises AuthorityNotReadyError: :meth:`ensure_gm` was never called on this database.
        """
        return self._authority(CertificateProfile.ISSUING_CA, gm=True).certificate

    def authorities(self) -> list[CertificateRecord]:
        """Every root and issuing authority that there ever was, oldest first."""
        with self._database.transaction() as session:
            return books.all_authorities(session)

    def issue(self, session: Session, key_id: int, profile: CertificateProfile, subject: Subject) -> CertificateRecord:
        """Certify a key within the caller's transaction, in which the key may have been made as well.

        The certificate lasts as long as its profile allows, but never longer than the issuing authority. A key of SM2
        is certified by the authority of SM2, any other by the other.

        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises PurposeMismatchError: the key was not made for what the profile certifies.
        :raises AuthorityNotReadyError: there is no issuing authority yet.
        :raises keys.errors.IssuerExpiredError: the issuing authority's certificate is not valid now.
        :raises keys.errors.KeyDamagedError: the custody's signature is not that of the issuing authority's key.
        """
        return self._issue(session, key_id, profile, subject.to_der())

    def renew(self, session: Session, certificate_id: int) -> CertificateRecord:
        """Give a certificate a successor with a new key for the same subject, within the caller's transaction.

        The old one is retired: it is no longer to sign, and stays good for what it signed; unless it was revoked, which
        it stays. An issuing authority's successor has the name with a generation (G2, G3) behind it, so that a path
        never has to be guessed, and the old one goes on to sign the lists and status answers of what it issued.

        :raises CertificateUnknownError: there is no such certificate.
        :raises CertificateRetiredError: it has a successor already.
        :raises AnchorFixedError: it is a root.
        :raises ForeignIssuerError: an authority outside issued it; see :class:`keys.requests.CertificateRequests`.
        :raises keys.errors.IssuerExpiredError: the issuing authority's certificate is not valid now.
        """
        row = books.row_to_change(session, certificate_id)
        if row is None:
            raise CertificateUnknownError
        old = CertificateRecord.of(row)
        if old.profile is CertificateProfile.ROOT_CA:
            raise AnchorFixedError
        if old.foreign_issuer_id is not None:
            raise ForeignIssuerError
        if old.state is CertificateState.RETIRED:
            raise CertificateRetiredError
        if old.state is CertificateState.ACTIVE:
            row.state = CertificateState.RETIRED.value
        held = self._custody.info(old.key_id)
        if old.profile is CertificateProfile.ISSUING_CA:
            return self._found_issuing(session, held.algorithm)
        key = self._custody.generate(session, algorithm=held.algorithm, purpose=held.purpose, label=held.label)
        if old.profile is CertificateProfile.OCSP:
            issuer = CertificateRecord.of(session.get_one(CertificateRow, old.issuer_id))
            return self._certifier.certify(session, key, old.profile, subject_of(old.certificate), issuer)
        return self._issue(session, key.id, old.profile, subject_of(old.certificate))

    def revoke(
        self,
        session: Session,
        certificate_id: int,
        reason: RevocationReason,
        *,
        actor: str,
        invalid_since: datetime | None = None,
    ) -> Revocation:
        """Revoke a certificate for good, within the caller's transaction; lists and status answers tell from its end.

        :param actor: who had it revoked, for the record.
        :param invalid_since: with a compromise, since when the key was in other hands; what was signed before, as a
            time stamp proves, stays good.
        :raises CertificateUnknownError: there is no such certificate.
        :raises AnchorFixedError: it is a root.
        :raises keys.errors.AlreadyRevokedError: it was revoked before.
        :raises keys.errors.InvalidSinceError: ``invalid_since`` without a compromise, or outside of the certificate's
            life up to now.
        """
        now = self._clock.now()
        return revocations.revoke(session, certificate_id, reason, actor=actor, at=now, invalid_since=invalid_since)

    def revocation(self, certificate_id: int) -> Revocation | None:
        """The revocation of a certificate, if it was revoked."""
        with self._database.transaction() as session:
            return revocations.revocation_of(session, certificate_id)

    def compromised_keys(self) -> frozenset[int]:
        """The numbers of keys that somebody else may have: a certificate of theirs was revoked for that."""
        with self._database.transaction() as session:
            return revocations.compromised_keys(session)

    def ensure_service(
        self, purpose: KeyPurpose, subject: Subject, *, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256
    ) -> CertificateRecord:
        """The certificate with which one of our own services signs now; made, or renewed with a new key, when due.

        :param purpose: TIMESTAMP, TOKEN, RECEIPT, CONSENT, STATUS_LIST or PRESENTATION; SEAL_MAKER with the algorithm
            SM2.
        """
        issuer = self._authority(_issuer_for(profile_for(purpose)), gm=algorithm is KeyAlgorithm.SM2)

        def find(session: Session) -> CertificateRecord | None:
            before = _STAMPS_RENEWED_BEFORE if purpose is KeyPurpose.TIMESTAMP else _RENEWED_BEFORE
            return self._lasting(books.newest_for(session, purpose), within=issuer, before=before)

        def make(session: Session) -> CertificateRecord:
            return self.issue(session, self._service_key(session, purpose, algorithm), profile_for(purpose), subject)

        return self._find_or_make(f"service.{purpose.value}", find, make)

    def ensure_responder(self, issuer: CertificateRecord) -> CertificateRecord:
        """The certificate with which status answers for what an authority issued are signed now (RFC 6960 2.6).

        Its key is of the authority's algorithm.

        :raises keys.errors.IssuerExpiredError: the authority's certificate is not valid now.
        """

        def find(session: Session) -> CertificateRecord | None:
            return self._lasting(books.newest_responder(session, issuer.id), within=issuer)

        def make(session: Session) -> CertificateRecord:
            key_id = self._service_key(session, KeyPurpose.OCSP, self._custody.info(issuer.key_id).algorithm)
            name = RESPONDER_SUBJECT.to_der()
            return self._certifier.certify(session, self._custody.info(key_id), CertificateProfile.OCSP, name, issuer)

        return self._find_or_make(f"responder.{issuer.id}", find, make)

    def current(self, purpose: KeyPurpose) -> CertificateRecord:
        """The newest active certificate for keys of a purpose.

        :raises ServiceKeyMissingError: there is none.
        """
        with self._database.transaction() as session:
            record = books.newest_for(session, purpose)
        if record is None:
            raise ServiceKeyMissingError(purpose=purpose.value)
        return record

    def get(self, certificate_id: int) -> CertificateRecord:
        """A certificate by its number in the books.

        :raises CertificateUnknownError: there is none.
        """
        with self._database.transaction() as session:
            row = session.get(CertificateRow, certificate_id)
        if row is None:
            raise CertificateUnknownError
        return CertificateRecord.of(row)

    def chain(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """A certificate of ours and those above it, ending with the root.

        The chain of one that an authority outside issued ends where the chain did that was brought in, which may be
        before its root.

        :raises CertificateUnknownError: it was not issued here, nor brought in.
        """
        path = [certificate]
        try:
            # of our certificates only a root names no issuer's key
            while (identifier := _issuer_key(path[-1])) is not None:
                path.append(self._issuer_of(path[-1], identifier))
            known = self._find_authority(key_identifier(public_key_info(path[-1]))) == path[-1]
            # an authority outside may leave that name out of what it issued for us
            if known and is_issued_by(path[-1], path[-1]):
                return path
        except CertificateUnknownError:
            pass
        return [*path, *self._above_ours(path[-1])]

    def next_ends(self) -> dict[KeyPurpose, datetime]:
        """When, of each purpose, the first certificate ends whose key has no later one; those of authorities too.

        What was retired or revoked is left out, and of a service what a newer key has taken over.
        """
        newest = (
            sa.select(SigningKeyRow.purpose, SigningKeyRow.id, sa.func.max(CertificateRow.not_after).label("ends"))
            .join(CertificateRow, CertificateRow.key_id == SigningKeyRow.id)
            .where(CertificateRow.state == CertificateState.ACTIVE)
            .group_by(SigningKeyRow.purpose, SigningKeyRow.id)
            .subquery()
        )
        each = [KeyPurpose.SEAL, KeyPurpose.PERSON, KeyPurpose.ROOT_CA, KeyPurpose.ISSUING_CA]
        first = sa.case((newest.c.purpose.in_(each), sa.func.min(newest.c.ends)), else_=sa.func.max(newest.c.ends))
        with self._database.transaction() as session:
            rows = session.execute(sa.select(newest.c.purpose, first).group_by(newest.c.purpose))
            return {KeyPurpose(purpose): ends for purpose, ends in rows}

    def overview(self) -> list[KeyOverview]:
        """All keys with their certificates, for an operator to look at."""
        held = self._custody.keys()
        by_key: dict[int, list[CertificateRecord]] = {}
        with self._database.transaction() as session:
            for row in session.scalars(sa.select(CertificateRow).order_by(CertificateRow.id)):
                by_key.setdefault(row.key_id, []).append(CertificateRecord.of(row))
        return [KeyOverview(key, tuple(by_key.get(key.id, ()))) for key in held]

    def _ensure(self, *, gm: bool) -> None:
        with self._database.transaction() as session:
            if books.newest_authority(session, CertificateProfile.ISSUING_CA, gm=gm) is not None:
                return
            take_turns(session, "authority.gm" if gm else "authority")
            if books.newest_authority(session, CertificateProfile.ISSUING_CA, gm=gm) is not None:
                return
            algorithm = KeyAlgorithm.SM2 if gm else self._algorithm
            if books.newest_authority(session, CertificateProfile.ROOT_CA, gm=gm) is None:
                subject = GM_ROOT_SUBJECT if gm else self._root_subject
                key = self._custody.generate(
                    session, algorithm=algorithm, purpose=KeyPurpose.ROOT_CA, label=subject.common_name
                )
                self._certifier.certify(session, key, CertificateProfile.ROOT_CA, subject.to_der(), None)
            self._found_issuing(session, algorithm)

    def _found_issuing(self, session: Session, algorithm: KeyAlgorithm) -> CertificateRecord:
        gm = algorithm is KeyAlgorithm.SM2
        profile = CertificateProfile.ISSUING_CA
        before = [
            each for each in books.all_authorities(session) if each.profile is profile and is_gm(each.certificate) is gm
        ]
        subject = GM_ISSUING_SUBJECT if gm else self._issuing_subject
        if before:
            subject = dataclasses.replace(subject, common_name=f"{subject.common_name} G{len(before) + 1}")
        root = _ready(books.newest_authority(session, CertificateProfile.ROOT_CA, gm=gm))
        key = self._custody.generate(
            session, algorithm=algorithm, purpose=KeyPurpose.ISSUING_CA, label=subject.common_name
        )
        return self._certifier.certify(session, key, profile, subject.to_der(), root)

    def _issue(self, session: Session, key_id: int, profile: CertificateProfile, name: bytes) -> CertificateRecord:
        key = self._custody.info(key_id)
        rules = profile.rules
        if rules.authority or profile is CertificateProfile.OCSP or key.purpose not in rules.purposes:
            raise PurposeMismatchError(key_id=key_id, purpose=key.purpose.value, wanted=profile.value)
        gm = key.algorithm is KeyAlgorithm.SM2
        issuer = _ready(books.newest_authority(session, _issuer_for(profile), gm=gm))
        return self._certifier.certify(session, key, profile, name, issuer)

    def _find_or_make(
        self,
        name: str,
        find: Callable[[Session], CertificateRecord | None],
        make: Callable[[Session], CertificateRecord],
    ) -> CertificateRecord:
        with self._database.transaction() as session:
            found = find(session)
            if found is None:
                take_turns(session, name)
                found = find(session) or make(session)
            return found

    def _service_key(self, session: Session, purpose: KeyPurpose, algorithm: KeyAlgorithm) -> int:
        label = f"{purpose.value} {self._clock.now():%Y-%m-%d}"
        return self._custody.generate(session, algorithm=algorithm, purpose=purpose, label=label).id

    def _lasting(
        self, record: CertificateRecord | None, *, within: CertificateRecord, before: timedelta = _RENEWED_BEFORE
    ) -> CertificateRecord | None:
        """A service's certificate if it need not be replaced yet, or could not be by one that lasts longer."""
        if record is None:
            return None
        # who has certificates from outside gets the next one there as well, and in time
        renewed_before = before if record.foreign_issuer_id is None else timedelta()
        lasts = record.not_after - self._clock.now() >= renewed_before
        return record if lasts or record.not_after == within.not_after else None

    def _authority(self, profile: CertificateProfile, *, gm: bool = False) -> CertificateRecord:
        with self._database.transaction() as session:
            return _ready(books.newest_authority(session, profile, gm=gm))

    def _issuer_of(self, certificate: x509.Certificate, identifier: bytes) -> x509.Certificate:
        issuer = self._find_authority(identifier)
        if not is_issued_by(certificate, issuer):
            raise CertificateUnknownError
        return issuer

    def _above_ours(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """The authorities outside above a certificate that was brought in."""
        encoded, serial = certificate.public_bytes(Encoding.DER), f"{certificate.serial_number:x}"
        brought_in = CertificateRow.foreign_issuer_id.is_not(None)
        with self._database.transaction() as session:
            found = session.scalars(sa.select(CertificateRow.der).where(CertificateRow.serial == serial, brought_in))
            known = encoded in found.all()
        if not known:
            raise CertificateUnknownError
        return self._foreign.above(certificate)

    def _find_authority(self, identifier: bytes) -> x509.Certificate:
        with self._lock:
            found = self._known.get(identifier)
        if found is None:
            certificates = [record.certificate for record in self.authorities()]
            with self._lock:
                self._known = {_subject_key_identifier(each): each for each in certificates}
                found = self._known.get(identifier)
        if found is None:
            raise CertificateUnknownError
        return found


def _issuer_for(profile: CertificateProfile) -> CertificateProfile:
    return CertificateProfile.ROOT_CA if profile.rules.by_root else CertificateProfile.ISSUING_CA


def _ready(record: CertificateRecord | None) -> CertificateRecord:
    if record is None:
        raise AuthorityNotReadyError
    return record


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _issuer_key(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier
