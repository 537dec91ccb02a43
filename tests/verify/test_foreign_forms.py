"""The many forms in which others sign PDFs: each passes as it stands, and fails with a bit of it changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from pyhanko.sign import fields

from keys.der import integer, null, octet_string, oid, sequence, set_of, tlv
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, CATALOGUE_KEYS, dictionary
from tests.verify.pki import NOW, Identity, Key, Pki, issue
from tests.verify.signing import DATA, DIGESTS, ECDSA, Signer, seal_signer
from tests.verify.test_general_policy import signed_by_pyhanko
from verify import der
from verify.anchors import TrustAnchors
from verify.errors import EncryptedError
from verify.pdf import Policy, inspect_pdf
from verify.verdict import Changes, Coverage

SETTINGS = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /M (D:20261024040000Z)"


def approved(signer: Signer, keys: bytes = SETTINGS, base: bytes | None = None, reserved: int = 12000) -> bytes:
    """A document with an approval signature."""
    objects = files.seal_objects(files.Placeholder(keys, reserved), certifies=False)
    return files.fill(files.append(base or files.whole(), objects), signer.cms)


def changed(data: bytes) -> bytes:
    return data.replace(b"(Licence of the holder)", b"(Licence of a forger!!)")


@pytest.mark.parametrize(
    ("key", "digest", "name"),
    [
        (lambda: ec.generate_private_key(ec.SECP521R1()), "sha512", "ecdsa-sha512"),
        (lambda: ec.generate_private_key(ec.BrainpoolP384R1()), "sha384", "ecdsa-sha384"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "sha3_256", "ecdsa-sha3_256"),
        (ed25519.Ed25519PrivateKey.generate, "sha512", "ed25519"),
    ],
    ids=["P-521", "brainpoolP384r1", "SHA3-256", "Ed25519"],
)
def test_the_algorithms_of_pdf_2_pass(pki: Pki, foreign: Inspect, key: object, digest: str, name: str) -> None:
    """ISO 32000-2 and its extensions ISO/TS 32001 and 32002."""
    made: Key = key()  # type: ignore[operator]  # one of the makers above
    identity = issue("外来章", pki.issuing, key=made)
    data = signed_by_pyhanko(pki, files.whole(), identity=identity, md_algorithm=digest)
    evidence = foreign(data)
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].signature_algorithm == name
    assert_refused(foreign(changed(data)), "signature.hash_mismatch")


def test_a_key_of_ed25519_signs_with_its_own_scheme_only(pki: Pki, foreign: Inspect) -> None:
    identity = issue("外来章", pki.issuing, key=ed25519.Ed25519PrivateKey.generate())
    signer = Signer(identity, (identity.der, pki.issuing.der))
    assert_refused(foreign(approved(signer)), "signature.weak_key")


def test_the_kind_of_key_in_place_of_an_algorithm_passes_here_but_not_for_licences(
    pki: Pki, foreign: Inspect, licence: Inspect
) -> None:
    """As iText 5 writes ECDSA: ``id-ecPublicKey`` with a null, and the digest where digests stand."""
    named = sequence(oid("1.2.840.10045.2.1"), null())
    plain = sequence(oid(ECDSA["sha256"]))

    def sign(digest: bytes) -> bytes:
        signer = Signer(pki.seal, (pki.seal.der, pki.issuing.der))
        info = der.read_all(signer.signer_info(digest)).children()
        parts = [named if item.raw == plain else item.raw for item in info]
        algorithms, content = set_of((sequence(oid(DIGESTS["sha256"][0])),)), sequence(oid(DATA))
        certificates = set_of(signer.certificates, tag=0xA0)
        signed = sequence(integer(1), algorithms, content, certificates, set_of((sequence(*parts),)))
        return sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))

    data = files.sealed(sign, level=None)
    evidence = foreign(data)
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].signature_algorithm == "ecdsa-sha256"
    assert not foreign(changed(data)).passed
    assert_refused(licence(files.sealed(sign)), "signature.weak_algorithm")


@pytest.mark.parametrize("before", [b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_what_stands_before_the_header_passes_where_it_was_signed_too(
    pki: Pki, foreign: Inspect, licence: Inspect, before: bytes
) -> None:
    """As files come that went through a program which put something before them; readers look for the header."""
    head = before + b"%PDF-1.7\n"
    body, offsets = files.write(files.base_objects(), at=len(head))
    base = head + body + files.table(offsets, b"/Size 10 /Root 1 0 R /Info 9 0 R", len(head + body))
    data = approved(seal_signer(pki), base=base)
    evidence = foreign(data)
    assert evidence.passed, codes(evidence)
    assert not foreign(data.replace(before, bytes(len(before)), 1)).passed
    assert not foreign(before + approved(seal_signer(pki))).passed
    assert not foreign(b"#!/bin/sh\n" + data).passed
    assert_refused(licence(files.sealed(seal_signer(pki).cms, base=base)), "structure.prefix")


def test_a_reference_to_nothing_takes_nothing_from_what_follows(pki: Pki, foreign: Inspect) -> None:
    """It is one to null (ISO 32000-1, 7.3.10); what comes to stand there later is a change."""
    objects = files.base_objects()
    objects[files.PAGE] = dictionary(files.PAGE_KEYS + b" /Thumb 77 0 R")
    one = signed_by_pyhanko(pki, files.whole(objects, trailer=b"/Whatever 78 0 R"))
    two = signed_by_pyhanko(pki, one, field_name="Signature2")
    evidence = foreign(two)
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].changes is Changes.FORM_FILLING
    root = b"/Root" + two.rpartition(b"/Root")[2].split(b"R")[0] + b"R"
    image = files.stream(b"x", b"/Type /XObject /Subtype /Image /Width 1 /Height 1")
    assert not foreign(files.append(two, {77: image}, trailer=root)).passed


@pytest.mark.parametrize("over_der", [True, False], ids=["over their DER", "over what stands there"])
def test_signed_attributes_in_another_order_pass(pki: Pki, foreign: Inspect, licence: Inspect, over_der: bool) -> None:
    """RFC 5652, 5.4: the signature is over the DER of the attributes, in whatever order they are sent."""
    signer = seal_signer(pki)

    def sign(digest: bytes) -> bytes:
        attributes = sorted(signer.usual_attributes(digest), reverse=True)
        written = tlv(0x31, *attributes)
        signature = signer.identity.sign(set_of(attributes) if over_der else written)
        certificate = signer.identity.certificate
        info = sequence(
            integer(1),
            sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
            sequence(oid(DIGESTS["sha256"][0])),
            b"\xa0" + written[1:],
            sequence(oid(ECDSA["sha256"])),
            octet_string(signature),
        )
        algorithms, content = set_of((sequence(oid(DIGESTS["sha256"][0])),)), sequence(oid(DATA))
        signed = sequence(integer(1), algorithms, content, tlv(0xA0, *signer.certificates), set_of((info,)))
        return sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))

    data = files.sealed(sign, level=None)
    evidence = foreign(data)
    assert evidence.passed, codes(evidence)
    assert not foreign(changed(data)).passed
    assert not licence(files.sealed(sign)).passed


@pytest.mark.parametrize(
    "keys",
    [
        SETTINGS.replace(b"/Type /Sig ", b""),
        SETTINGS.replace(b" /M (D:20261024040000Z)", b""),
        SETTINGS.replace(b"Adobe.PPKLite", b"Entrust.PPKEF"),
        SETTINGS + b" /Name (x) /Reason (y) /Location (z) /Prop_Build << /App << /Name /Adobe#20Acrobat >> >>",
        SETTINGS + b" /Cert [<00> <01>] /Changes [1 2 3] /R 131104 /V 2",
    ],
    ids=["no type", "no time", "another filter", "what Acrobat adds", "what old programs add"],
)
def test_the_signature_dictionaries_of_others_pass(pki: Pki, foreign: Inspect, keys: bytes) -> None:
    data = approved(seal_signer(pki), keys)
    evidence = foreign(data)
    assert evidence.passed, codes(evidence)
    assert not foreign(changed(data)).passed


def test_a_range_written_with_leading_zeros_and_much_padding_passes(pki: Pki, foreign: Inspect) -> None:
    objects = files.seal_objects(files.Placeholder(SETTINGS, 200_000), certifies=False)
    data = files.fill(
        files.append(files.whole(), objects),
        seal_signer(pki).cms,
        byte_range=lambda start, end, length: b"0000000000 %010d %010d %d" % (start, end, length - end),
    )
    assert foreign(data).passed


def test_usage_rights_take_nothing_from_a_signature(pki: Pki, foreign: Inspect) -> None:
    """Rights that a vendor's program signed into a form (ISO 32000-1, 12.8.2.3) are no signature of the document."""
    vendor = issue("软件厂商")
    rights = (
        SETTINGS + b" /Reference [<< /TransformMethod /UR3 /TransformParams << /Document [/FullSave] /V /2.2 >> >>]"
    )
    objects = {
        20: files.Placeholder(rights, 12000).value,
        CATALOGUE: dictionary(CATALOGUE_KEYS + b" /Perms << /UR3 20 0 R >>"),
    }
    with_rights = files.fill(files.append(files.whole(), objects), Signer(vendor, (vendor.der,)).cms)
    evidence = foreign(signed_by_pyhanko(pki, with_rights))
    assert evidence.passed, codes(evidence)
    assert len(evidence.signatures) == 1
    assert not foreign(with_rights).passed


