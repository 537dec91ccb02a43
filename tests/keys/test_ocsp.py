"""Status answers that OpenSSL and pyHanko accept, and the right refusal for everything that is no request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from asn1crypto import core
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from keys_house import START, openssl, write_pem
from pki_house import Pki, as_asn1, as_asn1_answer, as_asn1_list, sm2_verifies
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError

from keys import (
    CertificateRecord,
    KeyAlgorithm,
    OcspAnswer,
    OcspResponder,
    RevocationReason,
    _der,
    der,
)
from keys._tables import SigningKeyRow
from keys.certificate_checks import sm2_key_of
from keys.errors import CertificateRevokedError, CertificateUnknownError
from store.clock import FixedClock
from store.database import Database

if TYPE_CHECKING:
    from tests.conftest import Databases

Status = ocsp.OCSPResponseStatus
CertStatus = ocsp.OCSPCertStatus


@pytest.fixture
def pki(database: Database, clock: FixedClock) -> Pki:
    return Pki.open(database, clock)


@pytest.fixture(scope="module")
def standing(databases: Databases) -> Iterator[Pki]:
    """Shared by tests that only ask, and leave its clock as they found it."""
    database = databases.create()
    yield Pki.open(database, FixedClock(START))
    databases.drop(database)


@pytest.fixture(scope="module")
def seal(standing: Pki) -> CertificateRecord:
    return standing.seal()


def request(
    pki: Pki, *records: CertificateRecord, nonce: bytes | None = None, algorithm: HashAlgorithm | None = None
) -> bytes:
    """What pyHanko's parts make of a question about some certificates."""
    requests = []
    for record in records:
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            record.certificate, pki.issuer_of(record).certificate, algorithm or SHA256()
        )
        single = asn1.OCSPRequest.load(builder.build().public_bytes(Encoding.DER))
        requests.append(single["tbs_request"]["request_list"][0])
    fields: dict[str, Any] = {"request_list": requests}
    if nonce is not None:
        fields["request_extensions"] = [{"extn_id": "nonce", "critical": False, "extn_value": core.OctetString(nonce)}]
    encoded: bytes = asn1.OCSPRequest({"tbs_request": fields}).dump()
    return encoded


def read(answer: OcspAnswer) -> ocsp.OCSPResponse:
    as_asn1_answer(answer.der)
    return ocsp.load_der_ocsp_response(answer.der)


def refusal(answer: OcspAnswer) -> Status:
    assert len(answer.der) == 5
    assert answer == OcspAnswer(answer.der)
    return read(answer).response_status


