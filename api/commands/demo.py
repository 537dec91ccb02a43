"""``yinzheng demo``: a licence of each type from issue to check, on the parts that production uses."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import zxingcpp
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from api.builtin_provider import OFFICERS, PEOPLE
from api.clients import Scope
from api.commands.common import console, open_services, read_json_object, write_bytes
from api.demo_data.city import (
    APPROVAL,
    CIVIL,
    EDUCATION,
    EXAMPLES,
    HEALTH,
    HOUSING,
    LABOUR,
    LAND,
    MARKET,
    TRAFFIC,
)
from api.errors import DemoRefusedError
from api.services import Services
from api.settings import Environment
from seal import SealApplication
from store.errors import YinzhengError
from trust import Decision, IssueOrder, Licence
from trust.errors import NumberInUseError
from verify import Verdict
from wallet import Presentation

_APPLICANT, _APPROVER = "demo:王海宁", "demo:李沐阳"
_DEPARTMENTS = {
    "business_licence": MARKET,
    "food_operation_permit": APPROVAL,
    "birth_medical_certificate": HEALTH,
    "real_estate_certificate": LAND,
    "presale_permit": HOUSING,
    "vocational_qualification_certificate": LABOUR,
    "teacher_qualification_certificate": EDUCATION,
    "marriage_certificate": CIVIL,
    "social_organisation_certificate": CIVIL,
    "driving_licence": TRAFFIC,
    "physician_practice_certificate": HEALTH,
}
_PURPOSES = {"food_operation_permit": "电子证照专用章"}
_CHECKING_CODE = HEALTH.code


class DemoError(RuntimeError):
    """Something that the demo shows did not come out as it has to."""


def demo() -> None:
    """签发各类证照，放入卡包，以三种方式核验，并演示篡改必败。Issue, keep, show and check licences of each type."""
    with open_services() as services:
        if services.settings.environment is Environment.PRODUCTION:
            raise DemoRefusedError
        out = services.settings.var / "demo"
        console.print("[bold]印证 Yinzheng — 演示 demo[/]")
        _found_departments(services)
        licences = _issue(services, out)
        services.worker.run_once()
        company, physician = licences[0], licences[-1]
        _publish_items(services)
        _enrol_clients(services, company)
        _register_officers(services)
        services.agents.confirm(company, PEOPLE["meng"].number, actor=_APPLICANT)
        _check_file(services, out, company)
        _check_identifier(services, physician)
        _check_presentation(services, out, company)
        _check_tampered(services, company)
        root = out / "root.pem"
        write_bytes(root, services.keys.authority.root.public_bytes(Encoding.PEM))
    console.print(f"\n[bold green]完成 done.[/] 证照 PDF 与根证书在 licences and root certificate are in {out}/")
    console.print(f"用任意阅读器打开，或 open them in any reader, or: yinzheng verify {out}/business_licence.pdf")


def _found_departments(services: Services) -> None:
    """The departments, each with a seal that one officer applied for and another approved."""
    for organisation in dict.fromkeys(_DEPARTMENTS.values()):
        services.organisations.enrol(organisation)
        issues = [slug for slug, issuer in _DEPARTMENTS.items() if issuer == organisation]
        missing = [slug for slug in issues if not services.seals.usable_for(slug, organisation.code)]
        if not missing:
            continue
        application = SealApplication(organisation.code, missing, _PURPOSES.get(missing[0]))
        request = services.seals.apply(application, officer=_APPLICANT, reason="电子证照签发用印")
        services.seals.approve(request.id, officer=_APPROVER)


def _issue(services: Services, out: Path) -> list[Licence]:
    licences = []
    console.print("\n[bold]1. 签发 Issue[/]")
    for slug, organisation in _DEPARTMENTS.items():
        order = IssueOrder(
            type=slug,
            fields=read_json_object(EXAMPLES / f"{slug}.json"),
            actor=_APPLICANT,
            issuer_code=organisation.code,
        )
        try:
            issued = services.issuing.issue(order)
        except NumberInUseError as error:
            # The examples of another version were issued here before.
            decision = Decision(_APPLICANT, "演示样例已更新", "仅为演示，无法律效力")
            services.register.cancel(str(error.params["identifier"]), decision)
            issued = services.issuing.issue(order)
        write_bytes(out / f"{slug}.pdf", services.register.pdf(issued.licence))
        word = "" if issued.created else "（此前已签发 issued before）"
        console.print(f"   {issued.licence.type.name_zh}  {issued.licence.identifier} {word}")
        licences.append(issued.licence)
    return licences


def _publish_items(services: Services) -> None:
    """What departments check licences for: each check names one of these."""
    for file in sorted((EXAMPLES / "service_items").glob("*.json")):
        services.service_items.publish(read_json_object(file), actor=_APPLICANT)


def _enrol_clients(services: Services, company: Licence) -> None:
    """Three clients of the API; the secret of each is printed when it is made, and never again."""
    console.print("\n[bold]2. 接口客户端 API clients[/]")
    issuer = _DEPARTMENTS[company.type.slug].code
    made = [
        services.clients.enrol("demo-issuer", name="签发系统", scopes=[Scope.ISSUE], organisation_code=issuer),
        services.clients.enrol("demo-wallet", name="持证人卡包", scopes=[Scope.HOLD], holder=company.holder_index),
        services.clients.enrol("demo-checker", name="核验系统", scopes=[Scope.CHECK], organisation_code=_CHECKING_CODE),
    ]
    for new in made:
        if new is not None:
            console.print(f"   client_id={new.client.id}  client_secret={new.secret}  ({' '.join(new.client.scopes)})")
    if None in made:
        console.print("   已登记，密钥只在首次显示 enrolled before; secrets are shown once only")


def _register_officers(services: Services) -> None:
    """An officer of each role, so that the pages for officers can be tried out."""
    serving = {each.name for each in services.officers.all()}
    for each in OFFICERS:
        if each.name not in serving and each.body is not None and each.role is not None:
            services.officers.add(each.body, each.name, [each.role], citizen_id=each.number, actor=_APPLICANT)


def _check_file(services: Services, out: Path, licence: Licence) -> None:
    console.print("\n[bold]3. 核验 Check[/]")
    verdict = services.checker.check_pdf((out / f"{licence.type.slug}.pdf").read_bytes())
    _expect("按文件 by file", verdict, passed=True)


def _check_identifier(services: Services, licence: Licence) -> None:
    _expect("按标识 by identifier", services.checker.check_identifier(licence.identifier), passed=True)


def _check_presentation(services: Services, out: Path, licence: Licence) -> None:
    """The holder shows a QR code; its picture is scanned, redeemed once, and refused the second time."""
    held = services.wallets.licences(licence.holder_index)
    console.print(f"   卡包中有 {len(held)} 份证照 licences in the wallet")
    presentation = services.presentations.present(licence.holder_index, licence.identifier, purpose="演示亮证")
    picture = out / "presentation.png"
    token = _scan(presentation, picture)
    first = services.checker.check_presentation(token, by=_CHECKING_CODE)
    _expect("按二维码 by QR code", first.verdict, passed=True)
    again = services.checker.check_presentation(token, by=_CHECKING_CODE)
    _expect("同一二维码再次核验 the same code again", again.verdict, passed=False)


def _scan(presentation: Presentation, picture: Path) -> str:
    write_bytes(picture, presentation.qr_png())
    with Image.open(picture) as image:
        results = zxingcpp.read_barcodes(image)
    if len(results) != 1:
        raise DemoError("the QR code could not be read from its picture")
    return str(results[0].text)


def _check_tampered(services: Services, licence: Licence) -> None:
    data = bytearray(services.register.pdf(licence))
    place = secrets.randbelow(len(data))
    data[place] ^= 1 << secrets.randbelow(8)
    try:
        verdict = services.checker.check_pdf(bytes(data))
    except YinzhengError as error:
        console.print(f"   改动一个字节（第 {place} 字节）one byte changed: 不通过 failed — {error.message_zh}")
    else:
        _expect(f"改动一个字节（第 {place} 字节）one byte changed", verdict, passed=False)
    if hashlib.sha256(services.register.pdf(licence)).hexdigest() != licence.pdf_digest:
        raise DemoError("the stored licence is not what the register names")


def _expect(what: str, verdict: Verdict, *, passed: bool) -> None:
    if verdict.passed is not passed:
        raise DemoError(f"{what}: {verdict.indication.value} {[reason.code for reason in verdict.reasons]}")
    word = "[green]通过 passed[/]" if verdict.passed else "[red]不通过 failed[/]"
    telling = next(reason for reason in verdict.reasons if reason.indication is verdict.indication)
    console.print(f"   {what}: {word} — {telling.message_zh}")