ENCRYPTIONS = {
    "RC4, 40 bits": ["--allow-weak-crypto", "--encrypt", "", "owner", "40", "--"],
    "RC4, 128 bits": ["--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=n", "--"],
    "AES, 128 bits": ["--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--"],
    "AES, 256 bits": ["--encrypt", "", "owner", "256", "--"],
    "AES, 256 bits, in object streams": ["--object-streams=generate", "--encrypt", "", "owner", "256", "--"],
    "AES, 256 bits, linearised": ["--linearize", "--encrypt", "", "owner", "256", "--"],
}


def encrypted(directory: Path, *options: str) -> bytes:
    source, out = directory / "in.pdf", directory / "out.pdf"
    source.write_bytes(files.whole())
    subprocess.run(["qpdf", *options, source, out], check=False, capture_output=True)  # 3: it warns of what is weak
    return out.read_bytes()


@pytest.mark.needs("qpdf")
@pytest.mark.parametrize("how", ENCRYPTIONS)
def test_an_encrypted_file_that_opens_without_a_password_passes(
    pki: Pki, foreign: Inspect, licence: Inspect, tmp_path: Path, how: str
) -> None:
    one = signed_by_pyhanko(pki, encrypted(tmp_path, *ENCRYPTIONS[how]), password="")
    evidence = foreign(one)
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].coverage is Coverage.WHOLE_FILE
    with pytest.raises(EncryptedError):
        licence(one)
    two = signed_by_pyhanko(pki, one, password="", field_name="Signature2")
    evidence = foreign(two)
    assert evidence.passed, codes(evidence)
    assert evidence.signatures[0].changes is Changes.FORM_FILLING


