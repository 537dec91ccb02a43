"""SM2 signatures: OpenSSL judges ours and we judge OpenSSL's; published vectors; what is refused."""

from __future__ import annotations

import copy
import pickle
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keys_house import openssl
from sm2_soak import soak

from keys import der
from keys.errors import Sm2KeyInvalidError, Sm2SigningFaultyError
from keys.sm2 import SIGNER_ID, Sm2PrivateKey, Sm2PublicKey, decode_signature, encode_signature, sm3

KEY = Sm2PrivateKey.generate()
DATA = "印证".encode()
DISTID = ("-pkeyopt", f"distid:{SIGNER_ID.decode()}", "-rawin", "-digest", "sm3")
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

# emmansun/gmsm issue 560: a correct signature over a digest of zeros, which that library refused on some processors
GMSM_560_KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004ef4de57af00ae424c00c4caadff7193f804a19dd73a7e2954db9d0d1"
    "5ab4cbba67728c3f4572878b7a674735da9fde1682fe2d9e0799c4a5cde57e3d473039a2"
)
GMSM_560_SIGNATURE = bytes.fromhex(
    "3046022100be0ea64e1ec06f0d247093f3ccbbadcfb6260224272f86ddb78326e7cd6c7560022100e9f6ab2fcc48a2cef94838e66b5c7e21"
    "fd8e4de25990dd98ca5243f4966f2853"
)
# guanzhi/GmSSL issue 941: a signature that this library made and that does not verify
GMSSL_941_KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d0342000404f7eae91f8104c3b5b2fb96edea6f6d24428110d25288ff9ae963d1"
    "7e17d85815042c762cc850c6bd0e3a3d096a2658556f9046f4b952e4ec64d8e70969a799"
)
GMSSL_941_SIGNATURE = bytes.fromhex(
    "304402203743706e4c7284d57f02cf9bdaf9d3a2a17843944299ef4b00c355a9817a9944022000ae3d7c6a63a6cbff05ae15a0e21fc8664d"
    "82139550e464a86ebb18e5d70bb0"
)
GMSSL_941_DIGEST = bytes.fromhex("d495f9d08c3b7dc166bacf1d01f012f2fb9222854aef710b0e2cd28355a93652")


def by_digest(key: bytes, signature: bytes, digest: bytes) -> bool:
    """What the library says of a signature over a ready-made digest; its public interface takes messages only."""
    from tongsuopy.backends.tongsuo import backend  # noqa: PLC0415

    lib, ffi, numbers = backend._lib, backend._ffi, Sm2PublicKey.from_der(key)
    context = lib.EVP_PKEY_CTX_new(numbers._key._evp_pkey, ffi.NULL)
    assert lib.EVP_PKEY_verify_init(context) == 1
    verified = lib.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest))
    backend._consume_errors()
    return bool(verified == 1)


