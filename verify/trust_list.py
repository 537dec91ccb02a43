"""The trust list (信任列表): which authorities are relied upon, for what and when, as an administrator decides.

Our own roots, and the tops of chains that were brought in for our own keys, are relied upon without an entry. An entry
that is removed counts for nothing from then on, whatever it was used for; one whose period ends still counts for what
is proven to have been signed within it (ETSI EN 319 102-1, 5.2.6: the sunset date of a trust anchor).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.exc import IntegrityError

from keys.certificate_checks import is_gm
from store.clock import Clock
from store.database import Database
from verify._tables import TrustAnchorRow
from verify.algorithms import WeakAlgorithmError, check_key
from verify.anchors import ALWAYS, TrustAnchors, TrustPeriod
from verify.certificates import load_certificate, subject_of
from verify.errors import AnchorInvalidError, AnchorKnownError, AnchorTermsError, AnchorUnknownError

_LONGEST_REASON = 500


class AnchorPurpose(StrEnum):
    """What an authority is relied upon for."""

    LICENCE = "licence"
    """Seals on licences that were issued here."""
    SIGNATURE = "signature"
    """Signers of other PDFs."""
    TIME_STAMP = "time_stamp"
    """Time-stamp authorities."""
    SEAL_MAKER = "seal_maker"
    """Makers of GB/T 38540 seals (制章者) and their signers."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return _PURPOSE_ZH[self]


_PURPOSE_ZH = {
    AnchorPurpose.LICENCE: "证照印章",
    AnchorPurpose.SIGNATURE: "外来文件签名",
    AnchorPurpose.TIME_STAMP: "时间戳",
    AnchorPurpose.SEAL_MAKER: "国密印章",
}

BuiltIn = Callable[[], Mapping[AnchorPurpose, Sequence[x509.Certificate]]]
"""The authorities that are relied upon without an entry, by purpose."""


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """An entry of the trust list."""

    id: int
    certificate: bytes
    """DER."""
    subject: str
    fingerprint: str
    """SHA-256 of the certificate, lowercase hexadecimal."""
    purposes: tuple[AnchorPurpose, ...]
    period: TrustPeriod
    reason: str
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    removal_reason: str | None


@dataclass(frozen=True, slots=True)
class AnchorTerms:
    """For what and when an authority is to be relied upon, and on what ground."""

    purposes: Collection[AnchorPurpose]
    reason: str
    since: datetime | None = None
    until: datetime | None = None


class TrustList:
    """The trust list of an installation. Safe to use from several threads; a change counts for the next check."""

    def __init__(self, database: Database, clock: Clock, built_in: BuiltIn) -> None:
        self._database = database
        self._clock = clock
        self._built_in = built_in

    def anchors(self, purpose: AnchorPurpose) -> TrustAnchors:
        """What a check for a purpose starts from; may be nothing, and then nothing is trusted."""
        return self.anchors_for((purpose,))[purpose]

    def anchors_for(self, purposes: Collection[AnchorPurpose]) -> dict[AnchorPurpose, TrustAnchors]:
        """Like :meth:`anchors` for several purposes, all as they are at one moment."""
        statement = (
            sa.select(TrustAnchorRow)
            .where(TrustAnchorRow.removed_at.is_(None), TrustAnchorRow.purposes.overlap(list(purposes)))
            .order_by(TrustAnchorRow.id)
        )
        with self._database.transaction() as session:
            entries = session.scalars(statement).all()
        own = self.built_in()
        return {
            purpose: own[purpose] + _anchors_of([each for each in entries if purpose in each.purposes])
            for purpose in purposes
        }

    def built_in(self) -> dict[AnchorPurpose, TrustAnchors]:
        """The part of :meth:`anchors` that has no entry, for every purpose."""
        own = self._built_in()
        return {
            purpose: TrustAnchors(
                tuple(dict.fromkeys(each.public_bytes(Encoding.DER) for each in own.get(purpose, ())))
            )
            for purpose in AnchorPurpose
        }

    def entries(self, *, removed: bool = False) -> list[TrustedAuthority]:
        """The entries in force by their numbers, on request with those that were removed."""
        statement = sa.select(TrustAnchorRow).order_by(TrustAnchorRow.id)
        if not removed:
            statement = statement.where(TrustAnchorRow.removed_at.is_(None))
        with self._database.transaction() as session:
            return [_entry_of(row) for row in session.scalars(statement)]

    def add(self, certificate: x509.Certificate, terms: AnchorTerms, *, actor: str) -> TrustedAuthority:
        """Rely on an authority from now on.

        :raises AnchorInvalidError: the certificate is not an authority's, or its key is too weak.
        :raises AnchorTermsError: there is no purpose or no reason, or the period is empty.
        :raises AnchorKnownError: it is in the list already.
        """
        der = certificate.public_bytes(Encoding.DER)
        _check_authority(certificate, terms.purposes)
        reason = _checked(terms)
        fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
        row = TrustAnchorRow(
            fingerprint=fingerprint,
            der=der,
            purposes=sorted({purpose.value for purpose in terms.purposes}),
            trusted_since=terms.since,
            trusted_until=terms.until,
            reason=reason,
            added_by=actor,
            added_at=self._clock.now(),
        )
        try:
            with self._database.transaction() as session:
                session.add(row)
        except IntegrityError:
            raise AnchorKnownError(anchor=self._number_of(fingerprint)) from None
        return _entry_of(row)

    def remove(self, anchor: int, *, actor: str, reason: str) -> TrustedAuthority:
        """Rely on an authority no more, not even for what it was used for before. The entry stays on record.

        :raises AnchorUnknownError: no entry in force has this number.
        :raises AnchorTermsError: there is no reason.
        """
        reason = _checked_reason(reason)
        with self._database.transaction() as session:
            row = session.get(TrustAnchorRow, anchor, with_for_update=True)
            if row is None or row.removed_at is not None:
                raise AnchorUnknownError(anchor=anchor)
            row.removed_by, row.removed_at, row.removal_reason = actor, self._clock.now(), reason
            session.flush()
            return _entry_of(row)

    def _number_of(self, fingerprint: str) -> int | None:
        statement = sa.select(TrustAnchorRow.id).where(
            TrustAnchorRow.fingerprint == fingerprint, TrustAnchorRow.removed_at.is_(None)
        )
        with self._database.transaction() as session:
            return session.scalar(statement)


