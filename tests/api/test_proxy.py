"""deploy/haproxy.cfg, run as it is before two processes of the service; OpenSSL and curl judge."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from api.clients import Client
from api.clients import Scope as Permission
from api.proxies import BehindProxies
from api.services import Services
from api.settings import Settings
from tests.api.client_keys import DepartmentKey
from tests.api.conftest import CASE, Front
from tests.conftest import ROOT, Databases
from tests.house import HEALTH, House, example
from tests.live import came_up
from tests.log_watch import output
from tests.store.redis_server import free_port

CONFIGURATION = ROOT / "deploy" / "haproxy.cfg"
UPLOAD = 3_000_000
ELSEWHERE = "198.51.100.7"

pytestmark = pytest.mark.needs("haproxy", "openssl", "curl")


@dataclass
class Behind:
    """Two processes behind the proxy, the ports of its front sides, and who may ask."""

    house: House
    directory: Path
    ports: dict[str, int]
    processes: list[subprocess.Popen[bytes]]
    check: dict[str, str]
    client: Client
    secret: str

    @property
    def https(self) -> str:
        return f"https://localhost:{self.ports['HTTPS']}"

    @property
    def mutual_tls(self) -> str:
        return f"https://localhost:{self.ports['MUTUAL_TLS']}"

    def curl(self, *words: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of what curl gets, which trusts the proxy's certificate alone."""
        ran = subprocess.run(
            ["curl", "-s", "-i", "--max-time", "20", "--cacert", "tls.pem", *words],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, (ran.returncode, ran.stderr, ran.stdout, words[-3:])
        head, _, body = ran.stdout.partition("\n\n")
        while head.split()[1] == "100":
            head, _, body = body.partition("\n\n")
        status, *lines = head.splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        return int(status.split()[1]), headers, body

    def token(self, *words: str) -> Any:
        """What asking for a token gives."""
        status, _, body = self.curl(*words, "-d", "grant_type=client_credentials")
        return {"status": status, **json.loads(body)}

    def bearer(self) -> str:
        given = self.token(f"{self.https}/oauth/token", "-d", f"client_id=checker&client_secret={self.secret}")
        return f"Authorization: Bearer {given['access_token']}"


@pytest.fixture(scope="module")
def behind(databases: Databases) -> Iterator[Behind]:
    database = databases.create()
    names = ("HTTPS", "MUTUAL_TLS", "HTTP", "METRICS", "API_1", "API_2")
    ports = {name: free_port() for name in names}
    with TemporaryDirectory(prefix="yinzheng-proxy-") as name:
        directory = Path(name)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", "tls.pem", "-keyout",
             "tls.pem.key"],
            cwd=directory, check=True, capture_output=True,
        )  # fmt: skip
        settings = Settings(
            var=directory,
            database_url=SecretStr(database.url.render_as_string(hide_password=False)),
            objects_url=(directory / "objects").as_uri(),
            base_url=f"https://localhost:{ports['HTTPS']}",
            isolate_checks=False,
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}
        environment |= {
            "PYTHONPATH": str(ROOT),
            "YINZHENG_VAR": name,
            "YINZHENG_BASE_URL": settings.base_url,
            "YINZHENG_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "YINZHENG_OBJECTS_URL": str(settings.objects_url),
            "YINZHENG_CLIENT_CERTIFICATE_HEADER": "Client-Cert",
            "YINZHENG_MAX_UPLOAD_BYTES": str(UPLOAD),
            "YINZHENG_PKI_RATE": "3/minute",
            "YINZHENG_ISOLATE_CHECKS": "false",
            "PROXY_CERTIFICATE": f"{name}/tls.pem",
            **{f"PROXY_{each}": f"127.0.0.1:{port}" for each, port in ports.items()},
        }
        serve = [sys.executable, "-c", "from api.__main__ import main; main()", "serve", "--port"]
        commands = (
            [*serve, str(ports["API_1"])],
            [*serve, str(ports["API_2"])],
            ["haproxy", "-db", "-f", str(CONFIGURATION)],
        )
        with Services(settings) as services, output("proxy") as said:
            _ = services.keys  # made once, before three look for them at the same moment
            running = [subprocess.Popen(each, env=environment, cwd=name, stdout=said, stderr=said) for each in commands]
            try:
                house = House(services)
                licence = house.issue()
                house.publish_items()
                made = services.clients.enrol(
                    "checker", name="核验", scopes=[Permission.CHECK], organisation_code=HEALTH.code
                )
                assert made is not None
                check = {
                    "identifier": str(licence.identifier),
                    "holder": example("business_licence")["unified_social_credit_code"],
                }
                found = Behind(house, directory, ports, running, check, made.client, made.secret)
                _wait(found)
                yield found
            finally:
                for each in running:
                    each.terminate()
                for each in running:
                    each.wait()
    databases.drop(database)


