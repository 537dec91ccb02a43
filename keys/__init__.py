"""Custody of private keys and what is signed with them directly: certificates, time stamps, tokens."""
