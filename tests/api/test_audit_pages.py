"""The auditor's view of the log, and the page with what waits."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api import readiness
from store.merkle import climb
from tests.api.test_seal_pages import BRANCH, Office, office, use  # noqa: F401  a fixture
from verify.feedback import Raiser


def test_any_entry_is_shown_with_a_proof_that_can_be_followed_by_hand(office: Office) -> None:  # noqa: F811
    services = office.house.services
    number = office.active()
    for place in range(5):
        use(office, number, f"1.2.156.{place}")
    overview = office.get("auditor", "/audit/log").text
    size = services.ledger.head().size
    assert size >= 11
    assert "签名与根散列已核对" in overview
    for position in (*range(4), *range(size - 6, size)):
        page = office.get("auditor", f"/audit/log/entries/{position}").text
        assert "已在日志中" in page
        hashes = re.findall(r"<code>([0-9a-f]{64})</code>", page.partition('class="climb"')[2].partition("</ol>")[0])
        siblings = re.findall(r"与(左|右)边合并：\s*<code>([0-9a-f]{64})</code>", page)
        text = html.unescape(re.search(r'<pre class="proof whole" tabindex="0"><code>(\{.*?\})</code>', page)[1])  # type: ignore[index]
        found = hashlib.sha256(b"\0" + text.encode()).digest()
        for side, sibling in siblings:
            pair = (bytes.fromhex(sibling), found) if side == "左" else (found, bytes.fromhex(sibling))
            found = hashlib.sha256(b"\1" + pair[0] + pair[1]).digest()
        assert hashes[-1] == found.hex() == services.ledger.head().root.hex()
        digest = re.search(r"SHA-256 = ([0-9a-f]{64})", page)
        assert digest is not None
        assert json.loads(text)["digest"] == digest[1]


def test_entries_are_found_by_number_by_seal_and_by_licence(office: Office) -> None:  # noqa: F811
    number = office.active()
    licence = office.house.issue()
    page = office.get("auditor", f"/audit/log?sought={number}").text
    assert all(f"seal.{move}" in page for move in ("apply", "review", "make", "register", "activate"))
    page = office.get("auditor", f"/audit/log?sought={licence.identifier}").text
    assert "licence.issue" in page
    [entry] = office.house.services.ledger.entries_about(f"licence:{licence.identifier}")
    assert "tests" in office.get("auditor", f"/audit/log/entries/{entry.position}").text
    assert str(office.get("auditor", "/audit/log?sought=3").url).endswith("/audit/log/entries/3")
    foreign = office.get("foreign", f"/audit/log?sought={number}").text
    assert "没有找到" in foreign
    assert foreign.replace(number, "") == office.get("foreign", "/audit/log?sought=3702009999999").text.replace(
        "3702009999999", ""
    )
    assert "没有找到" in office.get("foreign", f"/audit/log?sought={licence.identifier}").text
    strange = office.get("auditor", "/audit/log?sought=%3Cscript%3E")
    assert (strange.status_code, "<script>" in strange.text) == (200, False)


def test_what_an_entry_stands_for_is_shown_to_its_body_alone(office: Office) -> None:  # noqa: F811
    services = office.house.services
    number = office.active()
    used = use(office, number, "1.2.156.3005.2.secret")
    office.house.issue()
    services.ledger.sequence()
    size = services.ledger.head().size
    for position in range(size - 8, size):
        theirs = office.get("foreign", f"/audit/log/entries/{position}").text
        assert "只显示公开的内容" in theirs
        assert not any(each in theirs for each in (number, "secret", "seal-use:", "licence:"))
    [entry] = services.ledger.entries_about(f"seal-use:{used}")
    page = office.get("auditor", f"/audit/log/entries/{entry.position}").text
    assert "1.2.156.3005.2.secret" in page
    assert f"/seals/{number}/uses/{used}" in page
    assert f"/audit/log/entries/{entry.position}" in office.get("auditor", f"/seals/{number}/uses/{used}").text
    assert "/audit/log/" not in office.get("approver", f"/seals/{number}/uses/{used}").text
    below = office.active(BRANCH)
    assert "seal.apply" in office.get("auditor", f"/audit/log?sought={below}").text


def test_the_log_of_one_size_begins_with_that_of_another(office: Office) -> None:  # noqa: F811
    office.active()
    office.get("auditor", "/audit/log")
    size = office.house.services.ledger.head().size
    for old in range(1, size + 1):
        page = office.get("auditor", f"/audit/log/consistency?old={old}&new={size}").text
        assert "较早的条目全部原样保留" in page
    for old, new in ((size + 1, size), (3, 2), (1, size + 1)):
        assert "没有这样的条目数" in office.get("auditor", f"/audit/log/consistency?old={old}&new={new}").text
    for query in ("old=0", "old=-1", "old=x", "", "old=99999999999999999999"):
        assert office.get("auditor", f"/audit/log/consistency?{query}").status_code == 422


def test_only_auditors_read_the_log(office: Office) -> None:  # noqa: F811
    office.active()
    for who in ("applicant", "approver", "issuer"):
        for address in ("/audit/log", "/audit/log/entries/0", "/audit/log/consistency?old=1"):
            assert office.get(who, address).status_code == 403
    for address in ("/audit/log/entries/99999", "/audit/log/entries/9007199254740992"):
        assert office.get("auditor", address).status_code == 404
    assert climb(b"", 0, 1, []) == []


def test_each_officer_sees_what_waits_for_the_roles_held(office: Office) -> None:  # noqa: F811
    request, number = office.applied()
    decide = office.get("approver", "/waiting").text
    assert f"/seals/requests/{request}" in decide
    assert "没有等您办理的事项" in office.get("applicant", "/waiting").text
    office.post("approver", f"/seals/requests/{request}/approve", only_review="1")
    assert "申请制作印章" in office.get("applicant", "/waiting").text
    for who in ("foreign", "branch"):
        assert number not in office.get(who, "/waiting").text
    assert office.get("auditor", "/waiting").status_code == 403
    services = office.house.services
    licence = office.house.issue()
    assert "没有等您办理的事项" in office.get("issuer", "/waiting").text
    said = services.feedback.open(Raiser(holder=licence.holder_index), licence.identifier, "名称有误")
    assert f"/console/feedback/{said.id}" in office.get("issuer", "/waiting").text
    assert said.id not in office.get("applicant", "/waiting").text


def test_officers_see_how_the_service_stands_and_what_is_wrong(
    office: Office,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "_FRESH", 0.0)
    services = office.house.services
    office.active()
    for each in services.schedule.overview():
        if not each.job.shared:
            services.schedule.run(each.job.name)
    page = office.get("auditor", "/operation").text
    assert "一切正常" in page
    assert "不可用" not in page
    assert "签发证书" in page
    assert "部件" not in office.get("auditor", "/operation?csv=jobs").text
    objects = services.settings.objects_url
    assert objects is not None
    store = Path(urlsplit(objects).path)
    store.rename(store.with_name("away"))
    store.write_text("no directory", "ascii")
    try:
        page = office.get("issuer", "/operation?lang=en").text
    finally:
        store.unlink()
        store.with_name("away").rename(store)
    assert "Tell operations about what is marked" in page
    assert re.search(r"Store of files</td><td><span class=\"badge fail\">.*?Missing</span></td><td><code>store\.", page)
    assert str(store) not in page
