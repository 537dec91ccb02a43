"""People (个人) who own signatures. Who they are rests encrypted; they are known by a reference that tells nothing."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stdnum.cn import ric

from keys import FieldVault
from seal._tables import PersonRow
from seal.errors import PersonInvalidError, PersonUnknownError
from seal.regions import level_of
from store.clock import Clock
from store.database import Database

_CITIZEN_ID = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_REFERENCE = re.compile(r"P[0-9a-f]{16}")
_INDEX = "seal_person.code"
_LONGEST_NAME = 50


@dataclass(frozen=True)
class Person:
    """A person, as may be shown."""

    reference: str
    """``P`` and 16 random digits and letters; stands for the person everywhere."""
    name_masked: str
    code_masked: str
    """Citizen identity number with four characters at each end."""
    region_code: str
    """Where the person was enrolled."""


class People:
    """The people known to the service."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def enrol(self, name: str, citizen_id: str, *, region_code: str) -> Person:
        """Enter a person, or find the one who is there; a changed name is taken over.

        :raises PersonInvalidError: the name cannot be a name, or the citizen identity number fails its check.
        :raises RegionCodeError: the region's code is none.
        """
        name, code = _checked_name(name), _checked_code(citizen_id)
        level_of(region_code)
        index = self._vault.blind_index(code, context=_INDEX)
        with self._database.transaction() as session:
            row = self._find(session, index)
            if row is None:
                self._insert(session, index, name, code, region_code)
                row = self._find(session, index)
            if row is None:
                raise LookupError("a person who was just entered")
            if self._name(row) != name:
                row.name_encrypted = self._encrypted_name(name, row.reference)
            return self._person_of(row)

    def find(self, citizen_id: str) -> Person | None:
        """The person with a citizen identity number.

        :raises PersonInvalidError: the number fails its check.
        """
        index = self._vault.blind_index(_checked_code(citizen_id), context=_INDEX)
        with self._database.transaction() as session:
            row = self._find(session, index)
            return self._person_of(row) if row is not None else None

    def get(self, reference: str) -> Person:
        """The person behind a reference.

        :raises PersonUnknownError: there is none.
        """
        with self._database.transaction() as session:
            return self._person_of(person_row(session, reference))

    def code(self, reference: str) -> str:
        """A person's citizen identity number, for what has to know the person by it; never shown or logged.

        :raises PersonUnknownError: there is none.
        """
        with self._database.transaction() as session:
            row = person_row(session, reference)
        return self._vault.decrypt(row.code_encrypted, context=f"seal_person.code:{row.reference}").decode()

    def all(self) -> list[Person]:
        """Everybody, in the order in which they were entered."""
        with self._database.transaction() as session:
            return [self._person_of(row) for row in session.scalars(sa.select(PersonRow).order_by(PersonRow.id))]

    def _insert(self, session: Session, index: bytes, name: str, code: str, region_code: str) -> None:
        reference = f"P{secrets.token_hex(8)}"
        session.execute(
            insert(PersonRow)
            .values(
                reference=reference,
                region_code=region_code,
                code_index=index,
                code_encrypted=self._vault.encrypt(code.encode(), context=f"seal_person.code:{reference}"),
                name_encrypted=self._encrypted_name(name, reference),
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["code_index"])
        )

    def _find(self, session: Session, index: bytes) -> PersonRow | None:
        return session.scalar(sa.select(PersonRow).where(PersonRow.code_index == index))

    def _encrypted_name(self, name: str, reference: str) -> bytes:
        return self._vault.encrypt(name.encode(), context=f"seal_person.name:{reference}")

    def _name(self, row: PersonRow) -> str:
        return name_of(row, self._vault)

    def _person_of(self, row: PersonRow) -> Person:
        return person_of(row, self._vault)


def is_reference(text: str) -> bool:
    """Whether a text is a person's reference; no unified social credit code looks like one."""
    return _REFERENCE.fullmatch(text) is not None


def person_row(session: Session, reference: str) -> PersonRow:
    """The row of a person, for the modules of this package."""
    row = session.scalar(sa.select(PersonRow).where(PersonRow.reference == reference))
    if row is None:
        raise PersonUnknownError(reference=reference)
    return row


def person_of(row: PersonRow, vault: FieldVault) -> Person:
    """The value that a row stands for."""
    code = vault.decrypt(row.code_encrypted, context=f"seal_person.code:{row.reference}").decode()
    return Person(row.reference, masked_name(name_of(row, vault)), f"{code[:4]}{'*' * 10}{code[-4:]}", row.region_code)


def name_of(row: PersonRow, vault: FieldVault) -> str:
    """A person's full name, for the modules of this package."""
    return vault.decrypt(row.name_encrypted, context=f"seal_person.name:{row.reference}").decode()


def masked_name(name: str) -> str:
    """A name as it may be shown: its first character."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def _checked_name(name: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", name).split())
    if not text or len(text) > _LONGEST_NAME or any(unicodedata.category(each)[0] in "CS" for each in text):
        raise PersonInvalidError(
            problem_zh=f"姓名应为 1 至 {_LONGEST_NAME} 个字，不含控制字符或符号。",
            problem_en=f"a name has 1 to {_LONGEST_NAME} characters and no control characters or symbols.",
        )
    return text


def _checked_code(citizen_id: str) -> str:
    code = citizen_id[:-1] + "X" if citizen_id.endswith("x") else citizen_id
    if not _CITIZEN_ID.fullmatch(code) or ric.calc_check_digit(code) != code[-1]:
        raise PersonInvalidError(
            problem_zh="公民身份号码的位数或校验位不正确。",
            problem_en="the citizen identity number has the wrong length or fails its check character.",
        )
    return code
