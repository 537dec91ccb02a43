"""The certificate authority (证书机构) of the embedded default: a root, an issuing authority and what it certifies.

It is there so that the system seals from the first minute. A deployment with certificates of a licensed authority
brings those, and this one then serves tests and rehearsals.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys._locks import take_turns
from keys._tables import CertificateRow, SigningKeyRow
from keys._x509 import CertificateBody, Issuer, key_identifier, make_certificate, subject_of
from keys.certificate_checks import is_gm, is_issued_by, public_key_info
from keys.certificates import CertificateRecord, CertificateState, KeyOverview
from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo, KeyPurpose
from keys.errors import (
    AuthorityNotReadyError,
    CertificateUnknownError,
    IssuerExpiredError,
    KeyDamagedError,
    PurposeMismatchError,
)
from keys.profiles import AuthorityUrls, CertificateProfile, profile_for
from keys.subjects import Subject
from store.clock import Clock
from store.database import Database

ROOT_SUBJECT: Final = Subject(common_name="印证根证书 Yinzheng Root CA", organisation="印证 Yinzheng")
GM_ROOT_SUBJECT: Final = Subject(common_name="印证国密根证书 Yinzheng SM2 Root CA", organisation="印证 Yinzheng")
GM_ISSUING_SUBJECT: Final = Subject(common_name="印证国密签发 Yinzheng SM2 Issuing CA", organisation="印证 Yinzheng")
ISSUING_SUBJECT: Final = Subject(common_name="印证签发证书 Yinzheng Issuing CA", organisation="印证 Yinzheng")

_BACKDATED: Final = timedelta(minutes=5)
"""Relying parties whose clock is a little behind accept a new certificate at once."""

_RENEWED_BEFORE: Final = timedelta(days=30)
"""A service's certificate is replaced when less of its life is left."""


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
        urls: AuthorityUrls | None = None,
    ) -> None:
        self._database = database
        self._custody = custody
        self._clock = clock
        self._algorithm = algorithm
        self._root_subject = root_subject
        self._issuing_subject = issuing_subject
        self._urls = urls
        self._authorities: dict[bytes, CertificateRecord] = {}
        self._lock = Lock()

    def ensure(self) -> None:
        """Make the root and the issuing authority if they are not there; of two processes, one does."""
        with self._database.transaction() as session:
            if _newest(session, CertificateProfile.ISSUING_CA, gm=False) is not None:
                return
            take_turns(session, "authority")
            if _newest(session, CertificateProfile.ISSUING_CA, gm=False) is not None:
                return
            root = self._found(session, self._algorithm, KeyPurpose.ROOT_CA, self._root_subject, None)
            self._found(session, self._algorithm, KeyPurpose.ISSUING_CA, self._issuing_subject, root)

    def ensure_gm(self) -> None:
        """Make the root and the issuing authority of SM2 (国密) if they are not there; of two processes, one does.

        Certificates for SM2 keys come from these, signed with SM2-with-SM3 (GB/T 20518-2018).
        """
        with self._database.transaction() as session:
            if _newest(session, CertificateProfile.ISSUING_CA, gm=True) is not None:
                return
            take_turns(session, "authority.gm")
            if _newest(session, CertificateProfile.ISSUING_CA, gm=True) is not None:
                return
            root = self._found(session, KeyAlgorithm.SM2, KeyPurpose.ROOT_CA, GM_ROOT_SUBJECT, None)
            self._found(session, KeyAlgorithm.SM2, KeyPurpose.ISSUING_CA, GM_ISSUING_SUBJECT, root)

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

    def issue(self, session: Session, key_id: int, profile: CertificateProfile, subject: Subject) -> CertificateRecord:
        """Certify a key within the caller's transaction, in which the key may have been made as well.

        The certificate lasts as long as its profile allows, but never longer than the issuing authority. A key of SM2
        is certified by the authority of SM2, any other by the other.

        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises PurposeMismatchError: the key was not made for what the profile certifies.
        :raises AuthorityNotReadyError: there is no issuing authority yet.
        :raises IssuerExpiredError: the issuing authority's certificate is not valid now.
        :raises KeyDamagedError: the custody's signature is not that of the issuing authority's key.
        """
        key = self._custody.info(key_id)
        if profile.rules.authority or key.purpose not in profile.rules.purposes:
            raise PurposeMismatchError(key_id=key_id, purpose=key.purpose.value, wanted=profile.value)
        issuer = self._authority(CertificateProfile.ISSUING_CA, gm=key.algorithm is KeyAlgorithm.SM2)
        return self._certify(session, key, profile, subject, issuer)

    def ensure_service(
        self, purpose: KeyPurpose, subject: Subject, *, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256
    ) -> CertificateRecord:
        """The certificate with which one of our own services signs now; made, or renewed with a new key, when due.

        :param purpose: TIMESTAMP, TOKEN or RECEIPT; SEAL_MAKER with the algorithm SM2.
        """
        self._authority(CertificateProfile.ISSUING_CA, gm=algorithm is KeyAlgorithm.SM2)
        with self._database.transaction() as session:
            current = self._usable(session, purpose)
            if current is not None:
                return current
            take_turns(session, f"service.{purpose.value}")
            current = self._usable(session, purpose)
            if current is not None:
                return current
            label = f"{purpose.value} {self._clock.now():%Y-%m-%d}"
            key = self._custody.generate(session, algorithm=algorithm, purpose=purpose, label=label)
            return self.issue(session, key.id, profile_for(purpose), subject)

    def current(self, purpose: KeyPurpose) -> CertificateRecord:
        """The newest active certificate for keys of a purpose.

        :raises AuthorityNotReadyError: there is none.
        """
        with self._database.transaction() as session:
            record = _newest_for(session, purpose)
        if record is None:
            raise AuthorityNotReadyError
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
        """A certificate issued here and those above it, ending with the root.

        :raises CertificateUnknownError: it was not issued here.
        """
        path = [certificate]
        # of our certificates only a root names no issuer's key
        while (identifier := _issuer_key(path[-1])) is not None:
            path.append(self._issuer_of(path[-1], identifier))
        if self._find_authority(key_identifier(public_key_info(path[-1]))) != path[-1]:
            raise CertificateUnknownError
        return path

    def overview(self) -> list[KeyOverview]:
        """All keys with their certificates, for an operator to look at."""
        held = self._custody.keys()
        by_key: dict[int, list[CertificateRecord]] = {}
        with self._database.transaction() as session:
            for row in session.scalars(sa.select(CertificateRow).order_by(CertificateRow.id)):
                by_key.setdefault(row.key_id, []).append(CertificateRecord.of(row))
        return [KeyOverview(key, tuple(by_key.get(key.id, ()))) for key in held]

    def _found(
        self,
        session: Session,
        algorithm: KeyAlgorithm,
        purpose: KeyPurpose,
        subject: Subject,
        issuer: CertificateRecord | None,
    ) -> CertificateRecord:
        key = self._custody.generate(session, algorithm=algorithm, purpose=purpose, label=subject.common_name)
        return self._certify(session, key, profile_for(purpose), subject, issuer)

    def _certify(
        self,
        session: Session,
        key: KeyInfo,
        profile: CertificateProfile,
        subject: Subject,
        issuer: CertificateRecord | None,
    ) -> CertificateRecord:
        now = self._clock.now().replace(microsecond=0)
        not_before, not_after = now - _BACKDATED, _years_after(now, profile.rules.years)
        name = subject.to_der()
        signing_key, issuer_name, urls = key, name, None
        if issuer is not None:
            if not issuer.not_before <= now < issuer.not_after:
                raise IssuerExpiredError
            not_before, not_after = max(not_before, issuer.not_before), min(not_after, issuer.not_after)
            signing_key, issuer_name = self._custody.info(issuer.key_id), subject_of(issuer.certificate)
            urls = self._urls
        certificate = make_certificate(
            CertificateBody(name, key.public_key, not_before, not_after, profile.rules, urls),
            Issuer(
                issuer_name,
                signing_key.public_key,
                signing_key.algorithm,
                partial(self._custody.sign, signing_key.id),
            ),
        )
        # a custody that signs with another key than it says must be found out here, not by a relying party
        if not is_issued_by(certificate, certificate if issuer is None else issuer.certificate):
            raise KeyDamagedError(key_id=signing_key.id)
        row = CertificateRow(
            key_id=key.id,
            issuer_id=None if issuer is None else issuer.id,
            profile=profile.value,
            serial=f"{certificate.serial_number:x}",
            der=certificate.public_bytes(Encoding.DER),
            not_before=not_before,
            not_after=not_after,
            state=CertificateState.ACTIVE.value,
            created_at=self._clock.now(),
        )
        session.add(row)
        session.flush()
        return CertificateRecord.of(row)

    def _usable(self, session: Session, purpose: KeyPurpose) -> CertificateRecord | None:
        record = _newest_for(session, purpose)
        if record is None or record.not_after - self._clock.now() < _RENEWED_BEFORE:
            return None
        return record

    def _authority(self, profile: CertificateProfile, *, gm: bool = False) -> CertificateRecord:
        with self._lock:
            known = _fitting(self._authorities.values(), profile, gm=gm)
        if not known:
            known = _fitting(self._load_authorities(), profile, gm=gm)
        if not known:
            raise AuthorityNotReadyError
        return max(known, key=lambda record: record.id)

    def _issuer_of(self, certificate: x509.Certificate, identifier: bytes) -> x509.Certificate:
        issuer = self._find_authority(identifier)
        if not is_issued_by(certificate, issuer):
            raise CertificateUnknownError
        return issuer

    def _find_authority(self, identifier: bytes) -> x509.Certificate:
        with self._lock:
            found = self._authorities.get(identifier)
        if found is None:
            self._load_authorities()
            with self._lock:
                found = self._authorities.get(identifier)
        if found is None:
            raise CertificateUnknownError
        return found.certificate

    def _load_authorities(self) -> list[CertificateRecord]:
        profiles = [profile.value for profile in CertificateProfile if profile.rules.authority]
        with self._database.transaction() as session:
            rows = session.scalars(sa.select(CertificateRow).where(CertificateRow.profile.in_(profiles)))
            records = [CertificateRecord.of(row) for row in rows]
        with self._lock:
            self._authorities = {_subject_key_identifier(record.certificate): record for record in records}
        return records


