"""The department console: issuing by a form, new versions, batches and archives, feedback."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from tests.api.conftest import Front
from tests.api.signing_in import Browser
from tests.api.test_console import hidden, officer, sent
from tests.house import HEALTH, example
from tests.trust.bulk_house import SLUG, permit
from trust import LicenceSearch, LicenceState

FORM = "/console/issue/business_licence"
HTML = "<script>alert(1)</script>"


def company(**changed: Any) -> dict[str, Any]:
    """Another company than the front's, by a number of its own."""
    return {**example("business_licence"), "unified_social_credit_code": "91370202MA3QYH7K6G", **changed}


def test_a_licence_is_filled_in_looked_at_and_issued_once(shared: Front) -> None:
    browser = officer(shared)
    shared.house.seal(SLUG)
    assert "食品经营许可证" in shared.http.get("/console/issue").text
    address = f"/console/issue/{SLUG}"
    assert 'name="operator_name"' in shared.http.get(address).text
    wrong = sent(shared, browser, address, **{**permit(1), "operator_name": "", "legal_representative": HTML * 9})
    assert "“经营者名称”未填写" in wrong
    assert HTML not in wrong
    preview = sent(shared, browser, address, **permit(1), step="preview")
    assert "data:image/png;base64," in preview
    form = {**permit(1), "mark": hidden(preview, "mark"), "step": "issue"}
    pages = [sent(shared, browser, address, **form) for _ in range(2)]
    assert all("已办理" in page and permit(1)["operator_name"] in page for page in pages)
    found = shared.house.services.searching.search(LicenceSearch(licence_type=SLUG)).licences
    assert len(found) == 1
    assert shared.house.services.register.history(found[0].identifier)[0].actor.startswith("officer:O")
    for mark in ("", "x", "é" * 22):
        assert 'role="alert"' in sent(shared, browser, address, **{**form, "mark": mark})


def test_a_form_says_what_is_wrong_while_it_is_filled_in(shared: Front) -> None:
    browser = officer(shared)
    answer = shared.http.post(
        f"{FORM}/check", data={"csrf_token": browser.signed_in.csrf_token, "established_on": "2026-02-30"}
    )
    problems = answer.json()["problems"]
    assert "不是存在的日期" in problems["established_on"]
    assert "未填写" in problems["name"]
    assert shared.http.post(f"{FORM}/check", data={"name": "x"}).status_code == 403
    assert shared.http.get("/console/issue/no_such_type").status_code == 404


def test_rows_are_added_without_javascript_and_empty_ones_are_left_out(shared: Front) -> None:
    browser = officer(shared)
    address = "/console/issue/presale_permit"
    row = {"buildings.3.name": "1号楼", "buildings.3.use": "住宅", "buildings.7.name": " "}
    page = sent(shared, browser, address, **row, step="add:buildings")
    assert 'name="buildings.0.name" ' in page
    assert 'value="1号楼"' in page
    assert 'id="buildings.1.name"' in page
    wrong = sent(shared, browser, address, **row)
    assert 'id="buildings.0.floors-error"' in wrong


def test_feedback_is_accepted_and_the_licence_corrected(front: Front) -> None:
    front.check("identifier", identifier=front.licence.identifier, holder=front.licence.holder.code)
    body = {"identifier": front.licence.identifier, "field": "address", "text": f"住所有误{HTML}"}
    number = front.http.post("/v1/feedback", json=body, headers=front.checker).json()["id"]
    browser = officer(front)
    assert "剩 " in front.http.get("/console").text
    page = front.http.get(f"/console/feedback/{number}").text
    assert HTML not in page
    assert front.licence.fields["address"] in page
    assert 'role="alert"' in sent(front, browser, f"/console/feedback/{number}/accept", text=" ")
    accepted = sent(front, browser, f"/console/feedback/{number}/accept", text="属实。\r\n请稍候。")
    form_at = re.search(r'href="(/console/licences/[^"]+/new/correct)\?feedback=', accepted)
    assert form_at is not None
    assert 'role="alert"' in sent(front, browser, f"/console/feedback/{number}/reject", text="又不")
    assert front.http.get(f"/console/feedback/{number}/reject").url.path == f"/console/feedback/{number}"
    form = front.http.get(f"{form_at[1]}?feedback={number}").text
    given = {**company(address="山东省青岛市市南区云栖三路66号海听大厦8号楼102室"), "feedback": number}
    given |= {"reason": "更正住所", "revision": hidden(form, "revision")}
    preview = sent(front, browser, form_at[1], **given)
    assert "用印前核对" in preview
    done = sent(front, browser, form_at[1], **given, mark=hidden(preview, "mark"), step="issue")
    assert "8号楼102室" in done
    assert "已办理" in done
    again = sent(front, browser, form_at[1], **given, mark=hidden(preview, "mark"), step="issue")
    assert "8号楼102室" in again
    (entry,) = front.house.services.feedback.received(front.licence.issuer_code)
    assert entry.state.value == "corrected"
    old = front.house.services.register.get(front.licence.identifier)
    assert old.recorded_state is LicenceState.SUPERSEDED
    nothing = f"/console/licences/{old.superseded_by}/new/change"
    revision = hidden(front.http.get(nothing).text, "revision")
    given |= {"revision": revision, "mark": "z" * 22, "step": "issue"}
    assert 'role="alert"' in sent(front, browser, nothing, **given)
    assert front.http.get(f"/console/licences/{old.superseded_by}/new/suspend").status_code == 422


