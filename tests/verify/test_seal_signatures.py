"""The seal signature of GB/T 38540 within a licence: told in full where it holds; where it does not, no file passes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import IO, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import NumberObject, pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader

from keys import KeyPurpose
from seal import Move, Placement, Sealer, SealingOrder, SesSigner, SignatureProfile, pdf
from seal import Seal as SealRecord
from seal.esl import Esl, read_esl
from seal.esl_making import SealDraft, make_seal
from seal.pdf import RevisionWriter
from seal.ses_pdf import FIELD_NAME, write_ses_signature
from seal.ses_signature import make_ses_signature
from store.clock import FixedClock
from tests.house import APPLICANT, APPROVER, House
from tests.pdfs import blank_pdf
from tests.seal import esl_house
from tests.verify.claims import assert_refused, codes
from verify import AnchorPurpose, Indication, PdfEvidence, Policy, SealMakerTrust, TrustAnchors, inspect_pdf
from verify.report_pdf import ReportPrinter
from verify.report_xml import report_xml
from verify.verdict import SignatureKind, SignatureReport, SubIndication

DUAL = "food_operation_permit"
Make = Callable[[bytes], bytes]


class Mark:
    """A seal's data, with its key and certificate, for marks that nobody else would make."""

    def __init__(self, house: House, seal: SealRecord) -> None:
        services = house.services
        found = services.seal_data.current(seal.number)
        self.esl = read_esl(found.data)
        self.certificate = services.keys.authority.get(found.certificate_id).certificate.public_bytes(Encoding.DER)
        self.key_id = found.key_id
        self.sign: Callable[[bytes], bytes] = partial(services.keys.custody.sign, found.key_id)
        self.at = services.clock.now()

    def make(
        self, digest: bytes, *, esl: Esl | None = None, at: datetime | None = None, name: str = FIELD_NAME
    ) -> bytes:
        return make_ses_signature(
            esl or self.esl,
            digest,
            property_info=name,
            certificate=self.certificate,
            sign=self.sign,
            at=at or self.at,
        )

    def draft(self) -> SealDraft:
        esl = self.esl
        return SealDraft(
            esl.id,
            esl.name,
            esl.kind,
            esl.certificates,
            esl.created_at,
            esl.valid_from,
            esl.valid_until,
            esl.picture,
        )


class Forger(SesSigner):
    """Puts whatever it is given where the seal signature goes."""

    def __init__(self, make: Make, then: Callable[[IO[bytes]], None] | None = None) -> None:
        self._forge = make
        self._then = then

    def sign_pdf(self, source: IO[bytes], target: IO[bytes], *, seal_number: str, at: datetime) -> None:
        write_ses_signature(source, target, make=self._forge, size=200_000, at=at)
        if self._then is not None:
            self._then(target)


@pytest.fixture
def mark(house: House) -> Mark:
    return Mark(house, house.seal(DUAL))


def sealed(house: House, ses: SesSigner, profile: SignatureProfile = SignatureProfile.DUAL) -> bytes:
    """A document under a genuine seal, over whatever stands within."""
    services = house.services
    order = SealingOrder(
        house.seal(DUAL).number, "tests", DUAL, "T-1", Placement(1, 100, 100), "测试", signatures=profile
    )
    return Sealer(services.seals, services.seal_uses, services.press, ses).seal_pdf(blank_pdf(), order).data


def checked(house: House, data: bytes, policy: Policy = Policy.LICENCE) -> PdfEvidence:
    purpose = AnchorPurpose.LICENCE if policy is Policy.LICENCE else AnchorPurpose.SIGNATURE
    checker = house.services.checker
    return checker._inspector.evidence(data, policy, purpose, house.services.clock.now())


def forged(house: House, make: Make, then: Callable[[IO[bytes]], None] | None = None) -> PdfEvidence:
    data = sealed(house, Forger(make, then))
    found = checked(house, data)
    seal = next(each for each in found.signatures if each.kind is SignatureKind.SEAL)
    assert seal.indication is Indication.TOTAL_PASSED  # the outer one is intact, each time
    return found


