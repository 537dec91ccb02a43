"""On paper a seal is as large as it should be: measured in the sealed page, by another renderer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from seal import Organisation, Placement, SealApplication, SealingOrder, SealKind, SealOwnerKind
from tests.house import APPLICANT, APPROVER, MARKET, House
from tests.pdfs import blank_pdf
from tests.seal.test_pictures import png

COMPANY = Organisation("913702039901003610", "青岛印证科技有限公司", "Yinzheng", "370203", None, SealOwnerKind.COMPANY)
DPI = 600
REACH = 35
PURPOSE = "电子证照专用章"


def printed(house: House, application: SealApplication, directory: Path) -> tuple[float, float]:
    """Width and height, in millimetres, of what is inked where the seal is."""
    seals = house.services.seals
    request = seals.apply(application, officer=APPLICANT, reason="r")
    seal = seals.approve(request.id, officer=APPROVER)
    order = SealingOrder(seal.number, "tests", "x", "1", Placement(1, 105, 150), "r")
    page = directory / "page.pdf"
    page.write_bytes(house.services.sealer.seal_pdf(blank_pdf(), order).data)
    left, top, width = (round((each - REACH) / 25.4 * DPI) for each in (105, 150, 3 * REACH))
    window = ("-x", left, "-y", top, "-W", width, "-H", width)
    words = ("pdftoppm", "-r", DPI, *window, "-png", "-singlefile", page, directory / "page")
    subprocess.run([str(each) for each in words], check=True)
    with Image.open(directory / "page.png") as image:
        around = image.convert("RGB")
    darkness = ImageChops.invert(around).convert("L").point(lambda value: 255 if value > 60 else 0)
    left, top, right, bottom = darkness.getbbox()
    assert (left + right) / 2 == pytest.approx(around.width / 2, abs=3)
    assert (top + bottom) / 2 == pytest.approx(around.height / 2, abs=3)
    return (right - left) / DPI * 25.4, (bottom - top) / DPI * 25.4


@pytest.mark.needs("pdftoppm")
@pytest.mark.parametrize(
    ("application", "size"),
    [
        (SealApplication(MARKET.code, ["x"]), 42.0),
        (SealApplication(MARKET.code, ["x"], PURPOSE, 38.0), 38.0),
        (SealApplication(MARKET.code, ["x"], picture=png()), 41.15),
        (SealApplication(COMPANY.code, ["x"]), 40.0),
        (SealApplication(COMPANY.code, ["x"], kind=SealKind.FINANCE), 38.0),
        (SealApplication(COMPANY.code, ["x"], kind=SealKind.LEGAL_REPRESENTATIVE, name="张伟"), 20.0),
    ],
    ids=["department", "special", "uploaded", "company", "finance", "representative"],
)
def test_a_seal_measures_on_paper_what_it_should(
    house: House, tmp_path: Path, application: SealApplication, size: float
) -> None:
    for body in (MARKET, COMPANY):
        house.services.organisations.enrol(body)
    assert printed(house, application, tmp_path) == pytest.approx((size, size), abs=0.1)
