"""New versions of a licence (更正、变更、延续): what was sealed is never edited, so another version takes its place.

The new version has the identifier of the old one with the version number that follows, is laid out and sealed like any
licence, and enters the register in the same transaction that takes the old one out of force. Of two changes at once one
is made; the other is told that the licence has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from store.clock import Clock
from store.database import Database
from trust.catalogue import Catalogue
from trust.content import LicenceContent
from trust.decisions import Decision
from trust.errors import HolderChangedError, NothingChangedError
from trust.identifier import LicenceIdentifier
from trust.issuing import Issued, Issuing
from trust.licence import NEW_VERSION, Act, Licence
from trust.register import Register, local_date
from trust.validation import CheckedFields, check_fields


@dataclass(frozen=True)
class ChangeOrder:
    """Which licence is to say what from now on, and why."""

    identifier: str
    act: Act
    """CORRECT, CHANGE or RENEW."""
    fields: Mapping[str, Any]
    """The fields that are to be different; the others stay as they are."""
    decision: Decision
    issue_date: date | None = None
    """Of the new version; defaults to today. A correction keeps the date of what it corrects."""


class Changing:
    """Puts new versions of licences in the place of old ones."""

    def __init__(
        self,
        *,
        database: Database,
        catalogue: Catalogue,
        register: Register,
        issuing: Issuing,
        clock: Clock,
        check_url: str,
    ) -> None:
        """:param check_url: where QR codes lead; the licence's identifier is appended."""
        self._database = database
        self._catalogue = catalogue
        self._register = register
        self._issuing = issuing
        self._clock = clock
        self._check_url = check_url

    def change(self, order: ChangeOrder) -> Issued:
        """Make a new version of a licence.

        :raises LicenceUnknownError: the register has none with this identifier.
        :raises ActRefusedError: its state does not allow it.
        :raises LicenceChangedError: somebody changed it meanwhile, or after the caller had looked at it.
        :raises FieldsInvalidError: the fields cannot be taken; lists all that is wrong.
        :raises NothingChangedError: it would say what it says already.
        :raises HolderChangedError: it would have another holder.
        :raises NumberInUseError: another licence of the type holds with the new number.
        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        :raises OnceKeyReusedError: the decision's mark was used for another one.
        :raises YinzhengError: what laying out, sealing or keeping it raises.
        """
        if order.act not in NEW_VERSION:
            raise ValueError(f"{order.act} makes no new version")
        order.decision.check_for(order.act)
        done = self._issuing.done(order.decision.once)
        if done is not None:
            return Issued(done, created=False)
        old = self._register.get(order.identifier)
        self._register.check_possible(old, order.act, order.decision)
        [content] = self._issuing.referenced([self._content(old, self._checked(old, order))])
        seal = self._issuing.seal_for(content.type, old.issuer_code)
        sealed = self._issuing.produce(content, seal, actor=order.decision.actor, reason=_reason(order, content))
        with self._database.transaction() as session:
            earlier = self._issuing.settled(session, order.decision.once, content, sealed.sealed_at)
            if earlier is not None:
                return Issued(earlier, created=False)
            before = self._register.supersede(session, old, order.act, order.decision, successor=content.identifier)
            licence = self._issuing.enter(session, content, seal, sealed, actor=order.decision.actor, supersedes=before)
        return Issued(licence, created=True)

    def _checked(self, old: Licence, order: ChangeOrder) -> CheckedFields:
        today = local_date(self._clock.now())
        issue_date = order.issue_date or (old.issue_date if order.act is Act.CORRECT else today)
        fields = {key: value for key, value in {**old.fields, **order.fields}.items() if value is not None}
        checked = check_fields(self._catalogue.get(old.type.slug), fields, issue_date=issue_date, today=today)
        before, after = ({each.code for each in (it.holder, *it.co_holders)} for it in (old, checked))
        if before != after:
            raise HolderChangedError
        same_term = (checked.valid_from, checked.valid_until) == (old.valid_from, old.valid_until)
        if dict(checked.fields) == dict(old.fields) and same_term:
            raise NothingChangedError(act=order.act.value, act_zh=order.act.zh)
        return checked

    def _content(self, old: Licence, checked: CheckedFields) -> LicenceContent:
        identifier = LicenceIdentifier.parse(old.identifier).next_version()
        return checked.content(
            identifier=identifier,
            issuer_name=old.issuer_name,
            issuer_code=old.issuer_code,
            check_url=f"{self._check_url}{identifier}",
        )


def _reason(order: ChangeOrder, content: LicenceContent) -> str:
    return f"{order.act.zh}{content.type.name_zh}"