@pytest.mark.needs("openssl")
class TestOpenssl:
    def test_accepts_what_we_sign(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=KEY.public_key.to_der(), signature=KEY.sign(DATA), data=DATA)
        assert "Successfully" in self.verify(tmp_path)

    def test_refuses_what_we_sign_over_other_data(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=KEY.public_key.to_der(), signature=KEY.sign(DATA), data=DATA + b".")
        with pytest.raises(AssertionError, match="Failure"):
            self.verify(tmp_path)

    def test_signs_what_we_accept_with_our_key(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=KEY.to_der(), data=DATA)
        file = tmp_path / "made"
        openssl(
            "pkeyutl", "-sign", "-keyform", "DER", "-inkey", tmp_path / "key", *DISTID,
            "-in", tmp_path / "data", "-out", file,
        )  # fmt: skip
        assert KEY.public_key.verify(file.read_bytes(), DATA)
        assert not KEY.public_key.verify(file.read_bytes(), DATA + b".")

    def test_makes_keys_that_we_read(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", file)
        pkcs8 = tmp_path / "key.der"
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", file, "-outform", "DER", "-out", pkcs8)
        public = tmp_path / "public.der"
        openssl("pkey", "-in", file, "-pubout", "-outform", "DER", "-out", public)
        key = Sm2PrivateKey.from_der(pkcs8.read_bytes())
        assert key.public_key.to_der() == public.read_bytes()
        assert key.to_der() == pkcs8.read_bytes()

    def test_finds_our_keys_consistent(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=KEY.to_der())
        assert "valid" in openssl("pkey", "-inform", "DER", "-in", tmp_path / "key", "-check", "-noout")

    def test_takes_requests_made_with_our_key(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=KEY.to_der())
        request = openssl(
            "req", "-new", "-keyform", "DER", "-key", tmp_path / "key", "-sm3",
            "-sigopt", f"distid:{SIGNER_ID.decode()}", "-subj", "/CN=x",
        )  # fmt: skip
        read = ("req", "-verify", "-noout", "-vfyopt", f"distid:{SIGNER_ID.decode()}")
        done = subprocess.run(["openssl", *read], input=request.encode(), capture_output=True, check=False)
        assert done.returncode == 0
        assert b"OK" in done.stdout + done.stderr

    def test_accepts_every_signature_of_a_soak(self, tmp_path: Path) -> None:
        assert soak(2000, tmp_path) == 2000

    def test_would_notice_a_bad_signature_in_a_soak(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        good = Sm2PrivateKey.sign
        made: list[bytes] = []

        def sign(key: Sm2PrivateKey, data: bytes) -> bytes:
            made.append(data)
            return good(key, data if len(made) != 7 else data + b".")

        monkeypatch.setattr(Sm2PrivateKey, "sign", sign)
        assert soak(20, tmp_path) == 19

    def test_agrees_on_the_published_vectors(self, tmp_path: Path) -> None:
        self.write(tmp_path, key=GMSM_560_KEY, signature=GMSM_560_SIGNATURE, data=bytes(32))
        assert "Successfully" in self.verify(tmp_path, options=())
        self.write(tmp_path, key=GMSSL_941_KEY, signature=GMSSL_941_SIGNATURE, data=GMSSL_941_DIGEST)
        with pytest.raises(AssertionError, match="Failure"):
            self.verify(tmp_path, options=())

    def write(self, directory: Path, **parts: bytes) -> None:
        for name, content in parts.items():
            (directory / name).write_bytes(content)

    def verify(self, directory: Path, options: tuple[str, ...] = DISTID) -> str:
        return openssl(
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", directory / "key", *options,
            "-in", directory / "data", "-sigfile", directory / "signature",
        )  # fmt: skip


class TestVectors:
    def test_sm3_of_abc_is_that_of_the_standard(self) -> None:
        assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"

    def test_the_library_accepts_the_signature_of_gmsm_560(self) -> None:
        assert by_digest(GMSM_560_KEY, GMSM_560_SIGNATURE, bytes(32))
        assert not by_digest(GMSM_560_KEY, GMSM_560_SIGNATURE, bytes(31) + b"\x01")

    def test_the_library_refuses_the_signature_of_gmssl_941(self) -> None:
        assert not by_digest(GMSSL_941_KEY, GMSSL_941_SIGNATURE, GMSSL_941_DIGEST)


class _FaultyLibraryKey:
    """What the library's key would be if its first signatures did not verify."""

    def __init__(self, sound: object, faults: int) -> None:
        self._sound, self._faults = sound, faults

    def sign(self, data: bytes, algorithm: object) -> bytes:
        self._faults -= 1
        return self._sound.sign(data if self._faults < 0 else data + b".", algorithm)  # type: ignore[attr-defined, no-any-return]


def test_a_signature_that_does_not_verify_is_made_again() -> None:
    key = Sm2PrivateKey.generate()
    key._key = _FaultyLibraryKey(key._key, faults=2)
    assert key.public_key.verify(key.sign(DATA), DATA)


def test_a_library_that_keeps_failing_signs_nothing_and_says_so() -> None:
    key = Sm2PrivateKey.generate()
    key._key = _FaultyLibraryKey(key._key, faults=100)
    with pytest.raises(Sm2SigningFaultyError):
        key.sign(DATA)


class TestSignaturesRefused:
    signature = KEY.sign(DATA)
    r, s = decode_signature(signature) or (0, 0)

    def test_numbers_out_of_range(self) -> None:
        for r, s in ((0, self.s), (self.r, 0), (ORDER, self.s), (self.r, ORDER), (self.r + ORDER, self.s)):
            assert not KEY.public_key.verify(encode_signature(r, s), DATA)
        for r, s in ((-self.r, self.s), (self.r, -self.s), (self.s, self.r)):
            assert not KEY.public_key.verify(encode_signature(r, s), DATA)

    def test_encodings_that_are_not_strict(self) -> None:
        signature, r, s = self.signature, self.r, self.s
        for bent in (
            b"",
            signature + b"\x00",
            signature[:-1],
            b"\x30\x81" + signature[1:],
            b"\x31" + signature[1:],
            der.sequence(der.integer(r), der.integer(s), der.integer(1)),
            der.sequence(der.tlv(0x02, b"\x00\x00" + r.to_bytes(32, "big")), der.integer(s)),
            r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        ):
            assert not KEY.public_key.verify(bent, DATA)

    @given(st.data())
    def test_any_changed_bit(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.signature) * 8 - 1))
        bent = bytearray(self.signature)
        bent[position // 8] ^= 1 << position % 8
        assert not KEY.public_key.verify(bytes(bent), DATA)

    @given(st.binary(max_size=80))
    def test_any_bytes(self, signature: bytes) -> None:
        assert not KEY.public_key.verify(signature, DATA)


class TestKeysRefused:
    def test_a_point_off_the_curve(self) -> None:
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PublicKey(KEY.public_key.x, KEY.public_key.y ^ 1)
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PublicKey(0, 0)

    def test_the_point_at_infinity(self) -> None:
        algorithm = KEY.public_key.to_der()[2:23]
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PublicKey.from_der(der.sequence(algorithm, der.tlv(0x03, b"\x00\x00")))

    def test_coordinates_that_are_not_reduced(self) -> None:
        prime = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PublicKey(KEY.public_key.x + prime, KEY.public_key.y)

    @pytest.mark.parametrize("number", [0, -1, ORDER - 1, ORDER, 1 << 300])
    def test_a_private_number_out_of_range(self, number: int) -> None:
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PrivateKey(number)

    def test_a_private_key_beside_anothers_public_key(self) -> None:
        other = Sm2PrivateKey.generate().public_key.to_der()[-65:]
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PrivateKey.from_der(KEY.to_der()[:-65] + other)

    @settings(max_examples=300)
    @given(st.data())
    def test_a_private_key_cut_or_bent_anywhere(self, data: st.DataObject) -> None:
        whole = KEY.to_der()
        end = data.draw(st.integers(0, len(whole) - 1))
        for bent in (whole[:end], whole[:end] + bytes((whole[end] ^ 0x41,)) + whole[end + 1 :]):
            try:
                found = Sm2PrivateKey.from_der(bent)
            except Sm2KeyInvalidError:
                continue
            assert found.public_key == KEY.public_key

    def test_a_key_of_another_curve(self) -> None:
        p256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\x04" + bytes(64)
        with pytest.raises(Sm2KeyInvalidError):
            Sm2PublicKey.from_der(p256)


def test_a_private_key_is_neither_shown_nor_copied() -> None:
    assert f"{KEY._secret:x}" not in repr(KEY) + str(KEY)
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(KEY)
