"""What is issued here passes the checker that is here, and in no changed form."""

from __future__ import annotations

import json
import random

import pytest

from tests.house import House
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.every_byte import anywhere, in_signature, passes, run
from verify.anchors import TrustAnchors
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.verdict import Level


@pytest.fixture
def issued(house: House) -> bytes:
    return house.pdf(house.issue())


def checked(house: House, data: bytes, policy: Policy = Policy.LICENCE) -> PdfEvidence:
    now = house.services.clock.now()
    return inspect_pdf(data, _anchors(house), policy=policy, now=now)


def test_an_issued_licence_passes_both_policies(house: House, issued: bytes) -> None:
    for policy in Policy:
        evidence = checked(house, issued, policy)
        assert evidence.passed, codes(evidence)
        assert evidence.signatures[0].level is Level.B_T
    data = checked(house, issued).licence_data
    assert data is not None
    assert json.loads(data)["identifier"].startswith("1.2.156.3005.2.")


def test_no_change_at_200_random_places_passes(house: House, issued: bytes) -> None:
    now, anchors = house.services.clock.now(), _anchors(house)
    assert passes(issued, anchors, now)
    tried, passed = run(issued, anywhere(issued, 200, random.Random(3)), lambda data: passes(data, anchors, now))
    assert (tried, passed) == (200, [])
    changes = list(in_signature(issued))
    _, passed = run(issued, iter(random.Random(4).sample(changes, 500)), lambda data: passes(data, anchors, now))
    assert passed == []


def test_an_appended_revision_never_passes(house: House, issued: bytes) -> None:
    appended = files.append(issued, {2: b"null"}, size=10_000, trailer=b"/Root 1 0 R")
    assert_refused(checked(house, appended), "structure.changed_after_seal")
    assert not checked(house, issued + b"\n").passed


def _anchors(house: House) -> TrustAnchors:
    return TrustAnchors.of([house.services.authority.root])
