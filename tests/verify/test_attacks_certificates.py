"""Attacks with certificates: names are easily copied, keys are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verify import files
from tests.verify.claims import assert_refused
from tests.verify.conftest import Inspect
from tests.verify.pki import DOCUMENT_SIGNING, NOW, Identity, Pki, issue, key_usage, make_pki, name
from tests.verify.signing import Signer, seal_signer
from verify.anchors import TrustAnchors
from verify.pdf import Policy, inspect_pdf

PURPOSES = [DOCUMENT_SIGNING]


def sealed_by(pki: Pki, identity: Identity, *above: Identity) -> bytes:
    certificates = (identity.der, *(item.der for item in above))
    return files.sealed(seal_signer(pki, identity, certificates=certificates).cms, reserved=60000)


def test_a_self_signed_twin_of_the_authority_is_not_trusted(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """Same names all the way up, other keys."""
    twins = make_pki()
    data = files.sealed(seal_signer(twins).with_(stamp=seal_signer(pki).stamp).cms)
    assert_refused(licence(data), "certificate.untrusted")
    assert_refused(foreign(data), "certificate.untrusted")


def test_a_twin_with_the_real_root_embedded_is_not_trusted(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    twins = make_pki()
    data = sealed_by(pki, twins.seal, twins.issuing, pki.issuing, pki.root)
    assert_refused(licence(data), "certificate.untrusted")
    assert_refused(foreign(data), "certificate.untrusted")


def test_a_certificate_with_our_names_and_another_key_is_not_trusted(
    pki: Pki, licence: Inspect, foreign: Inspect
) -> None:
    impostor = issue("测试专用章", None, issuer_name=pki.issuing.certificate.subject, purposes=PURPOSES)
    data = sealed_by(pki, impostor, pki.issuing)
    assert_refused(licence(data), "certificate.untrusted")
    assert_refused(foreign(data), "certificate.untrusted")


def test_a_self_signed_certificate_is_not_trusted(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    data = sealed_by(pki, issue("自签章", purposes=PURPOSES))
    assert_refused(licence(data), "certificate.untrusted")
    assert_refused(foreign(data), "certificate.untrusted")


def test_a_seal_s_certificate_is_no_authority(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """A seal's owner certifies another seal with the seal's key."""
    below = issue("下级章", pki.seal, purposes=PURPOSES)
    data = sealed_by(pki, below, pki.seal, pki.issuing)
    assert_refused(licence(data), "certificate.untrusted")
    assert_refused(foreign(data), "certificate.untrusted")


def test_an_authority_below_the_issuing_one_exceeds_the_path_length(
    pki: Pki, licence: Inspect, foreign: Inspect
) -> None:
    below = issue("越级签发", pki.issuing, authority=True)
    identity = issue("越级章", below, purposes=PURPOSES)
    data = sealed_by(pki, identity, below, pki.issuing)
    assert_refused(licence(data), "certificate.chain_invalid")
    assert_refused(foreign(data), "certificate.chain_invalid")


def test_an_authority_that_may_not_sign_certificates(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    crippled = issue("无权签发", pki.root, authority=True, usage=key_usage(sign=True))
    identity = issue("无权章", crippled, purposes=PURPOSES)
    data = sealed_by(pki, identity, crippled)
    assert_refused(licence(data), "certificate.chain_invalid")
    assert_refused(foreign(data), "certificate.chain_invalid")


@pytest.mark.parametrize(
    ("days", "code"), [((-400, -31), "certificate.expired"), ((-29, 400), "certificate.not_yet_valid")]
)
def test_a_certificate_outside_of_its_validity_at_the_time_of_sealing(
    pki: Pki, licence: Inspect, foreign: Inspect, days: tuple[int, int], code: str
) -> None:
    data = sealed_by(pki, issue("过期章", pki.issuing, purposes=PURPOSES, days=days), pki.issuing)
    assert_refused(licence(data), code)
    assert_refused(foreign(data), code)


def test_without_a_time_stamp_an_expired_certificate_counts_from_now(pki: Pki, foreign: Inspect) -> None:
    expired = issue("过期章", pki.issuing, purposes=PURPOSES, days=(-400, -1))
    data = files.sealed(Signer(expired, (expired.der, pki.issuing.der)).cms, level=None, certifies=False)
    assert_refused(foreign(data), "certificate.expired")


def test_an_authority_that_ran_out_before_sealing(pki: Pki, licence: Inspect) -> None:
    ended = issue("过期签发", pki.root, authority=True, days=(-400, -60))
    data = sealed_by(pki, issue("章", ended, purposes=PURPOSES), ended)
    assert_refused(licence(data), "certificate.expired")


USAGES: dict[str, dict[str, object]] = {
    "time stamping": {"purposes": [ExtendedKeyUsageOID.TIME_STAMPING], "purposes_critical": True},
    "web servers": {"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]},
    "code": {"purposes": [ExtendedKeyUsageOID.CODE_SIGNING]},
    "encryption": {"purposes": PURPOSES, "usage": key_usage(encipher=True)},
}


@pytest.mark.parametrize("what", USAGES)
def test_a_certificate_for_something_else_seals_nothing(
    pki: Pki, licence: Inspect, foreign: Inspect, what: str
) -> None:
    data = sealed_by(pki, issue("他用", pki.issuing, **USAGES[what]), pki.issuing)  # type: ignore[arg-type]
    assert_refused(licence(data), "certificate.wrong_usage")
    assert_refused(foreign(data), "certificate.wrong_usage")


def test_a_certificate_without_a_purpose_seals_no_licence(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """Our own token certificates have none; other people's signing certificates often have none either."""
    data = sealed_by(pki, issue("令牌", pki.issuing), pki.issuing)
    assert_refused(licence(data), "certificate.wrong_usage")
    assert foreign(data).passed


