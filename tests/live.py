"""The service on a loopback port, for programs of others to call."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr

from api.app import create_app
from api.services import Services
from api.settings import Settings
from store.database import Database
from tests.house import House
from tests.log_watch import output
from tests.store.redis_server import free_port

ROOT = Path(__file__).resolve().parents[1]
SERVE = [sys.executable, "-c", "from api.__main__ import main; main()", "serve"]


@dataclass
class Live:
    """The service on a loopback port, with the machine's clock, so that programs of others can call it."""

    house: House
    url: str
    directory: Path

    def openssl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *words], capture_output=True, text=True, cwd=self.directory, check=False)

    def write(self, name: str, certificate: x509.Certificate) -> x509.Certificate:
        (self.directory / name).write_bytes(certificate.public_bytes(Encoding.PEM))
        return certificate

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path) as answer:
            data: bytes = answer.read()
            return data


@contextmanager
def serving(
    database: Database,
    tmp_path: Path,
    *,
    builtin_provider: bool = False,
    with_worker: bool = False,
    prepared: Callable[[Settings], object] = lambda _: None,
    **more: Any,
) -> Iterator[Live]:
    """The service, as long as the block lasts.

    :param with_worker: with its background work.
    :param prepared: called with the settings before the service starts.
    :param more: further settings.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(
        var=tmp_path,
        database_url=SecretStr(database.url.render_as_string(hide_password=False)),
        objects_url=(tmp_path / "objects").as_uri(),
        base_url=url,
        isolate_checks=False,
        builtin_provider=builtin_provider,
        **more,
    )
    prepared(settings)
    with Services(settings) as services:
        app = create_app(services, with_worker=with_worker)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        made = Live(House(services), url, tmp_path)
        made.write("root.pem", services.keys.authority.root)
        made.write("issuing.pem", services.keys.authority.issuing)
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join()
            listener.close()


@contextmanager
def processes(
    count: int, house: House, redis_url: str, *, log: IO[bytes] | None = None, **more: str
) -> Iterator[list[str]]:
    """Processes of the service, each on a port of its own, as behind a balancer.

    :param log: where they log; where all logs of the tests go if nothing is said.
    :param more: further variables of their environment.
    """
    settings = house.services.settings
    assert settings.database_url is not None
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")},
        "PYTHONPATH": str(ROOT),
        "YINZHENG_VAR": str(settings.var),
        "YINZHENG_BASE_URL": settings.base_url,
        "YINZHENG_DATABASE_URL": settings.database_url.get_secret_value(),
        "YINZHENG_OBJECTS_URL": str(settings.objects_url),
        "YINZHENG_REDIS_URL": redis_url,
        "YINZHENG_CLIENT_RATE": "100000/minute",
        "YINZHENG_ISOLATE_CHECKS": "false",
        **more,
    }
    ports, said = [free_port() for _ in range(count)], log or output("serve")
    running = [
        subprocess.Popen(
            [*SERVE, "--port", str(port)],
            env=environment,
            cwd=settings.var,
            stdout=said,
            stderr=said,
        )
        for port in ports
    ]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        for url in urls:
            assert came_up(f"{url}/healthz"), "the service did not come up"
        yield urls
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait()
        said.close()


def came_up(url: str, said: str = "", *, process: subprocess.Popen[bytes] | None = None, seconds: int = 60) -> bool:
    """Whether an address answers, and says something, within some seconds and before a process ends."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        try:
            answer = httpx2.get(url, timeout=5)
            if answer.is_success and said in answer.text:
                return True
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    return False
