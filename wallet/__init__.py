"""Holders' wallets (电子卡包): references to licences, presentations by QR code."""
