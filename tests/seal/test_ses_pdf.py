"""The seal signature inside a PDF: what is written checks out, a PAdES certification over it too; changes show."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from esl_house import ANCHORS, NOW, OTHERS, USER, make
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from keys.sm2 import sm3
from seal.artwork import Artwork
from seal.cms import CmsSigner
from seal.errors import DocumentUnsealableError
from seal.pdf import Placement, SealAppearance, signature_dictionary, write_sealed_pdf
from seal.ses_pdf import FIELD_NAME, SesFieldCheck, check_ses_field, room_for, write_ses_signature
from seal.ses_signature import make_ses_signature

SEAL = make()


def sealed(
    pdf: bytes | None = None,
    *,
    field_name: str = FIELD_NAME,
    named: str | None = None,
    digest: bytes | None = None,
) -> bytes:
    target = io.BytesIO()

    def put(found: bytes) -> bytes:
        return make_ses_signature(
            SEAL,
            digest or found,
            property_info=named or field_name,
            certificate=USER.der,
            sign=USER.key.sign,
            at=NOW,
        )

    write_ses_signature(
        io.BytesIO(pdf or typst.compile("印证".encode())),
        target,
        make=put,
        size=room_for(SEAL, USER.der),
        at=NOW,
        field_name=field_name,
    )
    return target.getvalue()


def ranges(pdf: bytes) -> dict[str, list[int]]:
    found = enumerate_sig_fields(PdfFileReader(io.BytesIO(pdf)), filled_status=True)
    return {name: [int(number) for number in value.get_object()["/ByteRange"]] for name, value, _ in found}


def check(pdf: bytes, **more: object) -> SesFieldCheck:
    arguments: dict[str, object] = {
        "field_name": FIELD_NAME,
        "now": NOW + timedelta(days=1),
        "anchors": ANCHORS,
        "others": OTHERS,
    }
    arguments.update(more)
    if "byte_range" not in arguments:
        arguments["byte_range"] = ranges(pdf)[FIELD_NAME]
    return check_ses_field(pdf, **arguments)  # type: ignore[arg-type]


def codes(result: SesFieldCheck) -> set[str]:
    return {each.code for each in (*result.findings, *(result.signature.findings if result.signature else ()))}


PDF = sealed()


def certified_over(pdf: bytes) -> bytes:
    """The document under a certifying PAdES signature, as seals put it on."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "outer")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=4000))
        .not_valid_after(NOW + timedelta(days=4000))
        .add_extension(x509.KeyUsage(True, True, *[False] * 7), critical=True)
        .sign(key, hashes.SHA256())
    )
    signer = CmsSigner(certificate, [])

    def sign(digest: bytes) -> bytes:
        attributes = signer.signed_attributes(digest)
        return signer.assemble(attributes, key.sign(attributes, ec.ECDSA(hashes.SHA256())))

    target = io.BytesIO()
    write_sealed_pdf(
        io.BytesIO(pdf),
        target,
        appearance=SealAppearance(Artwork("official", 42, 42, "#E60012", ())),
        placement=Placement(1, 100, 100),
        placeholder=signature_dictionary(signer_name="outer", reason="test", at=NOW, cms_size=4096),
        sign=sign,
    )
    return target.getvalue()


