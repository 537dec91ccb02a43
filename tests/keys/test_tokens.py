"""Tokens: ours are accepted for what they are meant for; every known trick with tokens is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import jose.backends
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jwt
from keys_house import START, House

from keys import (
    CertificateRecord,
    KeyAlgorithm,
    KeyInfo,
    KeyPurpose,
    RevocationReason,
    ServiceCertificate,
    Subject,
    TokenKeys,
    TokenSigner,
    TokenVerifier,
)
from keys._tables import SigningKeyRow
from keys.errors import KeyUnknownError, PurposeMismatchError, TokenExpiredError, TokenInvalidError
from keys.jwks import public_jwk

ISSUER = "https://licences.qingdao.example"
AUDIENCE = "verify"
TYP = "presentation+jwt"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def key(standing_house: House) -> KeyInfo:
    return standing_house.make_key(KeyPurpose.TOKEN)


@pytest.fixture(scope="module")
def signer(standing_house: House, key: KeyInfo) -> TokenSigner:
    return TokenSigner(standing_house.custody, key, standing_house.clock, issuer=ISSUER)


@pytest.fixture(scope="module")
def keys(standing_house: House, key: KeyInfo) -> TokenKeys:
    assert key.purpose is KeyPurpose.TOKEN
    return TokenKeys(standing_house.custody, standing_house.clock)


@pytest.fixture(scope="module")
def verifier(standing_house: House, keys: TokenKeys) -> TokenVerifier:
    return TokenVerifier(keys, standing_house.clock, issuer=ISSUER)


@pytest.fixture(scope="module")
def token(signer: TokenSigner) -> str:
    return signer.sign({"sub": "licence-1", "purpose": "核验"}, typ=TYP, lifetime=MINUTE, audience=AUDIENCE)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")


def header_of(token: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(decode(token.split(".", maxsplit=1)[0]))
    return header


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return claims


@pytest.fixture(scope="module")
def forge(standing_house: House, key: KeyInfo, token: str):
    """Sign anything with the right key, as if our own signer had gone mad."""

    def sign(header: Mapping[str, Any] | bytes | None = None, claims: Mapping[str, Any] | bytes | None = None) -> str:
        parts = []
        for wanted, own in ((header, header_of(token)), (claims, claims_of(token))):
            part = {**own, **wanted} if isinstance(wanted, Mapping) else wanted or own
            parts.append(part if isinstance(part, bytes) else json.dumps(part).encode())
        signed = ".".join(encode(part) for part in parts)
        r, s = decode_dss_signature(standing_house.custody.sign(key.id, signed.encode()))
        return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    return sign


def reason(verifier: TokenVerifier, token: Any) -> str:
    with pytest.raises(TokenInvalidError) as refused:
        verifier.verify(token, typ=TYP, audience=AUDIENCE)
    assert refused.value.code == "keys.token_invalid"
    return str(refused.value.params["reason"])


class TestOurs:
    def test_a_token_says_who_for_whom_until_when(self, verifier: TokenVerifier, token: str, forge) -> None:
        verified = verifier.verify(token, typ=TYP, audience=AUDIENCE, required=["sub", "purpose"])
        assert (verified.issued_at, verified.expires_at) == (START, START + MINUTE)
        assert verified.claims["purpose"] == "核验"
        assert (verified.claims["iss"], verified.claims["aud"]) == (ISSUER, AUDIENCE)
        assert verified.token_id == claims_of(token)["jti"]
        assert verifier.verify(forge(), typ=TYP, audience=AUDIENCE).claims == verified.claims

    def test_its_claims_cannot_be_changed(self, verifier: TokenVerifier, token: str) -> None:
        with pytest.raises(TypeError):
            verifier.verify(token, typ=TYP, audience=AUDIENCE).claims["sub"] = "x"  # type: ignore[index]

    def test_a_common_library_accepts_it_with_the_published_keys(self, token: str, keys: TokenKeys) -> None:
        options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        claims = jwt.decode(token, keys.jwks(), algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER, options=options)
        assert claims == claims_of(token)

    def test_every_token_has_its_own_id(self, signer: TokenSigner) -> None:
        tokens = [signer.sign({}, typ=TYP, lifetime=MINUTE) for _ in range(50)]
        assert len({claims_of(token)["jti"] for token in tokens}) == 50

    def test_a_given_id_stays(self, signer: TokenSigner, verifier: TokenVerifier) -> None:
        token = signer.sign({"jti": "presentation-7"}, typ=TYP, lifetime=MINUTE)
        assert verifier.verify(token, typ=TYP).token_id == "presentation-7"

    def test_the_key_id_is_the_thumbprint(self, keys: TokenKeys, token: str) -> None:
        published = {jwk["kid"]: jwk for jwk in keys.jwks()["keys"]}
        jwk = published[header_of(token)["kid"]]
        canonical = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
        assert encode(hashlib.sha256(canonical.encode()).digest()) == jwk["kid"]
        assert jwk.keys() == {"crv", "kty", "x", "y", "kid", "alg", "use"}

    def test_the_key_set_has_no_keys_of_other_purposes(self, standing_house: House, keys: TokenKeys) -> None:
        standing_house.make_key(KeyPurpose.SEAL)
        standing_house.make_key(KeyPurpose.RECEIPT)
        held = standing_house.custody.keys()
        assert len(keys.jwks()["keys"]) == sum(key.purpose is KeyPurpose.TOKEN for key in held)

    def test_python_jose_uses_cryptography(self) -> None:
        assert jose.backends.ECKey.__module__ == "jose.backends.cryptography_backend"

    def test_the_pure_python_ecdsa_is_never_loaded(self) -> None:
        """CVE-2024-23342: how long `ecdsa` takes to sign tells the key. python-jose signs without it and without `rsa`.

        Nothing of ours imports either: pyproject.toml bans them.
        """
        program = """
