"""Holders' wallets (电子卡包): references to licences, consent to use them, presentations by QR code."""

from __future__ import annotations

from wallet import _agent_tables as _agent_tables  # registers the tables
from wallet import _consent_tables as _consent_tables
from wallet import _tables as _tables
from wallet.agents import Acting, ActingEntry, ActingPerson, Agent, Agents, Appointment, Capacity, WalletAct
from wallet.consent_book import ConsentBook
from wallet.consent_records import ConsentRecord, ConsentRecords
from wallet.consent_requests import Asked, ConsentRequest, ConsentRequests, RequestState
from wallet.consents import Consents, ConsentState, ConsentTerms, ConsentUse, GivenConsent
from wallet.errors import PresentationError
from wallet.offline_presentations import Minting, OfflinePresentation, OfflinePresentations
from wallet.presentations import Presentation, Presentations, Redeemed
from wallet.wallet import Entry, Wallets, WalletState

__all__ = [
    "Acting",
    "ActingEntry",
    "ActingPerson",
    "Agent",
    "Agents",
    "Appointment",
    "Asked",
    "Capacity",
    "ConsentBook",
    "ConsentRecord",
    "ConsentRecords",
    "ConsentRequest",
    "ConsentRequests",
    "ConsentState",
    "ConsentTerms",
    "ConsentUse",
    "Consents",
    "Entry",
    "GivenConsent",
    "Minting",
    "OfflinePresentation",
    "OfflinePresentations",
    "Presentation",
    "PresentationError",
    "Presentations",
    "Redeemed",
    "RequestState",
    "WalletAct",
    "WalletState",
    "Wallets",
]
