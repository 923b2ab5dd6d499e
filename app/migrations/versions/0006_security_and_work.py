"""Second factor, recovery codes, reset tokens, counted attempts, retired names; promised jobs, their queue, streams."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

from app.migrations.columns import belongs_to, created_at, flag, json, key, moment, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns only, so the app of the release before goes on working on the same database."""
    _security()
    _work()
    _queue()


def _security() -> None:
    sealed = sa.Column("totp_secret", sa.LargeBinary(), nullable=True)
    step = sa.Column("totp_step", sa.BigInteger(), nullable=True)
    for column in (sealed, moment("totp_since", nullable=True), step):
        op.add_column("account", column)
    op.add_column("access_token", text("device", nullable=True))
    for table in ("recovery_code", "reset_token"):
        digest = sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True)
        op.create_table(table, key(), belongs_to("account", index=True), digest, created_at())
    scope = sa.Column("scope", sa.LargeBinary(), nullable=False)
    op.create_table("attempt", key(), text("kind"), scope, created_at())
    op.create_index("attempt_by_scope", "attempt", ["scope", "created_at"])
    op.create_index("attempt_by_age", "attempt", ["created_at"])
    op.create_table("retired_name", sa.Column("digest", sa.LargeBinary(), primary_key=True), created_at())


def _work() -> None:
    op.create_table(
        "promise", key(), text("kind"), json("arguments"), created_at("due_at"), moment("done_at", nullable=True),
        created_at(),
    )  # fmt: skip
    op.create_index("promise_open", "promise", ["due_at"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "stream_event", key(), text("kind"), sa.Column("status_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False), flag("public"), created_at(),
    )  # fmt: skip


def _queue() -> None:
    """Make the queue's own tables in a schema of their own: every site has its own queue, and none is replicated."""
    op.execute("CREATE SCHEMA queue")
    op.execute("SET LOCAL search_path = queue")
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute("SET LOCAL search_path = public")
    op.execute("GRANT USAGE ON SCHEMA queue TO lifeboat_app")
    op.execute("GRANT ALL ON ALL TABLES IN SCHEMA queue TO lifeboat_app")
    op.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA queue TO lifeboat_app")
