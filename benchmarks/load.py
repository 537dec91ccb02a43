"""A city at work, as an open loop: checks by identifier, codes that are shown and redeemed, PDFs, and licences issued.

One and then two processes of the service with its background work, on a PostgreSQL and a Redis of their own. How much
they can do is measured first, by clients that ask again as soon as they have an answer. Then work arrives at shares of
that, at random moments that wait for nobody; latencies count from the moment of arrival. Afterwards what was answered
is held to what is on record, and the doctor examines everything.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import sqlalchemy as sa
from pydantic import SecretStr

from api.clients import ClientTerms, Scope
from api.demo_data.fields import business_licence
from api.demo_data.invention import Invention
from api.doctor import DoctorOrder
from api.services import Services
from api.settings import Settings
from benchmarks.wire import Connection, request
from store.acting import crossing
from store.database import Database
from store.embedded import EmbeddedPostgres
from store.schema import upgrade
from tests.house import HEALTH, MARKET, House
from tests.live import processes
from tests.store.redis_server import RedisServer

MIX = {"identifier": 80, "presentation": 10, "pdf": 5, "issue": 5}
"""Of a hundred pieces of work."""
PROCESSES = (1, 2)
SHARES = (0.25, 0.5, 0.7)
SECONDS = 60.0
CAPACITY_SECONDS = 20.0
AT_ONCE = 32
"""Clients that find out how much can be done."""
MOST_OPEN = 512
"""Work that may be waiting at the same time; what arrives beyond that counts as an error."""
KEPT_SECONDS = 3.0
"""For how long a connection is kept that nobody uses; the server closes it after five."""
LICENCES = 100
_CASE = {"service_item": "370200-0131-001", "case_number": "2026-11-0001"}
_TERMS = ClientTerms(rate="999999/second")


@dataclass
class Tally:
    """What came of the work."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in MIX})
    errors: Counter[str] = field(default_factory=Counter)


@dataclass
class Desk:
    """All that work needs, and what was answered over all runs."""

    house: House
    ports: Sequence[int]
    checker: str
    issuer: str
    shown: Sequence[tuple[str, str]]
    """Tokens of wallets, each with the licence that it shows."""
    licences: Sequence[tuple[str, str, bytes]]
    """Identifier, holder's code, and PDF."""
    invent: Invention = field(default_factory=lambda: Invention(8))
    chance: random.Random = field(default_factory=lambda: random.Random(8))
    answered: Counter[str] = field(default_factory=Counter)
    issued: dict[str, str] = field(default_factory=dict)
    """Identifiers by idempotency key."""
    free: list[list[tuple[Connection, float]]] = field(default_factory=list)

    async def one(self, kind: str) -> str | None:
        """A piece of work from beginning to end; what went wrong, if something did."""
        at = self.chance.randrange(len(self.ports))
        connection = await self._connection(at)
        try:
            wrong: str | None = await getattr(self, f"_{kind}")(connection)
        except (OSError, EOFError) as error:
            return type(error).__name__
        self.free[at].append((connection, time.perf_counter()))
        if wrong is None:
            self.answered[kind] += 1
        return wrong

    async def _connection(self, at: int) -> Connection:
        while self.free[at]:
            connection, since = self.free[at].pop()
            if time.perf_counter() - since < KEPT_SECONDS:
                return connection
        return await Connection.to(self.ports[at])

    async def _identifier(self, connection: Connection) -> str | None:
        identifier, holder, _ = self.chance.choice(self.licences)
        body = json.dumps({**_CASE, "identifier": identifier, "holder": holder}).encode()
        return _judged(
            *await connection.ask(request("POST", "/v1/checks/identifier", body, Authorization=self.checker))
        )

    async def _presentation(self, connection: Connection) -> str | None:
        token, identifier = self.chance.choice(self.shown)
        wanted = json.dumps({"identifier": identifier, "purpose": "开户"}).encode()
        status, made = await connection.ask(request("POST", "/v1/wallet/presentations", wanted, Authorization=token))
        if status != 201:
            return str(status)
        body = json.dumps({**_CASE, "token": json.loads(made)["token"]}).encode()
        asked = request("POST", "/v1/checks/presentation", body, Authorization=self.checker)
        return _judged(*await connection.ask(asked))

    async def _pdf(self, connection: Connection) -> str | None:
        _, _, pdf = self.chance.choice(self.licences)
        path = f"/v1/checks/pdf?service_item={_CASE['service_item']}&case_number={_CASE['case_number']}"
        return _judged(
            *await connection.ask(request("POST", path, pdf, kind="application/pdf", Authorization=self.checker))
        )

    async def _issue(self, connection: Connection) -> str | None:
        fields = business_licence(self.invent, datetime.now(UTC).date())
        body, key = json.dumps({"type": "business_licence", "fields": fields}).encode(), str(uuid4())
        asked = request("POST", "/v1/licences", body, Authorization=self.issuer, Idempotency_Key=key)
        status, answer = await connection.ask(asked)
        if status != 201:
            return str(status)
        self.issued[key] = json.loads(answer)["identifier"]
        return None


def _judged(status: int, answer: bytes) -> str | None:
    if status != 200:
        return str(status)
    verdict: str = json.loads(answer)["verdict"]
    return None if verdict == "TOTAL_PASSED" else verdict


def main() -> None:
    """The tables."""
    for count in PROCESSES:
        with TemporaryDirectory(prefix="yinzheng-bench-") as name:
            directory = Path(name)
            directory.chmod(0o755)
            redis = RedisServer(directory)
            redis.start()
            try:
                with EmbeddedPostgres(directory / "postgres") as postgres:
                    _run(count, directory, postgres.url, redis.url)
            finally:
                redis.kill()