@pytest.mark.needs("openssl")
class TestOpensslAgrees:
    def ask(self, pki: Pki, folder: Path, *records: CertificateRecord, options: tuple[str, ...] = ()) -> str:
        """The whole exchange through files; times are not OpenSSL's own and are compared in other tests."""
        issuer = pki.issuer_of(records[0])
        query, answer = folder / "query", folder / "answer"
        issuer_file = write_pem(folder / "issuer.pem", issuer.certificate)
        which = [
            word
            for index, each in enumerate(records)
            for word in ("-cert", write_pem(folder / f"leaf{index}.pem", each.certificate))
        ]
        openssl("ocsp", *options, "-issuer", issuer_file, *which, "-reqout", query)
        answer.write_bytes(pki.responder.respond(query.read_bytes()).der)
        root = write_pem(folder / "root.pem", pki.root().certificate)
        years = 10 * 365 * 24 * 3600
        return openssl(
            *("ocsp", *options, "-no_nonce", "-issuer", issuer_file, *which, "-respin", answer, "-CAfile", root),
            *("-validity_period", years, "-attime", pki.seconds()),
        )

    @pytest.mark.parametrize("options", [(), ("-no_nonce",), ("-sha256",), ("-sha256", "-no_nonce")])
    def test_that_a_certificate_is_good_or_revoked(self, pki: Pki, tmp_path: Path, options: tuple[str, ...]) -> None:
        seal, other = pki.seal(), pki.seal()
        said = self.ask(pki, tmp_path, seal, options=options)
        assert "leaf0.pem: good" in said
        pki.revoke(other, RevocationReason.KEY_COMPROMISE, since=START)
        said = self.ask(pki, tmp_path, seal, other, options=options)
        assert "leaf0.pem: good" in said
        assert "leaf1.pem: revoked" in said
        assert "Reason: keyCompromise" in said
        assert "Revocation Time: Nov 23 04:00:00 2026 GMT" in said

    def test_with_answers_signed_by_sm2(self, pki: Pki, tmp_path: Path) -> None:
        pki.house.authority.ensure_gm()
        good, revoked = pki.seal(KeyAlgorithm.SM2), pki.seal(KeyAlgorithm.SM2)
        pki.revoke(revoked)
        issuer = pki.issuer_of(good)
        query, answer = tmp_path / "query", tmp_path / "answer"
        issuer_file = write_pem(tmp_path / "issuer.pem", issuer.certificate)
        leaves = [
            write_pem(tmp_path / f"leaf{number}.pem", each.certificate) for number, each in enumerate((good, revoked))
        ]
        asked = [word for leaf in leaves for word in ("-cert", leaf)]
        openssl("ocsp", "-no_nonce", "-issuer", issuer_file, *asked, "-reqout", query)
        answer.write_bytes(pki.responder.respond(query.read_bytes()).der)
        years = 10 * 365 * 24 * 3600
        told = openssl(
            *("ocsp", "-no_nonce", "-issuer", issuer_file, *asked, "-respin", answer, "-noverify"),
            *("-validity_period", years),
        )
        assert "leaf0.pem: good" in told
        assert "leaf1.pem: revoked" in told
        # OpenSSL 3.0 cannot be told the signer's identifier here; its verification of bare signatures can
        basic = as_asn1_answer(answer.read_bytes())["response_bytes"]["response"].parsed
        responder = x509.load_der_x509_certificate(basic["certs"][0].dump())
        assert sm2_verifies(responder, basic["tbs_response_data"].dump(), basic["signature"].native, tmp_path)
        assert not sm2_verifies(
            issuer.certificate, basic["tbs_response_data"].dump(), basic["signature"].native, tmp_path
        )

    def test_with_the_roots_own_responder(self, standing: Pki, tmp_path: Path) -> None:
        assert "leaf0.pem: good" in self.ask(standing, tmp_path, standing.issuing())

    def test_with_the_responders_certificate_at_its_strictest(
        self, standing: Pki, seal: CertificateRecord, tmp_path: Path
    ) -> None:
        responder = read(standing.responder.respond(request(standing, seal))).certificates[0]
        chain = standing.house.authority.chain(responder)
        openssl(
            *("verify", "-x509_strict", "-purpose", "ocsphelper", "-attime", standing.seconds()),
            *("-CAfile", write_pem(tmp_path / "root.pem", chain[-1])),
            *("-untrusted", write_pem(tmp_path / "issuing.pem", chain[1])),
            write_pem(tmp_path / "responder.pem", responder),
        )


class TestPyhankoAgrees:
    def validate(self, pki: Pki, record: CertificateRecord, answer: bytes) -> None:
        context = ValidationContext(
            trust_roots=[as_asn1(pki.root().certificate)],
            other_certs=[as_asn1(pki.issuing().certificate)],
            ocsps=[as_asn1_answer(answer)],
            crls=[as_asn1_list(pki.list_of(pki.root()).der)],
            moment=pki.house.clock.now(),
            revocation_mode="require",
        )
        validator = CertificateValidator(as_asn1(record.certificate), validation_context=context)
        asyncio.run(validator.async_validate_usage({"digital_signature"}))

    @pytest.mark.parametrize("algorithm", [SHA1(), SHA256()])
    def test_with_answers_to_questions(self, pki: Pki, algorithm: HashAlgorithm) -> None:
        good, revoked = pki.seal(), pki.seal()
        pki.revoke(revoked)
        pki.advance(minutes=1)
        self.validate(pki, good, pki.responder.respond(request(pki, good, algorithm=algorithm)).der)
        with pytest.raises(RevokedError):
            self.validate(pki, revoked, pki.responder.respond(request(pki, revoked, algorithm=algorithm)).der)

    def test_with_what_is_put_into_documents(self, pki: Pki) -> None:
        seal = pki.seal()
        evidence = pki.evidence.revocation_info(seal.certificate)
        path = [seal.certificate, pki.issuing().certificate, pki.root().certificate]
        assert evidence.certificates == tuple(each.public_bytes(Encoding.DER) for each in path)
        (answer,), (listed,) = evidence.ocsp_answers, evidence.crls
        assert listed == pki.list_of(pki.root()).der
        pki.advance(hours=20)
        self.validate(pki, seal, answer)


