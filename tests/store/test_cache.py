"""The cache forgets in time, stays small and does without Redis."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import redis
from redis_server import RedisServer

from store._redis import RedisUrlError
from store.cache import Cache, _BoundedDict, open_cache
from store.limits import open_rate_limiter

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.needs("redis-server"))])
def cache(request: pytest.FixtureRequest) -> Cache:
    if request.param == "memory":
        return open_cache()
    server: RedisServer = request.getfixturevalue("redis_server")
    return open_cache(server.url)


def test_what_was_set_is_found_until_deleted(cache: Cache) -> None:
    assert cache.get("a") is None
    cache.set("a", b"\x00|\xff", MINUTE)
    assert cache.get("a") == b"\x00|\xff"
    cache.set("a", b"", MINUTE)
    assert cache.get("a") == b""
    cache.delete("a")
    assert cache.get("a") is None
    cache.delete("a")


def test_a_value_is_made_once_and_again_when_its_time_is_up(cache: Cache) -> None:
    made = iter([b"first", b"second"])
    ttl = timedelta(milliseconds=300)
    assert cache.get_or_create("a", lambda: next(made), ttl) == b"first"
    assert cache.get_or_create("a", lambda: next(made), ttl) == b"first"
    time.sleep(0.35)
    assert cache.get("a") is None
    assert cache.get_or_create("a", lambda: next(made), ttl) == b"second"


def test_what_fails_to_be_made_is_not_kept(cache: Cache) -> None:
    def fail() -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        cache.get_or_create("a", fail, MINUTE)
    assert cache.get_or_create("a", lambda: b"made", MINUTE) == b"made"


def test_threads_that_want_the_same_missing_value_make_it_once(cache: Cache) -> None:
    calls: list[int] = []
    found: list[bytes] = []

    def make() -> bytes:
        calls.append(1)
        time.sleep(0.1)
        return b"made"

    threads = [threading.Thread(target=lambda: found.append(cache.get_or_create("a", make, MINUTE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"made"] * 8
    assert len(calls) == 1


def test_two_processes_see_the_same_values_in_redis_and_redis_forgets_them(redis_server: RedisServer) -> None:
    open_cache(redis_server.url).set("a", b"shared", MINUTE)
    assert open_cache(redis_server.url).get("a") == b"shared"
    with redis.Redis.from_url(redis_server.url) as client:
        assert 0 < client.pttl("yinzheng:cache:a") <= 60_000


def test_without_redis_every_look_up_is_a_quick_miss(dead_redis_url: str) -> None:
    cache = open_cache(dead_redis_url)
    started = time.monotonic()
    for _ in range(50):
        cache.set("a", b"lost", MINUTE)
        assert cache.get("a") is None
        assert cache.get_or_create("a", lambda: b"made", MINUTE) == b"made"
        cache.delete("a")
    assert time.monotonic() - started < 30


def test_a_redis_that_dies_is_a_miss_and_is_used_again_when_it_is_back(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    cache = open_cache(redis_server.url)
    cache._region.backend._breaker._pause = 0.0
    cache.set("a", b"kept", MINUTE)
    redis_server.kill()
    assert cache.get("a") is None
    assert cache.get_or_create("a", lambda: b"made", MINUTE) == b"made"
    assert [record.getMessage() for record in caplog.records] == [
        "the cache in Redis cannot be reached (ConnectionError)"
    ]
    redis_server.start()
    cache.set("a", b"again", MINUTE)
    assert cache.get("a") == b"again"


def test_the_memory_of_the_process_is_bounded() -> None:
    kept = _BoundedDict(1000)
    for index in range(100):
        kept[f"{index:03}"] = bytes(97)
        kept.get("000")
    assert kept.get("000") is not None, "what is used stays"
    assert [index for index in range(100) if kept.get(f"{index:03}") is not None] == [0, *range(91, 100)]
    kept["huge"] = bytes(2000)
    assert kept.get("huge") is None
    assert kept._bytes == 0


@pytest.mark.parametrize("url", ["", "redis.example", "http://user:secret@host", "redis://host:port"])
def test_an_address_that_is_none_is_refused_without_being_quoted(url: str) -> None:
    for opening in (open_cache, open_rate_limiter):
        with pytest.raises(RedisUrlError) as caught:
            opening(url)
        assert caught.value.__suppress_context__
        assert "secret" not in caught.value.message_en
