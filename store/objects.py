"""Files kept under the hash of their content, on disk or in S3; what is read back is checked against it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError
from obstore.store import LocalStore, MemoryStore, S3Store

from store.errors import Kind, YinzhengError
from store.files import flush

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_S3_SECONDS = 30
_S3_AT_ONCE = 16
"""How many calls of a process S3 may have before it: while it is slow, the threads that serve what needs no object are
more than those that wait for one."""
_S3_PLACE_SECONDS = 0.5
_S3_RETRY: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}


class ObjectMissingError(YinzhengError):
    """No object has this hash."""

    code = "store.object_missing"
    kind = Kind.NOT_FOUND
    zh = "对象 {digest} 不存在，请核对对象存储，必要时从备份恢复。"
    en = "Object {digest} does not exist; check the object store and restore it from a backup if need be."


class ObjectDamagedError(YinzhengError):
    """What is stored under a hash does not have that hash."""

    code = "store.object_damaged"
    kind = Kind.UNAVAILABLE
    zh = "对象 {digest} 的内容已损坏，未予返回，请从备份恢复。"
    en = "The content of object {digest} is damaged and was not handed out; restore it from a backup."


class ObjectsUnavailableError(YinzhengError):
    """The object store cannot be reached, or does not let us in, or is full."""

    code = "store.objects_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "对象存储暂时不可用，本次操作未生效，请检查存储服务、权限和剩余空间后重试。"
    en = (
        "The object store cannot be used and nothing was changed; "
        "check the service, its permissions and the space left, and try again."
    )


class ObjectStoreUrlError(YinzhengError):
    """The address of the object store is none."""

    code = "store.objects_url_invalid"
    kind = Kind.MISCONFIGURED
    zh = "YINZHENG_OBJECTS_URL 无法识别：应为目录、file:///目录、s3://存储桶/前缀 或 memory://。"
    en = "YINZHENG_OBJECTS_URL is not understood: a directory, file:///directory, s3://bucket/prefix or memory://."


class ObjectStore:
    """Objects that never change, each under the SHA-256 of its content as ``ab/cd/abcd...``.

    An object appears whole or not at all. Once ``put`` returns it outlasts a loss of power: S3 promises that, and on
    a disk we flush the file and its directories ourselves, which the library does not do. A caller stores an object
    before it commits the row that names it; an object that no row names is harmless.
    """

    def __init__(self, backend: LocalStore | S3Store | MemoryStore) -> None:
        self._backend = backend
        self._places = BoundedSemaphore(_S3_AT_ONCE) if isinstance(backend, S3Store) else None

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their hash, 64 lowercase hexadecimal digits.

        Putting the same bytes again changes nothing, but for an object that was damaged, which it mends. A sound
        object is never written over, so that a bucket may forbid that.

        :raises ObjectsUnavailableError: they could not be kept.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = _path(digest)
        with self._asking():
            try:
                obstore.put(self._backend, path, data, mode="create")
            except AlreadyExistsError:
                if self._read(path) != data:
                    obstore.put(self._backend, path, data, use_multipart=False)
            except NotSupportedError:  # an S3 service without conditional writes
                obstore.put(self._backend, path, data, use_multipart=False)
            self._flush(path)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes that have this hash.

        :raises ValueError: that is no hash.
        :raises ObjectMissingError: there is no such object.
        :raises ObjectDamagedError: there is, but its content has changed.
        :raises ObjectsUnavailableError: the store could not be asked.
        """
        path = _path(digest)
        with self._asking():
            try:
                data = self._read(path)
            except FileNotFoundError as error:
                raise ObjectMissingError(digest=digest) from error
        found = hashlib.sha256(data).hexdigest()
        if found != digest:
            raise ObjectDamagedError(digest=digest, found=found)
        return data

    def exists(self, digest: str) -> bool:
        """Whether there is an object under this hash; its content is not checked.

        :raises ValueError: that is no hash.
        :raises ObjectsUnavailableError: the store could not be asked.
        """
        path = _path(digest)
        with self._asking():
            try:
                obstore.head(self._backend, path)
            except FileNotFoundError:
                return False
        return True

    def probe(self) -> None:
        """See whether the store answers.

        :raises ObjectsUnavailableError: it does not.
        """
        self.exists("0" * 64)

    def digests(self) -> Iterator[str]:
        """The hashes of all objects there are, in no order.

        :raises ObjectsUnavailableError: the store could not be asked.
        """
        try:
            for found in obstore.list(self._backend):
                for each in found:
                    digest = each["path"].rpartition("/")[2]
                    if _DIGEST.fullmatch(digest) and each["path"].endswith(_path(digest)):
                        yield digest
        except (BaseError, OSError) as error:
            raise ObjectsUnavailableError from error

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One call to the store, where there is a place for it.

        :raises ObjectsUnavailableError: it failed, or too many wait already.
        """
        if self._places is not None and not self._places.acquire(timeout=_S3_PLACE_SECONDS):
            raise ObjectsUnavailableError
        try:
            yield
        except (BaseError, OSError) as error:
            raise ObjectsUnavailableError from error
        finally:
            if self._places is not None:
                self._places.release()

    def _read(self, path: str) -> bytes:
        return bytes(obstore.get(self._backend, path).bytes())

    def _flush(self, path: str) -> None:
        if not isinstance(self._backend, LocalStore):
            return
        root = self._backend.prefix
        assert root is not None  # noqa: S101  we always give one
        flushed = root / path
        while True:
            flush(flushed)
            if flushed == root:
                break
            flushed = flushed.parent


def open_object_store(url: str) -> ObjectStore:
    """The store at an address: a directory or ``file:///directory``, made when missing and readable by us only;
    ``s3://bucket/prefix``, with credentials, region and endpoint from the usual ``AWS_`` variables; ``memory://``.

    :raises ObjectStoreUrlError: that is no such address.
    :raises ObjectsUnavailableError: the directory cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return ObjectStore(MemoryStore())
    if parts.scheme == "s3" and parts.netloc:
        client: ClientConfig = {
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=_S3_SECONDS),
            # The library reads this variable itself, but not when it is given any option of the client.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true",
        }
        prefix = unquote(parts.path).strip("/") or None
        return ObjectStore(S3Store(parts.netloc, prefix=prefix, client_options=client, retry_config=_S3_RETRY))
    if not url or ("://" in url and (parts.scheme != "file" or parts.netloc)):
        raise ObjectStoreUrlError
    directory = Path(unquote(parts.path) if parts.scheme == "file" else url).absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ObjectStore(LocalStore(directory))
    except (BaseError, OSError) as error:
        raise ObjectsUnavailableError from error


def _path(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise ValueError("not a SHA-256 in lowercase hexadecimal")
    return f"{digest[:2]}/{digest[2:4]}/{digest}"
