"""An authority outside of the installation, as it answers requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.x509.oid import NameOID
from keys_house import START

CaKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class ForeignAuthority:
    """A root or an authority under one."""

    name: str
    parent: ForeignAuthority | None = None
    key: CaKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    path_length: int | None = None
    is_authority: bool = True
    hash: HashAlgorithm = field(default_factory=SHA256)
    until: datetime = START + timedelta(days=3650)
    extra: Sequence[x509.ExtensionType] = ()

    def __post_init__(self) -> None:
        signer = self.parent or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(self.name))
            .issuer_name(name_of(signer.name))
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(START - timedelta(days=30))
            .not_valid_after(self.until)
            .add_extension(x509.BasicConstraints(ca=self.is_authority, path_length=self.path_length), True)
        )
        for extension in self.extra:
            builder = builder.add_extension(extension, False)
        self.certificate = builder.sign(signer.key, signer.hash)

    def answer(
        self,
        request: x509.CertificateSigningRequest,
        *,
        begins: datetime = START - timedelta(days=1),
        ends: datetime = START + timedelta(days=365),
        without: Sequence[type[x509.ExtensionType]] = (),
        instead: Sequence[tuple[x509.ExtensionType, bool]] = (),
        serial: int = 1,
    ) -> x509.Certificate:
        """A certificate for a request, with the extensions that it asks for, some of them left out or replaced."""
        assert request.is_signature_valid
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(name_of(self.name))
            .public_key(request.public_key())
            .serial_number(serial)
            .not_valid_before(begins)
            .not_valid_after(ends)
        )
        left_out = (*without, *(type(value) for value, _ in instead))
        for asked in request.extensions:
            if not isinstance(asked.value, left_out):
                builder = builder.add_extension(asked.value, asked.critical)
        for value, critical in instead:
            builder = builder.add_extension(value, critical)
        return builder.sign(self.key, self.hash)
