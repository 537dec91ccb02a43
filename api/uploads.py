"""PDFs that come in with a request: small ones in memory, large ones in a file of their own for as long as it lasts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from fastapi import Depends, Request, UploadFile
from starlette.concurrency import run_in_threadpool

_IN_MEMORY = 4 * 1024 * 1024


async def _body(request: Request) -> AsyncIterator[bytes | Path]:
    """The body of a request, which :class:`api.limits.BodyLimit` bounds."""
    start = bytearray()
    chunks = request.stream()
    async for chunk in chunks:
        start += chunk
        if len(start) > _IN_MEMORY:
            break
    else:
        yield bytes(start)
        return
    with NamedTemporaryFile(prefix="yinzheng-") as file:
        await run_in_threadpool(file.write, start)
        del start
        async for chunk in chunks:
            await run_in_threadpool(file.write, chunk)
        file.flush()
        yield Path(file.name)


BodyFile = Annotated[bytes | Path, Depends(_body)]
"""The body of a request, as bytes or where it is on disk."""


@contextmanager
def form_file(upload: UploadFile) -> Iterator[bytes | Path]:
    """A file of a form, as bytes or where it is on disk."""
    if upload.size is not None and upload.size <= _IN_MEMORY:
        yield upload.file.read()
        return
    with NamedTemporaryFile(prefix="yinzheng-") as file:
        shutil.copyfileobj(upload.file, file)
        file.flush()
        yield Path(file.name)
