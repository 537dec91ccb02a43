"""What the wallet's pages share: for whom one acts, within which limits, and forms that are taken once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import HTMLResponse

from api.languages import Language, words_of
from api.pages.frame import Area, show
from api.services import Services
from store.errors import YinzhengError
from store.once import Once, settle
from trust import Licence, LicenceType
from wallet import Acting, Capacity, ConsentRequest, GivenConsent, RequestState, WalletAct

FormKey = Annotated[str, Form(alias="once", max_length=64, pattern="^[0-9a-f]{32}$")]
"""The hidden field that :func:`taken_before` asks about."""


def show_wallet(
    request: Request,
    services: Services,
    acting: Acting,
    template: str,
    *,
    here: str | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page of the wallet, which says for whom one acts where that is not oneself.

    Its template gets ``acting``, ``may`` (the names of what may be done at all) and ``once`` for its forms.
    """
    waiting = len(answerable(services, acting))
    return show(
        request,
        template,
        area=Area.WALLET,
        here=here,
        counts={"wallet_consents": waiting} if waiting else {},
        status=status,
        acting=acting,
        acting_for_other=acting.capacity is not Capacity.HOLDER,
        may={each.value for each in WalletAct if acting.permits(each)},
        once=secrets.token_hex(16),
        **values,
    )


def taken_before(services: Services, acting: Acting, key: str) -> bool:
    """Whether a form came before, by a second click or a reload; of two at the same moment one is the first."""
    scope = f"page:{acting.holder.value.hex()}:{acting.by}"
    once = Once(scope, key, hashlib.sha256(key.encode()).hexdigest())
    with services.database.transaction() as session:
        return settle(session, once, "taken", services.clock.now()) is not None


def told(request: Request, error: YinzhengError) -> dict[str, str]:
    """What a form says of an error, for the template."""
    return {"problem": words_of(request, error), "code": error.code}


def type_name(language: Language, licence_type: LicenceType) -> str:
    """The name of a licence type."""
    return licence_type.name_zh if language == "zh" else licence_type.name_en


def visible(acting: Acting, slug: str) -> bool:
    """Whether licences of a type are shown at all to who acts: to look at, or to be chosen for a code."""
    return any(acting.permits(each, licence_type=slug) for each in (WalletAct.VIEW, WalletAct.PRESENT))


def answerable(services: Services, acting: Acting) -> list[ConsentRequest]:
    """The requests that wait for an answer which who acts may give."""
    found = services.consent_requests.of_holder(acting.holder) if acting.permits(WalletAct.CONSENT) else []
    return [each for each in found if each.state is RequestState.OPEN and may_see_request(acting, each)]


def may_see_request(acting: Acting, request: ConsentRequest) -> bool:
    """Whether a request is for an item, and at least one licence type, within the limits of who acts."""
    item = request.asked.service_item
    return any(acting.permits(WalletAct.CONSENT, licence_type=slug, service_item=item) for slug in request.asked.wanted)


def may_consent(acting: Acting, slugs: Iterable[str], service_item: str) -> bool:
    """Whether all licence types that a consent or a refusal is about are within the limits of who acts."""
    return all(acting.permits(WalletAct.CONSENT, licence_type=each, service_item=service_item) for each in slugs)


def licences_of(services: Services, given: Iterable[GivenConsent]) -> dict[str, Licence]:
    """The licences that consents are about, by identifier."""
    return dict(services.register.get_many(sorted({key for each in given for key in each.terms.licences})))
