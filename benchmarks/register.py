"""Looking licences up in a register of 10,000 and in one of 1,000,000: how much longer it takes."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from stdnum.cn import uscc

from api.services import Services
from api.settings import Settings
from store.clock import FixedClock
from trust import HolderIndex, LicenceIdentifier, LicenceSearch, UnifiedSocialCreditCode
from trust._tables import LicenceRow
from trust.holders import number_index
from trust.register import data_context
from trust.status_seats import SEATS
from wallet._tables import ReferenceRow

SMALL, LARGE = 10_000, 1_000_000
LOOKS = 3_000
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ISSUER = UnifiedSocialCreditCode.parse("11370200990100114M")
SLUG = "business_licence"
_CHUNK = 5_000


def main() -> None:
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        settings = Settings(var=Path(directory), isolate_checks=False)
        with Services(settings, FixedClock(NOW)) as services:
            found = {size: _measured(services, size) for size in (SMALL, LARGE)}
    for what in found[SMALL]:
        small, large = found[SMALL][what], found[LARGE][what]
        print(f"{what:<44}{small * 1e3:8.3f} ms at {SMALL:,}{large * 1e3:8.3f} ms at {LARGE:,}{large / small:8.2f} ×")


def _measured(services: Services, size: int) -> dict[str, float]:
    load(services, size)
    chance = random.Random(size)
    numbers = [chance.randrange(size) for _ in range(LOOKS)]
    identifiers = [_identifier(services, number) for number in numbers]
    holders = [HolderIndex.of(services.keys.vault, "uscc", _code(number)) for number in numbers]
    looks: dict[str, Callable[[int], object]] = {
        "by identifier": lambda at: services.register.get(identifiers[at]),
        "by holder, in the wallet": lambda at: services.wallets.licences(holders[at]),
        "by holder's code, in a search": lambda at: services.searching.search(
            LicenceSearch(holder_code=_code(numbers[at])), limit=10
        ),
        "by number, in a search": lambda at: services.searching.search(
            LicenceSearch(number=_code(numbers[at]), licence_type=SLUG), limit=10
        ),
    }
    return {what: _median(look) for what, look in looks.items()}


def _median(look: Callable[[int], object]) -> float:
    for at in range(LOOKS // 10):
        look(at)
    times = []
    for at in range(LOOKS):
        started = time.perf_counter()
        look(at)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def load(services: Services, size: int) -> None:
    """Fill the register and the wallets up to a size, as an import of records without files does."""
    database = services.database
    version = services.catalogue.get(SLUG).version
    with database.transaction() as session:
        have = session.scalar(sa.select(sa.func.count()).select_from(LicenceRow)) or 0
    rows = (_row(services, number, version) for number in range(have, size))
    while chunk := list(islice(rows, _CHUNK)):
        with database.transaction() as session:
            session.execute(sa.insert(LicenceRow), chunk)
            session.execute(sa.insert(ReferenceRow), list(_references(chunk)))
    with sa.create_engine(database.url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE licence, wallet_reference"))


def _references(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {"holder_index": row["holder_index"], "identifier": row["identifier"], "added_at": NOW}


def _row(services: Services, number: int, version: int) -> dict[str, Any]:
    vault, code, identifier = services.keys.vault, _code(number), _identifier(services, number)
    holder = f'"holder": {{"name": "青岛某某{number}有限公司", "code": "{code}", "code_type": "uscc"}}'
    fields = f'"fields": {{"unified_social_credit_code": "{code}", "business_scope": "{"经营范围" * 60}"}}'
    data = f'{{"number": "{code}", {holder}, {fields}}}'
    return {
        "identifier": identifier,
        "type_slug": SLUG,
        "type_version": version,
        "number_index": number_index(vault, SLUG, code),
        "holder_index": HolderIndex.of(vault, "uscc", code).value,
        "holder_code_type": "uscc",
        "issuer_code": str(ISSUER.number),
        "issuer_name": "青岛市市场监督管理局",
        "issue_date": date(2026, 1, 1),
        "valid_from": date(2026, 1, 1),
        "state": "valid",
        "state_since": NOW,
        "data": vault.encrypt(data.encode(), context=data_context(identifier)),
        "origin": "imported",
        "issued_by": "benchmark",
        "issued_at": NOW,
        "logged": True,
        "status_list": number // SEATS + 1,
        "status_index": number % SEATS,
        "region_code": "370200",
    }


def _identifier(services: Services, number: int) -> str:
    return str(LicenceIdentifier.make(services.catalogue.get(SLUG).code, ISSUER, f"20260101{number:012d}"))


def _code(number: int) -> str:
    body = f"91370200MA3{number:06d}"
    return f"{body}{uscc.calc_check_digit(body)}"
