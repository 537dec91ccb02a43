"""Attacks with revocation data: words of the wrong people, about others, from another time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.claims import assert_refused, codes
from tests.verify.pki import DOCUMENT_SIGNING, NOW, SEALED_AT, Identity, Pki, issue, make_pki
from tests.verify.status import NO_CHECK, Revoked, answer, good_data, responder, revocation_list
from tests.verify.test_revocation import checked
from verify.crl import statement_in
from verify.ocsp import read_answer
from verify.revocation import MOST, RevocationData

DAY = timedelta(days=1)


def refused(pki: Pki, sealed: bytes, word: bytes) -> None:
    """A word in favour of the seal is passed over, where everything else is shown rightly."""
    rest = good_data(pki)
    rest = RevocationData(rest.ocsp_answers[1:], rest.crls)
    kind = RevocationData((word,)) if read_answer(word) is not None else RevocationData(crls=(word,))
    fresh_stamp = RevocationData((answer(pki.tsa, pki.issuing, responder(pki.issuing), at=NOW - DAY, lasts=3 * DAY),))
    fresh_root = RevocationData(crls=(revocation_list(pki.root, at=NOW - DAY),))
    others = rest + fresh_stamp + fresh_root
    assert_refused(checked(pki, sealed, others + kind, required=True), "certificate.revocation_unknown")
    genuine = RevocationData((answer(pki.seal, pki.issuing, responder(pki.issuing)),))
    assert checked(pki, sealed, others + kind + genuine, required=True).passed


def test_an_answer_for_another_certificate(pki: Pki, sealed_pdf: bytes) -> None:
    other = issue("另一枚章", pki.issuing, purposes=[DOCUMENT_SIGNING])
    refused(pki, sealed_pdf, answer(other, pki.issuing, responder(pki.issuing)))


def test_an_answer_for_the_same_number_of_another_authority(pki: Pki, sealed_pdf: bytes) -> None:
    twins = make_pki()
    refused(pki, sealed_pdf, answer(pki.seal, twins.issuing, responder(pki.issuing)))
    refused(pki, sealed_pdf, answer(pki.seal, pki.root, responder(pki.issuing)))


@pytest.mark.parametrize("days", [1.5, 8, 400])
def test_a_replayed_old_answer(pki: Pki, sealed_pdf: bytes, days: float) -> None:
    """From before the key was lost; true then, and signed by who may."""
    at = SEALED_AT - days * DAY
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, responder(pki.issuing), at=at))


def test_an_old_answer_that_claims_to_last_for_years(pki: Pki, sealed_pdf: bytes) -> None:
    word = answer(pki.seal, pki.issuing, responder(pki.issuing), at=SEALED_AT - 8 * DAY, lasts=3000 * DAY)
    refused(pki, sealed_pdf, word)


def test_an_old_answer_that_does_not_say_how_long_it_lasts(pki: Pki, sealed_pdf: bytes) -> None:
    word = answer(pki.seal, pki.issuing, responder(pki.issuing), at=SEALED_AT - timedelta(hours=2), lasts=None)
    refused(pki, sealed_pdf, word)


def test_a_replayed_answer_does_not_outdo_a_revocation(pki: Pki, sealed_pdf: bytes) -> None:
    gone = revocation_list(pki.issuing, [(pki.seal, Revoked(SEALED_AT - DAY))], at=NOW - DAY)
    words = good_data(pki, at=SEALED_AT) + RevocationData(crls=(gone,))
    assert_refused(checked(pki, sealed_pdf, words), "certificate.revoked")


def test_an_answer_from_the_future(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, responder(pki.issuing), at=NOW + DAY))


WRONG_RESPONDERS: dict[str, dict[str, object]] = {
    "a seal": {"purposes": [DOCUMENT_SIGNING]},
    "a web server": {"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]},
    "no purpose": {"purposes": []},
    "any purpose": {"purposes": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]},
    "not checked": {"extensions": ()},
    "ended": {"days": (-400, -40)},
    "an odd one": {
        "extensions": (
            *NO_CHECK,
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True),
        )
    },
}


@pytest.mark.parametrize("what", WRONG_RESPONDERS)
def test_an_answer_by_who_may_not_give_it(pki: Pki, sealed_pdf: bytes, what: str) -> None:
    by = responder(pki.issuing, **WRONG_RESPONDERS[what])
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, by))


def test_an_answer_by_the_seal_itself(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, pki.seal))


def test_an_answer_by_another_issuer_s_delegate(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, responder(pki.root)))
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, responder(make_pki().issuing)))


def test_an_answer_by_an_impostor_with_the_delegate_s_name_and_key_identifier(pki: Pki, sealed_pdf: bytes) -> None:
    genuine, impostor = responder(pki.issuing), responder(make_pki().issuing)
    refused(pki, sealed_pdf, answer(pki.seal, pki.issuing, Identity(genuine.certificate, impostor.key)))


def test_an_answer_that_was_changed(pki: Pki, sealed_pdf: bytes) -> None:
    revoked = answer(pki.seal, pki.issuing, responder(pki.issuing), at=NOW - DAY, revoked=Revoked(SEALED_AT - DAY))
    good = answer(pki.seal, pki.issuing, responder(pki.issuing), at=SEALED_AT)
    refused(pki, sealed_pdf, good.replace(f"{SEALED_AT:%Y%m%d}".encode(), b"20261025"))
    refused(pki, sealed_pdf, good[:60] + bytes([good[60] ^ 1]) + good[61:])
    assert_refused(checked(pki, sealed_pdf, RevocationData((revoked,))), "certificate.revoked")


def test_an_unknown_status_is_no_good_one(pki: Pki, sealed_pdf: bytes) -> None:
    words = RevocationData((answer(pki.seal, pki.issuing, responder(pki.issuing), unknown=True),))
    assert_refused(checked(pki, sealed_pdf, words), "certificate.status_unknown")


def test_an_error_is_no_answer(pki: Pki, sealed_pdf: bytes) -> None:
    words = RevocationData((b"\x30\x03\x0a\x01\x06",))
    assert_refused(checked(pki, sealed_pdf, words, required=True), "certificate.revocation_unknown")


def test_a_delegate_that_was_revoked_itself(pki: Pki, sealed_pdf: bytes) -> None:
    by = responder(pki.issuing, extensions=())
    word = answer(pki.seal, pki.issuing, by)
    listed = revocation_list(pki.issuing, [(by, Revoked(SEALED_AT - DAY))], at=SEALED_AT - timedelta(hours=1))
    shown = checked(pki, sealed_pdf, RevocationData((word,), (listed, revocation_list(pki.root))))
    assert [use.source for use in shown.signatures[0].revocation] == ["crl", "crl"]
    fine = checked(pki, sealed_pdf, RevocationData((word,), (revocation_list(pki.root),)))
    assert [use.source for use in fine.signatures[0].revocation] == ["crl"]


def test_a_list_of_a_namesake_with_another_key(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, revocation_list(make_pki().issuing))
    refused(pki, sealed_pdf, revocation_list(pki.issuing, key=make_pki().issuing))


def test_a_list_of_another_authority(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, revocation_list(pki.root))


def test_a_list_that_ran_out_before_the_seal_was_set(pki: Pki, sealed_pdf: bytes) -> None:
    refused(pki, sealed_pdf, revocation_list(pki.issuing, at=SEALED_AT - 8 * DAY))
    refused(pki, sealed_pdf, revocation_list(pki.issuing, at=SEALED_AT - 3 * DAY, lasts=2 * DAY))


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    parts: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(parts | changes))  # type: ignore[arg-type]


PARTIAL_LISTS: dict[str, x509.ExtensionType] = {
    "an unknown critical extension": x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"),
    "a delta": x509.DeltaCRLIndicator(7),
    "of authorities only": scope(only_contains_ca_certs=True),
    "of attribute certificates": scope(only_contains_attribute_certs=True),
    "for some reasons": scope(only_some_reasons=frozenset({x509.ReasonFlags.superseded})),
    "on behalf of others": scope(indirect_crl=True),
    "another part": scope(full_name=[x509.UniformResourceIdentifier("http://lists.example/7.crl")]),
}


@pytest.mark.parametrize("what", PARTIAL_LISTS)
def test_a_list_that_is_not_the_whole_one(pki: Pki, sealed_pdf: bytes, what: str) -> None:
    refused(pki, sealed_pdf, revocation_list(pki.issuing, extensions=[(PARTIAL_LISTS[what], True)]))


def test_a_list_of_the_part_that_the_certificate_names_counts(pki: Pki) -> None:
    name = [x509.UniformResourceIdentifier("http://lists.example/7.crl")]
    named = issue(
        "分表章",
        pki.issuing,
        extensions=[(x509.CRLDistributionPoints([x509.DistributionPoint(name, None, None, None)]), False)],
    )
    part = revocation_list(pki.issuing, extensions=[(scope(full_name=name, only_contains_user_certs=True), True)])
    assert statement_in(part, named.der, pki.issuing.der) is not None
    assert statement_in(part, pki.seal.der, pki.issuing.der) is None


def test_a_list_by_an_authority_that_may_not_sign_lists(pki: Pki) -> None:
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    bounded = issue("无权发表", pki.root, authority=True, usage=usage)
    below = issue("章", bounded)
    assert statement_in(revocation_list(bounded), below.der, bounded.der) is None


def test_weak_digests_do_not_count(pki: Pki) -> None:
    body = x509.CertificateRevocationListBuilder().issuer_name(pki.issuing.certificate.subject)
    weak = body.last_update(SEALED_AT).next_update(SEALED_AT + DAY).sign(pki.issuing.key, hashes.SHA224())
    assert statement_in(weak.public_bytes(Encoding.DER), pki.seal.der, pki.issuing.der) is None


def test_a_certificate_that_ended_is_on_no_list_and_that_says_nothing(pki: Pki, sealed_pdf: bytes) -> None:
    """Authorities drop what ended from their lists; that it is not there any more proves nothing."""
    ended = issue("到期章", pki.issuing, purposes=[DOCUMENT_SIGNING], days=(-400, -20))
    later = statement_in(revocation_list(pki.issuing, at=NOW - DAY), ended.der, pki.issuing.der)
    assert later is not None
    assert later.ended_since is None
    keeps = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    word = revocation_list(pki.issuing, at=NOW - DAY, extensions=[(keeps, False)])
    kept = statement_in(word, ended.der, pki.issuing.der)
    assert kept is not None
    assert kept.ended_since is not None


def test_a_flood_of_data_is_bounded(pki: Pki, sealed_pdf: bytes) -> None:
    by = responder(pki.issuing)
    flood = tuple(answer(pki.tsa, pki.issuing, by, at=SEALED_AT + timedelta(seconds=n)) for n in range(MOST))
    words = RevocationData((*flood, answer(pki.seal, pki.issuing, by)))
    evidence = checked(pki, sealed_pdf, words)
    assert evidence.passed, codes(evidence)
    assert not any(use.subject.startswith("CN=测试专用章") for use in evidence.signatures[0].revocation)


@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=4), kept=st.floats(0, 1))
@pytest.mark.parametrize("kind", ["answer", "list"])
def test_broken_words_are_never_an_error(
    pki: Pki, sealed_pdf: bytes, kind: str, places: list[tuple[float, int]], kept: float
) -> None:
    whole = good_data(pki).ocsp_answers[0] if kind == "answer" else revocation_list(pki.issuing)
    word = bytearray(whole)
    for place, octet in places:
        word[int(place * len(word))] = octet
    broken = bytes(word[: round(kept * len(word))])
    assert checked(pki, sealed_pdf, RevocationData((broken,), (broken,))).passed