def test_an_authority_s_certificate_seals_no_licence(pki: Pki, licence: Inspect) -> None:
    authority = issue(
        "签发者自己", pki.root, authority=True, usage=key_usage(sign=True, authority=True), purposes=PURPOSES
    )
    assert_refused(licence(sealed_by(pki, authority)), "certificate.wrong_usage")


def test_a_weak_authority_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    weak = issue("弱签发", pki.root, key=rsa.generate_private_key(65537, 1024), authority=True)
    data = sealed_by(pki, issue("章", weak, purposes=PURPOSES), weak)
    assert_refused(licence(data), "certificate.chain_weak")
    assert_refused(foreign(data), "certificate.chain_weak")


def test_an_anchor_itself_may_sign_foreign_files_but_no_licences(pki: Pki) -> None:
    signer = issue("自签签名人")
    anchors = TrustAnchors.of([signer.certificate, pki.root.certificate])
    data = files.sealed(seal_signer(pki, signer, certificates=(signer.der,)).cms)
    assert inspect_pdf(data, anchors, policy=Policy.GENERAL, now=NOW).passed
    strict = inspect_pdf(data, anchors, policy=Policy.LICENCE, now=NOW)
    assert_refused(strict, "certificate.wrong_usage")


def test_certificates_that_are_given_complete_a_chain(pki: Pki) -> None:
    data = files.sealed(Signer(pki.seal, (pki.seal.der,)).cms, level=None, certifies=False)
    alone = inspect_pdf(data, pki.anchors, policy=Policy.GENERAL, now=NOW)
    assert_refused(alone, "certificate.untrusted")
    helped = inspect_pdf(data, pki.anchors, policy=Policy.GENERAL, now=NOW, intermediates=[pki.issuing.certificate])
    assert helped.passed


def test_a_name_constraint_of_the_root_binds(pki: Pki) -> None:
    constrained = _constrained_root()
    issuing = issue("签发", constrained, authority=True)
    data = sealed_by(pki, issue("章", issuing, purposes=PURPOSES), issuing)
    anchors = TrustAnchors.of([constrained.certificate, pki.root.certificate])
    assert_refused(inspect_pdf(data, anchors, policy=Policy.GENERAL, now=NOW), "certificate.chain_invalid")


def test_a_maze_of_authorities_ends(pki: Pki, foreign: Inspect) -> None:
    """Thirty authorities of one name, each certified by all keys: the search for a chain is bounded."""
    keys = [issue("迷宫", authority=True) for _ in range(6)]
    crossed = [
        issue("迷宫", Identity(issuer.certificate, issuer.key), key=holder.key, authority=True)
        for issuer in keys
        for holder in keys
    ]
    lost = issue("迷路的章", keys[0], purposes=PURPOSES)
    assert_refused(foreign(sealed_by(pki, lost, *crossed)), "certificate.untrusted")


def test_an_unknown_critical_extension_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    key = pki.seal.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("怪章"))
        .issuer_name(pki.issuing.certificate.subject)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW + timedelta(days=400))
        .add_extension(key_usage(sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(PURPOSES), critical=False)
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), critical=True)
    )
    odd = Identity(builder.sign(pki.issuing.key, hashes.SHA256()), key)
    data = sealed_by(pki, odd, pki.issuing)
    assert_refused(licence(data), "certificate.chain_invalid")
    assert_refused(foreign(data), "certificate.chain_invalid")


def _constrained_root() -> Identity:
    key = issue("受限根").key
    elsewhere = x509.NameConstraints(
        [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "FR")]))], None
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("受限根"))
        .issuer_name(name("受限根"))
        .public_key(key.public_key())
        .serial_number(78)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW + timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .add_extension(elsewhere, critical=True)
    )
    return Identity(builder.sign(key, hashes.SHA256()), key)
