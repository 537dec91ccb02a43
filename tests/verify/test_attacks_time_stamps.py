"""Attacks on the time stamp: without a good one, nothing says when a licence was sealed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.der import integer, null, octet_string, oid, sequence
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.pki import DOCUMENT_SIGNING, NOW, SEALED_AT, Identity, Pki, issue, make_pki
from tests.verify.signing import TST_INFO, attribute, digest_algorithm, hash_of, seal_signer, time_stamp, tsa_signer
from verify.pdf import Policy, inspect_pdf

STAMPING = [ExtendedKeyUsageOID.TIME_STAMPING]


def stamped_by(pki: Pki, identity: Identity) -> bytes:
    return files.sealed(seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(pki, identity), signature)).cms)


def test_a_seal_without_a_time_stamp_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    data = files.sealed(seal_signer(pki, stamp=None).cms)
    assert_refused(licence(data), "seal.time_stamp_missing")
    assert foreign(data).passed


def test_a_time_stamp_copied_from_another_signature_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    other = time_stamp(tsa_signer(pki), b"another signature")
    data = files.sealed(seal_signer(pki, stamp=lambda _: other).cms)
    assert_refused(licence(data), "timestamp.other_data")
    assert_refused(foreign(data), "timestamp.other_data")


def test_a_time_stamp_of_an_untrusted_authority_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """A twin of ours, with its names. For a foreign signature it only proves nothing."""
    twins = make_pki()
    data = files.sealed(seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(twins), signature)).cms)
    assert_refused(licence(data), "timestamp.untrusted")
    evidence = foreign(data)
    assert evidence.passed
    assert "timestamp.not_trusted" in codes(evidence)
    assert evidence.signatures[0].proven_time is None


def test_time_stamp_authorities_can_have_anchors_of_their_own(pki: Pki) -> None:
    other = make_pki()
    data = files.sealed(seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(other), signature)).cms)
    evidence = inspect_pdf(data, pki.anchors, policy=Policy.LICENCE, now=NOW, timestamp_anchors=other.anchors)
    assert evidence.passed


def test_a_token_without_its_certificate_proves_nothing(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    bare = tsa_signer(pki).with_(certificates=(pki.issuing.der,))
    data = files.sealed(seal_signer(pki, stamp=lambda signature: time_stamp(bare, signature)).cms)
    assert_refused(licence(data), "timestamp.untrusted")
    evidence = foreign(data)
    assert evidence.passed
    assert evidence.signatures[0].proven_time is None


PURPOSES: dict[str, dict[str, object]] = {
    "documents": {"purposes": [DOCUMENT_SIGNING]},
    "documents as well": {"purposes": [*STAMPING, DOCUMENT_SIGNING], "purposes_critical": True},
    "not critical": {"purposes": STAMPING},
    "none": {},
}


@pytest.mark.parametrize("what", PURPOSES)
def test_a_certificate_for_time_stamps_is_for_nothing_else(pki: Pki, licence: Inspect, what: str) -> None:
    data = stamped_by(pki, issue("时间戳", pki.issuing, **PURPOSES[what]))  # type: ignore[arg-type]
    assert_refused(licence(data), "timestamp.wrong_usage")


def test_the_seal_cannot_stamp_itself(pki: Pki, licence: Inspect) -> None:
    assert_refused(licence(stamped_by(pki, pki.seal)), "timestamp.wrong_usage")


def test_an_authority_whose_certificate_ran_out_proves_nothing_any_more(pki: Pki, licence: Inspect) -> None:
    ended = issue("时间戳", pki.issuing, purposes=STAMPING, purposes_critical=True, days=(-400, -1))
    assert_refused(licence(stamped_by(pki, ended)), "timestamp.certificate_out_of_bounds")


def test_a_weak_authority_is_refused(pki: Pki, licence: Inspect) -> None:
    weak = issue(
        "时间戳",
        pki.issuing,
        key=rsa.generate_private_key(65537, 1024),
        purposes=STAMPING,
        purposes_critical=True,
    )
    assert_refused(licence(stamped_by(pki, weak)), "timestamp.weak")


def test_an_rsa_authority_is_as_good(pki: Pki, licence: Inspect) -> None:
    other = issue(
        "时间戳",
        pki.issuing,
        key=rsa.generate_private_key(65537, 2048),
        purposes=STAMPING,
        purposes_critical=True,
    )
    assert licence(stamped_by(pki, other)).passed


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_weak_imprint_is_refused(pki: Pki, licence: Inspect, digest: str) -> None:
    signer = seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(pki), signature, digest=digest))
    assert_refused(licence(files.sealed(signer.cms)), "timestamp.weak")


def test_a_time_in_the_future_is_refused(pki: Pki, licence: Inspect) -> None:
    for ahead, good in ((timedelta(minutes=4), True), (timedelta(minutes=6), False)):
        at = NOW + ahead
        signer = seal_signer(pki, stamp=lambda signature, at=at: time_stamp(tsa_signer(pki), signature, at=at))  # type: ignore[misc]
        evidence = licence(files.sealed(signer.cms))
        assert evidence.passed is good
    assert_refused(evidence, "timestamp.in_the_future")


@pytest.mark.parametrize("token", [b"", b"\x05\x00", sequence(oid("1.2.840.113549.1.7.2")), b"\x30\x03\x02\x01\x00"])
def test_a_token_that_is_none_is_refused(pki: Pki, licence: Inspect, foreign: Inspect, token: bytes) -> None:
    data = files.sealed(seal_signer(pki, stamp=lambda _: token).cms)
    assert not licence(data).passed
    assert not foreign(data).passed


def test_a_token_whose_signature_is_wrong_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """The authority's certificate, signed over by another key."""
    false = Identity(pki.tsa.certificate, issue("假").key)
    assert_refused(licence(stamped_by(pki, false)), "timestamp.invalid")
    assert_refused(foreign(stamped_by(pki, false)), "timestamp.invalid")


