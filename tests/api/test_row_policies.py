"""The second fence: PostgreSQL itself keeps others' rows from a query that forgot its filter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from api.clients import Scope
from store.acting import NOBODY, SERVICE, Acting, become, becoming, crossing
from store.database import Base, Database
from tests.api.conftest import CASE, Front
from tests.house import CIVIL, HEALTH, MARKET
from trust import Licence
from verify.feedback import Raiser
from wallet import Asked, ConsentTerms

FENCED = {
    "acting_record",
    "check_record",
    "co_holding",
    "consent",
    "consent_record",
    "consent_request",
    "consent_use",
    "feedback",
    "feedback_event",
    "licence",
    "licence_event",
    "licence_pdf",
    "licence_watch",
    "objection",
    "offline_presentation",
    "presentation",
    "wallet",
    "wallet_export",
    "wallet_agent",
    "wallet_reference",
    "webhook",
}
OPEN = {
    "officer": "read to find out who asks",
    "sign_in_record": "read by the number of its session",
    "sign_in_session": "read to find out who asks",
    "api_client": "read to find out who asks",
    "api_client_assertion": "written before it is known who asks",
    "api_client_certificate": "read to find out who asks",
    "api_client_event": "written by commands alone",
    "api_client_key": "read to find out who asks",
    "api_client_usage": "counts, nobody's data",
    "batch_line": "encrypted, found by its batch's number alone",
    "seal_grant": "bodies' own decisions; every read names the body",
    "seal_use": "public facts of seals",
    "signing_consent": "read for the signer and for the client",
}
"""Tables that name a holder or a client and have no policy, and why."""


@contextmanager
def acting(who: Acting) -> Iterator[None]:
    with becoming():
        become(who)
        yield


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table, as a query that forgot its filter asks for them."""
    with database.transaction() as session:
        return [dict(row._mapping) for row in session.execute(sa.text(f"SELECT * FROM {table}"))]


@pytest.fixture(scope="module")
def other(shared: Front) -> Licence:
    """A licence of another issuer and another holder, who does all that holders do; both have something everywhere."""
    services = shared.house.services
    foreign = shared.house.issue("teacher_qualification_certificate")
    checker = services.clients.enrol("checker-2", name="另一", scopes=[Scope.CHECK], organisation_code=CIVIL.code)
    assert checker is not None
    shared.secrets["checker-2"] = checker.secret
    for licence, who, body in ((shared.licence, "checker", HEALTH.code), (foreign, "checker-2", CIVIL.code)):
        holder = licence.holder_index
        services.wallets.open(holder)
        services.presentations.present(holder, licence.identifier, purpose="办事")
        until = services.clock.now() + timedelta(days=1)
        terms = ConsentTerms(body, CASE["service_item"], {licence.identifier: None}, 3, until)
        given = services.licence_consents.give(holder, terms)
        services.licence_consents.use(
            given.number, by=body, service_item=CASE["service_item"], case_number=CASE["case_number"]
        )
        asked = Asked(who, body, CASE["service_item"], "1", "办事", {licence.type.slug: frozenset({"x"})})
        services.consent_requests.ask(holder, asked, answer_within=timedelta(hours=1))
        answer = shared.check("identifier", who=who, identifier=licence.identifier, holder=licence.holder.code)
        assert answer["verdict"] == "TOTAL_PASSED", answer
        (look,) = services.looks.at([licence.identifier])
        services.objections.open(holder, look, "没有办过")
        services.feedback.open(Raiser(client_id=who), licence.identifier, "姓名有误")
        services.watches.begin(services.clients.get(who), licence.identifier, date(2026, 12, 1))
    return foreign


