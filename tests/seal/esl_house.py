"""A small hierarchy of SM2 certificates, and seal data in every form, for the tests of GB/T 38540."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateProfile, KeyAlgorithm, Subject, _der, _x509, der
from keys.sm2 import SM2_WITH_SM3, Sm2PrivateKey
from seal.esl import Esl, SealPicture
from seal.esl_making import SealDraft, make_seal

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"
PICTURE = SealPicture("PNG", PNG, 42, 42)


@dataclass(frozen=True)
class Holder:
    """A key and its certificate."""

    key: Sm2PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def certified(
    name: str,
    issuer: Holder | None,
    profile: CertificateProfile = CertificateProfile.SEAL,
    *,
    valid_from: datetime = FROM,
    until: datetime = UNTIL,
) -> Holder:
    """A new key with a certificate; nobody as the issuer makes a root."""
    key = Sm2PrivateKey.generate()
    subject = Subject(common_name=name, organisation="测试").to_der()
    by = key if issuer is None else issuer.key
    made = _x509.make_certificate(
        _x509.CertificateBody(subject, key.public_key.to_der(), valid_from, until, profile.rules, None),
        _x509.Issuer(
            subject if issuer is None else issuer.certificate.subject.public_bytes(),
            by.public_key.to_der(),
            KeyAlgorithm.SM2,
            by.sign,
        ),
    )
    return Holder(key, made)


ROOT = certified("Root", None, CertificateProfile.ROOT_CA)
ISSUING = certified("Issuing", ROOT, CertificateProfile.ISSUING_CA)
MAKER = certified("Maker", ISSUING, CertificateProfile.SEAL_MAKER)
USER = certified("User", ISSUING)
STRANGER = certified("Stranger", ISSUING)
ANCHORS, OTHERS = [ROOT.certificate], [ISSUING.certificate]

DRAFT = SealDraft(
    id="3702000000001",
    name="青岛市测试局",
    kind=1,
    certificates=(USER.der,),
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    valid_from=datetime(2026, 11, 1, tzinfo=UTC),
    valid_until=datetime(2028, 11, 1, tzinfo=UTC),
    picture=PICTURE,
)


def make(draft: SealDraft = DRAFT, maker: Holder = MAKER) -> Esl:
    return make_seal(draft, maker_certificate=maker.der, sign=maker.key.sign)


def utc_time(at: datetime) -> bytes:
    return der.tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())


def ia5(text: str) -> bytes:
    return der.tlv(0x16, text.encode())


def information(
    *,
    version: int = 4,
    oldest: bool = False,
    header: str = "ES",
    kind: int = 1,
    users: bytes | None = None,
    list_type: int = 1,
    times: tuple[bytes, ...] | None = None,
    picture: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """SES_SealInfo, written without the code under test; every part can be replaced."""
    time = utc_time if oldest else _der.generalized_time
    moments = times or tuple(time(at) for at in (DRAFT.created_at, DRAFT.valid_from, DRAFT.valid_until))
    listed = users if users is not None else der.sequence(der.octet_string(USER.der))
    return der.sequence(
        der.sequence(ia5(header), der.integer(version), ia5("Other")),
        ia5("id-1"),
        der.sequence(
            der.integer(kind),
            _der.utf8_string("测试"),
            b"" if oldest else der.integer(list_type),
            listed,
            *moments,
        ),
        picture or der.sequence(ia5("PNG"), der.octet_string(PNG), der.integer(40), der.integer(30)),
        extra,
    )


def form_4(info: bytes, *, algorithm: str = SM2_WITH_SM3, maker: Holder = MAKER, end: bytes = b"") -> bytes:
    """SESeal of GB/T 38540-2020."""
    signature = maker.key.sign(info)
    return der.sequence(info, der.octet_string(maker.der), der.oid(algorithm), _der.bit_string(signature), end)


def form_1(info: bytes, *, algorithm: str = SM2_WITH_SM3, maker: Holder = MAKER) -> bytes:
    """SESeal of GM/T 0031-2014."""
    parts = (der.octet_string(maker.der), der.oid(algorithm))
    signature = maker.key.sign(der.sequence(info, *parts))
    return der.sequence(info, der.sequence(*parts, _der.bit_string(signature)))


def openssl_verifies(certificate: bytes, signed: bytes, signature: bytes, directory: Path) -> bool:
    """What OpenSSL says of a signature by the key of a certificate."""
    base = directory
    (base / "certificate").write_bytes(certificate)
    (base / "signed").write_bytes(signed)
    (base / "signature").write_bytes(signature)
    command = ["openssl", "x509", "-inform", "DER", "-in", base / "certificate", "-noout", "-pubkey"]
    (base / "key").write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    command = [
        "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", base / "key", "-rawin", "-digest", "sm3",
        "-pkeyopt", "distid:1234567812345678", "-in", base / "signed", "-sigfile", base / "signature",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
