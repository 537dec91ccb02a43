"""Verdicts, and the catalogue of reasons that they are made of."""

from __future__ import annotations

import itertools
import json
import re
import string
from datetime import datetime, timedelta, timezone

import pytest

from tests.verify.conftest import Inspect
from tests.verify.pki import NOW
from verify.reasons import CATALOGUE, Text, reason
from verify.verdict import Indication, SubIndication, main_reason, verdict, worst


def parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_most_severe_indication_decides() -> None:
    passed, failed, unsure = reason("seal.valid"), reason("register.revoked"), reason("register.suspended")
    for order in itertools.permutations((passed, failed, unsure)):
        assert verdict(order, checked_at=NOW).indication is Indication.TOTAL_FAILED
        assert worst(each.indication for each in order) is Indication.TOTAL_FAILED
    assert verdict((passed, unsure), checked_at=NOW).indication is Indication.INDETERMINATE
    assert verdict((passed,), checked_at=NOW).indication is Indication.TOTAL_PASSED
    assert worst(()) is Indication.TOTAL_PASSED


def test_a_verdict_without_a_reason_is_none() -> None:
    with pytest.raises(ValueError, match="reason"):
        verdict([], checked_at=NOW)


def test_an_intact_file_of_a_revoked_licence_fails_and_says_so() -> None:
    found = verdict([reason("seal.valid"), reason("register.revoked")], checked_at=NOW)
    assert found.indication is Indication.TOTAL_FAILED
    assert found.sub_indication is SubIndication.REVOKED
    assert [(item.code, item.rests_on) for item in found.reasons] == [
        ("seal.valid", "pdf"),
        ("register.revoked", "register"),
    ]


def test_the_first_of_the_most_severe_reasons_speaks_for_all() -> None:
    reasons = [
        reason("seal.valid"),
        reason("register.suspended"),
        reason("signature.hash_mismatch"),
        reason("seal.missing"),
    ]
    chief = main_reason(reasons)
    assert chief is not None
    assert chief.code == "signature.hash_mismatch"


def test_a_verdict_becomes_json_with_the_keys_that_are_promised(sealed_pdf: bytes, licence: Inspect) -> None:
    evidence = licence(sealed_pdf)
    found = verdict(evidence.reasons, checked_at=NOW, signatures=evidence.signatures, document_digest="00")
    shown = json.loads(json.dumps(found.to_json(), ensure_ascii=False))
    assert {"verdict", "reasons", "signatures", "licence"} <= set(shown)
    assert shown["verdict"] == "TOTAL_PASSED"
    assert {"code", "message_zh", "message_en"} <= set(shown["reasons"][0])
    assert shown["signatures"][0]["coverage"] == "whole_file"


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_reason_is_worded_in_both_languages_with_the_same_parameters(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", code)
    assert parameters(entry.zh) == parameters(entry.en)
    assert re.search(r"[\u4e00-\u9fff]", entry.zh)
    assert not re.search(r"[\u4e00-\u9fff]", entry.en)
    assert entry.zh.endswith("。")
    assert entry.en.endswith(".")
    made = reason(code, **dict.fromkeys(parameters(entry.zh), Text("中文", "English")))
    assert "English" not in made.message_zh
    assert "中文" not in made.message_en


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_reason_against_something_has_a_sub_indication(code: str) -> None:
    entry = CATALOGUE[code]
    assert (entry.sub_indication is None) == (entry.indication is Indication.TOTAL_PASSED)


def test_a_code_that_does_not_exist_and_a_parameter_that_is_missing_are_errors() -> None:
    with pytest.raises(KeyError):
        reason("no.such_code")
    with pytest.raises(KeyError, match="until"):
        reason("offline.valid")


def test_a_moment_is_told_in_utc_to_the_second() -> None:
    moment = datetime(2026, 11, 28, 8, 0, 1, 999_999, tzinfo=timezone(timedelta(hours=8)))
    said = reason("offline.valid", until=moment)
    assert "2026-11-28 00:00:01Z 前有效" in said.message_zh
    assert "until 2026-11-28 00:00:01Z." in said.message_en
