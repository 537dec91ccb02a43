"""Checking that a record stands in the transparency log, from a proof alone.

The proof opens the record with its salt, leads from its leaf to the root of a checkpoint (RFC 6962, 2.1.1), and the
checkpoint is signed with a key whose certificate leads to a trust anchor. Nobody has to be asked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys import salted_digest
from keys.errors import NoteInvalidError
from keys.notes import Checkpoint, NoteKey, open_note
from store.merkle import HASH_SIZE, holds_inclusion, leaf_hash
from trust import LogProof
from verify.anchors import TrustAnchors
from verify.certificates import load_certificate
from verify.chains import Chain, find_chain
from verify.reasons import Text, reason
from verify.verdict import Reason

_SALT_SIZE: Final = 32
_DEEPEST: Final = 64
_MOST_CERTIFICATES: Final = 8
_MOST_PROOFS: Final = 10_000


@dataclass(frozen=True, slots=True)
class ProvenRecord:
    """What a proof shows to stand in the log."""

    identifier: str
    number: int
    state: str
    pdf_sha256: str | None
    position: int
    size: int
    """Of the log, by the checkpoint."""

    def to_reason(self) -> Reason:
        """The reason in a verdict."""
        return reason("log.included", position=self.position, size=self.size)


class ProofError(Exception):
    """A proof shows nothing, for a coded reason."""

    def __init__(self, zh: str, en: str) -> None:
        self.reason = reason("log.not_proven", detail=Text(zh, en))
        super().__init__(en)


def proven_record(value: object, anchors: TrustAnchors, *, now: datetime) -> ProvenRecord:
    """What a proof shows, as :meth:`trust.transparency.LogProof.to_json` writes it.

    :raises ProofError: it shows nothing.
    """
    try:
        proof: Any = value
        return _opened(proof, _checkpoint(proof["checkpoint"], proof["certificates"], anchors, now))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, NoteInvalidError):
        raise ProofError("证明格式不正确", "it is not in the form of a proof") from None


def own_record(proof: LogProof) -> ProvenRecord:
    """What a proof of our own log shows, which was made a moment ago: its signature is not looked at.

    :raises ProofError: it shows nothing; somebody was at the log.
    """
    try:
        return _opened(proof.to_json(), Checkpoint.parse(proof.checkpoint))
    except (KeyError, TypeError, ValueError):
        raise ProofError("记录无法读取", "its record cannot be read") from None


def inclusion_of(proofs: bytes, digest: str, anchors: TrustAnchors, *, now: datetime) -> Reason:
    """Whether some proofs show that a file stands in the log.

    :param proofs: a proof as JSON, or an array of them.
    :param digest: SHA-256 of the file, lowercase hexadecimal.
    """
    try:
        value = json.loads(proofs)
    except (ValueError, RecursionError):
        return ProofError("证明不是 JSON", "it is not JSON").reason
    fault: Reason | None = None
    for each in (value if isinstance(value, list) else [value])[:_MOST_PROOFS]:
        try:
            found = proven_record(each, anchors, now=now)
        except ProofError as error:
            fault = fault or error.reason
            continue
        if found.pdf_sha256 == digest:
            return found.to_reason()
    return fault or ProofError("证明的是其他文件", "it is about another file").reason


def _opened(value: Any, checkpoint: Checkpoint) -> ProvenRecord:
    leaf, opening, salt = value["leaf"].encode(), value["opening"].encode(), bytes.fromhex(value["salt"])
    position, hashes = value["position"], [bytes.fromhex(each) for each in value["hashes"]]
    said, record = json.loads(leaf), json.loads(opening)
    if type(position) is not int or len(hashes) > _DEEPEST or any(len(each) != HASH_SIZE for each in hashes):
        raise ValueError("form")
    if len(salt) != _SALT_SIZE or said["digest"] != salted_digest(salt, opening) or said["kind"] != record["kind"]:
        raise ProofError("盐值打不开该记录", "its salt does not open the record")
    if not holds_inclusion(leaf_hash(leaf), position, checkpoint.size, hashes, checkpoint.root):
        raise ProofError("散列路径不通向检查点", "its hashes do not lead to the checkpoint")
    subject, _, identifier = record["subject"].partition(":")
    if subject != "licence" or identifier != value["identifier"]:
        raise ProofError("证明的是其他证照", "it is about something else")
    return ProvenRecord(identifier, record["number"], record["state"], record["pdf_sha256"], position, checkpoint.size)


def _checkpoint(note: str, encoded: Sequence[str], anchors: TrustAnchors, now: datetime) -> Checkpoint:
    origin = note.partition("\n")[0]
    key = _trusted_key(encoded, anchors, now).public_bytes(Encoding.Raw, PublicFormat.Raw)
    try:
        checkpoint = Checkpoint.parse(open_note(note.encode(), [NoteKey(origin, key)]))
    except NoteInvalidError:
        raise ProofError("检查点的签名无效", "its checkpoint is not signed as it should be") from None
    return checkpoint


def _trusted_key(encoded: Sequence[str], anchors: TrustAnchors, now: datetime) -> Ed25519PublicKey:
    """The key of the log's certificate, if its issuer leads to an anchor.

    The chain is looked for from the issuer on: what is held to strength there are keys that sign PDFs, which those of
    the log never do.
    """
    untrusted = ProofError("日志证书不被信任", "the log's certificate is not trusted")
    if not 1 < len(encoded) <= _MOST_CERTIFICATES:
        raise untrusted
    try:
        own, issuer, *above = (base64.b64decode(each, validate=True) for each in encoded)
        certificate = load_certificate(own)
        certificate.verify_directly_issued_by(load_certificate(issuer))
        key = certificate.public_key()
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        chain = find_chain(issuer, frozenset(above), anchors)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        raise untrusted from None
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not isinstance(chain, Chain) or chain.fault_at(now) is not None or not valid:
        raise untrusted
    if not isinstance(key, Ed25519PublicKey) or not usage.digital_signature or usage.key_cert_sign:
        raise untrusted
    return key
