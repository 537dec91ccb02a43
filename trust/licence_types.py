"""The life of licence types: a draft (草稿) is published (发布), serves, and is retired (停用).

A version never changes. Who wants a type otherwise drafts another version; publishing it retires the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from trust._type_tables import TypeRow, TypeVersionRow
from trust.catalogue import packages_in, types_directory
from trust.decisions import reason_for
from trust.errors import TypeCodeTakenError, TypeNotPublishedError, TypeStateError, TypeVersionUnknownError
from trust.licence_type import LicenceType, TypeOrigin, TypeState
from trust.type_definition import check_definition, read_type
from trust.type_package import TypePackage

SEEDER = "yinzheng"
"""Who brought the versions that come with the program."""
_SEED_LOCK = 0x5459504553


@dataclass(frozen=True)
class TypeVersion:
    """What is on record of one version."""

    slug: str
    version: int
    code: str
    name_zh: str
    name_en: str
    state: TypeState
    origin: TypeOrigin
    digest: str
    """SHA-256 of its files."""
    drafted_by: str
    drafted_at: datetime
    published_by: str | None
    published_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None
    retirement_reason: str | None
    """None where a newer version took its place."""


class LicenceTypes:
    """The versions of licence types, in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def seed(self, packages: Iterable[tuple[str, TypePackage]] | None = None) -> list[TypeVersion]:
        """Bring in the types that come with the program, or some others, where they are new or were changed since.

        What was ever brought in is not brought in again, so that an older program beside a newer one changes nothing.
        A new version is published at once, unless an administrator made the type otherwise or retired it: then it
        stays a draft, for somebody to decide about.

        :raises TypePackageError: a type's files cannot be taken.
        :raises TypeDefinitionError: a definition contradicts itself.
        """
        wanted = list(packages if packages is not None else packages_in(types_directory()))
        with self._database.transaction() as session:
            fresh = _not_yet_known(session, wanted)
            if not fresh:
                return []
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEED_LOCK)))
            made = []
            for slug, package in _not_yet_known(session, fresh):
                newest = _newest(session, slug)
                row = self._draft(session, slug, package, TypeOrigin.PACKAGE, SEEDER)
                if newest is None or (newest.origin, newest.state) == (TypeOrigin.PACKAGE, TypeState.PUBLISHED):
                    self._publish(session, row, SEEDER)
                made.append(_version_of(row, session))
        return made

    def draft(self, slug: str, package: TypePackage, *, actor: str) -> TypeVersion:
        """Take in a draft, as the next version of its type.

        :raises TypePackageError: ``type.json`` is not a JSON object.
        :raises TypeDefinitionError: the definition contradicts itself.
        :raises TypeCodeTakenError: its code is another type's, or the type has another code.
        """
        with self._database.transaction() as session:
            return _version_of(self._draft(session, slug, package, TypeOrigin.ADMINISTRATOR, actor), session)

    def publish(self, slug: str, version: int, *, actor: str) -> TypeVersion:
        """Publish a draft; the version that was published until now is retired in the same moment.

        :raises TypeVersionUnknownError: there is no such version.
        :raises TypeStateError: it is not a draft, or a later version has been published.
        """
        with self._database.transaction() as session:
            _lock(session, slug)
            row = _row(session, slug, version)
            if row.state != TypeState.DRAFT:
                state = TypeState(row.state)
                raise _refused(row, f"{state.zh}，只有草稿可以发布", f"is {state}; only a draft can be published")
            later = sa.select(sa.func.max(TypeVersionRow.version)).where(
                TypeVersionRow.slug == slug, TypeVersionRow.published_at.is_not(None)
            )
            newest = session.scalar(later) or 0
            if newest > version:
                raise _refused(
                    row, f"早于已发布的第 {newest} 版，请重新起草", f"is older than version {newest}; draft it anew"
                )
            self._publish(session, row, actor)
            return _version_of(row, session)

    def retire(self, slug: str, version: int, *, actor: str, reason: str) -> TypeVersion:
        """Retire a published version, or discard a draft. Licences that were issued under it stay as they are.

        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        :raises TypeVersionUnknownError: there is no such version.
        :raises TypeStateError: it has been retired.
        """
        said = reason_for(reason, act="retire", act_zh="停用")
        with self._database.transaction() as session:
            _lock(session, slug)
            row = _row(session, slug, version)
            if row.state == TypeState.RETIRED:
                raise _refused(row, "已停用", "is retired")
            self._retire(row, actor)
            row.retirement_reason = said
            session.flush()
            return _version_of(row, session)

    def versions(self, slug: str | None = None) -> list[TypeVersion]:
        """Every version of one type or of all, oldest first."""
        statement = sa.select(TypeVersionRow).order_by(TypeVersionRow.slug, TypeVersionRow.version)
        if slug is not None:
            statement = statement.where(TypeVersionRow.slug == slug)
        with self._database.transaction() as session:
            return [_version_of(row, session) for row in session.scalars(statement)]

    def get(self, slug: str, version: int) -> LicenceType:
        """One version, whatever its state.

        :raises TypeVersionUnknownError: there is no such version.
        """
        with self._database.transaction() as session:
            row = _row(session, slug, version)
            package = TypePackage.from_zip(row.package)
            state, origin = TypeState(row.state), TypeOrigin(row.origin)
        return read_type(slug, package, version=version, state=state, origin=origin)

    def package(self, slug: str, version: int) -> TypePackage:
        """The files of one version.

        :raises TypeVersionUnknownError: there is no such version.
        """
        with self._database.transaction() as session:
            return TypePackage.from_zip(_row(session, slug, version).package)

    def read(self, slug: str, package: TypePackage) -> LicenceType:
        """What a package would be as a draft; nothing is kept.

        :raises TypePackageError: ``type.json`` is not a JSON object.
        :raises TypeDefinitionError: the definition contradicts itself.
        """
        found = read_type(slug, package, origin=TypeOrigin.ADMINISTRATOR, state=TypeState.DRAFT)
        check_definition(found, package)
        return found

    def _draft(
        self, session: Session, slug: str, package: TypePackage, origin: TypeOrigin, actor: str
    ) -> TypeVersionRow:
        found = read_type(slug, package, origin=origin, state=TypeState.DRAFT)
        check_definition(found, package)
        session.execute(insert(TypeRow).values(slug=slug, code=found.code).on_conflict_do_nothing())
        if session.scalar(sa.select(TypeRow.code).where(TypeRow.slug == slug).with_for_update()) != found.code:
            raise TypeCodeTakenError(slug=slug, type_code=found.code)
        newest = session.scalar(sa.select(sa.func.max(TypeVersionRow.version)).where(TypeVersionRow.slug == slug))
        row = TypeVersionRow(
            slug=slug,
            version=(newest or 0) + 1,
            state=TypeState.DRAFT,
            origin=origin,
            name_zh=found.name_zh,
            name_en=found.name_en,
            package=package.to_zip(),
            digest=package.digest,
            drafted_by=actor,
            drafted_at=self._clock.now(),
        )
        session.add(row)
        session.flush()
        return row

    def _publish(self, session: Session, row: TypeVersionRow, actor: str) -> None:
        published = sa.select(TypeVersionRow).where(
            TypeVersionRow.slug == row.slug, TypeVersionRow.state == TypeState.PUBLISHED
        )
        before = session.scalar(published)
        if before is not None:
            self._retire(before, actor)
            session.flush()
        row.state, row.published_by, row.published_at = TypeState.PUBLISHED, actor, self._clock.now()
        session.flush()

    def _retire(self, row: TypeVersionRow, actor: str) -> None:
        row.state, row.retired_by, row.retired_at = TypeState.RETIRED, actor, self._clock.now()


