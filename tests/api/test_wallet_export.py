"""A holder takes along all that is stored, and nothing of anybody else's."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from typing import Any

import pytest

from api.routers.wallet_life import EXPORT_RATE
from api.wallet_export import export_of
from keys import TokenVerifier
from tests.api.conftest import Front
from tests.api.test_consent_api import give
from wallet.consent_records import CONSENT_TYPE


def taken(front: Front) -> dict[str, bytes]:
    answer = front.http.post("/v1/wallet/export", headers=front.holder)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_all_that_is_stored_is_in_it_and_that_it_was_taken_is_on_record(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    identifier, number = front.licence.identifier, give(front)["number"]
    body = {"identifier": identifier, "purpose": "办理开户"}
    token = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    front.check("presentation", token=token)
    made = front.http.post("/v1/wallet/offline-presentations", json=body, headers=front.holder).json()
    files = taken(front)
    licence: dict[str, Any] = json.loads(files[f"licences/{identifier}.json"])
    assert licence["fields"]["name"] == front.licence.fields["name"]
    assert licence["holders"][0]["code"] == front.licence.holder.code
    assert files[f"licences/{identifier}.pdf"] == front.house.pdf(front.licence)
    statement = files[f"consents/{number}-give.jws"].decode()
    services = front.house.services
    verifier = TokenVerifier(services.consent_keys, services.clock, issuer=services.settings.base_url)
    assert verifier.verify_statement(statement, typ=CONSENT_TYPE).claims["sub"] == number
    shown = json.loads(files["presentations.json"])
    assert [each["redeemed_at"] is not None for each in shown["online"]] == [True]
    assert [each["id"] for each in shown["offline"]] == [made["id"]]
    (look,) = (json.loads(line) for line in files["looks.jsonl"].splitlines())
    assert look["identifier"] == identifier
    everything = b"".join(files.values())
    assert other.identifier.encode() not in everything
    assert other.holder.code.encode() not in everything
    assert b"client:checker" not in everything or b"actor" not in files[f"licences/{identifier}.json"]
    assert len(json.loads(files["wallet.json"])["exports"]) == 1
    assert len(json.loads(taken(front)["wallet.json"])["exports"]) == 2


def test_a_closed_wallet_can_be_taken_along(front: Front) -> None:
    front.http.post("/v1/wallet/close", json={"confirm": True}, headers=front.holder)
    files = taken(front)
    assert json.loads(files["wallet.json"])["entries"] == []
    assert f"licences/{front.licence.identifier}.pdf" in files


def test_it_is_not_taken_over_and_over(front: Front) -> None:
    allowed = int(EXPORT_RATE.partition("/")[0])
    answers = [front.http.post("/v1/wallet/export", headers=front.holder).status_code for _ in range(allowed + 1)]
    assert answers == [200] * allowed + [429]


@pytest.mark.filterwarnings("ignore:Duplicate name")  # one licence stands for many
def test_one_file_is_in_memory_at_a_time(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    services = front.house.services
    pdf = front.house.pdf(front.licence)
    many = [front.licence.identifier] * 100
    monkeypatch.setattr(services.wallets, "identifiers", lambda _: many)
    for _ in export_of(services, front.licence.holder_index):
        break
    tracemalloc.start()
    sent = sum(len(piece) for piece in export_of(services, front.licence.holder_index))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > 100 * len(pdf)
    assert peak < 10 * len(pdf) + 2_000_000
