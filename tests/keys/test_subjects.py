"""The name in a certificate is checked when it is made."""

from __future__ import annotations

import pytest
from asn1crypto import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import Subject
from keys.errors import SubjectInvalidError


def test_a_chinese_organisation_has_a_name() -> None:
    subject = Subject(
        common_name="青岛市市南区食品经营许可专用章",
        organisation="青岛市市南区行政审批服务局",
        organisation_identifier=Subject.credit_code_identifier("11370202MB2857833X"),
        organisational_unit="证照科",
        province="山东省",
        locality="青岛市",
    )
    assert list(x509.Name.load(subject.to_der()).native.items()) == [
        ("country_name", "CN"),
        ("state_or_province_name", "山东省"),
        ("locality_name", "青岛市"),
        ("organization_name", "青岛市市南区行政审批服务局"),
        ("organization_identifier", "NTRCN-11370202MB2857833X"),
        ("organizational_unit_name", "证照科"),
        ("common_name", "青岛市市南区食品经营许可专用章"),
    ]


def test_64_characters_are_a_name_and_65_are_not() -> None:
    assert Subject(common_name="局" * 64, organisation="青岛市")
    with pytest.raises(SubjectInvalidError, match="at most 64 characters, not 65") as refused:
        Subject(common_name="局" * 65, organisation="青岛市")
    assert refused.value.message_zh == "证书主体的字段 common_name 无效：最多 64 个字符，现为 65 个。"


@pytest.mark.parametrize(
    "name", ["", " 局", "局 ", "局\n长", "局\x00", "局\u202e长", "\ud800", "\ue000", "a\u2028b", "\ufeff局"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(SubjectInvalidError):
        Subject(common_name=name, organisation="青岛市")


@pytest.mark.parametrize("country", ["cn", "CHN", "C", "中国", ""])
def test_a_country_is_two_capital_letters(country: str) -> None:
    with pytest.raises(SubjectInvalidError, match="country"):
        Subject(common_name="局", organisation="局", country=country)


@pytest.mark.parametrize("identifier", ["11370202MB2857833X", "NTRCN-", "ntrcn-1", "NTRCN-青岛"])
def test_an_organisation_identifier_has_its_form(identifier: str) -> None:
    with pytest.raises(SubjectInvalidError, match="organisation_identifier"):
        Subject(common_name="局", organisation="局", organisation_identifier=identifier)


def test_a_name_is_stored_in_its_normal_form() -> None:
    assert Subject(common_name="e\u0301cole", organisation="局").common_name == "école"


@settings(deadline=None)
@given(st.text(max_size=70), st.text(max_size=70))
def test_any_text_is_a_name_or_is_refused(common_name: str, organisation: str) -> None:
    try:
        subject = Subject(common_name=common_name, organisation=organisation)
    except SubjectInvalidError:
        return
    assert x509.Name.load(subject.to_der(), strict=True).native["common_name"] == subject.common_name
