from __future__ import annotations

import base64
import hashlib
import json

import pytest
from licence_samples import ISSUER, SLUGS, content

from trust.content import METADATA_TITLES


@pytest.mark.parametrize("slug", SLUGS)
def test_every_item_of_the_metadata_standard_is_there_with_its_name(slug: str) -> None:
    licence = content(slug)
    data = licence.metadata()
    assert set(METADATA_TITLES) <= set(data)
    assert set(METADATA_TITLES) < set(data["titles"])
    titles = {key for key in data["titles"]["fields"] if "." not in key}
    assert set(data["fields"]) == titles == set(licence.type.fields)


def test_the_metadata_says_what_the_licence_says() -> None:
    licence = content("food_operation_permit")
    data = licence.metadata()
    assert data["name"] == "食品经营许可证"
    assert data["identifier"] == str(licence.identifier)
    assert (data["issuer"], data["issuer_code"]) == (licence.issuer_name, ISSUER.number)
    assert (data["issue_date"], data["valid_from"], data["valid_until"]) == ("2026-11-23", "2026-11-23", "2031-11-22")
    assert (data["holder"], data["holder_code_type"]) == (licence.fields["operator_name"], "uscc")
    assert (data["version"], data["status_at_issue"]) == (1, "valid")


def test_a_licence_without_end_says_null() -> None:
    assert content("business_licence").metadata()["valid_until"] is None


def test_a_photograph_is_told_by_its_digest() -> None:
    licence = content("physician_practice_certificate")
    digest = hashlib.sha256(base64.b64decode(licence.fields["photo"])).hexdigest()
    assert licence.metadata()["fields"]["photo"] == {"sha256": digest}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_same_content_is_always_the_same_bytes(slug: str) -> None:
    data = content(slug).canonical_json()
    assert data == content(slug).canonical_json()
    assert json.loads(data) == content(slug).metadata()
    again = json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert data == again.encode()


def test_a_licence_does_not_show_its_holder_in_a_log() -> None:
    licence = content("physician_practice_certificate")
    assert str(licence.identifier) in repr(licence)
    for private in (licence.holder.code, licence.holder.name):
        assert private not in f"{licence!r}{licence}{[licence]}{licence.holder}"
