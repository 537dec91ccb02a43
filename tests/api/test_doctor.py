"""The doctor finds a sound service sound, and of each damage that was planted that one and nothing else."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa

from api.backups import Backups
from api.doctor import Diagnosis, DoctorOrder
from api.errors import CheckpointUnusableError
from api.services import Services
from keys import Passphrase, ScryptCost
from keys.errors import KekWrongError
from store.clock import FixedClock
from store.database import Database
from store.findings import Severity
from store.merkle import root_of
from tests.api.terminal import Terminal
from tests.conftest import Databases, settings_for
from tests.house import LAW, House
from trust import Decision, Licence
from trust.status_lists import pack, statuses_in

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@dataclass
class Furnished:
    """A sound service that is stopped, and copies of it."""

    databases: Databases
    database: Database
    directory: Path
    licences: list[Licence]
    checkpoint: str

    def copy(self, directory: Path) -> tuple[Database, Path]:
        self.database.close()
        home = directory / "home"
        shutil.copytree(self.directory, home)
        return self.databases.create(like=self.database), home


@pytest.fixture(scope="module")
def furnished(databases: Databases) -> Iterator[Furnished]:
    database, clock = databases.create(), FixedClock(AT)
    with TemporaryDirectory(prefix="yinzheng-doctor-") as name:
        directory = Path(name)
        with Services(settings_for(database, directory), clock) as services:
            house = House(services)
            types = ("business_licence", "food_operation_permit", "marriage_certificate", "driving_licence")
            licences = [house.issue(slug) for slug in types]
            clock.advance(timedelta(minutes=1))
            services.ledger.sequence()
            checkpoint = services.transparency_log.checkpoint()
            services.register.suspend(licences[1].identifier, Decision("tests", "x"))
            renewed = house.issue("teacher_qualification_certificate")
            services.register.revoke(renewed.identifier, Decision("tests", "x", legal_basis=LAW))
            services.ledger.sequence()
            services.status_lists.current(1)
        yield Furnished(databases, database, directory, [*licences, renewed], checkpoint)
    databases.drop(database)


@dataclass
class Patient:
    """A copy that may be harmed."""

    services: Services
    home: Path
    licences: list[Licence]
    checkpoint: Path

    @property
    def database(self) -> Database:
        return self.services.database

    def examine(self, **order: object) -> Diagnosis:
        return self.services.doctor.examine(DoctorOrder(**order), told=lambda *_: None)  # type: ignore[arg-type]

    def codes(self, **order: object) -> list[str]:
        found = self.examine(**order)
        assert found.unlooked == []
        for each in found.findings:
            assert each.message_zh
            assert each.message_en
        return [each.kind.code for each in found.findings]

    def object(self, licence: Licence) -> Path:
        digest = licence.pdf_digest or ""
        return self.home / "objects" / digest[:2] / digest[2:4] / digest

    def change(self, *statements: str, **values: object) -> None:
        """Do to the database what somebody does who can write to it, past triggers and foreign keys."""
        with self.database.transaction() as session:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                session.execute(sa.text(statement), values)


@pytest.fixture
def patient(furnished: Furnished, tmp_path: Path) -> Iterator[Patient]:
    database, home = furnished.copy(tmp_path)
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_text(furnished.checkpoint)
    with Services(settings_for(database, home), FixedClock(AT + timedelta(hours=2))) as services:
        yield Patient(services, home, furnished.licences, checkpoint)
    furnished.databases.drop(database)


def pdf_missing(patient: Patient) -> None:
    patient.object(patient.licences[0]).unlink()


def pdf_altered(patient: Patient) -> None:
    path = patient.object(patient.licences[0])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def pdf_swapped(patient: Patient) -> None:
    shutil.copy(patient.object(patient.licences[2]), patient.object(patient.licences[0]))


def digest_altered(patient: Patient) -> None:
    patient.change("UPDATE licence SET pdf_digest = repeat('a', 64) WHERE id = 1")


def state_changed(patient: Patient) -> None:
    identifier = patient.licences[1].identifier
    patient.change("UPDATE licence SET state = 'valid' WHERE identifier = :identifier", identifier=identifier)


def leaf_altered(patient: Patient) -> None:
    patient.change(
        "UPDATE ledger_entry SET data = convert_to(replace(convert_from(data, 'UTF8'), '2026', '2025'), 'UTF8')"
        " WHERE id = (SELECT entry_id FROM ledger_leaf WHERE position = 7)"
    )


def leaf_and_hash_altered(patient: Patient) -> None:
    leaf_altered(patient)
    patient.change(
        "UPDATE ledger_leaf SET hash = sha256('\\x00'::bytea || e.data) FROM ledger_entry e"
        " WHERE e.id = entry_id AND position = 7"
    )


def record_altered(patient: Patient) -> None:
    patient.change(
        "UPDATE ledger_entry SET opening ="
        " convert_to(replace(convert_from(opening, 'UTF8'), 'suspended', 'valid'), 'UTF8')"
        " WHERE id = (SELECT max(id) FROM ledger_entry WHERE subject = 'licence:' || :identifier)",
        "UPDATE licence SET state = 'valid' WHERE identifier = :identifier",
        identifier=patient.licences[1].identifier,
    )


def log_cut_off(patient: Patient) -> None:
    """Everything after a size is gone, as if it had never been there."""
    patient.change(
        "DELETE FROM ledger_leaf WHERE position >= 5",
        "DELETE FROM ledger_entry WHERE id NOT IN (SELECT entry_id FROM ledger_leaf)",
        "DELETE FROM ledger_head",
        "DELETE FROM ledger_node",
    )


def log_exchanged(patient: Patient) -> None:
    """The log was made anew with other leaves; its own roots fit."""
    leaf_and_hash_altered(patient)
    with patient.database.transaction() as session:
        hashes = session.scalars(sa.text("SELECT hash FROM ledger_leaf ORDER BY position")).all()
        sizes = session.scalars(sa.text("SELECT size FROM ledger_head")).all()
    for size in sizes:
        patient.change("UPDATE ledger_head SET root = :root WHERE size = :size", root=root_of(hashes[:size]), size=size)


def entry_removed(patient: Patient) -> None:
    patient.change("DELETE FROM ledger_leaf WHERE position = 3")


def status_bit_wrong(patient: Patient) -> None:
    """The list is signed, and says that a licence holds which was revoked."""
    lists, database = patient.services.status_lists, patient.database
    seat = _seat(patient, patient.licences[-1])
    with database.transaction() as session:
        wrong = pack([each for each in statuses_in(session, 1, AT) if each[0] != seat])
    token = lists._sign(1, wrong)
    statement = "UPDATE status_list SET token = :token, digest = :digest, made_at = :at, looked_at = :at"
    patient.change(statement, token=token, digest=_sha256(wrong), at=patient.services.clock.now())


def status_list_unsigned(patient: Patient) -> None:
    patient.change("UPDATE status_list SET token = overlay(token placing 'AAAA'::bytea from octet_length(token) - 20)")


def licence_removed(patient: Patient) -> None:
    patient.change("DELETE FROM licence WHERE identifier = :identifier", identifier=patient.licences[2].identifier)


def wallet_entry_of_nothing(patient: Patient) -> None:
    patient.change(
        "INSERT INTO wallet_reference (holder_index, identifier, added_at)"
        " SELECT holder_index, identifier || 'X', added_at FROM wallet_reference LIMIT 1"
    )


def wallet_entry_of_another(patient: Patient) -> None:
    patient.change(
        "INSERT INTO wallet_reference (holder_index, identifier, added_at)"
        " SELECT sha256(holder_index), identifier, added_at FROM wallet_reference ORDER BY id LIMIT 1"
    )


def wallet_entry_removed(patient: Patient) -> None:
    patient.change("DELETE FROM wallet_reference WHERE id = (SELECT min(id) FROM wallet_reference)")


def key_wrapping_altered(patient: Patient) -> None:
    patient.change(
        "UPDATE signing_key SET wrapped = set_byte(wrapped, octet_length(wrapped) - 1,"
        " get_byte(wrapped, octet_length(wrapped) - 1) # 1) WHERE id = (SELECT min(id) FROM signing_key"
        " WHERE purpose = 'seal')"
    )


def certificate_of_another_key(patient: Patient) -> None:
    patient.change(
        "UPDATE certificate SET key_id = (SELECT max(id) FROM signing_key WHERE purpose = 'seal')"
        " WHERE id = (SELECT min(id) FROM certificate WHERE profile = 'seal')"
    )


def use_removed(patient: Patient) -> None:
    patient.change("DELETE FROM seal_use_outcome WHERE use_id = 2", "DELETE FROM seal_use WHERE id = 2")


def use_altered(patient: Patient) -> None:
    patient.change("UPDATE seal_use_outcome SET sealed_digest = repeat('b', 64) WHERE use_id = 2")


def use_unlogged(patient: Patient) -> None:
    columns = "seal_id, grant_id, caller, document_type, document_identifier, unsealed_digest, at, day"
    patient.change(
        f"INSERT INTO seal_use (id, {columns}) OVERRIDING SYSTEM VALUE"
        f" SELECT 100, {columns} FROM seal_use WHERE id = 1",
        "INSERT INTO seal_use_outcome (use_id, result, sealed_digest, at)"
        " SELECT 100, result, repeat('c', 64), at + interval '1 hour' FROM seal_use_outcome WHERE use_id = 1",
    )


def seal_thawed(patient: Patient) -> None:
    """A seal was frozen, and works again without anybody's word."""
    number = _first_seal(patient)
    patient.services.seals.freeze(number, officer="tests", reason="核查")
    patient.services.ledger.sequence()
    patient.change("UPDATE seal SET state = 'active' WHERE number = :number", number=number)


