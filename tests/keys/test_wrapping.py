"""Keys rest under AES or SM4, say which, and move from one to the other."""

from __future__ import annotations

import secrets

import pytest
import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from keys_house import House

from keys import FieldVault, KeyAlgorithm, KeyEncryptionKey, RawKey, SoftCustody, WrappingAlgorithm, rewrap, wrapping
from keys._tables import DataKeyRow, SigningKeyRow
from keys.errors import KeyDamagedError, Sm4UnavailableError
from keys.wrapping import algorithm_of
from store.database import Database

AES, SM4 = WrappingAlgorithm.AES_256_GCM, WrappingAlgorithm.SM4_GCM


def opened(house: House, algorithm: WrappingAlgorithm) -> KeyEncryptionKey:
    return KeyEncryptionKey.open(house.database, house.source, house.clock, algorithm)


def at_rest(database: Database) -> set[WrappingAlgorithm | None]:
    with database.transaction() as session:
        stored = [*session.scalars(sa.select(SigningKeyRow.wrapped)), *session.scalars(sa.select(DataKeyRow.wrapped))]
    return {algorithm_of(each) for each in stored if each is not None}


def test_the_published_vector_of_sm4_gcm() -> None:
    """RFC 8998, appendix A.1."""
    cipher = wrapping._Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce, bound = bytes.fromhex("00001234567800000000ABCD"), bytes.fromhex("FEEDFACEDEADBEEF" * 2 + "ABADDAD2")
    plain = b"".join(bytes((octet,)) * 8 for octet in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    made = cipher.encrypt(nonce, plain, bound)
    assert made.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert cipher.decrypt(nonce, made, bound) == plain


@pytest.mark.parametrize("algorithm", WrappingAlgorithm)
def test_a_blob_names_its_algorithm_and_whoever_wraps_by_the_other_opens_it(
    house: House, algorithm: WrappingAlgorithm
) -> None:
    blob = opened(house, algorithm).wrap(b"a key", binding=b"x")
    assert algorithm_of(blob) is algorithm
    for other in WrappingAlgorithm:
        assert opened(house, other).unwrap(blob, binding=b"x") == b"a key"
        assert opened(house, other).unwrap(blob, binding=b"y") is None


@pytest.mark.parametrize("algorithm", WrappingAlgorithm)
def test_no_bit_of_a_blob_can_be_changed(house: House, algorithm: WrappingAlgorithm) -> None:
    kek = opened(house, algorithm)
    blob = kek.wrap(b"a key", binding=b"x")
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        assert kek.unwrap(bytes(changed), binding=b"x") is None
    for cut in range(len(blob)):
        assert kek.unwrap(blob[:cut], binding=b"x") is None
    assert algorithm_of(b"") is None


def test_new_keys_rest_as_the_setting_says_and_old_ones_stay(house: House) -> None:
    before = house.make_key(algorithm=KeyAlgorithm.SM2)
    custody = SoftCustody(house.database, opened(house, SM4), house.clock)
    with house.database.transaction() as session:
        after = custody.generate(session, algorithm=KeyAlgorithm.SM2, purpose=before.purpose, label="another")
    assert at_rest(house.database) == {AES, SM4}
    for key in (before, after):
        SoftCustody(house.database, opened(house, AES), house.clock).sign(key.id, b"data")


def test_all_move_to_sm4_and_back_together(house: House) -> None:
    key = house.make_key(algorithm=KeyAlgorithm.SM2)
    vault = FieldVault(house.database, house.kek, house.clock)
    blob = vault.encrypt(b"name", context="x")
    source = RawKey(secrets.token_bytes(32))
    kek = rewrap(house.database, house.kek, source, house.clock, SM4)
    assert at_rest(house.database) == {SM4}
    assert FieldVault(house.database, kek, house.clock).decrypt(blob, context="x") == b"name"
    SoftCustody(house.database, kek, house.clock).sign(key.id, b"data")
    rewrap(house.database, kek, source, house.clock, AES)
    assert at_rest(house.database) == {AES}
    with pytest.raises(KeyDamagedError):
        SoftCustody(house.database, kek, house.clock).sign(key.id, b"data")


def test_where_there_is_no_sm4_only_those_who_want_it_are_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = opened(house, SM4).wrap(b"a key", binding=b"x")

    def missing(_: bytes) -> None:
        raise UnsupportedAlgorithm("SM4")

    monkeypatch.setattr(wrapping, "_Sm4Gcm", missing)
    with pytest.raises(Sm4UnavailableError):
        opened(house, SM4)
    kek = opened(house, AES)
    assert kek.unwrap(kek.wrap(b"a key", binding=b"x"), binding=b"x") == b"a key"
    assert kek.unwrap(blob, binding=b"x") is None
