"""One's own objects of every kind, others', and some that do not exist; and requests that are sound but for those."""

from __future__ import annotations

import base64
import copy
import hashlib
import itertools
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.builtin_provider import OFFICERS, PEOPLE
from api.builtin_provider.provider import Asked as BuiltinAsked
from api.clients import ClientTerms, Scope
from api.officers import Role
from api.openid import Identity
from api.pages.held_cases import Answered, HeldCase, keep_case
from api.sessions import attempt_cookie, session_cookie
from api.signed_in import SignedIn
from seal import GrantTerms, OwnerKind, SealApplication, SealOwnerKind, SealUser, Signatory, SignedSubject
from seal import Organisation as Body
from seal.uses import WantedUse
from tests.api.matrix import CHECK, HOLD, ISSUE, Kind, Route
from tests.api.signing_in import identity
from tests.house import APPLICANT, APPROVER, HEALTH, LAW, MARKET, House
from tests.pdfs import blank_pdf
from tests.trust.bulk_house import body_code
from trust import HolderIndex, Licence
from trust.archives import ImportOrder
from trust.batch_loading import BatchOrder
from trust.rows import Row
from verify import PUBLIC, CheckEntry
from verify.feedback import Raiser
from wallet import ActingPerson, Appointment, Asked, ConsentTerms
from wallet.agents import APPOINTABLE

CASE = {"service_item": "370200-0131-001", "case_number": "2026-11-0001"}
NO_LICENCE = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
NO_BODY = body_code(9999999)
SESSIONS = {"person": "jingshu", "representative": "meng", "agent": "ji", **{role: role.value for role in Role}}
COMPANY_SIDE = (HOLD, "representative", "agent")


