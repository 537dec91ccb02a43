"""Seal data and seal signatures whose parts are bent one by one: an error with a code each time, and never trusted."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from der_tree import bent, parse
from esl_house import ANCHORS, DRAFT, NOW, OTHERS, USER, form_1, form_4, information, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.commands.esl import to_json
from keys.sm2 import sm3
from seal.esl import read_esl
from seal.esl_checks import SignatureState, check_esl
from seal.esl_errors import EslTooLargeError, EslUnreadableError, EslVersionUnknownError
from seal.ses_signature import check_ses_signature, make_ses_signature, read_ses_signature
from store.clock import FixedClock
from verify.anchors import TrustAnchors
from verify.detached import check_detached
from verify.trust import SealMakerTrust

EXPECTED = (EslUnreadableError, EslTooLargeError, EslVersionUnknownError)
DIGEST = sm3(b"data")
SIGNED_AT = DRAFT.created_at + timedelta(days=1)
SEAL = make()
SIGNATURE = make_ses_signature(
    SEAL, DIGEST, property_info="data", certificate=USER.der, sign=USER.key.sign, at=SIGNED_AT
)
SEALS = [
    SEAL.encoded,
    form_4(information()),
    form_1(information(version=1, oldest=True)),
    form_4(information(version=5)),
]
MAKERS = SealMakerTrust(TrustAnchors.of([*ANCHORS, *OTHERS]))
RUNAWAY_SECONDS = 60.0
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(data: bytes, original: bytes) -> None:
    """Reading and checking ends, in time, with an answer or an error with a code; never with trust."""
    begun = time.thread_time()
    try:
        esl = read_esl(data)
    except EXPECTED:
        pass
    else:
        check = check_esl(esl, at=NOW, anchors=ANCHORS, others=OTHERS)
        json.dumps(to_json(esl, check, FixedClock(NOW)))
        if data != original:
            # what the maker did not sign may differ: the form of the signature's own fields
            assert check.signature is not SignatureState.VALID or not check.sound or esl.signed_part in original
    assert time.thread_time() - begun < RUNAWAY_SECONDS


@pytest.mark.parametrize("number", range(len(SEALS)))
@EXAMPLES
@given(st.data())
def test_seals_of_every_version(number: int, data: st.DataObject) -> None:
    judged(bent(data, SEALS[number]), SEALS[number])


@EXAMPLES
@given(st.data())
def test_the_published_seal(vectors: Path, data: st.DataObject) -> None:
    whole = (vectors / "seal-v4.esl").read_bytes()
    judged(bent(data, whole), whole)


@EXAMPLES
@given(st.data())
def test_seal_signatures(data: st.DataObject) -> None:
    changed = bent(data, SIGNATURE)
    begun = time.thread_time()
    try:
        read = read_ses_signature(changed)
    except EXPECTED:
        pass
    else:
        check = check_ses_signature(read, DIGEST, now=NOW, anchors=ANCHORS, others=OTHERS)
        verdict = check_detached(changed, DIGEST, MAKERS, now=NOW)
        json.dumps(verdict.to_json())
        assert verdict.passed is check.passed is (read.signed_part in SIGNATURE and check.passed)
    assert time.thread_time() - begun < RUNAWAY_SECONDS


def test_nothing_is_lost_in_the_tree() -> None:
    for whole in (*SEALS, SIGNATURE):
        assert parse(whole).encode() == whole


def test_the_makers_of_the_tests_are_trusted() -> None:
    judged(SEAL.encoded, SEAL.encoded)
    assert check_detached(SIGNATURE, DIGEST, MAKERS, now=NOW).passed


@pytest.mark.parametrize("depth", [100, 5000])
@pytest.mark.parametrize("within", [SEAL.encoded, SIGNATURE])
def test_depth_does_no_harm(within: bytes, depth: int) -> None:
    for _ in range(depth):
        within = b"\x30\x84" + len(within).to_bytes(4, "big") + within
    for read in (read_esl, read_ses_signature):
        with pytest.raises(EXPECTED):
            read(within)
