"""Batches: whole files are checked before anything is issued, and each line is issued exactly once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.jobs import scheduled_jobs
from seal import UseResult, UseSearch
from seal.errors import DocumentUnsealableError, SealNoneForTypeError
from store.clock import FixedClock
from store.objects import ObjectsUnavailableError
from store.schedule import Schedule
from tests.house import APPROVER, LAW, House
from tests.trust.bulk_house import SLUG, load, permit, write_csv, write_jsonl
from trust import Decision, IssueOrder, Issuing, Licence
from trust.batch import BatchAct, BatchKind, BatchState, LineState
from trust.batch_loading import BatchOrder
from trust.batch_work import MOST_ATTEMPTS, BatchWorker, Done, DoneTogether, Task
from trust.bulk_errors import BatchActRefusedError, BatchUnknownError, TableUnreadableError
from trust.errors import ReasonMissingError
from trust.issuing_together import IssuingTogether, NotTogetherError
from trust.licence import Act
from trust.result_files import result_csv, result_jsonl
from trust.rows import Row


def count(house: House, what: str) -> int:
    with house.services.database.transaction() as session:
        return int(session.scalar(sa.text(f"SELECT count(*) FROM {what}")) or 0)


def start(house: House, path: Path) -> str:
    batch = load(house, path)
    assert batch.state is BatchState.READY, list(house.services.batches.results(batch))
    house.services.batches.act(batch.reference, BatchAct.START)
    return batch.reference


def work(house: House, reference: str | None = None) -> None:
    while house.services.batch_worker.run_once(reference=reference):
        pass


def one_by_one(*_: object, **__: object) -> None:
    """What the lines of a group meet that cannot be issued together."""
    raise NotTogetherError


@pytest.mark.parametrize("writer", [write_csv, write_jsonl])
def test_each_line_becomes_one_licence(house: House, tmp_path: Path, writer: object) -> None:
    suffix = "csv" if writer is write_csv else "jsonl"
    path = writer(tmp_path / f"permits.{suffix}", [permit(n) for n in range(1, 16)])  # type: ignore[operator]
    reference = start(house, path)
    work(house)
    batch = house.services.batches.get(reference)
    assert batch.state is BatchState.DONE
    assert batch.counts == {LineState.ISSUED: 15}
    results = list(house.services.batches.results(batch))
    first = 2 if suffix == "csv" else 1
    assert [each.line for each in results] == list(range(first, first + 15))
    for number, each in enumerate(results, 1):
        assert each.identifier is not None
        assert house.services.register.get(each.identifier).number == f"JY2370202{number:07d}"
    assert count(house, "batch_line WHERE data IS NOT NULL") == 0, "what is issued is not kept twice"


def test_nothing_is_issued_when_one_line_is_unsound(house: House, tmp_path: Path) -> None:
    rows = [permit(n) for n in range(1, 6)]
    rows[2]["unified_social_credit_code"] = "91370202MA3QYH7K60"
    rows[4]["permit_number"] = "JY1"
    batch = load(house, write_csv(tmp_path / "a.csv", rows))
    assert batch.state is BatchState.REFUSED
    found = {each.line: each.findings for each in house.services.batches.results(batch) if each.findings}
    assert {line: [(p.path, p.code) for p in problems] for line, problems in found.items()} == {
        4: [("unified_social_credit_code", "uscc")],
        6: [("permit_number", "pattern")],
    }
    with pytest.raises(BatchActRefusedError):
        house.services.batches.act(batch.reference, BatchAct.START)
    work(house)
    assert count(house, "licence") == 0
    assert count(house, "batch_line WHERE data IS NOT NULL") == 0


def test_lines_are_also_checked_against_each_other_and_the_register(house: House, tmp_path: Path) -> None:
    house.seal(SLUG)
    house.services.issuing.issue(IssueOrder(SLUG, permit(1), "tests"))
    house.services.issuing.issue(IssueOrder(SLUG, permit(2, signed_by="别人"), "tests"))
    rows = [permit(1), permit(2), permit(3), permit(4), permit(3, signed_by="他人")]
    batch = load(house, write_jsonl(tmp_path / "a.jsonl", rows))
    assert {each.line: [p.code for p in each.findings] for each in house.services.batches.results(batch)} == {
        1: [],
        2: ["in_use"],
        3: ["repeated"],
        4: [],
        5: ["repeated"],
    }
    again = load(house, write_jsonl(tmp_path / "b.jsonl", [permit(1), permit(4)]))
    house.services.batches.act(again.reference, BatchAct.START)
    work(house)
    results = list(house.services.batches.results(house.services.batches.get(again.reference)))
    assert [each.state for each in results] == [LineState.EXISTING, LineState.ISSUED]


def test_a_character_that_no_font_has_is_found_before_anything_is_issued(house: House, tmp_path: Path) -> None:
    batch = load(house, write_jsonl(tmp_path / "a.jsonl", [permit(1, signed_by="张\U0002ffff")]))
    (result,) = house.services.batches.results(batch)
    assert [problem.code for problem in result.findings] == ["character_missing"]


def test_a_dry_run_keeps_findings_and_forgets_what_was_said(house: House, tmp_path: Path) -> None:
    batch = load(house, write_jsonl(tmp_path / "a.jsonl", [permit(1), permit(2, address="")]), dry_run=True)
    assert batch.state is BatchState.CHECKED
    assert batch.counts == {LineState.WAITING: 1, LineState.UNSOUND: 1}
    assert count(house, "batch_line WHERE data IS NOT NULL") == 0
    with pytest.raises(BatchActRefusedError):
        house.services.batches.act(batch.reference, BatchAct.START)


def test_a_file_that_breaks_off_leaves_a_cancelled_batch(house: House) -> None:
    def rows() -> object:
        yield Row(1, permit(1))
        raise TableUnreadableError(problem_zh="坏", problem_en="broken")

    house.seal(SLUG)
    with pytest.raises(TableUnreadableError):
        house.services.batch_loading.load(BatchOrder(SLUG, "tests", "a.csv"), rows())  # type: ignore[arg-type]
    (batch,) = house.services.batches.latest()
    assert batch.state is BatchState.CANCELLED


def test_an_empty_file_is_refused(house: House) -> None:
    house.seal(SLUG)
    batch = house.services.batch_loading.load(BatchOrder(SLUG, "tests", "a.csv"), [])
    assert batch.state is BatchState.REFUSED


def test_without_a_seal_nothing_is_read(house: House) -> None:
    with pytest.raises(SealNoneForTypeError):
        house.services.batch_loading.load(BatchOrder(SLUG, "tests", "a.csv"), [])
    assert house.services.batches.latest() == []


def test_pause_resume_and_cancel(house: House, tmp_path: Path) -> None:
    batches = house.services.batches
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 36)]))
    assert house.services.batch_worker.run_once() == 10
    batches.act(reference, BatchAct.PAUSE)
    assert house.services.batch_worker.run_once() == 0
    with pytest.raises(BatchActRefusedError):
        batches.act(reference, BatchAct.PAUSE)
    batches.act(reference, BatchAct.RESUME)
    assert house.services.batch_worker.run_once() == 10
    for reason in ("", "长" * 501):
        with pytest.raises(ReasonMissingError):
            batches.cancel(reference, actor="officer:a", reason=reason)
    with pytest.raises(ReasonMissingError):
        batches.act(reference, BatchAct.CANCEL)
    batch = batches.cancel(reference, actor="officer:a", reason=" 名册有误 ")
    assert (batch.cancelled_by, batch.cancellation_reason) == ("officer:a", "名册有误")
    assert house.services.batch_worker.run_once() == 0
    assert batch.counts == {LineState.ISSUED: 20, LineState.CANCELLED: 15}
    assert count(house, "licence") == 20
    assert count(house, "batch_line WHERE data IS NOT NULL") == 0
    with pytest.raises(BatchUnknownError):
        batches.act("20260101-0000000000", BatchAct.PAUSE)
    with pytest.raises(BatchUnknownError):
        batches.get(reference, issuer_code="11370200990100288Y")


def during(house: House, monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """Have something done between the sealing of the next licence and its entry."""
    put, todo = house.services.objects.put, [act]

    def put_and_act(data: bytes) -> str:
        if todo:
            todo.pop()()  # type: ignore[operator]
        return put(data)

    monkeypatch.setattr(house.services.objects, "put", put_and_act)


def test_what_is_cancelled_in_the_middle_of_a_line_makes_no_licence(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(1), permit(2)]))
    during(house, monkeypatch, lambda: house.services.batches.cancel(reference, actor="a", reason="r"))
    work(house)
    assert count(house, "licence") == 0
    assert house.services.batches.get(reference).counts == {LineState.CANCELLED: 2}


def test_a_worker_that_outlives_its_claim_issues_nothing(
    house: House, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(1)]))
    overtaken = []

    def overtake() -> None:
        clock.advance(timedelta(minutes=3))
        overtaken.append(house.services.batch_worker.run_once())

    during(house, monkeypatch, overtake)
    work(house)
    assert overtaken == [1]
    assert count(house, "licence") == 1
    (result,) = house.services.batches.results(house.services.batches.get(reference))
    assert result.state is LineState.ISSUED


def test_a_licence_revoked_before_its_line_is_looked_at_again_is_not_issued_twice(
    house: House, clock: FixedClock, tmp_path: Path
) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(1)]))
    work(house)
    (result,) = house.services.batches.results(house.services.batches.get(reference))
    house.services.register.revoke(str(result.identifier), Decision("tests", "测试", LAW))
    clock.advance(timedelta(hours=1))
    work(house)
    assert count(house, "licence") == 1


def test_many_workers_at_once_do_each_line_once(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 41)]))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: work(house), range(4)))
    batch = house.services.batches.get(reference)
    assert (batch.state, batch.counts) == (BatchState.DONE, {LineState.ISSUED: 40})
    assert count(house, "licence") == 40
    assert count(house, "seal_use") == 40


def test_a_seal_that_is_frozen_pauses_the_batch_and_loses_no_line(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 5)]))
    number = house.seal(SLUG).number
    house.services.seals.freeze(number, officer=APPROVER, reason="核查")
    work(house)
    batch = house.services.batches.get(reference)
    assert batch.state is BatchState.PAUSED
    assert batch.state_reason is not None
    assert batch.state_reason.startswith("seal.")
    assert batch.counts == {LineState.WAITING: 4}


def test_what_fails_for_a_while_is_tried_again_and_what_always_fails_is_given_up(
    house: House, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(1), permit(2)]))
    issue = Issuing.issue

    def fragile(self: Issuing, order: IssueOrder, **options: object) -> object:
        if order.fields["permit_number"].endswith("1"):
            raise RuntimeError(order.fields["operator_name"])
        return issue(self, order, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Issuing, "issue", fragile)
    monkeypatch.setattr(IssuingTogether, "issue", one_by_one)
    for _ in range(MOST_ATTEMPTS):
        work(house)
        clock.advance(timedelta(seconds=6))
    batch = house.services.batches.get(reference)
    assert (batch.state, batch.counts) == (BatchState.DONE, {LineState.FAILED: 1, LineState.ISSUED: 1})
    first = next(house.services.batches.results(batch))
    assert [problem.code for problem in first.findings] == ["trust.batch_line_lost"]
    assert "海听" not in caplog.text


def test_a_line_that_kills_its_workers_is_given_up_and_takes_no_other_with_it(
    house: House, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 6)]))
    issue = Issuing.issue

    def deadly(self: Issuing, order: IssueOrder, **options: object) -> object:
        if order.fields["permit_number"].endswith("2"):
            raise Killed
        return issue(self, order, **options)  # type: ignore[arg-type]

    group = IssuingTogether.issue

    def deadly_together(self: IssuingTogether, orders: Sequence[IssueOrder], **options: Any) -> None:
        if any(order.fields["permit_number"].endswith("2") for order in orders):
            raise Killed
        group(self, orders, **options)

    monkeypatch.setattr(Issuing, "issue", deadly)
    monkeypatch.setattr(IssuingTogether, "issue", deadly_together)
    for _ in range(MOST_ATTEMPTS + 3):
        try:
            work(house)
        except Killed:
            clock.advance(timedelta(minutes=3))
    batch = house.services.batches.get(reference)
    assert (batch.state, batch.counts) == (BatchState.DONE, {LineState.FAILED: 1, LineState.ISSUED: 4})


def test_a_running_worker_stops_when_told(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 4)]))
    stop = threading.Event()
    jobs = [each for each in scheduled_jobs(house.services) if each.name == "batches"]
    [thread] = Schedule(house.services.database, house.services.clock, jobs).threads(stop)
    thread.start()
    for _ in range(200):
        if house.services.batches.get(reference).state is BatchState.DONE:
            break
        stop.wait(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert count(house, "licence") == 3


def test_the_database_holds_nothing_of_a_line_in_clear(house: House, tmp_path: Path) -> None:
    load(house, write_jsonl(tmp_path / "a.jsonl", [permit(1)]))
    with house.services.database.transaction() as session:
        rows = session.execute(sa.text("SELECT batch_line::text FROM batch_line")).scalars().all()
    hexadecimal = "海听".encode().hex()
    assert rows
    assert not any("海听" in row or hexadecimal in row or "JY2370202" in row for row in rows)


def test_lines_that_were_swapped_or_damaged_in_the_database_fail_alone(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(1), permit(2), permit(3)]))
    with house.services.database.transaction() as session:
        session.execute(
            sa.text("UPDATE batch_line SET data = (SELECT data FROM batch_line WHERE line = 3) WHERE line = 1")
        )
    work(house)
    batch = house.services.batches.get(reference)
    assert (batch.state, batch.counts) == (BatchState.DONE, {LineState.FAILED: 1, LineState.ISSUED: 2})


def test_result_files_have_a_line_for_each_line_and_no_formula(house: House, tmp_path: Path) -> None:
    row = permit(1)
    row["=cmd|' /C calc'!A0"] = "x"
    row.pop("address")
    batch = load(house, write_jsonl(tmp_path / "a.jsonl", [row, permit(2)]))
    text = "".join(result_csv(house.services.batches.results(batch)))
    lines = text.removeprefix("\ufeff").splitlines()
    assert len(lines) == 3
    assert ",unsound," in lines[1]
    assert not any(cell.lstrip('"').startswith("=") for line in lines for cell in line.split(","))
    assert len(list(result_jsonl(house.services.batches.results(batch)))) == 2


def test_a_worker_of_another_kind_leaves_nothing_half_done(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 13)]))
    stop = threading.Event()
    stop.set()
    services = house.services
    worker = BatchWorker(services.database, services.batches, services.clock, services.batch_worker._handlers)
    assert worker.run_once(stop) == 0
    work(house, reference)
    assert services.batches.get(reference).counts == {LineState.ISSUED: 12}
    assert count(house, "batch_line WHERE attempts = 1") == 12


def test_lines_wait_for_a_part_that_is_away_and_lose_no_attempt(house: House, tmp_path: Path) -> None:
    reference = start(house, write_jsonl(tmp_path / "a.jsonl", [permit(n) for n in range(1, 3)]))
    services = house.services
    services.objects.put(b"the store is there")
    place = services.settings.var / "objects"
    place.rename(place.with_name("away"))
    place.write_text("a file")
    for _ in range(3):
        with pytest.raises(ObjectsUnavailableError):
            services.batch_worker.run_once()
    assert services.batches.get(reference).counts == {LineState.WAITING: 2}
    assert count(house, "batch_line WHERE attempts > 0 OR claim IS NOT NULL") == 0, "none gets nearer to its last"
    place.unlink()
    place.with_name("away").rename(place)
    work(house, reference)
    assert services.batches.get(reference).counts == {LineState.ISSUED: 2}


class ByItself:
    """Issues lines one by one, and counts those that came to it."""

    def __init__(self, house: House) -> None:
        self._line = house.services.batch_worker._handlers[BatchKind.ISSUE]
        self.lines: list[int] = []

    def __call__(self, task: Task, done: Done) -> tuple[Licence, bool]:
        self.lines.append(task.line)
        return self._line(task, done)


def worker_of(house: House, alone: ByItself, also: Callable[[Session, Sequence[Licence]], None] | None = None) -> None:
    """Do all lines that wait; ``also`` is done before those of a group are marked."""
    services = house.services
    group = services.batch_worker._together[BatchKind.ISSUE]

    def together(tasks: Sequence[Task], done: DoneTogether) -> None:
        def marked(session: Session, licences: Sequence[Licence]) -> None:
            if also is not None:
                also(session, licences)
            done(session, licences)

        group(tasks, marked)

    worker = BatchWorker(
        services.database,
        services.batches,
        services.clock,
        {BatchKind.ISSUE: alone},
        together={BatchKind.ISSUE: together},
    )
    while worker.run_once():
        pass


def test_lines_are_issued_together_and_each_leaves_the_records_that_one_alone_would(
    house: House, tmp_path: Path
) -> None:
    reference = start(house, write_csv(tmp_path / "a.csv", [permit(n) for n in range(1, 13)]))
    alone = ByItself(house)
    worker_of(house, alone)
    assert alone.lines == []
    services = house.services
    for each in services.batches.results(services.batches.get(reference)):
        assert each.identifier is not None
        licence = services.register.get(each.identifier)
        assert services.checker.check_pdf(services.register.pdf(licence)).passed
        assert [event.act for event in services.register.history(each.identifier)] == [Act.ISSUE]
        [use] = services.seal_uses.search(UseSearch(document_identifier=each.identifier)).uses
        assert (use.result, use.sealed_digest) == (UseResult.SEALED, licence.pdf_digest)
        assert len(services.ledger.entries_about(f"licence:{each.identifier}")) == 1
        assert len(services.ledger.entries_about(f"seal-use:{use.id}")) == 1
    assert count(house, "outbox WHERE topic = 'licence.issued'") == 12
    assert count(house, "licence JOIN status_seat ON (list, index) = (status_list, status_index)") == 12


def test_lines_are_done_one_by_one_where_one_of_them_cannot_be_done(house: House, tmp_path: Path) -> None:
    reference = start(house, write_csv(tmp_path / "a.csv", [permit(n) for n in range(1, 6)]))
    services = house.services
    known = services.issuing.issue(IssueOrder(SLUG, permit(3), "clerk")).licence
    alone = ByItself(house)
    worker_of(house, alone)
    assert alone.lines == [2, 3, 4, 5, 6]
    batch = services.batches.get(reference)
    assert batch.counts == {LineState.ISSUED: 4, LineState.EXISTING: 1}
    assert [each.identifier for each in services.batches.results(batch)][2] == known.identifier


def test_what_fails_under_the_seal_is_on_record_and_gives_the_uses_back(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(house, write_csv(tmp_path / "a.csv", [permit(n) for n in range(1, 5)]))
    press, pressed = house.services.press.press, []

    def third_fails(*given: Any, **named: Any) -> None:
        pressed.append(given)
        if len(pressed) == 3:
            raise DocumentUnsealableError(problem_zh="试验", problem_en="a test")
        press(*given, **named)

    monkeypatch.setattr(house.services.press, "press", third_fails)
    worker_of(house, ByItself(house))
    assert count(house, "seal_use_outcome WHERE result = 'failed' AND reason_code = 'seal.document_unsealable'") == 4
    assert count(house, "seal_use_outcome WHERE result = 'sealed'") == 4
    assert count(house, "seal_use_outcome") == count(house, "seal_use")
    assert count(house, "licence") == 4


def test_a_group_of_which_one_line_was_lost_exists_not_at_all_and_the_others_are_done_again(
    house: House, tmp_path: Path
) -> None:
    reference = start(house, write_csv(tmp_path / "a.csv", [permit(n) for n in range(1, 5)]))
    services, seen = house.services, []

    def taken(session: Session, licences: Sequence[Licence]) -> None:
        seen.extend(licences)
        with services.database.transaction() as other:
            other.execute(sa.text("UPDATE batch_line SET claim = 'another' WHERE line = 4"))

    worker_of(house, ByItself(house), taken)
    assert len(seen) == 4
    assert not services.register.get_many([each.identifier for each in seen]), "all or none"
    states = {each.line: each.state for each in services.batches.results(services.batches.get(reference))}
    assert states == {
        2: LineState.ISSUED,
        3: LineState.ISSUED,
        4: LineState.WAITING,
        5: LineState.ISSUED,
    }
    assert count(house, "licence") == 3


def test_a_group_beyond_the_quota_gets_what_is_left_and_the_refusal_is_on_record(house: House, tmp_path: Path) -> None:
    reference = start(house, write_csv(tmp_path / "a.csv", [permit(n) for n in range(1, 6)]))
    with house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE seal_grant SET daily_quota = 3"))
    worker_of(house, ByItself(house))
    batch = house.services.batches.get(reference)
    assert (batch.state, batch.state_reason) == (BatchState.PAUSED, "seal.quota_used")
    assert batch.counts == {LineState.ISSUED: 3, LineState.WAITING: 2}
    assert count(house, "seal_use_outcome WHERE result = 'refused'") == 1
    assert count(house, "seal_grant_day WHERE uses = 3") == 1