def require_published(session: Session, licence_type: LicenceType) -> None:
    """Make sure, within the transaction that issues, that a version has not been retired a moment ago.

    :raises TypeNotPublishedError: it has.
    """
    statement = sa.select(TypeVersionRow.state).where(
        TypeVersionRow.slug == licence_type.slug, TypeVersionRow.version == licence_type.version
    )
    if session.scalar(statement) != TypeState.PUBLISHED:
        raise TypeNotPublishedError(slug=licence_type.slug)


def _not_yet_known(session: Session, wanted: list[tuple[str, TypePackage]]) -> list[tuple[str, TypePackage]]:
    statement = sa.select(TypeVersionRow.slug, TypeVersionRow.digest)
    known = {(slug, digest) for slug, digest in session.execute(statement)}
    return [(slug, package) for slug, package in wanted if (slug, package.digest) not in known]


def _newest(session: Session, slug: str) -> TypeVersionRow | None:
    """The version that was published last."""
    statement = (
        sa.select(TypeVersionRow)
        .where(TypeVersionRow.slug == slug, TypeVersionRow.published_at.is_not(None))
        .order_by(TypeVersionRow.version.desc())
        .limit(1)
    )
    return session.scalar(statement)


def _lock(session: Session, slug: str) -> None:
    """Let nobody else change the versions of a type until the transaction ends."""
    session.execute(sa.select(TypeRow.slug).where(TypeRow.slug == slug).with_for_update())


def _row(session: Session, slug: str, version: int) -> TypeVersionRow:
    row = session.get(TypeVersionRow, (slug, version)) if 0 < version < 2**31 else None
    if row is None:
        raise TypeVersionUnknownError(slug=slug[:64], version=version)
    return row


def _refused(row: TypeVersionRow, zh: str, en: str) -> TypeStateError:
    return TypeStateError(slug=row.slug, version=row.version, problem_zh=zh, problem_en=en)


def _version_of(row: TypeVersionRow, session: Session) -> TypeVersion:
    return TypeVersion(
        slug=row.slug,
        version=row.version,
        code=str(session.scalar(sa.select(TypeRow.code).where(TypeRow.slug == row.slug))),
        name_zh=row.name_zh,
        name_en=row.name_en,
        state=TypeState(row.state),
        origin=TypeOrigin(row.origin),
        digest=row.digest,
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        published_by=row.published_by,
        published_at=row.published_at,
        retired_by=row.retired_by,
        retired_at=row.retired_at,
        retirement_reason=row.retirement_reason,
    )
