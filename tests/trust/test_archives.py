"""Archives: every planted fault is found, no good line is refused, and what enters is marked as imported."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from planted import COLUMNS, FAULTS, MAPPING, SLUG, Planted, plant

from store.errors import YinzhengError
from tests.house import HEALTH, MARKET, House
from tests.pdfs import blank_pdf
from tests.trust.bulk_house import permit, write_csv
from trust import Act, Decision, Origin
from trust.archives import LINE_COLUMN, PROBLEMS_COLUMN, ImportOrder
from trust.batch import Batch, BatchAct, BatchState, LineState
from trust.bulk_errors import MappingInvalidError, ScanUnknownError
from trust.changing import ChangeOrder
from trust.errors import LicenceUnsealedError
from trust.mapping import parse_mapping
from trust.quality_report import report_files
from trust.result_files import csv_lines
from trust.rows import TableForm, read_rows


@pytest.fixture
def office(house: House) -> House:
    house.services.organisations.enrol(HEALTH)
    house.services.organisations.enrol(MARKET)
    return house


def load(house: House, path: Path, **options: Any) -> Batch:
    mapping = options.pop("mapping", MAPPING)
    if mapping is not None:
        options["mapping"] = parse_mapping(mapping, house.services.catalogue.get(SLUG))
    order = ImportOrder(SLUG, "tests", path.name, **options)
    return house.services.archives.load(order, read_rows(path, TableForm.of(path)))


def run(house: House, batch: Batch) -> Batch:
    house.services.batches.act(batch.reference, BatchAct.START)
    while house.services.batch_worker.run_once():
        pass
    return house.services.batches.get(batch.reference)


def found_in(house: House, batch: Batch) -> dict[int, set[str]]:
    results = house.services.batches.results(batch)
    return {each.line: {problem.code for problem in each.findings} for each in results if each.findings}


def scans_in(directory: Path) -> Path:
    (directory / "picture.pdf").write_bytes(b"\x89PNG")
    (directory / "scan.pdf").write_bytes(blank_pdf())
    (directory.parent / "secret.pdf").write_bytes(blank_pdf())
    return directory


@pytest.mark.parametrize("seed", [1, 2])
def test_every_planted_fault_is_found_and_no_good_line_is_refused(office: House, tmp_path: Path, seed: int) -> None:
    planted = plant(seed, 600, share=0.2)
    assert len(set(FAULTS) | {"duplicate", "repeated", "holder_conflict", "columns"}) >= 20
    scans = tmp_path / "scans"
    scans.mkdir()
    batch = load(office, planted.write(tmp_path / "archive.csv"), scans=scans_in(scans))
    found = found_in(office, batch)
    missed = {line: code for line, code in planted.faults.items() if code not in found.get(line, ())}
    assert missed == {}
    assert {line: codes for line, codes in found.items() if line not in planted.faults} == {}
    done = run(office, batch)
    assert done.state is BatchState.DONE
    assert done.counts[LineState.ISSUED] == len(planted.rows) - len(planted.faults)
    assert done.counts[LineState.UNSOUND] == len(planted.faults)


def small(*rows: dict[str, str]) -> Planted:
    planted = plant(7, len(rows), share=0)
    for row, changes in zip(planted.rows, rows, strict=True):
        for name, value in changes.items():
            row[COLUMNS.index(name)] = value
    return planted


def test_what_enters_is_marked_as_imported_and_rests_on_the_register(office: House, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    batch = run(office, load(office, small({"扫描": "scan.pdf"}, {}).write(tmp_path / "a.csv"), scans=scans_in(scans)))
    first, second = office.services.batches.results(batch)
    with_scan = office.services.register.get(str(first.identifier))
    without = office.services.register.get(str(second.identifier))
    assert with_scan.origin is without.origin is Origin.IMPORTED
    assert with_scan.pdf_digest is without.pdf_digest is None
    assert office.services.archives.scan(with_scan.identifier) == blank_pdf()
    with pytest.raises(ScanUnknownError):
        office.services.archives.scan(without.identifier)
    with pytest.raises(LicenceUnsealedError):
        office.services.register.pdf(with_scan)
    (event,) = office.services.register.history(with_scan.identifier)
    assert (event.act.value, event.reason) == ("import", f"批次 {batch.reference} 第 2 行")
    verdict = office.services.checker.check_identifier(with_scan.identifier)
    assert verdict.indication.value == "TOTAL_PASSED"
    assert [each.code for each in verdict.reasons if each.rests_on == "register"] == [
        "register.valid",
        "register.imported",
    ]
    assert not [each for each in verdict.reasons if each.rests_on == "pdf"]
    office.services.worker.run_once()
    assert len(list(office.services.wallets.licences(with_scan.holder_index))) == 1


def test_the_same_file_again_enters_nothing_twice(office: House, tmp_path: Path) -> None:
    path = plant(3, 20, share=0).write(tmp_path / "a.csv")
    run(office, load(office, path))
    assert run(office, load(office, path)).counts == {LineState.EXISTING: 20}


def test_conflicts_with_the_register_are_found(office: House, tmp_path: Path) -> None:
    planted = small({}, {}, {})
    run(office, load(office, planted.write(tmp_path / "a.csv")))
    planted.rows[0][COLUMNS.index("签发")] = "他人"
    planted.rows[1][COLUMNS.index("执业证编码")] = "110370299999999"
    planted.rows[1][COLUMNS.index("姓名")] = "改名者"
    again = load(office, planted.write(tmp_path / "b.csv"))
    assert found_in(office, again) == {2: {"in_use"}, 3: {"holder_register"}}


def test_two_lines_that_name_one_scan_are_found(office: House, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    path = small({"扫描": "scan.pdf"}, {"扫描": "scan.pdf"}, {}).write(tmp_path / "a.csv")
    assert found_in(office, load(office, path, scans=scans_in(scans))) == {2: {"scan_shared"}, 3: {"scan_shared"}}


def test_lines_set_aside_are_mended_and_taken_in(office: House, tmp_path: Path) -> None:
    planted = small({"性别": "未说明"}, {}, {"证件号": "370202680817362"}, {"机构": "不详"})
    good = plant(7, 4, share=0)
    batch = run(office, load(office, planted.write(tmp_path / "a.csv")))
    assert batch.counts == {LineState.ISSUED: 1, LineState.UNSOUND: 3}
    exported = tmp_path / "set_aside.csv"
    exported.write_text("".join(csv_lines(office.services.archives.set_aside(batch))), "utf-8")
    with exported.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row[LINE_COLUMN] for row in table] == ["2", "4", "5"]
    assert "性别" in table[0][PROBLEMS_COLUMN]
    table[0]["性别"] = good.rows[0][COLUMNS.index("性别")]
    table[1]["证件号"] = good.rows[2][COLUMNS.index("证件号")]
    with exported.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    mended = run(office, load(office, exported, mapping=None, mends=batch.reference))
    assert mended.counts == {LineState.ISSUED: 2, LineState.UNSOUND: 1}
    assert office.services.batches.get(batch.reference).counts == {
        LineState.ISSUED: 1,
        LineState.MENDED: 2,
        LineState.UNSOUND: 1,
    }
    again = load(office, exported, mapping=None, mends=batch.reference)
    assert found_in(office, again)[2] == {"mends_unknown"}


def test_a_dry_run_keeps_neither_lines_nor_scans(office: House, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    path = small({"扫描": "scan.pdf"}, {"性别": "?"}).write(tmp_path / "a.csv")
    batch = load(office, path, scans=scans_in(scans), dry_run=True)
    assert batch.state is BatchState.CHECKED
    with office.services.database.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM batch_line WHERE data IS NOT NULL")) == 0
    assert not [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


def test_the_report_tells_rules_and_lines_and_nothing_that_they_say(office: House, tmp_path: Path) -> None:
    planted = plant(5, 200, share=0.3)
    scans = tmp_path / "scans"
    scans.mkdir()
    batch = load(office, planted.write(tmp_path / "<script>.csv"), scans=scans_in(scans))
    reports = office.services.quality_reports
    report = reports.of(batch)
    files = {name: "".join(text) for name, text in report_files(reports, report).items()}
    assert (report.total, report.bad) == (200, len(planted.faults))
    found = json.loads(files["report.json"])
    assert found["rules"]["duplicate"] == sum(code == "duplicate" for code in planted.faults.values())
    assert {each["line"] for each in found["findings"]} == set(planted.faults)
    assert len(files["findings.csv"].splitlines()) >= len(planted.faults) + 1
    page = files["report.html"]
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for row in planted.rows:
        for text in (row[0], row[3]):
            assert len(text) < 3 or not any(text in each for each in files.values())


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"[fields",
        b"[other]\na = 1",
        b'type = "business_licence"',
        b'[fields]\nnone = "a"',
        b"[fields]\nname = 1",
        b"[fields]\nname = {}",
        b'[fields]\nname = { column = "a", constant = "b" }',
        b'[fields]\nname = { column = "a", script = "b" }',
        b'[fields]\nname = { column = "a", split = "" }',
        b'[fields]\nname = { column = "a", part = 0 }',
        b'[fields]\nname = { column = "a", dates = ["%Y"] }',
        b'[fields]\nname = { column = "a", dates = ["%Y%m%d%H"] }',
        b'[fields]\nname = { column = "a", values = { a = 1 } }',
        b"[fields]\nname = { columns = [1] }",
        b"[empty]\ntexts = [1]",
        b"fields = 1",
        b"a" * 300_000,
    ],
)
def test_a_mapping_that_is_none_is_refused(office: House, text: bytes) -> None:
    with pytest.raises(MappingInvalidError) as caught:
        parse_mapping(text, office.services.catalogue.get(SLUG))
    assert isinstance(caught.value, YinzhengError)


def permits(path: Path, *changes: dict[str, str]) -> Path:
    rows = [{**permit(number, **each), "颁发日期": "2019-08-17"} for number, each in enumerate(changes, 1)]
    return write_csv(path, rows)


@pytest.mark.needs("pdftotext")
def test_what_is_sealed_afterwards_says_that_it_was_imported(office: House, tmp_path: Path) -> None:
    office.seal("food_operation_permit")
    path = permits(tmp_path / "a.csv", {}, {"signed_by": "张\U0002ffff"})
    order = ImportOrder("food_operation_permit", "tests", "a.csv", issuer_code=MARKET.code, sealed=True)
    batch = run(office, office.services.archives.load(order, read_rows(path, TableForm.CSV)))
    assert found_in(office, batch) == {3: {"character_missing"}}
    first = next(office.services.batches.results(batch))
    licence = office.services.register.get(str(first.identifier))
    assert licence.origin is Origin.IMPORTED
    assert str(licence.issue_date) == "2019-08-17"
    pdf = office.services.register.pdf(licence)
    verdict = office.services.checker.check_pdf(pdf)
    assert verdict.indication.value == "TOTAL_FAILED", "five years of 2019 are over"
    assert {each.code for each in verdict.reasons if each.rests_on == "register"} == {
        "register.expired",
        "register.imported_sealed",
    }
    assert all(each.intact and each.trusted for each in verdict.signatures)
    (tmp_path / "licence.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "licence.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "历史数据归集" in text
    assert "2026年11月23日" in text.replace(" ", "")


def test_an_imported_licence_without_a_seal_is_changed_into_a_sealed_one(office: House, tmp_path: Path) -> None:
    office.seal("food_operation_permit")
    order = ImportOrder("food_operation_permit", "tests", "a.csv", issuer_code=MARKET.code)
    path = permits(tmp_path / "a.csv", {})
    path.write_text(path.read_text("utf-8-sig").replace("2019-08-17", "2024-08-17"), "utf-8")
    batch = run(office, office.services.archives.load(order, read_rows(path, TableForm.CSV)))
    (first,) = office.services.batches.results(batch)
    change = ChangeOrder(str(first.identifier), Act.CHANGE, {"signed_by": "他人"}, Decision("tests", "变更签发人"))
    changed = office.services.changing.change(change).licence
    assert changed.origin is Origin.ISSUED
    assert office.services.register.pdf(changed).startswith(b"%PDF")
