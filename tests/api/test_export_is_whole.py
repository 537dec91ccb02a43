"""Every table is either in what holders take along or has a reason not to be; and what was added is there."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from api.wallet_export import export_of
from store.acting import Acting, become, becoming
from store.database import Base
from tests.api.city import CITIZEN, OFFICER, City
from tests.api.conftest import Front
from tests.api.test_acting import JI
from trust import HolderIndex

IN = {
    "acting_record": "acting.json",
    "api_client": "service.json",
    "check_record": "looks.jsonl",
    "co_holding": "licences/",
    "consent": "consents/",
    "consent_record": "consents/*.jws",
    "consent_request": "consent-requests.json",
    "consent_use": "consents/",
    "feedback": "feedback.json",
    "licence": "licences/",
    "licence_event": "licences/",
    "named_person": "acting.json",
    "objection": "objections.json",
    "officer": "service.json",
    "officer_event": "service.json",
    "offline_presentation": "presentations.json",
    "presentation": "presentations.json",
    "seal": "signing.json",
    "seal_person": "signing.json",
    "sign_in_record": "sign-ins.json",
    "sign_in_session": "sign-ins.json",
    "signature_record": "signing.json",
    "signing_consent": "signing.json",
    "signing_credential": "signing.json",
    "wallet": "wallet.json",
    "wallet_agent": "acting.json",
    "wallet_export": "wallet.json",
    "wallet_reference": "wallet.json",
}
"""The file of the export that has what a table knows about a holder."""

_KEYS = "keys, certificates and lists of the service; a person's certificate stands in every signature made with it"
_CLIENT = "about systems that call, not about a holder"
_SEALS = "of bodies, whose officers read and export it; of a person's seal, how it was made and by whom it was decided"
_TYPES = "what is published: types, service items, status lists, bodies, anchors"
_LEDGER = "digests and facts without personal data; which records they tell of is in the export"
OUT = {
    **dict.fromkeys(
        (
            *("certificate", "certificate_revocation", "data_key", "foreign_certificate", "key_encryption_key"),
            *("revocation_list", "signing_key", "timestamp_clock"),
        ),
        _KEYS,
    ),
    **dict.fromkeys(
        (
            *("api_client_assertion", "api_client_certificate", "api_client_event", "api_client_key"),
            *("api_client_usage", "licence_watch", "webhook"),
        ),
        _CLIENT,
    ),
    **dict.fromkeys(
        (
            *("seal_certificate", "seal_data", "seal_event", "seal_grant", "seal_grant_day", "seal_picture"),
            *("seal_request", "seal_use", "seal_use_outcome"),
        ),
        _SEALS,
    ),
    **dict.fromkeys(
        (
            *("licence_type", "licence_type_version", "organisation", "service_item", "status_list", "status_seat"),
            "trust_anchor",
        ),
        _TYPES,
    ),
    **dict.fromkeys(("ledger_entry", "ledger_head", "ledger_leaf", "ledger_node", "ledger_waiting"), _LEDGER),
    "batch": "about an issuer's file",
    "batch_line": "what an issuer is about to enter; forgotten when the licence is there, which is in the export",
    "feedback_event": "the same steps stand with their times in feedback.json",
    "licence_pdf": "earlier files of the same content; the last one is in the export",
    "once": "digests of requests, by whom they may be repeated",
    "outbox": "work to do, by identifiers",
    "scheduled_job": "when the service does its own work",
    "sign_in_attempt": "for ten minutes, of whom nobody knows yet",
    "sign_in_link": "invented people on a developer's machine",
    "signature_authorisation": "digest of a token that is good for minutes; its use is in signature_record",
    "signing_credential_event": "acts of officers; the state that they led to is in signing.json",
    "signing_totp": "a secret that would let whoever finds the copy sign",
}
"""Why a table is not in it."""


def test_every_table_is_in_it_or_has_a_reason_not_to_be() -> None:
    assert not IN.keys() & OUT.keys()
    assert IN.keys() | OUT.keys() == Base.metadata.tables.keys()


def test_whatever_is_kept_by_holder_is_in_it() -> None:
    by_holder = {
        table.name
        for table in Base.metadata.tables.values()
        if {"holder_index", "person_index", "owner_index"} & set(table.columns.keys())
    }
    assert by_holder - IN.keys() == {"batch_line"}


def taken(city: City, holder: HolderIndex) -> dict[str, Any]:
    """The files of a holder's export, made as in that holder's request."""
    with becoming():
        become(Acting.for_holder(holder.value))
        data = b"".join(export_of(city.front.house.services, holder))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")} | {
            "names": archive.namelist()
        }


@pytest.fixture
def city(front: Front, tmp_path: Path) -> City:
    return City(front, tmp_path)


def test_signing_in_acting_and_signing_are_in_it(city: City) -> None:
    services = city.front.house.services
    agent, signer, officer = (
        HolderIndex.of(services.keys.vault, "citizen_id", number) for number in (JI, CITIZEN, OFFICER)
    )
    company = taken(city, city.front.licence.holder_index)
    assert {each.rpartition("/")[0] + "/" if "/" in each else each for each in company["names"]} == {
        *("README.txt", "wallet.json", "licences/", "presentations.json", "consent-requests.json", "looks.jsonl"),
        *("objections.json", "feedback.json", "sign-ins.json", "acting.json", "signing.json", "service.json"),
    }
    assert [each["name"] for each in company["acting.json"]["agents"]] == ["纪海岳"]
    assert [(each["name"], each["act"]) for each in company["acting.json"]["acts"]] == [("纪海岳", "view")]
    assert [each["id"] for each in company["service.json"]["systems"]] == ["holder"]
    own = taken(city, agent)
    assert [each["act"] for each in own["sign-ins.json"]["record"]] == ["sign_in"]
    assert [each["name"] for each in own["sign-ins.json"]["open"]] == ["纪海岳"]
    assert [each["act"] for each in own["acting.json"]["acts_for_others"]] == ["view"]
    assert [each["purpose"] for each in own["acting.json"]["appointments"]] == ["办理年报"]
    assert [each["name"] for each in taken(city, signer)["signing.json"]["credentials"]] == ["张伟"]
    assert [each["name"] for each in taken(city, officer)["service.json"]["officer"]] == ["卢青禾"]


def test_nothing_of_others_is_in_it(city: City) -> None:
    services = city.front.house.services
    stranger = HolderIndex.of(services.keys.vault, "citizen_id", "370214199412034682")
    files = taken(city, stranger)
    for name in ("sign-ins.json", "acting.json", "signing.json", "service.json"):
        assert not any(files[name].values()), name


def test_the_owner_of_a_signature_finds_its_seal(city: City) -> None:
    services = city.front.house.services
    licence = city.front.house.issue("physician_practice_certificate")
    number, name = licence.holder.code, licence.holder.name
    services.people.enrol(name, number, region_code="370203")
    person = services.people.find(number)
    assert person is not None
    city.sign_for(person.reference)
    assert [each["name"] for each in taken(city, licence.holder_index)["signing.json"]["seals"]] == [name]
