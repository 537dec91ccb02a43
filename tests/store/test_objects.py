"""Objects are kept whole under their hash, and nothing else is ever handed out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_server import free_port
from s3_server import S3Server, environment_of

from store import objects
from store.errors import Kind
from store.objects import (
    ObjectDamagedError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreUrlError,
    ObjectsUnavailableError,
    open_object_store,
)
from tests.small_disk import small_disk


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of an S3 service that the environment points to."""
    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server.objects


@pytest.fixture(params=["directory", "file", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        request.getfixturevalue("s3")
    urls = {
        "directory": f"{tmp_path}/objects",
        "file": f"file://{tmp_path}/a%20b",
        "s3": "s3://bucket/some/prefix",
        "memory": "memory://",
    }
    return open_object_store(urls[request.param])


def path_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:4] / digest


def test_what_is_put_comes_back_under_its_hash(store: ObjectStore) -> None:
    digest = store.put(b"licence")
    assert digest == hashlib.sha256(b"licence").hexdigest()
    assert store.get(digest) == b"licence"
    assert store.exists(digest)
    assert store.put(b"licence") == digest
    assert store.get(store.put(b"")) == b""


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    assert not store.exists("0" * 64)
    with pytest.raises(ObjectMissingError) as caught:
        store.get("0" * 64)
    assert caught.value.kind is Kind.NOT_FOUND


@given(digest=st.text(max_size=70) | st.sampled_from(["", "../" * 22, "A" * 64, "0" * 63, "0" * 64 + "\n", "٠" * 64]))
def test_what_is_no_hash_never_reaches_the_store(digest: str) -> None:
    store = open_object_store("memory://")
    with pytest.raises(ValueError, match="SHA-256"):
        store.get(digest)
    with pytest.raises(ValueError, match="SHA-256"):
        store.exists(digest)


def test_objects_of_many_threads_are_all_whole(tmp_path: Path) -> None:
    store = open_object_store(str(tmp_path))
    contents = [bytes([index]) * 100_000 for index in range(10)]
    threads = [threading.Thread(target=lambda: [store.put(data) for data in contents]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get(hashlib.sha256(data).hexdigest()) for data in contents] == contents
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 10, "nothing half written is left"


def test_a_damaged_object_is_not_handed_out_and_is_mended_by_the_right_bytes(tmp_path: Path) -> None:
    store = open_object_store(str(tmp_path))
    digest = store.put(b"licence")
    path_of(tmp_path, digest).write_bytes(b"licenCe")
    with pytest.raises(ObjectDamagedError) as caught:
        store.get(digest)
    assert digest in caught.value.message_en
    store.put(b"licence")
    assert store.get(digest) == b"licence"


def test_a_damaged_object_in_s3_is_not_handed_out_and_is_mended(s3: dict[str, bytes]) -> None:
    store = open_object_store("s3://bucket/some prefix")
    digest = store.put(b"licence")
    (path,) = s3
    assert path == f"/bucket/some%20prefix/{digest[:2]}/{digest[2:4]}/{digest}"
    s3[path] = b"licenCe"
    with pytest.raises(ObjectDamagedError):
        store.get(digest)
    store.put(b"licence")
    assert store.get(digest) == b"licence"


def test_a_sound_object_is_not_written_over(tmp_path: Path) -> None:
    store = open_object_store(str(tmp_path))
    path = path_of(tmp_path, store.put(b"licence"))
    before = path.stat()
    store.put(b"licence")
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_users_of_the_machine_cannot_read_objects(tmp_path: Path) -> None:
    open_object_store(str(tmp_path / "objects"))
    assert (tmp_path / "objects").stat().st_mode & 0o077 == 0


def test_an_s3_that_does_not_answer_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(free_port()).items():
        monkeypatch.setenv(name, value)
    store = open_object_store("s3://bucket")
    for act in (lambda: store.put(b"x"), lambda: store.get("0" * 64), lambda: store.exists("0" * 64)):
        with pytest.raises(ObjectsUnavailableError):
            act()


def test_an_s3_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_S3_SECONDS", 0.2)
    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        store = open_object_store("s3://bucket")
        server.answers.clear()
        with pytest.raises(ObjectsUnavailableError):
            store.probe()
        server.answers.set()
        store.probe()


def test_a_full_disk_takes_no_object_leaves_no_part_of_one_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        store = open_object_store(str(disk.path / "objects"))
        kept = store.put(b"licence")
        disk.fill()
        with pytest.raises(ObjectsUnavailableError):
            store.put(bytes(300_000))
        assert store.get(kept) == b"licence"
        disk.make_space()
        assert [each.name for each in (disk.path / "objects").rglob("*") if each.is_file()] == [kept]
        assert store.get(store.put(bytes(300_000))) == bytes(300_000)


def test_a_directory_that_went_away_is_an_error(tmp_path: Path) -> None:
    store = open_object_store(str(tmp_path / "objects"))
    (tmp_path / "objects").rmdir()
    (tmp_path / "objects").write_text("a file")
    with pytest.raises(ObjectsUnavailableError):
        store.put(b"x")


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ObjectsUnavailableError):
        open_object_store(str(tmp_path / "file" / "objects"))


@pytest.mark.parametrize("url", ["", "ftp://host/x", "s3://", "file://host/x", "gs://bucket"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ObjectStoreUrlError):
        open_object_store(url)
