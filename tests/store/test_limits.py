"""Limits hold with Redis, without it, and when it goes away."""

from __future__ import annotations

import threading

import pytest
import redis
from redis_server import RedisServer

from store.errors import Kind
from store.limits import RateLimitedError, RateLimiter, open_rate_limiter


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.needs("redis-server"))])
def limiter(request: pytest.FixtureRequest) -> RateLimiter:
    if request.param == "memory":
        return open_rate_limiter()
    server: RedisServer = request.getfixturevalue("redis_server")
    return open_rate_limiter(server.url)


def hits_let_through(limiter: RateLimiter, limit: str, *identity: str, tries: int = 10) -> int:
    let_through = 0
    for _ in range(tries):
        try:
            limiter.hit(limit, *identity)
        except RateLimitedError:
            continue
        let_through += 1
    return let_through


def test_one_hit_too_many_is_refused_and_told_when_to_come_back(limiter: RateLimiter) -> None:
    assert hits_let_through(limiter, "3/day", "login", "a") == 3
    with pytest.raises(RateLimitedError) as caught:
        limiter.hit("3/day", "login", "a")
    assert 1 <= caught.value.retry_after <= 24 * 60 * 60
    assert caught.value.kind is Kind.TOO_MANY
    assert str(caught.value.retry_after) in caught.value.message_zh


def test_each_identity_and_each_limit_has_its_own_count(limiter: RateLimiter) -> None:
    assert hits_let_through(limiter, "3/day", "ab", "c") == 3
    assert hits_let_through(limiter, "3/day", "a", "bc") == 3
    assert hits_let_through(limiter, "2/hour", "a", "bc") == 2


def test_threads_together_do_not_get_more(limiter: RateLimiter) -> None:
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(hits_let_through(limiter, "20/day", "a", tries=20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 20


def test_processes_share_the_count_in_redis_where_no_identity_is_readable(redis_server: RedisServer) -> None:
    assert hits_let_through(open_rate_limiter(redis_server.url), "3/day", "somebody") == 3
    assert hits_let_through(open_rate_limiter(redis_server.url), "3/day", "somebody") == 0
    with redis.Redis.from_url(redis_server.url) as client:
        keys = client.keys("*")
        assert keys
        assert not [key for key in keys if b"somebody" in key]
        assert all(client.pttl(key) > 0 for key in keys), "Redis forgets by itself"


def test_without_redis_the_limit_still_holds(dead_redis_url: str) -> None:
    assert hits_let_through(open_rate_limiter(dead_redis_url), "3/day", "a") == 3


def test_when_redis_dies_the_limit_still_holds(redis_server: RedisServer) -> None:
    limiter = open_rate_limiter(redis_server.url)
    assert hits_let_through(limiter, "3/day", "a") == 3
    redis_server.kill()
    assert hits_let_through(limiter, "3/day", "a") == 3, "counted anew, in the process"
    assert hits_let_through(limiter, "3/day", "a") == 0


def test_a_process_forgets_who_has_not_come_for_long() -> None:
    limiter = open_rate_limiter()
    for index in range(100):
        limiter.hit("1/second", str(index))
    threading.Event().wait(2.1)
    limiter.hit("1/second", "last")
    threading.Event().wait(0.1)
    assert len(limiter._local.storage.storage) == 1
