"""Certificates of the SM2 hierarchy: OpenSSL accepts them, and they keep apart from the others."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from foreign_authority import ForeignAuthority
from keys_house import START, SUBJECT, House, openssl, write_pem

from keys import CertificateProfile, KeyAlgorithm, KeyPurpose
from keys.certificate_checks import (
    PathProblem,
    is_gm,
    is_issued_by,
    load_certificate,
    may_sign_data,
    path_problem,
    sm2_key_of,
)
from keys.errors import AuthorityNotReadyError, CertificateUnreadableError
from keys.sm2 import SIGNER_ID
from store.clock import FixedClock
from store.database import Database

DISTID = ("-vfyopt", f"distid:{SIGNER_ID.decode()}")


@pytest.fixture
def gm(house: House) -> House:
    """A house with both hierarchies."""
    house.authority.ensure()
    house.authority.ensure_gm()
    return house


def seal_certificate(house: House) -> x509.Certificate:
    return house.certify(house.make_key(algorithm=KeyAlgorithm.SM2)).certificate


@pytest.mark.needs("openssl")
class TestOpensslAgrees:
    def test_on_every_link_of_the_chain(self, gm: House, tmp_path: Path) -> None:
        leaf = seal_certificate(gm)
        chain = gm.authority.chain(leaf)
        assert [each.subject for each in chain[1:]] == [gm.authority.gm_issuing.subject, gm.authority.gm_root.subject]
        # OpenSSL 3 gives the identifier to the certificate under test only, so each link is a test of its own
        for certificate, issuer in ((leaf, chain[1]), (chain[1], chain[2]), (chain[2], chain[2])):
            trusted, file = write_pem(tmp_path / "issuer", issuer), write_pem(tmp_path / "certificate", certificate)
            at = f"{START.timestamp():.0f}"
            said = openssl("verify", "-partial_chain", "-attime", at, "-trusted", trusted, *DISTID, file)
            assert said.strip().endswith("OK")

    def test_on_what_they_say(self, gm: House, tmp_path: Path) -> None:
        text = openssl("x509", "-noout", "-text", "-in", write_pem(tmp_path / "leaf", seal_certificate(gm)))
        assert "Signature Algorithm: SM2-with-SM3" in text
        assert "ASN1 OID: SM2" in text
        assert "Digital Signature, Non Repudiation" in text

    def test_on_what_their_keys_sign(self, gm: House, tmp_path: Path) -> None:
        key = gm.make_key(algorithm=KeyAlgorithm.SM2)
        leaf = gm.certify(key).certificate
        (tmp_path / "data").write_bytes(b"data")
        (tmp_path / "signature").write_bytes(gm.custody.sign(key.id, b"data"))
        said = openssl(
            "pkeyutl", "-verify", "-certin", "-inkey", write_pem(tmp_path / "leaf", leaf),
            "-pkeyopt", DISTID[1], "-rawin", "-digest", "sm3",
            "-in", tmp_path / "data", "-sigfile", tmp_path / "signature",
        )  # fmt: skip
        assert "Successfully" in said


class TestTwoHierarchies:
    def test_a_key_is_certified_by_the_authority_of_its_kind(self, gm: House) -> None:
        assert is_gm(seal_certificate(gm))
        other = gm.certify(gm.make_key()).certificate
        assert not is_gm(other)
        assert other.issuer == gm.authority.issuing.subject
        assert not is_gm(gm.authority.root)
        assert gm.authority.chain(other)[-1] == gm.authority.root

    def test_the_second_is_made_only_when_wanted(self, house: House) -> None:
        house.authority.ensure()
        with pytest.raises(AuthorityNotReadyError):
            _ = house.authority.gm_root
        with pytest.raises(AuthorityNotReadyError):
            seal_certificate(house)

    def test_either_may_be_made_first(self, house: House) -> None:
        house.authority.ensure_gm()
        house.authority.ensure()
        assert not is_gm(house.authority.root)
        assert is_gm(house.authority.gm_root)

    def test_it_is_made_once_by_processes_that_start_together(self, database: Database, clock: FixedClock) -> None:
        first = House.open(database, clock)
        houses = [first, first.another_process(), first.another_process()]
        threads = [threading.Thread(target=house.authority.ensure_gm) for house in houses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        held = first.custody.keys()
        assert [key.purpose for key in held] == [KeyPurpose.ROOT_CA, KeyPurpose.ISSUING_CA]

    def test_a_seal_maker_gets_a_certificate_that_is_kept(self, gm: House) -> None:
        made = gm.authority.ensure_service(KeyPurpose.SEAL_MAKER, SUBJECT, algorithm=KeyAlgorithm.SM2)
        again = gm.another_process().authority.ensure_service(
            KeyPurpose.SEAL_MAKER, SUBJECT, algorithm=KeyAlgorithm.SM2
        )
        assert again == made
        assert made.profile is CertificateProfile.SEAL_MAKER
        assert may_sign_data(made.certificate)


class TestPaths:
    def test_one_leads_to_the_root_while_all_is_valid(self, gm: House) -> None:
        leaf = seal_certificate(gm)
        _, issuing, root = gm.authority.chain(leaf)
        assert path_problem(leaf, [root], [issuing], at=START) is None
        assert path_problem(leaf, [issuing], at=START) is None
        assert path_problem(leaf, [root], at=START) is PathProblem.UNTRUSTED
        assert path_problem(leaf, [gm.authority.root], [issuing], at=START) is PathProblem.UNTRUSTED
        late = START + timedelta(days=365 * 4)
        assert path_problem(leaf, [root], [issuing], at=late) is PathProblem.NOT_VALID_THEN

    def test_none_leads_through_a_certificate_that_is_no_authority(self, gm: House) -> None:
        key = gm.make_key(algorithm=KeyAlgorithm.SM2)
        leaf = gm.certify(key).certificate
        forged = forge(gm, key.id, leaf)
        assert is_issued_by(forged, leaf)
        _, issuing, root = gm.authority.chain(leaf)
        assert path_problem(forged, [root], [issuing, leaf], at=START) is PathProblem.NOT_AN_AUTHORITY

    @pytest.mark.parametrize(
        ("bits", "digest", "problem"),
        [(2048, SHA256(), None), (1024, SHA256(), PathProblem.WEAK), (2048, SHA224(), PathProblem.WEAK)],
    )
    def test_none_leads_over_a_short_key_or_digest(
        self, bits: int, digest: HashAlgorithm, problem: PathProblem | None
    ) -> None:
        root = ForeignAuthority("根", key=rsa.generate_private_key(65537, 2048), hash=digest)
        middle = ForeignAuthority("中", root, key=rsa.generate_private_key(65537, bits), hash=digest)
        middle.hash = SHA256()  # signed with the other one itself
        leaf = ForeignAuthority("制章者", middle, is_authority=False).certificate
        assert path_problem(leaf, [root.certificate], [middle.certificate], at=START) is problem
        # what an anchor says of itself does not count; that its key is long enough does
        over_the_middle = PathProblem.WEAK if bits == 1024 else None
        assert path_problem(leaf, [middle.certificate], at=START) is over_the_middle

    def test_a_changed_certificate_is_issued_by_nobody(self, gm: House) -> None:
        leaf = seal_certificate(gm)
        changed = leaf.public_bytes(Encoding.DER).replace("青岛".encode(), "济南".encode())
        assert is_issued_by(leaf, gm.authority.gm_issuing)
        assert not is_issued_by(load_certificate(changed), gm.authority.gm_issuing)

    def test_the_key_is_read_from_the_certificate(self, gm: House) -> None:
        key = gm.make_key(algorithm=KeyAlgorithm.SM2)
        assert sm2_key_of(gm.certify(key).certificate).to_der() == key.public_key

    @pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x30\x80\x00\x00", bytes(70_000)])
    def test_what_is_no_certificate_is_refused(self, data: bytes) -> None:
        with pytest.raises(CertificateUnreadableError):
            load_certificate(data)


def forge(house: House, key_id: int, issuer: x509.Certificate) -> x509.Certificate:
    """A certificate that somebody signs with a seal's key."""
    from keys import _der, der  # noqa: PLC0415

    victim = house.certify(house.make_key(algorithm=KeyAlgorithm.SM2)).certificate
    inner = _der.Reader(victim.tbs_certificate_bytes).read(_der.SEQUENCE)
    inner = inner.replace(victim.issuer.public_bytes(), issuer.subject.public_bytes(), 1)
    body = der.sequence(inner)
    algorithm = der.sequence(der.oid("1.2.156.10197.1.501"))
    return load_certificate(der.sequence(body, algorithm, _der.bit_string(house.custody.sign(key_id, body))))
