"""The policy for PDFs of other signers: what holds passes, whoever wrote it; what changed after it is told."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from keys.der import null, oid
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, CONTENT, FORM, INFO, PAGE, XMP, dictionary, stream
from tests.verify.pki import NOW, SEALED_AT, Identity, Pki, issue
from tests.verify.signing import Signer, attribute, seal_signer
from tests.verify.status import revocation_list
from verify import der
from verify.verdict import Changes, Coverage, Indication, Level, SignatureKind


def asn1(identity: Identity) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(identity.der)


def asn1_key(identity: Identity) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def signed_by_pyhanko(
    pki: Pki, base: bytes, *, identity: Identity | None = None, password: str | None = None, **metadata: object
) -> bytes:
    """What another program writes; with an RSA time stamp of its own kind.

    :param password: of an encrypted document.
    """
    identity = identity or pki.seal
    tsa = issue(
        "RSA 时间戳",
        pki.issuing,
        key=rsa.generate_private_key(65537, 2048),
        purposes=[ExtendedKeyUsageOID.TIME_STAMPING],
        purposes_critical=True,
    )
    stamper = DummyTimeStamper(asn1(tsa), asn1_key(tsa), [asn1(pki.issuing)], fixed_dt=SEALED_AT)
    signer = signers.SimpleSigner(
        asn1(identity), asn1_key(identity), SimpleCertificateStore.from_certs([asn1(pki.issuing)])
    )
    settings: dict[str, object] = {"field_name": "Signature1", "md_algorithm": "sha256"}
    pdf_signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(**(settings | metadata)),  # type: ignore[arg-type]
        signer,
        timestamper=stamper,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(base), strict=False)  # hybrid files too
    if password is not None:
        writer.encrypt(password)
    return bytes(pdf_signer.sign_pdf(writer).getvalue())


@pytest.mark.parametrize("subfilter", list(fields.SigSeedSubFilter)[:2])
def test_what_pyhanko_signs_passes(pki: Pki, foreign: Inspect, subfilter: fields.SigSeedSubFilter) -> None:
    evidence = foreign(signed_by_pyhanko(pki, files.whole(), subfilter=subfilter))
    assert evidence.passed, codes(evidence)
    (report,) = evidence.signatures
    assert report.kind is SignatureKind.OTHER
    assert report.coverage is Coverage.WHOLE_FILE
    assert report.proven_time == SEALED_AT
    pades = subfilter is fields.SigSeedSubFilter.PADES
    assert report.level is (Level.B_T if pades else None)


def test_what_pyhanko_extends_passes_to_the_last_level(pki: Pki, foreign: Inspect) -> None:
    lists = [revocation_list(issuer, at=NOW - timedelta(hours=1)) for issuer in (pki.issuing, pki.root)]
    context = ValidationContext(
        trust_roots=[asn1(pki.root)],
        other_certs=[asn1(pki.issuing)],
        crls=[asn1_crl.CertificateList.load(each) for each in lists],
        moment=NOW,
        revocation_mode="require",
    )
    evidence = foreign(
        signed_by_pyhanko(
            pki,
            files.whole(),
            subfilter=fields.SigSeedSubFilter.PADES,
            embed_validation_info=True,
            use_pades_lta=True,
            validation_context=context,
        )
    )
    assert evidence.passed, codes(evidence)
    signature, stamp = evidence.signatures
    assert signature.level is Level.B_LTA
    assert signature.changes is Changes.LONG_TERM_VALIDATION
    assert stamp.kind is SignatureKind.TIMESTAMP
    assert stamp.indication is Indication.TOTAL_PASSED


def test_two_signatures_one_after_the_other_pass(pki: Pki, foreign: Inspect) -> None:
    first = signed_by_pyhanko(pki, files.whole())
    evidence = foreign(signed_by_pyhanko(pki, first, field_name="Signature2"))
    assert evidence.passed, codes(evidence)
    one, two = evidence.signatures
    assert (one.coverage, one.changes) == (Coverage.PARTIAL, Changes.FORM_FILLING)
    assert (two.coverage, two.changes) == (Coverage.WHOLE_FILE, Changes.NONE)


def test_a_signature_after_a_certification_that_permits_nothing_fails(pki: Pki, foreign: Inspect) -> None:
    certified = files.sealed(seal_signer(pki).cms)
    objects = {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (Two) /F 132 /P 3 0 R /Rect [0 0 0 0] /V 15 0 R"),
        15: files.Placeholder(files.seal_keys(level=None)).value,
    }
    signed = files.fill(files.append(certified, objects), seal_signer(pki).cms)
    evidence = foreign(signed)
    assert not evidence.passed
    assert set(codes(evidence)) & {"structure.form_changed", "structure.changed_after_signing"}
    assert evidence.signatures[1].indication is Indication.TOTAL_PASSED


REVISIONS: dict[str, dict[int, bytes]] = {
    "another content stream": {CONTENT: stream(b"BT /F1 18 Tf (forged) Tj ET")},
    "an annotation": {
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(b"/Type /Annot /Subtype /FreeText /Rect [40 190 300 230] /Contents (x)"),
    },
    "a page": {
        files.PAGES: dictionary(b"/Type /Pages /Count 2 /Kids [3 0 R 14 0 R]"),
        14: dictionary(files.PAGE_KEYS),
    },
    "another font": {files.FONT: dictionary(b"/Type /Font /Subtype /Type1 /BaseFont /Symbol")},
    "the title in the document information": {INFO: dictionary(b"/Title (Another) /Producer (hand)")},
    "the title in the metadata": {XMP: files.xmp(b"Another")},
    "the catalogue": {CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /OpenAction << /S /URI /URI (x) >>")},
    "a form field": {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Tx /T (x) /V (forged) /Rect [40 190 300 230] /P 3 0 R"),
    },
}


@pytest.mark.parametrize("what", REVISIONS)
@pytest.mark.parametrize("level", [None, 1, 2, 3])
def test_a_change_after_a_signature_never_passes(pki: Pki, foreign: Inspect, what: str, level: int | None) -> None:
    data = files.sealed(seal_signer(pki).cms, level=level)
    assert foreign(data).passed
    evidence = foreign(files.append(data, REVISIONS[what]))
    assert_refused(evidence, "structure.changed_after_signing")
    assert evidence.signatures[0].intact
    assert evidence.signatures[0].coverage is Coverage.PARTIAL


def test_a_stranger_who_signs_a_change_does_not_make_it_good(pki: Pki, foreign: Inspect) -> None:
    stranger = issue("陌生人")
    objects = {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (Two) /F 132 /P 3 0 R /Rect [0 0 0 0] /V 15 0 R"),
        15: files.Placeholder(files.seal_keys(level=None)).value,
        CONTENT: stream(b"forged"),
    }
    base = files.sealed(seal_signer(pki).cms, level=None)
    signed = files.fill(files.append(base, objects), Signer(stranger, (stranger.der,)).cms)
    evidence = foreign(signed)
    assert_refused(evidence, "structure.changed_after_signing")
    assert_refused(evidence, "certificate.untrusted")


FILLABLE = {
    CATALOGUE: dictionary(files.CATALOGUE_KEYS + b" /AcroForm 10 0 R"),
    FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
    PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
    14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Tx /T (x) /V () /Rect [40 190 300 230] /P 3 0 R"),
}
FILLED = {14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Tx /T (x) /V (yes) /Rect [40 190 300 230] /P 3 0 R")}


def fillable(pki: Pki, level: int | None) -> bytes:
    """A signed form with an empty text field."""
    objects = files.seal_objects(files.Placeholder(files.seal_keys(level=level))) | FILLABLE
    if level is not None:
        objects[CATALOGUE] = dictionary(files.SEALED_CATALOGUE)
    return files.fill(files.append(files.whole(), objects), seal_signer(pki).cms)


@pytest.mark.parametrize(("level", "code"), [(None, "structure.unsigned_changes"), (1, "structure.form_changed")])
def test_a_form_filled_in_after_signing_is_told(pki: Pki, foreign: Inspect, level: int | None, code: str) -> None:
    data = fillable(pki, level)
    assert foreign(data).passed
    assert_refused(foreign(files.append(data, FILLED)), code)


@pytest.mark.parametrize("level", [2, 3])
def test_a_form_filled_in_as_the_certification_permits_passes_and_is_told(
    pki: Pki, foreign: Inspect, level: int
) -> None:
    evidence = foreign(files.append(fillable(pki, level), FILLED))
    assert evidence.passed, codes(evidence)
    assert "structure.filled_in" in codes(evidence)
    assert evidence.signatures[0].changes is Changes.FORM_FILLING


LOOKS = stream(b"BT /F1 18 Tf (1 000 000) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 260 40] /Resources << >>")
FIELD_KEYS = b"/Type /Annot /Subtype /Widget /FT /Tx /T (x) /Rect [40 190 300 230] /P 3 0 R"
BEYOND_FILLING: dict[str, dict[int, bytes]] = {
    "the look of a field that holds what it held": {
        14: dictionary(FIELD_KEYS + b" /V () /AP << /N 15 0 R >>"),
        15: LOOKS,
    },
    "an empty signature field over the text": {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R 15 0 R] /SigFlags 3"),
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R 15 0 R]"),
        15: dictionary(
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (y) /F 132 /Rect [40 190 300 230] /P 3 0 R /AP << /N 16 0 R >>"
        ),
        16: LOOKS,
    },
    "the place of the field": {14: dictionary(FIELD_KEYS.replace(b"40 190", b"0 0") + b" /V (yes)")},
    "the look of the signature": {files.APPEARANCE: LOOKS},
    "the page besides": FILLED | {CONTENT: stream(b"BT /F1 18 Tf (forged) Tj ET")},
    "an annotation besides": FILLED
    | {
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R 15 0 R]"),
        15: dictionary(b"/Type /Annot /Subtype /FreeText /Rect [40 190 300 230] /Contents (x)"),
    },
}


@pytest.mark.parametrize("what", BEYOND_FILLING)
@pytest.mark.parametrize("level", [2, 3])
def test_what_goes_beyond_filling_in_does_not_pass_for_it(pki: Pki, foreign: Inspect, what: str, level: int) -> None:
    evidence = foreign(files.append(fillable(pki, level), BEYOND_FILLING[what]))
    assert not evidence.passed
    assert "structure.filled_in" not in codes(evidence)


@pytest.mark.needs("openssl")
def test_signatures_without_signed_attributes_pass(pki: Pki, foreign: Inspect, tmp_path: Path) -> None:
    """As ``openssl smime -noattr`` makes them, directly over the document."""
    certificate, key, chain = tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "ca.pem"
    certificate.write_bytes(pki.seal.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(pki.seal.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(pki.issuing.certificate.public_bytes(Encoding.PEM))

    def made(*options: str) -> bytes:
        content = tmp_path / "content"

        def covered(data: bytes) -> bytes:
            content.write_bytes(data)
            command = ["openssl", "cms", "-sign", "-binary", "-in", content, "-signer", certificate, "-inkey", key]
            command += ["-certfile", chain, "-md", "sha256", "-outform", "DER", *options]
            return subprocess.run(command, capture_output=True, check=True).stdout

        return _filled(covered)

    for options in ((), ("-noattr",), ("-cades",), ("-keyid",)):
        data = made(*options)
        evidence = foreign(data)
        assert evidence.passed, (options, codes(evidence))
        changed = data.replace(b"(Licence of the holder)", b"(Licence of a forger!!)")
        assert not foreign(changed).passed


def test_signatures_in_ber_pass_here_but_not_for_licences(pki: Pki, foreign: Inspect, licence: Inspect) -> None:
    """Indefinite lengths, as Bouncy Castle writes them."""

    def sign(digest: bytes) -> bytes:
        signed = der.read_all(seal_signer(pki).cms(digest)).children()[1].children()[0].contents
        return b"\x30\x80" + oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80" + signed + bytes(6)

    data = files.sealed(sign, level=None)
    assert foreign(data).passed
    assert_refused(licence(data), "structure.contents")


def test_unknown_unsigned_attributes_leave_it_open(pki: Pki, foreign: Inspect) -> None:
    signer = seal_signer(pki).with_(unsigned=(attribute("1.2.3.4", null()),))
    evidence = foreign(files.sealed(signer.cms))
    assert evidence.indication is Indication.INDETERMINATE
    assert_refused(evidence, "signature.unknown_content")


def test_a_changed_certificate_beside_the_signer_s_is_noticed(pki: Pki, foreign: Inspect) -> None:
    """Not needed for the chain, but changed all the same."""
    other = issue("另一章", pki.issuing).der
    good = seal_signer(pki).with_(certificates=(pki.seal.der, pki.issuing.der, other))
    assert foreign(files.sealed(good.cms)).passed
    changed = other[:-1] + bytes((other[-1] ^ 1,))
    bad = good.with_(certificates=(pki.seal.der, pki.issuing.der, changed))
    assert_refused(foreign(files.sealed(bad.cms)), "signature.not_canonical")


def test_a_changed_copy_of_the_anchor_beside_the_chain_is_noticed(pki: Pki, foreign: Inspect) -> None:
    """Whatever byte of it: one that names another issuer, of whom nothing is known, included."""
    root = pki.root.der
    good = seal_signer(pki).with_(certificates=(pki.seal.der, pki.issuing.der, root), sort_certificates=False)
    data = files.sealed(good.cms)
    assert foreign(data).passed
    at = data.index(root.hex().encode())
    for place in range(8, len(root)):
        digits = at + 2 * place
        byte = b"%02x" % (root[place] ^ 1)
        assert not foreign(data[:digits] + byte + data[digits + 2 :]).passed, place


@pytest.mark.parametrize("subfilter", [b"adbe.pkcs7.sha1", b"adbe.x509.rsa_sha1", b"SES.V4", b"Unheard.of"])
def test_formats_that_are_not_known_leave_it_open(pki: Pki, foreign: Inspect, subfilter: bytes) -> None:
    evidence = foreign(files.sealed(seal_signer(pki).cms, subfilter=subfilter))
    assert evidence.indication is Indication.INDETERMINATE
    assert_refused(evidence, "signature.unsupported")


@pytest.mark.needs("qpdf")
def test_a_file_with_object_streams_passes(pki: Pki, foreign: Inspect, licence: Inspect, tmp_path: Path) -> None:
    """Written anew by qpdf with tables and objects packed away, then signed by pyHanko."""
    source, packed = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(files.whole())
    command = ["qpdf", "--object-streams=generate", "--compress-streams=y", source, packed]
    subprocess.run(command, check=True, capture_output=True)
    settings = {
        "subfilter": fields.SigSeedSubFilter.PADES,
        "certify": True,
        "docmdp_permissions": fields.MDPPerm.NO_CHANGES,
    }
    data = signed_by_pyhanko(pki, packed.read_bytes(), **settings)
    assert foreign(data).passed
    evidence = licence(data)
    assert evidence.passed, codes(evidence)
    assert evidence.licence_data == files.LICENCE


@pytest.mark.needs("qpdf")
@pytest.mark.parametrize("linearize", [["--linearize"], ["--linearize", "--object-streams=generate"]])
def test_a_linearised_file_passes(pki: Pki, foreign: Inspect, tmp_path: Path, linearize: list[str]) -> None:
    source, packed = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(files.whole())
    subprocess.run(["qpdf", *linearize, source, packed], check=True, capture_output=True)
    assert foreign(signed_by_pyhanko(pki, packed.read_bytes())).passed


def _filled(sign: Callable[[bytes], bytes]) -> bytes:
    """A document signed over its bytes, for tools that want to hash them themselves."""
    prepared = files.append(
        files.whole(),
        files.seal_objects(files.Placeholder(files.seal_keys(subfilter=b"adbe.pkcs7.detached", level=None))),
    )
    ranged = files.fill(prepared, lambda _: b"")
    start = ranged.rindex(b"/Contents <") + len(b"/Contents ")
    end = ranged.index(b">", start) + 1
    contents = sign(ranged[:start] + ranged[end:]).hex().encode()
    return ranged[: start + 1] + contents.ljust(end - start - 2, b"0") + ranged[end - 1 :]
