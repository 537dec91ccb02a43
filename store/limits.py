"""How often somebody may do something, counted in Redis for all processes or else in this one."""

from __future__ import annotations

import hashlib
import math
import threading
import time

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import RedisError

from store._redis import RedisUnavailableError, client_options
from store.breaker import Breaker
from store.errors import Kind, YinzhengError


class RateLimitedError(YinzhengError):
    """Somebody did something more often than is allowed."""

    code = "store.rate_limited"
    kind = Kind.TOO_MANY
    zh = "请求过于频繁，请在 {retry_after} 秒后重试。"
    en = "Too many requests; try again in {retry_after} seconds."

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after
        """Whole seconds until one more may be let through."""


class RateLimiter:
    """Sliding windows. Of the library's strategies this one needs two counters a caller however high the limit is;
    its moving window keeps an entry for each hit and, in the process, a list for each caller for ever.

    With Redis away the count goes on in this process alone: what all processes together let through is then up to
    their number times the limit, which is better than no limit. Times are the machine's.
    """

    def __init__(self, redis: RedisStorage | None = None) -> None:
        self._storage = redis
        self._redis = None if redis is None else SlidingWindowCounterRateLimiter(redis)
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._local_lock = threading.Lock()
        self._breaker = Breaker("the rate limiter in Redis")

    def hit(self, limit: str, *identity: str) -> None:
        """Count one use, of what and by whom the identity tells.

        :param limit: such as ``60/minute`` or ``5 per 10 seconds``.
        :raises RateLimitedError: the limit is used up; the attempt was not counted.
        """
        item = parse(limit)
        key = _key(identity)
        if self._redis is not None and self._breaker.allows():
            try:
                retry_after = _hit(self._redis, item, key)
            except (RedisError, StorageError) as error:
                self._breaker.failed(error)
            else:
                self._breaker.succeeded()
                if retry_after is not None:
                    raise RateLimitedError(retry_after=retry_after)
                return
        with self._local_lock:
            retry_after = _hit(self._local, item, key)
        if retry_after is not None:
            raise RateLimitedError(retry_after=retry_after)

    def probe(self) -> None:
        """See whether the count is shared with other processes, where it is to be.

        :raises RedisUnavailableError: Redis does not answer; each process counts by itself.
        """
        if self._storage is not None and not self._storage.check():
            raise RedisUnavailableError


def open_rate_limiter(redis_url: str | None = None) -> RateLimiter:
    """A rate limiter that counts in the Redis at ``redis://...``, or with none given in this process.

    :raises RedisUrlError: the address is none. Redis itself need not be there.
    """
    if redis_url is None:
        return RateLimiter()
    return RateLimiter(RedisStorage(redis_url, key_prefix="yinzheng:limit", **client_options(redis_url)))


def _key(identity: tuple[str, ...]) -> str:
    # Hashed, so that names and addresses do not lie in Redis and no choice of name can run into another's count.
    digest = hashlib.sha256()
    for part in identity:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: str) -> int | None:
    """Count; seconds to wait when that was one too many."""
    if limiter.hit(item, key):
        return None
    return max(1, math.ceil(limiter.get_window_stats(item, key).reset_time - time.time()))
