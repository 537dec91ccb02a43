"""Batches: one that is done, one that was paused, one that waits to be started, one with findings, an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from api.demo_data.city import MARKET
from api.demo_data.fields import food_operation_permit
from api.demo_data.ground import Ground
from api.demo_data.invention import Invention
from api.officers import Role
from api.services import Services
from trust.archives import ImportOrder
from trust.batch import BatchAct
from trust.batch_loading import BatchOrder
from trust.rows import Row

_TYPE: Final = "food_operation_permit"


def story(services: Services, invent: Invention, ground: Ground) -> Iterator[tuple[float, Callable[[], Any]]]:
    """The acts, each with the share of the time at which it is done."""
    bulk = _Bulk(services, invent, ground)
    yield 0.35, partial(bulk.archive, "2023年纸质许可归集.xlsx", 12)
    yield 0.48, partial(bulk.issue, "食品经营许可-第三季度集中换发.xlsx", 12, to_the_end=True)
    yield 0.72, partial(bulk.refused, "食品经营许可-市北区补录.csv", 12)
    yield 0.9, partial(bulk.issue, "食品经营许可-夜间经济专项.xlsx", 16, to_the_end=False)
    yield 0.986, partial(bulk.ready, "食品经营许可-十一月集中换发.xlsx", 8)


class _Bulk:
    def __init__(self, services: Services, invent: Invention, ground: Ground) -> None:
        self._services = services
        self._invent = invent
        self._actor = ground.officer(MARKET, Role.ISSUER)

    def issue(self, name: str, lines: int, *, to_the_end: bool) -> None:
        """A batch that is done, or was paused after its first lines."""
        reference = self.ready(name, lines)
        self._services.batches.act(reference, BatchAct.START)
        if to_the_end:
            self._work(reference)
        else:
            self._services.batch_worker.run_once(reference=reference)
            self._services.batches.act(reference, BatchAct.PAUSE)

    def ready(self, name: str, lines: int) -> str:
        """A batch that was found sound, and waits."""
        return self._load(name, [self._permit() for _ in range(lines)])

    def refused(self, name: str, lines: int) -> None:
        """A batch with findings."""
        rows = [self._permit() for _ in range(lines)]
        rows[1]["unified_social_credit_code"] = "91370203MA3XXXXX00"
        rows[3]["permit_number"] = "JY20000"
        rows[3]["premises"] = ""
        rows[6]["operator_name"] = "餐"
        rows[8]["permit_number"] = rows[7]["permit_number"]
        rows[10]["signed_on"] = "2026-11-31"
        self._load(name, rows)

    def archive(self, name: str, lines: int) -> None:
        """Old licences on paper, taken over; some lines are set aside with what is wrong with them."""
        rows = [self._permit() | {"issue_date": f"2023-0{number % 9 + 1}-15"} for number in range(lines)]
        rows[2]["unified_social_credit_code"] = rows[2]["unified_social_credit_code"][:-1] + "0"
        rows[5]["issue_date"] = "2023-02-30"
        rows[9]["legal_representative"] = ""
        order = ImportOrder(_TYPE, self._actor, name, issuer_code=MARKET.code, own_only=True)
        batch = self._services.archives.load(order, _rows(rows))
        self._services.batches.act(batch.reference, BatchAct.START)
        self._work(batch.reference)

    def _load(self, name: str, rows: list[dict[str, Any]]) -> str:
        order = BatchOrder(_TYPE, self._actor, name, issuer_code=MARKET.code)
        return self._services.batch_loading.load(order, _rows(rows)).reference

    def _permit(self) -> dict[str, Any]:
        return food_operation_permit(self._invent, self._services.register.today())

    def _work(self, reference: str) -> None:
        while self._services.batch_worker.run_once(reference=reference):
            pass


def _rows(values: list[dict[str, Any]]) -> list[Row]:
    """Lines as a file of Excel has them: the names on the first, and empty cells left out."""
    return [
        Row(line, {name: value for name, value in each.items() if value != ""}) for line, each in enumerate(values, 2)
    ]
