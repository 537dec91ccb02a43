"""The register of seals and the rules of their life (申请、审批、制作、冻结、解冻、注销)."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import CertificateAuthority, CertificateProfile, KeyAlgorithm, KeyCustody, KeyPurpose, Subject
from seal._tables import OrganisationRow, SealEventRow, SealRequestRow, SealRow
from seal.artwork import Artwork, round_seal
from seal.errors import (
    SealFieldError,
    SealMoveRefusedError,
    SealRequestUnknownError,
    SealSecondOfficerError,
    SealUnknownError,
)
from seal.fonts import FontLibrary
from seal.organisations import Organisation, organisation_of, organisation_row
from seal.states import Move, SealState, possible_moves, state_after
from store.clock import Clock
from store.database import Database

_MAX_REASON = 500


@dataclass(frozen=True)
class Seal:
    """An e-seal (电子印章) and its present state."""

    number: str
    """Public number: region code and seven digits."""
    organisation: Organisation
    name: str
    """The text along the arc: the body's full name."""
    purpose: str | None
    """The line under the star of a special-purpose seal (专用章)."""
    diameter_mm: float
    licence_types: tuple[str, ...]
    """Codes of the documents that it may be put on."""
    state: SealState
    artwork_digest: str | None
    key_id: int | None
    certificate_id: int | None


@dataclass(frozen=True)
class SealApplication:
    """What a body asks for when it applies for a seal."""

    organisation_code: str
    licence_types: Sequence[str]
    purpose: str | None = None
    diameter_mm: float = 42.0


@dataclass(frozen=True)
class SealRequest:
    """A move that waits for a second officer."""

    id: int
    seal_number: str
    move: Move
    requested_by: str
    requested_at: datetime
    reason: str


@dataclass(frozen=True)
class SealEvent:
    """One step in the history of a seal."""

    move: Move
    state: SealState
    officer: str
    second_officer: str | None
    reason: str
    at: datetime


