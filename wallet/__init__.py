"""Holders' wallets (电子卡包): references to licences, presentations by QR code."""

from __future__ import annotations

from wallet import _tables as _tables  # registers the tables
from wallet.errors import PresentationError
from wallet.presentations import Presentation, Presentations, Redeemed
from wallet.wallet import Wallets

__all__ = ["Presentation", "PresentationError", "Presentations", "Redeemed", "Wallets"]
