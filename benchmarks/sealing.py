"""Sealing and checking a licence against pyHanko's own calls, with the same PDF, key and certificates."""

from __future__ import annotations

import asyncio
import io
import logging
import resource
from datetime import timedelta
from functools import lru_cache
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
from seal import Artwork, Placement, Seal, SealingOrder, SealLevel
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
    logging.getLogger("pyhanko").setLevel(logging.ERROR)  # it says each time that nothing may be fetched
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
    peer = _Peer(services)
    for level in (SealLevel.B_B, SealLevel.B_T, SealLevel.B_LTA):
        theirs = seconds_per_call(lambda level=level: peer.seal(unsealed, level.value))
        print(row(f"pyHanko, documented call, {level.value}", theirs))
        ours = seconds_per_call(lambda level=level: _press(services, unsealed, seal, level))
        print(row(f"Yinzheng, {level.value}", ours, against=theirs))
    recorded = seconds_per_call(lambda: services.sealer.seal_pdf(unsealed, order))
    print(row("Yinzheng, B-T, with the record of the use (PostgreSQL)", recorded))
    key = ec.generate_private_key(ec.SECP256R1())
    print(row("a bare P-256 signature", seconds_per_call(lambda: key.sign(b"x", ec.ECDSA(hashes.SHA256())))))

    anchors = TrustAnchors.of([root])
    for level, data in ((SealLevel.B_T, _press(services, unsealed, seal, SealLevel.B_T)), (SealLevel.B_LTA, sealed)):
        print(f"\nChecking a {level} licence of {len(data):,} bytes")
        theirs = seconds_per_call(lambda data=data: _pyhanko_check(data, root))
        print(row("pyHanko, async_validate_pdf_signature", theirs))
        check = seconds_per_call(
            lambda data=data: inspect_pdf(data, anchors, policy=Policy.LICENCE, now=services.clock.now())
        )
        print(row("Yinzheng, strict policy for licences", check, against=theirs))
    whole = seconds_per_call(lambda: services.checker.check_pdf(sealed))
    print(row("Yinzheng, the same and the register", whole, against=theirs))
    if Path("/proc/self/statm").exists():
        _memory(services, unsealed, sealed, seal, anchors)


def _press(services: Services, pdf: bytes, seal: Seal, level: SealLevel) -> bytes:
    """Our side, without the database."""
    if seal.key_id is None or seal.certificate_id is None:
        raise RuntimeError("the seal was not made")
    target = io.BytesIO()
    services.press.press(
        io.BytesIO(pdf),
        target,
        artwork=_artwork(services, seal),
        name=seal.name,
        key_id=seal.key_id,
        certificate_id=seal.certificate_id,
        placement=Placement(1, 324, 239),
        reason="benchmark",
        at=services.clock.now(),
        level=level,
    )
    return target.getvalue()


def _memory(services: Services, pdf: bytes, sealed: bytes, seal: Seal, anchors: TrustAnchors) -> None:
    """Resident memory after a thousand files sealed and checked, and after ten thousand."""
    print("\nMemory while sealing and checking one file after the other")
    for files in (1_000, 10_000):
        for _ in range(files if files == 1_000 else files - 1_000):
            _press(services, pdf, seal, SealLevel.B_T)
            inspect_pdf(sealed, anchors, policy=Policy.LICENCE, now=services.clock.now())
        resident_kb = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
        print(f"after {files:>6,} files: {resident_kb // 1024} MiB")


@lru_cache
def _artwork(services: Services, seal: Seal) -> Artwork:
    return services.seals.artwork(seal)


class _Peer:
    """A signer of pyHanko's own, with a key and an authority of its own; time stamps come from ours."""

    def __init__(self, services: Services) -> None:
        authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._now = services.clock.now().replace(microsecond=0)
        root = self._certificate("peer root", authority_key.public_key(), "peer root", authority_key, authority=True)
        leaf = self._certificate("peer", key.public_key(), "peer root", authority_key, authority=False)
        private = asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        store = SimpleCertificateStore()
        store.register(root)
        self._signer = SimpleSigner(leaf, private, store)
        self._time_stamps = _SameProcess(services.keys.timestamps)
        self._roots = [root, Certificate.load(services.keys.authority.root.public_bytes(Encoding.DER))]
        self._others = [Certificate.load(services.keys.authority.issuing.public_bytes(Encoding.DER))]

    def seal(self, pdf: bytes, level: str) -> bytes:
        long_term = level == "B-LTA"
        context = ValidationContext(trust_roots=self._roots, other_certs=self._others) if long_term else None
        metadata = PdfSignatureMetadata(
            field_name="Seal1",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            embed_validation_info=long_term,
            use_pades_lta=long_term,
            validation_context=context,
        )
        field = SigFieldSpec("Seal1", on_page=0, box=(850, 100, 969, 219))
        stamper = None if level == "B-B" else self._time_stamps
        out = PdfSigner(metadata, self._signer, timestamper=stamper, new_field_spec=field).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf))
        )
        return bytes(out.getbuffer())

    def _certificate(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        issuer: str,
        signer: ec.EllipticCurvePrivateKey,
        *,
        authority: bool,
    ) -> Certificate:
        usage = dict.fromkeys(
            ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority,
                    content_commitment=not authority,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    **usage,
                ),
                critical=True,
            )
            .sign(signer, hashes.SHA256())
        )
        return Certificate.load(made.public_bytes(Encoding.DER))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _pyhanko_check(pdf: bytes, root: x509.Certificate) -> None:
    context = ValidationContext(trust_roots=[Certificate.load(root.public_bytes(Encoding.DER))])
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    status = asyncio.run(async_validate_pdf_signature(signature, context))
    if not status.bottom_line:
        raise RuntimeError("pyHanko does not accept the licence")
