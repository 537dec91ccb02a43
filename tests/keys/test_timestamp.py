"""Time stamps that OpenSSL and pyHanko accept; refusals for everything else, and never an exception."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from asn1crypto import algos, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st
from keys_house import START, House, openssl, write_pem
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from keys import TIMESTAMP_POLICY, KeyAlgorithm, KeyPurpose, RevocationReason, TimestampAuthority, _der, der
from keys._tables import SigningKeyRow
from store.clock import FixedClock
from store.database import Database

DATA = "青食药监 370202".encode()


def request(
    algorithm: str = "sha256",
    digest: bytes | None = None,
    *,
    nonce: int | None = 0x0123456789ABCDEF,
    certificates: bool = True,
    policy: str | None = None,
    version: int = 1,
    extensions: list[dict[str, object]] | None = None,
    parameters: object = None,
) -> bytes:
    if digest is None:
        digest = hashlib.new(algorithm, DATA).digest()
    fields: dict[str, object] = {
        "version": version,
        "message_imprint": {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm, "parameters": parameters}),
            "hashed_message": digest,
        },
        "cert_req": certificates,
    }
    if nonce is not None:
        fields["nonce"] = nonce
    if policy is not None:
        fields["req_policy"] = policy
    if extensions is not None:
        fields["extensions"] = extensions
    encoded: bytes = tsp.TimeStampReq(fields).dump()
    return encoded


def read(response: bytes) -> tsp.TimeStampResp:
    return tsp.TimeStampResp.load(response, strict=True)


def token_of(response: bytes) -> tsp.TSTInfo:
    parsed = read(response)
    assert parsed["status"]["status"].native == "granted"
    return parsed["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def failure_of(response: bytes) -> str:
    """Why a request was refused; the whole answer is held to its form."""
    status = tsp.PKIStatusInfo.load(_der.Reader(response).read(_der.SEQUENCE), strict=True)
    assert status["status"].native == "rejection"
    assert len(status["status_string"]) == 2
    (failure,) = status["fail_info"].native
    return str(failure)


@pytest.mark.needs("openssl")
class TestOpensslAgrees:
    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    @pytest.mark.parametrize("options", [("-cert",), ("-cert", "-no_nonce"), ("-cert", "-tspolicy", TIMESTAMP_POLICY)])
    def test_with_a_token_for_its_own_query(
        self, standing_house: House, tmp_path: Path, algorithm: str, options: tuple[str, ...]
    ) -> None:
        data, query, reply = tmp_path / "data", tmp_path / "query.tsq", tmp_path / "reply.tsr"
        data.write_bytes(DATA)
        openssl("ts", "-query", "-data", data, f"-{algorithm}", *options, "-out", query)
        reply.write_bytes(standing_house.timestamps.respond(query.read_bytes()))
        trust = ("-CAfile", write_pem(tmp_path / "root.pem", standing_house.authority.root))
        moment = ("-attime", int(START.timestamp()))
        openssl("ts", "-verify", "-queryfile", query, "-in", reply, *trust, *moment)
        openssl("ts", "-verify", "-data", data, "-in", reply, *trust, *moment)

    def test_with_a_token_without_certificates(self, standing_house: House, tmp_path: Path) -> None:
        query, reply = tmp_path / "query.tsq", tmp_path / "reply.tsr"
        query.write_bytes(request(certificates=False))
        reply.write_bytes(standing_house.timestamps.respond(query.read_bytes()))
        certificates = (standing_house.timestamps.certificate, standing_house.authority.issuing)
        openssl(
            *("ts", "-verify", "-queryfile", query, "-in", reply, "-attime", int(START.timestamp())),
            *("-CAfile", write_pem(tmp_path / "root.pem", standing_house.authority.root)),
            *("-untrusted", write_pem(tmp_path / "chain.pem", *certificates)),
        )

    def test_that_a_token_is_not_for_other_data(self, standing_house: House, tmp_path: Path) -> None:
        data, reply = tmp_path / "data", tmp_path / "reply.tsr"
        data.write_bytes(DATA + b".")
        reply.write_bytes(standing_house.timestamps.respond(request()))
        trust = write_pem(tmp_path / "root.pem", standing_house.authority.root)
        with pytest.raises(AssertionError, match="message imprint mismatch"):
            openssl("ts", "-verify", "-data", data, "-in", reply, "-CAfile", trust, "-attime", int(START.timestamp()))

    def test_with_every_field(self, standing_house: House, tmp_path: Path) -> None:
        (tmp_path / "reply.tsr").write_bytes(standing_house.timestamps.respond(request()))
        text = openssl("ts", "-reply", "-in", tmp_path / "reply.tsr", "-text")
        for line in (
            "Status: Granted.",
            f"Policy OID: {TIMESTAMP_POLICY}",
            "Hash Algorithm: sha256",
            "Time stamp: Nov 23 04:00:00 2026 GMT",
            "Accuracy: 0x01 seconds, unspecified millis, unspecified micros",
            "Ordering: no",
            "Nonce: 0x0123456789ABCDEF",
        ):
            assert line in text

    def test_with_an_rsa_key(self, database: Database, clock: FixedClock, tmp_path: Path) -> None:
        house = House.open(database, clock)
        house.authority.ensure()
        stamps = TimestampAuthority(house.custody, house.authority, database, clock, algorithm=KeyAlgorithm.RSA_3072)
        stamps.ensure()
        (tmp_path / "query.tsq").write_bytes(request())
        (tmp_path / "reply.tsr").write_bytes(stamps.respond(request()))
        openssl(
            *("ts", "-verify", "-queryfile", tmp_path / "query.tsq", "-in", tmp_path / "reply.tsr"),
            *("-CAfile", write_pem(tmp_path / "root.pem", house.authority.root)),
            *("-attime", int(START.timestamp())),
        )

    def test_with_a_rejection(self, standing_house: House, tmp_path: Path) -> None:
        (tmp_path / "reply.tsr").write_bytes(standing_house.timestamps.respond(b"no request"))
        text = openssl("ts", "-reply", "-in", tmp_path / "reply.tsr", "-text")
        assert "Status: Rejected." in text
        assert "Failure info: the data submitted has the wrong format" in text
        assert "the request is not a valid DER TimeStampReq" in text


class TestToken:
    def test_it_repeats_the_imprint_and_the_nonce(self, standing_house: House) -> None:
        info = token_of(standing_house.timestamps.respond(request(nonce=-5)))
        assert info["nonce"].native == -5
        assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(DATA).digest()
        assert "nonce" not in {
            name
            for name, value in token_of(standing_house.timestamps.respond(request(nonce=None))).native.items()
            if value is not None
        }

    def test_parameters_of_the_hash_may_be_null_or_absent(self, standing_house: House) -> None:
        absent, null = request(), request(parameters=core.Null())
        assert len(null) == len(absent) + 2
        for query in (absent, null):
            imprint = tsp.TimeStampReq.load(query)["message_imprint"].dump()
            assert token_of(standing_house.timestamps.respond(query))["message_imprint"].dump() == imprint

    def test_it_carries_its_certificates_only_when_asked(self, standing_house: House) -> None:
        authority = standing_house.authority
        own = {
            certificate.public_bytes(Encoding.DER)
            for certificate in (standing_house.timestamps.certificate, authority.issuing)
        }
        signed = read(standing_house.timestamps.respond(request()))["time_stamp_token"]["content"]
        assert {certificate.dump() for certificate in signed["certificates"]} == own
        bare = read(standing_house.timestamps.respond(request(certificates=False)))["time_stamp_token"]["content"]
        assert bare["certificates"].native is None

    def test_its_form_is_that_of_rfc_3161(self, standing_house: House) -> None:
        signed = read(standing_house.timestamps.respond(request()))["time_stamp_token"]["content"]
        (signer,) = signed["signer_infos"]
        attributes = {attribute["type"].native: attribute["values"][0] for attribute in signer["signed_attrs"]}
        certificate = standing_house.timestamps.certificate
        (reference,) = attributes["signing_certificate_v2"]["certs"]
        assert signed["version"].native == "v3"
        assert signed["encap_content_info"]["content_type"].native == "tst_info"
        assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
        assert attributes["content_type"].native == "tst_info"
        assert reference["cert_hash"].native == hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        assert signer["sid"].chosen["serial_number"].native == certificate.serial_number

    def test_serial_numbers_never_repeat(self, standing_house: House) -> None:
        query = request()
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(standing_house.timestamps.respond, [query] * 500)
            serials = [token_of(answer)["serial_number"].native for answer in answers]
        assert len(set(serials)) == 500
        assert all(0 < serial < 2**160 for serial in serials)

    def test_its_time_is_in_whole_seconds(self, house: House) -> None:
        house.authority.ensure()
        house.timestamps.ensure()
        house.clock.advance(timedelta(milliseconds=999))
        assert token_of(house.timestamps.respond(request()))["gen_time"].native == START

    def test_its_encoding_is_what_der_makes_of_its_contents(self, standing_house: House) -> None:
        for query in (request(), request("sha512", nonce=None, certificates=False)):
            answer = standing_house.timestamps.respond(query)
            assert read(answer).dump(force=True) == answer

    def test_pyhanko_trusts_it(self, standing_house: House) -> None:
        root = asn1_x509.Certificate.load(standing_house.authority.root.public_bytes(Encoding.DER))
        signed = read(standing_house.timestamps.respond(request()))["time_stamp_token"]["content"]
        context = ValidationContext(trust_roots=[root], moment=START)
        digest = hashlib.sha256(DATA).digest()
        status = asyncio.run(validate_tst_signed_data(signed, context, expected_tst_imprint=lambda _algorithm: digest))
        assert status["valid"]
        assert status["trust_problem_indic"] is None


class TestRefusal:
    @pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha224", "sha3_256"])
    def test_of_weak_or_unusual_hashes(self, standing_house: House, algorithm: str) -> None:
        assert failure_of(standing_house.timestamps.respond(request(algorithm))) == "bad_alg"

    @pytest.mark.parametrize(("algorithm", "length"), [("sha256", 31), ("sha256", 33), ("sha512", 32), ("sha384", 0)])
    def test_of_an_imprint_of_the_wrong_length(self, standing_house: House, algorithm: str, length: int) -> None:
        answer = standing_house.timestamps.respond(request(algorithm, bytes(length)))
        assert failure_of(answer) == "bad_data_format"

    def test_of_another_policy(self, standing_house: House) -> None:
        assert failure_of(standing_house.timestamps.respond(request(policy="1.2.3.4"))) == "unaccepted_policy"

    @pytest.mark.parametrize("critical", [True, False])
    def test_of_extensions(self, standing_house: House, critical: bool) -> None:
        extension = {"extn_id": "1.2.3.4", "critical": critical, "extn_value": b"\x05\x00"}
        assert failure_of(standing_house.timestamps.respond(request(extensions=[extension]))) == "unaccepted_extensions"

    def test_of_another_version(self, standing_house: House) -> None:
        assert failure_of(standing_house.timestamps.respond(request(version=2))) == "bad_request"

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x30\x00",
            b"\x30\x80\x00\x00",
            b"GET / HTTP/1.1",
            request() + b"\x00",
            request()[:-1],
            b"\x30\x84\x7f\xff\xff\xff",
            bytes(10_000_000),
            request(nonce=1 << 100_000),
            der.sequence(der.integer(1)),
        ],
    )
    def test_of_what_is_no_request(self, standing_house: House, data: bytes) -> None:
        assert failure_of(standing_house.timestamps.respond(data)) == "bad_data_format"

    def test_of_every_cut_request(self, standing_house: House) -> None:
        whole = request(policy=TIMESTAMP_POLICY)
        for length in range(len(whole)):
            assert failure_of(standing_house.timestamps.respond(whole[:length])) == "bad_data_format"

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    @example(b"\x30\x03\x02\x01\x01")
    def test_never_an_exception_for_noise(self, standing_house: House, data: bytes) -> None:
        assert failure_of(standing_house.timestamps.respond(data))

    @settings(deadline=None)
    @given(st.data())
    def test_never_an_exception_for_a_damaged_request(self, standing_house: House, data: st.DataObject) -> None:
        whole = bytearray(request(policy=TIMESTAMP_POLICY, parameters=core.Null()))
        for position in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
            whole[position] = data.draw(st.integers(0, 255))
        answer = standing_house.timestamps.respond(bytes(whole))
        status = tsp.PKIStatusInfo.load(_der.Reader(answer).read(_der.SEQUENCE))["status"].native
        if status == "granted":
            imprint = tsp.TimeStampReq.load(bytes(whole))["message_imprint"].dump()
            assert token_of(answer)["message_imprint"].dump() == imprint
        else:
            assert failure_of(answer)


class TestClock:
    @pytest.fixture
    def stamping(self, house: House) -> House:
        house.authority.ensure()
        house.timestamps.ensure()
        assert token_of(house.timestamps.respond(request()))
        return house

    def test_a_clock_set_back_gets_no_tokens_until_it_has_caught_up(self, stamping: House) -> None:
        stamping.clock.advance(timedelta(milliseconds=-1))
        assert failure_of(stamping.timestamps.respond(request())) == "time_not_available"
        stamping.clock.advance(timedelta(milliseconds=1))
        assert token_of(stamping.timestamps.respond(request()))

    def test_a_clock_set_back_during_a_restart_is_noticed(self, stamping: House) -> None:
        stamping.clock.advance(timedelta(minutes=-2))
        restarted = stamping.another_process().timestamps
        assert failure_of(restarted.respond(request())) == "time_not_available"
        stamping.clock.advance(timedelta(minutes=2))
        assert token_of(restarted.respond(request()))

    def test_a_process_a_moment_behind_another_still_stamps(self, stamping: House) -> None:
        stamping.clock.advance(timedelta(milliseconds=-800))
        assert token_of(stamping.another_process().timestamps.respond(request()))

    def test_the_time_is_written_down_every_ten_seconds(self, stamping: House) -> None:
        def written() -> object:
            with stamping.database.transaction() as session:
                return session.scalar(sa.text("SELECT last_time FROM timestamp_clock"))

        for seconds, expected in ((9, 0), (1, 10), (5, 10), (7, 22)):
            stamping.clock.advance(timedelta(seconds=seconds))
            assert token_of(stamping.timestamps.respond(request()))
            assert written() == START + timedelta(seconds=expected)

    def test_a_running_process_replaces_a_certificate_that_ends(self, stamping: House) -> None:
        first = stamping.timestamps.certificate
        stamping.clock.advance(timedelta(days=365 * 5 - 20))
        assert token_of(stamping.timestamps.respond(request()))
        assert stamping.timestamps.certificate != first

    def test_a_running_process_replaces_a_certificate_that_was_revoked(self, stamping: House) -> None:
        first = stamping.authority.current(KeyPurpose.TIMESTAMP)
        with stamping.database.transaction() as session:
            elsewhere = stamping.another_process().authority
            elsewhere.revoke(session, first.id, RevocationReason.KEY_COMPROMISE, actor="officer:1")
        stamping.clock.advance(timedelta(seconds=10))
        assert token_of(stamping.timestamps.respond(request()))
        assert stamping.timestamps.certificate != first.certificate

    def test_one_that_ends_with_its_issuer_is_kept_to_the_end(self, stamping: House) -> None:
        stamping.clock.advance(timedelta(days=365 * 9))
        assert token_of(stamping.timestamps.respond(request()))
        last = stamping.timestamps.certificate
        assert last.not_valid_after_utc == stamping.authority.issuing.not_valid_after_utc
        stamping.clock.advance(timedelta(days=360))
        assert token_of(stamping.timestamps.respond(request()))
        assert stamping.timestamps.certificate == last
        stamping.clock.advance(timedelta(days=10))
        assert failure_of(stamping.timestamps.respond(request())) == "time_not_available"


class TestReference:
    @pytest.fixture
    def theirs(self) -> FixedClock:
        return FixedClock(START)

    @pytest.fixture
    def stamps(self, house: House, theirs: FixedClock) -> TimestampAuthority:
        house.authority.ensure()
        made = TimestampAuthority(house.custody, house.authority, house.database, house.clock, reference=theirs.now)
        made.ensure()
        return made

    @pytest.mark.parametrize("apart", [timedelta(seconds=5), timedelta(seconds=-5)])
    def test_a_clock_a_little_apart_will_do(
        self, stamps: TimestampAuthority, theirs: FixedClock, apart: timedelta
    ) -> None:
        theirs.advance(apart)
        assert token_of(stamps.respond(request()))

    @pytest.mark.parametrize("apart", [timedelta(seconds=6), timedelta(days=-1)])
    def test_a_clock_far_off_gets_no_tokens_until_it_is_set(
        self, house: House, stamps: TimestampAuthority, apart: timedelta
    ) -> None:
        house.clock.advance(apart)
        for _ in range(3):
            assert failure_of(stamps.respond(request())) == "time_not_available"
        house.clock.advance(-apart)
        assert token_of(stamps.respond(request()))

    def test_a_clock_that_leaps_ahead_is_stopped_for_all_threads_and_leaves_no_trace(
        self, house: House, stamps: TimestampAuthority
    ) -> None:
        assert token_of(stamps.respond(request()))
        house.clock.advance(timedelta(hours=1))
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: stamps.respond(request()), range(12)))
        assert {failure_of(answer) for answer in answers} == {"time_not_available"}
        house.clock.advance(timedelta(hours=-1))
        assert token_of(stamps.respond(request()))
        assert token_of(house.another_process().timestamps.respond(request()))

    def test_it_is_asked_every_ten_seconds(self, house: House, stamps: TimestampAuthority, theirs: FixedClock) -> None:
        assert token_of(stamps.respond(request()))
        theirs.advance(timedelta(minutes=-1))
        house.clock.advance(timedelta(seconds=9))
        assert token_of(stamps.respond(request()))
        house.clock.advance(timedelta(seconds=1))
        assert failure_of(stamps.respond(request())) == "time_not_available"

    def test_the_databases_clock_can_be_it(self, database: Database) -> None:
        assert abs(database.time() - datetime.now(UTC)) < timedelta(seconds=5)


class TestFailure:
    def test_before_it_is_set_up_it_says_so(self, house: House) -> None:
        house.authority.ensure()
        assert failure_of(house.timestamps.respond(request())) == "system_failure"

    def test_a_damaged_key_is_a_refusal(self, house: House) -> None:
        house.authority.ensure()
        house.timestamps.ensure()
        with house.database.transaction() as session:
            damaged = sa.update(SigningKeyRow).where(SigningKeyRow.purpose == KeyPurpose.TIMESTAMP.value)
            session.execute(damaged.values(wrapped=secrets.token_bytes(100)))
        assert failure_of(house.another_process().timestamps.respond(request())) == "system_failure"

    def test_a_database_that_is_gone_is_a_refusal(self, house: House) -> None:
        house.authority.ensure()
        house.timestamps.ensure()
        away = Database("postgresql://nobody@127.0.0.1:1/nothing")
        stamps = TimestampAuthority(house.custody, house.authority, away, house.clock)
        assert failure_of(stamps.respond(request())) == "system_failure"
        away.close()
