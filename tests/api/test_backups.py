"""Back up, destroy, restore: everything is there again, or nothing was touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from api.backups import Backups
from api.errors import BackupIncompleteError, BackupMissingError, BackupUnusableError
from api.services import Services
from keys import Passphrase, ScryptCost
from keys.errors import ArchiveDamagedError, ArchiveKeyWrongError
from store import schema
from store.acting import becoming
from store.clock import FixedClock
from store.database import Database
from store.objects import ObjectStore, open_object_store
from store.schema import DatabaseNotEmptyError, SchemaUnknownError
from store.snapshot import SnapshotUnreadableError, dump, examine, load
from tests.api.terminal import Terminal
from tests.conftest import Databases, settings_for
from tests.house import LAW, House
from tests.store.test_migration_seal_data import upgrade_to
from tests.store.test_migration_wallets import LICENCE, REFERENCES
from trust import Decision, Licence

CHEAP = ScryptCost(n=2**10)


@dataclass
class Archive:
    """A house, and where its back-ups are."""

    house: House
    directory: Path
    licence: Licence

    def backups(self, passphrase: str = "correct horse battery") -> Backups:
        return Backups(self.directory, Passphrase(passphrase, cost=CHEAP), self.house.services.clock)

    def make(self) -> str:
        services = self.house.services
        made = self.backups().make(services.database, services.objects)
        assert made.missing == ()
        return made.name

    def later(self) -> None:
        clock = self.house.services.clock
        assert isinstance(clock, FixedClock)
        clock.advance(timedelta(days=1))

    def file(self, name: str, suffix: str = ".database") -> Path:
        return self.directory / "snapshots" / f"{name}{suffix}"


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[House]:
    """One house for all tests, which leave it sound."""
    database, clock = databases.create(), FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with (
        TemporaryDirectory(prefix="yinzheng-backups-") as directory,
        Services(settings_for(database, Path(directory)), clock) as services,
    ):
        house = House(services)
        house.issue("food_operation_permit")
        house.issue()
        house.services.ledger.sequence()
        yield house
    databases.drop(database)


@pytest.fixture
def archive(shared: House, tmp_path: Path) -> Archive:
    return Archive(shared, tmp_path / "backups", shared.issue())


@pytest.fixture
def elsewhere(tmp_path: Path) -> ObjectStore:
    return open_object_store((tmp_path / "elsewhere" / "objects").as_uri())


def contents(database: Database) -> dict[str, list[str]]:
    """Every row of every table."""
    with database.engine.connect() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        return {
            table: sorted(connection.scalars(sa.text(f'SELECT t::text FROM "{table}" t')).all()) for table in tables
        }


def test_a_service_is_destroyed_and_goes_on_from_its_back_up(archive: Archive, empty: Database, tmp_path: Path) -> None:
    old, name = archive.house.services, archive.make()
    before = contents(old.database)
    pdf = archive.house.pdf(archive.licence)
    home = tmp_path / "elsewhere"
    (home / "secrets").mkdir(parents=True)
    shutil.copy(old.settings.var / "secrets" / "kek", home / "secrets" / "kek")
    with Services(settings_for(empty, home), old.clock) as services:
        restored = archive.backups().restore(empty, services.objects)
        assert restored.name == name
        assert contents(empty) == before
        services.open_key_encryption_key()
        again = House(services)
        assert again.pdf(services.register.get(archive.licence.identifier)) == pdf
        assert services.checker.check_pdf(pdf).passed
        services.register.revoke(archive.licence.identifier, Decision("tests", "x", legal_basis=LAW))
        assert again.issue("teacher_qualification_certificate").revision == 1
        assert services.ledger.sequence() > 0
        with pytest.raises(DBAPIError, match="append"), empty.transaction() as session:
            session.execute(sa.text("DELETE FROM licence_event"))
        with becoming(), empty.transaction() as session:
            assert session.execute(sa.text("SELECT identifier FROM licence")).all() == [], "the policies hold again"


def test_the_next_back_up_copies_only_what_is_new(archive: Archive) -> None:
    services = archive.house.services
    first = archive.backups().make(services.database, services.objects)
    assert first.copied == first.objects
    archive.house.issue("teacher_qualification_certificate")
    archive.later()
    second = archive.backups().make(services.database, services.objects)
    assert (second.objects, second.copied) == (first.objects + 1, 1)
    assert archive.backups().names() == [first.name, second.name]
    assert archive.backups().check(first.name).objects == first.objects


def test_neither_personal_data_nor_keys_nor_tables_show_in_a_back_up(archive: Archive) -> None:
    archive.make()
    whole = b"".join(path.read_bytes() for path in archive.directory.rglob("*") if path.is_file())
    for word in (b"licence_event", b"%PDF", archive.licence.identifier.encode(), archive.licence.holder.name.encode()):
        assert word not in whole
    kek = (archive.house.services.settings.var / "secrets" / "kek").read_bytes()
    assert kek not in whole
    for path in archive.directory.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_back_up_that_was_harmed_is_refused_and_nothing_restored(
    archive: Archive, empty: Database, elsewhere: ObjectStore
) -> None:
    older = archive.make()
    archive.later()
    newer = archive.make()
    for suffix in (".database", ".objects"):
        path = archive.file(newer, suffix)
        sound = path.read_bytes()
        altered = bytearray(sound)
        altered[len(sound) // 2] ^= 1
        for harmed in (sound[:-1], bytes(altered), archive.file(older, suffix).read_bytes()):
            path.write_bytes(harmed)
            with pytest.raises(ArchiveDamagedError):
                archive.backups().check()
            with pytest.raises(ArchiveDamagedError):
                archive.backups().restore(empty, elsewhere)
            assert contents(empty) == {}
        path.write_bytes(sound)
    assert archive.backups().restore(empty, elsewhere).name == newer


def test_a_harmed_object_is_noticed_and_the_restoring_goes_on_once_it_is_mended(
    archive: Archive, empty: Database, elsewhere: ObjectStore
) -> None:
    archive.make()
    first, *_, second = sorted(path for path in (archive.directory / "objects").rglob("*") if path.is_file())
    sound = second.read_bytes()
    for harmed in (sound[:-1], first.read_bytes(), None):
        second.unlink() if harmed is None else second.write_bytes(harmed)
        with pytest.raises(BackupIncompleteError, match=second.name):
            archive.backups().check()
        with pytest.raises(BackupIncompleteError, match=second.name):
            archive.backups().restore(empty, elsewhere)
        assert contents(empty) == {}
    second.write_bytes(sound)
    assert archive.backups().restore(empty, elsewhere).copied == 1  # the others came before


def test_a_back_up_that_was_broken_off_does_not_count(archive: Archive) -> None:
    services = archive.house.services
    (archive.directory / "objects").mkdir(parents=True)
    for letter in "0123456789abcdef":
        for other in "0123456789abcdef":
            (archive.directory / "objects" / f"{letter}{other}").write_text("in the way")
    with pytest.raises(BackupUnusableError):
        archive.backups().make(services.database, services.objects)
    assert archive.backups().names() == []
    assert list(archive.directory.rglob("*.part")) == []
    with pytest.raises(BackupMissingError):
        archive.backups().check()


def test_only_the_passphrase_opens_it(archive: Archive, empty: Database, elsewhere: ObjectStore) -> None:
    archive.make()
    services = archive.house.services
    for act in (
        lambda: archive.backups("another passphrase").check(),
        lambda: archive.backups("another passphrase").restore(empty, elsewhere),
        lambda: archive.backups("another passphrase").make(services.database, services.objects),
    ):
        with pytest.raises(ArchiveKeyWrongError):
            act()


def test_objects_that_the_database_names_and_that_are_gone_are_told_of(archive: Archive) -> None:
    services = archive.house.services
    digest = archive.licence.pdf_digest or ""
    path = services.settings.var / "objects" / digest[:2] / digest[2:4] / digest
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert archive.backups().make(services.database, services.objects).missing == (digest,)
    path.write_bytes(sound)


def test_a_database_with_tables_is_left_alone(archive: Archive, database: Database, elsewhere: ObjectStore) -> None:
    archive.make()
    before = contents(database)
    with pytest.raises(DatabaseNotEmptyError):
        archive.backups().restore(database, elsewhere)
    assert contents(database) == before


def test_what_commits_while_a_back_up_is_made_is_in_it_whole_or_not_at_all(archive: Archive, empty: Database) -> None:
    house, pieces = archive.house, list[bytes]()
    before = len(contents(house.services.database)["licence"])

    def write(piece: bytes) -> None:
        if len(pieces) == 3:
            house.issue("teacher_qualification_certificate")
        pieces.append(piece)

    taken = dump(house.services.database, write, named=lambda _: None)
    load(empty, pieces)
    with empty.transaction() as session:
        licences = session.scalar(sa.text("SELECT count(*) FROM licence"))
        assert licences == taken.rows["licence"] == before


def test_a_back_up_of_an_earlier_release_is_brought_to_this_one(empty: Database) -> None:
    upgrade_to(empty, "0018")
    _without_foreign_keys(empty, LICENCE)
    pieces = _dumped(empty)
    load(empty, pieces)
    schema.require_current(empty)
    assert len(contents(empty)["licence"]) == 1


def test_rows_that_name_rows_that_are_not_there_are_refused(empty: Database) -> None:
    upgrade_to(empty, "0018")
    _without_foreign_keys(empty, REFERENCES)
    pieces = _dumped(empty)
    with pytest.raises(SnapshotUnreadableError):
        load(empty, pieces)
    assert contents(empty) == {}


def test_a_snapshot_of_an_unknown_release_is_refused(empty: Database) -> None:
    content = b'{"format": "yinzheng-snapshot/1", "at": "2026-01-01", "revision": "9999"}'
    with pytest.raises(SchemaUnknownError):
        load(empty, [len(content).to_bytes(4, "big") + b"H" + content])


def test_a_stream_that_is_no_snapshot_is_refused(empty: Database) -> None:
    streams = (b"", b"\0\0\0\1H{", b"\0\0\0\2H{}", b"\0\0\0\1H1", b"\xff\xff\xff\xffH" + bytes(9), b"\0\0\0\1E1")
    for stream in streams:
        with pytest.raises(SnapshotUnreadableError):
            load(empty, [stream])
        with pytest.raises(SnapshotUnreadableError):
            examine([stream])
    assert contents(empty) == {}


def _without_foreign_keys(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(statement))


def _dumped(database: Database) -> list[bytes]:
    """A snapshot of a database, which is empty afterwards."""
    pieces: list[bytes] = []
    dump(database, pieces.append, named=lambda _: None)
    with database.transaction() as session:
        session.execute(sa.text("DROP SCHEMA public CASCADE"))
        session.execute(sa.text("CREATE SCHEMA public"))
    return pieces


def test_the_commands_back_up_check_and_restore(archive: Archive, empty: Database, tmp_path: Path) -> None:
    old, passphrase = archive.house.services, tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    home = tmp_path / "elsewhere"
    (home / "secrets").mkdir(parents=True)
    shutil.copy(old.settings.var / "secrets" / "kek", home / "secrets" / "kek")
    assert old.settings.database_url is not None
    backups, there, here = tmp_path / "backups", Terminal(old.settings.var), Terminal(home)
    source = old.settings.database_url.get_secret_value()
    target = empty.url.render_as_string(hide_password=False)

    refused = there.run("backup", backups, YINZHENG_DATABASE_URL=source)
    assert refused.returncode == 1
    assert "passphrase" in refused.stderr
    given = ("--passphrase-file", passphrase)
    made = there.run("backup", backups, *given, YINZHENG_DATABASE_URL=source)
    assert made.returncode == 0, made.stderr
    checked = here.run("restore", backups, *given, "--check", YINZHENG_DATABASE_URL=target)
    assert checked.returncode == 0, checked.stderr
    restored = here.run("restore", backups, *given, YINZHENG_DATABASE_URL=target)
    assert restored.returncode == 0, restored.stderr
    found = here.run("licence", "status", archive.licence.identifier, YINZHENG_DATABASE_URL=target)
    assert found.returncode == 0, found.stderr
