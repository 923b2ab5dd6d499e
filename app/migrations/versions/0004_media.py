"""The media outbox, the takedowns that were carried out, and a trigger that never forgets a picture that must go."""

import sqlalchemy as sa
from alembic import op

from app.migrations.columns import created_at, flag, moment, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Whichever way a row goes (a person's deletion, an account's, a takedown), its pictures are to go from every bucket.
# The apply worker does not fire it, nor does a repair of a site that takes no writes: the primary has said it already.
GONE = """
CREATE FUNCTION media_attachment_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM lifeboat.fence WHERE writable AND clock_timestamp() < valid_until) THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.media_outbox (key, site, wanted, size)
        SELECT key, '*', false, 0 FROM gone
        UNION SELECT picture ->> 'key', '*', false, 0 FROM gone, jsonb_path_query(sizes, '$.*') AS picture
        ON CONFLICT (key, site) DO UPDATE SET wanted = false, created_at = now(), done_at = NULL;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER media_attachment_gone AFTER DELETE ON media_attachment REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION media_attachment_gone()
"""


def upgrade() -> None:
    """Add tables, indexes and a trigger only, so the app of the release before goes on working on the same database."""
    op.create_table(
        "media_outbox", sa.Column("key", sa.Text(), primary_key=True), sa.Column("site", sa.Text(), primary_key=True),
        flag("wanted"), sa.Column("size", sa.Integer(), nullable=False), created_at(), moment("done_at", nullable=True),
    )  # fmt: skip
    op.create_index("media_outbox_by_site", "media_outbox", ["site", "created_at"])
    op.create_table(
        "takedown", sa.Column("kind", sa.Text(), primary_key=True), sa.Column("target", sa.Text(), primary_key=True),
        text("entry"), created_at(),
    )  # fmt: skip
    op.create_index("media_attachment_by_key", "media_attachment", ["key"])
    smaller = sa.text("jsonb_path_query_array(sizes, '$.*.key'::jsonpath)")
    op.create_index("media_attachment_by_smaller_key", "media_attachment", [smaller], postgresql_using="gin")
    op.execute(GONE)
    op.execute(TRIGGER)
