"""Persistence without any word of the domain: database, objects, cache, limits, clock, outbox."""
