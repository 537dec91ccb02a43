"""Seal signatures that stand by themselves (GB/T 38540-2020), for systems that make their own files, such as OFD.

Each is a use of the seal like any other: a grant has to allow it, and it is put on record before the key signs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from seal.esl_errors import DigestInvalidError
from seal.grants import OWNER, SealUser
from seal.ses_signing import SesSigner
from seal.uses import SealUses, WantedUse
from store.errors import YinzhengError

_DIGEST_BYTES = 32


@dataclass(frozen=True)
class DetachedOrder:
    """Who wants a seal signature over which data."""

    seal_number: str
    caller: str
    """Who asks: a client or an officer."""
    document_type: str
    """Code of the type of document; has to be among those that the seal is granted for."""
    document_identifier: str
    digest: bytes
    """SM3 of the data."""
    property_info: str
    """Which data they are, in ASCII, as who checks them expects it; in OFD the path of ``Signature.xml``."""
    user: SealUser = OWNER
    """On whose behalf; the seal's owner's where nothing is said."""
    purpose: str | None = None
    """Only a grant for this purpose allows the use; who uses its own seal may leave it out."""


@dataclass(frozen=True)
class DetachedSignature:
    """A seal signature by itself."""

    data: bytes
    """The SES_Signature in DER."""
    digest: str
    """SHA-256 of the data, lowercase hexadecimal; stands in the record of the use."""
    use_id: int
    signed_at: datetime


class DetachedSealer:
    """Makes seal signatures that stand by themselves, and keeps the record of it."""

    def __init__(self, uses: SealUses, ses: SesSigner) -> None:
        self._uses = uses
        self._ses = ses

    def sign(self, order: DetachedOrder) -> DetachedSignature:
        """Put a seal on data by their digest. The use's record has the SM3 in place of the document's SHA-256.

        Raises what :meth:`seal.sealing.Sealer.seal_pdf` does of seals and grants, and:

        :raises DigestInvalidError: the digest is not of 32 bytes.
        :raises SealDataMissingError: the seal has no data of GB/T 38540.
        :raises EslNotMadeError: the property is not ASCII.
        """
        if len(order.digest) != _DIGEST_BYTES:
            raise DigestInvalidError
        use = self._uses.begin(
            WantedUse(
                seal_number=order.seal_number,
                caller=order.caller,
                user=order.user,
                document_type=order.document_type,
                document_identifier=order.document_identifier,
                document_digest=order.digest.hex(),
                purpose=order.purpose,
            )
        )
        try:
            data = self._ses.sign_digest(use.seal.number, order.digest, property_info=order.property_info, at=use.at)
        except YinzhengError as error:
            self._uses.failed(use, error.code)
            raise
        digest = hashlib.sha256(data).hexdigest()
        self._uses.sealed(use, digest)
        return DetachedSignature(data, digest, use.id, use.at.replace(microsecond=0))
