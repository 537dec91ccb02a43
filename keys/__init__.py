"""Custody of private keys and what is signed with them directly: certificates, time stamps, tokens."""

from keys import _tables  # noqa: F401  registers the tables