import sys
sys.modules["ecdsa"] = sys.modules["rsa"] = None  # whoever imports them gets an ImportError
from jose import jwk, jws
from cryptography.hazmat.primitives.asymmetric import ec, rsa
made = {"ES256": ec.generate_private_key(ec.SECP256R1()), "RS256": rsa.generate_private_key(65537, 2048)}
for algorithm, key in made.items():
    signer = jwk.construct(key, algorithm)
    token = jws.sign({"sub": "licence-1"}, signer, algorithm=algorithm)
    assert jws.verify(token, signer.public_key(), algorithm) == b'{"sub":"licence-1"}'
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=120)

    @pytest.mark.parametrize("claim", ["iss", "aud", "iat", "nbf", "exp"])
    def test_the_signers_own_claims_cannot_be_given(self, signer: TokenSigner, claim: str) -> None:
        with pytest.raises(ValueError, match="itself"):
            signer.sign({claim: 1}, typ=TYP, lifetime=MINUTE)

    def test_what_json_cannot_hold_is_not_signed(self, signer: TokenSigner) -> None:
        with pytest.raises(ValueError, match="JSON"):
            signer.sign({"sub": float("nan")}, typ=TYP, lifetime=MINUTE)

    @pytest.mark.parametrize(
        ("purpose", "algorithm"),
        [(KeyPurpose.SEAL, KeyAlgorithm.ECDSA_P256), (KeyPurpose.TOKEN, KeyAlgorithm.RSA_3072)],
    )
    def test_only_a_token_key_on_p256_signs_tokens(
        self, house: House, purpose: KeyPurpose, algorithm: KeyAlgorithm
    ) -> None:
        with pytest.raises(PurposeMismatchError):
            TokenSigner(house.custody, house.make_key(purpose, algorithm), house.clock, issuer=ISSUER)

    def test_an_error_of_the_custody_comes_through(self, house: House) -> None:
        key = house.make_key(KeyPurpose.TOKEN)
        signer = TokenSigner(house.custody, key, house.clock, issuer=ISSUER)
        with house.database.transaction() as session:
            session.execute(sa.delete(SigningKeyRow))
        with pytest.raises(KeyUnknownError):
            signer.sign({}, typ=TYP, lifetime=MINUTE)


