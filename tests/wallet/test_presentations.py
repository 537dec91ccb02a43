"""Showing a licence: short-lived, good once, for one body where the holder says so."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import zxingcpp
from PIL import Image

from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import HEALTH, MARKET, House
from trust import Decision, Licence
from wallet import Presentation
from wallet.errors import (
    NotInWalletError,
    NotPresentableError,
    PresentationAudienceError,
    PresentationExpiredError,
    PresentationInvalidError,
    PresentationUsedError,
    PurposeInvalidError,
)


def shown(house: House, licence: Licence, **more: str) -> Presentation:
    return house.services.presentations.present(licence.holder_index, licence.identifier, purpose="办理贷款", **more)


def test_a_code_read_from_its_picture_is_redeemed_once(house: House) -> None:
    licence = house.issue()
    presentation = shown(house, licence)
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(presentation.qr_png())))
    assert code.text == presentation.token
    redeemed = house.services.presentations.redeem(code.text, by=HEALTH.code)
    assert (redeemed.identifier, redeemed.purpose) == (licence.identifier, "办理贷款")
    with pytest.raises(PresentationUsedError):
        house.services.presentations.redeem(code.text, by=HEALTH.code)


def test_of_fifty_readers_at_once_one_wins(house: House) -> None:
    token = shown(house, house.issue()).token

    def redeem(_: int) -> str:
        try:
            return house.services.presentations.redeem(token, by=HEALTH.code).purpose
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(50) as pool:
        results = sorted(pool.map(redeem, range(50)))
    assert results == ["presentation.already_used"] * 49 + ["办理贷款"]


def test_a_code_is_worth_nothing_after_sixty_seconds(house: House, clock: FixedClock) -> None:
    presentation = shown(house, house.issue())
    clock.advance(timedelta(seconds=60))
    with pytest.raises(PresentationExpiredError):
        house.services.presentations.redeem(presentation.token, by=HEALTH.code)


def test_only_the_named_body_can_redeem_and_others_do_not_use_it_up(house: House) -> None:
    presentation = shown(house, house.issue(), audience=MARKET.code)
    with pytest.raises(PresentationAudienceError):
        house.services.presentations.redeem(presentation.token, by=HEALTH.code)
    assert house.services.presentations.redeem(presentation.token, by=MARKET.code)


def test_what_does_not_hold_cannot_be_shown(house: House) -> None:
    licence = house.issue()
    house.services.register.suspend(licence.identifier, Decision("a", "r"))
    with pytest.raises(NotPresentableError):
        shown(house, licence)


def test_nobody_shows_anothers_licence(house: House) -> None:
    company, physician = house.issue(), house.issue("physician_practice_certificate")
    with pytest.raises(NotInWalletError):
        house.services.presentations.present(physician.holder_index, company.identifier, purpose="x")


@pytest.mark.parametrize("purpose", ["", "  ", "长" * 101, "a\x00b", "a\u202eb"])
def test_a_purpose_has_to_be_told(house: House, purpose: str) -> None:
    licence = house.issue()
    with pytest.raises(PurposeInvalidError):
        house.services.presentations.present(licence.holder_index, licence.identifier, purpose=purpose)


def test_forged_changed_and_foreign_tokens_are_refused(house: House) -> None:
    token = shown(house, house.issue()).token
    header, payload, signature = token.split(".")
    access = house.services.keys.signer.sign(
        {"sub": "x"}, typ="at+jwt", audience="yinzheng:check", lifetime=timedelta(minutes=1)
    )
    unknown = house.services.keys.signer.sign(
        {"sub": "x"}, typ="licence-presentation+jwt", audience="yinzheng:check", lifetime=timedelta(minutes=1)
    )
    changed = f"{header}.{payload[:-2]}{'A' if payload[-2] != 'A' else 'B'}{payload[-1]}.{signature}"
    for wrong in ("", "x", "a.b.c", token + "\n", token[:-1], changed, f"{header}.{payload}.", access, unknown):
        with pytest.raises(PresentationInvalidError):
            house.services.presentations.redeem(wrong, by=HEALTH.code)
