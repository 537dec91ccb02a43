"""Revocation lists that OpenSSL and pyHanko accept, numbered upwards, new as soon as something is revoked."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from keys_house import START, openssl, write_pem
from pki_house import Pki, as_asn1, as_asn1_list, lists_as_pem, parsed, sm2_verifies
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from sqlalchemy.exc import IntegrityError

from keys import CertificateRecord, KeyAlgorithm, RevocationReason
from keys._tables import SigningKeyRow
from keys.crl import is_signed_by
from keys.errors import IssuerExpiredError, KeyDamagedError
from store.clock import FixedClock
from store.database import Database

WEEK = timedelta(days=7)


@pytest.fixture
def pki(database: Database, clock: FixedClock) -> Pki:
    return Pki.open(database, clock)


@pytest.fixture
def gm(pki: Pki) -> Pki:
    pki.house.authority.ensure_gm()
    return pki


def verify(pki: Pki, record: CertificateRecord, folder: Path) -> str:
    """OpenSSL's word on a certificate, every list checked."""
    issuer, root = pki.issuer_of(record), pki.root()
    lists = lists_as_pem(folder / "lists.pem", pki.list_of(issuer), pki.list_of(root))
    return openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-attime", pki.seconds(), "-CRLfile", lists),
        *("-CAfile", write_pem(folder / "root.pem", root.certificate)),
        *("-untrusted", write_pem(folder / "issuing.pem", issuer.certificate)),
        write_pem(folder / "leaf.pem", record.certificate),
    )


@pytest.mark.needs("openssl")
class TestOpensslAgrees:
    def test_with_the_whole_path(self, pki: Pki, tmp_path: Path) -> None:
        seal, other = pki.seal(), pki.seal()
        assert verify(pki, seal, tmp_path).endswith("leaf.pem: OK\n")
        pki.revoke(other)
        assert verify(pki, seal, tmp_path).endswith("leaf.pem: OK\n")
        with pytest.raises(AssertionError, match="certificate revoked"):
            verify(pki, other, tmp_path)

    def test_that_nothing_stands_under_a_revoked_authority(self, pki: Pki, tmp_path: Path) -> None:
        seal = pki.seal()
        pki.revoke(pki.issuer_of(seal), RevocationReason.CA_COMPROMISE)
        with pytest.raises(AssertionError, match="error 23 at 1 depth lookup: certificate revoked"):
            verify(pki, seal, tmp_path)

    def test_with_lists_of_rsa_authorities(self, database: Database, clock: FixedClock, tmp_path: Path) -> None:
        pki = Pki.open(database, clock, KeyAlgorithm.RSA_3072)
        assert "OK" in verify(pki, pki.seal(), tmp_path)

    def test_with_every_field(self, pki: Pki, tmp_path: Path) -> None:
        seal = pki.seal()
        pki.advance(days=2)
        pki.revoke(seal, since=START + timedelta(hours=1))
        path = tmp_path / "list.crl"
        path.write_bytes(pki.list_of().der)
        text = openssl("crl", "-in", path, "-inform", "DER", "-noout", "-text")
        for line in (
            "Version 2 (0x1)",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Last Update: Nov 25 04:00:00 2026 GMT",
            "Next Update: Dec  2 04:00:00 2026 GMT",
            "X509v3 CRL Number: \n                1\n",
            "Revocation Date: Nov 25 04:00:00 2026 GMT",
            "Key Compromise",
            "Nov 23 05:00:00 2026 GMT",
        ):
            assert line in text
        issuer = write_pem(tmp_path / "issuing.pem", pki.issuing().certificate)
        openssl("crl", "-in", path, "-inform", "DER", "-noout", "-CAfile", issuer)

    def test_with_a_list_signed_by_sm2(self, gm: Pki, tmp_path: Path) -> None:
        seal = gm.seal(KeyAlgorithm.SM2)
        gm.revoke(seal)
        found = gm.list_of(gm.issuer_of(seal))
        path = tmp_path / "list.crl"
        path.write_bytes(found.der)
        text = openssl("crl", "-in", path, "-inform", "DER", "-noout", "-text")
        assert "SM2-with-SM3" in text
        assert "Key Compromise" in text
        # OpenSSL 3.0 has no way to name the signer's identifier to `crl` and `ocsp`; its verification of bare
        # signatures has
        issuer, as_read = gm.issuer_of(seal), x509.load_der_x509_crl(found.der)
        assert sm2_verifies(issuer.certificate, as_read.tbs_certlist_bytes, as_read.signature, tmp_path)
        assert not sm2_verifies(gm.house.authority.gm_root, as_read.tbs_certlist_bytes, as_read.signature, tmp_path)


def test_a_list_signed_by_sm2_verifies_and_an_altered_one_does_not(gm: Pki) -> None:
    issuer = gm.issuer_of(gm.seal(KeyAlgorithm.SM2))
    der = gm.list_of(issuer).der
    assert is_signed_by(der, issuer.certificate)
    assert not is_signed_by(der, gm.house.authority.gm_root)
    assert not is_signed_by(der, gm.house.authority.issuing)
    assert not is_signed_by(gm.list_of().der, issuer.certificate)
    assert not is_signed_by(der.replace(b"20261123", b"20251123").replace(b"261123", b"251123"), issuer.certificate)


def test_pyhanko_agrees(pki: Pki) -> None:
    good, revoked = pki.seal(), pki.seal()
    pki.revoke(revoked)
    pki.advance(minutes=1)
    lists = [as_asn1_list(pki.list_of(each).der) for each in (pki.issuing(), pki.root())]

    def validate(record: CertificateRecord) -> None:
        context = ValidationContext(
            trust_roots=[as_asn1(pki.root().certificate)],
            other_certs=[as_asn1(pki.issuing().certificate)],
            crls=lists,
            moment=pki.house.clock.now(),
            revocation_mode="require",
        )
        validator = CertificateValidator(as_asn1(record.certificate), validation_context=context)
        asyncio.run(validator.async_validate_usage({"digital_signature"}))

    validate(good)
    with pytest.raises(RevokedError):
        validate(revoked)


