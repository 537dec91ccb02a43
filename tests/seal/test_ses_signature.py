"""Seal signatures over any data: made by a seal's key, checked part by part; nothing bent passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from esl_house import (
    ANCHORS,
    DRAFT,
    FROM,
    ISSUING,
    MAKER,
    NOW,
    OTHERS,
    STRANGER,
    USER,
    Holder,
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

from keys import _der, der
from keys.sm2 import SM2_WITH_SM3, sm3
from seal._esl_der import Extension
from seal.esl import Esl, read_esl
from seal.esl_checks import SignatureState
from seal.esl_errors import EslNotMadeError, EslUnreadableError, EslVersionUnknownError
from seal.ses_signature import SesCheck, check_ses_signature, make_ses_signature, read_ses_signature

SEAL = make()
DATA = b"an OFD document"
DIGEST = sm3(DATA)


def sign(esl: Esl = SEAL, user: Holder = USER, **more: object) -> bytes:
    arguments: dict[str, object] = {
        "property_info": "/Doc_0/Signs/Sign_0/Signature.xml",
        "certificate": user.der,
        "sign": user.key.sign,
        "at": NOW,
    }
    return make_ses_signature(esl, DIGEST, **{**arguments, **more})  # type: ignore[arg-type]


def forged(esl: bytes, user: Holder, *, version: int = 4, at: bytes | None = None) -> bytes:
    """A SES_Signature that make_ses_signature would not make."""
    time = at or _der.generalized_time(NOW)
    signed = der.sequence(der.integer(version), esl, time, _der.bit_string(DIGEST), ia5("p"))
    return der.sequence(
        signed, der.octet_string(user.der), der.oid(SM2_WITH_SM3), _der.bit_string(user.key.sign(signed))
    )


def version_1(esl: bytes, time_info: bytes, user: Holder = USER) -> bytes:
    """SES_Signature of GM/T 0031-2014."""
    signed = der.sequence(
        der.integer(1),
        esl,
        _der.bit_string(time_info),
        _der.bit_string(DIGEST),
        ia5("p"),
        der.octet_string(user.der),
        der.oid(SM2_WITH_SM3),
    )
    return der.sequence(signed, _der.bit_string(user.key.sign(signed)))


def check(data: bytes, digest: bytes = DIGEST, **more: object) -> SesCheck:
    arguments: dict[str, object] = {"now": NOW + timedelta(days=1), "anchors": ANCHORS, "others": OTHERS}
    return check_ses_signature(read_ses_signature(data), digest, **{**arguments, **more})  # type: ignore[arg-type]


def found(result: SesCheck) -> set[str]:
    return {each.code for each in result.findings}


MADE = sign()


class TestWhatWeMake:
    def test_passes(self) -> None:
        result = check(MADE)
        assert found(result) == {"ses.signature_valid", "ses.signer_trusted", "ses.digest_matches"}
        assert result.passed

    def test_says_what_was_signed_and_when(self) -> None:
        made = read_ses_signature(MADE)
        assert (made.version, made.signed_at, made.digest) == (4, NOW, sm3(DATA))
        assert made.property == "/Doc_0/Signs/Sign_0/Signature.xml"
        assert made.esl == SEAL
        assert made.certificate == USER.der

    @pytest.mark.needs("openssl")
    def test_is_verified_by_openssl(self, tmp_path: Path) -> None:
        made = read_ses_signature(MADE)
        assert openssl_verifies(made.certificate, made.signed_part, made.signature, tmp_path)

    def test_carries_extensions_and_a_time_stamp(self) -> None:
        extensions = (Extension("1.2.3", False, b"x"),)
        made = read_ses_signature(sign(extensions=extensions, time_stamp=lambda signature: b"token" + signature))
        assert made.extensions == extensions
        assert made.time_stamp == b"token" + made.signature
        assert "esl.time_stamp_not_checked" in found(check(made.encoded))

    def test_still_passes_after_the_seal_has_expired_but_was_not_made_then(self) -> None:
        assert check(MADE, now=DRAFT.valid_until + timedelta(days=500)).passed

    def test_is_only_made_with_a_seal_that_lists_the_signer(self) -> None:
        with pytest.raises(EslNotMadeError):
            sign(user=STRANGER)

    def test_is_only_made_by_the_key_of_the_certificate(self) -> None:
        with pytest.raises(EslNotMadeError):
            sign(sign=STRANGER.key.sign)

    def test_is_only_made_with_seals_of_version_4_and_sm3(self) -> None:
        with pytest.raises(EslNotMadeError):
            sign(esl=read_esl(form_1(information(version=1, oldest=True))))
        with pytest.raises(EslNotMadeError):
            make_ses_signature(SEAL, bytes(20), property_info="", certificate=USER.der, sign=USER.key.sign, at=NOW)
        with pytest.raises(EslNotMadeError):
            sign(property_info="属性")


class TestWhatFails:
    def test_data_that_were_changed(self) -> None:
        result = check(MADE, sm3(DATA + b"."))
        assert "ses.digest_differs" in found(result)
        assert result.signature is SignatureState.VALID
        assert not result.passed

    def test_a_signer_whom_the_seal_does_not_list(self) -> None:
        result = check(forged(SEAL.encoded, STRANGER))
        assert result.signature is SignatureState.VALID
        assert "ses.signer_not_listed" in found(result)
        assert not result.passed

    def test_a_seal_that_its_maker_did_not_sign(self) -> None:
        fake = form_4(information(), maker=replace(MAKER, key=STRANGER.key))
        result = check(forged(fake, USER))
        assert result.signature is SignatureState.VALID
        assert result.seal.signature is SignatureState.INVALID
        assert not result.passed

    def test_a_seal_from_a_maker_whom_nobody_trusts(self) -> None:
        alone = certified("Alone", None)
        result = check(forged(form_4(information(), maker=alone), USER))
        assert "esl.maker_untrusted" in {each.code for each in result.seal.findings}
        assert not result.passed

    def test_use_outside_of_the_seals_life(self) -> None:
        late = _der.generalized_time(DRAFT.valid_until + timedelta(days=1))
        result = check(forged(SEAL.encoded, USER, at=late), now=DRAFT.valid_until + timedelta(days=2))
        assert "ses.seal_not_valid_when_signed" in found(result)
        assert not result.passed

    def test_use_outside_of_the_signers_certificate(self) -> None:
        old = certified("Old", ISSUING, until=FROM + timedelta(days=1))
        esl = form_4(information(users=der.sequence(der.octet_string(old.der))))
        result = check(forged(esl, old))
        assert {"ses.certificate_not_valid_when_signed", "ses.signer_untrusted"} <= found(result)
        assert not result.passed

    def test_a_time_in_the_future(self) -> None:
        result = check(MADE, now=NOW - timedelta(seconds=1))
        assert "ses.signed_in_the_future" in found(result)
        assert not result.passed

    @settings(max_examples=500)
    @given(st.data())
    def test_anything_bent(self, data: st.DataObject) -> None:
        whole = data.draw(st.sampled_from((MADE, OLD)))
        bent = bytearray(whole)
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "insert", "double"])):
            case "flip":
                bent[at] ^= 1 << data.draw(st.integers(0, 7))
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
            result = check(bytes(bent))
        except (EslUnreadableError, EslVersionUnknownError):
            return
        assert not result.passed

    @settings(max_examples=200)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        with pytest.raises(EslUnreadableError):
            read_ses_signature(data)


class TestOtherForms:
    def test_version_1_is_read_and_checked(self) -> None:
        result = check(OLD)
        assert read_ses_signature(OLD).signed_at == NOW
        assert found(result) == {"ses.signature_valid", "ses.signer_trusted", "ses.digest_matches"}
        assert result.passed

    def test_version_1_with_something_else_than_a_time_cannot_tell_when(self) -> None:
        data = version_1(form_1(information(version=1, oldest=True)), b"\x30\x00")
        result = check(data)
        assert "ses.time_unknown" in found(result)
        assert not result.passed

    def test_signers_named_by_digest_are_found(self) -> None:
        for kind, value in ((b"SM3", sm3(USER.der)), (b"01", sm3(USER.der))):
            users = der.sequence(der.sequence(der.tlv(0x13, kind), der.octet_string(value)))
            esl = form_4(information(list_type=2, users=users))
            assert check(forged(esl, USER)).passed
            assert "ses.signer_not_listed" in found(check(forged(esl, STRANGER)))

    def test_versions_that_differ_are_noted(self) -> None:
        assert "ses.version_differs" in found(check(forged(SEAL.encoded, USER, version=3)))


OLD = version_1(form_1(information(version=1, oldest=True)), utc_time(NOW))
