"""The department console: search, a licence's life, and what is done to it."""

from __future__ import annotations

import re

from api.officers import Role
from tests.api.conftest import Front
from tests.api.signing_in import Browser, sign_in
from tests.house import HEALTH, LAW, MARKET

FIND = re.compile(r"/console/licences\?find=([\w-]+)")


def officer(front: Front, key: str = "issuer", body: str = MARKET.code, role: Role = Role.ISSUER) -> Browser:
    """An officer of a body, signed in."""
    browser = sign_in(front.http, front.house.services, key)
    known = front.house.services.officers.of(browser.signed_in)
    if known is None:
        front.house.services.organisations.enrol(next(each for each in (MARKET, HEALTH) if each.code == body))
        subject = ("https://id.example", key)
        front.house.services.officers.add(body, "卢青禾", [role], subject=subject, actor="tests")
    return browser


def sent(front: Front, browser: Browser, address: str, /, **data: object) -> str:
    """The page after a form of one was sent."""
    given = {"csrf_token": browser.signed_in.csrf_token, **{key: str(value) for key, value in data.items()}}
    return front.http.post(address, data=given).text


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_whatever_is_known_of_a_licence_finds_it_and_no_address_tells_it(shared: Front) -> None:
    browser = officer(shared)
    licence = shared.licence
    food = shared.house.issue("food_operation_permit")
    for words in (licence.number, licence.identifier, licence.holder.code, licence.holder.name[2:6]):
        answer = shared.http.post(
            "/console/licences", data={"csrf_token": browser.signed_in.csrf_token, "words": words}
        )
        assert words not in str(answer.url)
        assert licence.identifier in answer.text
    only = sent(shared, browser, "/console/licences", type="food_operation_permit")
    assert food.identifier in only
    assert licence.identifier not in only
    assert "没有符合条件的证照" in sent(shared, browser, "/console/licences", words="从来没有")
    assert "没有符合条件的证照" in sent(shared, browser, "/console/licences", state="revoked")
    for wrong in ({"issued_from": "2026-13-01"}, {"state": "lost"}, {"type": "no_such"}, {"words": "a\x07b"}):
        assert 'role="alert"' in sent(shared, browser, "/console/licences", **wrong)


def test_the_list_and_its_export_are_masked(shared: Front) -> None:
    officer(shared)
    page = shared.http.get("/console/licences").text
    assert shared.licence.number not in page
    exported = shared.http.get("/console/licences.csv").text
    assert shared.licence.identifier in exported
    assert shared.licence.number not in exported
    assert shared.licence.holder.code not in exported


def test_licences_are_listed_by_their_day_of_issue_or_their_last_day(shared: Front) -> None:
    officer(shared)
    food = shared.house.issue("food_operation_permit")

    def listed(address: str) -> tuple[str, list[str | None]]:
        page = shared.http.get(address).text
        heads = re.findall(r'<th scope="col"(?: aria-sort="(\w+)")?><a class="sort" href="([^"]+)">', page)
        return page, [*(each[0] for each in heads), *(each[1] for each in heads)]

    page, (issued, until, other_way, by_last_day) = listed("/console/licences")
    assert (issued, until) == ("descending", "")
    assert page.index(food.identifier) < page.index(shared.licence.identifier)
    page, (issued, until, *_) = listed(str(other_way))
    assert (issued, until) == ("ascending", "")
    assert page.index(food.identifier) > page.index(shared.licence.identifier)
    page, (issued, until, *_) = listed(str(by_last_day))
    assert (issued, until) == ("", "ascending")
    assert page.index(food.identifier) < page.index(shared.licence.identifier)  # which has no last day


