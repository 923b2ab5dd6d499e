"""What a poll asked in each version of its post."""

from alembic import op

from app.migrations.columns import json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an empty column, so the app of the release before goes on working on the same database."""
    op.add_column("status_edit", json("poll_options", nullable=True))
