"""Archives over HTTP: of one's own body only, set aside and mended."""

from __future__ import annotations

import json

from api.clients import Scope
from tests.api.conftest import Front
from tests.house import HEALTH, MARKET
from tests.trust.bulk_house import SLUG, permit

NDJSON = {"Content-Type": "application/x-ndjson"}


def send(front: Front, *rows: dict[str, str], **query: str) -> dict[str, object]:
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    headers = {**front.issuer, **NDJSON}
    answer = front.http.post("/v1/imports", params={"type": SLUG, **query}, content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_an_archive_is_sent_entered_and_what_is_unsound_mended(front: Front) -> None:
    good = {**permit(1), "issue_date": "2024-08-17"}
    bad = {**permit(2), "issue_date": "2024-02-30"}
    other = {**permit(3), "issue_date": "2024-08-17", "issuer": HEALTH.code}
    sent = send(front, good, bad, other)
    assert (sent["kind"], sent["state"], sent["counts"]) == ("import", "ready", {"waiting": 1, "unsound": 2})
    reference = str(sent["reference"])
    front.http.post(f"/v1/batches/{reference}/start", headers=front.issuer)
    while front.house.services.batch_worker.run_once():
        pass
    found = front.http.get(f"/v1/imports/{reference}/report", headers=front.issuer).json()
    assert (found["rules"]["date"], found["rules"]["issuer_unknown"]) == (1, 1)
    (line,) = front.http.get(f"/v1/batches/{reference}/lines", params={"result": "issued"}, headers=front.issuer).json()
    licence = front.http.get(f"/v1/licences/{line['identifier']}", headers=front.issuer).json()
    assert (licence["origin"], licence["pdf_digest"], licence["issuer_code"]) == ("imported", None, MARKET.code)
    pdf = front.http.get(f"/v1/licences/{line['identifier']}/pdf", headers=front.issuer)
    assert (pdf.status_code, pdf.json()["code"]) == (404, "trust.licence_unsealed")

    aside = front.http.get(f"/v1/imports/{reference}/set-aside", headers=front.issuer)
    assert "2024-02-30" in aside.text
    mended = aside.text.replace("2024-02-30", "2024-02-28").encode()
    answer = front.http.post(
        "/v1/imports",
        params={"type": SLUG, "mends": reference},
        content=mended,
        headers={**front.issuer, "Content-Type": "text/csv"},
    )
    assert answer.json()["counts"] == {"waiting": 1, "unsound": 1}

    made = front.house.services.clients.enrol(
        "health", name="卫健委", scopes=[Scope.ISSUE], organisation_code=HEALTH.code
    )
    assert made is not None
    front.secrets["health"] = made.secret
    health = front.bearer("health")
    for path in (f"/v1/imports/{reference}/report", f"/v1/imports/{reference}/set-aside"):
        assert front.http.get(path, headers=health).json()["code"] == "trust.batch_unknown"
    theirs = front.http.post(
        "/v1/imports", params={"type": SLUG, "mends": reference}, content=b"", headers={**health, **NDJSON}
    )
    assert theirs.json()["code"] == "trust.batch_unknown"
