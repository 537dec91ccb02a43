"""Invents people, bodies and their numbers, with right check characters; the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random  # noqa: TID251  invents people, and keeps nothing safe
from typing import Final, TypeVar

from stdnum.cn import ric, uscc

_Any = TypeVar("_Any")
DISTRICTS: Final = {
    "370202": "市南区",
    "370203": "市北区",
    "370211": "黄岛区",
    "370212": "崂山区",
    "370213": "李沧区",
    "370214": "城阳区",
}
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾"
)
_GIVEN = "海云澜青禾静安知远若水北辰听松怀瑾书言景行明轩思齐清和子衿望舒嘉木沐阳望川岚溪之恒念慈星野长风凌霄疏影临川"
_PLACES = [
    "云栖路",
    "听涛路",
    "海听路",
    "沧浪路",
    "观澜路",
    "栖霞路",
    "松风路",
    "望海路",
    "鹤鸣路",
    "浮山前路",
    "汇泉东路",
    "石老人路",
]
_BRANDS = [
    "海听",
    "云栖",
    "沧澜",
    "观澜",
    "听涛",
    "松风",
    "望海",
    "鹤鸣",
    "青禾",
    "嘉木",
    "长风",
    "临川",
    "北辰",
    "星野",
    "清和",
    "知远",
    "明轩",
    "浮山",
    "汇泉",
    "栖霞",
]
_TRADES: Final = (
    ("餐饮管理", "餐饮服务；食品销售；餐饮管理；会议及展览服务。"),
    ("食品", "食品生产；食品销售；食品进出口；普通货物仓储服务。"),
    ("酒店管理", "住宿服务；餐饮服务；酒店管理；停车场服务。"),
    ("商贸", "日用百货销售；食品销售（仅销售预包装食品）；互联网销售。"),
    ("科技", "软件开发；信息系统集成服务；数据处理和存储支持服务；技术咨询。"),
    ("建材", "建筑材料销售；五金产品批发；装卸搬运；道路货物运输。"),
    ("海洋工程", "海洋工程装备研发；海洋工程设计和模块设计制造服务；技术服务。"),
)


@dataclass(frozen=True)
class Citizen:
    """Somebody who does not exist."""

    name: str
    number: str
    born: date
    female: bool
    address: str

    @property
    def sex(self) -> str:
        """As documents have it."""
        return "女" if self.female else "男"


@dataclass(frozen=True)
class Company:
    """A company that does not exist."""

    name: str
    code: str
    representative: str
    district: str
    address: str
    scope: str


class Invention:
    """Draws from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  invents, and keeps nothing safe
        self._used: set[str] = set()

    def one_of(self, values: Sequence[_Any]) -> _Any:
        """One of some values."""
        return self.random.choice(values)

    def digits(self, count: int) -> str:
        """So many digits that were not drawn before."""
        while True:
            drawn = "".join(self.random.choices("0123456789", k=count))
            if drawn not in self._used:
                self._used.add(drawn)
                return drawn

    def name(self) -> str:
        """A person's name."""
        return self.one_of(_SURNAMES) + "".join(self.random.sample(_GIVEN, self.random.choice((1, 2, 2))))

    def day(self, first: date, last: date) -> date:
        """A day between two."""
        return first + timedelta(days=self.random.randrange((last - first).days + 1))

    def address(self, district: str | None = None) -> str:
        """Where somebody lives or works."""
        where = DISTRICTS[district or self.one_of(list(DISTRICTS))]
        number, house, room = (self.random.randint(*span) for span in ((1, 188), (1, 30), (101, 2604)))
        return f"山东省青岛市{where}{self.one_of(_PLACES)}{number}号{house}号楼{room}室"

    def citizen(self, *, female: bool | None = None, born: tuple[date, date] | None = None) -> Citizen:
        """A person."""
        woman = self.random.random() < 0.5 if female is None else female
        birthday = self.day(*(born or (date(1962, 1, 1), date(2001, 12, 31))))
        district = self.one_of(list(DISTRICTS))
        while True:
            order = self.random.randrange(400) * 2 + (0 if woman else 1)
            start = f"{district}{birthday:%Y%m%d}{order:03d}"
            if start not in self._used:
                self._used.add(start)
                break
        return Citizen(self.name(), _checked(start), birthday, woman, self.address(district))

    def newborn(self, district: str, born: str, *, female: bool) -> str:
        """The number of a child, by the day of birth."""
        order = self.random.randrange(400) * 2 + (0 if female else 1)
        return _checked(f"{district}{born.replace('-', '')}{order:03d}")

    def company(self) -> Company:
        """A company, with its legal representative."""
        district, (trade, scope) = self.one_of(list(DISTRICTS)), self.one_of(_TRADES)
        brand = self.one_of(_BRANDS) + self.one_of("达源和盛泰昌润祥瑞丰")
        return Company(
            f"青岛{brand}{trade}有限公司",
            self._credit_code(f"91{district}MA"),
            self.name(),
            district,
            self.address(district),
            scope,
        )

    def association(self) -> str:
        """The code of a body under civil affairs."""
        return self._credit_code("51370200MJ")

    def _credit_code(self, prefix: str) -> str:
        start = prefix + self.digits(17 - len(prefix))
        return start + str(uscc.calc_check_digit(start))


def _checked(start: str) -> str:
    """A citizen identity number from its first 17 digits (GB 11643)."""
    return start + str(ric.calc_check_digit(f"{start}0"))