def _fitting(records: Iterable[CertificateRecord], profile: CertificateProfile, *, gm: bool) -> list[CertificateRecord]:
    return [record for record in records if record.profile is profile and is_gm(record.certificate) is gm]


def _newest_for(session: Session, purpose: KeyPurpose) -> CertificateRecord | None:
    # two purposes share a profile, so the key decides
    row = session.scalar(
        sa.select(CertificateRow)
        .join(SigningKeyRow, SigningKeyRow.id == CertificateRow.key_id)
        .where(SigningKeyRow.purpose == purpose.value, _active())
        .order_by(CertificateRow.id.desc())
        .limit(1)
    )
    return None if row is None else CertificateRecord.of(row)


def _active() -> sa.ColumnElement[bool]:
    return CertificateRow.state == CertificateState.ACTIVE.value


def _newest(session: Session, profile: CertificateProfile, *, gm: bool) -> int | None:
    of_sm2 = SigningKeyRow.algorithm == KeyAlgorithm.SM2.value
    return session.scalar(
        sa.select(sa.func.max(CertificateRow.id))
        .join(SigningKeyRow, SigningKeyRow.id == CertificateRow.key_id)
        .where(CertificateRow.profile == profile.value, of_sm2 if gm else ~of_sm2, _active())
    )


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _issuer_key(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier


def _years_after(start: datetime, years: int) -> datetime:
    """The same day of a later year; 29 February counts as the 28th."""
    day = 28 if (start.month, start.day) == (2, 29) else start.day
    return start.astimezone(UTC).replace(year=start.year + years, day=day)