def inner(evidence: PdfEvidence) -> SignatureReport:
    (found,) = [each for each in evidence.signatures if each.kind is SignatureKind.SES]
    return found


class TestOneThatHolds:
    def test_is_told_with_its_seal_its_maker_and_both_chains(self, house: House) -> None:
        licence = house.issue(DUAL)
        verdict = house.services.checker.check_pdf(house.pdf(licence))
        assert verdict.passed
        assert {"ses.valid", "seal.valid", "register.valid"} <= {each.code for each in verdict.reasons}
        (found,) = [each for each in verdict.signatures if each.kind is SignatureKind.SES]
        authority, seal = house.services.keys.authority, house.seal(DUAL)
        assert (found.subfilter, found.digest_algorithm, found.signature_algorithm) == ("SES.V4", "sm3", "sm2-sm3")
        assert found.intact
        assert found.trusted
        assert found.claimed_time == house.services.clock.now()
        assert found.chain[-1] == authority.gm_root.subject.rfc4514_string()
        assert seal.organisation.name_zh in (found.signer_subject or "")
        data = found.seal_data
        assert data is not None
        assert (data.version, data.id, data.name, data.kind) == (4, seal.number, seal.title, 1)
        assert data.maker_chain[-1] == found.chain[-1]
        assert data.maker_subject == data.maker_chain[0]
        assert set(data.findings) == {
            "ses.signature_valid", "ses.signer_trusted", "ses.digest_matches",
            "esl.maker_signature_valid", "esl.maker_trusted",
        }  # fmt: skip
        told = json.loads(json.dumps(verdict.to_json()))["signatures"][0]["seal_data"]
        assert told["maker"]["chain"] == list(data.maker_chain)

    def test_stands_in_both_reports(self, house: House) -> None:
        verdict = house.services.checker.check_pdf(house.pdf(house.issue(DUAL)))
        xml = report_xml(verdict).decode()
        assert "SES.V4" in xml
        assert "ses.valid" in xml
        assert f'id="{house.seal(DUAL).number}"' in xml
        assert "印证制章服务" in xml
        assert 'code="esl.maker_trusted"' in xml
        page = ReportPrinter(house.services.fonts).print(verdict)
        assert PdfFileReader(io.BytesIO(page)).root["/Pages"]["/Count"] == 1

    def test_a_reader_elsewhere_needs_both_roots(self, house: House) -> None:
        file, authority = house.pdf(house.issue(DUAL)), house.services.keys.authority
        trusted = TrustAnchors.of([authority.root, authority.gm_root, authority.gm_issuing])
        now = house.services.clock.now()
        policy = Policy.GENERAL
        assert inspect_pdf(file, trusted, policy=policy, now=now, seal_makers=SealMakerTrust(trusted)).passed
        alone = inspect_pdf(file, trusted, policy=policy, now=now)
        assert alone.indication is Indication.INDETERMINATE
        assert {"ses.untrusted", "ses.maker_untrusted"} <= set(codes(alone))

    def test_stays_good_when_its_certificate_has_ended(self, house: House, clock: FixedClock) -> None:
        file = house.pdf(house.issue(DUAL))
        clock.advance(timedelta(days=365 * 4))
        assert inner(checked(house, file)).indication is Indication.TOTAL_PASSED

    def test_a_compromise_that_is_younger_takes_nothing_from_it(self, house: House, clock: FixedClock) -> None:
        file = house.pdf(house.issue(DUAL))
        clock.advance(timedelta(hours=2))
        cancel(house)
        assert inner(checked(house, file)).indication is Indication.TOTAL_PASSED

    @pytest.mark.parametrize("profile", SignatureProfile)
    def test_every_profile_gives_a_file_that_passes(self, house: House, profile: SignatureProfile) -> None:
        data = sealed(house, house.services.ses_signer, profile)
        found = checked(house, data)
        assert found.passed, codes(found)
        kinds = [each.kind for each in found.signatures]
        assert (SignatureKind.SES in kinds) is profile.has_seal_signature
        stated = PdfFileReader(io.BytesIO(data)).embedded_signatures[0].sig_object["/Reason"]
        assert ("国密" in stated) is (profile is SignatureProfile.GM)


