"""E-signatures: only what the owner has just authorised is signed, once, and nothing is changed unnoticed."""

from __future__ import annotations

import hashlib
import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sqlalchemy.exc import DBAPIError

from keys.errors import PurposeMismatchError
from seal import Authorisation, OwnerKind, Placement, SealingOrder, Signatory, SignedSubject, SigningCredential
from seal.errors import DocumentUnsealableError
from seal.signature_artwork import typed_signature
from seal.signing_errors import (
    AuthorisationExpiredError,
    AuthorisationInvalidError,
    AuthorisationOtherDigestError,
    AuthorisationUsedError,
    CredentialLockedError,
    CredentialNotUsableError,
    CredentialUnknownError,
    DocumentLockedError,
    SecondFactorWrongError,
)
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import House
from tests.pdfs import blank_pdf
from verify import PdfEvidence, Policy, TrustAnchors, inspect_pdf

DIGEST, OTHER = hashlib.sha256(b"undertaking").digest(), hashlib.sha256(b"another").digest()
PERSON = Signatory(OwnerKind.PERSON, "11010519491231002X", "张伟", b"p" * 32)


class Owner:
    """A person with a credential and an authenticator."""

    def __init__(self, house: House, clock: FixedClock, signatory: Signatory = PERSON) -> None:
        self.services, self.clock = house.services, clock
        self.credential, enrolment = house.services.credentials.enrol(signatory, actor="officer", reason="现场核验")
        self.codes = pyotp.TOTP(parse_qs(urlsplit(enrolment.uri).query)["secret"][0])

    def code(self, skew: int = 0) -> str:
        return self.codes.generate_otp(int(self.clock.now().timestamp()) // 30 + skew)

    def authorise(
        self,
        *digests: bytes,
        code: str | None = None,
        subject: SignedSubject = SignedSubject.HASH,
        credential: SigningCredential | None = None,
    ) -> Authorisation:
        return self.services.authorisations.authorise(
            credential or self.credential,
            digests or (DIGEST,),
            subject=subject,
            factor="OTP",
            answer=self.code() if code is None else code,
            client="app",
        )

    def sign(self, token: str, *digests: bytes, client: str = "app") -> list[bytes]:
        return self.services.signing.sign_hashes(self.credential, token, digests or (DIGEST,), client=client)

    def sign_pdf(self, pdf: bytes, *, seen: bool = True) -> bytes:
        self.clock.advance(timedelta(seconds=30))
        given = self.authorise(hashlib.sha256(pdf).digest(), subject=SignedSubject.DOCUMENT)
        return self.services.signing.sign_pdf(
            pdf,
            self.credential,
            given.token,
            client="app",
            reason="本人承诺",
            artwork=typed_signature("张伟", fonts=self.services.fonts) if seen else None,
            placement=Placement(1, 60, 200) if seen else None,
        )


@pytest.fixture
def owner(house: House, clock: FixedClock) -> Owner:
    return Owner(house, clock)


def test_what_was_authorised_is_signed_and_recorded(owner: Owner) -> None:
    (signature,) = owner.sign(owner.authorise().token)
    public = owner.services.credentials.chain(owner.credential)[0].public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(SHA256())))
    records = owner.services.authorisations.records(owner.credential)
    assert [(each.step, each.result) for each in reversed(records)] == [
        ("authorise", "granted"),
        ("sign", "granted"),
        ("signed", "granted"),
    ]
    assert {each.digests for each in records} == {(DIGEST.hex(),)}


def test_an_authorisation_signs_once_and_only_what_it_names_for_who_has_it(owner: Owner) -> None:
    token = owner.authorise().token
    with pytest.raises(AuthorisationOtherDigestError):
        owner.sign(token, OTHER)
    with pytest.raises(AuthorisationOtherDigestError):
        owner.sign(token, DIGEST, OTHER)
    for wrong in ("", "x" * 64, "0" * 64):
        with pytest.raises(AuthorisationInvalidError):
            owner.sign(wrong)
    with pytest.raises(AuthorisationInvalidError):
        owner.sign(token, client="another")
    with pytest.raises(AuthorisationInvalidError):
        owner.services.signing.sign_pdf(b"undertaking", owner.credential, token, client="app", reason="x")
    owner.sign(token)
    with pytest.raises(AuthorisationUsedError):
        owner.sign(token)


def test_an_authorisation_ends_after_five_minutes(owner: Owner, clock: FixedClock) -> None:
    token = owner.authorise().token
    clock.advance(timedelta(minutes=5))
    with pytest.raises(AuthorisationExpiredError):
        owner.sign(token)


def test_of_fifty_at_once_one_signs(owner: Owner) -> None:
    token = owner.authorise().token

    def attempt(_: int) -> bool:
        try:
            owner.sign(token)
        except AuthorisationUsedError:
            return False
        return True

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(attempt, range(50))) == 1


def test_a_code_is_taken_once_and_one_step_early_or_late(owner: Owner, clock: FixedClock) -> None:
    owner.authorise(code=owner.code(-1))
    owner.authorise(code=owner.code(0))
    for used in (owner.code(-1), owner.code(0), owner.code(2), "", "１２３４５６", "12345"):
        with pytest.raises((SecondFactorWrongError, CredentialLockedError)):
            owner.authorise(code=used)
    clock.advance(timedelta(hours=1))
    owner.authorise(code=owner.code(1))


