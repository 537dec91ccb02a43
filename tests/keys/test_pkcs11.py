"""Keys in a token: made there, kept there, and found again when the token was away."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from keys_house import House
from softhsm import HsmToken, SoftHsm

from keys import KeyAlgorithm, KeyInfo, KeyPurpose, Keyring, KeysError
from keys._tables import SigningKeyRow
from keys.errors import KeyDamagedError, KeyUnknownError
from keys.hsm_errors import (
    HsmKeyMissingError,
    HsmMechanismMissingError,
    HsmModuleUnusableError,
    HsmNotConfiguredError,
    HsmObjectInUseError,
    HsmPinFileUnusableError,
    HsmPinRefusedError,
    HsmUnavailableError,
)
from keys.locations import SOFT, TokenLocation
from keys.pkcs11 import TokenCustody
from keys.pkcs11_module import load_module
from keys.pkcs11_sessions import PinFile, TokenSession, TokenSessions

pytestmark = pytest.mark.needs("softhsm2-util")
DATA = "照面信息".encode()


@dataclass
class Vaulted:
    """A house whose keys may live in a token."""

    house: House
    hsm: SoftHsm
    token: HsmToken
    sessions: TokenSessions
    custody: TokenCustody

    @classmethod
    def open(cls, house: House, hsm: SoftHsm, token: HsmToken, limit: int = 4) -> Vaulted:
        sessions = TokenSessions(
            load_module(hsm.module), token.label, PinFile(token.pin_file), limit=limit, patience=5, rest=0.2
        )
        return cls(house, hsm, token, sessions, TokenCustody(house.database, sessions, house.clock))

    def another_process(self) -> Vaulted:
        return Vaulted.open(self.house, self.hsm, self.token)

    def make(self, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256, purpose: KeyPurpose = KeyPurpose.SEAL) -> KeyInfo:
        with self.house.database.transaction() as session:
            return self.custody.generate(session, algorithm=algorithm, purpose=purpose, label="a key")

    def objects(self) -> int:
        return self.sessions.run(lambda held: len(list(held.session.get_objects())))


@pytest.fixture
def vaulted(house: House, hsm: SoftHsm) -> Vaulted:
    return Vaulted.open(house, hsm, hsm.make_token())


def verify(info: KeyInfo, signature: bytes, data: bytes = DATA) -> None:
    public = info.load_public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, data, ec.ECDSA(SHA256()))
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, data)
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signature, data, padding.PKCS1v15(), SHA256())


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_3072, KeyAlgorithm.ED25519])
def test_a_key_made_in_the_token_signs(vaulted: Vaulted, algorithm: KeyAlgorithm) -> None:
    info = vaulted.make(algorithm)
    verify(info, vaulted.custody.sign(info.id, DATA))
    with pytest.raises(InvalidSignature):
        verify(info, vaulted.custody.sign(info.id, DATA), b"something else")


def test_another_process_signs_with_the_same_key(vaulted: Vaulted) -> None:
    info = vaulted.make()
    other = vaulted.another_process()
    assert other.custody.keys() == [info]
    assert other.custody.info(info.id) == info
    verify(info, other.custody.sign(info.id, DATA))


def test_the_private_key_cannot_leave_the_token(vaulted: Vaulted) -> None:
    from pkcs11 import Attribute, AttributeSensitive, PKCS11Error  # noqa: PLC0415

    info = vaulted.make()
    place = TokenLocation.parse(info.location)
    assert place is not None

    def look(held: TokenSession) -> dict[Attribute, object]:
        key = held.private_key(place.object_id)
        with pytest.raises(AttributeSensitive):
            _ = key[Attribute.VALUE]
        with pytest.raises(PKCS11Error):
            key[Attribute.EXTRACTABLE] = True
        with pytest.raises(PKCS11Error):
            key[Attribute.SENSITIVE] = False
        asked = (
            *(Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.ALWAYS_SENSITIVE, Attribute.NEVER_EXTRACTABLE),
            *(Attribute.LOCAL, Attribute.SIGN, Attribute.DECRYPT, Attribute.UNWRAP, Attribute.DERIVE),
        )
        return {each: key[each] for each in asked}

    assert vaulted.sessions.run(look) == {
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.ALWAYS_SENSITIVE: True,
        Attribute.NEVER_EXTRACTABLE: True,
        Attribute.LOCAL: True,
        Attribute.SIGN: True,
        Attribute.DECRYPT: False,
        Attribute.UNWRAP: False,
        Attribute.DERIVE: False,
    }


def test_the_database_knows_where_the_key_is_and_no_more(vaulted: Vaulted) -> None:
    info = vaulted.make()
    with vaulted.house.database.transaction() as session:
        row = session.get_one(SigningKeyRow, info.id)
    assert row.wrapped is None
    assert row.location == info.location
    assert info.location.startswith(f"pkcs11:{vaulted.token.label}:")


def test_a_key_whose_transaction_is_undone_is_destroyed(vaulted: Vaulted) -> None:
    vaulted.make()
    before = vaulted.objects()

    def make_and_fail() -> None:
        with vaulted.house.database.transaction() as session:
            info = vaulted.custody.generate(
                session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="a key"
            )
            verify(info, vaulted.custody.sign(info.id, DATA))
            assert vaulted.objects() == before + 2
            raise LookupError

    with pytest.raises(LookupError):
        make_and_fail()
    assert vaulted.objects() == before
    assert vaulted.custody.orphans() == []


def test_a_key_goes_with_its_savepoint_and_stays_with_one_that_is_released(vaulted: Vaulted) -> None:
    before = vaulted.objects()
    arguments = {"algorithm": KeyAlgorithm.ECDSA_P256, "purpose": KeyPurpose.SEAL, "label": "a key"}
    with vaulted.house.database.transaction() as session:
        with session.begin_nested() as savepoint:
            undone = vaulted.custody.generate(session, **arguments)
            savepoint.rollback()
        assert vaulted.objects() == before
        with session.begin_nested():
            kept = vaulted.custody.generate(session, **arguments)
    verify(kept, vaulted.another_process().custody.sign(kept.id, DATA))
    with pytest.raises(KeyUnknownError):
        vaulted.custody.sign(undone.id, DATA)


def test_a_key_in_a_released_savepoint_goes_when_the_rest_is_undone(vaulted: Vaulted) -> None:
    before = vaulted.objects()

    def make_and_fail() -> None:
        with vaulted.house.database.transaction() as session:
            with session.begin_nested():
                vaulted.custody.generate(
                    session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="a key"
                )
            raise LookupError

    with pytest.raises(LookupError):
        make_and_fail()
    assert vaulted.objects() == before


def test_a_key_whose_commit_may_have_happened_is_kept_and_listed(vaulted: Vaulted) -> None:
    """A lost answer to a commit must not cost a key that the database knows."""

    def make_and_lose_the_answer() -> None:
        with vaulted.house.database.transaction() as session:
            vaulted.custody.generate(session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=KeyPurpose.SEAL, label="k")

            @sa.event.listens_for(session, "before_commit")
            def lose(_session: object) -> None:
                raise ConnectionError

    with pytest.raises(ConnectionError):
        make_and_lose_the_answer()
    (orphan,) = vaulted.custody.orphans()
    with pytest.raises(HsmObjectInUseError):
        vaulted.custody.destroy_orphan(orphan.object_id)
    vaulted.house.clock.advance(timedelta(hours=2))
    vaulted.custody.destroy_orphan(orphan.object_id)
    assert vaulted.objects() == 0


def test_a_key_in_use_is_no_orphan(vaulted: Vaulted) -> None:
    info = vaulted.make()
    vaulted.house.clock.advance(timedelta(days=2))
    assert vaulted.custody.orphans() == []
    with pytest.raises(HsmObjectInUseError):
        vaulted.custody.destroy_orphan(info.location.rpartition(":")[2])
    verify(info, vaulted.custody.sign(info.id, DATA))


def test_one_key_does_not_pass_for_another(vaulted: Vaulted) -> None:
    """Whoever can write to the database can exchange where keys are said to be, and what they are said to be for."""
    first, second = vaulted.make(), vaulted.make(purpose=KeyPurpose.TIMESTAMP)
    with vaulted.house.database.transaction() as session:
        row = session.get_one(SigningKeyRow, first.id)
        row.location, row.public_key = second.location, second.public_key + b"\0"
        session.flush()
        session.get_one(SigningKeyRow, second.id).purpose = KeyPurpose.SEAL.value
    other = vaulted.another_process().custody
    for key_id in (first.id, second.id):
        with pytest.raises((KeyDamagedError, HsmUnavailableError)):
            other.sign(key_id, DATA)


def test_sm2_is_refused_where_the_token_has_none(vaulted: Vaulted) -> None:
    with pytest.raises(HsmMechanismMissingError) as caught:
        vaulted.make(KeyAlgorithm.SM2)
    assert caught.value.code == "keys.token_mechanism_missing"
    assert vaulted.objects() == 0


def test_many_threads_share_a_few_sessions_and_one_log_in(vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [vaulted.make(), vaulted.make()]
    other = Vaulted.open(vaulted.house, vaulted.hsm, vaulted.token, limit=3)
    reads = []
    read = PinFile.read
    monkeypatch.setattr(PinFile, "read", lambda pin: reads.append(pin) or read(pin))

    def work(number: int) -> None:
        info = infos[number % 2]
        data = str(number).encode()
        verify(info, other.custody.sign(info.id, data), data)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(300)))
    assert len(other.sessions._idle) <= 3
    assert reads == []


def test_who_finds_all_sessions_busy_is_told_after_a_while(vaulted: Vaulted) -> None:
    info = vaulted.make()
    sessions = TokenSessions(
        load_module(vaulted.hsm.module), vaulted.token.label, PinFile(vaulted.token.pin_file), limit=1, patience=0.1
    )
    custody = TokenCustody(vaulted.house.database, sessions, vaulted.house.clock)

    def ask_again(_held: TokenSession) -> None:
        with pytest.raises(HsmUnavailableError, match="busy"):
            custody.sign(info.id, DATA)

    sessions.run(ask_again)
    verify(info, custody.sign(info.id, DATA))


def test_a_token_that_is_taken_away_is_named_and_one_that_comes_back_is_used(vaulted: Vaulted) -> None:
    info = vaulted.make()
    vaulted.hsm.take_away()
    for _ in range(2):
        with pytest.raises(HsmUnavailableError) as caught:
            vaulted.custody.sign(info.id, DATA)
        assert caught.value.code == "keys.token_unavailable"
        assert vaulted.token.label in caught.value.message_zh
    vaulted.hsm.put_back()
    time.sleep(0.3)
    verify(info, vaulted.custody.sign(info.id, DATA))


# the library finishes a search that never began, and then complains of itself
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_token_that_was_away_unnoticed_costs_nobody_an_error(vaulted: Vaulted) -> None:
    info = vaulted.make()
    module = load_module(vaulted.hsm.module)
    for lose in _ways_to_lose_sessions(vaulted):
        lose()
        verify(info, vaulted.custody.sign(info.id, DATA))
    assert module.threads


def _ways_to_lose_sessions(vaulted: Vaulted) -> list[Callable[[], object]]:
    module = load_module(vaulted.hsm.module)

    def close_all() -> None:
        for held in vaulted.sessions._idle:
            held.session.close()

    def log_out() -> None:
        keeper = module.logged_in[vaulted.token.label]
        assert keeper is not None
        keeper.close()

    def start_anew_behind_our_back() -> None:
        module._functions.finalise(None)

    return [close_all, log_out, start_anew_behind_our_back]


def test_threads_that_lose_the_token_together_all_get_their_signature(vaulted: Vaulted) -> None:
    info = vaulted.make()
    module = load_module(vaulted.hsm.module)

    def work(number: int) -> None:
        if number % 50 == 25:
            module.restart(module.epoch, within=5)
        data = str(number).encode()
        verify(info, vaulted.custody.sign(info.id, data), data)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(300)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_signs_as_its_parent_goes_on_to_do(vaulted: Vaulted) -> None:
    info = vaulted.make()
    vaulted.custody.sign(info.id, DATA)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send_bytes(vaulted.custody.sign(info.id, DATA)))
    child.start()
    assert receiver.poll(20)
    verify(info, receiver.recv_bytes())
    child.join(20)
    assert child.exitcode == 0
    verify(info, vaulted.custody.sign(info.id, DATA))


def test_a_key_that_is_not_in_the_token_is_told_from_a_token_that_is_away(vaulted: Vaulted) -> None:
    info = vaulted.make()

    def destroy(held: TokenSession) -> None:
        for each in list(held.session.get_objects()):
            each.destroy()

    vaulted.sessions.run(destroy)
    with pytest.raises(HsmKeyMissingError):
        vaulted.another_process().custody.sign(info.id, DATA)


def test_a_wrong_pin_is_tried_once_so_that_the_token_is_not_locked(house: House, hsm: SoftHsm) -> None:
    token = hsm.make_token()
    token.pin_file.write_text("00000000-wrong\n")
    vaulted = Vaulted.open(house, hsm, token)
    logins = []
    module = load_module(hsm.module)
    for _ in range(5):
        with pytest.raises(HsmPinRefusedError) as caught:
            vaulted.make()
        logins.append(caught.value.message_en)
        assert "00000000" not in str(caught.value) + repr(vaulted.sessions._pin) + repr(caught.value.__cause__)
    assert "PinIncorrect" in logins[0]
    assert all("not changed" in each for each in logins[1:])
    assert token.label not in module.logged_in
    token.pin_file.write_text(token.pin + "\n")
    verify(info := vaulted.make(), vaulted.custody.sign(info.id, DATA))


def test_a_pin_that_all_can_read_is_not_used(house: House, hsm: SoftHsm) -> None:
    token = hsm.make_token()
    token.pin_file.chmod(0o644)
    with pytest.raises(HsmPinFileUnusableError):
        Vaulted.open(house, hsm, token).make()
    token.pin_file.unlink()
    with pytest.raises(HsmPinFileUnusableError):
        Vaulted.open(house, hsm, token).make()


def test_a_driver_that_is_none_is_named(hsm: SoftHsm) -> None:
    with pytest.raises(HsmModuleUnusableError):
        load_module(hsm.directory / "nothing.so")
    with pytest.raises(HsmModuleUnusableError):
        load_module(hsm.config)


def test_a_token_with_an_unknown_label_is_unavailable(house: House, hsm: SoftHsm) -> None:
    token = hsm.make_token()
    with pytest.raises(HsmUnavailableError):
        Vaulted.open(house, hsm, HsmToken("no such token", token.pin, token.pin_file)).make()


def test_a_keyring_makes_keys_where_their_purpose_says_and_finds_them_again(vaulted: Vaulted) -> None:
    house = vaulted.house
    ring = Keyring(house.database, house.custody, vaulted.custody, in_token={KeyPurpose.SEAL})
    made = {}
    with house.database.transaction() as session:
        for purpose in (KeyPurpose.SEAL, KeyPurpose.TOKEN):
            made[purpose] = ring.generate(session, algorithm=KeyAlgorithm.ECDSA_P256, purpose=purpose, label="a key")
            verify(made[purpose], ring.sign(made[purpose].id, DATA))
    assert made[KeyPurpose.SEAL].location != SOFT
    assert made[KeyPurpose.TOKEN].location == SOFT
    again = Keyring(house.database, house.another_process().custody, vaulted.another_process().custody)
    assert again.keys() == list(made.values())
    for info in made.values():
        verify(info, again.sign(info.id, DATA))
        assert again.info(info.id) == info


def test_a_keyring_without_the_token_says_which_one_it_misses(vaulted: Vaulted) -> None:
    info = vaulted.make()
    ring = Keyring(vaulted.house.database, vaulted.house.custody)
    with pytest.raises(HsmNotConfiguredError, match=vaulted.token.label):
        ring.sign(info.id, DATA)
    with pytest.raises(KeyUnknownError):
        ring.sign(info.id + 1000, DATA)


def test_sm2_keys_stay_in_software_where_the_operator_says_so(vaulted: Vaulted) -> None:
    house = vaulted.house
    arguments = {"algorithm": KeyAlgorithm.SM2, "purpose": KeyPurpose.SEAL, "label": "a key"}
    strict = Keyring(house.database, house.custody, vaulted.custody, in_token={KeyPurpose.SEAL})
    lenient = Keyring(house.database, house.custody, vaulted.custody, in_token={KeyPurpose.SEAL}, sm2_soft=True)
    with house.database.transaction() as session:
        with pytest.raises(HsmMechanismMissingError):
            strict.generate(session, **arguments)
        assert lenient.generate(session, **arguments).location == SOFT


def test_an_error_of_the_token_is_one_of_this_package() -> None:
    assert issubclass(HsmUnavailableError, KeysError)