def cancel(house: House) -> None:
    seals = house.services.seals
    request = seals.request(house.seal(DUAL).number, Move.CANCEL, officer=APPLICANT, reason="r")
    seals.approve(request.id, officer=APPROVER)


Attack = Callable[[House, Mark], Make]


def of_another_document(house: House, mark: Mark) -> Make:
    return lambda _: mark.make(b"\x01" * 32)


def of_another_seal(house: House, mark: Mark) -> Make:
    return Mark(house, house.seal("physician_practice_certificate")).make


def by_a_maker_of_ones_own_making(house: House, mark: Mark) -> Make:
    issuer = esl_house.MAKER
    esl = make_seal(mark.draft(), maker_certificate=issuer.der, sign=issuer.key.sign)
    return lambda digest: mark.make(digest, esl=esl)


def by_a_user_who_plays_the_maker(house: House, mark: Mark) -> Make:
    esl = make_seal(mark.draft(), maker_certificate=mark.certificate, sign=mark.sign)
    return lambda digest: mark.make(digest, esl=esl)


def ended(house: House, mark: Mark) -> Esl:
    """The seal as it would be had it ended yesterday."""
    maker = house.services.keys.authority.current(KeyPurpose.SEAL_MAKER)
    return make_seal(
        replace(mark.draft(), valid_from=mark.at - timedelta(days=9), valid_until=mark.at - timedelta(days=1)),
        maker_certificate=maker.certificate.public_bytes(Encoding.DER),
        sign=partial(house.services.keys.custody.sign, maker.key_id),
    )


def of_a_seal_that_has_ended(house: House, mark: Mark) -> Make:
    esl = ended(house, mark)
    return lambda digest: mark.make(digest, esl=esl)


def back_dated(house: House, mark: Mark) -> Make:
    esl = ended(house, mark)
    return lambda digest: mark.make(digest, esl=esl, at=mark.at - timedelta(days=2))


def post_dated(house: House, mark: Mark) -> Make:
    return lambda digest: mark.make(digest, at=mark.at + timedelta(hours=3))


def with_another_picture(house: House, mark: Mark) -> Make:
    changed = bytearray(mark.esl.encoded)
    changed[changed.index(mark.esl.picture.data) + 1000] ^= 1
    esl = read_esl(bytes(changed))
    return lambda digest: mark.make(digest, esl=esl)


def by_somebody_not_listed(house: House, mark: Mark) -> Make:
    other = Mark(house, house.seal("physician_practice_certificate"))

    def make(digest: bytes) -> bytes:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("seal.ses_signature._lists", lambda *_: True)
            return other.make(digest, esl=mark.esl)

    return make


def with_a_signature_changed(house: House, mark: Mark) -> Make:
    def make(digest: bytes) -> bytes:
        good = bytearray(mark.make(digest))
        good[-1] ^= 1
        return bytes(good)

    return make


def for_another_field(house: House, mark: Mark) -> Make:
    return lambda digest: mark.make(digest, name="Other")


def that_is_none(house: House, mark: Mark) -> Make:
    return lambda _: b"\x30\x00"


def that_is_something_else(house: House, mark: Mark) -> Make:
    return lambda _: mark.esl.encoded