def test_of_fifty_with_one_code_one_is_authorised(owner: Owner) -> None:
    code = owner.code()

    def attempt(_: int) -> bool:
        try:
            owner.authorise(code=code)
        except YinzhengError:
            return False
        return True

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(attempt, range(50))) == 1


def test_wrong_codes_lock_the_credential_each_time_longer(owner: Owner, clock: FixedClock) -> None:
    for lock in (timedelta(minutes=15), timedelta(minutes=30)):
        for _ in range(4):
            with pytest.raises(SecondFactorWrongError):
                owner.authorise(code="abcdef")
        with pytest.raises(CredentialLockedError):
            owner.authorise(code="abcdef")
        with pytest.raises(CredentialLockedError):
            owner.authorise()
        clock.advance(lock)
    owner.authorise()


def test_a_suspended_credential_signs_nothing_not_even_what_was_authorised(owner: Owner, clock: FixedClock) -> None:
    token = owner.authorise().token
    number = owner.credential.number
    owner.services.credentials.suspend(number, actor="officer", reason="挂失")
    with pytest.raises(CredentialNotUsableError):
        owner.sign(token)
    clock.advance(timedelta(seconds=30))
    with pytest.raises(CredentialNotUsableError):
        owner.authorise()
    owner.services.credentials.resume(number, actor="officer", reason="解除挂失")
    owner.sign(token)
    owner.services.credentials.cancel(number, actor="officer", reason="注销")
    with pytest.raises(CredentialNotUsableError):
        owner.services.credentials.resume(number, actor="officer", reason="x")


def test_anothers_credential_looks_like_none(owner: Owner) -> None:
    number = owner.credential.number
    assert owner.services.credentials.get(number, owner=PERSON.index) == owner.credential
    for asked, index in ((number, b"q" * 32), ("sc-0", PERSON.index)):
        with pytest.raises(CredentialUnknownError):
            owner.services.credentials.get(asked, owner=index)


def test_personal_data_and_secrets_rest_encrypted(owner: Owner) -> None:
    with owner.services.database.transaction() as session:
        stored = str(session.connection().exec_driver_sql("SELECT * FROM signing_credential, signing_totp").all())
    assert PERSON.code not in stored
    assert PERSON.name not in stored
    assert owner.codes.byte_secret().hex() not in stored
    assert PERSON.code not in repr(PERSON)


def test_the_record_cannot_be_changed(owner: Owner) -> None:
    owner.authorise()
    with pytest.raises(DBAPIError), owner.services.database.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM signature_record")


def test_only_keys_of_people_sign_bare_digests(house: House) -> None:
    seal = house.seal()
    assert seal.key_id is not None
    with pytest.raises(PurposeMismatchError):
        house.services.keys.custody.sign_digest(seal.key_id, DIGEST)


def sealed(house: House, pdf: bytes) -> bytes:
    seal = house.seal()
    order = SealingOrder(seal.number, "tests", "business_licence", "申请-1", Placement(1, 140, 230), "受理")
    return house.services.counter_sealer.seal_pdf(pdf, order).data


def inspected(house: House, pdf: bytes) -> PdfEvidence:
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    return inspect_pdf(pdf, anchors, policy=Policy.GENERAL, now=house.services.clock.now())


def annotated(pdf: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    note = DictionaryObject({pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Square")})
    note["/Rect"] = ArrayObject(NumberObject(value) for value in (10, 10, 99, 99))
    writer.register_annotation(writer.find_page_for_modification(0)[0], writer.add_object(note))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_applicants_signature_and_the_departments_seal_both_verify(house: House, owner: Owner) -> None:
    signed = owner.sign_pdf(owner.sign_pdf(blank_pdf()), seen=False)
    assert inspected(house, signed).passed
    both = sealed(house, signed)
    evidence = inspected(house, both)
    assert evidence.passed, evidence.reasons
    assert len(evidence.signatures) == 3
    assert not inspected(house, annotated(both)).passed
    assert not inspected(house, annotated(signed)).passed


def test_nothing_follows_a_seal_that_closes(house: House, owner: Owner) -> None:
    both = sealed(house, owner.sign_pdf(blank_pdf()))
    with pytest.raises(DocumentLockedError):
        owner.sign_pdf(both)
    with pytest.raises(DocumentLockedError):
        sealed(house, both)


def test_nothing_is_sealed_over_what_nobody_signed(house: House, owner: Owner) -> None:
    with pytest.raises(DocumentLockedError):
        sealed(house, annotated(owner.sign_pdf(blank_pdf())))
    with pytest.raises(DocumentUnsealableError):
        sealed(house, blank_pdf())


@pytest.mark.needs("pdfsig")
def test_poppler_finds_both_signatures_valid(house: House, owner: Owner, tmp_path: Path) -> None:
    path = tmp_path / "both.pdf"
    path.write_bytes(sealed(house, owner.sign_pdf(blank_pdf())))
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid") == 2, said
