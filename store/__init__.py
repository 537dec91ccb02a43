"""Persistence without any word of the domain: database, objects, cache, limits, clock, outbox, ledger."""

from __future__ import annotations

from store import _tables as _tables  # registers the tables
from store._redis import RedisUrlError
from store.acting import NOBODY, SERVICE, Acting, become, becoming, crossing
from store.cache import Cache, open_cache
from store.clock import Clock, FixedClock, SystemClock
from store.database import Base, Database, DatabaseUnavailableError
from store.embedded import EmbeddedPostgres, EmbeddedPostgresError, EmbeddedPostgresUnsupportedError
from store.errors import Kind, YinzhengError
from store.ledger import Ledger, LedgerEntry, TreeHead
from store.limits import RateLimitedError, RateLimiter, open_rate_limiter
from store.objects import (
    ObjectDamagedError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreUrlError,
    ObjectsUnavailableError,
    open_object_store,
)
from store.outbox import Attempts, DeadJob, Handler, Job, Outbox, Worker

__all__ = [
    "NOBODY",
    "SERVICE",
    "Acting",
    "Attempts",
    "Base",
    "Cache",
    "Clock",
    "Database",
    "DatabaseUnavailableError",
    "DeadJob",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "EmbeddedPostgresUnsupportedError",
    "FixedClock",
    "Handler",
    "Job",
    "Kind",
    "Ledger",
    "LedgerEntry",
    "ObjectDamagedError",
    "ObjectMissingError",
    "ObjectStore",
    "ObjectStoreUrlError",
    "ObjectsUnavailableError",
    "Outbox",
    "RateLimitedError",
    "RateLimiter",
    "RedisUrlError",
    "SystemClock",
    "TreeHead",
    "Worker",
    "YinzhengError",
    "become",
    "becoming",
    "crossing",
    "open_cache",
    "open_object_store",
    "open_rate_limiter",
]