def test_a_search_is_good_for_its_officer_alone(shared: Front) -> None:
    browser = officer(shared)
    data = {"csrf_token": browser.signed_in.csrf_token, "words": "从来没有"}
    find = str(shared.http.post("/console/licences", data=data).url).partition("find=")[2]
    assert "从来没有" in shared.http.get(f"/console/licences?find={find}").text
    officer(shared, "jingshu")
    assert "从来没有" not in shared.http.get(f"/console/licences?find={find}").text
    for wrong in ("x", "!" * 40, find[:-4] + "AAAA"):
        assert shared.http.get("/console/licences", params={"find": wrong}).status_code == 200


def test_an_act_asks_why_and_the_life_tells_it(front: Front) -> None:
    browser = officer(front)
    address = f"/console/licences/{front.licence.identifier}"
    page = front.http.get(address).text
    form = {"mark": hidden(page, "mark"), "revision": hidden(page, "revision")}
    assert 'role="alert"' in sent(front, browser, f"{address}/acts/revoke", **form, reason="r")
    refused = sent(front, browser, f"{address}/acts/suspend", **form, reason=" ")
    assert 'role="alert"' in refused
    page = sent(front, browser, f"{address}/acts/suspend", **form, reason="<b>有待核查</b>")
    assert "已办理" in page
    assert "&lt;b&gt;有待核查&lt;/b&gt;" in page
    assert "卢青禾" in page
    # the same form once more: done once, and answered again
    again = sent(front, browser, f"{address}/acts/suspend", **form, reason="<b>有待核查</b>")
    assert "已办理" in again
    events = [each.act.value for each in front.house.services.register.history(front.licence.identifier)]
    assert events == ["issue", "suspend"]
    # another, on what was seen before
    late = sent(front, browser, f"{address}/acts/revoke", mark="x" * 22, revision=form["revision"], reason="r")
    assert 'role="alert"' in late
    fresh = hidden(front.http.get(address).text, "revision")
    done = sent(front, browser, f"{address}/acts/revoke", mark="y" * 22, revision=fresh, reason="违法", legal_basis=LAW)
    assert LAW in done
    assert "不能再办理变动" in done


def test_what_makes_a_new_version_is_not_done_by_a_reason_alone(shared: Front) -> None:
    browser = officer(shared)
    address = f"/console/licences/{shared.licence.identifier}/acts"
    for act in ("correct", "extend", "issue"):
        page = sent(shared, browser, f"{address}/{act}", mark="x" * 22, revision=0, reason="r")
        assert "不能办理此事项" in page
    assert shared.http.get(f"{address}/nothing").status_code == 422


def test_what_is_another_bodys_looks_like_nothing(shared: Front) -> None:
    other = shared.house.issue("physician_practice_certificate")
    assert other.issuer_code == HEALTH.code
    browser = officer(shared)
    for tail in ("", "/pdf", "/acts/suspend"):
        theirs = shared.http.get(f"/console/licences/{other.identifier}{tail}")
        assert theirs.status_code == 404
    form = {"mark": "x" * 22, "revision": 0, "reason": "r"}
    sent(shared, browser, f"/console/licences/{other.identifier}/acts/suspend", **form)
    assert "没有符合条件的证照" in sent(shared, browser, "/console/licences", words=other.identifier)
    assert len(shared.house.services.register.history(other.identifier)) == 1


def test_only_officers_who_issue_come_in_and_only_by_forms_of_their_session(shared: Front) -> None:
    address = f"/console/licences/{shared.licence.identifier}"
    asked = {"accept": "text/html"}
    shared.http.cookies.clear()
    assert shared.http.get(address, headers=asked, follow_redirects=False).status_code == 303
    officer(shared)
    form = {"mark": "x" * 22, "revision": 0, "reason": "r"}
    for token in ({}, {"csrf_token": "x"}):
        assert shared.http.post(f"{address}/acts/suspend", data={**form, **token}).status_code == 403
    officer(shared, "approver", role=Role.APPROVER)
    assert shared.http.get(address).status_code == 403
    assert shared.http.get("/console").status_code == 403
    officer(shared, "administrator", role=Role.ADMINISTRATOR)
    assert shared.http.get("/console").status_code == 200
    assert shared.http.get("/console/licences").status_code == 403
