"""Back-ups (备份): a directory that holds the service as it stood at each of several moments, encrypted.

    key.json                  how the archive's key is encrypted under the passphrase
    objects/ab/abcd…          every object, under its digest, once however many back-ups need it
    snapshots/<UTC>.objects   the digests of the objects that belong to a back-up
    snapshots/<UTC>.database  the database as it stood

A back-up is there once the copy of its database is, which appears last and whole. One that was broken off leaves
objects behind that the next one need not copy again. The database holds the private keys and data keys as they are
wrapped; the key-encryption key that opens them is in no back-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.errors import BackupIncompleteError, BackupMissingError, BackupUnusableError
from keys import ArchiveKey, Passphrase
from keys.errors import ArchiveDamagedError
from store.clock import Clock
from store.database import Database
from store.files import appearing
from store.objects import ObjectDamagedError, ObjectMissingError, ObjectStore
from store.snapshot import Snapshot, dump, examine, load

_DESCRIPTION: Final = "key.json"
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_DATABASE, _OBJECTS = ".database", ".objects"
_DIGEST_SIZE: Final = 32

Told = Callable[[int], object]
"""Takes the count of objects that are done."""


def _untold(_count: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Backup:
    """A back-up that was made, looked through or restored."""

    name: str
    """When it was made, as ``20261128T021200Z``."""
    snapshot: Snapshot
    objects: int
    """How many belong to it."""
    copied: int
    """How many of them had to be copied; the others were there."""
    missing: tuple[str, ...] = ()
    """Digests that rows of the database name, and of which the object store has no sound object."""


class Backups:
    """The back-ups in a directory."""

    def __init__(self, directory: Path, passphrase: Passphrase, clock: Clock) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._clock = clock

    def names(self) -> list[str]:
        """Of all back-ups that are whole, oldest first."""
        found = (self._directory / "snapshots").glob(f"*{_DATABASE}")
        return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))

    def make(self, database: Database, objects: ObjectStore, *, told: Told = _untold) -> Backup:
        """Make a back-up of the database and of every object that there is.

        The objects are listed after the database was copied. Rows name objects that were stored before, so all that
        the copy names are among them; and so are the scans of an import that still goes on, which no row names in the
        clear.

        :raises BackupUnusableError: the directory cannot be written to, or is full.
        :raises store.errors.YinzhengError: the passphrase is not the directory's, or the database or the object store
            cannot be read.
        """
        name = f"{self._clock.now():%Y%m%dT%H%M%SZ}"
        named: set[bytes] = set()
        with self._using():
            key = self._key(make=True)
            path = self._snapshot(name, _DATABASE)
            self._make_directory(path.parent)
            with appearing(path) as file:
                with key.writer(file, name=path.name) as writer:
                    snapshot = dump(database, writer.write, named=lambda digest: named.add(bytes.fromhex(digest)))
                sound, copied = self._copy(key, objects, told)
                self._write(key, self._snapshot(name, _OBJECTS), b"".join(sorted(sound)))
        missing = tuple(each.hex() for each in sorted(named - sound))
        return Backup(name, snapshot, len(sound), copied, missing)

    def check(self, name: str | None = None, *, told: Told = _untold) -> Backup:
        """Read a back-up, the newest where none is named, to the last byte, and change nothing.

        :raises BackupMissingError: there is no such back-up.
        :raises BackupIncompleteError: an object of it is missing or is not what it should be.
        :raises BackupUnusableError: the directory cannot be read.
        :raises store.errors.YinzhengError: the passphrase is not the directory's, or a file was cut or altered.
        """
        with self._using():
            name, key = self._chosen(name), self._key()
            digests = self._digests(key, name)
            for count, digest in enumerate(digests, start=1):
                self._read_object(key, digest)
                told(count)
            snapshot = examine(self._read(key, self._snapshot(name, _DATABASE)))
        return Backup(name, snapshot, len(digests), copied=0)

    def restore(
        self, database: Database, objects: ObjectStore, name: str | None = None, *, told: Told = _untold
    ) -> Backup:
        """Bring a back-up, the newest where none is named, into an empty database and an object store.

        What was broken off can be done again: objects that are there are left, and the database is filled in one
        transaction, last. Raises like :meth:`check`; what is altered never becomes part of the database.

        :raises store.schema.DatabaseNotEmptyError: there are tables in the database.
        """
        with self._using():
            name, key = self._chosen(name), self._key()
            digests, copied = self._digests(key, name), 0
            for count, digest in enumerate(digests, start=1):
                if not objects.exists(digest):
                    objects.put(self._read_object(key, digest))
                    copied += 1
                told(count)
            snapshot = load(database, self._read(key, self._snapshot(name, _DATABASE)))
        return Backup(name, snapshot, len(digests), copied)

    def mend(self, objects: ObjectStore, name: str | None = None, *, told: Told = _untold) -> Backup:
        """Put those objects of a back-up, the newest where none is named, that are missing or altered in their place.

        The database is left alone. Raises like :meth:`check`.
        """
        with self._using():
            name, key = self._chosen(name), self._key()
            digests, copied = self._digests(key, name), 0
            for count, digest in enumerate(digests, start=1):
                try:
                    objects.get(digest)
                except (ObjectMissingError, ObjectDamagedError):
                    objects.put(self._read_object(key, digest))
                    copied += 1
                told(count)
            snapshot = examine(self._read(key, self._snapshot(name, _DATABASE)))
        return Backup(name, snapshot, len(digests), copied)

    def _copy(self, key: ArchiveKey, objects: ObjectStore, told: Told) -> tuple[set[bytes], int]:
        sound: set[bytes] = set()
        copied = 0
        for count, digest in enumerate(objects.digests(), start=1):
            path = self._object(digest)
            try:
                if not path.exists():
                    data = objects.get(digest)
                    self._make_directory(path.parent)
                    self._write(key, path, data)
                    copied += 1
                sound.add(bytes.fromhex(digest))
            except (ObjectMissingError, ObjectDamagedError):
                pass  # told of where a row names it
            told(count)
        return sound, copied

    def _digests(self, key: ArchiveKey, name: str) -> list[str]:
        data = b"".join(self._read(key, self._snapshot(name, _OBJECTS)))
        return [data[at : at + _DIGEST_SIZE].hex() for at in range(0, len(data), _DIGEST_SIZE)]

    def _read_object(self, key: ArchiveKey, digest: str) -> bytes:
        try:
            return b"".join(self._read(key, self._object(digest)))
        except (FileNotFoundError, ArchiveDamagedError) as error:
            raise BackupIncompleteError(digest=digest) from error

    def _chosen(self, name: str | None) -> str:
        names = self.names()
        if not names or (name is not None and name not in names):
            raise BackupMissingError(directory=self._directory, known="、".join(names[-5:]) or "—")
        return name or names[-1]

    def _key(self, *, make: bool = False) -> ArchiveKey:
        path = self._directory / _DESCRIPTION
        if make and not path.exists():
            self._make_directory(self._directory)
            key, description = ArchiveKey.make(self._passphrase)
            with appearing(path) as file:
                file.write(description)
            return key
        return ArchiveKey.open(path.read_bytes(), self._passphrase)

    def _snapshot(self, name: str, suffix: str) -> Path:
        return self._directory / "snapshots" / f"{name}{suffix}"

    def _object(self, digest: str) -> Path:
        return self._directory / "objects" / digest[:2] / digest

    def _make_directory(self, directory: Path) -> None:
        """Make a directory and those above it, for nobody but us."""
        if not directory.exists():
            self._make_directory(directory.parent)
            directory.mkdir(mode=0o700, exist_ok=True)

    @staticmethod
    def _write(key: ArchiveKey, path: Path, data: bytes) -> None:
        with appearing(path) as file, key.writer(file, name=path.name) as writer:
            writer.write(data)

    @staticmethod
    def _read(key: ArchiveKey, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from key.read(file, name=path.name)

    @contextmanager
    def _using(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise BackupUnusableError(directory=self._directory, problem=problem) from error
