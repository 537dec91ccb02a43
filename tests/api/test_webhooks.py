"""Telling others of changes: the feed, webhooks and exports, with receivers that fail, stall, redirect and forge."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.clients import Scope
from api.errors import ClientUnknownError, WebhookAddressError, WebhookUnknownError
from api.webhooks import OVERLAP, Webhooks, signature
from keys import TokenVerifier
from store.clock import FixedClock
from tests.api.conftest import Front
from tests.api.receivers import Receiver
from tests.house import HEALTH, LAW, MARKET, House
from trust import Decision, LicenceSearch
from trust.errors import ExchangeInvalidError
from trust.exchange import LONGEST_LINE, read_export

PROVINCE = "province:3700"


@pytest.fixture
def clients(house: House) -> House:
    """A house with clients of two bodies."""
    for name, code, scope in (
        ("market", MARKET.code, Scope.ISSUE),
        ("health", HEALTH.code, Scope.ISSUE),
        ("province", MARKET.code, Scope.EXCHANGE),
    ):
        house.services.clients.enrol(name, name=name, scopes=[scope], organisation_code=code)
    return house


def told(house: House) -> None:
    """Pass on and deliver what is due."""
    house.services.ledger.sequence()
    house.services.webhooks.pass_on()
    while house.services.webhook_worker.run_once():
        pass


def test_the_feed_has_every_act_in_order_for_whom_it_concerns(clients: House) -> None:
    services = clients.services
    one = clients.issue()
    services.register.suspend(one.identifier, Decision("a", "核查"))
    other = clients.issue("physician_practice_certificate")
    services.register.resume(one.identifier, Decision("a", "无误"))
    services.register.cancel(other.identifier, Decision("a", "申请", LAW))
    services.ledger.sequence()
    everything = services.feed.after(-1)
    assert [(change.identifier, change.act) for change in everything.changes] == [
        (one.identifier, "issue"),
        (one.identifier, "suspend"),
        (other.identifier, "issue"),
        (one.identifier, "resume"),
        (other.identifier, "cancel"),
    ]
    assert one.holder.name not in repr(everything)
    own = services.feed.after(-1, issuer_code=HEALTH.code)
    assert [change.act for change in own.changes] == ["issue", "cancel"]
    assert {change.state for change in own.changes} == {"cancelled"}
    place, acts = -1, []
    while (page := services.feed.after(place, limit=2)).changes:
        acts += [change.act for change in page.changes]
        place = page.next
    assert acts == [change.act for change in everything.changes]


def test_the_feed_over_http_shows_a_client_its_own(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    front.house.services.ledger.sequence()
    mine = front.http.get("/v1/changes", headers=front.issuer).json()
    assert {each["identifier"] for each in mine["changes"]} == {front.licence.identifier}
    assert front.http.get("/v1/changes", params={"after": mine["next"]}, headers=front.issuer).json()["changes"] == []
    assert front.http.get("/v1/changes", headers=front.checker).status_code == 403
    made = front.house.services.clients.enrol("p", name="p", scopes=[Scope.EXCHANGE], organisation_code=MARKET.code)
    assert made is not None
    token = front.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": "p", "client_secret": made.secret},
    ).json()["access_token"]
    everything = front.http.get("/v1/changes", headers={"Authorization": f"Bearer {token}"}).json()["changes"]
    assert [each["identifier"] for each in everything] == [front.licence.identifier, other.identifier]
    for wrong in ({"after": -2}, {"limit": 0}, {"limit": 1001}, {"after": 1 << 62}, {"after": "x"}):
        assert front.http.get("/v1/changes", params=wrong, headers=front.issuer).status_code == 422


def test_readers_miss_nothing_however_late_a_writer_commits(clients: House) -> None:
    licence, services = clients.issue(), clients.services
    seen, place, stop = [], -1, threading.Event()

    def read() -> None:
        nonlocal place
        while True:
            last = stop.is_set()
            services.ledger.sequence()
            page = services.feed.after(place, limit=3)
            seen.extend(change.position for change in page.changes)
            place = page.next
            if last and not page.changes:
                return

    def write(_: int) -> None:
        for act in (services.register.suspend, services.register.resume):
            try:
                act(licence.identifier, Decision("a", "r"))
            except Exception:
                continue

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    stop.set()
    reader.join()
    assert len(seen) == len(set(seen)) == len(services.register.history(licence.identifier))
    assert seen == sorted(seen)


def test_a_change_is_told_once_and_signed(clients: House, receiver: Receiver) -> None:
    made = clients.services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    licence = clients.issue()
    clients.issue("physician_practice_certificate")
    clients.services.register.suspend(licence.identifier, Decision("a", "核查"))
    told(clients)
    told(clients)
    assert receiver.acts == ["issue", "suspend"]
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    for headers, body in receiver.got:
        expected = signature(key, headers["webhook-id"], headers["webhook-timestamp"], body)
        assert headers["webhook-signature"] == expected
        assert licence.holder.name.encode() not in body
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2
    assert made.secret not in repr(made)


def test_nobody_is_told_of_another_body_s_licences(clients: House, receiver: Receiver) -> None:
    clients.services.webhooks.add("health", receiver.url, actor="cli:admin", place=-1)
    clients.issue()
    told(clients)
    assert receiver.got == []


@pytest.mark.parametrize("answer", [500, 404, 302, 204])
def test_what_was_not_heard_comes_again_under_the_same_name(
    clients: House, receiver: Receiver, clock: FixedClock, answer: int
) -> None:
    clients.services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    receiver.answers = [answer]
    clients.issue()
    told(clients)
    assert receiver.got == []
    clock.advance(timedelta(seconds=6))
    told(clients)
    assert receiver.acts == ([] if answer == 204 else ["issue"])


def test_what_nobody_takes_is_kept_and_sent_on_command(clients: House, receiver: Receiver, clock: FixedClock) -> None:
    clients.services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    receiver.answers = [503] * 12
    clients.issue()
    for _ in range(13):
        told(clients)
        clock.advance(timedelta(hours=1))
    (dead,) = clients.services.outbox.dead()
    assert (dead.topic, dead.last_error, receiver.got) == ("webhook.deliver", "api.webhook_failed", [])
    assert clients.services.outbox.revive(dead.id)
    told(clients)
    assert receiver.acts == ["issue"]
    assert clients.services.outbox.dead() == []


def test_all_is_told_again_on_command(clients: House, receiver: Receiver) -> None:
    made = clients.services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    clients.issue()
    told(clients)
    clients.services.webhooks.replay(made.webhook.id, -1)
    told(clients)
    assert receiver.acts == ["issue", "issue"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_secret_is_changed_without_a_gap(clients: House, receiver: Receiver, clock: FixedClock) -> None:
    services = clients.services
    old = services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    new = services.webhooks.rotate(old.webhook.id)
    assert old.secret != new.secret
    licence = clients.issue()
    told(clients)
    clock.advance(OVERLAP)
    services.register.suspend(licence.identifier, Decision("a", "核查"))
    told(clients)
    both, only = (headers["webhook-signature"].split() for headers, _ in receiver.got)
    keys = [base64.b64decode(each.secret.removeprefix("whsec_")) for each in (new, old)]
    headers, body = receiver.got[0]
    assert both == [signature(key, headers["webhook-id"], headers["webhook-timestamp"], body) for key in keys]
    assert len(only) == 1


def test_who_is_gone_is_told_nothing(clients: House, receiver: Receiver) -> None:
    services = clients.services
    made = services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    clients.issue()
    services.ledger.sequence()
    services.webhooks.pass_on()
    services.webhooks.remove(made.webhook.id)
    told(clients)
    assert receiver.got == []
    for act in (services.webhooks.remove, services.webhooks.rotate):
        with pytest.raises(WebhookUnknownError):
            act(made.webhook.id)
    services.webhooks.add("market", receiver.url, actor="cli:admin", place=-1)
    services.clients.suspend("market", actor="cli:admin")
    told(clients)
    assert receiver.got == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://user:pass@example.com/",
        "https://example.com/#x",
        "https:///",
        "https://例.cn/",
        "https://example.com/\n",
        "https://example.com/" + "x" * 500,
        "file:///etc/passwd",
        "",
    ],
)
def test_addresses_that_are_not_asked(clients: House, url: str) -> None:
    with pytest.raises(WebhookAddressError):
        clients.services.webhooks.add("market", url, actor="cli:admin", place=-1)


def test_in_production_this_machine_is_not_asked(clients: House) -> None:
    services = clients.services
    strict = Webhooks(services.database, services.outbox, services.keys.vault, services.clock)
    for host in ("localhost", "127.0.0.1", "[::1]", "127.1.2.3", "x.localhost"):
        with pytest.raises(WebhookAddressError):
            strict.add("market", f"https://{host}/", actor="cli:admin", place=-1)
    assert strict.add("market", "https://example.com/hook", actor="cli:admin", place=-1).webhook.id
    with pytest.raises(ClientUnknownError):
        strict.add("nobody", "https://example.com/", actor="cli:admin", place=-1)


def exported(house: House) -> list[str]:
    return list(house.services.exchange.export(LicenceSearch(), recipient=PROVINCE))


def taken(house: House, lines: list[str], recipient: str = PROVINCE) -> list[str]:
    keys = house.services.keys
    verifier = TokenVerifier(
        keys.token_keys, house.services.clock, issuer=house.services.settings.base_url, maximum_size=LONGEST_LINE
    )
    return [each["identifier"] for each in read_export(lines, verifier, recipient=recipient)]


def test_an_export_is_read_back_whole_and_in_no_other_form(house: House) -> None:
    issued = [house.issue(slug).identifier for slug in ("business_licence", "physician_practice_certificate")]
    lines = exported(house)
    assert taken(house, lines) == issued[::-1]
    first, second, manifest = lines
    broken = {
        "a line left out": [first, manifest],
        "another order": [second, first, manifest],
        "a line twice": [first, first, second, manifest],
        "no manifest": [first, second],
        "more after the manifest": [*lines, first],
        "two manifests": [*lines, manifest],
        "the manifest of another export": [first, exported(house)[-1]],
        "a manifest as a licence": [first, second, manifest.replace("manifest", "licence")],
        "a licence as a manifest": [first, second.replace("licence", "manifest")],
        "a changed signature": [first[:-10] + "AAAA" + first[-6:], second, manifest],
        "no line end": [first, second, manifest.rstrip()],
        "no JSON": ["{" * 5000 + "\n", *lines],
        "huge": ['{"licence": "' + "A" * LONGEST_LINE + '"}\n', *lines],
        "nothing": [],
    }
    for what, changed in broken.items():
        with pytest.raises(ExchangeInvalidError):
            pytest.fail(f"{what}: {taken(house, changed)}")
    with pytest.raises(ExchangeInvalidError):
        taken(house, lines, recipient="province:9900")
