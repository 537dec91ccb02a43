"""What invented licences say: the fields of one of each type, by its slug."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from api.demo_data.city import example
from api.demo_data.invention import DISTRICTS, Company, Invention

Fields = dict[str, Any]
_CAPITAL = ("伍拾万元整", "壹佰万元整", "叁佰万元整", "伍佰万元整", "壹仟万元整")
_FOOD = (
    "热食类食品制售，冷食类食品制售，自制饮品制售",
    "预包装食品（含冷藏冷冻食品）销售，散装食品销售",
    "热食类食品制售，糕点类食品制售（含裱花蛋糕），自制饮品制售",
    "预包装食品销售，特殊食品销售（保健食品）",
)
_HOSPITALS = ("青岛市云栖儿童医院", "青岛市听涛人民医院", "青岛市海听中医医院", "青岛市望海口腔医院")
_OCCUPATIONS = ("电工", "焊工", "中式烹调师", "养老护理员", "汽车维修工", "育婴员", "保育师", "茶艺师")
_SUBJECTS = ("语文", "数学", "英语", "物理", "化学", "历史", "地理", "音乐", "信息技术")


@cache
def _photo(slug: str) -> str:
    photo: str = example(slug)["photo"]
    return photo


def business_licence(invent: Invention, today: date, company: Company | None = None) -> Fields:
    """营业执照."""
    of = company or invent.company()
    founded = invent.day(date(2009, 1, 1), today - timedelta(days=30))
    return {
        "unified_social_credit_code": of.code,
        "name": of.name,
        "company_type": invent.one_of(("有限责任公司（自然人投资或控股）", "有限责任公司（自然人独资）")),
        "legal_representative": of.representative,
        "registered_capital": invent.one_of(_CAPITAL),
        "established_on": founded.isoformat(),
        "term_from": founded.isoformat(),
        "term_until": "长期",
        "address": of.address,
        "business_scope": of.scope,
    }


def food_operation_permit(invent: Invention, _: date, company: Company | None = None) -> Fields:
    """食品经营许可证."""
    of = company or invent.company()
    return {
        "permit_number": f"JY{invent.random.randint(1, 3)}{of.district}{invent.digits(7)}",
        "operator_name": of.name,
        "unified_social_credit_code": of.code,
        "legal_representative": of.representative,
        "address": of.address,
        "premises": of.address,
        "business_form": invent.one_of(("餐饮服务经营者（小型餐馆）", "餐饮服务经营者（中型餐馆）", "食品销售经营者")),
        "business_items": invent.one_of(_FOOD),
        "supervising_body": f"青岛市{DISTRICTS[of.district]}市场监督管理局",
        "signed_by": "纪成章",
    }


def driving_licence(invent: Invention, today: date) -> Fields:
    """机动车驾驶证."""
    who = invent.citizen()
    first = invent.day(max(date(2014, 1, 1), date(who.born.year + 19, 1, 1)), today - timedelta(days=60))
    return {
        "licence_number": who.number,
        "name": who.name,
        "sex": who.sex,
        "nationality": "中国",
        "address": who.address,
        "birth_date": who.born.isoformat(),
        "first_issued_on": first.isoformat(),
        "vehicle_classes": invent.one_of(("C1", "C1D", "C2", "B2", "A2")),
        "valid_from": today.isoformat(),
        "valid_until": today.replace(year=today.year + 10, day=min(today.day, 28)).isoformat(),
        "file_number": f"370200{invent.digits(6)}",
        "photo": _photo("driving_licence"),
    }


def birth_medical_certificate(invent: Invention, today: date) -> Fields:
    """出生医学证明."""
    mother, father = (
        invent.citizen(female=female, born=(date(1988, 1, 1), date(2000, 12, 31))) for female in (True, False)
    )
    born = today - timedelta(days=invent.random.randint(2, 20))
    return {
        "certificate_number": f"X{invent.digits(9)}",
        "newborn_name": father.name[0] + invent.name()[1:],
        "sex": invent.one_of("男女"),
        "birth_date": born.isoformat(),
        "birth_time": f"{invent.random.randrange(24):02d}:{invent.random.randrange(60):02d}",
        "gestation_weeks": str(invent.random.randint(37, 41)),
        "weight_grams": str(invent.random.randint(2700, 4000)),
        "length_centimetres": str(invent.random.randint(47, 53)),
        "health": "良好",
        "birth_place": "山东省青岛市市北区",
        "institution": "青岛市云栖妇女儿童医院",
        "mother_name": mother.name,
        "mother_id_number": mother.number,
        "mother_nationality": "中国",
        "mother_ethnicity": "汉族",
        "mother_address": mother.address,
        "father_name": father.name,
        "father_id_number": father.number,
        "father_nationality": "中国",
        "father_ethnicity": "汉族",
        "father_address": mother.address,
        "delivered_by": "纪念慈（主治医师）",
    }


def marriage_certificate(invent: Invention, today: date) -> Fields:
    """结婚证."""
    first, second = (
        invent.citizen(female=female, born=(date(1985, 1, 1), date(2001, 12, 31))) for female in (False, True)
    )
    return {
        "certificate_number": f"J370202-{today.year}-{invent.digits(6)}",
        "registered_on": today.isoformat(),
        "remarks": "自愿结婚登记",
        "first_name": first.name,
        "first_sex": first.sex,
        "first_nationality": "中国",
        "first_birth_date": first.born.isoformat(),
        "first_id_number": first.number,
        "second_name": second.name,
        "second_sex": second.sex,
        "second_nationality": "中国",
        "second_birth_date": second.born.isoformat(),
        "second_id_number": second.number,
        "registrar": "李沐阳",
        "photo": _photo("marriage_certificate"),
    }


def real_estate_certificate(invent: Invention, today: date) -> Fields:
    """不动产权证书."""
    owner = invent.citizen()
    area = invent.random.randint(5800, 18800) / 100
    return {
        "certificate_number": f"鲁（{today.year}）青岛市不动产权第{invent.digits(7)}号",
        "printed_number": f"370{invent.digits(8)}",
        "owners": [{"name": owner.name, "code": owner.number}],
        "co_ownership": "单独所有",
        "location": owner.address,
        "unit_number": f"370203005012GB{invent.digits(5)}F{invent.digits(8)}",
        "right_type": "国有建设用地使用权/房屋所有权",
        "right_nature": "出让/市场化商品房",
        "use": "城镇住宅用地/住宅",
        "area": f"共有宗地面积 21356.00平方米/房屋建筑面积 {area:.2f}平方米",
        "term": "国有建设用地使用权 2019年03月12日起2089年03月11日止",
        "other": f"房屋结构：钢筋混凝土结构\n专有建筑面积：{area * 0.78:.2f}平方米\n房屋总层数：33层（地下2层）",
    }


def presale_permit(invent: Invention, today: date) -> Fields:
    """商品房预售许可证."""
    company = invent.company()
    name = f"{company.name[2:4]}雅苑"
    units = [invent.random.randint(40, 60) for _ in range(3)]
    areas = [each * 118.36 for each in units]
    return {
        "permit_number": f"青房注字（{today.year}）第{invent.digits(4)}号",
        "developer": f"青岛{company.name[2:5]}置业有限公司",
        "unified_social_credit_code": company.code,
        "project": f"{name}（一期）",
        "location": company.address.split("号")[0] + "号",
        "use": "住宅",
        "buyers": "境内、境外",
        "total_area": f"{sum(areas):.2f}",
        "total_units": str(sum(units)),
        "valid_until": (today + timedelta(days=730)).isoformat(),
        "buildings": [
            {"name": f"{name}{number}号楼", "use": "住宅", "floors": "地上27层、地下2层"}
            | {"units": str(count), "area": f"{area:.2f}"}
            for number, (count, area) in enumerate(zip(units, areas, strict=True), 1)
        ],
    }


def social_organisation_certificate(invent: Invention, today: date) -> Fields:
    """社会团体法人登记证书."""
    what = invent.one_of(("海洋生态保护", "青少年篮球", "老年书画", "社区志愿服务", "民俗文化", "心理健康促进"))
    founded = invent.day(today - timedelta(days=900), today - timedelta(days=30))
    return {
        "unified_social_credit_code": invent.association(),
        "name": f"青岛市{invent.company().name[2:4]}{what}协会",
        "business_scope": f"开展{what}宣传与公益活动，组织会员交流与培训。",
        "address": invent.address(),
        "legal_representative": invent.name(),
        "area_of_activity": "山东省青岛市",
        "registered_funds": "叁万元整",
        "supervising_body": "青岛市民政局",
        "registered_on": founded.isoformat(),
        "valid_from": founded.isoformat(),
        "valid_until": (founded + timedelta(days=1825)).isoformat(),
    }


def physician_practice_certificate(invent: Invention, today: date) -> Fields:
    """医师执业证书."""
    who = invent.citizen(born=(date(1966, 1, 1), date(1996, 12, 31)))
    return {
        "name": who.name,
        "sex": who.sex,
        "birth_date": who.born.isoformat(),
        "id_number": who.number,
        "qualification_code": f"{today.year - 8}3711{invent.digits(18)}",
        "certificate_number": f"110370200{invent.digits(6)}",
        "practice_category": invent.one_of(("临床", "中医", "口腔", "公共卫生")),
        "practice_scope": invent.one_of(("儿科专业", "内科专业", "外科专业", "妇产科专业", "全科医学专业")),
        "main_institution": invent.one_of(_HOSPITALS),
        "signed_by": "纪成章",
        "photo": _photo("physician_practice_certificate"),
    }


def teacher_qualification_certificate(invent: Invention, today: date) -> Fields:
    """教师资格证书."""
    who = invent.citizen(born=(date(1975, 1, 1), date(2001, 12, 31)))
    return {
        "name": who.name,
        "sex": who.sex,
        "ethnicity": "汉族",
        "birth_date": who.born.isoformat(),
        "id_number": who.number,
        "category": invent.one_of(("小学教师资格", "初级中学教师资格", "高级中学教师资格")),
        "subject": invent.one_of(_SUBJECTS),
        "certificate_number": f"{today.year}3702{invent.digits(9)}",
        "photo": _photo("teacher_qualification_certificate"),
    }


def vocational_qualification_certificate(invent: Invention, _: date) -> Fields:
    """职业资格证书."""
    who = invent.citizen()
    theory, skill = (str(invent.random.randint(62, 97)) for _ in range(2))
    return {
        "name": who.name,
        "sex": who.sex,
        "birth_date": who.born.isoformat(),
        "id_number": who.number,
        "occupation": invent.one_of(_OCCUPATIONS),
        "level": invent.one_of(("三级/高级工", "四级/中级工", "五级/初级工")),
        "theory_result": theory,
        "skill_result": skill,
        "overall_result": invent.one_of(("合格", "良好")),
        "certificate_number": f"2637020{invent.digits(9)}",
        "photo": _photo("vocational_qualification_certificate"),
    }


MAKERS: Final[Mapping[str, Callable[[Invention, date], Fields]]] = {
    each.__name__: each
    for each in (
        business_licence,
        food_operation_permit,
        driving_licence,
        marriage_certificate,
        real_estate_certificate,
        birth_medical_certificate,
        teacher_qualification_certificate,
        vocational_qualification_certificate,
        physician_practice_certificate,
        social_organisation_certificate,
        presale_permit,
    )
}
"""By the slug of the type."""
WEIGHTS: Final = (24, 20, 14, 8, 8, 7, 6, 5, 3, 3, 2)
"""How many of a hundred licences are of each type, in the order of :data:`MAKERS`."""
