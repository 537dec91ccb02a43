"""The commands of the pages for those who administer seals, signatures, keys and the service, run to the letter."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from api.builtin_provider import PEOPLE
from api.clients import Scope
from seal import SealApplication
from tests.api.test_signature_commands import codes
from tests.conftest import ROOT
from tests.docs.city import City
from tests.docs.shell import replaced
from tests.house import APPLICANT, APPROVER, HEALTH, MARKET
from tests.pdfs import blank_pdf
from tests.trust.bulk_house import body_code

HERE: Final = str(Path(__file__).relative_to(ROOT))


def waiting(city: City) -> int:
    """The newest request."""
    return max(each.id for each in city.live.house.services.seals.waiting())


def officers(city: City) -> None:
    script = city.block("docs/sign-in.md", "officer add", **{"--subject u-1001": "--id-number -"})
    add, rest = script.split("yinzheng officer list")
    numbers = [PEOPLE[name].number for name in ("jingshu", "meng")]
    said = "".join(city.run(f"{line} <<< {number}") for line, number in zip(add.splitlines(), numbers, strict=True))
    reference = re.findall(r"O[0-9a-f]{16}", said)[0]
    city.run("yinzheng officer list" + rest.replace("O0123456789abcdef", reference))


def seals(city: City) -> None:
    page, application = "docs/seal-administrator.md", SealApplication(MARKET.code, ["business_licence"], "专用章")
    office = city.live.house.services.seals
    city.live.house.services.organisations.enrol(HEALTH)
    seal = city.live.house.seal().number
    person = PEOPLE["jingshu"]
    asked = {"--region 370203\nyinzheng seal owners": '--region 370203 <<< "$PERSON"\nyinzheng seal owners'}
    city.run(city.block(page, "seal owner", **asked), PERSON=f"{person.name}\n{person.number}")
    one, two = (office.apply(application, officer=APPLICANT, reason="r") for _ in range(2))
    city.run(city.block(page, "seal reject", **{"approve 17": f"approve {one.id}", "reject 17": f"reject {two.id}"}))
    three = office.apply(application, officer=APPLICANT, reason="r")
    others = {"approve 17": f"approve {three.id}", "3702000000001": three.seal_number}
    first, second = city.block(page, "--review-only", **others).split("yinzheng seal approve 18")
    city.run(first)
    city.run(f"yinzheng seal approve {waiting(city)}" + second)
    now, year = datetime.now(UTC), timedelta(days=365)
    days = {"2026-12-01": f"{now:%Y-%m-%d}", "2027-11-30": f"{now + year:%Y-%m-%d}"}
    granted = city.block(page, "seal grant ", **{"3702000000001": seal}, **days).split("yinzheng seal revoke-grant 5")
    city.run(granted[0])
    grant = city.live.house.services.grants.of_seal(seal)[-1]
    city.run(f"yinzheng seal revoke-grant {grant.id}" + granted[1])
    city.run(city.block(page, "seal list", **{"3702000000001": seal}))
    frozen = city.block(page, "seal freeze", **{"3702000000001": three.seal_number})
    first, second = frozen.split("yinzheng seal approve 21")
    city.run(first)
    city.run(f"yinzheng seal approve {waiting(city)}" + second)


def signatures(city: City) -> None:
    page, number = "docs/e-signatures.md", "sc-0123456789abcdef"
    one, company, listed, renewed = city.block(page, "signature enrol").strip().split("\n")
    person = PEOPLE["jingshu"]
    mine, theirs = (
        re.findall(r"sc-[0-9a-f]{16}", city.typed(command, *said))[0]
        for command, said in (
            (one, (person.name, person.number)),
            (company, ("青岛海听餐饮有限公司", body_code(7))),
        )
    )
    city.run(listed)
    city.run(replaced(renewed, {number: theirs}))
    with Image.open(city.directory / "qr.png") as image:
        [found] = zxingcpp.read_barcodes(image)
    first, second, _ = codes(pyotp.TOTP(parse_qs(urlsplit(found.text).query)["secret"][0]))
    city.keep("申请书.pdf", blank_pdf())
    sign, *rest = city.block(page, "signature sign 申请书.pdf", **{number: mine}).strip().split("\n")
    city.typed(sign, first)
    city.run("\n".join(rest))
    office = city.live.house.services.seals
    asked = office.apply(SealApplication(MARKET.code, ["application"]), officer=APPLICANT, reason="r")
    office.approve(asked.id, officer=APPROVER)
    city.run(city.block(page, "yinzheng seal use", **{"3702000000001": asked.seal_number}))
    assert "TOTAL_PASSED" in city.run("yinzheng verify 受理.pdf --policy general")
    add, consent, withdraw = city.block(page, "client add portal", **{number: mine}).strip().split("\n")
    city.run(add)
    city.typed(consent, second)
    city.run(withdraw)
    city.run(city.block(page, "signature suspend", **{number: mine}))


def seal_data(city: City) -> None:
    page, seal = "docs/gbt38540.md", city.live.house.seal().number
    _, token = city.client("owner", Scope.SEALS, organisation_code=MARKET.code)
    numbered = {"3702001234567": seal}
    city.run(city.block(page, "seal export", **numbered, **{"https://…": city.live.url}), TOKEN=token)
    assert "Signature Verified Successfully" in city.run(city.block(page, "asn1parse"))
    assert city.run(city.block(page, "openssl verify")).splitlines() == ["gm01: OK", "maker.crt: OK"]
    whole = {"[": "", "]": "", "ROOTS.pem": "roots.pem"}
    city.run(city.block(page, "seal inspect", **whole, **{"FILE.esl": "seal.esl"}))
    city.keep("Signature.xml", "<Signature/>")
    city.run(city.block(page, "ses sign", **numbered, **whole))


def authorities(city: City) -> None:
    house = city.live.house
    seal = house.seal("food_operation_permit")
    city.run("openssl req -x509 -newkey rsa:3072 -nodes -keyout root.key -out root.crt -days 3650 -subj /CN=Root")
    officer = {"--officer …": "--officer 王海宁", "--reason …": "--reason 密钥泄露"}
    numbers = {"revoke 12": f"revoke {seal.certificate_id}", "3702000000001": seal.number}
    at = f"since {datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"
    since = {"since 2026-11-20T08:00:00": at, "since 2026-11-20": at}
    said = city.run(city.block("docs/pki.md", "anchors add", **officer, **numbers, **since, FILE="licence"))
    assert "TOTAL_PASSED" in said


def operations(city: City) -> None:
    page = "docs/operations.md"
    for part in ("db upgrade", "licence extend"):
        city.run(city.block(page, part, **({"CODE": "business_licence"} if part == "licence extend" else {})))
    city.run(city.block(page, "jobs list", **{"jobs retry 42": "jobs list"}))
    city.run("yinzheng log checkpoint > checkpoint")
    city.run(city.block(page, "doctor", **{"/offline/": ""}))
    city.keep("backup.txt", "correct horse battery staple\n")
    place = city.directory / "kept"
    script = city.block(page, "yinzheng backup", **{"/etc/yinzheng/": "", "/backup ": f"{place} "})
    saved, _, restored = script.rpartition("yinzheng restore")
    city.run(saved)
    city.run(
        "yinzheng restore" + restored + "yinzheng doctor",
        YINZHENG_DATABASE_URL=city.empty.url.render_as_string(hide_password=False),
        YINZHENG_OBJECTS_URL=(city.directory / "restored").as_uri(),
    )


def new_keys(city: City) -> None:
    page = "docs/operations.md"
    make, retire = city.block(page, "keys data new").split("yinzheng keys data retire")
    city.run(make)
    with city.live.house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE data_key SET created_at = created_at - interval '2 minutes'"))
    city.run("yinzheng keys data retire" + retire)
    city.keep("new.kek", os.urandom(32))
    settings = "export YINZHENG_KEK_FILE=new.kek\nYINZHENG_WRAPPING"
    city.run(city.block(page, "keys rewrap", **{"/etc/yinzheng/": "", "YINZHENG_WRAPPING": settings}))


STORIES: Final = (officers, seals, signatures, seal_data, operations, authorities, new_keys)


@pytest.mark.needs("bash", "curl", "openssl")
def test_the_commands_for_those_who_administer_do_what_the_pages_say(city: City, subtests: pytest.Subtests) -> None:
    city.tell(STORIES, HERE, subtests)
