"""E-seals (电子印章): who owns them, what they look like, when they may be used, and the act of sealing a PDF."""

from __future__ import annotations

from seal import _seal_data_tables as _seal_data_tables  # registers the tables
from seal import _signing_tables as _signing_tables  # registers the tables
from seal import _tables as _tables
from seal.artwork import Artwork, StrokePoint
from seal.authorisations import Authorisation, Authorisations, SignatureRecord, SignedSubject
from seal.countersealing import CoSealPress, CounterSealPress
from seal.credentials import Credentials, CredentialState, OwnerKind, Signatory, SigningCredential
from seal.detached import DetachedOrder, DetachedSealer, DetachedSignature
from seal.external_time_stamps import ExternalTimeStamps
from seal.fonts import FontLibrary
from seal.grants import Grant, Grants, GrantTerms, SealUser
from seal.joint import JointSealer
from seal.kinds import SealKind, SealOwnerKind
from seal.long_term import SealLevel, ValidationData
from seal.organisations import Organisation, Organisations
from seal.pdf import Placement
from seal.people import People, Person
from seal.press import IssuedHere, RevocationSource, SealPress
from seal.public_register import PublicRecord, PublicRegister
from seal.registry import SealRegistry
from seal.seal_data import SealData, SealDataBook
from seal.sealing import SealedFile, SealedPdf, Sealer, SealingOrder
from seal.seals import Seal, SealApplication, SealCertificate, SealEvent, SealRequest
from seal.ses_signing import SesSigner, SignatureProfile
from seal.signing import Signing
from seal.signing_consents import Consent, Consents
from seal.states import Move, SealState
from seal.time_stamps import InternalTimeStamps, MeasuredTimeStamps, TimeStampSource
from seal.totp import SecondFactor, Totp, TotpEnrolment
from seal.uses import SealUse, SealUses, UseDay, UsePage, UseResult, UseSearch

__all__ = [
    "Artwork",
    "Authorisation",
    "Authorisations",
    "CoSealPress",
    "Consent",
    "Consents",
    "CounterSealPress",
    "CredentialState",
    "Credentials",
    "DetachedOrder",
    "DetachedSealer",
    "DetachedSignature",
    "ExternalTimeStamps",
    "FontLibrary",
    "Grant",
    "GrantTerms",
    "Grants",
    "InternalTimeStamps",
    "IssuedHere",
    "JointSealer",
    "MeasuredTimeStamps",
    "Move",
    "Organisation",
    "Organisations",
    "OwnerKind",
    "People",
    "Person",
    "Placement",
    "PublicRecord",
    "PublicRegister",
    "RevocationSource",
    "Seal",
    "SealApplication",
    "SealCertificate",
    "SealData",
    "SealDataBook",
    "SealEvent",
    "SealKind",
    "SealLevel",
    "SealOwnerKind",
    "SealPress",
    "SealRegistry",
    "SealRequest",
    "SealState",
    "SealUse",
    "SealUser",
    "SealUses",
    "SealedFile",
    "SealedPdf",
    "Sealer",
    "SealingOrder",
    "SecondFactor",
    "SesSigner",
    "Signatory",
    "SignatureProfile",
    "SignatureRecord",
    "SignedSubject",
    "Signing",
    "SigningCredential",
    "StrokePoint",
    "TimeStampSource",
    "Totp",
    "TotpEnrolment",
    "UseDay",
    "UsePage",
    "UseResult",
    "UseSearch",
    "ValidationData",
]
