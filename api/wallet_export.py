"""All that is stored about a holder (个人信息副本), as a ZIP that is made while it is sent.

Personal Information Protection Law, article 45: a person may have a copy of what is held. One file is in memory at a
time, however many there are. Checks that the law keeps from the holder are left out, as they are on the page.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from api.agent_schemas import ActView, AgentView
from api.consent_schemas import ConsentRequestView, ConsentView
from api.look_schemas import LookView, ObjectionView
from api.routers.feedback import FeedbackView
from api.schemas import MintingView, WalletLicenceView
from api.services import Services
from seal import Person
from trust import HolderIndex, Licence
from verify.feedback import Raiser
from verify.looks import MOST_LOOKS

_ABOUT = """印证电子卡包 —— 所存信息副本

licences/          每份证照：登记簿中的全部数据（JSON）与加盖电子印章的 PDF
wallet.json        卡包状态、证照排列、历次导出
presentations.json 联网与离线亮证
consents/          授权及其使用；*.jws 为签名记录，公钥见 /.well-known/consent-jwks.json
consent-requests.json, looks.jsonl, objections.json, feedback.json
                   授权请求、查验记录、对查验的异议、对数据的异议
sign-ins.json      登录记录与现有登录
acting.json        经办人及他人代为办理的记录；本人代他人办理的记录、指明本人的证照
signing.json       电子签名凭据、对签名应用的授权、签名记录、个人签名印章
service.json       作为工作人员的登记；以持证人身份接入的系统

依法不告知的查验不在其中。信息有误请在卡包中提出异议。

All that is stored about you: licences with their sealed PDFs, the wallet, what was shown, consents with their signed
records, requests, who looked, objections and feedback; when you signed in and where you are, who acts for you and for
whom you act, your signing credentials and signatures, your registration as an officer, and systems that open your
wallet. Checks that the law keeps quiet are not among them.
"""


class _Sink(io.RawIOBase):
    """Where the ZIP is written: kept until it is taken away."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