@pytest.mark.needs("qpdf")
def test_a_change_of_an_encrypted_file_is_noticed(pki: Pki, foreign: Inspect, tmp_path: Path) -> None:
    data = signed_by_pyhanko(pki, encrypted(tmp_path, *ENCRYPTIONS["AES, 256 bits"]), password="")
    at = data.index(b"stream\n") + 20
    assert_refused(foreign(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]), "signature.hash_mismatch")
    catalogue = int(data.rpartition(b"/Root ")[2].split()[0])
    open_action = dictionary(b"/Type /Catalog /Pages 2 0 R /OpenAction << /S /URI /URI (x) >>")
    root = b"/Root %d 0 R" % catalogue
    assert not foreign(files.append(data, {catalogue: open_action}, trailer=root)).passed
    encryption = b" /Encrypt " + data.rpartition(b"/Encrypt ")[2].split(b"R")[0] + b"R"
    assert not foreign(files.append(data, {catalogue: open_action}, trailer=root + encryption)).passed


@pytest.mark.needs("qpdf")
def test_a_file_that_asks_for_a_password_is_named_so(pki: Pki, foreign: Inspect, tmp_path: Path) -> None:
    locked = encrypted(tmp_path, "--encrypt", "secret", "owner", "256", "--")
    with pytest.raises(EncryptedError):
        foreign(signed_by_pyhanko(pki, locked, password="secret"))


