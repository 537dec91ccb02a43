"""Licences to test with: the data of ``examples/``, and what becomes of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from trust.catalogue import Catalogue
from trust.codes import UnifiedSocialCreditCode
from trust.content import LicenceContent
from trust.identifier import LicenceIdentifier
from trust.validation import CheckedFields, check_fields

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TODAY = date(2026, 11, 23)
CATALOGUE = Catalogue.load()
SLUGS = [each.slug for each in CATALOGUE]
LAID_OUT = [each.slug for each in CATALOGUE if not each.reference_only]
ISSUER = UnifiedSocialCreditCode.parse("11370203MB28561946")


def example(slug: str, **changes: Any) -> dict[str, Any]:
    """The example's fields, some of them changed; a change to None leaves the field out."""
    fields = json.loads((EXAMPLES / f"{slug}.json").read_text("utf-8")) | changes
    return {key: value for key, value in fields.items() if value is not None}


def checked(slug: str, **changes: Any) -> CheckedFields:
    return check_fields(CATALOGUE.get(slug), example(slug, **changes), issue_date=TODAY, today=TODAY)


def content(slug: str, *, issuer_name: str = "青岛市市北区行政审批服务局", **changes: Any) -> LicenceContent:
    identifier = LicenceIdentifier.make(CATALOGUE.get(slug).code, ISSUER, "20261123ABCDEFGH2345")
    return checked(slug, **changes).content(
        identifier=identifier,
        issuer_name=issuer_name,
        issuer_code=ISSUER.number,
        check_url=f"https://check.example/c/{identifier}",
    )