def test_the_role_of_the_service_is_one_that_policies_bind(shared: Front) -> None:
    with shared.house.services.database.transaction() as session:
        role = session.execute(
            sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar_one()
        assert role is False
        bound = set(
            session.scalars(sa.text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"))
        )
    assert bound == FENCED


def test_every_table_that_names_a_holder_or_a_client_is_fenced_or_says_why_not() -> None:
    named = {
        name
        for name, table in Base.metadata.tables.items()
        if {"holder_index", "client_id", "checked_by"} & set(table.columns.keys())
    }
    assert named - FENCED - set(OPEN) == set()


@pytest.mark.parametrize("table", sorted(FENCED))
def test_a_holder_who_forgets_the_filter_sees_only_own_rows(shared: Front, other: Licence, table: str) -> None:
    database = shared.house.services.database
    mine, theirs = shared.licence.holder_index.value, other.holder_index.value
    with acting(Acting.for_holder(mine)):
        seen_by_me = rows(database, table)
    with acting(Acting.for_holder(theirs)):
        seen_by_them = rows(database, table)
    everything = rows(database, table)
    for seen, index, licence in ((seen_by_me, mine, shared.licence), (seen_by_them, theirs, other)):
        assert {row["holder_index"] for row in seen if "holder_index" in row} <= {index}
        assert {row["identifier"] for row in seen if row.get("identifier")} <= {licence.identifier}
    assert not [row for row in seen_by_me if row in seen_by_them]
    assert len(seen_by_me) + len(seen_by_them) <= len(everything)
    if table in {"wallet", "wallet_reference", "presentation", "consent", "consent_use", "consent_record",
                 "consent_request", "check_record", "licence", "licence_event", "licence_pdf"}:  # fmt: skip
        assert seen_by_me
        assert seen_by_them


@pytest.mark.parametrize("table", sorted(FENCED))
def test_a_client_who_forgets_the_filter_sees_only_rows_of_its_own(shared: Front, other: Licence, table: str) -> None:
    database = shared.house.services.database
    with acting(Acting.for_client("checker", HEALTH.code)):
        one = rows(database, table)
    with acting(Acting.for_client("checker-2", CIVIL.code)):
        two = rows(database, table)
    with acting(Acting.for_client("checker-3", "11370200990100706Q")):
        assert rows(database, table) == []
    assert not [row for row in one if row in two]
    for seen, client, body in ((one, "checker", HEALTH.code), (two, "checker-2", CIVIL.code)):
        assert {row["body_code"] for row in seen if "body_code" in row} <= {body}
        assert {row["issuer_code"] for row in seen if "issuer_code" in row and row.get("client_id") != client} <= {body}
    if table in {"consent", "consent_use", "consent_request", "check_record", "licence_watch", "feedback"}:
        assert one
        assert two
    if table in {"wallet", "wallet_reference", "co_holding", "presentation", "offline_presentation"}:
        assert one == two == []


@pytest.mark.parametrize("table", sorted(FENCED))
def test_nobody_and_who_says_nothing_see_nothing(shared: Front, other: Licence, table: str) -> None:
    database = shared.house.services.database
    with acting(NOBODY):
        assert rows(database, table) == []
    silent = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(silent) as connection:
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == []
        connection.execute("SET LOCAL yinzheng.acting = ''")
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == []


def test_a_request_that_forgets_sees_its_holders_rows_alone(
    shared: Front, other: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, seen = shared.house.services, []

    def forgetful(*_: object) -> list[Any]:
        seen.append({row["holder_index"] for row in rows(services.database, "wallet_reference")})
        seen.append({row["holder_index"] for row in rows(services.database, "licence")})
        return []

    monkeypatch.setattr(services.wallets, "entries", forgetful)
    assert shared.http.get("/v1/wallet/licences", headers=shared.holder).status_code == 200
    assert seen == [{shared.licence.holder_index.value}] * 2


def test_a_request_of_a_body_that_forgets_sees_its_licences_alone(
    shared: Front, other: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, seen = shared.house.services, []

    def forgetful(*_: object) -> Any:
        seen.extend(row["issuer_code"] for row in rows(services.database, "licence"))
        return shared.licence

    monkeypatch.setattr(services.register, "get", forgetful)
    path = f"/v1/licences/{other.identifier}"
    assert shared.http.get(path, headers=shared.issuer).status_code == 200
    assert set(seen) == {MARKET.code}


def test_a_request_without_a_token_sees_nothing(shared: Front, other: Licence, monkeypatch: pytest.MonkeyPatch) -> None:
    services, seen = shared.house.services, []
    monkeypatch.setattr(services.database, "ping", lambda: seen.extend(rows(services.database, "check_record")))
    assert shared.http.get("/readyz").status_code == 200
    assert seen == []


def test_rows_for_others_cannot_be_written(shared: Front, other: Licence) -> None:
    database = shared.house.services.database
    into = "INSERT INTO wallet (holder_index, opened_at) VALUES (:holder, now())"
    with (
        acting(Acting.for_holder(shared.licence.holder_index.value)),
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction() as session,
    ):
        session.execute(sa.text(into), {"holder": b"\x01"})
    with acting(Acting.for_holder(shared.licence.holder_index.value)), database.transaction() as session:
        changed = session.execute(sa.text("UPDATE wallet_reference SET hidden = true RETURNING holder_index")).all()
        assert {each[0] for each in changed} == {shared.licence.holder_index.value}
        session.rollback()


def test_connections_of_the_pool_keep_nothing_of_who_had_them(databases: Any, shared: Front, other: Licence) -> None:
    url = shared.house.services.database.url.render_as_string(hide_password=False)
    narrow = Database(url, pool_size=1, most=1)
    for holder in (shared.licence, other, shared.licence):
        with acting(Acting.for_holder(holder.holder_index.value)):
            assert {row["holder_index"] for row in rows(narrow, "wallet")} == {holder.holder_index.value}
        assert rows(narrow, "wallet") == []
        with crossing():
            assert len(rows(narrow, "wallet")) == 2
    narrow.close()


def test_a_connection_that_was_lost_is_replaced_in_silence(shared: Front) -> None:
    url = shared.house.services.database.url.render_as_string(hide_password=False)
    narrow = Database(url, pool_size=2, most=2, acting=SERVICE)
    end = sa.text("SELECT pg_terminate_backend(:pid)")
    for _ in range(3):
        with narrow.transaction() as one, narrow.transaction() as two:
            pids = [each.execute(sa.text("SELECT pg_backend_pid()")).scalar_one() for each in (one, two)]
        with shared.house.services.database.transaction() as session:
            assert all(session.execute(end, {"pid": pid}).scalar_one() for pid in pids)
        assert len(rows(narrow, "licence")) >= 1
    narrow.close()


def test_names_cannot_be_statements() -> None:
    for name in ("a'; DROP TABLE licence; --", "a\nb", "a\\", "a" * 201, "张三"):
        with pytest.raises(ValueError, match="characters"):
            Acting.for_client(name, None)
