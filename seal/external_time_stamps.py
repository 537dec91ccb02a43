"""Time stamps of other authorities, asked over HTTP (RFC 3161, 3.4), several in order."""

from __future__ import annotations

import http.client
import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from seal.errors import TimeStampAddressError, TimeStampError
from seal.time_stamps import checked_token, time_of, time_stamp_request
from store.breaker import Breaker
from store.clock import Clock
from store.outgoing import direct_opener

_LARGEST_ANSWER: Final = 64 * 1024
_TOKEN_SIZE: Final = 16 * 1024
"""Room for a token of an authority whose chain is not known beforehand."""
_FAR_OFF: Final = timedelta(seconds=5)
"""Between clocks that are set by the network; our own authority draws the same line (:mod:`keys.timestamp`)."""


class ExternalTimeStamps:
    """Asks authorities in order until one answers; one that fails is left alone for a while.

    :param urls: ``http://`` or ``https://``.
    :param timeout: seconds that one authority has to connect, and again for each read.
    :param clock: held against the times in tokens: one that is far from ours shows that either clock is wrong.
    :raises TimeStampAddressError: an address is of another kind.
    """

    def __init__(
        self, urls: Sequence[str], *, timeout: float = 5.0, pause: float = 5.0, clock: Clock | None = None
    ) -> None:
        for url in urls:
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise TimeStampAddressError(url=url)
        self._authorities = [
            (url, Breaker(f"the time-stamp authority {urlsplit(url).hostname}", pause)) for url in urls
        ]
        self._timeout = timeout
        self._clock = clock
        self._opener = direct_opener()

    @property
    def size(self) -> int:
        return _TOKEN_SIZE

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return ()

    def stamp(self, digest: bytes) -> bytes:
        problem = "every authority failed a moment ago"
        for url, breaker in self._authorities:
            if not breaker.allows():
                continue
            try:
                token = self._ask(url, digest)
            except (OSError, http.client.HTTPException, TimeStampError) as error:
                breaker.failed(error)
                problem = str(error.params["problem"]) if isinstance(error, TimeStampError) else type(error).__name__
            else:
                breaker.succeeded()
                return token
        raise TimeStampError(problem=problem)

    def probe(self) -> None:
        """See whether an authority answers. They may count what they are asked, so they are left alone while one of
        them answered when it was last asked."""
        if all(breaker.broken for _, breaker in self._authorities):
            self.stamp(secrets.token_bytes(32))

    def _ask(self, url: str, digest: bytes) -> bytes:
        nonce, asked_at = secrets.randbits(64), self._clock.now() if self._clock is not None else None
        request = urllib.request.Request(  # noqa: S310  the scheme was checked when this was made
            url,
            data=time_stamp_request(digest, nonce),
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                answer = response.read(_LARGEST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            with error:  # it is the answer itself, connection and all
                raise TimeStampError(problem=f"HTTP {error.code}") from None
        if len(answer) > _LARGEST_ANSWER:
            raise TimeStampError(problem="the answer is too large")
        token = checked_token(answer, digest=digest, nonce=nonce)
        if len(token) > _TOKEN_SIZE:
            raise TimeStampError(problem="the token is too large")
        if self._clock is not None and asked_at is not None:
            at = time_of(token)
            if not asked_at - _FAR_OFF <= at <= self._clock.now() + _FAR_OFF:
                raise TimeStampError(problem=f"its clock is {round((at - asked_at).total_seconds())} s from ours")
        return token
