"""Certificates from an authority outside: the request, the chain, and what is refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID
from foreign_authority import ForeignAuthority
from hypothesis import given
from hypothesis import strategies as st
from keys_house import SUBJECT, House, openssl, write_pem

from keys import (
    CertificateProfile,
    CertificateRecord,
    CertificateRequests,
    KeyAlgorithm,
    KeyInfo,
    KeyPurpose,
    Subject,
    der,
    read_chain,
)
from keys.chain_errors import (
    AuthorityKeyInUseError,
    ChainBrokenError,
    ChainNotAuthorityError,
    ChainNotValidNowError,
    ChainRefusedError,
    ChainUnreadableError,
    ChainUsageError,
    ChainWeakError,
    ChainWrongKeyError,
    ForeignIssuerError,
)
from keys.errors import CertificateUnknownError, PurposeMismatchError


@dataclass
class Asking:
    """A house that asks authorities outside."""

    house: House
    requests: CertificateRequests
    root: ForeignAuthority
    issuing: ForeignAuthority

    def take_in(self, key: KeyInfo, *chain: x509.Certificate) -> CertificateRecord:
        with self.house.database.transaction() as session:
            return self.requests.take_in(session, key.id, chain)

    @property
    def above(self) -> tuple[x509.Certificate, x509.Certificate]:
        return self.issuing.certificate, self.root.certificate


@pytest.fixture
def asking(house: House) -> Asking:
    house.authority.ensure()
    root = ForeignAuthority("外部根")
    return Asking(
        house,
        CertificateRequests(house.database, house.custody, house.clock),
        root,
        ForeignAuthority("外部签发", root, path_length=1),
    )


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_3072])
@pytest.mark.parametrize("purpose", [KeyPurpose.SEAL, KeyPurpose.TIMESTAMP, KeyPurpose.ISSUING_CA])
def test_openssl_accepts_a_request(
    asking: Asking, tmp_path: Path, algorithm: KeyAlgorithm, purpose: KeyPurpose
) -> None:
    key = asking.house.make_key(purpose, algorithm)
    request = asking.requests.request(key.id, SUBJECT)
    path = tmp_path / "request.pem"
    path.write_bytes(request.public_bytes(Encoding.PEM))
    text = openssl("req", "-verify", "-noout", "-text", "-in", path)
    assert "Requested Extensions" in text
    assert request.is_signature_valid
    for wanted in (x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier):
        assert request.extensions.get_extension_for_class(wanted)


@pytest.mark.needs("openssl")
def test_openssl_accepts_a_request_of_an_sm2_key(asking: Asking, tmp_path: Path) -> None:
    key = asking.house.make_key(KeyPurpose.SEAL_MAKER, KeyAlgorithm.SM2)
    path = tmp_path / "request.pem"
    path.write_bytes(asking.requests.request(key.id, SUBJECT).public_bytes(Encoding.PEM))
    openssl("req", "-verify", "-noout", "-in", path, "-vfyopt", "distid:1234567812345678")


def test_a_request_has_the_subject_of_the_certificate_that_the_key_has(asking: Asking) -> None:
    key = asking.house.make_key()
    with pytest.raises(CertificateUnknownError):
        asking.requests.request(key.id)
    record = asking.house.certify(key)
    assert asking.requests.request(key.id).subject == record.certificate.subject


@pytest.mark.needs("openssl")
def test_a_chain_is_taken_in_and_found_again(asking: Asking, tmp_path: Path) -> None:
    key = asking.house.make_key()
    certificate = asking.issuing.answer(asking.requests.request(key.id, SUBJECT))
    record = asking.take_in(key, certificate, *asking.above)
    assert record.profile is CertificateProfile.SEAL
    assert record.foreign_issuer_id is not None
    other = asking.house.another_process().authority
    assert other.chain(record.certificate) == [certificate, *asking.above]
    assert other.get(record.id) == record
    root, rest = write_pem(tmp_path / "root.pem", asking.root.certificate), tmp_path / "rest.pem"
    write_pem(rest, asking.issuing.certificate)
    leaf = write_pem(tmp_path / "leaf.pem", certificate)
    at = int(asking.house.clock.now().timestamp())
    openssl("verify", "-attime", at, "-CAfile", root, "-untrusted", rest, leaf)


def test_a_chain_may_come_in_any_order_and_twice(asking: Asking) -> None:
    key = asking.house.make_key()
    certificate = asking.issuing.answer(asking.requests.request(key.id, SUBJECT))
    first = asking.take_in(key, asking.root.certificate, certificate, asking.issuing.certificate)
    assert asking.take_in(key, certificate, *asking.above).id == first.id


def test_a_chain_without_its_root_ends_where_it_was_brought_in_until_the_root_comes(asking: Asking) -> None:
    key, another = asking.house.make_key(), asking.house.make_key()
    certificate = asking.issuing.answer(asking.requests.request(key.id, SUBJECT))
    asking.take_in(key, certificate, asking.issuing.certificate)
    assert asking.house.authority.chain(certificate) == [certificate, asking.issuing.certificate]
    asking.take_in(another, asking.issuing.answer(asking.requests.request(another.id, SUBJECT)), *asking.above)
    assert asking.house.authority.chain(certificate) == [certificate, *asking.above]


def test_our_own_certificates_are_not_disturbed(asking: Asking) -> None:
    """Authorities number as they like, so two of them may use the same number, or one of ours."""
    key, ours = asking.house.make_key(), asking.house.certify(asking.house.make_key())
    serial = ours.certificate.serial_number
    asking.take_in(key, asking.issuing.answer(asking.requests.request(key.id, SUBJECT), serial=serial), *asking.above)
    authority = asking.house.authority
    assert authority.chain(ours.certificate)[1:] == [authority.issuing, authority.root]


def test_what_the_authority_outside_issued_to_others_is_not_ours(asking: Asking) -> None:
    key, stranger = asking.house.make_key(), asking.house.make_key()
    asking.take_in(key, asking.issuing.answer(asking.requests.request(key.id, SUBJECT)), *asking.above)
    with pytest.raises(CertificateUnknownError):
        asking.house.authority.chain(asking.issuing.answer(asking.requests.request(stranger.id, SUBJECT), serial=2))


def test_a_time_stamp_has_the_chain_of_the_authority_outside(asking: Asking) -> None:
    asking.house.timestamps.ensure()
    key = asking.house.custody.info(asking.house.authority.current(KeyPurpose.TIMESTAMP).key_id)
    certificate = asking.issuing.answer(asking.requests.request(key.id))
    asking.take_in(key, certificate, *asking.above)
    timestamps = asking.house.another_process().timestamps
    timestamps.ensure()
    assert timestamps.certificate == certificate


def test_an_issuing_authority_under_a_root_outside_issues(asking: Asking) -> None:
    issuing = asking.house.make_key(KeyPurpose.ISSUING_CA)
    subject = Subject(common_name="青岛印章签发", organisation="青岛市")
    certificate = asking.issuing.answer(asking.requests.request(issuing.id, subject))
    asking.take_in(issuing, certificate, *asking.above)
    seal = asking.house.certify(asking.house.make_key())
    assert asking.house.authority.chain(seal.certificate) == [seal.certificate, certificate, *asking.above]


def test_a_key_that_issued_here_already_stays_under_our_root(asking: Asking) -> None:
    record = next(each for each in asking.house.authority.authorities() if each.issuer_id is not None)
    with pytest.raises(AuthorityKeyInUseError):
        asking.requests.request(record.key_id)


def test_a_certificate_from_outside_is_not_renewed_by_our_authority(asking: Asking) -> None:
    key = asking.house.make_key()
    record = asking.take_in(key, asking.issuing.answer(asking.requests.request(key.id, SUBJECT)), *asking.above)
    with asking.house.database.transaction() as session, pytest.raises(ForeignIssuerError):
        asking.house.authority.renew(session, record.id)


@pytest.mark.parametrize("purpose", [KeyPurpose.ROOT_CA, KeyPurpose.OCSP])
def test_our_root_is_nobody_elses_to_certify(asking: Asking, purpose: KeyPurpose) -> None:
    with pytest.raises(PurposeMismatchError):
        asking.requests.request(asking.house.make_key(purpose).id, SUBJECT)


def _usage(**granted: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


_MISFITS: dict[str, tuple[type[ChainRefusedError], Callable[[Asking, x509.CertificateSigningRequest], object]]] = {
    "the certificate alone": (ChainBrokenError, lambda a, r: [a.issuing.answer(r)]),
    "an authority is missing": (ChainBrokenError, lambda a, r: [a.issuing.answer(r), a.root.certificate]),
    "a stray certificate": (
        ChainBrokenError,
        lambda a, r: [a.issuing.answer(r), *a.above, ForeignAuthority("无关").certificate],
    ),
    "two certificates for the key": (
        ChainBrokenError,
        lambda a, r: [a.issuing.answer(r), a.issuing.answer(r, serial=2), *a.above],
    ),
    "a root of the same name": (
        ChainBrokenError,
        lambda a, r: [a.issuing.answer(r), a.issuing.certificate, ForeignAuthority("外部根").certificate],
    ),
    "for another key": (ChainWrongKeyError, lambda a, _: [*a.above]),
    "nothing": (ChainUnreadableError, lambda _a, _r: []),
    "ended": (
        ChainNotValidNowError,
        lambda a, r: [a.issuing.answer(r, ends=a.house.clock.now() - timedelta(seconds=1)), *a.above],
    ),
    "not begun": (
        ChainNotValidNowError,
        lambda a, r: [a.issuing.answer(r, begins=a.house.clock.now() + timedelta(hours=1)), *a.above],
    ),
    "no key usage": (ChainUsageError, lambda a, r: [a.issuing.answer(r, without=[x509.KeyUsage]), *a.above]),
    "not for signing": (
        ChainUsageError,
        lambda a, r: [a.issuing.answer(r, instead=[(_usage(key_encipherment=True), True)]), *a.above],
    ),
    "not for documents": (
        ChainUsageError,
        lambda a, r: [
            a.issuing.answer(r, instead=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)]),
            *a.above,
        ],
    ),
    "no extended usage": (
        ChainUsageError,
        lambda a, r: [a.issuing.answer(r, without=[x509.ExtendedKeyUsage]), *a.above],
    ),
    "an authority's": (
        ChainUsageError,
        lambda a, r: [a.issuing.answer(r, instead=[(x509.BasicConstraints(True, None), True)]), *a.above],
    ),
    "an unknown critical extension": (
        ChainUsageError,
        lambda a, r: [
            a.issuing.answer(
                r, instead=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]
            ),
            *a.above,
        ],
    ),
}


@pytest.mark.parametrize("misfit", _MISFITS)
def test_a_chain_that_does_not_fit_is_refused(asking: Asking, misfit: str) -> None:
    kind, make = _MISFITS[misfit]
    key = asking.house.make_key()
    chain = make(asking, asking.requests.request(key.id, SUBJECT))
    assert isinstance(chain, list)
    with pytest.raises(kind):
        asking.take_in(key, *chain)
    assert [each.certificates for each in asking.house.authority.overview() if each.key.id == key.id] == [()]


def test_authorities_that_may_not_issue_are_refused(asking: Asking) -> None:
    key = asking.house.make_key()
    request = asking.requests.request(key.id, SUBJECT)
    no_authority = ForeignAuthority("签发", asking.root, is_authority=False)
    short = ForeignAuthority("根", path_length=0)
    too_deep = ForeignAuthority("签发", short)
    constrained = ForeignAuthority(
        "签发", asking.root, extra=[x509.NameConstraints([x509.DNSName("example.cn")], None)]
    )
    no_usage = ForeignAuthority("签发", asking.root, extra=[_usage(digital_signature=True)])
    for issuing, root in (
        (no_authority, asking.root),
        (too_deep, short),
        (constrained, asking.root),
        (no_usage, asking.root),
    ):
        with pytest.raises(ChainNotAuthorityError):
            asking.take_in(key, issuing.answer(request), issuing.certificate, root.certificate)


def test_a_weak_authority_is_refused(asking: Asking) -> None:
    key = asking.house.make_key()
    request = asking.requests.request(key.id, SUBJECT)
    small = ForeignAuthority("小", key=rsa.generate_private_key(65537, 1024))
    with pytest.raises(ChainWeakError):
        asking.take_in(key, small.answer(request), small.certificate)
    ended = ForeignAuthority("旧", until=asking.house.clock.now() - timedelta(days=1))
    with pytest.raises(ChainNotValidNowError):
        asking.take_in(key, ended.answer(request), ended.certificate)


def test_sha1_is_refused_below_the_root(asking: Asking) -> None:
    """The library no longer makes such certificates, but it reads them."""
    key = asking.house.make_key()
    private = rsa.generate_private_key(65537, 2048)
    old = ForeignAuthority("旧", key=private)
    sha256, sha1 = (der.sequence(der.oid(f"1.2.840.113549.1.1.{last}"), der.null()) for last in (11, 5))
    answer = old.answer(asking.requests.request(key.id, SUBJECT))
    body = answer.tbs_certificate_bytes.replace(sha256, sha1)
    signature = private.sign(body, padding.PKCS1v15(), SHA1())
    weak = x509.load_der_x509_certificate(der.sequence(body, sha1, der.tlv(0x03, b"\0", signature)))
    with pytest.raises((ChainWeakError, ChainBrokenError)):
        asking.take_in(key, weak, old.certificate)


def test_a_certificate_from_outside_serves_until_it_ends(asking: Asking) -> None:
    """Ours does not take its place a month before, as it does with our own."""
    asking.house.timestamps.ensure()
    key = asking.house.custody.info(asking.house.authority.current(KeyPurpose.TIMESTAMP).key_id)
    certificate = asking.issuing.answer(asking.requests.request(key.id))
    asking.take_in(key, certificate, *asking.above)
    asking.house.clock.advance(timedelta(days=360))
    asking.house.timestamps.ensure()
    assert asking.house.timestamps.certificate == certificate


def test_the_time_stamping_usage_has_to_stand_alone_and_critical(asking: Asking) -> None:
    key = asking.house.make_key(KeyPurpose.TIMESTAMP)
    request = asking.requests.request(key.id, SUBJECT)
    stamping = ExtendedKeyUsageOID.TIME_STAMPING
    for purposes, critical in (
        ([stamping], False),
        ([stamping, ExtendedKeyUsageOID.EMAIL_PROTECTION], True),
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], True),
    ):
        answer = asking.issuing.answer(request, instead=[(x509.ExtendedKeyUsage(purposes), critical)])
        with pytest.raises(ChainUsageError):
            asking.take_in(key, answer, *asking.above)
    asking.take_in(key, asking.issuing.answer(request), *asking.above)


def test_files_of_certificates_are_read_in_all_forms_that_authorities_send(asking: Asking) -> None:
    certificates = list(asking.above)
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    assert read_chain(pem) == certificates
    assert read_chain(certificates[0].public_bytes(Encoding.DER)) == certificates[:1]
    for encoding in (Encoding.PEM, Encoding.DER):
        assert set(read_chain(pkcs7.serialize_certificates(certificates, encoding))) == set(certificates)
    with pytest.raises(ChainUnreadableError):
        read_chain(pem * 5)
    with pytest.raises(ChainUnreadableError):
        read_chain(pem + secrets.token_bytes(300 * 1024))


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: b"-----BEGIN CERTIFICATE-----\n" + data))
def test_whatever_else_is_no_chain(data: bytes) -> None:
    with pytest.raises(ChainUnreadableError):
        read_chain(data)
