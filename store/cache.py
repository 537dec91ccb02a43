"""Values that are dear to make and may be forgotten at any time, in Redis or in the process."""

from __future__ import annotations

import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from dogpile.cache import CacheRegion, make_region
from dogpile.cache.api import NO_VALUE, CantDeserializeException, SerializedReturnType
from dogpile.cache.proxy import ProxyBackend
from redis import Redis, RedisError

from store._redis import client_options
from store.breaker import Breaker

_MEMORY_BYTES = 64 * 1024 * 1024
_KEY_PREFIX = "yinzheng:cache:"
_EXPIRY = struct.Struct(">d")


class Cache:
    """A cache of bytes. A value is gone when its time is up, and may be gone before.

    Keys and values rest unencrypted: a key must not hold personal data, nor a value what may not lie in Redis.
    With Redis away every look-up is a miss and nothing fails. Within one process a missing value is made once,
    while the other threads that want it wait. Times are the machine's: entries are not part of any rule.
    """

    def __init__(self, region: CacheRegion) -> None:
        self._region = region

    def get(self, key: str) -> bytes | None:
        """The value under a key, or None."""
        found = self._region.get(key)
        return None if found is NO_VALUE else _data(found)

    def set(self, key: str, value: bytes, ttl: timedelta) -> None:
        """Keep a value for at most the time given."""
        self._region.set(key, _entry(value, ttl))

    def get_or_create(self, key: str, creator: Callable[[], bytes], ttl: timedelta) -> bytes:
        """The value under a key; when there is none, what the creator makes, kept for at most the time given.

        What the creator raises goes to the caller, and nothing is kept.
        """
        return _data(self._region.get_or_create(key, lambda: _entry(creator(), ttl)))

    def delete(self, key: str) -> None:
        """Forget the value under a key. With Redis away it may come back until its time is up."""
        self._region.delete(key)


def open_cache(redis_url: str | None = None) -> Cache:
    """A cache in the Redis at ``redis://...`` (``rediss://``, ``unix://``), or with none given in this process.

    :raises RedisUrlError: the address is none. Redis itself need not be there.
    """
    # Entries carry their own end, read back by the deserialiser: the library would serve a value past its end while
    # another thread makes the next one.
    region = make_region(key_mangler=_mangle, serializer=bytes, deserializer=_refuse_expired)
    if redis_url is None:
        region.configure("dogpile.cache.memory", arguments={"cache_dict": _BoundedDict(_MEMORY_BYTES)})
    else:
        region.configure(
            "dogpile.cache.redis",
            arguments={"url": redis_url, "connection_kwargs": client_options(redis_url)},
            wrap=[_ForgivingRedis()],
        )
    return Cache(region)


class _ForgivingRedis(ProxyBackend):
    """Redis whose absence is a miss."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # so published
        self._breaker = Breaker("the cache in Redis")

    @property
    def _redis(self) -> Redis:
        client = self.proxied.writer_client  # type: ignore[attr-defined]  # this one wraps nothing but Redis
        assert isinstance(client, Redis)  # noqa: S101  for the type
        return client

    def get_serialized(self, key: str) -> SerializedReturnType:
        found: SerializedReturnType = NO_VALUE
        if self._breaker.allows():
            try:
                found = self.proxied.get_serialized(key)
            except RedisError as error:
                self._breaker.failed(error)
            else:
                self._breaker.succeeded()
        return found

    def set_serialized(self, key: str, value: bytes) -> None:
        _, _, payload = value.partition(b"|")  # behind the library's own metadata, JSON without this sign
        milliseconds = round((_expiry(payload) - time.time()) * 1000)
        if milliseconds > 0 and self._breaker.allows():
            try:
                self._redis.set(key, value, px=milliseconds)
            except RedisError as error:
                self._breaker.failed(error)

    def delete(self, key: str) -> None:
        if self._breaker.allows():
            try:
                self._redis.delete(key)
            except RedisError as error:
                self._breaker.failed(error)


class _BoundedDict:
    """A dictionary that drops what was not used for longest when its values outgrow a size in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, default: object = None) -> object:
        with self._lock:
            if key not in self._values:
                return default
            self._values.move_to_end(key)
            return self._values[key]

    def pop(self, key: str, default: object = None) -> object:
        with self._lock:
            value = self._values.pop(key, None)
            if value is None:
                return default
            self._bytes -= len(key) + len(value)
            return value

    def __setitem__(self, key: str, value: bytes) -> None:
        with self._lock:
            if (old := self._values.pop(key, None)) is not None:
                self._bytes -= len(key) + len(old)
            self._values[key] = value
            self._bytes += len(key) + len(value)
            while self._bytes > self._max_bytes:
                oldest, dropped = self._values.popitem(last=False)
                self._bytes -= len(oldest) + len(dropped)


def _mangle(key: str) -> str:
    return _KEY_PREFIX + key


def _entry(value: bytes, ttl: timedelta) -> bytes:
    return _EXPIRY.pack(time.time() + ttl.total_seconds()) + value


def _data(entry: object) -> bytes:
    assert isinstance(entry, bytes)  # noqa: S101  for the type
    return entry[_EXPIRY.size :]


def _expiry(entry: bytes) -> float:
    (expires_at,) = _EXPIRY.unpack_from(entry)
    return float(expires_at)


def _refuse_expired(entry: bytes) -> bytes:
    if _expiry(entry) <= time.time():
        raise CantDeserializeException
    return entry