class TestAnswers:
    def test_an_answer_says_from_when_to_when_it_holds(self, standing: Pki, seal: CertificateRecord) -> None:
        answer = standing.responder.respond(request(standing, seal))
        assert answer.this_update == START
        assert answer.next_update == START + timedelta(days=1)
        assert answer.reused_until == START + timedelta(hours=1)
        found = read(answer)
        assert found.certificate_status is CertStatus.GOOD
        assert (found.this_update_utc, found.next_update_utc, found.produced_at_utc) == (
            START,
            START + timedelta(days=1),
            START,
        )
        assert found.responder_name == found.certificates[0].subject

    def test_the_question_is_repeated_as_it_came(self, standing: Pki, seal: CertificateRecord) -> None:
        question = asn1.OCSPRequest.load(request(standing, seal, algorithm=SHA1()))
        asked = question["tbs_request"]["request_list"][0]["req_cert"]
        for parameters in (core.Null(), None):
            asked["hash_algorithm"] = {"algorithm": "sha1", "parameters": parameters}
            expected = asked.dump(force=True)
            answer = as_asn1_answer(standing.responder.respond(question.dump(force=True)).der)
            (single,) = answer.response_data["responses"]
            assert single["cert_id"].dump() == expected

    def test_a_nonce_is_repeated_and_the_answer_is_for_its_asker_alone(
        self, standing: Pki, seal: CertificateRecord
    ) -> None:
        for nonce in (b"\x00", b"n" * 32):
            answer = standing.responder.respond(request(standing, seal, nonce=nonce))
            assert (answer.this_update, answer.next_update, answer.reused_until) == (None, None, None)
            extension = read(answer).extensions.get_extension_for_class(x509.OCSPNonce)
            assert extension.value.nonce == nonce

    @pytest.mark.parametrize("nonce", [b"", b"n" * 33])
    def test_a_nonce_out_of_bounds_is_malformed(self, standing: Pki, seal: CertificateRecord, nonce: bytes) -> None:
        answer = standing.responder.respond(request(standing, seal, nonce=nonce))
        assert refusal(answer) is Status.MALFORMED_REQUEST

    def test_a_serial_number_that_was_never_given_is_unknown_for_a_few_minutes(
        self, standing: Pki, seal: CertificateRecord
    ) -> None:
        question = asn1.OCSPRequest.load(request(standing, seal))
        for serial in (1, -1, 0, 1 << 159, 1 << 400):
            question["tbs_request"]["request_list"][0]["req_cert"]["serial_number"] = serial
            answer = standing.responder.respond(question.dump(force=True))
            assert answer.reused_until is None
            (single,) = as_asn1_answer(answer.der).response_data["responses"]
            assert single["cert_status"].name == "unknown"
            assert single["cert_id"]["serial_number"].native == serial
            assert single["next_update"].native == START + timedelta(minutes=5)

    def test_a_certificate_of_another_of_our_authorities_is_unknown_to_this_one(
        self, standing: Pki, seal: CertificateRecord
    ) -> None:
        question = asn1.OCSPRequest.load(request(standing, seal))
        asked = question["tbs_request"]["request_list"][0]["req_cert"]
        asked["serial_number"] = standing.issuing().certificate.serial_number
        (single,) = as_asn1_answer(standing.responder.respond(question.dump(force=True)).der).response_data["responses"]
        assert single["cert_status"].name == "unknown"

    def test_several_are_answered_in_their_order(self, pki: Pki) -> None:
        seals = [pki.seal() for _ in range(3)]
        pki.revoke(seals[1], RevocationReason.UNSPECIFIED)
        found = as_asn1_answer(pki.responder.respond(request(pki, *seals)).der).response_data["responses"]
        assert [each["cert_status"].name for each in found] == ["good", "revoked", "good"]
        assert found[1]["cert_status"].chosen["revocation_reason"].native is None

    def test_reason_and_date_of_a_compromise_are_told(self, pki: Pki) -> None:
        seal = pki.seal()
        pki.advance(days=1)
        pki.revoke(seal, since=START)
        found = read(pki.responder.respond(request(pki, seal)))
        assert found.certificate_status is CertStatus.REVOKED
        assert found.revocation_reason is x509.ReasonFlags.key_compromise
        assert found.revocation_time_utc == START + timedelta(days=1)
        (single,) = as_asn1_answer(pki.responder.respond(request(pki, seal)).der).response_data["responses"]
        told = {each["extn_id"].native: each["extn_value"].parsed.native for each in single["single_extensions"]}
        assert told["invalidity_date"] == START
        assert told["archive_cutoff"] == pki.issuing().not_before

    def test_an_sm2_authority_answers_with_an_sm2_responder(self, pki: Pki) -> None:
        pki.house.authority.ensure_gm()
        seal = pki.seal(KeyAlgorithm.SM2)
        answer = as_asn1_answer(pki.responder.respond(request(pki, seal)).der)
        basic = answer["response_bytes"]["response"].parsed
        responder = x509.load_der_x509_certificate(basic["certs"][0].dump())
        assert pki.house.authority.chain(responder)[1:] == pki.house.authority.chain(seal.certificate)[1:]
        signature = basic["signature"].native
        assert sm2_key_of(responder).verify(signature, basic["tbs_response_data"].dump())

    def test_an_rsa_authority_answers_with_an_rsa_responder(self, database: Database, clock: FixedClock) -> None:
        pki = Pki.open(database, clock, KeyAlgorithm.RSA_3072)
        found = read(pki.responder.respond(request(pki, pki.seal())))
        key = found.certificates[0].public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(found.signature, found.tbs_response_bytes, PKCS1v15(), SHA256())


