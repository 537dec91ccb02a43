"""The register of seals and the moves of their life (申请、审核、制作、备案、启用、冻结、解冻、变更、注销)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import CertificateAuthority, FieldVault, KeyCustody, Record, RecordLog
from seal._tables import (
    SealEventRow,
    SealRequestRow,
    SealRow,
)
from seal.applying import Applications
from seal.errors import (
    SealFieldError,
    SealMoveRefusedError,
    SealRequestUnknownError,
    SealRequestWaitingError,
    SealSecondOfficerError,
)
from seal.fonts import FontLibrary
from seal.grants import OWN_USE, Grants, GrantTerms
from seal.making import SealMaker
from seal.pictures import SealPicture
from seal.seal_book import SealBook, locked_seal
from seal.seals import (
    Seal,
    SealApplication,
    SealRequest,
    request_of,
)
from seal.states import EXPIRING, ON_REQUEST, Move, SealState, possible_moves, state_after, state_at
from seal.texts import Act, checked_text, same_officer
from store.clock import Clock
from store.database import Database

LOG_PREFIX = "seal:"
"""Of the subjects of records about seals; the number follows."""

_CALENDAR = Act("system:calendar", "有效期届满", None)


class SealRegistry(SealBook):
    """All seals of the city and the rules of their life. Two officers at once: one wins, and the other is told."""

    def __init__(
        self,
        database: Database,
        custody: KeyCustody,
        authority: CertificateAuthority,
        vault: FieldVault,
        clock: Clock,
        fonts: FontLibrary,
    ) -> None:
        super().__init__(database, vault, clock)
        self._maker = SealMaker(custody, authority, vault, clock)
        self._applications = Applications(vault, clock, fonts)
        self._grants = Grants(database, vault, clock)
        self._log = RecordLog(vault)

    def apply(
        self, application: SealApplication, *, officer: str, reason: str, document: str | None = None
    ) -> SealRequest:
        """Apply for a seal (申请). It is drawn once here, so that a name that cannot be set is refused at once.

        :param document: what the application rests on, such as 青政办发〔2026〕12号; the same for every move.
        :raises OrganisationUnknownError: the body is not enrolled.
        :raises PersonUnknownError: the person is not enrolled.
        :raises SealUnknownError: the seal that it is to change does not exist.
        :raises SealMoveRefusedError: that seal cannot be changed in its state, or another is to take its place.
        :raises SealFieldError: the application, officer or reason cannot be taken.
        :raises ArtworkError: the picture cannot be drawn or taken.
        """
        act = Act.of(officer, reason, document)
        with self._database.transaction() as session:
            old = None
            if application.supersedes is not None:
                old = locked_seal(session, application.supersedes)
                if self._after(old, Move.CHANGE) is None or _has_successor(session, old):
                    raise self._refused(old, Move.CHANGE)
            seal = self._applications.enter(session, application, act, old)
            self._record(session, seal, Move.APPLY, act, None)
            return self._open_request(session, seal, Move.REVIEW, act)

    def draw(self, application: SealApplication) -> SealPicture:
        """Draw the seal that an application asks for, and enter nothing. Raises like :meth:`apply`."""
        with self._database.transaction() as session:
            return self._applications.draw(session, application)

    def review(self, request_id: int, *, officer: str, reason: str | None = None) -> Seal:
        """Find an application right (审核), and go no further. Raises like :meth:`approve`."""
        return self._decide(request_id, officer, reason, approved=True, put_to_use=False)

    def request(
        self,
        number: str,
        move: Move,
        *,
        officer: str,
        reason: str,
        document: str | None = None,
        compromised_since: datetime | None = None,
    ) -> SealRequest:
        """Ask for a move that wants a second officer; it takes effect when another one approves it.

        :param compromised_since: for a new key or the seal's end: from when on the key may have been in other hands;
            its certificate is revoked with that date.
        :raises SealUnknownError: there is no such seal.
        :raises SealFieldError: the officer, reason, document or date is no such thing.
        :raises SealMoveRefusedError: the seal's state does not allow the move, it is not one to ask for, or the same
            move already waits.
        """
        act = Act.of(officer, reason, document)
        over = move in (Move.ROTATE, Move.CANCEL)
        if compromised_since is not None and not (over and compromised_since <= self._clock.now()):
            raise SealFieldError(
                problem_zh="泄露时间只用于更换密钥或注销，且不得晚于现在。",
                problem_en="a time of compromise belongs to a new key or a cancellation, and lies in the past.",
            )
        with self._database.transaction() as session:
            seal = locked_seal(session, number)
            if move not in ON_REQUEST or self._after(seal, move) is None:
                raise self._refused(seal, move)
            return self._open_request(session, seal, move, act, compromised_since=compromised_since)

    def approve(self, request_id: int, *, officer: str, reason: str | None = None) -> Seal:
        """Approve a waiting request, and carry out its move.

        An application that is approved is made, registered and put into use at once, each step on record; to take the
        steps one by one, see :meth:`review`.

        :param reason: what the second officer has to say to it; goes on record with the request.
        :raises SealRequestUnknownError: nothing waits under this number.
        :raises SealSecondOfficerError: the same officer asked for it.
        :raises SealMoveRefusedError: the seal has changed since.
        """
        return self._decide(request_id, officer, reason, approved=True, put_to_use=True)

    def reject(self, request_id: int, *, officer: str, reason: str) -> Seal:
        """Turn down a waiting request; an applied-for seal is then rejected for good. Raises like :meth:`approve`."""
        return self._decide(request_id, officer, reason, approved=False, put_to_use=False)

    def register(self, number: str, *, officer: str, reason: str, document: str | None = None) -> Seal:
        """Enter a seal that was made into the public register (备案).

        :raises SealMoveRefusedError: it is not one that was just made.
        """
        return self._alone(number, Move.REGISTER, Act.of(officer, reason, document))

    def activate(self, number: str, *, officer: str, reason: str, document: str | None = None) -> Seal:
        """Put a registered seal into use (启用); one that it changes is over from then on.

        :raises SealMoveRefusedError: it is not registered, or in use already.
        """
        return self._alone(number, Move.ACTIVATE, Act.of(officer, reason, document))

    def freeze(self, number: str, *, officer: str, reason: str, document: str | None = None) -> Seal:
        """Stop a seal at once (冻结).

        :raises SealMoveRefusedError: it is not active.
        """
        return self._alone(number, Move.FREEZE, Act.of(officer, reason, document))

    def expire_due(self) -> list[str]:
        """End the seals whose validity is over, and name them. A seal is not usable from then on anyway; this brings
        the book up to date, and may run as often as one likes.
        """
        now = self._clock.now()
        due = (
            sa.select(SealRow)
            .where(SealRow.state.in_(EXPIRING), SealRow.valid_until <= now)
            .order_by(SealRow.id)
            .with_for_update(of=SealRow, skip_locked=True)
        )
        with self._database.transaction() as session:
            rows = session.scalars(due).all()
            for row in rows:
                self._carry_out(session, row, Move.EXPIRE, _CALENDAR, None)
            return [row.number for row in rows]

    def _alone(self, number: str, move: Move, act: Act) -> Seal:
        with self._database.transaction() as session:
            seal = locked_seal(session, number)
            self._carry_out(session, seal, move, act, None)
            return self._seal_of(seal)

    def _open_request(
        self,
        session: Session,
        seal: SealRow,
        move: Move,
        act: Act,
        *,
        compromised_since: datetime | None = None,
    ) -> SealRequest:
        waiting = session.scalar(
            sa.select(SealRequestRow.id).where(
                SealRequestRow.seal_id == seal.id,
                SealRequestRow.move == move,
                SealRequestRow.decided_at.is_(None),
            )
        )
        if waiting is not None:
            raise SealRequestWaitingError(number=seal.number, move=move.value, move_zh=move.zh, request=waiting)
        row = SealRequestRow(
            seal_id=seal.id,
            move=move,
            requested_by=act.officer,
            requested_at=self._clock.now(),
            reason=act.reason,
            document=act.document,
            compromised_since=compromised_since,
        )
        session.add(row)
        session.flush()
        return request_of(row, seal.number)

    def _decide(self, request_id: int, officer: str, reason: str | None, *, approved: bool, put_to_use: bool) -> Seal:
        officer = checked_text("officer", officer)
        reason = None if reason is None else checked_text("reason", reason)
        with self._database.transaction() as session:
            row = session.get(SealRequestRow, request_id, with_for_update=True)
            if row is None or row.decided_at is not None:
                raise SealRequestUnknownError(request=request_id)
            if same_officer(row.requested_by, officer):
                raise SealSecondOfficerError
            seal = session.scalars(
                sa.select(SealRow).where(SealRow.id == row.seal_id).with_for_update(of=SealRow)
            ).one()
            row.decided_by, row.decided_at, row.approved = officer, self._clock.now(), approved
            row.decision_reason = reason
            act = Act(row.requested_by, row.reason, row.document)
            move = Move(row.move)
            if not approved:
                if move is Move.REVIEW:
                    self._carry_out(session, seal, Move.REJECT, replace(act, reason=reason or act.reason), officer)
                return self._seal_of(seal)
            self._carry_out(session, seal, move, act, officer, compromised_since=row.compromised_since)
            if move is Move.REVIEW and put_to_use:
                self._carry_out(session, seal, Move.MAKE, act, officer)
                alone = Act(officer, act.reason, act.document)
                self._carry_out(session, seal, Move.REGISTER, alone, None)
                self._carry_out(session, seal, Move.ACTIVATE, alone, None)
            return self._seal_of(seal)

    def _carry_out(
        self,
        session: Session,
        seal: SealRow,
        move: Move,
        act: Act,
        second_officer: str | None,
        *,
        compromised_since: datetime | None = None,
    ) -> None:
        """Take one step; the caller holds the seal's row."""
        now = self._clock.now()
        state = self._after(seal, move)
        if state is None:
            raise self._refused(seal, move)
        if move is Move.REVIEW:
            seal.reviewed_by = second_officer
        elif move is Move.MAKE:
            if seal.wanted_until is not None and seal.wanted_until <= now:
                raise SealFieldError(
                    problem_zh="申请的有效期已过，请驳回或注销后重新申请。",
                    problem_en="the validity asked for is over; reject or cancel it and apply anew.",
                )
            self._maker.make(session, seal)
            if seal.licence_types:
                self._grants.add(session, seal, GrantTerms(seal.licence_types, OWN_USE), act)
        elif move is Move.ROTATE:
            self._maker.rotate(session, seal, actor=act.officer, compromised_since=compromised_since)
        elif move is Move.REGISTER:
            seal.registered_at = now
        elif move is Move.ACTIVATE:
            self._change_predecessor(session, seal)
        elif move is Move.CANCEL:
            self._maker.end(session, seal, actor=act.officer, compromised_since=compromised_since)
        seal.state = state
        self._record(session, seal, move, act, second_officer)

    def _change_predecessor(self, session: Session, seal: SealRow) -> None:
        """The seal whose place this one takes is changed, by the word of those who applied for it and reviewed it."""
        if seal.supersedes_id is None:
            return
        old = session.scalars(
            sa.select(SealRow).where(SealRow.id == seal.supersedes_id).with_for_update(of=SealRow)
        ).one()
        if self._after(old, Move.CHANGE) is None:
            return  # it was cancelled meanwhile
        act = Act(seal.applied_by, f"由印章 {seal.number} 取代", seal.document)
        self._carry_out(session, old, Move.CHANGE, act, seal.reviewed_by)

    def _state(self, seal: SealRow) -> SealState:
        return state_at(SealState(seal.state), seal.valid_until, self._clock.now())

    def _after(self, seal: SealRow, move: Move) -> SealState | None:
        """Where a move would lead now; the calendar alone moves what the book has not yet caught up with."""
        return state_after(SealState(seal.state) if move is Move.EXPIRE else self._state(seal), move)

    def _refused(self, seal: SealRow, move: Move) -> SealMoveRefusedError:
        state = self._state(seal)
        possible = possible_moves(state)
        return SealMoveRefusedError(
            number=seal.number,
            state=state.value,
            state_zh=state.zh,
            move=move.value,
            move_zh=move.zh,
            possible=", ".join(possible) or "nothing",
            possible_zh="、".join(item.zh for item in possible) or "无",
        )

    def _record(self, session: Session, seal: SealRow, move: Move, act: Act, second_officer: str | None) -> None:
        now = self._clock.now()
        particulars = {
            "officer": act.officer,
            "second_officer": second_officer,
            "reason": act.reason,
            "document": act.document,
        }
        session.add(SealEventRow(seal_id=seal.id, move=move, state=seal.state, at=now, **particulars))
        session.flush()
        facts = {"state": seal.state}
        self._log.add(session, Record(f"seal.{move}", f"{LOG_PREFIX}{seal.number}", now, facts, particulars))


def _has_successor(session: Session, seal: SealRow) -> bool:
    over = (SealState.REJECTED, SealState.CANCELLED)
    successor = sa.select(SealRow.id).where(SealRow.supersedes_id == seal.id, SealRow.state.not_in(over))
    return session.scalar(successor) is not None
