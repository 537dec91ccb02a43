"""The trust list: who is relied upon, for what, when, and by whose decision."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from store.clock import FixedClock
from store.database import Database
from store.errors import YinzhengError
from tests.house import House
from tests.verify.claims import assert_refused, codes
from tests.verify.pki import NOW, SEALED_AT, Pki, issue, make_pki
from verify.anchors import TrustAnchors
from verify.errors import AnchorInvalidError, AnchorKnownError, AnchorTermsError, AnchorUnknownError
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.trust_list import AnchorPurpose, AnchorTerms, TrustList

SIGNATURES = (AnchorPurpose.SIGNATURE, AnchorPurpose.TIME_STAMP)
TERMS = AnchorTerms(SIGNATURES, "青数据〔2026〕8号")
BY = "cli:admin"


@pytest.fixture
def own() -> Pki:
    return make_pki()


@pytest.fixture
def trusted(database: Database, clock: FixedClock, own: Pki) -> TrustList:
    roots = {purpose: [own.root.certificate] for purpose in AnchorPurpose if purpose is not AnchorPurpose.SEAL_MAKER}
    return TrustList(database, clock, lambda: roots)


def judged(trusted: TrustList, data: bytes) -> PdfEvidence:
    return inspect_pdf(
        data,
        trusted.anchors(AnchorPurpose.SIGNATURE),
        policy=Policy.GENERAL,
        now=NOW,
        timestamp_anchors=trusted.anchors(AnchorPurpose.TIME_STAMP),
    )


def test_an_entry_counts_from_the_next_check_until_it_is_removed(
    trusted: TrustList, pki: Pki, sealed_pdf: bytes
) -> None:
    assert_refused(judged(trusted, sealed_pdf), "certificate.untrusted")
    entry = trusted.add(pki.root.certificate, TERMS, actor=BY)
    assert judged(trusted, sealed_pdf).passed
    assert entry.subject == pki.root.certificate.subject.rfc4514_string()
    removed = trusted.remove(entry.id, actor="cli:other", reason="机构停止服务")
    assert_refused(judged(trusted, sealed_pdf), "certificate.untrusted")
    assert (removed.removed_by, removed.removal_reason) == ("cli:other", "机构停止服务")
    assert trusted.entries() == []
    assert trusted.entries(removed=True) == [removed]
    again = trusted.add(pki.root.certificate, TERMS, actor=BY)
    assert again.id != entry.id
    assert judged(trusted, sealed_pdf).passed


def test_purposes_are_kept_apart(trusted: TrustList, pki: Pki, own: Pki, sealed_pdf: bytes) -> None:
    trusted.add(pki.root.certificate, AnchorTerms([AnchorPurpose.SIGNATURE], "只用于签名"), actor=BY)
    assert own.root.der in trusted.anchors(AnchorPurpose.LICENCE).encoded
    assert pki.root.der not in trusted.anchors(AnchorPurpose.LICENCE).encoded
    assert trusted.anchors(AnchorPurpose.SEAL_MAKER) == TrustAnchors(())
    evidence = judged(trusted, sealed_pdf)
    assert "timestamp.not_trusted" in codes(evidence)
    assert evidence.signatures[0].proven_time is None


def test_what_is_proven_to_be_of_its_period_outlives_an_anchor(trusted: TrustList, pki: Pki, sealed_pdf: bytes) -> None:
    stamps = AnchorTerms([AnchorPurpose.TIME_STAMP], "时间戳机构")
    # the same authority stands behind both, so that it cannot be entered twice
    other = make_pki()
    ends = AnchorTerms(SIGNATURES, "至交接日止", until=SEALED_AT + timedelta(days=1))
    trusted.add(pki.root.certificate, ends, actor=BY)
    trusted.add(other.root.certificate, stamps, actor=BY)
    # its time stamps were relied upon until then as well, and nothing newer proves when they were made
    assert_refused(judged(trusted, sealed_pdf), "certificate.anchor_not_trusted_then")
    evidence = inspect_pdf(
        sealed_pdf,
        trusted.anchors(AnchorPurpose.SIGNATURE),
        policy=Policy.GENERAL,
        now=NOW,
        timestamp_anchors=pki.anchors,
    )
    assert evidence.passed, codes(evidence)


@pytest.mark.parametrize(
    ("since", "until"), [(SEALED_AT + timedelta(hours=1), None), (None, SEALED_AT - timedelta(hours=1))]
)
def test_what_was_signed_outside_of_the_period_does_not_pass(
    trusted: TrustList, pki: Pki, sealed_pdf: bytes, since: None, until: None
) -> None:
    trusted.add(pki.root.certificate, AnchorTerms(SIGNATURES, "有期限", since=since, until=until), actor=BY)
    for policy in Policy:
        evidence = inspect_pdf(
            sealed_pdf,
            trusted.anchors(AnchorPurpose.SIGNATURE),
            policy=policy,
            now=NOW,
            timestamp_anchors=pki.anchors,
        )
        assert_refused(evidence, "certificate.anchor_not_trusted_then")


def test_what_cannot_be_relied_upon_is_not_taken(trusted: TrustList, pki: Pki) -> None:
    weak = issue("弱密钥根", authority=True, key=rsa.generate_private_key(65537, 1024))
    for certificate in (pki.seal.certificate, weak.certificate):
        with pytest.raises(AnchorInvalidError):
            trusted.add(certificate, TERMS, actor=BY)
    for terms in (
        AnchorTerms([], "无用途"),
        AnchorTerms(SIGNATURES, "  "),
        AnchorTerms(SIGNATURES, "长" * 501),
        AnchorTerms(SIGNATURES, "换\n行"),
        AnchorTerms(SIGNATURES, "倒置", since=NOW, until=NOW),
    ):
        with pytest.raises(AnchorTermsError):
            trusted.add(pki.root.certificate, terms, actor=BY)
    with pytest.raises(AnchorUnknownError):
        trusted.remove(1, actor=BY, reason="不存在")
    assert trusted.entries(removed=True) == []


def test_sm2_roots_are_for_seal_makers_alone(house: House) -> None:
    house.services.keys.authority.ensure_gm()
    root = house.services.keys.authority.gm_root
    trusted = house.services.trust_list
    assert trusted.anchors(AnchorPurpose.SEAL_MAKER) == TrustAnchors.of([root])
    with pytest.raises(AnchorInvalidError):
        trusted.add(root, TERMS, actor=BY)
    assert trusted.add(root, AnchorTerms([AnchorPurpose.SEAL_MAKER], "外部制章机构"), actor=BY).id


def test_of_two_administrators_at_once_one_enters_it(trusted: TrustList, pki: Pki) -> None:
    def add(actor: int) -> str:
        try:
            return str(trusted.add(pki.root.certificate, TERMS, actor=f"cli:{actor}").id)
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(add, range(8)))
    assert answers[1:] == [AnchorKnownError.code] * 7
    assert len(trusted.entries()) == 1


def test_an_entry_for_one_of_our_own_roots_does_not_limit_it(trusted: TrustList, own: Pki) -> None:
    ends = AnchorTerms([AnchorPurpose.LICENCE], "误登记", until=SEALED_AT)
    trusted.add(own.root.certificate, ends, actor=BY)
    assert trusted.anchors(AnchorPurpose.LICENCE) == TrustAnchors.of([own.root.certificate])
