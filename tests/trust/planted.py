"""A CSV of archive lines of physicians' certificates, with faults planted in known places by a seed.

Names of columns and forms of dates are those of an older system, so that a mapping is needed; see ``MAPPING``.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from stdnum.cn import ric

from tests.house import HEALTH

SLUG = "physician_practice_certificate"
COLUMNS = [
    "姓名",
    "性别",
    "出生年月日",
    "证件号",
    "资格证编码",
    "执业证编码",
    "类别代码",
    "范围",
    "机构",
    "签发",
    "发证日期",
    "发证机关",
    "扫描",
]
MAPPING = f"""
type = "{SLUG}"

[empty]
texts = ["", "——"]

[fields]
name = "姓名"
sex = "性别"
birth_date = {{ column = "出生年月日", dates = ["%Y年%m月%d日", "%Y%m%d"] }}
id_number = "证件号"
qualification_code = "资格证编码"
certificate_number = "执业证编码"
practice_category = {{ column = "类别代码", values = {{ "1" = "临床", "2" = "中医", "3" = "口腔", "4" = "公共卫生" }} }}
practice_scope = {{ column = "范围", split = "|", part = 2 }}
main_institution = "机构"
signed_by = "签发"

[licence]
issue_date = {{ column = "发证日期", dates = ["%Y年%m月%d日"] }}
issuer = {{ column = "发证机关", values = {{ "{HEALTH.name_zh}" = "{HEALTH.code}" }}, others = "keep" }}
scan = "扫描"
""".encode()

SURNAMES = "孟纪傅栾初曲宫綦隋矫辛逄江"
GIVEN = "昭岚静姝云舟海听成章若谷思远清和明德"


@dataclass
class Planted:
    """The file's lines, and which rule has to find something in which."""

    rows: list[list[str]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    """By line of the file."""

    def write(self, path: Path) -> Path:
        with path.open("w", encoding="gb18030", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(self.rows)
        return path


def citizen_id(chance: random.Random, born: date, *, male: bool, region: str = "370202") -> str:
    order = chance.randrange(0, 499) * 2 + (1 if male else 0)
    start = f"{region}{born:%Y%m%d}{order:03d}"
    return start + str(ric.calc_check_digit(f"{start}0"))


class Clinic:
    """Makes lines, no two alike."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.number = 0
        self.seen: set[str] = set()

    def person(self, **changed: str) -> dict[str, str]:
        chance = self.chance
        male = chance.random() < 0.5
        born = date(1955, 1, 1) + timedelta(days=chance.randrange(12_000))
        while (identity := citizen_id(chance, born, male=male)) in self.seen:
            born += timedelta(days=1)
        self.seen.add(identity)
        self.number += 1
        issued = date(2010, 1, 1) + timedelta(days=chance.randrange(4_000))
        return {
            "姓名": chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2)),
            "性别": "男" if male else "女",
            "出生年月日": f"{born:%Y年%m月%d日}" if chance.random() < 0.5 else f"{born:%Y%m%d}",
            "证件号": identity,
            "资格证编码": f"{issued:%Y}37110{identity}",
            "执业证编码": f"1103702{self.number:08d}",
            "类别代码": chance.choice("1234"),
            "范围": f"专业|{chance.choice(['儿科专业', '内科专业', '外科专业'])}",
            "机构": "青岛市云栖儿童医院",
            "签发": "纪成章",
            "发证日期": f"{issued:%Y年%m月%d日}",
            "发证机关": HEALTH.name_zh if chance.random() < 0.5 else HEALTH.code,
            "扫描": "",
            **changed,
        }


def wrong_check(clinic: Clinic) -> dict[str, str]:
    person = clinic.person()
    identity = person["证件号"]
    return {**person, "证件号": identity[:-1] + ("0" if identity[-1] != "0" else "1")}


def other_sex(clinic: Clinic) -> dict[str, str]:
    person = clinic.person()
    return {**person, "性别": "女" if person["性别"] == "男" else "男"}


def moved(clinic: Clinic, region: str) -> dict[str, str]:
    identity = citizen_id(clinic.chance, date(1970, 5, 5), male=True, region=region)
    return clinic.person(证件号=identity, 性别="男", 出生年月日="1970年05月05日")


def late_birth(clinic: Clinic) -> dict[str, str]:
    identity = citizen_id(clinic.chance, date(2015, 5, 5), male=True)
    return clinic.person(证件号=identity, 性别="男", 出生年月日="20150505", 发证日期="2012年01月01日")


FAULTS: dict[str, tuple[str, Callable[[Clinic], dict[str, str]]]] = {
    "missing name": ("required", lambda c: c.person(姓名="")),
    "missing issue date": ("required", lambda c: c.person(发证日期="")),
    "placeholder": ("placeholder", lambda c: c.person(机构="不详")),
    "signs only": ("placeholder", lambda c: c.person(签发="/")),
    "identity number: check character": (
        "citizen_id",
        wrong_check,
    ),
    "identity number: fifteen digits": ("citizen_id", lambda c: c.person(证件号="370202680817362")),
    "identity number: as a number of Excel": ("citizen_id", lambda c: c.person(证件号="3.70202E+17")),
    "sex disagrees": (
        "disagrees",
        other_sex,
    ),
    "birth disagrees": ("disagrees", lambda c: c.person(出生年月日="1954年03月04日")),
    "sex of no kind": ("choice", lambda c: c.person(性别="未说明")),
    "number of another form": ("pattern", lambda c: c.person(执业证编码="11037020")),
    "too long": ("too_long", lambda c: c.person(签发="纪" * 21)),
    "too short": ("too_short", lambda c: c.person(机构="院")),
    "unseen characters": ("characters", lambda c: c.person(机构="青岛市\u202e云栖医院")),
    "garbled": ("garbled", lambda c: c.person(机构="青岛市锟斤拷医院")),
    "no such day": ("date", lambda c: c.person(出生年月日="1975年02月30日")),
    "another form of date": ("date", lambda c: c.person(发证日期="08/17/2014")),
    "future": ("date_future", lambda c: c.person(发证日期="2027年01月01日")),
    "too early": ("date_order", lambda c: c.person(发证日期="1948年01月01日")),
    "issued before birth": ("date_order", late_birth),
    "unknown value": ("value_unknown", lambda c: c.person(类别代码="9")),
    "missing part": ("part", lambda c: c.person(范围="儿科专业")),
    "region that does not exist": ("region_unknown", lambda c: moved(c, "990101")),
    "unknown issuer": ("issuer_unknown", lambda c: c.person(发证机关="11370200990100420K")),
    "scan that is not there": ("scan_missing", lambda c: c.person(扫描="none.pdf")),
    "scan outside": ("scan_missing", lambda c: c.person(扫描="../secret.pdf")),
    "scan that is no PDF": ("scan_unreadable", lambda c: c.person(扫描="picture.pdf")),
}
"""Each kind of fault in one line: the code that has to find it, and how it is made."""


def plant(seed: int, lines: int, *, share: float = 0.1) -> Planted:
    """A file of about so many lines, some of them faulty; every kind of fault occurs."""
    chance = random.Random(seed)
    clinic = Clinic(chance)
    made: list[tuple[list[dict[str, str] | list[str]], str | None]] = []

    def pair(code: str, first: dict[str, str], second: dict[str, str], *, both: bool) -> None:
        made.append(([first], code if both else None))
        made.append(([second], code))

    kinds = list(FAULTS.values())
    faulty = int(lines * share)
    for index in range(faulty):
        turn = index % (len(kinds) + 4)
        if turn < len(kinds):
            code, make = kinds[turn]
            made.append(([make(clinic)], code))
        elif turn == len(kinds):
            person = clinic.person()
            pair("duplicate", person, dict(person), both=False)
        elif turn == len(kinds) + 1:
            person = clinic.person()
            pair("repeated", person, clinic.person(执业证编码=person["执业证编码"]), both=True)
        elif turn == len(kinds) + 2:
            person = clinic.person()
            other = {
                **clinic.person(),
                **{key: person[key] for key in ("性别", "出生年月日", "证件号")},
                "姓名": "另一人",
            }
            pair("holder_conflict", person, other, both=True)
        else:
            made.append(([[*clinic.person().values(), "多"]], "columns"))
    while len(made) < lines:
        made.append(([clinic.person()], None))
    duplicated = [index for index, (_, code) in enumerate(made) if code == "duplicate"]
    order = list(range(len(made)))
    chance.shuffle(order)
    position = {each: place for place, each in enumerate(order)}
    for second in duplicated:  # of two lines that are the same, the first is kept
        first = second - 1
        if position[first] > position[second]:
            a, b = position[first], position[second]
            order[a], order[b] = order[b], order[a]
            position[first], position[second] = b, a
    planted = Planted()
    for place, index in enumerate(order):
        (row,), code = made[index]
        planted.rows.append(list(row) if isinstance(row, list) else [row[name] for name in COLUMNS])
        if code is not None:
            planted.faults[place + 2] = code
    return planted
