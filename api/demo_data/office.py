"""What happens to seals: several kinds in every state, what waits for a second officer, uses that were refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

from api.demo_data.city import COMPANY, HEALTH, MARKET
from api.demo_data.ground import Ground
from api.demo_data.invention import Invention
from api.document_types import APPLICATION
from api.officers import Role
from api.services import Services
from seal import Move, Organisation, Placement, Seal, SealApplication, SealingOrder, SealKind
from seal.errors import SealError

_DOCUMENT: Final = "青政办发〔2026〕12号"


def story(services: Services, invent: Invention, ground: Ground) -> Iterator[tuple[float, Callable[[], Any]]]:
    """The acts, each with the share of the time at which it is done."""
    office = _Office(services, ground)
    yield 0.01, partial(office.make, "公章", SealApplication(MARKET.code, [APPLICATION], kind=SealKind.OFFICIAL))
    special = SealApplication(MARKET.code, [APPLICATION], "行政审批专用章")
    yield 0.012, partial(office.make, "行政审批", special)
    yield 0.014, partial(office.make, "登记", SealApplication(MARKET.code, [APPLICATION], "登记专用章"))
    ending = services.clock.now() + timedelta(days=30)
    short = SealApplication(MARKET.code, [APPLICATION], "年报抽查专用章", valid_until=ending)
    yield 0.016, partial(office.make, "年报", short)
    yield 0.018, partial(office.make, "企业", SealApplication(COMPANY.code, [APPLICATION], kind=SealKind.COMPANY))
    contract = SealApplication(COMPANY.code, [APPLICATION], kind=SealKind.CONTRACT)
    yield 0.02, partial(office.make, "合同", contract)
    yield 0.3, partial(office.refuse, SealApplication(MARKET.code, [APPLICATION], "临时活动专用章"))
    yield 0.45, partial(office.freeze, "行政审批", "印章管理员岗位调整，暂停使用待交接")
    yield 0.47, partial(office.use, "行政审批")
    yield 0.5, partial(office.freeze, "合同", "企业申请暂停使用")
    yield 0.6, partial(office.end, "登记")
    yield 0.97, partial(office.ask, "行政审批", Move.THAW, "交接完成，申请恢复使用")
    yield 0.975, partial(office.ask, "公章", Move.ROTATE, "密钥年度更换")
    yield 0.98, partial(office.apply, SealApplication(MARKET.code, [APPLICATION], "执法监督专用章"))
    finance = SealApplication(COMPANY.code, [APPLICATION], kind=SealKind.FINANCE)
    yield 0.982, partial(office.apply, finance)
    yield 0.984, partial(office.apply, SealApplication(HEALTH.code, [APPLICATION], "卫生许可专用章"), HEALTH)


class _Office:
    def __init__(self, services: Services, ground: Ground) -> None:
        self._services = services
        self._ground = ground
        self._made: dict[str, Seal] = {}

    def make(self, name: str, application: SealApplication) -> None:
        request = self._services.seals.apply(
            application, officer=self._first(), reason="业务用印需要", document=_DOCUMENT
        )
        self._made[name] = self._services.seals.approve(request.id, officer=self._second(), reason="材料齐全，同意")

    def apply(self, application: SealApplication, body: Organisation = MARKET) -> None:
        self._services.seals.apply(
            application, officer=self._first(body), reason="新设业务用印需要", document="青市监函〔2026〕31号"
        )

    def refuse(self, application: SealApplication) -> None:
        request = self._services.seals.apply(application, officer=self._first(), reason="宣传活动用印")
        self._services.seals.reject(request.id, officer=self._second(), reason="临时活动不单独刻制印章，请使用公章。")

    def freeze(self, name: str, reason: str) -> None:
        self._services.seals.freeze(self._made[name].number, officer=self._second(), reason=reason)

    def use(self, name: str) -> None:
        """Try to use a seal that is frozen, which is refused and put on record."""
        order = SealingOrder(
            self._made[name].number, self._first(), APPLICATION, "SQ-2026-0001", Placement(1, 150, 240), "收件确认"
        )
        with suppress(SealError):
            self._services.sealer.seal_pdf(b"%PDF-1.7", order)

    def end(self, name: str) -> None:
        request = self.ask(name, Move.CANCEL, "登记业务并入行政审批，印章停用")
        self._services.seals.approve(request, officer=self._second(), reason="同意注销")

    def ask(self, name: str, move: Move, reason: str) -> int:
        return self._services.seals.request(
            self._made[name].number, move, officer=self._first(), reason=reason, document=_DOCUMENT
        ).id

    def _first(self, body: Organisation = MARKET) -> str:
        return self._ground.officer(body, Role.SEAL_APPLICANT)

    def _second(self, body: Organisation = MARKET) -> str:
        return self._ground.officer(body, Role.SEAL_APPROVER)
