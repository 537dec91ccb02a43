"""The key-encryption key: recognised at the start, wrong ones refused before anything is written."""

from __future__ import annotations

import secrets
import stat
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from keys_house import House

from keys import KekSource, KeyEncryptionKey, KeyPurpose, Passphrase, RawKey, ScryptCost, create_key_file
from keys._tables import KekRow
from keys.errors import (
    KekLostError,
    KekMalformedError,
    KekWrongError,
    KeyFileUnusableError,
    PassphraseTooShortError,
)
from store.acting import SERVICE
from store.clock import FixedClock
from store.database import Database

CHEAP = ScryptCost(n=2**10)
WORDS = "青岛 电子证照 印章 口令 二〇二六"


def passphrase(text: str = WORDS) -> Passphrase:
    return Passphrase(text, cost=CHEAP)


def contents(database: Database) -> list[tuple[object, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM key_encryption_key"))]


def opened_by(database: Database, source: KekSource, clock: FixedClock, wrapped: bytes) -> bytes | None:
    return KeyEncryptionKey.open(database, source, clock).unwrap(wrapped, binding=b"test")


@pytest.mark.parametrize("make", [passphrase, lambda: RawKey(bytes(range(32)))])
def test_the_same_secret_gives_the_same_key_again(database: Database, clock: FixedClock, make) -> None:
    wrapped = KeyEncryptionKey.open(database, make(), clock).wrap(b"a key", binding=b"test")
    assert opened_by(database, make(), clock, wrapped) == b"a key"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (passphrase(), passphrase(WORDS + "。")),
        (RawKey(bytes(range(32))), RawKey(bytes(range(1, 33)))),
        (passphrase(), RawKey(bytes(range(32)))),
        (RawKey(bytes(range(32))), passphrase()),
    ],
)
def test_a_wrong_secret_is_refused_and_nothing_is_written(
    database: Database, clock: FixedClock, right: KekSource, wrong: KekSource
) -> None:
    KeyEncryptionKey.open(database, right, clock)
    before = contents(database)
    with pytest.raises(KekWrongError) as refused:
        KeyEncryptionKey.open(database, wrong, clock)
    assert refused.value.code == "keys.kek_wrong"
    assert contents(database) == before


def test_the_database_holds_the_cost_and_a_check_value_but_not_the_key(database: Database, clock: FixedClock) -> None:
    key = secrets.token_bytes(32)
    KeyEncryptionKey.open(database, RawKey(key), clock)
    assert key not in b"".join(value for row in contents(database) for value in row if isinstance(value, bytes))


def test_a_passphrase_costs_128_mebibytes_by_default(database: Database, clock: FixedClock) -> None:
    KeyEncryptionKey.open(database, Passphrase(WORDS), clock)
    with database.transaction() as session:
        row = session.get_one(KekRow, 1)
    assert (row.scrypt_n, row.scrypt_r, row.scrypt_p) == (2**17, 8, 1)


def test_a_later_default_cost_does_not_lock_anyone_out(database: Database, clock: FixedClock) -> None:
    KeyEncryptionKey.open(database, passphrase(), clock)
    KeyEncryptionKey.open(database, Passphrase(WORDS, cost=ScryptCost(n=2**11)), clock)


def test_a_passphrase_may_come_in_another_normal_form(database: Database, clock: FixedClock) -> None:
    words = "clé de la ville d’été"
    KeyEncryptionKey.open(database, passphrase(unicodedata.normalize("NFC", words)), clock)
    KeyEncryptionKey.open(database, passphrase(unicodedata.normalize("NFD", words)), clock)


@pytest.mark.parametrize("text", ["", "elevenchars", " " * 20, "short       "])
def test_a_short_passphrase_is_refused(text: str) -> None:
    with pytest.raises(PassphraseTooShortError, match="12 characters"):
        Passphrase(text)


