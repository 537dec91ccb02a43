"""What a seal's key and our time stamps make of a PDF is trusted by readers that trust our root."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
import typst
from asn1crypto import algos, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from keys_house import START, House, write_pem
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from keys import KeyAlgorithm, TimestampAuthority
from store.clock import SystemClock

MECHANISMS = {KeyAlgorithm.ECDSA_P256: "sha256_ecdsa", KeyAlgorithm.RSA_3072: "sha256_rsa"}


def as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


class _Stamper(TimeStamper):
    def __init__(self, authority: TimestampAuthority) -> None:
        super().__init__()
        self._authority = authority

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.respond(req.dump()))


def sealed(house: House, algorithm: KeyAlgorithm) -> bytes:
    record = house.certify(house.make_key(algorithm=algorithm))
    leaf, issuing, _ = house.authority.chain(record.certificate)

    class Sealer(signers.Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            assert digest_algorithm == "sha256"
            return house.custody.sign(record.key_id, data)

    store = SimpleCertificateStore()
    store.register(as_asn1(issuing))
    sealer = Sealer(
        signing_cert=as_asn1(leaf),
        cert_registry=store,
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": MECHANISMS[algorithm]}),
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(typst.compile("印证".encode())))
    signed: io.BytesIO = signers.sign_pdf(writer, metadata, sealer, timestamper=_Stamper(house.timestamps))
    return signed.getvalue()


@pytest.mark.parametrize("algorithm", list(MECHANISMS))
def test_pyhanko_trusts_seal_and_time_stamp(standing_house: House, algorithm: KeyAlgorithm) -> None:
    root = as_asn1(standing_house.authority.root)
    (signature,) = PdfFileReader(io.BytesIO(sealed(standing_house, algorithm))).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], moment=START))
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.timestamp == START


@pytest.mark.needs("pdfsig", "certutil")
@pytest.mark.parametrize("algorithm", list(MECHANISMS))
def test_pdfsig_trusts_the_seal(house: House, tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    house.clock.advance(SystemClock().now() - house.clock.now())  # pdfsig judges at the present moment
    house.authority.ensure()
    house.timestamps.ensure()
    (tmp_path / "sealed.pdf").write_bytes(sealed(house, algorithm))
    root = write_pem(tmp_path / "root.pem", house.authority.root)
    for command in (
        ["certutil", "-N", "-d", f"sql:{tmp_path}", "--empty-password"],
        ["certutil", "-A", "-d", f"sql:{tmp_path}", "-n", "root", "-t", "C,C,C", "-i", root],
    ):
        subprocess.run(command, check=True)
    said = subprocess.run(
        ["pdfsig", "-nssdir", tmp_path, tmp_path / "sealed.pdf"], check=True, capture_output=True, text=True
    ).stdout
    assert "Signature Validation: Signature is Valid." in said
    assert "Certificate Validation: Certificate is Trusted." in said
    assert "Signer Certificate Common Name: 青岛市行政审批服务局" in said
    assert "Total document signed" in said
