"""The one place where the parts are chosen and put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api._tables import ClientRow
from api.builtin_provider import ACR as BUILTIN_ACR
from api.builtin_provider import CLIENT_ID as BUILTIN_CLIENT_ID
from api.builtin_provider import BuiltinProvider, SignInLinks
from api.builtin_provider.provider import issuer_below
from api.client_proofs import ClientProofs
from api.clients import DEMO_CLIENTS, Clients
from api.doctor import AT_ONCE, Doctor, DoctorKeys
from api.errors import DemoDatabaseError, SettingsError
from api.jobs import scheduled_jobs
from api.languages import Language
from api.names import Names
from api.officers import Officers
from api.openid import Provider, ProviderTerms
from api.quotas import Quotas
from api.readiness import Readiness, readiness_of
from api.settings import Environment, Settings
from api.signed_in import Sessions, SignIns
from api.watches import Watches
from api.webhooks import DELIVER, Webhooks
from keys import (
    AuthorityUrls,
    CertificateAuthority,
    CertificateProfile,
    CertificateRequests,
    FieldKeys,
    FieldVault,
    KekSource,
    KeyEncryptionKey,
    KeyPurpose,
    Keyring,
    OcspResponder,
    Passphrase,
    PkiEvidence,
    RawKey,
    RecordLog,
    RevocationLists,
    ServiceCertificate,
    SoftCustody,
    Subject,
    TimestampAuthority,
    TokenKeys,
    TokenSigner,
    TokenVerifier,
    WrappingAlgorithm,
    create_key_file,
    rewrap,
)
from keys.certificate_checks import is_gm
from keys.foreign import ForeignCertificates
from seal import (
    Authorisations,
    Consents,
    CoSealPress,
    CounterSealPress,
    Credentials,
    DetachedSealer,
    ExternalTimeStamps,
    FontLibrary,
    Grants,
    InternalTimeStamps,
    IssuedHere,
    JointSealer,
    MeasuredTimeStamps,
    Organisations,
    People,
    PublicRegister,
    SealDataBook,
    Sealer,
    SealPress,
    SealRegistry,
    SealUses,
    SesSigner,
    Signing,
    TimeStampSource,
)
from store.acting import SERVICE
from store.cache import Cache, open_cache
from store.clock import Clock, SystemClock
from store.database import Database, DatabaseUnavailableError
from store.embedded import EmbeddedPostgres
from store.errors import YinzhengError
from store.ledger import Ledger
from store.limits import RateLimiter, open_rate_limiter
from store.objects import ObjectStore, open_object_store
from store.outbox import Handler, Outbox, Worker
from store.schedule import Schedule
from store.schema import require_bound, require_current, upgrade
from trust import (
    LICENCE_ISSUED,
    Changing,
    ConfinedRenderer,
    Extending,
    HolderIndex,
    Issuing,
    LicenceLog,
    LicenceTypes,
    LogProof,
    PublishedCatalogue,
    Register,
    Searching,
    TransparencyLog,
    TypeDesk,
)
from trust.archives import Archives
from trust.batch import BatchKind
from trust.batch_loading import BatchLoading
from trust.batch_work import BatchWorker, Done, DoneTogether, LineHandler, Task
from trust.batches import Batches
from trust.exchange import Exchange
from trust.feed import ChangeFeed
from trust.issuing import IssueOrder
from trust.issuing_together import IssuingTogether
from trust.licence import Licence
from trust.quality_report import QualityReports
from trust.references import References
from trust.status_lists import StatusLists, status_list_uri
from verify import (
    AnchorPurpose,
    Checker,
    CheckRecords,
    DepartmentChecks,
    Inspector,
    IsolatedWorkers,
    PdfEvidence,
    ReceiptSigner,
    ReceiptVerifier,
    RevocationData,
    RevocationKnowledge,
    ServiceItems,
    TrustList,
    inspect_pdf,
)
from verify.feedback import Feedback
from verify.looks import Looks
from verify.objections import Objections
from verify.page_picture import PagePicture, page_picture
from verify.qr_image import text_in
from verify.receipt_pdf import ReceiptPages
from verify.report_pdf import ReportPrinter
from verify.source import reading_seconds
from wallet import Agents, ConsentBook, ConsentRecords, ConsentRequests, OfflinePresentations, Presentations, Wallets
from wallet import Consents as LicenceConsents

_LOG = logging.getLogger(__name__)
_DRAWING_SECONDS = 4.0
RECEIPT_SUBJECT = Subject(common_name="印证 核验回执服务", organisation="印证电子证照服务")
CONSENT_SUBJECT = Subject(common_name="印证 授权记录服务", organisation="印证电子证照服务")
TOKEN_SUBJECT = Subject(common_name="印证 令牌签发服务", organisation="印证电子证照服务")


@dataclass(frozen=True)
class Keys:
    """The parts that hold keys, opened together because one key-encryption key opens them all."""

    custody: Keyring
    vault: FieldVault
    authority: CertificateAuthority
    timestamps: TimestampAuthority
    revocation_lists: RevocationLists
    ocsp: OcspResponder
    evidence: PkiEvidence
    token: ServiceCertificate
    token_keys: TokenKeys
    signer: TokenSigner
    verifier: TokenVerifier

    @classmethod
    def open(
        cls,
        database: Database,
        kek_source: KekSource,
        clock: Clock,
        base_url: str,
        keyring: Callable[[SoftCustody], Keyring],
        wrapping: WrappingAlgorithm,
    ) -> Keys:
        """Open custody with the key-encryption key, and make the authorities where they are missing.

        :raises YinzhengError: the key-encryption key is not the one that the database was set up with.
        """
        kek = KeyEncryptionKey.open(database, kek_source, clock, wrapping)
        custody = keyring(SoftCustody(database, kek, clock))
        vault = FieldVault(database, kek, clock)
        vault.ensure()
        authority = CertificateAuthority(database, custody, clock, urls=partial(_urls_below, base_url))
        authority.ensure()
        reference = database.time if isinstance(clock, SystemClock) else None
        timestamps = TimestampAuthority(custody, authority, database, clock, reference=reference)
        timestamps.ensure()
        revocation_lists = RevocationLists(database, custody, clock)
        ocsp = OcspResponder(custody, authority, database, clock)
        evidence = PkiEvidence(database, authority, revocation_lists, ocsp)
        token = ServiceCertificate(authority, clock, KeyPurpose.TOKEN, TOKEN_SUBJECT)
        token_keys = TokenKeys(custody, clock, compromised=authority.compromised_keys)
        signer = TokenSigner(custody, token, clock, issuer=base_url)
        verifier = TokenVerifier(token_keys, clock, issuer=base_url)
        return cls(
            custody=custody,
            vault=vault,
            authority=authority,
            timestamps=timestamps,
            revocation_lists=revocation_lists,
            ocsp=ocsp,
            evidence=evidence,
            token=token,
            token_keys=token_keys,
            signer=signer,
            verifier=verifier,
        )


def _urls_below(base_url: str, issuer: x509.Certificate) -> AuthorityUrls:
    """The addresses that certificates under an authority name; see :mod:`api.routers.pki`."""
    authority = f"{base_url}/pki/authorities/{issuer.serial_number:x}"
    return AuthorityUrls(issuer=f"{authority}.crt", crl=f"{authority}.crl", ocsp=f"{base_url}/pki/ocsp")


class Services:
    """All parts of one process. Use it as a context manager, or call :meth:`close`.

    Parts are made when they are first asked for, so that a command that only reads a file starts no database.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._closing = ExitStack()

    @cached_property
    def database(self) -> Database:
        """PostgreSQL with the schema of this version.

        The embedded one is brought to the schema by itself; any other by ``yinzheng db upgrade``.
        """
        database = Database(self.database_address, acting=SERVICE)
        with ExitStack() as failing:
            failing.callback(database.close)
            self._make_sure_of(database)
            failing.pop_all()
        self._closing.callback(database.close)
        return database

    def _make_sure_of(self, database: Database) -> None:
        if self.settings.database_url is None:
            upgrade(database)
        else:
            require_current(database)
        if self.settings.environment is Environment.PRODUCTION:
            require_bound(database)
            _refuse_demo_data(database)

    @cached_property
    def database_address(self) -> str:
        """The URL of the database; starts the embedded one where none is set."""
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        server = EmbeddedPostgres(self.settings.var / "postgres")
        self._closing.callback(server.close)
        return server.start()

    @cached_property
    def objects(self) -> ObjectStore:
        """Where the sealed PDFs are kept."""
        url = self.settings.objects_url or (self.settings.var / "objects").resolve().as_uri()
        return open_object_store(url)

    @cached_property
    def cache(self) -> Cache:
        """Cache of what can be made again."""
        return open_cache(self._redis_url)

    @cached_property
    def limiter(self) -> RateLimiter:
        """Counts requests against rate limits."""
        return open_rate_limiter(self._redis_url)

    @property
    def _redis_url(self) -> str | None:
        url = self.settings.redis_url
        return url.get_secret_value() if url is not None else None

    @cached_property
    def keys(self) -> Keys:
        """Custody of keys, authorities and tokens."""
        settings = self.settings
        return Keys.open(
            self.database, self._kek_source(), self.clock, settings.base_url, self._keyring, settings.wrapping
        )

    def _keyring(self, soft: SoftCustody) -> Keyring:
        settings, token = self.settings, None
        if settings.pkcs11_module and settings.pkcs11_token and settings.pkcs11_pin_file:
            # what speaks to tokens is loaded where there is one
            from keys.pkcs11 import open_token  # noqa: PLC0415

            token = open_token(
                self.database,
                self.clock,
                module=settings.pkcs11_module,
                label=settings.pkcs11_token,
                pin_file=settings.pkcs11_pin_file,
                sessions=settings.pkcs11_sessions,
            )
        return Keyring(self.database, soft, token, in_token=settings.pkcs11_purposes, sm2_soft=settings.pkcs11_sm2_soft)

    def rewrap_keys(self, new: KekSource | None) -> None:
        """Wrap all keys again under a new key-encryption key, by the algorithm of the settings.

        :param new: where that key comes from; the source of the settings where nothing is said.
        """
        wrapping = self.settings.wrapping
        kek = KeyEncryptionKey.open(self.database, self._kek_source(), self.clock, wrapping)
        rewrap(self.database, kek, new or self._kek_source(), self.clock, wrapping)

    @cached_property
    def field_keys(self) -> FieldKeys:
        """The data keys of encrypted fields."""
        return FieldKeys(self.database, self.keys.vault, self.clock)

    def open_key_encryption_key(self) -> None:
        """Make sure that the key-encryption key of the settings opens the keys of the database.

        :raises YinzhengError: there is none, or it is not the one that the database was set up with.
        """
        self._opened_kek()

    def _opened_kek(self) -> KeyEncryptionKey:
        """The key-encryption key of the settings; no file is made where there is none."""
        found = kek_source(self.settings.kek_file, self.settings.kek_passphrase_file)
        source = found or RawKey.from_file(self._key_file)
        return KeyEncryptionKey.open(self.database, source, self.clock, self.settings.wrapping)

    def _kek_source(self) -> KekSource:
        found = kek_source(self.settings.kek_file, self.settings.kek_passphrase_file)
        if found is not None:
            return found
        create_key_file(self._key_file)
        return RawKey.from_file(self._key_file)

    @property
    def _key_file(self) -> Path:
        """The key-encryption key where the settings name none."""
        return self.settings.var / "secrets" / "kek"

    @cached_property
    def certificate_requests(self) -> CertificateRequests:
        """Certificates from authorities outside."""
        return CertificateRequests(self.database, self.keys.custody, self.clock)

    @cached_property
    def fonts(self) -> FontLibrary:
        """The fonts of pages and seals."""
        return _font_library(self.settings.font_paths)

    @cached_property
    def organisations(self) -> Organisations:
        """The bodies that issue licences and own seals."""
        return Organisations(self.database, self.clock)

    @cached_property
    def seals(self) -> SealRegistry:
        """The register of seals."""
        return SealRegistry(
            self.database, self.keys.custody, self.keys.authority, self.keys.vault, self.clock, self.fonts
        )

    @cached_property
    def people(self) -> People:
        """The people who own signatures."""
        return People(self.database, self.keys.vault, self.clock)

    @cached_property
    def grants(self) -> Grants:
        """Who may use which seal."""
        return Grants(self.database, self.keys.vault, self.clock)

    @cached_property
    def seal_data(self) -> SealDataBook:
        """The seal data of seals (GB/T 38540)."""
        return SealDataBook(self.database, self.keys.vault)

    @cached_property
    def detached_sealer(self) -> DetachedSealer:
        """Makes seal signatures that stand by themselves."""
        return DetachedSealer(self.seal_uses, self.ses_signer)

    @cached_property
    def ses_signer(self) -> SesSigner:
        """Signs with seal data."""
        return SesSigner(self.seal_data, self.keys.custody, self.keys.authority)

    @cached_property
    def seal_uses(self) -> SealUses:
        """The record of the uses of seals."""
        return SealUses(self.database, self.keys.vault, self.clock)

    @cached_property
    def public_register(self) -> PublicRegister:
        """What the public may know of seals."""
        return PublicRegister(self.seals, self.keys.authority, self.clock)

    @cached_property
    def sealer(self) -> Sealer:
        """Puts seals on documents."""
        return Sealer(self.seals, self.seal_uses, self.press, self.ses_signer)

    @cached_property
    def press(self) -> SealPress:
        """Makes sealed PDFs."""
        return SealPress(self.keys.custody, self.keys.authority, self.time_stamps, IssuedHere(self.keys.evidence))

    @cached_property
    def counter_sealer(self) -> Sealer:
        """Puts seals on documents that people have signed."""
        return self._sealer_with(CounterSealPress)

    @cached_property
    def joint_sealer(self) -> JointSealer:
        """Puts the seals of several departments on one document."""
        return JointSealer(self._sealer_with(CoSealPress), self.counter_sealer)

    def _sealer_with(self, press: type[SealPress]) -> Sealer:
        evidence = IssuedHere(self.keys.evidence)
        made = press(self.keys.custody, self.keys.authority, self.time_stamps, evidence)
        return Sealer(self.seals, self.seal_uses, made, self.ses_signer)

    @cached_property
    def credentials(self) -> Credentials:
        """The keys that people and companies sign with."""
        keys = self.keys
        return Credentials(self.database, keys.custody, keys.authority, keys.vault, self.clock)

    @cached_property
    def authorisations(self) -> Authorisations:
        """What they authorised to be signed."""
        return Authorisations(self.database, [self.credentials.totp], self.keys.vault, self.clock)

    @cached_property
    def consents(self) -> Consents:
        """Which clients may ask them for signatures."""
        return Consents(self.database, self.authorisations, self.clock)

    @cached_property
    def signing(self) -> Signing:
        """Signs for people and companies."""
        keys = self.keys
        return Signing(
            keys.custody, keys.authority, self.credentials, self.authorisations, self.time_stamps, self.clock
        )

    @cached_property
    def time_stamps(self) -> TimeStampSource:
        """Where time stamps come from."""
        urls = self.settings.tsa_urls
        if not urls:
            return MeasuredTimeStamps(self._own_time_stamps())
        clock = self.clock if isinstance(self.clock, SystemClock) else None
        return MeasuredTimeStamps(ExternalTimeStamps(urls, clock=clock))

    def _own_time_stamps(self) -> InternalTimeStamps:
        return InternalTimeStamps(self.keys.timestamps, self.keys.authority)

    @cached_property
    def licence_types(self) -> LicenceTypes:
        """The versions of licence types; those that come with the program are brought in."""
        types = LicenceTypes(self.database, self.clock)
        types.seed()
        return types

    @cached_property
    def catalogue(self) -> PublishedCatalogue:
        """The licence types that are issued."""
        _ = self.licence_types
        return PublishedCatalogue(self.database)

    @cached_property
    def register(self) -> Register:
        """The register of licences."""
        return Register(self.database, self.keys.vault, self.objects, self.catalogue, self.clock)

    @cached_property
    def outbox(self) -> Outbox:
        """Jobs that follow from what was committed."""
        return Outbox(self.database, self.clock)

    @cached_property
    def ledger(self) -> Ledger:
        """The append-only log of all that is done."""
        return Ledger(self.database, self.clock)

    @cached_property
    def transparency_log(self) -> TransparencyLog:
        """The ledger, as anybody may follow it."""
        keys = self.keys
        return TransparencyLog(
            self.ledger, LicenceLog(keys.vault), keys.custody, keys.authority, origin=self._log_origin
        )

    @property
    def _log_origin(self) -> str:
        """The name of the log: its address without the scheme."""
        return f"{self.settings.base_url.partition('://')[2]}/log"

    @cached_property
    def status_lists(self) -> StatusLists:
        """The status of all licences, for anybody to keep."""
        keys = self.keys
        return StatusLists(self.database, keys.custody, keys.authority, self.clock, base_url=self.settings.base_url)

    @cached_property
    def renderer(self) -> ConfinedRenderer:
        """Lays licences out."""
        renderer = ConfinedRenderer(self.fonts, self.settings.font_paths)
        self._closing.callback(renderer.close)
        return renderer

    @cached_property
    def type_desk(self) -> TypeDesk:
        """Drafts, previews and publishes licence types."""
        return TypeDesk(self.licence_types, self.catalogue, self.renderer, self.clock)

    @cached_property
    def issuing(self) -> Issuing:
        """Issues licences."""
        return Issuing(
            database=self.database,
            objects=self.objects,
            outbox=self.outbox,
            catalogue=self.catalogue,
            register=self.register,
            renderer=self.renderer,
            seals=self.seals,
            sealer=self.sealer,
            joint_sealer=self.joint_sealer,
            clock=self.clock,
            check_url=self._check_url,
            references=References(self.status_lists, LicenceLog(self.keys.vault), log_origin=self._log_origin),
        )

    @property
    def _check_url(self) -> str:
        return f"{self.settings.base_url}/c/"

    @cached_property
    def issuing_together(self) -> IssuingTogether:
        """Issues several licences in one go."""
        return IssuingTogether(
            database=self.database,
            catalogue=self.catalogue,
            register=self.register,
            issuing=self.issuing,
            clock=self.clock,
        )

    @cached_property
    def changing(self) -> Changing:
        """Puts new versions of licences in the place of old ones."""
        return Changing(
            database=self.database,
            catalogue=self.catalogue,
            register=self.register,
            issuing=self.issuing,
            clock=self.clock,
            check_url=self._check_url,
        )

    @cached_property
    def searching(self) -> Searching:
        """Finds licences."""
        return Searching(self.database, self.register, self.keys.vault, self.catalogue, self.clock)

    @cached_property
    def batches(self) -> Batches:
        """Batches of licences."""
        return Batches(self.database, self.keys.vault, self.clock)

    @cached_property
    def batch_loading(self) -> BatchLoading:
        """Reads files of licences to issue."""
        return BatchLoading(
            database=self.database,
            vault=self.keys.vault,
            batches=self.batches,
            catalogue=self.catalogue,
            register=self.register,
            issuing=self.issuing,
            fonts=self.fonts,
        )

    @cached_property
    def batch_worker(self) -> BatchWorker:
        """Does the lines of batches."""
        handlers: Mapping[BatchKind, LineHandler] = {
            BatchKind.ISSUE: self._issue_line,
            BatchKind.IMPORT: self.archives.enter,
        }
        together = {BatchKind.ISSUE: self._issue_lines}
        return BatchWorker(self.database, self.batches, self.clock, handlers, together=together)

    @cached_property
    def quality_reports(self) -> QualityReports:
        """Reports on the quality of archives' data."""
        return QualityReports(self.database, self.batches, self.catalogue, self.clock)

    @cached_property
    def archives(self) -> Archives:
        """Takes over records of paper licences and of other systems."""
        return Archives(
            database=self.database,
            vault=self.keys.vault,
            objects=self.objects,
            outbox=self.outbox,
            batches=self.batches,
            catalogue=self.catalogue,
            organisations=self.organisations,
            register=self.register,
            issuing=self.issuing,
            fonts=self.fonts,
            clock=self.clock,
            check_url=f"{self.settings.base_url}/c/",
        )

    def _issue_line(self, task: Task, done: Done) -> tuple[Licence, bool]:
        issued = self.issuing.issue(_order_of(task), also=done)
        return issued.licence, issued.created

    def _issue_lines(self, tasks: Sequence[Task], done: DoneTogether) -> None:
        self.issuing_together.issue([_order_of(task) for task in tasks], also=done)

    @cached_property
    def extending(self) -> Extending:
        """Extends the long-term proof of licences."""
        return Extending(self.register, self.objects, self.press, self.clock)

    @cached_property
    def wallets(self) -> Wallets:
        """Holders' wallets."""
        return Wallets(self.database, self.register, self.clock)

    @cached_property
    def presentations(self) -> Presentations:
        """Presentations by QR code."""
        return Presentations(
            self.database, self.wallets, self.register, self.keys.signer, self.keys.verifier, self.clock
        )

    @cached_property
    def offline_presentations(self) -> OfflinePresentations:
        """Presentations by QR code for where there is no network."""
        return OfflinePresentations(
            self.database,
            self.wallets,
            self.register,
            self.keys.custody,
            self.keys.authority,
            self.clock,
            status_uri=self.status_lists.uri,
        )

    @cached_property
    def consent_keys(self) -> TokenKeys:
        """The public keys of consents' records."""
        _ = self._consent_records
        return self._public_keys(KeyPurpose.CONSENT)

    @cached_property
    def _consent_records(self) -> ConsentRecords:
        keys = self.keys
        certificate = ServiceCertificate(keys.authority, self.clock, KeyPurpose.CONSENT, CONSENT_SUBJECT)
        signer = TokenSigner(keys.custody, certificate, self.clock, issuer=self.settings.base_url)
        return ConsentRecords(self.database, signer, RecordLog(keys.vault))

    @cached_property
    def licence_consents(self) -> LicenceConsents:
        """What holders agreed to."""
        return LicenceConsents(
            self.database,
            self.wallets,
            self._consent_records,
            self.clock,
            item_exists=lambda code: self.service_items.find(code) is not None,
        )

    @cached_property
    def consent_requests(self) -> ConsentRequests:
        """What departments ask holders to agree to."""
        return ConsentRequests(
            self.database, self.wallets, self.register, self.licence_consents, self._consent_records, self.clock
        )

    @cached_property
    def checker(self) -> Checker:
        """Checks licences."""
        return Checker(
            self.register,
            self.trust_list,
            self.presentations,
            self.clock,
            self.settings.max_pdf_bytes,
            revocation=partial(_revocation, self.keys.authority, self.keys.revocation_lists),
            inspect=self.inspect,
            logged=self._log_proofs,
        )

    @cached_property
    def trust_list(self) -> TrustList:
        """Which authorities are relied upon."""
        return TrustList(self.database, self.clock, partial(_own_roots, self.database, self.keys.authority))

    def _log_proofs(self, identifiers: Collection[str]) -> dict[str, LogProof]:
        """The log's proofs for verdicts, which stand without them too: the register is what decides."""
        try:
            return self.transparency_log.latest_of(identifiers) if identifiers else {}
        except DatabaseUnavailableError:
            raise
        except YinzhengError as error:
            _LOG.warning("checks go without the log's proof: %s", error.code)
            return {}

    @cached_property
    def readiness(self) -> Readiness:
        """Asks which parts can be used."""
        return readiness_of(self)

    @cached_property
    def doctor(self) -> Doctor:
        """Examines all that is kept."""
        uri = partial(status_list_uri, self.settings.base_url)
        return Doctor(self.database, self.objects, self.clock, self._doctor_keys, status_uri=uri)

    def _doctor_keys(self) -> DoctorKeys:
        """What is there; unlike :attr:`keys`, nothing is made, and no damage of a key keeps it from opening."""
        settings, database, clock = self.settings, self.database, self.clock
        kek = self._opened_kek()
        custody = self._keyring(SoftCustody(database, kek, clock))
        vault = FieldVault(database, kek, clock)
        authority = CertificateAuthority(database, custody, clock)
        trust_list = TrustList(database, clock, partial(_own_roots, database, authority))
        revocation = partial(_revocation, authority, RevocationLists(database, custody, clock))
        inspector = Inspector(trust_list, revocation, self._inspecting(AT_ONCE), settings.max_pdf_bytes)
        register = Register(database, vault, self.objects, PublishedCatalogue(database), clock)
        return DoctorKeys(custody, vault, register, trust_list, inspector)

    @cached_property
    def inspect(self) -> Callable[..., PdfEvidence]:
        """Judges a PDF, in a process of its own unless that is switched off."""
        return self._inspecting(2)

    def _inspecting(self, processes: int) -> Callable[..., PdfEvidence]:
        if not self.settings.isolate_checks:
            return inspect_pdf
        workers = IsolatedWorkers(inspect_pdf, workers=processes, more_seconds=reading_seconds)
        self._closing.callback(workers.close)
        return workers.call

    @cached_property
    def draw_page(self) -> Callable[..., PagePicture]:
        """Draws a page of a PDF, always in a process of its own."""
        workers = IsolatedWorkers(page_picture, seconds=_DRAWING_SECONDS)
        self._closing.callback(workers.close)
        return workers.call

    @cached_property
    def read_code(self) -> Callable[[bytes], str]:
        """Reads the QR code off a picture, in a process of its own unless that is switched off."""
        if not self.settings.isolate_checks:
            return text_in
        workers = IsolatedWorkers(text_in)
        self._closing.callback(workers.close)
        return workers.call

    @cached_property
    def report_printer(self) -> ReportPrinter:
        """Prints verdicts for case files."""
        return ReportPrinter(self.fonts)

    @cached_property
    def check_records(self) -> CheckRecords:
        """The record of every check."""
        return CheckRecords(self.database, RecordLog(self.keys.vault), self.clock)

    @cached_property
    def service_items(self) -> ServiceItems:
        """What departments check for."""
        return ServiceItems(self.database, self.catalogue, self.clock)

    def names(self, language: Language = "zh") -> Names:
        """Names of bodies and items, for one answer."""
        return Names(self.organisations, self.clients, self.service_items, language)

    @cached_property
    def receipt_keys(self) -> TokenKeys:
        """The public keys of receipts and notices."""
        _ = self.receipt_signer
        return self._public_keys(KeyPurpose.RECEIPT)

    def _public_keys(self, purpose: KeyPurpose) -> TokenKeys:
        keys = self.keys
        return TokenKeys(keys.custody, self.clock, purpose=purpose, compromised=keys.authority.compromised_keys)

    @cached_property
    def receipt_signer(self) -> TokenSigner:
        """Signs receipts and notices, with a key that signs nothing else."""
        certificate, issuer = self._receipt_certificate, self.settings.base_url
        return TokenSigner(self.keys.custody, certificate, self.clock, issuer=issuer)

    @cached_property
    def _receipt_certificate(self) -> ServiceCertificate:
        return ServiceCertificate(self.keys.authority, self.clock, KeyPurpose.RECEIPT, RECEIPT_SUBJECT)

    @cached_property
    def receipt_pages(self) -> ReceiptPages:
        """Seals receipts as pages."""
        return ReceiptPages(self.press, self.fonts, self._receipt_certificate, self.clock)

    @cached_property
    def receipts(self) -> ReceiptVerifier:
        """Verifies receipts."""
        return ReceiptVerifier(TokenVerifier(self.receipt_keys, self.clock, issuer=self.settings.base_url))

    @cached_property
    def department_checks(self) -> DepartmentChecks:
        """Checks for departments."""
        return DepartmentChecks(
            self.checker,
            self.register,
            self.service_items,
            ConsentBook(self.licence_consents, self.presentations),
            self.check_records,
            ReceiptSigner(self.receipt_signer),
            partial(HolderIndex.of, self.keys.vault),
        )

    @cached_property
    def clients(self) -> Clients:
        """The systems that may call the API."""
        return Clients(self.database, self.keys.signer, self.keys.verifier, self.clock)

    @cached_property
    def client_proofs(self) -> ClientProofs:
        """How they prove who they are."""
        endpoint = f"{self.settings.base_url}/oauth/token"
        return ClientProofs(self.database, self.clients, self.clock, token_endpoint=endpoint)

    @cached_property
    def provider(self) -> Provider | None:
        """Who says who people are; None where nobody does."""
        terms = self._provider_terms()
        if terms is None:
            return None
        return Provider(terms, self.clock, redirect_uri=f"{self.settings.base_url}/sign-in/callback")

    def _provider_terms(self) -> ProviderTerms | None:
        settings = self.settings
        issuer, client_id, secret, algorithm, acr = (
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret_file,
            settings.oidc_algorithm,
            settings.oidc_acr,
        )
        if settings.builtin_provider:
            issuer, client_id, secret = issuer_below(settings.base_url), BUILTIN_CLIENT_ID, None
            algorithm, acr = "ES256", (BUILTIN_ACR,)
        if issuer is None or client_id is None:
            return None
        return ProviderTerms(
            issuer=issuer,
            client_id=client_id,
            client_secret=_read_line(secret, "YINZHENG_OIDC_CLIENT_SECRET_FILE") if secret is not None else None,
            algorithm=algorithm,
            acr=acr,
            scope=settings.oidc_scope,
            name_claim=settings.oidc_name_claim,
            number_claim=settings.oidc_number_claim,
            bodies_claim=settings.oidc_bodies_claim,
            roles_claim=settings.oidc_roles_claim,
            leeway=timedelta(seconds=settings.oidc_leeway_seconds),
            loopback=settings.environment is Environment.DEVELOPMENT,
        )

    @cached_property
    def sign_ins(self) -> SignIns | None:
        """Attempts to sign in; None where no provider is configured."""
        if self.provider is None:
            return None
        return SignIns(self.database, self.keys.vault, self.provider, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        return Sessions(
            self.database,
            self.keys.vault,
            self.clock,
            idle=timedelta(minutes=self.settings.session_idle_minutes),
            longest=timedelta(hours=self.settings.session_hours),
        )

    @cached_property
    def officers(self) -> Officers:
        """Who works for which body."""
        return Officers(self.database, self.keys.vault, self.organisations, self.clock)

    @cached_property
    def agents(self) -> Agents:
        """Who acts for whom."""
        return Agents(self.database, self.keys.vault, self.register, self.wallets, self.clock)

    @cached_property
    def builtin_provider(self) -> BuiltinProvider:
        """The provider of invented people.

        :raises SettingsError: it is switched off.
        """
        self._require_builtin_provider()
        keys, base_url = self.keys, self.settings.base_url
        signer = TokenSigner(keys.custody, keys.token, self.clock, issuer=issuer_below(base_url))
        return BuiltinProvider(signer, self.clock, base_url=base_url)

    @cached_property
    def sign_in_links(self) -> SignInLinks:
        """Links by which invented people sign in. Raises like :attr:`builtin_provider`."""
        self._require_builtin_provider()
        return SignInLinks(self.database, self.clock, base_url=self.settings.base_url)

    def _require_builtin_provider(self) -> None:
        if not self.settings.builtin_provider:
            raise SettingsError(problem="YINZHENG_BUILTIN_PROVIDER is off")

    @cached_property
    def quotas(self) -> Quotas:
        """How much they may check a day."""
        return Quotas(self.database, self.clock)

    @cached_property
    def feed(self) -> ChangeFeed:
        """What was done to licences, in order."""
        return ChangeFeed(self.database)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Tells departments' systems of changes."""
        loopback = self.settings.environment is Environment.DEVELOPMENT
        return Webhooks(self.database, self.outbox, self.keys.vault, self.clock, loopback=loopback)

    @cached_property
    def feedback(self) -> Feedback:
        """What is said to be wrong with licences."""
        return Feedback(self.database, self.keys.vault, self.register, self.check_records, self.clock)

    @cached_property
    def looks(self) -> Looks:
        """Who looked at a holder's licences."""
        return Looks(self.database)

    @cached_property
    def objections(self) -> Objections:
        """What holders say against it."""
        return Objections(self.database, self.keys.vault, self.clock)

    @cached_property
    def watches(self) -> Watches:
        """Licences of which clients are told."""
        return Watches(self.database, self.outbox, self.register, self.check_records, self.ledger, self.clock)

    @cached_property
    def webhook_worker(self) -> Worker:
        """Delivers webhooks, apart from other jobs, so that a receiver that is slow holds nothing else up."""
        return Worker(self.database, self.clock, {DELIVER: self.webhooks.deliver})

    @cached_property
    def exchange(self) -> Exchange:
        """Exports licences for other regions."""
        return Exchange(self.searching, self.keys.signer)

    @cached_property
    def worker(self) -> Worker:
        """Does the jobs of the outbox."""
        handlers: Mapping[str, Handler] = {
            LICENCE_ISSUED: lambda job: self.wallets.take_in(job.payload["identifier"]),
        }
        return Worker(self.database, self.clock, handlers)

    @cached_property
    def schedule(self) -> Schedule:
        """The scheduled work."""
        return Schedule(self.database, self.clock, scheduled_jobs(self))

    def work(self, stop: Event, *, beat: Callable[[str], object] = lambda _: None) -> list[Thread]:
        """Threads, not started yet, that do the scheduled work until told to stop.

        :param beat: called with a job's name each time that the database could be asked about it.
        """
        # made here, so that no two threads make them at once
        _ = self.keys, self.wallets, self.worker, self.batch_worker, self.issuing, self.webhook_worker
        _ = self.watches, self.ledger, self.status_lists, self.extending
        return self.schedule.threads(stop, beat=beat)

    def renew_certificates(self) -> int:
        """Renew the certificates of services that are due, and tell how many signing certificates there are."""
        authority = self.keys.authority
        self.keys.timestamps.ensure()
        subjects = {
            KeyPurpose.TOKEN: TOKEN_SUBJECT,
            KeyPurpose.RECEIPT: RECEIPT_SUBJECT,
            KeyPurpose.CONSENT: CONSENT_SUBJECT,
        }
        records = [authority.ensure_service(purpose, subject) for purpose, subject in subjects.items()]
        now = self.clock.now()
        records += [authority.ensure_responder(each) for each in authority.authorities() if each.not_after > now]
        return 1 + len(records)

    def close(self) -> None:
        """Close connections, and stop the embedded database if nobody else uses it."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _own_roots(database: Database, authority: CertificateAuthority) -> dict[AnchorPurpose, list[x509.Certificate]]:
    """The authorities that are relied upon without an entry in the trust list."""
    roots: dict[bool, list[x509.Certificate]] = {False: [], True: []}
    for record in authority.authorities():
        if record.profile is CertificateProfile.ROOT_CA:
            roots[is_gm(record.certificate)].append(record.certificate)
    roots[False] += ForeignCertificates(database).tops()
    return {purpose: roots[purpose is AnchorPurpose.SEAL_MAKER] for purpose in AnchorPurpose}


def _revocation(authority: CertificateAuthority, revocation_lists: RevocationLists) -> RevocationKnowledge:
    """What our own authorities say of revocation now."""
    lists: dict[bool, list[bytes]] = {False: [], True: []}
    gm_authorities, complete = [], True
    for record in authority.authorities():
        gm = is_gm(record.certificate)
        if gm and record.profile is CertificateProfile.ISSUING_CA:
            gm_authorities.append(record.certificate.public_bytes(Encoding.DER))
        try:
            lists[gm].append(revocation_lists.current(record).der)
        except DatabaseUnavailableError:
            raise
        except YinzhengError:
            _LOG.exception("the revocation list of authority %d is missing in checks", record.id)
            complete = False
    return RevocationKnowledge(
        RevocationData(crls=tuple(lists[False])), complete, tuple(gm_authorities), tuple(lists[True])
    )


def _refuse_demo_data(database: Database) -> None:
    """:raises DemoDatabaseError: the database holds what a demo left."""
    with database.transaction() as session:
        if session.scalar(sa.select(ClientRow.id).where(ClientRow.id.in_(DEMO_CLIENTS)).limit(1)) is not None:
            raise DemoDatabaseError


def _order_of(task: Task) -> IssueOrder:
    """What a line of a batch orders."""
    return IssueOrder(
        type=task.type_slug,
        fields=task.said["fields"],
        actor=task.actor,
        issuer_code=task.issuer_code,
        issue_date=task.issue_date,
    )


def kek_source(file: Path | None, passphrase_file: Path | None) -> KekSource | None:
    """The key-encryption key in one of two files; a passphrase goes first.

    :raises YinzhengError: it cannot be read, or is none.
    """
    if passphrase_file is not None:
        return Passphrase(_read_line(passphrase_file, "YINZHENG_KEK_PASSPHRASE_FILE"))
    return RawKey.from_file(file) if file is not None else None


def backup_passphrase(file: Path | None) -> Passphrase:
    """The passphrase of back-ups.

    :raises YinzhengError: no file was named, or it cannot be read, or is too short.
    """
    if file is None:
        raise SettingsError(problem="YINZHENG_BACKUP_PASSPHRASE_FILE or --passphrase-file has to be given")
    return Passphrase(_read_line(file, "the passphrase file of back-ups"))


@lru_cache(maxsize=4)
def _font_library(paths: tuple[Path, ...]) -> FontLibrary:
    """The fonts of a process: they never change, and take tens of megabytes."""
    return FontLibrary(paths)


def _read_line(path: Path, setting: str) -> str:
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(problem=f"{setting} cannot be read: {path}") from error
