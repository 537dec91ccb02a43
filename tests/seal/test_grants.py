"""Grants of use and the record of uses: who may, how often, and what stays written down."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from seal import Grant, GrantTerms, Move, SealUser, UseDay, UseResult, UseSearch
from seal.errors import (
    OrganisationUnknownError,
    SealGrantInvalidError,
    SealGrantUnknownError,
    SealNotGrantedError,
    SealNotUsableError,
    SealQuotaUsedError,
    SealTypeNotAllowedError,
    SealUnknownError,
    UseSearchError,
)
from seal.grants import china_day
from seal.use_export import csv_lines, found_uses, json_lines
from seal.uses import AllowedUse, WantedUse
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import APPLICANT, APPROVER, HEALTH, House

DIGEST = hashlib.sha256(b"document").hexdigest()
BORROWER = SealUser(HEALTH.code)


@pytest.fixture
def number(house: House) -> str:
    house.services.organisations.enrol(HEALTH)
    return house.seal().number


def give(house: House, number: str, **terms: object) -> Grant:
    said = {"licence_types": ["permit"], "purpose": "联合执法", "user": BORROWER, **terms}
    return house.services.grants.give(
        number,
        GrantTerms(**said),  # type: ignore[arg-type]  # the dataclass names each
        officer=APPLICANT,
        reason="协议",
    )


def use(house: House, number: str, **changed: object) -> AllowedUse:
    said: dict[str, object] = {
        "seal_number": number,
        "caller": "client:health",
        "user": BORROWER,
        "document_type": "permit",
        "document_identifier": "许可 1",
        "document_digest": DIGEST,
        "purpose": "联合执法",
    }
    return house.services.seal_uses.begin(WantedUse(**{**said, **changed}))  # type: ignore[arg-type]  # the same


def test_a_body_uses_anothers_seal_as_far_as_the_grant_goes(house: House, clock: FixedClock, number: str) -> None:
    with pytest.raises(SealNotGrantedError):
        use(house, number)
    grant = give(house, number, valid_from=clock.now() + timedelta(days=1), valid_until=clock.now() + timedelta(days=3))
    with pytest.raises(SealNotGrantedError):
        use(house, number)
    clock.advance(timedelta(days=1))
    assert use(house, number).grant_id == grant.id
    with pytest.raises(SealTypeNotAllowedError):
        use(house, number, document_type="business_licence")
    for purpose in ("别的", None):
        with pytest.raises(SealNotGrantedError):
            use(house, number, purpose=purpose)
    clock.advance(timedelta(days=2))
    with pytest.raises(SealNotGrantedError):
        use(house, number)
    refused = house.services.seal_uses.search(UseSearch(number, result=UseResult.REFUSED)).uses
    assert [each.reason_code for each in reversed(refused)] == [
        "seal.not_granted",
        "seal.not_granted",
        "seal.type_not_allowed",
        "seal.not_granted",
        "seal.not_granted",
        "seal.not_granted",
    ]
    assert {each.grant_id for each in refused} == {None}
    assert {each.organisation_code for each in refused} == {HEALTH.code}


def test_a_clients_own_grant_is_no_other_clients(house: House, number: str) -> None:
    grant = give(house, number, user=SealUser(HEALTH.code, "system-a"))
    for stranger in (BORROWER, SealUser(HEALTH.code, "system-b"), SealUser(None, "system-a"), SealUser()):
        with pytest.raises((SealNotGrantedError, SealTypeNotAllowedError)):
            use(house, number, user=stranger)
    assert use(house, number, user=SealUser(HEALTH.code, "system-a")).grant_id == grant.id


def test_a_revoked_grant_allows_nothing_more(house: House, number: str) -> None:
    grant = give(house, number)
    use(house, number)
    revoked = house.services.grants.revoke(grant.id, officer=APPROVER, reason="协议终止")
    assert (revoked.revoked_by, revoked.revocation_reason) == (APPROVER, "协议终止")
    with pytest.raises(SealNotGrantedError):
        use(house, number)
    for unknown in (grant.id, 10**6):
        with pytest.raises(SealGrantUnknownError):
            house.services.grants.revoke(unknown, officer=APPROVER, reason="r")


def test_a_quota_counts_by_chinas_day_and_forgets_what_failed(house: House, clock: FixedClock, number: str) -> None:
    grant = give(house, number, daily_quota=2)
    uses = house.services.seal_uses
    uses.failed(use(house, number), "seal.time_stamp")
    uses.sealed(use(house, number), DIGEST)
    use(house, number)
    with pytest.raises(SealQuotaUsedError):
        use(house, number)
    clock.advance(timedelta(hours=11, minutes=59))  # 23:59 in China
    with pytest.raises(SealQuotaUsedError):
        use(house, number)
    clock.advance(timedelta(minutes=1))
    use(house, number)
    assert house.services.grants.used_on(grant.id, china_day(clock.now())) == 1
    assert uses.days(UseSearch(number)) == [
        UseDay(china_day(clock.now()), 0, 0, 0, 1),
        UseDay(china_day(clock.now() - timedelta(hours=1)), 1, 2, 1, 1),
    ]


def test_fifty_at_once_never_use_more_than_the_quota(house: House, clock: FixedClock, number: str) -> None:
    grant = give(house, number, daily_quota=7)

    def attempt(each: int) -> str:
        try:
            allowed = use(house, number, document_identifier=f"许可 {each}")
        except YinzhengError as error:
            return error.code
        house.services.seal_uses.sealed(allowed, DIGEST)
        return "sealed"

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(attempt, range(150)))
    assert results.count("sealed") == 7
    assert results.count("seal.quota_used") == 143
    assert house.services.grants.used_on(grant.id, china_day(clock.now())) == 7
    (day,) = house.services.seal_uses.days(UseSearch(number))
    assert (day.sealed, day.refused) == (7, 143)


def test_no_use_begins_after_the_grant_or_the_seal_was_stopped(house: House, number: str) -> None:
    for stop in ("revoke", "freeze"):
        grant = give(house, number)

        def attempt(each: int, stop: str = stop, grant: Grant = grant) -> int:
            if each == 20:
                if stop == "revoke":
                    house.services.grants.revoke(grant.id, officer=APPROVER, reason="r")
                else:
                    house.services.seals.freeze(number, officer=APPROVER, reason="r")
                return house.services.seal_uses.search(UseSearch(number), limit=1).uses[0].id
            with contextlib.suppress(SealNotGrantedError, SealNotUsableError):
                use(house, number)
            return 0

        with ThreadPoolExecutor(20) as pool:
            stopped_after = max(pool.map(attempt, range(60)))
        late = house.services.seal_uses.search(UseSearch(number), limit=1000).uses
        # what was in hand when it was stopped may still have been written before, nothing that began later was
        assert all(each.result is UseResult.REFUSED for each in late if each.id > stopped_after + 20)
        with pytest.raises((SealNotGrantedError, SealNotUsableError)):
            use(house, number)


def test_terms_that_make_no_sense_are_refused(house: House, clock: FixedClock, number: str) -> None:
    now = clock.now()
    for wrong in (
        {"licence_types": []},
        {"licence_types": [" "]},
        {"licence_types": [f"t{each}" for each in range(201)]},
        {"daily_quota": 0},
        {"daily_quota": 10**9},
        {"valid_until": now},
        {"valid_from": now + timedelta(days=2), "valid_until": now + timedelta(days=1)},
        {"user": SealUser(None, "client")},
    ):
        with pytest.raises(SealGrantInvalidError):
            give(house, number, **wrong)
    with pytest.raises(OrganisationUnknownError):
        give(house, number, user=SealUser("11370200MB28442160"))
    with pytest.raises(SealUnknownError):
        give(house, "0000000000000")
    request = house.services.seals.request(number, Move.CANCEL, officer=APPLICANT, reason="r")
    house.services.seals.approve(request.id, officer=APPROVER)
    with pytest.raises(SealGrantInvalidError):
        give(house, number)


def test_the_record_is_exported_whole_as_csv_and_json(house: House, number: str) -> None:
    give(house, number)
    uses = house.services.seal_uses
    uses.sealed(use(house, number, document_identifier='=HYPERLINK("x"),"二"'), DIGEST)
    uses.failed(use(house, number, document_identifier="第\n三"), "seal.time_stamp")
    use(house, number)
    with pytest.raises(SealNotGrantedError):
        use(house, number, purpose="别的")
    found = list(found_uses(uses, UseSearch(number)))
    text = "".join(csv_lines(iter(found)))
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["结果 result"] for row in rows] == ["refused", "cut_short", "failed", "sealed"]
    assert rows[3]["文件标识 document_identifier"] == '\'=HYPERLINK("x"),"二"'
    assert rows[2]["文件标识 document_identifier"] == "第\n三"
    members = json.loads("".join(json_lines(iter(found))))
    assert [each["id"] for each in members] == [each.id for each in found]
    assert members[3]["document_identifier"] == '=HYPERLINK("x"),"二"'
    assert members[0]["purpose"] == "别的"
    assert json.loads("".join(json_lines(iter([])))) == []


def test_the_record_is_searched_and_paged(house: House, clock: FixedClock, number: str) -> None:
    give(house, number)
    uses, first_day = house.services.seal_uses, china_day(clock.now())
    for each in range(5):
        use(house, number, document_identifier=f"许可 {each}", caller=f"client:{each % 2}")
        clock.advance(timedelta(days=1))
    whole = uses.search(UseSearch(number)).uses
    paged, cursor = [], None
    while True:
        page = uses.search(UseSearch(number), cursor=cursor, limit=2)
        paged += page.uses
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(paged) == whole
    second = first_day + timedelta(days=1)
    assert [each.day for each in uses.search(UseSearch(number, second, second)).uses] == [second]
    assert len(uses.search(UseSearch(number, caller="client:0")).uses) == 3
    assert len(uses.search(UseSearch(document_identifier="许可 3")).uses) == 1
    assert uses.search(UseSearch("0000000000000")).uses == ()
    for cursor in ("x", "-1", "１", "9" * 30, "1 OR 1=1"):
        with pytest.raises(UseSearchError):
            uses.search(UseSearch(), cursor=cursor)
    for limit in (0, 1001):
        with pytest.raises(UseSearchError):
            uses.search(UseSearch(), limit=limit)


def test_a_grant_and_its_end_are_in_the_log(house: House, number: str) -> None:
    grant = give(house, number)
    house.services.grants.revoke(grant.id, officer=APPROVER, reason="r")
    statement = sa.text("SELECT opening FROM ledger_entry WHERE subject = :subject ORDER BY number")
    with house.services.database.transaction() as session:
        found = session.scalars(statement, {"subject": f"seal-grant:{grant.id}"}).all()
    assert [json.loads(bytes(each))["kind"] for each in found] == ["seal-grant.give", "seal-grant.revoke"]


@pytest.mark.parametrize("table", ["seal_use", "seal_use_outcome"])
def test_a_use_cannot_be_unwritten(house: House, number: str, table: str) -> None:
    give(house, number)
    house.services.seal_uses.sealed(use(house, number), DIGEST)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = now()", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(IntegrityError, match="append-only"), house.services.database.transaction() as session:
            session.execute(sa.text(statement))