def _check_authority(certificate: x509.Certificate, purposes: Collection[AnchorPurpose]) -> None:
    try:
        load_certificate(certificate.public_bytes(Encoding.DER))
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        authority = constraints.ca
    except (x509.ExtensionNotFound, ValueError):
        authority = False
    if not authority:
        raise AnchorInvalidError(
            problem_zh="证书不是认证机构的证书（缺少 CA 标志）", problem_en="the certificate is not an authority's"
        )
    if is_gm(certificate):
        if set(purposes) - {AnchorPurpose.SEAL_MAKER}:
            raise AnchorInvalidError(
                problem_zh="SM2 证书只能用于国密印章", problem_en="an SM2 certificate is for seal_maker only"
            )
        return
    try:
        check_key(certificate.public_key())
    except WeakAlgorithmError as weak:
        raise AnchorInvalidError(
            problem_zh=f"证书的密钥强度不足（{weak}）", problem_en=f"its key is too weak ({weak})"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise AnchorInvalidError(problem_zh="不支持证书的公钥", problem_en="its key is not supported") from None


def _checked(terms: AnchorTerms) -> str:
    if not terms.purposes:
        raise AnchorTermsError(problem_zh="请至少选择一种用途。", problem_en="name at least one purpose.")
    if terms.since is not None and terms.until is not None and terms.since >= terms.until:
        raise AnchorTermsError(problem_zh="期限的终止须晚于起始。", problem_en="the period ends before it begins.")
    return _checked_reason(terms.reason)


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise AnchorTermsError(
            problem_zh=f"请说明理由（不超过 {_LONGEST_REASON} 字）。",
            problem_en=f"say why, in at most {_LONGEST_REASON} characters.",
        )
    return reason


def _anchors_of(rows: Sequence[TrustAnchorRow]) -> TrustAnchors:
    periods = ((row.der, TrustPeriod(row.trusted_since, row.trusted_until)) for row in rows)
    return TrustAnchors(tuple(row.der for row in rows), tuple(each for each in periods if each[1] != ALWAYS))


def _entry_of(row: TrustAnchorRow) -> TrustedAuthority:
    return TrustedAuthority(
        id=row.id,
        certificate=row.der,
        subject=subject_of(row.der),
        fingerprint=row.fingerprint,
        purposes=tuple(AnchorPurpose(purpose) for purpose in row.purposes),
        period=TrustPeriod(row.trusted_since, row.trusted_until),
        reason=row.reason,
        added_by=row.added_by,
        added_at=row.added_at,
        removed_by=row.removed_by,
        removed_at=row.removed_at,
        removal_reason=row.removal_reason,
    )