class TestMisuse:
    """Tokens of ours, used for what they are not for."""

    @pytest.mark.parametrize("typ", ["JWT", "receipt+jwt", "PRESENTATION+JWT", "application/presentation+jwt", ""])
    def test_a_token_of_another_type(self, verifier: TokenVerifier, forge, typ: str) -> None:
        assert reason(verifier, forge({"typ": typ})) == "type"

    @pytest.mark.parametrize("audience", ["wallet", "", None, ["verify"], ["verify", "wallet"], {"verify": 1}, 1])
    def test_a_token_for_another_audience(self, verifier: TokenVerifier, forge, audience: object) -> None:
        assert reason(verifier, forge(None, {"aud": audience})) == "audience"

    def test_a_token_with_an_audience_where_none_is_expected(self, verifier: TokenVerifier, token: str, forge) -> None:
        for one in (token, forge(None, {"aud": None})):
            with pytest.raises(TokenInvalidError, match="audience"):
                verifier.verify(one, typ=TYP)

    @pytest.mark.parametrize("issuer", ["https://licences.qingdao.example/", "", None, [ISSUER]])
    def test_a_token_of_another_issuer(self, verifier: TokenVerifier, forge, issuer: object) -> None:
        assert reason(verifier, forge(None, {"iss": issuer})) == "issuer"

    def test_a_token_without_a_required_claim(self, verifier: TokenVerifier, token: str) -> None:
        with pytest.raises(TokenInvalidError, match="claims"):
            verifier.verify(token, typ=TYP, audience=AUDIENCE, required=["licence"])

    @pytest.mark.parametrize("token_id", ["", None, 7])
    def test_a_token_without_an_id(self, verifier: TokenVerifier, forge, token_id: object) -> None:
        assert reason(verifier, forge(None, {"jti": token_id})) == "claims"


class TestTime:
    @pytest.fixture
    def own(self, house: House) -> tuple[House, TokenSigner, TokenVerifier]:
        signer = TokenSigner(house.custody, house.make_key(KeyPurpose.TOKEN), house.clock, issuer=ISSUER)
        return house, signer, TokenVerifier(TokenKeys(house.custody, house.clock), house.clock, issuer=ISSUER)

    def test_it_ends_to_the_second(self, own: tuple[House, TokenSigner, TokenVerifier]) -> None:
        house, signer, verifier = own
        token = signer.sign({}, typ=TYP, lifetime=MINUTE)
        house.clock.advance(timedelta(seconds=59, milliseconds=999))
        verifier.verify(token, typ=TYP)
        house.clock.advance(timedelta(milliseconds=1))
        with pytest.raises(TokenExpiredError) as refused:
            verifier.verify(token, typ=TYP)
        assert refused.value.code == "keys.token_expired"

    def test_it_does_not_begin_before_its_time_but_for_five_seconds(
        self, own: tuple[House, TokenSigner, TokenVerifier]
    ) -> None:
        house, signer, verifier = own
        token = signer.sign({}, typ=TYP, lifetime=MINUTE)
        house.clock.advance(timedelta(seconds=-5))
        verifier.verify(token, typ=TYP)
        house.clock.advance(timedelta(milliseconds=-1))
        with pytest.raises(TokenInvalidError, match="not yet valid"):
            verifier.verify(token, typ=TYP)

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize(
        "value", ["1795406400", 1795406400.5, 1e300, True, None, [], -1, 10**12, 10**400, {"$gt": 0}]
    )
    def test_times_are_whole_seconds(self, verifier: TokenVerifier, forge, claim: str, value: object) -> None:
        assert reason(verifier, forge(None, {claim: value})) == "claims"

    def test_keys_made_later_by_another_process_are_found(self, own: tuple[House, TokenSigner, TokenVerifier]) -> None:
        house, signer, verifier = own
        verifier.verify(signer.sign({}, typ=TYP, lifetime=MINUTE), typ=TYP)
        other = house.another_process()
        later = TokenSigner(other.custody, other.make_key(KeyPurpose.TOKEN), house.clock, issuer=ISSUER)
        house.clock.advance(timedelta(seconds=2))
        verifier.verify(later.sign({}, typ=TYP, lifetime=MINUTE), typ=TYP)


