"""Offline presentations: what a checker with nothing but the root believes, and what he does not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image, ImageEnhance, ImageFilter

from api.services import Services
from keys import CertificateProfile, KeyPurpose, RevocationReason, Subject, base45, cbor
from keys.cose import CoseSigner, Sign1
from keys.errors import PurposeMismatchError
from keys.profiles import PRESENTATION_SIGNING
from store.clock import FixedClock
from tests.conftest import Databases, settings_for
from tests.house import ISSUERS, LAW, House
from trust.decisions import Decision
from trust.offline_credential import PREFIX, CredentialError, OfflineCredential
from verify import TrustAnchors, Verdict
from verify.errors import NoCodeError, PictureUnreadableError, SeveralCodesError
from verify.offline_presentation import check_offline_presentation
from verify.qr_image import text_in
from wallet import OfflinePresentation

UNTRUSTED = "offline.untrusted"


@dataclass
class Shown:
    """A presentation of a licence, and who checks it with the root alone."""

    house: House
    clock: FixedClock
    made: OfflinePresentation
    anchors: TrustAnchors

    @property
    def message(self) -> bytes:
        return base45.decode(self.made.text[len(PREFIX) :])

    def check(self, text: str | None = None, status_list: bytes | None = None) -> Verdict:
        return check_offline_presentation(
            text if text is not None else self.made.text, self.anchors, status_list, now=self.clock.now()
        ).verdict

    def codes(self, message: bytes) -> set[str]:
        return {each.code for each in self.check(PREFIX + base45.encode(message)).reasons}

    def sign(self, payload: bytes) -> bytes:
        """With the right key, what it never signs."""
        keys = self.house.services.keys
        record = keys.authority.current(KeyPurpose.PRESENTATION)
        chain = [record.certificate.public_bytes(Encoding.DER)]
        return CoseSigner(keys.custody, keys.custody.info(record.key_id), chain).sign(payload)


def show(house: House, clock: FixedClock, slug: str) -> Shown:
    licence = house.issue(slug)
    made = house.services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="住宿登记")
    return Shown(house, clock, made, TrustAnchors.of([house.services.keys.authority.root]))


@pytest.fixture
def shown(house: House, clock: FixedClock) -> Shown:
    return show(house, clock, "driving_licence")


@pytest.fixture(scope="module")
def still(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The same for tests that change nothing."""
    database, clock = databases.create(), FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with Services(settings_for(database, tmp_path_factory.mktemp("still")), clock) as services:
        yield show(House(services), clock, "driving_licence")
    databases.drop(database)


def test_the_root_alone_is_enough_and_the_verdict_says_what_was_not_checked(still: Shown) -> None:
    verdict = still.check()
    assert verdict.passed
    assert [each.code for each in verdict.reasons] == ["offline.valid", "offline.status_not_checked"]
    assert verdict.licence is not None
    assert (verdict.licence.title_zh, verdict.licence.holder_masked) == ("机动车驾驶证", "***澜")
    assert still.made.credential.code_masked == "3702**********4195"
    assert still.made.credential.fields == (("准驾车型", "C1D"), ("初次领证日期", "2016-11-18"))


def test_it_fits_in_a_code_of_version_25_that_is_read_off_a_picture_of_a_screen(
    house: House, clock: FixedClock
) -> None:
    for slug in sorted(ISSUERS):
        shown = show(house, clock, slug)
        assert shown.made.qr.version <= 25, slug
        assert shown.made.credential.fields, slug
        picture = shown.made.qr.png()
        assert text_in(picture) == shown.made.text
        assert shown.check(text_in(photographed(picture))).passed, slug