@dataclass
class World:
    """A city in which each kind of object is there twice."""

    house: House
    http: TestClient
    bearer: dict[Any, dict[str, str]] = field(default_factory=dict)
    people: dict[Any, Identity] = field(default_factory=dict)
    signed_in: dict[Any, tuple[str, SignedIn]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    issuer: str = ""
    """Of those who sign in."""
    counter: Any = field(default_factory=itertools.count)

    def furnish(self) -> None:
        services = self.house.services
        for name in ("token_rate", "sign_in_rate", "check_rate", "pki_rate", "client_rate"):
            setattr(services.settings, name, "100000/minute")
        self.company_licence = self.house.issue()
        self.person_licence = self.house.issue("physician_practice_certificate")
        self.other_licence = self.house.issue("social_organisation_certificate")
        self.company, self.person = self.company_licence.holder_index, self.person_licence.holder_index
        self.house.publish_items()
        company = Body(self.company_licence.holder.code, "青岛公司", "Company", "370203", None, SealOwnerKind.COMPANY)
        services.organisations.enrol(company)
        for each in (self.company, self.person):
            services.wallets.open(each)
        services.agents.confirm(self.company_licence, PEOPLE["meng"].number, actor="tests")
        for each in OFFICERS:
            assert each.body is not None
            assert each.role is not None
            services.officers.add(each.body, each.name, [each.role], citizen_id=each.number, actor="tests")
        self.agent = self.appoint(self.company, "ji")
        for scope in Scope:
            self.bearer[scope] = self.client(f"role-{scope.name.lower()}", scope, MARKET)
        self.bearer["checker of another body"] = self.client("other-check", CHECK, HEALTH)
        for name, key in SESSIONS.items():
            self.people[name] = identity(key)
            self.signed_in[name] = self.begin(name)
        known = identity("jingshu")
        self.people["nameless"] = type(known)(**{**vars(known), "number": None, "subject": "nameless"})
        self.signed_in["nameless"] = self.begin("nameless")
        for name in ("representative", "agent"):
            found = self.signed_in[name][1]
            assert found.holder is not None
            mandates = services.agents.mandates(ActingPerson(found.holder, found.name))
            services.sessions.act_for(found, mandates[0].holder)
        self.makers: dict[Kind, Callable[[Any, bool], Any]] = {
            kind: getattr(self, f"_{kind.name.lower()}") for kind in Kind if kind is not Kind.OPEN
        }

    def client(self, name: str, scope: Scope, body: Body) -> dict[str, str]:
        holder = {"holder": self.company} if scope is HOLD else {"organisation_code": body.code}
        terms = ClientTerms(licence_types=frozenset({"business_licence"}), fields=frozenset({"business_licence.*"}))
        new = self.house.services.clients.enrol(name, name=name, scopes=[scope], terms=terms, **holder)  # type: ignore[arg-type]
        assert new is not None
        self.secrets[name] = new.secret
        return {"Authorization": f"Bearer {self.house.services.clients.token(new.client)}"}

    def begin(self, who: Any) -> tuple[str, SignedIn]:
        """Another session of somebody, acting for himself."""
        token = self.house.services.sessions.begin(self.people[who])
        return token, self.house.services.sessions.find(token)

    # requests

    def send(self, route: Route, who: Any, chosen: Mapping[str, Any]) -> Any:
        """A request that is sound but for the values chosen; all others name the caller's own objects."""
        given = {name: self.own(kind, who, route) for name, kind in route.objects() if name not in chosen}
        values = {**given, **chosen}
        if "share" in values:
            values["share"] = f"{values['share']}|{NAMES[values['share'] == self.company_licence.identifier]}"
        words = next((each for pattern, each in WORDS.items() if re.fullmatch(pattern, route.path)), {})
        path = re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], words.get(found[1], "x"))), route.path)
        inner = {name: value for name, value in values.items() if f"{{{name}}}" not in route.path}
        request = BODIES.get(route.name, BODIES.get(re.sub(r"^\w+ .*/", "*/", route.name), {}))
        request = request(self) if callable(request) else copy.deepcopy(request)
        session = self.session_for(who, route)
        headers = dict(self.bearer.get(who, {}))
        for name, value in inner.items():
            _place(request, name, value)
        headers.update(request.pop("headers", {}))
        self.http.cookies.clear()
        if session is not None:
            self.http.cookies.set(session_cookie(self.house.services.settings), session[0])
            headers["X-CSRF-Token"] = session[1].csrf_token
        if route.path == "/sign-in/callback":
            self.http.cookies.set(attempt_cookie(self.house.services.settings), self.attempt)
        if "lines" in request:
            request["content"] = "".join(json.dumps(each) + "\n" for each in request.pop("lines"))
        return self.http.request(route.method, path, headers=headers, follow_redirects=False, **request)

    def session_for(self, who: Any, route: Route) -> tuple[str, SignedIn] | None:
        """The session of somebody; one of its own where it ends by the request, or acts for somebody else after it."""
        if who not in self.people:
            return None
        return self.begin(who) if route.path in {"/sign-out", "/acting"} else self.signed_in[who]

    # objects

    def own(self, kind: Kind, who: Any, route: Route | None = None) -> Any:
        """One that is the caller's; None where the caller has none of the kind."""
        return self.makers[kind]((who, route), True)

    def foreign(self, kind: Kind, who: Any, route: Route | None = None) -> Any:
        """One that is not the caller's."""
        return self.makers[kind]((who, route), False)

    def holder_of(self, who: Any, *, own: bool) -> HolderIndex:
        """Callers for the company see what is the person's as another's; everybody else what is the company's."""
        if who in COMPANY_SIDE:
            return self.company if own else self.person
        if who in (ISSUE, CHECK, Role.ISSUER, "person"):
            mine, others = (self.person, self.company) if who == "person" else (self.company, self.person)
            return mine if own else others
        return self.person

    def _licence(self, at: Any, own: bool) -> str:
        return self._licence_of(self.holder_of(at[0], own=own)).identifier

    def _licence_of(self, holder: HolderIndex) -> Licence:
        return self.company_licence if holder == self.company else self.person_licence

    def _licence_number(self, at: Any, own: bool) -> str:
        return str(self._licence_of(self.holder_of(at[0], own=own)).number)

    def _holder(self, at: Any, own: bool) -> str:
        if at[0] == CHECK:
            self._consent((CHECK, None), own)
        return (self.company_licence if own else self.other_licence).holder.code

    def _acted_for(self, at: Any, own: bool) -> str:
        return (self.company if own else self.other_licence.holder_index).value.hex()

    def _consent(self, at: Any, own: bool) -> str:
        who = at[0]
        holder = self.company if who == CHECK else self.holder_of(who, own=own)
        body = HEALTH if who == CHECK and not own else MARKET
        named = self._licence_of(holder).identifier
        until = self.house.services.clock.now() + timedelta(days=1)
        terms = ConsentTerms(
            body.code, CASE["service_item"], {named: frozenset({NAMES[holder == self.company]})}, 1, until
        )
        return self.house.services.licence_consents.give(holder, terms).number

    def _consent_request(self, at: Any, own: bool) -> str:
        who = at[0]
        holder = self.company if who == CHECK else self.holder_of(who, own=own)
        body = HEALTH if who == CHECK and not own else MARKET
        wanted = {self._licence_of(holder).type.slug: frozenset({NAMES[holder == self.company]})}
        asked = Asked("tests", body.code, CASE["service_item"], f"c-{next(self.counter)}", "办理许可", wanted)
        requests = self.house.services.consent_requests
        requests.refuse_all(holder, by="tests")
        return requests.ask(holder, asked, answer_within=timedelta(days=1)).number

    def appoint(self, holder: HolderIndex, key: str) -> str:
        person = PEOPLE[key]
        until = self.house.services.clock.now() + timedelta(days=30)
        limits = Appointment(person.name, person.number, APPOINTABLE, until, "办理年报")
        return self.house.services.agents.appoint(holder, limits, actor="tests").number

    def _agent(self, at: Any, own: bool) -> str | None:
        if own and at[0] not in (HOLD, "representative"):
            return None
        agents, holder = self.house.services.agents, self.company if own else self.other_licence.holder_index
        for each in agents.in_office(holder) if own else ():
            if each.number != self.agent:
                agents.dismiss(holder, each.number, actor="tests")
        if own:
            return self.appoint(holder, "fu")
        return next((each.number for each in agents.in_office(holder)), None) or self.appoint(holder, "fu")

    def _looked(self, holder: HolderIndex, who: Any) -> int:
        """The number of a check of a holder's licence, that a body has just made."""
        licence, headers = self._licence_of(holder), self.bearer[who]
        body = {**CASE, "identifier": licence.identifier, "holder": licence.holder.code}
        made = self.http.post("/v1/checks/identifier", json=body, headers=headers)
        assert made.status_code == 200, made.text
        return self.house.services.looks.at([self.company_licence.identifier, self.person_licence.identifier])[0].number

    def _look(self, at: Any, own: bool) -> int:
        services = self.house.services
        if self.holder_of(at[0], own=own) == self.company:
            return self._looked(self.company, CHECK)
        services.check_records.add(self._public_look(self.person_licence))
        return services.looks.at([self.person_licence.identifier])[0].number

    def _presentation(self, at: Any, own: bool) -> str:
        """Of a licence, made by the caller or by another holder."""
        who, services = at[0], self.house.services
        licence = self._licence_of(self.holder_of(who, own=own))
        if not own:
            return services.presentations.present(licence.holder_index, licence.identifier, purpose="开户").number
        self.http.cookies.clear()
        self.http.cookies.set(session_cookie(services.settings), self.signed_in[who][0])
        headers = {"X-CSRF-Token": self.signed_in[who][1].csrf_token, "Accept": "application/json"}
        made = self.http.post(f"/wallet/licences/{licence.identifier}/code", headers=headers)
        return str(made.json()["number"])

    def _held_case(self, *, own: bool) -> tuple[str, str]:
        """A case of the approver's, or of another officer's, and the receipt of the check in it."""
        services = self.house.services
        reference = next(each.reference for each in services.officers.all(HEALTH.code)) if own else "another"
        verdict = services.checker.check_identifier(self.company_licence.identifier)
        answer = Answered(
            evidence="identifier", verdict=verdict, receipt_id=f"receipt-{own}".lower(), receipt="header.body.signature"
        )
        case = HeldCase(
            officer=reference, item=CASE["service_item"], case_number=CASE["case_number"], answers=(answer,)
        )
        return keep_case(services, case), answer.receipt_id

    def _case(self, at: Any, own: bool) -> str:
        return self._held_case(own=own)[0]

    def _receipt(self, at: Any, own: bool) -> str:
        return self._held_case(own=own)[1]

    def _use(self, at: Any, own: bool) -> int:
        slug = "business_licence" if own else "physician_practice_certificate"
        uses, number = self.house.services.seal_uses, self.house.seal(slug).number
        begun = uses.begin(WantedUse(number, "client:issuing", SealUser(), slug, "1", "0" * 64, None))
        uses.sealed(begun, "1" * 64)
        return begun.id

    def _public_look(self, licence: Licence) -> Any:
        services = self.house.services
        return CheckEntry(services.checker.check_identifier(licence.identifier), "identifier", PUBLIC)

    def _objection(self, at: Any, own: bool) -> str:
        services = self.house.services
        # the approver is an officer of that other body
        of_another = own == (at[0] is Role.APPROVER)
        number = self._looked(self.company, "checker of another body" if of_another else CHECK)
        look = services.looks.find(number, [self.company_licence.identifier])
        assert look is not None
        return services.objections.open(self.company, look, "没有办理过此事").number

    def _feedback(self, at: Any, own: bool) -> str:
        services = self.house.services
        licence = self.company_licence if own else self.person_licence
        with services.database.transaction() as session:
            session.execute(sa.text("UPDATE feedback SET state = 'rejected' WHERE state IN ('open', 'accepted')"))
        made = services.feedback.open(Raiser(holder=licence.holder_index), licence.identifier, "住所有误")
        if at[1] is not None and at[1].path.endswith(("corrected", "{answer}")):
            services.feedback.accept(made.id, licence.issuer_code, "核实属实", actor="tests")
        return made.id

    def _batch(self, at: Any, own: bool) -> str:
        slug, body = ("business_licence", MARKET) if own else ("physician_practice_certificate", HEALTH)
        order = BatchOrder(slug, "tests", "a.csv", issuer_code=body.code)
        return self.house.services.batch_loading.load(order, iter([Row(2, {"name": "x"})])).reference

    def _import(self, at: Any, own: bool) -> str:
        slug, body = ("business_licence", MARKET) if own else ("physician_practice_certificate", HEALTH)
        order = ImportOrder(slug, "tests", "a.csv", issuer_code=body.code)
        return self.house.services.archives.load(order, iter([Row(2, {"name": "x"})])).reference

    def _seal(self, at: Any, own: bool) -> str:
        if at[0] is HOLD:
            return self._company_seal() if own else self._applied(HEALTH)[0]
        return self.house.seal().number if own else self._applied(HEALTH)[0]

    def _company_seal(self) -> str:
        if "company_seal" not in self.__dict__:
            application = SealApplication(self.company_licence.holder.code, ["business_licence"])
            request = self.house.services.seals.apply(application, officer=APPLICANT, reason="启用")
            self.company_seal = self.house.services.seals.approve(request.id, officer=APPROVER).number
        return self.company_seal

    def _applied(self, body: Body) -> tuple[str, int]:
        """A seal that was applied for, and the request that waits."""
        slug = "business_licence" if body is MARKET else "physician_practice_certificate"
        application = SealApplication(body.code, [slug], f"专用章{next(self.counter)}")
        request = self.house.services.seals.apply(application, officer=APPLICANT, reason="启用")
        return request.seal_number, request.id

    def _usable_seal(self, at: Any, own: bool) -> str:
        return self.house.seal().number if own else self._applied(HEALTH)[0]

    def _seal_request(self, at: Any, own: bool) -> int:
        return self._applied(MARKET if own else HEALTH)[1]

    def _grant(self, at: Any, own: bool) -> int:
        seal = self.house.seal() if own else self.house.seal("physician_practice_certificate")
        slug = "business_licence" if own else "physician_practice_certificate"
        given = self.house.services.grants.give(
            seal.number, GrantTerms([slug], "联合执法", SealUser(HEALTH.code)), officer=APPLICANT, reason="授权"
        )
        return given.id

    def _owner(self, at: Any, own: bool) -> str:
        return (MARKET if own else HEALTH).code

    def signer(self, *, own: bool) -> tuple[Any, pyotp.TOTP]:
        """Somebody with a credential, who consented to the client that signs where it is its own."""
        name = f"signer-{own}"
        if name not in self.__dict__:
            credentials, consents = self.house.services.credentials, self.house.services.consents
            code, index = (PEOPLE["fu"].number, b"f" * 32) if own else (PEOPLE["jingshu"].number, b"j" * 32)
            who = Signatory(OwnerKind.PERSON, code, "傅𬭎" if own else "傅静姝", index)
            made, enrolment = credentials.enrol(who, actor="officer", reason="现场核验")
            codes = pyotp.TOTP(parse_qs(urlsplit(enrolment.uri).query)["secret"][0])
            client = "role-sign" if own else "role-check"
            consents.give(made, client, factor="OTP", answer=self.code(codes), actor="cli:clerk")
            self.__dict__[name] = (made, codes)
        found: tuple[Any, pyotp.TOTP] = self.__dict__[name]
        return found

    def code(self, codes: pyotp.TOTP) -> str:
        return codes.generate_otp(int(self.house.services.clock.now().timestamp()) // 30)

    def _credential(self, at: Any, own: bool) -> str:
        return str(self.signer(own=own)[0].number)

    def _sad(self, at: Any, own: bool) -> str:
        services = self.house.services
        credential, codes = self.signer(own=own)
        services.clock.advance(timedelta(seconds=30))  # type: ignore[attr-defined]  # a code is good for once
        return services.authorisations.authorise(
            credential,
            [DIGEST],
            subject=SignedSubject.HASH,
            factor="OTP",
            answer=self.code(codes),
            client="client:role-sign" if own else "client:role-check",
        ).token

    def _client(self, at: Any, own: bool) -> str:
        return "role-check" if own else "role-issue"

    def _state(self, at: Any, own: bool) -> str:
        """Of an attempt of this browser, or of another's."""
        attempt = self.house.services.sign_ins.begin(onward="/")  # type: ignore[union-attr]  # it is set up
        self.attempt = attempt.browser if own else "B" * 43
        return parse_qs(urlsplit(attempt.address).query)["state"][0]

    def _code(self, at: Any, own: bool) -> str:
        """Of the provider's answer to one who knows the verifier, or to another."""
        verifier = VERIFIER if own else secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        callback = f"{self.house.services.settings.base_url}/sign-in/callback"
        asked = BuiltinAsked("yinzheng", callback, "code", "s", "n", challenge, "S256")
        answer = self.house.services.builtin_provider.answer(asked, "fu")
        return parse_qs(urlsplit(answer).query)["code"][0]


DIGEST = hashlib.sha256(b"x").digest()
VERIFIER = secrets.token_urlsafe(32)
NAMES = {True: "name", False: "practice_scope"}
MISSING: dict[Kind, Any] = {
    Kind.LICENCE: NO_LICENCE,
    Kind.LICENCE_NUMBER: "0",
    Kind.HOLDER: NO_BODY,
    Kind.ACTED_FOR: "00" * 32,
    Kind.LOOK: 2**40,
    Kind.PRESENTATION: "0" * 32,
    Kind.CASE: "A" * 32,
    Kind.RECEIPT: "receipt-none",
    Kind.USE: 2**30,
    Kind.BATCH: "20261123-0000000000",
    Kind.IMPORT: "20261123-0000000000",
    Kind.SEAL: "3702009999999",
    Kind.USABLE_SEAL: "3702009999999",
    Kind.SEAL_REQUEST: 2**30,
    Kind.GRANT: 2**30,
    Kind.OWNER: NO_BODY,
    Kind.CLIENT: "nobody",
    Kind.STATE: "A" * 43,
    Kind.CODE: "A" * 43,
    Kind.SAD: "A" * 43,
    **dict.fromkeys((Kind.CONSENT, Kind.CONSENT_REQUEST, Kind.AGENT, Kind.OBJECTION, Kind.FEEDBACK), "0" * 32),
    Kind.CREDENTIAL: "0" * 32,
}

_REASON = {"json": {"reason": "核查"}}
_ENDING = {"json": {"reason": "核查", "legal_basis": LAW}}
_CHANGE = {"json": {"reason": "核查", "legal_basis": LAW, "fields": {"name": "青岛某公司"}}}
_TEXT = {"json": {"text": "核实属实"}}
_UPLOAD = {"headers": {"Content-Type": "application/x-ndjson"}, "content": b'{"name": "x"}\n'}
_HASHES = {"hashes": [base64.b64encode(DIGEST).decode()], "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1"}


def _fact(world: World) -> dict[str, Any]:
    return {"json": {**CASE, "holder": world.company_licence.holder.code, "fields": ["name"]}}


def _lines(world: World) -> dict[str, Any]:
    return {
        "params": dict(CASE),
        "headers": {"Content-Type": "application/x-ndjson"},
        "lines": [{"holder": world.company_licence.holder.code}],
    }


WORDS: dict[str, dict[str, str]] = {
    r"/console/licences/.*/acts/.*": {"act": "resume"},
    r"/console/licences/.*/new/.*": {"act": "change"},
    r"/console/batches/.*/acts/.*": {"act": "pause"},
    r"/console/feedback/.*": {"answer": "corrected"},
    r"/cases/.*/receipts/.*": {"form": "jws"},
}
"""What stands in addresses for what is no object."""

BODIES: dict[str, Any] = {
    **{f"*/{act}": _REASON for act in ("suspend", "resume", "endorse")},
    **{f"*/{act}": _REASON for act in ("review", "approve", "reject", "register", "activate", "freeze", "revoke")},
    **{f"POST /v1/licences/{{identifier}}/{act}": _ENDING for act in ("revoke", "cancel")},
    **{f"*/{act}": _CHANGE for act in ("correct", "change", "renew")},
    "*/named-person": {"json": {"id_number": PEOPLE["meng"].number}},
    **{f"POST /v1/feedback/{{number}}/{act}": _TEXT for act in ("accept", "reject")},
    "POST /v1/feedback/{number}/corrected": {"json": {}},
    "*/answer": _TEXT,
    "POST /v1/licences/search": {"json": {}},
    "*/arrangement": {"json": {"pinned": True, "hidden": False}},
    "POST /v1/wallet/presentations": {"json": {"purpose": "办理许可"}},
    "POST /v1/wallet/offline-presentations": {"json": {"purpose": "办理许可"}},
    "POST /v1/wallet/consents": {
        "json": {
            "body": MARKET.code,
            "service_item": CASE["service_item"],
            "licences": [{"fields": ["name"]}],
            "until": "2026-11-24T04:00:00+00:00",
        }
    },
    "POST /v1/wallet/consent-requests/{number}/agree": {"json": {"licences": [{"fields": ["name"]}]}},
    "POST /v1/wallet/objections": {"json": {"text": "没有办理过此事"}},
    "POST /v1/wallet/feedback": {"json": {"text": "住所有误"}},
    "POST /v1/feedback": {"json": {"text": "住所有误"}},
    "PUT /v1/watches/{identifier}": {"json": {"until": "2026-12-31"}},
    "POST /v1/consent-requests": {
        "json": {
            **CASE,
            "holder": {"code_type": "uscc"},
            "purpose": "办理许可",
            "wanted": [{"type": "business_licence", "fields": ["name"]}],
        }
    },
    "POST /v1/consents/search": {"json": {**CASE, "holder": {"code_type": "uscc"}}},
    "POST /v1/checks/identifier": _fact,
    "POST /v1/sharing/verify": _fact,
    "POST /v1/sharing/obtain": _fact,
    "POST /v1/checks/presentation": {"json": {**CASE}},
    "POST /v1/checks/materials": {"json": {**CASE, "applicant": {"code_type": "uscc"}}},
    "POST /v1/sharing/query": {"json": {**CASE, "holder": {"code_type": "uscc"}}},
    "POST /v1/checks/identifiers": lambda world: {
        "json": {**CASE, "checks": [{"holder": world.company_licence.holder.code}]}
    },
    "POST /v1/checks/stream": _lines,
    "POST /v1/imports": {"params": {"type": "business_licence"}, **_UPLOAD},
    "POST /v1/seals/{number}/signatures": {
        "json": {
            "digest": "0" * 64,
            "document_type": "business_licence",
            "document_identifier": "OFD-1",
            "property_info": "/Doc_0/Signs/Sign_0/Signature.xml",
        }
    },
    "POST /v1/seal-applications": {"json": {"reason": "启用", "licence_types": ["business_licence"]}},
    "POST /v1/seals/{number}/requests": {"json": {"reason": "撤销", "move": "rotate"}},
    "POST /v1/seals/{number}/grants": {
        "json": {"reason": "授权", "licence_types": ["business_licence"], "purpose": "联合执法"}
    },
    "POST /v1/seal-uses": lambda _: {
        "params": {"identifier": "a", "reason": "受理", "x_mm": 100, "y_mm": 100, "type": "business_licence"},
        "headers": {"Content-Type": "application/pdf"},
        "content": blank_pdf(),
    },
    "POST /csc/v2/credentials/list": {"json": {}},
    "POST /csc/v2/credentials/info": {"json": {}},
    "POST /csc/v2/credentials/authorize": {
        "json": {"numSignatures": 1, "authData": [{"id": "OTP", "value": "000000"}], **_HASHES}
    },
    "POST /csc/v2/signatures/signHash": {"json": {"signAlgo": "1.2.840.10045.4.3.2", **_HASHES}},
    "POST /oauth/token": lambda world: {
        "data": {"grant_type": "client_credentials", "client_secret": world.secrets["role-check"]}
    },
    "GET /sign-in/callback": lambda world: {"params": {"error": "access_denied", "iss": world.issuer}},
    "POST /builtin-provider/token": lambda world: {
        "data": {
            "grant_type": "authorization_code",
            "code_verifier": VERIFIER,
            "redirect_uri": f"{world.house.services.settings.base_url}/sign-in/callback",
        }
    },
    "POST /acting": {"data": {}},
    "POST /wallet/agents/{number}/dismiss": {"data": {"reason": "离职"}},
    "POST /wallet/licences/{identifier}/arrangement": {"data": {"wish": "pin"}},
    "POST /wallet/licences/{identifier}/code": {"data": {"purpose": "开户"}},
    "POST /wallet/requests/{number}": {"data": {"agree": "part", "days": "1"}},
    "POST /wallet/consents": lambda _: {
        "data": {"once": secrets.token_hex(16), "item": CASE["service_item"], "until": "2026-11-24"}
    },
    "GET /wallet/looks": {},
    "POST /wallet/looks/{number}/objection": {"data": {"text": "没有办理过此事"}},
    "POST /wallet/licences/{identifier}/feedback": {"data": {"text": "住所有误"}},
    "POST /console/licences/{identifier}/acts/{act}": {
        "data": {"mark": "m" * 22, "revision": "0", "reason": "核查", "legal_basis": LAW}
    },
    "POST /console/licences/{identifier}/new/{act}": {"data": {}},
    "POST /console/feedback/{number}/{answer}": {"data": {"text": "核实属实"}},
    "POST /console/batches": lambda _: {
        "data": {"mark": secrets.token_urlsafe(16), "kind": "import", "type": "business_licence"},
        "files": {"file": ("a.csv", b"name\nx\n", "text/csv")},
    },
    "POST /v1/batches/{reference}/cancel": {"json": {"reason": "重复上传"}},
    "POST /objections/{number}": {"data": {"text": "依法检查"}},
    "POST /cases/{number}/applicant": {"data": {"code_type": "uscc", "code": NO_BODY}},
    "POST /cases/{number}/code": {"data": {"text": NO_LICENCE}},
    "POST /seals/new": {
        "data": {"kind": "special", "purpose": "审批", "reason": "启用", "licence_types": "business_licence"}
    },
    "POST /seals/new/artwork": {"data": {"purpose": "审批"}},
    "POST /seals/{number}/grants": {
        "data": {
            "reason": "授权",
            "licence_types": "business_licence",
            "purpose": "联合执法",
            "organisation": HEALTH.code,
        }
    },
    "POST /seals/{number}/grants/{grant}/revoke": {"data": {"reason": "核查"}},
    "POST /wallet/consents/{number}/withdraw": {},
    **{f"POST /seals/{{number}}/{act}": {"data": {"reason": "核查"}} for act in ("freeze", "register", "activate")},
    "POST /seals/{number}/ask": {"data": {"reason": "核查", "move": "rotate"}},
    **{f"POST /seals/requests/{{number}}/{act}": {"data": {"reason": "核查"}} for act in ("approve", "reject")},
}


def _place(request: dict[str, Any], name: str, value: Any) -> None:
    """Put a value where a request has it: in the form, the query, or the JSON body, members of members by dots."""
    lists = {"consents"}
    part = next((each for each in ("json", "data", "lines") if each in request), "params")
    if part == "params" or (name in ("seal", "state") and "json" not in request):
        request.setdefault("params", {})[name] = value
        return
    at = request[part]
    *before, last = name.removeprefix("checks.").split(".") if part == "lines" else name.split(".")
    for each in before:
        at = at.setdefault(each, {}) if isinstance(at, dict) else at[0].setdefault(each, {})
    if isinstance(at, list):
        at = at[0]
    at[last] = [value] if last in lists else value