def test_a_token_with_another_time_put_in_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    old, new = f"{SEALED_AT:%Y%m%d%H%M%SZ}".encode(), b"20250101000000Z"
    signer = seal_signer(pki, stamp=lambda signature: time_stamp(tsa_signer(pki), signature).replace(old, new))
    assert_refused(licence(files.sealed(signer.cms)), "timestamp.invalid")
    assert_refused(foreign(files.sealed(signer.cms)), "timestamp.invalid")


FORMS: dict[str, dict[str, object]] = {
    "another version": {"version": 1},
    "another signer version": {"signer_version": 3},
    "an unsigned attribute": {"unsigned": (attribute("1.2.3.4", null()),)},
    "a stranger's certificate besides": {"more": True},
}


@pytest.mark.parametrize("what", FORMS)
def test_a_token_has_one_form(pki: Pki, licence: Inspect, what: str) -> None:
    changes = dict(FORMS[what])
    signer = tsa_signer(pki)
    if changes.pop("more", False):
        changes["certificates"] = (*signer.certificates, issue("陌生人").der)
    version = changes.pop("version", 3)

    def stamp(signature: bytes) -> bytes:
        info = sequence(
            integer(1),
            oid("1.2.3.4"),
            sequence(digest_algorithm("sha256"), octet_string(hash_of("sha256", signature))),
            integer(1),
            b"\x18\x0f" + f"{SEALED_AT:%Y%m%d%H%M%SZ}".encode(),
        )
        made = signer.with_(content_type=TST_INFO, content=info, version=version, **changes)
        return made.cms(hash_of("sha256", info))

    assert_refused(licence(files.sealed(seal_signer(pki, stamp=stamp).cms)), "timestamp.malformed")


def test_a_document_time_stamp_over_other_bytes_is_refused(
    pki: Pki, sealed_pdf: bytes, licence: Inspect, foreign: Inspect
) -> None:
    data = files.with_document_time_stamp(
        sealed_pdf, lambda _: time_stamp(tsa_signer(pki), b"\x00" * 32, hashed=True), first=files.SIZE
    )
    assert_refused(licence(data), "timestamp.other_data")
    assert_refused(foreign(data), "timestamp.other_data")


def test_a_document_time_stamp_of_an_untrusted_authority_is_refused(
    pki: Pki, sealed_pdf: bytes, licence: Inspect, foreign: Inspect
) -> None:
    twins = make_pki()
    data = files.with_document_time_stamp(
        sealed_pdf, lambda digest: time_stamp(tsa_signer(twins), digest, hashed=True), first=files.SIZE
    )
    assert_refused(licence(data), "timestamp.untrusted")
    assert foreign(data).passed  # it takes nothing from a foreign signature that holds


def test_a_document_time_stamp_from_before_the_seal_is_refused(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    for days, good in ((1, True), (-1, False)):
        at = SEALED_AT + timedelta(days=days)
        data = files.with_document_time_stamp(
            sealed_pdf,
            lambda digest, at=at: time_stamp(tsa_signer(pki), digest, hashed=True, at=at),  # type: ignore[misc]
            first=files.SIZE,
        )
        evidence = licence(data)
        assert evidence.passed is good, codes(evidence)
    assert_refused(evidence, "timestamp.order")


def test_a_later_time_stamp_with_an_earlier_time_is_refused(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    first = files.with_document_time_stamp(
        sealed_pdf,
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True, at=NOW - timedelta(days=1)),
        first=files.SIZE,
    )
    keys = b"/Fields [11 0 R 14 0 R 16 0 R] /SigFlags 3"
    objects = {
        files.FORM: files.dictionary(keys),
        files.PAGE: files.dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R 16 0 R]"),
        16: files.dictionary(
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (Stamp2) /F 132 /P 3 0 R /Rect [0 0 0 0] /V 17 0 R"
        ),
        17: files.Placeholder(b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161").value,
    }
    later = files.append(first, objects)
    for days, good in ((0.5, True), (5, False)):
        at = NOW - timedelta(days=days)
        data = files.fill(
            later,
            lambda digest, at=at: time_stamp(tsa_signer(pki), digest, hashed=True, at=at),  # type: ignore[misc]
        )
        evidence = licence(data)
        assert evidence.passed is good, codes(evidence)
    assert_refused(evidence, "timestamp.order")
