"""All keys move under a new key-encryption key together, or none does."""

from __future__ import annotations

import secrets

import pytest
import sqlalchemy as sa
from keys_house import House

from keys import FieldVault, KeyEncryptionKey, Passphrase, RawKey, ScryptCost, SoftCustody, rewrap
from keys._tables import SigningKeyRow
from keys.errors import KekWrongError, KeyDamagedError


def new_source() -> Passphrase:
    return Passphrase("一个新的足够长的密钥口令", cost=ScryptCost(n=2**10))


def test_keys_sign_and_fields_open_under_the_new_key(house: House) -> None:
    keys = [house.make_key() for _ in range(3)]
    vault = FieldVault(house.database, house.kek, house.clock)
    blob, index = vault.encrypt(b"name", context="x"), vault.blind_index("37", context="x")

    rewrap(house.database, house.kek, new_source(), house.clock)

    kek = KeyEncryptionKey.open(house.database, new_source(), house.clock)
    custody = SoftCustody(house.database, kek, house.clock)
    for key in keys:
        custody.sign(key.id, b"data")
    vault = FieldVault(house.database, kek, house.clock)
    assert vault.decrypt(blob, context="x") == b"name"
    assert vault.blind_index("37", context="x") == index


def test_the_old_key_opens_nothing_any_more(house: House) -> None:
    key = house.make_key()
    rewrap(house.database, house.kek, new_source(), house.clock)
    with pytest.raises(KekWrongError):
        KeyEncryptionKey.open(house.database, house.source, house.clock)
    with pytest.raises(KekWrongError):
        rewrap(house.database, house.kek, new_source(), house.clock)
    with pytest.raises(KeyDamagedError):
        SoftCustody(house.database, house.kek, house.clock).sign(key.id, b"data")


def test_a_process_that_runs_on_with_the_old_key_leaves_no_key_that_nothing_opens(house: House) -> None:
    rewrap(house.database, house.kek, RawKey(secrets.token_bytes(32)), house.clock)
    with pytest.raises(KekWrongError):
        house.make_key()
    with pytest.raises(KekWrongError):
        FieldVault(house.database, house.kek, house.clock).ensure()
    assert house.custody.keys() == []


def test_one_damaged_key_stops_it_and_nothing_is_changed(house: House) -> None:
    first, second = house.make_key(), house.make_key()
    with house.database.transaction() as session:
        session.execute(sa.update(SigningKeyRow).where(SigningKeyRow.id == second.id).values(wrapped=bytes(99)))
    with pytest.raises(KeyDamagedError):
        rewrap(house.database, house.kek, new_source(), house.clock)
    house.another_process().custody.sign(first.id, b"data")
