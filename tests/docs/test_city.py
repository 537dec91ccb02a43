"""The commands of the documentation, run to the letter in a furnished service; addresses and numbers alone are others.

Each story takes blocks of commands from the pages, which say in a comment above the fence that they are run here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from pypdfium2 import PdfDocument

from api.clients import Scope
from tests.conftest import ROOT
from tests.docs.city import City
from tests.docs.shell import replaced
from tests.house import HEALTH, MARKET, example
from tests.pdfs import blank_pdf
from tests.trust.bulk_house import SLUG, permit, write_csv
from tests.trust.planted import COLUMNS, MAPPING, plant
from trust.batch_loading import BatchOrder
from trust.rows import TableForm, read_rows

HERE: Final = str(Path(__file__).relative_to(ROOT))
PORT: Final = "http://127.0.0.1:8000"


def a_first_check(city: City) -> None:
    secret, _ = city.client("demo-checker", Scope.CHECK, organisation_code=HEALTH.code)
    script = city.block("README.md", "demo-checker", **{PORT: city.live.url, "var/city/demo/business_": ""})
    assert '"TOTAL_PASSED"' in city.run(script, SECRET=secret)


def a_department_gets_clients_and_issues(city: City) -> None:
    page, here = "docs/integrate-department.md", {PORT: city.live.url}
    city.live.house.services.organisations.enrol(HEALTH)
    city.run(city.block(page, "client add my-checker"))
    city.run(city.block(page, "client add my-keyed-checker"))
    assert len(city.run(city.block(page, "ASSERTION=", **here) + 'echo "$TOKEN"').strip()) > 100
    _, token = city.client("issuer", Scope.ISSUE, organisation_code=MARKET.code)
    fields = json.dumps(example("business_licence"), ensure_ascii=False)
    said = city.run(city.block(page, '"fields": {…}', **here, **{"{…}": fields}), TOKEN=token)
    assert str(city.licence.identifier) in said


def many_licences_at_once(city: City) -> None:
    page = "docs/bulk.md"
    city.live.house.seal(SLUG)
    for name, numbers in (("permits.csv", (1, 2)), ("more.csv", (3, 4))):
        write_csv(city.directory / name, [permit(number) for number in numbers])
    _, token = city.client("bulk", Scope.ISSUE, organisation_code=MARKET.code)
    sent, rest = city.block(page, "/v1/batches?").split("curl -s -X POST", 1)
    reference = json.loads(city.run(sent, TOKEN=token))["reference"]
    assert reference in city.run("curl -s -X POST" + rest, TOKEN=token, REFERENCE=reference)


def licences_offline(city: City) -> None:
    page = "docs/offline-presentations.md"
    _, token = city.client("wallet", Scope.HOLD, holder=city.licence.holder_index)
    city.run(city.block(page, "/v1/wallet/offline-presentations"), HOLDER=token)
    assert city.run(city.block(page, "--qr")).count("TOTAL_PASSED") == 3
    said = city.run(city.block("docs/status-lists.md", "list.jwt", **{"https://HOST": city.live.url}))
    assert "TOTAL_PASSED" in said


def a_verifier(city: City) -> None:
    page = "docs/verify.md"
    city.keep("root.pem", city.live.get("/pki/root.pem"))
    said = city.run(city.block(page, "--report"))
    assert said.count("核验通过 passed") == 3
    assert json.loads((city.directory / "verdict.json").read_text())["verdict"] == "TOTAL_PASSED"
    said = city.run(city.block(page, "pdfsig"))
    for words in ("Signature is Valid", "Certificate is Trusted", "Total document signed"):
        assert words in said


def the_log(city: City) -> None:
    page = "docs/transparency.md"
    here, key = city.live.url, city.live.get("/log/key").decode().split("\n")[0]
    city.run(city.block(page, "log audit", **{"https://HOST": here, "HOST/log+…": key}))
    with PdfDocument(city.directory / "licence.pdf") as document:
        attached = [document.get_attachment(number) for number in range(document.count_attachments())]
        [content] = [bytes(each.get_data()) for each in attached if each.get_name() == "licence.json"]
    salt = json.loads(content)["log"]["salt"]
    said = city.run(city.block(page, "BASE=", **{"https://HOST": here}), SALT=salt).splitlines()
    tile = city.live.get("/log/tile/0/000.p/3")
    assert said[-2].endswith(f"{tile[:32].hex()}  -")
    proofs = city.block(page, "log prove", **{"prove IDENTIFIER": "prove $IDENTIFIER", "1000 2000": "1 3"})
    assert "TOTAL_PASSED" in city.run(proofs)
    leaf = json.loads((city.directory / "proof.json").read_text())
    assert said[-1].split()[0] in json.dumps(leaf)


def neighbours(city: City) -> None:
    page = "docs/exchange.md"
    _, token = city.client("neighbour", Scope.EXCHANGE, organisation_code=MARKET.code)
    assert str(city.licence.identifier) in city.run(city.block(page, "/v1/changes"), TOKEN=token)
    city.client("market", Scope.ISSUE, organisation_code=MARKET.code)
    city.run(city.block(page, "webhook add", **{"webhook retry 42": "webhook list"}))
    city.run(city.block(page, "exchange export"))


def openssl_and_the_authority(city: City) -> None:
    city.keep("FILE", b"a file")
    number = city.live.house.seal().certificate_id
    assert number is not None
    certificate = city.live.house.services.keys.authority.get(number).certificate
    city.keep("seal.pem", certificate.public_bytes(Encoding.PEM))
    said = city.run(city.block("docs/pki.md", "ts -query", **{PORT: city.live.url}) + "\nopenssl version")
    assert "seal.pem: good" in said


def a_new_type(city: City) -> None:
    page = "docs/licence-types.md"
    city.run(city.block(page, "type export"))
    city.run(city.block(page, "sed -i"))
    text = "".join((city.directory / "stall_permit" / name).read_text() for name in ("type.json", "template.typ"))
    assert "流动摊点经营证" in text
    assert "R002" not in text
    assert "投诉" not in text
    city.run(city.block(page, "type preview"))
    ask, approve, issue = city.block(page, "seal apply").strip().split("\n")
    [number] = re.findall(r"request (\d+)", city.run(ask))
    city.run(replaced(approve, {"10": number}))
    city.run(issue)
    assert (city.directory / "stall.pdf").read_bytes().startswith(b"%PDF-")


def many_licences_by_command(city: City) -> None:
    page, house = "docs/bulk.md", city.live.house
    house.seal(SLUG)
    write_csv(city.directory / "permits.csv", [permit(number) for number in range(10, 13)])
    done, rest = city.block(page, "batch issue", **{"permits.xlsx": "permits.csv"}).split("yinzheng batch list")
    city.run(done)
    assert len((city.directory / "result.csv").read_text("utf-8-sig").splitlines()) == 4
    acts, cancelled = rest.split("yinzheng batch cancel")
    write_csv(city.directory / "many.csv", [permit(number) for number in range(100, 120)])
    said = city.run(f"yinzheng batch issue many.csv --type {SLUG} --detach --json")
    [act] = [line for line in acts.splitlines() if "|" in line]
    for word in ("pause", "status", "resume"):
        line = replaced(act, {"pause|resume|status": word, "REFERENCE": json.loads(said)["reference"]})
        found = city.run("yinzheng batch list\n" + line)
    assert "issued 20" in found
    read = read_rows(city.directory / "many.csv", TableForm.CSV)
    waiting = house.services.batch_loading.load(BatchOrder(SLUG, "tests", "many.csv"), read).reference
    city.run("yinzheng batch cancel" + replaced(cancelled, {"REFERENCE": waiting}))


def archives_by_command(city: City) -> None:
    page, planted = "docs/bulk.md", plant(7, 3, share=0)
    planted.rows[0][COLUMNS.index("扫描")] = "scan.pdf"
    column = COLUMNS.index("证件号")
    right = planted.rows[1][column]
    wrong = planted.rows[1][column] = right[:-1] + ("0" if right[-1] != "0" else "1")
    planted.write(city.directory / "archive.csv")
    city.keep("mapping.toml", MAPPING)
    (city.directory / "scans").mkdir()
    city.keep("scans/scan.pdf", blank_pdf())
    look, take, aside, fetch, mend = re.split(r"\n(?=yinzheng)", city.block(page, "--mends REFERENCE").strip())
    unsound = 1
    assert city.tried(look).returncode == unsound
    assert city.tried(take).returncode == unsound
    [taken, *_] = re.findall(r"^(\S+) .*physician", city.run("yinzheng batch list"), re.MULTILINE)
    city.run(replaced(aside, {"REFERENCE": taken}))
    with city.live.house.services.database.transaction() as session:
        found = session.scalars(sa.text("SELECT identifier FROM licence WHERE scan_digest IS NOT NULL")).one()
    city.run(replaced(fetch, {"IDENTIFIER": found}))
    assert (city.directory / "scan.pdf").read_bytes() == blank_pdf()
    unmended = (city.directory / "mend.csv").read_text("utf-8-sig")
    city.keep("mend.csv", unmended.replace(wrong, right))
    city.run(replaced(mend, {"REFERENCE": taken}))


def archives_by_a_client(city: City) -> None:
    _, token = city.client("archives", Scope.ISSUE, organisation_code=MARKET.code)
    rows = [{**permit(number), "issue_date": day} for number, day in ((300, "2024-08-17"), (301, "2024-02-30"))]
    write_csv(city.directory / "archive.csv", rows)
    sent, rest = city.block("docs/bulk.md", "/v1/imports?").split("curl -s -X POST", 1)
    reference = json.loads(city.run(sent, TOKEN=token))["reference"]
    assert "2024-02-30" in city.run("curl -s -X POST" + rest, TOKEN=token, REFERENCE=reference)


def pyhanko_judges(city: City) -> None:
    said = city.run(city.block("docs/pki.md", "pyhanko", **{"pip install pyhanko-cli": "", "LICENCE": "licence"}))
    assert said.count("The signature is judged VALID.") == 2


def damage_at_random(city: City) -> None:
    script = city.block("docs/security.md", "tests.verify.fuzz", **{"--minutes 10": "--minutes 0.02"})
    assert "\n0 failures" in city.run("unset YINZHENG_DATABASE_URL YINZHENG_OBJECTS_URL\n" + script)


STORIES: Final = (
    a_first_check,
    a_department_gets_clients_and_issues,
    many_licences_at_once,
    many_licences_by_command,
    archives_by_command,
    archives_by_a_client,
    licences_offline,
    a_verifier,
    the_log,
    neighbours,
    openssl_and_the_authority,
    pyhanko_judges,
    a_new_type,
    damage_at_random,
)


@pytest.mark.needs("bash", "curl", "openssl", "xxd", "certutil", "pdfsig")
def test_the_commands_for_departments_and_verifiers_do_what_the_pages_say(
    city: City, subtests: pytest.Subtests
) -> None:
    city.tell(STORIES, HERE, subtests)
