"""What is issued here passes the checker that is here, and in no changed form."""

from __future__ import annotations

import io
import json
import random
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from seal.long_term import DocumentStamp, ValidationData, add_validation_data
from tests.house import House
from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.every_byte import anywhere, in_signature, passes, run
from tests.verify.pki import Pki
from tests.verify.signing import time_stamp, tsa_signer
from verify.anchors import TrustAnchors
from verify.document import Document
from verify.limits import Budget
from verify.objects import Ref
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
        assert evidence.signatures[0].level in (Level.B_T, Level.B_LTA)
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
    before = Document(issued, Budget())
    kept = b" ".join(
        b"/%s %d %d R" % (key.encode(), *value)
        for key, value in before.trailer.items()
        if key in ("Root", "Info") and isinstance(value, Ref)
    )
    appended = files.append(issued, {before.size: b"(more)"}, size=before.size + 1, trailer=kept)
    assert_refused(checked(house, appended), "structure.changed_after_seal")
    assert not checked(house, issued + b"\n").passed


def test_a_licence_that_was_made_to_last_passes(house: House, issued: bytes, pki: Pki) -> None:
    """Extended twice, by the code that does so in service; with time stamps of the tests' own authority."""
    document = io.BytesIO(issued)
    before = len(checked(house, issued).signatures)
    root, now = house.services.keys.authority.root, house.services.clock.now() + timedelta(hours=3)
    anchors = _anchors(house) + pki.anchors
    for round_, certificates in enumerate(([root.public_bytes(Encoding.DER), pki.root.der], [pki.issuing.der])):
        at = now - timedelta(hours=2 - round_)
        stamp = DocumentStamp(4096, lambda digest, at=at: time_stamp(tsa_signer(pki), digest, hashed=True, at=at))  # type: ignore[misc]
        add_validation_data(document, ValidationData(certificates=tuple(certificates)), stamp)
        data = document.getvalue()
        evidence = inspect_pdf(data, anchors, policy=Policy.LICENCE, now=now)
        assert evidence.passed, codes(evidence)
        assert evidence.signatures[0].level is Level.B_LTA
        assert len(evidence.signatures) == before + 1 + round_
        _, passed = run(data, anywhere(data, 150, random.Random(5)), lambda changed: passes(changed, anchors, now))
        assert passed == []
    add_validation_data(document, ValidationData(certificates=(pki.tsa.der,)), None)
    assert inspect_pdf(document.getvalue(), anchors, policy=Policy.LICENCE, now=now).passed


def _anchors(house: House) -> TrustAnchors:
    return TrustAnchors.of([house.services.keys.authority.root])