class TestChangeOfKeys:
    """A service that goes on over them."""

    @pytest.fixture
    def running(self, house: House) -> tuple[House, TokenSigner, TokenVerifier]:
        house.authority.ensure()
        certificate = ServiceCertificate(house.authority, house.clock, KeyPurpose.TOKEN, Subject("令牌", "印证"))
        signer = TokenSigner(house.custody, certificate, house.clock, issuer=ISSUER)
        keys = TokenKeys(house.custody, house.clock, compromised=house.authority.compromised_keys)
        return house, signer, TokenVerifier(keys, house.clock, issuer=ISSUER)

    def test_a_new_key_signs_soon_after_and_what_the_old_one_signed_stays_good(
        self, running: tuple[House, TokenSigner, TokenVerifier]
    ) -> None:
        house, signer, verifier = running
        before = signer.sign({}, typ=TYP, lifetime=MINUTE)
        old = house.authority.current(KeyPurpose.TOKEN)
        with house.database.transaction() as session:
            new = house.authority.renew(session, old.id)
        assert kid(signer.sign({}, typ=TYP, lifetime=MINUTE)) == kid(before)
        house.clock.advance(timedelta(seconds=10))
        after = signer.sign({}, typ=TYP, lifetime=MINUTE)
        assert kid(after) == public_jwk(house.custody.info(new.key_id))["kid"] != kid(before)
        assert verifier.verify(before, typ=TYP).key_id == kid(before)
        assert verifier.verify(after, typ=TYP).key_id == kid(after)

    def test_a_key_that_others_may_have_counts_for_nothing_soon_after(
        self, running: tuple[House, TokenSigner, TokenVerifier]
    ) -> None:
        house, signer, verifier = running
        stolen = signer.sign({}, typ=TYP, lifetime=MINUTE)
        verifier.verify(stolen, typ=TYP)
        held = house.authority.current(KeyPurpose.TOKEN)
        with house.database.transaction() as session:
            house.authority.revoke(session, held.id, RevocationReason.KEY_COMPROMISE, actor="tests")
        house.clock.advance(timedelta(seconds=10))
        assert reason(verifier, stolen) == "key"
        verifier.verify(signer.sign({}, typ=TYP, lifetime=MINUTE), typ=TYP)

    def test_a_key_that_was_given_up_in_order_goes_on_to_verify(
        self, running: tuple[House, TokenSigner, TokenVerifier]
    ) -> None:
        house, signer, verifier = running
        token = signer.sign({}, typ=TYP, lifetime=MINUTE)
        with house.database.transaction() as session:
            held = house.authority.current(KeyPurpose.TOKEN)
            house.authority.revoke(session, held.id, RevocationReason.SUPERSEDED, actor="tests")
        house.clock.advance(timedelta(seconds=10))
        verifier.verify(token, typ=TYP)
        assert kid(signer.sign({}, typ=TYP, lifetime=MINUTE)) != kid(token)

    def test_while_one_thread_looks_again_the_others_go_on_with_the_key_they_have(
        self, running: tuple[House, TokenSigner, TokenVerifier], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house, signer, _ = running
        ensure, looking, found = house.authority.ensure_service, Event(), Event()

        def slow(*words: Any, **more: Any) -> CertificateRecord:
            looking.set()
            assert found.wait(10)
            return ensure(*words, **more)

        monkeypatch.setattr(house.authority, "ensure_service", slow)
        house.clock.advance(timedelta(seconds=10))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(signer.sign, {}, typ=TYP, lifetime=MINUTE)
            assert looking.wait(10)
            signer.sign({}, typ=TYP, lifetime=MINUTE)
            assert not waiting.done()
            found.set()
            waiting.result(10)


def kid(token: str) -> str:
    return str(header_of(token)["kid"])


class TestForgery:
    """What others make, or make of ours."""

    def test_no_changed_character_passes(self, verifier: TokenVerifier, token: str) -> None:
        for position, character in enumerate(token):
            assert reason(verifier, token[:position] + ("A" if character != "A" else "B") + token[position + 1 :])

    @pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS256", "RS256", "ES384", "es256", None, ["ES256"]])
    def test_another_algorithm(self, verifier: TokenVerifier, forge, name: object) -> None:
        assert reason(verifier, forge({"alg": name})) == "algorithm"

    @pytest.mark.parametrize("tail", ["", "AA"])
    def test_no_signature(self, verifier: TokenVerifier, token: str, tail: str) -> None:
        header = encode(json.dumps({**header_of(token), "alg": "none"}).encode())
        assert reason(verifier, f"{header}.{token.split('.')[1]}.{tail}") in {"format", "algorithm"}

    def test_the_public_key_as_a_shared_secret(self, verifier: TokenVerifier, token: str, key: KeyInfo) -> None:
        public = key.load_public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for name in ("HS256", "ES256"):
            header = encode(json.dumps({**header_of(token), "alg": name}).encode())
            signed = f"{header}.{token.split('.')[1]}"
            signature = hmac.digest(public, signed.encode(), "sha256")
            assert reason(verifier, f"{signed}.{encode(signature)}") in {"algorithm", "signature"}
            assert reason(verifier, f"{signed}.{encode(signature * 2)}") in {"algorithm", "signature"}

    def test_a_key_of_their_own_in_the_header(self, verifier: TokenVerifier, token: str, keys: TokenKeys) -> None:
        own = ec.generate_private_key(ec.SECP256R1())
        point = own.public_key().public_numbers()
        jwk = {
            **keys.jwks()["keys"][0],
            "x": encode(point.x.to_bytes(32, "big")),
            "y": encode(point.y.to_bytes(32, "big")),
        }
        for extra in ({"jwk": jwk}, {}):
            header = encode(json.dumps({**header_of(token), **extra}).encode())
            signed = f"{header}.{token.split('.')[1]}"
            r, s = decode_dss_signature(own.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
            forged = f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
            assert reason(verifier, forged) == ("header" if extra else "signature")

    @pytest.mark.parametrize(
        "extra",
        [
            {"jku": "https://evil.example/jwks.json"},
            {"x5u": "https://evil.example/cert.pem"},
            {"x5c": ["MIIB"]},
            {"crit": ["exp"]},
            {"crit": ["b64"], "b64": False},
            {"zip": "DEF"},
            {"cty": "JWT"},
        ],
    )
    def test_further_headers(self, verifier: TokenVerifier, forge, extra: dict[str, object]) -> None:
        assert reason(verifier, forge(extra)) == "header"

    @pytest.mark.parametrize(
        "kid", ["../../../dev/null", "/etc/passwd", "' OR 1=1 --", "", "x" * 43, None, 1, ["a"], {}]
    )
    def test_an_unknown_key_id(self, verifier: TokenVerifier, forge, kid: object) -> None:
        assert reason(verifier, forge({"kid": kid})) == "key"

    def test_a_key_of_another_purpose(self, standing_house: House, verifier: TokenVerifier) -> None:
        receipts = standing_house.make_key(KeyPurpose.RECEIPT)
        signer = TokenSigner(standing_house.custody, receipts, standing_house.clock, issuer=ISSUER)
        assert reason(verifier, signer.sign({}, typ=TYP, lifetime=MINUTE, audience=AUDIENCE)) == "key"

    @pytest.mark.parametrize(
        "bend",
        [
            lambda token: token + "\n",
            lambda token: " " + token,
            lambda token: token + "=",
            lambda token: token + "==",
            lambda token: token.replace(".", "..", 1),
            lambda token: token + ".",
            lambda token: token + "." + token.split(".")[2],
            lambda token: token.rsplit(".", 1)[0],
            lambda token: token.replace(".", "\n.", 1),
            lambda token: "Bearer " + token,
            lambda token: token[:-2],
            lambda token: token[:10] + "é" + token[10:],
            lambda token: token[:10] + "\u0660" + token[10:],
            lambda token: "",
            lambda token: "..",
            lambda token: token.replace("-", "+").replace("_", "/") + "+",
        ],
    )
    def test_another_spelling(self, verifier: TokenVerifier, token: str, bend) -> None:
        assert reason(verifier, bend(token)) in {"format", "signature"}

    def test_unused_bits_of_base64(self, verifier: TokenVerifier, token: str) -> None:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = alphabet[alphabet.index(token[-1]) ^ 1]
        assert decode((token[:-1] + last).split(".")[2]) == decode(token.split(".")[2])
        assert reason(verifier, token[:-1] + last) == "format"

    def test_a_signature_in_der(self, standing_house: House, verifier: TokenVerifier, token: str, key: KeyInfo) -> None:
        signed = token.rsplit(".", 1)[0]
        signature = encode(standing_house.custody.sign(key.id, signed.encode()))
        assert reason(verifier, f"{signed}.{signature}") == "signature"

    @pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, bytes(31) + b"\x01" + bytes(31) + b"\x01"])
    def test_signatures_of_nothing(self, verifier: TokenVerifier, token: str, signature: bytes) -> None:
        assert reason(verifier, f"{token.rsplit('.', 1)[0]}.{encode(signature)}") == "signature"

    @pytest.mark.parametrize(
        "header",
        [
            b'{"alg":"ES256","alg":"none","kid":"x","typ":"presentation+jwt"}',
            b"[]",
            b"null",
            b'"x"',
            b"{",
            b"\xff\xfe{}",
            b"[" * 5000,
            b'{"alg":' + b"9" * 5000 + b"}",
            b"{}",
        ],
    )
    def test_headers_that_are_odd(self, verifier: TokenVerifier, forge, header: bytes) -> None:
        assert reason(verifier, forge(header)) == "header"

    @pytest.mark.parametrize(
        "claims", [b"[]", b"null", b"{", b"\xff", b"[" * 5000, b'{"exp":1,"exp":2}', b'{"exp":NaN}', b'{"a":Infinity}']
    )
    def test_claims_that_are_odd(self, verifier: TokenVerifier, forge, claims: bytes) -> None:
        assert reason(verifier, forge(None, claims)) == "claims"

    def test_a_token_that_is_too_long_is_not_read(self, verifier: TokenVerifier, forge) -> None:
        assert reason(verifier, forge(None, {"sub": "x" * 8192})) == "size"
        assert reason(verifier, "A" * 10_000_000) == "size"

    @pytest.mark.parametrize("value", [None, 1, b"a.b.c", ["a.b.c"]])
    def test_what_is_no_text(self, verifier: TokenVerifier, value: object) -> None:
        assert reason(verifier, value) == "size"

    @settings(deadline=None)
    @given(st.text(max_size=300))
    def test_noise(self, verifier: TokenVerifier, text: str) -> None:
        assert reason(verifier, text) == "format"

    @settings(deadline=None)
    @given(
        st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jwk"]), st.one_of(st.text(), st.none(), st.integers())),
        st.recursive(
            st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        ),
    )
    def test_structured_noise(self, verifier: TokenVerifier, header: dict[str, object], claims: object) -> None:
        parts = [encode(json.dumps(part).encode()) for part in (header, claims)]
        assert reason(verifier, f"{parts[0]}.{parts[1]}.{encode(bytes(64))}")
