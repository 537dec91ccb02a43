"""Visits to the department console."""

from __future__ import annotations

from tests.browser.visits.visit import Visit

VISITS: list[Visit] = []
