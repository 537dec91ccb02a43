"""Sealing and checking a licence against pyHanko's own calls, with the same PDF, key and certificates."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from api.commands.common import read_json_object
from api.commands.demo import EXAMPLES, _found_departments
from api.services import Services
from api.settings import Settings
from benchmarks.measure import row, seconds_per_call
from keys import TimestampAuthority
from seal import Placement, SealingOrder
from trust import IssueOrder
from verify import Policy, TrustAnchors, inspect_pdf


class _SameProcess(TimeStamper):
    """pyHanko's time stamper, asking our authority in this process."""

    def __init__(self, authority: TimestampAuthority) -> None:
        super().__init__()
        self._authority = authority

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.respond(req.dump()))


def main() -> None:
    with (
        TemporaryDirectory(prefix="yinzheng-bench-") as directory,
        Services(Settings(var=Path(directory))) as services,
    ):
        _run(services)


def _run(services: Services) -> None:
    _found_departments(services)
    slug = "business_licence"
    licence = services.issuing.issue(
        IssueOrder(type=slug, fields=read_json_object(EXAMPLES / f"{slug}.json"), actor="benchmark")
    ).licence
    sealed = services.register.pdf(licence)
    unsealed = sealed[: sealed.index(b"%%EOF") + 6]
    seal = services.seals.usable_for(slug)[-1]
    root = services.keys.authority.root
    order = SealingOrder(seal.number, "benchmark", slug, "1", Placement(1, 324, 239), "benchmark")

    print(f"Sealing a business licence of {len(unsealed):,} bytes, one process, one core")
    peer_bb = seconds_per_call(lambda: _pyhanko_seal(unsealed, *_peer_signer(services), None))
    peer_bt = seconds_per_call(
        lambda: _pyhanko_seal(unsealed, *_peer_signer(services), _SameProcess(services.keys.timestamps))
    )
    print(row("pyHanko, default call, B-B", peer_bb))
    print(row("pyHanko, default call, B-T", peer_bt))
    at = services.clock.now()
    ours = seconds_per_call(lambda: services.sealer._seal(unsealed, seal, order, at))
    print(row("Yinzheng, seal on the page, B-T", ours, against=peer_bt))
    recorded = seconds_per_call(lambda: services.sealer.seal_pdf(unsealed, order))
    print(row("Yinzheng, the same with the record of the use (PostgreSQL)", recorded, against=peer_bt))
    key = ec.generate_private_key(ec.SECP256R1())
    print(row("a bare P-256 signature", seconds_per_call(lambda: key.sign(b"x", ec.ECDSA(hashes.SHA256())))))

    print(f"\nChecking the sealed licence of {len(sealed):,} bytes")
    anchors = TrustAnchors.of([root])
    peer = seconds_per_call(lambda: _pyhanko_check(sealed, root))
    print(row("pyHanko, async_validate_pdf_signature", peer))
    check = seconds_per_call(lambda: inspect_pdf(sealed, anchors, policy=Policy.LICENCE, now=services.clock.now()))
    print(row("Yinzheng, strict policy for licences", check, against=peer))
    whole = seconds_per_call(lambda: services.checker.check_pdf(sealed))
    print(row("Yinzheng, the same and the register", whole, against=peer))


_made: list[tuple[SimpleSigner, ec.EllipticCurvePrivateKey]] = []


def _peer_signer(services: Services) -> tuple[SimpleSigner]:
    """A signer of pyHanko's own with a key of its own, certified by our authority."""
    if not _made:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
        ca = ec.generate_private_key(ec.SECP256R1())
        now = services.clock.now()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now.replace(year=now.year + 1))
            .sign(ca, hashes.SHA256())
        )
        private = asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        store = SimpleCertificateStore()
        store.register(Certificate.load(services.keys.authority.issuing.public_bytes(Encoding.DER)))
        signer = SimpleSigner(Certificate.load(certificate.public_bytes(Encoding.DER)), private, store)
        _made.append((signer, key))
    return (_made[0][0],)


def _pyhanko_seal(pdf: bytes, signer: SimpleSigner, time_stamper: TimeStamper | None) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name="Seal1",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    field = SigFieldSpec("Seal1", on_page=0, box=(850, 100, 969, 219))
    out = PdfSigner(metadata, signer, timestamper=time_stamper, new_field_spec=field).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf))
    )
    return bytes(out.getbuffer())


def _pyhanko_check(pdf: bytes, root: x509.Certificate) -> None:
    context = ValidationContext(trust_roots=[Certificate.load(root.public_bytes(Encoding.DER))])
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    status = asyncio.run(async_validate_pdf_signature(signature, context))
    if not status.bottom_line:
        raise RuntimeError("pyHanko does not accept the licence")
