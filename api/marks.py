"""What requests that change something may carry: a key by which they are done once, and the revision they are about."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from api.clients import Client
from api.errors import RequestInvalidError
from store.once import Once

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the caller. The same request with the same key is done once, and answered again.",
    ),
]
IfMatchHeader = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=40,
        description="The ETag of the licence that the caller looked at. Refused with 409 if it has changed since.",
    ),
]


async def _digest(request: Request) -> str:
    """Of all that a request asks for."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


DigestDep = Annotated[str, Depends(_digest)]


def once(client: Client, key: str | None, digest: str) -> Once | None:
    """The mark of a request, where it has one."""
    return Once(f"client:{client.id}", key, digest) if key is not None else None


def revision_of(if_match: str | None) -> int | None:
    """The revision that a request is about; any where it names none.

    :raises RequestInvalidError: the header is not an ETag of a licence.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix('"').removesuffix('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise RequestInvalidError(problem='If-Match: "1"')
    return int(text)


def etag(revision: int) -> str:
    """The ETag of a licence at a revision."""
    return f'"{revision}"'
