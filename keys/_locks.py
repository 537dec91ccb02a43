"""Making processes that start at the same moment take turns."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import Session


def take_turns(session: Session, name: str) -> None:
    """Wait until no other transaction holds this name, and hold it until the end of this one."""
    number = int.from_bytes(hashlib.sha256(f"keys.{name}".encode()).digest()[:8], "big", signed=True)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
