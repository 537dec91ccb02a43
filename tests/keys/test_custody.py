"""Private keys rest wrapped, sign when asked, and show themselves to nobody."""

from __future__ import annotations

import copy
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from keys_house import House, openssl

from keys import FieldVault, KeyAlgorithm, KeyPurpose, Passphrase, SoftCustody
from keys._tables import SigningKeyRow
from keys.errors import KeyDamagedError, KeyUnknownError

DATA = "食品经营许可证".encode()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_3072])
def test_openssl_accepts_what_a_key_signs(house: House, tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    key = house.make_key(algorithm=algorithm)
    (tmp_path / "public.der").write_bytes(key.public_key)
    (tmp_path / "signature").write_bytes(house.another_process().custody.sign(key.id, DATA))
    openssl("pkey", "-pubin", "-inform", "DER", "-in", tmp_path / "public.der", "-out", tmp_path / "public.pem")
    openssl("dgst", "-sha256", "-verify", tmp_path / "public.pem", "-signature", tmp_path / "signature", data=DATA)


def test_a_key_is_known_by_what_it_was_made_for(house: House) -> None:
    key = house.make_key(KeyPurpose.TIMESTAMP)
    assert (key.purpose, key.algorithm, key.label) == (KeyPurpose.TIMESTAMP, KeyAlgorithm.ECDSA_P256, "a key")
    assert house.another_process().custody.info(key.id) == key
    assert house.custody.keys() == [key]


def test_an_unknown_key_is_named(house: House) -> None:
    with pytest.raises(KeyUnknownError) as refused:
        house.custody.sign(4711, DATA)
    assert refused.value.message_en == "There is no key 4711."


def test_a_key_signs_within_the_transaction_that_makes_it(house: House) -> None:
    with house.database.transaction() as session:
        key = house.custody.generate(session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="new")
        house.custody.sign(key.id, DATA)
        assert house.custody.info(key.id) == key
        with pytest.raises(KeyUnknownError):
            house.another_process().custody.sign(key.id, DATA)
    house.custody.sign(key.id, DATA)


def test_a_key_goes_with_the_transaction_that_is_rolled_back(house: House) -> None:
    with house.database.transaction() as session:
        key = house.custody.generate(session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="new")
        session.rollback()
    with pytest.raises(KeyUnknownError):
        house.custody.sign(key.id, DATA)
    assert house.custody.keys() == []


def test_a_savepoint_that_is_rolled_back_takes_its_keys_and_no_others(house: House) -> None:
    def generate(session: sa.orm.Session) -> int:
        return house.custody.generate(
            session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="new"
        ).id

    with house.database.transaction() as session:
        before = generate(session)
        with session.begin_nested():
            released = generate(session)
        savepoint = session.begin_nested()
        within = generate(session)
        savepoint.rollback()
        after = generate(session)
        for key_id in (before, released, after):
            house.custody.sign(key_id, DATA)
        with pytest.raises(KeyUnknownError):
            house.custody.sign(within, DATA)
    committed = house.custody.keys()
    assert [key.id for key in committed] == [before, released, after]


@pytest.mark.parametrize("column", ["purpose", "algorithm", "public_key", "wrapped"])
def test_rows_whose_parts_were_swapped_do_not_sign(house: House, column: str) -> None:
    first = house.make_key(KeyPurpose.SEAL)
    second = house.make_key(KeyPurpose.TOKEN, KeyAlgorithm.RSA_3072)
    with house.database.transaction() as session:
        session.execute(sa.text("ALTER TABLE signing_key DROP CONSTRAINT uq_signing_key_public_key"))
        value = session.scalar(sa.select(getattr(SigningKeyRow, column)).where(SigningKeyRow.id == second.id))
        session.execute(sa.update(SigningKeyRow).where(SigningKeyRow.id == first.id).values({column: value}))
    with pytest.raises(KeyDamagedError):
        house.another_process().custody.sign(first.id, DATA)


def test_a_row_under_another_number_does_not_sign(house: House) -> None:
    key = house.make_key()
    with house.database.transaction() as session:
        session.execute(sa.update(SigningKeyRow).values(id=key.id + 1000))
    with pytest.raises(KeyDamagedError):
        house.custody.sign(key.id + 1000, DATA)


@pytest.mark.parametrize("wrapped", [b"", b"short", bytes(200)])
def test_a_damaged_row_does_not_sign(house: House, wrapped: bytes) -> None:
    key = house.make_key()
    with house.database.transaction() as session:
        session.execute(sa.update(SigningKeyRow).values(wrapped=wrapped))
    with pytest.raises(KeyDamagedError):
        house.custody.sign(key.id, DATA)


def test_an_algorithm_that_is_not_allowed_does_not_sign(house: House) -> None:
    key = house.make_key()
    with house.database.transaction() as session:
        session.execute(sa.update(SigningKeyRow).values(algorithm="rsa-1024"))
    with pytest.raises(KeyDamagedError):
        house.custody.sign(key.id, DATA)


def test_few_unwrapped_keys_are_kept_and_all_sign(house: House) -> None:
    custody = SoftCustody(house.database, house.kek, house.clock, held=2)
    keys = [house.make_key() for _ in range(5)]
    for key in keys * 2:
        custody.sign(key.id, DATA)
    assert len(custody._held) == 2


def test_many_threads_sign_at_once(house: House) -> None:
    custody = SoftCustody(house.database, house.kek, house.clock, held=2)
    keys = [house.make_key() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(lambda number: custody.sign(keys[number % 4].id, DATA), range(200)))
    assert len(set(signatures)) == 200


class TestSecretsStayHidden:
    """Nothing that holds a secret shows it, however it is asked."""

    PASSPHRASE = "正确的马 电池 订书钉 2026"

    def test_in_representations_and_copies(self, house: House) -> None:
        key = house.make_key()
        house.another_process()
        house.custody.sign(key.id, DATA)
        vault = FieldVault(house.database, house.kek, house.clock)
        vault.ensure()
        holders = [
            Passphrase(self.PASSPHRASE),
            house.source,
            house.kek,
            house.custody,
            house.custody._held[key.id],
            vault,
            vault._keys,
        ]
        raw = house.source.material(b"", None)
        shown = "".join(f"{holder} {holder!r} {[holder]}" for holder in holders)
        assert self.PASSPHRASE not in shown
        assert raw.hex() not in shown
        assert repr(raw)[2:-1] not in shown
        for holder in holders:
            with pytest.raises(TypeError, match="holds a secret"):
                pickle.dumps(holder)
            with pytest.raises(TypeError, match="holds a secret"):
                copy.copy(holder)
            with pytest.raises(TypeError, match="holds a secret"):
                copy.deepcopy(holder)

    def test_in_the_database_and_the_log(self, house: House, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            keys = [house.make_key(algorithm=algorithm) for algorithm in KeyAlgorithm]
            FieldVault(house.database, house.kek, house.clock).ensure()
            for key in keys:
                house.custody.sign(key.id, DATA)
        with house.database.engine.connect() as connection:
            tables = ("key_encryption_key", "signing_key", "data_key", "certificate")
            dump = "".join(
                str(row) for table in tables for row in connection.execute(sa.text(f"SELECT t::text FROM {table} t"))
            )
        *others, sm2, edwards = (house.custody._held[key.id]._private for key in keys)
        elliptic, rivest = (key.private_numbers() for key in others)
        secrets = [elliptic.private_value, rivest.p, rivest.q, rivest.d, sm2._secret]
        secrets = [f"{number:x}" for number in secrets] + [house.source.material(b"", None).hex()]
        secrets.append(edwards.private_bytes_raw().hex())
        assert "a key" in dump
        for secret in secrets:
            assert secret not in dump
            assert secret not in caplog.text
