"""What revocation data does to a verdict: it counts from its date, and a proven time comes before it."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from keys.der import explicit, sequence
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.pki import NOW, SEALED_AT, Pki
from tests.verify.signing import Signer, attribute, seal_signer, time_stamp, tsa_signer
from tests.verify.status import Revoked, answer, good_data, now_revoked, responder, revocation_list
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.revocation import RevocationData
from verify.verdict import Indication, Level, SubIndication

DAY = timedelta(days=1)
COMPROMISE = x509.ReasonFlags.key_compromise


def checked(
    pki: Pki,
    data: bytes,
    revocation: RevocationData | None = None,
    *,
    policy: Policy = Policy.LICENCE,
    required: bool = False,
    now: datetime = NOW,
) -> PdfEvidence:
    return inspect_pdf(
        data,
        pki.anchors,
        policy=policy,
        now=now,
        revocation=revocation or RevocationData(),
        require_revocation=required,
    )


def stored(data: bytes, words: RevocationData) -> bytes:
    return files.with_validation_data(data, (), ocsp_answers=words.ocsp_answers, crls=words.crls)


def stamped(pki: Pki, data: bytes, *, at: datetime, first: int) -> bytes:
    return files.with_document_time_stamp(
        data, lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True, at=at), first=first
    )


@pytest.mark.parametrize("policy", list(Policy))
def test_a_certificate_that_stood_when_it_was_used_is_said_to(pki: Pki, sealed_pdf: bytes, policy: Policy) -> None:
    evidence = checked(pki, sealed_pdf, good_data(pki), policy=policy)
    assert evidence.passed
    assert "certificate.not_revoked" in codes(evidence)
    uses = evidence.signatures[0].revocation
    assert {(use.status, use.source, use.in_file) for use in uses} == {("good", "ocsp", False), ("good", "crl", False)}
    assert uses[1].subject == pki.seal.certificate.subject.rfc4514_string()
    assert pickle.loads(pickle.dumps(evidence)) == evidence
    assert evidence.signatures[0].to_json()["revocation"][0]["status"] == "good"


def test_without_any_word_our_own_licences_pass_unless_one_is_required(pki: Pki, sealed_pdf: bytes) -> None:
    assert checked(pki, sealed_pdf).passed
    evidence = checked(pki, sealed_pdf, required=True)
    assert_refused(evidence, "certificate.revocation_unknown")
    assert evidence.indication is Indication.INDETERMINATE
    assert evidence.sub_indication is SubIndication.TRY_LATER
    fresh = good_data(pki, at=NOW - timedelta(hours=2))
    assert checked(pki, sealed_pdf, fresh, required=True).passed


@pytest.mark.parametrize("policy", list(Policy))
def test_what_was_sealed_after_the_revocation_fails(pki: Pki, sealed_pdf: bytes, policy: Policy) -> None:
    words = now_revoked(pki, pki.seal, Revoked(SEALED_AT - DAY, COMPROMISE))
    evidence = checked(pki, sealed_pdf, words, policy=policy)
    assert_refused(evidence, "certificate.revoked")
    assert evidence.indication is Indication.TOTAL_FAILED
    assert evidence.sub_indication is SubIndication.REVOKED


@pytest.mark.parametrize("policy", list(Policy))
def test_what_was_sealed_before_the_revocation_stays_valid_and_says_so(
    pki: Pki, sealed_pdf: bytes, policy: Policy
) -> None:
    words = now_revoked(pki, pki.seal, Revoked(SEALED_AT + DAY, COMPROMISE))
    evidence = checked(pki, sealed_pdf, words, policy=policy)
    assert evidence.passed
    assert "certificate.revoked_later" in codes(evidence)
    (use,) = [use for use in evidence.signatures[0].revocation if use.status == "revoked"]
    assert (use.revoked_at, use.reason) == (SEALED_AT + DAY, "keyCompromise")


def test_a_compromise_counts_from_when_it_happened(pki: Pki, sealed_pdf: bytes) -> None:
    before = Revoked(SEALED_AT + 2 * DAY, COMPROMISE, invalid_since=SEALED_AT - DAY)
    assert_refused(checked(pki, sealed_pdf, now_revoked(pki, pki.seal, before)), "certificate.revoked")
    after = Revoked(SEALED_AT + 2 * DAY, COMPROMISE, invalid_since=SEALED_AT + DAY)
    assert checked(pki, sealed_pdf, now_revoked(pki, pki.seal, after)).passed


def test_without_a_proven_time_a_revoked_certificate_seals_nothing(pki: Pki) -> None:
    unstamped = files.sealed(Signer(pki.seal, (pki.seal.der, pki.issuing.der)).cms, level=None, certifies=False)
    words = now_revoked(pki, pki.seal, Revoked(NOW - DAY))
    evidence = checked(pki, unstamped, words, policy=Policy.GENERAL)
    assert_refused(evidence, "certificate.revoked_no_proof")
    assert evidence.sub_indication is SubIndication.REVOKED_NO_POE
    proven = stamped(pki, unstamped, at=NOW - 2 * DAY, first=files.SIZE)
    assert "certificate.revoked_later" in codes(checked(pki, proven, words, policy=Policy.GENERAL))


def test_an_authority_that_was_revoked_fails_what_it_certified(pki: Pki, sealed_pdf: bytes) -> None:
    entry = [(pki.issuing, Revoked(SEALED_AT - DAY, x509.ReasonFlags.ca_compromise))]
    words = RevocationData(crls=(revocation_list(pki.root, entry, at=NOW - DAY),))
    evidence = checked(pki, sealed_pdf, words)
    assert_refused(evidence, "timestamp.revoked")
    assert "certificate.revoked_no_proof" in codes(evidence)


def test_a_later_word_of_a_revoked_authority_proves_nothing(pki: Pki, sealed_pdf: bytes) -> None:
    entry = [(pki.issuing, Revoked(NOW - 2 * DAY, x509.ReasonFlags.superseded))]
    words = RevocationData(good_data(pki, at=NOW - DAY).ocsp_answers, (revocation_list(pki.root, entry, at=NOW - DAY),))
    evidence = checked(pki, sealed_pdf, words)
    assert evidence.passed, codes(evidence)
    assert [use.subject for use in evidence.signatures[0].revocation] == [
        pki.issuing.certificate.subject.rfc4514_string()
    ]
    assert_refused(checked(pki, sealed_pdf, words, required=True), "certificate.revocation_unknown")


@pytest.mark.parametrize(
    ("reason", "passes"), [(x509.ReasonFlags.superseded, True), (COMPROMISE, False), (None, False)]
)
def test_time_stamps_outlive_their_authority_s_orderly_end_only(
    pki: Pki, sealed_pdf: bytes, reason: x509.ReasonFlags | None, passes: bool
) -> None:
    """RFC 3161, 4.1; where the key was lost, only a later time stamp of another can save an older one."""
    words = now_revoked(pki, pki.tsa, Revoked(NOW - DAY, reason))
    evidence = checked(pki, sealed_pdf, words)
    assert evidence.passed is passes
    assert ("timestamp.revoked_later" if passes else "timestamp.revoked") in codes(evidence)


def test_a_hold_can_be_lifted_and_a_revocation_cannot(pki: Pki, sealed_pdf: bytes) -> None:
    hold = Revoked(SEALED_AT - DAY, x509.ReasonFlags.certificate_hold)
    held = revocation_list(pki.issuing, [(pki.seal, hold)], at=SEALED_AT)
    assert_refused(checked(pki, sealed_pdf, RevocationData(crls=(held,))), "certificate.on_hold")
    lifted = revocation_list(pki.issuing, at=SEALED_AT + DAY)
    assert checked(pki, sealed_pdf, RevocationData(crls=(held, lifted))).passed
    gone = revocation_list(pki.issuing, [(pki.seal, Revoked(SEALED_AT - DAY))], at=SEALED_AT)
    assert_refused(checked(pki, sealed_pdf, RevocationData(crls=(gone, lifted))), "certificate.revoked")


def test_a_level_is_reached_only_with_data_for_all_certificates(pki: Pki, sealed_pdf: bytes) -> None:
    words = good_data(pki)

    def level(data: bytes) -> Level | None:
        evidence = checked(pki, data)
        assert evidence.passed, codes(evidence)
        return evidence.signatures[0].level

    complete = stored(sealed_pdf, words)
    assert level(complete) is Level.B_LT
    assert level(stamped(pki, complete, at=SEALED_AT + timedelta(seconds=9), first=files.SIZE + 4)) is Level.B_LTA
    assert level(stored(sealed_pdf, RevocationData(words.ocsp_answers))) is Level.B_T
    assert level(stored(sealed_pdf, RevocationData(words.ocsp_answers[:1], words.crls))) is Level.B_T
    assert level(stored(sealed_pdf, good_data(pki, at=SEALED_AT - 30 * DAY))) is Level.B_T
    before = stamped(pki, sealed_pdf, at=SEALED_AT + timedelta(seconds=9), first=files.SIZE)
    assert level(before) is Level.B_T
    assert checked(pki, sealed_pdf, words).signatures[0].level is Level.B_T


def test_data_under_a_time_stamp_counts_when_its_signers_have_ended(pki: Pki, sealed_pdf: bytes) -> None:
    short = responder(pki.issuing, days=(-60, -20))
    words = RevocationData(
        tuple(answer(each, pki.issuing, short) for each in (pki.seal, pki.tsa)), (revocation_list(pki.root),)
    )
    alone = stored(sealed_pdf, words)
    assert "certificate.not_revoked" not in codes(checked(pki, alone))
    archived = stamped(pki, alone, at=SEALED_AT + timedelta(seconds=9), first=files.SIZE + 4)
    assert "certificate.not_revoked" in codes(checked(pki, archived))


def test_data_within_a_foreign_signature_is_read(pki: Pki) -> None:
    words = good_data(pki)
    archive = sequence(explicit(0, sequence(*words.crls)), explicit(1, sequence(*words.ocsp_answers)))
    signer = seal_signer(pki)
    signer = signer.with_(
        attributes=lambda digest: [*signer.usual_attributes(digest), attribute("1.2.840.113583.1.1.8", archive)]
    )
    data = files.sealed(signer.cms, level=None, certifies=False, subfilter=b"adbe.pkcs7.detached")
    evidence = checked(pki, data, policy=Policy.GENERAL)
    assert evidence.passed, codes(evidence)
    assert "certificate.not_revoked" in codes(evidence)
    assert all(use.in_file for use in evidence.signatures[0].revocation)
