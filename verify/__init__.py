"""One verdict from many kinds of evidence: a PDF, an identifier, a presentation."""

from __future__ import annotations

from verify import _tables as _tables  # registers the tables
