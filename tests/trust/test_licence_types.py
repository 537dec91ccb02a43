"""Versions of licence types: drafted, published, retired, and never changed."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store.clock import FixedClock, SystemClock
from store.database import Database
from tests.house import House, example
from trust import IssueOrder, LicenceTypes, PublishedCatalogue, TypePackage, TypeState
from trust.catalogue import packages_in, types_directory
from trust.errors import (
    IssuerNotAllowedError,
    TypeCodeTakenError,
    TypeDefinitionError,
    TypeForReferenceError,
    TypeNotPublishedError,
    TypeStateError,
    TypeUnknownError,
    TypeVersionUnknownError,
)

BUSINESS, FOOD = "business_licence", "food_operation_permit"
PACKAGES = dict(packages_in(types_directory()))


def changed(slug: str = BUSINESS, **changes: Any) -> TypePackage:
    """The package of a type with other entries in its definition."""
    files = PACKAGES[slug].files
    definition = json.loads(files["type.json"]) | changes
    return TypePackage({**files, "type.json": json.dumps(definition).encode()})


@pytest.fixture
def types(database: Database, clock: FixedClock) -> LicenceTypes:
    return LicenceTypes(database, clock)


def states(types: LicenceTypes, slug: str = BUSINESS) -> list[str]:
    return [each.state.value for each in types.versions(slug)]


def test_the_types_of_the_program_are_published_once_however_often_they_are_brought_in(types: LicenceTypes) -> None:
    before = types.versions()
    assert {each.slug for each in before} == set(PACKAGES)
    assert {(each.version, each.state) for each in before} == {(1, TypeState.PUBLISHED)}
    assert types.seed() == []
    assert types.versions() == before


def test_many_processes_bring_them_in_at_once(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("ALTER TABLE licence_type_version DISABLE TRIGGER USER"))
        session.execute(sa.text("DELETE FROM licence_type_version"))
        session.execute(sa.text("ALTER TABLE licence_type_version ENABLE TRIGGER USER"))
    types = LicenceTypes(database, SystemClock())
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: types.seed(), range(4)))
    assert sorted(len(each) for each in made) == [0, 0, 0, len(PACKAGES)]
    assert states(types) == ["published"]


def test_a_changed_file_of_a_later_release_becomes_the_next_version(types: LicenceTypes) -> None:
    later = changed(name={"zh": "营业执照（新）", "en": "Business licence"})
    (made,) = types.seed([(BUSINESS, later)])
    assert (made.version, made.state) == (2, TypeState.PUBLISHED)
    assert states(types) == ["retired", "published"]
    assert types.seed([(BUSINESS, PACKAGES[BUSINESS])]) == [], "an older program that still runs changes nothing"
    assert states(types) == ["retired", "published"]


def test_a_release_does_not_overrule_an_administrator(types: LicenceTypes) -> None:
    own = types.draft(BUSINESS, changed(name={"zh": "甲", "en": "A"}), actor="a")
    types.publish(BUSINESS, own.version, actor="a")
    (made,) = types.seed([(BUSINESS, changed(name={"zh": "乙", "en": "B"}))])
    assert made.state is TypeState.DRAFT
    types.retire(FOOD, 1, actor="a", reason="r")
    (made,) = types.seed([(FOOD, changed(FOOD, name={"zh": "丙", "en": "C"}))])
    assert made.state is TypeState.DRAFT


def test_a_draft_is_published_and_retires_the_version_before(types: LicenceTypes) -> None:
    draft = types.draft(BUSINESS, changed(name={"zh": "甲", "en": "A"}), actor="drafter")
    assert (draft.version, draft.state, draft.drafted_by) == (2, TypeState.DRAFT, "drafter")
    assert states(types) == ["published", "draft"]
    published = types.publish(BUSINESS, 2, actor="publisher")
    assert (published.state, published.published_by) == (TypeState.PUBLISHED, "publisher")
    assert states(types) == ["retired", "published"]
    assert types.get(BUSINESS, 2).name_zh == "甲"
    assert types.package(BUSINESS, 1) == PACKAGES[BUSINESS]


def test_acts_that_do_not_fit_the_state_are_refused(types: LicenceTypes) -> None:
    with pytest.raises(TypeStateError, match="is published"):
        types.publish(BUSINESS, 1, actor="a")
    for version in (0, -1, 9, 2**40):
        with pytest.raises(TypeVersionUnknownError):
            types.publish(BUSINESS, version, actor="a")
    with pytest.raises(TypeVersionUnknownError):
        types.retire("nothing", 1, actor="a", reason="r")
    for name in "甲乙":
        types.draft(BUSINESS, changed(name={"zh": name, "en": "A"}), actor="a")
    types.publish(BUSINESS, 3, actor="a")
    with pytest.raises(TypeStateError, match="older than version 3"):
        types.publish(BUSINESS, 2, actor="a")
    types.retire(BUSINESS, 2, actor="a", reason="r")
    with pytest.raises(TypeStateError, match="is retired"):
        types.publish(BUSINESS, 2, actor="a")
    with pytest.raises(TypeStateError, match="is retired"):
        types.retire(BUSINESS, 2, actor="a", reason="r")


def test_a_type_keeps_its_code_and_no_other_type_takes_it(types: LicenceTypes) -> None:
    with pytest.raises(TypeCodeTakenError):
        types.draft(BUSINESS, changed(code="11370200MB2890017R099"), actor="a")
    with pytest.raises(TypeCodeTakenError):
        types.draft("another_licence", changed(), actor="a")
    made = types.draft("another_licence", changed(code="11370200MB2890017R099"), actor="a")
    assert made.version == 1


@pytest.mark.parametrize("slug", ["", "A", "x", "a b", "../x", "x" * 70, "名称"])
def test_a_name_that_is_none_is_refused(types: LicenceTypes, slug: str) -> None:
    with pytest.raises(TypeDefinitionError):
        types.draft(slug, changed(code="11370200MB2890017R099"), actor="a")


def test_when_two_publish_the_same_draft_one_does_and_the_other_is_told(types: LicenceTypes) -> None:
    types.draft(BUSINESS, changed(name={"zh": "甲", "en": "A"}), actor="a")
    start = threading.Barrier(4)

    def publish(actor: str) -> str:
        start.wait()
        try:
            return types.publish(BUSINESS, 2, actor=actor).state.value
        except TypeStateError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(publish, "abcd"))
    assert ends == ["published"] + ["trust.type_state"] * 3
    assert states(types) == ["retired", "published"]


def test_when_two_drafts_are_published_at_once_one_version_is_left_published(types: LicenceTypes) -> None:
    drafts = [types.draft(BUSINESS, changed(name={"zh": name, "en": "A"}), actor="a").version for name in "甲乙丙丁"]
    start = threading.Barrier(len(drafts))

    def publish(version: int) -> bool:
        start.wait()
        try:
            types.publish(BUSINESS, version, actor="a")
        except TypeStateError:
            return False
        return True

    with ThreadPoolExecutor(len(drafts)) as pool:
        assert any(pool.map(publish, drafts))
    published = [each.version for each in types.versions(BUSINESS) if each.state is TypeState.PUBLISHED]
    assert published == [max(drafts)]


def test_drafts_made_at_once_have_numbers_of_their_own(types: LicenceTypes) -> None:
    package = changed(code="11370200MB2890017R099")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: types.draft("new_licence", package, actor=str(n)).version, range(8)))
    assert sorted(made) == list(range(1, 9))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE licence_type_version SET package = 'x' WHERE version = 1",
        "UPDATE licence_type_version SET name_zh = 'x', state = 'published' WHERE version = 2",
        "UPDATE licence_type_version SET state = 'draft', published_at = NULL, published_by = NULL WHERE version = 1",
        "UPDATE licence_type_version SET state = 'retired', retired_at = now(), retired_by = 'x', published_by = 'y'",
        "UPDATE licence_type_version SET version = 7 WHERE version = 2",
        "DELETE FROM licence_type_version WHERE version = 2",
        "TRUNCATE licence_type_version CASCADE",
        "UPDATE licence_type SET code = '11370200MB2890017R099'",
        "DELETE FROM licence_type",
    ],
)
def test_the_database_itself_refuses_to_change_a_version(
    types: LicenceTypes, database: Database, statement: str
) -> None:
    types.draft(BUSINESS, changed(name={"zh": "甲", "en": "A"}), actor="a")
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(sa.text(statement))


def test_the_catalogue_sees_what_another_process_publishes_within_a_second_or_so(
    types: LicenceTypes, database: Database
) -> None:
    catalogue = PublishedCatalogue(database)
    first = catalogue.get(BUSINESS)
    assert catalogue.get(first.code) is first
    types.draft(BUSINESS, changed(name={"zh": "甲", "en": "A"}), actor="a")
    types.publish(BUSINESS, 2, actor="a")
    deadline = time.monotonic() + 2
    while catalogue.get(BUSINESS).version == 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert catalogue.get(BUSINESS).name_zh == "甲"
    assert catalogue.version(BUSINESS, 1).name_zh == "营业执照"
    with pytest.raises(TypeUnknownError):
        catalogue.version(BUSINESS, 3)
    types.retire(BUSINESS, 2, actor="a", reason="r")
    catalogue.refresh()
    with pytest.raises(TypeNotPublishedError):
        catalogue.get(BUSINESS)
    assert catalogue.latest(first.code).version == 2
    assert BUSINESS not in {each.slug for each in catalogue}


def test_a_catalogue_that_is_asked_often_asks_the_database_seldom(types: LicenceTypes, database: Database) -> None:
    catalogue = PublishedCatalogue(database)
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _ in range(200):
        catalogue.get(BUSINESS)
    assert len(asked) <= 4


def test_a_licence_keeps_the_version_under_which_it_was_issued(house: House) -> None:
    first = house.issue()
    types = house.services.licence_types
    types.draft(BUSINESS, changed(name={"zh": "营业执照（新）", "en": "New"}), actor="a")
    types.publish(BUSINESS, 2, actor="a")
    house.services.catalogue.refresh()
    second = house.issue(unified_social_credit_code="91370200MA3CB4BQ8M")
    assert (second.type.version, second.type.name_zh) == (2, "营业执照（新）")
    again = house.services.register.get(first.identifier)
    assert (again.type.version, again.type.name_zh) == (1, "营业执照")
    types.retire(BUSINESS, 2, actor="a", reason="r")
    house.services.catalogue.refresh()
    assert house.services.register.get(second.identifier).type.state is TypeState.RETIRED
    assert house.services.checker.check_pdf(house.pdf(second)).passed


def test_nothing_is_issued_from_a_draft_or_a_retired_type(house: House) -> None:
    types = house.services.licence_types
    order = IssueOrder(type="new_licence", fields=example(BUSINESS), actor="tests")
    types.draft("new_licence", changed(code="11370200MB2890017R099"), actor="a")
    with pytest.raises(TypeUnknownError):
        house.services.issuing.issue(order)
    house.seal()
    types.retire(BUSINESS, 1, actor="a", reason="r")
    house.services.catalogue.refresh()
    with pytest.raises(TypeNotPublishedError):
        house.services.issuing.issue(IssueOrder(type=BUSINESS, fields=example(BUSINESS), actor="tests"))


def test_a_type_that_another_process_retired_a_moment_ago_is_not_issued_from(house: House) -> None:
    house.seal()
    house.services.catalogue.get(BUSINESS)
    LicenceTypes(house.services.database, house.services.clock).retire(BUSINESS, 1, actor="a", reason="r")
    assert house.services.catalogue.get(BUSINESS).state is TypeState.PUBLISHED, "as this process still has it"
    with pytest.raises(TypeNotPublishedError):
        house.services.issuing.issue(IssueOrder(type=BUSINESS, fields=example(BUSINESS), actor="tests"))
    with house.services.database.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM licence")) == 0


def test_only_the_bodies_that_a_type_names_may_issue_it(house: House) -> None:
    types = house.services.licence_types
    for version, issuers in enumerate([{"regions": ["370300"]}, {"codes": ["11370200990100288Y"]}], start=2):
        types.draft(BUSINESS, changed(issuers=issuers), actor="a")
        types.publish(BUSINESS, version, actor="a")
        house.services.catalogue.refresh()
        with pytest.raises(IssuerNotAllowedError):
            house.issue()
    types.draft(BUSINESS, changed(issuers={"regions": ["370000"]}), actor="a")
    types.publish(BUSINESS, 4, actor="a")
    house.services.catalogue.refresh()
    assert house.issue().type.version == 4


def test_a_type_that_is_only_referred_to_is_never_issued(house: House) -> None:
    types = house.services.licence_types
    files = PACKAGES[BUSINESS].files
    definition = json.loads(files["type.json"]) | {"use": "reference", "code": "11370200MB2890017R099"}
    for key in ("page", "seal"):
        del definition[key]
    types.draft("card", TypePackage({"type.json": json.dumps(definition).encode()}), actor="a")
    types.publish("card", 1, actor="a")
    house.services.catalogue.refresh()
    assert house.services.catalogue.get("card").reference_only
    with pytest.raises(TypeForReferenceError):
        house.services.issuing.issue(IssueOrder(type="card", fields=example(BUSINESS), actor="tests"))
