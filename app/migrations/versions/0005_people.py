"""Profiles with fields and pictures, locked and limited accounts, follow requests, invitations."""

import sqlalchemy as sa
from alembic import op

from app.migrations.columns import belongs_to, created_at, flag, json, key, moment, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns only, so the app of the release before goes on working on the same database."""
    _profile()
    _follow_requests()
    _invitations()


def _profile() -> None:
    texts = (text(name, nullable=True) for name in ("avatar_key", "header_key", "language"))
    flags = (flag("locked", "false"), flag("bot", "false"), flag("discoverable", "true"), flag("sensitive", "false"))
    rest = (json("fields", "[]"), text("privacy", default="public"), moment("limited_at", nullable=True))
    for column in (*texts, *flags, *rest):
        op.add_column("account", column)


def _follow_requests() -> None:
    once = sa.UniqueConstraint("account_id", "target_id", name="follow_request_once")
    both = (belongs_to("account"), belongs_to("account", "target_id"))
    op.create_table(
        "follow_request", key(), *both, flag("reblogs", "true"), flag("notify", "false"), created_at(), once
    )
    op.create_index("follow_request_by_target", "follow_request", ["target_id", "id"])
    op.create_index("follow_notified", "follow", ["target_id"], postgresql_where=sa.text("notify"))


def _invitations() -> None:
    op.create_table(
        "invitation", key(), belongs_to("account"), text("code", unique=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        moment("expires_at", nullable=True), created_at(),
    )  # fmt: skip
    op.create_index("invitation_by_account", "invitation", ["account_id", "id"])