class TestKeptAnswers:
    def test_the_same_question_gets_the_same_answer_for_an_hour(self, pki: Pki) -> None:
        question = request(pki, pki.seal())
        first = pki.responder.respond(question)
        pki.advance(minutes=59)
        assert pki.responder.respond(question) is first
        pki.advance(minutes=1)
        second = pki.responder.respond(question)
        assert second.this_update == START + timedelta(hours=1)

    def test_a_revocation_shows_at_once_in_every_process(self, pki: Pki) -> None:
        seal, elsewhere = pki.seal(), pki.another_process()
        question = request(pki, seal)
        for process in (pki, elsewhere):
            assert read(process.responder.respond(question)).certificate_status is CertStatus.GOOD
        elsewhere.revoke(seal)
        for process in (pki, elsewhere):
            assert read(process.responder.respond(question)).certificate_status is CertStatus.REVOKED

    def test_a_responder_that_was_revoked_signs_no_more_within_a_minute(self, pki: Pki) -> None:
        question = request(pki, pki.seal())
        first = read(pki.responder.respond(question)).certificates
        pki.another_process().revoke(pki.house.authority.ensure_responder(pki.issuing()))
        pki.advance(minutes=1)
        assert read(pki.responder.respond(question)).certificates != first

    def test_after_the_clock_was_set_back_no_answer_comes_from_the_future(self, pki: Pki) -> None:
        question = request(pki, pki.seal())
        pki.responder.respond(question)
        pki.advance(minutes=-2)
        assert pki.responder.respond(question).this_update == START - timedelta(minutes=2)


