"""Running the service: ``serve``, ``worker``, ``db``."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated

import typer
from cryptography.hazmat.primitives.serialization import Encoding

from api import logs
from api.builtin_provider import PEOPLE
from api.builtin_provider.links import LIFETIME
from api.clients import Scope
from api.commands.common import console, open_services, write_bytes
from api.commands.progress import progress
from api.errors import DemoNotAloneError, SettingsError
from api.jobs import OUTBOX
from api.metrics import serving_metrics
from api.services import Services
from api.settings import Environment, Settings
from api.starting import StoppedError, once_there
from api.traces import sending_traces
from store.acting import SERVICE
from store.database import Database
from store.errors import YinzhengError
from store.schema import current, upgrade
from trust import LicenceTypes

_BEAT = "/tmp/yinzheng-worker.beat"  # noqa: S108  holds nothing: its age tells the container's health check

database = typer.Typer(no_args_is_help=True, help="数据库 The database.")


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="监听端口 Port to listen on.")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="首次启动时装入演示数据 Fill in demo data on the first start.")
    ] = False,
) -> None:
    """运行服务：接口与网页。Run the API and the pages."""
    import uvicorn  # noqa: PLC0415  a second of loading that no other command needs

    from api.app import create_app  # noqa: PLC0415  the same

    logs.configure()
    given = {"host": host, "port": port}
    settings = Settings.load(**{name: value for name, value in given.items() if value is not None})
    with _listener(settings) as listener:
        if settings.port == 0:
            settings = Settings.load(host=settings.host, port=listener.getsockname()[1])
        filled = demo and _fill(settings)
        with _ending_well(), open_services(settings) as services:
            _open(services)
            _ = services.provider  # what is wrong with it shows at once
            app = create_app(services, with_worker=settings.environment is Environment.DEVELOPMENT)
            if filled:
                _show_first(services)
            if settings.builtin_provider:
                _print_links(services)
            console.print(f"印证 Yinzheng：http://{settings.host}:{settings.port}/  (OpenAPI: /openapi.json)")
            _tell_missing(services)
            # proxies are api.proxies' to judge
            config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, proxy_headers=False)
            with serving_metrics(services), sending_traces(settings, "api"):
                uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let SIGTERM end this process as its last line would: connections closed, helpers ended, files taken away.

    The server answers the requests that it has, and sends itself the signal again when that is done.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _open(services: Services, stop: Event | None = None) -> None:
    """Open database and keys, as soon as they are there."""
    once_there(lambda: services.keys, seconds=services.settings.start_seconds, told=_waiter(services), stop=stop)


def _waiter(services: Services) -> Callable[[YinzhengError], object]:
    seconds = services.settings.start_seconds
    return lambda error: console.print(
        f"等待（至多 {seconds} 秒）：{error.message_zh}\nWaiting, {seconds} s at the most: {error.message_en}"
    )


def _tell_missing(services: Services) -> None:
    """Name what is missing of the parts that one can start without."""
    for part, error in services.readiness.standing().missing.items():
        console.print(f"缺少 {part}：{error.message_zh}\nMissing, {part}: {error.message_en}")


def _listener(settings: Settings) -> socket.socket:
    """The socket to listen on, so that one that is taken shows before anything is done."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        address = f"{settings.host}:{settings.port}"
        raise SettingsError(problem=f"{address} cannot be listened on: {error.strerror}") from error


def _fill(settings: Settings) -> bool:
    """Fill in demo data, unless they are there, or the register is somebody's own; whether it was done now."""
    from api.demo_data import LICENCES, fill, planned  # noqa: PLC0415  only this needs them

    try:
        with progress("装入演示数据 filling in demo data", planned(LICENCES)) as told:
            return fill(settings, told=told)
    except DemoNotAloneError as error:
        console.print(f"{error.message_zh}\n{error.message_en}")
        return False


def _show_first(services: Services) -> None:
    """What is needed to call the API: a licence to check, the root certificate, and a client's secret, shown once."""
    from api.demo_data.city import COMPANY, HEALTH  # noqa: PLC0415  the same

    out = services.settings.var / "demo"
    licence = services.register.live("business_licence", COMPANY.code)
    if licence is not None:
        write_bytes(out / "business_licence.pdf", services.register.pdf(licence))
    write_bytes(out / "root.pem", services.keys.authority.root.public_bytes(Encoding.PEM))
    new = services.clients.enrol(
        "demo-checker", name="核验系统", scopes=[Scope.CHECK], organisation_code=HEALTH.code, actor="demo"
    )
    console.print(f"证照与根证书 a licence and the root certificate: {out}/")
    if new is not None:
        console.print(f"接口客户端，密钥只显示一次 API client, its secret is shown once:\n   client_id={new.client.id}")
        console.print(f"   client_secret={new.secret}")


def _print_links(services: Services) -> None:
    """Links by which one signs in as somebody of the demo."""
    minutes = int(LIFETIME.total_seconds() // 60)
    console.print(f"一次性登录链接（{minutes} 分钟内有效）Links to sign in once, within {minutes} minutes:")
    for person in PEOPLE.values():
        console.print(f"   {person.name}  {person.zh} {person.en}\n      {services.sign_in_links.make(person)}")


def worker() -> None:
    """执行后台任务与定时任务，直至收到停止信号。Do all scheduled work (see jobs list) until told to stop.

    可在多台机器上同时运行。May run on several machines at once.
    """
    logs.configure()
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    with (
        open_services() as services,
        suppress(StoppedError),
        serving_metrics(services),
        sending_traces(services.settings, "worker"),
    ):
        _open(services, stop)
        console.print("后台任务已启动。The worker runs.")
        _tell_missing(services)
        threads = services.work(stop, beat=_beat)
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()


def _beat(job: str) -> None:
    if job == OUTBOX:
        Path(_BEAT).touch()


@database.command("upgrade")
def upgrade_database() -> None:
    """将数据库结构升级到本版本。Bring the schema to this version."""
    with open_services() as services:
        target = Database(services.database_address, acting=SERVICE)
        try:
            seconds = services.settings.start_seconds
            before = once_there(lambda: current(target), seconds=seconds, told=_waiter(services))
            upgrade(target)
            console.print(f"数据库结构 schema: {before or '空 empty'} → {current(target)}")
            for made in LicenceTypes(target, services.clock).seed():
                console.print(f"证照类型 licence type: {made.name_zh} {made.slug} v{made.version} {made.state.zh}")
        finally:
            target.close()
