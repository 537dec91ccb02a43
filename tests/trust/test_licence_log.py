"""Every act leaves a leaf in its own transaction, and the leaf tells nobody whom it concerns."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from keys import salted_digest
from seal.errors import SealNotUsableError
from seal.grants import OWNER
from seal.states import Move
from seal.uses import WantedUse
from store.merkle import TILE_WIDTH
from tests.house import APPLICANT, APPROVER, LAW, House
from trust import Decision, Licence, LicenceLog
from trust.licence_log import log_subject


def leaves(house: House) -> list[dict[str, Any]]:
    """All leaves, as anybody may read them."""
    ledger = house.services.ledger
    ledger.sequence()
    size = ledger.head().size
    found = ledger.bundle(0, size)
    assert size < TILE_WIDTH
    assert found is not None
    return [json.loads(leaf) for leaf in found]


def test_every_act_on_a_licence_leaves_a_leaf_that_its_salt_opens(house: House) -> None:
    licence = house.issue()
    register = house.services.register
    register.suspend(licence.identifier, Decision("a", "核查"))
    register.resume(licence.identifier, Decision("a", "无误"))
    register.revoke(licence.identifier, Decision("b", "提供虚假材料", LAW))
    entries = house.services.ledger.entries_about(log_subject(licence.identifier))
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    log = LicenceLog(house.services.keys.vault)
    opened = []
    for entry in entries:
        leaf = json.loads(entry.data)
        assert leaf["digest"] == salted_digest(log.salt(licence.identifier, entry.number), entry.opening)
        opened.append(json.loads(entry.opening))
    assert [each["kind"] for each in opened] == [
        "licence.issue",
        "licence.suspend",
        "licence.resume",
        "licence.revoke",
    ]
    assert [each["state"] for each in opened] == ["valid", "suspended", "valid", "revoked"]
    assert {each["pdf_sha256"] for each in opened} == {licence.pdf_digest}
    assert {each["subject"] for each in opened} == {f"licence:{licence.identifier}"}


def test_a_reader_of_the_pdf_who_was_told_the_salt_can_make_the_digest_himself(house: House) -> None:
    licence = house.issue()
    salt = LicenceLog(house.services.keys.vault).salt(licence.identifier, 1)
    opening = (
        f'{{"kind":"licence.issue","number":1,"pdf_sha256":"{hashlib.sha256(house.pdf(licence)).hexdigest()}",'
        f'"state":"valid","subject":"licence:{licence.identifier}"}}'
    )
    digest = hashlib.sha256(salt + opening.encode()).hexdigest()
    assert digest in {leaf["digest"] for leaf in leaves(house)}


def test_the_log_tells_nothing_of_whom_it_concerns(house: House) -> None:
    licence = house.issue()
    house.services.register.revoke(licence.identifier, Decision("officer:王", "机密", LAW))
    published = json.dumps(leaves(house), ensure_ascii=False)
    seal = house.seal()
    for secret in (
        licence.identifier,
        licence.number,
        licence.holder.name,
        licence.pdf_digest,
        seal.number,
        "王",
        "机密",
    ):
        assert secret not in published
    assert all(set(leaf) == {"format", "kind", "at", "digest", "particulars"} for leaf in leaves(house))
    unsalted = {hashlib.sha256(entry.opening).hexdigest() for entry in entries_of(house, licence)}
    assert unsalted.isdisjoint({leaf["digest"] for leaf in leaves(house)})


def entries_of(house: House, licence: Licence) -> list[Any]:
    return house.services.ledger.entries_about(log_subject(licence.identifier))


def test_seals_and_their_uses_leave_leaves(house: House) -> None:
    house.issue()
    seal = house.seal()
    house.services.seals.freeze(seal.number, officer=APPLICANT, reason="遗失")
    request = house.services.seals.request(seal.number, Move.THAW, officer=APPLICANT, reason="寻回")
    house.services.seals.approve(request.id, officer=APPROVER)
    kinds = Counter(leaf["kind"] for leaf in leaves(house))
    assert kinds == {
        "seal.apply": 1,
        "seal.review": 1,
        "seal.make": 1,
        "seal-grant.give": 1,
        "seal.register": 1,
        "seal.activate": 1,
        "seal.freeze": 1,
        "seal.thaw": 1,
        "seal-use.sealed": 1,
        "licence.issue": 1,
    }


def test_a_refused_use_leaves_a_leaf_too(house: House) -> None:
    seal = house.seal()
    house.services.seals.freeze(seal.number, officer=APPLICANT, reason="遗失")
    wanted = WantedUse(seal.number, "tests", OWNER, "business_licence", "x", "0" * 64)
    with pytest.raises(SealNotUsableError):
        house.services.seal_uses.begin(wanted)
    assert "seal-use.refused" in {leaf["kind"] for leaf in leaves(house)}


def test_an_act_that_is_undone_leaves_no_leaf(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    licence = house.issue()
    before = len(leaves(house))
    with monkeypatch.context() as patch:
        patch.setattr(house.services.register, "licence_of", lambda _: (_ for _ in ()).throw(LookupError))
        with pytest.raises(LookupError):
            house.services.register.suspend(licence.identifier, Decision("a", "r"))
    assert len(leaves(house)) == before
    assert house.services.register.get(licence.identifier).recorded_state.value == "valid"


def test_licences_from_before_the_ledger_are_entered_once(house: House) -> None:
    licence = house.issue()
    with house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE licence SET logged = false"))
    log, database, clock = LicenceLog(house.services.keys.vault), house.services.database, house.services.clock
    assert (log.adopt(database, clock), log.adopt(database, clock)) == (1, 0)
    _, adopted = (json.loads(entry.opening) for entry in entries_of(house, licence))
    assert (adopted["kind"], adopted["state"], adopted["number"]) == ("licence.adopt", "valid", 2)


def test_salts_are_those_of_one_record_and_one_installation(house: House) -> None:
    log = LicenceLog(house.services.keys.vault)
    salts = {log.salt(identifier, number) for identifier in ("1", "2", "11") for number in (1, 2, 11)}
    assert len(salts) == 9
    assert all(len(salt) == 32 for salt in salts)


def test_two_records_cannot_have_the_same_number(house: House) -> None:
    licence = house.issue()
    with pytest.raises(IntegrityError), house.services.database.transaction() as session:
        session.execute(
            sa.text("INSERT INTO ledger_entry (subject, number, opening, data) VALUES (:subject, 1, '', :data)"),
            {"subject": log_subject(licence.identifier), "data": secrets.token_bytes(8)},
        )
