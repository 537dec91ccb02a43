"""Revoking is for good, once, with a reason; renewing retires."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.x509.oid import NameOID
from keys_house import START
from pki_house import Pki, parsed
from sqlalchemy.exc import IntegrityError

from keys import CertificateProfile, CertificateState, KeyAlgorithm, KeyPurpose, RevocationReason
from keys.errors import (
    AlreadyRevokedError,
    AnchorFixedError,
    CertificateRetiredError,
    CertificateUnknownError,
    InvalidSinceError,
    PurposeMismatchError,
)
from store.clock import FixedClock
from store.database import Database


@pytest.fixture
def pki(database: Database, clock: FixedClock) -> Pki:
    return Pki.open(database, clock)


class TestRevoking:
    def test_it_is_on_record_with_reason_dates_and_actor(self, pki: Pki) -> None:
        seal = pki.seal()
        pki.advance(days=3, milliseconds=400)
        since = START + timedelta(days=1, milliseconds=700)
        made = pki.revoke(seal, since=since)
        assert made == pki.another_process().house.authority.revocation(seal.id)
        assert (made.certificate_id, made.serial) == (seal.id, seal.certificate.serial_number)
        assert (made.reason, made.actor) == (RevocationReason.KEY_COMPROMISE, "officer:1")
        # certificates and lists know whole seconds
        assert (made.revoked_at, made.invalid_since) == (START + timedelta(days=3), START + timedelta(days=1))
        assert pki.house.authority.get(seal.id).state is CertificateState.REVOKED

    def test_it_is_refused_the_second_time_and_the_first_record_stands(self, pki: Pki) -> None:
        seal = pki.seal()
        first = pki.revoke(seal, RevocationReason.SUPERSEDED)
        pki.advance(days=1)
        with pytest.raises(AlreadyRevokedError):
            pki.revoke(seal)
        assert pki.house.authority.revocation(seal.id) == first

    def test_of_two_who_revoke_at_once_one_does(self, pki: Pki) -> None:
        seal = pki.seal()

        def attempt(_: int) -> bool:
            try:
                pki.revoke(seal)
            except AlreadyRevokedError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]

    def test_it_is_undone_with_its_transaction(self, pki: Pki) -> None:
        seal = pki.seal()
        with pki.house.database.transaction() as session, session.begin_nested() as savepoint:
            pki.house.authority.revoke(session, seal.id, RevocationReason.SUPERSEDED, actor="officer:1")
            savepoint.rollback()
        assert pki.house.authority.revocation(seal.id) is None
        assert pki.house.authority.get(seal.id).state is CertificateState.ACTIVE

    def test_a_record_cannot_be_changed_in_the_database(self, pki: Pki) -> None:
        pki.revoke(pki.seal())
        for statement in ("UPDATE certificate_revocation SET actor = 'x'", "DELETE FROM certificate_revocation"):
            with pytest.raises(IntegrityError, match="append-only"), pki.house.database.transaction() as session:
                session.execute(sa.text(statement))

    def test_a_root_and_an_unknown_certificate_cannot_be_revoked(self, pki: Pki) -> None:
        with pytest.raises(AnchorFixedError):
            pki.revoke(pki.root())
        with pki.house.database.transaction() as session, pytest.raises(CertificateUnknownError):
            pki.house.authority.revoke(session, 10**6, RevocationReason.SUPERSEDED, actor="officer:1")

    @pytest.mark.parametrize(
        ("reason", "since"),
        [
            (RevocationReason.SUPERSEDED, START),
            (RevocationReason.KEY_COMPROMISE, START + timedelta(days=1)),
            (RevocationReason.KEY_COMPROMISE, START - timedelta(days=1)),
        ],
    )
    def test_a_date_of_compromise_goes_with_one_and_lies_in_the_certificates_life(
        self, pki: Pki, reason: RevocationReason, since: object
    ) -> None:
        seal = pki.seal()
        with pytest.raises(InvalidSinceError):
            pki.revoke(seal, reason, since=since)  # type: ignore[arg-type]
        assert pki.house.authority.revocation(seal.id) is None

    def test_a_revoked_service_certificate_is_replaced(self, pki: Pki) -> None:
        pki.house.timestamps.ensure()
        first = pki.house.authority.current(KeyPurpose.TIMESTAMP)
        pki.revoke(first)
        pki.house.timestamps.ensure()
        second = pki.house.authority.current(KeyPurpose.TIMESTAMP)
        assert second.key_id != first.key_id

    def test_a_revoked_issuing_authority_gets_a_successor_under_the_same_root(self, pki: Pki) -> None:
        first, root = pki.issuing(), pki.root()
        pki.revoke(first, RevocationReason.CA_COMPROMISE)
        pki.house.authority.ensure()
        assert pki.issuing().id != first.id
        assert pki.root() == root
        assert pki.house.authority.chain(pki.seal().certificate)[1:] == [pki.issuing().certificate, root.certificate]
        assert parsed(pki.list_of(root)).get_revoked_certificate_by_serial_number(first.certificate.serial_number)


class TestRenewing:
    @pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.SM2])
    def test_the_successor_has_the_same_subject_and_another_key(self, pki: Pki, algorithm: KeyAlgorithm) -> None:
        if algorithm is KeyAlgorithm.SM2:
            pki.house.authority.ensure_gm()
        old = pki.seal(algorithm)
        pki.advance(days=700)
        with pki.house.database.transaction() as session:
            new = pki.house.authority.renew(session, old.id)
        assert new.certificate.subject == old.certificate.subject
        assert new.key_id != old.key_id
        assert pki.house.custody.info(new.key_id).algorithm is algorithm
        assert new.not_after > old.not_after
        assert pki.house.authority.get(old.id).state is CertificateState.RETIRED
        # the old one is not revoked, and verifies on
        assert pki.house.authority.revocation(old.id) is None
        assert len(pki.house.authority.chain(old.certificate)) == 3

    def test_it_is_refused_the_second_time(self, pki: Pki) -> None:
        old = pki.seal()
        with pki.house.database.transaction() as session:
            pki.house.authority.renew(session, old.id)
            with pytest.raises(CertificateRetiredError):
                pki.house.authority.renew(session, old.id)

    def test_a_retired_certificate_can_still_be_revoked(self, pki: Pki) -> None:
        old = pki.seal()
        with pki.house.database.transaction() as session:
            pki.house.authority.renew(session, old.id)
        pki.revoke(old)
        assert pki.house.authority.get(old.id).state is CertificateState.REVOKED

    def test_one_that_was_revoked_gets_a_successor_and_stays_revoked(self, pki: Pki) -> None:
        old = pki.seal()
        pki.revoke(old)
        with pki.house.database.transaction() as session:
            pki.house.authority.renew(session, old.id)
        assert pki.house.authority.get(old.id).state is CertificateState.REVOKED

    def test_a_root_is_not_renewed(self, pki: Pki) -> None:
        with pki.house.database.transaction() as session, pytest.raises(AnchorFixedError):
            pki.house.authority.renew(session, pki.root().id)

    def test_issuing_authorities_overlap_each_under_its_own_name(self, pki: Pki) -> None:
        before, first = pki.seal(), pki.issuing()
        with pki.house.database.transaction() as session:
            second = pki.house.authority.renew(session, first.id)
        after = pki.seal()
        assert (before.issuer_id, after.issuer_id) == (first.id, second.id)
        (name,) = second.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert str(name.value).endswith(" G2")
        # each goes on to speak for what it issued
        pki.revoke(before)
        assert pki.list_of(first).entries == 1
        assert pki.list_of(second).entries == 0
        assert pki.evidence.revocation_info(after.certificate).ocsp_answers

    def test_a_responders_certificate_is_renewed_by_its_own_authority(self, pki: Pki) -> None:
        root = pki.root()
        old = pki.house.authority.ensure_responder(root)
        with pki.house.database.transaction() as session:
            new = pki.house.authority.renew(session, old.id)
        assert new.issuer_id == root.id
        assert pki.house.authority.ensure_responder(root) == new


class TestResponderCertificates:
    def test_they_are_good_for_status_answers_alone_and_not_asked_about(self, pki: Pki) -> None:
        issuing = pki.issuing()
        record = pki.house.authority.ensure_responder(issuing)
        extensions = record.certificate.extensions
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usages) == [x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9")]
        assert extensions.get_extension_for_class(x509.OCSPNoCheck)
        with pytest.raises(x509.ExtensionNotFound):
            extensions.get_extension_for_class(x509.CRLDistributionPoints)
        assert record.issuer_id == issuing.id

    def test_only_the_authority_itself_has_them_made(self, pki: Pki) -> None:
        key = pki.house.make_key(KeyPurpose.OCSP)
        with pytest.raises(PurposeMismatchError):
            pki.house.certify(key, CertificateProfile.OCSP)

    def test_of_several_processes_one_makes_it(self, pki: Pki) -> None:
        root = pki.root()
        with ThreadPoolExecutor(4) as pool:
            processes = [pki.another_process().house.authority for _ in range(4)]
            made = set(pool.map(lambda each: each.ensure_responder(root).id, processes))
        assert len(made) == 1
