"""Seal data: a published seal verifies, ours read back, known forms are told apart, nothing bent passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import core
from esl_house import (
    ANCHORS,
    DRAFT,
    FROM,
    ISSUING,
    MAKER,
    NOW,
    OTHERS,
    PICTURE,
    PNG,
    STRANGER,
    USER,
    certified,
    form_1,
    form_4,
    ia5,
    information,
    make,
    openssl_verifies,
    utc_time,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import CertificateProfile, _der, der
from keys.certificate_checks import load_certificate
from keys.sm2 import SM2_WITH_SM3, decode_signature, sm3
from seal._esl_der import Extension
from seal.esl import LARGEST, CertificateDigest, SealPicture, read_esl
from seal.esl_checks import EslCheck, SignatureState, check_esl
from seal.esl_errors import EslNotMadeError, EslTooLargeError, EslUnreadableError, EslVersionUnknownError
from seal.findings import CATALOGUE, finding

MADE = make()


def found(check: EslCheck) -> set[str]:
    return {each.code for each in check.findings}


class TestThePublishedSeal:
    @pytest.fixture
    def data(self, vectors: Path) -> bytes:
        return (vectors / "seal-v4.esl").read_bytes()

    def test_says_what_it_is(self, data: bytes) -> None:
        esl = read_esl(data)
        assert (esl.version, esl.form, esl.id) == (4, 4, "51f044b76510434e9bc67a1185c2fba5")
        assert (esl.name, esl.kind, esl.vendor) == ("OFD R&W 测试用印章", 3, "OFDR&WTest")
        assert (esl.picture.format, esl.picture.width_mm, esl.picture.height_mm) == ("PNG", 40, 40)
        assert esl.valid_from == datetime(2020, 4, 22, 2, 9, tzinfo=UTC)
        assert esl.valid_until == datetime(2022, 4, 22, 2, 9, tzinfo=UTC)
        assert len(esl.certificates) == 1
        assert load_certificate(esl.certificates[0]).subject.rfc4514_string().startswith("CN=Test Certificate")

    def test_is_its_makers_though_seal_and_certificate_have_expired(self, data: bytes) -> None:
        check = check_esl(read_esl(data), at=NOW)
        assert check.signature is SignatureState.VALID
        assert {"esl.maker_signature_valid", "esl.maker_certificate_expired", "esl.expired"} <= found(check)
        assert check.sound

    def test_was_in_order_in_its_day(self, data: bytes) -> None:
        check = check_esl(read_esl(data), at=datetime(2021, 1, 1, tzinfo=UTC))
        assert found(check) == {"esl.maker_signature_valid", "esl.maker_trust_not_checked"}

    def test_comes_from_nobody_that_we_trust(self, data: bytes) -> None:
        check = check_esl(read_esl(data), at=NOW, anchors=ANCHORS)
        assert "esl.maker_untrusted" in found(check)
        assert not check.sound

    @pytest.mark.needs("openssl")
    def test_is_verified_by_openssl_as_well(self, data: bytes, tmp_path: Path) -> None:
        esl = read_esl(data)
        assert openssl_verifies(esl.maker_certificate, esl.signed_part, esl.signature, tmp_path)
        assert not openssl_verifies(esl.maker_certificate, esl.signed_part + b".", esl.signature, tmp_path)

    @settings(max_examples=300)
    @given(data=st.data())
    def test_does_not_verify_with_any_bit_changed_in_what_was_signed(self, vectors: Path, data: st.DataObject) -> None:
        whole = bytearray((vectors / "seal-v4.esl").read_bytes())
        start = data.draw(st.integers(4, 4 + len(read_esl(bytes(whole)).signed_part) - 1))
        whole[start] ^= 1 << data.draw(st.integers(0, 7))
        try:
            check = check_esl(read_esl(bytes(whole)), at=NOW)
        except (EslUnreadableError, EslVersionUnknownError):
            return
        assert check.signature is not SignatureState.VALID


class TestMaking:
    def test_what_is_made_reads_back_as_it_was_drafted(self) -> None:
        esl = read_esl(MADE.encoded)
        assert esl == MADE
        for name in ("id", "name", "kind", "certificates", "created_at", "valid_from", "valid_until", "picture"):
            assert getattr(esl, name) == getattr(DRAFT, name)
        assert (esl.version, esl.vendor, esl.extensions) == (4, "Yinzheng", ())

    def test_it_is_trusted_to_the_root_of_its_maker(self) -> None:
        check = check_esl(MADE, at=NOW, anchors=ANCHORS, others=OTHERS)
        assert found(check) == {"esl.maker_signature_valid", "esl.maker_trusted"}
        assert check.sound

    @pytest.mark.needs("openssl")
    def test_openssl_verifies_the_maker(self, tmp_path: Path) -> None:
        assert openssl_verifies(MADE.maker_certificate, MADE.signed_part, MADE.signature, tmp_path)

    def test_another_library_reads_the_same_structure(self) -> None:
        seal = core.SequenceOf.load(MADE.encoded, spec=core.Any, strict=True)
        information, certificate, algorithm, signature = seal
        assert information.dump() == MADE.signed_part
        assert certificate.parse(core.OctetString).native == MAKER.der
        assert algorithm.parse(core.ObjectIdentifier).native == "1.2.156.10197.1.501"
        assert signature.parse(core.OctetBitString).native == MADE.signature
        _, identifier, properties, picture = core.SequenceOf.load(information.dump(), spec=core.Any)
        assert identifier.parse(core.IA5String).native == DRAFT.id
        pictured = [core.load(each.dump()).native for each in core.SequenceOf.load(picture.dump(), spec=core.Any)]
        assert pictured == ["PNG", PNG, 42, 42]
        values = [core.load(each.dump()).native for each in core.SequenceOf.load(properties.dump(), spec=core.Any)]
        assert values[:3] == [1, DRAFT.name, 1]
        assert values[4:] == [DRAFT.created_at, DRAFT.valid_from, DRAFT.valid_until]

    @pytest.mark.parametrize("name", ["OFD", "SVG", "JPG"])
    def test_pictures_of_other_formats_are_kept_as_they_are(self, name: str) -> None:
        data = {"OFD": b"PK\x03\x04", "SVG": b"<svg/>", "JPG": b"\xff\xd8\xff"}[name]
        esl = make(replace(DRAFT, picture=SealPicture(name, data, 20, 10)))
        assert esl.picture == SealPicture(name, data, 20, 10)
        assert "esl.picture_differs" not in found(check_esl(esl, at=NOW))

    def test_extensions_are_tagged_and_read_back(self) -> None:
        extensions = (Extension("1.2.3", False, b"a"), Extension("2.25.1", True, b""))
        esl = make(replace(DRAFT, extensions=extensions))
        assert esl.extensions == extensions
        assert "esl.critical_extension" in found(check_esl(esl, at=NOW))

    @pytest.mark.parametrize(
        "draft",
        [
            replace(DRAFT, id="编号"),
            replace(DRAFT, name="两\n行"),
            replace(DRAFT, valid_until=DRAFT.valid_from - timedelta(days=1)),
            replace(DRAFT, picture=replace(PICTURE, width_mm=0)),
            replace(DRAFT, picture=replace(PICTURE, data=bytes(LARGEST))),
        ],
        ids=["identifier", "name", "dates", "size", "length"],
    )
    def test_a_draft_that_nobody_could_read_is_not_made(self, draft: object) -> None:
        with pytest.raises(EslNotMadeError):
            make(draft)  # type: ignore[arg-type]

    def test_a_signature_of_another_key_is_not_let_out(self) -> None:
        with pytest.raises(EslNotMadeError):
            make(maker=replace(MAKER, key=USER.key))


class TestForms:
    def test_version_1_is_read_and_verified(self) -> None:
        esl = read_esl(form_1(information(version=1, oldest=True)))
        assert (esl.version, esl.form, esl.picture.width_mm, esl.picture.height_mm) == (1, 1, 40, 30)
        assert esl.valid_until == DRAFT.valid_until
        check = check_esl(esl, at=NOW, anchors=ANCHORS, others=OTHERS)
        assert found(check) == {"esl.maker_signature_valid", "esl.maker_trusted"}

    @pytest.mark.needs("openssl")
    def test_openssl_verifies_version_1(self, tmp_path: Path) -> None:
        esl = read_esl(form_1(information(version=1, oldest=True)))
        assert openssl_verifies(esl.maker_certificate, esl.signed_part, esl.signature, tmp_path)

    def test_a_signature_over_the_seal_alone_is_none_in_version_1(self) -> None:
        info = information(version=1, oldest=True)
        signature = MAKER.key.sign(info)
        parts = der.sequence(der.octet_string(MAKER.der), der.oid("1.2.156.10197.1.501"), _der.bit_string(signature))
        check = check_esl(read_esl(der.sequence(info, parts)), at=NOW)
        assert check.signature is SignatureState.INVALID

    def test_version_2_in_the_oldest_form_is_read_as_such(self) -> None:
        esl = read_esl(form_1(information(version=2, oldest=True)))
        assert (esl.version, esl.form) == (2, 1)
        assert "esl.form_differs" not in found(check_esl(esl, at=NOW))

    def test_a_header_that_belies_the_form_is_noted(self) -> None:
        for data in (form_1(information(version=4, oldest=True)), form_4(information(version=1))):
            check = check_esl(read_esl(data), at=NOW)
            assert check.signature is SignatureState.VALID
            assert "esl.form_differs" in found(check)

    def test_version_5_is_read_and_what_is_doubtful_of_it_said(self) -> None:
        stamp = der.explicit(0, _der.bit_string(b"a time stamp"))
        esl = read_esl(form_4(information(version=5), end=stamp))
        assert (esl.version, esl.form, esl.time_stamp) == (5, 5, b"a time stamp")
        check = check_esl(esl, at=NOW)
        assert check.signature is SignatureState.VALID
        assert {"esl.version_unsettled", "esl.time_stamp_not_checked"} <= found(check)

    @pytest.mark.parametrize("version", [0, 6, 7, -1, 1 << 40])
    def test_other_versions_are_refused_by_name(self, version: int) -> None:
        with pytest.raises(EslVersionUnknownError) as caught:
            read_esl(form_4(information(version=version)))
        assert str(version) in caught.value.message_en

    def test_users_named_by_digest_are_read(self) -> None:
        users = der.sequence(der.sequence(der.tlv(0x13, b"SM3"), der.octet_string(sm3(USER.der))))
        esl = read_esl(form_4(information(list_type=2, users=users)))
        assert esl.certificates == ()
        assert esl.certificate_digests == (CertificateDigest("SM3", sm3(USER.der)),)

    def test_extensions_are_read_with_a_tag_and_without(self) -> None:
        plain = der.sequence(der.sequence(der.oid("1.2.3"), der.octet_string(b"v")))
        explicit_false = der.sequence(der.sequence(der.oid("1.2.3"), b"\x01\x01\x00", der.octet_string(b"v")))
        for extra in (plain, der.explicit(0, plain), explicit_false):
            esl = read_esl(form_4(information(extra=extra)))
            assert esl.extensions == (Extension("1.2.3", False, b"v"),)
            assert check_esl(esl, at=NOW).signature is SignatureState.VALID


class TestOtherWriters:
    """Published seals differ in what the standard fixes; what their makers signed verifies all the same."""

    @pytest.mark.parametrize("picture_type", ["PNG", "png", "gif", "bmp", "jpg", "svg", "ofd", "xyz"])
    def test_pictures_of_any_kind_are_read(self, picture_type: str) -> None:
        magic = {"gif": b"GIF89a", "bmp": b"BM", "jpg": b"\xff\xd8\xff", "svg": b"<svg/>", "ofd": b"PK\x03\x04"}
        data = magic.get(picture_type, PNG)
        picture = der.sequence(ia5(picture_type), der.octet_string(data), der.integer(42), der.integer(42))
        check = check_esl(read_esl(form_4(information(picture=picture))), at=NOW)
        assert check.signature is SignatureState.VALID
        assert "esl.picture_differs" not in found(check)

    @pytest.mark.parametrize("tag", [0x0C, 0x13, 0x14, 0x16])
    @pytest.mark.parametrize("end", [b"", b"\x00"])
    def test_texts_of_any_type_are_read(self, tag: int, end: bytes) -> None:
        picture = der.sequence(der.tlv(tag, b"PNG" + end), der.octet_string(PNG), der.integer(42), der.integer(42))
        users = der.sequence(der.sequence(der.tlv(tag, b"SM3" + end), der.octet_string(sm3(USER.der))))
        esl = read_esl(form_4(information(list_type=2, users=users, picture=picture)))
        assert (esl.picture.format, esl.certificate_digests[0].kind) == ("PNG", "SM3")
        assert check_esl(esl, at=NOW).signature is SignatureState.VALID

    def test_several_users_are_read_and_any_of_them_may_sign(self) -> None:
        users = der.sequence(*(der.octet_string(each.der) for each in (STRANGER, USER, MAKER)))
        esl = read_esl(form_4(information(users=users)))
        assert esl.certificates == (STRANGER.der, USER.der, MAKER.der)

    def test_digests_are_read_whatever_the_number_before_them_says(self) -> None:
        users = der.sequence(der.sequence(der.tlv(0x13, b"SM3"), der.octet_string(sm3(USER.der))))
        assert read_esl(form_4(information(list_type=1, users=users))).certificate_digests

    @pytest.mark.parametrize("version", [1, 2, 3])
    def test_the_times_of_either_form_are_read_in_either(self, version: int) -> None:
        later = tuple(_der.generalized_time(at) for at in (DRAFT.created_at, DRAFT.valid_from, DRAFT.valid_until))
        esl = read_esl(form_1(information(version=version, oldest=True, times=later)))
        assert (esl.form, esl.valid_until) == (1, DRAFT.valid_until)
        earlier = tuple(utc_time(at) for at in (DRAFT.created_at, DRAFT.valid_from, DRAFT.valid_until))
        assert read_esl(form_4(information(times=earlier))).valid_until == DRAFT.valid_until

    def test_a_signature_of_two_bare_numbers_in_an_octet_string_verifies(self) -> None:
        info = information()
        numbers = decode_signature(MAKER.key.sign(info))
        assert numbers is not None
        bare = b"".join(each.to_bytes(32, "big") for each in numbers)

        def seal(signature: bytes) -> bytes:
            return der.sequence(info, der.octet_string(MAKER.der), der.oid(SM2_WITH_SM3), der.octet_string(signature))

        assert check_esl(read_esl(seal(bare)), at=NOW).signature is SignatureState.VALID
        for wrong in (bare[:-1] + bytes((bare[-1] ^ 1,)), bare[::-1], bytes(64), bare[:-1]):
            assert check_esl(read_esl(seal(wrong)), at=NOW).signature is SignatureState.INVALID


class TestFindings:
    def test_every_finding_speaks_both_languages(self) -> None:
        for code in CATALOGUE:
            each = finding(code)
            assert each.message_zh
            assert each.message_en.isascii()

    def test_dates(self) -> None:
        assert "esl.expired" in found(check_esl(MADE, at=DRAFT.valid_until + timedelta(seconds=1)))
        assert "esl.not_yet_valid" in found(check_esl(MADE, at=DRAFT.valid_from - timedelta(seconds=1)))
        times = tuple(_der.generalized_time(at) for at in (DRAFT.created_at, DRAFT.valid_until, DRAFT.valid_from))
        assert "esl.dates_reversed" in found(check_esl(read_esl(form_4(information(times=times))), at=NOW))
        early = check_esl(MADE, at=FROM - timedelta(days=1))
        assert "esl.maker_certificate_not_yet_valid" in found(early)

    def test_a_maker_whose_certificate_had_run_out_before(self) -> None:
        maker = certified("Old", ISSUING, CertificateProfile.SEAL_MAKER, until=FROM + timedelta(days=1))
        check = check_esl(make(maker=maker), at=NOW, anchors=ANCHORS, others=OTHERS)
        assert {"esl.maker_certificate_not_valid_when_made", "esl.maker_untrusted"} <= found(check)

    def test_a_maker_that_may_not_sign_data(self) -> None:
        check = check_esl(make(maker=ISSUING), at=NOW)
        assert "esl.maker_key_usage" in found(check)

    def test_another_algorithm_is_called_unsupported_and_not_invalid(self) -> None:
        for algorithm in ("1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"):
            check = check_esl(read_esl(form_4(information(), algorithm=algorithm)), at=NOW)
            assert check.signature is SignatureState.UNSUPPORTED
            assert not check.sound

    def test_a_certificate_that_is_none(self) -> None:
        info = information()
        data = der.sequence(
            info, der.octet_string(b"no certificate"), der.oid("1.2.156.10197.1.501"), _der.bit_string(b"")
        )
        check = check_esl(read_esl(data), at=NOW)
        assert check.signature is SignatureState.UNREADABLE
        assert not check.sound

    def test_a_picture_that_is_not_what_it_is_called(self) -> None:
        picture = der.sequence(ia5("PNG"), der.octet_string(b"GIF89a"), der.integer(40), der.integer(40))
        assert "esl.picture_differs" in found(check_esl(read_esl(form_4(information(picture=picture))), at=NOW))

    def test_a_seal_that_nobody_may_use(self) -> None:
        assert "esl.no_users" in found(check_esl(read_esl(form_4(information(users=der.sequence()))), at=NOW))


def time(text: bytes, tag: int = 0x18) -> tuple[bytes, ...]:
    return (der.tlv(tag, text),) * 3


class TestHostileData:
    def test_an_odd_but_proper_time_is_read(self) -> None:
        esl = read_esl(form_4(information(times=time(b"20260101000000.125Z"))))
        assert esl.created_at == datetime(2026, 1, 1, 0, 0, 0, 125000, tzinfo=UTC)
        old = read_esl(form_1(information(version=1, oldest=True, times=time(b"990101000000Z", 0x17))))
        assert old.created_at.year == 1999

    @pytest.mark.parametrize(
        "parts",
        [
            {"header": "EX"},
            {"list_type": 3},
            {"times": time(b"20261301000000Z")},
            {"times": time(b"20260101000000")},
            {"times": time(b"20260101000000+0800")},
            {"times": time(b"20260101000000.10Z")},
            {"times": time(b"2601010000Z", 0x17)},
            {"times": time(b"20260101000000Z", 0x04)},
            {"picture": der.sequence(ia5("PNG"), der.octet_string(PNG), der.integer(0), der.integer(1))},
            {"picture": der.sequence(ia5("PNG"), der.octet_string(PNG), der.integer(1), der.integer(1 << 70))},
            {"picture": der.sequence(ia5("PNG"), der.octet_string(PNG), b"\x02\x02\x00\x28", der.integer(40))},
            {"picture": der.sequence(der.tlv(0x16, b"\xff"), der.octet_string(PNG), der.integer(4), der.integer(4))},
            {"users": der.sequence(*[der.octet_string(b"")] * 1001)},
            {"users": der.octet_string(b"")},
            {"extra": der.integer(1)},
            {"extra": der.explicit(0, der.sequence(der.sequence(der.tlv(0x06, b"\x80\x01"), der.octet_string(b""))))},
            {"extra": der.explicit(0, der.sequence(der.sequence(der.tlv(0x06, b""), der.octet_string(b""))))},
            {"extra": der.sequence(der.sequence(der.oid("1.2.3"), b"\x01\x01\x01", der.octet_string(b"")))},
            {"extra": der.sequence(*[der.sequence(der.oid("1.2.3"), der.octet_string(b""))] * 101)},
        ],
    )
    def test_parts_that_are_not_in_order_are_unreadable(self, parts: dict[str, object]) -> None:
        with pytest.raises(EslUnreadableError):
            read_esl(form_4(information(**parts)))  # type: ignore[arg-type]

    def test_what_comes_after_the_end_is_refused(self) -> None:
        with pytest.raises(EslUnreadableError):
            read_esl(MADE.encoded + b"\x00")
        with pytest.raises(EslUnreadableError):
            read_esl(form_4(information(), end=der.integer(1)))
        with pytest.raises(EslUnreadableError):
            read_esl(form_4(information(), end=der.explicit(0, _der.bit_string(b""))))

    def test_lengths_that_are_not_shortest_are_refused(self) -> None:
        body = MADE.encoded[4:]
        for head in (b"\x30\x83\x00", b"\x30\x84\x00\x00"):
            with pytest.raises(EslUnreadableError):
                read_esl(head + len(body).to_bytes(2, "big") + body)
        with pytest.raises(EslUnreadableError):
            read_esl(b"\x30\x80" + body + b"\x00\x00")

    def test_depth_and_size_are_bounded(self) -> None:
        with pytest.raises(EslUnreadableError):
            read_esl(_nested(20_000))
        with pytest.raises(EslTooLargeError):
            read_esl(bytes(LARGEST + 1))

    @settings(max_examples=300)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_refused_with_a_code(self, data: bytes) -> None:
        with pytest.raises(EslUnreadableError):
            read_esl(data)

    @settings(max_examples=800)
    @given(st.data())
    def test_seal_data_bent_in_any_way_are_never_sound(self, data: st.DataObject) -> None:
        whole = data.draw(st.sampled_from(SEEDS))
        bent = bytearray(whole)
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["flip", "set", "cut", "drop", "insert", "double"])):
            case "flip":
                bent[at] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                bent[at] = data.draw(st.integers(0, 255))
            case "cut":
                del bent[at:]
            case "drop":
                del bent[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                bent[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case _:
                bent[at:at] = whole[at : at + data.draw(st.integers(1, 200))]
        if bytes(bent) == whole:
            return
        try:
            check = check_esl(read_esl(bytes(bent)), at=NOW, anchors=ANCHORS, others=OTHERS)
        except (EslUnreadableError, EslVersionUnknownError):
            return
        assert check.signature is not SignatureState.VALID or not check.sound


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = der.sequence(data)
    return data


SEEDS = (MADE.encoded, form_1(information(version=1, oldest=True)), form_4(information(version=5)))
