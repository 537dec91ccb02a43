"""Running the service: ``serve``, ``worker``, ``db``."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated

import typer

from api import logs
from api.builtin_provider import PEOPLE
from api.builtin_provider.links import LIFETIME
from api.commands.common import console, open_services
from api.errors import SettingsError
from api.openid import LOOPBACK
from api.services import Services
from api.settings import Environment
from store.acting import SERVICE
from store.database import Database
from store.schema import current, upgrade
from trust import LicenceTypes

_BEAT = "/tmp/yinzheng-worker.beat"  # noqa: S108  holds nothing: its age tells the container's health check

database = typer.Typer(no_args_is_help=True, help="数据库 The database.")


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口 Port to listen on.")] = None,
) -> None:
    """运行服务：接口与核验页面。Run the API and the check page."""
    import uvicorn  # noqa: PLC0415  a second of loading that no other command needs

    from api.app import create_app  # noqa: PLC0415  the same

    logs.configure()
    with open_services() as services:
        settings = services.settings
        _ = services.keys, services.database, services.provider  # what is missing shows at once
        app = create_app(services, with_worker=settings.environment is Environment.DEVELOPMENT)
        address = (host or settings.host, settings.port if port is None else port)
        if settings.builtin_provider:
            if address[0] not in LOOPBACK:
                raise SettingsError(problem="YINZHENG_BUILTIN_PROVIDER works on this machine only")
            _print_links(services)
        console.print(f"印证 Yinzheng：http://{address[0]}:{address[1]}/  (OpenAPI: /openapi.json)")
        uvicorn.run(app, host=address[0], port=address[1], log_config=None, access_log=False, server_header=False)


def _print_links(services: Services) -> None:
    """Links by which one signs in as somebody of the demo."""
    minutes = int(LIFETIME.total_seconds() // 60)
    console.print(f"一次性登录链接（{minutes} 分钟内有效）Links to sign in once, within {minutes} minutes:")
    for person in PEOPLE.values():
        console.print(f"   {person.name}  {person.zh} {person.en}\n      {services.sign_in_links.make(person)}")


def worker() -> None:
    """执行后台任务。Do the jobs that follow from what was committed, until told to stop."""
    logs.configure()
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    with open_services() as services:
        console.print("后台任务已启动。The worker runs.")
        beside = {
            "sequencer": services.keep_ledger,
            "batches": services.batch_worker.run,
            "changes": services.webhooks.run,
            "webhooks": services.webhook_worker.run,
            "expiries": services.watches.run,
            "proofs": services.keep_proofs,
        }
        threads = [Thread(target=run, args=(stop,), name=name) for name, run in beside.items()]
        for thread in threads:
            thread.start()
        try:
            services.worker.run(stop, beat=lambda: Path(_BEAT).touch())
        finally:
            stop.set()
            for thread in threads:
                thread.join()


@database.command("upgrade")
def upgrade_database() -> None:
    """将数据库结构升级到本版本。Bring the schema to this version."""
    with open_services() as services:
        target = Database(services.database_address, acting=SERVICE)
        try:
            before = current(target)
            upgrade(target)
            console.print(f"数据库结构 schema: {before or '空 empty'} → {current(target)}")
            for made in LicenceTypes(target, services.clock).seed():
                console.print(f"证照类型 licence type: {made.name_zh} {made.slug} v{made.version} {made.state.zh}")
        finally:
            target.close()