def export_of(services: Services, holder: HolderIndex) -> Iterator[bytes]:
    """The ZIP, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(services, holder):
            archive.writestr(_entry(services, name), content)
            yield sink.take()
        for _ in _looks(services, holder, archive):
            yield sink.take()
    yield sink.take()


def _entry(services: Services, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, services.clock.now().timetuple()[:6])
    # what is sealed is compressed already
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
    return entry


def _files(services: Services, holder: HolderIndex) -> Iterator[tuple[str, bytes]]:
    yield "README.txt", _ABOUT.encode()
    yield "wallet.json", _json(_wallet(services, holder))
    for identifier in services.wallets.identifiers(holder):
        licence = services.register.get(identifier)
        yield f"licences/{identifier}.json", _json(_licence(services, licence))
        if licence.pdf_digest is not None:
            yield f"licences/{identifier}.pdf", services.register.pdf(licence)
        if licence.scan_digest is not None:
            yield f"licences/{identifier}-scan.pdf", services.archives.scan(identifier)
    yield "presentations.json", _json(_presentations(services, holder))
    yield from _consents(services, holder)
    names = services.names()
    objections = services.objections.of_holder(holder, at_most=None)
    yield "objections.json", _views(ObjectionView.of(each, names) for each in objections)
    raised = services.feedback.raised_by(Raiser(holder=holder), at_most=None)
    yield "feedback.json", _views(FeedbackView.of(each) for each in raised)
    yield "sign-ins.json", _json(_sign_ins(services, holder))
    yield "acting.json", _json(_acting(services, holder))
    yield "signing.json", _json(_signing(services, holder))
    yield "service.json", _json(_service(services, holder))


def _wallet(services: Services, holder: HolderIndex) -> dict[str, Any]:
    today, state = services.register.today(), services.wallets.state(holder)
    return {
        "opened_at": state.opened_at,
        "closed_at": state.closed_at,
        "entries": [
            WalletLicenceView.of_entry(each, today).model_dump(mode="json") for each in services.wallets.entries(holder)
        ],
        "exports": services.wallets.exports(holder),
    }


def _licence(services: Services, licence: Licence) -> dict[str, Any]:
    """All that the register has on it but for who of the officials acted."""
    history = services.register.history(licence.identifier)
    return {
        "identifier": licence.identifier,
        "type": licence.type.slug,
        "name": licence.type.name_zh,
        "number": licence.number,
        "issuer": licence.issuer_name,
        "issuer_code": licence.issuer_code,
        "issue_date": licence.issue_date,
        "valid_from": licence.valid_from,
        "valid_until": licence.valid_until,
        "state": licence.state_on(services.register.today()),
        "holders": [asdict(each) for each in (licence.holder, *licence.co_holders)],
        "fields": dict(licence.fields),
        "pdf_sha256": licence.pdf_digest,
        "supersedes": licence.supersedes,
        "superseded_by": licence.superseded_by,
        "history": [
            {"act": each.act, "state": each.state, "reason": each.reason, "law": each.legal_basis, "at": each.at}
            for each in history
        ],
    }


def _presentations(services: Services, holder: HolderIndex) -> dict[str, Any]:
    offline = services.offline_presentations.made_by(holder)
    return {
        "online": [asdict(each) for each in services.presentations.made_by(holder)],
        "offline": [MintingView.of(each).model_dump(mode="json") for each in offline],
    }


def _consents(services: Services, holder: HolderIndex) -> Iterator[tuple[str, bytes]]:
    names, now, book = services.names(), services.clock.now(), services.licence_consents
    for given in book.of_holder(holder, at_most=None):
        uses = [asdict(each) for each in book.uses(holder, given.number)]
        view = ConsentView.of(given, names, now).model_dump(mode="json")
        yield f"consents/{given.number}.json", _json({**view, "used": uses})
        for record in book.records(holder, given.number):
            yield f"consents/{given.number}-{record.act}.jws", record.statement.encode()
    requests = services.consent_requests.of_holder(holder, at_most=None)
    yield "consent-requests.json", _views(ConsentRequestView.of(each, names) for each in requests)
    for record in services.consent_requests.records(holder):
        yield f"consents/{record.subject}-{record.act}.jws", record.statement.encode()


def _sign_ins(services: Services, holder: HolderIndex) -> dict[str, Any]:
    return {
        "open": [asdict(each) for each in services.sessions.open_of(holder)],
        "record": [asdict(each) for each in services.sessions.record(holder)],
    }


def _acting(services: Services, holder: HolderIndex) -> dict[str, Any]:
    """Who acts for the holder, and for whom the holder acts; of those others nothing but that."""
    agents = services.agents
    in_office = {each.number for each in agents.in_office(holder)}
    appointed = agents.agents(holder, at_most=None)
    return {
        "agents": [AgentView.of(each, each.number in in_office).model_dump(mode="json") for each in appointed],
        "acts": [ActView.of(each).model_dump(mode="json") for each in agents.record(holder, limit=None)],
        "appointments": [
            {
                "number": each.number,
                "name": each.name,
                "acts": sorted(each.acts),
                "purpose": each.purpose,
                "until": each.until,
                "appointed_at": each.appointed_at,
                "dismissed_at": each.dismissed_at,
            }
            for each in agents.appointments_of(holder)
        ],
        "acts_for_others": [asdict(each) for each in agents.acted(holder)],
        "named_in": [{"identifier": identifier, "confirmed_at": at} for identifier, at in agents.named(holder)],
    }


def _signing(services: Services, holder: HolderIndex) -> dict[str, Any]:
    return {
        "credentials": [
            {
                "number": each.number,
                "name": services.credentials.name(each),
                "state": each.state,
                "created_at": each.created_at,
                "clients": [asdict(consent) for consent in services.consents.of(each)],
                "record": [asdict(entry) for entry in services.authorisations.records(each, limit=None)],
            }
            for each in services.credentials.all(owner=holder.value)
        ],
        "seals": [
            {
                "number": each.number,
                "kind": each.kind,
                "name": each.name,
                "state": each.state,
                "until": each.valid_until,
            }
            for person in _people(services, holder)
            for each in services.seals.of_person(person.reference)
        ],
    }


def _people(services: Services, holder: HolderIndex) -> list[Person]:
    """The holder among the owners of signatures, who are found by number; licences tell it."""
    licences = services.register.held_by(holder, at_most=1)
    if not licences or licences[0].holder.code_type != "citizen_id":
        return []
    found = services.people.find(licences[0].holder.code)
    return [] if found is None else [found]


def _service(services: Services, holder: HolderIndex) -> dict[str, Any]:
    return {
        "officer": [
            {
                "reference": each.reference,
                "organisation": each.organisation_code,
                "name": each.name,
                "roles": sorted(each.roles),
                "added_at": each.added_at,
                "dismissed_at": each.dismissed_at,
                "history": [{"act": act, "at": at} for act, at in services.officers.history(each.reference)],
            }
            for each in services.officers.served_by(holder)
        ],
        "systems": [
            {
                "id": each.id,
                "name": each.name,
                "contact": each.contact,
                "scopes": sorted(each.scopes),
                "active": each.active,
            }
            for each in services.clients.of_holder(holder)
        ],
    }


def _looks(services: Services, holder: HolderIndex, archive: zipfile.ZipFile) -> Iterator[None]:
    """Who looked, a page at a time, in one file."""
    identifiers, names, before = services.wallets.identifiers(holder), services.names(), None
    with archive.open(_entry(services, "looks.jsonl"), "w") as file:
        while page := services.looks.at(identifiers, before=before, limit=MOST_LOOKS):
            for each in page:
                file.write(LookView.of(each, names).model_dump_json().encode() + b"\n")
            before = page[-1].number
            yield None


def _views(views: Iterable[BaseModel]) -> bytes:
    return _json([each.model_dump(mode="json") for each in views])


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=_text).encode()


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
