"""Polls, scheduled posts, sizes of pictures; lists, filters, conversations, markers, followed and featured tags, pins."""

import sqlalchemy as sa
from alembic import op

from app.migrations.columns import belongs_to, created_at, flag, json, key, moment, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns only, so the app of the release before goes on working on the same database."""
    _publishing()
    _lists()
    _filters()
    _conversations()
    _profile()


def _publishing() -> None:
    op.create_table(
        "poll", key(), belongs_to("status", unique=True), json("options"), flag("multiple"), flag("hide_totals"),
        moment("expires_at"), created_at(),
    )  # fmt: skip
    once = sa.UniqueConstraint("poll_id", "account_id", "choice", name="poll_vote_once")
    choice = sa.Column("choice", sa.Integer(), nullable=False)
    op.create_table(
        "poll_vote", key(), belongs_to("poll"), belongs_to("account", index=True), choice, created_at(), once
    )
    client = belongs_to("application", ondelete="SET NULL", nullable=True)
    op.create_table(
        "scheduled_status", key(), belongs_to("account"), client, moment("scheduled_at"), json("form"), created_at()
    )
    op.create_index("scheduled_status_by_account", "scheduled_status", ["account_id", "id"])
    waiting = belongs_to("scheduled_status", ondelete="SET NULL", nullable=True, index=True)
    for column in (waiting, text("blurhash", nullable=True), json("sizes", "{}")):
        op.add_column("media_attachment", column)


def _lists() -> None:
    op.create_table(
        "reading_list", key(), belongs_to("account"), text("title"), text("replies_policy", default="list"),
        flag("exclusive", "false"), created_at(),
    )  # fmt: skip
    op.create_index("reading_list_by_account", "reading_list", ["account_id", "id"])
    once = sa.UniqueConstraint("list_id", "account_id", name="list_member_once")
    member = (belongs_to("reading_list", "list_id"), belongs_to("account", index=True))
    op.create_table("list_member", key(), *member, created_at(), once)


def _filters() -> None:
    context = sa.Column("context", sa.ARRAY(sa.Text()), nullable=False)
    op.create_table(
        "content_filter", key(), belongs_to("account"), text("title"), context, text("action", default="warn"),
        moment("expires_at", nullable=True), created_at(),
    )  # fmt: skip
    op.create_index("content_filter_by_account", "content_filter", ["account_id", "id"])
    op.create_table(
        "filter_keyword", key(), belongs_to("content_filter", "filter_id", index=True), text("keyword"),
        flag("whole_word"), text("pattern"), created_at(),
    )  # fmt: skip
    once = sa.UniqueConstraint("filter_id", "status_id", name="filter_status_once")
    both = (belongs_to("content_filter", "filter_id"), belongs_to("status", index=True))
    op.create_table("filter_status", key(), *both, created_at(), once)


def _conversations() -> None:
    op.add_column("status", sa.Column("conversation_id", sa.Uuid(), nullable=True))
    known = sa.text("conversation_id IS NOT NULL")
    op.create_index("status_by_conversation", "status", ["conversation_id", "id"], postgresql_where=known)
    op.create_table(
        "conversation", key(), belongs_to("account"), sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("participants", sa.ARRAY(sa.Uuid()), nullable=False),
        belongs_to("status", "last_status_id", ondelete="SET NULL", nullable=True, index=True), flag("unread"),
        created_at(), sa.UniqueConstraint("account_id", "thread_id", name="conversation_once"),
    )  # fmt: skip
    op.create_index("conversation_by_account", "conversation", ["account_id", "last_status_id"])


def _profile() -> None:
    op.create_table(
        "marker", belongs_to("account", primary_key=True), sa.Column("timeline", sa.Text(), primary_key=True),
        text("last_read_id"), sa.Column("version", sa.Integer(), nullable=False), created_at("updated_at"),
    )  # fmt: skip
    for table in ("tag_follow", "featured_tag"):
        once = sa.UniqueConstraint("account_id", "name", name=f"{table}_once")
        op.create_table(table, key(), belongs_to("account"), text("name"), created_at(), once)
    once = sa.UniqueConstraint("account_id", "status_id", name="pin_once")
    op.create_table("pin", key(), belongs_to("account"), belongs_to("status", index=True), created_at(), once)
