"""Policies on the rows of holders and clients, a second fence behind the filters of queries; see ``store.acting``.

They bind the owner of the tables too, which is the role that the service connects by, and no superuser.
"""

from __future__ import annotations

from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None


def _setting(name: str) -> str:
    # in a subquery, so that it is read once a statement and not once a row
    return f"(SELECT current_setting('yinzheng.{name}', true))"


def _holder(column: str = "holder_index") -> str:
    index = "(SELECT decode(current_setting('yinzheng.holder', true), 'hex'))"
    return f"({_setting('acting')} = 'holder' AND {column} = {index})"


def _client(column: str, prefix: str = "") -> str:
    value = _setting("client") if not prefix else f"(SELECT '{prefix}' || current_setting('yinzheng.client', true))"
    return f"({_setting('acting')} = 'client' AND {column} = {value})"


def _body(column: str) -> str:
    return f"({_setting('acting')} = 'client' AND {column} = {_setting('body')})"


_OF_HELD = (
    f"({_setting('acting')} = 'holder' AND NOT quiet"
    " AND EXISTS (SELECT FROM licence l WHERE l.identifier = check_record.identifier))"
)
_HELD_TOGETHER = (
    f"({_setting('acting')} = 'holder'"
    " AND EXISTS (SELECT FROM co_holding c WHERE c.identifier = licence.identifier))"
)

VISIBLE = {
    "wallet": _holder(),
    "wallet_reference": _holder(),
    "co_holding": _holder(),
    "presentation": _holder(),
    "offline_presentation": _holder(),
    "consent": f"{_holder()} OR {_body('body_code')}",
    "consent_use": "EXISTS (SELECT FROM consent c WHERE c.id = consent_use.consent_id)",
    "consent_request": f"{_holder()} OR {_body('body_code')}",
    "consent_record": (
        "EXISTS (SELECT FROM consent c WHERE c.id = consent_record.subject)"
        " OR EXISTS (SELECT FROM consent_request r WHERE r.id = consent_record.subject)"
    ),
    "check_record": f"{_client('checked_by', 'client:')} OR {_body('body_code')} OR {_OF_HELD}",
    "feedback": f"{_holder()} OR {_client('client_id')} OR {_body('issuer_code')}",
    "feedback_event": "EXISTS (SELECT FROM feedback f WHERE f.id = feedback_event.feedback_id)",
    "objection": f"{_holder()} OR {_body('body_code')}",
    "webhook": _client("client_id"),
    "licence_watch": _client("client_id"),
    "licence": f"{_holder()} OR {_body('issuer_code')} OR {_HELD_TOGETHER}",
    "licence_event": "EXISTS (SELECT FROM licence l WHERE l.id = licence_event.licence_id)",
    "licence_pdf": "EXISTS (SELECT FROM licence l WHERE l.id = licence_pdf.licence_id)",
}
"""Which rows a holder or a client sees and writes. A subquery sees what the policies of its own table let through."""


def upgrade() -> None:
    for table, visible in VISIBLE.items():
        rule = f"{_setting('acting')} = 'service' OR {visible}"
        op.execute(f"CREATE POLICY own_rows ON {table} USING ({rule}) WITH CHECK ({rule})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    # a check that needs no sign-in is put on record by nobody, who sees none of them
    op.execute(
        "CREATE POLICY public_checks ON check_record FOR INSERT"
        f" WITH CHECK ({_setting('acting')} = 'nobody' AND checked_by = 'public')"
    )
