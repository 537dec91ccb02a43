"""Issuing a batch with two worker processes, beside what laying out and sealing alone reach in two processes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stdnum.cn import uscc

from api.commands.common import read_json_object
from api.commands.demo import EXAMPLES, _found_departments
from api.services import Services
from api.settings import Settings
from seal import Placement
from trust import LicenceIdentifier
from trust.batch import BatchAct
from trust.batch_loading import BatchOrder
from trust.codes import UnifiedSocialCreditCode
from trust.identifier import new_serial
from trust.register import local_date
from trust.rows import Row
from trust.validation import check_fields

SLUG = "business_licence"
PROCESSES = 2
SECONDS = 20.0
SIZES = tuple(int(size) for size in os.environ.get("YINZHENG_BENCH_BATCHES", "1000,10000").split(","))


class Worked(NamedTuple):
    """What one process did."""

    licences: int
    seconds: float
    peak_mib: float


def main() -> None:
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        settings = Settings(var=Path(directory))
        with (
            Services(settings) as services,
            ProcessPoolExecutor(
                PROCESSES, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
            ) as pool,
        ):
            _found_departments(services)
            alone = _together(pool, partial(_lay_out_and_seal, directory))
            print(f"laying out and sealing alone, {PROCESSES} processes{_rate(alone):10.1f} /s")
            done = 0
            for size in SIZES:
                order = BatchOrder(type=SLUG, actor="benchmark", file_name="benchmark")
                batch = services.batch_loading.load(order, _rows(done, size))
                services.batches.act(batch.reference, BatchAct.START)
                worked = _together(pool, partial(_work, directory, batch.reference))
                done += size
                rate, peak = _rate(worked), max(each.peak_mib for each in worked)
                print(f"a batch of {size:,}{rate:28.1f} /s{100 * rate / _rate(alone):8.0f} %{peak:10.0f} MiB a process")


def _together(pool: ProcessPoolExecutor, work: partial[Worked]) -> list[Worked]:
    return [each.result() for each in [pool.submit(work) for _ in range(PROCESSES)]]


def _rate(worked: list[Worked]) -> float:
    return sum(each.licences for each in worked) / max(each.seconds for each in worked)


def _lay_out_and_seal(directory: str) -> Worked:
    with Services(Settings(var=Path(directory))) as services:
        licence_type = services.catalogue.get(SLUG)
        seal = services.seals.usable_for(SLUG)[-1]
        picture = services.seals.artwork(seal)
        today = local_date(services.clock.now())
        fields = read_json_object(EXAMPLES / f"{SLUG}.json")
        checked = check_fields(licence_type, fields, issue_date=today, today=today)
        issuer = UnifiedSocialCreditCode.parse(seal.organisation.code)
        place = licence_type.seal

        def once() -> None:
            identifier = LicenceIdentifier.make(licence_type.code, issuer, new_serial(today))
            content = checked.content(
                identifier=identifier, issuer_name=seal.name, issuer_code=issuer.number, check_url="https://c.example/"
            )
            pdf = services.renderer.render(content, at=services.clock.now().replace(microsecond=0))
            services.press.press(
                BytesIO(pdf),
                BytesIO(),
                artwork=picture,
                name=seal.name,
                key_id=seal.key_id or 0,
                certificate_id=seal.certificate_id or 0,
                placement=Placement(place.page, place.x_mm, place.y_mm),
                reason="benchmark",
                at=services.clock.now(),
                level=place.level,
            )

        once()  # warms up
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS:
            once()
            count += 1
        return Worked(count, time.perf_counter() - started, _peak())


def _work(directory: str, reference: str) -> Worked:
    with Services(Settings(var=Path(directory))) as services:
        _ = services.keys, services.issuing
        started, count = time.perf_counter(), 0
        while done := services.batch_worker.run_once(reference=reference):
            count += done
        return Worked(count, time.perf_counter() - started, _peak())


def _rows(first: int, count: int) -> Iterator[Row]:
    fields = read_json_object(EXAMPLES / f"{SLUG}.json")
    for number in range(first, first + count):
        body = f"91370202MA3{number:06d}"
        code = f"{body}{uscc.calc_check_digit(body)}"
        yield Row(number - first + 1, {**fields, "unified_social_credit_code": code})


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