def test_processes_that_start_together_agree_on_one_key(database: Database, clock: FixedClock) -> None:
    def start(_: int) -> KeyEncryptionKey:
        other = Database(database.url.render_as_string(hide_password=False), acting=SERVICE)
        try:
            return KeyEncryptionKey.open(other, passphrase(), clock)
        finally:
            other.close()

    with ThreadPoolExecutor(8) as pool:
        keks = list(pool.map(start, range(8)))
    wrapped = keks[0].wrap(b"a key", binding=b"test")
    assert {kek.unwrap(wrapped, binding=b"test") for kek in keks} == {b"a key"}
    assert len(contents(database)) == 1


def test_of_two_secrets_that_start_together_one_is_refused(database: Database, clock: FixedClock) -> None:
    def start(source: KekSource) -> bool:
        try:
            KeyEncryptionKey.open(database, source, clock)
        except KekWrongError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(start, [passphrase(), passphrase(WORDS + "!")]))
    assert sorted(started) == [False, True]


def test_a_lost_record_is_not_made_anew_while_keys_exist(house: House) -> None:
    house.make_key(KeyPurpose.SEAL)
    with house.database.transaction() as session:
        session.execute(sa.delete(KekRow))
    with pytest.raises(KekLostError):
        KeyEncryptionKey.open(house.database, house.source, house.clock)
    assert contents(house.database) == []


def test_what_is_wrapped_for_one_thing_does_not_unwrap_for_another(house: House) -> None:
    wrapped = house.kek.wrap(b"a key", binding=b"seal")
    assert house.kek.unwrap(wrapped, binding=b"token") is None


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_a_cut_blob_does_not_unwrap(house: House, cut: int) -> None:
    assert house.kek.unwrap(house.kek.wrap(b"a key", binding=b"x")[:cut], binding=b"x") is None


KEY = bytes(range(100, 132))


@pytest.mark.parametrize("written", [KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\n"])
def test_a_key_file_holds_bytes_or_hexadecimal(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "kek"
    file.write_bytes(written)
    assert RawKey.from_file(file).material(b"", None) == KEY


@pytest.mark.parametrize(
    "written",
    [b"", KEY[:31], KEY + b"\n", KEY.hex().encode()[:-1], b"changeme" * 4, bytes(32), b"0" * 64, b"\xff" * 64],
)
def test_a_key_file_with_anything_else_is_refused(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "kek"
    file.write_bytes(written)
    with pytest.raises(KekMalformedError):
        RawKey.from_file(file)


@pytest.mark.parametrize("text", ["", "changeme", KEY.hex()[:-2], KEY.hex() + "00", "０" * 64])
def test_a_malformed_environment_value_is_refused(text: str) -> None:
    with pytest.raises(KekMalformedError):
        RawKey.from_text(text)


@pytest.mark.parametrize(
    ("mode", "accepted"), [(0o600, True), (0o400, True), (0o444, True), (0o620, False), (0o602, False)]
)
def test_a_key_file_that_others_may_write_to_is_refused(tmp_path: Path, mode: int, accepted: bool) -> None:
    file = tmp_path / "kek"
    file.write_bytes(KEY)
    file.chmod(mode)
    if accepted:
        RawKey.from_file(file)
    else:
        with pytest.raises(KeyFileUnusableError, match="others may write"):
            RawKey.from_file(file)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnusableError, match=r"nowhere/kek"):
        RawKey.from_file(tmp_path / "nowhere" / "kek")


def test_a_made_key_file_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "var" / "kek"
    create_key_file(file)
    first = file.read_bytes()
    create_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == first
    assert len(first) == 32
    assert [path.name for path in file.parent.iterdir()] == ["kek"]


def test_processes_that_make_a_key_file_together_get_one(tmp_path: Path) -> None:
    file = tmp_path / "kek"

    def start(_: int) -> bytes:
        create_key_file(file)
        return file.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(start, range(64)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kek"]