def photographed(picture: bytes) -> bytes:
    """Held askew, unsharp, dim, and compressed, as a telephone takes it off another."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.rotate(4, expand=True, fillcolor="grey", resample=Image.Resampling.BICUBIC)
    image = ImageEnhance.Contrast(image.filter(ImageFilter.GaussianBlur(1.2))).enhance(0.6)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return out.getvalue()


def test_a_screenshot_is_worth_nothing_minutes_later(shown: Shown) -> None:
    screenshot = shown.made.qr.png()
    shown.clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    assert shown.check(text_in(screenshot)).passed
    shown.clock.advance(timedelta(seconds=1))
    verdict = shown.check(text_in(screenshot))
    assert (verdict.passed, verdict.reasons[0].code) == (False, "offline.expired")


def test_one_from_the_future_is_not_believed(shown: Shown) -> None:
    shown.clock.advance(timedelta(seconds=-60))
    assert shown.check().passed
    shown.clock.advance(timedelta(seconds=-1))
    assert {"offline.not_yet_valid"} < {each.code for each in shown.check().reasons}
    assert not shown.check().passed


def test_every_byte_counts(still: Shown) -> None:
    whole = still.message
    for at in range(len(whole)):
        for flipped in (0x01, 0x80):
            changed = bytearray(whole)
            changed[at] ^= flipped
            assert not still.check(PREFIX + base45.encode(bytes(changed))).passed, at


def test_every_character_counts(still: Shown) -> None:
    text = still.made.text
    for at, character in enumerate(text):
        assert not still.check(f"{text[:at]}{'0' if character != '0' else '1'}{text[at + 1 :]}").passed, at
        assert not still.check(text[:at]).passed, at


def test_other_anchors_know_nothing_of_it(still: Shown) -> None:
    own = still.house.services.keys.authority
    for other in (own.issuing, self_signed(ec.generate_private_key(ec.SECP256R1()), own.root.subject)):
        stranger = replace(still, anchors=TrustAnchors.of([other]))
        assert {each.code for each in stranger.check().reasons} == {UNTRUSTED}


def self_signed(
    key: ec.EllipticCurvePrivateKey, name: x509.Name, usage: x509.ObjectIdentifier = PRESENTATION_SIGNING
) -> x509.Certificate:
    """A certificate with all that ours has, but for who signed it."""
    flags = [True, False, False, False, False, False, False, False, False]
    start = datetime(2026, 11, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=90))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(*flags), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True).sign(key, SHA256())


def signed_by(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, payload: bytes) -> bytes:
    protected = cbor.encode({1: -7, 33: certificate.public_bytes(Encoding.DER)})
    r, s = decode_dss_signature(key.sign(cbor.encode(["Signature1", protected, b"", payload]), ec.ECDSA(SHA256())))
    return b"\xd2" + cbor.encode([protected, {}, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big")])


def test_a_self_signed_twin_of_the_certificate_is_not_trusted(still: Shown) -> None:
    original = Sign1.parse(still.message)
    genuine = x509.load_der_x509_certificate(original.chain[0])
    key = ec.generate_private_key(ec.SECP256R1())
    assert still.codes(signed_by(key, self_signed(key, genuine.subject), original.payload)) == {UNTRUSTED}


def test_the_genuine_certificate_over_anothers_signature_is_a_forgery(still: Shown) -> None:
    original = Sign1.parse(still.message)
    key = ec.generate_private_key(ec.SECP256R1())
    genuine = x509.load_der_x509_certificate(original.chain[0])
    assert still.codes(signed_by(key, genuine, original.payload)) == {"offline.forged"}
    empty = cbor.encode([original.protected, {}, original.payload, bytes(64)])
    assert still.codes(b"\xd2" + empty) == {"offline.forged"}


@pytest.mark.parametrize("purpose", [KeyPurpose.SEAL, KeyPurpose.STATUS_LIST, KeyPurpose.TOKEN, KeyPurpose.OCSP])
def test_a_certificate_for_anything_else_signs_none(still: Shown, purpose: KeyPurpose) -> None:
    keys = still.house.services.keys
    if purpose is KeyPurpose.OCSP:
        record = keys.authority.ensure_responder(keys.authority.authorities()[0])
    elif purpose is KeyPurpose.SEAL:
        record = keys.authority.current(purpose)
    else:
        record = keys.authority.ensure_service(purpose, Subject(common_name="x", organisation=None))
    key = ec.generate_private_key(ec.SECP256R1())
    assert still.codes(signed_by(key, record.certificate, b"")) == {"offline.wrong_certificate"}
    with pytest.raises(PurposeMismatchError):
        CoseSigner(keys.custody, keys.custody.info(record.key_id), [b""])


@pytest.mark.parametrize(
    "header",
    [
        {},
        {1: -7},
        {1: 0},
        {1: "none"},
        {1: -8},
        {1: -35},
        {1: 5},
        {1: -7, 4: b"kid"},
        {1: -7, 2: (33,)},
        {1: -7, 33: ()},
        {1: -7, 33: (b"",)},
        {1: -7, 33: (b"",) * 5},
        {1: -7, 33: 1},
        {1: -7, 34: (-16, bytes(32))},
        {1: -7, 35: "https://example.org/certificate"},
    ],
)
def test_no_other_algorithm_and_no_other_header(still: Shown, header: dict[int | str, cbor.Value]) -> None:
    original = Sign1.parse(still.message)
    if header and 33 not in header:
        header = {33: original.chain[0], **header} if header.get(1) != -7 else header
    protected = cbor.encode(header)
    message = b"\xd2" + cbor.encode([protected, {}, original.payload, original.signature])
    assert still.codes(message) == {"offline.unreadable"}


def test_other_forms_of_the_same_are_refused(still: Shown) -> None:
    original, whole = Sign1.parse(still.message), still.message
    parts = [original.protected, {}, original.payload, original.signature]
    others = {
        "untagged": whole[1:],
        "tagged as COSE_Mac0": b"\xd1" + whole[1:],
        "as COSE_Sign": b"\xd8\x62" + whole[1:],
        "tagged twice": b"\xd2" + whole,
        "with a CWT tag": b"\xd8\x3d" + whole,
        "something behind": whole + b"\x00",
        "the same again": whole * 2,
        "an unprotected header": b"\xd2" + cbor.encode([parts[0], {1: -7}, *parts[2:]]),
        "a signature in DER": b"\xd2" + cbor.encode([*parts[:3], b"\x30" + original.signature]),
        "a short signature": b"\xd2" + cbor.encode([*parts[:3], original.signature[:-1]]),
        "a fifth part": b"\xd2" + cbor.encode([*parts, 0]),
        "a map": b"\xd2" + cbor.encode(dict(enumerate(parts))),
        "an array left open": b"\xd2\x9f" + whole[2:] + b"\xff",
        "nothing": b"",
        "arrays within arrays": b"\xd2" + b"\x81" * 1200,
        "an array of 2^64 items": b"\xd2\x9b" + b"\xff" * 8,
    }
    for what, message in others.items():
        assert still.codes(message) == {"offline.unreadable"}, what


def test_texts_that_are_none_are_told_from_forgeries(still: Shown) -> None:
    text = still.made.text
    for wrong in ("", "YZ1:", "YZ2" + text[3:], text.lower(), " " + text, text + "\n", text[4:], "HTTPS://EXAMPLE.ORG"):
        assert {each.code for each in still.check(wrong).reasons} == {"offline.unreadable"}
    assert {each.code for each in still.check(PREFIX + "0" * 1850).reasons} == {"offline.unreadable"}
    assert {each.code for each in still.check(PREFIX + "0" * 10_000_000).reasons} == {"offline.unreadable"}


def claims_of(shown: Shown) -> dict[int, cbor.Value]:
    claims = cbor.decode(Sign1.parse(shown.message).payload)
    assert isinstance(claims, dict)
    return dict(claims)


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update({4: claims[6] + 601}),
        lambda claims: claims.update({4: claims[6]}),
        lambda claims: claims.update({4: 2**63}),
        lambda claims: claims.update({6: -1}),
        lambda claims: claims.update({2: "1.2.3"}),
        lambda claims: claims.update({7: b"short"}),
        lambda claims: claims.update({65535: {"status_list": {"idx": -1, "uri": "x"}}}),
        lambda claims: claims.update({65535: {"status_list": {"idx": "1", "uri": "x"}}}),
        lambda claims: claims.update({65535: {}}),
        lambda claims: claims.update({-65537: claims[-65537][:-1]}),
        lambda claims: claims.update({-65537: (1, *claims[-65537][1:])}),
        lambda claims: claims.update({-65537: (*claims[-65537][:-1], (("x",),))}),
        lambda claims: claims.update({-65537: (*claims[-65537][:6], 2**40, *claims[-65537][7:])}),
        lambda claims: claims.update({1: "issuer"}),
        lambda claims: claims.pop(7),
    ],
)
def test_a_signature_does_not_make_nonsense_good(
    still: Shown, change: Callable[[dict[int, cbor.Value]], object]
) -> None:
    claims = claims_of(still)
    change(claims)
    assert still.codes(still.sign(cbor.encode(claims))) == {"offline.unreadable"}
    with pytest.raises(CredentialError):
        OfflineCredential.from_cbor(cbor.encode(claims))


def test_a_licence_that_runs_out_at_midnight_is_over_then(still: Shown) -> None:
    today = still.house.services.register.today()
    for changed in (
        still.made.credential._replace(valid_until=today - timedelta(days=1)),
        still.made.credential._replace(valid_from=today + timedelta(days=1)),
    ):
        assert "offline.licence_over" in still.codes(still.sign(changed.to_cbor()))


def test_a_saved_status_list_is_looked_at(shown: Shown) -> None:
    services, identifier = shown.house.services, shown.made.credential.identifier
    assert {each.code for each in shown.check(status_list=services.status_lists.current(1).token).reasons} == {
        "offline.valid",
        "status.valid",
    }
    services.register.suspend(identifier, Decision("a", "核查"))
    shown.clock.advance(timedelta(seconds=30))
    verdict = shown.check(status_list=services.status_lists.current(1).token)
    assert (verdict.passed, verdict.licence and verdict.licence.status) == (False, "unknown")
    services.register.revoke(identifier, Decision("a", "r", LAW))
    shown.clock.advance(timedelta(seconds=30))
    assert "status.invalid" in {
        each.code for each in shown.check(status_list=services.status_lists.current(1).token).reasons
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"status_index": 1 << 20}, "status.malformed"),
        ({"status_uri": "http://127.0.0.1:8000/status/2"}, "status.other"),
    ],
)
def test_a_place_in_another_list_or_behind_its_end_is_doubtful(
    still: Shown, changed: dict[str, str | int], code: str
) -> None:
    credential = still.made.credential._replace(**changed)  # type: ignore[arg-type]  # of the types that they have
    text = PREFIX + base45.encode(still.sign(credential.to_cbor()))
    verdict = still.check(text, still.house.services.status_lists.current(1).token)
    assert not verdict.passed
    assert code in {each.code for each in verdict.reasons}
    assert not still.check(status_list=b"no list").passed


def test_with_a_network_the_register_decides(shown: Shown) -> None:
    services, text = shown.house.services, shown.made.text
    assert services.checker.check_offline_code(text).verdict.passed
    services.register.suspend(shown.made.credential.identifier, Decision("a", "核查"))
    verdict = services.checker.check_offline_code(text).verdict
    assert not verdict.passed
    assert "register.suspended" in {each.code for each in verdict.reasons}


def test_keys_are_rotated_and_what_a_revoked_one_signed_counts_for_nothing(shown: Shown) -> None:
    services = shown.house.services
    authority, old = services.keys.authority, services.keys.authority.current(KeyPurpose.PRESENTATION)
    assert old.profile is CertificateProfile.PRESENTATION
    with services.database.transaction() as session:
        authority.renew(session, old.id)
    licence = services.register.get(shown.made.credential.identifier)
    again = services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="x")
    assert Sign1.parse(base45.decode(again.text[4:])).chain != Sign1.parse(shown.message).chain
    assert shown.check().passed
    assert shown.check(again.text).passed
    with services.database.transaction() as session:
        authority.revoke(session, old.id, RevocationReason.KEY_COMPROMISE, actor="tests")
    assert services.checker.check_offline_code(again.text).verdict.passed
    revoked = services.checker.check_offline_code(shown.made.text).verdict
    assert {each.code for each in revoked.reasons} == {"offline.certificate_revoked"}


def test_the_certificate_ends_and_is_renewed_in_time(shown: Shown) -> None:
    services = shown.house.services
    first = services.keys.authority.current(KeyPurpose.PRESENTATION)
    assert first.not_after - shown.clock.now() == timedelta(days=90)
    shown.clock.advance(timedelta(days=61))
    licence = services.register.get(shown.made.credential.identifier)
    services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="x")
    assert services.keys.authority.current(KeyPurpose.PRESENTATION).id != first.id
    shown.clock.advance(timedelta(days=30))
    assert {each.code for each in shown.check().reasons} == {UNTRUSTED}


def picture_of(*codes: bytes) -> bytes:
    images = [Image.open(io.BytesIO(each)).convert("RGB") for each in codes]
    sheet = Image.new(
        "RGB", (sum(each.width for each in images) or 200, max([200, *(i.height for i in images)])), "white"
    )
    for at, each in enumerate(images):
        sheet.paste(each, (sum(before.width for before in images[:at]), 0))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def test_pictures_that_show_no_code_or_two(shown: Shown) -> None:
    with pytest.raises(NoCodeError):
        text_in(picture_of())
    licence = shown.house.issue("physician_practice_certificate")
    other = shown.house.services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="x")
    with pytest.raises(SeveralCodesError):
        text_in(picture_of(shown.made.qr.png(), other.qr.png()))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n" + bytes(64), b"\xff\xd8\xff\xe0junk"]
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(PictureUnreadableError):
        text_in(data)


def test_a_picture_that_unpacks_to_more_than_may_be_is_not_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    with pytest.raises(PictureUnreadableError):
        text_in(out.getvalue())
