"""The certificate authority issues what OpenSSL accepts at its strictest, and nothing beyond its rules."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID
from keys_house import START, SUBJECT, House, openssl, write_pem

from keys import (
    AuthorityUrls,
    CertificateAuthority,
    CertificateProfile,
    CertificateRecord,
    KeyAlgorithm,
    KeyPurpose,
)
from keys._tables import CertificateRow
from keys.errors import (
    AuthorityNotReadyError,
    CertificateUnknownError,
    IssuerExpiredError,
    KeyDamagedError,
    KeyUnknownError,
    PurposeMismatchError,
)
from store.clock import FixedClock
from store.database import Database

LEAVES = [
    (KeyPurpose.SEAL, CertificateProfile.SEAL),
    (KeyPurpose.TIMESTAMP, CertificateProfile.TIMESTAMP),
    (KeyPurpose.TOKEN, CertificateProfile.TOKEN),
    (KeyPurpose.RECEIPT, CertificateProfile.TOKEN),
    (KeyPurpose.CONSENT, CertificateProfile.TOKEN),
    (KeyPurpose.PRESENTATION, CertificateProfile.PRESENTATION),
]


def verify(house: House, leaf: x509.Certificate, folder: Path, *options: str, at: datetime | None = None) -> str:
    _, *above, root = house.authority.chain(leaf)
    moment = int((at or house.clock.now()).timestamp())
    return openssl(
        *("verify", "-x509_strict", "-policy_check", "-attime", moment, *options),
        *("-CAfile", write_pem(folder / "root.pem", root)),
        *(("-untrusted", write_pem(folder / "above.pem", *above)) if above else ()),
        write_pem(folder / "leaf.pem", leaf),
    )


@pytest.mark.needs("openssl")
class TestOpensslAgrees:
    @pytest.mark.parametrize(("purpose", "profile"), LEAVES)
    def test_with_the_chain(
        self, standing_house: House, tmp_path: Path, purpose: KeyPurpose, profile: CertificateProfile
    ) -> None:
        record = standing_house.certify(standing_house.make_key(purpose), profile)
        assert verify(standing_house, record.certificate, tmp_path).endswith("leaf.pem: OK\n")

    def test_with_the_purposes(self, standing_house: House, tmp_path: Path) -> None:
        stamps = standing_house.timestamps.certificate
        assert "OK" in verify(standing_house, stamps, tmp_path, "-purpose", "timestampsign")
        seal = standing_house.certify(standing_house.make_key()).certificate
        assert "OK" in verify(standing_house, seal, tmp_path, "-purpose", "smimesign")

    @pytest.mark.parametrize("purpose", ["sslserver", "sslclient", "timestampsign", "crlsign"])
    def test_a_seal_serves_nothing_else(self, standing_house: House, tmp_path: Path, purpose: str) -> None:
        seal = standing_house.certify(standing_house.make_key()).certificate
        with pytest.raises(AssertionError, match=r"unsuitable certificate purpose|unsupported certificate purpose"):
            verify(standing_house, seal, tmp_path, "-purpose", purpose)

    def test_with_rsa_authorities_over_both_kinds_of_key(
        self, database: Database, clock: FixedClock, tmp_path: Path
    ) -> None:
        house = House.open(database, clock)
        house.authority = CertificateAuthority(database, house.custody, clock, algorithm=KeyAlgorithm.RSA_3072)
        house.authority.ensure()
        for algorithm in (KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_3072):
            record = house.certify(house.make_key(algorithm=algorithm))
            assert "OK" in verify(house, record.certificate, tmp_path)

    def test_with_dates_after_2049(self, database: Database, tmp_path: Path) -> None:
        clock = FixedClock(datetime(2048, 2, 29, 12, tzinfo=UTC))
        house = House.open(database, clock)
        house.authority.ensure()
        assert house.authority.root.not_valid_after_utc == datetime(2068, 2, 28, 12, tzinfo=UTC)
        record = house.certify(house.make_key())
        assert record.not_after == datetime(2051, 2, 28, 12, tzinfo=UTC)
        assert "OK" in verify(house, record.certificate, tmp_path)

    def test_at_the_moment_of_issue_but_not_after_the_end(self, standing_house: House, tmp_path: Path) -> None:
        seal = standing_house.certify(standing_house.make_key())
        assert "OK" in verify(standing_house, seal.certificate, tmp_path, at=START)
        with pytest.raises(AssertionError, match="has expired"):
            verify(standing_house, seal.certificate, tmp_path, at=seal.not_after + timedelta(seconds=1))

    def test_with_names_of_64_chinese_characters(self, standing_house: House, tmp_path: Path) -> None:
        long = dataclasses.replace(SUBJECT, common_name="局" * 64, organisation="青" * 64, locality="岛" * 128)
        seal = standing_house.certify(standing_house.make_key(), subject=long).certificate
        assert "OK" in verify(standing_house, seal, tmp_path)
        text = openssl("x509", "-in", tmp_path / "leaf.pem", "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus")
        assert "CN=" + "局" * 64 in text

    def test_with_the_names_in_chinese(self, standing_house: House, tmp_path: Path) -> None:
        seal = standing_house.certify(standing_house.make_key()).certificate
        text = openssl(
            "x509", "-in", write_pem(tmp_path / "leaf.pem", seal), "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"
        )
        assert (
            "Subject: C=CN,ST=山东省,L=青岛市,O=青岛市行政审批服务局,"
            "organizationIdentifier=NTRCN-11370200MB2857833X,CN=青岛市行政审批服务局"
        ) in text
        assert "Digital Signature, Non Repudiation" in text
        assert "1.3.6.1.5.5.7.3.36" in text
        assert "CA:FALSE" in text


class TestProfiles:
    def test_authorities_can_certify_and_do_nothing_else(self, standing_house: House) -> None:
        for certificate, length in ((standing_house.authority.root, 1), (standing_house.authority.issuing, 0)):
            extensions = certificate.extensions
            constraints = extensions.get_extension_for_class(x509.BasicConstraints)
            usage = extensions.get_extension_for_class(x509.KeyUsage)
            assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, length)
            assert usage.critical
            assert usage.value.key_cert_sign
            assert usage.value.crl_sign
            assert not usage.value.digital_signature

    def test_they_last_20_10_and_3_years(self, standing_house: House) -> None:
        seal = standing_house.certify(standing_house.make_key()).certificate
        ends = [standing_house.authority.root, standing_house.authority.issuing, seal]
        assert [certificate.not_valid_after_utc.year for certificate in ends] == [2046, 2036, 2029]
        assert {certificate.not_valid_before_utc for certificate in ends} == {START - timedelta(minutes=5)}

    def test_a_time_stamp_certificate_has_one_critical_purpose(self, standing_house: House) -> None:
        extension = standing_house.timestamps.certificate.extensions.get_extension_for_oid(
            ExtensionOID.EXTENDED_KEY_USAGE
        )
        assert extension.critical
        assert [usage.dotted_string for usage in extension.value] == ["1.3.6.1.5.5.7.3.8"]

    def test_serial_numbers_are_long_positive_and_differ(self, standing_house: House) -> None:
        key = standing_house.make_key()
        serials = {standing_house.certify(key).certificate.serial_number for _ in range(20)}
        assert len(serials) == 20
        assert {serial.bit_length() for serial in serials} == {159}

    @pytest.mark.parametrize(
        ("purpose", "profile"),
        [
            (KeyPurpose.TOKEN, CertificateProfile.SEAL),
            (KeyPurpose.SEAL, CertificateProfile.TIMESTAMP),
            (KeyPurpose.SEAL, CertificateProfile.ISSUING_CA),
            (KeyPurpose.ISSUING_CA, CertificateProfile.ISSUING_CA),
            (KeyPurpose.ROOT_CA, CertificateProfile.ROOT_CA),
        ],
    )
    def test_a_key_is_certified_for_its_own_purpose_alone(
        self, standing_house: House, purpose: KeyPurpose, profile: CertificateProfile
    ) -> None:
        key = standing_house.make_key(purpose)
        with pytest.raises(PurposeMismatchError):
            standing_house.certify(key, profile)

    def test_addresses_are_written_when_there_are_some(self, standing_house: House, tmp_path: Path) -> None:
        urls = AuthorityUrls(
            issuer="http://ca.example/issuing.cer", crl="http://ca.example/issuing.crl", ocsp="http://ca.example/ocsp"
        )
        standing = standing_house
        authority = CertificateAuthority(standing.database, standing.custody, standing.clock, urls=lambda _: urls)
        with standing.database.transaction() as session:
            key = standing.make_key()
            certificate = authority.issue(session, key.id, CertificateProfile.SEAL, SUBJECT).certificate
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert [entry.access_location.value for entry in access] == [urls.ocsp, urls.issuer]
        assert [point.full_name[0].value for point in points] == [urls.crl]
        assert "OK" in verify(standing_house, certificate, tmp_path)


class TestIssuing:
    def test_a_leaf_never_outlives_its_issuer(self, house: House) -> None:
        house.authority.ensure()
        house.clock.advance(timedelta(days=365 * 9))
        record = house.certify(house.make_key())
        assert record.not_after == house.authority.issuing.not_valid_after_utc

    def test_nothing_is_issued_under_an_expired_authority(self, house: House) -> None:
        house.authority.ensure()
        key = house.make_key()
        house.clock.advance(timedelta(days=365 * 11))
        with pytest.raises(IssuerExpiredError):
            house.certify(key)

    def test_key_and_certificate_come_or_go_together(self, house: House) -> None:
        house.authority.ensure()

        def make(*, keep: bool) -> CertificateRecord:
            with house.database.transaction() as session:
                key = house.custody.generate(
                    session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="seal"
                )
                record = house.authority.issue(session, key.id, CertificateProfile.SEAL, SUBJECT)
                if not keep:
                    session.rollback()
                return record

        kept, lost = make(keep=True), make(keep=False)
        assert house.authority.get(kept.id) == kept
        with pytest.raises(CertificateUnknownError):
            house.authority.get(lost.id)
        with pytest.raises(KeyUnknownError):
            house.custody.sign(lost.key_id, b"")

    def test_a_key_that_does_not_exist_is_not_certified(self, standing_house: House) -> None:
        with (
            standing_house.database.transaction() as session,
            pytest.raises(KeyUnknownError),
        ):
            standing_house.authority.issue(session, 4711, CertificateProfile.SEAL, SUBJECT)

    def test_a_custody_that_signs_with_another_key_is_found_out(self, house: House) -> None:
        house.authority.ensure()
        key, other = house.make_key(), house.make_key()

        class Confused:
            info = house.custody.info

            def sign(self, _key_id: int, data: bytes) -> bytes:
                return house.custody.sign(other.id, data)

        confused = CertificateAuthority(house.database, Confused(), house.clock)
        with house.database.transaction() as session, pytest.raises(KeyDamagedError):
            confused.issue(session, key.id, CertificateProfile.SEAL, SUBJECT)


class TestEnsuring:
    def test_before_it_there_is_no_authority(self, house: House) -> None:
        with pytest.raises(AuthorityNotReadyError):
            _ = house.authority.root
        with pytest.raises(AuthorityNotReadyError):
            house.certify(house.make_key())
        with pytest.raises(AuthorityNotReadyError):
            house.authority.ensure_service(KeyPurpose.TOKEN, SUBJECT)

    def test_doing_it_again_changes_nothing(self, house: House) -> None:
        house.authority.ensure()
        root = house.authority.root
        house.authority.ensure()
        other = house.another_process()
        other.authority.ensure()
        assert other.authority.root == root
        assert len(house.custody.keys()) == 2

    def test_processes_that_start_together_make_one(self, house: House) -> None:
        def start(_: int) -> tuple[bytes, bytes]:
            process = house.another_process()
            process.authority.ensure()
            process.timestamps.ensure()
            found = (process.authority.issuing, process.timestamps.certificate)
            return found[0].public_bytes(Encoding.DER), found[1].public_bytes(Encoding.DER)

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(start, range(6)))) == 1
        assert len(house.custody.keys()) == 3

    def test_a_service_is_renewed_with_a_new_key_before_its_certificate_ends(self, house: House) -> None:
        house.authority.ensure()
        first = house.authority.ensure_service(KeyPurpose.TOKEN, SUBJECT)
        house.clock.advance(timedelta(days=330))
        assert house.authority.ensure_service(KeyPurpose.TOKEN, SUBJECT) == first
        house.clock.advance(timedelta(days=10))
        second = house.authority.ensure_service(KeyPurpose.TOKEN, SUBJECT)
        assert second.key_id != first.key_id
        assert house.authority.current(KeyPurpose.TOKEN) == second

    def test_services_that_share_a_profile_do_not_share_a_key(self, house: House) -> None:
        house.authority.ensure()
        token = house.authority.ensure_service(KeyPurpose.TOKEN, SUBJECT)
        receipt = house.authority.ensure_service(KeyPurpose.RECEIPT, SUBJECT)
        assert token.profile == receipt.profile
        assert token.key_id != receipt.key_id


class TestChain:
    def test_it_begins_with_the_leaf_and_ends_with_the_root(self, standing_house: House) -> None:
        record = standing_house.certify(standing_house.make_key())
        authority = standing_house.authority
        assert authority.chain(record.certificate) == [record.certificate, authority.issuing, authority.root]
        assert authority.chain(authority.root) == [authority.root]

    @pytest.mark.parametrize("which", ["leaf", "root"])
    def test_a_certificate_of_another_house_has_none(
        self, standing_house: House, database: Database, clock: FixedClock, which: str
    ) -> None:
        other = House.open(database, clock)
        other.authority.ensure()
        strange = other.authority.root if which == "root" else other.certify(other.make_key()).certificate
        with pytest.raises(CertificateUnknownError):
            standing_house.authority.chain(strange)


def test_the_overview_shows_every_key_with_its_certificates(house: House) -> None:
    house.authority.ensure()
    bare, sealed = house.make_key(), house.make_key()
    records = (house.certify(sealed), house.certify(sealed))
    shown = {entry.key.id: entry for entry in house.authority.overview()}
    assert len(shown) == 4
    assert shown[bare.id].certificates == ()
    assert shown[sealed.id].certificates == records
    assert records[0].serial == f"{records[0].certificate.serial_number:x}"


def test_the_books_hold_what_the_certificate_says(standing_house: House) -> None:
    record = standing_house.certify(standing_house.make_key(), subject=dataclasses.replace(SUBJECT, locality=None))
    with standing_house.database.transaction() as session:
        row = session.scalars(sa.select(CertificateRow).where(CertificateRow.serial == record.serial)).one()
    assert (row.not_before, row.not_after) == (record.not_before, record.not_after)
    assert row.der == record.certificate.public_bytes(Encoding.DER)
