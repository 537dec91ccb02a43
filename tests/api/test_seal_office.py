"""Officers over HTTP: a seal's whole life, by two clients of which neither can pass for two."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.clients import Scope
from seal import Organisation, SealOwnerKind
from seal.sealing import SealingOrder
from store.errors import YinzhengError
from tests.api.conforming import hold_to_its_description
from tests.house import HEALTH, MARKET, House
from tests.pdfs import blank_pdf
from trust import HolderIndex

CITY = Organisation("11370200990100310L", "青岛市行政审批服务局", "Qingdao Approval Service", "370200")
DISTRICT = Organisation("113702039901003504", "青岛市市北区行政审批服务局", "Shibei Approval", "370203", CITY.code)
COMPANY = Organisation("913702039901003610", "青岛印证科技有限公司", "Yinzheng", "370203", None, SealOwnerKind.COMPANY)
BOTH = (Scope.SEALS, Scope.SEALS_APPROVE)


@dataclass
class Office:
    house: House
    http: TestClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def officer(self, name: str, *scopes: Scope, body: Organisation = CITY) -> None:
        new = self.house.services.clients.enrol(name, name=name, scopes=scopes, organisation_code=body.code)
        assert new is not None
        self.headers[name] = {"Authorization": f"Bearer {self.house.services.clients.token(new.client)}"}

    def get(self, who: str, path: str, **more: Any) -> Any:
        return self.http.get(f"/v1{path}", headers=self.headers.get(who, {}), **more)

    def post(self, who: str, path: str, **body: Any) -> Any:
        return self.http.post(f"/v1{path}", headers=self.headers.get(who, {}), json=body)

    def apply(self, who: str = "li", **more: Any) -> Any:
        said = {"owner": CITY.code, "licence_types": ["business_licence"], "reason": "启用", **more}
        return self.post(who, "/seal-applications", **said)

    def active(self) -> str:
        request = self.apply().json()
        assert self.post("wang", f"/seal-requests/{request['id']}/approve").status_code == 200
        return str(request["seal_number"])


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    for body in (CITY, DISTRICT, MARKET, HEALTH, COMPANY):
        house.services.organisations.enrol(body)
    with TestClient(create_app(house.services), raise_server_exceptions=False) as http:
        made = Office(house, http)
        made.officer("li", *BOTH)
        made.officer("wang", *BOTH)
        made.officer("clerk", Scope.SEALS)
        made.officer("checker", Scope.CHECK)
        made.officer("issuer", Scope.ISSUE)
        made.officer("market", *BOTH, body=MARKET)
        made.officer("shibei", *BOTH, body=DISTRICT)
        yield made


def test_the_whole_life_of_a_seal_over_http(office: Office) -> None:
    applied = office.apply(document="青政办发〔2026〕12号")
    assert applied.status_code == 201
    request, number = applied.json()["id"], applied.json()["seal_number"]
    assert [each["id"] for each in office.get("wang", "/seal-requests").json()] == [request]
    assert office.post("li", f"/seal-requests/{request}/review").json()["code"] == "seal.second_officer_needed"
    assert office.post("wang", f"/seal-requests/{request}/review").json()["state"] == "reviewed"
    made = office.post("clerk", f"/seals/{number}/requests", move="make", reason="制作").json()
    assert office.post("wang", f"/seal-requests/{made['id']}/approve", reason="同意").json()["state"] == "made"
    assert office.http.get(f"/v1/seals/{number}").status_code == 404
    assert office.post("clerk", f"/seals/{number}/register", reason="备案").json()["state"] == "registered"
    assert office.http.get(f"/v1/seals/{number}").json()["state"] == "registered"
    assert office.post("clerk", f"/seals/{number}/activate", reason="启用").json()["state"] == "active"
    assert office.post("wang", f"/seals/{number}/freeze", reason="疑似冒用").json()["state"] == "frozen"
    thaw = office.post("li", f"/seals/{number}/requests", move="thaw", reason="查明").json()
    assert office.post("wang", f"/seal-requests/{thaw['id']}/reject").status_code == 422
    refused = office.post("wang", f"/seal-requests/{thaw['id']}/reject", reason="尚未查明")
    assert refused.json()["state"] == "frozen"
    assert office.get("li", f"/seal-requests/{thaw['id']}").json()["decision_reason"] == "尚未查明"
    since = "2026-11-23T03:00:00Z"
    rotate = office.post("li", f"/seals/{number}/requests", move="rotate", reason="泄露", compromised_since=since)
    assert office.post("wang", f"/seal-requests/{rotate.json()['id']}/approve").json()["state"] == "frozen"
    cancel = office.post("li", f"/seals/{number}/requests", move="cancel", reason="撤销").json()
    assert office.post("wang", f"/seal-requests/{cancel['id']}/approve").json()["state"] == "cancelled"
    refused = office.post("li", f"/seals/{number}/freeze", reason="r")
    assert (refused.status_code, refused.json()["code"]) == (409, "seal.move_refused")
    assert "Possible now: nothing" in refused.json()["message_en"]
    file = office.get("li", f"/seals/{number}/file").json()
    assert [each["move"] for each in file["history"]] == [
        *("apply", "review", "make", "register", "activate", "freeze", "rotate", "cancel"),
    ]
    assert file["history"][0]["officer"] == "client:li"
    assert file["history"][2]["second_officer"] == "client:wang"
    assert (file["possible_moves"], len(file["certificates"]), len(file["requests"])) == ([], 2, 5)
    assert file["certificates"][0]["compromised_since"] == since
    public = office.http.get(f"/v1/seals/{number}").json()
    assert (public["state"], public["owner"], len(public["certificates"])) == ("cancelled", CITY.name_zh, 2)


def test_an_approved_application_is_in_use_and_its_successor_takes_over(office: Office) -> None:
    number = office.active()
    assert office.http.get(f"/v1/seals/{number}").json()["state"] == "active"
    request = office.apply(supersedes=number, purpose="行政审批专用章").json()
    office.post("wang", f"/seal-requests/{request['id']}/approve")
    old, new = (office.http.get(f"/v1/seals/{each}").json() for each in (number, request["seal_number"]))
    assert (old["state"], old["superseded_by"]) == ("changed", new["number"])
    assert (new["state"], new["supersedes"]) == ("active", number)
    assert [each["number"] for each in office.get("li", "/seals?state=active").json()] == [new["number"]]


def test_each_officer_has_the_say_of_its_scope_and_its_body(office: Office) -> None:
    number = office.active()
    request = office.apply("clerk", owner=DISTRICT.code).json()["id"]
    assert office.post("clerk", f"/seal-requests/{request}/approve").status_code == 403
    for who in ("checker", "issuer", "nobody"):
        for path in ("/seals", "/seal-requests", f"/seals/{number}/file", f"/seals/{number}/grants"):
            assert office.get(who, path).status_code in (401, 403)
        assert office.apply(who).status_code in (401, 403)
        assert office.post(who, f"/seals/{number}/freeze", reason="r").status_code in (401, 403)
    for who in ("market", "shibei"):  # neither stands above the city's office
        assert number not in str(office.get(who, "/seals").json())
        assert office.get(who, f"/seals/{number}/file").status_code == 404
        assert office.post(who, f"/seals/{number}/freeze", reason="r").status_code == 404
        assert office.apply(who).status_code == 404
    assert office.get("market", "/seal-requests").json() == []
    assert office.post("market", f"/seal-requests/{request}/approve").status_code == 404
    assert office.post("shibei", f"/seal-requests/{request}/approve").status_code == 200
    company = office.apply("shibei", owner=COMPANY.code, licence_types=[])
    assert company.status_code == 201
    assert office.get("wang", f"/seal-requests/{company.json()['id']}").status_code == 200
    assert office.apply(owner="91370200MA3C000000").json()["code"] == "seal.organisation_unknown"


def test_a_grant_is_given_used_counted_and_taken_back(office: Office) -> None:
    number = office.active()
    terms = {"licence_types": ["application"], "purpose": "联合审批", "organisation": HEALTH.code, "reason": "协议"}
    assert office.post("clerk", f"/seals/{number}/grants", **{**terms, "licence_types": ["nothing"]}).status_code == 404
    given = office.post("clerk", f"/seals/{number}/grants", **terms, daily_quota=3)
    assert (given.status_code, given.json()["holds"]) == (201, True)
    grants = office.get("wang", f"/seals/{number}/grants").json()
    assert [each["organisation"] for each in grants] == [None, HEALTH.code]
    other = office.active()
    path = f"/grants/{given.json()['id']}/revoke"
    assert office.post("wang", f"/seals/{other}{path}", reason="r").status_code == 404
    assert office.post("wang", f"/seals/{number}{path}", reason="终止").json()["holds"] is False
    assert office.post("wang", f"/seals/{number}{path}", reason="终止").status_code == 404


def test_an_owner_sees_and_exports_the_uses_of_its_seals(office: Office) -> None:
    number = office.active()
    order = SealingOrder(number, "client:x", "nothing", "甲", None, "r")  # type: ignore[arg-type]  # refused before
    with pytest.raises(YinzhengError):
        office.house.services.sealer.seal_pdf(blank_pdf(), order)
    for who in ("li", "issuer"):
        assert [each["result"] for each in office.get(who, f"/seals/{number}/uses").json()["uses"]] == ["refused"]
        assert office.get(who, f"/seals/{number}/days").json()[0] == {
            "day": "2026-11-23",
            "sealed": 0,
            "refused": 1,
            "failed": 0,
            "cut_short": 0,
        }
        exported = office.get(who, f"/seals/{number}/uses/export?format=csv")
        assert exported.headers["content-disposition"] == f'attachment; filename="{number}-uses.csv"'
        (row,) = csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig")))
        assert row["原因 reason_code"] == "seal.type_not_allowed"
        (member,) = office.get(who, f"/seals/{number}/uses/export?format=json&until=2026-11-23").json()
        assert member["document_identifier"] == "甲"
        assert office.get(who, f"/seals/{number}/uses/export?format=json&from=2026-11-24").json() == []
    for who in ("market", "shibei"):
        assert office.get(who, f"/seals/{number}/uses/export").status_code == 404
    assert office.get("checker", f"/seals/{number}/uses/export").status_code == 403


def test_a_person_and_a_company_see_the_uses_of_their_seals_in_their_wallets(office: Office) -> None:
    services = office.house.services
    person = services.people.enrol("张伟", "11010519491231002X", region_code="370203")
    wallets = (
        ("zhang", "citizen_id", "11010519491231002X", person.reference),
        ("company", "uscc", COMPANY.code, COMPANY.code),
    )
    numbers = {}
    for name, kind, code, owner in wallets:
        holder = HolderIndex.of(services.keys.vault, kind, code)
        new = services.clients.enrol(name, name=name, scopes=[Scope.HOLD], holder=holder)
        assert new is not None
        office.headers[name] = {"Authorization": f"Bearer {services.clients.token(new.client)}"}
        request = office.apply(owner=owner)
        assert office.post("wang", f"/seal-requests/{request.json()['id']}/approve").status_code == 200
        numbers[name] = request.json()["seal_number"]
    for name, number in numbers.items():
        assert office.get(name, f"/seals/{number}/days").json() == []
        other = next(each for each in numbers.values() if each != number)
        assert office.get(name, f"/seals/{other}/days").status_code == 404
        assert office.post(name, f"/seals/{number}/freeze", reason="r").status_code == 403
    assert office.get("zhang", f"/seals/{office.active()}/uses").status_code == 404


def test_the_public_looks_a_seal_up_by_number_and_learns_no_more(office: Office) -> None:
    number = office.active()
    record = office.http.get(f"/v1/seals/{number}")
    assert record.status_code == 200
    said = record.json()
    assert (said["owner"], said["owner_code"], said["kind_zh"], said["state_zh"]) == (
        *(CITY.name_zh, CITY.code, "公章", "启用"),
    )
    assert len(said["artwork_digest"]) == 64
    assert said["certificates"][0]["used_until"] is None
    assert "li" not in record.text.split('"')
    pending = office.apply().json()["seal_number"]
    assert office.http.get(f"/v1/seals/{pending}").json()["code"] == "seal.not_registered"
    assert office.http.get("/v1/seals/0000000000000").json()["code"] == "seal.not_registered"
    for wrong in ("1", "３７０２００１２３４５６７", "370200123456a"):
        assert office.http.get(f"/v1/seals/{wrong}").status_code == 422
    office.house.services.settings.check_rate = "1/hour"
    assert {office.http.get(f"/v1/seals/{number}").status_code for _ in range(3)} >= {429}


WRONG: list[dict[str, Any]] = [
    {"owner": CITY.code},
    {"owner": CITY.code, "reason": "r", "officer": "client:wang"},
    {"owner": CITY.code, "reason": "r", "valid_until": "2030-01-01T00:00:00"},
    {"owner": CITY.code, "reason": "r", "size_mm": 1e308},
    {"owner": CITY.code, "reason": "r", "picture": "PHN2Zz4="},
    {"owner": CITY.code, "reason": "\u202e", "licence_types": ["business_licence"]},
    {"owner": CITY.code, "reason": "r", "licence_types": ["business_licence"], "strokes": [[[0, 0], [1, 1]]]},
    {"owner": CITY.code, "reason": "r", "licence_types": ["business_licence"], "supersedes": "1"},
    {"owner": {"$ne": None}, "reason": "r"},
    {"owner": "\x00", "reason": "r"},
]


def test_what_is_no_application_is_refused_and_leaves_nothing(office: Office) -> None:
    for body in WRONG:
        answer = office.post("li", "/seal-applications", **body)
        assert answer.status_code in (404, 422), answer.text
    assert office.get("li", "/seals").json() == []


@pytest.mark.parametrize("scope", [Scope.SEALS, Scope.SEALS_APPROVE, Scope.SEAL_USE])
def test_schemathesis_finds_no_answer_undocumented(office: Office, scope: Scope) -> None:
    office.officer("any", scope)
    office.house.services.settings.check_rate = "100000/minute"
    office.house.services.settings.client_rate = "100000/minute"
    hold_to_its_description(office.http.app, office.headers["any"], paths="^/v1/seal")