def content_moved(patient: Patient) -> None:
    patient.change("UPDATE licence SET data = (SELECT data FROM licence WHERE id = 2) WHERE id = 1")


def job_dead(patient: Patient) -> None:
    patient.change("UPDATE outbox SET done_at = NULL, dead_at = now(), attempts = 12, last_error = 'x' WHERE id = 1")


PLANTED: dict[Callable[[Patient], None], str] = {
    pdf_missing: "object.missing",
    pdf_altered: "object.damaged",
    pdf_swapped: "object.swapped",
    digest_altered: "licence.digest_differs",
    state_changed: "licence.state_differs",
    content_moved: "licence.data_damaged",
    licence_removed: "licence.missing",
    leaf_altered: "log.leaf_altered",
    leaf_and_hash_altered: "log.root_differs",
    record_altered: "log.record_altered",
    log_cut_off: "log.cut_off",
    log_exchanged: "log.forked",
    entry_removed: "log.leaves_missing",
    status_bit_wrong: "status_list.differs",
    status_list_unsigned: "status_list.untrusted",
    wallet_entry_of_nothing: "wallet.licence_unknown",
    wallet_entry_of_another: "wallet.holder_differs",
    wallet_entry_removed: "wallet.licence_missing",
    key_wrapping_altered: "key.damaged",
    certificate_of_another_key: "certificate.key_differs",
    seal_thawed: "seal.state_differs",
    use_removed: "use.missing",
    use_altered: "use.differs",
    use_unlogged: "use.not_in_log",
    job_dead: "outbox.dead",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_damage_is_found_and_nothing_else(patient: Patient, plant: Callable[[Patient], None]) -> None:
    plant(patient)
    assert patient.codes(checkpoint=patient.checkpoint) == [PLANTED[plant]]


def test_exchanged_files_are_told_of_both_licences(patient: Patient) -> None:
    one, other = patient.licences[0], patient.licences[2]
    patient.change(
        "UPDATE licence SET pdf_digest = 'x' WHERE identifier = :one",
        "UPDATE licence SET pdf_digest = :of_one WHERE identifier = :other",
        "UPDATE licence SET pdf_digest = :of_other WHERE identifier = :one",
        one=one.identifier,
        other=other.identifier,
        of_one=one.pdf_digest,
        of_other=other.pdf_digest,
    )
    assert patient.codes() == ["licence.file_of_another"] * 2


def test_a_seal_put_in_the_place_of_another_is_told_of_both(patient: Patient) -> None:
    number = _first_seal(patient)
    patient.change(
        "UPDATE seal SET number = '9' || substr(number, 2) WHERE number = :number",
        "UPDATE seal_event SET at = at + interval '1 hour'",
        number=number,
    )
    assert patient.codes() == ["seal.not_in_log", "seal.missing"]


def test_a_change_of_what_the_log_does_not_hold_is_told_by_the_file(patient: Patient) -> None:
    patient.change("UPDATE licence SET issue_date = issue_date - 1 WHERE id = 1")
    found = patient.examine()
    assert [(each.kind.code, each.said["items"]) for each in found.findings] == [("file.differs", "issue_date")]


def test_a_sound_service_is_sound_with_every_source_of_the_checkpoint(patient: Patient, tmp_path: Path) -> None:
    found = patient.examine()
    assert (found.sound, list(found.findings), found.unlooked) == (True, [], [])
    assert found.known is not None
    assert found.known.source == "ledger_head"
    given = patient.examine(checkpoint=patient.checkpoint)
    assert given.sound
    assert given.known is not None
    assert (given.known.source, given.known.size < found.known.size) == ("checkpoint", True)
    assert patient.examine(sample=2).sound


def test_a_checkpoint_that_is_none_or_another_log_s_is_refused(patient: Patient, tmp_path: Path) -> None:
    text = patient.checkpoint.read_text()
    for wrong in ("", "no checkpoint\n", text.replace("\n", "\n1", 1), text[:-20] + "AAAA" + text[-16:]):
        patient.checkpoint.write_text(wrong)
        with pytest.raises(CheckpointUnusableError):
            patient.examine(checkpoint=patient.checkpoint)
    with pytest.raises(CheckpointUnusableError):
        patient.examine(checkpoint=tmp_path / "none")


def test_what_goes_on_meanwhile_is_no_damage(patient: Patient) -> None:
    """Licences are issued, suspended, resumed and given longer proofs while the doctor looks."""
    services, stop, failed = patient.services, threading.Event(), list[BaseException]()
    services.doctor._settle_seconds = 2.0
    clock = services.clock
    assert isinstance(clock, FixedClock)
    house = House(services)

    def work() -> None:
        try:
            while not stop.is_set():
                number = f"2026370214{secrets.randbelow(10**7):07}"
                licence = house.issue("teacher_qualification_certificate", certificate_number=number)
                services.register.suspend(licence.identifier, Decision("tests", "x"))
                services.ledger.sequence()
                services.register.resume(licence.identifier, Decision("tests", "x"))
                clock.advance(timedelta(seconds=21))
                services.status_lists.refresh()
                services.extending.run(actor="tests", margin=timedelta(days=9999), without_gain=True, stop=stop)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(3):
            found = patient.examine(checkpoint=patient.checkpoint)
            assert [each.message_en for each in found.findings] == []
            assert found.sound
    finally:
        stop.set()
        thread.join()
    assert failed == []


def test_what_no_row_names_is_told_of_and_is_no_damage(patient: Patient) -> None:
    patient.services.doctor._settle_seconds = 0.0
    digest = patient.services.objects.put(b"nobody's")
    found = patient.examine()
    assert [(each.kind.code, each.where) for each in found.findings] == [("object.orphan", f"object:{digest}")]
    assert found.sound


def test_certificates_that_end_soon_are_told_of(patient: Patient) -> None:
    assert patient.examine(ends_within=timedelta(days=300)).sound
    found = patient.examine(ends_within=timedelta(days=4 * 365))
    assert {each.kind.code for each in found.findings} == {"certificate.ends_soon"}
    assert any("seal" in str(each.said["what"]) for each in found.findings)
    assert {each.kind.severity for each in found.findings} == {Severity.WARNING}
    assert not found.sound


def test_what_cannot_be_looked_at_keeps_nothing_else_from_it(patient: Patient) -> None:
    shutil.rmtree(patient.home / "objects")
    state_changed(patient)
    found = patient.examine()
    assert not found.sound
    codes = {each.kind.code for each in found.findings}
    assert codes == {"licence.state_differs", "object.missing"}


def test_a_wrong_key_encryption_key_is_told_before_anything_else(patient: Patient, tmp_path: Path) -> None:
    other = tmp_path / "other.kek"
    other.write_bytes(bytes(range(32)))
    other.chmod(0o600)
    settings = patient.services.settings.model_copy(update={"kek_file": other})
    with Services(settings, patient.services.clock) as services, pytest.raises(KekWrongError):
        services.doctor.examine(DoctorOrder(), told=lambda *_: None)


def test_missing_and_altered_files_come_back_from_a_back_up(patient: Patient, tmp_path: Path) -> None:
    services = patient.services
    backups = Backups(
        tmp_path / "backups", Passphrase("correct horse battery", cost=ScryptCost(n=2**10)), services.clock
    )
    backups.make(services.database, services.objects)
    pdf_missing(patient)
    path = patient.object(patient.licences[1])
    path.write_bytes(path.read_bytes()[:-1])
    assert sorted(patient.codes()) == ["object.damaged", "object.missing"]
    assert backups.mend(services.objects).copied == 2
    assert patient.codes() == []


def test_a_service_that_was_restored_on_an_empty_machine_is_sound(
    patient: Patient, empty: Database, tmp_path: Path
) -> None:
    old = patient.services
    backups = Backups(tmp_path / "backups", Passphrase("correct horse battery", cost=ScryptCost(n=2**10)), old.clock)
    backups.make(old.database, old.objects)
    home = tmp_path / "elsewhere"
    (home / "secrets").mkdir(parents=True)
    shutil.copy(patient.home / "secrets" / "kek", home / "secrets" / "kek")
    shutil.rmtree(patient.home)
    with Services(settings_for(empty, home), old.clock) as services:
        backups.restore(empty, services.objects)
        found = services.doctor.examine(DoctorOrder(patient.checkpoint), told=lambda *_: None)
        assert (found.sound, list(found.findings)) == (True, [])


def test_the_command_tells_by_its_exit_status_and_in_both_languages(patient: Patient) -> None:
    terminal = Terminal(patient.home)
    address = {"YINZHENG_DATABASE_URL": patient.database.url.render_as_string(hide_password=False)}
    # the certificates of the tests' service begin and end by the tests' clock
    sound = terminal.run("doctor", "--within", "0", "--json", **address)
    answer = json.loads(sound.stdout)
    assert (sound.returncode, answer["sound"], answer["findings"]) == (0, True, []), answer
    assert {each["part"] for each in answer["looked"]} >= {"keys", "log", "register", "files", "objects"}
    pdf_missing(patient)
    harmed = terminal.run("doctor", "--within", "0", "--checkpoint", patient.checkpoint, **address)
    assert harmed.returncode == 1, harmed.stderr
    for word in ("object.missing", "不在对象存储中", "is not in the object store", "从备份", "from a back-up"):
        assert word in harmed.stdout
    kek = patient.home / "secrets" / "kek"
    kek.unlink()
    kek.write_bytes(bytes(range(32)))
    blind = terminal.run("doctor", "--json", **address)
    assert blind.returncode == 2
    assert json.loads(blind.stdout)["unlooked"][0]["code"] == "keys.kek_wrong"


def _seat(patient: Patient, licence: Licence) -> int:
    statement = sa.text("SELECT status_index FROM licence WHERE identifier = :identifier")
    with patient.database.transaction() as session:
        return int(session.execute(statement, {"identifier": licence.identifier}).scalar_one())


def _first_seal(patient: Patient) -> str:
    with patient.database.transaction() as session:
        return str(session.scalars(sa.text("SELECT number FROM seal ORDER BY id LIMIT 1")).one())


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
