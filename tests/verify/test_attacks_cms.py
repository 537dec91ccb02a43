"""Attacks on the signature's own structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from keys.der import explicit, integer, null, octet_string, oid, sequence, set_of, tlv
from tests.verify import files
from tests.verify.claims import assert_refused
from tests.verify.conftest import Inspect
from tests.verify.pki import DOCUMENT_SIGNING, Identity, Pki, issue
from tests.verify.signing import (
    DATA,
    Signer,
    attribute,
    digest_algorithm,
    seal_signer,
    time_stamp,
    tsa_signer,
)


def seal(signer: Signer, **filling: object) -> bytes:
    return files.sealed(signer.cms, **filling)  # type: ignore[arg-type]


def test_two_signers_are_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    stranger = issue("陌生人")
    signer = seal_signer(pki)

    def sign(digest: bytes) -> bytes:
        other = Signer(stranger, (stranger.der,)).signer_info(digest)
        return signer.with_(extra_signers=(other,)).cms(digest)

    assert_refused(licence(files.sealed(sign)), "signature.several_signers")
    assert_refused(foreign(files.sealed(sign)), "signature.several_signers")


def test_no_signer_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    empty = sequence(
        oid("1.2.840.113549.1.7.2"),
        explicit(0, sequence(integer(1), set_of(()), sequence(oid(DATA)), set_of(()))),
    )
    for check in (licence, foreign):
        assert_refused(check(files.sealed(lambda _: empty)), "signature.several_signers")


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_weak_digests_are_refused(pki: Pki, licence: Inspect, foreign: Inspect, digest: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    identity = issue("RSA 章", pki.issuing, key=key, purposes=[DOCUMENT_SIGNING])
    data = seal(seal_signer(pki, identity, digest=digest), digest=digest)
    assert_refused(licence(data), "signature.weak_algorithm")
    assert_refused(foreign(data), "signature.weak_algorithm")


def test_a_strong_digest_signed_with_a_weak_one_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    def sign(digest: bytes) -> bytes:
        strong = seal_signer(pki).cms(digest)
        return strong.replace(oid("1.2.840.10045.4.3.2"), oid("1.2.840.10045.4.3.1"))

    assert_refused(licence(files.sealed(sign)), "signature.weak_algorithm")
    assert_refused(foreign(files.sealed(sign)), "signature.weak_algorithm")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "signature.weak_key"),
        (lambda: ec.generate_private_key(ec.SECP192R1()), "signature.weak_key"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "signature.weak_key"),
    ],
    ids=["RSA 1024", "P-192", "secp256k1"],
)
def test_weak_keys_are_refused(
    pki: Pki, licence: Inspect, foreign: Inspect, key: Callable[[], rsa.RSAPrivateKey], code: str
) -> None:
    identity = issue("弱密钥章", pki.issuing, key=key(), purposes=[DOCUMENT_SIGNING])
    assert_refused(licence(seal(seal_signer(pki, identity))), code)
    assert_refused(foreign(seal(seal_signer(pki, identity))), code)


def test_rsa_seals_pass_too(pki: Pki, licence: Inspect) -> None:
    key = rsa.generate_private_key(65537, 2048)
    identity = issue("RSA 章", pki.issuing, key=key, purposes=[DOCUMENT_SIGNING])
    assert licence(seal(seal_signer(pki, identity))).passed


def test_rsa_pss_seals_pass_too_and_not_with_another_salt(pki: Pki, licence: Inspect) -> None:
    key = rsa.generate_private_key(65537, 2048)
    identity = issue("PSS 章", pki.issuing, key=key, purposes=[DOCUMENT_SIGNING])
    assert licence(files.sealed(_pss(pki, identity, stated_salt=32))).passed
    assert_refused(licence(files.sealed(_pss(pki, identity, stated_salt=20))), "signature.invalid")


def test_a_signature_over_other_content_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    data = files.sealed(lambda _: seal_signer(pki).cms(b"\x00" * 32))
    assert_refused(licence(data), "signature.hash_mismatch")
    assert_refused(foreign(data), "signature.hash_mismatch")


def test_a_signature_copied_from_another_licence_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    kept: list[bytes] = []
    files.sealed(lambda digest: kept.append(seal_signer(pki).cms(digest)) or kept[0])  # type: ignore[func-returns-value]
    other = files.whole(files.base_objects() | {files.CONTENT: files.stream(b"forged")})
    data = files.sealed(lambda _: kept[0], base=other)
    assert_refused(licence(data), "signature.hash_mismatch")
    assert_refused(foreign(data), "signature.hash_mismatch")


def test_attributes_that_were_not_signed_are_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """The digest in the attributes is put right for changed content; the signature is not."""
    kept: list[tuple[bytes, bytes]] = []

    def sign(digest: bytes) -> bytes:
        kept.append((digest, seal_signer(pki).cms(digest)))
        return kept[-1][1]

    files.sealed(sign)
    (digest, cms), *_ = kept
    other = files.whole(files.base_objects() | {files.CONTENT: files.stream(b"forged")})
    data = files.sealed(lambda changed: cms.replace(digest, changed), base=other)
    assert_refused(licence(data), "signature.invalid")
    assert_refused(foreign(data), "signature.invalid")


ATTRIBUTES: dict[str, Callable[[Signer, bytes], Sequence[bytes]]] = {
    "no content type": lambda signer, digest: signer.usual_attributes(digest)[1:],
    "no digest": lambda signer, digest: [signer.usual_attributes(digest)[index] for index in (0, 2)],
    "no reference to the certificate": lambda signer, digest: signer.usual_attributes(digest)[:2],
    "another content type": lambda signer, digest: [
        attribute("1.2.840.113549.1.9.3", oid("1.2.3")),
        *signer.usual_attributes(digest)[1:],
    ],
    "two digests": lambda signer, digest: [
        *signer.usual_attributes(digest),
        attribute("1.2.840.113549.1.9.4", octet_string(b"\x00" * 32)),
    ],
    "two values of the digest": lambda signer, digest: [
        signer.usual_attributes(digest)[0],
        attribute("1.2.840.113549.1.9.4", octet_string(digest), octet_string(b"\x00" * 32)),
        signer.usual_attributes(digest)[2],
    ],
    "another algorithm protected": lambda signer, digest: [
        *signer.usual_attributes(digest),
        attribute(
            "1.2.840.113549.1.9.52",
            sequence(digest_algorithm("sha512"), tlv(0xA1, oid("1.2.840.10045.4.3.2"))),
        ),
    ],
}


@pytest.mark.parametrize("what", ATTRIBUTES)
def test_signed_attributes_have_to_be_right(pki: Pki, licence: Inspect, what: str) -> None:
    signer = seal_signer(pki)
    data = seal(signer.with_(attributes=lambda digest: ATTRIBUTES[what](signer, digest)))
    evidence = licence(data)
    assert not evidence.passed
    assert evidence.reasons[0].code in ("signature.attributes", "signature.malformed")


def test_another_certificate_of_the_same_key_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """Signed for one certificate, shown with another of the same key, number and issuer name."""
    other = issue("别人的章", pki.issuing, key=pki.seal.key, purposes=[DOCUMENT_SIGNING])
    signer = seal_signer(pki, other)
    data = seal(signer.with_(attributes=lambda digest: seal_signer(pki).usual_attributes(digest)))
    assert_refused(licence(data), "signature.certificate_swapped")
    assert_refused(foreign(data), "signature.certificate_swapped")


def test_a_missing_certificate_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    data = seal(seal_signer(pki).with_(certificates=(pki.issuing.der,)))
    assert_refused(licence(data), "signature.certificate_missing")
    assert_refused(foreign(data), "signature.certificate_missing")


FORMS: dict[str, Callable[[Pki, Signer], Signer]] = {
    "another version": lambda pki, signer: signer.with_(version=3),
    "another signer version": lambda pki, signer: signer.with_(signer_version=3),
    "a stranger's certificate besides": lambda pki, signer: signer.with_(
        certificates=(*signer.certificates, issue("陌生人").der)
    ),
    "without the issuing certificate": lambda pki, signer: signer.with_(certificates=signer.certificates[:1]),
    "a certificate twice": lambda pki, signer: signer.with_(
        certificates=(*signer.certificates, signer.certificates[0])
    ),
    "certificates out of order": lambda pki, signer: signer.with_(
        certificates=tuple(sorted(signer.certificates, reverse=True)), sort_certificates=False
    ),
    "an unsigned attribute": lambda pki, signer: signer.with_(unsigned=(attribute("1.2.3.4", null()),)),
    "two time stamps": lambda pki, signer: signer.with_(
        unsigned=(attribute("1.2.840.113549.1.9.16.2.14", time_stamp(tsa_signer(pki), b"x")),)
    ),
    "content of its own": lambda pki, signer: signer.with_(content=b"%PDF-1.7"),
}


@pytest.mark.parametrize("what", FORMS)
def test_a_signature_has_one_form(pki: Pki, licence: Inspect, what: str) -> None:
    evidence = licence(seal(FORMS[what](pki, seal_signer(pki))))
    assert not evidence.passed
    assert evidence.reasons[0].code in (
        "signature.not_canonical",
        "signature.malformed",
        "certificate.untrusted",
    )


@pytest.mark.parametrize(
    "contents",
    [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff", b"\x02\x01\x00", b"\x30" * 3000],
)
def test_contents_that_are_no_cms_are_refused(licence: Inspect, foreign: Inspect, contents: bytes) -> None:
    for check in (licence, foreign):
        evidence = check(files.sealed(lambda _: contents))
        assert not evidence.passed
        assert evidence.reasons[0].code in ("signature.malformed", "structure.contents")


def test_deep_nesting_in_the_signature_is_refused(licence: Inspect, foreign: Inspect) -> None:
    nested = b""
    for _ in range(900):
        nested = sequence(nested)
    indefinite = b"\x30\x80" * 1500 + b"\x00\x00" * 100
    for contents in (nested, indefinite):
        for check in (licence, foreign):
            assert not check(files.sealed(lambda _, contents=contents: contents)).passed  # type: ignore[misc]


def _pss(pki: Pki, identity: Identity, *, stated_salt: int) -> Callable[[bytes], bytes]:
    sha256 = digest_algorithm("sha256")
    parameters = sequence(
        explicit(0, sha256),
        explicit(1, sequence(oid("1.2.840.113549.1.1.8"), sha256)),
        explicit(2, integer(stated_salt)),
    )

    def sign(digest: bytes) -> bytes:
        key = identity.key
        assert isinstance(key, rsa.RSAPrivateKey)
        attributes = set_of(seal_signer(pki, identity).usual_attributes(digest))
        signature = key.sign(attributes, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        stamp = attribute("1.2.840.113549.1.9.16.2.14", time_stamp(tsa_signer(pki), signature))
        certificate = identity.certificate
        info = sequence(
            integer(1),
            sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
            sha256,
            b"\xa0" + attributes[1:],
            sequence(oid("1.2.840.113549.1.1.10"), parameters),
            octet_string(signature),
            set_of((stamp,), tag=0xA1),
        )
        certificates = set_of((identity.der, pki.issuing.der), tag=0xA0)
        return sequence(
            oid("1.2.840.113549.1.7.2"),
            explicit(0, sequence(integer(1), set_of((sha256,)), sequence(oid(DATA)), certificates, set_of((info,)))),
        )

    return sign
