"""The commands of the documentation, run to the letter in a furnished service; addresses and numbers alone are others.

Each story takes blocks of commands from the pages, which say in a comment above the fence that they are run here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from pypdfium2 import PdfDocument

from api.builtin_provider import PEOPLE
from api.clients import Scope
from seal import SealApplication
from store.database import Database
from tests.conftest import ROOT
from tests.docs.launcher import launcher
from tests.docs.pages import Block, blocks, run_by
from tests.house import APPLICANT, HEALTH, MARKET, example
from tests.live import Live, serving
from tests.trust.bulk_house import permit, write_csv
from trust import Licence

HERE: Final = str(Path(__file__).relative_to(ROOT))
PORT: Final = "http://127.0.0.1:8000"


@dataclass
class City:
    """A service with its background work, a licence, and a terminal beside it."""

    live: Live
    licence: Licence
    directory: Path
    environment: dict[str, str]
    empty: Database
    """Another database, without a table."""
    taken: set[Block] = field(default_factory=set)

    def client(self, name: str, scope: Scope, **more: Any) -> tuple[str, str]:
        """A client's secret and a token for it."""
        clients = self.live.house.services.clients
        new = clients.enrol(name, name=name, scopes=[scope], **more)
        assert new is not None
        return new.secret, clients.token(new.client)

    def block(self, page: str, part: str, **others: str) -> str:
        """The script of the block that has a part, with some of its words replaced."""
        [found] = [block for block in blocks(page) if part in block.text]
        self.taken.add(found)
        script = found.text.replace("$ ", "") if found.language == "console" else found.text
        return replaced(script, others)

    def run(self, script: str, **variables: str) -> str:
        """What a shell prints that runs a script in the directory; it stops where a command fails."""
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + script],
            cwd=self.directory,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def keep(self, name: str, content: bytes | str) -> None:
        (self.directory / name).write_bytes(content.encode() if isinstance(content, str) else content)


def replaced(script: str, others: dict[str, str]) -> str:
    for old, new in others.items():
        assert old in script, f"no {old} in {script}"
        script = script.replace(old, new)
    return script


@pytest.fixture
def city(database: Database, empty: Database) -> Iterator[City]:
    with (
        TemporaryDirectory(prefix="yz-") as short,
        TemporaryDirectory(prefix="yinzheng-city-") as directory,
        launcher(Path(short)) as commands,
        serving(database, Path(directory), with_worker=True, pki_rate="100000/minute") as live,
    ):
        house = live.house
        house.publish_items()
        licence = house.issue()
        work = Path(directory) / "work"
        (work / ".venv").mkdir(parents=True)
        (work / ".venv" / "bin").symlink_to(commands)
        python = commands / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')  # linked to, it would not find its packages
        python.chmod(0o755)
        (work / "examples").symlink_to(ROOT / "examples")
        environment = {
            "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "BASE": live.url,
            "IDENTIFIER": str(licence.identifier),
            "YINZHENG_VAR": directory,
            "YINZHENG_BASE_URL": live.url,
            "YINZHENG_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "YINZHENG_OBJECTS_URL": (Path(directory) / "objects").as_uri(),
            "YINZHENG_ISOLATE_CHECKS": "false",
        }
        made = City(live, licence, work, environment, empty)
        made.keep("licence.pdf", house.pdf(licence))
        yield made


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
    page, slug = "docs/bulk.md", "food_operation_permit"
    city.live.house.seal(slug)
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
    granted = city.block(page, "seal grant ", **{"3702000000001": seal}).split("yinzheng seal revoke-grant 5")
    city.run(granted[0])
    grant = city.live.house.services.grants.of_seal(seal)[-1]
    city.run(f"yinzheng seal revoke-grant {grant.id}" + granted[1])
    city.run(city.block(page, "seal list", **{"3702000000001": seal}))
    frozen = city.block(page, "seal freeze", **{"3702000000001": three.seal_number})
    first, second = frozen.split("yinzheng seal approve 21")
    city.run(first)
    city.run(f"yinzheng seal approve {waiting(city)}" + second)


def seal_data(city: City) -> None:
    page, seal = "docs/gbt38540.md", city.live.house.seal().number
    _, token = city.client("owner", Scope.SEALS, organisation_code=MARKET.code)
    numbered = {"3702001234567": seal}
    city.run(city.block(page, "seal export", **numbered, **{"https://…": city.live.url}), TOKEN=token)
    whole = {"[": "", "]": "", "ROOTS.pem": "roots.pem"}
    city.run(city.block(page, "seal inspect", **whole, **{"FILE.esl": "seal.esl"}))
    city.keep("Signature.xml", "<Signature/>")
    city.run(city.block(page, "ses sign", **numbered, **whole))


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


STORIES: Final[tuple[Callable[[City], None], ...]] = (
    a_first_check,
    a_department_gets_clients_and_issues,
    many_licences_at_once,
    licences_offline,
    a_verifier,
    the_log,
    neighbours,
    openssl_and_the_authority,
    a_new_type,
    officers,
    seals,
    seal_data,
    operations,
    new_keys,
)


@pytest.mark.needs("bash", "curl", "openssl", "xxd", "certutil", "pdfsig")
def test_the_commands_of_the_documentation_do_what_it_says(city: City, subtests: pytest.Subtests) -> None:
    for story in STORIES:
        with subtests.test(story.__name__):
            story(city)
    assert {block.place for block in run_by(HERE)} == {block.place for block in city.taken}
