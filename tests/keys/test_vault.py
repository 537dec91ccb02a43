"""Encrypted fields come back as they went in, where they belong and nowhere else."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from keys_house import House

from keys import FieldVault
from keys._tables import DataKeyRow
from keys.errors import KeyDamagedError, VaultDamagedError
from keys.vault import DataKeyPurpose

NAME = "张三".encode()


def vault_of(house: House) -> FieldVault:
    return FieldVault(house.database, house.kek, house.clock)


@pytest.fixture(scope="module")
def vault(standing_house: House) -> FieldVault:
    return vault_of(standing_house)


@settings(deadline=None)
@given(st.binary(max_size=3000), st.text(st.characters(codec="utf-8"), max_size=50))
def test_what_goes_in_comes_out(vault: FieldVault, plaintext: bytes, context: str) -> None:
    assert vault.decrypt(vault.encrypt(plaintext, context=context), context=context) == plaintext


def test_another_process_reads_it(standing_house: House, vault: FieldVault) -> None:
    blob = vault.encrypt(NAME, context="holder.name")
    assert vault_of(standing_house.another_process()).decrypt(blob, context="holder.name") == NAME


def test_the_same_field_never_looks_the_same(vault: FieldVault) -> None:
    assert len({vault.encrypt(NAME, context="holder.name") for _ in range(50)}) == 50


def test_a_field_moved_elsewhere_does_not_decrypt(vault: FieldVault) -> None:
    blob = vault.encrypt(NAME, context="holder.name:1")
    with pytest.raises(VaultDamagedError) as damaged:
        vault.decrypt(blob, context="holder.name:2")
    assert damaged.value.code == "keys.vault_damaged"


def test_no_changed_bit_passes(vault: FieldVault) -> None:
    blob = vault.encrypt(NAME, context="holder.name")
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 0x01
        with pytest.raises(VaultDamagedError):
            vault.decrypt(bytes(changed), context="holder.name")


def test_no_cut_passes(vault: FieldVault) -> None:
    blob = vault.encrypt(NAME, context="holder.name")
    for length in range(len(blob)):
        with pytest.raises(VaultDamagedError):
            vault.decrypt(blob[:length], context="holder.name")


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_noise_does_not_decrypt(vault: FieldVault, blob: bytes) -> None:
    with pytest.raises(VaultDamagedError):
        vault.decrypt(blob, context="holder.name")


def test_an_index_finds_the_same_value_in_every_process(standing_house: House, vault: FieldVault) -> None:
    index = vault.blind_index("370202199001011234", context="holder.id")
    other = vault_of(standing_house.another_process())
    assert len(index) == 32
    assert other.blind_index("370202199001011234", context="holder.id") == index


def test_an_index_is_of_one_context_only(vault: FieldVault) -> None:
    pairs = [("holder.id", "37"), ("holder.i", "d37"), ("", "holder.id37"), ("operator.id", "37"), ("holder.id", "38")]
    assert len({vault.blind_index(value, context=context) for context, value in pairs}) == len(pairs)


def test_an_index_does_not_depend_on_the_normal_form(vault: FieldVault) -> None:
    forms = [unicodedata.normalize(form, "José") for form in ("NFC", "NFD")]
    assert len({vault.blind_index(form, context="holder.name") for form in forms}) == 1


def test_an_index_differs_in_another_house(vault: FieldVault, house: House) -> None:
    assert vault_of(house).blind_index("37", context="x") != vault.blind_index("37", context="x")


def test_processes_that_start_together_share_one_data_key(house: House) -> None:
    def start(number: int) -> bytes:
        return vault_of(house).encrypt(f"{number}".encode(), context="x")

    with ThreadPoolExecutor(8) as pool:
        blobs = list(pool.map(start, range(8)))
    vault = vault_of(house)
    assert [vault.decrypt(blob, context="x") for blob in blobs] == [f"{number}".encode() for number in range(8)]
    with house.database.transaction() as session:
        assert sorted(session.scalars(sa.select(DataKeyRow.purpose))) == ["field", "index"]


def test_a_later_data_key_takes_over_and_the_earlier_still_reads(house: House) -> None:
    vault = vault_of(house)
    before = vault.encrypt(NAME, context="x")
    with house.database.transaction() as session:
        vault._make(session, DataKeyPurpose.FIELD)
    newer = vault_of(house)
    after = newer.encrypt(NAME, context="x")
    assert before[1:9] != after[1:9]
    assert newer.decrypt(before, context="x") == NAME
    assert vault.decrypt(after, context="x") == NAME


def test_data_keys_that_were_swapped_do_not_open(house: House) -> None:
    vault_of(house).ensure()
    with house.database.transaction() as session:
        first, second = session.scalars(sa.select(DataKeyRow).order_by(DataKeyRow.id)).all()
        first.wrapped, second.wrapped = second.wrapped, first.wrapped
    with pytest.raises(KeyDamagedError):
        vault_of(house).ensure()
