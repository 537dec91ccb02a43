"""Certificates from an authority outside (外部证书机构): a request goes out, the chain that comes back is taken in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys import der
from keys._tables import CertificateRow
from keys._x509 import Issuer, encode_extension, key_identifier, signed, subject_of
from keys.certificates import CertificateRecord, CertificateState
from keys.chain_errors import AuthorityKeyInUseError
from keys.chains import checked_chain
from keys.custody import KeyCustody, KeyInfo
from keys.errors import CertificateUnknownError, PurposeMismatchError
from keys.foreign import ForeignCertificates
from keys.profiles import CertificateProfile, profile_for
from keys.subjects import Subject
from store.clock import Clock
from store.database import Database

_EXTENSION_REQUEST: Final = "1.2.840.113549.1.9.14"
"""pkcs-9-at-extensionRequest, RFC 2985 5.4.2."""

_OURS_ALONE: Final = (CertificateProfile.ROOT_CA, CertificateProfile.OCSP)
"""What only our own authority issues: its root, and who answers in its name."""


class CertificateRequests:
    """Requests for keys in custody, and the certificates that answer them."""

    def __init__(self, database: Database, custody: KeyCustody, clock: Clock) -> None:
        self._database = database
        self._custody = custody
        self._clock = clock
        self._foreign = ForeignCertificates(database)

    def request(self, key_id: int, subject: Subject | None = None) -> x509.CertificateSigningRequest:
        """A certification request (PKCS #10, RFC 2986) for a key, signed by the key.

        It asks for the extensions that the certificates of our own authority for such keys have.

        :param subject: with none, that of the newest certificate that the key has.
        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises PurposeMismatchError: it is a root's key, or one that answers for our authority.
        :raises AuthorityKeyInUseError: it is the key of an authority of ours.
        :raises CertificateUnknownError: no subject is given, and the key has no certificate yet.
        """
        key = self._custody.info(key_id)
        with self._database.transaction() as session:
            profile = _profile(session, key)
        name = self._subject_now(key_id) if subject is None else subject.to_der()
        extensions = der.sequence(*(encode_extension(*each) for each in _wanted(key, profile)))
        attributes = der.set_of(
            (der.sequence(der.oid(_EXTENSION_REQUEST), der.set_of((extensions,))),),
            tag=0xA0,
        )
        to_be_signed = der.sequence(der.integer(0), name, key.public_key, attributes)
        signer = Issuer(name, key.public_key, key.algorithm, partial(self._custody.sign, key.id))
        return x509.load_der_x509_csr(signed(to_be_signed, signer))

    def take_in(self, session: Session, key_id: int, certificates: Sequence[x509.Certificate]) -> CertificateRecord:
        """Check the chain that an authority sent for a key, and enter it, within the caller's transaction.

        From then on it is the newest certificate of the key. Entering the same chain again changes nothing.

        :param certificates: see :func:`keys.chains.read_chain`; in any order.
        :raises keys.chain_errors.ChainRefusedError: the chain is not for the key, not whole, not valid now, or not fit
            for what the key is for.
        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises PurposeMismatchError: it is a root's key, or one that answers for our authority.
        :raises AuthorityKeyInUseError: it is the key of an authority of ours.
        """
        key = self._custody.info(key_id)
        profile, now = _profile(session, key), self._clock.now()
        own, *above = checked_chain(certificates, key, profile, at=now)
        issuer_id = self._foreign.enter(session, above, now)
        encoded = own.public_bytes(Encoding.DER)
        row = session.scalar(
            sa.select(CertificateRow).where(CertificateRow.key_id == key_id, CertificateRow.der == encoded)
        )
        if row is None:
            row = CertificateRow(
                key_id=key_id,
                issuer_id=None,
                foreign_issuer_id=issuer_id,
                profile=profile.value,
                serial=f"{own.serial_number:x}",
                der=encoded,
                not_before=own.not_valid_before_utc,
                not_after=own.not_valid_after_utc,
                state=CertificateState.ACTIVE.value,
                created_at=now,
            )
            session.add(row)
            session.flush()
        return CertificateRecord.of(row)

    def _subject_now(self, key_id: int) -> bytes:
        newest = sa.select(CertificateRow).where(CertificateRow.key_id == key_id).order_by(CertificateRow.id.desc())
        with self._database.transaction() as session:
            row = session.scalar(newest.limit(1))
        if row is None:
            raise CertificateUnknownError
        return subject_of(CertificateRecord.of(row).certificate)


def _profile(session: Session, key: KeyInfo) -> CertificateProfile:
    profile = profile_for(key.purpose)
    if profile in _OURS_ALONE:
        raise PurposeMismatchError(key_id=key.id, purpose=key.purpose.value, wanted="request")
    if profile.rules.authority:
        # what was issued under the name that our root gave it would hang under two authorities
        ours = sa.select(CertificateRow.id).where(
            CertificateRow.key_id == key.id, CertificateRow.foreign_issuer_id.is_(None)
        )
        if session.scalar(ours.limit(1)) is not None:
            raise AuthorityKeyInUseError(key_id=key.id)
    return profile


def _wanted(key: KeyInfo, profile: CertificateProfile) -> list[tuple[x509.ExtensionType, bool]]:
    rules = profile.rules
    wanted: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=rules.authority, path_length=rules.path_length), True),
        (rules.key_usage, True),
        (x509.SubjectKeyIdentifier(key_identifier(key.public_key)), False),
    ]
    if rules.extended_key_usage is not None:
        wanted.append((rules.extended_key_usage, rules.extended_key_usage_critical))
    return wanted