class TestRefusals:
    @pytest.mark.parametrize(
        "junk",
        [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\x00" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\x30" * 9000],
    )
    def test_what_is_no_request_is_malformed(self, standing: Pki, junk: bytes) -> None:
        assert refusal(standing.responder.respond(junk)) is Status.MALFORMED_REQUEST

    def test_sixteen_at_once_are_answered_and_seventeen_are_not(self, standing: Pki, seal: CertificateRecord) -> None:
        question = asn1.OCSPRequest.load(request(standing, seal))
        (single,) = question["tbs_request"]["request_list"]
        for count, expected in ((16, Status.SUCCESSFUL), (17, Status.MALFORMED_REQUEST)):
            many = asn1.OCSPRequest({"tbs_request": {"request_list": [single] * count}})
            answer = as_asn1_answer(standing.responder.respond(many.dump()).der)
            assert answer["response_status"].native == expected.name.lower()
        none = asn1.OCSPRequest({"tbs_request": {"request_list": []}})
        assert refusal(standing.responder.respond(none.dump())) is Status.MALFORMED_REQUEST

    def test_more_than_a_request_is_malformed(self, standing: Pki, seal: CertificateRecord) -> None:
        assert refusal(standing.responder.respond(request(standing, seal) + b"\x00")) is Status.MALFORMED_REQUEST

    def test_a_critical_extension_is_malformed_and_another_is_passed_over(
        self, standing: Pki, seal: CertificateRecord
    ) -> None:
        question = asn1.OCSPRequest.load(request(standing, seal))
        for critical, expected in ((True, Status.MALFORMED_REQUEST), (False, Status.SUCCESSFUL)):
            value = core.ParsableOctetString(core.Null().dump())
            extension = {"extn_id": "1.2.3.4", "critical": critical, "extn_value": value}
            fields = question["tbs_request"]
            fields["request_extensions"] = [extension]
            answer = standing.responder.respond(question.dump(force=True))
            assert read(answer).response_status is expected

    def test_requestors_and_signatures_are_passed_over(self, standing: Pki, seal: CertificateRecord) -> None:
        outer = _der.Reader(request(standing, seal))
        fields = _der.Reader(_der.Reader(outer.read(_der.SEQUENCE)).read(_der.SEQUENCE))
        requests = fields.read_whole(_der.SEQUENCE)
        named = der.sequence(der.explicit(0, der.integer(0)), der.explicit(1, der.tlv(0x82, b"somebody")), requests)
        signed = der.sequence(named, der.explicit(0, der.sequence(der.null())))
        assert read(standing.responder.respond(signed)).certificate_status is CertStatus.GOOD
        version_two = der.sequence(der.sequence(der.explicit(0, der.integer(1)), requests))
        assert refusal(standing.responder.respond(version_two)) is Status.MALFORMED_REQUEST

    def test_strangers_and_unknown_hashes_get_no_word(self, standing: Pki, seal: CertificateRecord) -> None:
        unknown = standing.responder.respond(request(standing, seal, algorithm=SHA384()))
        assert refusal(unknown) is Status.UNAUTHORIZED
        question = asn1.OCSPRequest.load(request(standing, seal))
        question["tbs_request"]["request_list"][0]["req_cert"]["issuer_key_hash"] = b"k" * 32
        assert refusal(standing.responder.respond(question.dump(force=True))) is Status.UNAUTHORIZED
        question["tbs_request"]["request_list"][0]["req_cert"]["issuer_key_hash"] = b"k" * 20
        assert refusal(standing.responder.respond(question.dump(force=True))) is Status.MALFORMED_REQUEST

    def test_nobody_speaks_for_two_authorities(self, standing: Pki, seal: CertificateRecord) -> None:
        both = request(standing, seal, standing.issuing())
        assert refusal(standing.responder.respond(both)) is Status.UNAUTHORIZED

    def test_nobody_speaks_for_an_authority_that_ended(self, pki: Pki) -> None:
        question = request(pki, pki.seal())
        pki.responder.respond(question)
        pki.advance(days=365 * 11)
        assert refusal(pki.responder.respond(question)) is Status.UNAUTHORIZED

    def test_a_database_that_is_gone_means_to_try_later(self, standing: Pki, seal: CertificateRecord) -> None:
        away, house = Database("postgresql://nobody@127.0.0.1:1/nothing"), standing.house
        responder = OcspResponder(house.custody, house.authority, away, house.clock)
        assert refusal(responder.respond(request(standing, seal))) is Status.TRY_LATER
        away.close()

    def test_a_damaged_key_is_an_internal_error(self, pki: Pki) -> None:
        question = request(pki, pki.seal())
        record = pki.house.authority.ensure_responder(pki.issuing())
        with pki.house.database.transaction() as session:
            damaged = sa.update(SigningKeyRow).where(SigningKeyRow.id == record.key_id).values(wrapped=b"x" * 80)
            session.execute(damaged)
        assert refusal(pki.another_process().responder.respond(question)) is Status.INTERNAL_ERROR

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=120))
    @example(b"\x30\x84\x7f\xff\xff\xff")
    def test_no_bytes_bring_it_down(self, standing: Pki, junk: bytes) -> None:
        assert refusal(standing.responder.respond(junk)) is Status.MALFORMED_REQUEST

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_no_altered_request_brings_it_down(
        self, standing: Pki, seal: CertificateRecord, data: st.DataObject
    ) -> None:
        question = bytearray(request(standing, seal, nonce=b"0123456789abcdef"))
        for _ in range(data.draw(st.integers(1, 3))):
            question[data.draw(st.integers(0, len(question) - 1))] = data.draw(st.integers(0, 255))
        as_asn1_answer(standing.responder.respond(bytes(question)).der)


class TestEvidence:
    def test_there_is_none_for_what_was_revoked(self, pki: Pki) -> None:
        seal = pki.seal()
        assert pki.evidence.revocation_info(seal.certificate).ocsp_answers
        pki.another_process().revoke(seal)
        with pytest.raises(CertificateRevokedError):
            pki.evidence.revocation_info(seal.certificate)

    def test_there_is_none_below_an_authority_that_was_revoked(self, pki: Pki) -> None:
        seal = pki.seal()
        pki.revoke(pki.issuing(), RevocationReason.CA_COMPROMISE)
        with pytest.raises(CertificateRevokedError):
            pki.evidence.revocation_info(seal.certificate)

    def test_for_an_authority_it_is_the_roots_word(self, pki: Pki) -> None:
        evidence = pki.evidence.revocation_info(pki.issuing().certificate)
        assert (len(evidence.certificates), len(evidence.ocsp_answers), evidence.crls) == (2, 1, ())

    def test_there_is_none_for_a_root_and_for_strangers(self, pki: Pki, standing: Pki) -> None:
        for certificate in (pki.root().certificate, standing.seal().certificate):
            with pytest.raises(CertificateUnknownError):
                pki.evidence.revocation_info(certificate)
