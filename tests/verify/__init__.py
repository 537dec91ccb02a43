"""Tests of checking, and the attacks on it."""