def _run(count: int, directory: Path, database_url: str, redis_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    database.close()
    settings = Settings(
        var=directory, database_url=SecretStr(database_url), objects_url=(directory / "objects").as_uri()
    )
    with Services(settings) as services:
        house = House(services)
        desk = _furnished(house)
        log = (directory / "serve.log").open("wb")
        with processes(count, house, redis_url, log=log, YINZHENG_ISOLATE_CHECKS="true") as urls:
            desk.ports = [int(url.rpartition(":")[2]) for url in urls]
            desk.free = [[] for _ in desk.ports]
            asyncio.run(_measure(desk, count))
        _audit(desk)


def _furnished(house: House) -> Desk:
    services, clients = house.services, house.services.clients
    house.publish_items()
    invent = Invention(7)
    today = datetime.now(UTC).date()
    licences = [house.issue(**business_licence(invent, today)) for _ in range(LICENCES)]

    def token(name: str, scope: Scope, **more: str | bytes) -> str:
        new = clients.enrol(name, name=name, scopes=[scope], terms=_TERMS, **more)  # type: ignore[arg-type]
        assert new is not None
        return f"Bearer {clients.token(new.client)}"

    wallets = [
        (token(f"wallet-{number}", Scope.HOLD, holder=each.holder_index), each.identifier)
        for number, each in enumerate(licences[:20])
    ]
    return Desk(
        house,
        (),
        token("checker", Scope.CHECK, organisation_code=HEALTH.code),
        token("issuer", Scope.ISSUE, organisation_code=MARKET.code),
        wallets,
        [(each.identifier, each.holder.code, services.register.pdf(each)) for each in licences],
    )


async def _measure(desk: Desk, count: int) -> None:
    await _closed(desk, 5.0)
    capacity = await _closed(desk, CAPACITY_SECONDS)
    print(f"{count} process{'es' if count > 1 else ''}: {capacity:.0f} pieces of work a second at most")
    print(f"{'':>6}{'':>14}{'done':>8}{'median':>10}{'95 %':>10}{'99 %':>10}{'errors':>8}")
    for share in SHARES:
        tally = await _open(desk, capacity * share)
        for kind, seconds in tally.seconds.items():
            found = sorted(seconds)
            shown = [f"{found[int(len(found) * at)] * 1e3:7.0f} ms" for at in (0.5, 0.95, 0.99)] if found else ["—"] * 3
            wrong = sum(number for what, number in tally.errors.items() if what.startswith(f"{kind} "))
            print(f"{share:6.0%}{kind:>14}{len(found):8}{''.join(f'{each:>10}' for each in shown)}{wrong:8}")
        if tally.errors:
            print(f"       {dict(tally.errors)}")


def _kinds(chance: random.Random) -> Callable[[], str]:
    kinds, weights = list(MIX), list(MIX.values())
    return lambda: chance.choices(kinds, weights)[0]


async def _closed(desk: Desk, seconds: float) -> float:
    """Pieces of work a second, by clients that begin the next as soon as one is done."""
    ends, done, kind = time.perf_counter() + seconds, 0, _kinds(random.Random(1))

    async def work_on() -> None:
        nonlocal done
        while time.perf_counter() < ends:
            wrong = await desk.one(kind())
            assert wrong is None, wrong
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(work_on() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - started)


async def _open(desk: Desk, rate: float) -> Tally:
    """Work that arrives at random at a rate, whether or not what came before is done."""
    tally, chance, begun = Tally(), random.Random(2), set[asyncio.Task[None]]()
    kind = _kinds(chance)

    async def one(what: str, arrived: float) -> None:
        wrong = await desk.one(what)
        if wrong is None:
            tally.seconds[what].append(time.perf_counter() - arrived)
        else:
            tally.errors[f"{what} {wrong}"] += 1

    due, ends = time.perf_counter(), time.perf_counter() + SECONDS
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        what = kind()
        if len(begun) < MOST_OPEN:
            task = asyncio.create_task(one(what, due))
            begun.add(task)
            task.add_done_callback(begun.discard)
        else:
            tally.errors[f"{what} not begun"] += 1
        due += chance.expovariate(rate)
    await asyncio.gather(*begun)
    return tally


def _audit(desk: Desk) -> None:
    """What was answered is on record, once; and the doctor finds nothing."""
    services = desk.house.services
    counted = "SELECT evidence, count(*) FROM check_record GROUP BY evidence"
    with crossing(), services.database.transaction() as session:
        records = {row.evidence: row.count for row in session.execute(sa.text(counted))}
        licences = session.scalar(sa.text("SELECT count(*) FROM licence"))
        redeemed = session.scalar(sa.text("SELECT count(*) FROM presentation WHERE redeemed_at IS NOT NULL"))
    lost = {
        "identifier": desk.answered["identifier"] - records.get("identifier", 0),
        "pdf": desk.answered["pdf"] - records.get("pdf", 0),
        "presentation": desk.answered["presentation"] - (redeemed or 0),
        "issue": LICENCES + len(set(desk.issued.values())) - (licences or 0),
    }
    print(f"answered {sum(desk.answered.values()):,}; answered less on record, by kind: {lost}")
    services.ledger.sequence()
    found = services.doctor.examine(DoctorOrder(), told=lambda *_: None)
    print(f"the doctor: {'sound' if found.sound else dict(found.findings.counts)}")


if __name__ == "__main__":
    main()