def _wait(behind: Behind) -> None:
    """Until both processes live, and the proxy knows."""
    ports = behind.ports
    wanted = {
        f"http://127.0.0.1:{ports['API_1']}/healthz": "ok",
        f"http://127.0.0.1:{ports['API_2']}/healthz": "ok",
        f"http://127.0.0.1:{ports['METRICS']}/metrics": 'haproxy_backend_active_servers{proxy="api"} 2\n',
    }
    for url, said in wanted.items():
        assert came_up(url, said, seconds=180), f"{url} did not say {said}"


@pytest.mark.parametrize(
    ("version", "taken"),
    [(["-tls1_1", "-cipher", "ALL@SECLEVEL=0"], False), (["-tls1_2"], True), (["-tls1_3"], True)],
)
def test_only_tls_of_today_is_spoken(behind: Behind, version: list[str], taken: bool) -> None:
    for port in (behind.ports["HTTPS"], behind.ports["MUTUAL_TLS"]):
        ran = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", "tls.pem", "-verify_return_error",
             "-servername", "localhost", *version],
            cwd=behind.directory, capture_output=True, text=True, input="", check=False,
        )  # fmt: skip
        assert (ran.returncode == 0) is taken, ran.stderr
        assert ("Cipher is (NONE)" in ran.stdout) is not taken
    weak = ["-tls1_2", "-cipher", "AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA256"]
    refused = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{behind.ports['HTTPS']}", *weak],
        capture_output=True, input=b"", check=False,
    )  # fmt: skip
    assert refused.returncode != 0


def test_browsers_are_sent_to_tls_and_kept_there(behind: Behind) -> None:
    status, headers, _ = behind.curl(f"{behind.https}/")
    assert (status, headers["strict-transport-security"]) == (200, "max-age=63072000")
    assert "content-security-policy" in headers
    plain = f"http://127.0.0.1:{behind.ports['HTTP']}"
    status, headers, _ = behind.curl("-H", "Host: city.example", f"{plain}/check?x=1")
    assert (status, headers["location"]) == (301, "https://city.example/check?x=1")
    assert behind.curl(f"{plain}/oauth/token", "-d", "x=1")[0] == 403


def test_a_certificate_counts_where_its_key_was_shown_and_nowhere_else(behind: Behind) -> None:
    services, now = behind.house.services, behind.house.services.clock.now()
    services.clients.enrol("keyed", name="核验系统", scopes=[Permission.CHECK], organisation_code=HEALTH.code)
    certificates = {}
    for name in ("mine", "other"):
        key = DepartmentKey.make()
        certificates[name] = key.certificate(now)
        pem = certificates[name].public_bytes(Encoding.PEM)
        (behind.directory / f"{name}.pem").write_bytes(pem + key.pem.encode())
    services.client_proofs.add_certificate("keyed", certificates["mine"])
    forged = f"Client-Cert: {quote(certificates['mine'].public_bytes(Encoding.PEM).decode())}"
    form = ["-d", "client_id=keyed"]
    shown = behind.token("--cert", "mine.pem", f"{behind.mutual_tls}/oauth/token", *form)
    assert shown["status"] == 200
    for words in (
        ["-H", forged, f"{behind.https}/oauth/token"],
        ["-H", forged, f"{behind.mutual_tls}/oauth/token"],
        ["-H", forged, "--cert", "other.pem", f"{behind.mutual_tls}/oauth/token"],
        ["--cert", "mine.pem", f"{behind.https}/oauth/token"],
    ):
        assert behind.token(*words, *form)["code"] == "api.client_unknown", words
    bearer = f"Authorization: Bearer {shown['access_token']}"
    asked = ["-H", bearer, "-H", "Content-Type: application/json", "-d", json.dumps({**CASE, **behind.check})]
    path = "/v1/checks/identifier"
    assert behind.curl("--cert", "mine.pem", f"{behind.mutual_tls}{path}", *asked)[0] == 200
    assert behind.curl("-H", forged, f"{behind.https}{path}", *asked)[0] == 401
    assert behind.curl("--cert", "mine.pem", f"{behind.mutual_tls}/sign-in")[0] == 404


