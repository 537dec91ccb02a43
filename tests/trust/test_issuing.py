"""Issuing: one order makes one licence, whole or not at all."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy.exc import IntegrityError

from seal import SealApplication
from seal.errors import SealAmbiguousError, SealNoneForTypeError
from store.database import DatabaseUnavailableError
from store.errors import YinzhengError
from tests.house import APPLICANT, APPROVER, HEALTH, LAW, MARKET, House, example
from trust import Decision, IssueOrder, LicenceState
from trust.errors import FieldsInvalidError, NumberInUseError, TypeUnknownError


def order(**changed: object) -> IssueOrder:
    values = {"type": "business_licence", "fields": example("business_licence"), "actor": "tests"}
    return IssueOrder(**{**values, **changed})  # type: ignore[arg-type]  # checked where it is used


def count(house: House, table: str) -> int:
    with house.services.database.transaction() as session:
        return int(session.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def test_a_licence_is_sealed_kept_and_in_the_register(house: House) -> None:
    licence = house.issue()
    assert licence.recorded_state is LicenceState.VALID
    assert house.pdf(licence).startswith(b"%PDF-1.7")
    assert house.services.register.get(licence.identifier) == licence
    (event,) = house.services.register.history(licence.identifier)
    assert event.act.value == "issue"
    (use,) = house.services.sealer.uses(house.seal().number)
    assert use.sealed_digest == licence.pdf_digest
    assert use.document_identifier == licence.identifier


def test_the_same_order_twice_gives_one_licence(house: House) -> None:
    house.seal()
    first = house.services.issuing.issue(order())
    second = house.services.issuing.issue(order())
    assert (first.created, second.created) == (True, False)
    assert first.licence == second.licence
    assert count(house, "licence") == 1


def test_another_licence_with_a_number_in_use_is_refused(house: House) -> None:
    house.issue()
    with pytest.raises(NumberInUseError):
        house.services.issuing.issue(order(fields={**example("business_licence"), "registered_capital": "壹佰万元整"}))
    with pytest.raises(NumberInUseError):
        house.services.issuing.issue(order(issue_date=date(2026, 11, 1)))


def test_a_number_is_free_again_after_revocation(house: House) -> None:
    licence = house.issue()
    house.services.register.revoke(licence.identifier, Decision("tests", "换发", LAW))
    again = house.services.issuing.issue(order())
    assert again.created
    assert again.licence.identifier != licence.identifier


def test_twenty_at_once_make_one_licence(house: House) -> None:
    house.seal()
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: house.services.issuing.issue(order()), range(20)))
    assert len({result.licence.identifier for result in results}) == 1
    assert sum(result.created for result in results) == 1
    assert count(house, "licence") == 1
    assert count(house, "outbox") == 1


def test_a_type_that_does_not_exist_is_named_with_those_that_do(house: House) -> None:
    with pytest.raises(TypeUnknownError, match="business_licence"):
        house.services.issuing.issue(order(type="fishing_licence"))


def test_bad_fields_leave_nothing_behind(house: House) -> None:
    house.seal()
    wrong = {**example("business_licence"), "unified_social_credit_code": "91370202MA3QYH7K6A", "colour": "red"}
    with pytest.raises(FieldsInvalidError) as refused:
        house.services.issuing.issue(order(fields=wrong))
    assert {problem.path for problem in refused.value.problems} >= {"unified_social_credit_code", "colour"}
    for table in ("licence", "seal_use", "outbox", "licence_event"):
        assert count(house, table) == 0


def test_without_an_active_seal_nothing_is_issued(house: House) -> None:
    with pytest.raises(SealNoneForTypeError):
        house.services.issuing.issue(order())
    house.services.seals.freeze(house.seal().number, officer=APPLICANT, reason="r")
    with pytest.raises(SealNoneForTypeError):
        house.services.issuing.issue(order())
    assert count(house, "licence") == 0


def test_the_issuer_has_to_be_named_where_several_could_be_meant(house: House) -> None:
    house.seal()
    house.services.organisations.enrol(HEALTH)
    request = house.services.seals.apply(
        SealApplication(HEALTH.code, ["business_licence"]), officer=APPLICANT, reason="r"
    )
    house.services.seals.approve(request.id, officer=APPROVER)
    with pytest.raises(SealAmbiguousError, match=HEALTH.code):
        house.services.issuing.issue(order())
    licence = house.services.issuing.issue(order(issuer_code=MARKET.code)).licence
    assert licence.issuer_code == MARKET.code


def test_no_personal_data_lie_open_in_the_database(house: House) -> None:
    licence = house.issue("physician_practice_certificate")
    fields = example("physician_practice_certificate")
    with house.services.database.transaction() as session:
        rows = [str(dict(row)) for row in session.execute(sa.text("SELECT * FROM licence")).mappings()]
        rows += [str(dict(row)) for row in session.execute(sa.text("SELECT * FROM outbox")).mappings()]
        data = session.scalar(sa.text("SELECT data FROM licence"))
    everything = "\n".join(rows)
    for value in (fields["name"], fields["id_number"], licence.number):
        assert value not in everything
        assert value.encode() not in bytes(data)


def test_encrypted_data_cannot_be_moved_to_another_licence(house: House) -> None:
    house.issue()
    other = house.issue("physician_practice_certificate")
    with house.services.database.transaction() as session:
        session.execute(
            sa.text(
                "UPDATE licence SET data = (SELECT data FROM licence WHERE identifier <> :i) WHERE identifier = :i"
            ),
            {"i": other.identifier},
        )
    with pytest.raises(YinzhengError) as refused:
        house.services.register.get(other.identifier)
    assert refused.value.code == "keys.vault_damaged"


def test_when_the_database_is_gone_the_error_says_so_and_nothing_is_half_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.seal()
    enter = house.services.register.enter_all

    def and_then_the_server_kills_the_connection(session: sa.orm.Session, *args: object, **kwargs: object) -> object:
        licence = enter(session, *args, **kwargs)  # type: ignore[arg-type]  # passed through
        session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return licence

    with monkeypatch.context() as patched:
        patched.setattr(house.services.register, "enter_all", and_then_the_server_kills_the_connection)
        with pytest.raises(DatabaseUnavailableError):
            house.services.issuing.issue(order())
    for table in ("licence", "licence_event", "outbox"):
        assert count(house, table) == 0
    assert house.services.issuing.issue(order()).created


def test_the_history_of_a_licence_cannot_be_rewritten(house: House) -> None:
    house.issue()
    with pytest.raises(IntegrityError, match="append-only"), house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE licence_event SET actor = 'nobody'"))


def test_a_sealed_licence_still_claims_pdf_a_and_carries_its_data(house: House) -> None:
    licence = house.issue()
    reader = PdfFileReader(io.BytesIO(house.pdf(licence)))
    assert reader.xrefs.total_revisions >= 3
    metadata = reader.root["/Metadata"].data
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    unsealed = house.pdf(licence)[: house.pdf(licence).index(b"%%EOF") + 6]
    assert metadata == PdfFileReader(io.BytesIO(unsealed)).root["/Metadata"].data
    attached = reader.root["/AF"][0]
    assert attached["/F"] == "licence.json"
    assert attached["/AFRelationship"] == "/Data"
    assert json.loads(attached["/EF"]["/F"].data)["identifier"] == licence.identifier