def upload(front: Front, browser: Browser, *rows: dict[str, str], name: str = "a.jsonl", **form: str) -> str:
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    token = {"csrf_token": browser.signed_in.csrf_token, "mark": secrets.token_urlsafe(16)}
    answer = front.http.post("/console/batches", data={**token, "type": SLUG, **form}, files={"file": (name, data)})
    return answer.text


def test_a_batch_is_sent_paused_done_and_followed(front: Front) -> None:
    browser = officer(front)
    front.house.seal(SLUG)
    assert 'role="alert"' in upload(front, browser, permit(1), name="a.exe")
    refused = upload(front, browser, permit(1), {**permit(2), "operator_name": ""}, name="<b>.jsonl")
    assert "校验未通过" in refused
    assert "&lt;b&gt;.jsonl" in refused
    assert "operator_name" in refused
    page = upload(front, browser, permit(1), permit(2))
    found = re.search(r"/console/batches/([0-9A-Z-]+)/acts/start", page)
    assert found is not None
    address = f"/console/batches/{found[1]}"
    for act, words in (("start", "办理中"), ("pause", "已暂停"), ("resume", "办理中")):
        assert words in sent(front, browser, f"{address}/acts/{act}")
    assert 'role="alert"' in sent(front, browser, f"{address}/acts/start")
    while front.house.services.batch_worker.run_once():
        pass
    told = front.http.get(f"{address}/progress").json()
    assert (told["state"], told["finished"], told["counts"]) == ("done", 2, {"issued": 2})
    assert "/console/licences/1.2.156" in front.http.get(f"{address}?result=issued").text
    assert "没有这样的行" in front.http.get(f"{address}?result=failed").text
    assert "1.2.156" in front.http.get(f"{address}/result.csv").text
    assert front.http.get(f"{address}/set-aside.csv").status_code == 404
    assert found[1] in front.http.get("/console/batches").text
    again = front.http.get(f"{address}/acts/start?lang=en")
    assert (again.url.path, "Done" in again.text or "done" in again.text) == (address, True)
    front.http.cookies.delete("lang")
    assert front.http.get(f"{address}/findings.csv").status_code == 404
    page = upload(front, browser, permit(3))
    other = "/console/batches/" + re.findall(r"/console/batches/([0-9A-Z-]+)/acts/start", page)[0]
    assert "必须写明理由" in sent(front, browser, f"{other}/acts/cancel", reason="")
    cancelled = sent(front, browser, f"{other}/acts/cancel", reason="名册<有误>")
    assert "名册&lt;有误&gt;" in cancelled
    assert "卢青禾" in cancelled
    officer(front, "jingshu", body=HEALTH.code)
    for tail in ("", "/progress", "/result.csv"):
        assert front.http.get(address + tail).status_code == 404
    other = sent(front, officer(front, "jingshu", body=HEALTH.code), f"{address}/acts/cancel")
    assert "没有" in other
    assert found[1] not in front.http.get("/console/batches").text


def test_a_file_that_is_sent_twice_by_one_form_makes_one_batch(shared: Front) -> None:
    browser = officer(shared)
    shared.house.seal(SLUG)
    mark = hidden(shared.http.get("/console/batches/new").text, "mark")
    before = len(shared.house.services.batches.latest())
    pages = [upload(shared, browser, permit(71), mark=mark) for _ in range(2)]
    assert "acts/start" in pages[0]
    assert re.findall(r"/console/batches/[0-9A-Z-]+/acts/start", pages[0]) == re.findall(
        r"/console/batches/[0-9A-Z-]+/acts/start", pages[1]
    )
    assert len(shared.house.services.batches.latest()) == before + 1
    assert 'role="alert"' in upload(shared, browser, permit(72), mark=mark)


def test_an_archive_shows_its_quality_and_is_mended(shared: Front) -> None:
    browser = officer(shared)
    shared.house.seal(SLUG)
    good, bad = ({**permit(number), "issue_date": "2024-08-17"} for number in (11, 12))
    page = upload(shared, browser, good, {**bad, "issue_date": "2024-02-30"}, kind="import")
    assert "数据质量" in page
    reference = re.search(r"mends=([0-9A-Z-]+)", page)
    assert reference is not None
    aside = shared.http.get(f"/console/batches/{reference[1]}/set-aside.csv").text
    assert "2024-02-30" in aside
    findings = shared.http.get(f"/console/batches/{reference[1]}/findings.csv").text
    assert "issue_date" in findings
    assert "2024-02-30" not in findings
    assert reference[1] in shared.http.get("/console/batches/new", params={"mends": reference[1]}).text
    wrong = upload(shared, browser, good, kind="import", mends="20260101-NOTHINGATA")
    assert 'role="alert"' in wrong
    dry = upload(shared, browser, {**good, "permit_number": permit(13)["permit_number"]}, kind="import", dry_run="1")
    assert "只校验，未办理" in dry


def test_feedback_for_another_body_looks_like_none(front: Front) -> None:
    front.check("identifier", identifier=front.licence.identifier, holder=front.licence.holder.code)
    body = {"identifier": front.licence.identifier, "text": "有误"}
    number = front.http.post("/v1/feedback", json=body, headers=front.checker).json()["id"]
    browser = officer(front, "jingshu", body=HEALTH.code)
    assert front.http.get(f"/console/feedback/{number}").status_code == 404
    assert number not in front.http.get("/console/feedback").text
    for answer in ("accept", "reject", "corrected"):
        sent(front, browser, f"/console/feedback/{number}/{answer}", text="x", identifier=front.licence.identifier)
    (entry,) = front.house.services.feedback.received(front.licence.issuer_code)
    assert entry.state.value == "open"
    assert front.http.get(f"/console/licences/{front.licence.identifier}/new/correct").status_code == 404