def test_limits_hold_for_the_address_that_really_calls(behind: Behind) -> None:
    def asks(address: str) -> list[int]:
        return [
            behind.curl("--interface", address, "--resolve", f"localhost:{behind.ports['HTTPS']}:127.0.0.1",
                        "-H", f"X-Forwarded-For: 192.0.2.{number}", "-H", f"Forwarded: for=192.0.2.{number}",
                        "-H", "Content-Type: application/timestamp-query", "--data-binary", "x",
                        f"{behind.https}/pki/tsa")[0]
            for number in range(8)
        ]  # fmt: skip

    # each of the two processes counts for itself here, without Redis
    assert 429 in asks("127.0.0.2")
    assert asks("127.0.0.3")[0] != 429


def test_an_upload_that_is_too_large_is_refused_with_the_reason(behind: Behind) -> None:
    (behind.directory / "large").write_bytes(bytes(UPLOAD + 100_000))
    query = "&".join(f"{name}={value}" for name, value in CASE.items())
    for more in (["-H", "Expect:"], []):
        status, headers, body = behind.curl(
            "-H", behind.bearer(), "-H", "Content-Type: application/pdf", "--data-binary", "@large", *more,
            f"{behind.https}/v1/checks/pdf?{query}",
        )  # fmt: skip
        assert (status, headers["content-type"]) == (413, "application/problem+json")
        assert json.loads(body)["code"] == "api.request_too_large"


def test_a_stream_is_answered_while_it_comes_in(behind: Behind) -> None:
    trust = ssl.create_default_context(cafile=str(behind.directory / "tls.pem"))
    connection = http.client.HTTPSConnection("localhost", behind.ports["HTTPS"], context=trust, timeout=20)
    query = "&".join(f"{name}={value}" for name, value in CASE.items())
    connection.putrequest("POST", f"/v1/checks/stream?{query}")
    for header in (behind.bearer(), "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"):
        connection.putheader(*header.split(": "))
    connection.endheaders()
    line = json.dumps(behind.check).encode() + b"\n"

    def send(data: bytes) -> None:
        connection.send(b"%x\r\n%b\r\n" % (len(data), data))

    send(line)
    answer = connection.response_class(connection.sock, method="POST")
    answer.begin()
    assert json.loads(answer.readline())["verdict"] == "TOTAL_PASSED"
    for _ in range(120):
        send(b"\n" * 100_000)  # far more than lies in buffers on the way
    send(line)
    assert json.loads(answer.readline())["line"] == 2
    connection.send(b"0\r\n\r\n")
    assert "receipt" in json.loads(answer.readline())
    connection.close()


def test_one_process_may_die_and_when_both_are_gone_it_is_said(behind: Behind) -> None:
    bearer = behind.bearer()
    body = json.dumps({**CASE, **behind.check})
    asked = ["-H", bearer, "-H", "Content-Type: application/json", "-d", body, f"{behind.https}/v1/checks/identifier"]
    behind.processes[0].kill()
    behind.processes[0].wait()
    for _ in range(6):
        assert behind.curl(*asked)[0] == 200
        assert behind.curl(f"{behind.https}/")[0] == 200
    behind.processes[1].kill()
    behind.processes[1].wait()
    status, headers, said = behind.curl(*asked)
    assert (status, json.loads(said)["code"], headers["retry-after"]) == (503, "proxy.away", "5")
    status, headers, said = behind.curl(f"{behind.https}/check")
    assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "服务暂时不可用" in said
    assert "strict-transport-security" in headers


def test_errors_of_the_api_are_told_as_such(shared: Front) -> None:
    tops = {"/" + path.split("/")[1] for path in shared.http.get("/openapi.json").json()["paths"]}
    (line,) = (each for each in CONFIGURATION.read_text("utf-8").splitlines() if "use_backend api" in each)
    assert tops <= {each.rstrip("/") for each in line.split() if each.startswith("/")}


@pytest.mark.parametrize(
    ("peer", "address", "certificate"),
    [
        ("127.0.0.1", ELSEWHERE, b"shown"),
        ("10.1.2.3", ELSEWHERE, b"shown"),
        ("10.2.2.3", "10.2.2.3", None),
        ("::1", "::1", None),
        ("somewhere", "somewhere", None),
    ],
)
def test_only_proxies_that_are_named_are_believed(peer: str, address: str, certificate: bytes | None) -> None:
    told: list[tuple[str, bytes | None]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append((scope["client"][0], dict(scope["headers"]).get(b"client-cert")))

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    settings = Settings(client_certificate_header="Client-Cert", trusted_proxies="127.0.0.1 10.1.0.0/16")  # type: ignore[arg-type]  # as in the environment
    headers = [(b"x-forwarded-for", ELSEWHERE.encode()), (b"client-cert", b"shown")]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    asyncio.run(BehindProxies(app, settings=settings)(scope, nothing, nothing))
    assert told == [(address, certificate)]
