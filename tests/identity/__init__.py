"""Signing in at an identity provider by others."""
