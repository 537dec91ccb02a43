"""Issuing several licences in one go, for batches: what is the same for all is asked for and written down once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from trust.catalogue import Catalogue
from trust.issuing import IssueOrder, Issuing
from trust.licence import Licence
from trust.licence_types import require_published
from trust.register import Register, local_date
from trust.validation import check_fields


class NotTogetherError(Exception):
    """Each of the licences has to be issued by itself; nothing has been done for any."""


class IssuingTogether:
    """Issues licences that differ in their fields only. All come to exist in one transaction, or none does."""

    def __init__(
        self, *, database: Database, catalogue: Catalogue, register: Register, issuing: Issuing, clock: Clock
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._register = register
        self._issuing = issuing
        self._clock = clock

    def issue(self, orders: Sequence[IssueOrder], *, also: Callable[[Session, Sequence[Licence]], None]) -> None:
        """Issue licences.

        :param orders: of one type, by one issuer, for one day and one actor, and without marks.
        :param also: done in the transaction that makes the licences exist, with these in the order of the orders; when
            it raises, none of them exists.
        :raises NotTogetherError: one was issued before, two have the same number, or several departments seal them.
        :raises YinzhengError: one cannot be issued; :meth:`trust.issuing.Issuing.issue` tells which, and why.
        :raises sqlalchemy.exc.IntegrityError: somebody has issued one of them meanwhile.
        """
        common = orders[0]
        licence_type = self._catalogue.get(common.type)
        now = self._clock.now()
        issue_date = common.issue_date or local_date(now)
        checked = [
            check_fields(licence_type, order.fields, issue_date=issue_date, today=local_date(now)) for order in orders
        ]
        numbers = [each.number for each in checked]
        if licence_type.page.co_seals or len(set(numbers)) < len(numbers):
            raise NotTogetherError
        if self._register.live_many(licence_type.slug, numbers):
            raise NotTogetherError
        seal = self._issuing.seal_for(licence_type, common.issuer_code)
        contents = self._issuing.referenced(
            [self._issuing.content(licence_type, each, seal.organisation, issue_date) for each in checked]
        )
        reason = f"签发{licence_type.name_zh}"
        made = self._issuing.produce_together(contents, seal, actor=common.actor, reason=reason)
        with self._database.transaction() as session:
            require_published(session, licence_type)
            entered = list(zip(contents, made, strict=True))
            also(session, self._issuing.enter_all(session, entered, seal, actor=common.actor))
