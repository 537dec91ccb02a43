"""E-seals (电子印章): who owns them, what they look like, when they may be used, and the act of sealing a PDF."""

from __future__ import annotations

from seal import _signing_tables as _signing_tables  # registers the tables
from seal import _tables as _tables
from seal.artwork import Artwork
from seal.authorisations import Authorisation, Authorisations, SignatureRecord, SignedSubject
from seal.countersealing import CounterSealPress
from seal.credentials import Credentials, CredentialState, OwnerKind, Signatory, SigningCredential
from seal.external_time_stamps import ExternalTimeStamps
from seal.fonts import FontLibrary
from seal.long_term import SealLevel, ValidationData
from seal.organisations import Organisation, Organisations
from seal.pdf import Placement
from seal.press import IssuedHere, RevocationSource, SealPress
from seal.registry import Seal, SealApplication, SealRegistry, SealRequest
from seal.sealing import SealedPdf, Sealer, SealingOrder, SealUse
from seal.signing import Signing
from seal.states import Move, SealState
from seal.time_stamps import InternalTimeStamps, TimeStampSource
from seal.totp import SecondFactor, Totp, TotpEnrolment

__all__ = [
    "Artwork",
    "Authorisation",
    "Authorisations",
    "CounterSealPress",
    "CredentialState",
    "Credentials",
    "ExternalTimeStamps",
    "FontLibrary",
    "InternalTimeStamps",
    "IssuedHere",
    "Move",
    "Organisation",
    "Organisations",
    "OwnerKind",
    "Placement",
    "RevocationSource",
    "Seal",
    "SealApplication",
    "SealLevel",
    "SealPress",
    "SealRegistry",
    "SealRequest",
    "SealState",
    "SealUse",
    "SealedPdf",
    "Sealer",
    "SealingOrder",
    "SecondFactor",
    "Signatory",
    "SignatureRecord",
    "SignedSubject",
    "Signing",
    "SigningCredential",
    "TimeStampSource",
    "Totp",
    "TotpEnrolment",
    "ValidationData",
]