def outer_status(pdf: bytes) -> PdfSignatureStatus:
    (outer,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures  # it passes over the other, not being CMS
    return validate_pdf_signature(outer, ValidationContext(trust_roots=[outer.signer_cert], moment=NOW))


class TestWhatIsWritten:
    def test_passes(self) -> None:
        result = check(PDF)
        assert codes(result) == {"ses.signature_valid", "ses.signer_trusted", "ses.digest_matches"}
        assert result.passed

    def test_is_the_field_that_the_binding_describes(self) -> None:
        ((_, value, _),) = enumerate_sig_fields(PdfFileReader(io.BytesIO(PDF)), filled_status=True)
        dictionary = value.get_object()
        assert (dictionary["/Type"], dictionary["/Filter"], dictionary["/SubFilter"]) == (
            "/Sig",
            "/GBT38540",
            "/SES.V4",
        )
        start, length, second, rest = ranges(PDF)[FIELD_NAME]
        assert (start, second + rest) == (0, len(PDF))
        assert sm3(PDF[:length] + PDF[second:]) in dictionary["/Contents"]

    @pytest.mark.needs("qpdf")
    def test_qpdf_finds_nothing_wrong(self, tmp_path: Path) -> None:
        file = tmp_path / "sealed.pdf"
        file.write_bytes(PDF)
        done = subprocess.run(["qpdf", "--check", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_the_document_before_it_is_untouched(self) -> None:
        before = typst.compile("印证".encode())
        assert sealed(before).startswith(before)


class TestUnderACertification:
    OUTER = certified_over(PDF)

    def test_both_signatures_stand(self) -> None:
        assert check(self.OUTER).passed
        status = outer_status(self.OUTER)
        assert status.intact
        assert status.valid
        assert status.coverage.name == "ENTIRE_FILE"

    @pytest.mark.needs("pdfsig")
    def test_pdfsig_finds_the_outer_one_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "outer.pdf"
        file.write_bytes(self.OUTER)
        done = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False)
        assert "Signature is Valid" in done.stdout
        assert "Total document signed" in done.stdout

    @pytest.mark.parametrize(
        ("inner", "code"),
        [
            (sealed(named="Other"), "ses.property_differs"),
            (sealed(digest=bytes(32)), "ses.digest_differs"),
        ],
        ids=["field", "digest"],
    )
    def test_a_broken_inner_one_fails_though_the_outer_one_is_intact(self, inner: bytes, code: str) -> None:
        whole = certified_over(inner)
        assert outer_status(whole).valid
        result = check(whole)
        assert code in codes(result)
        assert not result.passed


class TestWhatFails:
    def test_a_changed_byte_anywhere_in_the_range(self) -> None:
        byte_range = ranges(PDF)[FIELD_NAME]
        for at in (10, byte_range[1] - 1, byte_range[2] + 1, len(PDF) - 20):
            changed = bytearray(PDF)
            changed[at] ^= 1
            result = check(bytes(changed), byte_range=byte_range)
            assert "ses.digest_differs" in codes(result)
            assert not result.passed

    def test_ranges_that_leave_out_more_or_less_than_the_contents(self) -> None:
        _, length, second, rest = ranges(PDF)[FIELD_NAME]
        for bent in (
            [],
            [0, length, second],
            [1, length - 1, second, rest],
            [0, length - 1, second, rest],
            [0, length + 1, second, rest],
            [0, length, second + 1, rest - 1],
            [0, length, second, rest + 1],
            [0, length, second, rest - 9],
            [0, length, second, -1],
            [0, second, length, rest],
            [0, 0, second, rest],
        ):
            result = check(PDF, byte_range=bent)
            assert codes(result) == {"ses.range_partial"}
            assert not result.passed

    def test_contents_that_are_no_seal_signature(self) -> None:
        _, length, second, _ = ranges(PDF)[FIELD_NAME]
        for filling in (b"00", b"3000", b"zz", b"FF"):
            changed = PDF[: length + 1] + filling.ljust(second - length - 2, b"0") + PDF[second - 1 :]
            result = check(changed, byte_range=ranges(PDF)[FIELD_NAME])
            assert codes(result) == {"ses.unreadable"}

    def test_something_hidden_behind_the_contents(self) -> None:
        _, _, second, _ = ranges(PDF)[FIELD_NAME]
        changed = PDF[: second - 3] + b"41" + PDF[second - 1 :]
        assert codes(check(changed)) == {"ses.unreadable"}

    def test_documents_that_cannot_take_one(self) -> None:
        for pdf in (b"no PDF", PDF):
            with pytest.raises(DocumentUnsealableError):
                sealed(pdf)

    def test_a_seal_larger_than_its_room(self) -> None:
        with pytest.raises(DocumentUnsealableError):
            write_ses_signature(
                io.BytesIO(typst.compile("印证".encode())), io.BytesIO(), make=lambda _: bytes(200), size=100, at=NOW
            )


def test_the_room_is_enough_for_a_long_name() -> None:
    assert room_for(replace(SEAL, encoded=bytes(9000)), USER.der) > 9000 + len(USER.der)