class SealRegistry:
    """All seals of the city and the rules of their life."""

    def __init__(
        self,
        database: Database,
        custody: KeyCustody,
        authority: CertificateAuthority,
        clock: Clock,
        fonts: FontLibrary,
    ) -> None:
        self._database = database
        self._custody = custody
        self._authority = authority
        self._clock = clock
        self._fonts = fonts

    def apply(self, application: SealApplication, *, officer: str, reason: str) -> SealRequest:
        """Apply for a seal (申请). It is drawn once here, so that a name that cannot be set is refused at once.

        :raises OrganisationUnknownError: the body is not enrolled.
        :raises SealFieldError: the application has no type of document, or an unusable officer or reason.
        :raises YinzhengError: the artwork cannot be drawn (see :mod:`seal.artwork`).
        """
        officer, reason = _checked("officer", officer, 64), _checked("reason", reason, _MAX_REASON)
        if not application.licence_types:
            raise SealFieldError(
                problem_zh="至少要写明一种可用印的证照类型。", problem_en="name at least one document type."
            )
        now = self._clock.now()
        with self._database.transaction() as session:
            organisation = organisation_row(session, application.organisation_code)
            self._draw(organisation.name_zh, application.purpose, application.diameter_mm)
            seal = SealRow(
                number=_new_number(session, organisation.region_code),
                organisation=organisation,
                name=organisation.name_zh,
                purpose=application.purpose,
                diameter_mm=application.diameter_mm,
                licence_types=sorted(set(application.licence_types)),
                state=SealState.APPLIED,
                created_at=now,
            )
            session.add(seal)
            session.flush()
            return self._open_request(session, seal, Move.MAKE, officer, reason)

    def request(self, number: str, move: Move, *, officer: str, reason: str) -> SealRequest:
        """Ask for a move that wants a second officer; it takes effect when another one approves it.

        :raises SealMoveRefusedError: the seal's state does not allow the move, it needs no second officer, or the
            same move already waits.
        """
        officer, reason = _checked("officer", officer, 64), _checked("reason", reason, _MAX_REASON)
        with self._database.transaction() as session:
            seal = locked_seal(session, number)
            if not move.needs_second_officer or state_after(SealState(seal.state), move) is None:
                raise _refused(seal, move)
            return self._open_request(session, seal, move, officer, reason)

    def approve(self, request_id: int, *, officer: str) -> Seal:
        """Approve a waiting request, and carry out its move.

        :raises SealRequestUnknownError: nothing waits under this number.
        :raises SealSecondOfficerError: the same officer asked for it.
        :raises SealMoveRefusedError: the seal has changed since.
        """
        return self._decide(request_id, officer=officer, approved=True)

    def reject(self, request_id: int, *, officer: str) -> Seal:
        """Turn down a waiting request; an applied-for seal is then rejected for good. Raises like :meth:`approve`."""
        return self._decide(request_id, officer=officer, approved=False)

    def freeze(self, number: str, *, officer: str, reason: str) -> Seal:
        """Stop a seal at once (冻结).

        :raises SealMoveRefusedError: it is not active.
        """
        officer, reason = _checked("officer", officer, 64), _checked("reason", reason, _MAX_REASON)
        with self._database.transaction() as session:
            seal = locked_seal(session, number)
            self._carry_out(session, seal, Move.FREEZE, officer=officer, second_officer=None, reason=reason)
            return seal_of(seal)

    def get(self, number: str) -> Seal:
        """The seal with a number.

        :raises SealUnknownError: there is none.
        """
        with self._database.transaction() as session:
            return seal_of(_seal_row(session, number))

    def all(self) -> list[Seal]:
        """Every seal, by number."""
        with self._database.transaction() as session:
            return [seal_of(row) for row in session.scalars(sa.select(SealRow).order_by(SealRow.number))]

    def usable_for(self, licence_type: str, organisation_code: str | None = None) -> list[Seal]:
        """Active seals that may be put on a type of document, newest last; of one body where it is named."""
        statement = sa.select(SealRow).where(
            SealRow.state == SealState.ACTIVE, SealRow.licence_types.contains([licence_type])
        )
        if organisation_code is not None:
            statement = statement.join(OrganisationRow).where(OrganisationRow.code == organisation_code)
        with self._database.transaction() as session:
            return [seal_of(row) for row in session.scalars(statement.order_by(SealRow.id))]

    def waiting(self) -> list[SealRequest]:
        """Requests that wait for a second officer, oldest first."""
        statement = (
            sa.select(SealRequestRow, SealRow.number)
            .join(SealRow, SealRow.id == SealRequestRow.seal_id)
            .where(SealRequestRow.decided_at.is_(None))
            .order_by(SealRequestRow.id)
        )
        with self._database.transaction() as session:
            return [_request_of(row, number) for row, number in session.execute(statement)]

    def history(self, number: str) -> list[SealEvent]:
        """All that happened to a seal, oldest first."""
        with self._database.transaction() as session:
            seal = _seal_row(session, number)
            rows = session.scalars(
                sa.select(SealEventRow).where(SealEventRow.seal_id == seal.id).order_by(SealEventRow.id)
            )
            return [
                SealEvent(Move(row.move), SealState(row.state), row.officer, row.second_officer, row.reason, row.at)
                for row in rows
            ]

    def artwork(self, seal: Seal) -> Artwork:
        """The picture of a seal, drawn from its data."""
        return self._draw(seal.name, seal.purpose, seal.diameter_mm)

    def _draw(self, name: str, purpose: str | None, diameter_mm: float) -> Artwork:
        return round_seal(name, purpose=purpose, diameter_mm=diameter_mm, fonts=self._fonts)

    def _open_request(self, session: Session, seal: SealRow, move: Move, officer: str, reason: str) -> SealRequest:
        waiting = session.scalar(
            sa.select(SealRequestRow.id).where(
                SealRequestRow.seal_id == seal.id,
                SealRequestRow.move == move,
                SealRequestRow.decided_at.is_(None),
            )
        )
        if waiting is not None:
            raise _refused(seal, move)
        row = SealRequestRow(
            seal_id=seal.id, move=move, requested_by=officer, requested_at=self._clock.now(), reason=reason
        )
        session.add(row)
        session.flush()
        return _request_of(row, seal.number)

    def _decide(self, request_id: int, *, officer: str, approved: bool) -> Seal:
        officer = _checked("officer", officer, 64)
        with self._database.transaction() as session:
            row = session.get(SealRequestRow, request_id, with_for_update=True)
            if row is None or row.decided_at is not None:
                raise SealRequestUnknownError(request=request_id)
            if row.requested_by == officer:
                raise SealSecondOfficerError
            seal = session.get_one(SealRow, row.seal_id, with_for_update={"of": SealRow})
            row.decided_by, row.decided_at, row.approved = officer, self._clock.now(), approved
            move = Move(row.move)
            if approved:
                self._carry_out(
                    session, seal, move, officer=row.requested_by, second_officer=officer, reason=row.reason
                )
            elif move is Move.MAKE:
                seal.state = SealState.REJECTED
            return seal_of(seal)

    def _carry_out(
        self, session: Session, seal: SealRow, move: Move, *, officer: str, second_officer: str | None, reason: str
    ) -> None:
        state = state_after(SealState(seal.state), move)
        if state is None:
            raise _refused(seal, move)
        if move is Move.MAKE:
            self._make(session, seal)
        seal.state = state
        session.add(
            SealEventRow(
                seal_id=seal.id,
                move=move,
                state=state,
                officer=officer,
                second_officer=second_officer,
                reason=reason,
                at=self._clock.now(),
            )
        )

    def _make(self, session: Session, seal: SealRow) -> None:
        artwork = self._draw(seal.name, seal.purpose, seal.diameter_mm)
        key = self._custody.generate(
            session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label=f"seal {seal.number}"
        )
        certificate = self._authority.issue(
            session,
            key.id,
            CertificateProfile.SEAL,
            Subject(
                common_name=f"{seal.name}（{seal.purpose}）" if seal.purpose else seal.name,
                organisation=seal.organisation.name_zh,
                organisation_identifier=Subject.credit_code_identifier(seal.organisation.code),
            ),
        )
        seal.artwork_svg = artwork.to_svg()
        seal.artwork_digest = artwork.digest
        seal.key_id = key.id
        seal.certificate_id = certificate.id


