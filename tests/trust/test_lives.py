"""Whatever happens to licences, and whenever one looks: register, status list, log and PDF say the same."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from store.clock import FixedClock
from store.errors import YinzhengError
from store.merkle import holds_consistency
from tests.house import LAW, House
from trust import Licence, LicenceState
from trust.changing import ChangeOrder
from trust.decisions import Decision
from trust.licence import Act
from trust.licence_log import log_subject
from verify import Indication, TrustAnchors, inspect_pdf
from verify.inclusion import inclusion_of, proven_record
from verify.offline import check_offline

TOLD = {
    LicenceState.VALID: "status.valid",
    LicenceState.SUSPENDED: "status.suspended",
    LicenceState.REVOKED: "status.invalid",
    LicenceState.CANCELLED: "status.invalid",
    LicenceState.SUPERSEDED: "status.over",
    LicenceState.EXPIRED: "status.over",
    LicenceState.NOT_YET_VALID: "status.over",
}
MOST = 3


class Lives(RuleBasedStateMachine):
    """Licences with random lives; between any two acts, everything is compared."""

    house: House
    clock: FixedClock
    left: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.identifiers: list[str] = []
        self.acts: dict[str, int] = {}
        self.head = self.house.services.ledger.head()

    @initialize()
    def begin(self) -> None:
        """Each life begins with a new licence; those of the lives before are left alone."""
        for identifier in self.left:
            with suppress(YinzhengError):
                self.house.services.register.revoke(identifier, Decision("officer:a", "理由", LAW))
        self.entered(self.house.issue("food_operation_permit"))

    def entered(self, licence: Licence) -> None:
        if licence.identifier not in self.acts:
            self.identifiers.append(licence.identifier)
            self.left.append(licence.identifier)
            self.acts[licence.identifier] = 1

    @rule(which=st.integers(0, 9), act=st.sampled_from([Act.SUSPEND, Act.RESUME, Act.REVOKE, Act.CANCEL]))
    def decide(self, which: int, act: Act) -> None:
        identifier = self.identifiers[which % len(self.identifiers)]
        with suppress(YinzhengError):
            getattr(self.house.services.register, act.value)(identifier, Decision("officer:a", "理由", LAW))
            self.acts[identifier] += 1

    @rule(which=st.integers(0, 9), act=st.sampled_from([Act.CHANGE, Act.RENEW]), name=st.sampled_from("甲乙丙"))
    def supersede(self, which: int, act: Act, name: str) -> None:
        if len(self.identifiers) >= MOST:
            return
        identifier = self.identifiers[which % len(self.identifiers)]
        order = ChangeOrder(identifier, act, {"signed_by": name}, Decision("officer:a", "理由"))
        with suppress(YinzhengError):
            made = self.house.services.changing.change(order)
            self.acts[identifier] += 1
            self.entered(made.licence)

    @rule(days=st.sampled_from([0, 1, 400, 2000]))
    def pass_time(self, days: int) -> None:
        # the authority that issues certificates lasts until 2036
        self.clock.advance(timedelta(days=days if self.clock.now().year < 2030 else 0, seconds=30))

    @invariant()
    def all_say_the_same(self) -> None:
        # a change shows in the next list within a minute
        self.clock.advance(timedelta(seconds=30))
        services = self.house.services
        authority = services.keys.authority
        anchors = TrustAnchors.of([authority.root, authority.gm_root, authority.gm_issuing])
        now = self.clock.now()
        for identifier in self.identifiers:
            licence = services.register.get(identifier)
            pdf = services.register.pdf(licence)
            proofs = [proof.to_json() for proof in services.transparency_log.prove(identifier)]
            records = [proven_record(proof, anchors, now=now) for proof in proofs]
            assert len(records) == self.acts[identifier] == len(services.register.history(identifier))
            assert [record.number for record in records] == list(range(1, len(records) + 1))
            assert records[-1].state == licence.recorded_state
            assert records[-1].pdf_sha256 == licence.pdf_digest
            state = licence.state_on(services.register.today())
            listed = services.status_lists.current(1).token
            verdict = check_offline(
                pdf,
                anchors,
                listed,
                log_proof=json.dumps(proofs).encode(),
                now=now,
                max_bytes=10**8,
                inspect=inspect_pdf,
            )
            codes = [reason.code for reason in verdict.reasons]
            assert TOLD[state] in codes
            assert "log.included" in codes
            online = services.checker.check_pdf(pdf)
            assert (online.indication is Indication.TOTAL_PASSED) == (state is LicenceState.VALID)
            assert verdict.indication == online.indication, codes
            assert inclusion_of(json.dumps(proofs).encode(), "0" * 64, anchors, now=now).code == "log.not_proven"
        self.goes_on()

    def goes_on(self) -> None:
        ledger = self.house.services.ledger
        before, self.head = self.head, ledger.head()
        assert self.head.size >= before.size
        if before.size:
            proof = ledger.consistency(before.size, self.head.size)
            assert holds_consistency(before.size, before.root, self.head.size, self.head.root, proof)
        assert len(ledger.entries_about(log_subject(self.identifiers[0]))) == self.acts[self.identifiers[0]]


def test_register_list_log_and_pdf_agree_at_every_moment(house: House, clock: FixedClock) -> None:
    machine = type("Machine", (Lives,), {"house": house, "clock": clock, "left": []})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # so published
        machine,
        settings=settings(
            max_examples=4, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_version_that_was_superseded_is_over_and_its_successor_holds(house: House, clock: FixedClock) -> None:
    lives = type("Machine", (Lives,), {"house": house, "clock": clock, "left": []})()
    lives.begin()
    lives.supersede(0, Act.CHANGE, "甲")
    assert len(lives.identifiers) == 2
    lives.all_say_the_same()
    lives.decide(1, Act.SUSPEND)
    lives.all_say_the_same()
    assert [lives.acts[identifier] for identifier in lives.identifiers] == [2, 2]
