"""Follows, blocks, mutes, notifications, reports; boosts, edits, mentions, tags, favourites and bookmarks of posts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and empty columns only, so the app of the first release goes on working on the same database."""
    _posts()
    _people()
    _marks()
    _notifications()
    _reports()


def _posts() -> None:
    boosted = sa.ForeignKey("status.id", ondelete="CASCADE")
    op.add_column("status", sa.Column("reblog_of_id", sa.Uuid(), boosted, nullable=True))
    op.add_column("status", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    public = sa.text("visibility = 'public' AND reblog_of_id IS NULL")
    op.create_index("status_public", "status", ["id"], postgresql_where=public)
    words = sa.text("to_tsvector('simple'::regconfig, text)")
    op.create_index("status_words", "status", [words], postgresql_using="gin")
    op.create_index("status_boosted_once", "status", ["reblog_of_id", "account_id"], unique=True)
    op.create_table(
        "mention",
        _belongs_to("status", primary_key=True),
        _belongs_to("account", primary_key=True, index=True),
    )
    op.create_table(
        "status_tag",
        sa.Column("name", sa.Text(), primary_key=True),
        _belongs_to("status", primary_key=True, index=True),
    )
    op.create_table(
        "status_edit",
        _id(),
        _belongs_to("status"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("spoiler_text", sa.Text(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        _created_at(),
    )
    op.create_index("status_edit_by_status", "status_edit", ["status_id", "id"])


def _people() -> None:
    _between_people("follow", _flag("reblogs", "true"), _flag("notify", "false"))
    op.create_index("follow_by_account", "follow", ["account_id", "id"])
    op.create_index("follow_by_target", "follow", ["target_id", "id"])
    _between_people("block")
    op.create_index("block_by_target", "block", ["target_id"])
    _between_people("mute", _flag("notifications", "true"))
    op.create_index("mute_by_target", "mute", ["target_id"])


def _marks() -> None:
    for name in ("favourite", "bookmark"):
        once = sa.UniqueConstraint("account_id", "status_id", name=f"{name}_once")
        op.create_table(name, _id(), _belongs_to("account"), _belongs_to("status"), _created_at(), once)
        op.create_index(f"{name}_by_account", name, ["account_id", "id"])
    op.create_index("favourite_by_status", "favourite", ["status_id", "id"])
    op.create_index("bookmark_by_status", "bookmark", ["status_id"])


def _notifications() -> None:
    op.create_table(
        "notification",
        _id(),
        _belongs_to("account"),
        _belongs_to("account", "from_account_id", index=True),
        _belongs_to("status", nullable=True, index=True),
        sa.Column("kind", sa.Text(), nullable=False),
        _created_at(),
    )
    op.create_index("notification_by_account", "notification", ["account_id", "id"])


def _reports() -> None:
    op.create_table(
        "report",
        _id(),
        _belongs_to("account"),
        _belongs_to("account", "target_id"),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("status_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("rule_ids", postgresql.JSONB(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        _created_at(),
    )
    op.create_index("report_by_target", "report", ["target_id", "id"])


def _between_people(name: str, *columns: sa.Column) -> None:
    once = sa.UniqueConstraint("account_id", "target_id", name=f"{name}_once")
    both = (_belongs_to("account"), _belongs_to("account", "target_id"))
    op.create_table(name, _id(), *both, *columns, _created_at(), once)


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _flag(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=default, nullable=False)


def _created_at() -> sa.Column:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _belongs_to(
    table: str, name: str = "", *, nullable: bool = False, index: bool = False, primary_key: bool = False
) -> sa.Column:
    owner = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(
        name or f"{table}_id", sa.Uuid(), owner, nullable=nullable, index=index or None, primary_key=primary_key
    )
