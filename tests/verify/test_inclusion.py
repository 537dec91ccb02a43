"""A proof from the log holds for the file it is about, and no altered proof holds for anything."""

from __future__ import annotations

import base64
import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from store.clock import FixedClock
from tests.house import LAW, House
from tests.verify.pki import make_pki
from trust.decisions import Decision
from verify import TrustAnchors
from verify.inclusion import inclusion_of, proven_record


@pytest.fixture
def proofs(house: House) -> list[dict[str, Any]]:
    """Of the issue and the suspension of a licence."""
    licence = house.issue()
    house.services.register.suspend(licence.identifier, Decision("officer:王", "机密"))
    return [proof.to_json() for proof in house.services.transparency_log.prove(licence.identifier)]


def test_every_record_about_a_licence_is_proven(house: House, proofs: list[dict[str, Any]], clock: FixedClock) -> None:
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    found = [proven_record(proof, anchors, now=clock.now()) for proof in proofs]
    assert [(each.number, each.state) for each in found] == [(1, "valid"), (2, "suspended")]
    assert "王" not in json.dumps(proofs, ensure_ascii=False)
    assert "机密" not in json.dumps(proofs, ensure_ascii=False)
    head = house.services.ledger.head()
    assert {each.size for each in found} == {head.size}


def test_only_the_file_that_it_is_about_is_proven(
    house: House, proofs: list[dict[str, Any]], clock: FixedClock
) -> None:
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    digest = json.loads(proofs[0]["opening"])["pdf_sha256"]

    def code(value: object, digest: str = digest) -> str:
        return inclusion_of(json.dumps(value).encode(), digest, anchors, now=clock.now()).code

    assert code(proofs) == code(proofs[0]) == code(proofs[1]) == "log.included"
    assert code(proofs, "0" * 64) == "log.not_proven"
    assert code([]) == code({}) == code(7) == code(None) == code([[]]) == "log.not_proven"
    assert inclusion_of(b"{", digest, anchors, now=clock.now()).code == "log.not_proven"
    assert inclusion_of(b"[" * 100_000, digest, anchors, now=clock.now()).code == "log.not_proven"
    stranger = make_pki().anchors
    assert inclusion_of(json.dumps(proofs).encode(), digest, stranger, now=clock.now()).code == "log.not_proven"
    over = clock.now() + timedelta(days=4000)
    assert inclusion_of(json.dumps(proofs).encode(), digest, anchors, now=over).code == "log.not_proven"


def test_no_altered_proof_holds(house: House, proofs: list[dict[str, Any]], clock: FixedClock) -> None:
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    digest = json.loads(proofs[0]["opening"])["pdf_sha256"]
    whole = proofs[0]
    changes: list[dict[str, Any]] = [
        {"identifier": "1.2.3"},
        {"leaf": proofs[1]["leaf"]},
        {"leaf": whole["leaf"].replace("licence.issue", "licence.adopt")},
        {"leaf": "null"},
        {"opening": proofs[1]["opening"]},
        {"opening": whole["opening"].replace('"state":"valid"', '"state":"revoked"')},
        {"opening": "[]"},
        {"salt": proofs[1]["salt"]},
        {"salt": ""},
        {"salt": whole["salt"] + "00"},
        {"salt": "zz"},
        {"position": whole["position"] + 1},
        {"position": -1},
        {"position": True},
        {"position": "0"},
        {"position": 10**30},
        {"hashes": whole["hashes"][:-1]},
        {"hashes": whole["hashes"][::-1]},
        {"hashes": [*whole["hashes"], "00" * 32]},
        {"hashes": ["00"]},
        {"hashes": ["00" * 32] * 65},
        {"hashes": None},
        {"checkpoint": whole["checkpoint"].replace("127.0.0.1", "127.0.0.2")},
        {"checkpoint": whole["checkpoint"].replace("\n", "\n1", 1)},
        {"checkpoint": ""},
        {"certificates": whole["certificates"][:1]},
        {"certificates": whole["certificates"][::-1]},
        {"certificates": [whole["certificates"][1], whole["certificates"][1]]},
        {"certificates": []},
        {"certificates": ["AAAA", "AAAA"]},
        {"certificates": 1},
    ]
    for changed in changes:
        altered = {**copy.deepcopy(whole), **changed}
        found = inclusion_of(json.dumps(altered).encode(), digest, anchors, now=clock.now())
        assert found.code == "log.not_proven", changed
    for missing in whole.keys() - {"format", "number"}:
        altered = {key: value for key, value in whole.items() if key != missing}
        assert inclusion_of(json.dumps(altered).encode(), digest, anchors, now=clock.now()).code == "log.not_proven"


def test_a_seal_signer_cannot_speak_for_the_log(house: House, clock: FixedClock) -> None:
    licence = house.issue()
    house.services.register.revoke(licence.identifier, Decision("a", "r", LAW))
    (first, _) = (proof.to_json() for proof in house.services.transparency_log.prove(licence.identifier))
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    seal = next(
        record.certificates[-1]
        for record in house.services.keys.authority.overview()
        if record.key.purpose.value == "seal"
    )
    encoded = base64.b64encode(seal.certificate.public_bytes(Encoding.DER)).decode()
    first["certificates"][0] = encoded
    assert inclusion_of(json.dumps(first).encode(), licence.pdf_digest or "", anchors, now=clock.now()).code == (
        "log.not_proven"
    )
