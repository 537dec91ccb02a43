"""Certificates of authorities outside of this installation, above certificates that were brought in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys._tables import ForeignCertificateRow
from keys.certificate_checks import is_issued_by
from store.database import Database


class ForeignCertificates:
    """The authorities outside that are known, because a chain with them was brought in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def above(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """The certificates above one, nearest first, as far as they are known; nothing for one that has none here."""
        known = self._all()
        path = [certificate]
        while True:
            here = path[-1]
            issuer = next((each for each in known if each not in path and is_issued_by(here, each)), None)
            if issuer is None:
                return path[1:]
            path.append(issuer)

    def tops(self) -> list[x509.Certificate]:
        """The last certificates of the chains that were brought in: what relying parties have to trust."""
        with self._database.transaction() as session:
            rows = session.scalars(
                sa.select(ForeignCertificateRow.der)
                .where(ForeignCertificateRow.issuer_id.is_(None))
                .order_by(ForeignCertificateRow.id)
            ).all()
        return [x509.load_der_x509_certificate(der) for der in rows]

    def enter(self, session: Session, chain: Sequence[x509.Certificate], at: datetime) -> int:
        """Enter authorities, nearest first, that are not known yet; the number of the first.

        :param chain: checked before, at least one.
        """
        number: int | None = None
        for certificate in reversed(chain):
            der = certificate.public_bytes(Encoding.DER)
            fingerprint = hashlib.sha256(der).digest()
            row = session.scalar(
                sa.select(ForeignCertificateRow).where(ForeignCertificateRow.fingerprint == fingerprint)
            )
            if row is None:
                row = ForeignCertificateRow(issuer_id=number, fingerprint=fingerprint, der=der, created_at=at)
                session.add(row)
            elif row.issuer_id is None:
                # an authority that was the last one when it was first met now has one above it
                row.issuer_id = number
            session.flush()
            number = row.id
        if number is None:
            raise ValueError("a chain has an authority")
        return number

    def _all(self) -> list[x509.Certificate]:
        newest_first = sa.select(ForeignCertificateRow.der).order_by(ForeignCertificateRow.id.desc())
        with self._database.transaction() as session:
            return [x509.load_der_x509_certificate(der) for der in session.scalars(newest_first)]
