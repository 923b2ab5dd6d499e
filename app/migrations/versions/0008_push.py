"""Where people want to be told of notifications though no page is open."""

from alembic import op

from app.migrations.columns import belongs_to, created_at, flag, json, key, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "push_subscription", key(), belongs_to("access_token", "token_id", unique=True),
        belongs_to("account", index=True), text("endpoint"), text("p256dh"), text("auth"), flag("standard"),
        json("alerts"), text("policy"), created_at(),
    )  # fmt: skip
