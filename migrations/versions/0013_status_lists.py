"""Status lists: a place at random for every licence, those from before included."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

LIST_SIZE, SEATS = 1 << 20, 1_000_000
"""As they were when this was written; what has its place keeps it."""


def upgrade() -> None:
    op.create_table(
        "status_seat",
        sa.Column("list", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("list", "index", name=op.f("pk_status_seat")),
    )
    op.create_table(
        "status_list",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_status_list")),
    )
    op.execute("CREATE SEQUENCE status_seat_number")
    op.add_column("licence", sa.Column("status_list", sa.BigInteger(), nullable=True))
    op.add_column("licence", sa.Column("status_index", sa.BigInteger(), nullable=True))
    _seat_those_from_before()
    op.alter_column("licence", "status_list", nullable=False)
    op.alter_column("licence", "status_index", nullable=False)
    op.create_unique_constraint(op.f("uq_licence_status_list"), "licence", ["status_list", "status_index"])
    op.create_index(
        "ix_licence_status_decided", "licence", ["status_list"], postgresql_where=sa.text("state <> 'valid'")
    )
    op.create_index("ix_licence_status_until", "licence", ["status_list", "valid_until"])
    op.create_index("ix_licence_status_from", "licence", ["status_list", "valid_from"])


def _seat_those_from_before() -> None:
    connection = op.get_bind()
    # Types of before are brought in after the upgrade, and rows that this very transaction has changed already are held
    # to the foreign key once more.
    op.drop_constraint(op.f("fk_licence_type_slug_licence_type_version"), "licence", type_="foreignkey")
    seated = 0
    last = 0
    while True:
        ids = connection.scalars(
            sa.text("SELECT id FROM licence WHERE id > :last ORDER BY id LIMIT :seats"), {"last": last, "seats": SEATS}
        ).all()
        if not ids:
            break
        number, last = seated // SEATS + 1, ids[-1]
        places = secrets.SystemRandom().sample(range(LIST_SIZE), len(ids))
        connection.execute(
            sa.text(
                "WITH place AS (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:places AS bigint[])) AS p(id, place)),"
                " seat AS (INSERT INTO status_seat SELECT :number, place FROM place)"
                " UPDATE licence SET status_list = :number, status_index = place.place"
                " FROM place WHERE licence.id = place.id"
            ),
            {"ids": list(ids), "places": places, "number": number},
        )
        seated += len(ids)
    op.create_foreign_key(
        op.f("fk_licence_type_slug_licence_type_version"),
        "licence",
        "licence_type_version",
        ["type_slug", "type_version"],
        ["slug", "version"],
        postgresql_not_valid=True,
    )
    if seated:
        connection.execute(sa.text("SELECT setval('status_seat_number', :seated)"), {"seated": seated})
