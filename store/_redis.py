"""How we connect to Redis: briefly, because nothing in it is worth a long wait."""

from __future__ import annotations

from typing import Any

from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from store.errors import Kind, YinzhengError

_SECONDS = 0.5


class RedisUrlError(YinzhengError):
    """The address of Redis is none."""

    code = "store.redis_url_invalid"
    kind = Kind.MISCONFIGURED
    zh = "YINZHENG_REDIS_URL 无法识别：应为 redis://、rediss:// 或 unix:// 开头的地址。"
    en = "YINZHENG_REDIS_URL is not understood: an address with redis://, rediss:// or unix://."


class RedisUnavailableError(YinzhengError):
    """Redis does not answer."""

    code = "store.redis_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "Redis 无应答：服务照常运行，缓存停用，频率限制由各进程分别计数。请检查 Redis 与 YINZHENG_REDIS_URL。"
    en = (
        "Redis does not answer: the service goes on without its cache, and each process counts rate limits by itself. "
        "Check Redis and YINZHENG_REDIS_URL."
    )


def client_options(url: str) -> dict[str, Any]:
    """Keyword arguments for ``Redis.from_url``.

    :raises RedisUrlError: the address is none.
    """
    try:
        parse_url(url)  # type: ignore[no-untyped-call]  # so published
    except ValueError:
        raise RedisUrlError from None  # the error would quote the address, which may hold a password
    return {
        "socket_timeout": _SECONDS,
        "socket_connect_timeout": _SECONDS,
        # Once more when a connection that was kept open turns out dead; the default would go on for seconds.
        "retry": Retry(NoBackoff(), 1),
    }
