"""Taking an application for a seal (申请): what it may ask for, its number, and its picture."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault
from seal._tables import OrganisationRow, PersonRow, SealRow
from seal.errors import SealFieldError
from seal.fonts import FontLibrary
from seal.kinds import SealKind, SealOwnerKind, usual_kind
from seal.organisations import organisation_row
from seal.people import is_reference, name_of, person_row
from seal.pictures import SealPicture, checked_size, drawn_picture, picture_row, uploaded_picture
from seal.seals import SealApplication, name_context
from seal.states import SealState
from seal.texts import Act
from store.clock import Clock

_WITH_PURPOSE = (SealKind.SPECIAL, SealKind.CONTRACT, SealKind.FINANCE)


@dataclass(frozen=True)
class _Owner:
    """Who applies."""

    kind: SealOwnerKind
    name: str
    region_code: str
    organisation: OrganisationRow | None = None
    person: PersonRow | None = None


@dataclass(frozen=True)
class _Plan:
    """What the seal of an application is to be."""

    owner: _Owner
    kind: SealKind
    name: str
    purpose: str | None


class Applications:
    """Enters applications into the book of seals."""

    def __init__(self, vault: FieldVault, clock: Clock, fonts: FontLibrary) -> None:
        self._vault = vault
        self._clock = clock
        self._fonts = fonts

    def enter(self, session: Session, application: SealApplication, act: Act, changes: SealRow | None) -> SealRow:
        """The row of a new seal, applied for.

        :param changes: the seal whose place it is to take.
        :raises OrganisationUnknownError: the body is not enrolled.
        :raises PersonUnknownError: the person is not enrolled.
        :raises SealFieldError: the application asks for what its owner cannot have.
        :raises ArtworkError: the picture cannot be drawn or taken.
        """
        now = self._clock.now()
        plan = self._plan(session, application, changes)
        number = _new_number(session, plan.owner.region_code[:6])
        picture = self._picture(application, plan, number)
        personal = plan.kind.rules.personal
        sealed_name = self._vault.encrypt(plan.name.encode(), context=name_context(number)) if personal else None
        row = SealRow(
            number=number,
            organisation=plan.owner.organisation,
            person=plan.owner.person,
            kind=plan.kind,
            name=None if personal else plan.name,
            name_encrypted=sealed_name,
            purpose=plan.purpose,
            licence_types=sorted(set(application.licence_types)),
            wanted_until=application.valid_until,
            algorithm=application.algorithm,
            state=SealState.APPLIED,
            applied_by=act.officer,
            document=act.document,
            supersedes_id=changes.id if changes is not None else None,
            created_at=now,
            picture=picture_row(picture, number, uploaded=application.picture is not None, vault=self._vault),
        )
        session.add(row)
        session.flush()
        return row

    def draw(self, session: Session, application: SealApplication) -> SealPicture:
        """The picture that a seal would have; where one shows its number, with that of none. Raises like
        :meth:`enter`.
        """
        plan = self._plan(session, application, None)
        return self._picture(application, plan, f"{plan.owner.region_code[:6]}{0:07d}")

    def _plan(self, session: Session, application: SealApplication, changes: SealRow | None) -> _Plan:
        """What an application comes to."""
        owner = self._owner(session, application.owner)
        kind = application.kind or usual_kind(owner.kind, application.purpose)
        problem = _problem(application, owner.kind, kind)
        over = application.valid_until is not None and application.valid_until <= self._clock.now()
        if problem is None and over:
            problem = ("有效期须晚于今天。", "it would be over before it begins.")
        if problem is None and changes is not None and not _same_owner(changes, owner):
            problem = ("只能变更本单位的印章。", "it is to change a seal of another owner.")
        if problem is not None:
            raise SealFieldError(problem_zh=problem[0], problem_en=problem[1])
        name = application.name if kind is SealKind.LEGAL_REPRESENTATIVE and application.name else owner.name
        name = unicodedata.normalize("NFC", name).strip()
        return _Plan(owner, kind, name, application.purpose or kind.rules.purpose)

    def _owner(self, session: Session, code: str) -> _Owner:
        if is_reference(code):
            person = person_row(session, code)
            return _Owner(SealOwnerKind.PERSON, name_of(person, self._vault), person.region_code, person=person)
        body = organisation_row(session, code)
        return _Owner(SealOwnerKind(body.kind), body.name_zh, body.region_code, organisation=body)

    def _picture(self, application: SealApplication, plan: _Plan, number: str) -> SealPicture:
        size = checked_size(plan.kind, application.size_mm)
        if application.picture is not None:
            return uploaded_picture(application.picture, plan.kind, size_mm=size)
        return drawn_picture(
            plan.kind,
            plan.owner.kind,
            plan.name,
            purpose=plan.purpose,
            number=number,
            size_mm=size,
            strokes=application.strokes,
            fonts=self._fonts,
        )


def _problem(application: SealApplication, owner: SealOwnerKind, kind: SealKind) -> tuple[str, str] | None:
    """What is wrong with an application, in Chinese and English."""
    strange_strokes = kind is not SealKind.SIGNATURE or application.picture is not None
    rules = (
        (owner not in kind.rules.owners, f"{owner.zh}不能申请{kind.zh}。", f"a {owner} cannot have a {kind} seal."),
        (
            owner is SealOwnerKind.DEPARTMENT and not application.licence_types,
            "至少要写明一种可用印的证照类型。",
            "name at least one document type.",
        ),
        (
            kind is SealKind.SPECIAL and not application.purpose,
            "专用章须写明用途。",
            "a special-purpose seal has to name its purpose.",
        ),
        (
            application.purpose is not None and kind not in _WITH_PURPOSE,
            f"{kind.zh}不带用途。",
            f"a {kind} seal has no purpose line.",
        ),
        (
            (application.name is not None) != (kind is SealKind.LEGAL_REPRESENTATIVE),
            "法定代表人名章须写明姓名，其他印章以所属单位（个人）的名称为准。",
            "a legal representative's seal has to name the person; all others show their owner's name.",
        ),
        (
            application.strokes is not None and strange_strokes,
            "手写笔迹只用于个人签名。",
            "a pen's strokes make a personal signature, and nothing else.",
        ),
    )
    return next(((zh, en) for wrong, zh, en in rules if wrong), None)


def _same_owner(seal: SealRow, owner: _Owner) -> bool:
    body = owner.organisation.id if owner.organisation is not None else None
    person = owner.person.id if owner.person is not None else None
    return seal.organisation_id == body and seal.person_id == person


def _new_number(session: Session, region_code: str) -> str:
    while True:
        number = f"{region_code}{secrets.randbelow(10**7):07d}"
        if session.scalar(sa.select(SealRow.id).where(SealRow.number == number)) is None:
            return number
