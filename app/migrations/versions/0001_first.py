"""Accounts, clients and their tokens, posts with pictures, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table of the first release."""
    _people_and_clients()
    _tokens()
    _posts()
    _idempotency_keys()


def _people_and_clients() -> None:
    op.create_table(
        "account",
        _id(),
        _text("username", unique=True),
        _text("email", unique=True),
        _text("password_hash"),
        _text("display_name", server_default=""),
        _text("note", server_default=""),
        _created_at(),
    )
    op.create_table(
        "application",
        _id(),
        _text("name"),
        _text("website", nullable=True),
        _text("redirect_uris"),
        _text("scopes"),
        _text("client_id", unique=True),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        _created_at(),
    )


def _tokens() -> None:
    op.create_table(
        "access_token",
        _id(),
        _digest(),
        _belongs_to("application", nullable=True),
        _belongs_to("account", nullable=True, index=True),
        _text("scopes"),
        _created_at(),
    )
    op.create_table(
        "authorization_code",
        _id(),
        _digest(),
        _belongs_to("application"),
        _belongs_to("account"),
        _text("redirect_uri"),
        _text("scopes"),
        _text("code_challenge", nullable=True),
        _created_at(),
    )


def _posts() -> None:
    op.create_table(
        "status",
        _id(),
        _belongs_to("account"),
        _belongs_to("application", nullable=True, ondelete="SET NULL"),
        sa.Column("in_reply_to_id", sa.Uuid(), sa.ForeignKey("status.id", ondelete="SET NULL"), index=True),
        sa.Column("in_reply_to_account_id", sa.Uuid()),
        _text("text"),
        _text("spoiler_text", server_default=""),
        sa.Column("sensitive", sa.Boolean(), server_default="false", nullable=False),
        _text("visibility", server_default="public"),
        _text("language", nullable=True),
        _created_at(),
    )
    op.create_index("status_by_account", "status", ["account_id", "id"])
    op.create_table(
        "media_attachment",
        _id(),
        _belongs_to("account", index=True),
        _belongs_to("status", nullable=True, index=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        _text("key"),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _text("description", nullable=True),
        sa.Column("focus_x", sa.Double(), server_default="0", nullable=False),
        sa.Column("focus_y", sa.Double(), server_default="0", nullable=False),
        _created_at(),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("scope_id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        _created_at(),
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _digest() -> sa.Column:
    return sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True)


def _created_at() -> sa.Column:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _text(name: str, *, nullable: bool = False, unique: bool = False, server_default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable, unique=unique or None, server_default=server_default)


def _belongs_to(table: str, *, nullable: bool = False, index: bool = False, ondelete: str = "CASCADE") -> sa.Column:
    owner = sa.ForeignKey(f"{table}.id", ondelete=ondelete)
    return sa.Column(f"{table}_id", sa.Uuid(), owner, nullable=nullable, index=index or None)
