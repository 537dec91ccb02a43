"""The seal data of our seals (电子印章数据, GB/T 38540-2020): made with the seal, renewed and ended with its keys.

Every seal of a body gets them: a department's, a company's, and the name seal of its legal representative. A person's
signature gets none: it is used by :mod:`seal.signing`, one document at a time, and its name and picture are not for
others to keep. Where no SM2 key can be had (no library for the platform, a token without SM2) the seal is made without.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys import (
    CertificateAuthority,
    CertificateProfile,
    CertificateRecord,
    FieldVault,
    KeyAlgorithm,
    KeyCustody,
    KeyPurpose,
    RevocationReason,
    Subject,
)
from keys.errors import AlreadyRevokedError, Sm2UnavailableError
from keys.hsm_errors import HsmMechanismMissingError
from seal._seal_data_tables import SealDataRow
from seal._tables import SealRow
from seal.errors import SealUnknownError
from seal.esl import SealPicture as PictureInData
from seal.esl_errors import SealDataMissingError
from seal.esl_making import PERSONAL_SEAL, UNIT_SEAL, SealDraft, make_seal
from seal.kinds import SealKind
from seal.pictures import picture_of
from store.clock import Clock
from store.database import Database

_LOG: Final = logging.getLogger(__name__)

SEAL_MAKER: Final = Subject(common_name="印证制章服务 Yinzheng Seal Maker", organisation="印证 Yinzheng")

_DPI: Final = (300, 150, 75)
"""Of the picture, the first that keeps it small: every signature carries it along."""
_LARGEST_PICTURE: Final = 256 * 1024


@dataclass(frozen=True)
class SealData:
    """Seal data as they were made, with the key that may use them."""

    seal_number: str
    data: bytes = field(repr=False)
    """The SESeal in DER: what an ``.esl`` file holds."""
    digest: str
    """SHA-256 of the data, lowercase hexadecimal."""
    key_id: int
    certificate_id: int
    made_at: datetime
    valid_until: datetime


class SealDataMaker:
    """Makes, renews and ends seal data; the caller holds the seal's row."""

    def __init__(self, custody: KeyCustody, authority: CertificateAuthority, vault: FieldVault, clock: Clock) -> None:
        self._custody = custody
        self._authority = authority
        self._vault = vault
        self._clock = clock

    def make(self, session: Session, seal: SealRow, subject: Subject) -> None:
        """Give a body's seal an SM2 key, a certificate for ``subject`` and data signed by the seal maker."""
        if seal.organisation is None or seal.valid_until is None:
            return
        try:
            self._authority.ensure_gm()
            maker = self._authority.ensure_service(KeyPurpose.SEAL_MAKER, SEAL_MAKER, algorithm=KeyAlgorithm.SM2)
            label = f"seal {seal.number} SM2"
            key = self._custody.generate(session, algorithm=KeyAlgorithm.SM2, purpose=KeyPurpose.SEAL, label=label)
        except (Sm2UnavailableError, HsmMechanismMissingError) as error:
            _LOG.warning("seal %s is made without seal data: %s", seal.number, error.message_en)
            return
        certificate = self._authority.issue(session, key.id, CertificateProfile.SEAL, subject)
        draft = self._draft(seal, subject.common_name, certificate, min(seal.valid_until, certificate.not_after))
        made = make_seal(
            draft,
            maker_certificate=maker.certificate.public_bytes(Encoding.DER),
            sign=partial(self._custody.sign, maker.key_id),
        )
        session.add(
            SealDataRow(
                seal_id=seal.id,
                key_id=key.id,
                certificate_id=certificate.id,
                digest=hashlib.sha256(made.encoded).hexdigest(),
                data_encrypted=self._vault.encrypt(made.encoded, context=_context(seal.number)),
                made_at=draft.created_at,
                valid_until=draft.valid_until,
                used_until=None,
            )
        )
        session.flush()

    def end(
        self,
        session: Session,
        seal: SealRow,
        *,
        actor: str,
        reason: RevocationReason | None = None,
        invalid_since: datetime | None = None,
    ) -> None:
        """End the use of the present data, if there are any; with a reason, revoke their certificate."""
        row = session.scalar(_current(seal.id))
        if row is None:
            return
        row.used_until = max(self._clock.now(), row.made_at)
        session.flush()
        if reason is None:
            return
        if invalid_since is not None:
            invalid_since = max(invalid_since, self._authority.get(row.certificate_id).not_before)
        with suppress(AlreadyRevokedError):  # by an administrator of certificates, which is as good
            self._authority.revoke(session, row.certificate_id, reason, actor=actor, invalid_since=invalid_since)

    def _draft(self, seal: SealRow, name: str, certificate: CertificateRecord, until: datetime) -> SealDraft:
        now = self._clock.now().replace(microsecond=0)
        picture = picture_of(seal.picture, seal.number, self._vault)
        pngs = (picture.to_png(dpi) for dpi in _DPI)
        png = next((png for png in pngs if len(png) <= _LARGEST_PICTURE), picture.to_png(_DPI[-1]))
        personal = SealKind(seal.kind) is SealKind.LEGAL_REPRESENTATIVE
        return SealDraft(
            id=seal.number,
            name=name,
            kind=PERSONAL_SEAL if personal else UNIT_SEAL,
            certificates=(certificate.certificate.public_bytes(Encoding.DER),),
            created_at=now,
            valid_from=now,
            valid_until=until.replace(microsecond=0),
            picture=PictureInData("PNG", png, round(picture.width_mm), round(picture.height_mm)),
        )


class SealDataBook:
    """Hands out the seal data that are in use."""

    def __init__(self, database: Database, vault: FieldVault) -> None:
        self._database = database
        self._vault = vault

    def current(self, seal_number: str) -> SealData:
        """The data of a seal.

        :raises SealUnknownError: there is no such seal.
        :raises SealDataMissingError: it has none: it is a person's, not made yet, cancelled, or was made where no SM2
            key could be had.
        """
        with self._database.transaction() as session:
            seal_id = session.scalar(sa.select(SealRow.id).where(SealRow.number == seal_number))
            if seal_id is None:
                raise SealUnknownError(number=seal_number)
            row = session.scalar(_current(seal_id).options(sa.orm.undefer(SealDataRow.data_encrypted)))
        if row is None:
            raise SealDataMissingError(number=seal_number)
        return SealData(
            seal_number=seal_number,
            data=self._vault.decrypt(row.data_encrypted, context=_context(seal_number)),
            digest=row.digest,
            key_id=row.key_id,
            certificate_id=row.certificate_id,
            made_at=row.made_at,
            valid_until=row.valid_until,
        )


def _current(seal_id: int) -> sa.Select[SealDataRow]:
    return sa.select(SealDataRow).where(SealDataRow.seal_id == seal_id, SealDataRow.used_until.is_(None))


def _context(number: str) -> str:
    return f"seal_data.data:{number}"
