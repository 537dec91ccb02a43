"""The departments of the invented city, its service items, and the examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from seal import Organisation, SealOwnerKind

EXAMPLES: Final = next(
    path for path in (Path(__file__).parents[1] / "_examples", Path(__file__).parents[2] / "examples") if path.is_dir()
)
"""Licences and service items to go by: in the wheel beside the package, in a checkout at its top."""

MARKET: Final = Organisation(
    "11370200990100114M", "青岛市市场监督管理局", "Qingdao Administration for Market Regulation", "370200"
)
HEALTH: Final = Organisation(
    "11370200990100288Y", "青岛市卫生健康委员会", "Qingdao Municipal Health Commission", "370200"
)
APPROVAL: Final = Organisation(
    "1137020099010035XJ", "青岛市行政审批服务局", "Qingdao Administrative Approval Bureau", "370200"
)
LAND: Final = Organisation(
    "11370200990100366C", "青岛市自然资源和规划局", "Qingdao Natural Resources and Planning Bureau", "370200"
)
HOUSING: Final = Organisation(
    "11370200990100415R", "青岛市住房和城乡建设局", "Qingdao Housing and Urban-Rural Development Bureau", "370200"
)
LABOUR: Final = Organisation(
    "11370200990100482P", "青岛市人力资源和社会保障局", "Qingdao Human Resources Bureau", "370200"
)
EDUCATION: Final = Organisation("11370200990100546M", "青岛市教育局", "Qingdao Education Bureau", "370200")
CIVIL: Final = Organisation("11370200990100618E", "青岛市民政局", "Qingdao Civil Affairs Bureau", "370200")
TRAFFIC: Final = Organisation("113702009901006937", "青岛市公安局交通警察支队", "Qingdao Traffic Police", "370200")

ISSUERS: Final = {
    "business_licence": MARKET,
    "food_operation_permit": MARKET,
    "driving_licence": TRAFFIC,
    "birth_medical_certificate": HEALTH,
    "physician_practice_certificate": HEALTH,
    "marriage_certificate": CIVIL,
    "social_organisation_certificate": CIVIL,
    "real_estate_certificate": LAND,
    "presale_permit": HOUSING,
    "teacher_qualification_certificate": EDUCATION,
    "vocational_qualification_certificate": LABOUR,
}
"""Which department issues licences of a type."""
COMPANY: Final = Organisation(
    "91370202MA3QYH7K6G",
    "青岛沧澜云舟餐饮管理有限公司",
    "Qingdao Canglan Yunzhou Catering",
    "370202",
    kind=SealOwnerKind.COMPANY,
)
"""The one of the examples, whose legal representative and agent sign in."""
BODIES: Final = (*dict.fromkeys(ISSUERS.values()), APPROVAL)

FOOD_ITEM: Final = "370200-0131-001"
CLINIC_ITEM: Final = "370200-0723-004"
HYGIENE_ITEM: Final = "370200-0723-011"
_HYGIENE: Final = {
    "code": HYGIENE_ITEM,
    "name": {"zh": "公共场所卫生许可（新办）", "en": "Hygiene permit for public places, new"},
    "body": HEALTH.code,
    "fields": {"business_licence": ["name", "address", "legal_representative"]},
    "materials": [
        {
            "code": "subject",
            "name": {"zh": "营业执照", "en": "Business licence"},
            "requirement": {
                "type": "business_licence",
                "matches": {"unified_social_credit_code": "applicant_code"},
                "valid_on": "applied_on",
            },
        },
        {
            "code": "food",
            "name": {"zh": "食品经营许可证（兼营餐饮的）", "en": "Food operation permit, where food is served"},
            "required": False,
            "requirement": {
                "type": "food_operation_permit",
                "matches": {"unified_social_credit_code": "applicant_code"},
            },
        },
    ],
}


def example(slug: str) -> dict[str, Any]:
    """The fields of the example of a type."""
    fields: dict[str, Any] = json.loads((EXAMPLES / f"{slug}.json").read_text("utf-8"))
    return fields


def service_items() -> list[dict[str, Any]]:
    """What licences are checked for."""
    found = sorted((EXAMPLES / "service_items").glob("*.json"))
    return [*(json.loads(file.read_text("utf-8")) for file in found), _HYGIENE]
