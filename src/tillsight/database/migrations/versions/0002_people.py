"""Who may come in: what a user may see, second factor, sessions, one-time links, keys of programs.

Refresh tokens of before belong to no session that could be listed or ended, so they go: everybody signs in once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tillsight.database.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_table("refresh_tokens")
    role = sa.CheckConstraint("role IN ('admin', 'manager', 'analyst', 'limited')", name=op.f("ck_users_role"))
    with op.batch_alter_table("users", table_args=(role,), table_kwargs={"sqlite_autoincrement": True}) as users:
        users.alter_column("password_hash", existing_type=sa.Text(), nullable=True)
        users.add_column(sa.Column("email", sa.String(320)))
        users.add_column(sa.Column("modules", sa.JSON(), nullable=False, server_default="[]"))
        users.add_column(sa.Column("rows", sa.JSON(), nullable=False, server_default="{}"))
        users.add_column(sa.Column("masked", sa.Boolean()))
        users.add_column(sa.Column("last_sign_in_at", UtcDateTime()))
        users.add_column(sa.Column("factor_secret", sa.Text()))
        users.add_column(sa.Column("factor_at", UtcDateTime()))
        users.add_column(sa.Column("factor_step", sa.BigInteger()))
        users.add_column(sa.Column("oidc_issuer", sa.String(400)))
        users.add_column(sa.Column("oidc_subject", sa.String(255)))
        users.create_unique_constraint(op.f("uq_users_oidc_issuer_oidc_subject"), ["oidc_issuer", "oidc_subject"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.CheckConstraint("method IN ('password', 'oidc')", name=op.f("ck_sessions_method")),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_refresh_tokens_session_id"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "one_time_links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text()),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_one_time_links")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_links_user_id"), ondelete="CASCADE"),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f("ck_one_time_links_purpose")),
    )
    op.create_index("ix_one_time_links_user_id", "one_time_links", ["user_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("last_used_at", UtcDateTime()),
        sa.Column("last_address", sa.String(60)),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])
