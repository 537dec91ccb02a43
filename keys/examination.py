"""Examining keys and certificates: each opens under the present key-encryption key and is the one it is said to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from sqlalchemy.orm import Session

from keys import _books as books
from keys._tables import CertificateRow, SigningKeyRow
from keys.certificate_checks import public_key_info
from keys.custody import KeyCustody, KeyInfo, KeyPurpose
from keys.errors import KeyDamagedError, KeysError
from keys.profiles import CertificateProfile
from keys.soft import info_of
from store.findings import Finding, FindingKind, Severity

KEY_DAMAGED: Final = FindingKind(
    "key.damaged",
    "密钥 {key} 无法用现有的密钥加密密钥解开，或已被改动。",
    "Key {key} does not open under the present key-encryption key, or was altered.",
    "从备份恢复表 signing_key 的该行；在此之前该密钥不能签名。",
    "Restore its row of the table signing_key from a back-up; until then it cannot sign.",
)
KEY_UNREACHABLE: Final = FindingKind(
    "key.unreachable",
    "密钥 {key} 在密码设备中，现在无法使用：{error}。",
    "Key {key} lives in a token and cannot be used now: {error}.",
    "检查密码设备及 YINZHENG_PKCS11_… 设置。",
    "Check the token and the settings YINZHENG_PKCS11_….",
)
CERTIFICATE_DIFFERS: Final = FindingKind(
    "certificate.key_differs",
    "证书 {certificate} 不是密钥 {key} 的证书。",
    "Certificate {certificate} is not one for key {key}.",
    "从备份恢复表 certificate 的该行；查明谁改动了数据库。",
    "Restore its row of the table certificate from a back-up; find out who changed the database.",
)
CERTIFICATE_DAMAGED: Final = FindingKind(
    "certificate.damaged",
    "证书 {certificate} 无法读取，或与其登记的序列号、有效期不符。",
    "Certificate {certificate} cannot be read, or its row tells another serial number or validity.",
    "从备份恢复表 certificate 的该行；查明谁改动了数据库。",
    "Restore its row of the table certificate from a back-up; find out who changed the database.",
)
CERTIFICATE_ENDS: Final = FindingKind(
    "certificate.ends_soon",
    "{what} 的证书 {certificate} 于 {until} 到期。",
    "Certificate {certificate} of {what} ends on {until}.",
    "yinzheng keys rotate（服务）或 yinzheng seal rotate（印章）；外部机构签发的，重新申请并导入。",
    "yinzheng keys rotate (services) or yinzheng seal rotate (seals); ask an outside authority for another one.",
    Severity.WARNING,
)

_PAGE: Final = 500
_OWNERS_LOOK: Final = frozenset({KeyPurpose.SEAL, KeyPurpose.PERSON})
"""Purposes whose certificates end with what they are for; whoever keeps that knows which still count."""


def examine_keys(session: Session, custody: KeyCustody, *, told: Callable[[int], object]) -> Iterator[Finding]:
    """Every key opens, and every certificate is for the key that its row names."""
    rows = sa.select(SigningKeyRow.id, SigningKeyRow.public_key).order_by(SigningKeyRow.id)
    for count, row in enumerate(session.execute(rows.execution_options(yield_per=_PAGE)), start=1):
        where, said = f"key:{row.id}", {"key": row.id}
        try:
            custody.info(row.id)
        except KeyDamagedError:
            yield Finding(KEY_DAMAGED, where, said)
        except KeysError as error:
            yield Finding(KEY_UNREACHABLE, where, {**said, "error": error.code})
        told(count)
    yield from _examine_certificates(session)


def _examine_certificates(session: Session) -> Iterator[Finding]:
    rows = (
        sa.select(CertificateRow, SigningKeyRow.public_key)
        .outerjoin(SigningKeyRow, SigningKeyRow.id == CertificateRow.key_id)
        .order_by(CertificateRow.id)
        .execution_options(yield_per=_PAGE)
    )
    for row, public_key in session.execute(rows):
        where, said = f"certificate:{row.id}", {"certificate": row.id, "key": row.key_id}
        try:
            certificate = x509.load_der_x509_certificate(row.der)
            found = public_key_info(certificate)
        except ValueError:
            yield Finding(CERTIFICATE_DAMAGED, where, said)
            continue
        if found != public_key:
            yield Finding(CERTIFICATE_DIFFERS, where, said)
        elif (f"{certificate.serial_number:x}", certificate.not_valid_after_utc) != (row.serial, row.not_after):
            yield Finding(CERTIFICATE_DAMAGED, where, said)


def examine_service_certificates(session: Session, *, before: datetime) -> Iterator[Finding]:
    """The certificates that authorities and services sign with now, and that end before a moment."""
    records = [
        books.newest_authority(session, profile, gm=gm)
        for profile in (CertificateProfile.ROOT_CA, CertificateProfile.ISSUING_CA)
        for gm in (False, True)
    ]
    others = set(KeyPurpose) - _OWNERS_LOOK - {KeyPurpose.ROOT_CA, KeyPurpose.ISSUING_CA}
    records += [books.newest_for(session, purpose) for purpose in sorted(others)]
    for record in records:
        # what is made for days is made anew by itself
        if record is not None and record.profile.rules.days is None and record.not_after < before:
            yield ends_soon(record.id, record.profile.value, record.not_after)


def ends_soon(certificate_id: int, what: str, until: datetime) -> Finding:
    """That a certificate ends."""
    said: dict[str, object] = {"certificate": certificate_id, "what": what, "until": f"{until:%Y-%m-%d}"}
    return Finding(CERTIFICATE_ENDS, f"certificate:{certificate_id}", said)


def keys_of(session: Session, purpose: KeyPurpose) -> list[KeyInfo]:
    """The keys of a purpose, oldest first; those of services are few."""
    rows = sa.select(SigningKeyRow).where(SigningKeyRow.purpose == purpose.value).order_by(SigningKeyRow.id)
    return [info_of(row) for row in session.scalars(rows)]
