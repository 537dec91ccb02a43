"""A service where personal data of every kind are stored, and one reading of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fastapi.testclient import TestClient

from api.app import create_app
from api.officers import Role
from api.openid import Provider
from api.services import Services
from api.signed_in import SignIns
from seal import OwnerKind, Seal, SealApplication, Signatory
from tests.api.conftest import Front
from tests.api.signing_in import identity, sign_in
from tests.api.test_acting import JI, appointed
from tests.house import APPLICANT, APPROVER, MARKET
from tests.trust.bulk_house import load, permit, write_jsonl
from trust import HolderIndex
from trust.batch import LineState
from wallet import ActingPerson, WalletAct

CITIZEN = "11010519491231002X"
OFFICER = "370202198604121027"
SAID, ANSWERED = "登记的门牌号有误。", "核实属实。"
LINES = 40


class _Elsewhere:
    """A provider that nobody comes back from."""

    def address(self, **_: str) -> str:
        return "https://id.example/authorize"


class City:
    """A front where every kind of personal data is stored."""

    def __init__(self, front: Front, directory: Path) -> None:
        self.front = front
        services, identifier, holder = front.house.services, front.licence.identifier, front.licence.holder_index
        self._say()
        self.webhook = services.webhooks.add("issuer", "https://receiver.example/", actor="tests", place=-1).webhook.id
        services.webhooks.rotate(self.webhook)
        services.officers.add(MARKET.code, "卢青禾", [Role.AUDITOR], citizen_id=OFFICER, actor="tests")
        person = services.people.enrol("张伟", CITIZEN, region_code="370203")
        self._seal = self.sign_for(person.reference)
        index = HolderIndex.of(services.keys.vault, "citizen_id", CITIZEN)
        signatory = Signatory(OwnerKind.PERSON, CITIZEN, "张伟", index.value)
        self._credential, _ = services.credentials.enrol(signatory, actor="officer", reason="现场核验")
        SignIns(services.database, services.keys.vault, cast(Provider, _Elsewhere()), services.clock).begin(onward="/")
        assert appointed(front).status_code == 201
        with TestClient(create_app(services), base_url="http://127.0.0.1:8000") as http:
            self.token = sign_in(http, services, "ji").token
        agent = ActingPerson(HolderIndex.of(services.keys.vault, "citizen_id", JI), identity("ji").name)
        services.agents.note(services.agents.acting(agent, holder), WalletAct.VIEW, identifier)
        self.batch = load(front.house, write_jsonl(directory / "rows.jsonl", [permit(n) for n in range(LINES)]))

    def sign_for(self, person: str) -> Seal:
        """Make a person's signature."""
        seals = self.front.house.services.seals
        request = seals.apply(SealApplication(person, ["x"]), officer=APPLICANT, reason="r")
        return seals.approve(request.id, officer=APPROVER)

    def _say(self) -> None:
        front, services = self.front, self.front.house.services
        identifier, http = front.licence.identifier, front.http
        front.check("identifier", identifier=identifier, holder=front.licence.holder.code)
        look = http.get("/v1/wallet/looks", headers=front.holder).json()[0]["number"]
        made = http.post("/v1/wallet/objections", json={"look": look, "text": SAID}, headers=front.holder).json()
        services.objections.answer(made["number"], ANSWERED, actor="operator")
        body = {"identifier": identifier, "field": "address", "text": SAID}
        number = http.post("/v1/wallet/feedback", json=body, headers=front.holder).json()["id"]
        front.http.post(f"/v1/feedback/{number}/accept", json={"text": ANSWERED}, headers=front.issuer)

    def read(self, services: Services) -> dict[str, Any]:
        """All that the service stores about people, as a process reads it."""
        front = self.front
        holder, code = front.licence.holder_index, front.licence.holder.code
        licence = services.register.get(front.licence.identifier)
        (objection,) = services.objections.of_holder(holder)
        return {
            "licence": (licence.holder, licence.fields),
            "objection": (objection.text, objection.answer),
            "feedback": [(each.text, each.answer) for each in services.feedback.received(MARKET.code)],
            "officers": [each.name for each in services.officers.all(MARKET.code)],
            "person": services.people.find(CITIZEN),
            "artwork": services.seals.artwork(self._seal),
            "signature": services.seals.get(self._seal.number).name,
            "seal data": services.seal_data.current(front.house.seal().number).data,
            "credential": services.credentials.name(self._credential),
            "session": services.sessions.find(self.token).name,
            "agents": [each.name for each in services.agents.agents(holder)],
            "acts": [(each.name, each.act) for each in services.agents.record(holder)],
            "batch": [said for _, said in services.batches.said(self.batch, [LineState.WAITING])],
            "held": [
                each.identifier for each in services.register.held_by(HolderIndex.of(services.keys.vault, "uscc", code))
            ],
        }
