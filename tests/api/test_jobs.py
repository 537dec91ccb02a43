"""Each scheduled job does its work when run by hand, on an empty service and on one at work."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from api.clients import Scope
from api.jobs import scheduled_jobs
from api.retention import RETENTIONS
from api.services import Services
from api.settings import Settings
from store.acting import crossing
from store.clock import FixedClock
from store.database import Database
from store.schedule import JobOutcome, Schedule
from tests.api.conforming import hold_to_its_description
from tests.api.conftest import Front
from tests.api.terminal import Terminal
from tests.conftest import ROOT, settings_for
from tests.house import MARKET, House
from trust.extending import AUTOMATIC
from trust.licence import Act

NAMES = [
    "log",
    "outbox",
    "batches",
    "changes",
    "webhooks",
    "expiries",
    "status-lists",
    "revocation-lists",
    "certificates",
    "proofs",
    "retention",
]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def run_all(schedule: Schedule) -> dict[str, int]:
    done = {}
    for name in NAMES:
        run = schedule.run(name)
        assert run.error is None, name
        done[name] = run.done
    assert {each.outcome for each in schedule.overview()} == {JobOutcome.DONE}
    return done


def test_every_job_runs_by_hand_on_an_empty_service(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    with Services(settings_for(database, tmp_path), clock) as services:
        assert [each.job.name for each in services.schedule.overview()] == NAMES
        done = run_all(services.schedule)
        assert {name for name, count in done.items() if count} == {"revocation-lists", "certificates"}


def test_every_job_runs_by_hand_on_a_service_at_work(house: House, clock: FixedClock) -> None:
    services = house.services
    licence = house.issue()
    house.issue("food_operation_permit")
    place = services.ledger.head().size
    services.clients.enrol("hooked", name="x", scopes=[Scope.ISSUE], organisation_code=MARKET.code)
    services.webhooks.add("hooked", "http://127.0.0.1:9/none", actor="tests", place=place - 1)
    assert licence.proof_until is not None
    clock.advance(licence.proof_until - clock.now() - timedelta(days=100))
    done = run_all(services.schedule)
    assert done["log"] > 0
    assert done["changes"] == 2
    assert done["status-lists"] == 1
    assert done["proofs"] == 2
    assert services.ledger.head().size == done["log"]
    last = services.register.history(licence.identifier)[-1]
    assert (last.act, last.actor) == (Act.EXTEND, AUTOMATIC)


def test_a_job_that_fails_keeps_no_other_from_its_turn(house: House, clock: FixedClock) -> None:
    services, licence = house.services, house.issue()
    digest = licence.pdf_digest or ""
    (services.settings.var / "objects" / digest[:2] / digest[2:4] / digest).write_bytes(b"x")
    clock.advance(timedelta(days=365 * 5 - 100))
    failed = services.schedule.run("proofs")
    assert failed.error == "trust.files_broken"
    state = services.schedule.state("proofs")
    assert (state.outcome, state.due_at) == (JobOutcome.FAILED, clock.now() + timedelta(hours=1))
    assert services.schedule.run("retention").error is None


OLD = {
    "sessions": """INSERT INTO sign_in_session (token_digest, id, subject_index, identity, assurance, began_at, seen_at,
        expires_at) VALUES (:key, left(:name, 16), 'x', 'x', 'x', :at, :at, :at)""",
    "sign-in-attempts": "INSERT INTO sign_in_attempt VALUES (:key, 'x', 'x', :at)",
    "sign-in-links": "INSERT INTO sign_in_link VALUES (:key, 'x', :at)",
    "client-assertions": "INSERT INTO api_client_assertion VALUES ('hooked', :name, :at)",
    "webhook-secrets": """INSERT INTO webhook (client_id, url, secret, previous_secret, previous_until, active, place,
        created_at, created_by) VALUES ('hooked', 'x', 'x', 'x', :at, false, 0, :at, 'x')""",
    "watches": """INSERT INTO licence_watch (client_id, identifier, until, place, expiry_told, created_at)
        VALUES ('hooked', :name, :day, 0, false, :at)""",
    "client-usage": "INSERT INTO api_client_usage VALUES ('hooked', :day, 1)",
    "outbox": """INSERT INTO outbox (topic, key, payload, created_at, next_attempt_at, done_at)
        VALUES ('x', :name, '{}', :at, :at, :at)""",
    "idempotency-keys": "INSERT INTO once VALUES ('x', :name, repeat('a', 64), 'x', :at)",
    "presentations": """INSERT INTO presentation (id, holder_index, identifier, purpose, created_at, expires_at,
        redeemed_at, redeemed_by) VALUES (:name, 'x', :licence, 'x', :at, :at, :at, 'x')""",
    "unredeemed-presentations": """INSERT INTO presentation (id, holder_index, identifier, purpose, created_at,
        expires_at) VALUES ('u' || :name, 'x', :licence, 'x', :at, :at)""",
    "unanswered-consent-requests": """INSERT INTO consent_request (id, holder_index, client_id, body_code, service_item,
        case_number, purpose, wanted, max_uses, days, state, created_at, expires_at)
        VALUES (:name, 'x', 'x', 'x', 'x', 'x', 'x', '{}', 1, 1, 'open', :at, :at)""",
}


def test_what_was_kept_for_long_enough_goes_and_nothing_else(house: House, clock: FixedClock) -> None:
    services, licence = house.services, house.issue()
    services.clients.enrol("hooked", name="x", scopes=[Scope.ISSUE], organisation_code=MARKET.code)
    services.schedule.run("retention")
    assert set(OLD) == {each.name for each in RETENTIONS}
    for each in RETENTIONS:
        for name, age in (("old", each.kept + timedelta(days=2)), ("young", each.kept - timedelta(days=2))):
            at = clock.now() - age
            values = {"key": name.encode(), "name": name, "at": at, "day": at.date(), "licence": licence.identifier}
            with services.database.transaction() as session:
                statement = sa.text(OLD[each.name])
                session.execute(statement, {key: values[key] for key in statement.compile().params})
    assert services.schedule.run("retention").done == len(RETENTIONS)
    assert services.schedule.run("retention").done == 0
    with services.database.transaction() as session:
        kept = session.scalars(sa.text("SELECT previous_secret FROM webhook ORDER BY id")).all()
        assert kept == [None, b"x"]
        assert session.scalars(sa.text("SELECT key FROM outbox WHERE topic = 'x'")).all() == ["young"]
        assert sorted(session.scalars(sa.text("SELECT id FROM presentation")).all()) == ["uyoung", "young"]


def test_operations_list_every_job_and_what_is_deleted_when() -> None:
    for job in scheduled_jobs(Services(Settings())):
        assert f"| `{job.name}` | {job.zh} {job.en} |" in OPERATIONS
    for each in RETENTIONS:
        days = each.kept.days if each.kept else "立即 at once"
        assert f"| `{each.name}` | {each.zh} {each.en} | {days} |" in OPERATIONS


def test_the_operator_sees_the_jobs_and_has_them_run_and_nobody_else_does(front: Front) -> None:
    made = front.house.services.clients.enrol(
        "operator", name="运维", scopes=[Scope.OPERATE], organisation_code=MARKET.code
    )
    front.secrets["operator"] = made.secret or ""
    operator = front.bearer("operator")
    assert front.http.get("/v1/jobs").status_code == 401
    assert front.http.get("/v1/jobs", headers=front.issuer).status_code == 403
    assert front.http.post("/v1/jobs/retention/run", headers=front.checker).status_code == 403
    jobs = front.http.get("/v1/jobs", headers=operator).json()["jobs"]
    assert [each["name"] for each in jobs] == NAMES
    assert {each["outcome"] for each in jobs} == {"never"}
    asked = front.http.post("/v1/jobs/retention/run", headers=operator)
    assert (asked.status_code, asked.json()["outcome"]) == (202, "never")
    with crossing():
        front.house.services.schedule.run("retention")
    (found,) = [
        each for each in front.http.get("/v1/jobs", headers=operator).json()["jobs"] if each["name"] == "retention"
    ]
    assert (found["outcome"], found["error"], found["seconds"]) == ("done", None, 0.0)
    unknown = front.http.post("/v1/jobs/none/run", headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "store.scheduled_job_unknown")
    hold_to_its_description(front.http.app, operator, paths="/v1/jobs.*")


def test_the_commands_list_run_and_revive(database: Database, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    address = {"YINZHENG_DATABASE_URL": database.url.render_as_string(hide_password=False)}
    ran = terminal.run("jobs", "run", "retention", **address)
    assert (ran.returncode, "retention" in ran.stdout) == (0, True), ran.stderr
    listed = json.loads(terminal.run("jobs", "list", "--json", **address).stdout)
    assert {each["name"]: each["outcome"] for each in listed} == {**dict.fromkeys(NAMES, "never"), "retention": "done"}
    shown = terminal.run("jobs", "list", **address)
    assert shown.returncode == 0
    for word in ("retention", "完成", "持续"):
        assert word in shown.stdout
    unknown = terminal.run("jobs", "run", "none", **address)
    assert (unknown.returncode, "store.scheduled_job_unknown" in unknown.stderr) == (1, True)
    with database.transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO outbox (topic, payload, created_at, next_attempt_at, dead_at, attempts, last_error)"
                " VALUES ('x', '{}', now(), now(), now(), 12, 'store.job_failed')"
            )
        )
    (dead,) = json.loads(terminal.run("jobs", "dead", "--json", **address).stdout)
    assert dead["error"] == "store.job_failed"
    assert terminal.run("jobs", "retry", str(dead["job"]), **address).returncode == 0
    assert terminal.run("jobs", "retry", str(dead["job"]), **address).returncode == 1
