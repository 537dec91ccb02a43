"""How keys rest under the key-encryption key: authenticated encryption, each blob tagged with its algorithm.

    algorithm (1 byte) | nonce (12 bytes) | ciphertext and tag (16 bytes more)

AES-256-GCM (NIST SP 800-38D), or SM4-GCM (GB/T 32907-2016, mode of GB/T 36624-2018) for those who have to use 国密.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm

from keys._secret import Secret
from keys.errors import Sm4UnavailableError

_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16

Derive = Callable[[HashAlgorithm, int, bytes], bytes]
"""Gives a key from the key-encryption key's material: hash of HKDF, length in bytes, what it is for."""


class WrappingAlgorithm(StrEnum):
    """By what keys are wrapped."""

    AES_256_GCM = "aes-256-gcm"
    SM4_GCM = "sm4-gcm"


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class Wrapping(Secret):
    """Wraps by one algorithm and unwraps what any was used for.

    :raises Sm4UnavailableError: it is to wrap by SM4 and the cryptographic library has none.
    """

    def __init__(self, derive: Derive, algorithm: WrappingAlgorithm) -> None:
        self._ciphers: dict[int, _Aead] = {_AES: AESGCM(derive(SHA256(), 32, b"yinzheng/kek/wrap/1"))}
        try:
            self._ciphers[_SM4] = _Sm4Gcm(derive(SM3(), 16, b"yinzheng/kek/wrap-sm4/1"))
        except UnsupportedAlgorithm:
            if algorithm is WrappingAlgorithm.SM4_GCM:
                raise Sm4UnavailableError from None
        self._number = _NUMBERS[algorithm]

    def wrap(self, key: bytes, *, binding: bytes) -> bytes:
        """Encrypt a key; ``binding`` says which it is and must be the same to unwrap it."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return bytes((self._number,)) + nonce + self._ciphers[self._number].encrypt(nonce, key, binding)

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> bytes | None:
        """Decrypt a key; nothing when it was altered, or wrapped under another key or binding."""
        cipher = self._ciphers.get(wrapped[0]) if wrapped else None
        if cipher is None or len(wrapped) < 1 + _NONCE_SIZE + _TAG_SIZE:
            return None
        try:
            return cipher.decrypt(wrapped[1 : 1 + _NONCE_SIZE], wrapped[1 + _NONCE_SIZE :], binding)
        except (InvalidTag, ValueError):
            return None


def algorithm_of(wrapped: bytes) -> WrappingAlgorithm | None:
    """By what a key was wrapped; nothing where the blob does not say so."""
    return next((each for each, number in _NUMBERS.items() if wrapped[:1] == bytes((number,))), None)


class _Sm4Gcm(Secret):
    """SM4-GCM in the manner of :class:`AESGCM`."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = algorithms.SM4(key)
        self.encrypt(bytes(_NONCE_SIZE), b"", b"")  # raises where the library has no such mode

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        encryptor = Cipher(self._cipher, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        mode = modes.GCM(nonce, data[-_TAG_SIZE:])
        decryptor = Cipher(self._cipher, mode).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG_SIZE]) + decryptor.finalize()


_AES: Final = 1
_SM4: Final = 2
_NUMBERS: Final = {WrappingAlgorithm.AES_256_GCM: _AES, WrappingAlgorithm.SM4_GCM: _SM4}
