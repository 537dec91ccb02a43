"""``yinzheng log audit`` over HTTP, against the service and against whoever may write to its database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.cli import app
from api.errors import RequestInvalidError
from keys.notes import Checkpoint, NoteKey, open_note
from store import ledger as entries
from store.errors import YinzhengError
from store.merkle import holds_consistency, leaf_hash, root_of
from tests.live import Live
from verify import TrustAnchors
from verify.errors import LogForkedError, LogLeafError, LogRolledBackError, LogUnreadableError
from verify.inclusion import proven_record


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["log", "audit", *map(str, words)])


def refused(*words: str | Path) -> BaseException | None:
    result = run(*words)
    assert result.exit_code == 1
    return result.exception


@pytest.fixture
def log(live: Live) -> Live:
    """A service whose log has been followed once, into the file ``state``."""
    live.house.issue()
    live.house.services.ledger.sequence()
    result = run(f"{live.url}/log", "--state", live.directory / "state", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["new"] == said["size"] == live.house.services.ledger.head().size
    return live


def audit(live: Live, *words: str) -> Result:
    return run(f"{live.url}/log", "--state", live.directory / "state", *words)


def rewrite(live: Live, statement: str, **values: Any) -> None:
    """What somebody does who can write to the database, past its triggers, and then makes the tree fit."""
    with live.house.services.database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(statement), values)
        rows = session.execute(
            sa.text(
                "SELECT e.data, l.entry_id FROM ledger_leaf l JOIN ledger_entry e ON e.id = entry_id ORDER BY position"
            )
        ).all()
        hashes = [leaf_hash(row.data) for row in rows]
        session.execute(sa.text("DELETE FROM ledger_leaf"))
        for position, (found, row) in enumerate(zip(hashes, rows, strict=True)):
            session.execute(
                sa.text("INSERT INTO ledger_leaf VALUES (:position, :entry, :hash)"),
                {"position": position, "entry": row.entry_id, "hash": found},
            )
        session.execute(sa.text("DELETE FROM ledger_head"))
        session.execute(
            sa.text("INSERT INTO ledger_head VALUES (:size, :root, now())"),
            {"size": len(hashes), "root": root_of(hashes)},
        )


def go_on(live: Live) -> None:
    """More acts than were taken away."""
    for _ in range(2):
        with live.house.services.database.transaction() as session:
            number = entries.next_number(session, "test")
            entries.append(session, "test", number, b"", b"{}")
    live.house.services.ledger.sequence()


def test_the_log_goes_on_as_it_grows(log: Live) -> None:
    go_on(log)
    result = audit(log)
    assert result.exit_code == 0, result.output
    assert "2 new" in result.output
    assert "0 new" in audit(log).output
    assert audit(log, "--again").exit_code == 0
    key = log.get("/log/key").decode().strip()
    assert "compare" not in run(f"{log.url}/log", "--key", key).output
    assert "compare" in run(f"{log.url}/log").output
    assert isinstance(refused(f"{log.url}/log", "--key", f"{key[:-6]}AAAAA="), YinzhengError)
    assert isinstance(refused(f"{log.url}/nothing"), LogUnreadableError)


def test_whoever_rewrites_the_log_is_found_out(log: Live) -> None:
    """Each time with a tree that fits, under a checkpoint with the right signature."""
    for statement, found in (
        ("UPDATE ledger_entry SET data = 'x' WHERE id = (SELECT min(id) + 2 FROM ledger_entry)", "leaf 2 was changed"),
        ("DELETE FROM ledger_leaf WHERE position = 1", "leaf 1 was dropped"),
        ("UPDATE ledger_leaf SET position = -1 WHERE position = 3", "another order"),
    ):
        rewrite(log, statement)
        go_on(log)
        error = refused(f"{log.url}/log", "--state", log.directory / "state")
        assert isinstance(error, LogForkedError)
        assert found in error.message_en
        (log.directory / "state").unlink()
        assert audit(log).exit_code == 0
    rewrite(log, "DELETE FROM ledger_leaf WHERE position > 3")
    assert isinstance(refused(f"{log.url}/log", "--state", log.directory / "state"), LogRolledBackError)


def test_a_leaf_that_does_not_fit_the_tree_is_found(log: Live) -> None:
    with log.house.services.database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text("UPDATE ledger_entry SET data = 'x' WHERE id = 3"))
    assert isinstance(refused(f"{log.url}/log"), LogLeafError)
    assert isinstance(refused(f"{log.url}/log", "--state", log.directory / "state"), LogLeafError)


@pytest.mark.parametrize("url", ["ftp://host/log", "log", "http://", "http://host/log?x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    assert isinstance(refused(url), RequestInvalidError)


def test_checkpoints_and_proofs_are_had_at_the_terminal(log: Live) -> None:
    database = log.house.services.database.url.render_as_string(hide_password=False)
    place = {
        "YINZHENG_VAR": str(log.directory),
        "YINZHENG_DATABASE_URL": database,
        "YINZHENG_BASE_URL": log.url,
    }

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["log", *words], env=place)
        assert result.exit_code == 0, result.exception
        return result.stdout

    key = NoteKey.parse(log.get("/log/key").decode())
    checkpoint = Checkpoint.parse(open_note(said("checkpoint").encode(), [key]))
    head = log.house.services.ledger.head()
    assert (checkpoint.size, checkpoint.root) == (head.size, head.root)
    (proof,) = json.loads(said("prove", log.house.issue().identifier))
    anchors = TrustAnchors.of([log.house.services.keys.authority.root])
    assert proven_record(proof, anchors, now=log.house.services.clock.now()).state == "valid"
    path = [bytes.fromhex(each) for each in json.loads(said("consistency", "1", str(head.size)))["hashes"]]
    first = leaf_hash((log.house.services.ledger.bundle(0, 1) or [b""])[0])
    assert holds_consistency(1, first, head.size, head.root, path)
    for words in (["prove", "1.2.3"], ["consistency", "5", "2"], ["consistency", "1", "1000000"]):
        result = CliRunner().invoke(app, ["log", *words], env=place)
        assert isinstance(result.exception, YinzhengError)
