"""How long wallets keep what is of no use any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from store.retention import Retention
from wallet._consent_tables import ConsentRequestRow
from wallet._tables import PresentationRow

RETENTIONS: Final = (
    Retention(
        "presentations",
        "已核销的亮证记录",
        "presentations that were redeemed",
        timedelta(days=730),
        PresentationRow,
        lambda at: PresentationRow.redeemed_at < at,
    ),
    Retention(
        "unredeemed-presentations",
        "未核销即过期的亮证码",
        "presentations that ended without being redeemed",
        timedelta(days=30),
        PresentationRow,
        lambda at: sa.and_(PresentationRow.redeemed_at.is_(None), PresentationRow.expires_at < at),
    ),
    Retention(
        "unanswered-consent-requests",
        "无人答复即过期的授权申请",
        "requests for consent that ended without an answer",
        timedelta(days=180),
        ConsentRequestRow,
        lambda at: sa.and_(ConsentRequestRow.state == "open", ConsentRequestRow.expires_at < at),
    ),
)