ATTACKS: dict[Attack, tuple[str, SubIndication]] = {
    of_another_document: ("ses.hash_mismatch", SubIndication.HASH_FAILURE),
    of_another_seal: ("ses.other_seal", SubIndication.SIG_CONSTRAINTS_FAILURE),
    by_a_maker_of_ones_own_making: ("ses.maker_untrusted", SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
    by_a_user_who_plays_the_maker: ("ses.wrong_usage", SubIndication.SIG_CONSTRAINTS_FAILURE),
    of_a_seal_that_has_ended: ("ses.seal_expired", SubIndication.SIG_CONSTRAINTS_FAILURE),
    back_dated: ("ses.time", SubIndication.TIMESTAMP_ORDER_FAILURE),
    post_dated: ("ses.time", SubIndication.TIMESTAMP_ORDER_FAILURE),
    with_another_picture: ("ses.seal_invalid", SubIndication.SIG_CRYPTO_FAILURE),
    by_somebody_not_listed: ("ses.signer_not_listed", SubIndication.SIG_CONSTRAINTS_FAILURE),
    with_a_signature_changed: ("ses.invalid", SubIndication.SIG_CRYPTO_FAILURE),
    for_another_field: ("ses.other_field", SubIndication.SIG_CONSTRAINTS_FAILURE),
    that_is_none: ("ses.malformed", SubIndication.FORMAT_FAILURE),
    that_is_something_else: ("ses.malformed", SubIndication.FORMAT_FAILURE),
}
FAILING = set(ATTACKS) - {by_a_maker_of_ones_own_making, by_a_user_who_plays_the_maker, back_dated, post_dated}


def turn(writer: RevisionWriter) -> None:
    """Turn the page round."""
    page = writer.find_page_for_modification(0)[0].get_object()
    page[pdf_name("/Rotate")] = NumberObject(180)
    writer.update_container(page)


class TestOneThatDoesNotHold:
    def test_fails_the_file_though_the_seal_over_it_is_intact(self, house: House, mark: Mark) -> None:
        for attack, (code, sub) in ATTACKS.items():
            found = forged(house, attack(house, mark))
            assert_refused(found, code)
            worst = Indication.TOTAL_FAILED if attack in FAILING else Indication.INDETERMINATE
            assert (attack, found.indication) == (attack, worst)
            assert sub in {each.sub_indication for each in inner(found).reasons}

    def test_with_a_key_that_was_in_other_hands(self, house: House, mark: Mark, clock: FixedClock) -> None:
        data = sealed(house, Forger(mark.make))
        assert checked(house, data).passed
        clock.advance(timedelta(hours=1))
        seals = house.services.seals
        request = seals.request(
            house.seal(DUAL).number,
            Move.ROTATE,
            officer=APPLICANT,
            reason="r",
            compromised_since=mark.at - timedelta(hours=1),
        )
        seals.approve(request.id, officer=APPROVER)
        found = inner(checked(house, data))
        assert found.indication is Indication.TOTAL_FAILED
        assert found.sub_indication is SubIndication.REVOKED

    def test_with_a_page_changed_before_the_seal_was_put_over_it(self, house: House, mark: Mark) -> None:
        def change(target: IO[bytes]) -> None:
            writer = RevisionWriter(target)
            turn(writer)
            writer.write_in_place()  # type: ignore[no-untyped-call]  # untyped there

        found = forged(house, mark.make, change)
        assert_refused(found, "structure.changed_after_seal")
        assert found.indication is Indication.TOTAL_FAILED

    def test_with_a_page_changed_by_the_revision_of_the_seal(
        self, house: House, mark: Mark, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin = pdf.begin_signature

        def change(writer: RevisionWriter, *rest: Any) -> Any:
            turn(writer)
            return begin(writer, *rest)

        monkeypatch.setattr(pdf, "begin_signature", change)
        data = sealed(house, Forger(mark.make))
        assert_refused(checked(house, data), "structure.changed_after_seal")
        assert_refused(checked(house, data, Policy.GENERAL), "structure.changed_after_signing")

    def test_that_was_left_out(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        house.seal(DUAL)
        with monkeypatch.context() as patched:

            def copy(_: SesSigner, source: IO[bytes], target: IO[bytes], **__: object) -> None:
                target.write(source.read())

            patched.setattr(SesSigner, "sign_pdf", copy)
            file = house.pdf(house.issue(DUAL))
        verdict = house.services.checker.check_pdf(file)
        assert verdict.indication is Indication.TOTAL_FAILED
        against = [each.code for each in verdict.reasons if each.indication is not Indication.TOTAL_PASSED]
        assert against == ["ses.missing"]