@pytest.mark.needs("openssl")
def test_an_old_root_is_relied_upon_where_it_is_given(tmp_path: Path) -> None:
    """Of version 1 and with SHA-1, as the roots of the nineties are: what an anchor signs for itself proves nothing."""

    def openssl(*command: str) -> None:
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)

    new_key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", *new_key, "-keyout", "root.key", "-subj", "/CN=Root 1998", "-out", "root.csr")
    openssl("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-sha1", "-days", "9999", "-out", "root.pem")
    root = x509.load_pem_x509_certificate((tmp_path / "root.pem").read_bytes())
    assert root.version is x509.Version.v1
    key = (tmp_path / "root.key").read_bytes()
    leaf = issue("外来章", Identity(root, _private(key)))
    signer = Signer(leaf, (leaf.der, root.public_bytes(Encoding.DER)))

    def check(data: bytes) -> bool:
        return inspect_pdf(data, TrustAnchors.of([root]), policy=Policy.GENERAL, now=NOW).passed

    assert check(approved(signer))
    broken = bytearray(root.public_bytes(Encoding.DER))
    broken[-1] ^= 1
    assert not check(approved(signer.with_(certificates=(leaf.der, bytes(broken)))))


def test_a_stranger_s_old_root_beside_the_chain_takes_nothing_from_it(
    pki: Pki, foreign: Inspect, tmp_path: Path
) -> None:
    """Programs embed all the certificates that they know of, those of the time-stamp authority's chain included."""
    command = ["openssl", "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other", "-days", "9"]
    command += ["-keyout", str(tmp_path / "key"), "-outform", "DER"]
    other = subprocess.run(command, check=True, capture_output=True).stdout
    signer = seal_signer(pki).with_(certificates=(pki.seal.der, pki.issuing.der, other))
    evidence = foreign(approved(signer))
    assert evidence.passed, codes(evidence)


def _private(pem: bytes) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def test_a_hybrid_file_passes(pki: Pki, foreign: Inspect) -> None:
    """As word processors write them: old readers see a table, others the objects in an object stream too (7.5.8.4)."""
    one = signed_by_pyhanko(pki, _hybrid())
    assert foreign(one).passed
    two = signed_by_pyhanko(pki, one, field_name="Signature2", subfilter=fields.SigSeedSubFilter.PADES)
    evidence = foreign(two)
    assert evidence.passed, codes(evidence)
    assert not foreign(two.replace(b"/Helvetica", b"/Symbolica")).passed


def _hybrid() -> bytes:
    objects = files.base_objects()
    hidden = objects.pop(files.FONT)
    head = b"%PDF-1.5\n"
    body, offsets = files.write(objects, at=len(head))
    packed = files.stream(b"%d 0 " % files.FONT + hidden, b"/Type /ObjStm /N 1 /First 4")
    container, places = files.write({10: packed}, at=len(head + body))
    at = len(head + body + container)

    def entry(kind: int, one: int, two: int) -> bytes:
        return bytes((kind,)) + one.to_bytes(4, "big") + bytes((two,))

    rows = entry(2, 10, 0) + entry(1, places[10], 0) + entry(1, at, 0)
    keys = b"/Type /XRef /W [1 4 1] /Index [%d 1 10 2] /Size 12 /Root 1 0 R" % files.FONT
    table_stream, _ = files.write({11: files.stream(rows, keys)}, at=at)
    free = b"%d 1\n0000000000 65535 f \n" * 3 % (files.FONT, 10, 11)
    lines = [b"xref\n0 1\n0000000000 65535 f \n", free]
    lines += [b"%d 1\n%010d 00000 n \n" % (number, offset) for number, offset in sorted(offsets.items())]
    whole = head + body + container + table_stream
    trailer = b"trailer\n<< /Size 12 /Root 1 0 R /Info 9 0 R /XRefStm %d >>\n" % at
    return whole + b"".join(lines) + trailer + b"startxref\n%d\n%%%%EOF\n" % len(whole)
