"""Metrics, as Prometheus reads them, and the rules of alerts that rest on them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as families

from api.errors import SettingsError
from api.metrics import serving_metrics
from api.settings import Settings
from store.database import DatabaseUnavailableError
from store.schedule import JobOutcome
from tests.api.conftest import CASE, Front

RULES = Path(__file__).parents[2] / "deploy" / "alerts.yml"
GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def watched(shared: Front, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setattr(shared.house.services.settings, "metrics_port", 0)
    return shared


def read(port: int | None) -> dict[str, dict[tuple[str, ...], float]]:
    """Samples by name, then by the values of their labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_what_happens_is_counted_and_the_rules_name_what_there_is(watched: Front) -> None:
    licence = watched.house.issue()
    with serving_metrics(watched.house.services) as port:
        before = read(port)
        body = {**CASE, "identifier": licence.identifier, "holder": licence.holder.code}
        assert watched.http.post("/v1/checks/identifier", json=body, headers=watched.checker).status_code == 200
        assert watched.http.request("PROPFIND", "/v1/x").status_code in {404, 405}
        watched.house.services.schedule.run("status-lists")
        after = read(port)
    passed = ("identifier", "TOTAL_PASSED")
    assert after["yinzheng_checks_total"][passed] == before.get("yinzheng_checks_total", {}).get(passed, 0) + 1
    assert after["yinzheng_check_reasons_total"][("register.valid",)] >= 1
    assert after["yinzheng_http_requests_total"][("POST", "/v1/checks/identifier", "200")] >= 1
    assert any(labels[0] == "other" for labels in after["yinzheng_http_requests_total"])
    assert after["yinzheng_seal_uses_total"][("sealed",)] >= 1
    assert after["yinzheng_time_stamp_seconds_count"][("stamped",)] >= 1
    assert after["yinzheng_signature_seconds_count"][("soft",)] >= 1
    assert after["yinzheng_database_up"][()] == 1
    assert after["yinzheng_certificate_days_left"][("timestamp",)] > 0
    assert after["yinzheng_job_age_seconds"][("status-lists",)] >= 0
    assert after["yinzheng_job_failing"][("status-lists",)] == 0
    assert watched.house.services.schedule.state("status-lists").outcome == JobOutcome.DONE
    named = set(re.findall(r"yinzheng_[a-z_]+", RULES.read_text("utf-8")))
    assert named <= after.keys()
    explained = set(re.findall(r"`(yinzheng_[a-z_]+)`", GUIDE.read_text("utf-8")))
    shown = {re.sub("_(bucket|count|sum)$", "", each) for each in after if not each.endswith("_created")}
    assert shown == explained


def test_metrics_tell_nothing_about_anybody(watched: Front) -> None:
    licence = watched.house.issue()
    watched.http.get(f"/v1/licences/{licence.identifier}", headers=watched.issuer)
    watched.http.get("/no/such/place/37020019900101001X")
    with serving_metrics(watched.house.services) as port, urlopen(f"http://127.0.0.1:{port}/") as answer:
        text = answer.read().decode()
    assert licence.identifier not in text
    assert licence.holder.code not in text
    assert "37020019900101001X" not in text
    assert "checker" not in text


def test_without_the_database_the_rest_is_still_given_out(watched: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise DatabaseUnavailableError

    monkeypatch.setattr(watched.house.services.outbox, "waiting", away)
    with serving_metrics(watched.house.services) as port:
        found = read(port)
    assert found["yinzheng_database_up"][()] == 0
    assert "yinzheng_outbox_jobs" not in found
    assert found["yinzheng_http_requests_total"]


def test_a_port_that_is_taken_is_said(watched: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(watched.house.services.settings, "metrics_port", taken.getsockname()[1])
        with pytest.raises(SettingsError, match="cannot be listened on"), serving_metrics(watched.house.services):
            pass


def test_rules_say_what_is_wrong_and_what_to_do() -> None:
    rules = yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]
    assert len({each["alert"] for each in rules}) == len(rules)
    for each in rules:
        assert each["labels"]["severity"] in {"warning", "critical"}
        assert each["annotations"].keys() == {"summary", "action"}


def test_every_setting_is_in_the_guide() -> None:
    guides = "".join(each.read_text("utf-8") for each in GUIDE.parent.glob("*.md"))
    missing = [name for name in Settings.model_fields if f"YINZHENG_{name.upper()}" not in guides]
    assert missing == []