def locked_seal(session: Session, number: str, *, shared: bool = False) -> SealRow:
    """The row of a seal, locked against changes until the transaction ends; for the modules of this package.

    :param shared: let others hold the same lock; enough for who only needs the seal to stay as it is.
    :raises SealUnknownError: there is none.
    """
    return _seal_row(session, number, lock="share" if shared else "update")


def seal_of(row: SealRow) -> Seal:
    """The value that a row stands for."""
    return Seal(
        number=row.number,
        organisation=organisation_of(row.organisation),
        name=row.name,
        purpose=row.purpose,
        diameter_mm=row.diameter_mm,
        licence_types=tuple(row.licence_types),
        state=SealState(row.state),
        artwork_digest=row.artwork_digest,
        key_id=row.key_id,
        certificate_id=row.certificate_id,
    )


def _seal_row(session: Session, number: str, *, lock: Literal["share", "update"] | None = None) -> SealRow:
    statement = sa.select(SealRow).where(SealRow.number == number)
    if lock is not None:
        statement = statement.with_for_update(of=SealRow, read=lock == "share")
    row = session.scalar(statement)
    if row is None:
        raise SealUnknownError(number=number)
    return row


def _request_of(row: SealRequestRow, number: str) -> SealRequest:
    return SealRequest(row.id, number, Move(row.move), row.requested_by, row.requested_at, row.reason)


def _refused(seal: SealRow, move: Move) -> SealMoveRefusedError:
    state = SealState(seal.state)
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


def _checked(field: str, value: str, longest: int) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > longest or any(unicodedata.category(char) == "Cc" for char in text):
        names = {"officer": "经办人", "reason": "理由"}
        raise SealFieldError(
            problem_zh=f"{names[field]}不能为空，且不超过 {longest} 个字、不含控制字符。",
            problem_en=f"the {field} must have 1 to {longest} characters and no control characters.",
        )
    return text


def _new_number(session: Session, region_code: str) -> str:
    while True:
        number = f"{region_code}{secrets.randbelow(10**7):07d}"
        if session.scalar(sa.select(SealRow.id).where(SealRow.number == number)) is None:
            return number
