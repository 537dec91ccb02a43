"""Checks say that the log has what the register says; holders and issuers get the proofs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.api.conftest import Front
from tests.house import LAW
from trust.decisions import Decision
from verify import TrustAnchors
from verify.inclusion import proven_record


def codes(verdict: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in verdict["reasons"]}


def check(front: Front) -> dict[str, Any]:
    verdict = front.house.services.checker.check_identifier(front.licence.identifier)
    return verdict.to_json()


def test_a_verdict_carries_a_proof_that_stands_by_itself(front: Front) -> None:
    services = front.house.services
    pdf = services.checker.check_pdf(front.house.pdf(front.licence)).to_json()
    services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    anchors = TrustAnchors.of([services.keys.authority.root])
    for verdict, state in ((pdf, "valid"), (check(front), "revoked")):
        assert "log.included" in codes(verdict)
        record = proven_record(verdict["log_proof"], anchors, now=services.clock.now())
        assert (record.state, record.identifier) == (state, front.licence.identifier)


def test_a_register_that_was_changed_past_the_log_does_not_pass(front: Front) -> None:
    front.house.services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    with front.house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE licence SET state = 'valid'"))
    verdict = check(front)
    assert codes(verdict) == {"register.valid", "log.differs"}
    assert verdict["verdict"] == "INDETERMINATE"


def test_a_log_that_was_changed_does_not_pass(front: Front) -> None:
    front.house.services.ledger.sequence()
    with front.house.services.database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text("UPDATE ledger_leaf SET hash = sha256('x') WHERE position = 0"))
    assert "log.differs" in codes(check(front))


def test_a_licence_that_is_not_in_the_log_yet_is_checked_all_the_same(front: Front) -> None:
    with front.house.services.database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text("UPDATE ledger_entry SET subject = 'x' || subject"))
    verdict = check(front)
    assert codes(verdict) == {"register.valid"}
    assert verdict["log_proof"] is None


def test_holder_and_issuer_get_the_proofs_and_others_do_not(front: Front) -> None:
    identifier = front.licence.identifier
    for path, who in (("/v1/licences", front.issuer), ("/v1/wallet/licences", front.holder)):
        (proof,) = front.http.get(f"{path}/{identifier}/log", headers=who).json()
        assert proof["identifier"] == identifier
        assert front.http.get(f"{path}/{identifier}/log").status_code == 401
        assert front.http.get(f"{path}/{identifier}/log", headers=front.checker).status_code == 403