class TestWhatStandsInAList:
    def test_reasons_and_dates_as_they_were_entered(self, pki: Pki) -> None:
        since = START - timedelta(minutes=2)
        expected = {}
        for reason in RevocationReason:
            seal = pki.seal()
            pki.revoke(seal, reason, since=since if reason is RevocationReason.KEY_COMPROMISE else None)
            expected[seal.certificate.serial_number] = reason
        found = parsed(pki.list_of())
        assert {each.serial_number for each in found} == set(expected)
        for entry in found:
            reason = expected[entry.serial_number]
            assert entry.revocation_date_utc == START
            codes = [each.value.reason.value for each in entry.extensions if isinstance(each.value, x509.CRLReason)]
            # RFC 5280 5.3.1: no extension rather than the unspecified reason
            assert codes == ([] if reason is RevocationReason.UNSPECIFIED else [reason.value])
            values = [each.value for each in entry.extensions]
            dates = [each.invalidity_date_utc for each in values if isinstance(each, x509.InvalidityDate)]
            assert dates == ([since] if reason is RevocationReason.KEY_COMPROMISE else [])

    def test_the_authoritys_key_and_no_critical_extension(self, pki: Pki) -> None:
        issuing = pki.issuing()
        found = parsed(pki.list_of())
        key = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        own = issuing.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert key == own
        assert found.issuer == issuing.certificate.subject
        assert not any(each.critical for each in found.extensions)
        with pytest.raises(x509.ExtensionNotFound):
            found.extensions.get_extension_for_class(x509.DeltaCRLIndicator)

    def test_certificates_that_have_run_out_since(self, pki: Pki) -> None:
        seal = pki.seal()
        pki.revoke(seal)
        pki.advance(days=365 * 4)
        assert parsed(pki.list_of()).get_revoked_certificate_by_serial_number(seal.certificate.serial_number)

    def test_only_what_its_own_authority_issued(self, gm: Pki) -> None:
        gm.revoke(gm.seal(KeyAlgorithm.SM2))
        assert gm.list_of().entries == 0

    def test_times_after_2049_are_written_as_the_standard_wants(self, database: Database) -> None:
        pki = Pki.open(database, FixedClock(datetime(2049, 12, 30, tzinfo=UTC)))
        found = parsed(pki.list_of())
        assert found.next_update_utc == datetime(2050, 1, 6, tzinfo=UTC)


class TestWhenAListIsMade:
    def test_it_serves_half_of_its_life(self, pki: Pki) -> None:
        first = pki.list_of()
        assert (first.this_update, first.next_update) == (START, START + WEEK)
        pki.house.clock.advance(WEEK / 2 - timedelta(seconds=1))
        assert pki.list_of() == first
        pki.advance(seconds=1)
        second = pki.list_of()
        assert (second.number, second.this_update) == (first.number + 1, START + WEEK / 2)

    def test_a_revocation_makes_a_new_one_in_every_process(self, pki: Pki) -> None:
        elsewhere = pki.another_process()
        seal = pki.seal()
        first = pki.list_of()
        assert elsewhere.list_of() == first
        pki.revoke(seal)
        found = elsewhere.list_of()
        assert (found.number, found.entries) == (first.number + 1, 1)
        assert pki.list_of() == found

    def test_processes_that_ask_at_once_get_the_same_list_and_no_number_twice(self, pki: Pki) -> None:
        processes = [pki.another_process() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            found = {each.der for each in pool.map(Pki.list_of, processes)}
        assert len(found) == 1
        assert pki.list_of().number == 1

    def test_numbers_rise_and_times_never_fall(self, pki: Pki) -> None:
        first, seal = pki.list_of(), pki.seal()
        pki.advance(hours=-1)
        pki.revoke(seal)
        second = pki.list_of()
        assert second.number == first.number + 1
        assert second.this_update == first.this_update

    def test_every_one_stays_in_the_database(self, pki: Pki) -> None:
        pki.list_of()
        with pytest.raises(IntegrityError, match="append-only"), pki.house.database.transaction() as session:
            session.execute(sa.text("DELETE FROM revocation_list"))

    def test_a_complete_one_serves_on_when_the_key_is_lost(self, pki: Pki) -> None:
        first, seal = pki.list_of(), pki.seal()
        self.damage(pki, pki.issuing())
        pki = pki.another_process()
        pki.advance(days=5)
        assert pki.list_of() == first
        pki.advance(days=2)
        with pytest.raises(KeyDamagedError):
            pki.list_of()
        pki.advance(days=-2)
        pki.revoke(seal)
        with pytest.raises(KeyDamagedError):
            pki.list_of()

    def test_after_the_authoritys_end_its_last_one_serves(self, pki: Pki) -> None:
        first, issuing = pki.list_of(), pki.issuing()
        pki.advance(days=365 * 11)
        assert pki.lists.current(issuing) == first
        with pytest.raises(IssuerExpiredError):
            pki.lists.current(self.unlisted(pki))

    @staticmethod
    def unlisted(pki: Pki) -> CertificateRecord:
        # nobody ever asked for a list of the root, which lasts longer: let it end as well
        pki.advance(days=365 * 10)
        return pki.root()

    @staticmethod
    def damage(pki: Pki, record: CertificateRecord) -> None:
        with pki.house.database.transaction() as session:
            session.execute(sa.update(SigningKeyRow).where(SigningKeyRow.id == record.key_id).values(wrapped=b"x" * 80))
